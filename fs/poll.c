// SPDX-License-Identifier: GPL-2.0
/*
 * poll(2), ppoll(2), select(2), pselect6(2). One pass asks each file and leaves a waiter on each of its queues; a wake sets a flag, and
 * the next pass asks again. Poll ops run with the thread in its ordinary state, so they may sleep.
 */
#include <fs/internal.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define SLOTS_INLINE	8
#define FDS_ON_STACK	8
#define POLL_ALWAYS	(LINUX_POLLERR | LINUX_POLLHUP)

struct poll_slot {
	struct waiter waiter;
	struct poll_waits *owner;
	struct poll_slot *next;		/* allocated ones */
};

/* The waiters of one call. */
struct poll_waits {
	struct poll_table table;
	struct thread *thread;
	bool triggered, failed;
	unsigned int nr_inline;
	struct poll_slot *more;
	struct poll_slot slots[SLOTS_INLINE];
};

struct poll_entry {
	struct file *file;		/* counted; NULL: not asked */
	int fd;
	uint32_t events, revents;
};

void poll_wait(struct file *f, struct wait_queue *q, struct poll_table *table)
{
	if (table && q)
		table->queue(table, f, q);
}

uint32_t file_poll(struct file *f, struct poll_table *t)
{
	if (!f->ops->poll)
		return LINUX_POLLIN | LINUX_POLLOUT | LINUX_POLLRDNORM | LINUX_POLLWRNORM;
	return f->ops->poll(f, t);
}

static void poll_trigger(struct waiter *w, uint32_t events)
{
	struct poll_waits *p = container_of(w, struct poll_slot, waiter)->owner;

	WRITE_ONCE(p->triggered, true);
	sched_wake(p->thread);
}

static void waits_queue(struct poll_table *t, struct file *f, struct wait_queue *q)
{
	struct poll_waits *p = container_of(t, struct poll_waits, table);
	struct poll_slot *s;

	if (p->nr_inline < SLOTS_INLINE) {
		s = &p->slots[p->nr_inline++];
		memset(s, 0, sizeof(*s));
	} else {
		s = kzalloc(sizeof(*s));
		if (!s) {
			p->failed = true;
			return;
		}
		s->next = p->more;
		p->more = s;
	}
	s->owner = p;
	s->waiter.fn = poll_trigger;
	list_init(&s->waiter.link);
	wait_add(q, &s->waiter);
}

static void waits_begin(struct poll_waits *p)
{
	p->table.queue = waits_queue;
	p->thread = current;
	p->triggered = p->failed = false;
	p->nr_inline = 0;
	p->more = NULL;
}

static void waits_end(struct poll_waits *p)
{
	struct poll_slot *s;

	while (p->nr_inline)
		wait_remove(&p->slots[--p->nr_inline].waiter);
	while ((s = p->more)) {
		p->more = s->next;
		wait_remove(&s->waiter);
		kfree(s);
	}
}

/* 0 woken, -ETIMEDOUT, -EINTR. */
static int waits_sleep(struct poll_waits *p, time_ns_t deadline)
{
	int err = 0;

	sleep_prepare(true);
	if (READ_ONCE(p->triggered))
		sleep_cancel();
	else
		err = schedule_timeout(deadline);
	WRITE_ONCE(p->triggered, false);
	return err;
}

/* Ask every file; how many have something to say. Once one has, the rest need no waiters. */
static int64_t entries_ask(struct poll_entry *e, unsigned int n, struct poll_table *table)
{
	int64_t ready = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (e[i].file)
			e[i].revents = file_poll(e[i].file, ready ? NULL : table) & (e[i].events | POLL_ALWAYS);
		ready += !!e[i].revents;
	}
	return ready;
}

static int64_t entries_wait(struct poll_entry *e, unsigned int n, time_ns_t deadline)
{
	struct poll_waits waits;
	int64_t ready;
	int err;

	waits_begin(&waits);
	ready = entries_ask(e, n, deadline ? &waits.table : NULL);
	if (!ready && waits.failed)
		ready = -ENOMEM;
	while (!ready && deadline) {
		err = waits_sleep(&waits, deadline);
		ready = entries_ask(e, n, NULL);
		if (!ready && err == -EINTR)
			ready = -EINTR;
		if (err == -ETIMEDOUT)
			break;
	}
	waits_end(&waits);
	return ready;
}

static void entries_put(struct poll_entry *e, unsigned int n)
{
	while (n--)
		file_put(e[n].file);
}

static void entry_open(struct poll_entry *e, const struct linux_pollfd *u)
{
	*e = (struct poll_entry){ .fd = u->fd, .events = (uint16_t)u->events };
	if (u->fd < 0)
		return;
	e->file = fd_get_io(u->fd);
	if (!e->file)
		e->revents = LINUX_POLLNVAL;
}

static int64_t poll_copied(uint64_t ufds, struct linux_pollfd *u, struct poll_entry *e, unsigned int n, time_ns_t deadline)
{
	int64_t ready;
	unsigned int i;

	if (copy_from_user(u, ufds, n * sizeof(*u)))
		return -EFAULT;
	for (i = 0; i < n; i++)
		entry_open(&e[i], &u[i]);
	ready = entries_wait(e, n, deadline);
	entries_put(e, n);
	if (ready < 0)
		return ready;
	for (i = 0; i < n; i++)
		u[i].revents = e[i].revents;
	/* One copy: the requests lie beside the answers and did not change. */
	return copy_to_user(ufds, u, n * sizeof(*u)) ? -EFAULT : ready;
}

static int64_t do_poll(uint64_t ufds, uint64_t n, time_ns_t deadline)
{
	struct linux_pollfd few[FDS_ON_STACK], *u = few;
	struct poll_entry few_entries[FDS_ON_STACK], *e = few_entries;
	int64_t ready;

	if (n > current_process->rlimits[LINUX_RLIMIT_NOFILE].cur || n > INT32_MAX / sizeof(*e))
		return -EINVAL;
	if (n <= FDS_ON_STACK)
		return poll_copied(ufds, u, e, n, deadline);
	u = kcalloc(n, sizeof(*u));
	e = kcalloc(n, sizeof(*e));
	ready = u && e ? poll_copied(ufds, u, e, n, deadline) : -ENOMEM;
	kfree(u);
	kfree(e);
	return ready;
}

/* 0 means now, so a deadline of 0 is "do not wait". */
static time_ns_t deadline_in(uint64_t ns)
{
	time_ns_t now = time_now();

	if (!ns)
		return 0;
	return ns > TIME_FOREVER - now ? TIME_FOREVER : now + ns;
}

static int deadline_from_spec(uint64_t utime, time_ns_t *deadline)
{
	struct linux_timespec t;

	*deadline = TIME_FOREVER;
	if (!utime)
		return 0;
	if (copy_from_user(&t, utime, sizeof(t)))
		return -EFAULT;
	if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= (long)NSEC_PER_SEC)
		return -EINVAL;
	*deadline = t.tv_sec > 9000000000 ? TIME_FOREVER : deadline_in((uint64_t)t.tv_sec * NSEC_PER_SEC + t.tv_nsec);
	return 0;
}

/* Where what is left cannot be written, the call's result counts; but a wait that began again would wait as long as at first. */
static int64_t result_without_rest(int64_t result)
{
	return result == -EINTR ? -EINTR_FINAL : result;
}

/* Programs of other systems find their timeouts as they were (personality(2)). */
static bool rest_is_kept(void)
{
	return current_process->personality & LINUX_STICKY_TIMEOUTS;
}

static time_ns_t time_left(time_ns_t deadline)
{
	time_ns_t now = time_now();

	return deadline > now ? deadline - now : 0;
}

/* Write what is left, for ppoll and pselect. What the call returns if its wait returned @result. */
static int64_t deadline_to_spec(uint64_t utime, time_ns_t deadline, int64_t result)
{
	time_ns_t left = time_left(deadline);
	struct linux_timespec t = { left / NSEC_PER_SEC, left % NSEC_PER_SEC };

	if (!utime || deadline == TIME_FOREVER)
		return result;
	return rest_is_kept() || copy_to_user(utime, &t, sizeof(t)) ? result_without_rest(result) : result;
}

static int64_t poll_restart(struct thread *t);

/* Its caller's timeout stays as it was, so after a stop it goes on to the same deadline (restart_syscall(2)). */
static int64_t poll_call(uint64_t ufds, uint64_t n, time_ns_t deadline)
{
	struct thread *t = current;
	int64_t ready = do_poll(ufds, n, deadline);

	if (ready != -EINTR)
		return ready;
	t->restart = poll_restart;
	t->restart_args[0] = ufds;
	t->restart_args[1] = n;
	t->restart_args[2] = deadline;
	return -ERESTART_BLOCK;
}

static int64_t poll_restart(struct thread *t)
{
	return poll_call(t->restart_args[0], t->restart_args[1], t->restart_args[2]);
}

SYSCALL_FLAGS(NR_poll, poll, SYSCALL_DRIVER)
{
	int timeout_ms = args->a[2];

	return poll_call(args->a[0], (uint32_t)args->a[1], timeout_ms < 0 ? TIME_FOREVER : deadline_in(timeout_ms * NSEC_PER_MSEC));
}

SYSCALL_FLAGS(NR_ppoll, ppoll, SYSCALL_DRIVER)
{
	time_ns_t deadline;
	int64_t n = deadline_from_spec(args->a[2], &deadline);

	if (!n && args->a[3])
		n = signal_mask_borrow_user(args->a[3], args->a[4]);
	if (n)
		return n;
	n = do_poll(args->a[0], (uint32_t)args->a[1], deadline);
	signal_mask_restore();
	return deadline_to_spec(args->a[2], deadline, n);
}

#define SET_WORDS	(LINUX_FD_SETSIZE / 64)
#define ASK_READ	(LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLRDBAND | LINUX_POLLHUP | LINUX_POLLERR)
#define ASK_WRITE	(LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND | LINUX_POLLERR)
#define ASK_EXCEPT	LINUX_POLLPRI

/* The three sets of a select, as words; what is not asked for is 0. */
struct select_sets {
	uint64_t words[3][SET_WORDS];
};

static const uint32_t set_events[3] = { ASK_READ, ASK_WRITE, ASK_EXCEPT };

static size_t set_bytes(unsigned int n)
{
	return ALIGN_UP(n, 64u) / 8;
}

static int sets_from_user(struct select_sets *s, unsigned int n, const uint64_t *usets)
{
	unsigned int k;

	memset(s, 0, sizeof(*s));
	for (k = 0; k < 3; k++)
		if (usets[k] && copy_from_user(s->words[k], usets[k], set_bytes(n)))
			return -EFAULT;
	return 0;
}

/* Entries for the descriptors named in a set: how many, or -EBADF. */
static int64_t sets_open(const struct select_sets *s, unsigned int n, struct poll_entry *e)
{
	unsigned int fd, k, used = 0;
	uint32_t events;

	for (fd = 0; fd < n; fd++) {
		for (events = 0, k = 0; k < 3; k++)
			if (s->words[k][fd / 64] >> (fd % 64) & 1)
				events |= set_events[k];
		if (!events)
			continue;
		e[used] = (struct poll_entry){ .file = fd_get_io(fd), .fd = fd, .events = events };
		if (!e[used].file) {
			entries_put(e, used);
			return -EBADF;
		}
		used++;
	}
	return used;
}

/* The sets become the answer: the number of bits in it. */
static int64_t sets_answer(struct select_sets *s, const struct poll_entry *e, unsigned int n)
{
	struct select_sets asked = *s;
	int64_t bits = 0;
	unsigned int i, k;
	uint64_t bit;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < n; i++) {
		bit = 1ull << (e[i].fd % 64);
		for (k = 0; k < 3; k++) {
			if (!(asked.words[k][e[i].fd / 64] & bit) || !(e[i].revents & set_events[k]))
				continue;
			s->words[k][e[i].fd / 64] |= bit;
			bits++;
		}
	}
	return bits;
}

static int64_t select_sets_wait(struct select_sets *s, struct poll_entry *e, unsigned int n, time_ns_t deadline)
{
	int64_t used = sets_open(s, n, e), ready;

	if (used < 0)
		return used;
	ready = entries_wait(e, used, deadline);
	if (ready >= 0)
		ready = sets_answer(s, e, used);
	entries_put(e, used);
	return ready;
}

static int64_t do_select(int n, const uint64_t *usets, time_ns_t deadline)
{
	struct select_sets sets;
	struct poll_entry *e;
	int64_t ready;
	unsigned int k;

	if (n < 0)
		return -EINVAL;
	n = MIN(n, LINUX_FD_SETSIZE);
	if (sets_from_user(&sets, n, usets))
		return -EFAULT;
	e = kcalloc(n + 1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	ready = select_sets_wait(&sets, e, n, deadline);
	kfree(e);
	for (k = 0; ready >= 0 && k < 3; k++)
		if (usets[k] && copy_to_user(usets[k], sets.words[k], set_bytes(n)))
			ready = -EFAULT;
	return ready;
}

SYSCALL(NR_select, select)
{
	time_ns_t deadline = TIME_FOREVER, left;
	struct linux_timeval t;
	int64_t n;

	if (args->a[4]) {
		if (copy_from_user(&t, args->a[4], sizeof(t)))
			return -EFAULT;
		if (t.tv_sec < 0 || t.tv_usec < 0)
			return -EINVAL;
		deadline = t.tv_sec > 9000000000 ? TIME_FOREVER : deadline_in(t.tv_sec * NSEC_PER_SEC + t.tv_usec * NSEC_PER_USEC);
	}
	n = do_select(args->a[0], &args->a[1], deadline);
	if (args->a[4] && deadline != TIME_FOREVER) {
		left = time_left(deadline);
		t = (struct linux_timeval){ left / NSEC_PER_SEC, left % NSEC_PER_SEC / NSEC_PER_USEC };
		if (rest_is_kept() || copy_to_user(args->a[4], &t, sizeof(t)))
			return result_without_rest(n);
	}
	return n;
}

SYSCALL(NR_pselect6, pselect6)
{
	uint64_t mask[2] = { 0, 0 };
	time_ns_t deadline;
	int64_t n;

	if (args->a[5] && copy_from_user(mask, args->a[5], sizeof(mask)))
		return -EFAULT;
	n = deadline_from_spec(args->a[4], &deadline);
	if (!n && mask[0])
		n = signal_mask_borrow_user(mask[0], mask[1]);
	if (n)
		return n;
	n = do_select(args->a[0], &args->a[1], deadline);
	signal_mask_restore();
	return deadline_to_spec(args->a[4], deadline, n);
}
