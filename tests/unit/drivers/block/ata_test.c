// SPDX-License-Identifier: GPL-2.0
/* ata_piix and ata_pio on a controller that behaves: at the AT's ports, at BARs on a shared line, and on ISA. */
#include <string.h>
#include <ktest.h>
#include <tests/model/ata_model.h>
#include "block_suite.h"

KTEST_SUITE(ata);

#define D	ATA_MODEL_DISK
#define CD	ATA_MODEL_CD

static const struct ata_model_setup piix = { .drives = { D, D, CD, D } };
static const struct ata_model_setup native = { .drives = { D, D, CD, D }, .native = true };
static const struct ata_model_setup isa = { .drives = { D, CD }, .isa = true };
static uint8_t out[131072], in[131072];

static struct ata_model *probed(const struct ata_model_setup *setup)
{
	struct ata_model *am = ata_model_create(setup);

	if (am && !host_probe(am->dev))
		return am;
	if (am)
		ata_model_destroy(am);
	EXPECT_TRUE(!"the controller is probed");
	return NULL;
}

static void fill(unsigned int seed)
{
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(seed * 31 + i * 7 + (i >> 9));
}

static void every_drive_is_a_unit(const struct ata_model_setup *setup)
{
	struct ata_model *am = probed(setup);

	ASSERT_NOT_NULL(am);
	for (unsigned int i = 0; i < 4; i++) {
		const struct block_limits *l = host_block_unit(am->dev, i);

		EXPECT_EQ(l != NULL, setup->drives[i] != ATA_MODEL_NONE);
		if (!l)
			continue;
		EXPECT_EQ(l->block_size, setup->drives[i] == CD ? 2048 : 512);
		EXPECT_EQ(l->nr_blocks, setup->drives[i] == CD ? ATA_MODEL_BLOCKS / 4 : ATA_MODEL_BLOCKS);
		EXPECT_STREQ(l->prefix, setup->drives[i] == CD ? "sr" : "hd");
		EXPECT_STREQ(l->serial, "MODEL1");
		EXPECT_EQ(!!(l->flags & BLOCK_RO), setup->drives[i] == CD);
	}
	EXPECT_EQ(ata_model_destroy(am), 0);
}

static void data_lands_on_its_own_drive(const struct ata_model_setup *setup)
{
	struct ata_model *am = probed(setup);

	ASSERT_NOT_NULL(am);
	for (unsigned int i = 0; i < 4; i++) {
		struct ata_model_drive *d = &am->channels[i / 2].drives[i % 2];

		if (setup->drives[i] != D)
			continue;
		fill(i);
		EXPECT_EQ(host_block_unit_do(am->dev, i, BLOCK_WRITE, 100 + i, 128, out), 0);
		EXPECT_MEMEQ(d->data + (100 + i) * 512, out, 65536);
		EXPECT_EQ(host_block_unit_do(am->dev, i, BLOCK_READ, 100 + i, 128, in), 0);
		EXPECT_MEMEQ(in, out, 65536);
	}
	EXPECT_EQ(ata_model_destroy(am), 0);
}

static void disc_is_read_and_not_written(const struct ata_model_setup *setup)
{
	struct ata_model *am = probed(setup);
	unsigned int unit = setup->drives[1] == CD ? 1 : 2;

	ASSERT_NOT_NULL(am);
	fill(9);
	memcpy(am->channels[unit / 2].drives[unit % 2].data + 10 * 2048, out, 65536);
	EXPECT_EQ(host_block_unit_do(am->dev, unit, BLOCK_READ, 10, 32, in), 0);
	EXPECT_MEMEQ(in, out, 65536);
	EXPECT_EQ(host_block_unit_do(am->dev, unit, BLOCK_WRITE, 10, 1, out), -EROFS);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

static void drives_say_who_they_are(const struct ata_model_setup *setup)
{
	static const uint8_t zeroes[BLOCK_INFO_BYTES];
	struct ata_model *am = probed(setup);

	ASSERT_NOT_NULL(am);
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t blocks = BLOCK_INFO_BYTES / (setup->drives[i] == CD ? 2048 : 512);

		if (setup->drives[i] == ATA_MODEL_NONE)
			continue;
		memset(in, 0, sizeof(in));
		EXPECT_EQ(host_block_unit_do(am->dev, i, BLOCK_INFO, BLOCK_INFO_UNIT, blocks, in), 0);
		EXPECT_MEMEQ(in, am->channels[i / 2].drives[i % 2].identify, 512);
		EXPECT_MEMEQ(in + 512, zeroes, BLOCK_INFO_BYTES - 512);
		EXPECT_EQ(host_block_unit_do(am->dev, i, BLOCK_INFO, BLOCK_INFO_CONTROLLER, blocks, in), -EOPNOTSUPP);
		EXPECT_EQ(host_block_unit_do(am->dev, i, BLOCK_INFO, BLOCK_INFO_HEALTH, blocks, in), setup->drives[i] == CD ? -EOPNOTSUPP : 0);
		EXPECT_TRUE(setup->drives[i] == CD || (in[2] == 9 && in[5] == 100));
		EXPECT_EQ(host_block_unit_do(am->dev, i, BLOCK_READ, 0, 8, in), 0);
	}
	EXPECT_EQ(am->resets, setup->isa ? 1 : 2);	/* the probe's */
	EXPECT_EQ(ata_model_destroy(am), 0);
}

static void class_suite_holds(const struct ata_model_setup *setup)
{
	struct ata_model *am = probed(setup);

	ASSERT_NOT_NULL(am);
	block_suite_run(am->dev);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

#define ON_ALL(claim)								\
	KTEST_CASE(claim##_piix) { claim(&piix); }				\
	KTEST_CASE(claim##_native) { claim(&native); }				\
	KTEST_CASE(claim##_isa) { claim(&isa); }

ON_ALL(every_drive_is_a_unit)
ON_ALL(data_lands_on_its_own_drive)
ON_ALL(disc_is_read_and_not_written)
ON_ALL(drives_say_who_they_are)
ON_ALL(class_suite_holds)

KTEST_CASE(pieces_do_not_cross_64_kib)
{
	struct ata_model *am = probed(&piix);
	struct host_request rq = { .op = BLOCK_WRITE, .lba = 1, .nr_blocks = 256, .segment_bytes = 65536, .offset = 3584, .data = out };

	ASSERT_NOT_NULL(am);
	fill(4);
	host_block_submit(am->dev, &rq);
	host_run(am->dev, 100000);
	EXPECT_TRUE(rq.done);
	EXPECT_EQ(rq.status, 0);
	EXPECT_MEMEQ(am->channels[0].drives[0].data + 512, out, sizeof(out));
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(short_requests_use_28_bits_and_long_ones_48)
{
	struct ata_model *am = probed(&piix);

	ASSERT_NOT_NULL(am);
	EXPECT_EQ(host_block_do(am->dev, BLOCK_READ, 0, 256, in), 0);
	EXPECT_EQ(am->ext_commands, 0);
	EXPECT_EQ(am->last_command, 0xc8);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(flush_reaches_the_drive)
{
	struct ata_model *am = probed(&piix);

	ASSERT_NOT_NULL(am);
	EXPECT_EQ(host_block_unit_do(am->dev, 1, BLOCK_FLUSH, 0, 0, NULL), 0);
	EXPECT_EQ(am->flushes, 1);
	EXPECT_EQ(ata_model_destroy(am), 0);
}

/* Both channels at the same time, each with both of its drives. */
KTEST_CASE(channels_run_side_by_side)
{
	static struct host_request rq[40];
	struct ata_model *am = probed(&piix);

	ASSERT_NOT_NULL(am);
	fill(6);
	for (unsigned int i = 0; i < 40; i++) {
		unsigned int unit = (unsigned int[]){ 0, 1, 3 }[i % 3];

		rq[i] = (struct host_request){ .op = BLOCK_WRITE, .lba = i * 8, .nr_blocks = 8, .unit = (uint16_t)unit,
					       .queue = (uint16_t)(unit / 2), .data = out + i % 16 * 4096 };
		host_block_submit(am->dev, &rq[i]);
	}
	host_run(am->dev, 1000000);
	for (unsigned int i = 0; i < 40; i++) {
		struct ata_model_drive *d = &am->channels[rq[i].unit / 2].drives[rq[i].unit % 2];

		EXPECT_TRUE(rq[i].done && !rq[i].status);
		EXPECT_MEMEQ(d->data + i * 4096, rq[i].data, 4096);
	}
	EXPECT_EQ(ata_model_destroy(am), 0);
}

KTEST_CASE(controller_without_drives_is_not_taken)
{
	static const struct ata_model_setup none = { .isa = false };
	struct ata_model *am = ata_model_create(&none);

	ASSERT_NOT_NULL(am);
	EXPECT_EQ(host_probe(am->dev), -ENODEV);
	EXPECT_EQ(ata_model_destroy(am), 0);
}
