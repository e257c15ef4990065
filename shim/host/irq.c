// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of the host world. Messages and edges are latched until the driver's callback ran; a line is delivered while it is high, one callback
 * at a time, and counts as a storm when nobody quiets it.
 */
#include <driver/irq.h>
#include "device.h"

static enum irq_kind kind_choose(const struct host_setup *setup)
{
	if (setup->isa_irqs)
		return IRQ_KIND_ISA;
	if (setup->msix_vectors)
		return IRQ_KIND_MSIX;
	return setup->intx ? IRQ_KIND_INTX : IRQ_KIND_NONE;
}

int irq_request(struct device *dev, unsigned int wanted)
{
	struct host_irq *irq = &dev->irq;
	enum irq_kind kind = kind_choose(&dev->setup);

	if (!dev->probing)
		host_misuse(dev, "irq_request outside probe");
	if (!(dev->driver->manifest.needs & FERRY_NEEDS_IRQ))
		return -EACCES;
	if (irq->kind != IRQ_KIND_NONE)
		return -EBUSY;
	if (kind == IRQ_KIND_NONE || !wanted)
		return -ENODEV;
	irq->kind = kind;
	irq->nr = kind == IRQ_KIND_MSIX ? dev->setup.msix_vectors : kind == IRQ_KIND_ISA ? dev->setup.isa_irqs : 1;
	if (irq->nr > wanted)
		irq->nr = wanted;
	if (irq->nr > HOST_VECTORS)
		irq->nr = HOST_VECTORS;
	memset(irq->strand, 0, sizeof(irq->strand));
	memset(irq->pending, 0, sizeof(irq->pending));
	if (dev->setup.ops && dev->setup.ops->irq_mode)
		dev->setup.ops->irq_mode(dev->setup.model, kind, irq->nr);
	return (int)irq->nr;
}

enum irq_kind irq_kind(const struct device *dev)
{
	return dev->irq.kind;
}

int irq_route(struct device *dev, unsigned int vector, unsigned int strand)
{
	if (vector >= dev->irq.nr || strand >= dev->nr_strands)
		return -EINVAL;
	dev->irq.strand[vector] = strand;
	return 0;
}

void irq_release(struct device *dev)
{
	dev->irq.kind = IRQ_KIND_NONE;
	dev->irq.nr = 0;
	if (dev->setup.ops && dev->setup.ops->irq_mode)
		dev->setup.ops->irq_mode(dev->setup.model, IRQ_KIND_NONE, 0);
}

void host_irq_raise(struct device *dev, unsigned int vector)
{
	if (vector < dev->irq.nr && (dev->irq.kind == IRQ_KIND_MSIX || dev->irq.kind == IRQ_KIND_ISA))
		dev->irq.pending[vector] = true;
}

void host_irq_level(struct device *dev, bool high)
{
	dev->irq.level = high;
	if (!high)
		dev->irq.unquieted = 0;
}

unsigned int host_irq_count(const struct device *dev, unsigned int vector)
{
	return vector < HOST_VECTORS ? dev->irq.count[vector] : 0;
}

static void vector_deliver(struct device *dev, unsigned int vector)
{
	dev->irq.count[vector]++;
	if (dev->driver->irq)
		dev->driver->irq(dev, vector);
}

static bool line_serve(struct device *dev)
{
	if (dev->irq.kind != IRQ_KIND_INTX || !dev->irq.level || dev->irq.unquieted > HOST_STORM)
		return false;
	if (dev->irq.unquieted++ == HOST_STORM) {
		dev->problems.storms++;
		return false;
	}
	vector_deliver(dev, 0);
	return true;
}

bool host_irq_serve(struct device *dev)
{
	bool served = false;

	if (!dev->bound || dev->failed)
		return false;
	for (unsigned int i = 0; i < dev->irq.nr && !dev->failed; i++) {
		if (!dev->irq.pending[i])
			continue;
		dev->irq.pending[i] = false;
		vector_deliver(dev, i);
		served = true;
	}
	return line_serve(dev) || served;
}
