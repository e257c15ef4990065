// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of the misc class. A caller's thread takes a tag, hands its request to the driver under strand 0 and waits for the completion, so
 * there is no queue and no callback. With MISC_REPEATABLE, and a successor on its way, a request whose driver died is run again by its own
 * thread; otherwise it ends with -EIO.
 *
 * A signal ends the wait, not the request: the driver is asked to end that too, and it keeps its tag and its bytes until it does, by the time
 * at which it would have been overdue. The call starts again after the signal only where doing it twice is doing it once. Lock: strand 0.
 */
#include <kernel/driver_time.h>
#include <kernel/log.h>
#include <kernel/signal.h>
#include <mm/slab.h>
#include "core.h"

#define TIMEOUT_DEFAULT_MS	5000u
#define DRIVER_WAIT_NS		(30 * NSEC_PER_SEC)	/* for a tag, or for the next driver: whoever gives up on it says so */
#define GRACE_NS		(1 * NSEC_PER_SEC)	/* for timeout() to complete what is overdue */
#define ATTEMPTS_MAX		3u	/* a request that ends its driver so often is to blame */

struct misc_item *misc_item_create(const struct misc_request *rq)
{
	struct misc_item *item = kzalloc(sizeof(*item) + rq->length);

	if (!item)
		return NULL;
	ref_init(&item->ref);
	item->rq = *rq;
	return item;
}

void misc_item_put(struct misc_item *item)
{
	if (ref_put(&item->ref))
		kfree(item);
}

/* Whatever comes for this tag from now on finds no request. Under the strand. */
static void tag_give(struct misc_device *md, uint32_t tag)
{
	struct misc_item *item = md->items[tag];

	md->items[tag] = NULL;
	misc_item_put(item);
}

static int tag_take(struct misc_device *md, struct misc_item *item)
{
	for (uint32_t tag = 0; tag < md->limits.depth; tag++) {
		if (md->items[tag])
			continue;
		item->rq.tag = tag;
		item->state = ITEM_FLYING;
		ref_get(&item->ref);
		md->items[tag] = item;
		return 0;
	}
	return -EAGAIN;
}

static void __cold item_trace(const struct device *dev, const struct misc_request *rq)
{
	TRACE_SIZE(CLASS, ISSUE, rq->op, FERRY_TRACE_REQUEST(dev->id, 0, rq->tag), 0);
	if (trace_on(FERRY_TRACE_DRIVER))
		trace_driver(dev, FERRY_TRACE_SUBMIT, rq->tag, rq->position);
}

static void __cold completion_trace(const struct device *dev, uint32_t tag, int64_t result)
{
	if (trace_on(FERRY_TRACE_DRIVER))
		trace_driver(dev, FERRY_TRACE_COMPLETE, tag, (uint64_t)result);
	TRACE(CLASS, COMPLETE, FERRY_TRACE_REQUEST(dev->id, 0, tag), result);
}

static time_ns_t timeout_ns(const struct misc_device *md)
{
	uint32_t ms = md->limits.request_timeout_ms;

	return (ms ? ms : TIMEOUT_DEFAULT_MS) * NSEC_PER_MSEC;
}

/* 0 started (or done), -EAGAIN: no tag or no driver now, -ENODEV: nevermore. */
static int item_try(struct misc_device *md, struct misc_item *item)
{
	struct device *dev = md->dev;
	struct strand *s = strand_of(md);
	int err = -EAGAIN;

	strand_lock(s);
	if (md->gone)
		err = -ENODEV;
	else if (md->alive && !dev->faulted && dev->misc)
		err = tag_take(md, item);
	if (!err) {
		item->deadline = time_now() + timeout_ns(md);
		dev->counters.requests++;
		if (trace_on(FERRY_TRACE_CLASS | FERRY_TRACE_DRIVER))
			item_trace(dev, &item->rq);
		driver_enter(s);
		err = dev->misc->submit(dev, &item->rq);
		driver_leave(s);
		if (err && md->items[item->rq.tag] == item) {
			item->state = ITEM_DONE;
			item->result = err;
			tag_give(md, item->rq.tag);
		}
		err = 0;
	}
	strand_unlock(s);
	return err;
}

static int item_start(struct misc_device *md, struct misc_item *item)
{
	int err = -EAGAIN, timed_out;

	timed_out = wait_event(&md->wait, (err = item_try(md, item)) != -EAGAIN, time_now() + DRIVER_WAIT_NS, true);
	if (err != -EAGAIN)
		return err;
	return timed_out == -EINTR ? -EINTR : -EIO;
}

/* Ask the driver to end it. Under the strand. */
static void driver_ask(struct misc_device *md, struct misc_item *item)
{
	struct device *dev = md->dev;

	if (item->state == ITEM_FLYING && !dev->faulted && dev->misc && dev->misc->timeout)
		dev->misc->timeout(dev, item->rq.tag);
}

static void item_overdue(struct misc_device *md, struct misc_item *item)
{
	strand_lock(strand_of(md));
	driver_ask(md, item);
	strand_unlock(strand_of(md));
}

/* True: it was still in flight. */
static bool item_withdraw(struct misc_device *md, struct misc_item *item)
{
	struct strand *s = strand_of(md);
	bool flying;

	strand_lock(s);
	flying = item->state == ITEM_FLYING;
	if (flying)
		tag_give(md, item->rq.tag);
	strand_unlock(s);
	return flying;
}

/* A signal came for its caller. False: it has just ended. */
static bool item_abandon(struct misc_device *md, struct misc_item *item)
{
	struct strand *s = strand_of(md);
	bool flying;

	strand_lock(s);
	flying = item->state == ITEM_FLYING;
	item->abandoned = flying;
	driver_ask(md, item);
	if (flying && (!md->overdue.armed || item->deadline + GRACE_NS < md->overdue.deadline))
		timer_arm(&md->overdue, item->deadline + GRACE_NS);
	strand_unlock(s);
	return flying;
}

/* Nobody waits for abandoned requests, so nobody else sees that the driver does not end one. */
void misc_abandoned_check(struct timer *t)
{
	struct misc_device *md = container_of(t, struct misc_device, overdue);
	time_ns_t now = time_now(), next = TIME_FOREVER;
	bool late = false;

	strand_lock(strand_of(md));
	for (uint32_t tag = 0; tag < MISC_DEPTH_MAX; tag++) {
		const struct misc_item *item = md->items[tag];

		if (!item || !item->abandoned)
			continue;
		late |= item->deadline + GRACE_NS <= now;
		next = MIN(next, item->deadline + GRACE_NS);
	}
	if (late)
		device_fail(md->dev, "an abandoned request is overdue");
	else if (next != TIME_FOREVER)
		timer_arm(t, next);
	strand_unlock(strand_of(md));
}

/* 0: it has ended, or its driver has; -EINTR: not yet, but a signal has come. */
static int item_wait(struct misc_device *md, struct misc_item *item)
{
	int err = wait_event(&md->wait, READ_ONCE(item->state) != ITEM_FLYING, item->deadline, true);

	if (!err)
		return 0;
	if (err == -EINTR)
		return item_abandon(md, item) ? -EINTR : 0;
	item_overdue(md, item);
	(void)wait_event(&md->wait, READ_ONCE(item->state) != ITEM_FLYING, time_now() + GRACE_NS, false);
	if (!item_withdraw(md, item))
		return 0;
	item->state = ITEM_DONE;
	item->result = -ETIMEDOUT;
	device_fail(md->dev, "a request is overdue");
	return 0;
}

int64_t misc_item_run(struct misc_device *md, struct misc_item *item)
{
	unsigned int deaths = 0;
	int err;

	while (deaths < ATTEMPTS_MAX) {
		err = item_start(md, item);
		if (err)
			return err;
		if (item_wait(md, item))
			return md->limits.flags & MISC_REPEATABLE ? -EINTR : -EINTR_FINAL;
		if (item->state == ITEM_DONE)
			return item->result;
		deaths += !READ_ONCE(md->dev->killed);
	}
	return -EIO;
}

void misc_complete(struct device *dev, uint32_t tag, int64_t result)
{
	struct misc_device *md = dev->misc_device;
	struct misc_item *item = md && tag < md->limits.depth ? md->items[tag] : NULL;

	if (trace_on(FERRY_TRACE_CLASS | FERRY_TRACE_DRIVER))
		completion_trace(dev, tag, result);
	if (!item || result < -4095 || (item->rq.op != MISC_IOCTL && result > (int64_t)item->rq.length)) {
		device_fault(dev, "misc: completion that does not fit a request", tag);
		return;
	}
	if (result < 0)
		dev->counters.errors++;
	else
		dev->counters.bytes += item->rq.length;
	if (READ_ONCE(dev->moments[RESTART_FAULT]))
		device_restarted(dev);
	item->result = result;
	WRITE_ONCE(item->state, ITEM_DONE);
	tag_give(md, tag);
	wait_wake(&md->wait, 0);
}

void *misc_data_at(struct device *dev, const struct misc_request *rq, uint32_t offset, uint32_t length)
{
	struct misc_device *md = dev->misc_device;
	struct misc_item *item = md && rq->tag < md->limits.depth ? md->items[rq->tag] : NULL;

	if (!item || offset > item->rq.length || length > item->rq.length - offset)
		return NULL;
	dev->counters.copied_bytes += length;
	return item->data + offset;
}

void misc_items_end(struct misc_device *md, bool again, int status)
{
	for (uint32_t tag = 0; tag < MISC_DEPTH_MAX; tag++) {
		struct misc_item *item = md->items[tag];

		if (!item)
			continue;
		item->result = status;
		WRITE_ONCE(item->state, again ? ITEM_ORPHANED : ITEM_DONE);
		tag_give(md, tag);
	}
	wait_wake(&md->wait, 0);
}
