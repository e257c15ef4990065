// SPDX-License-Identifier: GPL-2.0
/* fanotify: who is asked before files are opened and read, what becomes of who waits; the queue, limits, /proc. */
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "fanotify.h"

/* ---- Permission ---- */

/* A child that opens "f" and reads from it: it ends with the first errno. */
static pid_t opener(int flags)
{
	pid_t child = fork();
	char c;
	int f;

	if (child)
		return child;
	f = openat(AT_FDCWD, "f", flags);	/* by the name that abi_await_call() is given */
	if (f < 0)
		_exit(errno);
	if ((flags & O_ACCMODE) == O_RDONLY && read(f, &c, 1) < 0)
		_exit(errno);
	_exit(0);
}

static void answer(int fd, uint64_t mask, unsigned int how)
{
	struct fanotify_event_metadata *e;
	struct fanotify_response r;

	while (!(e = fan_next(fd)))
		usleep(1000);
	if (e->mask != mask)
		printf("# mask %llx, wanted %llx\n", (unsigned long long)e->mask, (unsigned long long)mask);
	CHECK(e->mask == mask && e->fd >= 0);
	r = (struct fanotify_response){ .fd = e->fd, .response = how };
	CHECK(write(fd, &r, sizeof(r)) == sizeof(r));
	CHECK_ERR(write(fd, &r, sizeof(r)), ENOENT);
	CHECK(!close(e->fd));
}

ABI_CASE(who_is_asked_allows_and_denies)
{
	struct fanotify_response r = { .fd = 0, .response = 7 };
	struct stat st;
	pid_t child;
	int fd;

	if (!fan_start())
		return;
	fd = open("f", O_CREAT | O_RDWR, 0644);
	CHECK(write(fd, "abc", 3) == 3 && !close(fd));
	fd = fan_group(FAN_CLASS_CONTENT);
	fan_mark(fd, 0, FAN_OPEN_PERM | FAN_ACCESS_PERM, "f");
	child = opener(O_RDONLY);
	answer(fd, FAN_OPEN_PERM, FAN_ALLOW);
	answer(fd, FAN_ACCESS_PERM, FAN_DENY);
	CHECK(WEXITSTATUS(abi_wait(child)) == EPERM);
	child = opener(O_RDONLY);
	answer(fd, FAN_OPEN_PERM, FAN_ALLOW);
	answer(fd, FAN_ACCESS_PERM, FAN_ALLOW);
	CHECK(!abi_wait(child));
	child = opener(O_WRONLY | O_TRUNC);
	answer(fd, FAN_OPEN_PERM, FAN_DENY);
	CHECK(WEXITSTATUS(abi_wait(child)) == EPERM && !stat("f", &st) && st.st_size == 3);
	CHECK_ERR(write(fd, &r, sizeof(r)), EINVAL);
	r.response = FAN_ALLOW;
	CHECK_ERR(write(fd, &r, sizeof(r)), ENOENT);
	r.fd = -1;
	CHECK_ERR(write(fd, &r, sizeof(r)), EINVAL);
	CHECK_ERR(write(fd, &r, 4), EINVAL);
}

ABI_CASE(groups_are_asked_by_class_and_a_refusal_is_final)
{
	int content, before, notified;
	pid_t child;

	if (!fan_start())
		return;
	fan_touch("f");
	notified = fan_group(0);
	content = fan_group(FAN_CLASS_CONTENT);
	before = fan_group(FAN_CLASS_PRE_CONTENT);
	fan_mark(notified, 0, FAN_OPEN, "f");
	fan_mark(content, 0, FAN_OPEN_PERM, "f");
	fan_mark(before, FAN_MARK_MOUNT, FAN_OPEN_PERM, ".");
	child = opener(O_WRONLY);
	answer(before, FAN_OPEN_PERM, FAN_DENY);
	CHECK(WEXITSTATUS(abi_wait(child)) == EPERM);
	fan_nothing(content);
	fan_nothing(notified);
	child = opener(O_WRONLY);
	answer(before, FAN_OPEN_PERM, FAN_ALLOW);
	answer(content, FAN_OPEN_PERM, FAN_ALLOW);
	CHECK(!abi_wait(child));
	CHECK(fan_expect(notified, FAN_OPEN)->pid == child);
}

ABI_CASE(to_execute_is_asked_for)
{
	pid_t child;
	int fd;

	if (!fan_start())
		return;
	abi_copy_self("prog", 0755);
	fd = fan_group(FAN_CLASS_CONTENT);
	fan_mark(fd, 0, FAN_OPEN_EXEC_PERM, "prog");
	close(open("prog", O_RDONLY));
	for (int denied = 1; denied >= 0; denied--) {
		child = fork();
		if (!child) {
			execl("prog", "", NULL);
			_exit(errno);
		}
		answer(fd, FAN_OPEN_EXEC_PERM, denied ? FAN_DENY : FAN_ALLOW);
		CHECK(WEXITSTATUS(abi_wait(child)) == (denied ? EPERM : 23));
	}
}

ABI_CASE(who_waits_for_an_answer_may_be_killed)
{
	struct fanotify_event_metadata *e;
	struct fanotify_response r;
	pid_t child;
	int fd;

	if (!fan_start())
		return;
	fan_touch("f");
	fd = fan_group(FAN_CLASS_CONTENT);
	fan_mark(fd, 0, FAN_OPEN_PERM, "f");
	child = opener(O_WRONLY);	/* its question is not read */
	abi_await_call(child, SYS_openat);
	CHECK(!kill(child, SIGKILL) && WTERMSIG(abi_wait(child)) == SIGKILL);
	fan_nothing(fd);
	child = opener(O_WRONLY);	/* it is, but not answered */
	while (!(e = fan_next(fd)))
		usleep(1000);
	CHECK(!kill(child, SIGKILL) && WTERMSIG(abi_wait(child)) == SIGKILL);
	r = (struct fanotify_response){ .fd = e->fd, .response = FAN_ALLOW };
	CHECK(write(fd, &r, sizeof(r)) == sizeof(r) && !close(e->fd));
	child = opener(O_WRONLY);
	answer(fd, FAN_OPEN_PERM, FAN_ALLOW);
	CHECK(!abi_wait(child));
}

ABI_CASE(the_end_of_who_is_asked_allows)
{
	struct fanotify_event_metadata *e;
	pid_t read_one, other;
	int fd;

	if (!fan_start())
		return;
	fan_touch("f");
	fd = fan_group(FAN_CLASS_CONTENT);
	CHECK(!fcntl(fd, F_SETFD, 0));
	fan_mark(fd, 0, FAN_OPEN_PERM, "f");
	read_one = fork();
	if (!read_one) {
		close(fd);
		_exit(open("f", O_WRONLY) < 0);
	}
	while (!(e = fan_next(fd)))
		usleep(1000);
	other = fork();
	if (!other) {
		close(fd);
		_exit(openat(AT_FDCWD, "f", O_WRONLY) < 0);
	}
	abi_await_call(other, SYS_openat);
	CHECK(!close(fd) && !abi_wait(read_one) && !abi_wait(other));
}

/* ---- The queue ---- */

ABI_CASE(an_event_wakes_poll_and_counts_in_bytes)
{
	int fd, bytes;
	struct pollfd p;
	pid_t child;
	char small[8];

	if (!fan_start())
		return;
	fan_touch("f");
	fd = fan_group(0);
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	fan_mark(fd, 0, FAN_OPEN, "f");
	CHECK(poll(&p, 1, 0) == 0);
	child = fork();
	if (!child) {
		usleep(20000);
		fan_touch("f");
		_exit(0);
	}
	CHECK(poll(&p, 1, -1) == 1 && p.revents == POLLIN && !abi_wait(child));
	fan_touch("f");
	CHECK(!ioctl(fd, FIONREAD, &bytes) && bytes == 2 * FAN_EVENT_METADATA_LEN);
	CHECK_ERR(read(fd, small, sizeof(small)), EINVAL);
	CHECK_ERR(read(fd, BAD, 4096), EFAULT);
	fan_expect_fd(fd, FAN_OPEN, "f", getpid());
	fan_nothing(fd);
}

static long limit(const char *name)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "/proc/sys/fs/fanotify/%s", name);
	return strtol(abi_read(path, text, sizeof(text)), NULL, 10);
}

static void set_limit(const char *name, long value)
{
	char path[96], text[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fs/fanotify/%s", name);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0 && write(fd, text, (size_t)snprintf(text, sizeof(text), "%ld\n", value)) > 0 && !close(fd));
}

ABI_CASE(a_full_queue_of_marks_overflows_once)
{
	struct fanotify_event_metadata *e;
	int fd, free_fd, seen = 0, overflows = 0;
	char name[16];

	if (!fan_start())
		return;
	CHECK(limit("max_queued_events") == 16384);
	set_limit("max_queued_events", 8);
	fd = fan_group(FAN_REPORT_FID);
	free_fd = fan_group(FAN_REPORT_FID | FAN_UNLIMITED_QUEUE);
	set_limit("max_queued_events", 16384);
	fan_mark(fd, FAN_MARK_FILESYSTEM, FAN_OPEN, ".");
	fan_mark(free_fd, FAN_MARK_FILESYSTEM, FAN_OPEN, ".");
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		fan_touch(name);
	}
	while ((e = fan_next(fd))) {
		overflows += e->mask == FAN_Q_OVERFLOW && e->fd == FAN_NOFD && !e->pid && e->event_len == sizeof(*e);
		seen++;
	}
	CHECK(overflows == 1 && seen == 9);
	for (seen = 0; (e = fan_next(free_fd)); seen++)
		CHECK(e->mask == FAN_OPEN);
	CHECK(seen == 12);
	fan_touch("f0");
	CHECK(fan_expect(fd, FAN_OPEN));
}

/* In a child that has given up its privileges. */
static void unprivileged(void)
{
	struct fanotify_event_metadata *e;
	int fd, nr;
	pid_t child;

	CHECK(!setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000));
	CHECK_ERR(fanotify_init(0, O_RDONLY), EPERM);
	CHECK_ERR(fanotify_init(FAN_CLASS_CONTENT, O_RDONLY), EPERM);
	CHECK_ERR(fanotify_init(FAN_REPORT_FID | FAN_UNLIMITED_QUEUE, O_RDONLY), EPERM);
	CHECK_ERR(fanotify_init(FAN_REPORT_FID | REPORT_PIDFD, O_RDONLY), EPERM);
	fd = fan_group(FAN_REPORT_FID);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN, AT_FDCWD, "."), EPERM);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN, AT_FDCWD, "."), EPERM);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "secret"), EACCES);
	fan_mark(fd, 0, FAN_OPEN, "f");
	child = fork();
	if (!child) {
		close(open("f", O_RDONLY));
		_exit(0);
	}
	CHECK(!abi_wait(child));
	e = fan_expect(fd, FAN_OPEN);
	CHECK(e->pid == 0 && e->fd == FAN_NOFD);
	close(open("f", O_RDONLY));
	CHECK(fan_expect(fd, FAN_OPEN)->pid == getpid());
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "g"), ENOSPC);
	for (nr = 1; fanotify_init(FAN_REPORT_FID, O_RDONLY) >= 0; nr++)
		;
	CHECK(errno == EMFILE && nr == 4);
	_exit(0);
}

ABI_CASE(the_unprivileged_have_less_of_it)
{
	long groups, marks;
	int status;
	pid_t child;

	if (!fan_start())
		return;
	fan_touch("f");
	fan_touch("g");
	fan_touch("secret");
	CHECK(!chmod("secret", 0600));
	groups = limit("max_user_groups");
	marks = limit("max_user_marks");
	CHECK(groups == 128 && marks >= 8192);
	set_limit("max_user_groups", 4);
	set_limit("max_user_marks", 1);
	child = fork();
	if (!child)
		unprivileged();
	status = abi_wait(child);
	set_limit("max_user_groups", groups);
	set_limit("max_user_marks", marks);
	CHECK(!status);
}

ABI_CASE(fdinfo_lists_what_a_group_watches)
{
	char path[64], text[1024], line[128];
	struct stat st;
	int fd;

	if (!fan_start())
		return;
	fan_touch("f");
	CHECK(!stat("f", &st));
	fd = fan_group(FAN_CLASS_CONTENT);
	fan_mark(fd, 0, FAN_OPEN, "f");
	fan_mark(fd, FAN_MARK_IGNORED_MASK | SURV, FAN_ACCESS, "f");
	fan_mark(fd, FAN_MARK_MOUNT, FAN_CLOSE_WRITE, ".");
	fan_mark(fd, FAN_MARK_FILESYSTEM, FAN_MODIFY, ".");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	abi_read(path, text, sizeof(text));
	CHECK(strstr(text, "fanotify flags:7 event-flags:8000\n") || strstr(text, "fanotify flags:7 event-flags:0\n"));
	snprintf(line, sizeof(line), "fanotify ino:%lx sdev:", (unsigned long)st.st_ino);
	CHECK(strstr(text, line) && strstr(text, " mflags:40 mask:20 ignored_mask:1 fhandle-bytes:"));
	CHECK(strstr(text, "fanotify mnt_id:") && strstr(text, " mflags:0 mask:8 ignored_mask:0"));
	CHECK(strstr(text, "fanotify sdev:") && strstr(text, " mflags:0 mask:2 ignored_mask:0"));
}
