// SPDX-License-Identifier: GPL-2.0
/*
 * Files that stand for namespaces: the links in /proc/<pid>/ns lead to them, an open one or a mount of one keeps the namespace, setns(2)
 * enters it, and ioctl_ns(2) asks what it is. Each look makes an inode; their numbers say which namespace it is. Locks: none of its own.
 */
#include <fs/internal.h>
#include <fs/mount.h>
#include <fs/proc_pid.h>
#include <kernel/init.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <kernel/user_ns.h>
#include <lib/format.h>
#include <uapi/ferry/linux_ns.h>

static struct mount *ns_mount;		/* hangs nowhere */

static const struct file_ops ns_fops;

struct ns *ns_of_file(const struct file *f)
{
	return f->ops == &ns_fops ? f->inode->priv : NULL;
}

bool inode_is_ns(const struct inode *inode)
{
	return ns_mount && inode->super == ns_mount->super;
}

const struct ns *mount_ns_of_inode(const struct inode *inode)
{
	const struct ns *ns = inode_is_ns(inode) ? inode->priv : NULL;

	return ns && ns->type->kind == NS_MOUNT ? ns : NULL;
}

static void ns_inode_destroy(struct inode *inode)
{
	if (inode->priv)
		ns_put(inode->priv);
}

static const struct inode_ops ns_iops = { .destroy = ns_inode_destroy };

/* A counted path to a file of @ns, which is taken over. */
static int ns_path(struct ns *ns, struct path *to)
{
	struct inode *inode = inode_create(ns_mount->super, LINUX_S_IFREG | 0444, &ns_iops, &ns_fops);
	char name[32];

	if (!inode) {
		ns_put(ns);
		return -ENOMEM;
	}
	inode->ino = ns->ino;
	inode->priv = ns;
	inode->uid = inode->gid = 0;
	format_text(name, sizeof(name), "%s:[%llu]", ns->type->name, (unsigned long long)ns->ino);
	to->mount = ns_mount;
	to->dentry = dentry_create(ns_mount->root, name, strlen(name), inode, false);
	if (!to->dentry) {
		inode_put(inode);
		return -ENOMEM;
	}
	mount_get(ns_mount);
	return 0;
}

int ns_install(struct ns *ns)
{
	struct path p;
	struct file *f;
	int err = ns_path(ns, &p);

	if (err)
		return err;
	f = file_open_path(&p, LINUX_O_RDONLY);
	path_put(&p);
	return IS_ERR(f) ? PTR_ERR(f) : fd_install_new(f, LINUX_O_CLOEXEC);
}

/* ---- ioctl_ns(2) ---- */

/* Who is not above @u, or in it, is not told of it. */
static int64_t user_ns_install(struct user_ns *u)
{
	if (!u || !user_ns_is_below(u, current->cred.user_ns))
		return -EPERM;
	ns_get(&u->ns);
	return ns_install(&u->ns);
}

static int64_t owner_of(struct ns *ns)
{
	if (ns->type->kind == NS_USER)
		return user_ns_install(container_of(ns, struct user_ns, ns)->parent);
	return user_ns_install(ns->owner ? ns->owner : &user_ns_first);
}

/* Who is not in it, or above, is not told of it. */
static int64_t parent_of(const struct pid_ns *n)
{
	struct ns *parent;

	if (!n || !pid_ns_holds(pid_ns_current(), n->parent))
		return -EPERM;
	parent = n->parent ? &n->parent->ns : &pid_ns_first.ns;
	ns_get(parent);
	return ns_install(parent);
}

static int64_t ns_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct ns *ns = f->inode->priv;

	switch (cmd) {
	case LINUX_NS_GET_USERNS:
		return owner_of(ns);
	case LINUX_NS_GET_PARENT:
		return ns->type->kind == NS_USER ? owner_of(ns) : ns->type->kind == NS_PID ? parent_of(pid_ns_of(ns)) : -EINVAL;
	case LINUX_NS_GET_NSTYPE:
		return (int64_t)ns->type->flag;
	case LINUX_NS_GET_OWNER_UID:
		if (ns->type->kind != NS_USER)
			return -EINVAL;
		return put_user32(arg, uid_told(container_of(ns, struct user_ns, ns)->owner));
	default:
		return -ENOTTY;
	}
}

static const struct file_ops ns_fops = { .ioctl = ns_ioctl };

/* ---- /proc/<pid>/ns ---- */

static struct ns *link_ns(const struct inode *inode)
{
	const struct proc_node *n = inode->priv;
	unsigned int kind = n->entry->number - PROC_NS_FIRST;

	if (ptrace_may_read(n->process))
		return ERR_PTR(-EACCES);
	if (kind < NS_KINDS)
		return ns_around_process(n->process, kind);
	return kind - NS_KINDS == NS_PID ? pid_ns_of_process(n->process, true) : ns_of_process(n->process, kind - NS_KINDS);
}

static ssize_t ns_readlink(struct inode *inode, char *to, size_t size)
{
	struct ns *ns = link_ns(inode);
	ssize_t n;

	if (IS_ERR(ns))
		return PTR_ERR(ns);
	if (!ns)
		return -ENOENT;
	n = format_text(to, size, "%s:[%llu]", ns->type->name, (unsigned long long)ns->ino);
	ns_put(ns);
	return n;
}

static int ns_follow(struct inode *inode, struct path *to)
{
	struct ns *ns = link_ns(inode);

	if (IS_ERR(ns))
		return PTR_ERR(ns);
	return ns ? ns_path(ns, to) : -ENOENT;
}

static const struct inode_ops ns_link_ops = {
	.readlink = ns_readlink, .follow = ns_follow, .destroy = proc_node_destroy, .valid = proc_node_valid,
};

#define LINK(n, kind)	{ .name = n, .mode = LINUX_S_IFLNK | 0777, .number = PROC_NS_FIRST + (kind), .ops = &ns_link_ops }

const struct proc_entry proc_ns_entries[PROC_NS_NR] = {
	LINK("cgroup", NS_CGROUP), LINK("ipc", NS_IPC), LINK("mnt", NS_MOUNT), LINK("net", NS_NET), LINK("pid", NS_PID),
	LINK("pid_for_children", NS_KINDS + NS_PID), LINK("time", NS_TIME), LINK("time_for_children", NS_KINDS + NS_TIME), LINK("user", NS_USER),
	LINK("uts", NS_UTS),
};

static const struct super_ops ns_super_ops = { 0 };

static int nsfs_init(void)
{
	struct super *s = super_create("nsfs", &ns_super_ops, LINUX_NSFS_MAGIC);
	struct inode *root = s ? inode_create(s, LINUX_S_IFDIR | 0555, &ns_iops, NULL) : NULL;

	if (!root)
		return -ENOMEM;
	s->root = dentry_create(NULL, "", 0, root, false);
	ns_mount = s->root ? mount_create(s, s->root, "nsfs", 0) : NULL;
	return ns_mount ? 0 : -ENOMEM;
}
INITCALL("2fs", nsfs_init);
