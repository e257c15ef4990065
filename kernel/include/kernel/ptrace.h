/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracing (ptrace): what the life of threads and processes tells kernel/ptrace.c. A thread has a trace record from its first tracer on,
 * until it is freed; whether it is traced now is record->tracer. A tracer is a thread, the records of what a process's threads trace are in
 * one list, for any of its threads may wait for them. Everything in a record is guarded by process_tree_lock.
 */
#ifndef KERNEL_PTRACE_H
#define KERNEL_PTRACE_H

#include <kernel/process.h>
#include <kernel/thread.h>

enum trace_phase { TRACE_NONE, TRACE_SYSCALL_ENTRY, TRACE_SYSCALL_EXIT, TRACE_SECCOMP };

struct trace {
	struct list link;		/* in tracer->process->tracees */
	struct thread *thread;		/* counted while on that list */
	struct thread *tracer;		/* NULL: not traced now; not counted: it lets go before it ends */
	uint32_t options;		/* LINUX_PTRACE_O_* */
	bool seized;
	bool stopped, reported;		/* waiting for the tracer; wait() has told */
	bool listening;			/* stopped, and only a new event is of interest */
	bool zombie;			/* the thread is gone, its status is not told */
	bool syscalls, step;		/* how it runs on */
	bool emulates;			/* its system calls are the tracer's to make (PTRACE_SYSEMU) */
	uint32_t code;			/* signal | event << 8 of the stop */
	int resume_signal;
	int status;			/* of a zombie */
	uint64_t message;
	enum trace_phase phase;		/* of the system call that it is stopped in */
	struct linux_siginfo info;
};

static inline bool thread_is_traced(const struct thread *t) { return unlikely(t->trace) && READ_ONCE(t->trace->tracer); }

/* May the caller look into @p as a debugger may? Into its files and texts in /proc, which root may do with drivers too? 0 or -EPERM. */
int ptrace_may_access(struct process *p);
int ptrace_may_read(struct process *p);
/* @p's memory with a reference, for who may look into it; ERR_PTR(-EPERM); NULL: it has none any more. */
struct space *ptrace_space_get(struct process *p);

/* Called by the traced thread itself, no locks; each returns at once when nobody traces or the process is ending. */
/* Stop with @code; the signal that the tracer lets run on, 0: none. */
int ptrace_stop(uint32_t code, const struct linux_siginfo *info, uint64_t message);
/* A signal is about to take effect: the one that is to instead, 0: none. @info may be changed. */
int ptrace_signal(int sig, struct linux_siginfo *info);
/* LINUX_PTRACE_EVENT_* if the tracer asked for it. */
void ptrace_event(unsigned int event, uint64_t message);
/* The one of a thread that ends with @status, whether or not its process does: only process->hurries cuts that short. */
void ptrace_exit_event(int status);
void ptrace_group_stop(int sig);
void ptrace_interrupted(void);	/* thread->trace_trap was set */
void ptrace_exec(pid_t old_tid);
/* The number of the call to make now, with the arguments from @regs; negative: none, RAX is the result. */
int64_t ptrace_syscall_entry(struct regs *regs);
void ptrace_syscall_exit(struct regs *regs);
void ptrace_handler_entered(void);
/* A filter leaves the call in user_regs to the tracer: it has seen, and may have changed it; false: nobody wants to. */
bool ptrace_seccomp(uint32_t message);

/* fork.c: which event a new thread of these flags is, 0: none that is asked for. Then before it is started. */
unsigned int ptrace_clone_event(uint64_t flags, uint32_t exit_signal);
void ptrace_new_thread(struct thread *t, unsigned int event, uint64_t flags);

/* exec.c: the caller is the first thread of its process now, whoever was it before. */
void ptrace_exec_first(void);

/* exit.c: a thread other than the first leaves; with process_tree_lock: a process died, a tracer ends (records to give back on @released). */
void ptrace_thread_exit(struct thread *t);
/* False: the tracer is told first, and the parent when it has waited. */
bool ptrace_process_exit(struct process *p, struct list *released);
void ptrace_tracer_exit(struct thread *tracer, struct list *released);
void ptrace_released_put(struct list *released);
/* signal.c, tree lock held: SIGCONT has come. */
void ptrace_continued(struct process *p);
/* wait4.c, tree lock held: a zombie's record is no longer needed. */
void ptrace_forget(struct trace *tr, struct list *released);

#endif
