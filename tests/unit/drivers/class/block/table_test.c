// SPDX-License-Identifier: GPL-2.0
/* Partition tables: MBR with logical partitions, GPT, and what hostile bytes must not do. */
#include <ktest.h>
#include "drivers/class/block/table.c"

KTEST_SUITE(block_table);

#define DISK_BLOCKS	512u

static uint8_t disk[DISK_BLOCKS * 512], scratch[4096];
static unsigned int reads;
static struct block_table_entry found[BLOCK_PARTS_MAX];

static int disk_read(void *arg, uint64_t lba, void *block)
{
	const struct block_table_source *s = arg;

	reads++;
	if (lba >= s->nr_blocks)
		return -EIO;
	memcpy(block, disk + lba * s->block_size, s->block_size);
	return 0;
}

static int parse(uint32_t block_size)
{
	struct block_table_source s = { .read = disk_read, .block_size = block_size, .nr_blocks = sizeof(disk) / block_size,
					.block = scratch };

	s.arg = &s;
	reads = 0;
	return block_table_read(&s, found, BLOCK_PARTS_MAX);
}

static void put(uint8_t *p, uint64_t value, unsigned int bytes)
{
	while (bytes--) {
		*p++ = (uint8_t)value;
		value >>= 8;
	}
}

static void mbr(uint8_t *block, unsigned int index, uint8_t type, uint32_t start, uint32_t blocks)
{
	uint8_t *e = block + MBR_ENTRIES + index * MBR_ENTRY_BYTES;

	block[MBR_SIGNATURE] = 0x55;
	block[MBR_SIGNATURE + 1] = 0xaa;
	e[4] = type;
	put(e + 8, start, 4);
	put(e + 12, blocks, 4);
}

static void clear(void)
{
	memset(disk, 0, sizeof(disk));
}

/* A header at @lba for the entries at @entries, checksums included. */
static void gpt(uint64_t lba, uint64_t entries, uint32_t block_size, uint32_t nr)
{
	uint8_t *h = disk + lba * block_size;
	uint64_t blocks = sizeof(disk) / block_size;

	memcpy(h, "EFI PART", 8);
	put(h + 8, 0x10000, 4);
	put(h + 12, 92, 4);
	put(h + 24, lba, 8);
	put(h + 40, 8, 8);
	put(h + 48, blocks - 9, 8);
	put(h + 72, entries, 8);
	put(h + 80, nr, 4);
	put(h + 84, 128, 4);
	put(h + 88, crc32_add(~0u, disk + entries * block_size, nr * 128) ^ ~0u, 4);
	put(h + 16, 0, 4);
	put(h + 16, crc32_add(~0u, h, 92) ^ ~0u, 4);
}

static void gpt_part(uint64_t entries, uint32_t block_size, unsigned int index, uint64_t start, uint64_t end)
{
	uint8_t *e = disk + entries * block_size + index * 128;

	memset(e, 0xab, 16);
	put(e + 32, start, 8);
	put(e + 40, end, 8);
}

static void gpt_disk(uint32_t block_size)
{
	clear();
	mbr(disk, 0, MBR_GPT, 1, 0xffffffff);
	gpt_part(2, block_size, 0, 10, 19);
	gpt_part(2, block_size, 3, 20, 20);
	gpt(1, 2, block_size, 8);
}

KTEST_CASE(empty_disk_has_no_table)
{
	clear();
	EXPECT_EQ(parse(512), 0);
}

KTEST_CASE(primary_partitions_are_found)
{
	clear();
	mbr(disk, 0, 0x83, 8, 100);
	mbr(disk, 2, 0x82, 200, 50);
	ASSERT_EQ(parse(512), 2);
	EXPECT_EQ(found[0].number, 1);
	EXPECT_EQ(found[0].start, 8);
	EXPECT_EQ(found[0].nr_blocks, 100);
	EXPECT_EQ(found[1].number, 3);
	EXPECT_EQ(found[1].start, 200);
}

KTEST_CASE(logical_partitions_are_found)
{
	clear();
	mbr(disk, 0, 0x05, 100, 300);
	mbr(disk + 100 * 512, 0, 0x83, 1, 20);
	mbr(disk + 100 * 512, 1, 0x05, 50, 100);
	mbr(disk + 150 * 512, 0, 0x83, 2, 30);
	ASSERT_EQ(parse(512), 3);
	EXPECT_EQ(found[0].nr_blocks, 2);
	EXPECT_EQ(found[1].number, 5);
	EXPECT_EQ(found[1].start, 101);
	EXPECT_EQ(found[2].number, 6);
	EXPECT_EQ(found[2].start, 152);
	EXPECT_EQ(found[2].nr_blocks, 30);
}

KTEST_CASE(logical_loop_ends)
{
	clear();
	mbr(disk, 0, 0x05, 100, 300);
	mbr(disk + 100 * 512, 1, 0x05, 50, 100);
	mbr(disk + 150 * 512, 0, 0x83, 1, 1);
	mbr(disk + 150 * 512, 1, 0x05, 50, 100);
	EXPECT_LE(parse(512), (int)BLOCK_PARTS_MAX);
	EXPECT_LE(reads, CHAIN_MAX + 1);
}

KTEST_CASE(partitions_off_the_disk_are_dropped_or_cut)
{
	clear();
	mbr(disk, 0, 0x83, 511, 0xffffffff);
	mbr(disk, 1, 0x83, 512, 1);
	mbr(disk, 2, 0x83, 0xffffffff, 0xffffffff);
	ASSERT_EQ(parse(512), 1);
	EXPECT_EQ(found[0].nr_blocks, 1);
}

KTEST_CASE(boot_sector_of_a_file_system_is_no_table)
{
	clear();
	mbr(disk, 0, 0x83, 8, 100);
	disk[MBR_ENTRIES] = 0x20;
	EXPECT_EQ(parse(512), 0);
}

KTEST_CASE(gpt_is_found)
{
	gpt_disk(512);
	ASSERT_EQ(parse(512), 2);
	EXPECT_EQ(found[0].number, 1);
	EXPECT_EQ(found[0].start, 10);
	EXPECT_EQ(found[0].nr_blocks, 10);
	EXPECT_EQ(found[1].number, 4);
	EXPECT_EQ(found[1].nr_blocks, 1);
}

KTEST_CASE(gpt_on_4096_byte_blocks_is_found)
{
	gpt_disk(4096);
	EXPECT_EQ(parse(4096), 2);
}

KTEST_CASE(gpt_with_bad_header_checksum_is_not_believed)
{
	gpt_disk(512);
	disk[512 + 40] ^= 1;
	ASSERT_EQ(parse(512), 1);	/* the protective entry */
	EXPECT_EQ(found[0].start, 1);
}

KTEST_CASE(gpt_with_bad_entries_checksum_is_not_believed)
{
	gpt_disk(512);
	disk[2 * 512 + 32] ^= 1;
	ASSERT_EQ(parse(512), 1);
	EXPECT_EQ(found[0].start, 1);
}

KTEST_CASE(gpt_backup_is_used_when_the_primary_is_bad)
{
	gpt_disk(512);
	gpt_part(500, 512, 0, 30, 39);
	gpt(DISK_BLOCKS - 1, 500, 512, 4);
	disk[512] = 'X';
	ASSERT_EQ(parse(512), 1);
	EXPECT_EQ(found[0].start, 30);
}

KTEST_CASE(gpt_partition_outside_the_usable_range_is_dropped)
{
	gpt_disk(512);
	gpt_part(2, 512, 1, 2, 9);
	gpt_part(2, 512, 2, 30, 511);
	gpt_part(2, 512, 5, 40, 39);
	gpt(1, 2, 512, 8);
	EXPECT_EQ(parse(512), 2);
}

KTEST_CASE(gpt_with_absurd_sizes_is_not_believed)
{
	gpt_disk(512);
	put(disk + 512 + 80, 0xffffffff, 4);
	put(disk + 512 + 16, 0, 4);
	put(disk + 512 + 16, crc32_add(~0u, disk + 512, 92) ^ ~0u, 4);
	EXPECT_EQ(parse(512), 1);
	EXPECT_LT(reads, 16);
}

KTEST_CASE(noise_reads_little_and_ends)
{
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(disk); i++) {
		seed = seed * 1103515245 + 12345;
		disk[i] = (uint8_t)(seed >> 16);
	}
	disk[510] = 0x55;
	disk[511] = 0xaa;
	for (unsigned int i = 0; i < 4; i++)
		disk[MBR_ENTRIES + i * 16] = 0;
	EXPECT_LE(parse(512), (int)BLOCK_PARTS_MAX);
	EXPECT_LE(reads, CHAIN_MAX + 1);
}
