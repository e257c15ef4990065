// SPDX-License-Identifier: GPL-2.0
/* Scheduling calls: yield, policy and parameters, nice, affinity. Real-time policies are root's. */
#include <kernel/cpu.h>
#include <kernel/syscall.h>
#include <mm/user.h>
#include "process_internal.h"

#define RT_PRIORITY_MAX	99
#define NICE_MIN	(-20)
#define NICE_MAX	19

SYSCALL_FLAGS(NR_sched_yield, sched_yield, SYSCALL_DRIVER)
{
	sched_yield();
	return 0;
}

/* The thread @tid names, with a reference: the caller's own, one of its process, or another process's first. NULL: no such. */
static struct thread *thread_named(pid_t tid)
{
	struct process *p = current_process;
	struct thread *t, *found = NULL;
	uint64_t flags, inner;

	if (!tid || tid == current->tid) {
		thread_get(current);
		return current;
	}
	flags = spin_lock_irq(&process_tree_lock);
	p = pid_process(tid) ? pid_process(tid) : p;
	inner = spin_lock_irq(&p->lock);
	list_for_each(t, &p->threads, process_link)
		if (t->tid == tid)
			found = t;
	if (found)
		thread_get(found);
	spin_unlock_irq(&p->lock, inner);
	spin_unlock_irq(&process_tree_lock, flags);
	return found;
}

static bool is_rt(int policy)
{
	return policy == LINUX_SCHED_FIFO || policy == LINUX_SCHED_RR;
}

static int policy_check(int policy, int priority)
{
	bool known = is_rt(policy) || policy == LINUX_SCHED_OTHER || policy == LINUX_SCHED_BATCH || policy == LINUX_SCHED_IDLE;

	if (!known || priority < 0 || priority > RT_PRIORITY_MAX || is_rt(policy) != (priority > 0))
		return -EINVAL;
	return is_rt(policy) && !privileged(LINUX_CAP_SYS_NICE) ? -EPERM : 0;
}

static int64_t policy_set(pid_t tid, int policy, uint64_t param_address)
{
	struct linux_sched_param param;
	struct thread *t;
	int err;

	if (copy_from_user(&param, param_address, sizeof(param)))
		return -EFAULT;
	t = tid < 0 ? NULL : thread_named(tid);
	if (!t)
		return tid < 0 ? -EINVAL : -ESRCH;
	if (policy < 0)
		policy = t->sclass == SCHED_RT ? LINUX_SCHED_RR : LINUX_SCHED_OTHER;
	err = policy_check(policy, param.sched_priority);
	if (!err)
		err = process_may_signal(t->process);
	if (!err)
		thread_set_class(t, is_rt(policy) ? SCHED_RT : SCHED_FAIR);
	thread_put(t);
	return err;
}

SYSCALL(NR_sched_setscheduler, sched_setscheduler)
{
	int policy = args->a[1] & ~(uint64_t)LINUX_SCHED_RESET_ON_FORK;

	return policy < 0 ? -EINVAL : policy_set(args->a[0], policy, args->a[2]);
}

SYSCALL(NR_sched_setparam, sched_setparam)
{
	return policy_set(args->a[0], -1, args->a[1]);
}

SYSCALL(NR_sched_getscheduler, sched_getscheduler)
{
	struct thread *t = (pid_t)args->a[0] < 0 ? NULL : thread_named(args->a[0]);
	int policy;

	if (!t)
		return (pid_t)args->a[0] < 0 ? -EINVAL : -ESRCH;
	policy = t->sclass == SCHED_RT ? LINUX_SCHED_RR : LINUX_SCHED_OTHER;
	thread_put(t);
	return policy;
}

SYSCALL(NR_sched_getparam, sched_getparam)
{
	struct thread *t = (pid_t)args->a[0] < 0 ? NULL : thread_named(args->a[0]);
	struct linux_sched_param param;

	if (!t)
		return (pid_t)args->a[0] < 0 ? -EINVAL : -ESRCH;
	param.sched_priority = t->sclass == SCHED_RT;
	thread_put(t);
	return copy_to_user(args->a[1], &param, sizeof(param));
}

static int64_t priority_limit(int policy, int rt)
{
	if (policy_check(policy, is_rt(policy)) == -EINVAL)
		return -EINVAL;
	return is_rt(policy) ? rt : 0;
}

SYSCALL(NR_sched_get_priority_max, sched_get_priority_max)
{
	return priority_limit(args->a[0], RT_PRIORITY_MAX);
}

SYSCALL(NR_sched_get_priority_min, sched_get_priority_min)
{
	return priority_limit(args->a[0], 1);
}

SYSCALL(NR_sched_rr_get_interval, sched_rr_get_interval)
{
	return timespec_to_user(args->a[1], 20 * NSEC_PER_MSEC);
}

SYSCALL(NR_sched_getaffinity, sched_getaffinity)
{
	struct thread *t;
	uint64_t mask;

	if (args->a[1] < sizeof(mask) || args->a[1] % sizeof(mask))
		return -EINVAL;
	t = thread_named(args->a[0]);
	if (!t)
		return -ESRCH;
	mask = READ_ONCE(t->affinity) & cpus_online();
	thread_put(t);
	return copy_to_user(args->a[2], &mask, sizeof(mask)) ? -EFAULT : (int64_t)sizeof(mask);
}

SYSCALL(NR_sched_setaffinity, sched_setaffinity)
{
	struct thread *t;
	uint64_t mask = 0;
	int err;

	if (copy_from_user(&mask, args->a[2], MIN(args->a[1], sizeof(mask))))
		return -EFAULT;
	if (!(mask & cpus_online()))
		return -EINVAL;
	t = thread_named(args->a[0]);
	if (!t)
		return -ESRCH;
	err = process_may_signal(t->process);
	if (!err)
		thread_set_affinity(t, mask);
	thread_put(t);
	return err;
}

SYSCALL_FLAGS(NR_getcpu, getcpu, SYSCALL_DRIVER)
{
	if (args->a[0] && put_user32(args->a[0], this_cpu()->id))
		return -EFAULT;
	return args->a[1] && put_user32(args->a[1], this_cpu()->node) ? -EFAULT : 0;
}

struct nice_request {
	int which, who;		/* LINUX_PRIO_* */
	bool set;
	int nice;
	int found, best, err;
};

static bool nice_matches(const struct nice_request *r, const struct process *p)
{
	if (r->which == LINUX_PRIO_PROCESS)
		return p->pid == (r->who ? r->who : current_process->pid);
	if (r->which == LINUX_PRIO_PGRP)
		return p->pgid == (r->who ? r->who : current_process->pgid);
	return p->uid == (r->who ? (uint32_t)r->who : current_process->uid);
}

static void nice_one(struct nice_request *r, struct process *p, struct thread *t)
{
	r->found++;
	r->best = MIN(r->best, t->nice);
	if (!r->set)
		return;
	if (process_may_signal(p))
		r->err = -EPERM;
	else if (r->nice < t->nice && !privileged(LINUX_CAP_SYS_NICE))
		r->err = -EACCES;
	else
		t->nice = r->nice;
}

static bool nice_visit(struct process *p, void *arg)
{
	struct nice_request *r = arg;
	struct thread *t;
	uint64_t flags;

	if (p->zombie || !nice_matches(r, p))
		return true;
	flags = spin_lock_irq(&p->lock);
	list_for_each(t, &p->threads, process_link)
		nice_one(r, p, t);
	spin_unlock_irq(&p->lock, flags);
	return true;
}

static int nice_run(struct nice_request *r)
{
	if (r->which < LINUX_PRIO_PROCESS || r->which > LINUX_PRIO_USER)
		return -EINVAL;
	process_for_each(nice_visit, r);
	return r->found ? r->err : -ESRCH;
}

/* Returns 20 - nice, so that no result looks like an error. */
SYSCALL(NR_getpriority, getpriority)
{
	struct nice_request r = { .which = args->a[0], .who = args->a[1], .best = NICE_MAX };
	int err = nice_run(&r);

	return err ? err : 20 - r.best;
}

SYSCALL(NR_setpriority, setpriority)
{
	struct nice_request r = { .which = args->a[0], .who = args->a[1], .set = true, .best = NICE_MAX };

	r.nice = MIN(MAX((int)args->a[2], NICE_MIN), NICE_MAX);
	return nice_run(&r);
}
