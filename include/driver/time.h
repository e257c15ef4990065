/* SPDX-License-Identifier: GPL-2.0 */
/* Time for drivers: a monotonic clock, bounded waiting during probe, and one timer for each strand. */
#ifndef DRIVER_TIME_H
#define DRIVER_TIME_H

#include <driver/device.h>

/* Microseconds since boot, monotonic. Any context. */
uint64_t time_now_us(void);

/* Wait at least @us microseconds, at most 10,000,000; may sleep. probe and remove only. */
void time_wait_us(struct device *dev, uint32_t us);

/*
 * Poll @done(@arg) until it is true or @timeout_us passed; waits 10 us to 1 ms between polls. 0 or -ETIMEDOUT; the last poll comes
 * after the deadline. probe and remove only.
 */
int __must_check time_poll(struct device *dev, bool (*done)(void *arg), void *arg, uint32_t timeout_us);

/* (Re)arm the timer of @strand: the driver's timer(dev, strand) runs once, @us from now or a little later. Any context of that strand. */
void timer_set(struct device *dev, unsigned int strand, uint64_t us);

/* Stop it; a callback already running finishes. Any context of that strand. */
void timer_cancel(struct device *dev, unsigned int strand);

#endif
