/* SPDX-License-Identifier: GPL-2.0 */
/* Raw register access on the developer's machine: each one is a call to the device's model. Included by <driver/mmio.h> only. */
#ifndef SHIM_MMIO_H
#define SHIM_MMIO_H

uint64_t host_mmio_read(const struct mmio *win, uint32_t offset, uint32_t size);
void host_mmio_write(const struct mmio *win, uint32_t offset, uint32_t size, uint64_t value);

#define MMIO_RAW(bits)									\
static inline uint##bits##_t mmio_raw_read##bits(const struct mmio *win, uint32_t offset) \
{											\
	return (uint##bits##_t)host_mmio_read(win, offset, bits / 8);			\
}											\
static inline void mmio_raw_write##bits(const struct mmio *win, uint32_t offset, uint##bits##_t value) \
{											\
	host_mmio_write(win, offset, bits / 8, value);					\
}
MMIO_RAW(8)
MMIO_RAW(16)
MMIO_RAW(32)
MMIO_RAW(64)
#undef MMIO_RAW

#endif
