// SPDX-License-Identifier: GPL-2.0
/*
 * The file system "cgroup2" and namespaces of control groups: what a mount shows, the option nsdelegate, and who may move processes. Locks:
 * vfs_lock for the directories of groups.
 */
#include <fs/internal.h>
#include <kernel/process.h>
#include <kernel/user_ns.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "cgroup_fs.h"

/* An open file that moves processes: what counts is who opened it. */
struct opened {
	struct seq seq;			/* first, for proc_text_read() */
	struct cgroup_rights rights;
	struct cgroup *root;		/* rights.root, counted */
};

static bool delegates;	/* the option nsdelegate: whoever mounts in the first namespace says so */

bool cgroup_delegates(void)
{
	return READ_ONCE(delegates);
}

/* ---- Moving ---- */

static int procs_write(struct cgroup *g, char *text, const struct cgroup_rights *rights)
{
	unsigned long long pid;

	return parse_u64(text, 10, 0, &pid) || pid > PID_MAX ? -EINVAL : cgroup_attach(g, (pid_t)pid, rights);
}

void cgroup_rights_get(struct cgroup *g, struct cgroup_rights *to)
{
	*to = (struct cgroup_rights){ .confined = cgroup_delegates(), .root = cgroup_ns_root() };
	mutex_lock(&vfs_lock);
	for (struct cgroup *at = g;; at = at->parent) {
		struct dentry *dir = at ? at->dir : cgroup_super.root;
		struct dentry *procs = dir ? dentry_find(dir, PROCS, strlen(PROCS)) : NULL;

		if (procs && !inode_permission(procs->inode, MAY_WRITE))
			to->levels |= 1ull << cgroup_level(at);
		dentry_put(procs);
		if (!at)
			break;
	}
	mutex_unlock(&vfs_lock);
}

static int moving_open(struct inode *inode, struct file *f)
{
	struct cgroup_file *c = inode->priv;
	struct opened *o = kzalloc(sizeof(*o));

	if (!o)
		return -ENOMEM;
	cgroup_rights_get(c->group, &o->rights);
	o->root = cgroup_ns_root();
	if (o->root)
		cgroup_get(o->root);
	f->priv = o;
	return 0;
}

int cgroup_moving_write(struct file *f, char *text)
{
	struct cgroup_file *c = f->inode->priv;
	struct opened *o = f->priv;

	o->rights.confined = cgroup_delegates();
	return procs_write(c->group, text, &o->rights);
}

static void moving_release(struct file *f)
{
	struct opened *o = f->priv;

	if (o)
		cgroup_put(o->root);
	proc_text_release(f);
}

const struct file_ops cgroup_moving_ops = {
	.read = proc_text_read, .write = proc_text_write, .seek = seek_plain, .open = moving_open, .release = moving_release,
};

/* ---- Mounting ---- */

static void cgroup_statfs(struct super *s, struct linux_statfs *to)
{
}

/* The others change nothing here: there is no protection of memory to hand down, and no slow way of moving. */
static bool cgroup_option_known(const char *key, const char *value)
{
	static const char *const known[] = { "nsdelegate", "memory_recursiveprot", "favordynmods", "nofavordynmods" };

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
		if (!value && !strcmp(key, known[i]))
			return true;
	return false;
}

static int cgroup_reconfigure(struct super *s, const char *options)
{
	char *text = kstrdup(options ? options : ""), *at = text, *next;
	bool wanted = false;
	int err = text ? 0 : -ENOMEM;

	for (; at && *at && !err; at = next) {
		next = strchr(at, ',');
		if (next)
			*next++ = '\0';
		err = cgroup_option_known(at, NULL) ? 0 : -EINVAL;
		wanted |= !strcmp(at, "nsdelegate");
	}
	kfree(text);
	if (!err && !cgroup_ns_root() && privileged(LINUX_CAP_SYS_ADMIN))
		WRITE_ONCE(delegates, wanted);
	return err;
}

static void cgroup_show_options(struct super *s, char *to, size_t size)
{
	if (cgroup_delegates())
		str_copy(to, ",nsdelegate", size);
}

/* Mounted is what is the root where it is mounted. */
static struct dentry *cgroup_mount_root(struct super *s)
{
	struct cgroup *root = cgroup_ns_root();
	struct dentry *d;

	mutex_lock(&vfs_lock);
	d = root ? root->dir : s->root;
	if (d)
		dentry_get(d);
	mutex_unlock(&vfs_lock);
	return d ? d : ERR_PTR(-ENOENT);
}

static void cgroup_show_root(struct seq *s, struct dentry *root)
{
	bool file = !LINUX_S_ISDIR(root->inode->mode);

	cgroup_show_way(s, cgroup_ns_root(), file ? root->parent->inode->priv : root->inode->priv);
	if (file)
		seq_printf(s, "/%s", root->name);
}

const struct super_ops cgroup_super_ops = {
	.statfs = cgroup_statfs, .option_known = cgroup_option_known, .reconfigure = cgroup_reconfigure, .show_options = cgroup_show_options,
	.mount_root = cgroup_mount_root, .show_root = cgroup_show_root,
};

static struct super *cgroup_mount(const char *source, const char *options)
{
	int err = privileged_in(ns_current(NS_CGROUP)->owner, LINUX_CAP_SYS_ADMIN) ? cgroup_reconfigure(&cgroup_super, options) : -EPERM;

	if (err)
		return ERR_PTR(err);
	ref_get(&cgroup_super.ref);
	return &cgroup_super;
}

struct fs_type cgroup_type = {
	.name = "cgroup2", .nodev = true, .for_users = true, .mount = cgroup_mount, .option_known = cgroup_option_known,
};
