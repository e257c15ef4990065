// SPDX-License-Identifier: GPL-2.0
/*
 * How often a file is open for reading alone, for writing, and as the program of an address space: what leases compare, and why a program that
 * runs is not written to (ETXTBSY). Counts are raised before the other side's is looked at, so that one of two sees the other.
 */
#include <fs/internal.h>
#include <fs/vfs.h>

static uint32_t *count_of(const struct file *f)
{
	return (f->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY ? &f->inode->nr_readers : &f->inode->nr_writers;
}

int file_count(struct file *f)
{
	uint32_t *count = count_of(f);

	if (f->flags & LINUX_O_PATH)
		return 0;
	__atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
	f->counted = true;
	return count == &f->inode->nr_writers && inode_runs(f->inode) ? -ETXTBSY : 0;
}

void file_uncount(struct file *f)
{
	if (f->counted)
		__atomic_fetch_sub(count_of(f), 1, __ATOMIC_SEQ_CST);
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
