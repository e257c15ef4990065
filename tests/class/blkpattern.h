/* SPDX-License-Identifier: GPL-2.0 */
/* Data that tells where it belongs, for the programs that try disks in the guest. */
#ifndef BLKPATTERN_H
#define BLKPATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Every 8 bytes tell the seed and their own place, so that misplaced data shows. */

static inline uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static inline void pattern(unsigned char *to, uint64_t offset, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t word = mix(((offset + i) >> 3) + seed * 0x9e3779b97f4a7c15ull);

		to[i] = word >> (((offset + i) & 7) * 8);
	}
}

static inline bool matches(const unsigned char *p, uint64_t offset, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t word = mix(((offset + i) >> 3) + seed * 0x9e3779b97f4a7c15ull);

		if (p[i] != (unsigned char)(word >> (((offset + i) & 7) * 8)))
			return false;
	}
	return true;
}

static inline bool all_zero(const unsigned char *p, size_t n)
{
	return n == 0 || (p[0] == 0 && !memcmp(p, p + 1, n - 1));
}

/* FNV-1a, for transcripts. */
static inline uint32_t checksum(const unsigned char *p, size_t n)
{
	uint32_t h = 2166136261u;

	while (n--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

#endif
