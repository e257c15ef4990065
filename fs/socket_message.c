// SPDX-License-Identifier: GPL-2.0
/* The system calls that send and receive messages on sockets, and their control messages. */
#include <fs/socket.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <kernel/user_ns.h>
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

static int message_receiver(struct file *f, struct message *m, uint64_t uaddress, int length)
{
	return uaddress && length ? f->ops->family->receiver(f, m, uaddress, length) : 0;
}

static void message_begin(const struct socket_family *family, struct message *m)
{
	if (family->begin)
		family->begin(m);
}

static void message_end(const struct socket_family *family, struct message *m)
{
	if (family->end)
		family->end(m);
}

SYSCALL(NR_sendto, sendto)
{
	const struct socket_family *family;
	struct iovec_k storage;
	struct message m;
	struct file *f;
	int64_t n = message_one(&m, &storage, args->a[1], args->a[2], args->a[3]);
	int err;

	if (n)
		return n;
	f = socket_of_fd(args->a[0], &err);
	if (!f)
		return err;
	family = f->ops->family;
	message_begin(family, &m);
	n = message_receiver(f, &m, args->a[4], args->a[5]);
	if (!n)
		n = family->send(f, &m, f->flags & LINUX_O_NONBLOCK);
	message_end(family, &m);
	file_put(f);
	return n;
}

SYSCALL(NR_recvfrom, recvfrom)
{
	const struct socket_family *family;
	struct iovec_k storage;
	const void *sender;
	struct message m;
	uint32_t length;
	struct file *f;
	int64_t n = message_one(&m, &storage, args->a[1], args->a[2], args->a[3]);
	int err;

	if (n)
		return n;
	f = socket_of_fd(args->a[0], &err);
	if (!f)
		return err;
	family = f->ops->family;
	n = family->receive(f, &m, f->flags & LINUX_O_NONBLOCK);
	/* A nameless sender has no address at all. */
	if (n >= 0 && args->a[4]) {
		sender = family->sender(&m, &length);
		err = sender ? socket_address_put(sender, length, args->a[4], args->a[5]) : put_user32(args->a[5], 0);
	}
	message_end(family, &m);
	file_put(f);
	return err ? err : n;
}

/* The pieces of a message: on the stack when they are few. */
struct pieces {
	const struct iovec_k *vec;
	struct iovec_k *many, few[VEC_ON_STACK];
};

static void pieces_free(struct pieces *p)
{
	kfree(p->many);
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
	const struct ring_copy *copy = socket_ring_copy();
	struct iovec_k *to = p->few;
	int err = 0;

	p->many = NULL;
	if (h->iovlen > LINUX_IOV_MAX)
		return -EMSGSIZE;
	if (h->iovlen > VEC_ON_STACK && !copy)
		to = p->many = kcalloc(h->iovlen, sizeof(*to));
	if (!to)
		return -ENOMEM;
	p->vec = copy ? copy->vec : to;
	if (!copy && copy_from_user(to, h->iov, h->iovlen * sizeof(*to)))
		err = -EFAULT;
	if (!err)
		err = pieces_check(p->vec, h->iovlen);
	if (err)
		pieces_free(p);
	return err;
}

static int header_get(struct linux_msghdr *h, uint64_t uheader)
{
	const struct ring_copy *copy = socket_ring_copy();

	if (copy)
		*h = copy->header;
	else if (copy_from_user(h, uheader, sizeof(*h)))
		return -EFAULT;
	if (!h->name)
		h->namelen = 0;
	return h->namelen < 0 ? -EINVAL : 0;
}

static bool id_is_own(unsigned int cap, uint32_t id, uint32_t real, uint32_t effective, uint32_t saved)
{
	return id == real || id == effective || id == saved || privileged_here(cap);
}

int socket_cred_get(struct linux_ucred *to, const uint8_t *data, uint64_t n)
{
	const struct credentials *me = &current->cred;
	struct linux_ucred c;

	if (n != sizeof(c))
		return -EINVAL;
	memcpy(&c, data, sizeof(c));
	if (c.pid != current_process->own_pid && !privileged_in(pid_ns_current() ? pid_ns_current()->ns.owner : NULL, LINUX_CAP_SYS_ADMIN))
		return -EPERM;
	c.pid = pid_meant(c.pid);
	if (c.pid == PID_NONE)
		return -ESRCH;
	c.uid = uid_meant(c.uid);
	c.gid = gid_meant(c.gid);
	if (c.uid == ID_NONE || c.gid == ID_NONE)
		return -EINVAL;
	if (!id_is_own(LINUX_CAP_SETUID, c.uid, me->uid, me->euid, me->suid) || !id_is_own(LINUX_CAP_SETGID, c.gid, me->gid, me->egid, me->sgid))
		return -EPERM;
	*to = c;
	return 0;
}

int socket_control_each(struct message *m, const uint8_t *control, size_t n,
			int (*parse)(struct message *m, const struct linux_cmsghdr *h, const uint8_t *data))
{
	struct linux_cmsghdr h;
	size_t at = 0;
	int err = 0;

	while (!err && n - at >= sizeof(h)) {
		memcpy(&h, control + at, sizeof(h));
		if (h.length < sizeof(h) || h.length > n - at)
			return -EINVAL;
		err = parse(m, &h, control + at + sizeof(h));
		at = MIN(n, at + CMSG_ALIGN(h.length));
	}
	return err;
}

static int message_control(const struct socket_family *family, struct message *m, const struct linux_msghdr *h)
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
	err = copy_from_user(control, h->control, h->controllen) ? -EFAULT : family->control_in(m, control, h->controllen);
	kfree(control);
	return err;
}

static int64_t send_header(struct file *f, const struct linux_msghdr *h, uint32_t flags)
{
	const struct socket_family *family = f->ops->family;
	struct message m = { .flags = flags };
	struct pieces p;
	int64_t n = pieces_get(&p, h);

	if (n)
		return n;
	iter_init(&m.it, p.vec, h->iovlen, false);
	m.it.left = MIN(m.it.left, LINUX_RW_MAX);
	message_begin(family, &m);
	n = message_control(family, &m, h);
	if (!n)
		n = message_receiver(f, &m, h->name, MIN(h->namelen, LINUX_SOCKADDR_MAX));
	if (!n)
		n = family->send(f, &m, f->flags & LINUX_O_NONBLOCK);
	message_end(family, &m);
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
	f = socket_of_fd(args->a[0], &err);
	if (!f)
		return err;
	n = do_sendmsg(f, args->a[1], args->a[2]);
	file_put(f);
	return n;
}

int socket_control_put(struct control *c, int level, int type, const void *data, size_t n)
{
	struct linux_cmsghdr h = { sizeof(h) + n, level, type };

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

static int message_tell(struct file *f, struct message *m, const struct linux_msghdr *h, uint64_t uheader)
{
	struct control c = { h->control, h->control ? h->controllen : 0, false };
	uint32_t length;
	const void *sender = f->ops->family->sender(m, &length);
	int err;

	if (h->name && sender && copy_to_user(h->name, sender, MIN((uint32_t)h->namelen, length)))
		return -EFAULT;
	if (h->name && put_user32(uheader + offsetof(struct linux_msghdr, namelen), length))
		return -EFAULT;
	err = f->ops->family->control_out(f, m, &c);
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
	n = f->ops->family->receive(f, &m, f->flags & LINUX_O_NONBLOCK);
	err = n < 0 ? 0 : message_tell(f, &m, &h, uheader);
	message_end(f->ops->family, &m);
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
	f = socket_of_fd(args->a[0], &err);
	if (!f)
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

	f = socket_of_fd(args->a[0], &err);
	if (!f)
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
