/* SPDX-License-Identifier: GPL-2.0 */
/* Time: a monotonic clock in nanoseconds and one-shot timers. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include <kernel/heap.h>
#include <kernel/list.h>

/* Nanoseconds since boot, monotonic, from the calibrated TSC, as adjtimex() steers it. Any context. */
time_ns_t time_now(void);
/* The same as if adjtimex() had never steered it: CLOCK_MONOTONIC_RAW. Any context. */
time_ns_t clock_raw_now(void);
/* Nanoseconds since 1970: the RTC at boot, or what clock_settime() said, and what has passed since. */
uint64_t time_realtime(void);
/* CLOCK_TAI is so many nanoseconds ahead of that, as adjtimex() was told. Any context. */
uint64_t time_tai_ahead(void);
/* Busy-wait; for hardware start-up only, at most 10 ms. */
void time_delay_us(uint32_t us);

/* @ns as whole seconds and the nanoseconds after them: of a time before 0, too, those are none less than 0. */
static inline void time_split(int64_t ns, int64_t *sec, int64_t *nsec)
{
	int64_t rest = ns % (int64_t)NSEC_PER_SEC;

	*sec = ns / (int64_t)NSEC_PER_SEC - (rest < 0);
	*nsec = rest < 0 ? rest + (int64_t)NSEC_PER_SEC : rest;
}

struct timer {
	struct heap_node node;
	time_ns_t deadline;
	void (*fn)(struct timer *t);	/* in the timer interrupt, interrupts off: must not sleep */
	bool armed;
	uint32_t cpu;			/* in whose queue; guarded by that queue's lock */
};

void timer_init(struct timer *t, void (*fn)(struct timer *t));
/* (Re)arm for @deadline; a time in the past fires at the next chance. Any context. */
void timer_arm(struct timer *t, time_ns_t deadline);
/* Returns whether it was armed; the callback does not run after this returned (unless called from it). Any context but its callback. */
bool timer_disarm(struct timer *t);
/*
 * The period after @now of those of @interval ns (not 0), one of which was due at @due; all three by one clock. *@missed: how many were
 * due in between. Saturates. Any context.
 */
uint64_t period_next(uint64_t due, uint64_t interval, uint64_t now, uint64_t *missed);
/* A periodic timer is armed no earlier than this after it fired: a tiny period must not keep the CPU in the timer interrupt. */
#define PERIOD_MIN_NS	(50 * NSEC_PER_USEC)
/*
 * The same of one whose last *@untaken periods the program took no notice of, this one as well if @ignored: up to 12.8 ms, so that a crowd of such
 * timers costs others little.
 */
static inline time_ns_t period_rest(uint8_t *untaken, bool ignored)
{
	*untaken = ignored ? (uint8_t)MIN(*untaken + 1u, 8u) : 0;
	return PERIOD_MIN_NS << *untaken;
}
/* Called by the timer interrupt: run what is due; returns the next deadline or TIME_FOREVER. */
time_ns_t timers_run(time_ns_t now);

/* ---- Who waits for a date (kernel/clock_set.c) ---- */

/* When it is @date, in ns since 1970, as things stand: a time since boot. */
time_ns_t deadline_of_date(uint64_t date);

/* @changed is called whenever the date was set: may sleep, must not call these two. Between them, which may sleep too. */
struct clock_watch {
	struct list link;		/* list_init() first */
	void (*changed)(struct clock_watch *w);
};
void clock_watch(struct clock_watch *w);
/* No call is under way when this returns. Harmless when @w is not watched. */
void clock_unwatch(struct clock_watch *w);

/* The date was set: no offset is left to be worn off, and nobody knows how right the date is (kernel/clock_adjust.c). */
void clock_adjust_forget(void);
/* Set the date, for everybody. 0, or -EINVAL: before the machine was switched on, or in the last 30 years that can be counted. May sleep. */
int date_set(uint64_t date);
/* Sleep until it is @date. 0 or -EINTR. */
int sleep_until_date(uint64_t date);

/* Does clock_settime() change what it says? */
bool clock_is_date(int clock);
/* Would its timers wake a machine that sleeps? */
bool clock_is_alarm(int clock);

#endif
