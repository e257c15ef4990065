// SPDX-License-Identifier: GPL-2.0
/* name_to_handle_at and open_by_handle_at on a file system in memory: handles outlive names' changes and are refused when nothing is behind. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "abi.h"

struct handle {
	unsigned int bytes;
	int type;
	unsigned char data[128];
};

static int tell(const char *path, struct handle *h, int *id, int flags)
{
	return syscall(SYS_name_to_handle_at, AT_FDCWD, path, h, id, flags);
}

static int by_handle(int at, struct handle *h, int flags)
{
	return syscall(SYS_open_by_handle_at, at, h, flags);
}

ABI_CASE(a_handle_opens_the_file_whatever_it_is_called)
{
	struct handle h = { .bytes = 128 }, link = { .bytes = 128 };
	char line[512], word[16];
	bool listed = false;
	struct stat a, b;
	int fd, again, id;
	FILE *f;

	if (geteuid())
		return;
	abi_fresh();
	fd = creat("f", 0644);
	CHECK(fd >= 0 && write(fd, "abc", 3) == 3 && !fstat(fd, &a) && !close(fd));
	CHECK(!tell("f", &h, &id, 0) && h.bytes && h.bytes <= 128 && !rename("f", "g"));
	fd = by_handle(AT_FDCWD, &h, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && !fstat(fd, &b) && a.st_ino == b.st_ino && read(fd, line, 8) == 3 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
	f = fopen("/proc/self/mountinfo", "r");
	snprintf(word, sizeof(word), "%d ", id);
	while (f && fgets(line, sizeof(line), f))
		listed |= !strncmp(line, word, strlen(word));
	CHECK(listed && !symlink("g", "l") && !tell("l", &link, &id, 0));
	again = by_handle(fd, &h, O_RDWR);
	CHECK(again >= 0 && !close(again));
	CHECK_ERR(by_handle(fd, &link, O_RDWR), ELOOP);
	link.bytes = 128;
	CHECK(!tell("l", &link, &id, AT_SYMLINK_FOLLOW) && link.bytes == h.bytes && !memcmp(link.data, h.data, h.bytes));
	link.bytes = 128;
	CHECK(!syscall(SYS_name_to_handle_at, fd, "", &link, &id, AT_EMPTY_PATH) && !memcmp(link.data, h.data, h.bytes));
	link.bytes = 128;
	CHECK(!tell(".", &link, &id, 0) && (again = by_handle(fd, &link, O_RDONLY | O_DIRECTORY)) >= 0);
	CHECK(!close(again) && !close(fd) && !unlink("g"));
	CHECK_ERR(by_handle(AT_FDCWD, &h, O_RDONLY), ESTALE);
}

ABI_CASE(handles_say_what_is_wrong)
{
	struct handle h = { .bytes = 0 };
	int fd, id, proc;

	if (geteuid())
		return;
	abi_fresh();
	fd = creat("f", 0600);
	proc = open("/proc", O_RDONLY);
	CHECK(fd >= 0 && proc >= 0);
	CHECK_ERR(tell("f", &h, &id, 0), EOVERFLOW);
	CHECK(h.bytes > 0);
	CHECK_ERR(tell("none", &h, &id, 0), ENOENT);
	CHECK_ERR(tell("", &h, &id, 0), ENOENT);
	CHECK_ERR(tell("f", &h, &id, 1), EINVAL);
	CHECK_ERR(tell("f", BAD, &id, 0), EFAULT);
	CHECK_ERR(tell("f", &h, BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_name_to_handle_at, 99, "f", &h, &id, 0), EBADF);
	CHECK_ERR(syscall(SYS_name_to_handle_at, proc, "version", &h, &id, 0), EOPNOTSUPP);
	h.bytes = 129;
	CHECK_ERR(tell("f", &h, &id, 0), EINVAL);
	CHECK_ERR(by_handle(AT_FDCWD, &h, 0), EINVAL);
	h.bytes = 0;
	CHECK_ERR(by_handle(AT_FDCWD, &h, 0), EINVAL);
	CHECK_ERR(by_handle(AT_FDCWD, BAD, 0), EFAULT);
	h.bytes = 128;
	CHECK(!tell("f", &h, &id, 0));
	CHECK_ERR(by_handle(99, &h, 0), EBADF);
	memset(h.data, 0x5a, sizeof(h.data));
	CHECK_ERR(by_handle(AT_FDCWD, &h, 0), ESTALE);
	CHECK(!setuid(65534));
	CHECK_ERR(by_handle(AT_FDCWD, &h, 0), EPERM);
}
