// SPDX-License-Identifier: GPL-2.0
/*
 * Who a thread is: user and group ids, supplementary groups, and whom it may signal. Only the thread itself writes its credentials, under
 * process->lock; others read them as they stand.
 */
#include <kernel/groups.h>
#include <kernel/keys.h>
#include <kernel/syscall.h>
#include <kernel/user_ns.h>
#include <mm/user.h>
#include "process_internal.h"

#define KEEP	0xffffffffu	/* -1: leave this id as it is */

bool credentials_match(const struct credentials *me, const struct credentials *whom)
{
	return me->euid == whom->uid || me->euid == whom->suid || me->uid == whom->uid || me->uid == whom->suid;
}

void credentials_get(const struct credentials *c)
{
	user_ns_get(c->user_ns);
	group_list_get(c->groups);
}

void credentials_put(const struct credentials *c)
{
	user_ns_put(c->user_ns);
	group_list_put(c->groups);
}

bool credentials_in_groups(const struct credentials *c, uint32_t gid)
{
	return group_list_has(c->groups, gid);
}

static int may_signal(const struct process *p, const struct credentials *whom)
{
	const struct thread *me = current;

	if (!me->process || me->process == p || credentials_match(&me->cred, whom))
		return 0;
	return privileged_in(whom->user_ns, LINUX_CAP_KILL) ? 0 : -EPERM;
}

int process_may_signal(const struct process *p)
{
	return may_signal(p, &p->cred);
}

int thread_may_signal(const struct thread *t)
{
	return may_signal(t->process, &t->cred);
}

/* Is who is @to more than who is @from, or somebody else to files? */
static bool is_another(const struct credentials *to, const struct credentials *from)
{
	return to->euid != from->euid || to->egid != from->egid || to->fsuid != from->fsuid || to->fsgid != from->fsgid ||
	       (to->privileges.permitted & ~from->privileges.permitted);
}

void credentials_set(const struct credentials *c)
{
	struct thread *t = current;
	struct process *p = t->process;
	struct credentials old = t->cred, old_of_process = p->cred;
	bool first = t->tid == p->pid;
	uint64_t flags = spin_lock_irq(&p->lock);

	if (is_another(c, &t->cred)) {
		p->dumpable = false;
		p->death_signal = 0;
	}
	credentials_get(c);
	t->cred = *c;
	if (first) {
		credentials_get(c);
		p->cred = *c;
	}
	spin_unlock_irq(&p->lock, flags);
	credentials_put(&old);
	if (first)
		credentials_put(&old_of_process);
	keys_owner_follow(c->fsuid);
}

static bool is_uid(uint32_t id)
{
	const struct credentials *c = &current->cred;

	return id == c->uid || id == c->euid || id == c->suid;
}

static bool is_gid(uint32_t id)
{
	const struct credentials *c = &current->cred;

	return id == c->gid || id == c->egid || id == c->sgid;
}

static void uids_set(uint32_t real, uint32_t effective, uint32_t saved)
{
	const struct credentials *old = &current->cred;
	struct credentials new = *old;

	new.uid = real == KEEP ? old->uid : real;
	new.euid = effective == KEEP ? old->euid : effective;
	new.suid = saved == KEEP ? old->suid : saved;
	new.fsuid = new.euid;
	privileges_follow_ids(&new, old);
	credentials_set(&new);
}

static void gids_set(uint32_t real, uint32_t effective, uint32_t saved)
{
	const struct credentials *old = &current->cred;
	struct credentials new = *old;

	new.gid = real == KEEP ? old->gid : real;
	new.egid = effective == KEEP ? old->egid : effective;
	new.sgid = saved == KEEP ? old->sgid : saved;
	new.fsgid = new.egid;
	credentials_set(&new);
}

SYSCALL_SHORT(NR_getuid, getuid, 0)
{
	return uid_told(t->cred.uid);
}

SYSCALL_SHORT(NR_getgid, getgid, 0)
{
	return gid_told(t->cred.gid);
}

SYSCALL_SHORT(NR_geteuid, geteuid, 0)
{
	return uid_told(t->cred.euid);
}

SYSCALL_SHORT(NR_getegid, getegid, 0)
{
	return gid_told(t->cred.egid);
}

/* Does one of the first @nr arguments name nobody here? -1 asks for nothing. */
static bool has_no_meaning(const struct syscall_args *args, unsigned int nr, enum id_kind kind)
{
	for (unsigned int i = 0; i < nr; i++)
		if ((uint32_t)args->a[i] != KEEP && id_outside(current->cred.user_ns, kind, (uint32_t)args->a[i]) == ID_NONE)
			return true;
	return false;
}

SYSCALL(NR_setuid, setuid)
{
	uint32_t id = uid_meant(args->a[0]);

	if (id == KEEP)
		return -EINVAL;
	if (privileged_here(LINUX_CAP_SETUID))
		uids_set(id, id, id);
	else if (id == current->cred.uid || id == current->cred.suid)
		uids_set(KEEP, id, KEEP);
	else
		return -EPERM;
	return 0;
}

SYSCALL(NR_setgid, setgid)
{
	uint32_t id = gid_meant(args->a[0]);

	if (id == KEEP)
		return -EINVAL;
	if (privileged_here(LINUX_CAP_SETGID))
		gids_set(id, id, id);
	else if (id == current->cred.gid || id == current->cred.sgid)
		gids_set(KEEP, id, KEEP);
	else
		return -EPERM;
	return 0;
}

/* setre*id: the saved id follows when the real one is set, or the effective one differs from the old real one. */
SYSCALL(NR_setreuid, setreuid)
{
	uint32_t real = uid_meant(args->a[0]), effective = uid_meant(args->a[1]), old = current->cred.uid, saved;

	if (has_no_meaning(args, 2, ID_USER))
		return -EINVAL;
	if (!privileged_here(LINUX_CAP_SETUID) &&
	    ((real != KEEP && real != old && real != current->cred.euid) || (effective != KEEP && !is_uid(effective))))
		return -EPERM;
	saved = effective == KEEP ? current->cred.euid : effective;
	uids_set(real, effective, real != KEEP || (effective != KEEP && effective != old) ? saved : KEEP);
	return 0;
}

SYSCALL(NR_setregid, setregid)
{
	uint32_t real = gid_meant(args->a[0]), effective = gid_meant(args->a[1]), old = current->cred.gid, saved;

	if (has_no_meaning(args, 2, ID_GROUP))
		return -EINVAL;
	if (!privileged_here(LINUX_CAP_SETGID) &&
	    ((real != KEEP && real != old && real != current->cred.egid) || (effective != KEEP && !is_gid(effective))))
		return -EPERM;
	saved = effective == KEEP ? current->cred.egid : effective;
	gids_set(real, effective, real != KEEP || (effective != KEEP && effective != old) ? saved : KEEP);
	return 0;
}

SYSCALL(NR_setresuid, setresuid)
{
	uint32_t ids[3] = { uid_meant(args->a[0]), uid_meant(args->a[1]), uid_meant(args->a[2]) };

	if (has_no_meaning(args, 3, ID_USER))
		return -EINVAL;
	for (unsigned int i = 0; i < 3 && !privileged_here(LINUX_CAP_SETUID); i++)
		if (ids[i] != KEEP && !is_uid(ids[i]))
			return -EPERM;
	uids_set(ids[0], ids[1], ids[2]);
	return 0;
}

SYSCALL(NR_setresgid, setresgid)
{
	uint32_t ids[3] = { gid_meant(args->a[0]), gid_meant(args->a[1]), gid_meant(args->a[2]) };

	if (has_no_meaning(args, 3, ID_GROUP))
		return -EINVAL;
	for (unsigned int i = 0; i < 3 && !privileged_here(LINUX_CAP_SETGID); i++)
		if (ids[i] != KEEP && !is_gid(ids[i]))
			return -EPERM;
	gids_set(ids[0], ids[1], ids[2]);
	return 0;
}

static int three_put(struct syscall_args *args, uint32_t a, uint32_t b, uint32_t c)
{
	return put_user32(args->a[0], a) || put_user32(args->a[1], b) || put_user32(args->a[2], c) ? -EFAULT : 0;
}

SYSCALL(NR_getresuid, getresuid)
{
	const struct credentials *c = &current->cred;

	return three_put(args, uid_told(c->uid), uid_told(c->euid), uid_told(c->suid));
}

SYSCALL(NR_getresgid, getresgid)
{
	const struct credentials *c = &current->cred;

	return three_put(args, gid_told(c->gid), gid_told(c->egid), gid_told(c->sgid));
}

/* Both give the id before, also when they refuse to change it. */
SYSCALL(NR_setfsuid, setfsuid)
{
	const struct credentials *old = &current->cred;
	uint32_t id = uid_meant(args->a[0]), before = uid_told(old->fsuid);
	struct credentials new = *old;

	if (id == KEEP || (!privileged_here(LINUX_CAP_SETUID) && !is_uid(id) && id != old->fsuid))
		return before;
	new.fsuid = id;
	privileges_follow_fsuid(&new, old);
	credentials_set(&new);
	return before;
}

SYSCALL(NR_setfsgid, setfsgid)
{
	struct credentials new = current->cred;
	uint32_t id = gid_meant(args->a[0]), before = gid_told(new.fsgid);

	if (id == KEEP || (!privileged_here(LINUX_CAP_SETGID) && !is_gid(id) && id != new.fsgid))
		return before;
	new.fsgid = id;
	credentials_set(&new);
	return before;
}
