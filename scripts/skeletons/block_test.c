// SPDX-License-Identifier: GPL-2.0
/* skeleton on the host. A model of real hardware answers register accesses: see struct host_model_ops and tests/model/. */
#include <string.h>
#include <ktest.h>
#include <host/host.h>

KTEST_SUITE(skeleton);

static uint8_t out[1024], in[1024];

static struct device *skeleton_start(void)
{
	struct host_setup setup = { HOST_DEVICE_HERE, .nr_cpus = 1 };
	struct device *dev = host_device_create(&setup);

	if (dev && host_probe(dev)) {
		host_close(dev);
		return NULL;
	}
	return dev;
}

KTEST_CASE(skeleton_keeps_what_is_written)
{
	struct device *dev = skeleton_start();

	ASSERT_NOT_NULL(dev);
	memset(out, 0x5a, sizeof(out));
	EXPECT_EQ(host_block_do(dev, BLOCK_WRITE, 126, 2, out), 0);
	EXPECT_EQ(host_block_do(dev, BLOCK_READ, 126, 2, in), 0);
	EXPECT_EQ(memcmp(in, out, sizeof(in)), 0);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(skeleton_offers_no_discard)
{
	struct device *dev = skeleton_start();

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(host_block_do(dev, BLOCK_DISCARD, 0, 1, NULL), -EOPNOTSUPP);
	EXPECT_EQ(host_block_do(dev, BLOCK_FLUSH, 0, 0, NULL), 0);
	EXPECT_EQ(host_close(dev), 0);
}
