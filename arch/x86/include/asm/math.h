/* SPDX-License-Identifier: GPL-2.0 */
/* Arithmetic in 128 bits without a compiler library. */
#ifndef ASM_MATH_H
#define ASM_MATH_H

#include <stdint.h>

/* @a * @b / @c through a product of 128 bits. The result must fit 64 bits and @c must not be 0, or the CPU traps. */
static inline uint64_t mul_div64(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t quotient, high;

	__asm__("mulq %3\n\tdivq %4" : "=a"(quotient), "=&d"(high) : "0"(a), "r"(b), "r"(c) : "cc");
	return quotient;
}

#endif
