/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device as its driver sees it. The strand rule: for one (device, strand) pair the callbacks submit, commit, irq and timer never
 * run concurrently, in either placement; so a driver takes no locks. probe, remove run alone. Strand 0 exists from the start.
 */
#ifndef DRIVER_DEVICE_H
#define DRIVER_DEVICE_H

#include <driver/types.h>

#define DEVICE_STRANDS_MAX	16

/* Remember and fetch the driver's own state. Any context. */
void device_set_priv(struct device *dev, void *priv);
void *device_priv(const struct device *dev);

/* The device's name for messages, such as "0000:00:03.0" or "null_blk.0". Any context. */
const char *device_name(const struct device *dev);

/* Make strands 0..@count-1 usable. -EINVAL past DEVICE_STRANDS_MAX. probe only. */
int __must_check device_strands(struct device *dev, unsigned int count);

/* The number of CPUs, for choosing how many queues are worth having; at least 1. Any context. */
unsigned int device_nr_cpus(const struct device *dev);

/*
 * A number set by the administrator for this driver (kernel command line "driver.name=value", decimal, 0x hex, or with a
 * K, M or G suffix), or @fallback. A malformed value is logged with its text and gives @fallback. probe only.
 */
uint64_t device_param(struct device *dev, const char *name, uint64_t fallback);

/* Ids the bus reported: PCI vendor and device id (0 on other buses), and the revision. Any context. */
uint16_t device_vendor(const struct device *dev);
uint16_t device_id(const struct device *dev);
uint8_t device_revision(const struct device *dev);

/*
 * Did an earlier driver of this device register with its class and end, and do its users wait for this one? Then probe need not ask for what
 * the class knows and what cannot have changed. Any context.
 */
bool device_is_awaited(const struct device *dev);

/*
 * The driver broke a rule (an access outside its window, a corrupt tag). In a process this ends the process; in the kernel the
 * device is failed: its callbacks stop and its requests end with -EIO. Checked accessors call it; drivers may. Any context.
 */
void device_fault(struct device *dev, const char *what, uint64_t where);

#endif
