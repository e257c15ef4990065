// SPDX-License-Identifier: GPL-2.0
/*
 * The misc class's core: /dev/NAME0 as a file. A caller's thread takes a tag, hands its request to the driver under strand 0 and waits for
 * the completion, so there is no queue and no callback. The bytes lie in a buffer of the request's own: neither the driver nor its
 * process ever sees the caller's memory. The file outlives the driver: with MISC_REPEATABLE, and a successor on its way, a request
 * whose driver died is run again by its own thread; otherwise it ends with -EIO.
 *
 * Locks: misc_lock (mutex) guards the list and the names; strand 0 guards the tags.
 */
#include <driver/class/misc.h>
#include <fs/node.h>
#include <kernel/device.h>
#include <kernel/log.h>
#include <kernel/trace.h>
#include <kernel/wait.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_fs.h>

#define MAJOR			10u	/* Linux's number for such devices */
#define TIMEOUT_DEFAULT_MS	5000u
#define TIMEOUT_MAX_MS		600000u
#define DRIVER_WAIT_NS		(30 * NSEC_PER_SEC)	/* for a tag, or for the next driver: whoever gives up on it says so */
#define GRACE_NS		(1 * NSEC_PER_SEC)	/* for timeout() to complete what is overdue */
#define ATTEMPTS_MAX		3u	/* a request that ends its driver so often is to blame */

/* asm-generic/ioctl.h of Linux: 8 bits number, 8 type, 14 size, 2 direction. */
#define IOCTL_SIZE(c)		((c) >> 16 & 0x3fffu)
#define IOCTL_TO_DRIVER		0x40000000u
#define IOCTL_FROM_DRIVER	0x80000000u

enum item_state { ITEM_FLYING, ITEM_DONE, ITEM_ORPHANED };

/* A request on its caller's stack. */
struct misc_item {
	struct misc_request rq;
	uint8_t *data;
	int64_t result;
	enum item_state state;	/* guarded by the strand */
};

struct misc_device {
	struct ref ref;
	struct list link;		/* guarded by misc_lock */
	struct device *dev;		/* counted */
	struct misc_limits limits;
	unsigned int index, minor;
	char name[24];
	struct wait_queue wait;		/* for completions, free tags and a driver */
	/* Guarded by the strand. */
	bool alive;			/* a driver is there */
	bool gone;			/* and none will come: the node is removed */
	struct misc_item *items[MISC_DEPTH_MAX];	/* by tag */
};

static struct mutex misc_lock = MUTEX_INIT(misc_lock, "misc");
static struct list misc_devices = LIST_INIT(misc_devices);

static void misc_put(struct misc_device *md)
{
	if (!ref_put(&md->ref))
		return;
	device_put(md->dev);
	kfree(md);
}

static struct strand *strand_of(struct misc_device *md)
{
	return &md->dev->strands[0];
}

/* ---- One request ---- */

static int tag_take(struct misc_device *md, struct misc_item *item)
{
	for (uint32_t tag = 0; tag < md->limits.depth; tag++) {
		if (md->items[tag])
			continue;
		item->rq.tag = tag;
		item->state = ITEM_FLYING;
		md->items[tag] = item;
		return 0;
	}
	return -EAGAIN;
}

static void __cold item_trace(const struct device *dev, const struct misc_request *rq)
{
	TRACE_SIZE(CLASS, ISSUE, rq->op, FERRY_TRACE_REQUEST(dev->id, 0, rq->tag), 0);
	if (trace_on(FERRY_TRACE_DRIVER))
		trace_driver(dev, FERRY_TRACE_SUBMIT, rq->tag, rq->position);
}

static void __cold completion_trace(const struct device *dev, uint32_t tag, int64_t result)
{
	if (trace_on(FERRY_TRACE_DRIVER))
		trace_driver(dev, FERRY_TRACE_COMPLETE, tag, (uint64_t)result);
	TRACE(CLASS, COMPLETE, FERRY_TRACE_REQUEST(dev->id, 0, tag), result);
}

/* 0 started (or done), -EAGAIN: no tag or no driver now, -ENODEV: nevermore. */
static int item_try(struct misc_device *md, struct misc_item *item)
{
	struct device *dev = md->dev;
	struct strand *s = strand_of(md);
	int err = -EAGAIN;

	strand_lock(s);
	if (md->gone)
		err = -ENODEV;
	else if (md->alive && !dev->faulted && dev->misc)
		err = tag_take(md, item);
	if (!err) {
		dev->counters.requests++;
		if (trace_on(FERRY_TRACE_CLASS | FERRY_TRACE_DRIVER))
			item_trace(dev, &item->rq);
		err = dev->misc->submit(dev, &item->rq);
		if (err && md->items[item->rq.tag] == item) {
			md->items[item->rq.tag] = NULL;
			item->state = ITEM_DONE;
			item->result = err;
		}
		err = 0;
	}
	strand_unlock(s);
	return err;
}

static time_ns_t timeout_ns(const struct misc_device *md)
{
	uint32_t ms = md->limits.request_timeout_ms;

	return (ms ? ms : TIMEOUT_DEFAULT_MS) * NSEC_PER_MSEC;
}

static int item_start(struct misc_device *md, struct misc_item *item)
{
	int err = -EAGAIN, timed_out;

	timed_out = wait_event(&md->wait, (err = item_try(md, item)) != -EAGAIN, time_now() + DRIVER_WAIT_NS, true);
	if (err != -EAGAIN)
		return err;
	return timed_out == -EINTR ? -EINTR : -EIO;
}

/* Ask the driver to end it. */
static void item_overdue(struct misc_device *md, struct misc_item *item)
{
	struct device *dev = md->dev;
	struct strand *s = strand_of(md);

	strand_lock(s);
	if (item->state == ITEM_FLYING && !dev->faulted && dev->misc && dev->misc->timeout)
		dev->misc->timeout(dev, item->rq.tag);
	strand_unlock(s);
}

/* Whatever comes for it from now on finds no item. True: it was still in flight. */
static bool item_withdraw(struct misc_device *md, struct misc_item *item)
{
	struct strand *s = strand_of(md);
	bool flying;

	strand_lock(s);
	flying = item->state == ITEM_FLYING;
	if (flying)
		md->items[item->rq.tag] = NULL;
	strand_unlock(s);
	return flying;
}

static void item_wait(struct misc_device *md, struct misc_item *item)
{
	if (!wait_event(&md->wait, READ_ONCE(item->state) != ITEM_FLYING, time_now() + timeout_ns(md), false))
		return;
	item_overdue(md, item);
	(void)wait_event(&md->wait, READ_ONCE(item->state) != ITEM_FLYING, time_now() + GRACE_NS, false);
	if (!item_withdraw(md, item))
		return;
	item->state = ITEM_DONE;
	item->result = -ETIMEDOUT;
	device_fail(md->dev, "a request is overdue");
}

static int64_t item_run(struct misc_device *md, struct misc_item *item)
{
	unsigned int deaths = 0;
	int err;

	while (deaths < ATTEMPTS_MAX) {
		err = item_start(md, item);
		if (err)
			return err;
		item_wait(md, item);
		if (item->state == ITEM_DONE)
			return item->result;
		deaths += !READ_ONCE(md->dev->killed);
	}
	return -EIO;
}

void misc_complete(struct device *dev, uint32_t tag, int64_t result)
{
	struct misc_device *md = dev->misc_device;
	struct misc_item *item = md && tag < md->limits.depth ? md->items[tag] : NULL;

	if (trace_on(FERRY_TRACE_CLASS | FERRY_TRACE_DRIVER))
		completion_trace(dev, tag, result);
	if (!item || result < -4095 || (item->rq.op != MISC_IOCTL && result > (int64_t)item->rq.length)) {
		device_fault(dev, "misc: completion that does not fit a request", tag);
		return;
	}
	if (result < 0)
		dev->counters.errors++;
	else
		dev->counters.bytes += item->rq.length;
	if (READ_ONCE(dev->moments[RESTART_FAULT]))
		device_restarted(dev);
	md->items[tag] = NULL;
	item->result = result;
	WRITE_ONCE(item->state, ITEM_DONE);
	wait_wake(&md->wait, 0);
}

static uint8_t *data_of(struct device *dev, const struct misc_request *rq, uint32_t offset, uint32_t length)
{
	struct misc_device *md = dev->misc_device;
	struct misc_item *item = md && rq->tag < md->limits.depth ? md->items[rq->tag] : NULL;

	if (!item || offset > item->rq.length || length > item->rq.length - offset)
		return NULL;
	dev->counters.copied_bytes += length;
	return item->data + offset;
}

int misc_data_get(struct device *dev, const struct misc_request *rq, uint32_t offset, void *to, uint32_t length)
{
	const uint8_t *data = data_of(dev, rq, offset, length);

	if (!data)
		return -ERANGE;
	memcpy(to, data, length);
	return 0;
}

int misc_data_put(struct device *dev, const struct misc_request *rq, uint32_t offset, const void *from, uint32_t length)
{
	uint8_t *data = data_of(dev, rq, offset, length);

	if (!data)
		return -ERANGE;
	memcpy(data, from, length);
	return 0;
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

static ssize_t transfer(struct file *f, struct iter *it, loff_t *pos, uint8_t op)
{
	struct misc_device *md = f->priv;
	struct misc_item item = { .rq = { .op = op } };
	ssize_t n;

	if (*pos < 0)
		return -EINVAL;
	item.rq.position = md->limits.size ? (uint64_t)*pos : 0;
	item.rq.length = request_length(md, item.rq.position, it->left);
	if (!item.rq.length)
		return it->left && op == MISC_WRITE ? -ENOSPC : 0;
	item.data = kzalloc(item.rq.length);
	if (!item.data)
		return -ENOMEM;
	n = op == MISC_WRITE ? iter_get(it, item.data, item.rq.length) : (ssize_t)item.rq.length;
	if (n == (ssize_t)item.rq.length)
		n = item_run(md, &item);
	else if (n >= 0)
		n = -EFAULT;
	if (n > 0 && op == MISC_READ)
		n = iter_put(it, item.data, (size_t)n);
	kfree(item.data);
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
	struct misc_item item = { .rq = { .op = MISC_IOCTL, .command = command } };
	int64_t result = 0;

	if (to_driver || from_driver)
		item.rq.length = IOCTL_SIZE(command);
	if (item.rq.length > md->limits.max_bytes)
		return -ENOTTY;
	if (!item.rq.length)
		item.rq.position = arg;
	item.data = kzalloc(MAX(item.rq.length, 1u));
	if (!item.data)
		return -ENOMEM;
	if (to_driver)
		result = copy_from_user(item.data, arg, item.rq.length);
	if (!result)
		result = item_run(md, &item);
	if (result >= 0 && from_driver && copy_to_user(arg, item.data, item.rq.length))
		result = -EFAULT;
	kfree(item.data);
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

/* Nothing comes back to what is in flight: it is run again (@again), or ends. Under the strand. */
static void items_end(struct misc_device *md, bool again, int status)
{
	for (uint32_t tag = 0; tag < MISC_DEPTH_MAX; tag++) {
		struct misc_item *item = md->items[tag];

		if (!item)
			continue;
		md->items[tag] = NULL;
		item->result = status;
		WRITE_ONCE(item->state, again ? ITEM_ORPHANED : ITEM_DONE);
	}
	wait_wake(&md->wait, 0);
}

/* The node goes for good. */
static void misc_forget(struct device *dev)
{
	struct misc_device *md = dev->misc_device;

	if (!md)
		return;
	mutex_lock(&misc_lock);
	list_del(&md->link);
	devnode_remove(md->name);
	strand_lock(strand_of(md));
	md->alive = false;
	md->gone = true;
	items_end(md, false, -EIO);
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
	items_end(md, md->limits.flags & MISC_REPEATABLE, -EIO);
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
