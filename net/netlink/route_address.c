// SPDX-License-Identifier: GPL-2.0
/* NETLINK_ROUTE: the addresses of lo, which stay as they are. That of the sixth version is there while lo is up, as on Linux. */
#include <uapi/ferry/linux.h>
#include "route.h"

#define FOR_EVER	0xffffffffu
#define V4_PREFIX	8u
#define V6_PREFIX	128u
#define V6_BYTES	16u
#define ADDRESS_BYTES	128u

static const uint8_t v4_loopback[4] = { 127, 0, 0, 1 };
static const uint8_t v6_loopback[V6_BYTES] = { [15] = 1 };

static bool address_is_there(uint8_t family)
{
	return family == LINUX_AF_INET || interface_flags() & LINUX_IFF_UP;
}

void route_address_put(struct netlink_buffer *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t port, uint8_t family)
{
	static const struct linux_ifa_cacheinfo times = { FOR_EVER, FOR_EVER, 0, 0 };
	bool v6 = family == LINUX_AF_INET6;
	struct linux_ifaddrmsg h = { family, v6 ? V6_PREFIX : V4_PREFIX, LINUX_IFA_F_PERMANENT, LINUX_SCOPE_HOST, LO_INDEX };

	netlink_begin(b, type, flags, seq, port, &h, sizeof(h));
	if (v6) {
		netlink_put(b, LINUX_IFA_ADDRESS, v6_loopback, sizeof(v6_loopback));
		netlink_put(b, LINUX_IFA_CACHEINFO, &times, sizeof(times));
		netlink_put_u32(b, LINUX_IFA_FLAGS, LINUX_IFA_F_PERMANENT);
		netlink_put_u8(b, LINUX_IFA_PROTO, LINUX_IFAPROT_KERNEL_LO);
	} else {
		netlink_put(b, LINUX_IFA_ADDRESS, v4_loopback, sizeof(v4_loopback));
		netlink_put(b, LINUX_IFA_LOCAL, v4_loopback, sizeof(v4_loopback));
		netlink_put_text(b, LINUX_IFA_LABEL, LO_NAME);
		netlink_put_u32(b, LINUX_IFA_FLAGS, LINUX_IFA_F_PERMANENT);
		netlink_put(b, LINUX_IFA_CACHEINFO, &times, sizeof(times));
	}
	(void)netlink_end(b);
}

static int address_fill(struct netlink_dump *d, struct netlink_buffer *b)
{
	static const uint8_t families[LO_ADDRESSES] = { LINUX_AF_INET, LINUX_AF_INET6 };
	struct route_filter filter;

	memcpy(&filter, d->asked, sizeof(filter));
	for (; d->at[0] < LO_ADDRESSES; d->at[0]++) {
		uint8_t family = families[d->at[0]];

		if ((filter.family && filter.family != family) || !address_is_there(family))
			continue;
		route_address_put(b, d->type, LINUX_NLM_F_MULTI | d->flags, d->seq, d->port, family);
		d->at[0]++;
		return 1;	/* each family is a part of its own */
	}
	return 0;
}

/* What a dump that is to be exact asks for: NULL, or why it cannot be; *@err. */
static const char *strict_reason(struct netlink_request *r, bool *filtered, int *err)
{
	const struct linux_nlattr *a[LINUX_IFA_MAX + 1];
	bool v6 = r->data[0] == LINUX_AF_INET6;
	struct linux_ifaddrmsg h;

	*err = -EINVAL;
	if (r->length < sizeof(h))
		return v6 ? "Invalid header for address dump request" : "ipv4: Invalid header for address dump request";
	memcpy(&h, r->data, sizeof(h));
	if (h.prefix || h.flags || h.scope)
		return v6 ? "Invalid values in header for address dump request" : "ipv4: Invalid values in header for address dump request";
	*err = netlink_attributes(r, r->data + sizeof(h), r->length - (uint32_t)sizeof(h), a, LINUX_IFA_MAX, true);
	if (*err)
		return r->text;
	*err = -EINVAL;
	for (unsigned int i = 0; i <= LINUX_IFA_MAX; i++)
		if (a[i] && i != LINUX_IFA_TARGET_NETNSID)
			return v6 ? "Unsupported attribute in dump request" : "ipv4: Unsupported attribute in dump request";
	*filtered = h.index;
	*err = h.index && h.index != LO_INDEX ? -ENODEV : 0;
	return NULL;
}

int route_address_dump(struct netlink_request *r)
{
	struct route_filter filter = { 0 };
	const char *text = NULL;
	bool filtered = false;
	int err = 0;

	if (r->data[0] == LINUX_AF_INET || r->data[0] == LINUX_AF_INET6)
		filter.family = r->data[0];
	if (r->from->strict)
		text = strict_reason(r, &filtered, &err);
	if (err)
		return route_dump_refused(r, err, text);
	return route_dump_start(r, LINUX_RTM_NEWADDR, &filter, filtered, address_fill);
}

/* The header, and the address that is named: 16 bytes for the sixth version, 4 for the fourth; NULL: none is. */
static int address_parse(struct netlink_request *r, struct linux_ifaddrmsg *h, const uint8_t **address)
{
	const struct linux_nlattr *a[LINUX_IFA_MAX + 1], *named;
	const void *data;
	int err;

	data = route_header(r, sizeof(*h), NULL, &err);
	if (!data)
		return err;
	memcpy(h, data, sizeof(*h));
	err = netlink_attributes(r, r->data + sizeof(*h), r->length - (uint32_t)sizeof(*h), a, LINUX_IFA_MAX, false);
	if (err)
		return err;
	named = a[LINUX_IFA_LOCAL] ? a[LINUX_IFA_LOCAL] : a[LINUX_IFA_ADDRESS];
	if (named && netlink_attr_length(named) < (h->family == LINUX_AF_INET6 ? sizeof(v6_loopback) : sizeof(v4_loopback)))
		return netlink_refuse(r, -ERANGE, "Attribute failed policy validation", named);
	*address = named ? netlink_attr_data(named) : NULL;
	return 0;
}

static bool is_ours(uint8_t family, const uint8_t *address)
{
	return family == LINUX_AF_INET6 ? !memcmp(address, v6_loopback, sizeof(v6_loopback)) : !memcmp(address, v4_loopback, sizeof(v4_loopback));
}

int route_address_get(struct netlink_request *r)
{
	const uint8_t *address = NULL;
	struct linux_ifaddrmsg h;
	struct netlink_buffer b;
	int err;

	if (r->data[0] != LINUX_AF_INET6)
		return -EOPNOTSUPP;
	err = address_parse(r, &h, &address);
	if (err)
		return err;
	if (!address)
		return -EINVAL;
	if (!is_ours(h.family, address) || !address_is_there(h.family))
		return -EADDRNOTAVAIL;
	if (netlink_buffer_init(&b, ADDRESS_BYTES))
		return -ENOBUFS;
	route_address_put(&b, LINUX_RTM_NEWADDR, 0, r->h->seq, r->from->port, h.family);
	return netlink_answer(r, &b);
}

/* What is there already, and what is not, can be said; nothing can be made or removed. */
int route_address_change(struct netlink_request *r)
{
	const uint8_t *address = NULL;
	struct linux_ifaddrmsg h;
	int err = address_parse(r, &h, &address);
	bool there;

	if (err)
		return err;
	if (h.family != LINUX_AF_INET && h.family != LINUX_AF_INET6)
		return -EOPNOTSUPP;
	if (!address)
		return -EINVAL;
	if (h.index != LO_INDEX)
		return -ENODEV;
	there = is_ours(h.family, address) && address_is_there(h.family) && h.prefix == (h.family == LINUX_AF_INET6 ? V6_PREFIX : V4_PREFIX);
	if (there && r->h->type == LINUX_RTM_NEWADDR)
		return r->h->flags & LINUX_NLM_F_REPLACE ? 0 : -EEXIST;
	if (!there && r->h->type == LINUX_RTM_DELADDR)
		return -EADDRNOTAVAIL;
	return netlink_refuse(r, -EOPNOTSUPP, "The addresses of this interface are fixed", NULL);
}
