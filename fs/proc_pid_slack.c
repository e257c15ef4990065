// SPDX-License-Identifier: GPL-2.0
/* /proc/<pid>/timerslack_ns: what prctl(2) tells of the first thread, for that process and for who may rank others. */
#include <fs/proc_pid.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <uapi/ferry/linux.h>

/* The first thread of the node's process, counted: the caller's own, or of a process that he may rank. NULL. */
static struct thread *slack_thread(struct inode *inode, int *err)
{
	struct process *p = proc_node_process(inode);
	struct thread *t;

	*err = p != current_process && !privileged(LINUX_CAP_SYS_NICE) ? -EPERM : 0;
	t = *err ? NULL : thread_find(p->pid, p->pid);
	if (!*err && !t)
		*err = -ESRCH;
	return t;
}

void proc_pid_timer_slack(struct seq *s, struct inode *inode)
{
	int err;
	struct thread *t = slack_thread(inode, &err);

	if (!t)
		return;
	seq_printf(s, "%llu\n", (unsigned long long)READ_ONCE(t->timer_slack_ns));
	thread_put(t);
}

int proc_pid_set_timer_slack(struct inode *inode, char *text)
{
	unsigned long long ns;
	struct thread *t;
	int err;

	if (parse_u64(text, 0, 0, &ns))
		return -EINVAL;
	t = slack_thread(inode, &err);
	if (!t)
		return err;
	timer_slack_set(t, ns);
	thread_put(t);
	return 0;
}
