// SPDX-License-Identifier: GPL-2.0
/* Locks that are not given back, or not by who has them. */
#include "planted.h"

static struct spinlock spin = SPINLOCK_INIT("planted kept");
static struct mutex mutex = MUTEX_INIT(mutex, "planted kept mutex");
static uint64_t counter;

static int step(uint64_t value)
{
	return hide(value) > 2 ? -EINVAL : 0;
}

static struct spinlock s1 = SPINLOCK_INIT("planted s1"), s2 = SPINLOCK_INIT("planted s2"), s3 = SPINLOCK_INIT("planted s3"),
	s4 = SPINLOCK_INIT("planted s4"), s5 = SPINLOCK_INIT("planted s5"), s6 = SPINLOCK_INIT("planted s6");
static struct mutex m1 = MUTEX_INIT(m1, "planted m1"), m2 = MUTEX_INIT(m2, "planted m2"), m3 = MUTEX_INIT(m3, "planted m3"),
	m4 = MUTEX_INIT(m4, "planted m4");

PLANTED(kept_on_an_early_return)
{
	spin_lock(&s1); /* here */
	if (step(3))
		return;
	spin_unlock(&s1);
}

PLANTED(kept_mutex_on_an_early_return)
{
	mutex_lock(&m1); /* here */
	if (step(3))
		return;
	mutex_unlock(&m1);
}

PLANTED(kept_when_a_loop_is_left)
{
	for (unsigned int i = 0; i < 5; i++) {
		spin_lock(&s2); /* here */
		if (step(i))
			break;
		spin_unlock(&s2);
	}
}

PLANTED(kept_when_a_turn_is_skipped)
{
	for (unsigned int i = 2; i < 4; i++) {
		mutex_lock(&m2); /* here */
		if (step(i))
			continue;
		mutex_unlock(&m2);
	}
}

PLANTED(kept_the_wrong_one_was_given_back)
{
	mutex_lock(&m3); /* here */
	mutex_lock(&mutex);
	counter++;
	mutex_unlock(&mutex);
}

PLANTED(kept_interrupts_came_back_without_it)
{
	uint64_t flags = spin_lock_irq(&s3); /* here */

	counter++;
	irq_restore(flags);
}

PLANTED(kept_after_a_try)
{
	if (spin_trylock(&s4)) /* here */
		counter++;
}

PLANTED(kept_mutex_after_a_try)
{
	if (mutex_trylock(&m4)) /* here */
		counter++;
}

PLANTED(given_back_twice)
{
	spin_lock(&spin);
	counter++;
	spin_unlock(&spin);
	preempt_disable();
	spin_unlock(&spin); /* here */
}

PLANTED(given_back_and_never_taken)
{
	if (step(1))
		mutex_lock(&mutex);
	mutex_unlock(&mutex); /* here */
}

static void lock_two(void)
{
	spin_lock(&s5);
	spin_lock(&s6); /* here */
}

PLANTED(kept_one_of_two)
{
	lock_two();
	counter++;
	spin_unlock(&s5);
}
