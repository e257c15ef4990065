// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: requests and completions in memory that a program shares with the kernel. O_DIRECT reads and writes of disks run in the
 * background, those of one io_uring_enter() as one batch, and end into the completion ring from the interrupt. What would wait for a file to
 * be ready or for the page cache does so without the caller. Here: the rings, their memory and their file. IOPOLL has the rules that it
 * has on Linux for disks whose driver cannot be polled: they interrupt.
 */
#include <mm/slab.h>
#include "uring.h"

/* Offsets in the memory of the rings. */
#define SQ_HEAD		0u
#define SQ_TAIL		4u
#define SQ_MASK		8u
#define SQ_ENTRIES	12u
#define SQ_FLAGS	16u
#define SQ_DROPPED	20u
#define CQ_HEAD		64u
#define CQ_TAIL		68u
#define CQ_MASK		72u
#define CQ_ENTRIES	76u
#define CQ_OVERFLOW	80u
#define CQ_FLAGS	84u
#define CQ_CQES		128u

/* ---- Shared memory: frames that the program maps; nothing in it is believed, and what is read is read once ---- */

#define PAGES_OF(bytes)	(ALIGN_UP(bytes, PAGE_SIZE) >> PAGE_SHIFT)

/* What lies at @offset; no entry crosses a page. */
static void *region_at(const struct vma_object *o, uint32_t offset)
{
	return (char *)page_addr(o->pages[offset >> PAGE_SHIFT]) + (offset & ~PAGE_MASK);
}

static uint32_t ring_load(const struct uring *u, uint32_t offset)
{
	return __atomic_load_n((uint32_t *)region_at(u->rings, offset), __ATOMIC_ACQUIRE);
}

static void ring_store(const struct uring *u, uint32_t offset, uint32_t value)
{
	__atomic_store_n((uint32_t *)region_at(u->rings, offset), value, __ATOMIC_RELEASE);
}

void uring_sq_flag(struct uring *u, uint32_t flag, bool set)
{
	uint32_t *flags = region_at(u->rings, SQ_FLAGS);

	if (set)
		__atomic_or_fetch(flags, flag, __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(flags, ~flag, __ATOMIC_SEQ_CST);
}

bool uring_sq_waits(struct uring *u)
{
	return READ_ONCE(u->sq_head) != ring_load(u, SQ_TAIL);
}

bool uring_sq_has_room(struct uring *u)
{
	return ring_load(u, SQ_TAIL) - READ_ONCE(u->sq_head) < u->sq_entries;
}

/* ---- Completions ---- */

/* Something was told. done_lock held. */
static void uring_wake(struct uring *u)
{
	wait_wake(&u->wait, LINUX_POLLIN | LINUX_POLLRDNORM);
	if (unlikely(u->watched))
		wait_wake(&u->told, LINUX_POLLIN | LINUX_POLLRDNORM);
}

/* done_lock held. False: the program has not made room. */
static bool cqe_write(struct uring *u, uint64_t name, int64_t result, uint32_t flags)
{
	struct linux_uring_cqe *cqe;

	if (u->cq_tail - ring_load(u, CQ_HEAD) >= u->cq_entries)
		return false;
	cqe = region_at(u->rings, CQ_CQES + (u->cq_tail & (u->cq_entries - 1)) * u->cqe_bytes);
	if (u->cqe_bytes > sizeof(*cqe))
		memset(cqe + 1, 0, u->cqe_bytes - sizeof(*cqe));
	*cqe = (struct linux_uring_cqe){ .user_data = name, .result = (int)result, .flags = flags };
	u->cq_tail++;
	ring_store(u, CQ_TAIL, u->cq_tail);
	return true;
}

/* done_lock held. */
static void completion_post(struct uring *u, struct uring_request *r)
{
	bool quiet = r->sqe.flags & LINUX_URING_SQE_CQE_SKIP && uring_succeeded(r);

	if (r->untold || quiet || (list_empty(&u->overflow) && cqe_write(u, r->sqe.user_data, r->result, r->cqe_flags))) {
		list_append(&u->finished, &r->link);
	} else {
		list_append(&u->overflow, &r->link);
		if (r->file || r->other)
			list_append(&u->holding, &r->all_link);
		u->nr_overflow++;
		uring_sq_flag(u, LINUX_URING_SQ_CQ_OVERFLOW, true);
	}
	u->nr_told += r->sqe.opcode != LINUX_URING_OP_TIMEOUT;
}

/* One request ends, and its guard: what is linked to it comes back. */
static struct uring_request *request_end(struct uring *u, struct uring_request *r, int64_t result)
{
	struct uring_request *next = r->next;

	r->result = result;
	r->state = REQUEST_DONE;
	r->next = NULL;
	list_del(&r->all_link);
	list_del(&r->name_link);
	u->running--;
	u->active--;
	if (r->counting)
		list_del(&r->link);
	if (!u->dying)
		completion_post(u, r);
	else
		list_append(&u->finished, &r->link);
	if (unlikely(r->era)) {
		r->era->users--;
		r->era = NULL;
		uring_tags_tell_locked(u);
	}
	return next;
}

/* It ends with what it guarded: nothing that a program asked not to be told of. */
static void guard_end(struct uring *u, struct uring_request *guard)
{
	guard->untold = guard->sqe.flags & LINUX_URING_SQE_CQE_SKIP;
	request_end(u, guard, -ECANCELED);
}

/* @r ends before it began: what is linked to it. */
static struct uring_request *unbegun_end(struct uring *u, struct uring_request *r, bool quiet)
{
	struct uring_request *guard = r->guard, *next;

	r->guard = NULL;
	r->untold = quiet;
	next = request_end(u, r, -ECANCELED);
	if (guard)
		guard->untold = quiet;
	if (guard)
		request_end(u, guard, -ECANCELED);
	return next;
}

/*
 * A chain from @r on, whose turn has come if @goes_on: it starts, or ends with what ended before it. One that tells only of failure (@quiet) has
 * spoken for those behind it. What was cancelled while it waited ends here: its process may be dead.
 */
static void chain_go_on(struct uring *u, struct uring_request *r, bool goes_on, bool quiet)
{
	while (r && (!goes_on || r->cancelled)) {
		bool hard = r->sqe.flags & LINUX_URING_SQE_IO_HARDLINK, speaks = r->sqe.flags & LINUX_URING_SQE_CQE_SKIP;

		r = unbegun_end(u, r, quiet && !goes_on);
		if (goes_on)
			quiet = speaks;
		goes_on = goes_on && hard;
	}
	if (r)
		uring_ready_locked(r);
}

/* Nothing runs that the first of the deferred has to wait for: it starts, with those behind it up to the next that drains. */
static void deferred_start(struct uring *u)
{
	u->draining = false;
	while (!list_empty(&u->deferred) && !u->draining) {
		struct uring_request *r, *head = list_first(&u->deferred, struct uring_request, link);

		if (head->sqe.flags & LINUX_URING_SQE_IO_DRAIN && u->active)
			break;
		u->draining = head->sqe.flags & LINUX_URING_SQE_IO_DRAIN;
		list_del(&head->link);
		for (r = head; r; r = r->next)
			u->active += r->guard ? 2 : 1;
		chain_go_on(u, head, true, false);
		if (!u->active)
			u->draining = false;
	}
}

void uring_complete_locked(struct uring_request *r, int64_t result)
{
	struct uring *u = r->uring;
	struct uring_request *guard = r->guard, *next;

	if (result <= -ERESTARTSYS && result >= -EINTR_FINAL)
		result = -EINTR;	/* what a signal's delivery makes of these is not for a ring */
	if (r->moved)
		result = (int64_t)r->moved;
	r->guard = NULL;
	next = request_end(u, r, result);
	if (guard)
		guard_end(u, guard);
	chain_go_on(u, next, uring_succeeded(r) || r->sqe.flags & LINUX_URING_SQE_IO_HARDLINK, r->sqe.flags & LINUX_URING_SQE_CQE_SKIP);
	if (!u->active)
		deferred_start(u);
	if (!list_empty(&u->counting) && !u->counting_now)
		uring_timeouts_count(u);
	uring_wake(u);
}

void uring_tell(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->event_lock);

	if (u->eventfd && !(ring_load(u, CQ_FLAGS) & LINUX_URING_CQ_EVENTFD_DISABLED))
		(void)eventfd_signal(u->eventfd);
	spin_unlock_irq(&u->event_lock, flags);
}

void uring_complete(struct uring_request *r, int64_t result)
{
	struct uring *u = r->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool told = r->resumed;		/* the eventfd was, when it became ready */

	__atomic_fetch_add(&u->telling, 1, __ATOMIC_RELAXED);
	uring_complete_locked(r, result);
	spin_unlock_irq(&u->done_lock, flags);
	if (!told)
		uring_tell(u);
	__atomic_fetch_sub(&u->telling, 1, __ATOMIC_RELEASE);	/* from here on the ring may be gone */
}

bool uring_post(struct uring_request *r, int64_t result)
{
	struct uring *u = r->uring;
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool told = !u->dying && !r->cancelled && list_empty(&u->overflow) &&
		    cqe_write(u, r->sqe.user_data, result, r->cqe_flags | LINUX_URING_CQE_MORE);

	u->nr_told += told;
	if (told)
		uring_timeouts_count(u);
	if (told)
		uring_wake(u);
	spin_unlock_irq(&u->done_lock, flags);
	if (told)
		uring_tell(u);
	return told;
}

struct uring_request *uring_note_create(struct uring *u)
{
	struct uring_request *r;

	if (uring_pay(u, sizeof(*r)))
		return NULL;
	r = kzalloc(sizeof(*r));
	if (!r) {
		uring_unpay(u, sizeof(*r));
		return NULL;
	}
	list_init(&r->link);
	list_init(&r->all_link);
	r->uring = u;
	r->state = REQUEST_DONE;
	r->cost = sizeof(*r);
	return r;
}

void uring_note_free(struct uring_request *note)
{
	if (!note)
		return;
	uring_unpay(note->uring, note->cost);
	kfree(note);
}

void uring_note_tell_locked(struct uring *u, struct uring_request *note)
{
	if (u->dying)
		list_append(&u->finished, &note->link);
	else
		completion_post(u, note);
	uring_timeouts_count(u);
	uring_wake(u);
}

int uring_post_message(struct uring *u, uint64_t name, int result)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	bool told = list_empty(&u->overflow) && cqe_write(u, name, result, 0);
	struct uring_request *r = NULL;

	spin_unlock_irq(&u->done_lock, flags);
	if (!told)
		r = uring_note_create(u);	/* it has no room: as a request that has ended */
	if (!told && !r)
		return -ENOMEM;
	flags = spin_lock_irq(&u->done_lock);
	if (r) {
		r->sqe.user_data = name;
		r->result = result;
		completion_post(u, r);
	} else {
		u->nr_told++;
	}
	uring_timeouts_count(u);
	uring_wake(u);
	spin_unlock_irq(&u->done_lock, flags);
	uring_tell(u);
	return 0;
}

/* What waits for room needs its files no more. */
static void holding_close(struct uring *u)
{
	struct uring_request *r;
	uint64_t flags;

	for (;;) {
		flags = spin_lock_irq(&u->done_lock);
		r = list_empty(&u->holding) ? NULL : list_first(&u->holding, struct uring_request, all_link);
		if (r) {
			list_del(&r->all_link);
			r->closing = true;
		}
		spin_unlock_irq(&u->done_lock, flags);
		if (!r)
			return;
		uring_poll_free(r);
		uring_request_close(r);
		flags = spin_lock_irq(&u->done_lock);
		r->closing = false;
		spin_unlock_irq(&u->done_lock, flags);
	}
}

/* Move what waited for room into the ring; free what is told. True: something has no room and a file. */
static bool reap_once(struct uring *u)
{
	struct list done = LIST_INIT(done);
	struct uring_request *r, *next;
	uint64_t flags = spin_lock_irq(&u->done_lock), bytes = 0;
	bool holds;

	while (!list_empty(&u->overflow)) {
		r = list_first(&u->overflow, struct uring_request, link);
		if (r->closing)
			break;		/* who closes it looks again */
		if (!u->dying && !cqe_write(u, r->sqe.user_data, r->result, r->cqe_flags))
			break;
		list_del(&r->link);
		list_del(&r->all_link);
		u->nr_overflow--;
		list_append(&u->finished, &r->link);
	}
	holds = !list_empty(&u->holding);
	if (list_empty(&u->overflow))
		uring_sq_flag(u, LINUX_URING_SQ_CQ_OVERFLOW, false);
	list_splice(&done, &u->finished);
	spin_unlock_irq(&u->done_lock, flags);
	list_for_each_safe(r, next, &done, link) {
		bytes += r->cost;
		uring_request_free(r);
	}
	if (bytes)
		uring_unpay(u, bytes);
	return holds;
}

void uring_reap(struct uring *u)
{
	while (unlikely(reap_once(u))) {
		holding_close(u);
		wait_wake(&u->wait, LINUX_POLLIN | LINUX_POLLRDNORM);
	}
}

uint32_t uring_nr_done(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	uint32_t nr = u->cq_tail - ring_load(u, CQ_HEAD);

	spin_unlock_irq(&u->done_lock, flags);
	return nr;
}

/* ---- Submissions ---- */

bool uring_next(struct uring *u, struct linux_uring_sqe *sqe)
{
	uint32_t index;

	/* A tail that makes no sense is not walked to: at most what the ring holds. */
	for (uint32_t nr = 0; nr < u->sq_entries && u->sq_head != ring_load(u, SQ_TAIL); nr++) {
		index = ring_load(u, u->array_at + (u->sq_head & (u->sq_entries - 1)) * 4);
		if (index < u->sq_entries)
			memcpy(sqe, region_at(u->sqes, index * u->sqe_bytes), sizeof(*sqe));
		u->sq_head++;
		ring_store(u, SQ_HEAD, u->sq_head);
		if (index < u->sq_entries)
			return true;
		ring_store(u, SQ_DROPPED, ring_load(u, SQ_DROPPED) + 1);
	}
	return false;
}

/* ---- The file ---- */

static int uring_mmap(struct file *f, struct vma *vma)
{
	struct uring *u = f->priv;
	uint64_t bytes = vma->end - vma->start;

	if (vma->offset == LINUX_URING_OFF_SQ_RING || vma->offset == LINUX_URING_OFF_CQ_RING)
		vma->object = u->rings;
	else if (vma->offset == LINUX_URING_OFF_SQES)
		vma->object = u->sqes;
	else
		return -EINVAL;
	if (bytes > vma->object->nr_pages << PAGE_SHIFT || !(vma->flags & VM_SHARED)) {
		vma->object = NULL;
		return -EINVAL;
	}
	ref_get(&vma->object->ref);
	vma->flags |= VM_INHERITED;
	vma->offset = 0;
	return 0;
}

static uint32_t uring_poll(struct file *f, struct poll_table *table)
{
	struct uring *u = f->priv;

	bool by_ring = current->ring_call && current->ring_call->polls;

	if (by_ring)
		WRITE_ONCE(u->watched, true);
	poll_wait(f, by_ring ? &u->told : &u->wait, table);
	/* What is ready is done before the caller is back in user mode; a ring that asks goes there for this one. */
	return (uring_nr_done(u) || (!by_ring && !list_empty(&u->ready)) ? LINUX_POLLIN | LINUX_POLLRDNORM : 0) | LINUX_POLLOUT | LINUX_POLLWRNORM;
}

static void memory_free(struct uring *u)
{
	vma_object_put(u->rings);
	vma_object_put(u->sqes);
	uring_pay_end(u);
	kfree(u);
}

static void uring_free(struct uring *u)
{
	uring_reap(u);
	timer_disarm(&u->kick);
	if (u->eventfd)
		file_put(u->eventfd);
	uring_files_forget(u);
	uring_groups_forget(u);
	uring_personalities_forget(u);
	uring_tags_forget(u);
	kfree(u->buffers);
	memory_free(u);
}

void uring_put(struct uring *u)
{
	if (ref_put(&u->ref))
		uring_free(u);
}

void uring_end(struct uring *u)
{
	uring_cancel_all(u);
	uring_list_remove(u);
	uring_put(u);
}

/* A request of a ring may hold the last file of another one, whose requests hold others': they end one after the other, not inside each other. */
static void uring_release(struct file *f)
{
	struct list going = LIST_INIT(going);
	struct uring *u = f->priv;

	if (current->rings_going) {
		list_append(current->rings_going, &u->going_link);
		return;
	}
	list_append(&going, &u->going_link);
	current->rings_going = &going;
	while (!list_empty(&going)) {
		u = list_first(&going, struct uring, going_link);
		list_del(&u->going_link);
		if (uring_sq_stop(u))
			uring_end(u);
	}
	current->rings_going = NULL;
}

static void kick_over(struct timer *t)
{
	uring_tell(container_of(t, struct uring, kick));
}

static const struct file_ops uring_ops = { .name = "[io_uring]", .mmap = uring_mmap, .poll = uring_poll, .release = uring_release };

bool file_is_uring(const struct file *f)
{
	return f->ops == &uring_ops;
}

struct uring *uring_alloc(uint32_t sq_entries, uint32_t cq_entries, uint32_t flags)
{
	struct uring *u = kzalloc(sizeof(*u));

	if (!u)
		return NULL;
	u->sq_entries = sq_entries;
	u->cq_entries = cq_entries;
	u->sqe_bytes = (uint32_t)sizeof(struct linux_uring_sqe) << !!(flags & LINUX_URING_SETUP_SQE128);
	u->cqe_bytes = (uint32_t)sizeof(struct linux_uring_cqe) << !!(flags & LINUX_URING_SETUP_CQE32);
	u->array_at = CQ_CQES + cq_entries * u->cqe_bytes;
	mutex_init(&u->lock, "io_uring");
	spin_init(&u->done_lock, "io_uring_done");
	spin_init(&u->event_lock, "io_uring_event");
	spin_init(&u->files_lock, "io_uring_files");
	ref_init(&u->ref);
	timer_init(&u->kick, kick_over);
	list_init(&u->all_link);
	list_init(&u->going_link);
	list_init(&u->counting);
	list_init(&u->requests);
	for (unsigned int i = 0; i < URING_NAMES; i++)
		list_init(&u->names[i]);
	list_init(&u->groups);
	list_init(&u->ready);
	list_init(&u->deferred);
	wait_queue_init(&u->wait, "io_uring_wait");
	wait_queue_init(&u->told, "io_uring_told");
	wait_queue_init(&u->sq_wait, "io_uring_sq");
	list_init(&u->finished);
	list_init(&u->overflow);
	list_init(&u->holding);
	list_init(&u->retired);
	list_init(&u->personalities);
	u->payer = uring_payer_create();
	if (u->payer)
		u->rings = uring_object_create(u->payer, PAGES_OF(u->array_at + sq_entries * 4ul));
	if (u->rings)
		u->sqes = uring_object_create(u->payer, PAGES_OF(sq_entries * u->sqe_bytes));
	if (u->sqes && !uring_pay(u, sizeof(*u)))
		return u;
	memory_free(u);
	return NULL;
}

void uring_params_fill(const struct uring *u, struct linux_uring_params *p)
{
	p->sq_entries = u->sq_entries;
	p->cq_entries = u->cq_entries;
	p->features = LINUX_URING_FEAT_SINGLE_MMAP | LINUX_URING_FEAT_NODROP | LINUX_URING_FEAT_SUBMIT_STABLE |
		      LINUX_URING_FEAT_RW_CUR_POS | LINUX_URING_FEAT_CUR_PERSONALITY | LINUX_URING_FEAT_FAST_POLL | LINUX_URING_FEAT_EXT_ARG |
		      LINUX_URING_FEAT_CQE_SKIP | LINUX_URING_FEAT_SQPOLL_NONFIXED | LINUX_URING_FEAT_POLL_32BITS | LINUX_URING_FEAT_LINKED_FILE |
		      LINUX_URING_FEAT_RSRC_TAGS;
	memset(&p->sq, 0, sizeof(p->sq));
	memset(&p->cq, 0, sizeof(p->cq));
	p->sq.tail = SQ_TAIL;
	p->sq.ring_mask = SQ_MASK;
	p->sq.ring_entries = SQ_ENTRIES;
	p->sq.flags = SQ_FLAGS;
	p->sq.dropped = SQ_DROPPED;
	p->sq.array = u->array_at;
	p->cq.head = CQ_HEAD;
	p->cq.tail = CQ_TAIL;
	p->cq.ring_mask = CQ_MASK;
	p->cq.ring_entries = CQ_ENTRIES;
	p->cq.overflow = CQ_OVERFLOW;
	p->cq.cqes = CQ_CQES;
	p->cq.flags = CQ_FLAGS;
	ring_store(u, SQ_MASK, u->sq_entries - 1);
	ring_store(u, SQ_ENTRIES, u->sq_entries);
	ring_store(u, CQ_MASK, u->cq_entries - 1);
	ring_store(u, CQ_ENTRIES, u->cq_entries);
}

struct file *uring_file(struct uring *u)
{
	return file_alloc(&uring_ops, u, LINUX_O_RDWR);
}
