// SPDX-License-Identifier: GPL-2.0
/*
 * NETLINK_GENERIC: families by name. There is the one by which programs find the others, "nlctrl", and it finds itself; who looks for another is
 * told that there is none.
 */
#include <kernel/init.h>
#include <uapi/ferry/linux.h>
#include "netlink.h"

#define GROUPS		32u
#define NAME		"nlctrl"
#define NAME_MAX_BYTES	16u
#define VERSION		2u
#define ATTRIBUTES	10u	/* the highest that it knows */
#define GROUP_ID	16u	/* of "notify" */
#define ANSWER_BYTES	512u

static void put_family(struct netlink_buffer *b, uint16_t flags, uint32_t seq, uint32_t port)
{
	static const struct linux_genlmsghdr h = { .command = LINUX_CTRL_CMD_NEWFAMILY, .version = VERSION };
	uint32_t outer, inner;

	netlink_begin(b, LINUX_GENL_ID_CTRL, flags, seq, port, &h, sizeof(h));
	netlink_put_text(b, LINUX_CTRL_ATTR_FAMILY_NAME, NAME);
	netlink_put_u16(b, LINUX_CTRL_ATTR_FAMILY_ID, LINUX_GENL_ID_CTRL);
	netlink_put_u32(b, LINUX_CTRL_ATTR_VERSION, VERSION);
	netlink_put_u32(b, LINUX_CTRL_ATTR_HDRSIZE, 0);
	netlink_put_u32(b, LINUX_CTRL_ATTR_MAXATTR, ATTRIBUTES);
	outer = netlink_nest(b, LINUX_CTRL_ATTR_OPS);
	inner = netlink_nest(b, 1);
	netlink_put_u32(b, LINUX_CTRL_ATTR_OP_ID, LINUX_CTRL_CMD_GETFAMILY);
	netlink_put_u32(b, LINUX_CTRL_ATTR_OP_FLAGS, LINUX_GENL_CMD_CAP_DO | LINUX_GENL_CMD_CAP_DUMP | LINUX_GENL_CMD_CAP_HASPOL);
	netlink_nest_end(b, inner);
	netlink_nest_end(b, outer);
	outer = netlink_nest(b, LINUX_CTRL_ATTR_MCAST_GROUPS);
	inner = netlink_nest(b, 1);
	netlink_put_u32(b, LINUX_CTRL_ATTR_MCAST_GRP_ID, GROUP_ID);
	netlink_put_text(b, LINUX_CTRL_ATTR_MCAST_GRP_NAME, "notify");
	netlink_nest_end(b, inner);
	netlink_nest_end(b, outer);
	(void)netlink_end(b);
}

static int family_fill(struct netlink_dump *d, struct netlink_buffer *b)
{
	if (d->at[0]++)
		return 0;
	put_family(b, LINUX_NLM_F_MULTI, d->seq, d->port);
	return 1;
}

/* Is it the family that is asked for? 0, -ENOENT, -EINVAL: none is named. */
static int family_named(struct netlink_request *r)
{
	const struct linux_nlattr *a[ATTRIBUTES + 1], *id;
	uint32_t header = sizeof(struct linux_genlmsghdr);
	char name[NAME_MAX_BYTES];
	uint16_t number;
	int err = netlink_attributes(r, r->data + header, r->length - header, a, ATTRIBUTES, true);

	if (err)
		return err;
	id = a[LINUX_CTRL_ATTR_FAMILY_ID];
	if (a[LINUX_CTRL_ATTR_FAMILY_NAME]) {
		err = netlink_attr_text(r, a[LINUX_CTRL_ATTR_FAMILY_NAME], name, sizeof(name));
		return err ? err : strcmp(name, NAME) ? -ENOENT : 0;
	}
	if (!id)
		return -EINVAL;
	if (netlink_attr_length(id) < sizeof(number))
		return netlink_refuse(r, -ERANGE, "Attribute failed policy validation", id);
	memcpy(&number, netlink_attr_data(id), sizeof(number));
	return number == LINUX_GENL_ID_CTRL ? 0 : -ENOENT;
}

static int generic_request(struct netlink_request *r)
{
	const struct linux_genlmsghdr *h = (const struct linux_genlmsghdr *)r->data;
	struct netlink_buffer b;
	int err;

	if (r->h->type != LINUX_GENL_ID_CTRL)
		return -ENOENT;
	if (r->length < sizeof(*h))
		return -EINVAL;
	if (h->command != LINUX_CTRL_CMD_GETFAMILY)
		return -EOPNOTSUPP;
	if (r->h->flags & LINUX_NLM_F_DUMP)
		return netlink_dump_start(r, LINUX_GENL_ID_CTRL, 0, family_fill, NULL, 0, NULL);
	err = family_named(r);
	if (!err)
		err = netlink_buffer_init(&b, ANSWER_BYTES) ? -ENOBUFS : 0;
	if (err)
		return err;
	put_family(&b, 0, r->h->seq, r->from->port);
	return netlink_answer(r, &b);
}

static const struct netlink_protocol generic_protocol = { .groups = GROUPS, .anyone_hears = true, .request = generic_request };

static int generic_init(void)
{
	netlink_protocol_register(LINUX_NETLINK_GENERIC, &generic_protocol);
	return 0;
}
INITCALL("2fs", generic_init);
