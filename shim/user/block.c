// SPDX-License-Identifier: GPL-2.0
/*
 * User world: the process's end of the block class ("serve"; the kernel's is ipc/class/block_remote.c). Submissions are taken off the
 * ring in a batch and handed to the driver's submit(), with one commit() for each queue and batch. What the driver has no room
 * for waits here in order. Completions are published together, right before the loop's system call, in which the kernel takes them.
 */
#include <driver/class/block.h>
#include <lib/ring.h>
#include <lib/string.h>
#include <stdlib.h>
#include "include/shim/trace.h"
#include "process.h"

#define STOP_TIMEOUT_NS	5000000000ull

_Static_assert(sizeof(struct ferry_block_limits) == sizeof(struct block_limits), "limits");
_Static_assert(offsetof(struct ferry_block_limits, prefix) == offsetof(struct block_limits, prefix), "limits");
_Static_assert(sizeof(struct ferry_block_segment) == sizeof(struct dma_segment), "segment");
_Static_assert(offsetof(struct ferry_block_segment, length) == offsetof(struct dma_segment, length), "segment");

enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_STARTED };

struct block_slot {
	struct block_request rq;
	struct dma_segment segments[FERRY_BLOCK_INLINE_SEGMENTS];
	uint64_t generation;
	enum slot_state state;
};

struct block_queue {
	struct ring submit, complete;
	uint32_t depth, segments_per_tag, data_bytes_per_tag;
	const struct dma_segment *segments;	/* rows of segments_per_tag; NULL: two are enough */
	uint8_t *data;
	struct block_slot *slots;		/* by tag */
	uint32_t *waiting;			/* tags in order; a circle of depth */
	uint32_t first, nr_waiting;
	uint32_t nr_started;
};

struct block_end {
	unsigned int nr_queues;				/* the highest one that is there, and one */
	struct block_queue *queues[BLOCK_QUEUES_MAX];	/* they are the device's: units share them */
	uint32_t block_size[BLOCK_UNITS_MAX];
	bool stopping;
};

/* ---- Taking off ---- */

static void slot_fill(struct block_queue *q, const struct ferry_block_submission *s)
{
	struct block_slot *slot = &q->slots[s->tag];

	slot->rq = (struct block_request){
		.op = s->op, .flags = s->flags, .queue = s->queue, .tag = s->tag, .lba = s->lba, .nr_blocks = s->nr_blocks,
		.nr_segments = s->nr_segments, .unit = s->unit, .segments = slot->segments,
	};
	slot->generation = s->generation;
	slot->state = SLOT_WAITING;
	if (s->nr_segments > FERRY_BLOCK_INLINE_SEGMENTS)
		slot->rq.segments = &q->segments[(size_t)s->tag * q->segments_per_tag];
	else
		memcpy(slot->segments, s->segments, sizeof(slot->segments));
	q->waiting[(q->first + q->nr_waiting++) % q->depth] = s->tag;
}

static void request_overdue(struct device *dev, unsigned int queue, uint32_t tag)
{
	if (!dev->driver->block->timeout)
		device_fault(dev, "request is overdue", tag);
	dev->driver->block->timeout(dev, queue, tag);
}

static bool submission_ok(const struct block_queue *q, const struct ferry_block_submission *s)
{
	if (s->tag >= q->depth || s->unit >= BLOCK_UNITS_MAX || q->slots[s->tag].state != SLOT_FREE)
		return false;
	return s->nr_segments <= FERRY_BLOCK_INLINE_SEGMENTS || s->nr_segments <= q->segments_per_tag;
}

/* Everything there is, into slots; the ring's room is given back before anything is completed. */
static void queue_take(struct device *dev, struct block_queue *q, unsigned int queue)
{
	uint32_t overdue[8], nr_overdue = 0;
	union {
		struct ferry_block_submission s;
		struct ferry_ring_entry entry;
	} u;

	while (!ring_take(&q->submit, &u.entry)) {
		if (u.s.op == FERRY_BLOCK_OP_TIMEOUT) {
			if (nr_overdue < ARRAY_SIZE(overdue))
				overdue[nr_overdue++] = u.s.tag;
			continue;
		}
		if (!submission_ok(q, &u.s))
			device_fault(dev, "bad submission", u.s.tag);
		slot_fill(q, &u.s);
	}
	ring_release(&q->submit);
	for (uint32_t i = 0; i < nr_overdue; i++)
		if (overdue[i] < q->depth && q->slots[overdue[i]].state == SLOT_STARTED)
			request_overdue(dev, queue, overdue[i]);
}

/* ---- Starting ---- */

/* False: the driver has no room now. */
static bool slot_start(struct device *dev, struct block_queue *q, uint32_t tag)
{
	struct block_slot *slot = &q->slots[tag];
	int err;

	slot->state = SLOT_STARTED;
	q->nr_started++;
	trace_note(FERRY_TRACE_SUBMIT, slot->rq.queue, tag, slot->rq.lba);
	err = dev->driver->block->submit(dev, &slot->rq);
	if (!err || slot->state == SLOT_FREE)
		return true;
	if (err != -EBUSY) {
		block_complete(dev, slot->rq.queue, tag, err);
		return true;
	}
	slot->state = SLOT_WAITING;
	q->nr_started--;
	return false;
}

static void queue_start(struct device *dev, struct block_queue *q, unsigned int queue)
{
	bool started = false;

	while (q->nr_waiting && slot_start(dev, q, q->waiting[q->first])) {
		q->first = (q->first + 1) % q->depth;
		q->nr_waiting--;
		started = true;
	}
	if (started && dev->driver->block->commit)
		dev->driver->block->commit(dev, queue);
}

void block_run(struct device *dev)
{
	struct block_end *b = dev->block;

	for (unsigned int i = 0; b && i < b->nr_queues; i++) {
		struct block_queue *q = b->queues[i];

		if (!q)
			continue;
		ring_awake(&q->submit);
		if (!dev->quiescing)	/* what stays there is the successor's */
			queue_take(dev, q, i);
		if (q->nr_waiting)
			queue_start(dev, q, i);
	}
}

bool block_may_sleep(struct device *dev)
{
	struct block_end *b = dev->block;
	bool may = true;

	for (unsigned int i = 0; b && i < b->nr_queues; i++) {
		if (!b->queues[i])
			continue;
		ring_publish(&b->queues[i]->complete);
		may &= dev->quiescing || ring_sleep(&b->queues[i]->submit);
	}
	return may;
}

/* ---- <driver/class/block.h> ---- */

void block_complete(struct device *dev, unsigned int queue, uint32_t tag, int status)
{
	struct block_end *b = dev->block;
	union {
		struct ferry_block_completion c;
		struct ferry_ring_entry entry;
	} u = { .c = { .tag = tag, .status = status } };
	struct block_queue *q;

	trace_note(FERRY_TRACE_COMPLETE, queue, tag, (uint64_t)(int64_t)status);
	q = b && queue < BLOCK_QUEUES_MAX ? b->queues[queue] : NULL;
	if (!q || tag >= q->depth || q->slots[tag].state != SLOT_STARTED)
		device_fault(dev, "completion of a request that is not in flight", tag);
	u.c.generation = q->slots[tag].generation;
	q->slots[tag].state = SLOT_FREE;
	q->nr_started--;
	if (ring_put(&q->complete, &u.entry))
		device_fault(dev, "completion ring is full", tag);
}

static uint8_t *data_at(struct device *dev, const struct block_request *rq, uint32_t offset, uint32_t length)
{
	struct block_end *b = dev->block;
	struct block_queue *q = b->queues[rq->queue];
	uint32_t bytes = rq->nr_blocks * b->block_size[rq->unit];

	if (!q->data_bytes_per_tag || offset > bytes || length > bytes - offset || bytes > q->data_bytes_per_tag)
		return NULL;
	return q->data + (size_t)rq->tag * q->data_bytes_per_tag + offset;
}

int block_data_get(struct device *dev, const struct block_request *rq, uint32_t offset, void *to, uint32_t length)
{
	const uint8_t *from = data_at(dev, rq, offset, length);

	if (!from)
		return -ERANGE;
	memcpy(to, from, length);
	return 0;
}

int block_data_put(struct device *dev, const struct block_request *rq, uint32_t offset, const void *from, uint32_t length)
{
	uint8_t *to = data_at(dev, rq, offset, length);

	if (!to)
		return -ERANGE;
	memcpy(to, from, length);
	return 0;
}

static int queue_open(struct block_queue *q, uint8_t *base, const struct ferry_block_register *reg)
{
	int err;

	q->depth = reg->limits.queue_depth;
	q->segments_per_tag = reg->segments_per_tag;
	q->data_bytes_per_tag = reg->data_bytes_per_tag;
	q->slots = calloc(q->depth, sizeof(*q->slots));
	q->waiting = calloc(q->depth, sizeof(*q->waiting));
	if (!q->slots || !q->waiting)
		return -ENOMEM;
	q->segments = (const struct dma_segment *)(base + reg->segment_offset);
	q->data = base + reg->data_offset;
	err = ring_init(&q->submit, base + reg->submit_offset, ring_bytes(reg->submit_entries), reg->submit_entries);
	if (err)
		return err;
	return ring_init(&q->complete, base + reg->complete_offset, ring_bytes(reg->complete_entries), reg->complete_entries);
}

/* Memory that stays behind on failure goes with the process, which does not outlive it. */
static int queues_open(struct block_end *b, const struct ferry_block_register *reg)
{
	uint8_t *base = (uint8_t *)(uintptr_t)reg->region;
	int err = 0;

	for (unsigned int i = 0; !err && i < BLOCK_QUEUES_MAX; i++) {
		struct block_queue *q;

		if (!(reg->new_queues & 1u << i))
			continue;
		q = calloc(1, sizeof(*q));
		if (!q)
			return -ENOMEM;
		err = queue_open(q, base, reg);
		base += reg->queue_stride;
		b->queues[i] = q;
		b->nr_queues = b->nr_queues > i ? b->nr_queues : i + 1;
	}
	return err;
}

int block_register(struct device *dev, const struct block_limits *limits)
{
	struct ferry_block_register reg = { .abi = ABI(ferry_block_register) };
	struct block_end *b = dev->block;
	int err;

	if (b && b->stopping)
		return -EBUSY;
	if (!b)
		b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	memcpy(&reg.limits, limits, sizeof(reg.limits));
	err = (int)driver_call(NR_ferry_class_register, DEVICE_FD, user_address(&reg), 0, 0);
	trace_note(FERRY_TRACE_REGISTER, 0, dev->driver->manifest.class_id, (uint64_t)(int64_t)err);
	if (!err)
		err = queues_open(b, &reg);
	if (err) {
		if (!dev->block)
			free(b);
		return err;
	}
	b->block_size[reg.limits.unit] = reg.limits.block_size;
	dev->block = b;
	return 0;
}

void block_resize_unit(struct device *dev, unsigned int unit, uint64_t nr_blocks)
{
	struct ferry_class_update u = { .abi = ABI(ferry_class_update), .nr_blocks = nr_blocks, .unit = unit };

	(void)dev;
	driver_call(NR_ferry_class_update, DEVICE_FD, user_address(&u), 0, 0);
}

void block_resize(struct device *dev, uint64_t nr_blocks)
{
	block_resize_unit(dev, 0, nr_blocks);
}

void block_unregister_unit(struct device *dev, unsigned int unit)
{
	if (dev->block)
		driver_call(NR_ferry_class_unregister, DEVICE_FD, FERRY_UNREGISTER_UNIT, unit, 0);
}

static bool block_is_idle(const struct block_end *b)
{
	for (unsigned int i = 0; i < b->nr_queues; i++)
		if (b->queues[i] && (b->queues[i]->nr_started || b->queues[i]->nr_waiting))
			return false;
	return true;
}

bool block_is_quiet(const struct device *dev)
{
	return !dev->block || block_is_idle(dev->block);
}

/* No new ones come; what is in flight is finished by the loop, as before; then the kernel lets the disk go. */
void block_unregister(struct device *dev)
{
	struct block_end *b = dev->block;
	uint64_t deadline = time_now_ns() + STOP_TIMEOUT_NS;

	if (!b)
		return;
	b->stopping = true;
	driver_call(NR_ferry_class_unregister, DEVICE_FD, FERRY_UNREGISTER_STOP, 0, 0);
	block_run(dev);
	while (!block_is_idle(b) && time_now_ns() < deadline)
		event_step(dev, time_now_ns() + 10000000);
	block_may_sleep(dev);	/* publish the last ones */
	driver_call(NR_ferry_class_unregister, DEVICE_FD, FERRY_UNREGISTER_FINISH, 0, 0);
	dev->block = NULL;
}
