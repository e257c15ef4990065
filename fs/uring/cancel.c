// SPDX-License-Identifier: GPL-2.0
/* io_uring: requests that end others, and the end of them all. What a disk or the worker has cannot be taken back. */
#include <mm/slab.h>
#include "uring.h"

#define DRAIN_MS	60000u
#define LOOK_AT_ONCE	64u	/* requests, interrupts off */

int uring_cancel_locked(struct uring_request *r)
{
	switch (r->state) {
	case REQUEST_TIMED:
		uring_complete_locked(r, -ECANCELED);
		return 0;
	case REQUEST_ARMED:
	case REQUEST_READY:
		r->cancelled = true;
		if (r->busy)		/* it sees that before it waits */
			return 0;
		if (r->state == REQUEST_READY)
			list_del(&r->link);
		uring_complete_locked(r, -ECANCELED);	/* at once: its process may be far from here, or dead */
		return 0;
	case REQUEST_WAITING:
	case REQUEST_STARTED:
		r->cancelled = true;
		return 0;
	default:
		return -EALREADY;
	}
}

/* Which requests are to end. */
struct cancel {
	uint64_t name;			/* their user_data */
	int fd;
	uint32_t flags;			/* LINUX_URING_CANCEL_* */
	bool polls;			/* none but polls */
	const struct process *of;	/* all that this one has sent; NULL: by the rest */
	const struct uring_request *by;	/* is not meant; NULL: none asks */
};

/* What limits the time of another request ends with that one. */
static bool is_meant(const struct uring_request *r, const struct cancel *c)
{
	if (r == c->by || r->state == REQUEST_DONE || r->cancelled || r->sqe.opcode == LINUX_URING_OP_LINK_TIMEOUT)
		return false;
	if (c->of)
		return r->process == c->of;
	if (c->polls)
		return r->sqe.opcode == LINUX_URING_OP_POLL_ADD && r->sqe.user_data == c->name;
	if (c->flags & LINUX_URING_CANCEL_ANY)
		return true;
	if (c->flags & LINUX_URING_CANCEL_FD)
		return r->sqe.fd == c->fd && r->file &&
		       !(r->sqe.flags & LINUX_URING_SQE_FIXED_FILE) == !(c->flags & LINUX_URING_CANCEL_FD_FIXED);
	return r->sqe.user_data == c->name;
}

/* Who ends all takes no notice of what cannot be ended. */
static bool is_wanted(const struct uring_request *r, const struct cancel *c)
{
	return is_meant(r, c) && (r->state != REQUEST_AWAY || !(c->flags & (LINUX_URING_CANCEL_ALL | LINUX_URING_CANCEL_ANY)));
}

static struct uring_request *next_meant(struct uring *u, const struct cancel *c)
{
	struct uring_request *r;

	if (!(c->flags & (LINUX_URING_CANCEL_ANY | LINUX_URING_CANCEL_FD))) {
		list_for_each(r, uring_names(u, c->name), name_link)
			if (is_wanted(r, c))
				return r;
		return NULL;
	}
	list_for_each(r, &u->requests, all_link)
		if (is_wanted(r, c))
			return r;
	return NULL;
}

/* 0, -ENOENT, -EALREADY. */
static int cancel_next(struct uring *u, const struct cancel *c)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	struct uring_request *r = next_meant(u, c);
	int err = r ? uring_cancel_locked(r) : -ENOENT;

	spin_unlock_irq(&u->done_lock, flags);
	if (!err)
		uring_tell(u);
	return err;
}

static uint32_t nr_running(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	uint32_t nr = u->running;

	spin_unlock_irq(&u->done_lock, flags);
	return nr;
}

/* Look at @nr from the first on, which go behind the last. How many end. done_lock held. */
static int64_t cancel_some(struct uring *u, const struct cancel *c, uint32_t nr)
{
	struct uring_request *r;
	int64_t ended = 0;

	for (uint32_t i = 0; i < nr && !u->dying && !list_empty(&u->requests); i++) {
		r = list_first(&u->requests, struct uring_request, all_link);
		list_del(&r->all_link);
		list_append(&u->requests, &r->all_link);
		ended += is_wanted(r, c) && !uring_cancel_locked(r);
	}
	return ended;
}

/* Each request that is there now is looked at once. There may be very many: interrupts come in between. */
static int64_t cancel_each(struct uring *u, const struct cancel *c)
{
	int64_t ended = 0;

	for (uint32_t nr, left = nr_running(u); left; left -= nr) {
		uint64_t flags = spin_lock_irq(&u->done_lock);

		nr = MIN(left, LOOK_AT_ONCE);
		ended += cancel_some(u, c, nr);
		spin_unlock_irq(&u->done_lock, flags);
	}
	if (ended)
		uring_tell(u);
	return ended;
}

static int64_t cancel_meant(struct uring *u, const struct cancel *c)
{
	return c->flags & (LINUX_URING_CANCEL_ALL | LINUX_URING_CANCEL_ANY) ? cancel_each(u, c) : cancel_next(u, c);
}

int64_t uring_cancel(struct uring_request *r)
{
	struct cancel c = { .name = r->sqe.address, .fd = r->sqe.fd, .flags = r->sqe.op_flags, .by = r };

	if (r->sqe.op_flags & ~LINUX_URING_CANCEL_FLAGS || r->sqe.offset || r->sqe.length)
		return -EINVAL;
	return cancel_meant(r->uring, &c);
}

static int sync_read(uint64_t from, uint32_t nr, struct cancel *c, time_ns_t *deadline)
{
	struct linux_uring_sync_cancel s;

	if (nr != 1 || !from)
		return -EINVAL;
	if (copy_from_user(&s, from, sizeof(s)))
		return -EFAULT;
	if (s.flags & ~LINUX_URING_CANCEL_FLAGS || s.pad[0] || s.pad[1] || s.pad[2] || s.pad[3])
		return -EINVAL;
	*c = (struct cancel){ .name = s.address, .fd = s.fd, .flags = s.flags };
	*deadline = TIME_FOREVER;
	if (s.seconds == -1 && s.nanoseconds == -1)
		return 0;
	if (s.seconds < 0 || s.nanoseconds < 0 || s.nanoseconds >= (long long)NSEC_PER_SEC)
		*deadline = time_now();
	else if (s.seconds < 9000000000)
		*deadline = time_now() + (uint64_t)s.seconds * NSEC_PER_SEC + (uint64_t)s.nanoseconds;
	return 0;
}

int64_t uring_cancel_sync(struct uring *u, uint64_t from, uint32_t nr)
{
	time_ns_t deadline = 0;
	struct cancel c;
	int64_t n = sync_read(from, nr, &c, &deadline);
	bool waited = false;
	int err = 0;

	while (!n && !err) {
		uint32_t before = nr_running(u);

		mutex_lock(&u->lock);
		n = cancel_meant(u, &c);
		mutex_unlock(&u->lock);
		if (n != -EALREADY)
			break;
		n = 0;
		waited = true;
		err = wait_event(&u->wait, nr_running(u) != before || uring_ready_waits(u), deadline, true);
		if (!err && uring_ready_waits(u)) {
			mutex_lock(&u->lock);
			uring_run_ready(u);
			mutex_unlock(&u->lock);
		}
	}
	if (err)
		return err == -ETIMEDOUT ? -ETIME : err;
	return waited && n == -ENOENT ? 0 : n;
}

/* Another name, or other events: the request looks again, in its process. One that looks just now is told -EALREADY. */
static int64_t poll_update(struct uring_request *by)
{
	const struct linux_uring_sqe *sqe = &by->sqe;
	struct cancel c = { .name = sqe->address, .polls = true, .by = by };
	struct uring *u = by->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);
	struct uring_request *r = next_meant(u, &c);
	bool armed = r && r->state == REQUEST_ARMED;

	if (armed && sqe->length & LINUX_URING_POLL_UPDATE_NAME) {
		r->sqe.user_data = sqe->offset;
		list_del(&r->name_link);
		list_append(uring_names(u, sqe->offset), &r->name_link);
	}
	if (armed && sqe->length & LINUX_URING_POLL_UPDATE_EVENTS) {
		r->sqe.op_flags = sqe->op_flags;
		r->sqe.length = sqe->length & LINUX_URING_POLL_MULTI;
	}
	if (armed)
		uring_ready_locked(r);
	spin_unlock_irq(&u->done_lock, flags);
	return !r ? -ENOENT : armed ? 0 : -EALREADY;
}

int64_t uring_poll_remove(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	struct cancel c = { .name = sqe->address, .polls = true, .by = r };
	uint32_t update = LINUX_URING_POLL_UPDATE_EVENTS | LINUX_URING_POLL_UPDATE_NAME;

	if (sqe->buffer_index || sqe->splice_fd || sqe->length & ~(update | LINUX_URING_POLL_MULTI) || sqe->length == LINUX_URING_POLL_MULTI)
		return -EINVAL;
	if ((!(sqe->length & LINUX_URING_POLL_UPDATE_NAME) && sqe->offset) || (!(sqe->length & LINUX_URING_POLL_UPDATE_EVENTS) && sqe->op_flags))
		return -EINVAL;
	return sqe->length ? poll_update(r) : cancel_next(r->uring, &c);
}

/* ---- A process goes ---- */

/* What a disk or the worker has ends by itself. */
static struct cancel all_of(const struct process *p)
{
	return (struct cancel){ .of = p, .flags = LINUX_URING_CANCEL_ANY };
}

/* What has ended may still hold a file, and that be a ring. done_lock held. */
static bool holds_files_of(struct uring *u, const struct process *p)
{
	const struct uring_request *r;

	list_for_each(r, &u->finished, link)
		if (r->process == p && (r->file || r->other))
			return true;
	list_for_each(r, &u->holding, all_link)
		if (r->process == p)
			return true;
	return false;
}

bool uring_has_requests_of(struct uring *u, const struct process *p)
{
	const struct cancel c = all_of(p);
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool has = !u->dying && (next_meant(u, &c) || holds_files_of(u, p));

	spin_unlock_irq(&u->done_lock, flags);
	return has;
}

void uring_cancel_of(struct uring *u, const struct process *p)
{
	const struct cancel c = all_of(p);

	(void)cancel_each(u, &c);
}

/* ---- The ring goes ---- */

static bool uring_idle(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool idle = !u->running;

	spin_unlock_irq(&u->done_lock, flags);
	return idle;
}

/* Take what no disk and no worker has off the ring; nothing is told any more. */
static void requests_take(struct uring *u, struct list *to)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	struct uring_request *r, *next;

	u->dying = true;
	list_for_each_safe(r, next, &u->requests, all_link) {
		r->next = r->guard = NULL;
		if (r->state == REQUEST_AWAY)
			continue;
		if (r->state == REQUEST_READY || !list_empty(&r->link))
			list_del(&r->link);
		r->state = REQUEST_DONE;
		list_del(&r->all_link);
		list_del(&r->name_link);
		list_append(to, &r->link);
		u->running--;
	}
	spin_unlock_irq(&u->done_lock, flags);
}

void uring_cancel_all(struct uring *u)
{
	struct list taken = LIST_INIT(taken);
	struct uring_request *r, *next;

	mutex_lock(&u->lock);	/* nobody starts any */
	requests_take(u, &taken);
	mutex_unlock(&u->lock);
	list_for_each_safe(r, next, &taken, link)
		uring_request_free(r);
	wait_event(&u->wait, uring_idle(u), time_now() + DRAIN_MS * NSEC_PER_MSEC, false);
	while (__atomic_load_n(&u->telling, __ATOMIC_ACQUIRE))
		sched_yield();
	/* What is in flight writes into pages that are pinned: the ring stays for ever when a disk never answers. */
	if (!uring_idle(u))
		ref_get(&u->ref);
}
