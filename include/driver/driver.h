/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a driver file defines, last: DRIVER(name) = { .manifest = {...}, .probe = ..., ... }. The same object works linked into the
 * kernel, in its own process, and on the developer's machine (Documentation/driver-api.md).
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include <driver/device.h>
#include <driver/irq.h>
#include <uapi/ferry/manifest.h>

struct block_ops;
struct misc_ops;

struct driver {
	struct ferry_manifest manifest;	/* first: read by tools from the ELF section */
	/*
	 * Take @dev, whose ids matched: map, reset, set up, register with the class last. May sleep. 0, or -errno after undoing
	 * everything; -ENODEV: not mine after all.
	 */
	int (*probe)(struct device *dev);
	/* Quiet the device and undo probe. No other callback runs or comes after. May sleep. */
	void (*remove)(struct device *dev);
	/* Interrupt @vector arrived. Must not sleep. IRQ_NONE when the device did not raise it. */
	enum irq_result (*irq)(struct device *dev, unsigned int vector);
	/* The timer of @strand expired. Must not sleep. */
	void (*timer)(struct device *dev, unsigned int strand);
	/* The class ops that go with manifest.class_id. */
	const struct block_ops *block;
	const struct misc_ops *misc;
};

#define MANIFEST_HEADER	.magic = FERRY_MANIFEST_MAGIC, .size = sizeof(struct ferry_manifest)
#define MATCH_PCI(v, d)	{ .bus = FERRY_BUS_PCI, .vendor = (v), .device = (d), \
			  .subvendor = FERRY_MATCH_ANY, .subdevice = FERRY_MATCH_ANY }
#define MATCH_PCI_CLASS(c) { .bus = FERRY_BUS_PCI, .vendor = FERRY_MATCH_ANY, .device = FERRY_MATCH_ANY, .subvendor = FERRY_MATCH_ANY, \
			  .subdevice = FERRY_MATCH_ANY, .class_code = (c), .class_mask = 0xffffff }
#define MATCH_PLATFORM(n) { .bus = FERRY_BUS_PLATFORM, .name = (n) }

/*
 * Define driver @id: its struct lies in section ".ferry_manifest" (tools read the manifest there), and a pointer to it in
 * ".ferry_drivers" (the shims find it there: from __start_ferry_drivers to __stop_ferry_drivers).
 */
#define DRIVER(id)									\
	extern const struct driver id##_driver;						\
	static const struct driver *const id##_driver_entry				\
		__attribute__((section("ferry_drivers"), used)) = &id##_driver;		\
	const struct driver id##_driver __attribute__((section(".ferry_manifest"), used, aligned(16)))

#endif
