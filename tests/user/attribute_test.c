// SPDX-License-Identifier: GPL-2.0
/* Attributes of files that chattr(1) sets, on a tmpfs (Linux has them there from 6.0 on), and what they forbid. Root's cases: others skip them. */
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include "caps.h"

#define GETFLAGS	0x80086601u
#define SETFLAGS	0x40086602u
#define FSGETXATTR	0x801c581fu
#define FSSETXATTR	0x401c5820u
#define IMMUTABLE	0x10u
#define APPEND		0x20u
#define NODUMP		0x40u
#define NOATIME		0x80u
#define FL_PROJINHERIT	0x20000000u
#define CAP_LINUX_IMMUTABLE	9
#define NOBODY		1000

struct fsxattr {
	uint32_t xflags, extsize, nextents, projid, cowextsize;
	uint8_t pad[8];
};

/* A tmpfs of one's own to work in; false: nobody may have one. */
static bool fresh_tmpfs(void)
{
	abi_fresh();
	if (geteuid() || unshare(CLONE_NEWNS)) {
		printf("# not checked\n");
		return false;
	}
	CHECK(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && !mkdir("m", 0777) && !mount("none", "m", "tmpfs", 0, NULL) && !chdir("m"));
	return true;
}

static int fresh_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT, 0666);

	CHECK(fd >= 0 && write(fd, "abc", 3) == 3);
	return fd;
}

static int set_on(int fd, uint32_t flags)
{
	return ioctl(fd, SETFLAGS, &flags);
}

static int set(const char *name, uint32_t flags)
{
	int fd = open(name, O_RDONLY), err = set_on(fd, flags);

	CHECK(!close(fd));
	return err;
}

static uint32_t get(const char *name)
{
	uint32_t flags = ~0u;
	int fd = open(name, O_RDONLY);

	CHECK(!ioctl(fd, GETFLAGS, &flags) && !close(fd));
	return flags;
}

ABI_CASE(attribute_flags_are_kept_and_others_refused)
{
	uint32_t flags[2] = { 0, 0x55555555 };
	int fd, dir, p[2];

	if (!fresh_tmpfs())
		return;
	fd = fresh_file("f");
	CHECK(!set_on(fd, NODUMP | NOATIME) && !ioctl(fd, GETFLAGS, flags) && flags[0] == (NODUMP | NOATIME) && flags[1] == 0x55555555);
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (!(0xf0u & 1u << bit))
			CHECK_ERR(set_on(fd, 1u << bit), EOPNOTSUPP);
	}
	CHECK(get("f") == (NODUMP | NOATIME) && !set_on(fd, 0) && !get("f"));
	dir = open(".", O_RDONLY);
	CHECK(!set_on(dir, IMMUTABLE | APPEND | NODUMP | NOATIME) && get(".") == 0xf0 && !set_on(dir, 0));
	CHECK_ERR(ioctl(fd, SETFLAGS, BAD), EFAULT);
	CHECK_ERR(ioctl(fd, GETFLAGS, BAD), EFAULT);
	CHECK_ERR(set_on(open("f", O_PATH), 0), EBADF);
	CHECK(!mkfifo("fifo", 0600) && !pipe(p));
	CHECK_ERR(set_on(open("fifo", O_RDWR), NODUMP), ENOTTY);
	CHECK_ERR(set_on(p[0], NODUMP), ENOTTY);
	CHECK_ERR(ioctl(p[0], GETFLAGS, flags), ENOTTY);
	CHECK_ERR(ioctl(open("/proc/self/stat", O_RDONLY), GETFLAGS, flags), ENOTTY);
	fd = memfd_create("m", 0);
	CHECK(!set_on(fd, NOATIME) && !ioctl(fd, GETFLAGS, flags) && flags[0] == NOATIME);
}

ABI_CASE(attributes_have_an_extended_form)
{
	struct fsxattr x = { .xflags = ~0u, .projid = 7, .pad = { 1 } };
	int fd, dir;

	if (!fresh_tmpfs())
		return;
	fd = fresh_file("f");
	dir = open(".", O_RDONLY);
	CHECK(!set_on(fd, IMMUTABLE | APPEND | NODUMP | NOATIME) && !ioctl(fd, FSGETXATTR, &x));
	CHECK(x.xflags == 0xd8 && !x.extsize && !x.nextents && !x.projid && !x.cowextsize && !x.pad[0]);
	CHECK(!ioctl(fd, FSSETXATTR, &(struct fsxattr){ .xflags = 0x80, .nextents = 5 }) && get("f") == NODUMP);
	CHECK(!ioctl(fd, FSSETXATTR, &(struct fsxattr){ .xflags = 0x10800 }) && !get("f"));	/* sizes of 0 */
	CHECK_ERR(ioctl(fd, FSSETXATTR, &(struct fsxattr){ .xflags = 0x800, .extsize = 4096 }), EOPNOTSUPP);
	CHECK_ERR(ioctl(fd, FSSETXATTR, &(struct fsxattr){ .xflags = 0x1000 }), EINVAL);
	CHECK_ERR(ioctl(dir, FSSETXATTR, &(struct fsxattr){ .xflags = 0x800 }), EINVAL);
	CHECK_ERR(ioctl(fd, FSSETXATTR, &(struct fsxattr){ .projid = 1 }), EOPNOTSUPP);
	CHECK_ERR(ioctl(fd, FSSETXATTR, &(struct fsxattr){ .projid = ~0u }), EINVAL);
	CHECK_ERR(ioctl(fd, FSSETXATTR, &(struct fsxattr){ .cowextsize = 1 }), EOPNOTSUPP);
	CHECK_ERR(ioctl(fd, FSSETXATTR, &(struct fsxattr){ .xflags = 0x20 }), EOPNOTSUPP);
	CHECK_ERR(ioctl(fd, FSSETXATTR, &(struct fsxattr){ .xflags = 0x200 }), EOPNOTSUPP);
	CHECK_ERR(ioctl(fd, FSSETXATTR, &(struct fsxattr){ .xflags = 1 }), EOPNOTSUPP);
	CHECK_ERR(ioctl(fd, FSSETXATTR, BAD), EFAULT);
	CHECK_ERR(ioctl(fd, FSGETXATTR, BAD), EFAULT);
}

static int in_child(void (*run)(int fd), int fd)
{
	pid_t pid = fork();

	if (!pid) {
		run(fd);
		_exit(0);
	}
	return abi_wait(pid);
}

static void become(uid_t uid)
{
	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		_exit(1);
}

static void without_privilege(int fd)
{
	uint64_t caps = caps_of(0, 'e') & ~(1ull << CAP_LINUX_IMMUTABLE);

	CHECK(!caps_become(caps, caps, 0) && !set_on(fd, NODUMP));
	CHECK_ERR(set_on(fd, NODUMP | IMMUTABLE), EPERM);
	CHECK_ERR(set_on(fd, APPEND), EPERM);
	CHECK_ERR(set_on(fd, APPEND | 1), EPERM);
	CHECK_ERR(ioctl(fd, FSSETXATTR, &(struct fsxattr){ .xflags = 8 }), EPERM);
}

static void as_owner(int fd)
{
	become(NOBODY);
	CHECK(!set_on(fd, NOATIME));
	CHECK_ERR(set_on(fd, NOATIME | IMMUTABLE), EPERM);
}

static void as_another(int fd)
{
	uint32_t flags;

	become(NOBODY + 1);
	CHECK(!ioctl(fd, GETFLAGS, &flags) && flags == NOATIME);
	CHECK_ERR(set_on(fd, NOATIME), EPERM);
	CHECK_ERR(set_on(fd, 1), EPERM);
}

static void in_user_namespace(int fd)
{
	if (unshare(CLONE_NEWUSER))
		_exit(0);
	CHECK_ERR(set_on(fd, FL_PROJINHERIT), EPERM);	/* its owner has no number there */
}

ABI_CASE(attributes_are_set_by_the_owner_and_immutability_by_the_privileged)
{
	int fd;

	if (!fresh_tmpfs())
		return;
	fd = fresh_file("f");
	CHECK(!in_child(without_privilege, fd) && !fchown(fd, NOBODY, NOBODY));
	CHECK(!in_child(as_owner, fd) && !in_child(as_another, fd) && !in_child(in_user_namespace, fd));
	CHECK(!chdir("..") && !mount("m", "m", NULL, MS_BIND, NULL) && !mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	CHECK_ERR(set_on(open("m/f", O_RDONLY), NODUMP), EROFS);
	CHECK_ERR(ioctl(open("m/f", O_RDONLY), FSSETXATTR, &(struct fsxattr){ 0 }), EROFS);
}

ABI_CASE(an_immutable_file_is_not_opened_to_be_written_to)
{
	if (!fresh_tmpfs())
		return;
	fresh_file("f");
	CHECK(!set("f", IMMUTABLE) && open("f", O_RDONLY) >= 0 && !access("f", R_OK) && open("f", O_RDONLY | O_CREAT, 0600) >= 0);
	CHECK_ERR(open("f", O_WRONLY), EPERM);
	CHECK_ERR(open("f", O_RDWR), EPERM);
	CHECK_ERR(open("f", O_WRONLY | O_APPEND), EPERM);
	CHECK_ERR(open("f", O_RDONLY | O_TRUNC), EPERM);
	CHECK_ERR(creat("f", 0600), EPERM);
	CHECK_ERR(access("f", W_OK), EPERM);
	CHECK_ERR(truncate("f", 1), EPERM);
}

ABI_CASE(an_immutable_file_keeps_its_attributes)
{
	struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } }, one[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
	struct timeval v[2] = { { 1, 0 }, { 1, 0 } };
	struct stat s;
	int fd;

	if (!fresh_tmpfs())
		return;
	fd = fresh_file("f");
	CHECK(!setxattr("f", "trusted.a", "x", 1, 0) && !set_on(fd, IMMUTABLE));
	CHECK_ERR(chmod("f", 0600), EPERM);
	CHECK_ERR(fchmod(fd, 0600), EPERM);
	CHECK_ERR(chown("f", 0, 0), EPERM);
	CHECK_ERR(chown("f", -1, 0), EPERM);
	CHECK(!chown("f", -1, -1));
	CHECK_ERR(utimes("f", v), EPERM);
	CHECK_ERR(utimes("f", NULL), EPERM);
	CHECK_ERR(futimens(fd, now), EPERM);
	CHECK_ERR(futimens(fd, one), EPERM);
	CHECK_ERR(setxattr("f", "trusted.a", "y", 1, 0), EPERM);
	CHECK_ERR(setxattr("f", "user.a", "y", 1, 0), EPERM);
	CHECK_ERR(removexattr("f", "trusted.a"), EPERM);
	CHECK_ERR(fsetxattr(fd, "security.a", "y", 1, 0), EPERM);
	CHECK(getxattr("f", "trusted.a", NULL, 0) == 1 && !stat("f", &s) && (s.st_mode & 07777) == 0644);
}

ABI_CASE(an_immutable_file_keeps_its_names)
{
	int dir;

	if (!fresh_tmpfs())
		return;
	close(fresh_file("f"));
	close(fresh_file("g"));
	CHECK(!link("f", "f2") && !mkdir("d", 0755) && !mkdir("e", 0755) && !set("f", IMMUTABLE));
	CHECK_ERR(unlink("f"), EPERM);
	CHECK_ERR(unlink("f2"), EPERM);
	CHECK_ERR(link("f", "h"), EPERM);
	CHECK_ERR(rename("f", "h"), EPERM);
	CHECK_ERR(rename("g", "f"), EPERM);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "g", AT_FDCWD, "f", 2), EPERM);
	CHECK_ERR(rmdir("f"), EPERM);
	CHECK(!rename("f", "f2") && !access("f", F_OK) && !access("f2", F_OK));
	dir = open("d", O_RDONLY);
	CHECK(!set_on(dir, IMMUTABLE));
	CHECK_ERR(rmdir("d"), EPERM);
	CHECK_ERR(unlink("d"), EPERM);
	CHECK_ERR(rename("d", "h"), EPERM);
	CHECK_ERR(rename("e", "d"), EPERM);
}

ABI_CASE(in_an_immutable_directory_no_names_come_and_go)
{
	if (!fresh_tmpfs())
		return;
	CHECK(!mkdir("d", 0777) && !close(fresh_file("d/f")) && !close(fresh_file("g")) && !mkdir("d/sub", 0777) && !set("d", IMMUTABLE));
	CHECK_ERR(open("d/new", O_RDWR | O_CREAT, 0600), EPERM);
	CHECK_ERR(open("d", O_RDWR | O_TMPFILE, 0600), EPERM);
	CHECK_ERR(mkdir("d/new", 0700), EPERM);
	CHECK_ERR(symlink("x", "d/new"), EPERM);
	CHECK_ERR(mkfifo("d/new", 0600), EPERM);
	CHECK_ERR(link("g", "d/new"), EPERM);
	CHECK_ERR(unlink("d/f"), EPERM);
	CHECK_ERR(rmdir("d/sub"), EPERM);
	CHECK_ERR(rename("d/f", "h"), EPERM);
	CHECK_ERR(rename("g", "d/g"), EPERM);
	CHECK_ERR(rename("d/f", "d/h"), EPERM);
	CHECK_ERR(access("d", W_OK), EPERM);
	CHECK(!close(open("d/f", O_RDWR | O_CREAT, 0600)) && truncate("d/f", 1) == 0 && !close(fresh_file("d/sub/new")));
	CHECK(!set("d", 0) && !unlink("d/f"));
}

ABI_CASE(what_is_open_for_writing_stays_so_when_the_file_becomes_immutable)
{
	int fd, other;
	char *p;

	if (!fresh_tmpfs())
		return;
	fd = fresh_file("f");
	other = fresh_file("g");
	CHECK(!set_on(fd, IMMUTABLE) && write(fd, "d", 1) == 1 && pwrite(fd, "x", 1, 0) == 1 && !ftruncate(fd, 2));
	CHECK_ERR(fallocate(fd, 0, 0, 4096), EPERM);
	CHECK_ERR(fallocate(fd, 3, 0, 4096), EPERM);
	CHECK_ERR(copy_file_range(other, &(off_t){ 0 }, fd, &(off_t){ 0 }, 1, 0), EPERM);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	*p = 'y';
}

ABI_CASE(a_file_that_only_grows_is_opened_to_be_appended_to)
{
	char text[16];
	int fd;

	if (!fresh_tmpfs())
		return;
	close(fresh_file("f"));
	CHECK(!set("f", APPEND));
	CHECK_ERR(open("f", O_WRONLY), EPERM);
	CHECK_ERR(open("f", O_RDWR), EPERM);
	CHECK_ERR(open("f", O_RDONLY | O_TRUNC), EPERM);
	CHECK_ERR(open("f", O_WRONLY | O_APPEND | O_TRUNC), EPERM);
	CHECK_ERR(truncate("f", 0), EPERM);
	CHECK(!access("f", W_OK));
	fd = open("f", O_RDWR | O_APPEND);
	CHECK(fd >= 0 && write(fd, "d", 1) == 1 && pwrite(fd, "e", 1, 0) == 1);
	CHECK(pread(fd, text, sizeof(text), 0) == 5 && !memcmp(text, "abcde", 5));
	CHECK_ERR(ftruncate(fd, 0), EPERM);
	CHECK_ERR(ftruncate(fd, 100), EPERM);
	CHECK_ERR(fcntl(fd, F_SETFL, 0), EPERM);
	CHECK(!fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	CHECK_ERR(fallocate(fd, 3, 0, 4096), EPERM);
	CHECK(!fallocate(fd, 1, 0, 8192) && !fallocate(fd, 0, 0, 8192));
	fd = open("f", O_RDONLY);
	CHECK_ERR(fcntl(fd, F_SETFL, O_APPEND), EPERM);
}

ABI_CASE(a_file_that_only_grows_is_not_written_to_through_memory)
{
	int fd;

	if (!fresh_tmpfs())
		return;
	close(fresh_file("f"));
	CHECK(!set("f", APPEND));
	fd = open("f", O_RDWR | O_APPEND);
	CHECK_ERR((intptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	CHECK_ERR((intptr_t)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), EACCES);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, open("f", O_RDONLY), 0) != MAP_FAILED);
}

ABI_CASE(a_file_that_only_grows_keeps_names_and_attributes)
{
	struct timespec one[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
	struct timeval v[2] = { { 1, 0 }, { 1, 0 } };

	if (!fresh_tmpfs())
		return;
	close(fresh_file("f"));
	close(fresh_file("g"));
	CHECK(!set("f", APPEND));
	CHECK_ERR(unlink("f"), EPERM);
	CHECK_ERR(link("f", "h"), EPERM);
	CHECK_ERR(rename("f", "h"), EPERM);
	CHECK_ERR(rename("g", "f"), EPERM);
	CHECK_ERR(chmod("f", 0600), EPERM);
	CHECK_ERR(chown("f", 0, 0), EPERM);
	CHECK_ERR(utimes("f", v), EPERM);
	CHECK_ERR(utimensat(AT_FDCWD, "f", one, 0), EPERM);
	CHECK(!utimes("f", NULL));
	CHECK_ERR(setxattr("f", "trusted.a", "y", 1, 0), EPERM);
}

ABI_CASE(a_directory_that_only_grows_gets_names_and_loses_none)
{
	if (!fresh_tmpfs())
		return;
	CHECK(!mkdir("d", 0777) && !close(fresh_file("d/f")) && !close(fresh_file("g")) && !set("d", APPEND));
	CHECK(!close(fresh_file("d/new")) && !mkdir("d/sub", 0700) && !link("g", "d/link") && !rename("g", "d/g"));
	CHECK(open("d", O_RDWR | O_TMPFILE, 0600) >= 0);
	CHECK_ERR(unlink("d/f"), EPERM);
	CHECK_ERR(rmdir("d/sub"), EPERM);
	CHECK_ERR(rename("d/f", "d/h"), EPERM);
	CHECK_ERR(rename("d/f", "h"), EPERM);
	CHECK_ERR(rename("d/new", "d/f"), EPERM);
	CHECK_ERR(rmdir("d"), EPERM);
}

static bool read_is_noted(const char *name)
{
	struct timespec old[2] = { { 1000, 0 }, { 2000, 0 } };
	struct stat s;
	char c;

	CHECK(!utimensat(AT_FDCWD, name, old, 0) && read(open(name, O_RDONLY), &c, 1) == 1 && !stat(name, &s));
	return s.st_atim.tv_sec != 1000;
}

ABI_CASE(a_file_may_have_no_times_of_access)
{
	if (!fresh_tmpfs())
		return;
	close(fresh_file("f"));
	CHECK(read_is_noted("f") && !set("f", NOATIME) && !read_is_noted("f"));
	CHECK(!set("f", 0) && read_is_noted("f"));
}

ABI_CASE(what_is_made_in_a_directory_inherits_two_attributes)
{
	uint32_t flags;
	int fd;

	if (!fresh_tmpfs())
		return;
	CHECK(!mkdir("d", 0777) && !set("d", APPEND | NODUMP | NOATIME) && !close(fresh_file("d/f")) && !mkdir("d/sub", 0700));
	CHECK(get("d/f") == (NODUMP | NOATIME) && get("d/sub") == (NODUMP | NOATIME));
	fd = open("d", O_RDWR | O_TMPFILE, 0600);
	CHECK(!ioctl(fd, GETFLAGS, &flags) && flags == (NODUMP | NOATIME));
	CHECK(!close(fresh_file("g")) && !link("g", "d/g") && !get("d/g"));
}

struct statx_head {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, spare;
	uint64_t ino, size, blocks, attributes_mask;
	uint64_t rest[32];
};

static struct statx_head statx_of(const char *name)
{
	struct statx_head x;

	CHECK(!syscall(SYS_statx, AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, 0xfff, &x));
	return x;
}

ABI_CASE(statx_tells_attributes_and_which_there_are)
{
	const uint64_t every = 0x203000, here = every | IMMUTABLE | APPEND | NODUMP;

	if (!fresh_tmpfs())
		return;
	CHECK(!close(fresh_file("f")) && !mkdir("d", 0777) && !set("d", NODUMP) && !mkfifo("d/p", 0600) && !symlink("x", "d/l"));
	CHECK(!statx_of("f").attributes && statx_of("f").attributes_mask == here);
	CHECK(!set("f", IMMUTABLE | APPEND | NODUMP | NOATIME) && statx_of("f").attributes == (IMMUTABLE | APPEND | NODUMP));
	CHECK(statx_of("d").attributes == NODUMP && statx_of("d/p").attributes == NODUMP && statx_of("d/l").attributes == NODUMP);
	CHECK(statx_of("d/p").attributes_mask == here && statx_of("d/l").attributes_mask == here && statx_of(".").attributes == 0x2000);
	CHECK(statx_of("/proc/self").attributes_mask == every);
}
