/* SPDX-License-Identifier: GPL-2.0 */
/* Between kernel/thread.c and kernel/sched.c. */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include <kernel/thread.h>

/* What thread_set_sched() does to a thread that is in no queue. */
void sched_apply(struct thread *t, const struct sched_params *p);
/* load.c: from the tick of a busy CPU. */
void load_tick(time_ns_t now);
/* Whose tick was it that found @t? In the timer interrupt. */
void load_book_tick(struct cpu *cpu, struct thread *t);

/* A new thread becomes ready. */
void sched_enter(struct thread *t);
/* The current thread is dead: never chosen again, one reference less once it is off its stack. */
void sched_leave(void) __noreturn;
/* Off the CPU unless somebody has woken the current thread since sleep_prepare(). */
void sched_block(void);
/* thread.c: with a stack, without a number. NULL when out of memory. */
struct thread *thread_alloc(const char *name, enum sched_class sclass);

/* sched_policy.c: the CPU share in the fair class; how much of a period real-time threads may have of a CPU. */
#define WEIGHT_0	1024u
uint32_t sched_weight(const struct sched_params *p);
extern time_ns_t rt_period_ns, rt_runtime_ns;
extern uint32_t rr_slice_ticks;	/* of SCHED_RR; relaxed atomic */

/* deadline.c. What sched_setattr(2) says of a SCHED_DEADLINE thread: ns, and LINUX_SCHED_FLAG_RECLAIM and _DL_OVERRUN. */
struct deadline_params {
	uint64_t runtime, deadline, period, flags;
};
#define RT_PRIORITY_DEADLINE	100	/* before all that programs can have otherwise */
/*
 * Before @t becomes a SCHED_DEADLINE thread, or one with other parameters, and when it is one no more. One call at a time for a thread.
 * -EBUSY: more than all CPUs have for real time; -ENOMEM.
 */
int deadline_ask(struct thread *t, const struct deadline_params *p);
void deadline_give_up(struct thread *t);
void deadline_free(struct thread *t);
/* What was asked for last. */
struct deadline_params deadline_params(const struct thread *t);
/* Is what was promised still less than that much? */
bool deadline_leaves_room(time_ns_t rt_runtime, time_ns_t rt_period);

/* cpu_timer.c: @p used the CPU for a tick. In the timer interrupt, no locks. */
void cpu_timer_tick(struct process *p, bool user);

#endif
