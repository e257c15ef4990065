// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables: 4 levels, 4 KiB leaves for users, large ones in the direct map (SDM volume 3 section 4.5). Entries are written with
 * single 64-bit stores. The upper half of every root points to the same tables, made once by kernel_map.c; a page without any right
 * stays in its table, not present, marked by a bit that the CPU ignores. Locking is the caller's: the space's lock, or vmap's.
 */
#include <asm/cpu.h>
#include <asm/msr.h>
#include <asm/paging.h>
#include <kernel/cpu.h>
#include <kernel/harden.h>
#include <kernel/log.h>
#include <mm/page.h>
#include "table.h"

static uint64_t nr_kernel_tables;

uint64_t pt_kernel_tables(void)
{
	return __atomic_load_n(&nr_kernel_tables, __ATOMIC_RELAXED);
}

static pte_t *table_at(pte_t entry)
{
	return phys_to_virt(entry & PTE_ADDRESS);
}

pte_t pte_make(paddr_t p, uint32_t prot)
{
	pte_t pte = p | PTE_ACCESSED;

	if (!(prot & (PT_READ | PT_WRITE | PT_EXEC)))
		pte |= PTE_NO_RIGHTS;
	else
		pte |= PTE_PRESENT;
	pte |= prot & PT_WRITE ? PTE_WRITE : 0;
	pte |= prot & PT_EXEC ? 0 : PTE_NX;
	pte |= prot & PT_USER ? PTE_USER : 0;
	pte |= prot & PT_UNCACHED ? PTE_PCD | PTE_PWT : 0;
	pte |= prot & PT_GLOBAL ? PTE_GLOBAL : 0;
	pte |= prot & PT_WRITTEN ? PTE_SOFT : 0;
	return pte;
}

uint32_t pte_prot(pte_t pte)
{
	uint32_t prot = 0;

	prot |= pte & PTE_PRESENT ? PT_READ : 0;
	prot |= pte & PTE_WRITE ? PT_WRITE : 0;
	prot |= pte & PTE_NX || !(pte & PTE_PRESENT) ? 0 : PT_EXEC;
	prot |= pte & PTE_USER ? PT_USER : 0;
	prot |= pte & PTE_PCD ? PT_UNCACHED : 0;
	prot |= pte & PTE_GLOBAL ? PT_GLOBAL : 0;
	prot |= pte & (PTE_WRITE | PTE_SOFT) ? PT_WRITTEN : 0;
	return prot;
}

/* The table below @entry, made when missing; NULL when out of memory. @user: of the lower half, counted at its root. */
static pte_t *table_below(pte_t *entry, bool user, struct page *root)
{
	struct page *page;

	if (*entry & PTE_PRESENT)
		return *entry & PTE_LARGE ? NULL : table_at(*entry);
	page = frame_alloc(0, FRAME_ZERO, PAGE_TABLE);
	if (!page)
		return NULL;
	if (user)
		root->index++;
	else
		__atomic_fetch_add(&nr_kernel_tables, 1, __ATOMIC_RELAXED);
	*entry = page_paddr(page) | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | (user ? PTE_USER : 0);
	return page_addr(page);
}

/* The leaf entry of @v; tables are made on the way when @make. NULL: no table. */
static pte_t *pte_find(paddr_t root, vaddr_t v, bool make)
{
	bool user = v < USER_END;
	pte_t *table = phys_to_virt(root);
	unsigned int level;

	for (level = 3; level > 0; level--) {
		pte_t *entry = &table[PT_INDEX(v, level)];

		if (!(*entry & PTE_PRESENT) && (!make || (level == 3 && !user)))
			return NULL;	/* the kernel half's top entries are fixed: every root has copied them */
		table = table_below(entry, user, user ? page_of(root) : NULL);
		if (!table)
			return NULL;
	}
	return &table[PT_INDEX(v, 0)];
}

paddr_t pt_create(void)
{
	struct page *page = frame_alloc(0, FRAME_ZERO, PAGE_TABLE);
	pte_t *root;

	if (!page)
		return 0;
	page->index = 0;
	root = page_addr(page);
	memcpy(root + 256, (pte_t *)phys_to_virt(pt_kernel_root()) + 256, 256 * sizeof(pte_t));
	return page_paddr(page);
}

static void table_free(pte_t *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level > 0 && i < PT_ENTRIES; i++)
		if (table[i] & PTE_PRESENT)
			table_free(table_at(table[i]), level - 1);
	page_put(page_of(virt_to_phys(table)));
}

void pt_free(paddr_t root)
{
	pte_t *table = phys_to_virt(root);
	unsigned int i;

	BUG_ON(root == pt_kernel_root() || root == (read_cr3() & PTE_ADDRESS));
	for (i = 0; i < PT_ENTRIES / 2; i++)
		if (table[i] & PTE_PRESENT)
			table_free(table_at(table[i]), 2);
	page_put(page_of(root));
}

int pt_map(paddr_t root, vaddr_t v, paddr_t p, uint32_t prot)
{
	pte_t *pte;

	if ((prot & (PT_WRITE | PT_EXEC | PT_USER)) == (PT_WRITE | PT_EXEC) && hardened(HARDEN_WX))
		return -EACCES;
	pte = pte_find(root, v, true);
	if (!pte)
		return -ENOMEM;
	*pte = pte_make(p & PTE_ADDRESS, prot);
	return 0;
}

static bool leaf_query(pte_t pte, vaddr_t v, unsigned int level, paddr_t *p, uint32_t *prot)
{
	uint64_t mask = PT_SIZE(level) - 1;

	if (!(pte & (PTE_PRESENT | PTE_NO_RIGHTS)))
		return false;
	if (p)
		*p = (pte & PTE_ADDRESS & ~mask) | (v & mask & PAGE_MASK);
	if (prot)
		*prot = pte_prot(pte);
	return true;
}

bool pt_query(paddr_t root, vaddr_t v, paddr_t *p, uint32_t *prot)
{
	const pte_t *table = phys_to_virt(root);
	unsigned int level;

	for (level = 3; level > 0; level--) {
		pte_t entry = table[PT_INDEX(v, level)];

		if (!(entry & PTE_PRESENT))
			return false;
		if (entry & PTE_LARGE)
			return leaf_query(entry, v, level, p, prot);
		table = table_at(entry);
	}
	return leaf_query(table[PT_INDEX(v, 0)], v, 0, p, prot);
}

unsigned int pt_query_run(paddr_t root, vaddr_t v, unsigned int max, bool write, paddr_t *p)
{
	pte_t need = PTE_PRESENT | PTE_USER | (write ? PTE_WRITE : 0);
	const pte_t *pte = pte_find(root, v, false);
	unsigned int nr = 0;

	if (!pte)
		return 0;
	max = MIN(max, PT_ENTRIES - (unsigned int)PT_INDEX(v, 0));
	while (nr < max && (pte[nr] & need) == need) {
		p[nr] = pte[nr] & PTE_ADDRESS;
		nr++;
	}
	return nr;
}

bool pt_unmap(paddr_t root, vaddr_t v, paddr_t *p)
{
	pte_t *pte = pte_find(root, v, false);
	pte_t old;

	if (!pte)
		return false;
	old = __atomic_exchange_n(pte, 0, __ATOMIC_RELAXED);
	if (!(old & (PTE_PRESENT | PTE_NO_RIGHTS)))
		return false;
	if (p)
		*p = old & PTE_ADDRESS;
	return true;
}

bool pt_protect(paddr_t root, vaddr_t v, uint32_t prot)
{
	pte_t *pte = pte_find(root, v, false);
	pte_t old, new;

	BUG_ON((prot & (PT_WRITE | PT_EXEC | PT_USER)) == (PT_WRITE | PT_EXEC) && hardened(HARDEN_WX));
	if (!pte || !(*pte & (PTE_PRESENT | PTE_NO_RIGHTS)))
		return false;
	do {
		old = READ_ONCE(*pte);
		new = pte_make(old & PTE_ADDRESS, prot) | (old & (PTE_DIRTY | PTE_SOFT | PTE_MARK)) | (old & PTE_WRITE) * (PTE_SOFT / PTE_WRITE);
		new &= ~((old & PTE_MARK) / (PTE_MARK / PTE_WRITE));
	} while (!__atomic_compare_exchange_n(pte, &old, new, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

void pt_forget_written(paddr_t root, vaddr_t v)
{
	pte_t *pte = pte_find(root, v, false);

	if (pte)
		__atomic_fetch_and(pte, ~(PTE_WRITE | PTE_SOFT), __ATOMIC_RELAXED);
}

bool pt_referenced(paddr_t root, vaddr_t v, bool clear)
{
	pte_t *pte = pte_find(root, v, false);

	if (!pte || !clear)
		return pte && READ_ONCE(*pte) & PTE_ACCESSED;
	return __atomic_fetch_and(pte, ~PTE_ACCESSED, __ATOMIC_RELAXED) & PTE_ACCESSED;
}

int pt_mark(paddr_t root, vaddr_t v, bool on)
{
	pte_t *pte = pte_find(root, v, on);
	pte_t old, new;

	if (!pte)
		return on ? -ENOMEM : 0;
	do {
		old = READ_ONCE(*pte);
		new = old | PTE_MARK | (old & PTE_WRITE) * (PTE_SOFT / PTE_WRITE);
		new = on ? new & ~PTE_WRITE : old & ~PTE_MARK;
	} while (!__atomic_compare_exchange_n(pte, &old, new, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return 0;
}

bool pt_marked(paddr_t root, vaddr_t v)
{
	const pte_t *pte = pte_find(root, v, false);

	return pte && *pte & PTE_MARK;
}

bool pt_dirty(paddr_t root, vaddr_t v)
{
	const pte_t *pte = pte_find(root, v, false);

	return pte && *pte & PTE_DIRTY;
}

void pt_load(paddr_t root)
{
	write_cr3(root);
}

uint64_t pt_table_pages(paddr_t root)
{
	return page_of(root)->index;
}
