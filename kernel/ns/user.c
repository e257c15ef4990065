// SPDX-License-Identifier: GPL-2.0
/*
 * User namespaces: making and entering one, which is below which, and who is privileged in one. A thread's only ever goes down, so one that was
 * read from a process stays while the process does: the namespaces above a held one are held. Locks: process->lock for a thread's credentials.
 */
#include <fs/mount.h>
#include <kernel/groups.h>
#include <kernel/keys.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include "internal.h"

bool user_ns_is_below(const struct user_ns *u, const struct user_ns *of)
{
	if (!of || of == &user_ns_first)
		return true;
	for (; u && u->level > of->level; u = u->parent)
		;
	return u == of;
}

bool credentials_privileged_in(const struct credentials *c, const struct user_ns *u, unsigned int cap)
{
	const struct user_ns *mine = user_ns_of(c);

	for (u = u ? u : &user_ns_first; u != mine; u = u->parent) {
		if (u->level <= mine->level)
			return false;
		if (u->parent == mine && u->owner == c->euid)
			return true;
	}
	return c->privileges.effective & 1ull << cap;
}

bool privileged_in(const struct user_ns *u, unsigned int cap)
{
	return !current || !current->process || credentials_privileged_in(&current->cred, u, cap);
}

bool privileged_here(unsigned int cap)
{
	return !current || !current->process || (current->cred.privileges.effective & 1ull << cap);
}

/* ---- Making and entering ---- */

static void all_privileges(struct credentials *c, struct user_ns *u)
{
	c->user_ns = u;
	c->privileges = (struct privileges){ .effective = PRIVILEGES_ALL, .permitted = PRIVILEGES_ALL, .bounding = PRIVILEGES_ALL };
}

/* Who sees only a part of the tree would see the rest from a mount namespace of its own. */
static bool is_chrooted(void)
{
	struct path root, top;
	bool same;

	fs_get_root(&root);
	mutex_lock(&vfs_lock);
	top.mount = container_of(ns_current(NS_MOUNT), struct mount_ns, ns)->root;
	top.dentry = top.mount->root;
	mount_topmost(&top);
	same = root.mount == top.mount && root.dentry == top.dentry;
	mutex_unlock(&vfs_lock);
	path_put(&root);
	return !same;
}

int user_ns_create(struct credentials *c)
{
	struct user_ns *parent = user_ns_of(c), *u;
	int err;

	if (parent->level >= USER_NS_DEPTH)
		return -ENOSPC;
	if (is_chrooted() || id_inside(c->user_ns, ID_USER, c->euid) == ID_NONE || id_inside(c->user_ns, ID_GROUP, c->egid) == ID_NONE)
		return -EPERM;
	u = kzalloc(sizeof(*u));
	if (!u)
		return -ENOMEM;
	err = ns_begin(&u->ns, &user_ns_type, parent);
	if (err) {
		kfree(u);
		return err;
	}
	u->parent = parent;
	u->level = parent->level + 1;
	u->owner = c->euid;
	u->owner_group = c->egid;
	u->groups_denied = parent->groups_denied;
	all_privileges(c, u);
	return 0;
}

int user_ns_enter(struct credentials *c, struct user_ns *u)
{
	if (u == user_ns_of(c) || current_process->nr_threads > 1 || fs_context_is_shared(current_process->fs))
		return -EINVAL;
	if (!credentials_privileged_in(c, u, LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	ns_get(&u->ns);
	all_privileges(c, u);
	return 0;
}

/* Who made the namespace has there what they have here; anybody else who comes is more than those inside, who must not look into them. */
void user_ns_change(const struct credentials *c)
{
	struct thread *t = current;
	struct process *p = t->process;
	struct credentials old = t->cred, old_of_process = p->cred;
	uint64_t flags = spin_lock_irq(&p->lock);

	if (c->user_ns->parent != user_ns_of(&t->cred) || c->user_ns->owner != t->cred.euid) {
		p->dumpable = false;
		p->death_signal = 0;
	}
	group_list_get(c->groups);
	t->cred = *c;
	credentials_get(c);
	p->cred = *c;
	spin_unlock_irq(&p->lock, flags);
	credentials_put(&old);
	credentials_put(&old_of_process);
}

static void user_destroy(struct ns *ns)
{
	struct user_ns *u = container_of(ns, struct user_ns, ns), *above;

	for (; u; u = above) {
		above = u->ns.owner && ref_put(&u->ns.owner->ns.ref) ? u->ns.owner : NULL;
		ns_uncharge(NS_USER, u->ns.payer);
		for (unsigned int i = 0; i < ID_KINDS; i++)
			kfree(u->maps[i]);
		keys_ns_gone(u);
		kfree(u);
	}
}

const struct ns_type user_ns_type = { .name = "user", .kind = NS_USER, .flag = LINUX_CLONE_NEWUSER, .destroy = user_destroy };
