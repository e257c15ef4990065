/* SPDX-License-Identifier: GPL-2.0 */
/* Inside fs/: procfs's parts. proc.c has the tree and text files, proc_pid.c the processes, proc_system.c the fixed files. */
#ifndef FS_PROC_H
#define FS_PROC_H

#include <fs/internal.h>
#include <fs/vfs.h>

struct pid_ns;
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

/* The PID namespace whose numbers the instance with @inode shows; NULL: the first. */
static inline struct pid_ns *proc_ns_of(const struct inode *inode)
{
	return inode->super->priv;
}

/* proc_ns.c: a registered name in @dir of an instance of another namespace: counted, -ENOENT, -ENOMEM. */
struct dentry *proc_mirror(struct dentry *dir, struct dentry *registered, const char *name, size_t length);
/* A new instance for @ns. ERR_PTR. */
struct super *proc_ns_super(struct pid_ns *ns, const struct inode_ops *iops, const struct file_ops *fops);
/* May the current thread mount one? 0 or -EPERM. */
int proc_may_mount(void);

/* proc_pid.c: names below /proc that are numbers, and "self". */
struct dentry *proc_pid_lookup(struct dentry *dir, const char *name, size_t length);
bool proc_pid_emit(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg);

#endif
