// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel world: interrupts of devices (<driver/irq.h>), and the part that both placements share (device_irq_*). A device with legacy lines
 * of its own (ISA) gets those; another MSI-X, else MSI, else its pin's line. A pin's line of a process is kept quiet until it acknowledges:
 * by the function's INTx disable bit where that works, so that neighbours on the line live on, else by leaving the line masked.
 */
#include <asm/irq.h>
#include <driver/irq.h>
#include <kernel/cpu.h>
#include <kernel/device.h>
#include <kernel/driver_time.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/pci.h>
#include <kernel/trace.h>
#include <mm/slab.h>

#define DEVICE_VECTORS_MAX	32u
#define WINDOW_NS		(100 * NSEC_PER_MSEC)	/* interrupts are counted for so long */
#define WINDOWS_PER_S		10u
#define POLL_NS			(10 * NSEC_PER_MSEC)
#define POLLS			100u	/* then the interrupts are tried again */

struct device_vector {
	struct device_irqs *irqs;
	unsigned int index;
	int cpu_vector;		/* MSI and MSI-X */
	uint64_t address;	/* likewise: its message */
	uint32_t data;
	int cookie;		/* ISA: of the vector's own line */
	bool level;		/* ISA: as an override of the firmware may say */
	bool waiting;		/* ISA: a level line is masked until device_irq_ack() */
	unsigned int strand;	/* kernel placement */
};

struct device_irqs {
	struct device *dev;
	enum irq_kind kind;
	unsigned int count;
	void (*fn)(void *arg, unsigned int vector);
	void *arg;
	int cookie;		/* of the line */
	bool can_disable;	/* the INTx disable bit works */
	struct spinlock lock;	/* guards waiting, and the disable bit that goes with it */
	bool waiting;		/* the line is quiet until device_irq_ack() */
	time_ns_t window_ns;	/* the budget's count began then */
	uint32_t in_window;
	bool polled;		/* more came than the budget allows: masked, and the driver asked by a timer */
	bool ended;		/* masked for good */
	uint32_t polls_left;
	struct timer poll;
	struct device_vector vectors[DEVICE_VECTORS_MAX];
};

/* ---- More interrupts than the budget allows: not for ISA lines, nor for pins that cannot be quieted at the function ---- */

/* lock held. MSI off would raise the pin instead, but that was disabled when MSI was enabled. */
static void sources_mask(struct device_irqs *irqs, bool masked)
{
	struct pci_function *f = irqs->dev->pci;
	unsigned int i;

	if (irqs->kind == IRQ_KIND_MSIX)
		for (i = 0; i < irqs->count; i++)
			pci_msix_set(f, i, irqs->vectors[i].address, irqs->vectors[i].data, masked);
	else if (irqs->kind == IRQ_KIND_MSI && masked)
		pci_msi_disable(f);
	else if (irqs->kind == IRQ_KIND_MSI)
		(void)pci_msi_enable(f, irqs->vectors[0].address, irqs->vectors[0].data);
	else if (irqs->can_disable)
		pci_intx_set(f, !masked && !irqs->waiting);
}

/* lock held. Has this one been too much? */
static bool count_exceeds(struct device_irqs *irqs, uint64_t limit, time_ns_t now)
{
	if (now - irqs->window_ns >= WINDOW_NS) {
		irqs->dev->budget.items[FERRY_BUDGET_IRQS].used = (uint64_t)irqs->in_window * WINDOWS_PER_S;
		irqs->window_ns = now;
		irqs->in_window = 0;
	}
	return ++irqs->in_window > MAX(limit / WINDOWS_PER_S, 1ull);
}

static void irq_count(struct device *dev, unsigned int vector)
{
	TRACE(INTERRUPT, DEVICE_IRQ, dev->id, vector);
	dev->counters.irqs++;
}

/* Each interrupt that was told passes here. */
static void budget_count(struct device_irqs *irqs)
{
	uint64_t limit = budget_limit(irqs->dev, FERRY_BUDGET_IRQS), flags;
	bool storm;

	if (limit == UINT64_MAX || irqs->kind == IRQ_KIND_ISA || (irqs->kind == IRQ_KIND_INTX && !irqs->can_disable))
		return;
	flags = spin_lock_irq(&irqs->lock);
	storm = count_exceeds(irqs, limit, time_now()) && !irqs->polled && !irqs->ended;
	if (storm) {
		irqs->polled = true;
		irqs->polls_left = POLLS;
		sources_mask(irqs, true);
		timer_arm(&irqs->poll, time_now() + POLL_NS);
	}
	spin_unlock_irq(&irqs->lock, flags);
	if (storm)
		budget_exceeded(irqs->dev, FERRY_BUDGET_IRQS);
}

/* The driver is asked as if all its interrupts had come; after a while they may. */
static void storm_poll(struct timer *t)
{
	struct device_irqs *irqs = container_of(t, struct device_irqs, poll);
	uint64_t flags;

	for (unsigned int i = 0; i < irqs->count; i++)
		irqs->fn(irqs->arg, i);
	flags = spin_lock_irq(&irqs->lock);
	if (irqs->ended) {
		irqs->polled = false;
	} else if (--irqs->polls_left) {
		timer_arm(t, time_now() + POLL_NS);
	} else {
		irqs->polled = false;
		irqs->in_window = 0;
		irqs->window_ns = time_now();
		sources_mask(irqs, false);
	}
	spin_unlock_irq(&irqs->lock, flags);
}

/* ---- Arrival ---- */

static void vector_arrived(void *arg)
{
	struct device_vector *v = arg;
	struct device_irqs *irqs = v->irqs;

	irq_count(irqs->dev, v->index);
	irqs->fn(irqs->arg, v->index);
	budget_count(irqs);
}

static enum irq_result driver_irq(struct device *dev, struct device_vector *v)
{
	struct strand *s = &dev->strands[v->strand];
	enum irq_result result = IRQ_NONE;

	strand_lock(s);
	if (trace_on(FERRY_TRACE_DRIVER))
		TRACE_CALL(trace_driver, dev, FERRY_TRACE_IRQ, v->index, 0);
	driver_enter(s);
	if (!dev->faulted && dev->driver && dev->driver->irq)
		result = dev->driver->irq(dev, v->index);
	driver_leave(s);
	strand_unlock(s);
	if (result == IRQ_NONE)
		dev->counters.irqs_spurious++;
	return result;
}

static void kernel_vector(void *arg, unsigned int vector)
{
	struct device *dev = arg;

	driver_irq(dev, &dev->irqs->vectors[vector]);
}

static enum irq_line_result moved_line(struct device_irqs *irqs)
{
	struct device *dev = irqs->dev;
	uint64_t flags = spin_lock_irq(&irqs->lock);
	bool mine = !irqs->waiting && pci_intx_pending(dev->pci);

	if (mine) {
		irqs->waiting = true;
		if (irqs->can_disable)
			pci_intx_set(dev->pci, false);
	}
	spin_unlock_irq(&irqs->lock, flags);
	if (!mine)
		return LINE_NOT_MINE;
	irq_count(dev, 0);
	irqs->fn(irqs->arg, 0);
	budget_count(irqs);
	return irqs->can_disable ? LINE_HANDLED : LINE_KEEP_MASKED;
}

static enum irq_line_result line_arrived(void *arg)
{
	struct device_irqs *irqs = arg;

	if (irqs->fn != kernel_vector)
		return moved_line(irqs);
	if (driver_irq(irqs->dev, &irqs->vectors[0]) == IRQ_NONE)
		return LINE_NOT_MINE;
	irq_count(irqs->dev, 0);
	budget_count(irqs);
	return LINE_HANDLED;
}

/*
 * A legacy line of its own. An edge is told and counted and the line stays open: it comes once, and the next only after the driver
 * quieted the device, so that there is nothing to mask and nothing to lose. A level is masked until it is acknowledged.
 */
static enum irq_line_result isa_arrived(void *arg)
{
	struct device_vector *v = arg;
	struct device_irqs *irqs = v->irqs;
	uint64_t flags;
	bool mine;

	if (irqs->fn == kernel_vector) {
		if (driver_irq(irqs->dev, v) == IRQ_NONE)
			return LINE_NOT_MINE;
		irq_count(irqs->dev, v->index);
		return LINE_HANDLED;
	}
	flags = spin_lock_irq(&irqs->lock);
	mine = !v->waiting;
	v->waiting = v->level;
	spin_unlock_irq(&irqs->lock, flags);
	if (!mine)
		return LINE_NOT_MINE;
	irq_count(irqs->dev, v->index);
	irqs->fn(irqs->arg, v->index);
	return v->level ? LINE_KEEP_MASKED : LINE_HANDLED;
}

static void isa_ack(struct device_irqs *irqs, unsigned int vector)
{
	struct device_vector *v = &irqs->vectors[vector < irqs->count ? vector : 0];
	uint64_t flags = spin_lock_irq(&irqs->lock);
	bool waited = v->waiting && vector < irqs->count;

	if (waited)
		v->waiting = false;
	spin_unlock_irq(&irqs->lock, flags);
	if (waited)
		irq_line_unmask(v->cookie);
}

void device_irq_ack(struct device *dev, unsigned int vector)
{
	struct device_irqs *irqs = dev->irqs;
	uint64_t flags;
	bool waited;

	if (irqs && irqs->kind == IRQ_KIND_ISA)
		isa_ack(irqs, vector);
	if (!irqs || irqs->kind != IRQ_KIND_INTX)
		return;
	flags = spin_lock_irq(&irqs->lock);
	waited = irqs->waiting;
	irqs->waiting = false;
	if (waited && irqs->can_disable && !irqs->polled)
		pci_intx_set(dev->pci, true);
	spin_unlock_irq(&irqs->lock, flags);
	if (waited && !irqs->can_disable)
		irq_line_unmask(irqs->cookie);
}

/* ---- Set-up ---- */

static void vectors_free(struct device_irqs *irqs)
{
	for (unsigned int i = 0; i < irqs->count; i++)
		irq_vector_free(irqs->vectors[i].cpu_vector);
	irqs->count = 0;
}

/* As many CPU vectors as there are, at most @wanted. */
static unsigned int vectors_alloc(struct device_irqs *irqs, unsigned int wanted)
{
	while (irqs->count < MIN(wanted, DEVICE_VECTORS_MAX)) {
		struct device_vector *v = &irqs->vectors[irqs->count];
		int vector = irq_vector_alloc(vector_arrived, v, irqs->dev->name);

		if (vector < 0)
			break;
		v->cpu_vector = vector;
		irqs->count++;
	}
	return irqs->count;
}

/* By custom the first vector is for the rest and the others for queues, of which each CPU uses its own. */
static unsigned int cpu_of_vector(unsigned int index)
{
	return index ? (index - 1) % nr_cpus : 0;
}

static bool msix_setup(struct device_irqs *irqs, unsigned int wanted)
{
	struct pci_function *f = irqs->dev->pci;

	if (!f->cap_msix || !vectors_alloc(irqs, MIN(wanted, f->msix_count)))
		return false;
	if (pci_msix_enable(f, irqs->count)) {
		vectors_free(irqs);
		return false;
	}
	irqs->kind = IRQ_KIND_MSIX;
	for (unsigned int i = 0; i < irqs->count; i++) {
		struct device_vector *v = &irqs->vectors[i];

		if (!irq_msi_route(f, v->cpu_vector, cpu_of_vector(i), &v->address, &v->data))
			pci_msix_set(f, i, v->address, v->data, false);
	}
	return true;
}

static bool msi_setup(struct device_irqs *irqs)
{
	struct pci_function *f = irqs->dev->pci;
	struct device_vector *v = &irqs->vectors[0];

	if (!f->cap_msi || !vectors_alloc(irqs, 1))
		return false;
	if (irq_msi_route(f, v->cpu_vector, 0, &v->address, &v->data) || pci_msi_enable(f, v->address, v->data)) {
		vectors_free(irqs);
		return false;
	}
	irqs->kind = IRQ_KIND_MSI;
	return true;
}

/* PCI 2.3 and later: does the INTx disable bit exist? */
static bool intx_can_disable(struct pci_function *f)
{
	bool works;

	pci_intx_set(f, false);
	works = pci_read(f, 0x04, 2) & 0x400;
	pci_intx_set(f, true);
	return works;
}

static bool line_setup(struct device_irqs *irqs)
{
	struct pci_function *f = irqs->dev->pci;
	int gsi = pci_intx_gsi(f);
	bool level = true, active_low = true;

	if (gsi < 0)
		return false;
	pci_intx_line(f, &gsi, &level, &active_low);
	irqs->can_disable = intx_can_disable(f);
	irqs->kind = IRQ_KIND_INTX;
	irqs->count = 1;
	irqs->cookie = irq_line_request((unsigned int)gsi, level, active_low, line_arrived, irqs, irqs->dev->name);
	if (irqs->cookie > 0)
		return true;
	log_warn("device %s: line gsi=%d refused: %d", irqs->dev->name, gsi, irqs->cookie);
	irqs->count = 0;
	return false;
}

static void isa_free(struct device_irqs *irqs)
{
	while (irqs->count)
		irq_line_free(irqs->vectors[--irqs->count].cookie);
}

/* Vector n is the device's n'th line; as many as there are, at most @wanted. */
static bool isa_setup(struct device_irqs *irqs, unsigned int wanted)
{
	const struct device *dev = irqs->dev;

	irqs->kind = IRQ_KIND_ISA;
	while (irqs->count < MIN(wanted, dev->nr_isa_irqs)) {
		struct device_vector *v = &irqs->vectors[irqs->count];
		unsigned int gsi;
		bool active_low;

		irq_isa_to_gsi(dev->isa_irqs[irqs->count], &gsi, &v->level, &active_low);
		v->cookie = irq_line_request(gsi, v->level, active_low, isa_arrived, v, dev->name);
		if (v->cookie <= 0) {
			log_warn("device %s: line gsi=%u refused: %d", dev->name, gsi, v->cookie);
			break;
		}
		irqs->count++;
	}
	return irqs->count;
}

/* "pci=nomsi" leaves the lines only, for tests and broken boards. */
static bool msi_wanted(void)
{
	char text[32];

	return !cmdline_get("pci", text, sizeof(text)) || !strstr(text, "nomsi");
}

static struct device_irqs *irqs_create(struct device *dev, void (*fn)(void *arg, unsigned int vector), void *arg)
{
	struct device_irqs *irqs = kzalloc(sizeof(*irqs));

	if (!irqs)
		return NULL;
	irqs->dev = dev;
	irqs->fn = fn;
	irqs->arg = arg;
	spin_init(&irqs->lock, "device irqs");
	timer_init(&irqs->poll, storm_poll);
	for (unsigned int i = 0; i < DEVICE_VECTORS_MAX; i++) {
		irqs->vectors[i].irqs = irqs;
		irqs->vectors[i].index = i;
	}
	return irqs;
}

static bool irqs_find(struct device_irqs *irqs, unsigned int wanted)
{
	if (irqs->dev->nr_isa_irqs)
		return isa_setup(irqs, wanted);
	return (msi_wanted() && (msix_setup(irqs, wanted) || msi_setup(irqs))) || line_setup(irqs);
}

int device_irq_setup(struct device *dev, unsigned int wanted, void (*fn)(void *arg, unsigned int vector), void *arg)
{
	struct device_irqs *irqs;

	if (!(dev->granted & FERRY_NEEDS_IRQ))
		return -EACCES;
	if (dev->irqs)
		return -EBUSY;
	if ((!dev->pci && !dev->nr_isa_irqs) || !wanted)
		return -ENODEV;
	irqs = irqs_create(dev, fn, arg);
	if (!irqs)
		return -ENOMEM;
	dev->irqs = irqs;
	if (irqs_find(irqs, wanted))
		return (int)irqs->count;
	dev->irqs = NULL;
	kfree(irqs);
	return -ENODEV;
}

/* What is masked stays so, and nothing else is from here on. */
static void storm_end(struct device_irqs *irqs)
{
	uint64_t flags = spin_lock_irq(&irqs->lock);

	irqs->ended = true;
	spin_unlock_irq(&irqs->lock, flags);
	timer_disarm(&irqs->poll);
}

void device_irq_teardown(struct device *dev)
{
	struct device_irqs *irqs = dev->irqs;

	if (!irqs)
		return;
	storm_end(irqs);
	switch (irqs->kind) {
	case IRQ_KIND_ISA:
		isa_free(irqs);
		break;
	case IRQ_KIND_MSIX:
		pci_msix_disable(dev->pci);
		vectors_free(irqs);
		break;
	case IRQ_KIND_MSI:
		pci_msi_disable(dev->pci);
		vectors_free(irqs);
		break;
	default:
		pci_intx_set(dev->pci, false);
		irq_line_free(irqs->cookie);
	}
	dev->irqs = NULL;
	kfree(irqs);
}

/* ---- The driver's calls ---- */

int irq_request(struct device *dev, unsigned int wanted)
{
	return device_irq_setup(dev, wanted, kernel_vector, dev);
}

enum irq_kind irq_kind(const struct device *dev)
{
	return dev->irqs ? dev->irqs->kind : IRQ_KIND_NONE;
}

int irq_route(struct device *dev, unsigned int vector, unsigned int strand)
{
	if (!dev->irqs || vector >= dev->irqs->count || strand >= dev->nr_strands)
		return -EINVAL;
	dev->irqs->vectors[vector].strand = strand;
	return 0;
}

void irq_release(struct device *dev)
{
	device_irq_teardown(dev);
}
