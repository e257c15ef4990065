// SPDX-License-Identifier: GPL-2.0
/*
 * Syscall user dispatch (prctl(PR_SET_SYSCALL_USER_DISPATCH)): calls made outside one range of a thread's code become SIGSYS while a byte of its
 * memory says so, for programs that carry out another system's calls. Neither inherited by new threads nor kept by execve. A process with
 * such a thread takes the slow way into system calls (SYSCALLS_TRACED), so nobody else pays.
 */
#include <kernel/core_dump.h>
#include <kernel/process.h>
#include <kernel/signal.h>
#include <kernel/user_dispatch.h>
#include <mm/space.h>
#include <mm/user.h>
#include <uapi/ferry/linux_process.h>
#include <uapi/ferry/linux_seccomp.h>
#include "process_internal.h"

static void __noreturn end(int sig)
{
	process_exit(core_dump(sig, NULL) ? sig | LINUX_W_CORE : sig);
}

/* Does the program want the call itself? Who says nonsense ends. */
static bool wanted(const struct user_dispatch *d)
{
	uint8_t said;

	if (!d->selector)
		return true;
	if (copy_from_user(&said, d->selector, sizeof(said)))
		end(LINUX_SIGSEGV);
	if (said > LINUX_SYSCALL_DISPATCH_FILTER_BLOCK)
		end(LINUX_SIGSYS);
	return said == LINUX_SYSCALL_DISPATCH_FILTER_BLOCK;
}

bool user_dispatch_takes(struct regs *regs)
{
	const struct user_dispatch *d = &current->dispatch;
	struct linux_siginfo info = { .si_signo = LINUX_SIGSYS, .si_code = LINUX_SYS_USER_DISPATCH };

	if (regs->rip - d->offset < d->length || !wanted(d))
		return false;
	info.call.address = regs->rip;
	info.call.nr = (int32_t)regs->vector;
	info.call.arch = LINUX_AUDIT_ARCH_X86_64;
	regs->rax = regs->vector;
	signal_force_info(LINUX_SIGSYS, &info);
	return true;
}

int64_t user_dispatch_prctl(uint64_t mode, uint64_t offset, uint64_t length, uint64_t selector)
{
	struct process *p = current_process;
	uint64_t flags;

	if (mode == LINUX_PR_SYS_DISPATCH_OFF) {
		if (offset || length || selector)
			return -EINVAL;
		current->dispatch = (struct user_dispatch){ 0 };
		return 0;
	}
	if (mode != LINUX_PR_SYS_DISPATCH_ON || (offset && offset + length <= offset))
		return -EINVAL;
	if (selector && !user_range_ok(selector, 1))
		return -EFAULT;
	current->dispatch = (struct user_dispatch){ .on = true, .offset = offset, .length = length, .selector = selector };
	flags = spin_lock_irq(&process_tree_lock);	/* a tracer that lets go looks under it */
	p->dispatches = true;
	if (p->syscalls == SYSCALLS_ALL)
		p->syscalls = SYSCALLS_TRACED;
	spin_unlock_irq(&process_tree_lock, flags);
	return 0;
}
