// SPDX-License-Identifier: GPL-2.0
/*
 * procfs and sysfs: trees of text files that the kernel registers. Registered names stay in the dentry cache; processes are looked up.
 * A text file is generated when it is read from the start, so one reader sees one moment.
 */
#include <fs/proc.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define WRITE_MAX	4096u

struct proc_file {
	struct proc_source source;
	void (*show)(struct seq *s, void *priv);
	int (*write)(void *priv, char *text);
	void *priv;
};

struct super *proc_super;
static struct super proc_super_storage, sys_super_storage;
static struct super *sys_super;

ssize_t proc_text_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct proc_source *source = f->inode->priv;
	struct seq *s = f->priv;

	if (!source->show)
		return -EINVAL;
	if (f->inode->ops->valid && !f->inode->ops->valid(f->inode))
		return -ESRCH;
	if (*pos == 0 || !s->text) {
		seq_free(s);
		source->show(s, f->inode);
		if (s->failed)
			return -ENOMEM;
	}
	return buffer_read(s->text, s->used, to, pos);
}

ssize_t proc_text_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct proc_source *source = f->inode->priv;
	char *text;
	ssize_t n;
	int err;

	if (!source->write && !source->write_file)
		return -EINVAL;
	if (from->left > WRITE_MAX)
		return -EINVAL;
	text = kzalloc(WRITE_MAX + 1);
	if (!text)
		return -ENOMEM;
	n = iter_get(from, text, WRITE_MAX);
	if (n > 0) {
		if (text[n - 1] == '\n')
			text[n - 1] = '\0';
		err = source->write_file ? source->write_file(f, text) : source->write(f->inode, text);
		n = err ? err : n;
	}
	kfree(text);
	return n;
}

static int text_open(struct inode *inode, struct file *f)
{
	const struct proc_source *source = inode->priv;

	f->priv = kzalloc(sizeof(struct seq));
	if (f->priv && source->held)
		source->held(true);
	return f->priv ? 0 : -ENOMEM;
}

void proc_text_release(struct file *f)
{
	const struct proc_source *source = f->inode->priv;

	if (!f->priv)
		return;
	if (source->held)
		source->held(false);
	seq_free(f->priv);
	kfree(f->priv);
}

const struct file_ops proc_text_ops = {
	.read = proc_text_read, .write = proc_text_write, .seek = seek_plain, .open = text_open, .release = proc_text_release,
};

static void file_show(struct seq *s, struct inode *inode)
{
	struct proc_file *p = inode->priv;

	p->show(s, p->priv);
}

static int file_write(struct inode *inode, char *text)
{
	struct proc_file *p = inode->priv;

	return p->write(p->priv, text);
}

static void file_destroy(struct inode *inode)
{
	kfree(inode->priv);
}

static int root_iterate(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	if (dir_emit_dots(f, emit, arg) && dentry_emit_children(f, proc_super->root, emit, arg))
		proc_pid_emit(f, emit, arg);
	return 0;
}

/* inode->priv of a directory is its name in the tree of what is registered, NULL once that is gone; vfs_lock guards it. */
static struct dentry *dir_lookup(struct dentry *dir, const char *name, size_t length)
{
	struct dentry *registered = dir->inode->priv;

	return proc_mirror(dir, registered == dir ? NULL : registered, name, length);
}

static int dir_iterate(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	struct dentry *registered = f->inode->priv;

	if (dir_emit_dots(f, emit, arg) && registered)
		dentry_emit_children(f, registered, emit, arg);
	return 0;
}

static const struct inode_ops file_inode_ops = { .destroy = file_destroy };
static ssize_t link_readlink(struct inode *inode, char *to, size_t size)
{
	size_t n = MIN(strlen(inode->priv), size);

	memcpy(to, inode->priv, n);
	return n;
}

static const struct inode_ops link_inode_ops = { .readlink = link_readlink, .destroy = file_destroy };
static const struct inode_ops dir_inode_ops = { .lookup = dir_lookup };
/* What is registered stands in the cache of the first instance. */
static struct dentry *root_lookup(struct dentry *dir, const char *name, size_t length)
{
	struct dentry *d = proc_pid_lookup(dir, name, length);

	return PTR_ERR(d) == -ENOENT && dir != proc_super->root ? proc_mirror(dir, proc_super->root, name, length) : d;
}

static const struct inode_ops root_inode_ops = { .lookup = root_lookup };
static const struct file_ops dir_ops = { .iterate = dir_iterate, .seek = seek_plain };
static const struct file_ops root_ops = { .iterate = root_iterate, .seek = seek_plain };

static void proc_statfs(struct super *s, struct linux_statfs *to)
{
}

static const struct super_ops proc_super_ops = { .statfs = proc_statfs };

static void super_setup(struct super *s, const struct inode_ops *root_inode, const struct file_ops *root)
{
	struct inode *inode;

	super_init(s);
	s->ops = &proc_super_ops;
	inode = inode_create(s, LINUX_S_IFDIR | 0555, root_inode, root);
	s->root = inode ? dentry_create(NULL, "", 0, inode, false) : NULL;
	BUG_ON(!s->root);
	inode->nlink = 2;
}

static void proc_setup(void)
{
	if (proc_super)
		return;
	fs_setup();
	proc_super = &proc_super_storage;
	*proc_super = (struct super){ .type = "proc", .magic = LINUX_PROC_MAGIC, .dev = 0xff };
	super_setup(proc_super, &root_inode_ops, &root_ops);
	sys_super = &sys_super_storage;
	*sys_super = (struct super){ .type = "sysfs", .magic = LINUX_SYSFS_MAGIC, .dev = 0xfe };
	super_setup(sys_super, &dir_inode_ops, &dir_ops);
	sys_super->root->inode->priv = sys_super->root;
}

/* A directory or file with the extra reference of existing; counted once more. vfs_lock held. */
static struct dentry *make(struct dentry *dir, const char *name, size_t length, mode_t mode, const struct file_ops *file, void *p)
{
	bool is_dir = LINUX_S_ISDIR(mode);
	const struct inode_ops *ops = is_dir ? &dir_inode_ops : LINUX_S_ISLNK(mode) ? &link_inode_ops : &file_inode_ops;
	struct inode *inode = inode_create(dir->inode->super, mode, ops, is_dir ? &dir_ops : file);
	struct dentry *d;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	inode->uid = inode->gid = 0;
	d = dentry_create(dir, name, length, inode, true);
	if (!d) {
		inode_put(inode);
		return ERR_PTR(-ENOMEM);
	}
	inode->priv = p;
	if (is_dir) {
		inode->nlink = 2;
		inode->priv = d;
	}
	dentry_get(d);
	return d;
}

/* The directory of the last part, made when missing (@create): counted, ERR_PTR. */
static struct dentry *parent_of(struct super *s, const char **path, bool create)
{
	struct dentry *dir = s->root, *d;
	const char *slash;

	dentry_get(dir);
	while ((slash = strchr(*path, '/'))) {
		d = dentry_find(dir, *path, slash - *path);
		if (!d && create)
			d = make(dir, *path, slash - *path, LINUX_S_IFDIR | 0555, NULL, NULL);
		dentry_put(dir);
		if (!d || IS_ERR(d))
			return d ? d : ERR_PTR(-ENOENT);
		dir = d;
		*path = slash + 1;
	}
	return dir;
}

/* On failure @p stays the caller's. */
static int add(struct super *s, const char *path, mode_t mode, const struct file_ops *file, void *p)
{
	struct dentry *dir, *d;
	int err = 0;

	mutex_lock(&vfs_lock);
	dir = parent_of(s, &path, true);
	if (IS_ERR(dir)) {
		err = PTR_ERR(dir);
		goto unlock;
	}
	d = dentry_find(dir, path, strlen(path));
	if (d) {
		err = -EEXIST;
	} else {
		d = make(dir, path, strlen(path), mode, file, p);
		err = IS_ERR(d) ? PTR_ERR(d) : 0;
	}
	if (!IS_ERR(d))
		dentry_put(d);
	dentry_put(dir);
unlock:
	mutex_unlock(&vfs_lock);
	return err;
}

static int text_create(bool sys, const char *path, mode_t mode, void (*show)(struct seq *s, void *priv),
		       int (*write)(void *priv, char *text), void (*held)(bool open), void *priv)
{
	struct proc_file *p = kzalloc(sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	proc_setup();
	p->source.show = show ? file_show : NULL;
	p->source.write = write ? file_write : NULL;
	p->source.held = held;
	p->show = show;
	p->write = write;
	p->priv = priv;
	err = add(sys ? sys_super : proc_super, path, LINUX_S_IFREG | (mode & 0777), &proc_text_ops, p);
	if (err)
		kfree(p);
	return err;
}

int proc_create_rw(const char *path, mode_t mode, void (*show)(struct seq *s, void *priv),
		   int (*write)(void *priv, char *text), void *priv)
{
	return text_create(false, path, mode, show, write, NULL, priv);
}

int proc_create_held(const char *path, mode_t mode, void (*show)(struct seq *s, void *priv), void (*held)(bool open))
{
	return text_create(false, path, mode, show, NULL, held, NULL);
}

int sys_create(const char *path, mode_t mode, void (*show)(struct seq *s, void *priv), void *priv)
{
	return text_create(true, path, mode, show, NULL, NULL, priv);
}

int sys_create_rw(const char *path, mode_t mode, void (*show)(struct seq *s, void *priv),
		  int (*write)(void *priv, char *text), void *priv)
{
	return text_create(true, path, mode, show, write, NULL, priv);
}

int sys_link(const char *path, const char *target)
{
	char *text = kstrdup(target);
	int err;

	proc_setup();
	err = text ? add(sys_super, path, LINUX_S_IFLNK | 0777, &proc_text_ops, text) : -ENOMEM;
	if (err)
		kfree(text);
	return err;
}

int sys_dir(const char *path)
{
	proc_setup();
	return add(sys_super, path, LINUX_S_IFDIR | 0555, NULL, NULL);
}

int proc_create_file(const char *path, mode_t mode, const struct file_ops *ops)
{
	proc_setup();
	return add(proc_super, path, LINUX_S_IFREG | (mode & 0777), ops, NULL);
}

int proc_create(const char *path, mode_t mode, void (*show)(struct seq *s, void *priv), void *priv)
{
	return proc_create_rw(path, mode, show, NULL, priv);
}

static void number_show(struct seq *s, void *priv)
{
	seq_printf(s, "%lu\n", (unsigned long)priv);
}

/* To set what is so already is no error: who sets a list of numbers goes on. */
static int number_write(void *priv, char *text)
{
	unsigned long long number;

	return parse_u64(text, 10, 0, &number) || number != (unsigned long)priv ? -EINVAL : 0;
}

int proc_create_number(const char *path, unsigned long number)
{
	return proc_create_rw(path, 0444, number_show, number_write, (void *)number);
}

static void limit_show(struct seq *s, void *priv)
{
	const struct proc_limit *l = priv;

	seq_printf(s, "%ld\n", READ_ONCE(l->value));
}

static int limit_write(void *priv, char *text)
{
	struct proc_limit *l = priv;
	unsigned long long value;

	if (parse_u64(text, 10, 0, &value) || value < (unsigned long)l->least || value > (unsigned long)l->most)
		return -EINVAL;
	WRITE_ONCE(l->value, (long)value);
	return 0;
}

int proc_create_limit(struct proc_limit *l)
{
	return proc_create_rw(l->path, 0644, limit_show, limit_write, l);
}

/* Take away @d, which is counted here, with what is below it. vfs_lock held. */
static void drop(struct dentry *d)
{
	struct dentry *child;

	while ((child = dentry_first_child(d)))
		drop(child);
	if (LINUX_S_ISDIR(d->inode->mode))
		d->inode->priv = NULL;
	dentry_unhash(d);
	dentry_put(d);
	dentry_put(d);
}

static void text_remove(struct super *s, const char *path)
{
	struct dentry *dir, *d;

	mutex_lock(&vfs_lock);
	dir = parent_of(s, &path, false);
	if (!IS_ERR(dir)) {
		d = dentry_find(dir, path, strlen(path));
		if (d)
			drop(d);
		dentry_put(dir);
	}
	mutex_unlock(&vfs_lock);
}

void proc_remove(const char *path)
{
	proc_setup();
	text_remove(proc_super, path);
}

void sys_remove(const char *path)
{
	proc_setup();
	text_remove(sys_super, path);
}

static struct super *sys_mount(const char *source, const char *options)
{
	ref_get(&sys_super->ref);
	return sys_super;
}

static struct fs_type sys_type = { .name = "sysfs", .nodev = true, .mount = sys_mount };

static struct super *proc_mount(const char *source, const char *options)
{
	struct pid_ns *ns = pid_ns_current();
	int err = proc_may_mount();

	if (err)
		return ERR_PTR(err);
	if (ns)
		return proc_ns_super(ns, &root_inode_ops, &root_ops);
	ref_get(&proc_super->ref);
	return proc_super;
}

static struct fs_type proc_type = { .name = "proc", .nodev = true, .for_users = true, .mount = proc_mount };

static int proc_init(void)
{
	proc_setup();
	fs_type_register(&proc_type);
	fs_type_register(&sys_type);
	return 0;
}
INITCALL("2fs", proc_init);
