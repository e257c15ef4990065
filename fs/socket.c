// SPDX-License-Identifier: GPL-2.0
/* There are no sockets in this release: every family is unknown, and no descriptor is one. Programs fall back as they do elsewhere. */
#include <fs/file.h>
#include <kernel/process.h>
#include <kernel/syscall.h>

SYSCALL(NR_socket, socket)
{
	return -EAFNOSUPPORT;
}

SYSCALL(NR_socketpair, socketpair)
{
	return -EAFNOSUPPORT;
}

static int64_t not_a_socket(int fd)
{
	struct file *f = fd_get(current_process->files, fd);

	if (!f)
		return -EBADF;
	file_put(f);
	return -ENOTSOCK;
}

#define ON_SOCKET(name) SYSCALL(NR_##name, name) { return not_a_socket(args->a[0]); }
ON_SOCKET(connect)
ON_SOCKET(accept)
ON_SOCKET(accept4)
ON_SOCKET(bind)
ON_SOCKET(listen)
ON_SOCKET(shutdown)
ON_SOCKET(sendto)
ON_SOCKET(recvfrom)
ON_SOCKET(sendmsg)
ON_SOCKET(recvmsg)
ON_SOCKET(sendmmsg)
ON_SOCKET(recvmmsg)
ON_SOCKET(getsockname)
ON_SOCKET(getpeername)
ON_SOCKET(setsockopt)
ON_SOCKET(getsockopt)
