// SPDX-License-Identifier: GPL-2.0
/*
 * When a device forgets the pages of requests: behind an IOMMU made for the test, which counts, and a driver that completes when told. A page
 * is its owner's again, by done(), only after a flush.
 */
#include <driver/driver.h>
#include <kernel/block.h>
#include <kernel/device.h>
#include <ktest.h>
#include <mm/page.h>
#include "core.h"

KTEST_SUITE(block_unmap);

#define NR	3u
#define DOMAIN	((struct iommu_domain *)8)	/* only a name */

static struct {
	unsigned int mapped, unflushed, flushes;
	int error;			/* of flushes */
	uint32_t held[NR], nr_held;
} fake;

static int fake_map(struct iommu_domain *d, uint64_t start, uint64_t length)
{
	fake.mapped++;
	return 0;
}

static bool fake_unmap(struct iommu_domain *d, uint64_t start, uint64_t length)
{
	fake.mapped--;
	fake.unflushed++;
	return true;
}

static int fake_flush(struct iommu_domain *d, uint64_t start, uint64_t length)
{
	fake.flushes++;
	fake.unflushed = fake.error ? fake.unflushed : 0;
	return fake.error;
}

static const struct iommu_ops fake_iommu = { .name = "ktest", .map = fake_map, .unmap = fake_unmap, .flush = fake_flush };

static int fake_submit(struct device *dev, const struct block_request *rq)
{
	if (fake.nr_held < NR)
		fake.held[fake.nr_held++] = rq->tag;
	else
		block_complete(dev, 0, rq->tag, 0);
	return 0;
}

static const struct block_ops fake_ops = { .submit = fake_submit };

static int fake_probe(struct device *dev)
{
	struct block_limits limits = { .nr_blocks = 64, .block_size = 512, .nr_queues = 1, .queue_depth = NR, .max_segments = 4, .prefix = "kunmap" };

	dev->dma_bits = 64;
	return block_register(dev, &limits);
}

static void fake_remove(struct device *dev)
{
	block_unregister(dev);
}

DRIVER(ktest_unmap) = {
	.manifest = {
		MANIFEST_HEADER, .name = "ktest_unmap", .class_id = FERRY_CLASS_BLOCK, .needs = FERRY_NEEDS_DMA,
		.match = { MATCH_PLATFORM("ktest_unmap") },
	},
	.probe = fake_probe, .remove = fake_remove, .block = &fake_ops,
};

struct request {
	struct block_io io;
	struct block_vec vec;
	unsigned int done, unflushed;	/* the latter when it was done */
};

static struct device *dev;
static struct block_disk *disk;
static struct request requests[NR];

static void request_done(struct block_io *io)
{
	struct request *r = container_of(io, struct request, io);

	r->done++;
	r->unflushed = fake.unflushed;
}

/* The partition scan is held by the driver too; it ends before anything is counted. */
static void release(void)
{
	strand_lock(&dev->strands[0]);
	while (fake.nr_held)
		block_complete(dev, 0, fake.held[--fake.nr_held], 0);
	strand_unlock(&dev->strands[0]);
}

static bool disk_settled(void)
{
	struct page *page = frame_alloc(0, 0, PAGE_KERNEL);
	int err = block_read_blocks(disk, 0, 1, page_addr(page));

	page_put(page);
	return !err;
}

static bool start(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.nr_held = NR;		/* complete at once */
	dev = device_create();
	if (!dev || strcmp(iommu_name(), "none"))
		return false;
	dev->bus = FERRY_BUS_PLATFORM;
	str_copy(dev->name, "ktest_unmap.0", sizeof(dev->name));
	device_get(dev);
	device_add(dev);
	disk = block_disk_find("kunmap0");
	if (!disk)
		return false;
	sleep_until(time_now() + 20 * NSEC_PER_MSEC, false);	/* the partition scan */
	if (!disk_settled())
		return false;
	memset(&fake, 0, sizeof(fake));
	memset(requests, 0, sizeof(requests));
	iommu_register(&fake_iommu);
	dev->iommu = DOMAIN;
	return true;
}

static void stop(void)
{
	for (unsigned int i = 0; i < NR; i++)
		if (requests[i].vec.page)
			page_put(requests[i].vec.page);
	dev->iommu = NULL;
	iommu_register(NULL);
	device_remove(dev);
	block_disk_put(disk);
	device_put(dev);
}

static void submit(void)
{
	for (unsigned int i = 0; i < NR; i++) {
		struct request *r = &requests[i];

		r->vec = (struct block_vec){ .page = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL), .length = 512 };
		r->io = (struct block_io){ .op = BLOCK_READ, .lba = i, .nr_blocks = 1, .vec = &r->vec, .nr_vec = 1, .done = request_done };
		block_submit(disk, &r->io);
	}
}

KTEST_CASE(requests_that_end_together_are_one_flush)
{
	ASSERT_TRUE(start());
	submit();
	EXPECT_EQ(fake.mapped, NR);
	EXPECT_EQ(fake.flushes, 0);
	release();
	EXPECT_EQ(fake.mapped, 0);
	EXPECT_EQ(fake.flushes, 1);
	stop();
}

KTEST_CASE(nobody_is_told_before_the_device_has_forgotten_the_pages)
{
	ASSERT_TRUE(start());
	submit();
	release();
	for (unsigned int i = 0; i < NR; i++) {
		EXPECT_EQ(requests[i].done, 1);
		EXPECT_EQ(requests[i].unflushed, 0);
	}
	stop();
}

KTEST_CASE(pages_of_a_failed_flush_are_never_given_back)
{
	ASSERT_TRUE(start());
	submit();
	fake.error = -ETIMEDOUT;
	release();
	EXPECT_TRUE(dev->faulted);
	for (unsigned int i = 0; i < NR; i++) {
		EXPECT_EQ(requests[i].done, 1);
		EXPECT_EQ(requests[i].vec.page->refs, 2);
		page_put(requests[i].vec.page);	/* the test's own IOMMU reaches nothing */
	}
	stop();
}
