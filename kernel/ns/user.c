// SPDX-License-Identifier: GPL-2.0
/* User namespaces: which is below which, and who is privileged in one. */
#include <kernel/process.h>
#include <mm/slab.h>
#include "internal.h"

bool user_ns_is_below(const struct user_ns *u, const struct user_ns *of)
{
	if (!of)
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

static void user_destroy(struct ns *ns)
{
	ns_end(ns);
	kfree(container_of(ns, struct user_ns, ns));
}

const struct ns_type user_ns_type = { .name = "user", .kind = NS_USER, .flag = LINUX_CLONE_NEWUSER, .destroy = user_destroy };
