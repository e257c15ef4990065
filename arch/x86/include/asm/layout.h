/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the areas of the kernel half begin: constants of the linker script in the instructions that use them, which boot/kaslr.c changes
 * once, before anything has an address to remember. A moved area costs what a fixed one did.
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#include <stdint.h>

/* How far the image was moved from where it was linked: 0 without randomisation. */
extern uint64_t kaslr_offset;

static inline __attribute__((const)) uint64_t layout_direct_map(void)
{
	uint64_t base;

	__asm__("movabsq $direct_map_base, %0" : "=r"(base));
	return base;
}

static inline __attribute__((const)) uint64_t layout_vmap(void)
{
	uint64_t base;

	__asm__("movabsq $vmap_base, %0" : "=r"(base));
	return base;
}

#endif
