/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IPC namespaces (ipc_namespaces(7)): System V objects, POSIX message queues and their limits. Numbers, keys and names mean those of the
 * namespace that the caller is in; with its last user everything in it goes.
 */
#ifndef FS_IPC_NS_H
#define FS_IPC_NS_H

#include <kernel/namespace.h>

#define SYSV_SLOTS	512u	/* a power of two */

struct mount;
struct sysv_perm;

/* One kind's objects. Guarded by the kind's lock, which is one for all namespaces. */
struct sysv_ids {
	struct sysv_perm *slots[SYSV_SLOTS];
	unsigned int turn;		/* the slot to try first */
	uint16_t sequence;		/* goes up when slots begin anew: old numbers do not find new objects */
	unsigned int nr_used;
	/* Written without the lock. */
	unsigned int most;		/* where sysv_add() stops, up to SYSV_SLOTS */
	int next;			/* the number that the next object gets if it can; negative: any. Once (CRIU's way to make one again) */
};

enum ipc_kind { IPC_SHM, IPC_SEM, IPC_MSG, IPC_KINDS };

struct ipc_ns {
	struct ns ns;
	struct sysv_ids ids[IPC_KINDS];
	unsigned int sem_total;		/* semaphores of all sets; guarded by the lock of these */
	unsigned int nr_mqueues;	/* guarded by the lock of queues (fs/mqueue.c) */
	struct mount *mqueues;		/* their names, mounted nowhere; counted, never another (fs/mqueue_fs.c) */
	/* What root writes in /proc/sys; read with READ_ONCE(). Those of message queues hold for who is not root. */
	unsigned int sem_set_max, sem_all_max, sem_ops_max;	/* semaphores of a set, of all sets, operations of a call */
	unsigned int message_max, queue_bytes;			/* bytes of a System V message, of all in a queue */
	unsigned int mq_messages, mq_size;			/* of a queue of which nothing is said */
	unsigned int mq_messages_max, mq_size_max, mq_queues_max;
};

extern const struct ns_type ipc_ns_type;
extern struct ipc_ns ipc_ns_first;

static inline struct ipc_ns *ipc_ns_current(void)
{
	return container_of(ns_current(NS_IPC), struct ipc_ns, ns);
}

/* Nobody is in @n any more: what is in it goes. What is mapped or open stays for who has it. May sleep. */
void shm_ns_end(struct ipc_ns *n);
void sem_ns_end(struct ipc_ns *n);
void msg_ns_end(struct ipc_ns *n);
void mqueue_ns_end(struct ipc_ns *n);
/* The names of the message queues of @n, which @owner owns: none yet. 0 or -ENOMEM. May sleep. */
int mqueue_ns_begin(struct ipc_ns *n, struct user_ns *owner);

#endif
