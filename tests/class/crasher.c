// SPDX-License-Identifier: GPL-2.0
/* Ends by a signal in a function that its core file must name, with a value that the core file must hold. "crasher nodump": not dumpable. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

volatile unsigned long long core_witness = 0x1122334455667788ull;

__attribute__((noinline)) void inner_function(volatile int *at)
{
	*at = 1;
}

__attribute__((noinline)) void outer_function(volatile int *at)
{
	inner_function(at);
	core_witness++;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "nodump"))
		prctl(PR_SET_DUMPABLE, 0);
	if (argc > 1 && !strcmp(argv[1], "abort"))
		abort();
	outer_function((volatile int *)16);
	return 0;
}
