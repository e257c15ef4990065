/* SPDX-License-Identifier: GPL-2.0 */
/* What programs ask of /dev/edu0 (drivers/misc/edu.c): ioctl numbers in Linux's encoding, type 'e', each with a 32-bit argument. */
#ifndef UAPI_FERRY_EDU_H
#define UAPI_FERRY_EDU_H

#define EDU_IDENTIFY	0x80046500u	/* out: the identification register, 0xRRrr00ed */
#define EDU_LIVENESS	0xc0046501u	/* in: any value; out: what the device makes of it, its complement */
#define EDU_FACTORIAL	0xc0046502u	/* in: n up to 12; out: n! */

#define EDU_FACTORIAL_MAX	12u	/* 13! is more than 32 bits */
#define EDU_BUFFER_BYTES	4092u	/* that can be read and written: QEMU 7.2 ends the machine when a transfer meets the last byte */

#endif
