/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page of time that every program can read, and the small shared object behind it that does (arch/x86/vdso). The kernel writes the
 * page, programs read it: a reader starts over when the sequence number was odd or has changed.
 */
#ifndef ASM_VDSO_H
#define ASM_VDSO_H

#include <stdint.h>

#define VDSO_DATA_SIZE	4096

/*
 * Time since boot in ns is (TSC - tsc_base) * tsc_mult >> 32; the date is that plus realtime_base. tsc_mult is 0
 * when the kernel counts with something else: then programs make system calls. */
struct vdso_data {
	uint32_t sequence, reserved;
	uint64_t tsc_base, tsc_mult;
	uint64_t realtime_base;
};

struct space;

/* Map both into a new program's space: the address of the object, or 0 when it cannot be had (programs then make system calls). */
uint64_t vdso_map(struct space *s);
/* The date is now @offset ns from what the clock chip said. Any context. */
void vdso_set_realtime(int64_t offset);

#endif
