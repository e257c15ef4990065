// SPDX-License-Identifier: GPL-2.0
/* eventfd(2): a counter as a file. timerfd(2): a timer as a file. */
#include <fs/internal.h>
#include <fs/node.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time_ns.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define COUNT_MAX	(~0ull - 1)

struct eventfd {
	struct spinlock lock;
	uint64_t count;
	uint32_t id;	/* told in /proc/<pid>/fdinfo, that two descriptors can be seen to be one */
	bool semaphore;
	struct wait_queue changed;
};

/* 0: nothing to take. */
static uint64_t eventfd_take(struct eventfd *e)
{
	uint64_t flags = spin_lock_irq(&e->lock), v = e->count && e->semaphore ? 1 : e->count;

	e->count -= v;
	spin_unlock_irq(&e->lock, flags);
	return v;
}

static bool eventfd_give(struct eventfd *e, uint64_t v)
{
	uint64_t flags = spin_lock_irq(&e->lock);
	bool fits = COUNT_MAX - e->count >= v;

	if (fits)
		e->count += v;
	spin_unlock_irq(&e->lock, flags);
	return fits;
}

static ssize_t eventfd_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct eventfd *e = f->priv;
	uint64_t v;
	int err;

	if (to->left < sizeof(v))
		return -EINVAL;
	v = eventfd_take(e);
	if (!v && file_nowait(f, to))
		return -EAGAIN;
	if (!v) {
		err = wait_event(&e->changed, (v = eventfd_take(e)), TIME_FOREVER, true);
		if (err)
			return err;
	}
	wait_wake(&e->changed, LINUX_POLLOUT | LINUX_POLLWRNORM);
	return iter_put(to, &v, sizeof(v)) == sizeof(v) ? (ssize_t)sizeof(v) : -EFAULT;
}

static ssize_t eventfd_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct eventfd *e = f->priv;
	uint64_t v;
	int err;

	if (from->left < sizeof(v))
		return -EINVAL;
	if (iter_get(from, &v, sizeof(v)) != sizeof(v))
		return -EFAULT;
	if (v == ~0ull)
		return -EINVAL;
	if (!eventfd_give(e, v)) {
		if (file_nowait(f, from))
			return -EAGAIN;
		err = wait_event(&e->changed, eventfd_give(e, v), TIME_FOREVER, true);
		if (err)
			return err;
	}
	wait_wake(&e->changed, LINUX_POLLIN | LINUX_POLLRDNORM);
	return sizeof(v);
}

static uint32_t eventfd_poll(struct file *f, struct poll_table *table)
{
	struct eventfd *e = f->priv;
	uint64_t count;

	poll_wait(f, &e->changed, table);
	count = READ_ONCE(e->count);
	return (count ? LINUX_POLLIN | LINUX_POLLRDNORM : 0) | (count < COUNT_MAX ? LINUX_POLLOUT | LINUX_POLLWRNORM : 0);
}

static void priv_release(struct file *f)
{
	kfree(f->priv);
}

static void eventfd_show(struct file *f, struct seq *s)
{
	struct eventfd *e = f->priv;

	seq_printf(s, "eventfd-count: %16llx\neventfd-id: %u\n", (unsigned long long)READ_ONCE(e->count), e->id);
}

static const struct file_ops eventfd_ops = {
	.read = eventfd_read, .write = eventfd_write, .poll = eventfd_poll, .release = priv_release, .name = "[eventfd]", .show = eventfd_show,
	.still = true,
};

bool file_is_eventfd(const struct file *f)
{
	return f->ops == &eventfd_ops;
}

int eventfd_signal(struct file *f)
{
	struct eventfd *e = f->priv;

	if (!file_is_eventfd(f))
		return -EINVAL;
	(void)eventfd_give(e, 1);	/* at the limit nobody waits */
	wait_wake(&e->changed, LINUX_POLLIN | LINUX_POLLRDNORM);
	return 0;
}

static int64_t do_eventfd(uint32_t count, uint32_t flags)
{
	static uint32_t next_id;
	struct eventfd *e;
	struct file *f;

	if (flags & ~(LINUX_EFD_SEMAPHORE | LINUX_EFD_CLOEXEC | LINUX_EFD_NONBLOCK))
		return -EINVAL;
	e = kzalloc(sizeof(*e));
	f = e ? file_alloc(&eventfd_ops, e, LINUX_O_RDWR | (flags & LINUX_EFD_NONBLOCK)) : NULL;
	if (!f) {
		kfree(e);
		return file_alloc_error();
	}
	spin_init(&e->lock, "eventfd");
	e->count = count;
	e->id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
	e->semaphore = flags & LINUX_EFD_SEMAPHORE;
	wait_queue_init(&e->changed, "eventfd");
	return fd_install_new(f, flags);
}

SYSCALL(NR_eventfd, eventfd)
{
	return do_eventfd(args->a[0], 0);
}

SYSCALL(NR_eventfd2, eventfd2)
{
	return do_eventfd(args->a[0], args->a[1]);
}

static struct mutex timerfd_set_lock = MUTEX_INIT(timerfd_set_lock, "timerfd");

struct timerfd {
	struct spinlock lock;	/* guards the rest */
	struct timer timer;
	uint64_t interval, expirations;
	time_ns_t deadline;	/* 0: disarmed */
	bool resting;		/* a period ended at it that nobody looked at yet */
	bool realtime;
	uint32_t clock, how;	/* as timerfd_create() and timerfd_settime() were told */
	uint64_t date;		/* when it is due, of one that waits for a date */
	bool cancel_on_set, cancelled;	/* the date was set: tell the reader */
	struct clock_watch watch;
	struct wait_queue fired;
};

/* In the timer interrupt. What comes after the first period that nobody looks at is counted by who does: an idle program costs nobody's time. */
static void timerfd_fire(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);
	uint64_t flags = spin_lock_irq(&t->lock);

	if (time_now() < t->deadline) {	/* it was set, or the date, while the lock was waited for */
		timer_arm(&t->timer, t->deadline);
	} else if (t->deadline && !t->resting) {
		t->expirations++;
		t->resting = t->interval;
		if (!t->interval)
			t->deadline = 0;
	}
	spin_unlock_irq(&t->lock, flags);
	wait_wake(&t->fired, LINUX_POLLIN | LINUX_POLLRDNORM);
}

/* Somebody looks. The lock is held. */
static void timerfd_go_on(struct timerfd *t)
{
	uint64_t missed, next;
	time_ns_t now = time_now();

	if (!t->resting)
		return;
	next = period_next(t->deadline, t->interval, now, &missed);
	t->date += next - t->deadline;
	t->expirations += missed;
	t->deadline = next;
	t->resting = false;
	timer_arm(&t->timer, MAX(next, now + PERIOD_MIN_NS));
}

static void timerfd_date_set(struct clock_watch *w)
{
	struct timerfd *t = container_of(w, struct timerfd, watch);
	uint64_t flags = spin_lock_irq(&t->lock);

	timerfd_go_on(t);
	if (t->deadline) {
		t->deadline = MAX(deadline_of_date(t->date), 1ull);
		timer_arm(&t->timer, t->deadline);
	}
	t->cancelled = t->cancel_on_set;
	spin_unlock_irq(&t->lock, flags);
	if (t->cancel_on_set)
		wait_wake(&t->fired, LINUX_POLLIN | LINUX_POLLRDNORM);
}

/* What a reader gets; -ECANCELED once after the date was set, if that was asked for. */
static int64_t timerfd_take(struct timerfd *t)
{
	uint64_t flags = spin_lock_irq(&t->lock);
	int64_t n;

	timerfd_go_on(t);
	n = t->cancelled ? -ECANCELED : (int64_t)t->expirations;
	t->cancelled = false;
	t->expirations = 0;
	spin_unlock_irq(&t->lock, flags);
	return n;
}

static ssize_t timerfd_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct timerfd *t = f->priv;
	int64_t n;
	int err;

	if (to->left < sizeof(n))
		return -EINVAL;
	n = timerfd_take(t);
	if (!n && file_nowait(f, to))
		return -EAGAIN;
	if (!n) {
		err = wait_event(&t->fired, (n = timerfd_take(t)), TIME_FOREVER, true);
		if (err)
			return err;
	}
	if (n < 0)
		return n;
	return iter_put(to, &n, sizeof(n)) == sizeof(n) ? (ssize_t)sizeof(n) : -EFAULT;
}

static uint32_t timerfd_poll(struct file *f, struct poll_table *table)
{
	struct timerfd *t = f->priv;

	poll_wait(f, &t->fired, table);
	return READ_ONCE(t->expirations) || READ_ONCE(t->cancelled) ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->priv;

	clock_unwatch(&t->watch);
	/* It may have armed itself again while it was being stopped. */
	timer_disarm(&t->timer);
	timer_disarm(&t->timer);
	kfree(t);
}

static struct linux_timespec ns_to_spec(uint64_t ns)
{
	return (struct linux_timespec){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
}

static void timerfd_now(struct timerfd *t, struct linux_itimerspec *to)
{
	uint64_t flags = spin_lock_irq(&t->lock);
	time_ns_t now;

	timerfd_go_on(t);
	now = time_now();
	to->it_interval = ns_to_spec(t->interval);
	to->it_value = ns_to_spec(!t->deadline ? 0 : t->deadline > now ? t->deadline - now : 1);
	spin_unlock_irq(&t->lock, flags);
}

static void timerfd_show(struct file *f, struct seq *s)
{
	struct timerfd *t = f->priv;
	struct linux_itimerspec now;

	timerfd_now(t, &now);
	seq_printf(s, "clockid: %u\nticks: %llu\nsettime flags: 0%o\nit_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n", t->clock,
		   (unsigned long long)READ_ONCE(t->expirations), t->how, (unsigned long long)now.it_value.tv_sec,
		   (unsigned long long)now.it_value.tv_nsec, (unsigned long long)now.it_interval.tv_sec,
		   (unsigned long long)now.it_interval.tv_nsec);
}

static const struct file_ops timerfd_ops = {
	.read = timerfd_read, .poll = timerfd_poll, .release = timerfd_release, .name = "[timerfd]", .show = timerfd_show,
	.still = true,
};

SYSCALL(NR_timerfd_create, timerfd_create)
{
	uint32_t clock = args->a[0], flags = args->a[1];
	struct timerfd *t;
	struct file *f;

	if (clock != LINUX_CLOCK_REALTIME && clock != LINUX_CLOCK_MONOTONIC && clock != LINUX_CLOCK_BOOTTIME && !clock_is_alarm((int)clock))
		return -EINVAL;
	if (flags & ~(LINUX_TFD_CLOEXEC | LINUX_TFD_NONBLOCK))
		return -EINVAL;
	if (clock_is_alarm((int)clock) && !privileged(LINUX_CAP_WAKE_ALARM))
		return -EPERM;
	t = kzalloc(sizeof(*t));
	f = t ? file_alloc(&timerfd_ops, t, LINUX_O_RDWR | (flags & LINUX_TFD_NONBLOCK)) : NULL;
	if (!f) {
		kfree(t);
		return file_alloc_error();
	}
	spin_init(&t->lock, "timerfd");
	timer_init(&t->timer, timerfd_fire);
	t->realtime = clock_is_date((int)clock);
	t->clock = clock;
	list_init(&t->watch.link);
	t->watch.changed = timerfd_date_set;
	wait_queue_init(&t->fired, "timerfd");
	return fd_install_new(f, flags);
}

static int spec_to_ns(const struct linux_timespec *s, uint64_t *ns)
{
	if (s->tv_sec < 0 || s->tv_nsec < 0 || s->tv_nsec >= (long)NSEC_PER_SEC)
		return -EINVAL;
	*ns = s->tv_sec > 9000000000 ? 9000000000 * NSEC_PER_SEC : s->tv_sec * NSEC_PER_SEC + s->tv_nsec;
	return 0;
}

/* Two that set one timer at once do so one after the other. */
static void timerfd_set(struct timerfd *t, uint64_t value, uint64_t interval, uint32_t how)
{
	bool absolute = how & LINUX_TFD_TIMER_ABSTIME, date = absolute && t->realtime;
	time_ns_t now = time_now();
	uint64_t flags;

	mutex_lock(&timerfd_set_lock);
	clock_unwatch(&t->watch);
	flags = spin_lock_irq(&t->lock);
	t->expirations = 0;
	t->resting = false;
	t->interval = interval;
	t->deadline = 0;
	t->date = value;
	t->how = how;
	t->cancelled = false;
	t->cancel_on_set = date && how & LINUX_TFD_TIMER_CANCEL_ON_SET;
	if (value)
		t->deadline = !absolute ? now + value : MAX(date ? deadline_of_date(value) : time_meant((int)t->clock, value), 1ull);
	if (t->deadline)
		timer_arm(&t->timer, t->deadline);
	spin_unlock_irq(&t->lock, flags);
	if (date)
		clock_watch(&t->watch);
	mutex_unlock(&timerfd_set_lock);
}

static struct file *timerfd_get(int fd, int *err)
{
	struct file *f = fd_get_io(fd);

	*err = !f ? -EBADF : f->ops != &timerfd_ops ? -EINVAL : 0;
	if (f && *err)
		file_put(f);
	return f;
}

SYSCALL(NR_timerfd_settime, timerfd_settime)
{
	struct linux_itimerspec new, old;
	uint64_t value, interval;
	struct file *f;
	int err;

	if (copy_from_user(&new, args->a[2], sizeof(new)))
		return -EFAULT;
	if ((uint32_t)args->a[1] & ~(LINUX_TFD_TIMER_ABSTIME | LINUX_TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	if (spec_to_ns(&new.it_value, &value) || spec_to_ns(&new.it_interval, &interval))
		return -EINVAL;
	f = timerfd_get(args->a[0], &err);
	if (err)
		return err;
	timerfd_now(f->priv, &old);
	timerfd_set(f->priv, value, interval, (uint32_t)args->a[1]);
	file_put(f);
	return args->a[3] && copy_to_user(args->a[3], &old, sizeof(old)) ? -EFAULT : 0;
}

SYSCALL(NR_timerfd_gettime, timerfd_gettime)
{
	struct linux_itimerspec now;
	struct file *f;
	int err;

	f = timerfd_get(args->a[0], &err);
	if (err)
		return err;
	timerfd_now(f->priv, &now);
	file_put(f);
	return copy_to_user(args->a[1], &now, sizeof(now)) ? -EFAULT : 0;
}
