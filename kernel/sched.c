// SPDX-License-Identifier: GPL-2.0
/*
 * The scheduler. A run queue for each CPU: real-time threads in a list by priority, equals in turn, before fair ones in a heap by virtual runtime
 * (their time weighted by nice); the idle thread when both are empty, after a look into the other queues. The queue's lock is taken with
 * interrupts off and is held across the switch; the thread that runs next gives it back. So whoever holds the lock of t->cpu's queue and
 * does not find @t running there finds all of it saved, and may send it elsewhere. No two queue locks are held together, but for a try.
 *
 * A thread between sleep_prepare() and schedule_timeout() is THREAD_SLEEPING and still runs. If it is preempted there it goes back
 * into the queue all the same, so its look at the condition is never lost; only schedule_timeout() takes it off the CPU for good.
 */
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/smp.h>
#include <kernel/cgroup.h>
#include <kernel/cpu.h>
#include <kernel/debug.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <kernel/trace.h>
#include <mm/space.h>
#include <uapi/ferry/linux_process.h>
#include "run_queue.h"
#include "sched.h"

#define WAKE_GRANULARITY	(1 * NSEC_PER_MSEC)	/* how much less a woken thread must have run to preempt */
#define SLEEP_CREDIT		(3 * NSEC_PER_MSEC)	/* how far behind the others a sleeper may come back */

struct run_queue run_queues[CPUS_MAX];
uint32_t nr_iowait;
static struct thread boot_thread;	/* the boot context, later the idle thread of the first CPU */

struct run_queue *thread_queue_lock(const struct thread *t)
{
	for (;;) {
		uint32_t cpu = READ_ONCE(t->cpu);
		struct run_queue *rq = &run_queues[cpu];

		queue_lock(rq);
		if (likely(READ_ONCE(t->cpu) == cpu))
			return rq;
		queue_unlock(rq);
	}
}

static struct run_queue *this_queue(void)
{
	return this_cpu()->sched;
}

static uint64_t weighted(const struct thread *t, uint64_t ns)
{
	return likely(t->weight == WEIGHT_0) ? ns : ns * WEIGHT_0 / t->weight;
}

static struct thread *first_fair(const struct run_queue *rq)
{
	return rq->fair.root ? container_of(rq->fair.root, struct thread, run_node) : NULL;
}

static inline void account_class(struct run_queue *rq, struct thread *t, time_ns_t delta, time_ns_t now)
{
	uint64_t least;

	if (t == rq->cpu->idle) {
		rq->cpu->iowait_ns += READ_ONCE(nr_iowait) ? delta : 0;
		return;
	}
	if (t->sclass != SCHED_FAIR) {
		rt_account(rq, t, delta, now);
		return;
	}
	t->vruntime += likely(!t->group) ? weighted(t, delta) : cgroup_weighted(t, delta);
	least = rq->fair.root ? MIN(rq->fair.root->key, t->vruntime) : t->vruntime;
	rq->min_vruntime = MAX(rq->min_vruntime, least);
}

/* Book the time since the last call to the thread that runs. The rare call comes last: it costs no frame. */
static void account(struct run_queue *rq, struct thread *t, time_ns_t now)
{
	time_ns_t delta = now > t->started_ns ? now - t->started_ns : 0;

	t->started_ns = MAX(now, t->started_ns);
	t->runtime_ns += delta;
	account_class(rq, t, delta, now);
	if (unlikely(t->group))
		cgroup_charge_cpu(t->group, delta);
}

void queue_insert(struct run_queue *rq, struct thread *t)
{
	if (t->sclass == SCHED_RT) {
		rt_insert(rq, t);
		return;
	}
	t->queued = true;
	rq->nr_ready++;
	t->run_node.key = t->vruntime;
	heap_insert(&rq->fair, &t->run_node);
}

void queue_remove(struct run_queue *rq, struct thread *t)
{
	t->queued = false;
	rq->nr_ready--;
	if (t->sclass == SCHED_RT)
		list_del(&t->run_link);
	else
		heap_remove(&rq->fair, &t->run_node);
}

static struct thread *pick(struct run_queue *rq)
{
	struct thread *t = first_fair(rq);

	if (!list_empty(&rq->rt))
		t = rt_pick(rq, t);
	if (!t)
		return rq->cpu->idle;
	queue_remove(rq, t);
	return t;
}

/* Should @t, just made ready, take the CPU from the thread that runs? */
static bool preempts(struct run_queue *rq, const struct thread *t)
{
	struct thread *running = rq->cpu->thread;

	if (running == rq->cpu->idle)
		return true;
	if (t->sclass == SCHED_RT || running->sclass == SCHED_RT)
		return rt_preempts(rq, t, running);
	account(rq, running, time_now());
	if (unlikely(t->policy != running->policy))
		return t->policy == LINUX_SCHED_OTHER && running->policy == LINUX_SCHED_IDLE;
	return t->vruntime + WAKE_GRANULARITY < running->vruntime;
}

static struct thread *pick_anywhere(struct run_queue *rq)
{
	struct thread *t = pick(rq);

	if (likely(nr_cpus == 1 || t != rq->cpu->idle))
		return t;
	t = balance_steal(rq);
	return t ? t : rq->cpu->idle;
}

/* Woken by a thread that sleeps soon: a driver on the same CPU can wait for that (hand_over.c). */
static bool can_wait(const struct run_queue *rq, const struct thread *t)
{
	const struct cpu *cpu = rq->cpu;

	return cpu == this_cpu() && !cpu->irq_depth && cpu->thread->sleeps_soon && t->process && t->process->device;
}

/*
 * A thread that was away, fully off its CPU, joins those that ran on, here or elsewhere. Takes over the lock of @rq, its queue. From
 * THREAD_READY on nobody else moves it, so it may be without a queue for a moment.
 */
static void make_ready(struct run_queue *rq, struct thread *t)
{
	struct run_queue *to = nr_cpus == 1 ? rq : &run_queues[balance_choose(t)];
	uint64_t floor;

	t->state = THREAD_READY;
	if (unlikely(t->group))
		cgroup_count_ready(t, true);
	if (to != rq) {
		balance_move(t, rq, to);
		queue_unlock(rq);
		queue_lock(to);
	}
	floor = to->min_vruntime > SLEEP_CREDIT ? to->min_vruntime - SLEEP_CREDIT : 0;
	t->vruntime = MAX(t->vruntime, floor);
	t->slice_ticks = 0;
	if (unlikely(t->policy == LINUX_SCHED_DEADLINE))
		deadline_wake(t);
	queue_insert(to, t);
	TRACE(SCHED, WAKE, (uint32_t)t->tid, to->cpu->id);
	if (likely(t->queued) && preempts(to, t) && !can_wait(to, t))
		queue_resched(to);
	queue_unlock(to);
}

/* Give back what the thread that ran before left behind. Interrupts off, on the new thread's stack. */
static void finish_switch(struct thread *prev)
{
	struct run_queue *rq = this_queue();
	struct thread *leaving = rq->leaving;
	bool dead = prev->state == THREAD_DEAD;	/* after the unlock it may run elsewhere, and be gone */

	rq->leaving = NULL;
	if (unlikely(leaving))
		make_ready(rq, leaving);
	else
		queue_unlock(rq);
	if (unlikely(dead))
		thread_put(prev);
}

void sched_first_run(struct thread *prev)
{
	finish_switch(prev);
}

/* A kernel thread runs in whatever space is loaded. */
static void load_space(struct cpu *cpu, const struct thread *t)
{
	struct space *s = t->process && !t->detached ? READ_ONCE(t->process->space) : NULL;

	if (s && (s != cpu->space || cpu->lazy))
		space_switch(s);
	else if (!s && nr_cpus > 1)
		space_unneeded();
}

/* Leave @prev for @next, both of @rq, whose lock is held. */
static void switch_to(struct run_queue *rq, struct thread *prev, struct thread *next, time_ns_t now)
{
	next->started_ns = now;
	next->slice_ticks = READ_ONCE(rr_slice_ticks);
	if (next->state == THREAD_READY)
		next->state = THREAD_RUNNING;
	if (unlikely(next->rseq) && (next->syscall_nr < 0 || next->rseq_cpu != rq->cpu->id))
		next->rseq_due = true;	/* a system call is in no sequence */
	if (prev == rq->cpu->idle && nr_cpus > 1)
		balance_not_idle(rq->cpu->id);
	rq->cpu->nr_switches++;
	prev->counts.switches[prev->state == THREAD_READY]++;
	rq->late_ns = 0;
	prev->sleeps_soon = false;
	if (trace_on(FERRY_TRACE_SCHED))
		TRACE_CALL(trace_switch, prev, next, 0, 0);
	load_space(rq->cpu, next);
	finish_switch(arch_switch(prev, next));
}

/* Run whoever is next. @block: the caller sleeps if it is still marked so. Interrupts off. */
static void reschedule(bool block)
{
	struct cpu *cpu = this_cpu();
	struct run_queue *rq = cpu->sched;
	struct thread *prev = cpu->thread, *next;
	time_ns_t now = time_now();

	if (unlikely(cpu->preempt_count || cpu->irq_depth))
		panic("schedule: preempt_count %u, irq_depth %u", cpu->preempt_count, cpu->irq_depth);
	queue_lock(rq);
	cpu->need_resched = 0;
	account(rq, prev, now);
	if (prev != cpu->idle && prev->state != THREAD_DEAD && !(block && prev->state == THREAD_SLEEPING)) {
		if (prev->state == THREAD_RUNNING)
			prev->state = THREAD_READY;
		if (likely(allowed_on(prev, cpu->id)))
			queue_insert(rq, prev);
		else
			rq->leaving = prev;
	} else if (unlikely(prev->group)) {
		cgroup_count_ready(prev, false);
	}
	next = pick_anywhere(rq);
	if (next != prev) {
		switch_to(rq, prev, next, now);
		return;
	}
	if (prev->state == THREAD_READY)
		prev->state = THREAD_RUNNING;
	queue_unlock(rq);
}

void schedule(void)
{
	uint64_t flags = irq_save();

	do {
		reschedule(false);
	} while (unlikely(this_cpu()->need_resched));
	irq_restore(flags);
}

/* To the end of the queue: behind every fair thread that waits now. */
void sched_yield(void)
{
	uint64_t flags = irq_save();
	struct run_queue *rq = this_queue();
	struct thread *t = current;

	queue_lock(rq);
	account(rq, t, time_now());
	t->slice_ticks = 0;
	if (t->sclass == SCHED_FAIR && rq->fair.root)
		t->vruntime = MAX(t->vruntime, rq->fair.root->key + 1);
	else if (t->policy == LINUX_SCHED_DEADLINE)
		deadline_yield(t);
	queue_unlock(rq);
	reschedule(false);
	irq_restore(flags);
}

/* Let a thread run that was just found to be more urgent, when this is a place for it. */
static void preempt_check(void)
{
	preempt_disable();
	preempt_enable();
}

/* Takes over the lock of @rq, the queue of @t. A thread that still runs, or would again, is told by its state. */
static bool wake_locked(struct run_queue *rq, struct thread *t)
{
	if (t->state != THREAD_SLEEPING) {
		queue_unlock(rq);
		return false;
	}
	if (t == rq->cpu->thread || t->queued || unlikely(t->throttled)) {
		t->state = t == rq->cpu->thread ? THREAD_RUNNING : THREAD_READY;
		queue_unlock(rq);
	} else {
		make_ready(rq, t);
	}
	return true;
}

void sched_release(struct run_queue *rq, struct thread *t)
{
	t->throttled = false;
	make_ready(rq, t);
}

bool sched_wake(struct thread *t)
{
	uint64_t flags = irq_save();
	bool slept = wake_locked(thread_queue_lock(t), t);

	irq_restore(flags);
	if (slept)
		preempt_check();
	return slept;
}

/* With the queue's lock: it is either seen running here, or sees at its next switch-to what is pending. */
void sched_interrupt(struct thread *t)
{
	uint64_t flags = irq_save();
	struct run_queue *rq = thread_queue_lock(t);
	bool slept = t->interruptible && t->state == THREAD_SLEEPING;

	if (slept) {
		wake_locked(rq, t);
	} else {
		if (t == rq->cpu->thread && rq->cpu != this_cpu())
			smp_kick(rq->cpu->id);
		queue_unlock(rq);
	}
	irq_restore(flags);
	if (slept)
		preempt_check();
}

void sched_enter(struct thread *t)
{
	uint64_t flags = irq_save();
	struct run_queue *rq = thread_queue_lock(t);

	t->vruntime = rq->min_vruntime;
	t->group = t->process ? READ_ONCE(t->process->group) : NULL;
	make_ready(rq, t);
	irq_restore(flags);
	preempt_check();
}

void sched_leave(void)
{
	debug_nothing_held("at the end of a thread");
	irq_disable();
	current->state = THREAD_DEAD;
	reschedule(false);
	panic("a dead thread runs");
}

void sched_tick(void)
{
	struct run_queue *rq = this_queue();
	struct thread *t = current, *other;

	if (t == rq->cpu->idle)
		return;
	rq->cpu->nr_free_ticks += rq->cpu->preempt_count == 1;	/* this interrupt's alone */
	queue_lock(rq);
	account(rq, t, time_now());
	load_book_tick(rq->cpu, t);
	other = first_fair(rq);
	if (t->sclass == SCHED_RT) {
		rt_tick(rq, t, other);
	} else if (rt_is_next(rq, t) || (other && other->vruntime < t->vruntime)) {
		rq->cpu->need_resched = 1;
	}
	if (nr_cpus > 1) {
		balance_share(rq);
		balance_pull(rq);
	}
	queue_unlock(rq);
	load_tick(t->started_ns);
	if (t->process && unlikely(READ_ONCE(t->process->cpu_limited)))
		cpu_timer_tick(t->process, t->syscall_nr == -1);
}

void sched_apply(struct thread *t, const struct sched_params *p)
{
	t->sclass = p->sclass;
	t->policy = p->policy;
	t->rt_priority = p->rt_priority;
	t->nice = p->nice;
	t->weight = sched_weight(p);
	t->slice_ticks = 0;
	t->deadline_ns = p->deadline_ns;
	if (p->policy == LINUX_SCHED_DEADLINE)
		deadline_take_params(t);
}

/* The thread that runs is scheduled otherwise now: others may want its CPU. Lock held. */
static void running_changed(struct run_queue *rq, const struct thread *t)
{
	if (t->sclass == SCHED_RT)
		WRITE_ONCE(rq->urgency, t->rt_priority);
	WRITE_ONCE(rq->rt_chosen, t->sclass == SCHED_RT ? t : NULL);
	if (rq->nr_ready || t->policy == LINUX_SCHED_DEADLINE)
		queue_resched(rq);
}

void thread_set_sched(struct thread *t, const struct sched_params *p)
{
	uint64_t flags = irq_save();
	struct run_queue *rq = thread_queue_lock(t);
	bool queued = t->queued;

	if (queued)
		queue_remove(rq, t);
	if (t->sclass != p->sclass)
		t->vruntime = MAX(t->vruntime, rq->min_vruntime);
	sched_apply(t, p);
	if (queued)
		queue_insert(rq, t);
	if (t == rq->cpu->thread)
		running_changed(rq, t);
	else if (t->queued && preempts(rq, t))
		queue_resched(rq);
	if (unlikely(t->throttled) && !queued)
		sched_release(rq, t);	/* it waits again if its new ways say so */
	else
		queue_unlock(rq);
	irq_restore(flags);
	preempt_check();
}

void sched_set_group(struct thread *t, struct cgroup *g)
{
	uint64_t flags = irq_save();
	struct run_queue *rq = thread_queue_lock(t);
	bool counted = t == rq->cpu->thread || t->queued || (t->state == THREAD_READY && !t->throttled);

	if (t->group)
		cgroup_count_ready(t, false);
	t->group = g;
	if (g && counted)
		cgroup_count_ready(t, true);
	queue_unlock(rq);
	irq_restore(flags);
}

/* Off the CPU unless somebody has woken this thread meanwhile. */
void sched_block(void)
{
	uint64_t flags = irq_save();

	reschedule(true);
	while (unlikely(this_cpu()->need_resched))
		reschedule(false);
	irq_restore(flags);
}

/* Of a thread that runs: its CPU, told to look, sends it away at the next switch (reschedule()). */
void thread_set_affinity(struct thread *t, uint64_t mask)
{
	uint64_t flags = irq_save();
	struct run_queue *rq = thread_queue_lock(t);

	t->affinity = mask;
	if (!allowed_on(t, rq->cpu->id) && t->queued) {
		queue_remove(rq, t);
		make_ready(rq, t);
	} else {
		if (!allowed_on(t, rq->cpu->id) && t == rq->cpu->thread)
			queue_resched(rq);
		queue_unlock(rq);
	}
	irq_restore(flags);
	preempt_check();
}

/* ---- Start-up --------------------------------------------------------------------------------- */

/* Mutexes and logs need a current thread from here on; it cannot sleep until sched_start() has made it the idle thread. */
void sched_init(void)
{
	struct cpu *cpu = this_cpu();
	struct run_queue *rq = &run_queues[cpu->id];
	struct thread *t = &boot_thread;

	list_init(&rq->rt);
	spin_init(&rq->lock, "run queue");
	rq->cpu = cpu;
	ref_init(&t->ref);
	str_copy(t->name, "idle", sizeof(t->name));
	list_init(&t->process_link);
	list_init(&t->run_link);
	list_init(&t->sigqueue);
	t->state = THREAD_RUNNING;
	t->sclass = SCHED_IDLE_CLASS;
	t->syscall_nr = -1;
	t->cpu = cpu->id;
	t->affinity = ~0ull;
	cpu->sched = rq;
	cpu->idle = t;
	cpu->thread = t;
	t->canary = cpu->canary;	/* functions that run now have left it on the stack */
}

uint64_t sched_cpu_init(struct cpu *cpu)
{
	struct run_queue *rq = &run_queues[cpu->id];
	struct thread *t = cpu->idle ? cpu->idle : thread_alloc("idle", SCHED_IDLE_CLASS);

	if (!t)
		return 0;
	list_init(&rq->rt);
	spin_init(&rq->lock, "run queue");
	rq->cpu = cpu;
	t->state = THREAD_RUNNING;
	t->cpu = cpu->id;
	cpu->sched = rq;
	cpu->idle = t;
	cpu->thread = t;
	cpu->canary = t->canary;
	cpu->need_resched = 1;	/* to be found idle */
	return t->kstack + KSTACK_SIZE;
}

void sched_start(void)
{
	for (;;) {
		irq_disable();
		if (!READ_ONCE(this_cpu()->need_resched))
			idle_wait(this_cpu());
		schedule();
		irq_enable();
	}
}
