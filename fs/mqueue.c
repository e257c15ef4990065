// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX message queues: mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr (mq_overview(7)), and what is read from a queue's file. Names are
 * in mqueue_fs.c; a queue lives as long as its inode. One list has those of all namespaces. Left out: notification through a netlink socket
 * (SIGEV_THREAD). Locks: vfs_lock, then queues_lock (the list, notification); a queue's lock (its messages) is taken by itself.
 */
#include <fs/internal.h>
#include <fs/ipc_ns.h>
#include <fs/vfs.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/signal.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_ipc.h>
#include "mqueue.h"

#define MESSAGES_HARD	65536
#define SIZE_HARD	(16l << 20)
#define MESSAGE_COST	96u		/* what RLIMIT_MSGQUEUE counts for each message besides its bytes */

#define LIMIT(ns, which)	(long)READ_ONCE((ns)->which)

struct message {
	struct list link;
	uint32_t priority;
	size_t size;
	uint8_t data[];
};

struct mqueue {
	struct list link;		/* guarded by queues_lock, like what follows */
	struct ipc_ns *ns;		/* where it was made; NULL: that is gone */
	uint32_t payer;			/* the user for whom it counts */
	struct process *notified;	/* who asked, counted; NULL: nobody */
	struct linux_sigevent event;

	struct mutex lock;		/* guards the rest */
	struct list messages;		/* the highest priority first */
	long nr, max_nr, max_size;
	uint32_t nr_readers;		/* who wait for a message */
	struct wait_queue changed;
};

static struct mutex queues_lock = MUTEX_INIT(queues_lock, "mqueues");
static struct list queues = LIST_INIT(queues);

static uint64_t cost(const struct mqueue *q)
{
	return (uint64_t)q->max_nr * ((uint64_t)q->max_size + MESSAGE_COST);
}

/* ---- The list ---- */

static void notify_forget(struct mqueue *q)
{
	if (q->notified)
		process_put(q->notified);
	q->notified = NULL;
}

/* Does the user stay below the limit of bytes with @more? */
static bool user_may_have(uint64_t more)
{
	uint64_t used = 0, limit = current_process->rlimits[LINUX_RLIMIT_MSGQUEUE].cur;
	struct mqueue *q;

	list_for_each(q, &queues, link)
		if (q->payer == current->cred.euid)
			used += cost(q);
	return more <= limit && used <= limit - more;
}

static int attr_check(const struct ipc_ns *ns, const struct linux_mq_attr *attr)
{
	bool root = privileged(LINUX_CAP_SYS_RESOURCE);

	if (attr->mq_maxmsg <= 0 || attr->mq_msgsize <= 0)
		return -EINVAL;
	if (attr->mq_maxmsg > (root ? MESSAGES_HARD : LIMIT(ns, mq_messages_max)) || attr->mq_msgsize > (root ? SIZE_HARD : LIMIT(ns, mq_size_max)))
		return -EINVAL;
	return 0;
}

/* On the list, if its namespace and its user may have one more. 0, -ENOSPC, -EMFILE. */
static int queue_enter(struct mqueue *q)
{
	int err = 0;

	mutex_lock(&queues_lock);
	if (q->ns->nr_mqueues >= LIMIT(q->ns, mq_queues_max) && !privileged(LINUX_CAP_SYS_RESOURCE))
		err = -ENOSPC;
	else if (!user_may_have(cost(q)))
		err = -EMFILE;
	if (!err) {
		list_append(&queues, &q->link);
		q->ns->nr_mqueues++;
	}
	mutex_unlock(&queues_lock);
	return err;
}

struct mqueue *mqueue_create(struct ipc_ns *ns, const struct linux_mq_attr *attr)
{
	struct mqueue *q;
	int err = attr ? attr_check(ns, attr) : 0;

	if (err)
		return ERR_PTR(err);
	q = kzalloc(sizeof(*q));
	if (!q)
		return ERR_PTR(-ENOMEM);
	q->max_nr = attr ? attr->mq_maxmsg : MIN(LIMIT(ns, mq_messages), LIMIT(ns, mq_messages_max));
	q->max_size = attr ? attr->mq_msgsize : MIN(LIMIT(ns, mq_size), LIMIT(ns, mq_size_max));
	mutex_init(&q->lock, "mqueue");
	list_init(&q->messages);
	wait_queue_init(&q->changed, "mqueue");
	q->ns = ns;
	q->payer = current->cred.euid;
	err = queue_enter(q);
	if (!err)
		return q;
	kfree(q);
	return ERR_PTR(err);
}

void mqueue_destroy(struct mqueue *q)
{
	struct message *m, *tmp;

	mutex_lock(&queues_lock);
	list_del(&q->link);
	if (q->ns)
		q->ns->nr_mqueues--;
	notify_forget(q);
	mutex_unlock(&queues_lock);
	list_for_each_safe(m, tmp, &q->messages, link)
		kfree(m);
	kfree(q);
}

/* ---- The file ---- */

static void mqueue_release(struct file *f)
{
	struct mqueue *q = f->priv;

	mutex_lock(&queues_lock);
	if (q->notified == current_process)
		notify_forget(q);
	mutex_unlock(&queues_lock);
}

static int mqueue_open(struct inode *inode, struct file *f)
{
	f->priv = inode->priv;
	return 0;
}

static uint32_t mqueue_poll(struct file *f, struct poll_table *table)
{
	struct mqueue *q = f->priv;
	long nr;

	poll_wait(f, &q->changed, table);
	nr = READ_ONCE(q->nr);
	return (nr ? LINUX_POLLIN | LINUX_POLLRDNORM : 0) | (nr < q->max_nr ? LINUX_POLLOUT | LINUX_POLLWRNORM : 0);
}

/* What mq_overview(7) promises of a queue's file. */
static ssize_t mqueue_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct mqueue *q = f->priv;
	unsigned long bytes = 0;
	int kind = 0, signo = 0, pid = 0;
	struct message *m;
	char text[96];
	int n;

	mutex_lock(&queues_lock);
	if (q->notified) {
		kind = q->event.notify;
		signo = kind == LINUX_SIGEV_SIGNAL ? q->event.signo : 0;
		pid = pid_told(q->notified->pid);
	}
	mutex_unlock(&queues_lock);
	mutex_lock(&q->lock);
	list_for_each(m, &q->messages, link)
		bytes += m->size;
	mutex_unlock(&q->lock);
	n = format_text(text, sizeof(text), "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", bytes, kind, signo, pid);
	f->inode->atime = f->inode->ctime = time_realtime();
	return buffer_read(text, (size_t)n, to, pos);
}

const struct file_ops mqueue_ops = {
	.read = mqueue_read, .seek = seek_plain, .poll = mqueue_poll, .open = mqueue_open, .release = mqueue_release,
};

/* The open queue of @fd with a reference. */
static struct file *mqueue_get(int fd)
{
	struct file *f = fd_get_io(fd);

	if (f && f->ops == &mqueue_ops)
		return f;
	if (f)
		file_put(f);
	return ERR_PTR(-EBADF);
}

/* ---- Messages ---- */

static int deadline_from_user(uint64_t utime, time_ns_t *deadline)
{
	struct linux_timespec t;
	uint64_t now;

	*deadline = TIME_FOREVER;
	if (!utime)
		return 0;
	if (copy_from_user(&t, utime, sizeof(t)))
		return -EFAULT;
	if (t.tv_sec < 0 || (uint64_t)t.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (t.tv_sec >= 1l << 33)
		return 0;
	now = time_realtime();
	*deadline = time_now();
	if ((uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec > now)
		*deadline += (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec - now;
	return 0;
}

/* The first message came and nobody waits for it: tell who asked, once. */
static void notify(struct mqueue *q)
{
	struct linux_siginfo info = { .si_code = LINUX_SI_MESGQ };

	mutex_lock(&queues_lock);
	if (q->notified) {
		info.si_signo = q->event.signo;
		info.sender.pid = pid_told_in(q->notified->pid_ns, current_process->pid);
		info.sender.uid = current->cred.uid;
		info.sender.value = q->event.value;
		if (q->event.notify == LINUX_SIGEV_SIGNAL && q->event.signo)
			(void)signal_send_process(q->notified, q->event.signo, &info);
		notify_forget(q);
	}
	mutex_unlock(&queues_lock);
}

static void message_insert(struct mqueue *q, struct message *m)
{
	struct message *other;
	struct list *after = &q->messages;

	list_for_each(other, &q->messages, link) {
		if (other->priority < m->priority)
			break;
		after = &other->link;
	}
	list_insert(&m->link, after, after->next);
	WRITE_ONCE(q->nr, q->nr + 1);
}

/* A message came or went: all of its times are now. */
static void queue_touch(struct file *f)
{
	inode_touch(f->inode);
	f->inode->atime = f->inode->mtime;
}

/* With q->lock held, on the return too: 0 with room for a message (or a message there), or -errno. */
static int queue_wait(struct file *f, struct mqueue *q, bool room, time_ns_t deadline) __must_hold(&q->lock)
{
	int err = 0;

	while (!err && (room ? q->nr >= q->max_nr : !q->nr)) {
		if (f->flags & LINUX_O_NONBLOCK)
			return -EAGAIN;
		q->nr_readers += !room;
		mutex_unlock(&q->lock);
		err = wait_event(&q->changed, room ? READ_ONCE(q->nr) < q->max_nr : READ_ONCE(q->nr), deadline, true);
		mutex_lock(&q->lock);
		q->nr_readers -= !room;
	}
	return err == -EINTR ? -ERESTARTSYS : err;
}

static int message_send(struct file *f, struct message *m, time_ns_t deadline)
{
	struct mqueue *q = f->priv;
	bool tell;
	int err;

	mutex_lock(&q->lock);
	err = queue_wait(f, q, true, deadline);
	tell = !err && !q->nr && !q->nr_readers;
	if (!err)
		message_insert(q, m);
	mutex_unlock(&q->lock);
	if (err)
		return err;
	queue_touch(f);
	wait_wake(&q->changed, LINUX_POLLIN | LINUX_POLLRDNORM);
	if (tell)
		notify(q);
	return 0;
}

static int64_t send_user(struct file *f, uint64_t udata, size_t size, uint32_t priority, time_ns_t deadline)
{
	const struct mqueue *q = f->priv;
	struct message *m;
	int err;

	if ((f->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY)
		return -EBADF;
	if (size > (size_t)q->max_size)
		return -EMSGSIZE;
	m = kzalloc(sizeof(*m) + size);
	if (!m)
		return -ENOMEM;
	m->priority = priority;
	m->size = size;
	err = copy_from_user(m->data, udata, size) ? -EFAULT : message_send(f, m, deadline);
	if (err)
		kfree(m);
	return err;
}

/* mq_timedsend(fd, data, size, priority, deadline) */
SYSCALL(NR_mq_timedsend, mq_timedsend)
{
	uint32_t priority = (uint32_t)args->a[3];
	time_ns_t deadline;
	struct file *f;
	int64_t err;

	err = deadline_from_user(args->a[4], &deadline);
	if (err)
		return err;
	if (priority >= LINUX_MQ_PRIO_MAX)
		return -EINVAL;
	f = mqueue_get((int)args->a[0]);
	if (IS_ERR(f))
		return PTR_ERR(f);
	err = send_user(f, args->a[1], args->a[2], priority, deadline);
	file_put(f);
	return err;
}

static struct message *message_receive(struct file *f, size_t size, time_ns_t deadline)
{
	struct mqueue *q = f->priv;
	struct message *m = NULL;
	int err;

	if ((f->flags & LINUX_O_ACCMODE) == LINUX_O_WRONLY)
		return ERR_PTR(-EBADF);
	if (size < (size_t)q->max_size)
		return ERR_PTR(-EMSGSIZE);
	mutex_lock(&q->lock);
	err = queue_wait(f, q, false, deadline);
	if (!err) {
		m = list_first(&q->messages, struct message, link);
		list_del(&m->link);
		WRITE_ONCE(q->nr, q->nr - 1);
	}
	mutex_unlock(&q->lock);
	if (err)
		return ERR_PTR(err);
	queue_touch(f);
	wait_wake(&q->changed, LINUX_POLLOUT | LINUX_POLLWRNORM);
	return m;
}

/* mq_timedreceive(fd, data, size, priority *, deadline) */
SYSCALL(NR_mq_timedreceive, mq_timedreceive)
{
	time_ns_t deadline;
	struct message *m;
	struct file *f;
	int64_t result;

	result = deadline_from_user(args->a[4], &deadline);
	if (result)
		return result;
	f = mqueue_get((int)args->a[0]);
	if (IS_ERR(f))
		return PTR_ERR(f);
	m = message_receive(f, args->a[2], deadline);
	file_put(f);
	if (IS_ERR(m))
		return PTR_ERR(m);
	result = (int64_t)m->size;
	if ((args->a[3] && put_user32(args->a[3], m->priority)) || copy_back_to_user(args->a[1], m->data, m->size))
		result = -EFAULT;
	kfree(m);
	return result;
}

/* ---- mq_notify and mq_getsetattr ---- */

static int notify_set(struct mqueue *q, const struct linux_sigevent *event)
{
	if (!event) {
		if (q->notified == current_process)
			notify_forget(q);
		return 0;
	}
	if (q->notified && q->notified->zombie)
		notify_forget(q);
	if (q->notified)
		return -EBUSY;
	q->event = *event;
	q->notified = current_process;
	process_get(q->notified);
	return 0;
}

/* mq_notify(fd, struct sigevent *) */
SYSCALL(NR_mq_notify, mq_notify)
{
	struct linux_sigevent event;
	struct file *f;
	int err;

	if (args->a[1] && copy_from_user(&event, args->a[1], sizeof(event)))
		return -EFAULT;
	if (args->a[1] && event.notify == LINUX_SIGEV_THREAD)
		return -EBADF;	/* its netlink socket */
	if (args->a[1] && event.notify != LINUX_SIGEV_NONE && event.notify != LINUX_SIGEV_SIGNAL)
		return -EINVAL;
	if (args->a[1] && event.notify == LINUX_SIGEV_SIGNAL && (event.signo < 0 || event.signo > LINUX_NSIG))
		return -EINVAL;
	f = mqueue_get((int)args->a[0]);
	if (IS_ERR(f))
		return PTR_ERR(f);
	mutex_lock(&queues_lock);
	err = notify_set(f->priv, args->a[1] ? &event : NULL);
	mutex_unlock(&queues_lock);
	file_put(f);
	return err;
}

/* mq_getsetattr(fd, new, old) */
SYSCALL(NR_mq_getsetattr, mq_getsetattr)
{
	struct linux_mq_attr new, old = { 0 };
	const struct mqueue *q;
	struct file *f;

	if (args->a[1] && copy_from_user(&new, args->a[1], sizeof(new)))
		return -EFAULT;
	if (args->a[1] && new.mq_flags & ~(long)LINUX_O_NONBLOCK)
		return -EINVAL;
	f = mqueue_get((int)args->a[0]);
	if (IS_ERR(f))
		return PTR_ERR(f);
	q = f->priv;
	old.mq_flags = f->flags & LINUX_O_NONBLOCK;
	old.mq_maxmsg = q->max_nr;
	old.mq_msgsize = q->max_size;
	old.mq_curmsgs = READ_ONCE(q->nr);
	if (args->a[1])
		f->flags = (f->flags & ~LINUX_O_NONBLOCK) | (uint32_t)new.mq_flags;
	file_put(f);
	return args->a[2] && copy_to_user(args->a[2], &old, sizeof(old)) ? -EFAULT : 0;
}

void mqueues_orphan(struct ipc_ns *ns)
{
	struct mqueue *q;

	mutex_lock(&queues_lock);
	list_for_each(q, &queues, link)
		if (q->ns == ns)
			q->ns = NULL;
	mutex_unlock(&queues_lock);
}
