// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers of processes and threads. A number is counted: a process, each thread, and each membership in a process group or session
 * holds it, so it is not given out again while anything can still be addressed by it. Slots come in pages made on demand.
 * Locks: pid_lock guards counts; the process pointer of a slot is guarded by process_tree_lock.
 */
#include <kernel/lock.h>
#include <kernel/log.h>
#include <mm/slab.h>
#include "process_internal.h"

#define SLOTS_PER_PAGE	256u
#define PAGES		((PID_MAX + SLOTS_PER_PAGE) / SLOTS_PER_PAGE)
#define PID_FIRST	2	/* 1 is init's, by pid_claim() */

struct pid_slot {
	struct process *process;
	uint32_t users;
};

static struct pid_slot *slot_pages[PAGES];
static struct spinlock pid_lock = SPINLOCK_INIT("pid");
static pid_t pid_last = PID_FIRST - 1;

static struct pid_slot *slot_find(pid_t pid)
{
	if (pid < 1 || pid > PID_MAX || !slot_pages[pid / SLOTS_PER_PAGE])
		return NULL;
	return &slot_pages[pid / SLOTS_PER_PAGE][pid % SLOTS_PER_PAGE];
}

/* pid_lock held. */
static struct pid_slot *slot_make(pid_t pid)
{
	struct pid_slot **page = &slot_pages[pid / SLOTS_PER_PAGE];

	if (!*page)
		*page = kcalloc(SLOTS_PER_PAGE, sizeof(struct pid_slot));
	return *page ? &(*page)[pid % SLOTS_PER_PAGE] : NULL;
}

int pid_claim(pid_t pid)
{
	uint64_t flags = spin_lock_irq(&pid_lock);
	struct pid_slot *slot = slot_make(pid);
	int err = -EAGAIN;

	if (slot && !slot->users) {
		slot->users = 1;
		err = 0;
	}
	spin_unlock_irq(&pid_lock, flags);
	return err;
}

pid_t pid_alloc(void)
{
	uint64_t flags = spin_lock_irq(&pid_lock);
	pid_t pid = pid_last, found = -EAGAIN;

	for (unsigned int tries = 0; tries < PID_MAX; tries++) {
		struct pid_slot *slot;

		pid = pid >= PID_MAX ? PID_FIRST : pid + 1;
		slot = slot_make(pid);
		if (slot && !slot->users) {
			slot->users = 1;
			found = pid_last = pid;
			break;
		}
	}
	spin_unlock_irq(&pid_lock, flags);
	return found;
}

void pid_hold(pid_t pid)
{
	uint64_t flags = spin_lock_irq(&pid_lock);
	struct pid_slot *slot = slot_find(pid);

	BUG_ON(pid && (!slot || !slot->users));
	if (slot)
		slot->users++;
	spin_unlock_irq(&pid_lock, flags);
}

void pid_free(pid_t pid)
{
	uint64_t flags = spin_lock_irq(&pid_lock);
	struct pid_slot *slot = slot_find(pid);

	BUG_ON(pid && (!slot || !slot->users));
	if (slot)
		slot->users--;
	spin_unlock_irq(&pid_lock, flags);
}

void pid_set_process(pid_t pid, struct process *p)
{
	struct pid_slot *slot = slot_find(pid);

	if (slot)
		slot->process = p;
}

struct process *pid_process(pid_t pid)
{
	struct pid_slot *slot = slot_find(pid);

	return slot ? slot->process : NULL;
}
