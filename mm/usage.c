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
	}
}

/* Documentation/admin-guide/mm/pagemap.rst of Linux: bits 0 to 54 the frame, 56 mapped once, 61 a file's or shared, 63 in memory. */
#define PM_ONCE		(1ull << 56)
#define PM_FILE		(1ull << 61)
#define PM_PRESENT	(1ull << 63)

static uint64_t pagemap_word(paddr_t p, bool frames)
{
	const struct page *page = page_of(p);
	uint64_t word = PM_PRESENT | (frames ? p >> PAGE_SHIFT : 0);

	if (page && page->use != PAGE_ANON)
		word |= PM_FILE;
	if (page && READ_ONCE(page->mapcount) == 1)
		word |= PM_ONCE;
	return word;
}

void space_pagemap(struct space *s, vaddr_t v, uint64_t *to, size_t nr, bool frames)
{
	vaddr_t first = v, end = v + nr * PAGE_SIZE;
	paddr_t p;

	memset(to, 0, nr * sizeof(*to));
	mutex_lock(&s->lock);
	for (; pt_next(s->root, &v, end, &p, NULL); v += PAGE_SIZE)
		to[(v - first) >> PAGE_SHIFT] = pagemap_word(p, frames);
	mutex_unlock(&s->lock);
}
