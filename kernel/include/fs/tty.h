/* SPDX-License-Identifier: GPL-2.0 */
/* Terminals for the rest of the kernel. */
#ifndef FS_TTY_H
#define FS_TTY_H

#include <kernel/types.h>

struct process;

/* The device number of session @sid's terminal as /proc/<pid>/stat has it, and its foreground group; 0 and -1 without one. Any context. */
uint32_t tty_number(pid_t sid, pid_t *foreground);
/* A session's leader has ended: its terminal hangs up on the foreground group and is free again. */
void tty_session_end(struct process *leader);

#endif
