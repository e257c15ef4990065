// SPDX-License-Identifier: GPL-2.0
/* What a socket received and nobody read yet: packets. Small parts of a stream are put together, so that their own memory does not add up. */
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "hooks.h"
#include "lwip/ip.h"

#define GATHER_BYTES	3840u	/* with everything around it, a frame */
#define SMALL_BYTES	1024u

static uint32_t packet_cost(const struct inet_packet *k)
{
	return sizeof(*k) + k->length + k->room + 64;
}

static struct inet_packet *packet_create(struct inet_socket *s, struct pbuf *p, uint32_t length, uint32_t room)
{
	struct inet_packet *k = stack_alloc(sizeof(*k));

	if (!k)
		return NULL;
	k->p = p;
	k->length = length;
	k->room = room;
	list_append(&s->queue, &k->link);
	s->queued += packet_cost(k);
	s->readable_bytes += length;
	return k;
}

bool packet_add(struct inet_socket *s, struct pbuf *p, const ip_addr_t *from, uint16_t port)
{
	struct inet_packet *k = packet_create(s, p, p->tot_len, 0);

	if (!k)
		return false;
	ip_addr_copy(k->from, *from);
	ip_addr_copy(k->to, *ip_current_dest_addr());
	k->port = port;
	k->arrived = time_realtime();
	k->hops = ip_current_is_v6() ? IP6H_HOPLIM(ip6_current_header()) : IPH_TTL(ip4_current_header());
	return true;
}

static struct inet_packet *packet_last(struct inet_socket *s)
{
	return list_empty(&s->queue) ? NULL : list_entry(s->queue.prev, struct inet_packet, link);
}

static void packet_stamp(const struct inet_socket *s, struct inet_packet *k)
{
	if (unlikely(s->options.stamp))
		k->arrived = time_realtime();
}

bool packet_add_stream(struct inet_socket *s, struct pbuf *p)
{
	struct inet_packet *last = packet_last(s);
	uint16_t n = p->tot_len;
	struct pbuf *room;

	if (!last || n > SMALL_BYTES) {
		last = packet_create(s, p, n, 0);
		if (last)
			packet_stamp(s, last);
		return last;
	}
	if (last->room < n) {
		room = pbuf_alloc(PBUF_RAW, GATHER_BYTES, PBUF_RAM);
		last = room ? packet_create(s, room, 0, GATHER_BYTES) : NULL;
		if (room && !last)
			pbuf_free(room);
	}
	if (!last)
		return false;
	pbuf_copy_partial(p, (uint8_t *)last->p->payload + last->length, n, 0);
	last->length += n;
	last->room -= n;
	packet_stamp(s, last);
	s->readable_bytes += n;
	pbuf_free(p);
	return true;
}

void packet_remove(struct inet_socket *s, struct inet_packet *k)
{
	list_del(&k->link);
	s->queued -= packet_cost(k);
	s->readable_bytes -= k->length - k->offset;
	pbuf_free(k->p);
	stack_free(k);
}

void packets_drop(struct inet_socket *s)
{
	while (!list_empty(&s->queue))
		packet_remove(s, packet_first(s));
}

uint32_t inet_filter(struct inet_socket *s, const struct pbuf *p, uint32_t payload)
{
	bool v6 = ip_current_is_v6();
	const uint8_t *head = v6 ? (const uint8_t *)ip6_current_header() : (const uint8_t *)ip4_current_header();
	struct classic_bpf_packet view = {
		.head = head, .length = (uint32_t)((const uint8_t *)p->payload + p->len - head), .start = ip_current_header_tot_len(),
		.payload = payload, .protocol = v6 ? LINUX_ETH_P_IPV6 : LINUX_ETH_P_IP, .interface = LO_INDEX, .hardware = LINUX_ARPHRD_LOOPBACK,
	};

	return socket_filter_run(&s->filter, &view);
}

struct inet_packet *packet_first(struct inet_socket *s)
{
	return list_empty(&s->queue) ? NULL : list_first(&s->queue, struct inet_packet, link);
}

ssize_t packet_read(const struct inet_packet *k, uint32_t offset, uint32_t n, struct iter *to)
{
	const struct pbuf *p = k->p;
	ssize_t got, done = 0;
	uint32_t part;

	for (; p && n; p = p->next) {
		if (offset >= p->len) {
			offset -= p->len;
			continue;
		}
		part = MIN(n, (uint32_t)p->len - offset);
		got = iter_put(to, (const uint8_t *)p->payload + offset, part);
		if (got <= 0)
			return done ? done : got;
		done += got;
		n -= got;
		offset = 0;
		if ((uint32_t)got < part)
			break;
	}
	return done;
}
