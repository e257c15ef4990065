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

/* cpu_timer.c: @p used the CPU for a tick. In the timer interrupt, no locks. */
void cpu_timer_tick(struct process *p, bool user);

#endif
