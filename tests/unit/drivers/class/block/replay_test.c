// SPDX-License-Identifier: GPL-2.0
/* Requests that outlive their driver, in the kernel: a driver made for it dies as each case wants, and its successor is bound by hand. */
#include <driver/driver.h>
#include <kernel/block.h>
#include <kernel/device.h>
#include <ktest.h>
#include <mm/page.h>
#include <mm/slab.h>
#include "core.h"

KTEST_SUITE(block_replay);

#define BLOCKS	64u
#define DEPTH	4u
#define NO_LBA	~0ull

static struct {
	bool hold;			/* keep requests until told */
	uint64_t poison;		/* a request there kills the driver */
	unsigned int deaths, beside;	/* of poison; most requests beside it at its third time */
	uint32_t blocks, timeout_ms;
	const char *serial;
	bool awaited;
	struct block_request held[DEPTH];
	unsigned int nr_held, submits;
	uint64_t order[64];		/* first blocks as submitted; a flush is 1000 */
	uint8_t data[BLOCKS * 512];
} fake;

static void fake_end(struct device *dev, const struct block_request *rq)
{
	uint8_t *at = fake.data + rq->lba * 512;
	int err = 0;

	if (rq->op == BLOCK_READ)
		err = block_data_put(dev, rq, 0, at, rq->nr_blocks * 512);
	if (rq->op == BLOCK_WRITE)
		err = block_data_get(dev, rq, 0, at, rq->nr_blocks * 512);
	block_complete(dev, rq->queue, rq->tag, err);
}

static int fake_submit(struct device *dev, const struct block_request *rq)
{
	if (fake.submits < ARRAY_SIZE(fake.order))
		fake.order[fake.submits] = rq->op == BLOCK_FLUSH ? 1000 : rq->lba;
	fake.submits++;
	if (rq->op != BLOCK_FLUSH && rq->lba == fake.poison) {
		fake.beside = fake.nr_held;
		fake.deaths++;
		device_fault(dev, "poison", rq->lba);
		return 0;
	}
	if (fake.hold)
		fake.held[fake.nr_held++] = *rq;
	else
		fake_end(dev, rq);
	return 0;
}

static const struct block_ops fake_ops = { .submit = fake_submit };

static int fake_probe(struct device *dev)
{
	struct block_limits limits = { .nr_blocks = fake.blocks, .block_size = 512, .nr_queues = 1, .queue_depth = DEPTH,
		.max_segments = 4, .max_request_blocks = 16, .request_timeout_ms = fake.timeout_ms, .flags = BLOCK_HAS_FLUSH,
		.prefix = "kreplay" };

	fake.nr_held = 0;
	fake.awaited = device_is_awaited(dev);
	str_copy(limits.serial, fake.serial, sizeof(limits.serial));
	return block_register(dev, &limits);
}

static void fake_remove(struct device *dev)
{
	block_unregister(dev);
}

DRIVER(kreplay_blk) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "kreplay_blk",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_CPU_DATA,
		.match = { MATCH_PLATFORM("kreplay_blk") },
	},
	.probe = fake_probe,
	.remove = fake_remove,
	.block = &fake_ops,
};

static struct device *dev;
static struct block_disk *disk;
static uint8_t buffer[512];
static bool manager_before;

static void pause_ms(unsigned int ms)
{
	sleep_until(time_now() + ms * NSEC_PER_MSEC, false);
}

static bool start(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.blocks = BLOCKS;
	fake.poison = NO_LBA;
	fake.timeout_ms = 5000;
	fake.serial = "one";
	manager_before = device_manager_alive;
	device_manager_alive = true;
	dev = device_create();
	if (!dev)
		return false;
	dev->bus = FERRY_BUS_PLATFORM;
	str_copy(dev->name, "kreplay_blk.0", sizeof(dev->name));
	device_get(dev);
	device_add(dev);
	dev->restart = true;
	disk = block_disk_find("kreplay0");
	pause_ms(20);	/* the partition scan */
	fake.submits = 0;
	if (disk)
		disk->nomerges = BLOCK_NOMERGES;	/* here each io is a request; merge_test.c */
	return disk && !block_read_blocks(disk, 0, 1, buffer) && fake.submits == 1 && !(fake.submits = 0);
}

static void stop(void)
{
	fake.hold = false;
	device_remove(dev);
	block_disk_put(disk);
	device_put(dev);
	device_manager_alive = manager_before;
}

/* The driver dies; when this returns it is gone. */
static void die(void)
{
	device_fault(dev, "test", 0);
	for (unsigned int i = 0; i < 100 && dev->placement != PLACED_NONE; i++)
		pause_ms(1);
	fake.submits = 0;
}

static int again(void)
{
	int err = device_bind_kernel(dev);

	dev->restart = true;
	return err;
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

static void request_start(struct request *r, uint8_t op, uint64_t lba)
{
	bool data = op != BLOCK_FLUSH;

	memset(r, 0, sizeof(*r));
	r->vec.page = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
	r->vec.length = 512;
	memset(page_addr(r->vec.page), (int)lba + 1, 512);
	r->io = (struct block_io){ .op = op, .lba = lba, .nr_blocks = data, .vec = data ? &r->vec : NULL, .nr_vec = data,
				   .done = request_done };
	block_submit(disk, &r->io);
}

static void request_free(struct request *r)
{
	page_put(r->vec.page);
}

KTEST_CASE(request_in_flight_goes_to_the_next_driver)
{
	struct request r;

	ASSERT_TRUE(start());
	fake.hold = true;
	request_start(&r, BLOCK_WRITE, 9);
	die();
	EXPECT_EQ(r.done, 0);
	EXPECT_TRUE(block_disk_alive(disk));
	fake.hold = false;
	EXPECT_EQ(again(), 0);
	EXPECT_EQ(r.done, 1);
	EXPECT_EQ(r.io.status, 0);
	EXPECT_EQ(fake.data[9 * 512], 10);
	EXPECT_EQ(dev->restarts, 1);
	EXPECT_EQ(dev->moments[RESTART_FAULT], 0);
	request_free(&r);
	stop();
}

/* Four in flight, a flush among them, three waiting, one that came when there was no driver. */
KTEST_CASE(order_is_kept_across_the_death)
{
	static const uint64_t wanted[] = { 1, 2, 1000, 4, 5, 6, 7, 8 };
	struct request r[8];

	ASSERT_TRUE(start());
	fake.hold = true;
	for (unsigned int i = 0; i < 7; i++)
		request_start(&r[i], i == 2 ? BLOCK_FLUSH : BLOCK_WRITE, i == 2 ? 0 : i + 1);
	die();
	request_start(&r[7], BLOCK_WRITE, 8);
	EXPECT_EQ(r[7].done, 0);
	fake.hold = false;
	EXPECT_EQ(again(), 0);
	EXPECT_EQ(fake.submits, 8);
	for (unsigned int i = 0; i < 8; i++) {
		EXPECT_EQ(fake.order[i], wanted[i]);
		EXPECT_EQ(r[i].done, 1);
		EXPECT_EQ(r[i].io.status, 0);
		request_free(&r[i]);
	}
	stop();
}

KTEST_CASE(second_death_in_the_middle_of_a_replay_keeps_the_order)
{
	struct request r[6];

	ASSERT_TRUE(start());
	fake.hold = true;
	for (unsigned int i = 0; i < 6; i++)
		request_start(&r[i], BLOCK_READ, i);
	die();
	EXPECT_EQ(again(), 0);
	EXPECT_EQ(fake.submits, DEPTH);
	die();
	fake.hold = false;
	EXPECT_EQ(again(), 0);
	for (unsigned int i = 0; i < 6; i++) {
		EXPECT_EQ(fake.order[i], i);
		EXPECT_EQ(r[i].io.status, 0);
		request_free(&r[i]);
	}
	stop();
}

KTEST_CASE(completion_of_a_dead_driver_is_dropped)
{
	struct request r;

	ASSERT_TRUE(start());
	fake.hold = true;
	request_start(&r, BLOCK_READ, 3);
	die();
	strand_lock(&dev->strands[0]);
	block_complete(dev, 0, fake.held[0].tag, 0);
	strand_unlock(&dev->strands[0]);
	EXPECT_EQ(r.done, 0);
	fake.hold = false;
	EXPECT_EQ(again(), 0);
	EXPECT_EQ(r.done, 1);
	request_free(&r);
	stop();
}

KTEST_CASE(without_a_manager_requests_end_at_once)
{
	struct request r;

	ASSERT_TRUE(start());
	fake.hold = true;
	request_start(&r, BLOCK_READ, 3);
	device_manager_alive = false;
	die();
	EXPECT_EQ(r.io.status, -EIO);
	EXPECT_FALSE(block_disk_alive(disk));
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), -EIO);
	request_free(&r);
	stop();
}

KTEST_CASE(giving_up_ends_what_waits)
{
	struct request r[2];

	ASSERT_TRUE(start());
	fake.hold = true;
	request_start(&r[0], BLOCK_READ, 3);
	die();
	request_start(&r[1], BLOCK_READ, 4);
	mutex_lock(&dev->bind_lock);
	device_give_up(dev, DRIVER_FAILED, "enough");
	mutex_unlock(&dev->bind_lock);
	EXPECT_EQ(r[0].io.status, -EIO);
	EXPECT_EQ(r[1].io.status, -EIO);
	EXPECT_EQ(dev->state, DRIVER_FAILED);
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), -EIO);
	fake.hold = false;
	EXPECT_EQ(again(), 0);
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), 0);
	request_free(&r[0]);
	request_free(&r[1]);
	stop();
}

/* What a reader on another CPU sees that looks at one moment of a life and then at another: it must not find a disk that nobody comes for. */
KTEST_CASE(disk_is_alive_at_every_moment_between_its_drivers)
{
	time_ns_t until;

	ASSERT_TRUE(start());
	for (unsigned int i = 0; i < 3; i++) {
		dev->killed = true;
		die();
		EXPECT_FALSE(disk->alive);
		until = disk->hold_until;
		EXPECT_NE(until, 0);
		EXPECT_TRUE(block_disk_alive(disk));
		EXPECT_EQ(again(), 0);
		EXPECT_EQ(disk->hold_until, until);	/* who saw it dead before is still told to wait */
		EXPECT_TRUE(block_disk_alive(disk));
	}
	stop();
}

struct watcher {
	bool over, ended;
	unsigned int looks, dead;
};

static void watch(void *arg)
{
	struct watcher *w = arg;

	while (!READ_ONCE(w->over)) {
		w->dead += !block_disk_alive(disk);
		w->looks++;
	}
	WRITE_ONCE(w->ended, true);
}

KTEST_CASE(nobody_sees_the_disk_dead_while_drivers_change)
{
	struct watcher w = { .over = false };
	struct thread *t;

	ASSERT_TRUE(start());
	t = thread_create("watcher", watch, &w, SCHED_FAIR);
	ASSERT_FALSE(IS_ERR(t));
	thread_start(t);
	for (unsigned int i = 0; i < 50; i++) {
		dev->killed = true;
		die();
		EXPECT_EQ(again(), 0);
	}
	WRITE_ONCE(w.over, true);
	while (!READ_ONCE(w.ended))
		pause_ms(1);
	EXPECT_GT(w.looks, 0u);
	EXPECT_EQ(w.dead, 0);
	stop();
}

/* Takes three times the request's timeout of 60 ms. */
KTEST_CASE(requests_do_not_wait_longer_than_three_timeouts)
{
	struct request r;

	ASSERT_TRUE(start());
	device_unbind(dev, DRIVER_QUIESCED, "test");
	block_disk_put(disk);
	fake.timeout_ms = 60;
	EXPECT_EQ(again(), 0);
	disk = block_disk_find("kreplay0");
	pause_ms(20);
	fake.hold = true;
	request_start(&r, BLOCK_READ, 3);
	die();
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), -EIO);
	EXPECT_EQ(r.done, 1);
	EXPECT_EQ(r.io.status, -EIO);
	EXPECT_FALSE(block_disk_alive(disk));
	EXPECT_EQ(block_hold_of(disk), 180 * NSEC_PER_MSEC);
	request_free(&r);
	stop();
}

KTEST_CASE(another_size_ends_what_waited_and_goes_on)
{
	struct request r;

	ASSERT_TRUE(start());
	fake.hold = true;
	request_start(&r, BLOCK_WRITE, 50);
	die();
	fake.blocks = 32;
	fake.hold = false;
	EXPECT_EQ(again(), 0);
	EXPECT_EQ(r.io.status, -EIO);
	EXPECT_EQ(block_disk_blocks(disk), 32);
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), 0);
	request_free(&r);
	stop();
}

/* A successor says @serial: what becomes of a request that waits for it, and of the disk's own serial. */
static int serial_after_death(const char *serial, const char *expected)
{
	struct request r;
	int status;

	if (!start())
		return -ENODEV;
	fake.hold = true;
	request_start(&r, BLOCK_WRITE, 50);
	die();
	fake.serial = serial;
	fake.hold = false;
	EXPECT_EQ(again(), 0);
	EXPECT_STREQ(block_disk_limits(disk)->serial, expected);
	status = r.done ? r.io.status : -EBUSY;
	request_free(&r);
	stop();
	return status;
}

KTEST_CASE(successor_is_awaited_when_its_class_knows_the_device)
{
	struct device *unknown = device_create();

	ASSERT_TRUE(unknown && start());
	EXPECT_TRUE(!fake.awaited);
	die();
	EXPECT_EQ(again(), 0);
	EXPECT_TRUE(fake.awaited);
	stop();
	unknown->awaited = true;
	EXPECT_TRUE(!device_is_awaited(unknown));
	device_put(unknown);
}

KTEST_CASE(successor_that_names_no_serial_has_the_same_disk)
{
	EXPECT_EQ(serial_after_death("", "one"), 0);
}

KTEST_CASE(successor_with_another_serial_has_another_disk)
{
	EXPECT_EQ(serial_after_death("two", "one"), -EIO);
}

KTEST_CASE(poison_ends_alone_and_the_driver_lives_on)
{
	struct request r[4];

	ASSERT_TRUE(start());
	fake.hold = true;
	fake.poison = 12;
	for (unsigned int i = 0; i < 4; i++)
		request_start(&r[i], BLOCK_READ, 10 + i);
	for (unsigned int i = 0; i < 10 && !r[2].done; i++) {
		pause_ms(5);
		if (dev->placement != PLACED_NONE)
			break;
		fake.hold = fake.deaths < 2;
		again();
	}
	pause_ms(5);
	if (dev->placement == PLACED_NONE)
		EXPECT_EQ(again(), 0);
	EXPECT_EQ(fake.deaths, 3);
	EXPECT_EQ(fake.beside, 0);
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_EQ(r[i].done, 1);
		EXPECT_EQ(r[i].io.status, i == 2 ? -EIO : 0);
		request_free(&r[i]);
	}
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), 0);
	stop();
}

KTEST_CASE(killed_driver_proves_nothing_against_its_requests)
{
	struct request r;

	ASSERT_TRUE(start());
	fake.hold = true;
	request_start(&r, BLOCK_READ, 3);
	for (unsigned int i = 0; i < 5; i++) {
		dev->killed = true;
		die();
		EXPECT_EQ(again(), 0);
	}
	EXPECT_EQ(r.done, 0);
	dev->killed = true;
	die();
	fake.hold = false;
	EXPECT_EQ(again(), 0);
	EXPECT_EQ(r.io.status, 0);
	request_free(&r);
	stop();
}

KTEST_CASE(driver_that_stops_takes_its_disk_along)
{
	struct request r;

	ASSERT_TRUE(start());
	request_start(&r, BLOCK_READ, 3);
	device_unbind(dev, DRIVER_QUIESCED, "test");
	EXPECT_EQ(r.io.status, 0);
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), -EIO);
	request_free(&r);
	stop();
}

KTEST_CASE(write_across_two_deaths_is_there)
{
	struct request r;

	ASSERT_TRUE(start());
	fake.hold = true;
	request_start(&r, BLOCK_WRITE, 20);
	die();
	die();
	fake.hold = false;
	EXPECT_EQ(again(), 0);
	EXPECT_EQ(block_read_blocks(disk, 20, 1, buffer), 0);
	EXPECT_EQ(buffer[511], 21);
	request_free(&r);
	stop();
}

KTEST_CASE(memory_is_given_back_after_deaths)
{
	struct request r;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < 6; i++) {
		ASSERT_TRUE(start());
		fake.hold = true;
		request_start(&r, BLOCK_READ, 3);
		die();
		fake.hold = false;
		if (i % 2)
			again();
		stop();
		EXPECT_EQ(r.done, 1);
		request_free(&r);
		pause_ms(20);
		if (i == 1)
			bytes = slab_bytes_used();
	}
	EXPECT_EQ(slab_bytes_used(), bytes);
}
