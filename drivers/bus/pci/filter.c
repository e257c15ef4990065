// SPDX-License-Identifier: GPL-2.0
/*
 * Which configuration writes a driver may make. The header (BARs, command, bus numbers), every capability (MSI, power, PCI Express,
 * vendor ones, which on virtio reach any BAR) and the extended space are the kernel's; cache line size, latency timer and the registers
 * outside of all capabilities are the driver's.
 */
#include "pci.h"

#define CONFIG_BYTES	256u
#define DRIVERS_DWORD	0x0cu	/* cache line size, latency timer; header type and BIST ignore writes */

void pci_lock_range(struct pci_function *f, uint32_t offset, uint32_t length)
{
	for (uint32_t at = offset & ~3u; at < offset + length && at < CONFIG_BYTES; at += 4)
		f->locked |= 1ull << (at / 4);
}

void pci_lock_header(struct pci_function *f)
{
	pci_lock_range(f, 0, 0x40);
	f->locked &= ~(1ull << (DRIVERS_DWORD / 4));
	if (f->header_type & 0x7f)
		f->locked = ~0ull;
}

/* The capabilities that matter most are checked by their own fields too, whatever became of the map. */
static bool inside_cap(uint8_t cap, uint32_t length, uint32_t offset)
{
	return cap && offset >= cap && offset < cap + length;
}

int pci_write_allowed(const struct pci_function *f, uint32_t offset, uint32_t size)
{
	if ((size != 1 && size != 2 && size != 4) || offset % size)
		return -EINVAL;
	if (offset >= (f->cap_exp ? 4096u : CONFIG_BYTES))
		return -ERANGE;
	if (offset >= CONFIG_BYTES || f->locked & 1ull << (offset / 4))
		return -EACCES;
	if (offset < 0x40 && ((offset & ~3u) != DRIVERS_DWORD || offset + size > DRIVERS_DWORD + 2))
		return -EACCES;
	if (inside_cap(f->cap_msi, 24, offset) || inside_cap(f->cap_msix, 12, offset) || inside_cap(f->cap_pm, 8, offset) ||
	    inside_cap(f->cap_exp, 60, offset))
		return -EACCES;
	return 0;
}

bool pci_range_has_msix(const struct pci_function *f, unsigned int bar, uint64_t offset, uint64_t length)
{
	uint64_t first = offset & PAGE_MASK, end = ALIGN_UP(offset + length, PAGE_SIZE);
	uint64_t table_end = f->msix_offset + f->msix_count * 16ull;
	uint64_t pba_end = f->msix_pba_offset + (f->msix_count + 63) / 64 * 8ull;

	if (!f->cap_msix)
		return false;
	if (bar == f->msix_bar && first < table_end && end > (f->msix_offset & PAGE_MASK))
		return true;
	return bar == f->msix_pba_bar && first < pba_end && end > (f->msix_pba_offset & PAGE_MASK);
}
