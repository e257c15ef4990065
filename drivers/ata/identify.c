// SPDX-License-Identifier: GPL-2.0
/*
 * Reading IDENTIFY data (ATA8-ACS sections 7.16 and 7.17): shared by the drivers of ATA controllers. The words come from the device, so
 * nothing is believed that cannot be. Left out: CHS addressing, security, HPA.
 */
#include <lib/string.h>
#include "acs.h"
#include "identify.h"

#define CHECKSUM_MARK		0xa5u
#define PACKET_BLOCK_BYTES	2048
#define MULTIPLE_MAX		16u

/* Two characters in each word, the first in the high byte; padded with spaces, by some devices in front. */
static void string_take(const uint16_t *words, unsigned int chars, char *to)
{
	unsigned int length = 0;

	for (unsigned int i = 0; i < chars; i++) {
		uint8_t c = (uint8_t)(i & 1 ? words[i / 2] : words[i / 2] >> 8);

		if (!c)
			c = ' ';
		if (c != ' ' || length)
			to[length++] = c >= ' ' && c < 0x7f ? (char)c : '_';
	}
	while (length && to[length - 1] == ' ')
		length--;
	to[length] = 0;
}

static bool checksum_ok(const uint16_t *words)
{
	uint8_t sum = 0;

	if ((words[255] & 0xff) != CHECKSUM_MARK)
		return true;	/* the device gives none */
	for (unsigned int i = 0; i < ATA_IDENTIFY_WORDS; i++)
		sum = (uint8_t)(sum + (words[i] & 0xff) + (words[i] >> 8));
	return !sum;
}

/* Words 83, 84, 87 and 106 hold something when bit 14 is one and bit 15 is zero. */
static uint16_t valid(uint16_t word)
{
	return (word & 0xc000) == 0x4000 ? word : 0;
}

static uint64_t words_number(const uint16_t *words, unsigned int first, unsigned int nr)
{
	uint64_t value = 0;

	while (nr--)
		value = value << 16 | words[first + nr];
	return value;
}

static int sizes_parse(const uint16_t *w, struct ata_identity *id)
{
	uint16_t w106 = valid(w[106]);
	uint32_t bytes = 512;
	uint64_t most = id->lba48 ? ATA_SECTORS_48_MAX : ATA_SECTORS_28_MAX;

	if (w106 & BIT(12)) {
		uint64_t words = words_number(w, 117, 2);

		if (words < 256 || words > 2048 || words & (words - 1))
			return -EINVAL;
		bytes = (uint32_t)words * 2;
	}
	id->logical_bytes = bytes;
	id->physical_bytes = w106 & BIT(13) && (w106 & 0xf) <= 8 ? bytes << (w106 & 0xf) : bytes;
	id->sectors = id->lba48 ? words_number(w, 100, 4) : words_number(w, 60, 2);
	return !id->sectors || id->sectors > most ? -EINVAL : 0;
}

/* Most drives want a power of two in SET MULTIPLE MODE. */
static uint8_t multiple_parse(uint16_t word)
{
	uint8_t most = (uint8_t)word;

	if (most > MULTIPLE_MAX)
		most = MULTIPLE_MAX;
	return most & (most - 1) ? 0 : most;
}

static void features_parse(const uint16_t *w, struct ata_identity *id)
{
	uint16_t w83 = valid(w[83]);

	id->dma = w[49] & BIT(8);
	id->multiple = multiple_parse(w[47]);
	id->lba48 = w83 & BIT(10);
	id->flush = w83 & BIT(12);
	id->flush_ext = w83 & BIT(13) && id->lba48;
	id->write_cache = w[82] != 0xffff && w[82] & BIT(5) && w[85] & BIT(5);
	id->fua = id->lba48 && valid(w[84]) & BIT(6);
	id->trim = id->lba48 && w[169] & BIT(0);
	id->smart = w[82] != 0xffff && w[82] & BIT(0) && w[85] & BIT(0);
	id->rotational = w[217] > 0x400 && w[217] < 0xffff;
	if (w[76] != 0xffff && w[76] & BIT(8) && id->lba48)
		id->queue_depth = (w[75] & 0x1f) + 1u;
}

static int packet_parse(const uint16_t *w, struct ata_identity *id)
{
	if ((w[0] & 0xc000) != 0x8000 || (w[0] & 3) > 1)
		return -EINVAL;
	id->packet = true;
	id->packet_bytes = w[0] & 3 ? 16 : 12;
	id->packet_kind = w[0] >> 8 & 0x1f;
	id->packet_dmadir = w[62] != 0xffff && w[62] & BIT(15);
	id->dma = w[49] & BIT(8) || id->packet_dmadir;
	id->logical_bytes = id->physical_bytes = PACKET_BLOCK_BYTES;
	return 0;
}

int ata_identify_parse(const uint16_t *words, bool packet, struct ata_identity *id)
{
	memset(id, 0, sizeof(*id));
	if (!checksum_ok(words))
		return -EINVAL;
	string_take(words + 10, ATA_SERIAL_CHARS, id->serial);
	string_take(words + 23, ATA_FIRMWARE_CHARS, id->firmware);
	string_take(words + 27, ATA_MODEL_CHARS, id->model);
	if (packet)
		return packet_parse(words, id);
	if (words[0] & 0x8000 || !(words[49] & BIT(9)))
		return -EINVAL;	/* no ATA device, or one without LBA */
	features_parse(words, id);
	return sizes_parse(words, id);
}

bool ata_identity_same(const struct ata_identity *a, const struct ata_identity *b)
{
	return a->packet == b->packet && a->sectors == b->sectors && a->logical_bytes == b->logical_bytes &&
	       !strcmp(a->serial, b->serial) && !strcmp(a->model, b->model);
}
