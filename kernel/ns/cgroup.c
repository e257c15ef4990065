// SPDX-License-Identifier: GPL-2.0
/* Namespaces of control groups (cgroup_namespaces(7)): which group is called "/". The groups are the same in all. Locks: none of its own. */
#include <kernel/cgroup.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include "internal.h"

static struct cgroup_ns *of_ns(struct ns *ns)
{
	return container_of(ns, struct cgroup_ns, ns);
}

struct cgroup *cgroup_ns_root(void)
{
	return of_ns(ns_current(NS_CGROUP))->root;
}

/* The caller's group, also where a child begins in another one. */
static struct ns *cgroup_ns_copy(struct ns *from, struct user_ns *owner, struct fs_context *fs)
{
	struct cgroup_ns *c = kzalloc(sizeof(*c));
	int err = c ? ns_begin(&c->ns, &cgroup_ns_type, owner) : -ENOMEM;

	if (err) {
		kfree(c);
		return ERR_PTR(err);
	}
	c->root = cgroup_of_process(current_process);
	return &c->ns;
}

static void cgroup_ns_destroy(struct ns *ns)
{
	cgroup_put(of_ns(ns)->root);
	ns_end(ns);
	kfree(of_ns(ns));
}

const struct ns_type cgroup_ns_type = {
	.name = "cgroup", .kind = NS_CGROUP, .flag = LINUX_CLONE_NEWCGROUP, .copy = cgroup_ns_copy, .destroy = cgroup_ns_destroy,
};
