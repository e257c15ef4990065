// SPDX-License-Identifier: GPL-2.0
/*
 * Devices under /sys: bus/<bus>/devices/<name>/ with their identity, state and driver. A file knows its device by id, so one that is
 * still open outlives the device.
 */
#include <driver/driver.h>
#include <fs/node.h>
#include <kernel/device.h>
#include <kernel/pci.h>
#include <lib/format.h>

#define SYS_FILE(what, format, value)						\
	static void what##_show(struct seq *s, void *priv)			\
	{									\
		struct device *dev = device_find_id((uint32_t)(uint64_t)priv);	\
										\
		if (!dev)							\
			return;							\
		seq_printf(s, format "\n", value);				\
		device_put(dev);						\
	}

SYS_FILE(vendor, "0x%04x", dev->vendor)
SYS_FILE(device, "0x%04x", dev->device)
SYS_FILE(subvendor, "0x%04x", dev->subvendor)
SYS_FILE(subdevice, "0x%04x", dev->subdevice)
SYS_FILE(revision, "0x%02x", dev->revision)
SYS_FILE(class, "0x%06x", dev->class_code)
SYS_FILE(state, "%s", driver_state_name(dev->state))
SYS_FILE(driver, "%s", dev->driver_name)
SYS_FILE(placement, "%s", dev->placement == PLACED_MOVED ? "moved" : dev->placement == PLACED_KERNEL ? "kernel" : "none")

/* Linux's flags of a resource (include/linux/ioport.h). */
#define RESOURCE_IO		0x100u
#define RESOURCE_MEM		0x200u
#define RESOURCE_PREFETCH	0x2000u
#define RESOURCE_MEM_64		0x100000u

/* A line for each BAR, as Linux writes them: first and last address, flags; zeroes where there is none. */
static void resource_show(struct seq *s, void *priv)
{
	struct device *dev = device_find_id((uint32_t)(uint64_t)priv);

	if (!dev)
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(dev->pci->bars); i++) {
		const struct pci_bar_range *bar = &dev->pci->bars[i];
		uint32_t flags = bar->io ? RESOURCE_IO : RESOURCE_MEM;

		flags |= (bar->prefetchable ? RESOURCE_PREFETCH : 0) | (bar->is_64bit ? RESOURCE_MEM_64 : 0);
		seq_printf(s, "0x%016llx 0x%016llx 0x%016x\n", bar->length ? (unsigned long long)bar->start : 0ull,
			   bar->length ? (unsigned long long)(bar->start + bar->length - 1) : 0ull, bar->length ? flags : 0u);
	}
	device_put(dev);
}

static const struct {
	const char *name;
	void (*show)(struct seq *s, void *priv);
} files[] = {
	{ "state", state_show }, { "driver_name", driver_show }, { "placement", placement_show },
	/* Of PCI only. */
	{ "vendor", vendor_show }, { "device", device_show }, { "subsystem_vendor", subvendor_show },
	{ "subsystem_device", subdevice_show }, { "revision", revision_show }, { "class", class_show },
	{ "resource", resource_show },
};

#define FILES_OF_ALL	3u

static void dir_of(const struct device *dev, char *to, size_t size)
{
	format_text(to, size, "bus/%s/devices/%s", dev->pci ? "pci" : "platform", dev->name);
}

void device_sys_add(const struct device *dev)
{
	unsigned int nr = dev->pci ? ARRAY_SIZE(files) : FILES_OF_ALL;
	char dir[64], path[96];

	dir_of(dev, dir, sizeof(dir));
	for (unsigned int i = 0; i < nr; i++) {
		format_text(path, sizeof(path), "%s/%s", dir, files[i].name);
		if (sys_create(path, 0444, files[i].show, (void *)(uint64_t)dev->id))
			return;	/* out of memory: the device works without */
	}
}

void device_sys_remove(const struct device *dev)
{
	char dir[64];

	dir_of(dev, dir, sizeof(dir));
	sys_remove(dir);
}
