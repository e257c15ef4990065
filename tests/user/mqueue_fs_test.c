// SPDX-License-Identifier: GPL-2.0
/* Message queues as files: the file system "mqueue", one for each IPC namespace. */
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include "abi.h"

#define STRANGER	54321

/* In an IPC and a mount namespace of its own, where the file system is mounted on "m". False: who runs this may not. */
static bool enter_mounted(void)
{
	if (geteuid())
		return false;
	abi_fresh();
	CHECK(!unshare(CLONE_NEWIPC | CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(!mkdir("m", 0755) && !mount("none", "m", "mqueue", MS_NOSUID, NULL));
	return true;
}

static mqd_t queue_new(const char *name, mode_t mode)
{
	struct mq_attr a = { .mq_maxmsg = 4, .mq_msgsize = 16 };
	mqd_t q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, mode, &a);

	CHECK(q >= 0);
	return q;
}

static int names_in(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	CHECK(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

ABI_CASE(queues_are_files_where_mqueue_is_mounted)
{
	struct stat st;
	struct statfs fs;
	char text[128], types[1024];
	mqd_t q;

	if (!enter_mounted())
		return;
	q = queue_new("/q", 0640);
	CHECK(!stat("m/q", &st) && st.st_mode == (S_IFREG | 0640) && st.st_size == 80 && st.st_nlink == 1 && names_in("m") == 1);
	CHECK(!fstat(q, &st) && st.st_mode == (S_IFREG | 0640));
	CHECK(!stat("m", &st) && st.st_mode == (S_IFDIR | 01777) && st.st_size == 60);
	CHECK(!statfs("m", &fs) && fs.f_type == 0x19800202);
	CHECK(strstr(abi_read("/proc/filesystems", types, sizeof(types)), "nodev\tmqueue\n"));
	CHECK(!mq_send(q, "twelve bytes", 12, 0));
	CHECK(!strcmp(abi_read("m/q", text, sizeof(text)), "QSIZE:12         NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n"));
	CHECK(!mq_unlink("/q") && names_in("m") == 0);
}

ABI_CASE(files_are_queues_too)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	struct mq_attr a;
	char text[8192];
	int fd;

	if (!enter_mounted())
		return;
	fd = open("m/made", O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0 && !mq_getattr(fd, &a) && a.mq_maxmsg == 10 && a.mq_msgsize == 8192);
	CHECK(!mq_send(fd, "x", 1, 3) && !close(fd));
	fd = mq_open("/made", O_RDWR);
	CHECK(fd >= 0);
	p.fd = open("m/made", O_RDONLY);
	CHECK(p.fd >= 0 && poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLOUT));
	CHECK(mq_receive(p.fd, text, sizeof(text), NULL) == 1 && poll(&p, 1, 0) == 1 && p.revents == POLLOUT);
	CHECK(!unlink("m/made"));
	CHECK_ERR(mq_open("/made", O_RDWR), ENOENT);
	CHECK(!mknod("m/node", S_IFREG | 0600, 0) && mq_open("/node", O_RDONLY) >= 0);
}

ABI_CASE(only_queues_are_made_among_queues)
{
	if (!enter_mounted())
		return;
	queue_new("/q", 0600);
	CHECK_ERR(mkdir("m/d", 0700), EPERM);
	CHECK_ERR(symlink("x", "m/s"), EPERM);
	CHECK_ERR(mknod("m/f", S_IFIFO | 0600, 0), EPERM);
	CHECK_ERR(link("m/q", "m/r"), EPERM);
	CHECK_ERR(rename("m/q", "m/r"), EPERM);
	CHECK_ERR(write(open("m/q", O_WRONLY), "x", 1), EINVAL);
	CHECK_ERR(mount("none", "m", "mqueue", 0, "size=1"), EINVAL);
}

ABI_CASE(a_queue_s_file_has_permissions)
{
	struct stat st;
	pid_t pid;

	if (!enter_mounted())
		return;
	queue_new("/q", 0600);
	queue_new("/open", 0666);
	CHECK(!chmod("m/open", 0644) && !chown("m/q", STRANGER, STRANGER) && !chmod("m", 01777));
	pid = fork();
	if (!pid) {
		CHECK(!setgid(STRANGER) && !setuid(STRANGER));
		CHECK(mq_open("/q", O_RDWR) >= 0 && open("m/q", O_RDWR) >= 0 && mq_open("/open", O_RDONLY) >= 0);
		CHECK_ERR(mq_open("/open", O_RDWR), EACCES);
		CHECK_ERR(open("m/open", O_WRONLY), EACCES);
		CHECK_ERR(syscall(SYS_mq_unlink, "open"), EPERM);	/* libc makes EACCES of it */
		CHECK_ERR(unlink("m/open"), EPERM);
		CHECK(!mq_unlink("/q"));
		queue_new("/own", 0600);
		_exit(0);
	}
	CHECK(!abi_wait(pid) && !stat("m/own", &st) && st.st_uid == STRANGER);
	CHECK(!chmod("m", 0755));
	pid = fork();
	if (!pid) {
		CHECK(!setgid(STRANGER) && !setuid(STRANGER));
		CHECK_ERR(mq_open("/other", O_RDWR | O_CREAT, 0600, NULL), EACCES);
		CHECK_ERR(mq_unlink("/own"), EACCES);
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}

ABI_CASE(what_is_mounted_outlives_its_namespace)
{
	char text[16];
	mqd_t q;
	int fd;

	if (!enter_mounted())
		return;
	q = queue_new("/q", 0600);
	CHECK(!mq_send(q, "kept", 4, 0) && !mq_close(q) && !unshare(CLONE_NEWIPC));
	CHECK_ERR(mq_open("/q", O_RDWR), ENOENT);
	CHECK(names_in("m") == 1);
	fd = open("m/q", O_RDWR);
	CHECK(fd >= 0 && mq_receive(fd, text, sizeof(text), NULL) == 4 && !memcmp(text, "kept", 4));
	CHECK_ERR(open("m/new", O_RDWR | O_CREAT, 0600), EACCES);
	CHECK(!mkdir("own", 0755) && !mount("none", "own", "mqueue", 0, NULL) && names_in("own") == 0);
	queue_new("/mine", 0600);
	CHECK(names_in("own") == 1);
	CHECK_ERR(umount("m"), EBUSY);
	CHECK(!close(fd) && !umount("m"));
}

ABI_CASE(who_owns_the_namespace_mounts_its_queues)
{
	pid_t pid;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("m", 0755));
	pid = fork();
	if (!pid) {
		CHECK(!setgid(STRANGER) && !setuid(STRANGER) && !unshare(CLONE_NEWUSER | CLONE_NEWNS));
		CHECK_ERR(mount("none", "m", "mqueue", 0, NULL), EPERM);
		CHECK(!unshare(CLONE_NEWIPC) && !mount("none", "m", "mqueue", 0, NULL));
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}
