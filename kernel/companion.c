// SPDX-License-Identifier: GPL-2.0
/*
 * Companions: kernel threads that work in a process's memory and with its files, and are none of its threads: programs do not see them, no
 * signal goes to them, and a process ends with its last thread, whose end waits for theirs, as an exec's does. Their time and their number
 * are their process's. Lock: process->lock guards the list.
 */
#include <fs/landlock.h>
#include <kernel/cgroup.h>
#include <kernel/thread.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/syscall.h>
#include "process_internal.h"

#define PAUSE_MS	10u

struct thread *process_companion_create(const char *name, void (*fn)(void *arg), void *arg, uint64_t affinity)
{
	struct process *p = current_process;
	int err = cgroup_task_add(p);
	struct thread *t = err ? ERR_PTR(err) : thread_create(name, fn, arg, SCHED_FAIR);
	uint64_t flags;

	if (IS_ERR(t)) {
		if (!err)
			cgroup_task_remove(p);
		return t;
	}
	process_get(p);
	t->process = p;
	t->cred = current->cred;
	credentials_get(&t->cred);
	landlock_inherit(t);
	ns_inherit(t);
	t->affinity = affinity;
	t->blocked = ~(sigset_t)0;
	t->syscall_nr = NR_io_uring_enter;	/* its time is the kernel's */
	flags = spin_lock_irq(&p->lock);
	list_append(&p->companions, &t->process_link);
	spin_unlock_irq(&p->lock, flags);
	return t;
}

bool process_companion_goes_on(void)
{
	const struct process *p = current_process;
	uint32_t attention;

	while ((attention = READ_ONCE(p->attention)) & (PROCESS_STOPPED | PROCESS_HELD | PROCESS_DUMPING) &&
	       !(attention & (PROCESS_EXITING | PROCESS_EXECING)))
		sleep_until(time_now() + PAUSE_MS * NSEC_PER_MSEC, false);
	return !(attention & (PROCESS_EXITING | PROCESS_EXECING));
}

void process_companion_exit(void)
{
	struct thread *t = current;
	struct process *p = t->process;
	uint64_t flags = spin_lock_irq(&p->lock);

	sched_set_group(t, NULL);
	list_del(&t->process_link);
	t->detached = true;
	usage_of_dead_add(p, t);
	wait_wake(&p->state_wait, 0);
	spin_unlock_irq(&p->lock, flags);
	cgroup_task_remove(p);
	ns_leave(t);
	thread_exit();
}

void process_companions_end(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct thread *t;

	list_for_each(t, &p->companions, process_link)
		sched_interrupt(t);
	spin_unlock_irq(&p->lock, flags);
	wait_event(&p->state_wait, list_empty(&p->companions), TIME_FOREVER, false);
}
