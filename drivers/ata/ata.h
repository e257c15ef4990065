/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parallel ATA, shared by ata_piix (bus-master DMA) and ata_pio. A controller has one or two channels, a channel one or two drives, and only
 * one command at a time runs on a channel: so a channel is a queue of depth one. Registers and commands: ATA8-ACS and ATA8-APT; bus
 * master: SFF-8038i revision 1.0; packet drives: MMC-3. Everything the drive says is checked before it is used.
 */
#ifndef DRIVERS_ATA_H
#define DRIVERS_ATA_H

#include <driver/class/block.h>
#include <driver/dma.h>
#include <driver/driver.h>
#include <driver/log.h>
#include <driver/mem.h>
#include <driver/port.h>
#include <driver/time.h>
#include "acs.h"
#include "identify.h"

#define ATA_CHANNELS		2u
#define ATA_DRIVES		2u
#define ATA_SECTOR_BYTES	512u
#define ATA_INFO_BYTES		512u	/* of IDENTIFY and of SMART READ DATA */

/* Command block (ATA8-APT section 5.2), as offsets; some mean one thing read and another written. */
#define ATA_DATA		0
#define ATA_ERROR		1
#define ATA_FEATURE		1
#define ATA_COUNT		2	/* of a packet drive, read: the interrupt reason */
#define ATA_LBA_LOW		3
#define ATA_LBA_MID		4
#define ATA_LBA_HIGH		5
#define ATA_DEVICE		6
#define ATA_STATUS		7	/* reading it quiets the interrupt */
#define ATA_COMMAND		7

#define ATA_ERR_ABRT		0x04u
#define ATA_ERR_ICRC		0x80u

#define ATA_DEVICE_OBSOLETE	0xa0u	/* two bits that were once always one */
#define ATA_DEVICE_LBA		0x40u
#define ATA_DEVICE_SECOND	0x10u

#define ATA_REASON_COMMAND	0x01u	/* the packet is wanted, not data */
#define ATA_REASON_IN		0x02u	/* towards the host */

/* Control (write) and alternate status (read) at the control port. */
#define ATA_CONTROL_NO_IRQ	0x02u
#define ATA_CONTROL_RESET	0x04u

#define ATA_LBA28_COUNT		256u
#define ATA_PACKET_BYTES	12u
#define ATA_SENSE_ATTENTION	6u

/* How long things may take. */
#define ATA_RESET_US		10000000u	/* drives that spin up; the standard allows 31 s */
#define ATA_COMMAND_US		5000000u	/* a command of the probe */
#define ATA_READY_US		3000000u	/* a drive between two commands, and before its first data */
#define ATA_REQUEST_MS		10000u
#define ATA_POLL_MIN_US		1000u
#define ATA_POLL_MAX_US		50000u
#define ATA_SPINS		64u		/* looks at the status before a timer is worth it */
#define ATA_RETRIES		3u
#define ATA_LOST_MAX		8u		/* interrupts of one request that only its timeout noticed */
#define ATA_RESETS_MAX		8u		/* in a row, without one good completion */

enum ata_state {
	ATA_IDLE,
	ATA_SELECT,	/* wait until the channel is free, then choose the drive */
	ATA_READY,	/* wait until that drive is free, then command it */
	ATA_PACKET,	/* wait until it asks for the packet */
	ATA_FIRST_OUT,	/* wait until it asks for the first data; only later data come with interrupts */
	ATA_DMA,	/* from here on: an interrupt tells */
	ATA_PIO_IN,
	ATA_PIO_OUT,
	ATA_NO_DATA,
	ATA_RESETTING,	/* reset is on */
	ATA_SETTLING,	/* reset is off; wait until the drives are back */
	ATA_DEAD,	/* resets did not help */
};

struct ata_taskfile {
	uint8_t command, feature;
	uint8_t device;		/* without the drive's own bits */
	uint16_t count;
	uint64_t lba;
	bool ext;		/* 48-bit: each register twice */
};

struct ata_drive {
	bool present;
	struct ata_identity id;
	uint32_t multiple;	/* sectors for each data interrupt; 1 after a reset */
	struct block_limits limits;
};

struct ata_channel {
	struct ata *ata;
	unsigned int number, queue;	/* the queue is also its strand */
	bool usable;
	struct port command, control;
	struct port master;		/* length 0: no bus master */
	struct dma_buf prd;		/* the table of pieces */
	struct ata_drive drives[ATA_DRIVES];

	/* The request in flight. */
	enum ata_state state;
	struct block_request rq;
	uint32_t bytes, moved;		/* PIO: of all, so far */
	unsigned int retries, resets, lost;
	uint64_t waits_since_us, deadline_us;	/* of a wait by timer */
	int reset_status;		/* what the request ends with after the reset; 0: begin it again */
};

struct ata {
	struct device *dev;
	bool dma;			/* which of the two drivers */
	unsigned int nr_queues, nr_vectors;
	struct ata_channel channels[ATA_CHANNELS];
};

/* PCI functions of class 01.01 (IDE): whether bit 7 of the programming interface, the bus master, is @master. */
#define ATA_MATCH_IDE(master)	{ .bus = FERRY_BUS_PCI, .vendor = FERRY_MATCH_ANY, .device = FERRY_MATCH_ANY, \
				  .subvendor = FERRY_MATCH_ANY, .subdevice = FERRY_MATCH_ANY, \
				  .class_code = 0x010100 | (master), .class_mask = 0xffff80 }

/* attach.c. Find channels and drives, announce them; undo it. probe and remove only. */
int ata_probe(struct device *dev, bool dma);
void ata_remove(struct device *dev);

/* channel.c. Registers; the alternate status leaves the interrupt alone. Strand of the channel. */
uint8_t ata_alt_status(const struct ata_channel *ch);
void ata_control(const struct ata_channel *ch, uint8_t value);
/* Write the device register and give the drive its 400 ns to answer (ATA8-APT section 5.3). */
void ata_select(const struct ata_channel *ch, unsigned int drive, uint8_t device);
/* Write all but the device register, the command last, and wait 400 ns. */
void ata_taskfile_write(const struct ata_channel *ch, const struct ata_taskfile *tf);
/* Look a few times until BSY and all of @clear are off; the last status. */
uint8_t ata_spin(const struct ata_channel *ch, uint8_t clear);
void ata_data_in(const struct ata_channel *ch, uint16_t *words, unsigned int nr);
void ata_data_out(const struct ata_channel *ch, const uint16_t *words, unsigned int nr);

/* command.c. Polled, interrupts off. probe only. Errors: -ETIMEDOUT, -EIO (said no), -ENODEV (nobody there). */
int ata_reset_polled(struct ata_channel *ch);
int ata_command_in(struct ata_channel *ch, unsigned int drive, const struct ata_taskfile *tf, uint16_t *words, unsigned int nr);
int ata_command_none(struct ata_channel *ch, unsigned int drive, const struct ata_taskfile *tf);
/* A packet that reads @bytes (even); short answers are errors. @sense is the key of a refusal. */
int ata_packet_in(struct ata_channel *ch, unsigned int drive, const uint8_t *packet, void *to, uint32_t bytes, uint8_t *sense);

/* drive.c. Ask a disk or a packet drive who it is and set its limits; the errors of command.c, and of what cannot be used. probe only. */
int ata_drive_disk(struct ata_channel *ch, unsigned int number);
int ata_drive_packet(struct ata_channel *ch, unsigned int number);

/* packet.c. The size of what lies in the drive; the packet of a request. */
int ata_packet_capacity(struct ata_channel *ch, unsigned int drive);
void ata_packet_read(uint8_t *packet, uint64_t lba, uint32_t nr_blocks);

/* master.c. Table and direction; start; stop, with what the bus master thought: 0 or -EIO. */
int ata_master_prepare(struct ata_channel *ch);
void ata_master_start(const struct ata_channel *ch);
int ata_master_stop(const struct ata_channel *ch);
bool ata_master_interrupted(const struct ata_channel *ch);
void ata_master_quiet(const struct ata_channel *ch);

/* pio.c. Move what the drive asks for now: 1: more to come, 0: all is moved, -EIO: it broke the protocol. */
int ata_pio_in(struct ata_channel *ch);
int ata_pio_out(struct ata_channel *ch);
int ata_pio_packet_in(struct ata_channel *ch);

/* request.c. Wait by timer for at most @us from now; look again after an eighth of the time waited so far, false: it is over. */
void ata_wait_begin(struct ata_channel *ch, uint32_t us);
bool ata_wait_more(struct ata_channel *ch);

/* recover.c. Reset by timer, then end the request with @status or (0) begin it again. */
void ata_reset_begin(struct ata_channel *ch, int status);
void ata_reset_step(struct ata_channel *ch);

/* request.c */
extern const struct block_ops ata_block_ops;
struct ata_drive *ata_request_drive(struct ata_channel *ch);
void ata_request_begin(struct ata_channel *ch);
void ata_request_end(struct ata_channel *ch, int status);
enum irq_result ata_irq(struct device *dev, unsigned int vector);
void ata_timer(struct device *dev, unsigned int strand);

#endif
