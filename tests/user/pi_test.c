// SPDX-License-Identifier: GPL-2.0
/* Futexes with priority inheritance, and timers and limits of CPU time. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"

#define FUTEX_LOCK_PI		6
#define FUTEX_UNLOCK_PI		7
#define FUTEX_TRYLOCK_PI	8
#define FUTEX_WAITERS		0x80000000u
#define FUTEX_OWNER_DIED	0x40000000u
#define FUTEX_TID_MASK		0x3fffffffu

static uint32_t *word;
static volatile int hits;

static long futex(uint32_t *at, int op, const struct timespec *until)
{
	return syscall(SYS_futex, at, op, 0, until, NULL, 0);
}

static void shared_word(void)
{
	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(word != MAP_FAILED);
}

static uint32_t load(void)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void await_waiters(void)
{
	while (!(load() & FUTEX_WAITERS))
		usleep(1000);
}

ABI_CASE(a_pi_futex_is_taken_and_given_back)
{
	struct timespec past = { 1, 0 };

	shared_word();
	CHECK(!futex(word, FUTEX_LOCK_PI, NULL) && load() == (uint32_t)getpid());
	CHECK_ERR(futex(word, FUTEX_LOCK_PI, NULL), EDEADLK);
	CHECK(!futex(word, FUTEX_UNLOCK_PI, NULL) && load() == 0);
	CHECK_ERR(futex(word, FUTEX_UNLOCK_PI, NULL), EPERM);
	CHECK(!futex(word, FUTEX_TRYLOCK_PI, NULL) && load() == (uint32_t)getpid());
	if (fork() == 0) {
		CHECK_ERR(futex(word, FUTEX_TRYLOCK_PI, NULL), EAGAIN);
		CHECK_ERR(futex(word, FUTEX_LOCK_PI, &past), ETIMEDOUT);
		_exit(0);
	}
	CHECK(wait(NULL) > 0);
	*word = 31999;
	CHECK_ERR(futex(word, FUTEX_LOCK_PI, NULL), ESRCH);
	CHECK_ERR(futex((uint32_t *)((char *)word + 1), FUTEX_LOCK_PI, NULL), EINVAL);
	CHECK_ERR(futex((uint32_t *)8, FUTEX_LOCK_PI, NULL), EFAULT);
}

ABI_CASE(a_pi_lock_goes_to_the_waiter_that_waits)
{
	pid_t pid;

	shared_word();
	CHECK(!futex(word, FUTEX_LOCK_PI, NULL));
	pid = fork();
	if (pid == 0) {
		CHECK(!futex(word, FUTEX_LOCK_PI, NULL));
		CHECK((load() & FUTEX_TID_MASK) == (uint32_t)getpid());
		CHECK(!futex(word, FUTEX_UNLOCK_PI, NULL));
		_exit(0);
	}
	await_waiters();
	usleep(20000);
	CHECK(!futex(word, FUTEX_UNLOCK_PI, NULL));
	CHECK(abi_wait(pid) == 0);
	CHECK((load() & FUTEX_TID_MASK) == 0);
}

ABI_CASE(a_dead_owner_leaves_its_pi_lock_to_a_waiter)
{
	pid_t owner, pid;

	shared_word();
	owner = fork();
	if (owner == 0) {
		CHECK(!futex(word, FUTEX_LOCK_PI, NULL));
		await_waiters();
		usleep(50000);
		_exit(0);
	}
	while (!load())
		usleep(1000);
	pid = fork();
	if (pid == 0) {
		CHECK(!futex(word, FUTEX_LOCK_PI, NULL));
		CHECK((load() & (FUTEX_TID_MASK | FUTEX_OWNER_DIED)) == ((uint32_t)getpid() | FUTEX_OWNER_DIED));
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0 && abi_wait(owner) == 0);
}

static pthread_mutex_t mutex;
static long counter;

static void *count(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

ABI_CASE(mutexes_that_inherit_priority_exclude)
{
	pthread_mutexattr_t attr;
	pthread_t t[4];

	CHECK(!pthread_mutexattr_init(&attr) && !pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT));
	CHECK(!pthread_mutex_init(&mutex, &attr));
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&t[i], NULL, count, NULL));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CHECK(counter == 8000);
}

/* The priority in effect, as /proc tells it: 20 more than a nice value, below zero for real time. Column 18, after a name in brackets. */
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

ABI_CASE(an_owner_runs_with_its_waiter_s_priority)
{
	pid_t pid;

	if (geteuid())
		return;
	shared_word();
	CHECK(!setpriority(PRIO_PROCESS, 0, 10));
	CHECK(!futex(word, FUTEX_LOCK_PI, NULL));
	pid = fork();
	if (pid == 0) {
		CHECK(!setpriority(PRIO_PROCESS, 0, -5));
		CHECK(!futex(word, FUTEX_LOCK_PI, NULL) && !futex(word, FUTEX_UNLOCK_PI, NULL));
		_exit(0);
	}
	while (priority_of_self() != 15)
		usleep(1000);
	CHECK(getpriority(PRIO_PROCESS, 0) == 10);	/* its own, which a loan does not change */
	CHECK(!setpriority(PRIO_PROCESS, 0, 11));	/* on Linux this ends such a loan */
	CHECK(!futex(word, FUTEX_UNLOCK_PI, NULL));
	CHECK(priority_of_self() == 31 && getpriority(PRIO_PROCESS, 0) == 11);
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(an_owner_runs_with_its_waiter_s_real_time_priority)
{
	struct sched_param p = { .sched_priority = 33 };
	pid_t pid;

	if (geteuid())
		return;
	shared_word();
	CHECK(!futex(word, FUTEX_LOCK_PI, NULL));
	pid = fork();
	if (pid == 0) {
		CHECK(!syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p));
		CHECK(!futex(word, FUTEX_LOCK_PI, NULL) && !futex(word, FUTEX_UNLOCK_PI, NULL));
		_exit(0);
	}
	while (priority_of_self() != -34)
		usleep(1000);
	CHECK(!setpriority(PRIO_PROCESS, 0, 11) && priority_of_self() == -34);
	CHECK(!futex(word, FUTEX_UNLOCK_PI, NULL));
	CHECK(priority_of_self() == 31);
	CHECK(abi_wait(pid) == 0);
}

static void hit(int sig)
{
	(void)sig;
	hits++;
}

ABI_CASE(timers_of_cpu_time_fire_while_the_program_runs)
{
	struct itimerval t = { { 0, 20000 }, { 0, 20000 } }, left;

	signal(SIGVTALRM, hit);
	signal(SIGPROF, hit);
	for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
		hits = 0;
		CHECK(!setitimer(which, &t, NULL));
		CHECK(!getitimer(which, &left) && left.it_interval.tv_usec == 20000 && left.it_value.tv_usec > 0);
		while (hits < 3)
			;
		memset(&left, 0, sizeof(left));
		CHECK(!setitimer(which, &left, NULL));
	}
	CHECK_ERR(setitimer(3, &t, NULL), EINVAL);
}

ABI_CASE(the_cpu_limit_warns_and_then_kills)
{
	struct rlimit limit = { 1, 2 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGXCPU, hit);
		CHECK(!setrlimit(RLIMIT_CPU, &limit));
		while (!hits)
			;
		for (;;)
			;
	}
	status = abi_wait(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
