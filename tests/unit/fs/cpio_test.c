// SPDX-License-Identifier: GPL-2.0
/* The cpio parser: good archives in a row, and every way of being wrong that an attacker would try. */
#include <ktest.h>
#include "fs/cpio.c"

KTEST_SUITE(cpio);

static char archive[4096];
static size_t used;

static void begin(void)
{
	memset(archive, 0, sizeof(archive));
	used = 0;
}

static void put_hex(char *to, uint32_t v)
{
	static const char digits[] = "0123456789abcdef";
	int i;

	for (i = 7; i >= 0; i--, v >>= 4)
		to[i] = digits[v & 15];
}

static void add(const char *name, uint32_t mode, const char *data, size_t size)
{
	uint32_t f[FIELDS] = { [INO] = 7, [MODE] = mode, [NLINK] = 1, [NAMESIZE] = (uint32_t)strlen(name) + 1, [FILESIZE] = (uint32_t)size };
	int i;

	memcpy(archive + used, "070701", 6);
	for (i = 0; i < FIELDS; i++)
		put_hex(archive + used + 6 + i * 8, f[i]);
	memcpy(archive + used + HEADER, name, strlen(name) + 1);
	used = ALIGN4(used + HEADER + strlen(name) + 1);
	memcpy(archive + used, data, size);
	used = ALIGN4(used + size);
}

static struct cpio opened(void)
{
	return (struct cpio){ .data = archive, .size = used };
}

KTEST_CASE(an_entry_is_read_in_place)
{
	struct cpio_entry e;
	struct cpio c;

	begin();
	add("etc/motd", 0100644, "hello", 5);
	c = opened();
	ASSERT_EQ(cpio_next(&c, &e), 1);
	EXPECT_STREQ(e.name, "etc/motd");
	EXPECT_EQ(e.mode, 0100644);
	EXPECT_EQ(e.size, 5);
	EXPECT_MEMEQ(e.data, "hello", 5);
	EXPECT_EQ(cpio_next(&c, &e), 0);
}

KTEST_CASE(archives_in_a_row_with_zeroes_between_are_one)
{
	struct cpio_entry e;
	struct cpio c;

	begin();
	add("a", 0100644, "1", 1);
	add("TRAILER!!!", 0, "", 0);
	used += 300;
	add("b", 0100644, "2", 1);
	add("TRAILER!!!", 0, "", 0);
	used += 512;
	c = opened();
	ASSERT_EQ(cpio_next(&c, &e), 1);
	EXPECT_STREQ(e.name, "a");
	ASSERT_EQ(cpio_next(&c, &e), 1);
	EXPECT_STREQ(e.name, "b");
	EXPECT_EQ(cpio_next(&c, &e), 0);
}

KTEST_CASE(an_empty_archive_has_no_entry)
{
	struct cpio c = { .data = archive, .size = 0 };
	struct cpio_entry e;

	EXPECT_EQ(cpio_next(&c, &e), 0);
}

KTEST_CASE(a_wrong_magic_is_corrupt_where_it_stands)
{
	struct cpio_entry e;
	struct cpio c;
	size_t second;

	begin();
	add("a", 0100644, "1", 1);
	second = used;
	add("b", 0100644, "2", 1);
	archive[second] = 'x';
	c = opened();
	ASSERT_EQ(cpio_next(&c, &e), 1);
	EXPECT_EQ(cpio_next(&c, &e), -EINVAL);
	EXPECT_EQ(c.at, second);
}

KTEST_CASE(every_cut_is_corrupt_or_a_shorter_archive)
{
	struct cpio_entry e;
	struct cpio c;
	size_t whole;
	int n;

	begin();
	add("one", 0100644, "first content", 13);
	add("two", 0100644, "second", 6);
	whole = used;
	for (used = 1; used < whole; used++) {
		c = opened();
		while ((n = cpio_next(&c, &e)) > 0)
			EXPECT_TRUE(e.data + e.size <= archive + used);
		EXPECT_TRUE(n == 0 || n == -EINVAL);
	}
}

KTEST_CASE(a_size_past_the_end_is_corrupt)
{
	struct cpio_entry e;
	struct cpio c;

	begin();
	add("a", 0100644, "1", 1);
	put_hex(archive + 6 + FILESIZE * 8, 0xffffffff);
	c = opened();
	EXPECT_EQ(cpio_next(&c, &e), -EINVAL);
}

KTEST_CASE(a_name_without_end_is_corrupt)
{
	struct cpio_entry e;
	struct cpio c;

	begin();
	add("abc", 0100644, "1", 1);
	archive[HEADER + 3] = 'x';
	c = opened();
	EXPECT_EQ(cpio_next(&c, &e), -EINVAL);
	put_hex(archive + 6 + NAMESIZE * 8, 0);
	EXPECT_EQ(cpio_next(&c, &e), -EINVAL);
	put_hex(archive + 6 + NAMESIZE * 8, 0x10000);
	EXPECT_EQ(cpio_next(&c, &e), -EINVAL);
}

KTEST_CASE(a_field_that_is_no_number_is_corrupt)
{
	struct cpio_entry e;
	struct cpio c;
	int i;

	for (i = 0; i < FIELDS * 8; i++) {
		begin();
		add("a", 0100644, "1", 1);
		archive[6 + i] = 'g';
		c = opened();
		EXPECT_EQ(cpio_next(&c, &e), -EINVAL);
	}
}
