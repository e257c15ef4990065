// SPDX-License-Identifier: GPL-2.0
/* The tree of derivation: every tree of up to NODES capabilities, and in each every capability revoked, dropped, or revoked below. */
#include <ktest.h>
#include "ipc/cap_tree.c"

KTEST_SUITE(cap_tree);

#define NODES	6

static struct cap_node nodes[NODES];
static int parent_of[NODES];	/* always a lower number; -1: a root */
static unsigned int nr;

static void tree_build(void)
{
	for (unsigned int i = 0; i < nr; i++)
		(void)cap_tree_add(&nodes[i], parent_of[i] < 0 ? NULL : &nodes[parent_of[i]]);
}

/* The same said by the numbers alone. */
static bool comes_from(int n, int top)
{
	while (n > top)
		n = parent_of[n];
	return n == top;
}

static bool deads_are_below(unsigned int top, bool self)
{
	for (unsigned int i = 0; i < nr; i++) {
		bool dead = comes_from((int)i, (int)top) && (self || i != top);

		if (nodes[i].live == dead)
			return false;
	}
	return true;
}

/* Each dead one is on the list once, after all that were derived from it. */
static bool list_is_leaves_first(struct list *dead, unsigned int top, bool self)
{
	bool seen[NODES] = { false };
	unsigned int count = 0, wanted = 0;
	struct cap_node *n;

	list_for_each(n, dead, sibling) {
		unsigned int at = (unsigned int)(n - nodes);

		for (unsigned int i = 0; i < nr; i++)
			if (parent_of[i] == (int)at && !seen[i])
				return false;
		if (seen[at])
			return false;
		seen[at] = true;
		count++;
	}
	for (unsigned int i = 0; i < nr; i++)
		wanted += comes_from((int)i, (int)top) && (self || i != top);
	return count == wanted;
}

static bool sever_is_right(unsigned int top, bool self)
{
	struct list dead = LIST_INIT(dead);
	struct cap_node late;

	tree_build();
	cap_tree_sever(&nodes[top], self, &dead);
	if (!deads_are_below(top, self) || !list_is_leaves_first(&dead, top, self))
		return false;
	for (unsigned int i = 0; i < nr; i++)
		if ((cap_tree_add(&late, &nodes[i]) == 0) != nodes[i].live)
			return false;
		else
			cap_tree_drop(&late);
	cap_tree_sever(&nodes[top], true, &dead);	/* a second time finds nothing or the rest */
	return deads_are_below(top, true);
}

/* The others keep their order of descent; only the one in between is gone. */
static bool drop_is_right(unsigned int gone)
{
	tree_build();
	cap_tree_drop(&nodes[gone]);
	cap_tree_drop(&nodes[gone]);
	for (unsigned int i = 0; i < nr; i++)
		for (unsigned int j = 0; j < nr; j++)
			if (i != gone && j != gone && cap_tree_below(&nodes[i], &nodes[j]) != comes_from((int)i, (int)j))
				return false;
	return !nodes[gone].live && list_empty(&nodes[gone].children);
}

/* Count through all parents: number @i has @i + 1 choices. False after the last. */
static bool next_tree(void)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (++parent_of[i] < (int)i)
			return true;
		parent_of[i] = -1;
	}
	return false;
}

static unsigned int failures(bool (*holds)(unsigned int node))
{
	unsigned int failed = 0;

	for (nr = 1; nr <= NODES; nr++) {
		for (unsigned int i = 0; i < NODES; i++)
			parent_of[i] = -1;
		do {
			for (unsigned int node = 0; node < nr; node++)
				failed += !holds(node);
		} while (next_tree());
	}
	return failed;
}

static bool revoke_whole(unsigned int node)
{
	return sever_is_right(node, true);
}

static bool revoke_derived(unsigned int node)
{
	return sever_is_right(node, false);
}

KTEST_CASE(revoking_ends_just_what_was_derived_in_every_small_tree)
{
	EXPECT_EQ(failures(revoke_whole), 0);
}

KTEST_CASE(revoking_below_leaves_the_capability_itself)
{
	EXPECT_EQ(failures(revoke_derived), 0);
}

KTEST_CASE(dropping_one_gives_its_children_to_its_parent)
{
	EXPECT_EQ(failures(drop_is_right), 0);
}

KTEST_CASE(nothing_is_derived_from_the_dead)
{
	struct list dead = LIST_INIT(dead);

	nr = 1;
	parent_of[0] = -1;
	tree_build();
	cap_tree_sever(&nodes[0], true, &dead);
	EXPECT_EQ(cap_tree_add(&nodes[1], &nodes[0]), -ESTALE);
	EXPECT_FALSE(nodes[1].live);
}

KTEST_CASE(a_long_chain_needs_no_stack)
{
	static struct cap_node chain[100000];
	struct list dead = LIST_INIT(dead);
	unsigned int alive = 0;

	for (unsigned int i = 0; i < 100000; i++)
		(void)cap_tree_add(&chain[i], i ? &chain[i - 1] : NULL);
	for (unsigned int i = 1; i < 10; i++)
		cap_tree_drop(&chain[i]);
	cap_tree_sever(&chain[0], false, &dead);
	for (unsigned int i = 0; i < 100000; i++)
		alive += chain[i].live;
	EXPECT_EQ(alive, 1);
}
