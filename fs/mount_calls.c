// SPDX-License-Identifier: GPL-2.0
/* mount(2) and its relatives. Propagation flags are taken and mean nothing: there is one namespace. */
#include <fs/mount.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define PROPAGATION	(LINUX_MS_SHARED | LINUX_MS_PRIVATE | LINUX_MS_SLAVE | LINUX_MS_UNBINDABLE)

static int mount_new(const struct path *where, const char *source, const char *type, uint32_t flags, const char *options)
{
	struct fs_type *t = type ? fs_type_find(type) : NULL;
	struct super *s;

	if (!t)
		return type ? -ENODEV : -EINVAL;
	if (!LINUX_S_ISDIR(where->dentry->inode->mode))
		return -ENOTDIR;
	s = t->mount(source, options);
	if (IS_ERR(s))
		return PTR_ERR(s);
	/* The same one again in the same place changes nothing. */
	if (where->dentry == s->root) {
		super_put(s);
		return -EBUSY;
	}
	return mount_attach(s, where, source, flags);
}

static bool dirs_agree(const struct path *a, const struct path *b)
{
	return LINUX_S_ISDIR(a->dentry->inode->mode) == LINUX_S_ISDIR(b->dentry->inode->mode);
}

static int mount_bind(const struct path *where, const char *source, uint32_t flags)
{
	struct path from;
	struct mount *m;
	int err;

	if (!source)
		return -EINVAL;
	err = path_lookup(NULL, source, WALK_FOLLOW, &from);
	if (err)
		return err;
	err = -ENOTDIR;
	if (!dirs_agree(&from, where))
		goto out;
	err = -ENOMEM;
	m = mount_copy(&from, flags & LINUX_MS_REC);
	if (!m)
		goto out;
	m->flags |= flags & MOUNT_FLAGS_KEPT;
	mutex_lock(&vfs_lock);
	mount_hang(m, where);
	mutex_unlock(&vfs_lock);
	err = 0;
out:
	path_put(&from);
	return err;
}

static bool mount_is_above(const struct mount *m, const struct mount *below)
{
	for (; below; below = below->parent)
		if (below == m)
			return true;
	return false;
}

static int mount_move(const struct path *where, const char *source)
{
	struct path from, old = { NULL, NULL };
	int err;

	if (!source)
		return -EINVAL;
	err = path_lookup(NULL, source, WALK_FOLLOW, &from);
	if (err)
		return err;
	mutex_lock(&vfs_lock);
	if (from.dentry != from.mount->root || !from.mount->parent) {
		err = -EINVAL;
	} else if (mount_is_above(from.mount, where->mount)) {
		err = -ELOOP;
	} else {
		old = mount_unhang(from.mount);
		mount_hang(from.mount, where);
	}
	mutex_unlock(&vfs_lock);
	path_put(&old);
	path_put(&from);
	return err;
}

/* With LINUX_MS_BIND this mount alone, else the file system too. */
static int mount_remount(const struct path *where, uint32_t flags, const char *options)
{
	struct super *s = where->mount->super;
	int err = 0;

	if (where->dentry != where->mount->root)
		return -EINVAL;
	if (!(flags & LINUX_MS_BIND)) {
		if (options && *options && s->ops->reconfigure)
			err = s->ops->reconfigure(s, options);
		if (err)
			return err;
		s->read_only = flags & LINUX_MS_RDONLY;
	}
	where->mount->flags = flags & MOUNT_FLAGS_KEPT;
	return 0;
}

static int mount_do(const struct path *where, const char *source, const char *type, uint64_t flags, const char *options)
{
	if (flags & LINUX_MS_REMOUNT)
		return mount_remount(where, flags, options);
	if (flags & LINUX_MS_BIND)
		return mount_bind(where, source, flags);
	if (flags & PROPAGATION)
		return 0;
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

SYSCALL(NR_umount2, umount2)
{
	uint32_t flags = args->a[1];
	struct path p, where = { NULL, NULL };
	struct mount *m;
	int err;

	if (flags & ~(LINUX_MNT_FORCE | LINUX_MNT_DETACH | LINUX_MNT_EXPIRE | LINUX_UMOUNT_NOFOLLOW))
		return -EINVAL;
	err = path_lookup_user(LINUX_AT_FDCWD, args->a[0], flags & LINUX_UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW, &p);
	if (err)
		return err;
	if (!mounts_may_change()) {
		path_put(&p);
		return -EPERM;
	}
	mutex_lock(&vfs_lock);
	m = p.mount;
	/* The tree's reference and the one of p. */
	if (p.dentry != m->root || !m->parent)
		err = -EINVAL;
	else if ((mount_child(m) || ref_count(&m->ref) > 2) && !(flags & LINUX_MNT_DETACH))
		err = -EBUSY;
	else
		where = mount_unhang(m);
	mutex_unlock(&vfs_lock);
	path_put(&p);
	if (err)
		return err;
	path_put(&where);
	mount_drop_below(m);
	mount_put(m);
	return 0;
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
	if (!err && !privileged(LINUX_CAP_SYS_CHROOT))
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
	text = path_reachable(&p) ? path_text(&p, buffer, LINUX_PATH_MAX) : ERR_PTR(-ENOENT);
	path_put(&p);
	n = IS_ERR(text) ? PTR_ERR(text) : (int64_t)strlen(text) + 1;
	if (n > 0 && (uint64_t)n > args->a[1])
		n = -ERANGE;
	if (n > 0 && copy_to_user(args->a[0], text, n))
		n = -EFAULT;
	kfree(buffer);
	return n;
}
