// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a request: an io waits, is cut into pieces, each piece gets a tag and goes to the driver, is kept until the driver completes
 * it, and when the last piece is done the io's done() runs, without the strand, so that nothing called from it meets a driver on the
 * stack. The core believes nothing a driver says: a tag that is not in flight fails the device.
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/slab.h>
#include "core.h"

#define RETRY_NS		NSEC_PER_MSEC	/* the driver is full and nothing of ours is in flight */

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* ---- Ends: strand held ---- */

static void io_stats(struct block_queue *q, const struct block_io *io)
{
	struct block_stats *stats = &io->disk->stats[q->number];
	struct block_latency *latency = io->disk->latency[q->number];
	time_ns_t ns = time_now() - io->started_ns;

	stats->ios[io->op]++;
	stats->sectors[io->op] += (uint64_t)io->nr_blocks * io->disk->limits.block_size / 512;
	stats->ns[io->op] += ns;
	if (likely(latency))
		latency->ios[io->op][MIN(63u - (unsigned int)__builtin_clzll(ns | 1), BLOCK_LATENCY_BUCKETS - 1)]++;
}

/* The last share of the io is over. FUA on a disk that only knows flush goes round once more. */
static void io_over(struct block_queue *q, struct block_io *io)
{
	if (io->flush_after && !io->status) {
		io->flush_after = false;
		io->flushing = true;
		io->pieces_left = 1;
		list_append(&q->waiting, &io->link);
	} else {
		io_stats(q, io);
		TRACE(CLASS, END, io->number, io->status);
		list_append(&q->finished, &io->link);
	}
	q->strand->deferred_due = true;
}

static inline void piece_done(struct block_queue *q, struct block_io *io, int status)
{
	if (unlikely(status) && !io->status)
		io->status = status;
	if (!--io->pieces_left)
		io_over(q, io);
}

void block_piece_done(struct block_queue *q, struct block_io *io, int status)
{
	piece_done(q, io, status);
}

static void slot_free(struct block_queue *q, struct block_slot *slot)
{
	slot->state = SLOT_FREE;
	slot->io = NULL;
	q->free[q->nr_free++] = (uint16_t)slot->rq.tag;
	/* The next piece of the same io may wait for just this tag: nothing else would come round for it. */
	if (!list_empty(&q->waiting))
		q->strand->deferred_due = true;
}

void block_slot_unmap(struct block_queue *q, struct block_slot *slot, int status)
{
	dma_unmap_segments(q->dev, slot->segments, slot->rq.nr_segments);
	if (unlikely(slot->bounced))
		block_bounce_end(slot, !status);
}

void block_slot_finish(struct block_queue *q, struct block_slot *slot, int status)
{
	struct device *dev = q->dev;
	struct block_io *io = slot->io;

	list_del(&slot->link);
	io->disk->stats[q->number].in_flight--;
	if (unlikely(slot->bounced))
		block_slot_unmap(q, slot, status);
	else if (q->dev->iommu)
		dma_unmap_later(q->dev, slot->segments, slot->rq.nr_segments, &q->unflushed);
	if (unlikely(slot->deaths))
		block_replay_over(q, slot);
	if (unlikely(status && io->joined)) {
		slot_free(q, slot);
		block_merge_apart(q, io);
		return;
	}
	count(&dev->counters.requests, 1);
	count(status ? &dev->counters.errors : &dev->counters.bytes, status ? 1 : slot->bytes);
	slot_free(q, slot);
	if (unlikely(io->joined))
		block_merge_done(q, io);
	else
		piece_done(q, io, status);
}

/* Only an errno may come out of a driver. */
static int status_clean(int status)
{
	return status <= 0 && status > -4096 ? status : -EIO;
}

/* ---- Starts: strand held ---- */

int block_slot_map(struct block_queue *q, struct block_slot *slot)
{
	uint32_t offset = 0;

	slot->unmapped = false;
	for (unsigned int i = 0; i < slot->rq.nr_segments; i++) {
		struct dma_segment *s = &slot->segments[i];
		int err = dma_map_frames(q->dev, s->address, s->length, &s->address);

		if (unlikely(err == -ERANGE))
			err = block_bounce_segment(q, slot, i, offset);
		if (err) {
			slot->unmapped = err == -EAGAIN;
			slot->rq.nr_segments = (uint16_t)i;
			block_slot_unmap(q, slot, err);
			slot->rq.nr_segments = 0;
			return err;
		}
		offset += s->length;
	}
	return 0;
}

/* Cut the first waiting io into the next free slot; its own share ends with the last piece. */
static int slot_fill(struct block_queue *q, struct block_slot *slot, struct block_io *io, time_ns_t *now)
{
	struct block_disk *disk = io->disk;
	int err = io->status;

	if (!err && !READ_ONCE(disk->alive))
		err = -EIO;
	if (!err)
		err = block_cut(&disk->limits, disk->cpu_data, io, slot);
	if (err)
		return err;
	slot->io = io;
	if (block_neighbour_waits(q, io))
		block_merge(q, slot);
	err = slot->rq.nr_segments ? block_slot_map(q, slot) : 0;
	if (unlikely(err && io->joined)) {
		block_merge_undo(io);
		return slot_fill(q, slot, io, now);
	}
	if (err && err != -EAGAIN)
		return err;
	slot->rq.unit = (uint16_t)disk->limits.unit;
	slot->state = SLOT_READY;
	slot->overdue = 0;
	slot->deaths = 0;
	if (!*now)
		*now = time_now();
	slot->deadline = *now + block_timeout_of(disk);
	disk->stats[q->number].in_flight++;
	q->nr_free--;
	io->pieces_left++;
	return 0;
}

static bool io_is_due(const struct block_io *io)
{
	return likely(!io->not_before) || io->not_before <= time_now();
}

/* The first whose disk has a driver, or is to fail; those that wait for theirs, or are delayed, are passed by. */
static struct block_io *io_next(struct block_queue *q)
{
	struct block_io *io;

	list_for_each(io, &q->waiting, link)
		if (READ_ONCE(io->disk->alive) ? io_is_due(io) : !block_disk_alive(io->disk))
			return io;
	return NULL;
}

/* @now: 0, or when this batch began. */
static struct block_slot *slot_next(struct block_queue *q, time_ns_t *now)
{
	struct block_slot *slot = q->stalled;
	struct block_io *io;
	bool alone = false;

	q->stalled = NULL;
	if (slot && !READ_ONCE(slot->io->disk->alive)) {
		block_slot_finish(q, slot, -EIO);
		slot = NULL;
	}
	if (!slot && unlikely(!list_empty(&q->replay) || READ_ONCE(q->group->suspect)))
		slot = block_replay_next(q, &alone);
	while (!slot && !alone && q->nr_free && (io = io_next(q))) {
		int err;

		slot = &q->slots[q->free[q->nr_free - 1]];
		err = slot_fill(q, slot, io, now);
		if (err)
			slot = NULL;
		if (err || io->cut_blocks == io->nr_blocks) {
			list_del(&io->link);
			piece_done(q, io, err);
		}
	}
	return slot;
}

/* There was no memory to bounce through: -EBUSY when there still is none. */
static int memory_again(struct block_queue *q, struct block_slot *slot)
{
	int err = block_slot_refit(q, slot);

	return err == -EAGAIN ? -EBUSY : err;
}

/* -EBUSY: the slot stays ready. Otherwise it is in flight, or already over. */
static int slot_start(struct block_queue *q, struct block_slot *slot)
{
	struct device *dev = q->dev;
	struct block_io *io = slot->io;
	int err;

	slot->state = SLOT_FLIGHT;
	slot->generation = dev->generation;
	list_append(&q->flight, &slot->link);
	err = unlikely(slot->unmapped) ? memory_again(q, slot) : 0;
	if (trace_on(FERRY_TRACE_CLASS | FERRY_TRACE_DRIVER | TRACE_TIME))
		TRACE_CALL(block_slot_trace, q, slot, 0, 0);
	if (!err)
		err = dev->block->submit(dev, &slot->rq);
	driver_leave(q->strand);
	if (!err)
		return 0;
	if (slot->state != SLOT_FLIGHT || slot->io != io) {
		device_fault(dev, "submit failed a request that it completed", slot->rq.tag);
		return 0;
	}
	if (err == -EBUSY) {
		list_del(&slot->link);
		list_init(&slot->link);
		slot->state = SLOT_READY;
		return err;
	}
	block_slot_finish(q, slot, status_clean(err));
	return 0;
}

void block_queue_timer(struct block_queue *q, time_ns_t when)
{
	if (!q->timer.armed || when < q->timer.deadline)
		timer_arm(&q->timer, when);
}

/* Disks may have different timeouts, so the oldest request is not always the first to be late. */
static void timer_need(struct block_queue *q)
{
	time_ns_t first = TIME_FOREVER;
	struct block_slot *slot;

	if (q->timer.armed)
		return;
	if (q->open && !q->dev->faulted)
		list_for_each(slot, &q->flight, link)
			first = MIN(first, slot->deadline);
	if (q->hold_until && (!list_empty(&q->replay) || !list_empty(&q->waiting)))
		first = MIN(first, q->hold_until);
	if (first != TIME_FOREVER)
		timer_arm(&q->timer, first);
}

/* Hand over what can be, then ring once. */
void block_queue_pump(struct block_queue *q)
{
	struct device *dev = q->dev;
	struct block_slot *slot;
	time_ns_t now = 0;
	bool any = false;

	if (!q->open || dev->faulted || !dev->block) {
		block_waiting_fail(q, NULL, true, -EIO);
		timer_need(q);
		return;
	}
	while (!dev->faulted && (slot = slot_next(q, &now))) {
		time_ns_t deadline = slot->deadline;

		if (slot_start(q, slot)) {
			q->stalled = slot;
			break;
		}
		block_queue_timer(q, deadline);
		any = true;
	}
	if (any && !dev->faulted && dev->block->commit) {
		driver_enter(q->strand);
		dev->block->commit(dev, q->number);
		driver_leave(q->strand);
	}
	if (q->stalled && list_empty(&q->flight))
		block_queue_timer(q, time_now() + RETRY_NS);
	else
		timer_need(q);
}

/* ---- After the strand: done() of what ended, and what it made room for ---- */

void block_run_done(struct list *batch)
{
	while (!list_empty(batch)) {
		struct block_io *io = list_first(batch, struct block_io, link);

		list_del(&io->link);
		io->done(io);
	}
}

/* The unit does not answer, and never will: nobody gets their pages. The strand is free. */
static void batch_quarantine(struct block_queue *q, const struct list *batch)
{
	const struct block_io *io;

	list_for_each(io, batch, link)
		for (unsigned int i = 0; i < io->nr_vec; i++)
			dma_quarantine(q->dev, page_paddr(io->vec[i].page) + io->vec[i].offset, io->vec[i].length);
}

/* Before anybody is told that an io is over: one flush for all that ended together. What failed is tried again, and fails, each time. */
static void batch_flush(struct block_queue *q, const struct dma_flush *f, const struct list *batch)
{
	if (!dma_flush(q->dev, f))
		return;
	batch_quarantine(q, batch);
	strand_lock(q->strand);
	dma_flush_add(&q->unflushed, f->low, f->high);
	strand_unlock(q->strand);
}

/* Is there anything that might be handed over? Strand held. */
static bool queue_waits(const struct block_queue *q)
{
	return q->stalled || !list_empty(&q->waiting) || !list_empty(&q->replay) || !q->open;
}

/* One at a time for each queue; whoever comes meanwhile leaves its work to the one who runs. */
static void queue_deferred(struct strand *s)
{
	struct block_queue *q = s->class_queue;
	struct list batch = LIST_INIT(batch);
	struct dma_flush f;
	uint64_t flags;

	preempt_disable();
	flags = spin_lock_irq(&s->lock);
	while (s->deferred_due && !q->finishing) {
		s->deferred_due = false;
		if (queue_waits(q))
			block_queue_pump(q);
		else
			timer_need(q);
		list_splice(&batch, &q->finished);
		f = q->unflushed;
		q->unflushed.high = 0;
		q->finishing = true;
		spin_unlock_irq(&s->lock, flags);
		if (f.high)
			batch_flush(q, &f, &batch);
		block_run_done(&batch);
		flags = spin_lock_irq(&s->lock);
		q->finishing = false;
	}
	spin_unlock_irq(&s->lock, flags);
	preempt_enable();
}

/* ---- The driver's calls: on the queue's strand ---- */

struct block_slot *block_slot_in_flight(struct device *dev, unsigned int queue, uint32_t tag, struct block_queue **q)
{
	struct block_slot *slot;

	if (queue >= BLOCK_QUEUES_MAX)
		return NULL;
	*q = dev->strands[queue].class_queue;
	if (!*q || !(*q)->open || tag >= (*q)->depth)
		return NULL;
	slot = &(*q)->slots[tag];
	return slot->state == SLOT_FLIGHT && slot->generation == dev->generation ? slot : NULL;
}

void block_complete(struct device *dev, unsigned int queue, uint32_t tag, int status)
{
	struct block_queue *q = NULL;
	struct block_slot *slot;

	if (dev->faulted)
		return;
	slot = block_slot_in_flight(dev, queue, tag, &q);
	if (!slot) {
		device_fault(dev, "completion of a request that is not in flight, tag", (uint64_t)queue << 32 | tag);
		return;
	}
	if (READ_ONCE(dev->moments[RESTART_FAULT]) && !status)
		device_restarted(dev);
	status = status_clean(status);
	if (trace_on(FERRY_TRACE_CLASS | FERRY_TRACE_DRIVER))
		TRACE_CALL(block_completion_trace, q, slot, status, 0);
	block_slot_finish(q, slot, status);
}

/* ---- Life of a queue ---- */

static int queue_memory(struct block_queue *q, unsigned int depth, unsigned int nr_segments)
{
	q->depth = 0;
	kfree(q->slots);
	kfree(q->segments);
	kfree(q->free);
	q->slots = kcalloc(depth, sizeof(*q->slots));
	q->segments = kcalloc((size_t)depth * nr_segments, sizeof(*q->segments));
	q->free = kcalloc(depth, sizeof(*q->free));
	if (!q->slots || !q->segments || !q->free)
		return -ENOMEM;
	for (unsigned int i = 0; i < depth; i++) {
		struct block_slot *slot = &q->slots[i];

		list_init(&slot->link);
		slot->rq.tag = i;
		slot->rq.queue = (uint16_t)q->number;
		slot->segments = q->segments + (size_t)i * nr_segments;
		q->free[depth - 1 - i] = (uint16_t)i;
	}
	q->depth = depth;
	q->nr_segments = nr_segments;
	q->nr_free = depth;
	return 0;
}

struct block_queue *block_queue_create(struct block_group *g, unsigned int number)
{
	struct device *dev = g->dev;
	struct block_queue *q = kzalloc(sizeof(*q));

	if (!q)
		return NULL;
	q->group = g;
	q->dev = dev;
	q->number = number;
	q->strand = &dev->strands[number];
	list_init(&q->waiting);
	list_init(&q->flight);
	list_init(&q->replay);
	list_init(&q->finished);
	timer_init(&q->timer, block_queue_expired);
	return q;
}

/* A closed queue is empty, so its memory may change; one that waits for a driver goes on with what it has, if that is as large. */
int block_queue_open(struct block_queue *q, unsigned int depth, unsigned int nr_segments)
{
	int err;

	if (q->open)
		return 0;
	if (q->slots && (q->depth != depth || q->nr_segments != nr_segments))
		block_queue_fail(q, NULL, -EIO);
	err = q->depth == depth && q->nr_segments == nr_segments ? 0 : queue_memory(q, depth, nr_segments);
	if (err)
		return err;
	strand_lock(q->strand);
	q->strand->class_queue = q;
	q->strand->deferred = queue_deferred;
	q->open = true;
	strand_unlock(q->strand);
	return 0;
}

static void flight_fail(struct block_queue *q, int status)
{
	while (!list_empty(&q->flight))
		block_slot_finish(q, list_first(&q->flight, struct block_slot, link), status);
	if (!q->stalled)
		return;
	block_slot_finish(q, q->stalled, status);
	q->stalled = NULL;
}

void block_queue_fail(struct block_queue *q, const struct block_disk *disk, int status)
{
	strand_lock(q->strand);
	block_replay_fail(q, disk, false, status);
	block_waiting_fail(q, disk, false, status);
	strand_unlock(q->strand);
}

void block_queue_kick(struct block_queue *q)
{
	strand_lock(q->strand);
	block_queue_pump(q);
	strand_unlock(q->strand);
}

void block_queue_close(struct block_queue *q, int status)
{
	bool busy = true;

	strand_lock(q->strand);
	q->open = false;
	if (q->slots)
		flight_fail(q, status);
	block_replay_fail(q, NULL, false, status);
	block_waiting_fail(q, NULL, false, status);
	q->hold_until = 0;
	strand_unlock(q->strand);
	timer_disarm(&q->timer);
	while (busy) {
		strand_lock(q->strand);
		busy = q->finishing || !list_empty(&q->finished);
		strand_unlock(q->strand);
		if (busy)
			sleep_until(time_now() + NSEC_PER_MSEC, false);
	}
}

static bool waits_for(const struct block_queue *q, const struct block_disk *disk)
{
	const struct block_io *io;

	list_for_each(io, &q->waiting, link)
		if (io->disk == disk)
			return true;
	list_for_each(io, &q->finished, link)
		if (io->disk == disk)
			return true;
	return false;
}

bool block_queue_drained(struct block_queue *q, struct block_disk *disk)
{
	bool left;

	strand_lock(q->strand);
	block_queue_pump(q);	/* what waits for it ends when its turn comes */
	left = disk->stats[q->number].in_flight || waits_for(q, disk) || q->finishing;
	strand_unlock(q->strand);
	return !left;
}

bool block_queue_idle(struct block_queue *q)
{
	bool idle;

	strand_lock(q->strand);
	idle = list_empty(&q->waiting) && list_empty(&q->replay) && list_empty(&q->flight) && !q->stalled && list_empty(&q->finished) &&
	       !q->finishing;
	strand_unlock(q->strand);
	return idle;
}

/* Closed before; the strand forgets it. */
void block_queue_free(struct block_queue *q)
{
	if (!q)
		return;
	strand_lock(q->strand);
	if (q->strand->class_queue == q) {
		q->strand->deferred = NULL;
		q->strand->class_queue = NULL;
	}
	strand_unlock(q->strand);
	kfree(q->slots);
	kfree(q->segments);
	kfree(q->free);
	kfree(q);
}
