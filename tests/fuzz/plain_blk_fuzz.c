// SPDX-License-Identifier: GPL-2.0
/*
 * null_blk and ram_blk, which have no device: the fuzzer chooses their parameters and requests, lets time pass and puts a successor in the
 * driver's place. What a disk of ram_blk gives back is what was written to it, whoever its driver was.
 */
#include "play.h"

#define REQUESTS	64
#define DATA_BYTES	32768u
#define MEMORY		(512u << 10)	/* a larger disk cannot be had */
#define SETTLE_US	60000000ull

static struct host_request requests[REQUESTS];
static uint8_t data[REQUESTS][DATA_BYTES];

static struct host_param param_take(void)
{
	static const char *const names[] = { "size", "block_size", "queues", "depth", "completion", "delay_us", "read_only", "discard",
					     "write_zeroes" };
	static const char *const values[] = { "0", "1", "2", "3", "512", "1000", "1024", "4096", "5000", "65536", "200K", "17", "256", "1T",
					      "x" };
	uint8_t name = take8(), value = take8();

	return (struct host_param){ names[name % (sizeof(names) / sizeof(names[0]))], values[value % (sizeof(values) / sizeof(values[0]))] };
}

static struct device *device_take(void)
{
	uint8_t kind = take8();
	struct host_setup s = {
		.name = kind & 1 ? "ram_blk.0" : "null_blk.0", .bus = FERRY_BUS_PLATFORM, .nr_cpus = 1,
		.memory_limit = (kind & 0x60) == 0x60 ? 300 : MEMORY,
		.params = { { "size", kind & 2 ? "64K" : "8192" } },
	};

	/* The first of a name counts. */
	for (unsigned int i = 0; i < (kind >> 2) % 5u; i++)
		s.params[kind & 0x80 ? i : i + 1] = param_take();
	return host_device_create(&s);
}

static void request_send(struct device *dev)
{
	struct host_request *rq = &requests[input.nr];
	const struct block_limits *l = host_block_limits(dev);
	uint8_t what = take8();

	if (!l || input.nr == REQUESTS)
		return;
	*rq = (struct host_request){ .op = what % BLOCK_OP_COUNT, .queue = (uint16_t)(what >> 5), .lba = take8(), .nr_blocks = 1 + (what >> 3 & 7),
				     .data = data[input.nr] };
	if (rq->op == BLOCK_INFO)
		rq->nr_blocks = 1;
	memset(rq->data, take8(), (size_t)rq->nr_blocks * l->block_size);
	input.nr++;
	host_block_submit(dev, rq);
	if (what & 0x80)
		host_block_commit(dev, rq->queue % l->nr_queues);
}

/* As the class does before time passes. */
static void batches_end(struct device *dev)
{
	for (unsigned int i = 0; i < host_block_limits(dev)->nr_queues; i++)
		host_block_commit(dev, i);
}

/* A write that succeeds is read back by what is there after a restart. */
static void kept_check(struct device *dev)
{
	static uint8_t wrote[4096], got[4096];
	const struct block_limits *l = host_block_limits(dev);
	bool keeps = !strcmp(host_driver(dev)->manifest.name, "ram_blk");
	uint8_t fill = take8();

	batches_end(dev);
	memset(wrote, fill, sizeof(wrote));
	keeps = keeps && !host_block_do(dev, BLOCK_WRITE, 0, 1, wrote);
	if (host_replace(dev) || !keeps)
		return;
	REQUIRE(!host_block_do(dev, BLOCK_READ, 0, 1, got));
	REQUIRE(!memcmp(wrote, got, l->block_size));
}

static void step(struct device *dev)
{
	switch (take8() % 8) {
	case 0: case 1: case 2: case 3:
		request_send(dev);
		break;
	case 4:
		host_settle(dev);
		break;
	case 5:
		batches_end(dev);
		host_run(dev, (uint64_t)take8() << 12);
		break;
	case 6:
		host_block_commit(dev, take8() % host_block_limits(dev)->nr_queues);
		break;
	default:
		kept_check(dev);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct host_problems p;
	struct device *dev;
	uint64_t end;

	play_begin(bytes, size, NULL, 0);
	dev = device_take();
	if (!dev)
		return -1;
	if (!host_probe(dev)) {
		while (input.at < input.end && input.nr < REQUESTS)
			step(dev);
		batches_end(dev);
		end = host_clock_us() + SETTLE_US;
		while (host_block_in_flight(dev) && host_clock_us() < end)
			host_run(dev, 1000000);
		REQUIRE(!host_block_in_flight(dev));
	}
	host_remove(dev);
	p = host_device_destroy(dev);
	REQUIRE(!p.misuse && !p.lost_requests && !p.leaks && !p.storms && !p.wild_dma);
	return 0;
}
