// SPDX-License-Identifier: GPL-2.0
/*
 * Spinlocks and mutexes. preempt_count is this CPU's; it moves with single instructions on GS memory, so no CPU can be left between
 * reading and writing it. A mutex is not handed over: whoever comes first takes it, the woken waiter tries again.
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

void preempt_disable(void)
{
	__asm__ volatile("incl %%gs:%c0" :: "i"(offsetof(struct cpu, preempt_count)) : "memory");
}

/* Fields of this CPU in one instruction each: the thread may go to another CPU between any two. */
#define HERE(field) ({									\
	uint32_t v__;									\
	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(v__) : "i"(offsetof(struct cpu, field)));	\
	v__;										\
})

void preempt_enable(void)
{
	bool zero;

	__asm__ volatile("decl %%gs:%c1" : "=@ccz"(zero) : "i"(offsetof(struct cpu, preempt_count)) : "memory");
	if (zero && HERE(need_resched) && irqs_enabled() && !HERE(irq_depth))
		schedule();
}

void spin_init(struct spinlock *lock, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name);
}

static bool try_take(struct spinlock *lock)
{
	return !READ_ONCE(lock->locked) && !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE);
}

/* The holder may wait for an answer of this CPU, whose interrupts may be off. */
static __attribute__((noinline)) void take_slow(struct spinlock *lock)
{
	time_ns_t deadline = 0;

	for (uint32_t turns = 1; !try_take(lock); turns++) {
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

static void take(struct spinlock *lock)
{
	if (unlikely(!try_take(lock)))
		take_slow(lock);
}

static void give(struct spinlock *lock)
{
	if (unlikely(!lock->locked))
		panic("spinlock %s unlocked twice", lock->name ? lock->name : "?");
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

void spin_lock(struct spinlock *lock)
{
	preempt_disable();
	take(lock);
}

bool spin_trylock(struct spinlock *lock)
{
	preempt_disable();
	if (try_take(lock))
		return true;
	preempt_enable();
	return false;
}

void spin_unlock(struct spinlock *lock)
{
	give(lock);
	preempt_enable();
}

uint64_t spin_lock_irq(struct spinlock *lock)
{
	uint64_t flags = irq_save();

	preempt_disable();
	take(lock);
	return flags;
}

void spin_unlock_irq(struct spinlock *lock, uint64_t flags)
{
	give(lock);
	irq_restore(flags);
	preempt_enable();
}

void mutex_init(struct mutex *m, const char *name)
{
	*m = (struct mutex){ .lock = SPINLOCK_INIT(name) };
	list_init(&m->waiters);
}

/* m->lock held. */
static bool mutex_take(struct mutex *m)
{
	if (m->owner)
		return false;
	m->owner = current;
	return true;
}

bool mutex_trylock(struct mutex *m)
{
	bool taken;

	spin_lock(&m->lock);
	taken = mutex_take(m);
	spin_unlock(&m->lock);
	return taken;
}

/* m->lock held; sleeps without it until the mutex was taken. */
static void mutex_wait(struct mutex *m)
{
	struct waiter w = { .thread = current };

	if (m->owner == current)
		panic("mutex %s taken twice by one thread", m->lock.name ? m->lock.name : "?");
	list_append(&m->waiters, &w.link);
	do {
		sleep_prepare(false);
		spin_unlock(&m->lock);
		(void)schedule_timeout(TIME_FOREVER);
		spin_lock(&m->lock);
	} while (!mutex_take(m));
	list_del(&w.link);
}

void mutex_lock(struct mutex *m)
{
	spin_lock(&m->lock);
	if (unlikely(!mutex_take(m)))
		mutex_wait(m);
	spin_unlock(&m->lock);
}

void mutex_unlock(struct mutex *m)
{
	spin_lock(&m->lock);
	if (unlikely(m->owner != current))
		panic("mutex %s unlocked by another thread", m->lock.name ? m->lock.name : "?");
	m->owner = NULL;
	if (unlikely(!list_empty(&m->waiters)))
		sched_wake(list_first(&m->waiters, struct waiter, link)->thread);
	spin_unlock(&m->lock);
}
