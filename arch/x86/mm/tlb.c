// SPDX-License-Identifier: GPL-2.0
/*
 * Translations that CPUs must forget (SDM volume 3 section 4.10). Each CPU has a box; who changed a table forgets by itself, puts the range
 * into the boxes of the CPUs that may hold it, knocks at those whose box was empty, and waits for their answers while it answers too. So
 * several flushes are under way at once, and one interrupt serves all that a box holds. A CPU that has a space loaded for nobody is only
 * marked. box->locked is held for a few instructions, interrupts off, and taken before nothing.
 */
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/msr.h>
#include <asm/paging.h>
#include <asm/smp.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include <mm/page.h>
#include <mm/vmstat.h>
#include "flush_set.h"
#include "table.h"

#define FLUSH_ALL_PAGES	32	/* from here on one CR3 write costs less than single flushes */
#define ANSWER_LIMIT_NS	(30 * NSEC_PER_SEC)
#define ANSWER_TURNS	(1u << 16)	/* between two looks at the clock */

static struct box {
	uint32_t locked;
	uint32_t asked;		/* guarded by locked, as set: how many were put in, ever */
	uint32_t answered;	/* up to which its CPU has forgotten */
	struct flush_set set;
} __aligned(64) boxes[CPUS_MAX];

static void box_lock(struct box *b)
{
	while (__atomic_exchange_n(&b->locked, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
}

static void box_unlock(struct box *b)
{
	__atomic_store_n(&b->locked, 0, __ATOMIC_RELEASE);
}

static void flush_all_global(void)
{
	uint64_t cr4 = read_cr4();

	write_cr4(cr4 & ~CR4_PGE);
	write_cr4(cr4);
}

/* Interrupts off. Without PCID nothing of a root is left once another is loaded. */
static void flush_here(const struct flush *f)
{
	if (f->root && f->root != (read_cr3() & PTE_ADDRESS))
		return;
	if (f->end - f->start <= FLUSH_ALL_PAGES * PAGE_SIZE)
		for (vaddr_t v = f->start; v < f->end; v += PAGE_SIZE)
			invlpg(v);
	else if (!f->root)
		flush_all_global();
	else
		write_cr3(read_cr3());
}

void tlb_answer(void)
{
	struct box *b = &boxes[this_cpu()->id];
	struct flush_set todo;
	uint32_t asked;

	if (READ_ONCE(b->asked) == b->answered)
		return;
	box_lock(b);
	todo = b->set;
	asked = b->asked;
	b->set.nr = 0;
	box_unlock(b);
	for (unsigned int i = 0; i < todo.nr; i++)
		flush_here(&todo.of[i]);
	__atomic_store_n(&b->answered, asked, __ATOMIC_RELEASE);
	vm_count_add(VM_TLB_RECEIVED, 1);
}

/* The number of the request; knocks unless somebody has, and is not answered yet. */
static uint32_t box_put(unsigned int cpu, const struct flush *f)
{
	struct box *b = &boxes[cpu];
	uint32_t number;
	bool empty;

	box_lock(b);
	empty = !b->set.nr;
	flush_set_add(&b->set, f);
	number = ++b->asked;
	box_unlock(b);
	if (empty)
		apic_send(cpus[cpu].apic_id, VECTOR_CALL);
	else
		vm_count_add(VM_TLB_JOINED, 1);
	return number;
}

static void answer_wait(unsigned int cpu, uint32_t number)
{
	time_ns_t deadline = 0;

	for (uint32_t turns = 1; (int32_t)(__atomic_load_n(&boxes[cpu].answered, __ATOMIC_ACQUIRE) - number) < 0; turns++) {
		cpu_relax();
		smp_poll();
		if (turns % ANSWER_TURNS)
			continue;
		if (!deadline)
			deadline = time_now() + ANSWER_LIMIT_NS;
		else if (time_now() > deadline)
			panic("CPU %u does not answer", cpu);
	}
}

/*
 * Does @cpu have to be interrupted about @root? One that has it loaded for nobody is only marked: it loads the table anew before a
 * thread uses it (space_switch()).
 */
static bool must_flush(struct cpu *cpu, paddr_t root)
{
	uint32_t lazy = 1;

	if (READ_ONCE(cpu->root) != root && READ_ONCE(cpu->root_next) != root)
		return false;
	if (!__atomic_compare_exchange_n(&cpu->lazy, &lazy, 2, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) && lazy == 0)
		return true;
	vm_count_add(VM_TLB_LAZY, 1);
	return false;
}

/* The entries were changed before; a CPU that is not seen here loads the table later and finds the change. */
static void flush_others(const struct flush *f)
{
	uint32_t numbers[CPUS_MAX];
	uint64_t mask = 0;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint64_t left = cpus_online() & ~(1ull << this_cpu()->id); left; left &= left - 1) {
		unsigned int cpu = (unsigned int)__builtin_ctzll(left);

		if (f->root && !must_flush(&cpus[cpu], f->root))
			continue;
		numbers[cpu] = box_put(cpu, f);
		mask |= 1ull << cpu;
	}
	if (!mask)
		return;
	vm_count_add(VM_TLB_REMOTE, 1);
	for (; mask; mask &= mask - 1)
		answer_wait((unsigned int)__builtin_ctzll(mask), numbers[__builtin_ctzll(mask)]);
}

void tlb_flush(paddr_t root, vaddr_t v, uint64_t length)
{
	bool kernel = v >= DIRECT_MAP_BASE;
	struct flush f = { kernel ? 0 : root, v & PAGE_MASK, length ? ALIGN_UP(v + length, PAGE_SIZE) : FLUSH_WHOLE };
	uint64_t flags = irq_save();

	flush_here(&f);
	if (nr_cpus > 1)
		flush_others(&f);
	irq_restore(flags);
}
