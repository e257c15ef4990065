// SPDX-License-Identifier: GPL-2.0
/* fanotify: how events name files, by handles and names, and who did it. */
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "fanotify.h"

/* The record of @type of an event, or NULL. */
static struct fanotify_event_info_fid *info(struct fanotify_event_metadata *e, int type)
{
	char *end = (char *)e + e->event_len, *p = (char *)e + e->metadata_len;

	while (p < end) {
		struct fanotify_event_info_header *h = (void *)p;

		CHECK(h->len >= sizeof(*h) && p + h->len <= end);
		if (h->info_type == type)
			return (void *)p;
		p += h->len;
	}
	return NULL;
}

static int records(struct fanotify_event_metadata *e)
{
	char *end = (char *)e + e->event_len, *p = (char *)e + e->metadata_len;
	int n = 0;

	for (; p < end; n++)
		p += ((struct fanotify_event_info_header *)p)->len;
	CHECK(p == end);
	return n;
}

union handle {
	struct file_handle h;
	char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
};

static void handle_of(const char *path, union handle *h)
{
	int id;

	h->h.handle_bytes = MAX_HANDLE_SZ;
	CHECK(!name_to_handle_at(AT_FDCWD, path, &h->h, &id, 0));
}

/* Is it @h in this file system, by @name (NULL: none)? */
static bool says(const struct fanotify_event_info_fid *i, const union handle *h, const char *name)
{
	const struct file_handle *own = i ? (const void *)i->handle : NULL;
	struct statfs st;

	if (!i || statfs(".", &st) || memcmp(&i->fsid, &st.f_fsid, sizeof(st.f_fsid)))
		return false;
	if (own->handle_bytes != h->h.handle_bytes || own->handle_type != h->h.handle_type || memcmp(own->f_handle, h->h.f_handle, own->handle_bytes))
		return false;
	return !name || !strcmp((const char *)own->f_handle + own->handle_bytes, name);
}

ABI_CASE(events_name_files_by_handles)
{
	struct fanotify_event_metadata *e;
	union handle f, dir;
	int fd;

	if (!fan_start())
		return;
	fan_touch("f");
	handle_of("f", &f);
	handle_of(".", &dir);
	fd = fan_group(FAN_REPORT_FID);
	fan_mark(fd, 0, FAN_OPEN | FAN_ATTRIB | FAN_DELETE_SELF | FAN_MOVE_SELF, "f");
	fan_mark(fd, 0, FAN_CREATE | FAN_DELETE | FAN_ONDIR, ".");
	close(open("f", O_RDONLY));
	e = fan_expect(fd, FAN_OPEN);
	CHECK(e->fd == FAN_NOFD && e->pid == getpid() && records(e) == 1 && says(info(e, FAN_EVENT_INFO_TYPE_FID), &f, NULL));
	CHECK(!mkdir("d", 0755));
	e = fan_expect(fd, FAN_CREATE | FAN_ONDIR);
	CHECK(records(e) == 1 && says(info(e, FAN_EVENT_INFO_TYPE_FID), &dir, NULL));
	CHECK(!rename("f", "g"));
	e = fan_expect(fd, FAN_MOVE_SELF);
	CHECK(says(info(e, FAN_EVENT_INFO_TYPE_FID), &f, NULL));
	CHECK(!unlink("g"));
	e = fan_expect(fd, FAN_ATTRIB | FAN_DELETE_SELF);
	CHECK(says(info(e, FAN_EVENT_INFO_TYPE_FID), &f, NULL));
	e = fan_expect(fd, FAN_DELETE);
	CHECK(says(info(e, FAN_EVENT_INFO_TYPE_FID), &dir, NULL));
	fan_nothing(fd);
}

ABI_CASE(events_name_files_by_directory_and_name)
{
	struct fanotify_event_metadata *e;
	union handle f, dir;
	int fd, both, opened;

	if (!fan_start())
		return;
	CHECK(!mkdir("d", 0755));
	fan_touch("d/f");
	handle_of("d/f", &f);
	handle_of("d", &dir);
	fd = fan_group(DIR_NAME);
	both = fan_group(DIR_NAME | FAN_REPORT_FID);
	fan_mark(fd, 0, FAN_OPEN | FAN_CREATE | FAN_DELETE | FAN_ONDIR | FAN_EVENT_ON_CHILD, "d");
	fan_mark(both, FAN_MARK_FILESYSTEM, FAN_OPEN | FAN_ATTRIB, ".");
	close(open("d/f", O_RDONLY));
	e = fan_expect(fd, FAN_OPEN);
	CHECK(records(e) == 1 && says(info(e, FAN_EVENT_INFO_TYPE_DFID_NAME), &dir, "f"));
	e = fan_expect(both, FAN_OPEN);
	CHECK(records(e) == 2 && says(info(e, FAN_EVENT_INFO_TYPE_DFID_NAME), &dir, "f") && says(info(e, FAN_EVENT_INFO_TYPE_FID), &f, NULL));
	opened = open_by_handle_at(AT_FDCWD, (struct file_handle *)info(e, FAN_EVENT_INFO_TYPE_FID)->handle, O_RDONLY);
	CHECK(opened >= 0 && !close(opened) && fan_expect(fd, FAN_OPEN));
	close(open("d", O_RDONLY));
	while ((e = fan_next(both)))
		CHECK(e->mask == FAN_OPEN);
	e = fan_expect(fd, FAN_OPEN | FAN_ONDIR);
	CHECK(records(e) == 1 && says(info(e, FAN_EVENT_INFO_TYPE_DFID_NAME), &dir, "."));
	CHECK(!mkdir("d/new", 0755) && !rmdir("d/new"));
	fan_touch("d/a");
	CHECK(!unlink("d/a"));
	e = fan_expect(fd, FAN_CREATE | FAN_DELETE | FAN_ONDIR);
	CHECK(records(e) == 1 && says(info(e, FAN_EVENT_INFO_TYPE_DFID_NAME), &dir, "new"));
	e = fan_expect(fd, FAN_CREATE | FAN_OPEN | FAN_DELETE);
	CHECK(says(info(e, FAN_EVENT_INFO_TYPE_DFID_NAME), &dir, "a"));
	fan_nothing(fd);
}

ABI_CASE(directories_alone_are_named_without_names)
{
	struct fanotify_event_metadata *e;
	union handle f, dir;
	int fd;

	if (!fan_start())
		return;
	fan_touch("f");
	handle_of("f", &f);
	handle_of(".", &dir);
	fd = fan_group(FAN_REPORT_DIR_FID | FAN_REPORT_FID);
	fan_mark(fd, 0, FAN_OPEN | FAN_CREATE | FAN_EVENT_ON_CHILD, ".");
	close(open("f", O_RDONLY));
	e = fan_expect(fd, FAN_OPEN);
	CHECK(records(e) == 2 && says(info(e, FAN_EVENT_INFO_TYPE_DFID), &dir, NULL) && says(info(e, FAN_EVENT_INFO_TYPE_FID), &f, NULL));
	CHECK(!link("f", "g"));
	e = fan_expect(fd, FAN_CREATE);
	CHECK(records(e) == 1 && says(info(e, FAN_EVENT_INFO_TYPE_DFID), &dir, NULL));
	fan_nothing(fd);
}

ABI_CASE(a_rename_is_one_event_with_both_names)
{
	struct fanotify_event_metadata *e;
	union handle f, from, to;
	int fd, old, new, target;

	if (!fan_start())
		return;
	CHECK(!mkdir("x", 0755) && !mkdir("y", 0755));
	fan_touch("x/f");
	handle_of("x/f", &f);
	handle_of("x", &from);
	handle_of("y", &to);
	fd = fan_group(ALL_FIDS);
	old = fan_group(DIR_NAME);
	new = fan_group(DIR_NAME);
	target = fan_group(ALL_FIDS);
	fan_mark(fd, FAN_MARK_FILESYSTEM, RENAME, ".");
	fan_mark(old, 0, RENAME, "x");
	fan_mark(new, 0, RENAME, "y");
	fan_mark(target, 0, FAN_MOVED_TO, "y");
	CHECK(!rename("x/f", "y/g"));
	e = fan_expect(fd, RENAME);
	CHECK(records(e) == 3 && says(info(e, OLD_NAME), &from, "f") && says(info(e, NEW_NAME), &to, "g"));
	CHECK(says(info(e, FAN_EVENT_INFO_TYPE_FID), &f, NULL));
	e = fan_expect(old, RENAME);
	CHECK(records(e) == 1 && says(info(e, OLD_NAME), &from, "f"));
	e = fan_expect(new, RENAME);
	CHECK(records(e) == 1 && says(info(e, NEW_NAME), &to, "g"));
	e = fan_expect(target, FAN_MOVED_TO);
	CHECK(records(e) == 2 && says(info(e, FAN_EVENT_INFO_TYPE_DFID_NAME), &to, "g") && says(info(e, FAN_EVENT_INFO_TYPE_FID), &f, NULL));
	fan_touch("x/f");
	CHECK(!syscall(SYS_renameat2, AT_FDCWD, "x/f", AT_FDCWD, "y/g", 2));	/* both change places */
	e = fan_expect(fd, RENAME);
	CHECK(says(info(e, OLD_NAME), &from, "f") && says(info(e, NEW_NAME), &to, "g"));
	e = fan_expect(fd, RENAME);
	CHECK(says(info(e, OLD_NAME), &to, "g") && says(info(e, NEW_NAME), &from, "f") && says(info(e, FAN_EVENT_INFO_TYPE_FID), &f, NULL));
}

ABI_CASE(an_event_brings_who_did_it)
{
	struct fanotify_event_metadata *e;
	struct pidfd_info {
		struct fanotify_event_info_header hdr;
		int32_t pidfd;
	} *p;
	pid_t child;
	int fd;

	if (!fan_start())
		return;
	fan_touch("f");
	fd = fan_group(REPORT_PIDFD);
	fan_mark(fd, 0, FAN_OPEN, "f");
	child = fork();
	if (!child) {
		close(open("f", O_RDONLY));
		pause();
	}
	while (!(e = fan_next(fd)))
		usleep(1000);
	p = (void *)info(e, INFO_PIDFD);
	CHECK(e->pid == child && e->fd >= 0 && p && p->hdr.len == sizeof(*p) && p->pidfd >= 0);
	CHECK(!syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0) && WTERMSIG(abi_wait(child)) == SIGKILL);
	child = fork();
	if (!child) {
		close(open("f", O_RDONLY));
		_exit(0);
	}
	CHECK(!abi_wait(child));
	e = fan_expect(fd, FAN_OPEN);
	p = (void *)info(e, INFO_PIDFD);
	CHECK(p->pidfd == -1);
}

static void *opens(void *tid)
{
	*(pid_t *)tid = (pid_t)syscall(SYS_gettid);
	close(open("f", O_RDONLY));
	return NULL;
}

ABI_CASE(a_thread_is_named_where_that_is_asked_for)
{
	pthread_t t;
	pid_t tid;
	int fd;

	if (!fan_start())
		return;
	fan_touch("f");
	fd = fan_group(FAN_REPORT_TID);
	fan_mark(fd, 0, FAN_OPEN, "f");
	CHECK(!pthread_create(&t, NULL, opens, &tid) && !pthread_join(t, NULL));
	fan_expect_fd(fd, FAN_OPEN, "f", tid);
}
