// SPDX-License-Identifier: GPL-2.0
/*
 * What processes share with each other: unshare(2), kcmp(2). Files and directories belong to processes here, so a thread among others
 * cannot have its own, nor another mount namespace.
 */
#include <fs/file.h>
#include <fs/internal.h>
#include <fs/sysv.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/namespace.h>
#include <kernel/pid_ns.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux.h>
#include "process_internal.h"

#define UNSHARE_KNOWN	(NS_CLONE_FLAGS | LINUX_CLONE_NEWUSER | LINUX_CLONE_THREAD | LINUX_CLONE_FS | LINUX_CLONE_SIGHAND | LINUX_CLONE_VM | \
			 LINUX_CLONE_FILES | LINUX_CLONE_SYSVSEM)
#define SINGLE_ONLY	(LINUX_CLONE_THREAD | LINUX_CLONE_SIGHAND | LINUX_CLONE_VM | LINUX_CLONE_FILES | LINUX_CLONE_FS | LINUX_CLONE_SYSVSEM)

static int unshare_check(uint64_t flags)
{
	if (flags & ~UNSHARE_KNOWN)
		return -EINVAL;
	if ((flags & SINGLE_ONLY) && !process_has_one_thread(current_process))
		return -EINVAL;
	return 0;
}

/* What is asked for brings along what cannot be shared with it. */
static uint64_t implied(uint64_t flags)
{
	if (flags & LINUX_CLONE_NEWUSER)
		flags |= LINUX_CLONE_THREAD | LINUX_CLONE_FS;
	if (flags & LINUX_CLONE_NEWNS)
		flags |= LINUX_CLONE_FS;
	if (flags & LINUX_CLONE_NEWIPC)
		flags |= LINUX_CLONE_SYSVSEM;
	return flags;
}

/* What the caller gets for its own, before anything of it changes. */
struct own_parts {
	struct fs_context *fs;
	struct fd_table *files;
	struct ns_set *names;
	struct credentials cred;	/* of another user namespace */
	bool has_cred;
};

static int parts_copy(struct own_parts *own, struct process *p, uint64_t flags)
{
	if (flags & LINUX_CLONE_FS) {
		own->fs = fs_context_copy(p->fs);
		if (!own->fs)
			return -ENOMEM;
	}
	own->cred = current->cred;
	if (flags & LINUX_CLONE_NEWUSER) {
		int err = user_ns_create(&own->cred);

		if (err)
			return err;
		own->has_cred = true;
	}
	if (flags & NS_CLONE_FLAGS) {
		own->names = ns_set_copy(ns_set_of(current), flags, &own->cred, own->fs);
		if (IS_ERR(own->names))
			return PTR_ERR(own->names);
	}
	if (flags & LINUX_CLONE_FILES) {
		own->files = fd_table_copy(p->files);
		if (!own->files)
			return -ENOMEM;
	}
	return 0;
}

static void parts_change(struct own_parts *own, struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct own_parts old = { 0 };

	if (own->fs) {
		old.fs = p->fs;
		p->fs = own->fs;
	}
	if (own->files) {
		old.files = p->files;
		p->files = own->files;
	}
	spin_unlock_irq(&p->lock, flags);
	if (own->has_cred)
		user_ns_change(&own->cred);
	if (own->names)
		ns_set_change(own->names);
	*own = old;
}

static void parts_put(struct own_parts *own)
{
	fs_context_put(own->fs);
	fd_table_put(own->files);
	if (!IS_ERR(own->names))
		ns_set_put(own->names);
	if (own->has_cred)
		user_ns_put(own->cred.user_ns);
	ns_bury();
}

SYSCALL(NR_unshare, unshare)
{
	struct process *p = current_process;
	uint64_t what = implied(args->a[0]);
	struct own_parts own = { 0 };
	int err = unshare_check(what);

	if (!err)
		err = parts_copy(&own, p, what);
	if (!err && (what & LINUX_CLONE_SYSVSEM))
		sem_process_exit(p);
	if (!err)
		parts_change(&own, p);
	parts_put(&own);
	return err;
}

/* ---- kcmp ---- */

/* Orders are told, addresses are not. */
static uint64_t order_key;

static int64_t order(const void *a, const void *b)
{
	uint64_t x = ((uint64_t)a ^ order_key) * (order_key | 1), y = ((uint64_t)b ^ order_key) * (order_key | 1);

	return x == y ? 0 : x < y ? 1 : 2;
}

/* The open file behind a descriptor: for its address only, which may be another's as soon as this returns. */
static const void *file_of(struct process *p, uint64_t fd)
{
	struct fd_table *t = process_files_get(p);
	struct file *f = t ? fd_get(t, (int)fd) : NULL;

	if (f)
		file_put(f);
	if (t)
		fd_table_put(t);
	return f;
}

static int64_t compare_files(struct process *a, struct process *b, uint64_t fd_a, uint64_t fd_b)
{
	const void *x = file_of(a, fd_a), *y = file_of(b, fd_b);

	return x && y ? order(x, y) : -EBADF;
}

/* What an epoll file of @b watches as some descriptor. */
static int64_t compare_watched(struct process *a, struct process *b, uint64_t fd, uint64_t uslot)
{
	const void *x = file_of(a, fd), *y;
	struct linux_kcmp_epoll_slot slot;
	struct fd_table *t;
	struct file *ep;

	if (copy_from_user(&slot, uslot, sizeof(slot)))
		return -EFAULT;
	t = process_files_get(b);
	ep = t ? fd_get(t, (int)slot.efd) : NULL;
	y = x && ep ? epoll_target(ep, (int)slot.tfd, slot.toff) : ERR_PTR(-EBADF);
	file_put(ep);
	if (t)
		fd_table_put(t);
	return IS_ERR(y) ? PTR_ERR(y) : order(x, y);
}

/* Where neither of two has what could be shared, they have the same. */
static int64_t compare_undos(struct process *a, struct process *b)
{
	return list_empty(&a->sem_undos) && list_empty(&b->sem_undos) ? 0 : order(a, b);
}

/* A thread's own context for disk requests is its priority, no more. */
static int64_t compare_io(const struct thread *a, const struct thread *b)
{
	return !READ_ONCE(a->io_priority) && !READ_ONCE(b->io_priority) ? 0 : order(a, b);
}

static int64_t compare(struct thread *x, struct thread *y, const uint64_t *args)
{
	struct process *a = x->process, *b = y->process;

	switch ((int)args[0]) {
	case LINUX_KCMP_FILE:
		return compare_files(a, b, args[1], args[2]);
	case LINUX_KCMP_VM:
		return order(a->space, b->space);
	case LINUX_KCMP_FILES:
		return order(a->files, b->files);
	case LINUX_KCMP_FS:
		return order(a->fs, b->fs);
	case LINUX_KCMP_SIGHAND:
		return order(a, b);
	case LINUX_KCMP_IO:
		return compare_io(x, y);
	case LINUX_KCMP_SYSVSEM:
		return compare_undos(a, b);
	case LINUX_KCMP_EPOLL_TFD:
		return compare_watched(a, b, args[1], args[2]);
	default:
		return -EINVAL;
	}
}

SYSCALL(NR_kcmp, kcmp)
{
	struct thread *a = thread_find(0, pid_meant((pid_t)args->a[0])), *b = thread_find(0, pid_meant((pid_t)args->a[1]));
	int64_t result = -ESRCH;

	if (a && b && (ptrace_may_access(a->process) || ptrace_may_access(b->process)))
		result = -EPERM;
	else if (a && b)
		result = compare(a, b, args->a + 2);
	if (a)
		thread_put(a);
	if (b)
		thread_put(b);
	return result;
}

static int sharing_init(void)
{
	random_bytes(&order_key, sizeof(order_key));
	return 0;
}
INITCALL("4class", sharing_init);
