// SPDX-License-Identifier: GPL-2.0
/* Several ios in one request, in the kernel: a driver made for it holds, fails and dies as each case wants. */
#include <driver/driver.h>
#include <kernel/block.h>
#include <kernel/device.h>
#include <ktest.h>
#include <mm/page.h>
#include "core.h"

KTEST_SUITE(block_merge);

#define BLOCKS	128u
#define BYTES	512u
#define DEPTH	2u
#define MOST	16u	/* blocks of a request */
#define NO_LBA	~0ull

static struct {
	bool hold;			/* keep requests until told */
	unsigned int busy;		/* refuse so many submits */
	uint64_t bad;			/* a request over it fails */
	struct block_request held[DEPTH], seen[64];
	unsigned int nr_held, submits;
	uint8_t data[BLOCKS * BYTES];
} fake;

/* In pieces that have nothing to do with blocks. */
static int fake_copy(struct device *dev, const struct block_request *rq)
{
	uint8_t *at = fake.data + rq->lba * BYTES;
	uint32_t n = 200, bytes = rq->nr_blocks * BYTES;
	int err = 0;

	for (uint32_t done = 0; !err && done < bytes; done += n) {
		n = MIN(n, bytes - done);
		if (rq->op == BLOCK_READ)
			err = block_data_put(dev, rq, done, at + done, n);
		if (rq->op == BLOCK_WRITE)
			err = block_data_get(dev, rq, done, at + done, n);
	}
	return err;
}

static void fake_end(struct device *dev, const struct block_request *rq)
{
	bool bad = fake.bad >= rq->lba && fake.bad < rq->lba + rq->nr_blocks;

	block_complete(dev, rq->queue, rq->tag, bad ? -ENOSPC : fake_copy(dev, rq));
}

static int fake_submit(struct device *dev, const struct block_request *rq)
{
	if (fake.busy) {
		fake.busy--;
		return -EBUSY;
	}
	if (fake.submits < ARRAY_SIZE(fake.seen))
		fake.seen[fake.submits] = *rq;
	fake.submits++;
	if (fake.hold)
		fake.held[fake.nr_held++] = *rq;
	else
		fake_end(dev, rq);
	return 0;
}

static const struct block_ops fake_ops = { .submit = fake_submit };

static int fake_probe(struct device *dev)
{
	struct block_limits limits = { .nr_blocks = BLOCKS, .block_size = BYTES, .nr_queues = 1, .queue_depth = DEPTH, .max_segments = 4,
		.max_request_blocks = MOST, .request_timeout_ms = 60000, .flags = BLOCK_HAS_FLUSH | BLOCK_HAS_FUA, .prefix = "kmerge" };

	fake.nr_held = 0;
	return block_register(dev, &limits);
}

static void fake_remove(struct device *dev)
{
	block_unregister(dev);
}

DRIVER(kmerge_blk) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "kmerge_blk",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_CPU_DATA,
		.match = { MATCH_PLATFORM("kmerge_blk") },
	},
	.probe = fake_probe,
	.remove = fake_remove,
	.block = &fake_ops,
};

static struct device *dev;
static struct block_disk *disk;
static bool manager_before;

static bool start(void)
{
	struct block_io flush = { .op = BLOCK_FLUSH };

	memset(&fake, 0, sizeof(fake));
	fake.bad = NO_LBA;
	manager_before = device_manager_alive;
	device_manager_alive = true;
	dev = device_create();
	if (!dev)
		return false;
	dev->bus = FERRY_BUS_PLATFORM;
	str_copy(dev->name, "kmerge_blk.0", sizeof(dev->name));
	device_get(dev);
	device_add(dev);
	dev->restart = true;
	disk = block_disk_find("kmerge0");
	sleep_until(time_now() + 20 * NSEC_PER_MSEC, false);	/* the partition scan */
	if (!disk || block_do(disk, &flush))
		return false;
	fake.submits = 0;
	for (uint32_t i = 0; i < sizeof(fake.data); i++)
		fake.data[i] = (uint8_t)(i / BYTES + i);
	return true;
}

static void stop(void)
{
	device_remove(dev);
	block_disk_put(disk);
	device_put(dev);
	device_manager_alive = manager_before;
}

#define REQUESTS	24u

/* An io on a page of its own. */
static struct request {
	struct block_io io;
	struct block_vec vec;
	unsigned int done;
} requests[REQUESTS];
static struct block_io *ios[REQUESTS];
static unsigned int nr_ios;

static void request_done(struct block_io *io)
{
	container_of(io, struct request, io)->done++;
}

/* The next of a batch. */
static struct block_io *add(uint8_t op, uint64_t lba, uint32_t blocks)
{
	struct request *r = &requests[nr_ios];

	r->vec = (struct block_vec){ .page = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL), .offset = 256, .length = blocks * BYTES };
	r->io = (struct block_io){ .op = op, .lba = lba, .nr_blocks = blocks, .vec = &r->vec, .nr_vec = 1, .done = request_done };
	r->done = 0;
	memset(page_addr(r->vec.page), op == BLOCK_WRITE ? (int)lba : 0, PAGE_SIZE);
	ios[nr_ios++] = &r->io;
	return &r->io;
}

/* @nr neighbours of a block each. */
static void add_run(uint8_t op, uint64_t lba, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		add(op, lba + i, 1);
}

static void send(void)
{
	block_submit_batch(disk, ios, nr_ios);
}

/* Each ended once, with what; then they are forgotten. How many ended well. */
static unsigned int settle(void)
{
	unsigned int good = 0;

	for (unsigned int i = 0; i < nr_ios; i++) {
		EXPECT_EQ(requests[i].done, 1);
		good += requests[i].done == 1 && !requests[i].io.status;
		page_put(requests[i].vec.page);
	}
	nr_ios = 0;
	return good;
}

static void release(void)
{
	struct strand *s = &dev->strands[0];
	unsigned int nr = fake.nr_held;

	fake.nr_held = 0;
	strand_lock(s);
	for (unsigned int i = 0; i < nr; i++)
		fake_end(dev, &fake.held[i]);
	strand_unlock(s);
}

/* The driver dies; when this returns it is gone. */
static void die(void)
{
	device_fault(dev, "test", 0);
	for (unsigned int i = 0; i < 10000 && dev->placement != PLACED_NONE; i++)
		sleep_until(time_now() + NSEC_PER_MSEC, false);
	fake.submits = 0;
}

static uint64_t merges(uint8_t op)
{
	return disk->stats[0].merges[op];
}

KTEST_CASE(neighbours_of_a_batch_are_one_request)
{
	uint64_t before;

	ASSERT_TRUE(start());
	before = disk->stats[0].ios[BLOCK_READ];
	add_run(BLOCK_READ, 10, 3);
	add(BLOCK_READ, 13, 4);
	send();
	EXPECT_EQ(fake.submits, 1);
	EXPECT_EQ(fake.seen[0].lba, 10);
	EXPECT_EQ(fake.seen[0].nr_blocks, 7);
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_EQ(memcmp((uint8_t *)page_addr(requests[i].vec.page) + 256, fake.data + (10 + i) * BYTES, requests[i].vec.length), 0);
	EXPECT_EQ(settle(), 4);
	EXPECT_EQ(merges(BLOCK_READ), 3);
	EXPECT_EQ(disk->stats[0].ios[BLOCK_READ] - before, 4);
	stop();
}

KTEST_CASE(written_neighbours_land_each_in_its_place)
{
	ASSERT_TRUE(start());
	add_run(BLOCK_WRITE, 20, 5);
	send();
	EXPECT_EQ(fake.submits, 1);
	EXPECT_EQ(settle(), 5);
	for (unsigned int i = 0; i < 5 * BYTES; i++)
		ASSERT_EQ(fake.data[20 * BYTES + i], 20 + i / BYTES);
	EXPECT_EQ(merges(BLOCK_WRITE), 4);
	stop();
}

KTEST_CASE(what_is_not_next_or_not_alike_stays_apart)
{
	ASSERT_TRUE(start());
	add(BLOCK_READ, 10, 1);
	add(BLOCK_READ, 12, 1);
	add(BLOCK_WRITE, 13, 1);
	add(BLOCK_WRITE, 14, 1)->flags = BLOCK_REQ_FUA;
	add(BLOCK_READ, 13, 1);
	add(BLOCK_READ, 13, 1);
	add(BLOCK_READ, 12, 1);
	send();
	EXPECT_EQ(fake.submits, 7);
	EXPECT_EQ(settle(), 7);
	EXPECT_EQ(merges(BLOCK_READ) + merges(BLOCK_WRITE), 0);
	stop();
}

KTEST_CASE(merged_request_stays_within_the_limit)
{
	ASSERT_TRUE(start());
	add_run(BLOCK_READ, 30, MOST - 1);
	add(BLOCK_READ, 30 + MOST - 1, 2);
	send();
	EXPECT_EQ(fake.submits, 2);
	EXPECT_EQ(fake.seen[0].nr_blocks, MOST - 1);
	EXPECT_EQ(fake.seen[1].nr_blocks, 2);
	EXPECT_EQ(settle(), MOST);
	stop();
}

KTEST_CASE(neighbours_that_waited_for_a_tag_are_merged)
{
	ASSERT_TRUE(start());
	fake.hold = true;
	add(BLOCK_READ, 0, 1);
	add(BLOCK_READ, 2, 1);
	send();
	for (unsigned int i = 0; i < 4; i++)
		block_submit(disk, add(BLOCK_READ, 40 + i, 1));
	EXPECT_EQ(fake.submits, 2);
	fake.hold = false;
	release();
	EXPECT_EQ(fake.submits, 3);
	EXPECT_EQ(fake.seen[2].nr_blocks, 4);
	EXPECT_EQ(settle(), 6);
	stop();
}

KTEST_CASE(error_strikes_only_the_one_it_belongs_to)
{
	ASSERT_TRUE(start());
	fake.bad = 12;
	add_run(BLOCK_WRITE, 10, 5);
	send();
	EXPECT_EQ(fake.submits, 6);
	EXPECT_EQ(fake.seen[0].nr_blocks, 5);
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_EQ(fake.seen[1 + i].lba, 10 + i);
		EXPECT_EQ(requests[i].io.status, i == 2 ? -ENOSPC : 0);
	}
	EXPECT_EQ(settle(), 4);
	EXPECT_EQ(merges(BLOCK_WRITE), 0);
	EXPECT_EQ(fake.data[14 * BYTES], 14);
	stop();
}

KTEST_CASE(ios_of_one_request_go_to_the_next_driver_one_by_one)
{
	ASSERT_TRUE(start());
	fake.hold = true;
	add_run(BLOCK_WRITE, 10, 3);
	add_run(BLOCK_WRITE, 20, 3);
	add_run(BLOCK_WRITE, 30, 2);
	send();
	EXPECT_EQ(fake.submits, DEPTH);
	die();
	fake.hold = false;
	EXPECT_EQ(device_bind_kernel(dev), 0);
	EXPECT_EQ(fake.submits, 7);
	for (unsigned int i = 0; i < 6; i++) {
		EXPECT_EQ(fake.seen[i].lba, i < 3 ? 10 + i : 17 + i);
		EXPECT_EQ(fake.seen[i].nr_blocks, 1);
	}
	EXPECT_EQ(fake.seen[6].nr_blocks, 2);
	EXPECT_EQ(settle(), 8);
	EXPECT_EQ(fake.data[22 * BYTES], 22);
	EXPECT_EQ(dev->counters.errors, 0);
	stop();
}

KTEST_CASE(refused_request_of_several_outlives_its_driver)
{
	ASSERT_TRUE(start());
	fake.hold = true;
	block_submit(disk, add(BLOCK_READ, 0, 1));
	add_run(BLOCK_READ, 50, 3);
	fake.busy = 1;
	block_submit_batch(disk, ios + 1, 3);
	EXPECT_EQ(fake.busy, 0);
	die();
	fake.hold = false;
	EXPECT_EQ(device_bind_kernel(dev), 0);
	EXPECT_EQ(fake.submits, 4);
	EXPECT_EQ(settle(), 4);
	stop();
}

KTEST_CASE(each_of_a_request_ends_when_its_disk_goes)
{
	ASSERT_TRUE(start());
	fake.hold = true;
	add_run(BLOCK_READ, 10, 6);
	send();
	EXPECT_EQ(fake.submits, 1);
	device_manager_alive = false;
	die();
	for (unsigned int i = 0; i < nr_ios; i++)
		EXPECT_EQ(requests[i].io.status, -EIO);
	EXPECT_EQ(settle(), 0);
	stop();
}

KTEST_CASE(nothing_is_merged_where_it_was_switched_off)
{
	ASSERT_TRUE(start());
	disk->nomerges = BLOCK_NOMERGES;
	add_run(BLOCK_READ, 10, 3);
	send();
	EXPECT_EQ(fake.submits, 3);
	EXPECT_EQ(settle(), 3);
	stop();
}

KTEST_CASE(fua_on_a_disk_that_only_flushes_is_flushed_for_each)
{
	unsigned int flushes = 0;

	ASSERT_TRUE(start());
	disk->limits.flags &= ~BLOCK_HAS_FUA;
	for (unsigned int i = 0; i < 3; i++)
		add(BLOCK_WRITE, 10 + i, 1)->flags = BLOCK_REQ_FUA;
	send();
	EXPECT_EQ(fake.seen[0].nr_blocks, 3);
	for (unsigned int i = 0; i < fake.submits; i++)
		flushes += fake.seen[i].op == BLOCK_FLUSH;
	EXPECT_EQ(flushes, 3);
	EXPECT_EQ(fake.submits, 4);
	EXPECT_EQ(settle(), 3);
	stop();
}
