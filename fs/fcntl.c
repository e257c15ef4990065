// SPDX-License-Identifier: GPL-2.0
/* fcntl(2) and the part of ioctl(2) that is the same for every file. */
#include <fs/internal.h>
#include <fs/lease.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <uapi/ferry/linux.h>

#define FLAGS_CHANGEABLE	(LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_ASYNC | LINUX_O_DIRECT | LINUX_O_NOATIME)

/* Other files keep the flag and tell nobody. */
static int set_async(struct file *f, int fd, bool on)
{
	return f->ops->signals && on != !!(f->flags & LINUX_O_ASYNC) ? file_set_async(f, fd, on) : 0;
}

/* Pipes have packets by it. */
static bool may_be_direct(const struct file *f)
{
	return file_is_pipe(f) || (f->inode && (LINUX_S_ISREG(f->inode->mode) || LINUX_S_ISBLK(f->inode->mode)));
}

static int64_t set_flags(struct file *f, int fd, uint32_t flags)
{
	int err;

	if ((flags ^ f->flags) & LINUX_O_APPEND && f->inode && inode_only_grows(f->inode))
		return -EPERM;
	if ((flags & LINUX_O_NOATIME) && !(f->flags & LINUX_O_NOATIME) && f->inode && !inode_owner_or_root(f->inode))
		return -EPERM;
	if ((flags & LINUX_O_DIRECT) && !may_be_direct(f))
		return -EINVAL;
	err = set_async(f, fd, flags & LINUX_O_ASYNC);
	if (err)
		return err;
	f->flags = (f->flags & ~FLAGS_CHANGEABLE) | (flags & FLAGS_CHANGEABLE);
	return 0;
}

static int64_t dup_from(struct file *f, uint64_t from, bool cloexec)
{
	if (from >= current_process->rlimits[LINUX_RLIMIT_NOFILE].cur || from > INT32_MAX)
		return -EINVAL;
	return fd_install(current_process->files, f, from, cloexec);
}

/* The ones that O_PATH descriptors also have; -ENOSYS: not one of them. */
static int64_t fcntl_descriptor(int fd, struct file *f, uint32_t cmd, uint64_t arg)
{
	struct fd_table *t = current_process->files;

	switch (cmd) {
	case LINUX_F_DUPFD:
		return dup_from(f, (uint32_t)arg, false);
	case LINUX_F_DUPFD_CLOEXEC:
		return dup_from(f, (uint32_t)arg, true);
	case LINUX_F_GETFD:
		return fd_get_cloexec(t, fd);
	case LINUX_F_SETFD:
		return fd_set_cloexec(t, fd, arg & LINUX_FD_CLOEXEC);
	case LINUX_F_GETFL:
		return f->flags & FILE_FLAGS_TOLD;
	default:
		return -ENOSYS;
	}
}

/* How long the data will live, which no device here asks. */
static int64_t write_hint(struct file *f, uint32_t cmd, uint64_t uarg)
{
	uint64_t hint;

	if (!f->inode)
		return -EINVAL;
	if (cmd == LINUX_F_GET_RW_HINT) {
		hint = f->inode->write_hint;
		return copy_to_user(uarg, &hint, sizeof(hint)) ? -EFAULT : 0;
	}
	if (copy_from_user(&hint, uarg, sizeof(hint)))
		return -EFAULT;
	if (hint > LINUX_RWH_LIFE_EXTREME)
		return -EINVAL;
	WRITE_ONCE(f->inode->write_hint, (uint8_t)hint);
	return 0;
}

static int64_t fcntl_file(int fd, struct file *f, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case LINUX_F_SETFL:
		return set_flags(f, fd, arg);
	case LINUX_F_GETLK:
	case LINUX_F_SETLK:
	case LINUX_F_SETLKW:
	case LINUX_F_OFD_GETLK:
	case LINUX_F_OFD_SETLK:
	case LINUX_F_OFD_SETLKW:
		return file_lock_posix(f, cmd, arg);
	case LINUX_F_GETOWN:
		return file_get_owner(f);
	case LINUX_F_SETOWN:
		return file_set_owner(f, (int32_t)arg);
	case LINUX_F_SETOWN_EX:
	case LINUX_F_GETOWN_EX:
	case LINUX_F_GETOWNER_UIDS:
	case LINUX_F_SETSIG:
	case LINUX_F_GETSIG:
		return file_owner_fcntl(f, cmd, arg);
	case LINUX_F_SETLEASE:
		return lease_set(f, fd, (int32_t)arg);
	case LINUX_F_GETLEASE:
		return lease_get(f);
	case LINUX_F_NOTIFY:
		return dnotify_set(f, fd, (uint32_t)arg);
	case LINUX_F_GET_RW_HINT:
	case LINUX_F_SET_RW_HINT:
		return write_hint(f, cmd, arg);
	case LINUX_F_SETPIPE_SZ:
	case LINUX_F_GETPIPE_SZ:
		return pipe_fcntl(f, cmd, arg);
	case LINUX_F_ADD_SEALS:
	case LINUX_F_GET_SEALS:
		return memfd_fcntl(f, cmd, arg);
	default:
		return -EINVAL;
	}
}

SYSCALL(NR_fcntl, fcntl)
{
	struct file *f = fd_get(current_process->files, args->a[0]);
	int64_t v;

	if (!f)
		return -EBADF;
	v = fcntl_descriptor(args->a[0], f, args->a[1], args->a[2]);
	if (v == -ENOSYS)
		v = f->flags & LINUX_O_PATH ? -EBADF : fcntl_file(args->a[0], f, args->a[1], args->a[2]);
	file_put(f);
	return v;
}

static int64_t set_nonblock(struct file *f, uint64_t uarg)
{
	uint32_t on;

	if (get_user32(&on, uarg))
		return -EFAULT;
	if (on)
		f->flags |= LINUX_O_NONBLOCK;
	else
		f->flags &= ~LINUX_O_NONBLOCK;
	return 0;
}

static int64_t set_async_user(struct file *f, int fd, uint64_t uarg)
{
	uint32_t on;
	int err;

	if (get_user32(&on, uarg))
		return -EFAULT;
	if (!f->ops->signals)
		return -ENOTTY;
	err = set_async(f, fd, on);
	if (err)
		return err;
	f->flags = (f->flags & ~LINUX_O_ASYNC) | (on ? LINUX_O_ASYNC : 0);
	return 0;
}

static int64_t bytes_ahead(struct file *f, uint64_t uarg)
{
	int64_t n = f->inode->size - f->pos;

	return put_user32(uarg, n < 0 ? 0 : MIN(n, (int64_t)INT32_MAX)) ? -EFAULT : 0;
}

/* FICLONE and its kin: no file system here shares blocks between files. */
static int64_t no_clone(uint32_t cmd, uint64_t arg)
{
	struct file *from = cmd == LINUX_FICLONE ? fd_get_io((int)arg) : NULL;

	if (cmd == LINUX_FICLONE && !from)
		return -EBADF;
	file_put(from);
	return -EOPNOTSUPP;
}

/* Of plain files, after what is asked of any. */
static int64_t ioctl_plain(struct file *f, uint32_t cmd, uint64_t arg)
{
	uint64_t bytes;

	switch (cmd) {
	case LINUX_FIONREAD:
		return bytes_ahead(f, arg);
	case LINUX_FIGETBSZ:
		return put_user32(arg, PAGE_SIZE) ? -EFAULT : 0;
	case LINUX_FIOQSIZE:
		bytes = f->inode->nr_pages << PAGE_SHIFT;
		return copy_to_user(arg, &bytes, sizeof(bytes)) ? -EFAULT : 0;
	case LINUX_FIBMAP:
		return privileged(LINUX_CAP_SYS_RAWIO) ? -EINVAL : -EPERM;
	case LINUX_FS_IOC_FIEMAP:
		return -EOPNOTSUPP;
	case LINUX_FICLONE:
	case LINUX_FICLONERANGE:
	case LINUX_FIDEDUPERANGE:
		return no_clone(cmd, arg);
	}
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

static int64_t ioctl_file(int fd, struct file *f, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case LINUX_FIOCLEX:
		return fd_set_cloexec(current_process->files, fd, true);
	case LINUX_FIONCLEX:
		return fd_set_cloexec(current_process->files, fd, false);
	case LINUX_FIONBIO:
		return set_nonblock(f, arg);
	case LINUX_FIOASYNC:
		return set_async_user(f, fd, arg);
	case LINUX_FS_IOC_GETFLAGS:
	case LINUX_FS_IOC_SETFLAGS:
	case LINUX_FS_IOC_FSGETXATTR:
	case LINUX_FS_IOC_FSSETXATTR:
		return attribute_ioctl(f, cmd, arg);
	}
	if (f->inode && LINUX_S_ISREG(f->inode->mode))
		return ioctl_plain(f, cmd, arg);
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

SYSCALL(NR_ioctl, ioctl)
{
	struct file *f = fd_get_io(args->a[0]);
	int64_t v;

	if (!f)
		return -EBADF;
	v = ioctl_file(args->a[0], f, args->a[1], args->a[2]);
	file_put(f);
	return v;
}
