// SPDX-License-Identifier: GPL-2.0
/* userfaultfd(2): memory that is protected or shared, and events of memory that changes. Missing pages: userfaultfd_test.c. */
#include <sys/wait.h>
#include "userfault.h"

#define FORK	LINUX_UFFD_FEATURE_EVENT_FORK
#define REMAP	LINUX_UFFD_FEATURE_EVENT_REMAP
#define REMOVE	LINUX_UFFD_FEATURE_EVENT_REMOVE
#define UNMAP	LINUX_UFFD_FEATURE_EVENT_UNMAP
#define PROTECTED	(LINUX_UFFD_FAULT_WRITE | LINUX_UFFD_FAULT_WP)

static char page[PAGE];

static char *page_of(char c)
{
	memset(page, c, PAGE);
	return page;
}

static void *writer(void *at)
{
	*(volatile char *)at = 'w';
	return NULL;
}

static void *reader(void *at)
{
	return (void *)(uint64_t)*(volatile unsigned char *)at;
}

static pthread_t start(void *(*how)(void *), char *at)
{
	pthread_t t;

	CHECK(!pthread_create(&t, NULL, how, at));
	return t;
}

static uint64_t joined(pthread_t t)
{
	void *result;

	CHECK(!pthread_join(t, &result));
	return (uint64_t)result;
}

/* A write to @at is told, and happens once it may. */
static void write_is_told(int fd, char *at)
{
	pthread_t t = start(writer, at);

	CHECK(uffd_fault(fd, PROTECTED) == (char *)((uint64_t)at & ~(PAGE - 1)) && *at != 'w');
	CHECK(uffd_protect(fd, (char *)((uint64_t)at & ~(PAGE - 1)), 1, false) == 0);
	joined(t);
	CHECK(*at == 'w' && uffd_is_silent(fd));
}

static char *shared(int *memfd, uint64_t pages)
{
	char *m;

	*memfd = (int)syscall(SYS_memfd_create, "shared", MFD_CLOEXEC);
	CHECK(*memfd >= 0 && ftruncate(*memfd, (off_t)(pages * PAGE)) == 0);
	m = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, *memfd, 0);
	CHECK(m != MAP_FAILED);
	return m;
}

/* ---- Protection ---- */

ABI_CASE(write_to_a_protected_page_is_told)
{
	int fd = uffd_open(0, LINUX_UFFD_FEATURE_WP), fds[2];
	char *m = uffd_memory(4);

	m[0] = m[PAGE] = m[2 * PAGE] = 'x';
	CHECK(uffd_register(fd, m, 4, WP) == 0 && uffd_protect(fd, m, 4, true) == 0);
	CHECK(m[0] == 'x');
	m[3 * PAGE] = 'y';	/* was not there, so it is not protected */
	write_is_told(fd, m + 5);
	m[6] = 'z';
	write_is_told(fd, m + PAGE);
	CHECK(pipe(fds) == 0 && write(fds[1], m + 2 * PAGE, 1) == 1 && write(fds[1], m, 1) == 1);
	CHECK(uffd_protect(fd, m + 2 * PAGE, 1, false) == 0);
	m[2 * PAGE] = 'v';
	CHECK(uffd_is_silent(fd));
}

ABI_CASE(kernel_waits_at_a_protected_page)
{
	int fd = uffd_open(0, 0), fds[2];
	char *m = uffd_memory(1);
	pid_t pid;

	m[0] = 'x';
	CHECK(uffd_register(fd, m, 1, WP) == 0 && uffd_protect(fd, m, 1, true) == 0 && pipe(fds) == 0 && write(fds[1], "k", 1) == 1);
	pid = fork();
	if (!pid) {
		CHECK(uffd_fault(fd, PROTECTED) == m && uffd_protect(fd, m, 1, false) == 0);
		_exit(0);
	}
	CHECK(read(fds[0], m, 1) == 1 && m[0] == 'k' && abi_wait(pid) == 0);
}

ABI_CASE(page_is_brought_protected)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(2);

	CHECK(uffd_register(fd, m, 2, MISSING | WP) == 0);
	CHECK(uffd_copy(fd, m, page_of('c'), 1, LINUX_UFFD_COPY_WP) == (int64_t)PAGE && m[0] == 'c');
	write_is_told(fd, m);
	CHECK(uffd_zero(fd, m + PAGE, 1) == (int64_t)PAGE && uffd_protect(fd, m + PAGE, 1, true) == 0 && m[PAGE] == 0);
	write_is_told(fd, m + PAGE);
}

ABI_CASE(protection_is_checked)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(4);
	struct linux_uffdio_writeprotect w = { .range = { (uint64_t)m, PAGE }, .mode = 4 };

	CHECK(uffd_register(fd, m, 2, WP) == 0 && uffd_register(fd, m + 2 * PAGE, 2, MISSING) == 0);
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_WRITEPROTECT, &w), EINVAL);
	w.mode = LINUX_UFFD_PROTECT | LINUX_UFFD_PROTECT_DONTWAKE;
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_WRITEPROTECT, &w), EINVAL);
	CHECK_ERR(uffd_protect(fd, m + 2 * PAGE, 1, true), ENOENT);
	CHECK_ERR(uffd_protect(fd, m, 4, true), ENOENT);
	CHECK_ERR(uffd_protect(fd, m + 1, 1, true), EINVAL);
	CHECK_ERR(ioctl(fd, LINUX_UFFDIO_WRITEPROTECT, BAD), EFAULT);
}

ABI_CASE(protection_lasts_over_other_rights)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(2);

	m[0] = m[PAGE] = 'x';
	CHECK(uffd_register(fd, m, 2, WP) == 0 && uffd_protect(fd, m, 2, true) == 0);
	CHECK(mprotect(m, 2 * PAGE, PROT_READ) == 0 && mprotect(m, 2 * PAGE, PROT_READ | PROT_WRITE) == 0);
	write_is_told(fd, m);
	CHECK(mprotect(m, 2 * PAGE, PROT_NONE) == 0 && mprotect(m, 2 * PAGE, PROT_READ | PROT_WRITE) == 0);
	write_is_told(fd, m + PAGE);
	CHECK(uffd_protect(fd, m, 2, true) == 0 && uffd_register(fd, m, 2, MISSING) == 0);
	m[0] = m[PAGE] = 'y';	/* not watched for writes any more */
	CHECK(uffd_register(fd, m, 2, WP) == 0);
	m[0] = 'z';
	CHECK(uffd_protect(fd, m, 2, true) == 0 && uffd_unregister(fd, m, 2) == 0);
	m[0] = m[PAGE] = 'u';
	CHECK(uffd_register(fd, m, 2, WP) == 0 && uffd_protect(fd, m, 2, true) == 0 && close(fd) == 0);
	m[0] = m[PAGE] = 'v';
}

ABI_CASE(child_writes_what_its_parent_may_not)
{
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(1);
	pid_t pid;

	m[0] = 'x';
	CHECK(uffd_register(fd, m, 1, WP) == 0 && uffd_protect(fd, m, 1, true) == 0);
	pid = fork();
	if (!pid) {
		m[0] = 'c';
		_exit(m[0] != 'c');
	}
	CHECK(abi_wait(pid) == 0 && m[0] == 'x' && uffd_is_silent(fd));
	write_is_told(fd, m);
}

/* ---- Shared memory ---- */

ABI_CASE(missing_page_of_a_file_in_memory_is_brought)
{
	int fd = uffd_open(0, 0), memfd;
	char *m = shared(&memfd, 4), *again = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, memfd, 0), c;
	pthread_t t;

	CHECK(pwrite(memfd, "there", 5, PAGE) == 5 && uffd_register(fd, m, 4, MISSING) == 0);
	CHECK(m[PAGE] == 't');
	t = start(reader, m);
	CHECK(uffd_fault(fd, 0) == m && uffd_copy(fd, m, page_of('f'), 1, 0) == (int64_t)PAGE && joined(t) == 'f');
	CHECK(again[7] == 'f' && pread(memfd, &c, 1, 9) == 1 && c == 'f');
	m[0] = 'g';
	CHECK(again[0] == 'g');
	t = start(writer, m + 2 * PAGE);
	CHECK(uffd_fault(fd, LINUX_UFFD_FAULT_WRITE) == m + 2 * PAGE && uffd_zero(fd, m + 2 * PAGE, 1) == (int64_t)PAGE);
	joined(t);
	CHECK(again[2 * PAGE] == 'w' && again[2 * PAGE + 1] == 0);
	CHECK(madvise(m, PAGE, MADV_DONTNEED) == 0 && m[0] == 'g' && uffd_is_silent(fd));
	CHECK(madvise(m, PAGE, MADV_DONTNEED) == 0 && uffd_copy(fd, m, page, 1, 0) == -EEXIST);
	CHECK(ftruncate(memfd, 3 * PAGE) == 0 && uffd_copy(fd, m + 3 * PAGE, page, 1, 0) == -EFAULT);
}

ABI_CASE(private_page_of_a_file_in_memory_is_brought)
{
	int fd = uffd_open(0, 0), memfd;
	char *m = shared(&memfd, 2), *own = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, memfd, 0);
	pthread_t t;

	m[PAGE] = 'm';
	CHECK(uffd_register(fd, own, 2, MISSING) == 0 && own[PAGE] == 'm');
	t = start(reader, own);
	CHECK(uffd_fault(fd, 0) == own && uffd_copy(fd, own, page_of('o'), 1, 0) == (int64_t)PAGE && joined(t) == 'o');
	own[0] = 'p';
	CHECK(m[0] == 0);
}

ABI_CASE(shared_memory_is_watched_by_who_may_write_it)
{
	int fd = uffd_open(0, 0), memfd, rdonly;
	char *m = shared(&memfd, 1), path[64];

	CHECK(uffd_register(fd, m, 1, MISSING | WP | MINOR) == 0 && munmap(m, PAGE) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd);
	rdonly = open(path, O_RDONLY);
	m = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, rdonly, 0);
	CHECK_ERR(uffd_register(fd, m, 1, MISSING), EPERM);
	m = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, rdonly, 0);
	CHECK(uffd_register(fd, m, 1, MISSING) == 0);
	m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(uffd_register(fd, m, 1, MISSING) == 0 && uffd_copy(fd, m, page_of('a'), 1, 0) == (int64_t)PAGE && m[0] == 'a');
}

ABI_CASE(minor_fault_shows_what_the_file_has)
{
	int fd = uffd_open(0, LINUX_UFFD_FEATURE_MINOR_SHMEM), memfd;
	char *m = shared(&memfd, 3), *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, memfd, 0);
	pthread_t t;

	CHECK(pwrite(memfd, "content", 7, 0) == 7 && uffd_register(fd, m, 3, MINOR) == 0);
	t = start(reader, m);
	CHECK(uffd_fault(fd, LINUX_UFFD_FAULT_MINOR) == m && pwrite(memfd, "C", 1, 0) == 1);
	CHECK(uffd_continue(fd, m, 1) == (int64_t)PAGE && joined(t) == 'C');
	m[0] = 'D';
	CHECK(uffd_continue(fd, m, 1) == -EEXIST && uffd_continue(fd, m + PAGE, 1) == -EFAULT);
	CHECK(m[PAGE] == 0 && uffd_is_silent(fd));	/* what the file has not is not told */
	CHECK(uffd_register(fd, own, 1, MINOR) == 0);
	t = start(reader, own);
	CHECK(uffd_fault(fd, LINUX_UFFD_FAULT_MINOR) == own && uffd_continue(fd, own, 1) == (int64_t)PAGE && joined(t) == 'D');
	own[0] = 'E';
	CHECK(m[0] == 'D');
}

ABI_CASE(write_to_protected_shared_memory_is_told)
{
	int fd = uffd_open(0, LINUX_UFFD_FEATURE_WP_SHMEM), memfd;
	char *m = shared(&memfd, 4);

	m[0] = m[2 * PAGE] = 'x';
	CHECK(uffd_register(fd, m, 4, WP) == 0 && uffd_protect(fd, m, 4, true) == 0);
	write_is_told(fd, m);
	CHECK(madvise(m + 2 * PAGE, PAGE, MADV_DONTNEED) == 0 && m[2 * PAGE] == 'x');
	write_is_told(fd, m + 2 * PAGE);
	write_is_told(fd, m + PAGE);	/* protected although it was not there */
	CHECK(m[3 * PAGE] == 0);
	write_is_told(fd, m + 3 * PAGE);
	CHECK(uffd_protect(fd, m, 4, true) == 0 && madvise(m, 4 * PAGE, MADV_DONTNEED) == 0 && uffd_protect(fd, m, 4, false) == 0);
	m[0] = m[PAGE] = 'y';
	CHECK(uffd_protect(fd, m, 4, true) == 0 && munmap(m, 4 * PAGE) == 0);
	CHECK(mmap(m, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memfd, 0) == m && uffd_register(fd, m, 4, WP) == 0);
	m[0] = m[PAGE] = 'z';
	CHECK(uffd_is_silent(fd));
}

ABI_CASE(pagemap_tells_what_is_protected)
{
	int fd = uffd_open(0, 0), memfd, pagemap = open("/proc/self/pagemap", O_RDONLY);
	char *m = uffd_memory(2), *s = shared(&memfd, 1);
	uint64_t words[2];

	m[0] = m[PAGE] = 'x';
	CHECK(uffd_register(fd, m, 2, WP) == 0 && uffd_protect(fd, m + PAGE, 1, true) == 0);
	CHECK(pread(pagemap, words, sizeof(words), (off_t)((uint64_t)m / PAGE * 8)) == sizeof(words));
	CHECK(!(words[0] >> 57 & 1) && words[1] >> 57 & 1);
	CHECK(uffd_register(fd, s, 1, WP) == 0 && uffd_protect(fd, s, 1, true) == 0);
	CHECK(pread(pagemap, words, 8, (off_t)((uint64_t)s / PAGE * 8)) == 8 && words[0] >> 57 & 1 && !(words[0] >> 63));
	CHECK(uffd_protect(fd, s, 1, false) == 0 && pread(pagemap, words, 8, (off_t)((uint64_t)s / PAGE * 8)) == 8 && !(words[0] >> 57 & 1));
}

/* ---- Events ---- */

static void *do_fork(void *at)
{
	pid_t pid = fork();

	if (!pid)
		_exit(*(volatile char *)at != 'k');
	return (void *)(uint64_t)abi_wait(pid);
}

ABI_CASE(fork_is_told_and_the_child_is_watched)
{
	int fd = uffd_open(0, FORK), child;
	char *m = uffd_memory(2);
	struct linux_uffd_msg msg;
	pthread_t t;

	m[PAGE] = 'x';
	CHECK(uffd_register(fd, m, 2, MISSING) == 0);
	t = start(do_fork, m);
	msg = uffd_next(fd);
	child = (int)msg.arg.fork.ufd;
	CHECK(msg.event == LINUX_UFFD_EVENT_FORK && child > fd && fcntl(child, F_GETFD) == FD_CLOEXEC && fcntl(child, F_GETFL) == O_NONBLOCK);
	CHECK(uffd_fault(child, 0) == m && uffd_copy(child, m, page_of('k'), 1, 0) == (int64_t)PAGE);
	CHECK(joined(t) == 0 && uffd_is_silent(fd));
	CHECK(uffd_copy(child, m, page, 1, 0) == -ESRCH);
}

static void *write_all(void *at)
{
	char **m = at;
	pid_t pid = fork();

	if (!pid) {
		writer(m[0]);
		writer(m[1]);
		writer(m[1] + PAGE);
		_exit(0);
	}
	return (void *)(uint64_t)abi_wait(pid);
}

ABI_CASE(child_has_the_same_protection)
{
	int fd = uffd_open(0, FORK), memfd, child;
	char *m[2] = { uffd_memory(1), shared(&memfd, 2) };
	pthread_t t;

	m[0][0] = m[1][0] = 'x';
	CHECK(uffd_register(fd, m[0], 1, WP) == 0 && uffd_register(fd, m[1], 2, WP) == 0);
	CHECK(uffd_protect(fd, m[0], 1, true) == 0 && uffd_protect(fd, m[1], 2, true) == 0);
	CHECK(!pthread_create(&t, NULL, write_all, m));
	child = (int)uffd_next(fd).arg.fork.ufd;
	CHECK(uffd_fault(child, PROTECTED) == m[0] && uffd_protect(child, m[0], 1, false) == 0);
	CHECK(uffd_fault(child, PROTECTED) == m[1] && uffd_protect(child, m[1], 1, false) == 0);
	CHECK(uffd_fault(child, PROTECTED) == m[1] + PAGE && uffd_protect(child, m[1] + PAGE, 1, false) == 0);
	CHECK(joined(t) == 0 && m[0][0] == 'x' && m[1][0] == 'w' && uffd_is_silent(fd));
}

ABI_CASE(fork_goes_on_when_nobody_listens)
{
	int fd = uffd_open(0, FORK), closed[2], parent = (int)syscall(SYS_pidfd_open, getpid(), 0);
	char *m = uffd_memory(1), c;
	pid_t pid;

	CHECK(pipe(closed) == 0);
	pid = fork();
	if (!pid) {
		/* It alone has the context then. */
		CHECK(syscall(SYS_dup3, syscall(SYS_pidfd_getfd, parent, fd, 0), fd, 0) == fd && write(closed[1], "", 1) == 1);
		usleep(50000);
		_exit(0);
	}
	CHECK(uffd_register(fd, m, 1, MISSING) == 0 && read(closed[0], &c, 1) == 1 && close(fd) == 0);
	CHECK((uint64_t)do_fork(m) == 1 << 8 && abi_wait(pid) == 0);	/* the child finds a zero */
}

ABI_CASE(who_waits_for_a_fork_to_be_read_is_killed)
{
	int ready[2];
	char c;
	pid_t pid;

	CHECK(pipe(ready) == 0);
	pid = fork();
	if (!pid) {
		int fd = uffd_open(0, FORK);
		char *m = uffd_memory(1);

		CHECK(uffd_register(fd, m, 1, MISSING) == 0 && write(ready[1], "", 1) == 1);
		fork();
		_exit(1);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	usleep(30000);
	CHECK(kill(pid, SIGKILL) == 0 && abi_wait(pid) == SIGKILL);
}

static char *moved_to;

static void *do_move(void *at)
{
	return mremap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, moved_to);
}

ABI_CASE(move_is_told_and_stays_watched)
{
	int fd = uffd_open(0, REMAP);
	char *m = uffd_memory(2);
	struct linux_uffd_msg msg;
	pthread_t t;

	moved_to = uffd_memory(2);
	m[0] = 'x';
	CHECK(uffd_register(fd, m, 2, MISSING | WP) == 0 && uffd_protect(fd, m, 2, true) == 0);
	t = start(do_move, m);
	usleep(30000);
	CHECK(uffd_copy(fd, moved_to + PAGE, page_of('a'), 1, 0) == -EAGAIN);	/* it has something to read first */
	msg = uffd_next(fd);
	CHECK(msg.event == LINUX_UFFD_EVENT_REMAP && msg.arg.remap.from == (uint64_t)m && msg.arg.remap.to == (uint64_t)moved_to);
	CHECK(msg.arg.remap.len == 2 * PAGE && joined(t) == (uint64_t)moved_to && moved_to[0] == 'x');
	write_is_told(fd, moved_to);
	t = start(reader, moved_to + PAGE);
	CHECK(uffd_fault(fd, 0) == moved_to + PAGE && uffd_copy(fd, moved_to + PAGE, page, 1, 0) == (int64_t)PAGE && joined(t) == 'a');
}

ABI_CASE(move_without_an_event_is_not_watched)
{
	int fd = uffd_open(0, 0), memfd;
	char *m = uffd_memory(2), *s = shared(&memfd, 2);

	moved_to = uffd_memory(2);
	m[0] = 'x';
	CHECK(uffd_register(fd, m, 2, MISSING | WP) == 0 && uffd_protect(fd, m, 2, true) == 0);
	CHECK(do_move(m) == moved_to && moved_to[PAGE] == 0);
	moved_to[0] = moved_to[PAGE] = 'y';
	CHECK(uffd_register(fd, s, 2, WP) == 0 && uffd_protect(fd, s, 2, true) == 0 && do_move(s) == moved_to);
	moved_to[0] = moved_to[PAGE] = 'z';
	CHECK(uffd_register(fd, moved_to, 2, WP) == 0);
	moved_to[0] = 'v';
	CHECK(uffd_is_silent(fd));
}

static void *do_unmap(void *at)
{
	return (void *)(long)munmap(at, 2 * PAGE);
}

static void *do_discard(void *at)
{
	return (void *)(long)madvise(at, 2 * PAGE, MADV_DONTNEED);
}

static void *do_remove(void *at)
{
	return (void *)(long)madvise(at, 2 * PAGE, MADV_REMOVE);
}

/* A change of two pages at @at is told as @event. */
static void change_is_told(int fd, void *(*how)(void *), char *at, int event)
{
	pthread_t t = start(how, at);
	struct linux_uffd_msg msg = uffd_next(fd);

	CHECK(msg.event == event && msg.arg.remove.start == (uint64_t)at && msg.arg.remove.end == (uint64_t)at + 2 * PAGE);
	CHECK(joined(t) == 0);
}

ABI_CASE(removal_is_told)
{
	int fd = uffd_open(0, REMOVE | UNMAP), memfd;
	char *m = uffd_memory(4), *s = shared(&memfd, 2);
	pthread_t t;

	m[0] = 'x';
	CHECK(uffd_register(fd, m, 4, MISSING) == 0 && uffd_register(fd, s, 2, MISSING) == 0);
	change_is_told(fd, do_discard, m, LINUX_UFFD_EVENT_REMOVE);
	t = start(reader, m);
	CHECK(uffd_fault(fd, 0) == m && uffd_copy(fd, m, page_of('b'), 1, 0) == (int64_t)PAGE && joined(t) == 'b');
	CHECK(uffd_copy(fd, s, page, 1, 0) == (int64_t)PAGE);
	change_is_told(fd, do_remove, s, LINUX_UFFD_EVENT_REMOVE);
	CHECK(uffd_copy(fd, s, page, 1, 0) == (int64_t)PAGE);
	change_is_told(fd, do_unmap, m + 2 * PAGE, LINUX_UFFD_EVENT_UNMAP);
	CHECK(uffd_copy(fd, m + 2 * PAGE, page, 1, 0) == -ENOENT);
	change_is_told(fd, do_unmap, m, LINUX_UFFD_EVENT_UNMAP);
	change_is_told(fd, do_unmap, s, LINUX_UFFD_EVENT_UNMAP);
}

static void *map_over(void *at)
{
	return (void *)(long)(mmap(at, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at);
}

ABI_CASE(mapping_over_watched_memory_is_told)
{
	int fd = uffd_open(0, UNMAP);
	char *m = uffd_memory(3);

	CHECK(uffd_register(fd, m, 3, MISSING) == 0);
	change_is_told(fd, map_over, m, LINUX_UFFD_EVENT_UNMAP);
	CHECK(m[0] == 0 && uffd_is_silent(fd));
}

ABI_CASE(areas_tell_that_they_are_watched)
{
	static char text[1 << 20];
	int fd = uffd_open(0, 0);
	char *m = uffd_memory(3), name[32], *at;

	CHECK(uffd_register(fd, m + PAGE, 1, MISSING | WP) == 0);
	snprintf(name, sizeof(name), "%lx-%lx ", (unsigned long)m + PAGE, (unsigned long)m + 2 * PAGE);
	{
		int maps = open("/proc/self/smaps", O_RDONLY);
		ssize_t n, all = 0;

		while ((n = read(maps, text + all, sizeof(text) - 1 - (size_t)all)) > 0)
			all += n;
	}
	at = strstr(text, name);
	CHECK(at && (at = strstr(at, "VmFlags:")) && strstr(at, " um uw ") && strstr(at, " um uw ") < strchr(at, '\n'));
	CHECK(uffd_unregister(fd, m, 3) == 0);
	m[0] = m[PAGE] = m[2 * PAGE] = 1;
}
