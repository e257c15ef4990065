// SPDX-License-Identifier: GPL-2.0
/* What of an area is in memory, and how much of that is its own: for /proc/<pid>/smaps and pagemap. */
#include <asm/paging.h>
#include "space_internal.h"

void space_usage(const struct space *s, const struct vma *vma, struct space_usage *u)
{
	bool in_memory = vma->mapping && !vma->mapping->ops;
	vaddr_t v = vma->start;
	paddr_t p;

	*u = (struct space_usage){ 0 };
	for (; pt_next(s->root, &v, vma->end, &p, NULL); v += PAGE_SIZE) {
		const struct page *page = page_of(p);
		uint32_t sharers = page && page != zero_page ? MAX(READ_ONCE(page->mapcount), 1u) : 0;
		bool dirty = sharers && (page->use == PAGE_ANON || pt_dirty(s->root, v));

		if (!sharers)
			continue;
		u->resident += PAGE_SIZE;
		u->part += PAGE_SIZE / sharers;
		u->part_dirty += dirty ? PAGE_SIZE / sharers : 0;
		u->part_anonymous += page->use == PAGE_ANON ? PAGE_SIZE / sharers : 0;
		u->part_memory += page->use != PAGE_ANON && in_memory ? PAGE_SIZE / sharers : 0;
		u->own[sharers == 1][dirty] += PAGE_SIZE;
		u->anonymous += page->use == PAGE_ANON ? PAGE_SIZE : 0;
		u->referenced += pt_referenced(s->root, v, false) ? PAGE_SIZE : 0;
		u->dirty += dirty ? PAGE_SIZE : 0;
		u->nodes[page_node(page)] += PAGE_SIZE;
		u->most_mapped = MAX(u->most_mapped, sharers);
	}
}

/* ---- /proc/<pid>/clear_refs ---- */

static void forget_referenced(struct space *s, const struct vma *vma)
{
	vaddr_t v = vma->start;
	paddr_t p;

	for (; pt_next(s->root, &v, vma->end, &p, NULL); v += PAGE_SIZE)
		(void)pt_referenced(s->root, v, true);
}

static void forget_written(struct space *s, struct vma *vma)
{
	vaddr_t v = vma->start;
	paddr_t p;

	for (; pt_next(s->root, &v, vma->end, &p, NULL); v += PAGE_SIZE)
		pt_forget_written(s->root, v);
	vma->flags |= VM_CLEAN;
}

/* Memory that others made for the program, and a driver's, is always writable. */
static void forget_area(struct space *s, struct vma *vma, enum space_forget what)
{
	if (vma_is_object(vma) || vma->flags & VM_RESIDENT)
		return;
	if (what == SPACE_WRITTEN)
		forget_written(s, vma);
	else if (what == SPACE_REFERENCED || (what == SPACE_REFERENCED_ANON) == !vma->file)
		forget_referenced(s, vma);
}

void space_forget(struct space *s, enum space_forget what)
{
	struct vma *vma;

	mutex_lock(&s->lock);
	if (what == SPACE_PEAK)
		s->peak_pages = 0;
	else
		list_for_each(vma, &s->areas, link)
			forget_area(s, vma, what);
	if (what != SPACE_PEAK)
		tlb_flush(s->root, 0, 0);
	mutex_unlock(&s->lock);
}

/*
 * Documentation/admin-guide/mm/pagemap.rst of Linux: bits 0 to 54 the frame, 55 written since clear_refs, 56 mapped once, 57 protected, 61 a
 * file's or shared, 63 in memory.
 */
#define PM_WRITTEN	(1ull << 55)
#define PM_ONCE		(1ull << 56)
#define PM_UFFD_WP	(1ull << 57)
#define PM_FILE		(1ull << 61)
#define PM_PRESENT	(1ull << 63)

static uint64_t pagemap_word(paddr_t p, uint32_t prot, bool frames)
{
	const struct page *page = page_of(p);
	uint64_t word = PM_PRESENT | (frames ? p >> PAGE_SHIFT : 0) | (prot & PT_WRITTEN ? PM_WRITTEN : 0);

	if (page && page->use != PAGE_ANON)
		word |= PM_FILE;
	if (page && READ_ONCE(page->mapcount) == 1)
		word |= PM_ONCE;
	return word;
}

void space_pagemap(struct space *s, vaddr_t v, uint64_t *to, size_t nr, bool frames)
{
	vaddr_t first = v, end = v + nr * PAGE_SIZE;
	const struct vma *vma;
	uint32_t prot;
	paddr_t p;

	memset(to, 0, nr * sizeof(*to));
	mutex_lock(&s->lock);
	for (; pt_next(s->root, &v, end, &p, &prot); v += PAGE_SIZE)
		to[(v - first) >> PAGE_SHIFT] = pagemap_word(p, prot, frames);
	for (vma = vma_after(s, first); vma && vma->start < end; vma = vma_next(s, vma))
		for (v = MAX(first, vma->start); !(vma->flags & VM_CLEAN) && v < MIN(end, vma->end); v += PAGE_SIZE)
			to[(v - first) >> PAGE_SHIFT] |= PM_WRITTEN;
	for (v = first; s->userfaults && pt_next_marked(s->root, &v, end); v += PAGE_SIZE)
		to[(v - first) >> PAGE_SHIFT] |= PM_UFFD_WP;
	mutex_unlock(&s->lock);
}
