// SPDX-License-Identifier: GPL-2.0
/* IPC namespaces as such: making one, its end, and the limits in /proc/sys, which are those of who reads and writes. Locks: none of its own. */
#include <fs/ipc_ns.h>
#include <fs/node.h>
#include <kernel/init.h>
#include <lib/format.h>
#include <mm/slab.h>
#include "ids.h"
#include "sem.h"

#define MQ_MESSAGES_HARD	65536u
#define MQ_SIZE_HARD		(16u << 20)
#define MQ_SIZE_LEAST		128u

struct ipc_limit {
	const char *path;
	size_t offset;	/* in the namespace */
	unsigned int first, least, most;
};

#define LIMIT(p, field, f, l, m)	{ .path = (p), .offset = offsetof(struct ipc_ns, field), .first = (f), .least = (l), .most = (m) }

/* Without a path: one of the numbers of /proc/sys/kernel/sem (sem_control.c). */
static const struct ipc_limit limits[] = {
	LIMIT("sys/kernel/shmmni", ids[IPC_SHM].most, SYSV_SLOTS, 0, SYSV_SLOTS),
	LIMIT("sys/kernel/msgmni", ids[IPC_MSG].most, SYSV_SLOTS, 0, SYSV_SLOTS),
	LIMIT(NULL, ids[IPC_SEM].most, SYSV_SLOTS, 0, SYSV_SLOTS),
	LIMIT(NULL, sem_set_max, SEM_SET_LIMIT, 0, SEM_SET_LIMIT),
	LIMIT(NULL, sem_all_max, SEM_ALL_LIMIT, 0, SEM_ALL_LIMIT),
	LIMIT(NULL, sem_ops_max, SEM_OPS_LIMIT, 0, SEM_OPS_LIMIT),
	LIMIT("sys/kernel/msgmax", message_max, 8192, 0, 65536),
	LIMIT("sys/kernel/msgmnb", queue_bytes, 16384, 0, 1 << 20),
	LIMIT("sys/fs/mqueue/msg_default", mq_messages, 10, 1, MQ_MESSAGES_HARD),
	LIMIT("sys/fs/mqueue/msgsize_default", mq_size, 8192, MQ_SIZE_LEAST, MQ_SIZE_HARD),
	LIMIT("sys/fs/mqueue/msg_max", mq_messages_max, 10, 1, MQ_MESSAGES_HARD),
	LIMIT("sys/fs/mqueue/msgsize_max", mq_size_max, 8192, MQ_SIZE_LEAST, MQ_SIZE_HARD),
	LIMIT("sys/fs/mqueue/queues_max", mq_queues_max, 256, 0, INT32_MAX),
};

struct ipc_ns ipc_ns_first = { .ns = { .ref = { REF_ONE }, .type = &ipc_ns_type, .ino = 4026531839 } };

static unsigned int *value_of(struct ipc_ns *n, const struct ipc_limit *l)
{
	return (unsigned int *)((char *)n + l->offset);
}

static void limits_reset(struct ipc_ns *n)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(limits); i++)
		*value_of(n, &limits[i]) = limits[i].first;
	for (unsigned int i = 0; i < IPC_KINDS; i++)
		n->ids[i].next = -1;
}

static struct ns *ipc_copy(struct ns *from, struct user_ns *owner, struct fs_context *fs)
{
	struct ipc_ns *n = kzalloc(sizeof(*n));
	int err = n ? ns_begin(&n->ns, &ipc_ns_type, owner) : -ENOMEM;

	if (err) {
		kfree(n);
		return ERR_PTR(err);
	}
	limits_reset(n);
	err = mqueue_ns_begin(n, owner);
	if (!err)
		return &n->ns;
	ns_end(&n->ns);
	kfree(n);
	return ERR_PTR(err);
}

static void ipc_destroy(struct ns *ns)
{
	struct ipc_ns *n = container_of(ns, struct ipc_ns, ns);

	shm_ns_end(n);
	sem_ns_end(n);
	msg_ns_end(n);
	mqueue_ns_end(n);
	ns_end(ns);
	kfree(n);
}

const struct ns_type ipc_ns_type = {
	.name = "ipc", .kind = NS_IPC, .flag = LINUX_CLONE_NEWIPC, .buried = true, .copy = ipc_copy, .destroy = ipc_destroy,
};

/* ---- /proc/sys ---- */

static void limit_show(struct seq *s, void *priv)
{
	seq_printf(s, "%u\n", READ_ONCE(*value_of(ipc_ns_current(), priv)));
}

static int limit_write(void *priv, char *text)
{
	const struct ipc_limit *l = priv;
	unsigned long long value;

	if (parse_u64(text, 10, 0, &value) || value < l->least || value > l->most)
		return -EINVAL;
	WRITE_ONCE(*value_of(ipc_ns_current(), l), (unsigned int)value);
	return 0;
}

static int *next_of(void *priv)
{
	return &ipc_ns_current()->ids[(uintptr_t)priv].next;
}

static void next_show(struct seq *s, void *priv)
{
	seq_printf(s, "%d\n", READ_ONCE(*next_of(priv)));
}

static int next_write(void *priv, char *text)
{
	unsigned long long next;

	if (parse_u64(text, 10, 0, &next) || next > INT32_MAX)
		return -EINVAL;
	WRITE_ONCE(*next_of(priv), (int)next);
	return 0;
}

static int ipc_ns_init(void)
{
	static const char *const next[IPC_KINDS] = { "sys/kernel/shm_next_id", "sys/kernel/sem_next_id", "sys/kernel/msg_next_id" };
	int err = 0;

	limits_reset(&ipc_ns_first);
	for (unsigned int i = 0; i < ARRAY_SIZE(limits) && !err; i++)
		if (limits[i].path)
			err = proc_create_rw(limits[i].path, 0644, limit_show, limit_write, (void *)&limits[i]);
	for (uintptr_t i = 0; i < IPC_KINDS && !err; i++)
		err = proc_create_rw(next[i], 0644, next_show, next_write, (void *)i);
	return err;
}
INITCALL("2fs", ipc_ns_init);
