// SPDX-License-Identifier: GPL-2.0
/* What a process says of itself: prctl(2), arch_prctl(2), personality(2). */
#include <kernel/seccomp.h>
#include <kernel/syscall.h>
#include <kernel/user_dispatch.h>
#include <mm/user.h>
#include "process_internal.h"

#define PERSONALITY_KEEP	0xffffffffu
#define TIMER_SLACK_NS		50000	/* Linux's default; timers here have none */
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
		return current->no_new_privs;
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
	case LINUX_PR_GET_THP_DISABLE:
	case LINUX_PR_SET_THP_DISABLE:
		return args->a[2] || args->a[3] || args->a[4] ? -EINVAL : 0;
	case LINUX_PR_GET_SECCOMP:
		return current->seccomp_mode;
	case LINUX_PR_SET_SECCOMP:
		return seccomp_prctl(args->a[1], args->a[2]);
	case LINUX_PR_SET_SYSCALL_USER_DISPATCH:
		return user_dispatch_prctl(args->a[1], args->a[2], args->a[3], args->a[4]);
	case LINUX_PR_SET_TIMERSLACK:
		return 0;
	case LINUX_PR_GET_TIMERSLACK:
		return TIMER_SLACK_NS;
	default:
		result = privilege_prctl(args->a[0], args->a + 1);
		return result == -ENOSYS ? -EINVAL : result;
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
