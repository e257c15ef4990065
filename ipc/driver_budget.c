// SPDX-License-Identifier: GPL-2.0
/*
 * The call on budgets, and BUDGET handles: the right to look at or to set what one device's driver may use, apart from all other rights
 * over it. A BUDGET handle is of the device, not of a binding: limits stay when drivers come and go.
 */
#include <kernel/handle.h>
#include <kernel/process.h>
#include <mm/space.h>
#include <mm/user.h>
#include "moved.h"

#define CPU_PERIOD_MIN_US	1000u
#define CPU_PERIOD_MAX_US	1000000u
#define SET_ALL			((1u << FERRY_BUDGET_KINDS) - 1)

static void budget_hold(void *object)
{
	device_get(object);
}

static void budget_drop(void *object)
{
	device_put(object);
}

static const struct handle_ops budget_ops = { .get = budget_hold, .put = budget_drop };

int budget_handle(struct device *dev)
{
	const struct handle from = {
		.kind = FERRY_HANDLE_BUDGET, .rights = FERRY_RIGHT_READ | FERRY_RIGHT_WRITE, .object = dev, .ops = &budget_ops,
	};

	device_get(dev);
	return handle_give(handle_create(&from, NULL));
}

static int limits_check(const struct ferry_budget *b)
{
	if (b->set & ~SET_ALL)
		return -EINVAL;
	if (!(b->set & 1u << FERRY_BUDGET_CPU) || !b->items[FERRY_BUDGET_CPU].limit)
		return 0;
	if (b->cpu_period_us < CPU_PERIOD_MIN_US || b->cpu_period_us > CPU_PERIOD_MAX_US)
		return -EINVAL;
	return b->items[FERRY_BUDGET_CPU].limit <= b->cpu_period_us ? 0 : -EINVAL;
}

int moved_budget(struct moved *m)
{
	struct space *s = process_space_get(m->process);
	uint64_t limit = m->dev->budget.items[FERRY_BUDGET_MEMORY].limit, kept = kept_memory_pages(m->dev);
	int err = 0;

	if (!s)
		return 0;
	WRITE_ONCE(s->limit_pages, limit > kept ? limit - kept : MIN(limit, 1ull));
	if (limit && READ_ONCE(s->nr_pages) + kept > limit) {
		budget_exceeded(m->dev, FERRY_BUDGET_MEMORY);
		err = -EDQUOT;
	}
	space_put(s);
	return err;
}

static void limits_set(struct device *dev, const struct ferry_budget *b)
{
	struct moved *m;

	if (b->set & 1u << FERRY_BUDGET_CPU)
		WRITE_ONCE(dev->budget.cpu_period_us, b->cpu_period_us);
	for (unsigned int k = 0; k < FERRY_BUDGET_KINDS; k++)
		if (b->set & 1u << k)
			WRITE_ONCE(dev->budget.items[k].limit, b->items[k].limit);
	m = moved_of(dev);
	if (!m)
		return;
	(void)moved_budget(m);	/* what it has it keeps */
	throttle_update(m);
	moved_put(m);
}

static void limits_tell(const struct device *dev, struct ferry_budget *b)
{
	b->device = dev->id;
	b->cpu_period_us = READ_ONCE(dev->budget.cpu_period_us);
	for (unsigned int k = 0; k < FERRY_BUDGET_KINDS; k++) {
		const struct budget_item *i = &dev->budget.items[k];

		b->items[k] = (struct ferry_budget_item){ READ_ONCE(i->limit), READ_ONCE(i->used), READ_ONCE(i->exceeded) };
	}
}

/* The device that is meant, with a reference; ERR_PTR. */
static struct device *budget_device(const struct ferry_budget *b)
{
	uint32_t rights = FERRY_RIGHT_READ | (b->set ? FERRY_RIGHT_WRITE : 0);
	struct device *dev;
	struct handle *h;
	struct file *f;

	if (b->handle < 0) {
		if (!privileged(LINUX_CAP_SYS_ADMIN) || current_process->device)
			return ERR_PTR(-EPERM);
		dev = device_find_id(b->device);
		return dev ? dev : ERR_PTR(-ENODEV);
	}
	h = handle_get(b->handle, FERRY_HANDLE_BUDGET, rights, &f);
	if (IS_ERR(h))
		return (struct device *)h;
	dev = h->object;
	device_get(dev);
	file_put(f);
	return dev;
}

SYSCALL_FLAGS(NR_ferry_budget, ferry_budget, SYSCALL_DRIVER)
{
	struct ferry_budget b;
	struct device *dev;
	int err = abi_copy_in(&b, args->a[0], sizeof(b));

	if (!err)
		err = limits_check(&b);
	dev = err ? ERR_PTR(err) : budget_device(&b);
	if (IS_ERR(dev)) {
		if (current_process->device)
			moved_refused(current_process->device, PTR_ERR(dev));
		return PTR_ERR(dev);
	}
	if (b.set)
		limits_set(dev, &b);
	limits_tell(dev, &b);
	device_put(dev);
	return copy_to_user(args->a[0], &b, sizeof(b));
}
