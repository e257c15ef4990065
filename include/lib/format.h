/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Formatted text without a C library: %d %i %u %x %X %o %c %s %p %px %% with flags "-+ #0", width, precision, "*" and h hh l ll z. After
 * format_hide_pointers() %p is a name for the address, the same until the next boot, and only %px the address itself.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* As vsnprintf in ISO C: never writes past @size, always terminates when @size > 0, returns the length that was wanted. */
int format_args(char *to, size_t size, const char *fmt, va_list args);
int format_text(char *to, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* From here on %p shows pointers scrambled by @secret; 0: as they are, which is how it begins. Returns the secret until now. */
uint64_t format_hide_pointers(uint64_t secret);

/*
 * Parse a number: decimal, 0x hex, 0 octal with base 0; an optional K, M or G suffix when @suffix. 0, -EINVAL (malformed, trailing
 * text) or -ERANGE (does not fit).
 */
int parse_u64(const char *text, unsigned int base, int suffix, unsigned long long *value);

#endif
