// SPDX-License-Identifier: GPL-2.0
/*
 * User world: the process's end of the misc class ("serve"; the kernel's is ipc/class/misc_remote.c): submissions off the ring, to the
 * driver's submit(); completions are published before the loop's system call, in which the kernel takes them.
 */
#include <driver/class/misc.h>
#include <lib/ring.h>
#include <lib/string.h>
#include <stdlib.h>
#include <shim/trace.h>
#include "process.h"

_Static_assert(sizeof(struct ferry_misc_limits) == sizeof(struct misc_limits), "limits");
_Static_assert(offsetof(struct ferry_misc_limits, name) == offsetof(struct misc_limits, name), "limits");

struct misc_slot {
	struct misc_request rq;
	uint64_t generation;
	bool busy;
};

struct misc_end {
	struct ring submit, complete;
	uint8_t *data;
	uint32_t depth, slot_bytes;
	struct misc_slot slots[MISC_DEPTH_MAX];
};

static void request_start(struct device *dev, struct misc_end *e, const struct ferry_misc_submission *s)
{
	struct misc_slot *slot = &e->slots[s->tag];
	int err;

	slot->rq = (struct misc_request){
		.op = s->op, .tag = s->tag, .command = s->command, .length = s->length, .position = s->position,
	};
	slot->generation = s->generation;
	slot->busy = true;
	trace_note(FERRY_TRACE_SUBMIT, 0, s->tag, s->position);
	err = dev->driver->misc->submit(dev, &slot->rq);
	if (err && slot->busy)
		misc_complete(dev, s->tag, err);
}

static void request_overdue(struct device *dev, struct misc_end *e, uint32_t tag)
{
	if (e->slots[tag].busy && dev->driver->misc->timeout)
		dev->driver->misc->timeout(dev, tag);
}

void misc_run(struct device *dev)
{
	struct misc_end *e = dev->misc;
	union {
		struct ferry_misc_submission s;
		struct ferry_ring_entry entry;
	} u;

	if (!e)
		return;
	ring_awake(&e->submit);
	while (dev->misc && !dev->quiescing && !ring_take(&e->submit, &u.entry)) {
		ring_release(&e->submit);
		if (u.s.tag >= e->depth || u.s.length > e->slot_bytes)
			device_fault(dev, "bad submission", u.s.tag);
		else if (u.s.op == FERRY_MISC_OP_TIMEOUT)
			request_overdue(dev, e, u.s.tag);
		else if (e->slots[u.s.tag].busy)
			device_fault(dev, "submission of a tag in flight", u.s.tag);
		else
			request_start(dev, e, &u.s);
	}
}

bool misc_may_sleep(struct device *dev)
{
	struct misc_end *e = dev->misc;

	if (!e)
		return true;
	ring_publish(&e->complete);	/* the call that follows drains it: no bell */
	return dev->quiescing || ring_sleep(&e->submit);
}

bool misc_is_quiet(const struct device *dev)
{
	for (unsigned int i = 0; dev->misc && i < MISC_DEPTH_MAX; i++)
		if (dev->misc->slots[i].busy)
			return false;
	return true;
}

void misc_complete(struct device *dev, uint32_t tag, int64_t result)
{
	struct misc_end *e = dev->misc;
	union {
		struct ferry_misc_completion c;
		struct ferry_ring_entry entry;
	} u = { .c = { .tag = tag, .result = result } };

	trace_note(FERRY_TRACE_COMPLETE, 0, tag, (uint64_t)result);
	if (!e || tag >= e->depth || !e->slots[tag].busy) {
		device_fault(dev, "completion of a request that is not in flight", tag);
		return;
	}
	e->slots[tag].busy = false;
	u.c.generation = e->slots[tag].generation;
	if (ring_put(&e->complete, &u.entry))
		device_fault(dev, "completion ring", tag);
}

void *misc_data_at(struct device *dev, const struct misc_request *rq, uint32_t offset, uint32_t length)
{
	struct misc_end *e = dev->misc;

	if (!e || rq->tag >= e->depth || rq->length > e->slot_bytes || offset > rq->length || length > rq->length - offset)
		return NULL;
	return e->data + (size_t)rq->tag * e->slot_bytes + offset;
}

static int rings_open(struct misc_end *e, const struct ferry_misc_register *reg)
{
	uint8_t *base = (uint8_t *)(uintptr_t)reg->region;
	int err = ring_init(&e->submit, base + reg->submit_offset, ring_bytes(reg->ring_entries), reg->ring_entries);

	if (!err)
		err = ring_init(&e->complete, base + reg->complete_offset, ring_bytes(reg->ring_entries), reg->ring_entries);
	e->data = base + reg->data_offset;
	e->slot_bytes = reg->slot_bytes;
	return err;
}

int misc_register(struct device *dev, const struct misc_limits *limits)
{
	struct ferry_misc_register reg = { .abi = ABI(ferry_misc_register) };
	struct misc_end *e = dev->misc ? NULL : calloc(1, sizeof(*e));
	int err;

	if (!e)
		return dev->misc ? -EBUSY : -ENOMEM;
	memcpy(&reg.limits, limits, sizeof(reg.limits));
	err = (int)driver_call(NR_ferry_class_register, DEVICE_FD, user_address(&reg), 0, 0);
	trace_note(FERRY_TRACE_REGISTER, 0, dev->driver->manifest.class_id, (uint64_t)(int64_t)err);
	if (!err)
		err = rings_open(e, &reg);
	if (err) {
		free(e);
		return err;
	}
	e->depth = limits->depth;
	dev->misc = e;
	return 0;
}

void misc_unregister(struct device *dev)
{
	if (!dev->misc)
		return;
	ring_publish(&dev->misc->complete);
	driver_call(NR_ferry_class_unregister, DEVICE_FD, FERRY_UNREGISTER_FINISH, 0, 0);
	dev->misc = NULL;	/* the memory goes with the process */
}
