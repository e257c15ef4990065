// SPDX-License-Identifier: GPL-2.0
/* Locks in an order, or in a place, that could end in a deadlock. */
#include <asm/cpu.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include "planted.h"

#define SPIN(n)		static struct spinlock n = SPINLOCK_INIT("planted " #n)
#define MUTEX(n)	static struct mutex n = MUTEX_INIT(n, "planted " #n)

SPIN(a1);
SPIN(b1);

PLANTED(inversion_of_two_spinlocks)
{
	spin_lock(&a1);
	spin_lock(&b1);
	spin_unlock(&b1);
	spin_unlock(&a1);
	spin_lock(&b1);
	spin_lock(&a1); /* here */
	spin_unlock(&a1);
	spin_unlock(&b1);
}

MUTEX(a2);
MUTEX(b2);

PLANTED(inversion_of_two_mutexes)
{
	mutex_lock(&a2);
	mutex_lock(&b2);
	mutex_unlock(&b2);
	mutex_unlock(&a2);
	mutex_lock(&b2);
	mutex_lock(&a2); /* here */
	mutex_unlock(&a2);
	mutex_unlock(&b2);
}

SPIN(a3);
SPIN(b3);
SPIN(c3);

static void nested(struct spinlock *outer, struct spinlock *inner)
{
	spin_lock(outer);
	spin_lock(inner);
	spin_unlock(inner);
	spin_unlock(outer);
}

PLANTED(inversion_of_three)
{
	nested(&a3, &b3);
	nested(&b3, &c3);
	nested(&c3, &a3); /* here */
}

struct item {
	struct spinlock lock;
};

PLANTED(inversion_of_two_of_a_kind)
{
	static struct item items[2];

	spin_init(&items[0].lock, "planted item");
	spin_init(&items[1].lock, items[0].lock.name);
	nested(&items[0].lock, &items[1].lock);
	nested(&items[1].lock, &items[0].lock); /* here */
}

SPIN(a5);
MUTEX(b5);

PLANTED(mutex_under_a_spinlock)
{
	spin_lock(&a5);
	mutex_lock(&b5); /* here */
	mutex_unlock(&b5);
	spin_unlock(&a5);
}

SPIN(a6);

PLANTED(sleep_under_a_spinlock)
{
	spin_lock(&a6);
	(void)sleep_until(time_now(), false); /* here */
	spin_unlock(&a6);
}

PLANTED(mutex_with_interrupts_off)
{
	uint64_t flags = irq_save();

	mutex_lock(&b5); /* here */
	mutex_unlock(&b5);
	irq_restore(flags);
}

SPIN(a8);
static bool fired;

static void in_interrupt(struct timer *t)
{
	spin_lock(&a8);
	WRITE_ONCE(fired, true);
	spin_unlock(&a8);
}

PLANTED(inversion_with_an_interrupt)
{
	struct timer t;

	timer_init(&t, in_interrupt);
	timer_arm(&t, time_now() + NSEC_PER_MSEC);
	while (!READ_ONCE(fired))
		(void)sleep_until(time_now() + NSEC_PER_MSEC, false);
	timer_disarm(&t);
	spin_lock(&a8); /* here */
	spin_unlock(&a8);
}

SPIN(a9);
SPIN(b9);
static bool fired9;

static void in_interrupt9(struct timer *t)
{
	spin_lock(&a9);
	WRITE_ONCE(fired9, true);
	spin_unlock(&a9);
}

PLANTED(inversion_with_an_interrupt_through_another)
{
	struct timer t;
	uint64_t flags;

	timer_init(&t, in_interrupt9);
	timer_arm(&t, time_now() + NSEC_PER_MSEC);
	while (!READ_ONCE(fired9))
		(void)sleep_until(time_now() + NSEC_PER_MSEC, false);
	timer_disarm(&t);
	spin_lock(&b9);
	spin_unlock(&b9);
	flags = spin_lock_irq(&a9);
	spin_lock(&b9); /* here */
	spin_unlock(&b9);
	spin_unlock_irq(&a9, flags);
}

MUTEX(a10);
MUTEX(b10);
MUTEX(c10);

PLANTED(inversion_of_mutexes_over_three_functions)
{
	mutex_lock(&a10);
	mutex_lock(&b10);
	mutex_unlock(&b10);
	mutex_unlock(&a10);
	mutex_lock(&b10);
	mutex_lock(&c10);
	mutex_unlock(&c10);
	mutex_unlock(&b10);
	mutex_lock(&c10);
	mutex_lock(&a10); /* here */
	mutex_unlock(&a10);
	mutex_unlock(&c10);
}
