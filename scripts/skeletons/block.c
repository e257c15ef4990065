// SPDX-License-Identifier: GPL-2.0
/*
 * skeleton: (one paragraph: the device, its specification with the sections that were used, what is left out). So far it is a disk without
 * hardware, /dev/skeleton0, that keeps 64 KiB in memory.
 */
#include <driver/class/block.h>
#include <driver/driver.h>
#include <driver/log.h>
#include <driver/mem.h>

#define SKELETON_BLOCK	512u
#define SKELETON_BLOCKS	128u
#define SKELETON_DEPTH	16u

struct skeleton {
	uint8_t *data;
};

static int skeleton_run(struct device *dev, struct skeleton *s, const struct block_request *rq)
{
	uint8_t *at = s->data + rq->lba * SKELETON_BLOCK;
	uint32_t length = rq->nr_blocks * SKELETON_BLOCK;

	if (rq->op == BLOCK_FLUSH)
		return 0;
	if (rq->lba > SKELETON_BLOCKS || rq->nr_blocks > SKELETON_BLOCKS - rq->lba)
		return -EIO;
	if (rq->op == BLOCK_READ)
		return block_data_put(dev, rq, 0, at, length);
	return rq->op == BLOCK_WRITE ? block_data_get(dev, rq, 0, at, length) : -EOPNOTSUPP;
}

/* Real hardware gets a descriptor here, its doorbell in commit(), and block_complete() comes from the interrupt. */
static int skeleton_submit(struct device *dev, const struct block_request *rq)
{
	block_complete(dev, rq->queue, rq->tag, skeleton_run(dev, device_priv(dev), rq));
	return 0;
}

static const struct block_ops skeleton_ops = { .submit = skeleton_submit };

static int skeleton_probe(struct device *dev)
{
	const struct block_limits limits = {
		.nr_blocks = SKELETON_BLOCKS, .block_size = SKELETON_BLOCK, .nr_queues = 1, .queue_depth = SKELETON_DEPTH,
		.max_segments = BLOCK_SEGMENTS_MAX, .prefix = "skel",
	};
	struct skeleton *s = mem_alloc(dev, 1, sizeof(*s));
	int err = -ENOMEM;

	if (!s)
		return err;
	s->data = mem_alloc(dev, SKELETON_BLOCKS, SKELETON_BLOCK);
	if (!s->data)
		goto free_state;
	device_set_priv(dev, s);
	err = block_register(dev, &limits);
	if (err)
		goto free_data;
	dev_info(dev, "blocks=%u", SKELETON_BLOCKS);
	return 0;
free_data:
	mem_free(dev, s->data);
free_state:
	mem_free(dev, s);
	return err;
}

static void skeleton_remove(struct device *dev)
{
	struct skeleton *s = device_priv(dev);

	block_unregister(dev);
	mem_free(dev, s->data);
	mem_free(dev, s);
}

DRIVER(skeleton) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "skeleton",
		.version = "0.1",
		.author = "The Ferry authors",
		.description = "skeleton",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_CPU_DATA,
		.match = { MATCH_PLATFORM("skeleton") },
	},
	.probe = skeleton_probe,
	.remove = skeleton_remove,
	.block = &skeleton_ops,
};
