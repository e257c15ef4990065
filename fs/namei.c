// SPDX-License-Identifier: GPL-2.0
/* Making, removing and renaming names: mkdir, mknod, symlink, link, unlink, rmdir, rename and their *at() forms. */
#include <fs/landlock.h>
#include <fs/mount.h>
#include <fs/notify.h>
#include <fs/protected.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

/* A walk to the directory of a last name, with vfs_lock held from begin to end, whether it succeeded or not. */
struct place {
	struct walk w;
	char *text;
	bool walked;
	struct list gone;	/* mounts in other namespaces on a name that was removed */
};

/* @text is taken over; it may be an ERR_PTR. place_end() must follow. */
static int place_walk_text(struct place *p, int dirfd, char *text) __acquires(&vfs_lock.lock)
{
	struct path start;
	int err = IS_ERR(text) ? PTR_ERR(text) : path_start(dirfd, text, 0, &start);

	p->text = IS_ERR(text) ? NULL : text;
	p->walked = false;
	list_init(&p->gone);
	mutex_lock(&vfs_lock);
	if (err)
		return err;
	err = walk_path(&p->w, &start, text, WALK_PARENT);
	p->walked = !err;
	path_put(&start);
	return err;
}

static int place_walk(struct place *p, int dirfd, uint64_t utext) __acquires(&vfs_lock.lock)
{
	return place_walk_text(p, dirfd, path_from_user(utext, false));
}

static void place_end(struct place *p) __releases(&vfs_lock.lock)
{
	if (p->walked)
		walk_end(&p->w);
	mutex_unlock(&vfs_lock);
	mount_gone_put(&p->gone);
	kfree(p->text);
}

static bool place_is_dots(const struct place *p)
{
	return !p->w.last_length || !strcmp(p->w.last, ".") || !strcmp(p->w.last, "..");
}

static struct dentry *place_lookup(struct place *p)
{
	return dentry_lookup(p->w.at.dentry, p->w.last, p->w.last_length);
}

/* May names come and go in this directory? */
static int dir_may_change(const struct path *dir)
{
	if (dir->dentry->flags & DENTRY_REMOVED)
		return -ENOENT;
	if (mount_read_only(dir))
		return -EROFS;
	return inode_permission(dir->dentry->inode, MAY_WRITE | MAY_EXEC);
}

/* 0 when @p names nothing yet and may. */
static int place_check_new(struct place *p, bool directory)
{
	struct dentry *d;

	if (place_is_dots(p))
		return -EEXIST;
	d = place_lookup(p);
	if (!IS_ERR(d)) {
		dentry_put(d);
		return -EEXIST;
	}
	if (PTR_ERR(d) != -ENOENT)
		return PTR_ERR(d);
	if (p->w.trailing && !directory)
		return -ENOENT;
	return dir_may_change(&p->w.at);
}

static int place_create(struct place *p, mode_t mode, uint64_t rdev, const char *target)
{
	struct dentry *dir = p->w.at.dentry, *d;
	int err = place_check_new(p, LINUX_S_ISDIR(mode));

	if (err)
		return err;
	if (!dir->inode->ops->create)
		return -ENOENT;
	err = landlock_make(&p->w.at, mode);
	if (err)
		return err;
	d = dir->inode->ops->create(dir, p->w.last, p->w.last_length, mode, rdev, target);
	if (IS_ERR(d))
		return PTR_ERR(d);
	notify_name(dir->inode, d->inode, p->w.last, LINUX_IN_CREATE);
	dentry_put(d);
	return 0;
}

static int make_node(int dirfd, uint64_t utext, mode_t mode, uint64_t rdev, const char *target)
{
	struct place p;
	int err = place_walk(&p, dirfd, utext);

	if (!err)
		err = place_create(&p, mode, rdev, target);
	place_end(&p);
	return err;
}

int path_make(const char *text, mode_t mode, uint64_t rdev, const char *target)
{
	char *copy = kstrdup(text);
	struct place p;
	int err = place_walk_text(&p, LINUX_AT_FDCWD, copy ? copy : ERR_PTR(-ENOMEM));

	if (!err)
		err = place_create(&p, mode, rdev, target);
	place_end(&p);
	return err;
}

static int do_mkdir(int dirfd, uint64_t utext, mode_t mode)
{
	return make_node(dirfd, utext, LINUX_S_IFDIR | (mode & 01777 & ~fs_umask()), 0, NULL);
}

SYSCALL(NR_mkdir, mkdir)
{
	return do_mkdir(LINUX_AT_FDCWD, args->a[0], args->a[1]);
}

SYSCALL(NR_mkdirat, mkdirat)
{
	return do_mkdir(args->a[0], args->a[1], args->a[2]);
}

/* @err, unless the path is no path. */
static int refuse(uint64_t utext, int err)
{
	char *text = path_from_user(utext, false);

	if (IS_ERR(text))
		return PTR_ERR(text);
	kfree(text);
	return err;
}

static int do_mknod(int dirfd, uint64_t utext, mode_t mode, uint32_t dev)
{
	mode_t type = mode & LINUX_S_IFMT;

	if (!type)
		type = LINUX_S_IFREG;
	if (type == LINUX_S_IFDIR)
		return -EPERM;
	if (type == LINUX_S_IFLNK || mode_to_dtype(type) > LINUX_DT_SOCK)
		return -EINVAL;
	/* The character device 0:0, which is none, says that there is no such name in what lies below (overlays). */
	if ((type == LINUX_S_IFBLK || (type == LINUX_S_IFCHR && dev)) && !privileged(LINUX_CAP_MKNOD))
		return refuse(utext, -EPERM);
	return make_node(dirfd, utext, type | (mode & 07777 & ~fs_umask()), dev, NULL);
}

SYSCALL(NR_mknod, mknod)
{
	return do_mknod(LINUX_AT_FDCWD, args->a[0], args->a[1], args->a[2]);
}

SYSCALL(NR_mknodat, mknodat)
{
	return do_mknod(args->a[0], args->a[1], args->a[2], args->a[3]);
}

static int do_symlink(uint64_t utarget, int dirfd, uint64_t utext)
{
	char *target = path_from_user(utarget, false);
	int err;

	if (IS_ERR(target))
		return PTR_ERR(target);
	err = make_node(dirfd, utext, LINUX_S_IFLNK | 0777, 0, target);
	kfree(target);
	return err;
}

SYSCALL(NR_symlink, symlink)
{
	return do_symlink(args->a[0], LINUX_AT_FDCWD, args->a[1]);
}

SYSCALL(NR_symlinkat, symlinkat)
{
	return do_symlink(args->a[0], args->a[1], args->a[2]);
}

static int link_allowed(const struct place *p, const struct path *old)
{
	struct landlock_move m = { .from = { old->mount, old->dentry->parent }, .to = p->w.at, .d = old->dentry };

	return landlock_refer(&m);
}

static int place_link(struct place *p, const struct path *old)
{
	struct inode *inode = old->dentry->inode;
	struct dentry *dir = p->w.at.dentry;
	int err = place_check_new(p, false);

	if (err)
		return err;
	if (inode->super != dir->inode->super || old->mount != p->w.at.mount)
		return -EXDEV;
	err = protected_link(inode);
	if (err)
		return err;
	if (inode_is_kept(inode) || LINUX_S_ISDIR(inode->mode) || !dir->inode->ops->link)
		return -EPERM;
	if (!inode->nlink && !inode->linkable)
		return -ENOENT;
	err = link_allowed(p, old);
	if (err)
		return err;
	err = dir->inode->ops->link(dir, p->w.last, p->w.last_length, inode);
	if (!err) {
		notify_inode(inode, LINUX_IN_ATTRIB);
		notify_name(dir->inode, inode, p->w.last, LINUX_IN_CREATE);
	}
	return err;
}

static int do_link(int old_fd, uint64_t uold, int new_fd, uint64_t unew, uint32_t flags)
{
	uint32_t walk = (flags & LINUX_AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) | (flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0);
	struct path old;
	struct place p;
	int err;

	if (flags & ~(LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & LINUX_AT_EMPTY_PATH) && !privileged(LINUX_CAP_DAC_READ_SEARCH))
		return -ENOENT;
	err = path_lookup_user(old_fd, uold, walk, &old);
	if (err)
		return err;
	err = place_walk(&p, new_fd, unew);
	if (!err)
		err = place_link(&p, &old);
	place_end(&p);
	path_put(&old);
	return err;
}

SYSCALL(NR_link, link)
{
	return do_link(LINUX_AT_FDCWD, args->a[0], LINUX_AT_FDCWD, args->a[1], 0);
}

SYSCALL(NR_linkat, linkat)
{
	return do_link(args->a[0], args->a[1], args->a[2], args->a[3], args->a[4]);
}

static bool is_directory(const struct dentry *d)
{
	return LINUX_S_ISDIR(d->inode->mode);
}

/* Attributes; sticky: only the owner of the file or of the directory removes. @directory: what @d is to be. The order is Linux's. */
static int may_remove(const struct path *dir, const struct dentry *d, bool directory)
{
	const struct inode *di = dir->dentry->inode;
	int err = dir_may_change(dir);

	if (err)
		return err;
	if (inode_only_grows(di) || inode_is_kept(d->inode))
		return -EPERM;
	if ((di->mode & LINUX_S_ISVTX) && !inode_owner_or_root(d->inode) && !inode_owner_or_root(di))
		return -EPERM;
	if (directory != is_directory(d))
		return directory ? -ENOTDIR : -EISDIR;
	return di->ops->unlink ? 0 : -EPERM;
}

/* All checks are done. What was mounted there goes to @gone. */
static int name_remove(struct inode *dir, struct dentry *d, const char *name, struct list *gone)
{
	int err = dir->ops->unlink(d);

	if (err)
		return err;
	mount_name_gone(d, gone);
	if (!is_directory(d))
		notify_inode(d->inode, LINUX_IN_ATTRIB);
	notify_name(dir, d->inode, name, LINUX_IN_DELETE);
	return 0;
}

static int place_remove(struct place *p, bool directory)
{
	struct dentry *d;
	int err;

	if (mount_read_only(&p->w.at))
		return -EROFS;
	d = place_lookup(p);
	if (IS_ERR(d))
		return PTR_ERR(d);
	err = p->w.trailing && !is_directory(d) ? -ENOTDIR : may_remove(&p->w.at, d, directory);
	if (!err && mount_covers_here(d))
		err = -EBUSY;
	if (!err)
		err = landlock_remove(&p->w.at, d);
	if (!err)
		err = name_remove(p->w.at.dentry->inode, d, p->w.last, &p->gone);
	dentry_put(d);
	return err;
}

int path_remove(const struct path *dir, const char *name)
{
	struct list gone = LIST_INIT(gone);
	struct dentry *d;
	int err;

	mutex_lock(&vfs_lock);
	d = dentry_lookup(dir->dentry, name, strlen(name));
	err = IS_ERR(d) ? PTR_ERR(d) : may_remove(dir, d, false);
	if (!err)
		err = mount_covers_here(d) ? -EBUSY : name_remove(dir->dentry->inode, d, name, &gone);
	mutex_unlock(&vfs_lock);
	if (!IS_ERR(d))
		dentry_put(d);
	mount_gone_put(&gone);
	return err;
}

static int place_unlink(struct place *p, bool directory)
{
	if (!p->w.last_length)
		return directory ? -EBUSY : -EISDIR;
	if (!strcmp(p->w.last, "."))
		return directory ? -EINVAL : -EISDIR;
	if (!strcmp(p->w.last, ".."))
		return directory ? -ENOTEMPTY : -EISDIR;
	return place_remove(p, directory);
}

static int do_unlink(int dirfd, uint64_t utext, bool directory)
{
	struct place p;
	int err = place_walk(&p, dirfd, utext);

	if (!err)
		err = place_unlink(&p, directory);
	place_end(&p);
	return err;
}

SYSCALL(NR_unlink, unlink)
{
	return do_unlink(LINUX_AT_FDCWD, args->a[0], false);
}

SYSCALL(NR_rmdir, rmdir)
{
	return do_unlink(LINUX_AT_FDCWD, args->a[0], true);
}

SYSCALL(NR_unlinkat, unlinkat)
{
	if ((uint32_t)args->a[2] & ~LINUX_AT_REMOVEDIR)
		return -EINVAL;
	return do_unlink(args->a[0], args->a[1], args->a[2] & LINUX_AT_REMOVEDIR);
}

struct rename {
	struct walk from, to;
	uint32_t flags;
	struct list gone;	/* as of a place */
};

/* Types must agree unless the two are swapped, and what goes must be allowed to go. */
static int rename_check_over(struct rename *r, struct dentry *d, struct dentry *over)
{
	return may_remove(&r->to.at, over, is_directory(r->flags & LINUX_RENAME_EXCHANGE ? over : d));
}

/* A directory's ".." is an entry of its own: who may not write to it does not give it another parent. */
static int may_move(const struct rename *r, const struct dentry *d)
{
	if (!is_directory(d) || r->from.at.dentry == r->to.at.dentry)
		return 0;
	return inode_permission(d->inode, MAY_WRITE);
}

/* Can it be, whoever asks? */
static int rename_check_shape(const struct rename *r, const struct dentry *d, const struct dentry *over)
{
	bool swapped = r->flags & LINUX_RENAME_EXCHANGE;

	if (over && (r->flags & LINUX_RENAME_NOREPLACE))
		return -EEXIST;
	if (!over && swapped)
		return -ENOENT;
	if (!is_directory(d) && (r->from.trailing || (r->to.trailing && !swapped)))
		return -ENOTDIR;
	if (is_directory(d) && dentry_is_below(r->to.at.dentry, d))
		return -EINVAL;
	if (over && is_directory(over) && dentry_is_below(r->from.at.dentry, over))
		return swapped ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int rename_check(struct rename *r, struct dentry *d, struct dentry *over)
{
	bool swapped = r->flags & LINUX_RENAME_EXCHANGE;
	int err = may_remove(&r->from.at, d, is_directory(d));

	if (!err)
		err = over ? rename_check_over(r, d, over) : dir_may_change(&r->to.at);
	if (!err)
		err = may_move(r, d);
	if (!err && over && swapped)
		err = may_move(r, over);
	if (!err && (mount_covers_here(d) || (over && mount_covers_here(over))))
		err = -EBUSY;
	return err;
}

static void rename_tell(struct rename *r, struct dentry *d, struct dentry *over)
{
	struct inode *from = r->from.at.dentry->inode, *to = r->to.at.dentry->inode;
	bool swapped = r->flags & LINUX_RENAME_EXCHANGE;

	notify_rename(d->inode, from, r->from.last, to, r->to.last, over && !swapped ? over->inode : NULL);
	if (swapped)
		notify_rename(over->inode, to, r->to.last, from, r->from.last, NULL);
}

static int rename_allowed(const struct rename *r, const struct dentry *d, const struct dentry *over)
{
	struct landlock_move m = { .from = r->from.at, .to = r->to.at, .d = d, .over = over, .moves = true,
				   .swapped = r->flags & LINUX_RENAME_EXCHANGE };

	return landlock_refer(&m);
}

static int rename_do(struct rename *r, struct dentry *d, struct dentry *over)
{
	const struct inode_ops *ops = r->from.at.dentry->inode->ops;
	int err = rename_check_shape(r, d, over);

	if (err || (over && over->inode == d->inode))
		return err;	/* two names of one file stay, and nothing is asked */
	err = rename_check(r, d, over);
	if (err)
		return err;
	if (!ops->rename)
		return -EPERM;
	err = rename_allowed(r, d, over);
	if (err)
		return err;
	if (r->flags & LINUX_RENAME_EXCHANGE)
		err = ops->exchange ? ops->exchange(d, over) : -EINVAL;
	else
		err = ops->rename(d, r->to.at.dentry, r->to.last, r->to.last_length, over, r->flags & LINUX_RENAME_WHITEOUT);
	if (!err && over && !(r->flags & LINUX_RENAME_EXCHANGE))
		mount_name_gone(over, &r->gone);
	if (!err && notify_wanted())
		rename_tell(r, d, over);
	return err;
}

static bool is_dots(const struct walk *w)
{
	return !w->last_length || !strcmp(w->last, ".") || !strcmp(w->last, "..");
}

static int rename_found(struct rename *r)
{
	struct dentry *d, *over;
	int err;

	if (r->from.at.mount != r->to.at.mount)
		return -EXDEV;
	if (is_dots(&r->from) || is_dots(&r->to))
		return !is_dots(&r->from) && r->flags & LINUX_RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (mount_read_only(&r->from.at))
		return -EROFS;
	d = dentry_lookup(r->from.at.dentry, r->from.last, r->from.last_length);
	if (IS_ERR(d))
		return PTR_ERR(d);
	over = dentry_lookup(r->to.at.dentry, r->to.last, r->to.last_length);
	err = IS_ERR(over) && PTR_ERR(over) != -ENOENT ? PTR_ERR(over) : 0;
	if (IS_ERR(over))
		over = NULL;
	if (!err)
		err = rename_do(r, d, over);
	dentry_put(over);
	dentry_put(d);
	return err;
}

static int rename_walk(struct rename *r, const struct path *from, const char *old, const struct path *to, const char *new)
{
	int err;

	list_init(&r->gone);
	mutex_lock(&vfs_lock);
	err = walk_path(&r->from, from, old, WALK_PARENT);
	if (err)
		goto unlock;
	err = IS_ERR(new) ? PTR_ERR(new) : walk_path(&r->to, to, new, WALK_PARENT);
	if (!err) {
		err = rename_found(r);
		walk_end(&r->to);
	}
	walk_end(&r->from);
unlock:
	mutex_unlock(&vfs_lock);
	mount_gone_put(&r->gone);
	return err;
}

static int rename_texts(int old_fd, const char *old, int new_fd, const char *new, uint32_t flags)
{
	struct rename *r = kzalloc(sizeof(*r));
	struct path from, to;
	int err;

	if (!r)
		return -ENOMEM;
	r->flags = flags;
	err = path_start(old_fd, old, 0, &from);
	if (err)
		goto free;
	err = IS_ERR(new) ? 0 : path_start(new_fd, new, 0, &to);
	if (IS_ERR(new)) {
		err = rename_walk(r, &from, old, &from, new);
	} else if (!err) {
		err = rename_walk(r, &from, old, &to, new);
		path_put(&to);
	}
	path_put(&from);
free:
	kfree(r);
	return err;
}

static int do_rename(int old_fd, uint64_t uold, int new_fd, uint64_t unew, uint32_t flags)
{
	char *old, *new;
	int err;

	if (flags & ~(LINUX_RENAME_NOREPLACE | LINUX_RENAME_EXCHANGE | LINUX_RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & (LINUX_RENAME_NOREPLACE | LINUX_RENAME_WHITEOUT)) && (flags & LINUX_RENAME_EXCHANGE))
		return -EINVAL;
	old = path_from_user(uold, false);
	if (IS_ERR(old))
		return PTR_ERR(old);
	new = path_from_user(unew, false);
	err = rename_texts(old_fd, old, new_fd, new, flags);	/* what is wrong with the old name is told first */
	if (!IS_ERR(new))
		kfree(new);
	kfree(old);
	return err;
}

SYSCALL(NR_rename, rename)
{
	return do_rename(LINUX_AT_FDCWD, args->a[0], LINUX_AT_FDCWD, args->a[1], 0);
}

SYSCALL(NR_renameat, renameat)
{
	return do_rename(args->a[0], args->a[1], args->a[2], args->a[3], 0);
}

SYSCALL(NR_renameat2, renameat2)
{
	return do_rename(args->a[0], args->a[1], args->a[2], args->a[3], args->a[4]);
}
