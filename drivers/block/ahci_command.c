// SPDX-License-Identifier: GPL-2.0
/*
 * AHCI: requests become commands in a port's slots (AHCI 1.3.1 section 4.2, ATA8-ACS). Reads and writes are queued commands when the disk
 * knows them; everything else, and whatever was part of an error before, runs alone on its port, so that an error names its command. A
 * command's tag on the wire is its slot. No allocation: each slot has its table, the one TRIM its block of ranges.
 */
#include <driver/dma.h>
#include "ahci.h"

#define FIS_HOST_TO_DEVICE	0x8027u	/* with the bit that makes it a command */
#define FIS_DWORDS		5u
#define HEADER_BYTES		32u
#define HEADER_PACKET		BIT(5)
#define HEADER_WRITE		BIT(6)
#define HEADER_PRDBC		4
#define HEADER_TABLE		8
#define TABLE_PACKET		0x40
#define TABLE_PRDT		0x80
#define PRD_BYTES		16u
#define PACKET_BYTES		16u

#define DEVICE_LBA		0x40
#define DEVICE_FUA		0x80	/* of queued commands */
#define FEATURE_TRIM		1
#define FEATURE_DMA		1	/* of PACKET */
#define FEATURE_TO_HOST		4
#define SCSI_READ_12		0xa8
#define TRIES_MAX		3
#define INFO_BYTES		512u	/* of IDENTIFY and of SMART READ DATA */

/* ---- Slots ---- */

static uint32_t header_at(unsigned int slot)
{
	return MEM_LIST + slot * HEADER_BYTES;
}

static uint32_t table_at(unsigned int slot)
{
	return MEM_TABLES + slot * TABLE_BYTES;
}

static void fis_write(struct ahci_port *p, uint32_t table, const struct ata_command *cmd)
{
	dma_write32(&p->mem, table, FIS_HOST_TO_DEVICE | (uint32_t)cmd->command << 16 | (uint32_t)(cmd->features & 0xff) << 24);
	dma_write32(&p->mem, table + 4, (uint32_t)(cmd->lba & 0xffffff) | (uint32_t)cmd->device << 24);
	dma_write32(&p->mem, table + 8, (uint32_t)(cmd->lba >> 24 & 0xffffff) | (uint32_t)(cmd->features >> 8) << 24);
	dma_write32(&p->mem, table + 12, cmd->count);
	dma_write32(&p->mem, table + 16, 0);
}

static void packet_write(struct ahci_port *p, uint32_t table, const uint8_t *packet)
{
	for (uint32_t i = 0; i < PACKET_BYTES; i++)
		dma_write8(&p->mem, table + TABLE_PACKET + i, packet[i]);
}

void ahci_command_write(struct ahci_port *p, unsigned int slot, const struct ata_command *cmd)
{
	uint32_t table = table_at(slot);
	uint32_t flags = FIS_DWORDS | (cmd->packet ? HEADER_PACKET : 0) | (cmd->write ? HEADER_WRITE : 0);

	fis_write(p, table, cmd);
	if (cmd->packet)
		packet_write(p, table, cmd->packet);
	for (unsigned int i = 0; i < cmd->nr_segments; i++) {
		uint32_t at = table + TABLE_PRDT + i * PRD_BYTES;

		dma_write64(&p->mem, at, cmd->segments[i].address);
		dma_write32(&p->mem, at + 8, 0);
		dma_write32(&p->mem, at + 12, cmd->segments[i].length - 1);
	}
	dma_write32(&p->mem, header_at(slot) + HEADER_PRDBC, 0);
	dma_write32(&p->mem, header_at(slot), flags | cmd->nr_segments << 16);
}

/* A controller that keeps commands over a stop finds nothing in them. */
static void slot_disarm(struct ahci_port *p, unsigned int slot)
{
	dma_write32(&p->mem, header_at(slot), 0);
	dma_write32(&p->mem, table_at(slot), 0);
}

void ahci_port_clear_slots(struct ahci_port *p)
{
	for (unsigned int slot = 0; slot < AHCI_SLOTS_MAX; slot++) {
		slot_disarm(p, slot);
		dma_write64(&p->mem, header_at(slot) + HEADER_TABLE, p->mem.address + table_at(slot));
	}
}

/* ---- From request to command ---- */

static bool is_data(const struct block_request *rq)
{
	return rq->op == BLOCK_READ || rq->op == BLOCK_WRITE;
}

static void data_queued(const struct block_request *rq, unsigned int slot, struct ata_command *cmd)
{
	cmd->command = rq->op == BLOCK_WRITE ? ATA_CMD_WRITE_FPDMA : ATA_CMD_READ_FPDMA;
	cmd->features = (uint16_t)rq->nr_blocks;	/* 65536 is 0 */
	cmd->count = (uint16_t)(slot << 3);
	if (rq->flags & BLOCK_REQ_FUA)
		cmd->device |= DEVICE_FUA;
}

static void data_alone(const struct ahci_port *p, const struct block_request *rq, struct ata_command *cmd)
{
	bool write = rq->op == BLOCK_WRITE;

	cmd->count = (uint16_t)rq->nr_blocks;
	if (p->id.lba48) {
		cmd->command = !write ? ATA_CMD_READ_DMA_EXT : rq->flags & BLOCK_REQ_FUA ? ATA_CMD_WRITE_DMA_FUA_EXT : ATA_CMD_WRITE_DMA_EXT;
		return;
	}
	cmd->command = write ? ATA_CMD_WRITE_DMA : ATA_CMD_READ_DMA;
	cmd->count &= 0xff;	/* 256 is 0 */
	cmd->device |= rq->lba >> 24 & 0xf;
	cmd->lba &= 0xffffff;
}

static void packet_read(const struct ahci_port *p, const struct block_request *rq, uint8_t *packet, struct ata_command *cmd)
{
	packet[0] = SCSI_READ_12;
	for (unsigned int i = 0; i < 4; i++) {
		packet[2 + i] = (uint8_t)(rq->lba >> (24 - 8 * i));
		packet[6 + i] = (uint8_t)(rq->nr_blocks >> (24 - 8 * i));
	}
	cmd->command = ATA_CMD_PACKET;
	cmd->features = FEATURE_DMA | (p->id.packet_dmadir ? FEATURE_TO_HOST : 0);
	cmd->lba = 0;
	cmd->device = 0;
	cmd->packet = packet;
}

static struct dma_segment ranges_write(struct ahci_port *p, const struct block_request *rq)
{
	uint64_t lba = rq->lba;
	uint32_t left = rq->nr_blocks;

	for (uint32_t i = 0; i < ATA_RANGES; i++) {
		uint32_t nr = left < ATA_RANGE_SECTORS ? left : ATA_RANGE_SECTORS;

		dma_write64(&p->mem, MEM_RANGES + i * 8, nr ? lba | (uint64_t)nr << 48 : 0);
		lba += nr;
		left -= nr;
	}
	return (struct dma_segment){ .address = p->mem.address + MEM_RANGES, .length = ATA_RANGES * 8 };
}

/* Data words of the device's into the first sector of the request's page. */
static struct dma_segment info_fill(const struct ahci_port *p, const struct block_request *rq, struct ata_command *cmd)
{
	cmd->write = false;
	if (rq->lba == BLOCK_INFO_HEALTH) {
		cmd->command = ATA_CMD_SMART;
		cmd->features = ATA_SMART_READ_DATA;
		cmd->lba = ATA_SMART_LBA;
	} else {
		cmd->command = p->id.packet ? ATA_CMD_IDENTIFY_PACKET : ATA_CMD_IDENTIFY;
	}
	return (struct dma_segment){ .address = rq->segments[0].address, .length = INFO_BYTES };
}

static void request_issue(struct ahci_port *p, struct ahci_tag *tag, unsigned int slot)
{
	const struct block_request *rq = &tag->rq;
	struct ata_command cmd = { .device = DEVICE_LBA, .write = rq->op != BLOCK_READ };
	struct dma_segment own;
	uint8_t packet[PACKET_BYTES] = { 0 };

	if (is_data(rq)) {
		cmd.lba = rq->lba;
		cmd.segments = rq->segments;
		cmd.nr_segments = rq->nr_segments;
	}
	if (rq->op == BLOCK_FLUSH) {
		cmd.command = p->id.flush_ext ? ATA_CMD_FLUSH_EXT : ATA_CMD_FLUSH;
		cmd.write = false;
	} else if (rq->op == BLOCK_DISCARD) {
		own = ranges_write(p, rq);
		cmd.command = ATA_CMD_DATA_SET_MANAGEMENT;
		cmd.features = FEATURE_TRIM;
		cmd.count = 1;
		cmd.segments = &own;
		cmd.nr_segments = 1;
	} else if (rq->op == BLOCK_INFO) {
		own = info_fill(p, rq, &cmd);
		cmd.segments = &own;
		cmd.nr_segments = 1;
	} else if (p->id.packet) {
		packet_read(p, rq, packet, &cmd);
	} else if (!p->exclusive) {
		data_queued(rq, slot, &cmd);
	} else {
		data_alone(p, rq, &cmd);
	}
	ahci_command_write(p, slot, &cmd);
	tag->state = TAG_ACTIVE;
	tag->slot = (uint8_t)slot;
	p->slot_tag[slot] = (uint16_t)rq->tag;
	p->issued |= BIT(slot);
	p->pending |= BIT(slot);
}

/* ---- The line of a port ---- */

static void line_append(struct ahci_port *p, struct ahci_tag *tag)
{
	struct ahci_tag *tags = p->hba->tags;

	tag->state = TAG_WAITING;
	tag->next = AHCI_TAG_NONE;
	if (p->head == AHCI_TAG_NONE)
		p->head = (uint16_t)tag->rq.tag;
	else
		tags[p->tail].next = (uint16_t)tag->rq.tag;
	p->tail = (uint16_t)tag->rq.tag;
}

static void line_prepend(struct ahci_port *p, struct ahci_tag *tag)
{
	tag->state = TAG_WAITING;
	tag->next = p->head;
	p->head = (uint16_t)tag->rq.tag;
	if (tag->next == AHCI_TAG_NONE)
		p->tail = p->head;
}

static struct ahci_tag *line_take(struct ahci_port *p)
{
	struct ahci_tag *tag = &p->hba->tags[p->head];

	p->head = tag->next;
	return tag;
}

static void tag_complete(struct ahci_port *p, struct ahci_tag *tag, int status)
{
	tag->state = TAG_FREE;
	block_complete(p->hba->dev, 0, tag->rq.tag, status);
}

void ahci_port_fail_waiting(struct ahci_port *p, int status)
{
	while (p->head != AHCI_TAG_NONE)
		tag_complete(p, line_take(p), status);
}

void ahci_tag_fail(struct ahci_port *p, unsigned int number, int status)
{
	struct ahci_tag *tags = p->hba->tags;
	uint16_t before = AHCI_TAG_NONE;

	for (uint16_t at = p->head; at != AHCI_TAG_NONE; before = at, at = tags[at].next) {
		if (at != number)
			continue;
		if (before == AHCI_TAG_NONE)
			p->head = tags[at].next;
		else
			tags[before].next = tags[at].next;
		if (p->tail == at)
			p->tail = before;
		tag_complete(p, &tags[at], status);
		return;
	}
}

static bool goes_queued(const struct ahci_port *p, const struct ahci_tag *tag)
{
	return p->hba->can_ncq && p->id.queue_depth && is_data(&tag->rq) && !tag->tries;
}

/* The lowest slot that is free for a queued command, or -1. */
static int slot_find(const struct ahci_port *p)
{
	unsigned int nr = p->id.queue_depth < p->hba->nr_slots ? p->id.queue_depth : p->hba->nr_slots;

	for (unsigned int slot = 0; slot < nr; slot++) {
		if (!(p->issued & BIT(slot)))
			return (int)slot;
	}
	return -1;
}

void ahci_port_pump(struct ahci_port *p)
{
	while (p->state == PORT_RUNNING && p->head != AHCI_TAG_NONE && !p->exclusive) {
		bool queued = goes_queued(p, &p->hba->tags[p->head]);
		int slot = queued ? slot_find(p) : p->issued ? -1 : 0;

		if (slot < 0)
			return;
		p->exclusive = !queued;
		request_issue(p, line_take(p), (unsigned int)slot);
	}
}

void ahci_port_ring(struct ahci_port *p)
{
	uint32_t pending = p->pending;

	if (!pending)
		return;
	p->pending = 0;
	dma_wmb();
	if (!p->exclusive)
		port_write(p, PORT_SACT, pending);
	port_write(p, PORT_CI, pending);
}

/* ---- Submission ---- */

static int data_check(const struct ahci_port *p, const struct block_request *rq)
{
	uint64_t bytes = 0;

	if (rq->op == BLOCK_WRITE && p->limits.flags & BLOCK_RO)
		return -EROFS;
	if (!rq->nr_segments || rq->nr_segments > AHCI_SEGMENTS || !rq->nr_blocks || rq->nr_blocks > p->limits.max_request_blocks)
		return -EINVAL;
	for (unsigned int i = 0; i < rq->nr_segments; i++) {
		const struct dma_segment *s = &rq->segments[i];

		if (!s->length || s->length > AHCI_SEGMENT_BYTES || (s->length | s->address) & 1)
			return -EINVAL;
		if (!p->hba->can_64bit && (s->address + s->length - 1) >> 32)
			return -EIO;
		bytes += s->length;
	}
	return bytes == (uint64_t)rq->nr_blocks * p->limits.block_size ? 0 : -EINVAL;
}

static int info_check(const struct ahci_port *p, const struct block_request *rq)
{
	if (rq->nr_segments != 1 || rq->segments[0].length != BLOCK_INFO_BYTES || rq->segments[0].address & 1)
		return -EINVAL;
	if (!p->hba->can_64bit && (rq->segments[0].address + BLOCK_INFO_BYTES - 1) >> 32)
		return -EIO;
	return rq->lba == BLOCK_INFO_UNIT || (rq->lba == BLOCK_INFO_HEALTH && p->id.smart) ? 0 : -EOPNOTSUPP;
}

static int request_check(const struct ahci_port *p, const struct block_request *rq)
{
	switch (rq->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		return data_check(p, rq);
	case BLOCK_FLUSH:
		return p->limits.flags & BLOCK_HAS_FLUSH ? 0 : -EOPNOTSUPP;
	case BLOCK_DISCARD:
		if (!(p->limits.flags & BLOCK_HAS_DISCARD))
			return -EOPNOTSUPP;
		return rq->nr_blocks <= ATA_RANGES * ATA_RANGE_SECTORS ? 0 : -EINVAL;
	case BLOCK_INFO:
		return info_check(p, rq);
	}
	return -EOPNOTSUPP;
}

int ahci_request_submit(struct ahci *hba, const struct block_request *rq)
{
	struct ahci_port *p = rq->unit < AHCI_PORTS_MAX ? hba->ports[rq->unit] : NULL;
	struct ahci_tag *tag;
	int err;

	if (!p || rq->queue || rq->tag >= hba->depth)
		return -EINVAL;
	if (!p->registered || p->state == PORT_DEAD || p->state == PORT_EMPTY)
		return -EIO;
	err = request_check(p, rq);
	if (err)
		return err;
	tag = &hba->tags[rq->tag];
	tag->rq = *rq;
	tag->tries = 0;
	line_append(p, tag);
	ahci_port_pump(p);
	return 0;
}

/* ---- Completion ---- */

/* Of a command that ran alone: the task file is its own, and so is the byte count (a short read is none). */
static int alone_status(const struct ahci_port *p, const struct ahci_tag *tag, unsigned int slot)
{
	if (port_read(p, PORT_TFD) & (ATA_ST_ERR | ATA_ST_DF))
		return -EIO;
	if (tag->rq.op != BLOCK_READ)
		return 0;
	return dma_read32(&p->mem, header_at(slot) + HEADER_PRDBC) < tag->rq.nr_blocks * p->limits.block_size ? -EIO : 0;
}

void ahci_port_reap(struct ahci_port *p)
{
	uint32_t active = port_read(p, PORT_CI) | (p->exclusive ? 0 : port_read(p, PORT_SACT));
	uint32_t done = p->issued & ~p->pending & ~active;

	if (!done)
		return;
	dma_rmb();
	p->failures = 0;
	for (unsigned int slot = 0; slot < AHCI_SLOTS_MAX; slot++) {
		struct ahci_tag *tag;

		if (!(done & BIT(slot)))
			continue;
		tag = &p->hba->tags[p->slot_tag[slot]];
		p->issued &= ~BIT(slot);
		tag_complete(p, tag, p->exclusive ? alone_status(p, tag, slot) : 0);
	}
	if (!p->issued)
		p->exclusive = false;
}

static void slot_withdraw(struct ahci_port *p, unsigned int slot)
{
	struct ahci_tag *tag = &p->hba->tags[p->slot_tag[slot]];

	slot_disarm(p, slot);
	if (p->failed & BIT(slot))
		tag_complete(p, tag, p->fail_status);
	else if (++tag->tries > TRIES_MAX)
		tag_complete(p, tag, -EIO);
	else
		line_prepend(p, tag);
}

void ahci_port_withdraw(struct ahci_port *p)
{
	for (unsigned int slot = AHCI_SLOTS_MAX; slot-- > 0;) {
		if (p->issued & BIT(slot))
			slot_withdraw(p, slot);
	}
	p->issued = p->pending = p->failed = 0;
	p->exclusive = false;
}
