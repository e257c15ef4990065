// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver process says it did, into the trace (NR_ferry_driver_trace): the same events that a linked-in driver makes. It is believed
 * nothing but that it said so: operations are checked, each is dated between the last one and now, and it can only speak of its own device.
 */
#include <asm/clock.h>
#include <kernel/process.h>
#include <kernel/trace.h>
#include <mm/user.h>
#include "moved.h"

#define CHUNK	16u	/* records copied at a time: they lie on the stack */

uint32_t driver_recording(void)
{
	uint32_t wanted = 0;

	if (trace_on(FERRY_TRACE_DRIVER))
		wanted |= FERRY_CONTROL_TRACE;
	if (trace_on(FERRY_TRACE_PROFILE))
		wanted |= FERRY_CONTROL_PROFILE;
	return wanted;
}

/* In order, and not in the future. */
static time_ns_t record_time(struct moved *m, uint64_t tsc, time_ns_t now)
{
	time_ns_t when = MIN(clock_from_tsc(tsc), now);

	m->traced_ns = MIN(MAX(when, m->traced_ns), now);
	return m->traced_ns;
}

static int record_take(struct moved *m, const struct ferry_trace_record *r, time_ns_t now)
{
	uint32_t device = m->dev->id;
	char name[16];

	if (r->op == FERRY_RECORD_SCOPE_NAME) {
		memcpy(name, &r->value, 8);
		memcpy(name + 8, &r->tsc, 8);
		profile_name(device, r->where, "", name, sizeof(name));
		return 0;
	}
	if (r->op == FERRY_RECORD_SCOPE) {
		time_ns_t end = record_time(m, r->tsc, now);

		if (trace_on(FERRY_TRACE_PROFILE))
			profile_account(device, r->where, end, MIN(clock_from_tsc(r->tsc) - clock_from_tsc(r->tsc - r->value), now));
		return 0;
	}
	if (!r->op || r->op >= FERRY_TRACE_OPS)
		return -EINVAL;
	if (trace_on(FERRY_TRACE_DRIVER))
		trace_emit_at(record_time(m, r->tsc, now), FERRY_POINT_DRIVER + r->op, r->size, (uint64_t)device << 32 | r->where, r->value);
	return 0;
}

static int64_t records_take(struct moved *m, struct syscall_args *args)
{
	uint64_t from = args->a[0], count = args->a[1];
	struct ferry_trace_record records[CHUNK];
	time_ns_t now = time_now();

	for (uint64_t done = 0; done < count; done += CHUNK) {
		uint64_t n = MIN(count - done, (uint64_t)CHUNK);

		if (copy_from_user(records, from + done * sizeof(*records), n * sizeof(*records)))
			return -EFAULT;
		for (uint64_t i = 0; i < n; i++)
			if (record_take(m, &records[i], now))
				return -EINVAL;
	}
	return (int64_t)count;
}

SYSCALL_FLAGS(NR_ferry_driver_trace, ferry_driver_trace, SYSCALL_DRIVER)
{
	if (args->a[1] > FERRY_TRACE_RECORDS_MAX || args->a[2] || args->a[3])
		return current_process->device ? -EINVAL : -EPERM;
	if (!args->a[1])
		return current_process->device ? (int64_t)driver_recording() : -EPERM;
	return moved_call(FERRY_DEVICE_FD, 0, args, records_take);
}
