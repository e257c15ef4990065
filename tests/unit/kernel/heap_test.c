// SPDX-License-Identifier: GPL-2.0
/* The pairing heap: order, removal from anywhere, against a plain search. */
#include <ktest.h>
#include "kernel/heap.c"

KTEST_SUITE(heap);

#define NODES	200

static struct heap_node nodes[NODES];
static bool in[NODES];
static uint32_t seed;

static uint32_t next_random(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

static uint64_t least_key(void)
{
	uint64_t least = ~0ull;

	for (unsigned int i = 0; i < NODES; i++)
		if (in[i] && nodes[i].key < least)
			least = nodes[i].key;
	return least;
}

KTEST_CASE(empty_heap_has_no_root)
{
	struct heap h = { 0 };

	heap_insert(&h, &nodes[0]);
	heap_remove(&h, &nodes[0]);
	EXPECT_NULL(h.root);
}

KTEST_CASE(nodes_come_out_in_order)
{
	struct heap h = { 0 };
	uint64_t last = 0;

	seed = 1;
	for (unsigned int i = 0; i < NODES; i++) {
		nodes[i].key = next_random() % 50;
		heap_insert(&h, &nodes[i]);
	}
	for (unsigned int i = 0; i < NODES; i++) {
		struct heap_node *n = h.root;

		ASSERT_NOT_NULL(n);
		ASSERT_TRUE(n->key >= last);
		last = n->key;
		heap_remove(&h, n);
	}
	EXPECT_NULL(h.root);
}

KTEST_CASE(any_node_can_be_taken_out)
{
	struct heap h = { 0 };

	seed = 2;
	for (unsigned int turn = 0; turn < 20000; turn++) {
		unsigned int i = next_random() % NODES;

		if (in[i]) {
			heap_remove(&h, &nodes[i]);
		} else {
			nodes[i].key = next_random() % 1000;
			heap_insert(&h, &nodes[i]);
		}
		in[i] = !in[i];
		ASSERT_EQ(h.root ? h.root->key : ~0ull, least_key());
	}
}

KTEST_CASE(earlier_of_equal_keys_stays_first)
{
	struct heap h = { 0 };

	nodes[0].key = nodes[1].key = 5;
	heap_insert(&h, &nodes[0]);
	heap_insert(&h, &nodes[1]);
	EXPECT_TRUE(h.root == &nodes[0]);
}
