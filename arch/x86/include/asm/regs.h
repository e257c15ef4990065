/* SPDX-License-Identifier: GPL-2.0 */
/* What every entry into the kernel leaves at the top of the kernel stack, lowest address first. */
#ifndef ASM_REGS_H
#define ASM_REGS_H

#include <stdbool.h>
#include <stdint.h>

struct regs {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	union {
		struct {
			uint64_t rdi, rsi, rdx, r10, r8, r9;
		};
		uint64_t args[6];	/* of a system call, in their order */
	};
	uint64_t rax, r11, rcx;
	uint64_t vector;	/* exception or interrupt number; NR of the call on a system call */
	uint64_t error;		/* CPU error code, or ~0 on a system call */
	uint64_t rip, cs, rflags, rsp, ss;
};

static inline bool regs_from_user(const struct regs *r) { return (r->cs & 3) == 3; }

/* A clean user frame at @rip with stack @rsp. */
void regs_init_user(struct regs *r, uint64_t rip, uint64_t rsp);

#endif
