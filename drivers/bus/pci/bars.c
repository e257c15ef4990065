// SPDX-License-Identifier: GPL-2.0
/*
 * Base address registers (PCI 3.0 section 6.2.5): sized with decoding off, and given an address where the firmware gave none: inside the
 * window of the bridge above, or, on the root bus, in the hole below 4 GiB that nothing else uses.
 */
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/slab.h>
#include "pci.h"

#define BAR_IO		0x1u
#define BAR_64BIT	0x4u
#define BAR_PREFETCH	0x8u
#define BAR_TYPE	0x6u
#define HOLE_END	0xfebfffffull	/* interrupt controllers and firmware above */
#define HOLE_LOWEST	0x10000000ull
#define WINDOW_BYTES		0x200000ull
#define USED_MAX	1024u

/* ---- Sizing ---- */

static uint32_t bar_probe(struct pci_function *f, uint32_t offset, uint32_t *old)
{
	uint32_t mask;

	*old = pci_read(f, offset, 4);
	pci_write(f, offset, 4, UINT32_MAX);
	mask = pci_read(f, offset, 4);
	pci_write(f, offset, 4, *old);
	return mask;
}

/* Fill in BAR @index; returns how many registers it took. */
static unsigned int bar_size(struct pci_function *f, unsigned int index, unsigned int count)
{
	struct pci_bar_range *bar = &f->bars[index];
	uint32_t offset = PCI_BAR0 + index * 4, low, high = 0, old_high = 0, mask = bar_probe(f, offset, &low);
	uint64_t full;

	if (!mask || mask == UINT32_MAX)
		return 1;
	if (mask & BAR_IO) {
		bar->io = true;
		bar->length = (~(mask & ~3u) & 0xffff) + 1u;
		bar->start = low & 0xfffc;
		return 1;
	}
	bar->prefetchable = mask & BAR_PREFETCH;
	bar->is_64bit = (mask & BAR_TYPE) == BAR_64BIT && index + 1 < count;
	if (bar->is_64bit)
		high = bar_probe(f, offset + 4, &old_high);
	full = (bar->is_64bit ? (uint64_t)high : 0xffffffffull) << 32 | (mask & ~0xfu);
	bar->length = ~full + 1;
	bar->start = (uint64_t)old_high << 32 | (low & ~0xfu);
	if (bar->length & (bar->length - 1))
		memset(bar, 0, sizeof(*bar));	/* no power of two: no BAR */
	return (mask & BAR_TYPE) == BAR_64BIT ? 2 : 1;
}

void pci_bars_size(struct pci_function *f)
{
	unsigned int count = (f->header_type & 0x7f) == PCI_HEADER_BRIDGE ? 2 : (f->header_type & 0x7f) ? 0 : 6;
	uint32_t command = pci_read(f, PCI_COMMAND, 2);

	pci_write(f, PCI_COMMAND, 2, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	for (unsigned int i = 0; i < count;)
		i += bar_size(f, i, count);
	pci_write(f, PCI_COMMAND, 2, command);
}

/* ---- Assigning ---- */

uint64_t pci_gap_find(const struct pci_range *used, unsigned int nr, uint64_t low, uint64_t high, uint64_t length, uint64_t align)
{
	uint64_t at = ALIGN_UP(low, align);
	unsigned int i = 0;

	if (!length || !align || align & (align - 1) || at < low)
		return 0;
	while (i < nr) {
		if (at > high || high - at < length - 1)
			return 0;
		if (!used[i].length || used[i].start >= at + length || used[i].start + used[i].length <= at) {
			i++;
			continue;
		}
		at = ALIGN_UP(used[i].start + used[i].length, align);
		i = 0;
	}
	return at <= high && high - at >= length - 1 ? at : 0;
}

struct used {
	struct pci_range *ranges;
	unsigned int nr;
};

static void used_add(struct used *u, uint64_t start, uint64_t length)
{
	if (length && u->nr < USED_MAX)
		u->ranges[u->nr++] = (struct pci_range){ start, length };
}

/* A bridge's window for memory below 4 GiB, or for I/O. */
static void bridge_window(const struct pci_function *b, bool io, uint64_t *low, uint64_t *high)
{
	if (io) {
		*low = (pci_read(b, PCI_IO_BASE, 1) & 0xf0u) << 8;
		*high = (pci_read(b, PCI_IO_LIMIT, 1) & 0xf0u) << 8 | 0xfff;
		return;
	}
	*low = (pci_read(b, PCI_MEMORY_BASE, 2) & 0xfff0u) << 16;
	*high = (uint64_t)(pci_read(b, PCI_MEMORY_LIMIT, 2) & 0xfff0u) << 16 | 0xfffff;
}

/* What BAR of @f may not touch: the BARs of its siblings, bridge windows beside it and, on the root bus, memory. */
static void used_collect(struct used *u, struct list *functions, const struct pci_function *f, bool io)
{
	struct pci_function *other;

	u->nr = 0;
	list_for_each(other, functions, link) {
		uint64_t low, high;

		for (unsigned int i = 0; i < 6; i++)
			if (other->bars[i].io == io && other->bars[i].start)
				used_add(u, other->bars[i].start, other->bars[i].length);
		if ((other->header_type & 0x7f) != PCI_HEADER_BRIDGE || other == f->bridge)
			continue;
		bridge_window(other, io, &low, &high);
		if (other->bridge == f->bridge && high > low)
			used_add(u, low, high - low + 1);
	}
	for (uint32_t i = 0; !io && i < boot_info.nr_regions; i++)
		used_add(u, boot_info.regions[i].start, boot_info.regions[i].length);
}

static uint64_t ram_end_below_4g(void)
{
	uint64_t end = HOLE_LOWEST;

	for (uint32_t i = 0; i < boot_info.nr_regions; i++) {
		const struct boot_region *r = &boot_info.regions[i];

		if (r->kind == BOOT_RAM && r->start < 1ull << 32 && r->start + r->length > end)
			end = r->start + r->length;
	}
	return ALIGN_UP(end, 0x1000000ull);
}

static void bar_write(struct pci_function *f, unsigned int index)
{
	struct pci_bar_range *bar = &f->bars[index];

	pci_write(f, PCI_BAR0 + index * 4, 4, (uint32_t)bar->start);
	if (bar->is_64bit)
		pci_write(f, PCI_BAR0 + index * 4 + 4, 4, (uint32_t)(bar->start >> 32));
}

static void bar_assign(struct used *u, struct list *functions, struct pci_function *f, unsigned int index)
{
	struct pci_bar_range *bar = &f->bars[index];
	uint64_t low = bar->io ? 0x1000 : ram_end_below_4g(), high = bar->io ? 0xffff : HOLE_END;

	if (f->bridge)
		bridge_window(f->bridge, bar->io, &low, &high);
	used_collect(u, functions, f, bar->io);
	bar->start = low && high > low ? pci_gap_find(u->ranges, u->nr, low, high, bar->length, MAX(bar->length, 4096ull)) : 0;
	if (bar->start)
		bar_write(f, index);
	log_info("pci %04x:%02x:%02x.%x: bar=%u length=0x%llx unassigned by firmware: %s 0x%llx", f->segment, f->bus, f->slot,
		 f->function, index, (unsigned long long)bar->length, bar->start ? "now at" : "no room,", (unsigned long long)bar->start);
}

void pci_bars_assign(struct list *functions)
{
	struct used u = { .ranges = NULL };
	struct pci_function *f;

	list_for_each(f, functions, link) {
		for (unsigned int i = 0; i < 6; i++) {
			if (!f->bars[i].length || f->bars[i].start)
				continue;
			if (!u.ranges)
				u.ranges = kcalloc(USED_MAX, sizeof(*u.ranges));
			if (u.ranges)
				bar_assign(&u, functions, f, i);
		}
	}
	kfree(u.ranges);
}

/* ---- Windows of ports that wait for a card ---- */

void pci_windows_forget(struct pci_function *bridge)
{
	pci_write(bridge, PCI_SECONDARY_BUS, 1, 0);
	pci_write(bridge, PCI_SUBORDINATE_BUS, 1, 0);
	pci_write(bridge, PCI_MEMORY_BASE, 2, 0xfff0);
	pci_write(bridge, PCI_MEMORY_LIMIT, 2, 0);
}

void pci_window_open(struct list *functions, struct pci_function *bridge)
{
	struct used u = { .nr = 0 };
	uint64_t low, high, start;

	bridge_window(bridge, false, &low, &high);
	if (low < high)
		return;
	u.ranges = kcalloc(USED_MAX, sizeof(*u.ranges));
	if (!u.ranges)
		return;
	used_collect(&u, functions, bridge, false);
	start = pci_gap_find(u.ranges, u.nr, ram_end_below_4g(), HOLE_END, WINDOW_BYTES, WINDOW_BYTES);
	kfree(u.ranges);
	if (start) {
		pci_write(bridge, PCI_MEMORY_BASE, 2, (uint32_t)(start >> 16));
		pci_write(bridge, PCI_MEMORY_LIMIT, 2, (uint32_t)((start + WINDOW_BYTES - 1) >> 16) & 0xfff0);
	}
	log_info("pci %04x:%02x:%02x.%x: window for cards to come: %s 0x%llx", bridge->segment, bridge->bus, bridge->slot,
		 bridge->function, start ? "at" : "no room,", (unsigned long long)start);
}
