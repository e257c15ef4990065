/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the process subsystem tell each other: the tree, exec, exit and signals. Not for anybody else. */
#ifndef KERNEL_PROCESS_INTERNAL_H
#define KERNEL_PROCESS_INTERNAL_H

#include <kernel/process.h>

struct exec_image;
struct linux_rusage;
struct iovec_k;
struct pid_ns;

/* pid.c. The last two with process_tree_lock held. */
int pid_claim(pid_t pid);
void pid_link(struct process *p);
struct process *pid_process(pid_t pid);
/* No numbers in @ns any more. The one that was given out last there (NULL: the first), which is @set from now on if that is not negative. */
void pid_ns_close(struct pid_ns *ns);
pid_t pid_ns_last(struct pid_ns *ns, pid_t set);

/* process.c. The list is guarded by process_tree_lock. */
extern struct list all_processes;
struct process *process_alloc(void);
/* A thread of @p that is not ending, NULL: none. Valid while the tree lock is held, under which ending threads hand on what is theirs. */
struct thread *process_live_thread(struct process *p);
/* A thread of @p with number @tid (its reference of the number is taken over); linked, not started. */
struct thread *process_thread_create(struct process *p, pid_t tid, const struct regs *regs);
/* Into and out of the tree; tree lock held by process_unlink only. */
void process_link(struct process *p, struct process *parent, pid_t pgid, pid_t sid);
void process_unlink(struct process *p);
void process_set_group(struct process *p, pid_t pgid);
/* Every thread but the caller wakes and looks at p->attention. p->lock held. */
void process_rouse(struct process *p);
void process_space_replace(struct process *p, struct space *space);
void process_release_vfork(struct process *p);
/* Give back a process that got neither a thread nor a place in the tree. */
void process_discard(struct process *p);

/* exit.c */
void process_begin_exit(struct process *p, int status);
void thread_leave(void) __noreturn;
/* End every other thread of the current process. 0 or -EINTR when the process itself is ending. */
int process_single_thread(void);
/* companion.c. Wait until @p, which ends or runs another program, has none any more. */
void process_companions_end(struct process *p);
bool process_group_orphaned(pid_t pgid, const struct process *without);
/* Tell the parent of a change; tree lock held. */
/* A dead process whose tracer has been told or is gone: now the parent. Tree lock held. */
void process_tell_parent_late(struct process *p);
void process_notify_parent(struct process *p, int code, int status);

/* exec.c */
struct process *exec_spawn(const struct process_spawn_args *args);

/* signal.c. "posted" functions: tree lock held. */
int signal_post_process(struct process *p, int sig, const struct linux_siginfo *info);
int signal_post_thread(struct thread *t, int sig, const struct linux_siginfo *info);
void signal_info_user(struct linux_siginfo *info, int sig, int code, uint64_t value);
void signal_set_mask(sigset_t mask);
void signal_flush_thread(struct thread *t);
void signal_reset_actions(struct process *p);
/* Does a thread that does not block it take no note of @sig? Any context. */
bool process_ignores(const struct process *p, int sig);
/* Kill with @sig even when it is blocked or ignored. */
void signal_force(int sig);
void signal_force_info(int sig, const struct linux_siginfo *info);
bool signal_default_ignores(int sig);

/* signal_deliver.c: may the log have one more line that a program can cause? */
bool program_log_allowed(void);

/* signal_frame.c */
int signal_frame_push(struct regs *regs, int sig, const struct linux_siginfo *info, const struct sigaction_k *action, sigset_t mask);

/* futex.c */
void futex_thread_exit(struct thread *t);
/* Wake at most @count waiters of a word of the current process. */
int futex_wake_user(uint64_t address, int count);

/* cpu_timer.c: ITIMER_VIRTUAL or PROF of the current process; a tick of CPU time of @p, in the timer interrupt. */
void cpu_timer_get(unsigned int which, struct cpu_timer *to);
void cpu_timer_set(unsigned int which, const struct cpu_timer *to, struct cpu_timer *old);
void cpu_limit_changed(struct process *p);

/* sched_policy.c: how long a SCHED_RR thread runs before its equals do, ns. */
time_ns_t rr_slice_ns(void);

/* posix_timer.c, sys_time.c */
void posix_timers_free(struct process *p);
void itimer_fire(struct timer *timer);
/* Nanoseconds of a user timespec. 0, -EFAULT, -EINVAL. */
int timespec_from_user(uint64_t address, uint64_t *ns);
int timespec_to_user(uint64_t address, uint64_t ns);
/* ns from now on to a deadline; saturates. */
time_ns_t deadline_after(uint64_t ns);
/* A time of @clock to a deadline on the monotonic clock. */
time_ns_t deadline_of_clock(int clock, uint64_t ns);
int clock_read(int clock, uint64_t *ns);
/* The date of CLOCK_REALTIME when that clock, a date's, says @ns. */
uint64_t date_of_clock(int clock, uint64_t ns);

/* process_vm.c: a program's vector; their lengths may be added. 0, -EFAULT, -EINVAL. */
int iovec_from_user(struct iovec_k *vec, uint64_t uvec, unsigned int nr);

/* who.c: call @fn for each thread meant; process->lock held. @id 0: the caller, its group, its real user. How many there were. */
enum who { WHO_THREAD, WHO_GROUP, WHO_USER };
unsigned int who_for_each(enum who kind, int id, void (*fn)(struct thread *t, void *arg), void *arg);

/* rusage.c: what @t, which is leaving, has cost becomes the process's (p->lock held); sums; as programs see it. Any context. */
void usage_of_dead_add(struct process *p, const struct thread *t);
void usage_add(struct usage *to, const struct usage *u);
void rusage_fill(struct linux_rusage *to, const struct usage *u);

/* acct.c: @p ends, in its last thread; a record of it where somebody keeps them. May sleep. */
void acct_process(struct process *p);

#endif
