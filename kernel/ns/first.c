// SPDX-License-Identifier: GPL-2.0
/* The first namespaces: everybody's, until somebody asks for another. Kinds without a copy() have no other one. */
#include <fs/ipc_ns.h>
#include <fs/mount.h>
#include <kernel/pid_ns.h>
#include <kernel/time_ns.h>
#include "internal.h"

/* Their numbers are Linux's. */
#define FIRST(t, n)	{ .ref = { REF_ONE }, .type = (t), .ino = (n) }

static const struct ns_type net_ns_type = { .name = "net", .kind = NS_NET, .flag = LINUX_CLONE_NEWNET };

const struct ns_type *const ns_types[NS_KINDS] = {
	[NS_MOUNT] = &mount_ns_type, [NS_UTS] = &uts_ns_type, [NS_IPC] = &ipc_ns_type, [NS_PID] = &pid_ns_type, [NS_CGROUP] = &cgroup_ns_type,
	[NS_NET] = &net_ns_type, [NS_TIME] = &time_ns_type, [NS_USER] = &user_ns_type,
};

static struct cgroup_ns cgroup_first = { .ns = FIRST(&cgroup_ns_type, 4026531835) };
static struct ns net_first = FIRST(&net_ns_type, 4026531840);

struct user_ns user_ns_first = { .ns = FIRST(&user_ns_type, 4026531837) };

struct ns_set ns_first = {
	.ref = { REF_ONE },
	.of = {
		[NS_UTS] = &uts_ns_first.ns, [NS_IPC] = &ipc_ns_first.ns, [NS_PID] = &pid_ns_first.ns,
		[NS_CGROUP] = &cgroup_first.ns, [NS_NET] = &net_first,
		[NS_TIME] = &time_ns_first.ns, [NS_MOUNT] = &mount_ns_first.ns,
	},
};
