/* SPDX-License-Identifier: GPL-2.0 */
/* The way back to user mode: the questions asked on every system call, inline, and what to do when one is answered yes. */
#ifndef ASM_EXIT_H
#define ASM_EXIT_H

#include <asm/preempt.h>
#include <asm/regs.h>
#include <kernel/process.h>

/* What a program may set in RFLAGS: CF PF AF ZF SF TF DF OF NT RF AC ID. And what is always set: IF and bit 1. */
#define USER_RFLAGS		0x254dd5ull
#define USER_RFLAGS_FIXED	0x202ull

/* 0: nothing waits for @t on its way. Ored, not asked one after another: a branch costs more than a load, under TCG most of all. */
static inline uint64_t exit_work(const struct thread *t)
{
	const struct process *p = t->process;

	uint64_t work = READ_ONCE(t->pending);

#define ALSO(x) do { work |= (x); __asm__("" : "+r"(work)); } while (0)
	ALSO(READ_ONCE(p->pending));
	ALSO(READ_ONCE(p->attention));
	ALSO(READ_ONCE(t->exiting));
	ALSO(t->exit_flags);
	ALSO(preempt_due());
#undef ALSO
	return work;
}

/* A short question that is never wrong to answer yes: whether signal_pending() and the rest need to be asked. */
static inline bool exit_work_possible(const struct thread *t)
{
	return unlikely(exit_work(t));
}

/* What keeps SYSRET from restoring exactly this frame, 0 when nothing does: see exit_by_sysret(). */
static inline uint64_t exit_not_by_sysret(const struct regs *r)
{
	return (r->rcx ^ r->rip) | (r->r11 ^ r->rflags) | r->rip >> 47 | (r->rflags & ~(USER_RFLAGS | USER_RFLAGS_FIXED));
}

/*
 * Would SYSRET restore exactly this frame: RCX is RIP, R11 is RFLAGS and a program may have it, RIP lies in the lower half (with
 * another RIP SYSRET faults in kernel mode)?
 */
static inline bool exit_by_sysret(const struct regs *r)
{
	return likely(!exit_not_by_sysret(r));
}

/* Nothing to do, and SYSRET would do it: all of the questions above in one branch. */
static inline bool exit_at_once(const struct thread *t, const struct regs *r)
{
	return likely(!(exit_work(t) | exit_not_by_sysret(r)));
}

/*
 * The last C before user mode, interrupts off: all pending work done, no flag a program must not have. True when SYSRET would do.
 */
bool exit_to_user(struct regs *r);

#endif
