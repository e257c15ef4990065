/* SPDX-License-Identifier: GPL-2.0 */
/* NOTIFY handles: a number that grows with each signal and is taken as a whole, as an eventfd. notify.c. */
#ifndef IPC_NOTIFY_H
#define IPC_NOTIFY_H

#include <kernel/handle.h>

struct notify;

/* Add @count: 0, -EINVAL (all ones), -EAGAIN (it would not fit). Any context. */
int notify_signal(struct notify *n, uint64_t count);
/* Take all: 0, -EAGAIN (nothing, and @block is false), -EINTR, -ESTALE (revoked meanwhile). May sleep. */
int notify_read(struct handle *h, uint64_t *count, bool block);
uint32_t notify_poll(struct file *f, struct handle *h, struct poll_table *table);

#endif
