/* SPDX-License-Identifier: GPL-2.0 */
/* The machine's IOMMU (arch/x86/iommu/): DMA domains behind <mm/iommu.h>, and the remapping of interrupts, used by irq.c and ioapic.c. */
#ifndef ASM_IOMMU_H
#define ASM_IOMMU_H

#include <kernel/types.h>

struct pci_function;

/* Find it and switch it on: from irq_init(), before any line or message has been routed. */
void iommu_init(void);

/* Are interrupts remapped? Then only these two make entries, and what has none is dropped by the hardware. */
bool irq_remap_active(void);
/* The entry of an IOAPIC's line: @low and @high as they go into the IOAPIC but for mask, trigger and polarity. -ENODEV. Any context. */
int irq_remap_line(uint8_t ioapic, uint8_t vector, uint32_t apic, bool level, uint32_t *low, uint32_t *high);
/* The message that raises @vector, from function @f alone. Any context. */
int irq_remap_message(const struct pci_function *f, uint8_t vector, uint32_t apic, uint64_t *address, uint32_t *data);
/* @vector has no entry any more. Any context. */
void irq_remap_clear(uint8_t vector);

#endif
