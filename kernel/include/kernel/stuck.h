/* SPDX-License-Identifier: GPL-2.0 */
/* Threads and CPUs that do not go on are reported in the log: kernel/stuck.c. */
#ifndef KERNEL_STUCK_H
#define KERNEL_STUCK_H

#include <kernel/types.h>

/* How many reports there were. */
extern uint32_t stuck_reports;

/* From each NMI, with the place it came at. Of use where there is one CPU (asm/apic.h: nmi_pulse_start). */
void stuck_pulse(uint64_t rip, uint64_t rbp);

#endif
