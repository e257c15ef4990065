// SPDX-License-Identifier: GPL-2.0
/* Descriptors and credentials in messages of UNIX sockets. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include "abi.h"

struct ucred_abi {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

#define PASSCRED	16
#define CREDENTIALS	2

/* The calls are made directly: libc's copy of the header has limits of its own. Room for the largest control message. */
union control {
	char bytes[CMSG_SPACE(260 * sizeof(int))];
	struct cmsghdr align;
};

static int send_fds(int to, const int *fds, int nr, const char *text)
{
	struct iovec vec = { (void *)text, strlen(text) };
	union control c;
	struct msghdr m = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = CMSG_SPACE(nr * sizeof(int)) };
	struct cmsghdr *h;

	memset(&c, 0, sizeof(c));
	h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(nr * sizeof(int));
	memcpy(CMSG_DATA(h), fds, nr * sizeof(int));
	return syscall(SYS_sendmsg, to, &m, MSG_NOSIGNAL);
}

/* The number of descriptors that came. */
static int receive_fds(int from, int *fds, int room, int *flags)
{
	char text[64];
	struct iovec vec = { text, sizeof(text) };
	union control c;
	struct msghdr m = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = room ? CMSG_LEN(room * sizeof(int)) : 0 };
	struct cmsghdr *h;
	int nr;

	CHECK(recvmsg(from, &m, *flags) >= 0);
	*flags = m.msg_flags;
	h = CMSG_FIRSTHDR(&m);
	if (!h)
		return 0;
	CHECK(h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS);
	nr = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(h), nr * sizeof(int));
	return nr;
}

ABI_CASE(a_descriptor_travels_through_a_socket)
{
	int fd[2], p[2], got[4], flags = 0;
	char c;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && !pipe(p));
	CHECK(send_fds(fd[0], &p[0], 1, "x") == 1 && !close(p[0]));
	CHECK(receive_fds(fd[1], got, 4, &flags) == 1 && !(flags & MSG_CTRUNC) && got[0] == p[0]);
	CHECK(write(p[1], "y", 1) == 1 && read(got[0], &c, 1) == 1 && c == 'y');
	CHECK(send_fds(fd[0], &p[1], 1, "x") == 1);
	flags = MSG_CMSG_CLOEXEC;
	CHECK(receive_fds(fd[1], got, 4, &flags) == 1 && fcntl(got[0], F_GETFD) == FD_CLOEXEC);
}

ABI_CASE(descriptors_without_room_are_closed)
{
	int fd[2], p[2], got[8], flags = 0;
	char c;

	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) && !pipe(p));
	CHECK(send_fds(fd[0], (int[]){ p[1], p[1], p[1] }, 3, "x") == 1 && !close(p[1]));
	CHECK(receive_fds(fd[1], got, 0, &flags) == 0 && (flags & MSG_CTRUNC));
	CHECK(read(p[0], &c, 1) == 0);
}

ABI_CASE(unread_descriptors_close_with_the_socket)
{
	int fd[2], p[2];
	char c;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && !pipe(p));
	CHECK(send_fds(fd[0], &p[1], 1, "x") == 1 && !close(p[1]) && !close(fd[1]));
	CHECK(read(p[0], &c, 1) == 0);
}

ABI_CASE(a_read_drops_the_descriptors_it_cannot_take)
{
	int fd[2], p[2];
	char c;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && !pipe(p));
	CHECK(send_fds(fd[0], &p[1], 1, "x") == 1 && !close(p[1]));
	CHECK(read(fd[1], &c, 1) == 1 && c == 'x' && read(p[0], &c, 1) == 0);
}

ABI_CASE(bytes_with_descriptors_end_a_read)
{
	int fd[2], p[2], got[4], flags = 0;
	char c[8];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && !pipe(p));
	CHECK(write(fd[0], "a", 1) == 1 && send_fds(fd[0], p, 2, "b") == 1 && write(fd[0], "c", 1) == 1);
	CHECK(receive_fds(fd[1], got, 4, &flags) == 2 && read(fd[1], c, 8) == 1 && c[0] == 'c');
}

ABI_CASE(bad_control_messages_are_refused)
{
	union control c;
	struct iovec vec = { "x", 1 };
	struct msghdr m = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = c.bytes };
	struct cmsghdr *h = &c.align;
	int fd[2], many[254];

	memset(many, 0, sizeof(many));
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	CHECK_ERR(send_fds(fd[0], (int[]){ 0, 99 }, 2, "x"), EBADF);
	CHECK_ERR(send_fds(fd[0], many, 254, "x"), EINVAL);
	CHECK(send_fds(fd[0], many, 253, "x") == 1);
	*h = (struct cmsghdr){ .cmsg_len = 8, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	m.msg_controllen = sizeof(*h);
	CHECK_ERR(syscall(SYS_sendmsg, fd[0], &m, 0), EINVAL);
	h->cmsg_len = 4000;
	CHECK_ERR(syscall(SYS_sendmsg, fd[0], &m, 0), EINVAL);
	h->cmsg_len = sizeof(*h);
	h->cmsg_type = 77;
	CHECK_ERR(syscall(SYS_sendmsg, fd[0], &m, 0), EINVAL);
	m.msg_controllen = 1ul << 30;
	CHECK_ERR(syscall(SYS_sendmsg, fd[0], &m, 0), ENOBUFS);
	m = (struct msghdr){ .msg_iov = &vec, .msg_iovlen = 1025 };
	CHECK_ERR(syscall(SYS_sendmsg, fd[0], &m, 0), EMSGSIZE);
}

ABI_CASE(a_receiver_may_ask_who_sent)
{
	char text[8];
	struct iovec vec = { text, sizeof(text) };
	union control c;
	struct msghdr m = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = sizeof(c) };
	struct ucred_abi cred;
	struct cmsghdr *h;
	int fd[2], on = 1;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && !setsockopt(fd[1], SOL_SOCKET, PASSCRED, &on, sizeof(on)));
	CHECK(write(fd[0], "x", 1) == 1 && recvmsg(fd[1], &m, 0) == 1);
	h = CMSG_FIRSTHDR(&m);
	CHECK(h && h->cmsg_type == CREDENTIALS && h->cmsg_len == CMSG_LEN(sizeof(cred)));
	memcpy(&cred, CMSG_DATA(h), sizeof(cred));
	CHECK(cred.pid == getpid() && cred.uid == geteuid() && cred.gid == getegid());
}

/* Two sockets that each lie only in the other's queue, again and again: what is not found again would soon use up every limit. */
ABI_CASE(sockets_that_hold_only_each_other_go_away)
{
	int a[2], b[2], i;

	for (i = 0; i < 3000; i++) {
		CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, a) && !socketpair(AF_UNIX, SOCK_DGRAM, 0, b));
		CHECK(send_fds(a[0], &b[1], 1, "x") == 1 && send_fds(b[0], &a[1], 1, "x") == 1);
		CHECK(send_fds(a[0], &a[1], 1, "x") == 1);
		CHECK(!close(a[0]) && !close(a[1]) && !close(b[0]) && !close(b[1]));
	}
}

/* A socket in a socket in a socket: letting go of the first must not use a stack frame for each. */
ABI_CASE(a_long_chain_of_sockets_in_sockets_goes_away)
{
	int outer[2], next[2], p[2], i;
	char c;

	CHECK(!pipe(p) && !socketpair(AF_UNIX, SOCK_DGRAM, 0, outer) && send_fds(outer[0], &p[1], 1, "x") == 1);
	close(p[1]);
	close(outer[0]);
	for (i = 0; i < 500; i++) {
		CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, next) && send_fds(next[0], &outer[1], 1, "x") == 1);
		close(outer[1]);
		close(next[0]);
		outer[1] = next[1];
	}
	close(outer[1]);
	CHECK(read(p[0], &c, 1) == 0);
}

/* A socket in flight that a queue outside still reaches is no garbage. */
ABI_CASE(what_a_queue_still_reaches_stays)
{
	int a[2], b[2], got[4], flags = 0, in;
	char c;

	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, a) && !socketpair(AF_UNIX, SOCK_DGRAM, 0, b));
	CHECK(send(b[0], "kept", 4, 0) == 4 && send_fds(a[0], &b[1], 1, "x") == 1 && !close(b[1]) && !close(b[0]));
	close(socket(AF_UNIX, SOCK_DGRAM, 0));
	CHECK(receive_fds(a[1], got, 4, &flags) == 1);
	in = got[0];
	CHECK(recv(in, &c, 1, 0) == 1 && c == 'k');
}
