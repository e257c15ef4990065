// SPDX-License-Identifier: GPL-2.0
/*
 * Formatted text and number parsing without a C library (ISO C 7.21.6.1, without floating point, wide characters and %n). Shared by
 * the kernel, the drivers' shims and the tests. No state, no locks.
 */
#include <lib/format.h>
#include <lib/string.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <uapi/ferry/errno.h>

enum length { LEN_CHAR = -2, LEN_SHORT, LEN_INT, LEN_LONG, LEN_LONG_LONG };

struct output {
	char *to;
	size_t size;
	size_t length;	/* wanted so far */
};

struct spec {
	bool left, plus, space, alternate, zero, as_it_is;
	unsigned int width;
	int precision;	/* -1: none */
	enum length length;
	char conversion;
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->to[out->length] = c;
	out->length++;
}

static void put_text(struct output *out, const char *text, size_t n)
{
	while (n--)
		put(out, *text++);
}

static void put_fill(struct output *out, char c, size_t have, size_t want)
{
	for (; have < want; have++)
		put(out, c);
}

static unsigned int read_number(const char **fmt)
{
	unsigned int n = 0;

	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		if (n < 10000)
			n = n * 10 + (**fmt - '0');
	return n;
}

static void read_flags(const char **fmt, struct spec *s)
{
	for (;; (*fmt)++) {
		switch (**fmt) {
		case '-': s->left = true; break;
		case '+': s->plus = true; break;
		case ' ': s->space = true; break;
		case '#': s->alternate = true; break;
		case '0': s->zero = true; break;
		default: return;
		}
	}
}

static void read_length(const char **fmt, struct spec *s)
{
	for (;; (*fmt)++) {
		if (**fmt == 'h' && s->length > LEN_CHAR)
			s->length--;
		else if (**fmt == 'l' && s->length < LEN_LONG_LONG)
			s->length++;
		else if (**fmt == 'z' || **fmt == 't' || **fmt == 'j')
			s->length = LEN_LONG;
		else
			return;
	}
}

/* A struct, because a va_list cannot be passed on by reference portably. */
struct arguments {
	va_list list;
};

static void read_width(const char **fmt, struct spec *s, struct arguments *args)
{
	if (**fmt != '*') {
		s->width = read_number(fmt);
		return;
	}
	(*fmt)++;
	int width = va_arg(args->list, int);

	s->left |= width < 0;
	s->width = width < 0 ? -(unsigned int)width : (unsigned int)width;
}

static void read_precision(const char **fmt, struct spec *s, struct arguments *args)
{
	s->precision = -1;
	if (**fmt != '.')
		return;
	(*fmt)++;
	if (**fmt != '*') {
		s->precision = (int)read_number(fmt);
		return;
	}
	(*fmt)++;
	s->precision = va_arg(args->list, int);
	if (s->precision < 0)
		s->precision = -1;
}

static uint64_t read_unsigned(const struct spec *s, struct arguments *args)
{
	switch (s->length) {
	case LEN_CHAR: return (unsigned char)va_arg(args->list, unsigned int);
	case LEN_SHORT: return (unsigned short)va_arg(args->list, unsigned int);
	case LEN_INT: return va_arg(args->list, unsigned int);
	default: return va_arg(args->list, unsigned long long);
	}
}

static int64_t read_signed(const struct spec *s, struct arguments *args)
{
	switch (s->length) {
	case LEN_CHAR: return (signed char)va_arg(args->list, int);
	case LEN_SHORT: return (short)va_arg(args->list, int);
	case LEN_INT: return va_arg(args->list, int);
	default: return va_arg(args->list, long long);
	}
}

/* Digits of @v, last first; no digit for 0. */
static unsigned int digits(char *to, uint64_t v, unsigned int base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int n = 0;

	for (; v; v /= base)
		to[n++] = set[v % base];
	return n;
}

/* @prefix ("-", "0x", ...), zeros to the precision or width, digits; padded with blanks. */
static void put_number(struct output *out, const struct spec *s, uint64_t v, unsigned int base, const char *prefix)
{
	char reversed[24];
	size_t n = digits(reversed, v, base, s->conversion == 'X'), prefixed = strlen(prefix);
	size_t zeros = s->precision >= 0 ? (size_t)s->precision : 1;

	if (s->conversion == 'o' && s->alternate && zeros <= n)
		zeros = n + 1;
	if (s->zero && !s->left && s->precision < 0 && s->width > prefixed + zeros)
		zeros = s->width - prefixed;
	if (zeros < n)
		zeros = n;
	if (!s->left)
		put_fill(out, ' ', prefixed + zeros, s->width);
	put_text(out, prefix, prefixed);
	put_fill(out, '0', n, zeros);
	for (size_t i = n; i--;)
		put(out, reversed[i]);
	if (s->left)
		put_fill(out, ' ', prefixed + zeros, s->width);
}

static void put_signed(struct output *out, const struct spec *s, int64_t v)
{
	const char *sign = v < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";

	put_number(out, s, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, sign);
}

static void put_unsigned(struct output *out, const struct spec *s, uint64_t v)
{
	bool hex = s->conversion == 'x' || s->conversion == 'X';
	const char *prefix = "";

	if (hex && s->alternate && v)
		prefix = s->conversion == 'x' ? "0x" : "0X";
	put_number(out, s, v, hex ? 16 : s->conversion == 'o' ? 8 : 10, prefix);
}

static void put_string(struct output *out, const struct spec *s, const char *text)
{
	size_t n;

	if (!text)
		text = "(null)";
	n = s->precision >= 0 ? strnlen(text, (size_t)s->precision) : strlen(text);
	if (!s->left)
		put_fill(out, ' ', n, s->width);
	put_text(out, text, n);
	if (s->left)
		put_fill(out, ' ', n, s->width);
}

static void put_char(struct output *out, struct spec *s, char c)
{
	if (!s->left)
		put_fill(out, ' ', 1, s->width);
	put(out, c);
	if (s->left)
		put_fill(out, ' ', 1, s->width);
}

static uint64_t pointer_secret;

uint64_t format_hide_pointers(uint64_t secret)
{
	uint64_t before = pointer_secret;

	pointer_secret = secret;
	return before;
}

/* Two rounds of SplitMix64's finaliser under the secret; half of the result is kept, so that no address can be told from it. */
static uint64_t hidden(uint64_t address)
{
	uint64_t x = address;

	for (unsigned int round = 0; round < 2; round++) {
		x += pointer_secret;
		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
		x = (x ^ x >> 27) * 0x94d049bb133111ebull;
		x ^= x >> 31;
	}
	return x >> 32;
}

static void put_pointer(struct output *out, struct spec *s, const void *p)
{
	uint64_t address = (uintptr_t)p;

	if (pointer_secret && address && !s->as_it_is)
		address = hidden(address);
	s->conversion = 'x';
	put_number(out, s, address, 16, "0x");
}

/* One conversion; an unknown one is printed as it stands, without consuming an argument. */
static void convert(struct output *out, struct spec *s, const char *start, const char *end, struct arguments *args)
{
	switch (s->conversion) {
	case 'd':
	case 'i': put_signed(out, s, read_signed(s, args)); break;
	case 'u':
	case 'x':
	case 'X':
	case 'o': put_unsigned(out, s, read_unsigned(s, args)); break;
	case 'c': put_char(out, s, (char)va_arg(args->list, int)); break;
	case 's': put_string(out, s, va_arg(args->list, const char *)); break;
	case 'p': put_pointer(out, s, va_arg(args->list, const void *)); break;
	case '%': put(out, '%'); break;
	default: put_text(out, start, end - start); break;
	}
}

static void format_all(struct output *out, const char *fmt, struct arguments *args)
{
	while (*fmt) {
		const char *start = fmt;
		struct spec s = { 0 };

		if (*fmt != '%') {
			put(out, *fmt++);
			continue;
		}
		fmt++;
		read_flags(&fmt, &s);
		read_width(&fmt, &s, args);
		read_precision(&fmt, &s, args);
		read_length(&fmt, &s);
		s.conversion = *fmt;
		if (*fmt)
			fmt++;
		if (s.conversion == 'p' && *fmt == 'x') {
			s.as_it_is = true;
			fmt++;
		}
		convert(out, &s, start, fmt, args);
	}
}

int format_args(char *to, size_t size, const char *fmt, va_list list)
{
	struct output out = { .to = to, .size = size };
	struct arguments args;

	va_copy(args.list, list);
	format_all(&out, fmt, &args);
	va_end(args.list);
	if (size)
		to[out.length < size ? out.length : size - 1] = 0;
	return out.length > INT_MAX ? INT_MAX : (int)out.length;
}

int format_text(char *to, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = format_args(to, size, fmt, args);
	va_end(args);
	return n;
}

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return UINT_MAX;
}

/* Take the prefix off @text and settle @base. */
static const char *read_base(const char *text, unsigned int *base)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && digit_value(text[2]) < 16;

	if (*base == 0)
		*base = hex ? 16 : text[0] == '0' ? 8 : 10;
	return *base == 16 && hex ? text + 2 : text;
}

static unsigned int suffix_shift(char c)
{
	switch (c) {
	case 'k':
	case 'K': return 10;
	case 'm':
	case 'M': return 20;
	case 'g':
	case 'G': return 30;
	default: return 0;
	}
}

static int scale(unsigned long long *v, unsigned int shift)
{
	if (*v > ULLONG_MAX >> shift)
		return -ERANGE;
	*v <<= shift;
	return 0;
}

int parse_u64(const char *text, unsigned int base, int suffix, unsigned long long *value)
{
	unsigned long long v = 0;
	const char *p = read_base(text, &base);
	const char *first = p;
	bool over = false;

	for (; digit_value(*p) < base; p++) {
		unsigned int digit = digit_value(*p);

		if (v > (ULLONG_MAX - digit) / base)
			over = true;
		else
			v = v * base + digit;
	}
	if (p == first)
		return -EINVAL;
	if (suffix && suffix_shift(*p)) {
		over |= scale(&v, suffix_shift(*p)) != 0;
		p++;
	}
	if (*p)
		return -EINVAL;
	if (over)
		return -ERANGE;
	*value = v;
	return 0;
}
