// SPDX-License-Identifier: GPL-2.0
/* What users of disks call: start requests, wait for them. */
#include <kernel/hand_over.h>
#include "core.h"

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
	io->flushing = io->torn = io->alone = false;
	io->joined = NULL;
	io->not_before = 0;
	io->flush_after = io->flags & BLOCK_REQ_FUA && !(disk->limits.flags & BLOCK_HAS_FUA) && disk->limits.flags & BLOCK_HAS_FLUSH;
	io->started_ns = time_now();
	if (trace_on(FERRY_TRACE_CLASS))
		TRACE_CALL(block_trace_io, io, 0, 0, 0);
	io->status = READ_ONCE(disk->alive) || block_disk_alive(disk) ? block_io_check(&disk->limits, READ_ONCE(disk->nr_blocks), io) : -EIO;
	if (unlikely(disk->inject) && !io->status)
		io->status = block_inject_apply(q, disk, io);
	if (io->status || (io->op == BLOCK_FLUSH && !(disk->limits.flags & BLOCK_HAS_FLUSH)))
		return false;
	io->pieces_left = 1;
	list_append(&q->waiting, &io->link);
	return true;
}

/* Preemption is off, and on again after this. */
static void submit_to(struct block_queue *q, struct block_disk *disk, struct block_io **ios, unsigned int nr)
{
	struct list over = LIST_INIT(over);

	strand_lock(q->strand);
	for (unsigned int i = 0; i < nr; i++)
		if (!io_enqueue(q, disk, ios[i]))
			list_append(&over, &ios[i]->link);
	block_queue_pump(q);
	strand_unlock(q->strand);
	preempt_enable();
	block_run_done(&over);
}

void block_submit_batch(struct block_disk *disk, struct block_io **ios, unsigned int nr)
{
	preempt_disable();
	submit_to(queue_choose(disk), disk, ios, nr);
}

void block_submit_first(struct block_disk *disk, struct block_io *io)
{
	preempt_disable();
	submit_to(disk->group->queues[disk->limits.first_queue], disk, &io, 1);
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
	hand_over_late();
	if (io->op == BLOCK_INFO)
		block_submit_first(disk, io);
	else
		block_submit(disk, io);
	iowait_begin();
	wait_event(&w.queue, READ_ONCE(w.over), TIME_FOREVER, false);
	iowait_end();
	if (unlikely(current->sleeps_soon))
		hand_over_now();
	flags = spin_lock_irq(&w.lock);
	spin_unlock_irq(&w.lock, flags);
	return io->status;
}
