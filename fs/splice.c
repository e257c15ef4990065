// SPDX-License-Identifier: GPL-2.0
/*
 * splice(2), tee(2), vmsplice(2): bytes between a pipe and something else without a program's buffer. They are copied through a buffer
 * of the kernel's; the pipe keeps room for what it gave away, so bytes that find no place go back and none is lost. SPLICE_F_MOVE and
 * SPLICE_F_GIFT are hints that change nothing. No lock is held while the other side is read or written.
 */
#include <fs/internal.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define CHUNK		(64 * 1024ul)
#define FLAGS_KNOWN	(LINUX_SPLICE_F_MOVE | LINUX_SPLICE_F_NONBLOCK | LINUX_SPLICE_F_MORE | LINUX_SPLICE_F_GIFT)

struct transfer {
	struct file *in, *out;
	loff_t *in_pos, *out_pos;	/* NULL: the file's own */
	void *buffer;
	bool nonblock;			/* of the pipes; files have their own flag */
	bool nowait;			/* of files, where they know how (struct iter) */
};

static bool pipe_nonblock(const struct transfer *t, const struct file *pipe)
{
	return t->nonblock || (pipe->flags & LINUX_O_NONBLOCK);
}

static ssize_t buffer_io(const struct transfer *t, struct file *f, size_t n, bool write, loff_t *pos)
{
	struct iovec_k storage;
	struct iter it;

	iter_init_one(&it, &storage, (uint64_t)t->buffer, n, true);
	it.nowait = t->nowait;
	return file_io(f, &it, write, pos);
}

/* Room first, so that what is read has a place. */
static ssize_t to_pipe(struct transfer *t, size_t n)
{
	ssize_t room = pipe_reserve(t->out, n, pipe_nonblock(t, t->out)), got, put;

	if (room <= 0)
		return room;
	if (file_is_pipe(t->in))
		got = pipe_hold(t->in, t->buffer, room, pipe_nonblock(t, t->in));
	else
		got = buffer_io(t, t->in, room, false, t->in_pos);
	put = pipe_commit(t->out, t->buffer, got > 0 ? got : 0, room);
	if (file_is_pipe(t->in) && got > 0)
		pipe_unhold(t->in, t->buffer, put < 0 ? got : 0, got);
	return got > 0 ? put : got;
}

static ssize_t from_pipe(struct transfer *t, size_t n)
{
	ssize_t got = pipe_hold(t->in, t->buffer, n, pipe_nonblock(t, t->in)), put;

	if (got <= 0)
		return got;
	put = buffer_io(t, t->out, got, true, t->out_pos);
	n = put > 0 ? put : 0;
	pipe_unhold(t->in, (char *)t->buffer + n, got - n, got);
	return put;
}

static ssize_t transfer_run(struct transfer *t, size_t length)
{
	ssize_t n;

	length = MIN(length, CHUNK);
	t->buffer = kzalloc(ALIGN_UP(length, PAGE_SIZE));
	if (!t->buffer)
		return -ENOMEM;
	n = file_is_pipe(t->out) ? to_pipe(t, length) : from_pipe(t, length);
	kfree(t->buffer);
	return n;
}

/* A position is for the side that is no pipe. */
static int position_check(struct file *f, uint64_t upos, loff_t *pos)
{
	if (!upos)
		return 0;
	if (file_is_pipe(f))
		return -ESPIPE;
	return get_user64((uint64_t *)pos, upos) ? -EFAULT : 0;
}

/* Pipes, sockets, and what has a name or had one; no eventfd and its kin, which have counts and records, not bytes. */
static bool can_be_spliced(const struct file *f)
{
	return file_is_pipe(f) || f->ops->family || (f->inode && !LINUX_S_ISDIR(f->inode->mode));
}

static int splice_check(const struct transfer *t)
{
	int err = file_may_io(t->in, false);

	if (!err)
		err = file_may_io(t->out, true);
	if (!can_be_spliced(t->in) || !can_be_spliced(t->out))
		err = err == -EBADF ? err : -EINVAL;
	if (err)
		return err;
	if (!file_is_pipe(t->in) && !file_is_pipe(t->out))
		return -EINVAL;
	if (file_is_pipe(t->in) && file_is_pipe(t->out) && pipe_same(t->in, t->out))
		return -EINVAL;
	return t->out->flags & LINUX_O_APPEND ? -EINVAL : 0;
}

static int64_t transfer_files(struct transfer *t, uint64_t length)
{
	const loff_t *in_pos = t->in_pos, *out_pos = t->out_pos;
	int err = splice_check(t);

	if (!err && ((in_pos && (!t->in->ops->seek || *in_pos < 0)) || (out_pos && (!t->out->ops->seek || *out_pos < 0))))
		err = -EINVAL;
	return err || !length ? err : transfer_run(t, length);
}

static int64_t splice_files(struct transfer *t, uint64_t uin, uint64_t uout, uint64_t length)
{
	loff_t in_pos = 0, out_pos = 0;
	int64_t n = position_check(t->in, uin, &in_pos);

	if (!n)
		n = position_check(t->out, uout, &out_pos);
	if (n)
		return n;
	t->in_pos = uin ? &in_pos : NULL;
	t->out_pos = uout ? &out_pos : NULL;
	n = transfer_files(t, length);
	if (n > 0 && ((uin && put_user64(uin, in_pos)) || (uout && put_user64(uout, out_pos))))
		return -EFAULT;
	return n;
}

int64_t file_splice(struct file *in, loff_t *in_pos, struct file *out, loff_t *out_pos, uint64_t length, uint32_t flags)
{
	struct transfer t = { .in = in, .out = out, .in_pos = in_pos, .out_pos = out_pos, .nowait = true,
			      .nonblock = flags & LINUX_SPLICE_F_NONBLOCK };

	if ((in_pos && file_is_pipe(in)) || (out_pos && file_is_pipe(out)))
		return -ESPIPE;
	return transfer_files(&t, length);
}

/* splice(in, in_pos, out, out_pos, length, flags) */
SYSCALL(NR_splice, splice)
{
	struct transfer t = { .nonblock = args->a[5] & LINUX_SPLICE_F_NONBLOCK };
	int64_t n = -EBADF;

	if (!args->a[4])
		return 0;
	if ((uint32_t)args->a[5] & ~FLAGS_KNOWN)
		return -EINVAL;
	t.in = fd_get_io(args->a[0]);
	t.out = fd_get_io(args->a[2]);
	if (t.in && t.out)
		n = splice_files(&t, args->a[1], args->a[3], args->a[4]);
	file_put(t.in);
	file_put(t.out);
	return n;
}

/* What is peeked stays in the first pipe; only what is copied into the second counts. */
static ssize_t tee_run(struct transfer *t, size_t length)
{
	ssize_t room, got;

	t->buffer = kzalloc(ALIGN_UP(MIN(length, CHUNK), PAGE_SIZE));
	if (!t->buffer)
		return -ENOMEM;
	room = pipe_reserve(t->out, MIN(length, CHUNK), pipe_nonblock(t, t->out));
	got = room;
	if (room > 0) {
		got = pipe_peek(t->in, t->buffer, room, pipe_nonblock(t, t->in));
		room = pipe_commit(t->out, t->buffer, got > 0 ? got : 0, room);
	}
	kfree(t->buffer);
	return got > 0 ? room : got;
}

static int64_t tee_files(struct transfer *t, uint64_t length)
{
	if (file_may_io(t->in, false) || file_may_io(t->out, true))
		return -EBADF;
	if (!file_is_pipe(t->in) || !file_is_pipe(t->out) || pipe_same(t->in, t->out))
		return -EINVAL;
	return length ? tee_run(t, length) : 0;
}

int64_t file_tee(struct file *in, struct file *out, uint64_t length, uint32_t flags)
{
	struct transfer t = { .in = in, .out = out, .nonblock = flags & LINUX_SPLICE_F_NONBLOCK };

	return tee_files(&t, length);
}

/* tee(in, out, length, flags) */
SYSCALL(NR_tee, tee)
{
	struct transfer t = { .nonblock = args->a[3] & LINUX_SPLICE_F_NONBLOCK };
	int64_t n = -EBADF;

	if ((uint32_t)args->a[3] & ~FLAGS_KNOWN)
		return -EINVAL;
	if (!args->a[2])
		return 0;
	t.in = fd_get_io(args->a[0]);
	t.out = fd_get_io(args->a[1]);
	if (t.in && t.out)
		n = tee_files(&t, args->a[2]);
	file_put(t.in);
	file_put(t.out);
	return n;
}

/* One piece of the program's memory through the buffer, in the direction that the pipe's end has. */
static ssize_t piece_move(struct transfer *t, uint64_t base, size_t n, bool nonblock)
{
	ssize_t done, held;

	if (t->out) {
		done = pipe_reserve(t->out, n, nonblock);
		if (done <= 0)
			return done;
		held = copy_from_user(t->buffer, base, done) ? -EFAULT : done;
		done = pipe_commit(t->out, t->buffer, held > 0 ? held : 0, done);
		return held > 0 ? done : held;
	}
	held = pipe_hold(t->in, t->buffer, n, nonblock);
	if (held <= 0)
		return held;
	done = copy_to_user(base, t->buffer, held) ? -EFAULT : held;
	pipe_unhold(t->in, t->buffer, done < 0 ? held : 0, held);
	return done;
}

/* A writer waits until all has its place; a reader is content with what there is. */
static int64_t pieces_move(struct transfer *t, const struct iovec_k *vec, unsigned int nr)
{
	bool nonblock = pipe_nonblock(t, t->out ? t->out : t->in);
	int64_t done = 0, n;

	for (unsigned int i = 0; i < nr; i++) {
		for (uint64_t at = 0; at < vec[i].length; at += n) {
			n = piece_move(t, vec[i].base + at, MIN(vec[i].length - at, CHUNK), nonblock || (t->in && done));
			if (n <= 0)
				return done ? done : n;
			done += n;
			if (signal_interrupts())
				return done;
		}
	}
	return done;
}

static int64_t vmsplice_vec(struct transfer *t, uint64_t uvec, unsigned int nr)
{
	struct iovec_k *vec = kcalloc(MAX(nr, 1u), sizeof(*vec));
	int64_t n = -ENOMEM;
	uint64_t sum = 0;

	t->buffer = kzalloc(CHUNK);
	if (!vec || !t->buffer)
		goto free;
	n = copy_from_user(vec, uvec, nr * sizeof(*vec)) ? -EFAULT : 0;
	for (unsigned int i = 0; i < nr && !n; i++)
		if (!user_range_ok(vec[i].base, vec[i].length))
			n = (int64_t)vec[i].length < 0 ? -EINVAL : -EFAULT;
		else
			sum |= vec[i].length;
	if (!n && sum)
		n = file_is_pipe(t->out ? t->out : t->in) ? pieces_move(t, vec, nr) : -EBADF;
free:
	kfree(t->buffer);
	kfree(vec);
	return n;
}

/* vmsplice(pipe, vec, nr, flags) */
SYSCALL(NR_vmsplice, vmsplice)
{
	struct transfer t = { .nonblock = args->a[3] & LINUX_SPLICE_F_NONBLOCK };
	struct file *f;
	int64_t n = -EBADF;

	if ((uint32_t)args->a[3] & ~FLAGS_KNOWN)
		return -EINVAL;
	f = fd_get_io(args->a[0]);
	if (f && (!file_may_io(f, true) || !file_may_io(f, false))) {
		*(file_may_io(f, true) ? &t.in : &t.out) = f;
		n = args->a[2] > LINUX_IOV_MAX ? -EINVAL : vmsplice_vec(&t, args->a[1], args->a[2]);
	}
	file_put(f);
	return n;
}
