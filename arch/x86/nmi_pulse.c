// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs at a steady pace for a machine with one CPU, where nobody else can see that it is stuck (kernel/stuck.c): the PC's oldest timer (8254
 * data sheet), whose line the IOAPIC turns into an NMI. Nothing else uses its channel 0.
 */
#include <asm/apic.h>
#include <asm/io.h>

#define PIT_CHANNEL0	0x40
#define PIT_COMMAND	0x43
#define PIT_RATE_0	0x34	/* channel 0, low byte and high byte, rate generator */

/* 1193182 Hz by 65536, which is written as 0: NMI_PULSES. */
int nmi_pulse_start(void)
{
	unsigned int gsi = machine_info.isa[0].gsi;
	int err = ioapic_route(gsi, IOAPIC_NMI, false, false);

	if (err)
		return err;
	out8(PIT_COMMAND, PIT_RATE_0);
	out8(PIT_CHANNEL0, 0);
	out8(PIT_CHANNEL0, 0);
	ioapic_mask(gsi, false);
	return 0;
}
