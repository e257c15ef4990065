/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Touching user memory where every access may fault: each such instruction has an entry {its address, where to go on} in .extable. Only
 * mm/user.c uses these, between user_access_begin() and user_access_end().
 */
#ifndef ASM_USERCOPY_H
#define ASM_USERCOPY_H

#include <stdbool.h>
#include <stdint.h>

/* A no-op of three bytes that features.c turns into STAC (1) or CLAC (0) where the CPU has SMAP. */
#define SMAP_SITE(kind)						\
	__asm__ volatile("667: .byte 0x0f, 0x1f, 0x00\n\t"	\
			 ".pushsection .smap_sites, \"a\"\n\t"	\
			 ".quad 667b, " kind "\n\t"		\
			 ".popsection" ::: "memory", "cc")

/* User memory may be touched only between these; nothing on CPUs without SMAP. */
static inline void user_access_begin(void) { SMAP_SITE("1"); }
static inline void user_access_end(void) { SMAP_SITE("0"); }

#define EXTABLE(from, to)	".pushsection .extable, \"a\"\n\t.quad " from ", " to "\n\t.popsection\n\t"

/*
 * Copy @n bytes; returns how many were left when an access faulted. Blocks of 64 bytes, then words; where one faults, the byte loop
 * behind them tries again from the start of that piece and stops at the exact byte.
 */
static inline uint64_t user_copy_raw(void *to, const void *from, uint64_t n)
{
	uint64_t a, b;

	__asm__ volatile(
		"cmpq $64, %[n]\n\t"
		"jb 3f\n"
		"2:\n\t"
		"10: movq (%[s]), %[a]\n\t"
		"11: movq 8(%[s]), %[b]\n\t"
		"12: movq %[a], (%[d])\n\t"
		"13: movq %[b], 8(%[d])\n\t"
		"14: movq 16(%[s]), %[a]\n\t"
		"15: movq 24(%[s]), %[b]\n\t"
		"16: movq %[a], 16(%[d])\n\t"
		"17: movq %[b], 24(%[d])\n\t"
		"18: movq 32(%[s]), %[a]\n\t"
		"19: movq 40(%[s]), %[b]\n\t"
		"20: movq %[a], 32(%[d])\n\t"
		"21: movq %[b], 40(%[d])\n\t"
		"22: movq 48(%[s]), %[a]\n\t"
		"23: movq 56(%[s]), %[b]\n\t"
		"24: movq %[a], 48(%[d])\n\t"
		"25: movq %[b], 56(%[d])\n\t"
		"addq $64, %[s]\n\t"
		"addq $64, %[d]\n\t"
		"subq $64, %[n]\n\t"
		"cmpq $64, %[n]\n\t"
		"jae 2b\n"
		"3:\n\t"
		"cmpq $8, %[n]\n\t"
		"jb 5f\n"
		"4:\n\t"
		"30: movq (%[s]), %[a]\n\t"
		"31: movq %[a], (%[d])\n\t"
		"addq $8, %[s]\n\t"
		"addq $8, %[d]\n\t"
		"subq $8, %[n]\n\t"
		"cmpq $8, %[n]\n\t"
		"jae 4b\n"
		"5:\n\t"
		"rep movsb\n"
		"6:\n\t"
		EXTABLE("10b", "5b") EXTABLE("11b", "5b") EXTABLE("12b", "5b") EXTABLE("13b", "5b")
		EXTABLE("14b", "5b") EXTABLE("15b", "5b") EXTABLE("16b", "5b") EXTABLE("17b", "5b")
		EXTABLE("18b", "5b") EXTABLE("19b", "5b") EXTABLE("20b", "5b") EXTABLE("21b", "5b")
		EXTABLE("22b", "5b") EXTABLE("23b", "5b") EXTABLE("24b", "5b") EXTABLE("25b", "5b")
		EXTABLE("30b", "5b") EXTABLE("31b", "5b") EXTABLE("5b", "6b")
		: [s] "+S"(from), [d] "+D"(to), [n] "+c"(n), [a] "=&r"(a), [b] "=&r"(b)
		:
		: "memory", "cc");
	return n;
}

/* Clear @n bytes; returns how many were left. */
static inline uint64_t user_clear_raw(void *to, uint64_t n)
{
	uint64_t words = n / 8, rest = n % 8;

	__asm__ volatile(
		"1: rep stosq\n\t"
		"movq %[rest], %[words]\n\t"
		"2: rep stosb\n\t"
		"jmp 4f\n"
		"3:\n\t"			/* in the words: count the rest in bytes */
		"leaq (%[rest], %[words], 8), %[words]\n"
		"4:\n\t"
		EXTABLE("1b", "3b") EXTABLE("2b", "4b")
		: "+D"(to), [words] "+c"(words)
		: [rest] "r"(rest), "a"(0ull)
		: "memory", "cc");
	return words;
}

#define USER_ACCESS_DEFINE(bits, suffix)								\
static inline bool user_load##bits(uint##bits##_t *value, uint64_t from)				\
{													\
	uint##bits##_t v = 0;										\
	bool fault = true;										\
													\
	__asm__ volatile("1: mov" suffix " (%[from]), %[v]\n\txorb %[fault], %[fault]\n2:\n\t" EXTABLE("1b", "2b")	\
			 : [v] "+r"(v), [fault] "+q"(fault) : [from] "r"(from) : "memory", "cc");	\
	*value = v;											\
	return !fault;											\
}													\
static inline bool user_store##bits(uint64_t to, uint##bits##_t value)					\
{													\
	bool fault = true;										\
													\
	__asm__ volatile("1: mov" suffix " %[v], (%[to])\n\txorb %[fault], %[fault]\n2:\n\t" EXTABLE("1b", "2b")		\
			 : [fault] "+q"(fault) : [v] "r"(value), [to] "r"(to) : "memory", "cc");	\
	return !fault;											\
}
USER_ACCESS_DEFINE(32, "l")
USER_ACCESS_DEFINE(64, "q")
#undef USER_ACCESS_DEFINE

/* Atomic: if the word at @address is @expected it becomes @desired; *@seen is what was there. False: fault. */
static inline bool user_cmpxchg_raw(uint64_t address, uint32_t expected, uint32_t desired, uint32_t *seen)
{
	bool fault = true;

	__asm__ volatile("1: lock cmpxchgl %[desired], (%[address])\n\tmovb $0, %[fault]\n2:\n\t" EXTABLE("1b", "2b")
			 : "+a"(expected), [fault] "+q"(fault) : [desired] "r"(desired), [address] "r"(address) : "memory", "cc");
	*seen = expected;
	return !fault;
}

#endif
