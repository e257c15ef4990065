// SPDX-License-Identifier: GPL-2.0
/*
 * skeleton: (one paragraph: the device, its specification with the sections that were used, what is left out). So far it is a device without
 * hardware, /dev/skeleton0, that keeps 256 bytes.
 */
#include <driver/class/misc.h>
#include <driver/driver.h>
#include <driver/log.h>
#include <driver/mem.h>

#define SKELETON_BYTES	256u

struct skeleton {
	uint8_t bytes[SKELETON_BYTES];
};

/* Real hardware is told here what to do, and misc_complete() comes from the interrupt. */
static int skeleton_submit(struct device *dev, const struct misc_request *rq)
{
	struct skeleton *s = device_priv(dev);
	int err;

	if (rq->op == MISC_IOCTL)
		return -ENOTTY;
	if (rq->position > SKELETON_BYTES || rq->length > SKELETON_BYTES - rq->position)
		return -EINVAL;
	if (rq->op == MISC_READ)
		err = misc_data_put(dev, rq, 0, s->bytes + rq->position, rq->length);
	else
		err = misc_data_get(dev, rq, 0, s->bytes + rq->position, rq->length);
	if (err)
		return err;
	misc_complete(dev, rq->tag, rq->length);
	return 0;
}

static const struct misc_ops skeleton_ops = { .submit = skeleton_submit };

static int skeleton_probe(struct device *dev)
{
	const struct misc_limits limits = {
		.name = "skeleton", .size = SKELETON_BYTES, .max_bytes = SKELETON_BYTES, .depth = 4, .flags = MISC_REPEATABLE,
	};
	struct skeleton *s = mem_alloc(dev, 1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	device_set_priv(dev, s);
	err = misc_register(dev, &limits);
	if (err)
		goto free_state;
	dev_info(dev, "bytes=%u", SKELETON_BYTES);
	return 0;
free_state:
	mem_free(dev, s);
	return err;
}

static void skeleton_remove(struct device *dev)
{
	misc_unregister(dev);
	mem_free(dev, device_priv(dev));
}

DRIVER(skeleton) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "skeleton",
		.version = "0.1",
		.author = "The Ferry authors",
		.description = "skeleton",
		.class_id = FERRY_CLASS_MISC,
		.match = { MATCH_PLATFORM("skeleton") },
	},
	.probe = skeleton_probe,
	.remove = skeleton_remove,
	.misc = &skeleton_ops,
};
