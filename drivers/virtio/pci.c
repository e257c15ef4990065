// SPDX-License-Identifier: GPL-2.0
/*
 * The modern PCI transport (virtio 1.2 section 4.1): register structures found through vendor capabilities. The first usable instance
 * of each structure is taken; structures in port space are passed over. Left out: the configuration access capability, shared memory.
 */
#include <driver/log.h>
#include <driver/pci.h>
#include "virtio.h"

enum cap_type { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4, CAP_TYPES };

#define CAP_BYTES		16
#define CAP_NOTIFY_BYTES	20
#define NOTIFY_WINDOW_MAX	65536u	/* 16 queues, a page each */

/* Common configuration (section 4.1.4.3). */
#define COMMON_DEVICE_SELECT	0x00
#define COMMON_DEVICE_FEATURE	0x04
#define COMMON_DRIVER_SELECT	0x08
#define COMMON_DRIVER_FEATURE	0x0c
#define COMMON_CONFIG_VECTOR	0x10
#define COMMON_NUM_QUEUES	0x12
#define COMMON_STATUS		0x14
#define COMMON_GENERATION	0x15
#define COMMON_QUEUE_SELECT	0x16
#define COMMON_QUEUE_SIZE	0x18
#define COMMON_QUEUE_VECTOR	0x1a
#define COMMON_QUEUE_ENABLE	0x1c
#define COMMON_QUEUE_NOTIFY	0x1e
#define COMMON_QUEUE_DESC	0x20
#define COMMON_QUEUE_DRIVER	0x28
#define COMMON_QUEUE_DEVICE	0x30
#define COMMON_BYTES		0x38

struct cap {
	uint32_t type, bar, offset, length, multiplier;
};

static int cap_word(struct device *dev, uint32_t at, uint32_t *value)
{
	return pci_config_read(dev, at, 4, value);
}

/* Read the vendor capability at @at (section 4.1.4); -EINVAL when it makes no sense. */
static int cap_read(struct device *dev, uint8_t at, struct cap *cap)
{
	uint32_t first, where, cap_len;

	if (cap_word(dev, at, &first) || cap_word(dev, at + 4u, &where) || cap_word(dev, at + 8u, &cap->offset) ||
	    cap_word(dev, at + 12u, &cap->length))
		return -EINVAL;
	cap_len = first >> 16 & 0xff;
	cap->type = first >> 24;
	cap->bar = where & 0xff;
	cap->multiplier = 0;
	if (cap_len < CAP_BYTES || cap->bar > 5)
		return -EINVAL;
	if (cap->type != CAP_NOTIFY)
		return 0;
	return cap_len < CAP_NOTIFY_BYTES ? -EINVAL : cap_word(dev, at + 16u, &cap->multiplier);
}

static int window_map(struct virtio_device *vd, const struct cap *cap, struct mmio *win)
{
	static const uint32_t least[CAP_TYPES] = { 0, COMMON_BYTES, 2, 1, 1 };
	uint32_t length = cap->length;

	if (cap->type == CAP_NOTIFY && length > NOTIFY_WINDOW_MAX)
		length = NOTIFY_WINDOW_MAX;
	if (cap->type == CAP_COMMON && length > COMMON_BYTES)
		length = COMMON_BYTES;
	if (length < least[cap->type])
		return -EINVAL;
	return mmio_map(vd->dev, cap->bar, cap->offset, length, MMIO_READ | MMIO_WRITE, win);
}

static struct mmio *cap_window(struct virtio_device *vd, uint32_t type)
{
	switch (type) {
	case CAP_COMMON: return &vd->common;
	case CAP_NOTIFY: return &vd->notify;
	case CAP_ISR: return &vd->isr;
	case CAP_DEVICE: return &vd->config;
	}
	return NULL;
}

static void cap_use(struct virtio_device *vd, uint8_t at)
{
	struct mmio *win;
	struct cap cap;

	if (cap_read(vd->dev, at, &cap))
		return;
	win = cap_window(vd, cap.type);
	if (!win || win->length)
		return;
	if (window_map(vd, &cap, win)) {
		win->length = 0;
		return;
	}
	if (cap.type == CAP_NOTIFY)
		vd->notify_multiplier = cap.multiplier;
}

static void modern_unmap(struct virtio_device *vd)
{
	struct mmio *windows[] = { &vd->common, &vd->notify, &vd->isr, &vd->config };

	for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
		if (windows[i]->length)
			mmio_unmap(windows[i]);
		windows[i]->length = 0;
	}
}

int virtio_modern_map(struct virtio_device *vd)
{
	unsigned int caps = 0;

	for (uint8_t at = pci_find_capability(vd->dev, PCI_CAP_ID_VENDOR, 0); at && caps < 48; caps++) {
		cap_use(vd, at);
		at = pci_find_capability(vd->dev, PCI_CAP_ID_VENDOR, at);
	}
	if (vd->common.length && vd->notify.length && vd->isr.length && vd->config.length)
		return 0;
	modern_unmap(vd);
	return -ENODEV;
}

static uint64_t modern_features(struct virtio_device *vd)
{
	uint64_t low, high;

	mmio_write32(&vd->common, COMMON_DEVICE_SELECT, 0);
	low = mmio_read32(&vd->common, COMMON_DEVICE_FEATURE);
	mmio_write32(&vd->common, COMMON_DEVICE_SELECT, 1);
	high = mmio_read32(&vd->common, COMMON_DEVICE_FEATURE);
	return high << 32 | low;
}

static void modern_accept(struct virtio_device *vd, uint64_t features)
{
	mmio_write32(&vd->common, COMMON_DRIVER_SELECT, 0);
	mmio_write32(&vd->common, COMMON_DRIVER_FEATURE, (uint32_t)features);
	mmio_write32(&vd->common, COMMON_DRIVER_SELECT, 1);
	mmio_write32(&vd->common, COMMON_DRIVER_FEATURE, (uint32_t)(features >> 32));
}

static uint8_t modern_status(struct virtio_device *vd)
{
	return mmio_read8(&vd->common, COMMON_STATUS);
}

static void modern_set_status(struct virtio_device *vd, uint8_t status)
{
	mmio_write8(&vd->common, COMMON_STATUS, status);
}

static uint8_t modern_generation(struct virtio_device *vd)
{
	return mmio_read8(&vd->common, COMMON_GENERATION);
}

static uint32_t modern_config(struct virtio_device *vd, uint32_t offset, uint32_t size)
{
	uint32_t value32 = 0;
	uint16_t value16 = 0;
	uint8_t value8 = 0;
	int err;

	switch (size) {
	case 1:
		err = mmio_try_read8(&vd->config, offset, &value8);
		return err ? 0 : value8;
	case 2:
		err = mmio_try_read16(&vd->config, offset, &value16);
		return err ? 0 : value16;
	default:
		err = mmio_try_read32(&vd->config, offset, &value32);
		return err ? 0 : value32;
	}
}

static uint8_t modern_isr(struct virtio_device *vd)
{
	return mmio_read8(&vd->isr, 0);
}

static int modern_config_vector(struct virtio_device *vd, uint16_t vector)
{
	mmio_write16(&vd->common, COMMON_CONFIG_VECTOR, vector);
	return mmio_read16(&vd->common, COMMON_CONFIG_VECTOR) == vector ? 0 : -EBUSY;
}

static uint16_t modern_queue_max(struct virtio_device *vd, unsigned int index)
{
	if (index >= mmio_read16(&vd->common, COMMON_NUM_QUEUES))
		return 0;
	mmio_write16(&vd->common, COMMON_QUEUE_SELECT, (uint16_t)index);
	return mmio_read16(&vd->common, COMMON_QUEUE_SIZE);
}

static void common_write64(struct virtio_device *vd, uint32_t offset, uint64_t value)
{
	mmio_write32(&vd->common, offset, (uint32_t)value);
	mmio_write32(&vd->common, offset + 4, (uint32_t)(value >> 32));
}

/* Where the doorbell of the selected queue is; the device may say anything (section 4.1.4.4). */
static int notify_locate(struct virtio_queue *q)
{
	struct virtio_device *vd = q->vd;
	uint64_t offset = (uint64_t)mmio_read16(&vd->common, COMMON_QUEUE_NOTIFY) * vd->notify_multiplier;

	if (offset % 2 || offset + 2 > vd->notify.length) {
		dev_err(vd->dev, "queue %u: doorbell outside its window, offset=0x%llx", q->index, (unsigned long long)offset);
		return -ENXIO;
	}
	q->notify_offset = (uint32_t)offset;
	return 0;
}

static int modern_queue_enable(struct virtio_queue *q)
{
	struct virtio_device *vd = q->vd;
	int err;

	mmio_write16(&vd->common, COMMON_QUEUE_SELECT, q->index);
	err = notify_locate(q);
	if (err)
		return err;
	mmio_write16(&vd->common, COMMON_QUEUE_SIZE, q->size);
	if (mmio_read16(&vd->common, COMMON_QUEUE_SIZE) != q->size)
		return -ENXIO;
	mmio_write16(&vd->common, COMMON_QUEUE_VECTOR, q->vector);
	if (mmio_read16(&vd->common, COMMON_QUEUE_VECTOR) != q->vector)
		return -EBUSY;
	common_write64(vd, COMMON_QUEUE_DESC, q->memory.address);
	common_write64(vd, COMMON_QUEUE_DRIVER, q->memory.address + q->driver_area);
	common_write64(vd, COMMON_QUEUE_DEVICE, q->memory.address + q->device_area);
	mmio_write16(&vd->common, COMMON_QUEUE_ENABLE, 1);
	return mmio_read16(&vd->common, COMMON_QUEUE_ENABLE) == 1 ? 0 : -ENXIO;
}

static void modern_notify(struct virtio_queue *q)
{
	mmio_write16(&q->vd->notify, q->notify_offset, q->index);
}

const struct virtio_transport virtio_modern = {
	.name = "modern",
	.features = modern_features,
	.accept = modern_accept,
	.status = modern_status,
	.set_status = modern_set_status,
	.generation = modern_generation,
	.config = modern_config,
	.isr = modern_isr,
	.config_vector = modern_config_vector,
	.queue_max = modern_queue_max,
	.queue_enable = modern_queue_enable,
	.notify = modern_notify,
	.unmap = modern_unmap,
};
