// SPDX-License-Identifier: GPL-2.0
/*
 * Handles as files: what can be read, written and polled. A stale handle polls as an error and reads as -ESTALE until its file is closed.
 */
#include <kernel/device.h>
#include <kernel/process.h>
#include <uapi/ferry/linux.h>
#include "handle_file.h"
#include "moved.h"
#include "notify.h"

static void file_release(struct file *f)
{
	handle_file_closed(f->priv);
}

/*
 * A PROCESS handle becomes readable when the process has ended, an IRQ handle when interrupts have arrived, a NOTIFY handle when it was
 * signalled; the others never do.
 */
static uint32_t file_poll(struct file *f, struct poll_table *table)
{
	struct handle *h = f->priv;
	uint32_t events = 0;

	if (h->kind == FERRY_HANDLE_PROCESS)
		events = moved_process_poll(f, h->object, table);
	else if (h->kind == FERRY_HANDLE_IRQ)
		events = moved_irq_poll(f, h->object, table);
	else if (h->kind == FERRY_HANDLE_NOTIFY)
		events = notify_poll(f, h, table);
	return handle_is_live(h) ? events : LINUX_POLLERR | LINUX_POLLIN;
}

static ssize_t process_read(struct file *f, struct handle *h, struct iter *to)
{
	int status = moved_process_wait(h->object, !(f->flags & LINUX_O_NONBLOCK));

	return status < 0 ? status : iter_put(to, &status, sizeof(status));
}

/* As an eventfd: the number of interrupts, or the sum that was signalled, since the last look, 8 bytes. */
static ssize_t count_read(struct file *f, struct handle *h, struct iter *to)
{
	bool block = !(f->flags & LINUX_O_NONBLOCK);
	uint64_t count;
	int err;

	if (to->left < sizeof(count))
		return -EINVAL;
	err = h->kind == FERRY_HANDLE_IRQ ? moved_irq_read(h, &count, block) : notify_read(h, &count, block);
	return err ? err : iter_put(to, &count, sizeof(count));
}

static ssize_t file_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct handle *h = f->priv;

	if (!handle_is_live(h))
		return -ESTALE;
	if (h->kind == FERRY_HANDLE_PROCESS)
		return h->rights & FERRY_PROCESS_WAIT ? process_read(f, h, to) : -EACCES;
	if (h->kind != FERRY_HANDLE_IRQ && h->kind != FERRY_HANDLE_NOTIFY)
		return -EINVAL;
	return h->rights & FERRY_RIGHT_READ ? count_read(f, h, to) : -EACCES;
}

static ssize_t file_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct handle *h = f->priv;
	uint64_t count;
	int err;

	if (h->kind != FERRY_HANDLE_NOTIFY || from->left < sizeof(count))
		return -EINVAL;
	if (!handle_is_live(h))
		return -ESTALE;
	if (!(h->rights & FERRY_RIGHT_WRITE))
		return -EACCES;
	if (iter_get(from, &count, sizeof(count)) != sizeof(count))
		return -EFAULT;
	err = notify_signal(h->object, count);
	return err ? err : (ssize_t)sizeof(count);
}

static const struct file_ops handle_ops = {
	.release = file_release,
	.poll = file_poll,
	.read = file_read,
	.write = file_write,
};

struct file *handle_file_create(struct handle *h)
{
	return file_alloc(&handle_ops, h, LINUX_O_RDWR);
}

struct handle *handle_of_file(struct file *f)
{
	return f->ops == &handle_ops ? f->priv : NULL;
}
