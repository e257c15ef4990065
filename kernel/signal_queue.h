/* SPDX-License-Identifier: GPL-2.0 */
/* Inside kernel/: signals that are pending (signal_queue.c). */
#ifndef KERNEL_SIGNAL_QUEUE_H
#define KERNEL_SIGNAL_QUEUE_H

#include <kernel/process.h>
#include <kernel/thread.h>

/* A signal that is pending, with its information. Guarded by signal_lock. */
struct queued_signal {
	struct list link;		/* of a kept one that is not pending: list_init() */
	struct linux_siginfo info;
	bool kept;			/* signal_keep(): not freed when it was taken */
	uint32_t overrun, overrun_told;	/* of a kept one: how often it was sent while it was pending; what that was when it was taken last */
};

/*
 * A record of @p's for who sends one signal again and again: it is pending once, and what was sent meanwhile is counted (si_overrun).
 * Fill info. -EAGAIN: RLIMIT_SIGPENDING, -ENOMEM.
 */
struct queued_signal *signal_keep(struct process *p);
/* Nobody sends it any more; it stays pending if it is. */
void signal_unkeep(struct process *p, struct queued_signal *q);
/* Send it to @p, or to its thread @only unless that is NULL, and @more times more at once. Any context. */
void signal_send_kept(struct process *p, struct thread *only, struct queued_signal *q, uint64_t more);
/* No signal of timers is pending in @p any more. */
void signal_forget_timers(struct process *p);

/* One that is sent. */
struct sent_signal {
	int sig;
	const struct linux_siginfo *info;	/* NULL: from the kernel */
	struct queued_signal *kept;		/* its record; NULL: to be made */
	uint64_t more;				/* times that a kept one is sent besides */
};

/*
 * It is pending for @only, or for the process: an ordinary signal once, a real-time signal as often as it is sent. signal_lock held.
 * 0; -EAGAIN: a real-time signal's information cannot be kept.
 */
int signal_enqueue(struct process *p, struct thread *only, const struct sent_signal *s);
/* None of @which is pending any more, for the process or a thread. p->lock and signal_lock held. */
void signal_pending_drop(struct process *p, sigset_t which);
/* The same of one signal, without locks. */
void signal_forget(struct process *p, int sig);
/* Nothing is pending for the process itself any more. */
void signal_flush_all(struct process *p);
/* And nothing for @t. p->lock and signal_lock held. */
void signal_flush_own(struct thread *t);
/* What the @index-th queued signal of @t, or of its whole process, says; false: there are fewer. */
bool signal_peek(struct thread *t, bool shared, uint64_t index, struct linux_siginfo *info);

#endif
