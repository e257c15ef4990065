// SPDX-License-Identifier: GPL-2.0
/*
 * Mount namespaces (mount_namespaces(7)): each has a tree of its own, at first a copy of its maker's. Who makes one with fewer rights gets slaves
 * of what was shared, and nothing that was put on is theirs to take off. Locks: vfs_lock.
 */
#include <fs/mount.h>
#include <kernel/process.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

struct mount_ns mount_ns_first = { .ns = { .ref = { REF_ONE }, .type = &mount_ns_type, .ino = 4026531841 }, .nr = 1 };

/* Where @p stands, in the copy: *@old is given back by the caller. vfs_lock and the context's lock held; @p's mount is one of the tree copied. */
static void move_to_twin(struct path *p, struct path *old)
{
	*old = *p;
	p->mount = p->mount->twin;
	path_get(p);
}

static void context_move(struct fs_context *fs, struct mount *tree, struct path old[2])
{
	struct path *stands[2] = { &fs->root, &fs->cwd };

	spin_lock(&fs->lock);
	for (unsigned int i = 0; i < 2; i++)
		if (mount_is_above(tree, stands[i]->mount))
			move_to_twin(stands[i], &old[i]);
	spin_unlock(&fs->lock);
}

static int tree_copy(struct mount_ns *new, struct mount_ns *from, struct fs_context *fs)
{
	bool lesser = new->ns.owner != from->ns.owner;
	struct path old[2] = { { NULL, NULL }, { NULL, NULL } };
	struct list gone = LIST_INIT(gone);
	struct mount *copy, *m;

	mutex_lock(&vfs_lock);
	copy = mount_copy_tree(from->root, from->root->root, MOUNT_FOR_NS, lesser ? MOUNT_SLAVE_IF_SHARED : MOUNT_LIKE, &gone);
	if (!IS_ERR(copy)) {
		if (lesser)
			mount_tree_lock(copy);
		new->root = copy;
		copy->ns = new;
		list_append(&mount_list, &copy->link);
		for (m = copy; m; m = mount_next(m, copy))
			new->nr++;
		context_move(fs, from->root, old);
	}
	mutex_unlock(&vfs_lock);
	mount_gone_put(&gone);
	path_put(&old[0]);
	path_put(&old[1]);
	return IS_ERR(copy) ? PTR_ERR(copy) : 0;
}

static struct ns *mount_ns_copy(struct ns *from, struct user_ns *owner, struct fs_context *fs)
{
	struct mount_ns *new = kzalloc(sizeof(*new));
	int err = new ? ns_begin(&new->ns, &mount_ns_type, owner) : -ENOMEM;

	if (!err) {
		err = tree_copy(new, container_of(from, struct mount_ns, ns), fs);
		if (err)
			ns_end(&new->ns);
	}
	if (!err)
		return &new->ns;
	kfree(new);
	return ERR_PTR(err);
}

static void mount_ns_destroy(struct ns *ns)
{
	struct mount_ns *old = container_of(ns, struct mount_ns, ns);
	struct list gone = LIST_INIT(gone);

	mutex_lock(&vfs_lock);
	old->root->ns = NULL;
	mount_tree_unhang(old->root, false, &gone);
	mutex_unlock(&vfs_lock);
	mount_gone_put(&gone);
	ns_end(ns);
	kfree(old);
}

/* Who enters stands at the root, which needs what chroot(2) does, and must stand alone. */
static int mount_ns_enter(struct ns *ns, const struct credentials *who, struct fs_context *fs)
{
	struct path root, old[2];

	if (!credentials_privileged_in(who, who->user_ns, LINUX_CAP_SYS_CHROOT))
		return -EPERM;
	if (current_process->nr_threads > 1 || fs_context_is_shared(fs))
		return -EINVAL;
	mutex_lock(&vfs_lock);
	root.mount = container_of(ns, struct mount_ns, ns)->root;
	root.dentry = root.mount->root;
	mount_topmost(&root);
	path_get(&root);
	path_get(&root);
	spin_lock(&fs->lock);
	old[0] = fs->root;
	old[1] = fs->cwd;
	fs->root = fs->cwd = root;
	spin_unlock(&fs->lock);
	mutex_unlock(&vfs_lock);
	path_put(&old[0]);
	path_put(&old[1]);
	return 0;
}

const struct ns_type mount_ns_type = {
	.name = "mnt", .kind = NS_MOUNT, .flag = LINUX_CLONE_NEWNS, .copy = mount_ns_copy, .enter = mount_ns_enter, .destroy = mount_ns_destroy,
	.buried = true,
};
