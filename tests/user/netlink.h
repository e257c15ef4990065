/* SPDX-License-Identifier: GPL-2.0 */
/* Netlink sockets for tests: requests and their answers. */
#ifndef TESTS_USER_NETLINK_H
#define TESTS_USER_NETLINK_H

#include <poll.h>
#include <sys/socket.h>
#include <uapi/ferry/linux_netlink.h>
#include "abi.h"

#define NETLINK_ALIGN(n)	(((n) + 3u) & ~3u)
#define WAIT_MS		30000

static inline int netlink(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	CHECK(fd >= 0);
	return fd;
}

static inline int netlink_bind(int fd, uint32_t port, uint32_t groups)
{
	struct linux_sockaddr_nl a = { .family = AF_NETLINK, .port = port, .groups = groups };

	return bind(fd, (struct sockaddr *)&a, sizeof(a));
}

static inline struct linux_sockaddr_nl netlink_name(int fd)
{
	struct linux_sockaddr_nl a;
	socklen_t n = sizeof(a);

	CHECK(!getsockname(fd, (struct sockaddr *)&a, &n) && n == sizeof(a) && a.family == AF_NETLINK);
	return a;
}

static inline ssize_t netlink_send(int fd, uint32_t port, uint32_t groups, const void *data, size_t n, int flags)
{
	struct linux_sockaddr_nl a = { .family = AF_NETLINK, .port = port, .groups = groups };

	return sendto(fd, data, n, flags, (struct sockaddr *)&a, sizeof(a));
}

static inline int netlink_option(int fd, int option, int v)
{
	return setsockopt(fd, LINUX_SOL_NETLINK, option, &v, sizeof(v));
}

static inline short netlink_ready(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK(poll(&p, 1, timeout_ms) >= 0);
	return p.revents;
}

/* A request with @n bytes behind its header. */
static inline void netlink_ask(int fd, uint16_t type, uint16_t flags, uint32_t seq, const void *data, size_t n)
{
	struct {
		struct linux_nlmsghdr h;
		char data[2048];
	} r = { .h = { .length = sizeof(struct linux_nlmsghdr) + n, .type = type, .flags = LINUX_NLM_F_REQUEST | flags, .seq = seq } };

	CHECK(n <= sizeof(r.data));
	memcpy(r.data, data, n);
	CHECK(send(fd, &r, r.h.length, 0) == (ssize_t)r.h.length);
}

/* What comes next, which must be messages; bytes. */
static inline int netlink_receive(int fd, void *to, size_t size)
{
	ssize_t n;

	CHECK(netlink_ready(fd, WAIT_MS) & (POLLIN | POLLERR));
	n = recv(fd, to, size, 0);
	CHECK(n >= (ssize_t)sizeof(struct linux_nlmsghdr));
	return n;
}

/* The error that is told next for request @seq: 0 or -errno. */
static inline int netlink_verdict(int fd, uint32_t seq)
{
	char text[8192] __attribute__((aligned(4)));
	struct linux_nlmsghdr *h = (struct linux_nlmsghdr *)text;
	int n = netlink_receive(fd, text, sizeof(text));

	CHECK(h->length <= (uint32_t)n && h->type == LINUX_NLMSG_ERROR && h->seq == seq);
	return ((struct linux_nlmsgerr *)(h + 1))->error;
}

/* Attribute @type in the @n bytes at @data, or NULL. */
static inline const struct linux_nlattr *netlink_attribute(const void *data, int n, unsigned int type)
{
	const struct linux_nlattr *a = data;

	while (n >= (int)sizeof(*a) && a->length >= sizeof(*a) && a->length <= n) {
		if ((a->type & LINUX_NLA_TYPE_MASK) == type)
			return a;
		n -= NETLINK_ALIGN(a->length);
		a = (const void *)((const char *)a + NETLINK_ALIGN(a->length));
	}
	return NULL;
}

#endif
