/* SPDX-License-Identifier: GPL-2.0 */
/* Between the two halves of futexes: futex.c, and futex_pi.c with priority inheritance. */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include <kernel/process.h>

struct futex_key {
	const void *object;	/* space or page */
	uint64_t address;	/* in the space, or offset in the page */
	struct page *page;	/* counted when the key is a page's */
};

/* Fill @key; give it back with futex_key_put(). 0, -EINVAL, -EFAULT. */
int futex_key_get(uint64_t address, bool private, struct futex_key *key);
void futex_key_put(struct futex_key *key);
bool futex_key_equal(const struct futex_key *a, const struct futex_key *b);
/* The word in one piece. 0 or -EFAULT. */
int futex_word_read(uint64_t address, uint32_t *value);

struct pi_waiter;

/* A wait in progress; @thread, @key, @bitset and @pi are filled before it is queued. */
struct futex_waiter {
	struct list link;
	struct thread *thread;
	struct futex_key key;
	uint32_t bitset;
	struct pi_waiter *pi;	/* waits to be moved to a lock with priority inheritance, and is not woken otherwise */
	bool woken;
	struct futex_bucket *bucket;	/* changes under both buckets' locks */
};

void futex_waiter_queue(struct futex_waiter *w);
/* Off the queue, wherever a requeue put it. True when it was woken. */
bool futex_waiter_unqueue(struct futex_waiter *w);

/* For futex_pi.c, whose mutex keeps waiters with @pi where they are. The first at @key, NULL: none; ERR_PTR(-EINVAL): it has no @pi. */
struct futex_waiter *futex_waiter_first(const struct futex_key *key);
/* Off the queue without waking it: what it waits for now is @pi's. */
void futex_waiter_move(struct futex_waiter *w);

/* Until when a thread waits: a time since boot, or with @date that date, whenever it comes. */
struct futex_until {
	time_ns_t deadline;
	uint64_t date;
};

/* Sleep until @done(@what), which whoever makes it so follows by sched_wake(). 0, -ETIMEDOUT, -EINTR. */
int futex_sleep(bool (*done)(const void *what), const void *what, const struct futex_until *u);
/* The timespec at @timeout, 0: for ever; a time on @clock, or from now on. 0, -EFAULT, -EINVAL. */
int futex_until_clock(uint64_t timeout, int clock, struct futex_until *u);
int futex_until_relative(uint64_t timeout, struct futex_until *u);

/* FUTEX_LOCK_PI or, with @try, FUTEX_TRYLOCK_PI; FUTEX_UNLOCK_PI. 0 or -errno. */
int64_t futex_lock_pi(uint64_t address, bool private, bool try, const struct futex_until *u);
int64_t futex_unlock_pi(uint64_t address, bool private);
/* FUTEX_WAIT_REQUEUE_PI: 0 when the lock at @other is the caller's. FUTEX_CMP_REQUEUE_PI: how many were given the lock or wait for it. */
int64_t futex_wait_requeue_pi(uint64_t address, bool private, uint32_t expected, const struct futex_until *u, uint64_t other);
int64_t futex_cmp_requeue_pi(uint64_t address, uint64_t other, bool private, int nr_wake, int nr_move, uint32_t expected);
/* The current thread ends and owns the robust lock at @address: true when a waiter has got it. */
bool futex_owner_died_pi(uint64_t address);
/* @t ends: locks that are not on its robust list find another owner. The current thread. */
void futex_thread_exit_pi(struct thread *t);

#endif
