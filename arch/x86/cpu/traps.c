// SPDX-License-Identifier: GPL-2.0
/*
 * Exceptions (SDM volume 3 chapter 6): page faults go to the address space, faults of programs become signals, faults of the kernel
 * that no copy routine expects are a panic with registers and backtrace. And the way back to user mode.
 */
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/debug.h>
#include <asm/exit.h>
#include <asm/msr.h>
#include <asm/smp.h>
#include <kernel/debug.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/stuck.h>
#include <mm/oom.h>
#include <mm/page.h>
#include <mm/space.h>
#include <mm/vmap.h>
#include "cpu.h"

#define VECTOR_DB		1
#define VECTOR_NMI		2
#define VECTOR_DF		8
#define VECTOR_PF		14
#define FIRST_INTERRUPT		32
#define PF_PRESENT		0x1u
#define PF_WRITE		0x2u
#define PF_USER			0x4u
#define PF_RESERVED		0x8u
#define PF_FETCH		0x10u
#define COPY_OOM_TRIES		200u	/* each of them waits about 10 ms */

/* A faulting instruction and where to go on instead. */
struct extable_entry {
	uint64_t rip, resume;
};

extern const struct extable_entry extable_start[], extable_end[];
extern const uint8_t boot_stack_guard[];

struct trap_kind {
	const char *name;
	int signal, code;	/* for a program */
};

static const struct trap_kind trap_kinds[FIRST_INTERRUPT] = {
	[0] = { "divide error", LINUX_SIGFPE, LINUX_FPE_INTDIV },
	[1] = { "debug", LINUX_SIGTRAP, LINUX_TRAP_TRACE },
	[2] = { "NMI", 0, 0 },
	[3] = { "breakpoint", LINUX_SIGTRAP, LINUX_SI_KERNEL },
	[4] = { "overflow", LINUX_SIGSEGV, LINUX_SI_KERNEL },
	[5] = { "bound range", LINUX_SIGSEGV, LINUX_SI_KERNEL },
	[6] = { "invalid opcode", LINUX_SIGILL, LINUX_ILL_ILLOPN },
	[7] = { "no FPU", LINUX_SIGFPE, LINUX_SI_KERNEL },
	[8] = { "double fault", 0, 0 },
	[10] = { "invalid TSS", LINUX_SIGSEGV, LINUX_SI_KERNEL },
	[11] = { "segment not present", LINUX_SIGBUS, LINUX_SI_KERNEL },
	[12] = { "stack segment", LINUX_SIGBUS, LINUX_SI_KERNEL },
	[13] = { "general protection", LINUX_SIGSEGV, LINUX_SI_KERNEL },
	[14] = { "page fault", LINUX_SIGSEGV, LINUX_SEGV_MAPERR },
	[16] = { "x87 error", LINUX_SIGFPE, LINUX_FPE_FLTINV },
	[17] = { "alignment check", LINUX_SIGBUS, LINUX_BUS_ADRALN },
	[18] = { "machine check", 0, 0 },
	[19] = { "SIMD error", LINUX_SIGFPE, LINUX_FPE_FLTINV },
	[21] = { "control protection", LINUX_SIGSEGV, LINUX_SI_KERNEL },
};

static const char *trap_name(uint64_t vector)
{
	return vector < FIRST_INTERRUPT && trap_kinds[vector].name ? trap_kinds[vector].name : "unknown trap";
}

static bool is_stack_guard(vaddr_t a)
{
	return kstack_is_guard(a) || (a >= (vaddr_t)boot_stack_guard && a < (vaddr_t)boot_stack_guard + PAGE_SIZE);
}

/* A check's test goes on without the thread. */
static bool test_resumes(struct regs *r, uint64_t address)
{
	uint64_t resume = debug_fault_resume(r->rip, r->rbp, trap_name(r->vector), address);

	if (resume)
		r->rip = resume;
	return resume;
}

static void __noreturn trap_panic(const struct regs *r, uint64_t cr2)
{
	bool paged = r->vector == VECTOR_PF || r->vector == VECTOR_DF;

	if (paged && is_stack_guard(cr2))
		panic_regs(r, "kernel stack overflow at %016llx", (unsigned long long)cr2);
	if (r->vector == VECTOR_PF)
		panic_regs(r, "page fault in the kernel: %s %016llx",
			   r->error & PF_FETCH ? "execute" : r->error & PF_WRITE ? "write" : "read", (unsigned long long)cr2);
	panic_regs(r, "%s in the kernel, error %llx", trap_name(r->vector), (unsigned long long)r->error);
}

static bool extable_resume(struct regs *r)
{
	const struct extable_entry *e;

	for (e = extable_start; e < extable_end; e++)
		if (e->rip == r->rip) {
			r->rip = e->resume;
			return true;
		}
	return false;
}

static bool fault_resume(struct regs *r)
{
	if (extable_resume(r))
		return true;
	if (!current || !current->fault_resume || this_cpu()->irq_depth)
		return false;
	r->rip = current->fault_resume;
	return true;
}

static uint32_t fault_access(const struct regs *r)
{
	if (r->error & PF_FETCH)
		return VM_EXEC;
	return r->error & PF_WRITE ? VM_WRITE : VM_READ;
}

static void fault_signal(const struct regs *r, vaddr_t address, int err)
{
	if (err == -ENOMEM) {
		oom_relieve();	/* the instruction comes again, or the process is ending */
	} else if (err == -EINTR) {
		return;		/* it comes again after the signal */
	} else if (err == -EIO) {
		signal_fault(LINUX_SIGBUS, LINUX_BUS_ADRERR, address);
	} else {
		log_debug("trap: %s (pid %d): page fault at %llx, rip %llx, rsp %llx, error %llx", current_process->name,
			  current_process->pid, (unsigned long long)address, (unsigned long long)r->rip, (unsigned long long)r->rsp,
			  (unsigned long long)r->error);
		signal_fault(LINUX_SIGSEGV, err == -EACCES ? LINUX_SEGV_ACCERR : LINUX_SEGV_MAPERR, address);
	}
}

static void user_page_fault(struct regs *r, vaddr_t address)
{
	int err = -EFAULT;

	irq_enable();
	/* Without PF_USER it was the CPU's own access for a program (a descriptor table): no page of the program can satisfy it. */
	if (address < USER_END && r->error & PF_USER)
		err = space_fault(current_process->space, address, fault_access(r) | ACCESS_USER);
	if (err)
		fault_signal(r, address, err);
	irq_disable();
}

/* May the kernel's own touch of @address be a user copy? */
static bool is_user_copy(const struct regs *r, vaddr_t address)
{
	if (address >= USER_END || !current || !current->process || r->error & PF_FETCH)
		return false;
	return !cpu_features.smap || r->rflags & RFLAGS_AC;
}

/* Bounded: the process that was chosen may wait for a lock that this copy is made under. */
static int copy_fault(vaddr_t address, uint32_t access)
{
	int err = space_fault(current_process->space, address, access);

	for (unsigned int i = 0; err == -ENOMEM && i < COPY_OOM_TRIES && !current->exiting && oom_relieve(); i++)
		err = space_fault(current_process->space, address, access);
	return err;
}

static void kernel_page_fault(struct regs *r, vaddr_t address)
{
	struct cpu *cpu = this_cpu();
	int err = -EFAULT;

	if (!is_user_copy(r, address)) {
		if (!extable_resume(r) && !test_resumes(r, address))
			trap_panic(r, address);
		return;
	}
	if (!cpu->irq_depth && !cpu->preempt_count && r->rflags & RFLAGS_IF) {
		irq_enable();
		err = copy_fault(address, fault_access(r));
		irq_disable();
	}
	if (err && !fault_resume(r))
		trap_panic(r, address);
}

static void page_fault(struct regs *r)
{
	vaddr_t address = read_cr2();

	if (r->error & PF_RESERVED)
		trap_panic(r, address);
	if (regs_from_user(r))
		user_page_fault(r, address);
	else
		kernel_page_fault(r, address);
}

static void exception(struct regs *r)
{
	const struct trap_kind *kind = &trap_kinds[r->vector];

	if (r->vector == VECTOR_PF) {
		page_fault(r);
	} else if (r->vector == VECTOR_DB && regs_from_user(r)) {
		int code = arch_debug_trap(r);

		if (arch_step_trap && arch_step_trap(r))
			return;
		irq_enable();
		signal_fault(LINUX_SIGTRAP, code, r->rip);
		irq_disable();
	} else if (regs_from_user(r)) {
		irq_enable();
		signal_fault(kind->signal ? kind->signal : LINUX_SIGILL, kind->signal ? kind->code : LINUX_ILL_ILLOPN, r->rip);
		irq_disable();
	} else if (!fault_resume(r) && !test_resumes(r, 0)) {
		trap_panic(r, 0);
	}
}

/* An interrupt in the kernel ends: does somebody more important want the CPU? */
static void preempt_after_interrupt(const struct regs *r)
{
	const struct cpu *cpu = this_cpu();

	if (unlikely(cpu->need_resched) && !cpu->preempt_count && r->rflags & RFLAGS_IF)
		schedule();
}

/* Interrupts are off, and off again at the end. */
void trap_dispatch(struct regs *r)
{
	bool interrupt = r->vector >= FIRST_INTERRUPT;

	if (interrupt)
		irq_dispatch(r);
	else
		exception(r);
	if (regs_from_user(r))
		exit_to_user(r);
	else if (interrupt)
		preempt_after_interrupt(r);
}

/* A program single-stepped into an entry, or watches what the kernel copies for it: neither is the kernel's business. */
static void debug_in_kernel(struct regs *r)
{
	__asm__ volatile("movq %0, %%db6" :: "r"(0xffff0ff0ull));
	r->rflags &= ~RFLAGS_TF;
}

/* On a stack of its own, over any instruction: takes no lock, touches no thread. */
void trap_paranoid_dispatch(struct regs *r)
{
	while (r->vector == VECTOR_NMI && smp_stopping())
		__asm__ volatile("cli; hlt");
	if (r->vector == VECTOR_DB) {
		debug_in_kernel(r);
		return;
	}
	if (r->vector == VECTOR_NMI) {
		smp_is_at(r->rip, r->rbp);
		stuck_pulse(r->rip, r->rbp);
		return;
	}
	trap_panic(r, read_cr2());
}

static bool rip_is_canonical(uint64_t rip)
{
	return (uint64_t)((int64_t)(rip << 16) >> 16) == rip;
}

static bool errand_is_due(const struct thread *t)
{
	return READ_ONCE(t->process->attention) & PROCESS_ERRANDS;
}

void return_to_user_work(struct regs *r)
{
	irq_enable();
	if (READ_ONCE(this_cpu()->need_resched))
		schedule();
	if (unlikely(!rip_is_canonical(r->rip)))
		signal_fault(LINUX_SIGSEGV, LINUX_SI_KERNEL, r->rip);
	if (current->exiting || current->interrupted || signal_pending(current) || errand_is_due(current)) {
		current->interrupted = false;
		signal_deliver(r);
	}
	if (current->rseq_due)
		rseq_resume(r);
	irq_disable();
}

static bool work_is_due(const struct thread *t, const struct regs *r)
{
	return this_cpu()->need_resched || t->exiting || t->interrupted || signal_pending(t) || errand_is_due(t) || t->rseq_due ||
	       !rip_is_canonical(r->rip);
}

bool exit_to_user(struct regs *r)
{
	const struct thread *t = current;

	if (exit_work_possible(t) || unlikely(r->rip >> 47))
		while (work_is_due(t, r))
			return_to_user_work(r);
	debug_nothing_held("on the way to user mode");
	r->rflags = (r->rflags & USER_RFLAGS) | USER_RFLAGS_FIXED;
	if (exit_by_sysret(r))
		return true;
	r->cs = USER_CS;
	r->ss = USER_SS;
	return false;
}
