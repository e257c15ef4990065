// SPDX-License-Identifier: GPL-2.0
/* Open files: their life, kernel reads and writes, the page border of mappings. */
#include <fs/internal.h>
#include <fs/lease.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <mm/pagecache.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

static struct slab_cache *file_cache;

static bool file_admit(void)
{
	if (likely(!files_full()))
		return true;
	return !current_process || current_process->syscalls == SYSCALLS_DRIVER || privileged(LINUX_CAP_SYS_ADMIN);
}

int file_alloc_error(void)
{
	return file_admit() ? -ENOMEM : -ENFILE;
}

struct file *file_alloc(const struct file_ops *ops, void *priv, uint32_t flags)
{
	struct file *f;

	if (unlikely(!file_admit()))
		return NULL;
	if (!file_cache)
		file_cache = slab_create("file", sizeof(struct file), 16);
	f = file_cache ? slab_alloc(file_cache) : NULL;
	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f));
	files_count(1);
	ref_init(&f->ref);
	f->ops = ops;
	f->priv = priv;
	f->flags = flags;
	mutex_init(&f->pos_lock, "file_pos");
	list_init(&f->epoll_items);
	return f;
}

void file_get(struct file *f)
{
	ref_get(&f->ref);
}

void file_put(struct file *f)
{
	if (!f || !ref_put(&f->ref))
		return;
	epoll_forget_file(f);
	if (f->inode) {
		file_locks_release(f);
		lease_release(f);
		dnotify_forget(f, NULL);
	}
	file_owner_free(f);
	file_uncount(f);
	notify_file(f, (f->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY ? LINUX_IN_CLOSE_NOWRITE : LINUX_IN_CLOSE_WRITE);
	if (f->ops->release)
		f->ops->release(f);
	dentry_put(f->dentry);
	inode_put(f->inode);
	mount_put(f->mount);	/* last: an inode's end needs its file system */
	slab_free(file_cache, f);
	files_count(-1);
}

ssize_t file_read_kernel(struct file *f, void *to, size_t n, loff_t pos)
{
	struct iovec_k vec;
	struct iter it;

	if (!f->ops->read)
		return -EINVAL;
	iter_init_one(&it, &vec, (uint64_t)to, n, true);
	return f->ops->read(f, &it, &pos);
}

ssize_t file_write_kernel(struct file *f, const void *from, size_t n, loff_t pos)
{
	struct iovec_k vec;
	struct iter it;

	if (!f->ops->write)
		return -EINVAL;
	iter_init_one(&it, &vec, (uint64_t)from, n, true);
	return f->ops->write(f, &it, &pos);
}

struct page *file_get_page(struct file *f, uint64_t index)
{
	struct inode *inode = f->inode;

	if (!inode || !inode->ops || !inode->ops->get_page)
		return ERR_PTR(-ENODEV);
	return inode->ops->get_page(inode, index);
}

int process_open_console(struct process *p)
{
	struct super *s = devtmpfs_super_get();
	struct file *f;
	struct path at;
	int fd, err = 0;

	at = (struct path){ root_mount, dentry_find(s->root, "console", 7) };
	if (!at.dentry)
		return -ENOENT;
	f = file_open_path(&at, LINUX_O_RDWR | LINUX_O_NOCTTY);
	dentry_put(at.dentry);
	if (IS_ERR(f))
		return PTR_ERR(f);
	for (fd = 0; fd < 3 && err >= 0; fd++)
		err = fd_install(p->files, f, fd, false);
	file_put(f);
	return err < 0 ? err : 0;
}
