/* SPDX-License-Identifier: GPL-2.0 */
/* System V IPC: what the rest of the kernel tells it. */
#ifndef FS_SYSV_H
#define FS_SYSV_H

struct process;

/* @p is ending, its last thread the caller: semaphores get back what SEM_UNDO promised. May sleep. */
void sem_process_exit(struct process *p);

#endif
