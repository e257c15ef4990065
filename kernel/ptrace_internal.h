/* SPDX-License-Identifier: GPL-2.0 */
/* Between the two halves of ptrace: the tracee's (ptrace.c) and the tracer's (ptrace_call.c). process_tree_lock held. */
#ifndef KERNEL_PTRACE_INTERNAL_H
#define KERNEL_PTRACE_INTERNAL_H

#include <kernel/ptrace.h>

/* @tracer traces @t from now on. False when out of memory. */
bool ptrace_link(struct thread *t, struct thread *tracer, bool seized, uint32_t options);
/* A listening thread has news. */
void ptrace_retrap(struct trace *tr);

#endif
