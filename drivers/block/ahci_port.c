// SPDX-License-Identifier: GPL-2.0
/*
 * AHCI: the life of a port (AHCI 1.3.1 sections 6.2, 10.1 and 10.8). One state machine for the first look, for disks that come and go and
 * for recovery: stop the engine, reset the link, wait for the device, ask who it is, run. Nothing in it sleeps; a timer or probe's loop
 * calls ahci_port_step() until it rests, so that 32 empty ports take no longer than one.
 */
#include <driver/dma.h>
#include <driver/time.h>
#include <lib/string.h>
#include "ahci.h"

#define STOP_US			500000	/* section 10.1.2 */
#define COMRESET_US		1500	/* section 10.4.2: at least 1 ms */
#define DETECT_US		20000	/* for the first sign of a device: 10 ms, says SATA; a later one interrupts */
#define LINK_US			1000000
#define SETTLE_US		15000000	/* a disk may have to spin up */
#define COMMAND_US		5000000
#define FAILURES_MAX		8
#define FORGIVE_US		60000000	/* recoveries further apart do not add up */
#define IDENTIFY_TRIES		3
#define SIZING_TRIES		6	/* the first ones meet unit attentions */
#define STEPS_MAX		32
#define PATIENCE		8	/* look again after an eighth of the time waited so far */
#define PAUSE_MIN_US		1000
#define PAUSE_MAX_US		50000
#define REQUEST_BLOCKS_MAX	32768u
#define PACKET_BLOCKS_MAX	512u

#define LINK_MASK		0xfu
#define LINK_NONE		0u
#define LINK_UP			3u
#define SCTL_QUIET		0x300u	/* no partial, no slumber */
#define SCTL_RESET		0x301u
#define SIGNATURE_DISK		0x00000101u
#define SIGNATURE_PACKET	0xeb140101u
#define SCSI_READ_CAPACITY	0x25
#define DEVICE_LBA		0x40

static void state_enter(struct ahci_port *p, enum port_state state, uint64_t timeout_us)
{
	p->state = state;
	p->entered_us = time_now_us();
	p->deadline_us = p->entered_us + timeout_us;
}

static bool is_late(const struct ahci_port *p)
{
	return time_now_us() > p->deadline_us;
}

bool ahci_port_moving(const struct ahci_port *p)
{
	return p->state >= PORT_STOPPING && p->state <= PORT_SIZING;
}

uint64_t ahci_port_pause_us(const struct ahci_port *p)
{
	uint64_t pause = (time_now_us() - p->entered_us) / PATIENCE;

	return pause < PAUSE_MIN_US ? PAUSE_MIN_US : pause > PAUSE_MAX_US ? PAUSE_MAX_US : pause;
}

static uint32_t link_state(const struct ahci_port *p)
{
	return port_read(p, PORT_SSTS) & LINK_MASK;
}

static void causes_clear(struct ahci_port *p)
{
	port_write(p, PORT_SERR, ~0u);
	port_write(p, PORT_IS, ~0u);
}

/* ---- Ends: nobody there, or given up ---- */

static void rest(struct ahci_port *p, enum port_state state)
{
	p->state = state;
	p->attempts = 0;
	ahci_port_fail_waiting(p, -EIO);
	causes_clear(p);
	port_write(p, PORT_IE, p->stuck ? 0 : IS_LINK);
}

static void disk_withdraw(struct ahci_port *p)
{
	if (p->registered)
		block_unregister_unit(p->hba->dev, p->index);
	p->registered = false;
}

static void port_gone(struct ahci_port *p)
{
	if (p->registered)
		dev_warn(p->hba->dev, "port=%u the disk is gone", p->index);
	p->known = false;
	disk_withdraw(p);
	rest(p, PORT_EMPTY);
}

static void port_dead(struct ahci_port *p, const char *why)
{
	dev_warn(p->hba->dev, "port=%u given up: %s", p->index, why);
	rest(p, PORT_DEAD);
}

/* ---- Stopping and starting the engine (section 10.3) ---- */

static void port_stop(struct ahci_port *p, enum port_state after)
{
	port_write(p, PORT_IE, 0);
	port_update(p, PORT_CMD, CMD_ST, 0);
	p->after = after;
	state_enter(p, PORT_STOPPING, STOP_US);
}

static void engine_start(struct ahci_port *p)
{
	causes_clear(p);
	port_update(p, PORT_CMD, 0, CMD_ST);
}

static void link_reset(struct ahci_port *p)
{
	port_write(p, PORT_SCTL, SCTL_RESET);
	state_enter(p, PORT_RESETTING, COMRESET_US);
}

/* ---- Commands of our own, in slot 0 ---- */

static void own_command(struct ahci_port *p, const struct ata_command *cmd, enum port_state state)
{
	for (uint32_t i = 0; i < ATA_IDENTIFY_BYTES; i += 4)
		dma_write32(&p->mem, MEM_SCRATCH + i, 0);
	ahci_command_write(p, 0, cmd);
	dma_wmb();
	port_write(p, PORT_CI, BIT(0));
	state_enter(p, state, COMMAND_US);
}

static void identify_start(struct ahci_port *p)
{
	struct dma_segment answer = { .address = p->mem.address + MEM_SCRATCH, .length = ATA_IDENTIFY_BYTES };
	bool packet = port_read(p, PORT_SIG) == SIGNATURE_PACKET;
	struct ata_command cmd = { .command = packet ? ATA_CMD_IDENTIFY_PACKET : ATA_CMD_IDENTIFY, .segments = &answer, .nr_segments = 1 };

	own_command(p, &cmd, PORT_IDENTIFYING);
}

static void sizing_start(struct ahci_port *p)
{
	static const uint8_t packet[16] = { SCSI_READ_CAPACITY };
	struct dma_segment answer = { .address = p->mem.address + MEM_SCRATCH, .length = 8 };
	struct ata_command cmd = {
		.command = ATA_CMD_PACKET, .features = p->id.packet_dmadir ? 5 : 1, .packet = packet, .segments = &answer, .nr_segments = 1,
	};

	own_command(p, &cmd, PORT_SIZING);
}

/* 0, -EIO, -ETIMEDOUT, or -EAGAIN: not yet. */
static int own_poll(struct ahci_port *p)
{
	if (port_read(p, PORT_IS) & IS_ERRORS)
		return -EIO;
	if (!(port_read(p, PORT_CI) & BIT(0)))
		return port_read(p, PORT_TFD) & (ATA_ST_ERR | ATA_ST_DF) ? -EIO : 0;
	return is_late(p) ? -ETIMEDOUT : -EAGAIN;
}

/* ---- What the device is ---- */

static void disk_flags(struct ahci_port *p, struct block_limits *l)
{
	const struct ata_identity *id = &p->id;

	if (id->packet) {
		l->flags = BLOCK_RO | BLOCK_HAS_INFO;
		return;
	}
	l->flags = BLOCK_HAS_INFO | (id->write_cache && (id->flush || id->flush_ext) ? BLOCK_HAS_FLUSH : 0) | (id->fua ? BLOCK_HAS_FUA : 0) |
		   (id->trim ? BLOCK_HAS_DISCARD : 0) | (id->rotational ? BLOCK_ROTATIONAL : 0);
	l->max_discard_blocks = id->trim ? ATA_RANGES * ATA_RANGE_SECTORS : 0;
}

static void limits_fill(struct ahci_port *p)
{
	const struct ata_identity *id = &p->id;
	struct block_limits *l = &p->limits;

	memset(l, 0, sizeof(*l));
	l->unit = p->index;
	l->nr_queues = 1;
	l->queue_depth = p->hba->depth;
	l->max_segments = AHCI_SEGMENTS;
	l->max_segment_bytes = AHCI_SEGMENT_BYTES;
	l->nr_blocks = id->sectors;
	l->block_size = id->logical_bytes;
	l->physical_block_size = id->physical_bytes;
	l->max_request_blocks = id->packet ? PACKET_BLOCKS_MAX : id->lba48 ? REQUEST_BLOCKS_MAX : 256;
	disk_flags(p, l);
	memcpy(l->prefix, id->packet ? "sr" : "sd", 3);
	memcpy(l->serial, id->serial, sizeof(id->serial));
}

void ahci_port_announce(struct ahci_port *p)
{
	const struct ata_identity *id = &p->id;
	int err;

	if (p->registered && p->state == PORT_EMPTY)
		disk_withdraw(p);
	if (p->registered || p->state != PORT_RUNNING)
		return;
	p->registered = true;	/* before: requests may come at once */
	err = block_register(p->hba->dev, &p->limits);
	if (err) {
		p->registered = false;
		dev_warn(p->hba->dev, "port=%u cannot be announced, error=%d", p->index, err);
		return;
	}
	dev_info(p->hba->dev, "port=%u %s model=%s serial=%s blocks=%llu block_size=%u queued=%u", p->index, id->packet ? "packet" : "disk",
		 id->model, id->serial, (unsigned long long)id->sectors, id->logical_bytes, p->hba->can_ncq ? id->queue_depth : 0);
}

/* Same disk as before: go on. Another one: the old one's requests must not reach it. */
static void port_ready(struct ahci_port *p, const struct ata_identity *before)
{
	bool same = p->known && ata_identity_same(before, &p->id);

	if (p->known && !same) {
		dev_warn(p->hba->dev, "port=%u holds another disk", p->index);
		ahci_port_fail_waiting(p, -EIO);
		disk_withdraw(p);
	}
	if (!same)
		limits_fill(p);
	p->known = true;
	p->state = PORT_RUNNING;
	port_write(p, PORT_IS, ~IS_LINK);	/* of the commands that led here */
	port_write(p, PORT_IE, IS_COMPLETIONS | IS_ERRORS | IS_LINK);
	if (p->hba->announced)
		ahci_port_announce(p);
}

/* ---- Steps: true when there may be more to do at once ---- */

/* Its memory may be written until the controller is reset, so no request may end now. */
static bool port_stuck(struct ahci_port *p)
{
	p->stuck = true;
	p->state = PORT_DEAD;
	if (p->hba->running)
		device_fault(p->hba->dev, "ahci port does not stop", p->index);
	return false;
}

static bool step_stopping(struct ahci_port *p)
{
	if (port_read(p, PORT_CMD) & CMD_CR)
		return is_late(p) && port_stuck(p);
	ahci_port_withdraw(p);
	switch (p->after) {
	case PORT_SIZING:
		engine_start(p);
		sizing_start(p);
		break;
	case PORT_RUNNING:
		engine_start(p);
		port_ready(p, &p->id);
		break;
	case PORT_DEAD:
		port_dead(p, "it fails again and again");
		break;
	default:
		link_reset(p);
	}
	return true;
}

static bool step_resetting(struct ahci_port *p)
{
	if (!is_late(p))
		return false;
	port_write(p, PORT_SCTL, SCTL_QUIET);
	state_enter(p, PORT_LINKING, LINK_US);
	p->detect_us = time_now_us() + DETECT_US;
	return true;
}

static bool step_linking(struct ahci_port *p)
{
	uint32_t link = link_state(p);

	if (link == LINK_UP) {
		causes_clear(p);
		state_enter(p, PORT_SETTLING, SETTLE_US);
		return true;
	}
	if (is_late(p) || (link == LINK_NONE && time_now_us() > p->detect_us))
		port_gone(p);
	return false;
}

static bool step_settling(struct ahci_port *p)
{
	uint32_t signature;

	if (port_read(p, PORT_TFD) & (ATA_ST_BSY | ATA_ST_DRQ)) {
		if (is_late(p))
			port_dead(p, "it does not get ready");
		else if (link_state(p) == LINK_NONE)
			port_gone(p);
		return false;
	}
	signature = port_read(p, PORT_SIG);
	if (signature != SIGNATURE_DISK && signature != SIGNATURE_PACKET) {
		dev_info(p->hba->dev, "port=%u device of another kind left alone, signature=0x%08x", p->index, signature);
		rest(p, PORT_DEAD);
		return false;
	}
	engine_start(p);
	identify_start(p);
	return true;
}

static int identity_take(struct ahci_port *p, struct ata_identity *id)
{
	uint16_t words[ATA_IDENTIFY_WORDS];

	dma_rmb();
	for (uint32_t i = 0; i < ATA_IDENTIFY_WORDS; i++)
		words[i] = dma_read16(&p->mem, MEM_SCRATCH + 2 * i);
	return ata_identify_parse(words, port_read(p, PORT_SIG) == SIGNATURE_PACKET, id);
}

/* Once more from the reset, or after too many tries no more. */
static void identify_failed(struct ahci_port *p)
{
	port_stop(p, ++p->attempts < IDENTIFY_TRIES ? PORT_RESETTING : PORT_DEAD);
}

static bool step_identifying(struct ahci_port *p)
{
	struct ata_identity before = p->id;
	int err = own_poll(p);

	if (err == -EAGAIN)
		return false;
	if (!err && identity_take(p, &p->id)) {
		p->id = before;
		dev_warn(p->hba->dev, "port=%u its description makes no sense", p->index);
		err = -EIO;
	}
	if (!err && !p->id.dma) {
		port_stop(p, PORT_DEAD);
		return true;
	}
	if (err) {
		identify_failed(p);
		return true;
	}
	p->attempts = 0;
	if (!p->id.packet) {
		port_ready(p, &before);
		return false;
	}
	p->previous = before;
	sizing_start(p);
	return true;
}

static uint32_t scratch_big32(const struct ahci_port *p, uint32_t at)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < 4; i++)
		value = value << 8 | dma_read8(&p->mem, MEM_SCRATCH + at + i);
	return value;
}

static bool step_sizing(struct ahci_port *p)
{
	int err = own_poll(p);
	uint32_t block_bytes;

	if (err == -EAGAIN)
		return false;
	if (err && ++p->attempts < SIZING_TRIES) {
		port_stop(p, PORT_SIZING);
		return true;
	}
	p->attempts = 0;
	p->id.sectors = 0;	/* no medium */
	if (err) {
		port_stop(p, PORT_RUNNING);
		return true;
	}
	dma_rmb();
	block_bytes = scratch_big32(p, 4);
	if (block_bytes == p->id.logical_bytes)
		p->id.sectors = (uint64_t)scratch_big32(p, 0) + 1;
	else
		dev_warn(p->hba->dev, "port=%u medium with blocks of %u bytes is not usable", p->index, block_bytes);
	port_ready(p, &p->previous);
	return false;
}

static bool step_once(struct ahci_port *p)
{
	switch (p->state) {
	case PORT_STOPPING:
		return step_stopping(p);
	case PORT_RESETTING:
		return step_resetting(p);
	case PORT_LINKING:
		return step_linking(p);
	case PORT_SETTLING:
		return step_settling(p);
	case PORT_IDENTIFYING:
		return step_identifying(p);
	case PORT_SIZING:
		return step_sizing(p);
	default:
		return false;
	}
}

void ahci_port_step(struct ahci_port *p)
{
	for (unsigned int i = 0; i < STEPS_MAX && step_once(p); i++)
		;
	ahci_port_pump(p);
}

/* ---- From outside ---- */

void ahci_port_begin(struct ahci_port *p)
{
	ahci_port_clear_slots(p);
	port_write(p, PORT_IE, 0);
	port_write(p, PORT_CLB, (uint32_t)(p->mem.address + MEM_LIST));
	port_write(p, PORT_CLBU, (uint32_t)((p->mem.address + MEM_LIST) >> 32));
	port_write(p, PORT_FB, (uint32_t)(p->mem.address + MEM_FIS));
	port_write(p, PORT_FBU, (uint32_t)((p->mem.address + MEM_FIS) >> 32));
	port_update(p, PORT_CMD, CMD_ST | CMD_ICC_MASK, CMD_FRE | CMD_SUD | CMD_POD | CMD_ICC_ACTIVE);
	port_stop(p, PORT_RESETTING);
	ahci_port_step(p);
}

void ahci_port_recover(struct ahci_port *p, uint32_t failed, int status)
{
	uint64_t now = time_now_us();

	if (now - p->recovered_us > FORGIVE_US)
		p->failures = 0;
	p->recovered_us = now;
	p->failed |= failed;
	p->fail_status = status;
	if (p->state == PORT_RUNNING)
		port_stop(p, ++p->failures > FAILURES_MAX ? PORT_DEAD : PORT_RESETTING);
	ahci_port_step(p);
}

/* An error while a command ran alone is that command's, and leaves the device usable (section 6.2.2.1). */
static void alone_failed(struct ahci_port *p)
{
	bool usable = !(port_read(p, PORT_TFD) & (ATA_ST_BSY | ATA_ST_DRQ));

	if (p->id.packet)
		dev_dbg(p->hba->dev, "port=%u packet command failed, tfd=0x%x", p->index, port_read(p, PORT_TFD));
	else
		p->failed |= p->issued;
	if (usable)
		p->failures = 0;	/* it answered: a bad sector is no reason to give up a disk */
	p->fail_status = -EIO;
	port_stop(p, usable ? PORT_RUNNING : PORT_RESETTING);
	ahci_port_step(p);
}

static void port_error(struct ahci_port *p, uint32_t causes)
{
	dev_warn(p->hba->dev, "port=%u error is=0x%08x tfd=0x%x serr=0x%08x", p->index, causes, port_read(p, PORT_TFD),
		 port_read(p, PORT_SERR));
	if (p->exclusive && p->issued && !(causes & (IS_ERRORS & ~IS_TASK_FILE))) {
		alone_failed(p);
		return;
	}
	if (!p->exclusive)
		ahci_port_reap(p);	/* those that were done before it */
	ahci_port_recover(p, 0, -EIO);
}

static void running_interrupt(struct ahci_port *p, uint32_t causes)
{
	if (causes & IS_ERRORS) {
		port_error(p, causes);
	} else if (causes & IS_LINK) {
		dev_info(p->hba->dev, "port=%u the link changed, ssts=0x%x", p->index, port_read(p, PORT_SSTS));
		ahci_port_recover(p, 0, -EIO);
	} else {
		ahci_port_reap(p);
		ahci_port_pump(p);
	}
}

void ahci_port_interrupt(struct ahci_port *p)
{
	uint32_t causes = port_read(p, PORT_IS);

	if (causes & IS_LINK)
		port_write(p, PORT_SERR, ~0u);	/* section 5.6: else the cause stays */
	port_write(p, PORT_IS, causes);
	if (p->state == PORT_RUNNING)
		running_interrupt(p, causes);
	else if ((p->state == PORT_EMPTY || p->state == PORT_DEAD) && causes & IS_LINK && !p->stuck)
		port_stop(p, PORT_RESETTING);
}
