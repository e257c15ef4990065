// SPDX-License-Identifier: GPL-2.0
/*
 * The misc class's core: /dev/NAME0 as a file. The bytes of a request lie in a buffer of its own: neither the driver nor its process ever
 * sees the caller's memory. The file outlives the driver; requests are misc_request.c.
 *
 * Locks: misc_lock (mutex) guards the list and the names; strand 0 guards the tags.
 */
#include <fs/node.h>
#include <kernel/log.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_fs.h>
#include "core.h"

#define MAJOR			10u	/* Linux's number for such devices */
#define TIMEOUT_MAX_MS		600000u

/* asm-generic/ioctl.h of Linux: 8 bits number, 8 type, 14 size, 2 direction. */
#define IOCTL_SIZE(c)		((c) >> 16 & 0x3fffu)
#define IOCTL_TO_DRIVER		0x40000000u
#define IOCTL_FROM_DRIVER	0x80000000u

static struct mutex misc_lock = MUTEX_INIT(misc_lock, "misc");
static struct list misc_devices = LIST_INIT(misc_devices);

static void misc_put(struct misc_device *md)
{
	if (!ref_put(&md->ref))
		return;
	timer_disarm(&md->overdue);
	device_put(md->dev);
	kfree(md);
}

/* ---- The file ---- */

static int node_open(struct inode *inode, struct file *f)
{
	struct misc_device *md = f->priv;
	int err = 0;

	mutex_lock(&misc_lock);
	if (md->gone)
		err = -ENXIO;
	else
		ref_get(&md->ref);
	mutex_unlock(&misc_lock);
	return err;
}

static void node_release(struct file *f)
{
	misc_put(f->priv);
}

/* How much of @left at @at is asked for in one request; 0: nothing is there. */
static uint32_t request_length(const struct misc_device *md, uint64_t at, size_t left)
{
	if (md->limits.size && at >= md->limits.size)
		return 0;
	if (md->limits.size)
		left = MIN(left, md->limits.size - at);
	return (uint32_t)MIN(left, (size_t)md->limits.max_bytes);
}

static ssize_t item_transfer(struct misc_device *md, struct misc_item *item, struct iter *it)
{
	ssize_t n = item->rq.length;

	if (item->rq.op == MISC_WRITE)
		n = iter_get(it, item->data, item->rq.length);
	if (n != (ssize_t)item->rq.length)
		return n < 0 ? n : -EFAULT;
	n = misc_item_run(md, item);
	return n > 0 && item->rq.op == MISC_READ ? iter_put(it, item->data, (size_t)n) : n;
}

static ssize_t transfer(struct file *f, struct iter *it, loff_t *pos, uint8_t op)
{
	struct misc_device *md = f->priv;
	struct misc_request rq = { .op = op };
	struct misc_item *item;
	ssize_t n;

	if (*pos < 0)
		return -EINVAL;
	rq.position = md->limits.size ? (uint64_t)*pos : 0;
	rq.length = request_length(md, rq.position, it->left);
	if (!rq.length)
		return it->left && op == MISC_WRITE ? -ENOSPC : 0;
	item = misc_item_create(&rq);
	if (!item)
		return -ENOMEM;
	n = item_transfer(md, item, it);
	misc_item_put(item);
	if (n > 0 && md->limits.size)
		*pos += n;
	return n;
}

static ssize_t node_read(struct file *f, struct iter *to, loff_t *pos)
{
	return transfer(f, to, pos, MISC_READ);
}

static ssize_t node_write(struct file *f, struct iter *from, loff_t *pos)
{
	return transfer(f, from, pos, MISC_WRITE);
}

static int64_t node_ioctl(struct file *f, uint32_t command, uint64_t arg)
{
	struct misc_device *md = f->priv;
	bool to_driver = command & IOCTL_TO_DRIVER, from_driver = command & IOCTL_FROM_DRIVER;
	struct misc_request rq = { .op = MISC_IOCTL, .command = command };
	struct misc_item *item;
	int64_t result = 0;

	if (to_driver || from_driver)
		rq.length = IOCTL_SIZE(command);
	if (rq.length > md->limits.max_bytes)
		return -ENOTTY;
	if (!rq.length)
		rq.position = arg;
	item = misc_item_create(&rq);
	if (!item)
		return -ENOMEM;
	if (to_driver)
		result = copy_from_user(item->data, arg, rq.length);
	if (!result)
		result = misc_item_run(md, item);
	if (result >= 0 && from_driver && copy_to_user(arg, item->data, rq.length))
		result = -EFAULT;
	misc_item_put(item);
	return result;
}

/* Without a driver it is not ready; when none will come it is hung up. */
static uint32_t node_poll(struct file *f, struct poll_table *table)
{
	struct misc_device *md = f->priv;

	poll_wait(f, &md->wait, table);
	if (READ_ONCE(md->gone))
		return LINUX_POLLERR | LINUX_POLLHUP;
	return READ_ONCE(md->alive) ? LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT | LINUX_POLLWRNORM : 0;
}

static loff_t node_seek(struct file *f, loff_t offset, int whence)
{
	loff_t size = (loff_t)((struct misc_device *)f->priv)->limits.size;

	if (!size)
		return -ESPIPE;
	if (whence == LINUX_SEEK_END && __builtin_add_overflow(size, offset, &offset))
		return -EINVAL;
	if (whence == LINUX_SEEK_CUR && __builtin_add_overflow(f->pos, offset, &offset))
		return -EINVAL;
	if ((whence != LINUX_SEEK_SET && whence != LINUX_SEEK_CUR && whence != LINUX_SEEK_END) || offset < 0 || offset > size)
		return -EINVAL;
	f->pos = offset;
	return offset;
}

static const struct file_ops misc_file_ops = {
	.open = node_open, .release = node_release, .read = node_read, .write = node_write, .seek = node_seek, .ioctl = node_ioctl,
	.poll = node_poll,
};

/* ---- Coming and going ---- */

static int name_check(const char *name)
{
	size_t n = strnlen(name, sizeof(((struct misc_limits *)0)->name));

	if (!n || n == sizeof(((struct misc_limits *)0)->name))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') && name[i] != '_')
			return -EINVAL;
	return 0;
}

static int limits_check(const struct misc_limits *l)
{
	if (!l->depth || l->depth > MISC_DEPTH_MAX || !l->max_bytes || l->max_bytes > MISC_BYTES_MAX || l->size > INT64_MAX)
		return -EINVAL;
	if (l->request_timeout_ms > TIMEOUT_MAX_MS || l->flags & ~MISC_REPEATABLE)
		return -EINVAL;
	return name_check(l->name);
}

/* misc_lock held: the lowest free number, of this name or of all (the minor). */
static unsigned int number_free(const char *name)
{
	struct misc_device *md;
	unsigned int number = 0;
	bool taken = true;

	while (taken) {
		taken = false;
		list_for_each(md, &misc_devices, link)
			taken |= name ? md->index == number && !strcmp(md->limits.name, name) : md->minor == number;
		number += taken;
	}
	return number;
}

static struct misc_device *misc_create(struct device *dev, const struct misc_limits *limits)
{
	struct misc_device *md = kzalloc(sizeof(*md));
	int err;

	if (!md)
		return ERR_PTR(-ENOMEM);
	ref_init(&md->ref);
	wait_queue_init(&md->wait, "misc");
	timer_init(&md->overdue, misc_abandoned_check);
	md->limits = *limits;
	md->dev = dev;
	device_get(dev);
	mutex_lock(&misc_lock);
	md->index = number_free(limits->name);
	md->minor = number_free(NULL);
	format_text(md->name, sizeof(md->name), "%s%u", limits->name, md->index);
	err = devnode_create(md->name, LINUX_S_IFCHR | 0660, DEV_MAKE(MAJOR, md->minor), &misc_file_ops, md);
	if (!err)
		list_append(&misc_devices, &md->link);
	mutex_unlock(&misc_lock);
	if (!err)
		return md;
	misc_put(md);
	return ERR_PTR(err);
}

/* The node goes for good. */
static void misc_forget(struct device *dev)
{
	struct misc_device *md = dev->misc_device;

	if (!md)
		return;
	mutex_lock(&misc_lock);
	WRITE_ONCE(md->gone, true);
	mutex_unlock(&misc_lock);
	devnode_remove(md->name);	/* waits for those that are opening it; its name is taken until then */
	mutex_lock(&misc_lock);
	list_del(&md->link);
	strand_lock(strand_of(md));
	md->alive = false;
	misc_items_end(md, false, -EIO);
	dev->misc_device = NULL;
	strand_unlock(strand_of(md));
	mutex_unlock(&misc_lock);
	dev->class_gone = dev->class_give_up = NULL;
	dev->class_users = NULL;
	log_info("misc %s: removed", md->name);
	misc_put(md);
}

/* The driver is gone: with a successor on its way the node stays and waits for it. */
static void register_undo(struct device *dev, void *arg)
{
	struct misc_device *md = dev->misc_device;

	if (!md)
		return;
	if (!dev->awaited) {
		misc_forget(dev);
		return;
	}
	strand_lock(strand_of(md));
	md->alive = false;
	misc_items_end(md, md->limits.flags & MISC_REPEATABLE, -EIO);
	strand_unlock(strand_of(md));
}

/* For who is told of a driver's life: one reference is the node's own. */
static unsigned int misc_users(struct device *dev, char *nodes, size_t size)
{
	struct misc_device *md = dev->misc_device;

	if (!md)
		return 0;
	str_copy(nodes, md->name, size);
	return ref_count(&md->ref) - 1;
}

/* A successor takes over the node of its predecessor, which must be the same device to those who have it open. */
static struct misc_device *misc_find_or_create(struct device *dev, const struct misc_limits *limits)
{
	struct misc_device *md = dev->misc_device;

	if (!md)
		return misc_create(dev, limits);
	if (md->alive)
		return ERR_PTR(-EBUSY);
	return memcmp(&md->limits, limits, sizeof(*limits)) ? ERR_PTR(-EINVAL) : md;
}

int misc_register(struct device *dev, const struct misc_limits *limits)
{
	struct misc_device *md;
	int err = limits_check(limits);

	if (err) {
		log_err("%s %s: misc_register: limits make no sense", dev->driver_name, dev->name);
		return err;
	}
	err = device_on_release(dev, register_undo, NULL);
	if (err)
		return err;
	md = misc_find_or_create(dev, limits);
	if (IS_ERR(md)) {
		device_release_forget(dev, register_undo, NULL);
		return (int)PTR_ERR(md);
	}
	strand_lock(&dev->strands[0]);
	dev->misc_device = md;
	dev->class_gone = dev->class_give_up = misc_forget;
	dev->class_users = misc_users;
	md->alive = true;
	strand_unlock(&dev->strands[0]);
	wait_wake(&md->wait, 0);
	log_info("misc %s: device=%s driver=%s", md->name, dev->name, dev->driver_name);
	return 0;
}

void misc_unregister(struct device *dev)
{
	device_release_forget(dev, register_undo, NULL);
	misc_forget(dev);
}
