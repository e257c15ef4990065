// SPDX-License-Identifier: GPL-2.0
/* PID namespaces: who has which number where, the init of one, who can be reached. What /proc and other calls tell is in pid_told_test.c. */
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <uapi/ferry/linux.h>
#include "pid_ns.h"

static void sleep_on(void)
{
	for (;;)
		pause();
}

ABI_CASE(the_first_process_of_a_namespace_has_number_one)
{
	pid_t pid;

	if (geteuid())
		return;
	pid = child_new();
	if (!pid) {
		int status;

		CHECK(getpid() == 1 && syscall(SYS_gettid) == 1 && getppid() == 0 && getpgid(0) == 0 && getsid(0) == 0 && getpgrp() == 0);
		pid = fork();
		if (!pid) {
			CHECK(getpid() == 2 && getppid() == 1 && getpgid(1) == 0 && setsid() == 2 && getsid(0) == 2 && getpgrp() == 2);
			_exit(3);
		}
		CHECK(pid == 2 && waitpid(2, &status, 0) == 2 && WEXITSTATUS(status) == 3);
		CHECK(setsid() == 1 && getsid(0) == 1 && getpgid(1) == 1);
		_exit(0);
	}
	CHECK(pid > 1 && !abi_wait(pid));
}

ABI_CASE(children_are_in_a_namespace_that_their_parent_asked_for)
{
	char path[64];
	pid_t me = getpid(), first, second;

	if (geteuid())
		return;
	CHECK(!unshare(CLONE_NEWPID) && getpid() == me);
	CHECK_ERR(readlink("/proc/self/ns/pid_for_children", path, sizeof(path)), ENOENT);
	CHECK_ERR(unshare(CLONE_NEWPID), EINVAL);
	CHECK_ERR(syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0, NULL, NULL, 0), EINVAL);
	first = fork();
	if (!first) {
		CHECK(getpid() == 1 && getppid() == 0);
		sleep_on();
	}
	second = fork();
	if (!second)
		_exit(getpid() == 2 && getppid() == 0 ? 0 : 1);
	CHECK(first > 1 && second > 1 && !abi_wait(second));
	CHECK(ns_number(me, "pid") != ns_number(me, "pid_for_children") && ns_number(first, "pid") == ns_number(me, "pid_for_children"));
	CHECK(!kill(first, SIGKILL) && abi_wait(first) == SIGKILL);
	/* Without its init nobody is born there. */
	CHECK_ERR(fork(), ENOMEM);
	CHECK(ns_number(me, "pid_for_children") != ns_number(me, "pid"));
}

ABI_CASE(everybody_ends_with_the_init_of_their_namespace)
{
	int ends[2];
	char c;
	pid_t pid;

	if (geteuid())
		return;
	CHECK(!pipe(ends));
	pid = child_new();
	if (!pid) {
		for (int i = 0; i < 3; i++)
			if (!fork()) {
				if (!fork())
					setsid();
				sleep_on();
			}
		/* One in a namespace below. */
		if (!child_new())
			sleep_on();
		usleep(20000);
		_exit(5);
	}
	close(ends[1]);
	CHECK(WEXITSTATUS(abi_wait(pid)) == 5 && read(ends[0], &c, 1) == 0);
}

ABI_CASE(orphans_are_the_init_s)
{
	pid_t pid;

	if (geteuid())
		return;
	pid = child_new();
	if (!pid) {
		int status, ready[2], told = 0;

		CHECK(!pipe(ready));
		pid = fork();
		if (!pid) {
			if (!fork()) {
				while (getppid() != 1)
					usleep(1000);
				told = getpid();
				CHECK(write(ready[1], &told, sizeof(told)) == sizeof(told));
				_exit(9);
			}
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == 2 && read(ready[0], &told, sizeof(told)) == sizeof(told) && told == 3);
		CHECK(waitpid(-1, &status, 0) == 3 && WEXITSTATUS(status) == 9);
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}

static volatile sig_atomic_t nr_taken;
static volatile pid_t sender;

static void take(int sig, siginfo_t *info, void *context)
{
	sender = info->si_pid;
	nr_taken++;
}

static void handle(int sig)
{
	struct sigaction action = { .sa_sigaction = take, .sa_flags = SA_SIGINFO };

	CHECK(!sigaction(sig, &action, NULL));
}

/* An init takes from those in its namespace what it has a handler for, from above SIGKILL and SIGSTOP too. */
ABI_CASE(an_init_is_not_ended_from_inside)
{
	pid_t pid;
	int status;

	if (geteuid())
		return;
	pid = child_new();
	if (!pid) {
		handle(SIGUSR1);
		pid = fork();
		if (!pid) {
			CHECK(!kill(1, SIGKILL) && !kill(1, SIGTERM) && !kill(1, SIGSTOP) && !kill(1, SIGTSTP));
			CHECK_ERR(kill(-1, SIGTERM), ESRCH);
			CHECK(!kill(1, SIGUSR1));
			_exit(0);
		}
		CHECK(!abi_wait(pid));
		while (!nr_taken)
			usleep(1000);
		CHECK(sender == 2 && !kill(1, SIGKILL) && !kill(getpid(), SIGTERM));
		sleep_on();
	}
	usleep(50000);
	CHECK(!kill(pid, SIGTERM) && !kill(pid, SIGHUP) && !waitpid(pid, &status, WNOHANG));
	CHECK(!kill(pid, SIGSTOP) && waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && !kill(pid, SIGCONT));
	CHECK(!kill(pid, SIGKILL) && abi_wait(pid) == SIGKILL);
}

ABI_CASE(an_init_dies_of_its_own_faults)
{
	pid_t pid;

	if (geteuid())
		return;
	pid = child_new();
	if (!pid) {
		*(volatile int *)BAD = 1;
		_exit(0);
	}
	CHECK((abi_wait(pid) & 0x7f) == SIGSEGV);
}

ABI_CASE(who_signals_from_above_has_no_number)
{
	struct duct d;
	pid_t pid;

	if (geteuid())
		return;
	duct_make(&d);
	pid = child_new();
	if (!pid) {
		sender = -1;
		handle(SIGUSR1);
		duct_tell(d.up, 1);
		while (!nr_taken)
			usleep(1000);
		CHECK(sender == 0);
		_exit(0);
	}
	CHECK(duct_hear(d.up) == 1 && !kill(pid, SIGUSR1) && !abi_wait(pid));
}

ABI_CASE(a_parent_above_is_told_its_own_numbers)
{
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	if (geteuid())
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	pid = child_new();
	if (!pid)
		_exit(4);
	info = abi_await_signal(SIGCHLD);
	CHECK(info.si_pid == pid && info.si_status == 4);
	memset(&info, 0, sizeof(info));
	CHECK(!waitid(P_PID, (id_t)pid, &info, WEXITED) && info.si_pid == pid && info.si_status == 4);
}

/* Whatever number they try: nothing outside is met. */
ABI_CASE(nobody_outside_is_reached)
{
	pid_t outside = getpid(), pid;

	if (geteuid())
		return;
	CHECK(outside > 2);
	pid = child_new();
	if (!pid) {
		cpu_set_t cpus;

		for (pid_t p = outside - 3; p <= outside + 3; p++) {
			if (p <= 1)
				continue;
			CHECK_ERR(kill(p, 0), ESRCH);
			CHECK_ERR(kill(-p, 0), ESRCH);
			CHECK_ERR(syscall(SYS_tgkill, p, p, 0), ESRCH);
			CHECK_ERR(syscall(SYS_tkill, p, 0), ESRCH);
			CHECK_ERR(sched_getaffinity(p, sizeof(cpus), &cpus), ESRCH);
			CHECK_ERR(syscall(SYS_sched_getscheduler, p), ESRCH);
			CHECK_ERR(getpgid(p), ESRCH);
			CHECK_ERR(getsid(p), ESRCH);
			CHECK_ERR(setpgid(p, 0), ESRCH);
			CHECK_ERR(syscall(SYS_pidfd_open, p, 0), ESRCH);
			CHECK_ERR(syscall(SYS_prlimit64, p, 0, NULL, NULL), ESRCH);
			CHECK_ERR(syscall(SYS_kcmp, 1, p, 0, 0, 0), ESRCH);
			CHECK_ERR(syscall(SYS_get_robust_list, p, NULL, NULL), ESRCH);
			CHECK_ERR(waitpid(p, NULL, WNOHANG), ECHILD);
		}
		CHECK_ERR(kill(-1, SIGKILL), ESRCH);
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}

ABI_CASE(a_namespace_is_entered_by_children)
{
	int fd, mine = open("/proc/self/ns/pid", O_RDONLY), theirs;
	char path[64];
	pid_t init, pid;

	if (geteuid())
		return;
	init = child_new();
	if (!init)
		sleep_on();
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)init);
	theirs = open(path, O_RDONLY);
	fd = syscall(SYS_pidfd_open, init, 0);
	CHECK(theirs >= 0 && fd >= 0 && !setns(theirs, CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		CHECK(getpid() == 2 && getppid() == 0 && !kill(1, 0));
		CHECK_ERR(setns(mine, CLONE_NEWPID), EINVAL);
		_exit(6);
	}
	CHECK(WEXITSTATUS(abi_wait(pid)) == 6 && !setns(mine, 0));
	CHECK(!setns(fd, CLONE_NEWPID));
	pid = fork();
	if (!pid)
		_exit(getpid() == 3 ? 7 : 0);
	CHECK(WEXITSTATUS(abi_wait(pid)) == 7 && !kill(init, SIGKILL) && abi_wait(init) == SIGKILL);
}

/* Who entered ends with the others, and is their parent's to wait for. */
ABI_CASE(who_entered_a_namespace_ends_with_it)
{
	char path[64];
	pid_t init, pid;
	int fd;

	if (geteuid())
		return;
	init = child_new();
	if (!init)
		sleep_on();
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)init);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && !setns(fd, 0));
	pid = fork();
	if (!pid)
		sleep_on();
	CHECK(pid > 0 && !kill(init, SIGKILL) && abi_wait(pid) == SIGKILL && abi_wait(init) == SIGKILL);
}

static int restart(int command)
{
	pid_t pid = child_new();

	if (!pid) {
		if (!fork()) {
			syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, NULL);
			_exit(1);
		}
		sleep_on();
	}
	return abi_wait(pid);
}

ABI_CASE(a_namespace_is_rebooted)
{
	pid_t pid;

	if (geteuid())
		return;
	CHECK(restart(LINUX_REBOOT_CMD_RESTART) == SIGHUP && restart(LINUX_REBOOT_CMD_POWER_OFF) == SIGINT);
	pid = child_new();
	if (!pid) {
		CHECK_ERR(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF, NULL), EINVAL);
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}

/* Each in the one before, as deep as may be: its depth, by the status of each. */
static void nest(void)
{
	for (int depth = 0;; depth++) {
		pid_t pid = child_new();

		if (pid < 0)
			_exit(errno == ENOSPC ? depth : 255);
		if (pid)
			_exit(WEXITSTATUS(abi_wait(pid)));
	}
}

ABI_CASE(pid_namespaces_nest_so_deep_and_no_deeper)
{
	pid_t pid;

	if (geteuid())
		return;
	pid = fork();
	if (!pid)
		nest();
	CHECK(WEXITSTATUS(abi_wait(pid)) == 32);
}

static pid_t clone_numbered(uint64_t flags, const pid_t *numbers, unsigned int nr)
{
	uint64_t args[11] = { [0] = flags, [4] = SIGCHLD, [8] = (uint64_t)numbers, [9] = nr };

	return syscall(SYS_clone3, args, sizeof(args));
}

ABI_CASE(a_child_gets_the_number_that_was_asked_for)
{
	pid_t numbers[3] = { 31234, 0, 0 }, pid;

	if (geteuid())
		return;
	CHECK_ERR(clone_numbered(0, numbers, 0), EINVAL);
	CHECK_ERR(clone_numbered(0, NULL, 1), EINVAL);
	CHECK_ERR(clone_numbered(0, numbers, 33), EINVAL);
	CHECK_ERR(clone_numbered(0, numbers, 2), EINVAL);
	CHECK_ERR(clone_numbered(0, BAD, 1), EFAULT);
	numbers[0] = getpid();
	CHECK_ERR(clone_numbered(0, numbers, 1), EEXIST);
	numbers[0] = 0;
	CHECK_ERR(clone_numbered(0, numbers, 1), EINVAL);
	numbers[0] = 31234;
	pid = clone_numbered(0, numbers, 1);
	if (!pid)
		_exit(getpid() == 31234 ? 1 : 0);
	CHECK(pid == 31234 && WEXITSTATUS(abi_wait(pid)) == 1);
	numbers[0] = 5;
	CHECK_ERR(clone_numbered(CLONE_NEWPID, numbers, 1), EINVAL);
	numbers[0] = 1;
	numbers[1] = 31235;
	pid = clone_numbered(CLONE_NEWPID, numbers, 2);
	if (!pid) {
		numbers[0] = 77;
		numbers[1] = 31236;
		pid = clone_numbered(0, numbers, 2);
		if (!pid)
			_exit(getpid() == 77 ? 2 : 0);
		_exit(pid == 77 && WEXITSTATUS(abi_wait(pid)) == 2 ? 3 : 0);
	}
	CHECK(pid == 31235 && WEXITSTATUS(abi_wait(pid)) == 3);
	pid = fork();
	if (!pid) {
		CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
		CHECK_ERR(clone_numbered(0, numbers, 1), EPERM);
		_exit(0);
	}
	CHECK(!abi_wait(pid));
}

/* What one costs comes back: as many as there may be, several times over. */
ABI_CASE(pid_namespaces_leave_nothing_behind)
{
	if (geteuid())
		return;
	for (int i = 0; i < 400; i++) {
		pid_t pid = child_new();

		if (!pid) {
			if (!fork())
				sleep_on();
			_exit(0);
		}
		CHECK(pid > 0 && !abi_wait(pid));
	}
}
