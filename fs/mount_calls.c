// SPDX-License-Identifier: GPL-2.0
/* mount(2) and its relatives. */
#include <fs/mount.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

/* What mount(2) says of access times and the rest, for a new mount, or for @old, which keeps its way of access times unless one is named. */
static uint32_t flags_for(uint32_t flags, const struct mount *old)
{
	uint32_t f = flags & MOUNT_FLAGS_KEPT & ~LINUX_MS_RELATIME;

	if (old && !(flags & (MOUNT_ATIME_FLAGS | LINUX_MS_STRICTATIME)))
		return f | (old->flags & MOUNT_ATIME_FLAGS);
	if (!(flags & LINUX_MS_NOATIME))
		f |= LINUX_MS_RELATIME;
	return flags & LINUX_MS_STRICTATIME ? f & ~(LINUX_MS_RELATIME | LINUX_MS_NOATIME) : f;
}

static int mount_new(const struct path *where, const char *source, const char *type, uint32_t flags, char *options)
{
	struct fs_type *t = type ? fs_type_find(type) : NULL;
	uint32_t set = flags & (SUPER_FLAGS_KEPT | LINUX_MS_RDONLY), clear = 0;
	struct super *s;

	if (!t)
		return type ? -ENODEV : -EINVAL;
	if (!mount_type_allowed(t))
		return -EPERM;
	if (!LINUX_S_ISDIR(where->dentry->inode->mode))
		return -ENOTDIR;
	if (options)
		super_options_take(options, &set, &clear);
	s = t->mount(source, options);
	if (IS_ERR(s))
		return PTR_ERR(s);
	if (ref_count(&s->ref) == 1)	/* a new one, which nobody else knows */
		super_flags_change(s, set, clear);
	/* The same one again in the same place changes nothing. */
	if (where->dentry == s->root) {
		super_put(s);
		return -EBUSY;
	}
	return mount_attach(s, where, source, flags_for(flags, NULL));
}

static bool dirs_agree(const struct path *a, const struct path *b)
{
	return LINUX_S_ISDIR(a->dentry->inode->mode) == LINUX_S_ISDIR(b->dentry->inode->mode);
}

/* With the flags of what is bound. */
static int mount_bind(const struct path *where, const char *source, uint32_t flags)
{
	struct list gone = LIST_INIT(gone);
	struct path from;
	struct mount *m;
	int err;

	if (!source || !*source)
		return -EINVAL;
	err = path_lookup(NULL, source, WALK_FOLLOW, &from);
	if (err)
		return err;
	m = dirs_agree(&from, where) ? mount_copy(&from, flags & LINUX_MS_REC) : ERR_PTR(-ENOTDIR);
	path_put(&from);
	if (IS_ERR(m))
		return PTR_ERR(m);
	mutex_lock(&vfs_lock);
	err = mount_is_here(where->mount) ? mount_hang_tree(m, where, &gone) : -EINVAL;
	if (err)
		mount_tree_unhang(m, false, &gone);
	mutex_unlock(&vfs_lock);
	mount_gone_put(&gone);
	return err;
}

static int mount_move(const struct path *where, const char *source)
{
	struct path from, old = { NULL, NULL };
	struct list gone = LIST_INIT(gone);
	int err;

	if (!source)
		return -EINVAL;
	err = path_lookup(NULL, source, WALK_FOLLOW, &from);
	if (err)
		return err;
	mutex_lock(&vfs_lock);
	err = from.mount->parent ? mount_move_locked(from.mount, from.dentry, where, &old, &gone) : -EINVAL;
	mutex_unlock(&vfs_lock);
	mount_gone_put(&gone);
	path_put(&old);
	path_put(&from);
	return err;
}

/* The file system, then its mount. Which directories are written at once is not changed any more. */
static int remount_both(struct mount *m, uint32_t flags, uint32_t mount_flags, char *options)
{
	uint32_t changed = LINUX_MS_RDONLY | (SUPER_FLAGS_KEPT & ~LINUX_MS_DIRSYNC), set = flags & changed, clear = ~flags & changed;
	struct super *s = m->super;
	int err = mount_flags_check(m, mount_flags);

	if (options)
		super_options_take(options, &set, &clear);
	if (!err && options && *options && s->ops->reconfigure)
		err = s->ops->reconfigure(s, options);
	mutex_lock(&vfs_lock);
	if (!err)
		err = super_flags_change(s, set, clear);
	if (!err)
		err = mount_flags_change(m, mount_flags);
	mutex_unlock(&vfs_lock);
	return err;
}

/* With LINUX_MS_BIND this mount alone. */
static int mount_remount(const struct path *where, uint32_t flags, char *options)
{
	uint32_t mount_flags = flags_for(flags, where->mount);
	int err;

	if (where->dentry != where->mount->root || !mount_is_here(where->mount))
		return -EINVAL;
	if (!(flags & LINUX_MS_BIND)) {
		if (!privileged_in(where->mount->super->user_ns, LINUX_CAP_SYS_ADMIN))
			return -EPERM;
		return remount_both(where->mount, flags, mount_flags, options);
	}
	mutex_lock(&vfs_lock);
	err = mount_flags_change(where->mount, mount_flags);
	mutex_unlock(&vfs_lock);
	return err;
}

static int mount_propagation(const struct path *where, uint64_t flags)
{
	uint32_t type = (uint32_t)(flags & ~(uint64_t)(LINUX_MS_REC | LINUX_MS_SILENT));
	struct mount *m;

	if (where->dentry != where->mount->root || (type & ~MOUNT_PROPAGATION) || (type & (type - 1)) || !mount_is_here(where->mount))
		return -EINVAL;
	mutex_lock(&vfs_lock);
	for (m = where->mount; m; m = flags & LINUX_MS_REC ? mount_next(m, where->mount) : NULL)
		mount_set_propagation(m, type);
	mutex_unlock(&vfs_lock);
	return 0;
}

static int mount_do(const struct path *where, const char *source, const char *type, uint64_t flags, char *options)
{
	if ((flags & LINUX_MS_MAGIC_MASK) == LINUX_MS_MAGIC)
		flags &= ~(uint64_t)LINUX_MS_MAGIC_MASK;
	if (flags & LINUX_MS_NOUSER)
		return -EINVAL;
	if (flags & LINUX_MS_REMOUNT)
		return mount_remount(where, flags, options);
	if (flags & LINUX_MS_BIND)
		return mount_bind(where, source, flags);
	if (flags & MOUNT_PROPAGATION)
		return mount_propagation(where, flags);
	if (flags & LINUX_MS_MOVE)
		return mount_move(where, source);
	return mount_new(where, source, type, flags, options);
}

/* NULL stays NULL. */
static int text_or_null(uint64_t utext, char **text)
{
	*text = NULL;
	if (!utext)
		return 0;
	*text = path_from_user(utext, true);
	if (!IS_ERR(*text))
		return 0;
	return PTR_ERR(*text) == -ENAMETOOLONG ? -EINVAL : PTR_ERR(*text);
}

SYSCALL(NR_mount, mount)
{
	char *source = NULL, *type = NULL, *options = NULL;
	struct path where;
	int err;

	err = text_or_null(args->a[2], &type);
	if (err)
		return err;
	err = text_or_null(args->a[0], &source);
	if (err)
		goto free_type;
	err = text_or_null(args->a[4], &options);
	if (err)
		goto free_source;
	err = path_lookup_user(LINUX_AT_FDCWD, args->a[1], WALK_FOLLOW, &where);
	if (err)
		goto free_options;
	err = mounts_may_change() ? mount_do(&where, source, type, args->a[3], options) : -EPERM;
	path_put(&where);
free_options:
	kfree(options);
free_source:
	kfree(source);
free_type:
	kfree(type);
	return err;
}

/* Of references there are the tree's and @p's. vfs_lock held. */
static int umount_check(const struct path *p, bool lazy)
{
	struct mount *m = p->mount;

	if (p->dentry != m->root || !m->parent || !mount_is_here(m) || m->locked)
		return -EINVAL;
	if (!lazy && (!list_empty(&m->children) || ref_count(&m->ref) > 2 || mount_spread_is_busy(m)))
		return -EBUSY;
	return 0;
}

SYSCALL(NR_umount2, umount2)
{
	uint32_t flags = args->a[1];
	struct list gone = LIST_INIT(gone);
	struct path p;
	int err;

	if (flags & ~(LINUX_MNT_FORCE | LINUX_MNT_DETACH | LINUX_MNT_EXPIRE | LINUX_UMOUNT_NOFOLLOW))
		return -EINVAL;
	err = path_lookup_user(LINUX_AT_FDCWD, args->a[0], WALK_NO_USE | (flags & LINUX_UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW), &p);
	if (err)
		return err;
	if (!mounts_may_change())
		err = -EPERM;
	else if ((flags & LINUX_MNT_EXPIRE) && (flags & (LINUX_MNT_FORCE | LINUX_MNT_DETACH)))
		err = -EINVAL;
	if (err) {
		path_put(&p);
		return err;
	}
	mutex_lock(&vfs_lock);
	err = umount_check(&p, flags & LINUX_MNT_DETACH);
	if (!err && (flags & LINUX_MNT_EXPIRE) && !READ_ONCE(p.mount->expiring))
		err = -EAGAIN;
	if (!err)
		mount_tree_unhang(p.mount, true, &gone);
	mutex_unlock(&vfs_lock);
	if (err == -EAGAIN) {	/* the next time, when nobody has used it until then */
		mount_put_idle(p.mount);
		p.mount = NULL;
	}
	path_put(&p);
	mount_gone_put(&gone);
	return err;
}

static int chdir_to(const struct path *p)
{
	struct fs_context *c = current_process->fs;
	struct path old;
	int err;

	if (!LINUX_S_ISDIR(p->dentry->inode->mode))
		return -ENOTDIR;
	err = inode_permission(p->dentry->inode, MAY_EXEC);
	if (err)
		return err;
	path_get(p);
	spin_lock(&c->lock);
	old = c->cwd;
	c->cwd = *p;
	spin_unlock(&c->lock);
	path_put(&old);
	return 0;
}

SYSCALL(NR_chdir, chdir)
{
	struct path p;
	int err = path_lookup_user(LINUX_AT_FDCWD, args->a[0], WALK_FOLLOW, &p);

	if (err)
		return err;
	err = chdir_to(&p);
	path_put(&p);
	return err;
}

SYSCALL(NR_fchdir, fchdir)
{
	struct file *f = fd_get(current_process->files, args->a[0]);
	struct path p;
	int err;

	if (!f)
		return -EBADF;
	p = (struct path){ f->mount, f->dentry };
	err = f->dentry ? chdir_to(&p) : -ENOTDIR;
	file_put(f);
	return err;
}

SYSCALL(NR_chroot, chroot)
{
	struct fs_context *c = current_process->fs;
	struct path p, old;
	int err;

	err = path_lookup_user(LINUX_AT_FDCWD, args->a[0], WALK_FOLLOW, &p);
	if (err)
		return err;
	err = LINUX_S_ISDIR(p.dentry->inode->mode) ? inode_permission(p.dentry->inode, MAY_EXEC) : -ENOTDIR;
	if (!err && !privileged_in(current->cred.user_ns, LINUX_CAP_SYS_CHROOT))
		err = -EPERM;
	if (err) {
		path_put(&p);
		return err;
	}
	spin_lock(&c->lock);
	old = c->root;
	c->root = p;
	spin_unlock(&c->lock);
	path_put(&old);
	return 0;
}

SYSCALL(NR_getcwd, getcwd)
{
	char *buffer, *text;
	struct path p;
	int64_t n;

	buffer = kzalloc(LINUX_PATH_MAX);
	if (!buffer)
		return -ENOMEM;
	fs_get_cwd(&p);
	text = path_reachable(&p) ? path_text_cwd(&p, buffer, LINUX_PATH_MAX) : ERR_PTR(-ENOENT);
	path_put(&p);
	n = IS_ERR(text) ? PTR_ERR(text) : (int64_t)strlen(text) + 1;
	if (n > 0 && (uint64_t)n > args->a[1])
		n = -ERANGE;
	if (n > 0 && copy_to_user(args->a[0], text, n))
		n = -EFAULT;
	kfree(buffer);
	return n;
}
