// SPDX-License-Identifier: GPL-2.0
/* Direct I/O: the user's own pages are pinned and given to the device, a megabyte at a time; nothing is copied. */
#include <kernel/process.h>
#include <mm/slab.h>
#include <mm/space.h>
#include "core.h"

#define DIRECT_PAGES	256u
#define ALIGN_MEMORY	512u	/* Linux 6.1: dma_alignment of a disk that names none */

int block_direct_check(const struct block_disk *disk, const struct iter *it, uint64_t pos)
{
	uint64_t bits = pos, memory = 0, skip = it->offset, left = it->left;

	if (it->kernel)
		return -EINVAL;
	if (likely(left && left <= it->vec->length - skip))
		return (bits | left) & (disk->limits.block_size - 1) || (it->vec->base + skip) & (ALIGN_MEMORY - 1) ? -EINVAL : 0;
	for (unsigned int i = 0; i < it->nr && left; i++) {
		uint64_t n = MIN(it->vec[i].length - skip, left);

		memory |= it->vec[i].base + skip;
		bits |= n;
		left -= n;
		skip = 0;
	}
	return bits & (disk->limits.block_size - 1) || memory & (ALIGN_MEMORY - 1) ? -EINVAL : 0;
}

/* With room for @nr_pages behind it when they are more than a few. */
static struct block_direct *direct_alloc(unsigned int nr_pages)
{
	bool few = nr_pages <= BLOCK_DIRECT_FEW;
	struct block_direct *d = kzalloc(sizeof(*d) + (few ? 0 : nr_pages * (sizeof(*d->vec) + sizeof(*d->pages))));

	if (!d)
		return NULL;
	d->vec = few ? d->few_vec : (struct block_vec *)(d + 1);
	d->pages = few ? d->few_pages : (struct page **)(d->vec + nr_pages);
	return d;
}

void block_direct_unpin(struct block_direct *d)
{
	user_unpin(d->pages, d->nr_pages);
}

void block_direct_free(struct block_direct *d)
{
	block_direct_unpin(d);
	kfree(d);
}

/* The pages of one stretch of user memory, as vecs of neighbours; at most @room. Bytes or -errno. */
static ssize_t stretch_pin(struct block_direct *d, uint64_t base, uint64_t length, unsigned int room)
{
	uint32_t offset = (uint32_t)(base & ~PAGE_MASK);
	paddr_t next = 0;
	size_t bytes = 0;
	int nr;

	length = MIN(length, room * PAGE_SIZE - offset);
	nr = user_pin(current_process->space, base, length, !d->write, d->pages + d->nr_pages, room);
	if (nr <= 0)
		return nr ? nr : -EFAULT;
	for (int i = 0; i < nr && bytes < length; i++) {
		uint32_t n = (uint32_t)MIN(length - bytes, PAGE_SIZE - offset);
		struct page *page = d->pages[d->nr_pages + (unsigned int)i];
		paddr_t at = page_paddr(page);

		if (i && at == next)
			d->vec[d->io.nr_vec - 1].length += n;
		else
			d->vec[d->io.nr_vec++] = (struct block_vec){ .page = page, .offset = offset, .length = n };
		next = at + PAGE_SIZE;
		bytes += n;
		offset = 0;
	}
	d->nr_pages += (unsigned int)nr;
	return (ssize_t)bytes;
}

static unsigned int pages_wanted(const struct iter *it)
{
	return (unsigned int)MIN(it->left / PAGE_SIZE + 1 + it->nr, DIRECT_PAGES);
}

static ssize_t iter_pin(struct block_direct *d, struct iter *it, unsigned int max)
{
	ssize_t n = 0;

	while (it->left && d->nr_pages < max && d->bytes < BLOCK_PIECE_BYTES) {
		uint64_t length;

		while (it->nr && it->offset == it->vec->length) {
			it->vec++;
			it->nr--;
			it->offset = 0;
		}
		if (!it->nr)
			break;
		length = MIN(it->vec->length - it->offset, it->left);
		n = stretch_pin(d, it->vec->base + it->offset, length, max - d->nr_pages);
		if (n <= 0)
			break;
		d->bytes += (size_t)n;
		iter_advance(it, (size_t)n);
	}
	return d->bytes ? 0 : n ? n : -EFAULT;
}

/* Only whole blocks go to the disk: give the rest of a cut piece back to the iter. */
static int direct_trim(struct block_direct *d, struct iter *it)
{
	size_t extra = d->bytes & (d->disk->limits.block_size - 1);

	if (likely(!extra))
		return d->bytes ? 0 : -EFAULT;
	iter_revert(it, extra);
	d->bytes -= extra;
	while (extra) {
		struct block_vec *last = &d->vec[d->io.nr_vec - 1];
		uint32_t n = (uint32_t)MIN(extra, last->length);

		last->length -= n;
		extra -= n;
		if (!last->length)
			d->io.nr_vec--;
	}
	return d->bytes ? 0 : -EFAULT;
}

/* d->vec and d->pages have room for @max. */
static int direct_fill(struct block_direct *d, struct block_disk *disk, struct iter *it, uint64_t pos, bool write, unsigned int max)
{
	int err;

	d->disk = disk;
	d->pos = pos;
	d->write = write;
	d->bytes = 0;
	d->nr_pages = 0;
	d->io = (struct block_io){ .op = write ? BLOCK_WRITE : BLOCK_READ, .vec = d->vec };
	err = (int)iter_pin(d, it, max);
	if (!err)
		err = direct_trim(d, it);
	d->io.lba = pos / disk->limits.block_size;
	d->io.nr_blocks = (uint32_t)(d->bytes / disk->limits.block_size);
	return err;
}

/* Whole blocks inside one page of one stretch of memory: what random I/O is made of. Checked by block_direct_check(). */
static int direct_fill_page(struct block_direct *d, struct block_disk *disk, struct iter *it, uint64_t pos, bool write, uint64_t base)
{
	unsigned int shift = (unsigned int)__builtin_ctz(disk->limits.block_size);
	struct page *page = user_pin_page(current_process->space, base, !write);

	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	d->few_pages[0] = page;
	d->few_vec[0] = (struct block_vec){ .page = page, .offset = (uint32_t)(base & ~PAGE_MASK), .length = (uint32_t)it->left };
	d->disk = disk;
	d->pos = pos;
	d->write = write;
	d->bytes = it->left;
	d->nr_pages = 1;
	d->io.op = write ? BLOCK_WRITE : BLOCK_READ;
	d->io.flags = 0;
	d->io.lba = pos >> shift;
	d->io.nr_blocks = (uint32_t)(it->left >> shift);
	d->io.vec = d->few_vec;
	d->io.nr_vec = 1;
	it->left = 0;
	return 0;
}

int block_direct_fill(struct block_direct *d, struct block_disk *disk, struct iter *it, uint64_t pos, bool write)
{
	uint64_t base = it->vec->base + it->offset;
	int err;

	d->vec = d->few_vec;
	d->pages = d->few_pages;
	if (it->left <= it->vec->length - it->offset && (base & ~PAGE_MASK) + it->left <= PAGE_SIZE)
		err = direct_fill_page(d, disk, it, pos, write, base);
	else if ((err = direct_fill(d, disk, it, pos, write, BLOCK_DIRECT_FEW)))
		block_direct_unpin(d);
	if (!err)
		current->io.bytes[write] += d->bytes;
	return err;
}

struct block_direct *block_direct_create(struct block_disk *disk, struct iter *it, uint64_t pos, bool write)
{
	unsigned int max = pages_wanted(it);
	struct block_direct *d = direct_alloc(max);
	int err;

	if (!d)
		return ERR_PTR(-ENOMEM);
	err = direct_fill(d, disk, it, pos, write, max);
	if (!err) {
		current->io.bytes[write] += d->bytes;
		return d;
	}
	block_direct_free(d);
	return ERR_PTR(err);
}

/* What the cache holds of the range goes to the disk before, and a write's is forgotten after, as Linux does. */
ssize_t block_direct_do(struct block_disk *disk, struct iter *it, uint64_t pos, size_t n, bool write)
{
	uint64_t start = pos;
	ssize_t done = 0;
	int err = block_direct_check(disk, it, pos);

	if (!err)
		err = write ? block_cache_drop(disk, pos, n) : block_cache_sync(disk, pos, n);
	while (!err && it->left) {
		struct block_direct *d = block_direct_create(disk, it, pos, write);

		if (IS_ERR(d)) {
			err = (int)PTR_ERR(d);
			break;
		}
		err = block_do(disk, &d->io);
		if (!err) {
			done += (ssize_t)d->bytes;
			pos += d->bytes;
		}
		block_direct_free(d);
	}
	if (write && done)
		block_cache_drop(disk, start, n);
	return done ? done : err;
}
