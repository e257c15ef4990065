// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/<pid>: directories and files made on lookup, each with a reference to its process. The dentries are not in the cache, so a number
 * that is used again never finds the old process. The texts are in proc_pid_text.c.
 */
#include <fs/mount.h>
#include <fs/proc_pid.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define PIDS_FROM	(1ll << 32)	/* directory positions of the numbers in /proc */
#define FDS_FROM	2
#define TASK_DIR	63	/* entry number of /proc/<pid>/task/<tid> */
#define FDINFO_DIR	29
#define EVERYBODYS_DIR	(LINUX_S_IFDIR | 0555)	/* its owner is the process's, dumpable or not, for who looks whose process it is */
#define FDINFO_INO	(1ull << 40)	/* more than the number of /proc/<pid>/fd/<fd> */

static const struct inode_ops pid_dir_ops, pid_text_ops, pid_link_ops, fd_dir_ops, task_dir_ops;
static const struct file_ops pid_dir_fops, fd_dir_fops, task_dir_fops;

struct process *proc_node_process(const struct inode *inode)
{
	return ((struct proc_node *)inode->priv)->process;
}

void proc_node_destroy(struct inode *inode)
{
	struct proc_node *n = inode->priv;

	if (n && n->process)
		process_put(n->process);
	kfree(n);
}

/* Has the process been waited for? Then its number may be somebody else's. */
bool proc_node_valid(struct inode *inode)
{
	struct process *p = proc_node_process(inode), *now = process_find(p->pid);
	bool same = now == p;

	if (now)
		process_put(now);
	return same;
}

/* The thread whose directory @dir is, 0 for a process's; the root of /proc has no node. */
static pid_t node_tid(const struct inode *dir)
{
	const struct proc_node *n = dir->priv;

	return n && n->process ? n->tid : 0;
}

struct process *proc_pid_of(const struct file *f)
{
	struct process *p;

	if (f->ops != &pid_dir_fops || ((const struct proc_node *)f->inode->priv)->entry->number)
		return NULL;
	p = proc_node_process(f->inode);
	process_get(p);
	return p;
}

struct dentry *proc_node_make(struct dentry *dir, const char *name, size_t length, struct process *p, const struct proc_entry *e)
{
	const struct inode_ops *ops = e->ops ? e->ops : &pid_text_ops;
	struct proc_node *n = kzalloc(sizeof(*n));
	struct inode *inode = n ? inode_create(dir->inode->super, e->mode, ops, e->fops ? e->fops : &proc_text_ops) : NULL;
	struct dentry *d;
	bool owned;

	if (!inode) {
		kfree(n);
		return ERR_PTR(-ENOMEM);
	}
	process_get(p);
	n->process = p;
	n->tid = LINUX_S_ISREG(e->mode) ? node_tid(dir->inode) : 0;
	n->source.show = e->show;
	n->source.write = e->write;
	n->entry = e;
	inode->priv = n;
	owned = READ_ONCE(p->dumpable) || e->mode == EVERYBODYS_DIR;
	inode->uid = owned ? p->cred.euid : 0;
	inode->gid = owned ? p->cred.egid : 0;
	inode->ino = ((uint64_t)pid_told_in(proc_ns_of(inode), p->pid) << 16) + (e->number ? e->number : 1);
	if (LINUX_S_ISDIR(e->mode))
		inode->nlink = 2;
	d = dentry_create(dir, name, length, inode, false);
	if (!d)
		inode_put(inode);
	return d ? d : ERR_PTR(-ENOMEM);
}

/* The number that @name is, or -1. */
static int64_t name_number(const char *name, size_t length)
{
	int64_t v = 0;
	size_t i;

	if (!length || length > 9 || (length > 1 && name[0] == '0'))
		return -1;
	for (i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		v = v * 10 + name[i] - '0';
	}
	return v;
}

static ssize_t self_readlink(struct inode *inode, char *to, size_t size)
{
	pid_t pid = current_process ? pid_told_in(proc_ns_of(inode), current_process->pid) : 0;

	return pid ? format_text(to, size, "%d", pid) : -ENOENT;
}

static ssize_t thread_self_readlink(struct inode *inode, char *to, size_t size)
{
	pid_t pid = current_process ? pid_told_in(proc_ns_of(inode), current_process->pid) : 0;

	return pid ? format_text(to, size, "%d/task/%d", pid, pid_told_in(proc_ns_of(inode), current->tid)) : -ENOENT;
}

static ssize_t mounts_readlink(struct inode *inode, char *to, size_t size)
{
	return format_text(to, size, "self/mounts");
}

static const struct inode_ops self_ops = { .readlink = self_readlink };
static const struct inode_ops thread_self_ops = { .readlink = thread_self_readlink };
static ssize_t net_readlink(struct inode *inode, char *to, size_t size)
{
	return format_text(to, size, "self/net");
}

static const struct inode_ops net_ops = { .readlink = net_readlink };
static const struct inode_ops mounts_ops = { .readlink = mounts_readlink };

static const struct { const char *name; const struct inode_ops *ops; } root_links[] = {
	{ "self", &self_ops }, { "thread-self", &thread_self_ops }, { "mounts", &mounts_ops }, { "net", &net_ops },
};

static struct dentry *root_link(struct dentry *dir, const char *name, size_t length)
{
	struct inode *inode;
	struct dentry *d;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(root_links); i++)
		if (strlen(root_links[i].name) == length && !memcmp(name, root_links[i].name, length))
			break;
	if (i == ARRAY_SIZE(root_links))
		return ERR_PTR(-ENOENT);
	inode = inode_create(dir->inode->super, LINUX_S_IFLNK | 0777, root_links[i].ops, NULL);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	d = dentry_create(dir, name, length, inode, false);
	if (!d)
		inode_put(inode);
	return d ? d : ERR_PTR(-ENOMEM);
}

#define LINKS_FROM	(PIDS_FROM - (loff_t)ARRAY_SIZE(root_links))

static struct dentry *thread_node(struct dentry *dir, const char *name, size_t length, struct process *p, pid_t tid)
{
	static const struct proc_entry entry = { .mode = LINUX_S_IFDIR | 0555, .number = TASK_DIR, .ops = &pid_dir_ops, .fops = &pid_dir_fops };
	struct dentry *d = proc_node_make(dir, name, length, p, &entry);

	if (!IS_ERR(d))
		((struct proc_node *)d->inode->priv)->tid = tid;
	return d;
}

struct dentry *proc_pid_lookup(struct dentry *dir, const char *name, size_t length)
{
	static const struct proc_entry entry = { .mode = LINUX_S_IFDIR | 0555, .ops = &pid_dir_ops, .fops = &pid_dir_fops };
	int64_t number = name_number(name, length);
	pid_t pid = number > 0 ? pid_meant_in(proc_ns_of(dir->inode), (pid_t)number) : 0;
	struct process *p = pid > 0 ? process_find(pid) : NULL;
	struct thread *t = pid > 0 && !p ? thread_find(0, pid) : NULL;
	struct dentry *d;

	if (t) {	/* a thread's number leads to its directory, but is not listed */
		d = thread_node(dir, name, length, t->process, pid);
		thread_put(t);
		return d;
	}
	if (!p)
		return number < 0 ? root_link(dir, name, length) : ERR_PTR(-ENOENT);
	d = proc_node_make(dir, name, length, p, &entry);
	process_put(p);
	return d;
}

/* The lowest number from @from on. */
struct next_pid {
	const struct pid_ns *ns;
	pid_t from, found;
};

static bool note_pid(struct process *p, void *arg)
{
	struct next_pid *n = arg;

	pid_t pid = pid_told_in(n->ns, p->pid);

	if (pid >= n->from && (!n->found || pid < n->found))
		n->found = pid;
	return true;
}

bool proc_pid_emit(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	struct next_pid n = { .ns = proc_ns_of(f->inode), .from = f->pos > PIDS_FROM ? f->pos - PIDS_FROM : 1 };
	char name[12];

	f->pos = MAX(f->pos, LINKS_FROM);
	for (; f->pos < PIDS_FROM; f->pos++)
		if (!emit(arg, root_links[f->pos - LINKS_FROM].name, 1 + f->pos - LINKS_FROM, LINUX_DT_LNK, f->pos + 1))
			return false;
	for (;;) {
		n.found = 0;
		process_for_each(note_pid, &n);
		if (!n.found)
			return true;
		format_text(name, sizeof(name), "%d", n.found);
		n.from = n.found + 1;
		if (!emit(arg, name, ((uint64_t)n.found << 16) + 1, LINUX_DT_DIR, PIDS_FROM + n.from))
			return false;
		f->pos = PIDS_FROM + n.from;
	}
}

/* Links to paths. */
int proc_context_path(struct process *p, bool root, struct path *to)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct fs_context *c = p->fs ? fs_context_hold(p->fs) : NULL;

	spin_unlock_irq(&p->lock, flags);
	if (!c)
		return -ENOENT;
	spin_lock(&c->lock);
	*to = root ? c->root : c->cwd;
	path_get(to);
	spin_unlock(&c->lock);
	fs_context_drop(c);
	return 0;
}

static int link_path(const struct inode *inode, struct path *to)
{
	const struct proc_node *n = inode->priv;

	return proc_context_path(n->process, n->entry->number == PROC_ROOT, to);
}

static ssize_t path_to_text(struct path *p, char *to, size_t size)
{
	char *buffer = kzalloc(LINUX_PATH_MAX), *text;
	ssize_t n = -ENOMEM;

	if (buffer) {
		text = path_text(p, buffer, LINUX_PATH_MAX);
		n = IS_ERR(text) ? PTR_ERR(text) : (ssize_t)MIN(strlen(text), size);
		if (n > 0)
			memcpy(to, text, n);
	}
	kfree(buffer);
	return n;
}

ssize_t proc_file_text(const struct file *f, char *to, size_t size)
{
	struct path p = { f->mount, f->dentry };

	if (f->mount && inode_is_ns(f->inode))
		return format_text(to, size, "%s", f->dentry->name);
	if (f->mount)
		return path_to_text(&p, to, size);
	if (f->dentry)
		return format_text(to, size, "/%s (deleted)", f->dentry->name);
	if (f->inode)
		return format_text(to, size, "%s:[%llu]", file_is_pipe(f) ? "pipe" : "socket", (unsigned long long)f->inode->ino);
	return format_text(to, size, "anon_inode:%s", f->ops->name ? f->ops->name : "[file]");
}

int proc_file_path(struct file *f, struct path *to)
{
	if (!f->dentry)
		return f->inode ? proc_anonymous_path(f, to) : -ENOENT;
	*to = (struct path){ f->mount, f->dentry };
	path_get(to);
	return 0;
}

/* Of a driver there is only the name. */
static ssize_t exe_text(struct process *p, char *to, size_t size)
{
	struct file *f = process_program_get(p);
	ssize_t n = f ? proc_file_text(f, to, size) : p->exe[0] ? (ssize_t)MIN(str_copy(to, p->exe, size), size) : -ENOENT;

	file_put(f);
	return n;
}

static ssize_t link_readlink(struct inode *inode, char *to, size_t size)
{
	const struct proc_node *n = inode->priv;
	struct path p;
	ssize_t err;

	if (ptrace_may_read(n->process))
		return -EACCES;
	if (n->entry->number == PROC_EXE)
		return exe_text(n->process, to, size);
	err = link_path(inode, &p);
	if (err)
		return err;
	err = path_to_text(&p, to, size);
	path_put(&p);
	return err;
}

/* Called in a walk: -ENOENT makes the name fail. */
static int link_follow(struct inode *inode, struct path *to)
{
	const struct proc_node *n = inode->priv;
	struct file *f;
	int err;

	if (ptrace_may_read(n->process))
		return -EACCES;
	if (n->entry->number != PROC_EXE)
		return link_path(inode, to);
	f = process_program_get(n->process);
	err = f ? proc_file_path(f, to) : -ENOENT;
	file_put(f);
	return err;
}

/* /proc/<pid>/fd. */
static struct file *node_file(const struct inode *inode)
{
	const struct proc_node *n = inode->priv;
	struct fd_table *t = process_files_get(n->process);
	struct file *f = t ? fd_get(t, n->fd) : NULL;

	fd_table_put(t);
	return f;
}

static ssize_t fd_readlink(struct inode *inode, char *to, size_t size)
{
	struct file *f = node_file(inode);
	ssize_t n = ptrace_may_read(proc_node_process(inode)) ? -EACCES : f ? proc_file_text(f, to, size) : -ENOENT;

	file_put(f);
	return n;
}

static int fd_follow(struct inode *inode, struct path *to)
{
	struct file *f = node_file(inode);
	int err = ptrace_may_read(proc_node_process(inode)) ? -EACCES : f ? proc_file_path(f, to) : -ENOENT;

	file_put(f);
	return err;
}

static bool fd_valid(struct inode *inode)
{
	struct file *f = node_file(inode);

	file_put(f);
	return f;
}

static const struct inode_ops fd_link_ops = { .readlink = fd_readlink, .follow = fd_follow, .destroy = proc_node_destroy, .valid = fd_valid };

static const struct inode_ops fd_text_ops = { .destroy = proc_node_destroy, .valid = fd_valid };

static struct dentry *fd_lookup(struct dentry *dir, const char *name, size_t length)
{
	static const struct proc_entry link = { .mode = LINUX_S_IFLNK | 0700, .ops = &fd_link_ops, .number = 64 };
	static const struct proc_entry text = { .mode = LINUX_S_IFREG | 0400, .ops = &fd_text_ops, .show = proc_fdinfo_show, .number = 64 };
	bool info = ((const struct proc_node *)dir->inode->priv)->entry->number == FDINFO_DIR;
	int64_t fd = name_number(name, length);
	struct process *p = proc_node_process(dir->inode);
	struct fd_table *t = process_files_get(p);
	struct file *f = t && fd >= 0 ? fd_get(t, fd) : NULL;
	struct dentry *d;

	fd_table_put(t);
	file_put(f);
	if (ptrace_may_read(p))
		return ERR_PTR(-EACCES);
	if (!f)
		return ERR_PTR(-ENOENT);
	d = proc_node_make(dir, name, length, p, info ? &text : &link);
	if (!IS_ERR(d)) {
		((struct proc_node *)d->inode->priv)->fd = fd;
		d->inode->ino += (uint64_t)fd + (info ? FDINFO_INO : 0);
	}
	return d;
}

static int fd_iterate(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	bool info = ((const struct proc_node *)f->inode->priv)->entry->number == FDINFO_DIR;
	struct process *p = proc_node_process(f->inode);
	uint64_t base = (uint64_t)pid_told_in(proc_ns_of(f->inode), p->pid) << 16;
	struct fd_table *t;
	struct file *open;
	char name[12];
	int fd;

	if (ptrace_may_read(p))
		return -EACCES;
	if (!dir_emit_dots(f, emit, arg))
		return 0;
	t = process_files_get(p);
	while (t && (fd = fd_next(t, f->pos - FDS_FROM, &open)) >= 0) {
		file_put(open);
		format_text(name, sizeof(name), "%d", fd);
		if (!emit(arg, name, base + 64 + (uint64_t)fd + (info ? FDINFO_INO : 0), info ? LINUX_DT_REG : LINUX_DT_LNK,
			  fd + 1 + FDS_FROM))
			break;
		f->pos = fd + 1 + FDS_FROM;
	}
	fd_table_put(t);
	return 0;
}

/* /proc/<pid>/task: each thread's directory shows the process. */
static bool has_thread(struct process *p, const struct pid_ns *ns, pid_t tid, pid_t from, pid_t *next)
{
	struct thread *t;
	bool found = false;
	uint64_t flags = spin_lock_irq(&p->lock);

	*next = 0;
	list_for_each(t, &p->threads, process_link) {
		pid_t told = pid_told_in(ns, t->tid);

		found |= t->tid == tid;
		if (told >= from && (!*next || told < *next))
			*next = told;
	}
	spin_unlock_irq(&p->lock, flags);
	return found;
}

static struct dentry *task_lookup(struct dentry *dir, const char *name, size_t length)
{
	struct process *p = proc_node_process(dir->inode);
	int64_t number = name_number(name, length);
	pid_t tid = number > 0 ? pid_meant_in(proc_ns_of(dir->inode), (pid_t)number) : 0, next;

	if (tid <= 0 || !has_thread(p, NULL, tid, 0, &next))
		return ERR_PTR(-ENOENT);
	return thread_node(dir, name, length, p, tid);
}

static int task_iterate(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	struct process *p = proc_node_process(f->inode);
	char name[12];
	pid_t next;

	if (!dir_emit_dots(f, emit, arg))
		return 0;
	for (;;) {
		has_thread(p, proc_ns_of(f->inode), 0, f->pos - 1, &next);
		if (!next)
			return 0;
		format_text(name, sizeof(name), "%d", next);
		if (!emit(arg, name, ((uint64_t)next << 16) + 1, LINUX_DT_DIR, next + 2))
			return 0;
		f->pos = next + 2;
	}
}

#define DIR(n, i, o, f)	{ .name = n, .mode = LINUX_S_IFDIR | 0555, .number = i, .ops = o, .fops = f }
#define LINK(n, i)	{ .name = n, .mode = LINUX_S_IFLNK | 0777, .number = i, .ops = &pid_link_ops }
#define TEXT(n, i, s)	{ .name = n, .mode = LINUX_S_IFREG | 0444, .number = i, .show = s }

/* Other families come at boot. */
static struct proc_entry net_entries[PROC_NET_MAX] = {
	TEXT("unix", 31, proc_net_unix),
};
static unsigned int nr_net_entries = 1;

void proc_net_add(const char *name, void (*show)(struct seq *s, struct inode *inode))
{
	if (nr_net_entries == PROC_NET_MAX)
		panic("/proc/net has no room for %s", name);
	net_entries[nr_net_entries] = (struct proc_entry)TEXT(name, PROC_NET_FIRST + nr_net_entries, show);
	nr_net_entries++;
}

static const struct proc_entry entries[] = {
	TEXT("stat", 2, proc_pid_stat), TEXT("status", 3, proc_pid_status), TEXT("cmdline", 4, proc_pid_cmdline),
	{ .name = "comm", .mode = LINUX_S_IFREG | 0644, .number = 5, .show = proc_pid_comm, .write = proc_pid_set_comm },
	{ .name = "environ", .mode = LINUX_S_IFREG | 0400, .number = 6, .show = proc_pid_environ },
	{ .name = "maps", .mode = LINUX_S_IFREG | 0400, .number = 7, .show = proc_pid_maps },
	TEXT("statm", 8, proc_pid_statm), TEXT("limits", 9, proc_pid_limits),
	{ .name = "smaps", .mode = LINUX_S_IFREG | 0400, .number = 21, .show = proc_pid_smaps },
	{ .name = "syscall", .mode = LINUX_S_IFREG | 0400, .number = 22, .show = proc_pid_syscall },
	{ .name = "io", .mode = LINUX_S_IFREG | 0400, .number = 25, .show = proc_pid_io },
	{ .name = "pagemap", .mode = LINUX_S_IFREG | 0400, .number = 26, .fops = &proc_pagemap_ops },
	{ .name = "net", .mode = LINUX_S_IFDIR | 0555, .number = 27, .ops = &pid_dir_ops, .fops = &pid_dir_fops,
	  .below = net_entries },
	TEXT("cgroup", 20, proc_pid_cgroup), TEXT("mounts", 10, proc_pid_mounts), TEXT("mountinfo", 23, proc_pid_mountinfo),
	{ .name = "mountstats", .mode = LINUX_S_IFREG | 0400, .number = 24, .show = proc_pid_mountstats },
	TEXT("wchan", 11, proc_pid_wchan), TEXT("oom_score", 16, proc_pid_oom_score),
	{ .name = "oom_score_adj", .mode = LINUX_S_IFREG | 0644, .number = 30, .show = proc_pid_oom_score_adj, .write = proc_pid_set_oom_score_adj },
	{ .name = "oom_adj", .mode = LINUX_S_IFREG | 0644, .number = 32, .show = proc_pid_oom_adj, .write = proc_pid_set_oom_adj },
	{ .name = "coredump_filter", .mode = LINUX_S_IFREG | 0644, .number = 40, .show = proc_pid_core_filter, .write = proc_pid_set_core_filter },
	{ .name = "personality", .mode = LINUX_S_IFREG | 0400, .number = 33, .show = proc_pid_personality },
	{ .name = "timerslack_ns", .mode = LINUX_S_IFREG | 0666, .number = 40, .show = proc_pid_timer_slack, .write = proc_pid_set_timer_slack },
	{ .name = "uid_map", .mode = LINUX_S_IFREG | 0644, .number = 35, .fops = &proc_uid_map_ops },
	{ .name = "gid_map", .mode = LINUX_S_IFREG | 0644, .number = 36, .fops = &proc_gid_map_ops },
	{ .name = "projid_map", .mode = LINUX_S_IFREG | 0644, .number = 37, .fops = &proc_projid_map_ops },
	{ .name = "setgroups", .mode = LINUX_S_IFREG | 0644, .number = 38, .fops = &proc_setgroups_ops },
	{ .name = "numa_maps", .mode = LINUX_S_IFREG | 0444, .number = 42, .show = proc_pid_numa_maps },
	{ .name = "clear_refs", .mode = LINUX_S_IFREG | 0200, .number = 43, .write = proc_pid_clear_refs },
	{ .name = "stack", .mode = LINUX_S_IFREG | 0400, .number = 44, .show = proc_pid_stack },
	TEXT("schedstat", 45, proc_pid_schedstat), TEXT("sched", 46, proc_pid_sched),
	{ .name = "smaps_rollup", .mode = LINUX_S_IFREG | 0400, .number = 34, .show = proc_pid_smaps_rollup },
	{ .name = "mem", .mode = LINUX_S_IFREG | 0600, .number = 18, .fops = &proc_mem_ops },
	{ .name = "auxv", .mode = LINUX_S_IFREG | 0400, .number = 19, .fops = &proc_auxv_ops },
	{ .name = "ns", .mode = LINUX_S_IFDIR | 0511, .number = 39, .ops = &pid_dir_ops, .fops = &pid_dir_fops,
	  .below = proc_ns_entries, .nr_below = PROC_NS_NR },
	LINK("exe", PROC_EXE), LINK("cwd", PROC_CWD), LINK("root", PROC_ROOT),
	DIR("fd", 15, &fd_dir_ops, &fd_dir_fops), DIR("fdinfo", FDINFO_DIR, &fd_dir_ops, &fd_dir_fops),
	{ .name = "timens_offsets", .mode = LINUX_S_IFREG | 0644, .number = 47, .fops = &proc_timens_offsets_ops },
	{ .name = "map_files", .mode = LINUX_S_IFDIR | 0500, .number = 28, .ops = &proc_map_files_ops, .fops = &proc_map_files_fops },
	DIR("task", 17, &task_dir_ops, &task_dir_fops),
};

/* The names in a directory. A thread's has all but the last three, from "timens_offsets" on. */
static const struct proc_entry *entries_of(const struct inode *dir, unsigned int *nr)
{
	const struct proc_entry *e = ((struct proc_node *)dir->priv)->entry;

	*nr = e->below == net_entries ? nr_net_entries : e->below ? e->nr_below : ARRAY_SIZE(entries) - (e->number == TASK_DIR ? 3 : 0);
	return e->below ? e->below : entries;
}

static struct dentry *pid_lookup(struct dentry *dir, const char *name, size_t length)
{
	const struct proc_entry *e;
	unsigned int nr;

	if (!proc_node_valid(dir->inode))
		return ERR_PTR(-ENOENT);
	for (e = entries_of(dir->inode, &nr); nr; nr--, e++)
		if (strlen(e->name) == length && !memcmp(e->name, name, length))
			return proc_node_make(dir, name, length, proc_node_process(dir->inode), e);
	return ERR_PTR(-ENOENT);
}

static int pid_iterate(struct file *f, bool (*emit)(void *arg, const char *name, uint64_t ino, uint8_t type, loff_t next), void *arg)
{
	uint64_t base = (uint64_t)pid_told_in(proc_ns_of(f->inode), proc_node_process(f->inode)->pid) << 16;
	const struct proc_entry *e;
	unsigned int nr;

	if (!proc_node_valid(f->inode))
		return -ENOENT;
	if (!dir_emit_dots(f, emit, arg))
		return 0;
	for (e = entries_of(f->inode, &nr); f->pos - 2 < (loff_t)nr; f->pos++) {
		const struct proc_entry *at = e + (f->pos - 2);

		if (!emit(arg, at->name, base + at->number, mode_to_dtype(at->mode), f->pos + 1))
			break;
	}
	return 0;
}

static const struct inode_ops pid_dir_ops = { .lookup = pid_lookup, .destroy = proc_node_destroy, .valid = proc_node_valid };
static const struct inode_ops pid_text_ops = { .destroy = proc_node_destroy, .valid = proc_node_valid };
static const struct inode_ops pid_link_ops = {
	.readlink = link_readlink, .follow = link_follow, .destroy = proc_node_destroy, .valid = proc_node_valid,
};
static const struct inode_ops fd_dir_ops = { .lookup = fd_lookup, .destroy = proc_node_destroy, .valid = proc_node_valid };
static const struct inode_ops task_dir_ops = { .lookup = task_lookup, .destroy = proc_node_destroy, .valid = proc_node_valid };
static const struct file_ops pid_dir_fops = { .iterate = pid_iterate, .seek = seek_plain };
static const struct file_ops fd_dir_fops = { .iterate = fd_iterate, .seek = seek_plain };
static const struct file_ops task_dir_fops = { .iterate = task_iterate, .seek = seek_plain };
