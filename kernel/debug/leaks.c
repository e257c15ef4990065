// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is not given back. /proc/ferry/leaks lists what lives, by the place of its allocation. "scan" written to it looks for
 * objects that nobody points to (as garbage collectors do: Boehm, Weiser 1988): from the kernel's variables, stacks, frame descriptors
 * and large objects, everything is marked that a word could point into, and from there on. What is not found in two scans running is
 * reported, once for each place that allocated such. A pointer that is kept as something else hides its object, a number that looks
 * like a pointer keeps one: the first is rare here, the second only loses a report. Scans come one at a time and need no locks: what
 * changes meanwhile is seen by the second.
 */
#include <asm/paging.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <mm/page.h>
#include "../../mm/boot_frame.h"
#include "../../mm/slab_internal.h"
#include "debug.h"

#define LISTED_MAX	64u
#define STACKS_SPAN	(1ul << 30)

enum { WHITE, GREY, BLACK };
enum { DEAD, LIVE, SUSPECT };	/* object_note.live */

extern uint8_t data_start[], kernel_end[];

static uint32_t scanning;
static uint64_t nr_grey, nr_leaks;

struct object {
	char *at;
	const struct slab_cache *cache;
	struct object_note *note;
};

typedef void (*object_fn)(const struct object *o);

static void slab_objects(struct page *page, object_fn fn)
{
	const struct slab_cache *c = page->owner;
	char *first = (char *)page_addr(page) + c->first;

	for (uint32_t i = 0; i < c->capacity; i++) {
		struct object o = { first + i * c->stride, c, (struct object_note *)(first + (i + 1) * c->stride) - 1 };

		if (o.note->magic == NOTE_MAGIC && o.note->live != DEAD)
			fn(&o);
	}
}

static void all_pages(void (*fn)(struct page *page))
{
	const struct ram_range *ram;
	unsigned int nr = boot_ram(&ram);

	for (unsigned int i = 0; i < nr; i++)
		for (paddr_t p = ram[i].start; p < ram[i].end; p += PAGE_SIZE) {
			struct page *page = page_of(p);

			if (page && !(page->flags & PAGE_TAIL))
				fn(page);
		}
}

static bool is_slab(const struct page *page)
{
	return page->use == PAGE_SLAB && page->owner;
}

/* Can @word point into an object? Then that is reached. */
static void mark(uint64_t word)
{
	const struct slab_cache *c;
	struct object_note *note;
	struct page *page;
	uint64_t offset;

	if (word - DIRECT_MAP_BASE >= VMAP_BASE - DIRECT_MAP_BASE)
		return;
	page = page_of(word - DIRECT_MAP_BASE);
	if (page && page->flags & PAGE_TAIL)
		page = page->owner;
	if (!page || !is_slab(page))
		return;
	c = page->owner;
	offset = word - (uint64_t)page_addr(page);
	if (offset < c->first || (offset - c->first) / c->stride >= c->capacity)
		return;
	note = (struct object_note *)((char *)page_addr(page) + c->first + ((offset - c->first) / c->stride + 1) * c->stride) - 1;
	if (note->magic == NOTE_MAGIC && note->live != DEAD && note->mark == WHITE) {
		note->mark = GREY;
		nr_grey++;
	}
}

static void mark_words(const void *from, size_t bytes)
{
	const uint64_t *word = from;

	for (size_t i = 0; i < bytes / 8; i++)
		mark(word[i]);
}

/* ---- Roots ---- */

static void mark_page(struct page *page)
{
	mark((uint64_t)page->owner);
	mark((uint64_t)page->link.next);
	mark((uint64_t)page->link.prev);
	if (page->use == PAGE_KERNEL)
		mark_words(page_addr(page), PAGE_SIZE << page->order);
}

/* What of [@v, @end) is mapped. */
static void mark_mapped(vaddr_t v, vaddr_t end)
{
	paddr_t p;

	for (v &= PAGE_MASK; v < end; v += PAGE_SIZE)
		if (pt_query(pt_kernel_root(), v, &p, NULL))
			mark_words((void *)v, PAGE_SIZE);
}

static void mark_stacks(void)
{
	for (vaddr_t v = VMAP_BASE; v < VMAP_BASE + STACKS_SPAN; v += 2 * KSTACK_SIZE)
		if (pt_query(pt_kernel_root(), v + KSTACK_SIZE, NULL, NULL))
			mark_mapped(v + KSTACK_SIZE, v + 2 * KSTACK_SIZE);
}

/* ---- Objects ---- */

static void whiten(const struct object *o)
{
	o->note->mark = WHITE;
}

static void blacken(const struct object *o)
{
	if (o->note->mark != GREY)
		return;
	o->note->mark = BLACK;
	nr_grey--;
	mark_words(o->at, o->cache->size);
}

static void judge(const struct object *o)
{
	uint8_t live = LIVE;
	const uint64_t *frames;
	unsigned int nr;
	struct report r;

	if (o->note->mark != WHITE)
		return;
	if (o->note->live == LIVE) {
		__atomic_compare_exchange_n(&o->note->live, &live, SUSPECT, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		return;
	}
	nr_leaks++;
	nr = stack_get(o->note->allocated, &frames);
	if (!nr || !report_begin(&r, (uint64_t)frames, "leak: nobody points to the object of %u bytes at %px (%s)", o->note->size,
				 (void *)o->at, o->cache->name))
		return;
	report_frames("Allocated", frames, nr);
	report_end(&r);
}

static void whiten_page(struct page *page)
{
	if (is_slab(page))
		slab_objects(page, whiten);
}

static void blacken_page(struct page *page)
{
	if (is_slab(page))
		slab_objects(page, blacken);
}

static void judge_page(struct page *page)
{
	if (is_slab(page))
		slab_objects(page, judge);
}

static void scan(void)
{
	nr_leaks = 0;
	nr_grey = 0;
	all_pages(whiten_page);
	mark_mapped((vaddr_t)data_start, (vaddr_t)kernel_end);
	all_pages(mark_page);
	mark_stacks();
	while (nr_grey)
		all_pages(blacken_page);
	all_pages(judge_page);
}

/* ---- /proc/ferry/leaks ---- */

static void list_place(struct seq *s, uint32_t id, uint64_t objects, uint64_t bytes)
{
	const uint64_t *frames;
	unsigned int nr = stack_get(id, &frames);
	const char *name;
	uint64_t offset;

	seq_printf(s, "%llu bytes in %llu objects\n", (unsigned long long)bytes, (unsigned long long)objects);
	for (unsigned int i = 0; i < nr; i++)
		if (symbol_lookup(frames[i], &name, &offset))
			seq_printf(s, "  %016llx %s+0x%llx\n", (unsigned long long)frames[i], name, (unsigned long long)offset);
}

/* The places with most bytes first: each time the one below the last. */
static void leaks_show(struct seq *s, void *priv)
{
	uint64_t limit = ~0ull, last = 0;

	seq_printf(s, "unreachable %llu\n", (unsigned long long)nr_leaks);
	for (unsigned int i = 0; i < LISTED_MAX; i++) {
		uint64_t most = 0, objects, bytes, of = 0;
		uint32_t best = 0;

		for (uint32_t id = 1; id <= stack_ids(); id++)
			if (stack_live(id, &objects, &bytes) && (bytes < limit || (bytes == limit && id > last)) && bytes > most) {
				most = bytes;
				best = id;
				of = objects;
			}
		if (!best)
			return;
		list_place(s, best, of, most);
		limit = most;
		last = best;
	}
}

static int leaks_write(void *priv, char *text)
{
	if (strcmp(text, "scan"))
		return -EINVAL;
	if (__atomic_exchange_n(&scanning, 1, __ATOMIC_ACQUIRE))
		return -EBUSY;
	scan();
	__atomic_store_n(&scanning, 0, __ATOMIC_RELEASE);
	return 0;
}

static int leaks_init(void)
{
	return proc_create_rw("ferry/leaks", 0600, leaks_show, leaks_write, NULL);
}
INITCALL("4class", leaks_init);
