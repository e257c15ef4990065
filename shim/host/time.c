// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual time and the event loop of the host world. The clock moves only when a driver waits or a test runs a device; everything that
 * is ready is served before it moves.
 */
#include <driver/time.h>
#include "device.h"

#define POLL_FIRST_US	10
#define POLL_LAST_US	1000
#define SETTLE_MAX	100000	/* rounds; a device and a driver that keep each other busy for ever */

static uint64_t clock_us = 1000000;
static uint32_t late_us;

uint64_t time_now_us(void)
{
	return clock_us;
}

uint64_t host_clock_us(void)
{
	return clock_us;
}

void host_timers_late(uint32_t us)
{
	late_us = us;
}

static bool model_tick(struct device *dev)
{
	const struct host_model_ops *ops = dev->setup.ops;

	return ops && ops->tick && ops->tick(dev->setup.model);
}

static void clock_move(struct device *dev, uint32_t us)
{
	if (!dev->probing)
		host_misuse(dev, "waiting outside probe and remove");
	clock_us += us;
	model_tick(dev);
}

/* Short waits are spun on a machine, whatever else it does. */
void time_wait_us(struct device *dev, uint32_t us)
{
	clock_move(dev, us < POLL_LAST_US ? us : us + late_us);
}

int time_poll(struct device *dev, bool (*done)(void *arg), void *arg, uint32_t timeout_us)
{
	uint64_t deadline = clock_us + timeout_us;
	uint32_t step = POLL_FIRST_US, last = late_us > POLL_LAST_US ? late_us : POLL_LAST_US;

	while (!done(arg)) {
		if (clock_us > deadline)
			return -ETIMEDOUT;
		clock_move(dev, step);
		step = step * 2 > last ? last : step * 2;
	}
	return 0;
}

void timer_set(struct device *dev, unsigned int strand, uint64_t us)
{
	if (strand >= dev->nr_strands)
		host_misuse(dev, "timer_set on a strand that does not exist");
	else if (!dev->failed)
		dev->timers[strand] = clock_us + us + 1 + (us ? late_us : 0);
}

void timer_cancel(struct device *dev, unsigned int strand)
{
	if (strand >= dev->nr_strands)
		host_misuse(dev, "timer_cancel on a strand that does not exist");
	else
		dev->timers[strand] = 0;
}

static bool timers_serve(struct device *dev)
{
	bool served = false;

	for (unsigned int i = 0; i < dev->nr_strands && dev->bound && !dev->failed; i++) {
		if (!dev->timers[i] || dev->timers[i] > clock_us)
			continue;
		dev->timers[i] = 0;
		if (dev->driver->timer)
			dev->driver->timer(dev, i);
		served = true;
	}
	return served;
}

void host_settle(struct device *dev)
{
	for (unsigned int round = 0; round < SETTLE_MAX; round++) {
		bool busy = model_tick(dev);

		busy = host_irq_serve(dev) || busy;
		busy = timers_serve(dev) || busy;
		busy = host_block_serve(dev) || busy;
		if (!busy)
			return;
	}
	host_misuse(dev, "driver and device keep each other busy for ever");
}

/* When something happens next, at most @limit. */
static uint64_t next_event(const struct device *dev, uint64_t limit)
{
	uint64_t next = host_block_deadline(dev);

	if (!next || next > limit)
		next = limit;
	for (unsigned int i = 0; i < dev->nr_strands; i++) {
		if (dev->timers[i] && dev->timers[i] < next)
			next = dev->timers[i];
	}
	return next > clock_us ? next : clock_us;
}

void host_run(struct device *dev, uint64_t us)
{
	uint64_t end = clock_us + us;

	host_settle(dev);
	while (clock_us < end) {
		clock_us = next_event(dev, end);
		host_block_overdue(dev);
		host_settle(dev);
	}
}
