// SPDX-License-Identifier: GPL-2.0
/* User world: time (<driver/time.h>). Timers are deadlines of the event loop; waiting is the same system call with nothing but a deadline. */
#include <driver/time.h>
#include <shim/trace.h>
#include "process.h"

#define WAIT_MAX_US	10000000u
#define POLL_FIRST_US	10u
#define POLL_LAST_US	1000u

uint64_t time_now_ns(void)
{
	return (uint64_t)driver_call(NR_ferry_get_time, 0, 0, 0, 0);
}

uint64_t time_now_us(void)
{
	return time_now_ns() / 1000;
}

void time_wait_us(struct device *dev, uint32_t us)
{
	uint64_t deadline;

	if (us > WAIT_MAX_US)
		us = WAIT_MAX_US;
	deadline = time_now_ns() + us * 1000ull;
	while (time_now_ns() < deadline)
		if (driver_call(NR_ferry_driver_wait, 0, 0, deadline, FERRY_WAIT_SLEEP))
			process_end(124);
}

int time_poll(struct device *dev, bool (*done)(void *arg), void *arg, uint32_t timeout_us)
{
	uint64_t deadline = time_now_us() + timeout_us;
	uint32_t wait_us = POLL_FIRST_US;
	bool last;

	for (;;) {
		last = time_now_us() >= deadline;
		if (done(arg))
			return 0;
		if (last)
			return -ETIMEDOUT;
		time_wait_us(dev, wait_us);
		wait_us = wait_us * 2 < POLL_LAST_US ? wait_us * 2 : POLL_LAST_US;
	}
}

void timer_set(struct device *dev, unsigned int strand, uint64_t us)
{
	if (strand >= dev->nr_strands)
		device_fault(dev, "timer of a strand that does not exist", strand);
	dev->timers[strand] = us < NEVER / 2000 ? time_now_ns() + us * 1000 : NEVER - 1;
}

void timer_cancel(struct device *dev, unsigned int strand)
{
	if (strand < dev->nr_strands)
		dev->timers[strand] = NEVER;
}

uint64_t timers_next(const struct device *dev)
{
	uint64_t next = NEVER;

	for (unsigned int i = 0; i < dev->nr_strands; i++)
		if (dev->timers[i] < next)
			next = dev->timers[i];
	return next;
}

void timers_run(struct device *dev, uint64_t now_ns)
{
	for (unsigned int i = 0; i < dev->nr_strands; i++) {
		if (dev->timers[i] > now_ns)
			continue;
		dev->timers[i] = NEVER;
		trace_note(FERRY_TRACE_TIMER, 0, i, 0);
		if (dev->driver->timer)
			dev->driver->timer(dev, i);
	}
}
