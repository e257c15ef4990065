// SPDX-License-Identifier: GPL-2.0
/*
 * May a driver have this part of a BAR? Mappings are of whole pages, so whole pages must be its device's, and none may hold the MSI-X table
 * or the pending bits: who writes there chooses the messages that its device sends (Documentation/iommu.md).
 */
#include <kernel/device.h>
#include <kernel/pci.h>
#include "window.h"

/* Has another device registers in these pages? */
static bool claim_check(struct device *dev, void *arg)
{
	struct page_claim *c = arg;

	for (unsigned int i = 0; dev->pci && dev != c->dev && i < 6; i++) {
		const struct pci_bar_range *b = &dev->pci->bars[i];

		if (b->length && b->start && !b->io && b->start < c->end && c->start < b->start + b->length)
			c->shared = true;
	}
	return !c->shared;
}

/* An own BAR that shares the pages may hold the MSI-X table there. */
static bool own_msix_inside(const struct pci_function *f, paddr_t start, paddr_t end)
{
	for (unsigned int i = 0; i < 6; i++) {
		const struct pci_bar_range *b = &f->bars[i];
		paddr_t from = MAX(start, b->start), to = MIN(end, b->start + b->length);

		if (b->length && b->start && !b->io && from < to && pci_range_has_msix(f, i, from - b->start, to - from))
			return true;
	}
	return false;
}

int window_check(struct device *dev, struct ferry_mmio_map *map, struct page_claim *claim)
{
	const struct pci_bar_range *b;

	if (!dev->pci || map->bar > 5 || !map->perms || map->perms & ~3u)
		return -EINVAL;
	b = &dev->pci->bars[map->bar];
	if (!b->length || !b->start || b->io)
		return -EINVAL;
	if (map->offset >= b->length)
		return -ERANGE;
	if (!map->length)
		map->length = b->length - map->offset;
	if (map->length > b->length - map->offset || map->length > UINT32_MAX)
		return -ERANGE;
	claim->dev = dev;
	claim->shared = false;
	claim->start = ALIGN_DOWN(b->start + map->offset, PAGE_SIZE);
	claim->end = ALIGN_UP(b->start + map->offset + map->length, PAGE_SIZE);
	if (pci_range_has_msix(dev->pci, map->bar, map->offset, map->length) || own_msix_inside(dev->pci, claim->start, claim->end))
		return -EACCES;
	device_for_each(claim_check, claim);
	return claim->shared ? -EACCES : 0;
}
