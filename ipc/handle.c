// SPDX-License-Identifier: GPL-2.0
/*
 * Handles as files: made, looked up and checked. A handle holds its device; what it names (a window, DMA memory, a ring) belongs to the
 * device's binding and is undone with it, so closing a handle early gives up the name only. Stale handles stay until they are closed.
 */
#include <kernel/device.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "moved.h"

static void handle_free(struct handle *h)
{
	if (h->release)
		h->release(h);
	if (h->dev)
		device_put(h->dev);
	kfree(h);
}

static void handle_file_release(struct file *f)
{
	handle_free(f->priv);
}

/* A PROCESS handle becomes readable when the process has ended, an IRQ handle when interrupts have arrived; the others never do. */
static uint32_t handle_poll(struct file *f, struct poll_table *table)
{
	struct handle *h = f->priv;

	if (h->kind == FERRY_HANDLE_PROCESS)
		return moved_process_poll(f, h->object, table);
	return h->kind == FERRY_HANDLE_IRQ ? moved_irq_poll(f, h->object, table) : 0;
}

/* As an eventfd: the number of interrupts since the last look, 8 bytes. */
static ssize_t irq_handle_read(struct file *f, struct iter *to)
{
	struct handle *h = f->priv;
	uint64_t count;
	int err;

	if (to->left < sizeof(count))
		return -EINVAL;
	if (h->generation != READ_ONCE(h->dev->generation))
		return -ESTALE;
	err = moved_irq_read(h->object, &count, !(f->flags & LINUX_O_NONBLOCK));
	return err ? err : iter_put(to, &count, sizeof(count));
}

static ssize_t handle_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct handle *h = f->priv;
	int status;

	if (h->kind == FERRY_HANDLE_IRQ)
		return irq_handle_read(f, to);
	if (h->kind != FERRY_HANDLE_PROCESS)
		return -EINVAL;
	status = moved_process_wait(h->object, !(f->flags & LINUX_O_NONBLOCK));
	if (status < 0)
		return status;
	return iter_put(to, &status, sizeof(status));
}

static const struct file_ops handle_ops = {
	.release = handle_file_release,
	.poll = handle_poll,
	.read = handle_read,
};

int handle_install(struct process *p, const struct handle *from, int fd)
{
	struct handle *h = kzalloc(sizeof(*h));
	struct file *f;
	int got;

	if (!h) {
		if (from->release)
			from->release((struct handle *)(uintptr_t)from);
		return -ENOMEM;
	}
	*h = *from;
	if (h->dev)
		device_get(h->dev);
	f = file_alloc(&handle_ops, h, LINUX_O_RDWR);
	if (!f) {
		handle_free(h);
		return -ENOMEM;
	}
	got = fd_install(p->files, f, fd, true);
	file_put(f);
	return got;
}

struct handle *handle_get(int fd, uint32_t kind, uint32_t rights, struct file **file)
{
	struct file *f = fd_get(current_process->files, fd);
	struct handle *h;
	int err = -EBADF;

	*file = NULL;
	if (!f)
		return ERR_PTR(-EBADF);
	if (f->ops != &handle_ops)
		goto put;
	h = f->priv;
	err = -EINVAL;
	if (h->kind != kind)
		goto put;
	err = -ESTALE;
	if (h->dev && h->generation != READ_ONCE(h->dev->generation))
		goto put;
	err = -EACCES;
	if ((h->rights & rights) != rights)
		goto put;
	*file = f;
	return h;
put:
	file_put(f);
	return ERR_PTR(err);
}
