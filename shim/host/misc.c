// SPDX-License-Identifier: GPL-2.0
/* The misc class of the host world: a test is the caller; a request stays the test's until it is done. */
#include <driver/class/misc.h>
#include "device.h"

static struct host_misc_request *in_flight(struct device *dev, uint32_t tag)
{
	return tag < MISC_DEPTH_MAX ? dev->misc.requests[tag] : NULL;
}

int misc_register(struct device *dev, const struct misc_limits *limits)
{
	if (!dev->probing)
		host_misuse(dev, "misc_register outside probe");
	if (dev->misc.registered)
		return -EBUSY;
	if (!limits->depth || limits->depth > MISC_DEPTH_MAX || !limits->max_bytes || limits->max_bytes > MISC_BYTES_MAX || !limits->name[0])
		return -EINVAL;
	dev->misc.limits = *limits;
	dev->misc.registered = true;
	return 0;
}

static void finish(struct device *dev, uint32_t tag, int64_t result)
{
	struct host_misc_request *rq = dev->misc.requests[tag];

	dev->misc.requests[tag] = NULL;
	rq->result = result;
	rq->done = true;
}

void host_misc_fail_all(struct device *dev, int status)
{
	for (uint32_t tag = 0; tag < MISC_DEPTH_MAX; tag++)
		if (dev->misc.requests[tag])
			finish(dev, tag, status);
}

void misc_unregister(struct device *dev)
{
	dev->misc.registered = false;
	host_misc_fail_all(dev, -ENODEV);
}

void misc_complete(struct device *dev, uint32_t tag, int64_t result)
{
	struct host_misc_request *rq = in_flight(dev, tag);

	if (!rq || result < -4095 || (rq->op != MISC_IOCTL && result > (int64_t)rq->length)) {
		device_fault(dev, "misc: completion that does not fit a request", tag);
		return;
	}
	finish(dev, tag, result);
}

void *misc_data_at(struct device *dev, const struct misc_request *rq, uint32_t offset, uint32_t length)
{
	struct host_misc_request *hr = in_flight(dev, rq->tag);

	return hr && offset <= hr->length && length <= hr->length - offset ? (uint8_t *)hr->data + offset : NULL;
}

void host_misc_submit(struct device *dev, struct host_misc_request *hr)
{
	uint32_t tag = 0;
	int err;

	hr->done = true;
	hr->result = -EIO;
	if (!dev->misc.registered || dev->failed)
		return;
	hr->result = -EAGAIN;
	while (tag < dev->misc.limits.depth && dev->misc.requests[tag])
		tag++;
	if (tag == dev->misc.limits.depth)
		return;
	hr->done = false;
	hr->rq = (struct misc_request){
		.op = hr->op, .tag = tag, .command = hr->command, .length = hr->length, .position = hr->position,
	};
	dev->misc.requests[tag] = hr;
	err = dev->driver->misc->submit(dev, &hr->rq);
	if (err && !hr->done)
		finish(dev, tag, err);
}

void host_misc_timeout(struct device *dev, struct host_misc_request *hr)
{
	if (!hr->done && dev->driver->misc->timeout)
		dev->driver->misc->timeout(dev, hr->rq.tag);
}

int64_t host_misc_do(struct device *dev, uint8_t op, uint32_t command, uint64_t position, void *data, uint32_t length)
{
	struct host_misc_request hr = { .op = op, .command = command, .position = position, .data = data, .length = length };

	host_misc_submit(dev, &hr);
	for (unsigned int i = 0; i < 5000 && !hr.done; i++)
		host_run(dev, 1000);
	if (hr.done)
		return hr.result;
	dev->misc.requests[hr.rq.tag] = NULL;
	host_misuse(dev, "a misc request is never completed");
	return -ETIMEDOUT;
}

const struct misc_limits *host_misc_limits(const struct device *dev)
{
	return dev->misc.registered ? &dev->misc.limits : NULL;
}
