// SPDX-License-Identifier: GPL-2.0
/*
 * User world: what the driver does, in full and with its time, while somebody in the kernel wants to know. Records gather here and are
 * handed over right before the loop's system call, or when there is no more room: nothing is lost. Without memory nothing is recorded.
 */
#include <driver/profile.h>
#include <lib/string.h>
#include <shim/trace.h>
#include <stdlib.h>
#include <uapi/ferry/tracepoint.h>
#include "process.h"

extern const struct profile_site __start_ferry_profiles[] __attribute__((weak));

uint32_t driver_recording;
static struct ferry_trace_record *records;	/* FERRY_TRACE_RECORDS_MAX; NULL: not needed yet */
static uint32_t nr_records;
static uint64_t named;				/* bit n: the name of scope n was told */

__attribute__((target("general-regs-only"))) void trace_flush(void)
{
	if (nr_records)
		driver_call(NR_ferry_driver_trace, user_address(records), nr_records, 0, 0);
	nr_records = 0;
}

uint32_t trace_wanted(void)
{
	long wanted = driver_call(NR_ferry_driver_trace, 0, 0, 0, 0);

	return wanted > 0 ? (uint32_t)wanted : 0;
}

void trace_want(uint32_t wanted)
{
	if (wanted && !records)
		records = calloc(FERRY_TRACE_RECORDS_MAX, sizeof(*records));
	driver_recording = records ? wanted : 0;
}

/* Called from any place of the driver, without leave to touch a register (lib/trace_site.h): so nothing of the C library. */
static __attribute__((target("general-regs-only"))) struct ferry_trace_record *record_next(void)
{
	if (nr_records == FERRY_TRACE_RECORDS_MAX)
		trace_flush();
	return &records[nr_records++];
}

TRACE_SAVES_ALL void trace_record(enum ferry_trace_op op, uint32_t size, uint32_t where, uint64_t value)
{
	struct ferry_trace_record *r = record_next();

	*r = (struct ferry_trace_record){ .op = (unsigned short)op, .size = (unsigned short)size, .where = where, .value = value,
					  .tsc = __builtin_ia32_rdtsc() };
}

/* ---- <driver/profile.h> ---- */

uint64_t profile_now(void)
{
	return __builtin_ia32_rdtsc() | 1;
}

static void name_tell(const struct profile_site *site, uint32_t number)
{
	struct ferry_trace_record *r = record_next();
	char text[16] = "";

	memcpy(text, site->name, strnlen(site->name, sizeof(text)));
	*r = (struct ferry_trace_record){ .op = FERRY_RECORD_SCOPE_NAME, .where = number };
	memcpy(&r->value, text, 8);
	memcpy(&r->tsc, text + 8, 8);
	named |= 1ull << number;
}

void profile_end(const struct profile_site *site, uint64_t began)
{
	uint64_t now = __builtin_ia32_rdtsc();
	uint32_t number = (uint32_t)(site - __start_ferry_profiles);
	struct ferry_trace_record *r;

	if (number >= FERRY_TRACE_SITES_MAX)
		return;
	if (!(named & 1ull << number))
		name_tell(site, number);
	r = record_next();
	*r = (struct ferry_trace_record){ .op = FERRY_RECORD_SCOPE, .where = number, .value = now > began ? now - began : 0, .tsc = now };
}
