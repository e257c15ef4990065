// SPDX-License-Identifier: GPL-2.0
/*
 * The file system "mqueue" (mq_overview(7)): the names of POSIX message queues, mq_open and mq_unlink. Each IPC namespace has one instance, which a
 * mount by somebody in it shows; a queue is a file there and in no other directory. Names are those of tmpfs. An instance that is still mounted
 * when its namespace is gone keeps its queues and gets no new ones. Locks: vfs_lock for names and for which namespace a root is of.
 */
#include <fs/internal.h>
#include <fs/ipc_ns.h>
#include <fs/mount.h>
#include <fs/notify.h>
#include <fs/tmpfs.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux_ipc.h>
#include "mqueue.h"

#define MQUEUE_MAGIC	0x19800202
#define NAME_MAX_K	255
#define FILE_SIZE	80	/* what stat() tells of each queue, as on Linux */

/* ---- Names. With vfs_lock held. ---- */

static void queue_inode_destroy(struct inode *inode)
{
	mqueue_destroy(inode->priv);
	tmpfs_inode_destroy(inode);
}

static const struct inode_ops queue_inode_ops = { .destroy = queue_inode_destroy };

static struct dentry *queue_make(struct dentry *dir, const char *name, size_t length, mode_t mode, const struct linux_mq_attr *attr)
{
	struct ipc_ns *ns = dir->inode->priv;
	struct mqueue *q = ns ? mqueue_create(ns, attr) : ERR_PTR(-EACCES);
	struct dentry *d;

	if (IS_ERR(q))
		return ERR_PTR(PTR_ERR(q));
	d = tmpfs_dir_ops.create(dir, name, length, LINUX_S_IFREG | mode, 0, NULL);
	if (IS_ERR(d)) {
		mqueue_destroy(q);
		return d;
	}
	d->inode->ops = &queue_inode_ops;
	d->inode->fops = &mqueue_ops;
	d->inode->priv = q;
	d->inode->size = FILE_SIZE;
	return d;
}

static struct dentry *dir_create(struct dentry *dir, const char *name, size_t length, mode_t mode, uint64_t rdev, const char *target)
{
	return LINUX_S_ISREG(mode) ? queue_make(dir, name, length, mode & 07777, NULL) : ERR_PTR(-EPERM);
}

static int dir_unlink(struct dentry *victim)
{
	return tmpfs_dir_ops.unlink(victim);
}

static const struct inode_ops dir_ops = { .create = dir_create, .unlink = dir_unlink, .destroy = tmpfs_inode_destroy };

/* ---- Mounting ---- */

static void mqueue_statfs(struct super *s, struct linux_statfs *to)
{
}

static bool mqueue_option_known(const char *key, const char *value)
{
	return false;
}

static struct super_ops mqueue_super_ops = { .statfs = mqueue_statfs, .option_known = mqueue_option_known };

int mqueue_ns_begin(struct ipc_ns *n, struct user_ns *owner)
{
	struct super *s = tmpfs_super("mqueue", 0);

	if (!s)
		return -ENOMEM;
	if (!mqueue_super_ops.destroy)
		mqueue_super_ops.destroy = s->ops->destroy;
	s->ops = &mqueue_super_ops;
	s->magic = MQUEUE_MAGIC;
	user_ns_put(s->user_ns);
	s->user_ns = owner;
	user_ns_get(owner);
	s->root->inode->mode = LINUX_S_IFDIR | 01777;
	s->root->inode->ops = &dir_ops;
	s->root->inode->priv = n;
	n->mqueues = mount_create(s, s->root, "mqueue", 0);
	if (n->mqueues)
		return 0;
	super_put(s);
	return -ENOMEM;
}

void mqueue_ns_end(struct ipc_ns *n)
{
	mutex_lock(&vfs_lock);
	n->mqueues->root->inode->priv = NULL;
	mutex_unlock(&vfs_lock);
	mqueues_orphan(n);
	mount_put(n->mqueues);
}

static struct super *mqueue_mount(const char *source, const char *options)
{
	struct ns *ns = ns_current(NS_IPC);
	struct super *s = container_of(ns, struct ipc_ns, ns)->mqueues->super;

	if (!privileged_in(ns->owner, LINUX_CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	if (options && *options)
		return ERR_PTR(-EINVAL);
	ref_get(&s->ref);
	return s;
}

static struct fs_type mqueue_type = {
	.name = "mqueue", .nodev = true, .for_users = true, .mount = mqueue_mount, .option_known = mqueue_option_known,
};

/* ---- Calls ---- */

static struct dentry *create_checked(struct dentry *root, const char *name, mode_t mode, const struct linux_mq_attr *attr)
{
	int err = inode_permission(root->inode, MAY_WRITE | MAY_EXEC);
	struct dentry *d = err ? ERR_PTR(err) : queue_make(root, name, strlen(name), mode & ~fs_umask() & 07777, attr);

	if (!IS_ERR(d))
		notify_name(root->inode, d->inode, name, LINUX_IN_CREATE);
	return d;
}

static int open_check(const struct dentry *d, uint32_t flags)
{
	uint32_t access = flags & LINUX_O_ACCMODE;

	if ((flags & LINUX_O_CREAT) && (flags & LINUX_O_EXCL))
		return -EEXIST;
	if (access == LINUX_O_ACCMODE)
		return -EINVAL;
	return inode_permission(d->inode, (access != LINUX_O_WRONLY ? MAY_READ : 0) | (access != LINUX_O_RDONLY ? MAY_WRITE : 0));
}

static int64_t queue_open(const char *name, uint32_t flags, mode_t mode, const struct linux_mq_attr *attr)
{
	struct path at = { .mount = ipc_ns_current()->mqueues };
	struct file *f;
	int err = 0;

	if (!fd_has_room(current_process->files))
		return -EMFILE;
	mutex_lock(&vfs_lock);
	at.dentry = dentry_lookup(at.mount->root, name, strlen(name));
	if (PTR_ERR(at.dentry) == -ENOENT && flags & LINUX_O_CREAT)
		at.dentry = create_checked(at.mount->root, name, mode, attr);
	else if (!IS_ERR(at.dentry))
		err = open_check(at.dentry, flags);
	mutex_unlock(&vfs_lock);
	if (IS_ERR(at.dentry))
		return PTR_ERR(at.dentry);
	f = err ? ERR_PTR(err) : file_open_path(&at, flags & (LINUX_O_ACCMODE | LINUX_O_NONBLOCK));
	dentry_put(at.dentry);
	return IS_ERR(f) ? PTR_ERR(f) : fd_install_new(f, LINUX_O_CLOEXEC);
}

static int name_from_user(char *name, uint64_t uname)
{
	ssize_t length = strncpy_from_user(name, uname, NAME_MAX_K + 1);

	if (length < 0)
		return (int)length;
	if (!length)
		return -ENOENT;
	return !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/') ? -EACCES : 0;
}

/* mq_open(name, flags, mode, attr) */
SYSCALL(NR_mq_open, mq_open)
{
	struct linux_mq_attr attr;
	char name[NAME_MAX_K + 1];
	int err;

	if (args->a[3] && copy_from_user(&attr, args->a[3], sizeof(attr)))
		return -EFAULT;
	err = name_from_user(name, args->a[0]);
	if (err)
		return err;
	return queue_open(name, (uint32_t)args->a[1], (mode_t)args->a[2], args->a[3] ? &attr : NULL);
}

/* mq_unlink(name) */
SYSCALL(NR_mq_unlink, mq_unlink)
{
	struct mount *m = ipc_ns_current()->mqueues;
	char name[NAME_MAX_K + 1];
	int err = name_from_user(name, args->a[0]);

	return err ? err : path_remove(&(struct path){ m, m->root }, name);
}

static int mqueue_init(void)
{
	fs_setup();
	fs_type_register(&mqueue_type);
	return mqueue_ns_begin(&ipc_ns_first, NULL);
}
INITCALL("2fs", mqueue_init);
