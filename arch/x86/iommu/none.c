// SPDX-License-Identifier: GPL-2.0
/* A kernel without an IOMMU driver. */
#include <asm/iommu.h>

void iommu_init(void) { }
bool irq_remap_active(void) { return false; }
int irq_remap_line(uint8_t ioapic, uint8_t vector, uint32_t apic, bool level, uint32_t *low, uint32_t *high) { return -ENODEV; }
int irq_remap_message(const struct pci_function *f, uint8_t vector, uint32_t apic, uint64_t *address, uint32_t *data) { return -ENODEV; }
void irq_remap_clear(uint8_t vector) { }
