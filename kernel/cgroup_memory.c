// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of control groups: each frame in a member's page table, however many share it. Who moves takes its memory along. Left out: the page
 * cache, files in memory, and what the kernel has for a process. mm/fault.c refuses, mm/oom.c chooses who goes.
 */
#include <kernel/lock.h>
#include <mm/space.h>
#include "cgroup_internal.h"

void cgroup_charge_pages(struct cgroup *g, int64_t n)
{
	for (; g; g = g->parent) {
		uint64_t now = __atomic_add_fetch(&g->pages, (uint64_t)n, __ATOMIC_RELAXED), peak = READ_ONCE(g->peak_pages);

		while (n > 0 && now > peak &&
		       !__atomic_compare_exchange_n(&g->peak_pages, &peak, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
	}
}

struct cgroup *cgroup_memory_full(struct cgroup *g)
{
	while (g && likely(READ_ONCE(g->pages) < READ_ONCE(g->max_pages)))
		g = g->parent;
	return g;
}

void cgroup_count_event(struct cgroup *g, enum cgroup_event event)
{
	for (; g; g = g->parent)
		__atomic_fetch_add(&g->nr_events[event], 1, __ATOMIC_RELAXED);
}

void cgroup_count_event_of(struct process *p, enum cgroup_event event)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);

	cgroup_count_event(p->group, event);
	spin_unlock_irq(&cgroup_lock, flags);
}

struct cgroup *cgroup_of_space(struct space *s)
{
	struct cgroup *g;

	mutex_lock(&s->lock);
	g = s->group;
	if (g)
		cgroup_get(g);
	mutex_unlock(&s->lock);
	return g;
}

void cgroup_space_set(struct space *s, struct cgroup *g)
{
	struct cgroup *old;

	if (g)
		cgroup_get(g);
	mutex_lock(&s->lock);
	old = s->group;
	if (old)
		cgroup_charge_pages(old, -(int64_t)s->nr_pages);
	s->group = g;
	if (g)
		cgroup_charge_pages(g, (int64_t)s->nr_pages);
	mutex_unlock(&s->lock);
	cgroup_put(old);
}
