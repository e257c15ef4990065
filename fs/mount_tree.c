// SPDX-License-Identifier: GPL-2.0
/*
 * Trees of mounts by descriptors: open_tree(2), move_mount(2), mount_setattr(2). A copy that is not hung yet lives as long as the descriptor it was
 * made for. Left out: mapped ids.
 */
#include <fs/internal.h>
#include <fs/mount.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/page.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_mount.h>

#define ATTRS_KNOWN	(LINUX_MOUNT_ATTR_RDONLY | LINUX_MOUNT_ATTR_NOSUID | LINUX_MOUNT_ATTR_NODEV | LINUX_MOUNT_ATTR_NOEXEC | \
			 LINUX_MOUNT_ATTR_ATIME | LINUX_MOUNT_ATTR_NODIRATIME | LINUX_MOUNT_ATTR_NOSYMFOLLOW)

/* ---- Descriptors of mounts that hang nowhere ---- */

static void detached_release(struct file *f)
{
	struct mount *m = f->mount;
	bool mine;

	mutex_lock(&vfs_lock);
	mine = m->detached;
	m->detached = false;
	mutex_unlock(&vfs_lock);
	if (mine)
		mount_tree_drop(m);
}

static const struct file_ops detached_ops = { .release = detached_release };

int mount_install(struct mount *m, bool cloexec)
{
	struct path top = { m, m->root };
	struct file *f = file_open_path(&top, LINUX_O_PATH);

	if (IS_ERR(f)) {
		mount_tree_drop(m);
		return PTR_ERR(f);
	}
	m->detached = true;
	f->ops = &detached_ops;
	return fd_install_new(f, cloexec ? LINUX_O_CLOEXEC : 0);
}

static int64_t tree_of(const struct path *p, uint32_t flags)
{
	bool cloexec = flags & LINUX_OPEN_TREE_CLOEXEC;
	struct mount *m;
	struct file *f;

	if (!(flags & LINUX_OPEN_TREE_CLONE)) {
		f = file_open_path(p, LINUX_O_PATH);
		return IS_ERR(f) ? PTR_ERR(f) : fd_install_new(f, cloexec ? LINUX_O_CLOEXEC : 0);
	}
	m = mount_copy(p, flags & LINUX_AT_RECURSIVE);
	return IS_ERR(m) ? PTR_ERR(m) : mount_install(m, cloexec);
}

/* open_tree(dfd, path, flags) */
SYSCALL(NR_open_tree, open_tree)
{
	uint32_t flags = (uint32_t)args->a[2];
	struct path p;
	int64_t fd;

	if (flags & ~(LINUX_AT_EMPTY_PATH | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_RECURSIVE | LINUX_AT_SYMLINK_NOFOLLOW | LINUX_OPEN_TREE_CLONE |
		      LINUX_OPEN_TREE_CLOEXEC))
		return -EINVAL;
	if ((flags & (LINUX_AT_RECURSIVE | LINUX_OPEN_TREE_CLONE)) == LINUX_AT_RECURSIVE)
		return -EINVAL;
	if ((flags & LINUX_OPEN_TREE_CLONE) && !mounts_may_change())
		return -EPERM;
	fd = path_lookup_user((int)args->a[0], args->a[1], (flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
			      (flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0), &p);
	if (fd)
		return fd;
	fd = tree_of(&p, flags);
	path_put(&p);
	return fd;
}

/* ---- Moving ---- */

static bool has_unbindable(struct mount *top)
{
	for (struct mount *m = top; m; m = mount_next(m, top))
		if (m->unbindable)
			return true;
	return false;
}

/* What is shared with others is not moved away from them, nor what covers something from who did not cover it. */
static int move_check(struct mount *m, const struct dentry *root, const struct path *to)
{
	if (root != m->root || (!m->parent && !m->detached) || !mount_is_here(to->mount))
		return -EINVAL;
	if (LINUX_S_ISDIR(root->inode->mode) != LINUX_S_ISDIR(to->dentry->inode->mode))
		return -EINVAL;
	if (m->parent && (!mount_is_here(m) || m->parent->group || m->locked))
		return -EINVAL;
	if (to->mount->group && has_unbindable(m))
		return -EINVAL;
	return mount_is_above(m, to->mount) ? -ELOOP : 0;
}

int mount_move_locked(struct mount *m, const struct dentry *root, const struct path *to, struct path *old, struct list *gone)
{
	bool hung = m->parent;
	int err = move_check(m, root, to);

	if (err)
		return err;
	if (hung)
		*old = mount_unhang(m);
	err = mount_hang_tree(m, to, gone);
	if (!err)
		m->detached = false;
	else if (hung)
		mount_hang(m, old);
	return err;
}

/* @to becomes a peer of @from, or a slave of the same master. */
static int set_group(struct mount *from, const struct dentry *from_root, struct mount *to, const struct dentry *to_root)
{
	struct mount *m;

	if (from_root != from->root || to_root != to->root || !mount_is_here(from) || !mount_is_here(to))
		return -EINVAL;
	if (to->group || to->master || (!from->group && !from->master) || from->super != to->super || !dentry_is_below(to->root, from->root))
		return -EINVAL;
	list_for_each(m, &from->children, sibling)
		if (m->locked && dentry_is_below(m->mountpoint, to->root))
			return -EINVAL;
	mount_group_copy(to, from, MOUNT_LIKE);
	return 0;
}

static uint32_t walk_flags(uint32_t flags, uint32_t symlinks, uint32_t empty)
{
	return (flags & symlinks ? WALK_FOLLOW : 0) | (flags & empty ? WALK_EMPTY : 0);
}

/* move_mount(from_dfd, from, to_dfd, to, flags) */
SYSCALL(NR_move_mount, move_mount)
{
	struct path from, to, old = { NULL, NULL };
	uint32_t flags = (uint32_t)args->a[4];
	struct list gone = LIST_INIT(gone);
	int err;

	if (!mounts_may_change())
		return -EPERM;
	if (flags & ~LINUX_MOVE_MOUNT_MASK)
		return -EINVAL;
	err = path_lookup_user((int)args->a[0], args->a[1], walk_flags(flags, LINUX_MOVE_MOUNT_F_SYMLINKS, LINUX_MOVE_MOUNT_F_EMPTY_PATH), &from);
	if (err)
		return err;
	err = path_lookup_user((int)args->a[2], args->a[3], walk_flags(flags, LINUX_MOVE_MOUNT_T_SYMLINKS, LINUX_MOVE_MOUNT_T_EMPTY_PATH), &to);
	if (!err) {
		mutex_lock(&vfs_lock);
		if (flags & LINUX_MOVE_MOUNT_SET_GROUP)
			err = set_group(from.mount, from.dentry, to.mount, to.dentry);
		else
			err = mount_move_locked(from.mount, from.dentry, &to, &old, &gone);
		mutex_unlock(&vfs_lock);
		mount_gone_put(&gone);
		path_put(&to);
	}
	path_put(&old);
	path_put(&from);
	return err;
}

/* ---- Attributes ---- */

int mount_flags_of(uint64_t attrs, uint32_t *flags)
{
	static const struct { uint32_t attr, flag; } bits[] = {
		{ LINUX_MOUNT_ATTR_RDONLY, LINUX_MS_RDONLY }, { LINUX_MOUNT_ATTR_NOSUID, LINUX_MS_NOSUID },
		{ LINUX_MOUNT_ATTR_NODEV, LINUX_MS_NODEV }, { LINUX_MOUNT_ATTR_NOEXEC, LINUX_MS_NOEXEC },
		{ LINUX_MOUNT_ATTR_NODIRATIME, LINUX_MS_NODIRATIME }, { LINUX_MOUNT_ATTR_NOSYMFOLLOW, LINUX_MS_NOSYMFOLLOW },
	};

	*flags = 0;
	if (attrs & ~(uint64_t)ATTRS_KNOWN)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++)
		*flags |= attrs & bits[i].attr ? bits[i].flag : 0;
	switch (attrs & LINUX_MOUNT_ATTR_ATIME) {
	case LINUX_MOUNT_ATTR_RELATIME:
		*flags |= LINUX_MS_RELATIME;
		return 0;
	case LINUX_MOUNT_ATTR_NOATIME:
		*flags |= LINUX_MS_NOATIME;
		return 0;
	case LINUX_MOUNT_ATTR_STRICTATIME:
		return 0;
	default:
		return -EINVAL;
	}
}

/* Which mount flags come and which go. A way of keeping access times is changed as a whole. */
static int change_of(const struct linux_mount_attr *a, uint32_t *set, uint32_t *clear)
{
	uint64_t time = a->attr_clr & LINUX_MOUNT_ATTR_ATIME;
	int err;

	if ((a->propagation & ~(uint64_t)MOUNT_PROPAGATION) || (a->propagation & (a->propagation - 1)))
		return -EINVAL;
	if (time ? time != LINUX_MOUNT_ATTR_ATIME : (a->attr_set & LINUX_MOUNT_ATTR_ATIME) != 0)
		return -EINVAL;
	err = mount_flags_of(a->attr_set, set);
	if (!err)
		err = mount_flags_of(a->attr_clr & ~(uint64_t)LINUX_MOUNT_ATTR_ATIME, clear);
	*clear &= ~LINUX_MS_RELATIME;
	if (time)
		*clear |= LINUX_MS_RELATIME | LINUX_MS_NOATIME;
	else
		*set &= ~LINUX_MS_RELATIME;
	return err;
}

struct mount_change {
	uint32_t set, clear, propagation;
	bool below;
};

/* All of it or nothing. vfs_lock held. */
static int change_tree(const struct path *p, const struct mount_change *c)
{
	struct mount *top = p->mount, *m;

	if (p->dentry != top->root || (mount_ns_of(top) && !mount_is_here(top)))
		return -EINVAL;
	for (m = top; m; m = c->below ? mount_next(m, top) : NULL) {
		uint32_t old = m->flags;

		int err = mount_flags_change(m, (old & ~c->clear) | c->set);

		if (err)
			return err;
		m->flags = old;
	}
	for (m = top; m; m = c->below ? mount_next(m, top) : NULL) {
		mount_flags_change(m, (m->flags & ~c->clear) | c->set);
		if (c->propagation)
			mount_set_propagation(m, c->propagation);
	}
	return 0;
}

/* mount_setattr(dfd, path, flags, attr, size) */
SYSCALL(NR_mount_setattr, mount_setattr)
{
	uint32_t flags = (uint32_t)args->a[2];
	struct mount_change c = { .below = flags & LINUX_AT_RECURSIVE };
	struct linux_mount_attr attr;
	struct path p;
	int err;

	if (flags & ~(LINUX_AT_EMPTY_PATH | LINUX_AT_RECURSIVE | LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT))
		return -EINVAL;
	if (args->a[4] > PAGE_SIZE || args->a[4] < sizeof(attr))
		return args->a[4] > PAGE_SIZE ? -E2BIG : -EINVAL;
	if (!mounts_may_change())
		return -EPERM;
	err = copy_struct_from_user(&attr, sizeof(attr), args->a[3], args->a[4]);
	if (err || (!attr.attr_set && !attr.attr_clr && !attr.propagation))
		return err;
	err = change_of(&attr, &c.set, &c.clear);
	c.propagation = (uint32_t)attr.propagation;
	if (!err)
		err = path_lookup_user((int)args->a[0], args->a[1], (flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
				       (flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0), &p);
	if (err)
		return err;
	mutex_lock(&vfs_lock);
	err = change_tree(&p, &c);
	mutex_unlock(&vfs_lock);
	path_put(&p);
	return err;
}
