// SPDX-License-Identifier: GPL-2.0
/* Several disks of one device, in the kernel: units 0 and 1 share queue 0, unit 2 has queue 1; disks come and go while the driver runs. */
#include <driver/driver.h>
#include <kernel/block.h>
#include <kernel/device.h>
#include <ktest.h>
#include <lib/format.h>
#include <mm/page.h>
#include <mm/slab.h>

KTEST_SUITE(block_units);

#define DEPTH	4u
#define BLOCKS	32u
#define UNITS	4u

static struct {
	bool hold, wrong_depth;
	unsigned int submits[UNITS], last_queue[UNITS];
	uint32_t flight[2];		/* bits: tags on a queue */
	unsigned int twice;		/* tags given while in flight */
	struct block_request held[2 * DEPTH];
	unsigned int nr_held;
	uint8_t data[UNITS][BLOCKS * 512];
} fake;

static struct block_limits limits_of(unsigned int unit)
{
	return (struct block_limits){ .nr_blocks = BLOCKS + unit, .block_size = 512, .nr_queues = 1, .queue_depth = DEPTH, .max_segments = 4,
				      .unit = unit, .first_queue = unit == 2, .flags = BLOCK_HAS_FLUSH, .prefix = "nvme" };
}

static void fake_end(struct device *dev, const struct block_request *rq)
{
	uint8_t *at = fake.data[rq->unit] + rq->lba * 512;
	int err = 0;

	if (rq->op == BLOCK_READ)
		err = block_data_put(dev, rq, 0, at, rq->nr_blocks * 512);
	if (rq->op == BLOCK_WRITE)
		err = block_data_get(dev, rq, 0, at, rq->nr_blocks * 512);
	fake.flight[rq->queue] &= ~(1u << rq->tag);
	block_complete(dev, rq->queue, rq->tag, err);
}

static int fake_submit(struct device *dev, const struct block_request *rq)
{
	fake.submits[rq->unit]++;
	fake.last_queue[rq->unit] = rq->queue;
	fake.twice += fake.flight[rq->queue] >> rq->tag & 1;
	fake.flight[rq->queue] |= 1u << rq->tag;
	if (fake.hold)
		fake.held[fake.nr_held++] = *rq;
	else
		fake_end(dev, rq);
	return 0;
}

static const struct block_ops fake_ops = { .submit = fake_submit };

static int fake_probe(struct device *dev)
{
	int err = device_strands(dev, 2);

	for (unsigned int unit = 0; !err && unit < 3; unit++) {
		struct block_limits limits = limits_of(unit);

		limits.queue_depth += fake.wrong_depth && unit == 1;
		err = block_register(dev, &limits);
		if (fake.wrong_depth && unit == 1 && err == -EINVAL)
			err = 0;
	}
	return err;
}

static void fake_remove(struct device *dev)
{
	block_unregister(dev);
}

DRIVER(kunits_blk) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "kunits_blk",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_CPU_DATA,
		.match = { MATCH_PLATFORM("kunits_blk") },
	},
	.probe = fake_probe,
	.remove = fake_remove,
	.block = &fake_ops,
};

static struct device *dev;
static unsigned int controller;
static uint8_t buffer[512];

static const char *name_of(unsigned int unit)
{
	static char name[16];

	format_text(name, sizeof(name), "nvme%un%u", controller, unit + 1);
	return name;
}

static struct block_disk *disk_of(unsigned int unit)
{
	return block_disk_find(name_of(unit));
}

/* The partition scans: they are over when every disk answers after them. */
static void settle(void)
{
	sleep_until(time_now() + 20 * NSEC_PER_MSEC, false);
}

/* Real controllers may be there: ours is the next number. */
static bool start(bool wrong_depth)
{
	struct block_disk *taken;

	memset(&fake, 0, sizeof(fake));
	fake.wrong_depth = wrong_depth;
	for (controller = 0; (taken = disk_of(0)); controller++)
		block_disk_put(taken);
	dev = device_create();
	if (!dev)
		return false;
	dev->bus = FERRY_BUS_PLATFORM;
	str_copy(dev->name, "kunits_blk.0", sizeof(dev->name));
	device_get(dev);
	device_add(dev);
	settle();
	memset(fake.submits, 0, sizeof(fake.submits));
	return dev->state == DRIVER_RUNNING;
}

static void stop(void)
{
	device_remove(dev);
	device_put(dev);
}

/* Complete what the driver holds, as an interrupt of each queue would. */
static void release_all(void)
{
	unsigned int nr = fake.nr_held;

	fake.hold = false;
	fake.nr_held = 0;
	for (unsigned int i = 0; i < nr; i++) {
		struct strand *s = &dev->strands[fake.held[i].queue];

		strand_lock(s);
		fake_end(dev, &fake.held[i]);
		strand_unlock(s);
	}
}

struct request {
	struct block_io io;
	struct block_vec vec;
	unsigned int done;
};

static void request_done(struct block_io *io)
{
	container_of(io, struct request, io)->done++;
}

static void request_start(struct request *r, struct block_disk *disk, uint8_t op)
{
	memset(r, 0, sizeof(*r));
	r->vec.page = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
	r->vec.length = 512;
	r->io = (struct block_io){ .op = op, .nr_blocks = 1, .vec = &r->vec, .nr_vec = 1, .done = request_done };
	block_submit(disk, &r->io);
}

static void request_free(struct request *r)
{
	page_put(r->vec.page);
}

KTEST_CASE(each_unit_is_a_disk_of_its_own)
{
	ASSERT_TRUE(start(false));
	for (unsigned int unit = 0; unit < 3; unit++) {
		struct block_disk *disk = disk_of(unit);

		ASSERT_NOT_NULL(disk);
		EXPECT_EQ(block_disk_blocks(disk), BLOCKS + unit);
		memset(buffer, 0x40 + (int)unit, sizeof(buffer));
		EXPECT_EQ(block_write_blocks(disk, 3, 1, buffer), 0);
		block_disk_put(disk);
	}
	for (unsigned int unit = 0; unit < 3; unit++) {
		EXPECT_EQ(fake.data[unit][3 * 512], 0x40 + unit);
		EXPECT_EQ(fake.submits[unit], 1);
		EXPECT_EQ(fake.last_queue[unit], unit == 2);
	}
	stop();
	EXPECT_NULL(disk_of(0));
	EXPECT_NULL(disk_of(2));
}

KTEST_CASE(units_on_one_queue_share_its_tags)
{
	struct request r[2 * DEPTH];
	struct block_disk *disk[2];

	ASSERT_TRUE(start(false));
	disk[0] = disk_of(0);
	disk[1] = disk_of(1);
	fake.hold = true;
	for (unsigned int i = 0; i < 2 * DEPTH; i++)
		request_start(&r[i], disk[i % 2], BLOCK_READ);
	EXPECT_EQ(fake.nr_held, DEPTH);
	EXPECT_EQ(fake.submits[0], DEPTH / 2);
	EXPECT_EQ(fake.submits[1], DEPTH / 2);
	release_all();
	EXPECT_EQ(fake.twice, 0);
	for (unsigned int i = 0; i < 2 * DEPTH; i++) {
		EXPECT_EQ(r[i].done, 1);
		EXPECT_EQ(r[i].io.status, 0);
		request_free(&r[i]);
	}
	block_disk_put(disk[0]);
	block_disk_put(disk[1]);
	stop();
}

KTEST_CASE(full_queue_does_not_stop_a_unit_on_another)
{
	struct block_disk *disk[2];
	struct request r[DEPTH];

	ASSERT_TRUE(start(false));
	disk[0] = disk_of(0);
	disk[1] = disk_of(2);
	fake.hold = true;
	for (unsigned int i = 0; i < DEPTH; i++)
		request_start(&r[i], disk[0], BLOCK_READ);
	fake.hold = false;
	EXPECT_EQ(block_read_blocks(disk[1], 0, 1, buffer), 0);
	release_all();
	for (unsigned int i = 0; i < DEPTH; i++)
		request_free(&r[i]);
	block_disk_put(disk[0]);
	block_disk_put(disk[1]);
	stop();
}

KTEST_CASE(other_depth_on_a_shared_queue_is_refused)
{
	struct block_disk *disk;

	ASSERT_TRUE(start(true));
	EXPECT_NULL(disk_of(1));
	disk = disk_of(2);
	EXPECT_NOT_NULL(disk);
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), 0);
	block_disk_put(disk);
	stop();
}

KTEST_CASE(unit_is_resized_alone)
{
	struct block_disk *a, *b;

	ASSERT_TRUE(start(false));
	a = disk_of(0);
	b = disk_of(1);
	block_resize_unit(dev, 1, 5);
	block_resize_unit(dev, 60, 5);
	EXPECT_EQ(block_disk_blocks(a), BLOCKS);
	EXPECT_EQ(block_disk_blocks(b), 5);
	block_disk_put(a);
	block_disk_put(b);
	stop();
}

/* As from an interrupt: nothing may sleep. */
static void unplug(unsigned int unit)
{
	strand_lock(&dev->strands[0]);
	block_unregister_unit(dev, unit);
	strand_unlock(&dev->strands[0]);
}

KTEST_CASE(unplugged_disk_goes_and_its_neighbours_stay)
{
	struct block_disk *gone, *stays;

	ASSERT_TRUE(start(false));
	gone = disk_of(1);
	stays = disk_of(0);
	unplug(1);
	EXPECT_EQ(block_read_blocks(gone, 0, 1, buffer), -EIO);
	EXPECT_EQ(block_read_blocks(stays, 0, 1, buffer), 0);
	settle();
	EXPECT_NULL(disk_of(1));
	EXPECT_FALSE(dev->faulted);
	block_disk_put(gone);
	block_disk_put(stays);
	stop();
}

KTEST_CASE(unplugged_disk_waits_for_what_is_in_flight)
{
	struct block_disk *gone;
	struct request r[2];

	ASSERT_TRUE(start(false));
	gone = disk_of(0);
	fake.hold = true;
	request_start(&r[0], gone, BLOCK_READ);
	unplug(0);
	request_start(&r[1], gone, BLOCK_READ);
	EXPECT_EQ(r[1].io.status, -EIO);
	settle();
	EXPECT_EQ(r[0].done, 0);
	release_all();
	EXPECT_EQ(r[0].done, 1);
	settle();
	EXPECT_NULL(disk_of(0));
	EXPECT_FALSE(dev->faulted);
	block_disk_put(gone);
	request_free(&r[0]);
	request_free(&r[1]);
	stop();
}

KTEST_CASE(unit_comes_while_the_driver_runs)
{
	struct block_limits limits = limits_of(3);
	struct block_disk *disk;

	ASSERT_TRUE(start(false));
	strand_lock(&dev->strands[0]);
	EXPECT_EQ(block_register(dev, &limits), 0);
	limits.first_queue = 2;
	EXPECT_EQ(block_register(dev, &limits), -EINVAL);
	limits.unit = BLOCK_UNITS_MAX;
	EXPECT_EQ(block_register(dev, &limits), -EINVAL);
	strand_unlock(&dev->strands[0]);
	settle();
	disk = disk_of(3);
	ASSERT_NOT_NULL(disk);
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), 0);
	block_disk_put(disk);
	stop();
}

KTEST_CASE(unit_goes_and_comes_again_as_another_disk)
{
	struct block_limits limits = limits_of(1);
	struct block_disk *old, *new;

	ASSERT_TRUE(start(false));
	old = disk_of(1);
	strand_lock(&dev->strands[0]);
	block_unregister_unit(dev, 1);
	limits.nr_blocks = 9;
	EXPECT_EQ(block_register(dev, &limits), 0);
	strand_unlock(&dev->strands[0]);
	settle();
	new = disk_of(1);
	ASSERT_NOT_NULL(new);
	EXPECT_FALSE(new == old);
	EXPECT_EQ(block_disk_blocks(new), 9);
	EXPECT_EQ(block_read_blocks(old, 0, 1, buffer), -EIO);
	EXPECT_EQ(block_read_blocks(new, 0, 1, buffer), 0);
	block_disk_put(old);
	block_disk_put(new);
	stop();
}

KTEST_CASE(every_unit_goes_on_when_its_device_is_bound_again)
{
	struct block_disk *disk[3];

	ASSERT_TRUE(start(false));
	for (unsigned int unit = 0; unit < 3; unit++)
		disk[unit] = disk_of(unit);
	device_fault(dev, "test", 0);
	sleep_until(time_now() + 50 * NSEC_PER_MSEC, false);
	for (unsigned int unit = 0; unit < 3; unit++)
		EXPECT_EQ(block_read_blocks(disk[unit], 0, 1, buffer), -EIO);
	EXPECT_EQ(device_bind_kernel(dev), 0);
	for (unsigned int unit = 0; unit < 3; unit++) {
		EXPECT_EQ(block_read_blocks(disk[unit], 0, 1, buffer), 0);
		block_disk_put(disk[unit]);
	}
	settle();
	stop();
}

KTEST_CASE(memory_of_units_is_given_back)
{
	uint64_t bytes;

	ASSERT_TRUE(start(false));
	stop();
	settle();
	bytes = slab_bytes_used();
	for (unsigned int i = 0; i < 5; i++) {
		ASSERT_TRUE(start(false));
		unplug(1);
		settle();
		stop();
	}
	settle();
	EXPECT_EQ(slab_bytes_used(), bytes);
}
