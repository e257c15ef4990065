/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PCI function's own configuration space (PCI 3.0, PCIe base 4.0 section 7). The kernel owns BARs, bus numbers, command bits and
 * MSI/MSI-X: writes to those are refused by a filter with -EACCES. Memory and I/O decoding are on, and bus mastering as needed, before probe.
 */
#ifndef DRIVER_PCI_H
#define DRIVER_PCI_H

#include <driver/device.h>

#define PCI_CAP_ID_PM		0x01
#define PCI_CAP_ID_MSI		0x05
#define PCI_CAP_ID_VENDOR	0x09
#define PCI_CAP_ID_EXP		0x10
#define PCI_CAP_ID_MSIX		0x11

struct pci_bar {
	uint64_t length;	/* bytes or ports; 0: no such BAR */
	bool io;		/* port space */
	bool prefetchable;
	bool is_64bit;
};

/* Read @size (1, 2, 4) bytes at @offset. -EINVAL for a bad size or alignment, -ERANGE past the end, -ENODEV not PCI. Any context. */
int __must_check pci_config_read(struct device *dev, uint32_t offset, uint32_t size, uint32_t *value);

/* Write; -EACCES when the filter refuses. Other errors as above. Any context. */
int __must_check pci_config_write(struct device *dev, uint32_t offset, uint32_t size, uint32_t value);

/*
 * The next capability with @id after @previous (0: from the start): its offset, or 0 when there is none. The list is walked
 * defensively: bounded, aligned, inside configuration space. Any context.
 */
uint8_t pci_find_capability(struct device *dev, uint8_t id, uint8_t previous);

/* Describe BAR @index (0-5). -EINVAL for other numbers, -ENODEV not PCI. Any context. */
int __must_check pci_bar_info(struct device *dev, unsigned int index, struct pci_bar *bar);

#endif
