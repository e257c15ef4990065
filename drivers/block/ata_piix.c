// SPDX-License-Identifier: GPL-2.0
/* Disks and packet drives of PCI IDE controllers with a bus master, such as Intel's PIIX: data by DMA, never through the CPU. */
#include "../ata/ata.h"

static int ata_piix_probe(struct device *dev)
{
	return ata_probe(dev, true);
}

DRIVER(ata_piix) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "ata_piix",
		.version = "1.0",
		.author = "The Ferry authors",
		.description = "PCI IDE controllers with bus-master DMA",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_PORTS | FERRY_NEEDS_IRQ | FERRY_NEEDS_DMA | FERRY_NEEDS_CONFIG,
		.dma_bits = 32,
		.match = { ATA_MATCH_IDE(0x80) },
	},
	.probe = ata_piix_probe,
	.remove = ata_remove,
	.irq = ata_irq,
	.timer = ata_timer,
	.block = &ata_block_ops,
};
