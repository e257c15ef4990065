// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel memory by size. A slab is a block of frames: a header with one bit for each object (set: free), then the objects. The bitmap
 * is what finds a free object and what catches one that is freed twice. From one page on whole frames are given. Each cache has a
 * lock; a frame belongs to a cache through page->owner of its head.
 */
#include <asm/cpu.h>
#include <kernel/debug.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <mm/page.h>
#include <mm/slab.h>
#include "poison.h"
#include "slab_internal.h"

#define SLAB_OBJECTS_MIN 8u	/* take more frames for a slab until so many fit */
#define SLAB_ORDER_MAX	3u
#define SLAB_ALIGN	16u
#define SIZE_MAX_SLAB	2048u
#define KEEP_EMPTY	2u	/* empty slabs that a cache holds back */

#ifndef SLAB_CHECKED
#define SLAB_CHECKED	1
#endif

#define SIZE(n)		{ n, "kzalloc-" #n }
static const struct {
	uint16_t bytes;
	const char *name;
} sizes[] = {
	SIZE(16), SIZE(32), SIZE(48), SIZE(64), SIZE(96), SIZE(128), SIZE(192), SIZE(256), SIZE(384), SIZE(512), SIZE(768), SIZE(1024),
	SIZE(1360), SIZE(2048),
};
static struct slab_cache size_caches[ARRAY_SIZE(sizes)];
static uint8_t size_index[SIZE_MAX_SLAB / SLAB_ALIGN + 1];	/* by size in units of 16 */
static struct slab_cache *caches;	/* all of them; only grows */
static uint64_t large_bytes, large_allocs;
static uint64_t secret __ro_after_init;

static uint64_t slab_seal(const struct slab *s)
{
	return secret ^ (uint64_t)s;
}

/* What says which objects are free must not have been written over. */
static void slab_check(const struct slab_cache *c, const struct slab *s)
{
	if (SLAB_CHECKED && unlikely(s->seal != slab_seal(s)))
		panic("slab: the list of free objects of %s was overwritten", c->name);
}

static uint32_t capacity_of(const struct slab_cache *c, unsigned int order)
{
	return MIN((uint32_t)((PAGE_SIZE << order) - c->first) / c->stride, SLAB_OBJECTS);
}

static void cache_init(struct slab_cache *c, const char *name, size_t size, size_t align)
{
	align = MAX(align, (size_t)SLAB_ALIGN);
	spin_init(&c->lock, name);
	list_init(&c->partial);
	c->name = name;
	c->random = secret ^ (uint64_t)c;
	c->size = size;
	c->stride = ALIGN_UP(size + DEBUG_OBJECT_EXTRA, align);
	c->first = ALIGN_UP(sizeof(struct slab), align);
	while (c->order < SLAB_ORDER_MAX && capacity_of(c, c->order) < SLAB_OBJECTS_MIN)
		c->order++;
	c->capacity = capacity_of(c, c->order);
	do
		c->next = __atomic_load_n(&caches, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&caches, &c->next, c, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static struct slab *slab_grow(struct slab_cache *c)
{
	struct page *page = frame_alloc(c->order, 0, PAGE_SLAB);
	struct slab *s;

	if (!page)
		return NULL;
	page->owner = c;
	s = page_addr(page);
	debug_slab_new(s, PAGE_SIZE << c->order);
	s->seal = slab_seal(s);
	list_init(&s->link);
	s->used = 0;
	for (uint32_t w = 0; w < SLAB_WORDS; w++) {
		uint32_t below = MIN(MAX(c->capacity, w * 64) - w * 64, 64u);

		s->free[w] = below == 64 ? ~0ull : (1ull << below) - 1;
	}
	return s;
}

static uint64_t rotate_right(uint64_t v, uint32_t n)
{
	return v >> (n & 63) | v << (-n & 63);
}

/* The first free object from a random one on: nobody can tell which lies behind which. */
static uint32_t slab_take_slot(struct slab_cache *c, struct slab *s)
{
	uint32_t w = 0, from = SLAB_CHECKED ? c->random >> 58 : 0, bit;

	while (!s->free[w])
		w++;
	bit = (__builtin_ctzll(rotate_right(s->free[w], from)) + from) & 63;
	c->random = c->random * 0x5851f42d4c957f2dull + 1;
	s->free[w] &= ~(1ull << bit);
	return w * 64 + bit;
}

/* c->lock held. */
static void *slab_take(struct slab_cache *c, struct slab *s)
{
	slab_check(c, s);
	if (!s->used++)
		c->nr_empty--;
	if (s->used == c->capacity)
		list_del(&s->link);
	c->nr_used++;
	c->nr_allocs++;
	return (char *)s + c->first + slab_take_slot(c, s) * c->stride;
}

/* A slab with a free object, first in the list. */
static bool cache_fill(struct slab_cache *c)
{
	struct slab *s;

	if (!list_empty(&c->partial))
		return true;
	s = slab_grow(c);
	if (!s)
		return false;
	list_push(&c->partial, &s->link);
	c->nr_slabs++;
	c->nr_empty++;
	return true;
}

static void *cache_take(struct slab_cache *c)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	void *p = NULL;

	if (cache_fill(c))
		p = slab_take(c, list_first(&c->partial, struct slab, link));
	spin_unlock_irq(&c->lock, flags);
	return p;
}

/* Of the room that the cache has, @size bytes are asked for. */
static void *cache_alloc(struct slab_cache *c, size_t size)
{
	void *p;

	if (debug_fail_alloc())
		return NULL;
	p = cache_take(c);
	if (!p && debug_objects_drain())
		p = cache_take(c);
	if (!p)
		return NULL;
	debug_object_alloc(p, size, c->stride);
	return memset(p, 0, size);
}

void *slab_alloc(struct slab_cache *c)
{
	return cache_alloc(c, c->size);
}

/* The slot of @p in its slab; a pointer that is none is a panic. */
static uint32_t slot_of(const struct slab_cache *c, const struct slab *s, const void *p)
{
	uint64_t offset = (const char *)p - (const char *)s - c->first;

	if (offset % c->stride || offset / c->stride >= c->capacity)
		panic("kfree: %px is not the start of an object of %s", p, c->name);
	return offset / c->stride;
}

/* c->lock held. A slab that is not needed any more comes back for its frames to be freed. */
static struct slab *slab_give(struct slab_cache *c, struct slab *s, uint32_t slot)
{
	uint64_t bit = 1ull << slot % 64;

	slab_check(c, s);
	if (SLAB_CHECKED && s->free[slot / 64] & bit)
		panic("kfree: object %u of slab %px (%s) freed twice", slot, (void *)s, c->name);
	s->free[slot / 64] |= bit;
	c->nr_used--;
	if (s->used-- == c->capacity)
		list_push(&c->partial, &s->link);
	if (s->used)
		return NULL;
	if (c->nr_empty < KEEP_EMPTY) {
		c->nr_empty++;
		return NULL;
	}
	list_del(&s->link);
	c->nr_slabs--;
	return s;
}

/* The first frame of the block that @p lies in. */
static struct page *head_page(const void *p)
{
	struct page *page = NULL;

	if ((vaddr_t)p >= DIRECT_MAP_BASE && (vaddr_t)p < VMAP_BASE)
		page = page_of(virt_to_phys(p));
	if (!page)
		panic("kfree: %px is no kernel memory", p);
	return page->flags & PAGE_TAIL ? page->owner : page;
}

void slab_release(struct slab_cache *c, void *p)
{
	struct page *head = head_page(p);
	struct slab *s = page_addr(head), *unused;
	uint32_t slot = slot_of(c, s, p);
	uint64_t flags = spin_lock_irq(&c->lock);

	unused = slab_give(c, s, slot);
	spin_unlock_irq(&c->lock, flags);
	if (unused)
		page_put(head);
}

static void cache_free(struct slab_cache *c, void *p)
{
	if (debug_object_free(c, p, c->stride))
		return;
	memory_poison(p, c->size);
	slab_release(c, p);
}

void slab_free(struct slab_cache *c, void *p)
{
	struct page *head;

	if (!p)
		return;
	head = head_page(p);
	if (head->use != PAGE_SLAB || head->owner != c)
		panic("slab_free: %px is not of %s", p, c->name);
	cache_free(c, p);
}

static unsigned int order_of(size_t size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

static void *frames_alloc(size_t size)
{
	struct page *page;

	if (size > PAGE_SIZE << FRAME_ORDER_MAX)
		return NULL;
	page = debug_fail_alloc() ? NULL : frame_alloc(order_of(size), FRAME_ZERO, PAGE_KERNEL);
	if (!page)
		return NULL;
	page->flags |= PAGE_KMALLOC;
	debug_large_alloc(page_addr(page), size, PAGE_SIZE << page->order);
	__atomic_fetch_add(&large_bytes, PAGE_SIZE << page->order, __ATOMIC_RELAXED);
	__atomic_fetch_add(&large_allocs, 1, __ATOMIC_RELAXED);
	return page_addr(page);
}

static void frames_free(struct page *head, void *p)
{
	if (!debug_large_free(p))
		return;
	if (!(head->flags & PAGE_KMALLOC) || p != page_addr(head))
		panic("kfree: %px was not allocated", p);
	head->flags &= ~PAGE_KMALLOC;
	__atomic_fetch_sub(&large_bytes, PAGE_SIZE << head->order, __ATOMIC_RELAXED);
	page_put(head);
}

void *kzalloc(size_t size)
{
	if (size > SIZE_MAX_SLAB)
		return frames_alloc(size);
	return cache_alloc(&size_caches[size_index[(size + SLAB_ALIGN - 1) / SLAB_ALIGN]], size);
}

void *kcalloc(size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? NULL : kzalloc(bytes);
}

void kfree(void *p)
{
	struct page *head;

	if (!p || !debug_may_free(p))
		return;
	head = head_page(p);
	if (head->use == PAGE_SLAB)
		cache_free(head->owner, p);
	else
		frames_free(head, p);
}

char *kstrdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = kzalloc(n);

	return copy ? memcpy(copy, s, n) : NULL;
}

/* May a user copy touch [@p, +@n)? Only inside one object, or one block of frames. */
bool slab_holds(const void *p, size_t n)
{
	paddr_t at = virt_to_phys(p);
	struct page *page = page_of(at), *head;
	const struct slab_cache *c;
	uint64_t offset;

	if (!page)
		return true;
	if (!(page->flags & PAGE_TAIL) && page->use != PAGE_SLAB && n <= PAGE_SIZE - at % PAGE_SIZE)
		return true;
	head = page->flags & PAGE_TAIL ? page->owner : page;
	offset = at % (PAGE_SIZE << head->order);	/* blocks begin at multiples of their size */
	if (head->use != PAGE_SLAB)
		return n <= (PAGE_SIZE << head->order) - offset;
	c = head->owner;
	if (offset < c->first || (offset - c->first) / c->stride >= c->capacity)
		return false;
	offset = (offset - c->first) % c->stride;
	return offset <= c->size && n <= c->size - offset;
}

struct slab_cache *slab_create(const char *name, size_t size, size_t align)
{
	struct slab_cache *c;

	if (!size || size > PAGE_SIZE || (align & (align - 1)) || align > PAGE_SIZE / 2)
		return NULL;
	c = kzalloc(sizeof(*c));
	if (c)
		cache_init(c, name, size, align);
	return c;
}

void slab_init(void)
{
	unsigned int i, units;

	cpu_random(&secret);
	for (i = 0, units = 0; i < ARRAY_SIZE(sizes); i++) {
		cache_init(&size_caches[i], sizes[i].name, sizes[i].bytes, SLAB_ALIGN);
		for (; units <= sizes[i].bytes / SLAB_ALIGN; units++)
			size_index[units] = i;
	}
}

bool slab_stats_next(const struct slab_cache **at, struct slab_stats *stats)
{
	const struct slab_cache *c = *at ? (*at)->next : __atomic_load_n(&caches, __ATOMIC_ACQUIRE);

	*at = c;
	if (!c)
		return false;
	*stats = (struct slab_stats){ .name = c->name, .size = c->size, .per_slab = c->capacity, .frames_per_slab = 1u << c->order,
				      .slabs = __atomic_load_n(&c->nr_slabs, __ATOMIC_RELAXED),
				      .used = __atomic_load_n(&c->nr_used, __ATOMIC_RELAXED),
				      .allocs = __atomic_load_n(&c->nr_allocs, __ATOMIC_RELAXED) };
	return true;
}

uint64_t slab_used(const struct slab_cache *c)
{
	return c ? __atomic_load_n(&c->nr_used, __ATOMIC_RELAXED) : 0;
}

uint64_t slab_bytes_used(void)
{
	uint64_t bytes = __atomic_load_n(&large_bytes, __ATOMIC_RELAXED);
	const struct slab_cache *c = NULL;
	struct slab_stats stats;

	while (slab_stats_next(&c, &stats))
		bytes += stats.used * stats.size;
	return bytes - debug_bytes_waiting();
}

uint64_t slab_allocs(void)
{
	uint64_t n = __atomic_load_n(&large_allocs, __ATOMIC_RELAXED);
	const struct slab_cache *c = NULL;
	struct slab_stats stats;

	while (slab_stats_next(&c, &stats))
		n += stats.allocs;
	return n;
}
