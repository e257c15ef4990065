// SPDX-License-Identifier: GPL-2.0
/* NETLINK_ROUTE: the interface lo. What is told of it is what Linux tells of its own, but for what only a device with queues has. */
#include <uapi/ferry/linux.h>
#include "route.h"

#define HARDWARE_BYTES	6u
#define MAP_BYTES	32u
#define LINK_BYTES	1024u	/* at least what a message about it has */

static void put_stats(struct netlink_buffer *b)
{
	struct linux_link_stats64 wide = { 0 };
	struct linux_link_stats narrow = { 0 };

	stack_counts(&wide.received_packets, &wide.received_bytes);
	wide.transmitted_packets = wide.received_packets;
	wide.transmitted_bytes = wide.received_bytes;
	narrow.received_packets = narrow.transmitted_packets = (uint32_t)wide.received_packets;
	narrow.received_bytes = narrow.transmitted_bytes = (uint32_t)wide.received_bytes;
	netlink_put(b, LINUX_IFLA_STATS64, &wide, sizeof(wide));
	netlink_put(b, LINUX_IFLA_STATS, &narrow, sizeof(narrow));
}

void route_link_put(struct netlink_buffer *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t port, uint32_t asked, uint32_t change)
{
	static const uint8_t zeros[MAP_BYTES];
	struct linux_ifinfomsg h = { .type = LINUX_ARPHRD_LOOPBACK, .index = LO_INDEX, .flags = interface_flags(), .change = change };
	bool up = h.flags & LINUX_IFF_UP;

	h.flags |= up ? LINUX_IFF_LOWER_UP : 0;
	netlink_begin(b, type, flags, seq, port, &h, sizeof(h));
	netlink_put_text(b, LINUX_IFLA_IFNAME, LO_NAME);
	netlink_put_u32(b, LINUX_IFLA_TXQLEN, LO_QUEUE);
	netlink_put_u8(b, LINUX_IFLA_OPERSTATE, up ? LINUX_OPERSTATE_UNKNOWN : LINUX_OPERSTATE_DOWN);
	netlink_put_u8(b, LINUX_IFLA_LINKMODE, 0);
	netlink_put_u32(b, LINUX_IFLA_MTU, LO_MTU);
	netlink_put_u32(b, LINUX_IFLA_MIN_MTU, 0);
	netlink_put_u32(b, LINUX_IFLA_MAX_MTU, 0);
	netlink_put_u32(b, LINUX_IFLA_GROUP, 0);
	netlink_put_u32(b, LINUX_IFLA_PROMISCUITY, 0);
	netlink_put_u32(b, LINUX_IFLA_ALLMULTI, 0);
	netlink_put_u32(b, LINUX_IFLA_NUM_TX_QUEUES, 1);
	netlink_put_u32(b, LINUX_IFLA_NUM_RX_QUEUES, 1);
	netlink_put_u8(b, LINUX_IFLA_CARRIER, 1);
	netlink_put_text(b, LINUX_IFLA_QDISC, "noqueue");
	netlink_put_u32(b, LINUX_IFLA_CARRIER_CHANGES, 0);
	netlink_put(b, LINUX_IFLA_MAP, zeros, MAP_BYTES);
	netlink_put(b, LINUX_IFLA_ADDRESS, zeros, HARDWARE_BYTES);
	netlink_put(b, LINUX_IFLA_BROADCAST, zeros, HARDWARE_BYTES);
	if (!(asked & LINUX_RTEXT_FILTER_SKIP_STATS))
		put_stats(b);
	(void)netlink_end(b);
}

/* As the sixth version of IP tells of it to who asks for that. */
static void put_v6(struct netlink_buffer *b, const struct netlink_dump *d)
{
	struct linux_ifinfomsg h = { .family = LINUX_AF_INET6, .type = LINUX_ARPHRD_LOOPBACK, .index = LO_INDEX, .flags = interface_flags() };
	static const uint8_t address[HARDWARE_BYTES];
	bool up = h.flags & LINUX_IFF_UP;

	h.flags |= up ? LINUX_IFF_LOWER_UP : 0;
	netlink_begin_dumped(b, d, &h, sizeof(h));
	netlink_put_text(b, LINUX_IFLA_IFNAME, LO_NAME);
	netlink_put(b, LINUX_IFLA_ADDRESS, address, sizeof(address));
	netlink_put_u32(b, LINUX_IFLA_MTU, LO_MTU);
	netlink_put_u8(b, LINUX_IFLA_OPERSTATE, up ? LINUX_OPERSTATE_UNKNOWN : LINUX_OPERSTATE_DOWN);
	(void)netlink_end(b);
}

/* ---- What is asked ---- */

/* Is lo named by @h, or else by its name among @a? 0, -ENODEV, -EINVAL: nothing is named, other -errno. */
static int link_named(struct netlink_request *r, const struct linux_ifinfomsg *h, const struct linux_nlattr **a)
{
	const struct linux_nlattr *name = a[LINUX_IFLA_IFNAME] ? a[LINUX_IFLA_IFNAME] : a[LINUX_IFLA_ALT_IFNAME];
	char text[128];
	int err;

	if (h->index > 0)
		return h->index == LO_INDEX ? 0 : -ENODEV;
	if (!name)
		return -EINVAL;
	err = netlink_attr_text(r, name, text, sizeof(text));
	return err ? err : strcmp(text, LO_NAME) ? -ENODEV : 0;
}

static int link_parse(struct netlink_request *r, const char *text, bool strict, struct linux_ifinfomsg *h, const struct linux_nlattr **a)
{
	const void *data;
	int err;

	data = route_header(r, sizeof(*h), text, &err);
	if (!data)
		return err;
	memcpy(h, data, sizeof(*h));
	return netlink_attributes(r, r->data + sizeof(*h), r->length - (uint32_t)sizeof(*h), a, LINUX_IFLA_MAX, strict);
}

int route_link_get(struct netlink_request *r)
{
	const struct linux_nlattr *a[LINUX_IFLA_MAX + 1];
	struct linux_ifinfomsg h;
	struct netlink_buffer b;
	uint32_t asked = 0;
	int err = link_parse(r, "Invalid header for get link", r->from->strict, &h, a);

	if (!err)
		err = link_named(r, &h, a);
	if (!err)
		err = netlink_attr_u32(r, a[LINUX_IFLA_EXT_MASK], &asked);
	if (!err)
		err = netlink_buffer_init(&b, LINK_BYTES) ? -ENOBUFS : 0;
	if (err)
		return err;
	route_link_put(&b, LINUX_RTM_NEWLINK, 0, r->h->seq, r->from->port, asked, 0);
	return netlink_answer(r, &b);
}

static int link_fill(struct netlink_dump *d, struct netlink_buffer *b)
{
	struct route_filter filter;

	memcpy(&filter, d->asked, sizeof(filter));
	if (d->at[0]++ || filter.none)
		return 0;
	if (filter.family == LINUX_AF_INET6)
		put_v6(b, d);
	else
		route_link_put(b, d->type, LINUX_NLM_F_MULTI | d->flags, d->seq, d->port, filter.flags, 0);
	return 1;
}

/* Why a dump that is to be exact cannot be, or NULL. */
static const char *strict_reason(const struct linux_ifinfomsg *h, const struct linux_nlattr **a)
{
	if (h->pad || h->type || h->flags || h->change)
		return "Invalid values in header for link dump";
	if (h->index)
		return "Filter by device index not supported for link dumps";
	for (unsigned int i = 0; i <= LINUX_IFLA_MAX; i++)
		if (a[i] && i != LINUX_IFLA_EXT_MASK && i != LINUX_IFLA_MASTER && i != LINUX_IFLA_LINKINFO && i != LINUX_IFLA_TARGET_NETNSID)
			return "Unsupported attribute in link dump request";
	return NULL;
}

int route_link_dump(struct netlink_request *r)
{
	const struct linux_nlattr *a[LINUX_IFLA_MAX + 1] = { NULL };
	struct linux_ifinfomsg h = { .family = r->data[0] };
	struct route_filter filter = { 0 };
	bool strict = r->from->strict, filtered;
	uint32_t master = 0;
	int err = 0;

	if (strict && r->length < sizeof(h))
		return route_dump_refused(r, -EINVAL, "Invalid header for link dump");
	if (r->length >= sizeof(h))
		err = link_parse(r, NULL, strict, &h, a);
	if (!err && strict && strict_reason(&h, a))
		return route_dump_refused(r, -EINVAL, strict_reason(&h, a));
	if (!err)
		err = netlink_attr_u32(r, a[LINUX_IFLA_EXT_MASK], &filter.flags);
	if (!err)
		err = netlink_attr_u32(r, a[LINUX_IFLA_MASTER], &master);
	if (err)
		return route_dump_refused(r, err, r->text);
	/* lo is part of no other interface, and of no kind that can be made. */
	filtered = master || a[LINUX_IFLA_LINKINFO];
	filter.family = h.family;
	filter.none = filtered || h.family == LINUX_AF_BRIDGE;
	return route_dump_start(r, LINUX_RTM_NEWLINK, &filter, filtered, link_fill);
}

/* ---- Changes ---- */

/* Is @a, of type @type, as it is already, or without meaning here? */
static bool attribute_changes_nothing(struct netlink_request *r, unsigned int type, const struct linux_nlattr *a)
{
	char name[16];
	uint32_t v = 0;

	switch (type) {
	case LINUX_IFLA_IFNAME:
		return !netlink_attr_text(r, a, name, sizeof(name)) && !strcmp(name, LO_NAME);
	case LINUX_IFLA_MTU:
		return !netlink_attr_u32(r, a, &v) && v == LO_MTU;
	case LINUX_IFLA_TXQLEN:
		return !netlink_attr_u32(r, a, &v) && v == LO_QUEUE;
	case LINUX_IFLA_GROUP:
		return !netlink_attr_u32(r, a, &v) && !v;
	case LINUX_IFLA_EXT_MASK:
	case LINUX_IFLA_ALT_IFNAME:
		return true;
	default:
		return false;
	}
}

static int link_change(struct netlink_request *r, const struct linux_ifinfomsg *h, const struct linux_nlattr **a)
{
	uint32_t now = interface_flags(), flags = h->change ? (h->flags & h->change) | (now & ~h->change) : h->flags;
	uint32_t changed = h->change || h->flags ? (flags ^ now) & (LINUX_IFF_UP | LINUX_IFF_NOARP | LINUX_IFF_PROMISC | LINUX_IFF_ALLMULTI |
								   LINUX_IFF_MULTICAST) : 0;

	if (changed & ~LINUX_IFF_UP)
		return netlink_refuse(r, -EOPNOTSUPP, "This flag cannot be changed", NULL);
	for (unsigned int i = 1; i <= LINUX_IFLA_MAX; i++)
		if (a[i] && !attribute_changes_nothing(r, i, a[i]))
			return netlink_refuse(r, -EOPNOTSUPP, "This cannot be changed", a[i]);
	if (changed)
		interface_set_up(flags & LINUX_IFF_UP);
	return 0;
}

int route_link_set(struct netlink_request *r)
{
	const struct linux_nlattr *a[LINUX_IFLA_MAX + 1];
	struct linux_ifinfomsg h;
	int err = link_parse(r, NULL, false, &h, a);
	bool make = r->h->type == LINUX_RTM_NEWLINK;

	if (err)
		return err;
	if (h.index < 0)
		return netlink_refuse(r, -EINVAL, "ifindex can't be negative", NULL);
	err = link_named(r, &h, a);
	if (!make && err)
		return err;
	/* To make one: there is no kind of them. */
	if (make && (err == -ENODEV || err == -EINVAL))
		return r->h->flags & LINUX_NLM_F_CREATE ? netlink_refuse(r, -EOPNOTSUPP, "Unknown device type", a[LINUX_IFLA_LINKINFO]) : -ENODEV;
	if (err)
		return err;
	if (make && r->h->flags & LINUX_NLM_F_EXCL)
		return -EEXIST;
	if (make && r->h->flags & LINUX_NLM_F_REPLACE)
		return -EOPNOTSUPP;
	return link_change(r, &h, a);
}
