// SPDX-License-Identifier: GPL-2.0
/*
 * NOTIFY handles. A driver makes one below its DEVICE handle, the manager one on its own; signalling and waiting are two rights, so that
 * each can be passed on without the other. lock guards the count.
 */
#include <kernel/device.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "moved.h"
#include "notify.h"

struct notify {
	struct ref ref;
	struct spinlock lock;
	uint64_t count;
	struct wait_queue wait;
};

static void notify_hold(void *object)
{
	struct notify *n = object;

	ref_get(&n->ref);
}

static void notify_drop(void *object)
{
	struct notify *n = object;

	if (ref_put(&n->ref))
		kfree(n);
}

/* Who waits looks again and finds it stale. */
static void notify_undo(struct handle *h)
{
	struct notify *n = h->object;

	wait_wake(&n->wait, 0);
}

static const struct handle_ops notify_ops = { .get = notify_hold, .put = notify_drop, .undo = notify_undo };

int notify_signal(struct notify *n, uint64_t count)
{
	uint64_t flags;
	int err = 0;

	if (count == UINT64_MAX)
		return -EINVAL;
	flags = spin_lock_irq(&n->lock);
	if (count > UINT64_MAX - 1 - n->count)
		err = -EAGAIN;
	else
		n->count += count;
	spin_unlock_irq(&n->lock, flags);
	if (!err && count)
		wait_wake(&n->wait, 0);
	return err;
}

static uint64_t count_take(struct notify *n)
{
	uint64_t flags = spin_lock_irq(&n->lock), count = n->count;

	n->count = 0;
	spin_unlock_irq(&n->lock, flags);
	return count;
}

int notify_read(struct handle *h, uint64_t *count, bool block)
{
	struct notify *n = h->object;
	int err = 0;

	*count = count_take(n);
	if (!*count && block)
		err = wait_event(&n->wait, (*count = count_take(n)) || !handle_is_live(h), TIME_FOREVER, true);
	if (*count)
		return 0;
	if (!handle_is_live(h))
		return -ESTALE;
	return err ? err : -EAGAIN;
}

uint32_t notify_poll(struct file *f, struct handle *h, struct poll_table *table)
{
	struct notify *n = h->object;

	if (table)
		poll_wait(f, &n->wait, table);
	return (READ_ONCE(n->count) ? LINUX_POLLIN : 0) | (READ_ONCE(n->count) < UINT64_MAX - 1 ? LINUX_POLLOUT : 0);
}

static struct notify *notify_create(void)
{
	struct notify *n = kzalloc(sizeof(*n));

	if (!n)
		return NULL;
	ref_init(&n->ref);
	spin_init(&n->lock, "notify");
	wait_queue_init(&n->wait, "notify");
	return n;
}

static int64_t notify_give(struct device *dev, uint64_t generation, struct handle *parent)
{
	struct handle from = {
		.kind = FERRY_HANDLE_NOTIFY, .rights = FERRY_RIGHT_READ | FERRY_RIGHT_WRITE, .dev = dev, .generation = generation,
		.ops = &notify_ops, .bound = dev, .object = notify_create(),
	};

	return from.object ? handle_give(handle_create(&from, parent)) : -ENOMEM;
}

static int64_t notify_call(struct moved *m, struct syscall_args *args)
{
	return notify_give(m->dev, m->generation, m->via);
}

SYSCALL_FLAGS(NR_ferry_notify_create, ferry_notify_create, SYSCALL_DRIVER)
{
	if (!current_process->device && privileged(LINUX_CAP_SYS_ADMIN))
		return notify_give(NULL, 0, NULL);
	return moved_call((int)args->a[0], 0, args, notify_call);
}
