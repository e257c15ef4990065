// SPDX-License-Identifier: GPL-2.0
/*
 * AHCI controllers (Serial ATA AHCI 1.3.1): every port is a unit, disks as sdX, packet devices (read-only) as srX. This file has the
 * controller: hand-over from the firmware, reset, the interrupt, start and end. Left out: port multipliers, enclosure management,
 * command completion coalescing, FIS-based switching, link power management, hardware RAID. Parameters: ncq=0.
 */
#include <driver/dma.h>
#include <driver/driver.h>
#include <driver/irq.h>
#include <driver/mem.h>
#include <driver/time.h>
#include "ahci.h"

#define ABAR			5

/* Controller registers (section 3.1). */
#define HBA_CAP			0x00
#define HBA_GHC			0x04
#define HBA_IS			0x08
#define HBA_PI			0x0c
#define HBA_VS			0x10
#define HBA_CAP2		0x24
#define HBA_BOHC		0x28
#define CAP_SLOTS(cap)		(((cap) >> 8 & 0x1f) + 1)
#define CAP_NCQ			BIT(30)
#define CAP_64BIT		BIT(31)
#define CAP2_HANDOFF		BIT(0)
#define GHC_RESET		BIT(0)
#define GHC_IRQ			BIT(1)
#define GHC_AHCI		BIT(31)
#define BOHC_FIRMWARE		BIT(0)	/* BOS */
#define BOHC_OURS		BIT(1)	/* OOS */
#define BOHC_BUSY		BIT(4)
#define GONE			0xffffffffu

#define HANDOFF_US		25000	/* section 10.6.3 */
#define HANDOFF_BUSY_US		2000000
#define RESET_US		1000000	/* section 10.4.3 */
#define STOP_US			500000
#define PROBE_US		25000000	/* above all deadlines of one port */
#define TIMER_US		1000	/* from probe to the first look by the timer */
#define IRQ_ROUNDS		4

static uint32_t hba_read(const struct ahci *hba, uint32_t reg)
{
	return mmio_read32(&hba->regs, reg);
}

static void hba_write(const struct ahci *hba, uint32_t reg, uint32_t value)
{
	mmio_write32(&hba->regs, reg, value);
}

static void rings(struct ahci *hba)
{
	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		if (hba->ports[i])
			ahci_port_ring(hba->ports[i]);
	}
}

/* When a port wants to be looked at again; 0: all rest. */
static uint64_t moving_pause_us(const struct ahci *hba)
{
	uint64_t least = 0;

	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		const struct ahci_port *p = hba->ports[i];
		uint64_t pause = p && ahci_port_moving(p) ? ahci_port_pause_us(p) : 0;

		if (pause && (!least || pause < least))
			least = pause;
	}
	return least;
}

/* After anything that may have begun commands or set a port moving. */
static void hba_follow(struct ahci *hba)
{
	uint64_t pause = moving_pause_us(hba);

	rings(hba);
	if (hba->timer_on || !pause)
		return;
	hba->timer_on = true;
	timer_set(hba->dev, 0, pause);
}

static void ports_step(struct ahci *hba)
{
	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		if (hba->ports[i] && ahci_port_moving(hba->ports[i]))
			ahci_port_step(hba->ports[i]);
	}
}

/* ---- Callbacks ---- */

static int ahci_submit(struct device *dev, const struct block_request *rq)
{
	return ahci_request_submit(device_priv(dev), rq);
}

static void ahci_commit(struct device *dev, unsigned int queue)
{
	if (!queue)
		rings(device_priv(dev));
}

/* A port first says less, then the controller (section 5.6.2): what comes between raises the controller's bit again. */
static void causes_serve(struct ahci *hba, uint32_t causes)
{
	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		if (causes & BIT(i) && hba->ports[i])
			ahci_port_interrupt(hba->ports[i]);
	}
	hba_write(hba, HBA_IS, causes);
}

static enum irq_result ahci_irq(struct device *dev, unsigned int vector)
{
	struct ahci *hba = device_priv(dev);
	enum irq_result result = IRQ_NONE;

	(void)vector;
	if (!hba->running)
		return IRQ_NONE;
	for (unsigned int round = 0; round < IRQ_ROUNDS; round++) {
		uint32_t causes = hba_read(hba, HBA_IS);

		if (!causes)
			break;
		if (causes == GONE && hba_read(hba, HBA_VS) == GONE) {
			device_fault(dev, "ahci controller is gone", 0);
			return IRQ_HANDLED;
		}
		causes_serve(hba, causes);
		result = IRQ_HANDLED;
	}
	hba_follow(hba);
	return result;
}

static void ahci_timer(struct device *dev, unsigned int strand)
{
	struct ahci *hba = device_priv(dev);

	if (strand || !hba->running)
		return;
	hba->timer_on = false;
	causes_serve(hba, hba_read(hba, HBA_IS));	/* an interrupt from before they were on */
	ports_step(hba);
	for (unsigned int i = 0; i < AHCI_PORTS_MAX && hba->announced; i++) {
		if (hba->ports[i])
			ahci_port_announce(hba->ports[i]);
	}
	hba_follow(hba);
}

/* Perhaps it is done and only the interrupt was lost; else the port starts anew without it. */
static void active_overdue(struct ahci_port *p, struct ahci_tag *tag)
{
	if (p->state == PORT_RUNNING) {
		ahci_port_interrupt(p);
		if (tag->state == TAG_FREE)
			dev_warn(p->hba->dev, "port=%u an interrupt was lost", p->index);
		if (tag->state != TAG_ACTIVE)
			return;
	}
	dev_warn(p->hba->dev, "port=%u request timed out, tfd=0x%x ci=0x%08x sact=0x%08x", p->index, port_read(p, PORT_TFD),
		 port_read(p, PORT_CI), port_read(p, PORT_SACT));
	ahci_port_recover(p, BIT(tag->slot), -ETIMEDOUT);
}

static void ahci_timeout(struct device *dev, unsigned int queue, uint32_t number)
{
	struct ahci *hba = device_priv(dev);
	struct ahci_tag *tag;
	struct ahci_port *p;

	if (queue || number >= hba->depth)
		return;
	tag = &hba->tags[number];
	p = hba->ports[tag->rq.unit % AHCI_PORTS_MAX];
	if (tag->state == TAG_WAITING)
		ahci_tag_fail(p, number, -ETIMEDOUT);
	else if (tag->state == TAG_ACTIVE)
		active_overdue(p, tag);
	hba_follow(hba);
}

/* ---- Taking the controller over ---- */

static bool firmware_let_go(void *arg)
{
	return !(hba_read(arg, HBA_BOHC) & BOHC_FIRMWARE);
}

static void firmware_handoff(struct ahci *hba)
{
	int err;

	if (!(hba_read(hba, HBA_CAP2) & CAP2_HANDOFF) || firmware_let_go(hba))
		return;
	hba_write(hba, HBA_BOHC, hba_read(hba, HBA_BOHC) | BOHC_OURS);
	err = time_poll(hba->dev, firmware_let_go, hba, HANDOFF_US);
	if (err && hba_read(hba, HBA_BOHC) & BOHC_BUSY)
		err = time_poll(hba->dev, firmware_let_go, hba, HANDOFF_BUSY_US);
	if (err)
		dev_warn(hba->dev, "the firmware does not let go, bohc=0x%x", hba_read(hba, HBA_BOHC));
}

static bool reset_over(void *arg)
{
	return !(hba_read(arg, HBA_GHC) & GHC_RESET);
}

static int hba_reset(struct ahci *hba)
{
	int err;

	hba_write(hba, HBA_GHC, GHC_AHCI);
	hba_write(hba, HBA_GHC, GHC_AHCI | GHC_RESET);
	err = time_poll(hba->dev, reset_over, hba, RESET_US);
	if (!err)
		hba_write(hba, HBA_GHC, GHC_AHCI);
	return err;
}

/* Which ports there are was told by the firmware, and some controllers forget it over a reset (section 3.1.4). */
static uint32_t ports_implemented(struct ahci *hba, uint32_t before)
{
	uint32_t ports = hba_read(hba, HBA_PI);
	uint32_t room = hba->regs.length / PORT_BYTES - PORTS_OFFSET / PORT_BYTES;

	if (!ports && before) {
		hba_write(hba, HBA_PI, before);
		ports = before;
	}
	return room < AHCI_PORTS_MAX ? ports & (BIT(room) - 1) : ports;
}

static int port_create(struct ahci *hba, unsigned int index)
{
	struct ahci_port *p = mem_alloc(hba->dev, 1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->hba = hba;
	p->index = index;
	p->head = p->tail = AHCI_TAG_NONE;
	err = dma_alloc(hba->dev, MEM_BYTES, 4096, &p->mem);
	if (!err && !hba->can_64bit && (p->mem.address + MEM_BYTES - 1) >> 32) {
		dev_err(hba->dev, "memory above 4 GiB is out of this controller's reach");
		dma_free(&p->mem);
		err = -ERANGE;
	}
	if (err) {
		mem_free(hba->dev, p);
		return err;
	}
	hba->ports[index] = p;
	return 0;
}

static int ports_create(struct ahci *hba, uint32_t ports)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		int err = ports & BIT(i) ? port_create(hba, i) : 0;

		if (err)
			return err;
		nr += ports >> i & 1;
	}
	hba->depth = nr * AHCI_SLOTS_MAX < AHCI_DEPTH_MAX ? nr * AHCI_SLOTS_MAX : AHCI_DEPTH_MAX;
	hba->tags = mem_alloc(hba->dev, hba->depth, sizeof(hba->tags[0]));
	return hba->tags ? 0 : -ENOMEM;
}

static int hba_setup(struct ahci *hba)
{
	uint32_t before, ports;
	int err;

	if (hba_read(hba, HBA_VS) == GONE)
		return -ENODEV;
	firmware_handoff(hba);
	before = hba_read(hba, HBA_PI);
	err = hba_reset(hba);
	if (err) {
		dev_err(hba->dev, "the controller does not reset");
		return err;
	}
	hba->can_64bit = hba_read(hba, HBA_CAP) & CAP_64BIT;
	hba->can_ncq = hba_read(hba, HBA_CAP) & CAP_NCQ && device_param(hba->dev, "ncq", 1);
	hba->nr_slots = CAP_SLOTS(hba_read(hba, HBA_CAP));
	ports = ports_implemented(hba, before);
	return ports ? ports_create(hba, ports) : -ENODEV;
}

/* All ports at once, so that the slowest one says how long it takes. */
static void ports_find(struct ahci *hba)
{
	uint64_t end = time_now_us() + PROBE_US, pause;

	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		if (hba->ports[i])
			ahci_port_begin(hba->ports[i]);
	}
	for (pause = moving_pause_us(hba); pause && time_now_us() < end; pause = moving_pause_us(hba)) {
		time_wait_us(hba->dev, (uint32_t)pause);
		ports_step(hba);
	}
}

/* What still moves goes on by the timer, and what comes later is announced by its port. */
static void disks_announce(struct ahci *hba)
{
	hba->running = true;
	hba_write(hba, HBA_IS, GONE);
	hba_write(hba, HBA_GHC, GHC_AHCI | GHC_IRQ);
	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		if (hba->ports[i])
			ahci_port_announce(hba->ports[i]);
	}
	hba->announced = true;
	timer_set(hba->dev, 0, TIMER_US);
}

/* ---- The end ---- */

static bool ports_quiet(void *arg)
{
	const struct ahci *hba = arg;

	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		if (hba->ports[i] && port_read(hba->ports[i], PORT_CMD) & (CMD_CR | CMD_FR))
			return false;
	}
	return true;
}

static void ports_update(struct ahci *hba, uint32_t clear)
{
	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		if (!hba->ports[i])
			continue;
		port_write(hba->ports[i], PORT_IE, 0);
		port_update(hba->ports[i], PORT_CMD, clear, 0);
	}
}

static bool engines_quiet(void *arg)
{
	const struct ahci *hba = arg;

	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		if (hba->ports[i] && port_read(hba->ports[i], PORT_CMD) & CMD_CR)
			return false;
	}
	return true;
}

/* Engines first, then what they receive into; a reset when they will not. */
static int hba_quiet(struct ahci *hba)
{
	int err;

	hba_write(hba, HBA_GHC, GHC_AHCI);
	ports_update(hba, CMD_ST);
	err = time_poll(hba->dev, engines_quiet, hba, STOP_US);
	if (!err) {
		ports_update(hba, CMD_FRE);
		err = time_poll(hba->dev, ports_quiet, hba, STOP_US);
	}
	return err ? hba_reset(hba) : 0;
}

/* Memory that a deaf controller may still write stays for the shim, which frees it after stopping the bus. */
static void hba_stop(struct ahci *hba)
{
	hba->running = false;
	if (irq_kind(hba->dev) != IRQ_KIND_NONE)
		irq_release(hba->dev);	/* first: its callback reads registers */
	timer_cancel(hba->dev, 0);
	if (hba_quiet(hba)) {
		dev_err(hba->dev, "the controller does not stop");
		return;
	}
	for (unsigned int i = 0; i < AHCI_PORTS_MAX; i++) {
		if (!hba->ports[i])
			continue;
		dma_free(&hba->ports[i]->mem);
		mem_free(hba->dev, hba->ports[i]);
	}
	mmio_unmap(&hba->regs);
	mem_free(hba->dev, hba->tags);
	mem_free(hba->dev, hba);
}

static int ahci_probe(struct device *dev)
{
	struct ahci *hba = mem_alloc(dev, 1, sizeof(*hba));
	int err;

	if (!hba)
		return -ENOMEM;
	hba->dev = dev;
	device_set_priv(dev, hba);
	err = mmio_map(dev, ABAR, 0, 0, MMIO_READ | MMIO_WRITE, &hba->regs);
	if (!err && hba->regs.length < PORTS_OFFSET + PORT_BYTES) {
		mmio_unmap(&hba->regs);
		err = -ENODEV;
	}
	if (err) {
		mem_free(dev, hba);
		return err;
	}
	err = hba_setup(hba);
	if (!err)
		err = irq_request(dev, 1);
	if (err < 0) {
		hba_stop(hba);
		return err;
	}
	ports_find(hba);
	disks_announce(hba);
	return 0;
}

static void ahci_remove(struct device *dev)
{
	block_unregister(dev);
	hba_stop(device_priv(dev));
}

static const struct block_ops ahci_ops = {
	.submit = ahci_submit,
	.commit = ahci_commit,
	.timeout = ahci_timeout,
};

DRIVER(ahci) = {
	.manifest = {
		MANIFEST_HEADER,
		.name = "ahci",
		.version = "1.0",
		.author = "The Ferry authors",
		.description = "Serial ATA controllers (AHCI)",
		.class_id = FERRY_CLASS_BLOCK,
		.needs = FERRY_NEEDS_MMIO | FERRY_NEEDS_IRQ | FERRY_NEEDS_DMA,
		.dma_bits = 64,
		.match = { MATCH_PCI_CLASS(0x010601) },
	},
	.probe = ahci_probe,
	.remove = ahci_remove,
	.irq = ahci_irq,
	.timer = ahci_timer,
	.block = &ahci_ops,
};
