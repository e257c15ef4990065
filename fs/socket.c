// SPDX-License-Identifier: GPL-2.0
/*
 * The system calls of sockets but for messages and options: they find the socket's family (fs/socket.h), which does the rest. Sockets of
 * all families lie in one file system that nobody sees.
 */
#include <fs/socket.h>
#include <fs/vfs.h>
#include <kernel/init.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <uapi/ferry/linux.h>

static const struct socket_family *families[LINUX_AF_MAX];
static struct super *socket_super;

static int64_t no_interface(uint32_t cmd, uint64_t arg)
{
	return -ENOTTY;
}

int64_t (*socket_interface_ioctl)(uint32_t cmd, uint64_t arg) = no_interface;

int64_t socket_ioctl_common(struct file *f, uint32_t cmd, uint64_t arg)
{
	uint32_t who;

	switch (cmd) {
	case LINUX_FIOSETOWN:
	case LINUX_SIOCSPGRP:
		return get_user32(&who, arg) ? -EFAULT : file_set_owner(f, (int32_t)who);
	case LINUX_FIOGETOWN:
	case LINUX_SIOCGPGRP:
		return put_user32(arg, (uint32_t)file_get_owner(f)) ? -EFAULT : 0;
	}
	return socket_interface_ioctl(cmd, arg);
}

void socket_family_register(unsigned int domain, const struct socket_family *family)
{
	families[domain] = family;
}

struct file *socket_of_fd(int fd, int *err)
{
	struct file *f = fd_get_io(fd);

	*err = !f ? -EBADF : !f->ops->family ? -ENOTSOCK : 0;
	if (f && *err)
		file_put(f);
	return *err ? NULL : f;
}

struct file *socket_file(const struct file_ops *ops, void *priv, uint32_t flags, const char *protocol)
{
	struct inode *inode = inode_create(socket_super, LINUX_S_IFSOCK | 0777, NULL, ops);
	struct file *f = inode ? file_alloc(ops, priv, LINUX_O_RDWR | (flags & LINUX_SOCK_NONBLOCK)) : NULL;

	if (!f) {
		inode_put(inode);
		return NULL;
	}
	inode->priv = (void *)protocol;
	f->inode = inode;
	return f;
}

const char *socket_protocol(const struct inode *inode)
{
	return inode->super == socket_super ? inode->priv : NULL;
}

int socket_install_file(struct file *f, uint32_t flags)
{
	return fd_install_new(f, flags & LINUX_SOCK_CLOEXEC ? LINUX_O_CLOEXEC : 0);
}

/* The family that is to make a socket, or ERR_PTR. */
static const struct socket_family *family_for(int domain, int type)
{
	int kind = type & LINUX_SOCK_TYPE_MASK;

	if (type & ~(LINUX_SOCK_TYPE_MASK | LINUX_SOCK_CLOEXEC | LINUX_SOCK_NONBLOCK))
		return ERR_PTR(-EINVAL);
	if (domain < 0 || domain >= LINUX_AF_MAX)
		return ERR_PTR(-EAFNOSUPPORT);
	if (kind >= LINUX_SOCK_TYPES)
		return ERR_PTR(-EINVAL);
	return families[domain] ? families[domain] : ERR_PTR(-EAFNOSUPPORT);
}

SYSCALL(NR_socket, socket)
{
	const struct socket_family *family = family_for(args->a[0], args->a[1]);
	int type = args->a[1];

	if (IS_ERR(family))
		return PTR_ERR(family);
	return family->create(type & LINUX_SOCK_TYPE_MASK, args->a[2], type & ~LINUX_SOCK_TYPE_MASK);
}

SYSCALL(NR_socketpair, socketpair)
{
	const struct socket_family *family;
	int type = args->a[1], fd[2], err;

	if (type & ~(LINUX_SOCK_TYPE_MASK | LINUX_SOCK_CLOEXEC | LINUX_SOCK_NONBLOCK))
		return -EINVAL;
	/* Linux writes there first. */
	if (copy_from_user(fd, args->a[3], sizeof(fd)) || copy_to_user(args->a[3], fd, sizeof(fd)))
		return -EFAULT;
	family = family_for(args->a[0], type);
	if (IS_ERR(family))
		return PTR_ERR(family);
	if (!family->pair) {	/* Linux makes two before it finds that they cannot be joined */
		err = family->create(type & LINUX_SOCK_TYPE_MASK, args->a[2], 0);
		if (err < 0)
			return err;
		fd_close(current_process->files, err);
		return -EOPNOTSUPP;
	}
	err = family->pair(type & LINUX_SOCK_TYPE_MASK, args->a[2], type & ~LINUX_SOCK_TYPE_MASK, fd);
	if (!err && !copy_to_user(args->a[3], fd, sizeof(fd)))
		return 0;
	if (!err) {
		fd_close(current_process->files, fd[0]);
		fd_close(current_process->files, fd[1]);
	}
	return err ? err : -EFAULT;
}

const struct ring_copy *socket_ring_copy(void)
{
	return current->ring_call ? current->ring_call->copy : NULL;
}

bool socket_nonblock(const struct file *f)
{
	return f->flags & LINUX_O_NONBLOCK || current->ring_call;
}

int socket_address_get(void *to, uint64_t uaddress, int length)
{
	const struct ring_copy *copy = socket_ring_copy();

	if (length < 0 || length > LINUX_SOCKADDR_MAX)
		return -EINVAL;
	if (copy && copy->address_length == (uint32_t)length) {
		memcpy(to, copy->address, length);
		return 0;
	}
	return copy_from_user(to, uaddress, length) ? -EFAULT : 0;
}

int socket_address_put(const void *address, uint32_t length, uint64_t uaddress, uint64_t ulength)
{
	uint32_t space;

	if (get_user32(&space, ulength))
		return -EFAULT;
	if ((int32_t)space < 0)
		return -EINVAL;
	if (copy_to_user(uaddress, address, MIN(space, length)))
		return -EFAULT;
	return put_user32(ulength, length) ? -EFAULT : 0;
}

SYSCALL(NR_bind, bind)
{
	int err;
	struct file *f = socket_of_fd(args->a[0], &err);

	if (!f)
		return err;
	err = f->ops->family->bind(f, args->a[1], args->a[2]);
	file_put(f);
	return err;
}

SYSCALL(NR_listen, listen)
{
	int err;
	struct file *f = socket_of_fd(args->a[0], &err);

	if (!f)
		return err;
	err = f->ops->family->listen(f, args->a[1]);
	file_put(f);
	return err;
}

SYSCALL(NR_connect, connect)
{
	uint8_t raw[LINUX_SOCKADDR_MAX];
	int err, bad;
	struct file *f = socket_of_fd(args->a[0], &err);

	/* Linux looks at the address before it looks whether this is a socket. */
	if (!f && err == -ENOTSOCK) {
		bad = socket_address_get(raw, args->a[1], args->a[2]);
		return bad ? bad : err;
	}
	if (!f)
		return err;
	err = f->ops->family->connect(f, args->a[1], args->a[2]);
	file_put(f);
	return err;
}

static int do_accept(int fd, uint64_t uaddress, uint64_t ulength, int flags)
{
	int err;
	struct file *f = socket_of_fd(fd, &err);

	if ((f || err != -EBADF) && (flags & ~(LINUX_SOCK_CLOEXEC | LINUX_SOCK_NONBLOCK)))
		err = -EINVAL;
	if (f && !err)
		err = f->ops->family->accept(f, uaddress, ulength, flags);
	if (f)
		file_put(f);
	return err;
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
	int err;
	struct file *f = socket_of_fd(args->a[0], &err);

	if (!f)
		return err;
	err = how > LINUX_SHUT_RDWR ? -EINVAL : f->ops->family->shutdown(f, how + 1);
	file_put(f);
	return err;
}

static int do_name(const struct syscall_args *args, bool of_peer)
{
	int err;
	struct file *f = socket_of_fd(args->a[0], &err);

	if (!f)
		return err;
	err = f->ops->family->name(f, of_peer, args->a[1], args->a[2]);
	file_put(f);
	return err;
}

SYSCALL(NR_getsockname, getsockname)
{
	return do_name(args, false);
}

SYSCALL(NR_getpeername, getpeername)
{
	return do_name(args, true);
}

static const struct super_ops socket_super_ops;

static int socket_init(void)
{
	socket_super = super_create("sockfs", &socket_super_ops, LINUX_SOCKFS_MAGIC);
	return socket_super ? proc_create_number("sys/net/core/somaxconn", LINUX_SOMAXCONN) : -ENOMEM;
}
INITCALL("2fs", socket_init);
