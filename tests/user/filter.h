/* SPDX-License-Identifier: GPL-2.0 */
/* seccomp(2) filters: Linux's linux/filter.h, linux/seccomp.h and linux/audit.h as far as tests need them: musl does not bring them. */
#ifndef TESTS_USER_FILTER_H
#define TESTS_USER_FILTER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#define SECCOMP_SET_MODE_STRICT		0
#define SECCOMP_SET_MODE_FILTER		1
#define SECCOMP_GET_ACTION_AVAIL	2
#define SECCOMP_GET_NOTIF_SIZES		3
#define SECCOMP_FILTER_FLAG_TSYNC		0x01
#define SECCOMP_FILTER_FLAG_NEW_LISTENER	0x08
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE	0x20
#define SECCOMP_RET_KILL_PROCESS	0x80000000u
#define SECCOMP_RET_KILL_THREAD		0u
#define SECCOMP_RET_TRAP		0x00030000u
#define SECCOMP_RET_ERRNO		0x00050000u
#define SECCOMP_RET_USER_NOTIF		0x7fc00000u
#define SECCOMP_RET_TRACE		0x7ff00000u
#define SECCOMP_RET_ALLOW		0x7fff0000u
#define ARCH_X86_64			0xc000003eu

#define LOAD(at)	{ 0x20, 0, 0, at }	/* a word of the call: 0 number, 4 architecture, 16 the first argument */
#define EQUAL(k, t, f)	{ 0x15, t, f, k }
#define RETURN(k)	{ 0x06, 0, 0, k }
#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

#define MARKED		SYS_getpgid	/* the call that filters here decide about */

struct insn {
	unsigned short code;
	unsigned char jt, jf;
	unsigned int k;
};

struct program {
	unsigned short length;
	const struct insn *insns;
};

/* As seccomp(2) returns. */
static inline long filter_install(unsigned int flags, const struct insn *insns, size_t nr)
{
	struct program program = { (unsigned short)nr, insns };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

#endif
