/* SPDX-License-Identifier: GPL-2.0 */
/* Devices of the old ISA bus, which reports nothing: a table says where they are. */
#ifndef BUS_ISA_H
#define BUS_ISA_H

#include <kernel/device.h>

#define ISA_IDE_CHANNELS	2u

/* Give @dev, not yet added, the ports of disk channel @channel, and its line when @irq. */
void isa_ide_own(struct device *dev, unsigned int channel, bool irq);

/* Where channel @channel answers: its command block of eight ports; its control port. */
uint16_t isa_ide_command(unsigned int channel);
uint16_t isa_ide_control(unsigned int channel);

#endif
