// SPDX-License-Identifier: GPL-2.0
/* Internet sockets over the loopback: connections, names and ports, waits. datagram_test.c has the rest. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "inet.h"

static void carries_both_ways(int family)
{
	union name a, b;
	socklen_t n = sizeof(a), m = sizeof(b);
	char c[16];
	int fd[2], bytes;

	connection(family, fd);
	CHECK(write(fd[0], "abc", 3) == 3 && recv(fd[1], c, 3, MSG_WAITALL) == 3 && !memcmp(c, "abc", 3));
	CHECK(send(fd[1], "hello", 5, 0) == 5 && await(fd[0], POLLIN) & POLLIN);
	CHECK(recv(fd[0], c, 2, MSG_PEEK) == 2 && !memcmp(c, "he", 2));
	CHECK(!ioctl(fd[0], FIONREAD, &bytes) && bytes == 5);
	CHECK(recv(fd[0], c, 16, 0) == 5 && !memcmp(c, "hello", 5));
	CHECK_ERR(recv(fd[0], c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(lseek(fd[0], 0, SEEK_SET), ESPIPE);
	CHECK(!getsockname(fd[0], &a.any, &n) && !getpeername(fd[1], &b.any, &m) && n == m && !memcmp(&a, &b, n));
	CHECK(a.any.sa_family == family && ready(fd[0], POLLIN | POLLOUT) == POLLOUT);
}

ABI_CASE(a_tcp_connection_carries_both_ways)
{
	carries_both_ways(AF_INET);
	carries_both_ways(AF_INET6);
}

ABI_CASE(a_stream_over_tcp_arrives_whole)
{
	enum { BYTES = 3 << 20 };
	static unsigned char out[65536], in[65536];
	uint32_t sum = 0, expected = 0;
	ssize_t n, got = 0;
	int fd[2], status;
	pid_t pid;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + i / 256;
	connection(AF_INET, fd);
	pid = fork();
	if (!pid) {
		close(fd[1]);
		for (int i = 0; i < BYTES; i += n) {
			n = send(fd[0], out + i % sizeof(out), sizeof(out) - i % sizeof(out), 0);
			if (n <= 0)
				_exit(1);
		}
		_exit(0);
	}
	close(fd[0]);
	while ((n = read(fd[1], in, sizeof(in))) > 0)
		for (ssize_t i = 0; i < n; i++, got++) {
			sum = sum * 31 + in[i];
			expected = expected * 31 + out[got % sizeof(out)];
		}
	status = abi_wait(pid);
	CHECK(n == 0 && got == BYTES && sum == expected && status == 0);
}

ABI_CASE(a_tcp_connection_ends_in_halves)
{
	struct linger now = { 1, 0 };
	char c[8];
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	connection(AF_INET, fd);
	CHECK(write(fd[0], "last", 4) == 4 && !shutdown(fd[0], SHUT_WR));
	CHECK_ERR(send(fd[0], "x", 1, 0), EPIPE);
	CHECK(recv(fd[1], c, 8, MSG_WAITALL) == 4 && read(fd[1], c, 8) == 0);
	CHECK(await(fd[1], POLLRDHUP) == POLLRDHUP && !(ready(fd[1], POLLOUT) & POLLHUP));
	CHECK(write(fd[1], "back", 4) == 4 && recv(fd[0], c, 4, MSG_WAITALL) == 4);
	CHECK(!close(fd[1]) && read(fd[0], c, 8) == 0 && await(fd[0], 0) == POLLHUP);
	CHECK(!close(fd[0]));
	/* Closed with something unread, and closed at once. */
	connection(AF_INET, fd);
	CHECK(write(fd[0], "unread", 6) == 6 && await(fd[1], POLLIN) & POLLIN && !close(fd[1]));
	CHECK(await(fd[0], POLLIN) & POLLERR);
	CHECK_ERR(read(fd[0], c, 8), ECONNRESET);
	CHECK(read(fd[0], c, 8) == 0 && !close(fd[0]));
	connection(AF_INET, fd);
	CHECK(!setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)) && !close(fd[1]));
	CHECK(await(fd[0], POLLIN) & POLLERR);
	CHECK_ERR(write(fd[0], "x", 1), ECONNRESET);
	CHECK_ERR(write(fd[0], "x", 1), EPIPE);
}

ABI_CASE(a_write_to_nobody_raises_sigpipe)
{
	int fd[2], status;
	pid_t pid = fork();

	if (!pid) {
		connection(AF_INET, fd);
		shutdown(fd[0], SHUT_WR);
		CHECK_ERR(send(fd[0], "x", 1, MSG_NOSIGNAL), EPIPE);
		write(fd[0], "x", 1);
		_exit(0);
	}
	status = abi_wait(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

ABI_CASE(connect_says_how_it_went)
{
	int l = listener(AF_INET, 4), fd = socket(AF_INET, SOCK_STREAM, 0), error;
	uint16_t port = free_port(SOCK_STREAM);
	socklen_t n = sizeof(error);
	char c;

	CHECK_ERR(connect_to(fd, AF_INET, port), ECONNREFUSED);
	CHECK(!connect_to(fd, AF_INET, port_of(l)));
	CHECK_ERR(connect_to(fd, AF_INET, port_of(l)), EISCONN);
	CHECK_ERR(connect_to(l, AF_INET, port_of(l)), EISCONN);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_ERR(read(fd, &c, 1), ENOTCONN);
	CHECK(ready(fd, POLLOUT) == (POLLOUT | POLLHUP));
	CHECK_ERR(connect_to(fd, AF_INET, port), EINPROGRESS);
	CHECK(await(fd, POLLOUT) & POLLERR);
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) && error == ECONNREFUSED);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_ERR(connect_to(fd, AF_INET6, port), EINPROGRESS);
	CHECK(await(fd, POLLOUT) & POLLERR);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_ERR(connect_to(fd, AF_INET, port_of(l)), EINPROGRESS);
	CHECK(await(fd, POLLOUT) == POLLOUT);
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) && !error);
	CHECK(!connect_to(fd, AF_INET, port_of(l)));
	CHECK_ERR(connect_to(fd, AF_INET, port_of(l)), EISCONN);
}

ABI_CASE(ports_are_shared_by_the_rules)
{
	int one = 1, a = listener(AF_INET, 1), b = socket(AF_INET, SOCK_STREAM, 0), c, d;
	uint16_t port = port_of(a);
	union name n;

	CHECK_ERR(bind(b, &n.any, loopback(&n, AF_INET, port)), EADDRINUSE);
	CHECK(!setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	CHECK_ERR(bind(b, &n.any, loopback(&n, AF_INET, port)), EADDRINUSE);
	loopback(&n, AF_INET, port);
	n.v4.sin_addr.s_addr = htonl(0x7f000002);
	CHECK(!bind(b, &n.any, sizeof(n.v4)));
	CHECK_ERR(bind(b, &n.any, sizeof(n.v4)), EINVAL);
	c = socket(AF_INET, SOCK_STREAM, 0);
	n.v4.sin_addr.s_addr = 0;
	CHECK_ERR(bind(c, &n.any, sizeof(n.v4)), EADDRINUSE);
	n.v4.sin_addr.s_addr = htonl(0x08080808);
	CHECK_ERR(bind(c, &n.any, sizeof(n.v4)), EADDRNOTAVAIL);
	CHECK(!close(a));
	/* Both want to share. */
	a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK(!setsockopt(a, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) && !setsockopt(b, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	CHECK(!bind(a, &n.any, loopback(&n, AF_INET, 0)) && !bind(b, &n.any, loopback(&n, AF_INET, port_of(a))));
	c = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!setsockopt(c, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) && !setsockopt(d, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
	CHECK(!bind(c, &n.any, loopback(&n, AF_INET, 0)) && !bind(d, &n.any, loopback(&n, AF_INET, port_of(c))));
	CHECK(!listen(c, 1) && !listen(d, 1));
	/* A socket of both versions stands in the way of one of the older. */
	a = socket(AF_INET6, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0);
	memset(&n, 0, sizeof(n));
	n.any.sa_family = AF_INET6;
	CHECK(!bind(a, &n.any, sizeof(n.v6)) && !listen(a, 1));
	CHECK_ERR(bind(b, &n.any, loopback(&n, AF_INET, port_of(a))), EADDRINUSE);
}

ABI_CASE(low_ports_take_a_privilege)
{
	union name n;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setuid(1000))
			_exit(2);
		CHECK_ERR(bind(socket(AF_INET, SOCK_STREAM, 0), &n.any, loopback(&n, AF_INET, 1023)), EACCES);
		_exit(0);
	}
	status = abi_wait(pid);
	CHECK(!status);
}

ABI_CASE(a_socket_of_both_versions_hears_both)
{
	int l = socket(AF_INET6, SOCK_STREAM, 0), only = socket(AF_INET6, SOCK_STREAM, 0), fd, one = 1;
	union name n = { .v6.sin6_family = AF_INET6 };
	socklen_t length = sizeof(n);

	CHECK(!bind(l, &n.any, sizeof(n.v6)) && !listen(l, 4));
	CHECK(!connect_to(socket(AF_INET, SOCK_STREAM, 0), AF_INET, port_of(l)));
	fd = accept(l, &n.any, &length);
	CHECK(fd >= 0 && length == sizeof(n.v6) && IN6_IS_ADDR_V4MAPPED(&n.v6.sin6_addr) && n.v6.sin6_addr.s6_addr[12] == 127);
	CHECK(!connect_to(socket(AF_INET6, SOCK_STREAM, 0), AF_INET6, port_of(l)));
	CHECK(accept(l, &n.any, &length) >= 0 && IN6_IS_ADDR_LOOPBACK(&n.v6.sin6_addr));
	n = (union name){ .v6.sin6_family = AF_INET6 };
	CHECK(!setsockopt(only, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) && !bind(only, &n.any, sizeof(n.v6)) && !listen(only, 4));
	CHECK_ERR(connect_to(socket(AF_INET, SOCK_STREAM, 0), AF_INET, port_of(only)), ECONNREFUSED);
	CHECK(!connect_to(socket(AF_INET6, SOCK_STREAM, 0), AF_INET6, port_of(only)));
}

ABI_CASE(the_whole_of_127_is_here)
{
	int l = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
	union name n;
	socklen_t length = sizeof(n);

	loopback(&n, AF_INET, 0);
	n.v4.sin_addr.s_addr = 0;
	CHECK(!bind(l, &n.any, sizeof(n.v4)) && !listen(l, 4));
	loopback(&n, AF_INET, port_of(l));
	n.v4.sin_addr.s_addr = htonl(0x7f010203);
	CHECK(!connect(fd, &n.any, sizeof(n.v4)));
	CHECK((fd = accept(l, &n.any, &length)) >= 0 && n.v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	CHECK(!getsockname(fd, &n.any, &length) && n.v4.sin_addr.s_addr == htonl(0x7f010203));
	/* The address of nobody in particular is this machine's. */
	loopback(&n, AF_INET, port_of(l));
	n.v4.sin_addr.s_addr = 0;
	CHECK(!connect(socket(AF_INET, SOCK_STREAM, 0), &n.any, sizeof(n.v4)));
	n.v4.sin_addr.s_addr = htonl(0x08080808);
	CHECK_ERR(connect(socket(AF_INET, SOCK_STREAM, 0), &n.any, sizeof(n.v4)), ENETUNREACH);
	CHECK_ERR(sendto(u, "x", 1, 0, &n.any, sizeof(n.v4)), ENETUNREACH);
}

ABI_CASE(a_listener_keeps_what_waits)
{
	int l = listener(AF_INET, 8), fd, flags, i;
	char c;

	CHECK_ERR(syscall(SYS_accept4, l, NULL, NULL, 0x10), EINVAL);
	CHECK(!fcntl(l, F_SETFL, O_NONBLOCK));
	CHECK_ERR(accept(l, NULL, NULL), EAGAIN);
	CHECK(ready(l, POLLIN | POLLOUT) == 0);
	for (i = 0; i < 5; i++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		CHECK(!connect_to(fd, AF_INET, port_of(l)) && write(fd, &"01234"[i], 1) == 1);
	}
	for (i = 0; i < 5; i++) {
		CHECK(await(l, POLLIN) == POLLIN && (fd = accept4(l, NULL, NULL, SOCK_CLOEXEC)) >= 0);
		flags = fcntl(fd, F_GETFL);
		CHECK(!(flags & O_NONBLOCK) && fcntl(fd, F_GETFD) == FD_CLOEXEC && read(fd, &c, 1) == 1 && c == '0' + i);
	}
	/* Who is not accepted when the listener goes is told so. */
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!connect_to(fd, AF_INET, port_of(l)) && await(l, POLLIN) == POLLIN && !close(l));
	CHECK(await(fd, POLLIN) & POLLERR);
	CHECK_ERR(read(fd, &c, 1), ECONNRESET);
}

static void nothing(int sig)
{
	(void)sig;
}

/* recv() that a signal interrupts, with SO_RCVTIMEO as @timeout says; its errno. */
static int interrupted(int flags, bool timeout)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = flags };
	struct timeval t = { 20, 0 };
	int fd[2], status;
	pid_t pid;
	char c;

	connection(AF_INET, fd);
	pid = fork();
	if (!pid) {
		sigaction(SIGUSR1, &sa, NULL);
		if (timeout)
			setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
		_exit(recv(fd[0], &c, 1, 0) == 1 ? 0 : errno);
	}
	abi_await_call(pid, SYS_recvfrom);
	kill(pid, SIGUSR1);
	if (flags && !timeout) {
		abi_await_call(pid, SYS_recvfrom);
		CHECK(write(fd[1], "x", 1) == 1);
	}
	status = abi_wait(pid);
	close(fd[0]);
	close(fd[1]);
	return WEXITSTATUS(status);
}

ABI_CASE(internet_waits_end_as_they_should)
{
	struct timeval t = { 0, 20000 };
	int fd[2], l = listener(AF_INET, 1);
	char c, big[65536] = "";

	CHECK(interrupted(0, false) == EINTR && interrupted(SA_RESTART, false) == 0 && interrupted(SA_RESTART, true) == EINTR);
	connection(AF_INET, fd);
	CHECK(!setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) && !setsockopt(fd[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)));
	CHECK_ERR(recv(fd[0], &c, 1, 0), EAGAIN);
	while (write(fd[0], big, sizeof(big)) > 0)
		;
	CHECK(errno == EAGAIN && !(ready(fd[0], POLLOUT) & POLLOUT));
	CHECK(!setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	CHECK_ERR(accept(l, NULL, NULL), EAGAIN);
}

static void *receiver(void *arg)
{
	char c;

	return (void *)(long)recv(*(int *)arg, &c, 1, 0);
}

static void *acceptor(void *arg)
{
	return (void *)(long)(accept(*(int *)arg, NULL, NULL) < 0 ? -errno : 0);
}

ABI_CASE(shutdown_ends_the_waits_of_others)
{
	int fd[2], l = listener(AF_INET, 1);
	pthread_t t;
	void *result;

	connection(AF_INET, fd);
	CHECK(!pthread_create(&t, NULL, receiver, &fd[0]));
	usleep(20000);
	CHECK(!shutdown(fd[0], SHUT_RD) && !pthread_join(t, &result) && result == NULL);
	CHECK(!pthread_create(&t, NULL, acceptor, &l));
	usleep(20000);
	CHECK(!shutdown(l, SHUT_RD) && !pthread_join(t, &result) && result == (void *)-(long)EINVAL);
}

ABI_CASE(epoll_tells_of_internet_sockets)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET }, got;
	int fd[2], ep = epoll_create1(0);

	connection(AF_INET6, fd);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e) && epoll_wait(ep, &got, 1, 0) == 0);
	CHECK(write(fd[1], "a", 1) == 1 && epoll_wait(ep, &got, 1, WAIT_MS) == 1 && got.events == EPOLLIN);
	CHECK(epoll_wait(ep, &got, 1, 0) == 0);
	CHECK(write(fd[1], "b", 1) == 1 && epoll_wait(ep, &got, 1, WAIT_MS) == 1 && got.events == EPOLLIN);
	CHECK(!close(fd[1]) && epoll_wait(ep, &got, 1, WAIT_MS) == 1 && got.events & EPOLLRDHUP);
}

ABI_CASE(internet_sockets_travel_and_are_spliced)
{
	char control[CMSG_SPACE(sizeof(int))] = "", c[16];
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int fd[2], pair[2], p[2], file, other;

	connection(AF_INET, fd);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd[0], sizeof(int));
	CHECK(sendmsg(pair[0], &m, 0) == 1 && !close(fd[0]));
	v.iov_base = c;
	CHECK(recvmsg(pair[1], &m, 0) == 1);
	memcpy(&other, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	CHECK(write(other, "went", 4) == 4 && recv(fd[1], c, 4, MSG_WAITALL) == 4 && !memcmp(c, "went", 4));
	/* A file into a socket, and a socket into a pipe. */
	abi_fresh();
	file = open("f", O_RDWR | O_CREAT, 0644);
	CHECK(file >= 0 && write(file, "contents", 8) == 8);
	CHECK(sendfile(other, file, &(off_t){ 0 }, 8) == 8 && !pipe(p));
	CHECK(splice(fd[1], NULL, p[1], NULL, 8, 0) == 8 && read(p[0], c, 16) == 8 && !memcmp(c, "contents", 8));
	CHECK(write(p[1], "pipe", 4) == 4 && splice(p[0], NULL, fd[1], NULL, 4, 0) == 4);
	CHECK(recv(other, c, 4, MSG_WAITALL) == 4 && !memcmp(c, "pipe", 4));
}

static _Atomic int stop_races;

static void *racing_clients(void *arg)
{
	uint16_t port = *(uint16_t *)arg;

	while (!stop_races) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		connect_to(fd, AF_INET, port);
		send(fd, "racing", 6, MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return NULL;
}

static void *racing_server(void *arg)
{
	char c[8];

	while (!stop_races) {
		int fd = accept(*(int *)arg, NULL, NULL);

		if (fd < 0)
			continue;
		recv(fd, c, 3, MSG_DONTWAIT);
		shutdown(fd, SHUT_RDWR);
		close(fd);
	}
	return NULL;
}

ABI_CASE(races_of_accept_and_close_end_well)
{
	int l = listener(AF_INET, 4), fd;
	uint16_t port = port_of(l);
	pthread_t t[4];
	char c;

	CHECK(!fcntl(l, F_SETFL, O_NONBLOCK));
	CHECK(!pthread_create(&t[0], NULL, racing_clients, &port) && !pthread_create(&t[1], NULL, racing_clients, &port));
	CHECK(!pthread_create(&t[2], NULL, racing_server, &l) && !pthread_create(&t[3], NULL, racing_server, &l));
	usleep(300000);
	stop_races = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	/* It still serves. */
	while ((fd = accept(l, NULL, NULL)) >= 0)
		close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!fcntl(l, F_SETFL, 0) && !connect_to(fd, AF_INET, port) && (l = accept(l, NULL, NULL)) >= 0);
	CHECK(write(fd, "!", 1) == 1 && read(l, &c, 1) == 1 && c == '!');
}
