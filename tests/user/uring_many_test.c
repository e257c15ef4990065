// SPDX-License-Identifier: GPL-2.0
/* io_uring: requests that tell more than once, buffers that the kernel chooses, and rings for polled disks. */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "uring.h"

#define MORE	LINUX_URING_CQE_MORE
#define SELECT	LINUX_URING_SQE_BUFFER_SELECT
#define GROUP	7

static char space[8][64];

static void push_as(struct ring *r, struct linux_uring_sqe sqe, unsigned long long name)
{
	sqe.user_data = name;
	push(r, sqe);
	CHECK(enter(r, 1, 0) == 1);
}

/* The next completion: its result, and its flags. */
static int next(struct ring *r, unsigned long long name, unsigned int *flags)
{
	struct linux_uring_cqe cqe = pop_named(r, name);

	*flags = cqe.flags;
	return cqe.result;
}

static struct linux_uring_sqe provide(unsigned int nr, unsigned int first)
{
	return (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_PROVIDE_BUFFERS, .fd = (int)nr, .address = (uintptr_t)space[first],
					 .length = sizeof(space[0]), .offset = first, .buffer_index = GROUP };
}

static struct linux_uring_sqe take_away(unsigned int nr)
{
	return (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_REMOVE_BUFFERS, .fd = (int)nr, .buffer_index = GROUP };
}

static struct linux_uring_sqe choosing(int op, int fd, unsigned int length, unsigned int kind)
{
	return (struct linux_uring_sqe){ .opcode = (unsigned char)op, .flags = SELECT, .fd = fd, .length = length, .buffer_index = GROUP,
					 .ioprio = (unsigned short)kind };
}

static void pair(int s[2])
{
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
}

ABI_CASE(uring_read_takes_the_next_buffer_of_its_group)
{
	struct ring r = ring_open(4);
	unsigned int flags;
	int p[2];

	CHECK(!pipe(p) && one(&r, provide(2, 3)) == 0);
	for (unsigned int i = 3; i < 5; i++) {
		push_as(&r, choosing(LINUX_URING_OP_READ, p[0], 64, 0), i);
		CHECK(!ready(&r) && write(p[1], "word", 4) == 4);
		CHECK(next(&r, i, &flags) == 4 && flags == (LINUX_URING_CQE_BUFFER | i << LINUX_URING_CQE_BUFFER_SHIFT));
		CHECK(!memcmp(space[i], "word", 4));
	}
	CHECK(write(p[1], "more", 4) == 4);
	push_as(&r, choosing(LINUX_URING_OP_READ, p[0], 64, 0), 9);
	CHECK(next(&r, 9, &flags) == -ENOBUFS && !flags);
}

/* A length of 0 is the buffer's; a longer one is cut to it. */
ABI_CASE(uring_chosen_buffer_bounds_the_read)
{
	struct ring r = ring_open(4);
	static const char much[100];
	unsigned int flags;
	int p[2];

	CHECK(!pipe(p) && one(&r, provide(2, 0)) == 0 && write(p[1], much, 100) == 100);
	push_as(&r, choosing(LINUX_URING_OP_READ, p[0], 0, 0), 1);
	CHECK(next(&r, 1, &flags) == 64);
	CHECK(write(p[1], much, 100) == 100);
	push_as(&r, choosing(LINUX_URING_OP_READ, p[0], 1000, 0), 2);
	CHECK(next(&r, 2, &flags) == 64);
}

ABI_CASE(uring_buffers_are_counted_when_removed)
{
	struct ring r = ring_open(4);

	CHECK(one(&r, take_away(1)) == -ENOENT);
	CHECK(one(&r, provide(4, 0)) == 0);
	CHECK(one(&r, take_away(3)) == 3 && one(&r, take_away(3)) == 1 && one(&r, take_away(3)) == 0);
}

ABI_CASE(uring_buffers_that_make_no_sense_are_refused)
{
	struct ring r = ring_open(4);
	struct linux_uring_sqe bad = provide(2, 0);

	bad.fd = 0;
	CHECK(one(&r, bad) == -E2BIG);
	bad = provide(2, 0);
	bad.offset = 65535;
	CHECK(one(&r, bad) == -EINVAL);
	bad = provide(2, 0);
	bad.address = ~0ull << 47;
	CHECK(one(&r, bad) == -EFAULT);
	bad = take_away(0);
	CHECK(one(&r, bad) == -EINVAL);
	bad = move(LINUX_URING_OP_WRITE, 1, space, 1, 0);
	bad.flags = SELECT;
	CHECK(one(&r, bad) == -EOPNOTSUPP);
}

/* ---- A ring of them ---- */

struct buffer_ring {
	struct linux_uring_buf *entries;
	unsigned int nr;
};

static int ring_tell(struct ring *r, int what, void *at, unsigned int nr)
{
	struct linux_uring_buf_reg reg = { .ring_address = (uintptr_t)at, .ring_entries = nr, .group = GROUP };

	return (int)syscall(SYS_io_uring_register, r->fd, what, &reg, 1);
}

static struct buffer_ring buffers_open(struct ring *r, unsigned int nr)
{
	struct buffer_ring b = { .nr = nr };

	b.entries = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(b.entries != MAP_FAILED && !ring_tell(r, LINUX_URING_REGISTER_PBUF_RING, b.entries, nr));
	return b;
}

static void buffer_give(struct buffer_ring *b, unsigned int number)
{
	unsigned short tail = b->entries[0].reserved;
	struct linux_uring_buf *e = &b->entries[tail & (b->nr - 1)];

	e->address = (uintptr_t)space[number];
	e->length = sizeof(space[0]);
	e->number = (unsigned short)number;
	__atomic_store_n(&b->entries[0].reserved, (unsigned short)(tail + 1), __ATOMIC_RELEASE);
}

ABI_CASE(uring_ring_of_buffers_goes_round)
{
	struct ring r = ring_open(4);
	struct buffer_ring b = buffers_open(&r, 2);
	unsigned int flags;
	int p[2];

	CHECK(!pipe(p));
	for (unsigned int i = 0; i < 7; i++) {
		buffer_give(&b, i);
		push_as(&r, choosing(LINUX_URING_OP_READ, p[0], 0, 0), i);
		CHECK(write(p[1], "around", 6) == 6);
		CHECK(next(&r, i, &flags) == 6 && flags >> LINUX_URING_CQE_BUFFER_SHIFT == i && !memcmp(space[i], "around", 6));
	}
	CHECK(write(p[1], "x", 1) == 1);
	push_as(&r, choosing(LINUX_URING_OP_READ, p[0], 0, 0), 8);
	CHECK(next(&r, 8, &flags) == -ENOBUFS);
	CHECK(one(&r, provide(1, 0)) == -EINVAL && one(&r, take_away(1)) == -EINVAL);
	CHECK(!ring_tell(&r, LINUX_URING_UNREGISTER_PBUF_RING, NULL, 0));
	CHECK_ERR(ring_tell(&r, LINUX_URING_UNREGISTER_PBUF_RING, NULL, 0), ENOENT);
}

ABI_CASE(uring_ring_of_buffers_is_refused_where_it_cannot_be)
{
	struct ring r = ring_open(4);
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(at != MAP_FAILED);
	CHECK_ERR(ring_tell(&r, LINUX_URING_REGISTER_PBUF_RING, at, 3), EINVAL);
	CHECK_ERR(ring_tell(&r, LINUX_URING_REGISTER_PBUF_RING, at, 65536), EINVAL);
	CHECK_ERR(ring_tell(&r, LINUX_URING_REGISTER_PBUF_RING, at + 8, 4), EINVAL);
	CHECK_ERR(ring_tell(&r, LINUX_URING_REGISTER_PBUF_RING, NULL, 4), EFAULT);
	CHECK_ERR(ring_tell(&r, LINUX_URING_REGISTER_PBUF_RING, (void *)0x1000, 4), EFAULT);
	CHECK(!ring_tell(&r, LINUX_URING_REGISTER_PBUF_RING, at, 4));
	CHECK_ERR(ring_tell(&r, LINUX_URING_REGISTER_PBUF_RING, at, 4), EEXIST);
}

/* Memory that goes away, entries that point nowhere, a tail that jumps: errors, and the ring goes on. */
ABI_CASE(uring_ring_of_buffers_that_lies_gives_errors)
{
	struct ring r = ring_open(4);
	struct buffer_ring b = buffers_open(&r, 4);
	unsigned int flags;
	int p[2];

	CHECK(!pipe(p) && write(p[1], "abcdef", 6) == 6);
	b.entries[0] = (struct linux_uring_buf){ .address = ~0ull << 47, .length = 64, .reserved = 1 };
	push_as(&r, choosing(LINUX_URING_OP_READ, p[0], 0, 0), 1);
	CHECK(next(&r, 1, &flags) == -EFAULT);
	b.entries[1] = (struct linux_uring_buf){ .address = 8, .length = 64 };
	b.entries[0].reserved = 2;
	push_as(&r, choosing(LINUX_URING_OP_READ, p[0], 0, 0), 2);
	CHECK(next(&r, 2, &flags) == -EFAULT);
	b.entries[0].reserved = 40000;
	for (unsigned int i = 0; i < 4; i++) {
		push_as(&r, choosing(LINUX_URING_OP_READ, p[0], 1, 0), 3);
		(void)next(&r, 3, &flags);
	}
	CHECK(!munmap(b.entries, 4096));
	push_as(&r, choosing(LINUX_URING_OP_READ, p[0], 0, 0), 4);
	CHECK(next(&r, 4, &flags) == -EFAULT);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP }) == 0);
}

/* ---- More than once ---- */

ABI_CASE(uring_receives_until_the_buffers_are_gone)
{
	struct ring r = ring_open(8);
	unsigned int flags;
	int s[2];

	pair(s);
	CHECK(one(&r, provide(3, 0)) == 0);
	push_as(&r, choosing(LINUX_URING_OP_RECV, s[0], 0, LINUX_URING_RECV_MULTI), 1);
	for (unsigned int i = 0; i < 3; i++) {
		CHECK(!ready(&r) && send(s[1], "part", 4, 0) == 4);
		CHECK(next(&r, 1, &flags) == 4 && flags == (LINUX_URING_CQE_BUFFER | MORE | i << LINUX_URING_CQE_BUFFER_SHIFT));
		CHECK(!memcmp(space[i], "part", 4));
	}
	CHECK(send(s[1], "lost", 4, 0) == 4);
	CHECK(next(&r, 1, &flags) == -ENOBUFS && !(flags & MORE));
	CHECK(enter(&r, 0, 0) == 0 && !ready(&r));
}

ABI_CASE(uring_receives_until_the_other_side_closes)
{
	struct ring r = ring_open(8);
	unsigned int flags;
	int s[2];

	pair(s);
	CHECK(one(&r, provide(3, 0)) == 0);
	push_as(&r, choosing(LINUX_URING_OP_RECV, s[0], 0, LINUX_URING_RECV_MULTI), 1);
	CHECK(send(s[1], "last", 4, 0) == 4);
	CHECK(next(&r, 1, &flags) == 4 && flags & MORE);
	close(s[1]);
	CHECK(next(&r, 1, &flags) == 0 && !(flags & MORE));
}

ABI_CASE(uring_receiving_that_makes_no_sense_is_refused)
{
	struct ring r = ring_open(4);
	struct linux_uring_sqe sqe;
	int s[2];

	pair(s);
	sqe = choosing(LINUX_URING_OP_RECV, s[0], 0, LINUX_URING_RECV_MULTI);
	sqe.flags = 0;
	CHECK(one(&r, sqe) == -EINVAL);
	CHECK(one(&r, choosing(LINUX_URING_OP_RECV, s[0], 0, 0x80)) == -EINVAL);
}

/* With room for four completions and more to tell: the last one says that it is the last, and nothing is lost. */
ABI_CASE(uring_receiving_ends_when_nobody_takes_completions)
{
	struct ring r = ring_open(2);
	unsigned int flags, total = 0;
	char c = 'c';
	int s[2], n;

	pair(s);
	CHECK(r.p.cq_entries == 4 && one(&r, provide(8, 0)) == 0);
	CHECK(!close(s[1]) && !close(s[0]) && !socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
	push_as(&r, choosing(LINUX_URING_OP_RECV, s[0], 0, LINUX_URING_RECV_MULTI), 1);
	for (unsigned int i = 0; i < 6; i++)
		CHECK(send(s[1], &c, 1, 0) == 1);
	CHECK(enter(&r, 0, 0) >= 0);
	do {
		n = next(&r, 1, &flags);
		CHECK(n == 1);
		total++;
	} while (flags & MORE);
	CHECK(total == 5);
	push_as(&r, choosing(LINUX_URING_OP_RECV, s[0], 0, LINUX_URING_RECV_MULTI), 2);
	CHECK(next(&r, 2, &flags) == 1);
}

static int listener(struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	static unsigned int nr;

	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "uring-%d-%u", getpid(), nr++);
	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)name, sizeof(*name)) && !listen(fd, 8));
	return fd;
}

ABI_CASE(uring_accepts_until_it_is_cancelled)
{
	struct ring r = ring_open(8);
	struct sockaddr_un name;
	int fd = listener(&name), s;
	unsigned int flags;
	char c = 0;

	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_ACCEPT, .fd = fd, .ioprio = LINUX_URING_ACCEPT_MULTI }, 1);
	for (unsigned int i = 0; i < 3; i++) {
		int got;

		s = socket(AF_UNIX, SOCK_STREAM, 0);
		CHECK(!ready(&r) && !connect(s, (struct sockaddr *)&name, sizeof(name)) && write(s, "x", 1) == 1);
		got = next(&r, 1, &flags);
		CHECK(got >= 0 && flags == MORE && read(got, &c, 1) == 1 && c == 'x');
		close(s);
		close(got);
	}
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_ASYNC_CANCEL, .fd = -1, .address = 1 }, 2);
	for (unsigned int i = 0; i < 2; i++) {
		struct linux_uring_cqe cqe;

		if (!ready(&r))
			CHECK(enter(&r, 0, 1) >= 0);
		cqe = pop(&r);
		CHECK(cqe.user_data == 1 ? cqe.result == -ECANCELED && !(cqe.flags & MORE) : cqe.result == 0);
	}
}

ABI_CASE(uring_polls_each_time_something_comes)
{
	struct ring r = ring_open(8);
	unsigned int flags;
	char c;
	int p[2];

	CHECK(!pipe(p));
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_ADD, .fd = p[0], .op_flags = POLLIN,
					      .length = LINUX_URING_POLL_MULTI }, 1);
	for (unsigned int i = 0; i < 4; i++) {
		CHECK(!ready(&r) && write(p[1], "x", 1) == 1);
		CHECK(next(&r, 1, &flags) == POLLIN && flags == MORE);
		CHECK(i % 2 || read(p[0], &c, 1) == 1);
	}
	CHECK(enter(&r, 0, 0) == 0 && !ready(&r));	/* what lies there is told of once */
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_REMOVE, .fd = -1, .address = 77 }) == -ENOENT);
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_REMOVE, .fd = -1, .address = 1 }, 2);
	for (unsigned int i = 0; i < 2; i++) {
		struct linux_uring_cqe cqe;

		if (!ready(&r))
			CHECK(enter(&r, 0, 1) >= 0);
		cqe = pop(&r);
		CHECK(cqe.result == (cqe.user_data == 1 ? -ECANCELED : 0) && !(cqe.flags & MORE));
	}
}

ABI_CASE(uring_poll_gets_other_events_and_another_name)
{
	struct linux_uring_sqe update = { .opcode = LINUX_URING_OP_POLL_REMOVE, .fd = -1, .address = 1, .offset = 5, .op_flags = POLLOUT,
					  .length = LINUX_URING_POLL_UPDATE_EVENTS | LINUX_URING_POLL_UPDATE_NAME };
	struct ring r = ring_open(8);
	bool told = false, polled = false;
	int s[2];

	pair(s);
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_ADD, .fd = s[0], .op_flags = POLLIN }, 1);
	CHECK(!ready(&r));
	push_as(&r, update, 2);
	while (!told || !polled) {
		struct linux_uring_cqe cqe;

		if (!ready(&r))
			CHECK(enter(&r, 0, 1) >= 0);
		cqe = pop(&r);
		told |= cqe.user_data == 2 && cqe.result == 0;
		polled |= cqe.user_data == 5 && cqe.result == POLLOUT;
		CHECK(cqe.user_data == 2 || cqe.user_data == 5);
	}
	update.length = LINUX_URING_POLL_MULTI;
	CHECK(one(&r, update) == -EINVAL);
}

/* ---- Polled disks ---- */

ABI_CASE(uring_for_polled_disks_takes_nothing_else)
{
	struct ring r = { .fd = -1 };
	char path[] = "uring.XXXXXX", c = 0;
	int fd = mkstemp(path);

	CHECK(fd >= 0 && !unlink(path));
	r = ring_open_with(4, LINUX_URING_SETUP_IOPOLL);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP }) == 0);
	CHECK(one(&r, move(LINUX_URING_OP_READ, fd, &c, 1, 0)) == -EOPNOTSUPP);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_FSYNC, .fd = fd }) == -EINVAL);
	CHECK(one(&r, provide(1, 0)) == 0);
}

/* openat2(2) over a ring. */
ABI_CASE(uring_opens_by_openat2)
{
	struct { unsigned long long flags, mode, resolve; } how = { .flags = O_RDONLY | O_DIRECTORY };
	struct ring r = ring_open(4);
	int fd = one(&r, move(LINUX_URING_OP_OPENAT2, AT_FDCWD, "/", sizeof(how), (uintptr_t)&how));

	CHECK(fd >= 0 && !close(fd));
	CHECK(one(&r, move(LINUX_URING_OP_OPENAT2, AT_FDCWD, "/", 8, (uintptr_t)&how)) == -EINVAL);
}
