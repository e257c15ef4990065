// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU's half of threads: first frames, the switch, FS and GS bases, port rights. FSGSBASE is off, so user mode changes the bases
 * only by arch_prctl(); a program can still zero one by loading a selector, so they are written at every switch to a user thread.
 */
#include <asm/boot.h>
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/debug.h>
#include <asm/msr.h>
#include <asm/smp.h>
#include <kernel/process.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "cpu.h"

/* What switch_stack() pops, lowest address first. */
struct switch_frame {
	uint64_t r15, r14, r13, r12, rbx, rbp;
	void (*rip)(void);
};

uint64_t arch_canary(void)
{
	uint64_t value;

	cpu_random(&value);
	return value & ~0xffull;
}

void regs_init_user(struct regs *r, uint64_t rip, uint64_t rsp)
{
	memset(r, 0, sizeof(*r));
	r->rip = rip;
	r->rsp = rsp;
	r->cs = USER_CS;
	r->ss = USER_SS;
	r->rflags = RFLAGS_IF | 2;
}

static struct switch_frame *frame_at(struct thread *t, uint64_t top)
{
	struct switch_frame *f = (struct switch_frame *)(top - sizeof(*f));

	memset(f, 0, sizeof(*f));
	t->arch.rsp = (uint64_t)f;
	return f;
}

void arch_thread_where(const struct thread *t, uint64_t *rip, uint64_t *rbp)
{
	const struct switch_frame *f = (const struct switch_frame *)t->arch.rsp;

	*rip = (uint64_t)f->rip;
	*rbp = f->rbp;
}

void arch_thread_init_kernel(struct thread *t, void (*fn)(void *arg), void *arg)
{
	/* 16 bytes of zeroes end the backtrace; the entry finds its stack aligned. */
	struct switch_frame *f = frame_at(t, t->kstack + KSTACK_SIZE - 16);

	memset((void *)(t->kstack + KSTACK_SIZE - 16), 0, 16);
	f->rip = thread_begin_kernel;
	f->r12 = (uint64_t)fn;
	f->r13 = (uint64_t)arg;
}

int arch_thread_init_user(struct thread *t, const struct regs *regs)
{
	struct regs *r = (struct regs *)(t->kstack + KSTACK_SIZE) - 1;

	t->arch.fpu = fpu_alloc();
	if (!t->arch.fpu)
		return -ENOMEM;
	*r = *regs;
	t->user_regs = r;
	frame_at(t, (uint64_t)r)->rip = thread_begin_user;
	return 0;
}

/* A CPU where the bitmap's thread ran must not take its copy for the bitmap any more: it changes, or another gets its address. */
static void ports_forget(const uint8_t *bitmap)
{
	for (unsigned int i = 0; bitmap && i < nr_cpus; i++) {
		struct cpu_arch *a = cpus[i].arch;

		if (READ_ONCE(a->io_loaded) == bitmap)
			WRITE_ONCE(a->io_loaded, NULL);
	}
}

/* The last CPUs may still count on the registers: nobody else may get them under the same address. */
void arch_thread_free(struct thread *t)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++)
		if (READ_ONCE(cpus[i].fpu_owner) == t)
			WRITE_ONCE(cpus[i].fpu_owner, NULL);
	ports_forget(t->arch.io_bitmap);
	fpu_free(t->arch.fpu);
	kfree(t->arch.io_bitmap);
	kfree(t->arch.debug);
	t->arch.fpu = NULL;
	t->arch.io_bitmap = NULL;
}

/* Ports are not inherited: they belong to the thread that the kernel gave them to. */
void arch_thread_copy(struct thread *to, struct thread *from)
{
	uint64_t flags = irq_save();

	if (from == current)
		fpu_save(from);
	irq_restore(flags);
	memcpy(to->arch.fpu, from->arch.fpu, fpu_size);
	to->arch.fs_base = from->arch.fs_base;
	to->arch.gs_base = from->arch.gs_base;
}

/* The bitmap of @t in this CPU's TSS, if it has one. Interrupts off. */
static void ports_load(struct cpu_arch *a, const struct thread *t)
{
	if (likely(!t->arch.io_bitmap)) {
		a->tss.io_base = sizeof(struct tss);
		return;
	}
	if (a->io_loaded != t->arch.io_bitmap) {
		memcpy(a->tss.io_bitmap, t->arch.io_bitmap, IO_BITMAP_BYTES);
		a->io_loaded = t->arch.io_bitmap;
	}
	a->tss.io_base = offsetof(struct tss, io_bitmap);
}

void bases_load(const struct thread *t)
{
	struct cpu_arch *a = this_cpu()->arch;

	wrmsr(MSR_FS_BASE, t->arch.fs_base);
	if (a->user_gs != t->arch.gs_base)
		wrmsr(MSR_KERNEL_GS_BASE, t->arch.gs_base);
	a->user_gs = t->arch.gs_base;
}

void arch_thread_reset(struct thread *t)
{
	uint8_t *bitmap = t->arch.io_bitmap;
	uint64_t flags = irq_save();
	struct cpu_arch *a = this_cpu()->arch;

	fpu_reset(t->arch.fpu);
	t->arch.stepping = false;
	t->arch.fpu_cpu = 0;
	t->arch.fs_base = 0;
	t->arch.gs_base = 0;
	t->arch.io_bitmap = NULL;
	ports_forget(bitmap);
	if (t == current) {
		fpu_load(t);
		bases_load(t);
		ports_load(a, t);
	}
	irq_restore(flags);
	arch_debug_reset(t);
	kfree(bitmap);
}

static void user_state_load(struct cpu *cpu, struct thread *to)
{
	struct cpu_arch *a = cpu->arch;

	if (cpu->fpu_owner != to || to->arch.fpu_cpu != cpu->id + 1)
		fpu_load(to);
	cpu->fpu_owner = to;
	to->arch.fpu_cpu = cpu->id + 1;
	bases_load(to);
	ports_load(a, to);
	if (unlikely(to->arch.debug || a->debug_loaded))
		arch_debug_load(a, to);
}

struct thread *arch_switch(struct thread *from, struct thread *to)
{
	struct cpu *cpu = this_cpu();
	struct cpu_arch *a = cpu->arch;

	if (from->arch.fpu)
		fpu_save(from);
	if (from == cpu->idle)
		clock_tick_resume();
	cpu->thread = to;
	cpu->canary = to->canary;
	cpu->kernel_rsp = to->kstack + KSTACK_SIZE;
	a->tss.rsp0 = cpu->kernel_rsp;
	if (to->arch.fpu)
		user_state_load(cpu, to);
	return switch_stack(from, &from->arch.rsp, to->arch.rsp);
}

void thread_first_user(struct thread *prev)
{
	sched_first_run(prev);
	boot_report();
}

int64_t arch_prctl(struct thread *t, uint64_t code, uint64_t address)
{
	uint64_t flags;

	switch (code) {
	case LINUX_ARCH_GET_FS:
		return put_user64(address, t->arch.fs_base);
	case LINUX_ARCH_GET_GS:
		return put_user64(address, t->arch.gs_base);
	case LINUX_ARCH_SET_FS:
	case LINUX_ARCH_SET_GS:
		break;
	default:
		return -EINVAL;
	}
	if (address >= USER_END)
		return -EPERM;
	flags = irq_save();
	*(code == LINUX_ARCH_SET_FS ? &t->arch.fs_base : &t->arch.gs_base) = address;
	if (t == current)
		bases_load(t);
	irq_restore(flags);
	return 0;
}

/*
 * On each CPU, interrupts off. The bits were changed before: a CPU that copies the bitmap later sees them, one that did before copies it
 * again, now if its thread runs with it.
 */
static void ports_changed(void *bitmap)
{
	struct cpu *cpu = this_cpu();
	struct cpu_arch *a = cpu->arch;

	if (a->io_loaded != bitmap)
		return;
	a->io_loaded = NULL;
	if (cpu->thread->arch.io_bitmap == bitmap)
		ports_load(a, cpu->thread);
}

int arch_ports_allow(struct thread *t, uint16_t first, uint32_t count, bool allow)
{
	uint8_t *bitmap = t->arch.io_bitmap;
	uint64_t flags;
	uint32_t port;

	if (count > 0x10000u - first)
		return -EINVAL;
	if (!bitmap) {
		if (!allow)
			return 0;
		bitmap = kzalloc(IO_BITMAP_BYTES);
		if (!bitmap)
			return -ENOMEM;
		memset(bitmap, 0xff, IO_BITMAP_BYTES);
	}
	flags = irq_save();
	for (port = first; port < first + count; port++) {
		if (allow)
			__atomic_and_fetch(&bitmap[port / 8], (uint8_t)~(1u << port % 8), __ATOMIC_RELAXED);
		else
			__atomic_or_fetch(&bitmap[port / 8], (uint8_t)(1u << port % 8), __ATOMIC_RELAXED);
	}
	t->arch.io_bitmap = bitmap;
	ports_changed(bitmap);
	if (t == current)
		ports_load(this_cpu()->arch, t);
	smp_call(cpus_online() & ~(1ull << this_cpu()->id), ports_changed, bitmap);
	irq_restore(flags);
	return 0;
}
