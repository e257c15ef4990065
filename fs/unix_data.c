// SPDX-License-Identifier: GPL-2.0
/*
 * What goes through UNIX sockets. A message is a packet on the receiver's queue, charged to the sender until somebody took it; a stream
 * is cut into packets and read without their borders. A byte that a stream carries out of band (MSG_OOB) is a packet of its own where it was
 * sent, the mark: reads stop before it, and begin behind it. Taken, it stays there as an empty packet.
 */
#include <fs/socket_filter.h>
#include <fs/unix.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <mm/oom.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

#define CHUNK		16384u
#define CHUNK_LEAST	2048u
#define LINUX_SIOCOUTQ	LINUX_TIOCOUTQ
#define CAN_READ	(LINUX_POLLIN | LINUX_POLLRDNORM)
#define CAN_WRITE	(LINUX_POLLOUT | LINUX_POLLWRNORM)

static uint32_t packet_cost(const struct packet *p)
{
	return PACKET_COST + p->length;
}

/* Would a datagram wait? Its sender's own limit bounds a stream. */
bool socket_full(const struct socket *s)
{
	return socket_is_dgram(s) && READ_ONCE(s->queued) >= READ_ONCE(s->receive_limit);
}

static void packet_free(struct packet *p)
{
	unix_uncharge(p->sender, packet_cost(p));
	socket_put(p->sender);
	rights_drop(rights_take(p));
	kfree(p);
}

static struct packet *packet_create(struct socket *s, struct message *m, size_t n)
{
	struct packet *p = kzalloc(sizeof(*p) + n);

	if (!p)
		return ERR_PTR(-ENOBUFS);
	if (n && iter_get(&m->it, p->data, n) != (ssize_t)n) {
		kfree(p);
		return ERR_PTR(-EFAULT);
	}
	p->length = n;
	p->cred = m->cred;
	p->sender = s;
	socket_get(s);
	p->rights = m->rights;
	m->rights = NULL;
	unix_charge(s, packet_cost(p));
	return p;
}

static int packet_post(struct socket *to, struct packet *p)
{
	int err = 0;

	spin_lock(&to->lock);
	if (to->dead)
		err = socket_is_dgram(to) ? -ECONNREFUSED : -EPIPE;
	else if (to->shutdown & SHUT_RECEIVE)
		err = -EPIPE;
	if (!err) {
		list_append(&to->queue, &p->link);
		to->queued += packet_cost(p);
		if (p->urgent)
			to->urgent = p;
	}
	spin_unlock(&to->lock);
	return err;
}

/* What the receiver's filter leaves of @p; false: nothing. */
static bool packet_filter(struct socket *to, struct packet *p)
{
	struct classic_bpf_packet view = { .head = (const uint8_t *)p->data, .length = (uint32_t)p->length };
	uint32_t kept = socket_filter_run(&to->filter, &view);

	if (kept < p->length) {
		unix_uncharge(p->sender, (uint32_t)p->length - kept);
		p->length = kept;
	}
	return kept;
}

static int packet_send(struct socket *s, struct socket *to, struct message *m, size_t n, bool urgent)
{
	struct packet *p = packet_create(s, m, n);
	int err;

	if (IS_ERR(p))
		return PTR_ERR(p);
	p->urgent = urgent;
	if (unlikely(READ_ONCE(to->kept.stamp)))
		p->arrived = time_realtime();
	if (s->type != LINUX_SOCK_STREAM && !packet_filter(to, p)) {
		packet_free(p);
		return 0;	/* its sender is not told */
	}
	err = p->rights ? rights_queue(to, p, packet_post) : packet_post(to, p);
	if (err) {
		packet_free(p);
		return err;
	}
	wait_wake(&to->readable, CAN_READ | (urgent ? LINUX_POLLPRI : 0));
	if (urgent)
		urgent_tell(to);
	return 0;
}

bool unix_closed(const struct socket *s, const struct socket *to)
{
	return READ_ONCE(to->dead) || (READ_ONCE(to->shutdown) & SHUT_RECEIVE) || (READ_ONCE(s->shutdown) & SHUT_SEND);
}

/* Until @s may send to @to, or never will. */
static int send_wait(struct socket *s, struct socket *to, bool nonblock, time_ns_t deadline)
{
	int err = nonblock ? 0 : unix_room_wait(s, to, deadline);

	while (!err && !unix_closed(s, to)) {
		bool own = !unix_may_send(s);

		if (!own && !socket_full(to))
			return 0;
		if (nonblock)
			return -EAGAIN;
		if (own)
			err = wait_event(&s->writable, unix_may_send(s) || unix_closed(s, to), deadline, true);
		else
			err = wait_event(&to->room, !socket_full(to) || unix_closed(s, to), deadline, true);
	}
	return socket_wait_result(err, deadline);
}

static ssize_t send_stream(struct socket *s, struct socket *to, struct message *m, bool nonblock)
{
	time_ns_t deadline = socket_deadline(s->send_timeout);
	size_t n, most = MIN(CHUNK, s->send_limit / 2), urgent = m->flags & LINUX_MSG_OOB ? 1 : 0;
	unsigned int tries = 0;
	ssize_t done = 0;
	int err = 0;

	while (m->it.left && !err) {
		err = send_wait(s, to, nonblock, deadline);
		if (!err && (READ_ONCE(s->shutdown) & SHUT_SEND))
			err = -EPIPE;
		n = m->it.left > urgent ? MIN(m->it.left - urgent, most) : urgent;
		if (!err)
			err = packet_send(s, to, m, n, m->it.left == urgent);
		if (!err) {
			done += n;
		} else if (err == -ENOBUFS && n > CHUNK_LEAST) {
			most = n / 2;	/* a smaller piece needs less in one place */
			err = 0;
		} else if (err == -ENOBUFS && oom_retry(-ENOMEM, &tries)) {
			err = 0;
		}
	}
	return done ? done : err;
}

static ssize_t send_packet(struct socket *s, struct socket *to, struct message *m, bool nonblock)
{
	size_t n = m->it.left;
	int err;

	if (n > s->send_limit - 32)
		return -EMSGSIZE;
	err = send_wait(s, to, nonblock, socket_deadline(s->send_timeout));
	if (!err && (READ_ONCE(s->shutdown) & SHUT_SEND))
		err = -EPIPE;
	if (!err)
		err = packet_send(s, to, m, n, false);
	return err ? err : (ssize_t)n;
}

/* The receiver with a reference, or ERR_PTR. */
static struct socket *send_target(struct socket *s, struct message *m)
{
	struct socket *to = m->to, *wants;

	if (to && !socket_is_dgram(s))
		return ERR_PTR(s->state == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP);
	if (!to) {
		to = socket_peer_get(s);
		return to ? to : ERR_PTR(-ENOTCONN);
	}
	if (to->type != s->type)
		return ERR_PTR(-EPROTOTYPE);
	wants = socket_peer_get(to);
	socket_put(wants);
	if (wants && wants != s)
		return ERR_PTR(-EPERM);
	socket_get(to);
	return to;
}

static ssize_t send_any(struct socket *s, struct message *m, bool nonblock)
{
	struct socket *to;
	ssize_t n;

	if ((m->flags & LINUX_MSG_OOB) && (s->type != LINUX_SOCK_STREAM || !m->it.left))
		return -EOPNOTSUPP;
	n = -socket_error_take(s);
	if (n)
		return n;
	if (READ_ONCE(s->shutdown) & SHUT_SEND)
		return -EPIPE;
	to = send_target(s, m);
	if (IS_ERR(to))
		return PTR_ERR(to);
	n = s->type == LINUX_SOCK_STREAM ? send_stream(s, to, m, nonblock) : send_packet(s, to, m, nonblock);
	if (n == -ECONNREFUSED && !m->to)
		socket_disconnect(s);
	socket_put(to);
	return n;
}

ssize_t socket_send(struct socket *s, struct message *m, bool nonblock)
{
	ssize_t n = send_any(s, m, nonblock || (m->flags & LINUX_MSG_DONTWAIT));

	rights_drop(m->rights);
	m->rights = NULL;
	if (n == -EPIPE && !(m->flags & LINUX_MSG_NOSIGNAL) && s->type == LINUX_SOCK_STREAM)
		signal_send_thread(current, LINUX_SIGPIPE, NULL);
	return n;
}

/* The first packet, which stays: only who holds read_lock takes it away. */
static struct packet *queue_first(struct socket *s)
{
	struct packet *p = NULL;

	spin_lock(&s->lock);
	if (!list_empty(&s->queue))
		p = list_first(&s->queue, struct packet, link);
	spin_unlock(&s->lock);
	return p;
}

static void queue_remove(struct socket *s, struct packet *p)
{
	bool was_full = socket_full(s);

	spin_lock(&s->lock);
	list_del(&p->link);
	s->queued -= packet_cost(p);
	if (s->urgent == p)
		s->urgent = NULL;
	spin_unlock(&s->lock);
	packet_free(p);
	if (was_full && !socket_full(s)) {
		wait_wake(&s->room, 0);
		clients_wake(s, CAN_WRITE);
	}
}

/* Of a dead socket: nothing comes in any more, and nobody receives. */
void queue_purge(struct socket *s)
{
	struct packet *p;

	while ((p = queue_first(s)))
		queue_remove(s, p);
}

/*
 * The next packet for who reads, after the marks that stand before it have gone; NULL and @stop: a mark ends what was @begun. NULL: there is none.
 * read_lock held.
 */
static struct packet *stream_next(struct socket *s, bool begun, bool *stop)
{
	struct packet *p;

	while ((p = queue_first(s))) {
		bool mark = p == READ_ONCE(s->urgent);

		if (!mark && !urgent_taken(s, p))
			return p;
		*stop = begun;
		if (begun)
			return NULL;
		if (mark && READ_ONCE(s->urgent_inline)) {
			urgent_clear(s, p);
			return p;
		}
		queue_remove(s, p);
	}
	return NULL;
}

/* The packet that holds the byte behind the first *@skip, which become those of it; NULL: so many there are not. */
static struct packet *queue_at(struct socket *s, uint32_t *skip)
{
	struct packet *p, *found = NULL;

	spin_lock(&s->lock);
	list_for_each(p, &s->queue, link) {
		if (urgent_hides(s, p))
			continue;
		if (!*skip || *skip < p->length - p->offset) {
			found = p;
			break;
		}
		*skip -= (uint32_t)(p->length - p->offset);
	}
	spin_unlock(&s->lock);
	return found;
}

/* Where a look begins (SO_PEEK_OFF); what is taken is taken from the front. */
static uint32_t skip_of(const struct socket *s, const struct message *m)
{
	return m->flags & LINUX_MSG_PEEK ? (uint32_t)MAX(s->peek_at, 0) : 0;
}

/* @n bytes were looked at, or taken. */
static void peek_move(struct socket *s, const struct message *m, ssize_t n)
{
	if (s->peek_at < 0)
		return;
	if (m->flags & LINUX_MSG_PEEK)
		s->peek_at = (int32_t)MIN(s->peek_at + n, (ssize_t)INT32_MAX);
	else
		s->peek_at = (int32_t)MAX(s->peek_at - n, 0l);
}

static bool has_end(struct socket *s, uint32_t skip)
{
	return (!list_empty(&s->queue) && queue_at(s, &skip)) || (READ_ONCE(s->shutdown) & SHUT_RECEIVE) || READ_ONCE(s->error);
}

/* Something to read, the end, or why not; 1: something. Called and returns with read_lock held. */
static int receive_wait(struct socket *s, const struct message *m, bool nonblock, time_ns_t deadline) __must_hold(&s->read_lock)
{
	int err;

	for (;;) {
		uint32_t skip = skip_of(s, m), from = skip;

		/* Before the queue: what was sent before the end is received before it. */
		bool failed = __atomic_load_n(&s->error, __ATOMIC_ACQUIRE);
		bool ended = __atomic_load_n(&s->shutdown, __ATOMIC_ACQUIRE) & SHUT_RECEIVE;

		if (queue_at(s, &from))
			return 1;
		err = failed ? socket_error_take(s) : 0;
		if (err)
			return -err;
		if (ended)
			return 0;
		if (nonblock)
			return -EAGAIN;
		mutex_unlock(&s->read_lock);
		err = wait_event(&s->readable, has_end(s, skip), deadline, true);
		mutex_lock(&s->read_lock);
		if (err)
			return socket_wait_result(err, deadline);
	}
}

/* Who sent it, and its descriptors, which go with its first bytes. */
static void message_note(struct message *m, struct packet *p)
{
	if (!m->has_cred) {
		m->has_cred = true;
		m->cred = p->cred;
		m->from = name_get(p->sender);
	}
	if (p->rights && !m->rights)
		m->rights = m->flags & LINUX_MSG_PEEK ? rights_copy(p) : rights_take(p);
}

static bool same_sender(const struct message *m, const struct packet *p)
{
	return m->cred.pid == p->cred.pid && m->cred.uid == p->cred.uid && m->cred.gid == p->cred.gid;
}

/* Bytes of the packets that may be read as one; stops after one with descriptors. */
static ssize_t take_stream(struct socket *s, struct message *m, bool *stop)
{
	struct packet *p;
	ssize_t n, done = 0;
	bool rights;

	while (m->it.left && (p = stream_next(s, done, stop))) {
		if (s->pass_cred && m->has_cred && !same_sender(m, p)) {
			*stop = true;
			break;
		}
		rights = p->rights;
		n = iter_put(&m->it, p->data + p->offset, MIN(m->it.left, p->length - p->offset));
		if (n <= 0)
			return done ? done : n;
		message_note(m, p);
		done += n;
		p->offset += n;
		if (p->offset == p->length)
			queue_remove(s, p);
		*stop = rights;
		if (rights)
			break;
	}
	return done;
}

/* What a look goes on with after @p: nothing across descriptors or a mark. */
static struct packet *peek_next(struct socket *s, struct packet *p)
{
	struct packet *next = NULL;

	spin_lock(&s->lock);
	while (!p->rights && !next && p->link.next != &s->queue) {
		p = list_entry(p->link.next, struct packet, link);
		if (p == s->urgent)
			break;
		next = urgent_taken(s, p) ? NULL : p;
	}
	spin_unlock(&s->lock);
	return next && !next->rights ? next : NULL;
}

static ssize_t peek_stream(struct socket *s, struct message *m)
{
	uint32_t skip = skip_of(s, m);
	struct packet *p = queue_at(s, &skip);
	ssize_t n = 0, done = 0;

	while (m->it.left && p) {
		n = iter_put(&m->it, p->data + p->offset + skip, MIN(m->it.left, p->length - p->offset - skip));
		if (n <= 0)
			break;
		message_note(m, p);
		done += n;
		skip = 0;
		p = peek_next(s, p);
	}
	peek_move(s, m, done);
	return done ? done : n;
}

static ssize_t receive_stream(struct socket *s, struct message *m, bool nonblock)
{
	time_ns_t deadline = socket_deadline(s->receive_timeout);
	size_t low = (size_t)MAX(READ_ONCE(s->kept.low_water), 1), wanted = m->flags & LINUX_MSG_WAITALL ? m->it.left : MIN(m->it.left, low);
	ssize_t n, done = 0;
	bool stop = false;

	do {
		/* A byte out of band that nobody took is lost when a read begins at it. */
		if (!done && !(m->flags & LINUX_MSG_PEEK))
			(void)stream_next(s, false, &stop);
		n = receive_wait(s, m, nonblock, deadline);
		if (n <= 0)
			return done ? done : n;
		if (m->flags & LINUX_MSG_PEEK)
			return peek_stream(s, m);
		n = take_stream(s, m, &stop);
		if (n < 0)
			return done ? done : n;
		peek_move(s, m, n);
		done += n;
	} while (!stop && (size_t)done < wanted);
	return done;
}

static ssize_t receive_packet(struct socket *s, struct message *m, bool nonblock)
{
	ssize_t n = receive_wait(s, m, nonblock, socket_deadline(s->receive_timeout));
	uint32_t skip = skip_of(s, m);
	struct packet *p;
	size_t length, copied;

	if (n <= 0)
		return n;
	p = queue_at(s, &skip);
	length = p->length - skip;
	copied = MIN(m->it.left, length);
	if (copied < length)
		m->result_flags |= LINUX_MSG_TRUNC;
	n = copied ? iter_put(&m->it, p->data + skip, copied) : 0;
	if (n == (ssize_t)copied) {
		message_note(m, p);
		m->arrived = p->arrived;
		peek_move(s, m, (ssize_t)(m->flags & LINUX_MSG_PEEK ? copied : length));
	}
	if (!(m->flags & LINUX_MSG_PEEK))
		queue_remove(s, p);
	if (n != (ssize_t)copied)
		return -EFAULT;
	return m->flags & LINUX_MSG_TRUNC ? length : copied;
}

ssize_t socket_receive(struct socket *s, struct message *m, bool nonblock)
{
	ssize_t n;

	nonblock |= !!(m->flags & LINUX_MSG_DONTWAIT);
	if ((m->flags & LINUX_MSG_OOB) && s->type != LINUX_SOCK_STREAM)
		return -EOPNOTSUPP;
	if (!socket_is_dgram(s) && s->state != SOCKET_CONNECTED)
		return s->type == LINUX_SOCK_STREAM ? -EINVAL : -ENOTCONN;
	if (s->type == LINUX_SOCK_STREAM && !m->it.left && !(m->flags & LINUX_MSG_OOB))
		return 0;
	mutex_lock(&s->read_lock);
	if (m->flags & LINUX_MSG_OOB)
		n = urgent_receive(s, m);
	else
		n = s->type == LINUX_SOCK_STREAM ? receive_stream(s, m, nonblock) : receive_packet(s, m, nonblock);
	mutex_unlock(&s->read_lock);
	return n;
}

uint32_t socket_readable_bytes(struct socket *s)
{
	struct packet *p;
	uint32_t n = 0;

	spin_lock(&s->lock);
	list_for_each(p, &s->queue, link) {
		n += p->length - p->offset;
		if (s->type != LINUX_SOCK_STREAM)
			break;
	}
	spin_unlock(&s->lock);
	return n;
}

int64_t socket_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct socket *s = f->priv;

	switch (cmd) {
	case LINUX_SIOCOUTQ:
		return put_user32(arg, s->sent) ? -EFAULT : 0;
	case LINUX_FIONREAD:
		if (s->state == SOCKET_LISTENING)
			return -EINVAL;
		return put_user32(arg, socket_readable_bytes(s)) ? -EFAULT : 0;
	case LINUX_SIOCATMARK:
		if (s->type != LINUX_SOCK_STREAM)
			return -EOPNOTSUPP;
		return put_user32(arg, urgent_at_mark(s)) ? -EFAULT : 0;
	}
	return socket_ioctl_common(f, cmd, arg);
}
