/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The SCSI library for drivers in any world: command blocks, answers and sense data (SPC-4, SBC-3), and what a logical unit says of itself
 * as limits of a disk. How a command reaches its unit is the driver's (virtio-scsi; later USB storage). Whatever a unit says is checked here.
 */
#ifndef DRIVERS_SCSI_H
#define DRIVERS_SCSI_H

#include <driver/class/block.h>

#define SCSI_CDB_MAX		16
#define SCSI_SENSE_MAX		96
#define SCSI_ANSWER_MAX		1024	/* of a command of the probe */
#define SCSI_LUNS_MAX		64	/* of one target */
#define SCSI_PARAMETER_BYTES	24	/* list of UNMAP with one range */

#define SCSI_TYPE_DISK		0x00
#define SCSI_TYPE_CD		0x05

/* Status (SAM-5 section 5.3). */
#define SCSI_GOOD		0x00
#define SCSI_CHECK_CONDITION	0x02
#define SCSI_BUSY		0x08
#define SCSI_CONFLICT		0x18
#define SCSI_TASK_SET_FULL	0x28
#define SCSI_TASK_ABORTED	0x40

struct scsi_cdb {
	uint8_t bytes[SCSI_CDB_MAX];
	uint8_t length;
};

struct scsi_sense {
	uint8_t key, asc, ascq;	/* SPC-4 section 4.5; key 0 when there is no sense */
	bool deferred;		/* of an earlier command */
};

/* What to do about a status: it is good, has failed for good with an errno, is worth another try at once, or after a pause. */
enum scsi_verdict { SCSI_DONE, SCSI_FAILED, SCSI_AGAIN, SCSI_LATER };

/* A unit as it said it is. */
struct scsi_disk {
	uint8_t type;
	bool read_only, has_cache, has_fua, can_unmap, can_zero, rotational;
	uint64_t nr_blocks;
	uint32_t block_size, physical_block_size;
	uint32_t max_blocks;		/* of a read or write; 0: not said */
	uint32_t max_unmap_blocks, max_zero_blocks;
	char vendor[9], product[17], serial[33];
};

/* A command that asks: the driver carries it out. */
struct scsi_command {
	struct scsi_cdb cdb;
	uint8_t answer[SCSI_ANSWER_MAX];
	uint32_t wanted;		/* bytes of answer */
	uint32_t got;			/* set by the driver; the rest of answer is 0 */
	uint8_t status;
	struct scsi_sense sense;
};

/* What is asked of a target or a unit, and what it said so far. */
struct scsi_ask {
	struct scsi_command cmd;	/* to be carried out next */
	bool pause;			/* not at once: the unit is busy */
	struct scsi_disk disk;		/* of a unit */
	uint16_t luns[SCSI_LUNS_MAX];	/* of a target: the numbers of its units */
	unsigned int nr_luns;
	/* Private to disk.c. */
	uint8_t step, tries;
};

/* cdb.c. Command blocks. scsi_cdb_rw: the short form where it is enough. */
void scsi_cdb_inquiry(struct scsi_cdb *cdb, int page, uint16_t length);	/* @page < 0: the standard answer */
void scsi_cdb_report_luns(struct scsi_cdb *cdb, uint32_t length);
void scsi_cdb_test_unit_ready(struct scsi_cdb *cdb);
void scsi_cdb_capacity10(struct scsi_cdb *cdb);
void scsi_cdb_capacity16(struct scsi_cdb *cdb, uint32_t length);
void scsi_cdb_mode_sense(struct scsi_cdb *cdb, uint8_t page, uint8_t length);
void scsi_cdb_rw(struct scsi_cdb *cdb, bool write, bool fua, uint64_t lba, uint32_t nr_blocks);
void scsi_cdb_flush(struct scsi_cdb *cdb);
/* And the list that goes with it into @list (SCSI_PARAMETER_BYTES). */
void scsi_cdb_unmap(struct scsi_cdb *cdb, uint8_t *list, uint64_t lba, uint32_t nr_blocks);
/* What a unit remembers of itself: a log page (SPC-4 section 7.3), cumulative values. */
void scsi_cdb_log_sense(struct scsi_cdb *cdb, uint8_t page, uint16_t length);
/* One block of zeroes goes with it. */
void scsi_cdb_write_same(struct scsi_cdb *cdb, bool unmap, uint64_t lba, uint32_t nr_blocks);

/* sense.c. Decode fixed and descriptor format; what a status means, and as which errno. */
struct scsi_sense scsi_sense_parse(const uint8_t *bytes, uint32_t length);
enum scsi_verdict scsi_judge(uint8_t status, const struct scsi_sense *sense, int *error);
const char *scsi_sense_name(uint8_t key);

/*
 * disk.c. Begin to ask a target for its units (@luns), or a unit for all about itself. The driver carries ask->cmd out, and then tells
 * that it has a status (0), or why there is none. 1: go on with the next ask->cmd; 0: ask has it all; -ENODEV: nothing there, or no medium;
 * -EOPNOTSUPP: nothing that is a disk; -ENXIO: it makes no sense; another errno: there is no way to know. Any context.
 */
void scsi_ask_begin(struct scsi_ask *ask, bool luns);
int __must_check scsi_ask_answer(struct scsi_ask *ask, int err);
/* The limits that follow from the unit; what follows from the way to it is the driver's. */
void scsi_disk_limits(const struct scsi_disk *disk, struct block_limits *l);
/* The command block of @rq and, for UNMAP, its list. -EOPNOTSUPP, -EROFS, -EINVAL. Any context. */
int scsi_request_cdb(const struct scsi_disk *disk, const struct block_request *rq, struct scsi_cdb *cdb, uint8_t *list);

static inline uint64_t scsi_get(const uint8_t *from, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *from++;
	return value;
}

static inline void scsi_put(uint8_t *to, unsigned int bytes, uint64_t value)
{
	while (bytes--) {
		to[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

#endif
