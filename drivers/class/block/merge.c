// SPDX-License-Identifier: GPL-2.0
/*
 * Neighbours in one request. When an io is cut, those that wait right behind it and go on where it ends, in the same direction and with the
 * same flags, come along as far as the driver's limits allow: those of one batch, and what piled up while all tags were taken. One that was
 * submitted alone finds nobody waiting and costs a comparison.
 *
 * Each keeps its own end. A request of several that fails, or whose driver dies, falls apart for good: its ios go back to the head of
 * those that wait and are sent one by one, so that each has its own status. That carries some of them out twice, which block operations
 * stand (replay.c). Only whole ios are joined, so each piece that replay.c finds again belongs to one io. Faults by rule (inject.c)
 * are for single ios: a disk with rules has no neighbours. Strand held.
 */
#include "core.h"

static bool may_follow(const struct block_io *first, const struct block_request *rq, const struct block_io *io)
{
	return io->lba == rq->lba + rq->nr_blocks && io->disk == first->disk && io->op == first->op && io->flags == first->flags &&
	       !io->cut_blocks && !io->alone;
}

void block_merge(struct block_queue *q, struct block_slot *slot)
{
	struct block_io *first = slot->io, *last = first, *io;
	const struct block_disk *disk = first->disk;

	if (slot->rq.op > BLOCK_WRITE || slot->rq.nr_blocks != first->nr_blocks || first->alone || disk->nomerges == BLOCK_NOMERGES)
		return;
	while (first->link.next != &q->waiting) {
		io = list_entry(first->link.next, struct block_io, link);
		if (!may_follow(first, &slot->rq, io) || !block_cut_more(&disk->limits, disk->cpu_data, io, slot))
			return;
		list_del(&io->link);
		last->joined = io;
		last = io;
	}
}

void block_merge_undo(struct block_io *io)
{
	struct list *at = &io->link;

	while (io) {
		struct block_io *next = io->joined;

		io->alone = true;
		io->joined = NULL;
		io->cut_blocks = 0;
		io->cut_vec = 0;
		io->cut_offset = 0;
		if (next)
			list_push(at, &next->link);
		at = at->next;
		io = next;
	}
}

/* One of them is to blame. */
void block_merge_apart(struct block_queue *q, struct block_io *io)
{
	list_push(&q->waiting, &io->link);
	block_merge_undo(io);
	q->strand->deferred_due = true;
}

void block_merge_done(struct block_queue *q, struct block_io *io)
{
	struct block_stats *stats = &io->disk->stats[q->number];

	while (io) {
		struct block_io *next = io->joined;

		io->joined = NULL;
		stats->merges[io->op] += next != NULL;
		block_piece_done(q, io, 0);
		io = next;
	}
}
