// SPDX-License-Identifier: GPL-2.0
/* One recorded list of operations with what Linux's disks answer; see block_suite.h. */
#include <string.h>
#include <ktest.h>
#include "block_suite.h"

static uint8_t out[32768], in[32768];

static void fill(unsigned int seed)
{
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(seed + i * 13 + (i >> 9));
}

static uint32_t in_blocks(struct device *dev, uint32_t bytes)
{
	return bytes / host_block_limits(dev)->block_size;
}

static void sizes_round_trip(struct device *dev)
{
	uint32_t most = in_blocks(dev, sizeof(out));

	for (uint32_t n = 1; n <= most; n = n * 2 + (n & 1)) {
		if (n > most)
			break;
		fill(n);
		memset(in, 0, sizeof(in));
		EXPECT_EQ(host_block_do(dev, BLOCK_WRITE, n, n, out), 0);
		EXPECT_EQ(host_block_do(dev, BLOCK_READ, n, n, in), 0);
		EXPECT_MEMEQ(in, out, n * host_block_limits(dev)->block_size);
	}
}

static void last_block_is_usable(struct device *dev)
{
	uint64_t last = host_block_limits(dev)->nr_blocks - 1;

	fill(99);
	EXPECT_EQ(host_block_do(dev, BLOCK_WRITE, last, 1, out), 0);
	EXPECT_EQ(host_block_do(dev, BLOCK_READ, last, 1, in), 0);
	EXPECT_MEMEQ(in, out, host_block_limits(dev)->block_size);
}

static void neighbours_are_untouched(struct device *dev)
{
	uint32_t size = host_block_limits(dev)->block_size;
	bool zeroes = host_block_limits(dev)->flags & BLOCK_HAS_WRITE_ZEROES;

	fill(5);
	EXPECT_EQ(host_block_do(dev, BLOCK_WRITE, 20, 3, out), 0);
	memset(out + size, 0, size);
	EXPECT_EQ(host_block_do(dev, BLOCK_WRITE_ZEROES, 21, 1, NULL), zeroes ? 0 : -EOPNOTSUPP);
	if (!zeroes)
		EXPECT_EQ(host_block_do(dev, BLOCK_WRITE, 21, 1, out + size), 0);
	EXPECT_EQ(host_block_do(dev, BLOCK_READ, 20, 3, in), 0);
	EXPECT_MEMEQ(in, out, 3 * size);
}

static void flush_and_discard_answer(struct device *dev)
{
	uint32_t flags = host_block_limits(dev)->flags;
	int err = host_block_do(dev, BLOCK_FLUSH, 0, 0, NULL);

	EXPECT_TRUE(err == 0 || (err == -EOPNOTSUPP && !(flags & BLOCK_HAS_FLUSH)));
	EXPECT_EQ(host_block_do(dev, BLOCK_DISCARD, 40, 8, NULL), flags & BLOCK_HAS_DISCARD ? 0 : -EOPNOTSUPP);
}

static void many_at_once(struct device *dev)
{
	static struct host_request rq[400];
	uint32_t size = host_block_limits(dev)->block_size;
	uint16_t queue = (uint16_t)host_block_limits(dev)->first_queue;

	for (unsigned int i = 0; i < 400; i++) {
		rq[i] = (struct host_request){ .op = i & 1 ? BLOCK_READ : BLOCK_WRITE, .queue = queue, .lba = 64 + i / 2 % 64, .nr_blocks = 1,
					       .data = i & 1 ? in : out + i / 2 % 8 * size };
		host_block_submit(dev, &rq[i]);
	}
	host_block_commit(dev, queue);
	host_run(dev, 1000000);
	for (unsigned int i = 0; i < 400; i++)
		EXPECT_TRUE(rq[i].done && !rq[i].status);
}

void block_suite_run(struct device *dev)
{
	sizes_round_trip(dev);
	last_block_is_usable(dev);
	neighbours_are_untouched(dev);
	flush_and_discard_answer(dev);
	many_at_once(dev);
}
