// SPDX-License-Identifier: GPL-2.0
/* Opening, removing and renaming: which flags go together, what is told of them, and which of several things wrong is told first. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "abi.h"

#define NOREPLACE	1
#define EXCHANGE	2
#define LARGE		0100000	/* O_LARGEFILE, which the C library hides here */
#define CACHED		0x20	/* RESOLVE_CACHED */
#define APPENDS		0x10	/* RWF_APPEND */
#define NOBODY		65534
#define TMPFILE_ALONE	(O_TMPFILE & ~O_DIRECTORY)
#define HANDLE_ROOM	64

static void make(const char *name)
{
	int fd = open(name, O_CREAT | O_RDWR, 0644);

	CHECK(fd >= 0 && write(fd, "12345", 5) == 5 && !close(fd));
}

static long rename2(const char *from, const char *to, unsigned int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static long open2(const char *path, uint64_t flags, uint64_t resolve)
{
	struct { uint64_t flags, mode, resolve; } how = { flags, flags & O_CREAT ? 0600 : 0, resolve };

	return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

/* Run @fn as nobody, in a child. */
static void as_nobody(void (*fn)(void))
{
	pid_t pid = fork();

	if (!pid) {
		CHECK(!setgid(NOBODY) && !setuid(NOBODY));
		fn();
		_exit(0);
	}
	CHECK(pid > 0 && abi_wait(pid) == 0);
}

ABI_CASE(flags_that_make_a_directory_or_half_a_nameless_file_are_refused)
{
	abi_fresh();
	CHECK(!mkdir("d", 0755));
	CHECK_ERR(open("x", O_CREAT | O_DIRECTORY | O_RDWR, 0600), EINVAL);
	CHECK_ERR(open("d", O_CREAT | O_DIRECTORY, 0600), EINVAL);
	CHECK_ERR(open("d", TMPFILE_ALONE | O_RDWR, 0600), EINVAL);
	CHECK_ERR(open2("d", O_CREAT | O_DIRECTORY, 0), EINVAL);
	CHECK_ERR(access("x", F_OK), ENOENT);
	CHECK(open2("d", O_RDONLY, CACHED) >= 0);
	CHECK_ERR(open2("x", O_CREAT | O_RDWR, CACHED), EAGAIN);
	CHECK_ERR(open2("d", O_TRUNC | O_RDWR, CACHED), EAGAIN);
}

ABI_CASE(flags_are_told_as_they_were_taken)
{
	int fd;

	abi_fresh();
	make("f");
	fd = open("f", O_RDWR | O_APPEND);
	CHECK(fd >= 0 && fcntl(fd, F_GETFL) == (LARGE | O_RDWR | O_APPEND));
	fd = creat("f", 0600);
	CHECK(fd >= 0 && fcntl(fd, F_GETFL) == (LARGE | O_WRONLY));
	fd = open(".", O_TMPFILE | O_RDWR, 0600);
	CHECK(fd >= 0 && fcntl(fd, F_GETFL) == (LARGE | O_TMPFILE | O_RDWR));
	fd = open("f", O_PATH | O_RDWR | O_APPEND);
	CHECK(fd >= 0 && fcntl(fd, F_GETFL) == O_PATH);
	fd = (int)open2("f", O_RDONLY, 0);
	CHECK(fd >= 0 && fcntl(fd, F_GETFL) == LARGE);
}

static void opens_quietly(void)
{
	CHECK_ERR(open("hidden", O_RDONLY | O_NOATIME), EACCES);
	CHECK_ERR(open("shown", O_RDONLY | O_NOATIME), EPERM);
	CHECK(open("shown", O_RDONLY) >= 0);
}

ABI_CASE(who_may_not_read_is_told_that_before_who_is_not_the_owner)
{
	abi_fresh();
	make("hidden");
	make("shown");
	CHECK(!chmod("hidden", 0600));
	as_nobody(opens_quietly);
}

ABI_CASE(a_program_that_runs_is_not_cut_by_who_opens_it_to_read)
{
	struct stat before, after;
	int status;
	pid_t pid;

	abi_fresh();
	abi_copy_self("program", 0755);
	CHECK(!stat("program", &before));
	pid = fork();
	if (!pid) {
		execl("program", "program", "@pause", NULL);
		_exit(1);
	}
	abi_await_call(pid, SYS_pause);
	CHECK_ERR(open("program", O_RDONLY | O_TRUNC), ETXTBSY);
	CHECK(!stat("program", &after) && after.st_size == before.st_size);
	CHECK(!kill(pid, SIGKILL) && waitpid(pid, &status, 0) == pid);
}

ABI_CASE(what_a_name_is_counts_before_what_is_mounted_there)
{
	abi_fresh();
	make("f");
	CHECK(!mkdir("d", 0755) && !mkdir("m", 0755) && !mount("none", "m", "tmpfs", 0, NULL));
	CHECK_ERR(unlink("m"), EISDIR);
	CHECK_ERR(rmdir("m"), EBUSY);
	CHECK_ERR(rename("m", "f"), ENOTDIR);
	CHECK_ERR(rename("f", "m"), EISDIR);
	CHECK_ERR(rename("d", "m"), EBUSY);
	CHECK_ERR(rename("m", "x"), EBUSY);
	CHECK(!mount("none", "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	CHECK_ERR(unlink("m/none"), EROFS);
	CHECK_ERR(rmdir("m/none"), EROFS);
	CHECK(!umount("m"));
	CHECK_ERR(rmdir("/proc/self"), ENOTDIR);
	CHECK_ERR(rmdir("/proc/version"), ENOTDIR);
	CHECK_ERR(rename2("f", "d", NOREPLACE), EEXIST);
	CHECK_ERR(rename2("f", "d/", NOREPLACE), EEXIST);
	CHECK_ERR(rename2("f", "x/", NOREPLACE), ENOTDIR);
}

static void moves_directories(void)
{
	CHECK(!mkdir("own", 0555) && !mkdir("free", 0755));
	CHECK(!rename("own", "own2") && !rename("free", "deep/free"));
	CHECK_ERR(rename("own2", "deep/own"), EACCES);
	CHECK_ERR(rename("others", "deep/others"), EACCES);
	CHECK_ERR(rename2("deep/free", "own2", EXCHANGE), EACCES);
	CHECK(!rename("others", "others2"));
}

ABI_CASE(a_directory_gets_another_parent_only_from_who_may_write_to_it)
{
	abi_fresh();
	CHECK(!mkdir("others", 0755) && !mkdir("deep", 0777) && !chmod("deep", 0777));
	as_nobody(moves_directories);
}

ABI_CASE(a_write_can_append_by_itself)
{
	struct iovec v = { "67", 2 };
	struct stat s;
	char text[8];
	int fd;

	abi_fresh();
	make("f");
	fd = open("f", O_RDWR);
	CHECK(syscall(SYS_pwritev2, fd, &v, 1, 0l, 0l, APPENDS) == 2 && !fstat(fd, &s) && s.st_size == 7);
	CHECK(lseek(fd, 0, SEEK_CUR) == 0 && syscall(SYS_pwritev2, fd, &v, 1, -1l, 0l, APPENDS) == 2 && lseek(fd, 0, SEEK_CUR) == 9);
	CHECK(pread(fd, text, 4, 5) == 4 && !memcmp(text, "6767", 4));
	v.iov_base = text;
	CHECK(syscall(SYS_preadv2, fd, &v, 1, 0l, 0l, APPENDS) == 2 && !memcmp(text, "12", 2));
	CHECK_ERR(readahead(fd, 0, (size_t)-1), EINVAL);
}

ABI_CASE(a_file_handle_may_have_room_to_spare)
{
	union {
		struct file_handle h;
		unsigned char room[sizeof(struct file_handle) + HANDLE_ROOM];
	} u = { .h.handle_bytes = HANDLE_ROOM };
	int mount_id, dir;

	abi_fresh();
	make("f");
	dir = open(".", O_RDONLY);
	CHECK(!name_to_handle_at(AT_FDCWD, "f", &u.h, &mount_id, 0) && u.h.handle_bytes < HANDLE_ROOM);
	u.h.handle_bytes = HANDLE_ROOM;
	CHECK(open_by_handle_at(dir, &u.h, O_RDONLY) >= 0);
	u.h.handle_bytes = 4;
	CHECK_ERR(open_by_handle_at(dir, &u.h, O_RDONLY), ESTALE);
}

ABI_CASE(rename_asks_for_permission_where_something_would_change)
{
	struct stat s;

	abi_fresh();
	make("a");
	CHECK(!link("a", "b") && !chmod(".", 0555));
	if (!geteuid() && (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		_exit(1);
	CHECK(!rename("a", "b") && !stat("a", &s) && s.st_nlink == 2);
	CHECK_ERR(rename2("a", "none", EXCHANGE), ENOENT);
	CHECK_ERR(rename("a", "c"), EACCES);
	CHECK_ERR(rename2("a", "..", NOREPLACE), EEXIST);
	CHECK_ERR(rename2(".", "..", NOREPLACE), EBUSY);
}
