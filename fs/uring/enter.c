// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring_enter(): requests are taken from the ring and started in the order that they ask for. A chain (IOSQE_IO_LINK) starts one after the
 * other; what drains (IOSQE_IO_DRAIN), and what comes after it, waits in line.
 */
#include <mm/slab.h>
#include "uring.h"

#define LINKS		(LINUX_URING_SQE_IO_LINK | LINUX_URING_SQE_IO_HARDLINK)
#define REAP_EVERY	256
#define REQUEST_BYTES	(sizeof(struct uring_request) + URING_POLL_BYTES)
#define ENTER_FLAGS	(LINUX_URING_ENTER_GETEVENTS | LINUX_URING_ENTER_SQ_WAKEUP | LINUX_URING_ENTER_SQ_WAIT | \
			 LINUX_URING_ENTER_EXT_ARG)

/* One call's way through the ring: the chain that is being put together, and what of it cannot be done. */
struct submission {
	struct uring_batch batch;
	struct uring_request *head, *tail, *wrong;
	bool open;		/* the next one belongs to it */
	bool stop;		/* the last one made no sense */
	int error;		/* of wrong */
};

void uring_request_close(struct uring_request *r)
{
	file_put(r->file);
	file_put(r->other);
	r->file = r->other = NULL;
}

void uring_request_free(struct uring_request *r)
{
	if (r->timed)
		timer_disarm(&r->timer);
	uring_poll_free(r);
	uring_work_free(r);
	block_async_end(&r->async);
	uring_request_close(r);
	kfree(r->vec);
	kfree(r->copy);
	uring_personality_put(r->personality);
	if (r->process)
		process_put(r->process);
	kfree(r);
}

static void batch_send(struct uring_batch *b)
{
	if (b->nr)
		block_async_send(b->list, b->nr);
	b->nr = 0;
}

static void disk_done(struct block_async *a)
{
	uring_complete(container_of(a, struct uring_request, async), a->result);
}

/* ---- Starting ---- */

static bool request_begins(struct uring_request *r)
{
	struct uring *u = r->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool cancelled = r->cancelled || r->space_number != current_process->space->number;	/* after execve() its addresses mean other memory */

	r->state = REQUEST_STARTED;
	if (!cancelled && r->guard && r->guard->state == REQUEST_WAITING)
		uring_guard_arm(r);
	spin_unlock_irq(&u->done_lock, flags);
	return !cancelled;
}

static void request_run(struct uring_request *r, struct uring_batch *b)
{
	struct ring_call call = { .keeps = false };
	bool as_another = r->personality;
	int64_t result = -ECANCELED;
	struct credentials own;

	current->ring_call = &call;
	uring_personality_enter(r, &own);
	if (request_begins(r))
		result = uring_start(r, b);
	uring_personality_leave(as_another, &own);
	current->ring_call = NULL;
	if (result == URING_PENDING)
		return;
	/* The last of a ring would wait for u->lock: uring_reap() sees to that. */
	if (r->file && !file_is_uring(r->file) && !(r->other && file_is_uring(r->other)))
		uring_request_close(r);
	uring_complete(r, result);
}

static struct uring_request *ready_take(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	struct uring_request *r, *found = NULL;

	list_for_each(r, &u->ready, link) {
		if (r->process == current_process || r->cancelled) {
			found = r;
			break;
		}
	}
	if (found)
		list_del(&found->link);
	spin_unlock_irq(&u->done_lock, flags);
	return found;
}

static void taskrun_over(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);

	if (list_empty(&u->ready))
		uring_sq_flag(u, LINUX_URING_SQ_TASKRUN, false);
	spin_unlock_irq(&u->done_lock, flags);
}

static void ready_run(struct uring *u, struct uring_batch *b)
{
	struct uring_request *r;

	while ((r = ready_take(u))) {
		if (r->poll)
			uring_poll_free(r);
		request_run(r, b);
	}
	batch_send(b);
	if (u->flags & LINUX_URING_SETUP_TASKRUN_FLAG)
		taskrun_over(u);
}

void uring_run_ready(struct uring *u)
{
	struct uring_batch b = { .nr = 0 };

	ready_run(u, &b);
}

/* Behind a request that drains, or draining itself while others run: it waits. */
static bool chain_defer(struct uring *u, struct uring_request *head)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool waits = !list_empty(&u->deferred) || u->draining || (head->sqe.flags & LINUX_URING_SQE_IO_DRAIN && u->active);
	struct uring_request *r;

	if (waits)
		list_append(&u->deferred, &head->link);
	for (r = waits ? NULL : head; r; r = r->next)
		u->active += r->guard ? 2 : 1;
	if (!waits && head->sqe.flags & LINUX_URING_SQE_IO_DRAIN)
		u->draining = true;
	spin_unlock_irq(&u->done_lock, flags);
	return waits;
}

/* One of the chain makes no sense: it says so, the others are not begun. Where the first tells only of failure, it speaks for all. */
static void chain_refuse(struct submission *s)
{
	struct uring *u = s->head->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);
	struct uring_request *r, *next, *guard;
	bool quiet = s->head->sqe.flags & LINUX_URING_SQE_CQE_SKIP;

	for (r = s->head; r; r = next) {
		next = r->next;
		guard = r->guard;
		r->next = r->guard = NULL;
		u->active += guard ? 2 : 1;
		r->untold = quiet && r != s->head;
		uring_complete_locked(r, r == s->wrong ? s->error : -ECANCELED);
		if (guard)
			guard->untold = quiet;
		if (guard)
			uring_complete_locked(guard, guard == s->wrong ? s->error : -ECANCELED);
	}
	spin_unlock_irq(&u->done_lock, flags);
	uring_tell(u);
}

static void chain_launch(struct uring *u, struct submission *s)
{
	struct uring_request *head = s->head;

	if (head && s->wrong)
		chain_refuse(s);
	else if (head && !chain_defer(u, head))
		request_run(head, &s->batch);
	s->head = s->tail = s->wrong = NULL;
	s->open = false;
}

static void chain_add(struct submission *s, struct uring_request *r)
{
	if (!s->head)
		s->head = s->tail = r;
	else if (r->sqe.opcode == LINUX_URING_OP_LINK_TIMEOUT && !s->tail->guard)
		s->tail->guard = r;
	else
		s->tail = s->tail->next = r;
	if (r->sqe.flags & LINUX_URING_SQE_IO_DRAIN)
		s->head->sqe.flags |= LINUX_URING_SQE_IO_DRAIN;	/* a chain waits as a whole */
	s->open = r->sqe.flags & LINKS;
}

/* Of a request whose place in a chain is known. */
static int place_check(const struct submission *s, const struct uring_request *r)
{
	if (r->sqe.opcode == LINUX_URING_OP_LINK_TIMEOUT && (!s->head || s->tail->guard))
		return -EINVAL;		/* behind nothing, or another one */
	return s->head && (r->sqe.opcode == LINUX_URING_OP_READV || r->sqe.opcode == LINUX_URING_OP_WRITEV) ? r->vec_err : 0;
}

/* ---- Taking from the ring ---- */

static void running_less(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);

	u->running--;
	spin_unlock_irq(&u->done_lock, flags);
}

/* A request that may begin is counted as running; where there are too many, others must end or be taken first. */
static int request_count(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	int err = u->running + u->nr_overflow < URING_REQUESTS_MAX ? 0 : u->nr_overflow ? -EBUSY : -EAGAIN;
	bool paid = u->used_bytes + REQUEST_BYTES <= u->paid_bytes;

	if (!err && paid)
		u->used_bytes += REQUEST_BYTES;
	u->running += !err;
	spin_unlock_irq(&u->done_lock, flags);
	if (err || paid || !uring_pay(u, REQUEST_BYTES))
		return err;
	running_less(u);
	return -EAGAIN;
}

static void request_forget(struct uring *u)
{
	running_less(u);
	uring_unpay(u, REQUEST_BYTES);
}

static void request_init(struct uring_request *r, struct uring *u)
{
	uint64_t flags;

	list_init(&r->link);
	list_init(&r->all_link);
	list_init(&r->name_link);
	r->uring = u;
	r->process = current_process;
	r->process->uses_rings = true;
	process_get(r->process);
	r->cost = REQUEST_BYTES;
	r->space_number = current_process->space->number;
	r->async.done = disk_done;
	flags = spin_lock_irq(&u->done_lock);
	list_append(&u->requests, &r->all_link);
	list_append(uring_names(u, r->sqe.user_data), &r->name_link);
	spin_unlock_irq(&u->done_lock, flags);
}

/* How many were taken: 0, 1, or -errno. s->stop: no more of this call. */
static int request_take(struct uring *u, struct submission *s)
{
	struct uring_request *r;
	int err = request_count(u);

	if (err)
		return err;
	r = kzalloc(sizeof(*r));
	if (!r || !uring_next(u, &r->sqe)) {
		request_forget(u);
		err = r ? 0 : -EAGAIN;
		kfree(r);
		return err;
	}
	request_init(r, u);
	err = uring_prepare(r);
	if (!err)
		err = place_check(s, r);
	s->stop = err && !(r->sqe.flags & LINKS) && !(u->flags & LINUX_URING_SETUP_SUBMIT_ALL);
	chain_add(s, r);
	if (err && !s->wrong) {
		s->wrong = r;
		s->error = err;
	}
	if (!s->open)
		chain_launch(u, s);
	return 1;
}

/* What has ended costs no memory while others begin. u->lock is let go: what was watched may be a ring, which takes locks to end. */
static void ended_free(struct uring *u)
{
	mutex_unlock(&u->lock);
	uring_reap(u);
	mutex_lock(&u->lock);
}

int64_t uring_submit(struct uring *u, uint32_t wanted)
{
	struct submission s = { .open = false };
	int64_t done = 0;
	int n = 1;

	mutex_lock(&u->lock);
	while (n > 0 && !s.stop && done < MIN(wanted, u->sq_entries)) {
		n = request_take(u, &s);
		done += n > 0;
		if (!s.open && done % REAP_EVERY == 0)
			ended_free(u);
	}
	chain_launch(u, &s);	/* a chain ends with the call */
	if (u->flags & LINUX_URING_SETUP_DEFER_TASKRUN)
		batch_send(&s.batch);
	else
		ready_run(u, &s.batch);
	mutex_unlock(&u->lock);
	return done ? done : n < 0 ? n : 0;
}

/* ---- The call ---- */

bool uring_ready_waits(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	const struct uring_request *r;
	bool found = false;

	list_for_each(r, &u->ready, link) {
		found = r->process == current_process || r->cancelled;
		if (found)
			break;
	}
	spin_unlock_irq(&u->done_lock, flags);
	return found;
}

/* Are there as many as @wanted? A timeout that ended since there were @timeouts lets go who waits for more. */
static bool events_suffice(struct uring *u, uint32_t wanted, uint32_t timeouts)
{
	return uring_nr_done(u) >= wanted || READ_ONCE(u->nr_timeouts) != timeouts;
}

static int events_wait(struct uring *u, uint32_t wanted, time_ns_t deadline)
{
	uint32_t timeouts = READ_ONCE(u->nr_timeouts);
	int err = 0;

	wanted = MIN(wanted, u->cq_entries);
	do {
		if (READ_ONCE(current_process->attention) & PROCESS_RING)
			uring_attend();		/* another ring that this one polls */
		if (uring_ready_waits(u)) {
			mutex_lock(&u->lock);
			uring_run_ready(u);
			mutex_unlock(&u->lock);
		}
		err = wait_event(&u->wait, events_suffice(u, wanted, timeouts) || uring_ready_waits(u), deadline, true);
	} while (!err && !events_suffice(u, wanted, timeouts));
	uring_reap(u);
	if (uring_nr_done(u))
		return 0;	/* fewer than wanted are told of all the same */
	return err == -ETIMEDOUT ? -ETIME : err;
}

/* How long to wait, and with which signals blocked: the sixth argument. */
static int wait_read(const struct syscall_args *args, time_ns_t *deadline)
{
	struct linux_uring_getevents_arg arg = { .sigmask = args->a[4], .sigmask_size = (uint32_t)args->a[5] };
	struct linux_timespec t;

	*deadline = TIME_FOREVER;
	if (args->a[3] & LINUX_URING_ENTER_EXT_ARG) {
		if (args->a[5] != sizeof(arg))
			return -EINVAL;
		if (copy_from_user(&arg, args->a[4], sizeof(arg)))
			return -EFAULT;
	}
	if (arg.ts && copy_from_user(&t, arg.ts, sizeof(t)))
		return -EFAULT;
	if (arg.ts && (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= (long)NSEC_PER_SEC))
		return -EINVAL;
	if (arg.ts && t.tv_sec < 9000000000)
		*deadline = time_now() + (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
	return arg.sigmask ? (int)signal_mask_borrow_user(arg.sigmask, arg.sigmask_size) : 0;
}

static int64_t enter(struct uring *u, const struct syscall_args *args)
{
	uint32_t to_submit = (uint32_t)args->a[1];
	time_ns_t deadline;
	int64_t done = 0, err = 0;

	if (READ_ONCE(u->disabled))
		return -EBADFD;
	uring_reap(u);
	if (u->flags & LINUX_URING_SETUP_SQPOLL)
		done = uring_sq_enter(u, to_submit, (uint32_t)args->a[3]);
	else if (to_submit)
		done = uring_of_another(u) ? -EEXIST : uring_submit(u, to_submit);
	if (done < 0)
		return done;
	uring_reap(u);
	if (args->a[3] & LINUX_URING_ENTER_GETEVENTS && u->flags & LINUX_URING_SETUP_DEFER_TASKRUN && uring_of_another(u))
		return done ? done : -EEXIST;
	if (args->a[3] & LINUX_URING_ENTER_GETEVENTS) {
		err = wait_read(args, &deadline);
		if (!err) {
			err = events_wait(u, (uint32_t)args->a[2], deadline);
			signal_mask_restore();
		}
	}
	return done ? done : err;
}

/* io_uring_enter(fd, to_submit, min_complete, flags, sigmask or argument, size) */
SYSCALL(NR_io_uring_enter, io_uring_enter)
{
	struct file *f;
	int64_t n;

	if ((uint32_t)args->a[3] & ~ENTER_FLAGS)
		return -EINVAL;
	f = fd_get_io((int)args->a[0]);
	if (!f)
		return -EBADF;
	n = file_is_uring(f) ? enter(f->priv, args) : -EOPNOTSUPP;
	file_put(f);
	return n;
}
