// SPDX-License-Identifier: GPL-2.0
/*
 * adjtimex(2) and clock_adjtime(2): what a time daemon tells of the clock, and steps of the date. The clock's rate is what was measured at boot and
 * is not steered: an offset to be slewed, another frequency or another tick is refused (EOPNOTSUPP). Lock: adjust_lock guards the state.
 */
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/user.h>
#include "process_internal.h"

#define TICK_US			10000ll		/* of Linux's USER_HZ */
#define ERROR_MAX_US	16000000ll
#define TOLERANCE	(500ll << 16)	/* ppm, 16 bits of fraction */
#define CONSTANT_MAX	10
#define TAI_MAX_S		100000ll
#define STEP_MAX_S	(INT64_MAX / (int64_t)NSEC_PER_SEC)

static struct mutex adjust_lock = MUTEX_INIT(adjust_lock, "clock adjust");
static struct {
	int status;
	int64_t maxerror, esterror, constant;	/* us, us, log2 s */
	int tai;				/* s */
} state = { .status = LINUX_STA_UNSYNC, .maxerror = ERROR_MAX_US, .esterror = ERROR_MAX_US, .constant = 2 };

static int64_t bounded(int64_t v, int64_t min, int64_t max)
{
	return MIN(MAX(v, min), max);
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

static void state_set(const struct linux_timex *t)
{
	if (t->modes & LINUX_ADJ_STATUS)
		state.status = (state.status & LINUX_STA_RONLY) | (t->status & ~LINUX_STA_RONLY);
	if (t->modes & LINUX_ADJ_NANO)
		state.status |= LINUX_STA_NANO;
	if (t->modes & LINUX_ADJ_MICRO)
		state.status &= ~LINUX_STA_NANO;
	if (t->modes & LINUX_ADJ_MAXERROR)
		state.maxerror = bounded(t->maxerror, 0, ERROR_MAX_US);
	if (t->modes & LINUX_ADJ_ESTERROR)
		state.esterror = bounded(t->esterror, 0, ERROR_MAX_US);
	if (t->modes & LINUX_ADJ_TIMECONST)
		state.constant = bounded(t->constant + (state.status & LINUX_STA_NANO ? 0 : 4), 0, CONSTANT_MAX);
	if ((t->modes & LINUX_ADJ_TAI) && t->constant >= 0 && t->constant <= TAI_MAX_S)
		state.tai = (int)t->constant;
}

static void state_get(struct linux_timex *t)
{
	uint64_t now = time_realtime();
	bool nano = state.status & LINUX_STA_NANO;

	t->offset = t->freq = 0;
	t->maxerror = state.maxerror;
	t->esterror = state.esterror;
	t->status = state.status;
	t->constant = state.constant;
	t->precision = 1;
	t->tolerance = TOLERANCE;
	t->tick = TICK_US;
	t->tai = state.tai;
	t->ppsfreq = t->jitter = t->stabil = t->jitcnt = t->calcnt = t->errcnt = t->stbcnt = t->shift = 0;
	t->sec = (int64_t)(now / NSEC_PER_SEC);
	t->usec = (int64_t)(now % NSEC_PER_SEC / (nano ? 1 : NSEC_PER_USEC));
}

static int64_t adjust(uint64_t user)
{
	struct linux_timex t;
	int64_t result;

	if (copy_from_user(&t, user, sizeof(t)))
		return -EFAULT;
	result = modes_check(&t);
	if (!result && steers(&t))
		result = -EOPNOTSUPP;
	if (!result && (t.modes & LINUX_ADJ_SETOFFSET))
		result = step(&t);
	if (result)
		return copy_back_to_user(user, &t, sizeof(t)) ? -EFAULT : result;
	mutex_lock(&adjust_lock);
	if (!(t.modes & LINUX_ADJ_ADJTIME))
		state_set(&t);
	state_get(&t);
	result = state.status & (LINUX_STA_UNSYNC | LINUX_STA_CLOCKERR) ? LINUX_TIME_ERROR : LINUX_TIME_OK;
	mutex_unlock(&adjust_lock);
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
