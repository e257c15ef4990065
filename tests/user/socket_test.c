// SPDX-License-Identifier: GPL-2.0
/* UNIX sockets: streams, datagrams, packets, names, options and their errors. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <sys/uio.h>
#include "abi.h"

struct ucred_abi {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

#define PEERCRED	17

static int *volatile nowhere = (int *)1;

static short ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

static socklen_t abstract_name(struct sockaddr_un *a, const char *name)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1, "%s-%d", name, getpid());
	return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(a->sun_path + 1);
}

static int listener(struct sockaddr_un *a, socklen_t *n, const char *name, int type, int backlog)
{
	int fd = socket(AF_UNIX, type, 0);

	*n = abstract_name(a, name);
	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)a, *n) && !listen(fd, backlog));
	return fd;
}

ABI_CASE(a_socket_pair_carries_both_ways)
{
	char c[8];
	int fd[2], n;
	struct stat st;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	CHECK(write(fd[0], "abc", 3) == 3 && write(fd[0], "de", 2) == 2);
	CHECK(!ioctl(fd[1], FIONREAD, &n) && n == 5);
	CHECK(read(fd[1], c, 4) == 4 && !memcmp(c, "abcd", 4) && read(fd[1], c, 4) == 1 && c[0] == 'e');
	CHECK(send(fd[1], "x", 1, 0) == 1 && recv(fd[0], c, 8, MSG_DONTWAIT) == 1 && c[0] == 'x');
	CHECK_ERR(recv(fd[0], c, 8, MSG_DONTWAIT), EAGAIN);
	CHECK(!fstat(fd[0], &st) && S_ISSOCK(st.st_mode));
	CHECK_ERR(lseek(fd[0], 0, SEEK_SET), ESPIPE);
}

ABI_CASE(calls_on_sockets_refuse_nonsense)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd[2], s = socket(AF_UNIX, SOCK_STREAM, 0), file = open("/dev/null", O_RDWR);
	char c;

	CHECK(s >= 0 && file >= 0);
	CHECK_ERR(socket(AF_UNIX, 9, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 77), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0), EINVAL);
	CHECK_ERR(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM, 0, nowhere), EFAULT);
	CHECK_ERR(listen(file, 1), ENOTSOCK);
	CHECK_ERR(listen(99, 1), EBADF);
	CHECK_ERR(listen(s, 1), EINVAL);
	CHECK_ERR(accept(s, NULL, NULL), EINVAL);
	CHECK_ERR(recv(s, &c, 1, 0), EINVAL);
	CHECK_ERR(send(s, "x", 1, MSG_NOSIGNAL), ENOTCONN);
	CHECK_ERR(getpeername(s, (struct sockaddr *)&a, &(socklen_t){ sizeof(a) }), ENOTCONN);
	CHECK_ERR(shutdown(s, 7), EINVAL);
	CHECK_ERR(bind(s, (struct sockaddr *)&a, 1), EINVAL);
	CHECK_ERR(bind(s, (struct sockaddr *)&a, 500), EINVAL);
	CHECK_ERR(bind(s, (struct sockaddr *)nowhere, 20), EFAULT);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	CHECK_ERR(recv(fd[0], nowhere, 8, MSG_DONTWAIT), EAGAIN);
	CHECK(send(fd[1], "keep", 4, 0) == 4);
	CHECK_ERR(recv(fd[0], nowhere, 4, 0), EFAULT);
	CHECK(recv(fd[0], &c, 1, 0) == 1 && c == 'k');
	CHECK_ERR(send(fd[0], nowhere, 8, 0), EFAULT);
	CHECK_ERR(sendto(fd[0], "x", 1, 0, (struct sockaddr *)&a, sizeof(a)), EISCONN);
	CHECK_ERR(sendto(fd[0], "x", 1, 0, (struct sockaddr *)&a, 500), EINVAL);
	CHECK_ERR(sendto(fd[0], "x", 1, 0, (struct sockaddr *)nowhere, 20), EFAULT);
	CHECK_ERR(sendto(99, (void *)0xffffffff81000000ul, 1, 0, NULL, 0), EFAULT);
	CHECK_ERR(recvfrom(99, (void *)0xffffffff81000000ul, 1, 0, NULL, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_sendmsg, fd[0], nowhere, 0), EFAULT);
	CHECK_ERR(syscall(SYS_recvmsg, fd[0], nowhere, 0), EFAULT);
	CHECK_ERR(connect(fd[0], (struct sockaddr *)&a, abstract_name(&a, "none")), ECONNREFUSED);
}

ABI_CASE(a_stream_ends_with_its_peer)
{
	char c;
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && write(fd[1], "z", 1) == 1 && !close(fd[1]));
	CHECK(ready(fd[0], POLLIN | POLLRDHUP) == (POLLIN | POLLRDHUP | POLLHUP));
	CHECK(read(fd[0], &c, 1) == 1 && read(fd[0], &c, 1) == 0);
	CHECK_ERR(write(fd[0], "x", 1), EPIPE);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && write(fd[0], "unread", 6) == 6 && !close(fd[1]));
	CHECK_ERR(read(fd[0], &c, 1), ECONNRESET);
	CHECK(read(fd[0], &c, 1) == 0);
}

static volatile int nr_pipe_signals;

static void on_pipe(int sig)
{
	nr_pipe_signals += sig == SIGPIPE;
}

ABI_CASE(a_closed_stream_signals_unless_asked_not_to)
{
	int fd[2];

	signal(SIGPIPE, on_pipe);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && !close(fd[1]));
	CHECK_ERR(send(fd[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK(nr_pipe_signals == 0);
	CHECK_ERR(send(fd[0], "x", 1, 0), EPIPE);
	CHECK(nr_pipe_signals == 1);
}

ABI_CASE(half_a_stream_can_be_shut)
{
	char c;
	int fd[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	CHECK(write(fd[0], "a", 1) == 1 && !shutdown(fd[0], SHUT_WR));
	CHECK(read(fd[1], &c, 1) == 1 && read(fd[1], &c, 1) == 0 && ready(fd[1], POLLRDHUP) == POLLRDHUP);
	CHECK(write(fd[1], "b", 1) == 1 && read(fd[0], &c, 1) == 1 && c == 'b');
	CHECK_ERR(send(fd[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK(!shutdown(fd[0], SHUT_RD));
	CHECK_ERR(send(fd[1], "x", 1, MSG_NOSIGNAL), EPIPE);
}

ABI_CASE(a_full_stream_waits_or_refuses)
{
	static char block[65536];
	int fd[2], total = 0, got = 0, n;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd));
	CHECK(fcntl(fd[0], F_GETFD) == FD_CLOEXEC && (fcntl(fd[0], F_GETFL) & O_NONBLOCK));
	while ((n = write(fd[0], block, sizeof(block))) > 0)
		total += n;
	CHECK(errno == EAGAIN && total > 65536 && !ready(fd[0], POLLOUT));
	while ((n = read(fd[1], block, sizeof(block))) > 0)
		got += n;
	CHECK(got == total && ready(fd[0], POLLOUT) == POLLOUT);
}

ABI_CASE(a_stream_keeps_the_order_of_bytes_between_processes)
{
	unsigned int sum = 0, expected = 0, i, n;
	unsigned char block[3000];
	int fd[2], got;
	pid_t pid;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	pid = fork();
	for (i = 0; i < 400; i++) {
		for (n = 0; n < sizeof(block); n++) {
			block[n] = (unsigned char)(i * 7 + n);
			expected = expected * 31 + block[n];
		}
		if (!pid)
			CHECK(write(fd[1], block, sizeof(block)) == sizeof(block));
	}
	if (!pid)
		_exit(0);
	close(fd[1]);
	while ((got = read(fd[0], block, 1777)) > 0)
		for (i = 0; i < (unsigned int)got; i++)
			sum = sum * 31 + block[i];
	CHECK(got == 0 && sum == expected && abi_wait(pid) == 0);
}

ABI_CASE(peeking_and_waiting_for_all_of_a_stream)
{
	char c[8];
	int fd[2];
	pid_t pid;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && write(fd[0], "ab", 2) == 2);
	CHECK(recv(fd[1], c, 8, MSG_PEEK) == 2 && recv(fd[1], c, 1, 0) == 1 && c[0] == 'a' && recv(fd[1], c, 8, MSG_PEEK) == 1);
	pid = fork();
	if (!pid) {
		usleep(30000);
		_exit(write(fd[0], "cdef", 4) != 4);
	}
	CHECK(recv(fd[1], c, 5, MSG_WAITALL) == 5 && !memcmp(c, "bcdef", 5) && abi_wait(pid) == 0);
}

ABI_CASE(packets_keep_their_borders)
{
	char c[8];
	int fd[2];

	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd));
	CHECK(send(fd[0], "abcdef", 6, 0) == 6 && send(fd[0], "gh", 2, 0) == 2);
	CHECK(recv(fd[1], c, 3, MSG_PEEK | MSG_TRUNC) == 6 && recv(fd[1], c, 3, 0) == 3 && recv(fd[1], c, 8, 0) == 2 && c[0] == 'g');
	CHECK(!close(fd[0]) && recv(fd[1], c, 8, 0) == 0);
	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) && send(fd[0], "", 0, 0) == 0 && send(fd[0], "x", 1, 0) == 1);
	CHECK(recv(fd[1], c, 8, 0) == 0 && recv(fd[1], c, 8, 0) == 1);
}

ABI_CASE(a_message_too_long_is_refused)
{
	static char big[600000];
	int fd[2];

	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, fd));
	CHECK_ERR(send(fd[0], big, sizeof(big), 0), EMSGSIZE);
	CHECK(send(fd[0], big, 100000, 0) == 100000 && recv(fd[1], big, sizeof(big), 0) == 100000);
}

ABI_CASE(connecting_and_accepting_by_abstract_name)
{
	struct sockaddr_un a, b;
	struct ucred_abi cred;
	socklen_t n, m = sizeof(b);
	int l = listener(&a, &n, "accept", SOCK_STREAM, 4), c, s;
	char byte;

	c = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(ready(c, POLLOUT | POLLIN) == (POLLOUT | POLLHUP) && !ready(l, POLLIN));
	CHECK(!connect(c, (struct sockaddr *)&a, n) && write(c, "q", 1) == 1 && ready(l, POLLIN) == POLLIN);
	CHECK_ERR(connect(c, (struct sockaddr *)&a, n), EISCONN);
	s = accept4(l, (struct sockaddr *)&b, &m, SOCK_CLOEXEC);
	CHECK(s >= 0 && m == 2 && fcntl(s, F_GETFD) == FD_CLOEXEC && read(s, &byte, 1) == 1 && byte == 'q');
	m = sizeof(b);
	CHECK(!getsockname(s, (struct sockaddr *)&b, &m) && m == n && !memcmp(&a, &b, n));
	m = sizeof(b);
	CHECK(!getpeername(c, (struct sockaddr *)&b, &m) && m == n && !memcmp(&a, &b, n));
	m = sizeof(cred);
	CHECK(!getsockopt(c, SOL_SOCKET, PEERCRED, &cred, &m) && cred.pid == getpid() && cred.uid == getuid());
	CHECK_ERR(bind(l, (struct sockaddr *)&a, n), EINVAL);
	CHECK_ERR(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, n), EADDRINUSE);
	CHECK_ERR(connect(socket(AF_UNIX, SOCK_SEQPACKET, 0), (struct sockaddr *)&a, n), ECONNREFUSED);
	close(l);
	CHECK_ERR(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, n), ECONNREFUSED);
}

ABI_CASE(a_listener_has_a_path_and_a_backlog)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX }, b;
	socklen_t m = sizeof(b);
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c[4], i;
	struct stat st;
	char byte;

	snprintf(a.sun_path, sizeof(a.sun_path), "/tmp/abi-socket-%d", getpid());
	CHECK(!bind(l, (struct sockaddr *)&a, sizeof(a)) && !stat(a.sun_path, &st) && S_ISSOCK(st.st_mode));
	CHECK(!getsockname(l, (struct sockaddr *)&b, &m) && m == 2 + strlen(a.sun_path) + 1 && !strcmp(a.sun_path, b.sun_path));
	CHECK_ERR(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof(a)), EADDRINUSE);
	CHECK_ERR(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof(a)), ECONNREFUSED);
	CHECK_ERR(open(a.sun_path, O_RDWR), ENXIO);
	CHECK(!listen(l, 1));
	CHECK_ERR(connect(socket(AF_UNIX, SOCK_SEQPACKET, 0), (struct sockaddr *)&a, sizeof(a)), EPROTOTYPE);
	for (i = 0; i < 3; i++)
		CHECK((c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) >= 0);
	CHECK(!connect(c[0], (struct sockaddr *)&a, sizeof(a)) && !connect(c[1], (struct sockaddr *)&a, sizeof(a)));
	CHECK_ERR(connect(c[2], (struct sockaddr *)&a, sizeof(a)), EAGAIN);
	close(l);
	CHECK_ERR(read(c[0], &byte, 1), ECONNRESET);
	CHECK_ERR(connect(c[2], (struct sockaddr *)&a, sizeof(a)), ECONNREFUSED);
	CHECK(!unlink(a.sun_path));
	CHECK_ERR(connect(c[2], (struct sockaddr *)&a, sizeof(a)), ENOENT);
}

ABI_CASE(datagrams_name_their_senders)
{
	struct sockaddr_un a, b, from;
	socklen_t n = abstract_name(&a, "dgram"), m, k;
	int r = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_DGRAM, 0);
	char c[8];

	CHECK(!bind(r, (struct sockaddr *)&a, n) && sendto(s, "hi", 2, 0, (struct sockaddr *)&a, n) == 2);
	m = sizeof(from);
	CHECK(recvfrom(r, c, 8, 0, (struct sockaddr *)&from, &m) == 2 && m == 0);
	CHECK(!bind(s, (struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, 2));
	k = sizeof(b);
	CHECK(!getsockname(s, (struct sockaddr *)&b, &k) && k == 8 && !b.sun_path[0]);
	CHECK(!connect(s, (struct sockaddr *)&a, n) && send(s, "x", 1, 0) == 1);
	m = sizeof(from);
	CHECK(recvfrom(r, c, 8, 0, (struct sockaddr *)&from, &m) == 1 && m == k && !memcmp(&from, &b, k));
	CHECK(sendto(r, "back", 4, 0, (struct sockaddr *)&from, m) == 4 && recv(s, c, 8, 0) == 4);
	CHECK_ERR(listen(s, 1), EOPNOTSUPP);
	close(r);
	CHECK_ERR(send(s, "x", 1, 0), ECONNREFUSED);
	CHECK_ERR(send(s, "x", 1, 0), ENOTCONN);
	CHECK_ERR(sendto(s, "x", 1, 0, (struct sockaddr *)&a, n), ECONNREFUSED);
}

ABI_CASE(a_full_datagram_socket_holds_senders_back)
{
	struct sockaddr_un a;
	socklen_t n = abstract_name(&a, "full");
	int r = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), count = 0, i;
	struct epoll_event e = { .events = EPOLLOUT };
	int ep = epoll_create1(0);
	char c[8];

	CHECK(!bind(r, (struct sockaddr *)&a, n) && !connect(s, (struct sockaddr *)&a, n));
	while (send(s, "x", 1, 0) == 1)
		count++;
	CHECK(errno == EAGAIN && count >= 2 && !ready(s, POLLOUT));
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, s, &e) && epoll_wait(ep, &e, 1, 0) == 0);
	for (i = 0; i < count; i++)
		CHECK(recv(r, c, 8, 0) == 1);
	CHECK(epoll_wait(ep, &e, 1, 1000) == 1 && e.events == EPOLLOUT);
	CHECK_ERR(recv(r, c, 8, MSG_DONTWAIT), EAGAIN);
}

ABI_CASE(options_of_sockets)
{
	struct timeval t = { .tv_usec = 50000 };
	struct timespec before, after;
	int fd[2], v, size = 65536;
	socklen_t n = sizeof(v);
	char c;

	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, fd));
	CHECK(!getsockopt(fd[0], SOL_SOCKET, SO_TYPE, &v, &n) && v == SOCK_DGRAM && n == 4);
	CHECK(!getsockopt(fd[0], SOL_SOCKET, SO_ERROR, &v, &n) && v == 0);
	CHECK(!getsockopt(fd[0], SOL_SOCKET, SO_DOMAIN, &v, &n) && v == AF_UNIX);
	CHECK(!getsockopt(fd[0], SOL_SOCKET, SO_ACCEPTCONN, &v, &n) && v == 0);
	CHECK(!setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	CHECK(!getsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &v, &n) && v == 2 * size);
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, 9999, &v, sizeof(v)), ENOPROTOOPT);
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &v, 1), EINVAL);
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, nowhere, 4), EFAULT);
	CHECK(!setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	clock_gettime(CLOCK_MONOTONIC, &before);
	CHECK_ERR(recv(fd[0], &c, 1, 0), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 49000000);
}

ABI_CASE(epoll_sees_streams_come_and_go)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET };
	int fd[2], ep = epoll_create1(0);
	char c;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && !epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e));
	CHECK(epoll_wait(ep, &e, 1, 0) == 0 && write(fd[1], "x", 1) == 1);
	CHECK(epoll_wait(ep, &e, 1, 1000) == 1 && e.events == EPOLLIN && epoll_wait(ep, &e, 1, 0) == 0);
	CHECK(read(fd[0], &c, 1) == 1 && !close(fd[1]));
	CHECK(epoll_wait(ep, &e, 1, 1000) == 1 && e.events == (EPOLLIN | EPOLLRDHUP | EPOLLHUP));
}

ABI_CASE(many_messages_in_one_call)
{
	struct mmsghdr out[3], in[4];
	struct iovec vec[4];
	char text[4][4] = { "a", "bb", "ccc" };
	int fd[2], i;

	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, fd));
	memset(out, 0, sizeof(out));
	memset(in, 0, sizeof(in));
	for (i = 0; i < 3; i++) {
		vec[i] = (struct iovec){ text[i], i + 1 };
		out[i].msg_hdr = (struct msghdr){ .msg_iov = &vec[i], .msg_iovlen = 1 };
	}
	CHECK(sendmmsg(fd[0], out, 3, 0) == 3 && out[2].msg_len == 3);
	for (i = 0; i < 4; i++) {
		vec[i] = (struct iovec){ text[i], 4 };
		in[i].msg_hdr = (struct msghdr){ .msg_iov = &vec[i], .msg_iovlen = 1 };
	}
	CHECK(recvmmsg(fd[1], in, 4, MSG_WAITFORONE, NULL) == 3 && in[0].msg_len == 1 && in[2].msg_len == 3);
}

ABI_CASE(looks_at_a_stream_go_on_where_they_ended)
{
	char text[8] = "";
	int fd[2], at = 2;
	socklen_t size = sizeof(at);

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	CHECK(!getsockopt(fd[1], SOL_SOCKET, SO_PEEK_OFF, &at, &size) && at == -1);
	CHECK(write(fd[0], "abcd", 4) == 4 && write(fd[0], "efgh", 4) == 4);
	at = 2;
	CHECK(!setsockopt(fd[1], SOL_SOCKET, SO_PEEK_OFF, &at, sizeof(at)));
	CHECK(recv(fd[1], text, 3, MSG_PEEK) == 3 && !memcmp(text, "cde", 3));
	CHECK(recv(fd[1], text, 1, MSG_PEEK) == 1 && text[0] == 'f');
	CHECK(recv(fd[1], text, 5, 0) == 5 && !memcmp(text, "abcde", 5));
	CHECK(!getsockopt(fd[1], SOL_SOCKET, SO_PEEK_OFF, &at, &size) && at == 1);
	CHECK(recv(fd[1], text, 8, MSG_PEEK) == 2 && !memcmp(text, "gh", 2));
	CHECK_ERR(recv(fd[1], text, 8, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	CHECK(recv(fd[1], text, 8, 0) == 3);
	at = -1;
	CHECK(!setsockopt(fd[1], SOL_SOCKET, SO_PEEK_OFF, &at, sizeof(at)) && write(fd[0], "x", 1) == 1);
	CHECK(recv(fd[1], text, 8, MSG_PEEK) == 1 && recv(fd[1], text, 8, MSG_PEEK) == 1);
}

ABI_CASE(looks_at_messages_go_on_where_they_ended)
{
	char text[8] = "";
	int fd[2], at = 1;

	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, fd));
	CHECK(write(fd[0], "abcd", 4) == 4 && write(fd[0], "efg", 3) == 3);
	CHECK(!setsockopt(fd[1], SOL_SOCKET, SO_PEEK_OFF, &at, sizeof(at)));
	CHECK(recv(fd[1], text, 2, MSG_PEEK) == 2 && !memcmp(text, "bc", 2));
	CHECK(recv(fd[1], text, 8, MSG_PEEK) == 1 && text[0] == 'd');
	CHECK(recv(fd[1], text, 8, MSG_PEEK) == 3 && !memcmp(text, "efg", 3));
	CHECK_ERR(recv(fd[1], text, 8, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	CHECK(recv(fd[1], text, 8, 0) == 4 && recv(fd[1], text, 8, MSG_PEEK | MSG_DONTWAIT) == -1 && recv(fd[1], text, 8, 0) == 3);
}

ABI_CASE(who_looks_behind_what_is_there_waits_for_more)
{
	char text[8] = "";
	int fd[2], at = 0;
	pid_t pid;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && !setsockopt(fd[1], SOL_SOCKET, SO_PEEK_OFF, &at, sizeof(at)));
	CHECK(write(fd[0], "ab", 2) == 2 && recv(fd[1], text, 8, MSG_PEEK) == 2);
	pid = fork();
	if (!pid) {
		CHECK(recv(fd[1], text, 8, MSG_PEEK) == 1 && text[0] == 'c');
		_exit(0);
	}
	abi_await_call(pid, SYS_recvfrom);
	CHECK(write(fd[0], "c", 1) == 1 && abi_wait(pid) == 0);
}

/* ---- Bytes out of band ---- */

static int urged;

static void note_urge(int sig)
{
	urged += sig == SIGURG;
}

static void stream_pair(int s[2])
{
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
}

static bool takes(int fd, const char *text, int flags)
{
	char got[16];
	ssize_t n = recv(fd, got, sizeof(got), flags | MSG_DONTWAIT);

	return n == (ssize_t)strlen(text) && !memcmp(got, text, (size_t)n);
}

static int mark_of(int fd)
{
	int at;

	CHECK(!ioctl(fd, SIOCATMARK, &at));
	return at;
}

static int ready_of(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

ABI_CASE(a_byte_out_of_band_has_a_mark_where_reads_stop)
{
	char c;
	int s[2];

	stream_pair(s);
	signal(SIGURG, note_urge);
	CHECK(!fcntl(s[1], F_SETOWN, getpid()));
	CHECK_ERR(recv(s[1], &c, 1, MSG_OOB), EINVAL);
	CHECK_ERR(send(s[0], "", 0, MSG_OOB), EOPNOTSUPP);
	CHECK(send(s[0], "hello", 5, MSG_OOB) == 5 && send(s[0], "more", 4, 0) == 4 && urged == 1);
	CHECK(ready_of(s[1]) == (POLLIN | POLLPRI) && mark_of(s[1]) == 0);
	CHECK(takes(s[1], "o", MSG_OOB | MSG_PEEK) && takes(s[1], "hell", MSG_PEEK) && takes(s[1], "hell", 0) && mark_of(s[1]) == 1);
	CHECK(takes(s[1], "o", MSG_OOB) && mark_of(s[1]) == 0 && ready_of(s[1]) == POLLIN && takes(s[1], "more", 0));
	CHECK_ERR(recv(s[1], &c, 1, MSG_OOB | MSG_DONTWAIT), EINVAL);
	CHECK_ERR(recv(s[1], &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK(ready_of(s[1]) == 0);
	CHECK_ERR(send(s[0], BAD, 1, MSG_OOB), EFAULT);
}

ABI_CASE(a_byte_out_of_band_that_nobody_takes_is_passed_or_comes_in_line)
{
	struct iovec v = { (char[8]){ 0 }, 8 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int s[2], on = 1;
	char c;

	stream_pair(s);
	CHECK(send(s[0], "ab", 2, MSG_OOB) == 2 && send(s[0], "cd", 2, MSG_OOB) == 2);	/* b is an ordinary byte now */
	CHECK(takes(s[1], "abc", 0) && recvmsg(s[1], &m, MSG_OOB) == 1 && m.msg_flags == MSG_OOB);
	CHECK(send(s[0], "x", 1, MSG_OOB) == 1 && send(s[0], "yz", 2, 0) == 2 && takes(s[1], "yz", 0));
	CHECK(send(s[0], "x", 1, MSG_OOB) == 1);
	CHECK_ERR(recv(s[1], &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(recv(s[1], &c, 1, MSG_OOB), EINVAL);
	CHECK(send(s[0], "pq", 2, MSG_OOB) == 2 && takes(s[1], "q", MSG_OOB) && send(s[0], "rs", 2, 0) == 2);
	CHECK(takes(s[1], "prs", MSG_PEEK) && takes(s[1], "p", 0) && takes(s[1], "rs", 0));
	CHECK(!setsockopt(s[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
	CHECK(send(s[0], "hello", 5, MSG_OOB) == 5 && send(s[0], "world", 5, 0) == 5);
	CHECK_ERR(recv(s[1], &c, 1, MSG_OOB), EINVAL);
	CHECK(takes(s[1], "hell", 0) && mark_of(s[1]) == 1 && takes(s[1], "oworld", 0) && mark_of(s[1]) == 0);
}

ABI_CASE(a_mark_without_its_byte_is_nothing_unread)
{
	int s[2], d[2];
	char c;

	stream_pair(s);
	CHECK(send(s[0], "a", 1, MSG_OOB) == 1 && takes(s[1], "a", MSG_OOB) && !close(s[1]));
	CHECK(recv(s[0], &c, 1, 0) == 0);	/* the end, no reset */
	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, d));
	CHECK_ERR(send(d[0], "a", 1, MSG_OOB), EOPNOTSUPP);
	CHECK_ERR(recv(d[1], &c, 1, MSG_OOB | MSG_DONTWAIT), EOPNOTSUPP);
	CHECK_ERR(ioctl(d[1], SIOCATMARK, &c), EOPNOTSUPP);
}

#define HOARD	120	/* full pairs: more than all sockets may hold in a small machine before writers wait */

static void hoard_close(int fd[HOARD][2])
{
	for (int i = 0; i < HOARD; i++)
		CHECK(!close(fd[i][0]) && !close(fd[i][1]));
}

/* A child that writes 64 KiB to @fd and waits wherever it has to. */
static pid_t writer(int fd, int hoard[HOARD][2])
{
	pid_t pid = fork();
	char some[4096] = { 0 };

	if (pid)
		return pid;
	hoard_close(hoard);
	for (int i = 0; i < 16; i++)
		CHECK(write(fd, some, sizeof(some)) == sizeof(some));
	_exit(0);
}

ABI_CASE(writers_wait_for_readers_while_sockets_hold_much)
{
	static char some[65536];
	int hoard[HOARD][2], fd[2];
	ssize_t got = 0, n;
	pid_t pid;

	for (int i = 0; i < HOARD; i++) {
		CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, hoard[i]));
		while (write(hoard[i][0], some, sizeof(some)) > 0)
			;
	}
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	pid = writer(fd[0], hoard);
	while (got < 65536 && (n = read(fd[1], some, sizeof(some))) > 0)
		got += n;
	CHECK(got == 65536 && abi_wait(pid) == 0);
	/* What others held is gone: nobody need read what this one wrote. */
	pid = writer(fd[0], hoard);
	usleep(20000);
	hoard_close(hoard);
	CHECK(abi_wait(pid) == 0);
	for (got = 0; got < 65536 && (n = read(fd[1], some, sizeof(some))) > 0;)
		got += n;
	CHECK(got == 65536);
}
