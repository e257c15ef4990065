/* SPDX-License-Identifier: GPL-2.0 */
/* <kernel/lock.h> for tests of kernel files on the host: no CPU of its own, so nothing is inline and a test that takes locks defines them. */
#ifndef KERNEL_LOCK_INLINE_H
#define KERNEL_LOCK_INLINE_H

#include <kernel/lock.h>

void preempt_disable(void);
void preempt_enable(void);
void spin_lock(struct spinlock *lock);
bool spin_trylock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
uint64_t spin_lock_irq(struct spinlock *lock);
void spin_unlock_irq(struct spinlock *lock, uint64_t flags);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

#endif
