/* SPDX-License-Identifier: GPL-2.0 */
/* Internet sockets on the border: Linux's x86-64 numbers and layouts. Ports and addresses are big-endian. */
#ifndef UAPI_FERRY_LINUX_INET_H
#define UAPI_FERRY_LINUX_INET_H

#include <stdint.h>

#define LINUX_AF_INET		2
#define LINUX_AF_INET6		10

#define LINUX_IPPROTO_IP	0
#define LINUX_IPPROTO_ICMP	1
#define LINUX_IPPROTO_TCP	6
#define LINUX_IPPROTO_UDP	17
#define LINUX_IPPROTO_IPV6	41
#define LINUX_IPPROTO_ICMPV6	58
#define LINUX_IPPROTO_MAX	263

/* Options of level IPPROTO_IP. */
#define LINUX_IP_TOS		1
#define LINUX_IP_TTL		2
#define LINUX_IP_PKTINFO	8
#define LINUX_IP_MTU_DISCOVER	10
#define LINUX_IP_RECVERR	11
#define LINUX_IP_RECVTTL	12
#define LINUX_IP_RECVTOS	13
#define LINUX_IP_MTU		14
#define LINUX_IP_FREEBIND	15
#define LINUX_IP_BIND_ADDRESS_NO_PORT	24
#define LINUX_IP_MULTICAST_IF	32
#define LINUX_IP_MULTICAST_TTL	33
#define LINUX_IP_MULTICAST_LOOP	34
#define LINUX_IP_LOCAL_PORT_RANGE	51

/* Options of level IPPROTO_IPV6. */
#define LINUX_IPV6_UNICAST_HOPS	16
#define LINUX_IPV6_MULTICAST_IF	17
#define LINUX_IPV6_MULTICAST_HOPS	18
#define LINUX_IPV6_MULTICAST_LOOP	19
#define LINUX_IPV6_MTU_DISCOVER	23
#define LINUX_IPV6_MTU		24
#define LINUX_IPV6_RECVERR	25
#define LINUX_IPV6_V6ONLY	26
#define LINUX_IPV6_RECVPKTINFO	49
#define LINUX_IPV6_PKTINFO	50
#define LINUX_IPV6_RECVHOPLIMIT	51
#define LINUX_IPV6_HOPLIMIT	52
#define LINUX_IPV6_DONTFRAG	62
#define LINUX_IPV6_RECVTCLASS	66
#define LINUX_IPV6_TCLASS	67

/* Options of level IPPROTO_TCP. */
#define LINUX_TCP_NODELAY	1
#define LINUX_TCP_MAXSEG	2
#define LINUX_TCP_CORK		3
#define LINUX_TCP_KEEPIDLE	4
#define LINUX_TCP_KEEPINTVL	5
#define LINUX_TCP_KEEPCNT	6
#define LINUX_TCP_SYNCNT	7
#define LINUX_TCP_LINGER2	8
#define LINUX_TCP_DEFER_ACCEPT	9
#define LINUX_TCP_WINDOW_CLAMP	10
#define LINUX_TCP_INFO		11
#define LINUX_TCP_QUICKACK	12
#define LINUX_TCP_CONGESTION	13
#define LINUX_TCP_USER_TIMEOUT	18
#define LINUX_TCP_NOTSENT_LOWAT	25

/* States of a connection, as TCP_INFO and /proc/net/tcp tell them. */
#define LINUX_TCP_ESTABLISHED	1
#define LINUX_TCP_SYN_SENT	2
#define LINUX_TCP_SYN_RECV	3
#define LINUX_TCP_FIN_WAIT1	4
#define LINUX_TCP_FIN_WAIT2	5
#define LINUX_TCP_TIME_WAIT	6
#define LINUX_TCP_CLOSE		7
#define LINUX_TCP_CLOSE_WAIT	8
#define LINUX_TCP_LAST_ACK	9
#define LINUX_TCP_LISTEN	10
#define LINUX_TCP_CLOSING	11

struct linux_sockaddr_in {
	uint16_t family;
	uint16_t port;
	uint32_t address;
	uint8_t zero[8];
};

struct linux_sockaddr_in6 {
	uint16_t family;
	uint16_t port;
	uint32_t flow;
	uint8_t address[16];
	uint32_t scope;
};

#define LINUX_SOCKADDR_IN6_MIN	24	/* without its scope, as it once was */

union linux_sockaddr_inet {
	uint16_t family;
	struct linux_sockaddr_in v4;
	struct linux_sockaddr_in6 v6;
};

/* ioctls about interfaces. */
#define LINUX_SIOCGIFNAME	0x8910
#define LINUX_SIOCGIFCONF	0x8912
#define LINUX_SIOCGIFFLAGS	0x8913
#define LINUX_SIOCSIFFLAGS	0x8914
#define LINUX_SIOCGIFADDR	0x8915
#define LINUX_SIOCGIFDSTADDR	0x8917
#define LINUX_SIOCGIFBRDADDR	0x8919
#define LINUX_SIOCGIFNETMASK	0x891b
#define LINUX_SIOCGIFMETRIC	0x891d
#define LINUX_SIOCGIFMTU	0x8921
#define LINUX_SIOCGIFHWADDR	0x8927
#define LINUX_SIOCGIFINDEX	0x8933
#define LINUX_SIOCGIFTXQLEN	0x8942
#define LINUX_IFF_UP		0x1
#define LINUX_IFF_LOOPBACK	0x8
#define LINUX_IFF_RUNNING	0x40
#define LINUX_IFF_NOARP		0x80
#define LINUX_IFF_PROMISC	0x100
#define LINUX_IFF_ALLMULTI	0x200
#define LINUX_IFF_MULTICAST	0x1000
#define LINUX_ARPHRD_LOOPBACK	772
#define LINUX_UDP_CORK		1
#define LINUX_UDP_NO_CHECK6_TX	101
#define LINUX_UDP_NO_CHECK6_RX	102
#define LINUX_UDP_SEGMENT	103
#define LINUX_UDP_GRO		104
#define LINUX_IP_RECVORIGDSTADDR	20	/* and what it brings */
#define LINUX_IPV6_RECVORIGDSTADDR	74
#define LINUX_ETH_P_IP		0x0800
#define LINUX_ETH_P_IPV6	0x86dd

struct linux_ifreq {
	char name[16];
	union {
		struct linux_sockaddr_in address;
		int16_t flags;
		int32_t number;
		uint64_t rest[3];
	};
};

struct linux_ifconf {
	int32_t length, pad;
	uint64_t requests;
};

/* The control messages IP_PKTINFO and IPV6_PKTINFO. */
struct linux_in_pktinfo {
	int32_t index;
	uint32_t local, destination;
};

struct linux_in6_pktinfo {
	uint8_t address[16];
	uint32_t index;
};

/* The beginning of struct tcp_info. */
struct linux_tcp_info {
	uint8_t state, ca_state, retransmits, probes, backoff, options, wscale, delivery;
	uint32_t rto, ato, snd_mss, rcv_mss;
	uint32_t unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
	uint32_t rcv_rtt, rcv_space, total_retrans;
};

#endif
