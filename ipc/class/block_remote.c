// SPDX-License-Identifier: GPL-2.0
/*
 * The block class's kernel end for a driver process: struct block_ops towards the core, rings towards the process. The core does not
 * know the difference. A submission carries device addresses, nothing is copied; only a driver that needs the bytes themselves
 * (FERRY_NEEDS_CPU_DATA; BLOCK_INFO_COPIED: of those pages alone) has a window with one slot for each tag. The process is believed
 * nothing: entries are copied, tags looked up, generations compared; a lie fails the device.
 *
 * Each registration of a unit brings the rings of those of its queues that are not there yet, in a region of its own; a queue stays
 * until the process is gone, and the first unit on it settles how it is laid out.
 *
 * Locks: each queue is guarded by its strand; stopped is written under bind_lock and read under strands.
 */
#include <driver/class/block.h>
#include <kernel/block.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/trace.h>
#include <lib/format.h>
#include <lib/ring.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/vmap.h>
#include "../moved.h"

#define DATA_WINDOW_MAX	(2u << 20)	/* bytes of all slots together */
#define DATA_SLOT_MAX	(256u << 10)
#define DEPTH_MAX	128u		/* more tags and segments than the core uses would only be memory */
#define SEGMENTS_MAX	64u
#define DRAIN_BATCH	32u		/* completions taken without opening the strand */
#define HANG_NS		(1 * NSEC_PER_SEC)	/* overdue requests, and the driver was not back for so long: it hangs */

_Static_assert(sizeof(struct ferry_block_limits) == sizeof(struct block_limits), "limits");
_Static_assert(offsetof(struct ferry_block_limits, prefix) == offsetof(struct block_limits, prefix), "limits");
_Static_assert(offsetof(struct ferry_block_limits, request_timeout_ms) == offsetof(struct block_limits, request_timeout_ms), "limits");
_Static_assert(sizeof(struct ferry_block_segment) == sizeof(struct dma_segment), "segment");
_Static_assert(offsetof(struct ferry_block_segment, length) == offsetof(struct dma_segment, length), "segment");

struct remote_request {
	const struct block_request *rq;	/* NULL: not in flight */
	uint32_t bytes;			/* of its data */
};

struct remote_queue {
	bool ready;
	uint32_t depth_given, depth;		/* as the driver said, as used */
	uint32_t max_segments, segments_per_tag, slot_bytes;
	struct ring submit, complete;
	struct ferry_block_segment *segments;	/* NULL: two are enough */
	uint8_t *data;				/* NULL: no window */
	struct remote_request *inflight;	/* by tag */
};

/* The shared memory of the queues that came with one registration. */
struct remote_region {
	struct remote_region *next;
	struct vma_object *object;
	uint8_t *base;		/* in the kernel */
};

struct block_remote {
	struct moved *moved;
	struct device *dev;
	uint32_t block_size[BLOCK_UNITS_MAX];	/* of a unit that was ever registered */
	uint64_t units;		/* bit n: unit n is registered */
	unsigned int nr_queues;	/* the highest ready one, and one */
	bool stopped;		/* the driver is going: requests are refused */
	struct remote_region *regions;
	struct remote_queue queues[BLOCK_QUEUES_MAX];
};

/* ---- Block ops ---- */

static uint32_t request_bytes(const struct block_remote *r, const struct block_request *rq)
{
	return rq->nr_blocks * r->block_size[rq->unit];
}

static uint8_t *slot_of(const struct remote_queue *q, uint32_t tag)
{
	return q->data + (size_t)tag * q->slot_bytes;
}

static bool needs_bytes(const struct block_remote *r)
{
	return r->dev->granted & FERRY_NEEDS_CPU_DATA;
}

/* A write's bytes go into the tag's slot; a page about the device has nothing left of what was there. */
static int data_send(struct block_remote *r, struct remote_queue *q, const struct block_request *rq)
{
	uint32_t bytes = request_bytes(r, rq);

	if (!q->data || rq->nr_segments || (rq->op != BLOCK_READ && rq->op != BLOCK_WRITE && rq->op != BLOCK_INFO))
		return 0;
	if (rq->nr_blocks > q->slot_bytes / r->block_size[rq->unit])
		return -EINVAL;
	if (rq->op == BLOCK_INFO)
		memset(slot_of(q, rq->tag), 0, bytes);
	return rq->op == BLOCK_WRITE ? block_data_get(r->dev, rq, 0, slot_of(q, rq->tag), bytes) : 0;
}

static void segments_send(const struct remote_queue *q, const struct block_request *rq, struct ferry_block_submission *s)
{
	struct ferry_block_segment *to = s->segments;

	if (rq->nr_segments > FERRY_BLOCK_INLINE_SEGMENTS)
		to = &q->segments[(size_t)rq->tag * q->segments_per_tag];
	for (unsigned int i = 0; i < rq->nr_segments; i++)
		to[i] = (struct ferry_block_segment){ .address = rq->segments[i].address, .length = rq->segments[i].length };
}

static bool request_fits(const struct block_remote *r, const struct block_request *rq)
{
	const struct remote_queue *q = &r->queues[rq->queue];

	return q->ready && r->block_size[rq->unit] && rq->tag < q->depth && rq->nr_segments <= q->max_segments;
}

static int remote_submit(struct device *dev, const struct block_request *rq)
{
	struct block_remote *r = dev->priv;
	struct remote_queue *q = &r->queues[rq->queue];
	union {
		struct ferry_block_submission s;
		struct ferry_ring_entry entry;
	} u = { .s = { .op = rq->op, .flags = rq->flags, .queue = rq->queue, .tag = rq->tag, .lba = rq->lba,
		       .nr_blocks = rq->nr_blocks, .nr_segments = rq->nr_segments, .unit = rq->unit,
		       .generation = r->moved->generation } };
	int err;

	if (r->stopped)
		return -EIO;
	if (!request_fits(r, rq))
		return -EINVAL;
	err = data_send(r, q, rq);
	if (err)
		return err;
	segments_send(q, rq, &u.s);
	err = ring_put(&q->submit, &u.entry);
	if (err == -EPROTO) {
		device_fail(dev, "submission ring: impossible index");
		return -EIO;
	}
	if (err)
		return -EBUSY;
	q->inflight[rq->tag] = (struct remote_request){ .rq = rq, .bytes = request_bytes(r, rq) };
	return 0;
}

static void remote_commit(struct device *dev, unsigned int queue)
{
	struct block_remote *r = dev->priv;

	if (ring_publish(&r->queues[queue].submit))
		moved_ring(r->moved);
}

static void remote_timeout(struct device *dev, unsigned int queue, uint32_t tag)
{
	struct block_remote *r = dev->priv;
	union {
		struct ferry_block_submission s;
		struct ferry_ring_entry entry;
	} u = { .s = { .op = FERRY_BLOCK_OP_TIMEOUT, .queue = (uint16_t)queue, .tag = tag,
		       .generation = r->moved->generation } };
	bool asleep = __atomic_load_n(&r->moved->sleeping, __ATOMIC_SEQ_CST);

	if (!asleep && time_now() - r->moved->waited_ns > HANG_NS) {
		device_fail(dev, "the driver does not come back: it hangs");
		return;
	}
	if (ring_put(&r->queues[queue].submit, &u.entry)) {
		device_fail(dev, "the driver takes no submissions");
		return;
	}
	remote_commit(dev, queue);
}

static const struct block_ops block_remote_ops = {
	.submit = remote_submit,
	.commit = remote_commit,
	.timeout = remote_timeout,
};

/* ---- Completions ---- */

static void remote_violation(struct block_remote *r, const char *what, uint32_t queue, uint32_t tag)
{
	char reason[96];

	format_text(reason, sizeof(reason), "%s: queue=%u tag=%u", what, queue, tag);
	device_fail(r->dev, reason);
}

/* A completion as the driver wrote it. False: the connection is over. */
static bool completion_take(struct block_remote *r, unsigned int queue, const struct ferry_block_completion *c)
{
	struct remote_queue *q = &r->queues[queue];
	const struct block_request *rq;
	int status = c->status;

	if (c->generation != r->moved->generation || c->tag >= q->depth || !q->inflight[c->tag].rq) {
		remote_violation(r, "completion of a request that is not in flight", queue, c->tag);
		return false;
	}
	if (status > 0 || status < -4095) {
		remote_violation(r, "completion with an impossible status", queue, c->tag);
		return false;
	}
	rq = q->inflight[c->tag].rq;
	q->inflight[c->tag].rq = NULL;
	if (q->data && !rq->nr_segments && (rq->op == BLOCK_READ || rq->op == BLOCK_INFO) && !status)
		status = block_data_put(r->dev, rq, 0, slot_of(q, c->tag), q->inflight[c->tag].bytes);
	block_complete(r->dev, queue, c->tag, status);
	return true;
}

/* At most a batch, under the strand. True: there is more. */
static bool queue_drain(struct block_remote *r, unsigned int queue)
{
	struct ring *ring = &r->queues[queue].complete;
	union {
		struct ferry_block_completion c;
		struct ferry_ring_entry entry;
	} u;
	unsigned int i;
	int err = 0;

	for (i = 0; i < DRAIN_BATCH && !r->dev->faulted; i++) {
		err = ring_take(ring, &u.entry);
		if (err || !completion_take(r, queue, &u.c))
			break;
	}
	ring_release(ring);
	if (err == -EPROTO)
		remote_violation(r, "completion ring: impossible index", queue, 0);
	return i == DRAIN_BATCH && ring_pending(ring);
}

void block_remote_drain(struct block_remote *r)
{
	bool more = true;

	for (unsigned int queue = 0; more && queue < r->nr_queues; queue++) {
		struct strand *s = &r->dev->strands[queue];

		if (!r->queues[queue].ready || !ring_pending(&r->queues[queue].complete))
			continue;
		TRACE(RING, RING_DRAIN, FERRY_TRACE_REQUEST(r->dev->id, queue, 0), 0);
		do {
			strand_lock(s);
			more = queue_drain(r, queue);
			strand_unlock(s);
		} while (more);
		more = !r->dev->faulted;
	}
}

/* ---- The region ---- */

static unsigned int bits_set(uint32_t mask)
{
	unsigned int n = 0;

	for (; mask; mask &= mask - 1)
		n++;
	return n;
}

static uint32_t power_of_two(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

static int limits_check(const struct block_limits *l)
{
	bool size_ok = l->block_size >= 512 && l->block_size <= 4096 && !(l->block_size & (l->block_size - 1));

	if (!size_ok || !l->nr_queues || l->nr_queues > BLOCK_QUEUES_MAX || !l->queue_depth || l->queue_depth > BLOCK_DEPTH_MAX)
		return -EINVAL;
	if (l->first_queue > BLOCK_QUEUES_MAX - l->nr_queues || l->unit >= BLOCK_UNITS_MAX)
		return -EINVAL;
	return l->max_segments && l->max_segments <= BLOCK_SEGMENTS_MAX ? 0 : -EINVAL;
}

/* Slots for pages about the device only. 0: there are none, or too many to be meant. */
static uint32_t info_window_size(const struct block_limits *l, unsigned int nr_queues)
{
	if (!(l->flags & BLOCK_INFO_COPIED) || nr_queues * l->queue_depth > DATA_WINDOW_MAX / BLOCK_INFO_BYTES)
		return 0;
	return BLOCK_INFO_BYTES;
}

/* Slots for the bytes; requests shrink to a slot. */
static uint32_t window_size(struct block_limits *l, unsigned int nr_queues)
{
	uint32_t slot, wanted = DATA_SLOT_MAX;

	while (DATA_WINDOW_MAX / (nr_queues * l->queue_depth) < 4096)
		l->queue_depth /= 2;
	slot = DATA_WINDOW_MAX / (nr_queues * l->queue_depth);
	if (l->max_request_blocks && l->max_request_blocks < DATA_SLOT_MAX / l->block_size)
		wanted = l->max_request_blocks * l->block_size;
	return ALIGN_DOWN(MIN(MIN(slot, wanted), DATA_SLOT_MAX), l->block_size);
}

static void region_layout(const struct block_limits *l, bool bytes, uint32_t slot_bytes, struct ferry_block_register *reg)
{
	uint64_t end;

	/* Twice the depth: tags come back and are used again before the driver has released what it took. */
	reg->submit_entries = power_of_two(2 * l->queue_depth);
	reg->complete_entries = power_of_two(l->queue_depth);
	reg->submit_offset = 0;
	reg->complete_offset = (uint32_t)ring_bytes(reg->submit_entries);
	end = reg->complete_offset + ring_bytes(reg->complete_entries);
	reg->segment_offset = (uint32_t)end;
	reg->segments_per_tag = l->max_segments > FERRY_BLOCK_INLINE_SEGMENTS && !bytes ? l->max_segments : 0;
	end += (uint64_t)reg->segments_per_tag * l->queue_depth * sizeof(struct ferry_block_segment);
	reg->data_offset = (uint32_t)ALIGN_UP(end, PAGE_SIZE);
	reg->data_bytes_per_tag = slot_bytes;
	reg->queue_stride = ALIGN_UP(reg->data_offset + (uint64_t)slot_bytes * l->queue_depth, PAGE_SIZE);
	reg->region_length = reg->queue_stride * bits_set(reg->new_queues);
}

static int queue_init(struct remote_queue *q, uint8_t *base, const struct ferry_block_register *reg, const struct block_limits *l)
{
	int err;

	q->inflight = kcalloc(l->queue_depth, sizeof(*q->inflight));
	if (!q->inflight)
		return -ENOMEM;
	q->depth_given = reg->limits.queue_depth;
	q->depth = l->queue_depth;
	q->max_segments = l->max_segments;
	q->segments_per_tag = reg->segments_per_tag;
	q->slot_bytes = reg->data_bytes_per_tag;
	if (q->segments_per_tag)
		q->segments = (struct ferry_block_segment *)(base + reg->segment_offset);
	if (q->slot_bytes)
		q->data = base + reg->data_offset;
	err = ring_init(&q->submit, base + reg->submit_offset, ring_bytes(reg->submit_entries), reg->submit_entries);
	if (err)
		return err;
	return ring_init(&q->complete, base + reg->complete_offset, ring_bytes(reg->complete_entries), reg->complete_entries);
}

static void remote_region_free(struct remote_region *region)
{
	if (region->base)
		vunmap(region->base);
	vma_object_put(region->object);
	kfree(region);
}

static struct remote_region *remote_region_create(uint64_t length)
{
	struct remote_region *region = kzalloc(sizeof(*region));

	if (!region)
		return NULL;
	region->object = vma_object_create(length >> PAGE_SHIFT);
	if (region->object)
		region->base = vmap_pages(region->object->pages, region->object->nr_pages);
	if (region->base)
		return region;
	remote_region_free(region);
	return NULL;
}

void block_remote_free(struct block_remote *r)
{
	struct remote_region *region;

	if (!r)
		return;
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++)
		kfree(r->queues[i].inflight);
	while ((region = r->regions)) {
		r->regions = region->next;
		remote_region_free(region);
	}
	kfree(r);
}

/* ---- Registration ---- */

/* The core has forgotten its requests by now; the memory stays until the process is gone. */
static void remote_undo(struct device *dev, void *arg)
{
	struct block_remote *r = arg;

	r->stopped = true;
}

/* The remote end of this binding: made at its first registration, freed with the process, also when what follows fails. */
static struct block_remote *remote_of(struct moved *m)
{
	struct block_remote *r = m->block;

	if (r)
		return r;
	r = kzalloc(sizeof(*r));
	if (!r || device_on_release(m->dev, remote_undo, r)) {
		kfree(r);
		return NULL;
	}
	r->moved = m;
	r->dev = m->dev;
	m->dev->priv = r;
	m->dev->block = &block_remote_ops;
	m->block = r;
	return r;
}

/* What the unit shares with others is settled already: the same depth, at most their segments and slot. */
static int queue_share(const struct remote_queue *q, bool bytes, const struct ferry_block_register *reg, struct block_limits *l)
{
	if (q->depth_given != reg->limits.queue_depth || (bytes && q->slot_bytes < l->block_size))
		return -EINVAL;
	l->queue_depth = q->depth;
	l->max_segments = MIN(l->max_segments, q->max_segments);
	if (bytes && (!l->max_request_blocks || l->max_request_blocks > q->slot_bytes / l->block_size))
		l->max_request_blocks = q->slot_bytes / l->block_size;
	return 0;
}

static int queues_share(struct block_remote *r, struct ferry_block_register *reg, struct block_limits *l)
{
	int err = 0;

	reg->new_queues = 0;
	for (unsigned int i = l->first_queue; !err && i < l->first_queue + l->nr_queues; i++) {
		if (r->queues[i].ready)
			err = queue_share(&r->queues[i], needs_bytes(r), reg, l);
		else
			reg->new_queues |= 1u << i;
	}
	return err;
}

static int queues_init(struct block_remote *r, struct remote_region *region, const struct ferry_block_register *reg,
		       const struct block_limits *l)
{
	uint8_t *base = region->base;
	int err = 0;

	for (unsigned int i = 0; !err && i < BLOCK_QUEUES_MAX; i++) {
		if (!(reg->new_queues & 1u << i))
			continue;
		kfree(r->queues[i].inflight);	/* of a registration that failed */
		err = queue_init(&r->queues[i], base, reg, l);
		base += reg->queue_stride;
	}
	return err;
}

static void queues_ready(struct block_remote *r, uint32_t new_queues)
{
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++) {
		if (!(new_queues & 1u << i))
			continue;
		WRITE_ONCE(r->queues[i].ready, true);
		if (i >= r->nr_queues)
			__atomic_store_n(&r->nr_queues, i + 1, __ATOMIC_RELEASE);
	}
}

/* Rings for the queues that are new, in both address spaces. */
static int region_add(struct block_remote *r, struct ferry_block_register *reg, struct block_limits *l)
{
	const uint32_t flags = VM_SHARED | VM_OBJECT | VM_READ | VM_WRITE;
	uint32_t slot_bytes;
	struct remote_region *region;
	int64_t address;
	int err;

	slot_bytes = needs_bytes(r) ? window_size(l, bits_set(reg->new_queues)) : info_window_size(l, bits_set(reg->new_queues));
	if (needs_bytes(r))
		l->max_request_blocks = slot_bytes / l->block_size;
	region_layout(l, needs_bytes(r), slot_bytes, reg);
	region = remote_region_create(reg->region_length);
	if (!region)
		return -ENOMEM;
	err = queues_init(r, region, reg, l);
	address = err ? err : space_map_object(current_process->space, 0, flags, region->object);
	if (address < 0) {
		remote_region_free(region);
		return (int)address;
	}
	region->next = r->regions;
	r->regions = region;
	reg->region = (uint64_t)address;
	queues_ready(r, reg->new_queues);
	return 0;
}

static int remote_announce(struct block_remote *r, const struct block_limits *l)
{
	unsigned int strands = MAX(r->dev->nr_strands, l->first_queue + l->nr_queues);
	int err = device_strands(r->dev, strands);

	if (err)
		return err;
	r->block_size[l->unit] = l->block_size;
	err = block_register(r->dev, l);
	if (!err)
		r->units |= 1ull << l->unit;
	return err;
}

int block_remote_register(struct moved *m, struct ferry_block_register *reg)
{
	struct block_limits limits;
	struct block_remote *r;
	int err;

	memcpy(&limits, &reg->limits, sizeof(limits));
	err = limits_check(&limits);
	if (err)
		return err;
	r = remote_of(m);
	if (!r)
		return -ENOMEM;
	if (r->units & 1ull << limits.unit || r->stopped)
		return -EBUSY;
	limits.queue_depth = MIN(limits.queue_depth, DEPTH_MAX);
	limits.max_segments = MIN(limits.max_segments, SEGMENTS_MAX);
	reg->region = reg->region_length = reg->queue_stride = 0;
	err = queues_share(r, reg, &limits);
	if (!err && reg->new_queues)
		err = region_add(r, reg, &limits);
	if (err)
		return err;
	memcpy(&reg->limits, &limits, sizeof(limits));
	return remote_announce(r, &limits);
}

/* ---- Leaving ---- */

int block_remote_leave(struct block_remote *r, uint64_t unit)
{
	if (unit >= BLOCK_UNITS_MAX || !(r->units & 1ull << unit))
		return -EINVAL;
	r->units &= ~(1ull << unit);
	block_unregister_unit(r->dev, (unsigned int)unit);
	return 0;
}

void block_remote_stop(struct block_remote *r)
{
	for (unsigned int i = 0; i < BLOCK_QUEUES_MAX; i++) {
		strand_lock(&r->dev->strands[i]);
		r->stopped = true;
		strand_unlock(&r->dev->strands[i]);
	}
}

static bool remote_is_busy(const struct block_remote *r)
{
	for (unsigned int i = 0; i < r->nr_queues; i++)
		for (uint32_t tag = 0; r->queues[i].ready && tag < r->queues[i].depth; tag++)
			if (r->queues[i].inflight[tag].rq)
				return true;
	return false;
}

/* What the driver has left undone ends here: it will not come back to it. */
void block_remote_finish(struct block_remote *r)
{
	block_remote_stop(r);
	block_remote_drain(r);
	if (remote_is_busy(r))
		block_abort_all(r->dev, -EIO);
	block_unregister(r->dev);
	r->units = 0;
}
