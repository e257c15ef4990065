/* SPDX-License-Identifier: GPL-2.0 */
/* PCI functions as the kernel found them (drivers/bus/pci/): ECAM or 0xCF8, bridges, BARs, capabilities, filtered writes. */
#ifndef KERNEL_PCI_H
#define KERNEL_PCI_H

#include <driver/pci.h>
#include <kernel/list.h>
#include <kernel/lock.h>

struct device;

struct pci_bar_range {
	paddr_t start;		/* CPU address or first port; 0 length: absent */
	uint64_t length;
	bool io, prefetchable, is_64bit;
};

struct pci_function {
	struct list link;
	uint16_t segment;
	uint8_t bus, slot, function;
	uint8_t header_type, irq_pin, irq_line;
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code;
	uint8_t revision;
	struct pci_bar_range bars[6];
	uint8_t cap_msi, cap_msix, cap_pm, cap_exp;
	uint8_t msix_bar, msix_pba_bar;
	uint32_t msix_offset, msix_pba_offset, msix_count;
	uint64_t locked;		/* bit n: dword n of the first 256 bytes is the kernel's (see pci_write_allowed) */
	void *msix_table;		/* mapped while MSI-X is on */
	void *recipe_window;		/* registers that stop it, mapped; NULL: not yet (recipe.c) */
	struct pci_function *bridge;	/* above it; NULL on the root bus */
	struct device *dev;
};

/* Raw configuration access of the kernel; @size 1, 2, 4; out of range reads as ones. Any context. */
uint32_t pci_read(const struct pci_function *f, uint32_t offset, uint32_t size);
void pci_write(const struct pci_function *f, uint32_t offset, uint32_t size, uint32_t value);
/* Change bits of a register that several CPUs may be changing. Any context. */
void pci_update16(const struct pci_function *f, uint32_t offset, uint32_t clear, uint32_t set);

/* The filter for drivers' writes: 0 allowed, -EACCES, -EINVAL, -ERANGE. Pure function of the function's layout (unit-tested). */
int pci_write_allowed(const struct pci_function *f, uint32_t offset, uint32_t size);

/* As pci_find_capability(): the next capability with @id after @previous, or 0. Any context. */
uint8_t pci_capability(const struct pci_function *f, uint8_t id, uint8_t previous);

/* Command register bits (PCI 3.0 section 6.2.2). */
void pci_enable_decoding(struct pci_function *f);
void pci_set_bus_master(struct pci_function *f, bool on);
/* Make it quiet (drivers/bus/pci/reset.c); -EOPNOTSUPP when there is no way to. Config space is restored. May sleep for 2 s. */
int pci_reset_function(struct pci_function *f);
/* Does [offset, +length) of BAR @bar touch the MSI-X table or pending bits, page-wise? */
bool pci_range_has_msix(const struct pci_function *f, unsigned int bar, uint64_t offset, uint64_t length);

/* MSI-X/MSI set-up by shim/kernel/irq.c: write message of vector @index, mask/unmask. */
int pci_msix_enable(struct pci_function *f, unsigned int count);
void pci_msix_set(struct pci_function *f, unsigned int index, uint64_t address, uint32_t data, bool masked);
void pci_msix_disable(struct pci_function *f);
int pci_msi_enable(struct pci_function *f, uint64_t address, uint32_t data);
void pci_msi_disable(struct pci_function *f);
/* INTx: the GSI of its pin; -ENODEV without one. */
int pci_intx_gsi(const struct pci_function *f);
/* How that line is wired: an ISA number goes through the MADT's source overrides. */
void pci_intx_line(const struct pci_function *f, int *gsi, bool *level, bool *active_low);
void pci_intx_set(struct pci_function *f, bool enabled);
bool pci_intx_pending(const struct pci_function *f);	/* PCI_STATUS bit 3 */

#endif
