// SPDX-License-Identifier: GPL-2.0
/*
 * The scheduler. A run queue for each CPU: real-time threads in a list, taken in turn, before fair ones in a heap by virtual runtime
 * (their time weighted by nice); the idle thread when both are empty. The queue's lock is taken with interrupts off and is held across
 * the switch; the thread that runs next gives it back.
 *
 * A thread between sleep_prepare() and schedule_timeout() is THREAD_SLEEPING and still runs. If it is preempted there it goes back
 * into the queue all the same, so its look at the condition is never lost; only schedule_timeout() takes it off the CPU for good.
 */
#include <asm/clock.h>
#include <asm/cpu.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <mm/space.h>
#include "sched.h"

#define NICE_MIN		(-20)
#define NICE_MAX		19
#define WEIGHT_0		1024u
#define WAKE_GRANULARITY	(1 * NSEC_PER_MSEC)	/* how much less a woken thread must have run to preempt */
#define SLEEP_CREDIT		(3 * NSEC_PER_MSEC)	/* how far behind the others a sleeper may come back */
#define RT_SLICE_TICKS		2u

struct run_queue {
	uint32_t locked;
	uint32_t nr_ready;
	struct list rt;
	struct heap fair;
	uint64_t min_vruntime;
	struct cpu *cpu;
};

static struct run_queue queues[CPUS_MAX];
static struct thread boot_thread;	/* the boot context, later the idle thread of the first CPU */

/* CPU share for each nice level: a step is about a tenth more or less. */
static const uint32_t weights[NICE_MAX - NICE_MIN + 1] = {
	88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921, 9537, 7629, 6104, 4883, 3906, 3125, 2500, 2000, 1600, 1280,
	1024, 819, 655, 524, 419, 336, 268, 215, 172, 137, 110, 88, 70, 56, 45, 36, 29, 23, 18, 15,
};

/* Interrupts off. */
static void queue_lock(struct run_queue *rq)
{
	while (__atomic_exchange_n(&rq->locked, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
}

static void queue_unlock(struct run_queue *rq)
{
	__atomic_store_n(&rq->locked, 0, __ATOMIC_RELEASE);
}

static struct run_queue *this_queue(void)
{
	return this_cpu()->sched;
}

static uint64_t weighted(const struct thread *t, uint64_t ns)
{
	int nice = MIN(MAX(t->nice, NICE_MIN), NICE_MAX);

	return likely(!nice) ? ns : ns * WEIGHT_0 / weights[nice - NICE_MIN];
}

static struct thread *first_fair(const struct run_queue *rq)
{
	return rq->fair.root ? container_of(rq->fair.root, struct thread, run_node) : NULL;
}

/* Book the time since the last call to the thread that runs. */
static void account(struct run_queue *rq, struct thread *t, time_ns_t now)
{
	time_ns_t delta = now - t->started_ns;
	uint64_t least;

	t->started_ns = now;
	t->runtime_ns += delta;
	if (t == rq->cpu->idle || t->sclass != SCHED_FAIR)
		return;
	t->vruntime += weighted(t, delta);
	least = rq->fair.root ? MIN(rq->fair.root->key, t->vruntime) : t->vruntime;
	rq->min_vruntime = MAX(rq->min_vruntime, least);
}

static void enqueue(struct run_queue *rq, struct thread *t)
{
	t->queued = true;
	rq->nr_ready++;
	if (t->sclass == SCHED_RT) {
		list_append(&rq->rt, &t->run_link);
		return;
	}
	t->run_node.key = t->vruntime;
	heap_insert(&rq->fair, &t->run_node);
}

static void dequeue(struct run_queue *rq, struct thread *t)
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
	struct thread *t = list_empty(&rq->rt) ? first_fair(rq) : list_first(&rq->rt, struct thread, run_link);

	if (!t)
		return rq->cpu->idle;
	dequeue(rq, t);
	return t;
}

/* Should @t, just made ready, take the CPU from the thread that runs? */
static bool preempts(struct run_queue *rq, const struct thread *t)
{
	struct thread *running = rq->cpu->thread;

	if (running == rq->cpu->idle)
		return true;
	if (t->sclass == SCHED_RT || running->sclass == SCHED_RT)
		return running->sclass != SCHED_RT;
	account(rq, running, time_now());
	return t->vruntime + WAKE_GRANULARITY < running->vruntime;
}

/* A thread that was away joins those that ran on. */
static void make_ready(struct run_queue *rq, struct thread *t)
{
	uint64_t floor = rq->min_vruntime > SLEEP_CREDIT ? rq->min_vruntime - SLEEP_CREDIT : 0;

	t->state = THREAD_READY;
	t->vruntime = MAX(t->vruntime, floor);
	enqueue(rq, t);
	if (preempts(rq, t))
		rq->cpu->need_resched = 1;
}

/* Give back what the thread that ran before left behind. Interrupts off, on the new thread's stack. */
static void finish_switch(struct thread *prev)
{
	queue_unlock(this_queue());
	if (unlikely(prev->state == THREAD_DEAD))
		thread_put(prev);
}

void sched_first_run(struct thread *prev)
{
	finish_switch(prev);
}

/* A kernel thread runs in whatever space is loaded. */
static void load_space(struct cpu *cpu, const struct thread *t)
{
	if (t->process && t->process->space && t->process->space != cpu->space)
		space_switch(t->process->space);
}

/* Leave @prev for @next, both of @rq, whose lock is held. */
static void switch_to(struct run_queue *rq, struct thread *prev, struct thread *next, time_ns_t now)
{
	next->started_ns = now;
	next->slice_ticks = RT_SLICE_TICKS;
	if (next->state == THREAD_READY)
		next->state = THREAD_RUNNING;
	rq->cpu->nr_switches++;
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
		enqueue(rq, prev);
	}
	next = pick(rq);
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
	if (t->sclass == SCHED_FAIR && rq->fair.root)
		t->vruntime = MAX(t->vruntime, rq->fair.root->key + 1);
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

bool sched_wake(struct thread *t)
{
	uint64_t flags = irq_save();
	struct run_queue *rq = cpus[t->cpu].sched;
	bool slept;

	queue_lock(rq);
	slept = t->state == THREAD_SLEEPING;
	if (slept && (t == rq->cpu->thread || t->queued))
		t->state = t->queued ? THREAD_READY : THREAD_RUNNING;
	else if (slept)
		make_ready(rq, t);
	queue_unlock(rq);
	irq_restore(flags);
	if (slept)
		preempt_check();
	return slept;
}

void sched_enter(struct thread *t)
{
	uint64_t flags = irq_save();
	struct run_queue *rq = cpus[t->cpu].sched;

	queue_lock(rq);
	t->vruntime = rq->min_vruntime;
	make_ready(rq, t);
	queue_unlock(rq);
	irq_restore(flags);
	preempt_check();
}

void sched_leave(void)
{
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
	queue_lock(rq);
	account(rq, t, time_now());
	if (t->process && t->syscall_nr != -1)
		t->process->system_ns += CLOCK_TICK_NS;
	other = first_fair(rq);
	if (t->sclass == SCHED_RT) {
		if (t->slice_ticks && !--t->slice_ticks && !list_empty(&rq->rt))
			rq->cpu->need_resched = 1;
	} else if (!list_empty(&rq->rt) || (other && other->vruntime < t->vruntime)) {
		rq->cpu->need_resched = 1;
	}
	queue_unlock(rq);
}

void thread_set_class(struct thread *t, enum sched_class sclass)
{
	uint64_t flags = irq_save();
	struct run_queue *rq = cpus[t->cpu].sched;
	bool queued;

	queue_lock(rq);
	queued = t->queued;
	if (queued)
		dequeue(rq, t);
	t->sclass = sclass;
	t->vruntime = MAX(t->vruntime, rq->min_vruntime);
	if (queued)
		enqueue(rq, t);
	queue_unlock(rq);
	irq_restore(flags);
}

/* ---- Sleeping --------------------------------------------------------------------------------- */

struct sleep_timer {
	struct timer timer;
	struct thread *thread;
};

static void sleep_timer_fire(struct timer *timer)
{
	struct thread *t = container_of(timer, struct sleep_timer, timer)->thread;

	t->woken_by_timeout = true;
	sched_wake(t);
}

/* The store must be seen before the caller looks at its condition: whoever makes that true looks at the state afterwards. */
void sleep_prepare(bool interruptible)
{
	struct thread *t = current;

	t->interruptible = interruptible;
	t->woken_by_timeout = false;
	WRITE_ONCE(t->state, THREAD_SLEEPING);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void sleep_cancel(void)
{
	WRITE_ONCE(current->state, THREAD_RUNNING);
}

/* Off the CPU unless somebody has woken this thread meanwhile. */
static void block(void)
{
	uint64_t flags = irq_save();

	reschedule(true);
	while (unlikely(this_cpu()->need_resched))
		reschedule(false);
	irq_restore(flags);
}

static void block_until(time_ns_t deadline)
{
	struct sleep_timer s = { .thread = current };

	timer_init(&s.timer, sleep_timer_fire);
	timer_arm(&s.timer, deadline);
	block();
	timer_disarm(&s.timer);
}

int schedule_timeout(time_ns_t deadline)
{
	struct thread *t = current;

	if (unlikely(t == this_cpu()->idle))
		panic("the idle thread sleeps");
	if (t->interruptible && signal_pending(t)) {
		sleep_cancel();
		return -EINTR;
	}
	if (deadline == TIME_FOREVER) {
		block();
	} else if (deadline > time_now()) {
		block_until(deadline);
	} else {
		sleep_cancel();
		return -ETIMEDOUT;
	}
	if (t->woken_by_timeout)
		return -ETIMEDOUT;
	return t->interruptible && signal_pending(t) ? -EINTR : 0;
}

int sleep_until(time_ns_t deadline, bool interruptible)
{
	int err;

	do {
		sleep_prepare(interruptible);
		err = schedule_timeout(deadline);
	} while (!err);
	return err == -ETIMEDOUT ? 0 : err;
}

/* ---- Start-up --------------------------------------------------------------------------------- */

/* Mutexes and logs need a current thread from here on; it cannot sleep until sched_start() has made it the idle thread. */
void sched_init(void)
{
	struct cpu *cpu = this_cpu();
	struct run_queue *rq = &queues[cpu->id];
	struct thread *t = &boot_thread;

	list_init(&rq->rt);
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
	cpu->sched = rq;
	cpu->idle = t;
	cpu->thread = t;
}

void sched_start(void)
{
	for (;;) {
		irq_disable();
		while (!this_cpu()->need_resched) {
			irq_enable_and_halt();
			irq_disable();
		}
		schedule();
		irq_enable();
	}
}
