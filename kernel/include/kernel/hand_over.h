/* SPDX-License-Identifier: GPL-2.0 */
/* Drivers that a client rings run when the client sleeps, not before (kernel/hand_over.c). */
#ifndef KERNEL_HAND_OVER_H
#define KERNEL_HAND_OVER_H

#include <asm/cpu.h>
#include <kernel/thread.h>

/* The caller is about to ring and then sleeps soon: one of the two below follows. */
static inline void hand_over_late(void)
{
	current->sleeps_soon = true;
}

/* It does not sleep after all, or has slept. */
void hand_over_now(void);
/* It will sleep in a call of its own, probably; until then, or a moment later, the driver waits. */
void hand_over_on_sleep(void);

#endif
