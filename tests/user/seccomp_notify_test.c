// SPDX-License-Identifier: GPL-2.0
/* seccomp_unotify(2): a program that answers another's system calls in the kernel's place. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "abi.h"
#include "filter.h"

#define ADDFD_SETFD			1
#define ADDFD_SEND			2
#define FLAG_CONTINUE			1

struct notif {
	uint64_t id;
	uint32_t pid, flags;
	int32_t nr;
	uint32_t arch;
	uint64_t ip, args[6];
};

struct resp {
	uint64_t id;
	int64_t val;
	int32_t error;
	uint32_t flags;
};

struct addfd {
	uint64_t id;
	uint32_t flags, srcfd, newfd, newfd_flags;
};

#define RECV		_IOWR('!', 0, struct notif)
#define SEND		_IOWR('!', 1, struct resp)
#define ID_VALID	_IOW('!', 2, uint64_t)
#define ADDFD		_IOW('!', 3, struct addfd)

static long listen_with(unsigned int flags)
{
	static const struct insn insns[] = { LOAD(0), EQUAL(MARKED, 0, 1), RETURN(SECCOMP_RET_USER_NOTIF), RETURN(SECCOMP_RET_ALLOW) };

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	return filter_install(flags, insns, LENGTH(insns));
}

static int the_listener = -1;

static int new_listener(unsigned int flags)
{
	int listener = the_listener = (int)listen_with(SECCOMP_FILTER_FLAG_NEW_LISTENER | flags);

	CHECK(listener >= 0 && fcntl(listener, F_GETFD) == FD_CLOEXEC);
	return listener;
}

static struct notif receive(int listener)
{
	struct notif n;

	memset(&n, 0, sizeof(n));
	CHECK(!ioctl(listener, RECV, &n));
	CHECK(n.nr == MARKED);
	return n;
}

static int answer(int listener, uint64_t id, int64_t value, int32_t error, uint32_t flags)
{
	struct resp r = { id, value, error, flags };

	return ioctl(listener, SEND, &r);
}

/* A child without the listener that makes the marked call @times and ends with how many of them had the results in @expected (negative: errors). */
static pid_t caller(int times, const long *expected)
{
	pid_t pid = fork();
	int right = 0;

	if (pid)
		return pid;
	close(the_listener);
	for (int i = 0; i < times; i++) {
		long result = syscall(MARKED, 77 + i);

		right += (result == -1 ? -(long)errno : result) == expected[i];
	}
	_exit(right);
}

static int status_of(pid_t pid)
{
	int status = abi_wait(pid);

	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

ABI_CASE(a_listener_answers_in_the_place_of_the_kernel)
{
	int listener = new_listener(0);
	const long expected[] = { 123456, -EXDEV, -ESRCH };
	struct pollfd poll_for = { .fd = listener, .events = POLLIN | POLLOUT };
	pid_t pid = caller(3, expected);
	struct notif n = { .pid = 1 };

	CHECK(poll(&poll_for, 1, -1) == 1 && poll_for.revents == POLLIN);
	CHECK_ERR(ioctl(listener, RECV, &n), EINVAL);
	CHECK_ERR(ioctl(listener, RECV, BAD), EFAULT);
	n = receive(listener);
	CHECK((pid_t)n.pid == pid && n.args[0] == 77);
	CHECK(poll(&poll_for, 1, -1) == 1 && poll_for.revents == POLLOUT);
	CHECK(!ioctl(listener, ID_VALID, &n.id));
	CHECK_ERR(answer(listener, n.id, 0, 0, 2), EINVAL);
	CHECK_ERR(answer(listener, n.id, 1, 0, FLAG_CONTINUE), EINVAL);
	CHECK_ERR(answer(listener, n.id + 1, 0, 0, 0), ENOENT);
	CHECK(!answer(listener, n.id, 123456, 0, 0));
	n = receive(listener);
	CHECK(!answer(listener, n.id, 0, -EXDEV, 0));
	n = receive(listener);
	CHECK(!answer(listener, n.id, 0, 0, FLAG_CONTINUE));	/* the kernel's own: no such process */
	CHECK(status_of(pid) == 3);
}

ABI_CASE(a_call_whose_listener_is_gone_does_not_exist)
{
	const long expected[] = { -ENOSYS, -ENOSYS };
	int listener = new_listener(0);
	pid_t pid;

	CHECK_ERR(listen_with(SECCOMP_FILTER_FLAG_NEW_LISTENER), EBUSY);
	CHECK_ERR(listen_with(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC), EINVAL);
	CHECK_ERR(listen_with(SECCOMP_FILTER_FLAG_WAIT_KILLABLE), EINVAL);
	pid = caller(2, expected);
	(void)receive(listener);
	CHECK(!close(listener));
	CHECK(status_of(pid) == 2);
}

ABI_CASE(a_listener_hears_that_nobody_has_its_filter)
{
	int shared[2], listener;
	struct pollfd hung = { .events = POLLIN };
	pid_t pid;

	CHECK(!pipe(shared));
	pid = (pid_t)syscall(SYS_clone, 0x400 | SIGCHLD, 0, 0, 0, 0);	/* CLONE_FILES */
	if (!pid) {
		listener = new_listener(0);
		_exit(write(shared[1], &listener, sizeof(listener)) != sizeof(listener));
	}
	CHECK(status_of(pid) == 0 && read(shared[0], &listener, sizeof(listener)) == sizeof(listener));
	hung.fd = listener;
	CHECK(poll(&hung, 1, -1) == 1 && hung.revents == POLLHUP);
}

ABI_CASE(a_listener_adds_descriptors_to_the_caller)
{
	int listener = new_listener(0), file = open("/dev/null", O_RDONLY);
	struct addfd a = { .srcfd = (uint32_t)file };
	struct notif n;
	pid_t pid;

	CHECK(file >= 0);
	pid = fork();
	if (!pid) {
		bool has_both;

		CHECK(syscall(MARKED, 0) == 7);
		has_both = fcntl(50, F_GETFD) == FD_CLOEXEC && fcntl(file + 1, F_GETFD) == 0;
		_exit(has_both && fcntl((int)syscall(MARKED, 0), F_GETFL) >= 0 ? 9 : 1);
	}
	n = receive(listener);
	a.id = n.id;
	a.newfd = 50;
	CHECK_ERR(ioctl(listener, ADDFD, &a), EINVAL);
	a.flags = ADDFD_SETFD;
	a.newfd_flags = O_CLOEXEC;
	CHECK(ioctl(listener, ADDFD, &a) == 50);
	a = (struct addfd){ .id = n.id, .srcfd = (uint32_t)file };
	CHECK(ioctl(listener, ADDFD, &a) == file + 1);
	a.srcfd = 999;
	CHECK_ERR(ioctl(listener, ADDFD, &a), EBADF);
	CHECK(!answer(listener, n.id, 7, 0, 0));
	n = receive(listener);
	a = (struct addfd){ .id = n.id, .srcfd = (uint32_t)file, .flags = ADDFD_SEND };
	CHECK(ioctl(listener, ADDFD, &a) == file + 2);
	CHECK(answer(listener, n.id, 0, 0, 0) == -1);	/* EINPROGRESS while the caller is on its way back */
	CHECK(status_of(pid) == 9);
	CHECK_ERR(answer(listener, n.id, 0, 0, 0), ENOENT);
}

ABI_CASE(an_answer_with_a_descriptor_comes_with_it)
{
	int listener = new_listener(0), file = open("/dev/null", O_RDONLY);
	pid_t pid;

	CHECK(file >= 0);
	pid = fork();
	if (!pid) {
		CHECK(!close(listener));
		for (int i = 0; i < 200; i++)
			CHECK(syscall(MARKED, 0) == 51);
		_exit(9);
	}
	for (int i = 0; i < 200; i++) {
		struct addfd a = { .id = receive(listener).id, .flags = ADDFD_SETFD, .srcfd = (uint32_t)file, .newfd = 50 };

		CHECK(ioctl(listener, ADDFD, &a) == 50);
		a.flags |= ADDFD_SEND;	/* while the caller is not back to its wait */
		a.newfd = 51;
		CHECK(ioctl(listener, ADDFD, &a) == 51);
	}
	CHECK(status_of(pid) == 9);
}

static void note(int sig)
{
	(void)sig;
}

static pid_t interrupted_caller(bool restart)
{
	struct sigaction action = { .sa_handler = note, .sa_flags = restart ? SA_RESTART : 0 };
	pid_t pid = fork();

	if (pid)
		return pid;
	sigaction(SIGUSR1, &action, NULL);
	for (;;)
		if (syscall(MARKED, 0) == 42)
			_exit(42);
		else if (errno == EINTR)
			_exit(4);
}

ABI_CASE(a_signal_takes_the_call_back_from_the_listener)
{
	int listener = new_listener(0);
	pid_t pid = interrupted_caller(false);
	struct notif n = receive(listener);

	CHECK(!kill(pid, SIGUSR1) && status_of(pid) == 4);
	CHECK_ERR(ioctl(listener, ID_VALID, &n.id), ENOENT);
	CHECK_ERR(answer(listener, n.id, 0, 0, 0), ENOENT);
	pid = interrupted_caller(true);
	n = receive(listener);
	CHECK(!kill(pid, SIGUSR1));
	n = receive(listener);	/* the call again */
	CHECK(!answer(listener, n.id, 42, 0, 0) && status_of(pid) == 42);
	pid = interrupted_caller(true);
	n = receive(listener);
	CHECK(!kill(pid, SIGKILL) && WTERMSIG(abi_wait(pid)) == SIGKILL);
	CHECK_ERR(answer(listener, n.id, 0, 0, 0), ENOENT);
}

ABI_CASE(a_received_call_waits_for_all_but_death_if_asked)
{
	int listener = new_listener(SECCOMP_FILTER_FLAG_WAIT_KILLABLE);
	pid_t pid = interrupted_caller(false);
	struct notif n = receive(listener);

	CHECK(!kill(pid, SIGUSR1));
	usleep(30000);
	CHECK(!ioctl(listener, ID_VALID, &n.id));
	CHECK(!answer(listener, n.id, 42, 0, 0) && status_of(pid) == 42);
	pid = interrupted_caller(false);
	n = receive(listener);
	CHECK(!kill(pid, SIGTERM) && WTERMSIG(abi_wait(pid)) == SIGTERM);
	pid = interrupted_caller(false);
	n = receive(listener);
	CHECK(!kill(pid, SIGKILL) && WTERMSIG(abi_wait(pid)) == SIGKILL);
}

ABI_CASE(sizes_of_what_a_listener_reads_are_told)
{
	uint16_t sizes[3];

	CHECK(!syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, sizes));
	CHECK(sizes[0] == sizeof(struct notif) && sizes[1] == sizeof(struct resp) && sizes[2] == 64);
	CHECK_ERR(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 1, sizes), EINVAL);
}
