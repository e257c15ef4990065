// SPDX-License-Identifier: GPL-2.0
/*
 * Capability lists (PCI 3.0 section 6.7), walked as what they are: a device's claims. A pointer below the header, not on a dword, or
 * after 48 steps ends the walk.
 */
#include <kernel/log.h>
#include "pci.h"

#define CAPS_MAX	48u	/* (256 - 64) / 4: more would be a loop */
#define CAPS_FIRST	0x40u

static uint8_t pointer_clean(uint8_t pointer)
{
	return pointer < CAPS_FIRST ? 0 : pointer & 0xfc;
}

uint8_t pci_caps_next(pci_reader read, const void *space, uint8_t id, uint8_t previous)
{
	bool passed = !previous;
	uint8_t at;

	if (!(read(space, PCI_STATUS) & PCI_STATUS_CAPS))
		return 0;
	at = pointer_clean(read(space, PCI_CAPABILITIES));
	for (unsigned int i = 0; at && i < CAPS_MAX; i++) {
		uint8_t found = read(space, at);

		if (found == 0xff)
			return 0;
		if (passed && (found == id || !id))
			return at;
		passed |= at == previous;
		at = pointer_clean(read(space, at + 1u));
	}
	return 0;
}

static uint8_t function_read8(const void *space, uint32_t offset)
{
	return (uint8_t)pci_read(space, offset, 1);
}

uint8_t pci_capability(const struct pci_function *f, uint8_t id, uint8_t previous)
{
	return id ? pci_caps_next(function_read8, f, id, previous) : 0;
}

/* [offset, +length) inside memory BAR @bar? */
static bool bar_holds(const struct pci_function *f, uint8_t bar, uint32_t offset, uint32_t length)
{
	const struct pci_bar_range *range;

	if (bar > 5)
		return false;
	range = &f->bars[bar];
	return range->length && !range->io && offset < range->length && range->length - offset >= length;
}

/* MSI-X (PCI 3.0 section 6.8.2): the table and the pending bits must lie inside their BARs. */
static void msix_parse(struct pci_function *f)
{
	uint32_t table = pci_read(f, f->cap_msix + 4u, 4), pba = pci_read(f, f->cap_msix + 8u, 4);

	f->msix_count = (pci_read(f, f->cap_msix + 2u, 2) & 0x7ff) + 1;
	f->msix_bar = table & 7;
	f->msix_offset = table & ~7u;
	f->msix_pba_bar = pba & 7;
	f->msix_pba_offset = pba & ~7u;
	if (bar_holds(f, f->msix_bar, f->msix_offset, f->msix_count * 16) &&
	    bar_holds(f, f->msix_pba_bar, f->msix_pba_offset, (f->msix_count + 63) / 64 * 8))
		return;
	log_warn("pci %04x:%02x:%02x.%x: msix table=%u+0x%x entries=%u lies outside its bar: not used", f->segment, f->bus, f->slot,
		 f->function, f->msix_bar, f->msix_offset, f->msix_count);
	f->cap_msix = 0;
	f->msix_count = 0;
}

/* How many bytes of a capability are the kernel's. What a vendor's holds is not known, so all of it is. */
static uint32_t cap_locked_bytes(const struct pci_function *f, uint8_t at, uint8_t id)
{
	switch (id) {
	case PCI_CAP_ID_PM: return 8;
	case PCI_CAP_ID_MSI: return 24;
	case PCI_CAP_ID_MSIX: return 12;
	case PCI_CAP_ID_EXP: return 60;
	case PCI_CAP_ID_VENDOR: return MAX(function_read8(f, at + 2u), 4u);
	default: return 16;
	}
}

void pci_caps_parse(struct pci_function *f)
{
	uint8_t at = 0;

	pci_lock_header(f);
	while ((at = pci_caps_next(function_read8, f, 0, at)))
		pci_lock_range(f, at, cap_locked_bytes(f, at, function_read8(f, at)));
	f->cap_pm = pci_capability(f, PCI_CAP_ID_PM, 0);
	f->cap_msi = pci_capability(f, PCI_CAP_ID_MSI, 0);
	f->cap_exp = pci_capability(f, PCI_CAP_ID_EXP, 0);
	f->cap_msix = pci_capability(f, PCI_CAP_ID_MSIX, 0);
	if (f->cap_msix)
		msix_parse(f);
}
