// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a kernel that is wrong: what, where, how it came there, then the machine stops with FERRY_EXIT_PANIC. Takes no lock but
 * the log's, which gives way; frame pointers are followed only where the kernel's page table has memory.
 */
#include <asm/cpu.h>
#include <asm/layout.h>
#include <asm/paging.h>
#include <asm/regs.h>
#include <asm/smp.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/page.h>
#include <uapi/ferry/exit.h>

#define BACKTRACE_FRAMES	32
#define PANIC_TEXT_MAX		384

/* A line of its own, without a time stamp: tools look for its start. */
static void __printf(1, 2) print(const char *fmt, ...)
{
	char line[PANIC_TEXT_MAX + 64];
	va_list args;
	size_t n;

	va_start(args, fmt);
	n = MIN((size_t)format_args(line, sizeof(line) - 1, fmt, args), sizeof(line) - 2);
	va_end(args);
	line[n] = '\n';
	log_line(0, line, n + 1);
}

static void print_frame(uint64_t address)
{
	const char *name;
	uint64_t offset;

	if (symbol_lookup(address, &name, &offset))
		print("  %016llx %s+0x%llx", (unsigned long long)address, name, (unsigned long long)offset);
	else
		print("  %016llx ?", (unsigned long long)address);
}

/* Can 16 bytes be read at @rbp? */
static bool frame_readable(uint64_t rbp)
{
	paddr_t root = pt_kernel_root(), p;
	uint32_t prot;

	if (rbp % 8 || rbp < DIRECT_MAP_BASE || rbp > ~0ull - PAGE_SIZE)
		return false;
	if (!root)
		return rbp >= KERNEL_BASE;
	return pt_query(root, rbp, &p, &prot) && pt_query(root, rbp + 8, &p, &prot);
}

void backtrace_print(uint64_t rip, uint64_t rbp)
{
	print("Backtrace:");
	print_frame(rip);
	for (unsigned int i = 1; i < BACKTRACE_FRAMES && frame_readable(rbp); i++) {
		const uint64_t *frame = (const uint64_t *)rbp;

		if (frame[1] < KERNEL_BASE)
			return;
		print_frame(frame[1] - 1);	/* the call, not what follows it */
		if (frame[0] <= rbp)
			return;
		rbp = frame[0];
	}
}

static void print_place(void)
{
	const struct cpu *cpu = this_cpu();
	const struct thread *t = cpu ? cpu->thread : NULL;

	if (!t)
		return;
	print("CPU %u, thread %d \"%s\", process %d \"%s\", preempt_count %u, irq_depth %u", cpu->id, t->tid, t->name,
	      t->process ? t->process->pid : 0, t->process ? t->process->name : "", cpu->preempt_count, cpu->irq_depth);
}

void regs_print(const struct regs *r)
{
#define V(x)	((unsigned long long)(x))
	print("RIP %04llx:%016llx RSP %04llx:%016llx RFLAGS %08llx", V(r->cs), V(r->rip), V(r->ss), V(r->rsp), V(r->rflags));
	print("RAX %016llx RBX %016llx RCX %016llx RDX %016llx", V(r->rax), V(r->rbx), V(r->rcx), V(r->rdx));
	print("RSI %016llx RDI %016llx RBP %016llx R8  %016llx", V(r->rsi), V(r->rdi), V(r->rbp), V(r->r8));
	print("R9  %016llx R10 %016llx R11 %016llx R12 %016llx", V(r->r9), V(r->r10), V(r->r11), V(r->r12));
	print("R13 %016llx R14 %016llx R15 %016llx", V(r->r13), V(r->r14), V(r->r15));
	print("vector %lld error %#llx", V(r->vector), V(r->error));
#undef V
}

void places_print(void)
{
	print("Kernel offset %#llx, direct map %#llx, vmap %#llx", (unsigned long long)kaslr_offset,
	      (unsigned long long)layout_direct_map(), (unsigned long long)layout_vmap());
}

static void __noreturn stop(const struct regs *regs, uint64_t rip, uint64_t rbp, const char *fmt, va_list args)
{
	static const struct cpu *panicking;
	static const char *why;		/* before what @fmt speaks of is believed */
	const struct cpu *cpu = this_cpu(), *first = NULL;
	char text[PANIC_TEXT_MAX];

	irq_disable();
	if (!__atomic_compare_exchange_n(&panicking, &first, cpu, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		while (first != cpu)	/* another CPU was first: this one is stopped by it */
			cpu_relax();
		print("Kernel panic: another one while stopping for: %s", why ? why : "?");
		backtrace_print(rip, rbp);
		machine_exit(FERRY_EXIT_PANIC);
	}
	why = fmt;
	smp_stop_others();
	log_panic(true);
	format_args(text, sizeof(text), fmt, args);
	print("Kernel panic: %s", text);
	places_print();
	print_place();
	if (regs)
		regs_print(regs);
	backtrace_print(rip, rbp);
	log_panic(false);
	machine_exit(FERRY_EXIT_PANIC);
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	stop(NULL, (uint64_t)__builtin_return_address(0) - 1, *(uint64_t *)__builtin_frame_address(0), fmt, args);
}

void list_broken(const struct list *node)
{
	panic("list: the neighbours of a node do not point back to it");
}

void __stack_chk_fail(void) __noreturn;

/* What the compiler calls (CONFIG_STACKPROTECTOR). */
void __stack_chk_fail(void)
{
	const char *name = "?";
	uint64_t offset;

	symbol_lookup((uint64_t)__builtin_return_address(0) - 1, &name, &offset);
	panic("stack smashed: %s wrote past its locals", name);
}

void panic_regs(const struct regs *regs, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	stop(regs, regs->rip, regs->rbp, fmt, args);
}
