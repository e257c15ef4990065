// SPDX-License-Identifier: GPL-2.0
/* The radix tree of a file's pages, with real frames. */
#include <fs/page_tree.h>
#include <ktest.h>
#include <mm/page.h>
#include <mm/slab.h>

KTEST_SUITE(page_tree);

static const uint64_t places[] = { 0, 1, 63, 64, 4095, 4096, 1ull << 20, (1ull << 40) + 7, (1ull << 51) };

static int put(struct page_tree *t, uint64_t index)
{
	struct page *page = frame_alloc(0, 0, PAGE_FILE);
	int err = page ? page_tree_insert(t, index, page) : -ENOMEM;

	if (err && page)
		page_put(page);
	return err;
}

static bool has(struct page_tree *t, uint64_t index)
{
	struct page *page = page_tree_get(t, index);

	if (page)
		page_put(page);
	return page;
}

KTEST_CASE(pages_are_found_where_they_were_put)
{
	struct page_tree t;
	unsigned int i;

	page_tree_init(&t);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		EXPECT_EQ(put(&t, places[i]), 0);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		EXPECT_TRUE(has(&t, places[i]));
	EXPECT_FALSE(has(&t, 2));
	EXPECT_FALSE(has(&t, (1ull << 40) + 8));
	EXPECT_FALSE(has(&t, ~0ull >> 12));
	EXPECT_EQ(put(&t, 64), -EEXIST);
	EXPECT_EQ(page_tree_remove(&t, 0, ~0ull), ARRAY_SIZE(places));
}

KTEST_CASE(next_walks_in_order_over_holes)
{
	struct page_tree t;
	uint64_t at = 0;
	struct page *page;
	unsigned int i;

	page_tree_init(&t);
	for (i = ARRAY_SIZE(places); i--;)
		put(&t, places[i]);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		page = page_tree_next(&t, &at);
		ASSERT_NOT_NULL(page);
		EXPECT_EQ(at, places[i]);
		page_put(page);
		at++;
	}
	EXPECT_NULL(page_tree_next(&t, &at));
	page_tree_remove(&t, 0, ~0ull);
}

KTEST_CASE(remove_takes_the_range_and_nothing_else)
{
	struct page_tree t;

	page_tree_init(&t);
	put(&t, 10);
	put(&t, 63);
	put(&t, 64);
	put(&t, 200);
	EXPECT_EQ(page_tree_remove(&t, 11, 64), 2);
	EXPECT_TRUE(has(&t, 10));
	EXPECT_TRUE(has(&t, 200));
	EXPECT_EQ(page_tree_remove(&t, 0, ~0ull), 2);
}

KTEST_CASE(everything_is_given_back)
{
	uint64_t before = slab_bytes_used();
	struct page_tree t;
	unsigned int i;

	page_tree_init(&t);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		put(&t, places[i]);
	page_tree_remove(&t, 0, ~0ull);
	EXPECT_NULL(t.root);
	EXPECT_EQ(slab_bytes_used(), before);
}
