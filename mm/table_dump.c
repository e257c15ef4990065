// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/ferry/page_tables, for root: every run of equal rights in the kernel half, then for each process how many pages its half has of
 * each kind. What the CPU would allow is told, through all levels; the last two counts of a line must be 0 (Documentation/hardening.md).
 */
#include <asm/paging.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <mm/page.h>
#include <mm/space.h>

extern const uint8_t text_start[], text_end[], rodata_start[], rodata_end[], data_start[], kernel_end[];

struct page_counts {
	uint64_t pages, executable, writable, both, kernel;
};

static const char *image_part(vaddr_t v)
{
	if (v < (vaddr_t)text_end)
		return "text";
	return v < (vaddr_t)rodata_end ? "rodata" : "data";
}

static const char *area_of(vaddr_t v)
{
	if (v >= (vaddr_t)text_start && v < (vaddr_t)kernel_end)
		return image_part(v);
	if (v >= VMAP_BASE && v < VMAP_END)
		return "vmap";
	return v >= DIRECT_MAP_BASE && v < VMAP_BASE ? "direct" : "unknown";
}

static void kernel_run(void *arg, vaddr_t start, uint64_t length, uint32_t prot)
{
	seq_printf(arg, "%016llx-%016llx %c%c%c%c %s\n", (unsigned long long)start, (unsigned long long)(start + length),
		   prot & PT_READ ? 'r' : '-', prot & PT_WRITE ? 'w' : '-', prot & PT_EXEC ? 'x' : '-', prot & PT_USER ? 'u' : '-',
		   area_of(start));
}

static void user_run(void *arg, vaddr_t start, uint64_t length, uint32_t prot)
{
	struct page_counts *c = arg;
	uint64_t n = length / PAGE_SIZE;

	c->pages += n;
	c->executable += prot & PT_EXEC ? n : 0;
	c->writable += prot & PT_WRITE ? n : 0;
	c->both += (prot & (PT_WRITE | PT_EXEC)) == (PT_WRITE | PT_EXEC) ? n : 0;
	c->kernel += prot & PT_USER ? 0 : n;
}

static void process_show(struct seq *s, struct process *p)
{
	struct space *space = process_space_get(p);
	struct page_counts c = { 0 };

	if (!space)
		return;
	mutex_lock(&space->lock);
	pt_runs(space->root, false, user_run, &c);
	mutex_unlock(&space->lock);
	space_put(space);
	seq_printf(s, "%d %s %llu %llu %llu %llu %llu\n", p->pid, p->name, (unsigned long long)c.pages, (unsigned long long)c.executable,
		   (unsigned long long)c.writable, (unsigned long long)c.both, (unsigned long long)c.kernel);
}

static void tables_show(struct seq *s, void *priv)
{
	pt_runs(pt_kernel_root(), true, kernel_run, s);
	seq_puts(s, "PID NAME PAGES EXECUTABLE WRITABLE BOTH KERNEL\n");
	for (struct process *p = process_find_from(1); p;) {
		pid_t pid = p->pid;

		process_show(s, p);
		process_put(p);
		p = process_find_from(pid + 1);
	}
}

static int table_dump_init(void)
{
	return proc_create("ferry/page_tables", 0400, tables_show, NULL);
}
INITCALL("6late", table_dump_init);
