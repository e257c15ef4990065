// SPDX-License-Identifier: GPL-2.0
/* FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: who waits for a word goes on to a lock with priority inheritance. */
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"

#define FUTEX_WAKE		1
#define FUTEX_REQUEUE		3
#define FUTEX_LOCK_PI		6
#define FUTEX_UNLOCK_PI		7
#define FUTEX_WAIT_REQUEUE_PI	11
#define FUTEX_CMP_REQUEUE_PI	12
#define FUTEX_WAITERS		0x80000000u
#define FUTEX_OWNER_DIED	0x40000000u
#define FUTEX_TID_MASK		0x3fffffffu
#define WAITERS			3

/* Shared by all processes of a case. */
static struct {
	uint32_t word, lock, other, got;
} *shared;

static long lock_pi(void)
{
	return syscall(SYS_futex, &shared->lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
}

static long unlock_pi(void)
{
	return syscall(SYS_futex, &shared->lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
}

static long wait_requeue(const struct timespec *until)
{
	return syscall(SYS_futex, &shared->word, FUTEX_WAIT_REQUEUE_PI, 0, until, &shared->lock, 0);
}

static long requeue(long nr_wake, long nr_move)
{
	return syscall(SYS_futex, &shared->word, FUTEX_CMP_REQUEUE_PI, nr_wake, nr_move, &shared->lock, shared->word);
}

static uint32_t lock_word(void)
{
	return __atomic_load_n(&shared->lock, __ATOMIC_SEQ_CST);
}

static void set_up(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
}

/* A child that waits and then has the lock for a moment; it waits when this returns. */
static pid_t waiter(void (*prepare)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(30);
		if (prepare)
			prepare();
		CHECK(!wait_requeue(NULL));
		CHECK((lock_word() & FUTEX_TID_MASK) == (uint32_t)getpid());
		shared->got++;
		CHECK(!unlock_pi());
		_exit(0);
	}
	CHECK(pid > 0);
	abi_await_call(pid, SYS_futex);
	return pid;
}

ABI_CASE(a_requeue_to_a_pi_lock_checks_what_it_is_given)
{
	set_up();
	CHECK_ERR(syscall(SYS_futex, &shared->word, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &shared->word, 0), EINVAL);
	CHECK_ERR(syscall(SYS_futex, &shared->word, FUTEX_WAIT_REQUEUE_PI, 1, NULL, &shared->lock, 0), EAGAIN);
	CHECK_ERR(syscall(SYS_futex, (char *)&shared->word + 1, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &shared->lock, 0), EINVAL);
	CHECK_ERR(syscall(SYS_futex, &shared->word, FUTEX_WAIT_REQUEUE_PI, 0, NULL, BAD, 0), EINVAL);
	CHECK_ERR(syscall(SYS_futex, &shared->word, FUTEX_CMP_REQUEUE_PI, 1, 1, &shared->word, 0), EINVAL);
	CHECK_ERR(syscall(SYS_futex, &shared->word, FUTEX_CMP_REQUEUE_PI, 1, 1, &shared->lock, 1), EAGAIN);
	CHECK_ERR(requeue(2, 1), EINVAL);
	CHECK_ERR(requeue(0, 1), EINVAL);
	CHECK_ERR(requeue(1, -1), EINVAL);
	CHECK(requeue(1, 1) == 0);
}

ABI_CASE(requeued_waiters_get_the_lock_one_after_another)
{
	pid_t pids[WAITERS];

	set_up();
	CHECK(!lock_pi());
	for (int i = 0; i < WAITERS; i++)
		pids[i] = waiter(NULL);
	CHECK(requeue(1, INT_MAX) == WAITERS);
	CHECK(lock_word() == ((uint32_t)getpid() | FUTEX_WAITERS) && shared->got == 0);
	CHECK(!unlock_pi());
	for (int i = 0; i < WAITERS; i++)
		CHECK(abi_wait(pids[i]) == 0);
	CHECK(shared->got == WAITERS && lock_word() == 0);
}

ABI_CASE(a_free_lock_is_the_first_waiter_s_at_once)
{
	pid_t pids[WAITERS];

	set_up();
	for (int i = 0; i < WAITERS; i++)
		pids[i] = waiter(NULL);
	CHECK(requeue(1, 0) == 1);
	CHECK(abi_wait(pids[0]) == 0 && shared->got == 1);
	CHECK(requeue(1, 1) == 2);
	CHECK(abi_wait(pids[1]) == 0 && abi_wait(pids[2]) == 0);
	CHECK(shared->got == WAITERS && lock_word() == 0);
}

ABI_CASE(who_waits_for_a_pi_lock_s_word_is_not_woken_otherwise)
{
	pid_t pid;

	set_up();
	pid = waiter(NULL);
	CHECK_ERR(syscall(SYS_futex, &shared->word, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_futex, &shared->word, FUTEX_REQUEUE, 1, 1, &shared->other, 0), EINVAL);
	CHECK_ERR(syscall(SYS_futex, &shared->word, FUTEX_CMP_REQUEUE_PI, 1, 1, &shared->other, 0), EINVAL);
	CHECK(requeue(1, 0) == 1 && abi_wait(pid) == 0);
}

static struct timespec soon(void)
{
	struct timespec t;

	CHECK(!clock_gettime(CLOCK_MONOTONIC, &t));
	t.tv_nsec += 300 * 1000 * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static pid_t waiter_with_deadline(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct timespec t = soon();

		CHECK_ERR(wait_requeue(&t), ETIMEDOUT);
		_exit(0);
	}
	return pid;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

ABI_CASE(a_deadline_holds_for_the_word_and_for_the_lock)
{
	uint32_t mine = (uint32_t)getpid();
	pid_t pid;

	set_up();
	CHECK(abi_wait(waiter_with_deadline()) == 0);
	CHECK(!lock_pi());
	pid = waiter_with_deadline();
	while (requeue(1, 1) == 0 && !has_ended(pid))
		usleep(1000);
	CHECK((lock_word() & FUTEX_TID_MASK) == mine);
	CHECK(abi_wait(pid) == 0);
	CHECK(!unlock_pi() && lock_word() == 0);
}

static void handled(int sig)
{
	(void)sig;
	__atomic_add_fetch(&shared->got, 1, __ATOMIC_SEQ_CST);
}

static pid_t waiter_with_handler(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct sigaction a = { .sa_handler = handled };

		alarm(30);
		sigaction(SIGUSR1, &a, NULL);
		_exit(wait_requeue(NULL) ? errno : 0);
	}
	abi_await_call(pid, SYS_futex);
	return pid;
}

static void signal_and_await(pid_t pid)
{
	CHECK(!kill(pid, SIGUSR1));
	while (!__atomic_load_n(&shared->got, __ATOMIC_SEQ_CST))
		usleep(1000);
}

ABI_CASE(a_signal_restarts_the_wait_for_the_word_and_ends_that_for_the_lock)
{
	pid_t pid;

	set_up();
	pid = waiter_with_handler();
	signal_and_await(pid);
	abi_await_call(pid, SYS_futex);
	CHECK(requeue(1, 0) == 1 && abi_wait(pid) == 0);
	CHECK((lock_word() & FUTEX_TID_MASK) == (uint32_t)pid);
	shared->lock = shared->got = 0;
	CHECK(!lock_pi());
	pid = waiter_with_handler();
	CHECK(requeue(1, 0) == 1);
	signal_and_await(pid);
	CHECK(abi_wait(pid) == EAGAIN << 8);
	CHECK(!unlock_pi() && lock_word() == 0);
}

static int priority_of_self(void)
{
	char text[1024] = "", *at;
	FILE *f = fopen("/proc/self/stat", "r");

	CHECK(f && fgets(text, sizeof(text), f) && (at = strrchr(text, ')')));
	fclose(f);
	for (int i = 0; i < 16; i++)
		CHECK((at = strchr(at + 1, ' ')));
	return atoi(at);
}


static void matters_less(void)
{
	CHECK(!setpriority(PRIO_PROCESS, 0, 10));
}

/* Linux lends real-time priorities only, by which waiters stand in line, too. */
static void is_real_time(void)
{
	struct {
		int priority;
	} p = { 33 };

	CHECK(!syscall(SYS_sched_setscheduler, 0, 1, &p));
}

ABI_CASE(an_owner_runs_with_a_requeued_waiter_s_priority)
{
	pid_t pid;

	if (geteuid())
		return;
	set_up();
	CHECK(!lock_pi());
	pid = waiter(is_real_time);
	CHECK(priority_of_self() == 20);
	CHECK(requeue(1, 0) == 1 && priority_of_self() == -34);
	CHECK(!unlock_pi() && priority_of_self() == 20);
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(real_time_waiters_go_first)
{
	pid_t plain, real_time;

	if (geteuid())
		return;
	set_up();
	plain = waiter(matters_less);
	real_time = waiter(is_real_time);
	CHECK(requeue(1, 0) == 1);
	CHECK(abi_wait(real_time) == 0 && shared->got == 1);
	CHECK(requeue(1, 0) == 1);
	CHECK(abi_wait(plain) == 0 && shared->got == 2);
}

ABI_CASE(a_dead_owner_leaves_its_lock_to_a_requeued_waiter)
{
	pid_t owner, pid;

	set_up();
	owner = fork();
	if (owner == 0) {
		alarm(30);
		CHECK(!lock_pi());
		while (!(lock_word() & FUTEX_WAITERS))
			usleep(1000);
		_exit(0);
	}
	while (!lock_word())
		usleep(1000);
	pid = fork();
	if (pid == 0) {
		alarm(30);
		CHECK(!wait_requeue(NULL));
		CHECK((lock_word() & (FUTEX_TID_MASK | FUTEX_OWNER_DIED)) == ((uint32_t)getpid() | FUTEX_OWNER_DIED));
		_exit(0);
	}
	abi_await_call(pid, SYS_futex);
	CHECK(requeue(1, 1) == 1);
	CHECK(abi_wait(owner) == 0 && abi_wait(pid) == 0);
}

ABI_CASE(a_killed_waiter_leaves_the_lock_s_line)
{
	pid_t pid;

	set_up();
	CHECK(!lock_pi());
	pid = waiter(NULL);
	CHECK(requeue(1, 1) == 1);
	kill(pid, SIGKILL);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
	CHECK(!unlock_pi() && (lock_word() & FUTEX_TID_MASK) == 0);
	pid = waiter(NULL);
	kill(pid, SIGKILL);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
	CHECK(requeue(1, 1) == 0);
}
