/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Budgets: what the driver of a device may use, in either placement (Documentation/capabilities.md). Counted here, in struct device, so
 * that limits outlive drivers; who hands something out charges for it. kernel/budget.c.
 */
#ifndef KERNEL_BUDGET_H
#define KERNEL_BUDGET_H

#include <kernel/types.h>
#include <uapi/ferry/driver_abi.h>

struct device;

struct budget_item {
	uint64_t limit;		/* 0: none */
	uint64_t used, exceeded;	/* atomics */
	uint64_t told_ns;	/* when the log was told last */
};

struct budget {
	struct budget_item items[FERRY_BUDGET_KINDS];
	uint32_t cpu_period_us;
};

/* Take @n: 0, or -EDQUOT, and then it was counted and told in the log with the driver's name. Any context. */
int budget_charge(struct device *dev, unsigned int kind, uint64_t n);
void budget_uncharge(struct device *dev, unsigned int kind, uint64_t n);
/* Count and tell that @kind was exceeded by what is not charged: time, interrupts, memory, depth. Any context. */
void budget_exceeded(struct device *dev, unsigned int kind);
/* The limit, or UINT64_MAX. */
uint64_t budget_limit(const struct device *dev, unsigned int kind);

#endif
