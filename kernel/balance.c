// SPDX-License-Identifier: GPL-2.0
/*
 * Which CPU runs what: woken threads look for an idle one, CPUs without work take some from others, and the tick evens out what is left.
 * A queue's lock is held by the caller; of a second one only a try is made, so no order among them is needed.
 */
#include <asm/smp.h>
#include <kernel/process.h>
#include "run_queue.h"

static uint64_t idle_cpus;	/* found nothing to do and nobody has sent them anything since; a hint */

/* Virtual times of two queues have nothing in common but their distance from the least. */
void balance_move(struct thread *t, const struct run_queue *from, const struct run_queue *to)
{
	uint64_t from_min = READ_ONCE(from->min_vruntime), to_min = READ_ONCE(to->min_vruntime);

	if (t->vruntime >= from_min)
		t->vruntime = to_min + (t->vruntime - from_min);
	else
		t->vruntime = to_min - MIN(to_min, from_min - t->vruntime);
	WRITE_ONCE(t->cpu, to->cpu->id);
}

/* How urgent what @cpu runs is: the priority of a real-time thread, 0 of others. A hint. */
static unsigned int urgency_on(unsigned int cpu)
{
	const struct run_queue *rq = &run_queues[cpu];

	return READ_ONCE(cpus[cpu].thread) == READ_ONCE(rq->rt_chosen) ? READ_ONCE(rq->urgency) : 0;
}

/*
 * A thread of @victim, whose lock is held, that may run on @cpu: the next one, or one of those that follow; of real-time ones only who
 * matters more than @urgency.
 */
static struct thread *stealable(const struct run_queue *victim, unsigned int cpu, unsigned int urgency)
{
	struct heap_node *n = victim->fair.root;
	struct thread *t;

	list_for_each(t, &victim->rt, run_link)
		if (t->rt_priority > urgency && allowed_on(t, cpu))
			return t;
	if (n && !allowed_on(container_of(n, struct thread, run_node), cpu))
		n = n->child;
	for (; n; n = n->next)
		if (allowed_on(container_of(n, struct thread, run_node), cpu))
			return container_of(n, struct thread, run_node);
	return NULL;
}

/* Both locks held. */
static struct thread *steal_from(struct run_queue *victim, struct run_queue *rq, unsigned int urgency)
{
	struct thread *t = stealable(victim, rq->cpu->id, urgency);

	if (t) {
		queue_remove(victim, t);
		balance_move(t, victim, rq);
	}
	return t;
}

/* rq's lock is held: only tries for a second one. */
struct thread *balance_steal(struct run_queue *rq)
{
	for (unsigned int i = 1; i < nr_cpus; i++) {
		struct run_queue *victim = &run_queues[(rq->cpu->id + i) % nr_cpus];
		struct thread *t;

		if (!READ_ONCE(victim->nr_ready) || !queue_trylock(victim))
			continue;
		t = steal_from(victim, rq, 0);
		queue_unlock(victim);
		if (t)
			return t;
	}
	__atomic_or_fetch(&idle_cpus, 1ull << rq->cpu->id, __ATOMIC_RELAXED);
	return NULL;
}

void balance_not_idle(unsigned int cpu)
{
	__atomic_and_fetch(&idle_cpus, ~(1ull << cpu), __ATOMIC_RELAXED);
}

/* True for one caller: it sends work to the idle CPU. */
static bool idle_claim(unsigned int cpu)
{
	return __atomic_fetch_and(&idle_cpus, ~(1ull << cpu), __ATOMIC_RELAXED) >> cpu & 1;
}

/* Could @t go on on @cpu without a page table load? */
static bool space_is_on(const struct thread *t, unsigned int cpu)
{
	return !t->process || READ_ONCE(cpus[cpu].space) == t->process->space;
}

/* The CPU of @allowed whose thread matters least, if less than @urgency; else CPUS_MAX. */
static unsigned int least_urgent(uint64_t allowed, unsigned int urgency)
{
	unsigned int best = CPUS_MAX;

	for (; allowed && urgency; allowed &= allowed - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(allowed), here = urgency_on(cpu);

		if (here < urgency) {
			urgency = here;
			best = cpu;
		}
	}
	return best;
}

/* Of a real-time thread: its last CPU unless what runs there matters as much and something else matters less. */
static unsigned int rt_place(const struct thread *t, uint64_t allowed)
{
	unsigned int last = allowed >> t->cpu & 1 ? t->cpu : (unsigned int)__builtin_ctzll(allowed), cpu = CPUS_MAX;

	if (urgency_on(last) >= t->rt_priority)
		cpu = least_urgent(allowed, t->rt_priority);
	return cpu < CPUS_MAX ? cpu : last;
}

/* The first that waits, but for the thread that runs: in a switch that is in the queue, and still on its stack. */
static struct thread *first_waiting(const struct run_queue *rq, const struct thread *after)
{
	struct thread *t;

	list_for_each(t, &rq->rt, run_link)
		if (t != after && t != rq->cpu->thread)
			return t;
	return NULL;
}

void balance_push(struct run_queue *rq, const struct thread *after)
{
	struct thread *t = first_waiting(rq, after);
	struct run_queue *to;
	unsigned int cpu;

	if (!t)
		return;
	cpu = least_urgent(t->affinity & cpus_online() & ~(1ull << rq->cpu->id), t->rt_priority);
	to = &run_queues[cpu % CPUS_MAX];
	if (cpu == CPUS_MAX || !queue_trylock(to))
		return;
	if (list_empty(&to->rt)) {
		queue_remove(rq, t);
		balance_move(t, rq, to);
		queue_insert(to, t);
		queue_resched(to);
	}
	queue_unlock(to);
}

/*
 * Where @t, just woken, goes on. A real-time thread that finds its space here takes this CPU from a fair one: handing it over costs no
 * interrupt, and who woke it mostly waits for it. Of another space (a driver's) it goes back to its last CPU while that is idle with the
 * space loaded, and rather to any idle one than here: two page table loads for each request cost more than an interrupt, and beside
 * its client it can poll (ipc/driver_poll.c). Others look for an idle CPU: this one (woken from an interrupt), their last one, any.
 */
unsigned int balance_choose(const struct thread *t)
{
	uint64_t allowed = t->affinity & cpus_online(), idle;
	unsigned int here = this_cpu()->id;
	bool takes_over = t->sclass == SCHED_RT && allowed >> here & 1 && current->sclass != SCHED_RT;

	if (takes_over && space_is_on(t, here))
		return here;
	idle = READ_ONCE(idle_cpus) & allowed;
	if (takes_over && t->cpu != here && idle >> t->cpu & 1 && space_is_on(t, t->cpu) && idle_claim(t->cpu))
		return t->cpu;
	if (idle >> here & 1 && idle_claim(here))
		return here;
	if (idle >> t->cpu & 1 && idle_claim(t->cpu))
		return t->cpu;
	for (; idle; idle &= idle - 1)
		if (idle_claim((unsigned int)__builtin_ctzll(idle)))
			return (unsigned int)__builtin_ctzll(idle);
	if (takes_over)
		return here;
	if (t->sclass == SCHED_RT && allowed)
		return rt_place(t, allowed);
	if (allowed >> t->cpu & 1)
		return t->cpu;
	return allowed ? (unsigned int)__builtin_ctzll(allowed) : here;
}

bool sched_may_poll(void)
{
	const struct run_queue *rq = &run_queues[READ_ONCE(current->cpu)];

	return nr_cpus > 1 && !READ_ONCE(rq->nr_ready) && !READ_ONCE(rq->cpu->need_resched);
}

/* Threads wait here, and another CPU has nothing to do: it comes and looks. */
void balance_share(const struct run_queue *rq)
{
	uint64_t idle = READ_ONCE(idle_cpus) & cpus_online();
	unsigned int cpu = idle ? (unsigned int)__builtin_ctzll(idle) : 0;

	if (!rq->nr_ready || !idle || !idle_claim(cpu))
		return;
	idle_tell(&cpus[cpu]);
}

/* Another queue is longer by two: one of its threads comes here. rq's lock is held, and only tries for the other. */
void balance_pull(struct run_queue *rq)
{
	struct run_queue *busiest = rq;
	struct thread *t;

	for (unsigned int i = 0; i < nr_cpus; i++)
		if (READ_ONCE(run_queues[i].nr_ready) > READ_ONCE(busiest->nr_ready))
			busiest = &run_queues[i];
	if (busiest->nr_ready < rq->nr_ready + 2 || !queue_trylock(busiest))
		return;
	t = steal_from(busiest, rq, urgency_on(rq->cpu->id));
	queue_unlock(busiest);
	if (!t)
		return;
	queue_insert(rq, t);
	if (t->sclass == SCHED_RT)
		queue_resched(rq);
}
