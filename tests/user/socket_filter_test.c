// SPDX-License-Identifier: GPL-2.0
/* Filters of sockets (SO_ATTACH_FILTER): what they see, drop and cut; what is refused; what connections inherit. */
#include <unistd.h>
#include "filter.h"
#include "inet.h"

#define NETLINK_USERSOCK	2
#define LOAD_BYTE	0x30
#define LOAD_HALF	0x28
#define LOAD_WORD	0x20
#define BYTE_AT_X	0x50
#define SET_A(k)	{ 0x00, 0, 0, k }
#define SET_X(k)	{ 0x01, 0, 0, k }
#define ADD(k)		{ 0x04, 0, 0, k }
#define RETURN_A	{ 0x16, 0, 0, 0 }
#define KNOWN(n)	(0xfffff000u + (n))	/* what is known of a packet */
#define NETWORK(n)	(0xfff00000u + (n))
#define LINK(n)		(0xffe00000u + (n))
#define SENT		200
#define NR_MOST		4096
#define MOMENT_MS	30

struct netlink_name {
	unsigned short family, pad;
	unsigned int port, groups;
};

struct kind {
	int from, to;
	int header;		/* how much of a packet stands before what is sent */
};

static int attach(int fd, const struct insn *insns, size_t nr)
{
	struct program program = { (unsigned short)nr, insns };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

#define ATTACH(fd, ...) ({ const struct insn insns_[] = { __VA_ARGS__ }; attach(fd, insns_, LENGTH(insns_)); })

static int switched(int fd, int option, int v)
{
	return setsockopt(fd, SOL_SOCKET, option, &v, sizeof(v));
}

static struct kind unix_kind(int type)
{
	int fd[2];

	CHECK(!socketpair(AF_UNIX, type, 0, fd));
	return (struct kind){ fd[0], fd[1], 0 };
}

static struct kind udp_kind(int family)
{
	struct kind k = { bound(family, SOCK_DGRAM), bound(family, SOCK_DGRAM), 8 };

	CHECK(!connect_to(k.from, family, port_of(k.to)));
	return k;
}

static struct kind netlink_kind(void)
{
	struct netlink_name name = { .family = AF_NETLINK };
	socklen_t n = sizeof(name);
	struct kind k = { socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK), socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK), 0 };

	CHECK(k.from >= 0 && !bind(k.to, (struct sockaddr *)&name, n) && !getsockname(k.to, (struct sockaddr *)&name, &n));
	CHECK(!connect(k.from, (struct sockaddr *)&name, n));
	return k;
}

/* What comes in of SENT bytes that count up, through this filter; -1: nothing. */
static int comes(const struct kind *k, const struct insn *insns, size_t nr)
{
	unsigned char out[SENT], in[2 * SENT];
	ssize_t n;

	for (int i = 0; i < SENT; i++)
		out[i] = (unsigned char)i;
	CHECK(!attach(k->to, insns, nr) && send(k->from, out, SENT, 0) > 0);
	/* Linux may bring a datagram a moment later. */
	CHECK(poll(&(struct pollfd){ .fd = k->to, .events = POLLIN }, 1, MOMENT_MS) >= 0);
	n = recv(k->to, in, sizeof(in), MSG_DONTWAIT);
	if (n < 0)
		CHECK(errno == EAGAIN);
	else
		CHECK(n <= SENT && !memcmp(in, out, (size_t)n));
	CHECK(!switched(k->to, SO_DETACH_FILTER, 0));
	return (int)n;
}

#define COMES(k, ...) ({ const struct insn insns_[] = { __VA_ARGS__ }; comes(k, insns_, LENGTH(insns_)); })
/* The number that the filter computes in A, 0 to 100. */
#define COMPUTES(k, ...) (COMES(k, __VA_ARGS__, ADD((unsigned int)(k)->header + 50), RETURN_A) - 50)

static void filters_cut(struct kind k)
{
	CHECK(COMES(&k, RETURN(0)) == -1 && COMES(&k, RETURN(0xffffffff)) == SENT);
	CHECK(COMES(&k, RETURN((unsigned int)k.header + 9)) == 9 && COMES(&k, RETURN(1)) == (k.header ? 0 : 1));
	CHECK(COMPUTES(&k, { LOAD_BYTE, 0, 0, (unsigned int)k.header + 7 }) == 7);
	CHECK(COMPUTES(&k, { LOAD_HALF, 0, 0, (unsigned int)k.header }) == 1);
	CHECK(COMPUTES(&k, SET_X(3), { BYTE_AT_X, 0, 0, (unsigned int)k.header + 7 }) == 10);
	CHECK(COMPUTES(&k, SET_X(-4), { BYTE_AT_X, 0, 0, (unsigned int)k.header + 7 }) == 3);
	/* Four times the low half of a byte. */
	CHECK(COMPUTES(&k, { 0xb1, 0, 0, (unsigned int)k.header + 0x13 }, { 0x87, 0, 0, 0 }) == 12);
	CHECK(COMPUTES(&k, { 0x80, 0, 0, 0 }, { 0x14, 0, 0, SENT }) == k.header);
	CHECK(COMPUTES(&k, SET_A(45), { 0x94, 0, 0, 7 }) == 3);
	CHECK(COMPUTES(&k, SET_A(0x55), SET_X(0x33), { LOAD_WORD, 0, 0, KNOWN(40) }, { 0x54, 0, 0, 0x3f }) == 0x26);
	CHECK(COMPUTES(&k, { LOAD_WORD, 0, 0, KNOWN(4) }) == 0 && COMPUTES(&k, { LOAD_WORD, 0, 0, KNOWN(60) }) == 0);
	/* What is not there ends the program, and nothing comes. */
	CHECK(COMES(&k, { LOAD_WORD, 0, 0, (unsigned int)k.header + SENT - 4 }, RETURN(99)) != -1);
	CHECK(COMES(&k, { LOAD_WORD, 0, 0, (unsigned int)k.header + SENT - 3 }, RETURN(99)) == -1);
	CHECK(COMES(&k, SET_X(0xffffffff), { BYTE_AT_X, 0, 0, 0 }, RETURN(99)) == -1);
	CHECK(COMES(&k, { LOAD_BYTE, 0, 0, 0x80000000 }, RETURN(99)) == -1);
	CHECK(COMES(&k, SET_A(5), { 0x3c, 0, 0, 0 }, RETURN(99)) == -1 && COMES(&k, SET_A(5), { 0x9c, 0, 0, 0 }, RETURN(99)) == -1);
}

ABI_CASE(filters_cut_and_drop_messages)
{
	filters_cut(unix_kind(SOCK_DGRAM));
	filters_cut(unix_kind(SOCK_SEQPACKET));
	filters_cut(udp_kind(AF_INET));
	filters_cut(udp_kind(AF_INET6));
	filters_cut(netlink_kind());
}

ABI_CASE(filters_see_where_a_datagram_came_from)
{
	struct kind k = udp_kind(AF_INET), v = udp_kind(AF_INET6), u = unix_kind(SOCK_DGRAM);

	CHECK(COMPUTES(&k, { LOAD_WORD, 0, 0, KNOWN(8) }) == 1 && COMPUTES(&k, { LOAD_HALF, 0, 0, KNOWN(28) }, { 0x14, 0, 0, 772 }) == 0);
	CHECK(COMPUTES(&k, { LOAD_WORD, 0, 0, KNOWN(0) }, { 0x14, 0, 0, 0x800 }) == 0 && COMPUTES(&k, { LOAD_WORD, 0, 0, KNOWN(52) }) == 8);
	CHECK(COMPUTES(&v, { LOAD_WORD, 0, 0, KNOWN(0) }, { 0x14, 0, 0, 0x86dd }) == 0);
	/* UDP in the header of IP, its version, and lo's header before it. */
	CHECK(COMPUTES(&k, { LOAD_BYTE, 0, 0, NETWORK(9) }) == IPPROTO_UDP && COMPUTES(&v, { LOAD_BYTE, 0, 0, NETWORK(6) }) == IPPROTO_UDP);
	CHECK(COMPUTES(&k, { LOAD_BYTE, 0, 0, LINK(14) }) == 0x45 && COMPUTES(&k, { LOAD_HALF, 0, 0, LINK(12) }, { 0x14, 0, 0, 0x800 }) == 0);
	CHECK(COMPUTES(&k, { LOAD_HALF, 0, 0, 0 }, { 0x14, 0, 0, port_of(k.from) }) == 0);
	CHECK(COMPUTES(&k, { LOAD_HALF, 0, 0, 4 }, { 0x14, 0, 0, SENT }) == 8);
	/* A message within the machine came by no interface: the program ends with what it has. */
	CHECK(COMES(&u, SET_A(60), { LOAD_WORD, 0, 0, KNOWN(8) }, RETURN(9)) == 60);
	CHECK(COMES(&u, { LOAD_BYTE, 0, 0, LINK(14) }, RETURN(9)) == -1 && COMPUTES(&u, { LOAD_BYTE, 0, 0, NETWORK(9) }) == 9);
	CHECK(COMPUTES(&u, { LOAD_WORD, 0, 0, KNOWN(0) }) == 0);
}

ABI_CASE(filters_find_attributes)
{
	static const unsigned char m[36] = { 8, 0, 1, 0, 1, 2, 3, 4, 20, 0, 2, 0, 8, 0, 5, 0, 1, 1, 1, 1, 8, 0, 6, 0x80, 2, 2, 2, 2, 5, 0, 7, 0, 9 };
	static const struct { unsigned int at, type; bool nested; int found; } cases[] = {
		{ 0, 1, false, 0 }, { 0, 2, false, 8 }, { 0, 9, false, 0 }, { 8, 5, true, 12 }, { 8, 1, true, 0 }, { 4, 7, false, 0 },
		{ 60, 1, false, 0 }, { 100, 1, false, 0 }, { -8u, 1, false, 0 }, { 33, 1, false, 0 }, { 0, 0x4001, false, 0 },
	};
	struct kind k = unix_kind(SOCK_DGRAM);
	char in[64];

	for (size_t i = 0; i < LENGTH(cases); i++) {
		CHECK(!ATTACH(k.to, SET_A(cases[i].at), SET_X(cases[i].type), { LOAD_WORD, 0, 0, KNOWN(cases[i].nested ? 16 : 12) }, ADD(20),
			      RETURN_A));
		CHECK(send(k.from, m, sizeof(m), 0) == sizeof(m) && recv(k.to, in, sizeof(in), MSG_DONTWAIT) == 20 + cases[i].found);
	}
}

ABI_CASE(unsafe_filters_are_refused)
{
	static const struct insn bad[][3] = {
		{ { 0x60, 0, 0, 15 }, RETURN_A }, { { 0x02, 0, 0, 16 }, RETURN(1) }, { RETURN(1), { 0x60, 0, 0, 0 }, RETURN(1) },
		{ { 0x94, 0, 0, 0 }, RETURN(1) }, { { 0x34, 0, 0, 0 }, RETURN(1) }, { { 0x64, 0, 0, 32 }, RETURN(1) },
		{ { 0x05, 0, 0, 2 }, RETURN(1) }, { { 0x15, 2, 0, 0 }, RETURN(1) }, { { 0x15, 0, 255, 0 }, RETURN(1) },
		{ { LOAD_WORD, 0, 0, KNOWN(1) }, RETURN(1) }, { { LOAD_WORD, 0, 0, KNOWN(64) }, RETURN(1) },
		{ { LOAD_WORD, 0, 0, 0xffffffff }, RETURN(1) }, { { 0x8c, 0, 0, 0 }, RETURN(1) }, { { 0x41, 0, 0, 0 }, RETURN(1) },
		{ { 0xa1, 0, 0, 0 }, RETURN(1) }, { { 0x88, 0, 0, 0 }, RETURN(1) }, { { 0x106, 0, 0, 0 }, RETURN(1) },
		{ { 0x0e, 0, 0, 0 }, RETURN(1) }, { RETURN(1), SET_A(1) },
	};
	struct insn fine[] = { RETURN(1) };
	struct program program = { 1, fine };
	char raw[24];
	int fd = unix_kind(SOCK_DGRAM).to;

	for (size_t i = 0; i < LENGTH(bad); i++)
		CHECK_ERR(attach(fd, bad[i], bad[i][2].code || bad[i][2].k ? 3 : 2), EINVAL);
	CHECK(!ATTACH(fd, { 0x02, 0, 0, 0 }, RETURN(1), { 0x60, 0, 0, 0 }, RETURN(1)));
	memcpy(raw, &program, sizeof(program));
	for (socklen_t n = 0; n <= sizeof(raw); n++)
		if (n != sizeof(program))
			CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, raw, n), EINVAL);
	CHECK_ERR(attach(fd, fine, 0), EINVAL);
	CHECK_ERR(attach(fd, fine, NR_MOST + 1), EINVAL);
	CHECK_ERR(attach(fd, NULL, 1), EINVAL);
	CHECK_ERR(attach(fd, BAD, 1), EFAULT);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, BAD, sizeof(program)), EFAULT);
}

ABI_CASE(filters_are_told_replaced_and_locked)
{
	static struct insn many[NR_MOST];
	struct insn f[] = { RETURN(5), RETURN(6) }, g[8] = { RETURN(0) };
	int fd = unix_kind(SOCK_DGRAM).to, locked = 9;
	socklen_t n = 8;

	CHECK_ERR(switched(fd, SO_DETACH_FILTER, 0), ENOENT);
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, g, &n) && n == 0 && !attach(fd, f, 2));
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &n) && n == 2);
	n = 1;
	CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, g, &n), EINVAL);
	n = 8;
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, g, &n) && n == 2 && g[0].k == 5 && g[1].k == 6);
	CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, BAD, &n), EFAULT);
	/* What one socket's filters may hold. */
	for (int i = 0; i < NR_MOST; i++)
		many[i] = (struct insn)SET_A(1);
	many[NR_MOST - 1] = many[1999] = (struct insn)RETURN(1);
	CHECK_ERR(attach(fd, many, NR_MOST), ENOMEM);
	CHECK(!attach(fd, many, 2000));
	CHECK_ERR(attach(fd, many, 2000), ENOMEM);
	CHECK(!switched(fd, SO_DETACH_FILTER, 0) && !attach(fd, many, 2000));
	n = sizeof(locked);
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &locked, &n) && locked == 0 && !switched(fd, SO_LOCK_FILTER, 7));
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &locked, &n) && locked == 1);
	CHECK_ERR(switched(fd, SO_LOCK_FILTER, 0), EPERM);
	CHECK_ERR(switched(fd, SO_DETACH_FILTER, 0), EPERM);
	CHECK_ERR(attach(fd, f, 2), EPERM);
}

ABI_CASE(a_stream_within_the_machine_is_not_filtered)
{
	struct kind k = unix_kind(SOCK_STREAM);

	CHECK(COMES(&k, RETURN(0)) == SENT && COMES(&k, RETURN(1)) == SENT);
}

ABI_CASE(segments_that_a_filter_drops_come_again)
{
	int fd[2], on = 1;
	char c[8];

	connection(AF_INET, fd);
	CHECK(!setsockopt(fd[0], IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on)));
	CHECK(!ATTACH(fd[1], RETURN(0)) && send(fd[0], "again", 5, 0) == 5);
	CHECK(poll(&(struct pollfd){ .fd = fd[1], .events = POLLIN }, 1, 100) == 0);
	CHECK(!switched(fd[1], SO_DETACH_FILTER, 0) && await(fd[1], POLLIN) == POLLIN && recv(fd[1], c, 8, 0) == 5 && !memcmp(c, "again", 5));
	/* Source port and first byte of a segment's data, as they came. */
	CHECK(!ATTACH(fd[1], { LOAD_HALF, 0, 0, 0 }, EQUAL(port_of(fd[0]), 1, 0), RETURN(0), RETURN(0xffffffff)));
	CHECK(send(fd[0], "seen", 4, 0) == 4 && await(fd[1], POLLIN) == POLLIN && recv(fd[1], c, 8, 0) == 4);
}

ABI_CASE(connections_inherit_a_filter)
{
	struct insn g[4];
	int l = listener(AF_INET, 4), c = socket(AF_INET, SOCK_STREAM, 0), a, locked = 0;
	socklen_t n = 4;

	CHECK(!ATTACH(l, RETURN(0xffffffff), RETURN(7)) && !switched(l, SO_LOCK_FILTER, 1) && !connect_to(c, AF_INET, port_of(l)));
	a = accept(l, NULL, NULL);
	CHECK(a >= 0 && !getsockopt(a, SOL_SOCKET, SO_GET_FILTER, g, &n) && n == 2 && g[1].k == 7);
	n = sizeof(locked);
	CHECK(!getsockopt(a, SOL_SOCKET, SO_LOCK_FILTER, &locked, &n) && locked == 1 && !close(l));
	CHECK(send(c, "x", 1, 0) == 1 && await(a, POLLIN) == POLLIN);
}

/* Most programs of random instructions are refused, some run: none does harm. */
ABI_CASE(random_filters_do_no_harm)
{
	static const unsigned short codes[] = {
		0x00, 0x01, 0x02, 0x03, 0x04, 0x07, 0x0c, 0x14, 0x1c, 0x20, 0x28, 0x30, 0x34, 0x3c, 0x40, 0x48, 0x50, 0x54, 0x60, 0x61, 0x64, 0x6c,
		0x74, 0x7c, 0x80, 0x81, 0x84, 0x87, 0x94, 0x9c, 0xa4, 0xac, 0xb1, 0x05, 0x15, 0x1d, 0x25, 0x35, 0x45, 0x06, 0x16,
	};
	static const unsigned int bases[] = { 0, 0, 0, KNOWN(0), NETWORK(0), LINK(0), 0x80000000, SENT, 0xfffffff0 };
	struct kind kinds[] = { unix_kind(SOCK_DGRAM), udp_kind(AF_INET), netlink_kind() };
	unsigned char out[SENT], in[2 * SENT];
	struct insn insns[12];
	unsigned int seed = 4711;
	int ran = 0;

	for (int i = 0; i < SENT; i++)
		out[i] = (unsigned char)(i % 9);
	for (int round = 0; round < 6000; round++) {
		struct kind *k = &kinds[round % 3];
		size_t nr = 1 + (size_t)rand_r(&seed) % LENGTH(insns);

		for (size_t i = 0; i < nr; i++) {
			insns[i] = (struct insn){ codes[(size_t)rand_r(&seed) % LENGTH(codes)], rand_r(&seed) % 3, rand_r(&seed) % 3,
						  bases[(size_t)rand_r(&seed) % LENGTH(bases)] + (unsigned int)rand_r(&seed) % 64 };
			if (rand_r(&seed) % 3 == 0)
				insns[i].k &= 15;
		}
		insns[nr - 1].code = rand_r(&seed) % 2 ? 0x16 : 0x06;
		if (attach(k->to, insns, nr))
			continue;
		ran++;
		CHECK(send(k->from, out, SENT, 0) > 0 && recv(k->to, in, sizeof(in), MSG_DONTWAIT) <= SENT);
	}
	CHECK(ran > 100);
}
