// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a request: an io waits, is cut into pieces, each piece gets a tag and goes to the driver, is kept until the driver completes
 * it, and when the last piece is done the io's done() runs, without the strand, so that nothing called from it meets a driver on the
 * stack. The core believes nothing a driver says: a tag that is not in flight fails the device.
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/iommu.h>
#include <mm/slab.h>
#include "block_core.h"

#define TIMEOUT_DEFAULT_MS	30000u
#define RETRY_NS		NSEC_PER_MSEC	/* the driver is full and nothing of ours is in flight */

static time_ns_t timeout_of(const struct block_disk *disk)
{
	return (disk->limits.request_timeout_ms ? disk->limits.request_timeout_ms : TIMEOUT_DEFAULT_MS) * NSEC_PER_MSEC;
}

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* ---- Ends: strand held ---- */

static void io_stats(struct block_queue *q, const struct block_io *io)
{
	struct block_stats *stats = &io->disk->stats[q->number];

	stats->ios[io->op]++;
	stats->sectors[io->op] += (uint64_t)io->nr_blocks * io->disk->limits.block_size / 512;
	stats->ns[io->op] += time_now() - io->started_ns;
}

/* One share of the io is over. FUA on a disk that only knows flush goes round once more. */
static void piece_done(struct block_queue *q, struct block_io *io, int status)
{
	if (status && !io->status)
		io->status = status;
	if (--io->pieces_left)
		return;
	if (io->flush_after && !io->status) {
		io->flush_after = false;
		io->flushing = true;
		io->pieces_left = 1;
		list_append(&q->waiting, &io->link);
	} else {
		io_stats(q, io);
		list_append(&q->finished, &io->link);
	}
	q->strand->deferred_due = true;
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

static void slot_unmap(struct block_queue *q, struct block_slot *slot, unsigned int nr)
{
	dma_unmap_segments(q->dev, slot->segments, nr);
}

static void slot_finish(struct block_queue *q, struct block_slot *slot, int status)
{
	struct device *dev = q->dev;
	struct block_io *io = slot->io;

	list_del(&slot->link);
	io->disk->stats[q->number].in_flight--;
	slot_unmap(q, slot, slot->rq.nr_segments);
	count(&dev->counters.requests, 1);
	count(status ? &dev->counters.errors : &dev->counters.bytes, status ? 1 : slot->bytes);
	slot_free(q, slot);
	piece_done(q, io, status);
}

/* Only an errno may come out of a driver. */
static int status_clean(int status)
{
	return status <= 0 && status > -4096 ? status : -EIO;
}

/* ---- Starts: strand held ---- */

static int slot_map(struct block_queue *q, struct block_slot *slot)
{
	for (unsigned int i = 0; i < slot->rq.nr_segments; i++) {
		struct dma_segment *s = &slot->segments[i];
		int err = dma_map_frames(q->dev, s->address, s->length, &s->address);

		if (err) {
			slot_unmap(q, slot, i);
			return err;
		}
	}
	return 0;
}

/* Cut the first waiting io into the next free slot; its own share ends with the last piece. */
static int slot_fill(struct block_queue *q, struct block_slot *slot, struct block_io *io)
{
	struct block_disk *disk = io->disk;
	int err = io->status;

	if (!err && !READ_ONCE(disk->alive))
		err = -EIO;
	if (!err)
		err = block_cut(&disk->limits, disk->cpu_data, io, slot);
	if (!err)
		err = slot_map(q, slot);
	if (err)
		return err;
	slot->io = io;
	slot->rq.unit = (uint16_t)disk->limits.unit;
	slot->state = SLOT_READY;
	slot->overdue = 0;
	slot->deadline = time_now() + timeout_of(disk);
	disk->stats[q->number].in_flight++;
	q->nr_free--;
	io->pieces_left++;
	return 0;
}

static struct block_slot *slot_next(struct block_queue *q)
{
	struct block_slot *slot = q->stalled;

	q->stalled = NULL;
	if (slot && !READ_ONCE(slot->io->disk->alive)) {
		slot_finish(q, slot, -EIO);
		slot = NULL;
	}
	while (!slot && q->nr_free && !list_empty(&q->waiting)) {
		struct block_io *io = list_first(&q->waiting, struct block_io, link);
		int err;

		slot = &q->slots[q->free[q->nr_free - 1]];
		err = slot_fill(q, slot, io);
		if (err)
			slot = NULL;
		if (err || io->cut_blocks == io->nr_blocks) {
			list_del(&io->link);
			piece_done(q, io, err);
		}
	}
	return slot;
}

/* -EBUSY: the slot stays ready. Otherwise it is in flight, or already over. */
static int slot_start(struct block_queue *q, struct block_slot *slot)
{
	struct device *dev = q->dev;
	struct block_io *io = slot->io;
	int err;

	slot->state = SLOT_FLIGHT;
	list_append(&q->flight, &slot->link);
	err = dev->block->submit(dev, &slot->rq);
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
	slot_finish(q, slot, status_clean(err));
	return 0;
}

static void waiting_fail(struct block_queue *q, int status)
{
	while (!list_empty(&q->waiting)) {
		struct block_io *io = list_first(&q->waiting, struct block_io, link);

		list_del(&io->link);
		piece_done(q, io, status);
	}
}

static void timer_set(struct block_queue *q, time_ns_t when)
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
	list_for_each(slot, &q->flight, link)
		first = MIN(first, slot->deadline);
	if (first != TIME_FOREVER)
		timer_arm(&q->timer, first);
}

/* Hand over what can be, then ring once. */
static void queue_pump(struct block_queue *q)
{
	struct device *dev = q->dev;
	struct block_slot *slot;
	bool any = false;

	if (!q->open || dev->faulted || !dev->block) {
		waiting_fail(q, -EIO);
		return;
	}
	while (!dev->faulted && (slot = slot_next(q))) {
		time_ns_t deadline = slot->deadline;

		if (slot_start(q, slot)) {
			q->stalled = slot;
			break;
		}
		timer_set(q, deadline);
		any = true;
	}
	if (any && !dev->faulted && dev->block->commit)
		dev->block->commit(dev, q->number);
	if (q->stalled && list_empty(&q->flight))
		timer_set(q, time_now() + RETRY_NS);
	else
		timer_need(q);
}

/* ---- After the strand: done() of what ended, and what it made room for ---- */

static void run_done(struct list *batch)
{
	while (!list_empty(batch)) {
		struct block_io *io = list_first(batch, struct block_io, link);

		list_del(&io->link);
		io->done(io);
	}
}

/* One at a time for each queue; whoever comes meanwhile leaves its work to the one who runs. */
static void queue_deferred(struct strand *s)
{
	struct block_queue *q = s->class_queue;
	struct list batch = LIST_INIT(batch);
	uint64_t flags;

	preempt_disable();
	flags = spin_lock_irq(&s->lock);
	while (s->deferred_due && !q->finishing) {
		s->deferred_due = false;
		queue_pump(q);
		list_splice(&batch, &q->finished);
		q->finishing = true;
		spin_unlock_irq(&s->lock, flags);
		run_done(&batch);
		flags = spin_lock_irq(&s->lock);
		q->finishing = false;
	}
	spin_unlock_irq(&s->lock, flags);
	preempt_enable();
}

/* ---- Deadlines ---- */

static void slot_overdue(struct block_queue *q, struct block_slot *slot)
{
	struct block_disk *disk = slot->io->disk;
	struct device *dev = q->dev;

	if (slot->overdue++ || !dev->block->timeout) {
		device_fault(dev, "request timed out, tag", slot->rq.tag);
		return;
	}
	log_warn("block %s: queue=%u tag=%u op=%u lba=%llu is overdue", disk->name, q->number, slot->rq.tag, slot->rq.op,
		 (unsigned long long)slot->rq.lba);
	slot->deadline = time_now() + timeout_of(disk);
	dev->block->timeout(dev, q->number, slot->rq.tag);
}

/* The driver may complete anything when it is told, so each look begins anew. */
static struct block_slot *slot_late(struct block_queue *q, time_ns_t now)
{
	struct block_slot *slot;

	list_for_each(slot, &q->flight, link)
		if (slot->deadline <= now)
			return slot;
	return NULL;
}

static void queue_timer(struct timer *t)
{
	struct block_queue *q = container_of(t, struct block_queue, timer);
	struct device *dev = q->dev;
	time_ns_t now = time_now();
	struct block_slot *slot;

	strand_lock(q->strand);
	while (q->open && !dev->faulted && (slot = slot_late(q, now)))
		slot_overdue(q, slot);
	if (q->stalled && q->stalled->deadline <= now && !dev->faulted)
		device_fault(dev, "the driver stays busy, tag", q->stalled->rq.tag);
	queue_pump(q);
	strand_unlock(q->strand);
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
	return slot->state == SLOT_FLIGHT ? slot : NULL;
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
	slot_finish(q, slot, status_clean(status));
}

/* ---- The users' calls ---- */

static struct block_queue *queue_choose(struct block_disk *disk)
{
	return disk->group->queues[disk->limits.first_queue + this_cpu()->id % disk->limits.nr_queues];
}

/* Strand held. False: it is over at once. */
static bool io_enqueue(struct block_queue *q, struct block_disk *disk, struct block_io *io)
{
	io->disk = disk;
	io->cut_blocks = 0;
	io->cut_vec = 0;
	io->cut_offset = 0;
	io->flushing = false;
	io->flush_after = io->flags & BLOCK_REQ_FUA && !(disk->limits.flags & BLOCK_HAS_FUA) && disk->limits.flags & BLOCK_HAS_FLUSH;
	io->started_ns = time_now();
	io->status = q->open && READ_ONCE(disk->alive) ? block_io_check(&disk->limits, READ_ONCE(disk->nr_blocks), io) : -EIO;
	if (io->status || (io->op == BLOCK_FLUSH && !(disk->limits.flags & BLOCK_HAS_FLUSH)))
		return false;
	io->pieces_left = 1;
	list_append(&q->waiting, &io->link);
	return true;
}

void block_submit_batch(struct block_disk *disk, struct block_io **ios, unsigned int nr)
{
	struct list over = LIST_INIT(over);
	struct block_queue *q;

	preempt_disable();
	q = queue_choose(disk);
	strand_lock(q->strand);
	for (unsigned int i = 0; i < nr; i++)
		if (!io_enqueue(q, disk, ios[i]))
			list_append(&over, &ios[i]->link);
	queue_pump(q);
	strand_unlock(q->strand);
	preempt_enable();
	run_done(&over);
}

void block_submit(struct block_disk *disk, struct block_io *io)
{
	block_submit_batch(disk, &io, 1);
}

struct block_waiter {
	struct spinlock lock;
	struct wait_queue queue;
	bool over;
};

/* The lock keeps the waiter's stack alive until the last touch here. */
static void waiter_done(struct block_io *io)
{
	struct block_waiter *w = io->priv;
	uint64_t flags = spin_lock_irq(&w->lock);

	w->over = true;
	wait_wake(&w->queue, 0);
	spin_unlock_irq(&w->lock, flags);
}

int block_do(struct block_disk *disk, struct block_io *io)
{
	struct block_waiter w = { .over = false };
	uint64_t flags;

	spin_init(&w.lock, "block_waiter");
	wait_queue_init(&w.queue, "block_waiter");
	io->done = waiter_done;
	io->priv = &w;
	block_submit(disk, io);
	wait_event(&w.queue, READ_ONCE(w.over), TIME_FOREVER, false);
	flags = spin_lock_irq(&w.lock);
	spin_unlock_irq(&w.lock, flags);
	return io->status;
}

/* ---- Life of a queue ---- */

static int queue_memory(struct block_queue *q, unsigned int depth, unsigned int nr_segments)
{
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

struct block_queue *block_queue_create(struct device *dev, unsigned int number)
{
	struct block_queue *q = kzalloc(sizeof(*q));

	if (!q)
		return NULL;
	q->dev = dev;
	q->number = number;
	q->strand = &dev->strands[number];
	list_init(&q->waiting);
	list_init(&q->flight);
	list_init(&q->finished);
	timer_init(&q->timer, queue_timer);
	return q;
}

/* A closed queue is empty, so its memory may change. */
int block_queue_open(struct block_queue *q, unsigned int depth, unsigned int nr_segments)
{
	int err;

	if (q->open)
		return 0;
	err = queue_memory(q, depth, nr_segments);
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
		slot_finish(q, list_first(&q->flight, struct block_slot, link), status);
	if (!q->stalled)
		return;
	slot_finish(q, q->stalled, status);
	q->stalled = NULL;
}

void block_queue_close(struct block_queue *q, int status)
{
	bool busy = true;

	strand_lock(q->strand);
	q->open = false;
	if (q->slots)
		flight_fail(q, status);
	waiting_fail(q, status);
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
	queue_pump(q);	/* what waits for it ends when its turn comes */
	left = disk->stats[q->number].in_flight || waits_for(q, disk) || q->finishing;
	strand_unlock(q->strand);
	return !left;
}

bool block_queue_idle(struct block_queue *q)
{
	bool idle;

	strand_lock(q->strand);
	idle = list_empty(&q->waiting) && list_empty(&q->flight) && !q->stalled && list_empty(&q->finished) && !q->finishing;
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
