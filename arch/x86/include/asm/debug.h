/* SPDX-License-Identifier: GPL-2.0 */
/* A thread's registers for a debugger, single steps and debug registers (SDM volume 3 chapter 18). */
#ifndef ASM_DEBUG_H
#define ASM_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread;
struct cpu_arch;
struct regs;
struct linux_user_regs;

struct debug_regs {
	uint64_t address[4], status, control;	/* DR0 to 3, DR6, DR7 */
};

/* The current thread is about to sleep in a stop: registers complete in memory, the step flag gone. And runs on, by one step if @step. */
void arch_trace_stop(struct thread *t);
void arch_trace_resume(struct thread *t, bool step);

/* The current thread traps after each instruction in user mode from now on. @arch_step_trap says whether a trap was its; NULL: nobody asks. */
void arch_step_begin(struct thread *t);
extern bool (*arch_step_trap)(struct regs *r);

/* What a call returned, as tracers see it: results that only the kernel knows are Linux's. */
uint64_t arch_user_result(const struct regs *r);
/* Of a thread that sleeps in a stop. -EIO: a base that is no user address, a selector that is not for programs. */
void arch_user_regs_get(const struct thread *t, struct linux_user_regs *to);
int arch_user_regs_set(struct thread *t, const struct linux_user_regs *from);
/* The first @size bytes of its XSAVE area, XCR0 among the software's bytes. -EINVAL: XRSTOR would fault. */
void arch_fpu_get(const struct thread *t, void *to, size_t size);
int arch_fpu_set(struct thread *t, void *from, size_t size);
/* Debug register @index, 0 to 7. -EINVAL: not an address or a condition for programs; -ENOMEM. */
uint64_t arch_debug_get(const struct thread *t, unsigned int index);
int arch_debug_set(struct thread *t, unsigned int index, uint64_t value);

/* On a switch to @t, when it or the thread before it has any. Interrupts off. */
void arch_debug_load(struct cpu_arch *a, const struct thread *t);
/* exec: none any more. */
void arch_debug_reset(struct thread *t);
/* A debug exception of the current thread: si_code for SIGTRAP. Interrupts off. */
int arch_debug_trap(struct regs *r);

#endif
