// SPDX-License-Identifier: GPL-2.0
/*
 * ptrace(2), the tracer's half: the requests. Registers and memory are read and written while the thread sleeps in its stop; only SIGKILL
 * can end that sleep, and then what is changed no longer matters. Memory: mm/poke.c, registers: arch/x86/cpu/debug.c.
 */
#include <fs/landlock.h>
#include <kernel/pid_ns.h>
#include <kernel/seccomp.h>
#include <kernel/syscall.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/user.h>
#include <asm/debug.h>
#include <uapi/ferry/linux_ptrace.h>
#include <uapi/ferry/linux_seccomp.h>
#include "process_internal.h"
#include "signal_queue.h"
#include "ptrace_internal.h"

#define OPTIONS_KNOWN	(0xffu | LINUX_PTRACE_O_EXITKILL | LINUX_PTRACE_O_SUSPEND_SECCOMP)
#define FXSAVE_BYTES	512u

/* Whoever is under fewer restrictions than the caller would undo the caller's. */
static int less_restricted(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	struct thread *t;
	int err = 0;

	list_for_each(t, &p->threads, process_link)
		err = err ? err : landlock_may_access(current, t);
	spin_unlock_irq(&p->lock, flags);
	return err;
}

static bool same_ids(const struct credentials *me, const struct credentials *c)
{
	return me->uid == c->uid && me->uid == c->euid && me->uid == c->suid && me->gid == c->gid && me->gid == c->egid && me->gid == c->sgid;
}

int ptrace_may_read(struct process *p)
{
	const struct credentials *me = &current->cred, *c = &p->cred;

	if (p == current_process)
		return 0;
	if (landlocked() && less_restricted(p))
		return -EPERM;
	if (!same_ids(me, c) && !privileged_in(c->user_ns, LINUX_CAP_SYS_PTRACE))
		return -EPERM;
	if (!p->dumpable && !privileged_in(p->memory_ns, LINUX_CAP_SYS_PTRACE))
		return -EPERM;
	if (me->user_ns == c->user_ns && !(c->privileges.permitted & ~me->privileges.permitted))
		return 0;
	return privileged_in(c->user_ns, LINUX_CAP_SYS_PTRACE) ? 0 : -EPERM;
}

int ptrace_may_access(struct process *p)
{
	return p != current_process && (p->syscalls == SYSCALLS_DRIVER || p->device) ? -EPERM : ptrace_may_read(p);
}

/* First the memory, then the question: execve changes who the process is before it changes its memory. */
struct space *ptrace_space_get(struct process *p)
{
	struct space *s = process_space_get(p);

	if (!ptrace_may_access(p))
		return s;
	if (s)
		space_put(s);
	return ERR_PTR(-EPERM);
}

/* ---- Who traces whom ---- */

static int options_check(uint64_t options)
{
	if (options & ~(uint64_t)OPTIONS_KNOWN)
		return -EINVAL;
	if (!(options & LINUX_PTRACE_O_SUSPEND_SECCOMP))
		return 0;
	return privileged(LINUX_CAP_SYS_ADMIN) && current->seccomp_mode == LINUX_SECCOMP_MODE_DISABLED ? 0 : -EPERM;
}

static int attach_locked(struct thread *t, bool seize, uint32_t options)
{
	struct process *p = t->process;

	if (thread_is_traced(t) || p->exiting || t->exiting)
		return -EPERM;
	if (!ptrace_link(t, current, seize, options))
		return -ENOMEM;
	if (!seize)
		signal_post_thread(t, LINUX_SIGSTOP, NULL);
	wait_wake(&p->state_wait, 0);	/* a stopped one tells its tracer */
	return 0;
}

static int64_t do_attach(pid_t tid, bool seize, uint64_t address, uint64_t options)
{
	struct thread *t;
	uint64_t flags;
	int err;

	if (seize && (address || options & ~(uint64_t)OPTIONS_KNOWN))
		return -EIO;
	err = options_check(options);
	if (err)
		return err;
	t = thread_find(0, pid_meant(tid));
	if (!t)
		return -ESRCH;
	flags = spin_lock_irq(&process_tree_lock);	/* execve looks who traces under it */
	err = t->process == current_process || t->process == init_process ? -EPERM : ptrace_may_access(t->process);
	if (!err)
		err = attach_locked(t, seize, options);
	spin_unlock_irq(&process_tree_lock, flags);
	thread_put(t);
	return err;
}

/* Who is more than its parent does not give that away. */
static int may_be_traced_by(const struct thread *parent)
{
	const struct credentials *theirs = &parent->cred, *mine = &current->cred;

	if (landlock_may_access(parent, current))
		return -EPERM;
	if (mine->user_ns == theirs->user_ns && !(mine->privileges.permitted & ~theirs->privileges.permitted))
		return 0;
	return credentials_privileged_in(theirs, mine->user_ns, LINUX_CAP_SYS_PTRACE) ? 0 : -EPERM;
}

static int64_t do_traceme(void)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct thread *parent = current_process->parent_thread;
	int err = -EPERM;

	if (!thread_is_traced(current) && current_process->parent && current_process->syscalls != SYSCALLS_DRIVER)
		err = parent ? may_be_traced_by(parent) : 0;	/* no thread: the parent is ending */
	if (!err && parent && !ptrace_link(current, parent, false, 0))
		err = -ENOMEM;
	spin_unlock_irq(&process_tree_lock, flags);
	return err;
}

/* ---- Running on ---- */

static void group_continue(struct process *p)
{
	p->stopped = false;
	__atomic_and_fetch(&p->attention, ~PROCESS_STOPPED, __ATOMIC_SEQ_CST);
}

static int64_t do_resume(struct trace *tr, uint32_t request, uint64_t sig, struct list *released)
{
	struct process *p = tr->thread->process;

	if (sig > LINUX_NSIG)
		return -EIO;
	tr->resume_signal = sig;
	if (request == LINUX_PTRACE_DETACH) {
		ptrace_forget(tr, released);
		return 0;
	}
	tr->syscalls = request == LINUX_PTRACE_SYSCALL;
	tr->emulates = request == LINUX_PTRACE_SYSEMU || request == LINUX_PTRACE_SYSEMU_SINGLESTEP;
	tr->step = request == LINUX_PTRACE_SINGLESTEP || request == LINUX_PTRACE_SYSEMU_SINGLESTEP;
	if (p->syscalls == SYSCALLS_ALL && (tr->syscalls || tr->step || tr->emulates))
		p->syscalls = SYSCALLS_TRACED;
	if (p->stopped)
		group_continue(p);
	WRITE_ONCE(tr->stopped, false);
	wait_wake(&p->state_wait, 0);
	return 0;
}

static int64_t do_listen(struct trace *tr)
{
	if (!tr->seized || tr->code >> 8 != LINUX_PTRACE_EVENT_STOP)
		return -EIO;
	tr->listening = true;
	if (!tr->thread->process->stopped)
		ptrace_retrap(tr);
	return 0;
}

/* Tree lock held. */
static int64_t do_interrupt(struct trace *tr)
{
	if (!tr->seized)
		return -EIO;
	if (tr->stopped) {
		ptrace_retrap(tr);
		return 0;
	}
	WRITE_ONCE(tr->thread->trace_trap, true);
	sched_interrupt(tr->thread);
	wait_wake(&tr->thread->process->state_wait, 0);	/* its control group may be frozen */
	return 0;
}

static int64_t do_options(struct trace *tr, uint64_t options)
{
	int err = options_check(options);

	if (!err)
		tr->options = options;
	return err;
}

/* Requests that need the lock. 1: not one of them. */
static int64_t request_locked(struct trace *tr, const uint64_t *a, struct list *released)
{
	switch ((uint32_t)a[0]) {
	case LINUX_PTRACE_CONT:
	case LINUX_PTRACE_SYSCALL:
	case LINUX_PTRACE_SINGLESTEP:
	case LINUX_PTRACE_SYSEMU:
	case LINUX_PTRACE_SYSEMU_SINGLESTEP:
	case LINUX_PTRACE_DETACH:
		return do_resume(tr, a[0], a[3], released);
	case LINUX_PTRACE_LISTEN:
		return do_listen(tr);
	case LINUX_PTRACE_SETOPTIONS:
		return do_options(tr, a[3]);
	default:
		return 1;
	}
}

/* ---- Memory and registers: the thread sleeps, no lock ---- */

static int64_t do_peek(struct thread *t, uint64_t address, uint64_t to)
{
	struct space *s = process_space_get(t->process);
	uint64_t word;
	ssize_t n = s ? space_read(s, address, &word, sizeof(word)) : -EIO;

	if (s)
		space_put(s);
	return n == sizeof(word) ? put_user64(to, word) : -EIO;
}

static int64_t do_poke(struct thread *t, uint64_t address, uint64_t word)
{
	struct space *s = process_space_get(t->process);
	ssize_t n = s ? space_poke(s, address, &word, sizeof(word)) : -EIO;

	if (s)
		space_put(s);
	return n == sizeof(word) ? 0 : -EIO;
}

static int64_t do_peek_user(struct thread *t, uint64_t offset, uint64_t to)
{
	struct linux_user_regs regs;
	uint64_t word = 0;

	if (offset % 8 || offset > LINUX_USER_SIZE - 8)
		return -EIO;
	if (offset < sizeof(regs)) {
		arch_user_regs_get(t, &regs);
		word = ((const uint64_t *)&regs)[offset / 8];
	} else if (offset >= LINUX_USER_DEBUGREG && offset < LINUX_USER_DEBUGREG_END) {
		word = arch_debug_get(t, (offset - LINUX_USER_DEBUGREG) / 8);
	}
	return put_user64(to, word);
}

static int64_t do_poke_user(struct thread *t, uint64_t offset, uint64_t word)
{
	struct linux_user_regs regs;

	if (offset % 8 || offset > LINUX_USER_SIZE - 8)
		return -EIO;
	if (offset >= LINUX_USER_DEBUGREG && offset < LINUX_USER_DEBUGREG_END)
		return arch_debug_set(t, (offset - LINUX_USER_DEBUGREG) / 8, word);
	if (offset >= sizeof(regs))
		return -EIO;
	arch_user_regs_get(t, &regs);
	((uint64_t *)&regs)[offset / 8] = word;
	return arch_user_regs_set(t, &regs);
}

static int64_t regs_io(struct thread *t, uint64_t address, uint64_t *size, bool set)
{
	struct linux_user_regs regs;

	*size = MIN(*size, sizeof(regs)) & ~7ull;
	arch_user_regs_get(t, &regs);
	if (!set)
		return copy_back_to_user(address, &regs, *size);
	return copy_from_user(&regs, address, *size) ? -EFAULT : arch_user_regs_set(t, &regs);
}

static int64_t fpu_io(struct thread *t, uint64_t address, uint64_t *size, bool set, bool extended)
{
	uint32_t whole = extended ? arch_fpu_frame_size() : FXSAVE_BYTES;
	void *state = kzalloc(whole);
	int64_t err = -ENOMEM;

	*size = MIN(*size, whole);
	if (!state)
		return err;
	arch_fpu_get(t, state, whole);
	if (!set)
		err = copy_back_to_user(address, state, *size);
	else
		err = copy_from_user(state, address, *size) ? -EFAULT : arch_fpu_set(t, state, whole);
	kfree(state);
	return err;
}

static int64_t do_regset(struct thread *t, uint64_t which, uint64_t uvec, bool set)
{
	struct iovec_k vec;
	int64_t err = copy_from_user(&vec, uvec, sizeof(vec));

	if (err)
		return err;
	if (vec.length % 8)
		return -EINVAL;
	if (which == LINUX_NT_PRSTATUS)
		err = regs_io(t, vec.base, &vec.length, set);
	else if (which == LINUX_NT_PRFPREG)
		err = fpu_io(t, vec.base, &vec.length, set, false);
	else if (which == LINUX_NT_X86_XSTATE && arch_fpu_frame_size() > FXSAVE_BYTES)
		err = fpu_io(t, vec.base, &vec.length, set, true);
	else
		return which == LINUX_NT_X86_XSTATE ? -ENODEV : -EINVAL;
	return err ? err : put_user64(uvec + offsetof(struct iovec_k, length), vec.length);
}

static void call_fill(struct linux_syscall_info *info, const struct regs *r)
{
	info->entry.nr = r->vector;
	memcpy(info->entry.args, (const uint64_t[]){ r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 }, sizeof(info->entry.args));
}

/* What is known of the stop by itself: of system calls only with PTRACE_O_TRACESYSGOOD. How much of @info is meant. */
static uint64_t syscall_info_fill(const struct trace *tr, struct linux_syscall_info *info)
{
	const struct regs *r = tr->thread->user_regs;

	if (tr->phase == TRACE_SECCOMP && tr->code >> 8 == LINUX_PTRACE_EVENT_SECCOMP) {
		info->op = LINUX_SYSCALL_INFO_SECCOMP;
		call_fill(info, r);
		info->seccomp.ret_data = tr->message;
		return offsetof(struct linux_syscall_info, seccomp.ret_data) + sizeof(info->seccomp.ret_data);
	}
	if (tr->code == (LINUX_SIGTRAP | 0x80) && tr->phase == TRACE_SYSCALL_ENTRY) {
		info->op = LINUX_SYSCALL_INFO_ENTRY;
		call_fill(info, r);
		return offsetof(struct linux_syscall_info, entry) + sizeof(info->entry);
	}
	if (tr->code == (LINUX_SIGTRAP | 0x80) && tr->phase == TRACE_SYSCALL_EXIT) {
		info->op = LINUX_SYSCALL_INFO_EXIT;
		info->exit.rval = (int64_t)arch_user_result(r);
		info->exit.is_error = info->exit.rval < 0 && info->exit.rval >= -4095;
		return offsetof(struct linux_syscall_info, exit.is_error) + 1;
	}
	return offsetof(struct linux_syscall_info, entry);
}

static int64_t do_syscall_info(const struct trace *tr, uint64_t size, uint64_t to)
{
	const struct regs *r = tr->thread->user_regs;
	struct linux_syscall_info info = { .arch = LINUX_AUDIT_ARCH_X86_64, .instruction_pointer = r->rip, .stack_pointer = r->rsp };
	uint64_t actual = syscall_info_fill(tr, &info);

	return copy_back_to_user(to, &info, MIN(size, actual)) ? -EFAULT : (int64_t)actual;
}

static int64_t do_rseq(const struct thread *t, uint64_t size, uint64_t to)
{
	struct linux_ptrace_rseq conf = { .pointer = t->rseq, .size = sizeof(struct linux_rseq), .signature = t->rseq_signature };

	return copy_back_to_user(to, &conf, MIN(size, sizeof(conf))) ? -EFAULT : (int64_t)sizeof(conf);
}

static int64_t do_siginfo(struct trace *tr, uint64_t address, bool set)
{
	struct linux_siginfo info = tr->info;

	if (!info.si_signo)
		return -EINVAL;	/* a group stop has none */
	if (!set)
		return copy_back_to_user(address, &info, sizeof(info));
	if (copy_from_user(&info, address, sizeof(info)))
		return -EFAULT;
	tr->info = info;
	return 0;
}

/* Queued signals from a place on, without taking them; how many. */
static int64_t do_peeksiginfo(struct thread *t, uint64_t uargs, uint64_t to)
{
	struct linux_peeksiginfo_args a;
	struct linux_siginfo info;
	int32_t n;

	if (copy_from_user(&a, uargs, sizeof(a)))
		return -EFAULT;
	if ((a.flags & ~LINUX_PTRACE_PEEKSIGINFO_SHARED) || a.nr < 0)
		return -EINVAL;
	for (n = 0; n < a.nr && a.off + (uint64_t)n >= a.off; n++) {
		if (!signal_peek(t, a.flags & LINUX_PTRACE_PEEKSIGINFO_SHARED, a.off + (uint64_t)n, &info))
			break;
		if (copy_back_to_user(to + (uint64_t)n * sizeof(info), &info, sizeof(info)))
			return n ? n : -EFAULT;
		if (signal_interrupts())
			return n + 1;
	}
	return n;
}

static int64_t do_sigmask(struct thread *t, uint64_t size, uint64_t address, bool set)
{
	sigset_t mask = t->restore_blocked ? t->saved_blocked : t->blocked;

	if (size != sizeof(mask))
		return -EINVAL;
	if (!set)
		return put_user64(address, mask);
	if (get_user64(&mask, address))
		return -EFAULT;
	t->restore_blocked = false;
	t->blocked = mask & ~(SIG_BIT(LINUX_SIGKILL) | SIG_BIT(LINUX_SIGSTOP));
	return 0;
}

/* Some are numbers of threads. */
static uint64_t message_told(const struct trace *tr)
{
	switch (tr->code >> 8) {
	case LINUX_PTRACE_EVENT_FORK:
	case LINUX_PTRACE_EVENT_VFORK:
	case LINUX_PTRACE_EVENT_CLONE:
	case LINUX_PTRACE_EVENT_VFORK_DONE:
	case LINUX_PTRACE_EVENT_EXEC:
		return (uint64_t)pid_told((pid_t)tr->message);
	default:
		return tr->message;
	}
}

static int64_t request_stopped(struct trace *tr, const uint64_t *a)
{
	struct thread *t = tr->thread;
	uint64_t size = sizeof(struct linux_user_regs), fx = FXSAVE_BYTES;

	switch ((uint32_t)a[0]) {
	case LINUX_PTRACE_PEEKTEXT:
	case LINUX_PTRACE_PEEKDATA:
		return do_peek(t, a[2], a[3]);
	case LINUX_PTRACE_POKETEXT:
	case LINUX_PTRACE_POKEDATA:
		return do_poke(t, a[2], a[3]);
	case LINUX_PTRACE_PEEKUSER:
		return do_peek_user(t, a[2], a[3]);
	case LINUX_PTRACE_POKEUSER:
		return do_poke_user(t, a[2], a[3]);
	case LINUX_PTRACE_GETREGS:
	case LINUX_PTRACE_SETREGS:
		return regs_io(t, a[3], &size, a[0] == LINUX_PTRACE_SETREGS);
	case LINUX_PTRACE_GETFPREGS:
	case LINUX_PTRACE_SETFPREGS:
		return fpu_io(t, a[3], &fx, a[0] == LINUX_PTRACE_SETFPREGS, false);
	case LINUX_PTRACE_GETREGSET:
	case LINUX_PTRACE_SETREGSET:
		return do_regset(t, a[2], a[3], a[0] == LINUX_PTRACE_SETREGSET);
	case LINUX_PTRACE_GETEVENTMSG:
		return put_user64(a[3], message_told(tr));
	case LINUX_PTRACE_GETSIGINFO:
	case LINUX_PTRACE_SETSIGINFO:
		return do_siginfo(tr, a[3], a[0] == LINUX_PTRACE_SETSIGINFO);
	case LINUX_PTRACE_PEEKSIGINFO:
		return do_peeksiginfo(t, a[2], a[3]);
	case LINUX_PTRACE_GETSIGMASK:
	case LINUX_PTRACE_SETSIGMASK:
		return do_sigmask(t, a[2], a[3], a[0] == LINUX_PTRACE_SETSIGMASK);
	case LINUX_PTRACE_GET_SYSCALL_INFO:
		return do_syscall_info(tr, a[2], a[3]);
	case LINUX_PTRACE_GET_RSEQ_CONFIGURATION:
		return do_rseq(t, a[2], a[3]);
	case LINUX_PTRACE_SECCOMP_GET_FILTER:
		return seccomp_tracee_filter(t, a[2], a[3]);
	case LINUX_PTRACE_SECCOMP_GET_METADATA:
		return seccomp_tracee_metadata(t, a[2], a[3]);
	case LINUX_PTRACE_ARCH_PRCTL:
		return arch_prctl(t, a[3], a[2]);
	default:
		return -EIO;
	}
}

static int64_t request_tracee(struct thread *t, const uint64_t *a, struct list *released)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct trace *tr = t->trace;
	int64_t result = -ESRCH;

	if (tr && tr->tracer == current && !tr->zombie) {
		if ((uint32_t)a[0] == LINUX_PTRACE_INTERRUPT)
			result = do_interrupt(tr);
		else if (tr->stopped && !tr->listening)
			result = request_locked(tr, a, released);
	}
	spin_unlock_irq(&process_tree_lock, flags);
	return result == 1 ? request_stopped(tr, a) : result;
}

/* The thread may be on its way into the stop that it told: its registers are complete when it sleeps. */
static int64_t do_request(const uint64_t *a)
{
	struct list released = LIST_INIT(released);
	struct thread *t = thread_find(0, pid_meant((pid_t)a[1]));
	int64_t result = -ESRCH;

	if (!t)
		return -ESRCH;
	if ((uint32_t)a[0] == LINUX_PTRACE_KILL && thread_is_traced(t) && t->trace->tracer == current) {
		process_begin_exit(t->process, LINUX_SIGKILL);
		result = 0;
	} else {
		result = request_tracee(t, a, &released);
	}
	ptrace_released_put(&released);
	thread_put(t);
	return result;
}

/* ptrace(request, pid, address, data) */
SYSCALL(NR_ptrace, ptrace)
{
	const uint64_t *a = args->a;

	switch (a[0]) {
	case LINUX_PTRACE_TRACEME:
		return do_traceme();
	case LINUX_PTRACE_ATTACH:
		return do_attach(a[1], false, 0, 0);
	case LINUX_PTRACE_SEIZE:
		return do_attach(a[1], true, a[2], a[3]);
	default:
		return do_request(a);
	}
}
