// SPDX-License-Identifier: GPL-2.0
/*
 * splice(2), tee(2), vmsplice(2): bytes between a pipe and something else without a program's buffer. What comes from a file or a program is
 * copied into pages that become the pipe's, what goes to one is copied out of the pipe's pages; between two pipes pages move. Bytes that find no
 * place stay in the pipe. SPLICE_F_MOVE and SPLICE_F_GIFT are hints that change nothing. No lock is held while the other side is read or
 * written.
 */
#include <fs/internal.h>
#include <fs/vfs.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define PIECES		16u	/* of a pipe at a time */
#define FLAGS_KNOWN	(LINUX_SPLICE_F_MOVE | LINUX_SPLICE_F_NONBLOCK | LINUX_SPLICE_F_MORE | LINUX_SPLICE_F_GIFT)

struct transfer {
	struct file *in, *out;
	loff_t *in_pos, *out_pos;	/* NULL: the file's own */
	bool nonblock;			/* of the pipes; files have their own flag */
	bool nowait;			/* of files, where they know how (struct iter) */
};

static bool pipe_nonblock(const struct transfer *t, const struct file *pipe)
{
	return t->nonblock || (pipe->flags & LINUX_O_NONBLOCK);
}

static ssize_t pieces_io(const struct transfer *t, struct file *f, const struct iovec_k *vec, unsigned int nr, bool write, loff_t *pos)
{
	struct iter it;

	iter_init(&it, vec, nr, true);
	it.nowait = t->nowait;
	return file_io(f, &it, write, pos);
}

static void pages_free(const struct iovec_k *vec, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		pipe_page_free((char *)vec[i].base);
}

/* Pages for @n bytes, at most @nr: how many there are. */
static unsigned int pages_alloc(struct iovec_k *vec, unsigned int nr, size_t n)
{
	unsigned int i;

	for (i = 0; i < nr && n; i++) {
		char *page = pipe_page_alloc();

		if (!page)
			break;
		vec[i] = (struct iovec_k){ (uint64_t)page, MIN(n, PAGE_SIZE) };
		n -= vec[i].length;
	}
	return i;
}

/* Of @nr pages those with the first @n bytes stay; the last is as long as they are. How many. */
static unsigned int pages_cut(struct iovec_k *vec, unsigned int nr, size_t n)
{
	unsigned int i;

	for (i = 0; i < nr && n; i++) {
		vec[i].length = MIN(n, vec[i].length);
		n -= vec[i].length;
	}
	pages_free(vec + i, nr - i);
	return i;
}

/* Room first, so that what is read has a place. */
static ssize_t to_pipe(struct transfer *t, size_t n)
{
	struct iovec_k vec[PIECES];
	int room = pipe_reserve(t->out, (unsigned int)MIN(ALIGN_UP(n, PAGE_SIZE) >> PAGE_SHIFT, (size_t)PIECES), pipe_nonblock(t, t->out)), err;
	unsigned int nr;
	ssize_t got;

	if (room <= 0)
		return room;
	nr = pages_alloc(vec, (unsigned int)room, n);
	got = nr ? pieces_io(t, t->in, vec, nr, false, t->in_pos) : -ENOMEM;
	nr = pages_cut(vec, nr, got > 0 ? (size_t)got : 0);
	err = pipe_commit(t->out, vec, nr, (unsigned int)room);
	return err ? err : got;
}

/* All that there is, once there is something. */
static ssize_t from_pipe(struct transfer *t, size_t n)
{
	bool nonblock = pipe_nonblock(t, t->in);
	ssize_t done = 0, got, put;

	do {
		struct iovec_k vec[PIECES];
		unsigned int nr = PIECES;

		got = pipe_claim(t->in, vec, &nr, n - (size_t)done, nonblock || done);
		if (got <= 0)
			return done ? done : got;
		put = pieces_io(t, t->out, vec, nr, true, t->out_pos);
		pipe_claim_end(t->in, put > 0 ? (size_t)put : 0);
		if (put <= 0)
			return done ? done : put;
		done += put;
	} while (put == got && (size_t)done < n && !signal_interrupts());
	return done;
}

static ssize_t transfer_run(struct transfer *t, size_t length)
{
	length = MIN(length, LINUX_RW_MAX);
	if (file_is_pipe(t->in) && file_is_pipe(t->out))
		return pipe_join(t->in, t->out, length, pipe_nonblock(t, t->in) || pipe_nonblock(t, t->out), false);
	return file_is_pipe(t->out) ? to_pipe(t, length) : from_pipe(t, length);
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
	if (file_is_pipe(t->in) && file_is_pipe(t->out) && t->in->priv == t->out->priv)
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

static int64_t tee_files(struct transfer *t, uint64_t length)
{
	if (file_may_io(t->in, false) || file_may_io(t->out, true))
		return -EBADF;
	if (!file_is_pipe(t->in) || !file_is_pipe(t->out) || t->in->priv == t->out->priv)
		return -EINVAL;
	if (!length)
		return 0;
	return pipe_join(t->in, t->out, MIN(length, LINUX_RW_MAX), pipe_nonblock(t, t->in) || pipe_nonblock(t, t->out), true);
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

/* What of one page of the program's is next, into a slot of its own. Bytes, 0 at the end. */
static ssize_t page_give(struct file *pipe, struct iter *from, bool nonblock)
{
	size_t n;
	struct iovec_k page;
	int room, err;

	iter_advance(from, 0);	/* over pieces of no length */
	if (!from->left)
		return 0;
	n = MIN(from->vec->length - from->offset, PAGE_SIZE - (from->vec->base + from->offset) % PAGE_SIZE);
	room = pipe_reserve(pipe, 1, nonblock);
	if (room <= 0)
		return room;
	page = (struct iovec_k){ (uint64_t)pipe_page_alloc(), n };
	err = !page.base ? -ENOMEM : iter_get(from, (char *)page.base, n) != (ssize_t)n ? -EFAULT : 0;
	if (err)
		pipe_page_free((char *)page.base);
	room = pipe_commit(pipe, &page, err ? 0 : 1, 1);
	return err ? err : room ? room : (ssize_t)n;
}

/* Waits for the first slot, and takes what else is free. */
static ssize_t memory_give(struct file *pipe, struct iter *from, bool nonblock)
{
	ssize_t done = 0, n;

	while ((n = page_give(pipe, from, nonblock || done)) > 0) {
		done += n;
		if (signal_interrupts())
			break;
	}
	return done ? done : n;
}

/* Slots to the program; one that cannot be written there whole stays. */
static ssize_t memory_take(struct file *pipe, struct iter *to, bool nonblock)
{
	ssize_t done = 0, got;

	while (to->left) {
		struct iovec_k piece;
		unsigned int nr = 1;
		bool faulted;

		got = pipe_claim(pipe, &piece, &nr, to->left, nonblock || done);
		if (got <= 0)
			return done ? done : got;
		faulted = iter_put(to, (const char *)piece.base, (size_t)got) != got;
		pipe_claim_end(pipe, faulted ? 0 : (size_t)got);
		if (faulted)
			return done ? done : -EFAULT;
		done += got;
		if (signal_interrupts())
			break;
	}
	return done;
}

/* Of the pipe's end that @f is; only the call's own flag matters. */
static int64_t vmsplice_vec(struct file *f, bool give, uint64_t uvec, unsigned int nr, bool nonblock)
{
	struct iovec_k *vec = kcalloc(MAX(nr, 1u), sizeof(*vec));
	struct iter it;
	int64_t n;

	if (!vec)
		return -ENOMEM;
	n = copy_from_user(vec, uvec, nr * sizeof(*vec)) ? -EFAULT : vec_check(vec, nr);
	if (n > 0) {
		iter_init(&it, vec, nr, false);
		it.left = MIN(it.left, LINUX_RW_MAX);
		n = !file_is_pipe(f) ? -EBADF : give ? memory_give(f, &it, nonblock) : memory_take(f, &it, nonblock);
	}
	kfree(vec);
	return n;
}

/* vmsplice(pipe, vec, nr, flags) */
SYSCALL(NR_vmsplice, vmsplice)
{
	bool nonblock = args->a[3] & LINUX_SPLICE_F_NONBLOCK, give;
	struct file *f;
	int64_t n = -EBADF;

	if ((uint32_t)args->a[3] & ~FLAGS_KNOWN)
		return -EINVAL;
	f = fd_get_io(args->a[0]);
	give = f && !file_may_io(f, true);
	if (f && (give || !file_may_io(f, false)))
		n = (uint32_t)args->a[2] > LINUX_IOV_MAX ? -EINVAL : vmsplice_vec(f, give, args->a[1], args->a[2], nonblock);
	file_put(f);
	return n;
}
