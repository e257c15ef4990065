/* SPDX-License-Identifier: GPL-2.0 */
/* capget(2) and capset(2) by the raw calls, and Linux's linux/capability.h as far as tests need it: musl does not bring it. */
#ifndef TESTS_USER_CAPS_H
#define TESTS_USER_CAPS_H

#include <stdint.h>
#include <sys/syscall.h>
#include "abi.h"

#define CAP_V3			0x20080522
#define CAP_CHOWN		0
#define CAP_DAC_OVERRIDE	1
#define CAP_SETPCAP		8
#define CAP_SYS_TIME		25
#define CAP_LAST		40

struct cap_header {
	uint32_t version;
	int pid;
};

struct cap_data {
	uint32_t effective, permitted, inheritable;
};

/* The effective, permitted or inheritable ('e', 'p', 'i') privileges of thread @tid, 0: the caller. */
static inline uint64_t caps_of(pid_t tid, char which)
{
	struct cap_header h = { CAP_V3, tid };
	struct cap_data d[2];

	CHECK(!syscall(SYS_capget, &h, d));
	if (which == 'e')
		return d[0].effective | (uint64_t)d[1].effective << 32;
	return which == 'p' ? d[0].permitted | (uint64_t)d[1].permitted << 32 : d[0].inheritable | (uint64_t)d[1].inheritable << 32;
}

/* The caller's from now on; -1 and errno. */
static inline int caps_become(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct cap_header h = { CAP_V3, 0 };
	struct cap_data d[2] = { { effective, permitted, inheritable }, { effective >> 32, permitted >> 32, inheritable >> 32 } };

	return syscall(SYS_capset, &h, d);
}

#endif
