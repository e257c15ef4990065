// SPDX-License-Identifier: GPL-2.0
/* Finding what is mapped in a range without looking at every page: empty tables are stepped over. Locking as in paging.c. */
#include <asm/paging.h>
#include <mm/page.h>
#include "table.h"

/* The entry of @v at the lowest level that exists; *@level says which. */
static pte_t entry_of(paddr_t root, vaddr_t v, unsigned int *level)
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

/* From @v on inside its last-level table: the next entry with a frame, or where the table ends. */
static vaddr_t scan_table(paddr_t root, vaddr_t v, vaddr_t end)
{
	const pte_t *pte = phys_to_virt(root);
	unsigned int i;

	for (i = 3; i > 0; i--)
		pte = phys_to_virt(pte[PT_INDEX(v, i)] & PTE_ADDRESS);
	for (pte += PT_INDEX(v, 0); v < end && !(*pte & (PTE_PRESENT | PTE_NO_RIGHTS)); pte++) {
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
		at = level ? ALIGN_DOWN(at, PT_SIZE(level)) + PT_SIZE(level) : scan_table(root, at, end);
	}
	return false;
}
