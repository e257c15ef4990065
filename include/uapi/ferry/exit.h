/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a machine under QEMU tells its host the way it ended: the kernel writes one of these bytes to
 * the isa-debug-exit port, and QEMU exits with (byte << 1) | 1. Elsewhere the port answers nothing.
 * scripts/run knows the same numbers.
 */
#ifndef UAPI_FERRY_EXIT_H
#define UAPI_FERRY_EXIT_H

#define FERRY_EXIT_PORT		0xf4

#define FERRY_EXIT_POWEROFF	0x10	/* reboot(2), LINUX_REBOOT_CMD_POWER_OFF: QEMU exits with 33 */
#define FERRY_EXIT_PANIC	0x31	/* Kernel panic: QEMU exits with 99 */
#define FERRY_EXIT_FATAL	0x32	/* could not boot: one line says why; QEMU exits with 101 */

#endif
