// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams of several sends (UDP_CORK, MSG_MORE of udp(7)), which gather in one buffer until the last of them, and sends of several datagrams
 * (UDP_SEGMENT). The first send says where the datagram goes. Everything here with inet_lock held.
 */
#include <kernel/process.h>
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "hooks.h"

#define SEGMENTS_MAX	128u	/* of one send */

int udp_send_segments(struct inet_socket *s, const struct inet_route *r, struct pbuf *p)
{
	uint32_t n = p->tot_len, step = r->segment;
	struct pbuf *part;
	int err = 0;

	if (!step || n <= step)
		return udp_send_packet(s, r, p);
	if (n > step * SEGMENTS_MAX)
		return -EINVAL;
	for (uint32_t at = 0; at < n && !err; at += step) {
		part = pbuf_alloc(PBUF_TRANSPORT, (u16_t)MIN(step, n - at), PBUF_RAM);
		if (!part)
			return -ENOBUFS;
		pbuf_copy_partial(p, part->payload, part->len, (u16_t)at);
		err = udp_send_packet(s, r, part);
		pbuf_free(part);
	}
	return err;
}

void udp_pending_drop(struct inet_socket *s)
{
	struct inet_pending *k = s->pending;

	if (!k)
		return;
	WRITE_ONCE(s->pending, NULL);
	pbuf_free(k->p);
	stack_free(k);
}

int udp_pending_send(struct inet_socket *s)
{
	struct inet_pending *k = s->pending;
	int err;

	if (!k)
		return 0;
	pbuf_realloc(k->p, (u16_t)k->used);
	err = udp_send_segments(s, &k->route, k->p);
	udp_pending_drop(s);
	return err;
}

/* Room for @n bytes more, at least twice what there was, so that many small sends do not copy all of it each time. */
static int pending_grow(struct inet_pending *k, uint32_t n, uint32_t most)
{
	struct pbuf *p;

	if (k->used + n > most)
		return -EMSGSIZE;
	if (k->used + n <= k->p->tot_len)
		return 0;
	p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)MIN(MAX(k->used + n, 2 * k->used), most), PBUF_RAM);
	if (!p)
		return -ENOBUFS;
	memcpy(p->payload, k->p->payload, k->used);
	pbuf_free(k->p);
	k->p = p;
	return 0;
}

static int pending_begin(struct inet_socket *s, const struct inet_route *r, struct pbuf *p)
{
	struct inet_pending *k = stack_alloc(sizeof(*k));

	if (!k)
		return -ENOBUFS;
	*k = (struct inet_pending){ .route = *r, .p = p, .used = p->tot_len };
	pbuf_ref(p);
	WRITE_ONCE(s->pending, k);
	return 0;
}

int udp_pending_add(struct inet_socket *s, const struct inet_route *r, struct pbuf *p, uint32_t most, bool more)
{
	struct inet_pending *k = s->pending;
	int err = k ? pending_grow(k, p->tot_len, most) : pending_begin(s, r, p);

	if (err) {
		udp_pending_drop(s);
		return err;
	}
	if (k) {
		pbuf_copy_partial(p, (uint8_t *)k->p->payload + k->used, p->tot_len, 0);
		k->used += p->tot_len;
	}
	return more ? 0 : udp_pending_send(s);
}
