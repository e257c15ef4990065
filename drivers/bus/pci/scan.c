// SPDX-License-Identifier: GPL-2.0
/*
 * Finds every function behind every bridge, with bus numbers as the firmware left them, and adds each as a device. Two passes: first all
 * are known and their BARs have addresses, then drivers bind. The list of functions is changed here before any driver runs, and later by the
 * hotplug thread alone: no lock.
 */
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <lib/format.h>
#include <mm/iommu.h>
#include <mm/slab.h>
#include <mm/vmap.h>
#include "../isa/isa.h"
#include "pci.h"

#define CLASS_BRIDGE_PCI	0x0604u
#define CLASS_IDE		0x0101u
#define IDE_NATIVE_FIRST	0x01u	/* of the programming interface */
#define IDE_NATIVE_SECOND	0x04u
#define DEPTH_MAX		16u

static struct list functions = LIST_INIT(functions);
static uint8_t visited[256 / 8];	/* buses of the segment that is being scanned */

static void scan_bus(uint16_t segment, uint8_t bus, uint8_t last, struct pci_function *bridge, unsigned int depth);

static void function_name(const struct pci_function *f, char *name, size_t size)
{
	format_text(name, size, "%04x:%02x:%02x.%x", f->segment, f->bus, f->slot, f->function);
}

static void function_read(struct pci_function *f)
{
	f->vendor = (uint16_t)pci_read(f, PCI_VENDOR, 2);
	f->device = (uint16_t)pci_read(f, PCI_DEVICE, 2);
	f->revision = (uint8_t)pci_read(f, PCI_REVISION, 1);
	f->class_code = pci_read(f, PCI_REVISION, 4) >> 8;
	f->header_type = (uint8_t)pci_read(f, PCI_HEADER_TYPE, 1);
	f->irq_line = (uint8_t)pci_read(f, PCI_IRQ_LINE, 1);
	f->irq_pin = (uint8_t)pci_read(f, PCI_IRQ_PIN, 1);
	if (f->header_type & 0x7f)
		return;
	f->subvendor = (uint16_t)pci_read(f, PCI_SUBVENDOR, 2);
	f->subdevice = (uint16_t)pci_read(f, PCI_SUBDEVICE, 2);
}

/* Behind a bridge: its secondary bus must be a new one inside the parent's range, or a loop could be built of it. */
static void scan_bridge(struct pci_function *f, uint8_t last, unsigned int depth)
{
	uint8_t secondary = (uint8_t)pci_read(f, PCI_SECONDARY_BUS, 1), subordinate = (uint8_t)pci_read(f, PCI_SUBORDINATE_BUS, 1);

	if (secondary <= f->bus || subordinate < secondary || subordinate > last || depth == DEPTH_MAX) {
		log_warn("pci %04x:%02x:%02x.%x: bridge to buses %u-%u makes no sense: not followed", f->segment, f->bus, f->slot,
			 f->function, secondary, subordinate);
		return;
	}
	scan_bus(f->segment, secondary, subordinate, f, depth + 1);
}

/* The function's header type, or -1 when nothing is there. */
static int scan_function(const struct pci_function *where, uint8_t last, unsigned int depth)
{
	uint32_t vendor = pci_read(where, PCI_VENDOR, 2);
	struct pci_function *f;

	if (vendor == 0xffff || !vendor)
		return -1;
	f = kzalloc(sizeof(*f));
	if (!f) {
		log_err("pci: out of memory");
		return -1;
	}
	*f = *where;
	function_read(f);
	pci_bars_size(f);
	pci_caps_parse(f);
	list_append(&functions, &f->link);
	if (f->class_code >> 8 == CLASS_BRIDGE_PCI && (f->header_type & 0x7f) == PCI_HEADER_BRIDGE)
		scan_bridge(f, last, depth);
	return f->header_type;
}

static void scan_bus(uint16_t segment, uint8_t bus, uint8_t last, struct pci_function *bridge, unsigned int depth)
{
	struct pci_function where = { .segment = segment, .bus = bus, .bridge = bridge };

	if (visited[bus / 8] & 1u << bus % 8)
		return;
	visited[bus / 8] |= (uint8_t)(1u << bus % 8);
	for (where.slot = 0; where.slot < 32; where.slot++) {
		int header;

		where.function = 0;
		header = scan_function(&where, last, depth);
		if (header < 0 || !(header & PCI_HEADER_MULTI))
			continue;
		for (where.function = 1; where.function < 8; where.function++)
			scan_function(&where, last, depth);
	}
}

/* More host bridges (QEMU's pxb) start buses of their own that no bridge leads to. */
static void scan_segment(unsigned int n)
{
	uint16_t segment;
	uint8_t first, last;

	pci_segment(n, &segment, &first, &last);
	memset(visited, 0, sizeof(visited));
	scan_bus(segment, first, last, NULL, 0);
	for (unsigned int bus = first + 1u; bus <= last; bus++)
		if (!(visited[bus / 8] & 1u << bus % 8) && pci_bus_answers(segment, (uint8_t)bus))
			scan_bus(segment, (uint8_t)bus, last, NULL, 0);
}

/*
 * PCI IDE controller specification, section 2: a channel that is not in native mode answers at the ports and on the line of the AT's disk
 * controller, whatever its BARs and its pin say. With one channel of each kind only the ports are told: the lines would mix.
 */
static void ide_legacy(struct device *dev)
{
	bool first = !(dev->class_code & IDE_NATIVE_FIRST), second = !(dev->class_code & IDE_NATIVE_SECOND);

	if (first)
		isa_ide_own(dev, 0, first == second);
	if (second)
		isa_ide_own(dev, 1, first == second);
}

/* The last reference of the function's device is gone. */
static void function_release(struct device *dev)
{
	vunmap(dev->pci->recipe_window);
	kfree(dev->pci);
}

static struct device *function_device(struct pci_function *f)
{
	struct device *dev = device_create();

	if (!dev)
		return NULL;
	function_name(f, dev->name, sizeof(dev->name));
	dev->bus = FERRY_BUS_PCI;
	dev->vendor = f->vendor;
	dev->device = f->device;
	dev->subvendor = f->subvendor;
	dev->subdevice = f->subdevice;
	dev->revision = f->revision;
	dev->class_code = f->class_code;
	dev->pci = f;
	dev->release = function_release;
	f->dev = dev;
	if (f->class_code >> 8 == CLASS_IDE)
		ide_legacy(dev);
	return dev;
}

/* Those that have no device yet; how many. */
static unsigned int functions_add(void)
{
	struct pci_function *f;
	unsigned int added = 0;

	list_for_each(f, &functions, link) {
		struct device *dev = f->dev ? NULL : function_device(f);

		if (!dev)
			continue;
		added++;
		log_info("pci %s: id=%04x:%04x class=%06x rev=%02x irq=%u/%u%s%s%s", dev->name, f->vendor, f->device, f->class_code,
			 f->revision, f->irq_pin, f->irq_line, f->cap_msix ? " msix" : "", f->cap_msi ? " msi" : "",
			 f->cap_exp ? " express" : "");
		device_add(dev);
	}
	return added;
}

/* ---- Coming and going behind a port, by the hotplug thread ---- */

struct list *pci_functions(void)
{
	return &functions;
}

static bool is_below(const struct pci_function *f, const struct pci_function *port)
{
	while (f && f != port)
		f = f->bridge;
	return f;
}

unsigned int pci_functions_add_below(struct pci_function *port)
{
	memset(visited, 0, sizeof(visited));
	scan_bridge(port, (uint8_t)pci_read(port, PCI_SUBORDINATE_BUS, 1), 0);
	pci_bars_assign(&functions);
	return functions_add();
}

void pci_functions_remove_below(struct pci_function *port, bool vanished)
{
	struct list below = LIST_INIT(below);
	struct pci_function *f, *next;

	list_for_each_safe(f, next, &functions, link) {
		if (f == port || !is_below(f, port))
			continue;
		list_del(&f->link);
		list_push(&below, &f->link);	/* what lies deeper goes first */
	}
	list_for_each_safe(f, next, &below, link) {
		list_del(&f->link);
		if (!f->dev)
			kfree(f);
		else if (vanished)
			device_vanished(f->dev);
		else
			device_remove(f->dev);
	}
}

/* Only when it changes something: a write is a transaction, and moves a device's whole address map in a virtual machine. */
static void command_set(const struct pci_function *f, uint32_t bits, bool on)
{
	if ((pci_read(f, PCI_COMMAND, 2) & bits) != (on ? bits : 0))
		pci_update16(f, PCI_COMMAND, bits, on ? bits : 0);
}

/* Decoding here and on every bridge above. */
void pci_enable_decoding(struct pci_function *f)
{
	for (; f; f = f->bridge)
		command_set(f, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, true);
}

/*
 * A bridge forwards what comes from below only as a bus master itself. The device's IOMMU domain goes with it: open before the first
 * request can come, blocked after the last; without a domain there is no bus mastering.
 */
void pci_set_bus_master(struct pci_function *f, bool on)
{
	if (on && iommu_attach(f->dev))
		on = false;
	command_set(f, PCI_COMMAND_MASTER, on);
	if (!on)
		iommu_block(f->dev);
	for (f = on ? f->bridge : NULL; f; f = f->bridge)
		command_set(f, PCI_COMMAND_MASTER, true);
}

/* A port that waits for a card. */
static bool port_is_empty(const struct pci_function *port)
{
	struct pci_function *f;

	if (!pci_is_hotplug_port(port))
		return false;
	list_for_each(f, &functions, link)
		if (f->bridge == port)
			return false;
	return true;
}

/* "pci=assign": as if the firmware had given no function an address. */
static void firmware_forget(void)
{
	struct pci_function *f;
	char text[32];

	if (!cmdline_get("pci", text, sizeof(text)) || !strstr(text, "assign"))
		return;
	list_for_each(f, &functions, link)
		for (unsigned int i = 0; !(f->header_type & 0x7f) && i < 6; i++)
			f->bars[i].start = 0;
	list_for_each(f, &functions, link)
		if (port_is_empty(f))
			pci_windows_forget(f);
}

/* The highest bus number in use on the segment. */
static uint8_t bus_last_used(uint16_t segment)
{
	struct pci_function *f;
	uint8_t last = 0;

	list_for_each(f, &functions, link) {
		if (f->segment != segment)
			continue;
		last = MAX(last, f->bus);
		if ((f->header_type & 0x7f) == PCI_HEADER_BRIDGE)
			last = MAX(last, (uint8_t)pci_read(f, PCI_SUBORDINATE_BUS, 1));
	}
	return last;
}

/* What a card will need that is not there yet: a bus number and an open window, where the firmware left none. */
static void ports_prepare(void)
{
	struct pci_function *f;

	list_for_each(f, &functions, link) {
		uint8_t last = bus_last_used(f->segment);

		if (!port_is_empty(f) || f->bridge)
			continue;
		if (!pci_read(f, PCI_SECONDARY_BUS, 1) && last < 255) {
			pci_write(f, PCI_PRIMARY_BUS, 1, f->bus);
			pci_write(f, PCI_SECONDARY_BUS, 1, last + 1u);
			pci_write(f, PCI_SUBORDINATE_BUS, 1, last + 1u);
		}
		pci_window_open(&functions, f);
	}
}

static int pci_init(void)
{
	if (!pci_config_init()) {
		log_info("pci: no pci bus");
		return 0;
	}
	for (unsigned int i = 0; i < pci_segments(); i++)
		scan_segment(i);
	firmware_forget();
	ports_prepare();
	pci_bars_assign(&functions);
	functions_add();
	return 0;
}
INITCALL("3bus", pci_init);
