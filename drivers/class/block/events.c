// SPDX-License-Identifier: GPL-2.0
/*
 * Disks that come and go while their driver runs. A driver learns of them on a strand, where nothing may sleep; a thread does the rest, in
 * the order in which it was told. It never waits with bind_lock held: a moved driver needs that to complete what is in flight.
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/slab.h>
#include "core.h"

#define LEAVE_MS	5000u

struct block_event {
	struct list link;
	struct device *dev;		/* counted */
	uint64_t generation;
	unsigned int unit;
	bool add;
	struct block_limits limits;
};

static struct spinlock events_lock = SPINLOCK_INIT("block_events");
static struct list events = LIST_INIT(events);
static struct wait_queue events_wait = WAIT_QUEUE_INIT(events_wait, "block_events");

int block_event_add(struct device *dev, unsigned int unit, const struct block_limits *limits)
{
	struct block_event *e = kzalloc(sizeof(*e));
	uint64_t flags;

	if (!e)
		return -ENOMEM;
	device_get(dev);
	e->dev = dev;
	e->generation = dev->generation;
	e->unit = unit;
	e->add = limits;
	if (limits)
		e->limits = *limits;
	flags = spin_lock_irq(&events_lock);
	list_append(&events, &e->link);
	spin_unlock_irq(&events_lock, flags);
	wait_wake(&events_wait, 0);
	return 0;
}

static struct block_event *event_take(void)
{
	uint64_t flags = spin_lock_irq(&events_lock);
	struct block_event *e = NULL;

	if (!list_empty(&events)) {
		e = list_first(&events, struct block_event, link);
		list_del(&e->link);
	}
	spin_unlock_irq(&events_lock, flags);
	return e;
}

/* True: seen to, or the driver is not the one who said it. */
static bool event_try(struct block_event *e)
{
	struct device *dev = e->dev;
	bool done = true;
	int err;

	mutex_lock(&dev->bind_lock);
	if (dev->generation == e->generation && dev->placement != PLACED_NONE && !dev->faulted) {
		done = block_unit_del(dev, e->unit);
		if (done && e->add) {
			err = block_unit_add(dev, &e->limits);
			if (err)
				log_err("block %s: unit=%u not added: %d", dev->name, e->unit, err);
		}
	}
	mutex_unlock(&dev->bind_lock);
	return done;
}

static void event_handle(struct block_event *e)
{
	time_ns_t deadline = time_now() + LEAVE_MS * NSEC_PER_MSEC;

	while (!event_try(e)) {
		if (time_now() > deadline) {
			device_fault(e->dev, "requests of a disk that is gone were not completed, unit", e->unit);
			break;
		}
		sleep_until(time_now() + NSEC_PER_MSEC, false);
	}
	device_put(e->dev);
	kfree(e);
}

static void events_thread(void *arg)
{
	struct block_event *e;

	for (;;) {
		wait_event(&events_wait, !list_empty(&events), TIME_FOREVER, false);
		while ((e = event_take()))
			event_handle(e);
	}
}

static int block_events_init(void)
{
	struct thread *t = thread_create("block-events", events_thread, NULL, SCHED_FAIR);

	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	thread_start(t);
	return 0;
}
INITCALL("2fs", block_events_init);
