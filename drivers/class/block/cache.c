// SPDX-License-Identifier: GPL-2.0
/*
 * The page cache of disks: 4 KiB pages of the whole disk, shared by its partitions, least recently used first out. This file keeps the
 * pages: finding, giving up, forgetting. What a page is given up for: the caches have a share of memory, and no frame may be left; then a
 * page that is written back and that nobody uses goes, after mappings have been taken away where there is no other. See cache.h.
 */
#include <kernel/cgroup.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <mm/reclaim.h>
#include <mm/slab.h>
#include <mm/vmstat.h>
#include "cache.h"

#define DISK_PAGES_MIN	64u	/* every disk may have as many, whatever the others hold */
#define TOTAL_PAGES_MIN	128u
#define SCARCE_SHARE	16u	/* less free than this part of memory: no cache grows */
#define FREE_SHARE	4u	/* the caches may have a quarter of what was free at first use */
#define LOOK_PAGES	64u	/* of the least recently used, how many are looked at for one that can go */
#define LOOK_FURTHER	4096u	/* the same for one of a certain control group */
#define ROOM_TRIES	4u

static uint64_t total_pages;	/* of all disks; atomic */
static uint64_t total_limit;

int block_cache_init(struct block_cache *c)
{
	struct frame_stats stats;

	if (!total_limit) {
		frame_stats(&stats);
		total_limit = MAX(stats.free / FREE_SHARE, TOTAL_PAGES_MIN);
	}
	spin_init(&c->lock, "block_cache");
	wait_queue_init(&c->queue, "block_cache");
	page_tree_init(&c->tree);
	spin_init(&c->tree.lock, "block_cache_tree");	/* interrupts wait for it, unlike for those of files */
	mapping_init(&c->mapping, &cache_mapping_ops);
	list_init(&c->lru);
	list_init(&c->dirty);
	list_init(&c->writing);
	c->spare = kzalloc(sizeof(struct cache_io));
	return c->spare ? 0 : -ENOMEM;
}

uint64_t cache_dirty_limit(void)
{
	return MAX(total_limit / 4, DISK_PAGES_MIN / 2);
}

/* ---- Pages: lock held ---- */

uint32_t cache_page_bytes(const struct block_disk *disk, uint64_t index)
{
	uint64_t bytes = READ_ONCE(disk->nr_blocks) * disk->limits.block_size, start = index << PAGE_SHIFT;

	return index > bytes >> PAGE_SHIFT || start >= bytes ? 0 : (uint32_t)MIN(bytes - start, PAGE_SIZE);
}

struct cache_page *cache_find(struct block_cache *c, uint64_t index)
{
	struct page *page = page_tree_get(&c->tree, index);

	if (!page)
		return NULL;
	page_put(page);
	return page->owner;
}

int cache_insert(struct block_cache *c, struct cache_page *p)
{
	int err = page_tree_insert(&c->tree, p->index, p->page);

	if (err)
		return err;
	p->page->owner = p;
	list_append(&c->lru, &p->lru);
	c->nr++;
	__atomic_fetch_add(&total_pages, 1, __ATOMIC_RELAXED);
	return 0;
}

void cache_mark_clean(struct block_cache *c, struct cache_page *p)
{
	if (!p->is_dirty)
		return;
	p->is_dirty = false;
	list_del(&p->work);
	c->nr_dirty--;
	vm_count_sub(VM_DIRTY, 1);
}

void cache_mark_dirty(struct block_cache *c, struct cache_page *p)
{
	if (p->is_dirty)
		return;
	p->is_dirty = true;
	p->dirty_turn = c->turn;
	p->dirty_ns = time_now();
	if (!p->writing)
		list_append(&c->dirty, &p->work);
	c->nr_dirty++;
	vm_count_add(VM_DIRTY, 1);
	current->io.bytes[1] += PAGE_SIZE;
	cache_write_later(c->nr_dirty > cache_dirty_limit() / 2);
}

static void cache_page_uncharge(const struct cache_page *p)
{
	if (p->group)
		cgroup_cache_uncharge(p->group);
}

/* The first who wants it pays; a group that is full gives up an older page of its own, if it has one. */
static void cache_page_charge(struct cache_page *p)
{
	struct cgroup *g = current_process && READ_ONCE(current_process->group) ? cgroup_of_process(current_process) : NULL, *full;

	if (!g)
		return;
	full = cgroup_memory_full(g);
	if (full)
		(void)reclaim_within(full, 2);
	cgroup_cache_charge(g);
	p->group = g;
	cgroup_put(g);
}

void cache_forget(struct block_cache *c, struct cache_page *p)
{
	cache_mark_clean(c, p);
	list_del(&p->lru);
	c->nr--;
	__atomic_fetch_sub(&total_pages, 1, __ATOMIC_RELAXED);
	p->page->owner = NULL;
	page_tree_remove(&c->tree, p->index, p->index);
	cache_page_uncharge(p);
	kfree(p);
}

static bool is_used(const struct cache_page *p)
{
	return READ_ONCE(p->page->refs) > 1;
}

void cache_invalidate(struct block_cache *c, struct cache_page *p)
{
	if (!is_used(p)) {
		cache_forget(c, p);
		return;
	}
	cache_mark_clean(c, p);
	p->stale = true;
}

/* ---- Room ---- */

/* Whose pages: of @within (NULL: of all), and there of those too that memory.low, or memory.min, protects. */
struct evict {
	struct cgroup *within;
	bool low, min;
};

static const struct evict anybody = { .low = true }, everybody = { .low = true, .min = true };

static bool can_go(const struct cache_page *p, const struct evict *who)
{
	if (p->is_dirty || cache_page_is_busy(p) || is_used(p))
		return false;
	if (likely(!p->group))
		return !who->within;
	return cgroup_memory_within(p->group, who->within) && (who->low || !cgroup_memory_protects(p->group, who->within, true)) &&
	       (who->min || !cgroup_memory_protects(p->group, who->within, false));
}

static void evict_one(struct block_cache *c, struct cache_page *p, const struct evict *who)
{
	if (unlikely(p->group) && cgroup_memory_protects(p->group, who->within, true))
		cgroup_count_event(p->group, CGROUP_LOW);
	cache_forget(c, p);
}

/* Give up as many as @max pages. *@mapped: one that only mappings keep, or UINT64_MAX. */
static unsigned int cache_evict(struct block_cache *c, unsigned int max, const struct evict *who, uint64_t *mapped)
{
	unsigned int nr = 0, seen = 0;
	struct cache_page *p, *next;
	uint64_t flags = spin_lock_irq(&c->lock);

	*mapped = UINT64_MAX;
	list_for_each_safe(p, next, &c->lru, lru) {
		if (nr == max || seen++ == max + (who->within ? LOOK_FURTHER : LOOK_PAGES))
			break;
		if (can_go(p, who)) {
			evict_one(c, p, who);
			nr++;
			continue;
		}
		if (!p->is_dirty && !cache_page_is_busy(p) && READ_ONCE(p->page->mapcount))
			*mapped = p->index;
		list_del(&p->lru);
		list_append(&c->lru, &p->lru);
	}
	spin_unlock_irq(&c->lock, flags);
	return nr;
}

static bool oldest_dirty(struct block_cache *c, uint64_t *index)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	bool found = !list_empty(&c->dirty);

	if (found)
		*index = list_first(&c->dirty, struct cache_page, work)->index;
	spin_unlock_irq(&c->lock, flags);
	return found;
}

/* Give up some pages, making them so that they can go if there is no other way. False: there is none at all. */
static bool cache_make_room(struct block_disk *disk, unsigned int max)
{
	struct block_cache *c = &disk->cache;

	for (unsigned int i = 0; i < ROOM_TRIES; i++) {
		uint64_t mapped, dirty;

		if (cache_evict(c, max, &anybody, &mapped))
			return true;
		if (mapped != UINT64_MAX)
			mapping_unmap_pages(&c->mapping, ALIGN_DOWN(mapped, RUN_PAGES), ALIGN_DOWN(mapped, RUN_PAGES) + RUN_PAGES - 1);
		else if (oldest_dirty(c, &dirty))
			cache_write_run(disk, dirty);
		else
			return false;
	}
	return false;
}

/* It holds its share, or memory is scarce: then a new page takes an old one's place. */
static bool cache_full(const struct block_cache *c)
{
	struct frame_stats stats;

	if (READ_ONCE(c->nr) < DISK_PAGES_MIN)
		return false;
	frame_stats(&stats);
	return __atomic_load_n(&total_pages, __ATOMIC_RELAXED) >= total_limit || stats.free < stats.total / SCARCE_SHARE;
}

struct cache_page *cache_page_create(struct block_disk *disk, uint64_t index)
{
	struct cache_page *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	if (cache_full(&disk->cache))
		cache_make_room(disk, 2);
	do {	/* cleared: a driver may say that it filled a page and have not */
		p->page = frame_alloc(0, FRAME_ZERO, PAGE_FILE);
	} while (!p->page && cache_make_room(disk, RUN_PAGES));
	if (!p->page) {
		kfree(p);
		return NULL;
	}
	p->index = index;
	list_init(&p->lru);
	list_init(&p->work);
	cache_page_charge(p);
	return p;
}

void cache_page_free(struct cache_page *p)
{
	cache_page_uncharge(p);
	page_put(p->page);
	kfree(p);
}

struct shrink {
	struct evict who;
	uint64_t wanted, done;
};

static bool shrink_one(struct block_disk *disk, void *arg)
{
	struct shrink *s = arg;
	uint64_t mapped;

	s->done += cache_evict(&disk->cache, (unsigned int)(s->wanted - s->done), &s->who, &mapped);
	return s->done < s->wanted;
}

/* What memory.low protects goes when nothing else does, what memory.min protects never. */
static uint64_t cache_shrink(struct cgroup *within, uint64_t nr_pages)
{
	struct shrink s = { .who = { .within = within }, .wanted = MIN(nr_pages, 1024ull) };

	for (unsigned int low = 0; low < 2 && !s.done && __atomic_load_n(&total_pages, __ATOMIC_RELAXED); low++) {
		s.who.low = low;
		block_disk_for_each(shrink_one, &s);
	}
	return s.done;
}

/* ---- Waiting ---- */

static bool page_is_busy(struct block_cache *c, uint64_t index)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	const struct cache_page *p = cache_find(c, index);
	bool busy = p && cache_page_is_busy(p);

	spin_unlock_irq(&c->lock, flags);
	return busy;
}

void cache_wait(struct block_disk *disk, uint64_t index)
{
	struct block_cache *c = &disk->cache;

	if (!page_is_busy(c, index))
		return;
	iowait_begin();
	wait_event(&c->queue, !page_is_busy(c, index), TIME_FOREVER, false);
	iowait_end();
}

void cache_io_start(struct cache_io *w, uint8_t op, void (*done)(struct block_io *io))
{
	struct block_disk *disk = w->disk;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < w->nr; i++) {
		w->vec[i] = (struct block_vec){ .page = w->pages[i]->page, .length = cache_page_bytes(disk, w->pages[i]->index) };
		bytes += w->vec[i].length;
	}
	w->io = (struct block_io){ .op = op, .vec = w->vec, .nr_vec = w->nr, .done = done, .priv = w };
	w->io.lba = (w->pages[0]->index << PAGE_SHIFT) / disk->limits.block_size;
	w->io.nr_blocks = (uint32_t)(bytes / disk->limits.block_size);
	if (w->vec[w->nr - 1].length) {
		block_submit(disk, &w->io);
		return;
	}
	w->io.status = -EIO;	/* the disk shrank */
	done(&w->io);
}

bool cache_io_over(struct cache_io *w)
{
	struct block_cache *c = &w->disk->cache;

	w->over = true;
	c->nr_ios--;
	wait_wake(&c->queue, 0);
	return !w->waited_for;
}

/* The lock keeps the io and the disk alive until the last touch of done(). */
int cache_io_wait(struct cache_io *w)
{
	struct block_cache *c = &w->disk->cache;

	iowait_begin();
	wait_event(&c->queue, READ_ONCE(w->over), TIME_FOREVER, false);
	iowait_end();
	spin_unlock_irq(&c->lock, spin_lock_irq(&c->lock));
	return w->io.status;
}

void cache_io_free(struct cache_io *w)
{
	struct block_cache *c = &w->disk->cache;

	if (w != c->spare) {
		kfree(w);
		return;
	}
	__atomic_store_n(&c->spare_taken, false, __ATOMIC_RELEASE);
	wait_wake(&c->queue, 0);
}

/* ---- Forgetting ---- */

/* The first page at or after *@index, up to @last; *@index becomes its own. */
static struct cache_page *next_page(struct block_cache *c, uint64_t *index, uint64_t last)
{
	struct page *page = page_tree_next(&c->tree, index);

	if (!page)
		return NULL;
	page_put(page);
	return *index <= last ? page->owner : NULL;
}

/* Invalidate what is not being written; pages that were made dirty meanwhile too. */
static void range_invalidate(struct block_cache *c, uint64_t first, uint64_t last)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	struct cache_page *p;

	for (uint64_t index = first; (p = next_page(c, &index, last)); index++) {
		if (!cache_page_is_busy(p))
			cache_invalidate(c, p);
		if (index == UINT64_MAX)
			break;
	}
	spin_unlock_irq(&c->lock, flags);
}

static bool range_is_busy(struct block_cache *c, uint64_t first, uint64_t last)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	struct cache_page *p;
	bool busy = false;

	for (uint64_t index = first; !busy && c->nr_ios && (p = next_page(c, &index, last)); index++)
		busy = cache_page_is_busy(p);
	spin_unlock_irq(&c->lock, flags);
	return busy;
}

int block_cache_drop(struct block_disk *disk, uint64_t pos, uint64_t n)
{
	struct block_cache *c = &disk->cache;
	uint64_t first = pos >> PAGE_SHIFT, last = n > UINT64_MAX - pos ? UINT64_MAX : (pos + n - 1) >> PAGE_SHIFT;
	int err;

	if (!n || block_cache_is_out(disk))
		return 0;
	err = block_cache_sync(disk, pos, n);
	if (range_is_busy(c, first, last))
		wait_event(&c->queue, !range_is_busy(c, first, last), TIME_FOREVER, false);
	range_invalidate(c, first, last);
	mapping_unmap_pages(&c->mapping, first, last);
	return err;
}

/* Forget what can be read again. */
void block_cache_trim(struct block_disk *disk)
{
	uint64_t mapped;

	while (cache_evict(&disk->cache, 1024, &everybody, &mapped))
		;
}

/* The disk's last user is gone: nothing is mapped, and nobody starts anything. */
void block_cache_free(struct block_disk *disk)
{
	struct block_cache *c = &disk->cache;
	uint64_t flags;

	if (!c->spare)
		return;
	wait_event(&c->queue, !READ_ONCE(c->nr_ios), TIME_FOREVER, false);
	flags = spin_lock_irq(&c->lock);
	while (!list_empty(&c->lru)) {
		cache_forget(c, list_first(&c->lru, struct cache_page, lru));
		spin_unlock_irq(&c->lock, flags);	/* a disk may have many */
		flags = spin_lock_irq(&c->lock);
	}
	spin_unlock_irq(&c->lock, flags);
	kfree(c->spare);
	c->spare = NULL;
}

static int cache_setup(void)
{
	reclaim_register(cache_shrink);
	return 0;
}
INITCALL("4class", cache_setup);
