// SPDX-License-Identifier: GPL-2.0
/*
 * Register windows of the host world. A window's base is no pointer but the BAR's number and offset, which only this file takes apart:
 * a driver that would dereference it crashes at once.
 */
#include <driver/mmio.h>
#include "device.h"

#define BASE_BAR_SHIFT	56

static volatile uint8_t *base_make(unsigned int bar, uint64_t offset)
{
	return (volatile uint8_t *)(uintptr_t)(((uint64_t)bar + 1) << BASE_BAR_SHIFT | offset);
}

static bool holds_msix_table(const struct host_setup *setup, unsigned int bar, uint64_t offset, uint64_t length)
{
	return setup->msix_length && bar == setup->msix_bar && offset < setup->msix_offset + setup->msix_length &&
	       setup->msix_offset < offset + length;
}

int mmio_map(struct device *dev, unsigned int bar, uint64_t offset, uint64_t length, uint32_t perms, struct mmio *win)
{
	const struct pci_bar *info = &dev->setup.bars[bar < HOST_BARS ? bar : 0];

	if (!dev->probing)
		host_misuse(dev, "mmio_map outside probe");
	if (!(dev->driver->manifest.needs & FERRY_NEEDS_MMIO))
		return -EACCES;
	if (bar >= HOST_BARS || !info->length || info->io)
		return -EINVAL;
	if (offset >= info->length)
		return -ERANGE;
	if (!length)
		length = info->length - offset;
	if (length > info->length - offset || length > UINT32_MAX)
		return -ERANGE;
	if (holds_msix_table(&dev->setup, bar, offset, length))
		return -EACCES;
	if (dev->nr_windows == HOST_WINDOWS)
		return -ENOMEM;
	dev->nr_windows++;
	*win = (struct mmio){ .dev = dev, .base = base_make(bar, offset), .length = (uint32_t)length, .perms = perms };
	return 0;
}

void mmio_unmap(struct mmio *win)
{
	if (!win->perms) {
		host_misuse(win->dev, "mmio_unmap of a window that is not mapped");
		return;
	}
	win->dev->nr_windows--;
	win->base = NULL;
	win->length = 0;
	win->perms = 0;
}

static uint64_t window_at(const struct mmio *win, uint32_t offset, unsigned int *bar)
{
	uint64_t base = (uint64_t)(uintptr_t)win->base;

	*bar = (unsigned int)(base >> BASE_BAR_SHIFT) - 1;
	return (base & ((1ull << BASE_BAR_SHIFT) - 1)) + offset;
}

uint64_t host_mmio_read(const struct mmio *win, uint32_t offset, uint32_t size)
{
	const struct host_setup *setup = &win->dev->setup;
	unsigned int bar;
	uint64_t at = window_at(win, offset, &bar);

	return setup->ops && setup->ops->read ? setup->ops->read(setup->model, bar, at, size) : ~0ull;
}

void host_mmio_write(const struct mmio *win, uint32_t offset, uint32_t size, uint64_t value)
{
	const struct host_setup *setup = &win->dev->setup;
	unsigned int bar;
	uint64_t at = window_at(win, offset, &bar);

	if (setup->ops && setup->ops->write)
		setup->ops->write(setup->model, bar, at, size, value);
}
