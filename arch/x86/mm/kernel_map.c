// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel half, built once at boot: the image with the rights of its sections, all RAM at DIRECT_MAP_BASE with the largest pages
 * that fit (never executable), empty tables for vmap. The boot loader's identity map goes away. Nothing is writable and executable.
 */
#include <asm/boot.h>
#include <asm/msr.h>
#include <asm/paging.h>
#include <kernel/debug.h>
#include <kernel/harden.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/page.h>
#include "../cpu/cpu.h"
#include "table.h"

/* 512 GiB each; VMAP_BASE may lie inside the first. Past them pt_map() says -ENOMEM. */
#define VMAP_TOP_ENTRIES	(VMAP_SIZE / PT_SIZE(3) + 1)
#define DIRECT_MAP_LIMIT	(VMAP_BASE - DIRECT_MAP_BASE)

extern uint8_t kernel_start[], kernel_end[], text_start[], text_end[], rodata_start[], rodata_end[], data_start[];
extern uint8_t ro_after_init_end[], kernel_base[], boot_stack_guard[];

static paddr_t kernel_root __ro_after_init;

paddr_t pt_kernel_root(void)
{
	return kernel_root;
}

paddr_t kernel_to_phys(const void *v)
{
	return (const uint8_t *)v - kernel_base;
}

static paddr_t boot_table(void)
{
	paddr_t p = boot_frame_alloc();

	if (!p)
		boot_fail("no memory for page tables");
	memset(phys_to_virt(p), 0, PAGE_SIZE);
	return p;
}

/* The entry for @v at @level below the kernel root. */
static pte_t *boot_entry(vaddr_t v, unsigned int level)
{
	pte_t *table = phys_to_virt(kernel_root);
	unsigned int i;

	for (i = 3; i > level; i--) {
		pte_t *entry = &table[PT_INDEX(v, i)];

		if (!(*entry & PTE_PRESENT))
			*entry = boot_table() | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
		table = phys_to_virt(*entry & PTE_ADDRESS);
	}
	return &table[PT_INDEX(v, level)];
}

static void map_image(const uint8_t *from, const uint8_t *to, uint32_t prot)
{
	vaddr_t v;

	for (v = (vaddr_t)from; v < (vaddr_t)to; v += PAGE_SIZE)
		*boot_entry(v, 0) = pte_make(kernel_to_phys((void *)v), prot | PT_GLOBAL) | PTE_DIRTY;
}

/* Does [@p, +@length) have a page of the image? Those are small, and have the image's rights. */
static bool touches_image(paddr_t p, uint64_t length)
{
	return p < kernel_to_phys(kernel_end) && p + length > kernel_to_phys(kernel_start);
}

/* The largest page that starts at @p and ends by @end. */
static unsigned int best_level(paddr_t p, paddr_t end)
{
	unsigned int level = cpu_features.gigabyte_pages ? 2 : 1;

	while (level > 0 && ((p & (PT_SIZE(level) - 1)) || end - p < PT_SIZE(level) || touches_image(p, PT_SIZE(level))))
		level--;
	return level;
}

/* Code and constants are not written by their other name either. */
static uint32_t direct_prot(paddr_t p)
{
	if (!hardened(HARDEN_WX))
		return PT_READ | PT_WRITE | PT_EXEC;
	return p >= kernel_to_phys(kernel_start) && p < kernel_to_phys(rodata_end) ? PT_READ : PT_READ | PT_WRITE;
}

static void map_direct(paddr_t p, paddr_t end)
{
	while (p < end) {
		unsigned int level = best_level(p, end);

		*boot_entry(DIRECT_MAP_BASE + p, level) = pte_make(p, direct_prot(p) | PT_GLOBAL) | PTE_DIRTY | (level ? PTE_LARGE : 0);
		p += PT_SIZE(level);
	}
}

static void map_ram(void)
{
	uint32_t i;

	for (i = 0; i < boot_info.nr_regions; i++) {
		const struct boot_region *r = &boot_info.regions[i];
		paddr_t end = MIN(r->start + r->length, (paddr_t)DIRECT_MAP_LIMIT);

		if (r->kind == BOOT_RAM)
			map_direct(ALIGN_UP(r->start, PAGE_SIZE), end & PAGE_MASK);
	}
}

static void map_shadow(vaddr_t v, paddr_t p)
{
	*boot_entry(v, 0) = pte_make(p, PT_READ | PT_WRITE | PT_GLOBAL) | PTE_DIRTY;
}

void paging_init(void)
{
	uint32_t any = hardened(HARDEN_WX) ? 0 : PT_WRITE | PT_EXEC;
	unsigned int i;

	kernel_root = boot_table();
	map_image(text_start, text_end, PT_READ | PT_EXEC | any);
	map_image(rodata_start, rodata_end, PT_READ | any);
	map_image(data_start, kernel_end, PT_READ | PT_WRITE | any);
	*boot_entry((vaddr_t)boot_stack_guard, 0) = 0;
	map_ram();
	for (i = 0; i < VMAP_TOP_ENTRIES; i++)
		boot_entry(VMAP_BASE + i * PT_SIZE(3), 2);
	debug_map_shadow(map_shadow);
	pt_load(kernel_root);
}

void paging_seal(void)
{
	uint64_t length = ro_after_init_end - data_start;
	vaddr_t alias = DIRECT_MAP_BASE + kernel_to_phys(data_start);

	if (!hardened(HARDEN_WX))
		return;
	for (uint64_t at = 0; at < length; at += PAGE_SIZE)
		if (!pt_protect(kernel_root, (vaddr_t)data_start + at, PT_READ | PT_GLOBAL) ||
		    !pt_protect(kernel_root, alias + at, PT_READ | PT_GLOBAL))
			panic("paging: page %#llx of the image is not mapped", (unsigned long long)at);
	tlb_flush(kernel_root, (vaddr_t)data_start, length);
	tlb_flush(kernel_root, alias, length);
}

static void count_wx(void *arg, vaddr_t start, uint64_t length, uint32_t prot)
{
	if ((prot & (PT_WRITE | PT_EXEC)) == (PT_WRITE | PT_EXEC))
		*(uint64_t *)arg += length / PAGE_SIZE;
}

uint64_t paging_count_wx(void)
{
	uint64_t count = 0;

	pt_runs(kernel_root, true, count_wx, &count);
	return count;
}
