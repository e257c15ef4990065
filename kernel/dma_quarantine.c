// SPDX-License-Identifier: GPL-2.0
/*
 * DMA memory of a device that nothing could stop: no reset, and no IOMMU between it and memory. What its dead driver told it to do may still
 * be done as soon as the next one switches bus mastering on, so the frames serve that next driver, and nobody else before the
 * device is gone. A device keeps at most what its drivers had at once.
 */
#include <kernel/device.h>
#include <mm/page.h>

static struct spinlock kept_lock = SPINLOCK_INIT("dma_quarantine");

void dma_frames_put(struct device *dev, struct page *page)
{
	uint64_t flags;

	if (!READ_ONCE(dev->unstopped)) {
		page_put(page);
		return;
	}
	flags = spin_lock_irq(&kept_lock);
	list_append(&dev->kept_frames, &page->link);
	spin_unlock_irq(&kept_lock, flags);
}

static struct page *kept_take(struct device *dev, unsigned int order)
{
	uint64_t flags = spin_lock_irq(&kept_lock);
	struct page *page, *found = NULL;

	list_for_each(page, &dev->kept_frames, link) {
		if (page->order != order)
			continue;
		found = page;
		list_del(&page->link);
		break;
	}
	spin_unlock_irq(&kept_lock, flags);
	return found;
}

struct page *dma_frames_get(struct device *dev, unsigned int order)
{
	struct page *page = kept_take(dev, order);

	if (!page)
		return frame_alloc(order, FRAME_ZERO | (dev->dma_bits <= 32 ? FRAME_DMA32 : 0), PAGE_DMA);
	memset(page_addr(page), 0, PAGE_SIZE << order);
	return page;
}

void dma_frames_release(struct device *dev)
{
	struct page *page, *next;

	list_for_each_safe(page, next, &dev->kept_frames, link) {
		list_del(&page->link);
		page_put(page);
	}
}
