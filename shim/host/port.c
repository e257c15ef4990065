// SPDX-License-Identifier: GPL-2.0
/* Port windows of the host world: BAR n's ports begin at 0x1000 * (n + 1), below 0x1000 are the fixed ones. */
#include <driver/port.h>
#include "device.h"

#define BAR_PORTS	0x1000u

int port_map(struct device *dev, unsigned int bar, uint32_t offset, uint32_t length, struct port *win)
{
	const struct pci_bar *info = &dev->setup.bars[bar < HOST_BARS ? bar : 0];

	if (!dev->probing)
		host_misuse(dev, "port_map outside probe");
	if (!(dev->driver->manifest.needs & FERRY_NEEDS_PORTS))
		return -EACCES;
	if (bar >= HOST_BARS || !info->length || !info->io)
		return -EINVAL;
	if (offset >= info->length || info->length > BAR_PORTS)
		return -ERANGE;
	if (!length)
		length = (uint32_t)info->length - offset;
	if (length > info->length - offset)
		return -ERANGE;
	dev->nr_windows++;
	*win = (struct port){ .dev = dev, .first = (uint16_t)(BAR_PORTS * (bar + 1) + offset), .length = (uint16_t)length };
	return 0;
}

int port_map_fixed(struct device *dev, uint16_t first, uint16_t length, struct port *win)
{
	if (!dev->probing)
		host_misuse(dev, "port_map_fixed outside probe");
	if (!(dev->driver->manifest.needs & FERRY_NEEDS_PORTS))
		return -EACCES;
	for (unsigned int i = 0; i < HOST_PORTS; i++) {
		unsigned int start = dev->setup.ports[i].first, end = start + dev->setup.ports[i].length;

		if (!length || first < start || (unsigned int)first + length > end || end > BAR_PORTS)
			continue;
		dev->nr_windows++;
		*win = (struct port){ .dev = dev, .first = first, .length = length };
		return 0;
	}
	return -EACCES;
}

void port_unmap(struct port *win)
{
	if (!win->length) {
		host_misuse(win->dev, "port_unmap of a window that is not mapped");
		return;
	}
	win->dev->nr_windows--;
	win->length = 0;
}

static unsigned int model_bar(unsigned int at)
{
	return at < BAR_PORTS ? HOST_FIXED : at / BAR_PORTS - 1;
}

uint32_t host_port_read(const struct port *win, uint16_t offset, uint32_t size)
{
	const struct host_setup *setup = &win->dev->setup;
	unsigned int at = (unsigned int)win->first + offset;

	if (!setup->ops || !setup->ops->read)
		return ~0u;
	return (uint32_t)setup->ops->read(setup->model, model_bar(at), at % BAR_PORTS, size);
}

void host_port_write(const struct port *win, uint16_t offset, uint32_t size, uint32_t value)
{
	const struct host_setup *setup = &win->dev->setup;
	unsigned int at = (unsigned int)win->first + offset;

	if (setup->ops && setup->ops->write)
		setup->ops->write(setup->model, model_bar(at), at % BAR_PORTS, size, value);
}
