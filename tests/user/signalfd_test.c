// SPDX-License-Identifier: GPL-2.0
/* Signals and processes as descriptors. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"

#define NR_pidfd_send_signal	424
#define NR_pidfd_open		434
#define NR_pidfd_getfd		438
#define ID_PIDFD		3

static short ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

static sigset_t block(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, a);
	sigaddset(&set, b);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	return set;
}

ABI_CASE(signals_can_be_read)
{
	sigset_t set = block(SIGUSR1, SIGRTMIN);
	struct signalfd_siginfo r[3];
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);

	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && !ready(fd, POLLIN));
	CHECK_ERR(read(fd, r, sizeof(r)), EAGAIN);
	CHECK_ERR(read(fd, r, 10), EINVAL);
	CHECK(!kill(getpid(), SIGUSR1) && !sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 42 }));
	CHECK(ready(fd, POLLIN) == POLLIN && read(fd, r, sizeof(r)) == 2 * sizeof(r[0]));
	CHECK(r[0].ssi_signo == SIGUSR1 && r[0].ssi_pid == (uint32_t)getpid() && r[0].ssi_code == SI_USER);
	CHECK(r[1].ssi_signo == (uint32_t)SIGRTMIN && r[1].ssi_int == 42 && r[1].ssi_code == SI_QUEUE);
	sigemptyset(&set);
	CHECK(signalfd(fd, &set, 0) == fd && !kill(getpid(), SIGUSR1) && !ready(fd, POLLIN));
	CHECK_ERR(signalfd(0, &set, 0), EINVAL);
	CHECK_ERR(signalfd(99, &set, 0), EBADF);
	CHECK_ERR(signalfd(-1, &set, 1), EINVAL);
}

ABI_CASE(a_signal_wakes_who_waits_for_its_descriptor)
{
	sigset_t set = block(SIGUSR2, SIGCHLD);
	struct epoll_event e = { .events = EPOLLIN };
	struct signalfd_siginfo r;
	int fd = signalfd(-1, &set, 0), ep = epoll_create1(0), status;
	pid_t pid = fork(), parent = getppid();

	if (!pid) {
		usleep(30000);
		kill(getppid(), SIGUSR2);
		usleep(30000);
		_exit(7);
	}
	(void)parent;
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) && epoll_wait(ep, &e, 1, -1) == 1);
	CHECK(read(fd, &r, sizeof(r)) == sizeof(r) && r.ssi_signo == SIGUSR2 && r.ssi_pid == (uint32_t)pid);
	CHECK(read(fd, &r, sizeof(r)) == sizeof(r) && r.ssi_signo == SIGCHLD && r.ssi_status == 7 && r.ssi_code == CLD_EXITED);
	CHECK(waitpid(pid, &status, 0) == pid);
}

ABI_CASE(a_process_can_be_waited_for_by_descriptor)
{
	siginfo_t info;
	struct pollfd p = { .events = POLLIN };
	int go[2];
	pid_t pid;
	char c;

	CHECK(!pipe(go));
	pid = fork();
	if (!pid) {
		close(go[1]);
		_exit(read(go[0], &c, 1) == 0 ? 9 : 1);
	}
	p.fd = syscall(NR_pidfd_open, pid, 0);
	CHECK(p.fd >= 0 && fcntl(p.fd, F_GETFD) == FD_CLOEXEC && !ready(p.fd, POLLIN));
	CHECK(!close(go[1]) && poll(&p, 1, -1) == 1 && p.revents == POLLIN);
	memset(&info, 0, sizeof(info));
	CHECK(!waitid(ID_PIDFD, p.fd, &info, WEXITED) && info.si_pid == pid && info.si_status == 9 && info.si_code == CLD_EXITED);
	CHECK_ERR(syscall(NR_pidfd_send_signal, p.fd, 0, NULL, 0), ESRCH);
	CHECK_ERR(waitid(ID_PIDFD, p.fd, &info, WEXITED), ECHILD);
	CHECK_ERR(waitid(ID_PIDFD, 0, &info, WEXITED), EBADF);
	CHECK_ERR(syscall(NR_pidfd_open, pid, 0), ESRCH);
	CHECK_ERR(syscall(NR_pidfd_open, 0, 0), EINVAL);
	CHECK_ERR(syscall(NR_pidfd_open, getpid(), 1), EINVAL);
}

ABI_CASE(a_signal_through_a_descriptor)
{
	int fd, p[2], got, status;
	pid_t pid;

	CHECK(!pipe(p));
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	fd = syscall(NR_pidfd_open, pid, 0);
	CHECK(fd >= 0 && !syscall(NR_pidfd_send_signal, fd, 0, NULL, 0));
	CHECK_ERR(syscall(NR_pidfd_send_signal, fd, 0, NULL, 0x100), EINVAL);
	CHECK_ERR(syscall(NR_pidfd_send_signal, p[0], 0, NULL, 0), EBADF);
	CHECK_ERR(syscall(NR_pidfd_send_signal, fd, SIGTERM, (void *)1, 0), EFAULT);
	got = syscall(NR_pidfd_getfd, fd, p[1], 0);
	CHECK(got >= 0 && write(got, "x", 1) == 1);
	CHECK_ERR(syscall(NR_pidfd_getfd, fd, 99, 0), EBADF);
	CHECK(!syscall(NR_pidfd_send_signal, fd, SIGTERM, NULL, 0));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* As programs did before there were pidfds: the directory of a process, not of a thread, nor a file in it. */
ABI_CASE(a_signal_through_a_directory_of_proc)
{
	char path[32];
	int dir, status;
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	CHECK(dir >= 0 && !syscall(NR_pidfd_send_signal, dir, SIGTERM, NULL, 0));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	CHECK_ERR(syscall(NR_pidfd_send_signal, dir, 0, NULL, 0), ESRCH);
	close(dir);
	dir = open("/proc/self/task", O_RDONLY | O_DIRECTORY);
	CHECK_ERR(syscall(NR_pidfd_send_signal, dir, 0, NULL, 0), EBADF);
	close(dir);
	dir = open("/proc/self/stat", O_RDONLY);
	CHECK_ERR(syscall(NR_pidfd_send_signal, dir, 0, NULL, 0), EBADF);
	close(dir);
}

ABI_CASE(clone_gives_a_descriptor)
{
	int fd = -1, status;
	long pid = syscall(SYS_clone, 0x1000 | SIGCHLD, 0, &fd, 0, 0);

	if (!pid)
		_exit(5);
	CHECK(pid > 0 && fd >= 0);
	CHECK(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1) == 1);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	CHECK_ERR(syscall(SYS_clone, 0x1000 | 0x100000 | SIGCHLD, 0, &fd, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_clone, 0x1000 | SIGCHLD, 0, 1, 0, 0), EFAULT);
}
