// SPDX-License-Identifier: GPL-2.0
/* Files in memory: names, links and limits. The dentry cache is the directory: each name that exists holds one reference to its dentry. */
#include <fs/internal.h>
#include <fs/tmpfs.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/user_ns.h>
#include <lib/format.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define INODES_FEW	4096

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
	if (LINUX_S_ISDIR(mode))
		inode->nlink = 2;
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
static void inherit_group(struct inode *inode, const struct inode *dir)
{
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
	inherit_group(inode, dir->inode);
	if (!inode_set_target(inode, target))
		d = dentry_create(dir, name, length, inode, true);
	if (!d) {
		inode_put(inode);
		return ERR_PTR(-ENOMEM);
	}
	if (LINUX_S_ISDIR(mode))
		dir->inode->nlink++;
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
	inherit_group(inode, dir->inode);
	format_text(name, sizeof(name), "#%llu", (unsigned long long)inode->ino);
	d = dentry_create(dir, name, strlen(name), inode, false);
	if (!d) {
		inode_put(inode);
		return ERR_PTR(-ENOMEM);
	}
	d->flags |= DENTRY_REMOVED;
	return d;
}

static int tmpfs_link(struct dentry *dir, const char *name, size_t length, struct inode *inode)
{
	struct dentry *d;

	inode_get(inode);
	d = dentry_create(dir, name, length, inode, true);
	if (!d) {
		inode_put(inode);
		return -ENOMEM;
	}
	inode->nlink++;
	inode->linkable = false;
	inode->ctime = time_realtime();
	inode_touch(dir->inode);
	return 0;
}

static void drop_name(struct dentry *d)
{
	struct inode *inode = d->inode;

	if (LINUX_S_ISDIR(inode->mode)) {
		d->parent->inode->nlink--;
		inode->nlink = 0;
	} else {
		inode->nlink--;
	}
	inode->ctime = time_realtime();
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

static int tmpfs_rename(struct dentry *from, struct dentry *dir, const char *name, size_t length, struct dentry *over)
{
	struct inode *old_dir = from->parent->inode;
	int err;

	if (over && dentry_has_children(over))
		return -ENOTEMPTY;
	err = dentry_move(from, dir, name, length);
	if (err)
		return err;
	if (LINUX_S_ISDIR(from->inode->mode)) {
		old_dir->nlink--;
		dir->inode->nlink++;
	}
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

static void tmpfs_statfs(struct super *s, struct linux_statfs *to)
{
	struct tmpfs *t = s->priv;

	to->f_blocks = t->max_pages;
	to->f_bfree = to->f_bavail = t->max_pages - t->used_pages;
	to->f_files = t->max_inodes;
	to->f_ffree = t->max_inodes - t->used_inodes;
}

static void tmpfs_destroy(struct super *s)
{
	dentry_drop_tree(s->root);
	kfree(s->priv);
}

static void tmpfs_options(struct super *s, char *to, size_t size)
{
	struct tmpfs *t = s->priv;

	format_text(to, size, ",size=%lluk", (unsigned long long)t->max_pages * (PAGE_SIZE / 1024));
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

struct tmpfs_options {
	uint64_t pages, inodes;
	mode_t mode;
	uint32_t uid, gid;
};

static int parse_size(const char *text, uint64_t *pages)
{
	size_t n = strlen(text);
	unsigned long long v;
	char number[24];

	if (n > 1 && n < sizeof(number) && text[n - 1] == '%') {
		str_copy(number, text, n);
		if (parse_u64(number, 10, 0, &v) || v > 100)
			return -EINVAL;
		*pages = default_pages() * 2 * v / 100;
		return 0;
	}
	if (parse_u64(text, 0, 1, &v))
		return -EINVAL;
	*pages = ALIGN_UP(v, PAGE_SIZE) >> PAGE_SHIFT;
	return 0;
}

static int parse_option(const char *key, const char *value, struct tmpfs_options *o)
{
	unsigned long long v;

	if (!strcmp(key, "size"))
		return parse_size(value, &o->pages);
	if (parse_u64(value, !strcmp(key, "mode") ? 8 : 0, 1, &v))
		return -EINVAL;
	if (!strcmp(key, "mode"))
		o->mode = v & 07777;
	else if (!strcmp(key, "nr_inodes"))
		o->inodes = v;
	else if (!strcmp(key, "nr_blocks"))
		o->pages = v;
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
		if (!value)
			return -EINVAL;
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

	return value && !parse_option(key, value, &o);
}

/* The limits, unless more is in use; the root's mode and owner are the mount's alone. */
static int tmpfs_reconfigure(struct super *s, const char *options)
{
	struct tmpfs_options o = { 0 };
	char *copy = kstrdup(options);
	struct tmpfs *t = s->priv;
	int err = copy ? parse_options(copy, &o) : -ENOMEM;

	kfree(copy);
	if (!err && ((o.pages && o.pages < READ_ONCE(t->used_pages)) || (o.inodes && o.inodes < READ_ONCE(t->used_inodes))))
		err = -EINVAL;
	if (err)
		return err;
	if (o.pages)
		WRITE_ONCE(t->max_pages, o.pages);
	if (o.inodes)
		WRITE_ONCE(t->max_inodes, o.inodes);
	return 0;
}

static const struct super_ops tmpfs_super_ops = {
	.statfs = tmpfs_statfs, .destroy = tmpfs_destroy, .show_options = tmpfs_options, .charge = tmpfs_charge_pages,
	.handles = true, .option_known = tmpfs_option_known, .reconfigure = tmpfs_reconfigure,
};

struct super *tmpfs_super(const char *type, uint64_t max_pages)
{
	struct super *s = super_create(type, &tmpfs_super_ops, LINUX_TMPFS_MAGIC);
	struct tmpfs *t = kzalloc(sizeof(*t));
	struct inode *inode = NULL;

	if (!s || !t)
		goto fail;
	t->max_pages = max_pages ? max_pages : default_pages();
	t->max_inodes = MAX(default_pages(), (uint64_t)INODES_FEW);
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
	struct super *s;
	int err = parse_options(copy, &o);

	kfree(copy);
	if (err)
		return ERR_PTR(err);
	s = tmpfs_super("tmpfs", o.pages);
	if (!s)
		return ERR_PTR(-ENOMEM);
	if (o.inodes)
		((struct tmpfs *)s->priv)->max_inodes = o.inodes;
	s->root->inode->mode = LINUX_S_IFDIR | o.mode;
	s->root->inode->uid = o.uid;
	s->root->inode->gid = o.gid;
	return s;
}

static struct fs_type tmpfs_type = { .name = "tmpfs", .nodev = true, .for_users = true, .mount = tmpfs_mount, .option_known = tmpfs_option_known };

/* memfd_create(2): files of an instance that is never mounted. */
static struct super *memfd_super;

struct file *tmpfs_file_create(const char *name, uint32_t flags)
{
	struct inode *inode = memfd_super ? tmpfs_inode(memfd_super, LINUX_S_IFREG | 0777, 0) : ERR_PTR(-ENOMEM);
	struct file *f;

	if (IS_ERR(inode))
		return ERR_PTR(PTR_ERR(inode));
	inode->nlink = 0;
	inode->seals = SEAL_SEAL;
	f = file_alloc(&tmpfs_file_ops, NULL, flags);
	if (!f) {
		inode_put(inode);
		return ERR_PTR(-ENOMEM);
	}
	f->inode = inode;
	inode_get(inode);
	f->dentry = dentry_create(NULL, name, strlen(name), inode, false);
	if (f->dentry)
		return f;
	inode_put(inode);
	file_put(f);
	return ERR_PTR(-ENOMEM);
}

struct file *tmpfs_file_sized(const char *name, uint32_t flags, uint64_t size, bool promised)
{
	struct file *f = tmpfs_file_create(name, flags);
	int err;

	if (IS_ERR(f))
		return f;
	mutex_lock(&f->inode->lock);
	f->inode->sized = promised;
	err = f->inode->ops->truncate(f->inode, size);
	mutex_unlock(&f->inode->lock);
	if (!err)
		return f;
	file_put(f);
	return ERR_PTR(err);
}

struct file *tmpfs_file_again(const struct file *from, uint32_t flags)
{
	struct file *f = file_alloc(from->ops, NULL, flags);

	if (!f)
		return NULL;
	f->inode = from->inode;
	f->dentry = from->dentry;
	inode_get(f->inode);
	dentry_get(f->dentry);
	return f;
}

bool inode_write_sealed(const struct inode *inode)
{
	return __atomic_load_n(&inode->seals, __ATOMIC_SEQ_CST) & (SEAL_WRITE | SEAL_FUTURE);
}

/*
 * Under the lock that writes and truncations hold: what they do is done before the seal is there. mmap() takes no such lock but looks at the
 * seals after its area is on the list, so one of the two sees the other.
 */
static int seals_add(struct inode *inode, uint32_t seals)
{
	uint32_t before = inode->seals;
	bool looks = seals & ~before & SEAL_WRITE;

	if (before & SEAL_SEAL)
		return -EPERM;
	if (looks && mapping_may_be_written(&inode->mapping))
		return -EBUSY;
	__atomic_store_n(&inode->seals, before | seals, __ATOMIC_SEQ_CST);
	if (!looks || !mapping_may_be_written(&inode->mapping))
		return 0;
	__atomic_store_n(&inode->seals, before, __ATOMIC_SEQ_CST);
	return -EBUSY;
}

int64_t memfd_fcntl(struct file *f, uint32_t cmd, uint64_t arg)
{
	int64_t result;

	if (!f->inode || f->inode->super != memfd_super)
		return -EINVAL;
	if (cmd != LINUX_F_GET_SEALS && (f->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY)
		return -EPERM;
	if (cmd != LINUX_F_GET_SEALS && (arg & ~0x1full))
		return -EINVAL;
	mutex_lock(&f->inode->lock);
	result = cmd == LINUX_F_GET_SEALS ? (int)f->inode->seals : seals_add(f->inode, (uint32_t)arg);
	mutex_unlock(&f->inode->lock);
	return result;
}

SYSCALL(NR_memfd_create, memfd_create)
{
	char name[6 + 250] = "memfd:";
	uint32_t flags = args->a[1];
	struct file *f;
	ssize_t n;

	if (flags & ~(LINUX_MFD_CLOEXEC | LINUX_MFD_ALLOW_SEALING | LINUX_MFD_HUGETLB | LINUX_MFD_HUGE_SIZE))
		return -EINVAL;
	if (!(flags & LINUX_MFD_HUGETLB) && (flags & ~(LINUX_MFD_CLOEXEC | LINUX_MFD_ALLOW_SEALING)))
		return -EINVAL;
	n = strncpy_from_user(name + 6, args->a[0], sizeof(name) - 6);
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	if (flags & LINUX_MFD_HUGETLB)
		return -ENOSYS;	/* as Linux without huge pages */
	f = tmpfs_file_create(name, LINUX_O_RDWR | LINUX_O_LARGEFILE);
	if (IS_ERR(f))
		return PTR_ERR(f);
	if (flags & LINUX_MFD_ALLOW_SEALING)
		f->inode->seals = 0;
	return fd_install_new(f, flags & LINUX_MFD_CLOEXEC ? LINUX_O_CLOEXEC : 0);
}

static int tmpfs_init(void)
{
	fs_setup();
	fs_type_register(&tmpfs_type);
	memfd_super = tmpfs_super("memfd", 0);
	return memfd_super ? 0 : -ENOMEM;
}
INITCALL("2fs", tmpfs_init);
