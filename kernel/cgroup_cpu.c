// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU quota of a control group: so many microseconds in each period, of all its CPUs together. As with drivers (ipc/throttle.c) a timer
 * comes when the quota can be used up at the earliest, and threads that have used it do not go back to user mode before the next period.
 * What was used beyond the quota before that was noticed is taken off the next one. Everything is guarded by cgroup_lock but the count of
 * time, which the scheduler keeps.
 */
#include <kernel/cpu.h>
#include "cgroup_internal.h"

#define STEP_MIN_NS	NSEC_PER_MSEC	/* the timer comes no sooner than this again */

void cgroup_charge_cpu(struct cgroup *g, time_ns_t delta)
{
	for (; g; g = g->parent)
		__atomic_fetch_add(&g->cpu_ns, delta, __ATOMIC_RELAXED);
}

static bool held_by_any(const struct cgroup *g)
{
	while (g && !g->held)
		g = g->parent;
	return g;
}

/* Threads of @p that run are told to look. */
static void stop_running(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct thread *t;

	list_for_each(t, &p->threads, process_link)
		if (READ_ONCE(t->state) == THREAD_RUNNING)
			sched_interrupt(t);
	spin_unlock_irq(&p->lock, flags);
}

void cgroup_cpu_update(struct process *p)
{
	if (held_by_any(p->group)) {
		if (!(__atomic_fetch_or(&p->attention, PROCESS_GROUP_HELD, __ATOMIC_SEQ_CST) & PROCESS_GROUP_HELD))
			stop_running(p);
	} else if (__atomic_fetch_and(&p->attention, ~PROCESS_GROUP_HELD, __ATOMIC_SEQ_CST) & PROCESS_GROUP_HELD) {
		wait_wake(&p->state_wait, 0);
	}
}

static void hold(struct cgroup *g, bool held, time_ns_t now)
{
	struct cgroup *below;
	struct process *p;

	if (g->held == held)
		return;
	g->held = held;
	g->nr_held += held;
	g->held_ns += held ? 0 : now - g->held_since;
	g->held_since = now;
	list_for_each(below, &all_cgroups, all_link)
		if (cgroup_is_within(below, g))
			list_for_each(p, &below->members, group_link)
				cgroup_cpu_update(p);
}

/* One look: when to look again, TIME_FOREVER without a quota. */
static time_ns_t look(struct cgroup *g, time_ns_t now)
{
	uint64_t total = READ_ONCE(g->cpu_ns), used;

	if (g->quota_ns == CGROUP_NO_LIMIT) {
		hold(g, false, now);
		return TIME_FOREVER;
	}
	if (now >= g->period_end) {
		g->nr_periods++;
		g->used_before = MIN(total, g->used_before + g->quota_ns);
		g->period_end = now + g->period_ns;
	}
	used = total - g->used_before;
	hold(g, used >= g->quota_ns, now);
	return g->held ? g->period_end : MIN(g->period_end, now + MAX((g->quota_ns - used) / nr_cpus, STEP_MIN_NS));
}

static void timer_run(struct timer *t)
{
	struct cgroup *g = container_of(t, struct cgroup, timer);
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	time_ns_t next = look(g, time_now());

	g->timing = next != TIME_FOREVER && !g->dead;
	if (g->timing)
		timer_arm(t, next);
	spin_unlock_irq(&cgroup_lock, flags);
}

void cgroup_set_cpu_max(struct cgroup *g, uint64_t quota_ns, uint64_t period_ns)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	time_ns_t now = time_now();

	g->quota_ns = quota_ns;
	g->period_ns = period_ns;
	g->period_end = now + period_ns;
	g->used_before = READ_ONCE(g->cpu_ns);
	if (!g->timing || quota_ns != CGROUP_NO_LIMIT) {
		g->timing = true;
		timer_arm(&g->timer, now);
	}
	spin_unlock_irq(&cgroup_lock, flags);
}

void cgroup_cpu_init(struct cgroup *g)
{
	g->quota_ns = CGROUP_NO_LIMIT;
	g->period_ns = CGROUP_PERIOD_NS;
	timer_init(&g->timer, timer_run);
}

void cgroup_cpu_end(struct cgroup *g)
{
	timer_disarm(&g->timer);
}
