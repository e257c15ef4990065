// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid>/coredump_filter, what of the memory a core file has, which processes inherit (core(5)), and clear_refs, which forgets what was used. */
#include <fs/proc_pid.h>
#include <kernel/core_dump.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/space.h>

void proc_pid_core_filter(struct seq *s, struct inode *inode)
{
	const struct process *p = proc_node_process(inode);

	if (!READ_ONCE(p->zombie))
		seq_printf(s, "%08x\n", READ_ONCE(p->core_filter));
}

/* Bits that mean nothing are dropped. */
int proc_pid_set_core_filter(struct inode *inode, char *text)
{
	struct process *p = proc_node_process(inode);
	unsigned long long v;
	int err = parse_u64(text, 0, false, &v);

	if (err || v > UINT32_MAX)
		return err ? err : -ERANGE;
	if (READ_ONCE(p->zombie))
		return -ESRCH;
	WRITE_ONCE(p->core_filter, (uint32_t)v & CORE_FILTER_BITS);
	return 0;
}

/* proc(5): what was touched, of all memory, of the program's own and of files; what was written; the most there ever was. */
int proc_pid_clear_refs(struct inode *inode, char *text)
{
	struct space *s;
	unsigned long long what;

	if (parse_u64(text, 10, false, &what) || what < SPACE_REFERENCED || what > SPACE_PEAK)
		return -EINVAL;
	s = process_space_get(proc_node_process(inode));
	if (!s)
		return 0;	/* as on Linux, of one that has ended */
	space_forget(s, (enum space_forget)what);
	space_put(s);
	return 0;
}
