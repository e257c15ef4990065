// SPDX-License-Identifier: GPL-2.0
/*
 * Futexes with priority inheritance: the word holds the owner's thread number, unlocking hands it to the waiter that matters most, and
 * while one waits that matters more than the owner, the owner runs with its class and priority, along chains of owners that wait
 * themselves. One mutex serialises all of it, user memory is touched under it. Left out: FUTEX_WAIT_REQUEUE_PI and its partner.
 */
#include <kernel/log.h>
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
	struct pi_state *state;		/* NULL: the lock is this thread's now */
	bool woken;
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
	return (struct sched_params){ .sclass = t->sclass, .policy = t->policy, .rt_priority = t->rt_priority, .nice = (int8_t)t->nice };
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

/* 1: the lock was free and is the caller's; 0: *@owner, counted, has it and the word says that somebody waits; or -errno. */
static int lock_or_owner(uint64_t address, bool try, struct thread **owner)
{
	uint32_t tid = current->tid, value;
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
		*owner = thread_find(0, value & LINUX_FUTEX_TID_MASK);
		return *owner ? 0 : -ESRCH;
	}
	return -EAGAIN;
}

static bool would_deadlock(const struct thread *owner)
{
	for (unsigned int i = 0; owner && i < CHAIN_MAX; i++) {
		if (owner == current)
			return true;
		owner = owner->pi_waiter && owner->pi_waiter->state ? owner->pi_waiter->state->owner : NULL;
	}
	return false;
}

static int waiter_enter(struct pi_waiter *w, struct futex_key *key, struct thread *owner)
{
	struct pi_state *s = state_find(key);

	if (would_deadlock(owner))
		return -EDEADLK;
	if (!s)
		s = state_create(key, owner);
	if (!s)
		return -ENOMEM;
	w->state = s;
	list_append(&s->waiters, &w->link);
	current->pi_waiter = w;
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

static int waiter_sleep(struct pi_waiter *w, time_ns_t deadline)
{
	int err = 0;

	while (!READ_ONCE(w->woken) && !err)
		err = sleep_unless(READ_ONCE(w->woken), deadline);
	return err;
}

static int lock_locked(uint64_t address, struct futex_key *key, bool try, struct pi_waiter *w)
{
	struct thread *owner = NULL;
	int err = lock_or_owner(address, try, &owner);

	if (!err)
		err = waiter_enter(w, key, owner);
	if (owner)
		thread_put(owner);
	return err;
}

int64_t futex_lock_pi(uint64_t address, bool private, bool try, time_ns_t deadline)
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
	err = waiter_sleep(&w, deadline);
	mutex_lock(&pi_mutex);
	if (!w.state)
		err = 0;
	waiter_leave(&w);
	mutex_unlock(&pi_mutex);
	return err == -EINTR ? -ERESTARTNOINTR : err;
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
		value |= w->thread->tid | (s->waiters.next->next != &s->waiters ? LINUX_FUTEX_WAITERS : 0);
	err = word_hand_on(address, current->tid, value);
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
			__atomic_store_n(word, w->thread->tid | LINUX_FUTEX_OWNER_DIED | LINUX_FUTEX_WAITERS, __ATOMIC_SEQ_CST);
		} else if (word_hand_on(s->key.address, t->tid, w->thread->tid | LINUX_FUTEX_OWNER_DIED | LINUX_FUTEX_WAITERS)) {
			log_debug("futex: the word of a dead owner cannot be written");
		}
		hand_over(s, w);
	}
	mutex_unlock(&pi_mutex);
}
