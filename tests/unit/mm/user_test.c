// SPDX-License-Identifier: GPL-2.0
/* User copies and iterators in the running kernel. The test's thread has no program, so every user address faults. */
#include <ktest.h>
#include <mm/user.h>

KTEST_SUITE(user);

#define NOWHERE	0x10000ul

static char a[64], b[64];

KTEST_CASE(fault_while_reading_is_efault_and_clears_the_rest)
{
	for (size_t n = 1; n < sizeof(a); n++) {
		memset(a, 'x', sizeof(a));
		ASSERT_EQ(copy_from_user(a, NOWHERE, n), -EFAULT);
		ASSERT_EQ(a[0] | a[n - 1], 0);
		ASSERT_EQ(a[n], 'x');
	}
}

KTEST_CASE(fault_while_writing_is_efault)
{
	for (size_t n = 1; n < 40; n++) {
		ASSERT_EQ(copy_to_user(NOWHERE, a, n), -EFAULT);
		ASSERT_EQ(clear_user(NOWHERE, n), -EFAULT);
	}
	EXPECT_EQ(copy_to_user(NOWHERE, a, 0), 0);
}

KTEST_CASE(kernel_addresses_and_wrapping_ranges_are_refused)
{
	memset(a, 0, sizeof(a));
	EXPECT_EQ(copy_to_user((uint64_t)a, "secret", 6), -EFAULT);
	EXPECT_EQ(a[0], 0);
	EXPECT_EQ(copy_from_user(b, (uint64_t)a, 8), -EFAULT);
	EXPECT_EQ(copy_from_user(b, 0x00007ffffffff000ul - 4, 8), -EFAULT);
	EXPECT_EQ(copy_from_user(b, ~0ul - 3, 8), -EFAULT);
	EXPECT_EQ(copy_to_user(NOWHERE, a, ~0ul), -EFAULT);
}

KTEST_CASE(string_and_exchange_fault_cleanly)
{
	uint32_t seen;

	EXPECT_EQ(strncpy_from_user(a, NOWHERE, sizeof(a)), -EFAULT);
	EXPECT_EQ(strncpy_from_user(a, (uint64_t)b, sizeof(a)), -EFAULT);
	EXPECT_EQ(user_cmpxchg32(NOWHERE, 0, 1, &seen), -EFAULT);
	EXPECT_EQ(user_cmpxchg32(NOWHERE + 2, 0, 1, &seen), -EFAULT);
}

KTEST_CASE(iterator_crosses_pieces_and_skips_empty_ones)
{
	struct iovec_k vec[] = { { (uint64_t)a, 3 }, { (uint64_t)a, 0 }, { (uint64_t)a + 10, 4 } };
	struct iter it;

	memset(a, '.', sizeof(a));
	iter_init(&it, vec, 3, true);
	EXPECT_EQ(it.left, 7);
	EXPECT_EQ(iter_put(&it, "ab", 2), 2);
	EXPECT_EQ(iter_put(&it, "cdefgh", 6), 5);
	EXPECT_EQ(iter_put(&it, "z", 1), 0);
	EXPECT_MEMEQ(a, "abc.......defg.", 15);
	iter_revert(&it, 6);
	EXPECT_EQ(iter_get(&it, b, 10), 6);
	EXPECT_MEMEQ(b, "bcdefg", 6);
	iter_revert(&it, 7);
	iter_advance(&it, 4);
	EXPECT_EQ(iter_zero(&it, 2), 2);
	EXPECT_MEMEQ(a + 10, "d\0\0g", 4);
}

KTEST_CASE(iterator_over_nothing_moves_nothing)
{
	struct iovec_k storage;
	struct iter it;

	iter_init_one(&it, &storage, (uint64_t)a, 0, true);
	EXPECT_EQ(iter_put(&it, "x", 1), 0);
	EXPECT_EQ(iter_get(&it, b, 1), 0);
}

KTEST_CASE(iterator_over_bad_memory_is_efault)
{
	struct iovec_k storage;
	struct iter it;

	iter_init_one(&it, &storage, NOWHERE, 10, false);
	EXPECT_EQ(iter_put(&it, "x", 1), -EFAULT);
	EXPECT_EQ(iter_get(&it, b, 1), -EFAULT);
	EXPECT_EQ(iter_zero(&it, 1), -EFAULT);
}
