/* SPDX-License-Identifier: GPL-2.0 */
/* What of lwIP is built and how large its parts may be; net/lwip/include/lwip/opt.h says what each means. Included by opt.h alone. */
#ifndef NET_PORT_LWIPOPTS_H
#define NET_PORT_LWIPOPTS_H

/* One caller at a time, with inet_lock held (net/stack.c); timers are ours, memory is the kernel's. */
#define NO_SYS				1
#define SYS_LIGHTWEIGHT_PROT		0
#define LWIP_NETCONN			0
#define LWIP_SOCKET			0
#define LWIP_TIMERS			0
#define MEM_LIBC_MALLOC			1
#define MEMP_MEM_MALLOC			1
#define MEM_ALIGNMENT			8
void *stack_alloc(unsigned long size);
void *stack_calloc(unsigned long nr, unsigned long size);
void stack_free(void *p);
#define mem_clib_malloc			stack_alloc
#define mem_clib_calloc			stack_calloc
#define mem_clib_free			stack_free
#define mem_free			stack_mem_free		/* the driver API has one of that name */
#define LWIP_NOASSERT			1
#define LWIP_STATS			0

/* What there is. No fragments: the only interface carries every packet whole. */
#define LWIP_ARP			0
#define LWIP_ETHERNET			0
#define LWIP_DHCP			0
#define LWIP_DNS			0
#define LWIP_IGMP			0
#define LWIP_ICMP			1
#define LWIP_RAW			1
#define IP_REASSEMBLY			0
#define IP_FRAG				0
#define LWIP_IPV6			1
#define LWIP_IPV6_MLD			0
#define LWIP_IPV6_REASS			0
#define LWIP_IPV6_FRAG			0
#define LWIP_IPV6_SCOPES		0
#define LWIP_IPV6_AUTOCONFIG		0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT	0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS	0
#define LWIP_ND6_QUEUEING		0
#define LWIP_ND6_ALLOW_RA_UPDATES	0
#define LWIP_ND6_TCP_REACHABILITY_HINTS	0

/* The interface lo; its packets are handled by who sent them, before inet_lock is given back. */
#define LWIP_HAVE_LOOPIF		1
#define LWIP_NETIF_LOOPBACK		1
#define LWIP_LOOPBACK_MAX_PBUFS		0
#define LWIP_CHECKSUM_CTRL_PER_NETIF	1

/* A segment with its headers fits four frames. */
#define TCP_MSS				16128
#define LWIP_WND_SCALE			1
#define TCP_RCV_SCALE			3
#define TCP_WND				(16 * TCP_MSS)
#define TCP_SND_BUF			(16 * TCP_MSS)
#define TCP_SND_QUEUELEN		512
#define TCP_OVERSIZE			1024
#define TCP_QUEUE_OOSEQ			1
#define TCP_MSL				30000UL
#define TCP_LISTEN_BACKLOG		1
#define LWIP_TCP_KEEPALIVE		1
#define LWIP_TCP_RTO_TIME		1000
#define SO_REUSE			1
#define IP_SOF_BROADCAST		0
#define MEMP_NUM_TCP_SEG		TCP_SND_QUEUELEN
#define LWIP_DISABLE_TCP_SANITY_CHECKS	1
#define LWIP_DISABLE_MEMP_SANITY_CHECKS	1

#define LWIP_HOOK_FILENAME		"hooks.h"

#endif
