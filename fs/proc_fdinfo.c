// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/<pid>/fdinfo/<fd>: where a descriptor stands, how it was opened, and in which mount (Linux's Documentation/filesystems/proc.rst, 3.8), then
 * the locks that it has and the lines of its kind (file_ops.show).
 */
#include <fs/file.h>
#include <fs/proc_pid.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <uapi/ferry/linux.h>

void proc_fdinfo_show(struct seq *s, struct inode *inode)
{
	const struct proc_node *n = inode->priv;
	struct fd_table *t = ptrace_may_access(n->process) ? NULL : process_files_get(n->process);
	struct file *f = t ? fd_get(t, n->fd) : NULL;

	if (f) {
		uint32_t flags = (f->flags & FILE_FLAGS_TOLD) | (fd_get_cloexec(t, n->fd) > 0 ? LINUX_O_CLOEXEC : 0);

		seq_printf(s, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n", (long long)f->pos, flags, f->mount ? f->mount->id : 0,
			   (unsigned long long)(f->inode ? f->inode->ino : 0));
		if (f->inode)
			file_locks_show(s, f, t);
		if (f->ops->show)
			f->ops->show(f, s);
	}
	file_put(f);
	fd_table_put(t);
}
