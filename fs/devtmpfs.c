// SPDX-License-Identifier: GPL-2.0
/*
 * Device nodes: a table of device numbers and what opening them does, and one tmpfs instance with a node for each, which every mount of
 * "devtmpfs" shows.
 */
#include <fs/vfs.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

struct devnode {
	struct list link;		/* guarded by devnodes_lock, with the next field */
	unsigned int nr_opening;	/* calls of ops->open under way */
	mode_t mode;
	uint64_t rdev;
	const struct file_ops *ops;
	void *priv;
	char name[64];
};

static struct list devnodes = LIST_INIT(devnodes);
static struct spinlock devnodes_lock = SPINLOCK_INIT("devnodes");
static struct wait_queue opening_done = WAIT_QUEUE_INIT(opening_done, "devnode_opening");
static struct super *dev_super;

struct super *devtmpfs_super_get(void)
{
	fs_setup();
	return dev_super;
}

static struct devnode *find_number(mode_t mode, uint64_t rdev)
{
	struct devnode *n;

	list_for_each(n, &devnodes, link)
		if (n->rdev == rdev && !((n->mode ^ mode) & LINUX_S_IFMT))
			return n;
	return NULL;
}

static struct devnode *find_name(const char *name)
{
	struct devnode *n;

	list_for_each(n, &devnodes, link)
		if (!strcmp(n->name, name))
			return n;
	return NULL;
}

/* devnode_remove() waits for the opens it finds, so ops->open never meets a freed priv. */
int device_open(struct inode *inode, struct file *f)
{
	struct devnode *n;
	int err = 0;

	spin_lock(&devnodes_lock);
	n = find_number(inode->mode, inode->rdev);
	if (n)
		n->nr_opening++;
	spin_unlock(&devnodes_lock);
	if (!n)
		return -ENXIO;
	f->ops = n->ops;
	f->priv = n->priv;
	if (n->ops->open)
		err = n->ops->open(inode, f);
	spin_lock(&devnodes_lock);
	n->nr_opening--;
	spin_unlock(&devnodes_lock);
	wait_wake(&opening_done, 0);
	return err;
}

/* The directory for the last part of @path, made when missing: counted. vfs_lock held. */
static struct dentry *make_parents(const char **path)
{
	struct dentry *dir = dev_super->root, *d;
	const char *slash;

	dentry_get(dir);
	while ((slash = strchr(*path, '/'))) {
		d = dentry_lookup(dir, *path, slash - *path);
		if (PTR_ERR(d) == -ENOENT)
			d = dir->inode->ops->create(dir, *path, slash - *path, LINUX_S_IFDIR | 0755, 0, NULL);
		dentry_put(dir);
		if (IS_ERR(d))
			return d;
		dir = d;
		*path = slash + 1;
	}
	return dir;
}

static int node_make(const char *name, mode_t mode, uint64_t rdev)
{
	struct dentry *dir, *d;

	mutex_lock(&vfs_lock);
	dir = make_parents(&name);
	d = dir;
	if (!IS_ERR(dir)) {
		d = dentry_lookup(dir, name, strlen(name));
		if (!IS_ERR(d)) {
			dentry_put(d);
			d = ERR_PTR(-EEXIST);
		} else {
			d = dir->inode->ops->create(dir, name, strlen(name), mode, rdev, NULL);
		}
		dentry_put(dir);
	}
	mutex_unlock(&vfs_lock);
	if (IS_ERR(d))
		return PTR_ERR(d);
	d->inode->uid = d->inode->gid = 0;
	dentry_put(d);
	return 0;
}

int devnode_create(const char *name, mode_t mode, uint64_t rdev, const struct file_ops *ops, void *priv)
{
	struct devnode *n = kzalloc(sizeof(*n)), *other;
	int err;

	fs_setup();
	if (!n)
		return -ENOMEM;
	n->mode = mode;
	n->rdev = rdev;
	n->ops = ops;
	n->priv = priv;
	if (str_copy(n->name, name, sizeof(n->name)) >= sizeof(n->name)) {
		kfree(n);
		return -ENAMETOOLONG;
	}
	spin_lock(&devnodes_lock);
	other = find_number(mode, rdev);
	if (!other)
		list_append(&devnodes, &n->link);
	spin_unlock(&devnodes_lock);
	err = other ? -EEXIST : *name ? node_make(name, mode, rdev) : 0;
	if (!err)
		return 0;
	if (!other) {
		spin_lock(&devnodes_lock);
		list_del(&n->link);
		spin_unlock(&devnodes_lock);
	}
	kfree(n);
	return err;
}

static void node_unmake(const char *name)
{
	struct dentry *dir, *d;

	mutex_lock(&vfs_lock);
	dir = make_parents(&name);
	if (!IS_ERR(dir)) {
		d = dentry_lookup(dir, name, strlen(name));
		if (!IS_ERR(d)) {
			dir->inode->ops->unlink(d);
			dentry_put(d);
		}
		dentry_put(dir);
	}
	mutex_unlock(&vfs_lock);
}

/* Nobody finds @n any more. */
static void node_forget(struct devnode *n)
{
	wait_event(&opening_done, !READ_ONCE(n->nr_opening), TIME_FOREVER, false);
	kfree(n);
}

void devnode_remove(const char *name)
{
	struct devnode *n;

	spin_lock(&devnodes_lock);
	n = find_name(name);
	if (n)
		list_del(&n->link);
	spin_unlock(&devnodes_lock);
	if (!n)
		return;
	node_unmake(name);
	node_forget(n);
}

void devnode_remove_number(mode_t mode, uint64_t rdev)
{
	struct devnode *n;

	spin_lock(&devnodes_lock);
	n = find_number(mode, rdev);
	if (n)
		list_del(&n->link);
	spin_unlock(&devnodes_lock);
	if (n)
		node_forget(n);
}

static struct super *devtmpfs_mount(const char *source, const char *options)
{
	ref_get(&dev_super->ref);
	return dev_super;
}

static struct fs_type devtmpfs_type = { .name = "devtmpfs", .nodev = true, .mount = devtmpfs_mount };

static int setup_links(void)
{
	static const char *const links[][2] = {
		{ "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	};
	struct dentry *d, *dir = dev_super->root;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(links); i++) {
		d = dir->inode->ops->create(dir, links[i][0], strlen(links[i][0]), LINUX_S_IFLNK | 0777, 0, links[i][1]);
		if (IS_ERR(d))
			return PTR_ERR(d);
		dentry_put(d);
	}
	return 0;
}

/* Called once, by the first that needs a path or a node. */
static void setup_root(void)
{
	struct super *s;

	dentry_setup();
	s = tmpfs_super("rootfs", 0);
	BUG_ON(!s || mount_attach(s, NULL, "rootfs", 0));
	dev_super = tmpfs_super("devtmpfs", 0);
	BUG_ON(!dev_super);
	if (setup_links())
		log_warn("devtmpfs: out of memory");
}

void fs_setup(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	setup_root();
}

static int devtmpfs_init(void)
{
	fs_setup();
	fs_type_register(&devtmpfs_type);
	return 0;
}
INITCALL("2fs", devtmpfs_init);
