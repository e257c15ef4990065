// SPDX-License-Identifier: GPL-2.0
/*
 * seccomp(2): strict mode, and filters in classic BPF (kernel/classic_bpf.c). Filters form a tree: a thread holds the newest of its own, each
 * holds the one before. A process with such a thread takes the slow way into system calls (SYSCALLS_TRACED), so nobody else pays.
 * Listeners are in seccomp_notify.c. Locks: process->lock for other threads' filters; a thread reads its own without.
 */
#include <fs/internal.h>
#include <kernel/classic_bpf.h>
#include <kernel/core_dump.h>
#include <kernel/log.h>
#include <kernel/ptrace.h>
#include <kernel/seccomp.h>
#include <kernel/syscall.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux_ptrace.h>
#include "process_internal.h"
#include "seccomp_internal.h"

#define CHAIN_MAX	32768u		/* instructions in a thread's filters together; each filter counts as four more */
#define FILTER_COST	4u
#define FLAGS_KNOWN	(LINUX_SECCOMP_FILTER_FLAG_TSYNC | LINUX_SECCOMP_FILTER_FLAG_LOG | LINUX_SECCOMP_FILTER_FLAG_SPEC_ALLOW | \
			 LINUX_SECCOMP_FILTER_FLAG_TSYNC_ESRCH | LISTENER_FLAGS)
#define LISTENER_FLAGS	(LINUX_SECCOMP_FILTER_FLAG_NEW_LISTENER | LINUX_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)

struct seccomp_filter {
	struct ref ref;
	struct seccomp_filter *before;	/* counted */
	struct seccomp_listener *listener;
	uint32_t nr, chain_cost;
	bool log;
	struct linux_bpf_insn insns[];
};

/* ---- Filters ---- */

static struct seccomp_filter *filter_get(struct seccomp_filter *f)
{
	if (f)
		ref_get(&f->ref);
	return f;
}

static void filter_free(struct seccomp_filter *f)
{
	if (f->listener)
		seccomp_listener_unused(f->listener);
	kfree(f);
}

static void filter_put(struct seccomp_filter *f)
{
	while (f && ref_put(&f->ref)) {
		struct seccomp_filter *before = f->before;

		filter_free(f);
		f = before;
	}
}

static int filter_check(const struct seccomp_filter *f)
{
	uint16_t *work = kzalloc(f->nr * sizeof(*work));
	int err = work ? classic_bpf_check(f->insns, f->nr, sizeof(struct linux_seccomp_data), work) : -ENOMEM;

	kfree(work);
	return err;
}

static struct seccomp_filter *filter_from_user(uint64_t uprogram)
{
	struct linux_bpf_program program;
	struct seccomp_filter *f;
	int err;

	if (copy_from_user(&program, uprogram, sizeof(program)))
		return ERR_PTR(-EFAULT);
	if (!program.length || program.length > LINUX_BPF_MAXINSNS)
		return ERR_PTR(-EINVAL);
	if (!current->no_new_privs && !privileged_here(LINUX_CAP_SYS_ADMIN))
		return ERR_PTR(-EACCES);
	f = kzalloc(sizeof(*f) + program.length * sizeof(f->insns[0]));
	if (!f)
		return ERR_PTR(-ENOMEM);
	ref_init(&f->ref);
	f->nr = program.length;
	err = copy_from_user(f->insns, program.filter, f->nr * sizeof(f->insns[0])) ? -EFAULT : filter_check(f);
	if (!err)
		return f;
	kfree(f);
	return ERR_PTR(err);
}

/* ---- Taking effect ---- */

/* The slow way for every thread of the process from its next call on. */
static void process_is_filtered(struct process *p)
{
	WRITE_ONCE(p->seccomp, true);
	if (p->syscalls == SYSCALLS_ALL)
		p->syscalls = SYSCALLS_TRACED;
}

static bool is_ancestor(const struct seccomp_filter *f, const struct seccomp_filter *of)
{
	for (; of && of != f; of = of->before)
		;
	return of == f;
}

/* A thread that could not take over the caller's filters, which are its own and more: its number. p->lock held. */
static pid_t cannot_synchronize(struct process *p)
{
	struct thread *t;

	list_for_each(t, &p->threads, process_link)
		if (t != current && !t->exiting && (t->seccomp_mode == LINUX_SECCOMP_MODE_STRICT ||
						    !is_ancestor(t->seccomp_filter, current->seccomp_filter)))
			return t->own_tid;
	return 0;
}

static void synchronize(struct process *p, struct seccomp_filter *f)
{
	struct thread *t;

	list_for_each(t, &p->threads, process_link) {
		struct seccomp_filter *old = t->seccomp_filter;

		if (t == current || t->exiting)
			continue;
		t->no_new_privs |= current->no_new_privs;
		WRITE_ONCE(t->seccomp_filter, filter_get(f));
		WRITE_ONCE(t->seccomp_mode, LINUX_SECCOMP_MODE_FILTER);
		filter_put(old);
	}
}

static bool has_listener(const struct seccomp_filter *f)
{
	for (; f; f = f->before)
		if (f->listener)
			return true;
	return false;
}

/* Takes over the reference of @f on success. */
static int64_t filter_attach(struct seccomp_filter *f, uint32_t flags)
{
	struct thread *t = current;
	struct process *p = t->process;
	uint64_t irq = spin_lock_irq(&p->lock);
	pid_t other = flags & LINUX_SECCOMP_FILTER_FLAG_TSYNC ? cannot_synchronize(p) : 0;
	int64_t err = 0;

	f->chain_cost = f->nr + FILTER_COST + (t->seccomp_filter ? t->seccomp_filter->chain_cost : 0);
	if (t->seccomp_mode == LINUX_SECCOMP_MODE_STRICT)
		err = -EINVAL;
	else if (f->listener && has_listener(t->seccomp_filter))
		err = -EBUSY;
	else if (other)
		err = flags & LINUX_SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : other;
	else if (f->chain_cost > CHAIN_MAX)
		err = -ENOMEM;
	if (!err) {
		f->before = t->seccomp_filter;
		t->seccomp_filter = f;
		WRITE_ONCE(t->seccomp_mode, LINUX_SECCOMP_MODE_FILTER);
		if (flags & LINUX_SECCOMP_FILTER_FLAG_TSYNC)
			synchronize(p, f);
		process_is_filtered(p);
	}
	spin_unlock_irq(&p->lock, irq);
	return err;
}

static bool flags_fit(uint32_t flags)
{
	if (flags & ~FLAGS_KNOWN)
		return false;
	if ((flags & LISTENER_FLAGS) == LINUX_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		return false;
	/* A descriptor and a thread's number could not be told apart. */
	return !(flags & LINUX_SECCOMP_FILTER_FLAG_TSYNC) || !(flags & LINUX_SECCOMP_FILTER_FLAG_NEW_LISTENER) ||
	       (flags & LINUX_SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
}

/* The descriptor of @f's new listener. */
static int filter_listen(struct seccomp_filter *f, uint32_t flags)
{
	struct file *file;
	int err = seccomp_listener_create(flags & LINUX_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &f->listener, &file);

	return err ? err : fd_install_new(file, LINUX_O_CLOEXEC);
}

static int64_t set_filter(uint32_t flags, uint64_t uprogram)
{
	struct seccomp_filter *f;
	int64_t err;
	int fd = 0;

	if (!flags_fit(flags))
		return -EINVAL;
	f = filter_from_user(uprogram);
	if (IS_ERR(f))
		return PTR_ERR(f);
	f->log = flags & LINUX_SECCOMP_FILTER_FLAG_LOG;
	if (flags & LINUX_SECCOMP_FILTER_FLAG_NEW_LISTENER)
		fd = filter_listen(f, flags);
	err = fd < 0 ? fd : filter_attach(f, flags);
	if (!err)
		return fd;
	if (f->listener && fd >= 0)
		fd_close(current_process->files, fd);
	filter_free(f);
	return err;
}

static int64_t set_strict(void)
{
	struct thread *t = current;

	if (t->seccomp_mode == LINUX_SECCOMP_MODE_FILTER)
		return -EINVAL;
	t->seccomp_mode = LINUX_SECCOMP_MODE_STRICT;
	process_is_filtered(t->process);
	return 0;
}

void seccomp_inherit(struct thread *t)
{
	struct seccomp_filter *old;
	uint64_t flags;

	if (likely(!current_process->seccomp))
		return;
	flags = spin_lock_irq(&current_process->lock);
	old = t->seccomp_filter;	/* another thread's, who has given it to all of them */
	t->seccomp_filter = filter_get(current->seccomp_filter);
	t->seccomp_mode = current->seccomp_mode;
	spin_unlock_irq(&current_process->lock, flags);
	filter_put(old);
	if (t->seccomp_mode)
		process_is_filtered(t->process);
}

void seccomp_release(struct thread *t)
{
	filter_put(t->seccomp_filter);
	t->seccomp_filter = NULL;
}

unsigned int seccomp_nr_filters(const struct thread *t)
{
	unsigned int nr = 0;

	for (const struct seccomp_filter *f = t->seccomp_filter; f; f = f->before)
		nr++;
	return nr;
}

/* ---- For tracers ---- */

/* The filter of @t that came as number @index, from 0, with a reference; ERR_PTR(-ENOENT). */
static struct seccomp_filter *filter_at(struct thread *t, uint64_t index)
{
	uint64_t flags = spin_lock_irq(&t->process->lock);
	struct seccomp_filter *f = t->seccomp_filter;
	unsigned int nr = seccomp_nr_filters(t);

	for (uint64_t newer = index < nr ? nr - index - 1 : 0; newer; newer--)
		f = f->before;
	if (index < nr)
		ref_get(&f->ref);
	spin_unlock_irq(&t->process->lock, flags);
	return index < nr ? f : ERR_PTR(-ENOENT);
}

static int may_see_filters(const struct thread *t)
{
	if (!privileged(LINUX_CAP_SYS_ADMIN) || current->seccomp_mode)
		return -EACCES;
	return t->seccomp_mode == LINUX_SECCOMP_MODE_FILTER ? 0 : -EINVAL;
}

int64_t seccomp_tracee_filter(struct thread *t, uint64_t index, uint64_t address)
{
	struct seccomp_filter *f;
	int err = may_see_filters(t);
	int64_t nr;

	if (err)
		return err;
	f = filter_at(t, index);
	if (IS_ERR(f))
		return PTR_ERR(f);
	nr = address && copy_to_user(address, f->insns, f->nr * sizeof(f->insns[0])) ? -EFAULT : (int64_t)f->nr;
	filter_put(f);
	return nr;
}

int64_t seccomp_tracee_metadata(struct thread *t, uint64_t size, uint64_t address)
{
	struct linux_seccomp_metadata data = { .flags = 0 };
	struct seccomp_filter *f;
	int err = may_see_filters(t);

	if (err)
		return err;
	size = MIN(size, sizeof(data));
	if (size < sizeof(data.filter_off))
		return -EINVAL;
	if (copy_from_user(&data.filter_off, address, sizeof(data.filter_off)))
		return -EFAULT;
	f = filter_at(t, data.filter_off);
	if (IS_ERR(f))
		return PTR_ERR(f);
	data.flags = f->log ? LINUX_SECCOMP_FILTER_FLAG_LOG : 0;
	filter_put(f);
	return copy_to_user(address, &data, size) ? -EFAULT : (int64_t)size;
}

/* ---- Before a call ---- */

/*
 * The strongest answer of all filters; the newest decides among equals. Another thread may give this one more filters meanwhile. *@listener:
 * the deciding filter's, with a reference, when it is to be asked; or NULL.
 */
static uint32_t filters_run(const struct linux_seccomp_data *data, struct seccomp_listener **listener)
{
	struct process *p = current_process;
	uint32_t strongest = LINUX_SECCOMP_RET_ALLOW;
	uint64_t flags = spin_lock_irq(&p->lock);
	struct seccomp_filter *newest = filter_get(current->seccomp_filter);

	spin_unlock_irq(&p->lock, flags);
	*listener = NULL;
	for (const struct seccomp_filter *f = newest; f; f = f->before) {
		uint32_t answer = classic_bpf_run(f->insns, (const uint32_t *)data, sizeof(*data));

		if ((int32_t)(answer & LINUX_SECCOMP_RET_ACTION_FULL) < (int32_t)(strongest & LINUX_SECCOMP_RET_ACTION_FULL)) {
			strongest = answer;
			*listener = f->listener;
		}
	}
	if ((strongest & LINUX_SECCOMP_RET_ACTION_FULL) != LINUX_SECCOMP_RET_USER_NOTIF)
		*listener = NULL;
	if (*listener)
		seccomp_listener_get(*listener);
	filter_put(newest);
	return strongest;
}

static int64_t trap(struct regs *regs, const struct linux_seccomp_data *data, uint32_t reason)
{
	struct linux_siginfo info = { .si_signo = LINUX_SIGSYS, .si_code = LINUX_SYS_SECCOMP, .si_errno = (int)reason };

	info.call.address = data->instruction_pointer;
	info.call.nr = data->nr;
	info.call.arch = data->arch;
	regs->rax = (uint64_t)(int64_t)data->nr;
	signal_force_info(LINUX_SIGSYS, &info);
	return -1;
}

/* The thread, or all of them; no handler is asked. */
static void __noreturn kill(bool process)
{
	struct process *p = current_process;

	if (program_log_allowed())
		log_info("%s[%d]: system call %d is forbidden by a filter", p->name, p->pid, (int)current->user_regs->vector);
	if (!process && READ_ONCE(p->nr_threads) > 1) {
		ptrace_exit_event(LINUX_SIGSYS);
		thread_leave();
	}
	process_exit(core_dump(LINUX_SIGSYS, NULL) ? LINUX_SIGSYS | LINUX_W_CORE : LINUX_SIGSYS);
}

static int64_t result_is(struct regs *regs, int64_t result)
{
	regs->rax = (uint64_t)result;
	return -1;
}

static struct linux_seccomp_data data_of(const struct regs *r)
{
	return (struct linux_seccomp_data){
		.nr = (int32_t)r->vector, .arch = LINUX_AUDIT_ARCH_X86_64, .instruction_pointer = r->rip,
		.args = { r->args[0], r->args[1], r->args[2], r->args[3], r->args[4], r->args[5] },
	};
}

static int64_t filter_answer(struct regs *regs, bool traced);

/* The tracer may change the call, and the changed one is asked about again. */
static int64_t ask_tracer(struct regs *regs, uint32_t message)
{
	if (!ptrace_seccomp(message))
		return result_is(regs, -ENOSYS);
	return (int32_t)regs->vector < 0 || READ_ONCE(current_process->exiting) ? -1 : filter_answer(regs, true);
}

static int64_t ask_listener(struct seccomp_listener *l, struct regs *regs, const struct linux_seccomp_data *data)
{
	int64_t nr;

	if (!l)
		return result_is(regs, -ENOSYS);
	nr = seccomp_notify(l, regs, data);
	seccomp_listener_put(l);
	return nr;
}

static int64_t filter_answer(struct regs *regs, bool traced)
{
	struct linux_seccomp_data data = data_of(regs);
	struct seccomp_listener *listener;
	uint32_t answer = filters_run(&data, &listener), reason = answer & LINUX_SECCOMP_RET_DATA;

	switch (answer & LINUX_SECCOMP_RET_ACTION_FULL) {
	case LINUX_SECCOMP_RET_ALLOW:
		return data.nr;
	case LINUX_SECCOMP_RET_LOG:
		if (program_log_allowed())
			log_info("%s[%d]: system call %d", current_process->name, current_process->pid, data.nr);
		return data.nr;
	case LINUX_SECCOMP_RET_ERRNO:
		return result_is(regs, -(int64_t)MIN(reason, 4095u));
	case LINUX_SECCOMP_RET_TRAP:
		return trap(regs, &data, reason);
	case LINUX_SECCOMP_RET_USER_NOTIF:
		return ask_listener(listener, regs, &data);
	case LINUX_SECCOMP_RET_TRACE:
		return traced ? data.nr : ask_tracer(regs, reason);
	case LINUX_SECCOMP_RET_KILL_THREAD:
		kill(false);
	default:
		kill(true);
	}
}

static bool strict_allows(uint64_t nr)
{
	return nr == NR_read || nr == NR_write || nr == NR_exit || nr == NR_rt_sigreturn;
}

int64_t seccomp_check(struct regs *regs)
{
	if (thread_is_traced(current) && (current->trace->options & LINUX_PTRACE_O_SUSPEND_SECCOMP))
		return (int32_t)regs->vector;
	switch (READ_ONCE(current->seccomp_mode)) {
	case LINUX_SECCOMP_MODE_FILTER:
		return filter_answer(regs, false);
	case LINUX_SECCOMP_MODE_STRICT:
		if (!strict_allows(regs->vector))
			process_exit(LINUX_SIGKILL);
	}
	return (int32_t)regs->vector;
}

/* ---- Calls ---- */

static int64_t action_available(uint64_t uaction)
{
	static const uint32_t known[] = {
		LINUX_SECCOMP_RET_KILL_PROCESS, LINUX_SECCOMP_RET_KILL_THREAD, LINUX_SECCOMP_RET_TRAP, LINUX_SECCOMP_RET_ERRNO,
		LINUX_SECCOMP_RET_USER_NOTIF, LINUX_SECCOMP_RET_TRACE, LINUX_SECCOMP_RET_LOG, LINUX_SECCOMP_RET_ALLOW,
	};
	uint32_t action;

	if (get_user32(&action, uaction))
		return -EFAULT;
	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i] == action)
			return 0;
	return -EOPNOTSUPP;
}

static int64_t notif_sizes(uint64_t address)
{
	static const struct linux_seccomp_notif_sizes sizes = {
		sizeof(struct linux_seccomp_notif), sizeof(struct linux_seccomp_resp), sizeof(struct linux_seccomp_data),
	};

	return copy_to_user(address, &sizes, sizeof(sizes)) ? -EFAULT : 0;
}

SYSCALL(NR_seccomp, seccomp)
{
	uint64_t flags = (uint32_t)args->a[1], address = args->a[2];

	switch ((uint32_t)args->a[0]) {
	case LINUX_SECCOMP_SET_MODE_STRICT:
		return flags || address ? -EINVAL : set_strict();
	case LINUX_SECCOMP_SET_MODE_FILTER:
		return set_filter(flags, address);
	case LINUX_SECCOMP_GET_ACTION_AVAIL:
		return flags ? -EINVAL : action_available(address);
	case LINUX_SECCOMP_GET_NOTIF_SIZES:
		return flags ? -EINVAL : notif_sizes(address);
	default:
		return -EINVAL;
	}
}

int64_t seccomp_prctl(uint64_t mode, uint64_t program)
{
	if (mode == LINUX_SECCOMP_MODE_STRICT)
		return set_strict();
	return mode == LINUX_SECCOMP_MODE_FILTER ? set_filter(0, program) : -EINVAL;
}
