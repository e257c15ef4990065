// SPDX-License-Identifier: GPL-2.0
/* The kernel command line's words. */
#define cmdline_get	cmdline_test_get
#define cmdline_has	cmdline_test_has
#define boot_info	cmdline_test_info
#include "kernel/cmdline.c"
#include "ktest.h"

KTEST_SUITE(cmdline);

struct boot_info boot_info;

static const char *get(const char *line, const char *name)
{
	static char value[16];

	str_copy(boot_info.cmdline, line, sizeof(boot_info.cmdline));
	return cmdline_get(name, value, sizeof(value));
}

KTEST_CASE(value_of_a_name_is_found_among_others)
{
	EXPECT_STREQ(get("quiet init=/bin/sh loglevel=7", "init"), "/bin/sh");
	EXPECT_STREQ(get("  init=/bin/sh", "init"), "/bin/sh");
	EXPECT_STREQ(get("init=a=b", "init"), "a=b");
}

KTEST_CASE(lone_name_has_an_empty_value)
{
	EXPECT_STREQ(get("quiet ktest", "ktest"), "");
	EXPECT_STREQ(get("quiet=", "quiet"), "");
}

KTEST_CASE(absent_name_is_null_and_no_prefix_matches)
{
	EXPECT_NULL(get("", "init"));
	EXPECT_NULL(get("initrd=x", "init"));
	EXPECT_NULL(get("xinit=y", "init"));
}

KTEST_CASE(last_one_wins)
{
	EXPECT_STREQ(get("a=1 a=2 b=3", "a"), "2");
}

KTEST_CASE(quotes_hold_spaces_together)
{
	EXPECT_STREQ(get("a=\"x y\" b=1", "a"), "x y");
	EXPECT_STREQ(get("a=\"x y\" b=1", "b"), "1");
	EXPECT_STREQ(get("a=\"open", "a"), "\"open");
}

KTEST_CASE(long_value_is_cut_to_the_buffer)
{
	EXPECT_STREQ(get("a=0123456789abcdefgh", "a"), "0123456789abcde");
}

KTEST_CASE(has_asks_for_presence_only)
{
	EXPECT_STREQ(get("ktest=x", "ktest"), "x");
	EXPECT_TRUE(cmdline_has("ktest"));
	EXPECT_FALSE(cmdline_has("kte"));
	EXPECT_NULL(cmdline_get("ktest", NULL, 0));
}
