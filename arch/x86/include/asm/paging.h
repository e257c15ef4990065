/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables (4 levels; Intel SDM volume 3 section 4.5). Tables come from frame_alloc(PAGE_TABLE). The caller holds the lock of the
 * space that owns the root; the kernel half is shared by every root.
 */
#ifndef ASM_PAGING_H
#define ASM_PAGING_H

#include <kernel/types.h>

#define PT_READ		0x1u
#define PT_WRITE	0x2u
#define PT_EXEC		0x4u
#define PT_USER		0x8u
#define PT_UNCACHED	0x10u
#define PT_GLOBAL	0x20u
#define PT_WRITTEN	0x40u	/* since pt_forget_written(), perhaps: it is or was writable */

/* A fresh root whose upper half is the kernel's; 0 when out of memory. pt_free() frees the lower half's tables (not the pages). */
paddr_t pt_create(void);
void pt_free(paddr_t root);
paddr_t pt_kernel_root(void);
/* How many tables were made for the upper half since the start. They are never given back: its areas are bounded, and all roots share them. */
uint64_t pt_kernel_tables(void);

/* Map one 4 KiB page, replacing what was there (no flush). 0 or -ENOMEM. W and X together are refused with -EACCES. */
int pt_map(paddr_t root, vaddr_t v, paddr_t p, uint32_t prot);
/* What @v maps to; false when nothing. Understands large pages. */
bool pt_query(paddr_t root, vaddr_t v, paddr_t *p, uint32_t *prot);
/* Frames of the small user pages from @v on, at most @max: up to the first that lacks the right, and not past a table's end. How many. */
unsigned int pt_query_run(paddr_t root, vaddr_t v, unsigned int max, bool write, paddr_t *p);
/* The first page at or above *@v and below @end that is mapped: true, *@v its address, *@p and *@prot as pt_query(). Steps over empty tables. */
bool pt_next(paddr_t root, vaddr_t *v, vaddr_t end, paddr_t *p, uint32_t *prot);
/*
 * Tell @fn of every run of neighbouring pages with equal rights in one half of @root, as the CPU sees them through all levels (PT_READ: present),
 * lowest first. The kernel half needs no lock: its tables stay.
 */
void pt_runs(paddr_t root, bool kernel_half, void (*fn)(void *arg, vaddr_t start, uint64_t length, uint32_t prot), void *arg);
/* Remove; true and the old frame when something was mapped. No flush. */
bool pt_unmap(paddr_t root, vaddr_t v, paddr_t *p);
/* Change rights of a present page; false when none. A marked one does not get the right to write. No flush. */
bool pt_protect(paddr_t root, vaddr_t v, uint32_t prot);
/* The page is not PT_WRITTEN any more, nor PT_WRITE. No flush. */
void pt_forget_written(paddr_t root, vaddr_t v);
/* Was it touched since that was last cleared, or changed? @clear: now. No flush. */
bool pt_referenced(paddr_t root, vaddr_t v, bool clear);
/*
 * Mark the user page at @v, be it there or not, or take the mark away. A marked page cannot be written; where there is none the mark waits for one
 * that pt_map() does not bring, for that and pt_unmap() take marks away. -ENOMEM: a table is missing. No flush.
 */
int pt_mark(paddr_t root, vaddr_t v, bool on);
bool pt_marked(paddr_t root, vaddr_t v);
/* The first mark at or above *@v and below @end, as pt_next(). */
bool pt_next_marked(paddr_t root, vaddr_t *v, vaddr_t end);
/* Was the page written (dirty)? Clears nothing. */
bool pt_dirty(paddr_t root, vaddr_t v);
/* Forget translations of [@v, @v+@length) of @root on every CPU that may hold them; length 0: all of the space's. */
void tlb_flush(paddr_t root, vaddr_t v, uint64_t length);
/* Forget what other CPUs wait for; interrupts off. smp_poll() calls it. */
void tlb_answer(void);
/* Load @root into CR3 of this CPU. */
void pt_load(paddr_t root);
/* Number of table pages below @root (user half), for accounting. */
uint64_t pt_table_pages(paddr_t root);

#endif
