/* SPDX-License-Identifier: GPL-2.0 */
/* Clearing and copying whole page frames through the direct map: one string instruction each (SDM volume 1 section 7.3.9.3). */
#ifndef ASM_PAGE_OPS_H
#define ASM_PAGE_OPS_H

#include <stdint.h>

static inline void page_clear(void *page, uint64_t bytes)
{
	uint64_t words = bytes / 8;

	__asm__ volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(0ull) : "memory");
}

static inline void page_copy(void *to, const void *from)
{
	uint64_t words = 4096 / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) :: "memory");
}

#endif
