// SPDX-License-Identifier: GPL-2.0
/*
 * The real-time half of a run queue: a list by priority, in which those with a deadline come first, by that. Everything here is called with
 * the queue's lock held, by kernel/sched.c.
 */
#include <kernel/time.h>
#include <uapi/ferry/linux_process.h>
#include "run_queue.h"
#include "sched.h"

/*
 * Real-time threads have a part of each period of their own on a CPU; who uses it up leaves the rest to fair threads that want it
 * (sched_rt_runtime_us), so that one that spins does not hold the CPU for ever.
 */
void rt_account(struct run_queue *rq, struct thread *t, time_ns_t delta, time_ns_t now)
{
	time_ns_t runtime = READ_ONCE(rt_runtime_ns), period = READ_ONCE(rt_period_ns);

	if (t->policy == LINUX_SCHED_DEADLINE) {
		deadline_charge(t, delta);
		return;
	}
	if (now - rq->rt_period_start >= period) {
		rq->rt_period_start = now;
		rq->rt_time = 0;
	}
	rq->rt_time += MIN(delta, period);
	rq->rt_throttled = rq->rt_time > runtime;
}

/* Fair threads run in what is left of the period. */
static bool rt_is_throttled(struct run_queue *rq)
{
	if (unlikely(rq->rt_throttled) && time_now() - rq->rt_period_start >= READ_ONCE(rt_period_ns))
		rq->rt_throttled = false;
	return rq->rt_throttled;
}

/* Of two real-time threads. */
static bool is_more_urgent(const struct thread *t, const struct thread *than)
{
	if (t->rt_priority != than->rt_priority)
		return t->rt_priority > than->rt_priority;
	return t->rt_priority == RT_PRIORITY_DEADLINE && t->deadline_ns < than->deadline_ns;
}

/* The highest priority first, the earliest deadline. Behind its equals, or before them when it was preempted with time left. */
void rt_insert(struct run_queue *rq, struct thread *t)
{
	struct list *at = rq->rt.prev;

	if (t->policy == LINUX_SCHED_DEADLINE && !deadline_enter(t))
		return;
	while (at != &rq->rt) {
		const struct thread *other = list_entry(at, struct thread, run_link);

		if (is_more_urgent(other, t) || (!is_more_urgent(t, other) && !t->slice_ticks))
			break;
		at = at->prev;
	}
	list_insert(&t->run_link, at, at->next);
	t->queued = true;
	rq->nr_ready++;
}

/* The real-time thread that is next; NULL: it is the turn of the fair ones, of which @fair is one. Those with a deadline have their own limit. */
static struct thread *first_rt(struct run_queue *rq, const struct thread *fair)
{
	struct thread *t = list_first(&rq->rt, struct thread, run_link);

	return !fair || t->policy == LINUX_SCHED_DEADLINE || !rt_is_throttled(rq) ? t : NULL;
}

static void choose(struct run_queue *rq, struct thread *t)
{
	rq->rt_chosen = t;
	WRITE_ONCE(rq->urgency, t->rt_priority);
	if (t->policy == LINUX_SCHED_DEADLINE)
		deadline_run(t);
	if (t->run_link.next != &rq->rt && nr_cpus > 1)
		balance_push(rq, t);
}

struct thread *rt_pick(struct run_queue *rq, struct thread *fair)
{
	struct thread *t = first_rt(rq, fair);

	if (t)
		choose(rq, t);
	return t ? t : fair;
}

bool rt_preempts(struct run_queue *rq, const struct thread *t, const struct thread *running)
{
	if (t->sclass == SCHED_RT && running->sclass == SCHED_RT)
		return is_more_urgent(t, running);
	if (t->policy == LINUX_SCHED_DEADLINE || running->policy == LINUX_SCHED_DEADLINE)
		return t->policy == LINUX_SCHED_DEADLINE;
	return (running->sclass == SCHED_RT) == rt_is_throttled(rq);
}

void rt_tick(struct run_queue *rq, struct thread *t, const struct thread *fair)
{
	const struct thread *next;

	if (!list_empty(&rq->rt) && nr_cpus > 1)
		balance_push(rq, NULL);
	if (t->policy == LINUX_SCHED_DEADLINE)
		return;
	next = list_empty(&rq->rt) ? NULL : list_first(&rq->rt, struct thread, run_link);
	if (t->policy != LINUX_SCHED_FIFO && t->slice_ticks && !--t->slice_ticks && next && next->rt_priority >= t->rt_priority)
		rq->cpu->need_resched = 1;
	if (fair && rt_is_throttled(rq))
		rq->cpu->need_resched = 1;
}

bool rt_is_next(struct run_queue *rq, const struct thread *fair)
{
	return !list_empty(&rq->rt) && first_rt(rq, fair);
}
