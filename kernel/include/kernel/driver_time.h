/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processor time inside a driver's entry points: submit, commit, irq, timer, each under its strand with interrupts off. Of a linked-in driver
 * that is its own; of a moved one, whose process has a time of its own, it is what the kernel's end of its rings takes. Counted while somebody
 * has /proc/ferry/driver_time open; otherwise each of these costs a test of a byte and a branch that is not taken.
 */
#ifndef KERNEL_DRIVER_TIME_H
#define KERNEL_DRIVER_TIME_H

#include <kernel/device.h>
#include <kernel/trace.h>

/* The slow halves: somebody asks. @s is held. */
TRACE_SAVES_ALL void driver_time_enter(struct strand *s);
TRACE_SAVES_ALL void driver_time_leave(struct strand *s);

/* Around a call into the driver; never nested. @s is held. */
static inline void driver_enter(struct strand *s)
{
	if (trace_on(TRACE_TIME))
		TRACE_CALL(driver_time_enter, s, 0, 0, 0);
}

static inline void driver_leave(struct strand *s)
{
	if (trace_on(TRACE_TIME))
		TRACE_CALL(driver_time_leave, s, 0, 0, 0);
}

#endif
