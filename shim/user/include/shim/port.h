/* SPDX-License-Identifier: GPL-2.0 */
/* User world: raw port access by the same instructions as there. Included by <driver/port.h> only, after its checks. */
#ifndef SHIM_PORT_H
#define SHIM_PORT_H

#include <shim/trace.h>

/* For the trace only: PIO would push everything else out of the circle of last operations. */
static inline void port_note(const struct device *dev, enum ferry_trace_op op, uint32_t size, uint32_t where, uint64_t value)
{
	(void)dev;
	if (TRACE_TEST(driver_recording, FERRY_CONTROL_TRACE))
		TRACE_CALL(trace_record, op, size, where, value);
}

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
