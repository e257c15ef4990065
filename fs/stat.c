// SPDX-License-Identifier: GPL-2.0
/* stat(2), statx(2) and statfs(2) in all their forms, readlink and getdents. */
#include <fs/internal.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define DENTS_MAX	(32 * 1024ul)

/* A file without an inode: eventfd, epoll, handles. */
static void stat_anonymous(const struct file *f, struct linux_stat *to)
{
	*to = (struct linux_stat){
		.st_dev = 1, .st_ino = (uintptr_t)f->ops >> 4 & 0xffffff, .st_nlink = 1, .st_mode = 0600, .st_blksize = PAGE_SIZE,
	};
}

/* What statx() tells beyond stat(). */
struct stat_more {
	uint32_t mask;		/* of LINUX_STATX_*, which of these are known */
	uint32_t mount_id;
	uint32_t attributes, attributes_mask;	/* of LINUX_STATX_ATTR_* */
	int64_t birth;		/* ns since 1970 */
};

/* @mount: NULL for a file without one. Files in memory know when they were made; disks' and /proc's do not. */
static void stat_more(const struct inode *inode, const struct mount *mount, const struct dentry *d, struct stat_more *to)
{
	if (mount) {
		to->mask |= LINUX_STATX_MNT_ID;
		to->mount_id = mount->id;
		to->attributes |= d == mount->root ? LINUX_STATX_ATTR_MOUNT_ROOT : 0;
	}
	if (inode->super->ops->attributes) {
		to->attributes |= inode->attributes & (LINUX_FS_IMMUTABLE_FL | LINUX_FS_APPEND_FL | LINUX_FS_NODUMP_FL);
		to->attributes_mask |= LINUX_STATX_ATTR_IMMUTABLE | LINUX_STATX_ATTR_APPEND | LINUX_STATX_ATTR_NODUMP;
	}
	if (inode->super->magic == LINUX_TMPFS_MAGIC) {
		to->mask |= LINUX_STATX_BTIME;
		to->birth = inode->btime;
	}
}

static int stat_fd(int fd, struct linux_stat *to, struct stat_more *more)
{
	struct file *f = fd_get(current_process->files, fd);

	if (!f)
		return -EBADF;
	if (f->inode)
		inode_stat(f->inode, to);
	else
		stat_anonymous(f, to);
	if (f->inode && more)
		stat_more(f->inode, f->mount, f->dentry, more);
	file_put(f);
	return 0;
}

/* @more: NULL when nobody asks. */
static int stat_path(int dirfd, uint64_t utext, uint32_t flags, struct linux_stat *to, struct stat_more *more)
{
	uint32_t walk = (flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0);
	struct path p;
	char first;
	int err;

	if ((flags & LINUX_AT_EMPTY_PATH) && dirfd >= 0) {
		if (!utext)
			return stat_fd(dirfd, to, more);
		if (copy_from_user(&first, utext, 1))
			return -EFAULT;
		if (!first)
			return stat_fd(dirfd, to, more);
	}
	err = path_lookup_user(dirfd, utext, walk, &p);
	if (err)
		return err;
	inode_stat(p.dentry->inode, to);
	if (more)
		stat_more(p.dentry->inode, p.mount, p.dentry, more);
	path_put(&p);
	return 0;
}

static int64_t do_stat(int dirfd, uint64_t utext, uint64_t uto, uint32_t flags)
{
	struct linux_stat s;
	int err = stat_path(dirfd, utext, flags, &s, NULL);

	if (err)
		return err;
	return copy_to_user(uto, &s, sizeof(s)) ? -EFAULT : 0;
}

SYSCALL(NR_stat, stat)
{
	return do_stat(LINUX_AT_FDCWD, args->a[0], args->a[1], 0);
}

SYSCALL(NR_lstat, lstat)
{
	return do_stat(LINUX_AT_FDCWD, args->a[0], args->a[1], LINUX_AT_SYMLINK_NOFOLLOW);
}

SYSCALL(NR_fstat, fstat)
{
	struct linux_stat s;
	int err = stat_fd(args->a[0], &s, NULL);

	if (err)
		return err;
	return copy_to_user(args->a[1], &s, sizeof(s)) ? -EFAULT : 0;
}

SYSCALL(NR_newfstatat, newfstatat)
{
	uint32_t flags = args->a[3];

	if (flags & ~(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	return do_stat(args->a[0], args->a[1], args->a[2], flags);
}

static uint32_t dev_major(uint64_t dev)
{
	return (dev >> 8 & 0xfff) | (dev >> 32 & ~0xfffull);
}

static uint32_t dev_minor(uint64_t dev)
{
	return (dev & 0xff) | (dev >> 12 & ~0xffull);
}

static struct linux_statx_time statx_time(int64_t sec, int64_t nsec)
{
	return (struct linux_statx_time){ .sec = sec, .nsec = nsec };
}

SYSCALL(NR_statx, statx)
{
	uint32_t flags = args->a[2];
	struct stat_more more = { .mask = 0 };
	struct linux_statx x;
	int64_t sec, nsec;
	struct linux_stat s;
	int err;

	if (args->a[3] & LINUX_STATX_RESERVED)
		return -EINVAL;
	if (flags & ~(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH | LINUX_AT_STATX_SYNC_TYPE))
		return -EINVAL;
	if ((flags & LINUX_AT_STATX_SYNC_TYPE) == LINUX_AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = stat_path(args->a[0], args->a[1], flags, &s, &more);
	if (err)
		return err;
	memset(&x, 0, sizeof(x));
	x.stx_mask = LINUX_STATX_BASIC_STATS | more.mask;
	x.stx_attributes_mask = more.attributes_mask | LINUX_STATX_ATTR_MOUNT_ROOT | LINUX_STATX_ATTR_AUTOMOUNT | LINUX_STATX_ATTR_DAX;
	x.stx_attributes = more.attributes;
	x.stx_mnt_id = more.mount_id;
	x.stx_blksize = s.st_blksize;
	x.stx_nlink = s.st_nlink;
	x.stx_uid = s.st_uid;
	x.stx_gid = s.st_gid;
	x.stx_mode = s.st_mode;
	x.stx_ino = s.st_ino;
	x.stx_size = s.st_size;
	x.stx_blocks = s.st_blocks;
	x.stx_atime = statx_time(s.st_atime_sec, s.st_atime_nsec);
	x.stx_ctime = statx_time(s.st_ctime_sec, s.st_ctime_nsec);
	time_split(more.birth, &sec, &nsec);
	x.stx_btime = statx_time(sec, nsec);
	x.stx_mtime = statx_time(s.st_mtime_sec, s.st_mtime_nsec);
	x.stx_rdev_major = dev_major(s.st_rdev);
	x.stx_rdev_minor = dev_minor(s.st_rdev);
	x.stx_dev_major = dev_major(s.st_dev);
	x.stx_dev_minor = dev_minor(s.st_dev);
	return copy_to_user(args->a[4], &x, sizeof(x)) ? -EFAULT : 0;
}

static int64_t statfs_mount(const struct mount *m, uint64_t uto)
{
	struct linux_statfs s = { .f_type = m->super->magic, .f_bsize = PAGE_SIZE, .f_frsize = PAGE_SIZE, .f_namelen = LINUX_NAME_MAX };

	s.f_flags = LINUX_ST_VALID | (m->flags & (0xf | LINUX_MS_NOATIME | LINUX_MS_NODIRATIME));
	s.f_flags |= m->super->flags & (LINUX_MS_SYNCHRONOUS | LINUX_MS_MANDLOCK);
	s.f_flags |= m->super->read_only ? LINUX_ST_RDONLY : 0;
	s.f_flags |= m->flags & LINUX_MS_RELATIME ? LINUX_ST_RELATIME : 0;
	s.f_flags |= m->flags & LINUX_MS_NOSYMFOLLOW ? LINUX_ST_NOSYMFOLLOW : 0;
	s.f_fsid[0] = m->super->dev;
	if (m->super->ops->statfs)
		m->super->ops->statfs(m->super, &s);
	return copy_to_user(uto, &s, sizeof(s)) ? -EFAULT : 0;
}

SYSCALL(NR_statfs, statfs)
{
	struct path p;
	int64_t err = path_lookup_user(LINUX_AT_FDCWD, args->a[0], WALK_FOLLOW, &p);

	if (err)
		return err;
	err = statfs_mount(p.mount, args->a[1]);
	path_put(&p);
	return err;
}

SYSCALL(NR_fstatfs, fstatfs)
{
	struct file *f = fd_get(current_process->files, args->a[0]);
	struct linux_statfs unmounted = { .f_type = LINUX_ANON_MAGIC, .f_bsize = PAGE_SIZE, .f_frsize = PAGE_SIZE, .f_namelen = LINUX_NAME_MAX };
	int64_t err;

	if (!f)
		return -EBADF;
	if (f->inode)
		unmounted.f_type = f->inode->super->magic;	/* a pipe's, a socket's, that of a file of memfd_create() */
	if (f->mount)
		err = statfs_mount(f->mount, args->a[1]);
	else
		err = copy_to_user(args->a[1], &unmounted, sizeof(unmounted)) ? -EFAULT : 0;
	file_put(f);
	return err;
}

/* Entries are gathered in kernel memory, because the tree's lock is held and user memory may fault. */
struct dents {
	char *buffer;
	size_t used, size;
	bool old;	/* getdents(): the type stands in the last byte */
	bool cut;	/* an entry did not fit */
};

static bool dents_emit(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next)
{
	struct dents *d = arg;
	size_t length = strlen(name);
	size_t fixed = d->old ? 18 : offsetof(struct linux_dirent64, d_name);
	size_t need = ALIGN_UP(fixed + length + (d->old ? 2 : 1), 8ul);
	struct linux_dirent64 *e = (void *)(d->buffer + d->used);

	if (d->used + need > d->size) {
		d->cut = true;
		return false;
	}
	memset(e, 0, need);
	e->d_ino = ino;
	e->d_off = next;
	e->d_reclen = need;
	memcpy((char *)e + fixed, name, length);
	if (d->old)
		((char *)e)[need - 1] = type;
	else
		e->d_type = type;
	d->used += need;
	return true;
}

static int64_t dents_gather(struct file *f, struct dents *d)
{
	int err = notify_ask_read(f);

	if (err)
		return err;
	err = -ENOENT;
	mutex_lock(&f->pos_lock);
	mutex_lock(&vfs_lock);
	if (!(f->dentry->flags & DENTRY_REMOVED))
		err = f->ops->iterate(f, dents_emit, d);
	mutex_unlock(&vfs_lock);
	mutex_unlock(&f->pos_lock);
	if (err)
		return err;
	file_accessed(f);
	notify_file(f, LINUX_IN_ACCESS);
	return !d->used && d->cut ? -EINVAL : (int64_t)d->used;
}

static int64_t do_getdents(int fd, uint64_t uto, uint64_t size, bool old)
{
	struct dents d = { .size = MIN((uint32_t)size, DENTS_MAX), .old = old };
	struct file *f = fd_get_io(fd);
	int64_t n = -ENOTDIR;

	if (!f)
		return -EBADF;
	if (!f->dentry || !f->ops->iterate)
		goto put;
	n = -ENOMEM;
	d.buffer = kzalloc(d.size + 1);
	if (!d.buffer)
		goto put;
	n = dents_gather(f, &d);
	if (n > 0 && copy_to_user(uto, d.buffer, n))
		n = -EFAULT;
	if (n >= 0)
		notify_file(f, LINUX_IN_ACCESS);
	kfree(d.buffer);
put:
	file_put(f);
	return n;
}

SYSCALL(NR_getdents64, getdents64)
{
	return do_getdents(args->a[0], args->a[1], args->a[2], false);
}

SYSCALL(NR_getdents, getdents)
{
	return do_getdents(args->a[0], args->a[1], args->a[2], true);
}

static int64_t do_readlink(int dirfd, uint64_t utext, uint64_t to, int64_t size)
{
	struct path p;
	char *buffer, first = 'x';
	bool empty;
	int64_t n;
	int err;

	if (size <= 0)
		return -EINVAL;
	err = path_lookup_user(dirfd, utext, dirfd == LINUX_AT_FDCWD ? 0 : WALK_EMPTY, &p);
	if (err)
		return err;
	empty = !copy_from_user(&first, utext, 1) && !first;
	buffer = kzalloc(LINUX_PATH_MAX);
	n = -EINVAL;
	if (!buffer)
		n = -ENOMEM;
	else if (empty && !LINUX_S_ISLNK(p.dentry->inode->mode))
		n = -ENOENT;
	else if (p.dentry->inode->ops->readlink)
		n = p.dentry->inode->ops->readlink(p.dentry->inode, buffer, LINUX_PATH_MAX);
	if (n >= 0)
		inode_accessed(p.dentry->inode, p.mount);
	if (n > size)
		n = size;
	if (n > 0 && copy_to_user(to, buffer, n))
		n = -EFAULT;
	kfree(buffer);
	path_put(&p);
	return n;
}

SYSCALL(NR_readlink, readlink)
{
	return do_readlink(LINUX_AT_FDCWD, args->a[0], args->a[1], (int)args->a[2]);
}

SYSCALL(NR_readlinkat, readlinkat)
{
	return do_readlink(args->a[0], args->a[1], args->a[2], (int)args->a[3]);
}
