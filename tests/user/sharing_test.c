// SPDX-License-Identifier: GPL-2.0
/* What processes share: unshare(2), kcmp(2). */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

enum { KIND_FILE, KIND_VM, KIND_FILES, KIND_FS, KIND_SIGHAND, KIND_IO, KIND_UNDO, KIND_WATCHED };

static long kcmp(pid_t a, pid_t b, int kind, long x, long y)
{
	return syscall(SYS_kcmp, a, b, kind, x, y);
}

static char stack[2][16384] __attribute__((aligned(16)));

static int close_own(void *fd)
{
	return unshare(CLONE_FILES) || close(*(int *)fd) || unshare(CLONE_FS) || chdir("/");
}

static int wait_status(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, __WALL) == pid);
	return status;
}

ABI_CASE(files_and_directory_are_unshared)
{
	int fd = open("/dev/null", O_RDONLY);
	char before[256], after[256];
	pid_t pid;

	abi_fresh();
	CHECK(getcwd(before, sizeof(before)));
	pid = clone(close_own, stack[1], CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, &fd);
	CHECK(pid > 0 && wait_status(pid) == 0);
	CHECK(fcntl(fd, F_GETFD) >= 0 && getcwd(after, sizeof(after)) && !strcmp(before, after));
}

ABI_CASE(unshare_checks_what_it_is_asked_for)
{
	CHECK_ERR(unshare(0x4), EINVAL);
	CHECK_ERR(unshare((int)0x80000000), EINVAL);
	CHECK(!unshare(0) && !unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM) && !unshare(CLONE_THREAD));
	CHECK(setresuid(1000, 1000, 1000) == 0 || getuid());
	CHECK_ERR(unshare(CLONE_NEWUTS), EPERM);
	CHECK_ERR(setns(99, 0), EBADF);
	CHECK_ERR(setns(0, 0), EINVAL);
}

static void *nothing(void *gate)
{
	char byte;

	return (void *)(long)read(*(int *)gate, &byte, 1);
}

ABI_CASE(threads_are_not_unshared)
{
	pthread_t other;
	int gate[2];

	CHECK(!pipe(gate) && !pthread_create(&other, NULL, nothing, &gate[0]));
	CHECK_ERR(unshare(CLONE_THREAD), EINVAL);
	CHECK_ERR(unshare(CLONE_VM), EINVAL);
	CHECK(write(gate[1], "", 1) == 1 && !pthread_join(other, NULL));
}

ABI_CASE(same_open_file_is_recognized)
{
	int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY), c = dup(a);
	pid_t me = getpid(), pid = fork();

	if (!pid)
		for (;;)
			pause();
	CHECK(kcmp(me, me, KIND_FILE, a, c) == 0 && kcmp(me, pid, KIND_FILE, a, a) == 0);
	CHECK(kcmp(me, me, KIND_FILE, a, b) + kcmp(me, me, KIND_FILE, b, a) == 3);
	CHECK(kcmp(me, pid, KIND_VM, 0, 0) > 0 && kcmp(me, pid, KIND_FILES, 0, 0) > 0 && kcmp(me, pid, KIND_FS, 0, 0) > 0);
	CHECK(kcmp(me, me, KIND_VM, 0, 0) == 0 && kcmp(me, me, KIND_SIGHAND, 0, 0) == 0);
	CHECK(kcmp(me, pid, KIND_IO, 0, 0) == 0 && kcmp(me, pid, KIND_UNDO, 0, 0) == 0);	/* neither has any */
	CHECK_ERR(kcmp(me, me, KIND_FILE, a, 99), EBADF);
	CHECK_ERR(kcmp(me, me, 99, 0, 0), EINVAL);
	CHECK_ERR(kcmp(me, 32001, KIND_VM, 0, 0), ESRCH);
	CHECK(!kill(pid, SIGKILL) && wait_status(pid) == SIGKILL);
}

ABI_CASE(files_that_an_epoll_file_watches_can_be_compared)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct { unsigned int ep, fd, nth; } slot = { .ep = (unsigned int)epoll_create1(0) };
	int p[2], again, me = getpid();

	CHECK(!pipe(p) && !epoll_ctl((int)slot.ep, EPOLL_CTL_ADD, p[0], &e));
	slot.fd = (unsigned int)p[0];
	again = dup(p[0]);
	CHECK(kcmp(me, me, KIND_WATCHED, p[0], (long)&slot) == 0 && kcmp(me, me, KIND_WATCHED, again, (long)&slot) == 0);
	CHECK(kcmp(me, me, KIND_WATCHED, p[1], (long)&slot) > 0);
	CHECK_ERR(kcmp(me, me, KIND_WATCHED, p[0], 1), EFAULT);
	CHECK_ERR(kcmp(me, me, KIND_WATCHED, 999, (long)&slot), EBADF);
	slot.nth = 1;
	CHECK_ERR(kcmp(me, me, KIND_WATCHED, p[0], (long)&slot), ENOENT);
	slot.nth = 0;
	slot.fd = 999;
	CHECK_ERR(kcmp(me, me, KIND_WATCHED, p[0], (long)&slot), ENOENT);
	slot.ep = (unsigned int)p[0];
	CHECK_ERR(kcmp(me, me, KIND_WATCHED, p[0], (long)&slot), EINVAL);
	slot.ep = 999;
	CHECK_ERR(kcmp(me, me, KIND_WATCHED, p[0], (long)&slot), EBADF);
}
