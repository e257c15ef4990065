// SPDX-License-Identifier: GPL-2.0
/*
 * Priorities of a thread's disk requests (ioprio_set(2), ioprio_get(2)): kept, inherited and told. Nothing orders requests by them: disks get
 * them as they come, as with Linux's scheduler "none". Lock: process->lock, so that a thread does not go meanwhile.
 */
#include <kernel/syscall.h>
#include <uapi/ferry/linux.h>
#include "process_internal.h"

struct io_request_of {
	int which, who;
	int value;		/* -1: only ask */
	unsigned int found;
	int best;		/* the most urgent, in effect; -1: none yet */
	int err;
};

static int class_of(int priority)
{
	return priority >> LINUX_IOPRIO_CLASS_SHIFT;
}

/* A thread that has none is served by its nice value (ioprio_set(2)). */
static int in_effect(const struct thread *t)
{
	struct sched_params p = thread_own_sched(t);
	int class = p.policy == LINUX_SCHED_IDLE ? LINUX_IOPRIO_CLASS_IDLE : p.sclass == SCHED_RT ? LINUX_IOPRIO_CLASS_RT : LINUX_IOPRIO_CLASS_BE;

	if (class_of(t->io_priority) != LINUX_IOPRIO_CLASS_NONE)
		return t->io_priority;
	return class << LINUX_IOPRIO_CLASS_SHIFT | (p.nice + 20) / 5;
}

static bool may_set(const struct process *p)
{
	const struct process *me = current_process;

	return p->uid == me->euid || p->uid == me->uid || privileged(LINUX_CAP_SYS_NICE);
}

/* p->lock held. */
static void visit_thread(struct io_request_of *r, struct process *p, struct thread *t)
{
	int now = in_effect(t);

	r->found++;
	if (r->best < 0 || now < r->best)
		r->best = now;
	if (r->value < 0)
		return;
	if (may_set(p))
		WRITE_ONCE(t->io_priority, (uint16_t)r->value);
	else
		r->err = -EPERM;
}

static bool matches(const struct io_request_of *r, const struct process *p)
{
	if (r->which == LINUX_IOPRIO_WHO_PGRP)
		return p->pgid == (r->who ? r->who : current_process->pgid);
	return p->uid == (r->who ? (uint32_t)r->who : current_process->uid);
}

static bool visit(struct process *p, void *arg)
{
	struct io_request_of *r = arg;
	struct thread *t;
	uint64_t flags;

	if (p->zombie || !matches(r, p))
		return true;
	flags = spin_lock_irq(&p->lock);
	list_for_each(t, &p->threads, process_link)
		visit_thread(r, p, t);
	spin_unlock_irq(&p->lock, flags);
	return true;
}

static int one_thread(struct io_request_of *r)
{
	struct thread *t = thread_find(0, r->who ? r->who : current->tid);
	uint64_t flags;

	if (!t)
		return -ESRCH;
	flags = spin_lock_irq(&t->process->lock);
	visit_thread(r, t->process, t);
	r->best = t->io_priority;
	spin_unlock_irq(&t->process->lock, flags);
	thread_put(t);
	return r->err;
}

static int run(struct io_request_of *r)
{
	if (r->which == LINUX_IOPRIO_WHO_PROCESS)
		return one_thread(r);
	if (r->which != LINUX_IOPRIO_WHO_PGRP && r->which != LINUX_IOPRIO_WHO_USER)
		return -EINVAL;
	process_for_each(visit, r);
	return r->found ? r->err : -ESRCH;
}

static int value_check(int value)
{
	int level = value & ((1 << LINUX_IOPRIO_CLASS_SHIFT) - 1);

	switch (class_of(value)) {
	case LINUX_IOPRIO_CLASS_RT:
		if (!privileged(LINUX_CAP_SYS_ADMIN) && !privileged(LINUX_CAP_SYS_NICE))
			return -EPERM;
		return level < LINUX_IOPRIO_LEVELS ? 0 : -EINVAL;
	case LINUX_IOPRIO_CLASS_BE:
		return level < LINUX_IOPRIO_LEVELS ? 0 : -EINVAL;
	case LINUX_IOPRIO_CLASS_IDLE:
		return 0;
	case LINUX_IOPRIO_CLASS_NONE:
		return level ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

/* ioprio_set(which, who, priority) */
SYSCALL(NR_ioprio_set, ioprio_set)
{
	struct io_request_of r = { .which = args->a[0], .who = args->a[1], .value = args->a[2], .best = -1 };
	int err = value_check(r.value);

	return err ? err : run(&r);
}

SYSCALL(NR_ioprio_get, ioprio_get)
{
	struct io_request_of r = { .which = args->a[0], .who = args->a[1], .value = -1, .best = -1 };
	int err = run(&r);

	return err ? err : r.best;
}
