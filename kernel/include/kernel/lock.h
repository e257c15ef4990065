/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locks. A spinlock disables preemption; the _irq forms also disable interrupts and must be used for whatever an interrupt handler
 * takes. A mutex sleeps: never in an interrupt or with a spinlock held. Order is documented in Documentation/locking.md.
 */
#ifndef KERNEL_LOCK_H
#define KERNEL_LOCK_H

#include <kernel/cpu.h>
#include <kernel/list.h>

struct spinlock {
	uint32_t locked;
	const char *name;
};

struct thread;

struct mutex {
	struct spinlock lock;
	struct thread *owner;
	struct list waiters;
};

#define SPINLOCK_INIT(n)	{ .locked = 0, .name = (n) }
#define MUTEX_INIT(m, n)	{ .lock = SPINLOCK_INIT(n), .waiters = LIST_INIT((m).waiters) }

void preempt_disable(void);
void preempt_enable(void);	/* reschedules when one is due and it is allowed */

void spin_init(struct spinlock *lock, const char *name);
void spin_lock(struct spinlock *lock) __acquires(lock);
bool spin_trylock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock) __releases(lock);
/* Interrupts off as well; give the returned flags back. */
uint64_t spin_lock_irq(struct spinlock *lock) __acquires(lock);
void spin_unlock_irq(struct spinlock *lock, uint64_t flags) __releases(lock);

void mutex_init(struct mutex *m, const char *name);
void mutex_lock(struct mutex *m) __acquires(m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m) __releases(m);

#endif
