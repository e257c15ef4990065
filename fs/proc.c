// SPDX-License-Identifier: GPL-2.0
/*
 * procfs: the tree and the text files that the kernel registers. Registered names stay in the dentry cache; processes are looked up.
 * A text file is generated when it is read from the start, so one reader sees one moment.
 */
#include <fs/proc.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define WRITE_MAX	4096u

struct proc_file {
	struct proc_source source;
	void (*show)(struct seq *s, void *priv);
	ssize_t (*write)(void *priv, char *text, size_t n);
	void *priv;
};

struct super *proc_super;
static struct super proc_super_storage;

static ssize_t text_read(struct file *f, struct iter *to, loff_t *pos)
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

static ssize_t text_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct proc_source *source = f->inode->priv;
	char *text;
	ssize_t n;

	if (!source->write)
		return -EINVAL;
	if (from->left > WRITE_MAX)
		return -EINVAL;
	text = kzalloc(WRITE_MAX + 1);
	if (!text)
		return -ENOMEM;
	n = iter_get(from, text, WRITE_MAX);
	if (n > 0)
		n = source->write(f->inode, text, n);
	kfree(text);
	return n;
}

static loff_t text_seek(struct file *f, loff_t offset, int whence)
{
	if (whence == LINUX_SEEK_CUR)
		offset += f->pos;
	else if (whence != LINUX_SEEK_SET)
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	f->pos = offset;
	return offset;
}

static int text_open(struct inode *inode, struct file *f)
{
	f->priv = kzalloc(sizeof(struct seq));
	return f->priv ? 0 : -ENOMEM;
}

static void text_release(struct file *f)
{
	if (f->priv)
		seq_free(f->priv);
	kfree(f->priv);
}

const struct file_ops proc_text_ops = {
	.read = text_read, .write = text_write, .seek = text_seek, .open = text_open, .release = text_release,
};

static void file_show(struct seq *s, struct inode *inode)
{
	struct proc_file *p = inode->priv;

	p->show(s, p->priv);
}

static ssize_t file_write(struct inode *inode, char *text, size_t n)
{
	struct proc_file *p = inode->priv;

	return p->write(p->priv, text, n);
}

static void file_destroy(struct inode *inode)
{
	kfree(inode->priv);
}

static int root_iterate(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	if (dir_emit_dots(f, emit, arg) && dentry_emit_children(f, f->dentry, emit, arg))
		proc_pid_emit(f, emit, arg);
	return 0;
}

static const struct inode_ops file_inode_ops = { .destroy = file_destroy };
static const struct inode_ops dir_inode_ops = { 0 };
static const struct inode_ops root_inode_ops = { .lookup = proc_pid_lookup };
static const struct file_ops dir_ops = { .iterate = dentry_iterate, .seek = dir_seek };
static const struct file_ops root_ops = { .iterate = root_iterate, .seek = dir_seek };

static void proc_statfs(struct super *s, struct linux_statfs *to)
{
}

static const struct super_ops proc_super_ops = { .statfs = proc_statfs };

static void proc_setup(void)
{
	struct inode *inode;

	if (proc_super)
		return;
	fs_setup();
	proc_super = &proc_super_storage;
	ref_init(&proc_super->ref);
	proc_super->type = "proc";
	proc_super->ops = &proc_super_ops;
	proc_super->magic = LINUX_PROC_MAGIC;
	proc_super->dev = 0xff;
	inode = inode_create(proc_super, LINUX_S_IFDIR | 0555, &root_inode_ops, &root_ops);
	proc_super->root = inode ? dentry_create(NULL, "", 0, inode, false) : NULL;
	BUG_ON(!proc_super->root);
	inode->nlink = 2;
}

/* A directory or file with the extra reference of existing; counted once more. vfs_lock held. */
static struct dentry *make(struct dentry *dir, const char *name, size_t length, mode_t mode, struct proc_file *p)
{
	bool is_dir = LINUX_S_ISDIR(mode);
	struct inode *inode = inode_create(proc_super, mode, is_dir ? &dir_inode_ops : &file_inode_ops, is_dir ? &dir_ops : &proc_text_ops);
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
	if (is_dir)
		inode->nlink = 2;
	dentry_get(d);
	return d;
}

/* The directory of the last part, made when missing (@create): counted, ERR_PTR. */
static struct dentry *parent_of(const char **path, bool create)
{
	struct dentry *dir = proc_super->root, *d;
	const char *slash;

	dentry_get(dir);
	while ((slash = strchr(*path, '/'))) {
		d = dentry_find(dir, *path, slash - *path);
		if (!d && create)
			d = make(dir, *path, slash - *path, LINUX_S_IFDIR | 0555, NULL);
		dentry_put(dir);
		if (!d || IS_ERR(d))
			return d ? d : ERR_PTR(-ENOENT);
		dir = d;
		*path = slash + 1;
	}
	return dir;
}

static int add(const char *path, mode_t mode, struct proc_file *p)
{
	struct dentry *dir, *d;
	int err = 0;

	mutex_lock(&vfs_lock);
	dir = parent_of(&path, true);
	if (IS_ERR(dir)) {
		err = PTR_ERR(dir);
		goto unlock;
	}
	d = dentry_find(dir, path, strlen(path));
	if (d) {
		err = -EEXIST;
	} else {
		d = make(dir, path, strlen(path), LINUX_S_IFREG | mode, p);
		err = IS_ERR(d) ? PTR_ERR(d) : 0;
	}
	if (!IS_ERR(d))
		dentry_put(d);
	dentry_put(dir);
unlock:
	mutex_unlock(&vfs_lock);
	return err;
}

int proc_create_rw(const char *path, mode_t mode, void (*show)(struct seq *s, void *priv),
		   ssize_t (*write)(void *priv, char *text, size_t n), void *priv)
{
	struct proc_file *p = kzalloc(sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	proc_setup();
	p->source.show = show ? file_show : NULL;
	p->source.write = write ? file_write : NULL;
	p->show = show;
	p->write = write;
	p->priv = priv;
	err = add(path, mode & 0777, p);
	if (err)
		kfree(p);
	return err;
}

int proc_create(const char *path, mode_t mode, void (*show)(struct seq *s, void *priv), void *priv)
{
	return proc_create_rw(path, mode, show, NULL, priv);
}

void proc_remove(const char *path)
{
	struct dentry *dir, *d;

	proc_setup();
	mutex_lock(&vfs_lock);
	dir = parent_of(&path, false);
	if (!IS_ERR(dir)) {
		d = dentry_find(dir, path, strlen(path));
		if (d) {
			dentry_unhash(d);
			dentry_put(d);
			dentry_put(d);
		}
		dentry_put(dir);
	}
	mutex_unlock(&vfs_lock);
}

static struct super *proc_mount(const char *source, const char *options)
{
	ref_get(&proc_super->ref);
	return proc_super;
}

static struct fs_type proc_type = { .name = "proc", .nodev = true, .mount = proc_mount };

static int proc_init(void)
{
	proc_setup();
	fs_type_register(&proc_type);
	return 0;
}
INITCALL("2fs", proc_init);
