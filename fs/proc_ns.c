// SPDX-License-Identifier: GPL-2.0
/*
 * Instances of procfs for PID namespaces below the first: each mount in one is another. What is registered is in the first one's tree; others
 * make a name for the same inode when it is looked up, which stays as long as it is in use. Processes are looked up in each (proc_pid.c).
 * Locks: vfs_lock.
 */
#include <fs/mount.h>
#include <fs/proc.h>
#include <kernel/pid_ns.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

struct dentry *proc_mirror(struct dentry *dir, struct dentry *registered, const char *name, size_t length)
{
	struct dentry *base = registered ? dentry_find(registered, name, length) : NULL, *d;

	if (!base)
		return ERR_PTR(-ENOENT);
	inode_get(base->inode);
	d = dentry_create(dir, name, length, base->inode, true);
	if (!d)
		inode_put(base->inode);
	dentry_put(base);
	return d ? d : ERR_PTR(-ENOMEM);
}

static void proc_statfs(struct super *s, struct linux_statfs *to)
{
}

static void proc_destroy(struct super *s)
{
	dentry_drop_tree(s->root);
	ns_put(&((struct pid_ns *)s->priv)->ns);
}

static const struct super_ops proc_ns_ops = { .statfs = proc_statfs, .destroy = proc_destroy };

struct super *proc_ns_super(struct pid_ns *ns, const struct inode_ops *iops, const struct file_ops *fops)
{
	struct super *s = super_create("proc", &proc_ns_ops, LINUX_PROC_MAGIC);
	struct inode *inode;

	if (!s)
		return ERR_PTR(-ENOMEM);
	ns_get(&ns->ns);
	s->priv = ns;
	inode = inode_create(s, LINUX_S_IFDIR | 0555, iops, fops);
	s->root = inode ? dentry_create(NULL, "", 0, inode, false) : NULL;
	if (s->root) {
		inode->uid = inode->gid = 0;
		inode->nlink = 2;
		return s;
	}
	if (inode)
		inode_put(inode);
	ns_put(&ns->ns);
	user_ns_put(s->user_ns);
	kfree(s);
	return ERR_PTR(-ENOMEM);
}

struct look {
	bool shown;
};

/* One that hides nothing: the whole of it, writable, and nothing locked on it. */
static bool look_at(struct mount *m, void *arg)
{
	struct look *l = arg;
	const struct mount *child;

	if (m->super->magic != LINUX_PROC_MAGIC || m->root != m->super->root || m->locked_flags & LINUX_MS_RDONLY)
		return true;
	list_for_each(child, &m->children, sibling)
		if (child->locked)
			return true;
	l->shown = true;
	return false;
}

/* The namespace's owner. A lesser user only where one is seen already: else it would show what was hidden from them. */
int proc_may_mount(void)
{
	struct pid_ns *ns = pid_ns_current();
	struct look l = { 0 };

	if (!privileged_in(ns ? ns->ns.owner : NULL, LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	if (!current->cred.user_ns)
		return 0;
	mount_for_each(container_of(ns_current(NS_MOUNT), struct mount_ns, ns), look_at, &l);
	return l.shown ? 0 : -EPERM;
}
