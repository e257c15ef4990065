/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An intrusive pairing heap: the least key first. Nothing is allocated; insert is O(1), taking out O(log n) amortised. The caller locks.
 * A node that is not in a heap must not be removed.
 */
#ifndef KERNEL_HEAP_H
#define KERNEL_HEAP_H

#include <kernel/types.h>

struct heap_node {
	uint64_t key;
	struct heap_node *child;	/* first of its children */
	struct heap_node *next;		/* sibling */
	struct heap_node *prev;		/* sibling, or the parent for a first child */
};

struct heap {
	struct heap_node *root;		/* NULL when empty: the least */
};

void heap_insert(struct heap *h, struct heap_node *node);
void heap_remove(struct heap *h, struct heap_node *node);

#endif
