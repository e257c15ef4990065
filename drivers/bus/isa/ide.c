// SPDX-License-Identifier: GPL-2.0
/*
 * Looks for disk controllers on ISA: "isa_ide.0" and "isa_ide.1", each one channel. The ports of a channel are touched only when no PCI
 * function has them, and a device is made only when something answers: an empty bus floats and reads all ones, and a register of a
 * controller keeps what was written (ATA8-APT section 5: LBA Low may be written while the channel is idle). Runs after PCI (link order).
 */
#include <asm/io.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/pci.h>
#include <lib/format.h>
#include "isa.h"

#define REG_LBA_LOW	3
#define REG_STATUS	7
#define FLOATING	0xff

struct claim {
	uint16_t command, control;
	bool taken;
};

static bool range_holds(uint64_t first, uint64_t length, uint16_t port, uint16_t ports)
{
	return first < (uint64_t)port + ports && port < first + length;
}

/* Has this device the ports, as legacy ports or in a BAR? */
static bool claim_check(struct device *dev, void *arg)
{
	struct claim *c = arg;

	for (unsigned int i = 0; i < dev->nr_ports; i++)
		c->taken |= range_holds(dev->ports[i].first, dev->ports[i].length, c->command, 8);
	for (unsigned int i = 0; dev->pci && i < 6; i++) {
		const struct pci_bar_range *b = &dev->pci->bars[i];

		if (b->io && b->start)
			c->taken |= range_holds(b->start, b->length, c->command, 8) || range_holds(b->start, b->length, c->control, 1);
	}
	return !c->taken;
}

static bool register_holds(uint16_t port, uint8_t value)
{
	out8(port, value);
	return in8(port) == value;
}

/* Only a channel whose status reads all ones is left unwritten; one without drives may not keep what is written, and is of no use. */
static bool channel_answers(const struct claim *c)
{
	uint16_t low = (uint16_t)(c->command + REG_LBA_LOW);

	if (in8(c->command + REG_STATUS) == FLOATING && in8(c->control) == FLOATING)
		return false;
	return register_holds(low, 0x55) && register_holds(low, 0xaa);
}

static int isa_ide_init(void)
{
	for (unsigned int i = 0; i < ISA_IDE_CHANNELS; i++) {
		struct claim c = { .command = isa_ide_command(i), .control = isa_ide_control(i) };
		struct device *dev;

		device_for_each(claim_check, &c);
		if (c.taken || !channel_answers(&c))
			continue;
		dev = device_create();
		if (!dev)
			return -ENOMEM;
		dev->bus = FERRY_BUS_ISA;
		format_text(dev->name, sizeof(dev->name), "isa_ide.%u", i);
		isa_ide_own(dev, i, true);
		log_info("isa: disk controller at ports 0x%x and 0x%x", c.command, c.control);
		device_add(dev);
	}
	return 0;
}
INITCALL("3bus", isa_ide_init);
