/* SPDX-License-Identifier: GPL-2.0 */
/* NETLINK_ROUTE on the border (rtnetlink(7)): Linux's numbers and layouts. */
#ifndef UAPI_FERRY_LINUX_RTNETLINK_H
#define UAPI_FERRY_LINUX_RTNETLINK_H

#include <stdint.h>

/* Kinds of messages come in fours: make, remove, ask, change. */
#define LINUX_RTM_BASE		16
#define LINUX_RTM_KIND(type)	(((type) - LINUX_RTM_BASE) & 3)
#define LINUX_RTM_KIND_GET	2
#define LINUX_RTM_NEWLINK	16
#define LINUX_RTM_DELLINK	17
#define LINUX_RTM_GETLINK	18
#define LINUX_RTM_SETLINK	19
#define LINUX_RTM_NEWADDR	20
#define LINUX_RTM_DELADDR	21
#define LINUX_RTM_GETADDR	22
#define LINUX_RTM_NEWROUTE	24
#define LINUX_RTM_DELROUTE	25
#define LINUX_RTM_GETROUTE	26
#define LINUX_RTM_NEWNEIGH	28
#define LINUX_RTM_GETNEIGH	30
#define LINUX_RTM_NEWRULE	32
#define LINUX_RTM_GETRULE	34

#define LINUX_RTNLGRP_LINK		1
#define LINUX_RTNLGRP_IPV4_IFADDR	5
#define LINUX_RTNLGRP_IPV4_ROUTE	7
#define LINUX_RTNLGRP_IPV6_IFADDR	9
#define LINUX_RTNLGRP_IPV6_ROUTE	11
#define LINUX_RTNLGRP_MAX		36

/* Interfaces. */
struct linux_ifinfomsg {
	uint8_t family, pad;
	uint16_t type;
	int32_t index;
	uint32_t flags, change;
};

#define LINUX_IFLA_ADDRESS	1
#define LINUX_IFLA_BROADCAST	2
#define LINUX_IFLA_IFNAME	3
#define LINUX_IFLA_MTU		4
#define LINUX_IFLA_QDISC	6
#define LINUX_IFLA_STATS	7
#define LINUX_IFLA_MASTER	10
#define LINUX_IFLA_TXQLEN	13
#define LINUX_IFLA_MAP		14
#define LINUX_IFLA_OPERSTATE	16
#define LINUX_IFLA_LINKMODE	17
#define LINUX_IFLA_LINKINFO	18
#define LINUX_IFLA_STATS64	23
#define LINUX_IFLA_GROUP	27
#define LINUX_IFLA_EXT_MASK	29
#define LINUX_IFLA_PROMISCUITY	30
#define LINUX_IFLA_NUM_TX_QUEUES	31
#define LINUX_IFLA_NUM_RX_QUEUES	32
#define LINUX_IFLA_CARRIER	33
#define LINUX_IFLA_CARRIER_CHANGES	35
#define LINUX_IFLA_TARGET_NETNSID	46
#define LINUX_IFLA_MIN_MTU	50
#define LINUX_IFLA_MAX_MTU	51
#define LINUX_IFLA_ALT_IFNAME	53
#define LINUX_IFLA_ALLMULTI	61
#define LINUX_IFLA_MAX		62
#define LINUX_IFF_LOWER_UP	0x10000u
#define LINUX_OPERSTATE_UNKNOWN	0
#define LINUX_OPERSTATE_DOWN	2
#define LINUX_RTEXT_FILTER_SKIP_STATS	0x8u

/* Of an interface; transmitted is what was sent. The rest is as in Linux's struct rtnl_link_stats64, and 0 here. */
struct linux_link_stats64 {
	uint64_t received_packets, transmitted_packets, received_bytes, transmitted_bytes;
	uint64_t rest[21];
};

struct linux_link_stats {
	uint32_t received_packets, transmitted_packets, received_bytes, transmitted_bytes;
	uint32_t rest[20];
};

/* Addresses. */
struct linux_ifaddrmsg {
	uint8_t family, prefix, flags, scope;
	uint32_t index;
};

#define LINUX_IFA_ADDRESS	1
#define LINUX_IFA_LOCAL		2
#define LINUX_IFA_LABEL		3
#define LINUX_IFA_CACHEINFO	6
#define LINUX_IFA_FLAGS		8
#define LINUX_IFA_TARGET_NETNSID	10
#define LINUX_IFA_PROTO		11
#define LINUX_IFA_MAX		11
#define LINUX_IFA_F_PERMANENT	0x80u
#define LINUX_IFAPROT_KERNEL_LO	1

struct linux_ifa_cacheinfo {
	uint32_t preferred, valid;	/* seconds; all ones: for ever */
	uint32_t created, changed;	/* hundredths of a second since boot */
};

/* Routes, and the rules that choose among their tables. */
struct linux_rtmsg {
	uint8_t family, destination_length, source_length, tos;
	uint8_t table, protocol, scope, type;	/* of a rule: the third and fourth are 0 and what it does */
	uint32_t flags;
};

#define LINUX_RTA_DST		1
#define LINUX_RTA_SRC		2
#define LINUX_RTA_IIF		3
#define LINUX_RTA_OIF		4
#define LINUX_RTA_PRIORITY	6
#define LINUX_RTA_PREFSRC	7
#define LINUX_RTA_CACHEINFO	12
#define LINUX_RTA_TABLE		15
#define LINUX_RTA_PREF		20
#define LINUX_RTA_UID		25
#define LINUX_RTA_MAX		30
#define LINUX_RTN_LOCAL		2
#define LINUX_RTN_BROADCAST	3
#define LINUX_RTPROT_KERNEL	2
#define LINUX_SCOPE_UNIVERSE	0
#define LINUX_SCOPE_LINK	253
#define LINUX_SCOPE_HOST	254
#define LINUX_TABLE_DEFAULT	253
#define LINUX_TABLE_MAIN	254
#define LINUX_TABLE_LOCAL	255
#define LINUX_RTM_F_CLONED	0x200u
#define LINUX_RTM_F_PREFIX	0x800u
#define LINUX_RTM_F_FIB_MATCH	0x2000u
#define LINUX_RTCF_LOCAL	0x80000000u
#define LINUX_FRA_PRIORITY	6
#define LINUX_FRA_SUPPRESS_PREFIXLEN	14
#define LINUX_FRA_TABLE		15
#define LINUX_FRA_PROTOCOL	21
#define LINUX_FR_ACT_TO_TABLE	1

/* Neighbours. */
struct linux_ndmsg {
	uint8_t family, pad1;
	uint16_t pad2;
	int32_t index;
	uint16_t state;
	uint8_t flags, type;
};

#define LINUX_NDA_DST		1
#define LINUX_NDA_MAX		16

#endif
