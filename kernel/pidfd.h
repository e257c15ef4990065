/* SPDX-License-Identifier: GPL-2.0 */
/* Descriptors of processes, for fork.c and wait4.c. */
#ifndef KERNEL_PIDFD_H
#define KERNEL_PIDFD_H

#include <kernel/types.h>

struct file;
struct process;

/* One that stands for nobody until pidfd_set() was called, once. NULL when out of memory. */
struct file *pidfd_create(uint32_t flags);
void pidfd_set(struct file *f, struct process *p);
/* The process behind @fd with a reference, ERR_PTR(-EBADF); also whether it was opened not to wait. */
struct process *pidfd_get(int fd, bool *nonblock);

#endif
