// SPDX-License-Identifier: GPL-2.0
/* Reading IDENTIFY data. */
#include <string.h>
#include <ktest.h>
#include "../../../../drivers/ata/identify.h"

KTEST_SUITE(ata_identify);

static void words_fill(uint16_t *w)
{
	memset(w, 0, ATA_IDENTIFY_BYTES);
	w[0] = 0x40;
	w[49] = 0x300;
	w[83] = 0x7400;
	w[84] = 0x4000;
	w[100] = 1000;
}

static void text_put(uint16_t *w, const char *text)
{
	for (; text[0]; text += 2)
		*w++ = (uint16_t)((uint8_t)text[0] << 8 | (uint8_t)text[1]);
}

KTEST_CASE(plain_disk_is_understood)
{
	uint16_t w[256];
	struct ata_identity id;

	words_fill(w);
	EXPECT_EQ(ata_identify_parse(w, false, &id), 0);
	EXPECT_EQ(id.sectors, 1000);
	EXPECT_EQ(id.logical_bytes, 512);
	EXPECT_EQ(id.physical_bytes, 512);
	EXPECT_TRUE(id.lba48 && id.dma && id.flush && id.flush_ext);
	EXPECT_FALSE(id.fua || id.trim || id.rotational || id.queue_depth);
}

KTEST_CASE(strings_are_swapped_trimmed_and_printable)
{
	uint16_t w[256];
	struct ata_identity id;

	words_fill(w);
	text_put(w + 10, "   SN 42\x01\x1b\xff         ");
	text_put(w + 27, "0123456789012345678901234567890123456789");
	EXPECT_EQ(ata_identify_parse(w, false, &id), 0);
	EXPECT_STREQ(id.serial, "SN 42___");
	EXPECT_STREQ(id.model, "0123456789012345678901234567890123456789");
	EXPECT_STREQ(id.firmware, "");
}

KTEST_CASE(sector_sizes_are_those_of_words_106_and_117)
{
	uint16_t w[256];
	struct ata_identity id;

	words_fill(w);
	w[106] = 0x6003;
	EXPECT_EQ(ata_identify_parse(w, false, &id), 0);
	EXPECT_EQ(id.physical_bytes, 4096);
	w[106] = 0x5000;
	w[117] = 2048;
	EXPECT_EQ(ata_identify_parse(w, false, &id), 0);
	EXPECT_EQ(id.logical_bytes, 4096);
	EXPECT_EQ(id.physical_bytes, 4096);
}

KTEST_CASE(impossible_sector_sizes_are_refused)
{
	static const uint16_t sizes[] = { 0, 1, 128, 255, 257, 4096, 0xffff };
	struct ata_identity id;
	uint16_t w[256];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		words_fill(w);
		w[106] = 0x5000;
		w[117] = sizes[i];
		EXPECT_EQ(ata_identify_parse(w, false, &id), -EINVAL);
	}
}

KTEST_CASE(impossible_capacities_are_refused)
{
	struct ata_identity id;
	uint16_t w[256];

	words_fill(w);
	w[100] = 0;
	EXPECT_EQ(ata_identify_parse(w, false, &id), -EINVAL);
	w[103] = 1;	/* 2^48 */
	EXPECT_EQ(ata_identify_parse(w, false, &id), 0);
	w[100] = 1;
	EXPECT_EQ(ata_identify_parse(w, false, &id), -EINVAL);
	w[83] = 0x5000;
	w[61] = 0x1001;	/* above 28 bits */
	EXPECT_EQ(ata_identify_parse(w, false, &id), -EINVAL);
}

KTEST_CASE(checksum_is_checked_where_there_is_one)
{
	struct ata_identity id;
	uint16_t w[256];
	uint8_t sum = 0xa5;

	words_fill(w);
	for (unsigned int i = 0; i < 255; i++)
		sum = (uint8_t)(sum + w[i] + (w[i] >> 8));
	w[255] = (uint16_t)(0xa5 | (uint8_t)-sum << 8);
	EXPECT_EQ(ata_identify_parse(w, false, &id), 0);
	w[12] ^= 1;
	EXPECT_EQ(ata_identify_parse(w, false, &id), -EINVAL);
}

KTEST_CASE(all_ones_and_all_zeroes_are_no_disk)
{
	struct ata_identity id;
	uint16_t w[256];

	memset(w, 0xff, sizeof(w));
	EXPECT_EQ(ata_identify_parse(w, false, &id), -EINVAL);
	EXPECT_EQ(ata_identify_parse(w, true, &id), -EINVAL);
	memset(w, 0, sizeof(w));
	EXPECT_EQ(ata_identify_parse(w, false, &id), -EINVAL);
	EXPECT_EQ(ata_identify_parse(w, true, &id), -EINVAL);
}

KTEST_CASE(queue_depth_needs_queuing)
{
	struct ata_identity id;
	uint16_t w[256];

	words_fill(w);
	w[75] = 31;
	EXPECT_EQ(ata_identify_parse(w, false, &id), 0);
	EXPECT_EQ(id.queue_depth, 0);
	w[76] = 0x100;
	EXPECT_EQ(ata_identify_parse(w, false, &id), 0);
	EXPECT_EQ(id.queue_depth, 32);
}

KTEST_CASE(multiple_sectors_are_a_power_of_two)
{
	static const struct {
		uint16_t word;
		uint8_t multiple;
	} rows[] = { { 0x8010, 16 }, { 0x8001, 1 }, { 0, 0 }, { 0x800c, 0 }, { 0x80ff, 16 } };
	struct ata_identity id;
	uint16_t w[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		words_fill(w);
		w[47] = rows[i].word;
		EXPECT_EQ(ata_identify_parse(w, false, &id), 0);
		EXPECT_EQ(id.multiple, rows[i].multiple);
	}
}

KTEST_CASE(packet_device_is_told_from_a_disk)
{
	struct ata_identity id;
	uint16_t w[256];

	memset(w, 0, sizeof(w));
	w[0] = 0x8581;
	w[49] = 0x100;
	EXPECT_EQ(ata_identify_parse(w, true, &id), 0);
	EXPECT_TRUE(id.packet && id.dma);
	EXPECT_EQ(id.packet_bytes, 16);
	EXPECT_EQ(id.packet_kind, ATA_KIND_CD);
	EXPECT_EQ(ata_identify_parse(w, false, &id), -EINVAL);
}

KTEST_CASE(another_disk_is_told_from_the_same)
{
	struct ata_identity a, b;
	uint16_t w[256];

	words_fill(w);
	text_put(w + 10, "AB");
	EXPECT_EQ(ata_identify_parse(w, false, &a), 0);
	EXPECT_EQ(ata_identify_parse(w, false, &b), 0);
	EXPECT_TRUE(ata_identity_same(&a, &b));
	text_put(w + 10, "AC");
	EXPECT_EQ(ata_identify_parse(w, false, &b), 0);
	EXPECT_FALSE(ata_identity_same(&a, &b));
}
