// SPDX-License-Identifier: GPL-2.0
/* User namespaces: who is root in one of their own is nobody more outside of it. */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <uapi/ferry/linux_ns.h>
#include "abi.h"

#define USER		1000
#define OTHER		1001
#define OVERFLOW	65534
#define DEPTH_MOST	33
#define DUMPABLE	2	/* of gain_test.c */

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), saved;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	saved = errno;
	close(fd);
	errno = saved;
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static void be(uid_t id)
{
	CHECK(!setgroups(0, NULL) && !setresgid(id, id, id) && !setresuid(id, id, id) && !prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

/* USER is root in a namespace of their own, and whatever @more asks for. */
static void be_root_inside(int more)
{
	be(USER);
	CHECK(!unshare(CLONE_NEWUSER | more));
	CHECK(!put("/proc/self/setgroups", "deny") && !put("/proc/self/uid_map", "0 1000 1\n") && !put("/proc/self/gid_map", "0 1000 1\n"));
	CHECK(!getuid() && !geteuid() && !getgid());
}

/* A child that does what it is told and then waits to be killed. */
static pid_t child_with(void (*prepare)(int), int arg)
{
	int ready[2];
	pid_t pid;
	char c;

	CHECK(!pipe(ready));
	pid = fork();
	if (!pid) {
		prepare(arg);
		CHECK(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	CHECK(!close(ready[1]) && read(ready[0], &c, 1) == 1 && !close(ready[0]));
	return pid;
}

static void child_end(pid_t pid)
{
	CHECK(!kill(pid, SIGKILL) && abi_wait(pid) == SIGKILL);
}

static int ns_open(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return open(path, O_RDONLY);
}

ABI_CASE(a_user_is_root_in_a_namespace_of_their_own)
{
	struct stat st;
	char text[128];
	int fd;

	if (geteuid())
		return;
	abi_fresh();
	be(USER);
	fd = open("mine", O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0 && !unshare(CLONE_NEWUSER) && getuid() == OVERFLOW && getgid() == OVERFLOW);
	CHECK(!fstat(fd, &st) && st.st_uid == OVERFLOW);
	CHECK(!put("/proc/self/setgroups", "deny") && !put("/proc/self/uid_map", "0 1000 1\n") && !put("/proc/self/gid_map", "0 1000 1\n"));
	CHECK(!getuid() && !geteuid() && !getgid() && !fstat(fd, &st) && !st.st_uid && !st.st_gid);
	CHECK(!stat("/", &st) && st.st_uid == OVERFLOW);
	CHECK(!strcmp(abi_read("/proc/self/uid_map", text, sizeof(text)), "         0       1000          1\n"));
	CHECK(!strcmp(abi_read("/proc/self/setgroups", text, sizeof(text)), "deny\n"));
	CHECK(prctl(PR_CAPBSET_READ, 0, 0, 0, 0) == 1);
}

ABI_CASE(maps_are_written_once_and_by_who_may)
{
	if (geteuid())
		return;
	be(USER);
	CHECK(!unshare(CLONE_NEWUSER));
	CHECK_ERR(put("/proc/self/uid_map", "0 0 1\n"), EPERM);
	CHECK_ERR(put("/proc/self/uid_map", "0 1000 2\n"), EPERM);
	CHECK_ERR(put("/proc/self/uid_map", "0 1000\n"), EINVAL);
	CHECK_ERR(put("/proc/self/uid_map", "0 1000 0\n"), EINVAL);
	CHECK_ERR(put("/proc/self/uid_map", "0 1000 1\n0 1001 1\n"), EINVAL);
	CHECK_ERR(put("/proc/self/uid_map", "x 1000 1\n"), EINVAL);
	/* Not before the supplementary groups are fixed: what a group is denied would be given by dropping it. */
	CHECK_ERR(put("/proc/self/gid_map", "0 1000 1\n"), EPERM);
	CHECK_ERR(put("/proc/self/setgroups", "perhaps"), EINVAL);
	CHECK(!put("/proc/self/setgroups", "deny") && !put("/proc/self/gid_map", "0 1000 1\n"));
	CHECK_ERR(put("/proc/self/setgroups", "allow"), EPERM);
	CHECK(!put("/proc/self/uid_map", "7 1000 1\n") && getuid() == 7);
	CHECK_ERR(put("/proc/self/uid_map", "0 1000 1\n"), EPERM);
	CHECK_ERR(setgroups(0, NULL), EPERM);
	CHECK_ERR(put("/proc/1/uid_map", "0 1000 1\n"), EACCES);
}

static void new_user_ns(int unused)
{
	(void)unused;
	be(USER);
	CHECK(!unshare(CLONE_NEWUSER));
}

ABI_CASE(the_administrator_maps_ranges)
{
	char path[64];
	pid_t pid;
	int user;

	if (geteuid())
		return;
	pid = child_with(new_user_ns, 0);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	CHECK(!put(path, "0 100000 1000\n1000 1000 1\n"));
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	CHECK(!put(path, "0 100000 1000\n1000 1000 1\n"));
	user = ns_open(pid, "user");
	CHECK(user >= 0 && !setns(user, CLONE_NEWUSER) && getuid() == OVERFLOW && !setgid(5) && !setuid(5) && getuid() == 5);
	CHECK_ERR(setuid(2000), EINVAL);
	child_end(pid);
}

static void wait_only(int unused)
{
	(void)unused;
}

/* Each of these would be somebody else's to undo. */
ABI_CASE(root_of_a_namespace_is_nobody_outside)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct timeval now;
	int fd;
	pid_t root;

	if (geteuid())
		return;
	abi_fresh();
	fd = open("secret", O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0 && !close(fd) && !chmod(".", 0777));
	root = child_with(wait_only, 0);
	CHECK(!setrlimit(RLIMIT_NICE, &(struct rlimit){ 0, 0 }));
	be_root_inside(0);
	CHECK_ERR(sethostname("x", 1), EPERM);
	CHECK_ERR(mount("x", ".", "tmpfs", 0, NULL), EPERM);
	CHECK_ERR(umount("/proc"), EPERM);
	CHECK_ERR(mknod("d", S_IFCHR | 0666, makedev(1, 3)), EPERM);
	CHECK_ERR(open("secret", O_RDONLY), EACCES);
	CHECK_ERR(chown("secret", 0, 0), EPERM);
	CHECK_ERR(chmod("secret", 0666), EPERM);
	CHECK_ERR(kill(root, SIGKILL), EPERM);
	CHECK_ERR(ptrace(PTRACE_ATTACH, root, NULL, NULL), EPERM);
	CHECK_ERR(ns_open(root, "uts"), EACCES);
	CHECK_ERR(setuid(OTHER), EINVAL);
	CHECK_ERR(setrlimit(RLIMIT_NICE, &limit), EPERM);
	CHECK(!gettimeofday(&now, NULL));
	CHECK_ERR(settimeofday(&now, NULL), EPERM);
	CHECK(!unshare(CLONE_NEWUTS) && !sethostname("inside", 6));
	CHECK_ERR(open("/proc/sys/kernel/hostname", O_WRONLY), EACCES);
	CHECK_ERR(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL), EPERM);
}

ABI_CASE(no_namespace_is_entered_upwards)
{
	int outside, uts;

	if (geteuid())
		return;
	outside = ns_open(getpid(), "user");
	uts = ns_open(getpid(), "uts");
	be_root_inside(CLONE_NEWUTS);
	CHECK_ERR(setns(outside, CLONE_NEWUSER), EPERM);
	CHECK_ERR(setns(uts, CLONE_NEWUTS), EPERM);
	CHECK_ERR(setns(ns_open(getpid(), "user"), CLONE_NEWUSER), EINVAL);
	CHECK_ERR(ioctl(ns_open(getpid(), "user"), LINUX_NS_GET_PARENT), EPERM);
}

ABI_CASE(who_made_a_namespace_is_privileged_in_it)
{
	int user, uts;
	pid_t pid;

	if (geteuid())
		return;
	pid = child_with(be_root_inside, CLONE_NEWUTS);
	be(USER);
	user = ns_open(pid, "user");
	uts = ns_open(pid, "uts");
	CHECK(user >= 0 && uts >= 0);
	CHECK_ERR(setns(uts, 0), EPERM);
	CHECK(!setns(user, 0) && !getuid() && !setns(uts, 0) && !sethostname("inside", 6));
	child_end(pid);
}

ABI_CASE(nobody_else_s_namespace_is_entered)
{
	pid_t pid;

	if (geteuid())
		return;
	pid = child_with(be_root_inside, 0);
	be(OTHER);
	CHECK_ERR(ns_open(pid, "user"), EACCES);
	CHECK_ERR(setns(syscall(SYS_pidfd_open, pid, 0), CLONE_NEWUSER), EPERM);
	CHECK_ERR(kill(pid, SIGTERM), EPERM);
}

/* The program of another user who has no number inside. */
ABI_CASE(set_id_programs_of_who_has_no_number_give_nothing)
{
	pid_t pid;
	int fd;

	if (geteuid())
		return;
	abi_fresh();
	fd = open("secret", O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0 && !close(fd));
	abi_copy_self("p", 06755);
	pid = fork();
	if (!pid) {
		be(USER);
		CHECK(!unshare(CLONE_NEWUSER) && !put("/proc/self/uid_map", "1000 1000 1\n"));
		execl("p", "p", "@gain", NULL);
		_exit(32);
	}
	CHECK(WEXITSTATUS(abi_wait(pid)) == DUMPABLE);	/* nothing was gained */
}

/* Files of a file system that a user made are not more outside than that user said inside. */
ABI_CASE(set_id_bits_of_a_user_s_file_system_do_not_count_outside)
{
	int ready[2], fd;
	char path[64], c;
	pid_t pid, run;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!pipe(ready) && !mkdir("own", 0777));
	pid = fork();
	if (!pid) {
		be_root_inside(CLONE_NEWNS);
		CHECK(!mount("x", "own", "tmpfs", 0, "mode=755"));
		abi_copy_self("own/p", 04755);
		CHECK(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	CHECK(read(ready[0], &c, 1) == 1);
	snprintf(path, sizeof(path), "/proc/%d/cwd/own/p", (int)pid);
	fd = open(path, O_RDONLY);
	run = fork();
	if (!run) {
		be(OTHER);
		syscall(SYS_execveat, fd, "", (char *[]){ "p", "@gain", NULL }, environ, AT_EMPTY_PATH);
		_exit(32);
	}
	CHECK(fd >= 0 && WEXITSTATUS(abi_wait(run)) == DUMPABLE);
	child_end(pid);
}

/* What is mounted inside is seen there alone, and what was mounted stays as it was. */
ABI_CASE(mounts_of_a_user_s_namespace_are_bounded)
{
	char here[256];
	pid_t pid;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(getcwd(here, sizeof(here)) && !mkdir("m", 0777) && !mkdir("own", 0777));
	CHECK(!mount("x", "m", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "mode=777"));
	pid = fork();
	if (!pid) {
		be_root_inside(CLONE_NEWNS);
		CHECK(!mount("y", "own", "tmpfs", 0, NULL) && !mkdir("own/in", 0755) && !access("own/in", F_OK));
		CHECK_ERR(mknod("own/d", S_IFCHR | 0666, makedev(1, 3)), EPERM);
		CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND, NULL), EPERM);
		CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), EPERM);
		CHECK_ERR(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL), EPERM);
		CHECK_ERR(umount2("m", MNT_DETACH), EINVAL);
		CHECK_ERR(mount("m", "own", NULL, MS_MOVE, NULL), EINVAL);
		CHECK_ERR(mount(here, "own", NULL, MS_BIND, NULL), EINVAL);
		CHECK(!mount("m", "own", NULL, MS_BIND, NULL));
		CHECK_ERR(mount(NULL, "own", NULL, MS_REMOUNT | MS_BIND, NULL), EPERM);
		CHECK_ERR(mount("p", "own", "proc", 0, NULL), EPERM);
		CHECK(!umount("own") && !umount("own"));
		_exit(0);
	}
	CHECK(!abi_wait(pid) && access("own/in", F_OK) == -1 && !umount("m"));
}

/* What a user mounts over names keeps nobody from changing them, and spreads nowhere. */
ABI_CASE(what_a_user_mounts_is_in_nobody_s_way)
{
	pid_t pid;
	int ready[2], go[2];
	char c;

	if (geteuid())
		return;
	abi_fresh();
	CHECK(!unshare(CLONE_NEWNS) && !mkdir("s", 0777) && !mount("x", "s", "tmpfs", 0, "mode=777") && !mount(NULL, "s", NULL, MS_SHARED, NULL));
	CHECK(!mkdir("s/d", 0777) && !mkdir("s/e", 0777) && !pipe(ready) && !pipe(go));
	pid = fork();
	if (!pid) {
		be_root_inside(CLONE_NEWNS);
		CHECK(!mount("y", "s/d", "tmpfs", 0, NULL) && !mkdir("s/d/in", 0755));
		CHECK(write(ready[1], "", 1) == 1 && read(go[0], &c, 1) == 1);
		/* The administrator's came in, locked in no way to the administrator. */
		CHECK(!access("s/e/theirs", F_OK) && access("s/d", F_OK) == -1);
		CHECK(write(ready[1], "", 1) == 1 && read(go[0], &c, 1) == 1 && access("s/e/theirs", F_OK) == -1);
		_exit(0);
	}
	CHECK(read(ready[0], &c, 1) == 1 && access("s/d/in", F_OK) == -1 && !rmdir("s/d"));
	CHECK(!mount("z", "s/e", "tmpfs", 0, NULL) && !mkdir("s/e/theirs", 0755) && write(go[1], "", 1) == 1);
	CHECK(read(ready[0], &c, 1) == 1 && !umount("s/e") && write(go[1], "", 1) == 1);
	CHECK(!abi_wait(pid));
}

ABI_CASE(who_sees_a_part_of_the_tree_makes_no_user_namespace)
{
	if (geteuid())
		return;
	abi_fresh();
	CHECK(!mkdir("r", 0755) && !chroot("r") && !chdir("/"));
	CHECK_ERR(unshare(CLONE_NEWUSER), EPERM);
	CHECK_ERR(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, NULL, NULL, 0), EPERM);
}

static void root_enters(int user)
{
	CHECK(!setns(user, CLONE_NEWUSER));
}

/* Who comes in from above brought memory along that those inside must not see. */
ABI_CASE(who_enters_a_namespace_is_not_looked_into_from_it)
{
	char byte, path[64];
	struct iovec local = { &byte, 1 }, remote = { &byte, 1 };
	pid_t maker, root;
	int user;

	if (geteuid())
		return;
	maker = child_with(be_root_inside, 0);
	user = ns_open(maker, "user");
	CHECK(user >= 0);
	root = child_with(root_enters, user);
	be(USER);
	CHECK(!setns(user, 0) && !getuid());
	CHECK_ERR(ptrace(PTRACE_ATTACH, root, NULL, NULL), EPERM);
	CHECK_ERR(process_vm_readv(root, &local, 1, &remote, 1, 0), EPERM);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)root);
	CHECK_ERR(open(path, O_RDONLY), EACCES);
	/* Its own it may. */
	CHECK(!ptrace(PTRACE_ATTACH, maker, NULL, NULL));
}

/* What cannot be read is not read by running it where one is root. */
ABI_CASE(unreadable_programs_are_not_read_in_a_namespace)
{
	pid_t pid, program;
	char byte;
	struct iovec local = { &byte, 1 }, remote = { &byte, 1 };
	int started[2];

	if (geteuid())
		return;
	abi_fresh();
	abi_copy_self("p", 0711);
	pid = fork();
	if (!pid) {
		be_root_inside(0);
		CHECK(!pipe2(started, O_CLOEXEC));
		program = fork();
		if (!program) {
			execl("p", "p", "@pause", NULL);
			_exit(32);
		}
		CHECK(!close(started[1]) && read(started[0], &byte, 1) == 0);
		CHECK_ERR(process_vm_readv(program, &local, 1, &remote, 1, 0), EPERM);
		CHECK_ERR(ptrace(PTRACE_ATTACH, program, NULL, NULL), EPERM);
		child_end(program);
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}

ABI_CASE(user_namespaces_are_nested_so_deep)
{
	int depth = 0;

	if (geteuid())
		return;
	be(USER);
	while (depth <= 2 * DEPTH_MOST && !unshare(CLONE_NEWUSER) && !put("/proc/self/setgroups", "deny")) {
		char map[32];

		snprintf(map, sizeof(map), "%d %d 1\n", USER, USER);
		CHECK(!put("/proc/self/uid_map", map) && !put("/proc/self/gid_map", map));
		depth++;
	}
	CHECK(depth == DEPTH_MOST);
}

ABI_CASE(credentials_in_messages_are_told_as_seen_from_inside)
{
	struct ucred c;
	socklen_t n = sizeof(c);
	int pair[2];

	if (geteuid())
		return;
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	be_root_inside(0);
	CHECK(!getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &c, &n) && c.uid == OVERFLOW && c.gid == OVERFLOW);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair) && !getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &c, &n) && !c.uid && !c.gid);
}
