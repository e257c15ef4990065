// SPDX-License-Identifier: GPL-2.0
/* SCHED_DEADLINE (sched(7)): what is promised is checked, kept, and no more; and real-time threads find the CPU where they matter most. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "abi.h"

#define DEADLINE	6
#define RESET_ON_FORK	1u
#define OVERRUN		4u
#define KEEP_PARAMS	0x10u
#define MS		1000000ull
#define CPUS_MAX	64

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int promise(uint64_t runtime, uint64_t deadline, uint64_t period, unsigned int flags)
{
	struct attr a = { .size = sizeof(a), .policy = DEADLINE, .flags = flags, .runtime = runtime, .deadline = deadline, .period = period };

	return syscall(SYS_sched_setattr, 0, &a, 0);
}

static int plain_policy(int policy, int priority)
{
	return syscall(SYS_sched_setscheduler, 0, policy, &(struct sched_param){ .sched_priority = priority });
}

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	CHECK(!clock_gettime(clock, &t));
	return (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec;
}

static int nr_cpus(void)
{
	cpu_set_t all;

	CHECK(!sched_getaffinity(0, sizeof(all), &all));
	return CPU_COUNT(&all);
}

static void spin_until(uint64_t time)
{
	while (now(CLOCK_MONOTONIC) < time)
		;
}

/* Ordinary programs on all CPUs until the case ends. */
static void keep_all_busy(pid_t *pids, int n)
{
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (!pids[i])
			for (;;)
				;
	}
}

static void end_all(const pid_t *pids, int n)
{
	for (int i = 0; i < n; i++)
		CHECK(!kill(pids[i], SIGKILL) && abi_wait(pids[i]) == SIGKILL);
}

ABI_CASE(a_promise_of_processor_time_is_checked_and_reads_back)
{
	struct attr a;

	signal(SIGXCPU, SIG_IGN);
	CHECK(!promise(2 * MS, 5 * MS, 10 * MS, 0));
	CHECK(!syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) && a.policy == DEADLINE && !a.flags && !a.priority && !a.nice);
	CHECK(a.runtime == 2 * MS && a.deadline == 5 * MS && a.period == 10 * MS && syscall(SYS_sched_getscheduler, 0) == DEADLINE);
	CHECK(!promise(2 * MS, 20 * MS, 0, OVERRUN));
	CHECK(!syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) && a.period == 20 * MS && a.flags == OVERRUN);
	a = (struct attr){ .size = sizeof(a), .policy = DEADLINE, .flags = KEEP_PARAMS };
	CHECK(!syscall(SYS_sched_setattr, 0, &a, 0) && !syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) && a.runtime == 2 * MS);
	CHECK_ERR(promise(1000, 5 * MS, 10 * MS, 0), EINVAL);	/* below 1,024 ns */
	CHECK_ERR(promise(6 * MS, 5 * MS, 10 * MS, 0), EINVAL);
	CHECK_ERR(promise(2 * MS, 11 * MS, 10 * MS, 0), EINVAL);
	CHECK_ERR(promise(2 * MS, 0, 10 * MS, 0), EINVAL);
	CHECK_ERR(promise(2000, 50000, 50000, 0), EINVAL);
	CHECK_ERR(promise(2 * MS, 5 * MS, 1ull << 63, 0), EINVAL);
	CHECK_ERR(plain_policy(DEADLINE, 0), EINVAL);
	CHECK(!sched_get_priority_max(DEADLINE) && !sched_get_priority_min(DEADLINE));
	CHECK(!plain_policy(SCHED_OTHER, 0) && !syscall(SYS_sched_getscheduler, 0));
}

ABI_CASE(who_may_be_promised_processor_time)
{
	unsigned long one = 1;
	pid_t pid;

	CHECK(!promise(2 * MS, 10 * MS, 10 * MS, 0));
	CHECK(fork() == -1 && errno == EAGAIN);
	if (nr_cpus() > 1)
		CHECK_ERR(syscall(SYS_sched_setaffinity, 0, sizeof(one), &one), EBUSY);
	CHECK(!promise(2 * MS, 10 * MS, 10 * MS, RESET_ON_FORK));
	pid = fork();
	if (!pid)
		_exit(syscall(SYS_sched_getscheduler, 0) != SCHED_OTHER);
	CHECK(!abi_wait(pid));
	CHECK(!plain_policy(SCHED_OTHER, 0));
	if (nr_cpus() > 1) {
		pid = fork();
		if (!pid)
			_exit(syscall(SYS_sched_setaffinity, 0, sizeof(one), &one) || promise(2 * MS, 10 * MS, 10 * MS, 0) != -1 || errno != EPERM);
		CHECK(!abi_wait(pid));
	}
	CHECK(!setresuid(1000, 1000, 1000));
	CHECK_ERR(promise(2 * MS, 10 * MS, 10 * MS, 0), EPERM);
}

ABI_CASE(no_more_is_promised_than_there_is)
{
	int n = 2 * nr_cpus(), taken = 0, refused = 0;
	int go[2], said[2];
	pid_t pids[2 * CPUS_MAX] = { 0 };
	char answer;

	CHECK(!pipe(go) && !pipe(said));
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			answer = promise(60 * MS, 100 * MS, 100 * MS, 0) ? errno == EBUSY ? 'n' : '?' : 'y';
			(void)!write(said[1], &answer, 1);
			(void)!read(go[0], &answer, 1);
			_exit(0);
		}
		CHECK(read(said[0], &answer, 1) == 1 && answer != '?');
		taken += answer == 'y';
		refused += answer == 'n';
	}
	end_all(pids, n);
	CHECK(taken >= 1 && taken * 60 <= 95 * nr_cpus() && (taken + 1) * 60 > 95 * nr_cpus() && taken + refused == n);
	for (int i = 0; i < 100 && promise(60 * MS, 100 * MS, 100 * MS, 0); i++)	/* theirs came back, soon */
		usleep(20000);
	CHECK(syscall(SYS_sched_getscheduler, 0) == DEADLINE);
}

/* Of a second. Where the host keeps a CPU of the guest's waiting that counts as used, and the end of the runtime comes late. */
static bool has_a_tenth(void)
{
	uint64_t begin, cpu, used, passed;

	CHECK(!promise(10 * MS, 100 * MS, 100 * MS, 0));
	begin = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_THREAD_CPUTIME_ID);
	spin_until(begin + 1000 * MS);
	used = now(CLOCK_THREAD_CPUTIME_ID) - cpu;
	passed = now(CLOCK_MONOTONIC) - begin;
	CHECK(plain_policy(SCHED_OTHER, 0) == 0);
	return used * 10 < passed * 2 && used * 10 > passed / 2;
}

/* A tenth of a CPU, beside others that would have all of it: without a promise this would have more than half of one, by itself all. */
ABI_CASE(a_promise_is_kept_and_no_more_than_it)
{
	int n = nr_cpus() + 1;
	pid_t pids[2 * CPUS_MAX] = { 0 };
	bool kept = false;

	keep_all_busy(pids, n);
	for (int i = 0; i < 5 && !kept; i++)
		kept = has_a_tenth();
	end_all(pids, n);
	CHECK(kept);
}

ABI_CASE(yielding_waits_for_the_next_period)
{
	uint64_t begin;

	CHECK(!promise(2 * MS, 20 * MS, 20 * MS, 0));
	begin = now(CLOCK_MONOTONIC);
	for (int i = 0; i < 10; i++)
		sched_yield();
	CHECK(now(CLOCK_MONOTONIC) - begin >= 9 * 20 * MS);
}

static volatile sig_atomic_t overruns;

static void count_overrun(int sig)
{
	overruns++;
}

ABI_CASE(an_overrun_is_told_to_who_asks)
{
	signal(SIGXCPU, count_overrun);
	CHECK(!promise(1 * MS, 20 * MS, 20 * MS, OVERRUN));
	for (uint64_t begin = now(CLOCK_MONOTONIC); !overruns && now(CLOCK_MONOTONIC) - begin < 10000 * MS;)
		;
	CHECK(overruns);
}

static int order[2], nr_ordered, ready_pipe[2], go_pipes[2][2];

static void *wait_and_note(void *arg)
{
	int me = *(int *)arg;
	char c = 0;

	CHECK(!promise(1 * MS, me ? 50 * MS : 90 * MS, 100 * MS, 0));
	CHECK(write(ready_pipe[1], &c, 1) == 1 && read(go_pipes[me][0], &c, 1) == 1);
	order[__atomic_fetch_add(&nr_ordered, 1, __ATOMIC_SEQ_CST)] = me;
	return NULL;
}

/* Both are woken by one whose own deadline is earlier than theirs, and which then sleeps. */
ABI_CASE(the_earlier_deadline_runs_first)
{
	static int numbers[2] = { 0, 1 };
	pthread_t threads[2];
	char c[2];

	if (nr_cpus() > 1)
		return;
	CHECK(!pipe(ready_pipe) && !pipe(go_pipes[0]) && !pipe(go_pipes[1]));
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_create(&threads[i], NULL, wait_and_note, &numbers[i]) && read(ready_pipe[0], c, 1) == 1);
	usleep(200000);		/* they sleep, and their deadlines will be new ones */
	CHECK(!promise(10 * MS, 20 * MS, 100 * MS, 0));
	CHECK(write(go_pipes[0][1], c, 1) == 1 && write(go_pipes[1][1], c, 1) == 1 && !nr_ordered);
	CHECK(!pthread_join(threads[0], NULL) && !pthread_join(threads[1], NULL));
	CHECK(order[0] == 1 && order[1] == 0);
}

static void bind(pid_t pid, unsigned long mask)
{
	CHECK(!syscall(SYS_sched_setaffinity, pid, sizeof(mask), &mask));
}

/* Two wake on the first CPU; on the second are ordinary programs, more of them than threads wait here. */
ABI_CASE(a_real_time_thread_does_not_wait_where_another_cpu_matters_less)
{
	pid_t busy[8], urgent[2];
	int go[2], said[2];
	uint64_t begin = 0;

	if (nr_cpus() < 2)
		return;
	CHECK(!pipe(go) && !pipe(said));
	keep_all_busy(busy, 8);
	for (int i = 0; i < 8; i++)
		bind(busy[i], 2);
	for (int i = 0; i < 2; i++) {
		urgent[i] = fork();
		if (!urgent[i]) {
			bind(0, 1);
			CHECK(!plain_policy(SCHED_FIFO, 10) && write(said[1], "", 1) == 1);
			CHECK(read(go[0], &begin, sizeof(begin)) == sizeof(begin));
			spin_until(begin + 500 * MS);
			_exit(now(CLOCK_PROCESS_CPUTIME_ID) < 250 * MS);
		}
		CHECK(read(said[0], &begin, 1) == 1);
	}
	usleep(50000);
	bind(0, 1);
	CHECK(!plain_policy(SCHED_FIFO, 20));
	begin = now(CLOCK_MONOTONIC);
	for (int i = 0; i < 2; i++) {
		bind(urgent[i], 3);
		CHECK(write(go[1], &begin, sizeof(begin)) == sizeof(begin));
	}
	for (int i = 0; i < 2; i++)
		CHECK(!abi_wait(urgent[i]));
	end_all(busy, 8);
}

/* A small generator; each thread has its own. */
static unsigned int next_of(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static pthread_mutex_t pi_mutex;
static volatile uint64_t storm_end;

static void *change_and_lock(void *arg)
{
	unsigned int seed = 1 + *(int *)arg;

	while (now(CLOCK_MONOTONIC) < storm_end) {
		int priority = 1 + (int)(next_of(&seed) % 50);

		CHECK(!plain_policy(next_of(&seed) % 2 ? SCHED_FIFO : SCHED_RR, priority));
		CHECK(!pthread_mutex_lock(&pi_mutex));
		for (volatile unsigned int n = next_of(&seed) % 2000; n; n--)
			;
		CHECK(!pthread_mutex_unlock(&pi_mutex));
		if (next_of(&seed) % 4 == 0)
			usleep(next_of(&seed) % 200);
	}
	return NULL;
}

/* Preempted, sent to other CPUs and lent priorities at every moment. */
ABI_CASE(real_time_threads_in_each_other_s_way_all_go_on)
{
	static int numbers[16];
	pthread_mutexattr_t attr;
	pthread_t threads[16];

	CHECK(!pthread_mutexattr_init(&attr) && !pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT));
	CHECK(!pthread_mutex_init(&pi_mutex, &attr));
	storm_end = now(CLOCK_MONOTONIC) + 1500 * MS;
	for (int i = 0; i < 16; i++) {
		numbers[i] = i;
		CHECK(!pthread_create(&threads[i], NULL, change_and_lock, &numbers[i]));
	}
	for (int i = 0; i < 16; i++)
		CHECK(!pthread_join(threads[i], NULL));
}
