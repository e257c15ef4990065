// SPDX-License-Identifier: GPL-2.0
/*
 * Spinlocks and mutexes where they must wait; the rest is inline. A mutex is not handed over: whoever comes first takes it, the woken
 * waiter tries again. While somebody waits, MUTEX_WAITED_FOR sends everybody here, where m->lock is held from the look to the change.
 */
#include <asm/cpu.h>
#include <asm/smp.h>
#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <kernel/wait.h>

/* How long a lock may stay taken before it is called dead. With one CPU nobody could ever give it back. */
#define SPIN_LIMIT_NS	(20 * NSEC_PER_SEC)
#define SPIN_TURNS	(1u << 16)	/* between two looks at the clock */

void preempt_resched(void)
{
	uint32_t irq_depth;

	/* In one instruction: the thread may go to another CPU between any two. */
	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(irq_depth) : "i"(offsetof(struct cpu, irq_depth)));
	if (irqs_enabled() && !irq_depth)
		schedule();
}

void spin_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
}

void spin_not_locked(const struct spinlock *lock)
{
	panic("spinlock %s unlocked twice", lock->name ? lock->name : "?");
}

/* The holder may wait for an answer of this CPU, whose interrupts may be off. */
void spin_lock_wait(struct spinlock *lock)
{
	time_ns_t deadline = 0;

	for (uint32_t turns = 1; READ_ONCE(lock->locked) || !spin_take(lock); turns++) {
		cpu_relax();
		smp_poll();
		if (turns % SPIN_TURNS && nr_cpus > 1)
			continue;
		if (nr_cpus <= 1 || (deadline && time_now() > deadline))
			panic("spinlock %s is stuck", lock->name ? lock->name : "?");
		if (!deadline)
			deadline = time_now() + SPIN_LIMIT_NS;
	}
}

void mutex_init(struct mutex *m, const char *name)
{
	*m = (struct mutex){ .lock = SPINLOCK_INIT(name) };
	list_init(&m->waiters);
}

/* m->lock held: true when it is the caller's now. @waiting: others than the caller. */
static bool mutex_take(struct mutex *m, bool waiting)
{
	uint64_t seen = READ_ONCE(m->state);

	/* While nobody is marked as waiting, others change the state without the lock. */
	for (;;) {
		uint64_t want = seen & ~MUTEX_WAITED_FOR ? seen | MUTEX_WAITED_FOR : (uint64_t)current | waiting;

		if (__atomic_compare_exchange_n(&m->state, &seen, want, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return !(seen & ~MUTEX_WAITED_FOR);
	}
}

bool mutex_trylock(struct mutex *m)
{
	bool taken = mutex_change(m, 0, (uint64_t)current);

	if (!taken && !(READ_ONCE(m->state) & ~MUTEX_WAITED_FOR)) {
		spin_lock(&m->lock);
		taken = mutex_change(m, MUTEX_WAITED_FOR, (uint64_t)current | MUTEX_WAITED_FOR) || mutex_change(m, 0, (uint64_t)current);
		spin_unlock(&m->lock);
	}
	if (taken)
		debug_mutex_locked(m, LOCK_TRIES);
	return taken;
}

/* m->lock held; sleeps without it until the mutex was taken. Who wakes too late keeps its place. */
static void mutex_sleep(struct mutex *m, struct waiter *w)
{
	for (;;) {
		sleep_prepare(false);
		spin_unlock(&m->lock);
		(void)schedule_timeout(TIME_FOREVER);
		spin_lock(&m->lock);
		list_del(&w->link);
		if (mutex_take(m, !list_empty(&m->waiters)))
			return;
		list_push(&m->waiters, &w->link);
	}
}

void mutex_lock_wait(struct mutex *m)
{
	struct waiter w = { .thread = current };

	if ((READ_ONCE(m->state) & ~MUTEX_WAITED_FOR) == (uint64_t)current)
		panic("mutex %s taken twice by one thread", m->lock.name ? m->lock.name : "?");
	spin_lock(&m->lock);
	if (!mutex_take(m, !list_empty(&m->waiters))) {
		list_append(&m->waiters, &w.link);
		mutex_sleep(m, &w);
	}
	spin_unlock(&m->lock);
}

void mutex_unlock_wake(struct mutex *m)
{
	spin_lock(&m->lock);
	if (unlikely(READ_ONCE(m->state) != ((uint64_t)current | MUTEX_WAITED_FOR)))
		panic("mutex %s unlocked by another thread", m->lock.name ? m->lock.name : "?");
	WRITE_ONCE(m->state, MUTEX_WAITED_FOR);
	sched_wake(list_first(&m->waiters, struct waiter, link)->thread);
	spin_unlock(&m->lock);
}
