// SPDX-License-Identifier: GPL-2.0
/*
 * Stub: the timer interrupt of each CPU, the local APIC's one-shot counter measured against the TSC. It runs due timers, and the
 * scheduler's tick as long as the CPU is busy; an idle CPU sleeps until the next timer.
 */
#include <asm/apic.h>
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/math.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <kernel/time.h>

#define MEASURE_NS	(2 * NSEC_PER_MSEC)
#define SAMPLES		8

/* Of its own CPU only, interrupts off. */
struct clock_event {
	time_ns_t programmed;	/* the counter runs to here; TIME_FOREVER: it is stopped */
	time_ns_t next_tick;
	bool ticking;
};

static struct clock_event events[CPUS_MAX];
static uint64_t timer_hz;

static void program(struct clock_event *e, time_ns_t deadline)
{
	time_ns_t now = time_now(), ns = deadline > now ? deadline - now : 0;
	uint64_t count = mul_div64(clock_raw_span(MIN(ns, NSEC_PER_SEC * 60)), timer_hz, NSEC_PER_SEC) + 1;

	e->programmed = deadline;
	apic_timer_set((uint32_t)MIN(count, (uint64_t)UINT32_MAX));
}

void clock_program(time_ns_t deadline)
{
	uint64_t flags = irq_save();
	struct clock_event *e = &events[this_cpu()->id];

	if (timer_hz && deadline < e->programmed)
		program(e, deadline);
	irq_restore(flags);
}

void clock_tick_resume(void)
{
	struct clock_event *e = &events[this_cpu()->id];

	if (e->ticking)
		return;
	e->ticking = true;
	e->next_tick = time_now() + CLOCK_TICK_NS;
	clock_program(e->next_tick);
}

/* A counter of 32 bits may have run out early: then nothing is due yet and the rest is programmed. */
static void timer_interrupt(void *arg)
{
	struct cpu *cpu = this_cpu();
	struct clock_event *e = &events[cpu->id];
	time_ns_t now = time_now(), next;

	e->programmed = TIME_FOREVER;
	next = timers_run(now);
	if (e->ticking && now >= e->next_tick) {
		e->next_tick = now + CLOCK_TICK_NS;
		e->ticking = cpu->thread != cpu->idle;
		if (e->ticking)
			sched_tick();
	}
	if (e->ticking)
		next = MIN(next, e->next_tick);
	if (next < e->programmed)
		program(e, next);
}

/* The counter's place at a moment, from the tightest of several looks. */
static uint32_t timer_sample(uint64_t *tsc)
{
	uint64_t best = ~0ull;
	uint32_t left = 0;
	unsigned int i;

	for (i = 0; i < SAMPLES; i++) {
		uint64_t before = rdtsc(), width;
		uint32_t now_left = apic_timer_left();

		width = rdtsc() - before;
		if (width < best) {
			best = width;
			left = now_left;
			*tsc = before + width / 2;
		}
	}
	return left;
}

static uint64_t timer_measure(void)
{
	uint64_t start = 0, end = 0;
	uint32_t first, last;

	apic_timer_set(UINT32_MAX);
	first = timer_sample(&start);
	time_delay_us(MEASURE_NS / NSEC_PER_USEC);
	last = timer_sample(&end);
	apic_timer_set(0);
	if (end <= start)
		return 0;
	return mul_div64(first - last, clock_tsc_hz(), end - start);
}

void clock_start_cpu(void)
{
	events[this_cpu()->id] = (struct clock_event){ .programmed = TIME_FOREVER };
}

int clock_start(void)
{
	struct clock_event *e = &events[this_cpu()->id];
	uint64_t flags = irq_save();

	irq_vector_set(VECTOR_TIMER, timer_interrupt, NULL, "timer");
	e->programmed = TIME_FOREVER;
	e->ticking = true;
	e->next_tick = time_now() + CLOCK_TICK_NS;
	timer_hz = timer_measure();
	if (timer_hz)
		program(e, e->next_tick);
	irq_restore(flags);
	log_info("clock: TSC %llu kHz, timer %llu kHz", (unsigned long long)clock_tsc_hz() / 1000, (unsigned long long)timer_hz / 1000);
	return timer_hz ? 0 : -ENODEV;
}
