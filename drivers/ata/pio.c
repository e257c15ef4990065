// SPDX-License-Identifier: GPL-2.0
/* Data through the data port, one block of it for each time the drive asks (DRQ): sectors of a disk, any even length of a packet drive. */
#include "ata.h"

#define CHUNK_WORDS	256u

/* @bytes (even, within the request) from the drive into the request. */
static int block_in(struct ata_channel *ch, uint32_t bytes)
{
	uint16_t words[CHUNK_WORDS];
	int err = 0;

	while (bytes && !err) {
		uint32_t chunk = bytes < sizeof(words) ? bytes : (uint32_t)sizeof(words);

		ata_data_in(ch, words, chunk / 2);
		err = block_data_put(ch->ata->dev, &ch->rq, ch->moved, words, chunk);
		ch->moved += chunk;
		bytes -= chunk;
	}
	return err ? -EIO : 0;
}

static int block_out(struct ata_channel *ch, uint32_t bytes)
{
	uint16_t words[CHUNK_WORDS];
	int err = 0;

	while (bytes && !err) {
		uint32_t chunk = bytes < sizeof(words) ? bytes : (uint32_t)sizeof(words);

		err = block_data_get(ch->ata->dev, &ch->rq, ch->moved, words, chunk);
		if (!err)
			ata_data_out(ch, words, chunk / 2);
		ch->moved += chunk;
		bytes -= chunk;
	}
	return err ? -EIO : 0;
}

static uint32_t drq_block(struct ata_channel *ch)
{
	const struct ata_drive *drive = ata_request_drive(ch);
	uint32_t bytes = (drive->multiple ? drive->multiple : 1) * drive->limits.block_size, left = ch->bytes - ch->moved;

	return left < bytes ? left : bytes;
}

/* The last block of a read is the end: no interrupt follows it. */
int ata_pio_in(struct ata_channel *ch)
{
	int err = block_in(ch, drq_block(ch));

	return err ? err : ch->moved < ch->bytes;
}

/* The last block of a write is not: the drive interrupts when it has it all. */
int ata_pio_out(struct ata_channel *ch)
{
	if (ch->moved >= ch->bytes)
		return -EIO;
	return block_out(ch, drq_block(ch)) ? -EIO : 1;
}

/* The drive says how much it has; the end comes with an interrupt without data. */
int ata_pio_packet_in(struct ata_channel *ch)
{
	uint8_t reason = port_in8(&ch->command, ATA_COUNT) & (ATA_REASON_COMMAND | ATA_REASON_IN);
	uint32_t bytes = port_in8(&ch->command, ATA_LBA_MID) | (uint32_t)port_in8(&ch->command, ATA_LBA_HIGH) << 8;

	if (reason != ATA_REASON_IN || !bytes || bytes & 1 || bytes > ch->bytes - ch->moved)
		return -EIO;
	return block_in(ch, bytes) ? -EIO : 1;
}
