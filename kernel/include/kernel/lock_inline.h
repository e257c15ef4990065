/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The short half of <kernel/lock.h>. preempt_count is this CPU's; it moves with single instructions on GS memory, so no CPU can be left
 * between reading and writing it.
 */
#ifndef KERNEL_LOCK_INLINE_H
#define KERNEL_LOCK_INLINE_H

#include <asm/cpu.h>
#include <asm/preempt.h>
#include <kernel/debug.h>
#include <kernel/lock.h>

/* lock.c. */
void preempt_resched(void);
void spin_lock_wait(struct spinlock *lock);
void spin_not_locked(const struct spinlock *lock) __noreturn;
void mutex_lock_wait(struct mutex *m);
void mutex_unlock_wake(struct mutex *m);

static inline void preempt_disable(void)
{
	preempt_count_add();
}

static inline void preempt_enable(void)
{
	if (preempt_count_sub() && unlikely(preempt_is_due()))
		preempt_resched();
}

static inline bool spin_take(struct spinlock *lock)
{
	uint32_t free = 0;

	return __atomic_compare_exchange_n(&lock->word, &free, SPIN_LOCKED, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void spin_give(struct spinlock *lock)
{
	if (!debug_spin_unlock(lock))
		return;
	if (unlikely(!lock->locked))
		spin_not_locked(lock);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

/*
 * For the scheduler's own locks: interrupts are off as long as one is held, so preempt_count need not know, and kernel/debug is not told.
 */
static inline void spin_lock_bare(struct spinlock *lock)
{
	if (unlikely(!spin_take(lock)))
		spin_lock_wait(lock);
}

static inline void spin_unlock_bare(struct spinlock *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

static inline void spin_lock(struct spinlock *lock) __acquires(lock)
{
	preempt_disable();
	if (unlikely(!spin_take(lock)))
		spin_lock_wait(lock);
	debug_spin_locked(lock, LOCK_WAITS);
}

static inline bool spin_trylock(struct spinlock *lock)
{
	preempt_disable();
	if (likely(spin_take(lock))) {
		debug_spin_locked(lock, LOCK_TRIES);
		return true;
	}
	preempt_enable();
	return false;
}

static inline void spin_unlock(struct spinlock *lock) __releases(lock)
{
	spin_give(lock);
	preempt_enable();
}

static inline uint64_t spin_lock_irq(struct spinlock *lock) __acquires(lock)
{
	uint64_t flags = irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irq(struct spinlock *lock, uint64_t flags) __releases(lock)
{
	spin_give(lock);
	irq_restore(flags);
	preempt_enable();
}

static inline bool mutex_change(struct mutex *m, uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(&m->state, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static inline void mutex_lock(struct mutex *m) __acquires(m)
{
	debug_mutex_lock(m);
	if (unlikely(!mutex_change(m, 0, (uint64_t)current)))
		mutex_lock_wait(m);
	debug_mutex_locked(m, LOCK_WAITS);
}

/* One exchange, and no look at the mutex after it: the next owner may be about to free it. */
static inline void mutex_unlock(struct mutex *m) __releases(m)
{
	if (!debug_mutex_unlock(m))
		return;
	if (unlikely(!mutex_change(m, (uint64_t)current, 0)))
		mutex_unlock_wake(m);
}

#endif
