// SPDX-License-Identifier: GPL-2.0
/*
 * The unit tests inside the kernel: with the word ktest (or ktest=SUITE-PREFIX) on the command line,
 * they run last before user space and the machine stops. scripts/ktap reads the log.
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include <uapi/ferry/exit.h>
#include "ktest.h"

void ktest_line(const char *text)
{
	log_info("%s", text);
}

static int ktest_start(void)
{
	const char *filter = NULL;
	char value[32];
	unsigned int i, count;

	if (!cmdline_get("ktest", value, sizeof(value)))
		return 0;
	if (value[0])
		filter = value;
	count = ktest_count_suites(filter);
	log_info("KTAP version 1");
	log_info("1..%u", count);
	for (i = 0; i < count; i++)
		ktest_run_suite(i, filter);
	machine_exit(FERRY_EXIT_POWEROFF);
}

INITCALL("6late", ktest_start);
