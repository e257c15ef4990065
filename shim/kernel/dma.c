// SPDX-License-Identifier: GPL-2.0
/* Kernel world: memory shared with the device (<driver/dma.h>): contiguous frames of kernel/dma_frames.c. */
#include <driver/dma.h>
#include <kernel/device.h>
#include <mm/page.h>
#include <shim/trace.h>

#define DMA_LENGTH_MAX	((uint32_t)(PAGE_SIZE << FRAME_ORDER_MAX))

static void dma_undo(struct device *dev, void *cpu)
{
	dma_frames_put(dev, page_of(virt_to_phys(cpu)));
}

int dma_alloc(struct device *dev, uint32_t length, uint32_t align, struct dma_buf *buf)
{
	struct page *page;
	int err;

	memset(buf, 0, sizeof(*buf));
	buf->dev = dev;
	if (!(dev->granted & FERRY_NEEDS_DMA))
		return -EACCES;
	if (!length || length > DMA_LENGTH_MAX || align > DMA_LENGTH_MAX || (align & (align - 1)))
		return -EINVAL;
	err = dma_frames_get(dev, MAX(length, align), &page);
	if (err)
		return err;
	err = device_on_release(dev, dma_undo, page_addr(page));
	if (err) {
		dma_undo(dev, page_addr(page));
		return err;
	}
	buf->cpu = (uint8_t __dma __force *)page_addr(page);
	buf->address = page->index;
	buf->length = length;
	trace_note(dev, FERRY_TRACE_DMA_ALLOC, 0, length, buf->address);
	return 0;
}

void dma_free(struct dma_buf *buf)
{
	void *cpu = (void __force *)buf->cpu;

	if (!cpu)
		return;
	trace_note(buf->dev, FERRY_TRACE_DMA_FREE, 0, buf->length, buf->address);
	buf->cpu = NULL;
	buf->length = 0;
	device_release_now(buf->dev, dma_undo, cpu);
}

static bool range_ok(const struct dma_buf *buf, uint32_t offset, uint32_t length)
{
	return offset <= buf->length && buf->length - offset >= length;
}

int dma_copy_out(const struct dma_buf *buf, uint32_t offset, void *to, uint32_t length)
{
	if (!range_ok(buf, offset, length))
		return -ERANGE;
	trace_note(buf->dev, FERRY_TRACE_DMA_READ, 0, offset, length);
	memcpy(to, (const void __force *)(buf->cpu + offset), length);
	return 0;
}

int dma_copy_in(const struct dma_buf *buf, uint32_t offset, const void *from, uint32_t length)
{
	if (!range_ok(buf, offset, length))
		return -ERANGE;
	trace_note(buf->dev, FERRY_TRACE_DMA_WRITE, 0, offset, length);
	memcpy((void __force *)(buf->cpu + offset), from, length);
	return 0;
}
