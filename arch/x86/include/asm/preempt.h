/* SPDX-License-Identifier: GPL-2.0 */
/* This CPU's preempt_count and need_resched, each in one instruction: the thread may go to another CPU between any two. */
#ifndef ASM_PREEMPT_H
#define ASM_PREEMPT_H

#include <kernel/cpu.h>

static inline void preempt_count_add(void)
{
	__asm__ volatile("incl %%gs:%c0" :: "i"(offsetof(struct cpu, preempt_count)) : "memory", "cc");
}

/* True when it is 0 again. */
static inline bool preempt_count_sub(void)
{
	bool zero;

	__asm__ volatile("decl %%gs:%c1" : "=@ccz"(zero) : "i"(offsetof(struct cpu, preempt_count)) : "memory");
	return zero;
}

/* Is a spinlock held here, or an interrupt handled that holds one? */
static inline bool preempt_is_off(void)
{
	bool none;

	__asm__ volatile("cmpl $0, %%gs:%c1" : "=@ccz"(none) : "i"(offsetof(struct cpu, preempt_count)) : "memory");
	return !none;
}

/* Not 0: need_resched is set. */
static inline uint32_t preempt_due(void)
{
	uint32_t due;

	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(due) : "i"(offsetof(struct cpu, need_resched)) : "memory");
	return due;
}

static inline bool preempt_is_due(void)
{
	bool none;

	__asm__ volatile("cmpl $0, %%gs:%c1" : "=@ccz"(none) : "i"(offsetof(struct cpu, need_resched)) : "memory");
	return !none;
}

#endif
