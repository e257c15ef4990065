// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid>/coredump_filter: what of the memory a core file has, which processes inherit (core(5)). */
#include <fs/proc_pid.h>
#include <kernel/core_dump.h>
#include <kernel/process.h>
#include <lib/format.h>

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
