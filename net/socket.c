// SPDX-License-Identifier: GPL-2.0
/* Internet sockets (ip(7), ipv6(7)): their life, and what the system calls want of them (fs/socket.h). TCP and UDP do the rest. */
#include <kernel/init.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "inet.h"
#include "hooks.h"

static const struct socket_family family_v4, family_v6;
struct list inet_sockets = LIST_INIT(inet_sockets);

void inet_wake(struct inet_socket *s, uint32_t events)
{
	if (!events || events & (CAN_READ | LINUX_POLLHUP | LINUX_POLLERR | LINUX_POLLRDHUP))
		wait_wake(&s->readable, events);
	if (!events || events & (CAN_WRITE | LINUX_POLLHUP | LINUX_POLLERR))
		wait_wake(&s->writable, events);
}

/* The connection is over, and why: the next call says it. */
void inet_fail(struct inet_socket *s, int error)
{
	WRITE_ONCE(s->error, error);
	inet_wake(s, 0);
}

int inet_error_take(struct inet_socket *s)
{
	return __atomic_exchange_n(&s->error, 0, __ATOMIC_RELAXED);
}

/* inet_lock held. */
struct inet_socket *inet_socket_create(int type, int protocol, bool v6)
{
	struct inet_socket *s = kzalloc(sizeof(*s));
	static uint64_t last;

	if (!s)
		return NULL;
	s->type = type;
	s->protocol = protocol;
	s->v6 = v6;
	s->uid = current->cred.euid;
	mutex_init(&s->read_lock, "inet_read");
	list_init(&s->queue);
	list_init(&s->backlog);
	list_init(&s->backlog_link);
	wait_queue_init(&s->readable, "inet_readable");
	wait_queue_init(&s->writable, "inet_writable");
	s->send_limit = s->receive_limit = BUFFER_DEFAULT;
	inet_options_init(s);
	socket_filter_init(&s->filter);
	s->number = ++last;
	ip_addr_set_any(v6, &s->local);
	ip_addr_set_any(v6, &s->remote);
	if (v6)
		IP_SET_TYPE_VAL(s->local, IPADDR_TYPE_ANY);
	list_append(&inet_sockets, &s->all_link);
	return s;
}

void inet_socket_free(struct inet_socket *s)
{
	socket_filter_release(&s->filter);
	kfree(s);
}

static void inet_end(struct inet_socket *s)
{
	inet_lock_take();
	if (s->type == LINUX_SOCK_STREAM)
		tcp_end(s);
	else
		udp_end(s);
	list_del(&s->all_link);
	inet_unlock();
	inet_socket_free(s);
}

static void inet_release(struct file *f)
{
	struct inet_socket *s = f->priv;

	if (s->type == LINUX_SOCK_STREAM)
		tcp_linger(s);
	inet_end(s);
}

static const char *const protocol_names[2][2] = { { "UDP", "UDPv6" }, { "TCP", "TCPv6" } };

static int inet_install(struct inet_socket *s, uint32_t flags)
{
	struct file *f = socket_file(&inet_ops, s, flags, protocol_names[s->type == LINUX_SOCK_STREAM][s->v6]);

	if (!f) {
		inet_end(s);
		return file_alloc_error();
	}
	s->file = f;
	s->ino = f->inode->ino;
	return socket_install_file(f, flags);
}

static int create(int type, int protocol, uint32_t flags, bool v6)
{
	struct inet_socket *s;
	int err, own = type == LINUX_SOCK_STREAM ? LINUX_IPPROTO_TCP : LINUX_IPPROTO_UDP;

	if (protocol < 0 || protocol >= LINUX_IPPROTO_MAX)
		return -EINVAL;
	if (type == LINUX_SOCK_RAW)
		return !protocol ? -EPROTONOSUPPORT : privileged(LINUX_CAP_NET_RAW) ? -EPROTONOSUPPORT : -EPERM;
	if (type != LINUX_SOCK_STREAM && type != LINUX_SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol && protocol != own)
		return -EPROTONOSUPPORT;
	inet_lock_take();
	err = inet_start();
	s = err ? NULL : inet_socket_create(type, own, v6);
	inet_unlock();
	if (err)
		return err;
	return s ? inet_install(s, flags) : -ENOMEM;
}

static int create_v4(int type, int protocol, uint32_t flags)
{
	return create(type, protocol, flags, false);
}

static int create_v6(int type, int protocol, uint32_t flags)
{
	return create(type, protocol, flags, true);
}

static int inet_bind(struct file *f, uint64_t uaddress, int length)
{
	struct inet_socket *s = f->priv;
	uint16_t port;
	bool unspec;
	ip_addr_t ip;
	int err = address_from_user(s, uaddress, length, &ip, &port, &unspec);

	if (err)
		return err;
	if (unspec && (s->v6 || !address_is_any(&ip)))
		return -EAFNOSUPPORT;
	if (!address_is_any(&ip) && !address_is_ours(&ip))
		return -EADDRNOTAVAIL;
	inet_lock_take();
	err = s->local_port || s->state != INET_OPEN ? -EINVAL : port_bind(s, &ip, port);
	if (!err)
		s->bound_address = !address_is_any(&ip);
	if (!err && s->type == LINUX_SOCK_DGRAM)
		err = udp_bind_socket(s);
	inet_unlock();
	return err;
}

static int inet_listen(struct file *f, int backlog)
{
	struct inet_socket *s = f->priv;
	int err;

	if (s->type != LINUX_SOCK_STREAM)
		return -EOPNOTSUPP;
	inet_lock_take();
	err = tcp_listen_socket(s, backlog);
	inet_unlock();
	return err;
}

static int disconnect(struct inet_socket *s)
{
	int err = 0;

	inet_lock_take();
	if (s->type == LINUX_SOCK_STREAM)
		err = tcp_disconnect_socket(s);
	else
		udp_disconnect_socket(s);
	inet_unlock();
	return err;
}

static int inet_connect(struct file *f, uint64_t uaddress, int length)
{
	struct inet_socket *s = f->priv;
	uint16_t port;
	bool unspec;
	ip_addr_t ip;
	int err = address_from_user(s, uaddress, length, &ip, &port, &unspec);

	if (!err && unspec)
		return disconnect(s);
	if (err)
		return err == -EINVAL && s->v6 && s->options.v6_only && length >= LINUX_SOCKADDR_IN6_MIN ? -ENETUNREACH : err;
	if (s->type == LINUX_SOCK_STREAM)
		return tcp_connect_socket(s, &ip, port, socket_nonblock(f));
	inet_lock_take();
	err = udp_connect_socket(s, &ip, port);
	inet_unlock();
	return err;
}

static int inet_accept(struct file *f, uint64_t uaddress, uint64_t ulength, uint32_t flags)
{
	union linux_sockaddr_inet a;
	struct inet_socket *new;
	uint32_t length;
	int fd, err;

	if (inet_of(f)->type != LINUX_SOCK_STREAM)
		return -EOPNOTSUPP;
	new = tcp_accept_socket(f->priv, socket_nonblock(f));
	if (IS_ERR(new))
		return PTR_ERR(new);
	length = address_to_user(new, &new->remote, new->remote_port, &a);
	fd = inet_install(new, flags);
	err = fd >= 0 && uaddress ? socket_address_put(&a, length, uaddress, ulength) : 0;
	if (err)
		fd_close(current_process->files, fd);
	return err ? err : fd;
}

static int inet_shutdown(struct file *f, uint32_t how)
{
	struct inet_socket *s = f->priv;
	int err;

	inet_lock_take();
	err = s->type == LINUX_SOCK_STREAM ? tcp_shutdown_socket(s, how) : udp_shutdown_socket(s, how);
	inet_unlock();
	return err;
}

static int inet_name(struct file *f, bool of_peer, uint64_t uaddress, uint64_t ulength)
{
	struct inet_socket *s = f->priv;
	union linux_sockaddr_inet a;
	uint32_t length = 0;

	inet_lock_take();
	if (!of_peer)
		length = address_to_user(s, &s->local, s->local_port, &a);
	else if (s->state == INET_CONNECTED && s->remote_port)
		length = address_to_user(s, &s->remote, s->remote_port, &a);
	inet_unlock();
	return length ? socket_address_put(&a, length, uaddress, ulength) : -ENOTCONN;
}

/* ---- Messages ---- */

/* A stream has one receiver, whatever name is given. */
static int inet_receiver(struct file *f, struct message *m, uint64_t uaddress, int length)
{
	uint8_t raw[LINUX_SOCKADDR_MAX];
	int err = socket_address_get(raw, uaddress, length);

	if (err || inet_of(f)->type == LINUX_SOCK_STREAM)
		return err;
	m->inet_length = MIN(length, (int)sizeof(m->inet));
	memcpy(&m->inet, raw, m->inet_length);
	return 0;
}

/* But for UDP_SEGMENT nothing that is asked for so changes where or how lo sends; what is malformed is refused as on Linux. */
static int control_parse(struct message *m, const struct linux_cmsghdr *h, const uint8_t *data)
{
	if (h->level == LINUX_IPPROTO_UDP) {
		if (h->type != LINUX_UDP_SEGMENT || h->length != sizeof(*h) + sizeof(m->inet_segment))
			return -EINVAL;
		memcpy(&m->inet_segment, data, sizeof(m->inet_segment));
	}
	return h->level == LINUX_SOL_SOCKET && h->type == LINUX_SCM_RIGHTS ? -EINVAL : 0;
}

static int inet_control_in(struct message *m, const uint8_t *control, size_t n)
{
	return socket_control_each(m, control, n, control_parse);
}

static ssize_t inet_send(struct file *f, struct message *m, bool nonblock)
{
	struct inet_socket *s = f->priv;

	nonblock |= !!(m->flags & LINUX_MSG_DONTWAIT);
	return s->type == LINUX_SOCK_STREAM ? stream_send(s, m, nonblock) : datagram_send(s, m, nonblock);
}

static ssize_t inet_receive(struct file *f, struct message *m, bool nonblock)
{
	struct inet_socket *s = f->priv;

	nonblock |= !!(m->flags & LINUX_MSG_DONTWAIT);
	if (m->flags & LINUX_MSG_ERRQUEUE)
		return -EAGAIN;
	return s->type == LINUX_SOCK_STREAM ? stream_receive(s, m, nonblock) : datagram_receive(s, m, nonblock);
}

static const void *inet_sender(const struct message *m, uint32_t *length)
{
	*length = m->inet_length;
	return m->inet_length ? &m->inet : NULL;
}

static int put_packet_info(const struct message *m, struct control *c)
{
	struct linux_in_pktinfo info = { 1, m->inet_to.v4.address, m->inet_to.v4.address };
	struct linux_in6_pktinfo info6 = { .index = 1 };

	if (m->inet_to.family == LINUX_AF_INET)
		return socket_control_put(c, LINUX_IPPROTO_IP, LINUX_IP_PKTINFO, &info, sizeof(info));
	memcpy(info6.address, m->inet_to.v6.address, sizeof(info6.address));
	return socket_control_put(c, LINUX_IPPROTO_IPV6, LINUX_IPV6_PKTINFO, &info6, sizeof(info6));
}

static int inet_control_out(struct file *f, struct message *m, struct control *c)
{
	const struct inet_socket *s = f->priv;
	const struct inet_options *o = &s->options;
	bool v6 = m->inet_to.family == LINUX_AF_INET6;
	int32_t hops = m->inet_hops;
	int err = 0;

	if (s->type == LINUX_SOCK_DGRAM || m->arrived)
		err = socket_stamp_put(c, o->stamp, m);
	if (err || !m->inet_to.family)
		return err;
	if (v6 ? o->packet_info6 : o->packet_info)
		err = put_packet_info(m, c);
	if (!err && !v6 && o->receive_hops)
		err = socket_control_put(c, LINUX_IPPROTO_IP, LINUX_IP_TTL, &hops, sizeof(hops));
	if (!err && !v6 && o->original)
		err = socket_control_put(c, LINUX_IPPROTO_IP, LINUX_IP_RECVORIGDSTADDR, &m->inet_to, sizeof(m->inet_to.v4));
	if (!err && v6 && o->original6)
		err = socket_control_put(c, LINUX_IPPROTO_IPV6, LINUX_IPV6_RECVORIGDSTADDR, &m->inet_to, sizeof(m->inet_to.v6));
	if (!err && v6 && o->receive_hops6)
		err = socket_control_put(c, LINUX_IPPROTO_IPV6, LINUX_IPV6_HOPLIMIT, &hops, sizeof(hops));
	return err;
}

/* ---- The file ---- */

static ssize_t inet_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct message m = { .it = *to };
	ssize_t n;

	if (!to->left)
		return 0;
	n = inet_receive(f, &m, file_nowait(f, to));
	*to = m.it;
	return n;
}

static ssize_t inet_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct message m = { .it = *from };
	ssize_t n = inet_send(f, &m, file_nowait(f, from));

	*from = m.it;
	return n;
}

static uint32_t inet_poll(struct file *f, struct poll_table *table)
{
	struct inet_socket *s = f->priv;

	poll_wait(f, &s->readable, table);
	poll_wait(f, &s->writable, table);
	return s->type == LINUX_SOCK_STREAM ? tcp_poll_mask(s) : udp_poll_mask(s);
}

/* A datagram at a time, a stream's bytes all together. */
static uint32_t bytes_readable(struct inet_socket *s)
{
	struct inet_packet *k;
	uint32_t n;

	inet_lock_take();
	k = packet_first(s);
	n = s->type == LINUX_SOCK_STREAM || !k ? s->readable_bytes : k->length;
	inet_unlock();
	return n;
}

uint32_t inet_unsent(const struct inet_socket *s)
{
	return s->type == LINUX_SOCK_STREAM && s->state == INET_CONNECTED && s->tcp ? TCP_SND_BUF - s->tcp->snd_buf : 0;
}

static uint32_t bytes_unsent(const struct inet_socket *s)
{
	uint32_t n;

	inet_lock_take();
	n = inet_unsent(s);
	inet_unlock();
	return n;
}

/* When the last datagram came. */
static int64_t stamp_get(const struct inet_socket *s, bool ns, uint64_t uarg)
{
	uint64_t at = READ_ONCE(s->arrived);
	struct linux_timespec t = socket_stamp(at, ns);

	if (!at)
		return -ENOENT;
	return copy_to_user(uarg, &t, sizeof(t)) ? -EFAULT : 0;
}

static int64_t inet_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct inet_socket *s = f->priv;

	switch (cmd) {
	case LINUX_TIOCOUTQ:
		return s->state == INET_LISTENING ? -EINVAL : put_user32(arg, bytes_unsent(s)) ? -EFAULT : 0;
	case LINUX_FIONREAD:
		return s->state == INET_LISTENING ? -EINVAL : put_user32(arg, bytes_readable(s)) ? -EFAULT : 0;
	case LINUX_SIOCATMARK:	/* there is no urgent data, so never */
		return s->type != LINUX_SOCK_STREAM ? -ENOTTY : put_user32(arg, 0) ? -EFAULT : 0;
	case LINUX_SIOCGSTAMP:
	case LINUX_SIOCGSTAMP_NEW:
		return stamp_get(s, false, arg);
	case LINUX_SIOCGSTAMPNS:
	case LINUX_SIOCGSTAMPNS_NEW:
		return stamp_get(s, true, arg);
	}
	return socket_ioctl_common(f, cmd, arg);
}

static int inet_type(const struct file *f)
{
	return ((const struct inet_socket *)f->priv)->type;
}

#define FAMILY(v)											\
	.create = create_##v, .type = inet_type, .bind = inet_bind, .listen = inet_listen,		\
	.connect = inet_connect, .accept = inet_accept, .shutdown = inet_shutdown, .name = inet_name,	\
	.set_option = inet_set_option, .get_option = inet_get_option, .receiver = inet_receiver,	\
	.control_in = inet_control_in, .send = inet_send, .receive = inet_receive,			\
	.sender = inet_sender, .control_out = inet_control_out

static const struct socket_family family_v4 = { FAMILY(v4) };
static const struct socket_family family_v6 = { FAMILY(v6) };

/* Which of the two made it, the socket itself knows. */
const struct file_ops inet_ops = {
	.read = inet_read, .write = inet_write, .poll = inet_poll, .ioctl = inet_ioctl, .release = inet_release,
	.family = &family_v4, .signals = true,
};

/* Packets of interfaces themselves: nobody may have them, and who could is told that there are none. */
static int create_packet(int type, int protocol, uint32_t flags)
{
	return privileged(LINUX_CAP_NET_RAW) ? -EAFNOSUPPORT : -EPERM;
}

static const struct socket_family family_packet = { .create = create_packet };

static int inet_init(void)
{
	socket_family_register(LINUX_AF_PACKET, &family_packet);
	socket_family_register(LINUX_AF_XDP, &family_packet);
	socket_family_register(LINUX_AF_INET, &family_v4);
	socket_family_register(LINUX_AF_INET6, &family_v6);
	return 0;
}
INITCALL("2fs", inet_init);
