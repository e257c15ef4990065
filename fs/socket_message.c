// SPDX-License-Identifier: GPL-2.0
/* The system calls that send and receive messages on sockets, and their control messages. */
#include <fs/unix.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>

#define VEC_ON_STACK	8
#define CONTROL_MAX	20480u
#define MESSAGES_MAX	1024u
#define CMSG_ALIGN(n)	ALIGN_UP((uint64_t)(n), 8ull)

/* The one piece of sendto() and recvfrom(). */
static int message_one(struct message *m, struct iovec_k *storage, uint64_t base, uint64_t length, uint32_t flags)
{
	memset(m, 0, sizeof(*m));
	m->flags = flags;
	length = MIN(length, LINUX_RW_MAX);
	if (!user_range_ok(base, length))
		return -EFAULT;
	iter_init_one(&m->it, storage, base, length, false);
	return 0;
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
static int message_to(struct socket *s, struct message *m, uint64_t uaddress, int length)
{
	uint8_t raw[LINUX_SOCKADDR_MAX];

	if (!uaddress || !length)
		return 0;
	if (length < 0 || length > (int)sizeof(raw))
		return -EINVAL;
	if (copy_from_user(raw, uaddress, length))
		return -EFAULT;
	if (!socket_is_dgram(s))
		return s->type == LINUX_SOCK_SEQPACKET ? 0 : s->state == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	return message_address(m, s->type, uaddress, length);
}

static ssize_t message_send(struct file *f, struct message *m)
{
	struct socket *s = f->priv;
	ssize_t n = 0;

	if (s->pass_cred && !s->name) {
		mutex_lock(&s->setup_lock);
		n = s->name ? 0 : name_bind_auto(s);
		mutex_unlock(&s->setup_lock);
	}
	return n ? n : socket_send(s, m, f->flags & LINUX_O_NONBLOCK);
}

SYSCALL(NR_sendto, sendto)
{
	struct iovec_k storage;
	struct message m;
	struct socket *s;
	struct file *f;
	int64_t n = message_one(&m, &storage, args->a[1], args->a[2], args->a[3]);
	int err;

	if (n)
		return n;
	s = socket_of_fd(args->a[0], &f, &err);
	if (!s)
		return err;
	cred_of_current(&m.cred);
	n = message_to(s, &m, args->a[4], args->a[5]);
	if (!n)
		n = message_send(f, &m);
	socket_put(m.to);
	file_put(f);
	return n;
}

SYSCALL(NR_recvfrom, recvfrom)
{
	struct iovec_k storage;
	struct message m;
	struct socket *s;
	struct file *f;
	int64_t n = message_one(&m, &storage, args->a[1], args->a[2], args->a[3]);
	int err;

	if (n)
		return n;
	s = socket_of_fd(args->a[0], &f, &err);
	if (!s)
		return err;
	n = socket_receive(s, &m, f->flags & LINUX_O_NONBLOCK);
	/* A nameless sender has no address at all. */
	if (n >= 0 && args->a[4])
		err = m.from ? address_put(m.from, args->a[4], args->a[5]) : put_user32(args->a[5], 0);
	rights_drop(m.rights);
	name_put(m.from);
	file_put(f);
	return err ? err : n;
}

/* The pieces of a message: on the stack when they are few. */
struct pieces {
	struct iovec_k *vec, few[VEC_ON_STACK];
};

static void pieces_free(struct pieces *p)
{
	if (p->vec != p->few)
		kfree(p->vec);
}

static int pieces_check(const struct iovec_k *vec, uint64_t nr)
{
	uint64_t i, sum = 0;

	for (i = 0; i < nr; i++) {
		if ((int64_t)vec[i].length < 0 || (int64_t)(sum += vec[i].length) < 0)
			return -EINVAL;
		if (!user_range_ok(vec[i].base, MIN(vec[i].length, LINUX_RW_MAX)))
			return -EFAULT;
	}
	return 0;
}

static int pieces_get(struct pieces *p, const struct linux_msghdr *h)
{
	int err;

	p->vec = p->few;
	if (h->iovlen > LINUX_IOV_MAX)
		return -EMSGSIZE;
	if (h->iovlen > VEC_ON_STACK)
		p->vec = kcalloc(h->iovlen, sizeof(*p->vec));
	if (!p->vec)
		return -ENOMEM;
	err = copy_from_user(p->vec, h->iov, h->iovlen * sizeof(*p->vec)) ? -EFAULT : pieces_check(p->vec, h->iovlen);
	if (err)
		pieces_free(p);
	return err;
}

static int header_get(struct linux_msghdr *h, uint64_t uheader)
{
	if (copy_from_user(h, uheader, sizeof(*h)))
		return -EFAULT;
	if (!h->name)
		h->namelen = 0;
	return h->namelen < 0 ? -EINVAL : 0;
}

static int message_control(struct message *m, const struct linux_msghdr *h)
{
	uint8_t *control;
	int err;

	if (!h->control || !h->controllen)
		return 0;
	if (h->controllen > CONTROL_MAX)
		return -ENOBUFS;
	control = kzalloc(h->controllen);
	if (!control)
		return -ENOMEM;
	err = copy_from_user(control, h->control, h->controllen) ? -EFAULT : rights_from_user(m, control, h->controllen);
	kfree(control);
	return err;
}

static int64_t send_header(struct file *f, const struct linux_msghdr *h, uint32_t flags)
{
	struct message m = { .flags = flags };
	struct pieces p;
	int64_t n = pieces_get(&p, h);

	if (n)
		return n;
	iter_init(&m.it, p.vec, h->iovlen, false);
	m.it.left = MIN(m.it.left, LINUX_RW_MAX);
	cred_of_current(&m.cred);
	n = message_control(&m, h);
	if (!n)
		n = message_to(f->priv, &m, h->name, MIN(h->namelen, LINUX_SOCKADDR_MAX));
	if (!n)
		n = message_send(f, &m);
	rights_drop(m.rights);
	socket_put(m.to);
	pieces_free(&p);
	return n;
}

static int64_t do_sendmsg(struct file *f, uint64_t uheader, uint32_t flags)
{
	struct linux_msghdr h;
	int err = header_get(&h, uheader);

	return err ? err : send_header(f, &h, flags);
}

SYSCALL(NR_sendmsg, sendmsg)
{
	struct file *f;
	int err;
	int64_t n;

	if (args->a[2] & LINUX_MSG_CMSG_COMPAT)
		return -EINVAL;
	if (!socket_of_fd(args->a[0], &f, &err))
		return err;
	n = do_sendmsg(f, args->a[1], args->a[2]);
	file_put(f);
	return n;
}

/* Where control messages go, and how much is left there. */
struct control {
	uint64_t at, left;
	bool truncated;
};

static int control_put(struct control *c, int type, const void *data, size_t n)
{
	struct linux_cmsghdr h = { sizeof(h) + n, LINUX_SOL_SOCKET, type };

	if (c->left < sizeof(h)) {
		c->truncated = true;
		return 0;
	}
	if (c->left < h.length) {
		c->truncated = true;
		h.length = c->left;
	}
	if (copy_to_user(c->at, &h, sizeof(h)) || copy_to_user(c->at + sizeof(h), data, h.length - sizeof(h)))
		return -EFAULT;
	n = MIN(c->left, CMSG_ALIGN(h.length));
	c->at += n;
	c->left -= n;
	return 0;
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
	err = i ? control_put(c, LINUX_SCM_RIGHTS, fds, i * sizeof(int)) : 0;
	while (err && i)
		fd_close(current_process->files, fds[--i]);
	return err;
}

static int message_tell(struct socket *s, struct message *m, const struct linux_msghdr *h, uint64_t uheader)
{
	struct control c = { h->control, h->control ? h->controllen : 0, false };
	uint32_t length = m->from ? m->from->length : 0;
	int err = 0;

	if (h->name && m->from && copy_to_user(h->name, &m->from->address, MIN((uint32_t)h->namelen, length)))
		return -EFAULT;
	if (h->name && put_user32(uheader + offsetof(struct linux_msghdr, namelen), length))
		return -EFAULT;
	if (s->pass_cred && m->has_cred)
		err = control_put(&c, LINUX_SCM_CREDENTIALS, &m->cred, sizeof(m->cred));
	if (!err && m->rights)
		err = control_put_rights(&c, m->rights, m->flags & LINUX_MSG_CMSG_CLOEXEC);
	if (err)
		return err;
	m->result_flags |= (c.truncated ? LINUX_MSG_CTRUNC : 0) | (m->flags & LINUX_MSG_CMSG_CLOEXEC);
	if (put_user32(uheader + offsetof(struct linux_msghdr, flags), m->result_flags))
		return -EFAULT;
	return put_user64(uheader + offsetof(struct linux_msghdr, controllen), c.at - h->control) ? -EFAULT : 0;
}

static int64_t do_recvmsg(struct file *f, uint64_t uheader, uint32_t flags)
{
	struct message m = { .flags = flags };
	struct linux_msghdr h;
	struct pieces p;
	int64_t n = header_get(&h, uheader);
	int err;

	if (!n)
		n = pieces_get(&p, &h);
	if (n)
		return n;
	iter_init(&m.it, p.vec, h.iovlen, false);
	m.it.left = MIN(m.it.left, LINUX_RW_MAX);
	n = socket_receive(f->priv, &m, f->flags & LINUX_O_NONBLOCK);
	err = n < 0 ? 0 : message_tell(f->priv, &m, &h, uheader);
	rights_drop(m.rights);
	name_put(m.from);
	pieces_free(&p);
	return err ? err : n;
}

SYSCALL(NR_recvmsg, recvmsg)
{
	struct file *f;
	int err;
	int64_t n;

	if (args->a[2] & LINUX_MSG_CMSG_COMPAT)
		return -EINVAL;
	if (!socket_of_fd(args->a[0], &f, &err))
		return err;
	n = do_recvmsg(f, args->a[1], args->a[2]);
	file_put(f);
	return n;
}

static int64_t message_each(struct file *f, uint64_t uheaders, unsigned int nr, uint32_t flags, bool send, time_ns_t deadline)
{
	unsigned int done = 0;
	uint64_t at;
	int64_t n = 0;

	for (nr = MIN(nr, MESSAGES_MAX); done < nr; done++) {
		at = uheaders + done * sizeof(struct linux_mmsghdr);
		n = send ? do_sendmsg(f, at, flags) : do_recvmsg(f, at, flags & ~LINUX_MSG_WAITFORONE);
		if (n >= 0 && put_user32(at + offsetof(struct linux_mmsghdr, length), n))
			n = -EFAULT;
		if (n < 0)
			break;
		if (flags & LINUX_MSG_WAITFORONE)
			flags |= LINUX_MSG_DONTWAIT;
		if (deadline != TIME_FOREVER && time_now() >= deadline) {
			done++;
			break;
		}
	}
	return done ? done : n;
}

static int64_t message_many(const struct syscall_args *args, bool send, time_ns_t deadline)
{
	struct file *f;
	int64_t n;
	int err;

	if (!socket_of_fd(args->a[0], &f, &err))
		return err;
	n = message_each(f, args->a[1], args->a[2], args->a[3], send, deadline);
	file_put(f);
	return n;
}

SYSCALL(NR_sendmmsg, sendmmsg)
{
	return args->a[3] & LINUX_MSG_CMSG_COMPAT ? -EINVAL : message_many(args, true, TIME_FOREVER);
}

SYSCALL(NR_recvmmsg, recvmmsg)
{
	struct linux_timespec t;
	time_ns_t deadline = TIME_FOREVER;

	if (args->a[3] & LINUX_MSG_CMSG_COMPAT)
		return -EINVAL;
	if (args->a[4]) {
		if (copy_from_user(&t, args->a[4], sizeof(t)))
			return -EFAULT;
		if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= (long)NSEC_PER_SEC)
			return -EINVAL;
		if (t.tv_sec < 1000000000)
			deadline = time_now() + t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
	}
	return message_many(args, false, deadline);
}
