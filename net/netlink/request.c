// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel is asked over netlink, and how it answers: with messages of the protocol's, with a word of success or failure, or with a
 * long answer whose parts are made as the reader makes room for them. Who sends a request carries it out before send(2) returns.
 */
#include <kernel/log.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "netlink.h"

#define PART_BYTES	3776u	/* of a long answer, for readers that have not shown to have more room */
#define PART_MOST	32768u

bool netlink_request_privileged(const struct netlink_request *r, unsigned int cap)
{
	return (r->named || r->from->by_admin) && privileged(cap);
}

int netlink_refuse(struct netlink_request *r, int err, const char *text, const void *bad)
{
	r->text = text;
	r->bad = bad;
	return err;
}

/* What @b holds, to one socket, as one message; it is given back. */
static int buffer_post(struct netlink_socket *to, struct netlink_buffer *b)
{
	int err;

	b->m->length = b->used;
	err = netlink_post(to, b->m);
	netlink_buffer_free(b);
	return err;
}

int netlink_answer(struct netlink_request *r, struct netlink_buffer *b)
{
	return buffer_post(r->from, b);
}

static void put_reason(struct netlink_buffer *b, const struct netlink_request *r)
{
	uint64_t offset = r->bad ? (uint64_t)((const uint8_t *)r->bad - (const uint8_t *)r->h) : 0;

	if (r->text)
		netlink_put_text(b, LINUX_NLMSGERR_ATTR_MSG, r->text);
	if (r->bad && offset < r->h->length)
		netlink_put_u32(b, LINUX_NLMSGERR_ATTR_OFFS, (uint32_t)offset);
}

/* Tell how @r went; with what was refused unless that is not wanted. */
static void acknowledge(struct netlink_request *r, int err)
{
	bool whole = err && !r->from->cap_ack, reasons = r->from->ext_ack && err && (r->text || r->bad);
	uint16_t flags = (uint16_t)((whole ? 0 : LINUX_NLM_F_CAPPED) | (reasons ? LINUX_NLM_F_ACK_TLVS : 0));
	uint32_t n = sizeof(int32_t) + (whole ? r->h->length : (uint32_t)sizeof(*r->h));
	struct netlink_buffer b;
	struct linux_nlmsgerr *e;

	if (netlink_buffer_init(&b, (uint32_t)sizeof(*r->h) + NETLINK_ALIGN(n) + NETLINK_TEXT_MAX + 16)) {
		__atomic_store_n(&r->from->error, ENOBUFS, __ATOMIC_RELAXED);
		wait_wake(&r->from->readable, LINUX_POLLERR);
		return;
	}
	netlink_begin(&b, LINUX_NLMSG_ERROR, flags, r->h->seq, r->from->port, NULL, 0);
	e = (struct linux_nlmsgerr *)(b.m->data + b.used);
	e->error = err;
	memcpy(&e->request, r->h, n - sizeof(int32_t));
	b.used += n;
	if (reasons)
		put_reason(&b, r);
	(void)netlink_end(&b);
	(void)buffer_post(r->from, &b);
}

static void request_one(struct netlink_request *r)
{
	const struct netlink_protocol *p = netlink_protocol_of(r->from->protocol);
	int err = 0;

	if (!(r->h->flags & LINUX_NLM_F_REQUEST))
		err = 0;
	else if (r->h->type >= LINUX_NLMSG_MIN_TYPE)
		err = p->request(r);
	if (err != NETLINK_LATER && (err || r->h->flags & LINUX_NLM_F_ACK))
		acknowledge(r, err);
}

void netlink_requests(struct netlink_socket *s, const uint8_t *data, uint32_t n, bool named)
{
	const struct linux_nlmsghdr *h;
	struct netlink_request r;
	uint32_t step;

	while (n >= sizeof(*h)) {
		h = (const struct linux_nlmsghdr *)data;
		if (h->length < sizeof(*h) || h->length > n)
			return;
		r = (struct netlink_request){ .from = s, .h = h, .data = data + sizeof(*h), .length = h->length - (uint32_t)sizeof(*h),
					      .named = named };
		request_one(&r);
		step = MIN(NETLINK_ALIGN(h->length), n);
		data += step;
		n -= step;
	}
}

/* ---- Long answers ---- */

static void dump_free(struct netlink_dump *d)
{
	if (d)
		kfree(d->kept);
	kfree(d);
}

void netlink_dump_end(struct netlink_socket *s)
{
	struct netlink_dump *d;

	mutex_lock(&s->dump_lock);
	d = s->dump;
	WRITE_ONCE(s->dump, NULL);
	mutex_unlock(&s->dump_lock);
	dump_free(d);
}

/* The last message: how it went. */
static void put_done(struct netlink_socket *s, struct netlink_buffer *b, const struct netlink_dump *d, int32_t err)
{
	bool reason = err && d->text && s->ext_ack;

	netlink_begin(b, LINUX_NLMSG_DONE, (uint16_t)(LINUX_NLM_F_MULTI | d->flags | (reason ? LINUX_NLM_F_ACK_TLVS : 0)), d->seq, d->port, &err,
		      sizeof(err));
	if (reason)
		netlink_put_text(b, LINUX_NLMSGERR_ATTR_MSG, d->text);
	(void)netlink_end(b);
}

/* The next part, with dump_lock held; -errno: it could not be made. */
static int dump_part(struct netlink_socket *s)
{
	uint32_t size = MAX(PART_BYTES, MIN(READ_ONCE(s->largest_read), PART_MOST));
	struct netlink_dump *d = s->dump;
	struct netlink_buffer b;
	int err = netlink_buffer_init(&b, size);

	if (err)
		return -ENOBUFS;
	err = d->fill(d, &b);
	if (err > 0 && !b.used)
		err = -EMSGSIZE;	/* one message is more than there is room for */
	if (!b.used) {
		put_done(s, &b, d, err);
		WRITE_ONCE(s->dump, NULL);
		dump_free(d);
	}
	return buffer_post(s, &b);
}

void netlink_dump_go_on(struct netlink_socket *s)
{
	int err = 0;

	mutex_lock(&s->dump_lock);
	if (s->dump && netlink_has_room(s) && READ_ONCE(s->queued) <= s->receive_limit / 2)
		err = dump_part(s);
	mutex_unlock(&s->dump_lock);
	if (err) {
		__atomic_store_n(&s->error, -err, __ATOMIC_RELAXED);
		wait_wake(&s->readable, LINUX_POLLERR);
	}
}

int netlink_dump_start(struct netlink_request *r, uint16_t type, uint16_t flags, int (*fill)(struct netlink_dump *d, struct netlink_buffer *b),
		       const void *asked, size_t n, void *kept)
{
	struct netlink_dump *d = kzalloc(sizeof(*d));
	struct netlink_socket *s = r->from;
	int err = 0;

	BUG_ON(n > sizeof(d->asked));
	if (!d) {
		kfree(kept);
		return -ENOBUFS;
	}
	*d = (struct netlink_dump){ .fill = fill, .type = type, .flags = flags, .seq = r->h->seq, .port = s->port, .kept = kept };
	if (n)
		memcpy(d->asked, asked, n);
	mutex_lock(&s->dump_lock);
	if (s->dump) {
		err = -EBUSY;
	} else {
		WRITE_ONCE(s->dump, d);
		d = NULL;
		/* Without room it begins when something was read. */
		err = netlink_has_room(s) ? dump_part(s) : 0;
	}
	mutex_unlock(&s->dump_lock);
	dump_free(d);
	return err ? err : NETLINK_LATER;
}

/* ---- What listeners are told ---- */

bool netlink_is_heard(unsigned int protocol, uint32_t group)
{
	struct netlink_socket *s;
	bool heard = false;

	mutex_lock(&netlink_table_lock);
	list_for_each(s, &netlink_sockets, all_link)
		heard |= s->protocol == protocol && (s->groups >> (group - 1) & 1);
	mutex_unlock(&netlink_table_lock);
	return heard;
}

void netlink_tell(unsigned int protocol, uint32_t group, struct netlink_buffer *b)
{
	b->m->length = b->used;
	b->m->group = group;
	(void)netlink_post_group(protocol, b->m, NULL, 0);
	netlink_buffer_free(b);
}
