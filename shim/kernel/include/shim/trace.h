/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel world: what a linked-in driver does, as events of the trace (kernel/trace.h). A test and a branch while that is off. */
#ifndef SHIM_TRACE_H
#define SHIM_TRACE_H

#include <lib/trace_site.h>
#include <uapi/ferry/trace.h>
#include <uapi/ferry/tracepoint.h>

struct device;

extern uint32_t trace_mask;
TRACE_SAVES_ALL void trace_driver(const struct device *dev, uint32_t what, uint32_t where, uint64_t value);

static inline void trace_note(const struct device *dev, enum ferry_trace_op op, unsigned int size, uint32_t where, uint64_t value)
{
	if (TRACE_TEST(trace_mask, FERRY_TRACE_DRIVER))
		TRACE_CALL(trace_driver, dev, op | size << 16, where, value);
}

static inline void port_note(const struct device *dev, enum ferry_trace_op op, uint32_t size, uint32_t where, uint64_t value)
{
	trace_note(dev, op, size, where, value);
}

#endif
