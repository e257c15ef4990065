// SPDX-License-Identifier: GPL-2.0
/* What a driver may say of its disk. */
#include <ktest.h>
#include "drivers/class/block/limits.c"

KTEST_SUITE(block_limits);

static struct block_limits good(void)
{
	return (struct block_limits){ .nr_blocks = 1000, .block_size = 512, .nr_queues = 1, .queue_depth = 8, .max_segments = 4,
				      .prefix = "vd" };
}

static const char *bad_field(struct block_limits l, unsigned int nr_strands)
{
	const char *field;

	return block_limits_check(&l, nr_strands, &field) ? field : "none";
}

KTEST_CASE(sane_limits_pass)
{
	EXPECT_STREQ(bad_field(good(), 1), "none");
}

KTEST_CASE(block_size_is_a_power_of_two_between_512_and_4096)
{
	static const uint32_t bad[] = { 0, 1, 256, 513, 8192, 0x80000000u };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct block_limits l = good();

		l.block_size = bad[i];
		EXPECT_STREQ(bad_field(l, 1), "block_size");
	}
}

KTEST_CASE(size_in_bytes_fits)
{
	struct block_limits l = good();

	l.nr_blocks = ~0ull;
	EXPECT_STREQ(bad_field(l, 1), "nr_blocks");
}

KTEST_CASE(queues_have_strands)
{
	struct block_limits l = good();

	l.nr_queues = 2;
	EXPECT_STREQ(bad_field(l, 1), "nr_queues");
	EXPECT_STREQ(bad_field(l, 2), "none");
	l.nr_queues = BLOCK_QUEUES_MAX + 1;
	EXPECT_STREQ(bad_field(l, 64), "nr_queues");
}

KTEST_CASE(units_and_their_queues_are_bounded)
{
	struct block_limits l = good();

	l.first_queue = 1;
	EXPECT_STREQ(bad_field(l, 1), "first_queue");
	EXPECT_STREQ(bad_field(l, 2), "none");
	l.first_queue = ~0u;
	EXPECT_STREQ(bad_field(l, 64), "first_queue");
	l = good();
	l.unit = BLOCK_UNITS_MAX;
	EXPECT_STREQ(bad_field(l, 1), "unit");
}

KTEST_CASE(depth_and_segments_are_bounded)
{
	struct block_limits l = good();

	l.queue_depth = BLOCK_DEPTH_MAX + 1;
	EXPECT_STREQ(bad_field(l, 1), "queue_depth");
	l = good();
	l.max_segments = 0;
	EXPECT_STREQ(bad_field(l, 1), "max_segments");
	l = good();
	l.max_segment_bytes = 100;
	EXPECT_STREQ(bad_field(l, 1), "max_segment_bytes");
}

KTEST_CASE(segment_boundary_is_a_power_of_two_alone)
{
	struct block_limits l = good();

	l.segment_boundary = 4096;
	EXPECT_STREQ(bad_field(l, 1), "none");
	l.max_segment_bytes = 4096;
	EXPECT_STREQ(bad_field(l, 1), "segment_boundary");
	l = good();
	l.segment_boundary = 4097;
	EXPECT_STREQ(bad_field(l, 1), "segment_boundary");
	l.segment_boundary = 256;
	EXPECT_STREQ(bad_field(l, 1), "segment_boundary");
}

KTEST_CASE(names_are_lower_case_and_terminated)
{
	struct block_limits l = good();

	memcpy(l.prefix, "../etc", 7);
	EXPECT_STREQ(bad_field(l, 1), "prefix");
	memset(l.prefix, 'a', sizeof(l.prefix));
	EXPECT_STREQ(bad_field(l, 1), "prefix");
	l = good();
	memset(l.serial, 'a', sizeof(l.serial));
	EXPECT_STREQ(bad_field(l, 1), "serial");
	l = good();
	l.serial[0] = '\n';
	EXPECT_STREQ(bad_field(l, 1), "serial");
}
