// SPDX-License-Identifier: GPL-2.0
/*
 * A signal of the process interrupts one thread, and another takes it first: the call of the first goes on as if nothing had been. It does not
 * fail with EINTR, as no handler ran there, nor with a number that is between the kernel and itself.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"

#define FUTEX_WAIT_BITSET	(9 | 128)	/* private */
#define SIGNALS		1000
#define MANY		400u	/* files of a poll: the more there are, the longer is its way out */
#define SECONDS		600	/* never */
#define ENOUGH		4	/* seconds: fewer signals will do where they take long */

static volatile int taken, ended;
static __thread volatile int taken_here;
static volatile bool over;
static uint32_t word;

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
	return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &end, NULL, ~0u);
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
