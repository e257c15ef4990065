// SPDX-License-Identifier: GPL-2.0
/* PROCESS handles: who has one waits for a driver's process, reads how it ended, and speaks with it. Locks: none of its own. */
#include <kernel/process.h>
#include <uapi/ferry/linux.h>
#include "moved.h"

uint32_t moved_process_poll(struct file *f, struct moved *m, struct poll_table *table)
{
	if (table)
		poll_wait(f, &m->ended, table);
	return READ_ONCE(m->gone) ? LINUX_POLLIN : 0;
}

int moved_process_wait(struct moved *m, bool block)
{
	int err;

	if (!block && !READ_ONCE(m->gone))
		return -EAGAIN;
	err = wait_event(&m->ended, READ_ONCE(m->gone), TIME_FOREVER, true);
	return err ? err : m->exit_status;
}

static const struct handle_ops process_ops = { .get = binding_hold, .put = binding_drop };

struct moved *moved_by_process_handle(int fd)
{
	struct file *f;
	struct handle *h = handle_get(fd, FERRY_HANDLE_PROCESS, 0, &f);
	struct moved *m;

	if (IS_ERR(h))
		return (struct moved *)h;
	m = h->object;
	moved_get(m);
	file_put(f);
	return m;
}

int moved_process_handle(struct moved *m)
{
	const struct handle from = {
		.kind = FERRY_HANDLE_PROCESS, .rights = FERRY_PROCESS_WAIT | FERRY_PROCESS_PASS, .object = m, .ops = &process_ops,
	};

	moved_get(m);
	return handle_give(handle_create(&from, NULL));
}
