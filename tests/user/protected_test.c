// SPDX-License-Identifier: GPL-2.0
/* /proc/sys/fs/protected_*: what others put into directories that everybody may write to. And other numbers in /proc/sys that bound something. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "abi.h"

#define MINE	1001
#define OTHER	1002

static void set_number(const char *name, const char *number)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0 && write(fd, number, strlen(number)) == (ssize_t)strlen(number) && !close(fd));
}

static void make_owned(const char *name, mode_t type, uid_t owner)
{
	CHECK(!mknod(name, type | 0666, 0) && !chmod(name, 0666) && !chown(name, owner, owner));
}

/* @role as an ordinary user while /proc/sys/@name has @number. */
static void with(const char *name, const char *number, void (*role)(void))
{
	int status;
	pid_t pid;

	set_number(name, number);
	pid = fork();
	if (!pid) {
		CHECK(!setresgid(MINE, MINE, MINE) && !setresuid(MINE, MINE, MINE));
		role();
		_exit(0);
	}
	status = abi_wait(pid);
	set_number(name, "0");
	CHECK(status == 0);
}

/* A sticky directory of root's with a file, a FIFO and a link of another user's, and one's own. */
static void make_shared(mode_t mode)
{
	abi_fresh();
	CHECK(!chmod(".", mode));
	make_owned("theirs", S_IFREG, OTHER);
	make_owned("mine", S_IFREG, MINE);
	make_owned("roots", S_IFREG, 0);
	make_owned("fifo", S_IFIFO, OTHER);
	CHECK(!symlink("theirs", "to_theirs") && !lchown("to_theirs", OTHER, OTHER));
	CHECK(!symlink("theirs", "my_link") && !lchown("my_link", MINE, MINE));
	CHECK(!symlink("theirs", "roots_link") && !symlink("to_theirs", "to_link") && !lchown("to_link", MINE, MINE));
	CHECK(!mkdir("d", 0777) && !chmod("d", 0777) && !symlink("d", "to_d") && !lchown("to_d", OTHER, OTHER));
}

static void follow_all(void)
{
	CHECK(open("to_theirs", O_RDONLY) >= 0 && open("to_link", O_RDONLY) >= 0 && open("to_theirs", O_RDWR | O_CREAT, 0600) >= 0);
}

static void follow_protected(void)
{
	struct stat s;

	CHECK_ERR(open("to_theirs", O_RDONLY), EACCES);
	CHECK_ERR(open("to_link", O_RDONLY), EACCES);
	CHECK_ERR(open("to_theirs", O_RDWR | O_CREAT, 0600), EACCES);
	CHECK_ERR(stat("to_theirs", &s), EACCES);
	CHECK(open("my_link", O_RDONLY) >= 0 && open("roots_link", O_RDONLY) >= 0 && !lstat("to_theirs", &s));
	CHECK(open("to_d/new", O_RDWR | O_CREAT, 0600) >= 0);	/* not the last in the path */
	CHECK_ERR(open("to_d", O_RDONLY), EACCES);
}

ABI_CASE(links_of_others_in_shared_directories_are_not_followed)
{
	struct stat s;

	CHECK(!stat("/proc/sys/fs/protected_symlinks", &s) && (s.st_mode & 07777) == 0644);
	make_shared(01777);
	with("fs/protected_symlinks", "0", follow_all);
	with("fs/protected_symlinks", "1", follow_protected);
	CHECK(!chmod(".", 0777));
	with("fs/protected_symlinks", "1", follow_all);
}

static void link_all(void)
{
	CHECK(!link("read_only", "l1") && !link("fifo", "l2") && !link("suid", "l3"));
	CHECK(!unlink("l1") && !unlink("l2") && !unlink("l3"));
}

static void link_protected(void)
{
	CHECK_ERR(link("read_only", "l1"), EPERM);
	CHECK_ERR(link("fifo", "l1"), EPERM);
	CHECK_ERR(link("suid", "l1"), EPERM);
	CHECK_ERR(link("group", "l1"), EPERM);
	CHECK_ERR(link("suid", "theirs"), EEXIST);
	CHECK(!link("theirs", "l1") && !link("mine_suid", "l2") && !link("locked", "l3"));
}

ABI_CASE(files_of_others_get_no_names_from_who_may_not_write_them)
{
	make_shared(0777);
	make_owned("read_only", S_IFREG, OTHER);
	make_owned("suid", S_IFREG, OTHER);
	make_owned("group", S_IFREG, OTHER);
	make_owned("mine_suid", S_IFREG, MINE);
	make_owned("locked", S_IFREG, OTHER);
	CHECK(!chmod("read_only", 0444) && !chmod("suid", 04777) && !chmod("group", 02777) && !chmod("mine_suid", 04755) && !chmod("locked", 02666));
	with("fs/protected_hardlinks", "0", link_all);
	with("fs/protected_hardlinks", "1", link_protected);
}

static void create_all(void)
{
	CHECK(open("theirs", O_RDWR | O_CREAT, 0600) >= 0 && open("fifo", O_RDWR | O_CREAT, 0600) >= 0);
}

static void create_protected(void)
{
	CHECK_ERR(open("theirs", O_RDWR | O_CREAT, 0600), EACCES);
	CHECK_ERR(open("theirs", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERR(open("d", O_RDWR | O_CREAT, 0600), EISDIR);
	CHECK(open("theirs", O_RDWR) >= 0 && open("mine", O_RDWR | O_CREAT, 0600) >= 0 && open("roots", O_RDWR | O_CREAT, 0600) >= 0);
	CHECK(open("fifo", O_RDWR | O_CREAT, 0600) >= 0 && open("new", O_RDWR | O_CREAT, 0600) >= 0 && !unlink("new"));
}

static void create_protected_fifo(void)
{
	CHECK_ERR(open("fifo", O_RDWR | O_CREAT, 0600), EACCES);
	CHECK(open("theirs", O_RDWR | O_CREAT, 0600) >= 0 && open("fifo", O_RDWR) >= 0);
}

ABI_CASE(who_would_create_opens_nothing_of_others_in_shared_directories)
{
	make_shared(01777);
	with("fs/protected_regular", "0", create_all);
	with("fs/protected_regular", "1", create_protected);
	with("fs/protected_regular", "2", create_protected);
	with("fs/protected_fifos", "1", create_protected_fifo);
	CHECK(!chmod(".", 0777));
	with("fs/protected_regular", "1", create_all);
	CHECK(!chmod(".", 01775) && !chown(".", 0, MINE));
	with("fs/protected_regular", "1", create_all);
	with("fs/protected_regular", "2", create_protected);
	with("fs/protected_fifos", "2", create_protected_fifo);
}
