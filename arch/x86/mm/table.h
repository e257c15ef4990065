/* SPDX-License-Identifier: GPL-2.0 */
/* Page table entries (SDM volume 3 table 4-20), shared by paging.c and kernel_map.c. */
#ifndef ARCH_X86_TABLE_H
#define ARCH_X86_TABLE_H

#include <kernel/types.h>

typedef uint64_t pte_t;

#define PTE_PRESENT	0x1ull
#define PTE_WRITE	0x2ull
#define PTE_USER	0x4ull
#define PTE_PWT		0x8ull
#define PTE_PCD		0x10ull
#define PTE_ACCESSED	0x20ull
#define PTE_DIRTY	0x40ull
#define PTE_LARGE	0x80ull		/* at levels 1 and 2 */
#define PTE_GLOBAL	0x100ull
#define PTE_NO_RIGHTS	0x200ull	/* ours: not present, but holds a frame */
#define PTE_MARK	0x400ull	/* ours: see pt_mark(); alone: no page, but a mark */
#define PTE_SOFT	0x800ull	/* ours: it may have been written since pt_forget_written(), though it may not be now */
#define PTE_NX		(1ull << 63)
#define PTE_ADDRESS	0x000ffffffffff000ull

#define PT_ENTRIES	512u
/* Level 0 has the 4 KiB pages, level 3 is the root. */
#define PT_SHIFT(level)		(PAGE_SHIFT + 9 * (level))
#define PT_SIZE(level)		(1ull << PT_SHIFT(level))
#define PT_INDEX(v, level)	((v) >> PT_SHIFT(level) & (PT_ENTRIES - 1))

pte_t pte_make(paddr_t p, uint32_t prot);
uint32_t pte_prot(pte_t pte);

#endif
