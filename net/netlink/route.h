/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NETLINK_ROUTE: route.c sorts requests and tells of changes, route_link.c has interfaces, route_address.c addresses, route_table.c routes, rules and
 * neighbours. There is one interface, lo, so each answer is a page at most; what is told is written by the same functions.
 */
#ifndef NET_NETLINK_ROUTE_H
#define NET_NETLINK_ROUTE_H

#include "../inet.h"
#include "netlink.h"
#include <uapi/ferry/linux_rtnetlink.h>

#define LO_ADDRESSES	2u	/* one of each family */

/* What a dump asks for, after the check: in netlink_dump.asked. */
struct route_filter {
	uint8_t family;		/* LINUX_AF_*, 0: all */
	uint8_t type, protocol;	/* of routes; 0: all */
	uint32_t table;		/* likewise */
	uint32_t flags;		/* LINUX_RTEXT_FILTER_* or LINUX_RTM_F_* */
	bool none;		/* what it asks for is not there */
};

/* Each: 0, -errno or NETLINK_LATER. */
int route_link_get(struct netlink_request *r);
int route_link_dump(struct netlink_request *r);
int route_link_set(struct netlink_request *r);
int route_address_get(struct netlink_request *r);
int route_address_dump(struct netlink_request *r);
int route_address_change(struct netlink_request *r);
int route_get(struct netlink_request *r);
int route_dump(struct netlink_request *r);
int route_rule_dump(struct netlink_request *r);
int route_neighbour_get(struct netlink_request *r);
int route_neighbour_dump(struct netlink_request *r);

/* Write lo, its address of @family, the routes there: as messages of @type that tell of a change. */
void route_link_put(struct netlink_buffer *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t port, uint32_t asked, uint32_t change);
void route_address_put(struct netlink_buffer *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t port, uint8_t family);
void route_put(struct netlink_buffer *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t port, unsigned int number);
#define ROUTES		4u
#define ROUTES_V4	3u	/* which come first */
#define ROUTES_KEPT	2u	/* those of addresses that stay when lo goes down come first */

/*
 * The header of @n bytes that @r must have, or NULL and *@err. Where a dump is to be exact (NETLINK_GET_STRICT_CHK) a shorter one is refused too,
 * by its answer, with @text.
 */
const void *route_header(struct netlink_request *r, uint32_t n, const char *text, int *err);
/* The whole answer of a dump that is refused. */
int route_dump_refused(struct netlink_request *r, int err, const char *text);
/* A dump of at most @nr things, which @put writes by number; false: there is none of that number. */
int route_dump_start(struct netlink_request *r, uint16_t type, const struct route_filter *filter, bool filtered,
		     int (*fill)(struct netlink_dump *d, struct netlink_buffer *b));

#endif
