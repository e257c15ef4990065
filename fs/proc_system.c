// SPDX-License-Identifier: GPL-2.0
/* The fixed files of /proc: proc(5)'s formats as busybox and procps read them. */
#include <asm/cpu.h>
#include <asm/irq.h>
#include <fs/proc_pid.h>
#include <kernel/groups.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/time_ns.h>
#include <mm/commit.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/vmstat.h>
#include <uapi/ferry/linux.h>

#define TICK_NS		(NSEC_PER_SEC / LINUX_CLK_TCK)
#define LOG_MAX		65536ul
#define CPUINFO_MAX	4096ul	/* of one CPU */
#define HUGE_PAGES	512ul	/* in a huge page, if there were any */

static unsigned long long ull(uint64_t v)
{
	return v;
}

static void meminfo_line(struct seq *s, const char *name, uint64_t pages)
{
	seq_printf(s, "%-16s%8llu kB\n", name, ull(pages * (PAGE_SIZE / 1024)));
}

static void meminfo_show(struct seq *s, void *priv)
{
	struct frame_stats f;

	frame_stats(&f);
	meminfo_line(s, "MemTotal:", f.total);
	meminfo_line(s, "MemFree:", f.free);
	meminfo_line(s, "MemAvailable:", f.free);
	meminfo_line(s, "Buffers:", 0);
	meminfo_line(s, "Cached:", f.by_use[PAGE_FILE]);
	meminfo_line(s, "SwapCached:", 0);
	meminfo_line(s, "Active:", f.by_use[PAGE_ANON]);
	meminfo_line(s, "Inactive:", 0);
	meminfo_line(s, "Active(anon):", f.by_use[PAGE_ANON]);
	meminfo_line(s, "Inactive(anon):", 0);
	meminfo_line(s, "Active(file):", 0);
	meminfo_line(s, "Inactive(file):", 0);
	meminfo_line(s, "SwapTotal:", 0);
	meminfo_line(s, "SwapFree:", 0);
	meminfo_line(s, "Dirty:", vm_count(VM_DIRTY));
	meminfo_line(s, "Writeback:", vm_count(VM_WRITEBACK));
	meminfo_line(s, "AnonPages:", f.by_use[PAGE_ANON]);
	meminfo_line(s, "Mapped:", 0);
	meminfo_line(s, "Shmem:", f.by_use[PAGE_FILE]);
	meminfo_line(s, "Slab:", f.by_use[PAGE_SLAB]);
	meminfo_line(s, "SReclaimable:", 0);
	meminfo_line(s, "KReclaimable:", 0);
	meminfo_line(s, "SUnreclaim:", f.by_use[PAGE_SLAB]);
	meminfo_line(s, "KernelStack:", f.by_use[PAGE_STACK]);
	meminfo_line(s, "PageTables:", f.by_use[PAGE_TABLE]);
	meminfo_line(s, "CommitLimit:", commit_limit());
	meminfo_line(s, "Committed_AS:", commit_pages());
	meminfo_line(s, "AnonHugePages:", 0);
	meminfo_line(s, "ShmemHugePages:", 0);
	meminfo_line(s, "FileHugePages:", 0);
	seq_puts(s, "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	meminfo_line(s, "Hugepagesize:", HUGE_PAGES);
	meminfo_line(s, "Hugetlb:", 0);
	meminfo_line(s, "DriverDMA:", f.by_use[PAGE_DMA]);
}

static void cpuinfo_show(struct seq *s, void *priv)
{
	char *text = kzalloc(CPUINFO_MAX);

	for (unsigned int i = 0; i < nr_cpus && text; i++) {
		cpu_describe(i, text, CPUINFO_MAX);
		seq_puts(s, text);
	}
	kfree(text);
}

static void vmstat_show(struct seq *s, void *priv)
{
	static const struct { const char *name; enum vm_count count; unsigned int unit; } lines[] = {
		{ "nr_dirty", VM_DIRTY, 1 }, { "nr_writeback", VM_WRITEBACK, 1 }, { "pgpgin", VM_PAGES_IN, PAGE_SIZE / 1024 },
		{ "pgpgout", VM_PAGES_OUT, PAGE_SIZE / 1024 }, { "pgmajfault", VM_MAJOR_FAULTS, 1 }, { "pgreclaimed", VM_RECLAIMED, 1 },
		{ "oom_kill", VM_OOM_KILLS, 1 }, { "nr_tlb_remote_flush", VM_TLB_REMOTE, 1 },
		{ "nr_tlb_remote_flush_received", VM_TLB_RECEIVED, 1 }, { "nr_tlb_remote_flush_joined", VM_TLB_JOINED, 1 },
		{ "nr_tlb_remote_flush_lazy", VM_TLB_LAZY, 1 },
	};

	static const struct { const char *name; enum page_use use; unsigned int unit; } uses[] = {
		{ "nr_free_pages", PAGE_FREE, 1 }, { "nr_anon_pages", PAGE_ANON, 1 }, { "nr_file_pages", PAGE_FILE, 1 },
		{ "nr_shmem", PAGE_FILE, 1 }, { "nr_slab_unreclaimable", PAGE_SLAB, 1 }, { "nr_kernel_stack", PAGE_STACK, PAGE_SIZE / 1024 },
		{ "nr_page_table_pages", PAGE_TABLE, 1 },
	};
	struct frame_stats f;

	frame_stats(&f);
	for (unsigned int i = 0; i < ARRAY_SIZE(uses); i++)
		seq_printf(s, "%s %llu\n", uses[i].name, ull(f.by_use[uses[i].use] * uses[i].unit));
	seq_puts(s, "nr_slab_reclaimable 0\npswpin 0\npswpout 0\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++)
		seq_printf(s, "%s %llu\n", lines[i].name, ull(vm_count(lines[i].count) * lines[i].unit));
}

static time_ns_t idle_time(unsigned int cpu)
{
	return cpus[cpu].idle ? READ_ONCE(cpus[cpu].idle->runtime_ns) : 0;
}

static time_ns_t idle_total(void)
{
	time_ns_t sum = 0;
	unsigned int i;

	for (i = 0; i < nr_cpus; i++)
		sum += idle_time(i);
	return sum;
}

static void uptime_show(struct seq *s, void *priv)
{
	time_ns_t now = time_now() + time_ahead(TIME_NS_BOOT), idle = idle_total();

	seq_printf(s, "%llu.%02llu %llu.%02llu\n", ull(now / NSEC_PER_SEC), ull(now / (NSEC_PER_SEC / 100) % 100), ull(idle / NSEC_PER_SEC),
		   ull(idle / (NSEC_PER_SEC / 100) % 100));
}

static void version_show(struct seq *s, void *priv)
{
	struct linux_utsname n;

	system_names(&n);
	seq_printf(s, "%s version %s %s\n", n.sysname, n.release, n.version);
}

static void fs_type_show(struct fs_type *type, void *arg)
{
	seq_printf(arg, "%s\t%s\n", type->nodev ? "nodev" : "", type->name);
}

static void filesystems_show(struct seq *s, void *priv)
{
	fs_type_for_each(fs_type_show, s);
}

/* A line of an IOAPIC by its GSI, a message or the CPU's own by its vector. */
static void interrupt_show(void *arg, const char *kind, unsigned int number, const char *name, uint64_t count)
{
	seq_printf(arg, "%3u: %10llu  %-6s %s\n", number, ull(count), kind, name);
}

static void interrupts_show(struct seq *s, void *priv)
{
	unsigned int i;

	seq_puts(s, "     ");
	for (i = 0; i < nr_cpus; i++)
		seq_printf(s, "       CPU%u", i);
	seq_puts(s, "\n");
	irq_for_each(interrupt_show, s);
	seq_puts(s, "ALL: ");
	for (i = 0; i < nr_cpus; i++)
		seq_printf(s, " %10llu", ull(cpus[i].nr_interrupts));
	seq_puts(s, "\n");
}

static void cmdline_show(struct seq *s, void *priv)
{
	seq_printf(s, "%s\n", boot_info.cmdline);
}

struct task_count {
	unsigned int processes, threads, running;
	pid_t last;
};

static bool count_tasks(struct process *p, void *arg)
{
	struct task_count *c = arg;
	struct thread *t;

	c->processes++;
	c->last = MAX(c->last, pid_told(p->pid));
	spin_lock(&p->lock);
	list_for_each(t, &p->threads, process_link) {
		c->threads++;
		c->running += t->state == THREAD_READY || t->state == THREAD_RUNNING;
	}
	spin_unlock(&p->lock);
	return true;
}

/* Where the time of CPUs went. Idle time is exact; what the rest was for is what the ticks found. */
struct cpu_times {
	time_ns_t busy, system, nice, idle, iowait;
};

static struct cpu_times cpu_times(unsigned int cpu, time_ns_t up)
{
	struct cpu_times t = { .idle = MIN(idle_time(cpu), up) };

	t.busy = up - t.idle;
	t.iowait = MIN(READ_ONCE(cpus[cpu].iowait_ns), t.idle);
	t.system = MIN(READ_ONCE(cpus[cpu].system_ns), t.busy);
	t.nice = MIN(READ_ONCE(cpus[cpu].nice_ns), t.busy - t.system);
	return t;
}

static void cpu_line(struct seq *s, const char *name, const struct cpu_times *t)
{
	seq_printf(s, "%s %llu %llu %llu %llu %llu 0 0 0 0 0\n", name, ull((t->busy - t->system - t->nice) / TICK_NS), ull(t->nice / TICK_NS),
		   ull(t->system / TICK_NS), ull((t->idle - t->iowait) / TICK_NS), ull(t->iowait / TICK_NS));
}

static void cpu_lines(struct seq *s, time_ns_t up)
{
	struct cpu_times sum = { 0 };
	char name[] = "cpu00";

	for (unsigned int i = 0; i < nr_cpus; i++) {
		struct cpu_times t = cpu_times(i, up);

		sum.busy += t.busy;
		sum.system += t.system;
		sum.nice += t.nice;
		sum.idle += t.idle;
		sum.iowait += t.iowait;
	}
	cpu_line(s, "cpu ", &sum);
	for (unsigned int i = 0; i < nr_cpus; i++) {
		struct cpu_times t = cpu_times(i, up);

		name[3] = i < 10 ? '0' + i : '0' + i / 10;
		name[4] = i < 10 ? '\0' : '0' + i % 10;
		cpu_line(s, name, &t);
	}
}

static void stat_show(struct seq *s, void *priv)
{
	time_ns_t now = time_now();
	uint64_t switches = 0, interrupts = 0;
	struct task_count c = { 0 };
	unsigned int i;

	process_for_each(count_tasks, &c);
	cpu_lines(s, now);
	for (i = 0; i < nr_cpus; i++) {
		switches += cpus[i].nr_switches;
		interrupts += cpus[i].nr_interrupts;
	}
	seq_printf(s, "intr %llu\nctxt %llu\nbtime %llu\nprocesses %d\nprocs_running %u\nprocs_blocked %u\n", ull(interrupts), ull(switches),
		   ull((time_realtime() - now - time_ahead(TIME_NS_BOOT)) / NSEC_PER_SEC), c.last, c.running, READ_ONCE(nr_iowait));
}

static void loadavg_show(struct seq *s, void *priv)
{
	struct task_count c = { 0 };
	uint32_t load[3];

	process_for_each(count_tasks, &c);
	load_averages(load);
	for (unsigned int i = 0; i < ARRAY_SIZE(load); i++) {
		uint32_t hundredths = (load[i] * 100 + LOAD_ONE / 2) / LOAD_ONE;

		seq_printf(s, "%u.%02u ", hundredths / 100, hundredths % 100);
	}
	seq_printf(s, "%u/%u %d\n", c.running, c.threads, c.last);
}

static void kmsg_show(struct seq *s, void *priv)
{
	char *text = kzalloc(LOG_MAX + 1);

	if (!text)
		return;
	text[log_read(text, LOG_MAX, NULL)] = '\0';
	seq_puts(s, text);
	kfree(text);
}

/* One of them: @priv is its offset. */
static void system_name_show(struct seq *s, void *priv)
{
	struct linux_utsname n;

	system_names(&n);
	seq_printf(s, "%s\n", (const char *)&n + (uintptr_t)priv);
}

/* There is nothing to swap to. */
static void swaps_show(struct seq *s, void *priv)
{
	seq_puts(s, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}

static void number_show(struct seq *s, void *priv)
{
	seq_printf(s, "%lu\n", (unsigned long)priv);
}

/* RFC 4122, version 4. */
static void uuid_show(struct seq *s, void *priv)
{
	uint8_t b[16];
	int i;

	if (priv)
		memcpy(b, priv, sizeof(b));
	else
		random_bytes(b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	for (i = 0; i < 16; i++)
		seq_printf(s, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
	seq_puts(s, "\n");
}

static uint8_t boot_id[16];

struct text_file {
	const char *path;
	mode_t mode;
	void (*show)(struct seq *s, void *priv);
	void *priv;
};

static int proc_system_init(void)
{
	static const struct text_file files[] = {
		{ "meminfo", 0444, meminfo_show, NULL }, { "cpuinfo", 0444, cpuinfo_show, NULL }, { "uptime", 0444, uptime_show, NULL },
		{ "version", 0444, version_show, NULL }, { "filesystems", 0444, filesystems_show, NULL },
		{ "interrupts", 0444, interrupts_show, NULL }, { "cmdline", 0444, cmdline_show, NULL }, { "stat", 0444, stat_show, NULL },
		{ "loadavg", 0444, loadavg_show, NULL }, { "vmstat", 0444, vmstat_show, NULL }, { "kmsg", 0400, kmsg_show, NULL },
		{ "sys/kernel/ostype", 0444, system_name_show, (void *)offsetof(struct linux_utsname, sysname) },
		{ "sys/kernel/osrelease", 0444, system_name_show, (void *)offsetof(struct linux_utsname, release) },
		{ "sys/kernel/random/uuid", 0444, uuid_show, NULL }, { "sys/kernel/random/boot_id", 0444, uuid_show, boot_id },
		{ "sys/kernel/random/entropy_avail", 0444, number_show, (void *)256l },
		{ "sys/kernel/random/poolsize", 0444, number_show, (void *)256l },
		{ "sys/vm/mmap_min_addr", 0444, number_show, (void *)(unsigned long)MAP_MIN },
		{ "sys/kernel/dmesg_restrict", 0444, number_show, (void *)1l }, { "sys/kernel/kptr_restrict", 0444, number_show, (void *)2l },
		{ "sys/kernel/randomize_va_space", 0444, number_show, (void *)2l },
		{ "sys/kernel/version", 0444, system_name_show, (void *)offsetof(struct linux_utsname, version) },
		{ "sys/kernel/cap_last_cap", 0444, number_show, (void *)(unsigned long)LINUX_CAP_LAST },
		{ "sys/kernel/ngroups_max", 0444, number_show, (void *)(uintptr_t)GROUPS_MOST },
		{ "swaps", 0444, swaps_show, NULL },
	};
	unsigned int i;
	int err = 0;

	random_bytes(boot_id, sizeof(boot_id));
	for (i = 0; i < ARRAY_SIZE(files) && !err; i++)
		err = proc_create(files[i].path, files[i].mode, files[i].show, files[i].priv);
	return err;
}
INITCALL("2fs", proc_system_init);
