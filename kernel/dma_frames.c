// SPDX-License-Identifier: GPL-2.0
/*
 * Frames for the DMA memory of a device's drivers, in either placement: contiguous, charged to the device's budget, mapped for it. What a
 * driver that died had is kept for its successor, at the same device addresses and mapped as before: the device was reset and its domain
 * blocked, and nobody has to find, map and flush while requests wait. The successor gets them cleared; what it has not taken when it runs
 * goes back.
 *
 * A device that nothing could stop (no reset, and no IOMMU between it and memory) keeps its frames until it is gone: what its dead driver told
 * it to do may still be done as soon as the next one switches bus mastering on. kept_lock guards the lists.
 */
#include <asm/page_ops.h>
#include <kernel/device.h>
#include <mm/page.h>

static struct spinlock kept_lock = SPINLOCK_INIT("dma_frames");

static unsigned int order_for(uint32_t bytes)
{
	unsigned int order = 0;

	while ((PAGE_SIZE << order) < bytes)
		order++;
	return order;
}

static uint64_t nr_pages(const struct page *page)
{
	return 1ull << page->order;
}

static bool in_reach(const struct device *dev, const struct page *page)
{
	return dev->dma_bits >= 64 || (page_paddr(page) + nr_pages(page) * PAGE_SIZE - 1) >> dev->dma_bits == 0;
}

static struct page *kept_take(struct device *dev, unsigned int order)
{
	uint64_t flags = spin_lock_irq(&kept_lock);
	struct page *page, *found = NULL;

	list_for_each(page, &dev->kept_frames, link) {
		if (page->order != order || !in_reach(dev, page))
			continue;
		found = page;
		list_del(&page->link);
		break;
	}
	spin_unlock_irq(&kept_lock, flags);
	return found;
}

static void frames_free(struct device *dev, struct page *page)
{
	dma_unmap_frames(dev, page->index, nr_pages(page) * PAGE_SIZE);
	page_put(page);
}

static struct page *frames_make(struct device *dev, unsigned int order, int *err)
{
	struct page *page = frame_alloc(order, FRAME_ZERO | (dev->dma_bits <= 32 ? FRAME_DMA32 : 0), PAGE_DMA);

	*err = page ? dma_map_frames(dev, page_paddr(page), PAGE_SIZE << order, &page->index) : -ENOMEM;
	if (!*err)
		return page;
	if (page)
		page_put(page);
	return NULL;
}

int dma_frames_get(struct device *dev, uint32_t bytes, struct page **frames)
{
	unsigned int order = order_for(bytes);
	int err = budget_charge(dev, FERRY_BUDGET_DMA, 1ull << order);

	if (err)
		return err;
	*frames = kept_take(dev, order);
	if (*frames)
		page_clear(page_addr(*frames), PAGE_SIZE << order);
	else
		*frames = frames_make(dev, order, &err);
	if (err)
		budget_uncharge(dev, FERRY_BUDGET_DMA, 1ull << order);
	return err;
}

/* Somebody else's reference would see what the successor writes: such frames go back with it. */
static bool are_kept(const struct device *dev, const struct page *page)
{
	return READ_ONCE(dev->unstopped) || (READ_ONCE(dev->awaited) && READ_ONCE(page->refs) == 1);
}

void dma_frames_put(struct device *dev, struct page *page)
{
	uint64_t flags;

	budget_uncharge(dev, FERRY_BUDGET_DMA, nr_pages(page));
	if (!are_kept(dev, page)) {
		frames_free(dev, page);
		return;
	}
	flags = spin_lock_irq(&kept_lock);
	list_append(&dev->kept_frames, &page->link);
	spin_unlock_irq(&kept_lock, flags);
}

void dma_frames_release(struct device *dev)
{
	struct list dead = LIST_INIT(dead);
	uint64_t flags = spin_lock_irq(&kept_lock);
	struct page *page, *next;

	list_splice(&dead, &dev->kept_frames);
	spin_unlock_irq(&kept_lock, flags);
	list_for_each_safe(page, next, &dead, link) {
		list_del(&page->link);
		frames_free(dev, page);
	}
}

void dma_frames_trim(struct device *dev)
{
	if (!READ_ONCE(dev->unstopped))
		dma_frames_release(dev);
}
