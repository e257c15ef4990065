// SPDX-License-Identifier: GPL-2.0
/* io_uring: requests that end others, and the end of them all. What a disk or the worker has cannot be taken back. */
#include <mm/slab.h>
#include "uring.h"

#define DRAIN_MS	60000u

int uring_cancel_locked(struct uring_request *r)
{
	switch (r->state) {
	case REQUEST_TIMED:
		uring_complete_locked(r, -ECANCELED);
		return 0;
	case REQUEST_ARMED:
		r->cancelled = true;
		uring_ready_locked(r);
		return 0;
	case REQUEST_WAITING:
	case REQUEST_READY:
	case REQUEST_STARTED:	/* it sees that before it waits */
		r->cancelled = true;
		return 0;
	default:
		return -EALREADY;
	}
}

static bool is_meant(const struct uring_request *r, const struct uring_request *by)
{
	const struct linux_uring_sqe *sqe = &by->sqe;

	if (r == by || r->state == REQUEST_DONE || r->cancelled)
		return false;
	if (by->sqe.opcode == LINUX_URING_OP_POLL_REMOVE)
		return r->sqe.opcode == LINUX_URING_OP_POLL_ADD && r->sqe.user_data == sqe->address;
	if (sqe->op_flags & LINUX_URING_CANCEL_ANY)
		return true;
	if (sqe->op_flags & LINUX_URING_CANCEL_FD)
		return r->sqe.fd == sqe->fd && r->file &&
		       !(r->sqe.flags & LINUX_URING_SQE_FIXED_FILE) == !(sqe->op_flags & LINUX_URING_CANCEL_FD_FIXED);
	return r->sqe.user_data == sqe->address;
}

static struct uring_request *next_meant(struct uring *u, const struct uring_request *by)
{
	struct uring_request *r;

	list_for_each(r, &u->requests, all_link)
		if (is_meant(r, by) && (r->state != REQUEST_AWAY || !(by->sqe.op_flags & (LINUX_URING_CANCEL_ALL | LINUX_URING_CANCEL_ANY))))
			return r;
	return NULL;
}

/* 0, -ENOENT, -EALREADY. */
static int cancel_next(struct uring_request *by)
{
	struct uring *u = by->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);
	struct uring_request *r = next_meant(u, by);
	int err = r ? uring_cancel_locked(r) : -ENOENT;

	spin_unlock_irq(&u->done_lock, flags);
	if (!err)
		uring_tell(u);
	return err;
}

int64_t uring_cancel(struct uring_request *r)
{
	int64_t nr = 0;

	if (r->sqe.op_flags & ~LINUX_URING_CANCEL_FLAGS || r->sqe.offset || r->sqe.length)
		return -EINVAL;
	if (!(r->sqe.op_flags & (LINUX_URING_CANCEL_ALL | LINUX_URING_CANCEL_ANY)))
		return cancel_next(r);
	while (!cancel_next(r))
		nr++;
	return nr;
}

/* Another name, or other events: the request looks again, in its process. One that looks just now is told -EALREADY. */
static int64_t poll_update(struct uring_request *by)
{
	const struct linux_uring_sqe *sqe = &by->sqe;
	struct uring *u = by->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);
	struct uring_request *r = next_meant(u, by);
	bool armed = r && r->state == REQUEST_ARMED;

	if (armed && sqe->length & LINUX_URING_POLL_UPDATE_NAME)
		r->sqe.user_data = sqe->offset;
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
	uint32_t update = LINUX_URING_POLL_UPDATE_EVENTS | LINUX_URING_POLL_UPDATE_NAME;

	if (sqe->buffer_index || sqe->splice_fd || sqe->length & ~(update | LINUX_URING_POLL_MULTI) || sqe->length == LINUX_URING_POLL_MULTI)
		return -EINVAL;
	if ((!(sqe->length & LINUX_URING_POLL_UPDATE_NAME) && sqe->offset) || (!(sqe->length & LINUX_URING_POLL_UPDATE_EVENTS) && sqe->op_flags))
		return -EINVAL;
	return sqe->length ? poll_update(r) : cancel_next(r);
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
