// SPDX-License-Identifier: GPL-2.0
/* Extended attributes of files in memory. Linux keeps user. names there from 6.6 on: those cases use a file system that has them. */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include "abi.h"

/* File systems on disks have less room for values than one in memory. */
static bool in_memory(void)
{
	struct statfs s;

	return !statfs(".", &s) && s.f_type == 0x01021994;
}

static int fresh_file(void)
{
	int fd;

	abi_fresh();
	fd = open("f", O_RDWR | O_CREAT, 0644);
	CHECK(fd >= 0);
	return fd;
}

ABI_CASE(attributes_are_kept_with_the_file)
{
	int fd = fresh_file();
	char got[16];

	CHECK(!setxattr("f", "user.a", "12345", 5, 0));
	CHECK(getxattr("f", "user.a", NULL, 0) == 5);
	CHECK(fgetxattr(fd, "user.a", got, sizeof(got)) == 5 && !memcmp(got, "12345", 5));
	CHECK(!link("f", "g") && lgetxattr("g", "user.a", got, sizeof(got)) == 5);
	CHECK(!fsetxattr(fd, "user.a", "", 0, XATTR_REPLACE) && getxattr("f", "user.a", got, sizeof(got)) == 0);
	CHECK(!fremovexattr(fd, "user.a"));
	CHECK_ERR(getxattr("f", "user.a", got, sizeof(got)), ENODATA);
}

ABI_CASE(attributes_are_listed_by_name)
{
	int fd = fresh_file();
	char names[64];
	ssize_t n;

	CHECK(!lsetxattr("f", "user.one", "x", 1, 0) && !setxattr("f", "user.two", "y", 1, 0));
	n = listxattr("f", names, sizeof(names));
	CHECK(n == 18 && llistxattr("f", NULL, 0) == n && flistxattr(fd, names, 18) == n);
	CHECK(memmem(names, 18, "user.one", 9) && memmem(names, 18, "user.two", 9));
	CHECK_ERR(listxattr("f", names, 17), ERANGE);
	CHECK(!lremovexattr("f", "user.one") && !removexattr("f", "user.two") && listxattr("f", names, sizeof(names)) == 0);
}

ABI_CASE(attributes_are_made_or_replaced_as_asked)
{
	fresh_file();
	CHECK_ERR(setxattr("f", "user.a", "1", 1, XATTR_REPLACE), ENODATA);
	CHECK(!setxattr("f", "user.a", "1", 1, XATTR_CREATE));
	CHECK_ERR(setxattr("f", "user.a", "1", 1, XATTR_CREATE), EEXIST);
	CHECK_ERR(setxattr("f", "user.a", "1", 1, 4), EINVAL);
	CHECK_ERR(removexattr("f", "user.b"), ENODATA);
}

ABI_CASE(attributes_have_limits)
{
	char name[300], *value = calloc(1, 65537);

	fresh_file();
	memset(name, 'n', sizeof(name));
	memcpy(name, "user.", 5);
	name[256] = '\0';
	CHECK_ERR(setxattr("f", name, "", 0, 0), ERANGE);
	CHECK_ERR(getxattr("f", "", value, 1), ERANGE);
	name[255] = '\0';
	if (in_memory()) {
		CHECK(!setxattr("f", name, value, 65536, 0) && getxattr("f", name, value, 65537) == 65536);
		CHECK_ERR(getxattr("f", name, value, 65535), ERANGE);
	}
	CHECK_ERR(setxattr("f", "user.b", value, 65537, 0), E2BIG);
	CHECK_ERR(setxattr("f", "user.", "", 0, 0), EINVAL);
	CHECK_ERR(setxattr("f", "nothing.b", "", 0, 0), EOPNOTSUPP);
}

ABI_CASE(attributes_check_addresses_and_files)
{
	int fd = fresh_file(), p[2];

	CHECK(!setxattr("f", "user.a", "123", 3, 0) && !pipe(p));
	CHECK_ERR(setxattr("f", BAD, "1", 1, 0), EFAULT);
	CHECK_ERR(setxattr("f", "user.a", BAD, 1, 0), EFAULT);
	CHECK_ERR(getxattr("f", "user.a", BAD, 3), EFAULT);
	CHECK_ERR(listxattr("f", BAD, 64), EFAULT);
	CHECK_ERR(getxattr("none", "user.a", NULL, 0), ENOENT);
	CHECK_ERR(fgetxattr(99, "user.a", NULL, 0), EBADF);
	CHECK_ERR(fgetxattr(open("f", O_PATH), "user.a", NULL, 0), EBADF);
	CHECK_ERR(fsetxattr(p[0], "user.a", "", 0, 0), EPERM);
	CHECK_ERR(fgetxattr(p[0], "user.a", NULL, 0), ENODATA);
	CHECK_ERR(fremovexattr(p[0], "security.a"), getuid() ? EPERM : EOPNOTSUPP);
	CHECK_ERR(fremovexattr(eventfd(0, 0), "nonsense"), getuid() ? EACCES : EOPNOTSUPP);
	CHECK(fgetxattr(fd, "user.a", NULL, 0) == 3);
}

static void as_nobody(void)
{
	char got[4];

	if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
		_exit(1);
	CHECK_ERR(setxattr("f", "user.a", "1", 1, 0), EACCES);
	CHECK_ERR(setxattr("f", "trusted.a", "1", 1, 0), EPERM);
	CHECK_ERR(setxattr("f", "security.a", "1", 1, 0), EPERM);
	CHECK_ERR(getxattr("f", "trusted.a", got, 4), ENODATA);
	CHECK_ERR(fremovexattr(eventfd(0, 0), "nonsense"), EACCES);
	CHECK_ERR(fremovexattr(eventfd(0, 0), "security.a"), EPERM);
	CHECK(getxattr("f", "user.a", got, 4) == 1 && getxattr("f", "security.a", got, 4) == 1);
	CHECK(listxattr("f", NULL, 0) == sizeof("user.a") + sizeof("security.a"));
	_exit(0);
}

ABI_CASE(attributes_of_the_trusted_are_not_for_others)
{
	pid_t pid;

	if (getuid())
		return;
	fresh_file();
	CHECK(!setxattr("f", "user.a", "1", 1, 0) && !setxattr("f", "trusted.a", "1", 1, 0) && !setxattr("f", "security.a", "1", 1, 0));
	pid = fork();
	if (!pid)
		as_nobody();
	CHECK(!abi_wait(pid));
}

ABI_CASE(attributes_of_users_are_for_files_and_directories)
{
	fresh_file();
	CHECK(!symlink("f", "l") && !mkdir("d", 0755) && !mkfifo("p", 0644));
	CHECK(!setxattr("d", "user.a", "1", 1, 0));
	CHECK_ERR(lsetxattr("l", "user.a", "1", 1, 0), EPERM);
	CHECK_ERR(setxattr("p", "user.a", "1", 1, 0), EPERM);
	CHECK(!setxattr("l", "user.a", "12", 2, 0) && getxattr("f", "user.a", NULL, 0) == 2);
	CHECK_ERR(lgetxattr("l", "user.a", NULL, 0), ENODATA);
}

ABI_CASE(attributes_count_as_use_of_the_file_system)
{
	struct statfs before, during, after;
	char *value = calloc(1, 60000);
	int fd = fresh_file();

	if (!in_memory())
		return;
	CHECK(!statfs(".", &before) && !setxattr("f", "user.a", value, 60000, 0) && !statfs(".", &during));
	CHECK(during.f_bfree + 15 <= before.f_bfree);
	CHECK(!close(fd) && !unlink("f") && !statfs(".", &after) && after.f_bfree >= during.f_bfree + 15);
}

static void expect_protocol(int domain, int type, const char *name)
{
	int fd = socket(domain, type, 0);
	char text[16], path[32];

	CHECK(fd >= 0 && fgetxattr(fd, "system.sockprotoname", text, sizeof(text)) == (ssize_t)strlen(name) + 1 && !strcmp(text, name));
	CHECK(fgetxattr(fd, "system.sockprotoname", NULL, 0) == (ssize_t)strlen(name) + 1);
	CHECK_ERR(fgetxattr(fd, "system.sockprotoname", text, 2), ERANGE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(getxattr(path, "system.sockprotoname", text, sizeof(text)) == (ssize_t)strlen(name) + 1 && !strcmp(text, name));
	close(fd);
}

ABI_CASE(sockets_tell_their_protocol)
{
	char text[16];
	int p[2];

	expect_protocol(AF_UNIX, SOCK_STREAM, "UNIX-STREAM");
	expect_protocol(AF_UNIX, SOCK_DGRAM, "UNIX");
	expect_protocol(AF_INET, SOCK_STREAM, "TCP");
	expect_protocol(AF_INET6, SOCK_DGRAM, "UDPv6");
	expect_protocol(AF_NETLINK, SOCK_RAW, "NETLINK");
	CHECK(!pipe(p));
	CHECK_ERR(fgetxattr(p[0], "system.sockprotoname", text, sizeof(text)), EOPNOTSUPP);
}
