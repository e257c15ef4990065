// SPDX-License-Identifier: GPL-2.0
/*
 * Internet addresses as programs write them, and who has which port (ip(7), socket(7)). Ports are given out here and not by lwIP, whose
 * rules are others: it is told to take what it gets.
 */
#include <kernel/init.h>
#include <kernel/privilege.h>
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "hooks.h"
#include "lwip/ip.h"
#include "lwip/priv/tcp_priv.h"

#define PORT_PRIVILEGED	1024u	/* the first that is not */

unsigned int stack_random(void);

uint16_t port_first = 32768, port_last = 60999;

bool address_is_any(const ip_addr_t *ip)
{
	return IP_IS_ANY_TYPE_VAL(*ip) || ip_addr_isany(ip);
}

bool address_is_ours(const ip_addr_t *ip)
{
	return IP_IS_V6(ip) ? ip6_addr_isloopback(ip_2_ip6(ip)) && interface_flags() & LINUX_IFF_UP : ip4_addr_isloopback(ip_2_ip4(ip));
}

static int address_v4(const union linux_sockaddr_inet *a, int length, ip_addr_t *ip, uint16_t *port)
{
	if (length < (int)sizeof(a->v4))
		return -EINVAL;
	ip_addr_set_ip4_u32_val(*ip, a->v4.address);
	*port = lwip_ntohs(a->v4.port);
	return 0;
}

static int address_v6(const struct inet_socket *s, const union linux_sockaddr_inet *a, int length, ip_addr_t *ip, uint16_t *port)
{
	uint32_t words[4];
	ip6_addr_t v6;

	if (length < LINUX_SOCKADDR_IN6_MIN)
		return -EINVAL;
	memcpy(words, a->v6.address, sizeof(words));
	*port = lwip_ntohs(a->v6.port);
	ip6_addr_set_zero(&v6);
	memcpy(v6.addr, words, sizeof(words));
	if (ip6_addr_isipv4mappedipv6(&v6)) {
		if (s->options.v6_only)
			return -EINVAL;
		ip_addr_set_ip4_u32_val(*ip, words[3]);
		return 0;
	}
	ip_addr_copy_from_ip6(*ip, v6);
	if (ip6_addr_isany(&v6) && !s->options.v6_only)
		IP_SET_TYPE_VAL(*ip, IPADDR_TYPE_ANY);
	return 0;
}

int address_from_user(const struct inet_socket *s, uint64_t uaddress, int length, ip_addr_t *ip, uint16_t *port, bool *unspec)
{
	uint8_t raw[LINUX_SOCKADDR_MAX];
	union linux_sockaddr_inet a;
	int err = socket_address_get(raw, uaddress, length);

	memset(&a, 0, sizeof(a));
	if (err)
		return err;
	if (length < (int)sizeof(a.family))
		return -EINVAL;
	memcpy(&a, raw, MIN(length, (int)sizeof(a)));
	*unspec = a.family == LINUX_AF_UNSPEC;
	if (*unspec && !s->v6)
		return address_v4(&a, MAX(length, (int)sizeof(a.v4)), ip, port);
	if (*unspec)
		return 0;
	if (!s->v6)
		return length < (int)sizeof(a.v4) ? -EINVAL : a.family != LINUX_AF_INET ? -EAFNOSUPPORT : address_v4(&a, length, ip, port);
	if (a.family != LINUX_AF_INET6)
		return length < LINUX_SOCKADDR_IN6_MIN ? -EINVAL : -EAFNOSUPPORT;
	return address_v6(s, &a, length, ip, port);
}

uint32_t address_to_user(const struct inet_socket *s, const ip_addr_t *ip, uint16_t port, union linux_sockaddr_inet *to)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(to, 0, sizeof(*to));
	if (!s->v6) {
		to->v4.family = LINUX_AF_INET;
		to->v4.port = lwip_htons(port);
		to->v4.address = IP_IS_V4_VAL(*ip) ? ip4_addr_get_u32(ip_2_ip4(ip)) : 0;
		return sizeof(to->v4);
	}
	to->v6.family = LINUX_AF_INET6;
	to->v6.port = lwip_htons(port);
	if (IP_IS_V4_VAL(*ip) && !ip4_addr_isany_val(*ip_2_ip4(ip))) {
		memcpy(to->v6.address, mapped, sizeof(mapped));
		memcpy(to->v6.address + sizeof(mapped), &ip_2_ip4(ip)->addr, sizeof(uint32_t));
	} else if (IP_IS_V6_VAL(*ip)) {
		memcpy(to->v6.address, ip_2_ip6(ip)->addr, sizeof(to->v6.address));
	}
	return sizeof(to->v6);
}

/* ---- Ports ---- */

/* Which versions of IP lie behind @ip: 1 the fourth, 2 the sixth. */
static uint32_t versions(const ip_addr_t *ip)
{
	return IP_IS_ANY_TYPE_VAL(*ip) ? 3 : IP_IS_V6_VAL(*ip) ? 2 : 1;
}

static bool overlap(const ip_addr_t *a, const ip_addr_t *b)
{
	if (!(versions(a) & versions(b)))
		return false;
	return address_is_any(a) || address_is_any(b) || ip_addr_cmp(a, b);
}

static bool may_share(const struct inet_socket *a, const struct inet_socket *b, bool listening)
{
	if (a->options.reuse_port && b->options.reuse_port && a->uid == b->uid)
		return true;
	if (!a->options.reuse_address || !b->options.reuse_address)
		return false;
	return a->type != LINUX_SOCK_STREAM || (b->state != INET_LISTENING && !listening) || (listening && b->state != INET_LISTENING);
}

/* Connections that no socket has any more: they end, or ended lately. */
static bool is_left_over(const struct tcp_pcb *pcb, const ip_addr_t *ip, uint16_t port)
{
	for (; pcb; pcb = pcb->next)
		if (!pcb->callback_arg && pcb->local_port == port && overlap(&pcb->local_ip, ip))
			return true;
	return false;
}

int port_check(const struct inet_socket *s, const ip_addr_t *ip, uint16_t port, bool listening)
{
	const struct inet_socket *o;

	list_for_each(o, &inet_sockets, all_link)
		if (o != s && o->local_port == port && o->protocol == s->protocol && overlap(&o->local, ip) && !may_share(s, o, listening))
			return -EADDRINUSE;
	if (s->type != LINUX_SOCK_STREAM || s->options.reuse_address || listening)
		return 0;
	return is_left_over(tcp_tw_pcbs, ip, port) || is_left_over(tcp_active_pcbs, ip, port) ? -EADDRINUSE : 0;
}

/* Is it nobody's at all? What may be shared is not given to who did not ask for it. */
static bool port_is_free(const struct inet_socket *s, const ip_addr_t *ip, uint16_t port)
{
	const struct inet_socket *o;

	list_for_each(o, &inet_sockets, all_link)
		if (o != s && o->local_port == port && o->protocol == s->protocol && overlap(&o->local, ip))
			return false;
	return s->type != LINUX_SOCK_STREAM || (!is_left_over(tcp_tw_pcbs, ip, port) && !is_left_over(tcp_active_pcbs, ip, port));
}

uint16_t port_choose(const struct inet_socket *s, const ip_addr_t *ip)
{
	uint32_t nr = port_last - port_first + 1u, start = stack_random() % nr;

	for (uint32_t i = 0; i < nr; i++) {
		uint16_t port = port_first + (start + i) % nr;

		if (port_is_free(s, ip, port))
			return port;
	}
	return 0;
}

int port_bind(struct inet_socket *s, const ip_addr_t *ip, uint16_t port)
{
	int err;

	if (port && port < PORT_PRIVILEGED && !privileged(LINUX_CAP_NET_BIND_SERVICE))
		return -EACCES;
	s->bound_port = port;
	if (!port) {
		port = port_choose(s, ip);
		err = port ? 0 : -EADDRINUSE;
	} else {
		err = port_check(s, ip, port, false);
	}
	if (err)
		return err;
	ip_addr_copy(s->local, *ip);
	s->local_port = port;
	return 0;
}

int port_bind_any(struct inet_socket *s)
{
	ip_addr_t here;
	int err;

	ip_addr_copy(here, s->local);
	err = port_bind(s, &here, 0);
	s->bound_port = false;
	return err;
}

int address_reach(const struct inet_socket *s, ip_addr_t *ip)
{
	if (address_is_any(ip)) {
		if (s->v6 && !IP_IS_V4_VAL(*ip))
			ip_addr_set_loopback_val(true, *ip);
		else
			ip_addr_set_loopback_val(false, *ip);
	}
	if (IP_IS_V4_VAL(s->local) && !address_is_any(&s->local) && IP_IS_V6_VAL(*ip))
		return -ENETUNREACH;
	if (address_is_ours(ip))
		return 0;
	return IP_IS_V6(ip) && ip6_addr_isloopback(ip_2_ip6(ip)) ? -EADDRNOTAVAIL : -ENETUNREACH;	/* where lo is down */
}
