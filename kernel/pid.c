// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers of processes and threads. A number is counted: a process, each thread, and each membership in a process group or session
 * holds it, so it is not given out again while anything can still be addressed by it. The tables are static, so that numbers never show
 * in the accounts of memory. Locks: pid_lock guards the counts, process_tree_lock the hash of processes.
 */
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include "process_internal.h"

#define PID_FIRST	2	/* 1 is init's, by pid_claim() */
#define BUCKETS		256u

/* At most PID_MAX processes in one group and one session, the process and its thread: that fits. */
static uint16_t users[PID_MAX + 1];
static struct spinlock pid_lock = SPINLOCK_INIT("pid");
static pid_t pid_last = PID_FIRST - 1;

static struct list buckets[BUCKETS];	/* of processes, by pid_link */

static bool in_range(pid_t pid)
{
	return pid >= 1 && pid <= PID_MAX;
}

int pid_claim(pid_t pid)
{
	uint64_t flags = spin_lock_irq(&pid_lock);
	bool free = in_range(pid) && !users[pid];

	if (free)
		users[pid] = 1;
	spin_unlock_irq(&pid_lock, flags);
	return free ? 0 : -EAGAIN;
}

/* Numbers go round, so that one which was just freed is not met again soon. */
pid_t pid_alloc(void)
{
	uint64_t flags = spin_lock_irq(&pid_lock);
	pid_t pid = pid_last, found = -EAGAIN;

	for (unsigned int tries = 0; tries < PID_MAX && found < 0; tries++) {
		pid = pid >= PID_MAX ? PID_FIRST : pid + 1;
		if (!users[pid]) {
			users[pid] = 1;
			found = pid_last = pid;
		}
	}
	spin_unlock_irq(&pid_lock, flags);
	return found;
}

/* 0 is no number: a process that got none yet. */
static void users_add(pid_t pid, int change)
{
	uint64_t flags;

	if (!pid)
		return;
	flags = spin_lock_irq(&pid_lock);
	BUG_ON(!in_range(pid) || !users[pid]);
	users[pid] += change;
	spin_unlock_irq(&pid_lock, flags);
}

void pid_hold(pid_t pid)
{
	users_add(pid, 1);
}

void pid_free(pid_t pid)
{
	users_add(pid, -1);
}

void pid_link(struct process *p)
{
	list_push(&buckets[(unsigned int)p->pid % BUCKETS], &p->pid_link);
}

struct process *pid_process(pid_t pid)
{
	struct process *p;

	list_for_each(p, &buckets[(unsigned int)pid % BUCKETS], pid_link)
		if (p->pid == pid)
			return p;
	return NULL;
}

static int pid_init(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		list_init(&buckets[i]);
	return 0;
}
INITCALL("1core", pid_init);
