/* SPDX-License-Identifier: GPL-2.0 */
/* Raw port access on the developer's machine: each one is a call to the device's model. Included by <driver/port.h> only. */
#ifndef SHIM_PORT_H
#define SHIM_PORT_H

uint32_t host_port_read(const struct port *win, uint16_t offset, uint32_t size);
void host_port_write(const struct port *win, uint16_t offset, uint32_t size, uint32_t value);

#define PORT_RAW(bits)									\
static inline uint##bits##_t port_raw_in##bits(const struct port *win, uint16_t offset)	\
{											\
	return (uint##bits##_t)host_port_read(win, offset, bits / 8);			\
}											\
static inline void port_raw_out##bits(const struct port *win, uint16_t offset, uint##bits##_t value) \
{											\
	host_port_write(win, offset, bits / 8, value);					\
}
PORT_RAW(8)
PORT_RAW(16)
PORT_RAW(32)
#undef PORT_RAW

#endif
