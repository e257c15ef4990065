// SPDX-License-Identifier: GPL-2.0
/*
 * Inflate (RFC 1951) and the gzip format around it (RFC 1952). Codes of up to FAST_BITS are found by one look into a table, longer ones
 * bit by bit. Bits past the end of the input read as zero and are an error once they are used.
 */
#include <lib/inflate.h>
#include <lib/string.h>
#include <uapi/ferry/errno.h>
#include <stdbool.h>

#define CODE_BITS	15
#define FAST_BITS	9
#define LITERALS	288
#define DISTANCES	30
#define END_OF_BLOCK	256
#define HEADER_SIZE	10
#define FLAG_CRC	0x02
#define FLAG_EXTRA	0x04
#define FLAG_NAME	0x08
#define FLAG_COMMENT	0x10

struct code {
	uint16_t fast[1 << FAST_BITS];	/* symbol << 4 | length, by the next bits; 0: longer or none */
	uint16_t count[CODE_BITS + 1];	/* codes of each length */
	uint16_t symbol[LITERALS];	/* in the order of their codes */
};

struct inflate {
	const uint8_t *in;
	size_t in_size, at;
	uint64_t bits;
	unsigned int nr_bits;
	uint8_t *out;
	size_t out_size, done;
	int error;
	struct code literals, distances;
};

/* ---- Bits ---- */

static void refill(struct inflate *s)
{
	while (s->nr_bits <= 48) {
		if (s->at < s->in_size)
			s->bits |= (uint64_t)s->in[s->at] << s->nr_bits;
		else if (s->at > s->in_size + 8)
			s->error = -EINVAL;
		s->at++;
		s->nr_bits += 8;
	}
}

static uint32_t take(struct inflate *s, unsigned int n)
{
	uint32_t v;

	refill(s);
	v = s->bits & ((1u << n) - 1);
	s->bits >>= n;
	s->nr_bits -= n;
	return v;
}

/* Back to the first byte of which no bit was used. */
static void align_to_byte(struct inflate *s)
{
	s->at -= s->nr_bits / 8;
	s->bits = s->nr_bits = 0;
	if (s->at > s->in_size)
		s->error = -EINVAL;
}

/* ---- Codes ---- */

static uint32_t reverse(uint32_t code, unsigned int length)
{
	uint32_t r = 0;

	while (length--) {
		r = r << 1 | (code & 1);
		code >>= 1;
	}
	return r;
}

/* More codes than the lengths have room for are an error; fewer are not, but using one of those is. */
static int code_build(struct code *c, const uint8_t *lengths, unsigned int n)
{
	uint16_t next[CODE_BITS + 2] = { 0 }, place[CODE_BITS + 2] = { 0 };
	int left = 1;

	memset(c, 0, sizeof(*c));
	for (unsigned int i = 0; i < n; i++)
		c->count[lengths[i]]++;
	c->count[0] = 0;
	for (unsigned int length = 1; length <= CODE_BITS; length++) {
		left = left * 2 - c->count[length];
		if (left < 0)
			return -EINVAL;
		next[length + 1] = (uint16_t)((next[length] + c->count[length]) << 1);
		place[length + 1] = place[length] + c->count[length];
	}
	for (unsigned int i = 0; i < n; i++) {
		unsigned int length = lengths[i];
		uint32_t code;

		if (!length)
			continue;
		c->symbol[place[length]++] = i;
		code = reverse(next[length]++, length);
		for (; length <= FAST_BITS && code < 1u << FAST_BITS; code += 1u << length)
			c->fast[code] = i << 4 | length;
	}
	return 0;
}

static int symbol_slow(struct inflate *s, const struct code *c)
{
	int code = 0, first = 0, index = 0;

	for (unsigned int length = 1; length <= CODE_BITS; length++) {
		code |= take(s, 1);
		if (code - first < c->count[length])
			return c->symbol[index + code - first];
		index += c->count[length];
		first = (first + c->count[length]) << 1;
		code <<= 1;
	}
	s->error = -EINVAL;
	return -1;
}

static int symbol(struct inflate *s, const struct code *c)
{
	uint16_t entry;

	refill(s);
	entry = c->fast[s->bits & ((1u << FAST_BITS) - 1)];
	if (!entry)
		return symbol_slow(s, c);
	take(s, entry & 15);
	return entry >> 4;
}

/* ---- Blocks ---- */

static void put(struct inflate *s, uint8_t byte)
{
	if (s->done == s->out_size) {
		s->error = -ENOSPC;
		return;
	}
	if (s->out)
		s->out[s->done] = byte;
	s->done++;
}

static void copy(struct inflate *s, size_t distance, unsigned int length)
{
	if (distance > s->done) {
		s->error = -EINVAL;
		return;
	}
	while (length-- && !s->error)
		put(s, s->out ? s->out[s->done - distance] : 0);
}

static void match(struct inflate *s, unsigned int n)
{
	static const uint16_t length_base[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
						131, 163, 195, 227, 258 };
	static const uint8_t length_bits[] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
	static const uint16_t distance_base[] = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
						  2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577 };
	unsigned int length;
	int d;

	if (n >= sizeof(length_bits)) {
		s->error = -EINVAL;
		return;
	}
	length = length_base[n] + take(s, length_bits[n]);
	d = symbol(s, &s->distances);
	if (d < 0 || d >= DISTANCES) {
		s->error = -EINVAL;
		return;
	}
	copy(s, distance_base[d] + take(s, d < 2 ? 0 : d / 2 - 1), length);
}

static void block_coded(struct inflate *s)
{
	while (!s->error) {
		int n = symbol(s, &s->literals);

		if (n < 0 || n == END_OF_BLOCK)
			return;
		if (n < END_OF_BLOCK)
			put(s, n);
		else
			match(s, n - END_OF_BLOCK - 1);
	}
}

static void block_stored(struct inflate *s)
{
	uint32_t length;

	align_to_byte(s);
	length = take(s, 16);
	if (take(s, 16) != (~length & 0xffff))
		s->error = -EINVAL;
	while (length-- && !s->error)
		put(s, take(s, 8));
}

static void codes_fixed(struct inflate *s)
{
	uint8_t lengths[LITERALS];

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	code_build(&s->literals, lengths, LITERALS);
	memset(lengths, 5, DISTANCES);
	code_build(&s->distances, lengths, DISTANCES);
}

/* The lengths of both codes are coded themselves: 16 repeats the last one, 17 and 18 are runs of zeroes. */
static int lengths_read(struct inflate *s, uint8_t *lengths, unsigned int n)
{
	unsigned int at = 0;

	while (at < n && !s->error) {
		int v = symbol(s, &s->literals);
		unsigned int times = 1;

		if (v < 0 || (v == 16 && !at))
			return -EINVAL;
		if (v > 15)
			times = v == 16 ? 3 + take(s, 2) : v == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
		if (times > n - at)
			return -EINVAL;
		memset(lengths + at, v == 16 ? lengths[at - 1] : v > 16 ? 0 : v, times);
		at += times;
	}
	return s->error;
}

static int codes_read(struct inflate *s)
{
	static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	unsigned int nr_literals = 257 + take(s, 5), nr_distances = 1 + take(s, 5), nr = 4 + take(s, 4);
	uint8_t lengths[LITERALS + 32] = { 0 };
	int err;

	if (nr_literals > 286 || nr_distances > DISTANCES)
		return -EINVAL;
	for (unsigned int i = 0; i < nr; i++)
		lengths[order[i]] = take(s, 3);
	err = code_build(&s->literals, lengths, 19);
	memset(lengths, 0, sizeof(lengths));
	if (!err)
		err = lengths_read(s, lengths, nr_literals + nr_distances);
	if (!err && !lengths[END_OF_BLOCK])
		err = -EINVAL;
	if (!err)
		err = code_build(&s->literals, lengths, nr_literals);
	return err ? err : code_build(&s->distances, lengths + nr_literals, nr_distances);
}

static void inflate_run(struct inflate *s)
{
	bool last = false;

	while (!last && !s->error) {
		last = take(s, 1);
		switch (take(s, 2)) {
		case 0:
			block_stored(s);
			break;
		case 1:
			codes_fixed(s);
			block_coded(s);
			break;
		case 2:
			s->error = codes_read(s);
			block_coded(s);
			break;
		default:
			s->error = -EINVAL;
		}
	}
	align_to_byte(s);
}

/* ---- gzip ---- */

static uint32_t crc32(const uint8_t *p, size_t n)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

static size_t text_end(const uint8_t *in, size_t size, size_t at)
{
	while (at < size && in[at])
		at++;
	return at + 1;
}

/* Where the data starts; past the end when the header is no good. */
static size_t header_length(const uint8_t *in, size_t size)
{
	size_t at = HEADER_SIZE;

	if (size < HEADER_SIZE || in[0] != 0x1f || in[1] != 0x8b || in[2] != 8)
		return size + 1;
	if (in[3] & FLAG_EXTRA)
		at += size > at + 2 ? 2 + (in[at] | (size_t)in[at + 1] << 8) : size;
	if (in[3] & FLAG_NAME)
		at = text_end(in, size, at);
	if (in[3] & FLAG_COMMENT)
		at = text_end(in, size, at);
	return at + (in[3] & FLAG_CRC ? 2 : 0);
}

static uint32_t little(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int64_t gunzip(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size, size_t *in_used)
{
	static struct inflate state;	/* large, and start-up has one thread that unpacks */
	struct inflate *s = &state;
	size_t start = header_length(in, in_size), end;

	if (start > in_size)
		return -EINVAL;
	memset(s, 0, sizeof(*s));
	s->in = in + start;
	s->in_size = in_size - start;
	s->out = out;
	s->out_size = out_size;
	inflate_run(s);
	if (s->error)
		return s->error;
	end = start + s->at;
	if (in_size - end < 8 || little(in + end + 4) != (uint32_t)s->done || (out && little(in + end) != crc32(out, s->done)))
		return -EINVAL;
	*in_used = end + 8;
	return (int64_t)s->done;
}
