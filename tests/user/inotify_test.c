// SPDX-License-Identifier: GPL-2.0
/* inotify: which events come for what, in which order, and when a watch ends. */
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "abi.h"

static int start(void)
{
	char path[] = "/tmp/notify.XXXXXX";
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	CHECK(mkdtemp(path) && !chdir(path));
	CHECK(fd >= 0);
	return fd;
}

/* The next event; those of one read() are handed out one by one. */
static struct inotify_event *next(int fd)
{
	static char buffer[4096] __attribute__((aligned(8)));
	static ssize_t have, at;
	struct inotify_event *e;

	if (at >= have) {
		at = 0;
		have = read(fd, buffer, sizeof(buffer));
	}
	if (have <= 0)
		return NULL;
	e = (struct inotify_event *)(buffer + at);
	at += sizeof(*e) + e->len;
	return e;
}

static uint32_t expect(int fd, int wd, uint32_t mask, const char *name)
{
	struct inotify_event *e = next(fd);

	CHECK(e);
	if (e->wd != wd || e->mask != mask)
		printf("# wd %d mask %x name %s, wanted %d %x %s\n", e->wd, e->mask, e->len ? e->name : "", wd, mask, name ? name : "");
	CHECK(e->wd == wd && e->mask == mask);
	CHECK(name ? e->len && !strcmp(e->name, name) : !e->len);
	return e->cookie;
}

static void touch(const char *name)
{
	close(open(name, O_RDWR | O_CREAT, 0644));
}

ABI_CASE(a_directory_tells_what_happens_to_its_files)
{
	int fd = start(), wd = inotify_add_watch(fd, ".", IN_ALL_EVENTS & ~IN_ACCESS), f;

	CHECK(wd == 1);
	f = open("a", O_RDWR | O_CREAT, 0644);
	CHECK(write(f, "x", 1) == 1);
	close(f);
	expect(fd, wd, IN_CREATE, "a");
	expect(fd, wd, IN_OPEN, "a");
	expect(fd, wd, IN_MODIFY, "a");
	expect(fd, wd, IN_CLOSE_WRITE, "a");
	CHECK(!chmod("a", 0600) && !truncate("a", 0));
	expect(fd, wd, IN_ATTRIB, "a");
	expect(fd, wd, IN_MODIFY, "a");
	CHECK(!mkdir("d", 0755) && !link("a", "b") && !unlink("b") && !rmdir("d"));
	expect(fd, wd, IN_CREATE | IN_ISDIR, "d");
	expect(fd, wd, IN_CREATE, "b");
	expect(fd, wd, IN_DELETE, "b");
	expect(fd, wd, IN_DELETE | IN_ISDIR, "d");
	CHECK(!next(fd) && errno == EAGAIN);
}

ABI_CASE(a_rename_has_two_halves_with_one_cookie)
{
	int fd = start(), from, to, self;
	uint32_t cookie;

	touch("a");
	CHECK(!mkdir("x", 0755) && !mkdir("y", 0755) && !rename("a", "x/a"));
	from = inotify_add_watch(fd, "x", IN_MOVE);
	to = inotify_add_watch(fd, "y", IN_MOVE);
	self = inotify_add_watch(fd, "x/a", IN_MOVE_SELF);
	CHECK(!rename("x/a", "y/b"));
	cookie = expect(fd, from, IN_MOVED_FROM, "a");
	CHECK(cookie && expect(fd, to, IN_MOVED_TO, "b") == cookie);
	CHECK(expect(fd, self, IN_MOVE_SELF, NULL) == 0);
}

ABI_CASE(a_deleted_file_ends_its_watch)
{
	int fd = start(), wd, held;

	touch("a");
	wd = inotify_add_watch(fd, "a", IN_DELETE_SELF | IN_ATTRIB);
	held = open("a", O_RDONLY);
	CHECK(!unlink("a"));
	expect(fd, wd, IN_ATTRIB, NULL);
	CHECK(!next(fd));
	close(held);
	expect(fd, wd, IN_DELETE_SELF, NULL);
	expect(fd, wd, IN_IGNORED, NULL);
	CHECK_ERR(inotify_rm_watch(fd, wd), EINVAL);
}

ABI_CASE(masks_are_replaced_added_to_and_guarded)
{
	int fd = start(), wd = inotify_add_watch(fd, ".", IN_CREATE);

	CHECK(inotify_add_watch(fd, ".", IN_DELETE) == wd);
	touch("a");
	CHECK(!unlink("a"));
	expect(fd, wd, IN_DELETE, "a");
	CHECK(inotify_add_watch(fd, ".", IN_CREATE | IN_MASK_ADD) == wd);
	touch("a");
	CHECK(!unlink("a"));
	expect(fd, wd, IN_CREATE, "a");
	expect(fd, wd, IN_DELETE, "a");
	CHECK_ERR(inotify_add_watch(fd, ".", IN_CREATE | IN_MASK_CREATE), EEXIST);
	CHECK_ERR(inotify_add_watch(fd, ".", 0), EINVAL);
	CHECK_ERR(inotify_add_watch(fd, "none", IN_CREATE), ENOENT);
	CHECK_ERR(inotify_add_watch(0, ".", IN_CREATE), EINVAL);
	CHECK_ERR(inotify_add_watch(-1, ".", IN_CREATE), EBADF);
	touch("f");
	CHECK_ERR(inotify_add_watch(fd, "f", IN_CREATE | IN_ONLYDIR), ENOTDIR);
	CHECK_ERR(inotify_init1(0x10), EINVAL);
}

ABI_CASE(one_shot_watches_end_after_an_event)
{
	int fd = start(), wd = inotify_add_watch(fd, ".", IN_CREATE | IN_ONESHOT);

	touch("a");
	touch("b");
	expect(fd, wd, IN_CREATE, "a");
	expect(fd, wd, IN_IGNORED, NULL);
	CHECK(!next(fd));
}

ABI_CASE(equal_events_are_told_once)
{
	int fd = start(), wd, f;

	touch("a");
	wd = inotify_add_watch(fd, "a", IN_MODIFY);
	f = open("a", O_WRONLY);
	for (int i = 0; i < 5; i++)
		CHECK(write(f, "x", 1) == 1);
	expect(fd, wd, IN_MODIFY, NULL);
	CHECK(!next(fd));
}

ABI_CASE(an_event_wakes_poll_and_counts_in_FIONREAD)
{
	int fd = start(), bytes;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char small[8];

	CHECK(inotify_add_watch(fd, ".", IN_CREATE) > 0);
	CHECK(poll(&p, 1, 0) == 0);
	if (fork() == 0) {
		usleep(20000);
		touch("a");
		_exit(0);
	}
	CHECK(poll(&p, 1, -1) == 1 && p.revents == POLLIN);
	CHECK(!ioctl(fd, FIONREAD, &bytes) && bytes == 32);
	CHECK_ERR(read(fd, small, sizeof(small)), EINVAL);
}

ABI_CASE(a_full_queue_overflows_once)
{
	int fd = start(), overflows = 0;
	struct inotify_event *e;
	unsigned int seen = 0;

	CHECK(inotify_add_watch(fd, ".", IN_CREATE | IN_DELETE) > 0);
	touch("a");
	for (int i = 0; i < 9000; i++)
		CHECK(!link("a", "b") && !unlink("b"));
	while ((e = next(fd))) {
		overflows += e->mask == IN_Q_OVERFLOW && e->wd == -1;
		seen++;
	}
	CHECK(overflows == 1 && seen > 16000 && seen < 17000);
}

ABI_CASE(reading_a_directory_is_an_access)
{
	int fd = start(), d, wd;
	char entries[512];

	CHECK(!mkdir("d", 0755));
	wd = inotify_add_watch(fd, "d", IN_ACCESS);
	d = open("d", O_RDONLY | O_DIRECTORY);
	CHECK(wd == 1 && d >= 0 && syscall(SYS_getdents64, d, entries, sizeof(entries)) > 0);
	expect(fd, wd, IN_ACCESS | IN_ISDIR, NULL);
	CHECK(!next(fd) && errno == EAGAIN);
}
