// SPDX-License-Identifier: GPL-2.0
/* Control groups: the tree, who is in it, and its limits. Needs root and cgroup version 2 to mount; passes without. */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "cgroup.h"

static void spin(void)
{
	for (;;)
		;
}

ABI_CASE(control_groups_are_made_and_removed)
{
	if (!tree())
		return;
	make("a");
	make("a/b");
	CHECK(!strcmp(get("a", "pids.max"), "max\n") && !strcmp(get("a/b", "cpu.max"), "max 100000\n") && !strcmp(get("a", "memory.max"), "max\n"));
	CHECK(!strcmp(get("a", "cgroup.events"), "populated 0\nfrozen 0\n") && !strcmp(get("a", "cgroup.procs"), ""));
	CHECK_ERR(rmdir(path("a", "")), EBUSY);
	CHECK_ERR(unlink(path("a", "pids.max")), EPERM);
	CHECK_ERR(mkdir(path("a", "b"), 0755), EEXIST);
	CHECK_ERR(open(path("a", "file"), O_CREAT | O_WRONLY, 0644), EPERM);
	drop("a/b");
	drop("a");
	CHECK_ERR(access(path("a", "pids.max"), F_OK), ENOENT);
	tree_end();
}

ABI_CASE(children_are_in_the_control_group_of_their_parent)
{
	char expected[64];
	pid_t pid;

	if (!tree())
		return;
	make("a");
	pid = child_in("a", sleep_on);
	snprintf(expected, sizeof(expected), "%d\n", pid);
	CHECK(!strcmp(get("a", "cgroup.procs"), expected) && value("a", "cgroup.events", "populated ") == 1 && value("a", "pids.current", "") == 1);
	snprintf(expected, sizeof(expected), "/proc/%d/cgroup", pid);
	CHECK(strstr(get("../..", expected), "0::/a\n"));
	CHECK_ERR(rmdir(path("a", "")), EBUSY);
	end(pid);
	CHECK(value("a", "cgroup.events", "populated ") == 0 && value("a", "memory.current", "") == 0);
	drop("a");
	tree_end();
}

static void fork_twice(void)
{
	pid_t one = fork();

	if (!one)
		sleep_on();
	_exit(one > 0 && fork() == -1 && errno == EAGAIN ? 0 : 1);
}

ABI_CASE(a_control_group_has_no_more_threads_than_it_may)
{
	pid_t pid;

	if (!tree())
		return;
	make("a");
	make("a/b");
	CHECK(put("a", "pids.max", "2"));
	pid = child_in("a/b", fork_twice);
	CHECK(abi_wait(pid) == 0);
	CHECK(value("a", "pids.events", "max ") == 1 && value("a/b", "pids.events", "max ") == 0 && value("a", "pids.current", "") == 1);
	CHECK(put("a", "cgroup.kill", "1"));
	while (value("a", "cgroup.events", "populated "))
		usleep(1000);
	drop("a/b");
	drop("a");
	tree_end();
}

static void eat(void)
{
	char *p = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(p, 1, 16 * MIB);
}

static void eat_and_stay(void)
{
	eat();
	sleep_on();
}

ABI_CASE(a_control_group_has_no_more_memory_than_it_may)
{
	pid_t bystander, pid;

	if (!tree())
		return;
	make("a");
	CHECK(put("a", "memory.max", "4M") && value("a", "memory.max", "") == 4 * MIB);
	bystander = child_in("a", sleep_on);
	pid = child_in("a", eat);
	CHECK(abi_wait(pid) == SIGKILL);
	CHECK(!kill(bystander, 0) && waitpid(bystander, NULL, WNOHANG) == 0);
	CHECK(value("a", "memory.events", "oom_kill ") == 1 && value("a", "memory.events", "max ") > 0);
	CHECK(value("a", "memory.peak", "") > 2 * MIB && value("a", "memory.peak", "") <= 4 * MIB + 65536);
	end(bystander);
	CHECK(value("a", "memory.current", "") == 0);
	drop("a");
	tree_end();
}

static void fork_and_eat(void)
{
	if (!fork())
		eat();
	sleep_on();
}

/* The limit is the outer group's, who goes is the biggest in it, and nobody else. */
ABI_CASE(a_limit_of_memory_holds_for_the_groups_below)
{
	pid_t outside, inside;

	if (!tree())
		return;
	make("a");
	make("a/b");
	make("c");
	CHECK(put("a", "memory.max", "8M"));
	outside = child_in("c", eat_and_stay);
	while (value("c", "memory.current", "") < 16 * MIB)
		usleep(1000);
	inside = child_in("a/b", fork_and_eat);
	while (value("a", "memory.events", "oom_kill ") < 1)
		usleep(1000);
	CHECK(!kill(outside, 0) && waitpid(outside, NULL, WNOHANG) == 0 && waitpid(inside, NULL, WNOHANG) == 0);
	CHECK(value("a/b", "memory.events", "oom_kill ") == 1 && value("a/b", "memory.events", "max ") == 0);
	CHECK(value("c", "memory.events", "oom_kill ") == 0 && value("c", "memory.current", "") >= 16 * MIB);
	while (value("a", "memory.current", "") != value("a/b", "memory.current", ""))
		usleep(1000);	/* who was chosen is still going */
	end(outside);
	CHECK(put("a", "cgroup.kill", "1"));
	abi_wait(inside);
	while (value("a", "cgroup.events", "populated "))
		usleep(1000);
	CHECK(value("a", "memory.current", "") == 0 && value("a/b", "pids.current", "") == 0);
	drop("c");
	drop("a/b");
	drop("a");
	tree_end();
}

static void spin_in_two(void)
{
	if (fork())
		spin();
	for (;;)
		sched_yield();
}

/* Two that want all there is get together what one may have: a tenth, of which what they take beyond it is paid back. */
ABI_CASE(a_cpu_quota_is_for_all_of_the_group)
{
	pid_t pid;

	if (!tree())
		return;
	make("a");
	CHECK(put("a", "cpu.max", "10000 100000"));
	pid = child_in("a", spin_in_two);
	while (value("a", "cpu.stat", "nr_throttled ") < 5)
		usleep(10000);
	while (value("a", "cpu.stat", "usage_usec ") > (value("a", "cpu.stat", "nr_periods ") + 1) * 10000)
		usleep(1000);
	CHECK(put("a", "cgroup.kill", "1"));
	abi_wait(pid);
	while (value("a", "cgroup.events", "populated "))
		usleep(1000);
	drop("a");
	tree_end();
}

/* Whatever directory is whose: who may not write to the group above both moves nobody from one to the other. */
ABI_CASE(only_the_privileged_move_processes)
{
	pid_t pid;

	if (!tree())
		return;
	CHECK(!put("", "cgroup.procs", "1") && errno == EINVAL);
	make("a");
	CHECK(!chown(path("a", ""), 1000, 1000) && !chmod(top, 0755));
	pid = fork();
	if (!pid) {
		CHECK(!setgid(1000) && !setuid(1000));
		make("a/b");
		CHECK(!put("a/b", "cgroup.procs", "0") && errno == EACCES);
		drop("a/b");
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0);
	drop("a");
	tree_end();
}

ABI_CASE(a_control_group_waits_when_its_cpu_quota_is_used_up)
{
	unsigned long long used;
	pid_t pid;

	if (!tree())
		return;
	make("a");
	make("a/b");
	CHECK(put("a", "cpu.max", "5000 50000") && !strcmp(get("a", "cpu.max"), "5000 50000\n"));
	pid = child_in("a/b", spin);
	while (value("a", "cpu.stat", "nr_throttled ") < 3)
		usleep(10000);
	CHECK(value("a", "cpu.stat", "throttled_usec ") > 0 && value("a/b", "cpu.stat", "nr_throttled ") == 0);
	CHECK(value("a/b", "cpu.stat", "usage_usec ") > 0);
	CHECK(put("a", "cpu.max", "max"));
	used = value("a/b", "cpu.stat", "usage_usec ");
	while (value("a/b", "cpu.stat", "usage_usec ") < used + 20000)
		usleep(10000);
	CHECK(put("a", "cpu.max", "1000 1000000"));
	while (value("a", "cpu.stat", "nr_throttled ") < 4)
		usleep(10000);
	end(pid);	/* one that is held back can be ended */
	drop("a/b");
	drop("a");
	tree_end();
}

ABI_CASE(nonsense_is_refused_by_control_groups)
{
	static const struct { const char *file, *text; } all[] = {
		{ "pids.max", "many" }, { "pids.max", "-1" }, { "memory.max", "1X" }, { "cpu.max", "0" }, { "cpu.max", "1000 1" },
		{ "cpu.max", "max max" }, { "cpu.max", "" }, { "cgroup.procs", "x" }, { "cgroup.procs", "4000000" }, { "cgroup.kill", "2" },
		{ "cpu.weight", "0" }, { "cpu.weight", "10001" }, { "cpu.weight.nice", "20" }, { "cpu.weight.nice", "-21" }, { "cgroup.freeze", "2" },
		{ "cgroup.threads", "1" }, { "cgroup.max.depth", "-2" }, { "cgroup.subtree_control", "+io" }, { "cgroup.subtree_control", "cpu" },
	};

	if (!tree())
		return;
	make("a");
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int fd = open(path("a", all[i].file), O_WRONLY);

		CHECK(fd >= 0);
		CHECK(write(fd, all[i].text, strlen(all[i].text)) <= 0);
		close(fd);
	}
	CHECK(!put("a", "cgroup.procs", "32766") && errno == ESRCH);
	CHECK(put("a", "cgroup.subtree_control", "+cpu +memory +pids"));
	drop("a");
	tree_end();
}

static void stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CHECK(!sched_setaffinity(0, sizeof(one), &one));
}

static void spin_here(void)
{
	stay_on_one_cpu();
	spin();
}

static void spin_in_two_here(void)
{
	stay_on_one_cpu();
	fork();
	spin();
}

static void kill_all(const char *group, pid_t child)
{
	CHECK(put(group, "cgroup.kill", "1"));
	abi_wait(child);
	while (value(group, "cgroup.events", "populated "))
		usleep(1000);
}

/* Three quarters for one thread, a quarter for two; without groups it would be a third against two. */
ABI_CASE(groups_share_a_cpu_by_their_weights)
{
	unsigned long long few, many;
	pid_t one, two;

	if (!tree())
		return;
	make("a");
	make("a/b");
	make("c");
	CHECK(value("a", "cpu.weight", "") == 100 && value("a", "cpu.weight.nice", "") == 0);
	CHECK(put("c", "cpu.weight", "300") && value("c", "cpu.weight", "") == 300);
	two = child_in("a/b", spin_in_two_here);
	one = child_in("c", spin_here);
	while (value("c", "cpu.stat", "usage_usec ") < 100000 || value("a", "pids.current", "") < 2)
		usleep(10000);
	few = value("a", "cpu.stat", "usage_usec ");
	many = value("c", "cpu.stat", "usage_usec ");
	while (value("c", "cpu.stat", "usage_usec ") < many + 600000)
		usleep(10000);
	few = value("a", "cpu.stat", "usage_usec ") - few;
	many = value("c", "cpu.stat", "usage_usec ") - many;
	CHECK(many > few + few / 2 && many < few * 6);
	CHECK(put("c", "cpu.weight.nice", "-5") && value("c", "cpu.weight.nice", "") == (unsigned long long)-5);
	kill_all("a", two);
	kill_all("c", one);
	drop("c");
	drop("a/b");
	drop("a");
	tree_end();
}

ABI_CASE(a_frozen_control_group_stands_still)
{
	unsigned long long used;
	int status;
	pid_t pid;

	if (!tree())
		return;
	make("a");
	make("a/b");
	pid = child_in("a/b", spin);
	CHECK(put("a", "cgroup.freeze", "1") && value("a/b", "cgroup.freeze", "") == 0);
	while (!value("a/b", "cgroup.events", "frozen "))
		usleep(1000);
	used = value("a/b", "cpu.stat", "usage_usec ");
	usleep(50000);
	CHECK(value("a/b", "cpu.stat", "usage_usec ") == used && value("a", "cgroup.events", "frozen ") == 1);
	CHECK(put("a", "cgroup.freeze", "0"));
	while (value("a/b", "cpu.stat", "usage_usec ") == used)
		usleep(1000);
	CHECK(value("a", "cgroup.events", "frozen ") == 0 && put("a/b", "cgroup.freeze", "1"));
	while (!value("a/b", "cgroup.events", "frozen "))
		usleep(1000);
	CHECK(!ptrace(PTRACE_SEIZE, pid, NULL, NULL) && !ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	CHECK(waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) && !ptrace(PTRACE_DETACH, pid, NULL, NULL));
	end(pid);	/* a frozen one can be traced, and ended */
	drop("a/b");
	drop("a");
	tree_end();
}

ABI_CASE(the_tree_of_control_groups_has_limits)
{
	if (!tree())
		return;
	make("a");
	CHECK(!strcmp(get("a", "cgroup.max.depth"), "max\n") && !strcmp(get("a", "cgroup.max.descendants"), "max\n"));
	CHECK(put("a", "cgroup.max.depth", "0"));
	CHECK_ERR(mkdir(path("a", "b"), 0755), EAGAIN);
	CHECK(put("a", "cgroup.max.depth", "1") && put("a", "cgroup.max.descendants", "1"));
	make("a/b");
	CHECK_ERR(mkdir(path("a", "c"), 0755), EAGAIN);
	CHECK_ERR(mkdir(path("a/b", "c"), 0755), EAGAIN);
	CHECK(value("a", "cgroup.stat", "nr_descendants ") == 1 && value("a/b", "cgroup.stat", "nr_descendants ") == 0);
	drop("a/b");
	CHECK(value("a", "cgroup.stat", "nr_descendants ") == 0);
	drop("a");
	tree_end();
}

ABI_CASE(what_was_not_used_of_a_quota_is_saved_up)
{
	pid_t pid;

	if (!tree())
		return;
	make("a");
	CHECK(value("a", "cpu.max.burst", "") == 0 && put("a", "cpu.max", "10000 20000"));
	CHECK(!put("a", "cpu.max.burst", "20000") && errno == EINVAL);
	CHECK(put("a", "cpu.max.burst", "10000") && value("a", "cpu.max.burst", "") == 10000);
	CHECK(!put("a", "cpu.max", "5000 20000") && errno == EINVAL);
	while (value("a", "cpu.stat", "nr_periods ") < 2)
		usleep(1000);
	pid = child_in("a", spin);
	while (value("a", "cpu.stat", "nr_throttled ") < 3)
		usleep(10000);
	CHECK(value("a", "cpu.stat", "nr_bursts ") > 0 && value("a", "cpu.stat", "burst_usec ") > 0);
	CHECK(value("a", "cpu.stat", "burst_usec ") <= 10000 * value("a", "cpu.stat", "nr_bursts "));
	kill_all("a", pid);
	drop("a");
	tree_end();
}

struct clone_args_2 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* fork() into the group whose directory @fd is. */
static long fork_into(int fd)
{
	struct clone_args_2 args = { .flags = 0x200000000ull, .exit_signal = SIGCHLD, .cgroup = (uint64_t)fd };

	return syscall(SYS_clone3, &args, sizeof(args));
}

ABI_CASE(a_child_begins_in_the_control_group_that_its_parent_names)
{
	int fd, outside = open("/", O_RDONLY | O_DIRECTORY);
	char text[64];
	long pid;

	if (!tree())
		return;
	make("c");
	fd = open(path("c", ""), O_RDONLY | O_DIRECTORY | O_PATH);
	CHECK(fd >= 0 && outside >= 0);
	pid = fork_into(fd);
	if (pid == 0) {
		static volatile char memory[MIB];

		for (size_t i = 0; i < sizeof(memory); i += 4096)
			memory[i] = 1;
		pause();
	}
	CHECK(pid > 0);
	abi_await_call((pid_t)pid, SYS_pause);
	snprintf(text, sizeof(text), "%ld\n", pid);
	CHECK(!strcmp(get("c", "cgroup.procs"), text));
	if (!access(path("c", "memory.current"), F_OK))
		CHECK(value("c", "memory.current", "") >= MIB);
	CHECK(put("c", "cgroup.kill", "1"));
	CHECK(WTERMSIG(abi_wait((pid_t)pid)) == SIGKILL);
	CHECK_ERR(fork_into(outside), EBADF);
	CHECK_ERR(fork_into(-1), EINVAL);
	drop("c");
	CHECK_ERR(fork_into(fd), ENOENT);
	close(fd);
	tree_end();
}
