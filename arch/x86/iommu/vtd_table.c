// SPDX-License-Identifier: GPL-2.0
/*
 * Second-stage page tables (VT-d 4.1 section 9.8). A device address is the physical one, so mapping is a count: the first use writes the
 * entry, the last clears it. The count lives in bits 52 to 61, which the hardware ignores. Tables are never freed: they hold no data,
 * and one is 1/512 of what it maps. Large pages are left out: what is mapped is buffers.
 */
#include <lib/string.h>
#include <mm/page.h>
#include "vtd_table.h"

#define ENTRIES		512u
#define ADDRESS_MASK	0x000ffffffffff000ull
#define USES_SHIFT	52
#define USES_MASK	((uint64_t)VTD_USES_MAX << USES_SHIFT)
#define USE_ONE		(1ull << USES_SHIFT)
#define CACHE_LINE	64u
#define AREA_SHIFT	21	/* what a lowest table maps */

void vtd_write_back(const void *p, size_t bytes, bool coherent)
{
	const char *at = (const char *)((uintptr_t)p & ~(uintptr_t)(CACHE_LINE - 1)), *end = (const char *)p + bytes;

	if (coherent) {
		__asm__ volatile("" ::: "memory");	/* a register's write, the doorbell, comes after other writes */
		return;
	}
	for (; at < end; at += CACHE_LINE)
		__asm__ volatile("clflush %0" :: "m"(*at) : "memory");
	__asm__ volatile("mfence" ::: "memory");
}

static paddr_t table_alloc(const struct vtd_table *t)
{
	struct page *page = frame_alloc(0, FRAME_ZERO, PAGE_TABLE);

	if (!page)
		return 0;
	vtd_write_back(page_addr(page), PAGE_SIZE, t->coherent);
	return page_paddr(page);
}

int vtd_table_create(struct vtd_table *t, unsigned int levels, unsigned int address_bits, bool coherent)
{
	memset(t, 0, sizeof(*t));
	t->levels = levels;
	t->coherent = coherent;
	t->limit = 1ull << MIN(levels * 9 + 12, address_bits);
	t->root = table_alloc(t);
	return t->root ? 0 : -ENOMEM;
}

static uint64_t *entry_at(paddr_t table, uint64_t address, unsigned int level)
{
	return (uint64_t *)phys_to_virt(table) + (address >> (12 + 9 * level) & (ENTRIES - 1));
}

/* The lowest entry for @address, or NULL: no table, and with @grow no memory. */
static __noinline uint64_t *table_walk(struct vtd_table *t, uint64_t address, bool grow)
{
	paddr_t table = t->root;

	for (unsigned int level = t->levels - 1; level; level--) {
		uint64_t *e = entry_at(table, address, level);

		if (!*e && grow) {
			paddr_t below = table_alloc(t);

			if (!below)
				return NULL;
			__atomic_store_n(e, below | VTD_PAGE_READ | VTD_PAGE_WRITE, __ATOMIC_RELEASE);
			vtd_write_back(e, sizeof(*e), t->coherent);
		}
		if (!*e)
			return NULL;
		table = *e & ADDRESS_MASK;
	}
	t->last = table;
	t->last_area = address >> AREA_SHIFT;
	return entry_at(table, address, 0);
}

/* The same: mostly it lies in the table where the last one was. */
static inline uint64_t *entry_of(struct vtd_table *t, uint64_t address, bool grow)
{
	return likely(t->last && t->last_area == address >> AREA_SHIFT) ? entry_at(t->last, address, 0) : table_walk(t, address, grow);
}

static int page_map(struct vtd_table *t, uint64_t address)
{
	uint64_t *e = entry_of(t, address, true);

	if (!e)
		return -ENOMEM;
	if (*e) {
		if ((*e & USES_MASK) == USES_MASK)
			return -ENOSPC;
		*e += USE_ONE;
		return 0;
	}
	__atomic_store_n(e, address | VTD_PAGE_READ | VTD_PAGE_WRITE | USE_ONE, __ATOMIC_RELEASE);
	vtd_write_back(e, sizeof(*e), t->coherent);
	t->pages++;
	return 0;
}

static bool page_unmap(struct vtd_table *t, uint64_t address)
{
	uint64_t *e = entry_of(t, address, false);

	if (!e || !*e)
		return false;
	if ((*e & USES_MASK) > USE_ONE) {
		*e -= USE_ONE;
		return false;
	}
	__atomic_store_n(e, 0, __ATOMIC_RELEASE);
	vtd_write_back(e, sizeof(*e), t->coherent);
	t->pages--;
	return true;
}

bool vtd_table_unmap(struct vtd_table *t, uint64_t start, uint64_t length)
{
	bool cleared = false;

	if (start >= t->limit || length > t->limit - start)
		return false;
	for (uint64_t at = ALIGN_DOWN(start, PAGE_SIZE); at < start + length; at += PAGE_SIZE)
		cleared |= page_unmap(t, at);
	return cleared;
}

int vtd_table_map(struct vtd_table *t, uint64_t start, uint64_t length)
{
	uint64_t first = ALIGN_DOWN(start, PAGE_SIZE);

	if (!length || start >= t->limit || length > t->limit - start)
		return -ERANGE;
	for (uint64_t at = first; at < start + length; at += PAGE_SIZE) {
		int err = page_map(t, at);

		if (!err)
			continue;
		if (at > first)
			vtd_table_unmap(t, first, at - first);
		return err;
	}
	return 0;
}

uint64_t vtd_table_entry(struct vtd_table *t, uint64_t address)
{
	uint64_t *e = address < t->limit ? entry_of(t, address, false) : NULL;

	return e ? *e : 0;
}
