// SPDX-License-Identifier: GPL-2.0
/*
 * The clock: the TSC, measured at boot against channel 2 of the 8254 (data sheet 231164). While the 8254 counts, the boot goes on with a
 * rate that is surely no less than the true one: time is slow then, and never goes back. A host may take the CPU away at any time, for
 * longer than the 8254 counts: its output says that it ran out, and such a measurement is not used. asm/clock_rate.h says what the others
 * are worth. Where there is no 8254, what ACPI's tables name is the reference (clocksource.c).
 *
 * What the TSC says is a line, which clock_steer() bends: from then on it rises by another rate. Who reads the line while it changes looks again.
 */
#include <asm/clock.h>
#include <asm/clock_rate.h>
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/math.h>
#include <asm/rtc.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include "clocksource.h"

#define PIT_HZ			1193182ull
#define PIT_CHANNEL2		0x42
#define PIT_COMMAND		0x43
#define PIT_LATCH2		0x80
#define PIT_MODE0_CHANNEL2	0xb0
#define PIT_GATE_PORT		0x61
#define PIT_RAN_OUT		0x20	/* of the gate port: channel 2's output, high after the last turn of mode 0 */
#define PIT_TURNS		11932u	/* 10 ms */
#define PIT_TURNS_ROUGH		300u	/* a quarter of a millisecond */
#define PIT_MASK		0xffffu
#define POLLS			1000000u
#define POLLS_STILL		512u	/* a counter that stands for so long does not count */
#define PARTS			333u	/* of a second, that another reference counts: 3 ms */
#define LOOKS			8
#define STARTS			3	/* measurements that begin together, while the boot goes on */
#define MEASUREMENTS		20
#define TSC_HZ_FALLBACK		1000000000ull
#define TSC_HZ_LEAST		10000000ull
#define TSC_HZ_MOST		10000000000ull	/* while nothing is known */

#define LINE_LOOKS		100000u	/* a change takes some hundred instructions, unless an NMI is in its midst */

static uint64_t tsc_hz;
static uint64_t tsc_base __hot_data, tsc_mult __hot_data;	/* ns = (tsc - base) * mult >> 32 */
static uint32_t line_begun __hot_data, line_done __hot_data;	/* changes of the two; equal: none is under way */
static struct clock_line line_before, line_raw;			/* what they were before the last change, and at first */
static uint64_t realtime_base;			/* ns since 1970 at time 0; relaxed atomics */
static struct rate_mark starts[STARTS];
static bool pit_counts;

/* The turns that it made. */
static uint32_t pit_count(void)
{
	uint8_t lo;

	out8(PIT_COMMAND, PIT_LATCH2);
	lo = in8(PIT_CHANNEL2);
	return PIT_MASK - (uint32_t)(in8(PIT_CHANNEL2) << 8 | lo);
}

/* The tightest of several looks. */
static struct rate_mark look(const struct clock_reference *ref)
{
	struct rate_mark best = { 0, UINT64_MAX, 0 };

	for (unsigned int i = 0; i < LOOKS; i++) {
		struct rate_mark m = { .before = rdtsc() };

		m.count = ref->read();
		m.after = rdtsc();
		if (m.after - m.before < best.after - best.before)
			best = m;
	}
	return best;
}

static void pit_begin(void)
{
	out8(PIT_GATE_PORT, (in8(PIT_GATE_PORT) & 0xfd) | 0x01);	/* gate on, speaker off */
	out8(PIT_COMMAND, PIT_MODE0_CHANNEL2);
	out8(PIT_CHANNEL2, 0xff);
	out8(PIT_CHANNEL2, 0xff);
}

static bool pit_ran_out(void)
{
	return in8(PIT_GATE_PORT) & PIT_RAN_OUT;
}

static const struct clock_reference pit = {
	.name = "8254", .hz = PIT_HZ, .mask = PIT_MASK, .read = pit_count, .begin = pit_begin, .ran_out = pit_ran_out,
};

/* Until the counter is @turns after @start; false: it stands still. */
static bool turns_wait(const struct clock_reference *ref, const struct rate_mark *start, uint32_t turns)
{
	uint32_t last = start->count, still = 0;

	for (uint32_t polls = 0; polls < POLLS && still < POLLS_STILL; polls++) {
		uint32_t count = ref->read();

		if (((count - start->count) & ref->mask) >= turns)
			return true;
		still = count == last ? still + 1 : 0;
		last = count;
		cpu_relax();
	}
	return false;
}

/* False: the counter stands still. */
static bool measure(const struct clock_reference *ref, uint32_t turns, struct rate_range *r)
{
	struct rate_mark start, end;

	if (ref->begin)
		ref->begin();
	start = look(ref);
	if (!turns_wait(ref, &start, turns))
		return false;
	end = look(ref);
	*r = rate_between(&start, &end, ref->hz, ref->mask);
	if (ref->ran_out && ref->ran_out())
		r->votes = 0;
	return true;
}

static void rough_tell(const struct rate_range *r)
{
	if (r->votes && !rate_is_settled(r))
		log_warn("clock: the TSC was measured on a busy host, and lies between %llu and %llu kHz",
			 (unsigned long long)r->low / 1000, (unsigned long long)r->high / 1000);
}

static void measures_begin(const struct clock_reference *ref)
{
	if (ref->begin)
		ref->begin();
	for (unsigned int n = 0; n < STARTS; n++)
		starts[n] = look(ref);
}

/*
 * What was begun is ended; more measurements where the host took the CPU away. Cycles in a second; 0 when the counter stands still or always
 * ran out.
 */
static uint64_t measures_end(const struct clock_reference *ref, uint32_t turns)
{
	struct rate_range all[MEASUREMENTS], r;
	struct rate_mark end;

	if (!turns_wait(ref, &starts[STARTS - 1], turns))
		return 0;
	for (unsigned int n = 0; n < STARTS; n++) {
		end = look(ref);
		all[n] = rate_between(&starts[n], &end, ref->hz, ref->mask);
	}
	for (unsigned int n = 0; n < STARTS && ref->ran_out && ref->ran_out(); n++)
		all[n].votes = 0;
	r = rate_agree(all, STARTS);
	for (unsigned int n = STARTS; n < MEASUREMENTS && !rate_is_settled(&r); n++) {
		if (!measure(ref, turns, &all[n]))
			return 0;
		r = rate_agree(all, n + 1);
	}
	rough_tell(&r);
	return rate_hz(&r);
}

/* The rate is at most this. */
static uint64_t tsc_measure_start(void)
{
	struct rate_range r;
	struct rate_mark end;

	measures_begin(&pit);
	pit_counts = turns_wait(&pit, &starts[0], PIT_TURNS_ROUGH);
	if (!pit_counts)
		return TSC_HZ_MOST;
	end = look(&pit);
	r = rate_between(&starts[0], &end, PIT_HZ, PIT_MASK);
	return r.votes ? r.high : TSC_HZ_MOST;
}

/* By the counter that ACPI's tables name. 0: there is none. */
static uint64_t tsc_measure_otherwise(void)
{
	struct clock_reference ref;

	if (clocksource_reference(&ref))
		return 0;
	log_info("clock: no 8254 counts here; the TSC is measured by %s", ref.name);
	measures_begin(&ref);
	return measures_end(&ref, (uint32_t)(ref.hz / PARTS));
}

static void rate_set(uint64_t hz)
{
	tsc_hz = hz < TSC_HZ_LEAST ? TSC_HZ_FALLBACK : hz;
	tsc_mult = mul_div64(NSEC_PER_SEC, 1ull << 32, tsc_hz);
	line_raw = (struct clock_line){ tsc_base, tsc_mult };
}

static time_ns_t line_at(uint64_t base, uint64_t mult, uint64_t tsc)
{
	return (time_ns_t)((unsigned __int128)(tsc - base) * mult >> 32);
}

time_ns_t clock_from_tsc(uint64_t tsc)
{
	uint64_t base = READ_ONCE(tsc_base);

	return (int64_t)(tsc - base) > 0 ? line_at(base, READ_ONCE(tsc_mult), tsc) : 0;
}

uint64_t clock_tsc_hz(void)
{
	return tsc_hz;
}

struct clock_line clock_line(void)
{
	return (struct clock_line){ tsc_base, clock_source ? 0 : tsc_mult };
}

uint64_t clock_realtime_base(void)
{
	return READ_ONCE(realtime_base);
}

time_ns_t (*clock_source)(void) __hot_data;

/* False: the line changed meanwhile. */
static inline bool line_look(time_ns_t *now)
{
	uint32_t seen = __atomic_load_n(&line_done, __ATOMIC_ACQUIRE);

	*now = line_at(READ_ONCE(tsc_base), READ_ONCE(tsc_mult), rdtsc());
	return __atomic_load_n(&line_begun, __ATOMIC_ACQUIRE) == seen;
}

/* In an NMI in the midst of a change this is the line before it. */
static __noinline time_ns_t line_look_again(void)
{
	time_ns_t now;

	for (unsigned int looks = 0; looks < LINE_LOOKS; looks++) {
		if (line_look(&now))
			return now;
		cpu_relax();
	}
	return line_at(line_before.base, line_before.mult, rdtsc());
}

static inline time_ns_t tsc_now(void)
{
	time_ns_t now;

	return likely(line_look(&now)) ? now : line_look_again();
}

time_ns_t clock_tsc_now(void)
{
	return tsc_now();
}

time_ns_t clock_raw_now(void)
{
	return clock_source ? clock_source() : line_at(line_raw.base, line_raw.mult, rdtsc());
}

bool clock_can_steer(void)
{
	return !clock_source;
}

/* What one more line is through the point of @old at @tsc, no lower than it by the rounding. */
static struct clock_line line_bent(const struct clock_line *old, uint64_t mult, uint64_t tsc)
{
	return (struct clock_line){ tsc - mul_div64(tsc - old->base, old->mult, mult) - 1, mult };
}

void clock_steer(int64_t gain)
{
	uint64_t size = (uint64_t)(gain < 0 ? -gain : gain) >> 16, part = mul_div64(line_raw.mult, size, NSEC_PER_SEC << 16);
	struct clock_line line;

	line_before = (struct clock_line){ tsc_base, tsc_mult };
	__atomic_fetch_add(&line_begun, 1, __ATOMIC_SEQ_CST);	/* a locked instruction: the TSC is read after it is seen */
	line = line_bent(&line_before, gain < 0 ? line_raw.mult - part : line_raw.mult + part, rdtsc());
	WRITE_ONCE(tsc_base, line.base);
	WRITE_ONCE(tsc_mult, line.mult);
	__atomic_store_n(&line_done, line_begun, __ATOMIC_RELEASE);
}

uint64_t clock_raw_span(uint64_t ns)
{
	uint64_t mult = READ_ONCE(tsc_mult);

	return likely(mult == line_raw.mult) ? ns : mul_div64(ns, line_raw.mult, mult);
}

time_ns_t time_now(void)
{
	return likely(!clock_source) ? tsc_now() : clock_source();
}

uint64_t time_realtime(void)
{
	return READ_ONCE(realtime_base) + time_now();
}

void clock_set_realtime(uint64_t date)
{
	WRITE_ONCE(realtime_base, date - time_now());
}

void time_delay_us(uint32_t us)
{
	time_ns_t end = clock_tsc_now() + MIN(us, 10000u) * NSEC_PER_USEC;

	while (clock_tsc_now() < end)
		cpu_relax();
}

void clock_init(uint64_t entry_tsc)
{
	tsc_base = entry_tsc;
	rate_set(tsc_measure_start());
	realtime_base = rtc_date() * NSEC_PER_SEC - time_now();
}

bool clock_has_8254(void)
{
	return pit_counts;
}

void clock_settle(void)
{
	uint64_t hz = pit_counts ? measures_end(&pit, PIT_TURNS) : 0, date = time_realtime();

	if (hz < TSC_HZ_LEAST)
		hz = tsc_measure_otherwise();
	if (hz < TSC_HZ_LEAST)
		log_warn("clock: no measure of the TSC from 8254, HPET or ACPI's timer; taking it for 1 GHz");
	rate_set(hz);
	clock_set_realtime(date);
}
