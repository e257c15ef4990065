// SPDX-License-Identifier: GPL-2.0
/* Namespaces of nvme: found in probe, and coming, changing and going at run time, with a controller that is honest about them or not. */
#include "nvme_variants.h"

KTEST_SUITE(nvme_spaces);

#define LOOK_US		4000000u	/* a watch looks once a second; asking takes no time */
#define REST_US		8000000u	/* a place rests for less */

static uint8_t out[65536], in[65536];

/* Namespaces 1 and 7, of 512 and 4096 bytes a block; events are waited for. */
static struct nvme_model *two_probed(void)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.spaces[1] = (struct nvme_model_space){ .nr_blocks = 64, .shift = 12, .id = 7 };
	s.spaces[2] = (struct nvme_model_space){ .shift = 9, .id = 9 };
	m = nvme_probed(&s);
	if (m)
		host_run(m->dev, 2000000);
	return m;
}

static void is_a_disk(struct nvme_model *m, unsigned int space, unsigned int place, uint64_t blocks)
{
	const struct block_limits *l = host_block_unit(m->dev, place);
	unsigned int nr;

	ASSERT_NOT_NULL(l);
	EXPECT_EQ(l->nr_blocks, blocks);
	nr = 8192 / l->block_size;
	nvme_fill(out, 8192, place);
	EXPECT_EQ(host_block_unit_do(m->dev, place, BLOCK_WRITE, blocks - nr, nr, out), 0);
	EXPECT_MEMEQ(m->disks[space] + (blocks - nr) * l->block_size, out, 8192);
	EXPECT_EQ(host_block_unit_do(m->dev, place, BLOCK_READ, blocks - nr, nr, in), 0);
	EXPECT_MEMEQ(in, out, 8192);
}

KTEST_CASE(namespaces_are_disks_of_their_own)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.spaces[1] = (struct nvme_model_space){ .nr_blocks = 100, .shift = 13, .id = 2 };
	s.spaces[2] = (struct nvme_model_space){ .nr_blocks = 64, .shift = 12, .id = 7, .protect = true };
	s.spaces[3] = (struct nvme_model_space){ .nr_blocks = 512, .shift = 10, .id = 9 };
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_EQ(host_block_unit(m->dev, 0)->nr_blocks, 2048);
	EXPECT_NULL(host_block_unit(m->dev, 1));
	EXPECT_EQ(host_block_unit(m->dev, 6)->block_size, 4096);
	EXPECT_EQ(host_block_unit(m->dev, 6)->flags & BLOCK_RO, BLOCK_RO);
	is_a_disk(m, 3, 8, 512);
	EXPECT_EQ(host_block_unit_do(m->dev, 6, BLOCK_WRITE, 0, 1, out), -EROFS);
	EXPECT_EQ(host_block_unit_do(m->dev, 6, BLOCK_READ, 63, 1, in), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

/* 65 and 1 want the same place; a third one has a number that no place has. */
KTEST_CASE(namespaces_with_large_numbers_find_a_place)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.spaces[1] = (struct nvme_model_space){ .nr_blocks = 64, .shift = 9, .id = 65 };
	s.spaces[2] = (struct nvme_model_space){ .nr_blocks = 128, .shift = 9, .id = 0xfffffffd };
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	is_a_disk(m, 0, 0, 2048);
	is_a_disk(m, 1, 1, 64);
	is_a_disk(m, 2, 0xfffffffcu % BLOCK_UNITS_MAX, 128);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(event_resizes_the_namespace_it_is_about)
{
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	nvme_model_resize(m, 1, 128);
	host_run(m->dev, LOOK_US);
	EXPECT_EQ(host_block_unit(m->dev, 0)->nr_blocks, 2048);
	is_a_disk(m, 1, 6, 128);
	EXPECT_EQ(host_block_resizes(m->dev), 1);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

static void namespace_that_comes_is_a_disk(const struct nvme_model_setup *setup)
{
	struct nvme_model *m = nvme_probed(setup);

	ASSERT_NOT_NULL(m);
	host_run(m->dev, 2000000);
	nvme_model_resize(m, 1, 512);
	host_run(m->dev, LOOK_US);
	is_a_disk(m, 1, 1, 512);
	is_a_disk(m, 0, 0, 2048);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

static const struct nvme_model_setup *with_room(const struct nvme_model_setup *setup)
{
	static struct nvme_model_setup s;

	s = *setup;
	s.spaces[1] = (struct nvme_model_space){ .shift = 9 };
	return &s;
}

static void new_namespace_is_a_disk(const struct nvme_model_setup *setup)
{
	namespace_that_comes_is_a_disk(with_room(setup));
}
ON_ALL_NVME(new_namespace_is_a_disk)

KTEST_CASE(detached_namespace_goes_and_the_others_stay)
{
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	nvme_model_attach(m, 0, false);
	host_run(m->dev, LOOK_US);
	EXPECT_NULL(host_block_unit(m->dev, 0));
	is_a_disk(m, 1, 6, 64);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(requests_of_a_namespace_that_goes_end)
{
	struct host_request rq[3] = { 0 };
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	m->hold = true;
	for (unsigned int i = 0; i < 3; i++) {
		rq[i] = (struct host_request){ .op = BLOCK_READ, .unit = 6, .lba = i, .nr_blocks = 1, .data = in + i * 4096 };
		host_block_submit(m->dev, &rq[i]);
	}
	host_block_commit(m->dev, 0);
	nvme_model_resize(m, 1, 0);
	host_run(m->dev, LOOK_US);
	EXPECT_NULL(host_block_unit(m->dev, 6));
	m->hold = false;
	nvme_model_release(m);
	host_run(m->dev, LOOK_US);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_TRUE(rq[i].done && rq[i].status == -EIO);
	is_a_disk(m, 0, 0, 2048);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

/* What was sent to the old disk must not reach the new one: nothing is there for as long as the core waits for that. */
KTEST_CASE(namespace_that_comes_back_waits_for_its_place)
{
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	nvme_model_attach(m, 1, false);
	host_run(m->dev, LOOK_US);
	EXPECT_NULL(host_block_unit(m->dev, 6));
	nvme_model_attach(m, 1, true);
	host_run(m->dev, 1500000);
	EXPECT_NULL(host_block_unit(m->dev, 6));
	host_run(m->dev, REST_US);
	is_a_disk(m, 1, 6, 64);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(other_block_size_makes_another_disk)
{
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	m->setup.spaces[1].shift = 9;
	nvme_model_resize(m, 1, 512);
	host_run(m->dev, 2000000);
	EXPECT_NULL(host_block_unit(m->dev, 6));
	host_run(m->dev, REST_US);
	is_a_disk(m, 1, 6, 512);
	EXPECT_EQ(host_block_resizes(m->dev), 0);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(namespace_that_changes_beyond_use_goes)
{
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	nvme_model_resize(m, 1, 1ull << 60);
	host_run(m->dev, LOOK_US);
	EXPECT_NULL(host_block_unit(m->dev, 6));
	is_a_disk(m, 0, 0, 2048);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(controller_without_namespaces_waits_for_them)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.spaces[0].detached = true;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_NULL(host_block_unit(m->dev, 0));
	host_run(m->dev, 2000000);
	nvme_model_attach(m, 0, true);
	host_run(m->dev, LOOK_US);
	is_a_disk(m, 0, 0, 2048);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(change_during_a_reset_is_found_after_it)
{
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	m->csts |= 2;
	m->setup.spaces[2].nr_blocks = 256;
	host_free(m->disks[2]);
	m->disks[2] = host_alloc(256 * 512);
	m->setup.spaces[1].detached = true;
	host_run(m->dev, 2 * LOOK_US);
	EXPECT_EQ(m->starts, 2);
	is_a_disk(m, 2, 8, 256);
	EXPECT_NULL(host_block_unit(m->dev, 6));
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

/* ---- Orders ---- */

static int order(struct nvme_model *m, enum block_info what, uint32_t id)
{
	return host_block_do(m->dev, BLOCK_INFO, (uint64_t)what | (uint64_t)id << 8, 8, in);
}

KTEST_CASE(namespace_is_attached_and_detached_by_order)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.spaces[1] = (struct nvme_model_space){ .nr_blocks = 64, .shift = 9, .id = 3, .detached = true };
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_EQ(order(m, BLOCK_INFO_ATTACH, 3), 0);
	host_run(m->dev, LOOK_US);
	is_a_disk(m, 1, 2, 64);
	EXPECT_EQ(order(m, BLOCK_INFO_ATTACH, 3), 0);
	EXPECT_EQ(order(m, BLOCK_INFO_DETACH, 3), 0);
	host_run(m->dev, LOOK_US);
	EXPECT_NULL(host_block_unit(m->dev, 2));
	EXPECT_EQ(order(m, BLOCK_INFO_DETACH, 3), 0);
	EXPECT_EQ(order(m, BLOCK_INFO_ATTACH, 99), -EIO);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(controller_that_cannot_attach_says_so)
{
	struct nvme_model_setup s = nvme_model_default();
	struct nvme_model *m;

	s.attach = false;
	m = nvme_probed(&s);
	ASSERT_NOT_NULL(m);
	EXPECT_EQ(order(m, BLOCK_INFO_ATTACH, 2), -EOPNOTSUPP);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

/* ---- Lies ---- */

KTEST_CASE(list_in_falling_order_ends_at_its_first)
{
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	m->lies.list = LIST_BACKWARDS;
	nvme_model_resize(m, 1, 128);
	host_run(m->dev, LOOK_US);
	is_a_disk(m, 1, 6, 128);
	EXPECT_NULL(host_block_unit(m->dev, 0));
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(list_of_a_thousand_keeps_what_is_there)
{
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	m->lies.list = LIST_FULL;
	nvme_model_resize(m, 1, 128);
	host_run(m->dev, LOOK_US);
	is_a_disk(m, 0, 0, 2048);
	is_a_disk(m, 1, 6, 128);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(empty_list_takes_all_disks_and_no_more)
{
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	m->lies.list = LIST_EMPTY;
	nvme_model_resize(m, 1, 128);
	host_run(m->dev, LOOK_US);
	EXPECT_NULL(host_block_unit(m->dev, 0));
	EXPECT_NULL(host_block_unit(m->dev, 6));
	m->lies.list = LIST_HONEST;
	nvme_model_resize(m, 1, 64);
	host_run(m->dev, LOOK_US + REST_US);
	is_a_disk(m, 0, 0, 2048);
	is_a_disk(m, 1, 6, 64);
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

KTEST_CASE(refused_identify_changes_nothing)
{
	struct nvme_model *m = two_probed();

	ASSERT_NOT_NULL(m);
	m->lies.refuse_opcode = 6;
	m->lies.refuse_status = 6;
	nvme_model_resize(m, 1, 128);
	host_run(m->dev, LOOK_US);
	EXPECT_EQ(host_block_unit(m->dev, 6)->nr_blocks, 64);
	EXPECT_NOT_NULL(host_block_unit(m->dev, 0));
	EXPECT_EQ(nvme_model_destroy(m), 0);
}

/* Noise says something new each time; the disks may all go, the driver may not. */
KTEST_CASE(garbage_in_a_scan_is_survived)
{
	for (uint32_t seed = 0; seed < 200; seed++) {
		struct nvme_model *m = two_probed();

		ASSERT_NOT_NULL(m);
		m->lies.garbage = true;
		m->lies.garbage_seed = seed * 977;
		nvme_model_resize(m, 1, 128);
		host_run(m->dev, LOOK_US);
		m->lies.garbage = false;
		EXPECT_EQ(nvme_model_destroy(m), 0);
	}
}
