// SPDX-License-Identifier: GPL-2.0
/* What a drive says of itself (ATA8-ACS sections 7.16 and 7.17), checked word by word before it becomes a limit. */
#include "ata.h"

#define W_CONFIG	0
#define W_SERIAL	10
#define W_MODEL		27
#define W_MULTIPLE	47
#define W_CAPABILITIES	49
#define W_SECTORS28	60
#define W_SETS_HAS	83
#define W_CACHE_ON	85
#define W_SECTORS48	100
#define W_SECTOR_SIZE	106
#define W_LOGICAL_WORDS	117
#define W_ROTATION	217

#define CAP_DMA		BIT(8)
#define CAP_LBA		BIT(9)
#define SET_LBA48	BIT(10)
#define SET_FLUSH	BIT(12)
#define SET_FLUSH_EXT	BIT(13)
#define CACHE_ENABLED	BIT(5)
#define SIZE_MANY	BIT(13)		/* logical sectors in a physical one */
#define SIZE_LONG	BIT(12)		/* logical sectors of more than 256 words */
#define NOT_ROTATING	1

#define SERIAL_BYTES	20u
#define MODEL_BYTES	40u
#define MULTIPLE_MAX	16u

/* Words 83, 84, 87 and 106 are valid when their two top bits are 01. */
static bool word_valid(uint16_t word)
{
	return (word & 0xc000) == 0x4000;
}

/* Text lies in words with its bytes swapped, padded with spaces. */
static void text_take(char *to, const uint16_t *words, uint32_t bytes)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < bytes; i++) {
		uint8_t c = (uint8_t)(words[i / 2] >> (i & 1 ? 0 : 8));

		to[i] = c > ' ' && c < 0x7f ? (char)c : c == ' ' || !c ? ' ' : '_';
		if (to[i] != ' ')
			end = i + 1;
	}
	to[end] = 0;
}

static void serial_take(struct ata_drive *drive, const uint16_t *words)
{
	char *serial = drive->limits.serial;

	text_take(serial, words + W_SERIAL, SERIAL_BYTES);
	while (serial[0] == ' ')
		memmove(serial, serial + 1, strlen(serial));
	for (; *serial; serial++)
		*serial = *serial == ' ' ? '_' : *serial;
	text_take(drive->model, words + W_MODEL, MODEL_BYTES);
}

static int sector_size(struct ata_drive *drive, const uint16_t *words)
{
	struct block_limits *l = &drive->limits;
	uint16_t size = word_valid(words[W_SECTOR_SIZE]) ? words[W_SECTOR_SIZE] : 0;
	uint32_t in_words = words[W_LOGICAL_WORDS] | (uint32_t)words[W_LOGICAL_WORDS + 1] << 16;

	l->block_size = ATA_SECTOR_BYTES;
	if (size & SIZE_LONG && in_words > 256 && in_words <= 2048)
		l->block_size = in_words * 2;
	else if (size & SIZE_LONG)
		return -ENXIO;
	if (l->block_size & (l->block_size - 1))
		return -ENXIO;
	l->physical_block_size = size & SIZE_MANY ? l->block_size << ((size & 15) > 8 ? 0 : size & 15) : l->block_size;
	return 0;
}

static int capacity(struct ata_drive *drive, const uint16_t *words)
{
	uint64_t sectors = words[W_SECTORS28] | (uint64_t)words[W_SECTORS28 + 1] << 16, sectors48 = 0;

	for (unsigned int i = 0; i < 4; i++)
		sectors48 |= (uint64_t)words[W_SECTORS48 + i] << (16 * i);
	if (sectors > ATA_LBA28_MAX)
		sectors = ATA_LBA28_MAX;
	if (drive->lba48 && sectors48)
		sectors = sectors48;
	drive->limits.nr_blocks = sectors;
	return sectors && sectors <= ATA_LBA48_MAX ? 0 : -ENXIO;
}

static void flushing(struct ata_drive *drive, const uint16_t *words)
{
	uint16_t sets = word_valid(words[W_SETS_HAS]) ? words[W_SETS_HAS] : 0;

	drive->flush = sets & SET_FLUSH;
	drive->flush_ext = drive->lba48 && sets & SET_FLUSH_EXT;
	if ((drive->flush || drive->flush_ext) && words[W_CACHE_ON] & CACHE_ENABLED)
		drive->limits.flags |= BLOCK_HAS_FLUSH;
}

/* Both kinds of drive share the channel's queue, so they share what the queue allows. */
static void queue_limits(const struct ata *ata, struct block_limits *l)
{
	l->queue_depth = 1;
	l->nr_queues = 1;
	l->max_segments = ata->dma ? BLOCK_SEGMENTS_MAX : 1;
	l->max_segment_bytes = ata->dma ? 65536 : 0;
	l->request_timeout_ms = ATA_REQUEST_MS;
}

#define PIO_BYTES	65536u
#define DMA_BLOCKS_48	2048u

static uint32_t request_blocks(const struct ata *ata, const struct ata_drive *drive)
{
	if (!ata->dma)
		return PIO_BYTES / drive->limits.block_size;
	return drive->lba48 ? DMA_BLOCKS_48 : ATA_LBA28_COUNT;
}

int ata_identify_disk(struct ata *ata, struct ata_drive *drive, const uint16_t *words)
{
	uint16_t sets = word_valid(words[W_SETS_HAS]) ? words[W_SETS_HAS] : 0;
	uint8_t multiple = (uint8_t)words[W_MULTIPLE];

	if (words[W_CONFIG] & BIT(15) || !(words[W_CAPABILITIES] & CAP_LBA))
		return -ENXIO;	/* no disk, or one of cylinders only */
	drive->lba48 = sets & SET_LBA48;
	drive->dma = words[W_CAPABILITIES] & CAP_DMA;
	drive->multiple = multiple > MULTIPLE_MAX ? MULTIPLE_MAX : multiple;
	if (drive->multiple & (drive->multiple - 1))
		drive->multiple = 0;	/* most drives want a power of two */
	if (sector_size(drive, words) || capacity(drive, words))
		return -ENXIO;
	queue_limits(ata, &drive->limits);
	drive->limits.max_request_blocks = request_blocks(ata, drive);
	flushing(drive, words);
	if (words[W_ROTATION] != NOT_ROTATING)
		drive->limits.flags |= BLOCK_ROTATIONAL;
	serial_take(drive, words);
	memcpy(drive->limits.prefix, "hd", 3);
	return 0;
}

#define PACKET_CONFIG_MASK	0xdf03u	/* protocol, kind, length of the packet */
#define PACKET_CONFIG_CD	0x8500u	/* packet drive, CD or DVD, packets of 12 bytes */

int ata_identify_packet(struct ata *ata, struct ata_drive *drive, const uint16_t *words)
{
	if ((words[W_CONFIG] & PACKET_CONFIG_MASK) != PACKET_CONFIG_CD)
		return -ENXIO;
	drive->packet = true;
	drive->dma = words[W_CAPABILITIES] & CAP_DMA;
	queue_limits(ata, &drive->limits);
	drive->limits.flags = BLOCK_RO | BLOCK_ROTATIONAL;
	serial_take(drive, words);
	memcpy(drive->limits.prefix, "sr", 3);
	return 0;
}
