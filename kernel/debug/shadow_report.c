// SPDX-License-Identifier: GPL-2.0
/* A wrong access in words: what the shadow says about the place, and whose memory it is. */
#include <kernel/log.h>
#include <mm/page.h>
#include "debug.h"

static const char *kind_of(const void *p)
{
	uint8_t shadow = shadow_of(p);

	/* Of a granule that is used in part, what follows says more. */
	if (shadow < 8)
		shadow = shadow_of((const char *)p + 8);
	switch (shadow) {
	case SHADOW_FREED:
		return "use after free";
	case SHADOW_FREE_PAGE:
		return "use of a free page";
	case SHADOW_RED:
	case SHADOW_LARGE_RED:
	case SHADOW_SLAB:
		return "out of bounds of an object";
	case SHADOW_GLOBAL:
		return "out of bounds of a global variable";
	case SHADOW_STACK_LEFT:
	case SHADOW_STACK_MID:
	case SHADOW_STACK_RIGHT:
		return "out of bounds of a variable on the stack";
	case SHADOW_SCOPE:
		return "use of a variable out of its scope";
	default:
		return "wrong access";
	}
}

static void describe_global(uint64_t address)
{
	const char *name;
	uint64_t offset;

	if (symbol_lookup(address, &name, &offset) && address >= KERNEL_BASE)
		report_line("The address is %llu bytes behind the start of %s", (unsigned long long)offset, name);
}

void shadow_report(uint64_t address, size_t size, bool write, uint64_t rip, uint64_t rbp)
{
	struct report r;

	if (!report_begin(&r, report_key(rip, rbp), "%s: %s of %llu bytes, the first wrong one at %px", kind_of((const void *)address),
			  write ? "write" : "read", (unsigned long long)size, (void *)address))
		return;
	backtrace_print(rip, rbp);
	heap_describe(address);
	describe_global(address);
	report_end(&r);
}
