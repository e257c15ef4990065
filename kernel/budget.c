// SPDX-License-Identifier: GPL-2.0
/*
 * Budgets of drivers: the counts, the limits, and how both are seen. What happens to who exceeds one is elsewhere: ipc/throttle.c (CPU),
 * mm/fault.c (memory), kernel/irq_storm.c (interrupts). Everything is atomic; a race may let one charge more be refused, never one fewer.
 */
#include <fs/node.h>
#include <kernel/device.h>
#include <kernel/init.h>
#include <kernel/log.h>

static const char *const names[FERRY_BUDGET_KINDS] = {
	[FERRY_BUDGET_CPU] = "cpu", [FERRY_BUDGET_MEMORY] = "memory", [FERRY_BUDGET_DMA] = "dma", [FERRY_BUDGET_HANDLES] = "handles",
	[FERRY_BUDGET_IRQS] = "irqs", [FERRY_BUDGET_DEPTH] = "depth",
};

uint64_t budget_limit(const struct device *dev, unsigned int kind)
{
	uint64_t limit = READ_ONCE(dev->budget.items[kind].limit);

	return limit ? limit : UINT64_MAX;
}

/* One line a second for each kind, whatever else the driver says. */
void budget_exceeded(struct device *dev, unsigned int kind)
{
	struct budget_item *i = &dev->budget.items[kind];
	uint64_t told = READ_ONCE(i->told_ns), now = time_now();

	__atomic_fetch_add(&i->exceeded, 1, __ATOMIC_RELAXED);
	if (told && now - told < NSEC_PER_SEC)
		return;
	if (__atomic_compare_exchange_n(&i->told_ns, &told, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		log_warn("%s %s: budget exceeded: %s limit=%llu", dev->driver_name, dev->name, names[kind], (unsigned long long)i->limit);
}

int budget_charge(struct device *dev, unsigned int kind, uint64_t n)
{
	struct budget_item *i = &dev->budget.items[kind];

	if (__atomic_add_fetch(&i->used, n, __ATOMIC_RELAXED) <= budget_limit(dev, kind))
		return 0;
	__atomic_fetch_sub(&i->used, n, __ATOMIC_RELAXED);
	budget_exceeded(dev, kind);
	return -EDQUOT;
}

void budget_uncharge(struct device *dev, unsigned int kind, uint64_t n)
{
	__atomic_fetch_sub(&dev->budget.items[kind].used, n, __ATOMIC_RELAXED);
}

static bool budget_line(struct device *dev, void *arg)
{
	const struct budget *b = &dev->budget;

	if (!dev->driver_name[0])
		return true;
	for (unsigned int k = 0; k < FERRY_BUDGET_KINDS; k++) {
		const struct budget_item *i = &b->items[k];

		seq_printf(arg, "%-14s %-16s %-8s %llu %llu %llu\n", dev->name, dev->driver_name, names[k], (unsigned long long)i->used,
			   (unsigned long long)i->limit, (unsigned long long)READ_ONCE(i->exceeded));
	}
	seq_printf(arg, "%-14s %-16s refused  %llu 0 %llu\n", dev->name, dev->driver_name, (unsigned long long)dev->counters.refused,
		   (unsigned long long)dev->counters.refused);
	seq_printf(arg, "%-14s %-16s denied   %llu 0 %llu\n", dev->name, dev->driver_name, (unsigned long long)dev->counters.denied_calls,
		   (unsigned long long)dev->counters.denied_calls);
	return true;
}

static void budgets_show(struct seq *s, void *priv)
{
	seq_puts(s, "DEVICE         DRIVER           BUDGET   USED LIMIT EXCEEDED\n");
	device_for_each(budget_line, s);
}

static int budget_init(void)
{
	return proc_create("ferry/budgets", 0444, budgets_show, NULL);
}
INITCALL("4class", budget_init);
