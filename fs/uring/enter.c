// SPDX-License-Identifier: GPL-2.0
/* io_uring_enter() and io_uring_register(): requests are taken from the ring, checked and carried out (see fs/io_uring.c). */
#include <fs/internal.h>
#include <mm/slab.h>
#include <mm/space.h>
#include "io_uring.h"

#define BATCH		32u
#define VECS_MAX	1024u
#define CUR_POS		(~0ull)

struct batch {
	struct block_async *list[BATCH];
	unsigned int nr;
};

static void request_close(struct uring_request *r)
{
	if (r->file)
		file_put(r->file);
	r->file = NULL;
}

void uring_request_free(struct uring_request *r)
{
	block_async_end(&r->async);
	request_close(r);
	kfree(r);
}

static void batch_send(struct batch *b)
{
	block_async_send(b->list, b->nr);
	b->nr = 0;
}

static void disk_done(struct block_async *a)
{
	uring_complete(container_of(a, struct uring_request, async), a->result);
}

/* ---- Reads and writes ---- */

/* 1: runs in the background; else the result. */
static int64_t io_run(struct uring_request *r, struct iter *it, uint64_t offset, bool write)
{
	loff_t pos = (loff_t)offset;
	int64_t n;

	it->left = MIN(it->left, LINUX_RW_MAX);
	if (offset != CUR_POS && pos < 0)
		return -EINVAL;
	n = offset == CUR_POS ? -ENOTBLK : block_async_prepare(&r->async, r->file, it, offset, write);
	if (n != -ENOTBLK)
		return n;
	return file_io(r->file, it, write, offset == CUR_POS ? NULL : &pos);
}

static int64_t io_one(struct uring_request *r, const struct linux_uring_sqe *sqe, bool write)
{
	struct iovec_k storage;
	struct iter it;
	int64_t n;

	iter_init_one(&it, &storage, sqe->address, sqe->length, false);
	n = vec_check(&storage, 1);
	return n < 0 ? n : io_run(r, &it, sqe->offset, write);
}

static int64_t io_vec(struct uring_request *r, const struct linux_uring_sqe *sqe, bool write)
{
	struct iovec_k *vec;
	struct iter it;
	int64_t n;

	if (sqe->length > VECS_MAX)
		return -EINVAL;
	vec = kcalloc(MAX(sqe->length, 1u), sizeof(*vec));
	if (!vec)
		return -ENOMEM;
	n = copy_from_user(vec, sqe->address, sqe->length * sizeof(*vec)) ? -EFAULT : vec_check(vec, sqe->length);
	iter_init(&it, vec, sqe->length, false);
	if (n >= 0)
		n = io_run(r, &it, sqe->offset, write);
	kfree(vec);
	return n;
}

/* Inside the buffer that was registered, as if it were any memory: pages are pinned by the request. */
static int64_t io_fixed(struct uring_request *r, const struct linux_uring_sqe *sqe, bool write)
{
	const struct iovec_k *b = &r->uring->buffers[sqe->buffer_index];

	if (sqe->buffer_index >= r->uring->nr_buffers || sqe->address < b->base || sqe->address - b->base > b->length ||
	    sqe->length > b->length - (sqe->address - b->base))
		return -EFAULT;
	return io_one(r, sqe, write);
}

static int64_t file_fsync(struct uring_request *r, const struct linux_uring_sqe *sqe)
{
	if (sqe->address || sqe->buffer_index || sqe->op_flags & ~LINUX_URING_FSYNC_DATASYNC)
		return -EINVAL;
	return r->file->ops->fsync ? r->file->ops->fsync(r->file, sqe->op_flags & LINUX_URING_FSYNC_DATASYNC) : -EINVAL;
}

static bool op_writes(uint8_t op)
{
	return op == LINUX_URING_OP_WRITEV || op == LINUX_URING_OP_WRITE_FIXED || op == LINUX_URING_OP_WRITE;
}

static bool op_known(uint8_t op)
{
	return op <= LINUX_URING_OP_WRITE_FIXED || op == LINUX_URING_OP_READ || op == LINUX_URING_OP_WRITE;
}

static int64_t file_op(struct uring_request *r, const struct linux_uring_sqe *sqe)
{
	bool write = op_writes(sqe->opcode);
	int err;

	r->file = fd_get_io(sqe->fd);
	if (!r->file)
		return -EBADF;
	if (sqe->opcode == LINUX_URING_OP_FSYNC)
		return file_fsync(r, sqe);
	err = sqe->op_flags ? -EOPNOTSUPP : file_may_io(r->file, write);
	if (err)
		return err;
	switch (sqe->opcode) {
	case LINUX_URING_OP_READV:
	case LINUX_URING_OP_WRITEV:
		return io_vec(r, sqe, write);
	case LINUX_URING_OP_READ_FIXED:
	case LINUX_URING_OP_WRITE_FIXED:
		return io_fixed(r, sqe, write);
	}
	return io_one(r, sqe, write);
}

static int64_t request_run(struct uring_request *r, const struct linux_uring_sqe *sqe)
{
	if (sqe->flags || sqe->personality || !op_known(sqe->opcode))
		return -EINVAL;
	return sqe->opcode == LINUX_URING_OP_NOP ? 0 : file_op(r, sqe);
}

/* ---- io_uring_enter ---- */

/* A request that may begin is counted as running; what was not told yet, or too much at once, must end first. */
static int request_begin(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);
	int err = !list_empty(&u->overflow) ? -EBUSY : u->running >= u->cq_entries ? -EAGAIN : 0;

	u->running += !err;
	spin_unlock_irq(&u->done_lock, flags);
	return err;
}

static void request_forget(struct uring *u)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);

	u->running--;
	spin_unlock_irq(&u->done_lock, flags);
}

static int request_take(struct uring *u, struct batch *b)
{
	struct uring_request *r;
	struct linux_uring_sqe sqe;
	int64_t result;
	int err = request_begin(u);

	if (err)
		return err;
	r = kzalloc(sizeof(*r));
	if (!r || !uring_next(u, &sqe)) {
		request_forget(u);
		err = r ? 0 : -EAGAIN;
		kfree(r);
		return err;
	}
	r->uring = u;
	r->user_data = sqe.user_data;
	r->async.done = disk_done;
	result = request_run(r, &sqe);
	if (!r->async.nr_pieces || result != 1) {
		request_close(r);	/* now: it may be the ring itself, which would then never be closed */
		uring_complete(r, result);
		return 1;
	}
	b->list[b->nr++] = &r->async;
	if (b->nr == BATCH)
		batch_send(b);
	return 1;
}

static int64_t submit(struct uring *u, uint32_t wanted)
{
	struct batch b = { .nr = 0 };
	int64_t done = 0;
	int n = 1;

	mutex_lock(&u->lock);
	while (n > 0 && done < MIN(wanted, u->sq_entries)) {
		n = request_take(u, &b);
		done += n > 0;
	}
	batch_send(&b);
	mutex_unlock(&u->lock);
	return done ? done : n < 0 ? n : 0;
}

static int64_t events_wait(struct uring *u, uint32_t wanted)
{
	int err;

	wanted = MIN(wanted, u->cq_entries);
	err = wait_event(&u->wait, uring_nr_done(u) >= wanted, TIME_FOREVER, true);
	uring_reap(u);
	return err;
}

static int64_t enter(struct uring *u, uint32_t to_submit, uint32_t wanted, uint32_t flags)
{
	int64_t done = 0, err = 0;

	uring_reap(u);
	if (to_submit)
		done = submit(u, to_submit);
	if (done < 0)
		return done;
	uring_reap(u);
	if (flags & LINUX_URING_ENTER_GETEVENTS)
		err = events_wait(u, wanted);
	return done ? done : err;
}

/* io_uring_enter(fd, to_submit, min_complete, flags, sigmask, size) */
SYSCALL(NR_io_uring_enter, io_uring_enter)
{
	struct file *f;
	int64_t n;

	if (args->a[3] & ~(uint64_t)(LINUX_URING_ENTER_GETEVENTS | LINUX_URING_ENTER_SQ_WAKEUP) || args->a[4])
		return -EINVAL;
	f = fd_get(current_process->files, (int)args->a[0]);
	if (!f)
		return -EBADF;
	n = file_is_uring(f) ? enter(f->priv, (uint32_t)args->a[1], (uint32_t)args->a[2], (uint32_t)args->a[3]) : -EOPNOTSUPP;
	file_put(f);
	return n;
}

/* ---- io_uring_register ---- */

static int buffers_register(struct uring *u, uint64_t from, uint32_t nr)
{
	struct iovec_k *buffers;
	int err = 0;

	if (u->buffers)
		return -EBUSY;
	if (!nr || nr > URING_BUFFERS_MAX)
		return -EINVAL;
	buffers = kcalloc(nr, sizeof(*buffers));
	if (!buffers)
		return -ENOMEM;
	if (copy_from_user(buffers, from, nr * sizeof(*buffers)))
		err = -EFAULT;
	for (uint32_t i = 0; i < nr && !err; i++)
		if (!user_range_ok(buffers[i].base, buffers[i].length))
			err = -EFAULT;
	if (err) {
		kfree(buffers);
		return err;
	}
	u->buffers = buffers;
	u->nr_buffers = nr;
	return 0;
}

static int buffers_forget(struct uring *u)
{
	if (!u->buffers)
		return -ENXIO;
	kfree(u->buffers);
	u->buffers = NULL;
	u->nr_buffers = 0;
	return 0;
}

static void eventfd_set(struct uring *u, struct file *f)
{
	uint64_t flags = spin_lock_irq(&u->done_lock);

	u->eventfd = f;
	spin_unlock_irq(&u->done_lock, flags);
}

static int eventfd_register(struct uring *u, uint64_t from, uint32_t nr)
{
	struct file *f;
	uint32_t fd;

	if (nr != 1)
		return -EINVAL;
	if (u->eventfd)
		return -EBUSY;
	if (get_user32(&fd, from))
		return -EFAULT;
	f = fd_get(current_process->files, (int)fd);
	if (!f)
		return -EBADF;
	if (!file_is_eventfd(f)) {
		file_put(f);
		return -EINVAL;
	}
	eventfd_set(u, f);
	return 0;
}

static int eventfd_forget(struct uring *u)
{
	struct file *f = u->eventfd;

	if (!f)
		return -ENXIO;
	eventfd_set(u, NULL);
	file_put(f);
	return 0;
}

static int probe_tell(uint64_t to, uint32_t nr)
{
	struct linux_uring_probe probe = { .last_op = LINUX_URING_OP_LAST - 1 };
	int err;

	if (nr > 256)
		return -EINVAL;
	probe.nr_ops = (uint8_t)MIN(nr, LINUX_URING_OP_LAST);
	err = copy_to_user(to, &probe, sizeof(probe));
	for (uint32_t i = 0; i < probe.nr_ops && !err; i++) {
		struct linux_uring_probe_op op = { .op = (uint8_t)i, .flags = op_known((uint8_t)i) ? LINUX_URING_OP_SUPPORTED : 0 };

		err = copy_to_user(to + sizeof(probe) + i * sizeof(op), &op, sizeof(op));
	}
	return err;
}

static int register_run(struct uring *u, uint32_t what, uint64_t argument, uint32_t nr)
{
	switch (what) {
	case LINUX_URING_REGISTER_BUFFERS:
		return buffers_register(u, argument, nr);
	case LINUX_URING_UNREGISTER_BUFFERS:
		return argument || nr ? -EINVAL : buffers_forget(u);
	case LINUX_URING_REGISTER_EVENTFD:
		return eventfd_register(u, argument, nr);
	case LINUX_URING_UNREGISTER_EVENTFD:
		return argument || nr ? -EINVAL : eventfd_forget(u);
	case LINUX_URING_REGISTER_PROBE:
		return probe_tell(argument, nr);
	}
	return -EINVAL;
}

/* io_uring_register(fd, opcode, argument, nr) */
SYSCALL(NR_io_uring_register, io_uring_register)
{
	struct file *f = fd_get(current_process->files, (int)args->a[0]);
	struct uring *u;
	int err;

	if (!f)
		return -EBADF;
	if (!file_is_uring(f)) {
		file_put(f);
		return -EOPNOTSUPP;
	}
	u = f->priv;
	mutex_lock(&u->lock);
	err = register_run(u, (uint32_t)args->a[1], args->a[2], (uint32_t)args->a[3]);
	mutex_unlock(&u->lock);
	file_put(f);
	return err;
}
