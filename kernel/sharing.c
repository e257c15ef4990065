// SPDX-License-Identifier: GPL-2.0
/*
 * What processes share with each other: unshare(2), setns(2), kcmp(2). There are no namespaces, so asking for one is an error, as on a Linux
 * built without. Files and directories belong to processes here, so a thread cannot have its own.
 */
#include <fs/file.h>
#include <fs/internal.h>
#include <fs/sysv.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <uapi/ferry/linux.h>
#include "process_internal.h"

#define NAMESPACES	(LINUX_CLONE_NEWNS | LINUX_CLONE_NEWCGROUP | LINUX_CLONE_NEWUTS | LINUX_CLONE_NEWIPC | LINUX_CLONE_NEWPID | \
			 LINUX_CLONE_NEWNET | LINUX_CLONE_NEWTIME)
#define UNSHARE_KNOWN	(NAMESPACES | LINUX_CLONE_NEWUSER | LINUX_CLONE_THREAD | LINUX_CLONE_FS | LINUX_CLONE_SIGHAND | LINUX_CLONE_VM | \
			 LINUX_CLONE_FILES | LINUX_CLONE_SYSVSEM)
#define SINGLE_ONLY	(LINUX_CLONE_THREAD | LINUX_CLONE_SIGHAND | LINUX_CLONE_VM | LINUX_CLONE_FILES | LINUX_CLONE_FS | LINUX_CLONE_SYSVSEM)

static int unshare_check(uint64_t flags)
{
	if (flags & ~UNSHARE_KNOWN)
		return -EINVAL;
	if ((flags & SINGLE_ONLY) && current_process->nr_threads > 1)
		return -EINVAL;
	if ((flags & NAMESPACES) && !privileged(LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	return flags & (NAMESPACES | LINUX_CLONE_NEWUSER) ? -EINVAL : 0;
}

static int files_unshare(struct process *p)
{
	struct fd_table *own = fd_table_copy(p->files), *old = p->files;
	uint64_t flags;

	if (!own)
		return -ENOMEM;
	flags = spin_lock_irq(&p->lock);
	p->files = own;
	spin_unlock_irq(&p->lock, flags);
	fd_table_put(old);
	return 0;
}

static int context_unshare(struct process *p)
{
	struct fs_context *own = fs_context_copy(p->fs), *old = p->fs;
	uint64_t flags;

	if (!own)
		return -ENOMEM;
	flags = spin_lock_irq(&p->lock);
	p->fs = own;
	spin_unlock_irq(&p->lock, flags);
	fs_context_put(old);
	return 0;
}

SYSCALL(NR_unshare, unshare)
{
	struct process *p = current_process;
	uint64_t what = args->a[0];
	int err = unshare_check(what);

	if (!err && (what & LINUX_CLONE_FS))
		err = context_unshare(p);
	if (!err && (what & LINUX_CLONE_FILES))
		err = files_unshare(p);
	if (!err && (what & LINUX_CLONE_SYSVSEM))
		sem_process_exit(p);
	return err;
}

/* No descriptor stands for a namespace, and none can be entered through a process. */
SYSCALL(NR_setns, setns)
{
	struct file *f = fd_get_io(args->a[0]);

	if (!f)
		return -EBADF;
	file_put(f);
	return -EINVAL;
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

static int64_t compare(struct process *a, struct process *b, const uint64_t *args)
{
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
	case LINUX_KCMP_SYSVSEM:
		return order(a, b);
	default:
		return -EINVAL;
	}
}

SYSCALL(NR_kcmp, kcmp)
{
	struct thread *a = thread_find(0, (pid_t)args->a[0]), *b = thread_find(0, (pid_t)args->a[1]);
	int64_t result = -ESRCH;

	if (a && b && (ptrace_may_access(a->process) || ptrace_may_access(b->process)))
		result = -EPERM;
	else if (a && b)
		result = compare(a->process, b->process, args->a + 2);
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
