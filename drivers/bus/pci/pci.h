/* SPDX-License-Identifier: GPL-2.0 */
/* Private to drivers/bus/pci: registers (PCI 3.0 section 6, PCI Express 4.0 section 7) and the calls between its files. */
#ifndef BUS_PCI_H
#define BUS_PCI_H

#include <kernel/pci.h>

#define PCI_VENDOR		0x00
#define PCI_DEVICE		0x02
#define PCI_COMMAND		0x04
#define PCI_STATUS		0x06
#define PCI_REVISION		0x08
#define PCI_HEADER_TYPE		0x0e
#define PCI_BAR0		0x10
#define PCI_PRIMARY_BUS		0x18
#define PCI_SECONDARY_BUS	0x19
#define PCI_SUBORDINATE_BUS	0x1a
#define PCI_IO_BASE		0x1c
#define PCI_IO_LIMIT		0x1d
#define PCI_MEMORY_BASE		0x20
#define PCI_MEMORY_LIMIT	0x22
#define PCI_PREFETCH_BASE	0x24
#define PCI_PREFETCH_LIMIT	0x26
#define PCI_PREFETCH_BASE_HIGH	0x28
#define PCI_PREFETCH_LIMIT_HIGH	0x2c
#define PCI_SUBVENDOR		0x2c
#define PCI_SUBDEVICE		0x2e
#define PCI_CAPABILITIES	0x34
#define PCI_IRQ_LINE		0x3c
#define PCI_IRQ_PIN		0x3d

#define PCI_COMMAND_IO		0x001u
#define PCI_COMMAND_MEMORY	0x002u
#define PCI_COMMAND_MASTER	0x004u
#define PCI_COMMAND_NO_INTX	0x400u
#define PCI_STATUS_INTX		0x008u
#define PCI_STATUS_CAPS		0x010u

#define PCI_HEADER_MULTI	0x80u
#define PCI_HEADER_BRIDGE	0x01u

#define PCI_CAP_ID_AF		0x13	/* advanced features: FLR for conventional PCI */

/* hotplug.c */
bool pci_is_hotplug_port(const struct pci_function *f);
/*
 * The link behind @port goes down now and comes back: what its slot says meanwhile means nothing, until release(), which looks whether the
 * card is still there. False: a card is coming or going just then. Any port; may sleep.
 */
bool pci_port_hold(struct pci_function *port);
void pci_port_release(struct pci_function *port);

/* scan.c: every function; find and add what is behind @port now: how many functions; take them away, @vanished: they are not there any more. */
struct list *pci_functions(void);
unsigned int pci_functions_add_below(struct pci_function *port);
void pci_functions_remove_below(struct pci_function *port, bool vanished);

/* config.c */
bool pci_config_init(void);
bool pci_bus_answers(uint16_t segment, uint8_t bus);
unsigned int pci_segments(void);
/* Segment number and bus range of window @n. */
void pci_segment(unsigned int n, uint16_t *segment, uint8_t *first, uint8_t *last);

/* caps.c: pure walks over a reader, so that tests can bring their own space. */
typedef uint8_t (*pci_reader)(const void *space, uint32_t offset);
uint8_t pci_caps_next(pci_reader read, const void *space, uint8_t id, uint8_t previous);
void pci_caps_parse(struct pci_function *f);

/* recipe.c: stop a known device by its own means; false: unknown, or it did not stop. May sleep. */
bool pci_stop_by_recipe(struct pci_function *f);

/* filter.c */
void pci_lock_range(struct pci_function *f, uint32_t offset, uint32_t length);
void pci_lock_header(struct pci_function *f);

/* bars.c */
void pci_bars_size(struct pci_function *f);
/* The lowest multiple of @align in [@low, @high] where @length bytes meet none of the @nr @used ranges; 0: none. Pure. */
struct pci_range {
	uint64_t start, length;
};
uint64_t pci_gap_find(const struct pci_range *used, unsigned int nr, uint64_t low, uint64_t high, uint64_t length, uint64_t align);
void pci_bars_assign(struct list *functions);
/* Bridges on a root bus: 2 MiB of memory for what will come, unless a window is open. Close it and forget the bus number ("pci=assign"). */
void pci_window_open(struct list *functions, struct pci_function *bridge);
void pci_windows_forget(struct pci_function *bridge);

#endif
