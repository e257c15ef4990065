/* SPDX-License-Identifier: GPL-2.0 */
/* Between kernel/seccomp.c and kernel/seccomp_notify.c: a listener is told of the calls that a filter holds back, and answers them. */
#ifndef KERNEL_SECCOMP_INTERNAL_H
#define KERNEL_SECCOMP_INTERNAL_H

#include <kernel/types.h>

struct file;
struct linux_seccomp_data;
struct regs;
struct seccomp_listener;

/*
 * A listener with one reference, the filter's, and its file with one. @killable: once a call was received, only what kills its thread ends the wait
 * for the answer. 0 or -ENOMEM. May sleep.
 */
int seccomp_listener_create(bool killable, struct seccomp_listener **l, struct file **f);
void seccomp_listener_get(struct seccomp_listener *l);
void seccomp_listener_put(struct seccomp_listener *l);
/* No thread has the filter any more: who polls learns it. Ends the filter's reference. Any context. */
void seccomp_listener_unused(struct seccomp_listener *l);
/* The current thread's call waits for the listener's answer: as seccomp_check(). May sleep. */
int64_t seccomp_notify(struct seccomp_listener *l, struct regs *regs, const struct linux_seccomp_data *data);

#endif
