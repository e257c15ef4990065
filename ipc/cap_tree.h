/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree of derivation: which capability was made out of which. Pure bookkeeping; whoever calls holds one lock over all of it
 * (ipc/handle.c: cap_lock). A node that was taken off is dead and never lives again.
 */
#ifndef IPC_CAP_TREE_H
#define IPC_CAP_TREE_H

#include <kernel/list.h>

struct cap_node {
	struct cap_node *parent;	/* NULL: a root, or dead */
	struct list children, sibling;	/* dead: sibling links the list of the dead */
	bool live;
};

/* A live node below @parent (NULL: a root): 0, or -ESTALE when the parent is dead. */
int cap_tree_add(struct cap_node *n, struct cap_node *parent);
/* One node goes; what was derived from it is its parent's from now on, or becomes roots. Dead nodes stay as they are. */
void cap_tree_drop(struct cap_node *n);
/* Everything derived from @top, and @top if @self, is dead at once; appended to @dead, always what was derived before what it came from. */
void cap_tree_sever(struct cap_node *top, bool self, struct list *dead);
/* Is @n derived from @top, or @top itself? */
bool cap_tree_below(const struct cap_node *n, const struct cap_node *top);

#endif
