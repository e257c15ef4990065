// SPDX-License-Identifier: GPL-2.0
/*
 * Privileges (capabilities(7)): sets, what becomes of them when ids change and when a program starts, capget(2), capset(2), and prctl(2)'s part.
 * What a file gives its program is read in fs/xattr.c.
 */
#include <kernel/pid_ns.h>
#include <kernel/privilege.h>
#include <kernel/syscall.h>
#include <kernel/user_ns.h>
#include <mm/user.h>
#include "process_internal.h"

#define BIT_OF(cap)	(1ull << (cap))
/* What follows the file system id alone. */
#define FILE_PRIVILEGES	(BIT_OF(LINUX_CAP_CHOWN) | BIT_OF(LINUX_CAP_DAC_OVERRIDE) | BIT_OF(LINUX_CAP_DAC_READ_SEARCH) | BIT_OF(LINUX_CAP_FOWNER) | \
			 BIT_OF(LINUX_CAP_FSETID) | BIT_OF(LINUX_CAP_LINUX_IMMUTABLE) | BIT_OF(LINUX_CAP_MKNOD) | BIT_OF(LINUX_CAP_MAC_OVERRIDE))

bool privileged(unsigned int cap)
{
	return !current || !current->process || ((current->cred.privileges.effective & BIT_OF(cap)) && !current->cred.user_ns);
}

static bool any_root(const struct credentials *c)
{
	uint32_t root = root_of(c->user_ns);

	return c->uid == root || c->euid == root || c->suid == root;
}

void privileges_follow_ids(struct credentials *to, const struct credentials *from)
{
	struct privileges *v = &to->privileges;
	uint32_t root = root_of(to->user_ns);

	if (v->secure_bits & LINUX_SECBIT_NO_SETUID_FIXUP)
		return;
	if (any_root(from) && !any_root(to)) {
		if (!(v->secure_bits & LINUX_SECBIT_KEEP_CAPS))
			v->permitted = v->effective = 0;
		v->ambient = 0;
	}
	if (from->euid == root && to->euid != root)
		v->effective = 0;
	if (from->euid != root && to->euid == root)
		v->effective = v->permitted;
}

void privileges_follow_fsuid(struct credentials *to, const struct credentials *from)
{
	struct privileges *v = &to->privileges;
	uint32_t root = root_of(to->user_ns);

	if (v->secure_bits & LINUX_SECBIT_NO_SETUID_FIXUP)
		return;
	if (from->fsuid == root && to->fsuid != root)
		v->effective &= ~FILE_PRIVILEGES;
	if (from->fsuid != root && to->fsuid == root)
		v->effective |= v->permitted & FILE_PRIVILEGES;
}

/* ---- execve ---- */

/* What file and root's name give together; ambient privileges come later. Is it all effective at once? -EPERM as in the header. */
static int program_gains(struct credentials *to, const struct credentials *from, const struct file_privileges *file)
{
	const struct privileges *old = &from->privileges;
	bool root_is_more = !(old->secure_bits & LINUX_SECBIT_NOROOT);
	uint32_t root = root_of(to->user_ns);

	to->privileges.permitted = (old->bounding & file->permitted) | (old->inheritable & file->inheritable);
	if (file->effective && file->permitted & ~to->privileges.permitted)
		return -EPERM;
	/* Set-id root with a list of its own gets what that says. */
	if (!root_is_more || (file->present && to->uid != root && to->euid == root))
		return file->effective;
	if (to->uid == root || to->euid == root)
		to->privileges.permitted = old->bounding | old->inheritable;
	return file->effective || to->euid == root;
}

int privileges_of_program(struct credentials *to, const struct credentials *from, const struct file_privileges *file, bool bound, bool no_new,
			  bool *secure)
{
	int effective = program_gains(to, from, file);
	struct privileges *v = &to->privileges;
	bool raised = to->euid != from->uid || to->egid != from->gid;

	if (effective < 0)
		return effective;
	if (bound && (raised || v->permitted & ~from->privileges.permitted)) {
		if (no_new || !(from->privileges.effective & BIT_OF(LINUX_CAP_SETUID))) {
			to->euid = to->uid;
			to->egid = to->gid;
		}
		v->permitted &= from->privileges.permitted;
	}
	to->suid = to->fsuid = to->euid;
	to->sgid = to->fsgid = to->egid;
	if (file->present || raised)
		v->ambient = 0;
	v->permitted |= v->ambient;
	v->effective = effective ? v->permitted : v->ambient;
	v->secure_bits &= (uint8_t)~LINUX_SECBIT_KEEP_CAPS;
	*secure = raised || (to->uid != root_of(to->user_ns) && (effective || v->permitted & ~v->ambient));
	return 0;
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

/* What thread @tid has; 0: the caller. */
static int privileges_of(pid_t tid, struct privileges *v)
{
	struct thread *t = tid ? thread_find(0, tid) : NULL;
	struct process *p = tid && !t ? process_find(tid) : NULL;	/* its first thread has ended */

	if (tid && !t && !p)
		return -ESRCH;
	*v = p ? p->cred.privileges : t ? t->cred.privileges : current->cred.privileges;
	if (t)
		thread_put(t);
	process_put(p);
	return 0;
}

SYSCALL(NR_capget, capget)
{
	struct linux_cap_data data[2];
	struct linux_cap_header h;
	struct privileges v;
	int count = header_check(args->a[0], &h), err;

	if (count < 0)
		return args->a[1] || count == -EFAULT ? count : 0;
	if (h.pid < 0)
		return -EINVAL;
	err = privileges_of(pid_meant(h.pid), &v);
	if (err)
		return err;
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
	struct credentials c = current->cred;
	struct privileges *new = &c.privileges;
	struct linux_cap_data data[2] = { { 0 } };
	struct linux_cap_header h;
	int count = header_check(args->a[0], &h), err;

	if (count < 0)
		return count;
	if (h.pid && h.pid != current->own_tid)
		return -EPERM;
	if (copy_from_user(data, args->a[1], count * sizeof(data[0])))
		return -EFAULT;
	new->effective = (data[0].effective | (uint64_t)data[1].effective << 32) & PRIVILEGES_ALL;
	new->permitted = (data[0].permitted | (uint64_t)data[1].permitted << 32) & PRIVILEGES_ALL;
	new->inheritable = (data[0].inheritable | (uint64_t)data[1].inheritable << 32) & PRIVILEGES_ALL;
	new->ambient &= new->permitted & new->inheritable;
	err = sets_check(&current->cred.privileges, new);
	if (!err)
		credentials_set(&c);
	return err;
}

/* ---- prctl ---- */

static int bounding_drop(struct privileges *v, uint64_t cap)
{
	if (!privileged_here(LINUX_CAP_SETPCAP))
		return -EPERM;
	if (cap > LINUX_CAP_LAST)
		return -EINVAL;
	v->bounding &= ~BIT_OF(cap);
	return 0;
}

static int ambient_raise(struct privileges *v, uint64_t bit)
{
	if (!(v->permitted & v->inheritable & bit) || (v->secure_bits & LINUX_SECBIT_NO_CAP_AMBIENT_RAISE))
		return -EPERM;
	v->ambient |= bit;
	return 0;
}

static int ambient_change(struct privileges *v, uint64_t what, uint64_t cap, uint64_t more)
{
	if (more || (what == LINUX_PR_CAP_AMBIENT_CLEAR_ALL ? cap != 0 : cap > LINUX_CAP_LAST))
		return -EINVAL;
	switch (what) {
	case LINUX_PR_CAP_AMBIENT_IS_SET:
		return !!(v->ambient & BIT_OF(cap));
	case LINUX_PR_CAP_AMBIENT_RAISE:
		return ambient_raise(v, BIT_OF(cap));
	case LINUX_PR_CAP_AMBIENT_LOWER:
		v->ambient &= ~BIT_OF(cap);
		return 0;
	case LINUX_PR_CAP_AMBIENT_CLEAR_ALL:
		v->ambient = 0;
		return 0;
	default:
		return -EINVAL;
	}
}

static int keep_set(struct privileges *v, uint64_t on)
{
	if (on > 1)
		return -EINVAL;
	if (v->secure_bits & LINUX_SECBIT_LOCKED(LINUX_SECBIT_KEEP_CAPS))
		return -EPERM;
	v->secure_bits = (uint8_t)(on ? v->secure_bits | LINUX_SECBIT_KEEP_CAPS : v->secure_bits & ~LINUX_SECBIT_KEEP_CAPS);
	return 0;
}

/* Locked bits stay, and so do locks. */
static int secure_bits_set(struct privileges *v, uint64_t bits)
{
	uint64_t locks = v->secure_bits & LINUX_SECBIT_LOCKS;

	if (bits & ~(uint64_t)(LINUX_SECBITS | LINUX_SECBIT_LOCKS) || locks & ~bits || (locks >> 1 & (bits ^ v->secure_bits)))
		return -EPERM;
	if (!privileged_here(LINUX_CAP_SETPCAP))
		return -EPERM;
	v->secure_bits = (uint8_t)bits;
	return 0;
}

static int64_t privileges_change(struct privileges *v, int option, const uint64_t *args)
{
	switch (option) {
	case LINUX_PR_CAPBSET_READ:
		return args[0] > LINUX_CAP_LAST ? -EINVAL : !!(v->bounding & BIT_OF(args[0]));
	case LINUX_PR_CAPBSET_DROP:
		return bounding_drop(v, args[0]);
	case LINUX_PR_CAP_AMBIENT:
		return ambient_change(v, args[0], args[1], args[2] | args[3]);
	case LINUX_PR_GET_KEEPCAPS:
		return !!(v->secure_bits & LINUX_SECBIT_KEEP_CAPS);
	case LINUX_PR_SET_KEEPCAPS:
		return keep_set(v, args[0]);
	case LINUX_PR_GET_SECUREBITS:
		return v->secure_bits;
	case LINUX_PR_SET_SECUREBITS:
		return secure_bits_set(v, args[0]);
	default:
		return -ENOSYS;
	}
}

int64_t privilege_prctl(int option, const uint64_t *args)
{
	struct credentials c = current->cred;
	int64_t result = privileges_change(&c.privileges, option, args);

	if (result >= 0)
		credentials_set(&c);
	return result;
}
