// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU's half of threads: first frames, the switch, segments, port rights. FSGSBASE is off, so user mode changes the bases of FS and GS
 * only by arch_prctl(), or zeroes one by loading a selector, as every segment begins at 0. Which selector is loaded is told by the registers
 * themselves; that a base was zeroed by loading 0 over 0 is not, and the next switch brings it back, as on Linux without FSGSBASE.
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

#define SELECTOR	0xffffull
#define FS_SHIFT	32
#define GS_SHIFT	48

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
	t->arch.live = true;
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

static uint64_t selectors_read(void)
{
	uint64_t ds, es, fs, gs;

	__asm__ volatile("movl %%ds, %k0; movl %%es, %k1; movl %%fs, %k2; movl %%gs, %k3" : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
	return ds | es << 16 | fs << FS_SHIFT | gs << GS_SHIFT;
}

/* What a program could load can be loaded here too. GS is the program's only while it is exchanged. */
static void selectors_load(uint64_t selectors)
{
	__asm__ volatile("movl %k0, %%ds; movl %k1, %%es; movl %k2, %%fs" :: "r"(selectors & SELECTOR), "r"(selectors >> 16 & SELECTOR),
			 "r"(selectors >> FS_SHIFT & SELECTOR));
	__asm__ volatile("swapgs; movl %k0, %%gs; swapgs" :: "r"(selectors >> GS_SHIFT) : "memory");
}

/* A segment that was loaded by its selector begins at 0. */
void segments_save(struct thread *t)
{
	uint64_t selectors = selectors_read();

	t->arch.selectors = selectors;
	if (unlikely(selectors >> FS_SHIFT & SELECTOR))
		t->arch.fs_base = 0;
	if (unlikely(selectors >> GS_SHIFT))
		t->arch.gs_base = 0;
}

/* Ports are not inherited: they belong to the thread that the kernel gave them to. */
void arch_thread_copy(struct thread *to, struct thread *from)
{
	uint64_t flags = irq_save();

	if (from == current) {
		fpu_save(from);
		segments_save(from);
	}
	irq_restore(flags);
	memcpy(to->arch.fpu, from->arch.fpu, fpu_size);
	to->arch.fs_base = from->arch.fs_base;
	to->arch.gs_base = from->arch.gs_base;
	to->arch.selectors = from->arch.selectors;
	to->arch.no_tsc = from->arch.no_tsc;
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

/* A base of 0 is there still if it was: no program can make it another. */
static void bases_load(const struct thread *t)
{
	struct cpu_arch *a = this_cpu()->arch;

	wrmsr(MSR_FS_BASE, t->arch.fs_base);
	if (a->user_gs | t->arch.gs_base)
		wrmsr(MSR_KERNEL_GS_BASE, t->arch.gs_base);
	a->user_gs = t->arch.gs_base;
}

void segments_load(const struct thread *t)
{
	if (unlikely(t->arch.selectors | selectors_read()))
		selectors_load(t->arch.selectors);
	bases_load(t);
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
	t->arch.selectors = 0;
	t->arch.io_bitmap = NULL;
	ports_forget(bitmap);
	if (t == current) {
		fpu_load(t);
		segments_load(t);
		ports_load(a, t);
	}
	irq_restore(flags);
	arch_debug_reset(t);
	kfree(bitmap);
}

/* Interrupts off. */
static void tsc_load(struct cpu_arch *a, const struct thread *t)
{
	a->tsc_forbidden = t->arch.no_tsc;
	write_cr4((read_cr4() & ~CR4_TSD) | (a->tsc_forbidden ? CR4_TSD : 0));
}

void arch_tsc_forbid(bool forbid)
{
	uint64_t flags = irq_save();

	current->arch.no_tsc = forbid;
	tsc_load(this_cpu()->arch, current);
	irq_restore(flags);
}

static void user_state_load(struct cpu *cpu, struct thread *to)
{
	struct cpu_arch *a = cpu->arch;

	if (cpu->fpu_owner != to || to->arch.fpu_cpu != cpu->id + 1)
		fpu_load(to);
	cpu->fpu_owner = to;
	to->arch.fpu_cpu = cpu->id + 1;
	segments_load(to);
	ports_load(a, to);
	if (unlikely(to->arch.debug || a->debug_loaded))
		arch_debug_load(a, to);
	if (unlikely(to->arch.no_tsc != a->tsc_forbidden))
		tsc_load(a, to);
}

struct thread *arch_switch(struct thread *from, struct thread *to)
{
	struct cpu *cpu = this_cpu();
	struct cpu_arch *a = cpu->arch;

	if (from->arch.live) {
		fpu_save(from);
		segments_save(from);
	}
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

/* The running thread's are what the CPU says: it may have loaded 0. */
static uint64_t base_of(const struct thread *t, bool gs)
{
	if (t == current)
		return rdmsr(gs ? MSR_KERNEL_GS_BASE : MSR_FS_BASE);
	return gs ? t->arch.gs_base : t->arch.fs_base;
}

/* Its selector is 0 from then on. */
static void base_set(struct thread *t, bool gs, uint64_t address)
{
	uint64_t flags = irq_save();

	if (t == current)
		segments_save(t);
	t->arch.selectors &= ~(SELECTOR << (gs ? GS_SHIFT : FS_SHIFT));
	*(gs ? &t->arch.gs_base : &t->arch.fs_base) = address;
	if (t == current)
		segments_load(t);
	irq_restore(flags);
}

int64_t arch_prctl(struct thread *t, uint64_t code, uint64_t address)
{
	switch (code) {
	case LINUX_ARCH_GET_FS:
	case LINUX_ARCH_GET_GS:
		return put_user64(address, base_of(t, code == LINUX_ARCH_GET_GS));
	case LINUX_ARCH_SET_FS:
	case LINUX_ARCH_SET_GS:
		break;
	case LINUX_ARCH_GET_CPUID:
		return 1;
	case LINUX_ARCH_SET_CPUID:
		return -ENODEV;	/* no processor that is supported lets CPUID be forbidden */
	default:
		return -EINVAL;
	}
	if (address >= USER_END)
		return -EPERM;
	base_set(t, code == LINUX_ARCH_SET_GS, address);
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
