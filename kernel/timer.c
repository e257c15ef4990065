// SPDX-License-Identifier: GPL-2.0
/*
 * One-shot timers: a heap by deadline, run from the timer interrupt (arch/x86/cpu). One queue for the machine, guarded by timer_lock,
 * which is not held while a callback runs.
 */
#include <asm/clock.h>
#include <asm/cpu.h>
#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <kernel/time.h>

static struct spinlock timer_lock = SPINLOCK_INIT("timers");
static struct heap timers;
static struct timer *running[CPUS_MAX];	/* whose callback each CPU is in; guarded by timer_lock */

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	*t = (struct timer){ .fn = fn };
}

/* timer_lock held. */
static bool take_out(struct timer *t)
{
	if (!t->armed)
		return false;
	heap_remove(&timers, &t->node);
	t->armed = false;
	return true;
}

void timer_arm(struct timer *t, time_ns_t deadline)
{
	uint64_t flags = spin_lock_irq(&timer_lock);

	take_out(t);
	t->deadline = deadline;
	t->node.key = deadline;
	t->armed = true;
	heap_insert(&timers, &t->node);
	if (timers.root == &t->node)
		clock_program(deadline);
	spin_unlock_irq(&timer_lock, flags);
}

/* Is another CPU in @t's callback? */
static bool runs_elsewhere(const struct timer *t)
{
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (i != this_cpu()->id && READ_ONCE(running[i]) == t)
			return true;
	return false;
}

bool timer_disarm(struct timer *t)
{
	uint64_t flags = spin_lock_irq(&timer_lock);
	bool was_armed = take_out(t);

	while (runs_elsewhere(t)) {
		spin_unlock_irq(&timer_lock, flags);
		cpu_relax();
		flags = spin_lock_irq(&timer_lock);
		was_armed |= take_out(t);
	}
	spin_unlock_irq(&timer_lock, flags);
	return was_armed;
}

static struct timer *first_timer(void)
{
	return timers.root ? container_of(timers.root, struct timer, node) : NULL;
}

time_ns_t timers_run(time_ns_t now)
{
	uint64_t flags = spin_lock_irq(&timer_lock);
	unsigned int cpu = this_cpu()->id;
	time_ns_t next;
	struct timer *t;

	while ((t = first_timer()) && t->deadline <= now) {
		take_out(t);
		running[cpu] = t;
		spin_unlock(&timer_lock);
		t->fn(t);	/* may free it */
		spin_lock(&timer_lock);
		running[cpu] = NULL;
	}
	next = t ? t->deadline : TIME_FOREVER;
	spin_unlock_irq(&timer_lock, flags);
	return next;
}
