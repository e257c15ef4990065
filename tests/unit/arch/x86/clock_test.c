// SPDX-License-Identifier: GPL-2.0
/* The clock: the TSC measured against an 8254. */
#include "mock.h"
#define time_now		clock_test_now
#define time_realtime		clock_test_realtime
#define time_delay_us		clock_test_delay
#define clock_raw_now		clock_test_raw_now
#define clocksource_reference	clock_test_reference
#define rtc_date		clock_test_rtc_date
#include "arch/x86/clock.c"
#include "ktest.h"

KTEST_SUITE(clock);

#define DATE	1795227412ull	/* 2026-11-21 02:16:52 */

static bool pit_dead, high_byte;
static uint64_t other_hz;		/* of the counter that the tables name; 0: none */
static uint32_t other_mask;
static uint16_t latched;
static uint64_t pit_start;		/* TSC when the 8254 was started */
static uint64_t stall;			/* cycles the host takes away */
static unsigned int stalls, stall_every, writes;

/* The TSC runs at 1 GHz, so the 8254 counts down once in 838 of its cycles. */
static uint8_t machine_read(uint16_t port)
{
	if (port == PIT_CHANNEL2) {
		high_byte = !high_byte;
		return (uint8_t)(high_byte ? latched : latched >> 8);
	}
	if (port == PIT_GATE_PORT)
		return (mock.tsc - pit_start) * PIT_HZ / 1000000000 > 0xffff ? PIT_RAN_OUT : 0;
	return 0;
}

static void machine_write(uint16_t port, uint8_t v)
{
	if (port == PIT_COMMAND && v == PIT_LATCH2)
		latched = pit_dead ? 0xffff : (uint16_t)(0xffff - (mock.tsc - pit_start) * PIT_HZ / 1000000000);
	if (port == PIT_COMMAND && v == PIT_MODE0_CHANNEL2)
		pit_start = mock.tsc;
}

static uint32_t other_read(void)
{
	mock.tsc += 500;
	return (uint32_t)((unsigned __int128)mock.tsc * other_hz / 1000000000) & other_mask;
}

uint64_t clock_test_rtc_date(void)
{
	return DATE;
}

int clock_test_reference(struct clock_reference *ref)
{
	*ref = (struct clock_reference){ .name = "other", .hz = other_hz, .mask = other_mask, .read = other_read };
	return other_hz ? 0 : -ENODEV;
}

static void start(void)
{
	mock_reset();
	mock.port_read = machine_read;
	mock.port_write = machine_write;
	mock.tsc_step = 200;
	pit_dead = high_byte = false;
	other_hz = 0;
	stalls = writes = 0;
	pit_start = 0;
}

/* The loop that waits for the 8254 reads no TSC: let time pass there. */
static void machine_write_slow(uint16_t port, uint8_t v)
{
	mock.tsc += 500;
	if (stalls && ++writes % stall_every == 0) {
		mock.tsc += stall;
		stalls--;
	}
	machine_write(port, v);
}

/* The boot takes @cycles between the two halves. */
static void run_boot(uint64_t cycles)
{
	mock.port_write = machine_write_slow;
	clock_init(0);
	mock.tsc += cycles;
	clock_settle();
}

static void run(void)
{
	run_boot(0);
}

KTEST_CASE(tsc_is_measured_to_a_part_in_a_thousand)
{
	start();
	run();
	EXPECT_TRUE(clock_tsc_hz() > 999000000 && clock_tsc_hz() < 1001000000);
	EXPECT_EQ(mock.logs, 0);
}

/* Shorter than the measurement, longer, longer than the 8254 counts, and so long that it counts anew. */
KTEST_CASE(boot_between_start_and_end_takes_any_time)
{
	for (uint64_t ms = 0; ms < 200; ms += 3) {
		start();
		run_boot(ms * 1000000);
		EXPECT_TRUE(clock_tsc_hz() > 999000000 && clock_tsc_hz() < 1001000000);
		EXPECT_EQ(mock.logs, 0);
	}
}

KTEST_CASE(time_goes_on_slowly_until_the_rate_is_known)
{
	time_ns_t rough;

	for (uint64_t us = 0; us < 3000; us += 170) {
		start();
		stalls = us ? 100000 : 0;
		stall_every = 4;
		stall = us * 1000;
		mock.port_write = machine_write_slow;
		clock_init(0);
		EXPECT_TRUE(clock_tsc_hz() >= 1000000000);
		rough = time_now();
		EXPECT_TRUE(rough <= mock.tsc);
		clock_settle();
		EXPECT_TRUE(time_now() >= rough);
	}
}

/* @n times, at every @every-th port write, the host takes the CPU away for @cycles. */
static void run_stalled(unsigned int n, unsigned int every, uint64_t cycles)
{
	start();
	stalls = n;
	stall_every = every;
	stall = cycles;
	run();
}

KTEST_CASE(stall_longer_than_the_8254_counts_spoils_nothing)
{
	for (uint64_t ms = 40; ms < 700; ms += 11) {
		run_stalled(3, 1001, ms * 1000000);
		EXPECT_TRUE(clock_tsc_hz() > 999000000 && clock_tsc_hz() < 1001000000);
		EXPECT_EQ(mock.logs, 0);
	}
}

KTEST_CASE(short_stalls_at_every_other_look_spoil_nothing)
{
	for (uint64_t us = 10; us < 5000; us += 170) {
		run_stalled(100000, 4, us * 1000);
		EXPECT_TRUE(clock_tsc_hz() > 999000000 && clock_tsc_hz() < 1001000000);
	}
}

KTEST_CASE(host_that_never_lets_a_measurement_end_is_told)
{
	run_stalled(100000, 500, 900000000);
	EXPECT_EQ(mock.logs, 1);
	EXPECT_EQ(clock_tsc_hz(), TSC_HZ_FALLBACK);
}

KTEST_CASE(rate_known_only_roughly_is_told)
{
	run_stalled(UINT32_MAX, 1, 300000);
	EXPECT_EQ(mock.logs, 1);
	EXPECT_TRUE(clock_tsc_hz() > 900000000 && clock_tsc_hz() < 1100000000);
}

KTEST_CASE(dead_8254_is_told_and_time_still_runs)
{
	time_ns_t before;

	start();
	pit_dead = true;
	run();
	EXPECT_EQ(mock.logs, 1);
	EXPECT_EQ(clock_tsc_hz(), TSC_HZ_FALLBACK);
	EXPECT_TRUE(mock.nr_relax <= 2 * POLLS_STILL);
	before = time_now();
	EXPECT_TRUE(time_now() > before);
}

static void run_without_pit(uint64_t hz, uint32_t mask)
{
	time_ns_t rough;

	start();
	pit_dead = true;
	other_hz = hz;
	other_mask = mask;
	mock.port_write = machine_write_slow;
	clock_init(0);
	rough = time_now();
	EXPECT_TRUE(rough <= mock.tsc);
	clock_settle();
	EXPECT_TRUE(clock_tsc_hz() > 999000000 && clock_tsc_hz() < 1001000000);
	EXPECT_TRUE(time_now() >= rough);
	EXPECT_EQ(time_realtime() / NSEC_PER_SEC, DATE);
}

KTEST_CASE(tsc_is_measured_by_another_counter_without_an_8254)
{
	run_without_pit(100000000, UINT32_MAX);
	run_without_pit(14318180, UINT32_MAX);
	run_without_pit(3579545, 0xffffff);
}

KTEST_CASE(another_counter_that_stops_is_told)
{
	start();
	pit_dead = true;
	other_hz = 3579545;
	other_mask = 0;
	run();
	EXPECT_EQ(clock_tsc_hz(), TSC_HZ_FALLBACK);
	EXPECT_TRUE(mock.nr_relax <= 3 * POLLS_STILL);
}

KTEST_CASE(delay_takes_its_time_and_not_much_more)
{
	time_ns_t before, took;

	start();
	run();
	before = time_now();
	time_delay_us(100);
	took = time_now() - before;
	EXPECT_TRUE(took >= 100000 && took < 110000);
	EXPECT_TRUE(time_realtime() >= DATE * NSEC_PER_SEC);
}

/* 10 % of what the TSC counts; what time_now() says is what it said. */
KTEST_CASE(a_steered_clock_goes_on_from_where_it_was)
{
	const int64_t tenth = (int64_t)NSEC_PER_SEC / 10 * (1ll << 32);
	time_ns_t before, after, raw;

	start();
	run();
	mock.tsc += 1000000000000;
	for (int n = 0; n < 1000; n++) {
		before = time_now();
		clock_steer(n & 1 ? tenth : -tenth);
		after = time_now();
		EXPECT_TRUE(after >= before && after < before + 2000);
	}
	before = time_now();
	raw = clock_raw_now();
	mock.tsc += 1000000000;
	EXPECT_TRUE(time_now() - before > 1099 * NSEC_PER_MSEC && time_now() - before < 1101 * NSEC_PER_MSEC);
	EXPECT_TRUE(clock_raw_now() - raw > 999 * NSEC_PER_MSEC && clock_raw_now() - raw < 1001 * NSEC_PER_MSEC);
	EXPECT_TRUE(clock_raw_span(1100000) > 999000 && clock_raw_span(1100000) < 1001000);
	clock_steer(0);
	before = time_now();
	mock.tsc += 1000000000;
	EXPECT_TRUE(time_now() - before > 999 * NSEC_PER_MSEC && time_now() - before < 1001 * NSEC_PER_MSEC);
}

KTEST_CASE(time_is_told_in_the_midst_of_a_change)
{
	time_ns_t before;

	start();
	run();
	line_before = (struct clock_line){ tsc_base, tsc_mult };
	before = time_now();
	line_begun++;
	tsc_base = 0;
	tsc_mult = 1;
	EXPECT_TRUE(time_now() >= before);
	line_done++;
}

KTEST_CASE(time_before_the_start_is_zero)
{
	start();
	run();
	tsc_base = 1000;
	EXPECT_EQ(clock_from_tsc(500), 0);
	EXPECT_TRUE(clock_from_tsc(1001000) > 990000);
}
