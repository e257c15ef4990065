/* SPDX-License-Identifier: GPL-2.0 */
/* Signals: numbers and structures are Linux's x86-64 (uapi/ferry/linux.h); delivery in kernel/signal.c. */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include <kernel/types.h>
#include <uapi/ferry/linux.h>

struct thread;
struct process;
struct regs;

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
/* On the way back to user mode with work pending: deliver, stop or exit. May not return (exit). */
void signal_deliver(struct regs *regs);

#endif
