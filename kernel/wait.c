// SPDX-License-Identifier: GPL-2.0
/* Wait queues. The queue's lock guards its list; threads are woken and callbacks called with it held, so a waiter cannot go meanwhile. */
#include <kernel/wait.h>

void wait_queue_init(struct wait_queue *q, const char *name)
{
	spin_init(&q->lock, name);
	list_init(&q->waiters);
}

/* Exclusive waiters stand behind the others, so that one wake reaches all of those. */
void wait_add(struct wait_queue *q, struct waiter *w)
{
	uint64_t flags = spin_lock_irq(&q->lock);

	w->queue = q;
	if (w->exclusive)
		list_append(&q->waiters, &w->link);
	else
		list_push(&q->waiters, &w->link);
	spin_unlock_irq(&q->lock, flags);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* against the one in wake(): the caller looks at its condition after this */
}

void wait_remove(struct waiter *w)
{
	struct wait_queue *q = w->queue;
	uint64_t flags;

	if (!q)
		return;
	flags = spin_lock_irq(&q->lock);
	list_del(&w->link);
	w->queue = NULL;
	spin_unlock_irq(&q->lock, flags);
}

/* The caller has made a condition true. Who came too late to be seen in the list sees that. */
static void wake(struct wait_queue *q, uint32_t events, bool one)
{
	struct waiter *w, *next;
	uint64_t flags;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (READ_ONCE(q->waiters.next) == &q->waiters)
		return;
	flags = spin_lock_irq(&q->lock);
	list_for_each_safe(w, next, &q->waiters, link) {
		if (w->fn)
			w->fn(w, events);
		else if (sched_wake(w->thread) && w->exclusive && one)
			break;
	}
	spin_unlock_irq(&q->lock, flags);
}

void wait_wake(struct wait_queue *q, uint32_t events)
{
	wake(q, events, false);
}

void wait_wake_one(struct wait_queue *q)
{
	wake(q, 0, true);
}
