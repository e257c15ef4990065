/* SPDX-License-Identifier: GPL-2.0 */
/* User world: the clock of <driver/profile.h>. */
#ifndef SHIM_PROFILE_H
#define SHIM_PROFILE_H

#include <shim/trace.h>
#include <uapi/ferry/driver_abi.h>

uint64_t profile_now(void) __attribute__((cold));

static inline uint64_t profile_clock(void)
{
	return TRACE_TEST(driver_recording, FERRY_CONTROL_PROFILE) ? profile_now() : 0;
}

#endif
