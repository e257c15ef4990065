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
#define SPIN_TURNS	(1u << 8)	/* between two looks at the clock */
#define SPIN_PATIENCE_NS	NSEC_PER_SEC	/* before one gets in line: longer than a host lets a CPU of its guest wait */

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

struct spin {
	uint32_t turns;
	time_ns_t start, waited;	/* as of the last look */
};

/* One turn of waiting. The holder may wait for an answer of this CPU, whose interrupts may be off. */
static void spin_turn(const struct spinlock *lock, struct spin *s)
{
	cpu_relax();
	smp_poll();
	if (++s->turns % SPIN_TURNS && nr_cpus > 1)
		return;
	if (!s->start)
		s->start = time_now();
	s->waited = time_now() - s->start;
	if (nr_cpus <= 1 || s->waited > SPIN_LIMIT_NS)
		panic("spinlock %s is stuck", lock->name ? lock->name : "?");
}

/* The first of the line takes it as soon as it is free, and the fence down with it if nobody is behind. */
static bool spin_take_first(struct spinlock *lock, uint16_t number)
{
	uint32_t seen = READ_ONCE(lock->word), want = SPIN_LOCKED;

	if (seen & SPIN_LOCKED) {
		if (!(seen & SPIN_FENCED))
			__atomic_fetch_or(&lock->word, SPIN_FENCED, __ATOMIC_RELAXED);
		return false;
	}
	if (READ_ONCE(lock->line_end) != (uint16_t)(number + 1))
		want |= SPIN_FENCED;
	return __atomic_compare_exchange_n(&lock->word, &seen, want, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * Whoever finds it free takes it: strict order would make all wait for a CPU that its host does not run just now. But none waits for ever:
 * after a while one gets in line, and before that line nobody else gets the lock.
 */
void spin_lock_wait(struct spinlock *lock)
{
	struct spin s = { 0 };
	uint16_t number;

	while (s.waited <= SPIN_PATIENCE_NS) {
		if (!READ_ONCE(lock->word) && spin_take(lock))
			return;
		spin_turn(lock, &s);
	}
	number = __atomic_fetch_add(&lock->line_end, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&lock->line_head, __ATOMIC_ACQUIRE) != number || !spin_take_first(lock, number))
		spin_turn(lock, &s);
	__atomic_store_n(&lock->line_head, number + 1, __ATOMIC_RELEASE);
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
