// SPDX-License-Identifier: GPL-2.0
/* Process system calls without a subject of their own: numbers, groups and sessions, resource limits. */
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/syscall.h>
#include <mm/space.h>
#include <mm/user.h>
#include "process_internal.h"

/* Nobody gets a higher limit of descriptors. */
static struct proc_limit nr_open = { "sys/fs/nr_open", 1024 * 1024, 64, INT32_MAX & ~63 };

SYSCALL_SHORT(NR_getpid, getpid, SYSCALL_DRIVER)
{
	return t->process->own_pid;
}

SYSCALL_SHORT(NR_gettid, gettid, SYSCALL_DRIVER)
{
	return t->own_tid;
}

SYSCALL_FLAGS(NR_set_tid_address, set_tid_address, SYSCALL_DRIVER)
{
	current->clear_child_tid = args->a[0];
	return current->own_tid;
}

SYSCALL_SHORT(NR_getppid, getppid, 0)
{
	return READ_ONCE(t->process->parent_pid);
}

/* @pid's process (0: the caller's own), tree lock held, or NULL. */
static struct process *process_named(pid_t pid)
{
	return pid ? pid_process(pid_meant(pid)) : current_process;
}

static int64_t group_or_session(pid_t pid, bool session)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct process *p = process_named(pid);
	int64_t result = p ? pid_told(session ? p->sid : p->pgid) : -ESRCH;

	spin_unlock_irq(&process_tree_lock, flags);
	return result;
}

SYSCALL(NR_getpgid, getpgid)
{
	return group_or_session(args->a[0], false);
}

SYSCALL(NR_getpgrp, getpgrp)
{
	return group_or_session(0, false);
}

SYSCALL(NR_getsid, getsid)
{
	return group_or_session(args->a[0], true);
}

static bool group_in_session(pid_t pgid, pid_t sid)
{
	struct process *p;

	list_for_each(p, &all_processes, all_link)
		if (p->pgid == pgid && p->sid == sid)
			return true;
	return false;
}

/* Tree lock held. POSIX.1-2017 setpgid(). */
static int group_set(struct process *p, pid_t pgid)
{
	struct process *me = current_process;

	if (!p || p->zombie || (p != me && p->parent != me))
		return -ESRCH;
	if (p != me && p->sid != me->sid)
		return -EPERM;
	if (p != me && p->nr_execs)
		return -EACCES;
	if (p->sid == p->pid)
		return -EPERM;
	if (pgid != p->pid && !group_in_session(pgid, me->sid))
		return -EPERM;
	process_set_group(p, pgid);
	return 0;
}

SYSCALL(NR_setpgid, setpgid)
{
	pid_t pid = args->a[0], pgid = args->a[1];
	struct process *p;
	uint64_t flags;
	int err;

	if (pgid < 0 || (!pgid && pid < 0))
		return -EINVAL;
	if (pid < 0)
		return -ESRCH;
	flags = spin_lock_irq(&process_tree_lock);
	p = process_named(pid);
	err = p ? group_set(p, pgid ? pid_meant(pgid) : p->pid) : -ESRCH;
	spin_unlock_irq(&process_tree_lock, flags);
	return err;
}

static bool group_exists(pid_t pgid)
{
	struct process *p;

	list_for_each(p, &all_processes, all_link)
		if (p->pgid == pgid)
			return true;
	return false;
}

SYSCALL(NR_setsid, setsid)
{
	struct process *p = current_process;
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	int64_t result = -EPERM;

	if (!group_exists(p->pid)) {
		process_set_group(p, p->pid);
		pid_hold(p->pid);
		pid_free(p->sid);
		p->sid = p->pid;
		p->tty = NULL;
		result = p->own_pid;
	}
	spin_unlock_irq(&process_tree_lock, flags);
	return result;
}

/* A limit may be lowered by its owner; raising the hard one is root's. p->lock held. */
static int limit_change(struct process *p, unsigned int which, const struct linux_rlimit *new)
{
	if (new->cur > new->max)
		return -EINVAL;
	if (new->max > p->rlimits[which].max && !privileged(LINUX_CAP_SYS_RESOURCE))
		return -EPERM;
	if (which == LINUX_RLIMIT_NOFILE && new->max > (uint64_t)READ_ONCE(nr_open.value))
		return -EPERM;
	p->rlimits[which].cur = new->cur;
	p->rlimits[which].max = new->max;
	return 0;
}

static int limits_exchange(struct process *p, unsigned int which, const struct linux_rlimit *new, struct linux_rlimit *old)
{
	uint64_t flags;
	int err = 0;

	if (which >= LINUX_RLIMIT_COUNT)
		return -EINVAL;
	flags = spin_lock_irq(&p->lock);
	*old = (struct linux_rlimit){ p->rlimits[which].cur, p->rlimits[which].max };
	if (new)
		err = limit_change(p, which, new);
	spin_unlock_irq(&p->lock, flags);
	if (new && !err)
		cpu_limit_changed(p);
	return err;
}

/* prlimit(2): all of its ids are the caller's real ones. */
static int may_limit(const struct process *p)
{
	const struct credentials *me = &current->cred, *c = &p->cred;
	bool same = me->uid == c->euid && me->uid == c->suid && me->uid == c->uid && me->gid == c->egid && me->gid == c->sgid && me->gid == c->gid;

	return p == current_process || same || privileged(LINUX_CAP_SYS_RESOURCE) ? 0 : -EPERM;
}

SYSCALL_FLAGS(NR_getrlimit, getrlimit, SYSCALL_DRIVER)
{
	struct linux_rlimit old;
	int err = limits_exchange(current_process, args->a[0], NULL, &old);

	return err ? err : copy_back_to_user(args->a[1], &old, sizeof(old));
}

SYSCALL(NR_setrlimit, setrlimit)
{
	struct linux_rlimit new, old;

	if (copy_from_user(&new, args->a[1], sizeof(new)))
		return -EFAULT;
	return limits_exchange(current_process, args->a[0], &new, &old);
}

SYSCALL(NR_prlimit64, prlimit64)
{
	struct linux_rlimit new, old;
	struct process *p;
	int err;

	if (args->a[2] && copy_from_user(&new, args->a[2], sizeof(new)))
		return -EFAULT;
	p = process_find((pid_t)args->a[0] ? pid_meant((pid_t)args->a[0]) : current_process->pid);
	if (!p)
		return -ESRCH;
	err = may_limit(p);
	if (!err)
		err = limits_exchange(p, args->a[1], args->a[2] ? &new : NULL, &old);
	process_put(p);
	if (!err && args->a[3])
		err = copy_back_to_user(args->a[3], &old, sizeof(old));
	return err;
}

static int limits_init(void)
{
	return proc_create_limit(&nr_open);
}
INITCALL("2fs", limits_init);
