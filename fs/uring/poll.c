// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: requests that wait until a file is ready. Such a one stands on the queues of its file; a wake puts it on the ring's ready list, and
 * a thread of its process goes on with it, inside io_uring_enter() or on its next way to user mode, because only there its memory is.
 */
#include <asm/cpu.h>
#include <mm/slab.h>
#include "uring.h"

#define QUEUES_MAX	4	/* that one poll op may name */
#define POLL_ALWAYS	(LINUX_POLLERR | LINUX_POLLHUP)

struct uring_waiter {
	struct waiter waiter;
	struct uring_request *request;
	struct list late_link;		/* guarded by late_lock */
	uint32_t late_now;		/* atomic: CPUs that wake its request */
};

struct uring_poll {
	struct poll_table table;
	struct uring_request *request;
	uint32_t events;
	bool of_ring;		/* the file is one */
	unsigned int nr_waiters;
	struct uring_waiter waiters[QUEUES_MAX];
};

static struct spinlock rings_lock = SPINLOCK_INIT("io_urings");
static struct list rings = LIST_INIT(rings);	/* guarded by rings_lock */

/* ---- Waiting ---- */

static void request_wake(struct uring_request *r, uint32_t events)
{
	struct uring *u = r->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);

	if (r->sqe.opcode == LINUX_URING_OP_POLL_ADD && u->flags & LINUX_URING_SETUP_DEFER_TASKRUN)
		r->seen |= events;
	if (r->state == REQUEST_ARMED)
		uring_ready_locked(r);
	spin_unlock_irq(&u->done_lock, flags);
}

/* A ring is told that another one, or itself, has something with that one's locks held: it goes on from a timer. */
static struct spinlock late_lock = SPINLOCK_INIT("io_uring_late");
static struct list late = LIST_INIT(late);	/* of uring_waiter; guarded by late_lock */

static struct uring_waiter *late_take(void)
{
	uint64_t flags = spin_lock_irq(&late_lock);
	struct uring_waiter *w = list_empty(&late) ? NULL : list_first(&late, struct uring_waiter, late_link);

	if (w) {
		list_del(&w->late_link);
		list_init(&w->late_link);
		__atomic_fetch_add(&w->late_now, 1, __ATOMIC_RELAXED);
	}
	spin_unlock_irq(&late_lock, flags);
	return w;
}

static void late_wake(struct timer *t)
{
	struct uring_waiter *w;

	while ((w = late_take())) {
		request_wake(w->request, 0);
		__atomic_fetch_sub(&w->late_now, 1, __ATOMIC_RELEASE);	/* from here on it may be gone */
	}
}

static struct timer late_timer = { .fn = late_wake };

static void late_add(struct uring_waiter *w)
{
	uint64_t flags = spin_lock_irq(&late_lock);

	if (list_empty(&w->late_link))
		list_append(&late, &w->late_link);
	timer_arm(&late_timer, time_now());
	spin_unlock_irq(&late_lock, flags);
}

/* It stands on no queue any more. */
static void late_remove(struct uring_waiter *w)
{
	uint64_t flags = spin_lock_irq(&late_lock);

	list_del(&w->late_link);
	list_init(&w->late_link);
	spin_unlock_irq(&late_lock, flags);
	while (__atomic_load_n(&w->late_now, __ATOMIC_ACQUIRE))
		cpu_relax();
}

static void poll_wake(struct waiter *w, uint32_t events)
{
	struct uring_waiter *waiter = container_of(w, struct uring_waiter, waiter);
	struct uring_request *r = waiter->request;

	if (events && !(events & (r->poll->events | POLL_ALWAYS)))
		return;
	if (r->poll->of_ring)
		late_add(waiter);
	else
		request_wake(r, events);
}

static void poll_queue(struct poll_table *t, struct file *f, struct wait_queue *q)
{
	struct uring_poll *p = container_of(t, struct uring_poll, table);
	struct uring_waiter *w;

	if (p->nr_waiters == QUEUES_MAX)
		return;
	w = &p->waiters[p->nr_waiters++];
	w->request = p->request;
	w->waiter.fn = poll_wake;
	list_init(&w->waiter.link);
	list_init(&w->late_link);
	wait_add(q, &w->waiter);
}

bool uring_may_poll(const struct file *f)
{
	return f->ops->poll && !file_is_epoll(f);
}

int64_t uring_poll_arm(struct uring_request *r, uint32_t events)
{
	struct uring *u = r->uring;
	uint64_t flags;
	uint32_t seen;

	if (!uring_may_poll(r->file))
		return -EOPNOTSUPP;
	if (!r->poll)
		r->poll = kzalloc(sizeof(*r->poll));
	if (!r->poll)
		return -ENOMEM;
	r->poll->table.queue = poll_queue;
	r->poll->request = r;
	r->poll->events = events;
	r->poll->of_ring = file_is_uring(r->file);
	flags = spin_lock_irq(&u->done_lock);
	r->state = REQUEST_ARMED;
	r->busy = true;
	seen = r->seen;
	r->seen = 0;
	spin_unlock_irq(&u->done_lock, flags);
	return (file_poll(r->file, &r->poll->table) | seen) & (events | POLL_ALWAYS);
}

static void waiters_remove(struct uring_request *r)
{
	while (r->poll && r->poll->nr_waiters) {
		struct uring_waiter *w = &r->poll->waiters[--r->poll->nr_waiters];

		wait_remove(&w->waiter);
		if (r->poll->of_ring)
			late_remove(w);
	}
}

void uring_poll_disarm(struct uring_request *r)
{
	struct uring *u = r->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);

	if (r->state == REQUEST_READY)
		list_del(&r->link);
	r->state = REQUEST_STARTED;
	r->busy = false;
	spin_unlock_irq(&u->done_lock, flags);
	waiters_remove(r);
}

bool uring_poll_leave(struct uring_request *r)
{
	struct uring *u = r->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool stays = !r->cancelled;

	r->busy = !stays;
	spin_unlock_irq(&u->done_lock, flags);
	return stays;
}

void uring_poll_free(struct uring_request *r)
{
	waiters_remove(r);
	kfree(r->poll);
	r->poll = NULL;
}

/* ---- Going on ---- */

void uring_ready_locked(struct uring_request *r)
{
	struct uring *u = r->uring;

	r->state = REQUEST_READY;
	r->resumed = u->kicks && u->kicks != r->file;	/* who waits for the eventfd itself has been told */
	list_append(&u->ready, &r->link);
	if (r->resumed)
		timer_arm(&u->kick, time_now());
	if (u->flags & LINUX_URING_SETUP_TASKRUN_FLAG)
		uring_sq_flag(u, LINUX_URING_SQ_TASKRUN, true);
	if (!(u->flags & LINUX_URING_SETUP_DEFER_TASKRUN))	/* that one's thread asks for it */
		__atomic_or_fetch(&r->process->attention, PROCESS_RING, __ATOMIC_SEQ_CST);
	wait_wake(&u->wait, LINUX_POLLIN | LINUX_POLLRDNORM);
	if (unlikely(u->watched) && !(r->poll && r->poll->of_ring))	/* these would wake each other for ever */
		wait_wake(&u->told, LINUX_POLLIN | LINUX_POLLRDNORM);
	if (u->sq_thread)
		wait_wake(&u->sq_wait, 0);
}

void uring_list_add(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&rings_lock);

	list_append(&rings, &u->all_link);
	spin_unlock_irq(&rings_lock, flags);
}

void uring_list_remove(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&rings_lock);

	list_del(&u->all_link);
	spin_unlock_irq(&rings_lock, flags);
}

/* rings_lock held. */
static bool ring_has_work(struct uring *u, const struct process *p)
{
	const struct uring_request *r;
	bool found = false;

	if (u->flags & LINUX_URING_SETUP_DEFER_TASKRUN)
		return false;
	spin_lock(&u->done_lock);
	list_for_each(r, &u->ready, link) {
		found = r->process == p || r->cancelled;
		if (found)
			break;
	}
	spin_unlock(&u->done_lock);
	return found && !u->dying;
}

/* The first ring that @has something of @p, counted. */
static struct uring *ring_that(bool (*has)(struct uring *u, const struct process *p), const struct process *p)
{
	uint64_t flags = spin_lock_irq(&rings_lock);
	struct uring *u, *found = NULL;

	list_for_each(u, &rings, all_link)
		if (!found && has(u, p))
			found = u;
	if (found)
		ref_get(&found->ref);
	spin_unlock_irq(&rings_lock, flags);
	return found;
}

void uring_attend(void)
{
	struct process *p = current_process;
	struct uring *u;

	__atomic_and_fetch(&p->attention, ~PROCESS_RING, __ATOMIC_SEQ_CST);
	while ((u = ring_that(ring_has_work, p))) {
		mutex_lock(&u->lock);
		uring_run_ready(u);
		mutex_unlock(&u->lock);
		uring_reap(u);
		uring_put(u);
	}
}

void uring_process_ends(void)
{
	struct process *p = current_process;
	struct uring *u;

	while (p->uses_rings && (u = ring_that(uring_has_requests_of, p))) {
		uring_cancel_of(u, p);
		uring_reap(u);
		uring_put(u);
	}
	p->uses_rings = false;
}
