// SPDX-License-Identifier: GPL-2.0
/*
 * SCHED_DEADLINE (sched(7)): a thread has runtime ns of a CPU in each period, and has them within deadline ns of the period's start. They stand
 * at the head of the real-time list, the earliest deadline first. What makes the promise hold for all of them is that none has more than its
 * own: a server of constant bandwidth (Abeni and Buttazzo, RTSS 1998) for each thread. What is left of its runtime is booked as it runs; a
 * thread that has none left waits, in no queue, for its next period; and a thread that wakes gets a new deadline where the rest of its old one
 * would give it more than its share. Together they are promised no more than real time may have at all.
 */
#include <kernel/cgroup.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/ferry/linux_process.h>
#include "run_queue.h"
#include "sched.h"

#define SHARE_SHIFT	20		/* 1 is a whole CPU */

struct deadline {
	struct thread *thread;
	/* Guarded by the run queue's lock. */
	struct deadline_params params, asked;
	bool new_params;		/* asked is to be taken over */
	bool replenished;		/* it comes back for its next period, not from a sleep */
	bool overrun;			/* and had used more than its runtime */
	int64_t left_ns;		/* of its runtime, until then: */
	time_ns_t until;
	struct timer timer;		/* while it runs: when its runtime is over; while it waits: when its next period begins */
	uint64_t share;			/* of admitted; guarded by admit_lock */
};

static struct spinlock admit_lock = SPINLOCK_INIT("deadline admission");
static uint64_t admitted;

static uint64_t share_of(uint64_t runtime, uint64_t period)
{
	return period ? (uint64_t)((unsigned __int128)runtime << SHARE_SHIFT) / period : 0;
}

/* All CPUs together. */
static uint64_t share_limit(time_ns_t rt_runtime, time_ns_t rt_period)
{
	return rt_runtime == TIME_FOREVER ? UINT64_MAX : share_of(rt_runtime, rt_period) * nr_cpus;
}

bool deadline_leaves_room(time_ns_t rt_runtime, time_ns_t rt_period)
{
	return READ_ONCE(admitted) <= share_limit(rt_runtime, rt_period);
}

/* ---- The server: the run queue's lock is held ---- */

static time_ns_t next_period(const struct deadline *d)
{
	return d->until - d->params.deadline + d->params.period;
}

static void begin_anew(struct deadline *d, time_ns_t now)
{
	d->until = now + d->params.deadline;
	d->left_ns = (int64_t)d->params.runtime;
}

/* Would what is left, used up by the old deadline, be more than its share? */
static bool is_too_much(const struct deadline *d, time_ns_t now)
{
	return d->left_ns > 0 &&
	       (unsigned __int128)d->left_ns * d->params.deadline > (unsigned __int128)(d->until - now) * d->params.runtime;
}

void deadline_wake(struct thread *t)
{
	struct deadline *d = t->deadline;
	time_ns_t now = time_now();

	if (!d->replenished && (d->until <= now || is_too_much(d, now)))
		begin_anew(d, now);
	d->replenished = false;
}

/* For who used more than a period's runtime several periods pass at once. */
static void replenish(struct deadline *d, time_ns_t now)
{
	uint64_t periods = (uint64_t)-d->left_ns / d->params.runtime + 1;

	d->left_ns += (int64_t)(periods * d->params.runtime);
	d->until += periods * d->params.period;
	if (d->until <= now)
		begin_anew(d, now);
}

bool deadline_enter(struct thread *t)
{
	struct deadline *d = t->deadline;
	time_ns_t now = time_now();

	if (d->left_ns <= 0 && next_period(d) <= now)
		replenish(d, now);
	t->deadline_ns = d->until;
	if (d->left_ns > 0)
		return true;
	t->throttled = true;
	d->overrun = d->left_ns < 0;
	if (t->group)
		cgroup_count_ready(t, false);
	timer_arm(&d->timer, next_period(d));
	return false;
}

void deadline_run(struct thread *t)
{
	timer_arm(&t->deadline->timer, time_now() + (uint64_t)MAX(t->deadline->left_ns, 0ll));
}

void deadline_charge(struct thread *t, time_ns_t ns)
{
	t->deadline->left_ns -= (int64_t)ns;
}

void deadline_yield(struct thread *t)
{
	t->deadline->left_ns = MIN(t->deadline->left_ns, 0ll);
}

void deadline_take_params(struct thread *t)
{
	struct deadline *d = t->deadline;

	if (!d->new_params)
		return;
	d->new_params = false;
	d->params = d->asked;
	begin_anew(d, time_now());
}

/* Of a thread that runs. */
static void runtime_check(struct run_queue *rq, struct deadline *d, time_ns_t now)
{
	int64_t left = d->left_ns - (int64_t)(now - MIN(now, d->thread->started_ns));

	if (left > 0)
		timer_arm(&d->timer, now + (uint64_t)left);
	else
		queue_resched(rq);
}

/* In the timer interrupt. */
static void timer_run(struct timer *timer)
{
	struct deadline *d = container_of(timer, struct deadline, timer);
	struct thread *t = d->thread;
	struct run_queue *rq = thread_queue_lock(t);
	time_ns_t now = time_now();
	bool tell = false;

	if (t->throttled && now >= next_period(d)) {
		replenish(d, now);
		d->replenished = true;
		tell = d->overrun && (d->params.flags & LINUX_SCHED_FLAG_DL_OVERRUN);
		sched_release(rq, t);
	} else if (t->throttled) {
		timer_arm(timer, next_period(d));
		queue_unlock(rq);
	} else {
		if (t == rq->cpu->thread && t->policy == LINUX_SCHED_DEADLINE)
			runtime_check(rq, d, now);
		queue_unlock(rq);
	}
	if (tell)
		signal_send_process(t->process, LINUX_SIGXCPU, NULL);
}

/* ---- Who is admitted ---- */

static struct deadline *deadline_of(struct thread *t)
{
	struct deadline *d = t->deadline ? t->deadline : kzalloc(sizeof(*d));

	if (d && !t->deadline) {
		d->thread = t;
		timer_init(&d->timer, timer_run);
		t->deadline = d;
	}
	return d;
}

static int admit(struct deadline *d, uint64_t share)
{
	uint64_t flags = spin_lock_irq(&admit_lock), others = admitted - d->share;
	int err = share > d->share && others + share > share_limit(READ_ONCE(rt_runtime_ns), READ_ONCE(rt_period_ns)) ? -EBUSY : 0;

	if (!err) {
		admitted = others + share;
		d->share = share;
	}
	spin_unlock_irq(&admit_lock, flags);
	return err;
}

int deadline_ask(struct thread *t, const struct deadline_params *p)
{
	struct deadline *d = deadline_of(t);
	int err = d ? admit(d, share_of(p->runtime, p->period)) : -ENOMEM;
	struct run_queue *rq;
	uint64_t flags;

	if (err)
		return err;
	flags = irq_save();
	rq = thread_queue_lock(t);
	d->asked = *p;
	d->new_params = true;
	queue_unlock(rq);
	irq_restore(flags);
	return 0;
}

void deadline_give_up(struct thread *t)
{
	if (t->deadline)
		(void)admit(t->deadline, 0);
}

void deadline_free(struct thread *t)
{
	if (!t->deadline)
		return;
	timer_disarm(&t->deadline->timer);
	deadline_give_up(t);
	kfree(t->deadline);
}

struct deadline_params deadline_params(const struct thread *t)
{
	return t->deadline ? t->deadline->asked : (struct deadline_params){ 0 };
}
