// SPDX-License-Identifier: GPL-2.0
/* Sockets as NETLINK_SOCK_DIAG tells of them. Linux needs its modules tcp_diag, udp_diag and unix_diag for these. */
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <uapi/ferry/linux_inet.h>
#include <uapi/ferry/linux_sock_diag.h>
#include "inet.h"
#undef WAIT_MS
#include "netlink.h"

#define ALL_STATES	0xfffu

static char answer[32768] __attribute__((aligned(4)));

static ino_t ino_of(int fd)
{
	struct stat st;

	CHECK(!fstat(fd, &st));
	return st.st_ino;
}

struct inet_question {
	struct linux_inet_diag_request r;
	struct linux_nlattr a;
	struct linux_inet_diag_op code[16];
};

static struct inet_question question(int family, int protocol, uint32_t states)
{
	struct inet_question q = { .r = { .family = family, .protocol = protocol, .states = states } };

	q.r.id.cookie[0] = q.r.id.cookie[1] = LINUX_DIAG_NO_COOKIE;
	return q;
}

/* How a dump of @q ends; *@found becomes the message about the socket with @ino, if there is one, and *@nr how many there are. */
static int dump(const struct inet_question *q, ino_t ino, struct linux_inet_diag_message *found, int *nr)
{
	int fd = netlink(LINUX_NETLINK_SOCK_DIAG), n;
	const struct linux_nlmsghdr *h;

	*nr = 0;
	memset(found, 0, sizeof(*found));
	netlink_ask(fd, LINUX_SOCK_DIAG_BY_FAMILY, LINUX_NLM_F_DUMP, 1, q, sizeof(q->r) + q->a.length);
	for (;;) {
		n = netlink_receive(fd, answer, sizeof(answer));
		for (h = (void *)answer; (char *)h < answer + n; h = (void *)((char *)h + NETLINK_ALIGN(h->length))) {
			const struct linux_inet_diag_message *m = (void *)(h + 1);

			if (h->type == LINUX_NLMSG_DONE || h->type == LINUX_NLMSG_ERROR) {
				close(fd);
				return *(const int32_t *)(h + 1);
			}
			CHECK(h->type == LINUX_SOCK_DIAG_BY_FAMILY && h->length >= sizeof(*h) + sizeof(*m));
			++*nr;
			if (m->ino == ino)
				*found = *m;
		}
	}
}

static void connections_are_told(int family)
{
	struct inet_question q = question(family, IPPROTO_TCP, ALL_STATES);
	struct linux_inet_diag_message m;
	int l = listener(family, 5), fd[2], nr;

	fd[0] = socket(family, SOCK_STREAM, 0);
	CHECK(!connect_to(fd[0], family, port_of(l)));
	CHECK(!dump(&q, ino_of(l), &m, &nr) && m.state == LINUX_TCP_LISTEN && m.family == family);
	CHECK(m.id.source_port == htons(port_of(l)) && !m.id.destination_port && m.receive_queue == 1 && m.send_queue == 5);
	CHECK(m.uid == getuid());
	fd[1] = accept(l, NULL, NULL);
	CHECK(fd[1] >= 0 && write(fd[0], "hello", 5) == 5 && await(fd[1], POLLIN) == POLLIN);
	CHECK(!dump(&q, ino_of(fd[1]), &m, &nr) && m.state == LINUX_TCP_ESTABLISHED && m.receive_queue == 5);
	CHECK(m.id.source_port == htons(port_of(l)) && m.id.destination_port == htons(port_of(fd[0])));
	CHECK(m.id.source[family == AF_INET ? 0 : 3] == htonl(family == AF_INET ? INADDR_LOOPBACK : 1));
	q.r.states = 1 << LINUX_TCP_LISTEN;
	CHECK(!dump(&q, ino_of(fd[1]), &m, &nr) && !m.ino);
	/* One that is only bound is no connection, and none of the other version is told. */
	q.r.states = ALL_STATES;
	CHECK(!dump(&q, ino_of(bound(family, SOCK_STREAM)), &m, &nr) && !m.ino);
	CHECK(!dump(&q, ino_of(listener(family == AF_INET ? AF_INET6 : AF_INET, 1)), &m, &nr) && !m.ino);
}

ABI_CASE(tcp_connections_are_told_over_netlink)
{
	connections_are_told(AF_INET);
	connections_are_told(AF_INET6);
}

ABI_CASE(datagram_sockets_are_told_over_netlink)
{
	struct inet_question q = question(AF_INET, IPPROTO_UDP, ALL_STATES);
	struct linux_inet_diag_message m;
	int fd = bound(AF_INET, SOCK_DGRAM), other = socket(AF_INET, SOCK_DGRAM, 0), nr;

	CHECK(!connect_to(other, AF_INET, port_of(fd)));
	CHECK(!dump(&q, ino_of(fd), &m, &nr) && m.state == LINUX_TCP_CLOSE && m.id.source_port == htons(port_of(fd)));
	CHECK(!dump(&q, ino_of(other), &m, &nr) && m.state == LINUX_TCP_ESTABLISHED && m.id.destination_port == htons(port_of(fd)));
	CHECK(!dump(&q, ino_of(socket(AF_INET, SOCK_DGRAM, 0)), &m, &nr) && !m.ino);
	q = question(AF_INET, 99, ALL_STATES);
	CHECK(dump(&q, 1, &m, &nr) == -ENOENT);
	q = question(AF_PACKET, 0, ALL_STATES);
	CHECK(dump(&q, 1, &m, &nr) == -ENOENT);
}

/* Filters: what is malformed, or leads back or beyond, is refused. */
ABI_CASE(socket_filters_are_checked_and_obeyed)
{
	struct inet_question q = question(AF_INET, IPPROTO_TCP, ALL_STATES);
	struct linux_inet_diag_message m;
	int a = listener(AF_INET, 1), b = listener(AF_INET, 1), nr;

	/* The port is @a's, or it does not pass. */
	q.a = (struct linux_nlattr){ 4 + 8, LINUX_INET_DIAG_REQ_BYTECODE };
	q.code[0] = (struct linux_inet_diag_op){ LINUX_INET_DIAG_BC_S_EQ, 8, 12 };
	q.code[1] = (struct linux_inet_diag_op){ 0, 0, port_of(a) };
	CHECK(!dump(&q, ino_of(a), &m, &nr) && m.ino == ino_of(a) && nr == 1);
	CHECK(!dump(&q, ino_of(b), &m, &nr) && !m.ino);
	q.code[0].code = LINUX_INET_DIAG_BC_S_GE;
	q.code[1].no = 1;
	CHECK(!dump(&q, ino_of(b), &m, &nr) && m.ino == ino_of(b));
	/* An address: 127.0.0.0/8 as where it is. */
	q.a.length = 4 + 4 + 8 + 4;
	q.code[0] = (struct linux_inet_diag_op){ LINUX_INET_DIAG_BC_S_COND, 16, 20 };
	memcpy(&q.code[1], &(struct linux_inet_diag_host){ .family = AF_INET, .prefix = 8, .port = port_of(b) }, 8);
	memcpy(&q.code[3], &(uint32_t){ htonl(0x7f010101) }, 4);
	CHECK(!dump(&q, ino_of(b), &m, &nr) && m.ino == ino_of(b) && nr == 1);
	((struct linux_inet_diag_host *)&q.code[1])->prefix = 33;
	CHECK(dump(&q, 1, &m, &nr) == -EINVAL);
	q.a.length = 4 + 8;
	q.code[0] = (struct linux_inet_diag_op){ 77, 8, 12 };
	CHECK(dump(&q, 1, &m, &nr) == -EINVAL);
	q.code[0] = (struct linux_inet_diag_op){ LINUX_INET_DIAG_BC_S_EQ, 0, 12 };
	CHECK(dump(&q, 1, &m, &nr) == -EINVAL);
	q.code[0] = (struct linux_inet_diag_op){ LINUX_INET_DIAG_BC_S_EQ, 8, 16 };
	CHECK(dump(&q, 1, &m, &nr) == -EINVAL);
	q.code[0] = (struct linux_inet_diag_op){ LINUX_INET_DIAG_BC_S_EQ, 8, 6 };
	CHECK(dump(&q, 1, &m, &nr) == -EINVAL);
	/* Into the middle of an operation. */
	q.a.length = 4 + 16;
	q.code[0] = (struct linux_inet_diag_op){ LINUX_INET_DIAG_BC_JMP, 4, 8 };
	q.code[1] = (struct linux_inet_diag_op){ LINUX_INET_DIAG_BC_S_EQ, 8, 12 };
	q.code[3] = (struct linux_inet_diag_op){ LINUX_INET_DIAG_BC_NOP, 4, 0 };
	CHECK(dump(&q, 1, &m, &nr) == -EINVAL);
}

ABI_CASE(one_connection_is_found_by_its_ends)
{
	struct inet_question q = question(AF_INET, IPPROTO_TCP, 0);
	const struct linux_nlmsghdr *h = (void *)answer;
	const struct linux_inet_diag_message *m = (void *)(h + 1);
	int fd[2], nl = netlink(LINUX_NETLINK_SOCK_DIAG);

	connection(AF_INET, fd);
	q.r.id.source[0] = q.r.id.destination[0] = htonl(INADDR_LOOPBACK);
	q.r.id.source_port = htons(port_of(fd[0]));
	q.r.id.destination_port = htons(port_of(fd[1]));
	netlink_ask(nl, LINUX_SOCK_DIAG_BY_FAMILY, 0, 5, &q.r, sizeof(q.r));
	CHECK(netlink_receive(nl, answer, sizeof(answer)) > 0 && h->type == LINUX_SOCK_DIAG_BY_FAMILY && m->ino == ino_of(fd[0]));
	memcpy(q.r.id.cookie, m->id.cookie, sizeof(q.r.id.cookie));
	netlink_ask(nl, LINUX_SOCK_DIAG_BY_FAMILY, 0, 5, &q.r, sizeof(q.r));
	CHECK(netlink_receive(nl, answer, sizeof(answer)) > 0 && h->type == LINUX_SOCK_DIAG_BY_FAMILY && m->ino == ino_of(fd[0]));
	q.r.id.cookie[1] ^= 1;
	netlink_ask(nl, LINUX_SOCK_DIAG_BY_FAMILY, 0, 6, &q.r, sizeof(q.r));
	CHECK(netlink_verdict(nl, 6) == -ENOENT);
	q.r.id.source_port = 0;
	netlink_ask(nl, LINUX_SOCK_DIAG_BY_FAMILY, 0, 7, &q.r, sizeof(q.r));
	CHECK(netlink_verdict(nl, 7) == -ENOENT);
	netlink_ask(nl, LINUX_SOCK_DIAG_BY_FAMILY, 0, 8, &q.r, 20);
	CHECK(netlink_verdict(nl, 8) == -EINVAL);
}

static const struct linux_nlmsghdr *unix_one(int nl, ino_t ino, uint32_t show)
{
	struct linux_unix_diag_request q = { .family = AF_UNIX, .states = ~0u, .ino = (uint32_t)ino, .show = show,
					     .cookie = { LINUX_DIAG_NO_COOKIE, LINUX_DIAG_NO_COOKIE } };
	const struct linux_nlmsghdr *h = (void *)answer;

	netlink_ask(nl, LINUX_SOCK_DIAG_BY_FAMILY, 0, 5, &q, sizeof(q));
	CHECK(netlink_receive(nl, answer, sizeof(answer)) > 0);
	return h->type == LINUX_SOCK_DIAG_BY_FAMILY ? h : NULL;
}

static const void *unix_attribute(const struct linux_nlmsghdr *h, unsigned int type)
{
	const char *at = (const char *)(h + 1) + sizeof(struct linux_unix_diag_message);
	const struct linux_nlattr *a = netlink_attribute(at, (int)((const char *)h + h->length - at), type);

	CHECK(a);
	return a + 1;
}

ABI_CASE(unix_sockets_are_told_over_netlink)
{
	int nl = netlink(LINUX_NETLINK_SOCK_DIAG), l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), pair[2];
	struct sockaddr_un name = { AF_UNIX, "sock" };
	const struct linux_unix_diag_message *m;
	const struct linux_nlmsghdr *h;
	struct stat st;

	abi_fresh();
	CHECK(!bind(l, (void *)&name, sizeof(name)) && !listen(l, 7) && !connect(c, (void *)&name, sizeof(name)) && !stat("sock", &st));
	h = unix_one(nl, ino_of(l), LINUX_UDIAG_SHOW_NAME | LINUX_UDIAG_SHOW_VFS | LINUX_UDIAG_SHOW_ICONS | LINUX_UDIAG_SHOW_RQLEN);
	CHECK(h);
	m = (const void *)(h + 1);
	CHECK(m->type == SOCK_STREAM && m->state == LINUX_TCP_LISTEN && m->ino == ino_of(l));
	CHECK(!strcmp(unix_attribute(h, LINUX_UNIX_DIAG_NAME), "sock"));
	CHECK(((const struct linux_unix_diag_vfs *)unix_attribute(h, LINUX_UNIX_DIAG_VFS))->ino == st.st_ino);
	CHECK(*(const uint32_t *)unix_attribute(h, LINUX_UNIX_DIAG_ICONS) == ino_of(c));
	CHECK(((const struct linux_unix_diag_rqlen *)unix_attribute(h, LINUX_UNIX_DIAG_RQLEN))->receive_queue == 1);
	CHECK(((const struct linux_unix_diag_rqlen *)unix_attribute(h, LINUX_UNIX_DIAG_RQLEN))->send_queue == 7);
	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) && write(pair[0], "12345", 5) == 5);
	h = unix_one(nl, ino_of(pair[1]), LINUX_UDIAG_SHOW_PEER | LINUX_UDIAG_SHOW_RQLEN | LINUX_UDIAG_SHOW_UID | LINUX_UDIAG_SHOW_MEMINFO);
	CHECK(h);
	m = (const void *)(h + 1);
	CHECK(m->type == SOCK_SEQPACKET && m->state == LINUX_TCP_ESTABLISHED);
	CHECK(*(const uint32_t *)unix_attribute(h, LINUX_UNIX_DIAG_PEER) == ino_of(pair[0]));
	CHECK(((const struct linux_unix_diag_rqlen *)unix_attribute(h, LINUX_UNIX_DIAG_RQLEN))->receive_queue == 5);
	CHECK(*(const uint32_t *)unix_attribute(h, LINUX_UNIX_DIAG_UID) == getuid());
	CHECK(*(const uint8_t *)unix_attribute(h, LINUX_UNIX_DIAG_SHUTDOWN) == 0);
	CHECK(!unix_one(nl, 0, 0) && !unix_one(nl, 0x7ffffff1, 0));
}

/* More sockets than one part of the answer has room for, some of which go while it is read. */
ABI_CASE(a_long_list_of_sockets_is_told_whole)
{
	enum { NR = 300 };
	struct linux_unix_diag_request q = { .family = AF_UNIX, .states = ~0u, .show = 0x7f };
	static int fd[NR];
	static bool seen[NR];
	int nl = netlink(LINUX_NETLINK_SOCK_DIAG), n, parts = 0;
	const struct linux_nlmsghdr *h = NULL;
	static ino_t ino[NR];

	for (int i = 0; i < NR; i++) {
		fd[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
		ino[i] = ino_of(fd[i]);
	}
	netlink_ask(nl, LINUX_SOCK_DIAG_BY_FAMILY, LINUX_NLM_F_DUMP, 1, &q, sizeof(q));
	do {
		n = netlink_receive(nl, answer, 8192);
		for (h = (void *)answer; (char *)h < answer + n && h->type != LINUX_NLMSG_DONE; h = (void *)((char *)h + NETLINK_ALIGN(h->length)))
			for (int i = 0; i < NR; i++)
				seen[i] |= ((const struct linux_unix_diag_message *)(h + 1))->ino == ino[i];
		if (!parts++)
			for (int i = NR - 20; i < NR - 10; i++)
				CHECK(!close(fd[i]));
	} while ((char *)h >= answer + n);
	CHECK(parts > 2);
	for (int i = 0; i < NR; i++)
		CHECK(seen[i] || (i >= NR - 20 && i < NR - 10));
}

ABI_CASE(nobody_ends_the_connections_of_others)
{
	struct inet_question q = question(AF_INET, IPPROTO_TCP, ALL_STATES);
	int nl;

	CHECK(!setresgid(65534, 65534, 65534) && !setresuid(65534, 65534, 65534));
	nl = netlink(LINUX_NETLINK_SOCK_DIAG);
	netlink_ask(nl, LINUX_SOCK_DESTROY, LINUX_NLM_F_ACK, 3, &q.r, sizeof(q.r));
	CHECK(netlink_verdict(nl, 3) < 0);
}
