/* SPDX-License-Identifier: GPL-2.0 */
/* The misc class's own: its device and its requests (misc_request.c); the file and its coming and going are misc.c. */
#ifndef MISC_CORE_H
#define MISC_CORE_H

#include <driver/class/misc.h>
#include <kernel/device.h>
#include <kernel/wait.h>

enum item_state { ITEM_FLYING, ITEM_DONE, ITEM_ORPHANED };

/* Its caller and its tag hold references. */
struct misc_item {
	struct ref ref;
	struct misc_request rq;
	int64_t result;
	time_ns_t deadline;	/* of the driver's */
	enum item_state state;	/* guarded by the strand, as is the next */
	bool abandoned;		/* nobody waits for it */
	uint8_t data[];
};

struct misc_device {
	struct ref ref;
	struct list link;		/* guarded by misc_lock */
	struct device *dev;		/* counted */
	struct misc_limits limits;
	unsigned int index, minor;
	char name[24];
	struct wait_queue wait;		/* for completions, free tags and a driver */
	/* Guarded by the strand. */
	bool alive;			/* a driver is there */
	bool gone;			/* and none will come: the node is removed */
	struct misc_item *items[MISC_DEPTH_MAX];	/* by tag */
	struct timer overdue;		/* looks at abandoned ones */
};

static inline struct strand *strand_of(struct misc_device *md)
{
	return &md->dev->strands[0];
}

/* A request for its caller, with rq.length zeroed bytes; NULL: no memory. put() by the caller. */
struct misc_item *misc_item_create(const struct misc_request *rq);
void misc_item_put(struct misc_item *item);
/* Have it done: what the driver says of it, -EIO, -ETIMEDOUT, -ENODEV; -EINTR or -EINTR_FINAL for a signal. May sleep. */
int64_t misc_item_run(struct misc_device *md, struct misc_item *item);
/* Nothing comes back to what is in flight: it is run again (@again), or ends with @status. Under the strand. */
void misc_items_end(struct misc_device *md, bool again, int status);
/* For the timer overdue. */
void misc_abandoned_check(struct timer *t);

#endif
