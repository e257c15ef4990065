// SPDX-License-Identifier: GPL-2.0
/* ioctl(2) of plain files and of random(4): what they tell, and what they refuse. */
#include <fcntl.h>
#include <sys/ioctl.h>
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
