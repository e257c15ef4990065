/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pages of a file by index: a radix tree of 64-way nodes, as high as the largest index needs; a file of one page has no node.
 * The tree holds one reference to each page. Its lock is its own; calls may come from any context that may spin.
 */
#ifndef FS_PAGE_TREE_H
#define FS_PAGE_TREE_H

#include <kernel/lock.h>

struct page;

#define PAGE_TREE_SHIFT	6
#define PAGE_TREE_SLOTS	(1u << PAGE_TREE_SHIFT)

struct page_tree {
	struct spinlock lock;
	void *root;		/* a page when height is 0, else a node */
	unsigned int height;
};

void page_tree_init(struct page_tree *t);
/* With a reference, or NULL. */
struct page *page_tree_get(struct page_tree *t, uint64_t index);
/* Put @page in unless another is there: -EEXIST, -ENOMEM. Takes over the caller's reference on success. */
int page_tree_insert(struct page_tree *t, uint64_t index, struct page *page);
/* The first page at or after @index (then *@index is its own) with a reference, or NULL. */
struct page *page_tree_next(struct page_tree *t, uint64_t *index);
/* Take out the pages from @first to @last and drop them; how many. Nodes that became empty are freed when everything goes. */
uint64_t page_tree_remove(struct page_tree *t, uint64_t first, uint64_t last);

#endif
