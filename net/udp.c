// SPDX-License-Identifier: GPL-2.0
/* UDP (udp(7)): datagrams. What ICMP says of one that found nobody becomes the error of the connected socket that sent it. */
#include <kernel/process.h>
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "hooks.h"
#include "lwip/icmp.h"
#include "lwip/ip.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/udp.h"
#include "lwip/raw.h"

#define UDP_MAX		65507u
#define UDP6_MAX	65487u	/* lwIP's packets end at 65,535 bytes with their headers */

/* What the filter leaves of a datagram; false: nothing. Its header stays, though a filter may cut it. */
static bool udp_filter(struct inet_socket *s, struct pbuf *p)
{
	uint32_t kept = inet_filter(s, p, UDP_HLEN);

	if (kept && kept < p->tot_len + (uint32_t)UDP_HLEN)
		pbuf_realloc(p, (u16_t)(MAX(kept, (uint32_t)UDP_HLEN) - UDP_HLEN));
	return kept;
}

static void udp_arrived(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
	struct inet_socket *s = arg;

	if ((socket_is_filtered(&s->filter) && !udp_filter(s, p)) || (s->shutdown & SHUT_RECEIVE) ||
	    s->queued >= s->receive_limit || !packet_add(s, p, from, port)) {
		inet_counts.udp_full[IP_IS_V6_VAL(*from)]++;
		pbuf_free(p);
		return;
	}
	inet_wake(s, CAN_READ);
}

/* inet_lock held from here on. */
int udp_bind_socket(struct inet_socket *s)
{
	err_t err;

	s->udp = udp_new_ip_type(s->v6 ? IPADDR_TYPE_ANY : IPADDR_TYPE_V4);
	if (!s->udp) {
		s->local_port = 0;
		return -ENOBUFS;
	}
	ip_set_option(s->udp, SOF_REUSEADDR);
	udp_recv(s->udp, udp_arrived, s);
	err = udp_bind(s->udp, &s->local, s->local_port);
	if (!err)
		return 0;
	udp_remove(s->udp);
	s->udp = NULL;
	s->local_port = 0;
	return inet_error(err);
}

static int bind_auto(struct inet_socket *s)
{
	int err;

	if (s->local_port)
		return 0;
	err = port_bind_any(s);
	return err == -EADDRINUSE ? -EAGAIN : err ? err : udp_bind_socket(s);
}

int udp_connect_socket(struct inet_socket *s, const ip_addr_t *ip, uint16_t port)
{
	ip_addr_t to;
	int err;

	ip_addr_copy(to, *ip);
	err = address_reach(s, &to);
	if (!err)
		err = bind_auto(s);
	if (err)
		return err;
	if (!s->bound_address) {
		ip_addr_set_loopback_val(IP_IS_V6_VAL(to), s->local);
		udp_bind(s->udp, &s->local, s->local_port);
	}
	err = inet_error(udp_connect(s->udp, &to, port));
	if (err)
		return err;
	ip_addr_copy(s->remote, to);
	s->remote_port = port;
	s->state = INET_CONNECTED;
	return 0;
}

void udp_disconnect_socket(struct inet_socket *s)
{
	s->state = INET_OPEN;
	s->remote_port = 0;
	if (!s->udp)
		return;
	udp_disconnect(s->udp);
	if (!s->bound_address) {
		ip_addr_set_any(s->v6, &s->local);
		if (s->v6 && !s->options.v6_only)
			IP_SET_TYPE_VAL(s->local, IPADDR_TYPE_ANY);
		ip_addr_copy(s->udp->local_ip, s->local);
	}
	if (!s->bound_port) {
		udp_remove(s->udp);
		s->udp = NULL;
		s->local_port = 0;
	}
}

int udp_shutdown_socket(struct inet_socket *s, uint32_t how)
{
	WRITE_ONCE(s->shutdown, s->shutdown | how);
	inet_wake(s, 0);
	return s->state == INET_CONNECTED ? 0 : -ENOTCONN;
}

void udp_end(struct inet_socket *s)
{
	udp_pending_drop(s);
	if (s->udp)
		udp_remove(s->udp);
	s->udp = NULL;
	packets_drop(s);
}

uint32_t udp_poll_mask(struct inet_socket *s)
{
	uint32_t mask = CAN_WRITE, shutdown = READ_ONCE(s->shutdown);

	if (READ_ONCE(s->error))
		mask |= LINUX_POLLERR;
	if (!list_empty(&s->queue))
		mask |= CAN_READ;
	if (shutdown & SHUT_RECEIVE)
		mask |= LINUX_POLLRDHUP | CAN_READ;
	return shutdown == SHUT_BOTH ? mask | LINUX_POLLHUP : mask;
}

/* ---- Data ---- */

static int send_where(struct inet_socket *s, struct message *m, ip_addr_t *to, uint16_t *port)
{
	uint64_t length = m->inet_length;
	const union linux_sockaddr_inet *a = &m->inet;

	if (!length) {
		ip_addr_copy(*to, s->remote);
		*port = s->remote_port;
		return s->state == INET_CONNECTED ? 0 : -EDESTADDRREQ;
	}
	if (length < (s->v6 ? LINUX_SOCKADDR_IN6_MIN : sizeof(a->v4)))
		return -EINVAL;
	if (a->family == LINUX_AF_UNSPEC && s->v6)
		return -EINVAL;
	if (a->family != (s->v6 ? LINUX_AF_INET6 : LINUX_AF_INET) && a->family != LINUX_AF_UNSPEC)
		return -EAFNOSUPPORT;
	if (s->v6) {
		ip6_addr_t v6;

		ip6_addr_set_zero(&v6);
		memcpy(v6.addr, a->v6.address, sizeof(a->v6.address));
		if (ip6_addr_isipv4mappedipv6(&v6))
			ip_addr_set_ip4_u32_val(*to, v6.addr[3]);
		else
			ip_addr_copy_from_ip6(*to, v6);
		if (IP_IS_V4_VAL(*to) && s->options.v6_only)
			return -ENETUNREACH;
	} else {
		ip_addr_set_ip4_u32_val(*to, a->v4.address);
	}
	*port = lwip_ntohs(a->v4.port);
	if (!*port)
		return -EINVAL;
	if (IP_IS_V4_VAL(*to) && ip4_addr_get_u32(ip_2_ip4(to)) == IPADDR_BROADCAST && !s->options.broadcast)
		return -EACCES;
	return address_reach(s, to);
}

int udp_send_packet(struct inet_socket *s, const struct inet_route *r, struct pbuf *p)
{
	bool v6 = IP_IS_V6_VAL(r->to);
	ip_addr_t from;
	int err = bind_auto(s);

	if (err)
		return err;
	ip_addr_copy(from, s->local);
	if (address_is_any(&from))
		ip_addr_set_loopback_val(v6, from);
	if (v6 != IP_IS_V6_VAL(from))
		return -ENETUNREACH;
	s->udp->ttl = v6 && s->options.hops6 >= 0 ? s->options.hops6 : s->options.ttl;
	s->udp->tos = s->options.tos;
	return inet_error(udp_sendto_if_src(s->udp, p, &r->to, r->port, stack_loop(), &from));
}

static uint32_t datagram_most(const struct inet_socket *s)
{
	return s->v6 ? UDP6_MAX : UDP_MAX;
}

static int send_packet(struct inet_socket *s, struct message *m, struct pbuf *p)
{
	bool more = s->options.udp_cork || (m->flags & LINUX_MSG_MORE);
	struct inet_route r = { .segment = (uint16_t)(m->inet_segment ? m->inet_segment : s->options.segment) };
	/* Where a datagram goes was said when it was begun; an address that comes later is looked at by the sixth version alone. */
	int err = s->pending && !(s->v6 && m->inet_length) ? 0 : send_where(s, m, &r.to, &r.port);

	if (err)
		return err;
	if (more || s->pending)
		return udp_pending_add(s, &r, p, datagram_most(s), more);
	return udp_send_segments(s, &r, p);
}

/* What was sent before is not sent any more either. */
static int send_fault(struct inet_socket *s)
{
	inet_lock_take();
	udp_pending_drop(s);
	inet_unlock();
	return -EFAULT;
}

ssize_t datagram_send(struct inet_socket *s, struct message *m, bool nonblock)
{
	size_t n = m->it.left;
	struct pbuf *p;
	int err;

	if (m->flags & LINUX_MSG_OOB)
		return -EOPNOTSUPP;
	if (n > datagram_most(s))
		return -EMSGSIZE;
	err = -inet_error_take(s);
	if (!err && (READ_ONCE(s->shutdown) & SHUT_SEND) && !READ_ONCE(s->pending))
		err = -EPIPE;
	if (err == -EPIPE && !(m->flags & LINUX_MSG_NOSIGNAL))
		signal_send_thread(current, LINUX_SIGPIPE, NULL);
	if (err)
		return err;
	p = pbuf_alloc(PBUF_TRANSPORT, n, PBUF_RAM);
	if (!p)
		return -ENOBUFS;
	if (n && iter_get(&m->it, p->payload, n) != (ssize_t)n)
		err = send_fault(s);
	if (!err) {
		inet_lock_take();
		err = send_packet(s, m, p);
		inet_unlock();
	}
	pbuf_free(p);
	return err ? err : (ssize_t)n;
}

/* Something to read, the end, or why not; 1: something. Called and returns with read_lock held. */
static int receive_wait(struct inet_socket *s, bool nonblock, time_ns_t deadline) __must_hold(&s->read_lock)
{
	int err;

	for (;;) {
		err = -inet_error_take(s);
		if (err)
			return err;
		if (!list_empty(&s->queue))
			return 1;
		if (nonblock)	/* before the end is told, as on Linux */
			return -EAGAIN;
		if (READ_ONCE(s->shutdown) & SHUT_RECEIVE)
			return 0;
		mutex_unlock(&s->read_lock);
		err = wait_event(&s->readable, !list_empty(&s->queue) || READ_ONCE(s->error) || (READ_ONCE(s->shutdown) & SHUT_RECEIVE),
				 deadline, true);
		mutex_lock(&s->read_lock);
		if (err)
			return socket_wait_result(err, deadline);
	}
}

static void message_note(struct inet_socket *s, struct message *m, const struct inet_packet *k)
{
	m->inet_length = address_to_user(s, &k->from, k->port, &m->inet);
	address_to_user(s, &k->to, s->local_port, &m->inet_to);
	m->inet_hops = k->hops;
	m->arrived = k->arrived;
	WRITE_ONCE(s->arrived, k->arrived);
}

ssize_t datagram_receive(struct inet_socket *s, struct message *m, bool nonblock)
{
	struct inet_packet *k;
	ssize_t n;
	uint32_t length, copied;

	if (m->flags & LINUX_MSG_OOB)
		return -EOPNOTSUPP;
	mutex_lock(&s->read_lock);
	n = receive_wait(s, nonblock, socket_deadline(s->receive_timeout));
	if (n <= 0)
		goto out;
	inet_lock_take();
	k = packet_first(s);
	inet_unlock();
	length = k->length;
	copied = MIN(m->it.left, length);
	n = copied ? packet_read(k, 0, copied, &m->it) : 0;
	if (n == (ssize_t)copied) {
		message_note(s, m, k);
		m->result_flags |= copied < length ? LINUX_MSG_TRUNC : 0;
		n = m->flags & LINUX_MSG_TRUNC ? length : copied;
	} else {
		n = -EFAULT;
	}
	if (!(m->flags & LINUX_MSG_PEEK)) {
		inet_lock_take();
		packet_remove(s, k);
		inet_unlock();
	}
out:
	mutex_unlock(&s->read_lock);
	return n;
}

/* ---- ICMP ---- */

static void unreachable(bool v6, const uint8_t *datagram, uint16_t from, uint16_t to)
{
	struct inet_socket *s;

	list_for_each(s, &inet_sockets, all_link)
		if (s->protocol == LINUX_IPPROTO_UDP && s->state == INET_CONNECTED && s->local_port == from && s->remote_port == to &&
		    IP_IS_V6_VAL(s->remote) == v6)
			inet_fail(s, ECONNREFUSED);
}

/* What was sent lies behind the header of ICMP, its own IP header first. */
static u8_t icmp_arrived(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
	bool v6 = ip_current_is_v6();
	uint8_t data[60 + 8 + 60 + 8];
	uint16_t n = pbuf_copy_partial(p, data, sizeof(data), 0), icmp = ip_current_header_tot_len(), inner, udp;

	if (n < icmp + 8u || data[icmp] != (v6 ? ICMP6_TYPE_DUR : ICMP_DUR))
		return 0;
	if (data[icmp + 1] != (v6 ? (int)ICMP6_DUR_PORT : (int)ICMP_DUR_PORT))
		return 0;
	inner = icmp + 8;
	if (n < inner + (v6 ? 40u : 20u) || data[inner + (v6 ? 6 : 9)] != LINUX_IPPROTO_UDP)
		return 0;
	udp = inner + (v6 ? 40 : (data[inner] & 15) * 4);
	if (n >= udp + 4)
		unreachable(v6, data + inner, data[udp] << 8 | data[udp + 1], data[udp + 2] << 8 | data[udp + 3]);
	return 0;
}

int udp_start(void)
{
	struct raw_pcb *v4 = raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_ICMP);
	struct raw_pcb *v6 = v4 ? raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6) : NULL;

	if (!v6) {
		if (v4)
			raw_remove(v4);
		return -ENOMEM;
	}
	raw_recv(v4, icmp_arrived, NULL);
	raw_recv(v6, icmp_arrived, NULL);
	return 0;
}
