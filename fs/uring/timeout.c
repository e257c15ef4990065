// SPDX-License-Identifier: GPL-2.0
/* io_uring: requests that end by the clock or by a number of completions, and those that limit the time of the request before them. */
#include "uring.h"

#define FLAGS_KNOWN	(LINUX_URING_TIMEOUT_ABS | LINUX_URING_TIMEOUT_BOOTTIME | LINUX_URING_TIMEOUT_REALTIME | LINUX_URING_TIMEOUT_ETIME_SUCCESS)
#define CLOCKS		(LINUX_URING_TIMEOUT_BOOTTIME | LINUX_URING_TIMEOUT_REALTIME)
#define SECONDS_MAX	9000000000ll

/* The moment that @from and @flags name, in time since boot. */
static int moment_read(uint64_t from, uint32_t flags, time_ns_t *moment)
{
	struct linux_timespec t;
	uint64_t ns, now = flags & LINUX_URING_TIMEOUT_REALTIME ? time_realtime() : time_now();

	if (copy_from_user(&t, from, sizeof(t)))
		return -EFAULT;
	if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= (long)NSEC_PER_SEC)
		return -EINVAL;
	if (t.tv_sec > SECONDS_MAX) {
		*moment = TIME_FOREVER;
		return 0;
	}
	ns = (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
	if (flags & LINUX_URING_TIMEOUT_ABS)
		ns = ns > now ? ns - now : 0;
	*moment = time_now() + ns;
	return 0;
}

/* What it guards ends with it, if that can. */
static void guard_over(struct uring_request *g)
{
	struct uring_request *r = g->guarded;
	int err;

	r->guard = NULL;
	err = uring_cancel_locked(r);
	g->untold = g->sqe.flags & LINUX_URING_SQE_CQE_SKIP;
	uring_complete_locked(g, err ? err : -ETIME);
}

static void timeout_end(struct uring_request *r, int64_t result)
{
	WRITE_ONCE(r->uring->nr_timeouts, r->uring->nr_timeouts + 1);
	uring_complete_locked(r, result);
}

static void timeout_over(struct timer *t)
{
	struct uring_request *r = container_of(t, struct uring_request, timer);
	struct uring *u = r->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);

	if (r->state == REQUEST_TIMED && r->guarded)
		guard_over(r);
	else if (r->state == REQUEST_TIMED)
		timeout_end(r, -ETIME);
	spin_unlock_irq(&u->done_lock, flags);
	uring_tell(u);
}

int uring_timeout_prepare(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;

	if (sqe->op_flags & ~FLAGS_KNOWN || sqe->length != 1 || (sqe->op_flags & CLOCKS) == CLOCKS ||
	    (sqe->opcode == LINUX_URING_OP_LINK_TIMEOUT && sqe->offset))
		return -EINVAL;
	timer_init(&r->timer, timeout_over);
	r->timed = true;
	return moment_read(sqe->address, sqe->op_flags, &r->deadline);
}

void uring_guard_arm(struct uring_request *r)
{
	struct uring_request *g = r->guard;

	g->state = REQUEST_TIMED;
	g->guarded = r;
	timer_arm(&g->timer, g->deadline);
}

/* done_lock held. Before those that wait for more. */
static void count_from_now(struct uring *u, struct uring_request *r)
{
	struct list *before = &u->counting;
	struct uring_request *other;

	r->counting = true;
	r->target = u->nr_told + (uint32_t)r->sqe.offset;
	list_for_each(other, &u->counting, link) {
		if ((int32_t)(other->target - r->target) > 0) {
			before = &other->link;
			break;
		}
	}
	list_append(before, &r->link);
}

int64_t uring_timeout_start(struct uring_request *r)
{
	struct uring *u = r->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool cancelled = r->cancelled;

	if (!cancelled) {
		r->state = REQUEST_TIMED;
		if (r->sqe.offset)
			count_from_now(u, r);
		timer_arm(&r->timer, r->deadline);
	}
	spin_unlock_irq(&u->done_lock, flags);
	return cancelled ? -ECANCELED : URING_PENDING;
}

void uring_timeouts_count(struct uring *u)
{
	u->counting_now = true;	/* what ends here must not begin again */
	while (!list_empty(&u->counting)) {
		struct uring_request *r = list_first(&u->counting, struct uring_request, link);

		if ((int32_t)(u->nr_told - r->target) < 0)
			break;
		timeout_end(r, 0);
	}
	u->counting_now = false;
}

int64_t uring_timeout_remove(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	bool update = sqe->op_flags & LINUX_URING_TIMEOUT_UPDATE;
	struct uring *u = r->uring;
	struct uring_request *t;
	time_ns_t moment = 0;
	int64_t result = -ENOENT;
	uint64_t flags;

	if (sqe->op_flags & ~(LINUX_URING_TIMEOUT_UPDATE | LINUX_URING_TIMEOUT_ABS | CLOCKS) || (!update && sqe->op_flags))
		return -EINVAL;
	if (update && moment_read(sqe->offset, sqe->op_flags, &moment))
		return -EFAULT;
	flags = spin_lock_irq(&u->done_lock);
	list_for_each(t, uring_names(u, sqe->address), name_link) {
		if (t->state != REQUEST_TIMED || t->guarded || t->sqe.user_data != sqe->address)
			continue;
		if (update)
			timer_arm(&t->timer, moment);
		else
			uring_complete_locked(t, -ECANCELED);
		result = 0;
		break;
	}
	spin_unlock_irq(&u->done_lock, flags);
	if (!result && !update)
		uring_tell(u);
	return result;
}
