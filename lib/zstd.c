// SPDX-License-Identifier: GPL-2.0
/*
 * Zstandard frames (RFC 8878): blocks, literals and sequences. What is behind is the output itself, so a window of any size is served and
 * none is kept. Left out: dictionaries. Checksums are checked (XXH64, RFC 8878 section 3.1.1).
 */
#include <lib/string.h>
#include <lib/zstd.h>
#include <uapi/ferry/errno.h>
#include "zstd_internal.h"

#define BLOCK_MAX	(128u << 10)
#define COPY_SLACK	8u

enum { BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED };
enum { LITERALS_RAW, LITERALS_RLE, LITERALS_COMPRESSED, LITERALS_TREELESS };
enum { MODE_PREDEFINED, MODE_RLE, MODE_FSE, MODE_REPEAT };
enum { LENGTHS, OFFSETS, MATCHES, KINDS };

struct kind {
	unsigned int symbols, log_max, default_log, nr_default;
	const int16_t *defaults;
};

struct zstd {
	const uint8_t *in;
	size_t in_size, at;
	uint8_t *out;
	size_t out_size, done;
	uint32_t offsets[3];		/* the last three */
	const uint8_t *literals;
	size_t nr_literals;
	struct fse_table tables[KINDS], scratch;
	struct huffman_table huffman;
	uint8_t buffer[BLOCK_MAX + COPY_SLACK];
};

static const int16_t length_defaults[] = {
	4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
};
static const int16_t offset_defaults[] = { 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1 };
static const int16_t match_defaults[] = {
	1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	-1, -1, -1, -1, -1, -1, -1,
};

static const struct kind kinds[KINDS] = {
	[LENGTHS] = { 36, 9, 6, 36, length_defaults }, [OFFSETS] = { 32, 8, 5, 29, offset_defaults }, [MATCHES] = { 53, 9, 6, 53, match_defaults },
};

/* Baselines and extra bits of codes from 16 and 32 on; the ones below stand for themselves. */
static const uint32_t length_base[] = { 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536 };
static const uint8_t length_bits[] = { 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
static const uint32_t match_base[] = {
	35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
};
static const uint8_t match_bits[] = { 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static uint64_t little_endian(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* ---- Output ---- */

static int out_bytes(struct zstd *z, const uint8_t *from, size_t n)
{
	if (n > z->out_size - z->done)
		return -ENOSPC;
	if (z->out)
		memcpy(z->out + z->done, from, n);
	z->done += n;
	return 0;
}

static int out_fill(struct zstd *z, uint8_t byte, size_t n)
{
	if (n > z->out_size - z->done)
		return -ENOSPC;
	if (z->out)
		memset(z->out + z->done, byte, n);
	z->done += n;
	return 0;
}

/* @n bytes from @offset back; they may reach into themselves. */
static int out_match(struct zstd *z, uint32_t offset, size_t n)
{
	uint8_t *to;

	if (!offset || offset > z->done)
		return -EINVAL;
	if (n > z->out_size - z->done)
		return -ENOSPC;
	to = z->out ? z->out + z->done : NULL;
	z->done += n;
	if (!to)
		return 0;
	if (offset >= n) {
		memcpy(to, to - offset, n);
		return 0;
	}
	while (n--) {
		*to = *(to - offset);
		to++;
	}
	return 0;
}

/* ---- Literals ---- */

/* Four streams: the sizes of the first three stand before them. */
static int literals_four(struct zstd *z, const uint8_t *in, size_t size, uint8_t *out, size_t nr)
{
	size_t each = (nr + 3) / 4, at = 6;

	if (size < 6 || each * 3 > nr)
		return -EINVAL;
	for (unsigned int i = 0; i < 4; i++) {
		size_t n = i < 3 ? (size_t)little_endian(in + 2 * i, 2) : size - at;

		if (n > size - at || huffman_decode(&z->huffman, in + at, n, out, i < 3 ? each : nr - 3 * each))
			return -EINVAL;
		at += n;
		out = out ? out + each : NULL;
	}
	return 0;
}

static int literals_compressed(struct zstd *z, const uint8_t *in, size_t size, bool tree, bool four)
{
	uint8_t *out = z->out ? z->buffer : NULL;
	int used = tree ? huffman_read(&z->huffman, &z->scratch, in, size) : 0;

	if (used < 0 || !z->huffman.bits)
		return -EINVAL;
	in += used;
	size -= (size_t)used;
	z->literals = z->buffer;
	return four ? literals_four(z, in, size, out, z->nr_literals) : huffman_decode(&z->huffman, in, size, out, z->nr_literals);
}

/* The header's bytes, its size of the literals, and for compressed ones the size of what follows; 0: it is cut off. */
static size_t literals_header(const uint8_t *in, size_t size, size_t *nr, size_t *compressed)
{
	static const uint8_t plain_bytes[] = { 1, 2, 1, 3 }, packed_bytes[] = { 3, 3, 4, 5 }, packed_bits[] = { 10, 10, 14, 18 };
	unsigned int type = in[0] & 3, format = in[0] >> 2 & 3, bits = packed_bits[format];
	size_t bytes = type >= LITERALS_COMPRESSED ? packed_bytes[format] : plain_bytes[format];
	uint64_t v;

	if (bytes > size)
		return 0;
	v = little_endian(in, (unsigned int)bytes);
	if (type >= LITERALS_COMPRESSED) {
		*nr = v >> 4 & ((1u << bits) - 1);
		*compressed = v >> (4 + bits) & ((1u << bits) - 1);
	} else {
		*nr = v >> (format & 1 ? 4 : 3);
		*compressed = type == LITERALS_RLE ? 1 : *nr;
	}
	return bytes;
}

/* The bytes that the section takes, or -EINVAL. */
static int literals_read(struct zstd *z, const uint8_t *in, size_t size)
{
	size_t head, stored = 0;
	unsigned int type;
	bool four;
	int err = 0;

	if (!size)
		return -EINVAL;
	type = in[0] & 3;
	four = in[0] >> 2 & 3;
	head = literals_header(in, size, &z->nr_literals, &stored);
	if (!head || z->nr_literals > BLOCK_MAX || stored > size - head)
		return -EINVAL;
	in += head;
	z->literals = in;
	if (type == LITERALS_RLE) {
		memset(z->buffer, in[0], z->nr_literals);
		z->literals = z->buffer;
	} else if (type != LITERALS_RAW) {
		err = literals_compressed(z, in, stored, type == LITERALS_COMPRESSED, four);
	}
	return err ? err : (int)(head + stored);
}

/* ---- Sequences ---- */

static int table_read(struct zstd *z, unsigned int kind, unsigned int mode, const uint8_t *in, size_t size)
{
	const struct kind *k = &kinds[kind];
	struct fse_table *t = &z->tables[kind];

	switch (mode) {
	case MODE_PREDEFINED:
		return fse_build(t, k->defaults, k->nr_default, k->default_log);
	case MODE_RLE:
		if (!size || in[0] >= k->symbols)
			return -EINVAL;
		fse_single(t, in[0]);
		return 1;
	case MODE_FSE:
		return fse_read(t, in, size, k->symbols, k->log_max);
	default:
		return t->valid ? 0 : -EINVAL;
	}
}

/* Which of the last three offsets, or a new one; and remember it. */
static uint32_t offset_resolve(struct zstd *z, uint32_t value, bool no_literals)
{
	uint32_t *last = z->offsets, offset, which;

	if (value > 3) {
		offset = value - 3;
		which = 2;
	} else {
		which = value - 1 + no_literals;
		offset = which < 3 ? last[which] : last[0] - 1;
	}
	if (which > 1)
		last[2] = last[1];
	if (which > 0)
		last[1] = last[0];
	last[0] = offset;
	return offset;
}

static int sequence_run(struct zstd *z, struct back_bits *b, const uint8_t code[KINDS])
{
	uint32_t value, match, length;
	int err;

	if (code[OFFSETS] > 31)
		return -EINVAL;
	value = (code[OFFSETS] == 31 ? 0x80000000u : 1u << code[OFFSETS]) + back_read(b, code[OFFSETS]);
	match = code[MATCHES] < 32 ? code[MATCHES] + 3u : match_base[code[MATCHES] - 32] + back_read(b, match_bits[code[MATCHES] - 32]);
	length = code[LENGTHS] < 16 ? code[LENGTHS] : length_base[code[LENGTHS] - 16] + back_read(b, length_bits[code[LENGTHS] - 16]);
	if (b->at < 0 || length > z->nr_literals)
		return -EINVAL;
	err = out_bytes(z, z->literals, length);
	z->literals += length;
	z->nr_literals -= length;
	return err ? err : out_match(z, offset_resolve(z, value, !length), match);
}

static int sequences_run(struct zstd *z, const uint8_t *in, size_t size, unsigned int nr)
{
	static const uint8_t order[] = { LENGTHS, MATCHES, OFFSETS };
	uint32_t state[KINDS];
	struct back_bits b;

	if (!back_open(&b, in, size))
		return -EINVAL;
	for (unsigned int k = 0; k < KINDS; k++)
		state[k] = back_read(&b, z->tables[k].log);
	for (unsigned int i = 0; i < nr; i++) {
		uint8_t code[KINDS];
		int err;

		for (unsigned int k = 0; k < KINDS; k++)
			code[k] = z->tables[k].entries[state[k]].symbol;
		err = sequence_run(z, &b, code);
		if (err)
			return err;
		for (unsigned int k = 0; k < KINDS && i + 1 < nr; k++) {
			const struct fse_entry *e = &z->tables[order[k]].entries[state[order[k]]];

			state[order[k]] = e->base + back_read(&b, e->bits);
		}
	}
	return b.at ? -EINVAL : 0;
}

/* How many sequences; the bytes that says it, 0 when cut off. */
static size_t sequences_count(const uint8_t *in, size_t size, unsigned int *nr)
{
	size_t bytes = !size ? 0 : in[0] < 128 ? 1 : in[0] < 255 ? 2 : 3;

	if (!bytes || bytes > size)
		return 0;
	*nr = bytes == 1 ? in[0] : bytes == 2 ? (in[0] - 128u) << 8 | in[1] : in[1] + (in[2] << 8) + 0x7f00u;
	return bytes;
}

static int block_compressed(struct zstd *z, const uint8_t *in, size_t size)
{
	int used = literals_read(z, in, size), err = 0;
	unsigned int nr = 0, modes;
	size_t at, n;

	if (used < 0)
		return used;
	at = (size_t)used;
	n = sequences_count(in + at, size - at, &nr);
	if (!n || (!nr && at + n != size))
		return -EINVAL;
	at += n;
	if (nr) {
		if (at == size || in[at] & 3)
			return -EINVAL;
		modes = in[at++];
		for (unsigned int k = 0; k < KINDS; k++) {
			used = table_read(z, k, modes >> (6 - 2 * k) & 3, in + at, size - at);
			if (used < 0)
				return used;
			at += (size_t)used;
		}
		err = sequences_run(z, in + at, size - at, nr);
	}
	return err ? err : out_bytes(z, z->literals, z->nr_literals);
}

/* ---- Frames ---- */

/* XXH64 with seed 0. */
#define PRIME1	0x9e3779b185ebca87ull
#define PRIME2	0xc2b2ae3d27d4eb4full
#define PRIME3	0x165667b19e3779f9ull
#define PRIME4	0x85ebca77c2b2ae63ull
#define PRIME5	0x27d4eb2f165667c5ull

static uint64_t rotate(uint64_t v, unsigned int n)
{
	return v << n | v >> (64 - n);
}

static uint64_t lane(uint64_t acc, const uint8_t *p)
{
	return rotate(acc + little_endian(p, 8) * PRIME2, 31) * PRIME1;
}

static uint64_t xxh64(const uint8_t *p, size_t n)
{
	uint64_t v[4] = { PRIME1 + PRIME2, PRIME2, 0, 0 - PRIME1 }, h = PRIME5;
	size_t left = n;

	for (; left >= 32; left -= 32)
		for (unsigned int i = 0; i < 4; i++, p += 8)
			v[i] = lane(v[i], p);
	if (n >= 32) {
		h = rotate(v[0], 1) + rotate(v[1], 7) + rotate(v[2], 12) + rotate(v[3], 18);
		for (unsigned int i = 0; i < 4; i++)
			h = (h ^ rotate(v[i] * PRIME2, 31) * PRIME1) * PRIME1 + PRIME4;
	}
	h += n;
	for (; left >= 8; left -= 8, p += 8)
		h = rotate(h ^ lane(0, p), 27) * PRIME1 + PRIME4;
	for (; left >= 4; left -= 4, p += 4)
		h = rotate(h ^ little_endian(p, 4) * PRIME1, 23) * PRIME2 + PRIME3;
	for (; left; left--, p++)
		h = rotate(h ^ *p * PRIME5, 11) * PRIME1;
	h = (h ^ h >> 33) * PRIME2;
	h = (h ^ h >> 29) * PRIME3;
	return h ^ h >> 32;
}

/* The header behind the magic number: the flags of the frame, or -EINVAL. */
static int frame_header(struct zstd *z)
{
	static const uint8_t dictionary_bytes[] = { 0, 1, 2, 4 }, content_bytes[] = { 0, 2, 4, 8 };
	unsigned int flags, dictionary, content;
	bool single;

	if (z->at >= z->in_size)
		return -EINVAL;
	flags = z->in[z->at++];
	single = flags & 0x20;
	dictionary = dictionary_bytes[flags & 3];
	content = flags >> 6 ? content_bytes[flags >> 6] : single;
	if (flags & 8 || z->in_size - z->at < !single + dictionary + content)
		return -EINVAL;
	z->at += !single;
	if (little_endian(z->in + z->at, dictionary))
		return -EINVAL;
	z->at += dictionary + content;
	return (int)flags;
}

/* One block; *@last: it was the last. */
static int block_read(struct zstd *z, bool *last)
{
	uint32_t head, size, stored;
	const uint8_t *in;
	size_t before = z->done;
	int err;

	if (z->in_size - z->at < 3)
		return -EINVAL;
	head = (uint32_t)little_endian(z->in + z->at, 3);
	z->at += 3;
	*last = head & 1;
	size = head >> 3;
	stored = (head >> 1 & 3) == BLOCK_RLE ? 1 : size;
	if (size > BLOCK_MAX || stored > z->in_size - z->at)
		return -EINVAL;
	in = z->in + z->at;
	z->at += stored;
	switch (head >> 1 & 3) {
	case BLOCK_RAW:
		return out_bytes(z, in, size);
	case BLOCK_RLE:
		return out_fill(z, in[0], size);
	case BLOCK_COMPRESSED:
		err = block_compressed(z, in, size);
		return err ? err : z->done - before > BLOCK_MAX ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int frame_read(struct zstd *z)
{
	int flags = frame_header(z), err = flags < 0 ? flags : 0;
	bool last = false;

	while (!err && !last)
		err = block_read(z, &last);
	if (err || !(flags & 4))
		return err;
	if (z->in_size - z->at < 4)
		return -EINVAL;
	z->at += 4;
	return !z->out || little_endian(z->in + z->at - 4, 4) == (uint32_t)xxh64(z->out, z->done) ? 0 : -EINVAL;
}

size_t zstd_work_size(void)
{
	return sizeof(struct zstd);
}

int64_t zstd_decode(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size, size_t *in_used, void *work)
{
	struct zstd *z = work;
	int err;

	z->in = in;
	z->in_size = in_size;
	z->out = out;
	z->out_size = out_size;
	z->done = 0;
	z->at = 4;
	z->offsets[0] = 1;
	z->offsets[1] = 4;
	z->offsets[2] = 8;
	z->huffman.bits = 0;
	for (unsigned int k = 0; k < KINDS; k++)
		z->tables[k].valid = false;
	if (in_size < 4 || little_endian(in, 4) != ZSTD_MAGIC)
		return -EINVAL;
	err = frame_read(z);
	*in_used = z->at;
	return err ? err : (int64_t)z->done;
}
