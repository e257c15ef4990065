// SPDX-License-Identifier: GPL-2.0
/*
 * The host's test program: each suite runs in a process of its own, so that one which crashes, is
 * stopped by a sanitizer or hangs is a failure of that suite and no more.
 *
 * usage: unit [SUITE-PREFIX]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ktest.h"

#define SUITE_SECONDS 120

void ktest_line(const char *text)
{
	puts(text);
	fflush(stdout);
}

/* Returns nonzero when the suite failed or did not come to its end. */
static int run_apart(unsigned int index, const char *filter)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(SUITE_SECONDS);
		exit(ktest_run_suite(index, filter) ? 1 : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
		return WEXITSTATUS(status);
	if (WIFSIGNALED(status))
		printf("# the suite ended by signal %d%s\n", WTERMSIG(status), WTERMSIG(status) == SIGALRM ? ": it hung" : "");
	printf("not ok %u %s\n", index + 1, ktest_suite_name(index, filter));
	fflush(stdout);
	return 1;
}

int main(int argc, char **argv)
{
	const char *filter = argc > 1 ? argv[1] : NULL;
	unsigned int i, count = ktest_count_suites(filter);
	int failed = 0;

	printf("KTAP version 1\n1..%u\n", count);
	fflush(stdout);
	for (i = 0; i < count; i++)
		failed |= run_apart(i, filter);
	return failed;
}
