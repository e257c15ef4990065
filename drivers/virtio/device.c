// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a virtio device above its transport: reset, status, features, interrupts (virtio 1.2 section 3.1). Runs in probe and
 * remove, but for virtio_start() and virtio_cause().
 */
#include <driver/log.h>
#include <driver/time.h>
#include "virtio.h"

#define RESET_TIMEOUT_US	1000000

static bool device_is_reset(void *arg)
{
	struct virtio_device *vd = arg;

	return vd->transport->status(vd) == 0;
}

static int device_reset(struct virtio_device *vd)
{
	vd->transport->set_status(vd, 0);
	return time_poll(vd->dev, device_is_reset, vd, RESET_TIMEOUT_US);
}

static int transport_map(struct virtio_device *vd, bool force_legacy)
{
	int err = -ENODEV;

	if (!force_legacy) {
		vd->transport = &virtio_modern;
		err = virtio_modern_map(vd);
	}
	if (err == -ENODEV) {
		vd->transport = &virtio_legacy;
		err = virtio_legacy_map(vd);
	}
	return err;
}

int virtio_attach(struct virtio_device *vd, struct device *dev, bool force_legacy)
{
	int err;

	vd->dev = dev;
	err = transport_map(vd, force_legacy);
	if (err)
		return err;
	err = device_reset(vd);
	if (err) {
		dev_err(dev, "device does not reset, status=0x%x", vd->transport->status(vd));
		vd->transport->unmap(vd);
		return -ENODEV;
	}
	vd->transport->set_status(vd, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	return 0;
}

int virtio_negotiate(struct virtio_device *vd, uint64_t wanted)
{
	uint64_t offered = vd->transport->features(vd);
	const uint8_t expected = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK;

	vd->features = offered & wanted;
	if (vd->transport == &virtio_legacy) {
		vd->features &= 0xffffffffull;
		vd->transport->accept(vd, vd->features);
		return 0;
	}
	if (!virtio_has(vd, VIRTIO_F_VERSION_1)) {
		dev_err(vd->dev, "modern registers without VERSION_1, features=0x%llx", (unsigned long long)offered);
		return -ENXIO;
	}
	vd->transport->accept(vd, vd->features);
	vd->transport->set_status(vd, expected);
	if (vd->transport->status(vd) == expected)
		return 0;
	dev_err(vd->dev, "device refuses features=0x%llx", (unsigned long long)vd->features);
	return -ENXIO;
}

int virtio_vectors(struct virtio_device *vd, unsigned int queues)
{
	int nr = irq_request(vd->dev, queues + 1);

	if (nr < 0)
		return nr;
	vd->msix = irq_kind(vd->dev) == IRQ_KIND_MSIX;
	vd->nr_vectors = vd->msix ? (unsigned int)nr : 1;
	return vd->nr_vectors > 1 ? (int)vd->nr_vectors - 1 : 1;
}

int virtio_start(struct virtio_device *vd)
{
	uint8_t status = vd->transport->status(vd) | VIRTIO_STATUS_DRIVER_OK;

	vd->transport->set_status(vd, status);
	status = vd->transport->status(vd);
	return status & (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED) ? -EIO : 0;
}

int virtio_detach(struct virtio_device *vd)
{
	int err = device_reset(vd);

	if (err)
		dev_err(vd->dev, "device does not reset, status=0x%x", vd->transport->status(vd));
	vd->transport->unmap(vd);
	return err;
}

uint32_t virtio_cause(struct virtio_device *vd, unsigned int vector)
{
	uint8_t isr;

	if (vd->msix && vd->nr_vectors > 1)
		return vector ? VIRTIO_CAUSE_QUEUE : VIRTIO_CAUSE_CONFIG;
	if (vd->msix)
		return VIRTIO_CAUSE_QUEUE | VIRTIO_CAUSE_CONFIG;
	isr = vd->transport->isr(vd);	/* reading quiets the line */
	return isr & ~(VIRTIO_CAUSE_QUEUE | VIRTIO_CAUSE_CONFIG) ? 0 : isr;
}

uint64_t virtio_config64(struct virtio_device *vd, uint32_t offset)
{
	uint32_t high, low, again = vd->transport->config(vd, offset + 4, 4);
	unsigned int tries = 4;

	do {
		high = again;
		low = vd->transport->config(vd, offset, 4);
		again = vd->transport->config(vd, offset + 4, 4);
	} while (again != high && --tries);
	return (uint64_t)high << 32 | low;
}
