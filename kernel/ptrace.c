// SPDX-License-Identifier: GPL-2.0
/*
 * ptrace(2), the tracee's half: stops, events, and what becomes of them when either side ends. A traced thread stops by itself, on its way
 * to or from user mode, and sleeps until the tracer (kernel/ptrace_call.c) lets it go or the process is killed. Lock: process_tree_lock.
 */
#include <kernel/pid_ns.h>
#include <kernel/ptrace.h>
#include <mm/slab.h>
#include <asm/debug.h>
#include <uapi/ferry/linux_ptrace.h>
#include "process_internal.h"
#include "ptrace_internal.h"

/* ---- Records: tree lock held ---- */

bool ptrace_link(struct thread *t, struct thread *tracer, bool seized, uint32_t options)
{
	struct trace *tr = t->trace;
	struct process *p = t->process;
	bool counted = tr && !list_empty(&tr->link);

	/* Let go a moment ago, and whoever did has not yet put the reference: it is this tracer's now. */
	if (counted)
		list_del(&tr->link);
	if (!tr)
		tr = kzalloc(sizeof(*tr));
	if (!tr)
		return false;
	*tr = (struct trace){ .thread = t, .tracer = tracer, .seized = seized, .options = options };
	if (!counted)
		thread_get(t);
	WRITE_ONCE(t->trace, tr);
	list_append(&tracer->process->tracees, &tr->link);
	p->nr_traced++;
	if (t->tid == p->pid)
		p->leader_trace = tr;
	return true;
}

/*
 * No longer traced: whatever it waits for is over. If the reference to the thread is the last one it goes to @released; otherwise the thread
 * may run on, be traced again and need its link at once.
 */
void ptrace_forget(struct trace *tr, struct list *released)
{
	struct process *p = tr->thread->process;

	WRITE_ONCE(tr->tracer, NULL);
	tr->syscalls = tr->step = tr->emulates = tr->zombie = tr->listening = false;
	tr->options = 0;
	if (p->leader_trace == tr)
		p->leader_trace = NULL;
	if (--p->nr_traced == 0 && p->syscalls == SYSCALLS_TRACED && !p->seccomp && !p->dispatches)
		p->syscalls = SYSCALLS_ALL;
	list_del(&tr->link);
	WRITE_ONCE(tr->stopped, false);
	wait_wake(&p->state_wait, 0);
	if (!ref_put_unless_last(&tr->thread->ref))
		list_append(released, &tr->link);
}

/* The thread of a record that is still on @released, taken off; NULL: none is. */
static struct thread *released_take(struct list *released)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct thread *t = NULL;

	if (!list_empty(released)) {
		struct trace *tr = list_first(released, struct trace, link);

		t = tr->thread;
		list_del(&tr->link);
	}
	spin_unlock_irq(&process_tree_lock, flags);
	return t;
}

/* One by one: as long as a record is on the list, the next tracer may take it off (ptrace_link()). */
void ptrace_released_put(struct list *released)
{
	struct thread *t;

	while ((t = released_take(released)) != NULL)
		thread_put(t);
}

static void tell_tracer(struct trace *tr, int code, int status)
{
	struct linux_siginfo info = { .si_signo = LINUX_SIGCHLD, .si_code = code };
	struct process *tracer = tr->tracer->process;

	info.sender.pid = likely(!tracer->pid_ns) ? tr->thread->tid : pid_told_in(tracer->pid_ns, tr->thread->tid);
	info.sender.uid = tr->thread->cred.uid;
	info.sender.child.status = status;
	if (code != LINUX_CLD_TRAPPED || !(tracer->actions[LINUX_SIGCHLD - 1].flags & LINUX_SA_NOCLDSTOP))
		signal_post_process(tracer, LINUX_SIGCHLD, &info);
	wait_wake(&tracer->child_wait, 0);
}

static void trap_begin(struct trace *tr, uint32_t code)
{
	tr->code = code;
	tr->reported = tr->listening = false;
	tr->resume_signal = 0;
	WRITE_ONCE(tr->stopped, true);
	tell_tracer(tr, LINUX_CLD_TRAPPED, code & 0x7f);
}

/* ---- Stops: in the traced thread ---- */

static bool must_leave(const struct process *p)
{
	return READ_ONCE(p->exiting) || ((READ_ONCE(p->attention) & PROCESS_EXECING) && READ_ONCE(p->execing) != current);
}

/* Is it no time to stop, or to stay so? @ends: the thread stops at its end. */
static bool is_called_away(const struct process *p, bool ends)
{
	return ends ? READ_ONCE(p->hurries) : must_leave(p);
}

static void info_of_stop(struct linux_siginfo *info, uint32_t code)
{
	*info = (struct linux_siginfo){ .si_signo = code & 0x7f, .si_code = (int)code };
	info->sender.pid = current->own_tid;
	info->sender.uid = current->cred.uid;
}

static bool stop_begin(struct trace *tr, uint32_t code, const struct linux_siginfo *info, uint64_t message, bool ends)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	bool stop = tr->tracer && !is_called_away(current_process, ends);

	if (stop) {
		tr->message = message;
		if (info)
			tr->info = *info;
		else
			info_of_stop(&tr->info, code);
		trap_begin(tr, code);
	}
	spin_unlock_irq(&process_tree_lock, flags);
	return stop;
}

static int stop_end(struct trace *tr)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	int sig = tr->resume_signal;
	bool step = tr->tracer && tr->step;

	tr->stopped = false;
	tr->phase = TRACE_NONE;
	spin_unlock_irq(&process_tree_lock, flags);
	arch_trace_resume(current, step);
	return sig;
}

static int stop(uint32_t code, const struct linux_siginfo *info, uint64_t message, bool ends)
{
	struct process *p = current_process;
	struct trace *tr = current->trace;

	if (!tr)
		return 0;
	arch_trace_stop(current);
	if (!stop_begin(tr, code, info, message, ends)) {
		arch_trace_resume(current, false);
		return 0;
	}
	WRITE_ONCE(current->held, true);
	wait_event(&p->state_wait, !READ_ONCE(tr->stopped) || is_called_away(p, ends), TIME_FOREVER, false);
	WRITE_ONCE(current->held, false);
	return stop_end(tr);
}

int ptrace_stop(uint32_t code, const struct linux_siginfo *info, uint64_t message)
{
	return stop(code, info, message, false);
}

int ptrace_signal(int sig, struct linux_siginfo *info)
{
	struct thread *t = current;
	int now = ptrace_stop(sig, info, 0);

	if (must_leave(t->process))
		return 0;
	if (now == sig)
		*info = t->trace->info;
	else if (now)
		signal_info_user(info, now, LINUX_SI_USER, 0);
	if (!now || !(t->blocked & SIG_BIT(now)))
		return now;
	signal_send_thread(t, now, info);
	return 0;
}

static bool event_wanted(const struct thread *t, unsigned int event)
{
	return event && thread_is_traced(t) && (t->trace->options & (1u << event));	/* bit 0 is PTRACE_O_TRACESYSGOOD */
}

void ptrace_event(unsigned int event, uint64_t message)
{
	if (event_wanted(current, event))
		ptrace_stop(LINUX_SIGTRAP | event << 8, NULL, message);
}

void ptrace_exit_event(int status)
{
	if (event_wanted(current, LINUX_PTRACE_EVENT_EXIT))
		stop(LINUX_SIGTRAP | LINUX_PTRACE_EVENT_EXIT << 8, NULL, (uint64_t)status, true);
}

/* Without PTRACE_SEIZE the tracer knows it by this, that there is no siginfo. */
void ptrace_group_stop(int sig)
{
	static const struct linux_siginfo none;

	if (current->trace->seized)
		ptrace_stop((uint32_t)sig | LINUX_PTRACE_EVENT_STOP << 8, NULL, 0);
	else
		ptrace_stop((uint32_t)sig, &none, 0);
}

void ptrace_interrupted(void)
{
	current->trace_trap = false;
	ptrace_stop(LINUX_SIGTRAP | LINUX_PTRACE_EVENT_STOP << 8, NULL, 0);
}

void ptrace_exec(pid_t old_tid)
{
	struct thread *t = current;
	struct linux_siginfo info;

	if (!thread_is_traced(t))
		return;
	if (event_wanted(t, LINUX_PTRACE_EVENT_EXEC)) {
		ptrace_event(LINUX_PTRACE_EVENT_EXEC, old_tid);
	} else if (!t->trace->seized) {
		signal_info_user(&info, LINUX_SIGTRAP, LINUX_SI_USER, 0);
		signal_send_thread(t, LINUX_SIGTRAP, &info);
	}
}

/* A signal that comes along with the resumption of a stop that delivers none. */
static void stop_and_send(uint32_t code, uint64_t message)
{
	struct linux_siginfo info;
	int sig = ptrace_stop(code, NULL, message);

	if (!sig)
		return;
	info = (struct linux_siginfo){ .si_signo = sig, .si_code = LINUX_SI_KERNEL };
	signal_send_thread(current, sig, &info);
}

static void syscall_stop(enum trace_phase phase)
{
	struct trace *tr = current->trace;

	tr->phase = phase;
	stop_and_send(LINUX_SIGTRAP | (tr->options & LINUX_PTRACE_O_TRACESYSGOOD ? 0x80 : 0),
		      phase == TRACE_SYSCALL_ENTRY ? LINUX_PTRACE_EVENTMSG_SYSCALL_ENTRY : LINUX_PTRACE_EVENTMSG_SYSCALL_EXIT);
}

int64_t ptrace_syscall_entry(struct regs *regs)
{
	struct thread *t = current;
	bool emulates = thread_is_traced(t) && t->trace->emulates;

	regs->rax = -ENOSYS;
	if (emulates || (thread_is_traced(t) && t->trace->syscalls))
		syscall_stop(TRACE_SYSCALL_ENTRY);
	return emulates || must_leave(t->process) ? -1 : (int32_t)regs->vector;
}

/* Stepping over the call ends here: the trap flag would let one more instruction run. */
void ptrace_syscall_exit(struct regs *regs)
{
	struct thread *t = current;

	if (!thread_is_traced(t))
		return;
	if (t->trace->syscalls)
		syscall_stop(TRACE_SYSCALL_EXIT);
	else if (t->trace->step && !t->trace->emulates)
		stop_and_send(LINUX_SIGTRAP, 0);
}

void ptrace_handler_entered(void)
{
	if (thread_is_traced(current) && current->trace->step)
		stop_and_send(LINUX_SIGTRAP, 0);
}

bool ptrace_seccomp(uint32_t message)
{
	if (!event_wanted(current, LINUX_PTRACE_EVENT_SECCOMP))
		return false;
	current->user_regs->rax = (uint64_t)-ENOSYS;
	current->trace->phase = TRACE_SECCOMP;
	ptrace_event(LINUX_PTRACE_EVENT_SECCOMP, message);
	return true;
}

/* ---- New threads ---- */

unsigned int ptrace_clone_event(uint64_t flags, uint32_t exit_signal)
{
	unsigned int event = LINUX_PTRACE_EVENT_CLONE;

	if (flags & LINUX_CLONE_VFORK)
		event = LINUX_PTRACE_EVENT_VFORK;
	else if (exit_signal == LINUX_SIGCHLD)
		event = LINUX_PTRACE_EVENT_FORK;
	return !(flags & LINUX_CLONE_UNTRACED) && event_wanted(current, event) ? event : 0;
}

void ptrace_new_thread(struct thread *t, unsigned int event, uint64_t clone_flags)
{
	struct trace *mine = current->trace;
	uint64_t flags;

	if (!mine || (!event && !(clone_flags & LINUX_CLONE_PTRACE)))
		return;
	flags = spin_lock_irq(&process_tree_lock);
	if (mine->tracer && ptrace_link(t, mine->tracer, mine->seized, mine->options)) {
		if (mine->seized)
			t->trace_trap = true;
		else
			t->pending |= SIG_BIT(LINUX_SIGSTOP);
	}
	spin_unlock_irq(&process_tree_lock, flags);
}

/* ---- Ends ---- */

static void become_zombie(struct trace *tr, int status)
{
	tr->zombie = true;
	tr->stopped = false;
	tr->status = status;
	if (status & 0x7f)
		tell_tracer(tr, status & LINUX_W_CORE ? LINUX_CLD_DUMPED : LINUX_CLD_KILLED, status & 0x7f);
	else
		tell_tracer(tr, LINUX_CLD_EXITED, status >> 8 & 0xff);
}

void ptrace_thread_exit(struct thread *t)
{
	uint64_t flags;

	if (!t->trace)
		return;
	flags = spin_lock_irq(&process_tree_lock);
	if (t->trace->tracer && t->process->leader_trace != t->trace)
		become_zombie(t->trace, t->process->exit_status);
	spin_unlock_irq(&process_tree_lock, flags);
}

bool ptrace_process_exit(struct process *p, struct list *released)
{
	struct trace *tr = p->leader_trace;

	if (!tr)
		return true;
	if (tr->tracer->process == p->parent) {
		p->died_traced = true;
		ptrace_forget(tr, released);
		return true;
	}
	p->tracer_waits = true;
	become_zombie(tr, p->exit_status);
	return false;
}

/* Whoever was traced runs on, or dies if that was asked for. */
void ptrace_tracer_exit(struct thread *tracer, struct list *released)
{
	struct trace *tr, *next;

	list_for_each_safe(tr, next, &tracer->process->tracees, link) {
		struct process *p = tr->thread->process;

		if (tr->tracer != tracer)
			continue;
		if ((tr->options & LINUX_PTRACE_O_EXITKILL) && !tr->zombie)
			process_begin_exit(p, LINUX_SIGKILL);
		ptrace_forget(tr, released);
		if (p->tracer_waits)
			process_tell_parent_late(p);
	}
}

/* What is told of the process from here on is told of the caller; the first thread that gave way to it is not told of at all. */
void ptrace_exec_first(void)
{
	struct list released = LIST_INIT(released);
	struct process *p = current_process;
	uint64_t flags = spin_lock_irq(&process_tree_lock);

	if (p->leader_trace && p->leader_trace->thread != current)
		ptrace_forget(p->leader_trace, &released);
	if (thread_is_traced(current))
		p->leader_trace = current->trace;
	spin_unlock_irq(&process_tree_lock, flags);
	ptrace_released_put(&released);
}

static void retrap_if_listening(struct trace *tr)
{
	if (tr && tr->tracer && tr->stopped && tr->listening)
		trap_begin(tr, LINUX_SIGTRAP | LINUX_PTRACE_EVENT_STOP << 8);
}

void ptrace_retrap(struct trace *tr)
{
	retrap_if_listening(tr);
}

/* Traced threads of @p are found through their tracers' lists: p->lock would be taken a second time by telling the tracer. */
void ptrace_continued(struct process *p)
{
	struct process *tracer;
	struct trace *tr;

	if (!p->nr_traced)
		return;
	list_for_each(tracer, &all_processes, all_link)
		list_for_each(tr, &tracer->tracees, link)
			if (tr->thread->process == p)
				retrap_if_listening(tr);
}
