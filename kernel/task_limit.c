// SPDX-License-Identifier: GPL-2.0
/*
 * How many threads there may be and how far their numbers go: /proc/sys/kernel/threads-max and pid_max, with the defaults and bounds that Linux's
 * Documentation/admin-guide/sysctl/kernel.rst tells. The stacks of as many threads take an eighth of memory at most. The kernel's own threads and
 * drivers' processes are made whatever the limit says. Locks: none.
 */
#include <fs/node.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <mm/page.h>
#include <uapi/ferry/linux_process.h>

#define THREADS_LEAST		20
#define STACKS_SHARE		8	/* of memory */
#define PIDS_DEFAULT		32768
#define PIDS_PER_CPU		1024
#define PIDS_PER_CPU_LEAST	8
#define PIDS_LEAST		301	/* one more than Linux keeps for what begins with the machine (kernel/pid.c) */

static struct proc_limit threads_max = { "sys/kernel/threads-max", THREADS_LEAST, 1, LINUX_FUTEX_TID_MASK };
static struct proc_limit pid_max = { "sys/kernel/pid_max", PIDS_DEFAULT, PIDS_LEAST, PID_MAX + 1 };
static long threads_at_boot = THREADS_LEAST;
static uint32_t nr_tasks;	/* atomic */

pid_t pid_max_get(void)
{
	return (pid_t)READ_ONCE(pid_max.value);
}

bool tasks_full(void)
{
	return READ_ONCE(nr_tasks) >= (unsigned long)READ_ONCE(threads_max.value);
}

uint64_t tasks_per_user(void)
{
	return (uint64_t)threads_at_boot / 2;
}

void tasks_count(int by)
{
	__atomic_fetch_add(&nr_tasks, (uint32_t)by, __ATOMIC_RELAXED);
}

static int task_limit_init(void)
{
	struct frame_stats stats;

	frame_stats(&stats);
	threads_at_boot = (long)MAX(stats.total * PAGE_SIZE / (KSTACK_SIZE * STACKS_SHARE), (uint64_t)THREADS_LEAST);
	threads_at_boot = MIN(threads_at_boot, (long)LINUX_FUTEX_TID_MASK);
	threads_max.value = threads_at_boot;
	pid_max.value = MAX(PIDS_DEFAULT, (long)nr_cpus * PIDS_PER_CPU);
	pid_max.least = MAX(PIDS_LEAST, (long)nr_cpus * PIDS_PER_CPU_LEAST);
	return 0;
}
INITCALL("1core", task_limit_init);

static int task_limit_files(void)
{
	int err = proc_create_limit(&threads_max);

	return err ? err : proc_create_limit(&pid_max);
}
INITCALL("2fs", task_limit_files);
