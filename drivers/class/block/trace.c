// SPDX-License-Identifier: GPL-2.0
/* The block core's tracepoints, once they are on (kernel/trace.h): an io, its requests, what a linked-in driver is given and gives back. */
#include "core.h"

TRACE_SAVES_ALL void block_trace_io(struct block_io *io)
{
	io->number = trace_number();
	TRACE_SIZE(CLASS, IO, io->op, io->number, io->lba);
}

TRACE_SAVES_ALL void block_slot_trace(const struct block_queue *q, const struct block_slot *slot)
{
	uint64_t id = FERRY_TRACE_REQUEST(q->dev->id, q->number, slot->rq.tag);

	TRACE_SIZE(CLASS, ISSUE, slot->rq.op, id, slot->io->number);
	for (const struct block_io *io = slot->io->joined; io; io = io->joined)
		TRACE(CLASS, JOIN, id, io->number);
	if (trace_on(FERRY_TRACE_DRIVER))
		trace_driver(q->dev, TRACE_OP(FERRY_TRACE_SUBMIT, q->number), slot->rq.tag, slot->rq.lba);
	driver_enter(q->strand);
}

TRACE_SAVES_ALL void block_completion_trace(const struct block_queue *q, const struct block_slot *slot, int status)
{
	if (trace_on(FERRY_TRACE_DRIVER))
		trace_driver(q->dev, TRACE_OP(FERRY_TRACE_COMPLETE, q->number), slot->rq.tag, (uint64_t)(int64_t)status);
	TRACE(CLASS, COMPLETE, FERRY_TRACE_REQUEST(q->dev->id, q->number, slot->rq.tag), (int64_t)status);
}
