// SPDX-License-Identifier: GPL-2.0
/* What the kernel answers over netlink about interfaces, addresses and routes, and how it refuses. lo is the only interface that is counted on. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <uapi/ferry/linux_inet.h>
#include <uapi/ferry/linux_rtnetlink.h>
#include "netlink.h"

#define NOBODY	65534

struct answer {
	char bytes[32768] __attribute__((aligned(4)));
	int n;
};

/* The next message with @type of a dump, its address; NULL after its end. */
static const struct linux_nlmsghdr *dumped(int fd, struct answer *a, const struct linux_nlmsghdr *last, uint16_t type)
{
	const struct linux_nlmsghdr *h = last;

	for (;;) {
		h = h ? (const void *)((const char *)h + NETLINK_ALIGN(h->length)) : (const void *)(a->bytes + a->n);
		if ((const char *)h >= a->bytes + a->n) {
			a->n = netlink_receive(fd, a->bytes, sizeof(a->bytes));
			h = (const void *)a->bytes;
		}
		CHECK(h->length >= sizeof(*h) && (const char *)h + h->length <= a->bytes + a->n && h->flags & LINUX_NLM_F_MULTI);
		if (h->type == LINUX_NLMSG_DONE) {
			CHECK(h->length >= sizeof(*h) + 4 && *(const int32_t *)(h + 1) == 0);
			return NULL;
		}
		if (h->type == type)
			return h;
	}
}

static const void *attribute_of(const struct linux_nlmsghdr *h, size_t header, unsigned int type, int length)
{
	const char *at = (const char *)(h + 1) + header;
	const struct linux_nlattr *a = netlink_attribute(at, (int)((const char *)h + h->length - at), type);

	CHECK(a && (int)(a->length - sizeof(*a)) == length);
	return a + 1;
}

static void check_lo(const struct linux_nlmsghdr *h)
{
	const struct linux_ifinfomsg *i = (const void *)(h + 1);

	CHECK(i->index == 1 && i->type == LINUX_ARPHRD_LOOPBACK && i->flags == (IFF_UP | IFF_LOOPBACK | IFF_RUNNING | LINUX_IFF_LOWER_UP));
	CHECK(!strcmp(attribute_of(h, sizeof(*i), LINUX_IFLA_IFNAME, 3), "lo"));
	CHECK(*(const uint32_t *)attribute_of(h, sizeof(*i), LINUX_IFLA_MTU, 4) == 65536);
	CHECK(*(const uint8_t *)attribute_of(h, sizeof(*i), LINUX_IFLA_OPERSTATE, 1) == 0);
	attribute_of(h, sizeof(*i), LINUX_IFLA_ADDRESS, 6);
	attribute_of(h, sizeof(*i), LINUX_IFLA_STATS64, 200);
	attribute_of(h, sizeof(*i), LINUX_IFLA_STATS, 96);
}

ABI_CASE(interfaces_are_told_over_netlink)
{
	const struct linux_nlmsghdr *h = NULL;
	struct linux_ifinfomsg i = { 0 };
	struct answer a = { .n = 0 };
	int fd = netlink(LINUX_NETLINK_ROUTE), nr = 0;

	netlink_ask(fd, LINUX_RTM_GETLINK, LINUX_NLM_F_DUMP, 7, &i, sizeof(i));
	while ((h = dumped(fd, &a, h, LINUX_RTM_NEWLINK)) != NULL) {
		CHECK(h->seq == 7 && h->port == netlink_name(fd).port);
		if (((const struct linux_ifinfomsg *)(h + 1))->index == 1) {
			check_lo(h);
			nr++;
		}
	}
	CHECK(nr == 1);
	/* One byte is enough to ask. */
	a.n = 0;
	netlink_ask(fd, LINUX_RTM_GETLINK, LINUX_NLM_F_DUMP, 8, &i, 1);
	h = dumped(fd, &a, NULL, LINUX_RTM_NEWLINK);
	CHECK(h && h->seq == 8);
}

/* The one message that answers, or the error. */
static int ask_one(int fd, uint16_t type, const void *data, size_t n, struct answer *a)
{
	const struct linux_nlmsghdr *h = (const void *)a->bytes;

	netlink_ask(fd, type, 0, 9, data, n);
	a->n = netlink_receive(fd, a->bytes, sizeof(a->bytes));
	CHECK(h->seq == 9);
	return h->type == LINUX_NLMSG_ERROR ? ((const struct linux_nlmsgerr *)(h + 1))->error : 0;
}

ABI_CASE(lo_is_found_by_number_and_name)
{
	struct {
		struct linux_ifinfomsg i;
		struct linux_nlattr name;
		char text[4];
	} r = { .i = { .index = 1 }, .name = { 7, LINUX_IFLA_IFNAME }, .text = "lo" };
	int fd = netlink(LINUX_NETLINK_ROUTE);
	static struct answer a;

	CHECK(!ask_one(fd, LINUX_RTM_GETLINK, &r.i, sizeof(r.i), &a));
	check_lo((const void *)a.bytes);
	r.i.index = 0;
	CHECK(!ask_one(fd, LINUX_RTM_GETLINK, &r, sizeof(r), &a));
	check_lo((const void *)a.bytes);
	r.text[1] = 'x';
	CHECK(ask_one(fd, LINUX_RTM_GETLINK, &r, sizeof(r), &a) == -ENODEV);
	CHECK(ask_one(fd, LINUX_RTM_GETLINK, &r.i, sizeof(r.i), &a) == -EINVAL);
	CHECK(ask_one(fd, LINUX_RTM_GETLINK, &r.i, 4, &a) == -EINVAL);
	r.i.index = 77;
	CHECK(ask_one(fd, LINUX_RTM_GETLINK, &r.i, sizeof(r.i), &a) == -ENODEV);
}

ABI_CASE(addresses_are_told_over_netlink)
{
	static const uint8_t one[16] = { [15] = 1 }, v4[4] = { 127, 0, 0, 1 };
	const struct linux_nlmsghdr *h = NULL;
	struct linux_ifaddrmsg i = { 0 };
	struct answer a = { .n = 0 };
	int fd = netlink(LINUX_NETLINK_ROUTE), nr4 = 0, nr6 = 0;

	netlink_ask(fd, LINUX_RTM_GETADDR, LINUX_NLM_F_DUMP, 1, &i, sizeof(i));
	while ((h = dumped(fd, &a, h, LINUX_RTM_NEWADDR)) != NULL) {
		const struct linux_ifaddrmsg *m = (const void *)(h + 1);

		if (m->index != 1)
			continue;
		CHECK(m->scope == LINUX_SCOPE_HOST && m->flags == LINUX_IFA_F_PERMANENT);
		attribute_of(h, sizeof(*m), LINUX_IFA_CACHEINFO, 16);
		if (m->family == AF_INET) {
			CHECK(m->prefix == 8 && !memcmp(attribute_of(h, sizeof(*m), LINUX_IFA_LOCAL, 4), v4, 4));
			CHECK(!strcmp(attribute_of(h, sizeof(*m), LINUX_IFA_LABEL, 3), "lo"));
			nr4++;
		} else {
			CHECK(m->prefix == 128 && !memcmp(attribute_of(h, sizeof(*m), LINUX_IFA_ADDRESS, 16), one, 16));
			nr6++;
		}
	}
	CHECK(nr4 == 1 && nr6 == 1);
	i.family = AF_INET6;
	a.n = 0;
	netlink_ask(fd, LINUX_RTM_GETADDR, LINUX_NLM_F_DUMP, 1, &i, sizeof(i));
	h = dumped(fd, &a, NULL, LINUX_RTM_NEWADDR);
	CHECK(h && ((const struct linux_ifaddrmsg *)(h + 1))->family == AF_INET6);
	while ((h = dumped(fd, &a, h, LINUX_RTM_NEWADDR)) != NULL)
		CHECK(((const struct linux_ifaddrmsg *)(h + 1))->family == AF_INET6);
}

ABI_CASE(libc_finds_interfaces_and_addresses)
{
	struct ifaddrs *all, *i;
	struct if_nameindex *names = if_nameindex();
	unsigned int seen = 0, nr = 0;
	char name[IF_NAMESIZE];

	CHECK(names);
	for (; names[nr].if_name; nr++)
		seen |= names[nr].if_index == 1 && !strcmp(names[nr].if_name, "lo");
	CHECK(seen && if_nametoindex("lo") == 1 && !strcmp(if_indextoname(1, name), "lo"));
	CHECK(!if_nametoindex("none0") && errno == ENODEV);
	CHECK(!if_indextoname(77, name) && errno == ENXIO);
	CHECK(!getifaddrs(&all));
	for (i = all; i; i = i->ifa_next)
		if (!strcmp(i->ifa_name, "lo") && i->ifa_addr)
			seen |= i->ifa_addr->sa_family == AF_INET ? 2 : i->ifa_addr->sa_family == AF_INET6 ? 4 : 8;
	CHECK(seen == 15);
}

struct route_question {
	struct linux_rtmsg m;
	struct linux_nlattr a;
	uint8_t to[16];
};

static int ask_route(int fd, int family, const char *to, struct answer *a)
{
	struct route_question q = { .m = { .family = family } };
	int n = family == AF_INET ? 4 : 16;

	q.m.destination_length = n * 8;
	q.a = (struct linux_nlattr){ 4 + n, LINUX_RTA_DST };
	CHECK(inet_pton(family, to, q.to) == 1);
	return ask_one(fd, LINUX_RTM_GETROUTE, &q, sizeof(q.m) + q.a.length, a);
}

ABI_CASE(routes_to_this_machine_are_told)
{
	int fd = netlink(LINUX_NETLINK_ROUTE), nr = 0;
	const struct linux_nlmsghdr *h = NULL;
	const struct linux_rtmsg *m;
	struct linux_rtmsg q = { 0 };
	static struct answer a;

	netlink_ask(fd, LINUX_RTM_GETROUTE, LINUX_NLM_F_DUMP, 1, &q, sizeof(q));
	while ((h = dumped(fd, &a, h, LINUX_RTM_NEWROUTE)) != NULL) {
		m = (const void *)(h + 1);
		nr += m->table == LINUX_TABLE_LOCAL && m->type == LINUX_RTN_LOCAL && m->family == AF_INET && m->destination_length == 8;
	}
	CHECK(nr == 1);
	m = (const void *)(a.bytes + sizeof(*h));
	h = (const void *)a.bytes;
	CHECK(!ask_route(fd, AF_INET, "127.1.2.3", &a) && h->type == LINUX_RTM_NEWROUTE && m->type == LINUX_RTN_LOCAL);
	CHECK(*(const uint32_t *)attribute_of(h, sizeof(*m), LINUX_RTA_OIF, 4) == 1);
	CHECK(*(const uint32_t *)attribute_of(h, sizeof(*m), LINUX_RTA_PREFSRC, 4) == htonl(INADDR_LOOPBACK));
	CHECK(!ask_route(fd, AF_INET6, "::1", &a) && m->family == AF_INET6 && m->type == LINUX_RTN_LOCAL);
	CHECK(ask_route(fd, AF_INET, "8.8.8.8", &a) == -ENETUNREACH && ask_route(fd, AF_INET6, "2001::1", &a) == -ENETUNREACH);
	netlink_ask(fd, LINUX_RTM_GETRULE, LINUX_NLM_F_DUMP, 1, &q, sizeof(q));
	a.n = 0;
	for (h = NULL, nr = 0; (h = dumped(fd, &a, h, LINUX_RTM_NEWRULE)) != NULL; nr++)
		;
	CHECK(nr >= 5);
	netlink_ask(fd, LINUX_RTM_GETNEIGH, LINUX_NLM_F_DUMP, 1, &q, sizeof(q));
	a.n = 0;
	for (h = NULL; (h = dumped(fd, &a, h, LINUX_RTM_NEWNEIGH)) != NULL;)
		;
}

/* Success is told to who wants to know, failure to everybody, with as much of the request as is wanted. */
ABI_CASE(netlink_requests_are_acknowledged)
{
	struct linux_ifinfomsg i = { .index = 77 };
	int fd = netlink(LINUX_NETLINK_ROUTE);
	static struct answer a;
	const struct linux_nlmsghdr *h = (const void *)a.bytes;
	const struct linux_nlmsgerr *e = (const void *)(h + 1);
	struct linux_nlmsghdr quiet = { sizeof(quiet) + sizeof(i), LINUX_RTM_GETLINK, 0, 5, 0 };

	CHECK(ask_one(fd, LINUX_RTM_GETLINK, &i, sizeof(i), &a) == -ENODEV && a.n == 52 && h->length == 52 && !h->flags);
	CHECK(e->request.type == LINUX_RTM_GETLINK && e->request.seq == 9 && !memcmp(e + 1, &i, sizeof(i)));
	CHECK(!netlink_option(fd, LINUX_NETLINK_CAP_ACK, 1));
	CHECK(ask_one(fd, LINUX_RTM_GETLINK, &i, sizeof(i), &a) == -ENODEV && a.n == 36 && h->flags == LINUX_NLM_F_CAPPED);
	/* What is no request is none. */
	CHECK(send(fd, &quiet, sizeof(quiet), 0) == sizeof(quiet) && !netlink_ready(fd, 0));
	netlink_ask(fd, LINUX_NLMSG_NOOP, LINUX_NLM_F_ACK, 3, &i, 4);
	CHECK(!netlink_verdict(fd, 3));
	netlink_ask(fd, 200, 0, 4, &i, 4);
	CHECK(netlink_verdict(fd, 4) == -EOPNOTSUPP);
	/* Why, in words and by place. */
	CHECK(!netlink_option(fd, LINUX_NETLINK_EXT_ACK, 1));
	CHECK(ask_one(fd, LINUX_RTM_GETLINK, &i, 4, &a) == -EINVAL && h->flags == (LINUX_NLM_F_CAPPED | LINUX_NLM_F_ACK_TLVS));
	CHECK(netlink_attribute(e + 1, (int)(a.bytes + a.n - (char *)(e + 1)), LINUX_NLMSGERR_ATTR_MSG));
	i.index = 1;
	netlink_ask(fd, LINUX_RTM_GETLINK, LINUX_NLM_F_ACK, 6, &i, sizeof(i));
	CHECK(netlink_receive(fd, a.bytes, sizeof(a.bytes)) > 100 && h->type == LINUX_RTM_NEWLINK);
	CHECK(!netlink_verdict(fd, 6));
}

ABI_CASE(an_exact_netlink_dump_takes_exact_questions)
{
	struct linux_ifaddrmsg q = { .family = AF_INET, .prefix = 3 };
	int fd = netlink(LINUX_NETLINK_ROUTE);
	static struct answer a;
	const struct linux_nlmsghdr *h = (const void *)a.bytes;

	CHECK(!netlink_option(fd, LINUX_NETLINK_GET_STRICT_CHK, 1) && !netlink_option(fd, LINUX_NETLINK_EXT_ACK, 1));
	netlink_ask(fd, LINUX_RTM_GETADDR, LINUX_NLM_F_DUMP, 1, &q, sizeof(q));
	a.n = netlink_receive(fd, a.bytes, sizeof(a.bytes));
	CHECK(h->type == LINUX_NLMSG_DONE && *(int32_t *)(h + 1) == -EINVAL && h->flags & LINUX_NLM_F_ACK_TLVS);
	CHECK(netlink_attribute((const char *)(h + 1) + 4, a.n - (int)sizeof(*h) - 4, LINUX_NLMSGERR_ATTR_MSG));
	q.prefix = 0;
	q.index = 77;
	netlink_ask(fd, LINUX_RTM_GETADDR, LINUX_NLM_F_DUMP, 1, &q, sizeof(q));
	a.n = netlink_receive(fd, a.bytes, sizeof(a.bytes));
	CHECK(h->type == LINUX_NLMSG_DONE && *(int32_t *)(h + 1) == -ENODEV);
	q.index = 1;
	netlink_ask(fd, LINUX_RTM_GETADDR, LINUX_NLM_F_DUMP, 1, &q, sizeof(q));
	a.n = netlink_receive(fd, a.bytes, sizeof(a.bytes));
	CHECK(h->type == LINUX_RTM_NEWADDR && h->flags & LINUX_NLM_F_DUMP_FILTERED);
}

ABI_CASE(one_netlink_dump_at_a_time)
{
	struct linux_ifinfomsg i = { 0 };
	int fd = netlink(LINUX_NETLINK_ROUTE);
	static struct answer a;
	const struct linux_nlmsghdr *h = (const void *)a.bytes;

	netlink_ask(fd, LINUX_RTM_GETLINK, LINUX_NLM_F_DUMP, 1, &i, sizeof(i));
	netlink_ask(fd, LINUX_RTM_GETLINK, LINUX_NLM_F_DUMP, 2, &i, sizeof(i));
	CHECK(netlink_receive(fd, a.bytes, sizeof(a.bytes)) > 0 && h->type == LINUX_RTM_NEWLINK && h->seq == 1);
	CHECK(netlink_verdict(fd, 2) == -EBUSY);
	CHECK(netlink_receive(fd, a.bytes, sizeof(a.bytes)) == 20 && h->type == LINUX_NLMSG_DONE && h->seq == 1);
	/* Whoever closes it in the middle loses it. */
	netlink_ask(fd, LINUX_RTM_GETLINK, LINUX_NLM_F_DUMP, 3, &i, sizeof(i));
	CHECK(!close(fd));
}

/* Several requests may be one message; a length that lies ends it. */
ABI_CASE(netlink_requests_come_together)
{
	struct {
		struct linux_nlmsghdr h;
		struct linux_ifinfomsg i;
	} r[3];
	int fd = netlink(LINUX_NETLINK_ROUTE);

	for (int k = 0; k < 3; k++)
		r[k].h = (struct linux_nlmsghdr){ sizeof(r[k]), LINUX_RTM_GETLINK, LINUX_NLM_F_REQUEST, 10 + k, 0 };
	r[0].i = r[1].i = r[2].i = (struct linux_ifinfomsg){ .index = 77 };
	CHECK(send(fd, r, sizeof(r), 0) == sizeof(r));
	for (int k = 0; k < 3; k++)
		CHECK(netlink_verdict(fd, 10 + k) == -ENODEV);
	r[1].h.length = sizeof(r) + 1;
	CHECK(send(fd, r, sizeof(r), 0) == sizeof(r) && netlink_verdict(fd, 10) == -ENODEV && !netlink_ready(fd, 0));
	r[0].h.length = 15;
	CHECK(send(fd, r, sizeof(r), 0) == sizeof(r) && send(fd, r, 3, 0) == 3 && !netlink_ready(fd, 0));
}

static void change_lo(int fd, uint32_t flags, uint32_t change, int expected)
{
	struct linux_ifinfomsg i = { .index = 1, .flags = flags, .change = change };

	netlink_ask(fd, LINUX_RTM_NEWLINK, LINUX_NLM_F_ACK, 20, &i, sizeof(i));
	CHECK(netlink_verdict(fd, 20) == expected);
}

ABI_CASE(interfaces_are_changed_by_who_may)
{
	struct linux_ifaddrmsg m = { .family = AF_INET, .prefix = 8, .index = 1 };
	struct {
		struct linux_ifaddrmsg m;
		struct linux_nlattr a;
		uint8_t address[4];
	} add = { m, { 8, LINUX_IFA_LOCAL }, { 127, 0, 0, 1 } };
	int fd = netlink(LINUX_NETLINK_ROUTE), status;
	struct linux_ifinfomsg none = { 0 };
	pid_t pid;

	change_lo(fd, IFF_UP, IFF_UP, 0);
	change_lo(fd, 0, 0, 0);
	netlink_ask(fd, LINUX_RTM_NEWLINK, LINUX_NLM_F_ACK, 1, &none, sizeof(none));
	CHECK(netlink_verdict(fd, 1) == -ENODEV);
	netlink_ask(fd, LINUX_RTM_NEWADDR, LINUX_NLM_F_ACK | LINUX_NLM_F_CREATE | LINUX_NLM_F_EXCL, 2, &add, sizeof(add));
	CHECK(netlink_verdict(fd, 2) == -EEXIST);
	add.address[3] = 9;
	netlink_ask(fd, LINUX_RTM_DELADDR, LINUX_NLM_F_ACK, 3, &add, sizeof(add));
	CHECK(netlink_verdict(fd, 3) == -EADDRNOTAVAIL);
	pid = fork();
	if (!pid) {
		CHECK(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
		fd = netlink(LINUX_NETLINK_ROUTE);
		change_lo(fd, IFF_UP, IFF_UP, -EPERM);
		netlink_ask(fd, LINUX_RTM_NEWADDR, LINUX_NLM_F_ACK, 2, &add, sizeof(add));
		CHECK(netlink_verdict(fd, 2) == -EPERM);
		CHECK(netlink_bind(netlink(LINUX_NETLINK_ROUTE), 0, 1) == 0);
		_exit(0);
	}
	status = abi_wait(pid);
	CHECK(status == 0);
}

static int send_to_lo(int family)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(family, SOCK_DGRAM, 0), n;

	CHECK(fd >= 0);
	n = sendto(fd, "x", 1, 0, family == AF_INET ? (void *)&v4 : (void *)&v6, family == AF_INET ? sizeof(v4) : sizeof(v6));
	close(fd);
	return n;
}

static void lo_is_down(int listener)
{
	static char text[4096] __attribute__((aligned(4)));
	const struct linux_nlmsghdr *h = (const void *)text;
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool told = false;

	change_lo(netlink(LINUX_NETLINK_ROUTE), 0, IFF_UP, 0);
	while (netlink_ready(listener, 0)) {
		CHECK(netlink_receive(listener, text, sizeof(text)) > 0);
		told |= h->type == LINUX_RTM_NEWLINK && !(((const struct linux_ifinfomsg *)(h + 1))->flags & IFF_UP);
	}
	CHECK(told && !ioctl(fd, SIOCGIFFLAGS, &r) && r.ifr_flags == IFF_LOOPBACK);
	/* What is sent is lost, and the address of the sixth version is gone. */
	CHECK(send_to_lo(AF_INET) == 1);
	CHECK_ERR(send_to_lo(AF_INET6), EADDRNOTAVAIL);
	r.ifr_flags |= IFF_UP;
	CHECK(!ioctl(fd, SIOCSIFFLAGS, &r) && netlink_ready(listener, WAIT_MS) == POLLIN && send_to_lo(AF_INET6) == 1);
}

ABI_CASE(listeners_hear_that_lo_goes_down_and_up)
{
	int listener = netlink(LINUX_NETLINK_ROUTE), status;
	pid_t pid;

	CHECK(!netlink_bind(listener, 0, 1));
	pid = fork();
	if (!pid) {
		lo_is_down(listener);
		_exit(0);
	}
	status = abi_wait(pid);
	change_lo(netlink(LINUX_NETLINK_ROUTE), IFF_UP, IFF_UP, 0);	/* however it went */
	CHECK(status == 0);
}

/* ---- Random messages; the same each time ---- */

static uint64_t state = 88172645463325252ull;

static uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % below;
}

/* Attributes in @n bytes, some in each other, some with lengths that lie. */
static void draw_attributes(char *at, int n, int depth)
{
	while (n >= 4) {
		struct linux_nlattr *a = (void *)at;
		int length = 4 + (int)draw((uint32_t)n < 40 ? (uint32_t)n - 3 : 40);

		for (int i = 0; i < length; i++)
			at[i] = draw(3) ? 0 : (char)draw(256);
		if (depth && !draw(3))
			draw_attributes(at + 4, length - 4, depth - 1);
		a->length = draw(20) ? (uint16_t)length : (uint16_t)draw(65536);
		a->type = (uint16_t)(draw(10) ? draw(40) : draw(65536));
		at += NETLINK_ALIGN(length);
		n -= (int)NETLINK_ALIGN(length);
	}
}

static size_t draw_message(char *text, uint32_t most)
{
	static const uint16_t types[] = { 16, 18, 20, 22, 24, 26, 30, 34, 3, 1, 66, 62, 94 };
	struct linux_nlmsghdr *h = (void *)text;
	uint32_t n = 16 + draw(most - 16);

	memset(text, 0, most);
	h->type = draw(8) ? types[draw(sizeof(types) / sizeof(types[0]))] : (uint16_t)draw(65536);
	h->flags = (uint16_t)(LINUX_NLM_F_REQUEST | (draw(2) ? LINUX_NLM_F_DUMP : 0) | (draw(4) ? 0 : draw(65536)));
	h->seq = draw(1000);
	h->length = draw(20) ? n : draw(most * 2);
	for (uint32_t i = 16; i < n && i < 32; i++)
		text[i] = draw(2) ? 0 : (char)draw(draw(2) ? 20 : 256);
	if (n > 20)
		draw_attributes(text + 16 + 4 * draw(5), (int)n - 16 - 16, 4);
	return n;
}

ABI_CASE(random_netlink_messages_do_no_harm)
{
	static const int protocols[] = { LINUX_NETLINK_ROUTE, LINUX_NETLINK_SOCK_DIAG, LINUX_NETLINK_KOBJECT_UEVENT, LINUX_NETLINK_GENERIC };
	static char text[1024] __attribute__((aligned(4))), in[8192];
	struct answer a = { .n = 0 };
	struct linux_ifinfomsg i = { 0 };
	int fd[4], nr = 0, k;

	CHECK(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
	for (unsigned int p = 0; p < 4; p++)
		if ((fd[nr] = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, protocols[p])) >= 0)
			nr++;
	CHECK(nr);
	for (int round = 0; round < 4000; round++) {
		size_t n = draw_message(text, 16 + 4 * (1 + draw(200)));

		k = (int)draw((uint32_t)nr);
		if (draw(4))
			n = draw(10) ? n : draw((uint32_t)n) + 1;
		(void)!send(fd[k], text, n, 0);
		for (int times = (int)draw(4); times; times--)
			(void)!recv(fd[k], in, draw(2) ? sizeof(in) : draw(sizeof(in)), draw(3) ? 0 : MSG_PEEK | MSG_TRUNC);
	}
	while (nr)
		CHECK(!close(fd[--nr]));
	k = netlink(LINUX_NETLINK_ROUTE);
	netlink_ask(k, LINUX_RTM_GETLINK, LINUX_NLM_F_DUMP, 1, &i, sizeof(i));
	CHECK(dumped(k, &a, NULL, LINUX_RTM_NEWLINK));
}

/* A reader with no room left loses acknowledgements, and is told so; when it has read what there is, all is as before. */
ABI_CASE(a_netlink_reader_that_lost_answers_can_ask_again)
{
	struct linux_ifinfomsg i = { .index = 77 };
	int fd = netlink(LINUX_NETLINK_ROUTE), nr = 0, none = 0;
	static struct answer a;
	bool link = false, done = false;

	CHECK(!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &none, sizeof(none)));
	for (int k = 0; k < 100; k++)
		netlink_ask(fd, LINUX_RTM_GETLINK, 0, 1, &i, sizeof(i));
	CHECK_ERR(recv(fd, a.bytes, sizeof(a.bytes), MSG_DONTWAIT), ENOBUFS);
	while (recv(fd, a.bytes, sizeof(a.bytes), MSG_DONTWAIT) > 0)
		nr++;
	CHECK(nr > 0 && nr < 100);
	i.index = 0;
	netlink_ask(fd, LINUX_RTM_GETLINK, LINUX_NLM_F_DUMP, 2, &i, sizeof(i));
	while (!done) {
		const struct linux_nlmsghdr *h = (const void *)a.bytes;

		a.n = netlink_receive(fd, a.bytes, sizeof(a.bytes));
		link |= h->type == LINUX_RTM_NEWLINK;
		done = h->type == LINUX_NLMSG_DONE;
	}
	CHECK(link);
}
