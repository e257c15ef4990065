/* SPDX-License-Identifier: GPL-2.0 */
/* Counters that begin anew: time out of one (pure, for clocksource.c and its test), and one against which the TSC is measured. */
#ifndef ARCH_X86_CLOCKSOURCE_H
#define ARCH_X86_CLOCKSOURCE_H

#include <kernel/types.h>

/* Counts up at @hz, with the bits of @mask. */
struct clock_reference {
	const char *name;
	uint64_t hz;
	uint32_t mask;
	uint32_t (*read)(void);
	/* For one that counts once and no further, else NULL: let it begin, and has it come to its end? */
	void (*begin)(void);
	bool (*ran_out)(void);
};

/* The first of HPET and ACPI's timer that counts, started; -ENODEV: the machine has none. After acpi_init(), on the boot CPU alone. */
int clocksource_reference(struct clock_reference *ref);
/*
 * The HPET's timer 0 in place of the 8254's channel 0: an interrupt on its line @per_second times a second (IA-PC HPET 1.0a, 2.3.5 and 2.3.9.2.2:
 * LegacyReplacement). 0 or -ENODEV.
 */
int hpet_pulse(unsigned int per_second);

struct clock_counter {
	uint32_t mask;		/* of the bits that count */
	uint32_t last;		/* where it stood at the last look */
	uint64_t hz, rest;	/* rest: what the last look left over, in units of 1/hz ns */
	uint64_t ns;		/* the time of that look */
};

/* The time now that the counter stands at @count; it has come round at most once since the last look. */
static inline uint64_t clock_counter_advance(struct clock_counter *c, uint32_t count)
{
	uint64_t parts = (uint64_t)((count - c->last) & c->mask) * 1000000000ull + c->rest;	/* below 2^63 */

	c->last = count;
	c->ns += parts / c->hz;
	c->rest = parts % c->hz;
	return c->ns;
}

#endif
