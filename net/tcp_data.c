// SPDX-License-Identifier: GPL-2.0
/* What goes through TCP connections. Programs' memory is read and written with no lock of lwIP's: through a buffer out, from the packets in. */
#include <kernel/process.h>
#include <kernel/thread.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "hooks.h"
#include "lwip/priv/tcp_priv.h"

#define CHUNK	((uint32_t)TCP_MSS)

/* The other end sends no more. */
static void ended(struct inet_socket *s, struct tcp_pcb *pcb)
{
	WRITE_ONCE(s->shutdown, s->shutdown | SHUT_RECEIVE);
	if (pcb->state == TIME_WAIT || pcb->state == CLOSING) {
		tcp_arg(pcb, NULL);
		tcp_recv(pcb, NULL);
		tcp_sent(pcb, NULL);
		tcp_err(pcb, NULL);
		s->tcp = NULL;
		WRITE_ONCE(s->room, 0);
		WRITE_ONCE(s->lingers, false);
	}
	inet_wake(s, 0);
}

err_t tcp_arrived(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct inet_socket *s = arg;
	uint16_t n;

	if (!p) {
		ended(s, pcb);
		return ERR_OK;
	}
	n = p->tot_len;
	if (s->shutdown & SHUT_RECEIVE) {
		pbuf_free(p);
		tcp_recved(pcb, n);
		return ERR_OK;
	}
	if (!packet_add_stream(s, p))
		return ERR_MEM;
	/* Whoever sent it waits for nothing but this. */
	tcp_ack_now(pcb);
	inet_wake(s, CAN_READ);
	return ERR_OK;
}

/* ---- Sending ---- */

static bool send_may_go_on(const struct inet_socket *s)
{
	return READ_ONCE(s->room) || READ_ONCE(s->error) || (READ_ONCE(s->shutdown) & SHUT_SEND) || READ_ONCE(s->state) == INET_OPEN;
}

/* Until there is room, or never will be. */
static int send_wait(struct inet_socket *s, bool nonblock, time_ns_t deadline)
{
	enum inet_state state;
	int err;

	for (;;) {
		err = -inet_error_take(s);
		if (err)
			return err;
		state = READ_ONCE(s->state);
		if ((READ_ONCE(s->shutdown) & SHUT_SEND) || state == INET_OPEN || state == INET_LISTENING)
			return -EPIPE;
		if (READ_ONCE(s->room))
			return 0;
		if (nonblock)
			return -EAGAIN;
		err = wait_event(&s->writable, send_may_go_on(s), deadline, true);
		if (err)
			return socket_wait_result(err, deadline);
	}
}

/* As many of @n bytes as there is room for now: how many, -errno. */
static ssize_t put(struct inet_socket *s, const uint8_t *from, size_t n, bool more)
{
	err_t err = ERR_OK;
	bool alone = false;

	inet_lock_take();
	tcp_room_update(s);
	n = MIN(n, (size_t)s->room);
	if (n && s->tcp) {
		err = tcp_write(s->tcp, from, n, TCP_WRITE_FLAG_COPY | (more ? TCP_WRITE_FLAG_MORE : 0));
		alone = err && !s->tcp->unsent && !s->tcp->unacked;
		if (err || !more || tcp_sndqueuelen(s->tcp) > TCP_SND_QUEUELEN / 2)
			tcp_output(s->tcp);
		tcp_room_update(s);
		if (err)
			WRITE_ONCE(s->room, 0);
	}
	inet_unlock();
	if (err)
		return alone || (err != ERR_MEM && err != ERR_BUF) ? inet_error(err) : 0;
	return n;
}

static ssize_t send_chunk(struct inet_socket *s, struct message *m, uint8_t *buffer, bool nonblock, time_ns_t deadline)
{
	ssize_t n = iter_get(&m->it, buffer, MIN(m->it.left, CHUNK)), done = 0, k = 0;
	bool more = s->options.cork || (m->flags & LINUX_MSG_MORE);

	if (n <= 0)
		return n ? n : -EFAULT;
	while (done < n) {
		k = send_wait(s, nonblock, deadline);
		if (!k)
			k = put(s, buffer + done, n - done, more || m->it.left);
		if (k < 0)
			break;
		done += k;
	}
	if (done < n)
		iter_revert(&m->it, n - done);
	return done ? done : k;
}

static ssize_t send_bytes(struct inet_socket *s, struct message *m, bool nonblock)
{
	time_ns_t deadline = socket_deadline(s->send_timeout);
	ssize_t n, done = 0;
	uint8_t *buffer;
	int err = send_wait(s, nonblock, deadline);

	if (err || !m->it.left)
		return err;
	buffer = kzalloc(MIN(m->it.left, CHUNK));
	if (!buffer)
		return -ENOBUFS;
	do {
		size_t wanted = MIN(m->it.left, CHUNK);

		n = send_chunk(s, m, buffer, nonblock, deadline);
		done += n > 0 ? n : 0;
		if (n < (ssize_t)wanted)
			break;
	} while (m->it.left);
	kfree(buffer);
	return done ? done : n;
}

ssize_t stream_send(struct inet_socket *s, struct message *m, bool nonblock)
{
	ssize_t n;

	if (m->flags & LINUX_MSG_OOB)
		return -EOPNOTSUPP;
	n = send_bytes(s, m, nonblock);
	if (n == -EPIPE && !(m->flags & LINUX_MSG_NOSIGNAL))
		signal_send_thread(current, LINUX_SIGPIPE, NULL);
	return n;
}

/* ---- Receiving ---- */

static bool receive_may_go_on(const struct inet_socket *s)
{
	return READ_ONCE(s->readable_bytes) || READ_ONCE(s->error) || (READ_ONCE(s->shutdown) & SHUT_RECEIVE) || READ_ONCE(s->state) == INET_OPEN;
}

/* Something to read, the end, or why not; 1: something. Called and returns with read_lock held. */
static int receive_wait(struct inet_socket *s, bool nonblock, time_ns_t deadline) __must_hold(&s->read_lock)
{
	int err;

	for (;;) {
		/* Before the queue: what came before the end is received before it. */
		bool failed = __atomic_load_n(&s->error, __ATOMIC_ACQUIRE);
		bool over = __atomic_load_n(&s->shutdown, __ATOMIC_ACQUIRE) & SHUT_RECEIVE;

		if (READ_ONCE(s->readable_bytes))
			return 1;
		err = failed ? -inet_error_take(s) : 0;
		if (err)
			return err;
		if (over)
			return 0;
		if (READ_ONCE(s->state) == INET_OPEN || READ_ONCE(s->state) == INET_LISTENING)
			return -ENOTCONN;
		if (nonblock)
			return -EAGAIN;
		mutex_unlock(&s->read_lock);
		err = wait_event(&s->readable, receive_may_go_on(s), deadline, true);
		mutex_lock(&s->read_lock);
		if (err)
			return socket_wait_result(err, deadline);
	}
}

/* What may be read of the first packet: it stays until consume(). */
static struct inet_packet *first_part(struct inet_socket *s, uint32_t *offset, uint32_t *n)
{
	struct inet_packet *k;

	inet_lock_take();
	k = packet_first(s);
	*offset = k ? k->offset : 0;
	*n = k ? k->length - k->offset : 0;
	inet_unlock();
	return k;
}

static void consume(struct inet_socket *s, struct inet_packet *k, uint32_t n)
{
	inet_lock_take();
	k->offset += n;
	s->readable_bytes -= n;
	if (k->offset == k->length)
		packet_remove(s, k);
	if (s->tcp)
		tcp_recved(s->tcp, n);
	inet_unlock();
}

static ssize_t copy_out(const struct message *m, struct iter *it, const struct inet_packet *k, uint32_t offset, uint32_t n)
{
	n = MIN(it->left, n);
	if (!(m->flags & LINUX_MSG_TRUNC))
		return packet_read(k, offset, n, it);
	it->left -= n;
	return n;
}

/* What there is, up to what was asked for. */
static ssize_t take(struct inet_socket *s, struct message *m)
{
	struct inet_packet *k;
	uint32_t offset, there;
	ssize_t n, done = 0;

	while (m->it.left && (k = first_part(s, &offset, &there))) {
		n = copy_out(m, &m->it, k, offset, there);
		if (n <= 0)
			return done ? done : n;
		m->arrived = k->arrived;
		consume(s, k, n);
		done += n;
	}
	return done;
}

static struct inet_packet *next_part(struct inet_socket *s, struct inet_packet *k, uint32_t *offset, uint32_t *n)
{
	inet_lock_take();
	k = k->link.next == &s->queue ? NULL : list_entry(k->link.next, struct inet_packet, link);
	*offset = k ? k->offset : 0;
	*n = k ? k->length - k->offset : 0;
	inet_unlock();
	return k;
}

static ssize_t peek(struct inet_socket *s, struct message *m)
{
	struct inet_packet *k;
	uint32_t offset, there;
	ssize_t n, done = 0;

	for (k = first_part(s, &offset, &there); k && m->it.left; k = next_part(s, k, &offset, &there)) {
		n = copy_out(m, &m->it, k, offset, there);
		if (n <= 0)
			return done ? done : n;
		done += n;
	}
	return done;
}

ssize_t stream_receive(struct inet_socket *s, struct message *m, bool nonblock)
{
	time_ns_t deadline = socket_deadline(s->receive_timeout);
	size_t wanted = m->flags & LINUX_MSG_WAITALL ? m->it.left : MIN(m->it.left, (size_t)inet_low_water(s));
	ssize_t n, done = 0;

	if (m->flags & LINUX_MSG_OOB)
		return -EINVAL;
	if (!m->it.left && READ_ONCE(s->state) == INET_CONNECTED)
		return 0;
	mutex_lock(&s->read_lock);
	do {
		n = receive_wait(s, nonblock, deadline);
		if (n <= 0)
			break;
		if (m->flags & LINUX_MSG_PEEK) {
			done = n = peek(s, m);
			break;
		}
		n = take(s, m);
		done += n > 0 ? n : 0;
	} while (n > 0 && (size_t)done < wanted);
	mutex_unlock(&s->read_lock);
	return done ? done : n;
}
