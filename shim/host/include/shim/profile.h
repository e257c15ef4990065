/* SPDX-License-Identifier: GPL-2.0 */
/* Host world: the clock of <driver/profile.h>: time of the tests, in microseconds, never 0. */
#ifndef SHIM_PROFILE_H
#define SHIM_PROFILE_H

uint64_t profile_clock(void);

#endif
