// SPDX-License-Identifier: GPL-2.0
/* io_uring: files that requests put into the table of registered ones, rings that tell and poll each other, and ends from outside. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "uring.h"

#define ANY	(-1)	/* an empty place */
#define HELD	100u	/* rings one behind the other */

static int tell(struct ring *r, int what, void *at, unsigned int nr)
{
	return (int)syscall(SYS_io_uring_register, r->fd, what, at, nr);
}

static int table(struct ring *r, unsigned int nr)
{
	struct linux_uring_resources t = { .nr = nr, .flags = LINUX_URING_RESOURCES_SPARSE };

	return tell(r, LINUX_URING_REGISTER_FILES2, &t, sizeof(t));
}

static struct ring ring_with_table(unsigned int nr)
{
	struct ring r = ring_open(8);

	CHECK(!table(&r, nr));
	return r;
}

static struct linux_uring_sqe opening(const char *path, int slot)
{
	struct linux_uring_sqe sqe = move(LINUX_URING_OP_OPENAT, AT_FDCWD, path, 0, 0);

	sqe.splice_fd = slot;
	return sqe;
}

static struct linux_uring_sqe closing(int slot)
{
	return (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_CLOSE, .splice_fd = slot };
}

static struct linux_uring_sqe fixed(struct linux_uring_sqe sqe)
{
	sqe.flags |= LINUX_URING_SQE_FIXED_FILE;
	return sqe;
}

/* The next number that a descriptor gets: what goes into a table takes none. */
static int free_number(void)
{
	int fd = dup(0);

	CHECK(fd >= 0 && !close(fd));
	return fd;
}

ABI_CASE(uring_opens_into_the_table)
{
	struct ring r = ring_with_table(4);
	struct linux_uring_sqe sqe;
	int before = free_number();
	char c;

	CHECK(one(&r, opening("/dev/zero", 2)) == 0 && free_number() == before);
	CHECK(one(&r, fixed(move(LINUX_URING_OP_READ, 1, &c, 1, 0))) == 1);
	CHECK(one(&r, fixed(move(LINUX_URING_OP_READ, 0, &c, 1, 0))) == -EBADF);
	CHECK(one(&r, opening("/dev/null", 2)) == 0);		/* instead of the other */
	CHECK(one(&r, fixed(move(LINUX_URING_OP_READ, 1, &c, 1, 0))) == 0);
	CHECK(one(&r, closing(2)) == 0 && one(&r, closing(2)) == -EBADF && one(&r, closing(5)) == -EINVAL);
	CHECK(one(&r, opening("/dev/zero", 5)) == -EINVAL);
	CHECK(one(&r, opening("/dev/nothing", 1)) == -ENOENT);
	sqe = opening("/dev/zero", 1);
	sqe.op_flags = O_CLOEXEC;
	CHECK(one(&r, sqe) == -EINVAL);
	CHECK(one(&r, fixed(opening("/dev/zero", 0))) == -EBADF);
	sqe = closing(1);
	sqe.fd = 1;
	CHECK(one(&r, sqe) == -EINVAL);
	CHECK(free_number() == before);
}

ABI_CASE(uring_chooses_an_empty_place_of_a_range)
{
	struct linux_uring_file_range range = { 1, 2, 0 }, wrong = { 1, 4, 0 }, round = { 1, ~0u, 0 };
	struct ring r = ring_open(8);
	int fd = 0;

	CHECK(one(&r, opening("/dev/zero", ANY)) == -ENXIO);
	CHECK(!table(&r, 4));
	CHECK(one(&r, opening("/dev/zero", ANY)) == 0);
	CHECK(!tell(&r, LINUX_URING_REGISTER_FILE_ALLOC_RANGE, &range, 0));
	CHECK_ERR(tell(&r, LINUX_URING_REGISTER_FILE_ALLOC_RANGE, &wrong, 0), EINVAL);
	CHECK_ERR(tell(&r, LINUX_URING_REGISTER_FILE_ALLOC_RANGE, &round, 0), EOVERFLOW);
	CHECK(one(&r, opening("/dev/zero", ANY)) == 1);
	CHECK(one(&r, move(LINUX_URING_OP_FILES_UPDATE, -1, &fd, 1, 0xffffffff)) == 1 && fd == 2);
	CHECK(one(&r, opening("/dev/zero", ANY)) == -ENFILE);
	CHECK(one(&r, closing(2)) == 0 && one(&r, opening("/dev/zero", ANY)) == 1);
}

static int listener(struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "uring-table-%d", getpid());
	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)name, sizeof(*name)) && !listen(fd, 8));
	return fd;
}

/* A socket that never was a descriptor connects, is accepted into the table, and carries bytes. */
ABI_CASE(uring_sockets_live_in_the_table)
{
	struct ring r = ring_with_table(4);
	struct linux_uring_sqe sqe = { .opcode = LINUX_URING_OP_SOCKET, .fd = AF_UNIX, .offset = SOCK_STREAM, .splice_fd = 1 };
	struct sockaddr_un name;
	int fd = listener(&name), before = free_number();
	char c = 0;

	CHECK(one(&r, sqe) == 0);
	CHECK(one(&r, fixed(move(LINUX_URING_OP_CONNECT, 0, &name, 0, sizeof(name)))) == 0);
	sqe = (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_ACCEPT, .fd = fd, .splice_fd = 3 };
	CHECK(one(&r, sqe) == 0 && free_number() == before);
	CHECK(one(&r, fixed(move(LINUX_URING_OP_SEND, 0, "x", 1, 0))) == 1);
	CHECK(one(&r, fixed(move(LINUX_URING_OP_RECV, 2, &c, 1, 0))) == 1 && c == 'x');
	CHECK(one(&r, fixed((struct linux_uring_sqe){ .opcode = LINUX_URING_OP_SHUTDOWN, .fd = 0, .length = SHUT_WR })) == 0);
	CHECK(one(&r, fixed(move(LINUX_URING_OP_RECV, 2, &c, 1, 0))) == 0);
	sqe.op_flags = SOCK_CLOEXEC;
	CHECK(one(&r, sqe) == -EINVAL);
}

ABI_CASE(uring_table_that_makes_no_sense_is_refused)
{
	struct linux_uring_resources t = { .nr = 4, .flags = LINUX_URING_RESOURCES_SPARSE };
	struct ring r = ring_open(8);

	CHECK_ERR(tell(&r, LINUX_URING_REGISTER_FILES2, &t, sizeof(t) - 8), EINVAL);
	CHECK_ERR(tell(&r, LINUX_URING_REGISTER_FILES2, BAD, sizeof(t)), EFAULT);
	t.flags = 2;
	CHECK_ERR(tell(&r, LINUX_URING_REGISTER_FILES2, &t, sizeof(t)), EINVAL);
	t = (struct linux_uring_resources){ .nr = 0, .flags = LINUX_URING_RESOURCES_SPARSE };
	CHECK_ERR(tell(&r, LINUX_URING_REGISTER_FILES2, &t, sizeof(t)), EINVAL);
	t.nr = 1u << 30;
	CHECK_ERR(tell(&r, LINUX_URING_REGISTER_FILES2, &t, sizeof(t)), EMFILE);
	CHECK(!table(&r, 4));
	CHECK_ERR(table(&r, 4), EBUSY);
}

/* ---- Rings that tell each other ---- */

static struct linux_uring_sqe message(int fd, unsigned int value, unsigned long long name)
{
	return (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_MSG_RING, .fd = fd, .length = value, .offset = name };
}

ABI_CASE(uring_tells_another_ring)
{
	struct ring a = ring_open(4), b = ring_open(2);
	struct linux_uring_cqe cqe;

	CHECK(one(&a, message(b.fd, 7, 99)) == 0 && ready(&b) == 1);
	cqe = pop(&b);
	CHECK(cqe.user_data == 99 && cqe.result == 7 && !cqe.flags);
	CHECK(one(&a, message(0, 7, 99)) == -EBADFD && one(&a, message(-1, 7, 99)) == -EBADF);
	for (unsigned int i = 0; i < 10; i++)			/* more than there is room for: none is lost */
		CHECK(one(&a, message(b.fd, i, i)) == 0);
	for (unsigned int i = 0; i < 10; i++) {
		if (!ready(&b))
			CHECK(enter(&b, 0, 1) == 0);
		cqe = pop(&b);
		CHECK(cqe.user_data == i && cqe.result == (int)i);
	}
}

ABI_CASE(uring_sends_a_file_to_another_table)
{
	struct ring a = ring_with_table(2), b = ring_with_table(2);
	struct linux_uring_sqe sqe = message(b.fd, 0, 99);
	char c;

	sqe.address = 1;
	sqe.splice_fd = 2;
	CHECK(one(&a, sqe) == -EBADF);
	CHECK(one(&a, opening("/dev/zero", 1)) == 0);
	CHECK(one(&a, sqe) == 0 && pop(&b).user_data == 99);
	CHECK(one(&a, closing(1)) == 0);
	CHECK(one(&b, fixed(move(LINUX_URING_OP_READ, 1, &c, 1, 0))) == 1);
	sqe.fd = a.fd;
	CHECK(one(&a, sqe) == -EINVAL);
}

/* A ring polls another, and itself. */
ABI_CASE(uring_polls_rings)
{
	struct ring a = ring_open(4), b = ring_open(4);
	struct linux_uring_sqe sqe = { .opcode = LINUX_URING_OP_POLL_ADD, .fd = b.fd, .op_flags = POLLIN, .user_data = 1 };
	int p[2];
	char c;

	CHECK(!pipe(p));
	push(&a, sqe);
	CHECK(enter(&a, 1, 0) == 1 && !ready(&a));
	push(&b, move(LINUX_URING_OP_READ, p[0], &c, 1, 0));
	CHECK(enter(&b, 1, 0) == 1 && write(p[1], "x", 1) == 1);
	CHECK(enter(&a, 0, 1) == 0 && pop(&a).result == POLLIN && pop(&b).result == 1);
	sqe.fd = a.fd;
	push(&a, sqe);
	CHECK(enter(&a, 1, 0) == 1 && !ready(&a));
	CHECK(one(&b, message(a.fd, 0, 5)) == 0 && enter(&a, 0, 2) == 0);
	CHECK(pop(&a).user_data == 5 && pop(&a).user_data == 1);
}

static void poll_ring(struct ring *r, int fd)
{
	push(r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_ADD, .fd = fd, .op_flags = POLLIN });
	CHECK(enter(r, 1, 0) == 1);
}

/* Each keeps the next one alive by its request: with the first all of them end, however many. */
ABI_CASE(uring_rings_that_hold_each_other_end)
{
	struct ring next = ring_open(1);

	for (unsigned int i = 1; i < HELD; i++) {
		struct ring r = ring_open(1);

		poll_ring(&r, next.fd);
		CHECK(!close(next.fd));
		next = r;
	}
	CHECK(!close(next.fd));
}

ABI_CASE(uring_rings_that_hold_each_other_end_with_their_process)
{
	struct ring rings[HELD];
	pid_t pid = fork();

	if (!pid) {
		for (unsigned int i = 0; i < HELD; i++)
			rings[i] = ring_open(1);
		for (unsigned int i = 0; i + 1 < HELD; i++)
			poll_ring(&rings[i], rings[i + 1].fd);
		for (unsigned int i = 1; i < HELD; i++)
			close(rings[i].fd);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
}

/* ---- Ends from outside ---- */

/* The parent waits in another call, so it cannot end its request itself. */
ABI_CASE(uring_child_cancels_what_its_parent_asked)
{
	struct ring r = ring_open(4);
	int p[2], status;
	char c;
	pid_t pid;

	CHECK(!pipe(p));
	push(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0));
	CHECK(enter(&r, 1, 0) == 1);
	pid = fork();
	if (!pid) {
		struct linux_uring_cqe first, second;

		push(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_ASYNC_CANCEL, .user_data = 2 });
		CHECK(enter(&r, 1, 2) == 1);
		first = pop(&r);
		second = pop(&r);
		CHECK(first.user_data + second.user_data == 2);
		CHECK((first.user_data ? second : first).result == -ECANCELED);
		_exit(0);
	}
	status = abi_wait(pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
}

ABI_CASE(uring_requests_end_with_their_process)
{
	struct ring r = ring_open(4);
	struct linux_uring_cqe cqe;
	long long hour[2] = { 3600, 0 };
	int p[2];
	pid_t pid;

	CHECK(!pipe(p));
	pid = fork();
	if (!pid) {
		struct linux_uring_sqe polling = { .opcode = LINUX_URING_OP_POLL_ADD, .fd = p[0], .op_flags = POLLIN, .user_data = 1 };

		polling.flags = LINUX_URING_SQE_IO_LINK;
		push(&r, polling);
		push(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP, .user_data = 2 });
		polling = move(LINUX_URING_OP_TIMEOUT, -1, hour, 1, 0);
		polling.user_data = 3;
		push(&r, polling);
		polling = (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_ADD, .fd = r.fd, .op_flags = POLLIN, .user_data = 4 };
		push(&r, polling);
		enter(&r, 4, 0);
		kill(getpid(), SIGKILL);
	}
	CHECK(WIFSIGNALED(abi_wait(pid)));
	CHECK(enter(&r, 0, 4) == 0);
	for (unsigned int i = 0; i < 4; i++) {
		cqe = pop(&r);
		CHECK(cqe.user_data >= 1 && cqe.user_data <= 4 && (cqe.result == -ECANCELED || cqe.user_data == 4));
	}
	CHECK(enter(&r, 0, 0) == 0 && !ready(&r));
}

/* Far more than are looked at in one go; those of others stay. */
ABI_CASE(uring_requests_of_others_stay_when_a_process_ends)
{
	struct ring r = ring_open(256);
	struct linux_uring_sqe sqe;
	char to[100];
	int p[2];
	pid_t pid;

	CHECK(!pipe(p));
	for (unsigned int i = 0; i < sizeof(to); i++)
		push(&r, move(LINUX_URING_OP_READ, p[0], to + i, 1, 0));
	CHECK(enter(&r, sizeof(to), 0) == sizeof(to));
	pid = fork();
	if (!pid) {
		sqe = move(LINUX_URING_OP_READ, p[0], to, 1, 0);
		sqe.user_data = 1;
		for (unsigned int i = 0; i < 200; i++)
			push(&r, sqe);
		_exit(enter(&r, 200, 0) != 200);
	}
	CHECK(abi_wait(pid) == 0 && enter(&r, 0, 200) == 0 && ready(&r) == 200);
	while (ready(&r)) {
		struct linux_uring_cqe cqe = pop(&r);

		CHECK(cqe.user_data == 1 && cqe.result == -ECANCELED);
	}
	CHECK(write(p[1], to, sizeof(to)) == sizeof(to) && enter(&r, 0, sizeof(to)) == 0 && ready(&r) == sizeof(to));
	while (ready(&r))
		CHECK(pop(&r).result == 1);
}

ABI_CASE(uring_cancels_without_a_request)
{
	struct linux_uring_sync_cancel c = { .address = 5, .fd = -1, .seconds = -1, .nanoseconds = -1 };
	struct ring r = ring_open(4);
	struct linux_uring_sqe sqe;
	int p[2];
	char to;

	CHECK_ERR(tell(&r, LINUX_URING_REGISTER_SYNC_CANCEL, &c, 1), ENOENT);
	CHECK_ERR(tell(&r, LINUX_URING_REGISTER_SYNC_CANCEL, &c, 2), EINVAL);
	CHECK(!pipe(p));
	for (unsigned int i = 0; i < 3; i++) {
		sqe = move(LINUX_URING_OP_READ, p[0], &to, 1, 0);
		sqe.user_data = 5;
		push(&r, sqe);
	}
	CHECK(enter(&r, 3, 0) == 3);
	CHECK(!tell(&r, LINUX_URING_REGISTER_SYNC_CANCEL, &c, 1) && ready(&r) == 1);
	c = (struct linux_uring_sync_cancel){ .fd = p[0], .flags = LINUX_URING_CANCEL_ALL | LINUX_URING_CANCEL_FD, .seconds = -1, .nanoseconds = -1 };
	CHECK(tell(&r, LINUX_URING_REGISTER_SYNC_CANCEL, &c, 1) >= 0 && ready(&r) == 3);
	for (unsigned int i = 0; i < 3; i++)
		CHECK(pop(&r).result == -ECANCELED);
	c.flags = 1u << 31;
	CHECK_ERR(tell(&r, LINUX_URING_REGISTER_SYNC_CANCEL, &c, 1), EINVAL);
}

/* What limits another request's time ends with that one, whoever names it. */
ABI_CASE(uring_limit_of_time_is_not_cancelled_alone)
{
	struct ring r = ring_open(8);
	long long hour[2] = { 3600, 0 };
	struct linux_uring_sqe sqe;
	char c = 0;
	int p[2];

	CHECK(!pipe(p));
	sqe = move(LINUX_URING_OP_READ, p[0], &c, 1, 0);
	sqe.flags = LINUX_URING_SQE_IO_LINK;
	sqe.user_data = 1;
	push(&r, sqe);
	sqe = move(LINUX_URING_OP_LINK_TIMEOUT, -1, hour, 1, 0);
	sqe.user_data = 2;
	push(&r, sqe);
	CHECK(enter(&r, 2, 0) == 2);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_ASYNC_CANCEL, .fd = -1, .address = 2 }) == -ENOENT);
	CHECK(write(p[1], "x", 1) == 1 && enter(&r, 0, 2) == 0 && c == 'x');
	for (unsigned int i = 0; i < 2; i++) {
		struct linux_uring_cqe cqe = pop(&r);

		CHECK(cqe.result == (cqe.user_data == 1 ? 1 : -ECANCELED));
	}
}

/* ---- Memory ---- */

/* Rings as large as can be until there are no more: how many. Some are busy. */
static unsigned int rings_until_refused(int p[2])
{
	static char to[64];
	unsigned int nr = 0;
	int fd = 0;

	while (fd >= 0) {
		struct linux_uring_params params = { .flags = 0 };

		fd = setup(nr ? 4096 : 8, &params);
		nr += fd >= 0;
		CHECK(fd >= 0 || errno == ENOMEM || errno == EMFILE);
		if (nr == 1 && fd >= 0) {
			struct ring r = ring_open(8);

			push(&r, move(LINUX_URING_OP_READ, p[0], to, 64, 0));
			push(&r, move(LINUX_URING_OP_PROVIDE_BUFFERS, 4096, to, 1, 0));
			CHECK(enter(&r, 2, 0) == 2);
		}
	}
	return nr;
}

/* However often a program takes all that it may have and is killed: the next one gets as much. */
ABI_CASE(uring_memory_comes_back_when_its_program_dies)
{
	unsigned int first = 0, got;
	int p[2], answer[2];

	CHECK(!pipe(p) && !pipe(answer));
	for (unsigned int i = 0; i < 12; i++) {
		pid_t pid = fork();

		if (!pid) {
			got = rings_until_refused(p);
			CHECK(write(answer[1], &got, sizeof(got)) == sizeof(got));
			pause();
		}
		CHECK(read(answer[0], &got, sizeof(got)) == sizeof(got) && got > 4);
		CHECK(!kill(pid, SIGKILL) && WIFSIGNALED(abi_wait(pid)));
		first = i ? first : got;
		CHECK(got == first);
	}
}

/* Requests that wait, without end: at some point there are no more, and other programs go on. */
ABI_CASE(uring_requests_without_end_are_refused)
{
	struct ring r = ring_open(256);
	unsigned int total = 0;
	int p[2], n = 256;
	char c;

	CHECK(!pipe(p));
	while (n == 256 && total < 1u << 20) {
		unsigned int left = *word(&r, r.p.sq.tail) - __atomic_load_n(word(&r, r.p.sq.head), __ATOMIC_ACQUIRE);

		for (unsigned int i = left; i < 256; i++)
			push(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0));
		n = enter(&r, 256, 0);
		total += n > 0 ? (unsigned int)n : 0;
	}
	CHECK(n >= 0 || errno == EAGAIN || errno == EBUSY || errno == ENOMEM);
	CHECK(total >= 1024 && total < 1u << 20);
	CHECK(!close(dup(0)));
}

static long slab_bytes(void)
{
	char line[128];
	FILE *f = fopen("/proc/ferry/frames", "r");
	long n = -1;

	CHECK(f);
	while (n < 0 && fgets(line, sizeof(line), f))
		(void)sscanf(line, "slab_bytes %ld", &n);
	fclose(f);
	return n;
}

/* Completions without room in the ring are the kernel's, until the ring is closed: a megabyte of them and more, many times over. */
ABI_CASE(uring_completions_without_room_end_with_the_ring)
{
	long before = 0;

	for (unsigned int round = 0; round < 20; round++) {
		struct ring r = ring_open(64);

		for (unsigned int i = 0; i < 64; i++) {
			for (unsigned int n = 0; n < 64; n++)
				push(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP });
			CHECK(enter(&r, 64, 0) == 64);
		}
		CHECK(ready(&r) == r.p.cq_entries);
		ring_close(&r);
		before = round ? before : slab_bytes();
	}
	CHECK(slab_bytes() < before + (1 << 20));
}
