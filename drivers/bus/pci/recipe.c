// SPDX-License-Identifier: GPL-2.0
/*
 * How to stop functions that offer no reset of their own, so that a dead driver's transfers end before its memory is given back:
 * clearing bus mastering alone does not take back what a device has already been told to do. Known: virtio (1.2 sections 4.1.4.3 and
 * 4.1.4.8, and 2.4: the device is quiet once its status reads 0), bus-master IDE (SFF-8038i: the engine stops when told). Left out: the rest.
 */
#include <asm/io.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include <mm/vmap.h>
#include "pci.h"

#define VIRTIO_VENDOR		0x1af4
#define VIRTIO_FIRST		0x1000
#define VIRTIO_LAST		0x107f
#define VIRTIO_CAP_TYPE		3u
#define VIRTIO_CAP_BAR		4u
#define VIRTIO_CAP_OFFSET	8u
#define VIRTIO_COMMON		1u	/* type of the common configuration */
#define VIRTIO_COMMON_BYTES	56u
#define VIRTIO_STATUS		0x14u	/* in it */
#define VIRTIO_LEGACY_STATUS	18u	/* in I/O BAR 0 */
#define CAPS_MAX		48u
#define STOP_MS			100u

#define IDE_MASTER_CLASS	0x010180u	/* prog-if bit 7: bus master */
#define IDE_MASTER_BAR		4u
#define IDE_MASTER_BYTES	16u
#define IDE_CHANNEL_BYTES	8u
#define IDE_STATUS		2u
#define IDE_ACTIVE		1u

/* Where the status register is, mapped; NULL: no sane capability says so. */
static volatile uint8_t *virtio_common_map(struct pci_function *f)
{
	uint8_t cap = pci_capability(f, PCI_CAP_ID_VENDOR, 0);

	for (unsigned int i = 0; cap && i < CAPS_MAX; i++, cap = pci_capability(f, PCI_CAP_ID_VENDOR, cap)) {
		uint32_t bar = pci_read(f, cap + VIRTIO_CAP_BAR, 1), offset = pci_read(f, cap + VIRTIO_CAP_OFFSET, 4);
		const struct pci_bar_range *b = &f->bars[bar < 6 ? bar : 0];

		if (pci_read(f, cap + VIRTIO_CAP_TYPE, 1) != VIRTIO_COMMON || bar > 5 || b->io || !b->start)
			continue;
		if (b->length >= VIRTIO_COMMON_BYTES && offset <= b->length - VIRTIO_COMMON_BYTES)
			return vmap_io(b->start + offset, VIRTIO_COMMON_BYTES);
	}
	return NULL;
}

static bool virtio_stop_modern(struct pci_function *f)
{
	volatile uint8_t *common = virtio_common_map(f);
	bool stopped = false;

	if (!common)
		return false;
	common[VIRTIO_STATUS] = 0;
	for (unsigned int ms = 0; !(stopped = !common[VIRTIO_STATUS]) && ms < STOP_MS; ms++)
		sleep_until(time_now() + NSEC_PER_MSEC, false);
	vunmap((void *)(uintptr_t)common);
	return stopped;
}

static bool virtio_stop_legacy(struct pci_function *f)
{
	const struct pci_bar_range *b = &f->bars[0];
	uint16_t port = (uint16_t)(b->start + VIRTIO_LEGACY_STATUS);

	if (!b->io || !b->start || b->length <= VIRTIO_LEGACY_STATUS)
		return false;
	out8(port, 0);
	return in8(port) == 0;
}

/* Both channels' engines; the drives themselves are reset by the next driver. */
static bool ide_stop(struct pci_function *f)
{
	const struct pci_bar_range *b = &f->bars[IDE_MASTER_BAR];
	bool active = false;

	if (!b->io || !b->start || b->length < IDE_MASTER_BYTES)
		return false;
	for (unsigned int channel = 0; channel < 2; channel++) {
		uint16_t port = (uint16_t)(b->start + channel * IDE_CHANNEL_BYTES);

		out8(port, 0);
		active |= in8(port + IDE_STATUS) & IDE_ACTIVE;
	}
	return !active;
}

bool pci_stop_by_recipe(struct pci_function *f)
{
	if ((f->class_code & 0xffff80u) == IDE_MASTER_CLASS)
		return ide_stop(f);
	if (f->vendor != VIRTIO_VENDOR || f->device < VIRTIO_FIRST || f->device > VIRTIO_LAST)
		return false;
	return virtio_stop_modern(f) || virtio_stop_legacy(f);
}
