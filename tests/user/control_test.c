// SPDX-License-Identifier: GPL-2.0
/* ioctl(2) of plain files and of random(4), and other small calls on descriptors: what they tell, and what they refuse. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include "abi.h"

/* <linux/fs.h> and <linux/random.h> */
#define FIND_BLOCK_SIZE		2
#define FIND_BYTES		0x5460
#define CLONE_FILE		0x40049409ul
#define ENTROPY_GET		0x80045200ul
#define ENTROPY_COUNT		0x40045201ul
#define ENTROPY_ADD		0x40085203ul

ABI_CASE(files_tell_by_ioctl_what_they_are)
{
	long long size = -1;
	int fd, n = 0, from;

	abi_fresh();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	from = open("g", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && from >= 0 && write(fd, "abcdef", 6) == 6);
	CHECK(!ioctl(fd, FIND_BLOCK_SIZE, &n) && n == 4096);
	CHECK(!ioctl(fd, FIND_BYTES, &size) && size >= 4096);
	CHECK_ERR(ioctl(fd, CLONE_FILE, from), EOPNOTSUPP);
	CHECK_ERR(ioctl(fd, CLONE_FILE, -1), EBADF);
	CHECK_ERR(ioctl(fd, 0x5401, &n), ENOTTY);
}

ABI_CASE(random_devices_tell_what_they_have_and_take_more)
{
	struct {
		int bits, size;
		char bytes[8];
	} more = { 64, 8, "abcdefg" };
	int fd = open("/dev/urandom", O_RDONLY), n = 0;
	char text[16];
	pid_t pid;

	CHECK(!ioctl(fd, ENTROPY_GET, &n) && n == atoi(abi_read("/proc/sys/kernel/random/entropy_avail", text, sizeof(text))));
	CHECK(!ioctl(fd, ENTROPY_ADD, &more) && !ioctl(fd, ENTROPY_COUNT, &n));
	more.size = -1;
	CHECK_ERR(ioctl(fd, ENTROPY_ADD, &more), EFAULT);
	more.size = 8;
	more.bits = -1;
	CHECK_ERR(ioctl(fd, ENTROPY_ADD, &more), EINVAL);
	CHECK_ERR(ioctl(fd, ENTROPY_ADD, BAD), EFAULT);
	CHECK_ERR(ioctl(fd, 0x5201, &n), EINVAL);
	pid = fork();
	if (!pid) {
		CHECK(!setuid(65534) && !ioctl(fd, ENTROPY_GET, &n));
		CHECK_ERR(ioctl(fd, ENTROPY_ADD, &more), EPERM);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(what_has_no_position_says_that_it_is_0)
{
	int fds[] = { eventfd(5, 0), timerfd_create(CLOCK_MONOTONIC, 0), inotify_init(), epoll_create1(0), -1 }, p[2];
	uint64_t count;
	sigset_t none;

	sigemptyset(&none);
	fds[4] = signalfd(-1, &none, 0);
	for (unsigned int i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		CHECK(fds[i] >= 0 && lseek(fds[i], 0, SEEK_CUR) == 0 && lseek(fds[i], 5, SEEK_SET) == 0 && lseek(fds[i], 1, SEEK_END) == 0);
		CHECK_ERR(lseek(fds[i], 0, 9), EINVAL);
	}
	CHECK(read(fds[0], &count, 8) == 8 && count == 5 && !pipe(p));
	CHECK_ERR(lseek(p[0], 0, SEEK_CUR), ESPIPE);
}

ABI_CASE(nobody_gets_more_descriptors_than_nr_open)
{
	struct rlimit limit;
	int fd;

	if (geteuid())
		return;
	fd = open("/proc/sys/fs/nr_open", O_RDWR);
	CHECK(fd >= 0 && write(fd, "1024", 4) == 4);
	limit = (struct rlimit){ 1025, 1025 };
	errno = 0;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == -1 || pwrite(fd, "1048576", 7, 0) < 0);
	CHECK(errno == EPERM && pwrite(fd, "1048576", 7, 0) == 7 && !setrlimit(RLIMIT_NOFILE, &limit));
	CHECK_ERR(write(fd, "63", 2), EINVAL);
}

ABI_CASE(fallocate_refuses_what_does_not_go_together)
{
	int fd;

	abi_fresh();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK_ERR(fallocate(fd, 3 | 8, 0, 4096), EINVAL);
	CHECK_ERR(fallocate(fd, 8, 0, 4096), EOPNOTSUPP);
	CHECK_ERR(fallocate(fd, 2, 0, 4096), EOPNOTSUPP);
	CHECK(!fallocate(fd, 0, 0, 4096) && !fallocate(fd, 3, 0, 4096));
}
