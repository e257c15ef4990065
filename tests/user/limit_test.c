// SPDX-License-Identifier: GPL-2.0
/* What root sets for all together: how many threads, how high their numbers, how many open files (/proc/sys/kernel, /proc/sys/fs). */
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include "abi.h"

#define STRANGER	54321	/* a user whom nobody else is */

static long number_in(const char *path)
{
	char text[64];

	return strtol(abi_read(path, text, sizeof(text)), NULL, 10);
}

/* 0 or -1 with errno. */
static int number_set(const char *path, long number)
{
	char text[32];
	int fd = open(path, O_WRONLY), n = snprintf(text, sizeof(text), "%ld\n", number), err;

	CHECK(fd >= 0);
	n = (int)write(fd, text, (size_t)n);
	err = errno;
	close(fd);
	errno = err;
	return n < 0 ? -1 : 0;
}

/* In /proc/meminfo, in KiB. */
static long memory_total(void)
{
	char text[256], *at = strstr(abi_read("/proc/meminfo", text, sizeof(text)), "MemTotal:");

	CHECK(at);
	return strtol(at + 9, NULL, 10);
}

static pid_t child_that_ends(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid > 0)
		abi_wait(pid);
	return pid;
}

static void *thread_that_waits(void *arg)
{
	pause();
	return NULL;
}

static int thread_new(void)
{
	pthread_attr_t attr;
	pthread_t t;

	CHECK(!pthread_attr_init(&attr) && !pthread_attr_setstacksize(&attr, 65536));
	return pthread_create(&t, &attr, thread_that_waits, NULL);
}

ABI_CASE(stacks_of_all_threads_fit_into_an_eighth_of_memory)
{
	long most = number_in("/proc/sys/kernel/threads-max"), fits = memory_total() / 8 / 16;
	struct rlimit limit;

	CHECK(most >= 20 && most <= fits + fits / 8 && most >= fits - fits / 8);
	CHECK(!getrlimit(RLIMIT_SIGPENDING, &limit) && limit.rlim_max == (rlim_t)most / 2);
}

ABI_CASE(limits_of_threads_and_numbers_have_bounds)
{
	static const struct { const char *path; long least, most; } limits[] = {
		{ "/proc/sys/kernel/threads-max", 1, 0x3fffffff }, { "/proc/sys/kernel/pid_max", 301, 4194304 },
	};

	if (geteuid())
		return;
	for (unsigned int i = 0; i < 2; i++) {
		long was = number_in(limits[i].path);

		CHECK_ERR(number_set(limits[i].path, limits[i].least - 1), EINVAL);
		CHECK_ERR(number_set(limits[i].path, limits[i].most + 1), EINVAL);
		CHECK_ERR(number_set(limits[i].path, -5), EINVAL);
		CHECK(!number_set(limits[i].path, limits[i].most) && number_in(limits[i].path) == limits[i].most);
		CHECK(!number_set(limits[i].path, was) && number_in(limits[i].path) == was);
	}
}

ABI_CASE(above_threads_max_nobody_forks)
{
	const char *path = "/proc/sys/kernel/threads-max";
	int of_process, of_thread;
	long was = number_in(path);
	pid_t pid;

	if (geteuid())
		return;
	CHECK(!number_set(path, 1));
	pid = fork();
	of_process = errno;
	of_thread = thread_new();
	CHECK(!number_set(path, was));
	CHECK(pid == -1 && of_process == EAGAIN && of_thread == EAGAIN);
	CHECK(child_that_ends() > 0 && !thread_new());
}

/* Number @last was given out last: those of the next children. They go round below @most. */
static void numbers_go_round(long most, bool *round)
{
	pid_t before = 0;

	CHECK(!number_set("/proc/sys/kernel/pid_max", most) && !number_set("/proc/sys/kernel/ns_last_pid", most - 4));
	*round = false;
	for (int i = 0; i < 8; i++) {
		pid_t pid = child_that_ends();

		CHECK(pid >= 300 && pid < most && (pid > before || !*round));
		CHECK(before || pid >= most - 4);
		*round |= pid < before;
		before = pid;
	}
}

ABI_CASE(numbers_of_processes_go_round_below_pid_max)
{
	static const long most[] = { 32768, 40000, 4194304, 20000 };
	long was = number_in("/proc/sys/kernel/pid_max");
	bool round[4] = { false };
	pid_t pid;
	int status;

	if (geteuid())
		return;
	pid = fork();
	if (!pid) {
		for (unsigned int i = 0; i < 4; i++)
			numbers_go_round(most[i], &round[i]);
		_exit(round[0] && round[1] && round[2] && round[3] ? 0 : 1);
	}
	status = abi_wait(pid);
	CHECK(!number_set("/proc/sys/kernel/pid_max", was) && !status);
}

/* A group and a session with a number above those that there are at first, and threads with more. */
ABI_CASE(high_numbers_name_what_low_ones_do)
{
	long was = number_in("/proc/sys/kernel/pid_max");
	pid_t pid;
	int status = -1;

	if (geteuid())
		return;
	CHECK(!number_set("/proc/sys/kernel/pid_max", 4194304) && !number_set("/proc/sys/kernel/ns_last_pid", 3000000));
	pid = fork();
	if (!pid) {
		bool ok = setsid() == getpid() && !thread_new() && getpgid(0) == getpid() && getsid(getpid()) == getpid() && !kill(getpid(), 0);
		pid_t child = fork();

		if (!child)
			_exit(getpgrp() == getppid() ? 0 : 1);
		_exit(ok && child > 3000000 && !abi_wait(child) ? 0 : 1);
	}
	if (pid > 0)
		status = abi_wait(pid);
	CHECK(!number_set("/proc/sys/kernel/pid_max", was) && !number_set("/proc/sys/kernel/ns_last_pid", 400));
	CHECK(pid > 3000000 && !status);
}

ABI_CASE(threads_count_for_the_limit_of_a_user_s_processes)
{
	struct rlimit limit = { 3, 3 };
	pid_t pid;

	if (geteuid())
		return;
	pid = fork();
	if (!pid) {
		CHECK(!setrlimit(RLIMIT_NPROC, &limit) && !setgid(STRANGER) && !setuid(STRANGER));
		CHECK(!thread_new() && !thread_new() && thread_new() == EAGAIN);
		CHECK_ERR(fork(), EAGAIN);
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}

ABI_CASE(the_limit_of_open_files_has_bounds)
{
	const char *path = "/proc/sys/fs/file-max";
	char text[64];
	long was = number_in(path), open_now, unused, most;

	CHECK(was >= 8192 && sscanf(abi_read("/proc/sys/fs/file-nr", text, sizeof(text)), "%ld\t%ld\t%ld\n", &open_now, &unused, &most) == 3);
	CHECK(most == was && !unused && open_now >= 0 && open_now < was);
	if (geteuid())
		return;
	CHECK_ERR(number_set(path, -1), EINVAL);
	CHECK(!number_set(path, INT64_MAX) && number_in(path) == INT64_MAX && !number_set(path, was) && number_in(path) == was);
}

/* Linux counts on each CPU, and tells the sum only about. */
ABI_CASE(open_files_inodes_and_names_are_counted)
{
	static const char *const paths[] = { "/proc/sys/fs/file-nr", "/proc/sys/fs/inode-nr", "/proc/sys/fs/dentry-state" };
	int fds[500];
	long before[3];
	char name[16];

	abi_fresh();
	for (unsigned int i = 0; i < 3; i++)
		before[i] = number_in(paths[i]);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "%d", i);
		fds[i] = open(name, O_CREAT | O_RDWR, 0600);
		CHECK(fds[i] >= 0);
	}
	for (unsigned int i = 0; i < 3; i++)
		CHECK(number_in(paths[i]) > before[i] + 300);
	for (int i = 0; i < 500; i++)
		close(fds[i]);
	CHECK(number_in(paths[0]) < before[0] + 200);
}

static int file_of_each_kind(int which)
{
	int p[2];

	switch (which) {
	case 0: return open("/dev/null", O_RDONLY);
	case 1: return pipe(p);
	case 2: return socket(AF_UNIX, SOCK_STREAM, 0);
	case 3: return eventfd(0, 0);
	case 4: return epoll_create1(0);
	case 5: return timerfd_create(CLOCK_MONOTONIC, 0);
	case 6: return inotify_init();
	case 7: return memfd_create("x", 0);
	case 8: return (int)syscall(SYS_pidfd_open, getpid(), 0);
	default: return socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	}
}

/* As a stranger: the first kind that does not end with @error, plus one. */
static int stranger_meets(int error)
{
	pid_t pid = fork();

	if (!pid) {
		CHECK(!setgid(STRANGER) && !setuid(STRANGER));
		for (int i = 0; i < 10; i++) {
			errno = 0;
			if ((file_of_each_kind(i) < 0 ? errno : 0) != error)
				_exit(i + 1);
		}
		_exit(0);
	}
	return abi_wait(pid) >> 8;
}

ABI_CASE(above_file_max_only_the_privileged_open_files)
{
	const char *path = "/proc/sys/fs/file-max";
	int stranger, own = 0, fd;
	long was = number_in(path);

	if (geteuid())
		return;
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0 && write(fd, "0", 1) == 1);
	stranger = stranger_meets(ENFILE);
	for (int i = 0; i < 9; i++)
		own |= i != 2 && file_of_each_kind(i) < 0;	/* of UNIX sockets Linux has no more than twice as many, whosever they are */
	CHECK(!number_set(path, was) && !stranger && !own && !stranger_meets(0));
}
