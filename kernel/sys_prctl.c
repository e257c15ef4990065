// SPDX-License-Identifier: GPL-2.0
/* What a process says of itself: prctl(2), arch_prctl(2), personality(2). */
#include <kernel/pid_ns.h>
#include <kernel/privilege.h>
#include <kernel/seccomp.h>
#include <kernel/syscall.h>
#include <kernel/user_dispatch.h>
#include <mm/user.h>
#include "process_internal.h"

#define PERSONALITY_KEEP	0xffffffffu
#define COMM_SIZE	16

static int64_t name_set(uint64_t address)
{
	struct thread *t = current;
	struct process *p = t->process;
	char name[COMM_SIZE] = "";
	ssize_t length = strncpy_from_user(name, address, COMM_SIZE);
	uint64_t flags;

	if (length == -EFAULT)
		return length;
	name[COMM_SIZE - 1] = '\0';
	flags = spin_lock_irq(&p->lock);
	str_copy(t->name, name, sizeof(t->name));
	if (t->tid == p->pid)
		str_copy(p->name, name, sizeof(p->name));
	spin_unlock_irq(&p->lock, flags);
	return 0;
}

static int64_t name_get(uint64_t address)
{
	char name[COMM_SIZE] = "";

	str_copy(name, current->name, sizeof(name));
	return copy_to_user(address, name, sizeof(name));
}

/* There are no huge pages, so nobody has them: whether they were forbidden is kept for who asks. */
static int64_t huge_pages_forbid(const uint64_t *a)
{
	if (a[2] || a[3] || a[4])
		return -EINVAL;
	current_process->no_huge_pages = a[1];
	return 0;
}

static int64_t tsc_permission(uint64_t permission)
{
	if (permission != LINUX_PR_TSC_ENABLE && permission != LINUX_PR_TSC_SIGSEGV)
		return -EINVAL;
	arch_tsc_forbid(permission == LINUX_PR_TSC_SIGSEGV);
	return 0;
}

/* How a failure of memory is told: no memory is known to fail, so it is kept for who asks. */
static int64_t memory_failure_policy(const uint64_t *a)
{
	if (a[3] || a[4])
		return -EINVAL;
	if (a[1] == LINUX_PR_MCE_KILL_CLEAR && !a[2])
		current->memory_failure = LINUX_PR_MCE_KILL_DEFAULT;
	else if (a[1] == LINUX_PR_MCE_KILL_SET && a[2] <= LINUX_PR_MCE_KILL_DEFAULT)
		current->memory_failure = (uint8_t)a[2];
	else
		return -EINVAL;
	return 0;
}

/* A thread that serves a disk, for which no memory is to be had from that disk: nothing is written to one for want of memory here. */
static int64_t io_flusher(const uint64_t *a)
{
	bool set = (int)a[0] == LINUX_PR_SET_IO_FLUSHER;

	if (!privileged(LINUX_CAP_SYS_RESOURCE))
		return -EPERM;
	if (a[1] > set || a[2] || a[3] || a[4])
		return -EINVAL;
	if (set)
		current->io_flusher = a[1];
	return set ? 0 : current->io_flusher;
}

/* Who may trace beside the usual: nobody is kept from it, so there is nothing to permit. As Linux with Yama in its mode 0. */
static int64_t tracer_permit(uint64_t pid)
{
	struct thread *t;

	if (!pid || (int)pid == -1)
		return 0;
	t = (pid_t)pid > 0 ? thread_find(0, pid_meant((pid_t)pid)) : NULL;
	if (!t)
		return -EINVAL;
	thread_put(t);
	return 0;
}

/* As Linux with mitigations=off: speculation is neither restricted nor can it be. */
static int64_t speculation_told(const uint64_t *a)
{
	if (a[2] || a[3] || a[4])
		return -EINVAL;
	switch (a[1]) {
	case LINUX_PR_SPEC_STORE_BYPASS:
		return LINUX_PR_SPEC_NOT_AFFECTED;
	case LINUX_PR_SPEC_INDIRECT_BRANCH:
		return LINUX_PR_SPEC_ENABLE;
	case LINUX_PR_SPEC_L1D_FLUSH:
		return LINUX_PR_SPEC_FORCE_DISABLE;
	default:
		return -ENODEV;
	}
}

static int64_t speculation_set(const uint64_t *a)
{
	if (a[3] || a[4])
		return -EINVAL;
	switch (a[1]) {
	case LINUX_PR_SPEC_STORE_BYPASS:
		return -ENXIO;
	case LINUX_PR_SPEC_INDIRECT_BRANCH:
		if (a[2] == LINUX_PR_SPEC_ENABLE)
			return 0;
		return a[2] == LINUX_PR_SPEC_DISABLE || a[2] == LINUX_PR_SPEC_FORCE_DISABLE ? -EPERM : -ERANGE;
	case LINUX_PR_SPEC_L1D_FLUSH:
		return -EPERM;
	default:
		return -ENODEV;
	}
}

void timer_slack_set(struct thread *t, uint64_t ns)
{
	t->timer_slack_ns = ns ? ns : t->default_slack_ns;
}

/* What is kept for the program and means nothing to the kernel. */
static int64_t kept_prctl(const uint64_t *a)
{
	switch ((int)a[0]) {
	case LINUX_PR_GET_TIMING:
		return LINUX_PR_TIMING_STATISTICAL;
	case LINUX_PR_SET_TIMING:
		return a[1] == LINUX_PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case LINUX_PR_GET_THP_DISABLE:
		return a[1] || a[2] || a[3] || a[4] ? -EINVAL : current_process->no_huge_pages;
	case LINUX_PR_SET_THP_DISABLE:
		return huge_pages_forbid(a);
	case LINUX_PR_SET_TIMERSLACK:
		timer_slack_set(current, a[1]);
		return 0;
	case LINUX_PR_GET_TIMERSLACK:
		return (int64_t)current->timer_slack_ns;
	case LINUX_PR_TASK_PERF_EVENTS_DISABLE:
	case LINUX_PR_TASK_PERF_EVENTS_ENABLE:
		return 0;	/* there are none */
	case LINUX_PR_MCE_KILL:
		return memory_failure_policy(a);
	case LINUX_PR_MCE_KILL_GET:
		return a[1] || a[2] || a[3] || a[4] ? -EINVAL : current->memory_failure;
	case LINUX_PR_SET_IO_FLUSHER:
	case LINUX_PR_GET_IO_FLUSHER:
		return io_flusher(a);
	case LINUX_PR_SET_PTRACER:
		return tracer_permit(a[1]);
	case LINUX_PR_GET_SPECULATION_CTRL:
		return speculation_told(a);
	case LINUX_PR_SET_SPECULATION_CTRL:
		return speculation_set(a);
	default:
		return -EINVAL;
	}
}

SYSCALL_FLAGS(NR_prctl, prctl, SYSCALL_DRIVER)
{
	struct process *p = current_process;
	int64_t result;

	switch ((int)args->a[0]) {
	case LINUX_PR_SET_NAME:
		return name_set(args->a[1]);
	case LINUX_PR_GET_NAME:
		return name_get(args->a[1]);
	case LINUX_PR_GET_DUMPABLE:
		return p->dumpable;
	case LINUX_PR_SET_DUMPABLE:
		if (args->a[1] > 1)
			return -EINVAL;
		p->dumpable = args->a[1];
		return 0;
	case LINUX_PR_SET_NO_NEW_PRIVS:
		if (args->a[1] != 1 || args->a[2] || args->a[3] || args->a[4])
			return -EINVAL;
		current->no_new_privs = true;
		return 0;
	case LINUX_PR_GET_NO_NEW_PRIVS:
		return args->a[1] || args->a[2] || args->a[3] || args->a[4] ? -EINVAL : current->no_new_privs;
	case LINUX_PR_GET_TID_ADDRESS:
		return put_user64(args->a[1], current->clear_child_tid);
	case LINUX_PR_SET_PDEATHSIG:
		if (args->a[1] > NSIG_K)
			return -EINVAL;
		p->death_signal = args->a[1];
		return 0;
	case LINUX_PR_GET_PDEATHSIG:
		return put_user32(args->a[1], p->death_signal);
	case LINUX_PR_SET_CHILD_SUBREAPER:
		p->subreaper = args->a[1];
		return 0;
	case LINUX_PR_GET_CHILD_SUBREAPER:
		return put_user32(args->a[1], p->subreaper);
	case LINUX_PR_GET_TSC:
		return put_user32(args->a[1], current->arch.no_tsc ? LINUX_PR_TSC_SIGSEGV : LINUX_PR_TSC_ENABLE);
	case LINUX_PR_SET_TSC:
		return tsc_permission(args->a[1]);
	case LINUX_PR_GET_SECCOMP:
		return current->seccomp_mode;
	case LINUX_PR_SET_SECCOMP:
		return seccomp_prctl(args->a[1], args->a[2]);
	case LINUX_PR_SET_SYSCALL_USER_DISPATCH:
		return user_dispatch_prctl(args->a[1], args->a[2], args->a[3], args->a[4]);
	default:
		result = privilege_prctl(args->a[0], args->a + 1);
		return result == -ENOSYS ? kept_prctl(args->a) : result;
	}
}

SYSCALL_FLAGS(NR_arch_prctl, arch_prctl, SYSCALL_DRIVER)
{
	return arch_prctl(current, args->a[0], args->a[1]);
}

SYSCALL(NR_personality, personality)
{
	struct process *p = current_process;
	uint32_t old = p->personality;

	if ((uint32_t)args->a[0] != PERSONALITY_KEEP)
		p->personality = args->a[0];
	return old;
}
