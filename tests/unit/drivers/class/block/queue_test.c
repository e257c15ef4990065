// SPDX-License-Identifier: GPL-2.0
/*
 * The block core in the kernel, with a driver made for it: it holds, refuses, completes and lies as each case wants. The calls that
 * the requirements name (read_blocks, write_blocks, flush, get by id, asynchronous requests) are used as a reader would.
 */
#include <driver/driver.h>
#include <kernel/block.h>
#include <kernel/debug.h>
#include <kernel/device.h>
#include <ktest.h>
#include <mm/page.h>
#include <mm/slab.h>
#include "core.h"

KTEST_SUITE(block_queue);

#define BLOCKS	64u
#define DEPTH	4u

static struct {
	bool hold;			/* keep requests until told */
	unsigned int busy;		/* refuse so many submits */
	int status;			/* complete with it */
	unsigned int submits, commits, flushes, timeouts, max_flight;
	uint32_t held[DEPTH], nr_held;
	uint64_t order[64];		/* first blocks, as submitted */
	uint8_t data[BLOCKS * 512];
} fake;

static bool patient;	/* the next disk has a long timeout */

static void fake_copy(struct device *dev, const struct block_request *rq)
{
	uint8_t *at = fake.data + rq->lba * 512;
	int err = 0;

	if (rq->op == BLOCK_READ)
		err = block_data_put(dev, rq, 0, at, rq->nr_blocks * 512);
	if (rq->op == BLOCK_WRITE)
		err = block_data_get(dev, rq, 0, at, rq->nr_blocks * 512);
	EXPECT_EQ(err, 0);
}

static int fake_submit(struct device *dev, const struct block_request *rq)
{
	if (fake.busy) {
		fake.busy--;
		return -EBUSY;
	}
	if (fake.submits < ARRAY_SIZE(fake.order))
		fake.order[fake.submits] = rq->lba;
	fake.submits++;
	fake.flushes += rq->op == BLOCK_FLUSH;
	fake_copy(dev, rq);
	if (fake.hold)
		fake.held[fake.nr_held++] = rq->tag;
	else
		block_complete(dev, rq->queue, rq->tag, fake.status);
	fake.max_flight = MAX(fake.max_flight, fake.nr_held);
	return 0;
}

static void fake_commit(struct device *dev, unsigned int queue)
{
	fake.commits++;
}

static const struct block_ops fake_ops = { .submit = fake_submit, .commit = fake_commit };

static int fake_probe(struct device *dev)
{
	struct block_limits limits = { .nr_blocks = BLOCKS, .block_size = 512, .nr_queues = 1, .queue_depth = DEPTH,
		.max_segments = 4, .max_request_blocks = 16, .request_timeout_ms = 50, .flags = BLOCK_HAS_FLUSH, .prefix = "ktest" };

	limits.request_timeout_ms = patient ? 60000 : limits.request_timeout_ms;
	return block_register(dev, &limits);
}

static void fake_remove(struct device *dev)
{
	block_unregister(dev);
}

DRIVER(ktest_blk) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "ktest_blk",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_CPU_DATA,
		.match = { MATCH_PLATFORM("ktest_blk") },
	},
	.probe = fake_probe,
	.remove = fake_remove,
	.block = &fake_ops,
};

static struct device *dev;
static struct block_disk *disk;
static uint8_t buffer[BLOCKS * 512];

static bool disk_settled(void)
{
	struct block_io io = { .op = BLOCK_FLUSH };

	return !block_do(disk, &io);
}

static bool start(void)
{
	memset(&fake, 0, sizeof(fake));
	dev = device_create();
	if (!dev)
		return false;
	dev->bus = FERRY_BUS_PLATFORM;
	str_copy(dev->name, "ktest_blk.0", sizeof(dev->name));
	device_get(dev);
	device_add(dev);
	if (dev->block_group)
		disk = block_disk_find("ktest0");
	sleep_until(time_now() + 20 * NSEC_PER_MSEC, false);	/* the partition scan */
	if (!disk || !disk_settled())
		return false;
	disk->nomerges = BLOCK_NOMERGES;	/* here each io is a request; merge_test.c */
	memset(&fake, 0, sizeof(fake));
	return true;
}

static void stop(void)
{
	device_remove(dev);
	block_disk_put(disk);
	device_put(dev);
	disk = NULL;
}

/* An io of @blocks on a page of its own. */
struct request {
	struct block_io io;
	struct block_vec vec;
	unsigned int done;
};

static void request_done(struct block_io *io)
{
	container_of(io, struct request, io)->done++;
}

static void request_init(struct request *r, uint8_t op, uint64_t lba, uint32_t blocks)
{
	memset(r, 0, sizeof(*r));
	r->vec.page = frame_alloc(1, FRAME_ZERO, PAGE_KERNEL);
	r->vec.length = blocks * 512;
	r->io = (struct block_io){ .op = op, .lba = lba, .nr_blocks = blocks, .vec = &r->vec, .nr_vec = 1, .done = request_done };
}

static void request_free(struct request *r)
{
	page_put(r->vec.page);
}

/* Complete what the driver holds, oldest first, as an interrupt would. */
static void release(unsigned int nr)
{
	struct strand *s = &dev->strands[0];

	strand_lock(s);
	while (nr-- && fake.nr_held) {
		uint32_t tag = fake.held[0];

		memmove(fake.held, fake.held + 1, --fake.nr_held * sizeof(fake.held[0]));
		block_complete(dev, 0, tag, fake.status);
	}
	strand_unlock(s);
}

KTEST_CASE(written_blocks_are_read_back)
{
	ASSERT_TRUE(start());
	for (unsigned int i = 0; i < 8 * 512; i++)
		buffer[i] = (uint8_t)(i * 7);
	EXPECT_EQ(block_write_blocks(disk, 8, 8, buffer), 0);
	EXPECT_EQ(block_flush(disk), 0);
	memset(buffer, 0, sizeof(buffer));
	EXPECT_EQ(block_read_blocks(disk, 8, 8, buffer), 0);
	EXPECT_EQ(buffer[100], (uint8_t)(100 * 7));
	EXPECT_EQ(fake.flushes, 1);
	EXPECT_EQ(dev->counters.copied_bytes >= 2 * 8 * 512, 1);
	stop();
}

KTEST_CASE(disk_is_found_by_id_and_name)
{
	struct block_disk *again;

	ASSERT_TRUE(start());
	EXPECT_EQ(block_disk_blocks(disk), BLOCKS);
	EXPECT_EQ(block_disk_limits(disk)->block_size, 512);
	again = block_disk_find(block_disk_name(disk));
	EXPECT_TRUE(again == disk);
	block_disk_put(again);
	stop();
	EXPECT_NULL(block_disk_get(0));
	EXPECT_NULL(block_disk_get(~0u));
}

KTEST_CASE(large_request_is_cut_to_the_limit)
{
	ASSERT_TRUE(start());
	EXPECT_EQ(block_read_blocks(disk, 0, 40, buffer), 0);
	EXPECT_EQ(fake.submits, 3);
	EXPECT_EQ(fake.order[1], 16);
	EXPECT_EQ(fake.order[2], 32);
	stop();
}

KTEST_CASE(batch_is_committed_once)
{
	struct request r[3];
	struct block_io *ios[3];

	ASSERT_TRUE(start());
	for (unsigned int i = 0; i < 3; i++) {
		request_init(&r[i], BLOCK_READ, i, 1);
		ios[i] = &r[i].io;
	}
	block_submit_batch(disk, ios, 3);
	EXPECT_EQ(fake.submits, 3);
	EXPECT_EQ(fake.commits, 1);
	for (unsigned int i = 0; i < 3; i++) {
		EXPECT_EQ(r[i].done, 1);
		request_free(&r[i]);
	}
	stop();
}

KTEST_CASE(busy_request_goes_first_when_there_is_room)
{
	struct request r[3];

	ASSERT_TRUE(start());
	fake.hold = true;
	for (unsigned int i = 0; i < 3; i++) {
		request_init(&r[i], BLOCK_READ, 10 + i, 1);
		fake.busy = i == 1;
		block_submit(disk, &r[i].io);
	}
	EXPECT_EQ(fake.order[1], 11);
	release(3);
	release(3);
	EXPECT_EQ(fake.order[0], 10);
	EXPECT_EQ(fake.order[2], 12);
	for (unsigned int i = 0; i < 3; i++) {
		EXPECT_EQ(r[i].done, 1);
		request_free(&r[i]);
	}
	stop();
}

KTEST_CASE(busy_with_nothing_in_flight_is_asked_again)
{
	ASSERT_TRUE(start());
	fake.busy = 3;
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), 0);
	EXPECT_EQ(fake.busy, 0);
	stop();
}

KTEST_CASE(more_requests_than_tags_wait_in_order)
{
	struct request r[DEPTH + 3];

	ASSERT_TRUE(start());
	fake.hold = true;
	for (unsigned int i = 0; i < DEPTH + 3; i++) {
		request_init(&r[i], BLOCK_READ, i, 1);
		block_submit(disk, &r[i].io);
	}
	EXPECT_EQ(fake.submits, DEPTH);
	for (unsigned int i = 0; i < DEPTH + 3; i++)
		release(1);
	EXPECT_EQ(fake.max_flight, DEPTH);
	for (unsigned int i = 0; i < DEPTH + 3; i++) {
		EXPECT_EQ(fake.order[i], i);
		EXPECT_EQ(r[i].done, 1);
		request_free(&r[i]);
	}
	stop();
}

static void held_swap(unsigned int i, unsigned int j)
{
	uint32_t tag = fake.held[i];

	fake.held[i] = fake.held[j];
	fake.held[j] = tag;
}

/* Two tags are taken, so that an io of four pieces has to wait for its own first pieces. */
KTEST_CASE(freed_tag_goes_to_the_next_piece_of_the_same_io)
{
	struct request r[3];

	ASSERT_TRUE(start());
	fake.hold = true;
	for (unsigned int i = 0; i < 2; i++) {
		request_init(&r[i], BLOCK_READ, i, 1);
		block_submit(disk, &r[i].io);
	}
	request_init(&r[2], BLOCK_READ, 0, 1);
	page_put(r[2].vec.page);
	r[2].vec = (struct block_vec){ .page = frame_alloc(3, FRAME_ZERO, PAGE_KERNEL), .length = BLOCKS * 512 };
	r[2].io.nr_blocks = BLOCKS;
	block_submit(disk, &r[2].io);
	EXPECT_EQ(fake.submits, DEPTH);
	held_swap(0, 2);
	release(1);
	EXPECT_EQ(fake.submits, DEPTH + 1);
	for (unsigned int i = 0; i < 2 * DEPTH; i++)
		release(1);
	for (unsigned int i = 0; i < 3; i++) {
		EXPECT_EQ(r[i].done, 1);
		request_free(&r[i]);
	}
	stop();
}

KTEST_CASE(error_of_one_piece_is_the_error_of_all)
{
	ASSERT_TRUE(start());
	fake.status = -ENOSPC;
	EXPECT_EQ(block_write_blocks(disk, 0, 40, buffer), -ENOSPC);
	fake.status = 5;
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), -EIO);
	stop();
}

KTEST_CASE(requests_outside_the_disk_do_not_reach_the_driver)
{
	ASSERT_TRUE(start());
	EXPECT_EQ(block_read_blocks(disk, BLOCKS, 1, buffer), -EINVAL);
	EXPECT_EQ(block_read_blocks(disk, BLOCKS - 1, 2, buffer), -EINVAL);
	EXPECT_EQ(block_read_blocks(disk, ~0ull, 1, buffer), -EINVAL);
	EXPECT_EQ(fake.submits, 0);
	stop();
}

KTEST_CASE(fua_without_support_is_write_and_flush)
{
	struct request r;

	ASSERT_TRUE(start());
	request_init(&r, BLOCK_WRITE, 3, 1);
	r.io.flags = BLOCK_REQ_FUA;
	EXPECT_EQ(block_do(disk, &r.io), 0);
	EXPECT_EQ(fake.submits, 2);
	EXPECT_EQ(fake.flushes, 1);
	request_free(&r);
	stop();
}

KTEST_CASE(completion_with_bad_tag_fails_the_device)
{
	ASSERT_TRUE(start());
	strand_lock(&dev->strands[0]);
	block_complete(dev, 0, 99, 0);
	strand_unlock(&dev->strands[0]);
	EXPECT_TRUE(dev->faulted);
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), -EIO);
	stop();
}

KTEST_CASE(second_completion_fails_the_device)
{
	struct request r;
	uint32_t tag;

	ASSERT_TRUE(start());
	fake.hold = true;
	request_init(&r, BLOCK_READ, 0, 1);
	block_submit(disk, &r.io);
	tag = fake.held[0];
	release(1);
	EXPECT_FALSE(dev->faulted);
	strand_lock(&dev->strands[0]);
	block_complete(dev, 0, tag, 0);
	strand_unlock(&dev->strands[0]);
	EXPECT_TRUE(dev->faulted);
	EXPECT_EQ(r.done, 1);
	request_free(&r);
	stop();
}

/* Takes the request's timeout of 50 ms. */
KTEST_CASE(overdue_request_fails_the_device_and_ends)
{
	ASSERT_TRUE(start());
	fake.hold = true;
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), -EIO);
	EXPECT_TRUE(dev->faulted);
	EXPECT_FALSE(block_disk_alive(disk));
	stop();
}

KTEST_CASE(disk_goes_on_when_its_device_is_bound_again)
{
	uint32_t id;

	ASSERT_TRUE(start());
	id = block_disk_id(disk);
	device_fault(dev, "test", 0);
	sleep_until(time_now() + 50 * NSEC_PER_MSEC, false);
	EXPECT_EQ(dev->state, DRIVER_FAILED);
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), -EIO);
	EXPECT_EQ(device_bind_kernel(dev), 0);
	EXPECT_EQ(block_disk_id(disk), id);
	EXPECT_TRUE(block_disk_alive(disk));
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), 0);
	stop();
}

KTEST_CASE(removed_disk_refuses_requests)
{
	ASSERT_TRUE(start());
	device_unbind(dev, DRIVER_QUIESCED, "test");
	EXPECT_NULL(block_disk_find(block_disk_name(disk)));
	EXPECT_EQ(block_read_blocks(disk, 0, 1, buffer), -EIO);
	stop();
}

KTEST_CASE(resize_moves_the_end)
{
	ASSERT_TRUE(start());
	block_resize(dev, 8);
	EXPECT_EQ(block_read_blocks(disk, 8, 1, buffer), -EINVAL);
	EXPECT_EQ(block_read_blocks(disk, 7, 1, buffer), 0);
	stop();
}

KTEST_CASE(memory_is_given_back)
{
	struct frame_stats before, after;
	uint64_t bytes;

	ASSERT_TRUE(start());
	stop();
	bytes = slab_bytes_used();
	debug_objects_drain();
	frame_stats(&before);
	for (unsigned int i = 0; i < 30; i++) {
		ASSERT_TRUE(start());
		EXPECT_EQ(block_read_blocks(disk, 0, 40, buffer), 0);
		stop();
	}
	debug_objects_drain();
	frame_stats(&after);
	EXPECT_EQ(slab_bytes_used(), bytes);
	/* Bytes of slabs are exact; their caches may hold back empty ones. */
	EXPECT_LE(before.free - after.free, 4 + after.by_use[PAGE_SLAB] - before.by_use[PAGE_SLAB]);
}

/* ---- The page cache: nobody waits for another page's read or write ---- */

struct cache_call {
	uint64_t pos;
	ssize_t result;
	bool over;
	uint8_t byte;
};

static void cache_read_call(void *arg)
{
	struct cache_call *call = arg;
	struct iovec_k storage;
	struct iter it;

	iter_init_one(&it, &storage, (uint64_t)&call->byte, 1, true);
	call->result = block_cache_read(disk, call->pos, &it, 1);
	__atomic_store_n(&call->over, true, __ATOMIC_RELEASE);
}

static bool comes_true(const bool *flag)
{
	for (unsigned int i = 0; i < 3000 && !__atomic_load_n(flag, __ATOMIC_ACQUIRE); i++)
		sleep_until(time_now() + 10 * NSEC_PER_MSEC, false);
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static bool driver_holds(unsigned int nr)
{
	for (unsigned int i = 0; i < 3000 && READ_ONCE(fake.nr_held) < nr; i++)
		sleep_until(time_now() + 10 * NSEC_PER_MSEC, false);
	return fake.nr_held == nr;
}

KTEST_CASE(cached_page_is_read_while_another_is_on_its_way)
{
	static struct cache_call slow, same, quick;
	struct thread *t;

	patient = true;
	ASSERT_TRUE(start());
	slow = (struct cache_call){ .pos = 4 * PAGE_SIZE + 1 };
	same = (struct cache_call){ .pos = 4 * PAGE_SIZE + 2 };
	quick = (struct cache_call){ .pos = PAGE_SIZE };
	cache_read_call(&quick);
	EXPECT_EQ(quick.result, 1);
	fake.hold = true;
	t = thread_create("slow", cache_read_call, &slow, SCHED_FAIR);
	ASSERT_FALSE(IS_ERR(t));
	thread_start(t);
	EXPECT_TRUE(driver_holds(1));
	t = thread_create("same", cache_read_call, &same, SCHED_FAIR);
	ASSERT_FALSE(IS_ERR(t));
	thread_start(t);
	quick.over = false;
	cache_read_call(&quick);
	EXPECT_TRUE(quick.over);
	EXPECT_FALSE(slow.over || same.over);
	EXPECT_EQ(fake.nr_held, 1);	/* one read for both */
	release(1);
	EXPECT_TRUE(comes_true(&slow.over) && comes_true(&same.over));
	EXPECT_EQ(slow.result, 1);
	EXPECT_EQ(same.result, 1);
	fake.hold = false;
	patient = false;
	stop();
}
