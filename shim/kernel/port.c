// SPDX-License-Identifier: GPL-2.0
/* Kernel world: port windows (<driver/port.h>). The kernel may use every port, so a window is only its bounds. */
#include <driver/port.h>
#include <kernel/device.h>
#include <kernel/pci.h>

int port_map(struct device *dev, unsigned int bar, uint32_t offset, uint32_t length, struct port *win)
{
	const struct pci_bar_range *range;

	memset(win, 0, sizeof(*win));
	win->dev = dev;
	if (!(dev->granted & FERRY_NEEDS_PORTS))
		return -EACCES;
	if (!dev->pci || bar > 5)
		return -EINVAL;
	range = &dev->pci->bars[bar];
	if (!range->length || !range->start || !range->io)
		return -EINVAL;
	if (offset >= range->length)
		return -ERANGE;
	if (!length)
		length = (uint32_t)(range->length - offset);
	if (length > range->length - offset || range->start + offset + length > 0x10000)
		return -ERANGE;
	win->first = (uint16_t)(range->start + offset);
	win->length = (uint16_t)MIN(length, 0xffffu);
	return 0;
}

/* No bus reports fixed ports yet, so no port is anybody's. */
int port_map_fixed(struct device *dev, uint16_t first, uint16_t length, struct port *win)
{
	memset(win, 0, sizeof(*win));
	win->dev = dev;
	return -EACCES;
}

void port_unmap(struct port *win)
{
	win->length = 0;
}
