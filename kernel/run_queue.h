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
	uint8_t urgency;		/* with the next one for balance.c: the priority of the real-time thread chosen last */
	const struct thread *rt_chosen;	/* compared, never followed */
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

/* sched.c. Lock held. A SCHED_DEADLINE thread without runtime is throttled instead. */
void queue_insert(struct run_queue *rq, struct thread *t);
void queue_remove(struct run_queue *rq, struct thread *t);
/* The queue of @t, locked. Interrupts off. */
struct run_queue *thread_queue_lock(const struct thread *t);
/* @t, throttled, may run again. Takes over the lock of @rq, its queue. */
void sched_release(struct run_queue *rq, struct thread *t);

/* sched_rt.c. Lock held. @t, of the real-time class, is ready; or throttled, if it is a SCHED_DEADLINE thread without runtime. */
void rt_insert(struct run_queue *rq, struct thread *t);
/* One of the real-time threads, of which there is one; else @fair, or NULL. It runs next: the caller takes it out of the queue. */
struct thread *rt_pick(struct run_queue *rq, struct thread *fair);
/* Does one of them run before @fair, which has the CPU? */
bool rt_is_next(struct run_queue *rq, const struct thread *fair);
/* Does @t take the CPU from @running? One of the two is real time's. */
bool rt_preempts(struct run_queue *rq, const struct thread *t, const struct thread *running);
/* @t ran for @delta. */
void rt_account(struct run_queue *rq, struct thread *t, time_ns_t delta, time_ns_t now);
/* The tick of @t: is its slice over, or its part of the period while a fair thread waits? */
void rt_tick(struct run_queue *rq, struct thread *t, const struct thread *fair);

/* deadline.c, of SCHED_DEADLINE threads. Lock held. It becomes ready. */
void deadline_wake(struct thread *t);
/* May it go into the queue? Else it is throttled, and comes back by itself. */
bool deadline_enter(struct thread *t);
/* It was chosen to run, it ran for @ns, it gives away the rest of its runtime. */
void deadline_run(struct thread *t);
void deadline_charge(struct thread *t, time_ns_t ns);
void deadline_yield(struct thread *t);
/* What deadline_ask() asked for begins, if there is something new. */
void deadline_take_params(struct thread *t);

/* balance.c; more than one CPU runs. Where @t, just woken, goes on. Interrupts off. */
unsigned int balance_choose(const struct thread *t);
/* @t, in neither queue, is of @to from now on. @from's lock is held. */
void balance_move(struct thread *t, const struct run_queue *from, const struct run_queue *to);
/* A ready thread of another CPU, out of its queue; NULL: none, and this CPU counts as idle. rq's lock is held. */
struct thread *balance_steal(struct run_queue *rq);
void balance_not_idle(unsigned int cpu);
/* Real-time threads wait here: the first of them (behind @after, which is about to run) goes where something matters less. rq's lock is held. */
void balance_push(struct run_queue *rq, const struct thread *after);
/* From the tick: wake an idle CPU when threads wait here; take one where more wait. rq's lock is held. */
void balance_share(const struct run_queue *rq);
void balance_pull(struct run_queue *rq);

/* idle.c. Without work, until need_resched is set; interrupts off. */
void idle_wait(struct cpu *cpu);
/* Sets it, and sees to it that @cpu looks: any, this one too. */
void idle_tell(struct cpu *cpu);

/* Its CPU is to choose again. Lock held. */
static inline void queue_resched(struct run_queue *rq)
{
	if (!rq->cpu->need_resched)
		idle_tell(rq->cpu);
}

#endif
