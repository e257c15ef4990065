// SPDX-License-Identifier: GPL-2.0
/*
 * Sleeping: a thread marks itself, looks at what it waits for, and goes off its CPU until it is woken or a timer fires. A wake may come
 * for an older reason: everybody looks again. No locks of its own; the state is the run queue's (kernel/sched.c).
 */
#include <kernel/debug.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include "sched.h"

struct sleep_timer {
	struct timer timer;
	struct thread *thread;
};

static void sleep_timer_fire(struct timer *timer)
{
	struct thread *t = container_of(timer, struct sleep_timer, timer)->thread;

	t->woken_by_timeout = true;
	sched_wake(t);
}

/* The store must be seen before the caller looks at its condition: whoever makes that true looks at the state afterwards. */
void sleep_prepare(enum sleep_end interruptible)
{
	struct thread *t = current;

	t->interruptible = interruptible;
	t->woken_by_timeout = false;
	WRITE_ONCE(t->state, THREAD_SLEEPING);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void sleep_cancel(void)
{
	WRITE_ONCE(current->state, THREAD_RUNNING);
}

static void block_until(time_ns_t deadline)
{
	struct sleep_timer s = { .thread = current };

	timer_init(&s.timer, sleep_timer_fire);
	timer_arm(&s.timer, deadline);
	sched_block();
	timer_disarm(&s.timer);
}

static bool sleep_is_over(const struct thread *t)
{
	return t->interruptible == SLEEP_SIGNAL ? signal_interrupts() : unlikely(t->interruptible) && thread_is_dying();
}

int schedule_timeout(time_ns_t deadline)
{
	struct thread *t = current;

	debug_may_sleep();
	if (unlikely(t->sclass == SCHED_IDLE_CLASS))
		panic("the idle thread sleeps");
	if (sleep_is_over(t)) {
		sleep_cancel();
		return -EINTR;
	}
	if (deadline == TIME_FOREVER) {
		sched_block();
	} else if (deadline > time_now()) {
		block_until(deadline);
	} else {
		sleep_cancel();
		return -ETIMEDOUT;
	}
	if (t->woken_by_timeout)
		return -ETIMEDOUT;
	return sleep_is_over(t) ? -EINTR : 0;
}

int sleep_until(time_ns_t deadline, bool interruptible)
{
	int err;

	do {
		sleep_prepare(interruptible);
		err = schedule_timeout(deadline);
	} while (!err);
	return err == -ETIMEDOUT ? 0 : err;
}
