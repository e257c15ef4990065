/* SPDX-License-Identifier: GPL-2.0 */
/* Signals: numbers and structures are Linux's x86-64 (uapi/ferry/linux.h); delivery in kernel/signal.c. */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include <kernel/types.h>
#include <uapi/ferry/linux.h>

struct thread;
struct process;
struct regs;
struct wait_queue;

typedef uint64_t sigset_t;	/* bit n-1 is signal n */

struct sigaltstack_k {
	uint64_t sp;
	uint64_t size;
	uint32_t flags;
};

#define SIG_BIT(n)	(1ull << ((n) - 1))

/* Send @sig with @info (NULL: from the kernel) to a process (any thread takes it) or to one thread. 0, -EINVAL, -ESRCH, -EAGAIN. Any context. */
int signal_send_process(struct process *p, int sig, const struct linux_siginfo *info);
int signal_send_thread(struct thread *t, int sig, const struct linux_siginfo *info);
/* To every process of group @pgid; the number reached or -ESRCH. */
int signal_send_group(pid_t pgid, int sig);
/* A CPU exception of the current thread: @sig with si_code and address, not ignorable. */
void signal_fault(int sig, int code, uint64_t address);
/* The next signal of the current thread inside @mask; 0: none. Fills @info. */
int signal_dequeue(sigset_t mask, struct linux_siginfo *info);
/* Woken when any signal was queued anywhere: what signalfds wait on. */
extern struct wait_queue signalfd_wait;
/* The current thread's call was made and left its result in @regs: if a signal ended it a tracer sees, as on Linux, how it goes on. */
void signal_result_traced(struct regs *regs);
/* On the way back to user mode with work pending: deliver, stop or exit. May not return (exit). */
void signal_deliver(struct regs *regs);

/* rseq.c: the same for a thread that was switched away meanwhile (thread->rseq_due); before a handler runs in place of the program. */
void rseq_resume(struct regs *regs);
void rseq_signal(struct regs *regs);

/*
 * A mask for the time of one call (sigsuspend, ppoll, pselect, epoll_pwait): the old one comes back after a handler, or with
 * signal_mask_restore() when no signal came. Call restore on every way out; it does nothing while a signal is pending.
 */
void signal_mask_borrow(sigset_t mask);
void signal_mask_restore(void);
/* The same with the mask at a user address of @size bytes (0: no mask). 0, -EINVAL or -EFAULT. */
int signal_mask_borrow_user(uint64_t address, uint64_t size);

/* Does a signal wait that will end the current process, by what is set now and without asking a tracer? For sleeps that only that may end. */
bool signal_fatal_pending(void);
/* That, or it ends already. */
bool thread_is_dying(void);

/*
 * Results of an interrupted call that never reach user mode (kernel/signal_deliver.c turns them into -EINTR or starts the call again).
 * A plain -EINTR does for every caller: calls that Linux restarts (read, write, wait4, ...) are known by number there.
 */
#define ERESTARTSYS		512	/* again unless a handler without SA_RESTART ran */
#define ERESTARTNOINTR		513	/* always again */
#define ERESTARTNOHAND		514	/* again unless a handler ran */
#define ERESTART_BLOCK		516	/* through thread->restart unless a handler ran */
#define EINTR_FINAL		517	/* never again, whatever the handler: it may have been done */

#endif
