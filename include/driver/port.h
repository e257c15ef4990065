/* SPDX-License-Identifier: GPL-2.0 */
/* Register windows in I/O port space; the same checks and faults as <driver/mmio.h>. */
#ifndef DRIVER_PORT_H
#define DRIVER_PORT_H

#include <driver/device.h>

struct port {
	struct device *dev;
	uint16_t first;		/* first port of the window */
	uint16_t length;	/* ports */
};

/* Open @length ports at @offset of I/O BAR @bar; @length 0: to its end. Errors as mmio_map(). probe only. */
int __must_check port_map(struct device *dev, unsigned int bar, uint32_t offset, uint32_t length, struct port *win);

/* Open fixed ports named by the device's bus (ISA). -EACCES when they are not this device's. probe only. */
int __must_check port_map_fixed(struct device *dev, uint16_t first, uint16_t length, struct port *win);

/* Undo either. Also done when the driver goes. probe, remove. */
void port_unmap(struct port *win);

#include <shim/port.h>	/* port_raw_in8..32, port_raw_out8..32 (const struct port *, uint16_t offset[, value]) */

static inline int port_check(const struct port *win, uint32_t offset, uint32_t size)
{
	return offset >= win->length || win->length - offset < size ? -ERANGE : 0;
}

#define PORT_DEFINE(bits)								\
static inline uint##bits##_t port_in##bits(const struct port *win, uint16_t offset)	\
{											\
	if (!port_check(win, offset, bits / 8))						\
		return port_raw_in##bits(win, offset);					\
	device_fault(win->dev, "port read outside its window", offset);		\
	return (uint##bits##_t)~0u;							\
}											\
static inline void port_out##bits(const struct port *win, uint16_t offset, uint##bits##_t value) \
{											\
	if (!port_check(win, offset, bits / 8))						\
		port_raw_out##bits(win, offset, value);				\
	else										\
		device_fault(win->dev, "port write outside its window", offset);	\
}
PORT_DEFINE(8)
PORT_DEFINE(16)
PORT_DEFINE(32)
#undef PORT_DEFINE

#endif
