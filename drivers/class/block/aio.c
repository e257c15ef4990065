// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's asynchronous I/O: requests (io_submit). O_DIRECT reads and writes of disks run in the background, those of one io_submit as one
 * batch; polls wait (aio_poll.c); everything else is done at once and its result queued, as Linux does with buffered files. What becomes of
 * them: aio_context.c.
 */
#include <fs/internal.h>
#include <kernel/hand_over.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include "aio.h"

#define AIO_BATCH	32u
#define AIO_ADDRESSES	32u
#define AIO_PIECES	64u	/* of a megabyte each, in one request */

/* The event is there. c->lock held. */
static void request_over_locked(struct aio_context *c, struct aio_request *r)
{
	bool first = list_empty(&c->events);	/* who waits looks for one: later ones find it awake */

	list_append(&c->events, &r->link);
	aio_ring_put(c, &r->event);
	if (unlikely(r->eventfd))
		(void)eventfd_signal(r->eventfd);
	if (!--c->running || first)
		wait_wake(&c->wait, 0);
}

void aio_request_over(struct aio_request *r)
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
	if (!(write ? f->ops->write : f->ops->read))
		return -EINVAL;
	return file_io(f, it, write, &pos);
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
	aio_request_over(r);
}

static void poll_run(struct aio_request *r, uint32_t events)
{
	uint32_t ready = file_poll(r->file, NULL) & (events | LINUX_POLLERR | LINUX_POLLHUP);
	int err = 0;

	if (!ready)
		err = aio_poll_start(r, events);
	if (!ready && !err)
		return;
	r->event.res = err ? err : (int64_t)ready;
	aio_request_over(r);
}

static int iocb_check(const struct linux_iocb *cb)
{
	bool vectored = cb->opcode == LINUX_IOCB_CMD_PREADV || cb->opcode == LINUX_IOCB_CMD_PWRITEV;

	if (cb->opcode == LINUX_IOCB_CMD_POLL)
		return cb->reserved2 ? -EINVAL : 0;
	if (cb->reserved2 || cb->rw_flags || cb->offset < 0 || (long long)cb->nbytes < 0)
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
	struct aio_request *r = NULL;
	uint64_t flags;
	bool full;

	aio_context_refresh(c);
	flags = spin_lock_irq(&c->lock);
	full = c->promised >= c->max || c->dead;

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

static int submit_file(struct aio_context *c, const struct linux_iocb *cb, uint64_t address, struct file *f,
		       struct file *eventfd, struct aio_batch *b)
{
	bool write = cb->opcode == LINUX_IOCB_CMD_PWRITE || cb->opcode == LINUX_IOCB_CMD_PWRITEV;
	struct aio_request *r;
	int err = 0;

	if (cb->opcode == LINUX_IOCB_CMD_POLL)
		err = aio_poll_check(cb, f);
	else if (cb->opcode != LINUX_IOCB_CMD_FSYNC && cb->opcode != LINUX_IOCB_CMD_FDSYNC)
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
	r->poll = NULL;
	r->write = write;
	r->eventfd = eventfd;
	file_get(f);
	if (cb->opcode == LINUX_IOCB_CMD_POLL)
		poll_run(r, (uint32_t)cb->buf);
	else
		request_run(r, cb, b);
	return 0;
}

/* Counted, or ERR_PTR. */
static struct file *eventfd_get(int fd)
{
	struct file *f = fd_get(current_process->files, fd);

	if (!f)
		return ERR_PTR(-EBADF);
	if (file_is_eventfd(f))
		return f;
	file_put(f);
	return ERR_PTR(-EINVAL);
}

static int submit_one(struct aio_context *c, uint64_t address, struct aio_batch *b)
{
	struct linux_iocb cb;
	struct file *f, *eventfd;
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
	eventfd = cb.flags & LINUX_IOCB_FLAG_RESFD ? eventfd_get((int)cb.resfd) : NULL;
	err = IS_ERR(eventfd) ? (int)PTR_ERR(eventfd) : submit_file(c, &cb, address, f, eventfd, b);
	if (err && eventfd && !IS_ERR(eventfd))
		file_put(eventfd);
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
	struct aio_context *c = aio_context_find(args->a[0]);
	int64_t nr = (int64_t)args->a[1], done = -EINVAL;
	struct aio_batch b;

	if (!c)
		return -EINVAL;
	if (nr >= 0) {
		b.disk = NULL;
		b.nr = 0;
		hand_over_late();
		done = submit_all(c, args->a[2], nr, &b);
		batch_send(&b);
		hand_over_on_sleep();
	}
	aio_context_put(c);
	return done;
}
