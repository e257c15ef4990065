/* SPDX-License-Identifier: GPL-2.0 */
/* Copying for what takes apart sequences of literals and matches (lib/lz4.c, lib/zstd.c): by whole words, where there is room behind the end. */
#ifndef LIB_LZ_COPY_H
#define LIB_LZ_COPY_H

#include <lib/string.h>
#include <stddef.h>
#include <stdint.h>

#define COPY_SLACK	8u	/* what copy_words() and match_words() may write, and copy_words() read, behind the end */
#define COPY_LONG	64u

static inline uint16_t load16(const uint8_t *p)
{
	uint16_t v;

	__builtin_memcpy(&v, p, 2);
	return v;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, 8);
	return v;
}

static inline void copy8(uint8_t *to, const uint8_t *from)
{
	uint64_t v = load64(from);

	__builtin_memcpy(to, &v, 8);
}

/* The @n (at most 8) bytes at @p, lowest first. */
static inline uint64_t little_endian(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* @n bytes, at least one word, in whole words: up to COPY_SLACK bytes too many. The source may begin a word or more before the target. */
static inline void copy_words(uint8_t *to, const uint8_t *from, size_t n)
{
	const uint8_t *end = to + n;

	do {
		copy8(to, from);
		to += 8;
		from += 8;
	} while (to < end);
}

/* @n bytes from @offset back, byte by byte: they may reach into themselves. */
static inline void match_bytes(uint8_t *to, size_t offset, size_t n)
{
	if (offset >= n) {
		memcpy(to, to - offset, n);
		return;
	}
	for (; n; n--, to++)
		*to = *(to - offset);
}

/*
 * The same where COPY_SLACK bytes behind it may be written. What repeats within a word also repeats after a multiple of it that is no less
 * than one.
 */
static inline void match_words(uint8_t *to, size_t offset, size_t n)
{
	static const uint8_t multiple[COPY_SLACK] = { 0, 8, 8, 9, 8, 10, 12, 14 };
	size_t first;

	if (offset >= n && n >= COPY_LONG) {
		memcpy(to, to - offset, n);
		return;
	}
	if (offset < COPY_SLACK) {
		first = multiple[offset] - offset;
		first = first < n ? first : n;
		n -= first;
		for (; first; first--, to++)
			*to = *(to - offset);
		offset = multiple[offset];
	}
	if (n)
		copy_words(to, to - offset, n);
}

#endif
