// SPDX-License-Identifier: GPL-2.0
/*
 * UNIX sockets (unix(7)): their life and their connections. A stream or packet socket and its peer hold each other's memory until both
 * files are gone; a connection that was not accepted yet stands in the listener's backlog as a socket without a file.
 */
#include <fs/socket_filter.h>
#include <fs/unix.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>

bool socket_is_dgram(const struct socket *s)
{
	return s->type == LINUX_SOCK_DGRAM;
}

void cred_of_current(struct linux_ucred *c)
{
	*c = (struct linux_ucred){ current_process->pid, current->cred.euid, current->cred.egid };
}

struct socket *socket_create(int type)
{
	struct socket *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	ref_init(&s->ref);
	s->type = type;
	s->send_limit = s->receive_limit = BUFFER_DEFAULT;
	socket_filter_init(&s->filter);
	s->peek_at = -1;
	mutex_init(&s->setup_lock, "socket_setup");
	mutex_init(&s->read_lock, "socket_read");
	spin_init(&s->lock, "socket");
	list_init(&s->queue);
	list_init(&s->backlog);
	list_init(&s->backlog_link);
	list_init(&s->name_link);
	list_init(&s->clients);
	list_init(&s->client_link);
	list_init(&s->flight_link);
	list_init(&s->follow_link);
	wait_queue_init(&s->readable, "socket_readable");
	wait_queue_init(&s->writable, "socket_writable");
	wait_queue_init(&s->room, "socket_room");
	cred_of_current(&s->own_cred);
	s->peer_cred = (struct linux_ucred){ 0, ~0u, ~0u };
	socket_list_add(s);
	return s;
}

void socket_get(struct socket *s)
{
	ref_get(&s->ref);
}

/* The last reference: nothing queues here any more. A chain of peers cannot be longer than two. */
void socket_put(struct socket *s)
{
	if (!s || !ref_put(&s->ref))
		return;
	socket_list_remove(s);
	name_put(s->name);
	socket_filter_release(&s->filter);
	kfree(s);
}

struct socket *socket_peer_get(struct socket *s)
{
	struct socket *peer;

	spin_lock(&s->lock);
	peer = s->peer;
	if (peer)
		socket_get(peer);
	spin_unlock(&s->lock);
	return peer;
}

static void wake_all(struct socket *s)
{
	wait_wake(&s->readable, 0);
	wait_wake(&s->writable, 0);
	wait_wake(&s->room, 0);
}

static void shut(struct socket *s, uint32_t how, int error)
{
	spin_lock(&s->lock);
	s->shutdown |= how;
	if (error)
		s->error = error;
	spin_unlock(&s->lock);
	wake_all(s);
}

/* The end of @s for everybody else. @embryo: nobody accepted it. */
static void socket_end(struct socket *s, bool embryo)
{
	bool unread, connected = !socket_is_dgram(s);
	struct socket *peer;

	name_unbind(s);
	client_remove(s);
	spin_lock(&s->lock);
	s->dead = true;
	s->shutdown = SHUT_BOTH;
	peer = s->peer;
	s->peer = NULL;
	unread = queue_unread(s);
	spin_unlock(&s->lock);
	if (peer && connected)
		shut(peer, SHUT_BOTH, unread || embryo ? ECONNRESET : 0);
	socket_put(peer);
	wake_all(s);
	clients_wake(s, 0);
	queue_purge(s);
}

static struct socket *backlog_take(struct socket *s)
{
	struct socket *first = NULL;

	spin_lock(&s->lock);
	if (!list_empty(&s->backlog)) {
		first = list_first(&s->backlog, struct socket, backlog_link);
		list_del(&first->backlog_link);
		s->nr_backlog--;
	}
	spin_unlock(&s->lock);
	if (first)
		wait_wake(&s->room, 0);
	return first;
}

static void socket_release(struct file *f)
{
	struct socket *s = f->priv, *waiting;

	socket_end(s, false);
	while ((waiting = backlog_take(s))) {
		socket_end(waiting, true);
		socket_put(waiting);
	}
	if (s->path.dentry)
		path_put(&s->path);
	socket_put(s);
	rights_collect();
}

int socket_install(struct socket *s, uint32_t flags)
{
	struct file *f = socket_file(&socket_ops, s, flags, s->type == LINUX_SOCK_DGRAM ? "UNIX" : "UNIX-STREAM");

	if (!f) {
		socket_end(s, true);
		socket_put(s);
		return file_alloc_error();
	}
	s->file = f;
	s->ino = f->inode->ino;
	return socket_install_file(f, flags);
}

static void socket_link(struct socket *s, struct socket *peer, const struct linux_ucred *peer_cred)
{
	socket_get(peer);
	spin_lock(&s->lock);
	s->peer = peer;
	s->peer_cred = *peer_cred;
	s->state = SOCKET_CONNECTED;
	spin_unlock(&s->lock);
}

int socket_pair(struct socket *a, struct socket *b)
{
	struct linux_ucred cred;

	cred_of_current(&cred);
	socket_link(a, b, &cred);
	socket_link(b, a, &cred);
	return 0;
}

int socket_listen(struct socket *s, int backlog)
{
	int err = 0;

	if (socket_is_dgram(s))
		return -EOPNOTSUPP;
	mutex_lock(&s->setup_lock);
	spin_lock(&s->lock);
	if (!s->name || s->state == SOCKET_CONNECTED) {
		err = -EINVAL;
	} else {
		s->state = SOCKET_LISTENING;
		s->max_backlog = MIN((unsigned int)backlog, (unsigned int)LINUX_SOMAXCONN);
		cred_of_current(&s->own_cred);
	}
	spin_unlock(&s->lock);
	mutex_unlock(&s->setup_lock);
	wait_wake(&s->room, 0);
	return err;
}

int socket_error_take(struct socket *s)
{
	return __atomic_exchange_n(&s->error, 0, __ATOMIC_RELAXED);
}

static bool backlog_full(const struct socket *s)
{
	return READ_ONCE(s->nr_backlog) > READ_ONCE(s->max_backlog);
}

static bool is_listening(const struct socket *s)
{
	return READ_ONCE(s->state) == SOCKET_LISTENING && !READ_ONCE(s->dead) && !(READ_ONCE(s->shutdown) & SHUT_RECEIVE);
}

/* 0, or -EAGAIN when the backlog is full. @s's credentials become the accepted one's peer's. */
static int backlog_add(struct socket *to, struct socket *embryo, struct linux_ucred *listener)
{
	int err = 0;

	spin_lock(&to->lock);
	if (!is_listening(to))
		err = -ECONNREFUSED;
	else if (backlog_full(to))
		err = -EAGAIN;
	if (!err) {
		*listener = to->own_cred;
		embryo->pass_cred = to->pass_cred;
		socket_get(embryo);
		list_append(&to->backlog, &embryo->backlog_link);
		to->nr_backlog++;
	}
	spin_unlock(&to->lock);
	return err;
}

static int backlog_join(struct socket *s, struct socket *to, struct socket *embryo, bool nonblock)
{
	time_ns_t deadline = socket_deadline(s->send_timeout);
	struct linux_ucred listener;
	int err;

	for (;;) {
		err = backlog_add(to, embryo, &listener);
		if (err != -EAGAIN || nonblock)
			break;
		err = wait_event(&to->room, !backlog_full(to) || !is_listening(to), deadline, true);
		if (err)
			return socket_wait_result(err, deadline);
	}
	if (err)
		return err;
	socket_link(s, embryo, &listener);
	wait_wake(&to->readable, LINUX_POLLIN | LINUX_POLLRDNORM);
	wait_wake(&s->writable, LINUX_POLLOUT | LINUX_POLLWRNORM);
	/* Accepted and closed before it was linked: it told us of its end, or will not any more. */
	if (READ_ONCE(embryo->dead))
		shut(s, SHUT_BOTH, 0);
	return 0;
}

static int connect_stream(struct socket *s, struct socket *to, bool nonblock)
{
	struct linux_ucred cred;
	struct socket *embryo;
	int err;

	if (s->state != SOCKET_OPEN)
		return s->state == SOCKET_CONNECTED ? -EISCONN : -EINVAL;
	if (to->type != s->type)
		return -EPROTOTYPE;
	if (!is_listening(to))
		return -ECONNREFUSED;
	embryo = socket_create(s->type);
	if (!embryo)
		return -ENOMEM;
	name_share(embryo, to);
	cred_of_current(&cred);
	socket_link(embryo, s, &cred);
	err = backlog_join(s, to, embryo, nonblock);
	if (err) {
		/* It never was anybody's: take the link back without telling. */
		embryo->peer = NULL;
		socket_put(s);
	}
	socket_put(embryo);
	return err;
}

void socket_disconnect(struct socket *s)
{
	struct socket *old;

	client_remove(s);
	spin_lock(&s->lock);
	old = s->peer;
	s->peer = NULL;
	s->state = SOCKET_OPEN;
	spin_unlock(&s->lock);
	socket_put(old);
}

static int connect_dgram(struct socket *s, struct socket *to)
{
	struct socket *wants;

	if (to->type != s->type)
		return -EPROTOTYPE;
	wants = socket_peer_get(to);
	socket_put(wants);
	if (wants && wants != s)
		return -EPERM;
	socket_disconnect(s);
	socket_link(s, to, &to->own_cred);
	client_add(s, to);
	wait_wake(&s->writable, LINUX_POLLOUT | LINUX_POLLWRNORM);
	return 0;
}

int socket_connect(struct socket *s, struct socket *to, bool nonblock)
{
	int err;

	mutex_lock(&s->setup_lock);
	err = !s->name && s->pass_cred ? name_bind_auto(s) : 0;
	if (!err)
		err = socket_is_dgram(s) ? connect_dgram(s, to) : connect_stream(s, to, nonblock);
	mutex_unlock(&s->setup_lock);
	return err;
}

struct socket *socket_accept(struct socket *s, bool nonblock)
{
	time_ns_t deadline = socket_deadline(s->receive_timeout);
	struct socket *new;
	int err;

	if (socket_is_dgram(s))
		return ERR_PTR(-EOPNOTSUPP);
	for (;;) {
		if (READ_ONCE(s->state) != SOCKET_LISTENING)
			return ERR_PTR(-EINVAL);
		new = backlog_take(s);
		if (new)
			return new;
		if (READ_ONCE(s->shutdown) & SHUT_RECEIVE)
			return ERR_PTR(-EINVAL);
		if (nonblock)
			return ERR_PTR(-EAGAIN);
		err = wait_event(&s->readable, READ_ONCE(s->nr_backlog) || (READ_ONCE(s->shutdown) & SHUT_RECEIVE), deadline, true);
		if (err)
			return ERR_PTR(socket_wait_result(err, deadline));
	}
}

int socket_shutdown(struct socket *s, uint32_t how)
{
	struct socket *peer = socket_is_dgram(s) ? NULL : socket_peer_get(s);
	uint32_t mirrored = (how & SHUT_RECEIVE ? SHUT_SEND : 0) | (how & SHUT_SEND ? SHUT_RECEIVE : 0);

	shut(s, how, 0);
	if (peer)
		shut(peer, mirrored, 0);
	socket_put(peer);
	return 0;
}

static uint32_t poll_write(struct socket *s)
{
	struct socket *peer;
	bool full;

	if (READ_ONCE(s->sent) * 4 > s->send_limit)
		return 0;
	if (!socket_is_dgram(s) || !READ_ONCE(s->peer))
		return LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND;
	peer = socket_peer_get(s);
	full = peer && socket_full(peer);
	socket_put(peer);
	return full ? 0 : LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND;
}

static uint32_t poll_read(struct socket *s)
{
	uint32_t mask;

	if (list_empty(&s->queue))
		return 0;
	spin_lock(&s->lock);
	mask = queue_unread(s) ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
	mask |= s->urgent ? LINUX_POLLPRI : 0;
	spin_unlock(&s->lock);
	return mask;
}

static uint32_t socket_poll(struct file *f, struct poll_table *table)
{
	struct socket *s = f->priv;
	uint32_t mask = 0, shutdown;

	poll_wait(f, &s->readable, table);
	poll_wait(f, &s->writable, table);
	shutdown = READ_ONCE(s->shutdown);
	if (READ_ONCE(s->error))
		mask |= LINUX_POLLERR;
	if (shutdown == SHUT_BOTH)
		mask |= LINUX_POLLHUP;
	if (shutdown & SHUT_RECEIVE)
		mask |= LINUX_POLLRDHUP | LINUX_POLLIN | LINUX_POLLRDNORM;
	if (READ_ONCE(s->nr_backlog))
		mask |= LINUX_POLLIN | LINUX_POLLRDNORM;
	mask |= poll_read(s);
	if (s->state == SOCKET_LISTENING)
		return mask;
	if (!socket_is_dgram(s) && s->state == SOCKET_OPEN)
		mask |= LINUX_POLLHUP;
	return mask | poll_write(s);
}

static ssize_t socket_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct message m = { .it = *to };
	ssize_t n;

	if (!to->left)
		return 0;
	n = socket_receive(f->priv, &m, file_nowait(f, to));
	rights_drop(m.rights);
	name_put(m.from);
	*to = m.it;
	return n;
}

static ssize_t socket_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct message m = { .it = *from };
	ssize_t n;

	cred_of_current(&m.cred);
	n = socket_send(f->priv, &m, file_nowait(f, from));
	*from = m.it;
	return n;
}

const struct file_ops socket_ops = {
	.read = socket_read, .write = socket_write, .poll = socket_poll, .ioctl = socket_ioctl, .release = socket_release,
	.family = &unix_family, .signals = true,
};

static int unix_init(void)
{
	socket_family_register(LINUX_AF_UNIX, &unix_family);
	return 0;
}
INITCALL("2fs", unix_init);
