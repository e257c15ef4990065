/* SPDX-License-Identifier: GPL-2.0 */
/* The cpio archive format "newc" (and its checksummed twin), read in place. Pure: also tested on the host. */
#ifndef FS_CPIO_H
#define FS_CPIO_H

#include <stddef.h>
#include <stdint.h>

struct cpio {
	const char *data;
	size_t size;
	size_t at;	/* where the next header starts; after an error, where it is wrong */
};

struct cpio_entry {
	const char *name;	/* terminated, never empty */
	const char *data;	/* @size bytes: content, or a link's target */
	uint32_t ino, mode, uid, gid, nlink, mtime, rdev_major, rdev_minor, dev;
	size_t size;
};

/* The next entry: 1; at the end of the last archive: 0; -EINVAL: corrupt at c->at. Several archives and zeroes between them are one. */
int cpio_next(struct cpio *c, struct cpio_entry *e);

#endif
