// SPDX-License-Identifier: GPL-2.0
/*
 * Privileges (capabilities(7)): sets, what becomes of them when ids change and when a program starts, capget(2), capset(2). There are no
 * capabilities of files and no secure bits. Sets are the process's, not the thread's.
 */
#include <kernel/privilege.h>
#include <kernel/syscall.h>
#include <mm/user.h>
#include "process_internal.h"

#define BIT_OF(cap)	(1ull << (cap))
/* What follows the file system id alone. */
#define FILE_PRIVILEGES	(BIT_OF(LINUX_CAP_CHOWN) | BIT_OF(LINUX_CAP_DAC_OVERRIDE) | BIT_OF(LINUX_CAP_DAC_READ_SEARCH) | BIT_OF(LINUX_CAP_FOWNER) | \
			 BIT_OF(LINUX_CAP_FSETID) | BIT_OF(LINUX_CAP_LINUX_IMMUTABLE) | BIT_OF(LINUX_CAP_MKNOD) | BIT_OF(LINUX_CAP_MAC_OVERRIDE))

bool privileged(unsigned int cap)
{
	const struct process *p = current ? current_process : NULL;

	return !p || (READ_ONCE(p->privileges.effective) & BIT_OF(cap));
}

void privileges_follow_ids(struct process *p, uint32_t uid, uint32_t euid, uint32_t suid, uint32_t fsuid)
{
	struct privileges *v = &p->privileges;

	if ((!uid || !euid || !suid) && p->uid && p->euid && p->suid) {
		if (!v->keep)
			v->permitted = v->effective = 0;
		v->ambient = 0;
	}
	if (!euid && p->euid)
		v->effective = 0;
	if (euid && !p->euid)
		v->effective = v->permitted;
	if (!fsuid && p->fsuid)
		v->effective &= ~FILE_PRIVILEGES;
	if (fsuid && !p->fsuid)
		v->effective |= v->permitted & FILE_PRIVILEGES;
	if (euid != p->euid || fsuid != p->fsuid) {
		p->dumpable = false;
		p->death_signal = 0;
	}
}

void privileges_of_program(struct privileges *to, const struct privileges *from, uint32_t uid, uint32_t euid, bool raised)
{
	uint64_t file = !uid || !euid ? PRIVILEGES_ALL : 0;

	to->bounding = from->bounding;
	to->inheritable = from->inheritable;
	to->ambient = raised || file ? 0 : from->ambient;
	to->permitted = (from->inheritable & file) | (file & from->bounding) | to->ambient;
	to->effective = !euid ? to->permitted : to->ambient;
	to->keep = false;
}

/* ---- capget, capset ---- */

/* Reads and checks the header; on an unknown version says which one is meant. Returns the count of data structs or -errno. */
static int header_check(uint64_t address, struct linux_cap_header *h)
{
	int words = 2;

	if (get_user32(&h->version, address))
		return -EFAULT;
	if (h->version == LINUX_CAPABILITY_VERSION_1)
		words = 1;
	else if (h->version != LINUX_CAPABILITY_VERSION_2 && h->version != LINUX_CAPABILITY_VERSION_3)
		return put_user32(address, LINUX_CAPABILITY_VERSION_3) ? -EFAULT : -EINVAL;
	return copy_from_user(&h->pid, address + offsetof(struct linux_cap_header, pid), sizeof(h->pid)) ? -EFAULT : words;
}

SYSCALL(NR_capget, capget)
{
	struct linux_cap_data data[2];
	struct linux_cap_header h;
	struct privileges v;
	struct process *p;
	int count = header_check(args->a[0], &h);

	if (count < 0)
		return args->a[1] || count == -EFAULT ? count : 0;
	if (h.pid < 0)
		return -EINVAL;
	p = process_find(h.pid ? h.pid : current_process->pid);
	if (!p)
		return -ESRCH;
	v = p->privileges;
	process_put(p);
	for (int i = 0; i < 2; i++)
		data[i] = (struct linux_cap_data){ v.effective >> 32 * i, v.permitted >> 32 * i, v.inheritable >> 32 * i };
	return args->a[1] ? copy_to_user(args->a[1], data, count * sizeof(data[0])) : 0;
}

/* Permitted only shrinks; effective comes from it; what is inherited comes from both and the bounding set. */
static int sets_check(const struct privileges *old, const struct privileges *new)
{
	bool may_inherit = old->effective & BIT_OF(LINUX_CAP_SETPCAP);

	if (new->permitted & ~old->permitted || new->effective & ~new->permitted)
		return -EPERM;
	if (new->inheritable & ~(old->inheritable | (may_inherit ? PRIVILEGES_ALL : old->permitted)))
		return -EPERM;
	return new->inheritable & ~(old->inheritable | old->bounding) ? -EPERM : 0;
}

SYSCALL(NR_capset, capset)
{
	struct process *p = current_process;
	struct linux_cap_data data[2] = { { 0 } };
	struct linux_cap_header h;
	struct privileges new;
	int count = header_check(args->a[0], &h);
	uint64_t flags;
	int err;

	if (count < 0)
		return count;
	if (h.pid && h.pid != p->pid)
		return -EPERM;
	if (copy_from_user(data, args->a[1], count * sizeof(data[0])))
		return -EFAULT;
	flags = spin_lock_irq(&p->lock);
	new = p->privileges;
	new.effective = (data[0].effective | (uint64_t)data[1].effective << 32) & PRIVILEGES_ALL;
	new.permitted = (data[0].permitted | (uint64_t)data[1].permitted << 32) & PRIVILEGES_ALL;
	new.inheritable = (data[0].inheritable | (uint64_t)data[1].inheritable << 32) & PRIVILEGES_ALL;
	new.ambient &= new.permitted & new.inheritable;
	err = sets_check(&p->privileges, &new);
	if (!err)
		p->privileges = new;
	spin_unlock_irq(&p->lock, flags);
	return err;
}

/* ---- prctl ---- */

static int64_t bounding_drop(uint64_t cap)
{
	struct process *p = current_process;
	uint64_t flags;

	if (!privileged(LINUX_CAP_SETPCAP))
		return -EPERM;
	if (cap > LINUX_CAP_LAST)
		return -EINVAL;
	flags = spin_lock_irq(&p->lock);
	p->privileges.bounding &= ~BIT_OF(cap);
	spin_unlock_irq(&p->lock, flags);
	return 0;
}

static int ambient_raise(struct privileges *v, uint64_t bit)
{
	if (!(v->permitted & v->inheritable & bit))
		return -EPERM;
	v->ambient |= bit;
	return 0;
}

static int64_t ambient_change(uint64_t what, uint64_t cap, uint64_t more)
{
	struct process *p = current_process;
	struct privileges *v = &p->privileges;
	uint64_t flags;
	int64_t result = 0;

	if (more || (what == LINUX_PR_CAP_AMBIENT_CLEAR_ALL ? cap != 0 : cap > LINUX_CAP_LAST))
		return -EINVAL;
	flags = spin_lock_irq(&p->lock);
	switch (what) {
	case LINUX_PR_CAP_AMBIENT_IS_SET:
		result = !!(v->ambient & BIT_OF(cap));
		break;
	case LINUX_PR_CAP_AMBIENT_RAISE:
		result = ambient_raise(v, BIT_OF(cap));
		break;
	case LINUX_PR_CAP_AMBIENT_LOWER:
		v->ambient &= ~BIT_OF(cap);
		break;
	case LINUX_PR_CAP_AMBIENT_CLEAR_ALL:
		v->ambient = 0;
		break;
	default:
		result = -EINVAL;
	}
	spin_unlock_irq(&p->lock, flags);
	return result;
}

int64_t privilege_prctl(int option, const uint64_t *args)
{
	struct privileges *v = &current_process->privileges;

	switch (option) {
	case LINUX_PR_CAPBSET_READ:
		return args[0] > LINUX_CAP_LAST ? -EINVAL : !!(v->bounding & BIT_OF(args[0]));
	case LINUX_PR_CAPBSET_DROP:
		return bounding_drop(args[0]);
	case LINUX_PR_CAP_AMBIENT:
		return ambient_change(args[0], args[1], args[2] | args[3]);
	case LINUX_PR_GET_KEEPCAPS:
		return v->keep;
	case LINUX_PR_SET_KEEPCAPS:
		if (args[0] > 1)
			return -EINVAL;
		v->keep = args[0];
		return 0;
	case LINUX_PR_GET_SECUREBITS:
		return 0;
	case LINUX_PR_SET_SECUREBITS:
		return !privileged(LINUX_CAP_SETPCAP) || args[0] ? -EPERM : 0;
	default:
		return -ENOSYS;
	}
}
