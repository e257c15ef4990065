// SPDX-License-Identifier: GPL-2.0
/*
 * Files that tell by a signal when they become ready: fcntl(2)'s F_SETOWN, F_SETOWN_EX and F_SETSIG, and O_ASYNC, which puts the file's owner
 * on the queues that poll(2) would wait on. Only files whose ops say so signal (pipes, sockets, terminals, inotify), as on Linux.
 *
 * Locks: owner_mutex (which queues a file stands on, and that it has an owner at all), owner->lock (whom and how), taken in wakes.
 */
#include <fs/internal.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/signal_owner.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define QUEUES_MAX	4	/* that one poll op may name */
#define IN_BAND		(LINUX_POLLIN | LINUX_POLLRDNORM)
#define OUT_BAND	(LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND)

struct owner_waiter {
	struct waiter waiter;
	struct file_owner *owner;
};

struct file_owner {
	struct file *file;		/* not counted: it goes with the file */
	struct spinlock lock;
	struct signal_owner whom;	/* guarded by lock, as the next two */
	int signal;			/* 0: SIGIO, which tells nothing more */
	int fd;				/* told in si_fd */
	struct poll_table table;	/* guarded by owner_mutex, as the next two */
	unsigned int nr_waiters;
	struct owner_waiter waiters[QUEUES_MAX];
};

static struct mutex owner_mutex = MUTEX_INIT(owner_mutex, "file_owner");

/* ---- Telling ---- */

/* What of @events concerns this opening: an end of a pipe is told of its own side only. No events: something ended. */
static uint32_t events_of(const struct file *f, uint32_t events)
{
	uint32_t access = f->flags & LINUX_O_ACCMODE;

	if (!events)
		events = access == LINUX_O_WRONLY ? OUT_BAND : IN_BAND;
	if (access == LINUX_O_RDONLY)
		events &= ~(uint32_t)OUT_BAND;
	if (access == LINUX_O_WRONLY)
		events &= ~(uint32_t)IN_BAND;
	return events;
}

static struct linux_siginfo info_of(const struct file_owner *o, uint32_t events)
{
	struct linux_siginfo info = { .si_signo = o->signal };

	if (events & LINUX_POLLPRI)
		info.si_code = LINUX_POLL_PRI;
	else if (events & IN_BAND)
		info.si_code = LINUX_POLL_IN;
	else
		info.si_code = events & OUT_BAND ? LINUX_POLL_OUT : LINUX_POLL_HUP;
	info.poll.band = events & IN_BAND ? IN_BAND : events & OUT_BAND ? OUT_BAND : events;
	info.poll.fd = o->fd;
	return info;
}

static void owner_wake(struct waiter *w, uint32_t events)
{
	struct owner_waiter *slot = container_of(w, struct owner_waiter, waiter);
	struct file_owner *o = slot->owner;
	struct linux_siginfo info;
	uint64_t flags;

	if (!events && slot != o->waiters)	/* an end is told on all its queues, and once is enough */
		return;
	events = events_of(o->file, events);
	if (!events)
		return;
	flags = spin_lock_irq(&o->lock);
	info = info_of(o, events);
	signal_owner_tell(&o->whom, o->signal, &info);
	spin_unlock_irq(&o->lock, flags);
}

static void owner_queue(struct poll_table *t, struct file *f, struct wait_queue *q)
{
	struct file_owner *o = container_of(t, struct file_owner, table);
	struct owner_waiter *w;

	if (o->nr_waiters == QUEUES_MAX)
		return;
	w = &o->waiters[o->nr_waiters++];
	w->owner = o;
	w->waiter.fn = owner_wake;
	list_init(&w->waiter.link);
	wait_add(q, &w->waiter);
}

void file_owner_message(const struct file *f)
{
	struct file_owner *o = f->owner;
	struct linux_siginfo info = { .si_code = LINUX_POLL_MSG, .poll.band = IN_BAND | LINUX_POLLMSG };
	uint64_t flags;

	if (!o)
		return;
	flags = spin_lock_irq(&o->lock);
	info.si_signo = o->signal;
	info.poll.fd = o->fd;
	signal_owner_tell(&o->whom, o->signal, &info);
	spin_unlock_irq(&o->lock, flags);
}

void file_owner_signal(const struct file *f, int sig)
{
	struct file_owner *o = f->owner;
	uint64_t flags;

	if (!o)
		return;
	flags = spin_lock_irq(&o->lock);
	signal_owner_tell(&o->whom, sig, NULL);
	spin_unlock_irq(&o->lock, flags);
}

/* ---- Owners: owner_mutex held ---- */

static struct file_owner *owner_of(struct file *f)
{
	struct file_owner *o = f->owner;

	if (o)
		return o;
	o = kzalloc(sizeof(*o));
	if (!o)
		return NULL;
	o->file = f;
	o->table.queue = owner_queue;
	o->whom.type = LINUX_F_OWNER_TID;
	o->fd = -1;
	spin_init(&o->lock, "file_owner");
	f->owner = o;
	return o;
}

static void owner_leave_queues(struct file_owner *o)
{
	while (o->nr_waiters)
		wait_remove(&o->waiters[--o->nr_waiters].waiter);
}

static int owner_set_async(struct file *f, int fd, bool on)
{
	struct file_owner *o = owner_of(f);
	uint64_t flags;

	if (!o)
		return -ENOMEM;
	flags = spin_lock_irq(&o->lock);
	o->fd = fd;
	spin_unlock_irq(&o->lock, flags);
	if (!on)
		owner_leave_queues(o);
	else if (!o->nr_waiters)
		file_poll(f, &o->table);
	return 0;
}

static int owner_change(struct file *f, int type, pid_t pid)
{
	struct file_owner *o = owner_of(f);
	struct signal_owner new, old;
	uint64_t flags;
	int err = o ? signal_owner_find(&new, type, pid) : -ENOMEM;

	if (err)
		return err;
	flags = spin_lock_irq(&o->lock);
	old = o->whom;
	o->whom = new;
	spin_unlock_irq(&o->lock, flags);
	signal_owner_put(&old);
	return 0;
}

static int owner_set_signal(struct file *f, uint64_t sig)
{
	struct file_owner *o = sig <= LINUX_NSIG ? owner_of(f) : NULL;
	uint64_t flags;

	if (!o)
		return sig <= LINUX_NSIG ? -ENOMEM : -EINVAL;
	flags = spin_lock_irq(&o->lock);
	o->signal = (int)sig;
	spin_unlock_irq(&o->lock, flags);
	return 0;
}

/* Type and number; 0 when nobody is left. */
static struct linux_f_owner_ex owner_tell(const struct file *f)
{
	const struct file_owner *o = f->owner;

	if (!o)
		return (struct linux_f_owner_ex){ .type = LINUX_F_OWNER_TID };
	return (struct linux_f_owner_ex){ .type = o->whom.type, .pid = signal_owner_lives(&o->whom) ? pid_told(o->whom.pid) : 0 };
}

/* ---- Calls ---- */

int file_owner_by_default(struct file *f, int fd)
{
	struct file_owner *o;
	uint64_t flags;
	int err = 0;

	mutex_lock(&owner_mutex);
	o = owner_of(f);
	if (!o)
		err = -ENOMEM;
	else if (!o->whom.pid)
		err = owner_change(f, LINUX_F_OWNER_PID, current_process->pid);
	if (!err) {
		flags = spin_lock_irq(&o->lock);
		o->fd = fd;
		spin_unlock_irq(&o->lock, flags);
	}
	mutex_unlock(&owner_mutex);
	return err;
}

int file_set_async(struct file *f, int fd, bool on)
{
	int err;

	mutex_lock(&owner_mutex);
	err = owner_set_async(f, fd, on);
	mutex_unlock(&owner_mutex);
	return err;
}

int file_set_owner(struct file *f, int32_t who)
{
	int err;

	if (who == INT32_MIN)
		return -EINVAL;
	mutex_lock(&owner_mutex);
	err = owner_change(f, who < 0 ? LINUX_F_OWNER_PGRP : LINUX_F_OWNER_PID, pid_meant(who < 0 ? -who : who));
	mutex_unlock(&owner_mutex);
	return err;
}

int32_t file_get_owner(struct file *f)
{
	struct linux_f_owner_ex who;

	mutex_lock(&owner_mutex);
	who = owner_tell(f);
	mutex_unlock(&owner_mutex);
	return who.type == LINUX_F_OWNER_PGRP ? -who.pid : who.pid;
}

static int64_t fcntl_owner(struct file *f, uint32_t cmd, uint64_t arg, struct linux_f_owner_ex *who)
{
	switch (cmd) {
	case LINUX_F_SETOWN_EX:
		return owner_change(f, who->type, pid_meant(who->pid));
	case LINUX_F_GETOWN_EX:
		*who = owner_tell(f);
		return 0;
	case LINUX_F_SETSIG:
		return owner_set_signal(f, arg);
	default:
		return f->owner ? f->owner->signal : 0;
	}
}

/* The user who named the owner, really and effectively: what its signals may do. */
static int64_t owner_users(struct file *f, uint64_t to)
{
	uint32_t users[2] = { uid_told(0), uid_told(0) };

	mutex_lock(&owner_mutex);
	if (f->owner) {
		users[0] = uid_told(f->owner->whom.uid);
		users[1] = uid_told(f->owner->whom.euid);
	}
	mutex_unlock(&owner_mutex);
	return copy_to_user(to, users, sizeof(users)) ? -EFAULT : 0;
}

int64_t file_owner_fcntl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct linux_f_owner_ex who;
	int64_t n;

	if (cmd == LINUX_F_GETOWNER_UIDS)
		return owner_users(f, arg);

	if (cmd == LINUX_F_SETOWN_EX && copy_from_user(&who, arg, sizeof(who)))
		return -EFAULT;
	mutex_lock(&owner_mutex);
	n = fcntl_owner(f, cmd, arg, &who);
	mutex_unlock(&owner_mutex);
	return !n && cmd == LINUX_F_GETOWN_EX ? copy_to_user(arg, &who, sizeof(who)) : n;
}

void file_owner_free(struct file *f)
{
	struct file_owner *o = f->owner;

	if (!o)
		return;
	owner_leave_queues(o);
	signal_owner_put(&o->whom);
	kfree(o);
	f->owner = NULL;
}
