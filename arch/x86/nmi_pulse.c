// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs at a steady pace for a machine with one CPU, where nobody else can see that it is stuck (kernel/stuck.c): the line of the PC's oldest
 * timer, which the IOAPIC turns into an NMI. Channel 0 of the 8254 (its data sheet) drives it, which nothing else uses; in a machine that has
 * none, the HPET in its place.
 */
#include <asm/apic.h>
#include <asm/io.h>
#include <kernel/time.h>
#include "clocksource.h"

#define PIT_CHANNEL0	0x40
#define PIT_COMMAND	0x43
#define PIT_RATE_0	0x34	/* channel 0, low byte and high byte, rate generator */

#define PIT_LATCH_0	0x00
#define PIT_LOOK_US	50	/* some 60 counts */

static uint16_t pit_count(void)
{
	uint8_t low;

	out8(PIT_COMMAND, PIT_LATCH_0);
	low = in8(PIT_CHANNEL0);
	return (uint16_t)(low | in8(PIT_CHANNEL0) << 8);
}

/* 1193182 Hz by 65536, which is written as 0: NMI_PULSES. False: nothing counts there. */
static bool pit_pulse(void)
{
	uint16_t first;

	out8(PIT_COMMAND, PIT_RATE_0);
	out8(PIT_CHANNEL0, 0);
	out8(PIT_CHANNEL0, 0);
	time_delay_us(PIT_LOOK_US);
	first = pit_count();
	time_delay_us(PIT_LOOK_US);
	return pit_count() != first;
}

int nmi_pulse_start(void)
{
	unsigned int gsi = machine_info.isa[0].gsi;
	int err = ioapic_route(gsi, IOAPIC_NMI, false, false);

	if (!err && !pit_pulse())
		err = hpet_pulse(NMI_PULSES);
	if (err)
		return err;
	ioapic_mask(gsi, false);
	return 0;
}
