/* SPDX-License-Identifier: GPL-2.0 */
/*
 * <kernel/lock.h> without its bodies. For tests of kernel files on the host, where there is no such CPU and a test that takes locks defines
 * them; and for sparse, which follows locks by these declarations.
 */
#ifndef KERNEL_LOCK_INLINE_H
#define KERNEL_LOCK_INLINE_H

#include <kernel/lock.h>

void preempt_disable(void);
void preempt_enable(void);
bool spin_take(struct spinlock *lock);
void spin_lock_wait(struct spinlock *lock);
void spin_lock_bare(struct spinlock *lock);
void spin_unlock_bare(struct spinlock *lock);
void spin_lock(struct spinlock *lock) __acquires(lock);
bool spin_trylock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock) __releases(lock);
uint64_t spin_lock_irq(struct spinlock *lock) __acquires(lock);
void spin_unlock_irq(struct spinlock *lock, uint64_t flags) __releases(lock);
bool mutex_change(struct mutex *m, uint64_t from, uint64_t to);
void mutex_lock(struct mutex *m) __acquires(m);
void mutex_unlock(struct mutex *m) __releases(m);

#endif
