// SPDX-License-Identifier: GPL-2.0
/* Files, names and directories: what the calls do and how they fail. Each case works in a fresh directory. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>
#include "abi.h"

/* An address nothing is at; volatile, so that the compiler does not look through it. */

/* Into a new directory of this case alone, on the file system of /tmp. */
static int make(const char *name, const char *text)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	return fd;
}

static mode_t mode_of(const char *name)
{
	struct stat s;

	return lstat(name, &s) ? 0 : s.st_mode;
}

ABI_CASE(open_reports_what_is_wrong_with_the_path)
{
	char longname[300], longpath[5000];

	abi_fresh();
	close(make("f", "x"));
	memset(longname, 'a', sizeof(longname));
	longname[256] = '\0';
	memset(longpath, '/', sizeof(longpath));
	longpath[4999] = '\0';
	CHECK_ERR(open("none", O_RDONLY), ENOENT);
	CHECK_ERR(open("", O_RDONLY), ENOENT);
	CHECK_ERR(open("none/x", O_RDONLY), ENOENT);
	CHECK_ERR(open("f/x", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERR(open(longname, O_RDONLY), ENAMETOOLONG);
	CHECK_ERR(open(longpath, O_RDONLY), ENAMETOOLONG);
	CHECK_ERR(open(BAD, O_RDONLY), EFAULT);
	CHECK_ERR(open(".", O_RDWR), EISDIR);
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open("f", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERR(open("new/", O_RDWR | O_CREAT, 0600), EISDIR);
	CHECK_ERR(openat(-1, "f", O_RDONLY), EBADF);
	CHECK_ERR(openat(open("f", O_RDONLY), "x", O_RDONLY), ENOTDIR);
	CHECK(openat(-1, "/tmp", O_RDONLY) >= 0);
}

ABI_CASE(umask_and_mode_make_the_permissions)
{
	abi_fresh();
	umask(027);
	close(open("f", O_CREAT | O_RDWR, 0666));
	CHECK(mode_of("f") == (S_IFREG | 0640));
	CHECK(!mkdir("d", 0777) && mode_of("d") == (S_IFDIR | 0750));
	CHECK(!chmod("f", 04711) && mode_of("f") == (S_IFREG | 04711));
	CHECK(umask(022) == 027);
}

ABI_CASE(descriptors_take_the_lowest_free_number)
{
	int a, b;

	abi_fresh();
	a = make("f", "");
	b = dup(a);
	CHECK(b == a + 1 && dup2(a, 50) == 50 && fcntl(a, F_DUPFD, 40) == 40);
	CHECK(!close(a) && open("f", O_RDONLY) == a);
	CHECK(dup2(b, b) == b);
	CHECK_ERR(dup2(99, 1), EBADF);
	CHECK_ERR(dup3(b, b, 0), EINVAL);
	CHECK_ERR(dup2(b, -1), EBADF);
	CHECK_ERR(close(99), EBADF);
	CHECK_ERR(fcntl(b, F_DUPFD, -1), EINVAL);
	CHECK(dup3(b, 51, O_CLOEXEC) == 51 && fcntl(51, F_GETFD) == FD_CLOEXEC);
}

ABI_CASE(the_limit_of_descriptors_is_emfile)
{
	struct rlimit l = { 20, 20 };
	int fd, last = -1;

	CHECK(!setrlimit(RLIMIT_NOFILE, &l));
	while ((fd = dup(0)) >= 0)
		last = fd;
	CHECK(errno == EMFILE && last == 19);
	CHECK_ERR(dup2(0, 20), EBADF);
	CHECK_ERR(open("/", O_RDONLY), EMFILE);
}

ABI_CASE(reads_and_writes_check_the_access_mode)
{
	char c;
	int fd;

	abi_fresh();
	close(make("f", "abc"));
	fd = open("f", O_RDONLY);
	CHECK_ERR(write(fd, "x", 1), EBADF);
	CHECK_ERR(read(open("f", O_WRONLY), &c, 1), EBADF);
	CHECK_ERR(read(-1, &c, 1), EBADF);
	CHECK_ERR(read(open(".", O_RDONLY), &c, 1), EISDIR);
	CHECK_ERR(read(fd, BAD, 1), EFAULT);
	CHECK_ERR(read(fd, (void *)0xffff800000000000ul, 1), EFAULT);
	CHECK_ERR(read(open("f", O_PATH), &c, 1), EBADF);
	CHECK_ERR(ftruncate(fd, 0), EINVAL);
}

ABI_CASE(position_belongs_to_the_open_file)
{
	char c[4] = "";
	int fd, two;

	abi_fresh();
	fd = make("f", "abcdef");
	two = dup(fd);
	CHECK(lseek(fd, 2, SEEK_SET) == 2 && read(two, c, 1) == 1 && c[0] == 'c');
	CHECK(pread(fd, c, 1, 5) == 1 && c[0] == 'f' && lseek(fd, 0, SEEK_CUR) == 3);
	CHECK(lseek(fd, -1, SEEK_END) == 5 && read(fd, c, 4) == 1 && read(fd, c, 4) == 0);
	CHECK(lseek(fd, 100, SEEK_SET) == 100 && read(fd, c, 1) == 0);
	CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK(lseek(fd, INT64_MAX, SEEK_SET) == INT64_MAX && lseek(fd, 1, SEEK_CUR) == -1 && errno == EINVAL);
	CHECK_ERR(lseek(fd, 0, 9), EINVAL);
	CHECK_ERR(pread(fd, c, 1, -1), EINVAL);
	CHECK_ERR(lseek(-1, 0, SEEK_SET), EBADF);
}

ABI_CASE(append_always_writes_at_the_end)
{
	char c[8] = "";
	int fd;

	abi_fresh();
	close(make("f", "abc"));
	fd = open("f", O_RDWR | O_APPEND);
	CHECK(lseek(fd, 0, SEEK_SET) == 0 && write(fd, "d", 1) == 1 && lseek(fd, 0, SEEK_CUR) == 4);
	CHECK(pread(fd, c, 8, 0) == 4 && !memcmp(c, "abcd", 4));
}

ABI_CASE(holes_read_as_zero_and_cost_nothing)
{
	struct stat s;
	char c = 1;
	int fd;

	abi_fresh();
	fd = make("f", "a");
	CHECK(pwrite(fd, "b", 1, 10 << 20) == 1 && !fstat(fd, &s));
	CHECK(s.st_size == (10 << 20) + 1 && s.st_blocks <= 32);
	CHECK(pread(fd, &c, 1, 5 << 20) == 1 && c == 0);
	CHECK(lseek(fd, 0, SEEK_HOLE) <= 65536 && lseek(fd, 1 << 20, SEEK_DATA) == 10 << 20);
	CHECK_ERR(lseek(fd, 11 << 20, SEEK_DATA), ENXIO);
}

ABI_CASE(truncation_cuts_and_extends_with_zeroes)
{
	char c[8] = "xxxxxxx";
	struct stat s;
	int fd;

	abi_fresh();
	fd = make("f", "abcdefgh");
	CHECK(!ftruncate(fd, 3) && !ftruncate(fd, 6));
	CHECK(pread(fd, c, 8, 0) == 6 && !memcmp(c, "abc\0\0\0", 6));
	CHECK(!truncate("f", 0) && !fstat(fd, &s) && s.st_size == 0 && s.st_blocks == 0);
	CHECK_ERR(truncate("f", -1), EINVAL);
	CHECK_ERR(truncate(".", 0), EISDIR);
	CHECK_ERR(truncate("none", 0), ENOENT);
}

static volatile sig_atomic_t noted;

static void note(int sig)
{
	noted = sig;
}

ABI_CASE(the_file_size_limit_signals)
{
	struct rlimit l = { 100, 100 };
	char block[200] = "";
	int fd;

	abi_fresh();
	fd = make("f", "");
	signal(SIGXFSZ, SIG_IGN);
	CHECK(!setrlimit(RLIMIT_FSIZE, &l));
	CHECK(write(fd, block, 200) == 100);
	CHECK_ERR(write(fd, block, 1), EFBIG);
	CHECK_ERR(ftruncate(fd, 101), EFBIG);
	CHECK(!fallocate(fd, 0, 0, 100));
	CHECK_ERR(fallocate(fd, 0, 50, 51), EFBIG);
	CHECK_ERR(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 101), EFBIG);
	CHECK(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 500));
	l.rlim_cur = 10;
	CHECK(!setrlimit(RLIMIT_FSIZE, &l) && !ftruncate(fd, 50) && !fallocate(fd, 0, 0, 40));
	signal(SIGXFSZ, note);
	CHECK_ERR(fallocate(fd, 0, 0, 51), EFBIG);
	CHECK(noted == SIGXFSZ);
}

ABI_CASE(vectors_move_in_order_and_are_checked)
{
	char a[2], b[3];
	struct iovec in[3] = { { "ab", 2 }, { NULL, 0 }, { "cde", 3 } }, out[2] = { { a, 2 }, { b, 3 } }, bad = { a, (size_t)-1 };
	int fd;

	abi_fresh();
	fd = make("f", "");
	CHECK(writev(fd, in, 3) == 5 && preadv(fd, out, 2, 0) == 5 && !memcmp(a, "ab", 2) && !memcmp(b, "cde", 3));
	CHECK_ERR(writev(fd, &bad, 1), EINVAL);
	CHECK_ERR(writev(fd, in, -1), EINVAL);
	CHECK_ERR(writev(fd, in, 1025), EINVAL);
	CHECK_ERR(readv(fd, BAD, 1), EFAULT);
	CHECK(writev(fd, in, 0) == 0);
}

ABI_CASE(mkdir_and_rmdir)
{
	struct stat s;

	abi_fresh();
	CHECK(!mkdir("d", 0755) && !mkdir("d/e/", 0755));
	CHECK(!stat("d", &s) && s.st_nlink >= 1);
	CHECK_ERR(mkdir("d", 0755), EEXIST);
	CHECK_ERR(mkdir(".", 0755), EEXIST);
	CHECK_ERR(mkdir("/", 0755), EEXIST);
	CHECK_ERR(mkdir("no/d", 0755), ENOENT);
	CHECK_ERR(rmdir("d"), ENOTEMPTY);
	CHECK_ERR(rmdir("d/."), EINVAL);
	CHECK_ERR(rmdir("d/e/.."), ENOTEMPTY);
	CHECK_ERR(rmdir("/"), EBUSY);
	CHECK(!rmdir("d/e") && !rmdir("d"));
	close(make("f", ""));
	CHECK_ERR(rmdir("f"), ENOTDIR);
	CHECK_ERR(mkdir("f/x", 0755), ENOTDIR);
}

ABI_CASE(unlink_leaves_the_open_file)
{
	struct stat s;
	char c;
	int fd;

	abi_fresh();
	fd = make("f", "x");
	CHECK(!unlink("f") && !fstat(fd, &s) && s.st_nlink == 0 && pread(fd, &c, 1, 0) == 1 && c == 'x');
	CHECK_ERR(unlink("f"), ENOENT);
	CHECK(!mkdir("d", 0755));
	CHECK_ERR(unlink("d"), EISDIR);
	CHECK_ERR(unlink("."), EISDIR);
	CHECK_ERR(unlinkat(AT_FDCWD, "d", 0x1000000), EINVAL);
	CHECK(!unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
}

ABI_CASE(links_share_the_file)
{
	struct stat a, b;

	abi_fresh();
	close(make("f", "x"));
	CHECK(!link("f", "g") && !stat("f", &a) && !stat("g", &b) && a.st_ino == b.st_ino && a.st_nlink == 2);
	CHECK_ERR(link("f", "g"), EEXIST);
	CHECK_ERR(link("none", "h"), ENOENT);
	CHECK_ERR(link("f", "h/"), ENOENT);
	CHECK(!mkdir("d", 0755));
	CHECK_ERR(link("d", "e"), EPERM);
	CHECK_ERR(link("f", "/dev/abi-link"), EXDEV);
	CHECK(!unlink("f") && !stat("g", &b) && b.st_nlink == 1);
}

ABI_CASE(symbolic_links_are_followed_where_they_should_be)
{
	char text[8] = "";
	struct stat s;

	abi_fresh();
	close(make("f", "x"));
	CHECK(!symlink("f", "l") && !symlink("none", "dangling") && !symlink("loop", "loop") && !mkdir("d", 0755) && !symlink("d", "ld"));
	CHECK(readlink("l", text, 8) == 1 && text[0] == 'f' && readlink("dangling", text, 2) == 2);
	CHECK(!stat("l", &s) && S_ISREG(s.st_mode) && !lstat("l", &s) && S_ISLNK(s.st_mode) && s.st_size == 1);
	CHECK(!lstat("ld/", &s) && S_ISDIR(s.st_mode));
	CHECK_ERR(stat("dangling", &s), ENOENT);
	CHECK_ERR(stat("loop", &s), ELOOP);
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERR(readlink("f", text, 8), EINVAL);
	CHECK_ERR(syscall(SYS_readlink, "l", text, 0), EINVAL);
	CHECK_ERR(symlink("x", "l"), EEXIST);
	CHECK_ERR(symlink("", "e"), ENOENT);
	CHECK_ERR(rmdir("ld"), ENOTDIR);
	CHECK(open("dangling", O_RDWR | O_CREAT, 0600) >= 0 && !access("none", F_OK));
}

ABI_CASE(forty_links_are_followed_and_no_more)
{
	char name[8], target[8];
	int i;

	abi_fresh();
	close(make("0", "x"));
	for (i = 1; i <= 41; i++) {
		sprintf(name, "%d", i);
		sprintf(target, "%d", i - 1);
		CHECK(!symlink(target, name));
	}
	CHECK(!access("40", F_OK));
	CHECK_ERR(access("41", F_OK), ELOOP);
}

ABI_CASE(rename_replaces_and_refuses)
{
	struct stat s;

	abi_fresh();
	close(make("a", "aa"));
	close(make("b", "b"));
	CHECK(!mkdir("d", 0755) && !mkdir("e", 0755) && !mkdir("e/x", 0755));
	CHECK(!rename("a", "b") && !stat("b", &s) && s.st_size == 2);
	CHECK_ERR(stat("a", &s), ENOENT);
	CHECK_ERR(rename("a", "c"), ENOENT);
	CHECK_ERR(rename("b", "d"), EISDIR);
	CHECK_ERR(rename("d", "b"), ENOTDIR);
	CHECK_ERR(rename("d", "e"), ENOTEMPTY);
	CHECK_ERR(rename("e", "e/x/y"), EINVAL);
	CHECK_ERR(rename("e/x", "e"), ENOTEMPTY);
	CHECK_ERR(rename("b", "c/"), ENOTDIR);
	CHECK_ERR(rename(".", "z"), EBUSY);
	CHECK_ERR(rename("b", "/proc/z"), EXDEV);
	CHECK(!rename("e", "d") && !stat("d/x", &s));
	CHECK(!rename("b", "b") && !link("b", "b2") && !rename("b", "b2") && !stat("b", &s));
	CHECK(!rename("d/", "g/") && !stat("g/x", &s));
}

ABI_CASE(rename2_keeps_or_swaps)
{
	struct stat s;

	abi_fresh();
	close(make("a", "1"));
	close(make("b", "22"));
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 1), EEXIST);
	CHECK(!syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "c", 1));
	CHECK(!syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "b", 2) && !stat("b", &s) && s.st_size == 1 && !stat("c", &s) && s.st_size == 2);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "none", 2), ENOENT);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "b", 3), EINVAL);
}

ABI_CASE(directories_list_every_name_once)
{
	char name[8], seen[300] = "";
	struct dirent *e;
	int i, dots = 0;
	DIR *d;

	abi_fresh();
	for (i = 0; i < 300; i++) {
		sprintf(name, "%d", i);
		close(make(name, ""));
	}
	d = opendir(".");
	CHECK(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.') {
			dots++;
			CHECK(e->d_type == DT_DIR);
			continue;
		}
		i = atoi(e->d_name);
		CHECK(i >= 0 && i < 300 && !seen[i]++ && e->d_type == DT_REG);
		CHECK(!unlink(e->d_name));
	}
	CHECK(dots == 2 && !memchr(seen, 0, 300));
}

ABI_CASE(getdents_refuses_what_cannot_hold_an_entry)
{
	char buffer[64];
	int fd;

	abi_fresh();
	fd = open(".", O_RDONLY);
	CHECK_ERR(syscall(SYS_getdents64, fd, buffer, 8), EINVAL);
	CHECK_ERR(syscall(SYS_getdents64, make("f", ""), buffer, 64), ENOTDIR);
	CHECK_ERR(syscall(SYS_getdents64, fd, BAD, 64), EFAULT);
}

ABI_CASE(the_current_directory_has_a_name)
{
	char path[PATH_MAX], short_path[2];

	abi_fresh();
	CHECK(!mkdir("d", 0755) && !chdir("d") && getcwd(path, sizeof(path)) && !strcmp(path + strlen(path) - 2, "/d"));
	CHECK(!getcwd(short_path, 2) && errno == ERANGE);
	CHECK(!rmdir("../d") && !getcwd(path, sizeof(path)) && errno == ENOENT);
	CHECK_ERR(open("x", O_CREAT | O_RDWR, 0600), ENOENT);
	CHECK(!chdir("..") && !chdir("/") && getcwd(path, sizeof(path)) && !strcmp(path, "/"));
	CHECK(!chdir("..") && getcwd(path, sizeof(path)) && !strcmp(path, "/"));
	CHECK_ERR(chdir("/none"), ENOENT);
	CHECK_ERR(fchdir(99), EBADF);
}

ABI_CASE(permissions_bind_everybody_but_root)
{
	abi_fresh();
	close(make("f", "x"));
	CHECK(!chmod("f", 0640) && !mkdir("d", 0700) && !chmod(".", 0755));
	CHECK(!access("f", R_OK | W_OK));
	CHECK_ERR(access("f", X_OK), EACCES);
	CHECK(!setgid(1000) && !setuid(1000));
	CHECK_ERR(open("f", O_RDONLY), EACCES);
	CHECK_ERR(open("d/x", O_RDONLY), EACCES);
	CHECK_ERR(open("new", O_CREAT | O_RDWR, 0600), EACCES);
	CHECK_ERR(unlink("f"), EACCES);
	CHECK_ERR(chmod("f", 0777), EPERM);
	CHECK_ERR(chown("f", 1000, 1000), EPERM);
	CHECK_ERR(mknod("/tmp/abi-null", S_IFCHR | 0666, makedev(1, 3)), EPERM);
	CHECK_ERR(chroot("/"), EPERM);
}

ABI_CASE(the_sticky_bit_keeps_others_from_removing)
{
	abi_fresh();
	CHECK(!chmod(".", 01777));
	close(make("f", ""));
	CHECK(!setuid(1000));
	CHECK_ERR(unlink("f"), EPERM);
	CHECK_ERR(rename("f", "g"), EPERM);
	close(make("mine", ""));
	CHECK(!unlink("mine"));
}

ABI_CASE(times_can_be_set_and_left)
{
	struct timespec t[2] = { { 1000, 5 }, { 2000, 6 } };
	struct stat s;

	abi_fresh();
	close(make("f", ""));
	CHECK(!utimensat(AT_FDCWD, "f", t, 0) && !stat("f", &s) && s.st_atim.tv_sec == 1000 && s.st_atim.tv_nsec == 5 && s.st_mtim.tv_sec == 2000);
	t[0].tv_nsec = UTIME_OMIT;
	t[1].tv_nsec = UTIME_NOW;
	CHECK(!utimensat(AT_FDCWD, "f", t, 0) && !stat("f", &s) && s.st_atim.tv_sec == 1000 && s.st_mtim.tv_sec > 100000);
	t[0].tv_nsec = 1000000000;
	CHECK_ERR(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
}

ABI_CASE(devices_do_what_they_are_for)
{
	char c[4] = "abc";
	int fd = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR), null = open("/dev/null", O_RDWR);

	CHECK(read(fd, c, 4) == 4 && !c[0] && !c[3] && read(null, c, 4) == 0 && write(null, c, 4) == 4);
	CHECK_ERR(write(full, c, 1), ENOSPC);
	CHECK(read(open("/dev/urandom", O_RDONLY), c, 4) == 4);
	CHECK_ERR(ioctl(null, 0x5401, c), ENOTTY);
	CHECK(lseek(null, 5, SEEK_SET) == 0);
}

ABI_CASE(a_mapping_and_the_file_are_the_same_bytes)
{
	char c = 0, *shared, *private;
	int fd;

	abi_fresh();
	fd = make("f", "abcdef");
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(shared != MAP_FAILED && private != MAP_FAILED && shared[1] == 'b' && !shared[6]);
	shared[0] = 'X';
	CHECK(pread(fd, &c, 1, 0) == 1 && c == 'X' && private[0] == 'X');
	private[0] = 'P';
	CHECK(pread(fd, &c, 1, 0) == 1 && c == 'X' && shared[0] == 'X');
	CHECK(pwrite(fd, "Y", 1, 1) == 1 && shared[1] == 'Y');
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open("f", O_RDONLY), 0) == MAP_FAILED && errno == EACCES);
}

ABI_CASE(memfd_is_a_file_without_a_name)
{
	int fd = syscall(SYS_memfd_create, "test", 3u);
	struct stat s;

	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && !fstat(fd, &s) && s.st_size == 1 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(fcntl(fd, 1034) == 0 && fcntl(fd, 1033, 8) == 0);
	CHECK_ERR(write(fd, "x", 1), EPERM);
	CHECK_ERR(syscall(SYS_memfd_create, "x", 0x1000u), EINVAL);
}

ABI_CASE(copies_between_files)
{
	off_t at = 1;
	char c[8] = "";
	int a, b;

	abi_fresh();
	a = make("a", "abcdef");
	b = make("b", "");
	CHECK(sendfile(b, a, &at, 3) == 3 && at == 4 && pread(b, c, 8, 0) == 3 && !memcmp(c, "bcd", 3));
	CHECK(lseek(a, 0, SEEK_SET) == 0 && syscall(SYS_copy_file_range, a, NULL, b, NULL, 100, 0) == 6);
	CHECK(lseek(b, 0, SEEK_END) == 9);
}

ABI_CASE(locks_exclude_other_processes)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10 };
	pid_t pid;
	int fd;

	abi_fresh();
	fd = make("f", "");
	CHECK(!fcntl(fd, F_SETLK, &l));
	pid = fork();
	if (!pid) {
		struct flock q = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 15, .l_len = 1 };

		CHECK(!fcntl(fd, F_GETLK, &q) && q.l_type == F_WRLCK && q.l_pid == getppid() && q.l_start == 10 && q.l_len == 10);
		q = (struct flock){ .l_type = F_WRLCK, .l_start = 19, .l_len = 1 };
		CHECK_ERR(fcntl(fd, F_SETLK, &q), EAGAIN);
		q.l_start = 20;
		CHECK(!fcntl(fd, F_SETLK, &q));
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
	CHECK(!flock(fd, 2));
	CHECK_ERR(flock(open("f", O_RDWR), 2 | 4), EWOULDBLOCK);
	CHECK_ERR(flock(fd, 77), EINVAL);
}

ABI_CASE(fifo_names_join_two_processes)
{
	char c[4] = "";
	pid_t pid;

	abi_fresh();
	CHECK(!mkfifo("p", 0600));
	CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	pid = fork();
	if (!pid)
		_exit(write(open("p", O_WRONLY), "hi", 2) == 2 ? 0 : 1);
	CHECK(read(open("p", O_RDONLY), c, 4) == 2 && !memcmp(c, "hi", 2) && abi_wait(pid) == 0);
}

ABI_CASE(statx_tells_the_mount_and_the_birth)
{
	struct { uint32_t mask, blksize; uint64_t attributes, rest[5], attributes_mask; int64_t atime[2], btime[2], others[4]; uint64_t more[16]; } x;
	time_t now = time(NULL);

	abi_fresh();
	close(make("f", "x"));
	CHECK(!syscall(SYS_statx, AT_FDCWD, "f", 0, 0x1fff, &x) && (x.mask & 0x1800) == 0x1800);
	CHECK(x.btime[0] >= now - 1 && x.btime[0] <= now + 5 && !(x.attributes & 0x2000) && (x.attributes_mask & 0x2000));
	CHECK(!syscall(SYS_statx, AT_FDCWD, "/proc", 0, 0x1fff, &x) && (x.attributes & 0x2000));
	CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", 0x6000, 0x7ff, &x), EINVAL);
}

ABI_CASE(statx_and_stat_agree)
{
	struct { uint32_t mask, blksize; uint64_t attributes; uint32_t nlink, uid, gid; uint16_t mode, pad; uint64_t ino, size, rest[40]; } x;
	struct stat s;

	abi_fresh();
	close(make("f", "abc"));
	CHECK(!stat("f", &s) && !syscall(SYS_statx, AT_FDCWD, "f", 0, 0x7ff, &x));
	CHECK(x.ino == s.st_ino && x.size == 3 && x.mode == s.st_mode && x.nlink == 1);
	CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x80000000u, &x), EINVAL);
	CHECK_ERR(syscall(SYS_stat, "f", BAD), EFAULT);
	CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "f", &s, 0x10), EINVAL);
}

ABI_CASE(openat2_stays_where_it_is_told)
{
	struct { uint64_t flags, mode, resolve; } how = { O_RDONLY, 0, 8 };

	abi_fresh();
	close(make("f", ""));
	CHECK(!mkdir("d", 0755) && !symlink("/tmp", "out") && !symlink("f", "l"));
	CHECK(syscall(SYS_openat2, AT_FDCWD, "d/../f", &how, sizeof(how)) >= 0);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "../x", &how, sizeof(how)), EXDEV);
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "out", &how, sizeof(how)), EXDEV);
	how.resolve = 4;
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "l", &how, sizeof(how)), ELOOP);
	how.resolve = 0x1000;
	CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, "f", &how, sizeof(how)), EINVAL);
}
