// SPDX-License-Identifier: GPL-2.0
/*
 * The legacy PCI transport (virtio 1.2 section 4.1.4.10): registers in the ports of BAR 0. Ring size and layout are the device's
 * choice, the ring is named by its 32-bit page number, and there are 32 features.
 */
#include <driver/log.h>
#include <driver/pci.h>
#include "virtio.h"

#define LEGACY_DEVICE_FEATURES	0
#define LEGACY_DRIVER_FEATURES	4
#define LEGACY_QUEUE_PAGE	8
#define LEGACY_QUEUE_SIZE	12
#define LEGACY_QUEUE_SELECT	14
#define LEGACY_QUEUE_NOTIFY	16
#define LEGACY_STATUS		18
#define LEGACY_ISR		19
#define LEGACY_CONFIG_VECTOR	20	/* these two only while MSI-X is on; ... */
#define LEGACY_QUEUE_VECTOR	22
#define LEGACY_CONFIG		20	/* ... they push the device's configuration to 24 */
#define LEGACY_CONFIG_MSIX	24

#define LEGACY_PAGE_SHIFT	12

int virtio_legacy_map(struct virtio_device *vd)
{
	struct pci_bar bar;

	if (pci_bar_info(vd->dev, 0, &bar) || !bar.io || bar.length < LEGACY_CONFIG_MSIX + 8)
		return -ENODEV;
	return port_map(vd->dev, 0, 0, 0, &vd->ports);
}

static void legacy_unmap(struct virtio_device *vd)
{
	port_unmap(&vd->ports);
}

static uint64_t legacy_features(struct virtio_device *vd)
{
	return port_in32(&vd->ports, LEGACY_DEVICE_FEATURES);
}

static void legacy_accept(struct virtio_device *vd, uint64_t features)
{
	port_out32(&vd->ports, LEGACY_DRIVER_FEATURES, (uint32_t)features);
}

static uint8_t legacy_status(struct virtio_device *vd)
{
	return port_in8(&vd->ports, LEGACY_STATUS);
}

static void legacy_set_status(struct virtio_device *vd, uint8_t status)
{
	port_out8(&vd->ports, LEGACY_STATUS, status);
}

static uint8_t legacy_generation(struct virtio_device *vd)
{
	(void)vd;
	return 0;
}

static uint32_t legacy_config(struct virtio_device *vd, uint32_t offset, uint32_t size)
{
	uint32_t at = offset + (vd->msix ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG);

	if (port_check(&vd->ports, at, size))
		return 0;
	switch (size) {
	case 1: return port_in8(&vd->ports, (uint16_t)at);
	case 2: return port_in16(&vd->ports, (uint16_t)at);
	default: return port_in32(&vd->ports, (uint16_t)at);
	}
}

static uint8_t legacy_isr(struct virtio_device *vd)
{
	return port_in8(&vd->ports, LEGACY_ISR);
}

static int vector_set(struct virtio_device *vd, uint16_t where, uint16_t vector)
{
	if (!vd->msix)
		return 0;
	port_out16(&vd->ports, where, vector);
	return port_in16(&vd->ports, where) == vector ? 0 : -EBUSY;
}

static int legacy_config_vector(struct virtio_device *vd, uint16_t vector)
{
	return vector_set(vd, LEGACY_CONFIG_VECTOR, vector);
}

static uint16_t legacy_queue_max(struct virtio_device *vd, unsigned int index)
{
	port_out16(&vd->ports, LEGACY_QUEUE_SELECT, (uint16_t)index);
	return port_in16(&vd->ports, LEGACY_QUEUE_SIZE);
}

static int legacy_queue_enable(struct virtio_queue *q)
{
	struct virtio_device *vd = q->vd;
	uint64_t page = q->memory.address >> LEGACY_PAGE_SHIFT;
	int err;

	if (page > 0xffffffffull) {
		dev_err(vd->dev, "ring address 0x%llx is too high for a legacy device", (unsigned long long)q->memory.address);
		return -ERANGE;
	}
	port_out16(&vd->ports, LEGACY_QUEUE_SELECT, q->index);
	err = vector_set(vd, LEGACY_QUEUE_VECTOR, q->vector);
	if (err)
		return err;
	port_out32(&vd->ports, LEGACY_QUEUE_PAGE, (uint32_t)page);
	return port_in32(&vd->ports, LEGACY_QUEUE_PAGE) == page ? 0 : -ENXIO;
}

static void legacy_notify(struct virtio_queue *q)
{
	port_out16(&q->vd->ports, LEGACY_QUEUE_NOTIFY, q->index);
}

const struct virtio_transport virtio_legacy = {
	.name = "legacy",
	.features = legacy_features,
	.accept = legacy_accept,
	.status = legacy_status,
	.set_status = legacy_set_status,
	.generation = legacy_generation,
	.config = legacy_config,
	.isr = legacy_isr,
	.config_vector = legacy_config_vector,
	.queue_max = legacy_queue_max,
	.queue_enable = legacy_queue_enable,
	.notify = legacy_notify,
	.unmap = legacy_unmap,
};
