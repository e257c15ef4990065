// SPDX-License-Identifier: GPL-2.0
/*
 * Load averages: every five seconds the number of threads that run or are ready goes into three exponential means. No timer keeps an
 * idle machine awake for that: the tick of a busy CPU takes the sample, and periods that nobody saw count as idle. Each tick is booked whole to
 * what it found. Left out: threads that wait for a disk. Lock: load_lock.
 */
#include <asm/clock.h>
#include <kernel/cgroup.h>
#include <kernel/lock.h>
#include <kernel/process.h>
#include "run_queue.h"
#include "sched.h"

#define PERIOD		(5 * NSEC_PER_SEC)
#define PERIODS_MAX	2000u	/* after that many idle ones nothing is left of any load */

static struct spinlock load_lock = SPINLOCK_INIT("load");
static time_ns_t next_sample = PERIOD;
static uint32_t loads[3];
/* LOAD_ONE * exp(-5 s / 1, 5, 15 minutes) */
static const uint32_t decay[3] = { 1884, 2014, 2037 };

static uint32_t active_now(void)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < nr_cpus; i++)
		n += READ_ONCE(run_queues[i].nr_ready) + (READ_ONCE(cpus[i].thread) != cpus[i].idle);
	return n;
}

/* Rounded up while it rises, so that a steady load is reached. */
static uint32_t mean(uint32_t load, uint32_t factor, uint32_t active)
{
	uint64_t sum = (uint64_t)load * factor + (uint64_t)active * (LOAD_ONE - factor);

	return (uint32_t)((sum + (active >= load ? LOAD_ONE - 1 : 0)) / LOAD_ONE);
}

static void sample(uint32_t active)
{
	for (unsigned int i = 0; i < 3; i++)
		loads[i] = mean(loads[i], decay[i], active);
}

/* load_lock held. Of periods that went by unseen the last is the one that ends now. */
static void catch_up(time_ns_t now, uint32_t active)
{
	uint64_t periods;

	if (now < next_sample)
		return;
	periods = (now - next_sample) / PERIOD + 1;
	next_sample += periods * PERIOD;
	for (uint64_t i = 1; i < MIN(periods, (uint64_t)PERIODS_MAX); i++)
		sample(0);
	sample(active);
}

void load_tick(time_ns_t now)
{
	uint64_t flags;

	if (likely(now < READ_ONCE(next_sample)))
		return;
	flags = spin_lock_irq(&load_lock);
	catch_up(now, active_now() * LOAD_ONE);
	spin_unlock_irq(&load_lock, flags);
}

void load_averages(uint32_t load[3])
{
	uint64_t flags = spin_lock_irq(&load_lock);

	catch_up(time_now(), active_now() * LOAD_ONE);
	memcpy(load, loads, sizeof(loads));
	spin_unlock_irq(&load_lock, flags);
}

void load_book_tick(struct cpu *cpu, struct thread *t)
{
	if (!t->process || t->syscall_nr != -1)
		cpu->system_ns += CLOCK_TICK_NS;
	else if (t->nice > 0)
		cpu->nice_ns += CLOCK_TICK_NS;
	if (!t->process || t->syscall_nr == -1)
		return;
	t->system_ns += CLOCK_TICK_NS;
	__atomic_fetch_add(&t->process->system_ns, CLOCK_TICK_NS, __ATOMIC_RELAXED);
	if (unlikely(t->group))
		cgroup_charge_system(t->group, CLOCK_TICK_NS);
}
