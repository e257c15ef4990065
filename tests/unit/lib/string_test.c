// SPDX-License-Identifier: GPL-2.0
/* The kernel's own memory and string functions, under other names so that they can stand beside a C library's. */
#include <ktest.h>
#define memcpy		own_memcpy
#define memmove		own_memmove
#define memset		own_memset
#define memcmp		own_memcmp
#define memchr		own_memchr
#define strlen		own_strlen
#define strnlen		own_strnlen
#define strcmp		own_strcmp
#define strncmp		own_strncmp
#define strchr		own_strchr
#define strrchr		own_strrchr
#define strstr		own_strstr
#define str_copy	own_str_copy
#include "lib/string.c"
#include "lib/str_copy.c"

KTEST_SUITE(string);

#define SIZE	300

static unsigned char a[SIZE], b[SIZE];

static void fill(unsigned char *p, unsigned char seed)
{
	for (unsigned int i = 0; i < SIZE; i++)
		p[i] = (unsigned char)(seed + i * 7);
}

static int same(const unsigned char *x, unsigned char seed, unsigned int from, unsigned int to, unsigned int shift)
{
	for (unsigned int i = from; i < to; i++)
		if (x[i] != (unsigned char)(seed + (i + shift) * 7))
			return 0;
	return 1;
}

KTEST_CASE(memcpy_copies_every_length_and_no_more)
{
	for (unsigned int n = 0; n < 200; n++) {
		fill(a, 1);
		fill(b, 100);
		memcpy(a + 3, b + 5, n);
		ASSERT_TRUE(same(a, 1, 0, 3, 0) && same(a, 100, 3, 3 + n, 2) && same(a, 1, 3 + n, SIZE, 0));
	}
}

KTEST_CASE(memmove_handles_overlap_both_ways)
{
	for (unsigned int n = 0; n < 200; n++) {
		fill(a, 1);
		memmove(a + 9, a, n);
		ASSERT_TRUE(same(a + 9, 1, 0, n, 0) && same(a, 1, 9 + n, SIZE, 0));
		fill(a, 1);
		memmove(a, a + 9, n);
		ASSERT_TRUE(same(a, 1, 0, n, 9) && same(a, 1, n + 9, SIZE, 0));
	}
}

KTEST_CASE(memset_sets_every_length_and_no_more)
{
	for (unsigned int n = 0; n < 200; n++) {
		fill(a, 1);
		memset(a + 1, 0x1aa, n);
		for (unsigned int i = 1; i <= n; i++)
			ASSERT_EQ(a[i], 0xaa);
		ASSERT_TRUE(same(a, 1, 0, 1, 0) && same(a, 1, n + 1, SIZE, 0));
	}
}

KTEST_CASE(memcmp_orders_by_the_first_difference_unsigned)
{
	EXPECT_EQ(memcmp("abcdefghij", "abcdefghij", 10), 0);
	EXPECT_LT(memcmp("abcdefghia", "abcdefghib", 10), 0);
	EXPECT_GT(memcmp("\xff", "\x01", 1), 0);
	EXPECT_EQ(memcmp("a", "b", 0), 0);
}

KTEST_CASE(searches_find_the_right_place)
{
	const char *s = "a path/with/slashes";

	EXPECT_EQ(strchr(s, '/') - s, 6);
	EXPECT_EQ(strrchr(s, '/') - s, 11);
	EXPECT_EQ(strchr(s, 0) - s, 19);
	EXPECT_NULL(strchr(s, 'z'));
	EXPECT_NULL(strrchr(s, 'z'));
	EXPECT_EQ((const char *)memchr(s, 'w', 19) - s, 7);
	EXPECT_NULL(memchr(s, 'w', 7));
	EXPECT_EQ(strstr(s, "with") - s, 7);
	EXPECT_EQ(strstr(s, "") - s, 0);
	EXPECT_NULL(strstr(s, "slashes!"));
}

KTEST_CASE(comparisons_stop_at_the_terminator)
{
	EXPECT_EQ(strcmp("abc", "abc"), 0);
	EXPECT_LT(strcmp("ab", "abc"), 0);
	EXPECT_GT(strcmp("\xff", "a"), 0);
	EXPECT_EQ(strncmp("abcx", "abcy", 3), 0);
	EXPECT_EQ(strncmp("ab\0x", "ab\0y", 4), 0);
	EXPECT_LT(strncmp("abcx", "abcy", 4), 0);
	EXPECT_EQ(strnlen("abc", 2), 2);
	EXPECT_EQ(strnlen("abc", 9), 3);
}

KTEST_CASE(str_copy_cuts_and_terminates)
{
	char to[4] = "xyz";

	EXPECT_EQ(str_copy(to, "abcdef", sizeof(to)), 6);
	EXPECT_EQ(memcmp(to, "abc", 4), 0);
	EXPECT_EQ(str_copy(to, "q", 0), 1);
	EXPECT_EQ(to[0], 'a');
	EXPECT_EQ(str_copy(to, "", 4), 0);
	EXPECT_EQ(to[0], 0);
}
