/* SPDX-License-Identifier: GPL-2.0 */
/* Processes: an address space, a table of files (handles among them), credentials, signal actions and threads. */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include <kernel/credentials.h>
#include <kernel/list.h>
#include <kernel/lock.h>
#include <kernel/ref.h>
#include <kernel/thread.h>
#include <kernel/wait.h>

struct space;
struct file;
struct path_ref;
struct cgroup;
struct tty;
struct device;
struct pid_ns;
struct time_ns;
struct user_ns;

#define NSIG_K		64
#define RLIMITS_MAX	16

struct sigaction_k {
	uint64_t handler;	/* 0 default, 1 ignore, else user address */
	uint64_t flags;
	uint64_t restorer;
	sigset_t mask;
};

struct fd_table;	/* fs/fd.c */

/* Which system calls a process may make, and whether a tracer or filters look at each; the others end it (sandboxed driver). */
enum syscall_set { SYSCALLS_ALL, SYSCALLS_DRIVER, SYSCALLS_TRACED, SYSCALL_SETS = 4 /* a power of two */ };

/* Of threads and processes; max_pages: the largest resident size. */
struct usage {
	time_ns_t user_ns, system_ns;
	struct usage_counts counts;
	struct io_counts io;
	uint64_t max_pages;
};

struct process {
	struct ref ref;
	pid_t pid, own_pid;		/* in the first PID namespace, as everywhere in the kernel; in its own */
	struct pid_ns *pid_ns;		/* its own, which its number keeps; NULL: the first */
	struct time_ns *time_ns;	/* counted, under lock; NULL: the first */
	char name[32];			/* comm */
	char exe[128];			/* path given to exec */
	struct space *space;
	struct fd_table *files;		/* shared with CLONE_FILES */
	struct fs_context *fs;		/* cwd, root, umask: fs/; shared with CLONE_FS */

	/* Guarded by process_tree_lock. */
	struct process *parent;	/* no reference: the tree keeps it valid under its lock; NULL for init */
	struct thread *parent_thread;	/* the one that made it, or took it over; not counted; NULL: the parent is ending */
	pid_t parent_pid;		/* its number for this one or 0; also read without the lock */
	struct list children, sibling, all_link, pid_link;
	pid_t pgid, sid;
	struct tty *tty;		/* controlling terminal */
	bool zombie, stopped, continued, reported_stop;
	int exit_status;		/* as wait4 reports it */
	struct list tracees;		/* records of the threads that its threads trace (kernel/ptrace.h) */
	struct trace *leader_trace;	/* of its own first thread while that is traced */
	uint32_t nr_traced;		/* of its threads */
	bool tracer_waits;		/* dead, and the tracer is told before the parent */
	bool died_traced;		/* by its parent, who may wait for it with __WCLONE and without */

	struct spinlock lock;		/* guards threads and companions */
	struct list threads;
	struct list companions;		/* threads of the kernel's that work for it (companion.c) */
	uint32_t nr_threads;
	bool exiting;
	bool hurries;			/* its threads stop at their ends for no tracer: the kernel kills it, or SIGKILL in an execve() */
	struct thread *execing;		/* this thread replaces the program: the others must end */
	struct thread *dumper;		/* this one writes the core file */
	uint32_t nr_parked;		/* threads that wait for that */
	uint32_t attention;		/* PROCESS_*: every thread on its way to user mode must look (signal_deliver) */
	struct wait_queue state_wait;	/* stopped threads, an exec that waits for the others, a vfork parent */
	bool vfork_released;		/* the memory that a vfork parent lent is given back */

	struct spinlock signal_lock;	/* guards the next five */
	struct sigaction_k actions[NSIG_K];
	sigset_t pending;
	struct list sigqueue;
	int stop_signal;
	bool may_die;			/* an init too: of a fault of its own */

	struct credentials cred;	/* of its first thread, or what it had at its end; written by that thread, read by anybody */
	struct { uint64_t cur, max; } rlimits[RLIMITS_MAX];
	struct wait_queue child_wait;	/* wait4 of this process sleeps here */
	struct wait_queue exit_wait;	/* woken when it has become a zombie */
	struct cgroup *group;		/* counted; NULL: the root. Guarded by cgroup_lock, as the next three; also read with interrupts off */
	struct list group_link;
	uint64_t group_tasks;		/* threads counted there */
	bool left_group;		/* it has ended */
	time_ns_t start_ns, user_ns, system_ns;	/* user_ns: all of the time of threads that have ended */
	struct io_counts dead_io;	/* with the next: of threads that have ended; guarded by lock */
	struct usage_counts dead_counts;
	struct usage children_usage;	/* of children that were waited for, and of theirs; guarded by process_tree_lock */
	enum syscall_set syscalls;
	struct device *device;		/* a driver process: the device it serves (counted reference) */
	void *driver_side;	/* ipc/'s, of a driver process, until on_exit */
	void (*on_exit)(struct process *p);	/* a driver process: told once, before its files are closed (kernel/handle) */
	uint64_t auxv[48];		/* for /proc */
	uint64_t arg_start, arg_end, env_start, env_end;	/* user addresses, for /proc */
	struct timer itimer_real;
	uint64_t itimer_interval;
	uint8_t itimer_untaken;		/* periods that ended since SIGALRM was taken, as far as period_rest() cares */
	struct cpu_timer { uint64_t left, interval; } cpu_timers[2];	/* ITIMER_VIRTUAL and PROF: ns of CPU time (kernel/cpu_timer.c) */
	bool cpu_limited;		/* one of those runs, or RLIMIT_CPU is set */
	struct list cpu_clock_timers;	/* on its clock or a thread's (kernel/cpu_clock.h) */
	uint64_t cpu_warned_s;		/* the second that SIGXCPU told last */
	struct list posix_timers;	/* kernel/posix_timer.c, guarded by its lock */
	int next_posix_timer;		/* the number that is tried next; likewise */
	struct list sem_undos;		/* fs/sysv/sem.c, guarded by its lock */
	uint32_t exit_signal;		/* told to the parent: SIGCHLD, or what clone asked for */
	uint64_t denied_calls;		/* system calls refused to a sandboxed driver */
	uint64_t nr_queued;		/* signals with information in the queues; guarded by signal_lock */
	uint64_t max_pages;		/* the largest resident size seen of dead spaces */
	bool dumpable, subreaper;
	struct user_ns *memory_ns;	/* where the program was started, NULL: the first; held as being above that of cred */
	uint32_t nr_execs;
	bool uses_rings;		/* sent a request to an io_uring */
	uint32_t hold_turn;		/* how often PROCESS_GROUP_HELD was set; under cgroup_lock */
	uint64_t ring_pages;		/* atomic: that its rings cost (fs/uring/memory.c) */
	bool seccomp;			/* a thread has filters or had: for good */
	bool dispatches;		/* the same of its own handling of calls (kernel/user_dispatch.c); written under process_tree_lock */
	int death_signal;		/* PR_SET_PDEATHSIG: told when the parent ends */
	uint32_t personality;
	bool no_huge_pages;		/* PR_SET_THP_DISABLE */
	uint32_t core_filter;	/* CORE_*: what a core file has (core_dump.h) */
	int16_t oom_adjust, oom_adjust_min;	/* /proc/<pid>/oom_score_adj; what the unprivileged cannot go below (mm/oom.c) */
	int membarriers;		/* LINUX_MEMBARRIER_* that were registered for; until execve */
};

#define PROCESS_EXITING		0x1u
#define PROCESS_STOPPED		0x2u
#define PROCESS_EXECING		0x4u
#define PROCESS_DUMPING		0x10u	/* one thread writes a core file, the others wait (kernel/core_dump.c) */
#define PROCESS_THROTTLED	0x8u	/* its time is used up: no thread goes to user mode until that is cleared (ipc/throttle.c) */
#define PROCESS_RING		0x20u	/* a request of an io_uring can go on: any thread sees to it (uring_attend), none is woken for it */
#define PROCESS_GROUP_HELD	0x40u	/* as PROCESS_THROTTLED, for the control group it is in (kernel/cgroup_cpu.c) */
#define PROCESS_SLOWED		0x80u	/* its control group has more memory than memory.high (kernel/cgroup_memory.c): one thread sees to it */
#define PROCESS_HELD		(PROCESS_THROTTLED | PROCESS_GROUP_HELD)
#define PROCESS_ERRANDS		(PROCESS_RING | PROCESS_GROUP_HELD | PROCESS_SLOWED)	/* done on the way to user mode; they end no sleep */

#define current_process	(current->process)

/*
 * companion.c. A kernel thread in the current process's memory, with its files; @fn ends with process_companion_exit(), and soon once
 * process_companion_goes_on() is false, which is asked often: it waits while the process is stopped. Not started yet. ERR_PTR.
 */
struct thread *process_companion_create(const char *name, void (*fn)(void *arg), void *arg, uint64_t affinity);
bool process_companion_goes_on(void);
void process_companion_exit(void) __noreturn;

/* Always taken with spin_lock_irq(): signals are sent from interrupts. Order: process_tree_lock, process->lock, process->signal_lock. */
extern struct spinlock process_tree_lock;
extern struct process *init_process;	/* NULL until the first process_spawn(); never freed */

/* Thread @tid of process @tgid, of any process when @tgid is not positive: with a reference, or NULL. */
struct thread *thread_find(pid_t tgid, pid_t tid);
/* The process with @pid with a reference, or NULL. */
struct process *process_find(pid_t pid);
/* The same of the lowest number from @pid on. */
struct process *process_find_from(pid_t pid);
void process_get(struct process *p);
void process_put(struct process *p);
/* pidfd.c: a new descriptor of the current process that stands for @p, or -errno. May sleep. */
int pidfd_install(struct process *p, uint32_t flags);

/*
 * A new process, with a reference for the caller, running the ELF image of @path with @argv and @envp (kernel strings, NULL-ended), init's child,
 * the file table given or empty. Not started: the caller may set device, syscalls and handles, then calls process_start(). ERR_PTR.
 */
struct process *process_spawn(const char *path, const char *const *argv, const char *const *envp);
void process_start(struct process *p);

/* As process_spawn(), with more to say. A resident process is filled at load time and never faults (drivers). */
struct process_spawn_args {
	const char *path;
	const char *const *argv, *const *envp;
	bool resident;
	bool inherit_fs;		/* cwd and root of the caller instead of the root directory */
	enum syscall_set syscalls;
	uint64_t *code_place;		/* NULL, or where relocatable code goes, from the lowest place on; 0: chosen at random and noted */
};
struct process *process_spawn_with(const struct process_spawn_args *args);
/* Give up a process that was spawned and never started; the caller's reference stays. */
void process_abandon(struct process *p);

/* End the current process with a wait status; never returns. */
void process_exit(int status) __noreturn;
/* End another process from outside (sends an unblockable kill), whoever traces it; returns at once. */
void process_kill(struct process *p, int sig);

/*
 * Is the caller's thread all that runs in its process @p, companions too? Threads use files and directories of their process without references,
 * so these are exchanged for others only then.
 */
bool process_has_one_thread(struct process *p);
/* Another process's table of files or space with a reference of its own (fd_table_put, space_put), or NULL when it has ended. Any thread. */
struct fd_table *process_files_get(struct process *p);
struct space *process_space_get(struct process *p);
/* The file of the program that it runs, counted; NULL: it has ended, or is a driver. Any context. */
struct file *process_program_get(struct process *p);
/* Copy from or to another space through its pages (for /proc and exec). Bytes copied or -EFAULT. May sleep. */
ssize_t space_read(struct space *s, vaddr_t from, void *to, size_t n);
ssize_t space_write(struct space *s, vaddr_t to, const void *from, size_t n);
/* What a process has cost so far, its dead threads included; only its thread @tid when that is not 0. Of its children, see there. Any thread. */
void process_usage(struct process *p, pid_t tid, struct usage *u);
void process_children_usage(struct process *p, struct usage *u);
/* The CPU time of that. */
void process_cpu_time(struct process *p, time_ns_t *user, time_ns_t *system);
/* What prctl(2) tells as the slack of @t's timers; 0: as it was when it began. Any context. */
void timer_slack_set(struct thread *t, uint64_t ns);
/* May the caller signal @p, or @t? 0 or -EPERM. */
int process_may_signal(const struct process *p);
int thread_may_signal(const struct thread *t);

/* The names uname(2) tells; for /proc. Any context. */
void system_names(struct linux_utsname *to);
/* Is nobody left who could continue group @pgid if it stopped (POSIX)? @without does not count; NULL: everybody does. */
bool process_group_orphaned(pid_t pgid, const struct process *without);

/*
 * Numbers of processes and threads (kernel/pid.c): never 0 or 1, at most PID_MAX, below pid_max_get() when they are given; -EAGAIN: none is left,
 * -ENOMEM. Any context.
 */
#define PID_MAX	4194303
pid_t pid_alloc(void);
/* One more, one fewer user of a number (a thread, a process, membership in a group or session); free again after the last. */
void pid_hold(pid_t pid);
void pid_free(pid_t pid);

/*
 * task_limit.c. /proc/sys/kernel/pid_max and threads-max: are there as many threads as there may be (those of the kernel do not count)? What is told
 * as the limit of a user's processes and of pending signals to who is not told otherwise. Any context.
 */
pid_t pid_max_get(void);
bool tasks_full(void);
uint64_t tasks_per_user(void);
/* @by more threads of programs, or processes that nobody waited for yet. */
void tasks_count(int by);

/* io_priority.c: may the caller ask for class and level @value, as ioprio_set(2) has them? 0, -EINVAL or -EPERM. */
int io_priority_check(int value);

/* Walk all processes: call @fn for each, process_tree_lock held (must not sleep), until it returns false. */
void process_for_each(bool (*fn)(struct process *p, void *arg), void *arg);

#endif
