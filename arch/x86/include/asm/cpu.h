/* SPDX-License-Identifier: GPL-2.0 */
/* Small CPU operations. */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define RFLAGS_IF	0x200ull

static inline void cpu_relax(void) { __asm__ volatile("pause" ::: "memory"); }

/*
 * Between two looks at memory that another CPU is about to write, for some microseconds, on a CPU with nothing else to do. Not a pause on a
 * virtual machine (CPUID.01H:ECX[31]): its host may take that for an offer of the processor, and be away for longer than the wait.
 */
extern bool cpu_is_virtual;
static inline void cpu_look_relax(void)
{
	if (cpu_is_virtual)
		__asm__ volatile("" ::: "memory");
	else
		cpu_relax();
}

static inline void barrier(void) { __asm__ volatile("" ::: "memory"); }
static inline void irq_disable(void) { __asm__ volatile("cli" ::: "memory"); }
static inline void irq_enable(void) { __asm__ volatile("sti" ::: "memory"); }
/* Enable interrupts and wait for one, without a window between. */
static inline void irq_enable_and_halt(void) { __asm__ volatile("sti; hlt" ::: "memory"); }

static inline uint64_t irq_save(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) :: "memory");
	return flags;
}

static inline void irq_restore(uint64_t flags)
{
	if (flags & RFLAGS_IF)
		irq_enable();
}

static inline bool irqs_enabled(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return flags & RFLAGS_IF;
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

/* 64 random bits from RDRAND, or mixed from the TSC where the CPU has none; false then. */
bool cpu_random(uint64_t *value);

/* describe.c: the lines of /proc/cpuinfo about @cpu. Any context. */
void cpu_describe(unsigned int cpu, char *text, unsigned long size);

#endif
