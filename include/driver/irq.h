/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts. The driver's irq(dev, vector) callback runs on the strand the vector was routed to. A level-triggered line is masked
 * by the kernel until the callback returned IRQ_HANDLED or IRQ_NONE, so the callback must quiet the device before it returns.
 */
#ifndef DRIVER_IRQ_H
#define DRIVER_IRQ_H

#include <driver/device.h>

enum irq_kind { IRQ_KIND_NONE, IRQ_KIND_INTX, IRQ_KIND_MSI, IRQ_KIND_MSIX, IRQ_KIND_ISA };
enum irq_result { IRQ_NONE, IRQ_HANDLED };

/*
 * Ask for up to @wanted vectors; MSI-X is tried first, then MSI, then the line (one vector). Returns how many were given (1 or more),
 * or -ENODEV (the device has none), -EBUSY, -EACCES. All start on strand 0 and enabled. probe only, once.
 */
int __must_check irq_request(struct device *dev, unsigned int wanted);

/* How the vectors arrive. Any context. */
enum irq_kind irq_kind(const struct device *dev);

/* Deliver @vector on @strand. -EINVAL when either does not exist. probe only. */
int __must_check irq_route(struct device *dev, unsigned int vector, unsigned int strand);

/* Give all vectors back; no callback runs once it returns. Also done when the driver goes. probe, remove. */
void irq_release(struct device *dev);

#endif
