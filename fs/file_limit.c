// SPDX-License-Identifier: GPL-2.0
/*
 * How many files may be open in all (/proc/sys/fs/file-max), how many there are, and how many inodes and names; formats, default and bounds are
 * those of Linux's Documentation/admin-guide/sysctl/fs.rst: a file counts as a KiB with what hangs on it, and all may take a tenth of the
 * memory that is free at start-up. Inodes and names that nobody uses are either gone or files in memory, so none is told as unused. Locks: none.
 */
#include <fs/internal.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <mm/page.h>

#define FILES_LEAST	8192
#define SHARE		10
#define UNUSED_AGE	45	/* seconds: Linux tells it, and does nothing with it either */

static struct proc_limit file_max = { "sys/fs/file-max", FILES_LEAST, 0, INT64_MAX };
static uint64_t nr_files;	/* atomic */

void files_count(int by)
{
	__atomic_fetch_add(&nr_files, (uint64_t)(int64_t)by, __ATOMIC_RELAXED);
}

bool files_full(void)
{
	return READ_ONCE(nr_files) >= (uint64_t)READ_ONCE(file_max.value);
}

static unsigned long long ull(uint64_t v)
{
	return v;
}

static void file_nr_show(struct seq *s, void *priv)
{
	seq_printf(s, "%llu\t0\t%ld\n", ull(READ_ONCE(nr_files)), READ_ONCE(file_max.value));
}

static void inode_nr_show(struct seq *s, void *priv)
{
	seq_printf(s, "%llu\t0\n", ull(inodes_used()));
}

static void inode_state_show(struct seq *s, void *priv)
{
	seq_printf(s, "%llu\t0\t0\t0\t0\t0\t0\n", ull(inodes_used()));
}

static void dentry_state_show(struct seq *s, void *priv)
{
	seq_printf(s, "%llu\t0\t%u\t0\t0\t0\n", ull(dentries_used()), UNUSED_AGE);
}

static int file_limit_init(void)
{
	struct frame_stats stats;
	uint64_t kept;
	int err;

	frame_stats(&stats);
	kept = MIN((stats.total - stats.free) * 3 / 2, stats.total - 1);
	file_max.value = (long)MAX((stats.total - kept) * (PAGE_SIZE / 1024) / SHARE, (uint64_t)FILES_LEAST);
	err = proc_create_limit(&file_max);
	if (!err)
		err = proc_create("sys/fs/file-nr", 0444, file_nr_show, NULL);
	if (!err)
		err = proc_create("sys/fs/inode-nr", 0444, inode_nr_show, NULL);
	if (!err)
		err = proc_create("sys/fs/inode-state", 0444, inode_state_show, NULL);
	return err ? err : proc_create("sys/fs/dentry-state", 0444, dentry_state_show, NULL);
}
INITCALL("2fs", file_limit_init);
