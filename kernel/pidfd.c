// SPDX-License-Identifier: GPL-2.0
/* Descriptors that stand for a process: readable when it has ended, and signals sent through one never reach another process. */
#include <fs/internal.h>
#include <fs/node.h>
#include <fs/proc_pid.h>
#include <kernel/pid_ns.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <uapi/ferry/linux.h>
#include "pidfd.h"
#include "process_internal.h"

static struct process *pidfd_process(const struct file *f)
{
	return __atomic_load_n((struct process **)&f->priv, __ATOMIC_ACQUIRE);
}

static uint32_t pidfd_poll(struct file *f, struct poll_table *table)
{
	struct process *p = pidfd_process(f);

	if (!p)
		return 0;
	poll_wait(f, &p->exit_wait, table);
	return READ_ONCE(p->zombie) ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static void pidfd_release(struct file *f)
{
	if (f->priv)
		process_put(f->priv);
}

/* -1: it has ended, and its number may be another's. */
static void pidfd_show(struct file *f, struct seq *s)
{
	struct process *p = pidfd_process(f), *now = p ? process_find(p->pid) : NULL;
	pid_t levels[PID_NS_DEPTH + 1] = { -1 };
	unsigned int nr = now && now == p ? pid_levels(pid_ns_current(), p->pid, levels) : 1;

	if (now)
		process_put(now);
	if (!nr)
		levels[nr++] = 0;
	seq_printf(s, "Pid:\t%d\nNSpid:", levels[0]);
	for (unsigned int i = 0; i < nr; i++)
		seq_printf(s, "\t%d", levels[i]);
	seq_puts(s, "\n");
}

static const struct file_ops pidfd_ops = { .poll = pidfd_poll, .release = pidfd_release, .name = "[pidfd]", .show = pidfd_show };

struct file *pidfd_create(uint32_t flags)
{
	return file_alloc(&pidfd_ops, NULL, LINUX_O_RDWR | (flags & LINUX_O_NONBLOCK));
}

void pidfd_set(struct file *f, struct process *p)
{
	process_get(p);
	__atomic_store_n((struct process **)&f->priv, p, __ATOMIC_RELEASE);
}

struct process *pidfd_get(int fd, bool *nonblock)
{
	struct file *f = fd_get_io(fd);
	struct process *p = NULL;
	int err = f && f->ops == &pidfd_ops ? 0 : -EBADF;

	if (!err)
		p = pidfd_process(f);
	if (p)
		process_get(p);
	if (nonblock)
		*nonblock = f && (f->flags & LINUX_O_NONBLOCK);
	file_put(f);
	return err ? ERR_PTR(err) : p ? p : ERR_PTR(-ESRCH);
}

int pidfd_install(struct process *p, uint32_t flags)
{
	struct file *f = pidfd_create(flags);

	if (!f)
		return file_alloc_error();
	pidfd_set(f, p);
	return fd_install_new(f, LINUX_O_CLOEXEC);
}

SYSCALL(NR_pidfd_open, pidfd_open)
{
	struct process *p;
	int64_t fd;

	if (((uint32_t)args->a[1] & ~LINUX_O_NONBLOCK) || (pid_t)args->a[0] <= 0)
		return -EINVAL;
	p = process_find(pid_meant(args->a[0]));
	if (!p)
		return -ESRCH;
	fd = pidfd_install(p, args->a[1]);
	process_put(p);
	return fd;
}

/* What a program may claim about a signal that it sends to another. */
static int info_from_user(struct linux_siginfo *info, uint64_t uinfo, int sig, const struct process *to)
{
	if (!uinfo) {
		signal_info_user(info, sig, LINUX_SI_USER, 0);
		return 0;
	}
	if (copy_from_user(info, uinfo, sizeof(*info)))
		return -EFAULT;
	if (info->si_signo != sig)
		return -EINVAL;
	return to != current_process && (info->si_code >= 0 || info->si_code == LINUX_SI_TKILL) ? -EPERM : 0;
}

static int64_t pidfd_signal(struct process *p, int sig, uint64_t uinfo)
{
	struct process *now = process_find(p->pid);
	struct linux_siginfo info;
	int err = now == p ? info_from_user(&info, uinfo, sig, p) : -ESRCH;

	if (now)
		process_put(now);
	if (!err)
		err = process_may_signal(p);
	return err ? err : signal_send_process(p, sig, &info);
}

/* A pidfd, or a directory /proc/<pid>: what stood for a process before there were pidfds (pidfd_send_signal(2)). */
static struct process *signal_target(int fd)
{
	struct process *p = pidfd_get(fd, NULL);
	struct file *f;

	if (!IS_ERR(p) || PTR_ERR(p) != -EBADF)
		return p;
	f = fd_get_io(fd);
	p = f ? proc_pid_of(f) : NULL;
	file_put(f);
	return p ? p : ERR_PTR(-EBADF);
}

SYSCALL(NR_pidfd_send_signal, pidfd_send_signal)
{
	struct process *p;
	int64_t err;

	if ((uint32_t)args->a[3])
		return -EINVAL;
	p = signal_target(args->a[0]);
	if (IS_ERR(p))
		return PTR_ERR(p);
	err = process_is_seen(p) ? pidfd_signal(p, args->a[1], args->a[2]) : -EINVAL;
	process_put(p);
	return err;
}

static int64_t file_from(struct process *p, int fd)
{
	struct fd_table *t = process_files_get(p);
	struct file *f = t ? fd_get(t, fd) : NULL;
	int err = ptrace_may_access(p);		/* not before: it may run another program meanwhile */

	if (!err && !t)
		err = -ESRCH;
	fd_table_put(t);
	if (err) {
		file_put(f);
		return err;
	}
	return f ? fd_install_new(f, LINUX_O_CLOEXEC) : -EBADF;
}

SYSCALL(NR_pidfd_getfd, pidfd_getfd)
{
	struct process *p;
	int64_t fd;

	if ((uint32_t)args->a[2])
		return -EINVAL;
	p = pidfd_get(args->a[0], NULL);
	if (IS_ERR(p))
		return PTR_ERR(p);
	fd = file_from(p, args->a[1]);
	process_put(p);
	return fd;
}
