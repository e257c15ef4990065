// SPDX-License-Identifier: GPL-2.0
/* Changing attributes: mode, owner, times, size, umask. */
#include <fs/internal.h>
#include <fs/lease.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <kernel/user_ns.h>
#include <mm/pagecache.h>
#include <uapi/ferry/linux.h>

/* Of Linux: what an own fallocate does not do is refused by it. */
#define FALLOC_FLAGS_KNOWN	0x7bu

/* What a call changes: an inode and how it was reached. Pipes and sockets have no place. */
struct target {
	struct inode *inode;
	struct path path;
};

/* With references, as target_of_path(). */
static int target_of_fd(int fd, struct target *t)
{
	struct file *f = fd_get(current_process->files, fd);
	int err = 0;

	if (!f)
		return -EBADF;
	*t = (struct target){ f->inode, { f->mount, f->dentry } };
	if (!f->inode)
		err = -EPERM;	/* what all files of a kind share is nobody's to change */
	else if (f->flags & LINUX_O_PATH)
		err = -EBADF;
	else if (f->dentry)
		path_get(&t->path);
	else
		inode_get(t->inode);
	file_put(f);
	return err;
}

/* Is it a pipe, a socket or another file without a path? */
static bool is_nameless(int fd)
{
	struct file *f = fd_get(current_process->files, fd);
	bool nameless = f && !f->dentry;

	if (f)
		file_put(f);
	return nameless;
}

static int target_of_path(int dirfd, uint64_t utext, uint32_t walk, struct target *t)
{
	char first;
	int err;

	if (walk & WALK_EMPTY && is_nameless(dirfd) && !copy_from_user(&first, utext, 1) && !first)
		return target_of_fd(dirfd, t);
	err = path_lookup_user(dirfd, utext, walk, &t->path);
	if (!err)
		t->inode = t->path.dentry->inode;
	return err;
}

static void target_put(struct target *t)
{
	if (t->path.dentry)
		path_put(&t->path);
	else
		inode_put(t->inode);
}

static int place_check(const struct target *t)
{
	if (mount_read_only(&t->path))
		return -EROFS;
	/* What /proc shows of a process has that process's owner and fixed permissions. */
	return t->inode->super->magic == LINUX_PROC_MAGIC && t->inode->ops->valid ? -EPERM : 0;
}

static int target_check(const struct target *t)
{
	int err = place_check(t);

	return err ? err : !inode_is_kept(t->inode) && inode_owner_or_root(t->inode) ? 0 : -EPERM;
}

static void target_told(const struct target *t, uint32_t event)
{
	t->inode->ctime = time_realtime();
	if (t->path.dentry)
		notify_dentry(t->path.dentry, event);
}

static void target_changed(const struct target *t)
{
	target_told(t, LINUX_IN_ATTRIB);
}

static int change_mode(const struct target *t, mode_t mode)
{
	struct inode *inode = t->inode;
	int err = target_check(t);

	if (err)
		return err;
	if (LINUX_S_ISLNK(inode->mode))
		return -EOPNOTSUPP;
	/* Nobody gives away a group that is not theirs. */
	if (!current_in_group(inode->gid) && !inode_privileged(inode, LINUX_CAP_FSETID))
		mode &= ~LINUX_S_ISGID;
	inode->mode = (inode->mode & LINUX_S_IFMT) | (mode & 07777);
	target_changed(t);
	return 0;
}

static int64_t do_chmod(int dirfd, uint64_t utext, mode_t mode)
{
	struct target t;
	int err = target_of_path(dirfd, utext, WALK_FOLLOW, &t);

	if (err)
		return err;
	err = change_mode(&t, mode);
	target_put(&t);
	return err;
}

SYSCALL(NR_chmod, chmod)
{
	return do_chmod(LINUX_AT_FDCWD, args->a[0], args->a[1]);
}

SYSCALL(NR_fchmodat, fchmodat)
{
	return do_chmod(args->a[0], args->a[1], args->a[2]);
}

SYSCALL(NR_fchmod, fchmod)
{
	struct target t;
	int err = target_of_fd(args->a[0], &t);

	if (err)
		return err;
	err = change_mode(&t, args->a[1]);
	target_put(&t);
	return err;
}

/* The owner may give the file to a group of theirs; the rest is the administrator's. */
static int change_owner(const struct target *t, uint32_t uid, uint32_t gid)
{
	struct inode *inode = t->inode;
	/* Anybody may change neither, as long as no privilege goes with it. */
	bool harmless = uid == ~0u && gid == ~0u && !(inode->mode & (LINUX_S_ISUID | LINUX_S_ISGID));
	int err = harmless ? place_check(t) : target_check(t);

	if (err)
		return err;
	if ((uid != ~0u && uid_meant(uid) == ID_NONE) || (gid != ~0u && gid_meant(gid) == ID_NONE))
		return -EINVAL;
	uid = uid_meant(uid);
	gid = gid_meant(gid);
	if (!inode_privileged(inode, LINUX_CAP_CHOWN) &&
	    ((uid != ~0u && uid != inode->uid) || (gid != ~0u && gid != inode->gid && !current_in_group(gid))))
		return -EPERM;
	if (uid != ~0u)
		inode->uid = uid;
	if (gid != ~0u)
		inode->gid = gid;
	if (LINUX_S_ISREG(inode->mode) && (inode->mode & 0111))
		inode->mode &= ~(LINUX_S_ISUID | LINUX_S_ISGID);
	if (!LINUX_S_ISDIR(inode->mode)) {
		mutex_lock(&inode->lock);
		file_privileges_forget(inode);
		mutex_unlock(&inode->lock);
	}
	target_changed(t);
	return 0;
}

static int64_t do_chown(int dirfd, uint64_t utext, uint32_t uid, uint32_t gid, uint32_t walk)
{
	struct target t;
	int err = target_of_path(dirfd, utext, walk, &t);

	if (err)
		return err;
	err = change_owner(&t, uid, gid);
	target_put(&t);
	return err;
}

SYSCALL(NR_chown, chown)
{
	return do_chown(LINUX_AT_FDCWD, args->a[0], args->a[1], args->a[2], WALK_FOLLOW);
}

SYSCALL(NR_lchown, lchown)
{
	return do_chown(LINUX_AT_FDCWD, args->a[0], args->a[1], args->a[2], 0);
}

SYSCALL(NR_fchownat, fchownat)
{
	uint32_t flags = args->a[4];

	if (flags & ~(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	return do_chown(args->a[0], args->a[1], args->a[2], args->a[3],
			(flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0));
}

SYSCALL(NR_fchown, fchown)
{
	struct target t;
	int err = target_of_fd(args->a[0], &t);

	if (err)
		return err;
	err = change_owner(&t, args->a[1], args->a[2]);
	target_put(&t);
	return err;
}

static int spec_check(const struct linux_timespec *t)
{
	if (t->tv_nsec == LINUX_UTIME_NOW || t->tv_nsec == LINUX_UTIME_OMIT)
		return 0;
	return t->tv_nsec < 0 || t->tv_nsec >= (long)NSEC_PER_SEC ? -EINVAL : 0;
}

#define DATE_MAX	(INT64_MAX / (int64_t)NSEC_PER_SEC - 1)	/* s: dates further off are kept as this one, or as that before 1970 */

static void set_time(int64_t *to, const struct linux_timespec *t)
{
	if (t->tv_nsec == LINUX_UTIME_OMIT)
		return;
	if (t->tv_nsec == LINUX_UTIME_NOW)
		*to = (int64_t)time_realtime();
	else if (t->tv_sec > DATE_MAX || t->tv_sec < -DATE_MAX)
		*to = (t->tv_sec < 0 ? -DATE_MAX : DATE_MAX) * (int64_t)NSEC_PER_SEC;
	else
		*to = t->tv_sec * (int64_t)NSEC_PER_SEC + t->tv_nsec;
}

/* "Now" for both needs write permission only; anything else is the owner's. */
static int change_times(const struct target *target, const struct linux_timespec t[2])
{
	struct inode *inode = target->inode;
	bool now = t[0].tv_nsec == LINUX_UTIME_NOW && t[1].tv_nsec == LINUX_UTIME_NOW;

	if (mount_read_only(&target->path))
		return -EROFS;
	if (now ? inode_is_immutable(inode) : inode_is_kept(inode))
		return -EPERM;
	if (!inode_owner_or_root(inode) && (!now || inode_permission(inode, MAY_WRITE)))
		return now ? -EACCES : -EPERM;
	set_time(&inode->atime, &t[0]);
	set_time(&inode->mtime, &t[1]);
	/* One of the two alone is told as what else changes it. */
	if (t[0].tv_nsec == LINUX_UTIME_OMIT)
		target_told(target, LINUX_IN_MODIFY);
	else
		target_told(target, t[1].tv_nsec == LINUX_UTIME_OMIT ? LINUX_IN_ACCESS : LINUX_IN_ATTRIB);
	return 0;
}

static const struct linux_timespec both_now[2] = { { 0, LINUX_UTIME_NOW }, { 0, LINUX_UTIME_NOW } };

static int64_t do_utimens(int dirfd, uint64_t utext, const struct linux_timespec t[2], uint32_t walk, bool by_fd)
{
	struct target target;
	int err;

	if (spec_check(&t[0]) || spec_check(&t[1]))
		return -EINVAL;
	err = by_fd ? target_of_fd(dirfd, &target) : target_of_path(dirfd, utext, walk, &target);
	if (err)
		return err;
	err = change_times(&target, t);
	target_put(&target);
	return err;
}

SYSCALL(NR_utimensat, utimensat)
{
	struct linux_timespec t[2] = { both_now[0], both_now[1] };
	bool by_fd = !args->a[1] && (int)args->a[0] != LINUX_AT_FDCWD;
	uint32_t flags = args->a[3];

	if (args->a[2] && copy_from_user(t, args->a[2], sizeof(t)))
		return -EFAULT;
	if (t[0].tv_nsec == LINUX_UTIME_OMIT && t[1].tv_nsec == LINUX_UTIME_OMIT)
		return 0;	/* on Linux too, whatever the rest says */
	if (flags & ~(by_fd ? 0u : LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	return do_utimens(args->a[0], args->a[1], t, (flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
			  (flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0), by_fd);
}

static int64_t do_utimes(int dirfd, uint64_t utext, uint64_t utimes)
{
	struct linux_timespec t[2] = { both_now[0], both_now[1] };
	struct linux_timeval v[2];
	int i;

	if (utimes && copy_from_user(v, utimes, sizeof(v)))
		return -EFAULT;
	for (i = 0; utimes && i < 2; i++) {
		if (v[i].tv_usec < 0 || v[i].tv_usec >= 1000000)
			return -EINVAL;
		t[i] = (struct linux_timespec){ v[i].tv_sec, v[i].tv_usec * 1000 };
	}
	return do_utimens(dirfd, utext, t, WALK_FOLLOW, false);
}

SYSCALL(NR_utimes, utimes)
{
	return do_utimes(LINUX_AT_FDCWD, args->a[0], args->a[1]);
}

SYSCALL(NR_futimesat, futimesat)
{
	return do_utimes(args->a[0], args->a[1], args->a[2]);
}

SYSCALL(NR_utime, utime)
{
	struct linux_timespec t[2] = { both_now[0], both_now[1] };
	int64_t v[2];

	if (args->a[1] && copy_from_user(v, args->a[1], sizeof(v)))
		return -EFAULT;
	if (args->a[1]) {
		t[0] = (struct linux_timespec){ v[0], 0 };
		t[1] = (struct linux_timespec){ v[1], 0 };
	}
	return do_utimens(LINUX_AT_FDCWD, args->a[0], t, WALK_FOLLOW, false);
}

void inode_too_long(void)
{
	if (!current->ring_call)	/* a ring is told by the result */
		signal_send_thread(current, LINUX_SIGXFSZ, NULL);
}

int inode_may_grow(const struct inode *inode, uint64_t size)
{
	if (size <= inode->size || !current_process || size <= current_process->rlimits[LINUX_RLIMIT_FSIZE].cur)
		return 0;
	inode_too_long();
	return -EFBIG;
}

static int change_size(struct dentry *d, uint64_t length)
{
	struct inode *inode = d->inode;
	int err;

	if (LINUX_S_ISDIR(inode->mode))
		return -EISDIR;
	if (!LINUX_S_ISREG(inode->mode) || !inode->ops->truncate)
		return -EINVAL;
	err = lease_break(inode, LINUX_O_WRONLY);
	if (err)
		return err;
	mutex_lock(&inode->lock);
	err = inode_may_grow(inode, length);
	if (!err)
		err = inode->ops->truncate(inode, length);
	mutex_unlock(&inode->lock);
	if (!err)
		mapping_unmap(&inode->mapping, ALIGN_UP(length, PAGE_SIZE) >> PAGE_SHIFT, ~0ull);
	if (!err)
		notify_dentry(d, LINUX_IN_MODIFY);
	return err;
}

SYSCALL(NR_truncate, truncate)
{
	struct path p;
	int err;

	if ((int64_t)args->a[1] < 0)
		return -EINVAL;
	err = path_lookup_user(LINUX_AT_FDCWD, args->a[0], WALK_FOLLOW, &p);
	if (err)
		return err;
	err = mount_read_only(&p) ? -EROFS : LINUX_S_ISDIR(p.dentry->inode->mode) ? -EISDIR : inode_permission(p.dentry->inode, MAY_WRITE);
	if (!err && inode_only_grows(p.dentry->inode))
		err = -EPERM;
	if (!err && inode_runs(p.dentry->inode))
		err = -ETXTBSY;
	if (!err)
		err = change_size(p.dentry, args->a[1]);
	path_put(&p);
	return err;
}

SYSCALL(NR_ftruncate, ftruncate)
{
	struct file *f;
	int err;

	if ((int64_t)args->a[1] < 0)
		return -EINVAL;
	f = fd_get_io(args->a[0]);
	if (!f)
		return -EBADF;
	if ((f->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY)
		err = -EINVAL;
	else if (f->inode && inode_only_grows(f->inode))
		err = -EPERM;
	else if (f->ops->truncate)
		err = f->ops->truncate(f, args->a[1]);
	else
		err = f->dentry ? change_size(f->dentry, args->a[1]) : -EINVAL;
	file_put(f);
	return err;
}

static int no_room_error(const struct file *f)
{
	if (file_is_pipe(f))
		return -ESPIPE;
	if (!f->inode)
		return -ENODEV;
	if (LINUX_S_ISDIR(f->inode->mode))
		return -EISDIR;
	return LINUX_S_ISREG(f->inode->mode) || LINUX_S_ISBLK(f->inode->mode) ? -EOPNOTSUPP : -ENODEV;
}

/* To what only grows room may be given, no more. */
static bool inode_may_have_room(const struct inode *inode, uint32_t mode)
{
	return !inode_is_immutable(inode) && (!(mode & ~LINUX_FALLOC_FL_KEEP_SIZE) || !inode_only_grows(inode));
}

SYSCALL(NR_fallocate, fallocate)
{
	int64_t offset = args->a[2], length = args->a[3];
	struct file *f;
	int err;

	if (offset < 0 || length <= 0)
		return -EINVAL;
	if (offset > INT64_MAX - length)
		return -EFBIG;
	f = fd_get_io(args->a[0]);
	if (!f)
		return -EBADF;
	if (((uint32_t)args->a[1] & ~FALLOC_FLAGS_KNOWN) || ((args->a[1] & LINUX_FALLOC_FL_PUNCH_HOLE) && !(args->a[1] & LINUX_FALLOC_FL_KEEP_SIZE)))
		err = -EOPNOTSUPP;
	else if ((args->a[1] & LINUX_FALLOC_FL_COLLAPSE_RANGE) && (uint32_t)args->a[1] != LINUX_FALLOC_FL_COLLAPSE_RANGE)
		err = -EINVAL;
	else if ((f->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY)
		err = -EBADF;
	else if (f->inode && !inode_may_have_room(f->inode, (uint32_t)args->a[1]))
		err = -EPERM;
	else if (!f->ops->fallocate)
		err = no_room_error(f);
	else
		err = f->ops->fallocate(f, args->a[1], offset, length);
	if (!err)
		notify_file(f, LINUX_IN_MODIFY);
	file_put(f);
	return err;
}

mode_t fs_umask(void)
{
	return current_process && current_process->fs ? current_process->fs->umask : 0;
}

SYSCALL(NR_umask, umask)
{
	struct fs_context *c = current_process->fs;
	mode_t old;

	spin_lock(&c->lock);
	old = c->umask;
	c->umask = args->a[0] & 0777;
	spin_unlock(&c->lock);
	return old;
}
