// SPDX-License-Identifier: GPL-2.0
/* Threads and futexes: pthreads as musl makes them, and the futex operations by themselves. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <uapi/ferry/linux_process.h>
#include "abi.h"

#define PRIVATE(op)	((op) | LINUX_FUTEX_PRIVATE_FLAG)

#define THREADS	8
#define ROUNDS	2000

static long futex(volatile uint32_t *word, int op, uint32_t value, const void *timeout, volatile uint32_t *other, uint32_t third)
{
	return syscall(SYS_futex, word, op, value, timeout, other, third);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static volatile long counter;
static __thread int own;

static void *add_many(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		own++;
	}
	return (void *)(long)own;
}

ABI_CASE(threads_share_memory_and_keep_their_own)
{
	pthread_t t[THREADS];
	void *result;

	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, add_many, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], &result) == 0 && (long)result == ROUNDS);
	CHECK(counter == THREADS * ROUNDS);
}

static void *nothing(void *arg)
{
	return arg;
}

ABI_CASE(many_threads_come_and_go)
{
	for (int i = 0; i < 500; i++) {
		pthread_t t;
		void *result;

		CHECK(pthread_create(&t, NULL, nothing, (void *)(long)i) == 0);
		CHECK(pthread_join(t, &result) == 0 && (long)result == i);
	}
}

static volatile int turn;

static void *ping(void *arg)
{
	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != (long)arg)
			pthread_cond_wait(&cond, &mutex);
		turn = !turn;
		pthread_cond_signal(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

ABI_CASE(condition_variables_hand_over)
{
	pthread_t a, b;

	pthread_create(&a, NULL, ping, (void *)0);
	pthread_create(&b, NULL, ping, (void *)1);
	CHECK(pthread_join(a, NULL) == 0 && pthread_join(b, NULL) == 0);
}

static void *late_exit(void *arg)
{
	usleep(50000);
	_exit(12);
}

ABI_CASE(exit_group_ends_all_threads)
{
	pthread_t t;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_create(&t, NULL, late_exit, NULL);
		for (;;)
			pause();
	}
	CHECK(WEXITSTATUS(abi_wait(pid)) == 12);
}

static void *outlive(void *arg)
{
	usleep(50000);
	exit(13);
}

ABI_CASE(first_thread_may_end_first)
{
	pthread_t t;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_create(&t, NULL, outlive, NULL);
		syscall(SYS_exit, 1);
	}
	CHECK(WEXITSTATUS(abi_wait(pid)) == 13);
}

static volatile pid_t handler_tid;

static void note_tid(int sig)
{
	handler_tid = syscall(SYS_gettid);
}

static void *wait_for_signal(void *arg)
{
	*(volatile pid_t *)arg = syscall(SYS_gettid);
	while (!handler_tid)
		usleep(1000);
	return NULL;
}

ABI_CASE(signal_goes_to_the_thread_it_names)
{
	volatile pid_t tid = 0;
	pthread_t t;

	signal(SIGUSR1, note_tid);
	pthread_create(&t, NULL, wait_for_signal, (void *)&tid);
	while (!tid)
		usleep(1000);
	CHECK(pthread_kill(t, SIGUSR1) == 0);
	pthread_join(t, NULL);
	CHECK(handler_tid == tid && tid != getpid());
}

ABI_CASE(futex_wait_checks_the_value)
{
	void *fixed = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile uint32_t word = 1;

	CHECK_ERR(futex(&word, LINUX_FUTEX_WAIT, 2, NULL, NULL, 0), EAGAIN);
	CHECK_ERR(futex((volatile uint32_t *)((char *)&word + 1), LINUX_FUTEX_WAIT, 2, NULL, NULL, 0), EINVAL);
	CHECK_ERR(futex((volatile uint32_t *)8, LINUX_FUTEX_WAIT, 2, NULL, NULL, 0), EFAULT);
	CHECK(futex(&word, LINUX_FUTEX_WAKE, 1, NULL, NULL, 0) == 0);
	CHECK_ERR(futex(fixed, LINUX_FUTEX_WAIT, 1, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex(fixed, PRIVATE(LINUX_FUTEX_WAIT), 1, NULL, NULL, 0), EAGAIN);
	CHECK_ERR(futex(&word, LINUX_FUTEX_WAIT | LINUX_FUTEX_CLOCK_REALTIME, 1, BAD, NULL, 0), EFAULT);
	CHECK_ERR(futex(&word, LINUX_FUTEX_WAIT | LINUX_FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0), ENOSYS);
}

ABI_CASE(futex_wait_times_out)
{
	struct timespec ts = { 0, 30000000 }, a, b;
	volatile uint32_t word = 1;

	clock_gettime(CLOCK_MONOTONIC, &a);
	CHECK_ERR(futex(&word, PRIVATE(LINUX_FUTEX_WAIT), 1, &ts, NULL, 0), ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK((b.tv_sec - a.tv_sec) * 1000000000l + b.tv_nsec - a.tv_nsec >= 30000000);
	CHECK_ERR(futex(&word, LINUX_FUTEX_WAIT_BITSET, 1, &a, NULL, LINUX_FUTEX_BITSET_ANY), ETIMEDOUT);
}

ABI_CASE(futex_wakes_across_processes)
{
	volatile uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	if (pid == 0)
		_exit(futex(word, LINUX_FUTEX_WAIT, 0, NULL, NULL, 0) != 0);
	while (futex(word, LINUX_FUTEX_WAKE, 1, NULL, NULL, 0) == 0)
		usleep(1000);	/* it does not wait yet */
	CHECK(abi_wait(pid) == 0);
}

static volatile uint32_t first_word, from_word, to_word;

static void *wait_on_first(void *arg)
{
	futex(&first_word, PRIVATE(LINUX_FUTEX_WAIT), 0, NULL, NULL, 0);
	return NULL;
}

/* @nr threads that wait on from_word, and certainly do: who waits elsewhere is moved there. */
static void waiters_start(pthread_t *t, long nr)
{
	for (long i = 0; i < nr; i++)
		CHECK(!pthread_create(&t[i], NULL, wait_on_first, NULL));
	for (long moved = 0, now; moved < nr; moved += now) {
		now = futex(&first_word, PRIVATE(LINUX_FUTEX_CMP_REQUEUE), 0, (void *)nr, &from_word, 0);
		CHECK(now >= 0);
		if (!now)
			usleep(1000);
	}
}

ABI_CASE(requeue_moves_waiters)
{
	pthread_t t[3];

	waiters_start(t, 3);
	CHECK_ERR(futex(&from_word, PRIVATE(LINUX_FUTEX_CMP_REQUEUE), 1, (void *)2, &to_word, 9), EAGAIN);
	CHECK(futex(&from_word, PRIVATE(LINUX_FUTEX_CMP_REQUEUE), 1, (void *)2, &to_word, 0) == 3);
	CHECK(futex(&from_word, PRIVATE(LINUX_FUTEX_WAKE), 10, NULL, NULL, 0) == 0);
	CHECK(futex(&to_word, PRIVATE(LINUX_FUTEX_WAKE), 10, NULL, NULL, 0) == 2);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

ABI_CASE(wake_op_changes_and_wakes)
{
	uint32_t add_three_if_zero = LINUX_FUTEX_OP_ADD << 28 | LINUX_FUTEX_CMP_EQ << 24 | 3 << 12;
	pthread_t t;

	waiters_start(&t, 1);
	to_word = 5;
	CHECK(futex(&to_word, PRIVATE(LINUX_FUTEX_WAKE_OP), 1, (void *)1, &from_word, add_three_if_zero) == 1);
	CHECK(from_word == 3);
	pthread_join(t, NULL);
}

static void *die_with_lock(void *arg)
{
	pthread_mutex_lock(arg);
	return NULL;
}

ABI_CASE(robust_mutex_tells_of_a_dead_owner)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;
	pthread_t t;

	pthread_mutexattr_init(&attr);
	CHECK(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) == 0);
	pthread_mutex_init(&m, &attr);
	pthread_create(&t, NULL, die_with_lock, &m);
	pthread_join(t, NULL);
	CHECK(pthread_mutex_lock(&m) == EOWNERDEAD);
	CHECK(pthread_mutex_consistent(&m) == 0 && pthread_mutex_unlock(&m) == 0);
}

static void *cancelled(void *arg)
{
	while (pause())
		;
	return NULL;
}

ABI_CASE(thread_can_be_cancelled)
{
	pthread_t t;
	void *result;

	pthread_create(&t, NULL, cancelled, NULL);
	usleep(20000);
	CHECK(pthread_cancel(t) == 0 && pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED);
}

ABI_CASE(clone_refuses_nonsense)
{
	CHECK_ERR(syscall(SYS_clone, 0x10000, 0, 0, 0, 0), EINVAL);		/* THREAD without SIGHAND */
	CHECK_ERR(syscall(SYS_clone, 0x800, 0, 0, 0, 0), EINVAL);		/* SIGHAND without VM */
	CHECK_ERR(syscall(SYS_clone, 0x10000000 | 0x800, 0, 0, 0, 0), EINVAL);
}
