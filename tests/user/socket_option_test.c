// SPDX-License-Identifier: GPL-2.0
/* Options that sockets of every family have: buffers beyond the ordinary bound, what is kept for who asks. */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include "inet.h"

#define NOBODY		65534
#define NETLINK_USERSOCK	2
#define ORDINARY	(2 * 212992)
#define BEYOND		1000000
#define TIMESTAMP_NEW	63
#define TIMESTAMPNS_NEW	64

static int value(int fd, int option)
{
	int v = -1;
	socklen_t n = sizeof(v);

	CHECK(!getsockopt(fd, SOL_SOCKET, option, &v, &n) && n == sizeof(v));
	return v;
}

static int set(int fd, int option, int v)
{
	return setsockopt(fd, SOL_SOCKET, option, &v, sizeof(v));
}

/* A socket of each family and kind. */
static int kind(int i)
{
	switch (i) {
	case 0:
		return socket(AF_UNIX, SOCK_DGRAM, 0);
	case 1:
		return socket(AF_UNIX, SOCK_STREAM, 0);
	case 2:
		return socket(AF_INET, SOCK_DGRAM, 0);
	case 3:
		return socket(AF_INET6, SOCK_STREAM, 0);
	default:
		return socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK);
	}
}

#define KINDS	5

ABI_CASE(buffers_go_beyond_their_bound_by_force_alone)
{
	int fd[KINDS];

	for (int i = 0; i < KINDS; i++) {
		fd[i] = kind(i);
		CHECK(!set(fd[i], SO_SNDBUF, BEYOND) && value(fd[i], SO_SNDBUF) == ORDINARY);
		CHECK(!set(fd[i], SO_RCVBUF, -1) && value(fd[i], SO_RCVBUF) == ORDINARY);
		CHECK(!set(fd[i], SO_SNDBUFFORCE, BEYOND) && value(fd[i], SO_SNDBUF) == 2 * BEYOND);
		CHECK(!set(fd[i], SO_RCVBUFFORCE, BEYOND) && value(fd[i], SO_RCVBUF) == 2 * BEYOND);
		/* Less than nothing is the least there may be. */
		CHECK(!set(fd[i], SO_SNDBUFFORCE, -1) && value(fd[i], SO_SNDBUF) == 4608);
		CHECK(!set(fd[i], SO_RCVBUFFORCE, -256) && value(fd[i], SO_RCVBUF) == 2304);
		CHECK(!set(fd[i], SO_SNDBUFFORCE, INT32_MAX) && value(fd[i], SO_SNDBUF) > ORDINARY);
	}
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	for (int i = 0; i < KINDS; i++) {
		CHECK_ERR(set(fd[i], SO_SNDBUFFORCE, 5000), EPERM);
		CHECK_ERR(set(fd[i], SO_RCVBUFFORCE, 5000), EPERM);
		CHECK(!set(fd[i], SO_RCVBUF, 5000) && value(fd[i], SO_RCVBUF) == 10000);
	}
}

ABI_CASE(a_forced_buffer_holds_more)
{
	static char data[300000], got[300000];
	int fd[2];

	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) && !set(fd[0], SO_SNDBUF, 100000));
	CHECK_ERR(send(fd[0], data, sizeof(data), MSG_DONTWAIT), EMSGSIZE);
	CHECK(!set(fd[0], SO_SNDBUFFORCE, 400000));
	memset(data, 'x', sizeof(data));
	CHECK(send(fd[0], data, sizeof(data), MSG_DONTWAIT) == sizeof(data) && recv(fd[1], got, sizeof(got), 0) == sizeof(got));
	CHECK(!memcmp(data, got, sizeof(data)));
}

ABI_CASE(sockets_keep_their_options)
{
	struct linger on = { 1, 5 }, off = { 0, 9 }, got;
	socklen_t n;
	int fd[KINDS];

	for (int i = 0; i < KINDS; i++) {
		fd[i] = kind(i);
		CHECK(value(fd[i], SO_PRIORITY) == 0 && !set(fd[i], SO_PRIORITY, 6) && value(fd[i], SO_PRIORITY) == 6);
		CHECK(!set(fd[i], SO_PRIORITY, 7) && value(fd[i], SO_PRIORITY) == 7 && !set(fd[i], SO_PRIORITY, -1));
		CHECK(!set(fd[i], SO_KEEPALIVE, 5) && value(fd[i], SO_KEEPALIVE) == 1 && value(fd[i], SO_BROADCAST) == 0);
		CHECK(!set(fd[i], SO_KEEPALIVE, 0) && value(fd[i], SO_KEEPALIVE) == 0);
		CHECK(!setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &on, sizeof(on)));
		n = sizeof(got);
		CHECK(!getsockopt(fd[i], SOL_SOCKET, SO_LINGER, &got, &n) && got.l_onoff == 1 && got.l_linger == 5);
		CHECK(!setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &off, sizeof(off)));
		CHECK(!getsockopt(fd[i], SOL_SOCKET, SO_LINGER, &got, &n) && got.l_onoff == 0 && got.l_linger == 5);
		CHECK(value(fd[i], SO_RCVLOWAT) == 1 && !set(fd[i], SO_RCVLOWAT, 100) && value(fd[i], SO_RCVLOWAT) == 100);
		CHECK(!set(fd[i], SO_RCVLOWAT, 0) && value(fd[i], SO_RCVLOWAT) == 1);
	}
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	for (int i = 0; i < KINDS; i++) {
		CHECK_ERR(set(fd[i], SO_PRIORITY, 7), EPERM);
		CHECK_ERR(set(fd[i], SO_PRIORITY, -1), EPERM);
		CHECK(!set(fd[i], SO_PRIORITY, 0));
	}
}

static int64_t date(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Receive a byte from @fd: which option's time it came with (0: none), in ns at @when. */
static int stamp_of(int fd, int64_t *when)
{
	char c, control[256];
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *h;
	int64_t t[2];

	CHECK(recvmsg(fd, &m, 0) == 1 && !(m.msg_flags & MSG_CTRUNC));
	h = CMSG_FIRSTHDR(&m);
	if (!h)
		return 0;
	CHECK(h->cmsg_level == SOL_SOCKET && h->cmsg_len == CMSG_LEN(sizeof(t)) && (char *)h + CMSG_SPACE(sizeof(t)) == control + m.msg_controllen);
	memcpy(t, CMSG_DATA(h), sizeof(t));
	*when = t[0] * 1000000000 + t[1] * (h->cmsg_type == SO_TIMESTAMP || h->cmsg_type == TIMESTAMP_NEW ? 1000 : 1);
	return h->cmsg_type;
}

ABI_CASE(messages_come_with_their_times)
{
	static const int options[] = { SO_TIMESTAMP, SO_TIMESTAMPNS, TIMESTAMP_NEW, TIMESTAMPNS_NEW };
	int pairs[3][2];
	int64_t before, after, when;

	connection(AF_INET, pairs[0]);
	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, pairs[1]));
	pairs[2][1] = bound(AF_INET6, SOCK_DGRAM);
	pairs[2][0] = socket(AF_INET6, SOCK_DGRAM, 0);
	CHECK(!connect_to(pairs[2][0], AF_INET6, port_of(pairs[2][1])));
	for (unsigned int i = 0; i < 3; i++) {
		int to = pairs[i][0], from = pairs[i][1];

		for (unsigned int k = 0; k < 4; k++) {
			CHECK(value(from, options[k]) == 0 && !set(from, options[k], 1));
			for (unsigned int other = 0; other < 4; other++)
				/* The new one of microseconds does not ask whether it is nanoseconds that are told. */
				CHECK(value(from, options[other]) == (other == k || (other == 2 && k == 3)));
			before = date() / 1000 * 1000;
			CHECK(write(to, "x", 1) == 1 && await(from, POLLIN) & POLLIN);
			after = date();
			usleep(2000);
			CHECK(stamp_of(from, &when) == options[k] && when >= before && when <= after);
			CHECK(!set(from, options[k], 0));
		}
		CHECK(write(to, "x", 1) == 1 && stamp_of(from, &when) == 0);
	}
}

ABI_CASE(the_last_datagram_is_asked_for_its_time)
{
	int fd = bound(AF_INET, SOCK_DGRAM), to = socket(AF_INET, SOCK_DGRAM, 0);
	int64_t before, t[2];
	char c;

	CHECK(!connect_to(to, AF_INET, port_of(fd)));
	CHECK_ERR(ioctl(fd, 0x8907, t), ENOENT);
	CHECK_ERR(ioctl(socket(AF_INET, SOCK_STREAM, 0), 0x8906, t), ENOENT);
	before = date();
	CHECK(write(to, "x", 1) == 1 && read(fd, &c, 1) == 1 && !ioctl(fd, 0x8907, t));
	CHECK(t[0] * 1000000000 + t[1] >= before && t[0] * 1000000000 + t[1] <= date());
	CHECK(!ioctl(fd, 0x8906, t) && t[1] < 1000000 && t[0] >= before / 1000000000);
	CHECK_ERR(ioctl(fd, 0x8906, BAD), EFAULT);
}

/* SO_RCVLOWAT: a read waits for so many bytes, or for as many as it has room for; poll(2) of TCP does too. */
ABI_CASE(a_read_waits_for_as_much_as_is_worth_it)
{
	int fd[2];
	pid_t pid;
	char c[8];

	for (int tcp = 0; tcp < 2; tcp++) {
		if (tcp)
			connection(AF_INET, fd);
		else
			CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
		CHECK(!set(fd[1], SO_RCVLOWAT, 4) && write(fd[0], "abc", 3) == 3);
		CHECK(!tcp || ready(fd[1], POLLIN) == 0);
		CHECK(read(fd[1], c, 1) == 1 && c[0] == 'a' && recv(fd[1], c, 8, MSG_DONTWAIT) == 2);
		CHECK_ERR(recv(fd[1], c, 8, MSG_DONTWAIT), EAGAIN);
		pid = fork();
		if (!pid)
			_exit(read(fd[1], c, 8) == 4 && !memcmp(c, "defg", 4) ? 0 : 1);
		abi_await_call(pid, SYS_read);
		CHECK(write(fd[0], "de", 2) == 2 && write(fd[0], "fg", 2) == 2 && abi_wait(pid) == 0);
		CHECK(write(fd[0], "hijk", 4) == 4 && await(fd[1], POLLIN) & POLLIN && read(fd[1], c, 8) == 4);
		/* The end is worth waking for, whatever came before it. */
		CHECK(write(fd[0], "l", 1) == 1 && !close(fd[0]) && await(fd[1], POLLIN) & POLLIN && read(fd[1], c, 8) == 1);
	}
}

static void fill(int fd)
{
	static char some[65536];

	CHECK(!fcntl(fd, F_SETFL, O_NONBLOCK));
	while (write(fd, some, sizeof(some)) > 0)
		;
	CHECK(errno == EAGAIN);
}

/* SO_LINGER: until the other end has it all, or the time is over. */
ABI_CASE(a_close_lingers_until_all_has_arrived)
{
	struct linger on = { 1, 30 };
	volatile int *step = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static char some[65536];
	int fd[2];
	pid_t pid;
	ssize_t n;

	CHECK((void *)step != MAP_FAILED);
	connection(AF_INET, fd);
	fill(fd[0]);
	pid = fork();
	if (!pid) {
		close(fd[0]);
		*step = 1;
		abi_await_call(getppid(), SYS_close);
		*step = 2;
		while ((n = read(fd[1], some, sizeof(some))) > 0)
			;
		_exit(n ? 1 : 0);
	}
	CHECK(!setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &on, sizeof(on)) && !close(fd[1]));
	while (!*step)
		usleep(1000);
	CHECK(!close(fd[0]) && *step == 2);
	CHECK(abi_wait(pid) == 0);
	connection(AF_INET, fd);
	fill(fd[0]);
	on.l_linger = 1;
	CHECK(!setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &on, sizeof(on)) && !close(fd[0]));
	CHECK(read(fd[1], some, sizeof(some)) > 0);
}

ABI_CASE(segments_are_no_longer_than_asked_for)
{
	int l = listener(AF_INET, 4), fd = socket(AF_INET, SOCK_STREAM, 0), most = 1000, now = 0;
	socklen_t n = sizeof(now);

	CHECK(!setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &most, sizeof(most)) && !connect_to(fd, AF_INET, port_of(l)));
	CHECK(!getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &now, &n) && now > 900 && now <= most);
}
