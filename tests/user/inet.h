/* SPDX-License-Identifier: GPL-2.0 */
/* Internet sockets over the loopback, for tests: at ports of the kernel's choice. */
#ifndef TESTS_USER_INET_H
#define TESTS_USER_INET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include "abi.h"

#define WAIT_MS	30000

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Wait until @fd has one of @events; all that it has. */
static inline short await(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	CHECK(poll(&p, 1, WAIT_MS) == 1);
	return p.revents;
}

static inline short ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

static inline socklen_t loopback(union name *a, int family, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	a->any.sa_family = family;
	if (family == AF_INET)
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		a->v6.sin6_addr = in6addr_loopback;
	a->v4.sin_port = htons(port);	/* in both at the same place */
	return family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
}

static inline uint16_t port_of(int fd)
{
	union name a;
	socklen_t n = sizeof(a);

	CHECK(!getsockname(fd, &a.any, &n));
	return ntohs(a.v4.sin_port);
}

/* A socket at the loopback's address, at a port of the kernel's choice. */
static inline int bound(int family, int type)
{
	union name a;
	int fd = socket(family, type, 0);

	CHECK(fd >= 0 && !bind(fd, &a.any, loopback(&a, family, 0)) && port_of(fd));
	return fd;
}

static inline int listener(int family, int backlog)
{
	int fd = bound(family, SOCK_STREAM);

	CHECK(!listen(fd, backlog));
	return fd;
}

static inline int connect_to(int fd, int family, uint16_t port)
{
	union name a;
	socklen_t n = loopback(&a, family, port);

	return connect(fd, &a.any, n);
}

/* Both ends of a new connection. */
static inline void connection(int family, int fd[2])
{
	int l = listener(family, 4);

	fd[0] = socket(family, SOCK_STREAM, 0);
	CHECK(fd[0] >= 0 && !connect_to(fd[0], family, port_of(l)));
	fd[1] = accept(l, NULL, NULL);
	CHECK(fd[1] >= 0 && !close(l));
}

/* A port that nobody has: it was somebody's a moment ago. */
static inline uint16_t free_port(int type)
{
	int fd = bound(AF_INET, type);
	uint16_t port = port_of(fd);

	CHECK(!close(fd));
	return port;
}

#endif
