/* SPDX-License-Identifier: GPL-2.0 */
/* Inside fs/: the two halves of /proc/<pid>, the tree (proc_pid.c) and the texts (proc_pid_text.c). */
#ifndef FS_PROC_PID_H
#define FS_PROC_PID_H

#include <fs/proc.h>

/* Numbers of entries that code asks for. */
#define PROC_EXE	12
#define PROC_CWD	13
#define PROC_ROOT	14
#define PROC_NET_FIRST	64	/* of those that proc_net_add() makes */
#define PROC_NET_MAX	36	/* up to PROC_NS_FIRST */
#define PROC_NS_FIRST	100	/* with the kind, and NS_KINDS more for those of children */
#define PROC_NS_NR	10

struct proc_entry {
	const char *name;
	mode_t mode;
	uint32_t number;	/* low bits of the inode number */
	void (*show)(struct seq *s, struct inode *inode);
	int (*write)(struct inode *inode, char *text);
	const struct inode_ops *ops;
	const struct file_ops *fops;
	const struct proc_entry *below;	/* of a directory with fixed names */
	uint32_t nr_below;
};

/* One more file in each /proc/<pid>/net. At boot. */
void proc_net_add(const char *name, void (*show)(struct seq *s, struct inode *inode));

/* inode->priv of everything below /proc/<pid>. */
struct proc_node {
	struct proc_source source;
	struct process *process;	/* counted */
	pid_t tid;			/* below /proc/<pid>/task/<tid>; 0: the process */
	const struct proc_entry *entry;
	union {
		int fd;				/* in /proc/<pid>/fd */
		struct {
			vaddr_t start, end;	/* of the area in /proc/<pid>/map_files */
		};
	};
};

struct process *proc_node_process(const struct inode *inode);
/* The process whose directory /proc/<pid> @f is, with a reference; NULL: it is something else. */
struct process *proc_pid_of(const struct file *f);
/* The root or the directory of @p, counted. -ENOENT: it has ended. */
int proc_context_path(struct process *p, bool root, struct path *to);
/* A node of @p by the name that @dir looks up: a dentry with a reference, ERR_PTR. */
struct dentry *proc_node_make(struct dentry *dir, const char *name, size_t length, struct process *p, const struct proc_entry *e);
void proc_node_destroy(struct inode *inode);
bool proc_node_valid(struct inode *inode);
/* What a link to the open file @f says; where it leads, counted (-ENOENT: nowhere). */
ssize_t proc_file_text(const struct file *f, char *to, size_t size);
int proc_file_path(struct file *f, struct path *to);
/* A path to a file that has an inode and no name (a pipe), for opening /proc/self/fd/N: counted. */
int proc_anonymous_path(struct file *f, struct path *to);

extern const struct file_ops proc_mem_ops, proc_auxv_ops;	/* proc_mem.c */
extern const struct file_ops proc_uid_map_ops, proc_gid_map_ops, proc_projid_map_ops, proc_setgroups_ops;	/* proc_user_ns.c */
extern const struct file_ops proc_timens_offsets_ops;	/* proc_time_ns.c */
/* What is written at once, from the beginning, less than a page: an ended copy. ERR_PTR. */
char *proc_text_get(struct iter *from, loff_t pos);

/* proc_pid_text.c. The memory of the process, counted; NULL: there is none, or not for who asks. */
struct space *proc_space_to_read(struct inode *inode);

void proc_pid_core_filter(struct seq *s, struct inode *inode);	/* proc_pid_memory.c */
int proc_pid_set_core_filter(struct inode *inode, char *text);
int proc_pid_clear_refs(struct inode *inode, char *text);
void proc_pid_numa_maps(struct seq *s, struct inode *inode);	/* proc_pid_numa.c */
void proc_pid_schedstat(struct seq *s, struct inode *inode);	/* proc_pid_sched.c */
void proc_pid_sched(struct seq *s, struct inode *inode);
void proc_pid_stack(struct seq *s, struct inode *inode);
void proc_pid_oom_score(struct seq *s, struct inode *inode);
void proc_pid_oom_score_adj(struct seq *s, struct inode *inode);
void proc_pid_oom_adj(struct seq *s, struct inode *inode);
int proc_pid_set_oom_score_adj(struct inode *inode, char *text);
int proc_pid_set_oom_adj(struct inode *inode, char *text);
void proc_pid_smaps_rollup(struct seq *s, struct inode *inode);
void proc_pid_personality(struct seq *s, struct inode *inode);
void proc_pid_timer_slack(struct seq *s, struct inode *inode);
int proc_pid_set_timer_slack(struct inode *inode, char *text);
void proc_fdinfo_show(struct seq *s, struct inode *inode);
void proc_pid_stat(struct seq *s, struct inode *inode);
void proc_pid_status(struct seq *s, struct inode *inode);
void proc_pid_cmdline(struct seq *s, struct inode *inode);
void proc_pid_comm(struct seq *s, struct inode *inode);
int proc_pid_set_comm(struct inode *inode, char *text);
void proc_pid_environ(struct seq *s, struct inode *inode);
void proc_pid_maps(struct seq *s, struct inode *inode);
void proc_pid_syscall(struct seq *s, struct inode *inode);
void proc_pid_smaps(struct seq *s, struct inode *inode);
void proc_pid_statm(struct seq *s, struct inode *inode);
void proc_pid_limits(struct seq *s, struct inode *inode);
void proc_pid_cgroup(struct seq *s, struct inode *inode);
void proc_pid_io(struct seq *s, struct inode *inode);
void proc_pid_wchan(struct seq *s, struct inode *inode);

/* unix_list.c */
void proc_net_unix(struct seq *s, struct inode *inode);

/* proc_pid_map.c */
extern const struct inode_ops proc_map_files_ops;
extern const struct file_ops proc_map_files_fops, proc_pagemap_ops;

/* nsfs.c */
extern const struct proc_entry proc_ns_entries[PROC_NS_NR];

/* proc_mounts.c */
void proc_pid_mounts(struct seq *s, struct inode *inode);
void proc_pid_mountinfo(struct seq *s, struct inode *inode);
void proc_pid_mountstats(struct seq *s, struct inode *inode);

#endif
