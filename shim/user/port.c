// SPDX-License-Identifier: GPL-2.0
/* User world: port windows (<driver/port.h>). The kernel opens the ports in this thread's I/O permission bitmap. */
#include <driver/port.h>
#include <lib/string.h>
#include <shim/trace.h>
#include "process.h"

static int port_open(struct device *dev, unsigned int bar, uint32_t offset, uint32_t length, struct port *win)
{
	struct ferry_port_map map = { .abi = ABI(ferry_port_map), .bar = bar, .offset = offset, .length = length };
	int err = (int)driver_call(NR_ferry_port_map, DEVICE_FD, user_address(&map), 0, 0);

	trace_note(FERRY_TRACE_PORT_MAP, 0, bar, offset);
	memset(win, 0, sizeof(*win));
	win->dev = dev;
	if (err)
		return err;
	win->first = (uint16_t)map.first;
	win->length = (uint16_t)(map.length > 0xffff ? 0xffff : map.length);
	return 0;
}

int port_map(struct device *dev, unsigned int bar, uint32_t offset, uint32_t length, struct port *win)
{
	return port_open(dev, bar, offset, length, win);
}

int port_map_fixed(struct device *dev, uint16_t first, uint16_t length, struct port *win)
{
	return port_open(dev, FERRY_PORT_FIXED, first, length, win);
}

/* The ports stay open in the bitmap until the process ends; the window's bounds are what checks an access. */
void port_unmap(struct port *win)
{
	win->length = 0;
}
