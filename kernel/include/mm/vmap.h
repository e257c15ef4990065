/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel virtual space outside the direct map: device registers, stacks with guard pages, scattered frames made contiguous. */
#ifndef MM_VMAP_H
#define MM_VMAP_H

#include <kernel/types.h>

struct page;

/* Map device memory [@p, @p+@length) uncached, read-write, not executable; NULL on failure. Handles unaligned @p. May sleep. */
void *vmap_io(paddr_t p, uint64_t length);
/* Map @count frames one after the other, read-write, cached. */
void *vmap_pages(struct page *const *pages, size_t count);
/* Undo either by the address returned. The frames are not freed. */
void vunmap(void *v);
/* A stack of KSTACK_SIZE bytes with an unmapped guard page on each side; lowest address, or 0. */
vaddr_t kstack_alloc(void);
void kstack_free(vaddr_t stack);
/* Freed stacks are kept for the next threads, half a megabyte of them at most: free some @nr_pages of those; how many they were. Any context. */
uint64_t kstack_trim(uint64_t nr_pages);
/* Is @a inside a stack's guard page (for the page fault report)? */
bool kstack_is_guard(vaddr_t a);
void vmap_init(void);

#endif
