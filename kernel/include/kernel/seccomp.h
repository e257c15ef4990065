/* SPDX-License-Identifier: GPL-2.0 */
/* seccomp(2): which system calls a thread may still make. A thread's mode and filters only ever grow; children and programs inherit them. */
#ifndef KERNEL_SECCOMP_H
#define KERNEL_SECCOMP_H

#include <kernel/thread.h>

struct regs;
struct seccomp_filter;

/* The thread is about to make the call in @regs: the call's number now, negative: none, RAX is the result. May not return. */
int64_t seccomp_check(struct regs *regs);
/* A new thread has what the current one has; a thread is freed. */
void seccomp_inherit(struct thread *t);
void seccomp_release(struct thread *t);
/* prctl(PR_SET_SECCOMP). */
int64_t seccomp_prctl(uint64_t mode, uint64_t program);
/*
 * For ptrace(2), of a stopped tracee: the instructions of its filter number @index (0: the oldest) to user memory, unless @address is 0: how many;
 * what is known about a filter. -EACCES without rights, -EINVAL without filters, -ENOENT, -EFAULT. May sleep.
 */
int64_t seccomp_tracee_filter(struct thread *t, uint64_t index, uint64_t address);
int64_t seccomp_tracee_metadata(struct thread *t, uint64_t size, uint64_t address);
/* For /proc. */
unsigned int seccomp_nr_filters(const struct thread *t);

#endif
