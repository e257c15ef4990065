// SPDX-License-Identifier: GPL-2.0
/* Modes, owners and times of files, by every call that sets them, and how they fail. Each case works in a fresh directory. */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <utime.h>
#include "abi.h"

#define NOBODY	65534
#define LARGEFILE	0100000		/* the kernel's O_LARGEFILE, which a libc may have as 0 */


static void make(const char *name)
{
	int fd = creat(name, 0644);

	CHECK(fd >= 0 && !close(fd));
}

static struct stat look(const char *name)
{
	struct stat st;

	CHECK(!lstat(name, &st));
	return st;
}

static void become_nobody(void)
{
	CHECK(!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
}

ABI_CASE(creat_makes_and_empties)
{
	int fd;

	abi_fresh();
	fd = creat("f", 0666);
	CHECK(fd >= 0 && write(fd, "abc", 3) == 3);
	CHECK_ERR(read(fd, &fd, 1), EBADF);
	CHECK((look("f").st_mode & 07777) == 0644);
	CHECK(creat("f", 0) >= 0 && look("f").st_size == 0 && (look("f").st_mode & 07777) == 0644);
	CHECK_ERR(creat("", 0644), ENOENT);
	CHECK_ERR(creat(".", 0644), EISDIR);
	CHECK_ERR(creat("f/g", 0644), ENOTDIR);
	CHECK_ERR(creat(BAD, 0644), EFAULT);
}

ABI_CASE(mode_is_set_by_every_call)
{
	int fd;

	abi_fresh();
	make("f");
	fd = open("f", O_RDONLY);
	CHECK(!fchmod(fd, 04751) && (look("f").st_mode & 07777) == 04751);
	CHECK(!fchmodat(AT_FDCWD, "f", 0600, 0) && (look("f").st_mode & 07777) == 0600);
	CHECK(!syscall(SYS_chmod, "f", 0177777) && (look("f").st_mode & 07777) == 07777);
	CHECK(S_ISREG(look("f").st_mode));
	CHECK(!symlink("f", "l") && !chmod("l", 0640) && (look("f").st_mode & 07777) == 0640);
	CHECK_ERR(fchmod(-1, 0), EBADF);
	CHECK_ERR(syscall(SYS_fchmodat, 99, "f", 0), EBADF);
	CHECK_ERR(syscall(SYS_fchmodat, fd, "f", 0), ENOTDIR);
	CHECK_ERR(syscall(SYS_fchmodat, AT_FDCWD, BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_fchmodat, AT_FDCWD, "", 0), ENOENT);
	CHECK_ERR(chmod("none", 0), ENOENT);
	fd = open("f", O_PATH);
	CHECK(fd >= 0);
	CHECK_ERR(syscall(SYS_fchmod, fd, 0), EBADF);
}

ABI_CASE(owner_is_set_by_every_call)
{
	int fd;

	if (geteuid())
		return;
	abi_fresh();
	make("f");
	CHECK(!symlink("f", "l"));
	fd = open("f", O_RDWR);
	CHECK(!fchown(fd, 1, 2) && look("f").st_uid == 1 && look("f").st_gid == 2);
	CHECK(!fchown(fd, -1, 3) && look("f").st_uid == 1 && look("f").st_gid == 3);
	CHECK(!chown("l", 4, -1) && look("f").st_uid == 4 && look("l").st_uid == 0);
	CHECK(!lchown("l", 5, 6) && look("f").st_uid == 4 && look("l").st_uid == 5 && look("l").st_gid == 6);
	CHECK(!fchownat(AT_FDCWD, "l", 7, 8, AT_SYMLINK_NOFOLLOW) && look("l").st_uid == 7 && look("f").st_uid == 4);
	CHECK(!fchownat(AT_FDCWD, "l", 9, 10, 0) && look("l").st_uid == 7 && look("f").st_uid == 9);
	CHECK(!fchownat(fd, "", 11, 12, AT_EMPTY_PATH) && look("f").st_uid == 11);
	CHECK_ERR(fchownat(fd, "", 11, 12, 0), ENOENT);
	CHECK_ERR(fchownat(AT_FDCWD, "f", 1, 1, 0x80000000), EINVAL);
	CHECK_ERR(fchown(99, 1, 1), EBADF);
	CHECK_ERR(lchown(BAD, 1, 1), EFAULT);
	CHECK_ERR(lchown("none", 1, 1), ENOENT);
}

static void check_nameless(int fd)
{
	struct timespec when[2] = { { 1000, 0 }, { 2000, 0 } };
	struct stat st;

	CHECK(fd >= 0 && !fchmod(fd, 0640) && !futimens(fd, when) && !fstat(fd, &st));
	CHECK((st.st_mode & 07777) == 0640 && st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 2000);
	when[1].tv_sec = 3000;
	CHECK(!utimensat(fd, "", when, AT_EMPTY_PATH) && !fstat(fd, &st) && st.st_mtim.tv_sec == 3000);
	CHECK_ERR(utimensat(fd, "", when, 0), ENOENT);
	CHECK_ERR(utimensat(fd, "x", when, AT_EMPTY_PATH), ENOTDIR);
	if (geteuid())
		return;
	CHECK(!fchown(fd, 3, -1) && !fchown(fd, -1, 4) && !fstat(fd, &st) && st.st_uid == 3 && st.st_gid == 4);
	CHECK(!fchownat(fd, "", 5, 6, AT_EMPTY_PATH) && !fstat(fd, &st) && st.st_uid == 5 && st.st_gid == 6);
}

ABI_CASE(pipes_and_sockets_have_mode_owner_and_times)
{
	int p[2];

	CHECK(!pipe(p));
	check_nameless(p[0]);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	check_nameless(p[1]);
	check_nameless(socket(AF_UNIX, SOCK_DGRAM, 0));
}

ABI_CASE(pipes_of_others_are_guarded)
{
	int p[2];

	if (geteuid())
		return;
	CHECK(!pipe(p));
	become_nobody();
	CHECK_ERR(fchmod(p[0], 0777), EPERM);
	CHECK_ERR(fchown(p[0], NOBODY, NOBODY), EPERM);
	CHECK_ERR(futimens(p[0], (struct timespec[2]){ { 1, 0 }, { 1, 0 } }), EPERM);
	CHECK(!pipe(p) && !fchmod(p[0], 0600) && !fchown(p[1], NOBODY, NOBODY));
	CHECK_ERR(fchown(p[1], 0, -1), EPERM);
}

/* Who is not root may give to no one, and changes of owner take the set-id bits away. */
ABI_CASE(owner_and_mode_are_guarded)
{
	if (geteuid())
		return;
	abi_fresh();
	make("roots");
	make("own");
	CHECK(!chown("own", NOBODY, NOBODY) && !chmod("own", 06755));
	CHECK(!chown("own", NOBODY, NOBODY) && (look("own").st_mode & 07777) == 0755);
	CHECK(!chmod("own", 06755));
	become_nobody();
	CHECK_ERR(chmod("roots", 0777), EPERM);
	CHECK_ERR(chown("roots", NOBODY, NOBODY), EPERM);
	CHECK_ERR(chown("own", 0, -1), EPERM);
	CHECK_ERR(chown("own", -1, 0), EPERM);
	CHECK(!chown("own", NOBODY, NOBODY) && !chown("own", -1, -1));
	CHECK(!chmod("own", 0700));
	CHECK_ERR(utimes("roots", (struct timeval[2]){ { 1, 0 }, { 1, 0 } }), EPERM);
	CHECK_ERR(utimes("roots", NULL), EACCES);
	CHECK(!utimes("own", NULL));
	CHECK_ERR(mount("none", ".", "tmpfs", 0, NULL), EPERM);
	CHECK_ERR(umount2("/tmp", 0), EPERM);
	CHECK_ERR(sethostname("x", 1), EPERM);
	CHECK_ERR(setdomainname("x", 1), EPERM);
}

ABI_CASE(times_are_set_by_every_call)
{
	struct timeval micro[2] = { { 1000, 5 }, { 2000, 999999 } };
	struct utimbuf second = { 3000, 4000 };

	abi_fresh();
	make("f");
	CHECK(!symlink("f", "l"));
	CHECK(!utimes("f", micro) && look("f").st_atim.tv_sec == 1000 && look("f").st_atim.tv_nsec == 5000);
	CHECK(look("f").st_mtim.tv_sec == 2000 && look("f").st_mtim.tv_nsec == 999999000);
	CHECK(!syscall(SYS_utime, "l", &second) && look("f").st_atim.tv_sec == 3000 && look("f").st_mtim.tv_sec == 4000);
	CHECK(!syscall(SYS_futimesat, AT_FDCWD, "f", micro) && look("f").st_mtim.tv_sec == 2000);
	micro[1].tv_usec = 1000000;
	CHECK_ERR(syscall(SYS_utimes, "f", micro), EINVAL);
	CHECK_ERR(syscall(SYS_futimesat, AT_FDCWD, "f", micro), EINVAL);
	CHECK_ERR(syscall(SYS_futimesat, 99, "f", NULL), EBADF);
	CHECK_ERR(syscall(SYS_utimes, "none", NULL), ENOENT);
	CHECK_ERR(syscall(SYS_utime, BAD, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_utime, "f", BAD), EFAULT);
	CHECK_ERR(syscall(SYS_utimes, "f", BAD), EFAULT);
	CHECK(!syscall(SYS_utime, "f", NULL) && look("f").st_mtim.tv_sec > 4000);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, 0), EFAULT);
	CHECK_ERR(syscall(SYS_utimensat, 0, NULL, NULL, AT_EMPTY_PATH), EINVAL);
	CHECK(!syscall(SYS_utimensat, 99, "none", (struct timespec[2]){ { 0, UTIME_OMIT }, { 0, UTIME_OMIT } }, 0x8000));
}

ABI_CASE(names_relative_to_a_directory)
{
	char text[16];
	int d, f;

	abi_fresh();
	CHECK(!mkdirat(AT_FDCWD, "d", 0755));
	d = open("d", O_RDONLY | O_DIRECTORY);
	CHECK(!mkdirat(d, "e", 0700) && S_ISDIR(look("d/e").st_mode));
	CHECK_ERR(mkdirat(d, "e", 0700), EEXIST);
	CHECK_ERR(mkdirat(d, "x/y", 0700), ENOENT);
	CHECK_ERR(mkdirat(99, "e", 0700), EBADF);
	CHECK_ERR(mkdirat(d, BAD, 0700), EFAULT);
	CHECK(!mknodat(d, "p", S_IFIFO | 0600, 0) && S_ISFIFO(look("d/p").st_mode));
	CHECK(!mknodat(d, "r", 0600, 0) && S_ISREG(look("d/r").st_mode));
	CHECK_ERR(mknodat(d, "r", S_IFREG | 0600, 0), EEXIST);
	CHECK_ERR(mknodat(d, "t", S_IFDIR | 0600, 0), EPERM);
	CHECK_ERR(mknodat(d, "t", S_IFMT, 0), EINVAL);
	CHECK_ERR(mknodat(d, BAD, S_IFDIR | 0600, 0), EPERM);
	CHECK(!symlinkat("r", d, "s") && S_ISLNK(look("d/s").st_mode));
	CHECK(readlinkat(d, "s", text, sizeof(text)) == 1 && text[0] == 'r');
	CHECK_ERR(readlinkat(d, "r", text, sizeof(text)), EINVAL);
	CHECK_ERR(syscall(SYS_readlinkat, d, "s", text, 0), EINVAL);
	CHECK_ERR(readlinkat(d, "s", BAD, 1), EFAULT);
	CHECK_ERR(symlinkat("", d, "n"), ENOENT);
	CHECK_ERR(symlinkat("r", d, "s"), EEXIST);
	CHECK(!syscall(SYS_renameat, d, "r", AT_FDCWD, "moved") && S_ISREG(look("moved").st_mode));
	CHECK_ERR(syscall(SYS_renameat, d, "r", AT_FDCWD, "moved"), ENOENT);
	CHECK_ERR(syscall(SYS_renameat, AT_FDCWD, "d", d, "inside"), EINVAL);
	f = open("moved", O_RDONLY);
	CHECK_ERR(mkdirat(f, "x", 0700), ENOTDIR);
	CHECK(f >= 0);
}

ABI_CASE(access_is_asked_with_either_identity)
{
	abi_fresh();
	make("f");
	CHECK(!chmod("f", 0600));
	CHECK(!faccessat(AT_FDCWD, "f", R_OK | W_OK, 0));
	CHECK(!syscall(SYS_faccessat2, AT_FDCWD, "f", F_OK, 0));
	CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, "f", 8, 0), EINVAL);
	CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, "f", 0, 0x8000), EINVAL);
	CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, "none", 0, 0), ENOENT);
	CHECK_ERR(syscall(SYS_faccessat, 99, "f", 0), EBADF);
	CHECK_ERR(syscall(SYS_faccessat, AT_FDCWD, BAD, 0), EFAULT);
	CHECK_ERR(access("f", X_OK), EACCES);	/* not even root executes what nobody may */
	if (geteuid())
		return;
	CHECK(!setresuid(NOBODY, 0, 0));
	CHECK_ERR(access("f", R_OK), EACCES);
	CHECK(!syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
}

ABI_CASE(file_systems_are_mounted_and_taken_off)
{
	struct statfs s;
	int fd;

	abi_fresh();
	if (geteuid() || mkdir("m", 0755) || mount("none", "m", "tmpfs", 0, "size=1M"))
		return;
	fd = open("m/busy", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && !fstatfs(fd, &s) && s.f_type == 0x01021994);
	CHECK_ERR(umount2("m", 0), EBUSY);
	CHECK_ERR(umount2("m", 0x4000), EINVAL);
	CHECK(!umount2("m", MNT_DETACH) && access("m/busy", F_OK));
	CHECK(write(fd, "x", 1) == 1 && !close(fd));
	CHECK_ERR(umount2("m", 0), EINVAL);
	CHECK_ERR(umount2("none", 0), ENOENT);
	CHECK_ERR(umount2(BAD, 0), EFAULT);
	CHECK_ERR(syscall(SYS_fstatfs, 99, &s), EBADF);
	CHECK_ERR(syscall(SYS_fstatfs, 0, BAD), EFAULT);
	CHECK_ERR(mount("none", "m", "no-such-fs", 0, NULL), ENODEV);
}

ABI_CASE(what_proc_shows_of_a_process_keeps_owner_and_mode)
{
	CHECK_ERR(chmod("/proc/self", 0777), EPERM);
	CHECK_ERR(chmod("/proc/self/stat", 0777), EPERM);
}

ABI_CASE(openat2_takes_larger_structures_and_no_flags_that_contradict)
{
	struct { uint64_t flags, mode, resolve, more[20]; } how = { .flags = O_PATH };
	int fd;

	CHECK(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)) >= 0);
	how.more[19] = 1;
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)), E2BIG);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "/", &how, 4097), E2BIG);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "/", &how, 23), EINVAL);
	how.flags = O_PATH | O_RDWR;
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "/", &how, 24), EINVAL);
	fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	CHECK(fd >= 0 && (fcntl(fd, F_GETFL) & O_TMPFILE) == O_TMPFILE);
}

ABI_CASE(nothing_is_created_without_a_descriptor_for_it)
{
	struct rlimit few = { 20, 20 };

	abi_fresh();
	CHECK(!setrlimit(RLIMIT_NOFILE, &few));
	while (dup(0) >= 0)
		;
	CHECK_ERR(creat("f", 0644), EMFILE);
	CHECK_ERR(access("f", F_OK), ENOENT);
	CHECK_ERR(open("none", O_RDONLY), EMFILE);
	CHECK_ERR(open(BAD, O_RDONLY), EFAULT);
}

ABI_CASE(anybody_may_change_neither_owner)
{
	if (geteuid())
		return;
	abi_fresh();
	make("f");
	become_nobody();
	CHECK(!chown("f", -1, -1));
	CHECK_ERR(chown("f", 0, 0), EPERM);
	CHECK_ERR(chown("f", -1, NOBODY), EPERM);
}

ABI_CASE(fstatfs_tells_what_has_no_mount)
{
	int pipes[2], memory = syscall(SYS_memfd_create, "m", 0);
	struct statfs s;

	CHECK(!pipe(pipes) && !fstatfs(pipes[0], &s) && s.f_type == 0x50495045);
	CHECK(!fstatfs(socket(AF_UNIX, SOCK_STREAM, 0), &s) && s.f_type == 0x534f434b);
	CHECK(!fstatfs(memory, &s) && s.f_type == 0x01021994);
}

ABI_CASE(flags_of_an_open_file_are_those_of_linux)
{
	int fd, pipes[2], path = open("/", O_PATH);

	abi_fresh();
	make("f");
	fd = syscall(SYS_open, "f", O_RDWR & ~LARGEFILE);
	CHECK(fd >= 0 && fcntl(fd, F_GETFL) == (O_RDWR | LARGEFILE) && !(fcntl(path, F_GETFL) & LARGEFILE));
	CHECK(!pipe(pipes) && !fcntl(pipes[1], F_SETFL, O_DIRECT));
	CHECK_ERR(fcntl(socket(AF_UNIX, SOCK_STREAM, 0), F_SETFL, O_DIRECT), EINVAL);
	CHECK_ERR(fcntl(open("/dev/null", O_RDWR), F_SETFL, O_DIRECT), EINVAL);
}

ABI_CASE(dates_before_1970_are_kept)
{
	struct timespec when[2] = { { -1, 999999999 }, { -2147483649, 5 } };
	struct stat s;

	abi_fresh();
	CHECK(close(open("f", O_RDWR | O_CREAT, 0600)) == 0 && !utimensat(AT_FDCWD, "f", when, 0) && !stat("f", &s));
	CHECK(s.st_atim.tv_sec == -1 && s.st_atim.tv_nsec == 999999999 && s.st_mtim.tv_sec == -2147483649 && s.st_mtim.tv_nsec == 5);
	when[0] = (struct timespec){ -1, 0 };
	when[1] = (struct timespec){ 8589934592, 1 };
	CHECK(!utimensat(AT_FDCWD, "f", when, 0) && !stat("f", &s) && s.st_atim.tv_sec == -1 && !s.st_atim.tv_nsec);
	CHECK(s.st_mtim.tv_sec == 8589934592 && s.st_mtim.tv_nsec == 1);
	CHECK(close(open("f", O_WRONLY)) == 0 && read(open("f", O_RDONLY), &s, 1) == 0);
}
