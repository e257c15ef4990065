// SPDX-License-Identifier: GPL-2.0
/* Kernel world: register windows (<driver/mmio.h>) over vmap_io(). Never over the pages of an MSI-X table. */
#include <driver/mmio.h>
#include <kernel/device.h>
#include <kernel/pci.h>
#include <mm/vmap.h>

static void mmio_undo(struct device *dev, void *base)
{
	vunmap(base);
}

static int window_check(struct device *dev, unsigned int bar, uint64_t offset, uint64_t *length)
{
	const struct pci_bar_range *range;

	if (!(dev->granted & FERRY_NEEDS_MMIO))
		return -EACCES;
	if (!dev->pci || bar > 5)
		return -EINVAL;
	range = &dev->pci->bars[bar];
	if (!range->length || !range->start || range->io)
		return -EINVAL;
	if (offset >= range->length)
		return -ERANGE;
	if (!*length)
		*length = range->length - offset;
	if (*length > range->length - offset || *length > UINT32_MAX)
		return -ERANGE;
	return pci_range_has_msix(dev->pci, bar, offset, *length) ? -EACCES : 0;
}

int mmio_map(struct device *dev, unsigned int bar, uint64_t offset, uint64_t length, uint32_t perms, struct mmio *win)
{
	int err = window_check(dev, bar, offset, &length);
	void *base;

	memset(win, 0, sizeof(*win));
	win->dev = dev;
	if (err)
		return err;
	if (!(perms & (MMIO_READ | MMIO_WRITE)) || perms & ~(MMIO_READ | MMIO_WRITE))
		return -EINVAL;
	base = vmap_io(dev->pci->bars[bar].start + offset, length);
	if (!base)
		return -ENOMEM;
	err = device_on_release(dev, mmio_undo, base);
	if (err) {
		vunmap(base);
		return err;
	}
	win->base = (volatile uint8_t __iomem __force *)base;
	win->length = (uint32_t)length;
	win->perms = perms;
	return 0;
}

void mmio_unmap(struct mmio *win)
{
	void *base = (void __force *)(uintptr_t)win->base;

	if (!base)
		return;
	win->length = 0;
	win->base = NULL;
	device_release_now(win->dev, mmio_undo, base);
}
