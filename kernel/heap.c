// SPDX-License-Identifier: GPL-2.0
/* The pairing heap of <kernel/heap.h> (Fredman, Sedgewick, Sleator, Tarjan 1986): timers and the fair run queue are kept in it. No locks. */
#include <kernel/heap.h>

/* One tree of two; on equal keys @a stays above. Both are roots without siblings. */
static struct heap_node *meld(struct heap_node *a, struct heap_node *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->key < a->key) {
		struct heap_node *other = a;

		a = b;
		b = other;
	}
	b->prev = a;
	b->next = a->child;
	if (b->next)
		b->next->prev = b;
	a->child = b;
	return a;
}

static struct heap_node *detach(struct heap_node *node)
{
	node->next = NULL;
	node->prev = NULL;
	return node;
}

/* One tree of a list of siblings: neighbours in pairs from the left, then the pairs from the right. */
static struct heap_node *meld_siblings(struct heap_node *first)
{
	struct heap_node *pairs = NULL, *root = NULL;

	while (first) {
		struct heap_node *a = first, *b = first->next;

		first = b ? b->next : NULL;
		detach(a);
		if (b)
			a = meld(a, detach(b));
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct heap_node *a = pairs;

		pairs = a->next;
		root = meld(detach(a), root);
	}
	return root;
}

void heap_insert(struct heap *h, struct heap_node *node)
{
	node->child = NULL;
	h->root = meld(h->root, detach(node));
}

/* Take @node, which is not the root, out of its siblings. */
static void cut(struct heap_node *node)
{
	if (node->prev->child == node)
		node->prev->child = node->next;
	else
		node->prev->next = node->next;
	if (node->next)
		node->next->prev = node->prev;
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	struct heap_node *children = meld_siblings(node->child);

	if (h->root == node) {
		h->root = children;
	} else {
		cut(node);
		h->root = meld(h->root, children);
	}
	node->child = NULL;
	detach(node);
}
