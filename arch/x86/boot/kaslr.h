/* SPDX-License-Identifier: GPL-2.0 */
/* The room that boot/kaslr.c has, and its choice. kernel.lds.S reads the numbers. */
#ifndef ARCH_X86_BOOT_KASLR_H
#define ARCH_X86_BOOT_KASLR_H

/* The image in its 2 GiB: not over where it was linked, nor at the very top, where pointers look like errors. */
#define KASLR_TABLES		5		/* of 2 MiB: one more than the largest image needs */
#define KASLR_IMAGE_MIN		0x800000
#define KASLR_IMAGE_SPACE	0x7fe00000
/* The direct map keeps its largest pages; RAM_LIMIT of room is left behind the last place. */
#define KASLR_DIRECT_FIRST	0xffff800000000000
#define KASLR_DIRECT_STEP	0x40000000
#define KASLR_DIRECT_SPACE	0x300000000000
#define KASLR_VMAP_FIRST	0xffffc00000000000
#define KASLR_VMAP_STEP		0x200000
#define KASLR_VMAP_SPACE	0x1f0000000000

#ifndef __ASSEMBLY__
#include <kernel/types.h>

/* How far each is moved. */
struct kaslr_layout {
	uint64_t image, direct, vmap;
};

/* The layout that @random names, for an image that ends @image_end above KERNEL_BASE: each of the places as likely as the others. */
struct kaslr_layout kaslr_choose(uint64_t random, uint64_t image_end);
/* Does the command line in the loader's information say so? */
bool kaslr_forbidden(const void *mbi);
#endif

#endif
