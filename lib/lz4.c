// SPDX-License-Identifier: GPL-2.0
/*
 * LZ4: blocks of sequences (literals, then a match; LZ4 Block Format), and the two kinds of frames around them. What is behind is the output
 * itself. Left out: dictionaries. Checksums are checked (XXH32).
 */
#include <lib/lz4.h>
#include <lib/string.h>
#include <uapi/ferry/errno.h>
#include "lz_copy.h"

#define MATCH_LEAST	4u
#define LONGER		15u		/* of a length's four bits: bytes that are added follow */
#define STORED		0x80000000u	/* of a block's size: as it is, not compressed */
#define LEGACY_BLOCK	(8u << 20)
#define LEGACY_STORED	(LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16)	/* the most that a compressor makes of a block */

/* What sequences_near() looks at and writes to at most, for one sequence. */
#define NEAR_LITERALS	16u
#define NEAR_MATCH	24u
#define NEAR_IN		(1 + NEAR_LITERALS + 2)
#define NEAR_OUT	(NEAR_LITERALS + NEAR_MATCH)

/* FLG, and BD behind it */
#define FLG_VERSION	0xc0u
#define FLG_VERSION_1	0x40u
#define FLG_INDEPENDENT	0x20u
#define FLG_BLOCK_SUM	0x10u
#define FLG_SIZE	0x08u
#define FLG_SUM		0x04u
#define FLG_UNUSED	0x02u
#define FLG_DICTIONARY	0x01u
#define BD_UNUSED	0x8fu
#define BD_LEAST	4u

struct lz4 {
	const uint8_t *in;
	size_t in_size, at;
	uint8_t *out;
	size_t out_size, done;
	size_t first;		/* of the output, what matches may reach back to */
};

struct frame {
	unsigned int flags;
	size_t block_max;
	bool has_size;
	uint64_t size;
};

/* ---- Checksums ---- */

#define PRIME1	0x9e3779b1u
#define PRIME2	0x85ebca77u
#define PRIME3	0xc2b2ae3du
#define PRIME4	0x27d4eb2fu
#define PRIME5	0x165667b1u

static uint32_t rotate(uint32_t v, unsigned int n)
{
	return v << n | v >> (32 - n);
}

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)little_endian(p, 4);
}

/* XXH32 with seed 0. */
static uint32_t xxh32(const uint8_t *p, size_t n)
{
	uint32_t v[4] = { PRIME1 + PRIME2, PRIME2, 0, 0 - PRIME1 }, h = PRIME5;
	size_t left = n;

	for (; left >= 16; left -= 16)
		for (unsigned int i = 0; i < 4; i++, p += 4)
			v[i] = rotate(v[i] + word(p) * PRIME2, 13) * PRIME1;
	if (n >= 16)
		h = rotate(v[0], 1) + rotate(v[1], 7) + rotate(v[2], 12) + rotate(v[3], 18);
	h += (uint32_t)n;
	for (; left >= 4; left -= 4, p += 4)
		h = rotate(h + word(p) * PRIME3, 17) * PRIME4;
	for (; left; left--, p++)
		h = rotate(h + *p * PRIME5, 11) * PRIME1;
	h = (h ^ h >> 15) * PRIME2;
	h = (h ^ h >> 13) * PRIME3;
	return h ^ h >> 16;
}

/* ---- Blocks ---- */

static int out_literals(struct lz4 *z, size_t end, size_t n)
{
	if (n > end - z->at)
		return -EINVAL;
	if (n > z->out_size - z->done)
		return -ENOSPC;
	if (z->out && n && n < COPY_LONG && z->in_size - z->at - n >= COPY_SLACK && z->out_size - z->done - n >= COPY_SLACK)
		copy_words(z->out + z->done, z->in + z->at, n);
	else if (z->out)
		memcpy(z->out + z->done, z->in + z->at, n);
	z->at += n;
	z->done += n;
	return 0;
}

static int out_match(struct lz4 *z, size_t offset, size_t n)
{
	uint8_t *to;

	if (!offset || offset > z->done - z->first)
		return -EINVAL;
	if (n > z->out_size - z->done)
		return -ENOSPC;
	to = z->out ? z->out + z->done : NULL;
	if (to && z->out_size - z->done - n >= COPY_SLACK)
		match_words(to, offset, n);
	else if (to)
		match_bytes(to, offset, n);
	z->done += n;
	return 0;
}

/* A length of which a token says @n. */
static int length_read(struct lz4 *z, size_t end, size_t *n)
{
	uint8_t more = 255;

	if (*n < LONGER)
		return 0;
	for (; more == 255; *n += more) {
		if (z->at == end)
			return -EINVAL;
		more = z->in[z->at++];
	}
	return 0;
}

/* Any sequence, right or wrong. The last one of a block has no match: 1. */
static int sequence_careful(struct lz4 *z, size_t end)
{
	size_t literals, match, offset;
	int err;

	if (z->at == end)
		return -EINVAL;
	literals = z->in[z->at] >> 4;
	match = z->in[z->at++] & 15;
	err = length_read(z, end, &literals);
	if (!err)
		err = out_literals(z, end, literals);
	if (err || z->at == end)
		return err ? err : 1;
	if (end - z->at < 2)
		return -EINVAL;
	offset = little_endian(z->in + z->at, 2);
	z->at += 2;
	err = length_read(z, end, &match);
	return err ? err : out_match(z, offset, match + MATCH_LEAST);
}

/* Sequences of the usual kind, where whole words may be read and written: until one that is long, reaches into its last word, or is wrong. */
static void sequences_near(struct lz4 *z, size_t end)
{
	const uint8_t *in, *in_last, *first;
	uint8_t *to, *to_last;

	if (!z->out || end - z->at < NEAR_IN || z->out_size - z->done < NEAR_OUT)
		return;
	in = z->in + z->at;
	in_last = z->in + end - NEAR_IN;
	to = z->out + z->done;
	to_last = z->out + z->out_size - NEAR_OUT;
	first = z->out + z->first;
	while (in <= in_last && to <= to_last) {
		uint32_t token = *in, literals = token >> 4, match = token & 15, offset;
		const uint8_t *from;

		if (literals == LONGER || match == LONGER)
			break;
		offset = load16(in + 1 + literals);
		if (offset < COPY_SLACK || offset > (size_t)(to - first) + literals)
			break;
		copy8(to, in + 1);
		copy8(to + 8, in + 9);
		to += literals;
		in += literals + 3;
		from = to - offset;
		copy8(to, from);
		copy8(to + 8, from + 8);
		copy8(to + 16, from + 16);
		to += match + MATCH_LEAST;
	}
	z->at = (size_t)(in - z->in);
	z->done = (size_t)(to - z->out);
}

/* A compressed block, all of the input up to @end, of at most @most bytes. */
static int block_read(struct lz4 *z, size_t end, size_t most)
{
	size_t before = z->done, out_size = z->out_size;
	bool less = out_size - before > most;
	int err;

	z->out_size = less ? before + most : out_size;
	do {
		sequences_near(z, end);
		err = sequence_careful(z, end);
	} while (!err);
	z->out_size = out_size;
	if (err == -ENOSPC && less)
		return -EINVAL;
	return err < 0 ? err : 0;
}

/* ---- Frames ---- */

/* The four bytes behind which the next thing is. */
static bool word_take(struct lz4 *z, uint32_t *v)
{
	if (z->in_size - z->at < 4)
		return false;
	*v = word(z->in + z->at);
	z->at += 4;
	return true;
}

/* Behind the magic number, up to the first block. */
static int header_read(struct lz4 *z, struct frame *f)
{
	const uint8_t *p = z->in + z->at;
	size_t size, left = z->in_size - z->at;

	if (left < 3)
		return -EINVAL;
	f->flags = p[0];
	f->has_size = f->flags & FLG_SIZE;
	size = 2u + (f->has_size ? 8 : 0);
	if ((f->flags & FLG_VERSION) != FLG_VERSION_1 || f->flags & (FLG_UNUSED | FLG_DICTIONARY) || p[1] & BD_UNUSED || p[1] >> 4 < BD_LEAST ||
	    left <= size || p[size] != (xxh32(p, size) >> 8 & 0xff))
		return -EINVAL;
	f->block_max = (size_t)1 << (8 + 2 * (p[1] >> 4));
	f->size = f->has_size ? little_endian(p + 2, 8) : 0;
	z->at += size + 1;
	return f->size > INT64_MAX ? -EINVAL : 0;
}

/* The block of which the size was @head, and its checksum. */
static int frame_block(struct lz4 *z, const struct frame *f, uint32_t head)
{
	size_t size = head & ~STORED, start = z->at, end;
	uint32_t sum;
	int err;

	if (size > f->block_max || size > z->in_size - start)
		return -EINVAL;
	end = start + size;
	if (f->flags & FLG_INDEPENDENT)
		z->first = z->done;
	err = head & STORED ? out_literals(z, end, size) : block_read(z, end, f->block_max);
	if (err || !(f->flags & FLG_BLOCK_SUM))
		return err;
	return word_take(z, &sum) && sum == xxh32(z->in + start, size) ? 0 : -EINVAL;
}

static int frame_read(struct lz4 *z)
{
	uint32_t head, sum;
	struct frame f;
	int err = header_read(z, &f);

	while (!err) {
		if (!word_take(z, &head))
			return -EINVAL;
		if (!head)
			break;
		err = frame_block(z, &f, head);
	}
	if (err)
		return err;
	if (f.has_size && f.size != z->done)
		return -EINVAL;
	if (!(f.flags & FLG_SUM))
		return 0;
	return word_take(z, &sum) && (!z->out || sum == xxh32(z->out, z->done)) ? 0 : -EINVAL;
}

/* Blocks until a short one, or until something else follows. */
static int legacy_read(struct lz4 *z)
{
	uint32_t size = 0;
	int err;

	if (!word_take(z, &size))
		return -EINVAL;
	for (;;) {
		if (!size || size > LEGACY_STORED || size > z->in_size - z->at)
			return -EINVAL;
		z->first = z->done;
		err = block_read(z, z->at + size, LEGACY_BLOCK);
		if (err || z->done - z->first < LEGACY_BLOCK || !word_take(z, &size))
			return err;
		if (!size || size > LEGACY_STORED) {
			z->at -= 4;
			return 0;
		}
	}
}

int64_t lz4_content_size(const uint8_t *in, size_t in_size)
{
	struct lz4 z = { .in = in, .in_size = in_size };
	uint32_t magic;
	struct frame f;

	if (!word_take(&z, &magic) || (magic != LZ4_MAGIC && magic != LZ4_MAGIC_LEGACY))
		return -EINVAL;
	if (magic == LZ4_MAGIC_LEGACY)
		return 0;
	return header_read(&z, &f) ? -EINVAL : (int64_t)f.size;
}

int64_t lz4_decode(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size, size_t *in_used)
{
	struct lz4 z = { .in = in, .in_size = in_size, .out = out, .out_size = out_size };
	uint32_t magic = 0;
	int err;

	if (!word_take(&z, &magic) || (magic != LZ4_MAGIC && magic != LZ4_MAGIC_LEGACY))
		err = -EINVAL;
	else
		err = magic == LZ4_MAGIC ? frame_read(&z) : legacy_read(&z);
	*in_used = z.at;
	return err ? err : (int64_t)z.done;
}
