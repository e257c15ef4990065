/* SPDX-License-Identifier: GPL-2.0 */
/* Between lib/zstd.c (frames, blocks, sequences) and lib/zstd_entropy.c (bits, FSE and Huffman tables; RFC 8878 section 4). */
#ifndef LIB_ZSTD_INTERNAL_H
#define LIB_ZSTD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lz_copy.h"

#define FSE_LOG_MAX	9u
#define FSE_SYMBOLS	53u	/* the most that any table here has */
#define HUFFMAN_BITS	11u

/* Bits from the end of the input to its start. Below the start they are zero, and @at is negative. */
struct back_bits {
	const uint8_t *in;
	size_t size;
	int64_t at;		/* how many bits are left */
};

/* A state: what it stands for, and how the next one is made. In the tables of sequences the symbol is made @value and @extra bits (zstd.c). */
struct fse_entry {
	uint32_t value;
	uint16_t base;
	uint8_t bits;
	union { uint8_t symbol, extra; };
};

struct fse_table {
	unsigned int log;
	bool valid;
	struct fse_entry entries[1u << FSE_LOG_MAX];
};

struct huffman_table {
	unsigned int bits;	/* of the longest code; 0: there is no table yet */
	uint16_t entries[1u << HUFFMAN_BITS];	/* by the next HUFFMAN_BITS bits: the symbol, and from bit 8 on the length of its code */
};

static inline unsigned int high_bit(uint32_t v) { return 31u - (unsigned int)__builtin_clz(v); }

/* False: the input has no end mark. */
bool back_open(struct back_bits *b, const uint8_t *in, size_t size);
/* back_top() where fewer than 64 bits are left. */
uint64_t back_last(const struct back_bits *b);

/* The next bits, the first one topmost; at least 57 are there, the others zero. */
static inline uint64_t back_top(const struct back_bits *b)
{
	size_t end = ((uint64_t)b->at + 7) / 8;

	return b->at >= 64 ? load64(b->in + end - 8) << (end * 8 - (uint64_t)b->at) : back_last(b);
}

/* The topmost @n (0 to 32) of @bits. */
static inline uint32_t top_bits(uint64_t bits, unsigned int n)
{
	return (uint32_t)(bits >> 1 >> (63 - n));
}

/* The next @n bits, at most 32. */
static inline uint32_t back_read(struct back_bits *b, unsigned int n)
{
	uint32_t v = top_bits(back_top(b), n);

	b->at -= n;
	return v;
}

/* From frequencies (-1: less than one); -EINVAL when they make no table. */
int fse_build(struct fse_table *t, const int16_t *freq, unsigned int nr, unsigned int log);
/* From a description at @in: the bytes it takes, or -EINVAL. At most @nr symbols, at most @log_max. */
int fse_read(struct fse_table *t, const uint8_t *in, size_t size, unsigned int nr, unsigned int log_max);
/* One symbol for ever. */
void fse_single(struct fse_table *t, uint8_t symbol);

/* The bytes that the description of the tree at @in takes, or -EINVAL. @scratch: a table whose content does not matter. */
int huffman_read(struct huffman_table *t, struct fse_table *scratch, const uint8_t *in, size_t size);
/* Exactly @n symbols out of the whole of @in; @out NULL: they are not wanted, and the input is not looked at. */
int huffman_decode(const struct huffman_table *t, const uint8_t *in, size_t size, uint8_t *out, size_t n);

#endif
