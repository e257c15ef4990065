// SPDX-License-Identifier: GPL-2.0
/* A compressed archive taken apart into frames of its own, mapped one after the other. At most half of what is free. */
#include <lib/inflate.h>
#include <lib/zstd.h>
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

bool archive_is_zstd(const uint8_t *in, size_t size)
{
	return size >= 4 && in[0] == 0x28 && in[1] == 0xb5 && in[2] == 0x2f && in[3] == 0xfd;
}

static int64_t take_apart(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size, size_t *used)
{
	int64_t n = -ENOMEM;
	void *work;

	if (!archive_is_zstd(in, in_size))
		return gunzip(in, in_size, out, out_size, used);
	work = kzalloc(zstd_work_size());
	if (work)
		n = zstd_decode(in, in_size, out, out_size, used, work);
	kfree(work);
	return n;
}

/* What will come out: what the archive says of itself (its end shows whether that is true), or what a first pass over it counts. */
static int64_t content_size(const uint8_t *in, size_t in_size, size_t limit)
{
	int64_t n = archive_is_zstd(in, in_size) ? zstd_content_size(in, in_size) : 0;
	size_t used;

	if (n)
		return n > 0 && (uint64_t)n > limit ? -ENOSPC : n;
	n = take_apart(in, in_size, NULL, limit, &used);
	return n ? n : -EINVAL;
}

int archive_open(struct archive *a, const uint8_t *in, size_t in_size)
{
	struct frame_stats stats;
	int64_t n;
	int err;

	frame_stats(&stats);
	n = content_size(in, in_size, stats.free / 2 << PAGE_SHIFT);
	if (n < 0)
		return (int)n;
	a->size = (size_t)n;
	err = memory_get(a);
	if (err)
		return err;
	if (take_apart(in, in_size, a->data, a->size, &a->used) == n)
		return 0;
	archive_close(a);
	return -EINVAL;
}

void archive_close(struct archive *a)
{
	vunmap(a->data);
	pages_put(a->pages, a->nr_pages);
}
