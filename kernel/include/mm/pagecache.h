/* SPDX-License-Identifier: GPL-2.0 */
/* What a mapping of a file and exec read from it: its content page by page, the same frames that read() and write() use. */
#ifndef MM_PAGECACHE_H
#define MM_PAGECACHE_H

#include <kernel/types.h>

struct file;
struct inode;
struct page;

/*
 * Page @index of @f with a reference; the last one is zero past the end of the file. Shared mappings write into it. ERR_PTR: -EIO
 * past the end (SIGBUS), -ENOMEM, -ENOSPC, -ENODEV (not a file with pages). Takes no mutex, so it may be called with space->lock held.
 */
struct page *file_get_page(struct file *f, uint64_t index);

/*
 * Pages @first to @last of @inode are no longer its content: take them, and private copies of them, out of every mapping, where the next
 * touch faults again. May sleep: without locks.
 */
void mapping_unmap(struct inode *inode, uint64_t first, uint64_t last);

#endif
