/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of namespaces tell each other. */
#ifndef KERNEL_NS_INTERNAL_H
#define KERNEL_NS_INTERNAL_H

#include <kernel/namespace.h>
#include <kernel/user_ns.h>

/* count.c: one more of @kind for user @payer: 0, -ENOSPC (/proc/sys/user), -ENOMEM; one fewer. Any context. */
int ns_charge(enum ns_kind kind, uint32_t payer);
void ns_uncharge(enum ns_kind kind, uint32_t payer);

/* Has who becomes @who the privilege to enter @ns (setns(2))? 0 or -EPERM. */
int ns_may_enter(const struct ns *ns, const struct credentials *who);

extern const struct ns_type uts_ns_type, user_ns_type, cgroup_ns_type;

struct uts_ns {
	struct ns ns;
	struct spinlock lock;	/* guards the two names that can change */
	struct linux_utsname names;
};
extern struct uts_ns uts_ns_first;

struct cgroup_ns {
	struct ns ns;
	struct cgroup *root;	/* counted; NULL: the root of all */
};

#endif
