/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of arch/x86/cpu share: a CPU's descriptor tables and the names in entry.S. */
#ifndef ARCH_X86_CPU_H
#define ARCH_X86_CPU_H

#include <asm/regs.h>
#include <kernel/cpu.h>

/* Selectors: GDT of cpu.c. SYSRET derives the user's from USER_BASE: SS = base + 8, CS = base + 16. */
#define KERNEL_CS	0x08
#define KERNEL_SS	0x10
#define USER_BASE	0x18
#define USER_SS		0x23
#define USER_CS		0x2b
#define TSS_SELECTOR	0x30

#define IO_BITMAP_BYTES	8192u
#define FAULT_STACK_SIZE 8192u

/* SDM volume 3 section 8.7. */
struct tss {
	uint32_t reserved0;
	uint64_t rsp0, rsp1, rsp2;
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_base;
	uint8_t io_bitmap[IO_BITMAP_BYTES];
	uint8_t io_end;			/* all ones, as the CPU reads one byte further */
} __packed;

struct cpu_arch {
	uint64_t gdt[9];
	const uint8_t *io_loaded;	/* the bitmap copied into the TSS */
	uint64_t user_gs;		/* in MSR_KERNEL_GS_BASE */
	bool debug_loaded;		/* debug registers of a thread are armed */
	bool tsc_forbidden;		/* CR4.TSD is set */
	struct tss tss;
	uint8_t stacks[4][FAULT_STACK_SIZE] __aligned(16);
};

enum fault_stack { IST_DOUBLE_FAULT = 1, IST_NMI, IST_MACHINE_CHECK, IST_DEBUG };

/* entry.S */
void syscall_entry(void);
extern const uint8_t trap_stubs[256][16];
void trap_nmi(void);
void trap_double_fault(void);
void trap_machine_check(void);
void trap_debug(void);
struct thread *switch_stack(struct thread *from, uint64_t *from_rsp, uint64_t to_rsp);
void thread_begin_kernel(void);
void thread_begin_user(void);

/* thread.c: DS, ES, FS and GS of the current thread @t as they are, and of @t into this CPU, with the bases of the last two. Interrupts off. */
void segments_save(struct thread *t);
void segments_load(const struct thread *t);

/* Called from there. */
void trap_dispatch(struct regs *r);
void trap_paranoid_dispatch(struct regs *r);
void return_to_user_work(struct regs *r);
void thread_first_user(struct thread *prev);
void irq_dispatch(struct regs *r);

/* What each CPU does for itself when it starts; the boot CPU has set the rest up. cpu.c, features.c, fpu.c. */
void cpu_start(struct cpu *cpu);
/* A double fault without a stack of its own, for tests. */
void cpu_double_fault_plain(void);
void cpu_features_start(void);
void fpu_start(void);
/* ipi.c */
void smp_vectors_init(void);

/* features.c: what this CPU can. */
struct cpu_features {
	bool smap, xsave, gigabyte_pages, rdrand;
};
extern struct cpu_features cpu_features;

/* fpu.c: the current registers of @t, and those of @t into the CPU. Interrupts off. */
void fpu_save(struct thread *t);
void fpu_load(struct thread *t);
/* The way of CPUs without XSAVEC, for tests; @area as XSAVE has it. */
void fpu_registers_save(uint8_t *area);
void fpu_registers_load(const uint8_t *area);
void *fpu_alloc(void);
void fpu_free(void *state);
void fpu_reset(void *state);
/* Would XRSTOR take it? Which parts it has: XCR0, 3 without XSAVE. Its x87 and SSE parts are not in their initial state. */
bool fpu_state_valid(uint8_t *state);
uint64_t fpu_features(void);
void fpu_state_mark_sse(uint8_t *state);
extern uint32_t fpu_size;

#endif
