/* SPDX-License-Identifier: GPL-2.0 */
/* Raw port access by the CPU's own instructions (kernel and user worlds), and its events. Included by <driver/port.h> only, after its checks. */
#ifndef SHIM_PORT_H
#define SHIM_PORT_H

#include <shim/trace.h>

#define PORT_RAW(bits, suffix)								\
static inline uint##bits##_t port_raw_in##bits(const struct port *win, uint16_t offset)	\
{											\
	uint##bits##_t value;								\
											\
	__asm__ volatile("in" suffix " %1, %0" : "=a"(value) : "Nd"((uint16_t)(win->first + offset))); \
	port_note(win->dev, FERRY_TRACE_PORT_READ, bits / 8, offset, value);			\
	return value;									\
}											\
static inline void port_raw_out##bits(const struct port *win, uint16_t offset, uint##bits##_t value) \
{											\
	port_note(win->dev, FERRY_TRACE_PORT_WRITE, bits / 8, offset, value);			\
	__asm__ volatile("out" suffix " %0, %1" : : "a"(value), "Nd"((uint16_t)(win->first + offset))); \
}
PORT_RAW(8, "b")
PORT_RAW(16, "w")
PORT_RAW(32, "l")
#undef PORT_RAW

#endif
