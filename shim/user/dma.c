// SPDX-License-Identifier: GPL-2.0
/* User world: memory shared with the device (<driver/dma.h>): the kernel's frames, mapped here and for the device. */
#include <driver/dma.h>
#include <lib/string.h>
#include <stdlib.h>
#include <shim/trace.h>
#include "process.h"

struct dma_record {
	struct dma_record *next;
	const void *cpu;
	int handle;
};

int dma_alloc(struct device *dev, uint32_t length, uint32_t align, struct dma_buf *buf)
{
	struct ferry_dma_alloc a = { .abi = ABI(ferry_dma_alloc), .length = length, .align = align };
	struct dma_record *r = calloc(1, sizeof(*r));
	int err;

	memset(buf, 0, sizeof(*buf));
	buf->dev = dev;
	if (!r)
		return -ENOMEM;
	err = (int)driver_call(NR_ferry_dma_alloc, DEVICE_FD, user_address(&a), 0, 0);
	trace_note(FERRY_TRACE_DMA_ALLOC, 0, length, err ? (uint64_t)(int64_t)err : a.device_address);
	if (err) {
		free(r);
		return err;
	}
	r->cpu = (const void *)(uintptr_t)a.address;
	r->handle = a.handle;
	r->next = dev->dma;
	dev->dma = r;
	buf->cpu = (uint8_t __dma __force *)(uintptr_t)a.address;
	buf->address = a.device_address;
	buf->length = length;
	return 0;
}

void dma_free(struct dma_buf *buf)
{
	const void *cpu = (const void __force *)buf->cpu;
	struct dma_record **at, *r;

	if (!cpu)
		return;
	trace_note(FERRY_TRACE_DMA_FREE, 0, buf->length, buf->address);
	buf->cpu = NULL;
	buf->length = 0;
	for (at = &buf->dev->dma; (r = *at); at = &r->next) {
		if (r->cpu != cpu)
			continue;
		*at = r->next;
		driver_call(NR_ferry_dma_free, DEVICE_FD, (uint64_t)r->handle, 0, 0);
		free(r);
		return;
	}
}

static bool range_ok(const struct dma_buf *buf, uint32_t offset, uint32_t length)
{
	return offset <= buf->length && buf->length - offset >= length;
}

int dma_copy_out(const struct dma_buf *buf, uint32_t offset, void *to, uint32_t length)
{
	if (!range_ok(buf, offset, length))
		return -ERANGE;
	trace_only(FERRY_TRACE_DMA_READ, 0, offset, length);
	memcpy(to, (const void __force *)(buf->cpu + offset), length);
	return 0;
}

int dma_copy_in(const struct dma_buf *buf, uint32_t offset, const void *from, uint32_t length)
{
	if (!range_ok(buf, offset, length))
		return -ERANGE;
	trace_only(FERRY_TRACE_DMA_WRITE, 0, offset, length);
	memcpy((void __force *)(buf->cpu + offset), from, length);
	return 0;
}
