/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a place that may be traced tests and calls: two instructions while tracing is off, and the compiler does not see a call, so that
 * nothing is moved out of its way. What is called saves every register itself (TRACE_SAVES_ALL) and touches no floating point ones.
 */
#ifndef LIB_TRACE_SITE_H
#define LIB_TRACE_SITE_H

#include <stdbool.h>
#include <stdint.h>

/* Is a bit of the constant @mask set in the lowest byte of the variable @word? */
#define TRACE_TEST(word, mask)							\
	({									\
		__label__ trace_is_on, trace_is_known;				\
		bool trace_on_ = false;						\
		__asm__ goto("testb %0, " #word "(%%rip)\n\tjnz %l1"		\
			     : : "i"(mask) : "cc" : trace_is_on);		\
		goto trace_is_known;						\
	trace_is_on:								\
		trace_on_ = true;						\
	trace_is_known:								\
		__builtin_expect(trace_on_, 0);					\
	})

/* Call @fn, a name, with four integers or pointers. The stack below its pointer may be in use (the red zone of user mode). */
#define TRACE_CALL(fn, a, b, c, d)						\
	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\tcall " #fn "\n\tleaq 128(%%rsp), %%rsp" \
			 : : "D"((uint64_t)(a)), "S"((uint64_t)(b)), "d"((uint64_t)(c)), "c"((uint64_t)(d)) : "cc", "memory")

#define TRACE_SAVES_ALL	__attribute__((cold, noinline, used, no_caller_saved_registers, target("general-regs-only")))

#endif
