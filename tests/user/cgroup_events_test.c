// SPDX-License-Identifier: GPL-2.0
/* Who watches the files of control groups that tell of events. Needs root and cgroup version 2 to mount; passes without. */
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "cgroup.h"

static int watch(const char *group, const char *file)
{
	int fd = inotify_init1(IN_NONBLOCK);

	CHECK(fd >= 0 && inotify_add_watch(fd, path(group, file), IN_MODIFY) >= 0);
	return fd;
}

/* Until the number behind @name is @wanted; only when something was told it is looked at. */
static bool hears(int fd, const char *group, const char *file, const char *name, unsigned long long wanted)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char events[4096];

	while (poll(&p, 1, 5000) == 1) {
		CHECK(read(fd, events, sizeof(events)) > 0);
		if (value(group, file, name) == wanted)
			return true;
	}
	return false;
}

ABI_CASE(who_watches_a_control_group_hears_when_it_is_empty)
{
	pid_t pid;
	int above, fd;

	if (!tree())
		return;
	make("a");
	make("a/b");
	above = watch("a", "cgroup.events");
	fd = watch("a/b", "cgroup.events");
	pid = child_in("a/b", sleep_on);
	CHECK(hears(fd, "a/b", "cgroup.events", "populated ", 1) && hears(above, "a", "cgroup.events", "populated ", 1));
	end(pid);
	CHECK(hears(fd, "a/b", "cgroup.events", "populated ", 0) && hears(above, "a", "cgroup.events", "populated ", 0));
	close(fd);
	close(above);
	drop("a/b");
	drop("a");
	tree_end();
}

static void spin(void)
{
	for (;;)
		;
}

ABI_CASE(who_watches_a_control_group_hears_when_it_stands_still)
{
	pid_t pid;
	int fd;

	if (!tree())
		return;
	make("a");
	make("a/b");
	pid = child_in("a/b", spin);
	fd = watch("a/b", "cgroup.events");
	CHECK(put("a", "cgroup.freeze", "1") && hears(fd, "a/b", "cgroup.events", "frozen ", 1));
	CHECK(put("a/b", "cgroup.freeze", "1") && hears(fd, "a/b", "cgroup.events", "frozen ", 1));	/* though nothing changes */
	CHECK(put("a/b", "cgroup.freeze", "0") && hears(fd, "a/b", "cgroup.events", "frozen ", 1));
	CHECK(put("a", "cgroup.freeze", "0") && hears(fd, "a/b", "cgroup.events", "frozen ", 0));
	end(pid);
	close(fd);
	drop("a/b");
	drop("a");
	tree_end();
}

ABI_CASE(who_is_born_in_a_control_group_that_stands_still_never_runs)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
	} how = { .flags = 0x200000000ull, .exit_signal = SIGCHLD };	/* CLONE_INTO_CGROUP */
	pid_t pid;
	int fd;

	if (!tree())
		return;
	make("a");
	fd = watch("a", "cgroup.events");
	CHECK(put("a", "cgroup.freeze", "1") && hears(fd, "a", "cgroup.events", "frozen ", 1));
	how.cgroup = (uint64_t)open(path("a", ""), O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 20; i++) {
		pid = (pid_t)syscall(SYS_clone3, &how, sizeof(how));
		if (!pid)
			spin();
		CHECK(pid > 0 && value("a", "cgroup.events", "frozen ") == 1);
		usleep(i * 100);
		CHECK(value("a", "cgroup.events", "frozen ") == 1);
		end(pid);
	}
	close((int)how.cgroup);
	close(fd);
	drop("a");
	tree_end();
}

static void fork_once(void)
{
	_exit(fork() == -1);
}

ABI_CASE(who_watches_a_control_group_hears_what_it_was_refused)
{
	int fd;

	if (!tree())
		return;
	make("a");
	CHECK(put("", "cgroup.subtree_control", "+pids") && put("a", "pids.max", "1"));
	fd = watch("a", "pids.events");
	CHECK(abi_wait(child_in("a", fork_once)) == 1 << 8 && hears(fd, "a", "pids.events", "max ", 1));
	close(fd);
	drop("a");
	tree_end();
}

static void eat(void)
{
	char *p = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < 8 * MIB; i += 4096)
		p[i] = 1;
}

ABI_CASE(who_watches_a_control_group_hears_who_is_ended_for_memory)
{
	int fd;

	if (!tree())
		return;
	make("a");
	CHECK(put("", "cgroup.subtree_control", "+memory") && put("a", "memory.max", "4M"));
	fd = watch("a", "memory.events");
	CHECK(abi_wait(child_in("a", eat)) == SIGKILL && hears(fd, "a", "memory.events", "oom_kill ", 1));
	close(fd);
	drop("a");
	tree_end();
}
