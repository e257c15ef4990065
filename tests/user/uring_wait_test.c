// SPDX-License-Identifier: GPL-2.0
/* io_uring: requests that wait for files, clocks and each other, and what ends them. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include "uring.h"

#define LINK	LINUX_URING_SQE_IO_LINK
#define HOUR	((struct timespec){ .tv_sec = 3600 })

static void push_as(struct ring *r, struct linux_uring_sqe sqe, unsigned int flags, unsigned long long name)
{
	sqe.flags = (unsigned char)flags;
	sqe.user_data = name;
	push(r, sqe);
}

static struct linux_uring_sqe nop(void)
{
	return (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP };
}

static struct linux_uring_sqe timer(int op, const struct timespec *t, unsigned int count, unsigned int flags)
{
	return (struct linux_uring_sqe){ .opcode = (unsigned char)op, .fd = -1, .address = (uintptr_t)t, .length = 1, .offset = count,
					 .op_flags = flags };
}

static struct linux_uring_sqe cancel(unsigned long long name, unsigned int flags)
{
	return (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_ASYNC_CANCEL, .fd = -1, .address = name, .op_flags = flags };
}

static struct linux_uring_sqe polling(int fd, unsigned int events)
{
	return (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_ADD, .fd = fd, .op_flags = events };
}

static int file_of_its_own(void)
{
	char path[] = "uring.XXXXXX";
	int fd = mkstemp(path);

	return fd >= 0 && !unlink(path) ? fd : -1;
}

/* The next completion is of @name and says @result. */
static void expect(struct ring *r, unsigned long long name, int result)
{
	struct linux_uring_cqe cqe = pop_wait(r);

	if (cqe.user_data != name || cqe.result != result)
		fprintf(stderr, "# completion %llu: %d, wanted %llu: %d\n", cqe.user_data, cqe.result, name, result);
	CHECK(cqe.user_data == name && cqe.result == result);
}

/* Completions in any order: that of @name says @result. */
static void expect_among(struct ring *r, unsigned int nr, const int *results)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct linux_uring_cqe cqe;

		if (!ready(r))
			CHECK(enter(r, 0, 1) >= 0);
		cqe = pop(r);
		CHECK(cqe.user_data < nr && cqe.result == results[cqe.user_data]);
	}
}

ABI_CASE(uring_read_of_an_empty_pipe_waits_elsewhere)
{
	struct ring r = ring_open(4);
	char in[8] = "";
	int p[2];

	CHECK(!pipe(p));
	push_as(&r, move(LINUX_URING_OP_READ, p[0], in, 8, 0), 0, 7);
	CHECK(enter(&r, 1, 0) == 1 && !ready(&r));
	CHECK(write(p[1], "abc", 3) == 3);
	expect(&r, 7, 3);
	CHECK(!strcmp(in, "abc"));
	push_as(&r, move(LINUX_URING_OP_READ, p[0], in, 8, 0), 0, 8);
	CHECK(enter(&r, 1, 0) == 1 && !ready(&r));
	close(p[1]);
	expect(&r, 8, 0);
}

ABI_CASE(uring_write_to_a_full_pipe_waits_elsewhere)
{
	static char much[65536];
	struct ring r = ring_open(4);
	int p[2];

	CHECK(!pipe(p) && fcntl(p[1], F_SETPIPE_SZ, 65536) == 65536 && write(p[1], much, 65536) == 65536);
	push_as(&r, move(LINUX_URING_OP_WRITE, p[1], much, 4096, 0), 0, 1);
	CHECK(enter(&r, 1, 0) == 1 && !ready(&r));
	CHECK(read(p[0], much, 100) == 100);	/* not enough for a whole write of 4096 */
	CHECK(enter(&r, 0, 0) == 0 && !ready(&r));
	CHECK(read(p[0], much, 5000) == 5000);
	expect(&r, 1, 4096);
}

/* The program never enters again: what becomes ready is done on its way out of any other call. */
ABI_CASE(uring_completes_behind_other_calls)
{
	struct ring r = ring_open(4);
	char c = 0;
	int p[2];

	CHECK(!pipe(p));
	push_as(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0), 0, 1);
	CHECK(enter(&r, 1, 0) == 1);
	CHECK(write(p[1], "x", 1) == 1);
	CHECK(ready(&r) == 1 && c == 'x');
}

ABI_CASE(uring_in_epoll_tells_of_a_read_that_waited)
{
	struct ring r = ring_open(4);
	int ep = epoll_create1(0), p[2];
	struct epoll_event e = { .events = EPOLLIN };
	char c = 0;

	CHECK(!pipe(p) && !epoll_ctl(ep, EPOLL_CTL_ADD, r.fd, &e));
	push_as(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0), 0, 1);
	CHECK(enter(&r, 1, 0) == 1 && epoll_wait(ep, &e, 1, 0) == 0);
	if (!fork()) {
		usleep(20000);
		_exit(write(p[1], "y", 1) != 1);
	}
	CHECK(epoll_wait(ep, &e, 1, 60000) == 1);
	CHECK(ready(&r) == 1 && c == 'y');
	wait(NULL);
}

ABI_CASE(uring_eventfd_tells_of_a_read_that_waited)
{
	struct ring r = ring_open(4);
	int e = eventfd(0, 0), p[2];
	uint64_t count = 0;
	char c = 0;

	CHECK(!pipe(p) && !syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_EVENTFD, &e, 1));
	push_as(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0), 0, 1);
	CHECK(enter(&r, 1, 0) == 1);
	if (!fork()) {
		usleep(20000);
		_exit(write(p[1], "z", 1) != 1);
	}
	CHECK(read(e, &count, 8) == 8 && count == 1 && ready(&r) == 1 && c == 'z');
	wait(NULL);
}

ABI_CASE(uring_poll_says_what_came)
{
	struct ring r = ring_open(4);
	int p[2];

	CHECK(!pipe(p));
	push_as(&r, polling(p[1], POLLOUT), 0, 1);
	CHECK(enter(&r, 1, 0) == 1);
	expect(&r, 1, POLLOUT);
	push_as(&r, polling(p[0], POLLIN), 0, 2);
	CHECK(enter(&r, 1, 0) == 1 && !ready(&r));
	CHECK(write(p[1], "x", 1) == 1);
	expect(&r, 2, POLLIN);
	push_as(&r, polling(p[0], POLLPRI), 0, 3);
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_REMOVE, .address = 3 }, 0, 4);
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_POLL_REMOVE, .address = 99 }, 0, 5);
	CHECK(enter(&r, 3, 3) == 3);
	CHECK(ready(&r) == 3);
	for (int i = 0; i < 3; i++) {
		struct linux_uring_cqe cqe = pop(&r);

		CHECK(cqe.result == (cqe.user_data == 3 ? -ECANCELED : cqe.user_data == 4 ? 0 : -ENOENT));
	}
}

ABI_CASE(uring_timeout_ends_by_the_clock)
{
	struct timespec soon = { .tv_nsec = 3000000 }, at;
	struct ring r = ring_open(4);

	CHECK(one(&r, timer(LINUX_URING_OP_TIMEOUT, &soon, 0, 0)) == -ETIME);
	clock_gettime(CLOCK_MONOTONIC, &at);
	CHECK(one(&r, timer(LINUX_URING_OP_TIMEOUT, &at, 0, LINUX_URING_TIMEOUT_ABS)) == -ETIME);
	clock_gettime(CLOCK_REALTIME, &at);
	CHECK(one(&r, timer(LINUX_URING_OP_TIMEOUT, &at, 0, LINUX_URING_TIMEOUT_ABS | LINUX_URING_TIMEOUT_REALTIME)) == -ETIME);
	soon.tv_nsec = 1000000000;
	CHECK(one(&r, timer(LINUX_URING_OP_TIMEOUT, &soon, 0, 0)) == -EINVAL);
	CHECK(one(&r, timer(LINUX_URING_OP_TIMEOUT, NULL, 0, 0)) == -EFAULT);
	CHECK(one(&r, timer(LINUX_URING_OP_TIMEOUT, &soon, 0, 1u << 31)) == -EINVAL);
}

ABI_CASE(uring_timeout_lets_go_who_waits_for_more)
{
	struct timespec soon = { .tv_nsec = 20000000 };
	struct ring r = ring_open(4);

	push(&r, timer(LINUX_URING_OP_TIMEOUT, &soon, 0, 0));
	CHECK(enter(&r, 1, 3) == 1 && ready(&r) == 1 && pop(&r).result == -ETIME);
}

ABI_CASE(uring_timeout_ends_by_a_count)
{
	struct ring r = ring_open(8);
	struct timespec hour = HOUR;

	push_as(&r, timer(LINUX_URING_OP_TIMEOUT, &hour, 2, 0), 0, 1);
	push_as(&r, nop(), 0, 2);
	CHECK(enter(&r, 2, 0) == 2 && ready(&r) == 1);
	push_as(&r, nop(), 0, 3);
	CHECK(enter(&r, 1, 3) == 1);
	expect(&r, 2, 0);
	expect(&r, 3, 0);
	expect(&r, 1, 0);
}

ABI_CASE(uring_timeout_is_removed_or_moved)
{
	struct timespec hour = HOUR, soon = { .tv_nsec = 1000000 };
	struct ring r = ring_open(8);

	push_as(&r, timer(LINUX_URING_OP_TIMEOUT, &hour, 0, 0), 0, 1);
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_TIMEOUT_REMOVE, .address = 1 }, 0, 2);
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_TIMEOUT_REMOVE, .address = 1 }, 0, 3);
	CHECK(enter(&r, 3, 3) == 3);
	for (int i = 0; i < 3; i++) {
		struct linux_uring_cqe cqe = pop(&r);

		CHECK(cqe.result == (cqe.user_data == 1 ? -ECANCELED : cqe.user_data == 2 ? 0 : -ENOENT));
	}
	push_as(&r, timer(LINUX_URING_OP_TIMEOUT, &hour, 0, 0), 0, 0);
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_TIMEOUT_REMOVE, .address = 0, .offset = (uintptr_t)&soon,
					      .op_flags = LINUX_URING_TIMEOUT_UPDATE }, 0, 1);
	CHECK(enter(&r, 2, 2) == 2);
	expect_among(&r, 2, (const int[]){ -ETIME, 0 });
}

ABI_CASE(uring_enter_waits_no_longer_than_it_is_told)
{
	struct timespec soon = { .tv_nsec = 2000000 };
	struct linux_uring_getevents_arg arg = { .ts = (uintptr_t)&soon };
	struct ring r = ring_open(4);
	unsigned int flags = LINUX_URING_ENTER_GETEVENTS | LINUX_URING_ENTER_EXT_ARG;

	CHECK(r.p.features & LINUX_URING_FEAT_EXT_ARG);
	CHECK_ERR(syscall(SYS_io_uring_enter, r.fd, 0, 1, flags, &arg, sizeof(arg)), ETIME);
	CHECK_ERR(syscall(SYS_io_uring_enter, r.fd, 0, 1, flags, &arg, sizeof(arg) - 1), EINVAL);
	CHECK_ERR(syscall(SYS_io_uring_enter, r.fd, 0, 1, flags, NULL, sizeof(arg)), EFAULT);
	/* Something came, though less than wanted. */
	push(&r, nop());
	CHECK(enter(&r, 1, 0) == 1);
	CHECK(syscall(SYS_io_uring_enter, r.fd, 0, 2, flags, &arg, sizeof(arg)) == 0 && ready(&r) == 1);
}

ABI_CASE(uring_chain_runs_in_order)
{
	struct ring r = ring_open(8);
	char in[4] = "", out[4] = "abc";
	int p[2];

	CHECK(!pipe(p));
	/* Backwards: the read would end first if it began first. */
	push_as(&r, move(LINUX_URING_OP_READ, p[0], in, 4, 0), LINK, 0);
	push_as(&r, nop(), 0, 1);
	push_as(&r, nop(), 0, 2);
	CHECK(enter(&r, 3, 1) == 3 && ready(&r) == 1);
	expect(&r, 2, 0);
	CHECK(write(p[1], out, 4) == 4);
	expect(&r, 0, 4);
	expect(&r, 1, 0);
}

ABI_CASE(uring_chain_ends_with_an_error_unless_it_is_hard)
{
	struct ring r = ring_open(8);
	char c = 0, in[4];
	int p[2];

	CHECK(!pipe(p));
	push_as(&r, move(LINUX_URING_OP_READ, 999, &c, 1, 0), LINK, 0);
	push_as(&r, nop(), LINK, 1);
	push_as(&r, nop(), 0, 2);
	push_as(&r, nop(), 0, 3);
	CHECK(enter(&r, 4, 4) == 4);
	expect_among(&r, 4, (const int[]){ -EBADF, -ECANCELED, -ECANCELED, 0 });
	push_as(&r, move(LINUX_URING_OP_READ, 999, &c, 1, 0), LINUX_URING_SQE_IO_HARDLINK, 0);
	push_as(&r, nop(), 0, 1);
	CHECK(enter(&r, 2, 2) == 2);
	expect_among(&r, 2, (const int[]){ -EBADF, 0 });
	/* Fewer bytes than asked for are as good as an error. */
	CHECK(write(p[1], "x", 1) == 1);
	push_as(&r, move(LINUX_URING_OP_READ, p[0], in, 4, 0), LINK, 0);
	push_as(&r, nop(), 0, 1);
	CHECK(enter(&r, 2, 2) == 2);
	expect_among(&r, 2, (const int[]){ 1, -ECANCELED });
	/* One that makes no sense spoils those before it too. */
	push_as(&r, nop(), LINK, 0);
	push_as(&r, (struct linux_uring_sqe){ .opcode = 200 }, 0, 1);
	CHECK(enter(&r, 2, 2) == 2);
	expect_among(&r, 2, (const int[]){ -ECANCELED, -EINVAL });
}

ABI_CASE(uring_link_timeout_ends_what_it_guards)
{
	struct timespec hour = HOUR, soon = { .tv_nsec = 2000000 };
	struct ring r = ring_open(8);
	char c = 0;
	int p[2];

	CHECK(!pipe(p));
	push_as(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0), LINK, 0);
	push_as(&r, timer(LINUX_URING_OP_LINK_TIMEOUT, &soon, 0, 0), 0, 1);
	CHECK(enter(&r, 2, 2) == 2);
	expect_among(&r, 2, (const int[]){ -ECANCELED, -ETIME });
	push_as(&r, nop(), LINK, 0);
	push_as(&r, timer(LINUX_URING_OP_LINK_TIMEOUT, &hour, 0, 0), LINK, 1);
	push_as(&r, nop(), 0, 2);
	CHECK(enter(&r, 3, 3) == 3);
	expect_among(&r, 3, (const int[]){ 0, -ECANCELED, 0 });
	CHECK(one(&r, timer(LINUX_URING_OP_LINK_TIMEOUT, &hour, 0, 0)) == -EINVAL);
}

ABI_CASE(uring_drain_waits_and_is_waited_for)
{
	struct ring r = ring_open(8);
	char c[2];
	int p[2];

	CHECK(!pipe(p));
	push_as(&r, move(LINUX_URING_OP_READ, p[0], c, 1, 0), 0, 0);
	push_as(&r, move(LINUX_URING_OP_READ, p[0], c + 1, 1, 0), LINUX_URING_SQE_IO_DRAIN, 1);
	push_as(&r, nop(), 0, 2);
	CHECK(enter(&r, 3, 0) == 3 && !ready(&r));
	CHECK(write(p[1], "a", 1) == 1);
	expect(&r, 0, 1);
	CHECK(enter(&r, 0, 0) == 0 && !ready(&r));
	CHECK(write(p[1], "b", 1) == 1);
	expect(&r, 1, 1);
	expect(&r, 2, 0);
	CHECK(c[0] == 'a' && c[1] == 'b');
}

ABI_CASE(uring_cancel_finds_by_name_and_file)
{
	struct ring r = ring_open(8);
	char c = 0;
	int p[2];

	CHECK(!pipe(p));
	CHECK(one(&r, cancel(99, 0)) == -ENOENT);
	push_as(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0), 0, 0);
	push_as(&r, cancel(0, 0), 0, 1);
	CHECK(enter(&r, 2, 2) == 2);
	expect_among(&r, 2, (const int[]){ -ECANCELED, 0 });
	push_as(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0), 0, 0);
	push_as(&r, polling(p[0], POLLIN), 0, 1);
	push_as(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_ASYNC_CANCEL, .fd = p[0],
					      .op_flags = LINUX_URING_CANCEL_FD | LINUX_URING_CANCEL_ALL }, 0, 2);
	CHECK(enter(&r, 3, 3) == 3);
	expect_among(&r, 3, (const int[]){ -ECANCELED, -ECANCELED, 2 });
	CHECK(write(p[1], "x", 1) == 1 && enter(&r, 0, 0) == 0 && !ready(&r) && !c);
}

ABI_CASE(uring_registered_files_have_their_own_numbers)
{
	struct linux_uring_sqe sqe = { .opcode = LINUX_URING_OP_WRITE, .fd = 1, .flags = LINUX_URING_SQE_FIXED_FILE, .length = 2,
				       .address = (uintptr_t)"ok" };
	struct linux_uring_files_update update = { .offset = 2 };
	struct ring r = ring_open(4);
	int p[2], files[3], none = -1;
	char in[2];

	CHECK(!pipe(p));
	CHECK(one(&r, sqe) == -EBADF);
	files[0] = -1, files[1] = p[1], files[2] = -1;
	CHECK(!syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_FILES, files, 3));
	CHECK_ERR(syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_FILES, files, 3), EBUSY);
	close(p[1]);
	CHECK(one(&r, sqe) == 2 && read(p[0], in, 2) == 2 && in[0] == 'o');
	sqe.fd = 2;
	CHECK(one(&r, sqe) == -EBADF);
	sqe.fd = 77;
	CHECK(one(&r, sqe) == -EBADF);
	update.fds = (uintptr_t)&r.fd;
	CHECK_ERR(syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_FILES_UPDATE, &update, 1), EBADF);
	update.offset = 1;
	update.fds = (uintptr_t)&none;
	CHECK(syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_FILES_UPDATE, &update, 1) == 1);
	CHECK(read(p[0], in, 2) == 0);		/* the last writer is gone */
	update.offset = 3;
	CHECK_ERR(syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_FILES_UPDATE, &update, 1), EINVAL);
	CHECK(!syscall(SYS_io_uring_register, r.fd, LINUX_URING_UNREGISTER_FILES, NULL, 0));
	CHECK_ERR(syscall(SYS_io_uring_register, r.fd, LINUX_URING_UNREGISTER_FILES, NULL, 0), ENXIO);
}

ABI_CASE(uring_opens_tells_and_closes_files)
{
	struct ring r = ring_open(4);
	char path[] = "/tmp/uring.calls", in[4] = "";
	struct linux_uring_sqe sqe = { .opcode = LINUX_URING_OP_OPENAT, .fd = AT_FDCWD, .address = (uintptr_t)path, .length = 0600,
				       .op_flags = O_RDWR | O_CREAT | O_EXCL };
	int fd = one(&r, sqe);
	struct stat st;

	CHECK(fd >= 0);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_FALLOCATE, .fd = fd, .offset = 0, .address = 5000 }) == 0);
	CHECK(!fstat(fd, &st) && st.st_size == 5000);
	CHECK(one(&r, move(LINUX_URING_OP_WRITE, fd, "abc", 3, 10)) == 3 && one(&r, move(LINUX_URING_OP_READ, fd, in, 3, 10)) == 3);
	CHECK(!strcmp(in, "abc"));
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_CLOSE, .fd = fd }) == 0);
	CHECK_ERR(fcntl(fd, F_GETFD), EBADF);
	CHECK(one(&r, sqe) == -EEXIST);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_CLOSE, .fd = r.fd }) == -EBADF);
	CHECK(one(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_UNLINKAT, .fd = AT_FDCWD, .address = (uintptr_t)path }) == 0);
	CHECK_ERR(access(path, F_OK), ENOENT);
}

ABI_CASE(uring_receives_what_is_sent)
{
	struct ring r = ring_open(4);
	char in[8] = "";
	int s[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	push_as(&r, move(LINUX_URING_OP_RECV, s[0], in, 8, 0), 0, 1);
	CHECK(enter(&r, 1, 0) == 1 && !ready(&r));
	push_as(&r, move(LINUX_URING_OP_SEND, s[1], "hello", 5, 0), 0, 2);
	CHECK(enter(&r, 1, 2) == 1);
	CHECK(ready(&r) == 2 && pop(&r).result == 5 && pop(&r).result == 5 && !strcmp(in, "hello"));
	close(s[0]);
	CHECK(one(&r, move(LINUX_URING_OP_SEND, s[1], "hello", 5, 0)) == -EPIPE);	/* and no signal */
}

ABI_CASE(uring_closed_with_requests_gives_their_files_back)
{
	struct timespec hour = HOUR;
	struct ring r = ring_open(8);
	char c;
	int p[2];

	CHECK(!pipe(p));
	push_as(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0), LINK, 1);
	push_as(&r, nop(), 0, 2);
	push_as(&r, timer(LINUX_URING_OP_TIMEOUT, &hour, 0, 0), 0, 3);
	push_as(&r, nop(), LINUX_URING_SQE_IO_DRAIN, 4);
	CHECK(enter(&r, 4, 0) == 4 && !ready(&r));
	close(p[0]);
	munmap(r.at, r.bytes);
	munmap(r.sqes, r.p.sq_entries * sizeof(*r.sqes));
	close(r.fd);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(p[1], "x", 1), EPIPE);	/* the request was the last reader */
}

ABI_CASE(uring_is_not_passed_over_sockets)
{
	struct ring r = ring_open(1);
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { .bytes = "" };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes) };
	int s[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	*CMSG_FIRSTHDR(&m) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &r.fd, sizeof(int));
	CHECK_ERR(sendmsg(s[0], &m, 0), EINVAL);
}

/* The new program's memory is not what the request was about. */
ABI_CASE(uring_request_ends_with_the_program_that_sent_it)
{
	struct ring r = ring_open(4);
	int p[2], gone[2];
	pid_t child;
	char c;

	CHECK(!pipe(p) && !pipe(gone));
	push_as(&r, move(LINUX_URING_OP_READ, p[0], &c, 1, 0), 0, 5);
	child = fork();
	if (!child) {
		fcntl(r.fd, F_SETFD, 0);
		fcntl(gone[1], F_SETFD, FD_CLOEXEC);
		if (enter(&r, 1, 0) == 1)
			execl("/bin/sh", "sh", "-c", "while :; do :; done", NULL);
		_exit(1);
	}
	close(gone[1]);
	CHECK(read(gone[0], &c, 1) == 0);	/* execve() closed it */
	CHECK(write(p[1], "x", 1) == 1);
	expect(&r, 5, -ECANCELED);
	kill(child, SIGKILL);
	wait(NULL);
}

/* Rings that watch each other's eventfd, in a circle: each completion tells the other, and nothing stands still. */
ABI_CASE(uring_circle_of_eventfds_does_not_lock_up)
{
	struct ring a = ring_open(4), b = ring_open(4);
	int ea = eventfd(0, EFD_NONBLOCK), eb = eventfd(0, EFD_NONBLOCK);

	CHECK(!syscall(SYS_io_uring_register, a.fd, LINUX_URING_REGISTER_EVENTFD, &ea, 1));
	CHECK(!syscall(SYS_io_uring_register, b.fd, LINUX_URING_REGISTER_EVENTFD, &eb, 1));
	push_as(&a, polling(eb, POLLIN), 0, 1);
	push_as(&b, polling(ea, POLLIN), 0, 1);
	CHECK(enter(&a, 1, 0) == 1 && enter(&b, 1, 0) == 1);
	push_as(&a, nop(), 0, 2);
	CHECK(enter(&a, 1, 1) == 1);
	expect(&a, 2, 0);
	expect(&b, 1, POLLIN);
	expect(&a, 1, POLLIN);
}

static unsigned int dice(unsigned int *state, unsigned int sides)
{
	*state = *state * 1103515245u + 12345u;
	return (*state >> 12) % sides;
}

/* Any operation with any flags on a few files, pieces of memory and names: whatever comes of it, the ring can be closed. */
ABI_CASE(uring_random_requests_end_with_their_ring)
{
	/* Requests write into it, also where others have their arguments. */
	static struct { char bytes[8192]; struct iovec vec[2]; struct timespec soon; char room[16384]; } memory __attribute__((aligned(4096)));
	struct linux_uring_buf_reg buffers = { .ring_address = (uintptr_t)&memory, .ring_entries = 8 };	/* nothing in it makes sense for long */
	unsigned int state = 20261122;
	int fds[10], p[2], s[2];

	abi_fresh();
	signal(SIGPIPE, SIG_IGN);
	CHECK(!pipe(p) && !socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	for (int round = 0; round < 20; round++) {
		struct ring r = ring_open_with(16, round % 4 == 3 ? LINUX_URING_SETUP_SQPOLL : 0);
		const void *places[] = { &memory, memory.vec, &memory.soon, "name", "other", NULL, memory.bytes + 8000,
					 (void *)(uintptr_t)dice(&state, 20) };

		memory.vec[0] = (struct iovec){ &memory, 100 };
		memory.vec[1] = (struct iovec){ memory.bytes + 4000, 200 };
		memory.soon = (struct timespec){ .tv_nsec = 1000000 };
		memcpy(fds, (int[]){ p[0], p[1], s[0], s[1], eventfd(0, 0), file_of_its_own(), r.fd, -1, AT_FDCWD, 700 }, sizeof(fds));
		syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_FILES, fds, 6);
		syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_PBUF_RING, &buffers, 1);
		if (dice(&state, 2))
			syscall(SYS_io_uring_register, r.fd, LINUX_URING_REGISTER_EVENTFD, &fds[4], 1);
		for (int i = 0; i < 60; i++) {
			for (int k = 0; k < 8; k++) {
				struct linux_uring_sqe sqe = { .opcode = (unsigned char)dice(&state, 48), .fd = fds[dice(&state, 10)] };

				sqe.address = (uintptr_t)places[dice(&state, 8)];
				sqe.length = dice(&state, 4) ? dice(&state, 3) : dice(&state, 9000);
				sqe.offset = dice(&state, 3) ? 0 : dice(&state, 2) ? dice(&state, 300) : ~0ull;
				if (sqe.opcode == LINUX_URING_OP_FALLOCATE)
					sqe.address = dice(&state, 9000);	/* a length */
				sqe.ioprio = (unsigned short)(dice(&state, 3) ? 0 : dice(&state, 4));
				sqe.op_flags = dice(&state, 2) ? 0 : 1u << dice(&state, 32);
				push_as(&r, sqe, dice(&state, 3) ? 0 : dice(&state, 128) & ~1u, dice(&state, 10));
			}
			if (enter(&r, 8, 0) != 8)
				*word(&r, r.p.sq.tail) = *word(&r, r.p.sq.head);
			while (ready(&r))
				pop(&r);
		}
		munmap(r.at, r.bytes);
		munmap(r.sqes, r.p.sq_entries * sizeof(*r.sqes));
		close(r.fd);
		close(fds[4]);
		close(fds[5]);
	}
}
