// SPDX-License-Identifier: GPL-2.0
/* fork, vfork, wait, groups, sessions, exit and orphans. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "abi.h"

ABI_CASE(fork_returns_twice)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		_exit(getppid() == parent ? 7 : 1);
	CHECK(pid > 0 && WEXITSTATUS(abi_wait(pid)) == 7);
}

ABI_CASE(fork_copies_memory)
{
	volatile int *word = malloc(sizeof(*word));
	pid_t pid;

	*word = 1;
	pid = fork();
	if (pid == 0) {
		*word = 2;
		_exit(*word);
	}
	CHECK(WEXITSTATUS(abi_wait(pid)) == 2);
	CHECK(*word == 1);
}

ABI_CASE(shared_memory_is_shared_with_a_child)
{
	volatile int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	CHECK(word != MAP_FAILED);
	pid = fork();
	if (pid == 0) {
		*word = 42;
		_exit(0);
	}
	abi_wait(pid);
	CHECK(*word == 42);
}

ABI_CASE(many_children_are_all_reaped)
{
	for (int round = 0; round < 10; round++) {
		int sum = 0;

		for (int i = 0; i < 20; i++) {
			pid_t pid = fork();

			CHECK(pid >= 0);
			if (pid == 0)
				_exit(i);
		}
		for (int i = 0; i < 20; i++) {
			int status;

			CHECK(wait(&status) > 0);
			sum += WEXITSTATUS(status);
		}
		CHECK(sum == 190);
	}
	CHECK_ERR(wait(NULL), ECHILD);
}

ABI_CASE(vfork_lends_its_memory)
{
	volatile int seen = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		seen = 5;
		_exit(3);
	}
	CHECK(seen == 5);
	CHECK(WEXITSTATUS(abi_wait(pid)) == 3);
}

/* What its child does without it: it lives until the pipe closes. */
static void be_vfork_parent(int fd)
{
	char c;

	if (!vfork()) {
		(void)!read(fd, &c, 1);
		_exit(0);
	}
	_exit(0);
}

ABI_CASE(who_waits_for_its_vfork_child_can_be_killed)
{
	static const int signals[] = { SIGKILL, SIGTERM };
	int fds[2], status;

	for (unsigned int i = 0; i < 2; i++) {
		pid_t pid;

		CHECK(!pipe(fds));
		pid = fork();
		if (!pid) {
			close(fds[1]);
			be_vfork_parent(fds[0]);
		}
		close(fds[0]);
		abi_await_call(pid, SYS_vfork);
		CHECK(!kill(pid, SIGCONT) && !kill(pid, signals[i]));
		status = abi_wait(pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i] && !close(fds[1]));
	}
}

ABI_CASE(wait_reports_a_signal)
{
	pid_t pid = fork();

	if (pid == 0)
		pause();
	CHECK(kill(pid, SIGTERM) == 0);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGTERM);
}

ABI_CASE(wait_reports_a_crash)
{
	pid_t pid = fork();

	if (pid == 0) {
		volatile uintptr_t nowhere = 8;

		*(volatile int *)nowhere = 1;
		_exit(0);
	}
	CHECK(WTERMSIG(abi_wait(pid)) == SIGSEGV);
}

ABI_CASE(wnohang_returns_at_once)
{
	int pipes[2], status;
	pid_t pid;
	char byte;

	CHECK(pipe(pipes) == 0);
	pid = fork();
	if (pid == 0) {
		close(pipes[1]);
		read(pipes[0], &byte, 1);
		_exit(9);
	}
	CHECK(waitpid(pid, &status, WNOHANG) == 0);
	close(pipes[0]);
	close(pipes[1]);
	CHECK(WEXITSTATUS(abi_wait(pid)) == 9);
}

ABI_CASE(waitid_can_look_without_taking)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(11);
	CHECK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
	CHECK(info.si_pid == pid && info.si_status == 11 && info.si_code == CLD_EXITED && info.si_signo == SIGCHLD);
	CHECK(WEXITSTATUS(abi_wait(pid)) == 11);
}

ABI_CASE(stop_and_continue_are_reported)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
}

ABI_CASE(stopped_process_can_be_killed)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	kill(pid, SIGKILL);
	CHECK(WTERMSIG(abi_wait(pid)) == SIGKILL);
}

ABI_CASE(wait_selects_by_group)
{
	int status;
	pid_t a = fork(), b;

	if (a == 0) {
		setpgid(0, 0);
		_exit(1);
	}
	setpgid(a, a);
	b = fork();
	if (b == 0)
		_exit(2);
	CHECK(waitpid(-a, &status, 0) == a);
	CHECK(waitpid(0, &status, 0) == b);
}

ABI_CASE(setsid_makes_a_leader)
{
	pid_t pid = fork();

	if (pid == 0) {
		CHECK(setsid() == getpid());
		CHECK(getpgid(0) == getpid() && getsid(0) == getpid());
		CHECK_ERR(setsid(), EPERM);
		CHECK_ERR(setpgid(0, 0), EPERM);
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
}

ABI_CASE(orphan_gets_another_parent)
{
	int pipes[2];
	pid_t pid, seen = 0;

	CHECK(pipe(pipes) == 0);
	pid = fork();
	if (pid == 0) {
		pid_t middle = getpid();

		if (fork() == 0) {
			while (getppid() == middle)
				usleep(1000);
			seen = getppid();
			write(pipes[1], &seen, sizeof(seen));
			_exit(0);
		}
		_exit(0);
	}
	abi_wait(pid);
	CHECK(read(pipes[0], &seen, sizeof(seen)) == sizeof(seen));
	CHECK(seen > 0 && seen != pid);
}

/* A session leader that was always orphaned, with a stopped child in its group: another child's end concerns nobody. */
static void lead_orphaned_group(void)
{
	pid_t stopped, other;
	int status;

	CHECK(setsid() == getpid());
	stopped = fork();
	if (stopped == 0)
		for (;;)
			pause();
	CHECK(!kill(stopped, SIGSTOP) && waitpid(stopped, &status, WUNTRACED) == stopped && WIFSTOPPED(status));
	other = fork();
	if (other == 0)
		_exit(3);
	CHECK(WEXITSTATUS(abi_wait(other)) == 3);
	CHECK(waitpid(stopped, &status, WNOHANG | WUNTRACED | WCONTINUED) == 0);
	kill(stopped, SIGKILL);
	abi_wait(stopped);
	_exit(5);
}

ABI_CASE(end_of_a_member_hangs_up_no_group_that_was_orphaned_before)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		lead_orphaned_group();
	status = abi_wait(pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
}

/* The child leads a group of its own with a stopped member; its end orphans that group. */
ABI_CASE(end_of_the_last_who_could_continue_a_group_hangs_it_up)
{
	int pipes[2];
	char c = 0;
	pid_t pid;

	CHECK(pipe(pipes) == 0);
	pid = fork();
	if (pid == 0) {
		pid_t stopped;
		int status;

		CHECK(setsid() == getpid());
		stopped = fork();
		if (stopped == 0) {
			sigset_t hup;
			int sig;

			CHECK(!setpgid(0, 0));
			sigemptyset(&hup);
			sigaddset(&hup, SIGHUP);
			sigprocmask(SIG_BLOCK, &hup, NULL);
			raise(SIGSTOP);
			CHECK(!sigwait(&hup, &sig) && write(pipes[1], "h", 1) == 1);
			_exit(0);
		}
		CHECK(waitpid(stopped, &status, WUNTRACED) == stopped && WIFSTOPPED(status));
		_exit(0);
	}
	abi_wait(pid);
	close(pipes[1]);
	CHECK(read(pipes[0], &c, 1) == 1 && c == 'h');
}

ABI_CASE(ignored_children_leave_no_zombies)
{
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 5; i++)
		if (fork() == 0)
			_exit(0);
	CHECK_ERR(wait(NULL), ECHILD);
}

ABI_CASE(kill_minus_group_reaches_all)
{
	pid_t pids[3];

	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			for (;;)
				pause();
		CHECK(setpgid(pids[i], pids[0]) == 0);
	}
	CHECK(kill(-pids[0], SIGUSR1) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(WTERMSIG(abi_wait(pids[i])) == SIGUSR1);
	CHECK_ERR(kill(-pids[0], 0), ESRCH);
}

ABI_CASE(limits_are_kept_and_guarded)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 256);
	limit.rlim_cur = 64;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 64);
	limit.rlim_cur = limit.rlim_max + 1;
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
	CHECK_ERR(getrlimit(99, &limit), EINVAL);
}

ABI_CASE(bad_pointers_give_efault)
{
	CHECK_ERR(syscall(SYS_clock_gettime, 0, 0xffff800000000000ul), EFAULT);
	CHECK_ERR(syscall(SYS_uname, 8), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, 8, 0, 8), EFAULT);
	CHECK_ERR(syscall(SYS_execve, 8, 0, 0), EFAULT);
	CHECK_ERR(syscall(SYS_getrusage, 0, 0x7fffffffeff0ul), EFAULT);
}

ABI_CASE(unknown_call_gives_enosys)
{
	CHECK_ERR(syscall(511), ENOSYS);
}

ABI_CASE(cpu_time_grows)
{
	struct rusage before, after;
	struct timeval wall, now;
	volatile int x = 0;

	CHECK(getrusage(RUSAGE_SELF, &before) == 0);
	gettimeofday(&wall, NULL);
	do {
		for (int i = 0; i < 100000; i++)
			x += i;
		gettimeofday(&now, NULL);
	} while ((now.tv_sec - wall.tv_sec) * 1000000 + now.tv_usec - wall.tv_usec < 100000);
	CHECK(getrusage(RUSAGE_SELF, &after) == 0);
	CHECK((after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 + after.ru_utime.tv_usec - before.ru_utime.tv_usec +
	      after.ru_stime.tv_usec - before.ru_stime.tv_usec > 10000);
}

ABI_CASE(proc_syscall_tells_the_call_that_a_process_waits_in)
{
	char expected[128], byte;
	int go[2];
	pid_t pid;

	CHECK(!pipe(go));
	snprintf(expected, sizeof(expected), "%d 0x%x %p 0x%x ", SYS_read, go[0], (void *)&byte, 1);
	pid = fork();
	if (!pid)
		_exit(read(go[0], &byte, 1) == 1 ? 0 : 1);
	while (strncmp(abi_call_of(pid), expected, strlen(expected)))
		usleep(1000);
	CHECK(write(go[1], "x", 1) == 1 && abi_wait(pid) == 0);
	snprintf(expected, sizeof(expected), "%d 0x", SYS_read);
	CHECK(!strncmp(abi_call_of(getpid()), expected, strlen(expected)));
}

ABI_CASE(a_pidfd_that_does_not_wait_says_so)
{
	pid_t pid = fork();
	siginfo_t info;
	int pidfd;

	if (!pid)
		for (;;)
			pause();
	pidfd = (int)syscall(434, pid, O_NONBLOCK);	/* pidfd_open */
	CHECK(pidfd >= 0);
	CHECK_ERR(syscall(SYS_waitid, 3, pidfd, &info, WEXITED, NULL), EAGAIN);
	CHECK(!syscall(SYS_waitid, 3, pidfd, &info, WEXITED | WNOHANG, NULL));
	CHECK(!kill(pid, SIGKILL) && WTERMSIG(abi_wait(pid)) == SIGKILL);
}

static long clone3_with(uint64_t flags)
{
	uint64_t args[8] = { [0] = flags, [4] = SIGCHLD };	/* flags, exit_signal */
	long pid = syscall(SYS_clone3, args, sizeof(args));

	if (!pid)
		_exit(0);
	return pid;
}

/* What is behind the arguments that the kernel knows must be 0: that it is not comes before a fault further on. */
ABI_CASE(clone3_says_that_it_does_not_know_more_arguments)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *args = (uint64_t *)(pages + 4096) - 12;

	CHECK(pages != MAP_FAILED && !munmap(pages + 4096, 4096));
	CHECK_ERR(syscall(SYS_clone3, args, 12 * 8 + 8), EFAULT);
	args[11] = 1;
	CHECK_ERR(syscall(SYS_clone3, args, 12 * 8 + 8), E2BIG);
}

ABI_CASE(clone3_refuses_flags_it_does_not_know)
{
	CHECK(abi_wait(clone3_with(0)) == 0);
	CHECK_ERR(clone3_with(CLONE_DETACHED), EINVAL);
	CHECK_ERR(clone3_with(1ull << 40), EINVAL);
	CHECK_ERR(clone3_with(SIGCHLD), EINVAL);
}
