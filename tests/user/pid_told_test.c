// SPDX-License-Identifier: GPL-2.0
/* Numbers that calls and files tell across PID namespaces: credentials, locks, owners, tracing, futexes, /proc. The rest is in pid_ns_test.c. */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <uapi/ferry/linux.h>
#include "pid_ns.h"

static void sleep_on(void)
{
	for (;;)
		pause();
}

static bool file_has(const char *path, const char *text)
{
	char all[8192];

	return strstr(abi_read(path, all, sizeof(all)), text) != NULL;
}

static void cred_send(int fd, pid_t pid)
{
	struct ucred cred = { .pid = pid, .uid = getuid(), .gid = getgid() };
	union { char buffer[CMSG_SPACE(sizeof(cred))]; struct cmsghdr align; } control;
	struct iovec vec = { "x", 1 };
	struct msghdr m = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(cred));
	memcpy(CMSG_DATA(c), &cred, sizeof(cred));
	CHECK(sendmsg(fd, &m, 0) == 1);
}

static pid_t cred_receive(int fd)
{
	union { char buffer[CMSG_SPACE(sizeof(struct ucred))]; struct cmsghdr align; } control;
	char byte;
	struct iovec vec = { &byte, 1 };
	struct msghdr m = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	struct ucred cred;
	struct cmsghdr *c;

	CHECK(recvmsg(fd, &m, 0) == 1);
	c = CMSG_FIRSTHDR(&m);
	CHECK(c && c->cmsg_type == SCM_CREDENTIALS);
	memcpy(&cred, CMSG_DATA(c), sizeof(cred));
	return cred.pid;
}

ABI_CASE(credentials_have_the_reader_s_numbers)
{
	socklen_t size = sizeof(struct ucred);
	struct ucred cred;
	int pair[2], on = 1;
	pid_t pid;

	if (geteuid())
		return;
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CHECK(!setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) && !setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	pid = child_new();
	if (!pid) {
		CHECK(cred_receive(pair[1]) == 0);
		CHECK(!getsockopt(pair[1], SOL_SOCKET, SO_PEERCRED, &cred, &size) && cred.pid == 0);
		cred_send(pair[1], 1);
		_exit(0);
	}
	cred_send(pair[0], getpid());
	CHECK(cred_receive(pair[0]) == pid && !abi_wait(pid));
}

ABI_CASE(locks_and_owners_have_the_reader_s_numbers)
{
	struct flock lock = { .l_type = F_WRLCK };
	struct duct d;
	int fd, fds[2];
	pid_t pid;

	if (geteuid())
		return;
	abi_fresh();
	duct_make(&d);
	fd = open("file", O_CREAT | O_RDWR, 0600);
	CHECK(fd >= 0 && !pipe(fds) && !fcntl(fds[0], F_SETOWN, getpid()));
	pid = child_new();
	if (!pid) {
		CHECK(fcntl(fds[0], F_GETOWN) == 0 && !fcntl(fds[0], F_SETOWN, 1) && fcntl(fds[0], F_GETOWN) == 1);
		CHECK(!fcntl(fd, F_SETLK, &lock));
		duct_tell(d.up, 1);
		duct_hear(d.down);
		_exit(0);
	}
	CHECK(duct_hear(d.up) == 1 && fcntl(fds[0], F_GETOWN) == pid);
	CHECK(!fcntl(fd, F_GETLK, &lock) && lock.l_type == F_WRLCK && lock.l_pid == pid);
	duct_tell(d.down, 1);
	CHECK(!abi_wait(pid));
}

static struct { uint32_t word; } pi;
static char stack[16384] __attribute__((aligned(16)));
static volatile int done, started;

static int thread(void *arg)
{
	started = (int)syscall(SYS_gettid);
	while (!done)
		usleep(1000);
	syscall(SYS_exit, 0);
	return 0;
}

ABI_CASE(threads_and_futexes_have_the_numbers_of_their_namespace)
{
	pid_t pid, tid;

	if (geteuid())
		return;
	pid = child_new();
	if (!pid) {
		int parent_tid = 0, child_tid = 0;

		CHECK(!syscall(SYS_futex, &pi.word, LINUX_FUTEX_LOCK_PI, 0, NULL, NULL, 0) && pi.word == 1);
		CHECK_ERR(syscall(SYS_futex, &pi.word, LINUX_FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK);
		CHECK(!syscall(SYS_futex, &pi.word, LINUX_FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) && pi.word == 0);
		tid = clone(thread, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
			    CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, NULL, &parent_tid, NULL, &child_tid);
		CHECK(tid == 2 && parent_tid == 2);
		while (!started)
			usleep(1000);
		CHECK(started == 2 && child_tid == 2 && !syscall(SYS_tgkill, 1, 2, 0));
		CHECK_ERR(syscall(SYS_tgkill, 2, 2, 0), ESRCH);
		done = 1;
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}

ABI_CASE(tracers_are_told_their_own_numbers)
{
	unsigned long message;
	struct duct d;
	pid_t pid, inner;
	int status;

	if (geteuid())
		return;
	duct_make(&d);
	pid = child_new();
	if (!pid) {
		duct_hear(d.down);
		_exit(!fork() ? 0 : 5);
	}
	CHECK(pid > 0 && !ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEFORK));
	duct_tell(d.down, 1);
	while (waitpid(pid, &status, 0) == pid && !WIFEXITED(status) && status >> 16 != PTRACE_EVENT_FORK)
		CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(status >> 16 == PTRACE_EVENT_FORK && !ptrace(PTRACE_GETEVENTMSG, pid, 0, &message));
	inner = (pid_t)message;
	CHECK(inner > pid && waitpid(inner, &status, __WALL) == inner && !ptrace(PTRACE_CONT, inner, 0, 0));
	CHECK(waitpid(inner, &status, __WALL) == inner && WIFEXITED(status) && !ptrace(PTRACE_CONT, pid, 0, 0));
	while (waitpid(pid, &status, __WALL) == pid && !WIFEXITED(status))
		CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(WEXITSTATUS(status) == 5);
}

ABI_CASE(segments_tell_who_made_them_by_the_reader_s_numbers)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);
	struct shmid_ds ds;
	struct duct d;
	pid_t pid;

	if (geteuid())
		return;
	duct_make(&d);
	CHECK(id >= 0);
	pid = child_new();
	if (!pid) {
		void *at = shmat(id, NULL, 0);

		CHECK(at != (void *)-1 && !shmctl(id, IPC_STAT, &ds) && ds.shm_cpid == 0 && ds.shm_lpid == 1);
		duct_tell(d.up, 1);
		duct_hear(d.down);
		_exit(0);
	}
	CHECK(duct_hear(d.up) == 1 && !shmctl(id, IPC_STAT, &ds) && ds.shm_cpid == getpid() && ds.shm_lpid == pid);
	duct_tell(d.down, 1);
	CHECK(!abi_wait(pid) && !shmctl(id, IPC_RMID, NULL));
}

/* Numbers in a directory of /proc, as "1 2 3 ". */
static const char *listing(const char *path)
{
	static char text[1024];
	DIR *dir = opendir(path);
	struct dirent *e;

	CHECK(dir);
	text[0] = '\0';
	while ((e = readdir(dir)))
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9')
			sprintf(text + strlen(text), "%s ", e->d_name);
	closedir(dir);
	return text;
}

static void mount_proc(void)
{
	CHECK(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) && !mount("proc", "/proc", "proc", 0, NULL));
}

ABI_CASE(proc_shows_the_processes_of_the_namespace_where_it_is_mounted)
{
	pid_t outside = getpid(), pid, sleeper;
	int ppid, pgid, sid;
	char text[64], path[64];

	if (geteuid())
		return;
	pid = child_new();
	if (!pid) {
		sleeper = fork();
		if (!sleeper)
			sleep_on();
		/* The one that is there already shows everybody, by the numbers of where it was mounted. */
		memset(text, 0, sizeof(text));
		CHECK(readlink("/proc/self", text, sizeof(text) - 1) > 0 && atoi(text) > 2);
		mount_proc();
		memset(text, 0, sizeof(text));
		CHECK(readlink("/proc/self", text, sizeof(text) - 1) == 1 && !strcmp(text, "1"));
		CHECK(readlink("/proc/thread-self", text, sizeof(text) - 1) == 8 && !strcmp(text, "1/task/1"));
		CHECK(!strcmp(listing("/proc"), "1 2 ") && !strcmp(listing("/proc/2/task"), "2 "));
		snprintf(path, sizeof(path), "/proc/%d", (int)outside);
		CHECK_ERR(access(path, F_OK), ENOENT);
		CHECK(file_has("/proc/2/status", "Tgid:\t2\n") && file_has("/proc/2/status", "PPid:\t1\n"));
		CHECK(file_has("/proc/2/status", "NSpid:\t2\n"));
		CHECK(file_has("/proc/1/status", "PPid:\t0\n"));
		CHECK(sscanf(abi_read("/proc/2/stat", text, sizeof(text)), "2 (abi_test) %*c %d %d %d", &ppid, &pgid, &sid) == 3);
		CHECK(ppid == 1 && pgid == 0 && sid == 0);
		/* And all that is no process's. */
		CHECK(!access("/proc/sys/kernel/hostname", F_OK) && !access("/proc/meminfo", R_OK) && file_has("/proc/sys/kernel/ostype", "Linux"));
		CHECK(!access("/proc/sys/fs", F_OK) && strlen(listing("/proc/sys")) == 0 && !kill(sleeper, SIGKILL) && waitpid(2, NULL, 0) == 2);
		CHECK(!strcmp(listing("/proc"), "1 ") && !umount("/proc"));
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}

ABI_CASE(proc_above_shows_the_numbers_below)
{
	char path[64], expected[64];
	pid_t pid;

	if (geteuid())
		return;
	pid = child_new();
	if (!pid) {
		CHECK(setsid() == 1);
		sleep_on();
	}
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	snprintf(expected, sizeof(expected), "NSpid:\t%d\t1\n", (int)pid);
	for (int i = 0; i < 500 && !file_has(path, "NSsid:\t"); i++)
		usleep(1000);
	usleep(20000);
	CHECK(file_has(path, expected));
	snprintf(expected, sizeof(expected), "NSsid:\t%d\t1\n", (int)pid);
	CHECK(file_has(path, expected) && !kill(pid, SIGKILL));
	abi_wait(pid);
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text);
}

/* Everybody may, in a user namespace of their own, and sees nothing that was hidden. */
ABI_CASE(a_user_has_a_proc_of_their_own_processes)
{
	pid_t pid;

	if (geteuid())
		return;
	pid = fork();
	if (!pid) {
		CHECK(!setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000) && !prctl(PR_SET_DUMPABLE, 1));
		CHECK_ERR(unshare(CLONE_NEWPID), EPERM);
		CHECK(!unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS));
		CHECK(put("/proc/self/setgroups", "deny") && put("/proc/self/uid_map", "0 1000 1\n") && put("/proc/self/gid_map", "0 1000 1\n"));
		CHECK_ERR(mount("proc", "/proc", "proc", 0, NULL), EPERM);
		pid = fork();
		if (!pid) {
			CHECK(getpid() == 1 && !mount("proc", "/proc", "proc", 0, NULL) && !strcmp(listing("/proc"), "1 "));
			_exit(0);
		}
		_exit(WEXITSTATUS(abi_wait(pid)));
	}
	CHECK(!abi_wait(pid));
}

ABI_CASE(a_pidfd_tells_the_numbers_of_the_reader)
{
	char path[64], expected[64];
	int fd, outer = syscall(SYS_pidfd_open, getpid(), 0);
	pid_t pid;

	if (geteuid())
		return;
	pid = child_new();
	if (!pid) {
		CHECK_ERR(syscall(SYS_pidfd_send_signal, outer, 0, NULL, 0), EINVAL);
		sleep_on();
	}
	usleep(20000);
	fd = syscall(SYS_pidfd_open, pid, 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(expected, sizeof(expected), "Pid:\t%d\nNSpid:\t%d\t1\n", (int)pid, (int)pid);
	CHECK(fd >= 0 && file_has(path, expected) && !syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) && abi_wait(pid) == SIGKILL);
}

ABI_CASE(the_last_number_is_each_namespace_s)
{
	char text[32];
	pid_t pid;

	if (geteuid())
		return;
	pid = child_new();
	if (!pid) {
		CHECK(!strcmp(abi_read("/proc/sys/kernel/ns_last_pid", text, sizeof(text)), "1\n"));
		CHECK(put("/proc/sys/kernel/ns_last_pid", "99"));
		pid = fork();
		if (!pid)
			_exit(0);
		CHECK(pid == 100 && waitpid(100, NULL, 0) == 100);
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}
