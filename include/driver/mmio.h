/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Register windows in memory space. Every access is checked against the window: bounds, natural alignment and permission. A violation
 * calls device_fault() and reads as all ones; the try_ forms return -ERANGE or -EACCES instead and fault nothing.
 */
#ifndef DRIVER_MMIO_H
#define DRIVER_MMIO_H

#include <driver/device.h>

#define MMIO_READ	0x1u
#define MMIO_WRITE	0x2u

struct mmio {
	struct device *dev;
	volatile uint8_t __iomem *base;	/* the world's own; never dereferenced by a driver */
	uint32_t length;		/* bytes */
	uint32_t perms;			/* MMIO_READ | MMIO_WRITE */
};

/*
 * Map @length bytes at @offset of BAR @bar (0-5), uncached. @length 0: to the end of the BAR. Errors: -EINVAL (no such BAR, not
 * memory), -ERANGE (outside it), -EACCES (not granted, or the range holds the MSI-X table), -ENOMEM. probe only.
 */
int __must_check mmio_map(struct device *dev, unsigned int bar, uint64_t offset, uint64_t length, uint32_t perms, struct mmio *win);

/* Undo mmio_map(); the window is unusable afterwards. Also done for every window when the driver goes. probe, remove. */
void mmio_unmap(struct mmio *win);

#include <shim/mmio.h>	/* mmio_raw_read8..64, mmio_raw_write8..64: this world's way to touch a register */

static inline int mmio_check(const struct mmio *win, uint32_t offset, uint32_t size, uint32_t perm)
{
	if (!(win->perms & perm))
		return -EACCES;
	if (offset % size || offset >= win->length || win->length - offset < size)
		return -ERANGE;
	return 0;
}

#define MMIO_DEFINE(bits)								\
static inline int __must_check mmio_try_read##bits(const struct mmio *win, uint32_t offset, uint##bits##_t *value) \
{											\
	int err = mmio_check(win, offset, bits / 8, MMIO_READ);				\
	*value = err ? (uint##bits##_t)~0ull : mmio_raw_read##bits(win, offset);	\
	return err;									\
}											\
static inline int __must_check mmio_try_write##bits(const struct mmio *win, uint32_t offset, uint##bits##_t value) \
{											\
	int err = mmio_check(win, offset, bits / 8, MMIO_WRITE);			\
	if (!err)									\
		mmio_raw_write##bits(win, offset, value);				\
	return err;									\
}											\
static inline uint##bits##_t mmio_read##bits(const struct mmio *win, uint32_t offset)	\
{											\
	uint##bits##_t value;								\
	if (mmio_try_read##bits(win, offset, &value))					\
		device_fault(win->dev, "mmio read outside its window", offset);	\
	return value;									\
}											\
static inline void mmio_write##bits(const struct mmio *win, uint32_t offset, uint##bits##_t value) \
{											\
	if (mmio_try_write##bits(win, offset, value))					\
		device_fault(win->dev, "mmio write outside its window", offset);	\
}
MMIO_DEFINE(8)
MMIO_DEFINE(16)
MMIO_DEFINE(32)
MMIO_DEFINE(64)
#undef MMIO_DEFINE

/* Read, change and write back: the bits of @clear become 0, then those of @set 1. */
static inline void mmio_update32(const struct mmio *win, uint32_t offset, uint32_t clear, uint32_t set)
{
	mmio_write32(win, offset, (mmio_read32(win, offset) & ~clear) | set);
}

#endif
