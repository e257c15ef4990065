// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: IORING_OP_SPLICE and IORING_OP_TEE. They wait for the file to read from first, then for room in the other, on one's queues at a
 * time: r->file is the one that is waited for, r->other the other. u->lock held throughout.
 */
#include "uring.h"

#define FLAGS_KNOWN	(LINUX_SPLICE_F_MOVE | LINUX_SPLICE_F_NONBLOCK | LINUX_SPLICE_F_MORE | LINUX_SPLICE_F_GIFT | LINUX_URING_SPLICE_FD_IN_FIXED)
#define READABLE	(LINUX_POLLIN | LINUX_POLLRDNORM)
#define WRITABLE	(LINUX_POLLOUT | LINUX_POLLWRNORM)
#define ENDS		(LINUX_POLLERR | LINUX_POLLHUP)
#define TRIES		16u	/* when others take what there was each time */

int uring_splice_check(const struct linux_uring_sqe *sqe)
{
	if (sqe->op_flags & ~FLAGS_KNOWN)
		return -EINVAL;
	return sqe->opcode == LINUX_URING_OP_TEE && (sqe->address || sqe->offset) ? -EINVAL : 0;
}

static void turn(struct uring_request *r, bool to_in)
{
	struct file *f = r->file;

	if (r->at_in == to_in)
		return;
	r->file = r->other;
	r->other = f;
	r->at_in = to_in;
}

static bool is_ready(struct file *f, uint32_t events)
{
	return !uring_may_poll(f) || file_is_uring(f) || file_poll(f, NULL) & (events | ENDS);
}

/* With no bytes it only says whether it makes sense. */
static int64_t attempt(const struct uring_request *r, uint64_t bytes, uint32_t flags)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	struct file *in = r->at_in ? r->file : r->other, *out = r->at_in ? r->other : r->file;
	loff_t in_pos = (loff_t)sqe->address, out_pos = (loff_t)sqe->offset;

	if (sqe->opcode == LINUX_URING_OP_TEE)
		return file_tee(in, out, bytes, flags);
	return file_splice(in, in_pos == -1 ? NULL : &in_pos, out, out_pos == -1 ? NULL : &out_pos, bytes, flags);
}

/* 0: it is ready now. */
static int64_t wait_for(struct uring_request *r, bool in)
{
	int64_t ready;

	turn(r, in);
	ready = uring_poll_arm(r, in ? READABLE : WRITABLE);
	if (ready < 0)
		return ready;
	if (!ready && uring_poll_leave(r))
		return URING_PENDING;
	uring_poll_disarm(r);
	return ready ? 0 : -ECANCELED;
}

static int in_find(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	bool fixed = sqe->op_flags & LINUX_URING_SPLICE_FD_IN_FIXED;

	if (!r->other)
		r->other = fixed ? uring_file_get(r->uring, (uint32_t)sqe->splice_fd) : fd_get_io(sqe->splice_fd);
	if (fixed)
		uring_tag_use(r);
	return r->other ? 0 : -EBADF;
}

int64_t uring_splice(struct uring_request *r)
{
	uint32_t flags = r->sqe.op_flags & ~LINUX_URING_SPLICE_FD_IN_FIXED;
	int64_t n = in_find(r);

	if (n || !r->sqe.length)
		return n;
	if (flags & LINUX_SPLICE_F_NONBLOCK || (r->file->flags | r->other->flags) & LINUX_O_NONBLOCK)
		return attempt(r, r->sqe.length, flags);
	n = attempt(r, 0, flags);
	for (unsigned int i = 0; !n && i < TRIES; i++) {
		struct file *in = r->at_in ? r->file : r->other, *out = r->at_in ? r->other : r->file;
		bool in_ready = is_ready(in, READABLE);

		if (in_ready && is_ready(out, WRITABLE)) {
			n = attempt(r, r->sqe.length, flags | LINUX_SPLICE_F_NONBLOCK);
			if (n != -EAGAIN)
				return n;
			n = 0;
		} else {
			n = wait_for(r, !in_ready);
		}
	}
	return n ? n : -EAGAIN;
}
