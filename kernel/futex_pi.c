// SPDX-License-Identifier: GPL-2.0
/*
 * Futexes with priority inheritance: the word holds the owner's thread number, unlocking hands it to the waiter that matters most, and
 * while one waits that matters more than the owner, the owner runs with its class and priority, along chains of owners that wait
 * themselves. One mutex serialises all of it, user memory is touched under it. FUTEX_CMP_REQUEUE_PI takes a lock for, or gives it as one
 * more waiter, a thread that sleeps on another word.
 */
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "futex.h"
#include "process_internal.h"

#define CHAIN_MAX	16u
#define RETRIES_MAX	1000u

struct pi_state {
	struct list link;		/* of all states; each has waiters */
	struct futex_key key;
	struct thread *owner;		/* counted */
	struct list waiters;		/* in the order they came */
};

struct pi_waiter {
	struct list link;
	struct thread *thread;
	struct pi_state *state;		/* NULL: the lock is this thread's now, or it does not wait for it yet */
	bool woken;			/* the lock is its own */
	struct futex_key target;	/* FUTEX_WAIT_REQUEUE_PI: the lock that it is to wait for; guarded by pi_mutex */
};

static struct mutex pi_mutex = MUTEX_INIT(pi_mutex, "futex pi");	/* guards everything here, and thread->pi_waiter */
static struct list states = LIST_INIT(states);

/* ---- Priorities ---- */

/* Smaller matters more. */
static int weight_of(const struct sched_params *p)
{
	return p->sclass == SCHED_RT ? -100 - p->rt_priority : p->nice;
}

static struct sched_params sched_of(const struct thread *t)
{
	return (struct sched_params){ .sclass = t->sclass, .policy = t->policy, .rt_priority = t->rt_priority, .nice = (int8_t)t->nice,
				      .deadline_ns = t->deadline_ns };
}

static int weight(const struct thread *t)
{
	struct sched_params p = sched_of(t);

	return weight_of(&p);
}

static struct pi_waiter *top_waiter(const struct pi_state *s)
{
	struct pi_waiter *w, *top = NULL;

	list_for_each(w, &s->waiters, link)
		if (!top || weight(w->thread) < weight(top->thread))
			top = w;
	return top;
}

/* The thread's own priority, or that of the first among all who wait for it. */
static void priority_update(struct thread *t)
{
	struct sched_params p = thread_own_sched(t);
	struct pi_state *s;
	bool boosted = false;

	t->own_sched = p;
	list_for_each(s, &states, link) {
		struct pi_waiter *top = s->owner == t ? top_waiter(s) : NULL;

		if (!top || weight(top->thread) >= weight_of(&p))
			continue;
		p.sclass = top->thread->sclass;
		p.rt_priority = top->thread->rt_priority;
		p.nice = (int8_t)top->thread->nice;
		p.deadline_ns = top->thread->deadline_ns;
		boosted = true;
	}
	t->boosted = boosted;
	if (p.sclass != t->sclass || p.policy != t->policy || p.rt_priority != t->rt_priority || p.nice != t->nice)
		thread_set_sched(t, &p);
}

/* @t gained or lost a waiter: so may whoever it waits for have. */
static void chain_update(struct thread *t)
{
	for (unsigned int i = 0; t && i < CHAIN_MAX; i++) {
		priority_update(t);
		t = t->pi_waiter && t->pi_waiter->state ? t->pi_waiter->state->owner : NULL;
	}
}

struct sched_params thread_own_sched(const struct thread *t)
{
	return t->boosted ? t->own_sched : sched_of(t);
}

void thread_set_own_sched(struct thread *t, const struct sched_params *p)
{
	mutex_lock(&pi_mutex);
	t->own_sched = *p;
	if (!t->boosted)
		thread_set_sched(t, p);
	chain_update(t);
	mutex_unlock(&pi_mutex);
}

bool futex_pi_held(void)
{
	return (READ_ONCE(pi_mutex.state) & ~MUTEX_WAITED_FOR) == (uint64_t)current;
}

/* ---- States: pi_mutex held ---- */

static struct pi_state *state_find(const struct futex_key *key)
{
	struct pi_state *s;

	list_for_each(s, &states, link)
		if (futex_key_equal(&s->key, key))
			return s;
	return NULL;
}

static void state_set_owner(struct pi_state *s, struct thread *owner)
{
	struct thread *old = s->owner;

	if (owner)
		thread_get(owner);
	s->owner = owner;
	if (old) {
		chain_update(old);
		thread_put(old);
	}
	if (owner)
		chain_update(owner);
}

/* Takes over the reference of @key. */
static struct pi_state *state_create(struct futex_key *key, struct thread *owner)
{
	struct pi_state *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->key = *key;
	key->page = NULL;
	list_init(&s->waiters);
	list_append(&states, &s->link);
	state_set_owner(s, owner);
	return s;
}

static void state_drop_if_idle(struct pi_state *s)
{
	if (!list_empty(&s->waiters))
		return;
	list_del(&s->link);
	state_set_owner(s, NULL);
	futex_key_put(&s->key);
	kfree(s);
}

/* Change the word from @from to @to: 0, -EAGAIN when it is another meanwhile, -EFAULT. */
static int word_change(uint64_t address, uint32_t from, uint32_t to)
{
	uint32_t seen;

	if (user_cmpxchg32(address, from, to, &seen))
		return -EFAULT;
	return seen == from ? 0 : -EAGAIN;
}

/* Give the lock to @w: the word says so already. */
static void hand_over(struct pi_state *s, struct pi_waiter *w)
{
	list_del(&w->link);
	w->state = NULL;
	state_set_owner(s, w->thread);
	WRITE_ONCE(w->woken, true);
	sched_wake(w->thread);
	state_drop_if_idle(s);
}

/* ---- Locking ---- */

/* 1: the lock was free and is @tid's; 0: *@owner, counted, has it and the word says that somebody waits; or -errno. */
static int lock_or_owner(uint64_t address, uint32_t tid, bool try, struct thread **owner)
{
	uint32_t value;
	int err;

	for (unsigned int i = 0; i < RETRIES_MAX; i++) {
		err = futex_word_read(address, &value);
		if (err)
			return err;
		if ((value & LINUX_FUTEX_TID_MASK) == tid)
			return -EDEADLK;
		if (!(value & LINUX_FUTEX_TID_MASK))
			err = word_change(address, value, value | tid);
		else if (try)
			return -EAGAIN;
		else
			err = value & LINUX_FUTEX_WAITERS ? 0 : word_change(address, value, value | LINUX_FUTEX_WAITERS);
		if (err == -EAGAIN)
			continue;
		if (err || !(value & LINUX_FUTEX_TID_MASK))
			return err ? err : 1;
		*owner = thread_find(0, pid_meant(value & LINUX_FUTEX_TID_MASK));
		return *owner ? 0 : -ESRCH;
	}
	return -EAGAIN;
}

static bool would_deadlock(const struct thread *t, const struct thread *owner)
{
	for (unsigned int i = 0; owner && i < CHAIN_MAX; i++) {
		if (owner == t)
			return true;
		owner = owner->pi_waiter && owner->pi_waiter->state ? owner->pi_waiter->state->owner : NULL;
	}
	return false;
}

static int waiter_enter(struct pi_waiter *w, struct futex_key *key, struct thread *owner)
{
	struct pi_state *s = state_find(key);

	if (would_deadlock(w->thread, owner))
		return -EDEADLK;
	if (!s)
		s = state_create(key, owner);
	if (!s)
		return -ENOMEM;
	w->state = s;
	list_append(&s->waiters, &w->link);
	w->thread->pi_waiter = w;
	chain_update(s->owner);
	return 0;
}

static void waiter_leave(struct pi_waiter *w)
{
	struct pi_state *s = w->state;

	current->pi_waiter = NULL;
	if (!s)
		return;
	list_del(&w->link);
	chain_update(s->owner);
	state_drop_if_idle(s);
}

static bool waiter_done(const void *w)
{
	return READ_ONCE(((const struct pi_waiter *)w)->woken);
}

static int lock_locked(uint64_t address, struct futex_key *key, bool try, struct pi_waiter *w)
{
	struct thread *owner = NULL;
	int err = lock_or_owner(address, w->thread->own_tid, try, &owner);

	if (!err)
		err = waiter_enter(w, key, owner);
	if (owner)
		thread_put(owner);
	return err;
}

int64_t futex_lock_pi(uint64_t address, bool private, bool try, const struct futex_until *u)
{
	struct pi_waiter w = { .thread = current };
	struct futex_key key;
	int err = futex_key_get(address, private, &key);

	if (err)
		return err;
	mutex_lock(&pi_mutex);
	err = lock_locked(address, &key, try, &w);
	mutex_unlock(&pi_mutex);
	futex_key_put(&key);
	if (err)
		return err == 1 ? 0 : err;
	err = futex_sleep(waiter_done, &w, u);
	mutex_lock(&pi_mutex);
	if (!w.state)
		err = 0;
	waiter_leave(&w);
	mutex_unlock(&pi_mutex);
	return err == -EINTR ? -ERESTARTNOINTR : err;
}

/* ---- Waiting for another word first ---- */

/* What became of a wait that ended with @err. The lock may have come together with whatever ended it. */
static int64_t requeue_wait_end(struct futex_waiter *w, int err)
{
	bool moved;

	mutex_lock(&pi_mutex);
	moved = futex_waiter_unqueue(w);
	if (w->pi->woken)
		err = 0;
	else if (err == -EINTR)
		err = moved ? -EAGAIN : -ERESTARTNOINTR;	/* moved, the word says something else by now */
	waiter_leave(w->pi);
	mutex_unlock(&pi_mutex);
	return err;
}

static int64_t requeue_wait(struct futex_waiter *w, uint64_t address, uint32_t expected, const struct futex_until *u)
{
	uint32_t value;
	int err;

	futex_waiter_queue(w);
	err = futex_word_read(address, &value);
	if (!err && value != expected)
		err = -EAGAIN;
	if (!err)
		err = futex_sleep(waiter_done, w->pi, u);
	return requeue_wait_end(w, err);
}

int64_t futex_wait_requeue_pi(uint64_t address, bool private, uint32_t expected, const struct futex_until *u, uint64_t other)
{
	struct pi_waiter pi = { .thread = current };
	struct futex_waiter w = { .thread = current, .bitset = LINUX_FUTEX_BITSET_ANY, .pi = &pi };
	int64_t err;

	if (address == other)
		return -EINVAL;
	err = futex_key_get(other, private, &pi.target);
	if (err)
		return err;
	err = futex_key_get(address, private, &w.key);
	if (!err && futex_key_equal(&w.key, &pi.target))
		err = -EINVAL;
	if (!err)
		err = requeue_wait(&w, address, expected, u);
	futex_key_put(&w.key);
	futex_key_put(&pi.target);
	return err;
}

/* The first who waits at @key goes on to the lock. 1: it did; 0: nobody waits; -errno. */
static int requeue_one(const struct futex_key *key, uint64_t other, struct futex_key *target)
{
	struct futex_waiter *w = futex_waiter_first(key);
	int err;

	if (!w || IS_ERR(w))
		return w ? (int)PTR_ERR(w) : 0;
	if (!futex_key_equal(&w->pi->target, target))
		return -EINVAL;
	err = lock_locked(other, target, false, w->pi);
	if (err < 0)
		return err;
	futex_waiter_move(w);
	if (err == 1) {
		WRITE_ONCE(w->pi->woken, true);
		sched_wake(w->thread);
	}
	return 1;
}

/* At most one gets the lock, for it is free only once: with it @nr_move more may go. What was done counts only if all of it could be. */
static int requeue_locked(const struct futex_key *key, uint64_t other, struct futex_key *target, int nr_move)
{
	int done = 0, err;

	do {
		err = requeue_one(key, other, target);
		if (err < 0)
			return err;
		done += err;
	} while (err && done - 1 < nr_move);
	return done;
}

int64_t futex_cmp_requeue_pi(uint64_t address, uint64_t other, bool private, int nr_wake, int nr_move, uint32_t expected)
{
	struct futex_key key, target;
	uint32_t value;
	int err;

	if (nr_wake != 1 || nr_move < 0 || address == other)
		return -EINVAL;
	err = futex_key_get(address, private, &key);
	if (err)
		return err;
	err = futex_key_get(other, private, &target);
	if (err)
		goto put_key;
	mutex_lock(&pi_mutex);
	err = futex_key_equal(&key, &target) ? -EINVAL : futex_word_read(address, &value);
	if (!err && value != expected)
		err = -EAGAIN;
	if (!err)
		err = requeue_locked(&key, other, &target, nr_move);
	mutex_unlock(&pi_mutex);
	futex_key_put(&target);
put_key:
	futex_key_put(&key);
	return err;
}

/* ---- Unlocking ---- */

static int word_hand_on(uint64_t address, uint32_t tid, uint32_t value)
{
	uint32_t now;
	int err;

	for (unsigned int i = 0; i < RETRIES_MAX; i++) {
		err = futex_word_read(address, &now);
		if (err)
			return err;
		if ((now & LINUX_FUTEX_TID_MASK) != tid)
			return -EPERM;
		err = word_change(address, now, value);
		if (err != -EAGAIN)
			return err;
	}
	return -EAGAIN;
}

/* @died: the owner ends without unlocking. */
static int unlock_locked(uint64_t address, const struct futex_key *key, uint32_t died)
{
	struct pi_state *s = state_find(key);
	struct pi_waiter *w = s ? top_waiter(s) : NULL;
	uint32_t value = died;
	int err;

	if (w)
		value |= w->thread->own_tid | (s->waiters.next->next != &s->waiters ? LINUX_FUTEX_WAITERS : 0);
	err = word_hand_on(address, current->own_tid, value);
	if (!err && w)
		hand_over(s, w);
	return err;
}

int64_t futex_unlock_pi(uint64_t address, bool private)
{
	struct futex_key key;
	int err = futex_key_get(address, private, &key);

	if (err)
		return err;
	mutex_lock(&pi_mutex);
	err = unlock_locked(address, &key, 0);
	mutex_unlock(&pi_mutex);
	futex_key_put(&key);
	return err;
}

bool futex_owner_died_pi(uint64_t address)
{
	struct futex_key key;
	bool handed = false;

	if (futex_key_get(address, false, &key))
		return false;
	mutex_lock(&pi_mutex);
	handed = state_find(&key) && !unlock_locked(address, &key, LINUX_FUTEX_OWNER_DIED);
	mutex_unlock(&pi_mutex);
	futex_key_put(&key);
	return handed;
}

/* Whoever still waits for @t finds the lock without an owner: the address where its word is no longer is known here. */
void futex_thread_exit_pi(struct thread *t)
{
	struct pi_state *s, *next;

	if (list_empty(&states))
		return;
	mutex_lock(&pi_mutex);
	list_for_each_safe(s, next, &states, link) {
		struct pi_waiter *w = s->owner == t ? top_waiter(s) : NULL;
		uint32_t *word;

		if (!w)
			continue;
		if (s->key.page) {
			word = (uint32_t *)((char *)page_addr(s->key.page) + s->key.address);
			__atomic_store_n(word, w->thread->own_tid | LINUX_FUTEX_OWNER_DIED | LINUX_FUTEX_WAITERS, __ATOMIC_SEQ_CST);
		} else if (word_hand_on(s->key.address, t->own_tid, w->thread->own_tid | LINUX_FUTEX_OWNER_DIED | LINUX_FUTEX_WAITERS)) {
			log_debug("futex: the word of a dead owner cannot be written");
		}
		hand_over(s, w);
	}
	mutex_unlock(&pi_mutex);
}
