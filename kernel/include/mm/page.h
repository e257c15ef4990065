/* SPDX-License-Identifier: GPL-2.0 */
/* Page frames: struct page for every frame of RAM, a buddy allocator, reference counts, exact accounting. */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include <asm/layout.h>
#include <kernel/list.h>

#ifndef DIRECT_MAP_BASE	/* the host's unit tests put their RAM elsewhere */
#define DIRECT_MAP_BASE	layout_direct_map()
#endif
#define VMAP_BASE	layout_vmap()
#define VMAP_SIZE	(1ul << 40)
#define VMAP_END	(VMAP_BASE + VMAP_SIZE)
#define KERNEL_BASE	0xffffffff80000000ul	/* the image lies above */
#define USER_END	0x00007ffffffff000ul
#define FRAME_ORDER_MAX	10	/* 4 MiB */

#define FRAME_ZERO	0x1u	/* cleared */
#define FRAME_DMA32	0x2u	/* below 4 GiB */
#define FRAME_ATOMIC	0x4u	/* may dip into the reserve; never waits anyway */

enum page_use { PAGE_FREE, PAGE_RESERVED, PAGE_KERNEL, PAGE_SLAB, PAGE_TABLE, PAGE_ANON, PAGE_FILE, PAGE_DMA, PAGE_STACK };

struct page {
	struct list link;	/* free list, or the owner's */
	uint32_t refs;
	uint32_t pins;		/* held for device access */
	uint8_t order;
	uint8_t use;		/* enum page_use */
	uint16_t flags;		/* PAGE_* below */
	uint32_t mapcount;	/* user page table entries */
	void *owner;		/* slab cache, inode; a tail's: the head */
	uint64_t index;
};

#define PAGE_HOLE	0x1u	/* between pieces of RAM: no frame */
#define PAGE_FREE_HEAD	0x2u	/* first of a free block, on a free list */
#define PAGE_TAIL	0x4u	/* behind the first of an allocated block: counts are the head's */
#define PAGE_KMALLOC	0x8u	/* given by kzalloc() as whole frames */
#define PAGE_CHARGED	0x10u	/* the owner is the control group that pays for it (kernel/cgroup_memory.c) */

static inline void *phys_to_virt(paddr_t p) { return (void *)(p + DIRECT_MAP_BASE); }
/* For direct-map addresses only; kernel image symbols go through kernel_to_phys(). */
static inline paddr_t virt_to_phys(const void *v) { return (paddr_t)v - DIRECT_MAP_BASE; }
paddr_t kernel_to_phys(const void *v);

/* NULL when @p is not RAM. */
struct page *page_of(paddr_t p);
paddr_t page_paddr(const struct page *page);
void *page_addr(const struct page *page);

/* 2^@order contiguous frames with one reference, or NULL. Any context. */
struct page *frame_alloc(unsigned int order, uint32_t flags, enum page_use use);
/* One more user; one fewer, freed with the last. Any context. */
void page_get(struct page *page);
void page_put(struct page *page);

/* Clear every frame when it is given, when it comes back (init_on_alloc=1, init_on_free=1; kernel memory by size always is, when given). */
extern bool frames_clear_on_alloc, frames_clear_on_free;

struct frame_stats {
	uint64_t total, free, by_use[16];	/* pages */
	uint64_t reserve;		/* of the free ones: drivers', their manager's and interrupts' */
};
void frame_stats(struct frame_stats *stats);
/* From boot_info; every frame that boot_frame_alloc() gave out stays reserved. Needs the direct map of all RAM. */
void frame_init(void);
/*
 * Before frame_init(), for page tables of the direct map: one frame of RAM above the image and above 1 MiB, lowest first, outside the
 * modules, not cleared. 0 when none is left.
 */
paddr_t boot_frame_alloc(void);
/* Has frame_init() run? From then on frame_alloc() serves, and boot_frame_alloc() does no more. */
bool frame_ready(void);
/* Give RAM that was reserved at boot (the initramfs once unpacked) to the allocator: whole frames inside [@start, +@length). */
void frame_release_reserved(paddr_t start, uint64_t length);

#endif
