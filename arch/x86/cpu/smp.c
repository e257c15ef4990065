// SPDX-License-Identifier: GPL-2.0
/*
 * Starting the other CPUs (SDM volume 3 section 8.4.4): INIT, then a start-up interrupt that names a page below 1 MiB with the trampoline
 * (arch/x86/boot/trampoline.S). They come one after the other. One that does not come in time is put back by another INIT, named in the
 * log and left out. Runs in the start thread, before anything else does; no locks.
 */
#include <asm/apic.h>
#include <asm/boot.h>
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/msr.h>
#include <asm/paging.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include <lib/format.h>
#include <mm/page.h>
#include <mm/slab.h>
#include "cpu.h"

#ifndef NR_CPUS
#define NR_CPUS			CPUS_MAX
#endif
#define LOW_USUAL		0x8000ul
#define LOW_FIRST		0x1000ul
#define LOW_END			0x90000ul
#define INIT_DELAY_US		200
#define AGAIN_AFTER_NS		(20 * NSEC_PER_MSEC)	/* then the start-up interrupt is sent once more */
#define COME_WITHIN_NS		(2 * NSEC_PER_SEC)
#define TSC_ROUNDS		64u
#define TSC_LIMIT_NS		(200 * NSEC_PER_MSEC)

/* trampoline.S */
extern const uint8_t ap_trampoline[], ap_trampoline_end[];
extern uint64_t ap_root, ap_stack;
extern struct cpu *ap_cpu;
void ap_main(struct cpu *cpu) __noreturn;

/* What the two CPUs tell each other, one pair at a time. */
static uint32_t arrived, admitted;	/* ids + 1 */
static struct {
	uint32_t turn;		/* odd: the new CPU's */
	uint64_t last;		/* the TSC as the other one saw it */
	uint64_t behind;	/* the most that this one was behind that */
} tsc;

/* Each in turn reads its counter and compares with what the other read just before. */
static void tsc_compare(uint32_t side)
{
	time_ns_t limit = time_now() + TSC_LIMIT_NS;

	for (uint32_t round = side; round < TSC_ROUNDS; round += 2) {
		uint64_t now;

		while (__atomic_load_n(&tsc.turn, __ATOMIC_ACQUIRE) != round) {
			cpu_relax();
			if (time_now() > limit)
				return;
		}
		now = rdtsc();
		if (now < tsc.last)
			tsc.behind = MAX(tsc.behind, tsc.last - now);
		tsc.last = now;
		__atomic_store_n(&tsc.turn, round + 1, __ATOMIC_RELEASE);
	}
}

/* On the new CPU, on its idle thread's stack, interrupts off. */
void ap_main(struct cpu *cpu)
{
	cpu_start(cpu);
	cpu_features_start();
	fpu_start();
	apic_start();
	__atomic_store_n(&arrived, cpu->id + 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&admitted, __ATOMIC_ACQUIRE) != cpu->id + 1)
		cpu_relax();
	tsc_compare(1);
	pt_load(pt_kernel_root());
	clock_start_cpu();
	sched_start();
}

static bool wait_arrival(const struct cpu *cpu, time_ns_t until)
{
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) != cpu->id + 1) {
		if (time_now() > until)
			return false;
		cpu_relax();
	}
	return true;
}

/* INIT, and the page's number as the vector of the start-up interrupt. */
static bool cpu_wake(const struct cpu *cpu, paddr_t page)
{
	time_ns_t start = time_now();

	apic_send(cpu->apic_id, APIC_SEND_INIT);
	time_delay_us(INIT_DELAY_US);
	apic_send(cpu->apic_id, APIC_SEND_START | (uint32_t)(page >> PAGE_SHIFT));
	if (wait_arrival(cpu, start + AGAIN_AFTER_NS))
		return true;
	apic_send(cpu->apic_id, APIC_SEND_START | (uint32_t)(page >> PAGE_SHIFT));
	if (wait_arrival(cpu, start + COME_WITHIN_NS))
		return true;
	apic_send(cpu->apic_id, APIC_SEND_INIT);
	return false;
}

static void cpu_admit(struct cpu *cpu)
{
	memset(&tsc, 0, sizeof(tsc));
	nr_cpus = cpu->id + 1;
	__atomic_store_n(&admitted, cpu->id + 1, __ATOMIC_RELEASE);
	tsc_compare(0);
	if (tsc.behind)
		log_warn("cpu %u: its TSC is up to %llu cycles off: times of CPUs do not compare exactly", cpu->id,
			 (unsigned long long)tsc.behind);
}

/* False: no memory, or it did not come. What it was given stays for the next one. */
static bool cpu_bring(unsigned int id, uint32_t apic, paddr_t page)
{
	struct cpu *cpu = &cpus[id];
	uint64_t stack;

	cpu->self = cpu;
	cpu->id = id;
	cpu->apic_id = apic;
	if (!cpu->arch)
		cpu->arch = kzalloc(sizeof(struct cpu_arch));
	stack = cpu->arch ? sched_cpu_init(cpu) : 0;
	if (!stack) {
		log_warn("cpu: no memory for CPU %u", id);
		return false;
	}
	ap_cpu = cpu;
	ap_root = pt_kernel_root();
	__atomic_store_n(&ap_stack, stack, __ATOMIC_SEQ_CST);
	if (!cpu_wake(cpu, page)) {
		log_warn("cpu: the one with APIC %u does not come; left out", apic);
		return false;
	}
	cpu_admit(cpu);
	return true;
}

static bool is_ram(paddr_t page)
{
	for (uint32_t i = 0; i < boot_info.nr_regions; i++) {
		const struct boot_region *r = &boot_info.regions[i];

		if (r->kind == BOOT_RAM && page >= r->start && page + PAGE_SIZE <= r->start + r->length)
			return true;
	}
	return false;
}

/* mm/boot_frame.c gives nothing below 1 MiB to anybody. 0: no RAM there. */
static paddr_t low_page(void)
{
	if (is_ram(LOW_USUAL))
		return LOW_USUAL;
	for (paddr_t p = LOW_FIRST; p < LOW_END; p += PAGE_SIZE)
		if (is_ram(p))
			return p;
	return 0;
}

/* "maxcpus=" and "nosmp" keep CPUs out. */
static unsigned int cpus_wanted(void)
{
	unsigned long long limit = NR_CPUS;
	char text[16];

	if (cmdline_get("maxcpus", text, sizeof(text)) && parse_u64(text, 10, 0, &limit))
		log_warn("cpu: maxcpus=%s is no number", text);
	if (cmdline_has("nosmp"))
		limit = 1;
	return (unsigned int)MIN(MAX(limit, 1ull), (unsigned long long)MIN(NR_CPUS, CPUS_MAX));
}

void smp_start(void)
{
	unsigned int limit = cpus_wanted(), i;
	paddr_t page = low_page();

	smp_vectors_init();
	if (machine_info.nr_cpus > 1 && limit > 1 && !page)
		log_warn("cpu: no memory below 1 MiB to start the others in");
	if (!page || limit == 1)
		return;
	memcpy(phys_to_virt(page), ap_trampoline, (size_t)(ap_trampoline_end - ap_trampoline));
	for (i = 0; i < machine_info.nr_apic_ids && nr_cpus < limit; i++)
		if (machine_info.apic_ids[i] != cpus[0].apic_id)
			cpu_bring(nr_cpus, machine_info.apic_ids[i], page);
	if (machine_info.nr_cpus > 1)
		log_info("cpu: %u of %u CPUs run", nr_cpus, machine_info.nr_cpus);
}
