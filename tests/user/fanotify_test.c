// SPDX-License-Identifier: GPL-2.0
/* fanotify: what the calls refuse, which events come for what, what marks ignore. */
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "fanotify.h"

bool fan_start_mounted(void)
{
	if (geteuid())
		return false;
	abi_fresh();
	CHECK(!mkdir("m", 0777) && !mount("none", "m", "tmpfs", 0, "mode=777") && !chdir("m"));
	return true;
}

void fan_end(void)
{
	CHECK(!umount2("../m", MNT_DETACH));
}

bool fan_start(void)
{
	if (!fan_start_mounted())
		return false;
	fan_end();
	return true;
}

int fan_group(unsigned int flags)
{
	int fd = fanotify_init(flags | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY);

	CHECK(fd >= 0);
	return fd;
}

void fan_mark(int fd, unsigned int flags, uint64_t mask, const char *path)
{
	CHECK(!fanotify_mark(fd, FAN_MARK_ADD | flags, mask, AT_FDCWD, path));
}

void fan_touch(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT, 0644);

	CHECK(fd >= 0 && !close(fd));
}

static char buffer[8192] __attribute__((aligned(8)));
static ssize_t have, at;

struct fanotify_event_metadata *fan_next(int fd)
{
	struct fanotify_event_metadata *e;

	if (at >= have) {
		at = 0;
		have = read(fd, buffer, sizeof(buffer));
	}
	if (have <= 0)
		return NULL;
	e = (struct fanotify_event_metadata *)(buffer + at);
	CHECK(e->vers == FANOTIFY_METADATA_VERSION && e->metadata_len == sizeof(*e));
	CHECK(e->event_len >= sizeof(*e) && at + (ssize_t)e->event_len <= have);
	at += e->event_len;
	return e;
}

struct fanotify_event_metadata *fan_expect(int fd, uint64_t mask)
{
	struct fanotify_event_metadata *e = fan_next(fd);

	if (!e || e->mask != mask)
		printf("# mask %llx, wanted %llx\n", e ? (unsigned long long)e->mask : 0ull, (unsigned long long)mask);
	CHECK(e && e->mask == mask);
	return e;
}

void fan_expect_fd(int fd, uint64_t mask, const char *path, pid_t pid)
{
	struct fanotify_event_metadata *e = fan_expect(fd, mask);
	struct stat a, b;

	CHECK(e->fd >= 0 && e->pid == pid && e->event_len == sizeof(*e));
	CHECK(!fstat(e->fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev && !close(e->fd));
}

void fan_nothing(int fd)
{
	struct fanotify_event_metadata *e = fan_next(fd);

	if (e)
		printf("# mask %llx, wanted none\n", (unsigned long long)e->mask);
	CHECK(!e && errno == EAGAIN);
}

/* ---- Calls ---- */

ABI_CASE(fanotify_init_checks_its_flags)
{
	if (!fan_start())
		return;
	CHECK_ERR(fanotify_init(0x10000, O_RDONLY), EINVAL);
	CHECK_ERR(fanotify_init(FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT, O_RDONLY), EINVAL);
	CHECK_ERR(fanotify_init(0, O_ACCMODE), EINVAL);
	CHECK_ERR(fanotify_init(0, O_RDONLY | O_CREAT), EINVAL);
	CHECK_ERR(fanotify_init(FAN_CLASS_CONTENT | FAN_REPORT_FID, O_RDONLY), EINVAL);
	CHECK_ERR(fanotify_init(FAN_REPORT_NAME, O_RDONLY), EINVAL);
	CHECK_ERR(fanotify_init(REPORT_TARGET | DIR_NAME, O_RDONLY), EINVAL);
	CHECK_ERR(fanotify_init(REPORT_PIDFD | FAN_REPORT_TID, O_RDONLY), EINVAL);
	CHECK(!close(fan_group(FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | FAN_CLASS_PRE_CONTENT)) && !close(fan_group(ALL_FIDS | REPORT_PIDFD)));
	CHECK(fcntl(fan_group(0), F_GETFD) == FD_CLOEXEC && (fcntl(fan_group(0), F_GETFL) & (O_NONBLOCK | O_ACCMODE)) == (O_NONBLOCK | O_RDWR));
}

ABI_CASE(fanotify_mark_checks_what_it_is_asked)
{
	int fd, fids, none;

	if (!fan_start())
		return;
	fan_touch("f");
	fd = fan_group(0);
	fids = fan_group(FAN_REPORT_FID);
	none = open("f", O_PATH);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD, 0, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD, 1ull << 32 | FAN_OPEN, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_REMOVE, FAN_OPEN, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_MOUNT | FAN_MARK_FILESYSTEM, FAN_OPEN, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_FLUSH | FAN_MARK_ONLYDIR, 0, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD, FAN_Q_OVERFLOW, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD, FAN_CREATE, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fids, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CREATE, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fids, FAN_MARK_ADD, RENAME, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | MARK_EVICTABLE | FAN_MARK_MOUNT, FAN_OPEN, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | MARK_IGNORE | FAN_MARK_IGNORED_MASK, FAN_OPEN, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | MARK_IGNORE, FAN_OPEN, AT_FDCWD, "."), EISDIR);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | MARK_IGNORE | FAN_MARK_MOUNT, FAN_OPEN, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_OPEN, AT_FDCWD, "f"), ENOTDIR);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | MARK_IGNORE | SURV, FAN_OPEN | FAN_ONDIR, AT_FDCWD, "f"), ENOTDIR);
	CHECK_ERR(fanotify_mark(fan_group(ALL_FIDS), FAN_MARK_ADD, FAN_DELETE, AT_FDCWD, "f"), ENOTDIR);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "none"), ENOENT);
	CHECK_ERR(fanotify_mark(-1, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "."), EBADF);
	CHECK_ERR(fanotify_mark(0, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "."), EINVAL);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, none, NULL), EBADF);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_REMOVE, FAN_OPEN, AT_FDCWD, "f"), ENOENT);
	CHECK_ERR(fanotify_mark(fids, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "/proc/self/stat"), ENODEV);
	CHECK_ERR(fanotify_mark(fan_group(FAN_CLASS_CONTENT), FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, "/proc/self/stat"), EINVAL);
	CHECK(!fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, open(".", O_RDONLY), NULL));
}

ABI_CASE(a_mark_keeps_what_was_set_for_good)
{
	int fd;

	if (!fan_start())
		return;
	fan_touch("f");
	fan_touch("g");
	fd = fan_group(0);
	fan_mark(fd, 0, FAN_OPEN, "f");
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | MARK_EVICTABLE, FAN_ACCESS, AT_FDCWD, "f"), EEXIST);
	fan_mark(fd, MARK_IGNORE | SURV, FAN_ACCESS, "f");
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK, FAN_ACCESS, AT_FDCWD, "f"), EEXIST);
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | MARK_IGNORE, FAN_ACCESS, AT_FDCWD, "f"), EEXIST);
	fan_mark(fd, MARK_EVICTABLE, FAN_OPEN, "g");
	fan_mark(fd, 0, FAN_OPEN, "g");
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_ADD | MARK_EVICTABLE, FAN_ACCESS, AT_FDCWD, "g"), EEXIST);
	CHECK(!fanotify_mark(fd, FAN_MARK_REMOVE, FAN_OPEN, AT_FDCWD, "g"));
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_REMOVE, FAN_OPEN, AT_FDCWD, "g"), ENOENT);
	CHECK(!fanotify_mark(fd, FAN_MARK_FLUSH, 0, AT_FDCWD, "."));
	CHECK_ERR(fanotify_mark(fd, FAN_MARK_REMOVE, FAN_OPEN, AT_FDCWD, "f"), ENOENT);
}

/* ---- Descriptors ---- */

ABI_CASE(a_file_tells_with_a_descriptor)
{
	int fd, f;
	pid_t me = getpid(), child;
	char c;

	if (!fan_start())
		return;
	fan_touch("f");
	fan_touch("other");
	fd = fan_group(0);
	fan_mark(fd, 0, FAN_OPEN | FAN_MODIFY | FAN_ACCESS | FAN_CLOSE, "f");
	f = open("f", O_RDWR);
	fan_expect_fd(fd, FAN_OPEN, "f", me);
	CHECK(write(f, "x", 1) == 1 && pread(f, &c, 1, 0) == 1 && !close(f));
	fan_expect_fd(fd, FAN_MODIFY | FAN_ACCESS | FAN_CLOSE_WRITE, "f", me);
	child = fork();
	if (!child) {
		close(open("f", O_RDONLY));
		_exit(0);
	}
	CHECK(!abi_wait(child));
	fan_expect_fd(fd, FAN_OPEN | FAN_CLOSE_NOWRITE, "f", child);
	close(open("f", O_PATH));
	fan_touch("other");
	CHECK(!chmod("f", 0600) && !truncate("f", 0) && !rename("f", "g"));
	fan_nothing(fd);
}

ABI_CASE(the_descriptor_of_an_event_is_silent)
{
	struct fanotify_event_metadata *e;
	int fd, f;
	char c;

	if (!fan_start())
		return;
	fan_touch("f");
	fd = fanotify_init(FAN_NONBLOCK, O_RDWR | O_APPEND | O_CLOEXEC);
	fan_mark(fd, 0, FAN_OPEN | FAN_MODIFY | FAN_ACCESS | FAN_CLOSE, "f");
	f = open("f", O_RDONLY);
	e = fan_expect(fd, FAN_OPEN);
	CHECK(fcntl(e->fd, F_GETFD) == FD_CLOEXEC && (fcntl(e->fd, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_RDWR | O_APPEND));
	CHECK(write(e->fd, "x", 1) == 1 && pread(e->fd, &c, 1, 0) == 1 && !close(e->fd));
	fan_nothing(fd);
	CHECK(!close(f));
	CHECK(fan_expect(fd, FAN_CLOSE_NOWRITE));
}

ABI_CASE(a_directory_tells_of_children_and_itself_as_it_is_asked)
{
	pid_t me = getpid();
	int fd, f;

	if (!fan_start())
		return;
	CHECK(!mkdir("d", 0755) && !mkdir("d/sub", 0755));
	fan_touch("d/f");
	fd = fan_group(0);
	fan_mark(fd, 0, FAN_OPEN, "d");
	fan_touch("d/f");
	close(open("d", O_RDONLY));
	fan_nothing(fd);
	fan_mark(fd, 0, FAN_OPEN | FAN_EVENT_ON_CHILD, "d");
	fan_touch("d/f");
	close(open("d", O_RDONLY));
	close(open("d/sub", O_RDONLY));
	fan_expect_fd(fd, FAN_OPEN, "d/f", me);
	fan_nothing(fd);
	fan_mark(fd, 0, FAN_ACCESS | FAN_ONDIR, "d");
	f = open("d", O_RDONLY | O_DIRECTORY);
	fan_expect_fd(fd, FAN_OPEN, "d", me);
	CHECK(syscall(SYS_getdents64, f, buffer, sizeof(buffer)) > 0 && !close(f));
	have = 0;
	fan_expect_fd(fd, FAN_ACCESS, "d", me);
	close(open("d/sub", O_RDONLY));
	fan_expect_fd(fd, FAN_OPEN, "d/sub", me);
	fan_nothing(fd);
}

ABI_CASE(mounts_and_file_systems_tell_of_all_their_files)
{
	int on_mount, on_super;
	pid_t me = getpid();

	if (!fan_start_mounted())
		return;
	CHECK(!mkdir("d", 0755) && !mkdir("other", 0755) && !mount("none", "other", "tmpfs", 0, NULL));
	on_mount = fan_group(0);
	on_super = fan_group(0);
	fan_mark(on_mount, FAN_MARK_MOUNT, FAN_OPEN, ".");
	fan_mark(on_super, FAN_MARK_FILESYSTEM, FAN_OPEN | FAN_ONDIR, "d");
	fan_touch("d/f");
	fan_touch("other/f");
	fan_expect_fd(on_mount, FAN_OPEN, "d/f", me);
	fan_nothing(on_mount);
	fan_expect_fd(on_super, FAN_OPEN, "d/f", me);
	close(open("d", O_RDONLY));
	fan_expect_fd(on_super, FAN_OPEN, "d", me);
	fan_nothing(on_super);
	fan_nothing(on_mount);
	CHECK(!fanotify_mark(on_mount, FAN_MARK_FLUSH | FAN_MARK_MOUNT, 0, AT_FDCWD, "."));
	CHECK(!fanotify_mark(on_super, FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM, FAN_OPEN | FAN_ONDIR, AT_FDCWD, "."));
	fan_touch("d/f");
	fan_nothing(on_super);
	fan_nothing(on_mount);
	fan_mark(on_super, FAN_MARK_FILESYSTEM, FAN_OPEN, "other");
	CHECK(!umount("other"));
	fan_nothing(on_super);
	fan_end();
}

ABI_CASE(what_is_executed_is_told_as_that)
{
	pid_t child;
	int fd;

	if (!fan_start())
		return;
	abi_copy_self("prog", 0755);
	fd = fan_group(0);
	fan_mark(fd, 0, FAN_OPEN_EXEC, "prog");
	close(open("prog", O_RDONLY));
	fan_nothing(fd);
	fan_mark(fd, 0, FAN_OPEN, "prog");
	child = fork();
	if (!child) {
		execl("prog", "", NULL);
		_exit(1);
	}
	CHECK(WEXITSTATUS(abi_wait(child)) == 23);
	fan_expect_fd(fd, FAN_OPEN | FAN_OPEN_EXEC, "prog", child);
}

/* ---- What is ignored ---- */

ABI_CASE(what_a_mark_ignores_is_not_told)
{
	pid_t me = getpid();
	int fd, f;

	if (!fan_start())
		return;
	fan_touch("f");
	fan_touch("g");
	fd = fan_group(0);
	fan_mark(fd, FAN_MARK_MOUNT, FAN_OPEN | FAN_CLOSE_WRITE, ".");
	fan_mark(fd, FAN_MARK_IGNORED_MASK, FAN_OPEN, "f");
	close(open("f", O_RDONLY));
	fan_nothing(fd);
	f = open("f", O_WRONLY);
	fan_nothing(fd);
	CHECK(write(f, "x", 1) == 1);
	close(open("f", O_RDONLY));
	fan_expect_fd(fd, FAN_OPEN, "f", me);		/* the change ended it */
	fan_mark(fd, FAN_MARK_IGNORED_MASK, FAN_OPEN, "f");
	close(open("f", O_RDONLY));
	fan_expect_fd(fd, FAN_OPEN, "f", me);		/* and who may change it */
	CHECK(!close(f));
	fan_expect_fd(fd, FAN_CLOSE_WRITE, "f", me);
	fan_mark(fd, FAN_MARK_IGNORED_MASK | SURV, FAN_OPEN, "f");
	f = open("f", O_WRONLY);
	CHECK(write(f, "x", 1) == 1 && !close(f));
	fan_expect_fd(fd, FAN_CLOSE_WRITE, "f", me);
	CHECK(!fanotify_mark(fd, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, FAN_OPEN, AT_FDCWD, "f"));
	close(open("f", O_RDONLY));
	fan_expect_fd(fd, FAN_OPEN, "f", me);
	fan_nothing(fd);
}

ABI_CASE(ignoring_has_flags_of_its_own_or_none)
{
	pid_t me = getpid();
	int fd;

	if (!fan_start())
		return;
	CHECK(!mkdir("d", 0755) && !mkdir("e", 0755));
	fan_touch("d/f");
	fan_touch("e/f");
	fd = fan_group(0);
	fan_mark(fd, FAN_MARK_FILESYSTEM, FAN_OPEN | FAN_ONDIR, ".");
	/* Old: always of directories, of children where the mark wants to be told of them. */
	fan_mark(fd, FAN_MARK_IGNORED_MASK | SURV, FAN_OPEN, "d");
	close(open("d", O_RDONLY));
	fan_nothing(fd);
	close(open("d/f", O_RDONLY));
	fan_expect_fd(fd, FAN_OPEN, "d/f", me);
	fan_mark(fd, 0, FAN_CLOSE_WRITE | FAN_EVENT_ON_CHILD, "d");
	close(open("d/f", O_RDONLY));
	fan_nothing(fd);
	/* New: as it says. */
	fan_mark(fd, MARK_IGNORE | SURV, FAN_OPEN | FAN_EVENT_ON_CHILD, "e");
	close(open("e", O_RDONLY));
	fan_expect_fd(fd, FAN_OPEN, "e", me);
	close(open("e/f", O_RDONLY));
	fan_nothing(fd);
	fan_mark(fd, MARK_IGNORE | SURV, FAN_ONDIR, "e");
	close(open("e", O_RDONLY));
	fan_nothing(fd);
}

/* ---- inotify, which has the same source ---- */

ABI_CASE(inotify_is_told_of_what_it_missed)
{
	struct timespec only_m[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	int fd, f, wd, up;
	struct inotify_event *e;

	if (!fan_start_mounted())
		return;
	CHECK(!mkdir("d", 0755) && !mkdir("m", 0755) && !mount("none", "m", "tmpfs", 0, NULL));
	fan_touch("d/f");
	fan_touch("m/f");
	fd = inotify_init1(IN_NONBLOCK);
	wd = inotify_add_watch(fd, "d", IN_ACCESS | IN_MODIFY | IN_ATTRIB);
	f = open("d", O_RDONLY);
	CHECK(syscall(SYS_getdents64, f, buffer, sizeof(buffer)) > 0 && !close(f));
	e = (void *)buffer;
	CHECK(read(fd, buffer, sizeof(buffer)) == sizeof(*e) && e->wd == wd && e->mask == (IN_ACCESS | IN_ISDIR));
	CHECK(!utimensat(AT_FDCWD, "d/f", only_m, 0) && read(fd, buffer, sizeof(buffer)) > 0 && e->mask == IN_MODIFY);
	f = open("d/f", O_WRONLY);
	CHECK(!posix_fallocate(f, 0, 10) && !close(f) && read(fd, buffer, sizeof(buffer)) > 0 && e->mask == IN_MODIFY);
	up = inotify_add_watch(fd, "m/f", IN_OPEN);
	CHECK(!umount("m") && read(fd, buffer, sizeof(buffer)) == 2 * sizeof(*e) && e->wd == up && e->mask == IN_UNMOUNT && e[1].mask == IN_IGNORED);
	fan_end();
}
