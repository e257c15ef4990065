// SPDX-License-Identifier: GPL-2.0
/* Netlink sockets for the system calls: what those were given is checked and copied here (fs/socket.h). */
#include <kernel/init.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux.h>
#include "netlink.h"

#define FILE_COST	32u	/* of a message, beside its bytes, where SO_SNDBUF bounds it */

static uint32_t group_mask(uint32_t group)
{
	return group && group <= 32 ? 1u << (group - 1) : 0;
}

/* The number of the first group in @mask; 0: none. */
static uint32_t group_first(uint32_t mask)
{
	return mask ? (uint32_t)__builtin_ctz(mask) + 1 : 0;
}

static int address_get(struct linux_sockaddr_nl *a, uint64_t uaddress, int length)
{
	uint8_t raw[LINUX_SOCKADDR_MAX];
	int err = socket_address_get(raw, uaddress, length);

	if (err)
		return err;
	if (length < (int)sizeof(*a))
		return -EINVAL;
	memcpy(a, raw, sizeof(*a));
	return a->family == LINUX_AF_NETLINK ? 0 : -EINVAL;
}

static int netlink_bind(struct file *f, uint64_t uaddress, int length)
{
	struct netlink_socket *s = f->priv;
	struct linux_sockaddr_nl a;
	int err = address_get(&a, uaddress, length);

	if (err)
		return err;
	if (a.groups && !netlink_may_hear(s))
		return -EPERM;
	err = netlink_port_take(s, a.port);
	if (err)
		return err;
	mutex_lock(&netlink_table_lock);
	s->groups = (s->groups & ~0xffffffffull) | a.groups;
	mutex_unlock(&netlink_table_lock);
	return 0;
}

static int netlink_listen(struct file *f, int backlog)
{
	return -EOPNOTSUPP;
}

static int netlink_accept(struct file *f, uint64_t uaddress, uint64_t ulength, uint32_t flags)
{
	return -EOPNOTSUPP;
}

static int netlink_shutdown(struct file *f, uint32_t how)
{
	return -EOPNOTSUPP;
}

static void peer_set(struct netlink_socket *s, bool connected, uint32_t port, uint32_t group)
{
	mutex_lock(&netlink_table_lock);
	s->connected = connected;
	s->peer_port = port;
	s->peer_group = group;
	mutex_unlock(&netlink_table_lock);
}

static int netlink_connect(struct file *f, uint64_t uaddress, int length)
{
	struct linux_sockaddr_nl a = { 0 };
	struct netlink_socket *s = f->priv;
	uint8_t raw[LINUX_SOCKADDR_MAX];
	int err = socket_address_get(raw, uaddress, length);

	if (err)
		return err;
	if (length < (int)sizeof(a.family))
		return -EINVAL;
	memcpy(&a, raw, MIN((size_t)length, sizeof(a)));
	if (a.family == LINUX_AF_UNSPEC) {
		peer_set(s, false, 0, 0);
		return 0;
	}
	if (a.family != LINUX_AF_NETLINK || length < (int)sizeof(a))
		return -EINVAL;
	if ((a.port || a.groups) && !netlink_may_send(s))
		return -EPERM;
	err = netlink_port_need(s);
	if (!err)
		peer_set(s, true, a.port, group_first(a.groups));
	return err;
}

static int netlink_name(struct file *f, bool of_peer, uint64_t uaddress, uint64_t ulength)
{
	struct linux_sockaddr_nl a = { .family = LINUX_AF_NETLINK };
	struct netlink_socket *s = f->priv;

	mutex_lock(&netlink_table_lock);
	a.port = of_peer ? s->peer_port : s->port;
	a.groups = of_peer ? group_mask(s->peer_group) : (uint32_t)s->groups;
	mutex_unlock(&netlink_table_lock);
	return socket_address_put(&a, sizeof(a), uaddress, ulength);
}

/* ---- Messages ---- */

static void netlink_begin_send(struct message *m)
{
	m->netlink_cred = (struct linux_ucred){ current_process->pid, current->cred.uid, current->cred.gid };
}

static int netlink_receiver(struct file *f, struct message *m, uint64_t uaddress, int length)
{
	int err = address_get(&m->netlink, uaddress, length);

	if (err)
		return err;
	m->netlink_named = true;
	return (m->netlink.port || m->netlink.groups) && !netlink_may_send(f->priv) ? -EPERM : 0;
}

static int control_parse(struct message *m, const struct linux_cmsghdr *h, const uint8_t *data)
{
	if (h->level != LINUX_SOL_SOCKET)
		return 0;
	if (h->type == LINUX_SCM_CREDENTIALS)
		return socket_cred_get(&m->netlink_cred, data, h->length - sizeof(*h));
	return -EINVAL;
}

static int netlink_control_in(struct message *m, const uint8_t *control, size_t n)
{
	return socket_control_each(m, control, n, control_parse);
}

/* To one program's socket: 0 or -errno. */
static int send_to_port(struct netlink_socket *s, struct netlink_message *m, uint32_t port, bool nonblock)
{
	struct netlink_socket *to = netlink_socket_find(s->protocol, port);
	int err;

	if (!to)
		return -ECONNREFUSED;
	/* Who is connected hears nobody else. */
	if (READ_ONCE(to->connected) && READ_ONCE(to->peer_port) != s->port)
		err = -ECONNREFUSED;
	else
		err = netlink_post_wait(to, m, nonblock, socket_deadline(s->send_timeout));
	netlink_socket_put(to);
	return err;
}

/* To the group, if one is named, then to the port, which is the kernel's if it is 0. */
static int send_message(struct netlink_socket *s, struct netlink_message *k, const struct message *m, bool nonblock)
{
	const struct netlink_protocol *p = netlink_protocol_of(s->protocol);
	uint32_t port = m->netlink_named ? m->netlink.port : s->peer_port;

	k->port = s->port;
	k->cred = m->netlink_cred;
	if (k->group)
		(void)netlink_post_group(s->protocol, k, s, port);
	if (port)
		return send_to_port(s, k, port, nonblock);
	if (!p->request)
		return -ECONNREFUSED;
	netlink_requests(s, k->data, k->length, m->netlink_named);
	return 0;
}

static ssize_t netlink_send(struct file *f, struct message *m, bool nonblock)
{
	struct netlink_socket *s = f->priv;
	struct netlink_message *k;
	size_t n = m->it.left;
	int err;

	if (m->flags & LINUX_MSG_OOB)
		return -EOPNOTSUPP;
	if (!n)
		return -ENODATA;
	err = netlink_port_need(s);
	if (err)
		return err;
	if (n > s->send_limit - FILE_COST)
		return -EMSGSIZE;
	k = netlink_message_alloc((uint32_t)n);
	if (!k)
		return -ENOBUFS;
	if (iter_get(&m->it, k->data, n) != (ssize_t)n) {
		netlink_message_put(k);
		return -EFAULT;
	}
	k->group = m->netlink_named ? group_first(m->netlink.groups) : s->peer_group;
	err = send_message(s, k, m, nonblock || m->flags & LINUX_MSG_DONTWAIT);
	netlink_message_put(k);
	return err ? err : (ssize_t)n;
}

/* The next message, or ERR_PTR. */
static struct netlink_message *receive_wait(struct netlink_socket *s, bool peek, bool nonblock)
{
	time_ns_t deadline = socket_deadline(s->receive_timeout);
	struct netlink_message *k;
	int err;

	while (!(k = netlink_take(s, peek, &err)) && !err) {
		if (nonblock)
			return ERR_PTR(-EAGAIN);
		err = wait_event(&s->readable, netlink_has_input(s), deadline, true);
		if (err)
			return ERR_PTR(socket_wait_result(err, deadline));
	}
	return k ? k : ERR_PTR(err);
}

static ssize_t netlink_receive(struct file *f, struct message *m, bool nonblock)
{
	struct netlink_socket *s = f->priv;
	struct netlink_message *k;
	size_t copied;
	ssize_t n;

	if (m->flags & LINUX_MSG_OOB)
		return -EOPNOTSUPP;
	if (m->flags & LINUX_MSG_ERRQUEUE)
		return -EAGAIN;
	k = receive_wait(s, m->flags & LINUX_MSG_PEEK, nonblock || m->flags & LINUX_MSG_DONTWAIT);
	if (IS_ERR(k))
		return PTR_ERR(k);
	if (m->it.left > READ_ONCE(s->largest_read))
		WRITE_ONCE(s->largest_read, (uint32_t)MIN(m->it.left, (size_t)LINUX_RW_MAX));
	copied = MIN(m->it.left, k->length);
	m->result_flags |= copied < k->length ? LINUX_MSG_TRUNC : 0;
	n = copied ? iter_put(&m->it, k->data, copied) : 0;
	m->netlink = (struct linux_sockaddr_nl){ .family = LINUX_AF_NETLINK, .port = k->port, .groups = group_mask(k->group) };
	m->netlink_group = k->group;
	m->netlink_cred = k->cred;
	if (n == (ssize_t)copied)
		n = m->flags & LINUX_MSG_TRUNC ? (ssize_t)k->length : n;
	else
		n = -EFAULT;
	netlink_message_put(k);
	if (READ_ONCE(s->dump))
		netlink_dump_go_on(s);
	return n;
}

static const void *netlink_sender(const struct message *m, uint32_t *length)
{
	*length = sizeof(m->netlink);
	return &m->netlink;
}

static int netlink_control_out(struct file *f, struct message *m, struct control *c)
{
	struct linux_ucred told = { pid_told(m->netlink_cred.pid), uid_told(m->netlink_cred.uid), gid_told(m->netlink_cred.gid) };
	const struct netlink_socket *s = f->priv;
	int err = 0;

	if (s->packet_info)
		err = socket_control_put(c, LINUX_SOL_NETLINK, LINUX_NETLINK_PKTINFO, &m->netlink_group, sizeof(m->netlink_group));
	if (!err && s->pass_cred)
		err = socket_control_put(c, LINUX_SOL_SOCKET, LINUX_SCM_CREDENTIALS, &told, sizeof(told));
	return err;
}

static int netlink_type(const struct file *f)
{
	return netlink_of(f)->type;
}

const struct socket_family netlink_family = {
	.create = netlink_create, .type = netlink_type, .bind = netlink_bind, .listen = netlink_listen, .connect = netlink_connect,
	.accept = netlink_accept, .shutdown = netlink_shutdown, .name = netlink_name, .set_option = netlink_set_option,
	.get_option = netlink_get_option, .begin = netlink_begin_send, .receiver = netlink_receiver, .control_in = netlink_control_in,
	.send = netlink_send, .receive = netlink_receive, .sender = netlink_sender, .control_out = netlink_control_out,
};

/* For programs among themselves; the kernel does not listen. */
static const struct netlink_protocol user_protocol = { .groups = 32, .anyone_sends = true };

static int netlink_init(void)
{
	socket_family_register(LINUX_AF_NETLINK, &netlink_family);
	netlink_protocol_register(LINUX_NETLINK_USERSOCK, &user_protocol);
	return 0;
}
INITCALL("2fs", netlink_init);
