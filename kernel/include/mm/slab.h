/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel memory by size: slabs up to a page, frames above. Memory is zeroed. */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <kernel/types.h>

struct slab_cache;

/* Zeroed memory of at least @size bytes, 16-byte aligned (page-aligned from one page on); NULL when out of memory. Any context. */
void *kzalloc(size_t size);
/* @count * @size, overflow-checked. */
void *kcalloc(size_t count, size_t size);
/* NULL is fine. A pointer that was not allocated, or twice, is a panic. */
void kfree(void *p);
char *kstrdup(const char *s);

/* Does [@p, +@n) of the direct map lie inside one object, or one block of frames? True for what is neither. Any context. */
bool slab_holds(const void *p, size_t n);

/* A cache of equal objects. NULL when out of memory. */
struct slab_cache *slab_create(const char *name, size_t size, size_t align);
void *slab_alloc(struct slab_cache *c);
void slab_free(struct slab_cache *c, void *p);
/* Objects of @c that are in use (NULL: none). Any context. */
uint64_t slab_used(const struct slab_cache *c);
void slab_init(void);

/* Bytes in use now by kzalloc() and caches (exact, for leak checks). */
uint64_t slab_bytes_used(void);
/* Objects given out since boot, for tests of paths that must not allocate. */
uint64_t slab_allocs(void);

struct slab_stats {
	const char *name;
	uint64_t used, allocs;			/* objects */
	unsigned int slabs, size, per_slab, frames_per_slab;
};

/* The cache after *@at, the first for NULL; false after the last. A snapshot: nothing is locked. */
bool slab_stats_next(const struct slab_cache **at, struct slab_stats *stats);

#endif
