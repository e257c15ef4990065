// SPDX-License-Identifier: GPL-2.0
/* What a CPU is asked to forget: ranges melt, and nothing that was asked is ever left out. */
#include "../../../../../arch/x86/mm/flush_set.h"
#include "ktest.h"

KTEST_SUITE(flush_set);

#define ROOT	0x1000ul
#define OTHER	0x2000ul
#define KERNEL	0xffffc00000000000ul
#define PAGE	0x1000ul
#define DRAWS	20000u

static struct flush_set set;

static void add(paddr_t root, vaddr_t start, vaddr_t end)
{
	flush_set_add(&set, &(const struct flush){ root, start, end });
}

static bool covered(paddr_t root, vaddr_t start, vaddr_t end)
{
	for (unsigned int i = 0; i < set.nr; i++) {
		const struct flush *f = &set.of[i];

		if ((!f->root && flush_is_whole(f)) || (f->root == root && f->start <= start && end <= f->end))
			return true;
	}
	return false;
}

KTEST_CASE(ranges_that_touch_become_one)
{
	set.nr = 0;
	add(ROOT, 0x10000, 0x11000);
	add(ROOT, 0x11000, 0x13000);
	add(ROOT, 0xf000, 0x10000);
	ASSERT_EQ(set.nr, 1);
	EXPECT_EQ(set.of[0].start, 0xf000);
	EXPECT_EQ(set.of[0].end, 0x13000);
}

KTEST_CASE(ranges_of_two_spaces_stay_two)
{
	set.nr = 0;
	add(ROOT, 0x10000, 0x11000);
	add(OTHER, 0x10000, 0x11000);
	EXPECT_EQ(set.nr, 2);
}

KTEST_CASE(a_whole_space_takes_its_ranges_in)
{
	set.nr = 0;
	add(ROOT, 0, FLUSH_WHOLE);
	add(ROOT, 0x10000, 0x11000);
	EXPECT_EQ(set.nr, 1);
}

KTEST_CASE(too_many_ranges_are_everything)
{
	set.nr = 0;
	for (unsigned int i = 0; i <= FLUSH_SET_MAX; i++)
		add(ROOT, 0x10000 * i, 0x10000 * i + PAGE);
	ASSERT_EQ(set.nr, 1);
	EXPECT_EQ(set.of[0].root, 0);
	EXPECT_TRUE(flush_is_whole(&set.of[0]));
	add(OTHER, 0x5000, 0x6000);
	EXPECT_EQ(set.nr, 1);
}

KTEST_CASE(what_was_asked_is_covered)
{
	uint32_t seed = 1, missing = 0;

	for (unsigned int i = 0; i < DRAWS; i++) {
		struct flush asked[6];
		unsigned int nr = seed % 6 + 1;

		set.nr = 0;
		for (unsigned int n = 0; n < nr; n++) {
			seed = seed * 1664525u + 1013904223u;
			asked[n].root = seed >> 30 ? ROOT * (seed >> 30) : 0;
			asked[n].start = (asked[n].root ? 0 : KERNEL) + (seed >> 20 & 15) * PAGE;
			asked[n].end = seed >> 12 & 15 ? asked[n].start + ((seed >> 16 & 3) + 1) * PAGE : FLUSH_WHOLE;
			add(asked[n].root, asked[n].start, asked[n].end);
		}
		for (unsigned int n = 0; n < nr; n++)
			missing += !covered(asked[n].root, asked[n].start, asked[n].end);
	}
	EXPECT_EQ(missing, 0);
}
