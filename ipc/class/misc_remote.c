// SPDX-License-Identifier: GPL-2.0
/*
 * The misc class's kernel end for a driver process: struct misc_ops towards the core, two rings and one slot of bytes for each tag towards
 * the process. As in block_remote.c the process is believed nothing. Locks: everything is guarded by strand 0, but what is set up
 * once, under bind_lock.
 */
#include <driver/class/misc.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <lib/ring.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/vmap.h>
#include "../moved.h"

#define RING_ENTRIES	(2 * MISC_DEPTH_MAX)	/* a tag comes back before the driver has given its entry's room back */

_Static_assert(sizeof(struct ferry_misc_limits) == sizeof(struct misc_limits), "limits");
_Static_assert(offsetof(struct ferry_misc_limits, name) == offsetof(struct misc_limits, name), "limits");

struct misc_remote {
	struct moved *moved;
	struct device *dev;
	struct vma_object *object;	/* the memory of both sides */
	uint8_t *base, *data;		/* in the kernel */
	struct ring submit, complete;
	uint32_t slot_bytes;
	bool stopped;
	const struct misc_request *inflight[MISC_DEPTH_MAX];
};

/* ---- Misc ops ---- */

static int remote_submit(struct device *dev, const struct misc_request *rq)
{
	struct misc_remote *r = dev->priv;
	uint8_t *slot = r->data + (size_t)rq->tag * r->slot_bytes;
	union {
		struct ferry_misc_submission s;
		struct ferry_ring_entry entry;
	} u = { .s = { .op = rq->op, .tag = rq->tag, .command = rq->command, .length = rq->length, .position = rq->position,
		       .generation = r->moved->generation } };
	int err;

	if (r->stopped || rq->length > r->slot_bytes)
		return -EIO;
	err = rq->length && rq->op != MISC_READ ? misc_data_get(dev, rq, 0, slot, rq->length) : 0;
	if (!err)
		err = ring_put(&r->submit, &u.entry);
	if (err)
		return -EIO;
	r->inflight[rq->tag] = rq;
	if (ring_publish(&r->submit))
		moved_ring(r->moved);
	return 0;
}

static void remote_timeout(struct device *dev, uint32_t tag)
{
	struct misc_remote *r = dev->priv;
	union {
		struct ferry_misc_submission s;
		struct ferry_ring_entry entry;
	} u = { .s = { .op = FERRY_MISC_OP_TIMEOUT, .tag = tag, .generation = r->moved->generation } };

	if (!ring_put(&r->submit, &u.entry) && ring_publish(&r->submit))
		moved_ring(r->moved);
}

static const struct misc_ops misc_remote_ops = { .submit = remote_submit, .timeout = remote_timeout };

/* ---- Completions ---- */

/* What the driver wrote is copied out of its slot: into the requester's buffer, never further than it asked. */
static bool completion_take(struct misc_remote *r, const struct ferry_misc_completion *c)
{
	const struct misc_request *rq = c->tag < MISC_DEPTH_MAX ? r->inflight[c->tag] : NULL;
	int64_t result = c->result;
	uint32_t bytes;

	if (!rq || c->generation != r->moved->generation || result < -4095 || (rq->op != MISC_IOCTL && result > (int64_t)rq->length)) {
		device_fail(r->dev, "misc: completion that does not fit a request");
		return false;
	}
	r->inflight[c->tag] = NULL;
	bytes = rq->op == MISC_IOCTL ? rq->length : rq->op == MISC_READ ? (uint32_t)result : 0;
	if (result >= 0 && bytes && misc_data_put(r->dev, rq, 0, r->data + (size_t)c->tag * r->slot_bytes, bytes))
		result = -EIO;
	misc_complete(r->dev, c->tag, result);
	return true;
}

void misc_remote_drain(struct misc_remote *r)
{
	struct strand *s = &r->dev->strands[0];
	union {
		struct ferry_misc_completion c;
		struct ferry_ring_entry entry;
	} u;
	int err = 0;

	if (!ring_pending(&r->complete))
		return;
	strand_lock(s);
	while (!r->dev->faulted && !(err = ring_take(&r->complete, &u.entry)))
		if (!completion_take(r, &u.c))
			break;
	ring_release(&r->complete);
	if (err == -EPROTO)
		device_fail(r->dev, "misc: completion ring: impossible index");
	strand_unlock(s);
}

/* ---- Registration ---- */

void misc_remote_free(struct misc_remote *r)
{
	if (!r)
		return;
	if (r->base)
		vunmap(r->base);
	vma_object_put(r->object);
	kfree(r);
}

static void region_layout(const struct misc_limits *l, struct ferry_misc_register *reg)
{
	reg->ring_entries = RING_ENTRIES;
	reg->submit_offset = 0;
	reg->complete_offset = (uint32_t)ring_bytes(RING_ENTRIES);
	reg->data_offset = (uint32_t)ALIGN_UP(2 * ring_bytes(RING_ENTRIES), PAGE_SIZE);
	reg->slot_bytes = (uint32_t)ALIGN_UP(l->max_bytes, 64u);
	reg->region_length = ALIGN_UP(reg->data_offset + (uint64_t)reg->slot_bytes * l->depth, PAGE_SIZE);
}

/* The memory in both spaces and the rings in it. */
static int region_create(struct misc_remote *r, struct ferry_misc_register *reg)
{
	const uint32_t flags = VM_SHARED | VM_OBJECT | VM_READ | VM_WRITE;
	int64_t address;
	int err;

	r->object = vma_object_create(reg->region_length >> PAGE_SHIFT);
	r->base = r->object ? vmap_pages(r->object->pages, r->object->nr_pages) : NULL;
	if (!r->base)
		return -ENOMEM;
	r->data = r->base + reg->data_offset;
	r->slot_bytes = reg->slot_bytes;
	err = ring_init(&r->submit, r->base + reg->submit_offset, ring_bytes(RING_ENTRIES), RING_ENTRIES);
	if (!err)
		err = ring_init(&r->complete, r->base + reg->complete_offset, ring_bytes(RING_ENTRIES), RING_ENTRIES);
	if (err)
		return err;
	address = space_map_object(current_process->space, 0, flags, r->object);
	reg->region = address < 0 ? 0 : (uint64_t)address;
	return address < 0 ? (int)address : 0;
}

int misc_remote_register(struct moved *m, struct ferry_misc_register *reg)
{
	struct misc_limits limits;
	struct misc_remote *r;
	int err = -ENOMEM;

	memcpy(&limits, &reg->limits, sizeof(limits));
	if (m->misc)
		return -EBUSY;
	if (!limits.depth || limits.depth > MISC_DEPTH_MAX || !limits.max_bytes || limits.max_bytes > MISC_BYTES_MAX)
		return -EINVAL;
	r = kzalloc(sizeof(*r));
	if (!r)
		return err;
	r->moved = m;
	r->dev = m->dev;
	region_layout(&limits, reg);
	err = region_create(r, reg);
	if (err) {
		misc_remote_free(r);
		return err;
	}
	m->dev->priv = r;
	m->dev->misc = &misc_remote_ops;
	m->misc = r;	/* freed with the process, also when the core refuses */
	return misc_register(m->dev, &limits);
}

void misc_remote_finish(struct misc_remote *r)
{
	struct strand *s = &r->dev->strands[0];

	misc_remote_drain(r);
	strand_lock(s);
	r->stopped = true;
	memset(r->inflight, 0, sizeof(r->inflight));
	strand_unlock(s);
	misc_unregister(r->dev);
}
