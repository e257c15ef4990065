// SPDX-License-Identifier: GPL-2.0
/* A drive of a parallel channel: who it says it is becomes what the block core may ask of it. */
#include "ata.h"

#define PIO_BYTES	65536u
#define DMA_BLOCKS_48	2048u

/* The channel's two drives share its queue, so they share what the queue allows. */
static void limits_fill(const struct ata *ata, struct ata_drive *drive)
{
	const struct ata_identity *id = &drive->id;
	struct block_limits *l = &drive->limits;

	l->queue_depth = 1;
	l->nr_queues = 1;
	l->max_segments = ata->dma ? BLOCK_SEGMENTS_MAX : 1;
	l->max_segment_bytes = ata->dma ? 65536 : 0;
	l->flags = BLOCK_HAS_INFO | BLOCK_INFO_COPIED;
	l->request_timeout_ms = ATA_REQUEST_MS;
	l->nr_blocks = id->sectors;
	l->block_size = id->logical_bytes;
	l->physical_block_size = id->physical_bytes;
	memcpy(l->serial, id->serial, sizeof(id->serial));
}

static uint32_t request_blocks(const struct ata *ata, const struct ata_drive *drive)
{
	if (!ata->dma)
		return PIO_BYTES / drive->limits.block_size;
	return drive->id.lba48 ? DMA_BLOCKS_48 : ATA_LBA28_COUNT;
}

static void multiple_set(struct ata_channel *ch, unsigned int number)
{
	struct ata_drive *drive = &ch->drives[number];
	const struct ata_taskfile tf = { .command = ATA_CMD_SET_MULTIPLE, .count = drive->id.multiple };

	drive->multiple = drive->id.multiple;
	if (!ch->ata->dma && drive->multiple > 1 && !ata_command_none(ch, number, &tf))
		return;
	drive->multiple = 1;
}

static int identify(struct ata_channel *ch, unsigned int number, bool packet)
{
	const struct ata_taskfile tf = { .command = packet ? ATA_CMD_IDENTIFY_PACKET : ATA_CMD_IDENTIFY };
	struct ata_drive *drive = &ch->drives[number];
	uint16_t words[ATA_IDENTIFY_WORDS];
	int err = ata_command_in(ch, number, &tf, words, ATA_IDENTIFY_WORDS);

	if (!err)
		err = ata_identify_parse(words, packet, &drive->id);
	if (!err && ch->ata->dma && !drive->id.dma)
		err = -EOPNOTSUPP;
	if (!err)
		limits_fill(ch->ata, drive);
	return err;
}

int ata_drive_disk(struct ata_channel *ch, unsigned int number)
{
	struct ata_drive *drive = &ch->drives[number];
	int err = identify(ch, number, false);

	if (err)
		return err;
	drive->limits.max_request_blocks = request_blocks(ch->ata, drive);
	if ((drive->id.flush || drive->id.flush_ext) && drive->id.write_cache)
		drive->limits.flags |= BLOCK_HAS_FLUSH;
	if (drive->id.rotational)
		drive->limits.flags |= BLOCK_ROTATIONAL;
	memcpy(drive->limits.prefix, "hd", 3);
	multiple_set(ch, number);
	return 0;
}

int ata_drive_packet(struct ata_channel *ch, unsigned int number)
{
	struct ata_drive *drive = &ch->drives[number];
	int err = identify(ch, number, true);

	if (!err && (drive->id.packet_kind != ATA_KIND_CD || drive->id.packet_bytes != ATA_PACKET_BYTES))
		err = -ENXIO;
	if (err)
		return err;
	drive->limits.flags |= BLOCK_RO | BLOCK_ROTATIONAL;
	memcpy(drive->limits.prefix, "sr", 3);
	err = ata_packet_capacity(ch, number);
	if (err)
		dev_info(ch->ata->dev, "unit=%u no disc in \"%s\"", ch->number * ATA_DRIVES + number, drive->id.model);
	return err;
}
