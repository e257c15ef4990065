// SPDX-License-Identifier: GPL-2.0
/*
 * TCP connections (tcp(7)): how they begin and end. A connection that nobody accepted yet stands in its listener's backlog as a socket
 * without a file. lwIP frees its part when the connection is over, and says so (failed) or does not: a part that waits out the time after
 * the end is given up here as soon as it does.
 */
#include <kernel/process.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "hooks.h"
#include "lwip/priv/tcp_priv.h"

#define BACKLOG_MAX	254u	/* what lwIP counts in a byte */
#define QUEUE_SPARE	64u	/* pieces that a write may add */

/* inet_lock is held everywhere here but where a call waits. */
void tcp_room_update(struct inet_socket *s)
{
	uint32_t used, limit = MIN(s->send_limit, (uint32_t)TCP_SND_BUF), room = 0;

	if (s->tcp && s->state == INET_CONNECTED) {
		used = TCP_SND_BUF - MIN(s->tcp->snd_buf, (tcpwnd_size_t)TCP_SND_BUF);
		if (used < limit && tcp_sndqueuelen(s->tcp) < TCP_SND_QUEUELEN - QUEUE_SPARE)
			room = limit - used;
		if (stack_is_short() && used)
			room = 0;
	}
	WRITE_ONCE(s->room, room);
}

/* A third is free. */
static bool has_room(const struct inet_socket *s)
{
	return READ_ONCE(s->room) >= MIN(READ_ONCE(s->send_limit), (uint32_t)TCP_SND_BUF) / 3;
}

/* lwIP's part goes its own way from now on. */
static struct tcp_pcb *part_take(struct inet_socket *s)
{
	struct tcp_pcb *pcb = s->tcp;

	s->tcp = NULL;
	s->room = 0;
	if (pcb && pcb->state != LISTEN) {
		tcp_arg(pcb, NULL);
		tcp_recv(pcb, NULL);
		tcp_sent(pcb, NULL);
		tcp_err(pcb, NULL);
	}
	return pcb;
}

static err_t sent(void *arg, struct tcp_pcb *pcb, u16_t n)
{
	struct inet_socket *s = arg;
	bool over = s->lingers && (pcb->state == FIN_WAIT_2 || pcb->state == TIME_WAIT);

	tcp_room_update(s);
	if (over)
		WRITE_ONCE(s->lingers, false);
	if (over || has_room(s))
		inet_wake(s, CAN_WRITE);
	return ERR_OK;
}

/* lwIP has the numbers of a header in the processor's order by now, filters see what came. */
static void header_turn(struct tcp_hdr *h)
{
	h->src = lwip_htons(h->src);
	h->dest = lwip_htons(h->dest);
	h->seqno = lwip_htonl(h->seqno);
	h->ackno = lwip_htonl(h->ackno);
	h->wnd = lwip_htons(h->wnd);
}

int stack_filter(struct tcp_pcb *pcb, struct tcp_hdr *h, struct pbuf *p)
{
	struct inet_socket *s = pcb->callback_arg;
	uint32_t kept;

	if (likely(!s || !socket_is_filtered(&s->filter)))
		return ERR_OK;
	header_turn(h);
	kept = inet_filter(s, p, TCPH_HDRLEN_BYTES(h));
	header_turn(h);
	return kept ? ERR_OK : ERR_ABRT;
}

/* The part is freed already. */
static void failed(void *arg, err_t err)
{
	struct inet_socket *s = arg;
	int error = 0;

	s->tcp = NULL;
	s->room = 0;
	WRITE_ONCE(s->lingers, false);
	inet_counts.tcp_fails += s->state == INET_CONNECTING;
	if (s->state == INET_CONNECTING)
		error = err == ERR_RST ? ECONNREFUSED : ETIMEDOUT;
	else if (err != ERR_CLSD)
		error = err != ERR_RST ? ETIMEDOUT : (s->shutdown & SHUT_RECEIVE) ? EPIPE : ECONNRESET;
	s->state = INET_OPEN;
	WRITE_ONCE(s->shutdown, SHUT_BOTH);
	inet_fail(s, error);
}

static void hook_up(struct inet_socket *s, struct tcp_pcb *pcb)
{
	s->tcp = pcb;
	tcp_arg(pcb, s);
	tcp_recv(pcb, tcp_arrived);
	tcp_sent(pcb, sent);
	tcp_err(pcb, failed);
	tcp_apply(s);
}

/* What a program wants at most in a segment (TCP_MAXSEG), before the connection is there. */
static void segment_limit(const struct inet_socket *s, struct tcp_pcb *pcb)
{
	if (s->options.max_segment)
		pcb->mss = MIN(pcb->mss, (u16_t)s->options.max_segment);
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct inet_socket *s = arg;

	s->state = INET_CONNECTED;
	s->was_connected = true;
	segment_limit(s, pcb);
	tcp_room_update(s);
	inet_wake(s, CAN_WRITE);
	return ERR_OK;
}

/* Its options, where it has a part. */
void tcp_apply(struct inet_socket *s)
{
	const struct inet_options *o = &s->options;
	struct tcp_pcb *pcb = s->tcp;

	if (!pcb)
		return;
	pcb->tos = o->tos;
	pcb->ttl = IP_IS_V6_VAL(pcb->remote_ip) && o->hops6 >= 0 ? o->hops6 : o->ttl;
	if (s->state == INET_LISTENING)
		return;
	if (o->no_delay)
		tcp_nagle_disable(pcb);
	else
		tcp_nagle_enable(pcb);
	if (o->keepalive)
		ip_set_option(pcb, SOF_KEEPALIVE);
	else
		ip_reset_option(pcb, SOF_KEEPALIVE);
	pcb->keep_idle = o->keep_idle * 1000u;
	pcb->keep_intvl = o->keep_interval * 1000u;
	pcb->keep_cnt = o->keep_count;
	if (s->state == INET_CONNECTED && !o->cork)
		tcp_output(pcb);
}

/* A new part at the socket's address and port: lwIP takes them without asking. */
static struct tcp_pcb *part_create(struct inet_socket *s, const ip_addr_t *local)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(local));

	if (!pcb)
		return NULL;
	ip_set_option(pcb, SOF_REUSEADDR);
	if (!tcp_bind(pcb, local, s->local_port))
		return pcb;
	tcp_close(pcb);
	return NULL;
}

static int bind_auto(struct inet_socket *s)
{
	int err;

	if (s->local_port)
		return 0;
	err = port_bind_any(s);
	return err == -EADDRINUSE ? -EADDRNOTAVAIL : err;
}

/* ---- connect ---- */

/* What was asked for is gone: as it was before. */
static void unconnected(struct inet_socket *s)
{
	s->state = INET_OPEN;
	s->remote_port = 0;
	s->told = false;
	if (!s->bound_address) {
		ip_addr_set_any(s->v6, &s->local);
		if (s->v6 && !s->options.v6_only)
			IP_SET_TYPE_VAL(s->local, IPADDR_TYPE_ANY);
	}
	if (!s->bound_port)
		s->local_port = 0;
}

static int connect_begin(struct inet_socket *s, const ip_addr_t *ip, uint16_t port)
{
	ip_addr_t to, local;
	struct tcp_pcb *pcb;
	int err;

	ip_addr_copy(to, *ip);
	err = address_reach(s, &to);
	if (!err)
		err = bind_auto(s);
	if (err)
		return err;
	ip_addr_copy(local, s->local);
	if (address_is_any(&local))
		ip_addr_set_loopback_val(IP_IS_V6_VAL(to), local);
	if (IP_IS_V6_VAL(local) != IP_IS_V6_VAL(to))
		return -ENETUNREACH;
	pcb = part_create(s, &local);
	if (!pcb)
		return -ENOBUFS;
	ip_addr_copy(s->local, local);
	ip_addr_copy(s->remote, to);
	s->remote_port = port;
	s->state = INET_CONNECTING;
	s->told = false;
	s->shutdown = 0;
	s->error = 0;
	hook_up(s, pcb);
	err = inet_error(tcp_connect(pcb, &to, port, connected));
	inet_counts.tcp_opens += !err;
	if (!err)
		return 0;
	tcp_abort(part_take(s));
	unconnected(s);
	return err;
}

/* Where an earlier connect() stands: 0 connected, -EINPROGRESS. A failure is told once, and then all is as before. */
static int connect_result(struct inet_socket *s)
{
	int err = -inet_error_take(s);

	if (s->state == INET_CONNECTED) {
		s->told = true;
		return 0;
	}
	if (s->state == INET_CONNECTING)
		return -EINPROGRESS;
	unconnected(s);
	return err ? err : -ECONNABORTED;
}

static int connect_step(struct inet_socket *s, const ip_addr_t *ip, uint16_t port, bool *begun)
{
	if (s->state == INET_LISTENING || (s->state == INET_CONNECTED && (s->told || *begun)))
		return *begun ? 0 : -EISCONN;
	if (s->state != INET_OPEN || s->remote_port)
		return s->was_connected && s->state == INET_OPEN ? -EISCONN : connect_result(s);
	*begun = true;
	return connect_begin(s, ip, port);
}

int tcp_connect_socket(struct inet_socket *s, const ip_addr_t *ip, uint16_t port, bool nonblock)
{
	time_ns_t deadline = socket_deadline(s->send_timeout);
	bool begun = false;
	int err;

	inet_lock_take();
	err = connect_step(s, ip, port, &begun);
	inet_unlock();
	if (nonblock)
		return err == -EINPROGRESS ? -EALREADY : err || !begun ? err : -EINPROGRESS;
	if (err && err != -EINPROGRESS)
		return err;
	err = wait_event(&s->writable, READ_ONCE(s->state) != INET_CONNECTING, deadline, true);
	if (err == -ETIMEDOUT)
		return -EINPROGRESS;
	if (err)
		return socket_wait_result(err, deadline);
	inet_lock_take();
	err = connect_result(s);
	inet_unlock();
	return err;
}

int tcp_disconnect_socket(struct inet_socket *s)
{
	struct inet_socket *waiting;
	struct tcp_pcb *pcb = part_take(s);

	if (pcb && s->state == INET_LISTENING) {
		tcp_close(pcb);
		while (!list_empty(&s->backlog)) {
			waiting = list_first(&s->backlog, struct inet_socket, backlog_link);
			list_del(&waiting->backlog_link);
			tcp_end(waiting);
			list_del(&waiting->all_link);
			inet_socket_free(waiting);
		}
		s->nr_backlog = 0;
	} else if (pcb) {
		tcp_abort(pcb);
	}
	unconnected(s);
	s->was_connected = false;
	s->error = 0;
	WRITE_ONCE(s->shutdown, 0);
	inet_wake(s, 0);
	return 0;
}

/* ---- listen and accept ---- */

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct inet_socket *s = arg, *new;

	if (err || !pcb || !s)
		return ERR_VAL;
	new = inet_socket_create(s->type, s->protocol, s->v6);
	if (!new)
		return ERR_MEM;
	new->uid = s->uid;
	new->options = s->options;
	socket_filter_inherit(&new->filter, &s->filter);
	new->send_limit = s->send_limit;
	new->receive_limit = s->receive_limit;
	new->send_timeout = s->send_timeout;
	new->receive_timeout = s->receive_timeout;
	ip_addr_copy(new->local, pcb->local_ip);
	ip_addr_copy(new->remote, pcb->remote_ip);
	new->local_port = pcb->local_port;
	new->remote_port = pcb->remote_port;
	new->bound_port = new->bound_address = true;
	new->state = INET_CONNECTED;
	new->told = new->was_connected = true;
	tcp_backlog_delayed(pcb);
	hook_up(new, pcb);
	segment_limit(new, pcb);
	tcp_room_update(new);
	list_append(&s->backlog, &new->backlog_link);
	WRITE_ONCE(s->nr_backlog, s->nr_backlog + 1);
	inet_counts.tcp_accepts++;
	inet_wake(s, CAN_READ);
	return ERR_OK;
}

int tcp_listen_socket(struct inet_socket *s, int backlog)
{
	uint32_t most = MIN((uint32_t)backlog, BACKLOG_MAX);
	struct tcp_pcb *pcb, *listening;
	int err;

	s->max_backlog = most;
	if (s->state == INET_LISTENING) {
		tcp_backlog_set(s->tcp, most + 1);
		return 0;
	}
	if (s->state != INET_OPEN || s->remote_port)
		return -EINVAL;
	err = s->local_port ? port_check(s, &s->local, s->local_port, true) : bind_auto(s);
	if (err)
		return err;
	pcb = part_create(s, &s->local);
	if (!pcb)
		return -ENOBUFS;
	ip_reset_option(pcb, SOF_REUSEADDR);
	listening = tcp_listen_with_backlog(pcb, most + 1);
	if (!listening) {
		tcp_close(pcb);
		return -ENOBUFS;
	}
	ip_set_option(listening, SOF_REUSEADDR);
	s->tcp = listening;
	s->state = INET_LISTENING;
	s->shutdown = 0;
	tcp_arg(listening, s);
	tcp_accept(listening, accepted);
	tcp_apply(s);
	return 0;
}

static struct inet_socket *backlog_take(struct inet_socket *s)
{
	struct inet_socket *first;

	if (s->state != INET_LISTENING)
		return ERR_PTR(-EINVAL);
	if (list_empty(&s->backlog))
		return NULL;
	first = list_first(&s->backlog, struct inet_socket, backlog_link);
	list_del(&first->backlog_link);
	list_init(&first->backlog_link);
	WRITE_ONCE(s->nr_backlog, s->nr_backlog - 1);
	if (first->tcp)
		tcp_backlog_accepted(first->tcp);
	return first;
}

struct inet_socket *tcp_accept_socket(struct inet_socket *s, bool nonblock)
{
	time_ns_t deadline = socket_deadline(s->receive_timeout);
	struct inet_socket *new;
	int err;

	for (;;) {
		inet_lock_take();
		new = backlog_take(s);
		inet_unlock();
		if (new)
			return new;
		if (nonblock)
			return ERR_PTR(-EAGAIN);
		err = wait_event(&s->readable, READ_ONCE(s->nr_backlog) || READ_ONCE(s->state) != INET_LISTENING, deadline, true);
		if (err)
			return ERR_PTR(socket_wait_result(err, deadline));
	}
}

/* ---- The end ---- */

int tcp_shutdown_socket(struct inet_socket *s, uint32_t how)
{
	if (s->state == INET_LISTENING) {
		if (how & SHUT_RECEIVE)
			tcp_disconnect_socket(s);
		return 0;
	}
	if (s->state == INET_CONNECTING) {
		tcp_disconnect_socket(s);
		return 0;
	}
	if (s->state != INET_CONNECTED) {
		WRITE_ONCE(s->shutdown, s->shutdown | how);
		return -ENOTCONN;
	}
	if ((how & SHUT_SEND) && !(s->shutdown & SHUT_SEND) && s->tcp)
		tcp_shutdown(s->tcp, 0, 1);
	WRITE_ONCE(s->shutdown, s->shutdown | how);
	inet_wake(s, 0);
	return 0;
}

void tcp_linger(struct inet_socket *s)
{
	const struct socket_linger *l = &s->options.linger;

	if (likely(!l->on || l->seconds <= 0) || current->exiting)
		return;
	inet_lock_take();
	WRITE_ONCE(s->lingers, s->state == INET_CONNECTED && s->tcp && !s->readable_bytes);
	if (s->lingers && !(s->shutdown & SHUT_SEND))
		tcp_shutdown(s->tcp, 0, 1);
	inet_unlock();
	(void)wait_event(&s->writable, !READ_ONCE(s->lingers), time_now() + (uint64_t)l->seconds * NSEC_PER_SEC, true);
}

void tcp_end(struct inet_socket *s)
{
	bool unread = s->readable_bytes, listening = s->state == INET_LISTENING;
	struct tcp_pcb *pcb;

	if (listening) {
		tcp_disconnect_socket(s);
		return;
	}
	packets_drop(s);
	pcb = part_take(s);
	if (!pcb)
		return;
	/* Who is still in a backlog, or left something unread, is told that nobody has it. */
	if (unread || !s->file || (s->options.linger.on && !s->options.linger.seconds) || tcp_close(pcb))
		tcp_abort(pcb);
}

uint32_t tcp_poll_mask(struct inet_socket *s)
{
	enum inet_state state = READ_ONCE(s->state);
	uint32_t shutdown = READ_ONCE(s->shutdown), mask = READ_ONCE(s->error) ? LINUX_POLLERR : 0, readable;

	if (state == INET_LISTENING)
		return READ_ONCE(s->nr_backlog) ? CAN_READ : 0;
	if (shutdown == SHUT_BOTH || state == INET_OPEN)
		mask |= LINUX_POLLHUP;
	if (shutdown & SHUT_RECEIVE)
		mask |= CAN_READ | LINUX_POLLRDHUP;
	if (state == INET_CONNECTING)
		return mask;
	readable = READ_ONCE(s->readable_bytes);
	if (readable >= inet_low_water(s) || (readable && stack_is_short()))
		mask |= CAN_READ;
	if (state == INET_OPEN || (shutdown & SHUT_SEND) || has_room(s))
		mask |= CAN_WRITE & ~LINUX_POLLWRBAND;
	return mask;
}

uint8_t tcp_state_linux(enum tcp_state state)
{
	static const uint8_t states[] = {
		[CLOSED] = LINUX_TCP_CLOSE, [LISTEN] = LINUX_TCP_LISTEN, [SYN_SENT] = LINUX_TCP_SYN_SENT, [SYN_RCVD] = LINUX_TCP_SYN_RECV,
		[ESTABLISHED] = LINUX_TCP_ESTABLISHED, [FIN_WAIT_1] = LINUX_TCP_FIN_WAIT1, [FIN_WAIT_2] = LINUX_TCP_FIN_WAIT2,
		[CLOSE_WAIT] = LINUX_TCP_CLOSE_WAIT, [CLOSING] = LINUX_TCP_CLOSING, [LAST_ACK] = LINUX_TCP_LAST_ACK,
		[TIME_WAIT] = LINUX_TCP_TIME_WAIT,
	};

	return states[state];
}

uint8_t tcp_state_of(const struct inet_socket *s)
{
	return s->tcp ? tcp_state_linux(s->tcp->state) : LINUX_TCP_CLOSE;
}
