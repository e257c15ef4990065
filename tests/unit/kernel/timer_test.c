// SPDX-License-Identifier: GPL-2.0
/* Timers on a clock that the test moves. Locks and per-CPU data are stood in for. */
#include <ktest.h>
#define this_cpu	real_this_cpu
#include <kernel/cpu.h>
#undef this_cpu

static struct cpu test_cpu;
static struct cpu *this_cpu(void)
{
	return &test_cpu;
}
#define nr_cpus		1u
#define ASM_SMP_H
#define smp_poll()	((void)0)
#include <kernel/lock.h>

static void take(struct spinlock *lock)
{
	if (lock->locked++)
		__builtin_trap();
}

#define spin_lock(lock)			take(lock)
#define spin_unlock(lock)		((void)(lock)->locked--)
#define spin_lock_irq(lock)		(take(lock), 0)
#define spin_unlock_irq(lock, flags)	((void)(flags), (void)(lock)->locked--)
#include "kernel/timer.c"

KTEST_SUITE(timer);

static time_ns_t programmed;
static unsigned int fired, order[8];
static struct timer t[8];

void clock_program(time_ns_t deadline)
{
	programmed = deadline;
}

static void note(struct timer *timer)
{
	order[fired++] = (unsigned int)(timer - t);
}

static void again(struct timer *timer)
{
	note(timer);
	if (fired < 3)
		timer_arm(timer, timer->deadline + 10);
}

static void reset(void (*fn)(struct timer *timer))
{
	fired = 0;
	queues[0].timers.root = NULL;
	for (unsigned int i = 0; i < 8; i++)
		timer_init(&t[i], fn);
}

KTEST_CASE(due_timers_fire_in_order_and_once)
{
	reset(note);
	timer_arm(&t[0], 30);
	timer_arm(&t[1], 10);
	timer_arm(&t[2], 20);
	EXPECT_EQ(timers_run(25), 30);
	EXPECT_EQ(fired, 2);
	EXPECT_EQ(order[0], 1);
	EXPECT_EQ(order[1], 2);
	EXPECT_EQ(timers_run(100), TIME_FOREVER);
	EXPECT_EQ(fired, 3);
}

KTEST_CASE(earliest_deadline_programs_the_clock)
{
	reset(note);
	timer_arm(&t[0], 50);
	EXPECT_EQ(programmed, 50);
	timer_arm(&t[1], 90);
	EXPECT_EQ(programmed, 50);
	timer_arm(&t[2], 40);
	EXPECT_EQ(programmed, 40);
}

KTEST_CASE(disarmed_timer_does_not_fire)
{
	reset(note);
	timer_arm(&t[0], 10);
	EXPECT_TRUE(timer_disarm(&t[0]));
	EXPECT_FALSE(timer_disarm(&t[0]));
	EXPECT_EQ(timers_run(20), TIME_FOREVER);
	EXPECT_EQ(fired, 0);
}

KTEST_CASE(arming_again_moves_the_deadline)
{
	reset(note);
	timer_arm(&t[0], 10);
	timer_arm(&t[0], 50);
	EXPECT_EQ(timers_run(20), 50);
	EXPECT_EQ(fired, 0);
	timers_run(50);
	EXPECT_EQ(fired, 1);
}

KTEST_CASE(callback_may_arm_its_timer_again)
{
	reset(again);
	timer_arm(&t[0], 10);
	EXPECT_EQ(timers_run(15), 20);
	EXPECT_EQ(timers_run(35), TIME_FOREVER);
	EXPECT_EQ(fired, 3);
}
