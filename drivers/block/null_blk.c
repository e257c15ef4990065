// SPDX-License-Identifier: GPL-2.0
/*
 * A disk that does nothing, to measure what the layers above it cost: requests complete without a look at their data, so reads leave
 * the buffer as it was. For a disk that keeps what is written see ram_blk.c. Parameters: size, block_size, queues, depth, completion
 * (0: inside submit, 1: from the strand's timer), delay_us (of 1), read_only, discard, write_zeroes.
 */
#include <driver/class/block.h>
#include <driver/driver.h>
#include <driver/log.h>
#include <driver/mem.h>
#include <driver/time.h>

#define SIZE_DEFAULT		(64ull << 20)
#define SIZE_MAX_BYTES		(1ull << 50)
#define DEPTH_DEFAULT		128

enum completion { COMPLETE_IN_SUBMIT, COMPLETE_BY_TIMER, COMPLETION_COUNT };

/* Requests that wait for the strand's timer, in the order they came. */
struct null_queue {
	unsigned int nr;
	bool timer_on;
	uint8_t tags[BLOCK_DEPTH_MAX];
};

struct null_blk {
	struct block_limits limits;
	enum completion completion;
	uint64_t delay_us;
	struct null_queue *queues;
};

static int request_check(const struct null_blk *nb, const struct block_request *rq)
{
	const struct block_limits *l = &nb->limits;

	if (rq->queue >= l->nr_queues || rq->tag >= l->queue_depth)
		return -EINVAL;
	if (rq->op >= BLOCK_OP_COUNT || (rq->op == BLOCK_DISCARD && !(l->flags & BLOCK_HAS_DISCARD)) ||
	    (rq->op == BLOCK_WRITE_ZEROES && !(l->flags & BLOCK_HAS_WRITE_ZEROES)))
		return -EOPNOTSUPP;
	if (rq->op == BLOCK_READ || rq->op == BLOCK_FLUSH)
		return 0;
	return l->flags & BLOCK_RO ? -EROFS : 0;
}

static int null_blk_submit(struct device *dev, const struct block_request *rq)
{
	struct null_blk *nb = device_priv(dev);
	struct null_queue *nq;
	int err = request_check(nb, rq);

	if (err)
		return err;
	if (nb->completion == COMPLETE_IN_SUBMIT) {
		block_complete(dev, rq->queue, rq->tag, 0);
		return 0;
	}
	nq = &nb->queues[rq->queue];
	if (nq->nr == BLOCK_DEPTH_MAX)
		return -EBUSY;
	nq->tags[nq->nr++] = (uint8_t)rq->tag;
	return 0;
}

static void null_blk_commit(struct device *dev, unsigned int queue)
{
	struct null_blk *nb = device_priv(dev);
	struct null_queue *nq = &nb->queues[queue];

	if (!nq->nr || nq->timer_on)
		return;
	nq->timer_on = true;
	timer_set(dev, queue, nb->delay_us);
}

/* Only what waited when the timer fired: completions may bring new requests, and those wait for the next one. */
static void null_blk_timer(struct device *dev, unsigned int strand)
{
	struct null_blk *nb = device_priv(dev);
	struct null_queue *nq = &nb->queues[strand];
	uint8_t tags[BLOCK_DEPTH_MAX];
	unsigned int nr = nq->nr;

	memcpy(tags, nq->tags, nr);
	nq->nr = 0;
	nq->timer_on = false;
	for (unsigned int i = 0; i < nr; i++)
		block_complete(dev, strand, tags[i], 0);
	null_blk_commit(dev, strand);
}

static uint64_t param_bounded(struct device *dev, const char *name, uint64_t fallback, uint64_t least, uint64_t most)
{
	uint64_t value = device_param(dev, name, fallback);

	if (value >= least && value <= most)
		return value;
	dev_warn(dev, "parameter %s is out of range, using %llu", name, (unsigned long long)fallback);
	return fallback;
}

static void limits_read(struct device *dev, struct block_limits *l)
{
	l->block_size = (uint32_t)param_bounded(dev, "block_size", 512, 512, 4096);
	if (l->block_size & (l->block_size - 1))
		l->block_size = 512;
	l->nr_blocks = param_bounded(dev, "size", SIZE_DEFAULT, l->block_size, SIZE_MAX_BYTES) / l->block_size;
	l->nr_queues = (uint32_t)param_bounded(dev, "queues", 1, 1, BLOCK_QUEUES_MAX);
	l->queue_depth = (uint32_t)param_bounded(dev, "depth", DEPTH_DEFAULT, 1, BLOCK_DEPTH_MAX);
	l->max_segments = BLOCK_SEGMENTS_MAX;
	l->flags = device_param(dev, "read_only", 0) ? BLOCK_RO : 0;
	if (device_param(dev, "discard", 1))
		l->flags |= BLOCK_HAS_DISCARD;
	if (device_param(dev, "write_zeroes", 1))
		l->flags |= BLOCK_HAS_WRITE_ZEROES;
	memcpy(l->prefix, "nullb", 6);
}

static int null_blk_probe(struct device *dev)
{
	struct null_blk *nb = mem_alloc(dev, 1, sizeof(*nb));
	int err = -ENOMEM;

	if (!nb)
		return err;
	limits_read(dev, &nb->limits);
	nb->completion = (enum completion)param_bounded(dev, "completion", COMPLETE_IN_SUBMIT, 0, COMPLETION_COUNT - 1);
	nb->delay_us = param_bounded(dev, "delay_us", 0, 0, 10000000);
	nb->queues = mem_alloc(dev, nb->limits.nr_queues, sizeof(nb->queues[0]));
	if (!nb->queues)
		goto free_state;
	device_set_priv(dev, nb);
	err = device_strands(dev, nb->limits.nr_queues);
	if (!err)
		err = block_register(dev, &nb->limits);
	if (!err)
		return 0;
	mem_free(dev, nb->queues);
free_state:
	mem_free(dev, nb);
	return err;
}

static void null_blk_remove(struct device *dev)
{
	struct null_blk *nb = device_priv(dev);

	block_unregister(dev);
	mem_free(dev, nb->queues);
	mem_free(dev, nb);
}

static const struct block_ops null_blk_ops = {
	.submit = null_blk_submit,
	.commit = null_blk_commit,
};

DRIVER(null_blk) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "null_blk",
		.version = "1.0",
		.author = "The Ferry authors",
		.description = "block device without data, for measurements",
		.class_id = FERRY_CLASS_BLOCK,
		.match = { MATCH_PLATFORM("null_blk") },
	},
	.probe = null_blk_probe,
	.remove = null_blk_remove,
	.timer = null_blk_timer,
	.block = &null_blk_ops,
};
