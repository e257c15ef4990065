// SPDX-License-Identifier: GPL-2.0
/* Whom getpriority(2) and ioprio_get(2) name: a thread, a process group, or all of a user. Locks: process_tree_lock, process->lock. */
#include <kernel/pid_ns.h>
#include <kernel/user_ns.h>
#include "process_internal.h"

struct who_walk {
	enum who kind;
	int64_t id;
	void (*fn)(struct thread *t, void *arg);
	void *arg;
	unsigned int found;
};

static bool visit(struct process *p, void *arg)
{
	struct who_walk *w = arg;
	struct thread *t;
	uint64_t flags;

	if (p->zombie || (w->kind == WHO_USER && !process_is_seen(p)) || (w->kind == WHO_GROUP ? p->pgid : (int64_t)p->cred.uid) != w->id)
		return true;
	flags = spin_lock_irq(&p->lock);
	list_for_each(t, &p->threads, process_link) {
		w->fn(t, w->arg);
		w->found++;
	}
	spin_unlock_irq(&p->lock, flags);
	return true;
}

static unsigned int visit_thread(pid_t tid, void (*fn)(struct thread *t, void *arg), void *arg)
{
	struct thread *t = thread_find(0, tid);
	uint64_t flags;

	if (!t)
		return 0;
	flags = spin_lock_irq(&t->process->lock);
	fn(t, arg);
	spin_unlock_irq(&t->process->lock, flags);
	thread_put(t);
	return 1;
}

unsigned int who_for_each(enum who kind, int id, void (*fn)(struct thread *t, void *arg), void *arg)
{
	struct who_walk w = { .kind = kind, .fn = fn, .arg = arg };

	if (kind == WHO_THREAD)
		return visit_thread(id ? pid_meant(id) : current->tid, fn, arg);
	if (kind == WHO_GROUP)
		w.id = id ? pid_meant(id) : current_process->pgid;
	else
		w.id = id ? uid_meant((uint32_t)id) : current->cred.uid;
	process_for_each(visit, &w);
	return w.found;
}
