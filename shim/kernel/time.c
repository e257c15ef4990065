// SPDX-License-Identifier: GPL-2.0
/* Kernel world: the clock, bounded waits and one timer for each strand (<driver/time.h>). */
#include <driver/time.h>
#include <kernel/device.h>
#include <kernel/driver_time.h>
#include <kernel/thread.h>
#include <kernel/trace.h>

#define WAIT_MAX_US	10000000u
#define POLL_FIRST_US	10u
#define POLL_MAX_US	1000u
#define BUSY_MAX_US	50u	/* shorter waits are not worth a switch */

uint64_t time_now_us(void)
{
	return time_now() / NSEC_PER_USEC;
}

void time_wait_us(struct device *dev, uint32_t us)
{
	time_ns_t until;

	us = MIN(us, WAIT_MAX_US);
	until = time_now() + us * NSEC_PER_USEC;
	if (us <= BUSY_MAX_US) {
		time_delay_us(us);
		return;
	}
	while (time_now() < until)
		sleep_until(until, false);
}

int time_poll(struct device *dev, bool (*done)(void *arg), void *arg, uint32_t timeout_us)
{
	time_ns_t deadline = time_now() + timeout_us * NSEC_PER_USEC;
	uint32_t pause_us = POLL_FIRST_US;

	while (!done(arg)) {
		if (time_now() >= deadline)
			return done(arg) ? 0 : -ETIMEDOUT;
		time_wait_us(dev, pause_us);
		pause_us = MIN(pause_us * 2, POLL_MAX_US);
	}
	return 0;
}

/* Set again or cancelled while it was on its way here: then armed or timer_due tell. */
static void strand_timer(struct timer *t)
{
	struct strand *s = container_of(t, struct strand, timer);
	struct device *dev = s->dev;
	bool run;

	strand_lock(s);
	run = s->timer_due && !t->armed;
	if (run)
		s->timer_due = false;
	if (run && trace_on(FERRY_TRACE_DRIVER))
		trace_driver(dev, FERRY_TRACE_TIMER, s->number, 0);
	driver_enter(s);
	if (run && !dev->faulted && dev->driver && dev->driver->timer)
		dev->driver->timer(dev, s->number);
	driver_leave(s);
	strand_unlock(s);
}

void timer_set(struct device *dev, unsigned int strand, uint64_t us)
{
	struct strand *s;

	if (strand >= dev->nr_strands) {
		device_fault(dev, "timer of a strand that is not there", strand);
		return;
	}
	s = &dev->strands[strand];
	if (!s->timer.fn)
		timer_init(&s->timer, strand_timer);
	s->timer_due = true;
	timer_arm(&s->timer, time_now() + us * NSEC_PER_USEC);
}

/* The clock's timer stays armed: disarming would wait for a callback that waits for this strand. */
void timer_cancel(struct device *dev, unsigned int strand)
{
	if (strand < dev->nr_strands)
		dev->strands[strand].timer_due = false;
}
