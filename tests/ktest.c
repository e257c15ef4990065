// SPDX-License-Identifier: GPL-2.0
/*
 * The part of the test runner that both worlds share: suites, cases, claims, KTAP lines. One test
 * runs at a time; nothing here is called from two threads.
 */
#include <stdarg.h>
#include <lib/format.h>
#include <lib/string.h>
#include "ktest.h"

#define LINE_MAX 240

static struct {
	int failed;
	const char *skipped;
} current;

void ktest_note(const char *fmt, ...)
{
	char line[LINE_MAX] = "    # ";
	va_list args;

	va_start(args, fmt);
	format_args(line + 6, sizeof(line) - 6, fmt, args);
	va_end(args);
	ktest_line(line);
}

int ktest_check(int holds, const char *claim, const char *file, int line)
{
	if (holds)
		return 1;
	current.failed = 1;
	ktest_note("%s:%d: not so: %s", file, line, claim);
	return 0;
}

static int compare(long long a, const char *op, long long b)
{
	switch (op[0]) {
	case '=': return a == b;
	case '!': return a != b;
	case '<': return op[1] ? a <= b : a < b;
	default: return op[1] ? a >= b : a > b;
	}
}

int ktest_compare(long long a, const char *op, long long b, const char *claim, const char *file, int line)
{
	if (compare(a, op, b))
		return 1;
	current.failed = 1;
	ktest_note("%s:%d: not so: %s (left %lld = 0x%llx, right %lld = 0x%llx)", file, line, claim,
		   a, (unsigned long long)a, b, (unsigned long long)b);
	return 0;
}

int ktest_same_text(const char *a, const char *b, const char *claim, const char *file, int line)
{
	if (a && b && !strcmp(a, b))
		return 1;
	current.failed = 1;
	ktest_note("%s:%d: not so: %s (left \"%s\", right \"%s\")", file, line, claim, a ? a : "(null)", b ? b : "(null)");
	return 0;
}

int ktest_same_bytes(const void *a, const void *b, unsigned long size, const char *claim, const char *file, int line)
{
	const unsigned char *left = a, *right = b;
	unsigned long i;

	for (i = 0; i < size && left[i] == right[i]; i++)
		;
	if (i == size)
		return 1;
	current.failed = 1;
	ktest_note("%s:%d: not so: %s (byte %lu: left 0x%02x, right 0x%02x)", file, line, claim, i, left[i], right[i]);
	return 0;
}

void ktest_skip(const char *reason)
{
	current.skipped = reason;
}

static unsigned int nr_cases(void)
{
	return __stop_ktest_cases - __start_ktest_cases;
}

static int starts_suite(unsigned int i, const char *filter)
{
	const struct ktest_case *test = __start_ktest_cases[i];

	if (filter && strncmp(test->suite, filter, strlen(filter)))
		return 0;
	return !i || strcmp(test->suite, __start_ktest_cases[i - 1]->suite);
}

/* The first case of suite number @index; nr_cases() when there is none. */
static unsigned int first_case(unsigned int index, const char *filter)
{
	unsigned int i;

	for (i = 0; i < nr_cases(); i++)
		if (starts_suite(i, filter) && index-- == 0)
			break;
	return i;
}

unsigned int ktest_count_suites(const char *filter)
{
	unsigned int i, count = 0;

	for (i = 0; i < nr_cases(); i++)
		count += starts_suite(i, filter);
	return count;
}

const char *ktest_suite_name(unsigned int index, const char *filter)
{
	unsigned int i = first_case(index, filter);

	return i < nr_cases() ? __start_ktest_cases[i]->suite : NULL;
}

static int run_case(unsigned int number, const struct ktest_case *test)
{
	char line[LINE_MAX];

	current.failed = 0;
	current.skipped = NULL;
	test->run();
	format_text(line, sizeof(line), "    %s %u %s%s%s", current.failed ? "not ok" : "ok", number, test->name,
		    current.skipped ? " # SKIP " : "", current.skipped ? current.skipped : "");
	ktest_line(line);
	return current.failed;
}

int ktest_run_suite(unsigned int index, const char *filter)
{
	unsigned int first = first_case(index, filter), end, i;
	char line[LINE_MAX];
	int failed = 0;

	if (first == nr_cases())
		return -1;
	for (end = first + 1; end < nr_cases() && !strcmp(__start_ktest_cases[end]->suite, __start_ktest_cases[first]->suite);)
		end++;
	ktest_line("    KTAP version 1");
	format_text(line, sizeof(line), "    # Subtest: %s", __start_ktest_cases[first]->suite);
	ktest_line(line);
	format_text(line, sizeof(line), "    1..%u", end - first);
	ktest_line(line);
	for (i = first; i < end; i++)
		failed += run_case(i - first + 1, __start_ktest_cases[i]);
	format_text(line, sizeof(line), "%s %u %s", failed ? "not ok" : "ok", index + 1, __start_ktest_cases[first]->suite);
	ktest_line(line);
	return failed;
}
