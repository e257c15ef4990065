/* SPDX-License-Identifier: GPL-2.0 */
/* Ordinary memory of a driver, accounted to its device and freed with it. Not for the device to touch: see <driver/dma.h>. */
#ifndef DRIVER_MEM_H
#define DRIVER_MEM_H

#include <driver/device.h>
#include <lib/string.h>

/* @count * @size zeroed bytes (overflow-checked), or NULL. probe only: the hot path allocates nothing. */
void *mem_alloc(struct device *dev, size_t count, size_t size);

/* Free what mem_alloc() gave; NULL is fine. Everything left is freed when the driver goes. probe, remove. */
void mem_free(struct device *dev, void *memory);

#define MEM_KEEP_MAX	(2ull << 30)

/*
 * @bytes that outlive the driver: if it dies, its successor, in either placement, finds in them what it left. Zeroed for a driver that
 * succeeds nobody, or one that asks for another size. Once; needs FERRY_NEEDS_KEEP. NULL: too much, not granted, or no memory. probe only.
 */
void *mem_keep(struct device *dev, uint64_t bytes);

#endif
