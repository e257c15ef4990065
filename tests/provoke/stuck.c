// SPDX-License-Identifier: GPL-2.0
/* A thread that no signal reaches, a CPU that nobody else gets, one that hears nothing: until somebody says so (kernel/stuck.h). */
#include <asm/cpu.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/stuck.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include "provoke.h"

#define STEP_NS		(100 * NSEC_PER_MSEC)
#define MOST_NS		(25 * NSEC_PER_SEC)	/* less than a CPU may take to answer a call */

static bool was_reported(uint32_t before)
{
	return __atomic_load_n(&stuck_reports, __ATOMIC_ACQUIRE) != before;
}

static const char *verdict(uint32_t before)
{
	return was_reported(before) ? "it was reported" : "harm: nobody noticed";
}

struct wait_end {
	struct timer timer;
	struct thread *thread;
	uint32_t before;
	time_ns_t end;
};

static void wait_end(struct timer *timer)
{
	struct wait_end *w = container_of(timer, struct wait_end, timer);

	if (was_reported(w->before) || time_now() > w->end)
		sched_wake(w->thread);
	else
		timer_arm(timer, time_now() + STEP_NS);
}

static const char *__attribute__((noinline)) wait_without_signals(uint64_t user)
{
	struct wait_end w = { .thread = current, .before = stuck_reports, .end = time_now() + MOST_NS };

	timer_init(&w.timer, wait_end);
	sleep_prepare(false);
	timer_arm(&w.timer, time_now() + STEP_NS);
	schedule_timeout(TIME_FOREVER);
	timer_disarm(&w.timer);
	return verdict(w.before);
}

static const char *__attribute__((noinline)) keep_cpu(uint64_t user)
{
	uint32_t before = stuck_reports;
	time_ns_t end = time_now() + MOST_NS;

	preempt_disable();
	while (time_now() < end && !was_reported(before))
		cpu_relax();
	preempt_enable();
	return verdict(before);
}

static const char *__attribute__((noinline)) hear_nothing(uint64_t user)
{
	uint32_t before = stuck_reports;
	time_ns_t end = time_now() + MOST_NS;
	uint64_t flags = irq_save();

	while (time_now() < end && !was_reported(before))
		cpu_relax();
	irq_restore(flags);
	return verdict(before);
}

const struct provocation provoke_stuck[] = {
	{ "wait_without_signals", wait_without_signals },
	{ "keep_cpu", keep_cpu },
	{ "hear_nothing", hear_nothing },
	{ NULL, NULL },
};
