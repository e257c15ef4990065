// SPDX-License-Identifier: GPL-2.0
/*
 * NETLINK_ROUTE: the routes to lo, the rules that name their tables, and neighbours, of which an interface that leads nowhere has none. Routes and
 * rules are what Linux has by itself, and stay as they are. A lookup answers as lo's sockets would: all of 127.0.0.0/8 and ::1 is here.
 */
#include <kernel/process.h>
#include <uapi/ferry/linux.h>
#include "route.h"

#define ANSWER_BYTES	512u
#define V4_BYTES	4u
#define V6_BYTES	16u
#define CACHEINFO_BYTES	32u	/* struct rta_cacheinfo: nothing is cached, so zeros */

static const struct route {
	uint8_t family, length, scope, type;
	uint8_t to[V6_BYTES];
} routes[ROUTES] = {
	{ LINUX_AF_INET, 8, LINUX_SCOPE_HOST, LINUX_RTN_LOCAL, { 127 } },
	{ LINUX_AF_INET, 32, LINUX_SCOPE_HOST, LINUX_RTN_LOCAL, { 127, 0, 0, 1 } },
	{ LINUX_AF_INET, 32, LINUX_SCOPE_LINK, LINUX_RTN_BROADCAST, { 127, 255, 255, 255 } },
	{ LINUX_AF_INET6, 128, LINUX_SCOPE_UNIVERSE, LINUX_RTN_LOCAL, { [15] = 1 } },
};

static const uint8_t v4_source[V4_BYTES] = { 127, 0, 0, 1 };
static const uint8_t zeros[CACHEINFO_BYTES];

static void put_route(struct netlink_buffer *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t port, const struct route *to, uint8_t table)
{
	bool v6 = to->family == LINUX_AF_INET6;
	struct linux_rtmsg h = { .family = to->family, .destination_length = to->length, .table = table, .protocol = LINUX_RTPROT_KERNEL,
				 .scope = to->scope, .type = to->type };

	netlink_begin(b, type, flags, seq, port, &h, sizeof(h));
	netlink_put_u32(b, LINUX_RTA_TABLE, table);
	netlink_put(b, LINUX_RTA_DST, to->to, v6 ? V6_BYTES : V4_BYTES);
	if (v6)
		netlink_put_u32(b, LINUX_RTA_PRIORITY, 0);
	else
		netlink_put(b, LINUX_RTA_PREFSRC, v4_source, sizeof(v4_source));
	netlink_put_u32(b, LINUX_RTA_OIF, LO_INDEX);
	if (v6) {
		netlink_put(b, LINUX_RTA_CACHEINFO, zeros, CACHEINFO_BYTES);
		netlink_put_u8(b, LINUX_RTA_PREF, 0);
	}
	(void)netlink_end(b);
}

void route_put(struct netlink_buffer *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t port, unsigned int number)
{
	put_route(b, type, flags, seq, port, &routes[number], LINUX_TABLE_LOCAL);
}

/* ---- Dumps ---- */

static bool wanted(const struct route_filter *f, const struct route *to)
{
	if (f->family && f->family != to->family)
		return false;
	if (f->table && f->table != LINUX_TABLE_LOCAL)
		return false;
	if (f->protocol && f->protocol != LINUX_RTPROT_KERNEL)
		return false;
	return !f->type || f->type == to->type;
}

static int route_fill(struct netlink_dump *d, struct netlink_buffer *b)
{
	struct route_filter f;

	memcpy(&f, d->asked, sizeof(f));
	if (f.none)
		return 0;
	for (; d->at[0] < ROUTES; d->at[0]++) {
		if (d->at[0] == ROUTES_V4 && b->used)
			return 1;	/* each family is a part of its own */
		if (wanted(&f, &routes[d->at[0]]) && (d->at[0] < ROUTES_KEPT || interface_flags() & LINUX_IFF_UP))
			route_put(b, d->type, LINUX_NLM_F_MULTI | d->flags, d->seq, d->port, (unsigned int)d->at[0]);
	}
	return b->used ? 1 : 0;
}

/* What a dump that is to be exact asks for: NULL, or why it cannot be; *@err. */
static const char *strict_reason(struct netlink_request *r, struct route_filter *f, bool *filtered, int *err)
{
	const struct linux_nlattr *a[LINUX_RTA_MAX + 1];
	uint32_t interface = 0;
	struct linux_rtmsg h;

	*err = -EINVAL;
	if (r->length < sizeof(h))
		return "Invalid header for FIB dump request";
	memcpy(&h, r->data, sizeof(h));
	if (h.destination_length || h.source_length || h.tos || h.scope)
		return "Invalid values in header for FIB dump request";
	if (h.flags & ~(LINUX_RTM_F_CLONED | LINUX_RTM_F_PREFIX))
		return "Invalid flags for FIB dump request";
	*err = netlink_attributes(r, r->data + sizeof(h), r->length - (uint32_t)sizeof(h), a, LINUX_RTA_MAX, true);
	if (*err)
		return r->text;
	*err = -EINVAL;
	for (unsigned int i = 0; i <= LINUX_RTA_MAX; i++)
		if (a[i] && i != LINUX_RTA_TABLE && i != LINUX_RTA_OIF)
			return "Unsupported attribute in dump request";
	f->type = h.type;
	f->protocol = h.protocol;
	f->table = h.table;
	*err = netlink_attr_u32(r, a[LINUX_RTA_TABLE], &f->table);
	if (!*err)
		*err = netlink_attr_u32(r, a[LINUX_RTA_OIF], &interface);
	if (*err)
		return r->text;
	*filtered = f->type || f->protocol || f->table || interface;
	if (interface && interface != LO_INDEX)
		*err = -ENODEV;
	else if (f->family && f->table && (f->table < LINUX_TABLE_DEFAULT || f->table > LINUX_TABLE_LOCAL))
		*err = -ENOENT;
	return *err == -ENOENT ? f->family == LINUX_AF_INET6 ? "IPv6: FIB table does not exist" : "ipv4: FIB table does not exist" : NULL;
}

int route_dump(struct netlink_request *r)
{
	struct route_filter f = { 0 };
	const char *text = NULL;
	bool filtered = false;
	struct linux_rtmsg h;
	int err = 0;

	if (r->data[0] == LINUX_AF_INET || r->data[0] == LINUX_AF_INET6)
		f.family = r->data[0];
	if (r->from->strict)
		text = strict_reason(r, &f, &filtered, &err);
	if (err)
		return route_dump_refused(r, err, text);
	if (r->length >= sizeof(h)) {
		memcpy(&h, r->data, sizeof(h));
		f.none = h.flags & LINUX_RTM_F_CLONED;	/* no way of one destination alone is remembered */
	}
	return route_dump_start(r, LINUX_RTM_NEWROUTE, &f, filtered, route_fill);
}

/* ---- Lookups ---- */

struct lookup {
	struct linux_rtmsg h;
	const uint8_t *to, *from;	/* NULL: not named */
	uint32_t interface;
};

static int address_of(struct netlink_request *r, const struct linux_nlattr *a, uint32_t n, const uint8_t **to)
{
	if (a && netlink_attr_length(a) < n)
		return netlink_refuse(r, -ERANGE, "Attribute failed policy validation", a);
	*to = a ? netlink_attr_data(a) : zeros;
	return 0;
}

static int lookup_parse(struct netlink_request *r, struct lookup *l)
{
	const struct linux_nlattr *a[LINUX_RTA_MAX + 1];
	uint32_t n = r->data[0] == LINUX_AF_INET6 ? V6_BYTES : V4_BYTES;
	const void *data;
	int err;

	data = route_header(r, sizeof(l->h), "ipv4: Invalid header for route get request", &err);
	if (!data)
		return err;
	memcpy(&l->h, data, sizeof(l->h));
	err = netlink_attributes(r, r->data + sizeof(l->h), r->length - (uint32_t)sizeof(l->h), a, LINUX_RTA_MAX, false);
	if (!err)
		err = address_of(r, a[LINUX_RTA_DST], n, &l->to);
	if (!err)
		err = address_of(r, a[LINUX_RTA_SRC], n, &l->from);
	if (!a[LINUX_RTA_SRC])
		l->from = NULL;
	if (!err)
		err = netlink_attr_u32(r, a[LINUX_RTA_OIF], &l->interface);
	if (!err && !l->interface)
		err = netlink_attr_u32(r, a[LINUX_RTA_IIF], &l->interface);
	return err;
}

static bool is_here(uint8_t family, const uint8_t *address)
{
	return family == LINUX_AF_INET6 ? !memcmp(address, routes[ROUTES_V4].to, V6_BYTES) : address[0] == 127;
}

static int lookup(const struct lookup *l)
{
	bool v6 = l->h.family == LINUX_AF_INET6, here;

	if (l->interface && l->interface != LO_INDEX)
		return -ENODEV;
	if (l->from && memcmp(l->from, zeros, v6 ? V6_BYTES : V4_BYTES) && !is_here(l->h.family, l->from))
		return v6 ? -ENETUNREACH : -EINVAL;
	here = is_here(l->h.family, l->to) || !memcmp(l->to, zeros, v6 ? V6_BYTES : V4_BYTES);	/* nowhere is here */
	return here && (!v6 || interface_flags() & LINUX_IFF_UP) ? 0 : -ENETUNREACH;
}

static void put_v4(struct netlink_buffer *b, const struct netlink_request *r, const struct lookup *l)
{
	struct linux_rtmsg h = { .family = LINUX_AF_INET, .destination_length = 32, .source_length = l->from ? 32 : 0, .tos = l->h.tos,
				 .table = LINUX_TABLE_MAIN, .type = LINUX_RTN_LOCAL, .flags = LINUX_RTM_F_CLONED | LINUX_RTCF_LOCAL };

	netlink_begin(b, LINUX_RTM_NEWROUTE, 0, r->h->seq, r->from->port, &h, sizeof(h));
	netlink_put_u32(b, LINUX_RTA_TABLE, LINUX_TABLE_MAIN);
	netlink_put(b, LINUX_RTA_DST, l->to, V4_BYTES);
	if (l->from)
		netlink_put(b, LINUX_RTA_SRC, l->from, V4_BYTES);
	netlink_put_u32(b, LINUX_RTA_OIF, LO_INDEX);
	if (!l->from)
		netlink_put(b, LINUX_RTA_PREFSRC, v4_source, V4_BYTES);
	netlink_put_u32(b, LINUX_RTA_UID, current->cred.uid);
	netlink_put(b, LINUX_RTA_CACHEINFO, zeros, CACHEINFO_BYTES);
	(void)netlink_end(b);
}

static void put_v6(struct netlink_buffer *b, const struct netlink_request *r, const struct lookup *l)
{
	struct linux_rtmsg h = { .family = LINUX_AF_INET6, .destination_length = 128, .source_length = 128, .table = LINUX_TABLE_LOCAL,
				 .protocol = LINUX_RTPROT_KERNEL, .type = LINUX_RTN_LOCAL };

	netlink_begin(b, LINUX_RTM_NEWROUTE, 0, r->h->seq, r->from->port, &h, sizeof(h));
	netlink_put_u32(b, LINUX_RTA_TABLE, LINUX_TABLE_LOCAL);
	netlink_put(b, LINUX_RTA_DST, l->to, V6_BYTES);
	netlink_put(b, LINUX_RTA_SRC, l->from ? l->from : zeros, V6_BYTES);
	netlink_put(b, LINUX_RTA_PREFSRC, routes[ROUTES_V4].to, V6_BYTES);
	netlink_put_u32(b, LINUX_RTA_PRIORITY, 0);
	netlink_put_u32(b, LINUX_RTA_OIF, LO_INDEX);
	netlink_put(b, LINUX_RTA_CACHEINFO, zeros, CACHEINFO_BYTES);
	netlink_put_u8(b, LINUX_RTA_PREF, 0);
	(void)netlink_end(b);
}

int route_get(struct netlink_request *r)
{
	struct lookup l = { .to = zeros };
	struct netlink_buffer b;
	int err;

	if (r->data[0] != LINUX_AF_INET && r->data[0] != LINUX_AF_INET6)
		return -EOPNOTSUPP;
	err = lookup_parse(r, &l);
	if (!err)
		err = lookup(&l);
	if (err)
		return err;
	if (netlink_buffer_init(&b, ANSWER_BYTES))
		return -ENOBUFS;
	if (l.h.flags & LINUX_RTM_F_FIB_MATCH)
		put_route(&b, LINUX_RTM_NEWROUTE, 0, r->h->seq, r->from->port, &routes[l.h.family == LINUX_AF_INET6 ? ROUTES_V4 : 0],
			  l.h.family == LINUX_AF_INET6 ? LINUX_TABLE_LOCAL : LINUX_TABLE_MAIN);
	else if (l.h.family == LINUX_AF_INET6)
		put_v6(&b, r, &l);
	else
		put_v4(&b, r, &l);
	return netlink_answer(r, &b);
}

/* ---- Rules and neighbours ---- */

static const struct rule {
	uint8_t family, table;
	uint32_t priority;
} rules[] = {
	{ LINUX_AF_INET, LINUX_TABLE_LOCAL, 0 }, { LINUX_AF_INET, LINUX_TABLE_MAIN, 32766 }, { LINUX_AF_INET, LINUX_TABLE_DEFAULT, 32767 },
	{ LINUX_AF_INET6, LINUX_TABLE_LOCAL, 0 }, { LINUX_AF_INET6, LINUX_TABLE_MAIN, 32766 },
};

static int rule_fill(struct netlink_dump *d, struct netlink_buffer *b)
{
	struct route_filter f;

	memcpy(&f, d->asked, sizeof(f));
	for (; d->at[0] < ARRAY_SIZE(rules); d->at[0]++) {
		const struct rule *rule = &rules[d->at[0]];
		struct linux_rtmsg h = { .family = rule->family, .table = rule->table, .type = LINUX_FR_ACT_TO_TABLE };

		if (f.family && f.family != rule->family)
			continue;
		netlink_begin_dumped(b, d, &h, sizeof(h));
		netlink_put_u32(b, LINUX_FRA_TABLE, rule->table);
		netlink_put_u32(b, LINUX_FRA_SUPPRESS_PREFIXLEN, ~0u);
		netlink_put_u8(b, LINUX_FRA_PROTOCOL, LINUX_RTPROT_KERNEL);
		if (rule->priority)
			netlink_put_u32(b, LINUX_FRA_PRIORITY, rule->priority);
		(void)netlink_end(b);
	}
	return b->used ? 1 : 0;
}

int route_rule_dump(struct netlink_request *r)
{
	struct route_filter f = { .family = r->data[0] };

	if (f.family && f.family != LINUX_AF_INET && f.family != LINUX_AF_INET6)
		return -EAFNOSUPPORT;
	return route_dump_start(r, LINUX_RTM_NEWRULE, &f, false, rule_fill);
}

static int nothing_fill(struct netlink_dump *d, struct netlink_buffer *b)
{
	return 0;
}

int route_neighbour_dump(struct netlink_request *r)
{
	static const struct route_filter all;

	return route_dump_start(r, LINUX_RTM_NEWNEIGH, &all, false, nothing_fill);
}

int route_neighbour_get(struct netlink_request *r)
{
	const struct linux_nlattr *a[LINUX_NDA_MAX + 1];
	struct linux_ndmsg h;
	const void *data;
	int err;

	data = route_header(r, sizeof(h), "Invalid header for neighbor get request", &err);
	if (!data)
		return err;
	memcpy(&h, data, sizeof(h));
	err = netlink_attributes(r, r->data + sizeof(h), r->length - (uint32_t)sizeof(h), a, LINUX_NDA_MAX, false);
	if (err)
		return err;
	if (!a[LINUX_NDA_DST])
		return netlink_refuse(r, -EINVAL, "Network address not specified", NULL);
	if (!h.index)
		return netlink_refuse(r, -EINVAL, "No device specified", NULL);
	if (h.index != LO_INDEX)
		return netlink_refuse(r, -ENODEV, "Unknown device ifindex", NULL);
	return netlink_refuse(r, -ENOENT, "Neighbour entry not found", NULL);
}
