/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files of a disk's page cache: cache.c (the pages), cache_read.c, cache_write.c (with write-back) and
 * map.c. One spinlock guards all that a cache knows of its pages; it is never held while something is read, written or copied. A
 * page that is worked on is marked so, and a reference to its frame keeps it in the cache: only a page whose frame nobody else refers to
 * is given up.
 */
#ifndef BLOCK_CACHE_H
#define BLOCK_CACHE_H

#include <kernel/time.h>
#include "core.h"

#define RUN_PAGES	32u	/* one read or write-back: 128 KiB */

/* All fields are guarded by the cache's lock. */
struct cache_page {
	struct list lru;
	struct list work;		/* of cache->dirty, or cache->writing */
	uint64_t index;
	struct page *page;		/* its owner is this; the tree holds a reference */
	struct cgroup *group;		/* that pays for it (cgroup_cache_charge()); NULL: nobody */
	uint64_t dirty_turn;		/* which sync of the cache has to write it */
	time_ns_t dirty_ns;		/* since when */
	bool reading, writing, is_dirty;
	bool stale;			/* what it holds is not what the disk holds: read it again */
	bool ahead;			/* who comes here starts the next read ahead */
};

/* A read or write-back on its way. */
struct cache_io {
	struct block_io io;
	struct block_disk *disk;
	bool waited_for;		/* somebody waits for over, and frees it */
	bool over;
	unsigned int nr;
	struct cache_page *pages[RUN_PAGES];
	struct block_vec vec[RUN_PAGES];
};

/* cache.c; the first group with the lock held. */
struct cache_page *cache_find(struct block_cache *c, uint64_t index);
/* Put in a page made by cache_page_create(). -EEXIST, -ENOMEM. */
int cache_insert(struct block_cache *c, struct cache_page *p);
/* Out of the cache and freed. It is not being read or written. */
void cache_forget(struct block_cache *c, struct cache_page *p);
void cache_mark_dirty(struct block_cache *c, struct cache_page *p);
void cache_mark_clean(struct block_cache *c, struct cache_page *p);
/* What it holds is no longer true: forgotten, or read again by whoever has it. */
void cache_invalidate(struct block_cache *c, struct cache_page *p);
static inline bool cache_page_is_busy(const struct cache_page *p) { return p->reading || p->writing; }

/* How much of page @index is disk. */
uint32_t cache_page_bytes(const struct block_disk *disk, uint64_t index);
/* Not in the cache yet; NULL when out of memory. No lock held: may write back and unmap to get a frame. */
struct cache_page *cache_page_create(struct block_disk *disk, uint64_t index);
void cache_page_free(struct cache_page *p);
/* Wait until page @index is neither read nor written, or gone. */
void cache_wait(struct block_disk *disk, uint64_t index);
/* More may be dirty than this before writers write themselves, and before the thread does. */
uint64_t cache_dirty_limit(void);

/* An io on @nr pages, which are marked as being worked on; its done() follows. */
void cache_io_start(struct cache_io *w, uint8_t op, void (*done)(struct block_io *io));
/* In done(): the io is over. Lock held; wakes who waits. True: the caller frees it. */
bool cache_io_over(struct cache_io *w);
/* Its status, once it is over. */
int cache_io_wait(struct cache_io *w);
void cache_io_free(struct cache_io *w);

/* cache_read.c. Page @index with a reference, up to date, read with as many as @want if need be. ERR_PTR. No lock held. */
struct page *cache_get(struct block_disk *disk, uint64_t index, unsigned int want);

/* cache_write.c. Write back the run of dirty pages that @index is in and wait. 0 or the error. No lock held. */
int cache_write_run(struct block_disk *disk, uint64_t index);
/* Something is dirty: the thread looks in some time, or now when @much is. Any context. */
void cache_write_later(bool much);

/* map.c */
extern const struct mapping_ops cache_mapping_ops;

#endif
