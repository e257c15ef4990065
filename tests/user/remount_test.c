// SPDX-License-Identifier: GPL-2.0
/* Mounts and what is told of them: access times, read only while files are written to, flags, options and sizes of tmpfs, whiteouts. Root's alone. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <uapi/ferry/linux_mount.h>
#include "abi.h"

#define AGAIN(flags)	mount(NULL, "m", NULL, MS_REMOUNT | (flags), NULL)
#define WHITEOUT	4	/* RENAME_WHITEOUT */

/* A tmpfs on m in a fresh directory, and the end of its path, as /proc/mounts has it. */
static const char *here;

static void make(unsigned long flags, const char *options)
{
	static char path[256];

	abi_fresh();
	CHECK(getcwd(path, sizeof(path)) && !mkdir("m", 0755) && !mount("src", "m", "tmpfs", flags, options));
	strcat(path, "/m ");
	here = path;
}

/* What stands behind "@here tmpfs " in /proc/self/mounts. */
static void expect_options(const char *options)
{
	static char line[512];
	FILE *f = fopen("/proc/self/mounts", "r");
	char *at = NULL;

	CHECK(f);
	while (!at && fgets(line, sizeof(line), f))
		at = strstr(line, here);
	CHECK(at && !fclose(f));
	at = strstr(at, " tmpfs ") + 7;
	at[strcspn(at, " ")] = '\0';
	if (strcmp(at, options))
		printf("# %s instead of %s\n", at, options);
	CHECK(!strcmp(at, options));
}

static int make_file(const char *name)
{
	int fd = open(name, O_CREAT | O_RDWR, 0600);

	CHECK(fd >= 0 && write(fd, "abc", 3) == 3);
	return fd;
}

ABI_CASE(access_times_are_kept_as_the_mount_says)
{
	if (geteuid())
		return;
	make(0, "");
	expect_options("rw,relatime,inode64");
	CHECK(!AGAIN(0));
	expect_options("rw,relatime,inode64");
	CHECK(!AGAIN(MS_NOATIME) && !AGAIN(MS_NOSUID));
	expect_options("rw,nosuid,noatime,inode64");
	CHECK(!AGAIN(MS_NODIRATIME) && !AGAIN(MS_BIND));
	expect_options("rw,nodiratime,relatime,inode64");
	CHECK(!AGAIN(MS_STRICTATIME) && !AGAIN(0));
	expect_options("rw,inode64");
	CHECK(!AGAIN(MS_NOATIME | MS_STRICTATIME));
	expect_options("rw,inode64");
	CHECK(!AGAIN(MS_RELATIME));
	expect_options("rw,relatime,inode64");
	CHECK(!umount("m") && !mount("x", "m", "tmpfs", MS_NOATIME, NULL));
	expect_options("rw,noatime,inode64");
	CHECK(!umount("m"));
}

/* Set times to so many seconds ago; whether @read moves the access time. */
static bool moves(const char *name, int atime, int mtime, void (*read)(const char *name))
{
	struct timespec t[2] = { { time(NULL) - atime, 0 }, { time(NULL) - mtime, 0 } };
	struct stat before, after;

	CHECK(!utimensat(AT_FDCWD, name, t, AT_SYMLINK_NOFOLLOW) && !lstat(name, &before));
	read(name);
	CHECK(!lstat(name, &after));
	return memcmp(&before.st_atim, &after.st_atim, sizeof(before.st_atim));
}

static void by_read(const char *name)
{
	char c;
	int fd = open(name, O_RDONLY);

	CHECK(fd >= 0 && read(fd, &c, 1) == 1 && !close(fd));
}

static void by_readdir(const char *name)
{
	DIR *d = opendir(name);

	CHECK(d && readdir(d) && !closedir(d));
}

static void by_readlink(const char *name)
{
	char text[8];

	CHECK(readlink(name, text, sizeof(text)) > 0);
}

static void by_following(const char *name)
{
	CHECK(!access(name, F_OK));
}

static void expect_moves(bool file, bool dir)
{
	CHECK(moves("m/f", 100, 50, by_read) == file && moves("m/d", 100, 50, by_readdir) == dir);
	CHECK(moves("m/l", 100, 50, by_readlink) == file && moves("m/l", 100, 50, by_following) == file);
}

ABI_CASE(access_times_move_as_the_mount_says)
{
	if (geteuid())
		return;
	make(0, "");
	CHECK(!close(make_file("m/f")) && !mkdir("m/d", 0755) && !symlink("f", "m/l"));
	expect_moves(true, true);
	CHECK(moves("m/f", 90000, 100000, by_read));
	CHECK(!AGAIN(MS_NODIRATIME));
	expect_moves(true, false);
	CHECK(!AGAIN(MS_NOATIME));
	expect_moves(false, false);
	CHECK(!AGAIN(MS_STRICTATIME));
	expect_moves(true, true);
	CHECK(moves("m/f", -50, 100, by_read));
	CHECK(!AGAIN(MS_RELATIME) && !moves("m/f", -50, 100, by_read) && !umount("m"));
}

static void expect_busy(void)
{
	CHECK_ERR(AGAIN(MS_RDONLY), EBUSY);
	expect_options("rw,relatime,inode64");
}

static void expect_free(void)
{
	CHECK(!AGAIN(MS_RDONLY));
	expect_options("ro,relatime,inode64");
	CHECK_ERR(open("m/f", O_RDWR), EROFS);
	CHECK(!AGAIN(0));
}

ABI_CASE(what_is_written_to_does_not_become_read_only)
{
	void *map;
	int fd;

	if (geteuid())
		return;
	make(0, "");
	fd = make_file("m/f");
	expect_busy();
	CHECK_ERR(AGAIN(MS_RDONLY | MS_BIND), EBUSY);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED && !close(fd));
	expect_busy();
	CHECK(!munmap(map, 4096));
	expect_free();
	fd = open("m/f", O_RDONLY);
	expect_free();
	CHECK(!unlink("m/f"));		/* it goes when it is closed, which would be a change */
	expect_busy();
	CHECK(!close(fd));
	CHECK(!AGAIN(MS_RDONLY) && !AGAIN(0) && (fd = open("m", O_TMPFILE | O_RDWR, 0600)) >= 0);
	expect_busy();
	CHECK(!close(fd) && !close(make_file("m/f")));
	CHECK(!mkfifo("m/p", 0600) && (fd = open("m/p", O_RDWR)) >= 0);
	expect_free();
	CHECK(!close(fd) && !umount("m"));
}

ABI_CASE(each_mount_counts_its_own_writers)
{
	struct linux_mount_attr ro = { .attr_set = LINUX_MOUNT_ATTR_RDONLY };
	int fd;

	if (geteuid())
		return;
	make(0, "");
	CHECK(!mkdir("b", 0755) && !mount("m", "b", NULL, MS_BIND | MS_NOSUID, NULL));
	fd = make_file("m/f");
	CHECK(!mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	CHECK_ERR(open("b/f", O_RDWR), EROFS);
	CHECK(!mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND, NULL));
	CHECK_ERR(mount(NULL, "b", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
	CHECK_ERR(syscall(SYS_mount_setattr, AT_FDCWD, "m", 0, &ro, sizeof(ro)), EBUSY);
	CHECK(!syscall(SYS_mount_setattr, AT_FDCWD, "b", 0, &ro, sizeof(ro)) && !close(fd));
	CHECK(!syscall(SYS_mount_setattr, AT_FDCWD, "m", 0, &ro, sizeof(ro)) && !umount("b") && !umount("m"));
	CHECK_ERR(mount("", "m", NULL, MS_BIND, NULL), EINVAL);
	CHECK_ERR(mount("x", "m", "tmpfs", (unsigned long)MS_NOUSER, NULL), EINVAL);
}

ABI_CASE(flags_of_a_file_system_are_told)
{
	struct statvfs s;

	if (geteuid())
		return;
	make(MS_SYNCHRONOUS | MS_DIRSYNC, "lazytime");
	expect_options("rw,sync,dirsync,lazytime,relatime,inode64");
	CHECK(!statvfs("m", &s) && (s.f_flag & (ST_SYNCHRONOUS | ST_RELATIME | ST_MANDLOCK)) == (ST_SYNCHRONOUS | ST_RELATIME));
	CHECK(!AGAIN(MS_MANDLOCK));
	expect_options("rw,dirsync,mand,relatime,inode64");
	CHECK(!mount(NULL, "m", NULL, MS_REMOUNT, "ro,nomand"));
	expect_options("ro,dirsync,relatime,inode64");
	CHECK(!umount("m") && !mount("x", "m", "tmpfs", 0, "ro,size=1m"));
	expect_options("ro,relatime,size=1024k,inode64");
	CHECK(!umount("m"));
}

ABI_CASE(options_of_tmpfs_are_told_and_checked)
{
	struct statfs s;

	if (geteuid())
		return;
	make(0, "size=4097,nr_inodes=10k,mode=700,uid=5,gid=6,huge=never,mpol=default");
	expect_options("rw,relatime,size=8k,nr_inodes=10240,mode=700,uid=5,gid=6,inode64");
	CHECK(!statfs("m", &s) && s.f_blocks == 2 && s.f_files == 10240 && !umount("m"));
	CHECK(!mount("x", "m", "tmpfs", 0, "size=0,nr_inodes=0,inode32"));
	expect_options("rw,relatime,size=0k,nr_inodes=0,inode32");
	CHECK(!statfs("m", &s) && !s.f_blocks && !s.f_files && !close(make_file("m/f")));
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT, "size=1m"), EINVAL);
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT, "nr_inodes=5"), EINVAL);
	CHECK(!umount("m") && !mount("x", "m", "tmpfs", 0, "size=1m,nr_inodes=100") && !close(make_file("m/f")));
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT, "nr_inodes=1"), EINVAL);
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT, "bogus"), EINVAL);
	CHECK(!mount(NULL, "m", NULL, MS_REMOUNT, "nr_inodes=2,mode=700") && !mount(NULL, "m", NULL, MS_REMOUNT, "size=0"));
	expect_options("rw,relatime,size=0k,nr_inodes=2,inode64");
	CHECK_ERR(mount("x", "m", "tmpfs", 0, "huge=sometimes"), EINVAL);
	CHECK_ERR(mount("x", "m", "tmpfs", 0, "size"), EINVAL);
	CHECK(!umount("m"));
}

ABI_CASE(a_whiteout_stays_where_a_file_was)
{
	struct stat s;

	if (geteuid())
		return;
	make(0, "nr_inodes=9");
	CHECK(!close(make_file("m/a")) && !mkdir("m/d", 0755) && !mkdir("m/e", 0755));
	CHECK(!syscall(SYS_renameat2, AT_FDCWD, "m/a", AT_FDCWD, "m/b", WHITEOUT));
	CHECK(!lstat("m/a", &s) && s.st_mode == S_IFCHR && !s.st_rdev && s.st_nlink == 1 && !lstat("m/b", &s) && S_ISREG(s.st_mode));
	CHECK_ERR(open("m/a", O_RDONLY), ENXIO);
	CHECK(!syscall(SYS_renameat2, AT_FDCWD, "m/d", AT_FDCWD, "m/e/d", WHITEOUT) && !lstat("m/d", &s) && S_ISCHR(s.st_mode));
	CHECK(!stat("m", &s) && s.st_nlink == 3 && s.st_size == 6 * 20);
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "m/b", AT_FDCWD, "m/e", WHITEOUT | 2), EINVAL);
	CHECK(!link("m/b", "m/c") && !syscall(SYS_renameat2, AT_FDCWD, "m/b", AT_FDCWD, "m/c", WHITEOUT) && !lstat("m/b", &s) && S_ISREG(s.st_mode));
	CHECK(!close(make_file("m/f")) && !close(make_file("m/g")));	/* a second name counts too */
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "m/f", AT_FDCWD, "m/h", WHITEOUT), ENOSPC);
	CHECK(!access("m/f", F_OK) && !unlink("m/g") && !chmod("m", 0777) && !setresuid(77, 77, 77));
	CHECK(!mknod("m/w", S_IFCHR | 0600, 0));
	CHECK_ERR(mknod("m/w2", S_IFCHR | 0600, 1), EPERM);
}
