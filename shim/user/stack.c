// SPDX-License-Identifier: GPL-2.0
/*
 * User world: a driver's function wrote past its locals (CONFIG_STACKPROTECTOR). The C library makes the canary from the 16 random bytes
 * that the kernel gives each process; its own answer has no frame, so the crash report would not name the function.
 */
#include <driver/log.h>

void __wrap___stack_chk_fail(void) __attribute__((noreturn));

/* What the compiler calls: the linker's --wrap sends it here. Ends the process in a frame above the function's. */
void __wrap___stack_chk_fail(void)
{
	device_log(NULL, LOG_ERR, "stack smashed: a function wrote past its locals");
	__builtin_trap();
}
