/* SPDX-License-Identifier: GPL-2.0 */
/* What a mapping of a file and exec read from it: its content page by page, the same frames that read() and write() use. */
#ifndef MM_PAGECACHE_H
#define MM_PAGECACHE_H

#include <kernel/list.h>
#include <kernel/lock.h>

struct file;
struct inode;
struct page;
struct mapping;

/* For content that has to be brought in and written back. Pages are told by their index in the mapping. */
struct mapping_ops {
	/* With a reference when it is in memory. ERR_PTR: -EAGAIN (fetch() it), -EIO past the end. Takes no mutex, never sleeps. */
	struct page *(*get_page)(struct mapping *m, uint64_t index);
	/* Bring it into memory. 0, -EIO, -ENOMEM. Sleeps: called without locks. */
	int (*fetch)(struct mapping *m, uint64_t index);
	/* It is about to be writable in a shared area. 0, -EAGAIN (fetch() it anew), -EIO (it cannot be written). Never sleeps. */
	int (*dirty)(struct mapping *m, uint64_t index, struct page *page);
	/* Write back what is dirty from @first to @last and wait. 0 or the error of it. Sleeps: called without locks. */
	int (*sync)(struct mapping *m, uint64_t first, uint64_t last);
};

/* Content that is mapped: where, and (for a disk) how its pages come and go. */
struct mapping {
	struct spinlock lock;
	struct list areas;		/* guarded by lock */
	const struct mapping_ops *ops;	/* NULL: pages are an inode's, come from file_get_page() and are never written back */
};

void mapping_init(struct mapping *m, const struct mapping_ops *ops);
/* How many areas there are. */
uint64_t mapping_count(struct mapping *m);
/* Is there a shared area whose program may write to it, or give itself the right to (mprotect)? */
bool mapping_may_be_written(struct mapping *m);

/*
 * Page @index of @f with a reference; the last one is zero past the end of the file. Shared mappings write into it. ERR_PTR: -EIO
 * past the end (SIGBUS), -ENOMEM, -ENOSPC, -ENODEV (not a file with pages). Takes no mutex, so it may be called with space->lock held.
 */
struct page *file_get_page(struct file *f, uint64_t index);

/*
 * Pages @first to @last are no longer the content: take them, and private copies of them, out of every area, where the next
 * touch faults again. May sleep: without locks.
 */
void mapping_unmap(struct mapping *m, uint64_t first, uint64_t last);
/* The same for the pages themselves: private copies stay. */
void mapping_unmap_pages(struct mapping *m, uint64_t first, uint64_t last);
/* Shared areas lose the right to write pages @first to @last until they fault: what is written from now on is told to dirty(). */
void mapping_protect(struct mapping *m, uint64_t first, uint64_t last);

#endif
