// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: IORING_OP_MSG_RING, a request that puts a completion into another ring, and a file of its ring's table into that one's. No lock of
 * the other ring is held that it holds while it starts requests, so that two may tell each other at once.
 */
#include "uring.h"

#define MESSAGE_DATA	0u
#define MESSAGE_FILE	1u
#define MESSAGE_QUIET	1u	/* IORING_MSG_RING_CQE_SKIP: the file without a completion */

int uring_message_check(const struct linux_uring_sqe *sqe)
{
	return sqe->buffer_index || sqe->op_flags & ~MESSAGE_QUIET ? -EINVAL : 0;
}

static int64_t file_send(struct uring_request *r, struct uring *to)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	struct file *f;
	int64_t n;

	if (to == r->uring)
		return -EINVAL;
	f = sqe->address3 <= UINT32_MAX ? uring_file_get(r->uring, (uint32_t)sqe->address3) : NULL;
	if (!f)
		return -EBADF;
	n = uring_file_install(to, f, (uint32_t)sqe->splice_fd);
	if (n >= 0 && !(sqe->op_flags & MESSAGE_QUIET) && uring_post_message(to, sqe->offset, (int)sqe->length))
		n = -EOVERFLOW;
	return n;
}

int64_t uring_message_send(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	struct uring *to;

	if (!file_is_uring(r->file))
		return -EBADFD;
	to = r->file->priv;
	if (READ_ONCE(to->disabled))
		return -EBADFD;
	if (sqe->address == MESSAGE_FILE)
		return file_send(r, to);
	if (sqe->address != MESSAGE_DATA || sqe->address3 || sqe->splice_fd || sqe->op_flags)
		return -EINVAL;
	return uring_post_message(to, sqe->offset, (int)sqe->length) ? -EOVERFLOW : 0;
}
