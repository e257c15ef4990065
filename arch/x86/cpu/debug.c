// SPDX-License-Identifier: GPL-2.0
/*
 * What a debugger sees and sets of a thread: registers, FPU state, single steps by the trap flag, and debug registers, which are loaded
 * while the thread runs. Only user addresses can be watched; a hit while the kernel copies for the program is dropped (traps.c).
 */
#include <asm/cpu.h>
#include <asm/debug.h>
#include <asm/msr.h>
#include <asm/vdso.h>
#include <kernel/process.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/ferry/linux_ptrace.h>
#include "cpu.h"

#define FLAG_TF		0x100ull
#define FLAG_RF		0x10000ull
#define FLAGS_USER	0x50dd5ull	/* CF PF AF ZF SF TF DF OF RF AC */
#define FROM_SYSCALL	(~0ull)
#define DR6_CLEAR	0xffff0ff0ull
#define DR6_HITS	0xfull
#define DR6_STEP	0x4000ull
#define DR7_ENABLES	0xffull
#define DR7_USER	0xffff00ffull	/* enables, conditions and lengths */
#define DR7_IGNORED	0xffffffff0000fc00ull	/* when a debugger writes them */
#define DR7_FIXED	0x400ull
#define MXCSR_OFFSET	24
#define XCR0_OFFSET	464	/* among the bytes left to software (Linux's user_xstateregs) */

static void dr7_write(uint64_t v)
{
	__asm__ volatile("movq %0, %%db7" :: "r"(v));
}

/* ---- Stops ---- */

void arch_trace_stop(struct thread *t)
{
	uint64_t flags = irq_save();

	if (t->arch.stepping)
		t->user_regs->rflags &= ~FLAG_TF;
	t->arch.stepping = false;
	fpu_save(t);
	segments_save(t);
	t->arch.live = false;
	irq_restore(flags);
}

bool (*arch_step_trap)(struct regs *r);

void arch_step_begin(struct thread *t)
{
	struct regs *r = t->user_regs;

	r->rflags |= FLAG_TF;
	if (r->error == FROM_SYSCALL)
		r->r11 &= ~FLAG_TF;	/* see below */
}

/* After a system call SYSRET would step too early or too late: with R11 unlike the flags it is IRET that returns. */
void arch_trace_resume(struct thread *t, bool step)
{
	struct regs *r = t->user_regs;
	uint64_t flags = irq_save();
	struct cpu_arch *a = this_cpu()->arch;

	if (step && !(r->rflags & FLAG_TF)) {
		r->rflags |= FLAG_TF;
		t->arch.stepping = true;
		if (r->error == FROM_SYSCALL)
			r->r11 &= ~FLAG_TF;
	}
	if (!t->arch.fpu_cpu)
		fpu_load(t);	/* the debugger wrote it */
	t->arch.fpu_cpu = this_cpu()->id + 1;
	this_cpu()->fpu_owner = t;
	segments_load(t);
	t->arch.live = true;
	if (t->arch.debug || a->debug_loaded)
		arch_debug_load(a, t);
	irq_restore(flags);
}

/* ---- Registers ---- */

uint64_t arch_user_result(const struct regs *r)
{
	return r->error == FROM_SYSCALL && r->rax == (uint64_t)-EINTR_FINAL ? (uint64_t)-EINTR : r->rax;
}

void arch_user_regs_get(const struct thread *t, struct linux_user_regs *to)
{
	const struct regs *r = t->user_regs;

	*to = (struct linux_user_regs){
		.r15 = r->r15, .r14 = r->r14, .r13 = r->r13, .r12 = r->r12, .rbp = r->rbp, .rbx = r->rbx, .r11 = r->r11, .r10 = r->r10,
		.r9 = r->r9, .r8 = r->r8, .rax = arch_user_result(r), .rcx = r->rcx, .rdx = r->rdx, .rsi = r->rsi, .rdi = r->rdi,
		.orig_rax = r->error == FROM_SYSCALL ? r->vector : ~0ull,
		.rip = r->rip, .cs = USER_CS, .eflags = r->rflags, .rsp = r->rsp, .ss = USER_SS,
		.fs_base = t->arch.fs_base, .gs_base = t->arch.gs_base,
		.ds = (uint16_t)t->arch.selectors, .es = (uint16_t)(t->arch.selectors >> 16),
		.fs = (uint16_t)(t->arch.selectors >> 32), .gs = (uint16_t)(t->arch.selectors >> 48),
	};
}

static void orig_rax_set(struct regs *r, uint64_t value)
{
	if ((int32_t)value < 0) {
		if (r->error == FROM_SYSCALL)
			r->vector = ~0ull;
		return;
	}
	r->vector = (uint32_t)value;
	r->error = FROM_SYSCALL;
}

/* None, or one for programs. */
static bool selector_fits(uint64_t selector)
{
	return !(uint16_t)selector || (selector & 3) == 3;
}

/* What the table lacks, or has for the kernel only, is 0 when it is loaded. */
static uint64_t loadable(uint64_t selector)
{
	uint64_t v = selector & 0xffff;

	return v == USER_SS || v == USER_CS || v == VDSO_NUMBER_SELECTOR || v == 3 ? v : 0;
}

int arch_user_regs_set(struct thread *t, const struct linux_user_regs *from)
{
	struct regs *r = t->user_regs;

	if (from->fs_base >= USER_END || from->gs_base >= USER_END)
		return -EIO;
	/* The program's own two cannot be changed, but must look like a program's. */
	if ((from->cs & 3) != 3 || (from->ss & 3) != 3)
		return -EIO;
	if (!selector_fits(from->ds) || !selector_fits(from->es) || !selector_fits(from->fs) || !selector_fits(from->gs))
		return -EIO;
	r->r15 = from->r15;
	r->r14 = from->r14;
	r->r13 = from->r13;
	r->r12 = from->r12;
	r->rbp = from->rbp;
	r->rbx = from->rbx;
	r->r11 = from->r11;
	r->r10 = from->r10;
	r->r9 = from->r9;
	r->r8 = from->r8;
	r->rax = from->rax;
	r->rcx = from->rcx;
	r->rdx = from->rdx;
	r->rsi = from->rsi;
	r->rdi = from->rdi;
	r->rip = from->rip;
	r->rsp = from->rsp;
	r->rflags = (r->rflags & ~FLAGS_USER) | (from->eflags & FLAGS_USER);
	orig_rax_set(r, from->orig_rax);
	t->arch.fs_base = from->fs_base;
	t->arch.gs_base = from->gs_base;
	t->arch.selectors = loadable(from->ds) | loadable(from->es) << 16 | loadable(from->fs) << 32 | loadable(from->gs) << 48;
	return 0;
}

void arch_fpu_get(const struct thread *t, void *to, size_t size)
{
	uint64_t mask = fpu_features();

	memcpy(to, t->arch.fpu, size);
	if (size > XCR0_OFFSET + sizeof(mask))
		memcpy((char *)to + XCR0_OFFSET, &mask, sizeof(mask));
}

int arch_fpu_set(struct thread *t, void *from, size_t size)
{
	uint8_t *state = fpu_alloc();
	int err = -EINVAL;

	if (!state)
		return -ENOMEM;
	memcpy(state, t->arch.fpu, fpu_size);
	memcpy(state, from, size);
	if (size < fpu_size)
		fpu_state_mark_sse(state);
	if (fpu_state_valid(state)) {
		memcpy(t->arch.fpu, state, fpu_size);
		t->arch.fpu_cpu = 0;
		err = 0;
	}
	fpu_free(state);
	return err;
}

/* ---- Debug registers ---- */

void arch_debug_load(struct cpu_arch *a, const struct thread *t)
{
	const struct debug_regs *d = t->arch.debug;

	a->debug_loaded = d && (d->control & DR7_ENABLES);
	dr7_write(DR7_FIXED);
	if (!a->debug_loaded)
		return;
	__asm__ volatile("movq %0, %%db0; movq %1, %%db1" :: "r"(d->address[0]), "r"(d->address[1]));
	__asm__ volatile("movq %0, %%db2; movq %1, %%db3" :: "r"(d->address[2]), "r"(d->address[3]));
	dr7_write(d->control | DR7_FIXED);
}

void arch_debug_reset(struct thread *t)
{
	struct debug_regs *d = t->arch.debug;
	uint64_t flags = irq_save();
	struct cpu_arch *a = this_cpu()->arch;

	t->arch.debug = NULL;
	if (t == current && a->debug_loaded)
		arch_debug_load(a, t);
	irq_restore(flags);
	kfree(d);
}

uint64_t arch_debug_get(const struct thread *t, unsigned int index)
{
	const struct debug_regs *d = t->arch.debug;

	if (!d || index == 4 || index == 5)
		return index == 6 ? DR6_CLEAR : 0;
	return index < 4 ? d->address[index] : index == 6 ? d->status : d->control;
}

/* Execution has length 0, and no breakpoint is on I/O. */
static bool control_valid(uint64_t control)
{
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int condition = control >> (16 + 4 * i) & 3, length = control >> (18 + 4 * i) & 3;

		if (control >> (2 * i) & 3 && (condition == 2 || (condition == 0 && length)))
			return false;
	}
	return !(control & ~(DR7_USER | 0x700));
}

int arch_debug_set(struct thread *t, unsigned int index, uint64_t value)
{
	struct debug_regs *d = t->arch.debug;

	if (index == 4 || index == 5)
		return -EIO;
	if (index == 7)
		value &= ~DR7_IGNORED;
	if ((index < 4 && value >= USER_END) || (index == 7 && !control_valid(value)))
		return -EINVAL;
	if (!d) {
		d = kzalloc(sizeof(*d));
		if (!d)
			return -ENOMEM;
		d->status = DR6_CLEAR;
		t->arch.debug = d;
	}
	*(index < 4 ? &d->address[index] : index == 6 ? &d->status : &d->control) = index == 7 ? value & DR7_USER : value;
	return 0;
}

int arch_debug_trap(struct regs *r)
{
	struct thread *t = current;
	uint64_t status;

	__asm__ volatile("movq %%db6, %0" : "=r"(status));
	__asm__ volatile("movq %0, %%db6" :: "r"(DR6_CLEAR));
	if (!(status & DR6_HITS) || !t->arch.debug)
		return LINUX_TRAP_TRACE;
	t->arch.debug->status = status;
	for (unsigned int i = 0; i < 4; i++)
		if (status >> i & 1 && !(t->arch.debug->control >> (16 + 4 * i) & 3))
			r->rflags |= FLAG_RF;	/* an instruction's breakpoint comes before it: go past it once */
	return status & DR6_STEP ? LINUX_TRAP_TRACE : LINUX_TRAP_HWBKPT;
}
