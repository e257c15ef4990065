/* SPDX-License-Identifier: GPL-2.0 */
/* Private to fs/sysv/sem*.c: sets of semaphores and the table of them. */
#ifndef FS_SYSV_SEM_H
#define FS_SYSV_SEM_H

#include <kernel/ref.h>
#include <kernel/wait.h>
#include "ids.h"

/* As /proc/sys/kernel/sem tells and takes them: semaphores of a set, of all sets, operations of a call. The fourth is sem_ids()->most. */
#define SEM_SET_MAX	READ_ONCE(ipc_ns_current()->sem_set_max)
#define SEM_ALL_MAX	READ_ONCE(ipc_ns_current()->sem_all_max)
#define SEM_OPS_MAX	READ_ONCE(ipc_ns_current()->sem_ops_max)
#define SEM_SET_LIMIT	32000u
#define SEM_ALL_LIMIT	256000u
#define SEM_OPS_LIMIT	500u
#define SEM_VALUE_MAX	32767

struct semaphore {
	int value;
	pid_t pid;
};

/* All guarded by sem_lock; the set itself is counted. */
struct set {
	struct sysv_perm perm;	/* the first member */
	struct ref ref;
	bool removed;		/* who sleeps looks at it without the lock */
	struct wait_queue changed;
	struct list sleepers, undos;
	int64_t operated_at, changed_at;
	unsigned int nr;
	struct semaphore sems[];
};

/* A call that waits: on which semaphore, and for it to be zero or to grow. */
struct sleeper {
	struct list link;
	unsigned int index;
	bool for_zero;
};

/* What one process takes back of one set; goes with either. */
struct sem_undo {
	struct list of_process, of_set;
	struct set *set;
	int16_t back[];
};

extern struct mutex sem_lock;	/* guards the tables of all namespaces, what is in them, and what processes are to take back */

static inline struct sysv_ids *sem_ids(void)
{
	return &ipc_ns_current()->ids[IPC_SEM];
}

int64_t sem_now(void);	/* seconds since 1970 */
void sem_put(struct set *s);
/* All with sem_lock held. */
struct set *sem_find(int id);	/* or ERR_PTR */
void sem_changed(struct set *s);	/* whoever waits and can goes on */

#endif
