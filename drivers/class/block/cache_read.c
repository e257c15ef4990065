// SPDX-License-Identifier: GPL-2.0
/*
 * Buffered reading of disks. A miss reads what was asked for in runs of up to 128 KiB; for a reader that goes on where the last one
 * ended, the next run is on its way before it is wanted: the first page of a run is marked, and who comes to it starts the run after it.
 */
#include <mm/slab.h>
#include <mm/vmstat.h>
#include "cache.h"

/* Pages of a failed read were never seen by anybody; of stale ones, by those who have them. */
static void read_done(struct block_io *io)
{
	struct cache_io *w = io->priv;
	struct block_cache *c = &w->disk->cache;
	uint64_t flags = spin_lock_irq(&c->lock);
	bool mine;

	for (unsigned int i = 0; i < w->nr; i++) {
		struct cache_page *p = w->pages[i];

		p->reading = false;
		if (io->status)
			cache_invalidate(c, p);
		else
			p->stale = false;
	}
	vm_count_add(VM_PAGES_IN, w->nr);
	mine = cache_io_over(w);
	if (mine)
		cache_io_free(w);
	spin_unlock_irq(&c->lock, flags);
}

/* Lock held. How many pages from @index on are not in the cache, at most @want; a stale one counts alone. */
static unsigned int run_missing(struct block_disk *disk, uint64_t index, unsigned int want)
{
	const struct cache_page *p = cache_find(&disk->cache, index);
	unsigned int nr = 0;

	if (p)
		return p->stale && !cache_page_is_busy(p);
	while (nr < want && cache_page_bytes(disk, index + nr) && !cache_find(&disk->cache, index + nr))
		nr++;
	return nr;
}

/* Lock held. Mark the pages of the run as being read; those made for it that others were faster with stay the caller's. */
static void run_claim(struct cache_io *w, uint64_t index, struct cache_page **made, unsigned int nr_made)
{
	struct block_cache *c = &w->disk->cache;
	struct cache_page *p = cache_find(c, index);

	if (p && p->stale && !cache_page_is_busy(p)) {
		w->pages[w->nr++] = p;
	} else if (!p) {
		while (w->nr < nr_made && !cache_insert(c, made[w->nr])) {
			w->pages[w->nr] = made[w->nr];
			made[w->nr++] = NULL;
		}
	}
	for (unsigned int i = 0; i < w->nr; i++)
		w->pages[i]->reading = true;
	c->nr_ios += w->nr > 0;
}

/* Read the page and those behind it, as far as they are missing, @want at most. 0, also when others were faster. */
static int run_read(struct block_disk *disk, uint64_t index, unsigned int want, bool wait, bool ahead)
{
	struct block_cache *c = &disk->cache;
	struct cache_io *w = kzalloc(sizeof(*w));
	struct cache_page *made[RUN_PAGES];
	unsigned int nr_made = 0, missing;
	uint64_t flags;
	int err = 0;

	if (!w)
		return -ENOMEM;
	w->disk = disk;
	w->waited_for = wait;
	flags = spin_lock_irq(&c->lock);
	missing = run_missing(disk, index, MIN(MAX(want, 1u), RUN_PAGES));
	spin_unlock_irq(&c->lock, flags);
	while (nr_made < missing && (made[nr_made] = cache_page_create(disk, index + nr_made)))
		nr_made++;
	flags = spin_lock_irq(&c->lock);
	run_claim(w, index, made, nr_made);
	if (w->nr && ahead)
		w->pages[0]->ahead = true;
	spin_unlock_irq(&c->lock, flags);
	for (unsigned int i = 0; i < nr_made; i++)
		if (made[i])
			cache_page_free(made[i]);
	if (!w->nr) {
		kfree(w);
		return missing && !nr_made ? -ENOMEM : 0;
	}
	current->io.bytes[0] += w->nr * PAGE_SIZE;
	cache_io_start(w, BLOCK_READ, read_done);
	if (wait) {
		err = cache_io_wait(w);
		cache_io_free(w);
	}
	return err;
}

/* With a reference when it is there to be used; *@busy: wait for it first. Marks that are met start the run after next. */
static struct page *page_take(struct block_cache *c, uint64_t index, bool *busy, bool *ahead)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	struct cache_page *p = cache_find(c, index);
	struct page *page = NULL;

	*busy = p && p->reading;
	if (p && !p->reading && !p->stale) {
		*ahead = p->ahead;
		p->ahead = false;
		page = p->page;
		page_get(page);
		list_del(&p->lru);
		list_append(&c->lru, &p->lru);
	}
	spin_unlock_irq(&c->lock, flags);
	return page;
}

struct page *cache_get(struct block_disk *disk, uint64_t index, unsigned int want)
{
	bool busy, ahead = false;
	struct page *page;
	int err = 0;

	for (;;) {
		if (!block_disk_alive(disk))
			return ERR_PTR(-EIO);
		page = page_take(&disk->cache, index, &busy, &ahead);
		if (page)
			break;
		if (!cache_page_bytes(disk, index))
			return ERR_PTR(-EIO);
		if (busy) {
			cache_wait(disk, index);
			continue;
		}
		err = run_read(disk, index, want, true, want >= RUN_PAGES);
		if (err && want > 1)
			err = run_read(disk, index, 1, true, false);	/* a bad block behind it is not this page's error */
		if (err)
			return ERR_PTR(err);
	}
	if (ahead)
		(void)run_read(disk, ALIGN_DOWN(index, RUN_PAGES) + RUN_PAGES, RUN_PAGES, false, true);
	return page;
}

ssize_t block_cache_read(struct block_disk *disk, uint64_t pos, struct iter *to, size_t n)
{
	struct block_cache *c = &disk->cache;
	bool sequential = pos == READ_ONCE(c->next_pos);
	ssize_t done = 0, moved = 0;

	while ((size_t)done < n) {
		uint64_t index = pos >> PAGE_SHIFT;
		uint32_t offset = (uint32_t)(pos & ~PAGE_MASK);
		size_t left = n - (size_t)done, piece = MIN(left, PAGE_SIZE - offset);
		unsigned int want = sequential ? RUN_PAGES - (unsigned int)(index % RUN_PAGES) :
				    (unsigned int)MIN((left + offset + PAGE_SIZE - 1) / PAGE_SIZE, RUN_PAGES);
		struct page *page = cache_get(disk, index, want);

		if (IS_ERR(page)) {
			moved = PTR_ERR(page);
			break;
		}
		moved = iter_put(to, (const uint8_t *)page_addr(page) + offset, piece);
		page_put(page);
		if (moved <= 0)
			break;
		done += moved;
		pos += (uint64_t)moved;
		if ((size_t)moved < piece)
			break;
	}
	WRITE_ONCE(c->next_pos, pos);
	return done ? done : moved;
}
