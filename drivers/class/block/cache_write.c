// SPDX-License-Identifier: GPL-2.0
/*
 * Buffered writing to disks, and write-back: by fsync, close and sync, by the thread "writeback" once a page has been dirty for five
 * seconds or many are, and by writers themselves when too many are. A page that is being written back can be written to: it is dirty
 * again then. Mappings lose the right to write it first, so that no write goes unseen. A write-back that fails forgets its pages (their
 * bytes are not what the disk holds) and is told once to every open file that asks (block_cache_error()).
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/slab.h>
#include <mm/vmstat.h>
#include "cache.h"

#define LOOK_NS		NSEC_PER_SEC		/* the thread looks so often while anything is dirty */
#define OLD_NS		(5 * NSEC_PER_SEC)	/* and writes what has been dirty for so long */
#define IOS_MAX		8u			/* write-backs of one disk on their way at once */
#define STATUS_GONE	UINT64_MAX

static struct wait_queue thread_queue = WAIT_QUEUE_INIT(thread_queue, "writeback");
static uint32_t thread_wanted;	/* 1: something is dirty, 2: much is; atomic */

/* ---- One run ---- */

static void page_written(struct block_cache *c, struct cache_page *p, int status)
{
	struct page *page = p->page;

	p->writing = false;
	list_del(&p->work);
	if (p->is_dirty)
		list_append(&c->dirty, &p->work);
	page_put(page);
	if (status)
		cache_invalidate(c, p);
	else if (READ_ONCE(page->pins))
		cache_mark_dirty(c, p);	/* a device may have written more into it meanwhile */
}

static void write_done(struct block_io *io)
{
	struct cache_io *w = io->priv;
	struct block_cache *c = &w->disk->cache;
	uint64_t flags = spin_lock_irq(&c->lock), first = w->pages[0]->index;
	bool mine;

	if (io->status) {
		log_err("block %s: write-back failed page=%llu pages=%u: %d", w->disk->name, (unsigned long long)first, w->nr, io->status);
		c->error = io->status;
		c->nr_errors++;
	}
	for (unsigned int i = 0; i < w->nr; i++)
		page_written(c, w->pages[i], io->status);
	vm_count_sub(VM_WRITEBACK, w->nr);
	vm_count_add(VM_PAGES_OUT, w->nr);
	mine = cache_io_over(w);
	if (mine)
		cache_io_free(w);
	spin_unlock_irq(&c->lock, flags);
}

/* Lock held. Take the dirty pages from @index on. */
static bool run_claim(struct cache_io *w, uint64_t index)
{
	struct block_cache *c = &w->disk->cache;
	struct cache_page *p = cache_find(c, index);

	while (p && p->is_dirty && !cache_page_is_busy(p) && w->nr < RUN_PAGES) {
		cache_mark_clean(c, p);
		p->writing = true;
		list_append(&c->writing, &p->work);
		page_get(p->page);
		w->pages[w->nr++] = p;
		p = cache_find(c, index + w->nr);
	}
	c->nr_ios += w->nr > 0;
	vm_count_add(VM_WRITEBACK, w->nr);
	return w->nr > 0;
}

static bool run_is_mapped(const struct cache_io *w)
{
	bool mapped = false;

	for (unsigned int i = 0; i < w->nr; i++)
		mapped |= READ_ONCE(w->pages[i]->page->mapcount) > 0;
	return mapped;
}

/* When there is no memory, the disk's spare one, which others may have now. */
static struct cache_io *io_alloc(struct block_disk *disk)
{
	struct block_cache *c = &disk->cache;
	struct cache_io *w = kzalloc(sizeof(*w));

	if (!w) {
		wait_event(&c->queue, !__atomic_exchange_n(&c->spare_taken, true, __ATOMIC_ACQUIRE), TIME_FOREVER, false);
		w = c->spare;
		memset(w, 0, sizeof(*w));
	}
	w->disk = disk;
	return w;
}

/* Start writing the run at @index. NULL: nothing to do there. Who waits frees what it gets. */
static struct cache_io *run_start(struct block_disk *disk, uint64_t index, bool wait)
{
	struct block_cache *c = &disk->cache;
	struct cache_io *w = io_alloc(disk);
	uint64_t flags, first, last;
	bool mapped, found;

	w->waited_for = wait;
	flags = spin_lock_irq(&c->lock);
	found = run_claim(w, index);
	spin_unlock_irq(&c->lock, flags);
	if (!found) {
		cache_io_free(w);
		return NULL;
	}
	first = w->pages[0]->index;
	last = w->pages[w->nr - 1]->index;
	mapped = run_is_mapped(w);
	if (mapped)
		mapping_protect(&c->mapping, first, last);
	cache_io_start(w, BLOCK_WRITE, write_done);
	return w;
}

int cache_write_run(struct block_disk *disk, uint64_t index)
{
	struct cache_io *w = run_start(disk, index, true);
	int err = w ? cache_io_wait(w) : 0;

	if (w)
		cache_io_free(w);
	return err;
}

/* ---- Ranges ---- */

static uint64_t last_page(uint64_t pos, uint64_t n)
{
	return n > UINT64_MAX - pos ? UINT64_MAX : (pos + n - 1) >> PAGE_SHIFT;
}

/* The oldest page of the range that was dirty before @turn ended, or STATUS_GONE. */
static uint64_t dirty_in(struct block_cache *c, uint64_t first, uint64_t last, uint64_t turn)
{
	uint64_t flags = spin_lock_irq(&c->lock), index = STATUS_GONE;
	const struct cache_page *p;

	list_for_each(p, &c->dirty, work)
		if (p->index >= first && p->index <= last && p->dirty_turn <= turn) {
			index = p->index;
			break;
		}
	spin_unlock_irq(&c->lock, flags);
	return index;
}

static bool writing_in(struct block_cache *c, uint64_t first, uint64_t last)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	const struct cache_page *p;
	bool found = false;

	list_for_each(p, &c->writing, work)
		found |= p->index >= first && p->index <= last;
	spin_unlock_irq(&c->lock, flags);
	return found;
}

static uint64_t turn_end(struct block_cache *c)
{
	uint64_t flags = spin_lock_irq(&c->lock), turn = c->turn++;

	spin_unlock_irq(&c->lock, flags);
	return turn;
}

/* Write what was dirty when the call came, and wait for that and for what others are writing. A page may be both: then once more. */
static void range_write(struct block_disk *disk, uint64_t first, uint64_t last)
{
	struct block_cache *c = &disk->cache;
	uint64_t turn = turn_end(c), index;

	for (;;) {
		while ((index = dirty_in(c, first, last, turn)) != STATUS_GONE) {
			wait_event(&c->queue, READ_ONCE(c->nr_ios) < IOS_MAX, TIME_FOREVER, false);
			run_start(disk, index, false);
		}
		if (!writing_in(c, first, last))
			return;
		wait_event(&c->queue, !writing_in(c, first, last), TIME_FOREVER, false);
	}
}

int block_cache_error(struct block_disk *disk, uint64_t *seen)
{
	struct block_cache *c = &disk->cache;
	uint64_t flags = spin_lock_irq(&c->lock);
	int err = c->nr_errors != *seen ? c->error : 0;

	*seen = c->nr_errors;
	spin_unlock_irq(&c->lock, flags);
	return err;
}

int block_cache_sync(struct block_disk *disk, uint64_t pos, uint64_t n)
{
	uint64_t seen = READ_ONCE(disk->cache.nr_errors);

	if (!n || block_cache_is_out(disk))
		return 0;
	range_write(disk, pos >> PAGE_SHIFT, last_page(pos, n));
	return block_cache_error(disk, &seen);
}

int block_disk_sync(struct block_disk *disk)
{
	int err = block_cache_sync(disk, 0, UINT64_MAX), flush_err = block_flush(disk);

	return err ? err : flush_err;
}

/* ---- Writing ---- */

/* Mark what was written into; -EAGAIN: the page is not the cache's any more. */
static int page_wrote(struct block_disk *disk, uint64_t index, const struct page *page)
{
	struct block_cache *c = &disk->cache;
	uint64_t flags = spin_lock_irq(&c->lock);
	struct cache_page *p = cache_find(c, index);
	bool still = p && p->page == page;

	if (still) {
		p->stale = false;
		cache_mark_dirty(c, p);
	}
	spin_unlock_irq(&c->lock, flags);
	return still ? 0 : -EAGAIN;
}

/* A whole page that is not in the cache: filled before anybody can see it, and never read. -EAGAIN: do it the other way. */
static ssize_t page_write_new(struct block_disk *disk, uint64_t index, struct iter *from, size_t n)
{
	struct block_cache *c = &disk->cache;
	struct cache_page *p = cache_page_create(disk, index);
	uint64_t flags;
	ssize_t moved;
	int err;

	if (!p)
		return -ENOMEM;
	moved = iter_get(from, page_addr(p->page), n);
	if (moved < (ssize_t)n) {
		if (moved > 0)
			iter_revert(from, (size_t)moved);
		cache_page_free(p);
		return moved < 0 ? moved : -EAGAIN;
	}
	flags = spin_lock_irq(&c->lock);
	err = cache_insert(c, p);
	if (!err)
		cache_mark_dirty(c, p);
	spin_unlock_irq(&c->lock, flags);
	if (!err)
		return moved;
	iter_revert(from, n);
	cache_page_free(p);
	return err == -EEXIST ? -EAGAIN : err;
}

static bool page_is_there(struct block_cache *c, uint64_t index)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	bool there = cache_find(c, index);

	spin_unlock_irq(&c->lock, flags);
	return there;
}

static ssize_t page_write(struct block_disk *disk, uint64_t pos, struct iter *from, size_t left)
{
	uint32_t offset = (uint32_t)(pos & ~PAGE_MASK);
	uint64_t index = pos >> PAGE_SHIFT;
	size_t piece = MIN(left, PAGE_SIZE - offset);
	struct page *page;
	ssize_t moved;

	if (!block_disk_alive(disk))
		return -EIO;
	if (!offset && piece == cache_page_bytes(disk, index) && !page_is_there(&disk->cache, index)) {
		moved = page_write_new(disk, index, from, piece);
		if (moved != -EAGAIN)
			return moved;
	}
	page = cache_get(disk, index, 1);
	if (IS_ERR(page))
		return PTR_ERR(page);
	moved = iter_get(from, (uint8_t *)page_addr(page) + offset, piece);
	if (moved > 0 && page_wrote(disk, index, page)) {
		iter_revert(from, (size_t)moved);	/* thrown out by direct I/O meanwhile: write into the one that is there now */
		moved = -EAGAIN;
	}
	page_put(page);
	return moved;
}

/* Too much is dirty: whoever writes pays. */
static void write_throttle(struct block_disk *disk)
{
	struct block_cache *c = &disk->cache;
	uint64_t index;

	while (READ_ONCE(c->nr_dirty) > cache_dirty_limit() && (index = dirty_in(c, 0, UINT64_MAX, UINT64_MAX)) != STATUS_GONE) {
		wait_event(&c->queue, READ_ONCE(c->nr_ios) < IOS_MAX, TIME_FOREVER, false);
		run_start(disk, index, false);
	}
}

ssize_t block_cache_write(struct block_disk *disk, uint64_t pos, struct iter *from, size_t n)
{
	ssize_t done = 0, moved = 0;

	while ((size_t)done < n) {
		moved = page_write(disk, pos, from, n - (size_t)done);
		if (moved == -EAGAIN)
			continue;
		if (moved <= 0)
			break;
		done += moved;
		pos += (uint64_t)moved;
		write_throttle(disk);
	}
	return done ? done : moved;
}

/* ---- The thread ---- */

struct round {
	time_ns_t now;
	bool much;		/* write whatever is dirty */
	bool left;		/* something is dirty still */
};

/* The oldest page that is due, or STATUS_GONE. The list is in the order of dirty_ns, but for pages that came back from a write. */
static uint64_t dirty_due(struct block_cache *c, const struct round *r)
{
	uint64_t flags = spin_lock_irq(&c->lock), index = STATUS_GONE;
	const struct cache_page *p;

	if (!list_empty(&c->dirty) && c->nr_ios < IOS_MAX) {
		p = list_first(&c->dirty, struct cache_page, work);
		if ((r->much && c->nr_dirty > cache_dirty_limit() / 2) || r->now - MIN(p->dirty_ns, r->now) >= OLD_NS)
			index = p->index;
	}
	spin_unlock_irq(&c->lock, flags);
	return index;
}

/* Starts and does not wait: a disk whose driver is dead keeps no other from being written. */
static bool thread_disk(struct block_disk *disk, void *arg)
{
	struct round *r = arg;
	uint64_t index;

	while ((index = dirty_due(&disk->cache, r)) != STATUS_GONE)
		run_start(disk, index, false);
	r->left |= READ_ONCE(disk->cache.nr_dirty) > 0;
	return true;
}

static void writeback_thread(void *arg)
{
	for (;;) {
		struct round r = { .now = 0 };

		wait_event(&thread_queue, __atomic_load_n(&thread_wanted, __ATOMIC_ACQUIRE), TIME_FOREVER, false);
		wait_event(&thread_queue, __atomic_load_n(&thread_wanted, __ATOMIC_ACQUIRE) > 1, time_now() + LOOK_NS, false);
		r.much = __atomic_exchange_n(&thread_wanted, 0, __ATOMIC_ACQ_REL) > 1;
		r.now = time_now();
		block_disk_for_each(thread_disk, &r);
		if (r.left)
			cache_write_later(false);
		if (r.much)
			sleep_until(time_now() + 10 * NSEC_PER_MSEC, false);	/* let what was started come back */
	}
}

void cache_write_later(bool much)
{
	uint32_t want = much ? 2 : 1, old = __atomic_load_n(&thread_wanted, __ATOMIC_RELAXED);

	while (old < want && !__atomic_compare_exchange_n(&thread_wanted, &old, want, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
	if (old < want)
		wait_wake(&thread_queue, 0);
}

static int writeback_start(void)
{
	struct thread *t = thread_create("writeback", writeback_thread, NULL, SCHED_FAIR);

	if (IS_ERR(t))
		return PTR_ERR(t);
	thread_start(t);
	return 0;
}
INITCALL("4class", writeback_start);
