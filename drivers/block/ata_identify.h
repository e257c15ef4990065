/* SPDX-License-Identifier: GPL-2.0 */
/* What ATA and ATAPI devices say of themselves (ATA8-ACS sections 7.16 and 7.17), and the commands that every way to them uses. */
#ifndef DRIVERS_BLOCK_ATA_IDENTIFY_H
#define DRIVERS_BLOCK_ATA_IDENTIFY_H

#include <driver/types.h>

#define ATA_IDENTIFY_WORDS	256
#define ATA_IDENTIFY_BYTES	512
#define ATA_SERIAL_CHARS	20
#define ATA_FIRMWARE_CHARS	8
#define ATA_MODEL_CHARS		40
#define ATA_RANGES		64	/* of one 512-byte block of DATA SET MANAGEMENT */
#define ATA_RANGE_SECTORS	65535u

/* Status (section 6.2). */
#define ATA_STATUS_ERR		0x01u
#define ATA_STATUS_DRQ		0x08u
#define ATA_STATUS_DF		0x20u
#define ATA_STATUS_BSY		0x80u

/* Commands (section 7). */
#define ATA_DATA_SET_MANAGEMENT	0x06
#define ATA_READ_DMA_EXT	0x25
#define ATA_WRITE_DMA_EXT	0x35
#define ATA_WRITE_DMA_FUA_EXT	0x3d
#define ATA_READ_FPDMA		0x60
#define ATA_WRITE_FPDMA		0x61
#define ATA_PACKET		0xa0
#define ATA_IDENTIFY_PACKET	0xa1
#define ATA_READ_DMA		0xc8
#define ATA_WRITE_DMA		0xca
#define ATA_FLUSH		0xe7
#define ATA_FLUSH_EXT		0xea
#define ATA_IDENTIFY		0xec

struct ata_identity {
	uint64_t sectors;		/* logical ones; 0 for a packet device */
	uint32_t logical_bytes;		/* of a sector: 512 to 4096; 2048 for a packet device */
	uint32_t physical_bytes;
	uint32_t queue_depth;		/* native command queuing; 0: none */
	bool packet;			/* ATAPI */
	bool packet_dmadir;		/* wants to be told the direction */
	bool dma, lba48, flush, flush_ext, write_cache, fua, trim, rotational;
	uint8_t packet_bytes;		/* 12 or 16 */
	char serial[ATA_SERIAL_CHARS + 1];
	char firmware[ATA_FIRMWARE_CHARS + 1];
	char model[ATA_MODEL_CHARS + 1];
};

/*
 * Read @words (IDENTIFY DEVICE's answer, or with @packet IDENTIFY PACKET DEVICE's) into @id. -EINVAL when they make no sense: checksum,
 * kind of device, addressing, sizes. Strings come out printable. Any context.
 */
int __must_check ata_identify_parse(const uint16_t *words, bool packet, struct ata_identity *id);

/* The same disk as before, as far as one can tell. */
bool ata_identity_same(const struct ata_identity *a, const struct ata_identity *b);

#endif
