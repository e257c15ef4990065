/* SPDX-License-Identifier: GPL-2.0 */
/* What ATA and ATAPI devices say of themselves (ATA8-ACS sections 7.16 and 7.17), whichever controller they hang on. */
#ifndef DRIVERS_ATA_IDENTIFY_H
#define DRIVERS_ATA_IDENTIFY_H

#include <driver/types.h>

#define ATA_IDENTIFY_WORDS	256
#define ATA_IDENTIFY_BYTES	512
#define ATA_SERIAL_CHARS	20
#define ATA_FIRMWARE_CHARS	8
#define ATA_MODEL_CHARS		40
#define ATA_KIND_CD		5

struct ata_identity {
	uint64_t sectors;		/* logical ones; 0 for a packet device */
	uint32_t logical_bytes;		/* of a sector: 512 to 4096; 2048 for a packet device */
	uint32_t physical_bytes;
	uint32_t queue_depth;		/* native command queuing; 0: none */
	bool packet;			/* ATAPI */
	bool packet_dmadir;		/* wants to be told the direction */
	bool dma, lba48, flush, flush_ext, write_cache, fua, trim, rotational, smart;
	uint8_t packet_bytes;		/* 12 or 16 */
	uint8_t packet_kind;		/* peripheral device type of SCSI; ATA_KIND_CD */
	uint8_t multiple;		/* most sectors for each interrupt of PIO: a power of two, or 0 */
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
