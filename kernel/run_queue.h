/* SPDX-License-Identifier: GPL-2.0 */
/* Run queues, between kernel/sched.c, which runs their threads, and kernel/balance.c, which spreads them over the CPUs. */
#ifndef KERNEL_RUN_QUEUE_H
#define KERNEL_RUN_QUEUE_H

#include <asm/cpu.h>
#include <kernel/cpu.h>
#include <kernel/heap.h>
#include <kernel/lock.h>
#include <kernel/thread.h>
#include <kernel/time.h>

struct run_queue {
	struct spinlock lock;	/* without preempt_count: it is held across switches */
	/* Guarded by lock. */
	uint32_t nr_ready;
	struct list rt;
	struct heap fair;
	uint64_t min_vruntime;
	time_ns_t rt_period_start, rt_time;	/* what real-time threads had of the period */
	bool rt_throttled;		/* it was too much: fair threads first until the period is over */
	struct cpu *cpu;
	time_ns_t late_ns;	/* hand_over.c: when a driver that waits for a thread to sleep has waited enough; 0 */
	struct thread *leaving;	/* ran here to the switch under way and must go on elsewhere */
} __aligned(64);

extern struct run_queue run_queues[CPUS_MAX];

/* Interrupts off. */
static inline void queue_lock(struct run_queue *rq)
{
	spin_lock_bare(&rq->lock);
}

static inline bool queue_trylock(struct run_queue *rq)
{
	return !READ_ONCE(rq->lock.word) && spin_take(&rq->lock);
}

static inline void queue_unlock(struct run_queue *rq)
{
	spin_unlock_bare(&rq->lock);
}

static inline bool allowed_on(const struct thread *t, unsigned int cpu)
{
	return t->affinity >> cpu & 1;
}

/* sched.c. Lock held. */
void queue_insert(struct run_queue *rq, struct thread *t);
void queue_remove(struct run_queue *rq, struct thread *t);

/* balance.c; more than one CPU runs. Where @t, just woken, goes on. Interrupts off. */
unsigned int balance_choose(const struct thread *t);
/* @t, in neither queue, is of @to from now on. @from's lock is held. */
void balance_move(struct thread *t, const struct run_queue *from, const struct run_queue *to);
/* A ready thread of another CPU, out of its queue; NULL: none, and this CPU counts as idle. rq's lock is held. */
struct thread *balance_steal(struct run_queue *rq);
void balance_not_idle(unsigned int cpu);
/* From the tick: wake an idle CPU when threads wait here; take one where more wait. rq's lock is held. */
void balance_share(const struct run_queue *rq);
void balance_pull(struct run_queue *rq);

/* idle.c. Without work, until need_resched is set; interrupts off. */
void idle_wait(struct cpu *cpu);
/* Sets it, and sees to it that @cpu looks: any, this one too. */
void idle_tell(struct cpu *cpu);

#endif
