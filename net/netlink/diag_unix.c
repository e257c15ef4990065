// SPDX-License-Identifier: GPL-2.0
/* NETLINK_SOCK_DIAG: UNIX sockets. Like those of the internet they have numbers that grow along their list. */
#include <fs/unix.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux.h>
#include "diag.h"

#define WAITING_MOST	64u	/* inodes of connections that a listener has not accepted yet; there may be more */

static uint8_t state_of(const struct socket *k)
{
	enum socket_state state = READ_ONCE(k->state);

	return state == SOCKET_LISTENING ? LINUX_TCP_LISTEN : state == SOCKET_CONNECTED ? LINUX_TCP_ESTABLISHED : LINUX_TCP_CLOSE;
}

static void put_name(struct netlink_buffer *b, struct socket *k)
{
	struct unix_name *n = name_get(k);
	uint32_t length = n ? (uint32_t)n->length - (uint32_t)sizeof(n->address.family) : 0;

	if (length)
		netlink_put(b, LINUX_UNIX_DIAG_NAME, n->address.path, MIN(length, LINUX_UNIX_PATH_MAX));
	name_put(n);
}

static void put_file(struct netlink_buffer *b, struct socket *k)
{
	struct linux_unix_diag_vfs v;

	if (name_file(k, &v.ino, &v.dev))
		netlink_put(b, LINUX_UNIX_DIAG_VFS, &v, sizeof(v));
}

static void put_peer(struct netlink_buffer *b, struct socket *k)
{
	struct socket *peer = socket_peer_get(k);

	if (peer)
		netlink_put_u32(b, LINUX_UNIX_DIAG_PEER, (uint32_t)peer->ino);
	socket_put(peer);
}

/* Of whoever wants to be accepted. */
static void put_waiting(struct netlink_buffer *b, struct socket *k)
{
	uint32_t inos[WAITING_MOST], nr = 0;
	struct socket *embryo;

	spin_lock(&k->lock);
	list_for_each(embryo, &k->backlog, backlog_link)
		if (nr < WAITING_MOST)
			inos[nr++] = embryo->peer ? (uint32_t)embryo->peer->ino : 0;
	spin_unlock(&k->lock);
	if (nr)
		netlink_put(b, LINUX_UNIX_DIAG_ICONS, inos, nr * (uint32_t)sizeof(inos[0]));
}

static void put_queues(struct netlink_buffer *b, struct socket *k, uint8_t state)
{
	bool listens = state == LINUX_TCP_LISTEN;
	struct linux_unix_diag_rqlen q = { listens ? READ_ONCE(k->nr_backlog) : socket_readable_bytes(k),
					   listens ? READ_ONCE(k->max_backlog) : READ_ONCE(k->sent) };

	netlink_put(b, LINUX_UNIX_DIAG_RQLEN, &q, sizeof(q));
}

static void put_memory(struct netlink_buffer *b, const struct socket *k)
{
	uint32_t words[LINUX_SK_MEMINFO_WORDS] = {
		[LINUX_SK_MEMINFO_RECEIVE_LIMIT] = k->receive_limit, [LINUX_SK_MEMINFO_SENT] = READ_ONCE(k->sent),
		[LINUX_SK_MEMINFO_SEND_LIMIT] = k->send_limit,
	};

	netlink_put(b, LINUX_UNIX_DIAG_MEMINFO, words, sizeof(words));
}

static void put_socket(struct netlink_buffer *b, struct socket *k, uint32_t show, uint8_t state)
{
	if (show & LINUX_UDIAG_SHOW_NAME)
		put_name(b, k);
	if (show & LINUX_UDIAG_SHOW_VFS)
		put_file(b, k);
	if (show & LINUX_UDIAG_SHOW_PEER)
		put_peer(b, k);
	if (show & LINUX_UDIAG_SHOW_ICONS && state == LINUX_TCP_LISTEN)
		put_waiting(b, k);
	if (show & LINUX_UDIAG_SHOW_RQLEN)
		put_queues(b, k, state);
	if (show & LINUX_UDIAG_SHOW_MEMINFO)
		put_memory(b, k);
	netlink_put_u8(b, LINUX_UNIX_DIAG_SHUTDOWN, (uint8_t)READ_ONCE(k->shutdown));
	if (show & LINUX_UDIAG_SHOW_UID)
		netlink_put_u32(b, LINUX_UNIX_DIAG_UID, uid_told(k->own_cred.uid));
}

static struct linux_unix_diag_message message_of(const struct socket *k, uint8_t state)
{
	struct linux_unix_diag_message m = { .family = LINUX_AF_UNIX, .type = (uint8_t)k->type, .state = state, .ino = (uint32_t)k->ino };

	diag_cookie_put(m.cookie, k->number);
	return m;
}

static int unix_fill(struct netlink_dump *d, struct netlink_buffer *b)
{
	struct linux_unix_diag_request q;
	struct socket *k = NULL;
	bool fits = true;

	memcpy(&q, d->asked, sizeof(q));
	while (fits && (k = socket_list_next(k, d->at[0]))) {
		uint8_t state = state_of(k);
		struct linux_unix_diag_message m = message_of(k, state);

		if (q.states >> state & 1) {
			netlink_begin_dumped(b, d, &m, sizeof(m));
			put_socket(b, k, q.show, state);
			fits = netlink_end(b);
		}
		if (fits)
			d->at[0] = k->number;
	}
	if (!fits)
		socket_put(k);
	return !fits || b->used ? 1 : 0;
}

static int unix_get(struct netlink_request *r, const struct linux_unix_diag_request *q)
{
	struct linux_unix_diag_message m;
	struct socket *k = NULL;
	struct netlink_buffer b;

	if (!q->ino)
		return -EINVAL;
	while ((k = socket_list_next(k, k ? k->number : 0)) && (uint32_t)k->ino != q->ino)
		;
	if (!k)
		return -ENOENT;
	if (!diag_cookie_fits(q->cookie, k->number) || netlink_buffer_init(&b, DIAG_ANSWER)) {
		int err = diag_cookie_fits(q->cookie, k->number) ? -ENOMEM : -ESTALE;

		socket_put(k);
		return err;
	}
	m = message_of(k, state_of(k));
	netlink_begin(&b, r->h->type, 0, r->h->seq, r->from->port, &m, sizeof(m));
	put_socket(&b, k, q->show, m.state);
	(void)netlink_end(&b);
	socket_put(k);
	return netlink_answer(r, &b);
}

int diag_unix(struct netlink_request *r)
{
	struct linux_unix_diag_request q;

	if (r->length < sizeof(q))
		return -EINVAL;
	memcpy(&q, r->data, sizeof(q));
	if (r->h->flags & LINUX_NLM_F_DUMP)
		return netlink_dump_start(r, r->h->type, 0, unix_fill, &q, sizeof(q), NULL);
	return unix_get(r, &q);
}
