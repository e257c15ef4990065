// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail inside the kernel, one after the other (/proc/ferry/fail_alloc of a debug kernel): a call of a program succeeds
 * or fails with an error, whichever one it is, and the next is as good as the first. Elsewhere there is nothing to see.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <uapi/ferry/linux_keys.h>
#include "abi.h"

#define KNOB		"/proc/ferry/fail_alloc"
#define MOST		400	/* allocations that one operation may make */

static void set(int knob, unsigned int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u\n", nth);

	/* The write that ends it may be what fails. */
	CHECK(pwrite(knob, text, n, 0) == n || pwrite(knob, text, n, 0) == n);
}

/* Did one fail since set()? */
static bool happened(void)
{
	char line[64] = "";
	int fd = open(KNOB, O_RDONLY);
	ssize_t n = read(fd, line, sizeof(line) - 1);

	close(fd);
	CHECK(n > 0);
	return strstr(line, "happened 1") != NULL;
}

/* Every allocation of @operation fails once, until there is none left to fail; then it succeeds. */
static void sweep(int (*operation)(void))
{
	int knob = open(KNOB, O_RDWR), err = 0;
	bool failed = knob >= 0;

	for (unsigned int nth = 1; failed; nth++) {
		CHECK(nth < MOST);
		set(knob, nth);
		err = operation();
		set(knob, 0);
		failed = happened();
	}
	CHECK(err == 0 && operation() == 0);
	close(knob);
}

static int pipes(void)
{
	int p[2];

	if (pipe(p))
		return -1;
	close(p[0]);
	close(p[1]);
	return 0;
}

ABI_CASE(pipe_survives_failed_allocations)
{
	sweep(pipes);
}

static int files(void)
{
	int fd = open("/tmp/abi_alloc", O_RDWR | O_CREAT, 0600), ok;

	if (fd < 0)
		return -1;
	ok = write(fd, "0123456789", 10) == 10 && !ftruncate(fd, 100000) && pwrite(fd, "x", 1, 70000) == 1;
	close(fd);
	return unlink("/tmp/abi_alloc") || !ok ? -1 : 0;
}

ABI_CASE(files_survive_failed_allocations)
{
	sweep(files);
	unlink("/tmp/abi_alloc");
}

static int directories(void)
{
	bool ok = !mkdir("/tmp/abi_alloc.d", 0700) || errno == EEXIST;

	ok = ok && (!symlink("/nowhere", "/tmp/abi_alloc.d/link") || errno == EEXIST) && !unlink("/tmp/abi_alloc.d/link");
	return !ok || rmdir("/tmp/abi_alloc.d") ? -1 : 0;
}

ABI_CASE(directories_survive_failed_allocations)
{
	sweep(directories);
}

static int sockets(void)
{
	int s[2], ok;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		return -1;
	ok = write(s[0], "x", 1) == 1 && read(s[1], &byte, 1) == 1;
	close(s[0]);
	close(s[1]);
	return ok ? 0 : -1;
}

ABI_CASE(sockets_survive_failed_allocations)
{
	sweep(sockets);
}

static int mappings(void)
{
	char *p = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool ok;

	if (p == MAP_FAILED)
		return -1;
	p[5000] = 1;
	ok = !mprotect(p + 4096, 4096, PROT_READ);
	return munmap(p, 1 << 16) || !ok ? -1 : 0;
}

ABI_CASE(mappings_survive_failed_allocations)
{
	sweep(mappings);
}

static int waiters(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int e = epoll_create1(0), v = eventfd(1, 0), t = timerfd_create(CLOCK_MONOTONIC, 0);
	bool ok = e >= 0 && v >= 0 && t >= 0 && !epoll_ctl(e, EPOLL_CTL_ADD, v, &event) && epoll_wait(e, &event, 1, 0) == 1;

	close(e);
	close(v);
	close(t);
	return ok ? 0 : -1;
}

ABI_CASE(waiters_survive_failed_allocations)
{
	sweep(waiters);
}

static int children(void)
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -1;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

ABI_CASE(fork_survives_failed_allocations)
{
	sweep(children);
}

static int programs(void)
{
	pid_t pid = fork();
	int status = 1, knob;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		char *const argv[] = { "true", NULL };

		knob = open(KNOB, O_RDWR);
		if (knob >= 0 && getenv("ALLOC_NTH"))
			(void)!write(knob, getenv("ALLOC_NTH"), strlen(getenv("ALLOC_NTH")));
		execv("/bin/true", argv);
		_exit(9);
	}
	return waitpid(pid, &status, 0) == pid ? 0 : -1;
}

ABI_CASE(exec_survives_failed_allocations)
{
	char nth[16];

	for (unsigned int i = 1; i <= 60 && !access(KNOB, W_OK); i++) {
		snprintf(nth, sizeof(nth), "%u", i);
		CHECK(!setenv("ALLOC_NTH", nth, 1));
		CHECK(programs() == 0);
	}
	unsetenv("ALLOC_NTH");
	CHECK(programs() == 0);
}

/* Keyrings of the thread, the process and the user are there after the first round; all else is made and taken away again. */
static int keys(void)
{
	long ring = syscall(SYS_add_key, "keyring", "r", NULL, 0, LINUX_KEY_SPEC_PROCESS_KEYRING), id;
	bool ok = ring > 0;

	id = ok ? syscall(SYS_add_key, "user", "k", "payload", 7, ring) : -1;
	ok = id > 0 && !syscall(SYS_keyctl, LINUX_KEYCTL_LINK, id, LINUX_KEY_SPEC_USER_KEYRING);
	ok = ok && syscall(SYS_keyctl, LINUX_KEYCTL_SEARCH, ring, "user", "k", 0) == id;
	ok = ok && syscall(SYS_keyctl, LINUX_KEYCTL_DESCRIBE, id, NULL, 0) > 0;
	ok = ok && syscall(SYS_keyctl, LINUX_KEYCTL_GET_PERSISTENT, -1, ring) > 0 && syscall(SYS_keyctl, LINUX_KEYCTL_JOIN_SESSION_KEYRING, "s") >= 0;
	syscall(SYS_keyctl, LINUX_KEYCTL_CLEAR, LINUX_KEY_SPEC_USER_KEYRING);
	return ok && !syscall(SYS_keyctl, LINUX_KEYCTL_CLEAR, LINUX_KEY_SPEC_PROCESS_KEYRING) ? 0 : -1;
}

ABI_CASE(keys_survive_failed_allocations)
{
	if (syscall(SYS_keyctl, LINUX_KEYCTL_CAPABILITIES, NULL, 0) > 0)
		sweep(keys);
}

#define AHEAD_S	1000000

static bool is_ahead(void)
{
	struct timespec by_call, t;

	CHECK(!syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &by_call) && !clock_gettime(CLOCK_MONOTONIC, &t));
	CHECK((by_call.tv_sec >= AHEAD_S) == (t.tv_sec >= AHEAD_S));
	return t.tv_sec >= AHEAD_S;
}

static int first_clocks;

/* Whatever fails, the call and the vDSO agree. */
static int clocks(void)
{
	bool ok = !unshare(CLONE_NEWTIME);
	int fd = ok ? open("/proc/self/timens_offsets", O_WRONLY) : -1, theirs;
	pid_t pid;

	ok = fd >= 0 && write(fd, "1 1000000 0\n", 12) == 12;
	close(fd);
	pid = ok ? fork() : -1;
	if (!pid)
		_exit(!is_ahead());
	ok = pid > 0 && !abi_wait(pid);
	theirs = ok ? open("/proc/self/ns/time_for_children", O_RDONLY) : -1;
	ok = theirs >= 0 && !setns(theirs, CLONE_NEWTIME);
	close(theirs);
	CHECK(is_ahead() == ok);
	if (setns(first_clocks, CLONE_NEWTIME)) {
		CHECK(is_ahead() == ok && !setns(first_clocks, CLONE_NEWTIME));
		ok = false;
	}
	CHECK(!is_ahead());
	return ok ? 0 : -1;
}

ABI_CASE(clocks_survive_failed_allocations)
{
	first_clocks = open("/proc/self/ns/time", O_RDONLY);
	if (!geteuid())
		sweep(clocks);
}

#define MOVED		(8ul << 20)
#define FAR		((char *)0x123400000000)	/* where there are no tables yet */

/* A move that fails has moved nothing. */
static int moves(void)
{
	char *at = mmap(NULL, MOVED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *now;

	if (at == MAP_FAILED)
		return -1;
	for (size_t i = 0; i < MOVED; i += 1 << 20)
		at[i] = (char)(i >> 20) + 1;
	now = mremap(at, MOVED, MOVED, MREMAP_MAYMOVE | MREMAP_FIXED, FAR);
	for (size_t i = 0; i < MOVED; i += 1 << 20)
		CHECK((now == MAP_FAILED ? at : now)[i] == (char)(i >> 20) + 1);
	CHECK(!munmap(now == MAP_FAILED ? at : now, MOVED));
	return now == MAP_FAILED ? -1 : 0;
}

ABI_CASE(mremap_survives_failed_allocations)
{
	sweep(moves);
}
