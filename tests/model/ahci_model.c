// SPDX-License-Identifier: GPL-2.0
/* The controller of the AHCI model: registers, slots, FISes and interrupts (AHCI 1.3.1). */
#include <string.h>
#include "ahci_model.h"

#define NAME		"0000:00:1f.2"
#define BAR		5
#define CR		BIT(15)
#define FR		BIT(14)
#define ST		BIT(0)
#define FRE		BIT(4)
#define BUSY		0x80u
#define ERROR		0x01u
#define READY		0x50u
#define LINK_CAUSES	(BIT(6) | BIT(22))
#define SIG_DISK	0x101u
#define SIG_PACKET	0xeb140101u
#define SIG_NONE	0xffffffffu

static const struct ahci_disk_setup *disk_of(const struct ahci_model *am, unsigned int port)
{
	return &am->setup.disks[port];
}

/* ---- Interrupts ---- */

static void irq_update(struct ahci_model *am)
{
	uint32_t before = am->is;
	bool on;

	for (unsigned int i = 0; i < am->setup.nr_ports; i++) {
		if (am->ports[i].is & am->ports[i].ie)
			am->is |= BIT(i);
	}
	on = am->is && am->ghc & BIT(1) && !am->lies.no_interrupts;
	if (am->irq_kind != IRQ_KIND_MSIX)
		host_irq_level(am->dev, on);
	else if (on && am->is != before)
		host_irq_raise(am->dev, 0);
}

static void cause(struct ahci_model *am, unsigned int port, uint32_t bits)
{
	am->ports[port].is |= bits;
	irq_update(am);
}

/* ---- FISes ---- */

static void fis_post(struct ahci_model *am, unsigned int port, uint32_t offset, uint32_t dword0)
{
	struct ahci_model_port *p = &am->ports[port];
	uint32_t fis[5] = { dword0 };

	if (p->cmd & FRE && host_dma_write(am->dev, p->fb + offset, fis, sizeof(fis)))
		am->confused++;
}

static void register_fis(struct ahci_model *am, unsigned int port, uint32_t status)
{
	am->ports[port].tfd = status;
	fis_post(am, port, 0x40, 0x34 | 0x4000 | (status & 0xff) << 16 | (status & 0xff00) << 16);
	cause(am, port, BIT(0));
}

static void device_bits_fis(struct ahci_model *am, unsigned int port, uint32_t status)
{
	am->ports[port].tfd = status;
	fis_post(am, port, 0x58, 0xa1 | 0x4000 | (status & 0x77) << 16 | (status & 0xff00) << 16);
	cause(am, port, BIT(3));
}

/* ---- Resets ---- */

static void device_greets(struct ahci_model *am, unsigned int port)
{
	struct ahci_model_port *p = &am->ports[port];

	if (!p->link) {
		p->tfd = 0x7f;
		p->sig = SIG_NONE;
		return;
	}
	p->sig = am->lies.signature ? am->lies.signature : disk_of(am, port)->packet ? SIG_PACKET : SIG_DISK;
	p->tfd = am->lies.always_busy ? BUSY : 0x100 | READY;
	p->unit_attention = disk_of(am, port)->packet ? 2 : 0;
	if (p->cmd & FRE)
		fis_post(am, port, 0x40, 0x34 | 0x500000 | 0x01000000);
}

static void port_reset(struct ahci_model *am, unsigned int port)
{
	struct ahci_model_port *p = &am->ports[port];

	p->resets++;
	p->halted = false;
	p->serr |= 0x04050000;
	if (!am->lies.keeps_commands)
		p->ci = p->sact = 0;
	p->accepted = 0;
	device_greets(am, port);
	if (p->link)
		p->is |= LINK_CAUSES;
}

static void controller_reset(struct ahci_model *am)
{
	am->resets++;
	am->is = 0;
	am->ghc = BIT(31);
	for (unsigned int i = 0; i < AHCI_MODEL_PORTS; i++) {
		struct ahci_model_port *p = &am->ports[i];

		p->is = p->ie = p->ci = p->sact = p->sctl = p->serr = p->accepted = 0;
		p->cmd = 0;
		p->tfd = 0x7f;
		p->sig = SIG_NONE;
	}
	host_irq_level(am->dev, false);
}

void ahci_model_plug(struct ahci_model *am, unsigned int port, bool in)
{
	struct ahci_model_port *p = &am->ports[port];

	p->link = in;
	if (in && !p->data)
		p->data = host_alloc((disk_of(am, port)->sectors + 1ul) * disk_of(am, port)->logical_bytes);
	device_greets(am, port);
	p->serr |= 0x04010000;
	cause(am, port, LINK_CAUSES);
}

void ahci_model_spurious(struct ahci_model *am)
{
	if (am->irq_kind == IRQ_KIND_MSIX)
		host_irq_raise(am->dev, 0);
	am->is |= BIT(0);	/* a port's bit without a cause in the port */
	irq_update(am);
}

/* ---- Commands ---- */

static bool command_fetch(struct ahci_model *am, unsigned int port, struct ahci_model_command *c)
{
	uint32_t header[8];

	if (host_dma_read(am->dev, am->ports[port].clb + c->slot * 32, header, sizeof(header)))
		return false;
	c->header = header[0];
	c->nr_prds = header[0] >> 16;
	c->table = header[2] | (uint64_t)header[3] << 32;
	if ((c->header & 0x1f) != 5)
		return false;
	return !host_dma_read(am->dev, c->table, c->fis, sizeof(c->fis)) && c->fis[0] == 0x27 && c->fis[1] & 0x80 &&
	       (!(c->header & BIT(5)) || !host_dma_read(am->dev, c->table + 0x40, c->packet, sizeof(c->packet)));
}

static void command_fail(struct ahci_model *am, unsigned int port, bool queued, uint32_t cause_bit)
{
	struct ahci_model_port *p = &am->ports[port];

	p->halted = true;
	p->serr |= BIT(1);
	if (queued)
		device_bits_fis(am, port, 0x4000 | READY | ERROR);
	else
		register_fis(am, port, 0x4000 | READY | ERROR);
	cause(am, port, cause_bit);
}

static void command_end(struct ahci_model *am, unsigned int port, const struct ahci_model_command *c, bool queued)
{
	struct ahci_model_port *p = &am->ports[port];

	p->ci &= ~BIT(c->slot);
	if (queued) {
		p->sact &= ~BIT(c->slot);
		device_bits_fis(am, port, READY);
		return;
	}
	if (host_dma_write(am->dev, p->clb + c->slot * 32 + 4, &c->moved, 4))
		am->confused++;
	register_fis(am, port, READY);
}

static void command_run(struct ahci_model *am, unsigned int port, unsigned int slot)
{
	struct ahci_model_port *p = &am->ports[port];
	struct ahci_model_command c = { .slot = slot };
	bool queued;

	if (!command_fetch(am, port, &c)) {
		if (!am->lies.keeps_commands)
			am->confused++;
		p->ci &= ~BIT(slot);
		p->sact &= ~BIT(slot);
		return;
	}
	queued = c.fis[2] == 0x60 || c.fis[2] == 0x61;
	p->commands++;
	p->queued += queued;
	if (am->lies.interface_errors) {
		am->lies.interface_errors--;
		command_fail(am, port, queued, BIT(27));
	} else if (am->lies.errors) {
		am->lies.errors--;
		command_fail(am, port, queued, BIT(30));
	} else if (ahci_disk_command(am, port, &c) == AHCI_FAILED) {
		command_fail(am, port, queued, BIT(30));
	} else {
		command_end(am, port, &c, queued);
	}
}

static void port_work(struct ahci_model *am, unsigned int port)
{
	struct ahci_model_port *p = &am->ports[port];
	unsigned int at_once = 0;

	for (unsigned int i = 0; i < 32; i++)
		at_once += p->ci >> i & 1;
	if (at_once > am->most_at_once)
		am->most_at_once = at_once;
	for (unsigned int i = 0; i < 32 && !p->halted && p->cmd & CR; i++) {
		unsigned int slot = am->reverse ? 31 - i : i;

		if (p->ci & BIT(slot))
			command_run(am, port, slot);
	}
}

/* ---- Registers ---- */

static uint32_t capabilities(const struct ahci_model *am)
{
	return (am->setup.nr_ports - 1) | (am->setup.nr_slots - 1) << 8 | (am->setup.no_ncq ? 0 : BIT(30)) |
	       (am->setup.no_64bit ? 0 : BIT(31));
}

static uint32_t hba_get(const struct ahci_model *am, uint64_t offset)
{
	switch (offset) {
	case 0x00: return capabilities(am);
	case 0x04: return am->ghc;
	case 0x08: return am->is;
	case 0x0c: return am->setup.nr_ports >= 32 ? ~0u : BIT(am->setup.nr_ports) - 1;
	case 0x10: return 0x10301;
	case 0x24: return am->setup.handoff ? 1 : 0;
	case 0x28: return am->bohc;
	}
	return 0;
}

static uint32_t port_get(const struct ahci_model *am, unsigned int port, uint64_t reg)
{
	const struct ahci_model_port *p = &am->ports[port];
	uint32_t noise = am->lies.sact_noise ? 0xf0000000u : 0;

	switch (reg) {
	case 0x00: return (uint32_t)p->clb;
	case 0x08: return (uint32_t)p->fb;
	case 0x10: return p->is;
	case 0x14: return p->ie;
	case 0x18: return p->cmd;
	case 0x20: return p->tfd;
	case 0x24: return p->sig;
	case 0x28: return p->link && (p->sctl & 0xf) != 1 ? 0x113 : 0;
	case 0x2c: return p->sctl;
	case 0x30: return p->serr;
	case 0x34: return p->sact | noise;
	case 0x38: return p->ci | noise;
	}
	return 0;
}

static uint64_t model_read(void *model, unsigned int bar, uint64_t offset, unsigned int size)
{
	struct ahci_model *am = model;
	unsigned int port = (unsigned int)((offset - 0x100) / 0x80);

	if (am->lies.vanish)
		return ~0ull;
	if (bar != BAR || size != 4) {
		am->confused++;
		return 0;
	}
	if (offset < 0x100)
		return hba_get(am, offset);
	return port < AHCI_MODEL_PORTS ? port_get(am, port, (offset - 0x100) % 0x80) : 0;
}

static void bohc_put(struct ahci_model *am, uint32_t value)
{
	if (value & 2 && !am->lies.firmware_keeps)
		am->bohc = 2;
}

static void hba_put(struct ahci_model *am, uint64_t offset, uint32_t value)
{
	if (offset == 0x04) {
		if (value & BIT(1) && !(am->ghc & BIT(1)) && am->is && am->irq_kind == IRQ_KIND_MSIX)
			host_irq_raise(am->dev, 0);
		am->ghc = value & (BIT(31) | BIT(1) | BIT(0));
		if (value & BIT(0) && !am->lies.never_resets)
			controller_reset(am);
	} else if (offset == 0x08) {
		am->is &= ~value;
	} else if (offset == 0x28) {
		bohc_put(am, value);
	}
	irq_update(am);
}

/* Starting needs a device that is ready; a stop forgets the commands (section 3.3.14). */
static void cmd_put(struct ahci_model *am, unsigned int port, uint32_t value)
{
	struct ahci_model_port *p = &am->ports[port];
	uint32_t keep = p->cmd & (CR | FR);

	if (value & ST && !(p->cmd & ST)) {
		am->confused += !(value & FRE) || p->tfd & 0x88;
		keep |= CR;
		p->halted = false;
	}
	if (!(value & ST) && !am->lies.engine_sticks) {
		keep &= ~CR;
		if (!am->lies.keeps_commands)
			p->ci = p->sact = 0;
	}
	keep = value & FRE ? keep | FR : keep & ~FR;
	p->cmd = (value & ~(CR | FR)) | keep;
}

static void sctl_put(struct ahci_model *am, unsigned int port, uint32_t value)
{
	struct ahci_model_port *p = &am->ports[port];
	bool was = (p->sctl & 0xf) == 1, now = (value & 0xf) == 1;

	p->sctl = value;
	if (was && !now)
		port_reset(am, port);
}

static void slots_put(struct ahci_model *am, unsigned int port, bool ci, uint32_t value)
{
	struct ahci_model_port *p = &am->ports[port];

	am->confused += !(p->cmd & ST);
	if (ci)
		p->ci |= value;
	else
		p->sact |= value;
}

static void address_put(uint64_t *address, bool high, uint32_t value)
{
	*address = high ? (uint32_t)*address | (uint64_t)value << 32 : (*address & ~0xffffffffull) | value;
}

static void port_put(struct ahci_model *am, unsigned int port, uint64_t reg, uint32_t value)
{
	struct ahci_model_port *p = &am->ports[port];

	switch (reg) {
	case 0x00: case 0x04: address_put(&p->clb, reg & 4, value); break;
	case 0x08: case 0x0c: address_put(&p->fb, reg & 4, value); break;
	case 0x10: p->is &= ~value; break;
	case 0x14: p->ie = value; break;
	case 0x18: cmd_put(am, port, value); break;
	case 0x2c: sctl_put(am, port, value); break;
	case 0x30: p->serr &= ~value; break;
	case 0x34: slots_put(am, port, false, value); break;
	case 0x38: slots_put(am, port, true, value); break;
	}
	irq_update(am);
}

static void model_write(void *model, unsigned int bar, uint64_t offset, unsigned int size, uint64_t value)
{
	struct ahci_model *am = model;
	unsigned int port = (unsigned int)((offset - 0x100) / 0x80);

	if (am->lies.vanish || bar != BAR)
		return;
	am->confused += size != 4;
	if (offset < 0x100)
		hba_put(am, offset, (uint32_t)value);
	else if (port < AHCI_MODEL_PORTS)
		port_put(am, port, (offset - 0x100) % 0x80, (uint32_t)value);
}

static void model_irq_mode(void *model, enum irq_kind kind, unsigned int nr)
{
	(void)nr;
	((struct ahci_model *)model)->irq_kind = kind;
}

static bool model_tick(void *model)
{
	struct ahci_model *am = model;
	bool busy = false;

	if (am->lies.vanish || am->lies.stalls || am->hold)
		return false;
	for (unsigned int i = 0; i < AHCI_MODEL_PORTS; i++) {
		struct ahci_model_port *p = &am->ports[i];

		if (!p->ci || p->halted || !(p->cmd & CR) || !p->link)
			continue;
		port_work(am, i);
		busy = true;
	}
	return busy;
}

const struct host_model_ops ahci_model_ops = {
	.read = model_read,
	.write = model_write,
	.irq_mode = model_irq_mode,
	.tick = model_tick,
};

struct ahci_model_setup ahci_model_default(void)
{
	return (struct ahci_model_setup){
		.nr_ports = 4, .nr_slots = 32, .msix_vectors = 1,
		.disks[0] = { .present = true, .trim = true, .sectors = 4096, .logical_bytes = 512, .queue_depth = 32,
			      .serial = "FERRY-0001", .model = "MODEL DISK" },
	};
}

struct ahci_model *ahci_model_create(const struct ahci_model_setup *setup)
{
	struct ahci_model *am = host_alloc(sizeof(*am));
	struct host_setup host = {
		.name = NAME, .bus = FERRY_BUS_PCI, .vendor = 0x8086, .device = 0x2922, .class_code = 0x010601,
		.msix_vectors = setup->msix_vectors, .intx = true, .nr_cpus = 1, .ops = setup->ops ? setup->ops : &ahci_model_ops,
		.memory_limit = setup->memory_limit, .dma_base = setup->dma_base, .model = am,
	};

	am->setup = *setup;
	am->bohc = setup->handoff ? 1 : 0;
	host.bars[BAR] = (struct pci_bar){ .length = setup->bar_length ? setup->bar_length : 0x100 + 0x80 * setup->nr_ports };
	memcpy(host.params, setup->params, sizeof(host.params));
	am->dev = host_device_create(&host);
	if (!am->dev) {
		host_free(am);
		return NULL;
	}
	for (unsigned int i = 0; i < AHCI_MODEL_PORTS; i++) {
		am->ports[i].link = setup->disks[i].present;
		if (setup->disks[i].present)
			am->ports[i].data = host_alloc((setup->disks[i].sectors + 1ul) * setup->disks[i].logical_bytes);
	}
	controller_reset(am);
	am->resets = 0;
	return am;
}

unsigned int ahci_model_destroy(struct ahci_model *am)
{
	unsigned int problems = host_close(am->dev) + am->confused;

	for (unsigned int i = 0; i < AHCI_MODEL_PORTS; i++)
		host_free(am->ports[i].data);
	host_free(am);
	return problems;
}
