/* SPDX-License-Identifier: GPL-2.0 */
/* Between kernel/thread.c and kernel/sched.c. */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include <kernel/thread.h>

/* A new thread becomes ready. */
void sched_enter(struct thread *t);
/* The current thread is dead: never chosen again, one reference less once it is off its stack. */
void sched_leave(void) __noreturn;

#endif
