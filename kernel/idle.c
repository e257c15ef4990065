// SPDX-License-Identifier: GPL-2.0
/*
 * What a CPU does without work: it looks on for a moment, then halts. Work that others bring is told by need_resched, and by an interrupt if
 * the CPU may halt; to wake a halted CPU takes longer than most requests, most of all under an emulator, where a thread of the host
 * sleeps behind it. So a CPU whose last waits were short looks on, and nobody interrupts it meanwhile. Who brings work stores
 * need_resched, then loads looks_on; the CPU stores looks_on, then loads need_resched: one of them sees the other (idle.pml). Everything
 * but looks_on belongs to its CPU. Preemption is off for the whole wait: an interrupt that brings work ends it here, also when
 * another CPU has taken that work meanwhile, so that each wait is measured and the next one looks on.
 */
#include <asm/preempt.h>
#include <asm/smp.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include "run_queue.h"

#define LOOK_MAX_NS	(200 * NSEC_PER_USEC)	/* not longer; waits that are longer on average are slept */
#define WAIT_CLIP_NS	(4 * LOOK_MAX_NS)	/* so that one long wait is forgotten after a few short ones */
#define MEAN_SHIFT	3u

static time_ns_t mean_wait_ns[CPUS_MAX];
static bool may_look __ro_after_init;

void idle_tell(struct cpu *cpu)
{
	__atomic_store_n(&cpu->need_resched, 1, __ATOMIC_SEQ_CST);
	if (cpu != this_cpu() && !__atomic_load_n(&cpu->looks_on, __ATOMIC_SEQ_CST))
		smp_kick(cpu->id);
}

static void look_on(struct cpu *cpu, time_ns_t begin)
{
	time_ns_t end = begin + MIN(LOOK_MAX_NS, 2 * mean_wait_ns[cpu->id]);

	__atomic_store_n(&cpu->looks_on, 1, __ATOMIC_SEQ_CST);
	irq_enable();
	while (!READ_ONCE(cpu->need_resched) && time_now() < end)
		cpu_look_relax();
	irq_disable();
	cpu->nr_looks += READ_ONCE(cpu->need_resched);
	__atomic_store_n(&cpu->looks_on, 0, __ATOMIC_SEQ_CST);
}

void idle_wait(struct cpu *cpu)
{
	time_ns_t *mean = &mean_wait_ns[cpu->id], begin = time_now();

	preempt_count_add();
	if (nr_cpus > 1 && may_look && *mean <= LOOK_MAX_NS)
		look_on(cpu, begin);
	while (!READ_ONCE(cpu->need_resched)) {
		irq_enable_and_halt();
		irq_disable();
	}
	preempt_count_sub();
	*mean = *mean - (*mean >> MEAN_SHIFT) + (MIN(time_now() - begin, WAIT_CLIP_NS) >> MEAN_SHIFT);
}

/* "idle=halt": a CPU without work halts at once. */
static int idle_init(void)
{
	char text[8];

	may_look = !cmdline_get("idle", text, sizeof(text));
	if (!may_look && strcmp(text, "halt"))
		log_warn("idle: idle=%s is not known, only idle=halt", text);
	return 0;
}
INITCALL("1core", idle_init);
