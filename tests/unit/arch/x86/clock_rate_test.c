// SPDX-License-Identifier: GPL-2.0
/* The rate of a counter from measurements that were held up. */
#include "arch/x86/clock_rate.c"
#include "ktest.h"

KTEST_SUITE(clock_rate);

#define HZ	1000000ull	/* the reference: one turn a microsecond */

/* A look at @us microseconds that took @width, with a TSC of 1 GHz. */
static struct rate_mark look(uint64_t us, uint64_t width)
{
	return (struct rate_mark){ us * 1000 - width / 2, us * 1000 + width / 2, (uint32_t)us };
}

static struct rate_range between(struct rate_mark a, struct rate_mark b)
{
	return rate_between(&a, &b, HZ, 0xffff);
}

static bool holds(const struct rate_range *r, uint64_t hz)
{
	return r->votes && r->low <= hz && hz <= r->high;
}

KTEST_CASE(two_looks_bound_the_rate)
{
	struct rate_range r = between(look(100, 200), look(5100, 200));

	EXPECT_TRUE(holds(&r, 1000000000));
	EXPECT_TRUE(r.high - r.low < 1000000000 / 1000);
}

KTEST_CASE(stall_in_a_look_widens_the_range_and_keeps_the_truth_in_it)
{
	struct rate_mark late = look(5100, 200);
	struct rate_range r;

	late.after += 40000000;
	r = between(look(100, 200), late);
	EXPECT_TRUE(holds(&r, 1000000000));
	EXPECT_FALSE(rate_is_settled(&r));
}

KTEST_CASE(looks_that_overlap_or_saw_no_turn_tell_nothing)
{
	EXPECT_EQ(between(look(100, 200), look(101, 4000)).votes, 0);
	EXPECT_EQ(between(look(100, 200), look(100, 200)).votes, 0);
	EXPECT_EQ(between(look(5100, 200), look(100, 200)).votes, 0);
}

KTEST_CASE(reference_that_began_anew_in_between_bounds_it_too)
{
	struct rate_range r = between(look(65000, 200), look(70000, 200));

	EXPECT_TRUE(holds(&r, 1000000000));
	EXPECT_TRUE(r.high - r.low < 1000000000 / 1000);
}

KTEST_CASE(stall_of_hours_tells_nothing_and_overflows_nothing)
{
	struct rate_mark late = look(5100, 200);

	late.after = UINT64_MAX;
	EXPECT_EQ(between(look(100, 200), late).votes, 0);
}

KTEST_CASE(result_is_what_all_have_in_common)
{
	struct rate_range all[] = { { 900, 1100, 1 }, { 990, 1200, 1 }, { 800, 1010, 1 } }, r = rate_agree(all, 3);

	EXPECT_EQ(r.votes, 3);
	EXPECT_EQ(r.low, 990);
	EXPECT_EQ(r.high, 1010);
	EXPECT_EQ(rate_hz(&r), 1000);
}

KTEST_CASE(liars_are_outvoted)
{
	struct rate_range all[] = { { 9000, 9001, 1 }, { 990, 1010, 1 }, { 5000, 5001, 1 }, { 995, 1020, 1 } }, r = rate_agree(all, 4);

	EXPECT_EQ(r.votes, 2);
	EXPECT_EQ(r.low, 995);
	EXPECT_EQ(r.high, 1010);
}

KTEST_CASE(narrowest_wins_where_none_agree)
{
	struct rate_range all[] = { { 100, 900, 1 }, { 1000, 1001, 1 }, { 2000, 2900, 1 } }, r = rate_agree(all, 3);

	EXPECT_EQ(r.low, 1000);
}

KTEST_CASE(measurements_without_a_vote_do_not_count)
{
	struct rate_range all[] = { { 10, 20, 0 }, { 10, 20, 0 } }, r = rate_agree(all, 2);

	EXPECT_EQ(r.votes, 0);
	EXPECT_EQ(rate_hz(&r), 0);
	EXPECT_EQ(rate_agree(all, 0).votes, 0);
}

KTEST_CASE(three_close_ones_settle_it)
{
	struct rate_range r = { 1000000, 1002000, 3 };

	EXPECT_TRUE(rate_is_settled(&r));
	r.votes = 2;
	EXPECT_FALSE(rate_is_settled(&r));
	r = (struct rate_range){ 1000000, 1002001, 3 };
	EXPECT_FALSE(rate_is_settled(&r));
}
