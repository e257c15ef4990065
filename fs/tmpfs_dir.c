// SPDX-License-Identifier: GPL-2.0
/* Files in memory: names, links and limits. The dentry cache is the directory: each name that exists holds one reference to its dentry. */
#include <fs/internal.h>
#include <fs/tmpfs.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/user_ns.h>
#include <lib/format.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define INODES_FEW	4096
#define NAME_BYTES	20	/* what each name, "." and ".." too, adds to the size that is told of a directory, as on Linux */

static const struct file_ops tmpfs_dir_file_ops = { .iterate = dentry_iterate, .seek = seek_plain };

static ssize_t link_read(struct inode *inode, char *to, size_t size)
{
	size_t n = MIN(inode->size, size);

	memcpy(to, inode->priv, n);
	return n;
}

static const struct inode_ops tmpfs_link_ops = { .readlink = link_read, .destroy = tmpfs_inode_destroy };

struct inode *tmpfs_inode(struct super *s, mode_t mode, uint64_t rdev)
{
	const struct inode_ops *ops = LINUX_S_ISDIR(mode) ? &tmpfs_dir_ops : LINUX_S_ISLNK(mode) ? &tmpfs_link_ops : &tmpfs_file_inode_ops;
	const struct file_ops *fops = LINUX_S_ISDIR(mode) ? &tmpfs_dir_file_ops : &tmpfs_file_ops;
	struct tmpfs *t = s->priv;
	struct inode *inode;

	if (!tmpfs_charge(&t->used_inodes, t->max_inodes, 1))
		return ERR_PTR(-ENOSPC);
	inode = inode_create(s, mode, ops, fops);
	if (!inode) {
		tmpfs_uncharge(&t->used_inodes, 1);
		return ERR_PTR(-ENOMEM);
	}
	inode->rdev = rdev;
	if (LINUX_S_ISDIR(mode)) {
		inode->nlink = 2;
		inode->size = 2 * NAME_BYTES;
	}
	return inode;
}

static int inode_set_target(struct inode *inode, const char *target)
{
	if (!LINUX_S_ISLNK(inode->mode))
		return 0;
	inode->priv = kstrdup(target);
	inode->size = strlen(target);
	return inode->priv ? 0 : -ENOMEM;
}

/* A directory with the set-group-id bit passes its group on, but not to be a program's. */
static void inherit(struct inode *inode, const struct inode *dir)
{
	inode->attributes = attributes_inherited(dir);
	if (!(dir->mode & LINUX_S_ISGID))
		return;
	inode->gid = dir->gid;
	if (LINUX_S_ISDIR(inode->mode))
		inode->mode |= LINUX_S_ISGID;
	else if ((inode->mode & 0010) && !current_in_group(dir->gid) && !inode_privileged(inode, LINUX_CAP_FSETID))
		inode->mode &= ~LINUX_S_ISGID;
}

static struct dentry *tmpfs_create(struct dentry *dir, const char *name, size_t length, mode_t mode, uint64_t rdev, const char *target)
{
	struct inode *inode = tmpfs_inode(dir->inode->super, mode, rdev);
	struct dentry *d = NULL;

	if (IS_ERR(inode))
		return ERR_PTR(PTR_ERR(inode));
	inherit(inode, dir->inode);
	if (!inode_set_target(inode, target))
		d = dentry_create(dir, name, length, inode, true);
	if (!d) {
		inode_put(inode);
		return ERR_PTR(-ENOMEM);
	}
	if (LINUX_S_ISDIR(mode))
		dir->inode->nlink++;
	dir->inode->size += NAME_BYTES;
	inode_touch(dir->inode);
	dentry_get(d);
	return d;
}

static struct dentry *tmpfs_tmpfile(struct dentry *dir, mode_t mode)
{
	struct inode *inode = tmpfs_inode(dir->inode->super, mode, 0);
	struct dentry *d;
	char name[24];

	if (IS_ERR(inode))
		return ERR_PTR(PTR_ERR(inode));
	inode->nlink = 0;
	tmpfs_removed(inode, 1);
	inherit(inode, dir->inode);
	format_text(name, sizeof(name), "#%llu", (unsigned long long)inode->ino);
	d = dentry_create(dir, name, strlen(name), inode, false);
	if (!d) {
		inode_put(inode);
		return ERR_PTR(-ENOMEM);
	}
	d->flags |= DENTRY_REMOVED;
	return d;
}

/* One more name counts like an inode: it takes memory too. */
static int tmpfs_link(struct dentry *dir, const char *name, size_t length, struct inode *inode)
{
	struct tmpfs *t = inode->super->priv;
	struct dentry *d;

	if (inode->nlink && !tmpfs_charge(&t->used_inodes, t->max_inodes, 1))
		return -ENOSPC;
	inode_get(inode);
	d = dentry_create(dir, name, length, inode, true);
	if (!d) {
		if (inode->nlink)
			tmpfs_uncharge(&t->used_inodes, 1);
		inode_put(inode);
		return -ENOMEM;
	}
	if (!inode->nlink++)
		tmpfs_removed(inode, -1);
	inode->linkable = false;
	inode->ctime = time_realtime();
	dir->inode->size += NAME_BYTES;
	inode_touch(dir->inode);
	return 0;
}

static void drop_name(struct dentry *d)
{
	struct inode *inode = d->inode;
	struct tmpfs *t = inode->super->priv;

	if (LINUX_S_ISDIR(inode->mode)) {
		d->parent->inode->nlink--;
		inode->nlink = 0;
	} else {
		inode->nlink--;
	}
	if (!inode->nlink)
		tmpfs_removed(inode, 1);
	else
		tmpfs_uncharge(&t->used_inodes, 1);
	inode->ctime = time_realtime();
	d->parent->inode->size -= NAME_BYTES;
	inode_touch(d->parent->inode);
	dentry_unhash(d);
	dentry_put(d);
}

static int tmpfs_unlink(struct dentry *d)
{
	if (dentry_has_children(d))
		return -ENOTEMPTY;
	drop_name(d);
	return 0;
}

static int tmpfs_rename(struct dentry *from, struct dentry *dir, const char *name, size_t length, struct dentry *over, bool whiteout)
{
	struct inode *old_dir = from->parent->inode;
	struct dentry *left = NULL;
	int err;

	if (over && dentry_has_children(over))
		return -ENOTEMPTY;
	if (whiteout)	/* two of one name, which nobody sees: vfs_lock is held */
		left = tmpfs_create(from->parent, from->name, from->name_length, LINUX_S_IFCHR, 0, NULL);
	if (IS_ERR(left))
		return PTR_ERR(left);
	err = dentry_move(from, dir, name, length);
	if (err && left)
		drop_name(left);
	dentry_put(left);
	if (err)
		return err;
	if (LINUX_S_ISDIR(from->inode->mode)) {
		old_dir->nlink--;
		dir->inode->nlink++;
	}
	old_dir->size -= NAME_BYTES;
	dir->inode->size += NAME_BYTES;
	if (over)
		drop_name(over);
	inode_touch(old_dir);
	inode_touch(dir->inode);
	from->inode->ctime = time_realtime();
	return 0;
}

static int tmpfs_exchange(struct dentry *a, struct dentry *b)
{
	struct dentry *a_dir = a->parent, *b_dir = b->parent;
	char *a_name = kstrdup(a->name), *b_name = kstrdup(b->name);
	int err = -ENOMEM;

	dentry_get(a_dir);
	dentry_get(b_dir);
	if (a_name && b_name)
		err = dentry_move(a, b_dir, b_name, strlen(b_name));
	if (!err)
		err = dentry_move(b, a_dir, a_name, strlen(a_name));
	if (!err && LINUX_S_ISDIR(a->inode->mode) != LINUX_S_ISDIR(b->inode->mode)) {
		a_dir->inode->nlink += LINUX_S_ISDIR(b->inode->mode) ? 1 : -1;
		b_dir->inode->nlink += LINUX_S_ISDIR(a->inode->mode) ? 1 : -1;
	}
	inode_touch(a_dir->inode);
	inode_touch(b_dir->inode);
	dentry_put(a_dir);
	dentry_put(b_dir);
	kfree(a_name);
	kfree(b_name);
	return err;
}

const struct inode_ops tmpfs_dir_ops = {
	.create = tmpfs_create, .tmpfile = tmpfs_tmpfile, .link = tmpfs_link, .unlink = tmpfs_unlink, .rename = tmpfs_rename,
	.exchange = tmpfs_exchange, .destroy = tmpfs_inode_destroy,
};

/* Without a limit nothing is told. */
static void tmpfs_statfs(struct super *s, struct linux_statfs *to)
{
	struct tmpfs *t = s->priv;

	to->f_blocks = t->max_pages;
	to->f_bfree = to->f_bavail = t->max_pages ? t->max_pages - t->used_pages : 0;
	to->f_files = t->max_inodes;
	to->f_ffree = t->max_inodes ? t->max_inodes - t->used_inodes : 0;
}

static void tmpfs_destroy(struct super *s)
{
	dentry_drop_tree(s->root);
	kfree(s->priv);
}

static bool tmpfs_charge_pages(struct super *s, int64_t pages)
{
	struct tmpfs *t = s->priv;

	if (pages > 0)
		return tmpfs_charge(&t->used_pages, t->max_pages, (uint64_t)pages);
	tmpfs_uncharge(&t->used_pages, (uint64_t)-pages);
	return true;
}

/* Half of memory. */
static uint64_t default_pages(void)
{
	struct frame_stats stats;

	frame_stats(&stats);
	return stats.total / 2;
}

static uint64_t default_inodes(void)
{
	return MAX(default_pages(), (uint64_t)INODES_FEW);
}

/* What is not as it is when nobody says anything. */
static void tmpfs_options(struct super *s, char *to, size_t size)
{
	struct tmpfs *t = s->priv;
	size_t n = 0;

	if (t->max_pages != default_pages())
		n += (size_t)format_text(to + n, size - n, ",size=%lluk", (unsigned long long)t->max_pages * (PAGE_SIZE / 1024));
	if (t->max_inodes != default_inodes())
		n += (size_t)format_text(to + n, size - n, ",nr_inodes=%llu", (unsigned long long)t->max_inodes);
	if (t->mode != 01777)
		n += (size_t)format_text(to + n, size - n, ",mode=%03o", t->mode);
	if (t->uid)
		n += (size_t)format_text(to + n, size - n, ",uid=%u", uid_told(t->uid));
	if (t->gid)
		n += (size_t)format_text(to + n, size - n, ",gid=%u", gid_told(t->gid));
	str_copy(to + n, t->inode32 ? ",inode32" : ",inode64", size - n);
}

#define HAS_PAGES	0x1u
#define HAS_INODES	0x2u
#define HAS_WIDTH	0x4u

struct tmpfs_options {
	uint32_t named;		/* HAS_* */
	uint64_t pages, inodes;	/* 0: no limit */
	mode_t mode;
	uint32_t uid, gid;
	bool inode32;
};

static int parse_size(const char *text, uint64_t *pages)
{
	size_t n = strlen(text);
	unsigned long long v;
	char number[24];

	if (n > 1 && n < sizeof(number) && text[n - 1] == '%') {
		str_copy(number, text, n);
		if (parse_u64(number, 10, 0, &v) || v > UINT32_MAX)
			return -EINVAL;
		*pages = default_pages() * 2 * v / 100;
		return 0;
	}
	if (parse_u64(text, 0, 1, &v))
		return -EINVAL;
	*pages = ALIGN_UP(v, PAGE_SIZE) >> PAGE_SHIFT;
	return 0;
}

static int parse_limit(const char *key, const char *value, struct tmpfs_options *o)
{
	bool inodes = !strcmp(key, "nr_inodes");
	unsigned long long v;
	int err;

	o->named |= inodes ? HAS_INODES : HAS_PAGES;
	if (!strcmp(key, "size"))
		return parse_size(value, &o->pages);
	err = parse_u64(value, 0, 1, &v);
	if (!err && v > INT64_MAX)
		err = -EINVAL;
	if (!err)
		*(inodes ? &o->inodes : &o->pages) = v;
	return err;
}

/* There are no huge pages, and no policies of memory for files here but the program's own. */
static int parse_option(const char *key, const char *value, struct tmpfs_options *o)
{
	unsigned long long v;

	if (!strcmp(key, "inode64") || !strcmp(key, "inode32")) {
		o->named |= HAS_WIDTH;
		o->inode32 = key[5] == '3';
		return value ? -EINVAL : 0;
	}
	if (!value)
		return -EINVAL;
	if (!strcmp(key, "huge"))
		return strcmp(value, "never") ? -EINVAL : 0;
	if (!strcmp(key, "mpol"))
		return strcmp(value, "default") ? -EINVAL : 0;
	if (!strcmp(key, "size") || !strcmp(key, "nr_inodes") || !strcmp(key, "nr_blocks"))
		return parse_limit(key, value, o);
	if (parse_u64(value, !strcmp(key, "mode") ? 8 : 0, 1, &v))
		return -EINVAL;
	if (!strcmp(key, "mode"))
		o->mode = v & 07777;
	else if (!strcmp(key, "uid"))
		o->uid = uid_meant((uint32_t)v);
	else if (!strcmp(key, "gid"))
		o->gid = gid_meant((uint32_t)v);
	else
		return -EINVAL;
	return o->uid == ID_NONE || o->gid == ID_NONE ? -EINVAL : 0;
}

/* "size=64k,mode=1777"; the text is cut up. */
static int parse_options(char *text, struct tmpfs_options *o)
{
	char *next, *value;
	int err;

	for (; text && *text; text = next) {
		next = strchr(text, ',');
		if (next)
			*next++ = '\0';
		value = strchr(text, '=');
		if (value)
			*value++ = '\0';
		err = parse_option(text, value, o);
		if (err)
			return err;
	}
	return 0;
}

static bool tmpfs_option_known(const char *key, const char *value)
{
	struct tmpfs_options o = { 0 };

	return !parse_option(key, value, &o);
}

/* More than there is in use, and none where there was none. */
static bool limit_may_be(uint64_t limit, uint64_t before, uint64_t used)
{
	return !limit || (before && used <= limit);
}

/* The limits; the root's mode and owner are the mount's alone. */
static int tmpfs_reconfigure(struct super *s, const char *options)
{
	struct tmpfs_options o = { 0 };
	char *copy = kstrdup(options);
	struct tmpfs *t = s->priv;
	int err = copy ? parse_options(copy, &o) : -ENOMEM;

	kfree(copy);
	if (!err && (!limit_may_be(o.pages, t->max_pages, READ_ONCE(t->used_pages)) ||
		     !limit_may_be(o.inodes, t->max_inodes, READ_ONCE(t->used_inodes))))
		err = -EINVAL;
	if (err)
		return err;
	if (o.named & HAS_PAGES)
		WRITE_ONCE(t->max_pages, o.pages);
	if (o.named & HAS_INODES)
		WRITE_ONCE(t->max_inodes, o.inodes);
	if (o.named & HAS_WIDTH)
		t->inode32 = o.inode32;
	return 0;
}

static const struct super_ops tmpfs_super_ops = {
	.statfs = tmpfs_statfs, .destroy = tmpfs_destroy, .show_options = tmpfs_options, .charge = tmpfs_charge_pages,
	.attributes = true, .handles = true, .option_known = tmpfs_option_known, .reconfigure = tmpfs_reconfigure,
};

struct super *tmpfs_super(const char *type, uint64_t max_pages)
{
	struct super *s = super_create(type, &tmpfs_super_ops, LINUX_TMPFS_MAGIC);
	struct tmpfs *t = kzalloc(sizeof(*t));
	struct inode *inode = NULL;

	if (!s || !t)
		goto fail;
	t->max_pages = max_pages ? max_pages : default_pages();
	t->max_inodes = default_inodes();
	t->mode = 0755;
	s->priv = t;
	inode = tmpfs_inode(s, LINUX_S_IFDIR | 0755, 0);
	if (IS_ERR(inode))
		goto fail;
	s->root = dentry_create(NULL, "", 0, inode, false);
	if (s->root)
		return s;
	inode_put(inode);
fail:
	kfree(t);
	kfree(s);
	return NULL;
}

static struct super *tmpfs_mount(const char *source, const char *options)
{
	const struct credentials *who = current && current_process ? &current->cred : NULL;
	struct tmpfs_options o = { .mode = 01777, .uid = who ? who->fsuid : 0, .gid = who ? who->fsgid : 0 };
	char *copy = options ? kstrdup(options) : NULL;
	struct tmpfs *t;
	struct super *s;
	int err = parse_options(copy, &o);

	kfree(copy);
	if (err)
		return ERR_PTR(err);
	s = tmpfs_super("tmpfs", 0);
	if (!s)
		return ERR_PTR(-ENOMEM);
	t = s->priv;
	if (o.named & HAS_PAGES)
		t->max_pages = o.pages;
	if (o.named & HAS_INODES)
		t->max_inodes = o.inodes;
	t->inode32 = o.inode32;
	t->mode = o.mode;
	t->uid = o.uid;
	t->gid = o.gid;
	s->root->inode->mode = LINUX_S_IFDIR | o.mode;
	s->root->inode->uid = o.uid;
	s->root->inode->gid = o.gid;
	return s;
}

static struct fs_type tmpfs_type = { .name = "tmpfs", .nodev = true, .for_users = true, .mount = tmpfs_mount, .option_known = tmpfs_option_known };

static int tmpfs_init(void)
{
	fs_setup();
	fs_type_register(&tmpfs_type);
	return 0;
}
INITCALL("2fs", tmpfs_init);
