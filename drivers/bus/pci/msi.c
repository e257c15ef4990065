// SPDX-License-Identifier: GPL-2.0
/* Messages and lines: MSI-X (PCI 3.0 section 6.8.2), MSI (6.8.1), INTx (6.2.2, 6.2.3, 6.2.4). One caller for each function: shim/kernel/irq.c. */
#include <asm/irq.h>
#include <kernel/log.h>
#include <mm/vmap.h>
#include "pci.h"

#define MSIX_CONTROL		2u
#define MSIX_ENABLE		0x8000u
#define MSIX_MASK_ALL		0x4000u
#define MSIX_ENTRY_BYTES	16u
#define MSIX_VECTOR_MASKED	1u

#define MSI_CONTROL		2u
#define MSI_ENABLE		0x0001u
#define MSI_MULTIPLE		0x0070u
#define MSI_64BIT		0x0080u
#define MSI_MASKING		0x0100u

static volatile uint32_t *msix_entry(const struct pci_function *f, unsigned int index)
{
	return (volatile uint32_t *)((uint8_t *)f->msix_table + index * MSIX_ENTRY_BYTES);
}

int pci_msix_enable(struct pci_function *f, unsigned int count)
{
	if (!f->cap_msix || !count || count > f->msix_count)
		return -EINVAL;
	pci_enable_decoding(f);
	f->msix_table = vmap_io(f->bars[f->msix_bar].start + f->msix_offset, f->msix_count * MSIX_ENTRY_BYTES);
	if (!f->msix_table)
		return -ENOMEM;
	pci_update16(f, f->cap_msix + MSIX_CONTROL, 0, MSIX_ENABLE | MSIX_MASK_ALL);
	for (unsigned int i = 0; i < f->msix_count; i++)
		msix_entry(f, i)[3] = MSIX_VECTOR_MASKED;
	pci_intx_set(f, false);
	pci_update16(f, f->cap_msix + MSIX_CONTROL, MSIX_MASK_ALL, 0);
	return 0;
}

void pci_msix_set(struct pci_function *f, unsigned int index, uint64_t address, uint32_t data, bool masked)
{
	volatile uint32_t *entry;

	if (!f->msix_table || index >= f->msix_count)
		return;
	entry = msix_entry(f, index);
	entry[3] = MSIX_VECTOR_MASKED;
	entry[0] = (uint32_t)address;
	entry[1] = (uint32_t)(address >> 32);
	entry[2] = data;
	entry[3] = masked ? MSIX_VECTOR_MASKED : 0;
}

void pci_msix_disable(struct pci_function *f)
{
	if (!f->msix_table)
		return;
	pci_update16(f, f->cap_msix + MSIX_CONTROL, 0, MSIX_MASK_ALL);
	for (unsigned int i = 0; i < f->msix_count; i++)
		msix_entry(f, i)[3] = MSIX_VECTOR_MASKED;
	pci_update16(f, f->cap_msix + MSIX_CONTROL, MSIX_ENABLE, 0);
	vunmap(f->msix_table);
	f->msix_table = NULL;
}

int pci_msi_enable(struct pci_function *f, uint64_t address, uint32_t data)
{
	uint32_t at = f->cap_msi, control;

	if (!at)
		return -ENODEV;
	control = pci_read(f, at + MSI_CONTROL, 2);
	if (address >> 32 && !(control & MSI_64BIT))
		return -ERANGE;
	pci_write(f, at + 4, 4, (uint32_t)address);
	if (control & MSI_64BIT)
		pci_write(f, at + 8, 4, (uint32_t)(address >> 32));
	pci_write(f, at + (control & MSI_64BIT ? 12 : 8), 2, data & 0xffff);
	if (control & MSI_MASKING)
		pci_write(f, at + (control & MSI_64BIT ? 16 : 12), 4, 0);
	pci_intx_set(f, false);
	pci_update16(f, at + MSI_CONTROL, MSI_MULTIPLE, MSI_ENABLE);
	return 0;
}

void pci_msi_disable(struct pci_function *f)
{
	if (f->cap_msi)
		pci_update16(f, f->cap_msi + MSI_CONTROL, MSI_ENABLE, 0);
}

/* Firmware routed the pin and left the ISA number of the line in the register: 0 and 255 mean "nothing". */
int pci_intx_gsi(const struct pci_function *f)
{
	if (!f->irq_pin || f->irq_pin > 4 || !f->irq_line || f->irq_line >= 240)
		return -ENODEV;
	return f->irq_line;
}

/*
 * PCI lines are level and active low by their nature, but behind a legacy router the interrupt controller sees them on ISA inputs, whose
 * overrides say how (QEMU: level, active high).
 */
void pci_intx_line(const struct pci_function *f, int *gsi, bool *level, bool *active_low)
{
	unsigned int routed;

	if (*gsi >= 16) {
		*level = true;
		*active_low = true;
		return;
	}
	irq_isa_to_gsi((unsigned int)*gsi, &routed, level, active_low);
	*gsi = (int)routed;
	*level = true;
}

void pci_intx_set(struct pci_function *f, bool enabled)
{
	pci_update16(f, PCI_COMMAND, enabled ? PCI_COMMAND_NO_INTX : 0, enabled ? 0 : PCI_COMMAND_NO_INTX);
}

bool pci_intx_pending(const struct pci_function *f)
{
	return pci_read(f, PCI_STATUS, 2) & PCI_STATUS_INTX;
}
