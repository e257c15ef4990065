// SPDX-License-Identifier: GPL-2.0
/*
 * devpts: a file system with a node for each open pseudo-terminal and one named ptmx that makes them. There is one instance, which every
 * mount shows ("newinstance" is taken and shows the same); options are those of the last mount: uid=, gid=, mode=, ptmxmode=. Names come
 * and go with the masters alone: nobody else makes, links or removes any. Everything here is guarded by vfs_lock.
 */
#include <fs/devpts.h>
#include <fs/node.h>
#include <fs/tmpfs.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define DEVPTS_MAGIC	0x1cd1
#define PTMX_RDEV	DEV_MAKE(5, 2)

struct options {
	mode_t mode, ptmx_mode;
	uint32_t uid, gid;
	bool has_uid, has_gid;
};

static struct super *pts_super;
static struct mount pts_mount;	/* nowhere: for those that are opened through their master */
static struct options options = { .mode = 0600 };

static struct dentry *nothing_else(struct dentry *dir, const char *name, size_t length, mode_t mode, uint64_t rdev, const char *target)
{
	return ERR_PTR(-EPERM);
}

static const struct inode_ops dir_ops = { .create = nothing_else, .destroy = tmpfs_inode_destroy };

/* ---- Names ---- */

static struct dentry *node_make(const char *name, mode_t mode, uint64_t rdev)
{
	return tmpfs_dir_ops.create(pts_super->root, name, strlen(name), LINUX_S_IFCHR | mode, rdev, NULL);
}

static struct dentry *node_find(unsigned int index)
{
	char name[16];

	format_text(name, sizeof(name), "%u", index);
	return dentry_lookup(pts_super->root, name, strlen(name));
}

int devpts_add(unsigned int index, uint64_t rdev)
{
	struct dentry *d;
	char name[16];

	format_text(name, sizeof(name), "%u", index);
	mutex_lock(&vfs_lock);
	d = node_make(name, options.mode, rdev);
	if (!IS_ERR(d)) {
		d->inode->uid = options.has_uid ? options.uid : current->cred.uid;
		d->inode->gid = options.has_gid ? options.gid : current->cred.gid;
	}
	mutex_unlock(&vfs_lock);
	if (IS_ERR(d))
		return PTR_ERR(d);
	dentry_put(d);
	return 0;
}

void devpts_remove(unsigned int index)
{
	struct dentry *d;

	mutex_lock(&vfs_lock);
	d = node_find(index);
	if (!IS_ERR(d)) {
		tmpfs_dir_ops.unlink(d);
		dentry_put(d);
	}
	mutex_unlock(&vfs_lock);
}

int devpts_path(unsigned int index, struct path *to)
{
	struct dentry *d;

	mutex_lock(&vfs_lock);
	d = node_find(index);
	mutex_unlock(&vfs_lock);
	if (IS_ERR(d))
		return PTR_ERR(d);
	mount_get(&pts_mount);
	*to = (struct path){ &pts_mount, d };
	return 0;
}

/* ---- Mounting ---- */

static int parse_option(const char *key, const char *value, struct options *o)
{
	bool is_mode = !strcmp(key, "mode") || !strcmp(key, "ptmxmode");
	unsigned long long v;

	if (!strcmp(key, "newinstance"))
		return 0;
	if (!value || parse_u64(value, is_mode ? 8 : 0, 1, &v))
		return -EINVAL;
	if (!strcmp(key, "mode"))
		o->mode = v & 07777;
	else if (!strcmp(key, "ptmxmode"))
		o->ptmx_mode = v & 07777;
	else if (!strcmp(key, "uid"))
		o->uid = (uint32_t)v, o->has_uid = true;
	else if (!strcmp(key, "gid"))
		o->gid = (uint32_t)v, o->has_gid = true;
	else if (strcmp(key, "max"))
		return -EINVAL;
	return 0;
}

/* "gid=5,mode=620"; the text is cut up. */
static int parse_options(char *text, struct options *o)
{
	char *next, *value;
	int err = 0;

	for (; text && *text && !err; text = next) {
		next = strchr(text, ',');
		if (next)
			*next++ = '\0';
		value = strchr(text, '=');
		if (value)
			*value++ = '\0';
		err = parse_option(text, value, o);
	}
	return err;
}

static struct super *devpts_mount(const char *source, const char *text)
{
	struct options o = { .mode = 0600 };
	char *copy = text ? kstrdup(text) : NULL;
	struct dentry *ptmx;
	int err = text && !copy ? -ENOMEM : parse_options(copy, &o);

	kfree(copy);
	if (err)
		return ERR_PTR(err);
	mutex_lock(&vfs_lock);
	options = o;
	ptmx = dentry_lookup(pts_super->root, "ptmx", 4);
	if (!IS_ERR(ptmx)) {
		ptmx->inode->mode = LINUX_S_IFCHR | o.ptmx_mode;
		dentry_put(ptmx);
	}
	mutex_unlock(&vfs_lock);
	ref_get(&pts_super->ref);
	return pts_super;
}

static void devpts_options(struct super *s, char *to, size_t size)
{
	size_t n = 0;

	if (options.has_gid)
		n = format_text(to, size, ",gid=%u", options.gid);
	format_text(to + MIN(n, size - 1), size - MIN(n, size - 1), ",mode=%03o,ptmxmode=%03o", options.mode, options.ptmx_mode);
}

static struct fs_type devpts_type = { .name = "devpts", .nodev = true, .mount = devpts_mount };
static struct super_ops devpts_super_ops;

static int devpts_init(void)
{
	struct dentry *ptmx;

	fs_setup();
	pts_super = tmpfs_super("devpts", 0);
	if (!pts_super)
		return -ENOMEM;
	devpts_super_ops = *pts_super->ops;
	devpts_super_ops.show_options = devpts_options;
	devpts_super_ops.attributes = false;
	pts_super->ops = &devpts_super_ops;
	pts_super->magic = DEVPTS_MAGIC;
	pts_super->root->inode->ops = &dir_ops;
	ptmx = node_make("ptmx", options.ptmx_mode, PTMX_RDEV);
	if (IS_ERR(ptmx))
		return PTR_ERR(ptmx);
	dentry_put(ptmx);
	ref_init(&pts_mount.ref);
	list_init(&pts_mount.link);
	dentry_get(pts_super->root);
	pts_mount.root = pts_super->root;
	pts_mount.super = pts_super;
	str_copy(pts_mount.source, "devpts", sizeof(pts_mount.source));
	fs_type_register(&devpts_type);
	return 0;
}
INITCALL("2fs", devpts_init);
