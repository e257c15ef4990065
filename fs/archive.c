// SPDX-License-Identifier: GPL-2.0
/* A compressed archive taken apart into frames of its own, mapped one after the other. At most half of what is free. */
#include <lib/inflate.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/vmap.h>
#include "archive.h"

static void pages_put(struct page **pages, size_t nr)
{
	while (nr--)
		page_put(pages[nr]);
	kfree(pages);
}

static int memory_get(struct archive *a)
{
	size_t nr = (a->size + PAGE_SIZE - 1) >> PAGE_SHIFT, i;

	a->pages = kcalloc(nr, sizeof(*a->pages));
	for (i = 0; a->pages && i < nr; i++) {
		a->pages[i] = frame_alloc(0, 0, PAGE_KERNEL);
		if (!a->pages[i])
			break;
	}
	a->nr_pages = i;
	a->data = a->pages && i == nr ? vmap_pages(a->pages, nr) : NULL;
	if (a->data)
		return 0;
	pages_put(a->pages, a->pages ? i : 0);
	return -ENOMEM;
}

int archive_open(struct archive *a, const uint8_t *in, size_t in_size)
{
	struct frame_stats stats;
	int64_t n;
	int err;

	frame_stats(&stats);
	n = gunzip(in, in_size, NULL, stats.free / 2 << PAGE_SHIFT, &a->used);
	if (n <= 0)
		return n ? (int)n : -EINVAL;
	a->size = (size_t)n;
	err = memory_get(a);
	if (err)
		return err;
	if (gunzip(in, in_size, a->data, a->size, &a->used) == n)
		return 0;
	archive_close(a);
	return -EINVAL;
}

void archive_close(struct archive *a)
{
	vunmap(a->data);
	pages_put(a->pages, a->nr_pages);
}
