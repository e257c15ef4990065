// SPDX-License-Identifier: GPL-2.0
/*
 * Buffered access to disks: 4 KiB pages of the whole disk, shared by its partitions, least recently used first out, written back on
 * fsync, close, sync and when too many are dirty. A sequential reader gets up to 128 KiB ahead. The cache lock is held across I/O: one
 * buffered access at a time for each disk. Left out: mapping a disk into memory.
 */
#include <kernel/log.h>
#include <mm/slab.h>
#include "block_core.h"

#define HASH_SIZE	256u
#define RUN_PAGES	32u	/* one read or write-back: 128 KiB */
#define DISK_PAGES_MIN	64u	/* every disk may have as many, whatever the others hold */
#define TOTAL_PAGES_MIN	128u
#define SCARCE_SHARE	16u	/* less free than this part of memory: no cache grows */
#define FREE_SHARE	4u	/* the caches may have a quarter of what was free at first use */

struct cache_page {
	struct list lru, hash, dirty;
	uint64_t index;
	struct page *page;
	bool is_dirty;
};

static uint64_t total_pages;	/* of all disks; atomic */
static uint64_t total_limit;

int block_cache_init(struct block_cache *c)
{
	struct frame_stats stats;

	if (!total_limit) {
		frame_stats(&stats);
		total_limit = MAX(stats.free / FREE_SHARE, TOTAL_PAGES_MIN);
	}
	c->hash = kcalloc(HASH_SIZE, sizeof(*c->hash));
	if (!c->hash)
		return -ENOMEM;
	for (unsigned int i = 0; i < HASH_SIZE; i++)
		list_init(&c->hash[i]);
	list_init(&c->lru);
	list_init(&c->dirty);
	mutex_init(&c->lock, "block_cache");
	return 0;
}

/* ---- Pages: cache lock held ---- */

static uint64_t disk_bytes(const struct block_disk *disk)
{
	return READ_ONCE(disk->nr_blocks) * disk->limits.block_size;
}

/* How much of page @index is disk. */
static uint32_t page_bytes(const struct block_disk *disk, uint64_t index)
{
	uint64_t bytes = disk_bytes(disk), start = index << PAGE_SHIFT;

	return start >= bytes ? 0 : (uint32_t)MIN(bytes - start, PAGE_SIZE);
}

static struct cache_page *cache_find(struct block_cache *c, uint64_t index)
{
	struct cache_page *p;

	list_for_each(p, &c->hash[index % HASH_SIZE], hash)
		if (p->index == index)
			return p;
	return NULL;
}

static void page_clean(struct block_cache *c, struct cache_page *p)
{
	if (!p->is_dirty)
		return;
	p->is_dirty = false;
	list_del(&p->dirty);
	c->nr_dirty--;
}

static void page_dirty(struct block_cache *c, struct cache_page *p)
{
	if (p->is_dirty)
		return;
	p->is_dirty = true;
	list_append(&c->dirty, &p->dirty);
	c->nr_dirty++;
}

static void page_forget(struct block_cache *c, struct cache_page *p)
{
	page_clean(c, p);
	list_del(&p->lru);
	list_del(&p->hash);
	c->nr--;
	__atomic_fetch_sub(&total_pages, 1, __ATOMIC_RELAXED);
	page_put(p->page);
	kfree(p);
}

static void page_touch(struct block_cache *c, struct cache_page *p)
{
	list_del(&p->lru);
	list_append(&c->lru, &p->lru);
}

/* ---- Write-back ---- */

static int pages_io(struct block_disk *disk, uint8_t op, struct cache_page **pages, unsigned int nr)
{
	struct block_vec vec[RUN_PAGES];
	struct block_io io = { .op = op, .vec = vec, .nr_vec = nr };
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < nr; i++) {
		vec[i] = (struct block_vec){ .page = pages[i]->page, .length = page_bytes(disk, pages[i]->index) };
		if (!vec[i].length)
			return -EIO;	/* the disk shrank */
		bytes += vec[i].length;
	}
	io.lba = (pages[0]->index << PAGE_SHIFT) / disk->limits.block_size;
	io.nr_blocks = (uint32_t)(bytes / disk->limits.block_size);
	return block_do(disk, &io);
}

/* Write @first and the dirty pages that follow it. A failed page is forgotten: its bytes are not what the disk holds. */
static int run_write(struct block_disk *disk, struct cache_page *first)
{
	struct block_cache *c = &disk->cache;
	struct cache_page *run[RUN_PAGES];
	uint64_t index = first->index;
	unsigned int nr = 0;
	struct cache_page *p = first;
	int err;

	while (p && p->is_dirty && nr < RUN_PAGES) {
		run[nr++] = p;
		p = cache_find(c, index + nr);
	}
	err = pages_io(disk, BLOCK_WRITE, run, nr);
	for (unsigned int i = 0; i < nr; i++) {
		if (err)
			page_forget(c, run[i]);
		else
			page_clean(c, run[i]);
	}
	if (err) {
		log_err("block %s: write-back failed page=%llu pages=%u: %d", disk->name, (unsigned long long)index, nr, err);
		c->error = err;
	}
	return err;
}

static bool in_range(const struct cache_page *p, uint64_t first, uint64_t last)
{
	return p->index >= first && p->index <= last;
}

static struct cache_page *dirty_in(struct block_cache *c, uint64_t first, uint64_t last)
{
	struct cache_page *p;

	list_for_each(p, &c->dirty, dirty)
		if (in_range(p, first, last))
			return p;
	return NULL;
}

static void range_write(struct block_disk *disk, uint64_t first, uint64_t last)
{
	struct cache_page *p;

	while ((p = dirty_in(&disk->cache, first, last)))
		run_write(disk, p);
}

static int error_take(struct block_cache *c)
{
	int err = c->error;

	c->error = 0;
	return err;
}

static uint64_t last_page(uint64_t pos, uint64_t n)
{
	return n > UINT64_MAX - pos ? UINT64_MAX : (pos + n - 1) >> PAGE_SHIFT;
}

int block_cache_sync(struct block_disk *disk, uint64_t pos, uint64_t n)
{
	int err;

	if (!n || block_cache_is_out(disk))
		return 0;
	mutex_lock(&disk->cache.lock);
	range_write(disk, pos >> PAGE_SHIFT, last_page(pos, n));
	err = error_take(&disk->cache);
	mutex_unlock(&disk->cache.lock);
	return err;
}

int block_cache_drop(struct block_disk *disk, uint64_t pos, uint64_t n)
{
	struct block_cache *c = &disk->cache;
	uint64_t first = pos >> PAGE_SHIFT, last = last_page(pos, n);
	struct cache_page *p, *next;
	int err;

	if (!n || block_cache_is_out(disk))
		return 0;
	mutex_lock(&c->lock);
	range_write(disk, first, last);
	list_for_each_safe(p, next, &c->lru, lru)
		if (in_range(p, first, last))
			page_forget(c, p);
	err = error_take(c);
	mutex_unlock(&c->lock);
	return err;
}

/* Forget what can be read again. */
void block_cache_trim(struct block_disk *disk)
{
	struct block_cache *c = &disk->cache;
	struct cache_page *p, *next;

	mutex_lock(&c->lock);
	list_for_each_safe(p, next, &c->lru, lru)
		if (!p->is_dirty)
			page_forget(c, p);
	mutex_unlock(&c->lock);
}

/* The disk's last user is gone. */
void block_cache_free(struct block_disk *disk)
{
	struct block_cache *c = &disk->cache;

	if (!c->hash)
		return;
	while (!list_empty(&c->lru))
		page_forget(c, list_first(&c->lru, struct cache_page, lru));
	kfree(c->hash);
	c->hash = NULL;
}

int block_disk_sync(struct block_disk *disk)
{
	int err = block_cache_sync(disk, 0, UINT64_MAX), flush_err = block_flush(disk);

	return err ? err : flush_err;
}

/* ---- Room ---- */

/* Give up the least recently used page, a clean one if the oldest few have one. */
static void cache_evict(struct block_disk *disk)
{
	struct block_cache *c = &disk->cache;
	struct cache_page *p;
	unsigned int seen = 0;

	list_for_each(p, &c->lru, lru) {
		if (!p->is_dirty) {
			page_forget(c, p);
			return;
		}
		if (++seen == RUN_PAGES)
			break;
	}
	p = list_first(&c->lru, struct cache_page, lru);
	if (!run_write(disk, p))
		page_forget(c, p);
}

/* It holds its share, or memory is scarce: then a new page takes an old one's place. */
static bool cache_full(const struct block_cache *c)
{
	struct frame_stats stats;

	if (c->nr < DISK_PAGES_MIN)
		return false;
	frame_stats(&stats);
	return __atomic_load_n(&total_pages, __ATOMIC_RELAXED) >= total_limit || stats.free < stats.total / SCARCE_SHARE;
}

/* A page for @index that is not in the cache yet. */
static struct cache_page *page_create(struct block_disk *disk, uint64_t index)
{
	struct block_cache *c = &disk->cache;
	struct cache_page *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	for (unsigned int i = 0; i < 2 && cache_full(c); i++)
		cache_evict(disk);
	while (!(p->page = frame_alloc(0, FRAME_ZERO, PAGE_FILE)) && !list_empty(&c->lru))
		cache_evict(disk);
	if (!p->page) {
		kfree(p);
		return NULL;
	}
	p->index = index;
	list_init(&p->dirty);
	list_init(&p->hash);
	list_init(&p->lru);
	return p;
}

static void page_free(struct cache_page *p)
{
	page_put(p->page);
	kfree(p);
}

static void page_insert(struct block_cache *c, struct cache_page *p)
{
	list_append(&c->lru, &p->lru);
	list_append(&c->hash[p->index % HASH_SIZE], &p->hash);
	c->nr++;
	__atomic_fetch_add(&total_pages, 1, __ATOMIC_RELAXED);
}

/* ---- Reading ---- */

static int run_read(struct block_disk *disk, uint64_t index, unsigned int want)
{
	struct cache_page *run[RUN_PAGES];
	unsigned int nr = 0;
	int err = -ENOMEM;

	while (nr < want && page_bytes(disk, index + nr) && !cache_find(&disk->cache, index + nr)) {
		run[nr] = page_create(disk, index + nr);
		if (!run[nr])
			break;
		nr++;
	}
	if (nr)
		err = pages_io(disk, BLOCK_READ, run, nr);
	for (unsigned int i = 0; i < nr; i++) {
		if (err)
			page_free(run[i]);
		else
			page_insert(&disk->cache, run[i]);
	}
	return err;
}

/* The page, read if need be, with up to @want pages at once. ERR_PTR. */
static struct cache_page *page_get_read(struct block_disk *disk, uint64_t index, unsigned int want)
{
	struct cache_page *p = cache_find(&disk->cache, index);
	int err;

	if (p) {
		page_touch(&disk->cache, p);
		return p;
	}
	err = run_read(disk, index, MIN(MAX(want, 1u), RUN_PAGES));
	if (err && want > 1)
		err = run_read(disk, index, 1);	/* a bad block ahead is not this page's error */
	if (err)
		return ERR_PTR(err);
	p = cache_find(&disk->cache, index);
	return p ? p : ERR_PTR(-EIO);
}

ssize_t block_cache_read(struct block_disk *disk, uint64_t pos, struct iter *to, size_t n)
{
	struct block_cache *c = &disk->cache;
	ssize_t done = 0, moved = 0;
	bool sequential;

	mutex_lock(&c->lock);
	sequential = pos == c->next_pos;
	while ((size_t)done < n) {
		uint64_t index = pos >> PAGE_SHIFT;
		uint32_t offset = (uint32_t)(pos & ~PAGE_MASK);
		size_t left = n - (size_t)done, piece = MIN(left, PAGE_SIZE - offset);
		struct cache_page *p;

		p = block_disk_alive(disk) ? page_get_read(disk, index, sequential ? RUN_PAGES :
							   (unsigned int)MIN((left + offset) / PAGE_SIZE + 1, RUN_PAGES)) : ERR_PTR(-EIO);
		moved = IS_ERR(p) ? PTR_ERR(p) : iter_put(to, (const uint8_t *)page_addr(p->page) + offset, piece);
		if (moved <= 0)
			break;
		done += moved;
		pos += (uint64_t)moved;
		if ((size_t)moved < piece)
			break;
	}
	c->next_pos = pos;
	mutex_unlock(&c->lock);
	return done ? done : moved;
}

/* ---- Writing ---- */

/* The page to write @piece bytes at @offset into: read first unless all of it is overwritten. */
static struct cache_page *page_get_write(struct block_disk *disk, uint64_t index, uint32_t offset, size_t piece, bool *fresh)
{
	struct cache_page *p = cache_find(&disk->cache, index);

	*fresh = !p && !offset && piece == page_bytes(disk, index);
	if (!*fresh)
		return page_get_read(disk, index, 1);
	p = page_create(disk, index);
	if (!p)
		return ERR_PTR(-ENOMEM);
	page_insert(&disk->cache, p);
	return p;
}

static ssize_t page_write(struct block_disk *disk, uint64_t pos, struct iter *from, size_t left)
{
	uint32_t offset = (uint32_t)(pos & ~PAGE_MASK);
	size_t piece = MIN(left, PAGE_SIZE - offset);
	struct cache_page *p;
	ssize_t moved;
	bool fresh;

	if (!block_disk_alive(disk))
		return -EIO;
	p = page_get_write(disk, pos >> PAGE_SHIFT, offset, piece, &fresh);
	if (IS_ERR(p))
		return PTR_ERR(p);
	moved = iter_get(from, (uint8_t *)page_addr(p->page) + offset, piece);
	if (fresh && moved < (ssize_t)piece) {
		page_forget(&disk->cache, p);	/* the rest of the page was never read */
		return moved < 0 ? moved : -EFAULT;
	}
	if (moved > 0)
		page_dirty(&disk->cache, p);
	return moved;
}

ssize_t block_cache_write(struct block_disk *disk, uint64_t pos, struct iter *from, size_t n)
{
	struct block_cache *c = &disk->cache;
	ssize_t done = 0, moved = 0;

	mutex_lock(&c->lock);
	while ((size_t)done < n) {
		moved = page_write(disk, pos, from, n - (size_t)done);
		if (moved <= 0)
			break;
		done += moved;
		pos += (uint64_t)moved;
		if (c->nr_dirty > MAX(total_limit / 4, DISK_PAGES_MIN / 2))
			range_write(disk, 0, UINT64_MAX);
	}
	mutex_unlock(&c->lock);
	return done ? done : moved;
}
