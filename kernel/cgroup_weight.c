// SPDX-License-Identifier: GPL-2.0
/*
 * What a control group has of the CPUs when others want them too (cpu.weight). A group counts among its siblings, and beside the threads that
 * are directly in its parent, as one thread of its weight, and what it has is divided by the weights of what is ready in it. So virtual time
 * goes the faster for a thread the more it shares with. The scheduler keeps the sums, over all CPUs: how work is spread over them is not changed.
 * Lock: weight_lock, inside those of run queues, interrupts off.
 */
#include <asm/cpu.h>
#include <kernel/cpu.h>
#include <uapi/ferry/linux_process.h>
#include "cgroup_internal.h"
#include "sched.h"

#define VIRTUAL_MAX	(1ull << 40)	/* ns that one step may seem; keeps products in 64 bits */

static struct spinlock weight_lock = SPINLOCK_INIT("cgroup weights");

static uint64_t weight_of(const struct cgroup *g)
{
	return (uint64_t)g->weight * WEIGHT_0 / CGROUP_WEIGHT_DEFAULT;
}

/* @g's part changes by @delta: from and to nothing its group's parent has one more or one fewer to divide by. */
static void load_add(struct cgroup *g, int64_t delta)
{
	while (g) {
		uint64_t before = g->load;

		WRITE_ONCE(g->load, before + (uint64_t)delta);
		if (!before == !g->load)
			break;
		if (g->load)
			g->counted_weight = weight_of(g);
		delta = g->load ? (int64_t)g->counted_weight : -(int64_t)g->counted_weight;
		g = g->parent;
	}
}

void cgroup_count_ready(struct thread *t, bool ready)
{
	uint32_t weight = ready ? t->weight : 0;

	if (t->group_weight == weight)
		return;
	spin_lock_bare(&weight_lock);
	load_add(t->group, (int64_t)weight - t->group_weight);
	spin_unlock_bare(&weight_lock);
	t->group_weight = weight;
}

uint64_t cgroup_weighted(struct thread *t, uint64_t ns)
{
	uint64_t v = ns * WEIGHT_0 / t->weight;

	if (t->group_weight)
		cgroup_count_ready(t, true);	/* its own weight may have changed */
	for (const struct cgroup *g = t->group; g; g = g->parent)
		v = MIN(v, VIRTUAL_MAX) * MIN(READ_ONCE(g->load), VIRTUAL_MAX >> 17) / (READ_ONCE(g->counted_weight) + !g->counted_weight);
	return MIN(v, VIRTUAL_MAX);
}

uint32_t cgroup_weight_of_nice(int nice)
{
	struct sched_params p = { .policy = LINUX_SCHED_OTHER, .nice = (int8_t)nice };

	return MAX((sched_weight(&p) * CGROUP_WEIGHT_DEFAULT + WEIGHT_0 / 2) / WEIGHT_0, 1u);
}

void cgroup_set_weight(struct cgroup *g, uint32_t weight)
{
	uint64_t flags = irq_save();

	spin_lock_bare(&weight_lock);
	g->weight = weight;
	if (g->load) {
		uint64_t before = g->counted_weight;

		WRITE_ONCE(g->counted_weight, weight_of(g));
		load_add(g->parent, (int64_t)(g->counted_weight - before));
	}
	spin_unlock_bare(&weight_lock);
	irq_restore(flags);
}
