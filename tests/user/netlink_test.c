// SPDX-License-Identifier: GPL-2.0
/* Netlink sockets: names, what programs send each other, options, bounds. What the kernel answers: rtnetlink_test.c and its neighbours. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "netlink.h"

#define NOBODY	65534

/* Both ends of programs' own protocol, each with a port; the first hears @groups. */
static void pair(int fd[2], uint32_t groups)
{
	fd[0] = netlink(LINUX_NETLINK_USERSOCK);
	fd[1] = netlink(LINUX_NETLINK_USERSOCK);
	CHECK(!netlink_bind(fd[0], 0, groups) && !netlink_bind(fd[1], 0, 0));
}

ABI_CASE(netlink_has_the_protocols_that_are_spoken)
{
	CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, 1), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, -1), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, 31), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, 32), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_STREAM, LINUX_NETLINK_USERSOCK), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_SEQPACKET, LINUX_NETLINK_USERSOCK), ESOCKTNOSUPPORT);
	CHECK(socket(AF_NETLINK, SOCK_RAW, LINUX_NETLINK_USERSOCK) >= 0);
	CHECK(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, LINUX_NETLINK_USERSOCK) >= 0);
}

ABI_CASE(a_netlink_port_is_the_process_s_number_once)
{
	int a = netlink(LINUX_NETLINK_USERSOCK), b = netlink(LINUX_NETLINK_USERSOCK), c = netlink(LINUX_NETLINK_USERSOCK);
	struct linux_sockaddr_nl n = { .family = AF_UNIX };

	CHECK(netlink_name(a).port == 0);
	CHECK_ERR(bind(a, (struct sockaddr *)&n, sizeof(n)), EINVAL);
	n.family = AF_NETLINK;
	CHECK_ERR(bind(a, (struct sockaddr *)&n, sizeof(n) - 1), EINVAL);
	CHECK(!netlink_bind(a, 0, 0) && netlink_name(a).port == (uint32_t)getpid());
	CHECK(!netlink_bind(b, 0, 0) && (int32_t)netlink_name(b).port < -4096);
	CHECK_ERR(netlink_bind(c, netlink_name(b).port, 0), EADDRINUSE);
	CHECK(!netlink_bind(c, 77777777, 0) && netlink_name(c).port == 77777777);
	/* The same again is fine, another is not. */
	CHECK(!netlink_bind(c, 77777777, 0));
	CHECK_ERR(netlink_bind(c, 0, 0), EINVAL);
	CHECK_ERR(netlink_bind(c, 77777778, 0), EINVAL);
	/* Another protocol has ports of its own, and one that is closed is free. */
	CHECK(!netlink_bind(netlink(LINUX_NETLINK_ROUTE), 77777777, 0));
	CHECK(!close(c) && !netlink_bind(netlink(LINUX_NETLINK_USERSOCK), 77777777, 0));
}

ABI_CASE(programs_send_each_other_over_netlink)
{
	struct linux_sockaddr_nl from;
	socklen_t n = sizeof(from);
	char text[16];
	int fd[2];

	pair(fd, 0);
	CHECK(netlink_send(fd[1], netlink_name(fd[0]).port, 0, "hello", 5, 0) == 5 && netlink_ready(fd[0], WAIT_MS) & POLLIN);
	CHECK(recv(fd[0], text, 2, MSG_PEEK | MSG_TRUNC) == 5 && recv(fd[0], text, 0, MSG_PEEK | MSG_TRUNC) == 5);
	CHECK(recvfrom(fd[0], text, sizeof(text), 0, (struct sockaddr *)&from, &n) == 5 && !memcmp(text, "hello", 5));
	CHECK(n == sizeof(from) && from.family == AF_NETLINK && from.port == netlink_name(fd[1]).port && !from.groups);
	CHECK_ERR(recv(fd[0], text, sizeof(text), MSG_DONTWAIT), EAGAIN);
	CHECK(!netlink_ready(fd[0], 0));
	/* What does not fit is gone. */
	CHECK(netlink_send(fd[1], netlink_name(fd[0]).port, 0, "12345", 5, 0) == 5 && recv(fd[0], text, 3, 0) == 3);
	CHECK_ERR(recv(fd[0], text, sizeof(text), MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(netlink_send(fd[1], 77777779, 0, "x", 1, 0), ECONNREFUSED);
	CHECK_ERR(netlink_send(fd[1], 0, 0, "x", 1, 0), ECONNREFUSED);
	CHECK_ERR(netlink_send(fd[1], netlink_name(fd[0]).port, 0, "", 0, 0), ENODATA);
	CHECK_ERR(netlink_send(fd[1], netlink_name(fd[0]).port, 0, "x", 1, MSG_OOB), EOPNOTSUPP);
	CHECK_ERR(recv(fd[0], text, 1, MSG_OOB), EOPNOTSUPP);
	CHECK_ERR(netlink_send(fd[1], netlink_name(fd[0]).port, 0, BAD, 1, 0), EFAULT);
}

ABI_CASE(a_connected_netlink_socket_hears_its_peer_alone)
{
	struct linux_sockaddr_nl a = { .family = AF_NETLINK }, peer;
	int fd[2], other = netlink(LINUX_NETLINK_USERSOCK);
	socklen_t n = sizeof(peer);
	char c;

	pair(fd, 0);
	a.port = netlink_name(fd[1]).port;
	CHECK(!connect(fd[0], (struct sockaddr *)&a, sizeof(a)));
	CHECK(!getpeername(fd[0], (struct sockaddr *)&peer, &n) && n == sizeof(peer) && peer.port == a.port);
	CHECK(send(fd[0], "x", 1, 0) == 1 && recv(fd[1], &c, 1, 0) == 1);
	CHECK_ERR(netlink_send(other, netlink_name(fd[0]).port, 0, "y", 1, 0), ECONNREFUSED);
	CHECK(netlink_send(fd[1], netlink_name(fd[0]).port, 0, "y", 1, 0) == 1 && recv(fd[0], &c, 1, 0) == 1 && c == 'y');
	a.family = AF_UNSPEC;
	CHECK(!connect(fd[0], (struct sockaddr *)&a, sizeof(a)));
	CHECK(netlink_send(other, netlink_name(fd[0]).port, 0, "z", 1, 0) == 1 && recv(fd[0], &c, 1, 0) == 1 && c == 'z');
	a.family = AF_INET;
	CHECK_ERR(connect(fd[0], (struct sockaddr *)&a, sizeof(a)), EINVAL);
	CHECK_ERR(listen(fd[0], 1), EOPNOTSUPP);
	CHECK_ERR(accept(fd[0], NULL, NULL), EOPNOTSUPP);
	CHECK_ERR(shutdown(fd[0], SHUT_RDWR), EOPNOTSUPP);
	CHECK_ERR(socketpair(AF_NETLINK, SOCK_RAW, LINUX_NETLINK_USERSOCK, fd), EOPNOTSUPP);
}

/* Credentials and the group come as control messages to who asks. */
ABI_CASE(netlink_messages_tell_who_sent_them_and_to_which_group)
{
	union { char bytes[128]; struct cmsghdr align; } control;
	struct linux_sockaddr_nl from;
	struct iovec v = { (char [4]){ 0 }, 4 };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	bool cred = false, group = false;
	int fd[2], one = 1;

	pair(fd, 1 << 4);
	CHECK(!setsockopt(fd[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) && !netlink_option(fd[0], LINUX_NETLINK_PKTINFO, 1));
	CHECK_ERR(netlink_send(fd[1], 0, 1 << 4, "abc", 3, 0), ECONNREFUSED);	/* it is sent to the kernel too */
	CHECK(recvmsg(fd[0], &m, 0) == 3 && from.groups == 1 << 4);
	/* Not by CMSG_NXTHDR(), whose comparison clang does not like in musl. */
	for (size_t at = 0; at + sizeof(struct cmsghdr) <= m.msg_controllen;) {
		struct cmsghdr *c = (struct cmsghdr *)(control.bytes + at);
		struct ucred *u = (struct ucred *)CMSG_DATA(c);

		CHECK(c->cmsg_len >= sizeof(*c));
		at += (c->cmsg_len + 7) / 8 * 8;
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
			cred = u->pid == getpid() && u->uid == getuid() && u->gid == getgid();
		if (c->cmsg_level == LINUX_SOL_NETLINK && c->cmsg_type == LINUX_NETLINK_PKTINFO)
			group = *(uint32_t *)CMSG_DATA(c) == 5;
	}
	CHECK(cred && group);
	/* Not to who sent it, and not to who left. */
	CHECK(!netlink_option(fd[1], LINUX_NETLINK_ADD_MEMBERSHIP, 5) && !netlink_option(fd[0], LINUX_NETLINK_DROP_MEMBERSHIP, 5));
	CHECK_ERR(netlink_send(fd[1], 0, 1 << 4, "abc", 3, 0), ECONNREFUSED);
	CHECK(!netlink_ready(fd[0], 0) && !netlink_ready(fd[1], 0));
}

ABI_CASE(netlink_keeps_its_options)
{
	static const int flags[] = { LINUX_NETLINK_PKTINFO, LINUX_NETLINK_BROADCAST_ERROR, LINUX_NETLINK_NO_ENOBUFS, LINUX_NETLINK_CAP_ACK,
				     LINUX_NETLINK_EXT_ACK, LINUX_NETLINK_GET_STRICT_CHK };
	int fd = netlink(LINUX_NETLINK_USERSOCK), v;
	uint32_t groups[2] = { 0, 7 };
	socklen_t n;

	for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		for (int on = 1; on >= 0; on--) {
			n = sizeof(v);
			CHECK(!netlink_option(fd, flags[i], on) && !getsockopt(fd, LINUX_SOL_NETLINK, flags[i], &v, &n) && v == on && n == 4);
			n = 3;
			CHECK_ERR(getsockopt(fd, LINUX_SOL_NETLINK, flags[i], &v, &n), EINVAL);
		}
	CHECK_ERR(netlink_option(fd, 99, 1), ENOPROTOOPT);
	CHECK_ERR(setsockopt(fd, 0, 1, &v, sizeof(v)), ENOPROTOOPT);
	CHECK_ERR(setsockopt(fd, LINUX_SOL_NETLINK, LINUX_NETLINK_PKTINFO, BAD, 4), EFAULT);
	CHECK_ERR(netlink_option(fd, LINUX_NETLINK_ADD_MEMBERSHIP, 0), EINVAL);
	CHECK_ERR(netlink_option(fd, LINUX_NETLINK_ADD_MEMBERSHIP, 33), EINVAL);
	CHECK(!netlink_option(fd, LINUX_NETLINK_ADD_MEMBERSHIP, 3) && !netlink_option(fd, LINUX_NETLINK_ADD_MEMBERSHIP, 32));
	n = sizeof(groups);
	CHECK(!getsockopt(fd, LINUX_SOL_NETLINK, LINUX_NETLINK_LIST_MEMBERSHIPS, groups, &n) && n == 4 && groups[0] == 0x80000004 && groups[1] == 7);
	CHECK(netlink_name(fd).groups == 0x80000004);
	n = sizeof(v);
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &v, &n) && v == LINUX_NETLINK_USERSOCK);
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &v, &n) && v == AF_NETLINK);
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, &n) && v == SOCK_RAW);
}

/* Groups are for who may administrate the network, where the protocol says nothing else; so is sending to programs. */
static void as_nobody(void)
{
	int user = netlink(LINUX_NETLINK_USERSOCK), device = netlink(LINUX_NETLINK_ROUTE);

	CHECK_ERR(netlink_bind(user, 0, 1), EPERM);
	CHECK_ERR(netlink_option(user, LINUX_NETLINK_ADD_MEMBERSHIP, 1), EPERM);
	CHECK_ERR(netlink_send(user, 77777779, 0, "x", 1, 0), ECONNREFUSED);
	CHECK(!netlink_bind(device, 0, 1));
	CHECK_ERR(netlink_send(device, 77777779, 0, "x", 1, 0), EPERM);
	CHECK_ERR(netlink_send(device, 0, 1, "x", 1, 0), EPERM);
	CHECK_ERR(netlink_option(device, LINUX_NETLINK_LISTEN_ALL_NSID, 1), EPERM);
}

ABI_CASE(netlink_groups_and_ports_take_a_privilege)
{
	pid_t pid = fork();

	if (!pid) {
		CHECK(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
		as_nobody();
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(a_netlink_reader_that_is_full_stops_its_sender)
{
	static char text[1024];
	struct timeval t = { .tv_usec = 50000 };
	int fd[2], nr = 0;
	uint32_t port;

	pair(fd, 0);
	port = netlink_name(fd[0]).port;
	while (nr < 10000 && netlink_send(fd[1], port, 0, text, sizeof(text), MSG_DONTWAIT) > 0)
		nr++;
	CHECK(nr > 10 && nr < 1000 && errno == EAGAIN);
	CHECK(!setsockopt(fd[1], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)));
	CHECK_ERR(netlink_send(fd[1], port, 0, text, sizeof(text), 0), EAGAIN);
	/* Nothing was lost, and there is room again. */
	for (int i = 0; i < nr; i++)
		CHECK(recv(fd[0], text, sizeof(text), MSG_DONTWAIT) == sizeof(text));
	CHECK_ERR(recv(fd[0], text, sizeof(text), MSG_DONTWAIT), EAGAIN);
	CHECK(netlink_send(fd[1], port, 0, text, sizeof(text), MSG_DONTWAIT) > 0);
	CHECK_ERR(netlink_send(fd[1], port, 0, malloc(1 << 20), 1 << 20, 0), EMSGSIZE);
}

ABI_CASE(a_netlink_listener_is_told_what_it_missed)
{
	static char text[1024];
	int fd[2], nr = 0;

	pair(fd, 1);
	for (int i = 0; i < 2000; i++)
		CHECK_ERR(netlink_send(fd[1], 0, 1, text, sizeof(text), 0), ECONNREFUSED);
	CHECK(netlink_ready(fd[0], 0) == (POLLIN | POLLERR));
	CHECK_ERR(recv(fd[0], text, sizeof(text), 0), ENOBUFS);
	while (recv(fd[0], text, sizeof(text), MSG_DONTWAIT) > 0)
		nr++;
	CHECK(errno == EAGAIN && nr > 10 && nr < 1000);
	CHECK_ERR(netlink_send(fd[1], 0, 1, text, sizeof(text), 0), ECONNREFUSED);
	CHECK(recv(fd[0], text, sizeof(text), MSG_DONTWAIT) == sizeof(text));
	/* Who does not want to know is not told. */
	CHECK(!netlink_option(fd[0], LINUX_NETLINK_NO_ENOBUFS, 1));
	for (int i = 0; i < 2000; i++)
		CHECK_ERR(netlink_send(fd[1], 0, 1, text, sizeof(text), 0), ECONNREFUSED);
	CHECK(netlink_ready(fd[0], 0) == POLLIN && recv(fd[0], text, sizeof(text), 0) == sizeof(text));
}

ABI_CASE(a_sender_over_netlink_waits_for_its_reader)
{
	static char text[4096];
	int fd[2], nr = 0, status;
	pid_t pid;

	pair(fd, 0);
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 300; i++)
			if (netlink_send(fd[1], netlink_name(fd[0]).port, 0, text, sizeof(text), 0) != sizeof(text))
				_exit(1);
		_exit(0);
	}
	for (; nr < 300; nr++)
		CHECK(netlink_ready(fd[0], WAIT_MS) == POLLIN && recv(fd[0], text, sizeof(text), 0) == sizeof(text));
	status = abi_wait(pid);
	CHECK(status == 0);
	/* A reader that goes lets it go. */
	pid = fork();
	if (!pid) {
		uint32_t port = netlink_name(fd[0]).port;

		close(fd[0]);
		while (netlink_send(fd[1], port, 0, text, sizeof(text), 0) == sizeof(text))
			;
		_exit(errno == ECONNREFUSED ? 0 : 1);
	}
	abi_await_call(pid, 44);
	CHECK(!close(fd[0]) && abi_wait(pid) == 0);
}

ABI_CASE(proc_lists_netlink_sockets)
{
	int fd = netlink(LINUX_NETLINK_USERSOCK);
	char text[16384], line[128];

	CHECK(!netlink_bind(fd, 77777776, 0x10));
	abi_read("/proc/net/netlink", text, sizeof(text));
	snprintf(line, sizeof(line), " %-3d %-10u %08x %-8d %-8d %-5d ", LINUX_NETLINK_USERSOCK, 77777776, 0x10, 0, 0, 0);
	CHECK(!strncmp(text, "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n", 89));
	CHECK(strstr(text, line));
}

/* ---- NETLINK_GENERIC ---- */

static char generic[16384] __attribute__((aligned(4)));

static int ask_family(int fd, uint16_t flags, const char *name, uint16_t id)
{
	struct {
		struct linux_genlmsghdr h;
		struct linux_nlattr a;
		char text[16];
	} q = { .h = { LINUX_CTRL_CMD_GETFAMILY, 1, 0 } };
	const struct linux_nlmsghdr *h = (const void *)generic;
	int n;

	if (name) {
		q.a = (struct linux_nlattr){ (uint16_t)(5 + strlen(name)), LINUX_CTRL_ATTR_FAMILY_NAME };
		strcpy(q.text, name);
	} else if (id) {
		q.a = (struct linux_nlattr){ 6, LINUX_CTRL_ATTR_FAMILY_ID };
		memcpy(q.text, &id, 2);
	}
	netlink_ask(fd, LINUX_GENL_ID_CTRL, flags, 1, &q, sizeof(q.h) + NETLINK_ALIGN(q.a.length));
	n = netlink_receive(fd, generic, sizeof(generic));
	return h->type == LINUX_NLMSG_ERROR ? ((const struct linux_nlmsgerr *)(h + 1))->error : n;
}

static void check_family(int n)
{
	const struct linux_nlmsghdr *h = (const void *)generic;
	const struct linux_genlmsghdr *g = (const void *)(h + 1);
	const struct linux_nlattr *a;

	CHECK(n > 0 && h->type == LINUX_GENL_ID_CTRL && g->command == LINUX_CTRL_CMD_NEWFAMILY && g->version == 2);
	a = netlink_attribute(g + 1, (int)(h->length - sizeof(*h) - sizeof(*g)), LINUX_CTRL_ATTR_FAMILY_NAME);
	CHECK(a && !strcmp((const char *)(a + 1), "nlctrl"));
	a = netlink_attribute(g + 1, (int)(h->length - sizeof(*h) - sizeof(*g)), LINUX_CTRL_ATTR_FAMILY_ID);
	CHECK(a && *(const uint16_t *)(a + 1) == LINUX_GENL_ID_CTRL);
	a = netlink_attribute(g + 1, (int)(h->length - sizeof(*h) - sizeof(*g)), LINUX_CTRL_ATTR_MCAST_GROUPS);
	CHECK(a && a->length > 16);
	a = netlink_attribute(g + 1, (int)(h->length - sizeof(*h) - sizeof(*g)), LINUX_CTRL_ATTR_OPS);
	CHECK(a && a->length >= 24);
	a = netlink_attribute(a + 1, a->length - 4, 1);
	a = netlink_attribute(a + 1, a->length - 4, LINUX_CTRL_ATTR_OP_ID);
	CHECK(a && *(const uint32_t *)(a + 1) == LINUX_CTRL_CMD_GETFAMILY);
}

ABI_CASE(the_family_of_families_finds_itself)
{
	int fd = netlink(LINUX_NETLINK_GENERIC);

	check_family(ask_family(fd, 0, "nlctrl", 0));
	check_family(ask_family(fd, 0, NULL, LINUX_GENL_ID_CTRL));
	CHECK(ask_family(fd, 0, "nothing", 0) == -ENOENT && ask_family(fd, 0, NULL, 4711) == -ENOENT && ask_family(fd, 0, NULL, 0) == -EINVAL);
	check_family(ask_family(fd, LINUX_NLM_F_DUMP, NULL, 0));
	fd = netlink(LINUX_NETLINK_GENERIC);
	netlink_ask(fd, 4711, 0, 3, "\0\0\0\0", 4);
	CHECK(netlink_verdict(fd, 3) == -ENOENT);
	netlink_ask(fd, LINUX_GENL_ID_CTRL, 0, 4, "\310\0\0\0", 4);
	CHECK(netlink_verdict(fd, 4) == -EOPNOTSUPP);
	netlink_ask(fd, LINUX_GENL_ID_CTRL, 0, 5, "", 1);
	CHECK(netlink_verdict(fd, 5) == -EINVAL);
}
