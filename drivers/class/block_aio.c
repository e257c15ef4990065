// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's asynchronous I/O (io_setup, io_submit, io_getevents, io_destroy). O_DIRECT reads and writes of disks run in the background, those
 * of one io_submit as one batch; everything else is done at once and its result queued, as Linux does with buffered files. Left out:
 * cancelling (a request in flight cannot be), eventfd notification, the event ring in user memory (its page exists and stays zero, which
 * makes libaio use the system call).
 */
#include <fs/file.h>
#include <fs/internal.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/wait.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_block.h>
#include "block_core.h"

#define AIO_EVENTS_MAX	4096u
#define AIO_BATCH	32u
#define AIO_ADDRESSES	32u
#define EVENTS_AT_ONCE	16u
#define AIO_PIECES	64u	/* of a megabyte each, in one request */
#define AIO_DRAIN_MS	60000u

/* Lives as long as the page that stands for it is mapped: munmap, exec and exit end it like io_destroy. */
struct aio_context {
	struct vma_object object;	/* first: the page */
	struct page *page;
	struct list link;		/* of all; guarded by aio_lock */
	struct ref ref;
	struct space *space;		/* compared, never followed */
	uint64_t id;			/* address of the page */
	uint32_t max;
	struct spinlock lock;		/* guards the rest */
	uint32_t promised;		/* requests whose event was not fetched */
	uint32_t running;
	struct list events;		/* of aio_request */
	struct list spare;		/* requests to use again, at most max */
	struct wait_queue wait;
	bool dead;
};

/* One iocb: its pieces, then its event. */
struct aio_request {
	struct list link;
	struct aio_context *context;
	struct file *file;		/* counted */
	struct linux_io_event event;
	uint32_t pieces_left;		/* guarded by the context's lock */
	unsigned int nr_pieces;
	bool write;
	struct block_direct *pieces;	/* a list by next; small requests have theirs inside: */
	struct block_direct few;
};

static struct mutex aio_lock = MUTEX_INIT(aio_lock, "aio");
static struct list contexts = LIST_INIT(contexts);

/* ---- Contexts ---- */

static void requests_free(struct list *requests)
{
	while (!list_empty(requests)) {
		struct aio_request *r = list_first(requests, struct aio_request, link);

		list_del(&r->link);
		kfree(r);
	}
}

static void context_put(struct aio_context *c)
{
	if (!ref_put(&c->ref))
		return;
	requests_free(&c->spare);
	page_put(c->page);
	kfree(c);
}

/* Counted, or NULL. */
static struct aio_context *context_find(uint64_t id)
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
	file_put(r->file);
}

static bool context_idle(struct aio_context *c)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	bool idle = !c->running;

	spin_unlock_irq(&c->lock, flags);
	return idle;
}

/* The page is mapped no more. Waits for what is in flight: its pages are the device's until then. */
static void context_end(struct vma_object *o)
{
	struct aio_context *c = container_of(o, struct aio_context, object);
	struct aio_request *r;

	mutex_lock(&aio_lock);
	list_del(&c->link);
	mutex_unlock(&aio_lock);
	WRITE_ONCE(c->dead, true);
	wait_wake(&c->wait, 0);
	wait_event(&c->wait, context_idle(c), time_now() + AIO_DRAIN_MS * NSEC_PER_MSEC, false);
	while (context_idle(c) && !list_empty(&c->events)) {
		r = list_first(&c->events, struct aio_request, link);
		list_del(&r->link);
		request_clear(r);
		kfree(r);
	}
	context_put(c);
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
	c->page = frame_alloc(0, FRAME_ZERO, PAGE_KERNEL);
	if (!c->page) {
		kfree(c);
		return NULL;
	}
	ref_init(&c->ref);
	ref_init(&c->object.ref);
	c->object.pages = &c->page;
	c->object.nr_pages = 1;
	c->object.release = context_end;
	list_init(&c->link);
	list_init(&c->events);
	list_init(&c->spare);
	spin_init(&c->lock, "aio_context");
	wait_queue_init(&c->wait, "aio_context");
	c->space = current_process->space;
	c->max = max;
	return c;
}

/* A new context's id, or -errno. */
static int64_t context_create(uint32_t max)
{
	struct aio_context *c = context_alloc(max);
	int64_t id;

	if (!c)
		return -ENOMEM;
	id = space_map_object(c->space, 0, VM_SHARED | VM_OBJECT | VM_READ | VM_WRITE, &c->object);
	if (id > 0) {
		mutex_lock(&aio_lock);
		c->id = (uint64_t)id;
		list_append(&contexts, &c->link);
		mutex_unlock(&aio_lock);
	}
	object_put(&c->object);
	return id;
}

SYSCALL(NR_io_setup, io_setup)
{
	uint64_t old;
	int64_t id;

	if (copy_from_user(&old, args->a[1], sizeof(old)))
		return -EFAULT;
	if (old || !(uint32_t)args->a[0])
		return -EINVAL;
	if ((uint32_t)args->a[0] > AIO_EVENTS_MAX)
		return -EAGAIN;
	id = context_create((uint32_t)args->a[0]);
	if (id < 0)
		return id;
	if (!put_user64(args->a[1], (uint64_t)id))
		return 0;
	space_unmap(current_process->space, (uint64_t)id, PAGE_SIZE);
	return -EFAULT;
}

SYSCALL(NR_io_destroy, io_destroy)
{
	struct aio_context *c = context_find(args->a[0]);

	if (!c)
		return -EINVAL;
	space_unmap(current_process->space, c->id, PAGE_SIZE);
	context_put(c);
	return 0;
}

/* ---- Requests ---- */

/* The event is there. c->lock held. */
static void request_over_locked(struct aio_context *c, struct aio_request *r)
{
	c->running--;
	list_append(&c->events, &r->link);
	wait_wake(&c->wait, 0);
}

/* Any context. */
static void request_over(struct aio_request *r)
{
	struct aio_context *c = r->context;
	uint64_t flags = spin_lock_irq(&c->lock);

	request_over_locked(c, r);
	spin_unlock_irq(&c->lock, flags);
}

/* Pages are unpinned when the event is fetched: not here, where interrupts may be off. */
static void piece_over(struct block_io *io)
{
	struct aio_request *r = io->priv;
	struct aio_context *c = r->context;
	uint64_t flags = spin_lock_irq(&c->lock);

	if (io->status && r->event.res >= 0)
		r->event.res = io->status;
	if (!--r->pieces_left)
		request_over_locked(c, r);
	spin_unlock_irq(&c->lock, flags);
}

static int file_allows(const struct file *f, bool write)
{
	uint32_t mode = f->flags & LINUX_O_ACCMODE;

	return mode == LINUX_O_RDWR || mode == (write ? LINUX_O_WRONLY : LINUX_O_RDONLY) ? 0 : -EBADF;
}

/* Anything but direct I/O on a disk: now. */
static int64_t do_now(struct file *f, const struct linux_iocb *cb, struct iter *it, bool write)
{
	loff_t pos = cb->offset;

	if (cb->opcode == LINUX_IOCB_CMD_FSYNC || cb->opcode == LINUX_IOCB_CMD_FDSYNC)
		return f->ops->fsync ? f->ops->fsync(f, cb->opcode == LINUX_IOCB_CMD_FDSYNC) : -EINVAL;
	if (write)
		return f->ops->write ? f->ops->write(f, it, &pos) : -EINVAL;
	return f->ops->read ? f->ops->read(f, it, &pos) : -EINVAL;
}

static struct block_direct *piece_create(struct aio_request *r, struct block_disk *disk, struct iter *it, uint64_t pos)
{
	int err;

	if (r->nr_pieces || !block_direct_is_few(it))
		return block_direct_create(disk, it, pos, r->write);
	err = block_direct_fill(&r->few, disk, it, pos, r->write);
	return err ? ERR_PTR(err) : &r->few;
}

/* Cut at the disk's end as a synchronous call is. 1: pieces are ready; else the result. */
static int64_t pieces_create(struct aio_request *r, const struct linux_iocb *cb, struct iter *it)
{
	const struct block_part *part = r->file->priv;
	struct block_disk *disk = part->disk;
	uint64_t size = block_part_blocks(part) * disk->limits.block_size, at = (uint64_t)cb->offset;
	uint64_t pos = part->start * disk->limits.block_size + at;
	int err;

	if (r->write && disk->limits.flags & BLOCK_RO)
		return -EPERM;
	if (at >= size || !it->left)
		return r->write && it->left ? -ENOSPC : 0;
	it->left = MIN(it->left, size - at);
	err = block_direct_check(disk, it, pos);
	if (!err && unlikely(!block_cache_is_out(disk)))
		err = r->write ? block_cache_drop(disk, pos, it->left) : block_cache_sync(disk, pos, it->left);
	while (!err && it->left && r->nr_pieces < AIO_PIECES) {
		struct block_direct *d = piece_create(r, disk, it, pos);

		if (IS_ERR(d)) {
			err = r->nr_pieces ? 0 : (int)PTR_ERR(d);
			break;
		}
		d->io.done = piece_over;
		d->io.priv = r;
		d->next = r->pieces;
		r->pieces = d;
		r->nr_pieces++;
		r->event.res += (long long)d->bytes;
		pos += d->bytes;
	}
	r->pieces_left = r->nr_pieces;
	return err ? err : 1;
}

struct aio_batch {
	struct block_disk *disk;
	struct block_io *ios[AIO_PIECES + AIO_BATCH];
	unsigned int nr;
};

static void batch_send(struct aio_batch *b)
{
	if (b->nr)
		block_submit_batch(b->disk, b->ios, b->nr);
	b->nr = 0;
}

static void batch_add(struct aio_batch *b, struct aio_request *r)
{
	struct block_disk *disk = r->pieces->disk;

	if (b->disk != disk || b->nr + r->nr_pieces > ARRAY_SIZE(b->ios))
		batch_send(b);
	b->disk = disk;
	for (struct block_direct *d = r->pieces; d; d = d->next)
		b->ios[b->nr++] = &d->io;
}

static void request_run(struct aio_request *r, const struct linux_iocb *cb, struct aio_batch *b)
{
	bool vectored = cb->opcode == LINUX_IOCB_CMD_PREADV || cb->opcode == LINUX_IOCB_CMD_PWRITEV;
	bool io = vectored || cb->opcode == LINUX_IOCB_CMD_PREAD || cb->opcode == LINUX_IOCB_CMD_PWRITE;
	struct iovec_k storage[16];
	struct iter it;
	int64_t result = 0;

	iter_init_one(&it, storage, cb->buf, cb->nbytes, false);
	if (vectored && copy_from_user(storage, cb->buf, cb->nbytes * sizeof(storage[0])))
		result = -EFAULT;
	else if (vectored)
		iter_init(&it, storage, (unsigned int)cb->nbytes, false);
	if (!result && io && block_file_is(r->file) && r->file->flags & LINUX_O_DIRECT)
		result = pieces_create(r, cb, &it);
	else if (!result)
		result = do_now(r->file, cb, &it, r->write);
	if (r->nr_pieces && result == 1) {
		batch_add(b, r);
		return;
	}
	r->event.res = result;
	request_over(r);
}

static int iocb_check(const struct linux_iocb *cb)
{
	bool vectored = cb->opcode == LINUX_IOCB_CMD_PREADV || cb->opcode == LINUX_IOCB_CMD_PWRITEV;

	if (cb->reserved2 || cb->flags & LINUX_IOCB_FLAG_RESFD || cb->rw_flags || cb->offset < 0 || (long long)cb->nbytes < 0)
		return -EINVAL;
	if (vectored && cb->nbytes > 16)
		return -EINVAL;
	return cb->opcode <= LINUX_IOCB_CMD_FDSYNC || vectored ? 0 : -EINVAL;
}

static void context_unpromise(struct aio_context *c)
{
	uint64_t flags = spin_lock_irq(&c->lock);

	c->promised--;
	c->running--;
	wait_wake(&c->wait, 0);
	spin_unlock_irq(&c->lock, flags);
}

/* Promise an event: a request of any contents, perhaps used before. ERR_PTR(-EAGAIN). */
static struct aio_request *context_promise(struct aio_context *c)
{
	uint64_t flags = spin_lock_irq(&c->lock);
	bool full = c->promised >= c->max || c->dead;
	struct aio_request *r = NULL;

	if (!full) {
		c->promised++;
		c->running++;
		if (!list_empty(&c->spare)) {
			r = list_first(&c->spare, struct aio_request, link);
			list_del(&r->link);
		}
	}
	spin_unlock_irq(&c->lock, flags);
	if (r || full)
		return r ? r : ERR_PTR(-EAGAIN);
	r = kzalloc(sizeof(*r));
	if (r)
		return r;
	context_unpromise(c);
	return ERR_PTR(-EAGAIN);
}

static int submit_file(struct aio_context *c, const struct linux_iocb *cb, uint64_t address, struct file *f, struct aio_batch *b)
{
	bool write = cb->opcode == LINUX_IOCB_CMD_PWRITE || cb->opcode == LINUX_IOCB_CMD_PWRITEV;
	struct aio_request *r;
	int err = 0;

	if (cb->opcode != LINUX_IOCB_CMD_FSYNC && cb->opcode != LINUX_IOCB_CMD_FDSYNC)
		err = file_allows(f, write);
	if (err)
		return err;
	r = context_promise(c);
	if (IS_ERR(r))
		return (int)PTR_ERR(r);
	list_init(&r->link);
	r->context = c;
	r->file = f;
	r->event = (struct linux_io_event){ .data = cb->data, .obj = address };
	r->pieces_left = 0;
	r->nr_pieces = 0;
	r->pieces = NULL;
	r->write = write;
	file_get(f);
	request_run(r, cb, b);
	return 0;
}

static int submit_one(struct aio_context *c, uint64_t address, struct aio_batch *b)
{
	struct linux_iocb cb;
	struct file *f;
	bool shared;
	int err;

	if (copy_from_user(&cb, address, sizeof(cb)))
		return -EFAULT;
	err = iocb_check(&cb);
	if (err)
		return err;
	f = fd_borrow((int)cb.fd, &shared);
	if (!f)
		return -EBADF;
	err = submit_file(c, &cb, address, f, b);
	fd_return(f, shared);
	return err;
}

/* The addresses of the iocbs are fetched a batch at a time. */
static int64_t submit_all(struct aio_context *c, uint64_t from, int64_t nr, struct aio_batch *b)
{
	uint64_t addresses[AIO_ADDRESSES];
	int64_t done = 0;
	int err = 0;

	while (!err && done < nr) {
		unsigned int n = (unsigned int)MIN(nr - done, (int64_t)AIO_ADDRESSES);

		/* One by one where they cannot be had together: those before a bad page count. */
		if (copy_from_user(addresses, from + (uint64_t)done * 8, n * 8)) {
			n = 1;
			err = copy_from_user(addresses, from + (uint64_t)done * 8, 8) ? -EFAULT : 0;
		}
		for (unsigned int i = 0; !err && i < n; i++) {
			err = submit_one(c, addresses[i], b);
			done += !err;
		}
	}
	return done ? done : err;
}

SYSCALL(NR_io_submit, io_submit)
{
	struct aio_context *c = context_find(args->a[0]);
	int64_t nr = (int64_t)args->a[1], done = -EINVAL;
	struct aio_batch b;

	if (!c)
		return -EINVAL;
	if (nr >= 0) {
		b.disk = NULL;
		b.nr = 0;
		done = submit_all(c, args->a[2], nr, &b);
		batch_send(&b);
	}
	context_put(c);
	return done;
}

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
	spin_unlock_irq(&c->lock, flags);
	return nr;
}

/* Hand the events to the program and keep the requests for others. An event that cannot be handed over is lost, as its request is done. */
static int events_give(struct aio_context *c, struct aio_request **taken, unsigned int nr, uint64_t to)
{
	struct linux_io_event events[EVENTS_AT_ONCE];
	uint64_t flags;

	for (unsigned int i = 0; i < nr; i++) {
		events[i] = taken[i]->event;
		request_clear(taken[i]);
	}
	flags = spin_lock_irq(&c->lock);
	for (unsigned int i = 0; i < nr; i++)
		list_push(&c->spare, &taken[i]->link);
	spin_unlock_irq(&c->lock, flags);
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
		unsigned int n = events_take(c, taken, (unsigned int)MIN(nr - done, (int64_t)EVENTS_AT_ONCE));

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

SYSCALL(NR_io_getevents, io_getevents)
{
	struct aio_context *c = context_find(args->a[0]);
	int64_t min = (int64_t)args->a[1], nr = (int64_t)args->a[2], result;
	time_ns_t deadline;

	if (!c)
		return -EINVAL;
	result = min < 0 || nr < min ? -EINVAL : deadline_get(args->a[4], &deadline);
	if (!result)
		result = events_fetch(c, min, nr, args->a[3], deadline);
	context_put(c);
	return result;
}

SYSCALL(NR_io_cancel, io_cancel)
{
	struct aio_context *c = context_find(args->a[0]);

	if (!c)
		return -EINVAL;
	context_put(c);
	return -EINVAL;	/* Linux's answer for a request that cannot be cancelled any more */
}
