// SPDX-License-Identifier: GPL-2.0
/*
 * The clock: the TSC, measured once against channel 2 of the 8254 (data sheet 231164), and the CMOS clock (MC146818) for the date. The
 * two ends of the measurement are the tightest of several samples, so that a host that takes the CPU away meanwhile spoils nothing.
 */
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/math.h>
#include <kernel/log.h>
#include <kernel/time.h>

#define PIT_HZ			1193182ull
#define PIT_CHANNEL2		0x42
#define PIT_COMMAND		0x43
#define PIT_LATCH2		0x80
#define PIT_MODE0_CHANNEL2	0xb0
#define PIT_GATE_PORT		0x61
#define PIT_TURNS		5966u	/* 5 ms */
#define PIT_POLLS		1000000u
#define SAMPLES			8
#define TSC_HZ_FALLBACK		1000000000ull
#define TSC_HZ_LEAST		10000000ull

#define CMOS_INDEX		0x70
#define CMOS_DATA		0x71
#define CMOS_NMI_OFF		0x80
#define CMOS_A_UPDATING		0x80
#define CMOS_B_BINARY		0x04
#define CMOS_B_24H		0x02

static uint64_t tsc_hz, tsc_base, tsc_mult;	/* ns = (tsc - base) * mult >> 32 */
static uint64_t realtime_base;			/* ns since 1970 at time 0 */

struct sample {
	uint64_t tsc, width;
	uint16_t count;
};

static uint16_t pit_count(void)
{
	uint8_t lo;

	out8(PIT_COMMAND, PIT_LATCH2);
	lo = in8(PIT_CHANNEL2);
	return (uint16_t)(in8(PIT_CHANNEL2) << 8 | lo);
}

static struct sample pit_sample(void)
{
	struct sample best = { 0, ~0ull, 0 };
	unsigned int i;

	for (i = 0; i < SAMPLES; i++) {
		uint64_t before = rdtsc(), width;
		uint16_t count = pit_count();

		width = rdtsc() - before;
		if (width < best.width)
			best = (struct sample){ before + width / 2, width, count };
	}
	return best;
}

/* TSC cycles in a second; 0 when the counter does not count. */
static uint64_t tsc_measure(void)
{
	struct sample a, b;
	uint32_t polls;

	out8(PIT_GATE_PORT, (in8(PIT_GATE_PORT) & 0xfd) | 0x01);	/* gate on, speaker off */
	out8(PIT_COMMAND, PIT_MODE0_CHANNEL2);
	out8(PIT_CHANNEL2, 0xff);
	out8(PIT_CHANNEL2, 0xff);
	a = pit_sample();
	for (polls = 0; polls < PIT_POLLS && (uint16_t)(a.count - pit_count()) < PIT_TURNS; polls++)
		cpu_relax();
	b = pit_sample();
	if (polls == PIT_POLLS || a.count == b.count)
		return 0;
	return mul_div64(b.tsc - a.tsc, PIT_HZ, (uint16_t)(a.count - b.count));
}

static uint8_t cmos_read(uint8_t reg)
{
	out8(CMOS_INDEX, CMOS_NMI_OFF | reg);
	return in8(CMOS_DATA);
}

static unsigned int from_bcd(uint8_t v, bool binary)
{
	return binary ? v : (v >> 4) * 10u + (v & 15);
}

struct date {
	unsigned int second, minute, hour, day, month, year;
};

static struct date cmos_date(void)
{
	uint8_t b = cmos_read(11), hour = cmos_read(4);
	bool binary = b & CMOS_B_BINARY, afternoon = !(b & CMOS_B_24H) && hour & 0x80;
	struct date d;

	d.second = from_bcd(cmos_read(0), binary);
	d.minute = from_bcd(cmos_read(2), binary);
	d.hour = from_bcd(hour & (b & CMOS_B_24H ? 0xff : 0x7f), binary);
	d.day = from_bcd(cmos_read(7), binary);
	d.month = from_bcd(cmos_read(8), binary);
	d.year = 2000 + from_bcd(cmos_read(9), binary);
	if (!(b & CMOS_B_24H))
		d.hour = d.hour % 12 + (afternoon ? 12 : 0);
	return d;
}

/* Days since 1970 of a date of the Gregorian calendar, with the year begun in March so that the leap day is the last. */
static uint64_t days_since_1970(unsigned int year, unsigned int month, unsigned int day)
{
	unsigned int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return 365ull * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* Two equal readings outside an update; seconds since 1970, 0 when the clock talks nonsense. */
static uint64_t cmos_seconds(void)
{
	struct date d, again;
	unsigned int tries;

	for (tries = 0; tries < 1000 && (cmos_read(10) & CMOS_A_UPDATING); tries++)
		time_delay_us(10);
	d = cmos_date();
	for (tries = 0; tries < 10; tries++) {
		again = cmos_date();
		if (!memcmp(&d, &again, sizeof(d)))
			break;
		d = again;
	}
	if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31 || d.hour > 23 || d.minute > 59 || d.second > 60)
		return 0;
	return days_since_1970(d.year, d.month, d.day) * 86400 + d.hour * 3600 + d.minute * 60 + d.second;
}

time_ns_t clock_from_tsc(uint64_t tsc)
{
	return tsc > tsc_base ? (time_ns_t)((unsigned __int128)(tsc - tsc_base) * tsc_mult >> 32) : 0;
}

uint64_t clock_tsc_hz(void)
{
	return tsc_hz;
}

void clock_parameters(uint64_t *base, uint64_t *mult)
{
	*base = tsc_base;
	*mult = tsc_mult;
}

uint64_t clock_realtime_base(void)
{
	return realtime_base;
}

time_ns_t time_now(void)
{
	return (time_ns_t)((unsigned __int128)(rdtsc() - tsc_base) * tsc_mult >> 32);
}

uint64_t time_realtime(void)
{
	return realtime_base + time_now();
}

void time_delay_us(uint32_t us)
{
	time_ns_t end = time_now() + MIN(us, 10000u) * NSEC_PER_USEC;

	while (time_now() < end)
		cpu_relax();
}

void clock_init(uint64_t entry_tsc)
{
	tsc_base = entry_tsc;
	tsc_hz = tsc_measure();
	if (tsc_hz < TSC_HZ_LEAST) {
		log_warn("clock: the 8254 does not count; taking the TSC for 1 GHz");
		tsc_hz = TSC_HZ_FALLBACK;
	}
	tsc_mult = mul_div64(NSEC_PER_SEC, 1ull << 32, tsc_hz);
	realtime_base = cmos_seconds() * NSEC_PER_SEC - time_now();
}
