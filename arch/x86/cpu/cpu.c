// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptor tables of a CPU (SDM volume 3 chapters 3, 6, 8): GDT, IDT, TSS with the stacks of debug exceptions, NMI, double fault and machine check.
 * The GDT has no 32-bit user code: a program cannot leave 64-bit mode. The IDT is everybody's.
 */
#include <asm/boot.h>
#include <asm/msr.h>
#include <asm/vdso.h>
#include <kernel/syscall.h>
#include <kernel/thread.h>
#include <mm/page.h>
#include "cpu.h"

#define GATE_INTERRUPT	0x8e00ull
#define GATE_USER	0x6000ull
#define VECTOR_DEBUG	1
#define VECTOR_NMI	2
#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW	4
#define VECTOR_DF	8
#define VECTOR_MC	18

/* What entry.S takes for granted. */
_Static_assert(offsetof(struct cpu, self) == 0, "cpu.self");
_Static_assert(offsetof(struct cpu, thread) == 8, "cpu.thread");
_Static_assert(offsetof(struct cpu, kernel_rsp) == 16, "cpu.kernel_rsp");
_Static_assert(offsetof(struct cpu, user_rsp) == 24, "cpu.user_rsp");
_Static_assert(offsetof(struct cpu, preempt_count) == 32, "cpu.preempt_count");
_Static_assert(offsetof(struct cpu, need_resched) == 36, "cpu.need_resched");
_Static_assert(offsetof(struct cpu, canary) == 40, "cpu.canary");
_Static_assert(offsetof(struct cpu, user_rax) == 48 && offsetof(struct cpu, nr_syscalls) == 56, "cpu.user_rax");
_Static_assert(SYSCALL_SHORTS == 192 && SYSCALL_SHORTS <= 256, "numbers of short calls, in a byte");
_Static_assert(USER_END < 1ul << 47, "RIP behind a SYSCALL");
_Static_assert(offsetof(struct regs, cs) == 144 && offsetof(struct regs, rsp) == 160, "struct regs");
_Static_assert(sizeof(struct regs) % 16 == 0, "the stack stays aligned below a frame");

struct cpu cpus[CPUS_MAX] __section(".bss.hot_cpus");
unsigned int nr_cpus __hot_data;

struct gate {
	uint64_t low, high;
};

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __packed;

static struct gate idt[256] __aligned(16) __ro_after_init;
static struct cpu_arch boot_cpu_arch __aligned(64);

static void gate_set(unsigned int vector, const void *entry, unsigned int ist, uint64_t flags)
{
	uint64_t address = (uint64_t)entry;

	idt[vector].low = (address & 0xffff) | (uint64_t)KERNEL_CS << 16 | (uint64_t)ist << 32 | (GATE_INTERRUPT | flags) << 32 |
			  (address >> 16 & 0xffff) << 48;
	idt[vector].high = address >> 32;
}

static void idt_init(void)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		gate_set(i, trap_stubs[i], 0, 0);
	gate_set(VECTOR_BREAKPOINT, trap_stubs[VECTOR_BREAKPOINT], 0, GATE_USER);
	gate_set(VECTOR_OVERFLOW, trap_stubs[VECTOR_OVERFLOW], 0, GATE_USER);
	gate_set(VECTOR_DEBUG, trap_debug, IST_DEBUG, 0);
	gate_set(VECTOR_NMI, trap_nmi, IST_NMI, 0);
	gate_set(VECTOR_DF, trap_double_fault, IST_DOUBLE_FAULT, 0);
	gate_set(VECTOR_MC, trap_machine_check, IST_MACHINE_CHECK, 0);
}

void cpu_double_fault_plain(void)
{
	gate_set(VECTOR_DF, trap_double_fault, 0, 0);
}

static void tss_init(struct cpu_arch *a)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		a->tss.ist[i] = (uint64_t)a->stacks[i] + FAULT_STACK_SIZE;
	memset(a->tss.io_bitmap, 0xff, IO_BITMAP_BYTES);
	a->tss.io_end = 0xff;
	a->tss.io_base = sizeof(struct tss);	/* past the limit: no ports */
}

static void gdt_init(struct cpu_arch *a)
{
	uint64_t base = (uint64_t)&a->tss, limit = sizeof(struct tss) - 1;

	a->gdt[KERNEL_CS / 8] = 0x00af9b000000ffffull;
	a->gdt[KERNEL_SS / 8] = 0x00cf93000000ffffull;
	a->gdt[USER_SS / 8] = 0x00cff3000000ffffull;
	a->gdt[USER_CS / 8] = 0x00affb000000ffffull;
	a->gdt[TSS_SELECTOR / 8] = (limit & 0xffff) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
	a->gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
}

/* A segment that nobody loads: programs read its limit with LSL (arch/x86/vdso/vdso.c). Read-only data for user mode, counted in bytes. */
void cpu_tell_number(const struct cpu *cpu)
{
	uint64_t limit = cpu->id | (uint64_t)cpu->node << VDSO_NODE_SHIFT;
	struct cpu_arch *a = cpu->arch;

	if (a)
		WRITE_ONCE(a->gdt[VDSO_NUMBER_SELECTOR / 8], 0x0040f10000000000ull | (limit & 0xffff) | (limit & 0xf0000) << 32);
}

static void tables_load(const struct cpu_arch *a)
{
	struct table_pointer gdtr = { sizeof(a->gdt) - 1, (uint64_t)a->gdt };
	struct table_pointer idtr = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lgdt %0" :: "m"(gdtr));
	__asm__ volatile("lidt %0" :: "m"(idtr));
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movl %1, %%eax\n\t"
			 "movw %%ax, %%ss\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "movw %%ax, %%ds\n\t"
			 "movw %%ax, %%es\n\t"
			 "movw %%ax, %%fs\n\t"
			 "movw %%ax, %%gs\n\t"
			 :: "i"(KERNEL_CS), "i"(KERNEL_SS) : "rax", "memory");
	__asm__ volatile("ltr %w0" :: "r"(TSS_SELECTOR));
}

void cpu_start(struct cpu *cpu)
{
	struct cpu_arch *a = cpu->arch;

	tss_init(a);
	gdt_init(a);
	cpu_tell_number(cpu);
	tables_load(a);
	wrmsr(MSR_GS_BASE, (uint64_t)cpu);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}

void cpu_early_init(void)
{
	struct cpu *cpu = &cpus[0];

	nr_cpus = 1;
	cpu->self = cpu;
	cpu->arch = &boot_cpu_arch;
	idt_init();
	cpu_start(cpu);
}
