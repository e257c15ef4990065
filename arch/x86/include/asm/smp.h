/* SPDX-License-Identifier: GPL-2.0 */
/* CPUs that tell each other something: calls that are waited for, a knock that is not, and the end. */
#ifndef ASM_SMP_H
#define ASM_SMP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Run @fn(@arg) on every CPU of @mask but this one, interrupts off, and wait until it has returned everywhere. Any context; @fn takes
 * no lock. CPUs that spin with interrupts off take the call in smp_poll().
 */
void smp_call(uint64_t mask, void (*fn)(void *arg), void *arg);
/* For every loop that waits for another CPU, interrupts on or off: take a call that waits for this one. */
void smp_poll(void);
/* Make @cpu, another one, look at need_resched and at what its thread has pending. */
void smp_kick(unsigned int cpu);
/* The other CPUs stop for good, whatever they do. For panic(). */
void smp_stop_others(void);
/* In the NMI handler: is this CPU to stop? */
bool smp_stopping(void);
/* What another CPU does just now, by an NMI: false if it does not say within a second. One at a time; may wait. */
bool smp_where(unsigned int cpu, uint64_t *rip, uint64_t *rbp);
/* In the NMI handler: it was at @rip, with this frame pointer. */
void smp_is_at(uint64_t rip, uint64_t rbp);

#endif
