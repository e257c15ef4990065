// SPDX-License-Identifier: GPL-2.0
/* What lies where on an AT: the two disk channels, for controllers on ISA and for PCI functions that answer in their place. */
#include "isa.h"

#define COMMAND_PORTS	8
#define CONTROL_PORTS	1

static const struct {
	uint16_t command, control;
	uint8_t irq;
} channels[ISA_IDE_CHANNELS] = {
	{ 0x1f0, 0x3f6, 14 },
	{ 0x170, 0x376, 15 },
};

uint16_t isa_ide_command(unsigned int channel)
{
	return channels[channel].command;
}

uint16_t isa_ide_control(unsigned int channel)
{
	return channels[channel].control;
}

void isa_ide_own(struct device *dev, unsigned int channel, bool irq)
{
	if (channel >= ISA_IDE_CHANNELS || dev->nr_ports + 2 > DEVICE_PORTS_MAX)
		return;
	dev->ports[dev->nr_ports++] = (struct device_ports){ channels[channel].command, COMMAND_PORTS };
	dev->ports[dev->nr_ports++] = (struct device_ports){ channels[channel].control, CONTROL_PORTS };
	if (irq && dev->nr_isa_irqs < DEVICE_ISA_IRQS_MAX)
		dev->isa_irqs[dev->nr_isa_irqs++] = channels[channel].irq;
}
