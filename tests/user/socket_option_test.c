// SPDX-License-Identifier: GPL-2.0
/* Options that sockets of every family have: buffers beyond the ordinary bound, what is kept for who asks. */
#include "inet.h"

#define NOBODY		65534
#define NETLINK_USERSOCK	2
#define ORDINARY	(2 * 212992)
#define BEYOND		1000000

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
