// SPDX-License-Identifier: GPL-2.0
/* Kernel world: a function's configuration space (<driver/pci.h>), writes filtered as for a driver process. */
#include <driver/pci.h>
#include <kernel/device.h>
#include <kernel/pci.h>

static int config_check(const struct device *dev, uint32_t offset, uint32_t size)
{
	if (!dev->pci)
		return -ENODEV;
	if ((size != 1 && size != 2 && size != 4) || offset % size)
		return -EINVAL;
	return offset >= (dev->pci->cap_exp ? 4096u : 256u) ? -ERANGE : 0;
}

int pci_config_read(struct device *dev, uint32_t offset, uint32_t size, uint32_t *value)
{
	int err = config_check(dev, offset, size);

	*value = err ? UINT32_MAX : pci_read(dev->pci, offset, size);
	return err;
}

int pci_config_write(struct device *dev, uint32_t offset, uint32_t size, uint32_t value)
{
	int err = dev->pci ? pci_write_allowed(dev->pci, offset, size) : -ENODEV;

	if (!err)
		pci_write(dev->pci, offset, size, value);
	return err;
}

uint8_t pci_find_capability(struct device *dev, uint8_t id, uint8_t previous)
{
	return dev->pci ? pci_capability(dev->pci, id, previous) : 0;
}

int pci_bar_info(struct device *dev, unsigned int index, struct pci_bar *bar)
{
	const struct pci_bar_range *range;

	memset(bar, 0, sizeof(*bar));
	if (!dev->pci)
		return -ENODEV;
	if (index > 5)
		return -EINVAL;
	range = &dev->pci->bars[index];
	bar->length = range->length;
	bar->io = range->io;
	bar->prefetchable = range->prefetchable;
	bar->is_64bit = range->is_64bit;
	return 0;
}
