/* SPDX-License-Identifier: GPL-2.0 */
/* Whom an open file tells when it becomes ready (fcntl(2), F_SETOWN and F_SETOWN_EX): a thread, a process or a process group. */
#ifndef KERNEL_SIGNAL_OWNER_H
#define KERNEL_SIGNAL_OWNER_H

#include <kernel/types.h>
#include <uapi/ferry/linux.h>

struct process;
struct thread;

struct signal_owner {
	int type;			/* LINUX_F_OWNER_* */
	pid_t pid;			/* 0: nobody */
	struct process *process;	/* counted; NULL for a group */
	struct thread *thread;		/* counted; of a thread only */
	uint32_t uid, euid;		/* of who set it: the signal has that one's rights */
};

/* Look up @pid, as a @type, with the current process' rights; @pid 0 is nobody. -EINVAL: no such type, -ESRCH. May sleep. */
int signal_owner_find(struct signal_owner *o, int type, pid_t pid);
/* The references go. May sleep. */
void signal_owner_put(struct signal_owner *o);
/* Is the thread, process or group still there? */
bool signal_owner_lives(const struct signal_owner *o);
/* Send @sig with @info, or where that one's queue is full SIGIO without; @sig 0: SIGIO. Any context; takes process_tree_lock. */
void signal_owner_tell(const struct signal_owner *o, int sig, const struct linux_siginfo *info);

#endif
