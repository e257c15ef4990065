// SPDX-License-Identifier: GPL-2.0
/*
 * inotify(7): a program asks to be told what happens to files and directories. A watch is a mark on an inode (fs/notify.c); it does not keep
 * the inode, which takes its watches along when it goes (IN_DELETE_SELF, IN_IGNORED). notify_lock guards all watches and queues.
 */
#include <fs/internal.h>
#include <fs/node.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define EVENTS_MAX	16384u	/* of one instance, then it overflows */
#define WATCHES_MAX	65536u	/* of the system */
#define INSTANCES_MAX	1024u
#define NAME_ALIGN	sizeof(struct linux_inotify_event)
#define MASK_OPTIONS	(LINUX_IN_ONLYDIR | LINUX_IN_DONT_FOLLOW | LINUX_IN_EXCL_UNLINK | LINUX_IN_MASK_CREATE | LINUX_IN_MASK_ADD | \
			 LINUX_IN_ONESHOT)
#define MASK_TOLD	(LINUX_IN_ALL_EVENTS | LINUX_IN_EXCL_UNLINK | LINUX_IN_ONESHOT)

struct instance {
	struct list watches, events;
	unsigned int nr_events;
	uint64_t event_bytes;
	int32_t next_wd;
	bool overflowed;
	struct wait_queue changed;
};

struct watch {
	struct notify_mark mark;	/* its mask has the options too */
	struct list instance_link;
	struct instance *instance;
	int32_t wd;
};

struct event {
	struct list link;
	struct linux_inotify_event data;
	char name[];
};

static unsigned int nr_instances, nr_watches;

/* ---- Queues: notify_lock held ---- */

static struct event *event_create(int32_t wd, uint32_t mask, uint32_t cookie, const char *name)
{
	size_t length = name ? ALIGN_UP(strlen(name) + 1, NAME_ALIGN) : 0;
	struct event *e = kzalloc(sizeof(*e) + length);

	if (!e)
		return NULL;
	e->data = (struct linux_inotify_event){ .wd = wd, .mask = mask, .cookie = cookie, .len = length };
	if (name)
		memcpy(e->name, name, strlen(name));
	return e;
}

static size_t event_size(const struct event *e)
{
	return sizeof(e->data) + e->data.len;
}

static bool event_equal(const struct event *a, const struct event *b)
{
	return event_size(a) == event_size(b) && !memcmp(&a->data, &b->data, event_size(a));
}

static void event_append(struct instance *in, struct event *e)
{
	list_append(&in->events, &e->link);
	in->nr_events++;
	in->event_bytes += event_size(e);
}

static void event_remove(struct instance *in, struct event *e)
{
	list_del(&e->link);
	in->nr_events--;
	in->event_bytes -= event_size(e);
	if (e->data.mask & LINUX_IN_Q_OVERFLOW)
		in->overflowed = false;
}

static void overflow(struct instance *in)
{
	struct event *e = in->overflowed ? NULL : event_create(-1, LINUX_IN_Q_OVERFLOW, 0, NULL);

	in->overflowed = true;
	if (e)
		event_append(in, e);
}

/* An event that is the same as the one before it is told once. */
static void tell(struct instance *in, int32_t wd, uint32_t mask, uint32_t cookie, const char *name)
{
	struct event *e = in->nr_events < EVENTS_MAX ? event_create(wd, mask, cookie, name) : NULL;

	if (!e)
		overflow(in);
	else if (!list_empty(&in->events) && event_equal(list_last(&in->events, struct event, link), e))
		kfree(e);
	else
		event_append(in, e);
	wait_wake(&in->changed, LINUX_POLLIN | LINUX_POLLRDNORM);
}

static void watch_free(struct watch *w)
{
	notify_unmark(&w->mark);
	nr_watches--;
	list_del(&w->instance_link);
	kfree(w);
}

static void watch_end(struct notify_mark *m)
{
	struct watch *w = container_of(m, struct watch, mark);

	tell(w->instance, w->wd, LINUX_IN_IGNORED, 0, NULL);
	watch_free(w);
}

static void watch_tell(struct notify_mark *m, struct notify_event *e, enum notify_place at)
{
	bool named = at == NOTIFY_AT_DIR || e->mask & NOTIFY_NAMES;
	struct watch *w = container_of(m, struct watch, mark);
	uint32_t mask = e->mask & (LINUX_IN_ALL_EVENTS | LINUX_IN_UNMOUNT | LINUX_IN_ISDIR);

	if (!(m->mask & mask & ~LINUX_IN_ISDIR) || (at == NOTIFY_AT_DIR && e->unlinked && (m->mask & LINUX_IN_EXCL_UNLINK)))
		return;
	if (mask & (LINUX_IN_DELETE_SELF | LINUX_IN_MOVE_SELF))
		mask &= ~LINUX_IN_ISDIR;
	tell(w->instance, w->wd, mask, e->cookie, named ? e->name : NULL);
	if (m->mask & LINUX_IN_ONESHOT)
		watch_end(m);
}

/* ---- The instance as a file ---- */

/* The first event, taken out, when it fits into @left bytes: NULL when there is none, ERR_PTR(-EINVAL) when it does not. */
static struct event *event_take(struct instance *in, size_t left)
{
	struct event *e = NULL;

	spin_lock(&notify_lock);
	if (!list_empty(&in->events)) {
		e = list_first(&in->events, struct event, link);
		if (event_size(e) > left)
			e = ERR_PTR(-EINVAL);
		else
			event_remove(in, e);
	}
	spin_unlock(&notify_lock);
	return e;
}

static ssize_t events_read(struct instance *in, struct iter *to)
{
	ssize_t done = 0;
	struct event *e;

	while ((e = event_take(in, to->left))) {
		ssize_t n, size;

		if (IS_ERR(e))
			return done ? done : PTR_ERR(e);
		size = event_size(e);
		n = iter_put(to, &e->data, size);
		kfree(e);
		if (n < size)
			return done ? done : -EFAULT;
		done += n;
	}
	return done;
}

static ssize_t inotify_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct instance *in = f->priv;

	for (;;) {
		ssize_t n = events_read(in, to);

		if (n)
			return n;
		if (f->flags & LINUX_O_NONBLOCK)
			return -EAGAIN;
		if (wait_event(&in->changed, !list_empty(&in->events), TIME_FOREVER, true))
			return -ERESTARTSYS;
	}
}

static uint32_t inotify_poll(struct file *f, struct poll_table *table)
{
	struct instance *in = f->priv;

	poll_wait(f, &in->changed, table);
	return list_empty(&in->events) ? 0 : LINUX_POLLIN | LINUX_POLLRDNORM;
}

static int64_t inotify_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct instance *in = f->priv;

	return cmd == LINUX_FIONREAD ? put_user32(arg, READ_ONCE(in->event_bytes)) : -ENOTTY;
}

static void inotify_release(struct file *f)
{
	struct instance *in = f->priv;
	struct watch *w, *next_watch;
	struct event *e, *next;

	spin_lock(&notify_lock);
	list_for_each_safe(w, next_watch, &in->watches, instance_link)
		watch_free(w);
	list_for_each_safe(e, next, &in->events, link)
		kfree(e);
	nr_instances--;
	spin_unlock(&notify_lock);
	kfree(in);
}

/* Each watch in a line of /proc/<pid>/fdinfo. */
static void inotify_show(struct file *f, struct seq *s)
{
	struct instance *in = f->priv;
	struct watch *w;

	spin_lock(&notify_lock);
	list_for_each(w, &in->watches, instance_link) {
		const struct inode *inode = w->mark.inode;

		seq_printf(s, "inotify wd:%x ino:%llx sdev:%llx mask:%x ignored_mask:0 ", (uint32_t)w->wd, (unsigned long long)inode->ino,
			   (unsigned long long)inode->super->dev, w->mark.mask & MASK_TOLD);
		file_handle_show(s, inode);
		seq_puts(s, "\n");
	}
	spin_unlock(&notify_lock);
}

static const struct file_ops inotify_ops = {
	.read = inotify_read, .poll = inotify_poll, .ioctl = inotify_ioctl, .release = inotify_release,
	.name = "inotify", .show = inotify_show, .signals = true, .still = true,
};

static bool instance_count(void)
{
	bool fits;

	spin_lock(&notify_lock);
	fits = nr_instances < INSTANCES_MAX;
	nr_instances += fits;
	spin_unlock(&notify_lock);
	return fits;
}

static int64_t do_inotify_init(uint32_t flags)
{
	struct instance *in;
	struct file *f;

	if (flags & ~(uint32_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK))
		return -EINVAL;
	if (!instance_count())
		return -EMFILE;
	in = kzalloc(sizeof(*in));
	f = in ? file_alloc(&inotify_ops, in, LINUX_O_RDONLY | (flags & LINUX_O_NONBLOCK)) : NULL;
	if (!f) {
		kfree(in);
		spin_lock(&notify_lock);
		nr_instances--;
		spin_unlock(&notify_lock);
		return file_alloc_error();
	}
	list_init(&in->watches);
	list_init(&in->events);
	in->next_wd = 1;
	wait_queue_init(&in->changed, "inotify");
	return fd_install_new(f, flags);
}

SYSCALL(NR_inotify_init, inotify_init)
{
	return do_inotify_init(0);
}

SYSCALL(NR_inotify_init1, inotify_init1)
{
	return do_inotify_init(args->a[0]);
}

/* ---- Watches ---- */

/* Counted. */
static struct file *instance_file(int fd)
{
	struct file *f = fd_get_io(fd);

	if (!f)
		return ERR_PTR(-EBADF);
	if (f->ops == &inotify_ops)
		return f;
	file_put(f);
	return ERR_PTR(-EINVAL);
}

static struct watch *watch_find(struct instance *in, const struct inode *inode)
{
	struct watch *w;

	list_for_each(w, &in->watches, instance_link)
		if (w->mark.inode == inode)
			return w;
	return NULL;
}

static int watch_change(struct watch *w, uint32_t mask)
{
	if (mask & LINUX_IN_MASK_CREATE)
		return -EEXIST;
	w->mark.mask = mask & LINUX_IN_MASK_ADD ? w->mark.mask | mask : mask;
	return w->wd;
}

/* @w is used when the inode has no watch of the instance yet; whether it was is told by its wd. */
static int watch_set(struct instance *in, struct inode *inode, uint32_t mask, struct watch *w)
{
	struct watch *old = watch_find(in, inode);

	if (old)
		return watch_change(old, mask);
	if (nr_watches >= WATCHES_MAX || in->next_wd == INT32_MAX)
		return -ENOSPC;
	*w = (struct watch){ .instance = in, .wd = in->next_wd++, .mark = { .inode = inode, .mask = mask, .tell = watch_tell, .end = watch_end } };
	notify_mark(&w->mark);
	nr_watches++;
	list_push(&in->watches, &w->instance_link);
	return w->wd;
}

static int watch_path(struct instance *in, const struct path *p, uint32_t mask)
{
	struct inode *inode = p->dentry->inode;
	struct watch *w;
	int wd;

	if ((mask & LINUX_IN_ONLYDIR) && !LINUX_S_ISDIR(inode->mode))
		return -ENOTDIR;
	wd = inode_permission(inode, MAY_READ);
	if (wd)
		return wd;
	w = kzalloc(sizeof(*w));
	if (!w)
		return -ENOMEM;
	spin_lock(&notify_lock);
	wd = watch_set(in, inode, mask, w);
	spin_unlock(&notify_lock);
	if (!w->wd)
		kfree(w);
	return wd;
}

/* inotify_add_watch(fd, path, mask) */
SYSCALL(NR_inotify_add_watch, inotify_add_watch)
{
	uint32_t mask = args->a[2];
	struct path p;
	struct file *f;
	int64_t wd;

	if (!(mask & LINUX_IN_ALL_EVENTS) || ((mask & LINUX_IN_MASK_ADD) && (mask & LINUX_IN_MASK_CREATE)))
		return -EINVAL;
	f = instance_file(args->a[0]);
	if (IS_ERR(f))
		return PTR_ERR(f);
	wd = path_lookup_user(LINUX_AT_FDCWD, args->a[1], mask & LINUX_IN_DONT_FOLLOW ? 0 : WALK_FOLLOW, &p);
	if (!wd) {
		wd = watch_path(f->priv, &p, (mask & (LINUX_IN_ALL_EVENTS | MASK_OPTIONS)) | LINUX_IN_UNMOUNT);
		path_put(&p);
	}
	file_put(f);
	return wd;
}

static int watch_remove(struct instance *in, int32_t wd)
{
	struct watch *w;
	int err = -EINVAL;

	spin_lock(&notify_lock);
	list_for_each(w, &in->watches, instance_link) {
		if (w->wd != wd)
			continue;
		watch_end(&w->mark);
		err = 0;
		break;
	}
	spin_unlock(&notify_lock);
	return err;
}

SYSCALL(NR_inotify_rm_watch, inotify_rm_watch)
{
	struct file *f = instance_file(args->a[0]);
	int64_t err;

	if (IS_ERR(f))
		return PTR_ERR(f);
	err = watch_remove(f->priv, args->a[1]);
	file_put(f);
	return err;
}

static int inotify_init(void)
{
	int err = proc_create_number("sys/fs/inotify/max_queued_events", EVENTS_MAX);

	if (!err)
		err = proc_create_number("sys/fs/inotify/max_user_instances", INSTANCES_MAX);
	return err ? err : proc_create_number("sys/fs/inotify/max_user_watches", WATCHES_MAX);
}
INITCALL("2fs", inotify_init);
