/* SPDX-License-Identifier: GPL-2.0 */
/* Netlink sockets on the border (netlink(7)): Linux's numbers and layouts. Messages and attributes begin at multiples of 4. */
#ifndef UAPI_FERRY_LINUX_NETLINK_H
#define UAPI_FERRY_LINUX_NETLINK_H

#include <stdint.h>

#define LINUX_AF_BRIDGE		7
#define LINUX_AF_NETLINK	16
#define LINUX_AF_PACKET		17
#define LINUX_AF_XDP		44

/* Protocols. */
#define LINUX_NETLINK_ROUTE		0
#define LINUX_NETLINK_USERSOCK		2
#define LINUX_NETLINK_SOCK_DIAG		4
#define LINUX_NETLINK_KOBJECT_UEVENT	15
#define LINUX_NETLINK_GENERIC		16
#define LINUX_NETLINK_PROTOCOLS		32	/* one past the last */

/* Options of level SOL_NETLINK. */
#define LINUX_SOL_NETLINK		270
#define LINUX_NETLINK_ADD_MEMBERSHIP	1
#define LINUX_NETLINK_DROP_MEMBERSHIP	2
#define LINUX_NETLINK_PKTINFO		3
#define LINUX_NETLINK_BROADCAST_ERROR	4
#define LINUX_NETLINK_NO_ENOBUFS	5
#define LINUX_NETLINK_LISTEN_ALL_NSID	8
#define LINUX_NETLINK_LIST_MEMBERSHIPS	9
#define LINUX_NETLINK_CAP_ACK		10
#define LINUX_NETLINK_EXT_ACK		11
#define LINUX_NETLINK_GET_STRICT_CHK	12

struct linux_sockaddr_nl {
	uint16_t family;
	uint16_t pad;
	uint32_t port;
	uint32_t groups;	/* bits of the first 32 */
};

struct linux_nlmsghdr {
	uint32_t length;	/* this header included */
	uint16_t type;
	uint16_t flags;
	uint32_t seq;
	uint32_t port;
};

#define LINUX_NLM_F_REQUEST	0x1u
#define LINUX_NLM_F_MULTI	0x2u
#define LINUX_NLM_F_ACK		0x4u
#define LINUX_NLM_F_DUMP_INTR	0x10u
#define LINUX_NLM_F_DUMP_FILTERED	0x20u
#define LINUX_NLM_F_DUMP	0x300u
#define LINUX_NLM_F_REPLACE	0x100u		/* of a request that makes something, with the next three */
#define LINUX_NLM_F_EXCL	0x200u
#define LINUX_NLM_F_CREATE	0x400u
#define LINUX_NLM_F_CAPPED	0x100u		/* of an answer, as the next */
#define LINUX_NLM_F_ACK_TLVS	0x200u

#define LINUX_NLMSG_NOOP	1
#define LINUX_NLMSG_ERROR	2
#define LINUX_NLMSG_DONE	3
#define LINUX_NLMSG_MIN_TYPE	0x10	/* those below are not a protocol's */

/* Followed by what was refused, or by its attributes. */
struct linux_nlmsgerr {
	int32_t error;
	struct linux_nlmsghdr request;
};

#define LINUX_NLMSGERR_ATTR_MSG		1
#define LINUX_NLMSGERR_ATTR_OFFS	2

struct linux_nlattr {
	uint16_t length;	/* this header included */
	uint16_t type;		/* with LINUX_NLA_F_* */
};

#define LINUX_NLA_F_NESTED	0x8000u
#define LINUX_NLA_TYPE_MASK	0x3fffu

/* NETLINK_GENERIC: a header of 4 bytes, and the one family that is always there. */
struct linux_genlmsghdr {
	uint8_t command, version;
	uint16_t reserved;
};

#define LINUX_GENL_ID_CTRL		0x10
#define LINUX_CTRL_CMD_NEWFAMILY	1
#define LINUX_CTRL_CMD_GETFAMILY	3
#define LINUX_CTRL_CMD_GETPOLICY	10
#define LINUX_CTRL_ATTR_FAMILY_ID	1
#define LINUX_CTRL_ATTR_FAMILY_NAME	2
#define LINUX_CTRL_ATTR_VERSION		3
#define LINUX_CTRL_ATTR_HDRSIZE		4
#define LINUX_CTRL_ATTR_MAXATTR		5
#define LINUX_CTRL_ATTR_OPS		6
#define LINUX_CTRL_ATTR_MCAST_GROUPS	7
#define LINUX_CTRL_ATTR_OP_ID		1
#define LINUX_CTRL_ATTR_OP_FLAGS	2
#define LINUX_CTRL_ATTR_MCAST_GRP_NAME	1
#define LINUX_CTRL_ATTR_MCAST_GRP_ID	2
#define LINUX_GENL_CMD_CAP_DO		0x2u
#define LINUX_GENL_CMD_CAP_DUMP		0x4u
#define LINUX_GENL_CMD_CAP_HASPOL	0x8u

#endif
