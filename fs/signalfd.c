// SPDX-License-Identifier: GPL-2.0
/* signalfd(2): the caller's pending signals of a set as records to read. All descriptors wait on one queue, which outlives processes. */
#include <fs/internal.h>
#include <fs/node.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define NEVER	(SIG_BIT(LINUX_SIGKILL) | SIG_BIT(LINUX_SIGSTOP))

static sigset_t *mask_of(const struct file *f)
{
	return f->priv;
}

static bool is_pending(const struct file *f)
{
	return (READ_ONCE(current->pending) | READ_ONCE(current_process->pending)) & READ_ONCE(*mask_of(f));
}

static void record_fill(struct linux_signalfd_siginfo *r, const struct linux_siginfo *info)
{
	memset(r, 0, sizeof(*r));
	r->ssi_signo = info->si_signo;
	r->ssi_errno = info->si_errno;
	r->ssi_code = info->si_code;
	if (info->si_code == LINUX_SI_TIMER) {
		r->ssi_tid = info->timer.id;
		r->ssi_overrun = info->timer.overrun;
		r->ssi_ptr = info->timer.value;
		r->ssi_int = info->timer.value;
		return;
	}
	r->ssi_pid = info->sender.pid;
	r->ssi_uid = info->sender.uid;
	if (info->si_signo == LINUX_SIGCHLD && info->si_code > 0) {
		r->ssi_status = info->sender.child.status;
		r->ssi_utime = info->sender.child.utime;
		r->ssi_stime = info->sender.child.stime;
		return;
	}
	r->ssi_ptr = info->sender.value;
	r->ssi_int = info->sender.value;
	if (info->si_code > 0 && info->si_signo != LINUX_SIGCHLD)
		r->ssi_addr = info->fault.addr;
}

/* Records as long as there are signals and room. */
static ssize_t records_take(struct file *f, struct iter *to)
{
	struct linux_signalfd_siginfo r;
	struct linux_siginfo info;
	ssize_t done = 0, n;

	while (to->left >= sizeof(r) && signal_dequeue(*mask_of(f), &info)) {
		record_fill(&r, &info);
		n = iter_put(to, &r, sizeof(r));
		if (n != sizeof(r))
			return done ? done : -EFAULT;
		done += n;
	}
	return done;
}

static ssize_t signalfd_read(struct file *f, struct iter *to, loff_t *pos)
{
	ssize_t n;
	int err;

	if (to->left < sizeof(struct linux_signalfd_siginfo))
		return -EINVAL;
	for (;;) {
		n = records_take(f, to);
		if (n)
			return n;
		if (f->flags & LINUX_O_NONBLOCK)
			return -EAGAIN;
		err = wait_event(&signalfd_wait, is_pending(f), TIME_FOREVER, true);
		if (err)
			return err;
	}
}

static uint32_t signalfd_poll(struct file *f, struct poll_table *table)
{
	poll_wait(f, &signalfd_wait, table);
	return is_pending(f) ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static void signalfd_release(struct file *f)
{
	kfree(f->priv);
}

static void signalfd_show(struct file *f, struct seq *s)
{
	seq_printf(s, "sigmask:\t%016llx\n", (unsigned long long)READ_ONCE(*mask_of(f)));
}

static const struct file_ops signalfd_ops = {
	.read = signalfd_read, .poll = signalfd_poll, .release = signalfd_release, .name = "[signalfd]", .show = signalfd_show,
	.still = true,
};

static int64_t signalfd_new(sigset_t mask, uint32_t flags)
{
	sigset_t *own = kzalloc(sizeof(*own));
	struct file *f = own ? file_alloc(&signalfd_ops, own, LINUX_O_RDWR | (flags & LINUX_SFD_NONBLOCK)) : NULL;

	if (!f) {
		kfree(own);
		return file_alloc_error();
	}
	*own = mask;
	return fd_install_new(f, flags);
}

static int64_t signalfd_change(int fd, sigset_t mask)
{
	struct file *f = fd_get_io(fd);
	int64_t result = !f ? -EBADF : f->ops != &signalfd_ops ? -EINVAL : fd;

	if (result >= 0) {
		WRITE_ONCE(*mask_of(f), mask);
		wait_wake(&signalfd_wait, 0);
	}
	file_put(f);
	return result;
}

static int64_t do_signalfd(int fd, uint64_t umask, uint64_t size, uint32_t flags)
{
	sigset_t mask;

	if (size != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, umask, sizeof(mask)))
		return -EFAULT;
	if (flags & ~(LINUX_SFD_CLOEXEC | LINUX_SFD_NONBLOCK))
		return -EINVAL;
	mask &= ~NEVER;
	return fd == -1 ? signalfd_new(mask, flags) : signalfd_change(fd, mask);
}

SYSCALL(NR_signalfd, signalfd)
{
	return do_signalfd(args->a[0], args->a[1], args->a[2], 0);
}

SYSCALL(NR_signalfd4, signalfd4)
{
	return do_signalfd(args->a[0], args->a[1], args->a[2], args->a[3]);
}
