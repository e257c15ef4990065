// SPDX-License-Identifier: GPL-2.0
/*
 * One-shot timers: a heap by deadline for each CPU, run from its timer interrupt (arch/x86/timer.c). A timer waits on the CPU that armed
 * it. Each queue has a lock, which is not held while a callback runs; no two of them are held together.
 */
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/smp.h>
#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <kernel/time.h>

struct timer_queue {
	struct spinlock lock;
	struct heap timers;
	struct timer *running;		/* whose callback the CPU is in */
};

static struct timer_queue queues[CPUS_MAX] = { [0 ... CPUS_MAX - 1] = { .lock = SPINLOCK_INIT("timers") } };

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	*t = (struct timer){ .fn = fn };
}

/* The queue that @t waits in, or waited in last, locked. */
static struct timer_queue *queue_lock(struct timer *t, uint64_t *flags) __acquires(&queues->lock)
{
	for (;;) {
		uint32_t cpu = READ_ONCE(t->cpu);
		struct timer_queue *q = &queues[cpu];

		*flags = spin_lock_irq(&q->lock);
		if (READ_ONCE(t->cpu) == cpu)
			return q;
		spin_unlock_irq(&q->lock, *flags);
	}
}

/* q->lock held. */
static bool take_out(struct timer_queue *q, struct timer *t)
{
	if (!t->armed)
		return false;
	heap_remove(&q->timers, &t->node);
	t->armed = false;
	return true;
}

/* Take @t out of where it waits and make this CPU's queue, locked, its own. */
static struct timer_queue *queue_claim(struct timer *t, uint64_t *flags) __acquires(&queues->lock)
{
	struct timer_queue *q = queue_lock(t, flags), *here = &queues[this_cpu()->id];

	take_out(q, t);
	while (q != here) {
		WRITE_ONCE(t->cpu, (uint32_t)(here - queues));
		spin_unlock_irq(&q->lock, *flags);
		q = queue_lock(t, flags);
		take_out(q, t);
		here = &queues[this_cpu()->id];
	}
	return q;
}

void timer_arm(struct timer *t, time_ns_t deadline)
{
	uint64_t flags;
	struct timer_queue *q = queue_claim(t, &flags);

	t->deadline = deadline;
	t->node.key = deadline;
	t->armed = true;
	heap_insert(&q->timers, &t->node);
	if (q->timers.root == &t->node)
		clock_program(deadline);
	spin_unlock_irq(&q->lock, flags);
}

/* Is another CPU in @t's callback? */
static bool runs_elsewhere(const struct timer *t)
{
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (i != this_cpu()->id && __atomic_load_n(&queues[i].running, __ATOMIC_ACQUIRE) == t)
			return true;
	return false;
}

/* A callback may arm its timer again: it is taken out once more after the callback has ended. */
bool timer_disarm(struct timer *t)
{
	uint64_t flags;
	struct timer_queue *q = queue_lock(t, &flags);
	bool was_armed = take_out(q, t);

	while (runs_elsewhere(t)) {
		spin_unlock_irq(&q->lock, flags);
		cpu_relax();
		smp_poll();
		q = queue_lock(t, &flags);
		was_armed |= take_out(q, t);
	}
	spin_unlock_irq(&q->lock, flags);
	return was_armed;
}

uint64_t period_next(uint64_t due, uint64_t interval, uint64_t now, uint64_t *missed)
{
	*missed = now > due ? (now - due) / interval : 0;
	due += *missed * interval;
	return interval > TIME_FOREVER - due ? TIME_FOREVER : due + interval;
}

static struct timer *first_timer(const struct timer_queue *q)
{
	return q->timers.root ? container_of(q->timers.root, struct timer, node) : NULL;
}

time_ns_t timers_run(time_ns_t now)
{
	struct timer_queue *q = &queues[this_cpu()->id];
	uint64_t flags = spin_lock_irq(&q->lock);
	time_ns_t next;
	struct timer *t;

	while ((t = first_timer(q)) && t->deadline <= now) {
		take_out(q, t);
		WRITE_ONCE(q->running, t);
		spin_unlock(&q->lock);
		t->fn(t);	/* may free it */
		spin_lock(&q->lock);
		__atomic_store_n(&q->running, NULL, __ATOMIC_RELEASE);
	}
	next = t ? t->deadline : TIME_FOREVER;
	spin_unlock_irq(&q->lock, flags);
	return next;
}
