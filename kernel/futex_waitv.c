// SPDX-License-Identifier: GPL-2.0
/*
 * futex_waitv(2): wait until one of several futexes is woken. All waiters are queued before any word is looked at, so no wake is lost; then the
 * thread sleeps until one of them is marked. The futexes themselves are futex.c's.
 */
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>
#include "futex.h"
#include "process_internal.h"

struct vector {
	uint32_t nr;
	struct linux_futex_waitv user[LINUX_FUTEX_WAITV_MAX];
	struct futex_waiter waiters[LINUX_FUTEX_WAITV_MAX];
};

static int vector_get(struct vector *v, uint64_t from, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++) {
		struct linux_futex_waitv *u = &v->user[i];

		if (copy_from_user(u, from + i * sizeof(*u), sizeof(*u)))
			return -EFAULT;
		if ((u->flags & ~(LINUX_FUTEX_32 | LINUX_FUTEX_PRIVATE_FLAG)) || u->reserved || !(u->flags & LINUX_FUTEX_32))
			return -EINVAL;
	}
	v->nr = nr;
	return 0;
}

/* The first @nr are off their queues; the number of the last that was woken, or -1. */
static int vector_unqueue(struct vector *v, uint32_t nr)
{
	int woken = -1;

	for (uint32_t i = 0; i < nr; i++) {
		if (futex_waiter_unqueue(&v->waiters[i]))
			woken = (int)i;
		futex_key_put(&v->waiters[i].key);
	}
	return woken;
}

static int vector_queue(struct vector *v, uint32_t *queued)
{
	for (*queued = 0; *queued < v->nr; (*queued)++) {
		const struct linux_futex_waitv *u = &v->user[*queued];
		struct futex_waiter *w = &v->waiters[*queued];
		int err = futex_key_get(u->uaddr, u->flags & LINUX_FUTEX_PRIVATE_FLAG, &w->key);

		if (err)
			return err;
		w->thread = current;
		w->bitset = LINUX_FUTEX_BITSET_ANY;
		futex_waiter_queue(w);
	}
	return 0;
}

static int vector_compare(const struct vector *v)
{
	for (uint32_t i = 0; i < v->nr; i++) {
		uint32_t value;
		int err = futex_word_read(v->user[i].uaddr, &value);

		if (err)
			return err;
		if (value != (uint32_t)v->user[i].val)
			return -EAGAIN;
	}
	return 0;
}

static bool any_woken(const void *what)
{
	const struct vector *v = what;

	for (uint32_t i = 0; i < v->nr; i++)
		if (READ_ONCE(v->waiters[i].woken))
			return true;
	return false;
}

static int64_t vector_wait(struct vector *v, const struct futex_until *u)
{
	uint32_t queued;
	int err = vector_queue(v, &queued), woken;

	if (!err)
		err = vector_compare(v);
	if (!err)
		err = futex_sleep(any_woken, v, u);
	woken = vector_unqueue(v, queued);
	if (woken >= 0)
		return woken;
	return err == -EINTR ? -ERESTARTSYS : err;
}

/* The deadline names its clock, so starting over after a signal changes nothing. */
static int until_get(uint64_t utime, uint64_t clock, struct futex_until *u)
{
	if (utime && clock != LINUX_CLOCK_REALTIME && clock != LINUX_CLOCK_MONOTONIC)
		return -EINVAL;
	return futex_until_clock(utime, (int)clock, u);
}

/* futex_waitv(waiters, nr, flags, timeout, clock) */
SYSCALL(NR_futex_waitv, futex_waitv)
{
	struct futex_until u;
	struct vector *v;
	int64_t result;
	int err;

	if ((uint32_t)args->a[2] || !(uint32_t)args->a[1] || (uint32_t)args->a[1] > LINUX_FUTEX_WAITV_MAX || !args->a[0])
		return -EINVAL;
	err = until_get(args->a[3], (uint32_t)args->a[4], &u);
	if (err)
		return err;
	v = kzalloc(sizeof(*v));
	if (!v)
		return -ENOMEM;
	result = vector_get(v, args->a[0], (uint32_t)args->a[1]);
	if (!result)
		result = vector_wait(v, &u);
	kfree(v);
	return result;
}
