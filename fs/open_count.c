// SPDX-License-Identifier: GPL-2.0
/*
 * How often a file is open for reading alone, for writing, and as the program of an address space: what leases compare, and why a program that
 * runs is not written to (ETXTBSY). And how many files of a mount and of a file system are open for writing, which then do not become read only.
 * Counts are raised before the other side's is looked at, so that one of two sees the other.
 */
#include <fs/internal.h>
#include <fs/vfs.h>

static uint32_t *count_of(const struct file *f)
{
	return (f->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY ? &f->inode->nr_readers : &f->inode->nr_writers;
}

/* What keeps a mount from becoming read only. */
static bool writes_here(const struct file *f)
{
	return unlikely((f->flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY) && f->mount && LINUX_S_ISREG(f->inode->mode);
}

/* Who makes it so says it first, then counts, and takes it back under the lock that is taken here when it is seen. */
static bool is_read_only(const struct file *f)
{
	struct path p = { f->mount, f->dentry };
	bool on;

	if (likely(!mount_read_only(&p)))
		return false;
	mutex_lock(&vfs_lock);
	on = mount_read_only(&p);
	mutex_unlock(&vfs_lock);
	return on;
}

int file_count(struct file *f)
{
	uint32_t *count = count_of(f);

	if (f->flags & LINUX_O_PATH)
		return 0;
	__atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
	f->counted = true;
	if (writes_here(f)) {
		__atomic_fetch_add(&f->mount->nr_writers, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&f->mount->super->nr_writers, 1, __ATOMIC_SEQ_CST);
		if (unlikely(is_read_only(f)))
			return -EROFS;
	}
	return count == &f->inode->nr_writers && inode_runs(f->inode) ? -ETXTBSY : 0;
}

void file_uncount(struct file *f)
{
	if (!f->counted)
		return;
	__atomic_fetch_sub(count_of(f), 1, __ATOMIC_SEQ_CST);
	if (!writes_here(f))
		return;
	__atomic_fetch_sub(&f->mount->nr_writers, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&f->mount->super->nr_writers, 1, __ATOMIC_SEQ_CST);
}

bool inode_runs(const struct inode *inode)
{
	return __atomic_load_n(&inode->nr_running, __ATOMIC_SEQ_CST);
}

bool inode_is_written(const struct inode *inode)
{
	return __atomic_load_n(&inode->nr_writers, __ATOMIC_SEQ_CST);
}

int file_run(struct file *f)
{
	__atomic_fetch_add(&f->inode->nr_running, 1, __ATOMIC_SEQ_CST);
	if (inode_is_written(f->inode)) {
		__atomic_fetch_sub(&f->inode->nr_running, 1, __ATOMIC_SEQ_CST);
		return -ETXTBSY;
	}
	file_get(f);
	return 0;
}

void file_run_again(struct file *f)
{
	__atomic_fetch_add(&f->inode->nr_running, 1, __ATOMIC_SEQ_CST);
	file_get(f);
}

void file_run_end(struct file *f)
{
	__atomic_fetch_sub(&f->inode->nr_running, 1, __ATOMIC_SEQ_CST);
	file_put(f);
}
