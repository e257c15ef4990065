// SPDX-License-Identifier: GPL-2.0
/* Packet drives (MMC-3): how large the disc is, and the packet that reads it. The disc that lies in the drive at probe is the one. */
#include "ata.h"

#define READ_CAPACITY		0x25
#define READ_12			0xa8
#define TRIES			10u
#define TRY_AGAIN_US		100000u
#define SENSE_NOT_READY		2u
#define DISC_BLOCK_BYTES	2048u
#define REQUEST_BYTES		65536u

static uint32_t be32_get(const uint8_t *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static void be32_put(uint8_t *to, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A drive that was reset says so once, and one that spins up says that for a while: neither is an answer. */
static int capacity_ask(struct ata_channel *ch, unsigned int drive, uint8_t *answer)
{
	static const uint8_t packet[ATA_PACKET_BYTES] = { READ_CAPACITY };
	uint16_t words[4];
	uint8_t sense = 0;
	int err = -EIO;

	for (unsigned int i = 0; i < TRIES && err; i++) {
		err = ata_packet_in(ch, drive, packet, words, sizeof(words), &sense);
		if (err == -ETIMEDOUT || (err && sense != ATA_SENSE_ATTENTION && sense != SENSE_NOT_READY))
			return err;
		if (err && sense == SENSE_NOT_READY)
			time_wait_us(ch->ata->dev, TRY_AGAIN_US);
	}
	memcpy(answer, words, sizeof(words));
	return err;
}

int ata_packet_capacity(struct ata_channel *ch, unsigned int drive)
{
	struct block_limits *l = &ch->drives[drive].limits;
	uint8_t answer[8];
	int err = capacity_ask(ch, drive, answer);

	if (err)
		return err;
	if (be32_get(answer + 4) != DISC_BLOCK_BYTES)
		return -ENXIO;
	l->block_size = DISC_BLOCK_BYTES;
	l->nr_blocks = (uint64_t)be32_get(answer) + 1;
	l->max_request_blocks = REQUEST_BYTES / DISC_BLOCK_BYTES;
	return 0;
}

void ata_packet_read(uint8_t *packet, uint64_t lba, uint32_t nr_blocks)
{
	memset(packet, 0, ATA_PACKET_BYTES);
	packet[0] = READ_12;
	be32_put(packet + 2, (uint32_t)lba);
	be32_put(packet + 6, nr_blocks);
}
