// SPDX-License-Identifier: GPL-2.0
/* Finding what is mapped without looking at every page: empty tables are stepped over. Locking as in paging.c. */
#include <asm/paging.h>
#include <mm/page.h>
#include "table.h"

/* The entry of @v at the lowest level that exists; *@level says which. */
static inline __attribute__((always_inline)) pte_t entry_of(paddr_t root, vaddr_t v, unsigned int *level)
{
	const pte_t *table = phys_to_virt(root);
	unsigned int i;

	for (i = 3; i > 0; i--) {
		pte_t entry = table[PT_INDEX(v, i)];

		if (!(entry & PTE_PRESENT) || entry & PTE_LARGE)
			break;
		table = phys_to_virt(entry & PTE_ADDRESS);
	}
	*level = i;
	return table[PT_INDEX(v, i)];
}

/* From @v on inside its last-level table: the next entry with one of the bits @of, or where the table ends. */
static inline __attribute__((always_inline)) vaddr_t scan_table(paddr_t root, vaddr_t v, vaddr_t end, pte_t of)
{
	const pte_t *pte = phys_to_virt(root);
	unsigned int i;

	for (i = 3; i > 0; i--)
		pte = phys_to_virt(pte[PT_INDEX(v, i)] & PTE_ADDRESS);
	for (pte += PT_INDEX(v, 0); v < end && !(*pte & of); pte++) {
		v += PAGE_SIZE;
		if (!PT_INDEX(v, 0))
			break;
	}
	return v;
}

bool pt_next(paddr_t root, vaddr_t *v, vaddr_t end, paddr_t *p, uint32_t *prot)
{
	vaddr_t at = *v & PAGE_MASK;

	while (at < end) {
		unsigned int level;
		pte_t entry = entry_of(root, at, &level);

		if (entry & PTE_PRESENT || (level == 0 && entry & PTE_NO_RIGHTS)) {
			*v = at;
			return pt_query(root, at, p, prot);
		}
		at = level ? ALIGN_DOWN(at, PT_SIZE(level)) + PT_SIZE(level) : scan_table(root, at, end, PTE_PRESENT | PTE_NO_RIGHTS);
	}
	return false;
}

bool pt_next_marked(paddr_t root, vaddr_t *v, vaddr_t end)
{
	vaddr_t at = *v & PAGE_MASK;

	while (at < end) {
		unsigned int level;
		pte_t entry = entry_of(root, at, &level);

		if (level == 0 && entry & PTE_MARK) {
			*v = at;
			return true;
		}
		at = level ? ALIGN_DOWN(at, PT_SIZE(level)) + PT_SIZE(level) : scan_table(root, at, end, PTE_MARK);
	}
	return false;
}

/* ---- Runs of equal rights ---- */

struct runs {
	void (*fn)(void *arg, vaddr_t start, uint64_t length, uint32_t prot);
	void *arg;
	vaddr_t start;
	uint64_t length;	/* 0: none yet */
	uint32_t prot;
};

static void runs_add(struct runs *r, vaddr_t v, uint64_t length, uint32_t prot)
{
	if (r->length && r->start + r->length == v && r->prot == prot) {
		r->length += length;
		return;
	}
	if (r->length)
		r->fn(r->arg, r->start, r->length, r->prot);
	r->start = v;
	r->length = length;
	r->prot = prot;
}

static vaddr_t canonical(uint64_t v)
{
	return v >> 47 & 1 ? v | 0xffffull << 48 : v;
}

/* @above: what every level so far allows. */
static void runs_table(struct runs *r, const pte_t *table, unsigned int level, unsigned int from, unsigned int to, vaddr_t base, uint32_t above)
{
	for (unsigned int i = from; i < to; i++) {
		vaddr_t v = canonical(base + i * PT_SIZE(level));
		pte_t entry = READ_ONCE(table[i]);
		uint32_t prot = pte_prot(entry) & above;

		if (!(entry & PTE_PRESENT))
			continue;
		if (level == 0 || entry & PTE_LARGE)
			runs_add(r, v, PT_SIZE(level), prot);
		else
			runs_table(r, phys_to_virt(entry & PTE_ADDRESS), level - 1, 0, PT_ENTRIES, v, prot);
	}
}

void pt_runs(paddr_t root, bool kernel_half, void (*fn)(void *arg, vaddr_t start, uint64_t length, uint32_t prot), void *arg)
{
	unsigned int from = kernel_half ? PT_ENTRIES / 2 : 0;
	struct runs r = { .fn = fn, .arg = arg };

	runs_table(&r, phys_to_virt(root), 3, from, from + PT_ENTRIES / 2, 0, PT_READ | PT_WRITE | PT_EXEC | PT_USER);
	if (r.length)
		fn(arg, r.start, r.length, r.prot);
}
