/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU data, reached through GS: this_cpu() is GS:0. The fields up to "assembly reads these" are used by arch/x86/entry at fixed
 * offsets (checked by static assertions there). Read this_cpu() with preemption off, or only for fields that follow the thread (current).
 */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include <kernel/list.h>

#define CPUS_MAX	64

struct thread;
struct space;

struct cpu {
	/* Assembly reads these. */
	struct cpu *self;		/* 0 */
	struct thread *thread;		/* 8: the current one */
	uint64_t kernel_rsp;		/* 16: top of the current thread's kernel stack */
	uint64_t user_rsp;		/* 24: scratch of the system call entry */
	uint32_t preempt_count;		/* 32: >0: no preemption */
	uint32_t need_resched;		/* 36 */
	uint64_t canary;		/* 40: the current thread's, for the stack protector (scripts/flags.mk) */
	uint64_t user_rax;		/* 48: scratch of the same */
	uint64_t nr_syscalls;		/* 56 */
	/* The rest is C's. */
	uint32_t id;
	uint32_t apic_id;
	uint32_t irq_depth;		/* >0: in an interrupt handler */
	uint32_t node;
	struct space *space;		/* whose page table is loaded */
	uint64_t root, root_next;	/* the table itself; root_next is set first: others look at both (mm/space.c) */
	uint32_t looks_on;		/* idle, and sees need_resched without an interrupt (kernel/idle.c) */
	uint32_t lazy;			/* 1: no thread needs the space; 2: and translations of it are out of date */
	struct thread *idle;
	struct thread *fpu_owner;
	void *arch;			/* arch/x86's: GDT, TSS, stacks */
	void *sched;			/* kernel/sched.c's run queue */
	uint64_t nr_switches;		/* thread switches */
	uint64_t nr_space_switches;	/* page table loads */
	uint64_t nr_interrupts;
	uint64_t nr_looks;		/* waits for work that ended while it looked on (kernel/idle.c) */
	uint64_t nr_free_ticks;		/* of the scheduler, where a thread could have been preempted (kernel/stuck.c) */
	uint64_t system_ns, nice_ns;	/* ticks that found a thread in the kernel, or a nice one outside */
	uint64_t iowait_ns;		/* idle while a thread waited for a disk */
};

extern struct cpu cpus[CPUS_MAX];
extern unsigned int nr_cpus;	/* running: cpus[0] to [nr_cpus - 1]; only grows, before the first program */

static inline uint64_t cpus_online(void)
{
	return nr_cpus >= 64 ? ~0ull : (1ull << nr_cpus) - 1;
}

static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

static inline struct thread *current_thread(void)
{
	struct thread *t;

	__asm__ volatile("movq %%gs:8, %0" : "=r"(t));
	return t;
}

#define current	current_thread()

#endif
