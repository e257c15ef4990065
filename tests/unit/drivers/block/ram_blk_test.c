// SPDX-License-Identifier: GPL-2.0
/* The block suite on ram_blk and virtio_blk; null_blk and ram_blk by themselves. */
#include "../variants.h"
#include "block_suite.h"

KTEST_SUITE(ram_blk);

static uint8_t data[131072];

static struct device *platform_probe(const char *name, const char *param, const char *value)
{
	struct host_setup setup = { .name = name, .bus = FERRY_BUS_PLATFORM, .nr_cpus = 1,
				    .params = { { "size", "2M" }, { param, value } } };
	struct device *dev = host_device_create(&setup);

	if (dev && host_probe(dev)) {
		host_close(dev);
		return NULL;
	}
	return dev;
}

KTEST_CASE(suite_ram)
{
	struct device *dev = platform_probe("ram_blk.0", NULL, NULL);

	ASSERT_NOT_NULL(dev);
	block_suite_run(dev);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(suite_ram_completing_from_the_timer)
{
	struct device *dev = platform_probe("ram_blk.0", "completion", "1");

	ASSERT_NOT_NULL(dev);
	block_suite_run(dev);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(suite_ram_with_4096_byte_blocks)
{
	struct device *dev = platform_probe("ram_blk.0", "block_size", "4096");

	ASSERT_NOT_NULL(dev);
	block_suite_run(dev);
	EXPECT_EQ(host_close(dev), 0);
}

static void suite_virtio(const struct virtio_model_setup *setup)
{
	struct virtio_model *vm = disk_probe(setup);

	ASSERT_NOT_NULL(vm);
	block_suite_run(vm->dev);
	EXPECT_EQ(virtio_model_destroy(vm), 0);
}
ON_ALL_VARIANTS(suite_virtio)

KTEST_CASE(request_across_pieces_is_whole)
{
	struct device *dev = platform_probe("ram_blk.0", NULL, NULL);
	static uint8_t back[131072];

	ASSERT_NOT_NULL(dev);
	pattern_fill(data, sizeof(data), 4);
	EXPECT_EQ(host_block_do(dev, BLOCK_WRITE, 127, 256, data), 0);
	EXPECT_EQ(host_block_do(dev, BLOCK_READ, 127, 256, back), 0);
	EXPECT_MEMEQ(back, data, sizeof(data));
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(request_past_the_end_is_an_error)
{
	struct device *dev = platform_probe("ram_blk.0", NULL, NULL);

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(host_block_do(dev, BLOCK_READ, 4095, 2, data), -EIO);
	EXPECT_EQ(host_block_do(dev, BLOCK_READ, ~0ull, 1, data), -EIO);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(readonly_ram_disk_refuses_writes)
{
	struct device *dev = platform_probe("ram_blk.0", "read_only", "1");

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(host_block_do(dev, BLOCK_WRITE, 0, 1, data), -EROFS);
	EXPECT_EQ(host_block_do(dev, BLOCK_WRITE_ZEROES, 0, 1, NULL), -EROFS);
	EXPECT_EQ(host_block_do(dev, BLOCK_READ, 0, 1, data), 0);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(ram_disk_without_memory_fails_cleanly)
{
	for (size_t limit = 64; limit < 2200000; limit = limit * 3 / 2) {
		struct host_setup setup = { .name = "ram_blk.0", .bus = FERRY_BUS_PLATFORM, .memory_limit = limit,
					    .params = { { "size", "2M" } } };
		struct device *dev = host_device_create(&setup);
		int err;

		ASSERT_NOT_NULL(dev);
		err = host_probe(dev);
		EXPECT_TRUE(!err || err == -ENOMEM);
		EXPECT_EQ(host_close(dev), 0);
	}
}

KTEST_CASE(successor_finds_the_disk_that_was_left)
{
	struct device *dev = platform_probe("ram_blk.0", NULL, NULL);
	static uint8_t back[65536];

	ASSERT_NOT_NULL(dev);
	pattern_fill(data, 65536, 9);
	EXPECT_EQ(host_block_do(dev, BLOCK_WRITE, 4096 - 128, 128, data), 0);
	ASSERT_EQ(host_replace(dev), 0);
	EXPECT_EQ(host_block_do(dev, BLOCK_READ, 4096 - 128, 128, back), 0);
	EXPECT_MEMEQ(back, data, 65536);
	EXPECT_EQ(host_close(dev), 0);
}
