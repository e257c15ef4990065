// SPDX-License-Identifier: GPL-2.0
/* The system calls of sockets but for messages: what they were given is checked and copied here. The only family is AF_UNIX. */
#include <fs/unix.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <uapi/ferry/linux.h>

struct socket *socket_of_fd(int fd, struct file **f, int *err)
{
	*f = fd_get_io(fd);
	*err = !*f ? -EBADF : (*f)->ops != &socket_ops ? -ENOTSOCK : 0;
	if (*f && *err)
		file_put(*f);
	return *err ? NULL : (*f)->priv;
}

static int type_check(int family, int type, int protocol)
{
	int kind = type & LINUX_SOCK_TYPE_MASK;

	if (type & ~(LINUX_SOCK_TYPE_MASK | LINUX_SOCK_CLOEXEC | LINUX_SOCK_NONBLOCK))
		return -EINVAL;
	if (family >= 0 && family < LINUX_AF_MAX && kind >= LINUX_SOCK_TYPES)
		return -EINVAL;
	if (family != LINUX_AF_UNIX)
		return -EAFNOSUPPORT;
	if (protocol && protocol != LINUX_AF_UNIX)
		return -EPROTONOSUPPORT;
	if (kind == LINUX_SOCK_RAW)
		return LINUX_SOCK_DGRAM;
	return kind == LINUX_SOCK_STREAM || kind == LINUX_SOCK_DGRAM || kind == LINUX_SOCK_SEQPACKET ? kind : -ESOCKTNOSUPPORT;
}

SYSCALL(NR_socket, socket)
{
	int type = type_check(args->a[0], args->a[1], args->a[2]);
	struct socket *s;

	if (type < 0)
		return type;
	s = socket_create(type);
	return s ? socket_install(s, args->a[1]) : -ENOMEM;
}

SYSCALL(NR_socketpair, socketpair)
{
	int type, fd[2];
	struct socket *a, *b;

	if ((int)args->a[1] & ~(LINUX_SOCK_TYPE_MASK | LINUX_SOCK_CLOEXEC | LINUX_SOCK_NONBLOCK))
		return -EINVAL;
	/* Linux writes there first. */
	if (copy_from_user(fd, args->a[3], sizeof(fd)) || copy_to_user(args->a[3], fd, sizeof(fd)))
		return -EFAULT;
	type = type_check(args->a[0], args->a[1], args->a[2]);
	if (type < 0)
		return type;
	a = socket_create(type);
	b = a ? socket_create(type) : NULL;
	if (!b) {
		socket_put(a);
		return -ENOMEM;
	}
	socket_pair(a, b);
	fd[0] = socket_install(a, args->a[1]);
	fd[1] = socket_install(b, args->a[1]);
	if (fd[0] >= 0 && fd[1] >= 0 && !copy_to_user(args->a[3], fd, sizeof(fd)))
		return 0;
	if (fd[0] >= 0)
		fd_close(current_process->files, fd[0]);
	if (fd[1] >= 0)
		fd_close(current_process->files, fd[1]);
	return fd[0] < 0 ? fd[0] : fd[1] < 0 ? fd[1] : -EFAULT;
}

/* A path loses what follows its terminator and gets one; the length that getsockname() tells, or -errno. */
static int address_from_user(struct linux_sockaddr_un *a, uint64_t uaddress, int length)
{
	uint8_t raw[LINUX_SOCKADDR_MAX];

	if (length < 0 || length > (int)sizeof(raw))
		return -EINVAL;
	if (copy_from_user(raw, uaddress, length))
		return -EFAULT;
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

int address_get(struct address *a, uint64_t uaddress, int length)
{
	int n = address_from_user(&a->un, uaddress, length);

	a->terminator = 0;
	return n < 0 ? n : address_check(&a->un, n);
}

int address_put(const struct unix_name *n, uint64_t uaddress, uint64_t ulength)
{
	static const uint16_t nameless = LINUX_AF_UNIX;
	uint32_t space, length = n ? (uint32_t)n->length : sizeof(nameless);

	if (get_user32(&space, ulength))
		return -EFAULT;
	if ((int32_t)space < 0)
		return -EINVAL;
	if (copy_to_user(uaddress, n ? (const void *)&n->address : &nameless, MIN(space, length)))
		return -EFAULT;
	return put_user32(ulength, length) ? -EFAULT : 0;
}

SYSCALL(NR_bind, bind)
{
	struct address a;
	struct file *f;
	int n, err;
	struct socket *s = socket_of_fd(args->a[0], &f, &err);

	if (!s)
		return err;
	n = address_get(&a, args->a[1], args->a[2]);
	err = n < 0 ? n : name_bind(s, &a.un, n);
	file_put(f);
	return err;
}

SYSCALL(NR_listen, listen)
{
	struct file *f;
	int err;
	struct socket *s = socket_of_fd(args->a[0], &f, &err);

	if (!s)
		return err;
	err = socket_listen(s, args->a[1]);
	file_put(f);
	return err;
}

static int do_connect(struct socket *s, uint64_t uaddress, int length, bool nonblock)
{
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
	err = socket_connect(s, to, nonblock);
	socket_put(to);
	return err;
}

SYSCALL(NR_connect, connect)
{
	struct file *f;
	int err;
	struct socket *s = socket_of_fd(args->a[0], &f, &err);
	struct linux_sockaddr_un first;

	/* Linux looks at the address before it looks whether this is a socket. */
	if (!s && err == -ENOTSOCK) {
		int n = address_from_user(&first, args->a[1], args->a[2]);

		return n < 0 ? n : err;
	}
	if (!s)
		return err;
	err = do_connect(s, args->a[1], args->a[2], f->flags & LINUX_O_NONBLOCK);
	file_put(f);
	return err;
}

static int do_accept(int fd, uint64_t uaddress, uint64_t ulength, int flags)
{
	struct unix_name *name;
	struct socket *s, *new;
	struct file *f;
	int err, new_fd;

	s = socket_of_fd(fd, &f, &err);
	if ((s || err != -EBADF) && (flags & ~(LINUX_SOCK_CLOEXEC | LINUX_SOCK_NONBLOCK))) {
		if (s)
			file_put(f);
		return -EINVAL;
	}
	if (!s)
		return err;
	new = socket_accept(s, f->flags & LINUX_O_NONBLOCK);
	file_put(f);
	if (IS_ERR(new))
		return PTR_ERR(new);
	s = socket_peer_get(new);
	name = s ? name_get(s) : NULL;
	socket_put(s);
	new_fd = socket_install(new, flags);
	err = new_fd >= 0 && uaddress ? address_put(name, uaddress, ulength) : 0;
	name_put(name);
	if (err)
		fd_close(current_process->files, new_fd);
	return err ? err : new_fd;
}

SYSCALL(NR_accept, accept)
{
	return do_accept(args->a[0], args->a[1], args->a[2], 0);
}

SYSCALL(NR_accept4, accept4)
{
	return do_accept(args->a[0], args->a[1], args->a[2], args->a[3]);
}

SYSCALL(NR_shutdown, shutdown)
{
	uint32_t how = args->a[1];
	struct file *f;
	int err;
	struct socket *s = socket_of_fd(args->a[0], &f, &err);

	if (!s)
		return err;
	err = how > LINUX_SHUT_RDWR ? -EINVAL : socket_shutdown(s, how + 1);
	file_put(f);
	return err;
}

SYSCALL(NR_getsockname, getsockname)
{
	struct unix_name *n;
	struct file *f;
	int err;
	struct socket *s = socket_of_fd(args->a[0], &f, &err);

	if (!s)
		return err;
	n = name_get(s);
	err = address_put(n, args->a[1], args->a[2]);
	name_put(n);
	file_put(f);
	return err;
}

SYSCALL(NR_getpeername, getpeername)
{
	struct socket *peer;
	struct unix_name *n;
	struct file *f;
	int err;
	struct socket *s = socket_of_fd(args->a[0], &f, &err);

	if (!s)
		return err;
	peer = socket_peer_get(s);
	n = peer ? name_get(peer) : NULL;
	err = peer ? address_put(n, args->a[1], args->a[2]) : -ENOTCONN;
	name_put(n);
	socket_put(peer);
	file_put(f);
	return err;
}

SYSCALL(NR_setsockopt, setsockopt)
{
	struct file *f;
	int err;
	struct socket *s;

	if ((int)args->a[4] < 0)
		return -EINVAL;
	s = socket_of_fd(args->a[0], &f, &err);
	if (!s)
		return err;
	err = (int)args->a[1] != LINUX_SOL_SOCKET ? -EOPNOTSUPP : socket_set_option(s, args->a[2], args->a[3], args->a[4]);
	file_put(f);
	return err;
}

SYSCALL(NR_getsockopt, getsockopt)
{
	struct file *f;
	int err;
	struct socket *s = socket_of_fd(args->a[0], &f, &err);

	if (!s)
		return err;
	err = (int)args->a[1] != LINUX_SOL_SOCKET ? -EOPNOTSUPP : socket_get_option(s, args->a[2], args->a[3], args->a[4]);
	file_put(f);
	return err;
}
