// SPDX-License-Identifier: GPL-2.0
/*
 * What a queue's timer is for: requests that are overdue, which the driver is told of once and has then time to recover; ios that are
 * delayed; what waited too long for memory or for a driver. Everything runs under the queue's strand.
 */
#include <kernel/log.h>
#include "core.h"

#define RECOVERY_NS		(10 * NSEC_PER_SEC)	/* a driver has at least so long to recover from a request that is overdue */

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
	slot->deadline = time_now() + MAX(block_timeout_of(disk), RECOVERY_NS);
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

/* Those that are delayed come round in time, whatever else the timer is for. */
static void delayed_arm(struct block_queue *q)
{
	struct block_io *io;

	list_for_each(io, &q->waiting, link)
		if (io->not_before)
			block_queue_timer(q, io->not_before);
}

static void stalled_overdue(struct block_queue *q)
{
	struct block_slot *slot = q->stalled;

	if (!slot->unmapped) {
		device_fault(q->dev, "the driver stays busy, tag", slot->rq.tag);
		return;
	}
	q->stalled = NULL;
	block_slot_finish(q, slot, -ENOMEM);
}

void block_waiting_fail(struct block_queue *q, const struct block_disk *disk, bool expired, int status)
{
	const struct block_disk *lost = NULL;
	struct block_io *io, *next;
	unsigned int nr = 0;

	list_for_each_safe(io, next, &q->waiting, link) {
		if ((disk && io->disk != disk) || (expired && block_disk_alive(io->disk)))
			continue;
		lost = io->disk;
		nr++;
		list_del(&io->link);
		block_piece_done(q, io, status);
	}
	if (expired && nr)
		block_lost_log(q, lost, nr, "waiting");
}

void block_queue_expired(struct timer *t)
{
	struct block_queue *q = container_of(t, struct block_queue, timer);
	struct device *dev = q->dev;
	time_ns_t now = time_now();
	struct block_slot *slot;

	strand_lock(q->strand);
	while (q->open && !dev->faulted && (slot = slot_late(q, now)))
		slot_overdue(q, slot);
	if (q->stalled && q->stalled->deadline <= now && !dev->faulted)
		stalled_overdue(q);
	if (q->hold_until && q->hold_until <= now) {
		q->hold_until = 0;
		block_replay_fail(q, NULL, true, -EIO);
		block_waiting_fail(q, NULL, true, -EIO);
	}
	block_queue_pump(q);
	delayed_arm(q);
	strand_unlock(q->strand);
}
