// SPDX-License-Identifier: GPL-2.0
/*
 * Devices under /sys: devices/<bus>/<name>/ with their identity, state and driver, and bus/<bus>/devices/<name>, a link there; and what is told of
 * them (kernel/uevent.h). A file knows its device by id, so one that is still open outlives the device.
 */
#include <driver/driver.h>
#include <fs/node.h>
#include <kernel/device.h>
#include <kernel/pci.h>
#include <kernel/uevent.h>
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

/* ---- What a program that looks after devices is told ---- */

#define PATH_BYTES	96u

static const char *bus_of(const struct device *dev)
{
	return dev->pci ? "pci" : "platform";
}

/* Below /sys. */
static void dir_of(const struct device *dev, char *to, size_t size)
{
	if (dev->pci)
		format_text(to, size, "devices/pci%.7s/%s", dev->name, dev->name);	/* its domain and bus */
	else
		format_text(to, size, "devices/platform/%s", dev->name);
}

static void modalias_of(const struct device *dev, char *to, size_t size)
{
	if (dev->pci)
		format_text(to, size, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", dev->vendor, dev->device, dev->subvendor, dev->subdevice,
			    dev->class_code >> 16 & 0xff, dev->class_code >> 8 & 0xff, dev->class_code & 0xff);
	else
		format_text(to, size, "platform:%.*s", (int)(strchr(dev->name, '.') ? strchr(dev->name, '.') - dev->name : (long)strlen(dev->name)),
			    dev->name);
}

/* The lines of its own in events about @dev. */
static void lines_of(const struct device *dev, char *to, size_t size)
{
	char alias[PATH_BYTES];
	size_t n = 0;

	modalias_of(dev, alias, sizeof(alias));
	to[0] = '\0';
	if (dev->state == DRIVER_RUNNING)
		n += (size_t)format_text(to + n, size - n, "DRIVER=%s\n", dev->driver_name);
	if (dev->pci)
		n += (size_t)format_text(to + n, size - n, "PCI_CLASS=%04X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\nPCI_SLOT_NAME=%s\n",
					 dev->class_code, dev->vendor, dev->device, dev->subvendor, dev->subdevice, dev->name);
	format_text(to + n, size - n, "MODALIAS=%s\n", alias);
}

static void uevent_show(struct seq *s, void *priv)
{
	struct device *dev = device_find_id((uint32_t)(uint64_t)priv);
	char lines[UEVENT_TEXT_MAX];

	if (!dev)
		return;
	lines_of(dev, lines, sizeof(lines));
	seq_puts(s, lines);
	device_put(dev);
}

static int uevent_write(void *priv, char *text)
{
	struct device *dev = device_find_id((uint32_t)(uint64_t)priv);
	char lines[UEVENT_TEXT_MAX], path[PATH_BYTES] = "/";
	int err;

	if (!dev)
		return -ENODEV;
	dir_of(dev, path + 1, sizeof(path) - 1);
	lines_of(dev, lines, sizeof(lines));
	err = uevent_ask(text, path, bus_of(dev), lines);
	device_put(dev);
	return err;
}

static void modalias_show(struct seq *s, void *priv)
{
	struct device *dev = device_find_id((uint32_t)(uint64_t)priv);
	char alias[PATH_BYTES];

	if (!dev)
		return;
	modalias_of(dev, alias, sizeof(alias));
	seq_printf(s, "%s\n", alias);
	device_put(dev);
}

static void tell(const struct device *dev, const char *action)
{
	char lines[UEVENT_TEXT_MAX], path[PATH_BYTES] = "/";

	dir_of(dev, path + 1, sizeof(path) - 1);
	lines_of(dev, lines, sizeof(lines));
	uevent_tell(action, path, bus_of(dev), lines);
}

/* ---- The tree ---- */

static const struct {
	const char *name;
	void (*show)(struct seq *s, void *priv);
} files[] = {
	{ "state", state_show }, { "driver_name", driver_show }, { "placement", placement_show }, { "modalias", modalias_show },
	/* Of PCI only. */
	{ "vendor", vendor_show }, { "device", device_show }, { "subsystem_vendor", subvendor_show },
	{ "subsystem_device", subdevice_show }, { "revision", revision_show }, { "class", class_show },
	{ "resource", resource_show },
};

#define FILES_OF_ALL	4u

static int link_in(const char *dir, const char *name, const char *target)
{
	char path[2 * PATH_BYTES];

	format_text(path, sizeof(path), "%s/%s", dir, name);
	return sys_link(path, target);
}

static int tree_add(const struct device *dev, const char *dir)
{
	unsigned int nr = dev->pci ? ARRAY_SIZE(files) : FILES_OF_ALL;
	char path[2 * PATH_BYTES], other[2 * PATH_BYTES];
	void *priv = (void *)(uint64_t)dev->id;
	int err = 0;

	for (unsigned int i = 0; i < nr && !err; i++) {
		format_text(path, sizeof(path), "%s/%s", dir, files[i].name);
		err = sys_create(path, 0444, files[i].show, priv);
	}
	format_text(path, sizeof(path), "%s/uevent", dir);
	if (!err)
		err = sys_create_rw(path, 0644, uevent_show, uevent_write, priv);
	format_text(path, sizeof(path), "../../../bus/%s", bus_of(dev));
	if (!err)
		err = link_in(dir, "subsystem", path);
	format_text(path, sizeof(path), "bus/%s/devices", bus_of(dev));
	format_text(other, sizeof(other), "../../../%s", dir);
	return err ? err : link_in(path, dev->name, other);
}

void device_sys_add(const struct device *dev)
{
	char dir[PATH_BYTES];

	dir_of(dev, dir, sizeof(dir));
	(void)tree_add(dev, dir);	/* out of memory: the device works without */
	tell(dev, "add");
}

void device_sys_remove(const struct device *dev)
{
	char dir[PATH_BYTES], path[2 * PATH_BYTES];

	dir_of(dev, dir, sizeof(dir));
	format_text(path, sizeof(path), "bus/%s/devices/%s", bus_of(dev), dev->name);
	sys_remove(path);
	sys_remove(dir);
	tell(dev, "remove");
}

void device_sys_bound(const struct device *dev, bool bound)
{
	char dir[PATH_BYTES], path[2 * PATH_BYTES], target[2 * PATH_BYTES];

	dir_of(dev, dir, sizeof(dir));
	if (bound) {
		format_text(path, sizeof(path), "bus/%s/drivers/%s", bus_of(dev), dev->driver_name);
		(void)sys_dir(path);	/* it may be there already */
		format_text(target, sizeof(target), "../../../%s", path);
		(void)link_in(dir, "driver", target);
	} else {
		format_text(path, sizeof(path), "%s/driver", dir);
		sys_remove(path);
	}
	tell(dev, bound ? "bind" : "unbind");
}
