// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that outlive their driver. When a driver dies and another one is expected, what it had in flight stays here, in the order in
 * which it was submitted, and goes to its successor before anything new does: that order is the barrier position, so nothing is moved
 * across a flush. Completions of the dead driver's generation find nothing; block_replay.pml is the model of it. Every block operation
 * may be carried out twice with the result of once; one that may not would be failed here. What was completed but not
 * flushed is in the device, which did not die.
 *
 * A request that was in flight when a driver failed by itself, three times in a row, is what kills it: it ends with -EIO, alone. From the
 * second time on such suspects are sent one by one, on all queues of the device together, so that the innocent are found out.
 * A driver that somebody killed proves nothing against its requests.
 */
#include <kernel/log.h>
#include "core.h"

#define DEATHS_SUSPECT	2u
#define DEATHS_POISON	3u
#define ALONE_RETRY_NS	NSEC_PER_MSEC	/* another queue has a suspect in flight */

/* May it be carried out a second time after a first that nobody heard the end of? */
static bool op_is_idempotent(uint8_t op)
{
	switch (op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
	case BLOCK_FLUSH:
	case BLOCK_DISCARD:
	case BLOCK_WRITE_ZEROES:
	case BLOCK_INFO:
		return true;
	}
	return false;
}

static bool is_suspect(const struct block_slot *slot)
{
	return slot->deaths >= DEATHS_SUSPECT;
}

static void suspect_release(struct block_queue *q)
{
	struct block_queue *mine = q;

	__atomic_compare_exchange_n(&q->group->suspect, &mine, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static bool suspect_claim(struct block_queue *q)
{
	struct block_queue *nobody = NULL;

	return __atomic_compare_exchange_n(&q->group->suspect, &nobody, q, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void block_replay_over(struct block_queue *q, const struct block_slot *slot)
{
	if (is_suspect(slot))
		suspect_release(q);
}

/* ---- Death ---- */

/* Its addresses were the dead driver's domain's. */
static void slot_keep(struct block_queue *q, struct block_slot *slot, struct list *kept)
{
	list_del(&slot->link);
	if (slot->rq.nr_segments)
		block_slot_unmap(q, slot, -EIO);
	slot->rq.nr_segments = 0;
	slot->state = SLOT_READY;
	list_append(kept, &slot->link);
}

static void slot_give_up(struct block_queue *q, struct block_slot *slot, const char *why)
{
	log_err("block %s: op=%u lba=%llu blocks=%u ends with an error: %s", slot->io->disk->name, slot->rq.op,
		(unsigned long long)slot->rq.lba, slot->rq.nr_blocks, why);
	block_slot_finish(q, slot, -EIO);
}

static void slot_part(struct block_queue *q, struct block_slot *slot)
{
	if (slot->rq.nr_segments)
		block_slot_unmap(q, slot, -EIO);
	slot->rq.nr_segments = 0;
	block_slot_finish(q, slot, -EIO);
}

/*
 * Requests of several ios: those would share its deaths, so each waits for the next driver by itself, before what waits already. The
 * youngest go first, so that all come to lie in their order.
 */
static void joined_part(struct block_queue *q)
{
	struct list *at, *before;

	if (q->stalled && q->stalled->io->joined) {
		slot_part(q, q->stalled);
		q->stalled = NULL;
	}
	for (at = q->flight.prev; at != &q->flight; at = before) {
		struct block_slot *slot = list_entry(at, struct block_slot, link);

		before = at->prev;
		if (slot->io->joined)
			slot_part(q, slot);
	}
}

static void flight_keep(struct block_queue *q, struct list *kept)
{
	struct block_slot *slot;

	while (!list_empty(&q->flight)) {
		slot = list_first(&q->flight, struct block_slot, link);
		slot->deaths += !q->dev->killed;
		if (slot->deaths >= DEATHS_POISON)
			slot_give_up(q, slot, "its driver died of it each time");
		else if (!op_is_idempotent(slot->rq.op))
			slot_give_up(q, slot, "its driver died, and it must not be done twice");
		else
			slot_keep(q, slot, kept);
	}
}

void block_replay_fail(struct block_queue *q, const struct block_disk *disk, bool expired, int status)
{
	const struct block_disk *lost = NULL;
	struct block_slot *slot, *next;
	unsigned int nr = 0;

	list_for_each_safe(slot, next, &q->replay, link) {
		if ((disk && slot->io->disk != disk) || (expired && block_disk_alive(slot->io->disk)))
			continue;
		lost = slot->io->disk;
		nr++;
		block_slot_finish(q, slot, status);
	}
	if (expired && nr)
		block_lost_log(q, lost, nr, "sent before");
}

void block_lost_log(const struct block_queue *q, const struct block_disk *disk, unsigned int nr, const char *which)
{
	log_err("block %s: queue=%u: no driver has come back to it in time: %u requests (%s) end with an error", disk->name, q->number, nr, which);
}

void block_queue_hold(struct block_queue *q)
{
	struct list kept = LIST_INIT(kept);
	time_ns_t until = 0;

	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++)
		if (q->group->units[i])
			until = MAX(until, q->group->units[i]->hold_until);
	strand_lock(q->strand);
	q->open = false;
	joined_part(q);
	flight_keep(q, &kept);
	if (q->stalled)
		slot_keep(q, q->stalled, &kept);
	q->stalled = NULL;
	list_splice(&kept, &q->replay);	/* what the dead driver had not been sent again yet is younger */
	list_splice(&q->replay, &kept);
	suspect_release(q);
	q->hold_until = until;
	block_replay_fail(q, NULL, true, -EIO);
	if (until)
		block_queue_timer(q, until);
	strand_unlock(q->strand);
}

/* ---- The next life ---- */

/* The piece is what it was, as the limits are. */
int block_slot_refit(struct block_queue *q, struct block_slot *slot)
{
	struct block_disk *disk = slot->io->disk;
	struct block_io io = *slot->io;
	uint32_t blocks = slot->rq.nr_blocks;
	int err;

	io.flushing = slot->rq.op == BLOCK_FLUSH;
	io.cut_vec = slot->vec;
	io.cut_offset = slot->vec_offset;
	if (!io.flushing) {
		io.cut_blocks = (uint32_t)(slot->rq.lba - io.lba);
		io.nr_blocks = io.cut_blocks + blocks;
	}
	err = block_cut(&disk->limits, disk->cpu_data, &io, slot);
	if (!err && slot->rq.nr_blocks != blocks) {
		slot->rq.nr_segments = 0;
		err = -EIO;
	}
	if (!err)
		err = block_slot_map(q, slot);
	if (err)
		slot->rq.nr_segments = 0;
	return err;
}

/* The first whose disk has its driver; those whose disk has none now wait. */
static struct block_slot *replay_first(struct block_queue *q)
{
	struct block_slot *slot;

	list_for_each(slot, &q->replay, link)
		if (READ_ONCE(slot->io->disk->alive))
			return slot;
	return NULL;
}

/* A suspect starts when nothing else of the device's suspects, and nothing at all of this queue, is in flight. */
static bool suspect_may_start(struct block_queue *q)
{
	if (!list_empty(&q->flight))
		return false;
	if (suspect_claim(q))
		return true;
	block_queue_timer(q, time_now() + ALONE_RETRY_NS);
	return false;
}

struct block_slot *block_replay_next(struct block_queue *q, bool *alone)
{
	struct block_slot *slot;
	int err;

	*alone = __atomic_load_n(&q->group->suspect, __ATOMIC_RELAXED) == q;
	while (!*alone && (slot = replay_first(q))) {
		if (is_suspect(slot) && !suspect_may_start(q)) {
			*alone = true;
			break;
		}
		err = block_slot_refit(q, slot);
		if (err && err != -EAGAIN) {
			block_slot_finish(q, slot, err);
			continue;
		}
		list_del(&slot->link);
		list_init(&slot->link);
		slot->overdue = 0;
		slot->deadline = time_now() + block_timeout_of(slot->io->disk);
		return slot;
	}
	return NULL;
}
