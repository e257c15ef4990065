// SPDX-License-Identifier: GPL-2.0
/* format_text() against ISO C's own words, and parse_u64(). */
#include <ktest.h>
#include <lib/format.h>
#include <lib/string.h>
#include <uapi/ferry/errno.h>

KTEST_SUITE(format);

static char text[128];

#define SAYS(expected, ...)						\
	do {								\
		int n = format_text(text, sizeof(text), __VA_ARGS__);	\
									\
		EXPECT_STREQ(text, expected);				\
		EXPECT_EQ(n, strlen(expected));				\
	} while (0)

KTEST_CASE(integers_of_every_length)
{
	SAYS("-1 255 -128", "%hhd %hhu %hhd", -1, 255, -128);
	SAYS("-2 65535", "%hd %hu", -2, 65535);
	SAYS("-2147483648 4294967295", "%d %u", -2147483647 - 1, 4294967295u);
	SAYS("-9223372036854775808", "%lld", -9223372036854775807ll - 1);
	SAYS("18446744073709551615", "%lu", ~0ul);
	SAYS("7", "%zu", sizeof(char[7]));
}

KTEST_CASE(hexadecimal_and_octal_with_prefix)
{
	SAYS("0xff 0XFF ff", "%#x %#X %x", 255, 255, 255);
	SAYS("0 0", "%#x %#o", 0, 0);
	SAYS("010 10", "%#o %o", 8, 8);
}

KTEST_CASE(width_pads_on_the_asked_side)
{
	SAYS("   42|42   |00042", "%5d|%-5d|%05d", 42, 42, 42);
	SAYS("  -42|-0042", "%5d|%05d", -42, -42);
	SAYS("0x00ff", "%#06x", 255);
	SAYS("  ab|ab  ", "%4s|%-4s", "ab", "ab");
	SAYS("  x", "%*c", 3, 'x');
	SAYS("x  ", "%*c", -3, 'x');
}

KTEST_CASE(precision_wins_over_the_zero_flag)
{
	SAYS("  007", "%5.3d", 7);
	SAYS("abc", "%.3s", "abcdef");
	SAYS("ab", "%.*s", 2, "abcdef");
	SAYS("", "%.0d", 0);
}

KTEST_CASE(signs)
{
	SAYS("+1  1 -1", "%+d % d %d", 1, 1, -1);
}

KTEST_CASE(precision_stops_before_an_unterminated_end)
{
	char raw[3] = { 'a', 'b', 'c' };

	SAYS("abc", "%.3s", raw);
}

KTEST_CASE(result_is_cut_and_terminated)
{
	EXPECT_EQ(format_text(text, 4, "%s", "abcdef"), 6);
	EXPECT_STREQ(text, "abc");
}

KTEST_CASE(size_zero_writes_nothing)
{
	text[0] = 'x';
	EXPECT_EQ(format_text(text, 0, "%d", 123), 3);
	EXPECT_EQ(text[0], 'x');
}

KTEST_CASE(null_string_and_pointer)
{
	const char *volatile none = NULL;

	SAYS("(null)", "%s", none);
	SAYS("0x0", "%p", (void *)0);
	SAYS("0xdead", "%px", (void *)0xdead);
	SAYS("100%", "%d%%", 100);
}

KTEST_CASE(pointers_are_named_not_shown)
{
	uint64_t secret = format_hide_pointers(0x1234567890abcdef);
	char again[64];

	format_text(text, sizeof(text), "%p %p", (void *)0xffff800012345678, (void *)0xffff800012345680);
	format_text(again, sizeof(again), "%p %p", (void *)0xffff800012345678, (void *)0xffff800012345680);
	EXPECT_STREQ(text, again);
	EXPECT_TRUE(!strstr(text, "12345678") && !strstr(text, "ffff8000"));
	EXPECT_TRUE(strlen(text) <= 21);
	EXPECT_TRUE(strncmp(text, strchr(text, ' ') + 1, 6));
	SAYS("0xffff800012345678", "%px", (void *)0xffff800012345678);
	format_hide_pointers(secret);
}

static unsigned long long value;

KTEST_CASE(numbers_in_every_base)
{
	EXPECT_EQ(parse_u64("123", 10, 0, &value), 0);
	EXPECT_EQ(value, 123);
	EXPECT_EQ(parse_u64("0x1F", 0, 0, &value), 0);
	EXPECT_EQ(value, 31);
	EXPECT_EQ(parse_u64("017", 0, 0, &value), 0);
	EXPECT_EQ(value, 15);
	EXPECT_EQ(parse_u64("0", 0, 0, &value), 0);
	EXPECT_EQ(value, 0);
}

KTEST_CASE(largest_number_fits_and_the_next_does_not)
{
	EXPECT_EQ(parse_u64("18446744073709551615", 10, 0, &value), 0);
	EXPECT_EQ(value, ~0ull);
	EXPECT_EQ(parse_u64("18446744073709551616", 10, 0, &value), -ERANGE);
	EXPECT_EQ(parse_u64("17179869184G", 10, 1, &value), -ERANGE);
}

KTEST_CASE(suffix_only_where_allowed)
{
	EXPECT_EQ(parse_u64("64M", 10, 1, &value), 0);
	EXPECT_EQ(value, 64ull << 20);
	EXPECT_EQ(parse_u64("64M", 10, 0, &value), -EINVAL);
}

KTEST_CASE(text_that_is_no_number_is_refused)
{
	EXPECT_EQ(parse_u64("", 0, 0, &value), -EINVAL);
	EXPECT_EQ(parse_u64("0x", 0, 0, &value), -EINVAL);
	EXPECT_EQ(parse_u64("12a", 10, 0, &value), -EINVAL);
	EXPECT_EQ(parse_u64("-1", 10, 0, &value), -EINVAL);
	EXPECT_EQ(parse_u64(" 1", 10, 0, &value), -EINVAL);
}
