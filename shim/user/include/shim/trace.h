/* SPDX-License-Identifier: GPL-2.0 */
/* User world: note what the driver does, for the report of its death. A few instructions; one thread, so no lock. */
#ifndef SHIM_TRACE_H
#define SHIM_TRACE_H

#include <stdint.h>
#include <uapi/ferry/trace.h>

extern struct ferry_trace driver_trace;

static inline void trace_note(enum ferry_trace_op op, uint32_t size, uint32_t where, uint64_t value)
{
	struct ferry_trace_entry *e = &driver_trace.entries[driver_trace.next++ % FERRY_TRACE_ENTRIES];

	e->op = (unsigned short)op;
	e->size = (unsigned short)size;
	e->where = where;
	e->value = value;
}

#endif
