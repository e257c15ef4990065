/* SPDX-License-Identifier: GPL-2.0 */
/* Runs claims in the guest and prints KTAP, one line each. A claim returns whether it holds; CHECK leaves it with what did not. */
#ifndef TESTS_CLASS_CLAIMS_H
#define TESTS_CLASS_CLAIMS_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned int nr_cases, nr_failed;
static char reason[256];

#define CHECK(cond) do { if (!(cond)) { \
	snprintf(reason, sizeof(reason), "%s:%d: %s (errno %d)", __FILE__, __LINE__, #cond, errno); return false; } } while (0)

static void run(const char *name, bool (*claim)(void))
{
	bool ok;

	reason[0] = '\0';
	errno = 0;
	ok = claim();
	nr_cases++;
	nr_failed += !ok;
	if (!ok)
		printf("# %s\n", reason);
	printf("%sok %u %s\n", ok ? "" : "not ", nr_cases, name);
	fflush(stdout);
}

#endif
