/* SPDX-License-Identifier: GPL-2.0 */
/* Inside fs/: procfs's parts. proc.c has the tree and text files, proc_pid.c the processes, proc_system.c the fixed files. */
#ifndef FS_PROC_H
#define FS_PROC_H

#include <fs/internal.h>
#include <fs/vfs.h>

struct process;

/* A text file: the snapshot lies in file->priv. An op fills it; @arg is the inode's. */
extern const struct file_ops proc_text_ops;
/* Its parts, for those with more in file->priv, which begins with a struct seq, and is allocated. */
ssize_t proc_text_read(struct file *f, struct iter *to, loff_t *pos);
ssize_t proc_text_write(struct file *f, struct iter *from, loff_t *pos);
void proc_text_release(struct file *f);

/* What a file's inode->priv points to first. */
struct proc_source {
	void (*show)(struct seq *s, struct inode *inode);
	int (*write)(struct inode *inode, char *text);
	int (*write_file)(struct file *f, char *text);	/* instead, where it matters who opened it */
	void (*held)(bool open);	/* may be NULL: each time that it is opened, and when that is over */
};

extern struct super *proc_super;

/* proc_pid.c: names below /proc that are numbers, and "self". */
struct dentry *proc_pid_lookup(struct dentry *dir, const char *name, size_t length);
bool proc_pid_emit(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg);

#endif
