// SPDX-License-Identifier: GPL-2.0
/*
 * Disks and partitions in memory: what a page fault asks of the page cache. A partition shows the pages of its disk from its first to its
 * last whole one; one that does not start on a page cannot be mapped.
 */
#include <mm/space.h>
#include <mm/vmstat.h>
#include "cache.h"

static struct block_disk *disk_of(struct mapping *m)
{
	return container_of(m, struct block_disk, cache.mapping);
}

static struct page *map_get_page(struct mapping *m, uint64_t index)
{
	struct block_disk *disk = disk_of(m);
	struct block_cache *c = &disk->cache;
	struct page *page = ERR_PTR(-EAGAIN);
	struct cache_page *p;
	uint64_t flags;

	if (!cache_page_bytes(disk, index))
		return ERR_PTR(-EIO);
	flags = spin_lock_irq(&c->lock);
	p = cache_find(c, index);
	if (p && !p->reading && !p->stale && !p->ahead) {
		page = p->page;
		page_get(page);
	}
	spin_unlock_irq(&c->lock, flags);
	return page;
}

/* Whoever walks through a mapping is ahead of nobody: read what lies around it. */
static int map_fetch(struct mapping *m, uint64_t index)
{
	struct page *page = cache_get(disk_of(m), index, RUN_PAGES - (unsigned int)(index % RUN_PAGES));

	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	vm_count_add(VM_MAJOR_FAULTS, 1);
	page_put(page);
	return 0;
}

static int map_dirty(struct mapping *m, uint64_t index, struct page *page)
{
	struct block_disk *disk = disk_of(m);
	struct block_cache *c = &disk->cache;
	struct cache_page *p;
	uint64_t flags;
	int err = 0;

	if (disk->limits.flags & BLOCK_RO)
		return -EIO;
	flags = spin_lock_irq(&c->lock);
	p = cache_find(c, index);
	if (!p || p->page != page || p->reading || p->stale)
		err = -EAGAIN;
	else
		cache_mark_dirty(c, p);
	spin_unlock_irq(&c->lock, flags);
	return err;
}

static int map_sync(struct mapping *m, uint64_t first, uint64_t last)
{
	struct block_disk *disk = disk_of(m);
	uint64_t n = last - first < UINT64_MAX >> PAGE_SHIFT ? (last - first + 1) << PAGE_SHIFT : UINT64_MAX;
	int err = block_cache_sync(disk, first << PAGE_SHIFT, n), flush_err;

	if (!block_disk_alive(disk))
		return -EIO;
	flush_err = block_flush(disk);
	return err ? err : flush_err;
}

const struct mapping_ops cache_mapping_ops = {
	.get_page = map_get_page, .fetch = map_fetch, .dirty = map_dirty, .sync = map_sync,
};

int block_map(struct file *f, struct vma *vma)
{
	const struct block_part *part = f->priv;
	uint64_t start = part->start * part->disk->limits.block_size, bytes = block_part_blocks(part) * part->disk->limits.block_size;

	if (vma->flags & VM_RESIDENT)
		return -ENODEV;
	if (start % PAGE_SIZE)
		return -EINVAL;
	if (vma->flags & VM_SHARED && vma->flags & VM_WRITE && part->disk->limits.flags & BLOCK_RO)
		return -EACCES;
	vma->mapping = &part->disk->cache.mapping;
	vma->mapping_first = start >> PAGE_SHIFT;
	if (part->number)
		vma->mapping_end = (start + bytes) >> PAGE_SHIFT;
	return 0;
}
