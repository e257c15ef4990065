/* SPDX-License-Identifier: GPL-2.0 */
/* The CPU's part of a thread and the switch between two. */
#ifndef ASM_THREAD_H
#define ASM_THREAD_H

#include <stdint.h>
#include <asm/regs.h>

struct thread;
struct debug_regs;

struct thread_arch {
	uint64_t rsp;		/* saved kernel stack pointer while not running */
	uint64_t fs_base, gs_base;
	uint64_t selectors;	/* while not running: DS, ES, FS and GS, from the low bits on */
	void *fpu;		/* XSAVE area, 64-byte aligned; NULL for kernel threads */
	uint8_t *io_bitmap;	/* 8192 bytes, set bits forbid; NULL: no ports */
	struct debug_regs *debug;	/* NULL: none (asm/debug.h) */
	bool stepping;		/* the trap flag is the debugger's */
	bool no_tsc;		/* its programs may not read the time stamp counter */
	bool live;		/* of a program, and no debugger holds it: a switch saves its registers */
	uint32_t fpu_cpu;	/* 1 + the CPU whose registers still hold the FPU state; 0: none */
};

/*
 * The stack protector: a function with arrays leaves the CPU's canary, which is its thread's, behind them and looks at it before it returns. A new
 * one; one that text cannot forge, as it has a zero byte.
 */
uint64_t arch_canary(void);

/* Prepare a new thread so that its first switch-to runs thread_entry -> fn(arg) (kernel) or returns to user mode with @regs (user). */
void arch_thread_init_kernel(struct thread *t, void (*fn)(void *arg), void *arg);
int arch_thread_init_user(struct thread *t, const struct regs *regs);	/* allocates FPU state: -ENOMEM */
void arch_thread_free(struct thread *t);
/* Where a thread that is off its CPU went off it, and the frame pointer there. */
void arch_thread_where(const struct thread *t, uint64_t *rip, uint64_t *rbp);
/* Copy FPU state and bases for fork/clone. */
void arch_thread_copy(struct thread *to, struct thread *from);
/* exec: fresh FPU state, empty segments, no ports. */
void arch_thread_reset(struct thread *t);
/* Save @from, restore @to (stack, FPU, segments, TSS stack, I/O bitmap). Interrupts off. Returns in @from when it is chosen again. */
struct thread *arch_switch(struct thread *from, struct thread *to);
/*
 * kernel/sched.c's: the first thing that a new thread does after its first switch-to, interrupts off: finish the switch away from
 * @prev (what the code after arch_switch() does in an old thread). The entry then enables interrupts and calls fn(arg), thereafter
 * thread_exit().
 */
void sched_first_run(struct thread *prev);
/* Reading the time stamp counter ends in SIGSEGV for the current thread, or does not any more. What it makes and runs inherits that. */
void arch_tsc_forbid(bool forbid);
/* arch_prctl(2): LINUX_ARCH_SET_FS... */
int64_t arch_prctl(struct thread *t, uint64_t code, uint64_t address);
/* First return to user mode of a thread. */
void arch_enter_user(struct regs *regs) __attribute__((noreturn));
/* Size of the FPU state in a signal frame, and copying it to and from user memory at @address (64-byte aligned). 0 or -EFAULT/-EINVAL. */
uint32_t arch_fpu_frame_size(void);
int arch_fpu_to_user(struct thread *t, uint64_t address);
int arch_fpu_from_user(struct thread *t, uint64_t address);
/* Allow or forbid a range of ports to a user thread (driver processes), on every CPU when this returns. -ENOMEM, -EINVAL. Not in interrupts. */
int arch_ports_allow(struct thread *t, uint16_t first, uint32_t count, bool allow);

#endif
