// SPDX-License-Identifier: GPL-2.0
/* Zstandard's bits, FSE tables and Huffman codes (RFC 8878 sections 4.1 and 4.2). Whatever a table or code is made from is a stranger's. */
#include <lib/string.h>
#include <uapi/ferry/errno.h>
#include "zstd_internal.h"

#define WEIGHTS_LOG_MAX	6u
#define WEIGHTS_MAX	255u
#define WEIGHT_SYMBOLS	13u	/* weights are 0 to 12, of which 12 is too long again */
#define AT_ONCE		5u	/* codes in the 57 bits that back_top() has at least */

/* ---- Bits ---- */

bool back_open(struct back_bits *b, const uint8_t *in, size_t size)
{
	if (!size || !in[size - 1])
		return false;
	*b = (struct back_bits){ .in = in, .size = size, .at = (int64_t)(size - 1) * 8 + high_bit(in[size - 1]) };
	return true;
}

uint64_t back_last(const struct back_bits *b)
{
	uint64_t v = 0;

	if (b->at <= 0)
		return 0;
	for (unsigned int i = 0; i < ((uint64_t)b->at + 7) / 8; i++)
		v |= (uint64_t)b->in[i] << (8 * i);
	return v << (64 - b->at);
}

/* Bits from the start on, for descriptions of tables. */
struct front_bits {
	const uint8_t *in;
	size_t size;
	uint64_t at;
	bool over;		/* more was read than there is */
};

static uint32_t front_read(struct front_bits *f, unsigned int n)
{
	uint32_t v = 0;

	if (f->at + n > (uint64_t)f->size * 8) {
		f->over = true;
		return 0;
	}
	for (unsigned int i = 0; i < n; i++, f->at++)
		v |= (uint32_t)(f->in[f->at / 8] >> f->at % 8 & 1) << i;
	return v;
}

/* ---- FSE ---- */

/* Which state stands for which symbol: the rare ones at the end, the others spread. */
static bool fse_spread(struct fse_table *t, const int16_t *freq, unsigned int nr)
{
	unsigned int size = 1u << t->log, high = size, step = (size >> 1) + (size >> 3) + 3, at = 0, total = 0;

	for (unsigned int s = 0; s < nr; s++) {
		total += freq[s] < 0 ? 1u : (unsigned int)freq[s];
		if (total > size)
			return false;
		if (freq[s] < 0)
			t->entries[--high].symbol = (uint8_t)s;
	}
	for (unsigned int s = 0; s < nr && total == size; s++)
		for (int i = 0; i < freq[s]; i++) {
			t->entries[at].symbol = (uint8_t)s;
			do {
				at = (at + step) & (size - 1);
			} while (at >= high);
		}
	return total == size && !at;
}

int fse_build(struct fse_table *t, const int16_t *freq, unsigned int nr, unsigned int log)
{
	uint16_t next[FSE_SYMBOLS];

	t->valid = false;
	t->log = log;
	if (!fse_spread(t, freq, nr))
		return -EINVAL;
	for (unsigned int s = 0; s < nr; s++)
		next[s] = freq[s] < 0 ? 1 : (uint16_t)freq[s];
	for (unsigned int i = 0; i < 1u << log; i++) {
		struct fse_entry *e = &t->entries[i];
		unsigned int n = next[e->symbol]++;

		e->bits = (uint8_t)(log - high_bit(n));
		e->base = (uint16_t)((n << e->bits) - (1u << log));
	}
	t->valid = true;
	return 0;
}

void fse_single(struct fse_table *t, uint8_t symbol)
{
	t->log = 0;
	t->entries[0] = (struct fse_entry){ .symbol = symbol };
	t->valid = true;
}

/* One frequency: as many bits as what is left may need, one fewer for the low values. */
static int frequency_read(struct front_bits *f, unsigned int left)
{
	unsigned int bits = high_bit(left + 1) + 1;
	uint32_t low = (1u << (bits - 1)) - 1, threshold = (1u << bits) - 1 - (left + 1);
	uint32_t v = front_read(f, bits - 1);

	if (v < threshold)
		return (int)v - 1;
	v |= front_read(f, 1) << (bits - 1);
	return (int)(v > low ? v - threshold : v) - 1;
}

int fse_read(struct fse_table *t, const uint8_t *in, size_t size, unsigned int nr, unsigned int log_max)
{
	struct front_bits f = { .in = in, .size = size };
	unsigned int log = front_read(&f, 4) + 5, left = 1u << log, s = 0;
	int16_t freq[FSE_SYMBOLS];
	int err;

	if (log > log_max)
		return -EINVAL;
	while (left && s < nr && !f.over) {
		int v = frequency_read(&f, left);
		unsigned int repeat = 3;

		left -= v < 0 ? 1 : (unsigned int)v < left ? (unsigned int)v : left;
		freq[s++] = (int16_t)v;
		while (!v && repeat == 3 && !f.over) {
			repeat = front_read(&f, 2);
			for (unsigned int i = 0; i < repeat && s < nr; i++)
				freq[s++] = 0;
		}
	}
	if (left || f.over)
		return -EINVAL;
	err = fse_build(t, freq, s, log);
	return err ? err : (int)((f.at + 7) / 8);
}

/* ---- Huffman ---- */

/* Weights of an FSE stream with two states that take turns; how many, or -EINVAL. */
static int weights_fse(struct fse_table *t, const uint8_t *in, size_t size, uint8_t *weights)
{
	int used = fse_read(t, in, size, WEIGHT_SYMBOLS, WEIGHTS_LOG_MAX);
	struct back_bits b;
	uint32_t state[2];
	unsigned int nr = 0;

	if (used < 0 || !back_open(&b, in + used, size - (size_t)used))
		return -EINVAL;
	state[0] = back_read(&b, t->log);
	state[1] = back_read(&b, t->log);
	if (b.at < 0)
		return -EINVAL;
	for (unsigned int turn = 0; nr < WEIGHTS_MAX - 1; turn ^= 1) {
		const struct fse_entry *e = &t->entries[state[turn]];

		weights[nr++] = e->symbol;
		state[turn] = e->base + back_read(&b, e->bits);
		if (b.at < 0) {
			weights[nr++] = t->entries[state[turn ^ 1]].symbol;
			return (int)nr;
		}
	}
	return -EINVAL;
}

static int weights_direct(const uint8_t *in, size_t size, unsigned int nr, uint8_t *weights)
{
	if ((nr + 1) / 2 > size)
		return -EINVAL;
	for (unsigned int i = 0; i < nr; i++)
		weights[i] = i & 1 ? in[i / 2] & 15 : in[i / 2] >> 4;
	return (int)nr;
}

/* The last weight is what makes the sum a power of two. */
static int huffman_build(struct huffman_table *t, uint8_t *weights, unsigned int nr)
{
	unsigned int first[HUFFMAN_BITS + 2] = { 0 }, count[HUFFMAN_BITS + 2] = { 0 }, bits, shift, at = 0;
	uint32_t sum = 0, left;

	t->bits = 0;
	for (unsigned int i = 0; i < nr; i++) {
		if (weights[i] > HUFFMAN_BITS)
			return -EINVAL;
		sum += weights[i] ? 1u << (weights[i] - 1) : 0;
	}
	bits = sum ? high_bit(sum) + 1 : 0;
	if (!sum || bits > HUFFMAN_BITS)
		return -EINVAL;
	left = (1u << bits) - sum;
	if (left & (left - 1))
		return -EINVAL;
	weights[nr++] = (uint8_t)(high_bit(left) + 1);
	for (unsigned int i = 0; i < nr; i++)
		count[weights[i]]++;
	shift = HUFFMAN_BITS - bits;
	for (unsigned int w = 1; w <= bits; w++) {
		first[w] = at;
		at += count[w] << (w - 1 + shift);
	}
	for (unsigned int i = 0; i < nr; i++) {
		unsigned int w = weights[i], n = w ? 1u << (w - 1 + shift) : 0;

		for (unsigned int k = 0; k < n; k++)
			t->entries[first[w] + k] = (uint16_t)(i | (bits + 1 - w) << 8);
		first[w] += n;
	}
	t->bits = bits;
	return 0;
}

int huffman_read(struct huffman_table *t, struct fse_table *scratch, const uint8_t *in, size_t size)
{
	uint8_t weights[WEIGHTS_MAX + 1];
	unsigned int head, bytes;
	int nr;

	if (!size)
		return -EINVAL;
	head = in[0];
	bytes = head < 128 ? head : (head - 127 + 1) / 2;
	if (bytes > size - 1)
		return -EINVAL;
	nr = head < 128 ? weights_fse(scratch, in + 1, bytes, weights) : weights_direct(in + 1, size - 1, head - 127, weights);
	if (nr < 0 || huffman_build(t, weights, (unsigned int)nr))
		return -EINVAL;
	return (int)bytes + 1;
}

int huffman_decode(const struct huffman_table *t, const uint8_t *in, size_t size, uint8_t *out, size_t n)
{
	struct back_bits b;
	uint16_t e;

	if (!out)
		return 0;
	if (!back_open(&b, in, size))
		return -EINVAL;
	for (; n >= AT_ONCE && b.at >= 64; n -= AT_ONCE) {
		uint64_t bits = back_top(&b);
		unsigned int used = 0;

		for (unsigned int k = 0; k < AT_ONCE; k++) {
			e = t->entries[bits >> (64 - HUFFMAN_BITS)];
			*out++ = (uint8_t)e;
			bits <<= e >> 8;
			used += e >> 8;
		}
		b.at -= used;
	}
	while (n--) {
		e = t->entries[back_top(&b) >> (64 - HUFFMAN_BITS)];
		*out++ = (uint8_t)e;
		b.at -= e >> 8;
		if (b.at < 0)
			return -EINVAL;
	}
	return b.at ? -EINVAL : 0;
}
