/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of control groups. */
#ifndef KERNEL_CGROUP_INTERNAL_H
#define KERNEL_CGROUP_INTERNAL_H

#include <kernel/cgroup.h>
#include <kernel/lock.h>
#include <kernel/process.h>

/* Guards the tree and the membership. Taken in interrupts; process->lock comes after it. */
extern struct spinlock cgroup_lock;
extern struct list all_cgroups;
extern struct list dead_cgroups;

static inline bool cgroup_is_within(const struct cgroup *g, const struct cgroup *above)
{
	while (g && g != above)
		g = g->parent;
	return g == above;
}

#endif
