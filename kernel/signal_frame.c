// SPDX-License-Identifier: GPL-2.0
/*
 * Signal frames on the user's stack, laid out as Linux's x86-64 rt_sigframe so that glibc, musl and unwinders understand them: the
 * restorer as return address, ucontext, siginfo, and above them the FPU state. Everything read back by sigreturn is hostile: registers
 * are taken one by one, flags are masked, segments are never taken. AMD64 psABI 3.2 for the stack at a handler's entry.
 */
#include <kernel/syscall.h>
#include <mm/space.h>
#include <mm/user.h>
#include "process_internal.h"

#define RED_ZONE	128
#define FLAG_CF		0x001ull
#define FLAG_TF		0x100ull
#define FLAG_DF		0x400ull
#define FLAG_RF		0x10000ull
/* What a handler's return sets: CF PF AF ZF SF TF DF OF RF AC. Others stay as the handler left them, as on Linux. */
#define FLAGS_USER	0x50dd5ull

static bool on_altstack(const struct sigaltstack_k *s, uint64_t sp)
{
	return s->size && sp > s->sp && sp - s->sp <= s->size;
}

static uint64_t frame_top(const struct thread *t, const struct regs *regs, const struct sigaction_k *action)
{
	const struct sigaltstack_k *s = &t->altstack;

	if ((action->flags & LINUX_SA_ONSTACK) && s->size && !on_altstack(s, regs->rsp))
		return s->sp + s->size;
	return regs->rsp - RED_ZONE;
}

static void context_save(struct linux_ucontext *uc, const struct thread *t, const struct regs *regs, sigset_t mask, uint64_t fpu)
{
	struct linux_sigcontext *c = &uc->uc_mcontext;

	uc->uc_flags = LINUX_UC_FP_XSTATE | LINUX_UC_SIGCONTEXT_SS | LINUX_UC_STRICT_RESTORE_SS;
	uc->uc_stack.ss_sp = t->altstack.sp;
	uc->uc_stack.ss_size = t->altstack.size;
	uc->uc_stack.ss_flags = t->altstack.size ? t->altstack.flags : LINUX_SS_DISABLE;
	uc->uc_sigmask = mask;
	c->r8 = regs->r8;
	c->r9 = regs->r9;
	c->r10 = regs->r10;
	c->r11 = regs->r11;
	c->r12 = regs->r12;
	c->r13 = regs->r13;
	c->r14 = regs->r14;
	c->r15 = regs->r15;
	c->rdi = regs->rdi;
	c->rsi = regs->rsi;
	c->rbp = regs->rbp;
	c->rbx = regs->rbx;
	c->rdx = regs->rdx;
	c->rax = regs->rax;
	c->rcx = regs->rcx;
	c->rsp = regs->rsp;
	c->rip = regs->rip;
	c->eflags = regs->rflags;
	c->cs = regs->cs;
	c->ss = regs->ss;
	c->oldmask = mask;
	c->fpstate = fpu;
}

static void context_load(struct regs *regs, const struct linux_sigcontext *c)
{
	regs->r8 = c->r8;
	regs->r9 = c->r9;
	regs->r10 = c->r10;
	regs->r11 = c->r11;
	regs->r12 = c->r12;
	regs->r13 = c->r13;
	regs->r14 = c->r14;
	regs->r15 = c->r15;
	regs->rdi = c->rdi;
	regs->rsi = c->rsi;
	regs->rbp = c->rbp;
	regs->rbx = c->rbx;
	regs->rdx = c->rdx;
	regs->rax = c->rax;
	regs->rcx = c->rcx;
	regs->rsp = c->rsp;
	regs->rip = c->rip;
	regs->rflags = (regs->rflags & ~FLAGS_USER) | (c->eflags & FLAGS_USER);
	/* SYSRET would trap before the program came one instruction further, for ever; IRET, which R11 then asks for, behind it. */
	if (regs->rflags & FLAG_TF)
		regs->rflags |= FLAG_RF;
}

static void fault_info_save(struct linux_sigcontext *c, int sig, const struct linux_siginfo *info, const struct regs *regs)
{
	if (info->si_code <= 0 || (sig != LINUX_SIGSEGV && sig != LINUX_SIGBUS))
		return;
	c->cr2 = info->fault.addr;
	c->trapno = regs->vector;
	c->err = regs->error;
}

int signal_frame_push(struct regs *regs, int sig, const struct linux_siginfo *info, const struct sigaction_k *action, sigset_t mask)
{
	struct thread *t = current;
	struct linux_sigframe frame = { .restorer = action->restorer, .info = *info };
	uint64_t fpu = ALIGN_DOWN(frame_top(t, regs, action) - arch_fpu_frame_size(), 64ul);
	uint64_t sp = ALIGN_DOWN(fpu - sizeof(frame), 16ul) - 8;

	if (!(action->flags & LINUX_SA_RESTORER) || !user_range_ok(action->handler, 1) || !user_range_ok(sp, fpu - sp))
		return -EFAULT;
	if (on_altstack(&t->altstack, regs->rsp) && (action->flags & LINUX_SA_ONSTACK) && !on_altstack(&t->altstack, sp))
		return -EFAULT;
	context_save(&frame.uc, t, regs, mask, fpu);
	fault_info_save(&frame.uc.uc_mcontext, sig, info, regs);
	if (arch_fpu_to_user(t, fpu) || copy_back_to_user(sp, &frame, sizeof(frame)))
		return -EFAULT;
	if (t->altstack.flags & LINUX_SS_AUTODISARM)
		memset(&t->altstack, 0, sizeof(t->altstack));
	regs->rdi = sig;
	regs->rsi = sp + offsetof(struct linux_sigframe, info);
	regs->rdx = sp + offsetof(struct linux_sigframe, uc);
	regs->rax = 0;
	regs->rip = action->handler;
	regs->rsp = sp;
	regs->rflags &= ~(FLAG_DF | FLAG_TF | FLAG_RF);
	return 0;
}

static int altstack_check(const struct linux_sigaltstack *s, uint64_t sp_now, const struct sigaltstack_k *old)
{
	uint32_t mode = s->ss_flags & ~LINUX_SS_AUTODISARM;

	if (on_altstack(old, sp_now) && !(old->flags & LINUX_SS_AUTODISARM))
		return -EPERM;
	if (mode != 0 && mode != LINUX_SS_DISABLE && mode != LINUX_SS_ONSTACK)
		return -EINVAL;
	if (mode != LINUX_SS_DISABLE && s->ss_size < LINUX_MINSIGSTKSZ)
		return -ENOMEM;
	return 0;
}

static void altstack_set(struct sigaltstack_k *to, const struct linux_sigaltstack *s)
{
	bool off = s->ss_flags & LINUX_SS_DISABLE;

	to->sp = off ? 0 : s->ss_sp;
	to->size = off ? 0 : s->ss_size;
	to->flags = s->ss_flags & LINUX_SS_AUTODISARM;
}

SYSCALL(NR_sigaltstack, sigaltstack)
{
	struct thread *t = current;
	struct sigaltstack_k *now = &t->altstack;
	struct linux_sigaltstack new, old = { .ss_sp = now->sp, .ss_size = now->size, .ss_flags = now->flags };
	int err;

	if (!now->size)
		old.ss_flags |= LINUX_SS_DISABLE;
	else if (on_altstack(now, syscall_regs(args)->rsp))
		old.ss_flags |= LINUX_SS_ONSTACK;
	if (args->a[0]) {
		err = copy_from_user(&new, args->a[0], sizeof(new));
		if (!err)
			err = altstack_check(&new, syscall_regs(args)->rsp, now);
		if (err)
			return err;
		altstack_set(now, &new);
	}
	return args->a[1] ? copy_back_to_user(args->a[1], &old, sizeof(old)) : 0;
}

/* A frame that cannot be believed ends in SIGSEGV, as an ordinary wild return would. */
static int64_t sigreturn_bad(struct regs *regs)
{
	signal_force(LINUX_SIGSEGV);
	return regs->rax;
}

SYSCALL(NR_rt_sigreturn, rt_sigreturn)
{
	struct regs *regs = syscall_regs(args);
	struct thread *t = current;
	uint64_t address = regs->rsp - 8 + offsetof(struct linux_sigframe, uc);
	struct linux_ucontext uc;

	regs->error = 0;	/* RAX is the program's now, not a result */
	t->restart = NULL;	/* it may be of a call of the handler */
	if (copy_from_user(&uc, address, sizeof(uc)))
		return sigreturn_bad(regs);
	signal_set_mask(uc.uc_sigmask);
	context_load(regs, &uc.uc_mcontext);
	if (uc.uc_mcontext.fpstate ? arch_fpu_from_user(t, uc.uc_mcontext.fpstate) : 0)
		return sigreturn_bad(regs);	/* where the program was interrupted */
	if (altstack_check(&uc.uc_stack, regs->rsp, &t->altstack) == 0)
		altstack_set(&t->altstack, &uc.uc_stack);
	return regs->rax;
}
