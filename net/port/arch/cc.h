/* SPDX-License-Identifier: GPL-2.0 */
/* The compiler and the kernel as lwIP wants to know them. */
#ifndef NET_PORT_ARCH_CC_H
#define NET_PORT_ARCH_CC_H

#include <stdint.h>

#define BYTE_ORDER		LITTLE_ENDIAN
#define LWIP_NO_INTTYPES_H	1
#define LWIP_NO_LIMITS_H	1
#define LWIP_NO_UNISTD_H	1
#define LWIP_NO_CTYPE_H		1
#define INT_MAX			0x7fffffff
#define SSIZE_MAX		INT_MAX		/* ssize_t is the kernel's */

unsigned int stack_random(void);
#define LWIP_RAND()		stack_random()
#define LWIP_PLATFORM_DIAG(x)	do { } while (0)
#define LWIP_PLATFORM_ASSERT(x)	do { } while (0)

#endif
