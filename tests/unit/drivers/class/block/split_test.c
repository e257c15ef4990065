// SPDX-License-Identifier: GPL-2.0
/* Cutting requests: every byte once and in order, whole blocks, within the limits. */
#include <ktest.h>

#define page_paddr split_page_paddr	/* this file's own pages */
#include "drivers/class/block/split.c"

KTEST_SUITE(block_split);

static struct page pages[64];

/* Page n lies at n * 4096, those from 32 on twice as far apart. */
paddr_t page_paddr(const struct page *page)
{
	uint64_t n = (uint64_t)(page - pages);

	return n < 32 ? n << PAGE_SHIFT : n << (PAGE_SHIFT + 1);
}

static uint32_t seed = 1;

static uint32_t rnd(void)
{
	seed = seed * 1103515245u + 12345u;
	return seed >> 16;
}

static struct dma_segment segments[BLOCK_SEGMENTS_MAX];
static struct block_slot slot = { .segments = segments };
static struct block_limits limits;
static struct block_vec vec[64];
static struct block_io io;

static void fresh(uint32_t block_size, uint32_t max_segments)
{
	memset(&io, 0, sizeof(io));
	memset(&limits, 0, sizeof(limits));
	limits.block_size = block_size;
	limits.max_segments = max_segments;
	io.op = BLOCK_READ;
	io.vec = vec;
}

static void add(unsigned int page, uint32_t offset, uint32_t length)
{
	vec[io.nr_vec++] = (struct block_vec){ .page = &pages[page], .offset = offset, .length = length };
	io.nr_blocks = 0;
	for (unsigned int i = 0; i < io.nr_vec; i++)
		io.nr_blocks += vec[i].length;
	io.nr_blocks /= limits.block_size;
}

static int cut(void)
{
	return block_cut(&limits, false, &io, &slot);
}

KTEST_CASE(neighbours_become_one_segment)
{
	fresh(512, 4);
	add(1, 0, 4096);
	add(2, 0, 4096);
	add(3, 0, 512);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_segments, 1);
	EXPECT_EQ(segments[0].address, 4096);
	EXPECT_EQ(segments[0].length, 8704);
	EXPECT_EQ(slot.rq.nr_blocks, 17);
	EXPECT_EQ(io.cut_blocks, 17);
}

KTEST_CASE(scattered_pages_become_segments)
{
	fresh(512, 4);
	for (unsigned int i = 0; i < 4; i++)
		add(40 + i, 512, 1024);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_segments, 4);
	EXPECT_EQ(slot.rq.nr_blocks, 8);
}

KTEST_CASE(too_many_segments_make_pieces)
{
	fresh(512, 2);
	for (unsigned int i = 0; i < 5; i++)
		add(40 + i, 0, 4096);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_blocks, 16);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.lba, 16);
	EXPECT_EQ(segments[0].address, page_paddr(&pages[42]));
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_blocks, 8);
	EXPECT_EQ(io.cut_blocks, io.nr_blocks);
}

KTEST_CASE(piece_never_ends_inside_a_block)
{
	fresh(4096, 2);
	add(40, 0, 2048);
	add(41, 0, 2048);
	add(42, 0, 2048);
	add(43, 0, 2048);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_blocks, 1);
	EXPECT_EQ(slot.rq.nr_segments, 2);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(segments[0].address, page_paddr(&pages[42]));
}

KTEST_CASE(unaligned_start_keeps_the_good_end)
{
	fresh(4096, 2);
	add(40, 512, 3584);
	add(41, 0, 4096);
	add(42, 0, 512);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_blocks, 1);
	EXPECT_EQ(slot.rq.nr_segments, 2);
	EXPECT_EQ(segments[1].length, 512);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(segments[0].address, page_paddr(&pages[41]) + 512);
	EXPECT_EQ(segments[0].length, 3584);
	EXPECT_EQ(segments[1].length, 512);
}

KTEST_CASE(block_in_more_pieces_than_segments_is_refused)
{
	fresh(4096, 1);
	add(40, 0, 2048);
	add(42, 0, 2048);
	EXPECT_EQ(cut(), -EINVAL);
}

KTEST_CASE(request_limit_is_kept)
{
	fresh(512, 8);
	limits.max_request_blocks = 3;
	add(1, 0, 4096);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_blocks, 3);
	EXPECT_EQ(segments[0].length, 1536);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(segments[0].address, 4096 + 1536);
}

KTEST_CASE(segment_limit_is_kept)
{
	fresh(512, 8);
	limits.max_segment_bytes = 1536;
	add(1, 0, 4096);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_segments, 3);
	EXPECT_EQ(segments[0].length, 1536);
	EXPECT_EQ(segments[2].length, 1024);
}

KTEST_CASE(odd_segment_limit_still_gives_whole_blocks)
{
	fresh(1024, 1);
	limits.max_segment_bytes = 1536;
	add(1, 0, 4096);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_blocks, 1);
	EXPECT_EQ(segments[0].length, 1024);
}

KTEST_CASE(cpu_data_needs_no_segments)
{
	fresh(512, 1);
	add(40, 0, 4096);
	add(44, 0, 4096);
	ASSERT_EQ(block_cut(&limits, true, &io, &slot), 0);
	EXPECT_EQ(slot.rq.nr_segments, 0);
	EXPECT_EQ(slot.rq.nr_blocks, 16);
	EXPECT_EQ(slot.bytes, 8192);
}

KTEST_CASE(page_that_the_driver_copies_needs_no_segments)
{
	fresh(512, 1);
	add(40, 0, BLOCK_INFO_BYTES);
	io.op = BLOCK_INFO;
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_segments, 1);
	io.cut_vec = io.cut_blocks = 0;
	limits.flags = BLOCK_HAS_INFO | BLOCK_INFO_COPIED;
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_segments, 0);
	EXPECT_EQ(slot.bytes, BLOCK_INFO_BYTES);
}

KTEST_CASE(discard_is_cut_by_its_own_limit)
{
	fresh(512, 1);
	io.op = BLOCK_DISCARD;
	io.nr_blocks = 10;
	io.lba = 100;
	limits.max_discard_blocks = 7;
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_blocks, 7);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.lba, 107);
	EXPECT_EQ(slot.rq.nr_blocks, 3);
}

KTEST_CASE(flush_has_no_range)
{
	fresh(512, 1);
	io.op = BLOCK_FLUSH;
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_blocks, 0);
	EXPECT_EQ(slot.rq.nr_segments, 0);
}

KTEST_CASE(ranges_past_the_end_are_refused)
{
	fresh(512, 1);
	add(1, 0, 1024);
	io.lba = 9;
	EXPECT_EQ(block_io_check(&limits, 10, &io), -EINVAL);
	io.lba = 8;
	EXPECT_EQ(block_io_check(&limits, 10, &io), 0);
	io.lba = ~0ull;
	EXPECT_EQ(block_io_check(&limits, 10, &io), -EINVAL);
}

KTEST_CASE(data_must_fit_the_range)
{
	fresh(512, 1);
	add(1, 0, 1024);
	io.nr_blocks = 3;
	EXPECT_EQ(block_io_check(&limits, 10, &io), -EINVAL);
	io.nr_blocks = 2;
	vec[0].length = 0;
	EXPECT_EQ(block_io_check(&limits, 10, &io), -EINVAL);
}

KTEST_CASE(read_only_disk_takes_reads_and_flushes)
{
	fresh(512, 1);
	limits.flags = BLOCK_RO;
	add(1, 0, 512);
	EXPECT_EQ(block_io_check(&limits, 10, &io), 0);
	io.op = BLOCK_WRITE;
	EXPECT_EQ(block_io_check(&limits, 10, &io), -EROFS);
	io = (struct block_io){ .op = BLOCK_FLUSH };
	EXPECT_EQ(block_io_check(&limits, 10, &io), 0);
}

KTEST_CASE(what_the_disk_cannot_is_refused)
{
	fresh(512, 1);
	io.op = BLOCK_DISCARD;
	io.nr_blocks = 1;
	EXPECT_EQ(block_io_check(&limits, 10, &io), -EOPNOTSUPP);
	io.op = BLOCK_OP_COUNT;
	EXPECT_EQ(block_io_check(&limits, 10, &io), -EINVAL);
	io.op = BLOCK_READ;
	io.flags = BLOCK_REQ_FUA;
	EXPECT_EQ(block_io_check(&limits, 10, &io), -EINVAL);
}

KTEST_CASE(only_the_outer_ends_lie_off_the_boundary)
{
	fresh(512, 8);
	limits.segment_boundary = 4096;
	add(40, 512, 3584);
	add(41, 0, 4096);
	add(42, 0, 1024);
	add(43, 0, 4096);
	add(44, 512, 512);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_segments, 3);
	EXPECT_EQ(slot.bytes, 3584 + 4096 + 1024);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_segments, 1);
	EXPECT_EQ(slot.bytes, 4096);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.bytes, 512);
	EXPECT_EQ(io.cut_blocks, io.nr_blocks);
}

KTEST_CASE(neighbours_merge_across_a_boundary)
{
	fresh(512, 8);
	limits.segment_boundary = 4096;
	add(1, 512, 1024);
	add(1, 1536, 2560);
	add(2, 0, 512);
	ASSERT_EQ(cut(), 0);
	EXPECT_EQ(slot.rq.nr_segments, 1);
	EXPECT_EQ(segments[0].length, 4096);
}

KTEST_CASE(block_with_a_gap_inside_is_refused)
{
	fresh(4096, 8);
	limits.segment_boundary = 4096;
	add(40, 0, 2048);
	add(42, 0, 2048);
	EXPECT_EQ(cut(), -EINVAL);
}

/* Whatever the limits: the pieces' segments are the io's bytes, in order. */
KTEST_CASE(random_cuts_cover_every_byte_once)
{
	for (int round = 0; round < 2000; round++) {
		uint64_t bytes = 0;

		fresh(512u << rnd() % 4, 2 + rnd() % 7);
		limits.max_segment_bytes = rnd() % 2 ? limits.block_size * (1 + rnd() % 5) : 0;
		limits.max_request_blocks = rnd() % 2 ? 1 + rnd() % 9 : 0;
		limits.segment_boundary = !limits.max_segment_bytes && rnd() % 2 ? 4096 : 0;
		for (int i = 0; i < 6; i++)
			add(rnd() % 64, 0, 4096);
		while (io.cut_blocks < io.nr_blocks) {
			uint64_t piece = 0;

			ASSERT_EQ(cut(), 0);
			for (unsigned int s = 0; s < slot.rq.nr_segments; s++) {
				uint64_t at = bytes + piece;

				ASSERT_EQ(segments[s].address, page_paddr(vec[at >> 12].page) + at % 4096);
				piece += segments[s].length;
			}
			ASSERT_EQ(piece, (uint64_t)slot.rq.nr_blocks * limits.block_size);
			ASSERT_TRUE(slot.rq.nr_segments <= limits.max_segments);
			bytes += piece;
		}
		ASSERT_EQ(bytes, 6 * 4096);
	}
}

/* ---- More than one io in a slot ---- */

static struct block_vec more_vec[4];
static struct block_io more;

static bool join(unsigned int page, uint32_t offset, uint32_t length)
{
	more_vec[0] = (struct block_vec){ .page = &pages[page], .offset = offset, .length = length };
	more = (struct block_io){ .op = BLOCK_READ, .vec = more_vec, .nr_vec = 1, .nr_blocks = length / limits.block_size };
	return block_cut_more(&limits, false, &more, &slot);
}

KTEST_CASE(second_io_goes_behind_the_first)
{
	fresh(512, 4);
	add(40, 0, 4096);
	ASSERT_EQ(cut(), 0);
	EXPECT_TRUE(join(45, 512, 1024));
	EXPECT_EQ(slot.rq.nr_blocks, 10);
	EXPECT_EQ(slot.rq.nr_segments, 2);
	EXPECT_EQ(slot.bytes, 5120);
	EXPECT_EQ(segments[1].length, 1024);
	EXPECT_EQ(more.cut_blocks, 2);
	EXPECT_TRUE(join(45, 1536, 512));
	EXPECT_EQ(slot.rq.nr_segments, 2);
	EXPECT_EQ(segments[1].length, 1536);
}

KTEST_CASE(io_without_room_changes_nothing)
{
	fresh(512, 2);
	limits.max_request_blocks = 20;
	add(1, 0, 4096);
	ASSERT_EQ(cut(), 0);
	more_vec[1] = (struct block_vec){ .page = &pages[40], .length = 512 };
	more_vec[2] = (struct block_vec){ .page = &pages[42], .length = 512 };
	more_vec[0] = (struct block_vec){ .page = &pages[2], .length = 4096 };
	more = (struct block_io){ .op = BLOCK_READ, .vec = more_vec, .nr_vec = 3, .nr_blocks = 10 };
	EXPECT_FALSE(block_cut_more(&limits, false, &more, &slot));	/* three segments */
	EXPECT_FALSE(join(2, 0, 13 * 512));				/* 21 blocks */
	EXPECT_EQ(slot.rq.nr_blocks, 8);
	EXPECT_EQ(slot.rq.nr_segments, 1);
	EXPECT_EQ(slot.bytes, 4096);
	EXPECT_EQ(segments[0].length, 4096);
	EXPECT_EQ(more.cut_blocks, 0);
}

KTEST_CASE(second_io_begins_where_segments_may)
{
	fresh(512, 4);
	limits.segment_boundary = 4096;
	add(40, 2048, 2048);
	ASSERT_EQ(cut(), 0);
	EXPECT_FALSE(join(42, 512, 512));	/* off the boundary */
	EXPECT_TRUE(join(42, 0, 512));
	EXPECT_FALSE(join(43, 0, 512));		/* behind an end off the boundary */
	EXPECT_EQ(slot.rq.nr_segments, 2);
	EXPECT_EQ(slot.rq.nr_blocks, 5);
}
