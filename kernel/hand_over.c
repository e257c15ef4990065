// SPDX-License-Identifier: GPL-2.0
/*
 * Handing the CPU over late. A client that rings a driver on its own CPU and then sleeps would be left twice: for the driver at once, and again
 * when it sleeps; each time is a page table load there and one back. So a client that says that it sleeps soon goes on, and the driver
 * runs when it does. block_do() always sleeps; whether a program does that after io_submit(2) is only likely: then the driver waits
 * LATE_NS at most, and a program that did not sleep is not believed for a while, each time for longer. Where another CPU is idle the
 * driver runs there at once (kernel/balance.c). The queue's fields belong to its CPU, interrupts off.
 */
#include <kernel/hand_over.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include "run_queue.h"

#define LATE_NS		(500 * NSEC_PER_USEC)
#define DOUBTS_FIRST	128	/* submissions for which a program is not believed */
#define DOUBTS_MAX	8192

static struct timer late_timers[CPUS_MAX];

static bool driver_waits(const struct run_queue *rq)
{
	return !list_empty(&rq->rt);
}

void hand_over_now(void)
{
	uint64_t flags = irq_save();
	struct cpu *cpu = this_cpu();

	current->sleeps_soon = false;
	if (driver_waits(cpu->sched))
		cpu->need_resched = 1;
	irq_restore(flags);
	preempt_disable();
	preempt_enable();
}

/* It did not sleep. In the timer interrupt. */
static void late(struct timer *t)
{
	struct run_queue *rq = this_cpu()->sched;
	time_ns_t due = rq->late_ns;

	if (!due || !current->sleeps_soon || !driver_waits(rq))
		return;
	if (due > time_now()) {
		timer_arm(t, due);
		return;
	}
	current->sleeps_soon = false;
	current->doubt_next = (uint16_t)MIN(MAX(2u * current->doubt_next, DOUBTS_FIRST), DOUBTS_MAX);
	current->doubts = current->doubt_next;
	rq->late_ns = 0;
	rq->cpu->need_resched = 1;
}

void hand_over_on_sleep(void)
{
	struct thread *t = current;
	struct run_queue *rq;
	uint64_t flags;

	if (t->doubts) {
		t->doubts--;
		hand_over_now();
		return;
	}
	flags = irq_save();
	rq = this_cpu()->sched;
	t->sleeps_soon = driver_waits(rq);
	if (t->sleeps_soon && !rq->late_ns) {
		rq->late_ns = time_now() + LATE_NS;
		if (!late_timers[rq->cpu->id].armed)
			timer_arm(&late_timers[rq->cpu->id], rq->late_ns);
	}
	irq_restore(flags);
}

static int hand_over_init(void)
{
	for (unsigned int i = 0; i < CPUS_MAX; i++)
		timer_init(&late_timers[i], late);
	return 0;
}
INITCALL("1core", hand_over_init);
