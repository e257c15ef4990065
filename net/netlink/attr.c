// SPDX-License-Identifier: GPL-2.0
/* Netlink's messages and attributes: written into a buffer that bounds them, read from memory that a program filled. */
#include <uapi/ferry/linux.h>
#include "netlink.h"

int netlink_buffer_init(struct netlink_buffer *b, uint32_t n)
{
	*b = (struct netlink_buffer){ .m = netlink_message_alloc(n), .size = n };
	return b->m ? 0 : -ENOMEM;
}

void netlink_buffer_free(struct netlink_buffer *b)
{
	netlink_message_put(b->m);
	b->m = NULL;
}

/* @n bytes more, at a multiple of 4; NULL: they do not fit. Memory is zero where nothing was written. */
static void *take(struct netlink_buffer *b, uint32_t n)
{
	uint32_t at = NETLINK_ALIGN(b->used);

	if (b->full || at > b->size || n > b->size - at) {
		b->full = true;
		return NULL;
	}
	b->used = at + n;
	return b->m->data + at;
}

void netlink_begin(struct netlink_buffer *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t port, const void *header, uint32_t n)
{
	struct linux_nlmsghdr h = { .type = type, .flags = flags, .seq = seq, .port = port };
	uint8_t *at;

	b->start = NETLINK_ALIGN(b->used);
	at = take(b, sizeof(h) + n);
	if (!at)
		return;
	memcpy(at, &h, sizeof(h));
	if (n)
		memcpy(at + sizeof(h), header, n);
}

void netlink_begin_dumped(struct netlink_buffer *b, const struct netlink_dump *d, const void *header, uint32_t n)
{
	netlink_begin(b, d->type, LINUX_NLM_F_MULTI | d->flags, d->seq, d->port, header, n);
}

bool netlink_end(struct netlink_buffer *b)
{
	uint32_t end = NETLINK_ALIGN(b->used), length = b->used - b->start;
	struct linux_nlmsghdr *h = (struct linux_nlmsghdr *)(b->m->data + b->start);

	if (!b->full && end > b->size)
		b->full = true;
	if (b->full) {
		memset(b->m->data + b->start, 0, b->used > b->start ? b->used - b->start : 0);
		b->used = b->start;
		b->full = false;
		return false;
	}
	h->length = length;
	b->used = end;
	return true;
}

void netlink_put(struct netlink_buffer *b, uint16_t type, const void *data, uint32_t n)
{
	struct linux_nlattr a = { (uint16_t)(sizeof(a) + n), type };
	uint8_t *at = n <= UINT16_MAX - sizeof(a) ? take(b, sizeof(a) + n) : NULL;

	if (!at) {
		b->full = true;
		return;
	}
	memcpy(at, &a, sizeof(a));
	if (n)
		memcpy(at + sizeof(a), data, n);
	/* The message's length has the room up to the next attribute too. */
	(void)take(b, 0);
	if (!b->full)
		b->used = NETLINK_ALIGN(b->used);
}

void netlink_put_u8(struct netlink_buffer *b, uint16_t type, uint8_t v)
{
	netlink_put(b, type, &v, sizeof(v));
}

void netlink_put_u16(struct netlink_buffer *b, uint16_t type, uint16_t v)
{
	netlink_put(b, type, &v, sizeof(v));
}

void netlink_put_u32(struct netlink_buffer *b, uint16_t type, uint32_t v)
{
	netlink_put(b, type, &v, sizeof(v));
}

void netlink_put_text(struct netlink_buffer *b, uint16_t type, const char *text)
{
	netlink_put(b, type, text, (uint32_t)strlen(text) + 1);
}

uint32_t netlink_nest(struct netlink_buffer *b, uint16_t type)
{
	uint32_t at = NETLINK_ALIGN(b->used);

	netlink_put(b, type, NULL, 0);
	return at;
}

void netlink_nest_end(struct netlink_buffer *b, uint32_t at)
{
	struct linux_nlattr *a = (struct linux_nlattr *)(b->m->data + at);

	if (b->full)
		return;
	if (b->used - at > UINT16_MAX)
		b->full = true;
	else
		a->length = (uint16_t)(b->used - at);
}

/* ---- Reading ---- */

int netlink_attributes(struct netlink_request *r, const uint8_t *data, uint32_t n, const struct linux_nlattr **to, unsigned int most,
		       bool strict)
{
	memset(to, 0, (most + 1) * sizeof(*to));
	while (n >= sizeof(struct linux_nlattr)) {
		const struct linux_nlattr *a = (const struct linux_nlattr *)data;
		uint32_t step = NETLINK_ALIGN(a->length);
		unsigned int type = a->type & LINUX_NLA_TYPE_MASK;

		if (a->length < sizeof(*a) || a->length > n)
			break;
		if (type <= most)
			to[type] = a;
		else if (strict)
			return netlink_refuse(r, -EINVAL, "Unknown attribute type", a);
		step = MIN(step, n);
		data += step;
		n -= step;
	}
	return n && strict ? netlink_refuse(r, -EINVAL, "bytes leftover after parsing attributes", NULL) : 0;
}

int netlink_attr_u32(struct netlink_request *r, const struct linux_nlattr *a, uint32_t *v)
{
	if (!a)
		return 0;
	if (netlink_attr_length(a) < sizeof(*v))
		return netlink_refuse(r, -ERANGE, "Attribute failed policy validation", a);
	memcpy(v, netlink_attr_data(a), sizeof(*v));
	return 0;
}

int netlink_attr_text(struct netlink_request *r, const struct linux_nlattr *a, char *to, size_t size)
{
	size_t n = strnlen(netlink_attr_data(a), netlink_attr_length(a));

	if (n >= size)
		return netlink_refuse(r, -ERANGE, "Attribute failed policy validation", a);
	memcpy(to, netlink_attr_data(a), n);
	to[n] = '\0';
	return 0;
}
