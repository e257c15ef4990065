// SPDX-License-Identifier: GPL-2.0
/* A kernel without the PCI bus: no device has a function, so none of these is ever reached with one. */
#include <kernel/pci.h>

uint32_t pci_read(const struct pci_function *f, uint32_t offset, uint32_t size) { return UINT32_MAX; }
void pci_write(const struct pci_function *f, uint32_t offset, uint32_t size, uint32_t value) { }
uint8_t pci_capability(const struct pci_function *f, uint8_t id, uint8_t previous) { return 0; }
int pci_write_allowed(const struct pci_function *f, uint32_t offset, uint32_t size) { return -ENODEV; }
void pci_enable_decoding(struct pci_function *f) { }
void pci_set_bus_master(struct pci_function *f, bool on) { }
int pci_reset_function(struct pci_function *f) { return -EOPNOTSUPP; }
bool pci_range_has_msix(const struct pci_function *f, unsigned int bar, uint64_t offset, uint64_t length) { return false; }
int pci_msix_enable(struct pci_function *f, unsigned int count) { return -ENODEV; }
void pci_msix_set(struct pci_function *f, unsigned int index, uint64_t address, uint32_t data, bool masked) { }
void pci_msix_disable(struct pci_function *f) { }
int pci_msi_enable(struct pci_function *f, uint64_t address, uint32_t data) { return -ENODEV; }
void pci_msi_disable(struct pci_function *f) { }
int pci_intx_gsi(const struct pci_function *f) { return -ENODEV; }
void pci_intx_line(const struct pci_function *f, int *gsi, bool *level, bool *active_low) { }
void pci_intx_set(struct pci_function *f, bool enabled) { }
bool pci_intx_pending(const struct pci_function *f) { return false; }
