// SPDX-License-Identifier: GPL-2.0
/* Netlink sockets (netlink(7)): which protocols there are, the sockets' life, and who has which port. */
#include <fs/socket_filter.h>
#include <kernel/init.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <mm/slab.h>
#include <uapi/ferry/linux.h>
#include "netlink.h"

#define PORT_LAST	(-4097)		/* of the kernel's choice, as numbers with a sign; those above are no process's and no error's */
#define READY_TO_READ	(LINUX_POLLIN | LINUX_POLLRDNORM)
#define READY_TO_WRITE	(LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND)

static const struct netlink_protocol *protocols[LINUX_NETLINK_PROTOCOLS];
struct mutex netlink_table_lock = MUTEX_INIT(netlink_table_lock, "netlink_table");
struct list netlink_sockets = LIST_INIT(netlink_sockets);

void netlink_protocol_register(unsigned int number, const struct netlink_protocol *p)
{
	protocols[number] = p;
}

const struct netlink_protocol *netlink_protocol_of(unsigned int number)
{
	return number < LINUX_NETLINK_PROTOCOLS ? protocols[number] : NULL;
}

bool netlink_may_hear(const struct netlink_socket *s)
{
	return protocols[s->protocol]->anyone_hears || privileged(LINUX_CAP_NET_ADMIN);
}

bool netlink_may_send(const struct netlink_socket *s)
{
	return protocols[s->protocol]->anyone_sends || privileged(LINUX_CAP_NET_ADMIN);
}

/* ---- Ports ---- */

/* netlink_table_lock held; not counted. */
static struct netlink_socket *port_holder(unsigned int protocol, uint32_t port)
{
	struct netlink_socket *s;

	list_for_each(s, &netlink_sockets, all_link)
		if (port && s->bound && s->port == port && s->protocol == protocol)
			return s;
	return NULL;
}

struct netlink_socket *netlink_socket_find(unsigned int protocol, uint32_t port)
{
	struct netlink_socket *s;

	mutex_lock(&netlink_table_lock);
	s = port_holder(protocol, port);
	if (s)
		ref_get(&s->ref);
	mutex_unlock(&netlink_table_lock);
	return s;
}

/* The process's own number if nobody has it, or one that is no process's. netlink_table_lock held. */
static uint32_t port_choose(unsigned int protocol)
{
	static int32_t next = PORT_LAST;
	uint32_t port = (uint32_t)current_process->own_pid;

	while (port_holder(protocol, port)) {
		if (next > PORT_LAST)
			next = PORT_LAST;
		port = (uint32_t)next;
		next = next == INT32_MIN ? PORT_LAST : next - 1;
	}
	return port;
}

int netlink_port_take(struct netlink_socket *s, uint32_t port)
{
	int err = 0;

	mutex_lock(&netlink_table_lock);
	if (s->bound) {
		err = port == s->port ? 0 : -EINVAL;
	} else if (port && port_holder(s->protocol, port)) {
		err = -EADDRINUSE;
	} else {
		s->port = port ? port : port_choose(s->protocol);
		s->bound = true;
	}
	mutex_unlock(&netlink_table_lock);
	return err;
}

int netlink_port_need(struct netlink_socket *s)
{
	int err = READ_ONCE(s->bound) ? 0 : netlink_port_take(s, 0);

	return READ_ONCE(s->bound) ? 0 : err;	/* another thread may have been first */
}

/* ---- Life ---- */

static struct netlink_socket *socket_alloc(int type, unsigned int protocol)
{
	struct netlink_socket *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	ref_init(&s->ref);
	s->type = (uint8_t)type;
	s->protocol = (uint8_t)protocol;
	s->by_admin = privileged(LINUX_CAP_NET_ADMIN);
	s->send_limit = s->receive_limit = BUFFER_DEFAULT;
	socket_filter_init(&s->filter);
	spin_init(&s->lock, "netlink");
	mutex_init(&s->dump_lock, "netlink_dump");
	list_init(&s->queue);
	wait_queue_init(&s->readable, "netlink_readable");
	wait_queue_init(&s->room, "netlink_room");
	mutex_lock(&netlink_table_lock);
	list_append(&netlink_sockets, &s->all_link);
	mutex_unlock(&netlink_table_lock);
	return s;
}

void netlink_socket_put(struct netlink_socket *s)
{
	if (!s || !ref_put(&s->ref))
		return;
	socket_filter_release(&s->filter);
	kfree(s);
}

static void socket_end(struct netlink_socket *s)
{
	mutex_lock(&netlink_table_lock);
	list_del(&s->all_link);
	mutex_unlock(&netlink_table_lock);
	spin_lock(&s->lock);
	s->dead = true;
	spin_unlock(&s->lock);
	wait_wake(&s->room, 0);
	netlink_dump_end(s);
	netlink_queue_purge(s);
	netlink_socket_put(s);
}

int netlink_create(int type, int protocol, uint32_t flags)
{
	struct netlink_socket *s;
	struct file *f;

	if (type != LINUX_SOCK_RAW && type != LINUX_SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol < 0 || !netlink_protocol_of((unsigned int)protocol))
		return -EPROTONOSUPPORT;
	s = socket_alloc(type, (unsigned int)protocol);
	if (!s)
		return -ENOMEM;
	f = socket_file(&netlink_ops, s, flags, "NETLINK");
	if (!f) {
		socket_end(s);
		return file_alloc_error();
	}
	s->ino = f->inode->ino;
	return socket_install_file(f, flags);
}

static void netlink_release(struct file *f)
{
	socket_end(f->priv);
}

/* ---- The file ---- */

static ssize_t netlink_read(struct file *f, struct iter *to, loff_t *pos)
{
	struct message m = { .it = *to };
	ssize_t n;

	if (!to->left)
		return 0;
	n = netlink_family.receive(f, &m, file_nowait(f, to));
	*to = m.it;
	return n;
}

static ssize_t netlink_write(struct file *f, struct iter *from, loff_t *pos)
{
	struct message m = { .it = *from };
	ssize_t n;

	netlink_family.begin(&m);
	n = netlink_family.send(f, &m, file_nowait(f, from));
	*from = m.it;
	return n;
}

/* What is sent waits in its receiver's queue, so there is always room here. */
static uint32_t netlink_poll(struct file *f, struct poll_table *table)
{
	struct netlink_socket *s = f->priv;
	uint32_t mask = READY_TO_WRITE;

	poll_wait(f, &s->readable, table);
	if (__atomic_load_n(&s->error, __ATOMIC_RELAXED))
		mask |= LINUX_POLLERR;
	return mask | (list_empty(&s->queue) ? 0 : READY_TO_READ);
}

const struct file_ops netlink_ops = {
	.read = netlink_read, .write = netlink_write, .poll = netlink_poll, .ioctl = socket_ioctl_common, .release = netlink_release,
	.family = &netlink_family, .signals = true,
};
