// SPDX-License-Identifier: GPL-2.0
/* io_uring: what is registered with tags, restrictions, personalities, how a ring is set up; splice and tee as requests. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "uring.h"

static long reg(struct ring *r, unsigned int what, const void *argument, unsigned int nr)
{
	return syscall(SYS_io_uring_register, r->fd, what, argument, nr);
}

static struct linux_uring_sqe named(struct linux_uring_sqe sqe, unsigned long long name)
{
	sqe.user_data = name;
	return sqe;
}

/* The next completion, and that it is the only one. */
static struct linux_uring_cqe last(struct ring *r)
{
	struct linux_uring_cqe cqe = pop(r);

	CHECK(!ready(r));
	return cqe;
}

static long update(struct ring *r, unsigned int what, unsigned int at, const void *data, unsigned long long tag)
{
	struct linux_uring_resources_update u = { .offset = at, .data = (uintptr_t)data, .tags = (uintptr_t)&tag, .nr = 1 };

	return reg(r, what, &u, sizeof(u));
}

static void wait_for_one(struct ring *r)
{
	CHECK(enter(r, 0, 1) == 0);
}

/* A file with a tag that is replaced says so, one without does not, and what is gone has none. */
ABI_CASE(uring_files_with_tags_tell_when_they_are_replaced)
{
	struct ring r = ring_open(4);
	int p[2], fds[2], none = -1;
	unsigned long long tags[2] = { 11, 12 };
	struct linux_uring_resources t = { .nr = 2, .data = (uintptr_t)fds, .tags = (uintptr_t)tags };

	CHECK(r.p.features & LINUX_URING_FEAT_RSRC_TAGS);
	CHECK(!pipe(p));
	fds[0] = fds[1] = p[0];
	CHECK(!reg(&r, LINUX_URING_REGISTER_FILES2, &t, sizeof(t)));
	CHECK(update(&r, LINUX_URING_REGISTER_FILES_UPDATE2, 0, fds, 0) == 1);
	wait_for_one(&r);
	CHECK(last(&r).user_data == 11);
	CHECK(update(&r, LINUX_URING_REGISTER_FILES_UPDATE2, 0, fds, 13) == 1 && !ready(&r));
	CHECK_ERR(update(&r, LINUX_URING_REGISTER_FILES_UPDATE2, 0, &none, 14), EINVAL);
	CHECK(update(&r, LINUX_URING_REGISTER_FILES_UPDATE2, 0, &none, 0) == 1);
	wait_for_one(&r);
	CHECK(last(&r).user_data == 13);
	CHECK(update(&r, LINUX_URING_REGISTER_FILES_UPDATE2, 0, &none, 0) == 1 && !ready(&r));
}

/* The tag waits for those that began with what was registered then. */
ABI_CASE(uring_tags_wait_for_who_uses_what_they_name)
{
	struct ring r = ring_open(4);
	char one_page[4096], other[4096];
	struct iovec v[2] = { { one_page, 4096 }, { other, 4096 } };
	unsigned long long tags[2] = { 1, 2 };
	struct linux_uring_resources t = { .nr = 2, .data = (uintptr_t)v, .tags = (uintptr_t)tags };
	struct linux_uring_cqe cqe;
	int p[2];

	CHECK(!pipe(p) && !reg(&r, LINUX_URING_REGISTER_BUFFERS2, &t, sizeof(t)));
	push(&r, named(move(LINUX_URING_OP_READ_FIXED, p[0], one_page, 8, -1), 100));
	CHECK(enter(&r, 1, 0) == 1);
	CHECK(update(&r, LINUX_URING_REGISTER_BUFFERS_UPDATE, 1, &v[0], 3) == 1);
	CHECK(update(&r, LINUX_URING_REGISTER_BUFFERS_UPDATE, 1, &v[1], 4) == 1);
	CHECK(!ready(&r));
	CHECK(write(p[1], "12345678", 8) == 8);
	CHECK(enter(&r, 0, 3) == 0);
	cqe = pop(&r);
	CHECK(cqe.user_data == 100 && cqe.result == 8 && !memcmp(one_page, "12345678", 8));
	CHECK(pop(&r).user_data + last(&r).user_data == 2 + 3);
}

ABI_CASE(uring_buffers_are_checked_and_may_be_empty)
{
	struct ring r = ring_open(4);
	char memory[4096];
	struct iovec v[3] = { { memory, 16 } }, bad = { NULL, 1 }, huge = { memory, (1ul << 30) + 1 };
	struct linux_uring_sqe sqe;
	int p[2];

	CHECK(!pipe(p) && write(p[1], "x", 1) == 1);
	CHECK_ERR(update(&r, LINUX_URING_REGISTER_BUFFERS_UPDATE, 0, &v[0], 0), ENXIO);
	CHECK_ERR(reg(&r, LINUX_URING_REGISTER_BUFFERS, &bad, 1), EFAULT);
	CHECK_ERR(reg(&r, LINUX_URING_REGISTER_BUFFERS, &huge, 1), EFAULT);
	CHECK(!reg(&r, LINUX_URING_REGISTER_BUFFERS, v, 3));
	sqe = move(LINUX_URING_OP_READ_FIXED, p[0], memory, 1, -1);
	sqe.buffer_index = 2;
	CHECK(one(&r, sqe) == -EFAULT);
	CHECK(update(&r, LINUX_URING_REGISTER_BUFFERS_UPDATE, 2, &v[0], 0) == 1);
	CHECK(one(&r, sqe) == 1);
	CHECK_ERR(update(&r, LINUX_URING_REGISTER_BUFFERS_UPDATE, 3, &v[0], 0), EINVAL);
	CHECK_ERR(update(&r, LINUX_URING_REGISTER_BUFFERS_UPDATE, 0, &bad, 0), EFAULT);
}

/* Given while the ring is disabled, in force when it is enabled, once and for good. */
ABI_CASE(uring_restrictions_hold_once_the_ring_is_enabled)
{
	struct ring r = ring_open_with(4, LINUX_URING_SETUP_R_DISABLED), plain = ring_open(4);
	struct linux_uring_restriction rules[] = {
		{ .what = LINUX_URING_RESTRICT_OP, .value = LINUX_URING_OP_NOP },
		{ .what = LINUX_URING_RESTRICT_OP, .value = LINUX_URING_OP_WRITE },
		{ .what = LINUX_URING_RESTRICT_REGISTER, .value = LINUX_URING_REGISTER_FILES },
		{ .what = LINUX_URING_RESTRICT_FLAGS_MUST, .value = LINUX_URING_SQE_FIXED_FILE },
		{ .what = LINUX_URING_RESTRICT_FLAGS_MAY, .value = LINUX_URING_SQE_ASYNC },
	}, wrong = { .what = 4 };
	struct linux_uring_sqe sqe;
	int p[2], event = eventfd(0, 0);

	CHECK(!pipe(p));
	CHECK_ERR(reg(&plain, LINUX_URING_REGISTER_RESTRICTIONS, rules, 5), EBADFD);
	CHECK_ERR(reg(&r, LINUX_URING_REGISTER_RESTRICTIONS, &wrong, 1), EINVAL);
	CHECK(!reg(&r, LINUX_URING_REGISTER_RESTRICTIONS, rules, 5));
	CHECK_ERR(reg(&r, LINUX_URING_REGISTER_RESTRICTIONS, rules, 5), EBUSY);
	CHECK(!reg(&r, LINUX_URING_REGISTER_EVENTFD, &event, 1) && !reg(&r, LINUX_URING_UNREGISTER_EVENTFD, NULL, 0));
	CHECK(!reg(&r, LINUX_URING_REGISTER_ENABLE_RINGS, NULL, 0));
	CHECK_ERR(reg(&r, LINUX_URING_REGISTER_EVENTFD, &event, 1), EACCES);
	CHECK(!reg(&r, LINUX_URING_REGISTER_FILES, p, 2));
	sqe = move(LINUX_URING_OP_WRITE, 1, "x", 1, -1);
	CHECK(one(&r, sqe) == -EACCES);
	sqe.flags = LINUX_URING_SQE_FIXED_FILE;
	CHECK(one(&r, sqe) == 1);
	sqe.flags |= LINUX_URING_SQE_ASYNC;
	CHECK(one(&r, sqe) == 1);
	sqe.flags |= LINUX_URING_SQE_IO_DRAIN;
	CHECK(one(&r, sqe) == -EACCES);
	sqe.flags = LINUX_URING_SQE_FIXED_FILE;
	sqe.opcode = LINUX_URING_OP_READ;
	CHECK(one(&r, sqe) == -EACCES);
}

/* A request is carried out as who registered it, and only that one. */
ABI_CASE(uring_requests_act_as_a_personality)
{
	struct linux_uring_sqe sqe = { .opcode = LINUX_URING_OP_OPENAT, .fd = AT_FDCWD, .address = (uintptr_t)"mine" };
	struct ring r = ring_open(4);
	int number, fd;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!close(open("mine", O_CREAT | O_WRONLY, 0600)));
	number = (int)reg(&r, LINUX_URING_REGISTER_PERSONALITY, NULL, 0);
	CHECK(number > 0);
	CHECK_ERR(reg(&r, LINUX_URING_UNREGISTER_PERSONALITY, NULL, (unsigned int)number + 1), EINVAL);
	CHECK(!seteuid(1000));
	CHECK(one(&r, sqe) == -EACCES);
	sqe.personality = (unsigned short)number;
	fd = one(&r, sqe);
	CHECK(fd >= 0 && !close(fd));
	CHECK(geteuid() == 1000 && open("mine", O_RDONLY) < 0 && errno == EACCES);
	CHECK(!reg(&r, LINUX_URING_UNREGISTER_PERSONALITY, NULL, (unsigned int)number));
	CHECK(one(&r, sqe) == -EINVAL);
	CHECK(!seteuid(0));
}

static struct linux_uring_sqe splice_of(int op, int in, long long in_at, int out, long long out_at, unsigned int length)
{
	return (struct linux_uring_sqe){ .opcode = (unsigned char)op, .fd = out, .splice_fd = in, .address = (unsigned long long)in_at,
					 .offset = (unsigned long long)out_at, .length = length };
}

ABI_CASE(uring_splices_and_tees)
{
	struct ring r = ring_open(4);
	struct linux_uring_sqe sqe;
	int p[2], q[2], f, g;
	char got[8];

	abi_fresh();
	f = open("f", O_CREAT | O_RDWR, 0600);
	g = open("g", O_CREAT | O_RDWR, 0600);
	CHECK(!pipe(p) && !pipe(q) && write(f, "01234567", 8) == 8);
	CHECK(one(&r, splice_of(LINUX_URING_OP_SPLICE, f, 2, p[1], -1, 4)) == 4);
	CHECK(one(&r, splice_of(LINUX_URING_OP_TEE, p[0], 0, q[1], 0, 16)) == 4);
	CHECK(one(&r, splice_of(LINUX_URING_OP_SPLICE, p[0], -1, g, 1, 4)) == 4);
	CHECK(pread(g, got, 8, 0) == 5 && !memcmp(got, "\0" "2345", 5));
	CHECK(read(q[0], got, 8) == 4 && !memcmp(got, "2345", 4));
	CHECK(!reg(&r, LINUX_URING_REGISTER_FILES, (int[]){ f, p[1] }, 2));
	sqe = splice_of(LINUX_URING_OP_SPLICE, 0, 0, 1, -1, 2);
	sqe.flags = LINUX_URING_SQE_FIXED_FILE;
	sqe.op_flags = LINUX_URING_SPLICE_FD_IN_FIXED;
	CHECK(one(&r, sqe) == 2 && read(p[0], got, 8) == 2);
	CHECK(one(&r, splice_of(LINUX_URING_OP_SPLICE, p[0], 0, f, 0, 4)) == -ESPIPE);
	CHECK(one(&r, splice_of(LINUX_URING_OP_TEE, f, 0, q[1], 0, 4)) == -EINVAL);
	CHECK(one(&r, splice_of(LINUX_URING_OP_TEE, p[0], 1, q[1], 0, 4)) == -EINVAL);
	CHECK(one(&r, splice_of(LINUX_URING_OP_SPLICE, -1, -1, q[1], -1, 4)) == -EBADF);
}

/* First for what is to be read, then for room. */
ABI_CASE(uring_splice_waits_elsewhere)
{
	struct ring r = ring_open(4);
	static char full[65536], got[65536];
	int p[2], q[2];

	CHECK(!pipe(p) && !pipe(q) && write(q[1], full, sizeof(full)) == sizeof(full));
	push(&r, named(splice_of(LINUX_URING_OP_SPLICE, p[0], -1, q[1], -1, 5), 7));
	CHECK(enter(&r, 1, 0) == 1 && !ready(&r));
	CHECK(write(p[1], "later", 5) == 5);
	CHECK(enter(&r, 0, 0) == 0 && !ready(&r));
	CHECK(read(q[0], got, sizeof(got)) == sizeof(got));
	wait_for_one(&r);
	CHECK(last(&r).result == 5 && read(q[0], got, 8) == 5 && !memcmp(got, "later", 5));
	push(&r, named(splice_of(LINUX_URING_OP_SPLICE, p[0], -1, q[1], -1, 5), 8));
	push(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_ASYNC_CANCEL, .address = 8, .user_data = 9 });
	CHECK(enter(&r, 2, 2) == 2);
	CHECK(pop(&r).user_data + pop(&r).user_data == 17);
}

/* Nothing goes on before the ring's thread asks for it; the eventfd and a flag say that there is something. */
ABI_CASE(uring_defers_what_goes_on)
{
	struct ring r = ring_open_with(4, LINUX_URING_SETUP_SINGLE_ISSUER | LINUX_URING_SETUP_DEFER_TASKRUN | LINUX_URING_SETUP_TASKRUN_FLAG);
	int told = eventfd(0, 0), p[2];
	struct pollfd wait = { .fd = told, .events = POLLIN };

	CHECK(!pipe(p) && !reg(&r, LINUX_URING_REGISTER_EVENTFD, &told, 1));
	push(&r, named((struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_ADD, .fd = p[0], .op_flags = POLLIN }, 5));
	CHECK(enter(&r, 1, 0) == 1);
	CHECK(write(p[1], "x", 1) == 1 && poll(&wait, 1, -1) == 1);
	CHECK(!ready(&r) && *word(&r, r.p.sq.flags) & LINUX_URING_SQ_TASKRUN);
	CHECK(syscall(SYS_io_uring_enter, r.fd, 0, 0, LINUX_URING_ENTER_GETEVENTS, NULL, 0) == 0);
	CHECK(last(&r).user_data == 5 && !(*word(&r, r.p.sq.flags) & LINUX_URING_SQ_TASKRUN));
}

/* What was there when it was woken counts, though it is gone when the thread asks. */
ABI_CASE(uring_that_defers_tells_what_was_there)
{
	struct ring r = ring_open_with(4, LINUX_URING_SETUP_SINGLE_ISSUER | LINUX_URING_SETUP_DEFER_TASKRUN);
	int p[2];
	char c;

	CHECK(!pipe(p));
	push(&r, named((struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_ADD, .fd = p[0], .op_flags = POLLIN, .length = 1 }, 5));
	CHECK(enter(&r, 1, 0) == 1);
	for (unsigned int i = 0; i < 3; i++) {
		CHECK(write(p[1], "x", 1) == 1 && read(p[0], &c, 1) == 1);
		wait_for_one(&r);
		CHECK(last(&r).user_data == 5);
	}
}

static void *asks(void *arg)
{
	struct ring *r = arg;

	CHECK_ERR(syscall(SYS_io_uring_enter, r->fd, 0, 0, LINUX_URING_ENTER_GETEVENTS, NULL, 0), EEXIST);
	return NULL;
}

ABI_CASE(uring_that_defers_is_one_thread_s)
{
	struct ring r = ring_open_with(4, LINUX_URING_SETUP_SINGLE_ISSUER | LINUX_URING_SETUP_DEFER_TASKRUN);
	pthread_t t;

	CHECK(!pthread_create(&t, NULL, asks, &r) && !pthread_join(t, NULL));
	CHECK_ERR(setup(4, &(struct linux_uring_params){ .flags = LINUX_URING_SETUP_DEFER_TASKRUN }), EINVAL);
	CHECK_ERR(setup(4, &(struct linux_uring_params){ .flags = LINUX_URING_SETUP_TASKRUN_FLAG }), EINVAL);
	CHECK_ERR(setup(4, &(struct linux_uring_params){ .flags = LINUX_URING_SETUP_SQPOLL | LINUX_URING_SETUP_COOP_TASKRUN }), EINVAL);
}

ABI_CASE(uring_shares_workers_with_a_ring)
{
	struct linux_uring_params p = { .flags = LINUX_URING_SETUP_ATTACH_WQ };
	struct ring plain = ring_open(4);
	int fd;

	p.wq_fd = (unsigned int)plain.fd;
	fd = setup(4, &p);
	CHECK(fd >= 0);
	p = (struct linux_uring_params){ .flags = LINUX_URING_SETUP_ATTACH_WQ | LINUX_URING_SETUP_SQPOLL, .wq_fd = (unsigned int)fd };
	CHECK_ERR(setup(4, &p), EINVAL);
	p = (struct linux_uring_params){ .flags = LINUX_URING_SETUP_ATTACH_WQ };
	CHECK_ERR(setup(4, &p), EINVAL);
	p.wq_fd = 999;
	CHECK_ERR(setup(4, &p), ENXIO);
}

/* Twice the room for each request and completion, of which these use the first half. */
ABI_CASE(uring_entries_may_be_twice_as_large)
{
	struct linux_uring_params p = { .flags = LINUX_URING_SETUP_SQE128 | LINUX_URING_SETUP_CQE32 };
	int fd = setup(4, &p);
	char *rings, *sqes;

	CHECK(fd >= 0);
	rings = mmap(NULL, p.sq.array + 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, LINUX_URING_OFF_SQ_RING);
	sqes = mmap(NULL, 4 * 128, PROT_READ | PROT_WRITE, MAP_SHARED, fd, LINUX_URING_OFF_SQES);
	CHECK(rings != MAP_FAILED && sqes != MAP_FAILED);
	for (unsigned int i = 0; i < 4; i++) {
		*(struct linux_uring_sqe *)(sqes + i * 128) = (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP, .user_data = i + 1 };
		((unsigned int *)(rings + p.sq.array))[i] = i;
	}
	__atomic_store_n((unsigned int *)(rings + p.sq.tail), 4, __ATOMIC_RELEASE);
	CHECK(syscall(SYS_io_uring_enter, fd, 4, 4, LINUX_URING_ENTER_GETEVENTS, NULL, 0) == 4);
	for (unsigned int i = 0; i < 4; i++) {
		const unsigned long long *cqe = (const unsigned long long *)(rings + p.cq.cqes + i * 32);

		CHECK(cqe[0] == i + 1 && !cqe[1] && !cqe[2] && !cqe[3]);
	}
}
