/* SPDX-License-Identifier: GPL-2.0 */
/* Syscall user dispatch: system calls that a program's own handler of SIGSYS carries out. */
#ifndef KERNEL_USER_DISPATCH_H
#define KERNEL_USER_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

struct regs;

/*
 * The current thread, whose dispatch is on, is about to make the call in @regs: true when the program is told instead, with RAX as it was.
 * Does not return when the program cannot be asked.
 */
bool user_dispatch_takes(struct regs *regs);
/* prctl(PR_SET_SYSCALL_USER_DISPATCH): 0, -EINVAL or -EFAULT. */
int64_t user_dispatch_prctl(uint64_t mode, uint64_t offset, uint64_t length, uint64_t selector);

#endif
