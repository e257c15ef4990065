// SPDX-License-Identifier: GPL-2.0
/* virtio_scsi on a host that behaves: every transport and ring, several units, what a unit may lack, and what it says of itself. */
#include "../variants.h"
#include <tests/model/virtio_scsi_model.h>
#include "block_suite.h"

KTEST_SUITE(virtio_scsi);

static uint8_t out[65536], in[65536];
static struct scsi_model sm;

static const struct variant plain = { .legacy = false };

/* A host with the units that @sm has, the first of them a disk. */
static struct virtio_model *probed(const struct variant *v)
{
	struct virtio_model_setup s;

	sm.units[0].present = true;
	s = variant_of(scsi_model_default(&sm), v);
	return disk_probe(&s);
}

static void fresh(void)
{
	memset(&sm, 0, sizeof(sm));
}

#define SCSI_CASE(claim, name, ...)			\
	KTEST_CASE(claim##_##name)			\
	{						\
		const struct variant v = { __VA_ARGS__ }; \
		fresh();				\
		claim(&v);				\
	}
#define ON_ALL_HOSTS(claim)						\
	SCSI_CASE(claim, modern_split, .legacy = false)			\
	SCSI_CASE(claim, modern_packed, .packed = true)			\
	SCSI_CASE(claim, modern_split_direct, .direct = true, .plain = true) \
	SCSI_CASE(claim, modern_packed_direct, .packed = true, .direct = true, .plain = true) \
	SCSI_CASE(claim, modern_split_line, .intx = true)		\
	SCSI_CASE(claim, modern_packed_line, .packed = true, .intx = true) \
	SCSI_CASE(claim, legacy_split, .legacy = true)			\
	SCSI_CASE(claim, legacy_split_line, .legacy = true, .intx = true)

static void suite(const struct variant *v)
{
	struct virtio_model *vm = probed(v);

	ASSERT_NOT_NULL(vm);
	block_suite_run(vm->dev);
	EXPECT_NE(sm.flushes, 0);
	EXPECT_NE(sm.unmaps, 0);
	EXPECT_NE(sm.zeroes, 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_HOSTS(suite)

static void every_unit_has_its_own_data(const struct variant *v)
{
	struct virtio_model *vm;

	sm.units[1] = (struct scsi_model_unit){ .present = true, .lun = 300, .block_size = 4096, .nr_blocks = 64 };
	sm.units[2] = (struct scsi_model_unit){ .present = true, .target = 5 };
	vm = probed(v);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_unit(vm->dev, scsi_model_place(0, 300))->block_size, 4096);
	for (unsigned int i = 0; i < 3; i++) {
		pattern_fill(out, 4096, i);
		EXPECT_EQ(host_block_unit_do(vm->dev, scsi_model_place(sm.units[i].target, sm.units[i].lun), BLOCK_WRITE, 8, i == 1 ? 1 : 8, out), 0);
	}
	for (unsigned int i = 0; i < 3; i++) {
		pattern_fill(out, 4096, i);
		EXPECT_MEMEQ(sm.units[i].data + 8 * sm.units[i].block_size, out, 4096);
	}
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_HOSTS(every_unit_has_its_own_data)

KTEST_CASE(what_the_unit_says_becomes_limits)
{
	const struct block_limits *l;
	struct virtio_model *vm;

	fresh();
	vm = probed(&plain);
	ASSERT_NOT_NULL(vm);
	l = host_block_limits(vm->dev);
	EXPECT_EQ(l->nr_blocks, 2048);
	EXPECT_EQ(l->max_request_blocks, 4096);
	EXPECT_EQ(l->max_discard_blocks, 1024);
	EXPECT_EQ(l->max_write_zeroes_blocks, 512);
	EXPECT_EQ(l->flags, BLOCK_HAS_FLUSH | BLOCK_HAS_FUA | BLOCK_HAS_DISCARD | BLOCK_HAS_WRITE_ZEROES | BLOCK_HAS_INFO);
	EXPECT_STREQ(l->serial, "SCSI-7");
	EXPECT_STREQ(l->prefix, "sd");
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(old_unit_without_pages_and_long_capacity_works)
{
	struct virtio_model *vm;

	fresh();
	sm.units[0] = (struct scsi_model_unit){ .no_capacity16 = true, .no_pages = true, .no_cache = true };
	vm = probed(&plain);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_limits(vm->dev)->flags, BLOCK_HAS_INFO);
	block_suite_run(vm->dev);
	EXPECT_EQ(sm.flushes, 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(cd_is_read_only_and_an_empty_drive_is_left_out)
{
	unsigned int cd = scsi_model_place(1, 0);
	struct virtio_model *vm;

	fresh();
	sm.units[1] = (struct scsi_model_unit){ .present = true, .target = 1, .type = 5, .nr_blocks = 100 };
	sm.units[2] = (struct scsi_model_unit){ .present = true, .target = 2, .type = 5, .no_medium = true };
	sm.units[3] = (struct scsi_model_unit){ .present = true, .target = 3, .type = 1 };
	vm = probed(&plain);
	ASSERT_NOT_NULL(vm);
	ASSERT_NOT_NULL(host_block_unit(vm->dev, cd));
	EXPECT_STREQ(host_block_unit(vm->dev, cd)->prefix, "sr");
	EXPECT_EQ(host_block_unit_do(vm->dev, cd, BLOCK_READ, 0, 4, in), 0);
	EXPECT_EQ(host_block_unit_do(vm->dev, cd, BLOCK_WRITE, 0, 4, out), -EROFS);
	EXPECT_NULL(host_block_unit(vm->dev, scsi_model_place(2, 0)));
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(block_past_two_terabytes_is_read_by_the_long_command)
{
	struct virtio_model *vm;

	fresh();
	sm.units[0].nr_blocks = 0x180000000ull;
	vm = probed(&plain);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_limits(vm->dev)->nr_blocks, 0x180000000ull);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0x100000000ull, 8, in), -EIO);	/* the model has no data there, and says so */
	EXPECT_TRUE(strstr(host_last_warning(vm->dev), "asc=0x21") != NULL);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

/* One question after the other would cost a notification, and a wait, for each of the 256. */
static void targets_are_looked_for_many_at_once(const struct variant *v)
{
	struct virtio_model *vm;

	sm.max_target = 255;
	sm.units[1] = (struct scsi_model_unit){ .present = true, .target = 200, .lun = 3 };
	vm = probed(v);
	ASSERT_NOT_NULL(vm);
	EXPECT_GT(sm.commands, 256);
	EXPECT_LT(vm->queues[2].notifies, 64);
	EXPECT_NOT_NULL(host_block_unit(vm->dev, scsi_model_place(0, 0)));
	EXPECT_NOT_NULL(host_block_unit(vm->dev, scsi_model_place(200, 3)));
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_HOSTS(targets_are_looked_for_many_at_once)

KTEST_CASE(unit_attentions_of_the_start_are_passed_over)
{
	struct virtio_model *vm;

	fresh();
	sm.attentions = 3;
	vm = probed(&plain);
	ASSERT_NOT_NULL(vm);
	sm.attentions = 2;
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, in), 0);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(busy_host_is_asked_again_a_few_times)
{
	struct virtio_model *vm;

	fresh();
	vm = probed(&plain);
	ASSERT_NOT_NULL(vm);
	sm.lies = (struct scsi_model_lies){ .statuses = 3, .status = 8 };
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, in), 0);
	sm.lies = (struct scsi_model_lies){ .codes = 3, .code = 5 };
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, in), 0);
	sm.lies = (struct scsi_model_lies){ .statuses = 1000, .status = 0x28 };
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_READ, 0, 8, in), -EIO);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(unit_says_who_it_is_and_how_it_feels)
{
	struct virtio_model *vm;

	fresh();
	sm.has_log = true;
	vm = probed(&plain);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_INFO, BLOCK_INFO_INQUIRY, 8, in), 0);
	EXPECT_MEMEQ(in + 8, "MODEL   A UNIT ", 15);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_INFO, BLOCK_INFO_NAMES, 8, in), 0);
	EXPECT_MEMEQ(in + 8, "MODELX", 6);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_INFO, BLOCK_INFO_EXCEPTIONS, 8, in), 0);
	EXPECT_EQ(in[10], 0x29);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_INFO, BLOCK_INFO_UNIT, 8, in), -EOPNOTSUPP);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}

KTEST_CASE(unit_without_the_log_says_so)
{
	struct virtio_model *vm;

	fresh();
	vm = probed(&plain);
	ASSERT_NOT_NULL(vm);
	EXPECT_EQ(host_block_do(vm->dev, BLOCK_INFO, BLOCK_INFO_EXCEPTIONS, 8, in), -EOPNOTSUPP);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
