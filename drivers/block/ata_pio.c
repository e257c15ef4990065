// SPDX-License-Identifier: GPL-2.0
/* Disks and packet drives of IDE controllers without a bus master, on ISA and PCI: the CPU moves every byte through the data port. */
#include "../ata/ata.h"

static int ata_pio_probe(struct device *dev)
{
	return ata_probe(dev, false);
}

DRIVER(ata_pio) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "ata_pio",
		.version = "1.0",
		.author = "The Ferry authors",
		.description = "IDE controllers without bus mastering",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_PORTS | FERRY_NEEDS_IRQ | FERRY_NEEDS_CPU_DATA | FERRY_NEEDS_CONFIG,
		.match = { { .bus = FERRY_BUS_ISA, .name = "isa_ide" }, ATA_MATCH_IDE(0x00) },
	},
	.probe = ata_pio_probe,
	.remove = ata_remove,
	.irq = ata_irq,
	.timer = ata_timer,
	.block = &ata_block_ops,
};
