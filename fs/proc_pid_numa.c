// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid>/numa_maps: what each area wants of the nodes, and where its pages are (Linux's Documentation/filesystems/proc.rst and numa_maps(5)). */
#include <fs/proc_pid.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

static unsigned long long pages(uint64_t bytes)
{
	return bytes >> PAGE_SHIFT;
}

static void show_nodes(struct seq *s, uint8_t nodes)
{
	const char *between = ":";

	for (unsigned int i = 0; i < NODES_MAX; i++) {
		unsigned int first = i;

		if (!(nodes >> i & 1))
			continue;
		while (i + 1 < NODES_MAX && nodes >> (i + 1) & 1)
			i++;
		seq_printf(s, first == i ? "%s%u" : "%s%u-%u", between, first, i);
		between = ",";
	}
}

static void show_policy(struct seq *s, const struct mem_policy *p)
{
	static const char *const names[] = {
		[LINUX_MPOL_DEFAULT] = "default", [LINUX_MPOL_PREFERRED] = "prefer", [LINUX_MPOL_BIND] = "bind",
		[LINUX_MPOL_INTERLEAVE] = "interleave", [LINUX_MPOL_LOCAL] = "local", [LINUX_MPOL_PREFERRED_MANY] = "prefer (many)",
	};

	seq_puts(s, p->mode < ARRAY_SIZE(names) ? names[p->mode] : "default");
	if (p->flags & LINUX_MPOL_F_STATIC_NODES)
		seq_puts(s, "=static");
	else if (p->flags & LINUX_MPOL_F_RELATIVE_NODES)
		seq_puts(s, "=relative");
	show_nodes(s, p->nodes);
}

static void show_name(struct seq *s, const struct space *space, const struct vma *v, char *buffer)
{
	ssize_t n = v->file ? proc_file_text(v->file, buffer, LINUX_PATH_MAX - 1) : 0;

	if (n > 0) {
		buffer[n] = '\0';
		seq_printf(s, " file=%s", buffer);
	} else if (v->flags & VM_STACK) {
		seq_puts(s, " stack");
	} else if (!v->file && v->start < space->brk_end && v->end > space->brk_start) {
		seq_puts(s, " heap");
	}
}

static void show_pages(struct seq *s, const struct space_usage *u)
{
	if (!u->resident)
		return;
	if (u->anonymous)
		seq_printf(s, " anon=%llu", pages(u->anonymous));
	if (u->dirty)
		seq_printf(s, " dirty=%llu", pages(u->dirty));
	if (u->resident != u->anonymous && u->resident != u->dirty)
		seq_printf(s, " mapped=%llu", pages(u->resident));
	if (u->most_mapped > 1)
		seq_printf(s, " mapmax=%u", u->most_mapped);
	for (unsigned int i = 0; i < NODES_MAX; i++)
		if (u->nodes[i])
			seq_printf(s, " N%u=%llu", i, pages(u->nodes[i]));
	seq_puts(s, " kernelpagesize_kB=4");
}

void proc_pid_numa_maps(struct seq *s, struct inode *inode)
{
	struct space *space = proc_space_to_read(inode);
	char *buffer = kzalloc(LINUX_PATH_MAX);
	struct space_usage u;
	struct vma v;

	for (vaddr_t at = 0; space && buffer && space_area(space, at, &v, &u); at = v.end) {
		seq_printf(s, "%08llx ", (unsigned long long)v.start);
		show_policy(s, &v.policy);
		show_name(s, space, &v, buffer);
		show_pages(s, &u);
		seq_puts(s, "\n");
		file_put(v.file);
	}
	kfree(buffer);
	if (space)
		space_put(space);
}
