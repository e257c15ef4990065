// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O of an open disk in the background, for io_uring: the user's pages are pinned, cut into pieces of a megabyte, and sent as one
 * batch; the last piece to end calls back.
 */
#include <fs/file.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "core.h"

#define PIECES_MAX	64u

static void piece_over(struct block_io *io)
{
	struct block_async *a = io->priv;

	if (io->status)
		__atomic_store_n(&a->result, io->status, __ATOMIC_RELAXED);
	if (!__atomic_sub_fetch(&a->pieces_left, 1, __ATOMIC_ACQ_REL))
		a->done(a);
}

static int pieces_create(struct block_async *a, struct block_disk *disk, struct iter *it, uint64_t pos, bool write)
{
	int64_t bytes = 0;

	while (it->left && a->nr_pieces < PIECES_MAX) {
		struct block_direct *d = block_direct_create(disk, it, pos, write);

		if (IS_ERR(d))
			return a->nr_pieces ? 0 : (int)PTR_ERR(d);
		d->io.done = piece_over;
		d->io.priv = a;
		d->next = a->pieces;
		a->pieces = d;
		a->nr_pieces++;
		bytes += (int64_t)d->bytes;
		pos += d->bytes;
		a->result = bytes;
	}
	return 0;
}

int64_t block_async_prepare(struct block_async *a, struct file *f, struct iter *it, uint64_t at, bool write)
{
	const struct block_part *part;
	struct block_disk *disk;
	uint64_t size, pos;
	int err;

	if (!block_file_is(f) || !(f->flags & LINUX_O_DIRECT))
		return -ENOTBLK;
	part = f->priv;
	disk = part->disk;
	size = block_part_blocks(part) * disk->limits.block_size;
	pos = part->start * disk->limits.block_size + at;
	if (write && disk->limits.flags & BLOCK_RO)
		return -EPERM;
	if (at >= size || !it->left)
		return write && it->left ? -ENOSPC : 0;
	it->left = MIN(it->left, size - at);
	err = block_direct_check(disk, it, pos);
	if (!err && unlikely(!block_cache_is_out(disk)))
		err = write ? block_cache_drop(disk, pos, it->left) : block_cache_sync(disk, pos, it->left);
	if (!err)
		err = pieces_create(a, disk, it, pos, write);
	a->pieces_left = a->nr_pieces;
	return err ? err : 1;
}

void block_async_send(struct block_async *const *list, unsigned int nr)
{
	struct block_io *ios[PIECES_MAX];
	struct block_disk *disk = NULL;
	unsigned int nr_ios = 0;

	for (unsigned int i = 0; i < nr; i++) {
		struct block_direct *next, *d = list[i]->pieces;

		if (nr_ios && (d->disk != disk || nr_ios + list[i]->nr_pieces > PIECES_MAX)) {
			block_submit_batch(disk, ios, nr_ios);
			nr_ios = 0;
		}
		for (disk = d->disk; d; d = next) {
			next = d->next;	/* the last one sent may take all of them along */
			ios[nr_ios++] = &d->io;
		}
	}
	if (nr_ios)
		block_submit_batch(disk, ios, nr_ios);
}

void block_async_end(struct block_async *a)
{
	while (a->pieces) {
		struct block_direct *d = a->pieces;

		a->pieces = d->next;
		block_direct_free(d);
	}
}
