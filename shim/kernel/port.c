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

int device_ports_check(const struct device *dev, uint32_t first, uint32_t length)
{
	if (!length || first > 0xffff || length > 0x10000 - first)
		return -EINVAL;
	for (unsigned int i = 0; i < dev->nr_ports; i++) {
		const struct device_ports *p = &dev->ports[i];

		if (first >= p->first && first - p->first < p->length && length <= p->length - (first - p->first))
			return 0;
	}
	return -EACCES;
}

int port_map_fixed(struct device *dev, uint16_t first, uint16_t length, struct port *win)
{
	int err;

	memset(win, 0, sizeof(*win));
	win->dev = dev;
	if (!(dev->granted & FERRY_NEEDS_PORTS))
		return -EACCES;
	err = device_ports_check(dev, first, length);
	if (err)
		return err;
	win->first = first;
	win->length = length;
	return 0;
}

void port_unmap(struct port *win)
{
	win->length = 0;
}
