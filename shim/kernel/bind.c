// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel world: binds linked-in drivers to devices, and what a driver may ask about its device (<driver/device.h>). The drivers are
 * found through the section "ferry_drivers" that DRIVER() fills.
 */
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/pci.h>
#include <lib/format.h>

extern const struct driver *const __start_ferry_drivers[] __weak;
extern const struct driver *const __stop_ferry_drivers[] __weak;
/* Moved drivers, linked in as well: nobody binds them but device_fall_back(). */
extern const struct driver *const __start_ferry_fallbacks[] __weak;
extern const struct driver *const __stop_ferry_fallbacks[] __weak;

void device_set_priv(struct device *dev, void *priv)
{
	dev->priv = priv;
}

void *device_priv(const struct device *dev)
{
	return dev->priv;
}

const char *device_name(const struct device *dev)
{
	return dev->name;
}

unsigned int device_nr_cpus(const struct device *dev)
{
	return nr_cpus ? nr_cpus : 1;
}

uint16_t device_vendor(const struct device *dev)
{
	return dev->vendor;
}

uint16_t device_id(const struct device *dev)
{
	return dev->device;
}

uint8_t device_revision(const struct device *dev)
{
	return dev->revision;
}

bool device_is_awaited(const struct device *dev)
{
	return restart_has_users(dev);
}

int device_strands(struct device *dev, unsigned int count)
{
	if (!count || count > DEVICE_STRANDS_MAX)
		return -EINVAL;
	dev->nr_strands = count;
	return 0;
}

uint64_t device_param(struct device *dev, const char *name, uint64_t fallback)
{
	char key[80], text[32];
	unsigned long long value;

	format_text(key, sizeof(key), "%s.%s", dev->driver_name, name);
	if (!cmdline_get(key, text, sizeof(text)))
		return fallback;
	if (!parse_u64(text, 0, 1, &value))
		return value;
	log_warn("%s %s: malformed parameter %s=\"%s\", using %llu", dev->driver_name, dev->name, key, text,
		 (unsigned long long)fallback);
	return fallback;
}

void device_fault(struct device *dev, const char *what, uint64_t where)
{
	char reason[96];

	format_text(reason, sizeof(reason), "%s (0x%llx)", what, (unsigned long long)where);
	device_fail(dev, reason);
}

/* Decoding for its windows, bus mastering only for who asks for DMA. */
static void bus_enable(struct device *dev, uint32_t needs)
{
	if (!dev->pci)
		return;
	if (needs & (FERRY_NEEDS_MMIO | FERRY_NEEDS_PORTS))
		pci_enable_decoding(dev->pci);
	pci_set_bus_master(dev->pci, needs & FERRY_NEEDS_DMA);
}

static void device_take(struct device *dev, const struct driver *drv)
{
	dev->driver = drv;
	dev->block = drv->block;
	dev->misc = drv->misc;
	dev->placement = PLACED_KERNEL;
	dev->granted = drv->manifest.needs;
	dev->dma_bits = drv->manifest.dma_bits;
	dev->nr_strands = 1;
	dev->faulted = dev->killed = dev->fell_back = false;
	if (dev->placed_last == PLACED_MOVED)
		dev->restart = false;	/* the manager's word was for a process */
	dev->fail_reason[0] = 0;
	dev->generation++;
	str_copy(dev->driver_name, drv->manifest.name, sizeof(dev->driver_name));
	device_set_state(dev, DRIVER_PROBING);
}

static int driver_probe(struct device *dev, const struct driver *drv)
{
	int err;

	device_take(dev, drv);
	bus_enable(dev, drv->manifest.needs);
	err = drv->probe(dev);
	if (!err && dev->faulted)
		err = -EIO;
	if (!err) {
		dev->awaited = false;
		dma_frames_trim(dev);
		kept_memory_trim(dev);
		device_set_state(dev, DRIVER_RUNNING);
		return 0;
	}
	device_teardown(dev);
	kept_memory_trim(dev);
	if (err == -ENODEV) {
		dev->driver_name[0] = 0;
		device_set_state(dev, DRIVER_UNBOUND);
		return err;
	}
	if (!dev->fail_reason[0])
		format_text(dev->fail_reason, sizeof(dev->fail_reason), "probe failed: %d", err);
	device_set_state(dev, DRIVER_FAILED);
	log_err("%s %s: %s", dev->driver_name, dev->name, dev->fail_reason);
	return err;
}

static bool driver_matches(const struct device *dev, const struct driver *drv)
{
	const struct ferry_manifest *m = &drv->manifest;

	if (m->magic != FERRY_MANIFEST_MAGIC || m->size != sizeof(*m) || !drv->probe)
		return false;
	for (unsigned int i = 0; i < FERRY_MATCH_MAX && m->match[i].bus; i++)
		if (device_matches(dev, &m->match[i]))
			return true;
	return false;
}

int device_bind_kernel(struct device *dev)
{
	const struct driver *const *drv;
	int err = -ENODEV;

	mutex_lock(&dev->bind_lock);
	for (drv = __start_ferry_drivers; !dev->removed && dev->placement == PLACED_NONE && drv < __stop_ferry_drivers; drv++) {
		if (!driver_matches(dev, *drv))
			continue;
		err = driver_probe(dev, *drv);
		if (err != -ENODEV)
			break;
	}
	mutex_unlock(&dev->bind_lock);
	return err;
}

/* ---- In place of a process that will not come ---- */

static const struct driver *fallback_of(const struct device *dev)
{
	const struct driver *const *drv;

	for (drv = __start_ferry_fallbacks; drv < __stop_ferry_fallbacks; drv++)
		if (!strncmp((*drv)->manifest.name, dev->driver_name, sizeof((*drv)->manifest.name)) && driver_matches(dev, *drv))
			return *drv;
	return NULL;
}

bool device_has_fallback(const struct device *dev)
{
	return fallback_of(dev);
}

int device_fall_back(struct device *dev, const char *reason)
{
	const struct driver *drv = dev->fallback ? fallback_of(dev) : NULL;
	char why[sizeof(dev->fail_reason)];
	int err;

	if (!drv)
		return -EOPNOTSUPP;
	str_copy(why, reason && reason[0] ? reason : dev->fail_reason, sizeof(why));
	err = driver_probe(dev, drv);
	if (err) {
		device_give_up(dev, dev->state, NULL);
		return err;
	}
	dev->fell_back = true;
	str_copy(dev->fail_reason, why, sizeof(dev->fail_reason));
	log_warn("driver: %s %s: the kernel's own build has taken over (%s)", dev->driver_name, dev->name, why);
	return 0;
}
