// SPDX-License-Identifier: GPL-2.0
/* Opening files: open, openat, openat2, creat, and access. */
#include <fs/internal.h>
#include <fs/landlock.h>
#include <fs/lease.h>
#include <fs/notify.h>
#include <fs/protected.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/pagecache.h>
#include <mm/oom.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define FLAGS_KNOWN	(LINUX_O_ACCMODE | LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY | LINUX_O_TRUNC | LINUX_O_APPEND | \
			 LINUX_O_NONBLOCK | LINUX_O_SYNC | LINUX_O_ASYNC | LINUX_O_DIRECT | LINUX_O_LARGEFILE | LINUX_O_DIRECTORY | \
			 LINUX_O_NOFOLLOW | LINUX_O_NOATIME | LINUX_O_CLOEXEC | LINUX_O_PATH | LINUX_O_TMPFILE)
#define FLAGS_NOT_KEPT	(LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY | LINUX_O_TRUNC | LINUX_O_CLOEXEC)
#define FLAGS_OF_PATH	(LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | LINUX_O_CLOEXEC)

struct open_how {
	const struct path *start;
	const char *text;
	uint32_t flags, walk;
	mode_t mode;
};

static const struct file_ops path_only_ops;

static bool wants_write(uint32_t flags)
{
	return (flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY;
}

/* The name is not there: make it. vfs_lock held. */
static int open_create(struct walk *w, const struct open_how *how)
{
	struct dentry *dir = w->at.dentry, *d;
	int err;

	if (w->trailing)
		return -EISDIR;
	if (dir->flags & DENTRY_REMOVED)
		return -ENOENT;
	if (mount_read_only(&w->at))
		return -EROFS;
	err = inode_permission(dir->inode, MAY_WRITE | MAY_EXEC);
	if (!err)
		err = landlock_make(&w->at, LINUX_S_IFREG);
	if (err)
		return err;
	if (!dir->inode->ops->create)
		return -ENOENT;
	d = dir->inode->ops->create(dir, w->last, w->last_length, LINUX_S_IFREG | (how->mode & 07777 & ~fs_umask()), 0, NULL);
	if (IS_ERR(d))
		return PTR_ERR(d);
	notify_name(dir->inode, d->inode, w->last, LINUX_IN_CREATE);
	dentry_put(w->at.dentry);
	w->at.dentry = d;
	return 0;
}

/* Find or make the file: a counted path. */
static int open_find(const struct open_how *how, struct path *to, bool *created)
{
	uint32_t walk = how->walk;
	struct walk w;
	int err;

	if (how->flags & LINUX_O_CREAT)
		walk |= WALK_CREATE;
	if (!(how->flags & LINUX_O_NOFOLLOW) && (how->flags & (LINUX_O_CREAT | LINUX_O_EXCL)) != (LINUX_O_CREAT | LINUX_O_EXCL))
		walk |= WALK_FOLLOW;
	mutex_lock(&vfs_lock);
	err = walk_path(&w, how->start, how->text, walk);
	if (err)
		goto unlock;
	*created = w.missing;
	if (w.missing)
		err = open_create(&w, how);
	else if ((how->flags & (LINUX_O_CREAT | LINUX_O_EXCL)) == (LINUX_O_CREAT | LINUX_O_EXCL))
		err = -EEXIST;
	else if (how->flags & LINUX_O_CREAT && !LINUX_S_ISDIR(w.at.dentry->inode->mode))
		err = protected_create(w.at.dentry->inode, w.dir_mode, w.dir_uid);
	if (!err) {
		*to = w.at;
		path_get(to);
	}
	walk_end(&w);
unlock:
	mutex_unlock(&vfs_lock);
	return err;
}

static int open_check_type(const struct path *p, uint32_t flags)
{
	mode_t mode = p->dentry->inode->mode;

	if (LINUX_S_ISLNK(mode))
		return flags & LINUX_O_DIRECTORY ? -ENOTDIR : -ELOOP;
	if ((flags & LINUX_O_DIRECTORY) && !LINUX_S_ISDIR(mode))
		return -ENOTDIR;
	if (LINUX_S_ISDIR(mode) && (wants_write(flags) || (flags & (LINUX_O_CREAT | LINUX_O_TRUNC))))
		return -EISDIR;
	if (LINUX_S_ISSOCK(mode))
		return -ENXIO;
	if ((LINUX_S_ISBLK(mode) || LINUX_S_ISCHR(mode)) && ((p->mount->flags & LINUX_MS_NODEV) || p->mount->super->user_ns))
		return -EACCES;
	if ((wants_write(flags) || (flags & LINUX_O_TRUNC)) && mount_read_only(p) && (LINUX_S_ISREG(mode) || LINUX_S_ISDIR(mode)))
		return -EROFS;
	return 0;
}

static int open_check_access(const struct inode *inode, uint32_t flags)
{
	static const uint8_t mask[4] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE };
	uint32_t may = mask[flags & LINUX_O_ACCMODE];
	int err;

	if (flags & LINUX_O_TRUNC)
		may |= MAY_WRITE;
	err = inode_permission(inode, may);
	if (err)
		return err;
	if (inode_only_grows(inode) && ((wants_write(flags) && !(flags & LINUX_O_APPEND)) || flags & LINUX_O_TRUNC))
		return -EPERM;
	return (flags & LINUX_O_NOATIME) && !inode_owner_or_root(inode) ? -EPERM : 0;
}

static int open_truncate(struct dentry *d)
{
	struct inode *inode = d->inode;
	int err = 0;

	if (!LINUX_S_ISREG(inode->mode) || !inode->ops->truncate)
		return 0;
	mutex_lock(&inode->lock);
	err = inode->ops->truncate(inode, 0);
	mutex_unlock(&inode->lock);
	if (!err)
		mapping_unmap(&inode->mapping, 0, ~0ull);
	if (!err)
		notify_dentry(d, LINUX_IN_MODIFY);
	return err;
}

/* What the type of @inode brings along, then its open(). */
static int file_bind(struct file *f, struct inode *inode)
{
	if (f->flags & LINUX_O_PATH) {
		f->ops = &path_only_ops;
		return 0;
	}
	if (LINUX_S_ISCHR(inode->mode) || LINUX_S_ISBLK(inode->mode))
		return device_open(inode, f);
	f->ops = LINUX_S_ISFIFO(inode->mode) ? &fifo_ops : inode->fops;
	return f->ops->open ? f->ops->open(inode, f) : 0;
}

struct file *file_open_path(const struct path *p, uint32_t flags)
{
	struct file *f = file_alloc(&path_only_ops, NULL, flags & ~FLAGS_NOT_KEPT);
	struct inode *inode = p->dentry->inode;
	int err;

	if (!f)
		return ERR_PTR(file_alloc_error());
	if (flags & LINUX_O_NOCTTY)
		f->flags |= LINUX_O_NOCTTY;
	f->inode = inode;
	inode_get(inode);
	f->dentry = p->dentry;
	f->mount = p->mount;
	path_get(p);
	err = file_count(f);
	if (!err && !(flags & LINUX_O_PATH))
		err = lease_break(inode, flags);
	if (!err)
		err = file_bind(f, inode);
	f->flags &= ~LINUX_O_NOCTTY;
	if (!err) {
		notify_file(f, LINUX_IN_OPEN);
		return f;
	}
	f->ops = &path_only_ops;
	f->flags |= LINUX_O_PATH;	/* never was open */
	file_put(f);
	return ERR_PTR(err);
}

struct file *file_open_program(const struct path *p)
{
	int err = notify_ask(p, LINUX_FAN_OPEN_EXEC_PERM);

	if (!err)
		err = notify_ask(p, LINUX_FAN_OPEN_PERM);
	return err ? ERR_PTR(err) : file_open_path(p, LINUX_O_RDONLY | FILE_EXECUTED);
}

struct file *fd_get_to_read(int fd)
{
	struct file *f = fd_get(current_process->files, fd), *again;

	if (!f || !(f->flags & LINUX_O_PATH) || !LINUX_S_ISREG(f->inode->mode))
		return f;
	again = file_open_path(&(struct path){ f->mount, f->dentry }, LINUX_O_RDONLY);
	file_put(f);
	return IS_ERR(again) ? NULL : again;
}

static struct file *open_found(const struct path *p, const struct open_how *how, bool created)
{
	int err = 0;

	if (how->flags & LINUX_O_PATH) {
		if ((how->flags & LINUX_O_DIRECTORY) && !LINUX_S_ISDIR(p->dentry->inode->mode))
			return ERR_PTR(-ENOTDIR);
		return file_open_path(p, how->flags);
	}
	err = open_check_type(p, how->flags);
	if (!err && !created)
		err = open_check_access(p->dentry->inode, how->flags);
	if (!err)
		err = landlock_open(p, how->flags);
	if (err)
		return ERR_PTR(err);
	if ((wants_write(how->flags) || (how->flags & LINUX_O_TRUNC)) && inode_runs(p->dentry->inode))
		return ERR_PTR(-ETXTBSY);	/* before it is cut */
	err = notify_ask(p, LINUX_FAN_OPEN_PERM);
	if (!err && !created)
		err = lease_break(p->dentry->inode, how->flags);
	if (!err && !created && (how->flags & LINUX_O_TRUNC))
		err = open_truncate(p->dentry);
	return err ? ERR_PTR(err) : file_open_path(p, how->flags);
}

struct file *file_open_checked(const struct path *p, uint32_t flags)
{
	struct open_how how = { .flags = (flags & FLAGS_KNOWN & ~(LINUX_O_CREAT | LINUX_O_EXCL)) | LINUX_O_LARGEFILE };

	return open_found(p, &how, false);
}

static int tmpfile_check(const struct path *dir)
{
	const struct inode *inode = dir->dentry->inode;

	if (!LINUX_S_ISDIR(inode->mode))
		return -ENOTDIR;
	if (mount_read_only(dir))
		return -EROFS;
	if (!inode->ops->tmpfile)
		return -EOPNOTSUPP;
	return inode_permission(inode, MAY_WRITE | MAY_EXEC);
}

/* A file without a name in the directory that the path leads to. */
static struct file *open_tmpfile(const struct open_how *how)
{
	mode_t mode = LINUX_S_IFREG | (how->mode & 07777 & ~fs_umask());
	struct path dir, made;
	struct file *f = ERR_PTR(-EINVAL);
	int err;

	if (!wants_write(how->flags))
		return f;
	err = path_lookup(how->start, how->text, how->walk | WALK_FOLLOW, &dir);
	if (err)
		return ERR_PTR(err);
	err = tmpfile_check(&dir);
	if (!err)
		err = landlock_tmpfile(&dir, how->flags);
	made = (struct path){ dir.mount, err ? ERR_PTR(err) : dir.dentry->inode->ops->tmpfile(dir.dentry, mode) };
	if (IS_ERR(made.dentry)) {
		f = ERR_PTR(PTR_ERR(made.dentry));
	} else {
		made.dentry->inode->linkable = !(how->flags & LINUX_O_EXCL);
		err = notify_ask(&made, LINUX_FAN_OPEN_PERM);
		f = err ? ERR_PTR(err) : file_open_path(&made, how->flags & ~(LINUX_O_TMPFILE | LINUX_O_DIRECTORY));
		dentry_put(made.dentry);
		if (!IS_ERR(f))
			f->flags |= LINUX_O_TMPFILE;	/* F_GETFL tells it, and O_DIRECTORY with it */
	}
	path_put(&dir);
	return f;
}

static struct file *open_how(struct open_how *how)
{
	struct file *f;
	struct path p;
	bool created = false;
	int err;

	if (how->flags & LINUX_O_PATH)
		how->flags &= FLAGS_OF_PATH;
	/* No directory is made, and a kernel without O_TMPFILE must not take it for one that is opened. */
	if ((how->flags & (LINUX_O_CREAT | LINUX_O_DIRECTORY)) == (LINUX_O_CREAT | LINUX_O_DIRECTORY))
		return ERR_PTR(-EINVAL);
	if ((how->flags & LINUX_O_TMPFILE) == LINUX_O_TMPFILE)
		return open_tmpfile(how);
	if (how->flags & LINUX_O_TMPFILE_BIT)
		return ERR_PTR(-EINVAL);
	err = open_find(how, &p, &created);
	if (err)
		return ERR_PTR(err);
	f = open_found(&p, how, created);
	path_put(&p);
	return f;
}

struct file *file_open(const char *path, uint32_t flags, mode_t mode)
{
	struct open_how how = { .text = path, .flags = flags, .mode = mode };

	return open_how(&how);
}

static int64_t open_once(int dirfd, uint64_t utext, uint32_t flags, mode_t mode, uint32_t walk)
{
	char *text = path_from_user(utext, false);
	/* Every file may be large here, and F_GETFL tells that; what O_PATH has not, open_how() drops. */
	struct open_how how = { .text = text, .flags = (flags & FLAGS_KNOWN) | LINUX_O_LARGEFILE, .mode = mode, .walk = walk };
	struct path start;
	struct file *f;
	int err, fd;

	if (IS_ERR(text))
		return PTR_ERR(text);
	/* Before anything is created. */
	err = fd_has_room(current_process->files) ? path_start(dirfd, text, walk, &start) : -EMFILE;
	if (err)
		goto free_text;
	how.start = &start;
	f = open_how(&how);
	path_put(&start);
	err = IS_ERR(f) ? PTR_ERR(f) : 0;
	if (err)
		goto free_text;
	fd = fd_install(current_process->files, f, 0, flags & LINUX_O_CLOEXEC);
	file_put(f);
	err = fd;
free_text:
	kfree(text);
	return err;
}

/* What only looks a file up can be done again when there was no memory. */
static int64_t do_open(int dirfd, uint64_t utext, uint32_t flags, mode_t mode, uint32_t walk)
{
	unsigned int tries = 0;
	int64_t fd;

	do
		fd = open_once(dirfd, utext, flags, mode, walk);
	while (!(flags & LINUX_O_CREAT) && oom_retry(fd, &tries));
	return fd;
}

SYSCALL(NR_open, open)
{
	return do_open(LINUX_AT_FDCWD, args->a[0], args->a[1] | LINUX_O_LARGEFILE, args->a[2], 0);
}

SYSCALL(NR_openat, openat)
{
	return do_open(args->a[0], args->a[1], args->a[2] | LINUX_O_LARGEFILE, args->a[3], 0);
}

SYSCALL(NR_creat, creat)
{
	return do_open(LINUX_AT_FDCWD, args->a[0], LINUX_O_CREAT | LINUX_O_WRONLY | LINUX_O_TRUNC | LINUX_O_LARGEFILE, args->a[1], 0);
}

static int resolve_to_walk(uint64_t resolve, uint32_t *walk)
{
	if (resolve & ~0x3full)
		return -EINVAL;
	if ((resolve & LINUX_RESOLVE_BENEATH) && (resolve & LINUX_RESOLVE_IN_ROOT))
		return -EINVAL;
	*walk = (resolve & LINUX_RESOLVE_NO_XDEV ? WALK_NO_XDEV : 0) | (resolve & LINUX_RESOLVE_NO_MAGICLINKS ? WALK_NO_MAGICLINKS : 0) |
		(resolve & LINUX_RESOLVE_NO_SYMLINKS ? WALK_NO_SYMLINKS : 0) | (resolve & LINUX_RESOLVE_BENEATH ? WALK_BENEATH : 0) |
		(resolve & LINUX_RESOLVE_IN_ROOT ? WALK_IN_ROOT : 0);
	return 0;
}

/* openat2() refuses what open() ignores. */
static int how_check(const struct linux_open_how *how)
{
	if (how->flags & ~(uint64_t)FLAGS_KNOWN)
		return -EINVAL;
	if ((how->flags & LINUX_O_PATH) && (how->flags & ~(uint64_t)FLAGS_OF_PATH))
		return -EINVAL;
	if (how->mode & ~07777ull)
		return -EINVAL;
	if (how->mode && !(how->flags & (LINUX_O_CREAT | LINUX_O_TMPFILE_BIT)))
		return -EINVAL;
	return 0;
}

SYSCALL(NR_openat2, openat2)
{
	struct linux_open_how how;
	uint64_t size = args->a[3];
	uint32_t walk = 0;
	int err;

	if (size < sizeof(how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&how, sizeof(how), args->a[2], size);
	if (!err)
		err = how_check(&how);
	if (!err)
		err = resolve_to_walk(how.resolve, &walk);
	/* Names are always at hand, but what changes files is not only looked up. */
	if (!err && (how.resolve & LINUX_RESOLVE_CACHED) && (how.flags & (LINUX_O_CREAT | LINUX_O_TRUNC | LINUX_O_TMPFILE_BIT)))
		err = -EAGAIN;
	return err ? err : do_open(args->a[0], args->a[1], how.flags, how.mode, walk);
}

static int do_access(int dirfd, uint64_t utext, uint32_t mode, uint32_t flags)
{
	uint32_t walk = (flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0);
	struct inode *inode;
	struct path p;
	int err;

	if (mode & ~7u)
		return -EINVAL;
	if (flags & ~(LINUX_AT_EACCESS | LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	err = path_lookup_user(dirfd, utext, walk, &p);
	if (err)
		return err;
	inode = p.dentry->inode;
	err = inode_permission_as(inode, mode, !(flags & LINUX_AT_EACCESS));
	if (!err && (mode & LINUX_X_OK) && LINUX_S_ISREG(inode->mode) && mount_forbids_exec(p.mount))
		err = -EACCES;
	if (!err && (mode & LINUX_W_OK) && mount_read_only(&p) && !LINUX_S_ISCHR(inode->mode) && !LINUX_S_ISBLK(inode->mode))
		err = -EROFS;
	path_put(&p);
	return err;
}

SYSCALL(NR_access, access)
{
	return do_access(LINUX_AT_FDCWD, args->a[0], args->a[1], 0);
}

SYSCALL(NR_faccessat, faccessat)
{
	return do_access(args->a[0], args->a[1], args->a[2], 0);
}

SYSCALL(NR_faccessat2, faccessat2)
{
	return do_access(args->a[0], args->a[1], args->a[2], args->a[3]);
}
