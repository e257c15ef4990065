// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs at a steady pace for a machine with one CPU, where nobody else can see that it is stuck (kernel/stuck.c): the line of the PC's oldest
 * timer, which the IOAPIC turns into an NMI. Channel 0 of the 8254 (its data sheet) drives it, which nothing else uses; in a machine that has
 * none, the HPET in its place.
 */
#include <asm/apic.h>
#include <asm/clock.h>
#include <asm/io.h>
#include "clocksource.h"

#define PIT_CHANNEL0	0x40
#define PIT_COMMAND	0x43
#define PIT_RATE_0	0x34	/* channel 0, low byte and high byte, rate generator */

/* 1193182 Hz by 65536, which is written as 0: NMI_PULSES. */
static void pit_pulse(void)
{
	out8(PIT_COMMAND, PIT_RATE_0);
	out8(PIT_CHANNEL0, 0);
	out8(PIT_CHANNEL0, 0);
}

int nmi_pulse_start(void)
{
	unsigned int gsi = machine_info.isa[0].gsi;
	int err = ioapic_route(gsi, IOAPIC_NMI, false, false);

	if (!err && !clock_has_8254())
		err = hpet_pulse(NMI_PULSES);
	else if (!err)
		pit_pulse();
	if (!err)
		ioapic_mask(gsi, false);
	return err;
}
