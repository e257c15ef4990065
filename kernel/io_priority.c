// SPDX-License-Identifier: GPL-2.0
/*
 * Priorities of a thread's disk requests (ioprio_set(2), ioprio_get(2)): kept, inherited and told. Nothing orders requests by them: disks get
 * them as they come, as with Linux's scheduler "none".
 */
#include <kernel/syscall.h>
#include <uapi/ferry/linux.h>
#include "process_internal.h"

struct io_request_of {
	bool one;		/* thread: told what it has, not what is in effect */
	int value;		/* -1: only ask */
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

static bool may_set(const struct thread *t)
{
	const struct credentials *me = &current->cred;

	return t->cred.uid == me->euid || t->cred.uid == me->uid || privileged(LINUX_CAP_SYS_NICE);
}

static void visit(struct thread *t, void *arg)
{
	struct io_request_of *r = arg;
	int now = r->one ? t->io_priority : in_effect(t);

	if (r->best < 0 || now < r->best)
		r->best = now;
	if (r->value < 0)
		return;
	if (may_set(t))
		WRITE_ONCE(t->io_priority, (uint16_t)r->value);
	else
		r->err = -EPERM;
}

static int run(struct io_request_of *r, int which, int who)
{
	static const enum who kinds[] = {
		[LINUX_IOPRIO_WHO_PROCESS] = WHO_THREAD, [LINUX_IOPRIO_WHO_PGRP] = WHO_GROUP, [LINUX_IOPRIO_WHO_USER] = WHO_USER,
	};

	if (which < LINUX_IOPRIO_WHO_PROCESS || which > LINUX_IOPRIO_WHO_USER)
		return -EINVAL;
	r->one = which == LINUX_IOPRIO_WHO_PROCESS;
	r->best = -1;
	return who_for_each(kinds[which], who, visit, r) ? r->err : -ESRCH;
}

int io_priority_check(int value)
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
	struct io_request_of r = { .value = (int)args->a[2] };
	int err = io_priority_check(r.value);

	return err ? err : run(&r, (int)args->a[0], (int)args->a[1]);
}

SYSCALL(NR_ioprio_get, ioprio_get)
{
	struct io_request_of r = { .value = -1 };
	int err = run(&r, (int)args->a[0], (int)args->a[1]);

	return err ? err : r.best;
}
