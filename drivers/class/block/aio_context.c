// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's asynchronous I/O: contexts and what they hold of ended requests (io_setup, io_getevents, io_cancel, io_destroy). A request of a
 * disk in flight cannot be cancelled, on Linux neither. Events stand in a ring that the program may read too (aio_ring.c).
 */
#include <fs/internal.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <mm/user.h>
#include "aio.h"

#define AIO_EVENTS_MAX	65536u	/* of all contexts: Linux's aio-max-nr */
#define AIO_EVENTS_SENSE 0x800000u	/* more of one make no sense */
#define FRAMES_A_CONTEXT 16u	/* of the machine, at least */
#define EVENTS_AT_ONCE	16u
#define AIO_DRAIN_MS	60000u

static struct mutex aio_lock = MUTEX_INIT(aio_lock, "aio");
static struct list contexts = LIST_INIT(contexts);
static uint32_t nr_events, nr_contexts;	/* how many those may have, and how many they are; guarded by aio_lock */

/* ---- Contexts ---- */

static void requests_free(struct list *requests)
{
	while (!list_empty(requests)) {
		struct aio_request *r = list_first(requests, struct aio_request, link);

		list_del(&r->link);
		kfree(r);
	}
}

void aio_context_put(struct aio_context *c)
{
	if (!ref_put(&c->ref))
		return;
	requests_free(&c->spare);
	aio_ring_free(c);
	kfree(c);
}

struct aio_context *aio_context_find(uint64_t id)
{
	struct aio_context *c, *found = NULL;

	mutex_lock(&aio_lock);
	list_for_each(c, &contexts, link) {
		if (c->id != id || c->space != current_process->space)
			continue;
		ref_get(&c->ref);
		found = c;
		break;
	}
	mutex_unlock(&aio_lock);
	return found;
}

/* Give back what a request holds; its own memory stays. */
static void request_clear(struct aio_request *r)
{
	struct block_direct *d, *next;

	for (d = r->pieces; d; d = next) {
		next = d->next;
		if (d == &r->few)
			block_direct_unpin(d);
		else
			block_direct_free(d);
	}
	aio_poll_free(r);
	file_put(r->file);
	if (unlikely(r->eventfd))
		file_put(r->eventfd);
}

/* Their memory is used again. */
static void requests_spare(struct aio_context *c, struct list *cleared)
{
	uint64_t flags = spin_lock_irq(&c->lock);

	while (!list_empty(cleared)) {
		struct aio_request *r = list_first(cleared, struct aio_request, link);

		list_del(&r->link);
		list_push(&c->spare, &r->link);
	}
	spin_unlock_irq(&c->lock, flags);
}

void aio_context_refresh(struct aio_context *c)
{
	struct list gone = LIST_INIT(gone);
	uint64_t flags = spin_lock_irq(&c->lock);
	struct aio_request *r;

	for (uint32_t nr = aio_ring_taken(c); nr; nr--) {
		r = list_first(&c->events, struct aio_request, link);
		list_del(&r->link);
		list_append(&gone, &r->link);
		c->promised--;
	}
	spin_unlock_irq(&c->lock, flags);
	list_for_each(r, &gone, link)
		request_clear(r);
	requests_spare(c, &gone);
}

static bool context_idle(struct aio_context *c)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	bool idle = !c->running;

	spin_unlock_irq(&c->lock, flags);
	return idle;
}

/* Together they may not exhaust the kernel: 0, -EAGAIN, -ENOMEM where the machine has too little for what Linux allows. */
static int events_promise(uint32_t max)
{
	struct frame_stats stats;
	int err = 0;

	frame_stats(&stats);
	mutex_lock(&aio_lock);
	if (max > AIO_EVENTS_MAX - nr_events)
		err = -EAGAIN;
	else if (nr_events + max > stats.total || nr_contexts >= stats.total / FRAMES_A_CONTEXT)
		err = -ENOMEM;
	nr_events += err ? 0 : max;
	nr_contexts += !err;
	mutex_unlock(&aio_lock);
	return err;
}

static void events_unpromise(uint32_t max)
{
	mutex_lock(&aio_lock);
	nr_events -= max;
	nr_contexts--;
	mutex_unlock(&aio_lock);
}

/* mremap(2). */
static void context_moved(struct vma_object *o, vaddr_t to)
{
	struct aio_context *c = container_of(o, struct aio_context, object);

	mutex_lock(&aio_lock);
	c->id = to;
	mutex_unlock(&aio_lock);
}

/* The ring is mapped no more. Waits for what is in flight: its pages are the device's until then. */
static void context_end(struct vma_object *o)
{
	struct aio_context *c = container_of(o, struct aio_context, object);
	struct aio_request *r;

	mutex_lock(&aio_lock);
	list_del(&c->link);
	nr_events -= c->max;
	nr_contexts--;
	mutex_unlock(&aio_lock);
	WRITE_ONCE(c->dead, true);
	wait_wake(&c->wait, 0);
	(void)aio_poll_cancel(c, 0, true);
	wait_event(&c->wait, context_idle(c), time_now() + AIO_DRAIN_MS * NSEC_PER_MSEC, false);
	while (context_idle(c) && !list_empty(&c->events)) {
		r = list_first(&c->events, struct aio_request, link);
		list_del(&r->link);
		request_clear(r);
		kfree(r);
	}
	aio_context_put(c);
}

static void object_put(struct vma_object *o)
{
	if (ref_put(&o->ref))
		o->release(o);
}

static struct aio_context *context_alloc(uint32_t max)
{
	struct aio_context *c = kzalloc(sizeof(*c));

	if (!c)
		return NULL;
	if (aio_ring_create(c, max)) {
		aio_ring_free(c);
		kfree(c);
		return NULL;
	}
	ref_init(&c->ref);
	ref_init(&c->object.ref);
	c->object.release = context_end;
	c->object.moved = context_moved;
	list_init(&c->link);
	list_init(&c->events);
	list_init(&c->spare);
	list_init(&c->polls);
	spin_init(&c->lock, "aio_context");
	wait_queue_init(&c->wait, "aio_context");
	c->space = current_process->space;
	c->max = max;
	return c;
}

/* A new context's id, or -errno. */
static int64_t context_create(uint32_t max)
{
	int err = events_promise(max);
	struct aio_context *c = err ? NULL : context_alloc(max);
	int64_t id;

	if (!c && !err)
		events_unpromise(max);
	if (!c)
		return err ? err : -ENOMEM;
	id = space_map_object(c->space, 0, VM_SHARED | VM_OBJECT | VM_READ | VM_WRITE, &c->object);
	if (id > 0) {
		mutex_lock(&aio_lock);
		c->id = (uint64_t)id;
		list_push(&contexts, &c->link);	/* before one at the same place that is still ending */
		mutex_unlock(&aio_lock);
	}
	object_put(&c->object);
	return id;
}

SYSCALL(NR_io_setup, io_setup)
{
	struct aio_context *c;
	uint64_t old;
	int64_t id;

	if (copy_from_user(&old, args->a[1], sizeof(old)))
		return -EFAULT;
	if (old || !(uint32_t)args->a[0] || (uint32_t)args->a[0] > AIO_EVENTS_SENSE)
		return -EINVAL;
	id = context_create((uint32_t)args->a[0]);
	if (id < 0)
		return id;
	if (!put_user64(args->a[1], (uint64_t)id))
		return 0;
	c = aio_context_find((uint64_t)id);
	if (c) {
		space_unmap_object(c->space, &c->object);
		aio_context_put(c);
	}
	return -EFAULT;
}

SYSCALL(NR_io_destroy, io_destroy)
{
	struct aio_context *c = aio_context_find(args->a[0]);

	if (!c)
		return -EINVAL;
	space_unmap_object(c->space, &c->object);
	aio_context_put(c);
	return 0;
}

/* ---- Events ---- */

/* Up to @max events off the list into @taken. */
static unsigned int events_take(struct aio_context *c, struct aio_request **taken, unsigned int max)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	unsigned int nr = 0;

	while (nr < max && !list_empty(&c->events)) {
		taken[nr] = list_first(&c->events, struct aio_request, link);
		list_del(&taken[nr++]->link);
	}
	c->promised -= nr;
	aio_ring_take(c, nr);
	spin_unlock_irq(&c->lock, flags);
	return nr;
}

/* Hand the events to the program and keep the requests for others. An event that cannot be handed over is lost, as its request is done. */
static int events_give(struct aio_context *c, struct aio_request **taken, unsigned int nr, uint64_t to)
{
	struct linux_io_event events[EVENTS_AT_ONCE];
	struct list cleared = LIST_INIT(cleared);

	for (unsigned int i = 0; i < nr; i++) {
		events[i] = taken[i]->event;
		request_clear(taken[i]);
		list_append(&cleared, &taken[i]->link);
	}
	requests_spare(c, &cleared);
	return copy_to_user(to, events, nr * sizeof(events[0]));
}

static int deadline_get(uint64_t timeout, time_ns_t *deadline)
{
	int64_t ts[2];

	*deadline = TIME_FOREVER;
	if (!timeout)
		return 0;
	if (copy_from_user(ts, timeout, sizeof(ts)))
		return -EFAULT;
	if (ts[0] < 0 || ts[1] < 0 || ts[1] >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	if (ts[0] < (int64_t)(1ull << 32))
		*deadline = time_now() + (uint64_t)ts[0] * NSEC_PER_SEC + (uint64_t)ts[1];
	return 0;
}

/* At least @min events, or as many as came before the deadline. */
static int64_t events_fetch(struct aio_context *c, int64_t min, int64_t nr, uint64_t to, time_ns_t deadline)
{
	struct aio_request *taken[EVENTS_AT_ONCE];
	int64_t done = 0;
	int err = 0;

	while (!err && done < nr) {
		unsigned int n;

		aio_context_refresh(c);
		n = events_take(c, taken, (unsigned int)MIN(nr - done, (int64_t)EVENTS_AT_ONCE));

		if (!n && (done >= min || c->dead))
			break;
		if (!n) {
			err = wait_event(&c->wait, !list_empty(&c->events) || c->dead, deadline, true);
			continue;
		}
		err = events_give(c, taken, n, to + (uint64_t)done * sizeof(taken[0]->event));
		done += err ? 0 : n;
	}
	return done || err == -ETIMEDOUT ? done : err;
}

/* (context, min, nr, events, timeout) */
static int64_t getevents(const uint64_t *a)
{
	int64_t min = (int64_t)a[1], nr = (int64_t)a[2], result;
	struct aio_context *c;
	time_ns_t deadline;

	result = deadline_get(a[4], &deadline);
	if (result)
		return result;
	c = aio_context_find(a[0]);
	if (!c)
		return -EINVAL;
	result = min < 0 || nr < min ? -EINVAL : events_fetch(c, min, nr, a[3], deadline);
	aio_context_put(c);
	return result;
}

SYSCALL(NR_io_getevents, io_getevents)
{
	return getevents(args->a);
}

/* The same and (mask, size): a mask of signals for the time of the call. */
SYSCALL(NR_io_pgetevents, io_pgetevents)
{
	uint64_t mask[2] = { 0, 0 };
	int64_t result;

	if (args->a[5] && copy_from_user(mask, args->a[5], sizeof(mask)))
		return -EFAULT;
	result = signal_mask_borrow_user(mask[0], mask[1]);
	if (result)
		return result;
	result = getevents(args->a);
	signal_mask_restore();
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

SYSCALL(NR_io_cancel, io_cancel)
{
	struct aio_context *c;
	uint32_t key;
	int err;

	if (get_user32(&key, args->a[1] + offsetof(struct linux_iocb, key)))
		return -EFAULT;
	c = key ? NULL : aio_context_find(args->a[0]);
	if (!c)
		return -EINVAL;
	err = aio_poll_cancel(c, args->a[1], false);	/* nothing else can be cancelled any more: -EINVAL, on Linux too */
	aio_context_put(c);
	return err ? err : -EINPROGRESS;
}

/* ---- /proc/sys/fs ---- */

static void nr_show(struct seq *s, void *priv)
{
	seq_printf(s, "%u\n", READ_ONCE(nr_events));
}

static int aio_proc_init(void)
{
	int err = proc_create_number("sys/fs/aio-max-nr", AIO_EVENTS_MAX);

	return err ? err : proc_create("sys/fs/aio-nr", 0444, nr_show, NULL);
}
INITCALL("4class", aio_proc_init);
