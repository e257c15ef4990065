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

/* A wait in progress; @thread, @key and @bitset are filled before it is queued. */
struct futex_waiter {
	struct list link;
	struct thread *thread;
	struct futex_key key;
	uint32_t bitset;
	bool woken;
	struct futex_bucket *bucket;	/* changes under both buckets' locks */
};

void futex_waiter_queue(struct futex_waiter *w);
/* Off the queue, wherever a requeue put it. True when it was woken. */
bool futex_waiter_unqueue(struct futex_waiter *w);

/* FUTEX_LOCK_PI or, with @try, FUTEX_TRYLOCK_PI; FUTEX_UNLOCK_PI. 0 or -errno. */
int64_t futex_lock_pi(uint64_t address, bool private, bool try, time_ns_t deadline);
int64_t futex_unlock_pi(uint64_t address, bool private);
/* The current thread ends and owns the robust lock at @address: true when a waiter has got it. */
bool futex_owner_died_pi(uint64_t address);
/* @t ends: locks that are not on its robust list find another owner. The current thread. */
void futex_thread_exit_pi(struct thread *t);

#endif
