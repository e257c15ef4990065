// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/<pid>/oom_score, oom_score_adj and oom_adj: how likely a process is ended when memory is gone, and what its owner says about that
 * (Linux's Documentation/filesystems/proc.rst, 3.1 and 3.2). Thousandths of all memory are added to what it has. Lock: none, one number each.
 */
#include <fs/proc_pid.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/oom.h>
#include <uapi/ferry/linux.h>

/* The old scale. */
#define OLD_NEVER	(-17)
#define OLD_MAX		15

void proc_pid_oom_score(struct seq *s, struct inode *inode)
{
	seq_printf(s, "%d\n", oom_score(proc_node_process(inode)));
}

void proc_pid_oom_score_adj(struct seq *s, struct inode *inode)
{
	seq_printf(s, "%d\n", READ_ONCE(proc_node_process(inode)->oom_adjust));
}

void proc_pid_oom_adj(struct seq *s, struct inode *inode)
{
	int adjust = READ_ONCE(proc_node_process(inode)->oom_adjust);

	seq_printf(s, "%d\n", adjust == OOM_ADJUST_MAX ? OLD_MAX : adjust * -OLD_NEVER / OOM_ADJUST_MAX);
}

static int number_of(const char *text, int *value)
{
	unsigned long long v;
	bool minus = *text == '-';
	int err = parse_u64(text + minus, 10, false, &v);

	if (err || v > OOM_ADJUST_MAX)
		return -EINVAL;
	*value = minus ? -(int)v : (int)v;
	return 0;
}

/* Less than the privileged allowed last is theirs to say. */
static int adjust(struct process *p, int value)
{
	if (value < READ_ONCE(p->oom_adjust_min) && !privileged(LINUX_CAP_SYS_RESOURCE))
		return -EACCES;
	if (privileged(LINUX_CAP_SYS_RESOURCE))
		WRITE_ONCE(p->oom_adjust_min, (int16_t)value);
	WRITE_ONCE(p->oom_adjust, (int16_t)value);
	return 0;
}

int proc_pid_set_oom_score_adj(struct inode *inode, char *text)
{
	int value, err = number_of(text, &value);

	return err ? err : adjust(proc_node_process(inode), value);
}

int proc_pid_set_oom_adj(struct inode *inode, char *text)
{
	int value, err = number_of(text, &value);

	if (err || value < OLD_NEVER || value > OLD_MAX)
		return -EINVAL;
	return adjust(proc_node_process(inode), value == OLD_MAX ? OOM_ADJUST_MAX : value * OOM_ADJUST_MAX / -OLD_NEVER);
}
