// SPDX-License-Identifier: GPL-2.0
/* NETLINK_ROUTE (rtnetlink(7)): who asks what, and what is told when the interface lo goes up or down. What cannot be changed is EOPNOTSUPP. */
#include <kernel/init.h>
#include <uapi/ferry/linux.h>
#include "route.h"

#define NOTE_BYTES	2048u

const void *route_header(struct netlink_request *r, uint32_t n, const char *text, int *err)
{
	*err = r->length < n ? netlink_refuse(r, -EINVAL, text, NULL) : 0;
	return *err ? NULL : r->data;
}

/* Refused in its answer, for who would read that until its end. */
struct refusal {
	int err;
	const char *text;
};

static int refusal_fill(struct netlink_dump *d, struct netlink_buffer *b)
{
	struct refusal why;

	memcpy(&why, d->asked, sizeof(why));
	d->text = why.text;
	return why.err;
}

int route_dump_refused(struct netlink_request *r, int err, const char *text)
{
	struct refusal why = { err, text };

	return netlink_dump_start(r, 0, 0, refusal_fill, &why, sizeof(why), NULL);
}

int route_dump_start(struct netlink_request *r, uint16_t type, const struct route_filter *filter, bool filtered,
		     int (*fill)(struct netlink_dump *d, struct netlink_buffer *b))
{
	return netlink_dump_start(r, type, filtered ? LINUX_NLM_F_DUMP_FILTERED : 0, fill, filter, sizeof(*filter), NULL);
}

static int answer_question(struct netlink_request *r)
{
	bool dump = r->h->flags & LINUX_NLM_F_DUMP;
	uint8_t family = r->data[0];

	switch (r->h->type) {
	case LINUX_RTM_GETLINK:
		return dump ? route_link_dump(r) : route_link_get(r);
	case LINUX_RTM_GETADDR:
		return dump ? route_address_dump(r) : route_address_get(r);
	case LINUX_RTM_GETROUTE:
		return dump ? route_dump(r) : route_get(r);
	case LINUX_RTM_GETRULE:
		return dump ? route_rule_dump(r) : -EOPNOTSUPP;
	case LINUX_RTM_GETNEIGH:
		return dump ? route_neighbour_dump(r) : family == LINUX_AF_UNSPEC ? -EINVAL : route_neighbour_get(r);
	default:
		return -EOPNOTSUPP;
	}
}

static int route_request(struct netlink_request *r)
{
	if (!r->length)
		return 0;	/* without a family it asks for nothing, and Linux says nothing */
	if (LINUX_RTM_KIND(r->h->type) == LINUX_RTM_KIND_GET)
		return answer_question(r);
	if (!netlink_request_privileged(r, LINUX_CAP_NET_ADMIN))
		return -EPERM;
	switch (r->h->type) {
	case LINUX_RTM_NEWLINK:
	case LINUX_RTM_SETLINK:
		return route_link_set(r);
	case LINUX_RTM_NEWADDR:
	case LINUX_RTM_DELADDR:
		return route_address_change(r);
	default:
		return -EOPNOTSUPP;
	}
}

/* One message to @group, as @put writes it. */
#define TELL(group, put, ...) do {								\
	struct netlink_buffer b;								\
	if (netlink_is_heard(LINUX_NETLINK_ROUTE, group) && !netlink_buffer_init(&b, NOTE_BYTES)) {	\
		put(&b, __VA_ARGS__);								\
		netlink_tell(LINUX_NETLINK_ROUTE, group, &b);					\
	}											\
} while (0)

/* lo went up or down: routes come and go with it, and the address of the sixth version. */
static void interface_changed(bool up)
{
	uint16_t address = up ? LINUX_RTM_NEWADDR : LINUX_RTM_DELADDR, route = up ? LINUX_RTM_NEWROUTE : LINUX_RTM_DELROUTE;

	TELL(LINUX_RTNLGRP_LINK, route_link_put, LINUX_RTM_NEWLINK, 0, 0, 0, 0, LINUX_IFF_UP);
	for (unsigned int i = ROUTES_KEPT; i < ROUTES; i++)
		TELL(i < ROUTES_V4 ? LINUX_RTNLGRP_IPV4_ROUTE : LINUX_RTNLGRP_IPV6_ROUTE, route_put, route, 0, 0, 0, i);
	TELL(LINUX_RTNLGRP_IPV6_IFADDR, route_address_put, address, 0, 0, 0, LINUX_AF_INET6);
}

static const struct netlink_protocol route_protocol = { .groups = LINUX_RTNLGRP_MAX, .anyone_hears = true, .request = route_request };

static int route_init(void)
{
	netlink_protocol_register(LINUX_NETLINK_ROUTE, &route_protocol);
	interface_hook = interface_changed;
	return 0;
}
INITCALL("2fs", route_init);
