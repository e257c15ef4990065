// SPDX-License-Identifier: GPL-2.0
/*
 * A disk in memory. Its data lies in pieces of 64 KiB, so that no large contiguous allocation is needed, and is all there from the
 * start: the hot path allocates nothing. One queue. Parameters: size, block_size, depth, completion (0: inside submit, 1: from the
 * strand's timer), read_only, discard, write_zeroes.
 */
#include <driver/class/block.h>
#include <driver/driver.h>
#include <driver/log.h>
#include <driver/mem.h>
#include <driver/time.h>

#define SIZE_DEFAULT		(64ull << 20)
#define SIZE_MAX_BYTES		(16ull << 30)
#define PIECE_BYTES		65536u
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
	uint32_t nr_pieces;
	uint8_t **pieces;
};

/* What to do with @length bytes of the disk at @at, which are the request's bytes from @offset on. */
typedef int (*piece_fn)(struct ram_blk *rb, const struct block_request *rq, uint32_t offset, uint8_t *at, uint32_t length);

static int piece_read(struct ram_blk *rb, const struct block_request *rq, uint32_t offset, uint8_t *at, uint32_t length)
{
	return block_data_put(rb->dev, rq, offset, at, length);
}

static int piece_write(struct ram_blk *rb, const struct block_request *rq, uint32_t offset, uint8_t *at, uint32_t length)
{
	return block_data_get(rb->dev, rq, offset, at, length);
}

static int piece_zero(struct ram_blk *rb, const struct block_request *rq, uint32_t offset, uint8_t *at, uint32_t length)
{
	(void)rb;
	(void)rq;
	(void)offset;
	memset(at, 0, length);
	return 0;
}

/* Walk the pieces of the request's range, which was checked. */
static int range_walk(struct ram_blk *rb, const struct block_request *rq, piece_fn fn)
{
	uint64_t at = rq->lba * rb->limits.block_size;
	uint64_t left = (uint64_t)rq->nr_blocks * rb->limits.block_size;
	uint32_t offset = 0;
	int err = 0;

	while (left && !err) {
		uint32_t in_piece = (uint32_t)(at % PIECE_BYTES);
		uint32_t length = PIECE_BYTES - in_piece;

		if (length > left)
			length = (uint32_t)left;
		err = fn(rb, rq, offset, rb->pieces[at / PIECE_BYTES] + in_piece, length);
		at += length;
		offset += length;
		left -= length;
	}
	return err;
}

static int request_run(struct ram_blk *rb, const struct block_request *rq)
{
	const struct block_limits *l = &rb->limits;

	if (rq->op == BLOCK_FLUSH)
		return 0;
	if (rq->lba > l->nr_blocks || rq->nr_blocks > l->nr_blocks - rq->lba)
		return -EIO;
	if (rq->op == BLOCK_READ)
		return range_walk(rb, rq, piece_read);
	if (l->flags & BLOCK_RO)
		return -EROFS;
	if (rq->op == BLOCK_WRITE)
		return range_walk(rb, rq, piece_write);
	if ((rq->op == BLOCK_DISCARD && l->flags & BLOCK_HAS_DISCARD) ||
	    (rq->op == BLOCK_WRITE_ZEROES && l->flags & BLOCK_HAS_WRITE_ZEROES))
		return range_walk(rb, rq, piece_zero);
	return -EOPNOTSUPP;
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
	l->nr_blocks = param_bounded(dev, "size", SIZE_DEFAULT, l->block_size, SIZE_MAX_BYTES) / l->block_size;
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

static void pieces_free(struct ram_blk *rb)
{
	while (rb->nr_pieces)
		mem_free(rb->dev, rb->pieces[--rb->nr_pieces]);
	mem_free(rb->dev, rb->pieces);
}

static int pieces_alloc(struct ram_blk *rb)
{
	uint64_t bytes = rb->limits.nr_blocks * rb->limits.block_size;
	uint32_t nr = (uint32_t)((bytes + PIECE_BYTES - 1) / PIECE_BYTES);

	rb->pieces = mem_alloc(rb->dev, nr, sizeof(rb->pieces[0]));
	if (!rb->pieces)
		return -ENOMEM;
	for (; rb->nr_pieces < nr; rb->nr_pieces++) {
		rb->pieces[rb->nr_pieces] = mem_alloc(rb->dev, 1, PIECE_BYTES);
		if (!rb->pieces[rb->nr_pieces]) {
			dev_err(rb->dev, "no memory for a disk of %llu bytes", (unsigned long long)bytes);
			pieces_free(rb);
			return -ENOMEM;
		}
	}
	return 0;
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
	err = pieces_alloc(rb);
	if (err)
		goto free_state;
	device_set_priv(dev, rb);
	err = block_register(dev, &rb->limits);
	if (!err)
		return 0;
	pieces_free(rb);
free_state:
	mem_free(dev, rb);
	return err;
}

static void ram_blk_remove(struct device *dev)
{
	struct ram_blk *rb = device_priv(dev);

	block_unregister(dev);
	pieces_free(rb);
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
		.needs = FERRY_NEEDS_CPU_DATA,
		.match = { MATCH_PLATFORM("ram_blk") },
	},
	.probe = ram_blk_probe,
	.remove = ram_blk_remove,
	.timer = ram_blk_timer,
	.block = &ram_blk_ops,
};
