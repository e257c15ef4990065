// SPDX-License-Identifier: GPL-2.0
/* Scheduling policies: what was set reads back, children inherit, and real time leaves something for the others. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define RESET_ON_FORK	0x40000000
#define KEEP_PARAMS	0x10
#define UTIL_CLAMP_MIN	0x20

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

/* musl's own calls of these are stubs. */
static int set(pid_t pid, int policy, int priority)
{
	return syscall(SYS_sched_setscheduler, pid, policy, &(struct sched_param){ .sched_priority = priority });
}

static int get(pid_t pid)
{
	return syscall(SYS_sched_getscheduler, pid);
}

static int priority(pid_t pid)
{
	struct sched_param p = { .sched_priority = -1 };

	CHECK(syscall(SYS_sched_getparam, pid, &p) == 0);
	return p.sched_priority;
}

static void on_one_cpu(void)
{
	unsigned long mask = 1;

	CHECK(syscall(SYS_sched_setaffinity, 0, sizeof(mask), &mask) == 0);
}

static int *shared_words(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

ABI_CASE(every_policy_reads_back_as_it_was_set)
{
	static const struct { int policy, priority; } all[] = {
		{ SCHED_FIFO, 1 }, { SCHED_FIFO, 99 }, { SCHED_RR, 42 }, { SCHED_BATCH, 0 }, { SCHED_IDLE, 0 }, { SCHED_OTHER, 0 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CHECK(set(0, all[i].policy, all[i].priority) == 0);
		CHECK(get(0) == all[i].policy && priority(0) == all[i].priority);
	}
	CHECK_ERR(set(0, SCHED_FIFO, 0), EINVAL);
	CHECK_ERR(set(0, SCHED_FIFO, 100), EINVAL);
	CHECK_ERR(set(0, SCHED_OTHER, 1), EINVAL);
	CHECK_ERR(set(0, 6, 0), EINVAL);
	CHECK(get(0) == SCHED_OTHER);
}

ABI_CASE(children_inherit_the_policy_unless_told_not_to)
{
	pid_t pid;

	CHECK(set(0, SCHED_RR, 7) == 0);
	pid = fork();
	if (!pid)
		_exit(get(0) == SCHED_RR && priority(0) == 7 ? 0 : 1);
	CHECK(abi_wait(pid) == 0);
	CHECK(set(0, SCHED_RR | RESET_ON_FORK, 7) == 0 && get(0) == (SCHED_RR | RESET_ON_FORK));
	pid = fork();
	if (!pid)
		_exit(get(0) == SCHED_OTHER && priority(0) == 0 ? 0 : 1);
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(attributes_say_the_same_in_one_call)
{
	struct attr a = { .size = sizeof(a), .policy = SCHED_BATCH, .nice = 5 }, b;

	CHECK(syscall(SYS_sched_setattr, 0, &a, 0) == 0);
	CHECK(syscall(SYS_sched_getattr, 0, &b, sizeof(b), 0) == 0);
	CHECK(b.size == sizeof(b) && b.policy == SCHED_BATCH && b.nice == 5 && getpriority(PRIO_PROCESS, 0) == 5);
	a.policy = 4;	/* there is none */
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
	a = (struct attr){ .size = sizeof(a), .policy = SCHED_OTHER, .flags = KEEP_PARAMS };
	CHECK(syscall(SYS_sched_setattr, 0, &a, 0) == 0);
	CHECK(syscall(SYS_sched_getattr, 0, &b, sizeof(b), 0) == 0 && b.policy == SCHED_BATCH && b.nice == 5);
	a.flags = UTIL_CLAMP_MIN;
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), EOPNOTSUPP);
	a.size = 47;
	CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), E2BIG);
	CHECK(a.size == sizeof(a));
	CHECK_ERR(syscall(SYS_sched_setattr, 0, (void *)8, 0), EFAULT);
	CHECK_ERR(syscall(SYS_sched_getattr, 0, &b, 47, 0), EINVAL);
	CHECK_ERR(syscall(SYS_sched_setattr, -1, &a, 0), EINVAL);
}

/* Would hang, but for the part of each second that is not real time's. */
ABI_CASE(a_real_time_thread_that_spins_leaves_time_for_others)
{
	volatile int *words = shared_words();
	pid_t pid;

	on_one_cpu();
	pid = fork();
	if (!pid) {
		set(0, SCHED_FIFO, 99);
		words[0] = 1;
		for (;;)
			words[1]++;
	}
	while (!words[0])
		sched_yield();
	for (int i = 0; i < 1000000; i++)
		words[2]++;
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(abi_wait(pid) == SIGKILL);
}

/* On one CPU the higher one runs to its end before the lower one sees anything. */
ABI_CASE(the_higher_real_time_priority_runs_first)
{
	volatile int *words = shared_words();
	pid_t low, high;

	on_one_cpu();
	CHECK(set(0, SCHED_FIFO, 90) == 0);
	low = fork();
	if (!low) {
		set(0, SCHED_FIFO, 10);
		words[1] = words[0];
		_exit(0);
	}
	high = fork();
	if (!high) {
		set(0, SCHED_FIFO, 20);
		for (int i = 0; i < 100000; i++)
			words[2]++;
		words[0] = 1;
		_exit(0);
	}
	CHECK(set(0, SCHED_FIFO, 5) == 0);	/* now they run, both before this one */
	CHECK(abi_wait(high) == 0 && abi_wait(low) == 0);
	CHECK(words[1] == 1);
}

ABI_CASE(a_memory_policy_reads_back_and_is_inherited)
{
	unsigned long mask = 1, seen = 0, nowhere = 1ul << 63;
	int mode = -1;
	pid_t pid;

	CHECK(syscall(SYS_set_mempolicy, 1, &mask, 64) == 0);	/* MPOL_PREFERRED, node 0 */
	CHECK(syscall(SYS_get_mempolicy, &mode, &seen, 64, NULL, 0) == 0 && mode == 1 && seen == 1);
	pid = fork();
	if (!pid)
		_exit(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0 && mode == 1 ? 0 : 1);
	CHECK(abi_wait(pid) == 0);
	CHECK_ERR(syscall(SYS_set_mempolicy, 1, &nowhere, 65), EINVAL);
	CHECK_ERR(syscall(SYS_set_mempolicy, 99, &mask, 64), EINVAL);
	CHECK_ERR(syscall(SYS_set_mempolicy, 1, (void *)8, 64), EFAULT);
	CHECK(syscall(SYS_set_mempolicy, 0, NULL, 0) == 0);
	CHECK(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0 && mode == 0);
}

/* As somebody without privileges, with these limits: the child's claim. */
static bool unprivileged(rlim_t rtprio, rlim_t nice_limit, bool (*claim)(void))
{
	pid_t pid = fork();

	if (!pid) {
		struct rlimit rt = { rtprio, rtprio }, nice_to = { nice_limit, nice_limit };

		CHECK(!setrlimit(RLIMIT_RTPRIO, &rt) && !setrlimit(RLIMIT_NICE, &nice_to));
		CHECK(!syscall(SYS_setresuid, 4321, 4321, 4321));
		_exit(claim() ? 0 : 1);
	}
	return abi_wait(pid) == 0;
}

static bool real_time_up_to_ten(void)
{
	CHECK(!set(0, SCHED_RR, 10) && !set(0, SCHED_FIFO, 3) && !set(0, SCHED_FIFO, 10));
	CHECK_ERR(set(0, SCHED_FIFO, 11), EPERM);
	return !set(0, SCHED_OTHER, 0);
}

static bool no_real_time(void)
{
	CHECK_ERR(set(0, SCHED_FIFO, 1), EPERM);
	return true;
}

static bool nice_down_to_minus_five(void)
{
	CHECK(!setpriority(PRIO_PROCESS, 0, -5) && !setpriority(PRIO_PROCESS, 0, 3) && !setpriority(PRIO_PROCESS, 0, -5));
	CHECK_ERR(setpriority(PRIO_PROCESS, 0, -6), EACCES);
	return true;
}

ABI_CASE(limits_say_how_urgent_a_program_may_make_itself)
{
	if (geteuid())
		return;
	CHECK(unprivileged(10, 0, real_time_up_to_ten));
	CHECK(unprivileged(0, 0, no_real_time));
	CHECK(unprivileged(0, 25, nice_down_to_minus_five));
}

#define IOPRIO(class, level)	((class) << 13 | (level))

ABI_CASE(priorities_of_requests_are_kept_and_inherited)
{
	pid_t pid;

	CHECK(syscall(SYS_ioprio_get, 1, 0) >= 0);
	CHECK(!syscall(SYS_ioprio_set, 1, 0, IOPRIO(2, 6)) && syscall(SYS_ioprio_get, 1, getpid()) == IOPRIO(2, 6));
	pid = fork();
	if (pid == 0) {
		CHECK(syscall(SYS_ioprio_get, 1, 0) == IOPRIO(2, 6));
		CHECK(setpgid(0, 0) == 0 && syscall(SYS_ioprio_get, 2, 0) == IOPRIO(2, 6));
		CHECK(!syscall(SYS_ioprio_set, 2, 0, IOPRIO(3, 0)) && syscall(SYS_ioprio_get, 1, 0) == IOPRIO(3, 0));
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0 && syscall(SYS_ioprio_get, 1, 0) == IOPRIO(2, 6));
	CHECK(!syscall(SYS_ioprio_set, 1, 0, 0) && syscall(SYS_ioprio_get, 3, getuid()) >= 0);
	CHECK_ERR(syscall(SYS_ioprio_set, 1, 0, IOPRIO(2, 8)), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_set, 1, 0, IOPRIO(0, 1)), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_set, 1, 0, IOPRIO(4, 0)), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_set, 4, 0, IOPRIO(2, 1)), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_get, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_ioprio_get, 1, 0x7ffffff0), ESRCH);
}

ABI_CASE(urgent_requests_need_a_privilege)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		CHECK(!setgid(65534) && !setuid(65534));
		CHECK_ERR(syscall(SYS_ioprio_set, 1, 0, IOPRIO(1, 0)), EPERM);
		CHECK_ERR(syscall(SYS_ioprio_set, 1, parent, IOPRIO(2, 1)), EPERM);
		CHECK(!syscall(SYS_ioprio_set, 1, 0, IOPRIO(2, 1)));
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
}

static int nice_asked;

static void *be_nicer(void *arg)
{
	(void)arg;
	CHECK(!setpriority(PRIO_PROCESS, 0, 7) && getpriority(PRIO_PROCESS, 0) == 7);
	nice_asked = (int)syscall(SYS_gettid);
	while (__atomic_load_n(&nice_asked, __ATOMIC_SEQ_CST))
		sched_yield();
	return NULL;
}

/* A number names a thread; only groups and users are many. */
ABI_CASE(a_nice_value_is_a_thread_s_own)
{
	pthread_t t;

	CHECK(!pthread_create(&t, NULL, be_nicer, NULL));
	while (!__atomic_load_n(&nice_asked, __ATOMIC_SEQ_CST))
		sched_yield();
	CHECK(getpriority(PRIO_PROCESS, getpid()) == 0 && getpriority(PRIO_PROCESS, nice_asked) == 7);
	CHECK(!setpgid(0, 0) && getpriority(PRIO_PGRP, 0) == 0 && !setpriority(PRIO_PGRP, getpid(), 9));
	CHECK(getpriority(PRIO_PROCESS, nice_asked) == 9 && getpriority(PRIO_PROCESS, 0) == 9);
	CHECK_ERR(getpriority(PRIO_PROCESS, 1 << 30), ESRCH);
	CHECK_ERR(getpriority(3, 0), EINVAL);
	__atomic_store_n(&nice_asked, 0, __ATOMIC_SEQ_CST);
	CHECK(!pthread_join(t, NULL));
}

static long slice_told(void)
{
	char text[32];

	return strtol(abi_read("/proc/sys/kernel/sched_rr_timeslice_ms", text, sizeof(text)), NULL, 10);
}

static int slice_set(const char *text)
{
	int fd = open("/proc/sys/kernel/sched_rr_timeslice_ms", O_WRONLY), n;

	CHECK(fd >= 0);
	n = (int)write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

ABI_CASE(the_slice_of_round_robin_is_told_and_set)
{
	struct timespec t;

	if (geteuid() || set(0, SCHED_RR, 3))
		return;
	CHECK(!slice_set("50"));
	CHECK(slice_told() > 40 && slice_told() < 60);
	CHECK(!sched_rr_get_interval(0, &t) && !t.tv_sec && t.tv_nsec > 40000000 && t.tv_nsec < 60000000);
	CHECK(!slice_set("-1") && slice_told() == 100);
	CHECK(!sched_rr_get_interval(0, &t) && t.tv_nsec == 100000000);
	CHECK(!set(0, SCHED_OTHER, 0));
}
