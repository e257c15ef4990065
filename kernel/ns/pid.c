// SPDX-License-Identifier: GPL-2.0
/*
 * PID namespaces as objects: making and entering one, and the end of all who are in one with its init. Their numbers are kernel/pid.c's.
 * Locks: process_tree_lock for the init.
 */
#include <kernel/init.h>
#include <kernel/pid_ns.h>
#include <kernel/user_ns.h>
#include <fs/node.h>
#include <lib/format.h>
#include <mm/slab.h>
#include "../process_internal.h"
#include "internal.h"

#define END_POLL_NS	(10 * NSEC_PER_MSEC)

struct pid_ns pid_ns_first = { .ns = { .ref = { REF_ONE }, .type = &pid_ns_type, .ino = 4026531836 } };

/* Below the one that the caller is in: not below one that it would only send its children to. */
static struct ns *pid_copy(struct ns *from, struct user_ns *owner, struct fs_context *fs)
{
	struct pid_ns *parent = pid_ns_of(from), *n;
	unsigned int level = parent ? parent->level + 1 : 1;
	int err;

	if (parent != pid_ns_current() || !user_ns_is_below(owner, parent ? parent->ns.owner : NULL))
		return ERR_PTR(-EINVAL);
	if (level > PID_NS_DEPTH)
		return ERR_PTR(-ENOSPC);
	n = kzalloc(sizeof(*n));
	err = n ? ns_begin(&n->ns, &pid_ns_type, owner) : -ENOMEM;
	if (err) {
		kfree(n);
		return ERR_PTR(err);
	}
	n->level = level;
	n->parent = parent;
	if (parent)
		ns_get(&parent->ns);
	return &n->ns;
}

/* Whose children are born there must see them. */
static int pid_enter(struct ns *ns, const struct credentials *who, struct fs_context *fs)
{
	return pid_ns_holds(pid_ns_current(), pid_ns_of(ns)) ? 0 : -EINVAL;
}

static void pid_destroy(struct ns *ns)
{
	struct pid_ns *n = pid_ns_of(ns);

	if (n->parent)
		ns_put(&n->parent->ns);
	ns_end(ns);
	kfree(n);
}

const struct ns_type pid_ns_type = {
	.name = "pid", .kind = NS_PID, .flag = LINUX_CLONE_NEWPID, .buried = true, .copy = pid_copy, .enter = pid_enter, .destroy = pid_destroy,
};

struct ns *pid_ns_of_process(struct process *p, bool children)
{
	struct ns *ns;
	struct pid_ns *n;
	uint64_t flags;
	bool lives;

	if (!children) {
		ns = p->pid_ns ? &p->pid_ns->ns : &pid_ns_first.ns;
		ns_get(ns);
		return READ_ONCE(p->zombie) ? (ns_put(ns), NULL) : ns;
	}
	ns = ns_of_process(p, NS_PID);
	n = ns ? pid_ns_of(ns) : NULL;
	if (!n)
		return ns;
	flags = spin_lock_irq(&process_tree_lock);
	lives = n->init || n->closed;
	spin_unlock_irq(&process_tree_lock, flags);
	if (lives)
		return ns;
	ns_put(ns);
	return NULL;
}

/* ---- The end ---- */

struct end_walk {
	struct pid_ns *ns;
	struct process *init;
	unsigned int nr_alive;
};

static bool end_one(struct process *p, void *arg)
{
	struct end_walk *w = arg;

	if (p == w->init || p->zombie || !pid_ns_holds(w->ns, p->pid_ns))
		return true;
	w->nr_alive++;
	if (!READ_ONCE(p->exiting))
		process_begin_exit(p, LINUX_SIGKILL);
	return true;
}

/* Nobody else will wait for what is left to @p. */
static void reap_all(struct process *p)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);
	struct list reaped = LIST_INIT(reaped);
	struct process *child, *tmp;

	list_for_each_safe(child, tmp, &p->children, sibling) {
		if (!child->zombie || child->tracer_waits)
			continue;
		process_unlink(child);
		list_append(&reaped, &child->sibling);
	}
	spin_unlock_irq(&process_tree_lock, flags);
	list_for_each_safe(child, tmp, &reaped, sibling) {
		list_del(&child->sibling);
		process_put(child);
	}
}

static bool all_ended(struct end_walk *w)
{
	w->nr_alive = 0;
	process_for_each(end_one, w);
	return !w->nr_alive;
}

/* Who was just being born in it from outside, and who is a child of somebody else, is met by the next look. */
void pid_ns_end(struct process *p)
{
	struct end_walk w = { .ns = p->pid_ns, .init = p };
	uint64_t flags;

	pid_ns_close(w.ns);
	while (wait_event(&p->child_wait, all_ended(&w), time_now() + END_POLL_NS, false))
		reap_all(p);
	reap_all(p);
	flags = spin_lock_irq(&process_tree_lock);
	w.ns->init = NULL;
	if (w.ns->reboot_signal)
		p->exit_status = w.ns->reboot_signal;
	spin_unlock_irq(&process_tree_lock, flags);
}

void pid_ns_reboot(struct pid_ns *ns, int sig)
{
	uint64_t flags = spin_lock_irq(&process_tree_lock);

	ns->reboot_signal = sig;
	if (ns->init)
		process_begin_exit(ns->init, LINUX_SIGKILL);
	spin_unlock_irq(&process_tree_lock, flags);
}

/* ---- /proc/sys/kernel/ns_last_pid ---- */

static void last_show(struct seq *s, void *priv)
{
	seq_printf(s, "%d\n", pid_ns_last(pid_ns_current(), -1));
}

static int last_write(void *priv, char *text)
{
	struct pid_ns *ns = pid_ns_current();
	const struct user_ns *owner = ns ? ns->ns.owner : NULL;
	unsigned long long last;

	if (!privileged_in(owner, LINUX_CAP_SYS_ADMIN) && !privileged_in(owner, LINUX_CAP_CHECKPOINT_RESTORE))
		return -EPERM;
	if (parse_u64(text, 10, 0, &last) || last > (unsigned long long)pid_max_get())
		return -EINVAL;
	pid_ns_last(ns, (pid_t)last);
	return 0;
}

static int pid_ns_init(void)
{
	return proc_create_rw("sys/kernel/ns_last_pid", 0666, last_show, last_write, NULL);
}
INITCALL("2fs", pid_ns_init);
