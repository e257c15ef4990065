// SPDX-License-Identifier: GPL-2.0
/*
 * Who a process is: user and group ids, supplementary groups, capabilities (root has all, others none), and what one process may do to
 * another. Ids are the process's, not the thread's (libc keeps threads equal anyway). Only the process itself writes them, under its lock.
 */
#include <kernel/syscall.h>
#include <mm/user.h>
#include "process_internal.h"

#define KEEP	0xffffffffu	/* -1: leave this id as it is */
#define CAPS_ALL 0x1ffffffffffull

int process_may_signal(struct process *p)
{
	const struct process *me = current->process;

	if (!me || !me->euid || me == p)
		return 0;
	return me->euid == p->uid || me->euid == p->suid || me->uid == p->uid || me->uid == p->suid ? 0 : -EPERM;
}

static bool is_root(void)
{
	return !current_process->euid;
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

static void ids_set(uint32_t *a, uint32_t av, uint32_t *b, uint32_t bv, uint32_t *c, uint32_t cv)
{
	struct process *p = current_process;
	uint64_t flags = spin_lock_irq(&p->lock);

	*a = av == KEEP ? *a : av;
	*b = bv == KEEP ? *b : bv;
	*c = cv == KEEP ? *c : cv;
	spin_unlock_irq(&p->lock, flags);
}

static void uids_set(uint32_t real, uint32_t effective, uint32_t saved)
{
	struct process *p = current_process;

	ids_set(&p->uid, real, &p->euid, effective, &p->suid, saved);
}

static void gids_set(uint32_t real, uint32_t effective, uint32_t saved)
{
	struct process *p = current_process;

	ids_set(&p->gid, real, &p->egid, effective, &p->sgid, saved);
}

SYSCALL_FLAGS(NR_getuid, getuid, SYSCALL_SHORT)
{
	return current_process->uid;
}

SYSCALL_FLAGS(NR_getgid, getgid, SYSCALL_SHORT)
{
	return current_process->gid;
}

SYSCALL_FLAGS(NR_geteuid, geteuid, SYSCALL_SHORT)
{
	return current_process->euid;
}

SYSCALL_FLAGS(NR_getegid, getegid, SYSCALL_SHORT)
{
	return current_process->egid;
}

SYSCALL(NR_setuid, setuid)
{
	uint32_t id = args->a[0];

	if (id == KEEP)
		return -EINVAL;
	if (is_root())
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
	if (is_root())
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
	uint32_t real = args->a[0], effective = args->a[1], old = current_process->uid;

	if (!is_root() && ((real != KEEP && real != old && real != current_process->euid) || (effective != KEEP && !is_uid(effective))))
		return -EPERM;
	uids_set(real, effective, KEEP);
	if (real != KEEP || (effective != KEEP && effective != old))
		uids_set(KEEP, KEEP, current_process->euid);
	return 0;
}

SYSCALL(NR_setregid, setregid)
{
	uint32_t real = args->a[0], effective = args->a[1], old = current_process->gid;

	if (!is_root() && ((real != KEEP && real != old && real != current_process->egid) || (effective != KEEP && !is_gid(effective))))
		return -EPERM;
	gids_set(real, effective, KEEP);
	if (real != KEEP || (effective != KEEP && effective != old))
		gids_set(KEEP, KEEP, current_process->egid);
	return 0;
}

SYSCALL(NR_setresuid, setresuid)
{
	for (unsigned int i = 0; i < 3 && !is_root(); i++)
		if ((uint32_t)args->a[i] != KEEP && !is_uid(args->a[i]))
			return -EPERM;
	uids_set(args->a[0], args->a[1], args->a[2]);
	return 0;
}

SYSCALL(NR_setresgid, setresgid)
{
	for (unsigned int i = 0; i < 3 && !is_root(); i++)
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

/* File system ids are not kept apart from the effective ones. */
SYSCALL(NR_setfsuid, setfsuid)
{
	return current_process->euid;
}

SYSCALL(NR_setfsgid, setfsgid)
{
	return current_process->egid;
}

SYSCALL(NR_getgroups, getgroups)
{
	const struct process *p = current_process;
	int size = args->a[0];

	if (size < 0 || (size && (uint32_t)size < p->nr_groups))
		return -EINVAL;
	if (size && copy_to_user(args->a[1], p->groups, p->nr_groups * sizeof(p->groups[0])))
		return -EFAULT;
	return p->nr_groups;
}

SYSCALL(NR_setgroups, setgroups)
{
	struct process *p = current_process;
	uint32_t groups[ARRAY_SIZE(p->groups)];
	uint64_t count = args->a[0], flags;

	if (!is_root())
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

/* Reads and checks the header; on an unknown version says which one is meant. Returns the count of data structs or -errno. */
static int cap_header_check(uint64_t address, struct linux_cap_header *h)
{
	if (copy_from_user(h, address, sizeof(*h)))
		return -EFAULT;
	if (h->version == LINUX_CAPABILITY_VERSION_1)
		return 1;
	if (h->version == LINUX_CAPABILITY_VERSION_2 || h->version == LINUX_CAPABILITY_VERSION_3)
		return 2;
	return put_user32(address, LINUX_CAPABILITY_VERSION_3) ? -EFAULT : -EINVAL;
}

SYSCALL(NR_capget, capget)
{
	struct linux_cap_data data[2];
	struct linux_cap_header h;
	struct process *p;
	uint64_t caps = 0;
	int count = cap_header_check(args->a[0], &h);

	if (count < 0)
		return args->a[1] || count == -EFAULT ? count : 0;
	p = process_find(h.pid ? h.pid : current_process->pid);
	if (!p)
		return -ESRCH;
	caps = p->euid ? 0 : CAPS_ALL;
	process_put(p);
	data[0] = (struct linux_cap_data){ caps, caps, 0 };
	data[1] = (struct linux_cap_data){ caps >> 32, caps >> 32, 0 };
	return args->a[1] ? copy_to_user(args->a[1], data, count * sizeof(data[0])) : 0;
}

/* Root keeps everything; giving up is accepted and means nothing, asking for more than nothing is refused to others. */
SYSCALL(NR_capset, capset)
{
	struct linux_cap_data data[2] = { { 0 } };
	struct linux_cap_header h;
	int count = cap_header_check(args->a[0], &h);

	if (count < 0)
		return count;
	if (h.pid && h.pid != current_process->pid)
		return -EPERM;
	if (copy_from_user(data, args->a[1], count * sizeof(data[0])))
		return -EFAULT;
	if (!is_root() && (data[0].effective | data[0].permitted | data[1].effective | data[1].permitted))
		return -EPERM;
	return 0;
}
