// SPDX-License-Identifier: GPL-2.0
/*
 * Trees of mounts as a whole: copied for a bind, a descriptor, a namespace or a peer; taken off and given back. Nothing here recurses, for a
 * user may nest mounts as deep as there may be any. Locks: vfs_lock for the shape; what may be the last reference is put without it.
 */
#include <fs/mount.h>
#include <kernel/process.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux.h>

/* ---- The end ---- */

static struct mount *last_leaf(struct mount *m)
{
	while (!list_empty(&m->children))
		m = list_last(&m->children, struct mount, sibling);
	return m;
}

void mount_tree_unhang(struct mount *top, bool spread, struct list *gone)
{
	struct mount *m;

	do {
		m = last_leaf(top);
		if (spread && m->parent)
			mount_unhang_spread(m, gone);
		mount_set_propagation(m, LINUX_MS_PRIVATE);
		m->was_on = mount_unhang(m);
		list_append(gone, &m->link);
	} while (m != top);
}

void mount_gone_put(struct list *gone)
{
	struct mount *m, *tmp;

	list_for_each_safe(m, tmp, gone, link) {
		struct path was_on = m->was_on;

		list_del(&m->link);
		m->was_on = (struct path){ NULL, NULL };
		path_put(&was_on);
		mount_put(m);
	}
}

void mount_tree_drop(struct mount *m)
{
	struct list gone = LIST_INIT(gone);

	if (!m)
		return;
	mutex_lock(&vfs_lock);
	mount_tree_unhang(m, false, &gone);
	mutex_unlock(&vfs_lock);
	mount_gone_put(&gone);
}

bool mount_covers_here(const struct dentry *d)
{
	struct mount *m;

	if (!d->nr_mounts)
		return false;
	list_for_each(m, &mount_list, link)
		if (m->mountpoint == d && mount_is_here(m))
			return true;
	return false;
}

void mount_name_gone(struct dentry *d, struct list *gone)
{
	struct mount *m, *found;

	while (d->nr_mounts) {
		found = NULL;
		list_for_each(m, &mount_list, link)
			if (m->mountpoint == d)
				found = m;
		if (!found)
			return;
		mount_tree_unhang(found, false, gone);
	}
}

/* ---- Copies ---- */

static struct mount *copy_one(struct mount *m, struct dentry *root, enum mount_kin kin)
{
	struct mount *copy;

	ref_get(&m->super->ref);
	copy = mount_create(m->super, root, m->source, m->flags);
	if (!copy) {
		super_put(m->super);
		return NULL;
	}
	copy->locked_flags = m->locked_flags;
	copy->unbindable = m->unbindable;
	mount_group_copy(copy, m, kin);
	return copy;
}

static bool is_left_out(const struct mount *m, enum mount_extent extent)
{
	if (extent == MOUNT_FOR_NS)
		return mount_ns_of_inode(m->root->inode);
	return m->unbindable;
}

struct mount *mount_copy_tree(struct mount *from, struct dentry *root, enum mount_extent extent, enum mount_kin kin, struct list *gone)
{
	struct mount *copy = copy_one(from, root, kin), *m, *next, *new;

	if (!copy)
		return ERR_PTR(-ENOMEM);
	from->twin = copy;
	for (m = extent != MOUNT_ALONE ? mount_next(from, from) : NULL; m; m = next) {
		next = mount_next_beside(m, from);
		if (is_left_out(m, extent) || (m->parent == from && !dentry_is_below(m->mountpoint, root)))
			continue;
		new = copy_one(m, m->root, kin);
		if (!new) {
			mount_tree_unhang(copy, false, gone);
			return ERR_PTR(-ENOMEM);
		}
		new->locked = m->locked;
		m->twin = new;
		mount_hang(new, &(struct path){ m->parent->twin, m->mountpoint });
		next = mount_next(m, from);
	}
	return copy;
}

/* Does something hang below @from that hides what is there from who sees it? */
static bool hides_something(const struct path *from)
{
	struct mount *m;

	list_for_each(m, &from->mount->children, sibling)
		if (m->locked && dentry_is_below(m->mountpoint, from->dentry))
			return true;
	return false;
}

/* A file of a namespace can be bound though it hangs nowhere; one of a mount namespace only where that one cannot come to hold itself. */
static bool may_copy(const struct path *from, bool below)
{
	const struct ns *ns = mount_ns_of_inode(from->dentry->inode);

	if (ns)
		return ns->ino > ns_current(NS_MOUNT)->ino;
	return (mount_is_here(from->mount) || inode_is_ns(from->dentry->inode)) && !from->mount->unbindable && (below || !hides_something(from));
}

struct mount *mount_copy(const struct path *from, bool below)
{
	struct mount *copy = ERR_PTR(-EINVAL);
	struct list gone = LIST_INIT(gone);

	mutex_lock(&vfs_lock);
	if (may_copy(from, below))
		copy = mount_copy_tree(from->mount, from->dentry, below ? MOUNT_WHOLE : MOUNT_ALONE, MOUNT_LIKE, &gone);
	mutex_unlock(&vfs_lock);
	mount_gone_put(&gone);
	return copy;
}

void mount_tree_lock(struct mount *top)
{
	for (struct mount *m = top; m; m = mount_next(m, top)) {
		m->locked = true;
		m->locked_flags |= m->flags & (LINUX_MS_RDONLY | LINUX_MS_NOSUID | LINUX_MS_NODEV | LINUX_MS_NOEXEC);
		m->locked_flags |= MOUNT_ATIME_FLAGS;
	}
}
