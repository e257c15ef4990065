// SPDX-License-Identifier: GPL-2.0
/* Internet sockets over the loopback: datagrams, and what every kind has: options, and errors of calls. */
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include "inet.h"

static int *volatile nowhere = (int *)1;

static void datagrams(int family)
{
	int a = bound(family, SOCK_DGRAM), b = bound(family, SOCK_DGRAM), bytes;
	struct sockaddr_storage raw;
	union name n;
	socklen_t length;
	char c[16];

	length = loopback(&n, family, port_of(b));
	CHECK_ERR(send(a, "x", 1, 0), EDESTADDRREQ);
	CHECK(sendto(a, "first", 5, 0, &n.any, length) == 5 && sendto(a, "", 0, 0, &n.any, length) == 0);
	CHECK(sendto(a, "third one", 9, 0, &n.any, length) == 9);
	CHECK(await(b, POLLIN) == POLLIN && !ioctl(b, FIONREAD, &bytes) && bytes == 5);
	CHECK(recv(b, c, 16, MSG_PEEK) == 5 && recv(b, c, 16, 0) == 5 && !memcmp(c, "first", 5));
	length = sizeof(raw);
	CHECK(recvfrom(b, c, 16, 0, (struct sockaddr *)&raw, &length) == 0);
	CHECK(length == loopback(&n, family, port_of(a)) && !memcmp(&raw, &n, length));
	CHECK(recv(b, c, 5, MSG_TRUNC) == 9 && !memcmp(c, "third", 5));
	CHECK_ERR(recv(b, c, 5, MSG_DONTWAIT), EAGAIN);
	/* Connected to one, it hears nobody else. */
	CHECK(!connect_to(b, family, port_of(a)) && send(b, "to a", 4, 0) == 4 && recv(a, c, 16, 0) == 4);
	length = loopback(&n, family, port_of(b));
	CHECK(sendto(bound(family, SOCK_DGRAM), "other", 5, 0, &n.any, length) == 5);
	CHECK_ERR(recv(b, c, 16, MSG_DONTWAIT), EAGAIN);
	CHECK(!getpeername(b, &n.any, &length) && ntohs(n.v4.sin_port) == port_of(a));
	n.any.sa_family = AF_UNSPEC;
	CHECK(!connect(b, &n.any, sizeof(n)));
	CHECK_ERR(getpeername(b, &n.any, &length), ENOTCONN);
}

ABI_CASE(datagrams_keep_their_borders)
{
	datagrams(AF_INET);
	datagrams(AF_INET6);
}

ABI_CASE(a_datagram_may_be_large_and_not_larger)
{
	static char out[65508], in[65508];
	int a = bound(AF_INET, SOCK_DGRAM), b = bound(AF_INET, SOCK_DGRAM);

	memset(out, 'd', sizeof(out));
	CHECK(!connect_to(a, AF_INET, port_of(b)));
	CHECK_ERR(send(a, out, 65508, 0), EMSGSIZE);
	CHECK(send(a, out, 65507, 0) == 65507 && recv(b, in, sizeof(in), 0) == 65507 && !memcmp(in, out, 65507));
}

ABI_CASE(a_datagram_to_nobody_is_told_of)
{
	uint16_t port = free_port(SOCK_DGRAM);
	int u = bound(AF_INET, SOCK_DGRAM), v = bound(AF_INET6, SOCK_DGRAM);
	char c;

	CHECK(!connect_to(u, AF_INET, port) && send(u, "x", 1, 0) == 1 && await(u, POLLIN) & POLLERR);
	CHECK_ERR(recv(u, &c, 1, 0), ECONNREFUSED);
	CHECK_ERR(recv(u, &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK(!connect_to(v, AF_INET6, port) && send(v, "x", 1, 0) == 1 && await(v, POLLIN) & POLLERR);
	CHECK_ERR(send(v, "x", 1, 0), ECONNREFUSED);
}

ABI_CASE(many_messages_go_in_one_call)
{
	struct iovec out[3] = { { "one", 3 }, { "two2", 4 }, { "three", 5 } }, in[3];
	int a = bound(AF_INET, SOCK_DGRAM), b = bound(AF_INET, SOCK_DGRAM), one = 1;
	char c[3][16], control[128];
	struct mmsghdr m[3];
	struct msghdr info = { .msg_control = control, .msg_controllen = sizeof(control) };

	memset(m, 0, sizeof(m));
	CHECK(!connect_to(a, AF_INET, port_of(b)) && !setsockopt(b, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)));
	for (int i = 0; i < 3; i++) {
		m[i].msg_hdr.msg_iov = &out[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK(sendmmsg(a, m, 3, 0) == 3 && m[1].msg_len == 4);
	for (int i = 0; i < 3; i++) {
		in[i] = (struct iovec){ c[i], 16 };
		m[i].msg_hdr.msg_iov = &in[i];
	}
	CHECK(recvmmsg(b, m, 3, 0, NULL) == 3 && m[2].msg_len == 5 && !memcmp(c[2], "three", 5));
	CHECK(send(a, "info", 4, 0) == 4);
	info.msg_iov = &in[0];
	info.msg_iovlen = 1;
	CHECK(recvmsg(b, &info, 0) == 4 && CMSG_FIRSTHDR(&info) && CMSG_FIRSTHDR(&info)->cmsg_type == IP_PKTINFO);
	CHECK(((struct in_pktinfo *)CMSG_DATA(CMSG_FIRSTHDR(&info)))->ipi_addr.s_addr == htonl(INADDR_LOOPBACK));
}

static int option(int fd, int level, int name)
{
	int v = -1;
	socklen_t n = sizeof(v);

	CHECK(!getsockopt(fd, level, name, &v, &n));
	return v;
}

static void set_option(int fd, int level, int name, int v)
{
	CHECK(!setsockopt(fd, level, name, &v, sizeof(v)));
}

ABI_CASE(internet_options_are_kept)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), v = socket(AF_INET6, SOCK_DGRAM, 0), l = listener(AF_INET, 1), bad = 300;
	struct timeval t = { 3, 250000 }, u;
	struct linger linger = { 1, 7 }, got;
	struct tcp_info info;
	socklen_t n = sizeof(u);
	int fd[2];

	CHECK(option(s, SOL_SOCKET, SO_TYPE) == SOCK_STREAM && option(s, SOL_SOCKET, SO_DOMAIN) == AF_INET);
	CHECK(option(s, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP && option(v, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_UDP);
	CHECK(option(v, SOL_SOCKET, SO_DOMAIN) == AF_INET6 && !option(s, SOL_SOCKET, SO_ACCEPTCONN) && option(l, SOL_SOCKET, SO_ACCEPTCONN) == 1);
	CHECK(!option(s, SOL_SOCKET, SO_KEEPALIVE) && !option(s, IPPROTO_TCP, TCP_NODELAY));
	set_option(s, SOL_SOCKET, SO_KEEPALIVE, 5);
	set_option(s, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(s, IPPROTO_TCP, TCP_KEEPIDLE, 33);
	set_option(s, IPPROTO_IP, IP_TTL, 9);
	set_option(v, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	CHECK(option(s, SOL_SOCKET, SO_KEEPALIVE) == 1 && option(s, IPPROTO_TCP, TCP_NODELAY) == 1 && option(s, IPPROTO_TCP, TCP_KEEPIDLE) == 33);
	CHECK(option(s, IPPROTO_IP, IP_TTL) == 9 && option(v, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
	CHECK_ERR(setsockopt(s, IPPROTO_IP, IP_TTL, &bad, sizeof(bad)), EINVAL);
	CHECK_ERR(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &bad, 3), EINVAL);
	CHECK_ERR(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, nowhere, 4), EFAULT);
	CHECK_ERR(setsockopt(s, SOL_SOCKET, 9999, &bad, sizeof(bad)), ENOPROTOOPT);
	CHECK_ERR(setsockopt(s, IPPROTO_TCP, 9999, &bad, sizeof(bad)), ENOPROTOOPT);
	CHECK_ERR(getsockopt(v, IPPROTO_TCP, TCP_NODELAY, &bad, &n), ENOPROTOOPT);
	CHECK_ERR(getsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_TCP, TCP_NODELAY, &bad, &n), EOPNOTSUPP);
	n = sizeof(u);
	CHECK(!setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) && !getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &u, &n) && u.tv_sec == 3);
	n = sizeof(got);
	CHECK(!setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) && !getsockopt(s, SOL_SOCKET, SO_LINGER, &got, &n));
	CHECK(got.l_onoff == 1 && got.l_linger == 7);
	set_option(s, SOL_SOCKET, SO_RCVBUF, 10000);
	CHECK(option(s, SOL_SOCKET, SO_RCVBUF) == 20000);
	connection(AF_INET, fd);
	n = sizeof(info);
	CHECK(!getsockopt(fd[0], IPPROTO_TCP, TCP_INFO, &info, &n) && info.tcpi_state == TCP_ESTABLISHED && info.tcpi_snd_mss >= 536);
}

ABI_CASE(internet_calls_refuse_nonsense)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0), v = socket(AF_INET6, SOCK_DGRAM, 0), fd[2];
	union name n;
	socklen_t length = sizeof(n);
	char c;

	CHECK_ERR(socket(AF_INET, 9, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, -1), EINVAL);
	CHECK_ERR(socketpair(AF_INET, SOCK_STREAM, 0, fd), EOPNOTSUPP);
	CHECK_ERR(socketpair(AF_INET, SOCK_STREAM, 0, nowhere), EFAULT);
	loopback(&n, AF_INET, 0);
	CHECK_ERR(bind(s, &n.any, 15), EINVAL);
	CHECK_ERR(bind(s, &n.any, 500), EINVAL);
	CHECK_ERR(bind(s, &n.any, (socklen_t)-1), EINVAL);
	CHECK_ERR(bind(s, (struct sockaddr *)nowhere, 16), EFAULT);
	CHECK_ERR(bind(v, &n.any, 16), EINVAL);
	CHECK_ERR(connect(s, (struct sockaddr *)nowhere, 16), EFAULT);
	n.any.sa_family = AF_UNIX;
	CHECK_ERR(bind(s, &n.any, sizeof(n.v4)), EAFNOSUPPORT);
	CHECK_ERR(bind(v, &n.any, sizeof(n.v6)), EAFNOSUPPORT);
	CHECK_ERR(connect(s, &n.any, sizeof(n.v4)), EAFNOSUPPORT);
	CHECK_ERR(accept(s, NULL, NULL), EINVAL);
	CHECK_ERR(accept(u, NULL, NULL), EOPNOTSUPP);
	CHECK_ERR(listen(u, 1), EOPNOTSUPP);
	CHECK_ERR(recv(s, &c, 1, 0), ENOTCONN);
	CHECK_ERR(shutdown(s, 9), EINVAL);
	CHECK_ERR(shutdown(s, SHUT_RDWR), ENOTCONN);
	CHECK(recv(s, &c, 1, 0) == 0);
	CHECK_ERR(send(s, "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_ERR(getpeername(s, &n.any, &length), ENOTCONN);
	CHECK_ERR(getsockname(s, (struct sockaddr *)nowhere, &length), EFAULT);
	length = -1;
	CHECK_ERR(getsockname(s, &n.any, &length), EINVAL);
	loopback(&n, AF_INET, 0);
	CHECK_ERR(sendto(u, "x", 1, 0, &n.any, sizeof(n.v4)), EINVAL);
	n.v4.sin_port = htons(9);
	CHECK_ERR(sendto(u, nowhere, 1, 0, &n.any, sizeof(n.v4)), EFAULT);
	CHECK_ERR(sendto(u, "x", 1, 0, &n.any, 7), EINVAL);
	connection(AF_INET, fd);
	CHECK_ERR(recv(fd[0], nowhere, 8, MSG_DONTWAIT), EAGAIN);
	CHECK(send(fd[1], "keep", 4, 0) == 4 && await(fd[0], POLLIN) & POLLIN);
	CHECK_ERR(recv(fd[0], nowhere, 4, 0), EFAULT);
	CHECK(recv(fd[0], &c, 1, 0) == 1 && c == 'k');
	CHECK_ERR(send(fd[0], nowhere, 8, 0), EFAULT);
}

/* As much as there is for sockets, and more: whether each call is served or refused. */
static void take_all_memory(void)
{
	static char data[60000];
	union name n;

	for (int fd = 0; fd >= 0 && fd < 1000;) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (fd < 0 || bind(fd, &n.any, loopback(&n, AF_INET, 0)))
			break;
		loopback(&n, AF_INET, port_of(fd));
		for (int i = 0; i < 4; i++)
			sendto(fd, data, sizeof(data), MSG_DONTWAIT, &n.any, sizeof(n.v4));
	}
}

ABI_CASE(memory_of_sockets_comes_back)
{
	char c[4];
	int fd[2], status;
	pid_t pid = fork();

	if (!pid) {
		take_all_memory();
		_exit(0);
	}
	status = abi_wait(pid);
	CHECK(!status);
	connection(AF_INET, fd);
	CHECK(write(fd[0], "here", 4) == 4 && recv(fd[1], c, 4, MSG_WAITALL) == 4);
	datagrams(AF_INET);
}

/* Is there a socket at @port in the table, in that state? */
static bool is_listed(const char *table, uint16_t port, const char *state)
{
	static char text[1 << 20];
	char local[16], *at;
	int fd = open(table, O_RDONLY);
	ssize_t n, used = 0;

	CHECK(fd >= 0);
	while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += n;
	close(fd);
	text[used] = '\0';
	snprintf(local, sizeof(local), ":%04X ", port);
	at = strstr(text, local);
	return at && (at = strchr(at + 6, ' ')) && !strncmp(at + 1, state, 2);
}

ABI_CASE(the_loopback_interface_is_told_of)
{
	int l = bound(AF_INET, SOCK_STREAM), u = bound(AF_INET, SOCK_DGRAM), v = bound(AF_INET6, SOCK_STREAM);
	struct ifreq r = { .ifr_name = "lo" }, all[64];
	struct ifconf c = { .ifc_len = sizeof(all), .ifc_req = all };

	CHECK(!listen(l, 1) && !listen(v, 1));
	CHECK(is_listed("/proc/net/tcp", port_of(l), "0A") && is_listed("/proc/net/udp", port_of(u), "07"));
	CHECK(is_listed("/proc/self/net/tcp6", port_of(v), "0A"));
	CHECK(!ioctl(u, SIOCGIFINDEX, &r) && r.ifr_ifindex == 1);
	CHECK(!ioctl(u, SIOCGIFFLAGS, &r) && (r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING)) == (IFF_UP | IFF_LOOPBACK | IFF_RUNNING));
	CHECK(!ioctl(u, SIOCGIFMTU, &r) && r.ifr_mtu == 65536);
	CHECK(!ioctl(u, SIOCGIFADDR, &r) && ((struct sockaddr_in *)&r.ifr_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	CHECK(!ioctl(u, SIOCGIFCONF, &c) && c.ifc_len >= (int)sizeof(r) && !strcmp(all[0].ifr_name, "lo"));
	memset(&r, 0, sizeof(r));
	r.ifr_ifindex = 1;
	CHECK(!ioctl(u, SIOCGIFNAME, &r) && !strcmp(r.ifr_name, "lo"));
	strcpy(r.ifr_name, "none9");
	CHECK_ERR(ioctl(u, SIOCGIFINDEX, &r), ENODEV);
	CHECK_ERR(ioctl(u, SIOCGIFINDEX, nowhere), EFAULT);
}

ABI_CASE(a_closed_receiver_still_says_that_it_would_wait)
{
	int u = bound(AF_INET, SOCK_DGRAM), fd[2], mark = 5;
	char c;

	CHECK(!connect_to(u, AF_INET, port_of(u)) && !shutdown(u, SHUT_RD));
	CHECK_ERR(recv(u, &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK(recv(u, &c, 1, 0) == 0);
	CHECK_ERR(socketpair(AF_INET, SOCK_STREAM, IPPROTO_ICMP, fd), EPROTONOSUPPORT);
	CHECK_ERR(socketpair(AF_INET, SOCK_STREAM, IPPROTO_TCP, fd), EOPNOTSUPP);
	CHECK(!ioctl(bound(AF_INET, SOCK_STREAM), SIOCATMARK, &mark) && mark == 0);
}

/* The value of @name in the lines that begin with @group in /proc/net/snmp. */
static unsigned long long counted(const char *group, const char *name)
{
	static char text[8192];
	char *names, *values, *n, *v, *a, *b, start[32];

	snprintf(start, sizeof(start), "%s: ", group);
	names = strstr(abi_read("/proc/net/snmp", text, sizeof(text)), start);
	CHECK(names);
	values = strstr(names + 1, start);
	CHECK(values);
	values[-1] = '\0';
	*strchr(values, '\n') = '\0';
	n = strtok_r(names, " ", &a);
	v = strtok_r(values, " ", &b);
	while (n && v && strcmp(n, name)) {
		n = strtok_r(NULL, " ", &a);
		v = strtok_r(NULL, " ", &b);
	}
	CHECK(n && v);
	return strtoull(v, NULL, 10);
}

ABI_CASE(what_went_over_the_loopback_is_counted)
{
	unsigned long long sent = counted("Udp", "OutDatagrams"), refused = counted("Udp", "NoPorts"), opens = counted("Tcp", "ActiveOpens");
	unsigned long long accepts = counted("Tcp", "PassiveOpens"), segments = counted("Tcp", "InSegs"), packets = counted("Ip", "InReceives");
	int u = bound(AF_INET, SOCK_DGRAM), to = bound(AF_INET, SOCK_DGRAM), fd[2];
	uint16_t nobody = free_port(SOCK_DGRAM);
	char c;

	CHECK(!connect_to(u, AF_INET, port_of(to)) && send(u, "x", 1, 0) == 1 && recv(to, &c, 1, 0) == 1);
	CHECK(!connect_to(u, AF_INET, nobody) && send(u, "x", 1, 0) == 1);
	connection(AF_INET, fd);
	CHECK(counted("Udp", "OutDatagrams") >= sent + 2 && counted("Udp", "NoPorts") > refused);
	CHECK(counted("Tcp", "ActiveOpens") > opens && counted("Tcp", "PassiveOpens") > accepts && counted("Tcp", "CurrEstab") >= 2);
	CHECK(counted("Tcp", "InSegs") >= segments + 3 && counted("Ip", "InReceives") >= packets + 6);
}

ABI_CASE(packets_of_interfaces_take_a_privilege)
{
	CHECK(!setresgid(65534, 65534, 65534) && !setresuid(65534, 65534, 65534));
	CHECK_ERR(socket(AF_PACKET, SOCK_RAW, 0), EPERM);
	CHECK_ERR(socket(AF_PACKET, SOCK_DGRAM, 0), EPERM);
	CHECK_ERR(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
}

#define UDP_CORK_OPTION		1
#define UDP_SEGMENT_OPTION	103

static int udp_switch(int fd, int option, int v)
{
	return setsockopt(fd, IPPROTO_UDP, option, &v, sizeof(v));
}

/* The length of the next datagram; -1: there is none within a moment. */
static int next_length(int fd)
{
	static char c[65536];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK(poll(&p, 1, 30) >= 0);
	return (int)recv(fd, c, sizeof(c), MSG_DONTWAIT);
}

static void gathered(int family)
{
	static char large[40000];
	int to = bound(family, SOCK_DGRAM), other = bound(family, SOCK_DGRAM), s = bound(family, SOCK_DGRAM);
	union name n;
	socklen_t length = loopback(&n, family, port_of(other));
	char c[8];

	CHECK(!connect_to(s, family, port_of(to)) && send(s, "abc", 3, MSG_MORE) == 3 && send(s, "de", 2, MSG_MORE) == 2);
	CHECK(next_length(to) == -1 && send(s, "f", 1, 0) == 1 && await(to, POLLIN) && recv(to, c, 8, 0) == 6 && !memcmp(c, "abcdef", 6));
	CHECK(!udp_switch(s, UDP_CORK_OPTION, 1) && send(s, "abc", 3, 0) == 3 && send(s, "d", 1, 0) == 1 && next_length(to) == -1);
	/* It goes where the first went, and once. */
	CHECK(sendto(s, "e", 1, 0, &n.any, length) == 1 && !udp_switch(s, UDP_CORK_OPTION, 0));
	CHECK(next_length(to) == 5 && next_length(other) == -1 && !udp_switch(s, UDP_CORK_OPTION, 0) && next_length(to) == -1);
	CHECK(send(s, "", 0, MSG_MORE) == 0 && next_length(to) == -1 && send(s, "", 0, 0) == 0 && next_length(to) == 0);
	/* What is too large, or cannot be read, takes with it what there was. */
	CHECK(send(s, large, sizeof(large), MSG_MORE) == sizeof(large));
	CHECK_ERR(send(s, large, sizeof(large), MSG_MORE), EMSGSIZE);
	CHECK(send(s, "xy", 2, 0) == 2 && next_length(to) == 2 && send(s, "a", 1, MSG_MORE) == 1);
	CHECK_ERR(send(s, BAD, 5, MSG_MORE), EFAULT);
	CHECK(send(s, "xyz", 3, 0) == 3 && next_length(to) == 3);
	CHECK(send(s, "never sent", 10, MSG_MORE) == 10 && !close(s) && next_length(to) == -1);
}

ABI_CASE(datagrams_gather_until_they_are_complete)
{
	gathered(AF_INET);
	gathered(AF_INET6);
}

static int option_of(int fd, int option)
{
	int v = -1;
	socklen_t n = sizeof(v);

	return getsockopt(fd, IPPROTO_UDP, option, &v, &n) ? -errno : v;
}

ABI_CASE(one_send_may_be_many_datagrams)
{
	static char out[12801];
	union { struct cmsghdr h; char raw[CMSG_SPACE(8)]; } control = { .h = { .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT_OPTION } };
	struct iovec v = { out, 250 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(2) };
	int to = bound(AF_INET, SOCK_DGRAM), s = bound(AF_INET, SOCK_DGRAM), nr = 0;
	unsigned short size = 120;

	CHECK(!connect_to(s, AF_INET, port_of(to)));
	CHECK_ERR(udp_switch(s, UDP_SEGMENT_OPTION, -1), EINVAL);
	CHECK_ERR(udp_switch(s, UDP_SEGMENT_OPTION, 65536), EINVAL);
	CHECK(!udp_switch(s, UDP_SEGMENT_OPTION, 100) && option_of(s, UDP_SEGMENT_OPTION) == 100 && send(s, out, 250, 0) == 250);
	CHECK(next_length(to) == 100 && next_length(to) == 100 && next_length(to) == 50 && send(s, out, 100, 0) == 100 && next_length(to) == 100);
	CHECK(send(s, out, 12800, 0) == 12800);
	while (next_length(to) == 100)
		nr++;
	CHECK(nr == 128);
	CHECK_ERR(send(s, out, 12801, 0), EINVAL);
	CHECK(send(s, out, 150, MSG_MORE) == 150 && send(s, out, 60, 0) == 60);
	CHECK(next_length(to) == 100 && next_length(to) == 100 && next_length(to) == 10 && !udp_switch(s, UDP_SEGMENT_OPTION, 0));
	control.h.cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(&control.h), &size, sizeof(size));
	CHECK(sendmsg(s, &m, 0) == 250 && next_length(to) == 120 && next_length(to) == 120 && next_length(to) == 10);
	control.h.cmsg_len = CMSG_LEN(4);
	CHECK_ERR(sendmsg(s, &m, 0), EINVAL);
	CHECK(option_of(socket(AF_INET, SOCK_STREAM, 0), UDP_CORK_OPTION) == -EOPNOTSUPP);
	CHECK(option_of(socket(AF_INET6, SOCK_STREAM, 0), UDP_CORK_OPTION) == -ENOPROTOOPT);
}

ABI_CASE(a_datagram_says_where_it_was_sent_to)
{
	int to = bound(AF_INET, SOCK_DGRAM), s = bound(AF_INET, SOCK_DGRAM), on = 1;
	int to6 = bound(AF_INET6, SOCK_DGRAM), s6 = bound(AF_INET6, SOCK_DGRAM);
	union { struct cmsghdr h; char raw[128]; } control;
	char c[8];
	struct iovec v = { c, sizeof(c) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	union name n;

	CHECK(!setsockopt(to, IPPROTO_IP, 20, &on, sizeof(on)) && !setsockopt(to6, IPPROTO_IPV6, 74, &on, sizeof(on)));
	CHECK(!connect_to(s, AF_INET, port_of(to)) && send(s, "x", 1, 0) == 1 && await(to, POLLIN) && recvmsg(to, &m, 0) == 1);
	CHECK(control.h.cmsg_level == IPPROTO_IP && control.h.cmsg_type == 20 && control.h.cmsg_len == CMSG_LEN(sizeof(n.v4)));
	memcpy(&n.v4, CMSG_DATA(&control.h), sizeof(n.v4));
	CHECK(n.v4.sin_family == AF_INET && ntohs(n.v4.sin_port) == port_of(to) && n.v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	m.msg_controllen = sizeof(control);
	CHECK(!connect_to(s6, AF_INET6, port_of(to6)) && send(s6, "x", 1, 0) == 1 && await(to6, POLLIN) && recvmsg(to6, &m, 0) == 1);
	CHECK(control.h.cmsg_level == IPPROTO_IPV6 && control.h.cmsg_type == 74 && control.h.cmsg_len == CMSG_LEN(sizeof(n.v6)));
	memcpy(&n.v6, CMSG_DATA(&control.h), sizeof(n.v6));
	CHECK(n.v6.sin6_family == AF_INET6 && ntohs(n.v6.sin6_port) == port_of(to6) && IN6_IS_ADDR_LOOPBACK(&n.v6.sin6_addr));
}
