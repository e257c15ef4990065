// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: messages and connections. What a request says in the program's memory may change once it was sent; no call of a ring waits
 * for a socket.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "uring.h"

static void send_named(struct ring *r, struct linux_uring_sqe sqe, unsigned long long name)
{
	sqe.user_data = name;
	push(r, sqe);
}

static int result_of(struct ring *r, unsigned long long name)
{
	return pop_named(r, name).result;
}

static struct linux_uring_sqe message(int op, int fd, const struct msghdr *h, unsigned int flags)
{
	struct linux_uring_sqe sqe = move(op, fd, h, 1, 0);

	sqe.op_flags = flags;
	return sqe;
}

static struct linux_uring_sqe receiving(int fd, void *at, unsigned int length, unsigned int flags)
{
	struct linux_uring_sqe sqe = move(LINUX_URING_OP_RECV, fd, at, length, 0);

	sqe.op_flags = flags;
	return sqe;
}

ABI_CASE(uring_message_without_a_header_fails_before_anything_comes)
{
	struct ring r = ring_open(4);
	int s[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK(one(&r, message(LINUX_URING_OP_RECVMSG, s[0], NULL, 0)) == -EFAULT);
	CHECK(one(&r, message(LINUX_URING_OP_SENDMSG, s[0], NULL, 0)) == -EFAULT);
}

ABI_CASE(uring_message_s_header_is_the_program_s_again)
{
	char first[4] = "", second[8] = "";
	struct iovec vec[2] = { { first, 3 }, { second, 7 } };
	struct msghdr h = { .msg_iov = vec, .msg_iovlen = 2 };
	struct ring r = ring_open(4);
	int s[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	send_named(&r, message(LINUX_URING_OP_RECVMSG, s[0], &h, 0), 1);
	CHECK(enter(&r, 1, 0) == 1 && !ready(&r));
	memset(vec, 0xff, sizeof(vec));
	memset(&h, 0xff, sizeof(h));
	CHECK(write(s[1], "onetwo", 6) == 6);
	CHECK(result_of(&r, 1) == 6 && !strcmp(first, "one") && !strcmp(second, "two"));
	CHECK(h.msg_flags == 0 && h.msg_controllen == 0);
}

ABI_CASE(uring_receives_all_that_it_is_to_wait_for)
{
	char text[9] = "";
	struct iovec vec[2] = { { text, 3 }, { text + 3, 5 } };
	struct msghdr h = { .msg_iov = vec, .msg_iovlen = 2 };
	struct linux_uring_sqe sqe;
	struct ring r = ring_open(4);
	int s[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	send_named(&r, receiving(s[0], text, 8, MSG_WAITALL), 1);
	CHECK(enter(&r, 1, 0) == 1 && write(s[1], "one", 3) == 3);
	CHECK(enter(&r, 0, 0) == 0 && !ready(&r));
	CHECK(write(s[1], "andmore", 7) == 7 && result_of(&r, 1) == 8 && !strcmp(text, "oneandmo"));
	CHECK(read(s[0], text, 8) == 2);
	send_named(&r, message(LINUX_URING_OP_RECVMSG, s[0], &h, MSG_WAITALL), 2);
	CHECK(enter(&r, 1, 0) == 1 && write(s[1], "four", 4) == 4);
	CHECK(enter(&r, 0, 0) == 0 && !ready(&r));
	CHECK(write(s[1], "five", 4) == 4 && result_of(&r, 2) == 8 && !strcmp(text, "fourfive"));
	/* The end comes first: what there was, and the chain is broken. */
	sqe = receiving(s[0], text, 8, MSG_WAITALL);
	sqe.flags = LINUX_URING_SQE_IO_LINK;
	send_named(&r, sqe, 3);
	send_named(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_NOP }, 4);
	CHECK(enter(&r, 2, 0) == 2 && write(s[1], "end", 3) == 3 && !close(s[1]));
	CHECK(result_of(&r, 3) == 3 && result_of(&r, 4) == -ECANCELED);
}

ABI_CASE(uring_tells_what_came_of_a_receive_that_is_cancelled)
{
	struct linux_uring_cqe a, b;
	struct ring r = ring_open(4);
	char text[8];
	int s[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	send_named(&r, receiving(s[0], text, 8, MSG_WAITALL), 1);
	CHECK(enter(&r, 1, 0) == 1 && write(s[1], "one", 3) == 3 && enter(&r, 0, 0) == 0);
	send_named(&r, (struct linux_uring_sqe){ .opcode = LINUX_URING_OP_ASYNC_CANCEL, .fd = -1, .address = 1 }, 2);
	CHECK(enter(&r, 1, 2) == 1);
	a = pop(&r);
	b = pop(&r);
	CHECK((a.user_data == 1 ? a : b).result == 3);
}

ABI_CASE(uring_waits_for_sockets_whose_calls_do_not)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "at" };
	int s[2], listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), to = socket(AF_UNIX, SOCK_STREAM, 0);
	struct ring r = ring_open(4);
	char c = 0;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
	send_named(&r, receiving(s[0], &c, 1, 0), 1);
	CHECK(enter(&r, 1, 0) == 1 && !ready(&r));
	CHECK(write(s[1], "x", 1) == 1 && result_of(&r, 1) == 1 && c == 'x');
	CHECK(one(&r, receiving(s[0], &c, 1, MSG_DONTWAIT)) == -EAGAIN);
	CHECK(!bind(listener, (struct sockaddr *)&name, sizeof(name)) && !listen(listener, 4));
	send_named(&r, move(LINUX_URING_OP_ACCEPT, listener, NULL, 0, 0), 2);
	CHECK(enter(&r, 1, 0) == 1 && !ready(&r));
	CHECK(!connect(to, (struct sockaddr *)&name, sizeof(name)));
	to = result_of(&r, 2);
	CHECK(to >= 0 && fcntl(to, F_GETFL) == O_RDWR);
}

ABI_CASE(uring_message_goes_to_a_chosen_buffer)
{
	static char space[2][16];
	struct linux_uring_sqe sqe = { .opcode = LINUX_URING_OP_PROVIDE_BUFFERS, .fd = 2, .address = (uintptr_t)space, .length = 16,
				       .buffer_index = 5 };
	struct iovec vec[2] = { { NULL, 4 }, { NULL, 4 } };
	struct msghdr h = { .msg_iov = vec, .msg_iovlen = 1 };
	struct ring r = ring_open(4);
	struct linux_uring_cqe cqe;
	int s[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s) && one(&r, sqe) >= 0);
	sqe = message(LINUX_URING_OP_RECVMSG, s[0], &h, 0);
	sqe.flags = LINUX_URING_SQE_BUFFER_SELECT;
	sqe.buffer_index = 5;
	push(&r, sqe);
	CHECK(enter(&r, 1, 0) == 1 && !ready(&r) && write(s[1], "around", 6) == 6);
	CHECK(enter(&r, 0, 1) == 0);
	cqe = pop(&r);
	CHECK(cqe.result == 4 && cqe.flags & LINUX_URING_CQE_BUFFER && !memcmp(space[cqe.flags >> LINUX_URING_CQE_BUFFER_SHIFT], "arou", 5));
	h.msg_iovlen = 0;	/* all of the buffer */
	CHECK(one(&r, sqe) == 2);
	h.msg_iovlen = 2;
	CHECK(one(&r, sqe) == -EINVAL);
}

/* ---- Connections ---- */

static int tcp(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(s >= 0);
	return s;
}

static struct sockaddr_in listening(int s, int backlog)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);

	CHECK(!bind(s, (struct sockaddr *)&a, sizeof(a)) && !listen(s, backlog) && !getsockname(s, (struct sockaddr *)&a, &n));
	return a;
}

ABI_CASE(uring_connects_and_says_why_not)
{
	int listener = tcp(), s = tcp(), refused = tcp();
	struct sockaddr_in a = listening(listener, 4), to = a;
	struct ring r = ring_open(4);

	send_named(&r, move(LINUX_URING_OP_CONNECT, s, &to, 0, sizeof(to)), 1);
	CHECK(enter(&r, 1, 0) == 1);
	memset(&to, 0xff, sizeof(to));
	CHECK(result_of(&r, 1) == 0 && send(s, "x", 1, 0) == 1);
	CHECK(one(&r, move(LINUX_URING_OP_CONNECT, s, &a, 0, sizeof(a))) == -EISCONN);
	CHECK(!close(listener));
	CHECK(one(&r, move(LINUX_URING_OP_CONNECT, refused, &a, 0, sizeof(a))) == -ECONNREFUSED);
	CHECK(one(&r, move(LINUX_URING_OP_CONNECT, refused, (void *)8, 0, sizeof(a))) == -EFAULT);
	CHECK(one(&r, move(LINUX_URING_OP_CONNECT, refused, &a, 0, 1)) == -EINVAL);
}

ABI_CASE(uring_connection_that_hangs_can_be_given_up)
{
	struct timespec soon = { .tv_nsec = 50000000 };
	struct linux_uring_sqe limit = { .opcode = LINUX_URING_OP_LINK_TIMEOUT, .fd = -1, .address = (uintptr_t)&soon, .length = 1 }, sqe;
	struct linux_uring_cqe cqe[2];
	struct ring r = ring_open(4);
	int listener = tcp(), s;
	struct sockaddr_in a = listening(listener, 0);

	/* The backlog fills: then a connection has no answer. */
	for (unsigned int nr = 0;; nr++) {
		CHECK(nr < 300);
		s = tcp();
		sqe = move(LINUX_URING_OP_CONNECT, s, &a, 0, sizeof(a));
		sqe.flags = LINUX_URING_SQE_IO_LINK;
		send_named(&r, sqe, 1);
		send_named(&r, limit, 2);
		CHECK(enter(&r, 2, 2) == 2);
		cqe[0] = pop(&r);
		cqe[1] = pop(&r);
		if (cqe[0].user_data == 2)
			cqe[0] = cqe[1];
		if (cqe[0].result)
			break;
	}
	CHECK(cqe[0].result == -ECANCELED);
}
