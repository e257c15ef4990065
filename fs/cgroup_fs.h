/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of the file system "cgroup2". */
#ifndef FS_CGROUP_FS_H
#define FS_CGROUP_FS_H

#include <fs/proc.h>
#include <kernel/cgroup.h>

#define PROCS		"cgroup.procs"

struct attribute;

struct cgroup_file {
	struct proc_source source;	/* first, for proc_text_ops */
	struct cgroup *group;		/* counted; NULL: the root */
	const struct attribute *attribute;
};

extern struct super cgroup_super;
extern const struct super_ops cgroup_super_ops;
extern struct fs_type cgroup_type;

/* cgroup_mount.c: the files that move processes, and whether namespaces are boundaries of who may do what. */
extern const struct file_ops cgroup_moving_ops;
int cgroup_moving_write(struct file *f, char *text);
bool cgroup_delegates(void);

#endif
