// SPDX-License-Identifier: GPL-2.0
/*
 * epoll(7). An item stands on the queues of its file; a wake puts it on the ready list. Reporting asks the file again: level-triggered
 * items that still have something go back to the end of the list.
 *
 * Locks: epoll_mutex (all instances: interest lists, file->epoll_items, reporting) outside; ep->lock (ready list) inside, also taken in
 * wakes. An item does not count its file: when the file goes, epoll_forget_file() takes the item away.
 */
#include <fs/internal.h>
#include <fs/node.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define QUEUES_MAX	4	/* that one poll op may name */
#define NESTING_MAX	4	/* steps from one epoll file to another */
#define ROOM_MIN	16	/* events that one call tells, whatever the number of items */
#define ROOM_MAX	65536
#define EVENTS_MAX	(INT32_MAX / (int)sizeof(struct linux_epoll_event))
#define POLL_ALWAYS	(LINUX_POLLERR | LINUX_POLLHUP)
#define EXCLUSIVE_BITS	(LINUX_POLLIN | LINUX_POLLOUT | POLL_ALWAYS | LINUX_EPOLLWAKEUP | LINUX_EPOLLET | LINUX_EPOLLEXCLUSIVE)
#define FLAG_BITS	(LINUX_EPOLLET | LINUX_EPOLLONESHOT | LINUX_EPOLLEXCLUSIVE | LINUX_EPOLLWAKEUP)

struct epoll {
	struct spinlock lock;
	struct list ready;		/* guarded by lock */
	struct list items;		/* guarded by epoll_mutex */
	unsigned int nr_items;		/* the same; read without it */
	uint64_t walk;			/* the same: which walk found... */
	int levels;			/* ...so many */
	struct file *file;		/* whose this is, not counted */
	struct wait_queue waiting;
};

struct epoll_waiter {
	struct waiter waiter;
	struct epoll_item *item;
};

struct epoll_item {
	struct epoll *ep;
	struct file *file;		/* not counted */
	int fd;
	struct list link, file_link;	/* ep->items, file->epoll_items */
	struct list ready_link;		/* guarded by ep->lock */
	struct linux_epoll_event event;	/* events 0 after a one-shot fired */
	unsigned int nr_waiters;
	struct epoll_waiter waiters[QUEUES_MAX];
	struct poll_table table;
};

static struct mutex epoll_mutex = MUTEX_INIT(epoll_mutex, "epoll");
static uint64_t last_walk;	/* guarded by it */
static const struct file_ops epoll_ops;

static void item_make_ready(struct epoll_item *item)
{
	struct epoll *ep = item->ep;
	uint64_t flags = spin_lock_irq(&ep->lock);

	if (list_empty(&item->ready_link))
		list_append(&ep->ready, &item->ready_link);
	spin_unlock_irq(&ep->lock, flags);
}

static void item_wake(struct waiter *w, uint32_t events)
{
	struct epoll_item *item = container_of(w, struct epoll_waiter, waiter)->item;

	if (events && !(events & (item->event.events | POLL_ALWAYS)))
		return;
	item_make_ready(item);
	wait_wake(&item->ep->waiting, LINUX_POLLIN | LINUX_POLLRDNORM);
}

static void item_queue(struct poll_table *t, struct file *f, struct wait_queue *q)
{
	struct epoll_item *item = container_of(t, struct epoll_item, table);
	struct epoll_waiter *w;

	if (item->nr_waiters == QUEUES_MAX)
		return;
	w = &item->waiters[item->nr_waiters++];
	w->item = item;
	w->waiter.fn = item_wake;
	list_init(&w->waiter.link);
	wait_add(q, &w->waiter);
}

static uint32_t item_ask(struct epoll_item *item, struct poll_table *t)
{
	return file_poll(item->file, t) & (item->event.events | POLL_ALWAYS);
}

/* epoll_mutex held. */
static void item_free(struct epoll_item *item)
{
	struct epoll *ep = item->ep;
	uint64_t flags;

	while (item->nr_waiters)
		wait_remove(&item->waiters[--item->nr_waiters].waiter);
	flags = spin_lock_irq(&ep->lock);
	list_del(&item->ready_link);
	spin_unlock_irq(&ep->lock, flags);
	list_del(&item->link);
	WRITE_ONCE(ep->nr_items, ep->nr_items - 1);
	list_del(&item->file_link);
	kfree(item);
}

void epoll_forget_file(struct file *f)
{
	struct epoll_item *item, *tmp;

	if (list_empty(&f->epoll_items))
		return;
	mutex_lock(&epoll_mutex);
	list_for_each_safe(item, tmp, &f->epoll_items, file_link)
		item_free(item);
	mutex_unlock(&epoll_mutex);
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->priv;
	struct epoll_item *item, *tmp;

	mutex_lock(&epoll_mutex);
	list_for_each_safe(item, tmp, &ep->items, link)
		item_free(item);
	mutex_unlock(&epoll_mutex);
	kfree(ep);
}

static uint32_t epoll_poll(struct file *f, struct poll_table *table)
{
	struct epoll *ep = f->priv;

	poll_wait(f, &ep->waiting, table);
	return list_empty(&ep->ready) ? 0 : LINUX_POLLIN | LINUX_POLLRDNORM;
}

/* What it waits for, as lines of /proc/<pid>/fdinfo. */
static void epoll_show(struct file *f, struct seq *s)
{
	struct epoll *ep = f->priv;
	struct epoll_item *item;

	mutex_lock(&epoll_mutex);
	list_for_each(item, &ep->items, link) {
		const struct inode *inode = item->file->inode;

		seq_printf(s, "tfd: %8d events: %8x data: %16llx  pos:%lli ino:%llx sdev:%llx\n", item->fd, item->event.events,
			   (unsigned long long)item->event.data, (long long)item->file->pos, (unsigned long long)(inode ? inode->ino : 0),
			   (unsigned long long)(inode ? inode->super->dev : 0));
	}
	mutex_unlock(&epoll_mutex);
}

static const struct file_ops epoll_ops = { .poll = epoll_poll, .release = epoll_release, .name = "[eventpoll]", .show = epoll_show,
					   .still = true };

bool file_is_epoll(const struct file *f)
{
	return f->ops == &epoll_ops;
}

static int64_t do_epoll_create(uint32_t flags)
{
	struct epoll *ep;
	struct file *f;

	if (flags & ~LINUX_EPOLL_CLOEXEC)
		return -EINVAL;
	ep = kzalloc(sizeof(*ep));
	f = ep ? file_alloc(&epoll_ops, ep, LINUX_O_RDWR) : NULL;
	if (!f) {
		kfree(ep);
		return file_alloc_error();
	}
	spin_init(&ep->lock, "epoll");
	list_init(&ep->ready);
	list_init(&ep->items);
	wait_queue_init(&ep->waiting, "epoll");
	ep->file = f;
	return fd_install_new(f, flags);
}

SYSCALL(NR_epoll_create, epoll_create)
{
	return (int)args->a[0] <= 0 ? -EINVAL : do_epoll_create(0);
}

SYSCALL(NR_epoll_create1, epoll_create1)
{
	return do_epoll_create(args->a[0]);
}

static struct epoll_item *item_find(struct epoll *ep, const struct file *f, int fd)
{
	struct epoll_item *item;

	list_for_each(item, &f->epoll_items, file_link)
		if (item->ep == ep && item->fd == fd)
			return item;
	return NULL;
}

/*
 * How many epoll files are below one another in what @ep watches; -ELOOP: @target is one of them. Each is looked at once in a walk, however many
 * watch it. The depth is what earlier additions allowed.
 */
static int levels_below(struct epoll *ep, const struct epoll *target)
{
	struct epoll_item *item;
	int levels = 0;

	if (ep == target)
		return -ELOOP;
	if (ep->walk == last_walk)
		return ep->levels;
	list_for_each(item, &ep->items, link) {
		int below = file_is_epoll(item->file) ? levels_below(item->file->priv, target) : -1;

		if (below == -ELOOP)
			return -ELOOP;
		levels = MAX(levels, below + 1);
	}
	ep->walk = last_walk;
	ep->levels = levels;
	return levels;
}

/* The same upwards: of those that watch it. */
static int levels_above(struct epoll *ep)
{
	struct epoll_item *item;
	int levels = 0;

	if (ep->walk == last_walk)
		return ep->levels;
	list_for_each(item, &ep->file->epoll_items, file_link)
		levels = MAX(levels, levels_above(item->ep) + 1);
	ep->walk = last_walk;
	ep->levels = levels;
	return levels;
}

/* May @ep watch the epoll file @f? */
static int nesting_check(struct epoll *ep, struct file *f)
{
	int below;

	last_walk++;
	below = levels_below(f->priv, ep);
	last_walk++;
	return below < 0 || levels_above(ep) + 1 + below > NESTING_MAX ? -ELOOP : 0;
}

static void item_watch(struct epoll_item *item)
{
	if (item_ask(item, &item->table)) {
		item_make_ready(item);
		wait_wake(&item->ep->waiting, LINUX_POLLIN | LINUX_POLLRDNORM);
	}
}

static int epoll_add(struct epoll *ep, struct file *f, int fd, const struct linux_epoll_event *event)
{
	struct epoll_item *item;

	if (file_is_epoll(f) && nesting_check(ep, f))
		return -ELOOP;
	item = kzalloc(sizeof(*item));
	if (!item)
		return -ENOMEM;
	item->ep = ep;
	item->file = f;
	item->fd = fd;
	item->event = *event;
	item->table.queue = item_queue;
	list_init(&item->ready_link);
	list_append(&ep->items, &item->link);
	WRITE_ONCE(ep->nr_items, ep->nr_items + 1);
	list_append(&f->epoll_items, &item->file_link);
	item_watch(item);
	return 0;
}

static int epoll_modify(struct epoll_item *item, const struct linux_epoll_event *event)
{
	if (item->event.events & LINUX_EPOLLEXCLUSIVE)
		return -EINVAL;
	item->event = *event;
	if (item_ask(item, NULL)) {
		item_make_ready(item);
		wait_wake(&item->ep->waiting, LINUX_POLLIN | LINUX_POLLRDNORM);
	}
	return 0;
}

static int epoll_change(struct epoll *ep, int op, struct file *f, int fd, const struct linux_epoll_event *event)
{
	struct epoll_item *item = item_find(ep, f, fd);

	switch (op) {
	case LINUX_EPOLL_CTL_ADD:
		return item ? -EEXIST : epoll_add(ep, f, fd, event);
	case LINUX_EPOLL_CTL_MOD:
		return item ? epoll_modify(item, event) : -ENOENT;
	case LINUX_EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		item_free(item);
		return 0;
	default:
		return -EINVAL;
	}
}

/* Files that are always ready have nothing to wait for. EPOLLEXCLUSIVE is for new items only, and not for those that watch others in turn. */
static int ctl_check(struct file *epf, int op, struct file *f, uint32_t events)
{
	if (!f->ops->poll)
		return -EPERM;
	if (epf->ops != &epoll_ops || epf == f)
		return -EINVAL;
	if (!(events & LINUX_EPOLLEXCLUSIVE) || op == LINUX_EPOLL_CTL_DEL)
		return 0;
	return op != LINUX_EPOLL_CTL_ADD || file_is_epoll(f) || events & ~EXCLUSIVE_BITS ? -EINVAL : 0;
}

SYSCALL(NR_epoll_ctl, epoll_ctl)
{
	struct linux_epoll_event event = { 0 };
	struct file *epf, *f;
	int err = -EBADF;

	if ((int)args->a[1] != LINUX_EPOLL_CTL_DEL && copy_from_user(&event, args->a[3], sizeof(event)))
		return -EFAULT;
	epf = fd_get_io(args->a[0]);
	f = fd_get_io(args->a[2]);
	if (epf && f)
		err = ctl_check(epf, (int)args->a[1], f, event.events);
	if (!err) {
		mutex_lock(&epoll_mutex);
		err = epoll_change(epf->priv, args->a[1], f, args->a[2], &event);
		mutex_unlock(&epoll_mutex);
	}
	file_put(f);
	file_put(epf);
	return err;
}

static struct epoll_item *ready_pop(struct list *from, struct epoll *ep)
{
	struct epoll_item *item = NULL;
	uint64_t flags = spin_lock_irq(&ep->lock);

	if (!list_empty(from)) {
		item = list_first(from, struct epoll_item, ready_link);
		list_del(&item->ready_link);
	}
	spin_unlock_irq(&ep->lock, flags);
	return item;
}

/* Report what is ready now into @to, at most @max. epoll_mutex held. */
static int epoll_collect(struct epoll *ep, struct linux_epoll_event *to, int max)
{
	struct list batch = LIST_INIT(batch);
	struct epoll_item *item;
	uint64_t flags;
	uint32_t events;
	int n = 0;

	flags = spin_lock_irq(&ep->lock);
	list_splice(&batch, &ep->ready);
	spin_unlock_irq(&ep->lock, flags);
	while (n < max && (item = ready_pop(&batch, ep))) {
		events = item_ask(item, NULL);
		if (!events)
			continue;
		to[n].events = events;
		to[n++].data = item->event.data;
		if (item->event.events & LINUX_EPOLLONESHOT)
			item->event.events &= FLAG_BITS;
		else if (!(item->event.events & LINUX_EPOLLET))
			item_make_ready(item);
	}
	/* What did not fit is first the next time. */
	flags = spin_lock_irq(&ep->lock);
	list_splice(&batch, &ep->ready);
	list_splice(&ep->ready, &batch);
	spin_unlock_irq(&ep->lock, flags);
	return n;
}

static int64_t epoll_sleep(struct epoll *ep, struct linux_epoll_event *events, int max, time_ns_t deadline)
{
	int n, err;

	for (;;) {
		mutex_lock(&epoll_mutex);
		n = epoll_collect(ep, events, max);
		mutex_unlock(&epoll_mutex);
		if (n || !deadline)
			return n;
		err = wait_event(&ep->waiting, !list_empty(&ep->ready), deadline, true);
		if (err)
			return err == -ETIMEDOUT ? 0 : err;
	}
}

/* Room for all that could be ready; items that come during the wait are told the next time. */
static int room_needed(const struct epoll *ep, int max)
{
	return MIN(max, MIN(MAX((int)READ_ONCE(ep->nr_items), ROOM_MIN), ROOM_MAX));
}

static int64_t do_epoll_wait(int epfd, uint64_t uevents, int max, time_ns_t deadline)
{
	struct linux_epoll_event *events;
	struct file *f;
	int64_t n = -EINVAL;
	int room;

	if (max <= 0 || max > EVENTS_MAX)
		return -EINVAL;
	if (!user_range_ok(uevents, (uint64_t)max * sizeof(*events)))
		return -EFAULT;
	f = fd_get_io(epfd);
	if (!f)
		return -EBADF;
	if (f->ops != &epoll_ops)
		goto put;
	n = -ENOMEM;
	room = room_needed(f->priv, max);
	while (!(events = kcalloc(room, sizeof(*events))) && room > ROOM_MIN)
		room /= 2;
	if (!events)
		goto put;
	n = epoll_sleep(f->priv, events, room, deadline);
	if (n > 0 && copy_back_to_user(uevents, events, n * sizeof(*events)))
		n = -EFAULT;
	kfree(events);
put:
	file_put(f);
	return n;
}

const void *epoll_target(struct file *f, int fd, uint32_t nth)
{
	const void *found = ERR_PTR(-ENOENT);
	struct epoll_item *item;
	struct epoll *ep;

	if (f->ops != &epoll_ops)
		return ERR_PTR(-EINVAL);
	ep = f->priv;
	mutex_lock(&epoll_mutex);
	list_for_each(item, &ep->items, link)
		if (item->fd == fd && !nth--) {
			found = item->file;
			break;
		}
	mutex_unlock(&epoll_mutex);
	return found;
}

static time_ns_t deadline_ms(int timeout_ms)
{
	return timeout_ms < 0 ? TIME_FOREVER : timeout_ms ? time_now() + timeout_ms * NSEC_PER_MSEC : 0;
}

SYSCALL(NR_epoll_wait, epoll_wait)
{
	return do_epoll_wait(args->a[0], args->a[1], args->a[2], deadline_ms(args->a[3]));
}

SYSCALL(NR_epoll_pwait, epoll_pwait)
{
	int64_t n = args->a[4] ? signal_mask_borrow_user(args->a[4], args->a[5]) : 0;

	if (n)
		return n;
	n = do_epoll_wait(args->a[0], args->a[1], args->a[2], deadline_ms(args->a[3]));
	signal_mask_restore();
	return n;
}

SYSCALL(NR_epoll_pwait2, epoll_pwait2)
{
	time_ns_t deadline = TIME_FOREVER;
	struct linux_timespec t;
	int64_t n = 0;

	if (args->a[3]) {
		if (copy_from_user(&t, args->a[3], sizeof(t)))
			return -EFAULT;
		if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= (long)NSEC_PER_SEC)
			return -EINVAL;
		deadline = !t.tv_sec && !t.tv_nsec ? 0 : t.tv_sec > 9000000000 ? TIME_FOREVER :
			   time_now() + t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
	}
	if (args->a[4])
		n = signal_mask_borrow_user(args->a[4], args->a[5]);
	if (n)
		return n;
	n = do_epoll_wait(args->a[0], args->a[1], args->a[2], deadline);
	signal_mask_restore();
	return n;
}
