// SPDX-License-Identifier: GPL-2.0
/* skeleton on the host. A model of real hardware answers register accesses: see struct host_model_ops and tests/model/. */
#include <string.h>
#include <ktest.h>
#include <host/host.h>

KTEST_SUITE(skeleton);

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
	char back[6] = "";

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(host_misc_do(dev, MISC_WRITE, 0, 10, "hello", 6), 6);
	EXPECT_EQ(host_misc_do(dev, MISC_READ, 0, 10, back, 6), 6);
	EXPECT_STREQ(back, "hello");
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(skeleton_refuses_what_is_outside)
{
	struct device *dev = skeleton_start();
	char byte = 0;

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(host_misc_do(dev, MISC_READ, 0, 256, &byte, 1), -EINVAL);
	EXPECT_EQ(host_misc_do(dev, MISC_WRITE, 0, UINT64_MAX, &byte, 1), -EINVAL);
	EXPECT_EQ(host_close(dev), 0);
}

KTEST_CASE(skeleton_has_no_ioctl)
{
	struct device *dev = skeleton_start();

	ASSERT_NOT_NULL(dev);
	EXPECT_EQ(host_misc_do(dev, MISC_IOCTL, 1, 0, NULL, 0), -ENOTTY);
	EXPECT_EQ(host_close(dev), 0);
}
