// SPDX-License-Identifier: GPL-2.0
/* Frames for DMA memory (kernel/dma_frames.c): charged, kept for a successor or for a device that nothing could stop. */
#include <ktest.h>
#include <kernel/device.h>
#include <mm/page.h>

KTEST_SUITE(dma_frames);

static struct device *device_pair(struct device **other)
{
	*other = device_create();
	(*other)->dma_bits = 64;
	return *other ? device_create() : NULL;
}

/* NULL: none. */
static struct page *get(struct device *dev, unsigned int pages)
{
	struct page *page = NULL;

	dev->dma_bits = dev->dma_bits ? dev->dma_bits : 64;
	return dma_frames_get(dev, pages * (uint32_t)PAGE_SIZE, &page) ? NULL : page;
}

static uint64_t charged(const struct device *dev)
{
	return dev->budget.items[FERRY_BUDGET_DMA].used;
}

KTEST_CASE(frames_of_a_stopped_device_go_back)
{
	struct device *other, *dev = device_pair(&other);
	struct page *page = get(dev, 1);

	EXPECT_EQ(charged(dev), 1);
	dma_frames_put(dev, page);
	EXPECT_EQ(charged(dev), 0);
	EXPECT_TRUE(list_empty(&dev->kept_frames));
	device_put(dev);
	device_put(other);
}

KTEST_CASE(frames_are_as_many_as_were_charged_and_aligned_to_their_size)
{
	struct device *other, *dev = device_pair(&other);
	struct page *page = get(dev, 3);

	EXPECT_EQ(charged(dev), 4);
	EXPECT_EQ(page->index % (4 * PAGE_SIZE), 0);
	dev->budget.items[FERRY_BUDGET_DMA].limit = 6;
	EXPECT_TRUE(!get(dev, 3));
	EXPECT_EQ(charged(dev), 4);
	dma_frames_put(dev, page);
	device_put(dev);
	device_put(other);
}

KTEST_CASE(a_successor_gets_the_same_frames_cleared)
{
	struct device *other, *dev = device_pair(&other);
	struct page *page = get(dev, 2), *again;
	uint64_t address = page->index;

	dev->awaited = true;
	memset(page_addr(page), 0x5a, 2 * PAGE_SIZE);
	dma_frames_put(dev, page);
	EXPECT_EQ(charged(dev), 0);
	again = get(dev, 2);
	EXPECT_TRUE(again == page);
	EXPECT_EQ(again->index, address);
	EXPECT_EQ(((unsigned char *)page_addr(again))[2 * PAGE_SIZE - 1], 0);
	EXPECT_EQ(charged(dev), 2);
	dev->awaited = false;
	dma_frames_put(dev, again);
	EXPECT_TRUE(list_empty(&dev->kept_frames));
	device_put(dev);
	device_put(other);
}

KTEST_CASE(what_a_successor_leaves_goes_back)
{
	struct device *other, *dev = device_pair(&other);
	struct page *page = get(dev, 8);
	struct frame_stats before, after;

	dev->awaited = true;
	dma_frames_put(dev, page);
	frame_stats(&before);
	dma_frames_trim(dev);
	frame_stats(&after);
	EXPECT_TRUE(list_empty(&dev->kept_frames));
	EXPECT_TRUE(after.free >= before.free + 8);
	device_put(dev);
	device_put(other);
}

KTEST_CASE(frames_that_somebody_else_holds_are_not_kept)
{
	struct device *other, *dev = device_pair(&other);
	struct page *page = get(dev, 1);

	dev->awaited = true;
	page_get(page);
	dma_frames_put(dev, page);
	EXPECT_TRUE(list_empty(&dev->kept_frames));
	page_put(page);
	device_put(dev);
	device_put(other);
}

KTEST_CASE(frames_beyond_the_next_drivers_reach_are_not_given_to_it)
{
	struct device *other, *dev = device_pair(&other);
	struct page *page = get(dev, 1), *again;

	dev->awaited = true;
	dma_frames_put(dev, page);
	dev->dma_bits = 12;	/* it reaches the first page of memory, which nobody gets */
	again = get(dev, 1);
	EXPECT_TRUE(!again);
	EXPECT_EQ(charged(dev), 0);
	dev->dma_bits = 64;
	dma_frames_trim(dev);
	device_put(dev);
	device_put(other);
}

KTEST_CASE(frames_of_an_unstopped_device_serve_it_again_and_zeroed)
{
	struct device *other, *dev = device_pair(&other);
	struct page *page = get(dev, 2), *again;

	dev->unstopped = true;
	memset(page_addr(page), 0x5a, 2 * PAGE_SIZE);
	dma_frames_put(dev, page);
	dma_frames_trim(dev);
	again = get(dev, 1);
	EXPECT_TRUE(again != page);
	dma_frames_put(dev, again);
	again = get(dev, 2);
	EXPECT_TRUE(again == page);
	EXPECT_EQ(((unsigned char *)page_addr(again))[2 * PAGE_SIZE - 1], 0);
	dma_frames_put(dev, again);
	device_put(dev);
	device_put(other);
}

KTEST_CASE(nobody_else_gets_frames_that_are_kept)
{
	struct device *other, *dev = device_pair(&other);
	struct page *kept = get(dev, 1), *pages[16];

	dev->unstopped = true;
	dma_frames_put(dev, kept);
	for (unsigned int i = 0; i < 16; i++) {
		pages[i] = get(other, 1);
		EXPECT_TRUE(pages[i] != kept);
	}
	for (unsigned int i = 0; i < 16; i++)
		dma_frames_put(other, pages[i]);
	device_put(dev);
	device_put(other);
}

KTEST_CASE(kept_frames_go_back_with_the_device)
{
	struct device *other, *dev = device_pair(&other);
	struct page *page = get(dev, 8);
	struct frame_stats before, after;

	dev->unstopped = true;
	dma_frames_put(dev, page);
	frame_stats(&before);
	device_put(dev);
	frame_stats(&after);
	EXPECT_TRUE(after.free >= before.free + 8);
	device_put(other);
}
