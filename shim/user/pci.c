// SPDX-License-Identifier: GPL-2.0
/* User world: the function's configuration space (<driver/pci.h>) through the kernel and its filter. */
#include <driver/pci.h>
#include <lib/string.h>
#include <shim/trace.h>
#include "process.h"

#define PCI_STATUS		0x06
#define PCI_STATUS_CAP_LIST	0x10u
#define PCI_CAP_POINTER		0x34
#define PCI_CAPS_MAX		48

int pci_config_read(struct device *dev, uint32_t offset, uint32_t size, uint32_t *value)
{
	struct ferry_pci_config c = { .abi = ABI(ferry_pci_config), .offset = offset, .width = size };
	int err = (int)driver_call(NR_ferry_pci_config, DEVICE_FD, user_address(&c), 0, 0);

	*value = err ? UINT32_MAX : c.value;
	trace_note(FERRY_TRACE_CONFIG_READ, size, offset, *value);
	return err;
}

int pci_config_write(struct device *dev, uint32_t offset, uint32_t size, uint32_t value)
{
	struct ferry_pci_config c = {
		.abi = ABI(ferry_pci_config), .offset = offset, .width = size, .write = 1, .value = value,
	};

	trace_note(FERRY_TRACE_CONFIG_WRITE, size, offset, value);
	return (int)driver_call(NR_ferry_pci_config, DEVICE_FD, user_address(&c), 0, 0);
}

/* Where the list goes on at pointer @at; 0: it ends, or it points outside. */
static uint8_t cap_next(struct device *dev, uint32_t at)
{
	uint32_t next;

	if (pci_config_read(dev, at, 1, &next))
		return 0;
	next &= 0xfc;
	return next >= 0x40 ? (uint8_t)next : 0;
}

uint8_t pci_find_capability(struct device *dev, uint8_t id, uint8_t previous)
{
	uint32_t status, found;
	uint8_t at;

	if (pci_config_read(dev, PCI_STATUS, 2, &status) || !(status & PCI_STATUS_CAP_LIST))
		return 0;
	at = cap_next(dev, previous ? previous + 1u : PCI_CAP_POINTER);
	for (unsigned int i = 0; at && i < PCI_CAPS_MAX; i++) {
		if (!pci_config_read(dev, at, 1, &found) && found == id)
			return at;
		at = cap_next(dev, at + 1u);
	}
	return 0;
}

int pci_bar_info(struct device *dev, unsigned int index, struct pci_bar *bar)
{
	const struct ferry_bar *b;

	memset(bar, 0, sizeof(*bar));
	if (dev->info.bus != FERRY_BUS_PCI)
		return -ENODEV;
	if (index > 5)
		return -EINVAL;
	b = &dev->info.bars[index];
	bar->length = b->length;
	bar->io = b->flags & FERRY_BAR_IO;
	bar->prefetchable = b->flags & FERRY_BAR_PREFETCHABLE;
	bar->is_64bit = b->flags & FERRY_BAR_64BIT;
	return 0;
}
