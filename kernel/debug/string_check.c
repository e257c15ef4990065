// SPDX-License-Identifier: GPL-2.0
/*
 * The functions of <lib/string.h>, checked once for a call: the linker sends every call from outside lib/string.c here (--wrap), as that
 * file is not instrumented. Reads up to a terminating zero are checked for as far as they went.
 */
#include "debug.h"

#define WRAP(type, name, ...)	type __wrap_##name(__VA_ARGS__); type __real_##name(__VA_ARGS__)

WRAP(void *, memcpy, void *to, const void *from, size_t n);
WRAP(void *, memmove, void *to, const void *from, size_t n);
WRAP(void *, memset, void *to, int byte, size_t n);
WRAP(int, memcmp, const void *a, const void *b, size_t n);
WRAP(void *, memchr, const void *s, int byte, size_t n);
WRAP(size_t, strlen, const char *s);
WRAP(size_t, strnlen, const char *s, size_t n);
WRAP(int, strcmp, const char *a, const char *b);
WRAP(int, strncmp, const char *a, const char *b, size_t n);

/* In place of debug_check(): the place that is named is the caller's of the string function. */
static inline __attribute__((always_inline)) void check_at(const void *p, size_t n, bool write)
{
	shadow_check(p, n, write, CALLER_RIP, CALLER_RBP);
}

void *__wrap_memcpy(void *to, const void *from, size_t n)
{
	check_at(from, n, false);
	check_at(to, n, true);
	return __real_memcpy(to, from, n);
}

void *__wrap_memmove(void *to, const void *from, size_t n)
{
	check_at(from, n, false);
	check_at(to, n, true);
	return __real_memmove(to, from, n);
}

void *__wrap_memset(void *to, int byte, size_t n)
{
	check_at(to, n, true);
	return __real_memset(to, byte, n);
}

int __wrap_memcmp(const void *a, const void *b, size_t n)
{
	check_at(a, n, false);
	check_at(b, n, false);
	return __real_memcmp(a, b, n);
}

void *__wrap_memchr(const void *s, int byte, size_t n)
{
	const char *found = __real_memchr(s, byte, n);

	check_at(s, found ? (size_t)(found - (const char *)s) + 1 : n, false);
	return (void *)found;
}

size_t __wrap_strlen(const char *s)
{
	size_t n = __real_strlen(s);

	check_at(s, n + 1, false);
	return n;
}

size_t __wrap_strnlen(const char *s, size_t n)
{
	size_t length = __real_strnlen(s, n);

	check_at(s, MIN(length + 1, n), false);
	return length;
}

int __wrap_strcmp(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] && a[i] == b[i])
		i++;
	check_at(a, i + 1, false);
	check_at(b, i + 1, false);
	return __real_strcmp(a, b);
}

int __wrap_strncmp(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	while (i < n && a[i] && a[i] == b[i])
		i++;
	check_at(a, MIN(i + 1, n), false);
	check_at(b, MIN(i + 1, n), false);
	return __real_strncmp(a, b, n);
}
