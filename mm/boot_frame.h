/* SPDX-License-Identifier: GPL-2.0 */
/* Between mm/boot_frame.c and mm/frame.c: RAM as the boot loader told it, and what is in use of it. */
#ifndef MM_BOOT_FRAME_H
#define MM_BOOT_FRAME_H

#include <kernel/types.h>

#define BOOT_TAKEN_MAX	64
#define RAM_LIMIT	(1ul << 44)	/* the direct map's room, wherever boot/kaslr.c puts it */

struct ram_range {
	paddr_t start, end;	/* page aligned, end exclusive */
};

/* Usable RAM, sorted, without overlaps; what of it (and around it) was taken. */
unsigned int boot_ram(const struct ram_range **list);
unsigned int boot_taken(const struct ram_range **list);
/* The lowest @bytes (whole pages) of free RAM, not cleared; 0: none. */
paddr_t boot_frames_alloc(uint64_t bytes);
void boot_frames_take(paddr_t start, paddr_t end);

#endif
