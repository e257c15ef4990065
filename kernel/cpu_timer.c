// SPDX-License-Identifier: GPL-2.0
/*
 * Limits and timers of CPU time: ITIMER_VIRTUAL, ITIMER_PROF, RLIMIT_CPU and timers on CPU-time clocks, counted by the timer's ticks, so they
 * are as fine as a tick. Lock: one spinlock for the settings of all processes, before process->lock; those of clocks fire under it.
 */
#include <asm/clock.h>
#include <kernel/time.h>
#include "cpu_clock.h"
#include "process_internal.h"
#include "sched.h"

static struct spinlock cpu_timer_lock = SPINLOCK_INIT("cpu timers");

static bool limited(const struct process *p)
{
	if (!list_empty(&p->cpu_clock_timers) || p->cpu_timers[0].left || p->cpu_timers[1].left)
		return true;
	return p->rlimits[LINUX_RLIMIT_CPU].cur != LINUX_RLIM_INFINITY || p->rlimits[LINUX_RLIMIT_CPU].max != LINUX_RLIM_INFINITY;
}

/* Lock held. */
static void note_limited(struct process *p)
{
	WRITE_ONCE(p->cpu_limited, limited(p));
}

void cpu_limit_changed(struct process *p)
{
	uint64_t flags = spin_lock_irq(&cpu_timer_lock);

	note_limited(p);
	spin_unlock_irq(&cpu_timer_lock, flags);
}

void cpu_timer_get(unsigned int which, struct cpu_timer *to)
{
	uint64_t flags = spin_lock_irq(&cpu_timer_lock);

	*to = current_process->cpu_timers[which];
	spin_unlock_irq(&cpu_timer_lock, flags);
}

void cpu_timer_set(unsigned int which, const struct cpu_timer *to, struct cpu_timer *old)
{
	struct process *p = current_process;
	uint64_t flags = spin_lock_irq(&cpu_timer_lock);

	*old = p->cpu_timers[which];
	p->cpu_timers[which] = *to;
	note_limited(p);
	spin_unlock_irq(&cpu_timer_lock, flags);
}

void cpu_clock_arm(struct cpu_clock_timer *t, uint64_t deadline)
{
	struct process *p = t->clock.process;
	uint64_t flags = spin_lock_irq(&cpu_timer_lock);

	list_del(&t->link);
	t->deadline = deadline;
	list_append(&p->cpu_clock_timers, &t->link);
	note_limited(p);
	spin_unlock_irq(&cpu_timer_lock, flags);
}

void cpu_clock_disarm(struct cpu_clock_timer *t)
{
	uint64_t flags = spin_lock_irq(&cpu_timer_lock);

	list_del(&t->link);
	list_init(&t->link);
	if (t->clock.process)
		note_limited(t->clock.process);
	spin_unlock_irq(&cpu_timer_lock, flags);
}

/* Lock held. */
static void clock_timers_run(struct process *p)
{
	struct cpu_clock_timer *t, *next;

	list_for_each_safe(t, next, &p->cpu_clock_timers, link) {
		uint64_t again;

		if (cpu_clock_now(&t->clock) < t->deadline)
			continue;
		list_del(&t->link);
		list_init(&t->link);
		again = t->fire(t);
		if (!again)
			continue;
		t->deadline = again;
		list_append(&p->cpu_clock_timers, &t->link);
	}
}

/* Take a tick off; true when the time is up. */
static bool count_down(struct cpu_timer *t)
{
	if (!t->left)
		return false;
	if (t->left > CLOCK_TICK_NS) {
		t->left -= CLOCK_TICK_NS;
		return false;
	}
	t->left = t->interval;
	return true;
}

/* SIGXCPU at the soft limit and each second after it, SIGKILL at the hard one. */
static void limit_check(struct process *p)
{
	uint64_t seconds, soft = p->rlimits[LINUX_RLIMIT_CPU].cur, hard = p->rlimits[LINUX_RLIMIT_CPU].max;
	time_ns_t user, system;

	if (soft == LINUX_RLIM_INFINITY && hard == LINUX_RLIM_INFINITY)
		return;
	process_cpu_time(p, &user, &system);
	seconds = (user + system) / NSEC_PER_SEC;
	if (seconds >= hard) {
		signal_send_process(p, LINUX_SIGKILL, NULL);
	} else if (seconds >= soft && seconds != READ_ONCE(p->cpu_warned_s)) {
		WRITE_ONCE(p->cpu_warned_s, seconds);
		signal_send_process(p, LINUX_SIGXCPU, NULL);
	}
}

void cpu_timer_tick(struct process *p, bool user)
{
	uint64_t flags = spin_lock_irq(&cpu_timer_lock);
	bool virtual_up = user && count_down(&p->cpu_timers[0]), prof_up = count_down(&p->cpu_timers[1]);

	clock_timers_run(p);
	note_limited(p);
	spin_unlock_irq(&cpu_timer_lock, flags);
	if (virtual_up)
		signal_send_process(p, LINUX_SIGVTALRM, NULL);
	if (prof_up)
		signal_send_process(p, LINUX_SIGPROF, NULL);
	limit_check(p);
}
