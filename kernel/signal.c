// SPDX-License-Identifier: GPL-2.0
/*
 * Sending signals; those that are pending lie in signal_queue.c. What a process ignores is dropped when it is sent, unless it is blocked. SIGKILL
 * does not queue: it marks the process at once. Locks: process_tree_lock (continuing tells the parent), process->lock (threads),
 * process->signal_lock (queues).
 */
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/ptrace.h>
#include <mm/user.h>
#include "process_internal.h"
#include "signal_queue.h"

#define STOP_SIGNALS	(SIG_BIT(LINUX_SIGSTOP) | SIG_BIT(LINUX_SIGTSTP) | SIG_BIT(LINUX_SIGTTIN) | SIG_BIT(LINUX_SIGTTOU))
#define IGNORED_SIGNALS	(SIG_BIT(LINUX_SIGCHLD) | SIG_BIT(LINUX_SIGCONT) | SIG_BIT(LINUX_SIGURG) | SIG_BIT(LINUX_SIGWINCH))
#define NEVER_BLOCKED	(SIG_BIT(LINUX_SIGKILL) | SIG_BIT(LINUX_SIGSTOP))

struct wait_queue signalfd_wait = WAIT_QUEUE_INIT(signalfd_wait, "signalfd");

bool signal_default_ignores(int sig)
{
	return IGNORED_SIGNALS & SIG_BIT(sig);
}

/* The signals that @t does not take now. */
static sigset_t held_back(const struct thread *t)
{
	return t->blocked & ~t->waiting_for;
}

bool signal_fatal_pending(void)
{
	struct process *p = current_process;
	uint64_t flags = spin_lock_irq(&p->signal_lock);
	sigset_t waiting = (p->pending | current->pending) & ~held_back(current) & ~(IGNORED_SIGNALS | STOP_SIGNALS);
	bool fatal = false;

	for (int sig = 1; sig <= NSIG_K && !fatal; sig++)
		fatal = (waiting & SIG_BIT(sig)) && p->actions[sig - 1].handler == LINUX_SIG_DFL;
	spin_unlock_irq(&p->signal_lock, flags);
	return fatal && !thread_is_traced(current);
}

bool thread_is_dying(void)
{
	const struct thread *execing = READ_ONCE(current_process->execing);

	return READ_ONCE(current_process->exiting) || READ_ONCE(current->exiting) || (execing && execing != current) || signal_fatal_pending();
}

bool signal_pending(const struct thread *t)
{
	const struct process *p = t->process;

	if (!p || t->exiting)
		return false;
	if (((READ_ONCE(t->pending) | READ_ONCE(p->pending)) & (~t->blocked | t->waiting_for)) || t->signal_flags)
		return true;
	return (READ_ONCE(p->attention) & ~PROCESS_ERRANDS) && READ_ONCE(p->execing) != t;
}

bool signal_interrupts(void)
{
	if (!signal_pending(current))
		return false;
	current->interrupted = true;
	return true;
}

/* A thread is leaving: its own signals go with it, and those of the process find another thread. */
void signal_flush_thread(struct thread *t)
{
	struct process *p = t->process;
	uint64_t flags = spin_lock_irq(&p->lock), inner = spin_lock_irq(&p->signal_lock);
	struct thread *other;

	signal_flush_own(t);
	list_for_each(other, &p->threads, process_link)
		if (other != t && (p->pending & ~held_back(other)))
			sched_interrupt(other);
	spin_unlock_irq(&p->signal_lock, inner);
	spin_unlock_irq(&p->lock, flags);
}

void signal_reset_actions(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->signal_lock);

	for (unsigned int i = 0; i < NSIG_K; i++) {
		struct sigaction_k *action = &p->actions[i];

		if (action->handler != LINUX_SIG_IGN)
			action->handler = LINUX_SIG_DFL;
		action->flags = action->restorer = action->mask = 0;
	}
	spin_unlock_irq(&p->signal_lock, flags);
}

static bool any_thread_blocks(struct process *p, struct thread *only, int sig)
{
	struct thread *t;

	if (only)
		return only->blocked & SIG_BIT(sig);
	list_for_each(t, &p->threads, process_link)
		if (t->blocked & SIG_BIT(sig))
			return true;
	return false;
}

bool process_ignores(const struct process *p, int sig)
{
	uint64_t handler = READ_ONCE(p->actions[sig - 1].handler);

	return handler == LINUX_SIG_IGN || (handler == LINUX_SIG_DFL && signal_default_ignores(sig));
}

/* From the kernel, or from a namespace above: such a signal reaches an init too. */
static bool is_from_above(const struct process *p, const struct linux_siginfo *info)
{
	return p != init_process && (!info || !pid_ns_holds(p->pid_ns, pid_ns_current()));
}

/* Would sending @sig have no effect at all? An init takes only what it has a handler for. */
static bool signal_is_dropped(struct process *p, struct thread *only, int sig, const struct linux_siginfo *info)
{
	uint64_t handler = p->actions[sig - 1].handler;

	if (p->nr_traced)
		return false;
	if (process_is_init(p) && handler == LINUX_SIG_DFL && !(sig == LINUX_SIGSTOP && is_from_above(p, info)))
		return !any_thread_blocks(p, only, sig);
	if (!process_ignores(p, sig))
		return false;
	return !any_thread_blocks(p, only, sig);
}

void signal_info_user(struct linux_siginfo *info, int sig, int code, uint64_t value)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
	info->sender.pid = current_process->own_pid;
	info->sender.uid = current->cred.uid;
	info->sender.value = value;
}

/* The thread that takes a signal of the process: one that does not block it, the sender by preference. p->lock held. */
static struct thread *thread_choose(struct process *p, int sig)
{
	struct thread *t, *chosen = NULL;

	list_for_each(t, &p->threads, process_link) {
		if ((held_back(t) & SIG_BIT(sig)) || t->exiting)
			continue;
		if (!chosen || t == current || READ_ONCE(t->interruptible) == SLEEP_SIGNAL)
			chosen = t;
		if (t == current)
			break;
	}
	return chosen;
}

/* A signal that may end the process is no other thread's business, but ends sleeps that only death ends. p->lock held. */
static void rouse_mortals(struct process *p)
{
	struct thread *t;

	list_for_each(t, &p->threads, process_link)
		if (READ_ONCE(t->interruptible) == SLEEP_DEATH)
			sched_interrupt(t);
}

static int signal_post(struct process *p, struct thread *only, const struct sent_signal *s)
{
	uint64_t flags = spin_lock_irq(&p->signal_lock);
	struct thread *t;
	int sig = s->sig, err = 0;

	if (STOP_SIGNALS & SIG_BIT(sig))
		signal_pending_drop(p, SIG_BIT(LINUX_SIGCONT));
	if (!signal_is_dropped(p, only, sig, s->info))
		err = signal_enqueue(p, only, s);
	spin_unlock_irq(&p->signal_lock, flags);
	t = only ? only : thread_choose(p, sig);
	if (!err && t && !(held_back(t) & SIG_BIT(sig)))
		sched_interrupt(t);
	if (!err && !only && p->actions[sig - 1].handler == LINUX_SIG_DFL)
		rouse_mortals(p);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* a reader queues itself, then looks for signals */
	if (!err && !list_empty(&signalfd_wait.waiters))
		wait_wake(&signalfd_wait, 0);
	return err;
}

/* SIGCONT continues when it is sent, whatever is blocked or ignored. Tree lock held. */
static void process_continue(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock), inner = spin_lock_irq(&p->signal_lock);

	signal_pending_drop(p, STOP_SIGNALS);
	spin_unlock_irq(&p->signal_lock, inner);
	spin_unlock_irq(&p->lock, flags);
	ptrace_continued(p);
	if (!p->stopped)
		return;
	p->stopped = false;
	p->continued = true;
	__atomic_and_fetch(&p->attention, ~PROCESS_STOPPED, __ATOMIC_SEQ_CST);
	wait_wake(&p->state_wait, 0);
	process_notify_parent(p, LINUX_CLD_CONTINUED, LINUX_SIGCONT);
}

/* A thread that has dropped its own signals, for it ends, gets no more. */
static int signal_post_any(struct process *p, struct thread *only, const struct sent_signal *s)
{
	int sig = s->sig, err = 0;
	uint64_t flags;

	if (sig == 0 || p->zombie)
		return 0;
	if (sig == LINUX_SIGKILL) {
		if (!process_is_init(p) || is_from_above(p, s->info))
			process_begin_exit(p, LINUX_SIGKILL);
		return 0;
	}
	if (sig == LINUX_SIGCONT)
		process_continue(p);
	flags = spin_lock_irq(&p->lock);
	if (p->nr_threads && !p->exiting && !(only && only->exiting))
		err = signal_post(p, only, s);
	spin_unlock_irq(&p->lock, flags);
	return err;
}

int signal_post_process(struct process *p, int sig, const struct linux_siginfo *info)
{
	return signal_post_any(p, NULL, &(struct sent_signal){ .sig = sig, .info = info });
}

int signal_post_thread(struct thread *t, int sig, const struct linux_siginfo *info)
{
	return signal_post_any(t->process, t, &(struct sent_signal){ .sig = sig, .info = info });
}

int signal_send_process(struct process *p, int sig, const struct linux_siginfo *info)
{
	uint64_t flags;
	int err;

	if (sig < 0 || sig > LINUX_NSIG)
		return -EINVAL;
	flags = spin_lock_irq(&process_tree_lock);
	err = signal_post_process(p, sig, info);
	spin_unlock_irq(&process_tree_lock, flags);
	return err;
}

int signal_send_thread(struct thread *t, int sig, const struct linux_siginfo *info)
{
	uint64_t flags;
	int err;

	if (sig < 0 || sig > LINUX_NSIG)
		return -EINVAL;
	if (!t->process)
		return -ESRCH;
	flags = spin_lock_irq(&process_tree_lock);
	err = signal_post_thread(t, sig, info);
	spin_unlock_irq(&process_tree_lock, flags);
	return err;
}

void signal_send_kept(struct process *p, struct thread *only, struct queued_signal *q, uint64_t more)
{
	const struct sent_signal s = { .sig = q->info.si_signo, .info = &q->info, .kept = q, .more = more };
	uint64_t flags = spin_lock_irq(&process_tree_lock);

	signal_post_any(p, only, &s);
	spin_unlock_irq(&process_tree_lock, flags);
}

int signal_send_group(pid_t pgid, int sig)
{
	uint64_t flags;
	struct process *p;
	int reached = 0;

	if (sig < 0 || sig > LINUX_NSIG)
		return -EINVAL;
	flags = spin_lock_irq(&process_tree_lock);
	list_for_each(p, &all_processes, all_link) {
		if (p->pgid != pgid || p->zombie)
			continue;
		signal_post_process(p, sig, NULL);
		reached++;
	}
	spin_unlock_irq(&process_tree_lock, flags);
	return reached ? reached : -ESRCH;
}

/* Set the current thread's mask. Signals of the process that it no longer takes find another thread. */
void signal_set_mask(sigset_t mask)
{
	struct thread *t = current, *other;
	struct process *p = t->process;
	uint64_t flags = spin_lock_irq(&p->lock), inner = spin_lock_irq(&p->signal_lock);
	sigset_t newly = (mask & ~NEVER_BLOCKED) & ~t->blocked;

	t->blocked = mask & ~NEVER_BLOCKED;
	if (newly & p->pending)
		list_for_each(other, &p->threads, process_link)
			if (other != t && (p->pending & newly & ~held_back(other)))
				sched_interrupt(other);
	spin_unlock_irq(&p->signal_lock, inner);
	spin_unlock_irq(&p->lock, flags);
}

void signal_mask_borrow(sigset_t mask)
{
	struct thread *t = current;

	t->saved_blocked = t->blocked;
	t->mask_borrowed = true;
	signal_set_mask(mask);
}

/* With a signal pending the borrowed mask stays until that was delivered: it may be blocked otherwise. */
void signal_mask_restore(void)
{
	struct thread *t = current;

	if (!t->mask_borrowed)
		return;
	t->mask_borrowed = false;
	if (signal_pending(t))
		t->restore_blocked = true;
	else
		signal_set_mask(t->saved_blocked);
}

int signal_mask_borrow_user(uint64_t address, uint64_t size)
{
	sigset_t mask;
	int err;

	if (!address)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	err = copy_from_user(&mask, address, sizeof(mask));
	if (!err)
		signal_mask_borrow(mask);
	return err;
}

/* Make @sig take its default action even when it is ignored or blocked, as Linux does for what cannot be postponed. */
static void force_default(struct process *p, struct thread *t, int sig)
{
	struct sigaction_k *action = &p->actions[sig - 1];

	if (action->handler == LINUX_SIG_IGN || (t->blocked & SIG_BIT(sig)))
		action->handler = LINUX_SIG_DFL;
	t->blocked &= ~SIG_BIT(sig);
}

void signal_force_info(int sig, const struct linux_siginfo *info)
{
	struct thread *t = current;
	struct process *p = t->process;
	uint64_t flags = spin_lock_irq(&p->signal_lock);

	force_default(p, t, sig);
	p->may_die |= p->actions[sig - 1].handler == LINUX_SIG_DFL;
	if (p == init_process && p->may_die)
		log_err("init: fatal signal %d at %llx", sig, (unsigned long long)info->fault.addr);
	signal_enqueue(p, t, &(struct sent_signal){ .sig = sig, .info = info });
	spin_unlock_irq(&p->signal_lock, flags);
}

void signal_force(int sig)
{
	struct linux_siginfo info = { .si_signo = sig, .si_code = LINUX_SI_KERNEL };

	signal_force_info(sig, &info);
}

void signal_fault(int sig, int code, uint64_t address)
{
	struct linux_siginfo info = { .si_signo = sig, .si_code = code };

	info.fault.addr = address;
	signal_force_info(sig, &info);
}
