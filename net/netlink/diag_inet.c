// SPDX-License-Identifier: GPL-2.0
/*
 * NETLINK_SOCK_DIAG: internet sockets, and connections that no socket has any more. Sockets have numbers that grow along their list: a long
 * answer goes on behind the last that it told of, whoever came and went meanwhile.
 */
#include <kernel/init.h>
#include <kernel/user_ns.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "../inet.h"
#include "diag.h"
#include "hooks.h"
#include "lwip/priv/tcp_priv.h"

#define WANTS(q, what)	((q)->request.wanted & 1u << ((what) - 1))

struct question {
	struct linux_inet_diag_request request;
	uint32_t filter_bytes;		/* of netlink_dump.kept */
};

/* Where a dump is: netlink_dump.at. */
enum { AT_NUMBER, AT_LIST, AT_INDEX };

static void address_put(uint32_t to[4], bool v6, const ip_addr_t *ip)
{
	memset(to, 0, 4 * sizeof(*to));
	if (IP_IS_V6_VAL(*ip)) {
		memcpy(to, ip_2_ip6(ip)->addr, 4 * sizeof(*to));
	} else if (!v6) {
		to[0] = ip4_addr_get_u32(ip_2_ip4(ip));
	} else if (!ip4_addr_isany_val(*ip_2_ip4(ip))) {
		to[2] = PP_HTONL(0xffff);
		to[3] = ip4_addr_get_u32(ip_2_ip4(ip));
	}
}

static void id_put(struct linux_inet_diag_sockid *id, bool v6, const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote,
		   uint16_t remote_port, uint64_t number)
{
	*id = (struct linux_inet_diag_sockid){ .source_port = lwip_htons(local_port), .destination_port = lwip_htons(remote_port) };
	address_put(id->source, v6, local);
	address_put(id->destination, v6, remote);
	diag_cookie_put(id->cookie, number);
}

static uint8_t state_of(const struct inet_socket *k)
{
	if (k->type == LINUX_SOCK_STREAM)
		return tcp_state_of(k);
	return k->state == INET_CONNECTED ? LINUX_TCP_ESTABLISHED : LINUX_TCP_CLOSE;
}

static void message_fill(struct linux_inet_diag_message *m, const struct inet_socket *k)
{
	bool listens = k->state == INET_LISTENING;

	*m = (struct linux_inet_diag_message){
		.family = k->v6 ? LINUX_AF_INET6 : LINUX_AF_INET, .state = state_of(k), .uid = uid_told(k->uid), .ino = (uint32_t)k->ino,
		.receive_queue = listens ? k->nr_backlog : k->readable_bytes, .send_queue = listens ? k->max_backlog : inet_unsent(k),
	};
	id_put(&m->id, k->v6, &k->local, k->local_port, &k->remote, k->remote_port, k->number);
}

static void put_memory(struct netlink_buffer *b, const struct question *q, const struct inet_socket *k)
{
	struct linux_inet_diag_meminfo few = { .received = k->queued, .sent = inet_unsent(k) };
	uint32_t words[LINUX_SK_MEMINFO_WORDS] = {
		[LINUX_SK_MEMINFO_RECEIVED] = k->queued, [LINUX_SK_MEMINFO_RECEIVE_LIMIT] = k->receive_limit,
		[LINUX_SK_MEMINFO_SENT] = inet_unsent(k), [LINUX_SK_MEMINFO_SEND_LIMIT] = k->send_limit,
	};

	if (WANTS(q, LINUX_INET_DIAG_MEMINFO))
		netlink_put(b, LINUX_INET_DIAG_MEMINFO, &few, sizeof(few));
	if (WANTS(q, LINUX_INET_DIAG_SKMEMINFO))
		netlink_put(b, LINUX_INET_DIAG_SKMEMINFO, words, sizeof(words));
}

static void put_attributes(struct netlink_buffer *b, const struct question *q, const struct inet_socket *k, uint8_t state)
{
	struct linux_tcp_info info;

	netlink_put_u8(b, LINUX_INET_DIAG_SHUTDOWN, (uint8_t)k->shutdown);
	if (WANTS(q, LINUX_INET_DIAG_TOS))
		netlink_put_u8(b, LINUX_INET_DIAG_TOS, k->options.tos);
	if (k->v6 && WANTS(q, LINUX_INET_DIAG_TCLASS))
		netlink_put_u8(b, LINUX_INET_DIAG_TCLASS, (uint8_t)MAX(k->options.traffic_class6, 0));
	if (k->v6 && (state == LINUX_TCP_LISTEN || state == LINUX_TCP_CLOSE))
		netlink_put_u8(b, LINUX_INET_DIAG_SKV6ONLY, k->options.v6_only || !address_is_any(&k->local));
	put_memory(b, q, k);
	if (k->type != LINUX_SOCK_STREAM)
		return;
	if (WANTS(q, LINUX_INET_DIAG_INFO)) {
		tcp_info_fill(k, &info);
		netlink_put(b, LINUX_INET_DIAG_INFO, &info, sizeof(info));
	}
	if (WANTS(q, LINUX_INET_DIAG_CONG))
		netlink_put_text(b, LINUX_INET_DIAG_CONG, "reno");
}

/* ---- What is wanted ---- */

static void connection_of(struct diag_connection *c, const struct linux_inet_diag_message *m, bool bound)
{
	*c = (struct diag_connection){ .family = m->family, .bound = bound, .source_port = lwip_ntohs(m->id.source_port),
				       .destination_port = lwip_ntohs(m->id.destination_port) };
	memcpy(c->source, m->id.source, sizeof(c->source));
	memcpy(c->destination, m->id.destination, sizeof(c->destination));
}

static bool wanted(const struct question *q, const uint8_t *filter, const struct linux_inet_diag_message *m, bool bound)
{
	const struct linux_inet_diag_sockid *id = &q->request.id;
	struct diag_connection c;

	if (m->family != q->request.family || !(q->request.states >> m->state & 1))
		return false;
	if ((id->source_port && id->source_port != m->id.source_port) || (id->destination_port && id->destination_port != m->id.destination_port))
		return false;
	connection_of(&c, m, bound);
	return !filter || diag_filter_run(filter, q->filter_bytes, &c);
}

/* As on Linux: one that was only bound is no connection. */
static bool is_told(const struct question *q, const struct inet_socket *k)
{
	return k->protocol == q->request.protocol && k->local_port && (k->type != LINUX_SOCK_STREAM || tcp_state_of(k) != LINUX_TCP_CLOSE);
}

/* ---- Dumps. inet_lock held ---- */

/* False: there is no room for more. */
static bool dump_sockets(struct netlink_dump *d, const struct question *q, struct netlink_buffer *b)
{
	const struct inet_socket *k;

	list_for_each(k, &inet_sockets, all_link) {
		struct linux_inet_diag_message m;

		if (k->number <= d->at[AT_NUMBER] || !is_told(q, k))
			continue;
		message_fill(&m, k);
		if (wanted(q, d->kept, &m, k->bound_port)) {
			netlink_begin_dumped(b, d, &m, sizeof(m));
			put_attributes(b, q, k, m.state);
			if (!netlink_end(b))
				return false;
		}
		d->at[AT_NUMBER] = k->number;
	}
	return true;
}

/* Connections that no socket has any more; those that are there when it comes to them. */
static bool dump_rest(struct netlink_dump *d, const struct question *q, struct netlink_buffer *b, const struct tcp_pcb *pcb)
{
	uint64_t index = 0;

	for (; pcb; pcb = pcb->next, index++) {
		struct linux_inet_diag_message m = { .family = IP_IS_V6_VAL(pcb->local_ip) ? LINUX_AF_INET6 : LINUX_AF_INET,
						     .state = tcp_state_linux(pcb->state) };

		if (pcb->callback_arg || index < d->at[AT_INDEX])
			continue;
		id_put(&m.id, m.family == LINUX_AF_INET6, &pcb->local_ip, pcb->local_port, &pcb->remote_ip, pcb->remote_port, 0);
		if (wanted(q, d->kept, &m, true)) {
			netlink_begin_dumped(b, d, &m, sizeof(m));
			if (!netlink_end(b))
				return false;
		}
		d->at[AT_INDEX] = index + 1;
	}
	return true;
}

static int inet_fill(struct netlink_dump *d, struct netlink_buffer *b)
{
	struct question q;
	bool fits = true;

	memcpy(&q, d->asked, sizeof(q));
	inet_lock_take();
	if (d->at[AT_LIST] == 0 && (fits = dump_sockets(d, &q, b)))
		d->at[AT_LIST] = q.request.protocol == LINUX_IPPROTO_TCP ? 1 : 3;
	while (fits && d->at[AT_LIST] < 3) {
		fits = dump_rest(d, &q, b, d->at[AT_LIST] == 1 ? tcp_active_pcbs : tcp_tw_pcbs);
		if (fits) {
			d->at[AT_LIST]++;
			d->at[AT_INDEX] = 0;
		}
	}
	inet_unlock();
	return !fits || b->used ? 1 : 0;
}

/* ---- One connection ---- */

/* How well @k is what @id means: 0 not at all. */
static unsigned int fit(const struct question *q, const struct inet_socket *k)
{
	const struct linux_inet_diag_sockid *id = &q->request.id;
	/* Of datagrams Linux has always taken the two ends the other way round. */
	bool swap = q->request.protocol == LINUX_IPPROTO_UDP;
	struct linux_inet_diag_message m;
	static const uint32_t any[4];

	if (!is_told(q, k))
		return 0;
	message_fill(&m, k);
	if (m.family != q->request.family || m.id.source_port != (swap ? id->destination_port : id->source_port))
		return 0;
	if (memcmp(m.id.source, any, sizeof(any)) && memcmp(m.id.source, swap ? id->destination : id->source, sizeof(any)))
		return 0;
	if (!m.id.destination_port)
		return 1;
	if (m.id.destination_port != (swap ? id->source_port : id->destination_port))
		return 0;
	return memcmp(m.id.destination, swap ? id->source : id->destination, sizeof(any)) ? 0 : 2;
}

static const struct inet_socket *find(const struct question *q)
{
	const struct inet_socket *k, *best = NULL;
	unsigned int most = 0, now;

	list_for_each(k, &inet_sockets, all_link) {
		now = fit(q, k);
		if (now > most) {
			most = now;
			best = k;
		}
	}
	return best;
}

static int inet_get(struct netlink_request *r, const struct question *q)
{
	const struct inet_socket *k;
	struct linux_inet_diag_message m;
	struct netlink_buffer b;
	int err = netlink_buffer_init(&b, DIAG_ANSWER);

	if (err)
		return -ENOBUFS;
	inet_lock_take();
	k = find(q);
	err = k && diag_cookie_fits(q->request.id.cookie, k->number) ? 0 : !k || k->type == LINUX_SOCK_STREAM ? -ENOENT : -ESTALE;
	if (!err) {
		message_fill(&m, k);
		netlink_begin(&b, r->h->type, 0, r->h->seq, r->from->port, &m, sizeof(m));
		put_attributes(&b, q, k, m.state);
		(void)netlink_end(&b);
	}
	inet_unlock();
	if (!err)
		return netlink_answer(r, &b);
	netlink_buffer_free(&b);
	return err;
}

static int inet_diag(struct netlink_request *r)
{
	const struct linux_nlattr *a[LINUX_INET_DIAG_REQ_MAX + 1];
	struct question q = { 0 };
	uint8_t *filter = NULL;
	uint32_t protocol;
	int err;

	if (r->length < sizeof(q.request))
		return -EINVAL;
	memcpy(&q.request, r->data, sizeof(q.request));
	err = netlink_attributes(r, r->data + sizeof(q.request), r->length - (uint32_t)sizeof(q.request), a, LINUX_INET_DIAG_REQ_MAX, false);
	protocol = q.request.protocol;
	if (!err)
		err = netlink_attr_u32(r, a[LINUX_INET_DIAG_REQ_PROTOCOL], &protocol);	/* those above 255 */
	if (err)
		return err;
	if (protocol != LINUX_IPPROTO_TCP && protocol != LINUX_IPPROTO_UDP)
		return -ENOENT;
	q.request.protocol = (uint8_t)protocol;
	if (!(r->h->flags & LINUX_NLM_F_DUMP))
		return inet_get(r, &q);
	if (a[LINUX_INET_DIAG_REQ_BYTECODE] && netlink_attr_length(a[LINUX_INET_DIAG_REQ_BYTECODE])) {
		q.filter_bytes = netlink_attr_length(a[LINUX_INET_DIAG_REQ_BYTECODE]);
		if (q.filter_bytes > DIAG_FILTER_MOST || diag_filter_check(netlink_attr_data(a[LINUX_INET_DIAG_REQ_BYTECODE]), q.filter_bytes))
			return -EINVAL;
		filter = kzalloc(q.filter_bytes);
		if (!filter)
			return -ENOMEM;
		memcpy(filter, netlink_attr_data(a[LINUX_INET_DIAG_REQ_BYTECODE]), q.filter_bytes);
	}
	return netlink_dump_start(r, r->h->type, 0, inet_fill, &q, sizeof(q), filter);
}

static int inet_diag_init(void)
{
	diag_inet = inet_diag;
	return 0;
}
INITCALL("2fs", inet_diag_init);
