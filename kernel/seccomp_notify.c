// SPDX-License-Identifier: GPL-2.0
/*
 * The listener of a seccomp filter (SECCOMP_FILTER_FLAG_NEW_LISTENER, seccomp_unotify(2)): a file that tells of each call which the filter
 * answered with SECCOMP_RET_USER_NOTIF, while its thread waits for the answer: a result, an error, that the call be made after all, or
 * descriptors first. A request lies on the stack of its thread, one for a descriptor on that of who adds it; both are reached with the
 * listener's lock only, while they are on its lists.
 */
#include <fs/internal.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/seccomp.h>
#include <kernel/signal.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux_seccomp.h>
#include "seccomp_internal.h"

#define ADDFD_SIZE_MIN	24u		/* struct seccomp_notif_addfd of Linux 5.9 */
#define ADDFD_SIZE_MAX	4096u

enum request_state { REQUEST_NEW, REQUEST_RECEIVED, REQUEST_ANSWERED };

struct seccomp_listener {
	struct ref ref;		/* the file's, the filter's, and one of each call that waits */
	bool killable;
	struct wait_queue changed;	/* pollers, receivers, who adds descriptors */
	struct spinlock lock;
	/* Guarded by lock. */
	struct list requests;
	uint64_t next_id;
	bool closed, unused;
};

struct request {
	struct list link;
	struct list added;		/* struct added_fd, to be installed by the thread itself */
	struct wait_queue changed;
	enum request_state state;
	uint64_t id;
	pid_t tid;
	const struct linux_seccomp_data *data;
	struct linux_seccomp_resp answer;
};

struct added_fd {
	struct list link;
	struct file *file;
	struct linux_seccomp_addfd how;
	int result;
	bool taken, done;	/* done: nobody else touches it any more */
};

void seccomp_listener_get(struct seccomp_listener *l)
{
	ref_get(&l->ref);
}

void seccomp_listener_put(struct seccomp_listener *l)
{
	if (ref_put(&l->ref))
		kfree(l);
}

void seccomp_listener_unused(struct seccomp_listener *l)
{
	uint64_t flags = spin_lock_irq(&l->lock);

	l->unused = true;
	spin_unlock_irq(&l->lock, flags);
	wait_wake(&l->changed, LINUX_POLLHUP);
	seccomp_listener_put(l);
}

/* ---- The thread whose call it is ---- */

static bool request_has_news(struct seccomp_listener *l, struct request *r, bool uninterruptible)
{
	uint64_t flags = spin_lock_irq(&l->lock);
	bool news = r->state == REQUEST_ANSWERED || !list_empty(&r->added) || (l->killable && r->state == REQUEST_RECEIVED && !uninterruptible);

	spin_unlock_irq(&l->lock, flags);
	return news;
}

static int fd_add(const struct added_fd *a)
{
	bool cloexec = a->how.newfd_flags & LINUX_O_CLOEXEC;

	if (a->how.flags & LINUX_SECCOMP_ADDFD_FLAG_SETFD)
		return fd_replace(a->file, (int)a->how.newfd, cloexec);
	return fd_install(current_process->files, a->file, 0, cloexec);
}

/* Install the first descriptor of the list; false when there is none. */
static bool request_add_fd(struct seccomp_listener *l, struct request *r)
{
	uint64_t flags = spin_lock_irq(&l->lock);
	struct added_fd *a = NULL;
	int fd;

	if (!list_empty(&r->added)) {
		a = list_first(&r->added, struct added_fd, link);
		list_del(&a->link);
		a->taken = true;
	}
	spin_unlock_irq(&l->lock, flags);
	if (!a)
		return false;
	fd = fd_add(a);
	flags = spin_lock_irq(&l->lock);
	if (a->how.flags & LINUX_SECCOMP_ADDFD_FLAG_SEND && r->state == REQUEST_ANSWERED) {
		if (fd < 0)
			r->state = REQUEST_RECEIVED;
		else
			r->answer = (struct linux_seccomp_resp){ .val = fd };
	}
	a->result = fd;
	a->done = true;
	spin_unlock_irq(&l->lock, flags);
	wait_wake(&l->changed, 0);
	return true;
}

/* An answer that comes with a descriptor is one only when that is there. */
static bool request_is_answered(struct seccomp_listener *l, const struct request *r)
{
	uint64_t flags = spin_lock_irq(&l->lock);
	bool answered = r->state == REQUEST_ANSWERED && list_empty(&r->added);

	spin_unlock_irq(&l->lock, flags);
	return answered;
}

/* Until it is answered: 0; or what ends the wait. */
static int request_wait(struct seccomp_listener *l, struct request *r)
{
	for (;;) {
		bool received = READ_ONCE(r->state) != REQUEST_NEW, uninterruptible = l->killable && received;
		enum sleep_end how = uninterruptible ? SLEEP_DEATH : SLEEP_SIGNAL;
		int err = wait_event(&r->changed, request_has_news(l, r, uninterruptible), TIME_FOREVER, how);

		while (request_add_fd(l, r))
			;
		if (request_is_answered(l, r))
			return 0;
		if (thread_is_dying() || err == -EINTR)
			return -ERESTARTSYS;
	}
}

static void request_end(struct seccomp_listener *l, struct request *r)
{
	uint64_t flags = spin_lock_irq(&l->lock);

	list_del(&r->link);
	while (!list_empty(&r->added)) {
		struct added_fd *a = list_first(&r->added, struct added_fd, link);

		list_del(&a->link);
		a->result = -ESRCH;
		a->done = true;
	}
	spin_unlock_irq(&l->lock, flags);
	wait_wake(&l->changed, 0);
}

int64_t seccomp_notify(struct seccomp_listener *l, struct regs *regs, const struct linux_seccomp_data *data)
{
	struct request r = { .state = REQUEST_NEW, .tid = current->tid, .data = data };
	uint64_t flags;
	int64_t err;

	list_init(&r.added);
	wait_queue_init(&r.changed, "seccomp_request");
	flags = spin_lock_irq(&l->lock);
	if (l->closed) {
		spin_unlock_irq(&l->lock, flags);
		regs->rax = (uint64_t)(int64_t)-ENOSYS;
		return -1;
	}
	r.id = l->next_id++;
	list_append(&l->requests, &r.link);
	spin_unlock_irq(&l->lock, flags);
	wait_wake(&l->changed, LINUX_POLLIN | LINUX_POLLRDNORM);
	err = request_wait(l, &r);
	request_end(l, &r);
	if (!err && (r.answer.flags & LINUX_SECCOMP_USER_NOTIF_FLAG_CONTINUE))
		return data->nr;
	if (!err)
		err = r.answer.error;
	regs->rax = (uint64_t)(err ? err : r.answer.val);
	return -1;
}

/* ---- Who listens ---- */

/* l->lock held. */
static struct request *request_find(struct seccomp_listener *l, uint64_t id)
{
	struct request *r;

	list_for_each(r, &l->requests, link)
		if (r->id == id)
			return r;
	return NULL;
}

/* l->lock held. Has a call that was received and waits for its answer: it, or -ENOENT, -EINPROGRESS. */
static struct request *request_received(struct seccomp_listener *l, uint64_t id)
{
	struct request *r = request_find(l, id);

	if (!r)
		return ERR_PTR(-ENOENT);
	return r->state == REQUEST_RECEIVED ? r : ERR_PTR(-EINPROGRESS);
}

/* Tell of the oldest call that nobody knows yet. */
static bool take_request(struct seccomp_listener *l, struct linux_seccomp_notif *n)
{
	uint64_t flags = spin_lock_irq(&l->lock);
	struct request *r, *found = NULL;

	list_for_each(r, &l->requests, link)
		if (!found && r->state == REQUEST_NEW)
			found = r;
	if (found) {
		found->state = REQUEST_RECEIVED;
		*n = (struct linux_seccomp_notif){ .id = found->id, .pid = (uint32_t)pid_told(found->tid), .data = *found->data };
		wait_wake(&found->changed, 0);
	}
	spin_unlock_irq(&l->lock, flags);
	return found;
}

/* Who took it could not be told after all. */
static void give_back(struct seccomp_listener *l, uint64_t id)
{
	uint64_t flags = spin_lock_irq(&l->lock);
	struct request *r = request_find(l, id);

	if (r && r->state == REQUEST_RECEIVED)
		r->state = REQUEST_NEW;
	spin_unlock_irq(&l->lock, flags);
	wait_wake(&l->changed, LINUX_POLLIN | LINUX_POLLRDNORM);
}

static int64_t receive(struct seccomp_listener *l, uint64_t address)
{
	static const struct linux_seccomp_notif none;
	struct linux_seccomp_notif n;
	int err;

	if (copy_from_user(&n, address, sizeof(n)))
		return -EFAULT;
	if (memcmp(&n, &none, sizeof(n)))
		return -EINVAL;
	err = wait_event(&l->changed, take_request(l, &n), TIME_FOREVER, true);
	if (err)
		return err;
	if (copy_back_to_user(address, &n, sizeof(n))) {
		give_back(l, n.id);
		return -EFAULT;
	}
	wait_wake(&l->changed, LINUX_POLLOUT | LINUX_POLLWRNORM);
	return 0;
}

static int64_t answer(struct seccomp_listener *l, uint64_t address)
{
	struct linux_seccomp_resp resp;
	struct request *r;
	uint64_t flags;

	if (copy_from_user(&resp, address, sizeof(resp)))
		return -EFAULT;
	if (resp.flags & ~LINUX_SECCOMP_USER_NOTIF_FLAG_CONTINUE)
		return -EINVAL;
	if (resp.flags && (resp.error || resp.val))
		return -EINVAL;
	flags = spin_lock_irq(&l->lock);
	r = request_received(l, resp.id);
	if (!IS_ERR(r)) {
		r->answer = resp;
		r->state = REQUEST_ANSWERED;
		wait_wake(&r->changed, 0);
	}
	spin_unlock_irq(&l->lock, flags);
	return IS_ERR(r) ? PTR_ERR(r) : 0;
}

static int64_t id_valid(struct seccomp_listener *l, uint64_t address)
{
	struct request *r;
	uint64_t id, flags;

	if (get_user64(&id, address))
		return -EFAULT;
	flags = spin_lock_irq(&l->lock);
	r = request_received(l, id);
	spin_unlock_irq(&l->lock, flags);
	return IS_ERR(r) ? -ENOENT : 0;
}

static int addfd_from_user(struct linux_seccomp_addfd *how, uint64_t address, uint32_t size)
{
	int err;

	if (size < ADDFD_SIZE_MIN || size >= ADDFD_SIZE_MAX)
		return -EINVAL;
	err = copy_struct_from_user(how, sizeof(*how), address, size);
	if (err)
		return err;
	if (how->newfd_flags & ~(uint32_t)LINUX_O_CLOEXEC)
		return -EINVAL;
	if (how->flags & ~(LINUX_SECCOMP_ADDFD_FLAG_SETFD | LINUX_SECCOMP_ADDFD_FLAG_SEND))
		return -EINVAL;
	return how->newfd && !(how->flags & LINUX_SECCOMP_ADDFD_FLAG_SETFD) ? -EINVAL : 0;
}

/* Put @a on the list of its call. */
static int addfd_ask(struct seccomp_listener *l, struct added_fd *a)
{
	uint64_t flags = spin_lock_irq(&l->lock);
	struct request *r = request_received(l, a->how.id);
	int err = IS_ERR(r) ? PTR_ERR(r) : 0;

	if (!err && a->how.flags & LINUX_SECCOMP_ADDFD_FLAG_SEND && !list_empty(&r->added))
		err = -EBUSY;
	if (!err) {
		if (a->how.flags & LINUX_SECCOMP_ADDFD_FLAG_SEND)
			r->state = REQUEST_ANSWERED;
		list_append(&r->added, &a->link);
		wait_wake(&r->changed, 0);
	}
	spin_unlock_irq(&l->lock, flags);
	return err;
}

/* Off the list before the thread looked at it? */
static bool addfd_withdraw(struct seccomp_listener *l, struct added_fd *a)
{
	uint64_t flags = spin_lock_irq(&l->lock);
	bool mine = !a->taken && !a->done;

	if (mine) {
		struct request *r = request_find(l, a->how.id);

		list_del(&a->link);
		if (r && a->how.flags & LINUX_SECCOMP_ADDFD_FLAG_SEND)
			r->state = REQUEST_RECEIVED;
	}
	spin_unlock_irq(&l->lock, flags);
	return mine;
}

static bool addfd_is_done(struct seccomp_listener *l, const struct added_fd *a)
{
	uint64_t flags = spin_lock_irq(&l->lock);
	bool done = a->done;

	spin_unlock_irq(&l->lock, flags);
	return done;
}

static int64_t add_fd(struct seccomp_listener *l, uint64_t address, uint32_t size)
{
	struct added_fd a = { .result = 0 };
	int err = addfd_from_user(&a.how, address, size);

	if (err)
		return err;
	a.file = fd_get_io((int)a.how.srcfd);
	if (!a.file)
		return -EBADF;
	err = addfd_ask(l, &a);
	if (!err)
		err = wait_event(&l->changed, addfd_is_done(l, &a), TIME_FOREVER, true);
	if (err == -EINTR && !addfd_withdraw(l, &a))
		err = wait_event(&l->changed, addfd_is_done(l, &a), TIME_FOREVER, false);	/* the thread is at it */
	file_put(a.file);
	return err ? err : a.result;
}

static int64_t listener_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case LINUX_SECCOMP_IOCTL_NOTIF_RECV:
		return receive(f->priv, arg);
	case LINUX_SECCOMP_IOCTL_NOTIF_SEND:
		return answer(f->priv, arg);
	case LINUX_SECCOMP_IOCTL_NOTIF_ID_VALID:
	case LINUX_SECCOMP_IOCTL_NOTIF_ID_VALID_OLD:
		return id_valid(f->priv, arg);
	}
	/* The size is that of the caller's structure. */
	if ((uint16_t)cmd == (uint16_t)LINUX_SECCOMP_IOCTL_NOTIF_ADDFD)
		return add_fd(f->priv, arg, (cmd & LINUX_IOC_SIZE_BITS) >> 16);
	return -EINVAL;
}

static uint32_t listener_poll(struct file *f, struct poll_table *table)
{
	struct seccomp_listener *l = f->priv;
	struct request *r;
	uint32_t events;
	uint64_t flags;

	poll_wait(f, &l->changed, table);
	flags = spin_lock_irq(&l->lock);
	events = l->unused ? LINUX_POLLHUP : 0;
	list_for_each(r, &l->requests, link) {
		if (r->state == REQUEST_NEW)
			events |= LINUX_POLLIN | LINUX_POLLRDNORM;
		if (r->state == REQUEST_RECEIVED)
			events |= LINUX_POLLOUT | LINUX_POLLWRNORM;
	}
	spin_unlock_irq(&l->lock, flags);
	return events;
}

/* Nobody will answer any more. */
static void listener_release(struct file *f)
{
	struct seccomp_listener *l = f->priv;
	uint64_t flags = spin_lock_irq(&l->lock);
	struct request *r;

	l->closed = true;
	list_for_each(r, &l->requests, link) {
		if (r->state != REQUEST_ANSWERED)
			r->answer = (struct linux_seccomp_resp){ .error = -ENOSYS };
		r->state = REQUEST_ANSWERED;
		wait_wake(&r->changed, 0);
	}
	spin_unlock_irq(&l->lock, flags);
	seccomp_listener_put(l);
}

static const struct file_ops listener_ops = {
	.name = "seccomp notify", .ioctl = listener_ioctl, .poll = listener_poll, .release = listener_release,
};

int seccomp_listener_create(bool killable, struct seccomp_listener **listener, struct file **f)
{
	struct seccomp_listener *l = kzalloc(sizeof(*l));

	*f = l ? file_alloc(&listener_ops, l, LINUX_O_RDWR) : NULL;
	if (!*f) {
		kfree(l);
		return file_alloc_error();
	}
	ref_init(&l->ref);
	ref_get(&l->ref);
	l->killable = killable;
	spin_init(&l->lock, "seccomp_listener");
	wait_queue_init(&l->changed, "seccomp_listener");
	list_init(&l->requests);
	random_bytes(&l->next_id, sizeof(l->next_id));
	*listener = l;
	return 0;
}
