// SPDX-License-Identifier: GPL-2.0
/*
 * Who a process is: user and group ids, supplementary groups, and what one process may do to
 * another. Ids are the process's, not the thread's (libc keeps threads equal anyway). Only the process itself writes them, under its lock.
 */
#include <kernel/syscall.h>
#include <mm/user.h>
#include "process_internal.h"

#define KEEP	0xffffffffu	/* -1: leave this id as it is */

int process_may_signal(struct process *p)
{
	const struct process *me = current->process;

	if (!me || me == p || privileged(LINUX_CAP_KILL))
		return 0;
	return me->euid == p->uid || me->euid == p->suid || me->uid == p->uid || me->uid == p->suid ? 0 : -EPERM;
}

static bool is_uid(uint32_t id)
{
	const struct process *p = current_process;

	return id == p->uid || id == p->euid || id == p->suid;
}

static bool is_gid(uint32_t id)
{
	const struct process *p = current_process;

	return id == p->gid || id == p->egid || id == p->sgid;
}

static void uids_set(uint32_t real, uint32_t effective, uint32_t saved)
{
	struct process *p = current_process;
	uint64_t flags = spin_lock_irq(&p->lock);
	uint32_t uid = p->uid, euid = p->euid, suid = p->suid, fsuid = p->fsuid;

	p->uid = real == KEEP ? uid : real;
	p->euid = effective == KEEP ? euid : effective;
	p->suid = saved == KEEP ? suid : saved;
	p->fsuid = p->euid;
	privileges_follow_ids(p, uid, euid, suid, fsuid);
	spin_unlock_irq(&p->lock, flags);
}

static void gids_set(uint32_t real, uint32_t effective, uint32_t saved)
{
	struct process *p = current_process;
	uint64_t flags = spin_lock_irq(&p->lock);

	if (effective != KEEP && effective != p->egid)
		p->dumpable = false;
	p->gid = real == KEEP ? p->gid : real;
	p->egid = effective == KEEP ? p->egid : effective;
	p->sgid = saved == KEEP ? p->sgid : saved;
	p->fsgid = p->egid;
	spin_unlock_irq(&p->lock, flags);
}

SYSCALL_SHORT(NR_getuid, getuid, 0)
{
	return t->process->uid;
}

SYSCALL_SHORT(NR_getgid, getgid, 0)
{
	return t->process->gid;
}

SYSCALL_SHORT(NR_geteuid, geteuid, 0)
{
	return t->process->euid;
}

SYSCALL_SHORT(NR_getegid, getegid, 0)
{
	return t->process->egid;
}

SYSCALL(NR_setuid, setuid)
{
	uint32_t id = args->a[0];

	if (id == KEEP)
		return -EINVAL;
	if (privileged(LINUX_CAP_SETUID))
		uids_set(id, id, id);
	else if (id == current_process->uid || id == current_process->suid)
		uids_set(KEEP, id, KEEP);
	else
		return -EPERM;
	return 0;
}

SYSCALL(NR_setgid, setgid)
{
	uint32_t id = args->a[0];

	if (id == KEEP)
		return -EINVAL;
	if (privileged(LINUX_CAP_SETGID))
		gids_set(id, id, id);
	else if (id == current_process->gid || id == current_process->sgid)
		gids_set(KEEP, id, KEEP);
	else
		return -EPERM;
	return 0;
}

/* setre*id: the saved id follows when the real one is set, or the effective one differs from the old real one. */
SYSCALL(NR_setreuid, setreuid)
{
	uint32_t real = args->a[0], effective = args->a[1], old = current_process->uid, saved;

	if (!privileged(LINUX_CAP_SETUID) &&
	    ((real != KEEP && real != old && real != current_process->euid) || (effective != KEEP && !is_uid(effective))))
		return -EPERM;
	saved = effective == KEEP ? current_process->euid : effective;
	uids_set(real, effective, real != KEEP || (effective != KEEP && effective != old) ? saved : KEEP);
	return 0;
}

SYSCALL(NR_setregid, setregid)
{
	uint32_t real = args->a[0], effective = args->a[1], old = current_process->gid, saved;

	if (!privileged(LINUX_CAP_SETGID) &&
	    ((real != KEEP && real != old && real != current_process->egid) || (effective != KEEP && !is_gid(effective))))
		return -EPERM;
	saved = effective == KEEP ? current_process->egid : effective;
	gids_set(real, effective, real != KEEP || (effective != KEEP && effective != old) ? saved : KEEP);
	return 0;
}

SYSCALL(NR_setresuid, setresuid)
{
	for (unsigned int i = 0; i < 3 && !privileged(LINUX_CAP_SETUID); i++)
		if ((uint32_t)args->a[i] != KEEP && !is_uid(args->a[i]))
			return -EPERM;
	uids_set(args->a[0], args->a[1], args->a[2]);
	return 0;
}

SYSCALL(NR_setresgid, setresgid)
{
	for (unsigned int i = 0; i < 3 && !privileged(LINUX_CAP_SETGID); i++)
		if ((uint32_t)args->a[i] != KEEP && !is_gid(args->a[i]))
			return -EPERM;
	gids_set(args->a[0], args->a[1], args->a[2]);
	return 0;
}

static int three_put(struct syscall_args *args, uint32_t a, uint32_t b, uint32_t c)
{
	return put_user32(args->a[0], a) || put_user32(args->a[1], b) || put_user32(args->a[2], c) ? -EFAULT : 0;
}

SYSCALL(NR_getresuid, getresuid)
{
	const struct process *p = current_process;

	return three_put(args, p->uid, p->euid, p->suid);
}

SYSCALL(NR_getresgid, getresgid)
{
	const struct process *p = current_process;

	return three_put(args, p->gid, p->egid, p->sgid);
}

/* Both give the id before, also when they refuse to change it. */
SYSCALL(NR_setfsuid, setfsuid)
{
	struct process *p = current_process;
	uint32_t id = args->a[0], old = p->fsuid;
	uint64_t flags;

	if (id == KEEP || (!privileged(LINUX_CAP_SETUID) && !is_uid(id) && id != old))
		return old;
	flags = spin_lock_irq(&p->lock);
	p->fsuid = id;
	privileges_follow_ids(p, p->uid, p->euid, p->suid, old);
	spin_unlock_irq(&p->lock, flags);
	return old;
}

SYSCALL(NR_setfsgid, setfsgid)
{
	uint32_t id = args->a[0], old = current_process->fsgid;

	if (id != KEEP && (privileged(LINUX_CAP_SETGID) || is_gid(id) || id == old))
		current_process->fsgid = id;
	return old;
}

SYSCALL(NR_getgroups, getgroups)
{
	const struct process *p = current_process;
	int size = args->a[0];

	if (size < 0 || (size && (uint32_t)size < p->nr_groups))
		return -EINVAL;
	if (size && p->nr_groups && copy_to_user(args->a[1], p->groups, p->nr_groups * sizeof(p->groups[0])))
		return -EFAULT;
	return p->nr_groups;
}

SYSCALL(NR_setgroups, setgroups)
{
	struct process *p = current_process;
	uint32_t groups[ARRAY_SIZE(p->groups)];
	uint64_t count = args->a[0], flags;

	if (!privileged(LINUX_CAP_SETGID))
		return -EPERM;
	if (count > ARRAY_SIZE(groups))
		return -EINVAL;
	if (copy_from_user(groups, args->a[1], count * sizeof(groups[0])))
		return -EFAULT;
	flags = spin_lock_irq(&p->lock);
	memcpy(p->groups, groups, count * sizeof(groups[0]));
	p->nr_groups = count;
	spin_unlock_irq(&p->lock, flags);
	return 0;
}
