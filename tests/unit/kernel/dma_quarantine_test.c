// SPDX-License-Identifier: GPL-2.0
/* Frames of a device that nothing could stop (kernel/dma_quarantine.c). */
#include <ktest.h>
#include <kernel/device.h>
#include <mm/page.h>

KTEST_SUITE(dma_quarantine);

static struct device *device_pair(struct device **other)
{
	*other = device_create();
	return device_create();
}

KTEST_CASE(frames_of_a_stopped_device_go_back)
{
	struct device *other, *dev = device_pair(&other);
	struct page *page = dma_frames_get(dev, 0);

	dma_frames_put(dev, page);
	EXPECT_TRUE(list_empty(&dev->kept_frames));
	device_put(dev);
	device_put(other);
}

KTEST_CASE(frames_of_an_unstopped_device_serve_it_again_and_zeroed)
{
	struct device *other, *dev = device_pair(&other);
	struct page *page = dma_frames_get(dev, 1), *again;

	dev->unstopped = true;
	memset(page_addr(page), 0x5a, 2 * PAGE_SIZE);
	dma_frames_put(dev, page);
	again = dma_frames_get(dev, 0);
	EXPECT_TRUE(again != page);
	dma_frames_put(dev, again);
	again = dma_frames_get(dev, 1);
	EXPECT_TRUE(again == page);
	EXPECT_EQ(((unsigned char *)page_addr(again))[2 * PAGE_SIZE - 1], 0);
	dma_frames_put(dev, again);
	device_put(dev);
	device_put(other);
}

KTEST_CASE(nobody_else_gets_frames_that_are_kept)
{
	struct device *other, *dev = device_pair(&other);
	struct page *kept = dma_frames_get(dev, 0), *pages[16];

	dev->unstopped = true;
	dma_frames_put(dev, kept);
	for (unsigned int i = 0; i < 16; i++) {
		pages[i] = dma_frames_get(other, 0);
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
	struct page *page = dma_frames_get(dev, 3);
	struct frame_stats before, after;

	dev->unstopped = true;
	dma_frames_put(dev, page);
	frame_stats(&before);
	device_put(dev);
	frame_stats(&after);
	EXPECT_TRUE(after.free >= before.free + 8);
	device_put(other);
}
