// SPDX-License-Identifier: GPL-2.0
/* The tree of derivation. A chain of derivations may be as long as a process has handles, so nothing here recurses. */
#include <uapi/ferry/errno.h>
#include "cap_tree.h"

int cap_tree_add(struct cap_node *n, struct cap_node *parent)
{
	list_init(&n->children);
	list_init(&n->sibling);
	n->parent = NULL;
	n->live = !parent || parent->live;
	if (!n->live)
		return -ESTALE;
	n->parent = parent;
	if (parent)
		list_append(&parent->children, &n->sibling);
	return 0;
}

void cap_tree_drop(struct cap_node *n)
{
	struct cap_node *child, *next;

	if (!n->live)
		return;
	list_for_each_safe(child, next, &n->children, sibling) {
		list_del(&child->sibling);
		child->parent = n->parent;
		if (n->parent)
			list_append(&n->parent->children, &child->sibling);
	}
	list_del(&n->sibling);
	n->parent = NULL;
	n->live = false;
}

static struct cap_node *deepest_first(struct cap_node *n)
{
	while (!list_empty(&n->children))
		n = list_first(&n->children, struct cap_node, sibling);
	return n;
}

static void bury(struct cap_node *n, struct list *dead)
{
	list_del(&n->sibling);
	n->parent = NULL;
	n->live = false;
	list_append(dead, &n->sibling);
}

void cap_tree_sever(struct cap_node *top, bool self, struct list *dead)
{
	struct cap_node *n, *parent;

	if (!top->live)
		return;
	for (n = deepest_first(top); n != top; n = deepest_first(parent)) {
		parent = n->parent;
		bury(n, dead);
	}
	if (self)
		bury(top, dead);
}

bool cap_tree_below(const struct cap_node *n, const struct cap_node *top)
{
	while (n && n != top)
		n = n->parent;
	return n;
}
