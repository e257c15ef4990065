/* SPDX-License-Identifier: GPL-2.0 */
/* Raw register access in the kernel: the window is mapped memory. Included by <driver/mmio.h> only, after its checks. */
#ifndef SHIM_MMIO_H
#define SHIM_MMIO_H

#include <shim/trace.h>

#define MMIO_RAW(bits)									\
static inline uint##bits##_t mmio_raw_read##bits(const struct mmio *win, uint32_t offset) \
{											\
	uint##bits##_t value = *(const volatile uint##bits##_t __force *)(win->base + offset); \
											\
	trace_note(win->dev, FERRY_TRACE_MMIO_READ, bits / 8, offset, value);		\
	return value;									\
}											\
static inline void mmio_raw_write##bits(const struct mmio *win, uint32_t offset, uint##bits##_t value) \
{											\
	trace_note(win->dev, FERRY_TRACE_MMIO_WRITE, bits / 8, offset, value);		\
	*(volatile uint##bits##_t __force *)(win->base + offset) = value;		\
}
MMIO_RAW(8)
MMIO_RAW(16)
MMIO_RAW(32)
MMIO_RAW(64)
#undef MMIO_RAW

#endif
