// SPDX-License-Identifier: GPL-2.0
/*
 * A disk in memory that outlives the driver: a successor finds its predecessor's disk. All of it is there from the start: the hot path
 * allocates nothing. One queue. Parameters: size, block_size, depth, completion (0: inside submit, 1: from the strand's timer), read_only,
 * discard, write_zeroes.
 */
#include <driver/class/block.h>
#include <driver/driver.h>
#include <driver/log.h>
#include <driver/mem.h>
#include <driver/time.h>

#define SIZE_DEFAULT		(64ull << 20)
#define DEPTH_DEFAULT		128

enum completion { COMPLETE_IN_SUBMIT, COMPLETE_BY_TIMER, COMPLETION_COUNT };

/* A request that was carried out and waits for the timer. */
struct ram_done {
	uint32_t tag;
	int status;
};

struct ram_blk {
	struct device *dev;
	struct block_limits limits;
	enum completion completion;
	bool timer_on;
	unsigned int nr_done;
	struct ram_done done[BLOCK_DEPTH_MAX];
	uint8_t *bytes;
};

static int request_run(struct ram_blk *rb, const struct block_request *rq)
{
	const struct block_limits *l = &rb->limits;
	uint32_t length = rq->nr_blocks * l->block_size;
	uint8_t *at;

	if (rq->op == BLOCK_FLUSH)
		return 0;
	if (rq->lba > l->nr_blocks || rq->nr_blocks > l->nr_blocks - rq->lba)
		return -EIO;
	at = rb->bytes + rq->lba * l->block_size;
	if (rq->op == BLOCK_READ)
		return block_data_put(rb->dev, rq, 0, at, length);
	if (l->flags & BLOCK_RO)
		return -EROFS;
	if (rq->op == BLOCK_WRITE)
		return block_data_get(rb->dev, rq, 0, at, length);
	if (!(rq->op == BLOCK_DISCARD && l->flags & BLOCK_HAS_DISCARD) &&
	    !(rq->op == BLOCK_WRITE_ZEROES && l->flags & BLOCK_HAS_WRITE_ZEROES))
		return -EOPNOTSUPP;
	memset(at, 0, (size_t)rq->nr_blocks * l->block_size);
	return 0;
}

static int ram_blk_submit(struct device *dev, const struct block_request *rq)
{
	struct ram_blk *rb = device_priv(dev);
	int status;

	if (rq->tag >= rb->limits.queue_depth || rq->queue)
		return -EINVAL;
	if (rb->nr_done == BLOCK_DEPTH_MAX)
		return -EBUSY;
	status = request_run(rb, rq);
	if (rb->completion == COMPLETE_IN_SUBMIT)
		block_complete(dev, 0, rq->tag, status);
	else
		rb->done[rb->nr_done++] = (struct ram_done){ .tag = rq->tag, .status = status };
	return 0;
}

static void ram_blk_commit(struct device *dev, unsigned int queue)
{
	struct ram_blk *rb = device_priv(dev);

	if (!rb->nr_done || rb->timer_on)
		return;
	rb->timer_on = true;
	timer_set(dev, queue, 0);
}

/* Only what waited when the timer fired: completions may bring new requests, and those wait for the next one. */
static void ram_blk_timer(struct device *dev, unsigned int strand)
{
	struct ram_blk *rb = device_priv(dev);
	struct ram_done done[BLOCK_DEPTH_MAX];
	unsigned int nr = rb->nr_done;

	memcpy(done, rb->done, nr * sizeof(done[0]));
	rb->nr_done = 0;
	rb->timer_on = false;
	for (unsigned int i = 0; i < nr; i++)
		block_complete(dev, strand, done[i].tag, done[i].status);
	ram_blk_commit(dev, strand);
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
	l->nr_blocks = param_bounded(dev, "size", SIZE_DEFAULT, l->block_size, MEM_KEEP_MAX) / l->block_size;
	l->nr_queues = 1;
	l->queue_depth = (uint32_t)param_bounded(dev, "depth", DEPTH_DEFAULT, 1, BLOCK_DEPTH_MAX);
	l->max_segments = BLOCK_SEGMENTS_MAX;
	l->flags = device_param(dev, "read_only", 0) ? BLOCK_RO : 0;
	if (device_param(dev, "discard", 1))
		l->flags |= BLOCK_HAS_DISCARD;
	if (device_param(dev, "write_zeroes", 1))
		l->flags |= BLOCK_HAS_WRITE_ZEROES;
	memcpy(l->prefix, "ram", 4);
}

static int ram_blk_probe(struct device *dev)
{
	struct ram_blk *rb = mem_alloc(dev, 1, sizeof(*rb));
	int err = -ENOMEM;

	if (!rb)
		return err;
	rb->dev = dev;
	limits_read(dev, &rb->limits);
	rb->completion = (enum completion)param_bounded(dev, "completion", COMPLETE_IN_SUBMIT, 0, COMPLETION_COUNT - 1);
	rb->bytes = mem_keep(dev, rb->limits.nr_blocks * rb->limits.block_size);
	if (!rb->bytes) {
		dev_err(dev, "no memory for the disk");
		goto free_state;
	}
	device_set_priv(dev, rb);
	err = block_register(dev, &rb->limits);
	if (!err)
		return 0;
free_state:
	mem_free(dev, rb);
	return err;
}

static void ram_blk_remove(struct device *dev)
{
	struct ram_blk *rb = device_priv(dev);

	block_unregister(dev);
	mem_free(dev, rb);
}

static const struct block_ops ram_blk_ops = {
	.submit = ram_blk_submit,
	.commit = ram_blk_commit,
};

DRIVER(ram_blk) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "ram_blk",
		.version = "1.0",
		.author = "The Ferry authors",
		.description = "disk in memory",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_CPU_DATA | FERRY_NEEDS_KEEP,
		.match = { MATCH_PLATFORM("ram_blk") },
	},
	.probe = ram_blk_probe,
	.remove = ram_blk_remove,
	.timer = ram_blk_timer,
	.block = &ram_blk_ops,
};
