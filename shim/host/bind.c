// SPDX-License-Identifier: GPL-2.0
/* Devices and drivers of the host world: creation, matching, probe and remove, faults, and the account at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <lib/format.h>
#include "device.h"

extern const struct driver *const __start_ferry_drivers[] __attribute__((weak));
extern const struct driver *const __stop_ferry_drivers[] __attribute__((weak));

static void (*fault_hook)(struct device *dev, const char *what, uint64_t where);

static bool name_matches(const char *row, const char *name)
{
	const char *dot = strchr(name, '.');
	size_t length = dot ? (size_t)(dot - name) : strlen(name);

	return strlen(row) == length && !strncmp(row, name, length);
}

static bool row_matches(const struct ferry_match *row, const struct host_setup *setup)
{
	if (row->bus != setup->bus)
		return false;
	if (row->bus != FERRY_BUS_PCI)
		return name_matches(row->name, setup->name);
	return (row->vendor == FERRY_MATCH_ANY || row->vendor == setup->vendor) &&
	       (row->device == FERRY_MATCH_ANY || row->device == setup->device) &&
	       (setup->class_code & row->class_mask) == (row->class_code & row->class_mask);
}

static bool driver_matches(const struct driver *driver, const struct host_setup *setup)
{
	const struct ferry_match *row = driver->manifest.match;

	for (unsigned int i = 0; i < FERRY_MATCH_MAX && row[i].bus; i++) {
		if (row_matches(&row[i], setup))
			return true;
	}
	return false;
}

static const struct driver *driver_for(const struct host_setup *setup)
{
	for (const struct driver *const *d = __start_ferry_drivers; d < __stop_ferry_drivers; d++) {
		if (driver_matches(*d, setup))
			return *d;
	}
	return NULL;
}

const struct driver *host_driver_find(const char *name)
{
	for (const struct driver *const *d = __start_ferry_drivers; d < __stop_ferry_drivers; d++) {
		if (!strcmp((*d)->manifest.name, name))
			return *d;
	}
	return NULL;
}

struct device *host_device_create(const struct host_setup *setup)
{
	const struct driver *driver = driver_for(setup);
	struct device *dev = driver ? host_alloc(sizeof(*dev)) : NULL;

	if (!dev)
		return NULL;
	dev->setup = *setup;
	dev->driver = driver;
	dev->nr_strands = 1;
	dev->next_address = setup->dma_base ? setup->dma_base : 0x180000000ull;
	return dev;
}

const struct driver *host_driver(const struct device *dev)
{
	return dev->driver;
}

int host_probe(struct device *dev)
{
	int err;

	dev->probing = true;
	err = dev->driver->probe(dev);
	dev->probing = false;
	dev->bound = !err;
	if (err && (dev->block.registered || dev->misc.registered))
		host_misuse(dev, "probe failed after it registered with its class");
	return err;
}

void host_remove(struct device *dev)
{
	if (!dev->bound)
		return;
	dev->probing = true;
	dev->driver->remove(dev);
	dev->probing = false;
	dev->bound = false;
	dev->kept_taken = false;
	if (dev->block.registered || dev->misc.registered)
		host_misuse(dev, "remove without leaving its class");
}

int host_replace(struct device *dev)
{
	host_remove(dev);
	return host_probe(dev);
}

static unsigned int leaks_count(const struct device *dev)
{
	unsigned int leaks = dev->nr_windows + (dev->irq.kind != IRQ_KIND_NONE);

	for (const struct host_memory *m = dev->memory; m; m = m->next)
		leaks++;
	for (const struct host_dma *d = dev->dma; d; d = d->next)
		leaks++;
	return leaks;
}

struct host_problems host_device_destroy(struct device *dev)
{
	struct host_problems problems;

	host_remove(dev);
	dev->problems.faults = dev->nr_faults;
	dev->problems.lost_requests += host_block_in_flight(dev);
	dev->problems.leaks = leaks_count(dev);
	problems = dev->problems;
	host_block_fail_all(dev, -EIO);
	host_misc_fail_all(dev, -EIO);
	host_block_free(dev);
	host_dma_free_all(dev);
	host_memory_free_all(dev);
	host_kept_free(dev);
	host_free(dev);
	return problems;
}

unsigned int host_close(struct device *dev)
{
	struct host_problems p;

	host_remove(dev);
	for (unsigned int i = 0; i < dev->nr_faults; i++)
		fprintf(stderr, "# fault: %s\n", dev->faults[i]);
	p = host_device_destroy(dev);
	if (p.faults + p.wild_dma + p.leaks + p.misuse + p.storms + p.lost_requests)
		fprintf(stderr, "# problems: faults=%u wild_dma=%u leaks=%u misuse=%u storms=%u lost_requests=%u\n", p.faults,
			p.wild_dma, p.leaks, p.misuse, p.storms, p.lost_requests);
	return p.faults + p.wild_dma + p.leaks + p.misuse + p.storms + p.lost_requests;
}

void host_misuse(struct device *dev, const char *what)
{
	fprintf(stderr, "# misuse by %s: %s\n", dev->driver->manifest.name, what);
	dev->problems.misuse++;
}

void host_on_fault(void (*fn)(struct device *dev, const char *what, uint64_t where))
{
	fault_hook = fn;
}

/* As the kernel does: the device is failed, callbacks stop, requests end with -EIO; the driver's own code goes on. */
void device_fault(struct device *dev, const char *what, uint64_t where)
{
	if (fault_hook)
		fault_hook(dev, what, where);
	if (dev->nr_faults < HOST_FAULTS)
		format_text(dev->faults[dev->nr_faults++], HOST_TEXT, "%s (0x%llx)", what, (unsigned long long)where);
	dev->failed = true;
	memset(dev->timers, 0, sizeof(dev->timers));
	host_block_fail_all(dev, -EIO);
	host_misc_fail_all(dev, -EIO);
}

bool host_take_fault(struct device *dev, const char *part)
{
	for (unsigned int i = 0; i < dev->nr_faults; i++) {
		if (!strstr(dev->faults[i], part))
			continue;
		dev->nr_faults--;
		memmove(dev->faults[i], dev->faults[i + 1], (dev->nr_faults - i) * sizeof(dev->faults[0]));
		return true;
	}
	return false;
}

bool host_is_failed(const struct device *dev)
{
	return dev->failed;
}

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
	return dev->setup.name;
}

int device_strands(struct device *dev, unsigned int count)
{
	if (!dev->probing)
		host_misuse(dev, "device_strands outside probe");
	if (!count || count > DEVICE_STRANDS_MAX)
		return -EINVAL;
	dev->nr_strands = count;
	return 0;
}

unsigned int device_nr_cpus(const struct device *dev)
{
	return dev->setup.nr_cpus ? dev->setup.nr_cpus : 1;
}

uint64_t device_param(struct device *dev, const char *name, uint64_t fallback)
{
	unsigned long long value;

	for (unsigned int i = 0; i < HOST_PARAMS && dev->setup.params[i].name; i++) {
		if (strcmp(dev->setup.params[i].name, name))
			continue;
		return parse_u64(dev->setup.params[i].text, 0, 1, &value) ? fallback : value;
	}
	return fallback;
}

uint16_t device_vendor(const struct device *dev)
{
	return dev->setup.vendor;
}

uint16_t device_id(const struct device *dev)
{
	return dev->setup.device;
}

uint8_t device_revision(const struct device *dev)
{
	return dev->setup.revision;
}

bool device_is_awaited(const struct device *dev)
{
	return dev->setup.awaited;
}
