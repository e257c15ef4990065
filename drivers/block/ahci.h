/* SPDX-License-Identifier: GPL-2.0 */
/*
 * AHCI (Serial ATA AHCI 1.3.1), private to its driver. ahci.c has the controller, ahci_port.c the life of a port, ahci_command.c
 * requests and commands. All ports run on strand 0, because the controller has one interrupt for all of them.
 */
#ifndef DRIVERS_BLOCK_AHCI_H
#define DRIVERS_BLOCK_AHCI_H

#include <driver/class/block.h>
#include <driver/log.h>
#include <driver/mmio.h>
#include "../ata/acs.h"
#include "../ata/identify.h"

#define AHCI_PORTS_MAX		32
#define AHCI_SLOTS_MAX		32
#define AHCI_SEGMENTS		56	/* a command table is 1 KiB */
#define AHCI_SEGMENT_BYTES	(1u << 22)	/* section 4.2.3.3 */
#define AHCI_DEPTH_MAX		128
#define AHCI_TAG_NONE		0xffffu

/* Port registers (section 3.3). */
#define PORT_CLB		0x00
#define PORT_CLBU		0x04
#define PORT_FB			0x08
#define PORT_FBU		0x0c
#define PORT_IS			0x10
#define PORT_IE			0x14
#define PORT_CMD		0x18
#define PORT_TFD		0x20
#define PORT_SIG		0x24
#define PORT_SSTS		0x28
#define PORT_SCTL		0x2c
#define PORT_SERR		0x30
#define PORT_SACT		0x34
#define PORT_CI			0x38
#define PORTS_OFFSET		0x100u
#define PORT_BYTES		0x80u

#define CMD_ST			BIT(0)
#define CMD_SUD			BIT(1)
#define CMD_POD			BIT(2)
#define CMD_FRE			BIT(4)
#define CMD_FR			BIT(14)
#define CMD_CR			BIT(15)
#define CMD_ICC_MASK		(0xfu << 28)
#define CMD_ICC_ACTIVE		(1u << 28)

#define IS_COMPLETIONS		0x0000000fu	/* DHRS, PSS, DSS, SDBS */
#define IS_CONNECT		BIT(6)
#define IS_PHY			BIT(22)
#define IS_INTERFACE		BIT(27)
#define IS_BUS_DATA		BIT(28)
#define IS_BUS			BIT(29)
#define IS_TASK_FILE		BIT(30)
#define IS_LINK			(IS_CONNECT | IS_PHY)
#define IS_ERRORS		(IS_INTERFACE | IS_BUS_DATA | IS_BUS | IS_TASK_FILE)

/* A port's memory: what the device reads and writes besides the data. */
#define MEM_LIST		0x0000	/* 32 headers of 32 bytes */
#define MEM_FIS			0x0400	/* 256 bytes */
#define MEM_SCRATCH		0x0600	/* answer of IDENTIFY and READ CAPACITY */
#define MEM_RANGES		0x0800	/* of the one TRIM under way */
#define MEM_TABLES		0x1000	/* 32 of 1 KiB */
#define TABLE_BYTES		0x400u
#define MEM_BYTES		(MEM_TABLES + AHCI_SLOTS_MAX * TABLE_BYTES)

enum port_state {
	PORT_EMPTY,		/* no device; link changes are told */
	PORT_STOPPING,		/* the command engine is to end */
	PORT_RESETTING,		/* COMRESET is on the wire */
	PORT_LINKING,		/* is somebody there? */
	PORT_SETTLING,		/* the device gets ready */
	PORT_IDENTIFYING,
	PORT_SIZING,		/* READ CAPACITY of a packet device */
	PORT_RUNNING,
	PORT_DEAD,		/* given up; requests fail */
};

enum tag_state { TAG_FREE, TAG_WAITING, TAG_ACTIVE };

/* A request, from submit to completion. */
struct ahci_tag {
	struct block_request rq;
	uint16_t next;		/* in its port's line */
	uint8_t state;		/* enum tag_state */
	uint8_t tries;		/* errors it was part of; then it runs alone */
	uint8_t slot;
};

struct ata_command {
	uint8_t command, device;
	uint16_t features, count;
	uint64_t lba;
	bool write;
	const uint8_t *packet;	/* 16 bytes */
	const struct dma_segment *segments;
	unsigned int nr_segments;
};

struct ahci_port {
	struct ahci *hba;
	unsigned int index;	/* and unit of the block device */
	struct dma_buf mem;
	struct ata_identity id;
	struct ata_identity previous;	/* while the size of a medium is asked for */
	struct block_limits limits;
	/* What happens next. */
	enum port_state state, after;	/* after: where PORT_STOPPING leads */
	uint64_t entered_us, deadline_us, detect_us;
	unsigned int attempts;		/* of the command in this state */
	unsigned int failures;		/* recoveries without a success between them */
	uint64_t recovered_us;		/* the last one */
	bool known;			/* id is of the disk that was here last */
	bool registered;
	bool stuck;			/* its engine does not stop: it may still write its memory */
	/* Requests. */
	uint32_t issued;		/* slots */
	uint32_t pending;		/* of those, not told to the device yet */
	bool exclusive;			/* the one issued command is not a queued one */
	uint32_t failed;		/* slots that end with fail_status once the engine stands */
	int fail_status;
	uint16_t slot_tag[AHCI_SLOTS_MAX];
	uint16_t head, tail;		/* tags that wait */
};

struct ahci {
	struct device *dev;
	struct mmio regs;
	bool can_64bit, can_ncq;
	unsigned int nr_slots, depth;
	bool running;			/* interrupts and requests may come */
	bool announced;			/* probe announces no more disks: the strand does */
	bool timer_on;
	struct ahci_port *ports[AHCI_PORTS_MAX];	/* NULL: not implemented */
	struct ahci_tag *tags;
};

static inline uint32_t port_read(const struct ahci_port *p, uint32_t reg)
{
	return mmio_read32(&p->hba->regs, PORTS_OFFSET + p->index * PORT_BYTES + reg);
}

static inline void port_write(const struct ahci_port *p, uint32_t reg, uint32_t value)
{
	mmio_write32(&p->hba->regs, PORTS_OFFSET + p->index * PORT_BYTES + reg, value);
}

static inline void port_update(const struct ahci_port *p, uint32_t reg, uint32_t clear, uint32_t set)
{
	port_write(p, reg, (port_read(p, reg) & ~clear) | set);
}

/* ahci_command.c: requests and commands; on strand 0. */

/* Take a request: checked, queued on its port, begun if it can be. The errors of block_ops.submit. */
int ahci_request_submit(struct ahci *hba, const struct block_request *rq);
/* Begin what waits, as far as there is room; tell the device of everything begun. */
void ahci_port_pump(struct ahci_port *p);
void ahci_port_ring(struct ahci_port *p);
/* Complete what the device has done. */
void ahci_port_reap(struct ahci_port *p);
/* The engine stands: end the failed ones, put the others back to the front of the line. */
void ahci_port_withdraw(struct ahci_port *p);
/* End everything that waits. Nothing is issued. */
void ahci_port_fail_waiting(struct ahci_port *p, int status);
/* End one that waits. */
void ahci_tag_fail(struct ahci_port *p, unsigned int tag, int status);
/* Write @cmd into slot @slot. */
void ahci_command_write(struct ahci_port *p, unsigned int slot, const struct ata_command *cmd);
/* Point every header at its table, none of them holding a command. */
void ahci_port_clear_slots(struct ahci_port *p);

/* ahci_port.c: the life of a port; on strand 0, or in probe. */

/* Find out what is there. */
void ahci_port_begin(struct ahci_port *p);
/* Go on as far as possible without waiting. */
void ahci_port_step(struct ahci_port *p);
/* It is between states and wants ahci_port_step() soon. */
bool ahci_port_moving(const struct ahci_port *p);
/* How soon. */
uint64_t ahci_port_pause_us(const struct ahci_port *p);
/* The port interrupted, or might have. */
void ahci_port_interrupt(struct ahci_port *p);
/* Stop, end the slots of @failed with @status, and start again from the reset. */
void ahci_port_recover(struct ahci_port *p, uint32_t failed, int status);
/* Announce the disk if there is a new one, take back one that went while it was announced. */
void ahci_port_announce(struct ahci_port *p);

#endif
