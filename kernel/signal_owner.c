// SPDX-License-Identifier: GPL-2.0
/*
 * Owners of open files, who are told by a signal that one is ready. Processes and threads are counted, so that a number that is given out
 * again does not make somebody else the owner; a group is only a number. As on Linux the signal needs the rights of who set the owner.
 */
#include <kernel/signal_owner.h>
#include "process_internal.h"

struct telling {
	const struct signal_owner *owner;
	int sig;
	const struct linux_siginfo *info;
	bool found;
};

static bool in_group(const struct process *p, const struct signal_owner *o)
{
	return p->pgid == o->pid && !p->zombie;
}

static bool find_member(struct process *p, void *arg)
{
	struct telling *t = arg;

	t->found |= in_group(p, t->owner);
	return !t->found;
}

static bool group_lives(const struct signal_owner *o)
{
	struct telling t = { .owner = o };

	process_for_each(find_member, &t);
	return t.found;
}

int signal_owner_find(struct signal_owner *o, int type, pid_t pid)
{
	bool found = true;

	*o = (struct signal_owner){ .type = type, .pid = pid, .uid = current->cred.uid, .euid = current->cred.euid };
	if (type != LINUX_F_OWNER_TID && type != LINUX_F_OWNER_PID && type != LINUX_F_OWNER_PGRP)
		return -EINVAL;
	if (!pid)
		return 0;
	if (type == LINUX_F_OWNER_TID) {
		o->thread = pid > 0 ? thread_find(0, pid) : NULL;
		o->process = o->thread ? o->thread->process : NULL;
		if (o->process)
			process_get(o->process);
		found = o->thread;
	} else if (type == LINUX_F_OWNER_PID) {
		o->process = process_find(pid);
		found = o->process;
	} else {
		found = group_lives(o);
	}
	return found ? 0 : -ESRCH;
}

void signal_owner_put(struct signal_owner *o)
{
	if (o->thread)
		thread_put(o->thread);
	if (o->process)
		process_put(o->process);
	*o = (struct signal_owner){ .type = o->type };
}

bool signal_owner_lives(const struct signal_owner *o)
{
	return o->pid && (o->process ? !READ_ONCE(o->process->zombie) : group_lives(o));
}

static bool may_tell(const struct process *p, const struct signal_owner *o)
{
	struct credentials who = { .uid = o->uid, .euid = o->euid };

	return !o->euid || credentials_match(&who, &p->cred);
}

static bool tell_member(struct process *p, void *arg)
{
	const struct telling *t = arg;

	if (!in_group(p, t->owner) || !may_tell(p, t->owner))
		return true;
	if (!t->sig || signal_post_process(p, t->sig, t->info))
		signal_post_process(p, LINUX_SIGIO, NULL);
	return true;
}

void signal_owner_tell(const struct signal_owner *o, int sig, const struct linux_siginfo *info)
{
	struct telling t = { .owner = o, .sig = sig, .info = info };

	if (o->pid && !o->process) {
		process_for_each(tell_member, &t);
	} else if (o->thread && may_tell(o->process, o)) {
		if (!sig || signal_send_thread(o->thread, sig, info))
			signal_send_thread(o->thread, LINUX_SIGIO, NULL);
	} else if (o->process && may_tell(o->process, o)) {
		if (!sig || signal_send_process(o->process, sig, info))
			signal_send_process(o->process, LINUX_SIGIO, NULL);
	}
}
