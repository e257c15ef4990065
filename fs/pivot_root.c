// SPDX-License-Identifier: GPL-2.0
/* pivot_root(2): another mount becomes the root of everybody whose root the old one was. The first root of all has no parent and stays. */
#include <fs/mount.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <uapi/ferry/linux.h>

/* vfs_lock held, as for the next. */
static bool reaches(const struct path *from, const struct path *top)
{
	const struct dentry *d = from->dentry;
	const struct mount *m = from->mount;

	for (; m != top->mount && m->parent; m = m->parent)
		d = m->mountpoint;
	return m == top->mount && dentry_is_below(d, top->dentry);
}

static int check(const struct path *root, const struct path *new, const struct path *put_old)
{
	if (new->dentry->flags & DENTRY_REMOVED)
		return -ENOENT;
	if (put_old->mount->group || (new->mount->parent && new->mount->parent->group) || (root->mount->parent && root->mount->parent->group))
		return -EINVAL;
	if (!mount_is_here(root->mount) || !mount_is_here(new->mount) || new->mount->locked)
		return -EINVAL;
	if (new->mount == root->mount || put_old->mount == root->mount)
		return -EBUSY;
	if (root->dentry != root->mount->root || !root->mount->parent || new->dentry != new->mount->root || !new->mount->parent)
		return -EINVAL;
	return reaches(put_old, new) && reaches(new, root) ? 0 : -EINVAL;
}

struct change {
	struct path from, to;
	unsigned int nr;	/* references to @from that are nobody's now */
};

static void change_one(struct change *c, struct path *p)
{
	if (p->mount != c->from.mount || p->dentry != c->from.dentry)
		return;
	path_get(&c->to);
	*p = c->to;
	c->nr++;
}

/* Some of the contexts that have not been changed: their locks are not taken under those of processes. */
struct batch {
	uint64_t pivot;
	unsigned int nr;
	struct fs_context *contexts[32];
};

static bool add_context(struct process *p, void *arg)
{
	struct batch *b = arg;
	uint64_t flags = spin_lock_irq(&p->lock);

	if (p->fs && p->fs->pivot != b->pivot) {
		p->fs->pivot = b->pivot;
		b->contexts[b->nr++] = fs_context_hold(p->fs);
	}
	spin_unlock_irq(&p->lock, flags);
	return b->nr < ARRAY_SIZE(b->contexts);
}

static void change_all(struct change *c)
{
	static struct mutex one = MUTEX_INIT(one, "pivot_root");
	static uint64_t pivots;
	struct batch b;
	bool more;

	mutex_lock(&one);
	b.pivot = ++pivots;
	do {
		b.nr = 0;
		process_for_each(add_context, &b);
		more = b.nr == ARRAY_SIZE(b.contexts);
		while (b.nr) {
			struct fs_context *context = b.contexts[--b.nr];

			spin_lock(&context->lock);
			change_one(c, &context->root);
			change_one(c, &context->cwd);
			spin_unlock(&context->lock);
			fs_context_drop(context);
		}
	} while (more);
	mutex_unlock(&one);
}

/* Where the two hung is given back in @where. */
static int pivot(const struct path *root, const struct path *new, const struct path *put_old, struct path where[2])
{
	int err;

	mutex_lock(&vfs_lock);
	err = check(root, new, put_old);
	if (!err) {
		new->mount->locked = root->mount->locked;
		root->mount->locked = false;
		where[0] = mount_unhang(new->mount);
		where[1] = mount_unhang(root->mount);
		mount_hang(root->mount, put_old);
		mount_hang(new->mount, &where[1]);
	}
	mutex_unlock(&vfs_lock);
	return err;
}

static int find_dir(uint64_t utext, struct path *p)
{
	int err = path_lookup_user(LINUX_AT_FDCWD, utext, WALK_FOLLOW, p);

	if (!err && !LINUX_S_ISDIR(p->dentry->inode->mode)) {
		path_put(p);
		err = -ENOTDIR;
	}
	return err;
}

/* pivot_root(new_root, put_old) */
SYSCALL(NR_pivot_root, pivot_root)
{
	struct path new, put_old, where[2] = { { NULL, NULL }, { NULL, NULL } };
	struct change c = { .nr = 0 };
	int err;

	if (!mounts_may_change())
		return -EPERM;
	err = find_dir(args->a[0], &new);
	if (err)
		return err;
	err = find_dir(args->a[1], &put_old);
	if (err)
		goto put_new;
	fs_get_root(&c.from);
	c.to = new;
	err = pivot(&c.from, &new, &put_old, where);
	if (!err)
		change_all(&c);
	while (c.nr--)
		path_put(&c.from);
	path_put(&c.from);
	path_put(&where[0]);
	path_put(&where[1]);
	path_put(&put_old);
put_new:
	path_put(&new);
	return err;
}
