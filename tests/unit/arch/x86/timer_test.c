// SPDX-License-Identifier: GPL-2.0
/* The timer stub: one shot after the other, ticks on a busy CPU, none on an idle one. */
#include "mock.h"
#define time_now		timer_test_now
#define time_delay_us		timer_test_delay
#define timers_run		timer_test_run
#define sched_tick		timer_test_tick
#define clock_tsc_hz		timer_test_hz
#define clock_program		timer_test_program
#define apic_timer_set		timer_test_set
#define apic_timer_left		timer_test_left
#define irq_vector_set		timer_test_vector
#define clock_raw_span		timer_test_span
#include "arch/x86/timer.c"
#include "ktest.h"

KTEST_SUITE(timer);

static time_ns_t now, next_timer;
static uint32_t count_set;
static unsigned int nr_set, nr_ticks;
static bool counts, frozen;

time_ns_t timer_test_now(void) { return now; }
void timer_test_delay(uint32_t us) { mock.tsc += frozen ? 0 : us * 1000ull; }
time_ns_t timer_test_run(time_ns_t t) { (void)t; return next_timer; }
void timer_test_tick(void) { nr_ticks++; }
uint64_t timer_test_hz(void) { return 1000000000; }
uint64_t timer_test_span(uint64_t ns) { return ns; }
void timer_test_vector(unsigned int vector, void (*fn)(void *arg), void *arg, const char *name) { (void)vector, (void)fn, (void)arg, (void)name; }
uint32_t timer_test_left(void) { return counts ? UINT32_MAX - (uint32_t)(mock.tsc / 10) : UINT32_MAX; }

void timer_test_set(uint32_t count)
{
	count_set = count;
	nr_set++;
}

/* A counter of 100 MHz, nothing due. */
static int start(bool counting)
{
	mock_reset();
	mock.tsc_step = frozen ? 0 : 1;
	memset(events, 0, sizeof(events));
	now = 0;
	next_timer = TIME_FOREVER;
	counts = counting;
	nr_set = nr_ticks = 0;
	timer_hz = 0;
	cpus[0].thread = (struct thread *)&cpus[1];
	cpus[0].idle = (struct thread *)&cpus[2];
	return clock_start();
}

KTEST_CASE(counter_is_measured_and_the_first_tick_programmed)
{
	ASSERT_EQ(start(true), 0);
	EXPECT_TRUE(timer_hz > 99000000 && timer_hz < 101000000);
	EXPECT_EQ(events[0].programmed, CLOCK_TICK_NS);
	EXPECT_TRUE(count_set > 990000 && count_set < 1010000);
}

KTEST_CASE(counter_that_stands_still_is_an_error)
{
	EXPECT_EQ(start(false), -ENODEV);
}

KTEST_CASE(clock_that_stands_still_is_an_error)
{
	frozen = true;
	EXPECT_EQ(start(true), -ENODEV);
	frozen = false;
}

KTEST_CASE(only_an_earlier_deadline_programs_the_counter)
{
	ASSERT_EQ(start(true), 0);
	nr_set = 0;
	clock_program(CLOCK_TICK_NS + 1);
	EXPECT_EQ(nr_set, 0);
	clock_program(1000);
	EXPECT_EQ(nr_set, 1);
	EXPECT_TRUE(count_set >= 100 && count_set <= 102);
	clock_program(1000);
	EXPECT_EQ(nr_set, 1);
}

KTEST_CASE(past_deadline_fires_at_once)
{
	ASSERT_EQ(start(true), 0);
	now = 5000;
	clock_program(1000);
	EXPECT_EQ(count_set, 1);
}

KTEST_CASE(busy_cpu_ticks_a_hundred_times_a_second)
{
	unsigned int i;

	ASSERT_EQ(start(true), 0);
	for (i = 1; i <= 100; i++) {
		now = events[0].programmed;
		timer_interrupt(NULL);
	}
	EXPECT_EQ(nr_ticks, 100);
	EXPECT_EQ(now, NSEC_PER_SEC);
}

KTEST_CASE(early_interrupt_only_programs_the_rest)
{
	ASSERT_EQ(start(true), 0);
	now = CLOCK_TICK_NS / 2;
	timer_interrupt(NULL);
	EXPECT_EQ(nr_ticks, 0);
	EXPECT_EQ(events[0].programmed, CLOCK_TICK_NS);
}

KTEST_CASE(idle_cpu_sleeps_until_the_next_timer)
{
	ASSERT_EQ(start(true), 0);
	cpus[0].thread = cpus[0].idle;
	next_timer = NSEC_PER_SEC;
	now = CLOCK_TICK_NS;
	timer_interrupt(NULL);
	EXPECT_EQ(nr_ticks, 0);
	EXPECT_EQ(events[0].programmed, NSEC_PER_SEC);
	next_timer = TIME_FOREVER;
	now = NSEC_PER_SEC;
	timer_interrupt(NULL);
	EXPECT_EQ(events[0].programmed, TIME_FOREVER);
}

KTEST_CASE(leaving_idle_brings_the_tick_back_once)
{
	ASSERT_EQ(start(true), 0);
	cpus[0].thread = cpus[0].idle;
	now = CLOCK_TICK_NS;
	timer_interrupt(NULL);
	clock_tick_resume();
	EXPECT_EQ(events[0].programmed, 2 * CLOCK_TICK_NS);
	nr_set = 0;
	clock_tick_resume();
	EXPECT_EQ(nr_set, 0);
}

KTEST_CASE(far_deadline_fits_the_counter)
{
	ASSERT_EQ(start(true), 0);
	events[0].programmed = TIME_FOREVER;
	clock_program(3600 * NSEC_PER_SEC);
	EXPECT_EQ(count_set, UINT32_MAX);
}

KTEST_CASE(cpu_that_comes_later_has_nothing_programmed)
{
	ASSERT_EQ(start(true), 0);
	clock_start_cpu();
	EXPECT_EQ(events[0].programmed, TIME_FOREVER);
}

KTEST_CASE(nothing_is_programmed_before_the_counter_was_measured)
{
	ASSERT_EQ(start(true), 0);
	timer_hz = 0;
	nr_set = 0;
	clock_program(0);
	EXPECT_EQ(nr_set, 0);
}
