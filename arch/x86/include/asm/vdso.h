/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page of time that every program can read, and the small shared object behind it that does (arch/x86/vdso). The kernel writes the
 * page, programs read it. The date changes in one word; when the clock is steered, clocks says so.
 */
#ifndef ASM_VDSO_H
#define ASM_VDSO_H

#include <stdint.h>

#define VDSO_DATA_SIZE	4096
#define VDSO_CLOCKS	12	/* LINUX_CLOCK_REALTIME to LINUX_CLOCK_TAI */

/* A segment whose limit is the CPU's number and, from this bit on, its node's: LSL tells it to user mode. */
#define VDSO_NUMBER_SELECTOR	0x43
#define VDSO_NODE_SHIFT		12

/*
 * What clock c says in ns is ((TSC - tsc_base) * tsc_mult >> 32) + base[c], if bit c of clocks is set: the others are asked of the kernel,
 * as all are when the kernel counts with something else than the TSC, and while the line changes. The bits of clocks from VDSO_CLOCKS on count
 * changes: who finds clocks another afterwards asks the kernel. CLOCK_MONOTONIC_RAW is not there once the clock was steered.
 */
struct vdso_data {
	uint32_t clocks;
	uint32_t coarse_ns;	/* what clock_getres() says of the coarse clocks */
	uint64_t tsc_base, tsc_mult;
	uint64_t base[VDSO_CLOCKS];
};

struct cpu;
struct space;

/* Map both into a new program's space: the address of the object, or 0 when it cannot be had (programs then make system calls). */
uint64_t vdso_map(struct space *s);
/* clock_set_realtime() has been called, or the distance to TAI is another. Any context. */
void vdso_set_realtime(void);
/* Around clock_steer(), by one caller at a time with interrupts off: programs ask the kernel in between. */
void vdso_steer_begin(void);
void vdso_steer_end(void);
/* @cpu's number and node have become known. arch/x86/cpu/cpu.c. */
void cpu_tell_number(const struct cpu *cpu);

#endif
