// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts by vector: one handler each, counted, for message-signalled interrupts, the timer and the lines of irq_line.c. vector_lock
 * guards giving them out; a handler is read and run without it.
 */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/cpu.h>
#include <asm/iommu.h>
#include <asm/irq.h>
#include <asm/smp.h>
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/trace.h>
#include "cpu/cpu.h"

#define MSI_ADDRESS	0xfee00000ull	/* SDM volume 3 section 11.11 */

struct vector {
	void (*fn)(void *arg);
	void *arg;
	const char *name;
	uint64_t count;
	uint32_t running;	/* CPUs inside fn */
};

static struct vector vectors[256];
static struct spinlock vector_lock = SPINLOCK_INIT("vectors");

void irq_dispatch(struct regs *r)
{
	struct cpu *cpu = this_cpu();
	struct vector *v = &vectors[r->vector & 0xff];
	void (*fn)(void *arg);

	cpu->nr_interrupts++;
	if (r->vector == VECTOR_SPURIOUS || r->vector - VECTOR_LEGACY < ISA_IRQS)
		return;
	cpu->irq_depth++;
	cpu->preempt_count++;
	__atomic_fetch_add(&v->running, 1, __ATOMIC_SEQ_CST);
	fn = READ_ONCE(v->fn);
	if (!__atomic_fetch_add(&v->count, 1, __ATOMIC_RELAXED) && !fn)
		log_warn("irq: vector %u has no handler", (unsigned int)r->vector);
	TRACE(INTERRUPT, IRQ_ENTER, r->vector, 0);
	if (fn)
		fn(v->arg);
	TRACE(INTERRUPT, IRQ_EXIT, r->vector, 0);
	__atomic_fetch_sub(&v->running, 1, __ATOMIC_SEQ_CST);
	apic_eoi();
	cpu->preempt_count--;
	cpu->irq_depth--;
}

void irq_vector_set(unsigned int vector, void (*fn)(void *arg), void *arg, const char *name)
{
	vectors[vector].arg = arg;
	vectors[vector].name = name;
	__atomic_store_n(&vectors[vector].fn, fn, __ATOMIC_RELEASE);
}

int irq_vector_alloc(void (*fn)(void *arg), void *arg, const char *name)
{
	uint64_t flags = spin_lock_irq(&vector_lock);
	unsigned int i;

	for (i = VECTOR_FIRST; i <= VECTOR_LAST && vectors[i].fn; i++)
		;
	if (i <= VECTOR_LAST) {
		vectors[i].count = 0;
		irq_vector_set(i, fn, arg, name);
	}
	spin_unlock_irq(&vector_lock, flags);
	return i <= VECTOR_LAST ? (int)i : -ENOSPC;
}

void irq_vector_drain(int vector)
{
	while (__atomic_load_n(&vectors[vector & 0xff].running, __ATOMIC_SEQ_CST)) {
		cpu_relax();
		smp_poll();
	}
}

void irq_vector_free(int vector)
{
	struct vector *v = &vectors[vector & 0xff];
	uint64_t flags = spin_lock_irq(&vector_lock);

	__atomic_store_n(&v->fn, NULL, __ATOMIC_SEQ_CST);
	v->name = NULL;
	spin_unlock_irq(&vector_lock, flags);
	irq_remap_clear((uint8_t)vector);
	irq_vector_drain(vector);
}

uint64_t irq_vector_count(int vector)
{
	return vectors[vector & 0xff].count;
}

void irq_msi_message(int vector, unsigned int cpu, uint64_t *address, uint32_t *data)
{
	*address = MSI_ADDRESS | (uint64_t)(cpus[cpu % CPUS_MAX].apic_id & 0xff) << 12;
	*data = (uint32_t)vector & 0xff;
}

int irq_msi_route(const struct pci_function *f, int vector, unsigned int cpu, uint64_t *address, uint32_t *data)
{
	if (irq_remap_active())
		return irq_remap_message(f, (uint8_t)vector, cpus[cpu % CPUS_MAX].apic_id, address, data);
	irq_msi_message(vector, cpu, address, data);
	return 0;
}

void irq_for_each(void (*fn)(void *arg, const char *kind, unsigned int number, const char *name, uint64_t count), void *arg)
{
	unsigned int i;

	irq_line_for_each(fn, arg);
	for (i = 0; i < 256; i++)
		if (vectors[i].fn && vectors[i].name)
			fn(arg, i >= VECTOR_TIMER ? "cpu" : "msi", i, vectors[i].name, vectors[i].count);
}

void irq_init(void)
{
	if (apic_init())
		boot_fail("the local APIC cannot be mapped");
	if (ioapic_init())
		log_warn("irq: no IOAPIC: devices have no interrupt lines");
	iommu_init();
}
