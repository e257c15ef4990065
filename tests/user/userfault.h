/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of userfaultfd(2) share: contexts, watched memory, and a thread that answers. */
#ifndef TESTS_USER_USERFAULT_H
#define TESTS_USER_USERFAULT_H

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <uapi/ferry/linux_userfault.h>
#include "abi.h"

#define PAGE	4096ul
#define MISSING	LINUX_UFFD_MODE_MISSING
#define WP	LINUX_UFFD_MODE_WP
#define MINOR	LINUX_UFFD_MODE_MINOR

/* A context that @features were agreed on for; @flags as userfaultfd(2) has them, and nonblocking. */
static inline int uffd_open(int flags, uint64_t features)
{
	struct linux_uffdio_api api = { .api = LINUX_UFFD_API, .features = features };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | flags);

	CHECK(fd >= 0 && ioctl(fd, LINUX_UFFDIO_API, &api) == 0);
	return fd;
}

static inline char *uffd_memory(uint64_t pages)
{
	char *m = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(m != MAP_FAILED);
	return m;
}

static inline int uffd_register(int fd, void *at, uint64_t pages, uint64_t mode)
{
	struct linux_uffdio_register r = { .range = { (uint64_t)at, pages * PAGE }, .mode = mode };

	return ioctl(fd, LINUX_UFFDIO_REGISTER, &r);
}

static inline int uffd_unregister(int fd, void *at, uint64_t pages)
{
	struct linux_uffdio_range r = { (uint64_t)at, pages * PAGE };

	return ioctl(fd, LINUX_UFFDIO_UNREGISTER, &r);
}

static inline int uffd_wake(int fd, void *at, uint64_t pages)
{
	struct linux_uffdio_range r = { (uint64_t)at, pages * PAGE };

	return ioctl(fd, LINUX_UFFDIO_WAKE, &r);
}

/* The bytes that came in, or -errno. */
static inline int64_t uffd_copy(int fd, void *to, const void *from, uint64_t pages, uint64_t mode)
{
	struct linux_uffdio_copy c = { .dst = (uint64_t)to, .src = (uint64_t)from, .len = pages * PAGE, .mode = mode };
	int r = ioctl(fd, LINUX_UFFDIO_COPY, &c), err = errno;

	CHECK((r == 0) == (c.copy == (int64_t)(pages * PAGE)) || c.copy == 0);
	return r == 0 ? c.copy : c.copy > 0 ? c.copy : -err;
}

static inline int64_t uffd_zero(int fd, void *at, uint64_t pages)
{
	struct linux_uffdio_fill z = { .range = { (uint64_t)at, pages * PAGE } };
	int r = ioctl(fd, LINUX_UFFDIO_ZEROPAGE, &z);

	return r == 0 || z.filled > 0 ? z.filled : -errno;
}

static inline int64_t uffd_continue(int fd, void *at, uint64_t pages)
{
	struct linux_uffdio_fill c = { .range = { (uint64_t)at, pages * PAGE } };
	int r = ioctl(fd, LINUX_UFFDIO_CONTINUE, &c);

	return r == 0 || c.filled > 0 ? c.filled : -errno;
}

static inline int uffd_protect(int fd, void *at, uint64_t pages, bool on)
{
	struct linux_uffdio_writeprotect w = { .range = { (uint64_t)at, pages * PAGE }, .mode = on ? LINUX_UFFD_PROTECT : 0 };

	return ioctl(fd, LINUX_UFFDIO_WRITEPROTECT, &w);
}

/* The next message, when it is there. */
static inline struct linux_uffd_msg uffd_next(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct linux_uffd_msg m;

	CHECK(poll(&p, 1, 10000) == 1 && p.revents == POLLIN);
	CHECK(read(fd, &m, sizeof(m)) == sizeof(m));
	return m;
}

/* The same, of a fault. Its page's address. */
static inline char *uffd_fault(int fd, uint64_t flags)
{
	struct linux_uffd_msg m = uffd_next(fd);

	CHECK(m.event == LINUX_UFFD_EVENT_PAGEFAULT && m.arg.pagefault.flags == flags);
	return (char *)(m.arg.pagefault.address & ~(PAGE - 1));
}

static inline bool uffd_is_silent(int fd)
{
	struct linux_uffd_msg m;

	return read(fd, &m, sizeof(m)) == -1 && errno == EAGAIN;
}

#endif
