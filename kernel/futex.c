// SPDX-License-Identifier: GPL-2.0
/*
 * Futexes. A waiter is queued before the word is read, so a wake between the two is not lost; then it sleeps until its record is marked.
 * A word in private memory is known by space and address, one in a shared mapping by its frame, which waiters keep. Priority inheritance
 * is in futex_pi.c. Locks: one spinlock for each bucket, two taken in address order; user memory is touched without them.
 */
#include <kernel/init.h>
#include <kernel/pid_ns.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/page.h>
#include <mm/space.h>
#include <mm/user.h>
#include "futex.h"
#include "process_internal.h"

#define BUCKETS		64u
#define ROBUST_MAX	2048u		/* entries of a list that are believed */
#define RETRIES_MAX	1000u		/* of a compare-and-exchange against a busy word */

static struct futex_bucket {
	struct spinlock lock;
	struct list waiters;
} buckets[BUCKETS];

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	uint64_t hash = ((uint64_t)key->object ^ key->address >> 2) * 0x9e3779b97f4a7c15ull;

	return &buckets[hash >> 58];
}

bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->address == b->address;
}

/* Memory of a program's own that it cannot write never changes: Linux lets nobody wait there, unless for threads of the program alone. */
static bool never_changes(const struct vma *vma)
{
	return !vma->file && !(vma->flags & (VM_SHARED | VM_WRITE | VM_OBJECT | VM_IO));
}

static bool address_is_shared(struct space *s, uint64_t address, int *err)
{
	struct vma *vma;
	bool shared;

	mutex_lock(&s->lock);
	vma = space_find(s, address);
	*err = vma && address >= vma->start && address < vma->end && !never_changes(vma) ? 0 : -EFAULT;
	shared = !*err && (vma->flags & VM_SHARED);
	mutex_unlock(&s->lock);
	return shared;
}

int futex_key_get(uint64_t address, bool private, struct futex_key *key)
{
	struct space *s = current_process->space;
	int err = 0;

	*key = (struct futex_key){ .object = s, .address = address };
	if (address % sizeof(uint32_t))
		return -EINVAL;
	if (!user_range_ok(address, sizeof(uint32_t)))
		return -EFAULT;
	if (private || !address_is_shared(s, address, &err))
		return err;
	if (user_pin(s, address, sizeof(uint32_t), false, &key->page, 1) != 1) {
		key->page = NULL;
		return -EFAULT;
	}
	page_get(key->page);
	user_unpin(&key->page, 1);
	key->object = key->page;
	key->address = address % PAGE_SIZE;
	return 0;
}

void futex_key_put(struct futex_key *key)
{
	if (key->page)
		page_put(key->page);
	key->page = NULL;
}

/* Read a word in one piece: a compare-and-exchange with itself, or a plain copy where writing is not allowed. */
int futex_word_read(uint64_t address, uint32_t *value)
{
	uint32_t seen;

	if (user_cmpxchg32(address, 0, 0, &seen) == 0) {
		*value = seen;
		return 0;
	}
	return get_user32(value, address);
}

/* Bucket lock held; takes the waiter off and wakes it. */
static void waiter_wake(struct futex_waiter *w)
{
	list_del(&w->link);
	w->woken = true;
	sched_wake(w->thread);
}

static int futex_wake(uint64_t address, bool private, int count, uint32_t bitset)
{
	struct futex_waiter *w, *next;
	struct futex_bucket *b;
	struct futex_key key;
	uint64_t flags;
	int err = futex_key_get(address, private, &key), woken = 0;

	if (err)
		return err;
	b = bucket_of(&key);
	flags = spin_lock_irq(&b->lock);
	list_for_each_safe(w, next, &b->waiters, link) {
		if (woken >= count)
			break;
		if (!futex_key_equal(&w->key, &key) || (!w->pi && !(w->bitset & bitset)))
			continue;
		if (w->pi) {
			woken = -EINVAL;
			break;
		}
		waiter_wake(w);
		woken++;
	}
	spin_unlock_irq(&b->lock, flags);
	futex_key_put(&key);
	return woken;
}

int futex_wake_user(uint64_t address, int count)
{
	return futex_wake(address, false, count, LINUX_FUTEX_BITSET_ANY);
}

/* Real time before the rest, each in the order they came. */
static bool comes_before(const struct futex_waiter *a, const struct futex_waiter *b)
{
	const struct thread *t = a->thread, *u = b->thread;

	return t->sclass == SCHED_RT && (u->sclass != SCHED_RT || t->rt_priority > u->rt_priority);
}

struct futex_waiter *futex_waiter_first(const struct futex_key *key)
{
	struct futex_bucket *b = bucket_of(key);
	struct futex_waiter *w, *first = NULL;
	uint64_t flags = spin_lock_irq(&b->lock);

	list_for_each(w, &b->waiters, link)
		if (futex_key_equal(&w->key, key) && (!first || comes_before(w, first)))
			first = w;
	if (first && !first->pi)
		first = ERR_PTR(-EINVAL);
	spin_unlock_irq(&b->lock, flags);
	return first;
}

void futex_waiter_queue(struct futex_waiter *w)
{
	struct futex_bucket *b = bucket_of(&w->key);
	uint64_t flags = spin_lock_irq(&b->lock);

	w->bucket = b;
	list_append(&b->waiters, &w->link);
	spin_unlock_irq(&b->lock, flags);
}

void futex_waiter_move(struct futex_waiter *w)
{
	struct futex_bucket *b = w->bucket;
	uint64_t flags = spin_lock_irq(&b->lock);

	list_del(&w->link);
	w->woken = true;
	spin_unlock_irq(&b->lock, flags);
}

bool futex_waiter_unqueue(struct futex_waiter *w)
{
	for (;;) {
		struct futex_bucket *b = READ_ONCE(w->bucket);
		uint64_t flags = spin_lock_irq(&b->lock);
		bool here = w->bucket == b;

		if (here && !w->woken)
			list_del(&w->link);
		spin_unlock_irq(&b->lock, flags);
		if (here)
			return w->woken;
	}
}

static bool waiter_done(const void *w)
{
	return READ_ONCE(((const struct futex_waiter *)w)->woken);
}

static int futex_wait(uint64_t address, bool private, uint32_t expected, const struct futex_until *u, uint32_t bitset)
{
	struct futex_waiter w = { .thread = current, .bitset = bitset };
	uint32_t value;
	int err;

	if (!bitset)
		return -EINVAL;
	err = futex_key_get(address, private, &w.key);
	if (err)
		return err;
	futex_waiter_queue(&w);
	err = futex_word_read(address, &value);
	if (!err && value != expected)
		err = -EAGAIN;
	if (!err)
		err = futex_sleep(waiter_done, &w, u);
	if (futex_waiter_unqueue(&w))
		err = 0;
	futex_key_put(&w.key);
	return err;
}

static int64_t futex_wait_restart(struct thread *t);

/* A wait with a timeout that a stop interrupted goes on to the same deadline. */
static int64_t futex_wait_call(uint64_t address, bool private, uint32_t expected, const struct futex_until *u, uint32_t bitset)
{
	struct thread *t = current;
	int err = futex_wait(address, private, expected, u, bitset);

	if (err != -EINTR)
		return err;
	if (!u->date && u->deadline == TIME_FOREVER)
		return -ERESTARTSYS;
	t->restart = futex_wait_restart;
	t->restart_args[0] = address;
	t->restart_args[1] = private;
	t->restart_args[2] = expected;
	t->restart_args[3] = u->deadline;
	t->restart_args[4] = bitset;
	t->restart_args[5] = u->date;
	return -ERESTART_BLOCK;
}

static int64_t futex_wait_restart(struct thread *t)
{
	uint64_t *a = t->restart_args;

	return futex_wait_call(a[0], a[1], a[2], &(struct futex_until){ a[3], a[5] }, a[4]);
}

static void waiter_move(struct futex_waiter *w, struct futex_bucket *to, const struct futex_key *key)
{
	struct page *old = w->key.page;

	list_del(&w->link);
	if (key->page)
		page_get(key->page);
	w->key = *key;
	w->bucket = to;
	list_append(&to->waiters, &w->link);
	if (old)
		page_put(old);
}

static int requeue_locked(struct futex_bucket *from, const struct futex_key *key, struct futex_bucket *to, const struct futex_key *target,
			  int nr_wake, int nr_move)
{
	struct futex_waiter *w, *next;
	int woken = 0, moved = 0;

	list_for_each_safe(w, next, &from->waiters, link) {
		if (!futex_key_equal(&w->key, key))
			continue;
		if (w->pi)
			return -EINVAL;
		if (woken < nr_wake) {
			waiter_wake(w);
			woken++;
		} else if (moved < nr_move) {
			if (!futex_key_equal(key, target))
				waiter_move(w, to, target);
			moved++;
		} else {
			break;
		}
	}
	return woken + moved;
}

/* The locks of both buckets, the lower address first. */
static int requeue(const struct futex_key *key, const struct futex_key *target, int nr_wake, int nr_move)
{
	struct futex_bucket *from = bucket_of(key), *to = bucket_of(target);
	uint64_t flags = spin_lock_irq(from < to ? &from->lock : &to->lock), inner;
	int done;

	if (from == to) {
		done = requeue_locked(from, key, to, target, nr_wake, nr_move);
	} else {
		inner = spin_lock_irq(from < to ? &to->lock : &from->lock);
		done = requeue_locked(from, key, to, target, nr_wake, nr_move);
		spin_unlock_irq(from < to ? &to->lock : &from->lock, inner);
	}
	spin_unlock_irq(from < to ? &from->lock : &to->lock, flags);
	return done;
}

static int futex_requeue(uint64_t address, uint64_t other, bool private, int nr_wake, int nr_move, const uint32_t *expected)
{
	struct futex_key key, target;
	uint32_t value;
	int err = futex_key_get(address, private, &key);

	if (err)
		return err;
	err = nr_wake < 0 || nr_move < 0 ? -EINVAL : futex_key_get(other, private, &target);
	if (err)
		goto put_key;
	if (expected) {
		err = futex_word_read(address, &value);
		if (!err && value != *expected)
			err = -EAGAIN;
	}
	if (!err)
		err = requeue(&key, &target, nr_wake, nr_move);
	futex_key_put(&target);
put_key:
	futex_key_put(&key);
	return err;
}

static int32_t sign_12(uint32_t v)
{
	return (int32_t)(v << 20) >> 20;
}

static uint32_t op_apply(unsigned int op, uint32_t old, uint32_t arg)
{
	switch (op) {
	case LINUX_FUTEX_OP_SET:
		return arg;
	case LINUX_FUTEX_OP_ADD:
		return old + arg;
	case LINUX_FUTEX_OP_OR:
		return old | arg;
	case LINUX_FUTEX_OP_ANDN:
		return old & ~arg;
	default:
		return old ^ arg;
	}
}

static bool op_compare(unsigned int cmp, int32_t old, int32_t arg)
{
	switch (cmp) {
	case LINUX_FUTEX_CMP_EQ:
		return old == arg;
	case LINUX_FUTEX_CMP_NE:
		return old != arg;
	case LINUX_FUTEX_CMP_LT:
		return old < arg;
	case LINUX_FUTEX_CMP_LE:
		return old <= arg;
	case LINUX_FUTEX_CMP_GT:
		return old > arg;
	default:
		return old >= arg;
	}
}

/* Change the word at @address as @encoded says; 1 or 0 is the comparison of its old value. */
static int op_run(uint64_t address, uint32_t encoded)
{
	unsigned int op = encoded >> 28 & 7, cmp = encoded >> 24 & 15;
	uint32_t arg = sign_12(encoded >> 12 & 0xfff), old, seen;
	int err = futex_word_read(address, &old);

	if (op > LINUX_FUTEX_OP_XOR || cmp > LINUX_FUTEX_CMP_GE)
		return -ENOSYS;
	if (encoded >> 28 & LINUX_FUTEX_OP_ARG_SHIFT)
		arg = 1u << (arg & 31);
	for (unsigned int i = 0; !err && i < RETRIES_MAX; i++) {
		err = user_cmpxchg32(address, old, op_apply(op, old, arg), &seen);
		if (!err && seen == old)
			return op_compare(cmp, old, sign_12(encoded & 0xfff));
		old = seen;
	}
	return err ? err : -EAGAIN;
}

static int futex_wake_op(uint64_t address, uint64_t other, bool private, int nr_wake, int nr_other, uint32_t encoded)
{
	int holds, woken, more;

	if (other % sizeof(uint32_t))
		return -EINVAL;
	holds = op_run(other, encoded);
	if (holds < 0)
		return holds;
	woken = futex_wake(address, private, nr_wake, LINUX_FUTEX_BITSET_ANY);
	if (woken < 0 || !holds)
		return woken;
	more = futex_wake(other, private, nr_other, LINUX_FUTEX_BITSET_ANY);
	return more < 0 ? more : woken + more;
}

static int clock_of(int op)
{
	return op & LINUX_FUTEX_CLOCK_REALTIME ? LINUX_CLOCK_REALTIME : LINUX_CLOCK_MONOTONIC;
}

static int64_t futex_wait_parse(struct syscall_args *args, bool bitset)
{
	int op = args->a[1], err;
	struct futex_until u;

	/* FUTEX_WAIT counts from now; FUTEX_WAIT_BITSET names a time on a clock. */
	err = bitset ? futex_until_clock(args->a[3], clock_of(op), &u) : futex_until_relative(args->a[3], &u);
	if (err)
		return err;
	return futex_wait_call(args->a[0], op & LINUX_FUTEX_PRIVATE_FLAG, args->a[2], &u,
			       bitset ? (uint32_t)args->a[5] : LINUX_FUTEX_BITSET_ANY);
}

/* Always a time on a clock: the real one unless the newer call says otherwise. */
static int64_t lock_pi_parse(struct syscall_args *args)
{
	int op = args->a[1], err;
	struct futex_until u;

	if ((op & LINUX_FUTEX_CMD_MASK) == LINUX_FUTEX_LOCK_PI)
		op |= LINUX_FUTEX_CLOCK_REALTIME;
	err = futex_until_clock(args->a[3], clock_of(op), &u);
	return err ? err : futex_lock_pi(args->a[0], op & LINUX_FUTEX_PRIVATE_FLAG, false, &u);
}

static int64_t wait_requeue_pi_parse(struct syscall_args *args)
{
	int op = args->a[1];
	struct futex_until u;
	int err = futex_until_clock(args->a[3], clock_of(op), &u);

	return err ? err : futex_wait_requeue_pi(args->a[0], op & LINUX_FUTEX_PRIVATE_FLAG, args->a[2], &u, args->a[4]);
}

/* Clocks are for the newer of the calls that wait; the timeout of the others is read before they are refused. */
static int64_t clock_refuse(uint64_t timeout, int op)
{
	int command = op & LINUX_FUTEX_CMD_MASK, err = 0;
	struct futex_until u;

	if (command == LINUX_FUTEX_WAIT || command == LINUX_FUTEX_LOCK_PI)
		err = futex_until_clock(timeout, clock_of(op), &u);
	return err ? err : -ENOSYS;
}

static bool takes_date(int command)
{
	return command == LINUX_FUTEX_WAIT_BITSET || command == LINUX_FUTEX_LOCK_PI2 || command == LINUX_FUTEX_WAIT_REQUEUE_PI;
}

SYSCALL_FLAGS(NR_futex, futex, SYSCALL_DRIVER)
{
	int op = args->a[1], value = args->a[2];
	bool private = op & LINUX_FUTEX_PRIVATE_FLAG;
	uint32_t third = args->a[5];

	if ((op & LINUX_FUTEX_CLOCK_REALTIME) && !takes_date(op & LINUX_FUTEX_CMD_MASK))
		return clock_refuse(args->a[3], op);
	switch (op & LINUX_FUTEX_CMD_MASK) {
	case LINUX_FUTEX_WAIT:
		return futex_wait_parse(args, false);
	case LINUX_FUTEX_WAIT_BITSET:
		return futex_wait_parse(args, true);
	case LINUX_FUTEX_WAKE:
		return futex_wake(args->a[0], private, MAX(value, 1), LINUX_FUTEX_BITSET_ANY);
	case LINUX_FUTEX_WAKE_BITSET:
		return third ? futex_wake(args->a[0], private, MAX(value, 1), third) : -EINVAL;
	case LINUX_FUTEX_REQUEUE:
		return futex_requeue(args->a[0], args->a[4], private, value, args->a[3], NULL);
	case LINUX_FUTEX_CMP_REQUEUE:
		return futex_requeue(args->a[0], args->a[4], private, value, args->a[3], &third);
	case LINUX_FUTEX_WAKE_OP:
		return futex_wake_op(args->a[0], args->a[4], private, value, args->a[3], third);
	case LINUX_FUTEX_LOCK_PI:
	case LINUX_FUTEX_LOCK_PI2:
		return lock_pi_parse(args);
	case LINUX_FUTEX_TRYLOCK_PI:
		return futex_lock_pi(args->a[0], private, true, &(struct futex_until){ .deadline = TIME_FOREVER });
	case LINUX_FUTEX_UNLOCK_PI:
		return futex_unlock_pi(args->a[0], private);
	case LINUX_FUTEX_WAIT_REQUEUE_PI:
		return wait_requeue_pi_parse(args);
	case LINUX_FUTEX_CMP_REQUEUE_PI:
		return futex_cmp_requeue_pi(args->a[0], args->a[4], private, value, args->a[3], third);
	default:
		return -ENOSYS;
	}
}

/* The owner of a robust futex is gone: say so in the word and wake one waiter. */
static void robust_release(struct thread *t, uint64_t address, bool pi)
{
	uint32_t value, seen;

	if (pi && futex_owner_died_pi(address))
		return;
	if (address % sizeof(value) || futex_word_read(address, &value))
		return;
	for (unsigned int i = 0; i < RETRIES_MAX && (value & LINUX_FUTEX_TID_MASK) == (uint32_t)t->own_tid; i++) {
		uint32_t freed = (value & LINUX_FUTEX_WAITERS) | LINUX_FUTEX_OWNER_DIED;

		if (user_cmpxchg32(address, value, freed, &seen))
			return;
		if (seen == value) {
			if (value & LINUX_FUTEX_WAITERS)
				futex_wake_user(address, 1);
			return;
		}
		value = seen;
	}
}

/* Walk the list that the thread left in user memory. Bit 0 of an entry marks a PI futex. */
static void robust_list_walk(struct thread *t)
{
	uint64_t list = t->robust_list, entry, next;
	struct linux_robust_list_head head;

	t->robust_list = 0;
	if (!list || copy_from_user(&head, list, sizeof(head)))
		return;
	entry = head.next;
	for (unsigned int i = 0; i < ROBUST_MAX && (entry & ~1ull) != list; i++) {
		if (get_user64(&next, entry & ~1ull))
			break;
		if (entry != head.list_op_pending)
			robust_release(t, (entry & ~1ull) + head.futex_offset, entry & 1);
		entry = next;
	}
	if (head.list_op_pending)
		robust_release(t, (head.list_op_pending & ~1ull) + head.futex_offset, head.list_op_pending & 1);
}

void futex_thread_exit(struct thread *t)
{
	robust_list_walk(t);
	futex_thread_exit_pi(t);
}

SYSCALL_FLAGS(NR_set_robust_list, set_robust_list, SYSCALL_DRIVER)
{
	if (args->a[1] != sizeof(struct linux_robust_list_head))
		return -EINVAL;
	current->robust_list = args->a[0];
	return 0;
}

SYSCALL(NR_get_robust_list, get_robust_list)
{
	struct thread *t = thread_find(0, (pid_t)args->a[0] ? pid_meant((pid_t)args->a[0]) : current->tid);
	uint64_t list;
	int err;

	if (!t)
		return -ESRCH;
	list = READ_ONCE(t->robust_list);
	err = t->process == current_process || !ptrace_may_access(t->process) ? 0 : -EPERM;
	thread_put(t);
	if (err)
		return err;
	if (put_user64(args->a[1], list) || put_user64(args->a[2], sizeof(struct linux_robust_list_head)))
		return -EFAULT;
	return 0;
}

static int futex_init(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		spin_init(&buckets[i].lock, "futex");
		list_init(&buckets[i].waiters);
	}
	return 0;
}
INITCALL("1core", futex_init);
