/* SPDX-License-Identifier: GPL-2.0 */
/* Wait queues: threads wait for a condition; callbacks (poll, epoll) can sit on the queue too. */
#ifndef KERNEL_WAIT_H
#define KERNEL_WAIT_H

#include <kernel/thread.h>
#include <kernel/time.h>

struct wait_queue {
	struct spinlock lock;
	struct list waiters;
};

struct waiter {
	struct list link;
	struct thread *thread;			/* woken when fn is NULL */
	void (*fn)(struct waiter *w, uint32_t events);	/* called with the queue's lock held, interrupts off: must not sleep */
	struct wait_queue *queue;
	bool exclusive;				/* wait_wake_one() stops after it */
};

#define WAIT_QUEUE_INIT(q, n)	{ .lock = SPINLOCK_INIT(n), .waiters = LIST_INIT((q).waiters) }

void wait_queue_init(struct wait_queue *q, const char *name);
/* Put on and take off; take-off is safe when already off. Any context. */
void wait_add(struct wait_queue *q, struct waiter *w);
void wait_remove(struct waiter *w);
/* Wake everybody / one exclusive waiter. @events is a poll mask for callbacks (0: all). Any context. */
void wait_wake(struct wait_queue *q, uint32_t events);
void wait_wake_one(struct wait_queue *q);

/*
 * Sleep until @cond is true: 0; -ETIMEDOUT at @deadline (ns since boot, TIME_FOREVER for none); -EINTR if a signal is pending that
 * ends it: @interruptible is true, false or an enum sleep_end. @cond is evaluated many times, without locks.
 */
#define wait_event(q, cond, deadline, interruptible_) ({					\
	struct waiter w__ = { .thread = current };						\
	int ret__ = 0;										\
	wait_add((q), &w__);									\
	for (;;) {										\
		sleep_prepare(interruptible_);							\
		if (cond) {									\
			sleep_cancel();								\
			ret__ = 0;								\
			break;									\
		}										\
		if (ret__) {									\
			sleep_cancel();								\
			break;									\
		}										\
		ret__ = schedule_timeout(deadline);						\
	}											\
	wait_remove(&w__);									\
	ret__;											\
})

#endif
