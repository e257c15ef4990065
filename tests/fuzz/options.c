// SPDX-License-Identifier: GPL-2.0
/*
 * How the address sanitizer runs under a fuzz target: memory that was freed is kept aside by the megabyte, not by the hundreds of them,
 * because a run frees all it had and cold pages cost more than the driver.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=2:thread_local_quarantine_size_kb=64:malloc_context_size=3";
}
