// SPDX-License-Identifier: GPL-2.0
/* Waiting for children: wait4 and waitid. A child is found and taken under process_tree_lock; results are copied out afterwards. */
#include <kernel/pid_ns.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <mm/user.h>
#include "pidfd.h"
#include "process_internal.h"

struct wait_query {
	int which;		/* LINUX_P_* */
	pid_t id;
	uint32_t options;
	/* What was found. */
	pid_t pid, told;	/* as the caller is told */
	uint32_t uid;
	int code, status;	/* CLD_*, and the exit code or signal */
	int wait_status;	/* as wait4 reports it */
	struct usage usage;	/* with what its own children cost */
	struct process *reaped;
	struct list released;	/* records of tracing that are over */
	bool again;		/* a pidfd that does not wait: -EAGAIN instead of nothing */
	struct process *only;	/* counted: the one of a pidfd */
};

static bool query_wants(const struct wait_query *q, const struct process *child)
{
	bool clone_child = child->exit_signal != LINUX_SIGCHLD;

	if (q->only && q->only != child)
		return false;
	if ((q->options & LINUX_WNOTHREAD) && child->parent_thread != current)
		return false;
	if (q->which == LINUX_P_PID && child->pid != q->id)
		return false;
	if (q->which == LINUX_P_PGID && child->pgid != q->id)
		return false;
	return child->died_traced || (q->options & LINUX_WALL) || clone_child == !!(q->options & LINUX_WCLONE);
}

static void query_fill(struct wait_query *q, struct process *child, int code, int status, int wait_status)
{
	q->pid = child->pid;
	q->uid = child->cred.uid;
	q->code = code;
	q->status = status;
	q->wait_status = wait_status;
	process_usage(child, 0, &q->usage);
	usage_add(&q->usage, &child->children_usage);
}

/* Take a zombie's status, and the zombie unless it is only looked at. */
static void query_take_zombie(struct wait_query *q, struct process *child)
{
	int status = child->exit_status;
	struct process *parent = child->parent;

	if (status & 0x7f)
		query_fill(q, child, status & LINUX_W_CORE ? LINUX_CLD_DUMPED : LINUX_CLD_KILLED, status & 0x7f, status);
	else
		query_fill(q, child, LINUX_CLD_EXITED, status >> 8 & 0xff, status);
	if (q->options & LINUX_WNOWAIT)
		return;
	usage_add(&parent->children_usage, &q->usage);
	process_unlink(child);
	q->reaped = child;
}

/* Then its stops are told as a tracee's; another tracer than the parent keeps none from it. */
static bool traced_by_parent(const struct process *child)
{
	const struct trace *tr = child->leader_trace;

	return tr && tr->tracer && tr->tracer->process == current_process;
}

static bool query_take(struct wait_query *q, struct process *child)
{
	bool keep = q->options & LINUX_WNOWAIT;

	if (child->zombie && !child->tracer_waits) {
		if (!(q->options & LINUX_WEXITED))
			return false;
		query_take_zombie(q, child);
		return true;
	}
	if (child->zombie)
		return false;	/* the tracer is told first */
	if (child->stopped && !child->reported_stop && (q->options & LINUX_WUNTRACED) && !traced_by_parent(child)) {
		query_fill(q, child, LINUX_CLD_STOPPED, child->stop_signal, LINUX_W_STOP(child->stop_signal));
		child->reported_stop = !keep;
		return true;
	}
	if (child->continued && (q->options & LINUX_WCONTINUED)) {
		query_fill(q, child, LINUX_CLD_CONTINUED, LINUX_SIGCONT, LINUX_W_CONTINUED);
		child->continued = keep;
		return true;
	}
	return false;
}

/* Whatever is traced is waited for, with __WCLONE and without. */
static bool query_wants_traced(const struct wait_query *q, const struct trace *tr)
{
	const struct process *p = tr->thread->process;
	bool first = tr->thread->tid == p->pid;

	if (q->only && (q->only != p || !first))
		return false;
	if ((q->options & LINUX_WNOTHREAD) && tr->tracer != current && !(first && p->parent_thread == current))
		return false;
	return (q->which != LINUX_P_PID || tr->thread->tid == q->id) && (q->which != LINUX_P_PGID || p->pgid == q->id);
}

static bool query_take_traced(struct wait_query *q, struct trace *tr)
{
	struct process *p = tr->thread->process;
	bool keep = q->options & LINUX_WNOWAIT;
	int status = tr->status;

	if (!(tr->zombie ? q->options & LINUX_WEXITED : tr->stopped && !tr->reported))
		return false;
	if (!tr->zombie) {
		query_fill(q, p, LINUX_CLD_TRAPPED, tr->code, (int)(tr->code << 8 | 0x7f));
		tr->reported = !keep;
	} else if (status & 0x7f) {
		query_fill(q, p, status & LINUX_W_CORE ? LINUX_CLD_DUMPED : LINUX_CLD_KILLED, status & 0x7f, status);
	} else {
		query_fill(q, p, LINUX_CLD_EXITED, status >> 8 & 0xff, status);
	}
	q->pid = tr->thread->tid;
	if (!tr->zombie || keep)
		return true;
	ptrace_forget(tr, &q->released);
	if (p->tracer_waits && q->pid == p->pid)
		process_tell_parent_late(p);
	return true;
}

/* As wait_scan() for what the caller's threads trace. Comes first: a process is told after its threads. */
static int wait_scan_traced(struct wait_query *q)
{
	int result = -ECHILD;
	struct trace *tr, *next;

	list_for_each_safe(tr, next, &current_process->tracees, link) {
		if (!query_wants_traced(q, tr))
			continue;
		if (query_take_traced(q, tr))
			return 1;
		result = 0;
	}
	return result;
}

/* 1: something was found (in @q); 0: nothing yet; -ECHILD: there is no such child. */
static int wait_scan(struct wait_query *q)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	int result = wait_scan_traced(q);
	struct process *child;

	list_for_each(child, &current_process->children, sibling) {
		if (result == 1)
			break;
		if (!query_wants(q, child))
			continue;
		result = query_take(q, child);
	}
	if (result == 1)
		q->told = pid_told(q->pid);
	spin_unlock_irq(&process_tree_lock, flags);
	return result;
}

/* As wait_scan(), but sleeps; -ERESTARTSYS when a signal came first. */
static int wait_for(struct wait_query *q)
{
	struct process *p = current_process;
	int result;

	list_init(&q->released);
	result = wait_scan(q);
	if (result == 0 && !(q->options & LINUX_WNOHANG) &&
	    wait_event(&p->child_wait, (result = wait_scan(q)) != 0, TIME_FOREVER, true) && result == 0)
		result = -ERESTARTSYS;
	if (q->reaped)
		process_put(q->reaped);
	q->reaped = NULL;
	ptrace_released_put(&q->released);
	return result;
}

static int rusage_put(uint64_t address, const struct wait_query *q)
{
	struct linux_rusage rusage;

	if (!address)
		return 0;
	rusage_fill(&rusage, &q->usage);
	return copy_to_user(address, &rusage, sizeof(rusage));
}

SYSCALL(NR_wait4, wait4)
{
	pid_t pid = args->a[0];
	uint32_t options = args->a[2];
	struct wait_query q = { .which = LINUX_P_ALL, .options = options | LINUX_WEXITED };
	int result;

	if (options & ~(LINUX_WNOHANG | LINUX_WUNTRACED | LINUX_WCONTINUED | LINUX_WNOTHREAD | LINUX_WCLONE | LINUX_WALL))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid > 0 || pid == -1) {
		q.which = pid > 0 ? LINUX_P_PID : LINUX_P_ALL;
		q.id = pid_meant(pid);
	} else {
		q.which = LINUX_P_PGID;
		q.id = pid ? pid_meant(-pid) : current_process->pgid;
	}
	result = wait_for(&q);
	if (result <= 0)
		return result;
	if (args->a[1] && put_user32(args->a[1], q.wait_status))
		return -EFAULT;
	return rusage_put(args->a[3], &q) ? -EFAULT : q.told;
}

static int query_pidfd(struct wait_query *q)
{
	struct process *p = q->id < 0 ? ERR_PTR(-EINVAL) : pidfd_get(q->id, &q->again);

	if (IS_ERR(p))
		return PTR_ERR(p) == -ESRCH ? -ECHILD : PTR_ERR(p);
	q->only = p;
	if (q->options & LINUX_WNOHANG)
		q->again = false;
	if (q->again)
		q->options |= LINUX_WNOHANG;
	return 0;
}

static int waitid_parse(struct syscall_args *args, struct wait_query *q)
{
	uint32_t known = LINUX_WNOHANG | LINUX_WNOWAIT | LINUX_WEXITED | LINUX_WSTOPPED | LINUX_WCONTINUED | LINUX_WNOTHREAD |
			 LINUX_WCLONE | LINUX_WALL;

	*q = (struct wait_query){ .which = args->a[0], .id = args->a[1], .options = args->a[3] };
	if ((q->options & ~known) || !(q->options & (LINUX_WEXITED | LINUX_WSTOPPED | LINUX_WCONTINUED)))
		return -EINVAL;
	if (q->which == LINUX_P_PID && q->id <= 0)
		return -EINVAL;
	if (q->which == LINUX_P_PGID && q->id < 0)
		return -EINVAL;
	if (q->which == LINUX_P_PGID && q->id == 0)
		q->id = current_process->pgid;
	else if (q->which == LINUX_P_PGID || q->which == LINUX_P_PID)
		q->id = pid_meant(q->id);
	if (q->which == LINUX_P_PIDFD)
		return query_pidfd(q);
	return q->which < LINUX_P_ALL || q->which > LINUX_P_PIDFD ? -EINVAL : 0;
}

SYSCALL(NR_waitid, waitid)
{
	struct linux_siginfo info;
	struct wait_query q;
	int result = waitid_parse(args, &q);

	if (!result) {
		result = wait_for(&q);
		if (q.only)
			process_put(q.only);
		if (!result && q.again)
			result = -EAGAIN;
	}
	memset(&info, 0, sizeof(info));
	if (result > 0) {
		info.si_signo = LINUX_SIGCHLD;
		info.si_code = q.code;
		info.sender.pid = q.told;
		info.sender.uid = q.uid;
		info.sender.child.status = q.status;
	}
	/* Told when there is an error, too, as Linux does. */
	if (args->a[2] && result != -ERESTARTSYS && result != -EINTR && copy_to_user(args->a[2], &info, sizeof(info)))
		return -EFAULT;
	if (result < 0)
		return result;
	return result && rusage_put(args->a[4], &q) ? -EFAULT : 0;
}
