/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The timer stub as kernel/timer.c and kernel/main.c see it: the TSC clock and this CPU's one-shot interrupt. The interrupt calls
 * timers_run() and, a hundred times a second while the CPU is not idle, sched_tick().
 */
#ifndef ASM_CLOCK_H
#define ASM_CLOCK_H

#include <kernel/types.h>

#define CLOCK_TICK_NS	(10 * NSEC_PER_MSEC)

/* Interrupt this CPU no later than @deadline; a deadline that is already set for earlier stays. Any context; for timer_arm(). */
void clock_program(time_ns_t deadline);
/*
 * Begin to measure the TSC; time 0 is @entry_tsc. Reads the real-time clock. Interrupts off, no memory needed. Until clock_settle(), which
 * ends it and waits for what is left of 10 ms, time_now() may be late by a few parts in a hundred (without an 8254: it goes at a part of its
 * speed). clock_settle() comes after acpi_init(): it may need what the tables name.
 */
void clock_init(uint64_t entry_tsc);
void clock_settle(void);
/* Does the machine have an 8254 that counts? After clock_init(). */
bool clock_has_8254(void);
/* Start this CPU's timer interrupt; after the local APIC is on. */
int clock_start(void);
/* The same for another CPU, after the boot CPU has measured. Interrupts off. */
void clock_start_cpu(void);
/* This CPU leaves the idle thread: the tick goes on. Interrupts off. */
void clock_tick_resume(void);
/* TSC cycles to nanoseconds since boot, and how many cycles make a second (0: not measured). */
time_ns_t clock_from_tsc(uint64_t tsc);
uint64_t clock_tsc_hz(void);
/* What time_now() counts with when it is not the TSC (clocksource.c); NULL: the TSC. Set once, at start-up. And what the TSC says. */
extern time_ns_t (*clock_source)(void);
time_ns_t clock_tsc_now(void);
/* ns = (TSC - base) * mult >> 32. */
struct clock_line {
	uint64_t base, mult;
};
/* What time_now() counts with, for the vDSO; mult 0: not with the TSC. */
struct clock_line clock_line(void);
/* Does clock_steer() work? Not where something else than the TSC counts. */
bool clock_can_steer(void);
/*
 * From now on time_now() gains @gain on the counter: ns in a second with 32 bits of fraction, less than 300 ms either way; not from what it gained
 * before. Interrupts off, between vdso_steer_begin() and its end, which one caller at a time calls.
 */
void clock_steer(int64_t gain);
/* So many ns of time_now() are how many of a counter that nobody steers, by the rate of now. Any context. */
uint64_t clock_raw_span(uint64_t ns);
uint64_t clock_realtime_base(void);
/* It is @date now, in ns since 1970. Any context; tell vdso_set_realtime() too. */
void clock_set_realtime(uint64_t date);

#endif
