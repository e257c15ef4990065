/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locks. A spinlock disables preemption; the _irq forms also disable interrupts and must be used for whatever an interrupt handler
 * takes. Who waits long for a spinlock gets it before who comes later. A mutex sleeps: never in an interrupt or with a spinlock held.
 * Order is documented in Documentation/locking.md. What it takes to get a lock that is free is inline (lock_inline.h), the rest is kernel/lock.c's.
 */
#ifndef KERNEL_LOCK_H
#define KERNEL_LOCK_H

#include <kernel/cpu.h>
#include <kernel/list.h>

struct spinlock {
	union {
		uint32_t word;		/* SPIN_LOCKED, SPIN_FENCED; 0: free for anybody */
		uint8_t locked;
	};
	uint16_t line_head, line_end;	/* numbers of those who have waited long: whose turn it is, the next to be drawn */
	const char *name;
};

#define SPIN_LOCKED	0x1u
#define SPIN_FENCED	0x100u	/* whoever is first in the line gets it next */

struct thread;

struct mutex {
	uint64_t state;			/* the owner's struct thread, and MUTEX_WAITED_FOR; changed by atomic exchanges only */
	struct spinlock lock;		/* guards waiters, and state from the moment it says that there are some */
	struct list waiters;
};

#define MUTEX_WAITED_FOR	1ull

#define SPINLOCK_INIT(n)	{ .locked = 0, .name = (n) }
#define MUTEX_INIT(m, n)	{ .lock = SPINLOCK_INIT(n), .waiters = LIST_INIT((m).waiters) }

void spin_init(struct spinlock *lock, const char *name);
void mutex_init(struct mutex *m, const char *name);
bool mutex_trylock(struct mutex *m);

/*
 * preempt_enable() reschedules when that is due and allowed. spin_lock_irq() disables interrupts as well; give its flags back.
 *
 *	void preempt_disable(void), preempt_enable(void)
 *	void spin_lock(struct spinlock *lock), spin_unlock(struct spinlock *lock)
 *	bool spin_trylock(struct spinlock *lock)
 *	uint64_t spin_lock_irq(struct spinlock *lock)
 *	void spin_unlock_irq(struct spinlock *lock, uint64_t flags)
 *	void mutex_lock(struct mutex *m), mutex_unlock(struct mutex *m)
 */
#include <kernel/lock_inline.h>

#endif
