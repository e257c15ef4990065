// SPDX-License-Identifier: GPL-2.0
/*
 * Memory and string functions for the kernel (ISO C 7.24); the other worlds use their C library's. Copies move 8 bytes at a time in
 * groups of 64: the general registers are all the kernel has, and x86-64 allows unaligned words.
 */
#include <lib/string.h>
#include <stdint.h>

struct word {
	uint64_t v;
} __attribute__((packed, may_alias));

static inline uint64_t load(const void *p)
{
	return ((const struct word *)p)->v;
}

static inline void store(void *p, uint64_t v)
{
	((struct word *)p)->v = v;
}

static inline void copy64(char *to, const char *from)
{
	uint64_t a = load(from), b = load(from + 8), c = load(from + 16), d = load(from + 24);
	uint64_t e = load(from + 32), f = load(from + 40), g = load(from + 48), h = load(from + 56);

	store(to, a);
	store(to + 8, b);
	store(to + 16, c);
	store(to + 24, d);
	store(to + 32, e);
	store(to + 40, f);
	store(to + 48, g);
	store(to + 56, h);
}

void *memcpy(void *to, const void *from, size_t n)
{
	const char *s = from;
	char *d = to;

	for (; n >= 64; n -= 64, s += 64, d += 64)
		copy64(d, s);
	for (; n >= 8; n -= 8, s += 8, d += 8)
		store(d, load(s));
	while (n--)
		*d++ = *s++;
	return to;
}

/* Upwards from the end, for a destination above an overlapping source. */
static void copy_backwards(char *to, const char *from, size_t n)
{
	for (; n >= 8; n -= 8)
		store(to + n - 8, load(from + n - 8));
	while (n--)
		to[n] = from[n];
}

void *memmove(void *to, const void *from, size_t n)
{
	if ((uintptr_t)to - (uintptr_t)from >= n)
		return memcpy(to, from, n);
	copy_backwards(to, from, n);
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	uint64_t v = (uint8_t)byte * 0x0101010101010101ull;
	char *d = to;

	for (; n >= 32; n -= 32, d += 32) {
		store(d, v);
		store(d + 8, v);
		store(d + 16, v);
		store(d + 24, v);
	}
	for (; n >= 8; n -= 8, d += 8)
		store(d, v);
	while (n--)
		*d++ = (char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n >= 8 && load(x) == load(y); n -= 8, x += 8, y += 8)
		;
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int byte, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++)
		if (*p == (unsigned char)byte)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return p - s;
}

size_t strnlen(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i])
		i++;
	return i;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	while (n && *a && *a == *b)
		a++, b++, n--;
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)found;
	}
}

char *strstr(const char *s, const char *part)
{
	size_t n = strlen(part);

	for (;; s++) {
		if (!strncmp(s, part, n))
			return (char *)s;
		if (!*s)
			return NULL;
	}
}
