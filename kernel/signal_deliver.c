// SPDX-License-Identifier: GPL-2.0
/*
 * The way back to user mode with something to look at: ending, stopping, default actions, handlers, and whether an interrupted system
 * call starts again. Runs in the thread itself, interrupts on, no locks. What a call returned is still in regs->rax; regs->error is ~0
 * until the restart question is settled, so it is answered once.
 */
#include <fs/file.h>
#include <kernel/cgroup.h>
#include <kernel/core_dump.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <asm/cpu.h>
#include "process_internal.h"

#define SYSCALL_LENGTH	2	/* bytes of the SYSCALL instruction */
#define FROM_SYSCALL	(~0ull)
#define CORE_SIGNALS	(SIG_BIT(LINUX_SIGQUIT) | SIG_BIT(LINUX_SIGILL) | SIG_BIT(LINUX_SIGABRT) | SIG_BIT(LINUX_SIGFPE) | \
			 SIG_BIT(LINUX_SIGSEGV) | SIG_BIT(LINUX_SIGBUS) | SIG_BIT(LINUX_SIGSYS) | SIG_BIT(LINUX_SIGTRAP) | \
			 SIG_BIT(LINUX_SIGXCPU) | SIG_BIT(LINUX_SIGXFSZ))
#define STOP_SIGNALS	(SIG_BIT(LINUX_SIGSTOP) | SIG_BIT(LINUX_SIGTSTP) | SIG_BIT(LINUX_SIGTTIN) | SIG_BIT(LINUX_SIGTTOU))

/* Calls that start again after a handler with SA_RESTART although their code returns a plain -EINTR (signal(7)). */
static const uint16_t restartable[] = {
	NR_read, NR_write, NR_open, NR_ioctl, NR_pread64, NR_pwrite64, NR_readv, NR_writev, NR_preadv, NR_pwritev, NR_preadv2,
	NR_pwritev2, NR_sendfile, NR_splice, NR_tee, NR_wait4, NR_waitid, NR_fcntl, NR_flock, NR_openat, NR_creat, NR_accept, NR_accept4,
	NR_connect, NR_sendto, NR_recvfrom, NR_sendmsg, NR_recvmsg, NR_getrandom, NR_fsync, NR_fdatasync, NR_ftruncate,
	NR_copy_file_range, NR_futex,
};

/* Calls that report -EINTR even when no handler ran (a stop and a continue). */
static const uint16_t never_again[] = { NR_epoll_wait, NR_epoll_pwait, NR_epoll_pwait2, NR_io_getevents, NR_rt_sigtimedwait,
					NR_semop, NR_semtimedop, NR_close, NR_io_uring_enter };

static bool nr_in(const uint16_t *list, unsigned int count, uint64_t nr)
{
	for (unsigned int i = 0; i < count; i++)
		if (list[i] == nr)
			return true;
	return false;
}

static void call_again(struct regs *regs, uint64_t nr)
{
	regs->rax = nr;
	regs->rip -= SYSCALL_LENGTH;
}

/* Settle what the interrupted call returns when @action's handler runs. */
static void restart_for_handler(struct regs *regs, const struct sigaction_k *action)
{
	int64_t result = regs->rax;
	uint64_t nr = regs->vector;
	bool restart = action->flags & LINUX_SA_RESTART;

	if (regs->error != FROM_SYSCALL)
		return;
	regs->error = 0;
	if (result == -ERESTARTNOINTR || (result == -ERESTARTSYS && restart) ||
	    (result == -EINTR && restart && nr_in(restartable, ARRAY_SIZE(restartable), nr)))
		call_again(regs, nr);
	else if (result == -ERESTARTSYS || result == -ERESTARTNOHAND || result == -ERESTART_BLOCK || result == -EINTR_FINAL)
		regs->rax = -EINTR;
}

static void restart_without_handler(struct regs *regs)
{
	int64_t result = regs->rax;
	uint64_t nr = regs->vector;

	if (regs->error != FROM_SYSCALL)
		return;
	regs->error = 0;
	if (result == -ERESTART_BLOCK)
		call_again(regs, NR_restart_syscall);
	else if (result == -EINTR_FINAL)
		regs->rax = -EINTR;
	else if (result == -ERESTARTSYS || result == -ERESTARTNOINTR || result == -ERESTARTNOHAND)
		call_again(regs, nr);
	else if (result == -EINTR && !nr_in(never_again, ARRAY_SIZE(never_again), nr))
		call_again(regs, nr);
}

void signal_result_traced(struct regs *regs)
{
	uint64_t nr = regs->vector;

	if (regs->rax != (uint64_t)-EINTR || regs->error != FROM_SYSCALL || nr_in(never_again, ARRAY_SIZE(never_again), nr))
		return;
	regs->rax = (uint64_t)(nr_in(restartable, ARRAY_SIZE(restartable), nr) ? -ERESTARTSYS : -ERESTARTNOHAND);
	current->interrupted = true;	/* it is settled on the way to user mode */
}

/* Wait until somebody continues or ends the process. */
static void stopped_wait(struct process *p)
{
	WRITE_ONCE(current->held, true);
	wait_event(&p->state_wait, !(READ_ONCE(p->attention) & PROCESS_STOPPED) || READ_ONCE(p->exiting) || thread_is_traced(current),
		   TIME_FOREVER, false);
	WRITE_ONCE(current->held, false);
}

/* Until its next period begins, or somebody ends it; a tracer may stop it meanwhile. */
static void throttled_wait(struct process *p)
{
	WRITE_ONCE(current->stood_turn, READ_ONCE(p->hold_turn));
	WRITE_ONCE(current->held, true);
	wait_event(&p->state_wait, !(READ_ONCE(p->attention) & PROCESS_HELD) || READ_ONCE(p->exiting) || READ_ONCE(current->trace_trap),
		   TIME_FOREVER, false);
	WRITE_ONCE(current->held, false);
	if (unlikely(READ_ONCE(current->trace_trap)))
		ptrace_interrupted();
}

static void slowed_wait(struct process *p)
{
	__atomic_and_fetch(&p->attention, ~PROCESS_SLOWED, __ATOMIC_SEQ_CST);
	cgroup_memory_slow();
}

static void process_stop(struct process *p, int sig)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock), inner;

	if (sig != LINUX_SIGSTOP && process_group_orphaned(p->pgid, NULL))
		goto out;
	inner = spin_lock_irq(&p->lock);
	p->stopped = !p->exiting;
	p->continued = p->reported_stop = false;
	p->stop_signal = sig;
	if (p->stopped) {
		__atomic_or_fetch(&p->attention, PROCESS_STOPPED, __ATOMIC_SEQ_CST);
		process_rouse(p);
	}
	spin_unlock_irq(&p->lock, inner);
	if (p->stopped)
		process_notify_parent(p, LINUX_CLD_STOPPED, sig);
out:
	spin_unlock_irq(&process_tree_lock, flags);
}

#define PROGRAM_LOG_BURST		10u
#define PROGRAM_LOG_PERIOD	NSEC_PER_SEC

/* A crashing program may be started over and over: ten lines at once, then one a second. Races only cost or give a line. */
bool program_log_allowed(void)
{
	static time_ns_t refilled;
	static uint32_t spent;
	time_ns_t now = time_now();

	if (now - refilled >= PROGRAM_LOG_PERIOD) {
		spent -= MIN(spent, (uint32_t)MIN((now - refilled) / PROGRAM_LOG_PERIOD, (time_ns_t)PROGRAM_LOG_BURST));
		refilled = now;
	}
	if (spent >= PROGRAM_LOG_BURST)
		return false;
	spent++;
	return true;
}

static void default_action(struct process *p, int sig, const struct linux_siginfo *info)
{
	if (signal_default_ignores(sig))
		return;
	/* What an init has no handler for does nothing to it, but what cannot be caught, if it came so far, and its own faults. */
	if (process_is_init(p) && !p->may_die && (p == init_process || (sig != LINUX_SIGKILL && sig != LINUX_SIGSTOP)))
		return;
	if (STOP_SIGNALS & SIG_BIT(sig)) {
		process_stop(p, sig);
		return;
	}
	if ((CORE_SIGNALS & SIG_BIT(sig)) && info->si_code > 0 && info->si_code != LINUX_SI_KERNEL && program_log_allowed())
		log_info("%s[%d]: signal %d at %llx, rip %llx", p->name, p->pid, sig, (unsigned long long)info->fault.addr,
			 (unsigned long long)current->user_regs->rip);
	process_exit((CORE_SIGNALS & SIG_BIT(sig)) && core_dump(sig, info) ? sig | LINUX_W_CORE : sig);
}

/* The action of @sig now; a one-shot handler is used up. */
static struct sigaction_k action_take(struct process *p, int sig)
{
	uint64_t flags = spin_lock_irq(&p->signal_lock);
	struct sigaction_k action = p->actions[sig - 1];

	if ((action.flags & LINUX_SA_RESETHAND) && action.handler > LINUX_SIG_IGN)
		p->actions[sig - 1].handler = LINUX_SIG_DFL;
	spin_unlock_irq(&p->signal_lock, flags);
	return action;
}

static void handler_run(struct regs *regs, int sig, const struct linux_siginfo *info, const struct sigaction_k *action)
{
	struct thread *t = current;
	sigset_t old = t->restore_blocked ? t->saved_blocked : t->blocked;
	sigset_t during = t->blocked | action->mask | (action->flags & LINUX_SA_NODEFER ? 0 : SIG_BIT(sig));

	restart_for_handler(regs, action);
	rseq_signal(regs);
	t->restore_blocked = false;
	if (signal_frame_push(regs, sig, info, action, old) == 0) {
		signal_set_mask(during);
		ptrace_handler_entered();
		return;
	}
	/* No room for the frame. A handler for SIGSEGV would find none either. */
	signal_set_mask(old);
	if (sig == LINUX_SIGSEGV)
		process_exit(core_dump(sig, info) ? LINUX_SIGSEGV | LINUX_W_CORE : LINUX_SIGSEGV);
	signal_force(LINUX_SIGSEGV);
}

/* Deliver one signal. False when there is none left; sets *handled when a handler is to run. */
static bool deliver_one(struct regs *regs, bool *handled)
{
	struct process *p = current_process;
	struct linux_siginfo info;
	struct sigaction_k action;
	int sig = signal_dequeue(~current->blocked, &info);

	if (!sig)
		return false;
	if (thread_is_traced(current)) {
		sig = ptrace_signal(sig, &info);
		if (!sig)
			return true;
	}
	action = action_take(p, sig);
	if (action.handler == LINUX_SIG_IGN)
		return true;
	if (action.handler == LINUX_SIG_DFL) {
		default_action(p, sig, &info);
		return true;
	}
	handler_run(regs, sig, &info, &action);
	*handled = true;
	return true;
}

/* To the end of the process, or to a thread that runs another program. */
static void __noreturn thread_give_way(void)
{
	const struct process *p = current_process;

	ptrace_exit_event(READ_ONCE(p->exiting) ? p->exit_status : 0);
	thread_leave();
}

static void attention_heed(struct process *p)
{
	for (;;) {
		uint32_t attention = READ_ONCE(p->attention);

		if ((attention & PROCESS_EXITING) || ((attention & PROCESS_EXECING) && p->execing != current))
			thread_give_way();
		if ((attention & PROCESS_DUMPING) && READ_ONCE(p->dumper) != current)
			core_dump_wait(p);
		else if (attention & PROCESS_RING)
			uring_attend();
		else if (attention & PROCESS_SLOWED)
			slowed_wait(p);
		else if (attention & PROCESS_HELD)
			throttled_wait(p);
		else if (!(attention & PROCESS_STOPPED))
			return;
		else if (thread_is_traced(current))
			ptrace_group_stop(p->stop_signal);
		else
			stopped_wait(p);
	}
}

void signal_deliver(struct regs *regs)
{
	struct thread *t = current;
	struct process *p = t->process;
	uint64_t flags = irqs_enabled() ? RFLAGS_IF : 0;
	bool handled = false;

	if (!p || !regs_from_user(regs))
		return;
	irq_enable();
	do {
		if (READ_ONCE(p->attention))
			attention_heed(p);
		if (unlikely(t->trace_trap))
			ptrace_interrupted();
	} while (deliver_one(regs, &handled));
	if (!handled) {
		restart_without_handler(regs);
		if (t->restore_blocked) {
			t->restore_blocked = false;
			signal_set_mask(t->saved_blocked);
		}
	}
	if (!flags)
		irq_disable();
}

SYSCALL_FLAGS(NR_restart_syscall, restart_syscall, SYSCALL_DRIVER)
{
	struct thread *t = current;
	int64_t (*restart)(struct thread *t) = t->restart;

	t->restart = NULL;
	return restart ? restart(t) : -EINTR;
}
