// SPDX-License-Identifier: GPL-2.0
/* Memory of control groups: whose it is, what of it is told, and the softer limits. Needs root and cgroup version 2 to mount; passes without. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "cgroup.h"

#define DISK	"/dev/nullb0"	/* that can be read, and whose pages are kept; nothing is tested of them without */

static unsigned long much;	/* what a child asks for */

static void eat(void)
{
	char *p = mmap(NULL, much, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < much; i += 4096)
		p[i] = 1;
}

static void eat_and_stay(void)
{
	eat();
	sleep_on();
}

static void await_empty(const char *group)
{
	while (value(group, "cgroup.events", "populated "))
		usleep(1000);
}

ABI_CASE(memory_stays_with_the_control_group_that_made_it)
{
	char pid_text[16];
	pid_t pid;

	if (!tree())
		return;
	make("a");
	make("b");
	CHECK(put("", "cgroup.subtree_control", "+memory"));
	much = 16 * MIB;
	pid = child_in("a", eat_and_stay);
	while (value("a", "memory.stat", "anon ") < 16 * MIB)
		usleep(1000);
	snprintf(pid_text, sizeof(pid_text), "%d", pid);
	CHECK(put("b", "cgroup.procs", pid_text));
	CHECK(value("a", "memory.current", "") >= 16 * MIB && value("b", "memory.current", "") < MIB);
	drop("a");
	CHECK(value("", "cgroup.stat", "nr_dying_descendants ") >= 1);
	end(pid);
	for (int i = 0; i < 1000 && value("", "cgroup.stat", "nr_dying_descendants "); i++)
		usleep(1000);
	drop("b");
	tree_end();
}

static void write_file(void)
{
	static char piece[65536];
	int fd = open("file", O_CREAT | O_WRONLY, 0600);
	size_t done = 0;

	for (ssize_t n; done < much; done += (size_t)n) {
		n = write(fd, piece, sizeof(piece));
		if (n <= 0)
			_exit(errno == ENOMEM ? 12 : 1);
	}
}

ABI_CASE(files_in_memory_are_paid_for_by_who_wrote_them)
{
	if (!tree())
		return;
	abi_fresh();
	make("a");
	CHECK(put("", "cgroup.subtree_control", "+memory"));
	much = 2 * MIB;
	CHECK(!abi_wait(child_in("a", write_file)));
	CHECK(value("a", "memory.stat", "shmem ") == 2 * MIB && value("a", "memory.stat", "file ") >= 2 * MIB);
	CHECK(value("a", "memory.current", "") >= 2 * MIB && value("a", "memory.peak", "") >= 2 * MIB && !unlink("file"));
	for (int i = 0; i < 1000 && value("a", "memory.stat", "shmem "); i++)
		usleep(1000);
	CHECK(value("a", "memory.stat", "shmem ") == 0 && value("a", "memory.stat", "pgfault ") > 0);
	drop("a");
	tree_end();
}

/* Linux ends who writes, Ferry tells it. */
ABI_CASE(a_full_control_group_fills_no_tmpfs)
{
	struct stat st;
	int status;

	if (!tree())
		return;
	abi_fresh();
	make("a");
	CHECK(put("", "cgroup.subtree_control", "+memory") && put("a", "memory.max", "4M"));
	much = 16 * MIB;
	status = abi_wait(child_in("a", write_file));
	CHECK(status == 12 << 8 || status == SIGKILL);
	CHECK(!stat("file", &st) && st.st_blocks * 512 <= 4 * (long)MIB && value("a", "memory.events", "max ") > 0 && !unlink("file"));
	drop("a");
	tree_end();
}

ABI_CASE(who_has_more_than_is_meant_for_it_is_slowed_down)
{
	if (!tree())
		return;
	make("a");
	CHECK(put("", "cgroup.subtree_control", "+memory") && put("a", "memory.high", "4M") && value("a", "memory.high", "") == 4 * MIB);
	much = 3 * MIB;
	CHECK(!abi_wait(child_in("a", eat)) && value("a", "memory.events", "high ") == 0);
	much = 4 * MIB + MIB / 2;
	CHECK(!abi_wait(child_in("a", eat)) && value("a", "memory.events", "high ") > 0);
	CHECK(value("a", "memory.events", "max ") == 0 && value("a", "memory.events", "oom_kill ") == 0);
	drop("a");
	tree_end();
}

ABI_CASE(a_slowed_process_is_ended_at_once)
{
	pid_t pid;

	if (!tree())
		return;
	make("a");
	CHECK(put("", "cgroup.subtree_control", "+memory") && put("a", "memory.high", "1M"));
	much = 16 * MIB;
	pid = child_in("a", eat);
	while (value("a", "memory.events", "high ") < 3)
		usleep(1000);
	CHECK(waitpid(pid, NULL, WNOHANG) == 0);
	end(pid);
	drop("a");
	tree_end();
}

ABI_CASE(a_control_group_may_be_ended_as_a_whole)
{
	pid_t bystander, outside;

	if (!tree())
		return;
	make("a");
	CHECK(put("", "cgroup.subtree_control", "+memory") && put("a", "cgroup.subtree_control", "+memory"));
	make("a/b");
	make("c");
	CHECK(put("a/b", "memory.max", "4M") && put("a/b", "memory.oom.group", "1") && value("a/b", "memory.oom.group", "") == 1);
	CHECK(!put("a/b", "memory.oom.group", "2") && errno == EINVAL);
	if (!access(path("a/b", "memory.swap.max"), F_OK))
		CHECK(put("a/b", "memory.swap.max", "0"));
	outside = child_in("c", sleep_on);
	bystander = child_in("a/b", sleep_on);
	much = 16 * MIB;
	CHECK(abi_wait(child_in("a/b", eat)) == SIGKILL && abi_wait(bystander) == SIGKILL);
	CHECK(waitpid(outside, NULL, WNOHANG) == 0 && value("a/b", "memory.events", "oom_kill ") >= 2);	/* Linux counts the first twice */
	CHECK(value("a/b", "memory.events", "oom_group_kill ") == 1 && value("a", "memory.events", "oom_group_kill ") == 1);
	CHECK(value("a/b", "memory.events.local", "oom_kill ") >= 2 && value("a", "memory.events.local", "oom_kill ") == 0);
	CHECK(value("a/b", "memory.events.local", "max ") > 0 && value("a", "memory.events.local", "max ") == 0);
	end(outside);
	await_empty("a");
	drop("a/b");
	drop("a");
	drop("c");
	tree_end();
}

static void read_disk(void)
{
	static char piece[65536];
	int fd = open(DISK, O_RDONLY);

	for (size_t done = 0; done < much; done += sizeof(piece))
		if (read(fd, piece, sizeof(piece)) != sizeof(piece))
			_exit(1);
}

ABI_CASE(what_disks_keep_is_given_up_when_it_is_asked_for)
{
	if (access(DISK, R_OK) || !tree())
		return;
	make("a");
	make("a/b");
	much = 4 * MIB;
	CHECK(!abi_wait(child_in("a/b", read_disk)) && value("a", "memory.stat", "inactive_file ") >= 2 * MIB);
	CHECK(put("a/b", "memory.min", "16M") && value("a/b", "memory.min", "") == 16 * MIB && put("a", "memory.min", "16M"));
	CHECK(!put("a", "memory.reclaim", "1M") && errno == EAGAIN && value("a", "memory.stat", "inactive_file ") >= 2 * MIB);
	CHECK(put("a/b", "memory.min", "0") && put("a/b", "memory.low", "16M") && put("a", "memory.reclaim", "1M"));
	CHECK(value("a/b", "memory.events", "low ") > 0 && put("a/b", "memory.low", "0") && put("a", "memory.high", "64K"));
	CHECK(value("a", "memory.stat", "inactive_file ") <= 65536);
	CHECK(!put("a", "memory.reclaim", "1M") && errno == EAGAIN);
	drop("a/b");
	drop("a");
	tree_end();
}

ABI_CASE(a_full_control_group_gives_up_what_disks_keep_first)
{
	if (access(DISK, R_OK) || !tree())
		return;
	make("a");
	CHECK(put("a", "memory.max", "4M"));
	much = 8 * MIB;
	CHECK(!abi_wait(child_in("a", read_disk)) && value("a", "memory.current", "") <= 4 * MIB + 262144);
	much = 3 * MIB;
	CHECK(!abi_wait(child_in("a", eat)) && value("a", "memory.events", "oom_kill ") == 0);
	drop("a");
	tree_end();
}
