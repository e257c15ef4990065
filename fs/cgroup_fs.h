/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of the file system "cgroup2". */
#ifndef FS_CGROUP_FS_H
#define FS_CGROUP_FS_H

#include <fs/proc.h>
#include <kernel/cgroup.h>

#define PROCS		"cgroup.procs"

#define IN_ROOT		1u
#define DELEGATED	2u	/* may be written inside a namespace whose root it belongs to */
#define MOVES		4u	/* processes: written by procs_write() */

struct attribute {
	const char *name;
	uint32_t flags;
	void (*show)(struct seq *s, struct cgroup *g);
	int (*write)(struct cgroup *g, char *text);
};

struct cgroup_file {
	struct proc_source source;	/* first, for proc_text_ops */
	struct cgroup *group;		/* counted; NULL: the root */
	const struct attribute *attribute;
};

extern struct super cgroup_super;
extern const struct super_ops cgroup_super_ops;
extern struct fs_type cgroup_type;

/* A limit of so many of @unit, or "max". */
void cgroup_limit_show(struct seq *s, uint64_t limit, uint64_t unit);
/* "max" or a number; @suffix: with K, M or G. 0 or -EINVAL. */
int cgroup_limit_parse(const char *text, bool suffix, uint64_t *limit);

/* cgroup_memory.c; not in the root. */
#define CGROUP_MEMORY_FILES	11u
extern const struct attribute cgroup_memory_attributes[CGROUP_MEMORY_FILES];

/* cgroup_mount.c: the files that move processes, and whether namespaces are boundaries of who may do what. */
extern const struct file_ops cgroup_moving_ops;
int cgroup_moving_write(struct file *f, char *text);
bool cgroup_delegates(void);

#endif
