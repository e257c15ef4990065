// SPDX-License-Identifier: GPL-2.0
/*
 * Threads come and go here; kernel/sched.c runs them. The reference that creation gave is the thread's own once it is started: whoever
 * runs after its end gives it back. A user thread also holds its process.
 */
#include <fs/landlock.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/seccomp.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <mm/vmap.h>
#include <uapi/ferry/linux_process.h>
#include "sched.h"

#define TIMER_SLACK_NS	50000	/* as on Linux */

struct thread *thread_alloc(const char *name, enum sched_class sclass)
{
	struct thread *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	t->kstack = kstack_alloc();
	if (!t->kstack) {
		kfree(t);
		return NULL;
	}
	t->canary = arch_canary();
	ref_init(&t->ref);
	str_copy(t->name, name, sizeof(t->name));
	list_init(&t->process_link);
	list_init(&t->run_link);
	list_init(&t->sigqueue);
	t->state = THREAD_NEW;
	t->sclass = sclass;
	t->policy = sclass == SCHED_RT ? LINUX_SCHED_RR : LINUX_SCHED_OTHER;
	t->rt_priority = sclass == SCHED_RT ? RT_PRIORITY_KERNEL : 0;
	t->weight = WEIGHT_0;
	t->syscall_nr = -1;
	t->timer_slack_ns = t->default_slack_ns = TIMER_SLACK_NS;
	t->memory_failure = LINUX_PR_MCE_KILL_DEFAULT;
	t->cpu = this_cpu()->id;
	t->affinity = ~0ull;
	return t;
}

static void thread_free(struct thread *t)
{
	if (t->state == THREAD_READY || t->state == THREAD_RUNNING || t->state == THREAD_SLEEPING)
		panic("thread %d \"%s\" freed alive", t->tid, t->name);
	deadline_free(t);
	arch_thread_free(t);
	kfree(t->trace);
	seccomp_release(t);
	landlock_release(t);
	credentials_put(&t->cred);
	kstack_free(t->kstack);
	if (t->tid)
		pid_free(t->tid);
	if (t->process)
		process_put(t->process);
	kfree(t);
}

void thread_get(struct thread *t)
{
	ref_get(&t->ref);
}

void thread_put(struct thread *t)
{
	if (ref_put(&t->ref))
		thread_free(t);
}

struct thread *thread_create(const char *name, void (*fn)(void *arg), void *arg, enum sched_class sclass)
{
	struct thread *t = thread_alloc(name, sclass);
	pid_t tid;

	if (!t)
		return ERR_PTR(-ENOMEM);
	tid = pid_alloc();
	if (tid < 0) {
		thread_put(t);
		return ERR_PTR(tid);
	}
	t->tid = tid;
	arch_thread_init_kernel(t, fn, arg);
	return t;
}

/* A child is scheduled as its parent is by itself, unless that has said otherwise. */
static void thread_inherit_sched(struct thread *t)
{
	struct sched_params p = thread_own_sched(current);

	if (!current->process || current->process->device)
		return;
	if (current->reset_on_fork)
		p = (struct sched_params){ .sclass = SCHED_FAIR, .policy = LINUX_SCHED_OTHER, .nice = MAX(p.sclass == SCHED_FAIR ? p.nice : 0, 0) };
	sched_apply(t, &p);
}

struct thread *thread_create_user(struct process *process, const char *name, const struct regs *regs)
{
	struct thread *t = thread_alloc(name, SCHED_FAIR);
	int err;

	if (!t)
		return ERR_PTR(-ENOMEM);
	if (current->policy == LINUX_SCHED_DEADLINE && !current->reset_on_fork) {
		thread_put(t);
		return ERR_PTR(-EAGAIN);	/* what it was promised is for itself */
	}
	thread_inherit_sched(t);
	t->affinity = current->affinity;
	t->mem_policy = current->mem_policy;
	err = arch_thread_init_user(t, regs);
	if (err) {
		thread_put(t);
		return ERR_PTR(err);
	}
	process_get(process);
	t->process = process;
	return t;
}

void thread_start(struct thread *t)
{
	BUG_ON(t->state != THREAD_NEW);
	sched_enter(t);
}

void thread_exit(void)
{
	sched_leave();
}
