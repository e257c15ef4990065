// SPDX-License-Identifier: GPL-2.0
/*
 * How to stop a function by its class's own registers, so that a dead driver's transfers end before its memory is given back: clearing
 * bus mastering alone does not take back what a device has already been told to do. Each recipe ends with a bit in which the device
 * says that it is quiet. Known: virtio (1.2 sections 4.1.4.3, 4.1.4.8 and 2.4: status reads 0), NVMe (1.4 section 3.1.6: CSTS.RDY is clear),
 * AHCI (1.3.1 section 10.4.3: GHC.HR is clear), bus-master IDE (SFF-8038i: the engine stops when told), QEMU's edu (docs/specs/edu: it
 * cannot be told to stop, so its transfer is waited for; it reaches nobody while bus mastering is off). Left out: the rest. Registers are
 * mapped at a function's first death and stay so: somebody waits for the later ones. The device's bind_lock guards the mapping.
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

#define NVME_CLASS		0x010802u
#define NVME_BYTES		0x1000u
#define NVME_CAP		0u
#define NVME_CAP_TO(cap)	(((cap) >> 24 & 0xff) * 500)	/* ms */
#define NVME_CC			0x14u
#define NVME_CC_EN		1u
#define NVME_CSTS		0x1cu
#define NVME_CSTS_RDY		1u

#define AHCI_CLASS		0x010601u
#define AHCI_BAR		5u
#define AHCI_BYTES		0x100u
#define AHCI_GHC		4u
#define AHCI_GHC_HR		1u
#define AHCI_GHC_AE		0x80000000u
#define AHCI_RESET_MS		1000u
#define AHCI_PI			0x0cu
#define AHCI_PORTS_MAX		32u
#define AHCI_PORT(n)		(0x100u + 0x80u * (n))
#define AHCI_CMD		0x18u	/* of a port */
#define AHCI_CMD_ST		0x0001u
#define AHCI_CMD_CR		0x8000u
#define AHCI_STOP_MS		500u
#define AHCI_SCTL		0x2cu
#define AHCI_SCTL_DET		0xfu

#define EDU_VENDOR		0x1234u
#define EDU_DEVICE		0x11e8u
#define EDU_BYTES		0x100u
#define EDU_DMA_COMMAND		0x98u
#define EDU_DMA_BUSY		1u
#define EDU_DMA_MS		1000u	/* a transfer takes 100 */

#define GONE			0xffffffffu
#define REGISTERS_MAX		0x4000u

#define IDE_MASTER_CLASS	0x010180u	/* prog-if bit 7: bus master */
#define IDE_MASTER_BAR		4u
#define IDE_MASTER_BYTES	16u
#define IDE_CHANNEL_BYTES	8u
#define IDE_STATUS		2u
#define IDE_ACTIVE		1u

static uint8_t *window_keep(struct pci_function *f, paddr_t start, uint64_t length)
{
	if (!f->recipe_window)
		f->recipe_window = vmap_io(start, length);
	return f->recipe_window;
}

/* Where the status register is, mapped; NULL: no sane capability says so. */
static volatile uint8_t *virtio_common_map(struct pci_function *f)
{
	uint8_t cap = f->recipe_window ? 0 : pci_capability(f, PCI_CAP_ID_VENDOR, 0);

	for (unsigned int i = 0; cap && i < CAPS_MAX; i++, cap = pci_capability(f, PCI_CAP_ID_VENDOR, cap)) {
		uint32_t bar = pci_read(f, cap + VIRTIO_CAP_BAR, 1), offset = pci_read(f, cap + VIRTIO_CAP_OFFSET, 4);
		const struct pci_bar_range *b = &f->bars[bar < 6 ? bar : 0];

		if (pci_read(f, cap + VIRTIO_CAP_TYPE, 1) != VIRTIO_COMMON || bar > 5 || b->io || !b->start)
			continue;
		if (b->length >= VIRTIO_COMMON_BYTES && offset <= b->length - VIRTIO_COMMON_BYTES)
			return window_keep(f, b->start + offset, VIRTIO_COMMON_BYTES);
	}
	return f->recipe_window;
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

/* ---- Memory BARs of 32-bit registers ---- */

static uint8_t *registers_map(struct pci_function *f, unsigned int bar, uint64_t length)
{
	const struct pci_bar_range *b = &f->bars[bar];

	return b->io || !b->start || b->length < length ? NULL : window_keep(f, b->start, MIN(b->length, (uint64_t)REGISTERS_MAX));
}

static uint32_t register_read(const uint8_t *base, uint32_t offset)
{
	return *(const volatile uint32_t *)(base + offset);
}

static void register_write(uint8_t *base, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(base + offset) = value;
}

/* All ones is a device that is gone, or does not decode. */
static bool wait_clear(const uint8_t *base, uint32_t offset, uint32_t bit, unsigned int limit_ms)
{
	for (unsigned int ms = 0; register_read(base, offset) & bit; ms++) {
		if (ms == limit_ms || register_read(base, offset) == GONE)
			return false;
		sleep_until(time_now() + NSEC_PER_MSEC, false);
	}
	return true;
}

static bool nvme_stop(struct pci_function *f)
{
	uint8_t *regs = registers_map(f, 0, NVME_BYTES);
	bool stopped;

	if (!regs)
		return false;
	register_write(regs, NVME_CC, register_read(regs, NVME_CC) & ~NVME_CC_EN);
	stopped = wait_clear(regs, NVME_CSTS, NVME_CSTS_RDY, STOP_MS + NVME_CAP_TO(register_read(regs, NVME_CAP)));
	return stopped;
}

/*
 * Each port first (10.4.2): its commands end while it can still post what became of them. QEMU 7.2 otherwise keeps those endings beyond
 * the controller's reset and counts them for the next driver's commands of the same tags (found by make soak-restart: a read without data).
 */
static void ahci_ports_reset(uint8_t *regs, uint64_t length)
{
	unsigned int nr = (unsigned int)MIN((length - AHCI_BYTES) / 0x80, (uint64_t)AHCI_PORTS_MAX);
	uint32_t ports = register_read(regs, AHCI_PI);

	for (unsigned int i = 0; i < nr; i++) {
		uint32_t port = AHCI_PORT(i), sctl = register_read(regs, port + AHCI_SCTL) & ~AHCI_SCTL_DET;

		if (!(ports >> i & 1))
			continue;
		register_write(regs, port + AHCI_CMD, register_read(regs, port + AHCI_CMD) & ~AHCI_CMD_ST);
		(void)wait_clear(regs, port + AHCI_CMD, AHCI_CMD_CR, AHCI_STOP_MS);
		register_write(regs, port + AHCI_SCTL, sctl | 1);
	}
	sleep_until(time_now() + NSEC_PER_MSEC, false);
	for (unsigned int i = 0; i < nr; i++)
		if (ports >> i & 1)
			register_write(regs, AHCI_PORT(i) + AHCI_SCTL, register_read(regs, AHCI_PORT(i) + AHCI_SCTL) & ~AHCI_SCTL_DET);
}

static bool ahci_stop(struct pci_function *f)
{
	uint64_t length = MIN(f->bars[AHCI_BAR].length, (uint64_t)AHCI_PORT(AHCI_PORTS_MAX));
	uint8_t *regs = registers_map(f, AHCI_BAR, AHCI_BYTES);
	bool stopped;

	if (!regs)
		return false;
	ahci_ports_reset(regs, length);
	register_write(regs, AHCI_GHC, AHCI_GHC_AE);
	register_write(regs, AHCI_GHC, AHCI_GHC_AE | AHCI_GHC_HR);
	stopped = wait_clear(regs, AHCI_GHC, AHCI_GHC_HR, AHCI_RESET_MS);
	return stopped;
}

static bool edu_stop(struct pci_function *f)
{
	uint8_t *regs = registers_map(f, 0, EDU_BYTES);
	bool stopped;

	if (!regs)
		return false;
	stopped = wait_clear(regs, EDU_DMA_COMMAND, EDU_DMA_BUSY, EDU_DMA_MS);
	return stopped;
}

/* ---- IDE ---- */

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
	if (f->vendor == VIRTIO_VENDOR && f->device >= VIRTIO_FIRST && f->device <= VIRTIO_LAST)
		return virtio_stop_modern(f) || virtio_stop_legacy(f);
	if ((f->class_code & 0xffff80u) == IDE_MASTER_CLASS)
		return ide_stop(f);
	if (f->class_code == NVME_CLASS)
		return nvme_stop(f);
	if (f->vendor == EDU_VENDOR && f->device == EDU_DEVICE)
		return edu_stop(f);
	return f->class_code == AHCI_CLASS && ahci_stop(f);
}
