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
#define SIZE_UNKNOWN	(-1)

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

/* Baselines and extra bits of codes from 16 and 32 on; the ones below stand for themselves (a match is 3 longer). */
static const uint32_t length_base[] = { 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536 };
static const uint8_t length_bits[] = { 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
static const uint32_t match_base[] = {
	35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
};
static const uint8_t match_bits[] = { 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

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
	if (to)
		match_bytes(to, offset, n);
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
	z->literals = z->buffer;
	if (type == LITERALS_RLE)
		memset(z->buffer, in[0], z->nr_literals);
	else if (type == LITERALS_RAW)
		memcpy(z->buffer, in, z->nr_literals);
	else
		err = literals_compressed(z, in, stored, type == LITERALS_COMPRESSED, four);
	return err ? err : (int)(head + stored);
}

/* ---- Sequences ---- */

/* Each state's symbol, one of the @kind's codes, becomes the value that it begins at and the number of bits that are added. */
static void codes_resolve(struct fse_table *t, unsigned int kind)
{
	for (unsigned int i = 0; i < 1u << t->log; i++) {
		struct fse_entry *e = &t->entries[i];
		unsigned int code = e->symbol;

		if (kind == OFFSETS) {
			e->value = 1u << code;
		} else if (kind == LENGTHS) {
			e->value = code < 16 ? code : length_base[code - 16];
			e->extra = code < 16 ? 0 : length_bits[code - 16];
		} else {
			e->value = code < 32 ? code + 3u : match_base[code - 32];
			e->extra = code < 32 ? 0 : match_bits[code - 32];
		}
	}
}

static int table_read(struct zstd *z, unsigned int kind, unsigned int mode, const uint8_t *in, size_t size)
{
	const struct kind *k = &kinds[kind];
	struct fse_table *t = &z->tables[kind];
	int used = 1;

	switch (mode) {
	case MODE_PREDEFINED:
		used = fse_build(t, k->defaults, k->nr_default, k->default_log);
		break;
	case MODE_RLE:
		if (!size || in[0] >= k->symbols)
			return -EINVAL;
		fse_single(t, in[0]);
		break;
	case MODE_FSE:
		used = fse_read(t, in, size, k->symbols, k->log_max);
		break;
	default:
		return t->valid ? 0 : -EINVAL;
	}
	if (used >= 0)
		codes_resolve(t, kind);
	return used;
}

/* Which of the last three offsets, or a new one; and remember it. */
static inline uint32_t offset_resolve(uint32_t last[3], uint32_t value, bool no_literals)
{
	uint32_t offset;

	if (value > 3) {
		offset = value - 3;
		value = 3;
	} else {
		value += no_literals;
		offset = value <= 3 ? last[value - 1] : last[0] - 1;
	}
	if (value > 2)
		last[2] = last[1];
	if (value > 1)
		last[1] = last[0];
	last[0] = offset;
	return offset;
}

/* Where sequences_run() is, in registers: the output and the literals. */
struct run {
	uint8_t *to, *end;
	const uint8_t *literals, *literals_end;
};

static inline void run_load(struct run *r, const struct zstd *z)
{
	r->to = z->out ? z->out + z->done : NULL;
	r->end = z->out ? z->out + z->out_size : NULL;
	r->literals = z->literals;
	r->literals_end = z->literals + z->nr_literals;
}

static inline void run_store(const struct run *r, struct zstd *z)
{
	z->done = z->out ? (size_t)(r->to - z->out) : z->done;
	z->literals = r->literals;
	z->nr_literals = (size_t)(r->literals_end - r->literals);
}

/* Any sequence, right or wrong. */
static int sequence_careful(struct zstd *z, struct run *r, uint32_t length, uint32_t offset, uint32_t match)
{
	int err;

	run_store(r, z);
	err = length > z->nr_literals ? -EINVAL : out_bytes(z, z->literals, length);
	if (!err) {
		z->literals += length;
		z->nr_literals -= length;
		err = out_match(z, offset, match);
	}
	run_load(r, z);
	return err;
}

/* @length literals and @match bytes from @offset back; at once where whole words may be written. */
static inline int sequence_copy(struct zstd *z, struct run *r, uint32_t length, uint32_t offset, uint32_t match)
{
	if (length > (size_t)(r->literals_end - r->literals) || (size_t)(r->end - r->to) < (size_t)length + match + COPY_SLACK ||
	    offset - 1u >= (size_t)(r->to - z->out) + length)
		return sequence_careful(z, r, length, offset, match);
	copy_words(r->to, r->literals, length);
	r->to += length;
	r->literals += length;
	match_words(r->to, offset, match);
	r->to += match;
	return 0;
}

static inline const struct fse_entry *next_state(const struct fse_entry *table, const struct fse_entry *e, uint64_t *bits, struct back_bits *b)
{
	uint32_t add = top_bits(*bits, e->bits);

	*bits <<= e->bits;
	b->at -= e->bits;
	return &table[e->base + add];
}

/* Two looks at the bits for each: an offset and a match have 47 at most, a length and three states 42. */
static int sequences_run(struct zstd *z, const uint8_t *in, size_t size, unsigned int nr)
{
	const struct fse_table *t = z->tables;
	const struct fse_entry *length, *offset, *match;
	uint32_t last[3] = { z->offsets[0], z->offsets[1], z->offsets[2] };
	struct back_bits b;
	struct run r;

	if (!back_open(&b, in, size))
		return -EINVAL;
	length = &t[LENGTHS].entries[back_read(&b, t[LENGTHS].log)];
	offset = &t[OFFSETS].entries[back_read(&b, t[OFFSETS].log)];
	match = &t[MATCHES].entries[back_read(&b, t[MATCHES].log)];
	run_load(&r, z);
	while (nr--) {
		uint64_t bits = back_top(&b);
		uint32_t back = offset->value + top_bits(bits, offset->extra), nr_match, nr_literals;
		int err;

		nr_match = match->value + top_bits(bits << offset->extra, match->extra);
		b.at -= offset->extra + match->extra;
		bits = back_top(&b);
		nr_literals = length->value + top_bits(bits, length->extra);
		b.at -= length->extra;
		if (b.at < 0)
			return -EINVAL;
		err = sequence_copy(z, &r, nr_literals, offset_resolve(last, back, !nr_literals), nr_match);
		if (err)
			return err;
		if (!nr)
			break;
		bits <<= length->extra;
		length = next_state(t[LENGTHS].entries, length, &bits, &b);
		match = next_state(t[MATCHES].entries, match, &bits, &b);
		offset = next_state(t[OFFSETS].entries, offset, &bits, &b);
	}
	run_store(&r, z);
	memcpy(z->offsets, last, sizeof(last));
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
	return rotate(acc + load64(p) * PRIME2, 31) * PRIME1;
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

/* The header with its magic number: the flags of the frame, or -EINVAL; where it ends, and what it says of the content's size. */
static int frame_header(const uint8_t *in, size_t in_size, size_t *end, int64_t *size)
{
	static const uint8_t dictionary_bytes[] = { 0, 1, 2, 4 }, content_bytes[] = { 0, 2, 4, 8 };
	unsigned int flags, dictionary, content;
	bool single;
	size_t at;

	if (in_size < 5 || little_endian(in, 4) != ZSTD_MAGIC)
		return -EINVAL;
	flags = in[4];
	single = flags & 0x20;
	dictionary = dictionary_bytes[flags & 3];
	content = flags >> 6 ? content_bytes[flags >> 6] : single;
	at = 5u + !single;
	if (flags & 8 || in_size < at + dictionary + content || little_endian(in + at, dictionary))
		return -EINVAL;
	at += dictionary;
	*size = content ? (int64_t)little_endian(in + at, content) + (content == 2 ? 256 : 0) : SIZE_UNKNOWN;
	*end = at + content;
	return *size < SIZE_UNKNOWN ? -EINVAL : (int)flags;
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
	int64_t size;
	int flags = frame_header(z->in, z->in_size, &z->at, &size), err = flags < 0 ? flags : 0;
	bool last = false;

	while (!err && !last)
		err = block_read(z, &last);
	if (!err && size != SIZE_UNKNOWN && (uint64_t)size != z->done)
		err = -EINVAL;
	if (err || !(flags & 4))
		return err;
	if (z->in_size - z->at < 4)
		return -EINVAL;
	z->at += 4;
	return !z->out || little_endian(z->in + z->at - 4, 4) == (uint32_t)xxh64(z->out, z->done) ? 0 : -EINVAL;
}

int64_t zstd_content_size(const uint8_t *in, size_t in_size)
{
	int64_t size;
	size_t end;

	return frame_header(in, in_size, &end, &size) < 0 ? -EINVAL : size == SIZE_UNKNOWN ? 0 : size;
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
	z->at = 0;
	z->offsets[0] = 1;
	z->offsets[1] = 4;
	z->offsets[2] = 8;
	z->huffman.bits = 0;
	for (unsigned int k = 0; k < KINDS; k++)
		z->tables[k].valid = false;
	err = frame_read(z);
	*in_used = z->at;
	return err ? err : (int64_t)z->done;
}
