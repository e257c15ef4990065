// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts between CPUs (SDM volume 3 section 11.6). One call is under way at a time; its CPUs are marked, interrupted, and counted
 * off. Whoever waits for anything with interrupts off polls its mark, so two CPUs that call, or one that calls and one that waits for a
 * lock of the caller, do not wait for each other. Flushes of translations come by the same interrupt and keep their own books
 * (arch/x86/mm/tlb.c). Locks: call_locked, taken before nothing.
 */
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/paging.h>
#include <asm/smp.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/time.h>
#include "cpu.h"

#define CALL_LIMIT_NS	(30 * NSEC_PER_SEC)
#define ANSWER_NS	NSEC_PER_SEC
#define CALL_TURNS	(1u << 20)

static uint32_t call_locked;
/* Guarded by call_locked. */
static void (*call_fn)(void *arg);
static void *call_arg;

static uint64_t call_waiting;			/* CPUs that have not answered */
static struct {
	uint32_t pending;
} __aligned(64) marks[CPUS_MAX];
static bool stopping;

void smp_poll(void)
{
	unsigned int id;
	uint64_t flags;

	if (nr_cpus <= 1)
		return;
	flags = irq_save();
	tlb_answer();
	id = this_cpu()->id;
	if (READ_ONCE(marks[id].pending) && __atomic_exchange_n(&marks[id].pending, 0, __ATOMIC_ACQUIRE)) {
		call_fn(call_arg);
		__atomic_and_fetch(&call_waiting, ~(1ull << id), __ATOMIC_RELEASE);
	}
	irq_restore(flags);
}

static void call_wait(void)
{
	time_ns_t deadline = 0;

	for (uint32_t turns = 1; __atomic_load_n(&call_waiting, __ATOMIC_ACQUIRE); turns++) {
		cpu_relax();
		tlb_answer();
		if (turns % CALL_TURNS)
			continue;
		if (!deadline)
			deadline = time_now() + CALL_LIMIT_NS;
		else if (time_now() > deadline)
			panic("CPUs %#llx do not answer", (unsigned long long)READ_ONCE(call_waiting));
	}
}

/* One call, one holder: nobody else's call can wait for this CPU meanwhile, only a flush. Interrupts off. */
static void call_send(uint64_t mask)
{
	__atomic_store_n(&call_waiting, mask, __ATOMIC_RELEASE);
	for (uint64_t left = mask; left; left &= left - 1) {
		unsigned int id = (unsigned int)__builtin_ctzll(left);

		__atomic_store_n(&marks[id].pending, 1, __ATOMIC_RELEASE);
		apic_send(cpus[id].apic_id, VECTOR_CALL);
	}
	call_wait();
}

void smp_call(uint64_t mask, void (*fn)(void *arg), void *arg)
{
	uint64_t flags = irq_save();

	mask &= cpus_online() & ~(1ull << this_cpu()->id);
	if (mask) {
		while (__atomic_exchange_n(&call_locked, 1, __ATOMIC_ACQUIRE)) {
			cpu_relax();
			smp_poll();
		}
		call_fn = fn;
		call_arg = arg;
		call_send(mask);
		__atomic_store_n(&call_locked, 0, __ATOMIC_RELEASE);
	}
	irq_restore(flags);
}

void smp_kick(unsigned int cpu)
{
	apic_send(cpus[cpu].apic_id, VECTOR_KICK);
}

static void call_interrupt(void *arg)
{
	smp_poll();
}

/* The way out of every interrupt looks at all that a kick can mean. */
static void kick_interrupt(void *arg)
{
}

void smp_vectors_init(void)
{
	irq_vector_set(VECTOR_CALL, call_interrupt, NULL, "calls");
	irq_vector_set(VECTOR_KICK, kick_interrupt, NULL, "kicks");
}

bool smp_stopping(void)
{
	return READ_ONCE(stopping);
}

void smp_stop_others(void)
{
	unsigned int self = this_cpu() ? this_cpu()->id : 0;

	if (nr_cpus <= 1)
		return;
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (i != self)
			apic_send(cpus[i].apic_id, APIC_SEND_NMI);
}

static struct {
	uint32_t cpu;		/* plus one: who is asked */
	uint64_t rip, rbp;
} question;

bool smp_where(unsigned int cpu, uint64_t *rip, uint64_t *rbp)
{
	time_ns_t end = time_now() + ANSWER_NS;
	uint32_t nobody = 0;

	if (!__atomic_compare_exchange_n(&question.cpu, &nobody, cpu + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	apic_send(cpus[cpu].apic_id, APIC_SEND_NMI);
	while (__atomic_load_n(&question.cpu, __ATOMIC_ACQUIRE) && time_now() < end)
		cpu_relax();
	*rip = question.rip;
	*rbp = question.rbp;
	return !__atomic_exchange_n(&question.cpu, 0, __ATOMIC_ACQ_REL);
}

void smp_is_at(uint64_t rip, uint64_t rbp)
{
	if (READ_ONCE(question.cpu) != this_cpu()->id + 1)
		return;
	question.rip = rip;
	question.rbp = rbp;
	__atomic_store_n(&question.cpu, 0, __ATOMIC_RELEASE);
}
