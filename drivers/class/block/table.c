// SPDX-License-Identifier: GPL-2.0
/*
 * Partition tables: GPT (UEFI 2.9 section 5.3) with its checksums, primary or backup; MBR with extended partitions. Every byte is a
 * stranger's: ranges outside the disk are dropped, chains are bounded, sizes are checked before they are used. Pure.
 */
#include "core.h"

#define MBR_ENTRIES		0x1beu
#define MBR_ENTRY_BYTES		16u
#define MBR_SIGNATURE		0x1feu
#define MBR_GPT			0xeeu
#define LOGICAL_FIRST		5u
#define CHAIN_MAX		256u	/* links followed, with or without a partition in them */

#define GPT_HEADER_BYTES	92u
#define GPT_ENTRY_BYTES		128u
#define GPT_ENTRIES_MAX		1024u

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static uint32_t crc32_add(uint32_t crc, const uint8_t *data, size_t n)
{
	while (n--) {
		crc ^= *data++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return crc;
}

struct table {
	const struct block_table_source *s;
	struct block_table_entry *entries;
	unsigned int max, nr;
};

/* Keep a partition that lies on the disk, cut at its end as Linux does; others are a stranger's mistake. */
static void table_add(struct table *t, unsigned int number, uint64_t start, uint64_t nr_blocks)
{
	if (!nr_blocks || start >= t->s->nr_blocks || t->nr == t->max || !number || number > BLOCK_PARTS_MAX)
		return;
	nr_blocks = MIN(nr_blocks, t->s->nr_blocks - start);
	t->entries[t->nr++] = (struct block_table_entry){ .number = number, .start = start, .nr_blocks = nr_blocks };
}

/* ---- GPT ---- */

struct gpt {
	uint64_t first, last;		/* usable blocks */
	uint64_t entries;		/* first block of the array */
	uint32_t nr, entry_bytes, crc;
};

static bool gpt_header_parse(const struct block_table_source *s, uint8_t *h, uint64_t lba, struct gpt *g)
{
	uint32_t bytes = get32(h + 12), crc = get32(h + 16);

	if (memcmp(h, "EFI PART", 8) || bytes < GPT_HEADER_BYTES || bytes > s->block_size || get64(h + 24) != lba)
		return false;
	memset(h + 16, 0, 4);
	if ((crc32_add(~0u, h, bytes) ^ ~0u) != crc)
		return false;
	g->first = get64(h + 40);
	g->last = get64(h + 48);
	g->entries = get64(h + 72);
	g->nr = get32(h + 80);
	g->entry_bytes = get32(h + 84);
	g->crc = get32(h + 88);
	return g->first <= g->last && g->last < s->nr_blocks && g->nr && g->nr <= GPT_ENTRIES_MAX &&
	       g->entry_bytes >= GPT_ENTRY_BYTES && !(g->entry_bytes & (g->entry_bytes - 1)) && g->entry_bytes <= s->block_size &&
	       g->entries < s->nr_blocks;
}

static void gpt_entry(struct table *t, const struct gpt *g, unsigned int index, const uint8_t *e)
{
	static const uint8_t unused[16];
	uint64_t start = get64(e + 32), end = get64(e + 40);

	if (!memcmp(e, unused, sizeof(unused)) || start < g->first || end > g->last || end < start)
		return;
	table_add(t, index + 1, start, end - start + 1);
}

/* Entries are taken as they pass by, and count only if the checksum of all of them is right. */
static int gpt_entries(struct table *t, const struct gpt *g)
{
	const struct block_table_source *s = t->s;
	uint64_t lba = g->entries;
	uint32_t crc = ~0u;
	int err;

	for (unsigned int i = 0; i < g->nr; lba++) {
		unsigned int in_block = MIN(s->block_size / g->entry_bytes, g->nr - i);

		if (lba >= s->nr_blocks)
			return -EINVAL;
		err = s->read(s->arg, lba, s->block);
		if (err)
			return err;
		crc = crc32_add(crc, s->block, (size_t)in_block * g->entry_bytes);
		for (unsigned int j = 0; j < in_block; j++)
			gpt_entry(t, g, i + j, s->block + j * g->entry_bytes);
		i += in_block;
	}
	return (crc ^ ~0u) == g->crc ? 0 : -EINVAL;
}

static bool gpt_read(struct table *t, uint64_t lba)
{
	const struct block_table_source *s = t->s;
	struct gpt g;

	t->nr = 0;
	if (lba >= s->nr_blocks || s->read(s->arg, lba, s->block) || !gpt_header_parse(s, s->block, lba, &g))
		return false;
	if (!gpt_entries(t, &g))
		return true;
	t->nr = 0;
	return false;
}

/* ---- MBR ---- */

struct mbr_entry {
	uint8_t type;
	uint64_t start, nr_blocks;
};

/* Four entries; false when these bytes are no table: no signature, or a status that is neither "boot" nor "not". */
static bool mbr_parse(const uint8_t *block, struct mbr_entry *e)
{
	if (block[MBR_SIGNATURE] != 0x55 || block[MBR_SIGNATURE + 1] != 0xaa)
		return false;
	for (unsigned int i = 0; i < 4; i++) {
		const uint8_t *p = block + MBR_ENTRIES + i * MBR_ENTRY_BYTES;

		if (p[0] != 0 && p[0] != 0x80)
			return false;
		e[i] = (struct mbr_entry){ .type = p[4], .start = get32(p + 8), .nr_blocks = get32(p + 12) };
	}
	return true;
}

static bool type_is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* Logical partitions: a chain of tables, each with one partition (relative to itself) and one link (relative to the first). */
static void extended_read(struct table *t, const struct mbr_entry *extended)
{
	const struct block_table_source *s = t->s;
	unsigned int number = LOGICAL_FIRST;
	uint64_t at = extended->start;
	struct mbr_entry e[4];

	for (unsigned int links = 0; links < CHAIN_MAX && number <= BLOCK_PARTS_MAX; links++) {
		uint64_t next = 0;

		if (at >= s->nr_blocks || s->read(s->arg, at, s->block) || !mbr_parse(s->block, e))
			return;
		for (unsigned int i = 0; i < 4; i++) {
			if (!e[i].nr_blocks)
				continue;
			if (type_is_extended(e[i].type))
				next = next ? next : extended->start + e[i].start;
			else if (e[i].type)
				table_add(t, number++, at + e[i].start, e[i].nr_blocks);
		}
		if (!next || next == extended->start)
			return;
		at = next;
	}
}

static void mbr_read(struct table *t, const struct mbr_entry *e)
{
	/* The extended partition itself shows only its first kilobyte: enough for a boot loader, too little to overwrite the rest. */
	uint64_t kilobyte = MAX(1024u / t->s->block_size, 1u);

	t->nr = 0;
	for (unsigned int i = 0; i < 4; i++)
		if (e[i].type)
			table_add(t, i + 1, e[i].start, type_is_extended(e[i].type) ? MIN(e[i].nr_blocks, kilobyte) : e[i].nr_blocks);
	for (unsigned int i = 0; i < 4; i++) {
		if (!type_is_extended(e[i].type) || !e[i].nr_blocks)
			continue;
		extended_read(t, &e[i]);
		return;
	}
}

int block_table_read(const struct block_table_source *s, struct block_table_entry *entries, unsigned int max)
{
	struct table t = { .s = s, .entries = entries, .max = max };
	bool protective = false;
	struct mbr_entry e[4];
	int err;

	if (!s->nr_blocks)
		return 0;
	err = s->read(s->arg, 0, s->block);
	if (err)
		return err;
	if (!mbr_parse(s->block, e))
		return 0;
	for (unsigned int i = 0; i < 4; i++)
		protective |= e[i].type == MBR_GPT;
	if (protective && (gpt_read(&t, 1) || gpt_read(&t, s->nr_blocks - 1)))
		return (int)t.nr;
	mbr_read(&t, e);
	return (int)t.nr;
}
