// SPDX-License-Identifier: GPL-2.0
/* Namespaces as such, and those of the machine's names: links in /proc/<pid>/ns, unshare, clone, setns, what keeps one, how many there may be. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <uapi/ferry/linux_ns.h>
#include "abi.h"

#define NOBODY	65534

static const struct { const char *name; int flag; } kinds[] = {
	{ "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC }, { "mnt", CLONE_NEWNS }, { "net", CLONE_NEWNET }, { "pid", CLONE_NEWPID },
	{ "time", CLONE_NEWTIME }, { "user", CLONE_NEWUSER }, { "uts", CLONE_NEWUTS },
};

/* The number that the link says. */
static unsigned long ns_of(pid_t pid, const char *name)
{
	char path[64], text[64] = "", *at;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	CHECK(readlink(path, text, sizeof(text) - 1) > 0 && !strncmp(text, name, strlen(name)));
	at = text + strlen(name);
	CHECK(at[0] == ':' && at[1] == '[' && !stat(path, &st) && st.st_ino == strtoul(at + 2, NULL, 10) && S_ISREG(st.st_mode));
	return st.st_ino;
}

static int ns_open(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool host_is(const char *name)
{
	struct utsname u;

	CHECK(!uname(&u));
	return !strcmp(u.nodename, name);
}

/* A child in the namespaces of @flags that waits to be killed; the machine is called "inside" there if it has that name for its own. */
static pid_t child_in(int flags)
{
	int ready[2];
	pid_t pid;
	char c;

	CHECK(!pipe(ready));
	pid = syscall(SYS_clone, flags | SIGCHLD, 0, NULL, NULL, 0);
	if (!pid) {
		CHECK(!(flags & CLONE_NEWUTS) || !sethostname("inside", 6));
		CHECK(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	CHECK(pid > 0 && !close(ready[1]) && read(ready[0], &c, 1) == 1 && !close(ready[0]));
	return pid;
}

static void child_end(pid_t pid)
{
	CHECK(!kill(pid, SIGKILL) && abi_wait(pid) == SIGKILL);
}

ABI_CASE(namespaces_have_names_and_numbers)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd = ns_open(getpid(), kinds[i].name);
		struct stat st;
		struct statfs fs;

		CHECK(fd >= 0 && !fstat(fd, &st) && st.st_ino == ns_of(pid, kinds[i].name) && (st.st_mode & 0777) == 0444);
		CHECK(!fstatfs(fd, &fs) && (unsigned long)fs.f_type == LINUX_NSFS_MAGIC);
		CHECK(ioctl(fd, LINUX_NS_GET_NSTYPE) == kinds[i].flag);
		CHECK_ERR(ioctl(fd, 0xb7ff, 0), ENOTTY);
		CHECK_ERR(write(fd, "", 1), EBADF);
		CHECK(!close(fd));
	}
	child_end(pid);
}

ABI_CASE(a_descriptor_of_a_namespace_is_called_as_its_link)
{
	int fd = ns_open(getpid(), "uts");
	char path[64], text[64] = "", link[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(readlink(path, text, sizeof(text) - 1) > 0 && readlink("/proc/self/ns/uts", link, sizeof(link) - 1) > 0 && !strcmp(text, link));
}

ABI_CASE(names_of_the_machine_are_each_namespace_s)
{
	unsigned long before = ns_of(getpid(), "uts"), user = ns_of(getpid(), "user");
	struct utsname outside;
	char text[80];
	pid_t pid;

	if (geteuid())
		return;
	CHECK(!uname(&outside));
	pid = child_in(CLONE_NEWUTS);
	CHECK(ns_of(pid, "uts") != before && ns_of(pid, "user") == user && host_is(outside.nodename));
	child_end(pid);
	CHECK(!unshare(CLONE_NEWUTS) && ns_of(getpid(), "uts") != before && host_is(outside.nodename));
	CHECK(!sethostname("another", 7) && host_is("another") && !setdomainname("place", 5));
	CHECK(!strcmp(abi_read("/proc/sys/kernel/hostname", text, sizeof(text)), "another\n"));
	CHECK(!strcmp(abi_read("/proc/sys/kernel/domainname", text, sizeof(text)), "place\n"));
	pid = fork();
	if (!pid)
		_exit(ns_of(getpid(), "uts") != ns_of(getppid(), "uts") || !host_is("another"));
	CHECK(!abi_wait(pid));
}

ABI_CASE(a_namespace_is_entered_by_its_file)
{
	int mine = ns_open(getpid(), "uts"), theirs, null = open("/dev/null", O_RDONLY);
	struct utsname outside;
	pid_t pid;

	if (geteuid())
		return;
	CHECK(!uname(&outside));
	pid = child_in(CLONE_NEWUTS);
	theirs = ns_open(pid, "uts");
	CHECK(mine >= 0 && theirs >= 0);
	CHECK_ERR(setns(theirs, CLONE_NEWIPC), EINVAL);
	CHECK_ERR(setns(null, 0), EINVAL);
	CHECK_ERR(setns(99, 0), EBADF);
	child_end(pid);
	/* The descriptor keeps it. */
	CHECK(!setns(theirs, CLONE_NEWUTS) && host_is("inside") && !setns(mine, 0) && host_is(outside.nodename));
}

ABI_CASE(namespaces_of_a_process_are_entered_by_its_descriptor)
{
	int fd;
	pid_t pid;

	if (geteuid())
		return;
	pid = child_in(CLONE_NEWUTS);
	fd = syscall(SYS_pidfd_open, pid, 0);
	CHECK(fd >= 0);
	CHECK_ERR(setns(fd, 0), EINVAL);
	CHECK_ERR(setns(fd, CLONE_NEWUTS | CLONE_FS), EINVAL);
	CHECK(!setns(fd, CLONE_NEWUTS) && host_is("inside") && ns_of(getpid(), "uts") == ns_of(pid, "uts"));
	child_end(pid);
	CHECK_ERR(setns(fd, CLONE_NEWUTS), ESRCH);
}

ABI_CASE(a_mount_of_a_namespace_keeps_it)
{
	char line[512], wanted[64];
	unsigned long number;
	bool found = false;
	FILE *f;
	pid_t pid;
	int fd;

	if (geteuid())
		return;
	abi_fresh();
	fd = open("at", O_CREAT | O_RDONLY, 0644);
	CHECK(fd >= 0 && !close(fd));
	pid = child_in(CLONE_NEWUTS);
	number = ns_of(pid, "uts");
	snprintf(wanted, sizeof(wanted), "/proc/%d/ns/uts", (int)pid);
	CHECK(!mount(wanted, "at", NULL, MS_BIND, NULL));
	child_end(pid);
	snprintf(wanted, sizeof(wanted), " uts:[%lu] ", number);
	f = fopen("/proc/self/mountinfo", "r");
	while (f && fgets(line, sizeof(line), f))
		found |= strstr(line, wanted) && strstr(line, " - nsfs ");
	CHECK(found);
	fd = open("at", O_RDONLY);
	CHECK(fd >= 0 && !setns(fd, CLONE_NEWUTS) && host_is("inside") && !close(fd) && !umount("at"));
	fd = open("at", O_RDONLY);
	CHECK_ERR(setns(fd, CLONE_NEWUTS), EINVAL);
}

ABI_CASE(whose_a_namespace_is_can_be_asked)
{
	int fd = ns_open(getpid(), "uts"), owner;
	struct stat st;

	CHECK_ERR(ioctl(fd, LINUX_NS_GET_PARENT), EINVAL);
	CHECK_ERR(ioctl(fd, LINUX_NS_GET_OWNER_UID, &st), EINVAL);
	owner = ioctl(fd, LINUX_NS_GET_USERNS);
	CHECK(owner >= 0 && (fcntl(owner, F_GETFD) & FD_CLOEXEC) && !fstat(owner, &st) && st.st_ino == ns_of(getpid(), "user"));
	CHECK_ERR(ioctl(owner, LINUX_NS_GET_PARENT), EPERM);
}

ABI_CASE(namespaces_are_the_administrator_s)
{
	int fd;
	pid_t root;

	if (geteuid())
		return;
	root = child_in(0);
	fd = ns_open(getpid(), "uts");
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY) && fd >= 0);
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].flag != CLONE_NEWUSER) {
			CHECK_ERR(unshare(kinds[i].flag), EPERM);
			if (kinds[i].flag > 0xff)	/* the lowest are the signal's */
				CHECK_ERR(syscall(SYS_clone, kinds[i].flag | SIGCHLD, 0, NULL, NULL, 0), EPERM);
		}
	CHECK_ERR(setns(fd, 0), EPERM);
	CHECK_ERR(ns_open(root, "uts"), EACCES);
	CHECK_ERR(setns(syscall(SYS_pidfd_open, root, 0), CLONE_NEWUTS), EPERM);
}

ABI_CASE(clone_checks_what_namespaces_forbid)
{
	CHECK_ERR(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_clone, CLONE_NEWUSER | CLONE_FS | SIGCHLD, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERR(syscall(SYS_clone, CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, 0, NULL, NULL, 0), EINVAL);
}

static long limit_of(const char *path)
{
	char text[32];

	return strtol(abi_read(path, text, sizeof(text)), NULL, 10);
}

static void limit_set(const char *path, long limit)
{
	int fd = open(path, O_WRONLY);
	char text[32];

	snprintf(text, sizeof(text), "%ld\n", limit);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !close(fd));
}

/* Who has as many as there may be gets no more, and what has ended does not count. */
ABI_CASE(a_user_has_so_many_namespaces_and_no_more)
{
	static const char path[] = "/proc/sys/user/max_uts_namespaces";
	long before;
	int status;
	pid_t pid;

	if (geteuid())
		return;
	before = limit_of(path);
	CHECK(before > 0);
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 64; i++) {
			CHECK(!unshare(CLONE_NEWUTS));
			child_end(child_in(CLONE_NEWUTS));
		}
		limit_set(path, 0);
		CHECK_ERR(unshare(CLONE_NEWUTS), ENOSPC);
		CHECK_ERR(syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, NULL, NULL, 0), ENOSPC);
		_exit(0);
	}
	status = abi_wait(pid);
	limit_set(path, before);
	CHECK(!status && limit_of(path) == before && !unshare(CLONE_NEWUTS));
}
