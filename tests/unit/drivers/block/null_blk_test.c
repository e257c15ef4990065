// SPDX-License-Identifier: GPL-2.0
/* null_blk: completes everything, touches nothing, in the way its parameters say. */
#include "../variants.h"

KTEST_SUITE(null_blk);

static uint8_t data[4096];

static struct device *null_create(struct host_param a, struct host_param b)
{
	struct host_setup setup = { .name = "null_blk.0", .bus = FERRY_BUS_PLATFORM, .nr_cpus = 1, .params = { a, b } };

	return host_device_create(&setup);
}

static struct device *null_probe(const char *name, const char *value)
{
	struct device *dev = null_create((struct host_param){ name, value }, (struct host_param){ NULL, NULL });

	if (dev && host_probe(dev)) {
		host_close(dev);
		return NULL;
	}
	return dev;
}

KTEST_CASE(null_disk_has_64_mebibytes)
{
	struct device *dev = null_probe(NULL, NULL);

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(host_block_limits(dev)->nr_blocks, 131072);
	EXPECT_STREQ(host_block_limits(dev)->prefix, "nullb");
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(null_read_leaves_the_buffer_alone)
{
	struct device *dev = null_probe(NULL, NULL);

	ASSERT_NOT_NULL(dev);
	memset(data, 0x5a, sizeof(data));
	EXPECT_EQ(host_block_do(dev, BLOCK_READ, 0, 8, data), 0);
	EXPECT_EQ(data[0], 0x5a);
	EXPECT_EQ(data[4095], 0x5a);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(null_request_completes_inside_submit)
{
	struct device *dev = null_probe(NULL, NULL);
	struct host_request rq = { .op = BLOCK_WRITE, .nr_blocks = 8, .data = data };

	ASSERT_NOT_NULL(dev);
	host_block_submit(dev, &rq);
	EXPECT_TRUE(rq.done && !rq.status);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(null_request_completes_by_timer_when_asked)
{
	struct device *dev = null_probe("completion", "1");
	struct host_request rq = { .op = BLOCK_WRITE, .nr_blocks = 8, .data = data };

	ASSERT_NOT_NULL(dev);
	host_block_submit(dev, &rq);
	host_block_commit(dev, 0);
	EXPECT_FALSE(rq.done);
	host_run(dev, 10);
	EXPECT_TRUE(rq.done && !rq.status);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(null_delay_is_kept)
{
	struct device *dev = null_create((struct host_param){ "completion", "1" }, (struct host_param){ "delay_us", "500" });
	struct host_request rq = { .op = BLOCK_READ, .nr_blocks = 8, .data = data };

	ASSERT_NOT_NULL(dev);
	ASSERT_EQ(host_probe(dev), 0);
	host_block_submit(dev, &rq);
	host_block_commit(dev, 0);
	host_run(dev, 499);
	EXPECT_FALSE(rq.done);
	host_run(dev, 3);
	EXPECT_TRUE(rq.done);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(null_depth_1_serves_many_one_by_one)
{
	struct device *dev = null_create((struct host_param){ "completion", "1" }, (struct host_param){ "depth", "1" });
	struct host_request rq[20];

	ASSERT_NOT_NULL(dev);
	ASSERT_EQ(host_probe(dev), 0);
	for (unsigned int i = 0; i < 20; i++) {
		rq[i] = (struct host_request){ .op = BLOCK_READ, .lba = i, .nr_blocks = 1, .data = data };
		host_block_submit(dev, &rq[i]);
	}
	host_block_commit(dev, 0);
	host_run(dev, 1000);
	for (unsigned int i = 0; i < 20; i++)
		EXPECT_TRUE(rq[i].done && !rq[i].status);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(null_parameter_out_of_range_falls_back)
{
	struct device *dev = null_probe("depth", "100000");

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(host_block_limits(dev)->queue_depth, 128);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(null_read_only_refuses_writes)
{
	struct device *dev = null_probe("read_only", "1");

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(host_block_do(dev, BLOCK_WRITE, 0, 1, data), -EROFS);
	EXPECT_EQ(host_block_do(dev, BLOCK_DISCARD, 0, 1, NULL), -EROFS);
	EXPECT_EQ(host_block_do(dev, BLOCK_READ, 0, 1, data), 0);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(null_several_queues_work_apart)
{
	struct device *dev = null_create((struct host_param){ "completion", "1" }, (struct host_param){ "queues", "4" });
	struct host_request rq[4];

	ASSERT_NOT_NULL(dev);
	ASSERT_EQ(host_probe(dev), 0);
	for (uint16_t q = 0; q < 4; q++) {
		rq[q] = (struct host_request){ .op = BLOCK_READ, .queue = q, .nr_blocks = 1, .data = data };
		host_block_submit(dev, &rq[q]);
		host_block_commit(dev, q);
	}
	host_run(dev, 10);
	for (unsigned int q = 0; q < 4; q++)
		EXPECT_TRUE(rq[q].done && !rq[q].status);
	EXPECT_EQ(host_close(dev), 0);
}
