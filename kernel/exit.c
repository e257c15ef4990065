// SPDX-License-Identifier: GPL-2.0
/*
 * The end of threads and processes: exit, exit_group, the zombie and its parent, orphans. A process ends with its last thread; ending it
 * early means marking it (PROCESS_EXITING) and letting each thread leave by itself on its way to user mode, so every lock and reference
 * of the kernel is given back by the code that took it. Locks: as in process.h.
 */
#include <kernel/cgroup.h>
#include <kernel/keys.h>
#include <kernel/log.h>
#include <kernel/namespace.h>
#include <kernel/pid_ns.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <kernel/time_ns.h>
#include <fs/file.h>
#include <fs/sysv.h>
#include <fs/tty.h>
#include <mm/space.h>
#include <mm/user.h>
#include <uapi/ferry/linux_ptrace.h>
#include "process_internal.h"

void process_begin_exit(struct process *p, int status)
{
	uint64_t flags = spin_lock_irq(&p->lock);

	if (!p->exiting) {
		p->exiting = true;
		p->exit_status = status;
		/* Threads that gave way to a program may wait at their ends for a tracer. */
		if (p->execing && status == LINUX_SIGKILL)
			WRITE_ONCE(p->hurries, true);
		__atomic_or_fetch(&p->attention, PROCESS_EXITING, __ATOMIC_SEQ_CST);
		process_rouse(p);
	}
	spin_unlock_irq(&p->lock, flags);
}

/* Take the current thread out of its process; true for the last one. */
static bool thread_detach(struct thread *t)
{
	struct process *p = t->process;
	uint64_t flags = spin_lock_irq(&p->lock);
	bool last;

	sched_set_group(t, NULL);
	list_del(&t->process_link);
	last = --p->nr_threads == 0;
	if (!last)
		tasks_count(-1);
	t->detached = !last;	/* the space goes with the last one */
	usage_of_dead_add(p, t);
	if (last && !p->exiting) {
		p->exiting = true;
		__atomic_or_fetch(&p->attention, PROCESS_EXITING, __ATOMIC_SEQ_CST);
	}
	wait_wake(&p->state_wait, 0);
	spin_unlock_irq(&p->lock, flags);
	cgroup_task_remove(p);
	return last;
}

static void process_release(struct process *p)
{
	uint64_t flags;
	struct fd_table *files;
	struct fs_context *fs;

	timer_disarm(&p->itimer_real);
	posix_timers_free(p);
	sem_process_exit(p);
	if (p->on_exit)
		p->on_exit(p);
	flags = spin_lock_irq(&p->lock);
	files = p->files;
	fs = p->fs;
	p->files = NULL;
	p->fs = NULL;
	spin_unlock_irq(&p->lock, flags);
	if (files)
		fd_table_put(files);
	if (p->pid == p->sid && p->pid)
		tty_session_end(p);
	if (fs)
		fs_context_put(fs);
	time_ns_leave(p);
	process_space_replace(p, NULL);
	cgroup_leave(p);
	process_release_vfork(p);
}

/* Is there nobody in another group of the session who could continue @pgid? Tree lock held. */
bool process_group_orphaned(pid_t pgid, const struct process *without)
{
	struct process *p;

	list_for_each(p, &all_processes, all_link) {
		if (p->pgid != pgid || p == without || p->zombie || !p->parent || p->parent == init_process)
			continue;
		if (p->parent->pgid != pgid && p->parent->sid == p->sid)
			return false;
	}
	return true;
}

void process_notify_parent(struct process *p, int code, int status)
{
	struct process *parent = p->parent;
	struct linux_siginfo info = { .si_signo = LINUX_SIGCHLD, .si_code = code };
	bool exited = code == LINUX_CLD_EXITED || code == LINUX_CLD_KILLED || code == LINUX_CLD_DUMPED;
	int sig = exited ? (int)p->exit_signal : LINUX_SIGCHLD;
	time_ns_t user, system;

	if (!parent)
		return;
	info.sender.pid = likely(!parent->pid_ns) ? p->pid : pid_told_in(parent->pid_ns, p->pid);
	info.sender.uid = p->cred.uid;
	info.sender.child.status = status;
	process_cpu_time(p, &user, &system);
	info.sender.child.utime = user / (NSEC_PER_SEC / LINUX_CLK_TCK);
	info.sender.child.stime = system / (NSEC_PER_SEC / LINUX_CLK_TCK);
	if (!exited && (parent->actions[LINUX_SIGCHLD - 1].flags & LINUX_SA_NOCLDSTOP))
		sig = 0;
	if (sig)
		signal_post_process(parent, sig, &info);
	wait_wake(&parent->child_wait, 0);
}

/* A parent that ignores its children never waits for them. Tree lock held. */
static bool parent_ignores(const struct process *p)
{
	const struct sigaction_k *action;

	if (!p->parent || p->exit_signal != LINUX_SIGCHLD)
		return !p->parent;
	action = &p->parent->actions[LINUX_SIGCHLD - 1];
	return action->handler == LINUX_SIG_IGN || (action->flags & LINUX_SA_NOCLDWAIT);
}

static void notify_exit(struct process *p)
{
	int status = p->exit_status;

	if (status & 0x7f)
		process_notify_parent(p, status & LINUX_W_CORE ? LINUX_CLD_DUMPED : LINUX_CLD_KILLED, status & 0x7f);
	else
		process_notify_parent(p, LINUX_CLD_EXITED, status >> 8 & 0xff);
}

/* A parent that ignores its children keeps this one until it ends: nothing here may sleep. */
void process_tell_parent_late(struct process *p)
{
	p->tracer_waits = false;
	notify_exit(p);
}

/* A stopped group that nobody can continue any more is told to go. Tree lock held. */
static void group_hang_up(pid_t pgid, const struct process *without)
{
	struct process *p;
	bool stopped = false;

	list_for_each(p, &all_processes, all_link)
		stopped |= p->pgid == pgid && p != without && p->stopped;
	if (!stopped || !process_group_orphaned(pgid, without))
		return;
	list_for_each(p, &all_processes, all_link) {
		if (p->pgid != pgid || p == without)
			continue;
		signal_post_process(p, LINUX_SIGHUP, NULL);
		signal_post_process(p, LINUX_SIGCONT, NULL);
	}
}

/* Was it @p whose parent could continue the group? Without such a one it was orphaned before, and nothing changes with @p's end. */
static bool held_by_parent(const struct process *p)
{
	return p->parent && p->parent->pgid != p->pgid && p->parent->sid == p->sid;
}

/* Put a zombie that nobody waits for on @reaped. Tree lock held. */
static void process_reap_quietly(struct process *p, struct list *reaped)
{
	process_unlink(p);
	list_append(reaped, &p->sibling);
}

/* The init of the namespace of @p, or of the one above where that is @p itself. Tree lock held. */
static struct process *init_of(const struct process *p)
{
	const struct pid_ns *ns = p->pid_ns;

	while (unlikely(ns) && (!ns->init || ns->init == p))
		ns = ns->parent;
	return ns ? ns->init : init_process;
}

/* The nearest living ancestor in its namespace that asked for orphans, or init. Tree lock held. */
static struct process *heir_of(const struct process *p)
{
	struct process *init = init_of(p), *heir;

	for (heir = p->parent; heir && heir != init && heir->pid_ns == p->pid_ns; heir = heir->parent)
		if (heir->subreaper && !heir->zombie && !heir->exiting)
			return heir;
	return init;
}

/* Hand the children on; the dead among them are the heir's to wait for. Tree lock held. */
static void children_hand_over(struct process *p, struct list *reaped)
{
	struct process *child, *tmp, *heir;

	if (list_empty(&p->children))
		return;
	heir = heir_of(p);	/* as many steps as there are ancestors */
	list_for_each_safe(child, tmp, &p->children, sibling) {
		list_del(&child->sibling);
		child->parent = heir;
		child->parent_thread = process_live_thread(heir);
		WRITE_ONCE(child->parent_pid, likely(!child->pid_ns) ? heir->pid : pid_told_in(child->pid_ns, heir->pid));
		child->exit_signal = LINUX_SIGCHLD;
		child->died_traced = false;
		list_append(&heir->children, &child->sibling);
		if (child->death_signal && !child->zombie)
			signal_post_process(child, child->death_signal, NULL);
		if (child->pgid != p->pgid && child->sid == p->sid)
			group_hang_up(child->pgid, p);
		if (!child->zombie || child->tracer_waits)
			continue;
		if (parent_ignores(child))
			process_reap_quietly(child, reaped);
		else
			notify_exit(child);
	}
}

static void process_become_zombie(struct process *p)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct list reaped = LIST_INIT(reaped);
	struct list released = LIST_INIT(released);
	struct process *dead, *tmp;
	bool tell;

	children_hand_over(p, &reaped);
	if (held_by_parent(p))
		group_hang_up(p->pgid, p);
	p->zombie = true;
	p->stopped = false;
	tell = ptrace_process_exit(p, &released);
	if (tell)
		notify_exit(p);
	wait_wake(&p->exit_wait, 0);
	if (tell && parent_ignores(p))
		process_reap_quietly(p, &reaped);
	spin_unlock_irq(&process_tree_lock, flags);
	ptrace_released_put(&released);
	list_for_each_safe(dead, tmp, &reaped, sibling) {
		list_del(&dead->sibling);
		process_put(dead);
	}
}

/* The last thread of @p is leaving. */
static void process_finish(struct process *p)
{
	int status = p->exit_status;

	if (p == init_process)
		panic("init died with status %d", status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff);
	if (unlikely(p->pid_ns) && process_is_init(p))
		pid_ns_end(p);
	process_companions_end(p);
	uring_process_ends();
	acct_process(p);
	process_release(p);
	process_become_zombie(p);
}

/* The word at clear_child_tid tells pthread_join() that the thread's stack is free. */
static void thread_clear_tid(struct thread *t)
{
	uint64_t address = t->clear_child_tid;

	t->clear_child_tid = 0;
	if (address && put_user32(address, 0) == 0)
		futex_wake_user(address, 1);
}

/*
 * What is @t's alone: whom it traced runs on, and its children are another thread's, who are told of its death as of a parent's
 * (PR_SET_PDEATHSIG). Nobody gives @t anything from here on, for it is exiting. When the process ends its children keep nobody for a moment.
 */
static void thread_forsake(struct thread *t)
{
	struct list released = LIST_INIT(released);
	struct process *p = t->process, *child;
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct thread *heir = READ_ONCE(p->exiting) ? NULL : process_live_thread(p);

	ptrace_tracer_exit(t, &released);
	list_for_each(child, &p->children, sibling) {
		if (child->parent_thread != t)
			continue;
		child->parent_thread = heir;
		if (heir && child->death_signal && !child->zombie)
			signal_post_process(child, child->death_signal, NULL);
	}
	spin_unlock_irq(&process_tree_lock, flags);
	ptrace_released_put(&released);
}

void thread_leave(void)
{
	struct thread *t = current;
	struct process *p = t->process;

	t->exiting = true;
	futex_thread_exit(t);
	thread_clear_tid(t);
	signal_flush_thread(t);
	ptrace_thread_exit(t);
	thread_forsake(t);
	keys_leave();
	if (thread_detach(t))
		process_finish(p);
	ns_leave(t);
	thread_exit();
}

void process_exit(int status)
{
	process_begin_exit(current_process, status);
	ptrace_exit_event(current_process->exit_status);
	thread_leave();
}

int process_single_thread(void)
{
	struct process *p = current_process;
	uint64_t flags = spin_lock_irq(&p->lock);
	int err = 0;

	if (p->exiting || p->execing) {
		err = -EINTR;
	} else if (p->nr_threads > 1 || !list_empty(&p->companions)) {
		p->execing = current;
		__atomic_or_fetch(&p->attention, PROCESS_EXECING, __ATOMIC_SEQ_CST);
		process_rouse(p);
	}
	spin_unlock_irq(&p->lock, flags);
	if (err)
		return err;
	wait_event(&p->state_wait, READ_ONCE(p->nr_threads) == 1, TIME_FOREVER, false);
	process_companions_end(p);
	p->execing = NULL;
	__atomic_and_fetch(&p->attention, ~PROCESS_EXECING, __ATOMIC_SEQ_CST);
	return p->exiting ? -EINTR : 0;
}

/* One thread ends; the process with its last one, with this status unless it is ending with another. */
SYSCALL_FLAGS(NR_exit, exit, SYSCALL_DRIVER)
{
	struct process *p = current_process;
	uint64_t flags;

	ptrace_exit_event(LINUX_W_EXIT(args->a[0]));
	flags = spin_lock_irq(&p->lock);
	if (!p->exiting)
		p->exit_status = LINUX_W_EXIT(args->a[0]);
	spin_unlock_irq(&p->lock, flags);
	thread_leave();
}

SYSCALL_FLAGS(NR_exit_group, exit_group, SYSCALL_DRIVER)
{
	process_exit(LINUX_W_EXIT(args->a[0]));
}

/* A spawned process that never ran: no thread of it can be current. */
void process_abandon(struct process *p)
{
	struct thread *t = list_first(&p->threads, struct thread, process_link);
	struct list reaped = LIST_INIT(reaped);
	uint64_t flags;

	list_del(&t->process_link);
	p->nr_threads = 0;
	thread_put(t);
	process_release(p);
	flags = spin_lock_irq(&process_tree_lock);
	process_reap_quietly(p, &reaped);
	spin_unlock_irq(&process_tree_lock, flags);
	list_del(&p->sibling);
	process_put(p);
}
