// SPDX-License-Identifier: GPL-2.0
/* Kernel memory by size in the running kernel. */
#include <ktest.h>
#include <kernel/types.h>
#include <mm/page.h>
#include <mm/slab.h>

KTEST_SUITE(slab);

#define OBJECTS	600

static bool all_zero(const char *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

KTEST_CASE(every_size_is_zeroed_aligned_and_accounted)
{
	uint64_t before = slab_bytes_used();

	for (size_t size = 1; size <= 20000; size += size / 3 + 1) {
		char *p = kzalloc(size);

		ASSERT_NOT_NULL(p);
		EXPECT_TRUE(all_zero(p, size));
		EXPECT_EQ((uint64_t)p % (size >= PAGE_SIZE ? PAGE_SIZE : 16), 0);
		EXPECT_GE(slab_bytes_used(), before + size);
		memset(p, 0xff, size);
		kfree(p);
	}
	EXPECT_EQ(slab_bytes_used(), before);
}

KTEST_CASE(objects_do_not_overlap)
{
	static uint64_t *objects[OBJECTS];

	for (unsigned int i = 0; i < OBJECTS; i++) {
		objects[i] = kzalloc(48);
		ASSERT_NOT_NULL(objects[i]);
		for (unsigned int w = 0; w < 6; w++)
			objects[i][w] = i;
	}
	for (unsigned int i = 0; i < OBJECTS; i++) {
		for (unsigned int w = 0; w < 6; w++)
			ASSERT_EQ(objects[i][w], i);
		kfree(objects[i]);
	}
}

KTEST_CASE(too_large_or_overflowing_sizes_give_null)
{
	EXPECT_NULL(kzalloc((4ul << 20) + 1));
	EXPECT_NULL(kcalloc(1ul << 40, 1ul << 40));
	kfree(NULL);
}

KTEST_CASE(cache_objects_have_their_alignment)
{
	static struct slab_cache *cache;
	void *a, *b;

	if (!cache)
		cache = slab_create("test", 100, 64);
	ASSERT_NOT_NULL(cache);
	a = slab_alloc(cache);
	b = slab_alloc(cache);
	EXPECT_EQ((uint64_t)a % 64, 0);
	EXPECT_EQ((uint64_t)b % 64, 0);
	EXPECT_NE((uint64_t)a, (uint64_t)b);
	slab_free(cache, a);
	slab_free(cache, b);
	EXPECT_NULL(slab_create("bad", 100, 48));
}

KTEST_CASE(copied_string_is_its_own)
{
	char *copy = kstrdup("ferry");

	EXPECT_STREQ(copy, "ferry");
	kfree(copy);
}
