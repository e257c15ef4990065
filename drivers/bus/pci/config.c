// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration space access: memory windows named by the ACPI table MCFG (PCI firmware specification 3.2 section 4.1.2), one bus mapped
 * when it is first asked for; ports 0xCF8/0xCFC (PCI 3.0 section 3.2.2.3.2) where there is none. cf8_lock guards the port pair.
 */
#include <asm/acpi.h>
#include <asm/io.h>
#include <kernel/log.h>
#include <mm/vmap.h>
#include "pci.h"

#define CF8_ADDRESS	0xcf8
#define CF8_DATA	0xcfc
#define ECAM_BUS_BYTES	(1ull << 20)
#define ECAM_FN_BYTES	4096u
#define WINDOWS_MAX	8

struct mcfg_entry {
	uint64_t base;
	uint16_t segment;
	uint8_t first, last;
	uint32_t reserved;
} __packed;

struct mcfg {
	struct acpi_header header;
	uint64_t reserved;
	struct mcfg_entry entries[];
} __packed;

struct window {
	paddr_t base;			/* of bus 0, mapped or not */
	uint16_t segment;
	uint8_t first, last;
	void *buses[256];
};

static struct window windows[WINDOWS_MAX];
static unsigned int nr_windows;
static bool has_cf8;
static struct spinlock update_lock = SPINLOCK_INIT("pci_update");	/* taken before cf8_lock */
static struct spinlock cf8_lock = SPINLOCK_INIT("pci_cf8");

static uint32_t cf8_access(const struct pci_function *f, uint32_t offset, uint32_t size, bool write, uint32_t value)
{
	uint32_t address = 0x80000000u | (uint32_t)f->bus << 16 | (uint32_t)f->slot << 11 | (uint32_t)f->function << 8 | (offset & 0xfc);
	uint16_t port = (uint16_t)(CF8_DATA + (offset & 3));
	uint64_t flags = spin_lock_irq(&cf8_lock);

	out32(CF8_ADDRESS, address);
	switch (size << 1 | write) {
	case 1 << 1: value = in8(port); break;
	case 2 << 1: value = in16(port); break;
	case 4 << 1: value = in32(port); break;
	case 1 << 1 | 1: out8(port, (uint8_t)value); break;
	case 2 << 1 | 1: out16(port, (uint16_t)value); break;
	case 4 << 1 | 1: out32(port, value); break;
	}
	spin_unlock_irq(&cf8_lock, flags);
	return value;
}

static struct window *window_of(uint16_t segment, uint8_t bus)
{
	for (unsigned int i = 0; i < nr_windows; i++)
		if (windows[i].segment == segment && bus >= windows[i].first && bus <= windows[i].last)
			return &windows[i];
	return NULL;
}

/* The function's 4096 bytes, or NULL: ports. Mapping happens in the scan, in process context. */
static volatile uint8_t *ecam_of(const struct pci_function *f)
{
	struct window *w = window_of(f->segment, f->bus);

	if (!w)
		return NULL;
	if (!w->buses[f->bus])
		w->buses[f->bus] = vmap_io(w->base + f->bus * ECAM_BUS_BYTES, ECAM_BUS_BYTES);
	if (!w->buses[f->bus])
		return NULL;
	return (volatile uint8_t *)w->buses[f->bus] + ((uint32_t)f->slot << 3 | f->function) * ECAM_FN_BYTES;
}

static bool access_ok(const struct pci_function *f, uint32_t offset, uint32_t size, bool ecam)
{
	if ((size != 1 && size != 2 && size != 4) || offset % size)
		return false;
	return offset < (ecam ? 4096u : 256u) && (ecam || !f->segment);
}

uint32_t pci_read(const struct pci_function *f, uint32_t offset, uint32_t size)
{
	volatile uint8_t *ecam = ecam_of(f);

	if (!access_ok(f, offset, size, ecam))
		return UINT32_MAX >> (size == 1 ? 24 : size == 2 ? 16 : 0);
	if (!ecam)
		return cf8_access(f, offset, size, false, 0);
	switch (size) {
	case 1: return ecam[offset];
	case 2: return *(volatile uint16_t *)(ecam + offset);
	default: return *(volatile uint32_t *)(ecam + offset);
	}
}

void pci_write(const struct pci_function *f, uint32_t offset, uint32_t size, uint32_t value)
{
	volatile uint8_t *ecam = ecam_of(f);

	if (!access_ok(f, offset, size, ecam))
		return;
	if (!ecam) {
		cf8_access(f, offset, size, true, value);
		return;
	}
	switch (size) {
	case 1: ecam[offset] = (uint8_t)value; break;
	case 2: *(volatile uint16_t *)(ecam + offset) = (uint16_t)value; break;
	default: *(volatile uint32_t *)(ecam + offset) = value;
	}
}

void pci_update16(const struct pci_function *f, uint32_t offset, uint32_t clear, uint32_t set)
{
	uint64_t flags = spin_lock_irq(&update_lock);

	pci_write(f, offset, 2, (pci_read(f, offset, 2) & ~clear) | set);
	spin_unlock_irq(&update_lock, flags);
}

/* Does anything answer at 0xCF8? (PCI 3.0 section 3.2.2.3.2: the enable bit reads back.) */
static bool cf8_present(void)
{
	bool present;

	out32(CF8_ADDRESS, 0x80000000u);
	present = in32(CF8_ADDRESS) == 0x80000000u;
	out32(CF8_ADDRESS, 0);
	return present;
}

static void window_add(const struct mcfg_entry *e)
{
	struct window *w = &windows[nr_windows];

	if (nr_windows == WINDOWS_MAX || e->last < e->first || !e->base || (e->base & (ECAM_BUS_BYTES - 1))) {
		log_warn("pci: mcfg entry passed over: base=0x%llx segment=%u buses=%u-%u", (unsigned long long)e->base, e->segment,
			 e->first, e->last);
		return;
	}
	w->base = e->base;
	w->segment = e->segment;
	w->first = e->first;
	w->last = e->last;
	nr_windows++;
	log_info("pci: ecam base=0x%llx segment=%u buses=%u-%u", (unsigned long long)e->base, e->segment, e->first, e->last);
}

/* A window that does not show what the ports show is not believed. */
static bool window_agrees(void)
{
	static const struct pci_function first = { .bus = 0 };
	uint32_t by_port, by_window;

	if (!has_cf8 || !window_of(0, 0))
		return true;
	by_port = cf8_access(&first, PCI_VENDOR, 4, false, 0);
	by_window = pci_read(&first, PCI_VENDOR, 4);
	if (by_port == by_window)
		return true;
	log_warn("pci: ecam shows %08x where ports show %08x: not used", by_window, by_port);
	return false;
}

/* By the ports, so that an empty bus costs no mapping. */
bool pci_bus_answers(uint16_t segment, uint8_t bus)
{
	struct pci_function f = { .bus = bus };
	uint32_t vendor;

	for (f.slot = 0; has_cf8 && !segment && f.slot < 32; f.slot++) {
		vendor = cf8_access(&f, PCI_VENDOR, 2, false, 0);
		if (vendor && vendor != 0xffff)
			return true;
	}
	return false;
}

bool pci_config_init(void)
{
	const struct mcfg *mcfg = (const void *)acpi_table("MCFG");
	uint32_t count = 0;

	has_cf8 = cf8_present();
	if (mcfg && mcfg->header.length >= sizeof(*mcfg))
		count = (mcfg->header.length - (uint32_t)sizeof(*mcfg)) / (uint32_t)sizeof(mcfg->entries[0]);
	for (uint32_t i = 0; i < count; i++)
		window_add(&mcfg->entries[i]);
	if (!window_agrees())
		nr_windows = 0;
	if (!nr_windows && has_cf8)
		log_info("pci: configuration by ports 0xcf8");
	return nr_windows || has_cf8;
}

/* Without windows there is segment 0 behind the ports. */
unsigned int pci_segments(void)
{
	return nr_windows ? nr_windows : 1;
}

void pci_segment(unsigned int n, uint16_t *segment, uint8_t *first, uint8_t *last)
{
	*segment = nr_windows ? windows[n].segment : 0;
	*first = nr_windows ? windows[n].first : 0;
	*last = nr_windows ? windows[n].last : 255;
}
