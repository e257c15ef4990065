/* SPDX-License-Identifier: GPL-2.0 */
/* Clocks of CPU time and timers on them: cpu_clock.c and, driven by the timer's tick, cpu_timer.c. */
#ifndef KERNEL_CPU_CLOCK_H
#define KERNEL_CPU_CLOCK_H

#include <kernel/process.h>

struct cpu_clock {
	struct process *process;	/* counted */
	struct thread *thread;		/* counted: its time alone; NULL: the whole process's */
	unsigned int which;		/* LINUX_CPUCLOCK_* */
};

/* What @clock (LINUX_CLOCK_*_CPUTIME_ID or negative) means to the caller: 0 or -EINVAL. May not be called in interrupts. */
int cpu_clock_get(int clock, struct cpu_clock *c);
/* Harmless on one that is all zero. */
void cpu_clock_put(struct cpu_clock *c);
/* ns so far. Any context. */
uint64_t cpu_clock_now(const struct cpu_clock *c);
/* Sleep until it says @deadline, interruptibly. 0 or -EINTR. */
int cpu_clock_sleep(const struct cpu_clock *c, uint64_t deadline);

struct cpu_clock_timer {
	struct list link;		/* list_init() first */
	struct cpu_clock clock;
	uint64_t deadline;		/* ns of that clock */
	/* In the timer interrupt, the timers' lock held: signals and wake-ups only. The next deadline, 0: none. */
	uint64_t (*fire)(struct cpu_clock_timer *t);
};

/* (Re)arm; fires at the next tick of the clock's owner that finds it due. */
void cpu_clock_arm(struct cpu_clock_timer *t, uint64_t deadline);
/* @fire does not run after this. */
void cpu_clock_disarm(struct cpu_clock_timer *t);

#endif
