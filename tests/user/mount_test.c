// SPDX-License-Identifier: GPL-2.0
/* Mounts by descriptors (fsopen, fsconfig, fsmount, fspick, open_tree, move_mount, mount_setattr), remounts, trees, pivot_root. Root's alone. */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <uapi/ferry/linux_mount.h>
#include "abi.h"

#define EMPTY		0x1000	/* AT_EMPTY_PATH */
#define RECURSIVE	0x8000
#define NOSYMFOLLOW	0x2000	/* ST_NOSYMFOLLOW */

static int config(int fd, unsigned int command, const char *key, const void *value, int number)
{
	return syscall(SYS_fsconfig, fd, command, key, value, number);
}

/* A tmpfs of 64 KiB that hangs nowhere. */
static int make_tree(unsigned int attrs)
{
	int fs = syscall(SYS_fsopen, "tmpfs", LINUX_FSOPEN_CLOEXEC), tree;

	CHECK(fs >= 0 && !config(fs, LINUX_FSCONFIG_SET_STRING, "source", "made", 0) && !config(fs, LINUX_FSCONFIG_SET_STRING, "size", "64k", 0));
	CHECK(!config(fs, LINUX_FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	tree = syscall(SYS_fsmount, fs, LINUX_FSMOUNT_CLOEXEC, attrs);
	CHECK(tree >= 0 && (fcntl(tree, F_GETFD) & FD_CLOEXEC) && !close(fs));
	return tree;
}

static int hang(int tree, const char *where)
{
	return syscall(SYS_move_mount, tree, "", AT_FDCWD, where, LINUX_MOVE_MOUNT_F_EMPTY_PATH);
}

static unsigned long flags_of(const char *path)
{
	struct statvfs s;

	CHECK(!statvfs(path, &s));
	return s.f_flag;
}

ABI_CASE(a_file_system_is_made_step_by_step)
{
	struct statvfs s;
	struct stat st;
	int tree, fd;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("m", 0755));
	tree = make_tree(LINUX_MOUNT_ATTR_NOSUID | LINUX_MOUNT_ATTR_NOATIME);
	fd = openat(tree, "before", O_CREAT | O_WRONLY, 0644);
	CHECK(fd >= 0 && !close(fd) && access("m/before", F_OK) == -1);
	CHECK(!hang(tree, "m") && !access("m/before", F_OK) && !fstatat(tree, "", &st, EMPTY));
	CHECK(!statvfs("m", &s) && s.f_blocks * s.f_bsize == 65536 && (s.f_flag & (ST_NOSUID | ST_NODEV | ST_NOATIME)) == (ST_NOSUID | ST_NOATIME));
	CHECK_ERR(umount("m"), EBUSY);		/* the descriptor */
	CHECK(!close(tree) && !umount("m") && access("m/before", F_OK) == -1);
}

ABI_CASE(a_tree_that_was_never_hung_goes_with_its_descriptor)
{
	int tree, again;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("m", 0755));
	tree = make_tree(0);
	CHECK(!mkdirat(tree, "d", 0755));
	again = syscall(SYS_open_tree, tree, "d", 0);
	CHECK(again >= 0 && !close(tree) && !faccessat(again, "", F_OK, EMPTY));
	CHECK_ERR(hang(again, "m"), EINVAL);
	CHECK(!close(again));
}

ABI_CASE(fsconfig_says_what_is_wrong)
{
	char text[256] = "";
	int fs, other;

	if (geteuid())
		return;
	abi_fresh();
	CHECK_ERR(syscall(SYS_fsopen, "nofs", 0), ENODEV);
	CHECK_ERR(syscall(SYS_fsopen, "tmpfs", 2), EINVAL);
	CHECK_ERR(syscall(SYS_fsopen, BAD, 0), EFAULT);
	fs = syscall(SYS_fsopen, "tmpfs", 0);
	other = open(".", O_RDONLY);
	CHECK(fs >= 0 && other >= 0);
	CHECK_ERR(read(fs, text, sizeof(text)), ENODATA);
	CHECK(!config(fs, LINUX_FSCONFIG_SET_PATH, "sync", "/", AT_FDCWD));	/* those of all file systems look at no value */
	CHECK_ERR(config(-1, LINUX_FSCONFIG_CMD_CREATE, NULL, NULL, 0), EINVAL);
	CHECK_ERR(config(999, LINUX_FSCONFIG_CMD_CREATE, NULL, NULL, 0), EBADF);
	CHECK_ERR(config(other, LINUX_FSCONFIG_CMD_CREATE, NULL, NULL, 0), EINVAL);
	CHECK_ERR(config(fs, 99, NULL, NULL, 0), EOPNOTSUPP);
	CHECK_ERR(config(fs, LINUX_FSCONFIG_SET_FLAG, "rw", "x", 0), EINVAL);
	CHECK_ERR(config(fs, LINUX_FSCONFIG_SET_STRING, "size", NULL, 0), EINVAL);
	CHECK_ERR(config(fs, LINUX_FSCONFIG_SET_STRING, BAD, "x", 0), EFAULT);
	CHECK_ERR(config(fs, LINUX_FSCONFIG_SET_FD, "size", NULL, -1), EINVAL);
	CHECK_ERR(config(fs, LINUX_FSCONFIG_CMD_CREATE, "x", NULL, 0), EINVAL);
	CHECK_ERR(config(fs, LINUX_FSCONFIG_SET_STRING, "size", "many", 0), EINVAL);
	CHECK_ERR(config(fs, LINUX_FSCONFIG_SET_FLAG, "nonsense", NULL, 0), EINVAL);
	CHECK(read(fs, text, sizeof(text)) > 0 && strstr(text, "tmpfs: "));
	CHECK_ERR(config(fs, LINUX_FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0), EBUSY);
	CHECK_ERR(syscall(SYS_fsmount, fs, 0, 0), EINVAL);
	CHECK(!config(fs, LINUX_FSCONFIG_SET_STRING, "source", "a", 0));
	CHECK_ERR(config(fs, LINUX_FSCONFIG_SET_STRING, "source", "b", 0), EINVAL);
	CHECK(!config(fs, LINUX_FSCONFIG_SET_FLAG, "rw", NULL, 0) && !config(fs, LINUX_FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	CHECK_ERR(config(fs, LINUX_FSCONFIG_CMD_CREATE, NULL, NULL, 0), EBUSY);
	CHECK_ERR(config(fs, LINUX_FSCONFIG_SET_STRING, "size", "1m", 0), EBUSY);
	CHECK_ERR(syscall(SYS_fsmount, fs, 2, 0), EINVAL);
	CHECK_ERR(syscall(SYS_fsmount, fs, 0, LINUX_MOUNT_ATTR_ATIME), EINVAL);
	CHECK_ERR(syscall(SYS_fsmount, 999, 0, 0), EBADF);
	CHECK_ERR(syscall(SYS_fsmount, other, 0, 0), EINVAL);
	CHECK(syscall(SYS_fsmount, fs, 0, 0) >= 0);
	CHECK_ERR(syscall(SYS_fsmount, fs, 0, 0), EBUSY);
}

ABI_CASE(a_mounted_file_system_is_picked_and_changed)
{
	struct statvfs s;
	int tree, fs, fd;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("m", 0755));
	tree = make_tree(0);
	CHECK(!hang(tree, "m") && !close(tree) && !mkdir("m/d", 0755));
	CHECK_ERR(syscall(SYS_fspick, AT_FDCWD, "m/d", 0), EINVAL);
	CHECK_ERR(syscall(SYS_fspick, AT_FDCWD, "m", 0x10), EINVAL);
	CHECK_ERR(syscall(SYS_fspick, AT_FDCWD, "none", 0), ENOENT);
	fs = syscall(SYS_fspick, AT_FDCWD, "m", LINUX_FSPICK_CLOEXEC);
	CHECK(fs >= 0 && !config(fs, LINUX_FSCONFIG_SET_STRING, "size", "128k", 0) && !config(fs, LINUX_FSCONFIG_SET_FLAG, "ro", NULL, 0));
	CHECK_ERR(config(fs, LINUX_FSCONFIG_CMD_CREATE, NULL, NULL, 0), EBUSY);
	CHECK(!config(fs, LINUX_FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	CHECK(!statvfs("m", &s) && s.f_blocks * s.f_bsize == 131072 && (s.f_flag & ST_RDONLY));
	CHECK_ERR(mkdir("m/e", 0755), EROFS);
	CHECK(!mount(NULL, "m", NULL, MS_REMOUNT, "size=1m") && !statvfs("m", &s) && s.f_blocks * s.f_bsize == 1 << 20 && !(s.f_flag & ST_RDONLY));
	fd = open("m/f", O_CREAT | O_WRONLY, 0644);
	CHECK(fd >= 0 && !fallocate(fd, 0, 0, 65536));
	CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT, "size=8k"), EINVAL);
	CHECK(!close(fd) && !close(fs) && !umount("m"));
}

ABI_CASE(a_copied_tree_has_what_is_mounted_below)
{
	int one, all;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("m", 0755) && !mkdir("to", 0755) && !mount("a", "m", "tmpfs", 0, NULL) && !mkdir("m/in", 0755));
	CHECK(!mount("b", "m/in", "tmpfs", 0, NULL) && !mkdir("m/in/deep", 0755));
	CHECK_ERR(syscall(SYS_open_tree, AT_FDCWD, "m", RECURSIVE), EINVAL);
	CHECK_ERR(syscall(SYS_open_tree, AT_FDCWD, "none", 0), ENOENT);
	CHECK_ERR(syscall(SYS_open_tree, AT_FDCWD, "m", 2), EINVAL);
	one = syscall(SYS_open_tree, AT_FDCWD, "m", LINUX_OPEN_TREE_CLONE | LINUX_OPEN_TREE_CLOEXEC);
	all = syscall(SYS_open_tree, AT_FDCWD, "m", LINUX_OPEN_TREE_CLONE | RECURSIVE);
	CHECK(one >= 0 && all >= 0 && faccessat(one, "in/deep", F_OK, 0) == -1 && !faccessat(all, "in/deep", F_OK, 0));
	CHECK(!hang(all, "to") && !access("to/in/deep", F_OK) && !close(all) && !close(one));
	CHECK_ERR(umount("to"), EBUSY);
	CHECK(!umount2("to", MNT_DETACH) && access("to/in", F_OK) == -1 && !access("m/in/deep", F_OK));
	CHECK(!mount("m", "to", NULL, MS_BIND | MS_REC, NULL) && !access("to/in/deep", F_OK));
	CHECK(!umount("to/in") && !umount("to") && !umount("m/in") && !umount("m"));
}

ABI_CASE(move_mount_checks_both_ends)
{
	int tree, fd;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("a", 0755) && !mkdir("b", 0755) && !mount("x", "a", "tmpfs", 0, NULL) && !mkdir("a/d", 0755));
	CHECK(!syscall(SYS_move_mount, AT_FDCWD, "a", AT_FDCWD, "b", 0) && !access("b/d", F_OK) && access("a/d", F_OK) == -1);
	CHECK_ERR(syscall(SYS_move_mount, AT_FDCWD, "b/d", AT_FDCWD, "a", 0), EINVAL);
	CHECK_ERR(syscall(SYS_move_mount, AT_FDCWD, "b", AT_FDCWD, "b/d", 0), ELOOP);
	CHECK_ERR(syscall(SYS_move_mount, AT_FDCWD, "b", AT_FDCWD, "a", 0x8), EINVAL);
	CHECK_ERR(syscall(SYS_move_mount, AT_FDCWD, "b", AT_FDCWD, "none", 0), ENOENT);
	CHECK_ERR(syscall(SYS_move_mount, AT_FDCWD, "", AT_FDCWD, "a", 0), ENOENT);
	CHECK_ERR(syscall(SYS_move_mount, 999, "", AT_FDCWD, "a", LINUX_MOVE_MOUNT_F_EMPTY_PATH), EBADF);
	fd = creat("f", 0644);
	CHECK(fd >= 0);
	CHECK_ERR(syscall(SYS_move_mount, AT_FDCWD, "b", AT_FDCWD, "f", 0), EINVAL);
	tree = make_tree(0);
	CHECK(!mkdirat(tree, "in", 0755));
	CHECK_ERR(syscall(SYS_move_mount, AT_FDCWD, "b", tree, "in", 0), EINVAL);
	CHECK(!close(tree) && !umount("b"));
}

static int set(const char *path, unsigned int flags, uint64_t set, uint64_t clear, uint64_t propagation)
{
	struct linux_mount_attr a = { .attr_set = set, .attr_clr = clear, .propagation = propagation };

	return syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &a, sizeof(a));
}

ABI_CASE(attributes_of_a_mount_are_set_and_cleared)
{
	struct linux_mount_attr none = { 0 };

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("m", 0755) && !mount("x", "m", "tmpfs", 0, NULL) && !mkdir("m/in", 0755) && !mount("y", "m/in", "tmpfs", 0, NULL));
	CHECK(!symlink("in", "m/l"));
	CHECK(!set("m", 0, LINUX_MOUNT_ATTR_RDONLY | LINUX_MOUNT_ATTR_NOEXEC, 0, 0));
	CHECK((flags_of("m") & (ST_RDONLY | ST_NOEXEC)) == (ST_RDONLY | ST_NOEXEC) && !(flags_of("m/in") & ST_RDONLY));
	CHECK_ERR(mkdir("m/no", 0755), EROFS);
	CHECK(!set("m", RECURSIVE, LINUX_MOUNT_ATTR_NODEV, LINUX_MOUNT_ATTR_RDONLY, 0) && !mkdir("m/yes", 0755) && (flags_of("m/in") & ST_NODEV));
	CHECK(!set("m", 0, LINUX_MOUNT_ATTR_NOATIME, LINUX_MOUNT_ATTR_ATIME, 0) && (flags_of("m") & (ST_NOATIME | ST_RELATIME)) == ST_NOATIME);
	CHECK(!set("m", 0, LINUX_MOUNT_ATTR_NOSYMFOLLOW, 0, MS_PRIVATE) && (flags_of("m") & NOSYMFOLLOW) && !access("m/in", F_OK));
	CHECK_ERR(access("m/l", F_OK), ELOOP);
	CHECK_ERR(set("m", 0, LINUX_MOUNT_ATTR_NOATIME, 0, 0), EINVAL);
	CHECK_ERR(set("m", 0, LINUX_MOUNT_ATTR_ATIME, LINUX_MOUNT_ATTR_ATIME, 0), EINVAL);
	CHECK_ERR(set("m", 0, 1u << 30, 0, 0), EINVAL);
	CHECK_ERR(set("m", 0, 0, 0, MS_SHARED | MS_SLAVE), EINVAL);
	CHECK_ERR(set("m/yes", 0, LINUX_MOUNT_ATTR_RDONLY, 0, 0), EINVAL);
	CHECK_ERR(set("m", 0x10000, LINUX_MOUNT_ATTR_RDONLY, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_mount_setattr, AT_FDCWD, "m", 0, &none, 8), EINVAL);
	CHECK_ERR(syscall(SYS_mount_setattr, AT_FDCWD, "m", 0, &none, 5000), E2BIG);
	CHECK_ERR(syscall(SYS_mount_setattr, AT_FDCWD, "m", 0, BAD, sizeof(none)), EFAULT);
	CHECK(!syscall(SYS_mount_setattr, AT_FDCWD, "none", 0, &none, sizeof(none)));
	CHECK(!umount("m/in") && !umount("m"));
}

ABI_CASE(access_knows_mounts_whose_files_are_not_executed)
{
	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("m", 0755) && !mount("x", "m", "tmpfs", MS_NOEXEC, NULL) && !close(creat("m/f", 0755)) && !mkdir("m/d", 0755));
	CHECK_ERR(access("m/f", X_OK), EACCES);
	CHECK(!access("m/f", R_OK | W_OK) && !access("m/d", X_OK));
	CHECK(!mount(NULL, "m", NULL, MS_REMOUNT, NULL) && !access("m/f", X_OK) && !umount("m"));
}

ABI_CASE(a_directory_outside_of_the_root_is_told_as_such)
{
	char text[4096];

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("r", 0755) && !chroot("r"));
	CHECK(syscall(SYS_getcwd, text, sizeof(text)) > 13 && !strncmp(text, "(unreachable)/", 14));
	CHECK(!chdir("/") && syscall(SYS_getcwd, text, sizeof(text)) == 2 && !strcmp(text, "/"));
}

/* In a root of its own, which is a mount: what the very first root is cannot be. */
ABI_CASE(pivot_root_changes_the_root_of_all_who_have_it)
{
	int status;
	pid_t pid;

	if (geteuid())
		return;
	abi_fresh();
	CHECK_ERR(syscall(SYS_pivot_root, "none", "."), ENOENT);
	CHECK_ERR(syscall(SYS_pivot_root, ".", abi_self), ENOTDIR);
	CHECK_ERR(syscall(SYS_pivot_root, BAD, "."), EFAULT);
	CHECK(!mkdir("r", 0755) && !mount("old", "r", "tmpfs", 0, NULL) && !mkdir("r/new", 0755) && !mkdir("r/plain", 0755));
	CHECK(!mount("new", "r/new", "tmpfs", 0, NULL) && !mkdir("r/new/put", 0755) && !mkdir("r/new/mark", 0755));
	pid = fork();
	if (!pid) {
		CHECK(!chroot("r") && !chdir("/"));
		CHECK_ERR(syscall(SYS_pivot_root, "/plain", "/plain"), EBUSY);
		CHECK_ERR(syscall(SYS_pivot_root, "/new", "/plain"), EBUSY);
		CHECK_ERR(syscall(SYS_pivot_root, "/new/mark", "/new/put"), EINVAL);
		CHECK(!syscall(SYS_pivot_root, "/new", "/new/put") && !access("/mark", F_OK) && !access("/put/plain", F_OK) && !access("mark", F_OK));
		CHECK(!umount("/put") && access("/put/plain", F_OK) == -1);
		CHECK(!setuid(65534));
		CHECK_ERR(syscall(SYS_pivot_root, "/", "/"), EPERM);
		_exit(0);
	}
	status = abi_wait(pid);
	CHECK(!access("r/mark", F_OK) && !umount("r") && !status);
}

ABI_CASE(mounts_by_descriptors_are_the_administrator_s)
{
	if (geteuid())
		return;
	abi_fresh();
	CHECK(!setuid(65534));
	CHECK_ERR(syscall(SYS_fsopen, "tmpfs", 0), EPERM);
	CHECK_ERR(syscall(SYS_fspick, AT_FDCWD, "/", 0), EPERM);
	CHECK_ERR(syscall(SYS_fsmount, 0, 0, 0), EPERM);
	CHECK_ERR(syscall(SYS_open_tree, AT_FDCWD, "/", LINUX_OPEN_TREE_CLONE), EPERM);
	CHECK_ERR(syscall(SYS_move_mount, AT_FDCWD, "/", AT_FDCWD, "/", 0), EPERM);
	CHECK_ERR(set("/", 0, LINUX_MOUNT_ATTR_RDONLY, 0, 0), EPERM);
	CHECK(syscall(SYS_open_tree, AT_FDCWD, "/", 0) >= 0);
}

ABI_CASE(an_idle_mount_expires)
{
	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("e", 0755) && !mount("t", "e", "tmpfs", 0, NULL));
	CHECK_ERR(umount2("e", MNT_EXPIRE | MNT_DETACH), EINVAL);
	CHECK_ERR(umount2("none", MNT_EXPIRE | MNT_DETACH), ENOENT);
	CHECK_ERR(umount2("e", MNT_EXPIRE), EAGAIN);
	CHECK(!access("e", F_OK));
	CHECK_ERR(umount2("e", MNT_EXPIRE), EAGAIN);
	CHECK(!umount2("e", MNT_EXPIRE));
	CHECK_ERR(umount2("e", MNT_EXPIRE), EINVAL);
}

ABI_CASE(a_directory_that_is_mounted_on_is_no_file)
{
	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("d", 0755) && !mount("t", "d", "tmpfs", 0, NULL));
	CHECK_ERR(unlink("d"), EISDIR);
	CHECK_ERR(rmdir("d"), EBUSY);
	CHECK(!umount("d"));
}
