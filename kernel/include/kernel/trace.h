/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Static tracepoints: TRACE(CLASS, COMPLETE, id, value) where something happens. Off, one costs a test of a byte and a branch that is not
 * taken. On, the event goes into the CPU's own buffer without a lock, from any context; when it is full the oldest are overwritten and
 * counted. Format and points: uapi/ferry/tracepoint.h; the files for users: kernel/trace_proc.c.
 */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include <kernel/types.h>
#include <lib/trace_site.h>
#include <uapi/ferry/trace.h>
#include <uapi/ferry/tracepoint.h>

struct device;
struct thread;

/* FERRY_TRACE_*: the categories that are on; and TRACE_TIME, which is none of events (kernel/driver_time.h). */
extern uint32_t trace_mask;
#define TRACE_TIME	0x80u

#define trace_on(categories)	TRACE_TEST(trace_mask, categories)
#define TRACE_SIZE(category, what, size, id, value)				\
	do {									\
		if (trace_on(FERRY_TRACE_##category))				\
			TRACE_CALL(trace_emit, FERRY_POINT_##what, size, id, value); \
	} while (0)
#define TRACE(category, what, id, value)	TRACE_SIZE(category, what, 0, id, value)

/* The slow halves: something is on. Any context. Those that save all are for TRACE_CALL() too. */
TRACE_SAVES_ALL void trace_emit(unsigned int point, unsigned int size, uint64_t id, uint64_t value);
void trace_emit_at(time_ns_t when, unsigned int point, unsigned int size, uint64_t id, uint64_t value) __cold;
TRACE_SAVES_ALL void trace_switch(const struct thread *prev, const struct thread *next);
/* A number for an io, unlike any other's. */
uint64_t trace_number(void) __cold;
/* What a linked-in driver did, @what is TRACE_OP(); nothing for a moved one, whose process tells itself. */
#define TRACE_OP(op, size)	((op) | (uint32_t)(size) << 16)
TRACE_SAVES_ALL void trace_driver(const struct device *dev, uint32_t what, uint32_t where, uint64_t value);
/* kernel/syscall.c: every system call passes a recording handler from now on, or none does. */
void syscall_trace(bool on);

/* ---- For kernel/trace_proc.c ---- */

/* Switch these categories on and the others off. Turned on from nothing, the buffers begin anew. -ENOMEM. May sleep. */
int trace_set(uint32_t categories);
/* TRACE_TIME alone. May sleep. */
void trace_time_set(bool on);

/* Where a reader is in the events of each CPU. */
struct trace_cursor {
	uint64_t at[64];
};
void trace_cursor_init(struct trace_cursor *c);
/* The next event of @cpu, skipping what was overwritten meanwhile; false: that was all. */
bool trace_next(struct trace_cursor *c, unsigned int cpu, struct ferry_point_event *e);
/* What a CPU has recorded since it began, and what of that is overwritten. */
void trace_counts(unsigned int cpu, uint64_t *recorded, uint64_t *lost);
unsigned int trace_capacity(void);
/* The threads seen: false past the last. */
bool trace_thread_name(unsigned int index, struct ferry_trace_name *name);

/* ---- kernel/profile.c: what PROFILE_SCOPE() measured ---- */

#define PROFILE_NAME_MAX	24u
/* A scope of the device's driver (0: a linked-in one) ended. Any context. */
void profile_account(uint32_t device, unsigned int site, time_ns_t end, uint64_t ns);
/* Its name and source file, told before; cleaned and cut. The first name holds. */
void profile_name(uint32_t device, unsigned int site, const char *file, const char *text, size_t length);
bool profile_site_name(unsigned int index, struct ferry_trace_name *name);

#endif
