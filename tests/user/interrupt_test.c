// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that signals interrupt although no handler runs, and calls with a timeout.
 *
 * A signal of the process interrupts one thread, and another takes it first: the call of the first goes on as if nothing had been. It does not
 * fail with EINTR, as no handler ran there, nor with a number that is between the kernel and itself.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "uring.h"

#define FUTEX_WAIT	(0 | 128)	/* private */
#define FUTEX_WAIT_BITSET	(9 | 128)
#define SIGNALS		1000
#define MANY		400u	/* files of a poll: the more there are, the longer is its way out */
#define SECONDS		600	/* never */
#define ENOUGH		4	/* seconds: fewer signals will do where they take long */
#define WAIT_MS		400	/* of a call that is stopped again and again before that */

static volatile int taken, ended;
static __thread volatile int taken_here;
static volatile bool over;
static uint32_t never_woken;

static void take(int sig)
{
	(void)sig;
	taken_here++;
	__atomic_fetch_add(&taken, 1, __ATOMIC_SEQ_CST);
}

static long wait_for_word(void)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += SECONDS;
	return syscall(SYS_futex, &never_woken, FUTEX_WAIT_BITSET, 0, &end, NULL, ~0u);
}

static long wait_for_files(void)
{
	static int pair[2] = { -1, -1 };
	static struct pollfd files[MANY];

	if (pair[0] < 0) {
		CHECK(!pipe(pair));
		for (unsigned int i = 0; i < MANY; i++)
			files[i] = (struct pollfd){ .fd = pair[0], .events = POLLIN };
	}
	return syscall(SYS_poll, files, MANY, SECONDS * 1000);
}

/* Ends when @over is set, at the next signal: its handler has run here, or it was taken by another, and then the wait goes on. */
static void *waiter(void *call)
{
	while (!over) {
		int before = taken_here;
		long result = ((long (*)(void))call)();

		CHECK(result == -1 && errno == EINTR);
		CHECK(taken_here != before);
	}
	__atomic_fetch_add(&ended, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Comes by at odd moments and takes what is there. */
static void *taker(void *arg)
{
	uint32_t state = 1;

	(void)arg;
	while (!over) {
		state = state * 1664525u + 1013904223u;
		for (volatile uint32_t i = state >> 20; i; i--)
			;
		getppid();
	}
	return NULL;
}

static void send_all(pid_t to)
{
	time_t end = time(NULL) + ENOUGH;

	for (int i = 0; i < SIGNALS && time(NULL) < end; i++) {
		int seen = taken;

		CHECK(!kill(to, SIGUSR1));
		while (seen == taken)
			sched_yield();
	}
}

ABI_CASE(signal_that_another_thread_took_interrupts_nothing)
{
	struct sigaction on_signal = { .sa_handler = take };
	pthread_t waiters[2], takers[2];
	sigset_t mine;

	CHECK(!sigaction(SIGUSR1, &on_signal, NULL));
	CHECK(!pthread_create(&waiters[0], NULL, waiter, (void *)wait_for_word));
	CHECK(!pthread_create(&waiters[1], NULL, waiter, (void *)wait_for_files));
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_create(&takers[i], NULL, taker, NULL));
	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR1);
	CHECK(!pthread_sigmask(SIG_BLOCK, &mine, NULL));
	send_all(getpid());
	over = true;
	while (ended < 2) {	/* one that looked at @over before may begin to wait after a signal */
		kill(getpid(), SIGUSR1);
		usleep(1000);
	}
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_join(takers[i], NULL) && !pthread_join(waiters[i], NULL));
}

static const struct timespec wait_spec = { 0, WAIT_MS * 1000000 };

static bool poll_times_out(void)
{
	return syscall(SYS_poll, NULL, 0, WAIT_MS) == 0;
}

static bool ppoll_times_out(void)
{
	struct timespec left = wait_spec;

	return syscall(SYS_ppoll, NULL, 0, &left, NULL, 0) == 0;
}

static bool select_times_out(void)
{
	struct timeval left = { 0, WAIT_MS * 1000 };

	return select(0, NULL, NULL, NULL, &left) == 0;
}

static bool pselect_times_out(void)
{
	struct timespec left = wait_spec;

	return syscall(SYS_pselect6, 0, NULL, NULL, NULL, &left, NULL) == 0;
}

static bool nanosleep_ends(void)
{
	return nanosleep(&wait_spec, NULL) == 0;
}

static bool clock_nanosleep_ends(void)
{
	return clock_nanosleep(CLOCK_REALTIME, 0, &wait_spec, NULL) == 0;
}

static bool futex_times_out(void)
{
	return syscall(SYS_futex, &never_woken, FUTEX_WAIT, 0, &wait_spec, NULL, 0) == -1 && errno == ETIMEDOUT;
}

static bool (*const timed[])(void) = { poll_times_out, ppoll_times_out, select_times_out, pselect_times_out, nanosleep_ends,
				       clock_nanosleep_ends, futex_times_out };
#define NR_TIMED	(sizeof(timed) / sizeof(timed[0]))

/* A child that does not outlive this process, in @call; it exits with 0 if that says true. */
static pid_t child_in(bool (*call)(void))
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(!call());
	}
	return pid;
}

/* Stop it and have it go on; false when it has ended instead. */
static bool stop_and_continue(pid_t pid)
{
	int status;

	CHECK(!kill(pid, SIGSTOP) && waitpid(pid, &status, WUNTRACED) == pid);
	if (WIFSTOPPED(status)) {
		CHECK(!kill(pid, SIGCONT));
		return true;
	}
	CHECK(status == 0);
	return false;
}

/* Each is stopped more often than it waits, so a call that began its whole time again would never end. */
ABI_CASE(stops_do_not_put_off_the_end_of_a_timeout)
{
	pid_t pids[NR_TIMED];
	unsigned int left = NR_TIMED;

	for (unsigned int i = 0; i < NR_TIMED; i++)
		pids[i] = child_in(timed[i]);
	while (left) {
		for (unsigned int i = 0; i < NR_TIMED; i++)
			if (pids[i] && !stop_and_continue(pids[i])) {
				pids[i] = 0;
				left--;
			}
		usleep(WAIT_MS * 1000 / 20);
	}
}

static bool interrupted(long result)
{
	return result == -1 && errno == EINTR;
}

static void *never_written(const void *from, size_t size)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	memcpy(page, from, size);
	CHECK(!mprotect(page, 4096, PROT_READ));
	return page;
}

static bool ppoll_without_rest(void)
{
	return interrupted(syscall(SYS_ppoll, NULL, 0, never_written(&(struct timespec){ SECONDS, 0 }, sizeof(struct timespec)), NULL, 0));
}

static bool select_without_rest(void)
{
	return interrupted(syscall(SYS_select, 0, NULL, NULL, NULL, never_written(&(struct timeval){ SECONDS, 0 }, sizeof(struct timeval))));
}

static bool receive_with_timeout(void)
{
	struct timeval limit = { SECONDS, 0 };
	int pair[2];
	char byte;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CHECK(!setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	return interrupted(recv(pair[0], &byte, 1, 0));
}

static bool ring_with_timeout(void)
{
	struct linux_uring_getevents_arg arg = { .ts = (uintptr_t)&(struct timespec){ SECONDS, 0 } };
	struct ring r = ring_open(4);

	return interrupted(syscall(SYS_io_uring_enter, r.fd, 0, 1, LINUX_URING_ENTER_GETEVENTS | LINUX_URING_ENTER_EXT_ARG, &arg, sizeof(arg)));
}

/* What is left of their time is nowhere, so they do not go on. */
ABI_CASE(timeouts_that_cannot_be_kept_end_at_a_stop)
{
	static const struct { bool (*call)(void); long nr; } calls[] = {
		{ ppoll_without_rest, SYS_ppoll }, { select_without_rest, SYS_select }, { receive_with_timeout, SYS_recvfrom },
		{ ring_with_timeout, SYS_io_uring_enter },
	};

	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		pid_t pid = child_in(calls[i].call);

		abi_await_call(pid, calls[i].nr);
		if (stop_and_continue(pid))
			CHECK(abi_wait(pid) == 0);
	}
}

ABI_CASE(nothing_goes_on_after_a_handler)
{
	struct sigaction on_signal = { .sa_handler = take, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 50000 }, { 0, 50000 } };
	struct timespec long_enough = { 20, 0 };

	CHECK(!sigaction(SIGALRM, &on_signal, NULL));
	CHECK(!setitimer(ITIMER_REAL, &often, NULL));
	CHECK_ERR(nanosleep(&long_enough, NULL), EINTR);
	CHECK(!setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL));
	CHECK_ERR(syscall(SYS_restart_syscall), EINTR);
}
