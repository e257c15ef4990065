// SPDX-License-Identifier: GPL-2.0
/*
 * User world: interrupts (<driver/irq.h>) arrive as events of the loop in bind.c. The next driver_wait acknowledges what the last one
 * told, which is when the kernel opens a level-triggered line again.
 */
#include <driver/irq.h>
#include <lib/string.h>
#include <shim/trace.h>
#include "process.h"

int irq_request(struct device *dev, unsigned int wanted)
{
	struct ferry_irq_request req = { .abi = ABI(ferry_irq_request), .wanted = wanted };
	int given = (int)driver_call(NR_ferry_irq_request, DEVICE_FD, user_address(&req), 0, 0);

	trace_note(FERRY_TRACE_IRQ_REQUEST, 0, wanted, (uint64_t)(int64_t)given);
	if (given <= 0)
		return given ? given : -ENODEV;
	dev->irq_kind = (enum irq_kind)req.kind;
	dev->nr_vectors = (unsigned int)given;
	memset(dev->routes, 0, sizeof(dev->routes));
	return given;
}

enum irq_kind irq_kind(const struct device *dev)
{
	return dev->irq_kind;
}

/* One loop runs all strands, so a route changes nothing here but what is valid. */
int irq_route(struct device *dev, unsigned int vector, unsigned int strand)
{
	if (vector >= dev->nr_vectors || strand >= dev->nr_strands)
		return -EINVAL;
	dev->routes[vector] = strand;
	return 0;
}

void irq_release(struct device *dev)
{
	driver_call(NR_ferry_irq_release, DEVICE_FD, 0, 0, 0);
	dev->nr_vectors = 0;
	dev->irq_kind = IRQ_KIND_NONE;
}
