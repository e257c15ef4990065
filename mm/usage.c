// SPDX-License-Identifier: GPL-2.0
/* What of an area is in memory, and how much of that is its own: for /proc/<pid>/smaps. */
#include <asm/paging.h>
#include "space_internal.h"

void space_usage(const struct space *s, const struct vma *vma, struct space_usage *u)
{
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
		u->own[sharers == 1][dirty] += PAGE_SIZE;
		u->anonymous += page->use == PAGE_ANON ? PAGE_SIZE : 0;
	}
}
