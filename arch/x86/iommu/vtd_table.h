/* SPDX-License-Identifier: GPL-2.0 */
/* Second-stage page tables (VT-d 4.1 section 3.7 and 9.8): every page at its own address, with a count of its uses in the entry. */
#ifndef IOMMU_VTD_TABLE_H
#define IOMMU_VTD_TABLE_H

#include <kernel/types.h>

#define VTD_PAGE_READ	0x1ull
#define VTD_PAGE_WRITE	0x2ull
#define VTD_USES_MAX	1023u	/* bits 52 to 61 of an entry are ours */

/* The caller's lock guards it. */
struct vtd_table {
	paddr_t root;
	unsigned int levels;	/* 3 or 4 */
	bool coherent;		/* the unit reads the CPU's caches */
	uint64_t limit;		/* first address out of reach */
	uint64_t pages;		/* mapped now */
	paddr_t last;		/* the lowest table that was walked to last, 0: none, */
	uint64_t last_area;	/* and which 2 MiB it maps */
};

/* -ENOMEM. Tables stay until the machine stops. */
int vtd_table_create(struct vtd_table *t, unsigned int levels, unsigned int address_bits, bool coherent);
/* One more use of each page of [@start, +@length), all or none: -ERANGE, -ENOMEM, -ENOSPC (1023 uses). */
int vtd_table_map(struct vtd_table *t, uint64_t start, uint64_t length);
/* One use less; what is not mapped is passed over. True: an entry was cleared. */
bool vtd_table_unmap(struct vtd_table *t, uint64_t start, uint64_t length);
/* The entry for @address, 0: not mapped. */
uint64_t vtd_table_entry(struct vtd_table *t, uint64_t address);
/* Make @bytes at @p visible to a unit that does not look into caches. */
void vtd_write_back(const void *p, size_t bytes, bool coherent);

#endif
