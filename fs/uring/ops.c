// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: what each operation does. Reads and writes of a disk opened with O_DIRECT go to it together, those through its page cache to the worker.
 * A file that can be waited for is tried without waiting, and then waited for on its queues, again and again where a request tells more than
 * once. The rest is what the system call of that name does, at once.
 */
#include <fs/socket.h>
#include <mm/slab.h>
#include "uring.h"

#define VECS_MAX	1024u
#define CUR_POS		(~0ull)
#define FLAGS_KNOWN	(LINUX_URING_SQE_FIXED_FILE | LINUX_URING_SQE_IO_DRAIN | LINUX_URING_SQE_IO_LINK | LINUX_URING_SQE_IO_HARDLINK | \
			 LINUX_URING_SQE_ASYNC | LINUX_URING_SQE_CQE_SKIP | LINUX_URING_SQE_BUFFER_SELECT)
#define DIRECT_MOST	(64ul << 20)	/* bytes of a request to a disk */
#define DIRECT_FREE	(64ul << 10)
#define SHOTS_MAX	1024u	/* results that a request tells at once before it ends: others want their turn */
#define READABLE	(LINUX_POLLIN | LINUX_POLLRDNORM)
#define WRITABLE	(LINUX_POLLOUT | LINUX_POLLWRNORM)
#define GIVES		(1u << 31)

/* ---- Operations that are system calls: where its arguments stand ---- */

enum field { NONE, FD, FILE, ADDRESS, LENGTH, OFFSET, OP_FLAGS, ADDRESS3, MESSAGE_FLAGS };	/* FILE: of a descriptor or registered */

struct call {
	uint8_t op;
	uint16_t nr;
	uint8_t fields[6];
	uint32_t events;	/* LINUX_POLL*: waits for them first; GIVES: a file, which may go to the table of those registered */
};

static const struct call calls[] = {
	{ LINUX_URING_OP_SYNC_FILE_RANGE, NR_sync_file_range, { FILE, OFFSET, LENGTH, OP_FLAGS }, 0 },
	{ LINUX_URING_OP_SENDMSG, NR_sendmsg, { FILE, ADDRESS, MESSAGE_FLAGS }, WRITABLE },
	{ LINUX_URING_OP_RECVMSG, NR_recvmsg, { FILE, ADDRESS, MESSAGE_FLAGS }, READABLE },
	{ LINUX_URING_OP_ACCEPT, NR_accept4, { FILE, ADDRESS, OFFSET, OP_FLAGS }, READABLE | GIVES },
	{ LINUX_URING_OP_CONNECT, NR_connect, { FILE, ADDRESS, OFFSET }, 0 },
	{ LINUX_URING_OP_FALLOCATE, NR_fallocate, { FILE, LENGTH, OFFSET, ADDRESS }, 0 },
	{ LINUX_URING_OP_OPENAT, NR_openat, { FD, ADDRESS, OP_FLAGS, LENGTH }, GIVES },
	{ LINUX_URING_OP_CLOSE, NR_close, { FD }, 0 },
	{ LINUX_URING_OP_STATX, NR_statx, { FD, ADDRESS, OP_FLAGS, LENGTH, OFFSET }, 0 },
	{ LINUX_URING_OP_FADVISE, NR_fadvise64, { FILE, OFFSET, LENGTH, OP_FLAGS }, 0 },
	{ LINUX_URING_OP_MADVISE, NR_madvise, { ADDRESS, LENGTH, OP_FLAGS }, 0 },
	{ LINUX_URING_OP_SEND, NR_sendto, { FILE, ADDRESS, LENGTH, MESSAGE_FLAGS }, WRITABLE },
	{ LINUX_URING_OP_RECV, NR_recvfrom, { FILE, ADDRESS, LENGTH, MESSAGE_FLAGS }, READABLE },
	{ LINUX_URING_OP_OPENAT2, NR_openat2, { FD, ADDRESS, OFFSET, LENGTH }, GIVES },
	{ LINUX_URING_OP_EPOLL_CTL, NR_epoll_ctl, { FD, LENGTH, OFFSET, ADDRESS }, 0 },
	{ LINUX_URING_OP_SHUTDOWN, NR_shutdown, { FILE, LENGTH }, 0 },
	{ LINUX_URING_OP_RENAMEAT, NR_renameat2, { FD, ADDRESS, LENGTH, OFFSET, OP_FLAGS }, 0 },
	{ LINUX_URING_OP_UNLINKAT, NR_unlinkat, { FD, ADDRESS, OP_FLAGS }, 0 },
	{ LINUX_URING_OP_MKDIRAT, NR_mkdirat, { FD, ADDRESS, LENGTH }, 0 },
	{ LINUX_URING_OP_SYMLINKAT, NR_symlinkat, { ADDRESS, FD, OFFSET }, 0 },
	{ LINUX_URING_OP_LINKAT, NR_linkat, { FD, ADDRESS, LENGTH, OFFSET, OP_FLAGS }, 0 },
	{ LINUX_URING_OP_SOCKET, NR_socket, { FD, OFFSET, LENGTH }, GIVES },
	{ LINUX_URING_OP_FSETXATTR, NR_fsetxattr, { FILE, ADDRESS, OFFSET, LENGTH, OP_FLAGS }, 0 },
	{ LINUX_URING_OP_SETXATTR, NR_setxattr, { ADDRESS3, ADDRESS, OFFSET, LENGTH, OP_FLAGS }, 0 },
	{ LINUX_URING_OP_FGETXATTR, NR_fgetxattr, { FILE, ADDRESS, OFFSET, LENGTH }, 0 },
	{ LINUX_URING_OP_GETXATTR, NR_getxattr, { ADDRESS3, ADDRESS, OFFSET, LENGTH }, 0 },
};

static const struct call *call_of(uint8_t op)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].op == op)
			return &calls[i];
	return NULL;
}

static uint64_t field_value(const struct linux_uring_sqe *sqe, enum field field)
{
	switch (field) {
	case FD:
		return (uint64_t)(int64_t)sqe->fd;
	case FILE:
		return FD_OF_RING;
	case ADDRESS3:
		return sqe->address3;
	case ADDRESS:
		return sqe->address;
	case LENGTH:
		return sqe->length;
	case OFFSET:
		return sqe->offset;
	case OP_FLAGS:
		return sqe->op_flags;
	case MESSAGE_FLAGS:
		return sqe->op_flags | LINUX_MSG_DONTWAIT | LINUX_MSG_NOSIGNAL;
	case NONE:
		break;
	}
	return 0;
}

/* A ring that is closed by its own request would wait for that to end. */
static bool closes_a_ring(const struct linux_uring_sqe *sqe)
{
	struct file *f = sqe->opcode == LINUX_URING_OP_CLOSE ? fd_get(current_process->files, sqe->fd) : NULL;
	bool ring = f && file_is_uring(f);

	file_put(f);
	return ring;
}

static int64_t call_do(struct uring_request *r, struct uring_batch *b)
{
	const struct call *c = call_of(r->sqe.opcode);
	struct ring_call *call = current->ring_call;
	uint32_t slot = (uint32_t)r->sqe.splice_fd;
	struct syscall_args args;
	int64_t n;

	if (r->sqe.opcode == LINUX_URING_OP_CLOSE && slot)
		return uring_file_remove(r->uring, slot);
	if (closes_a_ring(&r->sqe))
		return -EBADF;
	for (unsigned int i = 0; i < ARRAY_SIZE(args.a); i++)
		args.a[i] = field_value(&r->sqe, c->fields[i]);
	if (r->copy && r->copy->uheader)
		args.a[1] = r->copy->uheader;
	call->file = r->file;
	call->copy = r->copy;
	call->keeps = c->events & GIVES && slot;
	call->kept = NULL;
	n = syscall_do(c->nr, &args);
	if (call->keeps && n >= 0)
		return uring_file_install(r->uring, call->kept, slot);
	file_put(call->kept);
	return n;
}

/* The same, until all is done that it is to wait for, or no more is to be had now. */
static int64_t call_attempt(struct uring_request *r, struct uring_batch *b)
{
	int64_t n;

	do
		n = call_do(r, b);
	while (uring_socket_goes_on(r, n));
	return n;
}

/* ---- Waiting for a file ---- */

/* A buffer is chosen for an attempt, and given back when it came too early. */
static int64_t attempt_once(struct uring_request *r, struct uring_batch *b, int64_t (*attempt)(struct uring_request *r, struct uring_batch *b))
{
	bool chooses = r->sqe.flags & LINUX_URING_SQE_BUFFER_SELECT;
	int64_t n = chooses ? uring_buffer_select(r) : 0;

	if (n)
		return n;
	if (chooses && r->copy)
		r->copy->vec[0] = r->one;
	n = attempt(r, b);
	if (n == -EAGAIN && chooses)
		uring_buffer_return(r);
	return n;
}

/* A socket's requests say so themselves; whether its calls wait is not asked. */
static bool may_not_wait(const struct uring_request *r)
{
	switch (r->sqe.opcode) {
	case LINUX_URING_OP_ACCEPT:
		return false;
	case LINUX_URING_OP_SEND:
	case LINUX_URING_OP_RECV:
	case LINUX_URING_OP_SENDMSG:
	case LINUX_URING_OP_RECVMSG:
		return r->sqe.op_flags & LINUX_MSG_DONTWAIT;
	}
	return r->file->flags & LINUX_O_NONBLOCK;
}

/*
 * @attempt ends with -EAGAIN rather than wait where the file knows how (see struct iter), and is not made before the file says that it is ready.
 * The second attempt is made on the file's queues, so that no wake is missed between it and the wait.
 */
static int64_t try_or_wait(struct uring_request *r, struct uring_batch *b, uint32_t events,
			   int64_t (*attempt)(struct uring_request *r, struct uring_batch *b))
{
	uint32_t wanted = events | LINUX_POLLERR | LINUX_POLLHUP;
	int64_t n = -EAGAIN, ready;

	if (!uring_may_poll(r->file) || file_is_uring(r->file) || may_not_wait(r))
		return attempt_once(r, b, attempt);
	if (file_poll(r->file, NULL) & wanted)
		n = attempt_once(r, b, attempt);
	if (n != -EAGAIN)
		return n;
	ready = uring_poll_arm(r, events);
	if (ready < 0)
		return ready;
	if (ready)
		n = attempt_once(r, b, attempt);
	if (n == -EAGAIN && uring_poll_leave(r))
		return URING_PENDING;
	uring_poll_disarm(r);
	return n == -EAGAIN ? -ECANCELED : n;
}

/* Does it tell each result and go on? */
static bool is_multishot(const struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;

	return (sqe->opcode == LINUX_URING_OP_ACCEPT && sqe->ioprio & LINUX_URING_ACCEPT_MULTI) ||
	       (sqe->opcode == LINUX_URING_OP_RECV && sqe->ioprio & LINUX_URING_RECV_MULTI);
}

/* Until there is nothing more to have, an end or an error, too many, or no room for completions: then the last result ends it. */
static int64_t shots(struct uring_request *r, struct uring_batch *b, uint32_t events,
		     int64_t (*attempt)(struct uring_request *r, struct uring_batch *b))
{
	bool more = is_multishot(r);

	for (unsigned int nr = 1;; nr++) {
		int64_t n = try_or_wait(r, b, events, attempt);

		if (n == URING_PENDING || n < 0 || !more || nr == SHOTS_MAX || (!n && r->sqe.opcode == LINUX_URING_OP_RECV) || !uring_post(r, n))
			return n;
		r->cqe_flags = 0;
	}
}

/* ---- Reads and writes ---- */

static int64_t wanted_bytes(const struct uring_request *r)
{
	int64_t sum = 0;

	if (!r->vec)
		return r->sqe.length;
	for (unsigned int i = 0; i < r->sqe.length; i++)
		sum += (int64_t)r->vec[i].length;
	return sum;
}

static bool op_writes(uint8_t op)
{
	return op == LINUX_URING_OP_WRITEV || op == LINUX_URING_OP_WRITE_FIXED || op == LINUX_URING_OP_WRITE;
}

static bool op_is_io(uint8_t op)
{
	return op_writes(op) || op == LINUX_URING_OP_READV || op == LINUX_URING_OP_READ_FIXED || op == LINUX_URING_OP_READ;
}

static int64_t io_attempt(struct uring_request *r, struct uring_batch *b)
{
	bool write = op_writes(r->sqe.opcode), here = r->sqe.offset == CUR_POS;
	loff_t pos = (loff_t)r->sqe.offset;
	int64_t n = -ENOTBLK;
	struct iter it;

	if (r->vec)
		iter_init(&it, r->vec, r->sqe.length, false);
	else
		iter_init_one(&it, &r->one, r->sqe.address, r->sqe.length, false);
	it.left = MIN(it.left, LINUX_RW_MAX);
	it.nowait = true;
	if (!here)
		n = block_async_prepare(&r->async, r->file, &it, r->sqe.offset, write);
	if (n == -ENOTBLK && block_file_is(r->file) && !(r->file->flags & LINUX_O_DIRECT))
		return uring_work(r, &it, r->sqe.offset, write);
	if (n == -ENOTBLK)
		return file_io(r->file, &it, write, here ? NULL : &pos);
	if (!r->async.nr_pieces || n != 1)
		return n;
	WRITE_ONCE(r->state, REQUEST_AWAY);	/* with u->lock held nobody else changes that of a request that was started */
	b->list[b->nr++] = &r->async;
	if (b->nr == URING_BATCH) {
		block_async_send(b->list, b->nr);
		b->nr = 0;
	}
	return URING_PENDING;
}

/* What the kernel writes down of many pages that a disk is given: about a hundredth of them. */
static int direct_pay(struct uring_request *r)
{
	uint64_t bytes = MIN((uint64_t)wanted_bytes(r), DIRECT_MOST) >> 7;
	int err = 0;

	if (bytes > DIRECT_FREE >> 7 && block_file_is(r->file) && r->file->flags & LINUX_O_DIRECT)
		err = uring_pay(r->uring, bytes);
	else
		bytes = 0;
	r->cost += err ? 0 : bytes;
	return err;
}

static int64_t io_start(struct uring_request *r, struct uring_batch *b)
{
	bool write = op_writes(r->sqe.opcode), fixed = r->sqe.opcode == LINUX_URING_OP_READ_FIXED || r->sqe.opcode == LINUX_URING_OP_WRITE_FIXED;
	int err = r->sqe.op_flags ? -EOPNOTSUPP : file_may_io(r->file, write);

	if (!err && r->uring->flags & LINUX_URING_SETUP_IOPOLL && !(block_file_is(r->file) && r->file->flags & LINUX_O_DIRECT))
		err = -EOPNOTSUPP;
	if (!err && r->sqe.offset != CUR_POS && (loff_t)r->sqe.offset < 0)
		err = -EINVAL;
	if (!err && fixed)
		err = uring_fixed_check(r);
	if (!err)
		err = r->vec_err;
	if (!err)
		err = direct_pay(r);
	return err ? err : try_or_wait(r, b, write ? WRITABLE : READABLE, io_attempt);
}

/* ---- The rest ---- */

static int64_t fsync_start(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;

	if (sqe->address || sqe->buffer_index || sqe->op_flags & ~LINUX_URING_FSYNC_DATASYNC)
		return -EINVAL;
	if (!r->file->ops->fsync)
		return -EINVAL;
	if (block_file_is(r->file))
		return uring_work(r, NULL, 0, false);
	return r->file->ops->fsync(r->file, sqe->op_flags & LINUX_URING_FSYNC_DATASYNC);
}

static int64_t poll_start(struct uring_request *r)
{
	uint32_t events = r->sqe.op_flags;
	int64_t ready;

	bool multi = r->sqe.length & LINUX_URING_POLL_MULTI;

	if (r->sqe.length & ~LINUX_URING_POLL_MULTI || r->sqe.offset || r->sqe.address || (multi && r->sqe.flags & LINUX_URING_SQE_CQE_SKIP))
		return -EINVAL;
	if (!r->file->ops->poll)
		return file_poll(r->file, NULL) & events;
	current->ring_call->polls = true;
	ready = uring_poll_arm(r, events);
	if (ready < 0)
		return ready;
	/* One that tells of each wake stays on the queues meanwhile. */
	if ((!ready || (multi && uring_post(r, ready))) && uring_poll_leave(r))
		return URING_PENDING;
	uring_poll_disarm(r);
	return ready ? ready : -ECANCELED;
}

static bool is_connecting(int64_t n)
{
	return n == -EINPROGRESS || n == -EALREADY;
}

/* A connection that takes its time is waited for, and then asked about by the same call. */
static int64_t connect_start(struct uring_request *r, struct uring_batch *b)
{
	int64_t n = call_do(r, b), ready;

	if (!is_connecting(n))
		return n;
	ready = uring_poll_arm(r, WRITABLE);
	if (ready < 0)
		return ready;
	if (ready)
		n = call_do(r, b);
	if (is_connecting(n) && uring_poll_leave(r))
		return URING_PENDING;
	uring_poll_disarm(r);
	return is_connecting(n) ? -ECANCELED : n;
}

static int64_t call_start(struct uring_request *r, struct uring_batch *b)
{
	const struct call *c = call_of(r->sqe.opcode);
	uint32_t events = c->events & ~GIVES;

	if (r->vec_err)
		return r->vec_err;
	if (r->sqe.opcode == LINUX_URING_OP_CONNECT)
		return connect_start(r, b);
	return events ? shots(r, b, events, call_attempt) : call_do(r, b);
}

static bool op_has_file(uint8_t op)
{
	const struct call *c = call_of(op);

	return op_is_io(op) || op == LINUX_URING_OP_FSYNC || op == LINUX_URING_OP_POLL_ADD || op == LINUX_URING_OP_MSG_RING ||
	       op == LINUX_URING_OP_SPLICE || op == LINUX_URING_OP_TEE || op == LINUX_URING_OP_URING_CMD ||
	       (c && c->fields[0] == FILE);
}

static int file_find(struct uring_request *r)
{
	if (r->file || !op_has_file(r->sqe.opcode))
		return 0;
	r->file = r->sqe.flags & LINUX_URING_SQE_FIXED_FILE ? uring_file_get(r->uring, (uint32_t)r->sqe.fd) : fd_get_io(r->sqe.fd);
	if (r->sqe.flags & LINUX_URING_SQE_FIXED_FILE)
		uring_tag_use(r);
	return r->file ? 0 : -EBADF;
}

bool uring_op_known(uint8_t op)
{
	switch (op) {
	case LINUX_URING_OP_NOP:
	case LINUX_URING_OP_FSYNC:
	case LINUX_URING_OP_POLL_ADD:
	case LINUX_URING_OP_POLL_REMOVE:
	case LINUX_URING_OP_TIMEOUT:
	case LINUX_URING_OP_TIMEOUT_REMOVE:
	case LINUX_URING_OP_ASYNC_CANCEL:
	case LINUX_URING_OP_LINK_TIMEOUT:
	case LINUX_URING_OP_FILES_UPDATE:
	case LINUX_URING_OP_PROVIDE_BUFFERS:
	case LINUX_URING_OP_REMOVE_BUFFERS:
	case LINUX_URING_OP_MSG_RING:
	case LINUX_URING_OP_SPLICE:
	case LINUX_URING_OP_TEE:
	case LINUX_URING_OP_URING_CMD:
		return true;
	}
	return op_is_io(op) || call_of(op);
}

int64_t uring_start(struct uring_request *r, struct uring_batch *b)
{
	int err = file_find(r);

	if (err)
		return err;
	switch (r->sqe.opcode) {
	case LINUX_URING_OP_NOP:
		return 0;
	case LINUX_URING_OP_FSYNC:
		return fsync_start(r);
	case LINUX_URING_OP_POLL_ADD:
		return poll_start(r);
	case LINUX_URING_OP_POLL_REMOVE:
		return uring_poll_remove(r);
	case LINUX_URING_OP_TIMEOUT:
		return uring_timeout_start(r);
	case LINUX_URING_OP_TIMEOUT_REMOVE:
		return uring_timeout_remove(r);
	case LINUX_URING_OP_ASYNC_CANCEL:
		return uring_cancel(r);
	case LINUX_URING_OP_LINK_TIMEOUT:
		return -EINVAL;		/* behind nothing */
	case LINUX_URING_OP_PROVIDE_BUFFERS:
		return uring_buffers_provide(r);
	case LINUX_URING_OP_REMOVE_BUFFERS:
		return uring_buffers_remove(r);
	case LINUX_URING_OP_MSG_RING:
		return uring_message_send(r);
	case LINUX_URING_OP_SPLICE:
	case LINUX_URING_OP_TEE:
		return uring_splice(r);
	case LINUX_URING_OP_URING_CMD:
		return -EOPNOTSUPP;	/* no file here has commands of its own */
	case LINUX_URING_OP_FILES_UPDATE:
		return (uint32_t)r->sqe.offset == URING_SLOT_ANY ? uring_files_place(r->uring, r->sqe.address, r->sqe.length) :
		       uring_files_update(r->uring, (uint32_t)r->sqe.offset, r->sqe.address, r->sqe.length, 0);
	}
	return op_is_io(r->sqe.opcode) ? io_start(r, b) : call_start(r, b);
}

/* ---- Before ---- */

static int vec_copy(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	int64_t n;

	if (sqe->length > VECS_MAX)
		return -EINVAL;
	if (uring_pay(r->uring, sqe->length * sizeof(*r->vec)))
		return -ENOMEM;
	r->cost += sqe->length * sizeof(*r->vec);
	r->vec = kcalloc(MAX(sqe->length, 1u), sizeof(*r->vec));
	if (!r->vec)
		return -ENOMEM;
	n = copy_from_user(r->vec, sqe->address, sqe->length * sizeof(*r->vec)) ? -EFAULT : vec_check(r->vec, sqe->length);
	return n < 0 ? (int)n : 0;
}

/* What stands in the field of the priority. */
static bool call_flags_make_sense(const struct linux_uring_sqe *sqe)
{
	switch (sqe->opcode) {
	case LINUX_URING_OP_ACCEPT:
		return !(sqe->ioprio & ~LINUX_URING_ACCEPT_MULTI);
	case LINUX_URING_OP_RECV:
		if (sqe->ioprio & LINUX_URING_RECV_MULTI &&
		    (!(sqe->flags & LINUX_URING_SQE_BUFFER_SELECT) || sqe->op_flags & LINUX_MSG_WAITALL || sqe->length))
			return false;
		return !(sqe->ioprio & ~(LINUX_URING_RECV_POLL_FIRST | LINUX_URING_RECV_MULTI));
	case LINUX_URING_OP_SEND:
	case LINUX_URING_OP_SENDMSG:
	case LINUX_URING_OP_RECVMSG:
		return !(sqe->ioprio & ~LINUX_URING_RECV_POLL_FIRST);
	}
	return !sqe->ioprio;
}

/* Of a file that the call gives, or closes. A table knows nothing of execve(). */
static bool call_place_makes_sense(const struct linux_uring_sqe *sqe)
{
	if (!sqe->splice_fd)
		return true;
	switch (sqe->opcode) {
	case LINUX_URING_OP_CLOSE:
		return !sqe->fd;
	case LINUX_URING_OP_OPENAT:
		return !(sqe->op_flags & LINUX_O_CLOEXEC);
	case LINUX_URING_OP_OPENAT2:
		return true;
	case LINUX_URING_OP_SOCKET:
		return !(sqe->offset & LINUX_SOCK_CLOEXEC);
	case LINUX_URING_OP_ACCEPT:
		return !(sqe->op_flags & LINUX_SOCK_CLOEXEC) && (!(sqe->ioprio & LINUX_URING_ACCEPT_MULTI) || sqe->splice_fd == -1);
	}
	return false;
}

/* On a ring with IOPOLL. */
static bool op_may_poll(uint8_t op)
{
	return op_is_io(op) || op == LINUX_URING_OP_NOP || op == LINUX_URING_OP_FILES_UPDATE || op == LINUX_URING_OP_EPOLL_CTL ||
	       op == LINUX_URING_OP_MSG_RING ||	       op == LINUX_URING_OP_PROVIDE_BUFFERS || op == LINUX_URING_OP_REMOVE_BUFFERS;
}

static int flags_check(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	bool chooses = sqe->flags & LINUX_URING_SQE_BUFFER_SELECT;

	if (sqe->flags & ~FLAGS_KNOWN || !uring_op_known(sqe->opcode))
		return -EINVAL;
	if (!uring_may_ask(r->uring, sqe))
		return -EACCES;
	if (chooses && sqe->opcode != LINUX_URING_OP_READ && sqe->opcode != LINUX_URING_OP_RECV && sqe->opcode != LINUX_URING_OP_RECVMSG)
		return -EOPNOTSUPP;
	if (sqe->flags & LINUX_URING_SQE_CQE_SKIP)
		r->uring->drain_refused = true;		/* who drains counts completions */
	if (sqe->flags & LINUX_URING_SQE_IO_DRAIN && r->uring->drain_refused)
		return -EOPNOTSUPP;
	if (r->uring->flags & LINUX_URING_SETUP_IOPOLL && !op_may_poll(sqe->opcode))
		return -EINVAL;
	if (op_is_io(sqe->opcode))
		return sqe->ioprio ? io_priority_check(sqe->ioprio) : 0;
	if (sqe->opcode == LINUX_URING_OP_MSG_RING)
		return uring_message_check(sqe);
	if (sqe->opcode == LINUX_URING_OP_SPLICE || sqe->opcode == LINUX_URING_OP_TEE)
		return sqe->ioprio ? -EINVAL : uring_splice_check(sqe);
	if (!call_of(sqe->opcode))
		return sqe->ioprio ? -EINVAL : 0;
	if (sqe->flags & LINUX_URING_SQE_FIXED_FILE && !op_has_file(sqe->opcode))
		return -EBADF;
	return call_flags_make_sense(sqe) && call_place_makes_sense(sqe) ? 0 : -EINVAL;
}

int uring_prepare(struct uring_request *r)
{
	const struct linux_uring_sqe *sqe = &r->sqe;
	int err = flags_check(r);

	if (!err)
		err = uring_personality_choose(r);
	if (err)
		return err;
	r->wanted = sqe->length;
	if (sqe->opcode == LINUX_URING_OP_TIMEOUT || sqe->opcode == LINUX_URING_OP_LINK_TIMEOUT)
		return uring_timeout_prepare(r);
	if (sqe->opcode == LINUX_URING_OP_READV || sqe->opcode == LINUX_URING_OP_WRITEV) {
		r->vec_err = vec_copy(r);
	} else if (op_is_io(sqe->opcode) && !(sqe->flags & LINUX_URING_SQE_BUFFER_SELECT)) {
		r->one = (struct iovec_k){ sqe->address, sqe->length };
		r->vec_err = vec_check(&r->one, 1) < 0 ? -EFAULT : 0;
	} else {
		r->vec_err = uring_socket_copy(r);
	}
	return 0;
}

bool uring_succeeded(const struct uring_request *r)
{
	if (r->sqe.opcode == LINUX_URING_OP_TIMEOUT && r->result == -ETIME)
		return r->sqe.op_flags & LINUX_URING_TIMEOUT_ETIME_SUCCESS;
	if (r->sqe.opcode == LINUX_URING_OP_SPLICE || r->sqe.opcode == LINUX_URING_OP_TEE)
		return r->result == r->sqe.length;
	if (uring_socket_fell_short(r))
		return false;
	return r->result >= 0 && (!op_is_io(r->sqe.opcode) || r->result == wanted_bytes(r));
}
