// SPDX-License-Identifier: GPL-2.0
/*
 * Trees of mounts by descriptors: open_tree(2), move_mount(2), mount_setattr(2), and pivot_root(2). A copy that is not hung yet lives as long
 * as the descriptor it was made for. Left out: propagation between mounts and mapped ids (there is one namespace of each).
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
#define PROPAGATION	(LINUX_MS_SHARED | LINUX_MS_PRIVATE | LINUX_MS_SLAVE | LINUX_MS_UNBINDABLE)

/* ---- Copies and their end ---- */

struct mount *mount_child(const struct mount *m)
{
	struct mount *c;

	list_for_each(c, &mount_list, link)
		if (c->parent == m)
			return c;
	return NULL;
}

void mount_drop_below(struct mount *m)
{
	struct mount *leaf, *next;
	struct path where;

	for (;;) {
		mutex_lock(&vfs_lock);
		leaf = next = mount_child(m);
		while (next && (next = mount_child(leaf)))
			leaf = next;
		if (leaf)
			where = mount_unhang(leaf);
		mutex_unlock(&vfs_lock);
		if (!leaf)
			return;
		path_put(&where);
		mount_put(leaf);
	}
}

static struct mount *copy_one(const struct mount *m, struct dentry *root)
{
	struct mount *copy = mount_create(m->super, root, m->source, m->flags);

	if (copy)
		ref_get(&m->super->ref);
	return copy;
}

/* What hangs on @m at @root or below it, copied onto @copy. Copies have other parents, so the walk does not meet them. vfs_lock held. */
static int copy_below(const struct mount *m, const struct dentry *root, struct mount *copy)
{
	struct mount *c, *new;
	int err = 0;

	list_for_each(c, &mount_list, link) {
		if (c->parent != m || !dentry_is_below(c->mountpoint, root))
			continue;
		new = copy_one(c, c->root);
		if (!new)
			return -ENOMEM;
		mount_hang(new, &(struct path){ copy, c->mountpoint });
		err = copy_below(c, c->root, new);
		if (err)
			break;
	}
	return err;
}

struct mount *mount_copy(const struct path *from, bool below)
{
	struct mount *copy = copy_one(from->mount, from->dentry);
	int err = 0;

	if (!copy)
		return NULL;
	mutex_lock(&vfs_lock);
	if (below)
		err = copy_below(from->mount, from->dentry, copy);
	mutex_unlock(&vfs_lock);
	if (!err)
		return copy;
	mount_drop_below(copy);
	mount_put(copy);
	return NULL;
}

/* ---- Descriptors of mounts that hang nowhere ---- */

static void detached_release(struct file *f)
{
	struct mount *m = f->mount;
	bool mine;

	mutex_lock(&vfs_lock);
	mine = m->detached;
	m->detached = false;
	mutex_unlock(&vfs_lock);
	if (!mine)
		return;
	mount_drop_below(m);
	mount_put(m);
}

static const struct file_ops detached_ops = { .release = detached_release };

int mount_install(struct mount *m, bool cloexec)
{
	struct path top = { m, m->root };
	struct file *f = file_open_path(&top, LINUX_O_PATH);

	if (IS_ERR(f)) {
		mount_drop_below(m);
		mount_put(m);
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
	return m ? mount_install(m, cloexec) : -ENOMEM;
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
	if ((flags & LINUX_OPEN_TREE_CLONE) && !privileged(LINUX_CAP_SYS_ADMIN))
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

static bool is_hung(const struct mount *m)
{
	while (m->parent)
		m = m->parent;
	return m == root_mount;
}

/* vfs_lock held. *@old is what to give back: where it hung before. */
static int move_locked(struct mount *m, const struct dentry *root, const struct path *to, struct path *old)
{
	if (root != m->root || (!m->parent && !m->detached) || !is_hung(to->mount))
		return -EINVAL;
	if (LINUX_S_ISDIR(root->inode->mode) != LINUX_S_ISDIR(to->dentry->inode->mode))
		return -EINVAL;
	if (m->parent && !is_hung(m))
		return -EINVAL;		/* inside a tree that hangs nowhere */
	for (const struct mount *above = to->mount; above; above = above->parent)
		if (above == m)
			return -ELOOP;
	if (m->parent)
		*old = mount_unhang(m);
	m->detached = false;
	mount_hang(m, to);
	return 0;
}

static uint32_t walk_flags(uint32_t flags, uint32_t symlinks, uint32_t empty)
{
	return (flags & symlinks ? WALK_FOLLOW : 0) | (flags & empty ? WALK_EMPTY : 0);
}

/* move_mount(from_dfd, from, to_dfd, to, flags). Groups of peers do not exist, so none is joined. */
SYSCALL(NR_move_mount, move_mount)
{
	struct path from, to, old = { NULL, NULL };
	uint32_t flags = (uint32_t)args->a[4];
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
		err = flags & LINUX_MOVE_MOUNT_SET_GROUP ? -EINVAL : move_locked(from.mount, from.dentry, &to, &old);
		mutex_unlock(&vfs_lock);
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

	if ((a->propagation & ~(uint64_t)PROPAGATION) || (a->propagation & (a->propagation - 1)))
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

static void change_one(struct mount *m, uint32_t set, uint32_t clear)
{
	m->flags = ((m->flags & ~clear) | set) & MOUNT_FLAGS_KEPT;
}

/* vfs_lock held. */
static int change_tree(const struct path *p, uint32_t set, uint32_t clear, bool below)
{
	struct mount *m;

	if (p->dentry != p->mount->root)
		return -EINVAL;
	change_one(p->mount, set, clear);
	list_for_each(m, &mount_list, link) {
		const struct mount *above = m->parent;

		while (below && above && above != p->mount)
			above = above->parent;
		if (below && above)
			change_one(m, set, clear);
	}
	return 0;
}

/* mount_setattr(dfd, path, flags, attr, size) */
SYSCALL(NR_mount_setattr, mount_setattr)
{
	uint32_t flags = (uint32_t)args->a[2], set, clear;
	struct linux_mount_attr attr;
	struct path p;
	int err;

	if (flags & ~(LINUX_AT_EMPTY_PATH | LINUX_AT_RECURSIVE | LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT))
		return -EINVAL;
	if (args->a[4] > PAGE_SIZE || args->a[4] < sizeof(attr))
		return args->a[4] > PAGE_SIZE ? -E2BIG : -EINVAL;
	if (!privileged(LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	err = copy_struct_from_user(&attr, sizeof(attr), args->a[3], args->a[4]);
	if (err || (!attr.attr_set && !attr.attr_clr && !attr.propagation))
		return err;
	err = change_of(&attr, &set, &clear);
	if (!err)
		err = path_lookup_user((int)args->a[0], args->a[1], (flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
				       (flags & LINUX_AT_EMPTY_PATH ? WALK_EMPTY : 0), &p);
	if (err)
		return err;
	mutex_lock(&vfs_lock);
	err = change_tree(&p, set, clear, flags & LINUX_AT_RECURSIVE);
	mutex_unlock(&vfs_lock);
	path_put(&p);
	return err;
}
