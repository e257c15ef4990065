// SPDX-License-Identifier: GPL-2.0
/*
 * adjtimex(2) and clock_adjtime(2): a time daemon steers the clock and tells what it knows of it. CLOCK_MONOTONIC and the date gain or lose by
 * a frequency and a length of the tick, which stay, and by offsets that are worn off over the next seconds: adjtime(3)'s at 500 us a second, the
 * phase-locked loop's (RFC 5905 appendix A.5.5.6, as Linux has it) by a part of what is left. No leap seconds, no pulses. Where the clock does
 * not count with the TSC it is not steered (EOPNOTSUPP). Lock: adjust_lock guards the state; the timer takes it too.
 */
#include <asm/clock.h>
#include <asm/vdso.h>
#include <kernel/lock.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/user.h>
#include "process_internal.h"

#define TICK_US			10000ll		/* of Linux's USER_HZ */
#define ERROR_MAX_US	16000000ll
#define ERROR_US_PER_S	500ll		/* by which what is unknown grows */
#define TOLERANCE	(500ll << 16)	/* ppm, 16 bits of fraction */
#define FREQ_UNIT	((1000ll << 32) >> 16)	/* that unit in gains: ns in a second, 32 bits of fraction */
#define FREQ_MAX	(TOLERANCE * FREQ_UNIT)
#define CONSTANT_MAX	10
#define TAI_MAX_S		100000ll
#define STEP_MAX_S	(INT64_MAX / (int64_t)NSEC_PER_SEC)
#define OFFSET_MAX_NS	500000000ll
#define ADJUST_NS_PER_S	500000ll
#define ADJUST_MAX_US	(INT64_MAX / 1000)
#define SLEW_MAX_S	1000
#define SHIFT_PLL	2
#define SHIFT_FLL	2
#define FLL_MIN_S	256
#define FLL_MAX_S	2048

static struct spinlock adjust_lock = SPINLOCK_INIT("clock adjust");
static struct {
	int status;
	int64_t maxerror, esterror, constant;	/* us, us, log2 s */
	time_ns_t error_since;			/* maxerror was this */
	int64_t tick, freq;			/* us; gain */
	time_ns_t offset_since;			/* the loop's last offset came then */
} state = { .status = LINUX_STA_UNSYNC, .maxerror = ERROR_MAX_US, .esterror = ERROR_MAX_US, .constant = 2, .tick = TICK_US };
static uint32_t tai;				/* s; relaxed atomics */

/* What is worn off: ns left, and ns in a second since @since. */
static struct {
	int64_t offset, offset_rate;		/* the loop's */
	int64_t adjust, adjust_rate;		/* adjtime()'s */
	time_ns_t since;
	int64_t gain;				/* what the clock was told */
	struct timer timer;
} slew;

uint64_t time_tai_ahead(void)
{
	return __atomic_load_n(&tai, __ATOMIC_RELAXED) * NSEC_PER_SEC;
}

static int64_t bounded(int64_t v, int64_t min, int64_t max)
{
	return MIN(MAX(v, min), max);
}

/* Towards 0 on both sides. */
static int64_t shift_right(int64_t v, int64_t bits)
{
	return v < 0 ? -(-v >> bits) : v >> bits;
}

static int64_t worn_off(int64_t rate, uint64_t ns)
{
	return rate * (int64_t)(MIN(ns, SLEW_MAX_S * NSEC_PER_SEC) / NSEC_PER_USEC) / 1000000;
}

/* What happened since the last look. adjust_lock held. */
static void state_settle(time_ns_t now)
{
	uint64_t seconds = (now - state.error_since) / NSEC_PER_SEC;

	slew.offset -= worn_off(slew.offset_rate, now - slew.since);
	slew.adjust -= worn_off(slew.adjust_rate, now - slew.since);
	slew.since = now;
	state.error_since += seconds * NSEC_PER_SEC;
	if (seconds > ERROR_MAX_US / ERROR_US_PER_S || state.maxerror + (int64_t)seconds * ERROR_US_PER_S > ERROR_MAX_US) {
		state.maxerror = ERROR_MAX_US;
		state.status |= LINUX_STA_UNSYNC;
	} else {
		state.maxerror += (int64_t)seconds * ERROR_US_PER_S;
	}
}

/* The rates for the second to come. After state_settle(); adjust_lock held. */
static void slew_go_on(void)
{
	int64_t gain = (state.tick - TICK_US) * LINUX_CLK_TCK * 1000 * (1ll << 32) + state.freq;

	if (slew.adjust > -1000 && slew.adjust < 1000)
		slew.adjust = 0;
	slew.offset_rate = shift_right(slew.offset, SHIFT_PLL + state.constant);
	slew.adjust_rate = bounded(slew.adjust, -ADJUST_NS_PER_S, ADJUST_NS_PER_S);
	gain += (slew.offset_rate + slew.adjust_rate) * (1ll << 32);
	if (gain != slew.gain) {
		vdso_steer_begin();
		clock_steer(gain);
		vdso_steer_end();
		slew.gain = gain;
	}
	if (slew.offset_rate || slew.adjust_rate)
		timer_arm(&slew.timer, slew.since + NSEC_PER_SEC);
}

void clock_adjust_forget(void)
{
	uint64_t flags = spin_lock_irq(&adjust_lock);

	state_settle(time_now());
	slew.offset = slew.adjust = 0;
	state.status |= LINUX_STA_UNSYNC;
	state.maxerror = state.esterror = ERROR_MAX_US;
	slew_go_on();
	spin_unlock_irq(&adjust_lock, flags);
}

static void slew_second(struct timer *t)
{
	uint64_t flags = spin_lock_irq(&adjust_lock);

	(void)t;
	state_settle(time_now());
	slew_go_on();
	spin_unlock_irq(&adjust_lock, flags);
}

static int step_check(const struct linux_timex *t)
{
	int64_t unit = t->modes & LINUX_ADJ_NANO ? (int64_t)NSEC_PER_SEC : 1000000;

	return t->usec < 0 || t->usec >= unit ? -EINVAL : 0;
}

static int modes_check(const struct linux_timex *t)
{
	if (t->modes & LINUX_ADJ_ADJTIME) {
		if (!(t->modes & LINUX_ADJ_OFFSET_SINGLESHOT & ~LINUX_ADJ_ADJTIME))
			return -EINVAL;
		if (!(t->modes & LINUX_ADJ_OFFSET_READONLY & ~LINUX_ADJ_OFFSET_SINGLESHOT) && !privileged(LINUX_CAP_SYS_TIME))
			return -EPERM;
	} else if (t->modes && !privileged(LINUX_CAP_SYS_TIME)) {
		return -EPERM;
	}
	if (!(t->modes & LINUX_ADJ_ADJTIME) && (t->modes & LINUX_ADJ_TICK) && (t->tick < TICK_US * 9 / 10 || t->tick > TICK_US * 11 / 10))
		return -EINVAL;
	if ((t->modes & LINUX_ADJ_FREQUENCY) && (t->freq > INT64_MAX / FREQ_UNIT || t->freq < INT64_MIN / FREQ_UNIT))
		return -EINVAL;
	return t->modes & LINUX_ADJ_SETOFFSET ? step_check(t) : 0;
}

/* What would steer the clock. */
static bool steers(const struct linux_timex *t)
{
	if (t->modes & LINUX_ADJ_ADJTIME)
		return t->modes != LINUX_ADJ_OFFSET_SS_READ && t->offset;
	return ((t->modes & LINUX_ADJ_OFFSET) && t->offset) || ((t->modes & LINUX_ADJ_FREQUENCY) && t->freq) ||
	       ((t->modes & LINUX_ADJ_TICK) && t->tick != TICK_US);
}

static int step(const struct linux_timex *t)
{
	int64_t ns = t->modes & LINUX_ADJ_NANO ? t->usec : t->usec * (int64_t)NSEC_PER_USEC;

	return t->sec < -STEP_MAX_S || t->sec > STEP_MAX_S ? -EINVAL : date_set(time_realtime() + (uint64_t)t->sec * NSEC_PER_SEC + (uint64_t)ns);
}

/* An offset that comes seldom says something of the frequency by itself. */
static int64_t freq_locked(int64_t offset, int64_t seconds)
{
	state.status &= ~LINUX_STA_MODE;
	if (seconds < FLL_MIN_S || (!(state.status & LINUX_STA_FLL) && seconds <= FLL_MAX_S))
		return 0;
	state.status |= LINUX_STA_MODE;
	return offset * (1ll << (32 - SHIFT_FLL)) / seconds;
}

static void offset_set(int64_t offset, time_ns_t now)
{
	int64_t seconds = state.status & LINUX_STA_FREQHOLD ? 0 : (int64_t)((now - state.offset_since) / NSEC_PER_SEC), freq;

	if (!(state.status & LINUX_STA_PLL))
		return;
	if (!(state.status & LINUX_STA_NANO))
		offset = bounded(offset, -1000000, 1000000) * 1000;
	offset = bounded(offset, -OFFSET_MAX_NS, OFFSET_MAX_NS);
	state.offset_since = now;
	freq = freq_locked(offset, seconds);
	seconds = MIN(seconds, 1ll << (SHIFT_PLL + 1 + state.constant));
	freq += offset * seconds * (1ll << (32 - 2 * (SHIFT_PLL + 2 + state.constant)));
	state.freq = bounded(state.freq + freq, -FREQ_MAX, FREQ_MAX);
	slew.offset = offset;
}

static void status_set(int status, time_ns_t now)
{
	if (status & ~state.status & LINUX_STA_PLL)
		state.offset_since = now;
	state.status = (state.status & LINUX_STA_RONLY) | (status & ~LINUX_STA_RONLY);
}

static void told_set(const struct linux_timex *t, time_ns_t now)
{
	if (t->modes & LINUX_ADJ_STATUS)
		status_set(t->status, now);
	if (t->modes & LINUX_ADJ_NANO)
		state.status |= LINUX_STA_NANO;
	if (t->modes & LINUX_ADJ_MICRO)
		state.status &= ~LINUX_STA_NANO;
	if (t->modes & LINUX_ADJ_MAXERROR)
		state.maxerror = bounded(t->maxerror, 0, ERROR_MAX_US);
	if (t->modes & LINUX_ADJ_ESTERROR)
		state.esterror = bounded(t->esterror, 0, ERROR_MAX_US);
	if (t->modes & LINUX_ADJ_TIMECONST)
		state.constant = MIN(bounded(t->constant, 0, CONSTANT_MAX) + (state.status & LINUX_STA_NANO ? 0 : 4), CONSTANT_MAX);
	if ((t->modes & LINUX_ADJ_TAI) && t->constant >= 0 && t->constant <= TAI_MAX_S) {
		__atomic_store_n(&tai, (uint32_t)t->constant, __ATOMIC_RELAXED);
		vdso_set_realtime();
	}
}

/* In the order of Linux: an offset changes the frequency that came with it. */
static void state_set(const struct linux_timex *t, time_ns_t now)
{
	told_set(t, now);
	if (t->modes & LINUX_ADJ_FREQUENCY)
		state.freq = bounded(t->freq, -TOLERANCE, TOLERANCE) * FREQ_UNIT;
	if (t->modes & LINUX_ADJ_OFFSET)
		offset_set(t->offset, now);
	if (t->modes & LINUX_ADJ_TICK)
		state.tick = t->tick;
}

/* adjtime(3): what is left, which another offset replaces. */
static int64_t adjust_once(const struct linux_timex *t)
{
	int64_t left = slew.adjust / 1000;

	if (t->modes != LINUX_ADJ_OFFSET_SS_READ)
		slew.adjust = bounded(t->offset, -ADJUST_MAX_US, ADJUST_MAX_US) * 1000;
	return left;
}

static void state_get(struct linux_timex *t)
{
	uint64_t now = time_realtime();
	bool nano = state.status & LINUX_STA_NANO;

	t->offset = nano ? slew.offset : slew.offset / 1000;
	t->freq = (state.freq + (state.freq < 0 ? -1 : 1) * (FREQ_UNIT / 2)) / FREQ_UNIT;
	t->maxerror = state.maxerror;
	t->esterror = state.esterror;
	t->status = state.status;
	t->constant = state.constant;
	t->precision = 1;
	t->tolerance = TOLERANCE;
	t->tick = state.tick;
	t->tai = (int)tai;
	t->ppsfreq = t->jitter = t->stabil = t->jitcnt = t->calcnt = t->errcnt = t->stbcnt = t->shift = 0;
	t->sec = (int64_t)(now / NSEC_PER_SEC);
	t->usec = (int64_t)(now % NSEC_PER_SEC / (nano ? 1 : NSEC_PER_USEC));
}

static int change(struct linux_timex *t)
{
	uint64_t flags = spin_lock_irq(&adjust_lock);
	time_ns_t now = time_now();
	int64_t left = 0;
	int result;

	if (!slew.timer.fn)
		timer_init(&slew.timer, slew_second);
	state_settle(now);
	if (t->modes & LINUX_ADJ_ADJTIME)
		left = adjust_once(t);
	else
		state_set(t, now);
	slew_go_on();
	state_get(t);
	if (t->modes & LINUX_ADJ_ADJTIME)
		t->offset = left;
	result = state.status & (LINUX_STA_UNSYNC | LINUX_STA_CLOCKERR) ? LINUX_TIME_ERROR : LINUX_TIME_OK;
	spin_unlock_irq(&adjust_lock, flags);
	return result;
}

static int64_t adjust(uint64_t user)
{
	struct linux_timex t;
	int64_t result;

	if (copy_from_user(&t, user, sizeof(t)))
		return -EFAULT;
	result = modes_check(&t);
	if (!result && steers(&t) && !clock_can_steer())
		result = -EOPNOTSUPP;
	if (!result && (t.modes & LINUX_ADJ_SETOFFSET))
		result = step(&t);
	if (result)
		return copy_back_to_user(user, &t, sizeof(t)) ? -EFAULT : result;
	result = change(&t);
	return copy_to_user(user, &t, sizeof(t)) ? -EFAULT : result;
}

SYSCALL(NR_adjtimex, adjtimex)
{
	return adjust(args->a[0]);
}

/* clock_adjtime(clock, to): the date's is the only clock that can be set. */
SYSCALL(NR_clock_adjtime, clock_adjtime)
{
	struct linux_timex t;
	int clock = args->a[0];
	uint64_t now;

	if (clock == LINUX_CLOCK_REALTIME)
		return adjust(args->a[1]);
	if (copy_from_user(&t, args->a[1], sizeof(t)))
		return -EFAULT;
	return clock_read(clock, &now) ? -EINVAL : -EOPNOTSUPP;
}
