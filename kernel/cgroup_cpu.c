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

void cgroup_charge_system(struct cgroup *g, time_ns_t delta)
{
	for (; g; g = g->parent)
		__atomic_fetch_add(&g->system_ns, delta, __ATOMIC_RELAXED);
}

static bool held_by_any(const struct cgroup *g)
{
	while (g && !g->held && !g->frozen)
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
		if (READ_ONCE(p->attention) & PROCESS_GROUP_HELD)
			return;
		WRITE_ONCE(p->hold_turn, p->hold_turn + 1);
		__atomic_fetch_or(&p->attention, PROCESS_GROUP_HELD, __ATOMIC_SEQ_CST);
		stop_running(p);
	} else if (__atomic_fetch_and(&p->attention, ~PROCESS_GROUP_HELD, __ATOMIC_SEQ_CST) & PROCESS_GROUP_HELD) {
		wait_wake(&p->state_wait, 0);
	}
}

/* Everybody here and below looks whether it may go on. */
static void members_update(struct cgroup *g)
{
	struct cgroup *below;
	struct process *p;

	list_for_each(below, &all_cgroups, all_link)
		if (cgroup_is_within(below, g))
			list_for_each(p, &below->members, group_link)
				cgroup_cpu_update(p);
}

static void hold(struct cgroup *g, bool held, time_ns_t now)
{
	if (g->held == held)
		return;
	g->held = held;
	g->nr_held += held;
	g->held_ns += held ? 0 : now - g->held_since;
	g->held_since = now;
	members_update(g);
}

/* A period is over: @used is beyond what it gave by itself, if some was saved up before it. */
static void burst_count(struct cgroup *g, int64_t used)
{
	int64_t of_period = used + g->saved_ns - (int64_t)g->quota_ns;

	if (g->saved_ns > 0 && of_period > 0) {
		g->nr_bursts++;
		g->burst_used_ns += (uint64_t)MIN(of_period, g->saved_ns);
	}
	g->saved_ns = MAX(MIN((int64_t)g->quota_ns - used, (int64_t)g->burst_ns), 0ll);
}

/* One look: when to look again, TIME_FOREVER without a quota. */
static time_ns_t look(struct cgroup *g, time_ns_t now)
{
	int64_t total = (int64_t)READ_ONCE(g->cpu_ns), used;

	if (g->quota_ns == CGROUP_NO_LIMIT) {
		hold(g, false, now);
		return TIME_FOREVER;
	}
	if (now >= g->period_end) {
		g->nr_periods++;
		burst_count(g, total - g->used_before);
		g->used_before = MIN(total + (int64_t)g->burst_ns, g->used_before + (int64_t)g->quota_ns);
		g->period_end = now + g->period_ns;
	}
	used = total - g->used_before;
	hold(g, used >= (int64_t)g->quota_ns, now);
	return g->held ? g->period_end : MIN(g->period_end, now + MAX((uint64_t)((int64_t)g->quota_ns - used) / nr_cpus, STEP_MIN_NS));
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

int cgroup_set_cpu_burst(struct cgroup *g, uint64_t burst_ns)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	int err = burst_ns && burst_ns > g->quota_ns ? -EINVAL : 0;

	if (!err)
		g->burst_ns = burst_ns;
	spin_unlock_irq(&cgroup_lock, flags);
	return err;
}

/*
 * Who sleeps has nothing to do with a CPU before it is woken, and then looks before it is in user mode. Nor goes there who stood in this turn, or
 * was born in it, whatever the kernel does for it meanwhile.
 */
static bool runs(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	bool held = READ_ONCE(p->attention) & PROCESS_GROUP_HELD, any = false;
	struct thread *t;

	list_for_each(t, &p->threads, process_link) {
		if (held && READ_ONCE(t->state) == THREAD_SLEEPING)
			WRITE_ONCE(t->stood_turn, p->hold_turn);
		any |= READ_ONCE(t->state) != THREAD_SLEEPING && !(held && READ_ONCE(t->stood_turn) == p->hold_turn);
	}
	spin_unlock_irq(&p->lock, flags);
	return any;
}

/* Shall it be? cgroup_lock held, as for the next. */
static bool frozen_is_meant(const struct cgroup *g)
{
	while (g && !g->frozen)
		g = g->parent;
	return g;
}

static bool is_frozen(const struct cgroup *g)
{
	bool all = frozen_is_meant(g);
	struct cgroup *below;
	struct process *p;

	list_for_each(below, &all_cgroups, all_link)
		if (all && cgroup_is_within(below, g))
			list_for_each(p, &below->members, group_link)
				all = all && !runs(p);
	return all;
}

bool cgroup_is_frozen(struct cgroup *g)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	bool all = is_frozen(g);

	spin_unlock_irq(&cgroup_lock, flags);
	return all;
}

/* Who waits for a change is told too that there is none to wait for, as on Linux. */
void cgroup_freeze(struct cgroup *g, bool frozen)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	bool same = g->frozen == frozen || frozen_is_meant(g->parent);

	g->frozen = frozen;
	members_update(g);
	cgroup_tell(g, same ? CGROUP_TELL_EVENTS : CGROUP_TELL_FROZEN);
	spin_unlock_irq(&cgroup_lock, flags);
}

/* What @g has to tell. cgroup_lock held. */
static uint32_t take_untold(struct cgroup *g, bool *again)
{
	uint32_t what = __atomic_exchange_n(&g->untold, 0, __ATOMIC_RELAXED);
	bool frozen = (g->frozen_told || frozen_is_meant(g)) && is_frozen(g);

	*again |= !frozen && frozen_is_meant(g);
	if (frozen != g->frozen_told)
		what |= CGROUP_TELL_EVENTS;
	g->frozen_told = frozen;
	return what;
}

struct cgroup *cgroup_next_untold(uint32_t *what, bool *again)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	struct cgroup *g, *found = NULL;

	list_for_each(g, &all_cgroups, all_link) {
		*what = take_untold(g, again);
		if (!*what)
			continue;
		cgroup_get(g);
		found = g;
		break;
	}
	spin_unlock_irq(&cgroup_lock, flags);
	return found;
}

int cgroup_set_cpu_max(struct cgroup *g, uint64_t quota_ns, uint64_t period_ns)
{
	uint64_t flags = spin_lock_irq(&cgroup_lock);
	time_ns_t now = time_now();

	if (g->burst_ns > quota_ns) {
		spin_unlock_irq(&cgroup_lock, flags);
		return -EINVAL;
	}
	g->quota_ns = quota_ns;
	g->period_ns = period_ns;
	g->period_end = now + period_ns;
	g->used_before = (int64_t)READ_ONCE(g->cpu_ns);
	g->saved_ns = 0;
	if (!g->timing || quota_ns != CGROUP_NO_LIMIT) {
		g->timing = true;
		timer_arm(&g->timer, now);
	}
	spin_unlock_irq(&cgroup_lock, flags);
	return 0;
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
