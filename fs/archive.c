// SPDX-License-Identifier: GPL-2.0
/* A compressed archive taken apart into frames of its own, in one block or mapped one after the other. At most half of what is free. */
#include <lib/inflate.h>
#include <lib/lz4.h>
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

/* One block: nothing is to be mapped. And it is no page that the boot loader ran in, which an emulator writes to slowly. */
static bool block_get(struct archive *a)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < a->size)
		order++;
	a->block = order <= FRAME_ORDER_MAX ? frame_alloc(order, 0, PAGE_KERNEL) : NULL;
	a->data = a->block ? page_addr(a->block) : NULL;
	return a->block;
}

static int memory_get(struct archive *a)
{
	size_t nr = (a->size + PAGE_SIZE - 1) >> PAGE_SHIFT, i;

	if (block_get(a))
		return 0;
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

static int64_t unzstd(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size, size_t *used)
{
	void *work = kzalloc(zstd_work_size());
	int64_t n = work ? zstd_decode(in, in_size, out, out_size, used, work) : -ENOMEM;

	kfree(work);
	return n;
}

static const struct kind {
	const char *name;
	uint8_t magic[4];
	size_t nr_magic;
	int64_t (*content_size)(const uint8_t *in, size_t in_size);	/* NULL: it does not say */
	int64_t (*decode)(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size, size_t *used);
} kinds[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, NULL, gunzip },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, zstd_content_size, unzstd },
	{ "lz4", { 0x04, 0x22, 0x4d, 0x18 }, 4, lz4_content_size, lz4_decode },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, NULL, lz4_decode },
};

static const struct kind *kind_of(const uint8_t *in, size_t size)
{
	for (const struct kind *k = kinds; k < kinds + ARRAY_SIZE(kinds); k++)
		if (size >= k->nr_magic && !memcmp(in, k->magic, k->nr_magic))
			return k;
	return NULL;
}

const char *archive_kind(const uint8_t *in, size_t size)
{
	const struct kind *k = kind_of(in, size);

	return k ? k->name : NULL;
}

/* What will come out: what the archive says of itself (its end shows whether that is true), or what a first pass over it counts. */
static int64_t content_size(const struct kind *k, const uint8_t *in, size_t in_size, size_t limit)
{
	int64_t n = k->content_size ? k->content_size(in, in_size) : 0;
	size_t used;

	if (n)
		return n > 0 && (uint64_t)n > limit ? -ENOSPC : n;
	n = k->decode(in, in_size, NULL, limit, &used);
	return n ? n : -EINVAL;
}

int archive_open(struct archive *a, const uint8_t *in, size_t in_size)
{
	const struct kind *k = kind_of(in, in_size);
	struct frame_stats stats;
	int64_t n;
	int err;

	if (!k)
		return -EINVAL;
	frame_stats(&stats);
	n = content_size(k, in, in_size, stats.free / 2 << PAGE_SHIFT);
	if (n < 0)
		return (int)n;
	a->size = (size_t)n;
	err = memory_get(a);
	if (err)
		return err;
	if (k->decode(in, in_size, a->data, a->size, &a->used) == n)
		return 0;
	archive_close(a);
	return -EINVAL;
}

void archive_close(struct archive *a)
{
	if (a->block) {
		page_put(a->block);
		return;
	}
	vunmap(a->data);
	pages_put(a->pages, a->nr_pages);
}
