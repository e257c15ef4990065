/* SPDX-License-Identifier: GPL-2.0 */
/* User world: note what the driver does, for the report of its death. A few instructions; one thread, so no lock. */
#ifndef SHIM_TRACE_H
#define SHIM_TRACE_H

#include <lib/trace_site.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/trace.h>

struct device;

extern struct ferry_trace driver_trace;
/* FERRY_CONTROL_TRACE, FERRY_CONTROL_PROFILE: somebody in the kernel wants to know more than the last operations (trace.c). */
extern uint32_t driver_recording;

TRACE_SAVES_ALL void trace_record(enum ferry_trace_op op, uint32_t size, uint32_t where, uint64_t value);
/* Hand over what was recorded. */
void trace_flush(void);
/* What is wanted from now on, FERRY_CONTROL_*; or find out. */
void trace_want(uint32_t wanted);
uint32_t trace_wanted(void);

static inline void trace_only(enum ferry_trace_op op, uint32_t size, uint32_t where, uint64_t value)
{
	if (TRACE_TEST(driver_recording, FERRY_CONTROL_TRACE))
		TRACE_CALL(trace_record, op, size, where, value);
}

static inline void trace_note(enum ferry_trace_op op, uint32_t size, uint32_t where, uint64_t value)
{
	struct ferry_trace_entry *e = &driver_trace.entries[driver_trace.next++ % FERRY_TRACE_ENTRIES];

	e->op = (unsigned short)op;
	e->size = (unsigned short)size;
	e->where = where;
	e->value = value;
	trace_only(op, size, where, value);
}

/* For the trace only: PIO would push everything else out of the circle of last operations. */
static inline void port_note(const struct device *dev, enum ferry_trace_op op, uint32_t size, uint32_t where, uint64_t value)
{
	(void)dev;
	trace_only(op, size, where, value);
}

#endif
