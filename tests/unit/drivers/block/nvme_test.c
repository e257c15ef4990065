// SPDX-License-Identifier: GPL-2.0
/* nvme on a controller that behaves: every operation, on every kind of interrupt, doorbell and data pointer. */
#include "block_suite.h"
#include "nvme_variants.h"

KTEST_SUITE(nvme);

static uint8_t out[524288 + 4096], in[524288 + 4096];

static void written_data_reads_back(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	nvme_fill(out, 65536, 1);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_WRITE, 100, 128, out), 0);
	EXPECT_MEMEQ(m->disks[0] + 100 * 512, out, 65536);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 100, 128, in), 0);
	EXPECT_MEMEQ(in, out, 65536);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(written_data_reads_back)

static void block_suite_passes(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	block_suite_run(m->dev);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(block_suite_passes)

static void thousand_requests_wrap_the_queue(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	for (unsigned int i = 0; i < 1000; i++) {
		nvme_fill(out, 4096, i);
		ASSERT_EQ(host_block_do(m->dev, BLOCK_WRITE, i % 200 * 8, 8, out), 0);
		ASSERT_EQ(host_block_do(m->dev, BLOCK_READ, i % 200 * 8, 8, in), 0);
		ASSERT_TRUE(!memcmp(in, out, 4096));
	}
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(thousand_requests_wrap_the_queue)

static struct host_request batch[300];

static unsigned int batch_run(struct nvme_model *m, unsigned int nr)
{
	unsigned int good = 0;

	for (unsigned int i = 0; i < nr; i++) {
		batch[i] = (struct host_request){ .op = BLOCK_WRITE, .lba = i * 4, .nr_blocks = 4, .data = out + i % 16 * 2048 };
		host_block_submit(m->dev, &batch[i]);
	}
	host_block_commit(m->dev, 0);
	host_run(m->dev, 1000);
	for (unsigned int i = 0; i < nr; i++)
		good += batch[i].done && !batch[i].status;
	return good;
}

static void more_requests_than_the_queue_holds_all_complete(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	EXPECT_EQ(batch_run(m, 300), 300);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(more_requests_than_the_queue_holds_all_complete)

static void completions_in_reverse_order_are_told_apart(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	m->lies.reverse = true;
	nvme_fill(out, 65536, 3);
	EXPECT_EQ(batch_run(m, 30), 30);
	for (unsigned int i = 0; i < 30; i++)
		EXPECT_TRUE(!memcmp(m->disks[0] + i * 2048, out + i % 16 * 2048, 2048));
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(completions_in_reverse_order_are_told_apart)

static void flush_and_fua_reach_the_controller(const struct nvme_model_setup *setup)
{
	struct host_request rq = { .op = BLOCK_WRITE, .flags = BLOCK_REQ_FUA, .nr_blocks = 8, .data = out };
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_limits(m->dev)->flags & (BLOCK_HAS_FLUSH | BLOCK_HAS_FUA), BLOCK_HAS_FLUSH | BLOCK_HAS_FUA);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_FLUSH, 0, 0, NULL), 0);
	EXPECT_EQ(m->flushes, 1);
	host_block_submit(m->dev, &rq);
	host_block_commit(m->dev, 0);
	host_settle(m->dev);
	EXPECT_TRUE(rq.done && !rq.status);
	EXPECT_EQ(m->fuas, 1);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(flush_and_fua_reach_the_controller)

static void discard_and_write_zeroes_clear_their_range(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	memset(m->disks[0], 0xaa, 64 * 512);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_DISCARD, 8, 8, NULL), 0);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_WRITE_ZEROES, 24, 8, NULL), 0);
	EXPECT_EQ(m->disks[0][8 * 512 - 1], 0xaa);
	EXPECT_EQ(m->disks[0][8 * 512], 0);
	EXPECT_EQ(m->disks[0][16 * 512 - 1], 0);
	EXPECT_EQ(m->disks[0][16 * 512], 0xaa);
	EXPECT_EQ(m->disks[0][24 * 512], 0);
	EXPECT_EQ(m->disks[0][32 * 512], 0xaa);
	EXPECT_EQ(m->discards + m->zeroes, 2);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(discard_and_write_zeroes_clear_their_range)

static void blocks_of_4096_bytes_work(const struct nvme_model_setup *setup)
{
	struct nvme_model_setup s = *setup;
	struct nvme_model *m;

	s.spaces[0] = (struct nvme_model_space){ .nr_blocks = 256, .shift = 12 };
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_limits(m->dev)->block_size, 4096);
	block_suite_run(m->dev);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(blocks_of_4096_bytes_work)

static void controller_comes_back_after_remove(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	host_remove(m->dev);
	EXPECT_EQ(m->shutdowns, 1);
	EXPECT_EQ(m->csts & 1, 0);
	EXPECT_EQ(host_probe(m->dev), 0);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(controller_comes_back_after_remove)

static void resized_namespace_resizes_the_disk(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	host_run(m->dev, 2000000);
	for (uint64_t blocks = 4096; blocks <= 16384; blocks *= 2) {
		nvme_model_resize(m, 0, blocks);
		host_run(m->dev, 3000000);
		EXPECT_EQ(host_block_limits(m->dev)->nr_blocks, blocks);
	}
	EXPECT_EQ(host_block_resizes(m->dev), 3);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 16383, 1, in), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
ON_ALL_NVME(resized_namespace_resizes_the_disk)

static void no_memory_at_any_step_fails_cleanly(const struct nvme_model_setup *setup)
{
	struct nvme_model_setup s = *setup;

	for (s.memory_limit = 16; s.memory_limit < 400000; s.memory_limit = s.memory_limit * 5 / 4 + 1) {
		struct nvme_model *m = nvme_model_create(&s);
		int err;

		ASSERT_NOT_NULL(m);
		err = host_probe(m->dev);
		EXPECT_TRUE(err == 0 || err == -ENOMEM);
		EXPECT_EQ(nvme_model_destroy(m), 0);
	}
}
ON_ALL_NVME(no_memory_at_any_step_fails_cleanly)

static void batch_of_32_rings_the_doorbell_once(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);
	unsigned int before;

	ASSERT_NOT_NULL(m);
	before = m->queues[1].doorbells;
	EXPECT_EQ(batch_run(m, 32), 32);
	EXPECT_EQ(m->queues[1].doorbells, before + 1);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}
NVME_VARIANT(batch_of_32_rings_the_doorbell_once, shadow, .intx = false)
NVME_VARIANT(batch_of_32_rings_the_doorbell_once, registers, .registers = true)
NVME_VARIANT(batch_of_32_rings_the_doorbell_once, line, .intx = true)

static unsigned int doorbells_while_busy(bool shadow)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;
	unsigned int rings;

	s.shadow = shadow;
	m = nvme_probed(&s);
	if (!m)
		return ~0u;
	for (unsigned int i = 0; i < 10; i++) {
		batch[i] = (struct host_request){ .op = BLOCK_READ, .lba = i, .nr_blocks = 1, .data = in + i * 512 };
		host_block_submit(m->dev, &batch[i]);
		host_block_commit(m->dev, 0);
	}
	rings = m->queues[1].doorbells;
	host_settle(m->dev);
	EXPECT_TRUE(batch[9].done && !batch[9].status);
	EXPECT_EQ(nvme_model_destroy(m), 0);
	return rings;
}

KTEST_CASE(busy_controller_is_not_rung_again_with_doorbells_in_memory)
{
	EXPECT_EQ(doorbells_while_busy(true), 1);
	EXPECT_EQ(doorbells_while_busy(false), 10);
}

/* Data from @offset of a page on, in segments of @cut. */
static int moved(struct nvme_model *m, uint8_t op, uint32_t bytes, uint32_t offset, uint32_t cut, uint8_t *data)
{
	struct host_request rq = { .op = op, .nr_blocks = bytes / 512, .offset = offset, .segment_bytes = cut, .data = data };

	host_block_submit(m->dev, &rq);
	host_block_commit(m->dev, 0);
	host_settle(m->dev);
	return rq.done ? rq.status : -EAGAIN;
}

static void every_length_and_offset_goes_by_prp(struct nvme_model *m, uint32_t bytes, uint32_t offset, uint32_t cut)
{
	nvme_fill(out, bytes, bytes + offset);
	ASSERT_EQ(moved(m, BLOCK_WRITE, bytes, offset, cut, out), 0);
	ASSERT_TRUE(!memcmp(m->disks[0], out, bytes));
	memset(in, 0, bytes);
	ASSERT_EQ(moved(m, BLOCK_READ, bytes, offset, cut, in), 0);
	ASSERT_TRUE(!memcmp(in, out, bytes));
}

KTEST_CASE(prp_lists_describe_any_length_and_offset)
{
	static const uint32_t lengths[] = { 512, 4096, 4608, 8192, 12288, 65536, 131072, 262144 - 512, 262144 };
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.sgl = false;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (uint32_t offset = 0; offset < 4096; offset += 1536) {
			every_length_and_offset_goes_by_prp(m, lengths[i], offset, 65536);
			if (lengths[i] <= 61440)
				every_length_and_offset_goes_by_prp(m, lengths[i], offset, 4096);
		}
	}
	EXPECT_EQ(m->sgls, 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(longest_request_off_a_page_fills_the_list)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_limits(m->dev)->max_request_blocks, 1024);
	every_length_and_offset_goes_by_prp(m, 524288, 3584, 1048576);
	every_length_and_offset_goes_by_prp(m, 524288, 0, 1048576);
	EXPECT_EQ(moved(m, BLOCK_READ, 524288 + 512, 0, 1048576, in), -EINVAL);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(pieces_off_a_page_go_by_sgl)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_limits(m->dev)->segment_boundary, 0);
	nvme_fill(out, 8192, 5);
	EXPECT_EQ(moved(m, BLOCK_WRITE, 8192, 0, 512, out), 0);
	EXPECT_MEMEQ(m->disks[0], out, 8192);
	EXPECT_EQ(m->sgls, 1);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(pieces_off_a_page_are_refused_without_sgls)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.sgl = false;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_limits(m->dev)->segment_boundary, 4096);
	EXPECT_EQ(moved(m, BLOCK_WRITE, 8192, 0, 512, out), -EINVAL);
	EXPECT_EQ(m->prps + m->sgls > 0 && m->disks[0][0], 0);
	EXPECT_EQ(moved(m, BLOCK_WRITE, 8192, 512, 4096, out), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(mdts_bounds_the_request)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.mdts = 1;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_limits(m->dev)->max_request_blocks, 16);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 17, in), -EINVAL);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 16, in), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(identity_becomes_limits)
{
	struct nvme_model_setup s = nvme_model_default();
	const struct block_limits *l;
	struct nvme_model *m;

	s.serial = "ab\033c  ";
	s.spaces[0].optperf = true;
	s.spaces[0].preferred_write = 7;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	l = host_block_limits(m->dev);
	EXPECT_STREQ(l->serial, "ab_c");
	EXPECT_STREQ(l->prefix, "nvme");
	EXPECT_EQ(l->nr_blocks, 2048);
	EXPECT_EQ(l->block_size, 512);
	EXPECT_EQ(l->physical_block_size, 4096);
	EXPECT_EQ(l->queue_depth, 127);
	EXPECT_EQ(l->max_write_zeroes_blocks, 65536);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(operations_that_were_not_offered_are_unsupported)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.cache = s.discard = s.zeroes = false;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_limits(m->dev)->flags, BLOCK_HAS_INFO);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_FLUSH, 0, 0, NULL), -EOPNOTSUPP);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_DISCARD, 0, 8, NULL), -EOPNOTSUPP);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_WRITE_ZEROES, 0, 8, NULL), -EOPNOTSUPP);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_OP_COUNT, 0, 8, NULL), -EOPNOTSUPP);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(cache_that_is_off_needs_no_flush)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.cache_on = false;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_FALSE(host_block_limits(m->dev)->flags & BLOCK_HAS_FLUSH);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(protected_namespace_is_read_only)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.spaces[0].protect = true;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_TRUE(host_block_limits(m->dev)->flags & BLOCK_RO);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_WRITE, 0, 8, out), -EROFS);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_DISCARD, 0, 8, NULL), -EROFS);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_WRITE_ZEROES, 0, 8, NULL), -EROFS);
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(unmap_hint_deallocates_only_where_that_reads_zeroes)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct host_request rq = { .op = BLOCK_WRITE_ZEROES, .flags = BLOCK_REQ_UNMAP, .nr_blocks = 8 };
		struct nvme_model_setup s = nvme_model_default();
		struct nvme_model *m;

		s.spaces[0].deallocate = i;
		m = nvme_probed(&s);
		ASSERT_NOT_NULL(m);
		host_block_submit(m->dev, &rq);
		host_block_commit(m->dev, 0);
		host_settle(m->dev);
		EXPECT_TRUE(rq.done && !rq.status);
		EXPECT_EQ(m->deallocates, i);
		EXPECT_EQ(nvme_model_destroy(m), 0);
	}
}

KTEST_CASE(status_becomes_an_errno)
{
	static const struct { uint16_t status; int err; } rows[] = {
		{ 0x001, -EOPNOTSUPP }, { 0x081, -ENOSPC }, { 0x020, -EROFS }, { 0x182, -EROFS }, { 0x281, -EIO }, { 0x4001, -EOPNOTSUPP },
		{ 0x080, -EIO }, { 0x3ff, -EIO },
	};
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m = nvme_probed(&s);

	ASSERT_NOT_NULL(m);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		m->lies.bad_status = 1;
		m->lies.status_value = rows[i].status;
		EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 8, in), rows[i].err);
	}
	EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(old_controller_without_a_list_is_counted_through)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.version = 0x10000;
	s.spaces[1] = s.spaces[0];
	s.spaces[0].nr_blocks = 0;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_unit_do(m->dev, 1, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(wide_doorbell_stride_is_followed)
{
	struct nvme_model_setup s = nvme_model_default();

	for (s.stride = 0; s.stride < 12; s.stride++) {
		struct nvme_model *m = nvme_probed(&s);

		ASSERT_NOT_NULL(m);
		EXPECT_EQ(host_block_do(m->dev, BLOCK_READ, 0, 8, in), 0);
		EXPECT_EQ(nvme_model_destroy(m), 0);
	}
}
