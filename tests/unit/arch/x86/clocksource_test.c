// SPDX-License-Identifier: GPL-2.0
/* Time out of counters that come round. */
#include "arch/x86/clocksource.h"
#include <ktest.h>

KTEST_SUITE(clocksource);

#define PM_HZ	3579545ull

KTEST_CASE(a_counter_that_comes_round_goes_on)
{
	struct clock_counter c = { .mask = 0xffffff, .last = 0xfffff0, .hz = PM_HZ, .ns = 5000 };

	EXPECT_EQ(clock_counter_advance(&c, 0x000010), 5000 + 0x20 * 1000000000ull / PM_HZ);
	EXPECT_EQ(clock_counter_advance(&c, 0x000010), 5000 + 0x20 * 1000000000ull / PM_HZ);
}

KTEST_CASE(nothing_is_lost_between_looks)
{
	struct clock_counter often = { .mask = 0xffffff, .hz = PM_HZ };

	for (uint32_t i = 1; i <= 10 * PM_HZ; i++)
		clock_counter_advance(&often, i & 0xffffff);
	EXPECT_EQ(often.ns, 10 * 1000000000ull);
	EXPECT_EQ(often.rest, 0);
}

KTEST_CASE(bits_above_the_counter_s_do_not_count)
{
	struct clock_counter c = { .mask = 0xffffff, .last = 1, .hz = PM_HZ };

	EXPECT_EQ(clock_counter_advance(&c, 0xab000001), 0);
}
