// SPDX-License-Identifier: GPL-2.0
/* setns(2): the current thread enters one namespace by its file, or several of those that a process is in by a pidfd. */
#include <fs/file.h>
#include <fs/internal.h>
#include <fs/sysv.h>
#include <kernel/process.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <kernel/time_ns.h>
#include <mm/slab.h>
#include "../pidfd.h"
#include "internal.h"

/* What the thread becomes, before anything of it changes. */
struct entering {
	struct credentials cred;
	struct ns_set *set;
	struct fs_context *fs;
	bool has_user;	/* cred has a user namespace of its own, counted */
	bool has_ipc;
	bool has_time;
};

static bool look_for_space(struct process *p, void *arg)
{
	bool *shared = arg;

	*shared = p != current_process && READ_ONCE(p->space) == current_process->space;
	return !*shared;
}

static bool is_alone(void)
{
	bool shared = false;

	if (process_has_one_thread(current_process))
		process_for_each(look_for_space, &shared);
	else
		shared = true;
	return !shared;
}

/* Takes over @ns. */
static int enter_one(struct entering *e, struct ns *ns)
{
	int err = ns->type->alone && !is_alone() ? -EUSERS : ns_may_enter(ns, &e->cred);

	if (!err && ns->type->enter)
		err = ns->type->enter(ns, &e->cred, e->fs);
	if (err) {
		ns_put(ns);
		return err;
	}
	ns_put(e->set->of[ns->type->kind]);
	e->set->of[ns->type->kind] = ns;
	e->has_ipc |= ns->type->kind == NS_IPC;
	e->has_time |= ns->type->kind == NS_TIME;
	return 0;
}

/* Takes over @ns. What is entered after that is so with the privileges of it. */
static int enter_user(struct entering *e, struct ns *ns)
{
	int err = user_ns_enter(&e->cred, container_of(ns, struct user_ns, ns));

	e->has_user = !err;
	ns_put(ns);
	return err;
}

static int begin(struct entering *e)
{
	e->cred = current->cred;
	e->has_user = e->has_ipc = e->has_time = false;
	e->fs = current_process->fs;
	e->set = kzalloc(sizeof(*e->set));
	if (!e->set)
		return -ENOMEM;
	ref_init(&e->set->ref);
	for (unsigned int i = 0; i < NS_SET_KINDS; i++) {
		e->set->of[i] = ns_set_of(current)->of[i];
		ns_get(e->set->of[i]);
	}
	return 0;
}

static int end(struct entering *e, int err)
{
	if (!err && e->has_time)
		err = time_ns_change(e->set->of[NS_TIME]);
	if (!err && e->has_ipc && process_has_one_thread(current_process))
		sem_process_exit(current_process);
	if (!err && e->has_user)
		user_ns_change(&e->cred);
	else if (e->has_user)
		user_ns_put(e->cred.user_ns);
	if (err)
		ns_set_put(e->set);
	else
		ns_set_change(e->set);
	ns_bury();
	return err;
}

static int enter_file(struct ns *ns, uint64_t flags)
{
	struct entering e;
	int err;

	if (flags && flags != ns->type->flag)
		return -EINVAL;
	err = begin(&e);
	if (err)
		return err;
	ns_get(ns);
	return end(&e, ns->type->kind == NS_USER ? enter_user(&e, ns) : enter_one(&e, ns));
}

static int enter_process(struct process *p, uint64_t flags)
{
	struct entering e;
	int err;

	if (!flags || flags & ~(NS_CLONE_FLAGS | LINUX_CLONE_NEWUSER))
		return -EINVAL;
	err = ptrace_may_read(p) ? -EPERM : begin(&e);
	if (err)
		return err;
	if (flags & LINUX_CLONE_NEWUSER) {
		struct ns *user = ns_of_process(p, NS_USER);

		err = user ? enter_user(&e, user) : -ESRCH;
	}
	for (unsigned int i = 0; i < NS_SET_KINDS && !err; i++) {
		struct ns *ns;

		if (!(flags & ns_types[i]->flag))
			continue;
		ns = ns_around_process(p, i);
		err = ns ? enter_one(&e, ns) : -ESRCH;
	}
	return end(&e, err);
}

/* setns(fd, flags) */
SYSCALL(NR_setns, setns)
{
	struct file *f = fd_get_io(args->a[0]);
	struct ns *ns = f ? ns_of_file(f) : NULL;
	uint64_t flags = (uint32_t)args->a[1];
	struct process *p;
	int err;

	if (!f)
		return -EBADF;
	if (ns) {
		err = enter_file(ns, flags);
		file_put(f);
		return err;
	}
	file_put(f);
	p = pidfd_get(args->a[0], NULL);
	if (IS_ERR(p))
		return PTR_ERR(p) == -EBADF ? -EINVAL : PTR_ERR(p);
	err = enter_process(p, flags);
	process_put(p);
	return err;
}
