/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page of time that every program can read, and the small shared object behind it that does (arch/x86/vdso). The kernel writes the
 * page, programs read it. The date changes in one word; when the clock is steered, clocks says so.
 */
#ifndef ASM_VDSO_H
#define ASM_VDSO_H

#include <stdint.h>

#define VDSO_DATA_SIZE	8192
#define VDSO_CLOCKS	12	/* LINUX_CLOCK_REALTIME to LINUX_CLOCK_TAI */

/* A segment whose limit is the CPU's number and, from this bit on, its node's: LSL tells it to user mode. */
#define VDSO_NUMBER_SELECTOR	0x43
#define VDSO_NODE_SHIFT		12

/*
 * What clock c says in ns is ((TSC - tsc_base) * tsc_mult >> 32) + base[c], if bit c of clocks is set: the others are asked of the kernel,
 * as all are when the kernel counts with something else than the TSC, and while the line changes. The bits of clocks from VDSO_CLOCKS on count
 * changes: who finds clocks another afterwards asks the kernel. CLOCK_MONOTONIC_RAW is not there once the clock was steered.
 *
 * In another time namespace than the first a page lies in the place of this one that has no clocks but elsewhere set; base is what is to be
 * added there to what this page, which is behind it then, says. So nobody else pays for it, and it need not change when this one does.
 */
struct vdso_data {
	uint32_t clocks;
	uint32_t coarse_ns;	/* what clock_getres() says of the coarse clocks */
	uint64_t tsc_base, tsc_mult;
	uint64_t base[VDSO_CLOCKS];
	uint32_t elsewhere;
};

struct cpu;
struct file;
struct space;

/*
 * Map both into a new program's space, with a namespace's page of time (NULL: the first's): the address of the object, or 0 when it cannot be had
 * (programs then make system calls).
 */
uint64_t vdso_map(struct space *s, struct file *page);
/* The page of time of a namespace whose clocks are so many ns ahead of the first's, counted. ERR_PTR(-ENOMEM). May sleep. */
struct file *vdso_page_create(int64_t monotonic_ahead, int64_t boot_ahead);
/*
 * What @s has of @from becomes @to (NULL: the first's); nothing where a program took it away. 0, or what space_map() failed with: it is as it was
 * then. May sleep.
 */
int vdso_page_change(struct space *s, struct file *from, struct file *to);
/* clock_set_realtime() has been called, or the distance to TAI is another. Any context. */
void vdso_set_realtime(void);
/* Around clock_steer(), by one caller at a time with interrupts off: programs ask the kernel in between. */
void vdso_steer_begin(void);
void vdso_steer_end(void);
/* @cpu's number and node have become known. arch/x86/cpu/cpu.c. */
void cpu_tell_number(const struct cpu *cpu);

#endif
