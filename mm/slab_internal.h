/* SPDX-License-Identifier: GPL-2.0 */
/* How slabs lie in memory: between mm/slab.c and the checks of kernel/debug/, which look at their objects. */
#ifndef MM_SLAB_INTERNAL_H
#define MM_SLAB_INTERNAL_H

#include <kernel/lock.h>
#include <mm/slab.h>

#define SLAB_WORDS	4u
#define SLAB_OBJECTS	(SLAB_WORDS * 64)

struct slab {
	uint64_t seal;			/* first, for what runs over from the frame before (mm/slab.c) */
	struct list link;		/* in cache->partial while an object is free */
	uint64_t free[SLAB_WORDS];
	uint32_t used;
};

struct slab_cache {
	struct spinlock lock;
	struct list partial;		/* slabs with a free object; guarded by lock */
	unsigned int nr_empty;		/* of those, wholly free; guarded by lock */
	unsigned int nr_slabs;		/* guarded by lock, as the next two */
	uint64_t nr_used;
	uint64_t nr_allocs;		/* since boot */
	struct slab_cache *next;	/* in caches */
	uint32_t size, stride, first, capacity;
	unsigned int order;
	const char *name;
	uint64_t random;		/* the next order of objects; guarded by lock */
};

/* The object is free now: its place can be given out again. Any context. */
void slab_release(struct slab_cache *c, void *p);

#endif
