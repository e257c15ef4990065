// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: what requests say about sockets. The header of a message, its pieces and an address are copied when the request is sent; a message
 * that is to be moved as a whole (MSG_WAITALL) goes on with what is left of it.
 */
#include <fs/socket.h>
#include <mm/slab.h>
#include "uring.h"

/* ---- Copies ---- */

static int copy_alloc(struct uring_request *r, uint64_t nr_pieces)
{
	uint64_t size = sizeof(*r->copy) + nr_pieces * sizeof(r->copy->vec[0]);

	if (uring_pay(r->uring, size))
		return -ENOMEM;
	r->cost += size;
	r->copy = kzalloc(size);
	return r->copy ? 0 : -ENOMEM;
}

/* What makes no sense is refused by the call, which reads it again. */
static int address_copy(struct ring_copy *c, uint64_t uaddress, uint64_t length)
{
	if (!uaddress || !length || length > LINUX_SOCKADDR_MAX)
		return 0;
	if (copy_from_user(c->address, uaddress, length))
		return -EFAULT;
	c->address_length = (uint32_t)length;
	return 0;
}

static int message_copy(struct uring_request *r)
{
	bool chooses = r->sqe.flags & LINUX_URING_SQE_BUFFER_SELECT, sends = r->sqe.opcode == LINUX_URING_OP_SENDMSG;
	struct linux_msghdr h;
	int err;

	if (copy_from_user(&h, r->sqe.address, sizeof(h)))
		return -EFAULT;
	if (h.iovlen > LINUX_IOV_MAX)
		return -EMSGSIZE;
	if (chooses && h.iovlen > 1)
		return -EINVAL;
	err = copy_alloc(r, MAX(h.iovlen, 1ull));
	if (err)
		return err;
	if (copy_from_user(r->copy->vec, h.iov, h.iovlen * sizeof(r->copy->vec[0])))
		return -EFAULT;
	if (chooses) {
		if (r->copy->vec[0].length > UINT32_MAX)
			return -EINVAL;
		r->wanted = (uint32_t)r->copy->vec[0].length;
		h.iovlen = 1;
	}
	r->copy->header = h;
	r->copy->uheader = r->sqe.address;
	return sends && h.name && h.namelen > 0 ? address_copy(r->copy, h.name, MIN((uint64_t)h.namelen, LINUX_SOCKADDR_MAX)) : 0;
}

int uring_socket_copy(struct uring_request *r)
{
	int err;

	switch (r->sqe.opcode) {
	case LINUX_URING_OP_SENDMSG:
	case LINUX_URING_OP_RECVMSG:
		return message_copy(r);
	case LINUX_URING_OP_CONNECT:
		err = copy_alloc(r, 0);
		return err ? err : address_copy(r->copy, r->sqe.address, r->sqe.offset);
	}
	return 0;
}

/* ---- All of a message ---- */

static bool wants_all(const struct uring_request *r)
{
	switch (r->sqe.opcode) {
	case LINUX_URING_OP_SEND:
	case LINUX_URING_OP_RECV:
	case LINUX_URING_OP_SENDMSG:
	case LINUX_URING_OP_RECVMSG:
		return r->sqe.op_flags & LINUX_MSG_WAITALL && !(r->sqe.flags & LINUX_URING_SQE_BUFFER_SELECT);
	}
	return false;
}

static uint64_t bytes_left(const struct uring_request *r)
{
	uint64_t sum = 0;

	if (!r->copy)
		return r->sqe.length;
	for (uint64_t i = 0; i < r->copy->header.iovlen; i++)
		sum += r->copy->vec[i].length;
	return sum;
}

static void piece_advance(struct iovec_k *v, uint64_t *n)
{
	uint64_t step = MIN(v->length, *n);

	v->base += step;
	v->length -= step;
	*n -= step;
}

bool uring_socket_goes_on(struct uring_request *r, int64_t n)
{
	struct iovec_k one = { r->sqe.address, r->sqe.length };
	uint64_t left = n > 0 ? (uint64_t)n : 0;
	int type;

	if (n <= 0 || !wants_all(r))
		return false;
	r->moved += left;
	if (r->copy) {
		for (uint64_t i = 0; i < r->copy->header.iovlen; i++)
			piece_advance(&r->copy->vec[i], &left);
	} else {
		piece_advance(&one, &left);
		r->sqe.address = one.base;
		r->sqe.length = (uint32_t)one.length;
	}
	type = r->file->ops->family->type(r->file);
	return bytes_left(r) && (type == LINUX_SOCK_STREAM || type == LINUX_SOCK_SEQPACKET);
}

bool uring_socket_fell_short(const struct uring_request *r)
{
	return wants_all(r) && bytes_left(r);
}
