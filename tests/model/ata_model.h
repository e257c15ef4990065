/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An IDE controller in software, written from the device's side and sharing no code with the driver: two channels at the AT's ports or at
 * BARs, two drives on each, disks and CDs, PIO and bus-master DMA (ATA8-ACS, SFF-8038i). It can also lie.
 */
#ifndef TESTS_MODEL_ATA_MODEL_H
#define TESTS_MODEL_ATA_MODEL_H

#include <host/host.h>

#define ATA_MODEL_BLOCKS	4096u	/* of 512 bytes; a CD has a quarter of 2048 */

enum ata_model_kind { ATA_MODEL_NONE, ATA_MODEL_DISK, ATA_MODEL_CD };

/* Counters go down at each use. */
struct ata_lies {
	bool vanish;			/* all reads are ones */
	bool stays_busy;		/* takes commands, never ends them */
	bool deaf;			/* busy for ever, resets included */
	bool no_interrupts;
	bool never_asks;		/* no DRQ: for packets and first data */
	bool stays_active;		/* the bus master says that it has more to move */
	unsigned int errors;		/* so many commands fail with error_value */
	uint8_t error_value;
	bool error_keeps_drq;
	unsigned int unidentified;	/* so many times a disk refuses to say who it is */
	unsigned int early;		/* so many DMA commands interrupt before their data has moved */
	uint16_t byte_count;		/* of a packet's data, instead of the true one */
};

struct ata_model_setup {
	enum ata_model_kind drives[4];
	bool isa;			/* one channel, no bus master */
	bool native;			/* at BARs, on a shared level line */
	bool awaited;			/* as if an earlier driver had died */
	uint32_t sectors;		/* of 512 bytes; 0: ATA_MODEL_BLOCKS */
	size_t memory_limit;
	const struct host_model_ops *ops;
};

struct ata_model_drive {
	enum ata_model_kind kind;
	uint16_t identify[256];		/* tests may change it before the probe */
	uint8_t *data;
	uint32_t block_bytes, nr_blocks, multiple;
	bool attention;			/* a CD that was reset */
};

struct ata_model_channel {
	struct ata_model *am;
	unsigned int number;
	struct ata_model_drive drives[2];
	uint8_t feature, count[2], lba[3][2], device, status, error, control;	/* [1]: as written before */
	uint8_t master_command, master_status;
	uint32_t master_table;
	bool line, pending, packet_wanted, wait_master;
	uint8_t command;
	uint8_t *at;			/* data that moves through the data port */
	uint32_t left, block_left, total;
	bool out;
	uint8_t buffer[512];
};

struct ata_model {
	struct device *dev;
	struct ata_model_setup setup;
	struct ata_lies lies;
	struct ata_model_channel channels[2];
	unsigned int resets, flushes, commands, ext_commands, spurious;
	uint8_t last_command;
};

struct ata_model *ata_model_create(const struct ata_model_setup *setup);
/* Destroys the device too (host_close); returns its number of problems. */
unsigned int ata_model_destroy(struct ata_model *am);
void ata_model_free(struct ata_model *am);
/* An edge on @channel although there is nothing to say. */
void ata_model_spurious(struct ata_model *am, unsigned int channel);
extern const struct host_model_ops ata_model_ops;

#endif
