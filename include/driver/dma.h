/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory shared with the device. A driver sees device addresses (IOVA) only, never physical ones; without an IOMMU they may be equal.
 * Accessors check bounds and alignment, convert from little-endian, and happen exactly once each (no tearing, no re-reading).
 */
#ifndef DRIVER_DMA_H
#define DRIVER_DMA_H

#include <driver/device.h>

struct dma_buf {
	struct device *dev;
	uint8_t __dma *cpu;	/* the world's own; never dereferenced by a driver */
	uint64_t address;	/* device address (IOVA) of byte 0 */
	uint32_t length;	/* bytes */
};

/* One piece of a request's data: a device address and its length in bytes. */
struct dma_segment {
	uint64_t address;
	uint32_t length;
	uint32_t reserved;
};

/*
 * Allocate @length zeroed bytes, contiguous for the device and aligned to 4096 (or to @align, a larger power of two). Errors: -EINVAL,
 * -ENOMEM, -EACCES (DMA not granted). The driver's dma_bits are honoured. probe only.
 */
int __must_check dma_alloc(struct device *dev, uint32_t length, uint32_t align, struct dma_buf *buf);

/* Free it; the device must not use it any more. Also done, after the device was stopped, when the driver goes. probe, remove. */
void dma_free(struct dma_buf *buf);

/* Order writes before a doorbell, reads after a status, and both. */
static inline void dma_wmb(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }
static inline void dma_rmb(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
static inline void dma_mb(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

static inline bool dma_check(const struct dma_buf *buf, uint32_t offset, uint32_t size)
{
	if (offset % size == 0 && offset < buf->length && buf->length - offset >= size)
		return true;
	device_fault(buf->dev, "dma memory access outside its buffer", offset);
	return false;
}

#define DMA_DEFINE(bits)								\
static inline uint##bits##_t dma_read##bits(const struct dma_buf *buf, uint32_t offset) \
{											\
	if (!dma_check(buf, offset, bits / 8))						\
		return (uint##bits##_t)~0ull;						\
	return *(const volatile uint##bits##_t __force *)(buf->cpu + offset);		\
}											\
static inline void dma_write##bits(const struct dma_buf *buf, uint32_t offset, uint##bits##_t value) \
{											\
	if (dma_check(buf, offset, bits / 8))						\
		*(volatile uint##bits##_t __force *)(buf->cpu + offset) = value;	\
}
DMA_DEFINE(8)
DMA_DEFINE(16)
DMA_DEFINE(32)
DMA_DEFINE(64)
#undef DMA_DEFINE

/* Copy @length bytes out of or into @buf; -ERANGE and nothing copied when they do not fit. Any context. */
int __must_check dma_copy_out(const struct dma_buf *buf, uint32_t offset, void *to, uint32_t length);
int __must_check dma_copy_in(const struct dma_buf *buf, uint32_t offset, const void *from, uint32_t length);

#endif
