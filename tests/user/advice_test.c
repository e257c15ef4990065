// SPDX-License-Identifier: GPL-2.0
/* Memory of other processes and of other parts of a file: process_madvise, process_mrelease, remap_file_pages; what protection keys answer. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "abi.h"

#define SYS_MADVISE_OTHER	440
#define SYS_MRELEASE		448
#define SYS_PIDFD_OPEN		434
#define PAGE			4096ul
#define COLD			20
#define POPULATE		22

static pid_t sleeper(int *pidfd)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	*pidfd = (int)syscall(SYS_PIDFD_OPEN, pid, 0);
	CHECK(pid > 0 && *pidfd >= 0);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	abi_wait(pid);
}

static long advise(int pidfd, const void *vec, unsigned long nr, int advice, unsigned int flags)
{
	return syscall(SYS_MADVISE_OTHER, pidfd, vec, nr, advice, flags);
}

ABI_CASE(another_s_memory_is_advised_by_its_pidfd)
{
	char *at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v[2] = { { at, PAGE }, { at + 2 * PAGE, PAGE } }, odd = { at + 1, PAGE }, hole = { at, 4 * PAGE };
	int pidfd;
	pid_t pid;

	CHECK(!munmap(at + 3 * PAGE, PAGE));
	pid = sleeper(&pidfd);
	CHECK(advise(pidfd, v, 1, COLD, 0) == (long)PAGE);
	CHECK(advise(pidfd, v, 2, COLD, 0) == 2 * (long)PAGE && advise(pidfd, v, 0, COLD, 0) == 0);
	CHECK_ERR(advise(pidfd, v, 1, MADV_DONTNEED, 0), EINVAL);
	CHECK_ERR(advise(pidfd, v, 1, POPULATE, 0), EINVAL);
	CHECK_ERR(advise(pidfd, v, 1, COLD, 1), EINVAL);
	CHECK_ERR(advise(pidfd, v, 1025, COLD, 0), EINVAL);
	CHECK_ERR(advise(pidfd, BAD, 1, COLD, 0), EFAULT);
	CHECK_ERR(advise(pidfd, &odd, 1, COLD, 0), EINVAL);
	CHECK_ERR(advise(pidfd, &hole, 1, COLD, 0), ENOMEM);
	CHECK_ERR(advise(0x7fff, v, 1, COLD, 0), EBADF);
	end(pid);
	CHECK_ERR(advise(pidfd, v, 1, COLD, 0), ESRCH);
}

ABI_CASE(advising_another_needs_a_privilege)
{
	struct iovec v = { (void *)((uintptr_t)__builtin_frame_address(0) & ~(PAGE - 1)), PAGE };
	int pidfd;
	pid_t pid = sleeper(&pidfd), child = fork();

	if (child == 0) {
		CHECK(!setgroups(0, NULL) && !setgid(65534) && !setuid(65534));
		CHECK(advise(pidfd, &v, 1, COLD, 0) == -1 && (errno == EPERM || errno == EACCES));	/* Linux before and after 6.5 */
		_exit(0);
	}
	CHECK(abi_wait(child) == 0);
	end(pid);
}

ABI_CASE(a_killed_process_s_memory_is_waited_for)
{
	int pidfd;
	pid_t pid = sleeper(&pidfd);
	long n;

	CHECK_ERR(syscall(SYS_MRELEASE, pidfd, 0), EINVAL);
	CHECK_ERR(syscall(SYS_MRELEASE, pidfd, 1), EINVAL);
	CHECK_ERR(syscall(SYS_MRELEASE, 0x7fff, 0), EBADF);
	CHECK(!kill(pid, SIGKILL));
	n = syscall(SYS_MRELEASE, pidfd, 0);
	CHECK(n == 0 || (n == -1 && errno == ESRCH));
	CHECK(WIFSIGNALED(abi_wait(pid)));
	CHECK_ERR(syscall(SYS_MRELEASE, pidfd, 0), ESRCH);
}

ABI_CASE(pages_of_a_file_are_mapped_in_another_order)
{
	char *at;
	int fd;

	abi_fresh();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	for (char c = 'a'; c < 'e'; c++)
		CHECK(pwrite(fd, &c, 1, (c - 'a') * (long)PAGE) == 1);
	CHECK(!ftruncate(fd, 4 * PAGE));
	at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(at != MAP_FAILED && !syscall(SYS_remap_file_pages, at, PAGE, 0, 3, 0) && !syscall(SYS_remap_file_pages, at + PAGE, PAGE, 0, 0, 0));
	CHECK(at[0] == 'd' && at[PAGE] == 'a' && at[2 * PAGE] == 'c' && at[3 * PAGE] == 'd');
	CHECK(!syscall(SYS_remap_file_pages, at, 2 * PAGE, 0, 1, 0) && at[0] == 'b' && at[PAGE] == 'c');
	at[0] = 'x';
	CHECK(pread(fd, at + 2 * PAGE, 1, PAGE) == 1 && at[2 * PAGE] == 'x');
	CHECK_ERR(syscall(SYS_remap_file_pages, at, PAGE, PROT_READ, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_remap_file_pages, at, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_remap_file_pages, at, PAGE, 0, -1l, 0), EINVAL);
	CHECK_ERR(syscall(SYS_remap_file_pages, BAD, PAGE, 0, 0, 0), EINVAL);
	CHECK(!munmap(at, 4 * PAGE));
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK_ERR(syscall(SYS_remap_file_pages, at, PAGE, 0, 1, 0), EINVAL);
}

/* With a processor that has keys (Linux may have one here) the calls work; without, they say so. */
ABI_CASE(protection_keys_are_had_or_refused)
{
	char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long key = syscall(SYS_pkey_alloc, 0, 0);

	CHECK(key > 0 || (key == -1 && errno == EINVAL));
	CHECK_ERR(syscall(SYS_pkey_alloc, 1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_pkey_alloc, 0, 4), EINVAL);
	CHECK_ERR(syscall(SYS_pkey_free, 15), EINVAL);
	CHECK_ERR(syscall(SYS_pkey_mprotect, at, PAGE, PROT_READ, 15), EINVAL);
	*at = 1;
	CHECK(!syscall(SYS_pkey_mprotect, at, PAGE, PROT_READ, -1));
	CHECK_ERR(read(-1, at, 1), EBADF);
	if (key > 0)
		CHECK(!syscall(SYS_pkey_free, key));
}

ABI_CASE(a_child_gets_what_its_parent_advised)
{
	char *at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int p[2];

	memset(at, 'x', 3 * PAGE);
	CHECK(!pipe(p) && !madvise(at, PAGE, MADV_DONTFORK) && !madvise(at + PAGE, PAGE, MADV_WIPEONFORK));
	CHECK_ERR(madvise(shared, PAGE, MADV_WIPEONFORK), EINVAL);
	pid = fork();
	if (pid == 0) {
		CHECK_ERR(write(p[1], at, 1), EFAULT);
		CHECK(at[PAGE] == 0 && at[2 * PAGE - 1] == 0 && at[2 * PAGE] == 'x');
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0 && at[0] == 'x' && at[PAGE] == 'x');
	CHECK(!madvise(at, PAGE, MADV_DOFORK) && !madvise(at + PAGE, PAGE, MADV_KEEPONFORK));
	pid = fork();
	if (pid == 0) {
		CHECK(at[0] == 'x' && at[PAGE] == 'x');
		_exit(0);
	}
	CHECK(abi_wait(pid) == 0 && !munmap(at + PAGE, PAGE));
	CHECK_ERR(madvise(at, 3 * PAGE, MADV_DONTFORK), ENOMEM);
}

ABI_CASE(advice_is_refused_where_it_cannot_be_followed)
{
	char *own = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK_ERR(madvise(own, 0, 1212), EINVAL);
	CHECK_ERR(madvise(shared, PAGE, MADV_FREE), EINVAL);
	CHECK_ERR(madvise(none, PAGE, POPULATE), EINVAL);
	CHECK_ERR(madvise(none, PAGE, POPULATE + 1), EINVAL);
	CHECK(!mlock(own, PAGE) && !madvise(own + PAGE, PAGE, MADV_FREE));
	CHECK_ERR(madvise(own, PAGE, MADV_FREE), EINVAL);
	CHECK_ERR(madvise(own, PAGE, COLD), EINVAL);
	CHECK_ERR(madvise(own, PAGE, MADV_DONTNEED), EINVAL);
	own[0] = 'x';
	CHECK(!madvise(own, PAGE, POPULATE + 2) && own[0] == 0);	/* MADV_DONTNEED_LOCKED */
	CHECK(!munmap(own + PAGE, PAGE));
	CHECK_ERR(madvise(own, 3 * PAGE, POPULATE), ENOMEM);
}

ABI_CASE(advice_makes_holes_in_what_is_shared)
{
	char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *shared, *private;
	int fd = (int)syscall(SYS_memfd_create, "holes", 0);

	CHECK(fd >= 0 && !ftruncate(fd, 3 * PAGE));
	shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	memset(shared, 'x', 3 * PAGE);
	CHECK(!madvise(shared + PAGE, PAGE, MADV_REMOVE));
	CHECK(shared[PAGE - 1] == 'x' && shared[PAGE] == 0 && shared[2 * PAGE - 1] == 0 && shared[2 * PAGE] == 'x');
	CHECK_ERR(madvise(own, PAGE, MADV_REMOVE), EINVAL);
	CHECK_ERR(madvise(private, PAGE, MADV_REMOVE), EACCES);
	CHECK(!mlock(shared, PAGE));
	CHECK_ERR(madvise(shared, PAGE, MADV_REMOVE), EINVAL);
}
