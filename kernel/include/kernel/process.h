/* SPDX-License-Identifier: GPL-2.0 */
/* Processes: an address space, a table of files (handles among them), credentials, signal actions and threads. */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include <kernel/list.h>
#include <kernel/lock.h>
#include <kernel/ref.h>
#include <kernel/thread.h>
#include <kernel/wait.h>

struct space;
struct file;
struct path_ref;
struct tty;
struct device;

#define NSIG_K		64
#define RLIMITS_MAX	16

struct sigaction_k {
	uint64_t handler;	/* 0 default, 1 ignore, else user address */
	uint64_t flags;
	uint64_t restorer;
	sigset_t mask;
};

struct fd_table;	/* fs/fd.c */

/* Which system calls a process may make; the others end it (sandboxed driver) . */
enum syscall_set { SYSCALLS_ALL, SYSCALLS_DRIVER };

struct process {
	struct ref ref;
	pid_t pid;
	char name[32];			/* comm */
	char exe[128];			/* path given to exec */
	struct space *space;
	struct fd_table *files;		/* shared with CLONE_FILES */
	struct fs_context *fs;		/* cwd, root, umask: fs/; shared with CLONE_FS */

	/* Guarded by process_tree_lock. */
	struct process *parent;
	struct list children, sibling, all_link;
	pid_t pgid, sid;
	struct tty *tty;		/* controlling terminal */
	bool zombie, stopped, continued, reported_stop;
	int exit_status;		/* as wait4 reports it */

	struct spinlock lock;		/* guards threads */
	struct list threads;
	uint32_t nr_threads;
	bool exiting;

	struct spinlock signal_lock;	/* guards the next four */
	struct sigaction_k actions[NSIG_K];
	sigset_t pending;
	struct list sigqueue;
	int stop_signal;

	uint32_t uid, gid, euid, egid, suid, sgid;
	uint32_t groups[16], nr_groups;
	struct { uint64_t cur, max; } rlimits[RLIMITS_MAX];
	struct wait_queue child_wait;	/* wait4 of this process sleeps here */
	time_ns_t start_ns, user_ns, system_ns, children_ns;
	enum syscall_set syscalls;
	struct device *device;		/* a driver process: the device it serves (counted reference) */
	void (*on_exit)(struct process *p);	/* a driver process: told once, before its files are closed (kernel/handle) */
	uint64_t arg_start, arg_end, env_start, env_end;	/* user addresses, for /proc */
	uint32_t umask_unused;
	struct timer itimer_real;
	uint64_t itimer_interval;
};

#define current_process	(current->process)

extern struct spinlock process_tree_lock;

/* The process with @pid with a reference, or NULL. */
struct process *process_find(pid_t pid);
void process_get(struct process *p);
void process_put(struct process *p);

/*
 * A new process running the ELF image of @path with @argv and @envp (kernel strings, NULL-ended), no parent relation but to init,
 * the file table given or empty. Not started: the caller may set device, syscalls and handles, then calls process_start(). ERR_PTR.
 */
struct process *process_spawn(const char *path, const char *const *argv, const char *const *envp);
void process_start(struct process *p);

/* End the current process with a wait status; never returns. */
void process_exit(int status) __noreturn;
/* End another process from outside (sends an unblockable kill); returns at once. */
void process_kill(struct process *p, int sig);

/* Walk all processes: call @fn for each until it returns false. */
void process_for_each(bool (*fn)(struct process *p, void *arg), void *arg);

#endif
