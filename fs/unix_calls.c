// SPDX-License-Identifier: GPL-2.0
/* UNIX sockets for the system calls: what those were given is checked and copied here (fs/socket.h). */
#include <fs/unix.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/user_ns.h>
#include <uapi/ferry/linux.h>

static int type_check(int type, int protocol)
{
	if (protocol && protocol != LINUX_AF_UNIX)
		return -EPROTONOSUPPORT;
	if (type == LINUX_SOCK_RAW)
		return LINUX_SOCK_DGRAM;
	return type == LINUX_SOCK_STREAM || type == LINUX_SOCK_DGRAM || type == LINUX_SOCK_SEQPACKET ? type : -ESOCKTNOSUPPORT;
}

static int unix_create(int type, int protocol, uint32_t flags)
{
	struct socket *s;

	type = type_check(type, protocol);
	if (type < 0)
		return type;
	s = socket_create(type);
	return s ? socket_install(s, flags) : -ENOMEM;
}

static int unix_pair(int type, int protocol, uint32_t flags, int fd[2])
{
	struct socket *a, *b;

	type = type_check(type, protocol);
	if (type < 0)
		return type;
	a = socket_create(type);
	b = a ? socket_create(type) : NULL;
	if (!b) {
		socket_put(a);
		return -ENOMEM;
	}
	socket_pair(a, b);
	fd[0] = socket_install(a, flags);
	fd[1] = socket_install(b, flags);
	if (fd[0] >= 0 && fd[1] >= 0)
		return 0;
	if (fd[0] >= 0)
		fd_close(current_process->files, fd[0]);
	if (fd[1] >= 0)
		fd_close(current_process->files, fd[1]);
	return fd[0] < 0 ? fd[0] : fd[1];
}

/* A path loses what follows its terminator and gets one; the length that getsockname() tells, or -errno. */
static int address_from_user(struct linux_sockaddr_un *a, uint64_t uaddress, int length)
{
	uint8_t raw[LINUX_SOCKADDR_MAX];
	int err = socket_address_get(raw, uaddress, length);

	if (err)
		return err;
	memset(a, 0, sizeof(*a));
	if (length < 2 || length > (int)sizeof(*a))
		return -EINVAL;
	memcpy(a, raw, length);
	return length;
}

static int address_check(const struct linux_sockaddr_un *a, int length)
{
	int n = 0;

	if (a->family != LINUX_AF_UNIX)
		return -EINVAL;
	if (length == 2 || !a->path[0])
		return length;
	while (n < LINUX_UNIX_PATH_MAX && a->path[n])
		n++;
	return 2 + n + 1;
}

/* The length that getsockname() will tell, or -errno. */
static int address_get(struct address *a, uint64_t uaddress, int length)
{
	int n = address_from_user(&a->un, uaddress, length);

	a->terminator = 0;
	return n < 0 ? n : address_check(&a->un, n);
}

static int address_put(const struct unix_name *n, uint64_t uaddress, uint64_t ulength)
{
	static const uint16_t nameless = LINUX_AF_UNIX;

	return socket_address_put(n ? (const void *)&n->address : &nameless, n ? (uint32_t)n->length : sizeof(nameless), uaddress, ulength);
}

static int unix_bind(struct file *f, uint64_t uaddress, int length)
{
	struct address a;
	int n = address_get(&a, uaddress, length);

	return n < 0 ? n : name_bind(f->priv, &a.un, n);
}

static int unix_listen(struct file *f, int backlog)
{
	return socket_listen(f->priv, backlog);
}

static int unix_connect(struct file *f, uint64_t uaddress, int length)
{
	struct socket *s = f->priv;
	struct linux_sockaddr_un first;
	struct socket *to;
	struct address a;
	int n = address_from_user(&first, uaddress, length), err;

	if (n >= 0 && first.family == LINUX_AF_UNSPEC && socket_is_dgram(s)) {
		socket_disconnect(s);
		return 0;
	}
	n = address_get(&a, uaddress, length);
	if (n < 0)
		return n;
	to = name_find(s->type, &a.un, n);
	if (IS_ERR(to))
		return PTR_ERR(to);
	err = socket_connect(s, to, f->flags & LINUX_O_NONBLOCK);
	socket_put(to);
	return err;
}

static int unix_accept(struct file *f, uint64_t uaddress, uint64_t ulength, uint32_t flags)
{
	struct socket *peer, *new = socket_accept(f->priv, socket_nonblock(f));
	struct unix_name *name;
	int err, fd;

	if (IS_ERR(new))
		return PTR_ERR(new);
	peer = socket_peer_get(new);
	name = peer ? name_get(peer) : NULL;
	socket_put(peer);
	fd = socket_install(new, flags);
	err = fd >= 0 && uaddress ? address_put(name, uaddress, ulength) : 0;
	name_put(name);
	if (err)
		fd_close(current_process->files, fd);
	return err ? err : fd;
}

static int unix_shutdown(struct file *f, uint32_t how)
{
	return socket_shutdown(f->priv, how);
}

static int unix_name(struct file *f, bool of_peer, uint64_t uaddress, uint64_t ulength)
{
	struct socket *s = f->priv, *peer = of_peer ? socket_peer_get(s) : NULL;
	struct unix_name *n;
	int err;

	if (of_peer && !peer)
		return -ENOTCONN;
	n = name_get(of_peer ? peer : s);
	err = address_put(n, uaddress, ulength);
	name_put(n);
	socket_put(peer);
	return err;
}

/* ---- Messages ---- */

static void unix_begin(struct message *m)
{
	cred_of_current(&m->cred);
}

static int message_address(struct message *m, int type, uint64_t uaddress, int length)
{
	struct address a;
	int n = address_get(&a, uaddress, length);

	if (n < 0)
		return n;
	m->to = name_find(type, &a.un, n);
	n = IS_ERR(m->to) ? PTR_ERR(m->to) : 0;
	if (n)
		m->to = NULL;
	return n;
}

/* Streams refuse a name whatever it names, once it is read. */
static int unix_receiver(struct file *f, struct message *m, uint64_t uaddress, int length)
{
	uint8_t raw[LINUX_SOCKADDR_MAX];
	struct socket *s = f->priv;
	int err = socket_address_get(raw, uaddress, length);

	if (err)
		return err;
	if (!socket_is_dgram(s))
		return s->type == LINUX_SOCK_SEQPACKET ? 0 : s->state == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	return message_address(m, s->type, uaddress, length);
}

static ssize_t unix_send(struct file *f, struct message *m, bool nonblock)
{
	struct socket *s = f->priv;
	ssize_t n = 0;

	if (s->pass_cred && !s->name) {
		mutex_lock(&s->setup_lock);
		n = s->name ? 0 : name_bind_auto(s);
		mutex_unlock(&s->setup_lock);
	}
	return n ? n : socket_send(s, m, nonblock);
}

static ssize_t unix_receive(struct file *f, struct message *m, bool nonblock)
{
	return socket_receive(f->priv, m, nonblock);
}

static const void *unix_sender(const struct message *m, uint32_t *length)
{
	*length = m->from ? (uint32_t)m->from->length : 0;
	return m->from ? &m->from->address : NULL;
}

/* As many descriptors as there is room for; the others are closed. */
static int control_put_rights(struct control *c, struct rights *r, bool cloexec)
{
	unsigned int i, fits = c->left < sizeof(struct linux_cmsghdr) ? 0 : (c->left - sizeof(struct linux_cmsghdr)) / sizeof(int);
	int fds[LINUX_SCM_MAX_FD], err;

	for (i = 0; i < r->nr && i < fits; i++) {
		fds[i] = fd_install(current_process->files, r->files[i], 0, cloexec);
		if (fds[i] < 0)
			break;
	}
	c->truncated |= i < r->nr;
	err = i ? socket_control_put(c, LINUX_SOL_SOCKET, LINUX_SCM_RIGHTS, fds, i * sizeof(int)) : 0;
	while (err && i)
		fd_close(current_process->files, fds[--i]);
	return err;
}

static int unix_control_out(struct file *f, struct message *m, struct control *c)
{
	struct linux_ucred told = { pid_told(m->cred.pid), uid_told(m->cred.uid), gid_told(m->cred.gid) };
	const struct socket *s = f->priv;
	int err = 0;

	if (s->type != LINUX_SOCK_STREAM)
		err = socket_stamp_put(c, READ_ONCE(s->kept.stamp), m);
	if (!err && s->pass_cred && m->has_cred)
		err = socket_control_put(c, LINUX_SOL_SOCKET, LINUX_SCM_CREDENTIALS, &told, sizeof(told));
	return !err && m->rights ? control_put_rights(c, m->rights, m->flags & LINUX_MSG_CMSG_CLOEXEC) : err;
}

static void unix_end(struct message *m)
{
	rights_drop(m->rights);
	socket_put(m->to);
	name_put(m->from);
}

static int unix_type(const struct file *f)
{
	return ((const struct socket *)f->priv)->type;
}

const struct socket_family unix_family = {
	.create = unix_create, .type = unix_type, .pair = unix_pair, .bind = unix_bind, .listen = unix_listen, .connect = unix_connect,
	.accept = unix_accept, .shutdown = unix_shutdown, .name = unix_name, .set_option = unix_set_option, .get_option = unix_get_option,
	.begin = unix_begin, .receiver = unix_receiver, .control_in = rights_from_user, .send = unix_send,
	.receive = unix_receive, .sender = unix_sender, .control_out = unix_control_out, .end = unix_end,
};
