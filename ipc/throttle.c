// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU budget of a driver process: so many microseconds in each period. A timer comes when the quota can be used up at the earliest; a
 * thread that has used it does not go back to user mode before the next period begins (PROCESS_THROTTLED), whatever its class. What the
 * kernel does for it meanwhile, interrupts among them, goes on; what its own calls took too much it pays back in the periods that follow.
 * throttle_lock guards the periods; it is taken in interrupts.
 */
#include <kernel/budget.h>
#include <kernel/process.h>
#include "moved.h"

#define DEBT_NS		NSEC_PER_SEC
#define STEP_MIN_NS	(200 * NSEC_PER_USEC)	/* the timer comes no sooner than this again */

static struct spinlock throttle_lock = SPINLOCK_INIT("driver throttle");

/* The thread's time up to now; what runs is booked at its next tick only. */
time_ns_t moved_cpu_time(const struct moved *m, time_ns_t now)
{
	const struct thread *t = m->thread;
	time_ns_t since = READ_ONCE(t->started_ns), booked = READ_ONCE(t->runtime_ns);

	booked += READ_ONCE(t->state) == THREAD_RUNNING && now > since ? now - since : 0;
	return booked - MIN(booked, READ_ONCE(m->poll.polled_ns));
}

static void hold_back(struct moved *m)
{
	struct process *p = m->process;

	if (__atomic_fetch_or(&p->attention, PROCESS_THROTTLED, __ATOMIC_SEQ_CST) & PROCESS_THROTTLED)
		return;
	budget_exceeded(m->dev, FERRY_BUDGET_CPU);
	if (READ_ONCE(m->thread->state) == THREAD_RUNNING)
		sched_interrupt(m->thread);
}

static void let_go(struct moved *m)
{
	struct process *p = m->process;

	if (__atomic_fetch_and(&p->attention, ~PROCESS_THROTTLED, __ATOMIC_SEQ_CST) & PROCESS_THROTTLED)
		wait_wake(&p->state_wait, 0);
}

static void period_begin(struct moved *m, time_ns_t now, time_ns_t used, time_ns_t period)
{
	m->throttle.period_end = now + period;
	m->throttle.used_before = used;
	let_go(m);
}

/* What a system call took, or a look that came late, beyond the quota of @periods: it is paid back, in a second at most. */
static time_ns_t debt(time_ns_t used, time_ns_t quota, uint64_t periods, time_ns_t period)
{
	time_ns_t due = quota * periods;

	return used > due ? MIN(used - due, quota * MAX(DEBT_NS / period, 1ull)) : 0;
}

/* One look; the lock is held. The next time to look, or TIME_FOREVER: there is no limit any more. */
static time_ns_t period_step(struct moved *m, time_ns_t now)
{
	time_ns_t period = READ_ONCE(m->dev->budget.cpu_period_us) * NSEC_PER_USEC;
	time_ns_t quota = READ_ONCE(m->dev->budget.items[FERRY_BUDGET_CPU].limit) * NSEC_PER_USEC;
	time_ns_t total = moved_cpu_time(m, now), used = total - MIN(total, m->throttle.used_before);

	if (!quota || !period) {
		let_go(m);
		return TIME_FOREVER;
	}
	if (now >= m->throttle.period_end) {
		WRITE_ONCE(m->dev->budget.items[FERRY_BUDGET_CPU].used, used / NSEC_PER_USEC);
		used = debt(used, quota, 1 + (now - m->throttle.period_end) / period, period);
		period_begin(m, now, total - used, period);
	}
	if (used >= quota) {
		hold_back(m);
		return m->throttle.period_end;
	}
	return MIN(m->throttle.period_end, now + MAX(quota - used, STEP_MIN_NS));
}

static void throttle_run(struct timer *t)
{
	struct moved *m = container_of(t, struct moved, throttle.timer);
	uint64_t flags = spin_lock_irq(&throttle_lock);
	time_ns_t next = m->throttle.running ? period_step(m, time_now()) : TIME_FOREVER;

	m->throttle.running = next != TIME_FOREVER;
	if (m->throttle.running)
		timer_arm(t, next);
	spin_unlock_irq(&throttle_lock, flags);
}

void throttle_update(struct moved *m)
{
	uint64_t flags = spin_lock_irq(&throttle_lock);
	time_ns_t now = time_now();

	if (!m->throttle.ended && !m->throttle.running && READ_ONCE(m->dev->budget.items[FERRY_BUDGET_CPU].limit)) {
		m->throttle.running = true;
		m->throttle.period_end = now;
		m->throttle.used_before = moved_cpu_time(m, now);
		timer_arm(&m->throttle.timer, now);
	}
	spin_unlock_irq(&throttle_lock, flags);
}

void throttle_add(struct moved *m)
{
	timer_init(&m->throttle.timer, throttle_run);
	throttle_update(m);
}

/* For good: it ends. */
void throttle_del(struct moved *m)
{
	uint64_t flags = spin_lock_irq(&throttle_lock);

	m->throttle.running = false;
	m->throttle.ended = true;
	spin_unlock_irq(&throttle_lock, flags);
	timer_disarm(&m->throttle.timer);
	let_go(m);
}
