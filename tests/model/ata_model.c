// SPDX-License-Identifier: GPL-2.0
/* The IDE controller: registers, commands, data; see ata_model.h. A command is taken when it is written and done at the next tick. */
#include <string.h>
#include "ata_model.h"

#define ST_ERR	0x01u
#define ST_DRQ	0x08u
#define ST_DRDY	0x40u
#define ST_BSY	0x80u

static struct ata_model_drive *chosen(struct ata_model_channel *c)
{
	return &c->drives[c->device >> 4 & 1];
}

/* ---- Interrupts ---- */

static void line_update(struct ata_model *am)
{
	if (am->setup.native)
		host_irq_level(am->dev, am->channels[0].line || am->channels[1].line);
}

static void interrupt(struct ata_model_channel *c)
{
	if (c->control & 2 || c->am->lies.no_interrupts)
		return;
	c->master_status |= 4;
	if (!c->line && !c->am->setup.native)
		host_irq_raise(c->am->dev, c->number);
	c->line = true;
	line_update(c->am);
}

void ata_model_spurious(struct ata_model *am, unsigned int channel)
{
	am->spurious++;
	host_irq_raise(am->dev, channel);
}

/* ---- The end of a command ---- */

static void done(struct ata_model_channel *c, uint8_t status, uint8_t error)
{
	c->status = (uint8_t)(ST_DRDY | status);
	c->error = error;
	c->at = NULL;
	if (chosen(c)->kind == ATA_MODEL_CD)
		c->count[0] = 3;
	interrupt(c);
}

static bool refused(struct ata_model_channel *c)
{
	struct ata_lies *l = &c->am->lies;

	if (!l->errors)
		return false;
	l->errors--;
	done(c, (uint8_t)(ST_ERR | (l->error_keeps_drq ? ST_DRQ : 0)), l->error_value);
	return true;
}

/* ---- Data through the port ---- */

static void data_offer(struct ata_model_channel *c, bool quiet)
{
	struct ata_model_drive *d = chosen(c);
	uint32_t block = d->multiple ? d->multiple * 512 : 512;

	if (d->kind == ATA_MODEL_CD) {
		uint16_t told;

		block = 4096;
		c->block_left = c->left < block ? c->left : block;
		told = c->am->lies.byte_count ? c->am->lies.byte_count : (uint16_t)c->block_left;
		c->lba[1][0] = (uint8_t)told;
		c->lba[2][0] = (uint8_t)(told >> 8);
		c->count[0] = 2;
	}
	c->block_left = c->left < block ? c->left : block;
	c->status = ST_DRDY | (c->am->lies.never_asks ? 0 : ST_DRQ);
	if (!quiet)
		interrupt(c);
}

static void data_begin(struct ata_model_channel *c, uint8_t *at, uint32_t bytes, bool out)
{
	c->at = at;
	c->left = bytes;
	c->out = out;
	data_offer(c, out);
}

static void packet_run(struct ata_model_channel *c);

static void block_over(struct ata_model_channel *c)
{
	if (c->packet_wanted) {
		c->packet_wanted = false;
		packet_run(c);
	} else if (c->left) {
		data_offer(c, false);
	} else if (c->out || c->command == 0xa0) {
		done(c, 0, 0);
	} else {
		c->status = ST_DRDY;
		c->at = NULL;
	}
}

static uint16_t data_move(struct ata_model_channel *c, bool out, uint16_t value)
{
	if (!c->at || !(c->status & ST_DRQ) || out != c->out || c->block_left < 2)
		return 0xffff;
	if (out)
		memcpy(c->at, &value, 2);
	else
		memcpy(&value, c->at, 2);
	c->at += 2;
	c->left -= 2;
	c->block_left -= 2;
	if (!c->block_left)
		block_over(c);
	return value;
}

/* ---- Bus master ---- */

static bool piece_move(struct ata_model_channel *c, uint64_t address, uint32_t length, uint8_t *data, bool in)
{
	if (in)
		return !host_dma_write(c->am->dev, address, data, length);
	return !host_dma_read(c->am->dev, address, data, length);
}

static void master_move(struct ata_model_channel *c, uint8_t *data, uint32_t bytes)
{
	uint32_t entry[2] = { 0, 0 };
	uint64_t table = c->master_table;

	while (bytes) {
		uint32_t length;

		if (host_dma_read(c->am->dev, table, entry, 8))
			break;
		length = entry[1] & 0xffff ? entry[1] & 0xffff : 0x10000;
		if ((entry[0] & 0xffff) + length > 0x10000)
			c->master_status |= 2;	/* crosses 64 KiB */
		length = length < bytes ? length : bytes;
		if (!piece_move(c, entry[0], length, data, c->master_command & 8))
			break;
		data += length;
		bytes -= length;
		table += 8;
		if (entry[1] & 0x80000000u)
			break;
	}
	if (bytes)
		c->master_status |= 2;
	if (!c->am->lies.stays_active)
		c->master_status &= (uint8_t)~1;
}

/* ---- Commands ---- */

static uint64_t lba48(const struct ata_model_channel *c)
{
	uint64_t lba = 0;

	for (int i = 2; i >= 0; i--)
		lba = lba << 8 | c->lba[i][1];
	for (int i = 2; i >= 0; i--)
		lba = lba << 8 | c->lba[i][0];
	return lba;
}

static uint64_t lba28(const struct ata_model_channel *c)
{
	return (uint64_t)(c->device & 15) << 24 | (uint64_t)c->lba[2][0] << 16 | (uint64_t)c->lba[1][0] << 8 | c->lba[0][0];
}

static void data_command(struct ata_model_channel *c, bool ext, bool dma, bool out)
{
	struct ata_model_drive *d = chosen(c);
	uint64_t lba = ext ? lba48(c) : lba28(c);
	uint32_t nr = ext ? (uint32_t)c->count[1] << 8 | c->count[0] : c->count[0];

	if (!nr)
		nr = ext ? 65536 : 256;
	c->am->ext_commands += ext;
	if (refused(c))
		return;
	if (lba >= d->nr_blocks || nr > d->nr_blocks - lba) {
		done(c, ST_ERR, 0x10);
	} else if (!dma) {
		data_begin(c, d->data + lba * 512, nr * 512, out);
	} else {
		c->at = d->data + lba * 512;
		c->total = nr * 512;
		c->wait_master = true;
		c->status = ST_BSY;
	}
}

static void packet_run(struct ata_model_channel *c)
{
	struct ata_model_drive *d = chosen(c);
	const uint8_t *p = c->buffer;
	uint32_t lba = (uint32_t)p[2] << 24 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 8 | p[5], nr = (uint32_t)p[8] << 8 | p[9];
	bool attention = d->attention;
	uint32_t last = d->nr_blocks - 1;

	d->attention = false;
	if (attention || refused(c)) {
		if (attention)
			done(c, ST_ERR, 0x60);
	} else if (p[0] == 0x25) {
		const uint8_t answer[8] = { (uint8_t)(last >> 24), (uint8_t)(last >> 16), (uint8_t)(last >> 8), (uint8_t)last, 0, 0, 8, 0 };

		memcpy(c->buffer, answer, 8);
		data_begin(c, c->buffer, 8, false);
	} else if (p[0] != 0xa8 || lba >= d->nr_blocks || nr > d->nr_blocks - lba) {
		done(c, ST_ERR, 0x50);
	} else if (c->feature & 1) {
		c->at = d->data + (size_t)lba * 2048;
		c->total = nr * 2048;
		c->wait_master = true;
		c->status = ST_BSY;
	} else {
		data_begin(c, d->data + (size_t)lba * 2048, nr * 2048, false);
	}
}

static void packet_ask(struct ata_model_channel *c)
{
	c->packet_wanted = true;
	c->at = c->buffer;
	c->left = c->block_left = 12;
	c->out = true;
	c->count[0] = 1;
	c->status = ST_DRDY | (c->am->lies.never_asks ? 0 : ST_DRQ);
}

/* SMART: only READ DATA, with the numbers that every SMART command must have. */
static void smart_run(struct ata_model_channel *c)
{
	if (refused(c))
		return;
	if (c->feature != 0xd0 || c->lba[1][0] != 0x4f || c->lba[2][0] != 0xc2) {
		done(c, ST_ERR, 0x04);
		return;
	}
	memset(c->buffer, 0, sizeof(c->buffer));
	c->buffer[2] = 9;	/* hours of power */
	c->buffer[5] = 100;
	data_begin(c, c->buffer, 512, false);
	c->block_left = 512;
}

static void command_run(struct ata_model_channel *c)
{
	struct ata_model_drive *d = chosen(c);
	bool cd = d->kind == ATA_MODEL_CD;

	c->wait_master = c->packet_wanted = false;
	switch (cd ? (c->command == 0xa0 || c->command == 0xa1 ? c->command : 0) : c->command) {
	case 0xec: case 0xa1:
		if (!cd && c->am->lies.unidentified) {
			c->am->lies.unidentified--;
			done(c, ST_ERR, 0x04);
			break;
		}
		memcpy(c->buffer, d->identify, 512);
		data_begin(c, c->buffer, 512, false);
		c->block_left = 512;
		break;
	case 0xa0: packet_ask(c); break;
	case 0xb0: smart_run(c); break;
	case 0x20: case 0xc4: data_command(c, false, false, false); break;
	case 0x24: case 0x29: data_command(c, true, false, false); break;
	case 0x30: case 0xc5: data_command(c, false, false, true); break;
	case 0x34: case 0x39: data_command(c, true, false, true); break;
	case 0xc8: data_command(c, false, true, false); break;
	case 0x25: data_command(c, true, true, false); break;
	case 0xca: data_command(c, false, true, true); break;
	case 0x35: data_command(c, true, true, true); break;
	case 0xc6:
		d->multiple = c->count[0];
		done(c, 0, 0);
		break;
	case 0xe7: case 0xea:
		c->am->flushes++;
		if (!refused(c))
			done(c, 0, 0);
		break;
	default:
		done(c, ST_ERR, 0x04);
	}
}

static bool channel_tick(struct ata_model_channel *c)
{
	if (c->am->lies.stays_busy || c->am->lies.vanish || c->control & 4)
		return false;
	if (c->pending) {
		c->pending = false;
		command_run(c);
		return true;
	}
	if (!c->wait_master || !(c->master_command & 1))
		return false;
	c->wait_master = false;
	if (c->am->lies.early) {
		c->am->lies.early--;
		c->status = ST_DRDY | ST_DRQ;
		interrupt(c);
		return true;
	}
	master_move(c, c->at, c->total);
	done(c, 0, 0);
	return true;
}

static bool model_tick(void *model)
{
	struct ata_model *am = model;
	bool busy = channel_tick(&am->channels[0]);

	return channel_tick(&am->channels[1]) || busy;
}

/* ---- Registers ---- */

static void signature_set(struct ata_model_channel *c)
{
	bool cd = chosen(c)->kind == ATA_MODEL_CD;

	c->count[0] = c->lba[0][0] = 1;
	c->lba[1][0] = cd ? 0x14 : 0;
	c->lba[2][0] = cd ? 0xeb : 0;
}

static void control_write(struct ata_model_channel *c, uint8_t value)
{
	if (value & 4 && !(c->control & 4)) {
		c->am->resets++;
		c->pending = c->wait_master = c->packet_wanted = c->line = false;
		c->at = NULL;
		c->status = ST_BSY;
		for (unsigned int i = 0; i < 2; i++) {
			c->drives[i].multiple = 0;
			c->drives[i].attention = c->drives[i].kind == ATA_MODEL_CD;
		}
		line_update(c->am);
	}
	if (!(value & 4) && c->control & 4) {
		c->status = ST_DRDY;
		c->device = 0;
		signature_set(c);
	}
	c->control = value;
}

static bool after_reset(const struct ata_model_channel *c)
{
	return c->lba[0][0] == 1 && c->count[0] == 1;
}

static void command_write(struct ata_model_channel *c, unsigned int reg, uint8_t value)
{
	static const uint8_t lba_of[] = { 0, 0, 0, 0, 1, 2 };

	switch (reg) {
	case 1: c->feature = value; break;
	case 2: c->count[1] = c->count[0]; c->count[0] = value; break;
	case 3: case 4: case 5:
		c->lba[lba_of[reg]][1] = c->lba[lba_of[reg]][0];
		c->lba[lba_of[reg]][0] = value;
		break;
	case 6:
		c->device = value;
		if (after_reset(c))
			signature_set(c);	/* each drive has its own, until somebody writes */
		break;
	case 7:
		if (chosen(c)->kind == ATA_MODEL_NONE || c->status & ST_BSY)
			break;
		c->am->commands++;
		c->am->last_command = c->command = value;
		c->status = ST_BSY;
		c->pending = true;
	}
}

static uint8_t status_read(struct ata_model_channel *c)
{
	return chosen(c)->kind == ATA_MODEL_NONE ? 0 : c->am->lies.deaf ? ST_BSY : c->status;
}

static uint8_t command_read(struct ata_model_channel *c, unsigned int reg)
{
	switch (reg) {
	case 1: return c->error;
	case 2: return c->count[0];
	case 3: case 4: case 5: return c->lba[reg - 3][0];
	case 6: return c->device;
	case 7:
		c->line = false;
		line_update(c->am);
		return status_read(c);
	}
	return 0xff;
}

/* Which channel, and which register: 0-7 command block, 8 control, 16-23 bus master; -1: none. */
static int port_find(unsigned int bar, uint64_t offset, unsigned int *channel)
{
	*channel = bar == HOST_FIXED ? offset < 0x1f0 || offset == 0x376 : bar == 4 ? offset >= 8 : bar >= 2;
	if (bar == 4)
		return 16 + (int)(offset & 7);
	if (bar == HOST_FIXED)
		return offset == 0x3f6 || offset == 0x376 ? 8 : (int)(offset & 7);
	return bar & 1 ? offset == 2 ? 8 : -1 : (int)(offset & 7);
}

static uint64_t model_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	struct ata_model *am = model;
	unsigned int channel;
	int reg = port_find(bar, offset, &channel);
	struct ata_model_channel *c = &am->channels[channel];

	if (am->lies.vanish || reg < 0)
		return ~0ull;
	if (reg == 0 && size == 2)
		return data_move(c, false, 0);
	if (reg == 8)
		return status_read(c);
	if (reg == 16)
		return c->master_command;
	if (reg == 18)
		return c->master_status;
	return reg < 8 ? command_read(c, (unsigned int)reg) : 0;
}

static void model_write(void *model, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	struct ata_model *am = model;
	unsigned int channel;
	int reg = port_find(bar, offset, &channel);
	struct ata_model_channel *c = &am->channels[channel];

	if (am->lies.vanish || reg < 0)
		return;
	if (reg == 0 && size == 2)
		data_move(c, true, (uint16_t)value);
	else if (reg < 8)
		command_write(c, (unsigned int)reg, (uint8_t)value);
	else if (reg == 8)
		control_write(c, (uint8_t)value);
	else if (reg == 16)
		c->master_status = (uint8_t)((c->master_status & ~1) | (value & 1)), c->master_command = (uint8_t)value;
	else if (reg == 18)
		c->master_status = (uint8_t)((c->master_status & ~(value & 6) & ~0x60) | (value & 0x60));
	else if (reg == 20)
		c->master_table = (uint32_t)value;
}

static uint8_t model_config_read(void *model, uint32_t offset)
{
	struct ata_model *am = model;

	return offset == 9 ? am->setup.native ? 0x85 : 0x80 : 0;
}

const struct host_model_ops ata_model_ops = {
	.read = model_read,
	.write = model_write,
	.config_read = model_config_read,
	.tick = model_tick,
};

/* ---- Life ---- */

static void text_put(uint16_t *words, const char *text, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++) {
		uint8_t ch = *text ? (uint8_t)*text++ : ' ';

		words[i / 2] |= (uint16_t)(ch << (i & 1 ? 0 : 8));
	}
}

static void drive_init(struct ata_model_drive *d, enum ata_model_kind kind, uint32_t sectors)
{
	bool cd = kind == ATA_MODEL_CD;
	uint16_t *w = d->identify;

	d->kind = kind;
	if (kind == ATA_MODEL_NONE)
		return;
	d->block_bytes = cd ? 2048 : 512;
	d->nr_blocks = sectors * 512 / d->block_bytes;
	d->data = host_alloc((size_t)d->nr_blocks * d->block_bytes);
	w[0] = cd ? 0x8580 : 0x0040;
	text_put(w + 10, "MODEL1", 20);
	text_put(w + 27, cd ? "A CD" : "A DISK", 40);
	w[47] = 0x8010;
	w[49] = 0x0300;
	w[60] = (uint16_t)sectors;
	w[83] = 0x7400;
	w[82] = w[85] = 0x0021;
	w[100] = (uint16_t)sectors;
	w[217] = 1;
}

static void places_fill(struct host_setup *host, const struct ata_model_setup *setup)
{
	static const uint16_t fixed[][2] = { { 0x1f0, 8 }, { 0x3f6, 1 }, { 0x170, 8 }, { 0x376, 1 } };

	for (unsigned int i = 0; i < (setup->native ? 0 : setup->isa ? 2 : 4); i++) {
		host->ports[i].first = fixed[i][0];
		host->ports[i].length = fixed[i][1];
	}
	for (unsigned int i = 0; i < 4 && setup->native; i++)
		host->bars[i] = (struct pci_bar){ .length = i & 1 ? 4 : 8, .io = true };
	if (!setup->isa)
		host->bars[4] = (struct pci_bar){ .length = 16, .io = true };
	host->isa_irqs = setup->native ? 0 : setup->isa ? 1 : 2;
	host->intx = setup->native;
}

struct ata_model *ata_model_create(const struct ata_model_setup *setup)
{
	struct ata_model *am = host_alloc(sizeof(*am));
	struct host_setup host = {
		.name = setup->isa ? "isa_ide.0" : "0000:00:01.1", .bus = setup->isa ? FERRY_BUS_ISA : FERRY_BUS_PCI,
		.vendor = 0x8086, .device = 0x7010, .class_code = setup->native ? 0x010185 : 0x010180,
		.memory_limit = setup->memory_limit, .dma_base = 0x10000000, .awaited = setup->awaited,
		.ops = setup->ops ? setup->ops : &ata_model_ops, .model = am,
	};

	if (!am)
		return NULL;
	am->setup = *setup;
	for (unsigned int i = 0; i < 4; i++) {
		am->channels[i / 2].am = am;
		am->channels[i / 2].number = i / 2;
		am->channels[i / 2].status = ST_DRDY;
		drive_init(&am->channels[i / 2].drives[i % 2], setup->drives[i], setup->sectors ? setup->sectors : ATA_MODEL_BLOCKS);
	}
	places_fill(&host, setup);
	am->dev = host_device_create(&host);
	if (am->dev)
		return am;
	ata_model_free(am);
	return NULL;
}

void ata_model_free(struct ata_model *am)
{
	for (unsigned int i = 0; i < 4; i++)
		host_free(am->channels[i / 2].drives[i % 2].data);
	host_free(am);
}

unsigned int ata_model_destroy(struct ata_model *am)
{
	unsigned int problems = host_close(am->dev);

	ata_model_free(am);
	return problems;
}
