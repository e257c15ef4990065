// SPDX-License-Identifier: GPL-2.0
/*
 * Exact counts for tests and benchmarks: /proc/ferry/cpus (switches, system calls, interrupts, waits that ended while the CPU looked on) and
 * /proc/ferry/frames (every frame of memory by its use, the tables among them that the kernel keeps for itself, slab bytes and allocations);
 * slabs as Linux lists them in /proc/slabinfo. Read without locks: a line is a snapshot of one CPU or one counter.
 */
#include <asm/paging.h>
#include <fs/node.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/vmap.h>

static const char *const use_names[] = {
	[PAGE_FREE] = "free", [PAGE_RESERVED] = "reserved", [PAGE_KERNEL] = "kernel", [PAGE_SLAB] = "slab", [PAGE_TABLE] = "table",
	[PAGE_ANON] = "anon", [PAGE_FILE] = "file", [PAGE_DMA] = "dma", [PAGE_STACK] = "stack",
};

static void cpus_show(struct seq *s, void *priv)
{
	seq_puts(s, "CPU SWITCHES SPACE_SWITCHES SYSCALLS INTERRUPTS LOOKS\n");
	for (unsigned int i = 0; i < nr_cpus; i++)
		seq_printf(s, "%u %llu %llu %llu %llu %llu\n", cpus[i].id, (unsigned long long)cpus[i].nr_switches,
			   (unsigned long long)cpus[i].nr_space_switches, (unsigned long long)cpus[i].nr_syscalls,
			   (unsigned long long)cpus[i].nr_interrupts, (unsigned long long)cpus[i].nr_looks);
}

static void frames_show(struct seq *s, void *priv)
{
	struct frame_stats stats;

	(void)kstack_trim(UINT64_MAX / PAGE_SIZE);	/* what is kept for threads to come would differ from one look to the next */
	frame_stats(&stats);
	seq_printf(s, "total %llu\nfree %llu\n", (unsigned long long)stats.total, (unsigned long long)stats.free);
	for (unsigned int i = PAGE_RESERVED; i < ARRAY_SIZE(use_names); i++)
		seq_printf(s, "%s %llu\n", use_names[i], (unsigned long long)stats.by_use[i]);
	seq_printf(s, "kernel_tables %llu\n", (unsigned long long)pt_kernel_tables());
	seq_printf(s, "slab_bytes %llu\nslab_allocs %llu\n", (unsigned long long)slab_bytes_used(), (unsigned long long)slab_allocs());
}

/* slabinfo(5), version 2.1; there are no per-CPU magazines to tune. */
static void slabinfo_show(struct seq *s, void *priv)
{
	const struct slab_cache *c = NULL;
	struct slab_stats stats;

	seq_puts(s, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> "
		 ": tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	while (slab_stats_next(&c, &stats))
		seq_printf(s, "%-17s %6llu %6llu %6u %4u %4u : tunables 0 0 0 : slabdata %6u %6u 0\n", stats.name,
			   (unsigned long long)stats.used, (unsigned long long)stats.slabs * stats.per_slab, stats.size, stats.per_slab,
			   stats.frames_per_slab, stats.slabs, stats.slabs);
}

static int stats_init(void)
{
	int err = proc_create("ferry/cpus", 0444, cpus_show, NULL);

	if (!err)
		err = proc_create("ferry/frames", 0444, frames_show, NULL);
	return err ? err : proc_create("slabinfo", 0400, slabinfo_show, NULL);
}
INITCALL("3bus", stats_init);
