// SPDX-License-Identifier: GPL-2.0
/* Files that tell their owner by a signal: F_SETOWN, F_SETOWN_EX, F_SETSIG, O_ASYNC, FIOASYNC. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define NOBODY	65534

struct owner {
	int type, pid;
};

static void block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
}

static bool is_pending(int sig)
{
	sigset_t set;

	CHECK(!sigpending(&set));
	return sigismember(&set, sig);
}

/* @fd tells this process by @sig (0: SIGIO, which is blocked too). */
static void tell_me(int fd, int sig)
{
	block(SIGIO);
	if (sig)
		block(sig);
	CHECK(!fcntl(fd, F_SETOWN, getpid()) && !fcntl(fd, F_SETSIG, sig) && fcntl(fd, F_GETSIG) == sig);
	CHECK(!fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC) && fcntl(fd, F_GETFL) & O_ASYNC);
}

ABI_CASE(an_owner_is_told_by_sigio_when_bytes_come)
{
	siginfo_t info;
	int fd[2];

	CHECK(!pipe(fd));
	tell_me(fd[0], 0);
	CHECK(!is_pending(SIGIO) && write(fd[1], "x", 1) == 1);
	info = abi_await_signal(SIGIO);
	CHECK(info.si_code == SI_KERNEL);
}

ABI_CASE(an_owner_with_a_signal_of_its_own_learns_which_file)
{
	siginfo_t info;
	int fd[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	tell_me(fd[1], SIGRTMIN);
	CHECK(write(fd[0], "x", 1) == 1);
	info = abi_await_signal(SIGRTMIN);
	CHECK(info.si_code == POLL_IN && info.si_fd == fd[1] && info.si_band & POLLIN && !is_pending(SIGIO));
}

ABI_CASE(each_end_of_a_pipe_hears_of_its_own_side)
{
	static char block_of[4096];
	int fd[2];

	CHECK(!pipe2(fd, O_NONBLOCK));
	tell_me(fd[1], SIGRTMIN);
	CHECK(write(fd[1], "x", 1) == 1 && !is_pending(SIGRTMIN));
	while (write(fd[1], block_of, sizeof(block_of)) > 0)
		;
	CHECK(!is_pending(SIGRTMIN) && read(fd[0], block_of, sizeof(block_of)) == sizeof(block_of));
	CHECK(abi_await_signal(SIGRTMIN).si_code == POLL_OUT);
}

ABI_CASE(an_owner_is_told_no_more_without_o_async)
{
	int fd[2], on = 1, off = 0;
	char c;

	CHECK(!pipe(fd));
	tell_me(fd[0], 0);
	CHECK(!ioctl(fd[0], FIOASYNC, &off) && !(fcntl(fd[0], F_GETFL) & O_ASYNC));
	CHECK(write(fd[1], "x", 1) == 1 && !is_pending(SIGIO) && read(fd[0], &c, 1) == 1);
	CHECK(!ioctl(fd[0], FIOASYNC, &on) && fcntl(fd[0], F_GETFL) & O_ASYNC && write(fd[1], "x", 1) == 1);
	abi_await_signal(SIGIO);
	CHECK(!fcntl(fd[0], F_SETOWN, 0) && read(fd[0], &c, 1) == 1 && write(fd[1], "x", 1) == 1 && !is_pending(SIGIO));
}

ABI_CASE(files_that_cannot_signal_refuse_fioasync)
{
	int fd = eventfd(0, 0), on = 1;

	CHECK_ERR(ioctl(fd, FIOASYNC, &on), ENOTTY);
	CHECK(!fcntl(fd, F_SETOWN, getpid()) && fcntl(fd, F_GETOWN) == getpid());
	CHECK_ERR(ioctl(fd, FIOASYNC, (void *)1), EFAULT);
}

ABI_CASE(owners_are_threads_processes_or_groups)
{
	struct owner o = { .type = F_OWNER_PGRP, .pid = getpgrp() };
	int fd[2], got;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd) && fcntl(fd[0], F_GETOWN) == 0);
	CHECK(!fcntl(fd[0], F_SETOWN_EX, &o) && fcntl(fd[0], F_GETOWN) == -getpgrp());
	CHECK(!ioctl(fd[0], FIOGETOWN, &got) && got == -getpgrp());
	got = getpid();
	CHECK(!ioctl(fd[0], FIOSETOWN, &got) && !fcntl(fd[0], F_GETOWN_EX, &o) && o.type == F_OWNER_PID && o.pid == getpid());
	o = (struct owner){ F_OWNER_TID, (int)syscall(SYS_gettid) };
	CHECK(!fcntl(fd[0], F_SETOWN_EX, &o) && !fcntl(fd[0], F_GETOWN_EX, &o) && o.type == F_OWNER_TID && o.pid == syscall(SYS_gettid));
	o.type = 3;
	CHECK_ERR(fcntl(fd[0], F_SETOWN_EX, &o), EINVAL);
	CHECK_ERR(fcntl(fd[0], F_SETOWN_EX, (void *)1), EFAULT);
	CHECK_ERR(fcntl(fd[0], F_SETOWN, 0x3fffffff), ESRCH);
	CHECK_ERR(fcntl(fd[0], F_SETSIG, 65), EINVAL);
}

ABI_CASE(a_group_that_owns_a_file_gets_its_signal)
{
	int fd[2], status;
	pid_t child;

	CHECK(!pipe(fd));
	child = fork();
	if (!child)
		for (;;)
			pause();
	CHECK(child > 0 && !setpgid(child, child) && !fcntl(fd[0], F_SETOWN, -child) && !fcntl(fd[0], F_SETFL, O_ASYNC));
	CHECK(write(fd[1], "x", 1) == 1);
	status = abi_wait(child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGIO);
	CHECK(fcntl(fd[0], F_GETOWN) == 0);
}

ABI_CASE(a_signal_of_a_file_has_the_rights_of_who_set_the_owner)
{
	int fd[2], status;
	pid_t child;

	if (getuid())
		return;
	block(SIGIO);
	CHECK(!pipe(fd));
	child = fork();
	if (!child) {
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY) && !fcntl(fd[0], F_SETOWN, getppid()) && !fcntl(fd[0], F_SETFL, O_ASYNC));
		CHECK(write(fd[1], "x", 1) == 1);
		_exit(0);
	}
	status = abi_wait(child);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status) && fcntl(fd[0], F_GETOWN) == getpid() && !is_pending(SIGIO));
}

ABI_CASE(terminals_and_inotify_signal_too)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, watch = inotify_init(), unlock = 0;

	CHECK(master >= 0 && !ioctl(master, TIOCSPTLCK, &unlock));
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	CHECK(slave >= 0);
	tell_me(slave, SIGRTMIN);
	CHECK(write(master, "line\n", 5) == 5);
	CHECK(abi_await_signal(SIGRTMIN).si_fd == slave);
	tell_me(watch, SIGRTMIN + 1);
	CHECK(inotify_add_watch(watch, ".", IN_CREATE) > 0 && close(open("made", O_CREAT | O_WRONLY, 0600)) == 0);
	CHECK(abi_await_signal(SIGRTMIN + 1).si_fd == watch);
}

ABI_CASE(who_named_the_owner_is_told)
{
	unsigned int users[2] = { 9, 9 };
	int fd[2];

	CHECK(!pipe(fd) && !fcntl(fd[0], 17, users) && !users[0] && !users[1]);	/* F_GETOWNER_UIDS */
	CHECK_ERR(fcntl(fd[0], 17, 1), EFAULT);
	if (getuid())
		return;
	CHECK(!setresuid(5, 6, 0) && !fcntl(fd[0], F_SETOWN, getpid()) && !fcntl(fd[0], 17, users) && users[0] == 5 && users[1] == 6);
}
