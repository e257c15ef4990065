// SPDX-License-Identifier: GPL-2.0
/* Scheduling calls: yield, policy and parameters, nice, affinity. Real-time policies are root's, or theirs whom RLIMIT_RTPRIO lets. */
#include <kernel/cpu.h>
#include <kernel/pid_ns.h>
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

	tid = pid_meant(tid);
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

/* sched_setscheduler(2): whose real or effective user the caller is. */
static int may_schedule(const struct thread *t)
{
	uint32_t me = current->cred.euid;

	return me == t->cred.euid || me == t->cred.uid || privileged(LINUX_CAP_SYS_NICE) ? 0 : -EPERM;
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
	return 0;
}

static uint64_t limit_of(const struct thread *t, unsigned int which)
{
	return READ_ONCE(t->process->rlimits[which].cur);
}

/* Without the privilege: a lower nice value as far as RLIMIT_NICE lets it (20 is nice 0, 40 nice -20). */
static bool may_be_nicer(const struct thread *t, int from, int to)
{
	return to >= from || (uint64_t)(20 - to) <= limit_of(t, LINUX_RLIMIT_NICE) || privileged(LINUX_CAP_SYS_NICE);
}

/* sched(7), "Privileges and resource limits": real time as far as RLIMIT_RTPRIO lets it. */
static bool may_be_urgent(const struct thread *t, const struct sched_params *now, int policy, int priority)
{
	uint64_t limit = limit_of(t, LINUX_RLIMIT_RTPRIO);

	if (!is_rt(policy) || privileged(LINUX_CAP_SYS_NICE))
		return true;
	if (policy != now->policy && !limit)
		return false;
	return (uint64_t)priority <= limit || priority <= now->rt_priority;
}

/* What a call asks for; -1 in policy: as it is. */
struct policy_request {
	int policy, priority;
	bool reset_on_fork, has_nice;
	int nice;
};

static int policy_apply(struct thread *t, const struct policy_request *r)
{
	struct sched_params p = thread_own_sched(t);
	int policy = r->policy < 0 ? p.policy : r->policy, err = policy_check(policy, r->priority);

	if (!err)
		err = may_schedule(t);
	if (!err && ((r->has_nice && !may_be_nicer(t, p.nice, r->nice)) || !may_be_urgent(t, &p, policy, r->priority)))
		err = -EPERM;
	if (!err && t->reset_on_fork && !r->reset_on_fork && !privileged(LINUX_CAP_SYS_NICE))
		err = -EPERM;
	if (!err && p.policy == LINUX_SCHED_IDLE && policy != LINUX_SCHED_IDLE && !may_be_nicer(t, NICE_MAX + 1, p.nice))
		err = -EPERM;
	if (err)
		return err;
	p.policy = (uint8_t)policy;
	p.sclass = is_rt(policy) ? SCHED_RT : SCHED_FAIR;
	p.rt_priority = (uint8_t)r->priority;
	if (r->has_nice)
		p.nice = (int8_t)MIN(MAX(r->nice, NICE_MIN), NICE_MAX);
	if (r->policy >= 0)
		t->reset_on_fork = r->reset_on_fork;
	thread_set_own_sched(t, &p);
	return 0;
}

static int64_t policy_set(pid_t tid, const struct policy_request *r)
{
	struct thread *t = tid < 0 ? NULL : thread_named(tid);
	int err;

	if (!t)
		return tid < 0 ? -EINVAL : -ESRCH;
	err = policy_apply(t, r);
	thread_put(t);
	return err;
}

SYSCALL(NR_sched_setscheduler, sched_setscheduler)
{
	struct policy_request r = { .policy = (int)(args->a[1] & ~(uint64_t)LINUX_SCHED_RESET_ON_FORK),
				    .reset_on_fork = args->a[1] & LINUX_SCHED_RESET_ON_FORK };
	struct linux_sched_param param;

	if (!args->a[2] || (pid_t)args->a[0] < 0 || r.policy < 0)
		return -EINVAL;
	if (copy_from_user(&param, args->a[2], sizeof(param)))
		return -EFAULT;
	r.priority = param.sched_priority;
	return policy_set(args->a[0], &r);
}

SYSCALL(NR_sched_setparam, sched_setparam)
{
	struct policy_request r = { .policy = -1 };
	struct linux_sched_param param;

	if (!args->a[1] || (pid_t)args->a[0] < 0)
		return -EINVAL;
	if (copy_from_user(&param, args->a[1], sizeof(param)))
		return -EFAULT;
	r.priority = param.sched_priority;
	return policy_set(args->a[0], &r);
}

/* How @tid is scheduled by itself: 0, -EINVAL, -ESRCH. */
static int policy_get(pid_t tid, struct sched_params *p, bool *reset_on_fork)
{
	struct thread *t = tid < 0 ? NULL : thread_named(tid);

	if (!t)
		return tid < 0 ? -EINVAL : -ESRCH;
	*p = thread_own_sched(t);
	*reset_on_fork = t->reset_on_fork;
	thread_put(t);
	return 0;
}

SYSCALL(NR_sched_getscheduler, sched_getscheduler)
{
	struct sched_params p;
	bool reset;
	int err = policy_get(args->a[0], &p, &reset);

	return err ? err : p.policy | (reset ? LINUX_SCHED_RESET_ON_FORK : 0);
}

SYSCALL(NR_sched_getparam, sched_getparam)
{
	struct linux_sched_param param;
	struct sched_params p;
	bool reset;
	int err = args->a[1] ? policy_get(args->a[0], &p, &reset) : -EINVAL;

	if (err)
		return err;
	param.sched_priority = p.rt_priority;
	return copy_to_user(args->a[1], &param, sizeof(param));
}

/* Bytes that a newer program sends must be zero; the size we know is told when they are not. */
static int attr_get(struct linux_sched_attr *attr, uint64_t from)
{
	uint32_t size;
	int err;

	if (get_user32(&size, from))
		return -EFAULT;
	size = size ? size : LINUX_SCHED_ATTR_SIZE_VER0;
	if (size < LINUX_SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return put_user32(from, sizeof(*attr)) ? -EFAULT : -E2BIG;
	err = copy_struct_from_user(attr, sizeof(*attr), from, size);
	return err == -E2BIG && put_user32(from, sizeof(*attr)) ? -EFAULT : err;
}

/* sched_setattr(pid, attr, flags): deadlines are refused as a policy that is not known. */
SYSCALL(NR_sched_setattr, sched_setattr)
{
	struct linux_sched_attr attr;
	struct policy_request r;
	int err;

	if (!args->a[1] || args->a[2] || (pid_t)args->a[0] < 0)
		return -EINVAL;
	err = attr_get(&attr, args->a[1]);
	if (err)
		return err;
	if (attr.sched_flags & ~(uint64_t)(LINUX_SCHED_FLAG_RESET_ON_FORK | LINUX_SCHED_FLAG_KEEP_POLICY) || attr.sched_policy > INT32_MAX ||
	    attr.sched_priority > RT_PRIORITY_MAX)
		return -EINVAL;
	r = (struct policy_request){ .policy = attr.sched_flags & LINUX_SCHED_FLAG_KEEP_POLICY ? -1 : (int)attr.sched_policy,
				     .priority = (int)attr.sched_priority, .nice = attr.sched_nice, .has_nice = !is_rt((int)attr.sched_policy),
				     .reset_on_fork = attr.sched_flags & LINUX_SCHED_FLAG_RESET_ON_FORK };
	return policy_set(args->a[0], &r);
}

/* sched_getattr(pid, attr, size, flags) */
SYSCALL(NR_sched_getattr, sched_getattr)
{
	struct linux_sched_attr attr = { .size = sizeof(attr) };
	struct sched_params p;
	bool reset;
	int err;

	if (!args->a[1] || args->a[2] < LINUX_SCHED_ATTR_SIZE_VER0 || args->a[2] > PAGE_SIZE || args->a[3])
		return -EINVAL;
	err = policy_get(args->a[0], &p, &reset);
	if (err)
		return err;
	attr.size = (uint32_t)MIN(args->a[2], sizeof(attr));
	attr.sched_policy = p.policy;
	attr.sched_flags = reset ? LINUX_SCHED_FLAG_RESET_ON_FORK : 0;
	attr.sched_nice = is_rt(p.policy) ? 0 : p.nice;
	attr.sched_priority = p.rt_priority;
	return copy_to_user(args->a[1], &attr, attr.size);
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
	struct sched_params p;
	bool reset;
	int err = policy_get(args->a[0], &p, &reset);

	return err ? err : timespec_to_user(args->a[1], p.policy == LINUX_SCHED_FIFO ? 0 : rr_slice_ns());
}

SYSCALL(NR_sched_getaffinity, sched_getaffinity)
{
	struct thread *t;
	uint64_t mask;

	if ((uint32_t)args->a[1] < sizeof(mask) || args->a[1] % sizeof(mask))
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

	if (copy_from_user(&mask, args->a[2], MIN((uint32_t)args->a[1], sizeof(mask))))
		return -EFAULT;
	t = thread_named(args->a[0]);
	if (!t)
		return -ESRCH;
	err = may_schedule(t);
	if (!err && !(mask & cpus_online()))
		err = -EINVAL;
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
	bool set;
	int nice;
	int best, err;
};

/* A thread that runs with a waiter's priority has it to the end of that. */
static void nice_change(struct thread *t, int nice)
{
	struct sched_params p = thread_own_sched(t);

	p.nice = (int8_t)nice;
	if (t->boosted)
		t->own_sched = p;
	else
		thread_set_sched(t, &p);
}

static void nice_visit(struct thread *t, void *arg)
{
	struct sched_params now = thread_own_sched(t);
	struct nice_request *r = arg;

	r->best = MIN(r->best, now.nice);
	if (!r->set)
		return;
	if (may_schedule(t))
		r->err = -EPERM;
	else if (!may_be_nicer(t, now.nice, r->nice))
		r->err = -EACCES;
	else
		nice_change(t, r->nice);
}

/* One thread, not a process: that is what Linux does. */
static int nice_run(struct nice_request *r, int which, int who)
{
	static const enum who kinds[] = {
		[LINUX_PRIO_PROCESS] = WHO_THREAD, [LINUX_PRIO_PGRP] = WHO_GROUP, [LINUX_PRIO_USER] = WHO_USER,
	};

	if (which < LINUX_PRIO_PROCESS || which > LINUX_PRIO_USER)
		return -EINVAL;
	return who_for_each(kinds[which], who, nice_visit, r) ? r->err : -ESRCH;
}

/* Returns 20 - nice, so that no result looks like an error. */
SYSCALL(NR_getpriority, getpriority)
{
	struct nice_request r = { .best = NICE_MAX };
	int err = nice_run(&r, (int)args->a[0], (int)args->a[1]);

	return err ? err : 20 - r.best;
}

SYSCALL(NR_setpriority, setpriority)
{
	struct nice_request r = { .set = true, .best = NICE_MAX };

	r.nice = MIN(MAX((int)args->a[2], NICE_MIN), NICE_MAX);
	return nice_run(&r, (int)args->a[0], (int)args->a[1]);
}
