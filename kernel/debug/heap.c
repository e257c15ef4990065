// SPDX-License-Identifier: GPL-2.0
/*
 * What the checks know about allocated memory. Behind each slab object lies a red zone and, at the end of its room, a note: who
 * allocated it, who freed it. A freed object waits in a queue before its place is given out again, so that a use after the free meets
 * nothing new. The queue has a lock of its own, under which nothing is taken.
 */
#include <asm/smp.h>
#include <kernel/log.h>
#include <mm/page.h>
#include "../../mm/poison.h"
#include "../../mm/slab_internal.h"
#include "debug.h"

#define FRAME_FILL	0xfe		/* as -ftrivial-auto-var-init=pattern fills variables */
#define VMAP_LEAK	(64ull << 30)	/* of the vmap area: more is never in use */
#define WAITING_SHIFT	6		/* a 64th of all RAM may wait */
#define WAITING_MIN	(256ul << 10)

extern const uint8_t kernel_start[], kernel_end[];

struct unaligned {
	uint64_t value;
} __packed;

/* In the place of a freed object. */
struct waiting {
	struct waiting *next;
	struct slab_cache *cache;
};

static uint32_t queue_locked;
/* Guarded by it. */
static struct waiting *oldest, **newest = &oldest;
static uint64_t bytes_waiting, bytes_max;

static uint64_t queue_lock(void)
{
	uint64_t flags = irq_save();

	while (__atomic_exchange_n(&queue_locked, 1, __ATOMIC_ACQUIRE)) {
		cpu_relax();
		smp_poll();
	}
	return flags;
}

static void queue_unlock(uint64_t flags)
{
	__atomic_store_n(&queue_locked, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

static struct object_note *note_of(const void *p, size_t room)
{
	return (struct object_note *)((char *)p + room) - 1;
}

/* ---- Frames ---- */

/* Does @value point to memory of the kernel's? */
static bool is_kernel_address(uint64_t value)
{
	if (value - DIRECT_MAP_BASE < VMAP_BASE - DIRECT_MAP_BASE)
		return page_of(virt_to_phys((const void *)value));
	return value - VMAP_BASE < VMAP_LEAK || value - (uint64_t)kernel_start < (uint64_t)(kernel_end - kernel_start);
}

/* A pattern that was never overwritten, or an address of the kernel's, on its way to a program. */
void debug_check_leak(const void *from, size_t size, bool may_hold_anything)
{
	const char *at = (const char *)ALIGN_UP((uint64_t)from, 4), *end = (const char *)from + size;

	for (; at + 4 <= end; at += 4) {
		uint64_t value = at + 8 <= end ? ((const struct unaligned *)at)->value : *(const uint32_t *)at;
		bool unset = (uint32_t)value == FRAME_FILL * 0x01010101u && (!may_hold_anything || value == FRAME_FILL * 0x0101010101010101ull);
		bool address = !may_hold_anything && is_kernel_address(value);

		if (unset || address) {
			report_simple(CALLER_RIP, CALLER_RBP, "%s is copied to a program: %px, %llu bytes, at %llu",
				      unset ? "memory that was never set" : "an address of the kernel's", from, (unsigned long long)size,
				      (unsigned long long)(at - (const char *)from));
			return;
		}
	}
}

void debug_frames_alloc(void *at, size_t bytes, bool cleared)
{
	shadow_allow(at, bytes);
	if (!cleared)
		memset(at, FRAME_FILL, bytes);
}

void debug_frames_free(void *at, size_t bytes)
{
	shadow_poison(at, bytes, SHADOW_FREE_PAGE);
}

void debug_large_alloc(void *p, size_t size, size_t bytes)
{
	shadow_poison((char *)p + ALIGN_UP(size, 8), bytes - ALIGN_UP(size, 8), SHADOW_LARGE_RED);
	shadow_allow(p, size);
}

bool debug_large_free(void *p)
{
	if (shadow_of(p) < 8)
		return true;
	report_simple(CALLER_RIP, CALLER_RBP, "double or invalid free of the large object at %px", p);
	return false;
}

bool debug_may_free(const void *p)
{
	if ((uint64_t)p - DIRECT_MAP_BASE < VMAP_BASE - DIRECT_MAP_BASE && page_of(virt_to_phys(p)))
		return true;
	report_simple(CALLER_RIP, CALLER_RBP, "free of %px, which is no kernel memory", p);
	return false;
}

/* ---- Objects ---- */

void debug_slab_new(void *slab, size_t bytes)
{
	shadow_poison(slab, bytes, SHADOW_SLAB);
}

void debug_object_alloc(void *p, size_t size, size_t room)
{
	struct object_note *note = note_of(p, room);

	shadow_poison(p, room, SHADOW_RED);
	shadow_allow(p, size);
	*note = (struct object_note){ .allocated = stack_save(CALLER_RIP, CALLER_RBP), .size = size, .magic = NOTE_MAGIC, .live = 1 };
	stack_count(note->allocated, 1, (int64_t)size);
}

/* The oldest goes, if more waits than may. */
static struct waiting *queue_take(uint64_t most)
{
	uint64_t flags = queue_lock();
	struct waiting *w = bytes_waiting > most ? oldest : NULL;

	if (w) {
		oldest = w->next;
		if (!oldest)
			newest = &oldest;
		bytes_waiting -= w->cache->size;
	}
	queue_unlock(flags);
	return w;
}

static void queue_put(struct slab_cache *c, void *p)
{
	struct waiting *w = p;
	uint64_t flags;

	w->next = NULL;
	w->cache = c;
	flags = queue_lock();
	*newest = w;
	newest = &w->next;
	bytes_waiting += c->size;
	queue_unlock(flags);
}

uint64_t debug_bytes_waiting(void)
{
	return __atomic_load_n(&bytes_waiting, __ATOMIC_RELAXED);
}

static uint64_t waiting_max(void)
{
	struct frame_stats stats;

	if (!bytes_max) {
		frame_stats(&stats);
		bytes_max = MAX(stats.total << PAGE_SHIFT >> WAITING_SHIFT, WAITING_MIN);
	}
	return bytes_max;
}

/* The object that @address lies in, or whose zones; NULL: it lies in no slab's objects. */
static void *object_at(uint64_t address, const struct slab_cache **cache)
{
	struct page *page = address - DIRECT_MAP_BASE < VMAP_BASE - DIRECT_MAP_BASE ? page_of(virt_to_phys((void *)address)) : NULL;
	uint64_t offset;

	if (page && page->flags & PAGE_TAIL)
		page = page->owner;
	if (!page || page->use != PAGE_SLAB || !page->owner)
		return NULL;
	*cache = page->owner;
	offset = address - (uint64_t)page_addr(page);
	if (offset < (*cache)->first || (offset - (*cache)->first) / (*cache)->stride >= (*cache)->capacity)
		return NULL;
	return (char *)page_addr(page) + (*cache)->first + (offset - (*cache)->first) / (*cache)->stride * (*cache)->stride;
}

static bool refuse(const char *what, void *p)
{
	struct report r;

	if (report_begin(&r, report_key(CALLER_RIP, CALLER_RBP), "%s of the object at %px", what, p)) {
		backtrace_print(CALLER_RIP, CALLER_RBP);
		heap_describe((uint64_t)p);
		report_end(&r);
	}
	return true;
}

bool debug_object_free(struct slab_cache *c, void *p, size_t room)
{
	struct object_note *note = note_of(p, room);
	const struct slab_cache *cache;
	struct waiting *w;

	if (!shadow_ready())
		return false;
	if (object_at((uint64_t)p, &cache) != p)
		return refuse("invalid free", p);
	if (note->magic != NOTE_MAGIC)
		return false;
	if (!__atomic_exchange_n(&note->live, 0, __ATOMIC_SEQ_CST))
		return refuse("double free", p);
	debug_lock_freed(p, note->size);
	stack_count(note->allocated, -1, -(int64_t)note->size);
	note->freed = stack_save(CALLER_RIP, CALLER_RBP);
	memory_poison(p, note->size);
	shadow_poison(p, room, SHADOW_FREED);
	queue_put(c, p);
	while ((w = queue_take(waiting_max())) != NULL)
		slab_release(w->cache, w);
	return true;
}

bool debug_objects_drain(void)
{
	struct waiting *w;
	bool any = false;

	while ((w = queue_take(0)) != NULL) {
		slab_release(w->cache, w);
		any = true;
	}
	return any;
}

/* ---- For reports ---- */

static void describe_note(const struct object_note *note)
{
	const uint64_t *frames;
	unsigned int nr;

	nr = stack_get(note->allocated, &frames);
	if (nr)
		report_frames("Allocated", frames, nr);
	nr = note->live ? 0 : stack_get(note->freed, &frames);
	if (nr)
		report_frames("Freed", frames, nr);
}

void heap_describe(uint64_t address)
{
	const struct slab_cache *cache;
	struct object_note *note;
	void *p = object_at(address, &cache);

	if (!p)
		return;
	note = note_of(p, cache->stride);
	if (note->magic != NOTE_MAGIC)
		return;
	report_line("Object of %u bytes at %px (%s), %s; the address is %lld bytes %s", note->size, p, cache->name, note->live ? "in use" : "freed",
		    (long long)(address - (uint64_t)p), address - (uint64_t)p < note->size ? "inside" : "from its start, outside");
	describe_note(note);
}
