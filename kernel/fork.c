// SPDX-License-Identifier: GPL-2.0
/*
 * New threads and processes out of the current one: clone, clone3, fork, vfork. A thread shares everything of its process; a process gets
 * copies, or shares its space, files or directories as the flags say. CLONE_SIGHAND without CLONE_THREAD copies the actions (Linux shares
 * them). Locks: process_tree_lock for the parent's group and session.
 */
#include <kernel/cgroup.h>
#include <kernel/keys.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/user_ns.h>
#include <kernel/ptrace.h>
#include <kernel/seccomp.h>
#include <kernel/syscall.h>
#include <kernel/time_ns.h>
#include <fs/internal.h>
#include <fs/landlock.h>
#include <mm/oom.h>
#include <mm/space.h>
#include <mm/user.h>
#include <uapi/ferry/linux_ptrace.h>
#include "pidfd.h"
#include "process_internal.h"

#define THREAD_SHARES	(NS_CLONE_FLAGS | LINUX_CLONE_NEWUSER)	/* with its process */
/* clone3() has no signal in its flags, and none that nobody knows. */
#define CLONE3_FLAGS_KNOWN	((LINUX_CLONE_INTO_CGROUP * 2 - 1) & ~(LINUX_CSIGNAL & ~LINUX_CLONE_NEWTIME) & ~LINUX_CLONE_DETACHED)

struct clone_request {
	uint64_t flags;
	uint32_t exit_signal;
	uint64_t stack;		/* 0: the caller's */
	uint64_t parent_tid, child_tid, tls;
	uint64_t pidfd;		/* where the descriptor's number goes */
	struct cgroup *group;	/* with CLONE_INTO_CGROUP, counted; NULL: the root */
	struct cgroup_rights rights;
	const pid_t *set_tid;	/* numbers that were asked for, the innermost first */
	unsigned int nr_set_tid;
};

static int clone_check(const struct clone_request *r)
{
	uint64_t f = r->flags;

	if ((f & LINUX_CLONE_FS) && (f & (LINUX_CLONE_NEWNS | LINUX_CLONE_NEWUSER)))
		return -EINVAL;
	if ((f & LINUX_CLONE_THREAD) && (f & THREAD_SHARES))
		return -EINVAL;
	if ((f & LINUX_CLONE_NEWIPC) && (f & LINUX_CLONE_SYSVSEM))
		return -EINVAL;
	if ((f & LINUX_CLONE_THREAD) && !(f & LINUX_CLONE_SIGHAND))
		return -EINVAL;
	if ((f & LINUX_CLONE_SIGHAND) && (!(f & LINUX_CLONE_VM) || (f & LINUX_CLONE_CLEAR_SIGHAND)))
		return -EINVAL;
	if ((f & LINUX_CLONE_PIDFD) && (f & (LINUX_CLONE_THREAD | LINUX_CLONE_DETACHED)))
		return -EINVAL;
	if (r->exit_signal > LINUX_NSIG || ((f & LINUX_CLONE_PARENT) && process_is_init(current_process)))
		return -EINVAL;
	if ((f & LINUX_CLONE_THREAD) && pid_ns_for_children() != pid_ns_current())
		return -EINVAL;
	if ((f & LINUX_CLONE_VM) && unlikely(current->ns) && time_ns_of(current->ns->of[NS_TIME]) != current_process->time_ns)
		return -EINVAL;
	if ((f & LINUX_CLONE_SETTLS) && !user_range_ok(r->tls, 1))
		return -EPERM;
	return 0;
}

static void child_regs(struct regs *to, const struct regs *from, const struct clone_request *r)
{
	*to = *from;
	to->rax = 0;
	to->error = 0;
	if (r->stack)
		to->rsp = r->stack;
}

/* What a new thread takes over from the one that made it. */
static void thread_inherit(struct thread *t, const struct clone_request *r)
{
	struct thread *from = current;

	arch_thread_copy(t, from);
	seccomp_inherit(t);
	landlock_inherit(t);
	ns_inherit(t);
	keys_inherit(t, r->flags & LINUX_CLONE_THREAD);
	if (r->flags & LINUX_CLONE_SETTLS)
		(void)arch_prctl(t, LINUX_ARCH_SET_FS, r->tls);	/* below USER_END, so it is taken */
	t->no_new_privs = from->no_new_privs;
	t->memory_failure = from->memory_failure;
	t->io_flusher = from->io_flusher;
	t->timer_slack_ns = t->default_slack_ns = from->timer_slack_ns;
	t->blocked = from->blocked;
	t->io_priority = from->io_priority;
	if (!(r->flags & LINUX_CLONE_VM) || (r->flags & LINUX_CLONE_VFORK))
		t->altstack = from->altstack;
	if (!(r->flags & LINUX_CLONE_VM)) {
		t->rseq = from->rseq;
		t->rseq_signature = from->rseq_signature;
		t->rseq_due = true;
	}
	if (r->flags & LINUX_CLONE_CHILD_CLEARTID)
		t->clear_child_tid = r->child_tid;
}

/* The number of the child where parent and child asked for it; a bad address is the program's own trouble, as on Linux. */
static void tids_write(struct thread *t, const struct clone_request *r)
{
	int32_t tid = t->own_tid;

	if ((r->flags & LINUX_CLONE_PARENT_SETTID) && put_user32(r->parent_tid, pid_told(t->tid)))
		log_debug("clone: bad parent_tid");
	if ((r->flags & LINUX_CLONE_CHILD_SETTID) && space_write(t->process->space, r->child_tid, &tid, sizeof(tid)) < 0)
		log_debug("clone: bad child_tid");
}

struct count_request {
	uint32_t uid;
	uint64_t count;
};

static bool count_one(struct process *p, void *arg)
{
	struct count_request *c = arg;

	if (p->cred.uid == c->uid)
		c->count += MAX(p->nr_threads, 1u);
	return true;
}

/* May there be no more threads, or none of the user's, dead processes included that nobody waited for? */
static bool too_many(const struct process *p)
{
	struct count_request c = { .uid = current->cred.uid };

	if (tasks_full())
		return true;
	if (!c.uid || privileged(LINUX_CAP_SYS_RESOURCE) || privileged(LINUX_CAP_SYS_ADMIN))
		return false;
	process_for_each(count_one, &c);
	return c.count >= p->rlimits[LINUX_RLIMIT_NPROC].cur;
}

static int64_t clone_thread(const struct clone_request *r, const struct regs *from)
{
	unsigned int event = ptrace_clone_event(r->flags, r->exit_signal);
	struct process *p = current_process;
	struct regs regs;
	struct thread *t;
	pid_t tid, told;

	if (too_many(p))
		return -EAGAIN;
	if (p->exiting || p->execing)
		return -ERESTARTNOINTR;
	tid = pid_alloc_in(p->pid_ns, r->set_tid, r->nr_set_tid);
	if (tid < 0)
		return tid;
	child_regs(&regs, from, r);
	t = process_thread_create(p, tid, &regs);
	if (IS_ERR(t)) {
		pid_free(tid);
		return PTR_ERR(t);
	}
	thread_inherit(t, r);
	str_copy(t->name, current->name, sizeof(t->name));
	tids_write(t, r);
	ptrace_new_thread(t, event, r->flags);
	told = pid_told(tid);
	thread_start(t);
	ptrace_event(event, tid);
	return told;
}

static void process_copy_state(struct process *p, struct process *from, const struct clone_request *r)
{
	uint64_t flags = spin_lock_irq(&from->lock), inner = spin_lock_irq(&from->signal_lock);

	memcpy(p->name, from->name, sizeof(p->name));
	memcpy(p->exe, from->exe, sizeof(p->exe));
	memcpy(p->actions, from->actions, sizeof(p->actions));
	memcpy(p->rlimits, from->rlimits, sizeof(p->rlimits));
	p->cred = current->cred;
	credentials_get(&p->cred);
	p->membarriers = from->membarriers;
	p->arg_start = from->arg_start;
	p->arg_end = from->arg_end;
	p->env_start = from->env_start;
	p->env_end = from->env_end;
	p->syscalls = from->syscalls == SYSCALLS_DRIVER ? SYSCALLS_DRIVER : SYSCALLS_ALL;
	p->dumpable = from->dumpable;
	p->memory_ns = from->memory_ns;
	p->personality = from->personality;
	p->no_huge_pages = from->no_huge_pages;
	p->core_filter = from->core_filter;
	p->oom_adjust = from->oom_adjust;
	p->oom_adjust_min = from->oom_adjust_min;
	p->exit_signal = r->exit_signal;
	spin_unlock_irq(&from->signal_lock, inner);
	spin_unlock_irq(&from->lock, flags);
	cpu_limit_changed(p);
	if (r->flags & LINUX_CLONE_CLEAR_SIGHAND)
		signal_reset_actions(p);
}

static int process_copy_parts(struct process *p, struct process *from, uint64_t flags)
{
	if (flags & LINUX_CLONE_VM) {
		space_get(from->space);
		p->space = from->space;
	} else {
		p->space = space_fork(from->space);
	}
	p->files = flags & LINUX_CLONE_FILES ? fd_table_share(from->files) : fd_table_copy(from->files);
	p->fs = flags & LINUX_CLONE_FS ? fs_context_share(from->fs) : fs_context_copy(from->fs);
	return p->space && p->files && p->fs ? 0 : -ENOMEM;
}

/* A copy of the current process, without a number and not in the tree yet. ERR_PTR. */
static struct process *process_copy(const struct clone_request *r)
{
	struct process *from = current_process, *p;
	int err;

	if (too_many(from))
		return ERR_PTR(-EAGAIN);
	p = process_alloc();
	if (!p)
		return ERR_PTR(-ENOMEM);
	process_copy_state(p, from, r);
	err = r->flags & LINUX_CLONE_INTO_CGROUP ? cgroup_enter(p, r->group, &r->rights) : cgroup_inherit(p, from);
	if (!err)
		err = process_copy_parts(p, from, r->flags);
	if (!err && (r->flags & (LINUX_CLONE_INTO_CGROUP | LINUX_CLONE_VM)) == LINUX_CLONE_INTO_CGROUP)
		cgroup_space_follow(p, p->space);
	if (!err)
		return p;
	process_discard(p);
	return ERR_PTR(err);
}

static void process_link_child(struct process *p, const struct clone_request *r)
{
	struct process *from = current_process, *parent = from;
	uint64_t flags;

	if (r->flags & LINUX_CLONE_PARENT)
		parent = from->parent ? from->parent : from;
	process_link(p, parent, from->pgid, from->sid);
	flags = spin_lock_irq(&process_tree_lock);
	p->tty = from->tty;
	spin_unlock_irq(&process_tree_lock, flags);
	/* Who is killed has no more children: a walk that killed it may have gone past the place where this one is now. */
	if (READ_ONCE(from->exiting))
		process_begin_exit(p, LINUX_SIGKILL);
}

/* Until the child runs another program or ends; a parent that is being killed does not wait. */
static void vfork_wait(struct process *child)
{
	(void)wait_event(&child->state_wait, READ_ONCE(child->vfork_released), TIME_FOREVER, SLEEP_DEATH);
}

/* The descriptor is there before the process is, so that nothing can fail later; it stands for nobody yet. */
static int pidfd_reserve(const struct clone_request *r, struct file **f)
{
	int fd, err;

	*f = NULL;
	if (!(r->flags & LINUX_CLONE_PIDFD))
		return -1;
	*f = pidfd_create(0);
	if (!*f)
		return file_alloc_error();
	fd = fd_install(current_process->files, *f, 0, true);
	err = fd < 0 ? fd : put_user32(r->pidfd, fd) ? -EFAULT : 0;
	if (!err)
		return fd;
	if (fd >= 0)
		fd_close(current_process->files, fd);
	file_put(*f);
	*f = NULL;
	return err;
}

/* The namespaces of @p's first thread, whose user namespace it is in from here on; NULL: those of the current one. ERR_PTR. */
static struct ns_set *names_copy(struct process *p, uint64_t flags)
{
	int err = 0;

	if (unlikely(flags & LINUX_CLONE_NEWUSER)) {
		struct user_ns *old = p->cred.user_ns;

		err = user_ns_create(&p->cred);
		if (!err)
			user_ns_put(old);
	}
	if (likely(!(flags & NS_CLONE_FLAGS)) || err)
		return ERR_PTR(err);
	return ns_set_copy(ns_set_of(current), flags, &p->cred, p->fs);
}

/* The number of @p, in the namespace of @names (NULL: the current thread's). 0 or -errno. */
static int process_number(struct process *p, struct ns_set *names, const struct clone_request *r)
{
	struct pid_ns *ns = names ? pid_ns_of(names->of[NS_PID]) : pid_ns_for_children();
	pid_t pid = pid_alloc_in(ns, r->set_tid, r->nr_set_tid);

	if (pid < 0)
		return pid;
	p->pid = pid;
	p->pid_ns = ns;
	p->own_pid = likely(!ns) ? pid : pid_told_in(ns, pid);
	return 0;
}

/* Its clocks. 0 or -ENOMEM. */
static int process_time(struct process *p, struct ns_set *names, uint64_t flags)
{
	const struct ns_set *set = names ? names : current->ns;

	return likely(!set) ? 0 : time_ns_begin(p, set, flags & LINUX_CLONE_VM);
}

static int64_t clone_process_only(const struct clone_request *r, const struct regs *from, struct file *pidfd)
{
	unsigned int event = ptrace_clone_event(r->flags, r->exit_signal);
	struct process *p = process_copy(r);
	struct ns_set *names;
	struct regs regs;
	struct thread *t;
	pid_t pid, told;
	int err;

	if (IS_ERR(p))
		return PTR_ERR(p);
	names = names_copy(p, r->flags);
	if (IS_ERR(names)) {
		process_discard(p);
		return PTR_ERR(names);
	}
	err = process_time(p, names, r->flags);
	if (!err)
		err = process_number(p, names, r);
	if (err) {
		ns_set_put(names);
		process_discard(p);
		ns_bury();
		return err;
	}
	pid = p->pid;
	told = pid_told(pid);
	child_regs(&regs, from, r);
	pid_hold(pid);
	t = process_thread_create(p, pid, &regs);
	if (IS_ERR(t)) {
		pid_free(pid);
		ns_set_put(names);
		process_discard(p);
		return PTR_ERR(t);
	}
	thread_inherit(t, r);
	if (names)
		ns_replace(t, names);
	tids_write(t, r);
	process_link_child(p, r);
	if (pidfd)
		pidfd_set(pidfd, p);
	ptrace_new_thread(t, event, r->flags);
	thread_start(t);
	ptrace_event(event, pid);
	if (r->flags & LINUX_CLONE_VFORK) {
		vfork_wait(p);
		ptrace_event(LINUX_PTRACE_EVENT_VFORK_DONE, pid);
	}
	process_put(p);
	return told;
}

static int64_t clone_process(const struct clone_request *r, const struct regs *from)
{
	struct file *f;
	int fd = pidfd_reserve(r, &f);
	int64_t pid;

	if ((r->flags & LINUX_CLONE_PIDFD) && fd < 0)
		return fd;
	pid = clone_process_only(r, from, f);
	if (f && pid < 0)
		fd_close(current_process->files, fd);
	file_put(f);
	return pid;
}

static int64_t clone_any(const struct clone_request *r, const struct regs *from)
{
	unsigned int tries = 0;
	int64_t id = clone_check(r);

	if (id)
		return id;
	do
		id = r->flags & LINUX_CLONE_THREAD ? clone_thread(r, from) : clone_process(r, from);
	while (oom_retry(id, &tries));
	return id;
}

SYSCALL(NR_fork, fork)
{
	struct clone_request r = { .exit_signal = LINUX_SIGCHLD };

	return clone_any(&r, syscall_regs(args));
}

SYSCALL(NR_vfork, vfork)
{
	struct clone_request r = { .flags = LINUX_CLONE_VM | LINUX_CLONE_VFORK, .exit_signal = LINUX_SIGCHLD };

	return clone_any(&r, syscall_regs(args));
}

SYSCALL_FLAGS(NR_clone, clone, 0)
{
	struct clone_request r = {
		.flags = (uint32_t)args->a[0] & ~LINUX_CLONE_NEWTIME & ~LINUX_CSIGNAL, .exit_signal = args->a[0] & LINUX_CSIGNAL,
		.stack = args->a[1], .parent_tid = args->a[2], .child_tid = args->a[3], .tls = args->a[4], .pidfd = args->a[2],
	};

	if ((r.flags & LINUX_CLONE_PIDFD) && (r.flags & LINUX_CLONE_PARENT_SETTID))
		return -EINVAL;
	return clone_any(&r, syscall_regs(args));
}

static int clone_args_copy(struct linux_clone_args *to, uint64_t from, uint64_t size)
{
	if (size < LINUX_CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, sizeof(*to), from, size);
}

/* The group that the child begins in, with a reference. A thread is nowhere else than its process. */
static int group_of_request(const struct linux_clone_args *c, uint64_t size, struct clone_request *r)
{
	struct cgroup *g;

	if (size < LINUX_CLONE_ARGS_SIZE_VER2 || c->cgroup > INT32_MAX)
		return -EINVAL;
	if (c->flags & LINUX_CLONE_THREAD)
		return -EOPNOTSUPP;
	g = cgroup_of_fd((int)c->cgroup);
	if (IS_ERR(g))
		return (int)PTR_ERR(g);
	r->group = g;
	cgroup_rights_get(g, &r->rights);
	return 0;
}

SYSCALL(NR_clone3, clone3)
{
	struct linux_clone_args c;
	pid_t numbers[PID_NS_DEPTH];
	struct clone_request r;
	int64_t result;
	int err = clone_args_copy(&c, args->a[0], args->a[1]);

	if (err)
		return err;
	if (!c.set_tid != !c.set_tid_size || c.set_tid_size > PID_NS_DEPTH)
		return -EINVAL;
	if ((c.flags & ~CLONE3_FLAGS_KNOWN) || c.exit_signal > LINUX_NSIG || !c.stack != !c.stack_size)
		return -EINVAL;
	if (c.flags & (LINUX_CLONE_THREAD | LINUX_CLONE_PARENT) && c.exit_signal)
		return -EINVAL;
	if (!user_range_ok(c.stack, c.stack_size))
		return -EINVAL;
	r = (struct clone_request){ .flags = c.flags, .exit_signal = c.exit_signal, .parent_tid = c.parent_tid,
				    .child_tid = c.child_tid, .tls = c.tls, .pidfd = c.pidfd,
				    .stack = c.stack ? c.stack + c.stack_size : 0 };
	if (c.flags & LINUX_CLONE_INTO_CGROUP) {
		err = group_of_request(&c, args->a[1], &r);
		if (err)
			return err;
	}
	r.set_tid = numbers;
	r.nr_set_tid = (unsigned int)c.set_tid_size;
	result = copy_from_user(numbers, c.set_tid, r.nr_set_tid * sizeof(numbers[0])) ? -EFAULT : clone_any(&r, syscall_regs(args));
	cgroup_put(r.group);
	return result;
}
