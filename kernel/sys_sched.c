// SPDX-License-Identifier: GPL-2.0
/* Scheduling calls: yield, policy and parameters, nice, affinity. Real-time policies are root's, or theirs whom RLIMIT_RTPRIO lets. */
#include <kernel/cpu.h>
#include <kernel/pid_ns.h>
#include <kernel/syscall.h>
#include <mm/user.h>
#include "process_internal.h"
#include "sched.h"

#define RT_PRIORITY_MAX	99
#define DEADLINE_RUNTIME_MIN	1024u			/* ns */
#define DEADLINE_PERIOD_MIN	(100 * NSEC_PER_USEC)
#define DEADLINE_PERIOD_MAX	((1ull << 22) * NSEC_PER_USEC)
#define DEADLINE_FLAGS		(LINUX_SCHED_FLAG_RECLAIM | LINUX_SCHED_FLAG_DL_OVERRUN)
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
	bool known = is_rt(policy) || policy == LINUX_SCHED_OTHER || policy == LINUX_SCHED_BATCH || policy == LINUX_SCHED_IDLE ||
		     policy == LINUX_SCHED_DEADLINE;

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
	bool reset_on_fork, has_nice, keeps_params;
	int nice;
	struct deadline_params deadline;
};

/* sched(7), "SCHED_DEADLINE". */
static int deadline_check(const struct deadline_params *p)
{
	if (p->runtime < DEADLINE_RUNTIME_MIN || p->runtime > p->deadline || p->deadline > p->period)
		return -EINVAL;
	return p->period < DEADLINE_PERIOD_MIN || p->period > DEADLINE_PERIOD_MAX ? -EINVAL : 0;
}

/* The promise is for the whole machine, so who is bound to some of its CPUs gets none. */
static int may_have_deadline(const struct thread *t)
{
	uint64_t all = cpus_online();

	return !privileged(LINUX_CAP_SYS_NICE) || (READ_ONCE(t->affinity) & all) != all || !rt_runtime_ns ? -EPERM : 0;
}

static struct mutex policy_mutex = MUTEX_INIT(policy_mutex, "scheduling policy");

static int policy_apply_locked(struct thread *t, const struct policy_request *asked)
{
	struct sched_params p = thread_own_sched(t);
	struct policy_request request = *asked, *r = &request;
	int policy = r->policy < 0 ? p.policy : r->policy, err;

	if (r->keeps_params) {
		r->priority = is_rt(p.policy) ? p.rt_priority : 0;
		r->nice = p.nice;
		r->deadline = deadline_params(t);
	}
	err = policy_check(policy, r->priority);
	if (!err && policy == LINUX_SCHED_DEADLINE)
		err = deadline_check(&r->deadline);
	if (!err)
		err = may_schedule(t);
	if (!err && policy == LINUX_SCHED_DEADLINE)
		err = may_have_deadline(t);
	if (!err && ((r->has_nice && !may_be_nicer(t, p.nice, r->nice)) || !may_be_urgent(t, &p, policy, r->priority)))
		err = -EPERM;
	if (!err && t->reset_on_fork && !r->reset_on_fork && !privileged(LINUX_CAP_SYS_NICE))
		err = -EPERM;
	if (!err && p.policy == LINUX_SCHED_IDLE && policy != LINUX_SCHED_IDLE && !may_be_nicer(t, NICE_MAX + 1, p.nice))
		err = -EPERM;
	if (!err && r->keeps_params) {	/* all of them, the policy too: there is nothing else to set here */
		t->reset_on_fork = r->reset_on_fork;
		return 0;
	}
	if (!err && policy == LINUX_SCHED_DEADLINE)
		err = deadline_ask(t, &r->deadline);
	if (err)
		return err;
	p.policy = (uint8_t)policy;
	p.sclass = is_rt(policy) || policy == LINUX_SCHED_DEADLINE ? SCHED_RT : SCHED_FAIR;
	p.rt_priority = policy == LINUX_SCHED_DEADLINE ? RT_PRIORITY_DEADLINE : (uint8_t)r->priority;
	if (r->has_nice)
		p.nice = (int8_t)MIN(MAX(r->nice, NICE_MIN), NICE_MAX);
	if (r->policy >= 0)
		t->reset_on_fork = r->reset_on_fork;
	thread_set_own_sched(t, &p);
	if (policy != LINUX_SCHED_DEADLINE)
		deadline_give_up(t);
	return 0;
}

static int policy_apply(struct thread *t, const struct policy_request *r)
{
	int err;

	mutex_lock(&policy_mutex);
	err = policy_apply_locked(t, r);
	mutex_unlock(&policy_mutex);
	return err;
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

struct policy_told {
	struct sched_params own;
	struct deadline_params deadline;	/* of SCHED_DEADLINE */
	bool reset_on_fork;
};

/* How @tid is scheduled by itself: 0, -EINVAL, -ESRCH. */
static int policy_get(pid_t tid, struct policy_told *p)
{
	struct thread *t = tid < 0 ? NULL : thread_named(tid);

	if (!t)
		return tid < 0 ? -EINVAL : -ESRCH;
	mutex_lock(&policy_mutex);
	p->own = thread_own_sched(t);
	p->deadline = deadline_params(t);
	p->reset_on_fork = t->reset_on_fork;
	mutex_unlock(&policy_mutex);
	thread_put(t);
	return 0;
}

SYSCALL(NR_sched_getscheduler, sched_getscheduler)
{
	struct policy_told p;
	int err = policy_get(args->a[0], &p);

	return err ? err : p.own.policy | (p.reset_on_fork ? LINUX_SCHED_RESET_ON_FORK : 0);
}

SYSCALL(NR_sched_getparam, sched_getparam)
{
	struct linux_sched_param param;
	struct policy_told p;
	int err = args->a[1] ? policy_get(args->a[0], &p) : -EINVAL;

	if (err)
		return err;
	param.sched_priority = is_rt(p.own.policy) ? p.own.rt_priority : 0;
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

#define KNOWN_FLAGS	((uint64_t)(LINUX_SCHED_FLAG_RESET_ON_FORK | DEADLINE_FLAGS | LINUX_SCHED_FLAG_KEEP_POLICY | LINUX_SCHED_FLAG_KEEP_PARAMS | \
				    LINUX_SCHED_FLAG_UTIL_CLAMP))

static int attr_check(const struct linux_sched_attr *attr)
{
	if (attr->sched_flags & ~KNOWN_FLAGS || attr->sched_policy > INT32_MAX || attr->sched_priority > RT_PRIORITY_MAX)
		return -EINVAL;
	if (attr->sched_flags & LINUX_SCHED_FLAG_UTIL_CLAMP)	/* a kernel without it: CONFIG_UCLAMP_TASK */
		return attr->size < LINUX_SCHED_ATTR_SIZE_VER1 ? -EINVAL : -EOPNOTSUPP;
	return 0;
}

/* sched_setattr(pid, attr, flags) */
SYSCALL(NR_sched_setattr, sched_setattr)
{
	struct linux_sched_attr attr;
	struct policy_request r;
	int err;

	if (!args->a[1] || (uint32_t)args->a[2] || (pid_t)args->a[0] < 0)
		return -EINVAL;
	err = attr_get(&attr, args->a[1]);
	err = err ? err : attr_check(&attr);
	if (err)
		return err;
	r = (struct policy_request){ .policy = attr.sched_flags & LINUX_SCHED_FLAG_KEEP_POLICY ? -1 : (int)attr.sched_policy,
				     .priority = (int)attr.sched_priority, .nice = attr.sched_nice,
				     .has_nice = !is_rt((int)attr.sched_policy) && attr.sched_policy != LINUX_SCHED_DEADLINE,
				     .reset_on_fork = attr.sched_flags & LINUX_SCHED_FLAG_RESET_ON_FORK,
				     .keeps_params = attr.sched_flags & LINUX_SCHED_FLAG_KEEP_PARAMS };
	r.deadline = (struct deadline_params){ attr.sched_runtime, attr.sched_deadline, attr.sched_period ? attr.sched_period : attr.sched_deadline,
					       attr.sched_flags & DEADLINE_FLAGS };
	return policy_set(args->a[0], &r);
}

/* sched_getattr(pid, attr, size, flags) */
SYSCALL(NR_sched_getattr, sched_getattr)
{
	uint32_t size = args->a[2];
	struct linux_sched_attr attr = { .size = sizeof(attr) };
	struct policy_told p;
	int err;

	if (!args->a[1] || size < LINUX_SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE || (uint32_t)args->a[3])
		return -EINVAL;
	err = policy_get(args->a[0], &p);
	if (err)
		return err;
	attr.size = MIN(size, (uint32_t)sizeof(attr));
	attr.sched_policy = p.own.policy;
	attr.sched_flags = p.reset_on_fork ? LINUX_SCHED_FLAG_RESET_ON_FORK : 0;
	if (p.own.policy == LINUX_SCHED_DEADLINE) {
		attr.sched_flags |= p.deadline.flags;
		attr.sched_runtime = p.deadline.runtime;
		attr.sched_deadline = p.deadline.deadline;
		attr.sched_period = p.deadline.period;
	} else if (is_rt(p.own.policy)) {
		attr.sched_priority = p.own.rt_priority;
	} else {
		attr.sched_nice = p.own.nice;
	}
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
	struct policy_told p;
	int err = policy_get(args->a[0], &p);

	if (err)
		return err;
	return timespec_to_user(args->a[1], p.own.policy == LINUX_SCHED_FIFO || p.own.policy == LINUX_SCHED_DEADLINE ? 0 : rr_slice_ns());
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
	mutex_lock(&policy_mutex);
	if (!err && thread_own_sched(t).policy == LINUX_SCHED_DEADLINE && (mask & cpus_online()) != cpus_online())
		err = -EBUSY;
	if (!err)
		thread_set_affinity(t, mask);
	mutex_unlock(&policy_mutex);
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
