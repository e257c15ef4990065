// SPDX-License-Identifier: GPL-2.0
/*
 * The process's end of the block class (shim/user/block.c) against a kernel that is this file: rings, batches, a driver without room,
 * completions that lie. The names are changed, because the host's own shim has them too.
 */
#define block_register	user_block_register
#define block_resize	user_block_resize
#define block_resize_unit user_block_resize_unit
#define block_unregister user_block_unregister
#define block_unregister_unit user_block_unregister_unit
#define block_complete	user_block_complete
#define block_data_get	user_block_data_get
#define block_data_put	user_block_data_put
#define block_run	user_block_run
#define block_is_quiet	user_block_is_quiet
#define block_may_sleep	user_block_may_sleep
#define device_fault	user_device_fault
#define event_step	user_event_step
#define time_now_ns	user_time_now_ns

#include <driver/driver.h>
#include <setjmp.h>
#include <stdlib.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/syscall.h>

/* In place of shim/user/process.h. */
#define SHIM_USER_PROCESS_H
#define DEVICE_FD	FERRY_DEVICE_FD
#define ABI(type)	{ sizeof(struct type), FERRY_ABI_VERSION }

struct block_end;

struct device {
	const struct driver *driver;
	struct block_end *block;
	bool quiescing;
};

long driver_call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
bool event_step(struct device *dev, uint64_t deadline);
uint64_t time_now_ns(void);
bool block_may_sleep(struct device *dev);
void block_run(struct device *dev);
bool block_is_quiet(const struct device *dev);

static inline uint64_t user_address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

#include <shim/user/block.c>
#include <ktest.h>

struct ferry_trace driver_trace;
uint32_t driver_recording;

TRACE_SAVES_ALL void trace_record(enum ferry_trace_op op, uint32_t size, uint32_t where, uint64_t value)
{
}

KTEST_SUITE(user_block);

#define DEPTH		8u
#define SUBMIT_BYTES	(FERRY_RING_HEADER_BYTES + 64 * 16)
#define COMPLETE_BYTES	(FERRY_RING_HEADER_BYTES + 64 * DEPTH)
#define SEGMENTS_AT	(SUBMIT_BYTES + COMPLETE_BYTES)
#define DATA_AT		(SEGMENTS_AT + 4 * DEPTH * 16)
#define SLOT_BYTES	1024u

static unsigned char region[DATA_AT + SLOT_BYTES * DEPTH] __attribute__((aligned(4096)));
static struct ring submit_end, complete_end;
static struct device dev;
static jmp_buf faulted;
static bool expects_fault;

/* The driver under test and what it saw. */
static unsigned int room, nr_submits, nr_commits;
static uint32_t seen[64];
static struct block_request last;
static int answer;
static bool completes_at_once;
static unsigned int nr_registers;

void device_fault(struct device *d, const char *what, uint64_t where)
{
	if (!expects_fault)
		ktest_note("unexpected fault: %s", what);
	longjmp(faulted, 1);
}

bool event_step(struct device *d, uint64_t deadline)
{
	return false;
}

uint64_t time_now_ns(void)
{
	return 0;
}

long driver_call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	struct ferry_block_register *reg = (struct ferry_block_register *)(uintptr_t)b;

	if (nr != NR_ferry_class_register)
		return 0;
	if (nr_registers++)
		return 0;	/* a unit on a queue that is there */
	reg->new_queues = 1;
	reg->region = user_address(region);
	reg->queue_stride = reg->region_length = sizeof(region);
	reg->submit_entries = 16;
	reg->complete_offset = SUBMIT_BYTES;
	reg->complete_entries = DEPTH;
	reg->segment_offset = SEGMENTS_AT;
	reg->segments_per_tag = 4;
	reg->data_offset = DATA_AT;
	reg->data_bytes_per_tag = SLOT_BYTES;
	return 0;
}

static int fake_submit(struct device *d, const struct block_request *rq)
{
	if (!room)
		return -EBUSY;
	room--;
	seen[nr_submits++] = rq->tag;
	last = *rq;
	if (completes_at_once)
		block_complete(d, rq->queue, rq->tag, 0);
	return answer;
}

static void fake_commit(struct device *d, unsigned int queue)
{
	nr_commits++;
}

static const struct block_ops fake_ops = { .submit = fake_submit, .commit = fake_commit };
static const struct driver fake_driver = { .block = &fake_ops };

static void set_up(void)
{
	const struct block_limits limits = {
		.nr_blocks = 64, .block_size = 512, .nr_queues = 1, .queue_depth = DEPTH, .max_segments = 4,
	};

	memset(region, 0, sizeof(region));
	dev = (struct device){ .driver = &fake_driver };
	room = 64;
	nr_submits = nr_commits = nr_registers = 0;
	answer = 0;
	completes_at_once = expects_fault = false;
	EXPECT_EQ(block_register(&dev, &limits), 0);
	EXPECT_EQ(ring_init(&submit_end, region, SUBMIT_BYTES, 16), 0);
	EXPECT_EQ(ring_init(&complete_end, region + SUBMIT_BYTES, COMPLETE_BYTES, DEPTH), 0);
}

static void tear_down(void)
{
	free(dev.block->queues[0]->slots);
	free(dev.block->queues[0]->waiting);
	free(dev.block->queues[0]);
	free(dev.block);
	dev.block = NULL;
}

static void send(uint32_t tag, uint16_t nr_segments)
{
	union {
		struct ferry_block_submission s;
		struct ferry_ring_entry entry;
	} u = { .s = { .op = BLOCK_READ, .tag = tag, .nr_blocks = 2, .nr_segments = nr_segments, .generation = 7 } };

	u.s.segments[0].address = 0x1000 + tag;
	EXPECT_EQ(ring_put(&submit_end, &u.entry), 0);
	ring_publish(&submit_end);
}

/* The tag of the next completion; its status in @status. -1: none. */
static int receive(int *status)
{
	union {
		struct ferry_block_completion c;
		struct ferry_ring_entry entry;
	} u;

	block_may_sleep(&dev);
	if (ring_take(&complete_end, &u.entry))
		return -1;
	ring_release(&complete_end);
	EXPECT_EQ(u.c.generation, 7);
	*status = u.c.status;
	return (int)u.c.tag;
}

KTEST_CASE(units_share_a_queue_and_its_tags)
{
	const struct block_limits limits = { .block_size = 1024, .nr_queues = 1, .queue_depth = DEPTH, .max_segments = 4, .unit = 1 };
	union {
		struct ferry_block_submission s;
		struct ferry_ring_entry entry;
	} u = { .s = { .op = BLOCK_READ, .tag = 3, .nr_blocks = 1, .unit = 1, .generation = 7 } };
	uint8_t bytes[1024] = { 0 };

	set_up();
	EXPECT_EQ(block_register(&dev, &limits), 0);
	EXPECT_EQ(ring_put(&submit_end, &u.entry), 0);
	ring_publish(&submit_end);
	send(4, 1);
	block_run(&dev);
	EXPECT_EQ(nr_submits, 2);
	EXPECT_EQ(seen[0], 3);
	EXPECT_EQ(last.unit, 0);
	last.unit = 1;
	last.nr_blocks = 1;
	EXPECT_EQ(block_data_put(&dev, &last, 0, bytes, 1024), 0);
	EXPECT_EQ(block_data_put(&dev, &last, 1, bytes, 1024), -ERANGE);
	tear_down();
}

KTEST_CASE(request_reaches_the_driver_and_comes_back)
{
	int status = 1;

	set_up();
	send(3, 1);
	block_run(&dev);
	EXPECT_EQ(nr_submits, 1);
	EXPECT_EQ(last.segments[0].address, 0x1003);
	EXPECT_EQ(receive(&status), -1);
	block_complete(&dev, 0, 3, -EIO);
	EXPECT_EQ(receive(&status), 3);
	EXPECT_EQ(status, -EIO);
	tear_down();
}

KTEST_CASE(batch_has_one_commit)
{
	uint32_t tag;

	set_up();
	for (tag = 0; tag < DEPTH; tag++)
		send(tag, 1);
	block_run(&dev);
	EXPECT_EQ(nr_submits, DEPTH);
	EXPECT_EQ(nr_commits, 1);
	block_run(&dev);
	EXPECT_EQ(nr_commits, 1);
	tear_down();
}

KTEST_CASE(driver_without_room_gets_them_later_in_order)
{
	uint32_t tag;
	int status;

	set_up();
	room = 2;
	for (tag = 0; tag < 5; tag++)
		send(tag, 1);
	block_run(&dev);
	EXPECT_EQ(nr_submits, 2);
	EXPECT_TRUE(block_may_sleep(&dev));
	room = 2;
	block_complete(&dev, 0, 0, 0);
	EXPECT_EQ(receive(&status), 0);
	send(0, 1);
	block_run(&dev);
	room = 2;
	block_run(&dev);
	EXPECT_EQ(nr_submits, 6);
	for (tag = 0; tag < 5; tag++)
		EXPECT_EQ(seen[tag], tag);
	EXPECT_EQ(seen[5], 0);
	tear_down();
}

KTEST_CASE(completion_inside_submit_counts_once)
{
	int status = 1;

	set_up();
	completes_at_once = true;
	send(5, 1);
	block_run(&dev);
	EXPECT_EQ(receive(&status), 5);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(receive(&status), -1);
	tear_down();
}

KTEST_CASE(refused_request_completes_with_the_error)
{
	int status = 0;

	set_up();
	answer = -EOPNOTSUPP;
	send(1, 1);
	block_run(&dev);
	EXPECT_EQ(receive(&status), 1);
	EXPECT_EQ(status, -EOPNOTSUPP);
	tear_down();
}

KTEST_CASE(many_segments_lie_in_the_tags_row)
{
	struct dma_segment *row = (struct dma_segment *)(region + SEGMENTS_AT) + 4 * 2;

	set_up();
	row[2].address = 0xabc000;
	send(2, 3);
	block_run(&dev);
	EXPECT_EQ(last.nr_segments, 3);
	EXPECT_EQ(last.segments[2].address, 0xabc000);
	tear_down();
}

KTEST_CASE(sleep_is_refused_while_a_submission_waits)
{
	set_up();
	send(0, 1);
	EXPECT_FALSE(block_may_sleep(&dev));
	block_run(&dev);
	EXPECT_TRUE(block_may_sleep(&dev));
	tear_down();
}

static void complete_wrongly(unsigned int queue, uint32_t tag)
{
	expects_fault = true;
	if (!setjmp(faulted)) {
		block_complete(&dev, queue, tag, 0);
		EXPECT_TRUE(false);
	}
	expects_fault = false;
}

KTEST_CASE(completion_of_what_is_not_in_flight_is_a_fault)
{
	set_up();
	complete_wrongly(0, 4);
	complete_wrongly(0, DEPTH);
	complete_wrongly(1, 0);
	send(4, 1);
	block_run(&dev);
	block_complete(&dev, 0, 4, 0);
	complete_wrongly(0, 4);
	tear_down();
}

KTEST_CASE(bytes_outside_the_request_are_out_of_range)
{
	unsigned char byte = 1, bytes[1024];

	set_up();
	send(6, 0);
	block_run(&dev);
	EXPECT_EQ(block_data_put(&dev, &last, 1023, &byte, 1), 0);
	EXPECT_EQ(region[DATA_AT + SLOT_BYTES * 6 + 1023], 1);
	EXPECT_EQ(block_data_get(&dev, &last, 0, bytes, 1024), 0);
	EXPECT_EQ(bytes[1023], 1);
	EXPECT_EQ(block_data_put(&dev, &last, 1024, &byte, 1), -ERANGE);
	EXPECT_EQ(block_data_get(&dev, &last, 1, bytes, 1024), -ERANGE);
	EXPECT_EQ(block_data_get(&dev, &last, 0xffffffffu, bytes, 2), -ERANGE);
	tear_down();
}
