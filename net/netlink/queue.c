// SPDX-License-Identifier: GPL-2.0
/*
 * What is on its way to netlink sockets. A message lies in the queues of all whom it was sent to, and each is charged for it. Who sends to one
 * program's socket waits for room there; the kernel does not: what it has no room for is lost, and the reader is told so and gets nothing more
 * before it has read all that there is.
 */
#include <fs/socket_filter.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "netlink.h"

#define PACKET_COST	512u	/* of a message beside its bytes, so that many small ones are bounded too */

#define FILTERED	1	/* of post() */

struct packet {
	struct list link;
	struct netlink_message *m;	/* counted */
};

struct netlink_message *netlink_message_alloc(uint32_t n)
{
	struct netlink_message *m = kzalloc(sizeof(*m) + n);

	if (!m)
		return NULL;
	ref_init(&m->ref);
	m->length = m->size = n;
	return m;
}

void netlink_message_put(struct netlink_message *m)
{
	if (m && ref_put(&m->ref))
		kfree(m);
}

static uint32_t cost_of(const struct netlink_message *m)
{
	return PACKET_COST + m->size;
}

bool netlink_has_room(const struct netlink_socket *s)
{
	return READ_ONCE(s->queued) <= READ_ONCE(s->receive_limit) && !READ_ONCE(s->congested);
}

/* Something was lost. */
static void overrun(struct netlink_socket *s)
{
	bool first;

	spin_lock(&s->lock);
	s->drops++;
	first = !s->no_enobufs && !s->congested;
	if (first) {
		s->congested = !list_empty(&s->queue);	/* if it was for want of memory, there may be nothing to read */
		__atomic_store_n(&s->error, ENOBUFS, __ATOMIC_RELAXED);
	}
	spin_unlock(&s->lock);
	if (first)
		wait_wake(&s->readable, LINUX_POLLERR);
}

/* What the filter of @to leaves of @m, counted: itself, or its beginning; NULL: nothing; ERR_PTR(-ENOBUFS). */
static struct netlink_message *message_filter(struct netlink_socket *to, struct netlink_message *m)
{
	struct classic_bpf_packet view = { .head = m->data, .length = m->length };
	uint32_t kept = socket_filter_run(&to->filter, &view);
	struct netlink_message *part;

	if (kept >= m->length && kept) {
		ref_get(&m->ref);
		return m;
	}
	part = kept ? netlink_message_alloc(kept) : NULL;
	if (!part)
		return kept ? ERR_PTR(-ENOBUFS) : NULL;
	memcpy(part->data, m->data, kept);
	part->port = m->port;
	part->group = m->group;
	part->cred = m->cred;
	return part;
}

/* A reference to @all, or less of it; -EAGAIN: there is no room. FILTERED: it was not wanted. */
static int post(struct netlink_socket *to, struct netlink_message *all)
{
	struct netlink_message *m = message_filter(to, all);
	struct packet *p;
	int err = 0;

	if (!m)
		return FILTERED;
	p = IS_ERR(m) ? NULL : kzalloc(sizeof(*p));
	if (!p) {
		if (!IS_ERR(m))
			netlink_message_put(m);
		return -ENOBUFS;
	}
	p->m = m;
	spin_lock(&to->lock);
	if (to->dead)
		err = -ECONNREFUSED;
	else if (!netlink_has_room(to))
		err = -EAGAIN;
	if (!err) {
		list_append(&to->queue, &p->link);
		to->queued += cost_of(m);
	}
	spin_unlock(&to->lock);
	if (err) {
		netlink_message_put(m);
		kfree(p);
	} else {
		wait_wake(&to->readable, LINUX_POLLIN | LINUX_POLLRDNORM);
	}
	return err;
}

/* From the kernel or to a group. */
static int post_or_lose(struct netlink_socket *to, struct netlink_message *m)
{
	int err = post(to, m);

	if (err < 0)
		overrun(to);
	return err;
}

int netlink_post(struct netlink_socket *to, struct netlink_message *m)
{
	int err = post_or_lose(to, m);

	return err == FILTERED ? 0 : err;
}

int netlink_post_wait(struct netlink_socket *to, struct netlink_message *m, bool nonblock, time_ns_t deadline)
{
	int err;

	while ((err = post(to, m)) == -EAGAIN && !nonblock) {
		err = wait_event(&to->room, netlink_has_room(to) || READ_ONCE(to->dead), deadline, true);
		if (err)
			return socket_wait_result(err, deadline);
	}
	return err == FILTERED ? 0 : err;
}

int netlink_post_group(unsigned int protocol, struct netlink_message *m, const struct netlink_socket *except, uint32_t port)
{
	bool delivered = false, failed = false;
	struct netlink_socket *s;
	int err;

	mutex_lock(&netlink_table_lock);
	list_for_each(s, &netlink_sockets, all_link) {
		if (s->protocol != protocol || s == except || (s->bound && s->port == port) || !(s->groups >> (m->group - 1) & 1))
			continue;
		err = post_or_lose(s, m);
		delivered |= !err;
		failed |= err < 0 && s->broadcast_error;
	}
	mutex_unlock(&netlink_table_lock);
	return failed ? -ENOBUFS : delivered ? 0 : -ESRCH;
}

bool netlink_has_input(const struct netlink_socket *s)
{
	return !list_empty(&s->queue) || __atomic_load_n(&s->error, __ATOMIC_RELAXED);
}

uint32_t netlink_first_length(struct netlink_socket *s)
{
	uint32_t n = 0;

	spin_lock(&s->lock);
	if (!list_empty(&s->queue))
		n = list_first(&s->queue, struct packet, link)->m->length;
	spin_unlock(&s->lock);
	return n;
}

/* Take off the first packet; s->lock held. */
static struct packet *packet_take(struct netlink_socket *s)
{
	struct packet *p = list_first(&s->queue, struct packet, link);

	list_del(&p->link);
	s->queued -= cost_of(p->m);
	if (list_empty(&s->queue))
		s->congested = false;
	return p;
}

struct netlink_message *netlink_take(struct netlink_socket *s, bool peek, int *err)
{
	struct netlink_message *m = NULL;
	struct packet *p = NULL;

	*err = -__atomic_exchange_n(&s->error, 0, __ATOMIC_RELAXED);
	if (*err)
		return NULL;
	spin_lock(&s->lock);
	if (!list_empty(&s->queue)) {
		p = peek ? list_first(&s->queue, struct packet, link) : packet_take(s);
		m = p->m;
		if (peek)
			ref_get(&m->ref);
	}
	spin_unlock(&s->lock);
	if (m && !peek) {
		kfree(p);
		wait_wake(&s->room, 0);
	}
	return m;
}

void netlink_queue_purge(struct netlink_socket *s)
{
	struct netlink_message *m;
	int err;

	while ((m = netlink_take(s, false, &err)) || err)
		netlink_message_put(m);
}
