/* SPDX-License-Identifier: GPL-2.0 */
/* For initramfs.c: what a compressed archive contains. */
#ifndef FS_ARCHIVE_H
#define FS_ARCHIVE_H

#include <kernel/types.h>

struct page;

struct archive {
	void *data;		/* contiguous, @size bytes */
	size_t size;
	size_t used;		/* of the input */
	struct page *block;	/* where it is, or */
	struct page **pages;
	size_t nr_pages;
};

/* What begins at @in, by its name ("gzip", "zstd", "lz4"); NULL: nothing that archive_open() knows. */
const char *archive_kind(const uint8_t *in, size_t size);
/*
 * The gzip member, or frame of zstd or LZ4, at @in. 0, -EINVAL (corrupt), -ENOMEM, -ENOSPC (more than half of free memory); archive_close()
 * ends it.
 */
int archive_open(struct archive *a, const uint8_t *in, size_t in_size);
void archive_close(struct archive *a);

#endif
