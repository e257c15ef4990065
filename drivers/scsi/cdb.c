// SPDX-License-Identifier: GPL-2.0
/* Command blocks (SPC-4 section 6, SBC-3 section 5). Numbers in them are big-endian. */
#include <lib/string.h>
#include "scsi.h"

#define TEST_UNIT_READY		0x00
#define INQUIRY			0x12
#define MODE_SENSE_6		0x1a
#define READ_CAPACITY_10	0x25
#define READ_10			0x28
#define WRITE_10		0x2a
#define SYNCHRONIZE_CACHE_10	0x35
#define UNMAP			0x42
#define LOG_SENSE		0x4d
#define READ_16			0x88
#define WRITE_16		0x8a
#define WRITE_SAME_16		0x93
#define SERVICE_ACTION_IN_16	0x9e
#define ACTION_CAPACITY_16	0x10
#define REPORT_LUNS		0xa0

#define FLAG_FUA		0x08
#define FLAG_UNMAP		0x08	/* of WRITE SAME */
#define FLAG_NO_BLOCKS		0x08	/* of MODE SENSE: no block descriptors */
#define LOG_CUMULATIVE		0x40
#define LBA_10_MAX		0xffffffffull
#define COUNT_10_MAX		0xffffu

static void cdb_begin(struct scsi_cdb *cdb, uint8_t opcode, uint8_t length)
{
	memset(cdb, 0, sizeof(*cdb));
	cdb->bytes[0] = opcode;
	cdb->length = length;
}

void scsi_cdb_inquiry(struct scsi_cdb *cdb, int page, uint16_t length)
{
	cdb_begin(cdb, INQUIRY, 6);
	if (page >= 0) {
		cdb->bytes[1] = 1;
		cdb->bytes[2] = (uint8_t)page;
	}
	scsi_put(cdb->bytes + 3, 2, length);
}

void scsi_cdb_report_luns(struct scsi_cdb *cdb, uint32_t length)
{
	cdb_begin(cdb, REPORT_LUNS, 12);
	scsi_put(cdb->bytes + 6, 4, length);
}

void scsi_cdb_test_unit_ready(struct scsi_cdb *cdb)
{
	cdb_begin(cdb, TEST_UNIT_READY, 6);
}

void scsi_cdb_capacity10(struct scsi_cdb *cdb)
{
	cdb_begin(cdb, READ_CAPACITY_10, 10);
}

void scsi_cdb_capacity16(struct scsi_cdb *cdb, uint32_t length)
{
	cdb_begin(cdb, SERVICE_ACTION_IN_16, 16);
	cdb->bytes[1] = ACTION_CAPACITY_16;
	scsi_put(cdb->bytes + 10, 4, length);
}

void scsi_cdb_mode_sense(struct scsi_cdb *cdb, uint8_t page, uint8_t length)
{
	cdb_begin(cdb, MODE_SENSE_6, 6);
	cdb->bytes[1] = FLAG_NO_BLOCKS;
	cdb->bytes[2] = page;
	cdb->bytes[4] = length;
}

void scsi_cdb_log_sense(struct scsi_cdb *cdb, uint8_t page, uint16_t length)
{
	cdb_begin(cdb, LOG_SENSE, 10);
	cdb->bytes[2] = LOG_CUMULATIVE | page;
	scsi_put(cdb->bytes + 7, 2, length);
}

void scsi_cdb_rw(struct scsi_cdb *cdb, bool write, bool fua, uint64_t lba, uint32_t nr_blocks)
{
	if (lba + nr_blocks <= LBA_10_MAX && nr_blocks <= COUNT_10_MAX) {
		cdb_begin(cdb, write ? WRITE_10 : READ_10, 10);
		scsi_put(cdb->bytes + 2, 4, lba);
		scsi_put(cdb->bytes + 7, 2, nr_blocks);
	} else {
		cdb_begin(cdb, write ? WRITE_16 : READ_16, 16);
		scsi_put(cdb->bytes + 2, 8, lba);
		scsi_put(cdb->bytes + 10, 4, nr_blocks);
	}
	cdb->bytes[1] = fua ? FLAG_FUA : 0;
}

void scsi_cdb_flush(struct scsi_cdb *cdb)
{
	cdb_begin(cdb, SYNCHRONIZE_CACHE_10, 10);
}

void scsi_cdb_unmap(struct scsi_cdb *cdb, uint8_t *list, uint64_t lba, uint32_t nr_blocks)
{
	cdb_begin(cdb, UNMAP, 10);
	scsi_put(cdb->bytes + 7, 2, SCSI_PARAMETER_BYTES);
	memset(list, 0, SCSI_PARAMETER_BYTES);
	scsi_put(list, 2, SCSI_PARAMETER_BYTES - 2);
	scsi_put(list + 2, 2, SCSI_PARAMETER_BYTES - 8);
	scsi_put(list + 8, 8, lba);
	scsi_put(list + 16, 4, nr_blocks);
}

void scsi_cdb_write_same(struct scsi_cdb *cdb, bool unmap, uint64_t lba, uint32_t nr_blocks)
{
	cdb_begin(cdb, WRITE_SAME_16, 16);
	cdb->bytes[1] = unmap ? FLAG_UNMAP : 0;
	scsi_put(cdb->bytes + 2, 8, lba);
	scsi_put(cdb->bytes + 10, 4, nr_blocks);
}
